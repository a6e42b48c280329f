package idphttp

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

// actingPath is where a person acts for another on our own pages: all below it is done under the mandate in the address, and nothing
// outside of it is. No page there changes a way to log in, gives a mandate on or takes data away.
const actingPath = "/me/acting"

// hereRoutes are the pages under a mandate; those of licences are of the licence room, which asks Act and UseLicense.
func (s *Server) hereRoutes(page func(pattern string, handler func(w http.ResponseWriter, r *http.Request) error)) {
	page("GET "+actingPath+"/{mandate}", s.actingForPage)
}

// here is for whom a request below actingPath goes on.
type here struct {
	mandate   mandate.Mandate
	principal idp.Person
	agent     idp.Person
	current   session.Session
}

type hereKey struct{}

// hereOf is what Act found out; nil elsewhere.
func hereOf(ctx context.Context) *here {
	known, _ := ctx.Value(hereKey{}).(*here)
	return known
}

func (h *here) url() string { return actingPath + "/" + h.mandate.ID }

// Act judges that who is signed in may do an operation of mandate.Operations for the principal of the mandate in the address, as it is
// in the database at this moment. The request that comes back acts for that one, in audit records and for whoever asks the actor.
func (s *Server) Act(r *http.Request, operation string) (*http.Request, error) {
	right, open := mandate.Operations[operation]
	if !open {
		return r, fault.New(fault.Forbidden)
	}
	return s.act(r, right)
}

func (s *Server) act(r *http.Request, right mandate.Right) (*http.Request, error) {
	current, ok, err := s.Session(r)
	if err != nil {
		return r, err
	}
	if !ok {
		return r, fault.New(fault.Unauthenticated)
	}
	id := r.PathValue("mandate")
	if !mandate.IsID(id) || len(id) > 64 || strings.ContainsFunc(id, func(c rune) bool { return c <= ' ' || c > '~' }) {
		return r, fault.New(fault.NotFound)
	}
	ctx := r.Context()
	h := &here{current: current}
	if h.mandate, err = s.Mandates.Here(ctx, current.AccountID, id, right); err != nil {
		return r, err
	}
	if h.agent, err = s.person(r, current); err != nil {
		return r, err
	}
	if h.principal, err = s.Accounts.Person(ctx, h.mandate.Principal); err != nil {
		return r, err
	}
	actor := reqctx.From(ctx).Actor
	actor.ActingFor = "account:" + h.mandate.Principal
	return r.WithContext(context.WithValue(reqctx.WithActor(ctx, actor), hereKey{}, h)), nil
}

// Under judges the mandate in the address for the pages of the licence room on which licences are lent, frozen and accounted for, and tells how far it
// goes. A look at one is on record before it is shown.
func (s *Server) Under(r *http.Request) (*http.Request, web.ActingExtent, error) {
	r, err := s.act(r, "")
	if err == nil && r.Method == http.MethodGet {
		err = s.useHere(r, mandate.UseLook, "")
	}
	if err != nil {
		return r, web.ActingExtent{}, err
	}
	h := hereOf(r.Context())
	lends := func(typeCode, purposeCode string) bool {
		return h.mandate.Lends(typeCode, purposeCode) && !s.Mandates.Items().Withholds(h.mandate, typeCode)
	}
	return r, web.ActingExtent{Mandate: h.mandate.ID, Principal: h.mandate.Principal, Agent: h.mandate.Agent, Name: sideName(h.mandate.Principal, h.principal), Manages: h.mandate.Has(mandate.Manage), Lends: lends}, nil
}

// Agent names who acts for the principal of the mandate that Under judged, or did, and tells whether it does now.
func (s *Server) Agent(r *http.Request, actor string) (name string, acts bool, err error) {
	account := strings.TrimPrefix(actor, "account:")
	person, err := s.Accounts.Person(r.Context(), account)
	if err != nil {
		return "", false, err
	}
	acts, err = s.Mandates.ActsFor(r.Context(), hereOf(r.Context()).mandate.Principal, account)
	return displayName(person), acts, err
}

// acts is act for pages: who is not signed in is led to the login and back.
func (s *Server) acts(w http.ResponseWriter, r *http.Request, right mandate.Right) (*http.Request, *here, error) {
	r, err := s.act(r, right)
	if fault.CodeOf(err) == fault.Unauthenticated {
		back := r.URL.RequestURI()
		if r.Method != http.MethodGet {
			back = actingPath + "/" + url.PathEscape(r.PathValue("mandate"))
		}
		return r, nil, s.toLogin(w, r, back)
	}
	if err != nil {
		return r, nil, err
	}
	return r, hereOf(r.Context()), nil
}

// UseLicense puts on record, before it is shown, that whoever acts shows a licence of a type for the principal. A mandate that names its
// items opens the kinds of licences that stand among them.
func (s *Server) UseLicense(r *http.Request, licenseID, typeCode string, again bool) error {
	h := hereOf(r.Context())
	if h == nil {
		return fault.New(fault.Forbidden)
	}
	if !h.mandate.Covers(typeCode) || s.Mandates.Items().Withholds(h.mandate, typeCode) {
		return fault.New(fault.ActingItem)
	}
	if again { // the next step of a code that is on record
		return nil
	}
	return s.useHere(r, mandate.UsePresent, licenseID, idp.ClaimLicenseShown)
}

// useHere puts on record what is done under the mandate, with the names of what is shown.
func (s *Server) useHere(r *http.Request, what, object string, claims ...string) error {
	h := hereOf(r.Context())
	var releases []idp.Release
	if len(claims) > 0 {
		releases = mandate.Releases(s.Words.Load(), &h.mandate, idp.Told{Client: idp.Client{ClientID: idp.ReceiverActing}, Channel: idp.ChannelActing, Claims: claims}, s.Now())
	}
	return s.Mandates.UseHere(r.Context(), h.mandate, what, object, releases)
}

// identityHere is the head of pages under a mandate, with the way back to oneself.
func (s *Server) identityHere(r *http.Request, h *here) web.Identity {
	identity := s.identityOf(r, h.agent, acting{mandate: &h.mandate, principal: h.principal})
	identity.SelfURL = "/me"
	return identity
}

// actingForPage shows what the mandate opens of the principal, and nothing else.
func (s *Server) actingForPage(w http.ResponseWriter, r *http.Request) error {
	r, h, err := s.acts(w, r, "")
	if err != nil || h == nil {
		return err
	}
	m := h.mandate
	body := web.ActingForPage{Name: sideName(m.Principal, h.principal), Kind: string(m.Kind), Items: m.Items, Frozen: !m.FrozenAt.IsZero(), Until: m.NotAfter, View: m.Has(mandate.View), URL: h.url(), MandateURL: "/me/mandates/" + m.ID}
	for _, right := range m.Rights {
		body.Rights = append(body.Rights, string(right))
	}
	var shown []string
	if body.View {
		shown = []string{"name", "ial", idp.ClaimLicenseList}
	}
	if err := s.useHere(r, mandate.UseLook, "", shown...); err != nil {
		return err
	}
	if h.guards() {
		one, err := s.Deletions.Of(r.Context(), m.Principal)
		if err != nil {
			return err
		}
		if body.DeletionURL = h.deletionURL(); one.State == idp.DeletionWaiting {
			body.DeletionAt = one.DueAt
		}
	}
	if body.View {
		body.Tier, body.TierUntil, body.LevelURL = int(h.principal.IAL), h.principal.IALUntil, s.levelURL(h)
		if err := s.licensesFor(r, h, &body); err != nil {
			return err
		}
	}
	if m.Has(mandate.Lend) {
		body.GrantsURL = h.url() + "/license-grants"
	}
	if m.Has(mandate.Manage) {
		body.FreezesURL, body.LedgerURL = h.url()+"/license-freezes", h.url()+"/license-uses"
	}
	if body.Uses, body.MoreUses, err = s.mandateUses(r, m, displayName(h.agent), h.url()); err != nil {
		return err
	}
	return s.Pages.Page(w, r, http.StatusOK, "acting-for", web.Page{Title: s.Pages.Text(r, "acting.for", "name", body.Name), Identity: s.Identity(r), Body: body})
}

// licensesFor adds the licences that the mandate opens: all, or those of the kinds that it names.
func (s *Server) licensesFor(r *http.Request, h *here, body *web.ActingForPage) error {
	m := h.mandate
	list := web.ActingLicenses{After: r.URL.Query().Get("licenses"), Covers: m.Covers, Base: h.url() + "/licenses/", Show: m.Has(mandate.Present), Lends: func(typeCode string) bool {
		return m.Has(mandate.Lend) && m.Covers(typeCode) && !s.Mandates.Items().Withholds(m, typeCode)
	}}
	cards, next, err := s.LicensesFor(r.Context(), list)
	if err != nil {
		return err
	}
	body.Licenses, body.Narrow = cards, !h.mandate.Covers(mandate.AllItems)
	if next != "" {
		body.MoreLicenses = h.url() + "?" + url.Values{"licenses": {next}}.Encode() + "#licences"
	}
	return nil
}

// mandateUses is a page of what was done under a mandate, as both sides see it.
func (s *Server) mandateUses(r *http.Request, m mandate.Mandate, agent, address string) (shown []web.MandateUse, more string, err error) {
	after, err := pagemark.After(r)
	if err != nil {
		return nil, "", err
	}
	uses, next, err := s.Mandates.Uses(r.Context(), m, after, mandatesOnPage)
	if err != nil {
		return nil, "", err
	}
	for _, use := range uses {
		name := use.ClientID
		if client, ok := s.party(use.ClientID); ok {
			name = client.ClientName
		}
		shown = append(shown, web.MandateUse{App: name, What: use.What, Agent: agent, At: use.At})
	}
	return shown, pagemark.Onward(r, address, next), nil
}
