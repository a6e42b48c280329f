// Package adminhttp is the HTTP side of administration: operations under /api/v1 and pages under /admin, for the three
// administrators (三员) of idp.AdminRoles.
//
// Every subject is a part with its own files: what it offers to the API, its pages and its place on the home page. Rules
// live in the services that a part calls; here are roles, forms and answers. A change from the browser needs a login of the
// last fifteen minutes, since a session that was left open must not be enough; service clients prove themselves with each token.
package adminhttp

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/federation"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/openplatform"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/idp/tokens"
	"github.com/yinxin-gov/yinxin/idp/vocabulary"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/outbox"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/web"
)

// Config of administration.
type Config struct {
	web.Site
	Ring         *keys.Ring
	Accounts     *idp.Accounts
	AccountAdmin *idp.AccountAdmin
	Sessions     *session.Service
	Grants       *oauth.Admin
	Tokens       *tokens.Service
	Peers        Peers
	Words        *vocabulary.Service
	Clients      *idp.ClientAdmin
	Imports      Imports // of accounts; nil is off
	// Registrations are the clients that registered themselves.
	Registrations *openplatform.Service
	Refusals      *idp.Refusals
	Disputes      *idp.Disputes
	Deletions     *idp.Deletions
	Notes         Notes
	Corrections   *idp.Corrections
	Certificates  *proofing.CertificateWatch
	Proofing      *proofing.Service
	Engine        *foureyes.Engine
	Staff         *staff.Service
	Members       *staff.Members
	// StaffSources links accounts of staff to sources of staff.
	StaffSources *federation.Service
	Mergers      *idp.Mergers
	// Organisations are those that their register does not know, or ended.
	Organisations *mandate.Inquiry
	// Messages counts what became of messages since a moment, by day and provider.
	Messages func(ctx context.Context, since time.Time) ([]channel.Figures, error)
	// Receipt is how far an outbox message came; ok is false when it was never stored or its receipt is gone.
	Receipt func(ctx context.Context, topic, key string) (r outbox.Receipt, ok bool, err error)
	// PartyName is the name of a relying party by the id under which a session knows it.
	PartyName func(id string) string
	Now       func() time.Time
}

// Notes keeps audit records of what changes nothing.
type Notes interface {
	Note(ctx context.Context, record audit.Record) error
}

// Server serves administration. Its pages stand behind the edge, which knows who is signed in and refuses forms from other
// origins.
type Server struct{ Config }

// New returns the server.
func New(cfg Config) *Server { return &Server{cfg} }

type pageFunc = func(http.ResponseWriter, *http.Request) error

// part is one subject of administration.
type part struct {
	// local: rights within an area are enough; the part judges the area of each object. Others ask for roles held everywhere.
	local bool
	api   func(huma.API)      // adds its operations
	pages map[string]pageFunc // by route pattern
	// place is its entry on the home page and in the navigation; without an address it is hidden from this administrator.
	place func(r *http.Request) (web.AdminPlace, error)
}

// parts in the order in which they are shown.
func (s *Server) parts() []part {
	return []part{
		s.inboxPart(),
		s.clientsPart(),
		s.registrationsPart(),
		s.keysPart(),
		s.accountsPart(),
		s.sessionsPart(),
		s.grantsPart(),
		s.peersPart(),
		s.wordsPart(),
		s.correctionsPart(),
		s.proofingPart(),
		s.messagesPart(),
		s.importsPart(),
		s.disputesPart(),
		s.organisationsPart(),
		s.holdsPart(),
		s.membersPart(),
		s.staffPart(),
	}
}

// Register adds the operations.
func (s *Server) Register(api huma.API) {
	for _, p := range s.parts() {
		p.api(api)
	}
}

// Routes adds the pages.
func (s *Server) Routes(mux *http.ServeMux) {
	s.Handle(mux, map[string]pageFunc{"GET /admin": s.home})
	for _, p := range s.parts() {
		s.Handle(mux, p.pages)
	}
}

// reader refuses whoever holds no role of administration.
func reader(ctx context.Context) error { return holds(ctx, idp.AdminRoles...) }

func holds(ctx context.Context, roles ...string) error { return held(ctx, reqctx.Actor.Has, roles) }

// held refuses whoever has none of the roles.
func held(ctx context.Context, has func(reqctx.Actor, string) bool, roles []string) error {
	actor := reqctx.From(ctx).Actor
	if actor.ID == "" {
		return fault.New(fault.Unauthenticated)
	}
	for _, role := range roles {
		if has(actor, role) {
			return nil
		}
	}
	return fault.New(fault.Forbidden)
}

// change lets in a change of somebody who holds one of the roles everywhere, with the reason that every change gives; the context
// that it returns carries the reason into the audit record.
func (s *Server) change(ctx context.Context, reason string, roles ...string) (context.Context, error) {
	return s.begin(ctx, holds(ctx, roles...), reason, roles)
}

// changer refuses whoever holds none of the roles, and a person whose login is too old for a change.
func (s *Server) changer(ctx context.Context, roles ...string) error {
	return s.fresh(ctx, holds(ctx, roles...))
}

// fresh adds to a judgement of roles that the login is new enough for a change.
func (s *Server) fresh(ctx context.Context, refusal error) error {
	if refusal == nil && s.stale(ctx) {
		return fault.New(fault.AdminStale)
	}
	return refusal
}

// begin is the one way into a change: after who may, how old the login is and why it is made.
func (s *Server) begin(ctx context.Context, refusal error, reason string, roles []string) (context.Context, error) {
	if err := s.fresh(ctx, refusal); err != nil {
		return ctx, err
	}
	reason, err := reasonOf(reason)
	if err != nil {
		return ctx, err
	}
	return reqctx.Using(reqctx.WithReason(ctx, reason), roles...), nil
}

func (s *Server) stale(ctx context.Context) bool { return !reqctx.From(ctx).Actor.Fresh(s.Now()) }

// roleKeys are the messages that name the roles.
var roleKeys = map[string]string{idp.RoleSystemAdmin: "admin.role.system", idp.RoleSecurityAdmin: "admin.role.security", idp.RoleAuditAdmin: "admin.role.audit"}

func (s *Server) home(w http.ResponseWriter, r *http.Request) error {
	if err := anywhere(r.Context(), idp.AdminRoles...); err != nil {
		return err
	}
	body := web.AdminHomePage{}
	for _, role := range idp.AdminRoles {
		if reqctx.From(r.Context()).Actor.HoldsAnywhere(role) {
			body.Role = s.Renderer.Text(r, roleKeys[role])
		}
	}
	for _, p := range s.parts() {
		place, err := s.placeOf(r, p)
		if err != nil {
			return err
		}
		if place.URL != "" {
			body.Places = append(body.Places, place)
		}
	}
	return s.show(w, r, http.StatusOK, "admin", web.Page{Body: body})
}

// show answers with a page in the frame of administration.
func (s *Server) show(w http.ResponseWriter, r *http.Request, status int, name string, page web.Page) error {
	page.Nav = []web.NavLink{{Label: s.Renderer.Text(r, "page.admin"), URL: "/admin", Current: r.URL.Path == "/admin"}}
	for _, p := range s.parts() {
		link, err := s.placeOf(r, p)
		if err != nil {
			return err
		}
		if link.URL == "" {
			continue
		}
		page.Nav = append(page.Nav, web.NavLink{Label: link.Label, URL: link.URL, Current: r.URL.Path == link.URL || strings.HasPrefix(r.URL.Path, link.URL+"/")})
	}
	return s.Page(w, r, status, name, page)
}

// placeOf is the place of a part, hidden from whoever holds rights in an area only where the part does not judge areas.
func (s *Server) placeOf(r *http.Request, p part) (web.AdminPlace, error) {
	if !p.local && reader(r.Context()) != nil {
		return web.AdminPlace{}, nil
	}
	return p.place(r)
}

// placeFor is a place for those who hold one of the roles, hidden from others.
func (s *Server) placeFor(r *http.Request, roles []string, id, label, text, address string) web.AdminPlace {
	if holds(r.Context(), roles...) != nil {
		return web.AdminPlace{}
	}
	return web.AdminPlace{ID: id, Label: s.Renderer.Text(r, label), Text: s.Renderer.Text(r, text), URL: address}
}

// signInURL is where a person whose login is too old for a change of these roles signs in again and comes back; empty when none
// is needed.
func (s *Server) signInURL(r *http.Request, roles ...string) string {
	if holds(r.Context(), roles...) != nil {
		return ""
	}
	return s.signInAny(r)
}
