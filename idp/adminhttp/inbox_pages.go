package adminhttp

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/federation"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

// inboxPart is what waits for a second person.
func (s *Server) inboxPart() part {
	return part{
		local: true,
		api:   s.inboxAPI,
		pages: map[string]pageFunc{"GET /admin/inbox": s.inboxPage, "GET /admin/inbox/{id}": s.inboxItemPage, "POST /admin/inbox/{id}/{action}": s.inboxAct},
		place: func(r *http.Request) (web.AdminPlace, error) {
			place := web.AdminPlace{ID: "admin-inbox", Label: s.Renderer.Text(r, "admin.inbox"), Text: s.Renderer.Text(r, "admin.inbox.text"), URL: inboxURL}
			n, err := s.Engine.Waiting(r.Context())
			place.Waiting = n
			return place, err
		},
	}
}

const inboxURL = "/admin/inbox"

func inboxItemURL(id string) string { return inboxURL + "/" + url.PathEscape(id) }

func (s *Server) inboxPage(w http.ResponseWriter, r *http.Request) error {
	text := func(key string) string { return s.Renderer.Text(r, key) }
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	state := r.URL.Query().Get("state")
	if !slices.Contains(foureyes.States, state) {
		state = foureyes.Open
	}
	list, err := s.listInbox(r.Context(), state, after, pageSize)
	if err != nil {
		return err
	}
	body := web.AdminListPage{Intro: text("admin.inbox.text"), SignInURL: s.signInAny(r), None: text("admin.inbox.none"), NoneText: text("admin.inbox.none.text"),
		FilterURL: inboxURL, Filter: []web.FormField{{Name: "state", Label: text("admin.inbox.state"), Kind: "select", Value: state, Options: s.words(r, "status.proposal_", foureyes.States...)}},
		Table: web.Table{Caption: text("admin.inbox"), Columns: []web.Column{{Label: text("admin.inbox.kind")}, {Label: text("admin.inbox.object")}, {Label: text("admin.area")}, {Label: text("admin.inbox.due")}, {Label: text("admin.inbox.claimed")}}}}
	for _, one := range list.Body.Items {
		area, err := s.areaName(r, one.Area)
		if err != nil {
			return err
		}
		body.Table.Rows = append(body.Table.Rows, web.Row{URL: inboxItemURL(one.ID), Cells: []string{text("admin.proposal." + one.Kind), one.ObjectID, area, when(one.DueAt), orDash(one.ClaimedBy)}, Status: "proposal_" + one.State})
	}
	paged(r, &body.Table, inboxURL+"?"+url.Values{"state": {state}}.Encode(), after, list.Body.Next)
	return s.show(w, r, http.StatusOK, "admin-list", web.Page{Title: text("admin.inbox"), Body: body})
}

// signInAny is signInURL for those whose rights may be bounded.
func (s *Server) signInAny(r *http.Request) string {
	switch {
	case !s.stale(r.Context()):
		return ""
	case r.Method != http.MethodGet || s.LoginURL == nil:
		return "/staff/login"
	}
	return s.LoginURL(r.URL.RequestURI())
}

func (s *Server) inboxItemPage(w http.ResponseWriter, r *http.Request) error {
	return s.showInboxItem(w, r, refused{})
}

func (s *Server) showInboxItem(w http.ResponseWriter, r *http.Request, was refused) error {
	ctx := r.Context()
	p, err := s.proposal(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	one := inboxRecord(p, s.Now())
	text, address := func(key string) string { return s.Renderer.Text(r, key) }, inboxItemURL(one.ID)
	area, err := s.areaName(r, one.Area)
	if err != nil {
		return err
	}
	decided := when(p.DecidedAt)
	if one.DecidedBy != "" {
		decided += " · " + one.DecidedBy
	}
	body := web.AdminDetailPage{Back: web.Link{Label: text("admin.inbox"), URL: inboxURL}, Name: text("admin.proposal." + one.Kind), Under: one.ObjectID, Status: "proposal_" + one.State, SignInURL: s.signInAny(r),
		Hidden: []web.Hidden{{Name: "digest", Value: one.Digest}},
		Facts: []web.ShownField{{Label: text("admin.inbox.origin"), Value: one.Origin}, {Label: text("action.reason"), Value: orDash(one.Reason)}, {Label: text("admin.inbox.people"), Value: orDash(strings.Join(one.People, "、"))},
			{Label: text("admin.area"), Value: area}, {Label: text("admin.inbox.at"), Value: when(one.CreatedAt)}, {Label: text("admin.inbox.due"), Value: when(one.DueAt)}}}
	if !p.DecidedAt.IsZero() {
		body.Facts = append(body.Facts, web.ShownField{Label: text("admin.inbox.decided"), Value: decided})
	}
	if one.ClaimedBy != "" {
		body.Facts = append(body.Facts, web.ShownField{Label: text("admin.inbox.claimed"), Value: one.ClaimedBy})
	}
	body.Facts = append(body.Facts, web.ShownField{Label: text("admin.inbox.digest"), Value: one.Digest})
	wanted, err := s.wantedFacts(r, p)
	if err != nil {
		return err
	}
	if len(wanted) > 0 {
		body.Sections = []web.AdminSection{{ID: "proposal-wanted", Title: text("admin.inbox.wanted"), Facts: wanted}}
	}
	if p.State == foureyes.Open {
		if err := s.wanted(ctx, p, &one); err != nil {
			return err
		}
		if one.Event != "" {
			body.Facts = append(body.Facts, web.ShownField{Label: text("admin.inbox.event"), Value: text("admin.event." + one.Event)})
			body.Sections = append(body.Sections, s.changes(r, one.Changes)...)
		}
		if one.Secret {
			body.Facts = append(body.Facts, web.ShownField{Label: text("admin.secret"), Value: text("admin.secret.new")})
		}
	}
	body.Actions = s.inboxActions(r, p, one)
	page := web.Page{Title: text("admin.inbox"), Self: address}
	s.onto(r, &page, body.Actions, was)
	page.Body = body
	return s.show(w, r, statusOf(was.err), "admin-detail", page)
}

// wantedFacts are what a proposal that waits would change.
func (s *Server) wantedFacts(r *http.Request, p foureyes.Proposal) ([]web.ShownField, error) {
	text := func(key string) string { return s.Renderer.Text(r, key) }
	switch {
	case p.State != foureyes.Open:
		return nil, nil
	case p.Kind == staff.KindAppointment:
		w, err := s.Staff.Wants(r.Context(), p)
		if err != nil {
			return nil, err
		}
		area, err := s.areaName(r, w.Area)
		return []web.ShownField{{Label: text("admin.right.holder"), Value: w.Holder}, {Label: text("admin.right.role"), Value: text("role." + w.Role)}, {Label: text("admin.area"), Value: area}, {Label: text("admin.right.until"), Value: untilText(&w.Until)}}, err
	case p.Kind == staff.KindBinding:
		b, err := s.Members.WantedBinding(r.Context(), p)
		return s.bindingFacts(r, b), err
	case p.Kind == federation.KindStaffLink:
		w, err := s.StaffSources.WantedStaffLink(r.Context(), p)
		return []web.ShownField{{Label: text("admin.right.holder"), Value: p.ObjectID}, {Label: text("admin.staff.source"), Value: w.Source}, {Label: text("admin.staff.subject"), Value: w.Subject}}, err
	case p.Kind == mandate.KindClose, p.Kind == mandate.KindRestore:
		o, err := s.organisation(r.Context(), p.ObjectID)
		return []web.ShownField{{Label: text("admin.organisation.name"), Value: o.Name}, {Label: text("admin.organisation.code"), Value: o.Code}, {Label: text("admin.organisation.since"), Value: whenever(o.UnknownAt)}}, err
	case p.Kind == proofing.KindSharedUse:
		var u proofing.SharedUse
		payload, err := s.Engine.Payload(r.Context(), p)
		if err == nil {
			err = json.Unmarshal(payload, &u)
		}
		return []web.ShownField{{Label: text("admin.shared.what"), Value: text("admin.shared." + u.What)}, {Label: text("admin.shared.identities"), Value: strconv.Itoa(u.Identities)},
			{Label: text("admin.shared.days"), Value: strconv.Itoa(u.Days)}, {Label: text("admin.correction.account"), Value: u.AccountID}}, err
	case strings.HasPrefix(p.Kind, "identity."):
		c, err := s.correctionRecord(r.Context(), idp.Correction{Proposal: p})
		return []web.ShownField{{Label: text("admin.correction.account"), Value: c.AccountID}, {Label: text("admin.correction.name"), Value: c.Name}, {Label: text("admin.correction.number"), Value: c.Number}}, err
	}
	return nil, nil
}

func (s *Server) inboxActions(r *http.Request, p foureyes.Proposal, one InboxRecord) (all []web.StateAction) {
	text, address := func(key string) string { return s.Renderer.Text(r, key) }, inboxItemURL(p.ID)
	actor := reqctx.From(r.Context()).Actor.ID
	if mine(r.Context(), p) {
		all = append(all, web.StateAction{ID: "proposal-approve", Label: text("admin.inbox.approve"), URL: address + "/approve", Effect: text("admin.inbox.approve.effect")},
			web.StateAction{ID: "proposal-refuse", Label: text("admin.inbox.refuse"), URL: address + "/refuse", Danger: true})
		switch one.ClaimedBy {
		case actor:
			all = append(all, web.StateAction{ID: "proposal-release", Label: text("admin.inbox.release"), URL: address + "/release", NoReason: true})
		case "":
			all = append(all, web.StateAction{ID: "proposal-claim", Label: text("admin.inbox.claim"), URL: address + "/claim", Effect: text("admin.inbox.claim.effect"), NoReason: true})
		}
	}
	if p.State == foureyes.Open && p.Origin == actor {
		all = append(all, web.StateAction{ID: "proposal-withdraw", Label: text("admin.inbox.withdraw"), URL: address + "/withdraw", NoReason: true})
	}
	return all
}

func (s *Server) inboxAct(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	id, action, ctx := r.PathValue("id"), r.PathValue("action"), r.Context()
	switch action {
	case "approve", "refuse":
		_, err = s.decideInbox(ctx, id, typed.Get("digest"), action == "approve", typed.Get(inputReason))
	case "claim":
		_, err = s.moveInbox(ctx, id, s.Engine.Claim)
	case "release":
		_, err = s.moveInbox(ctx, id, s.Engine.Release)
	case "withdraw":
		_, err = s.moveInbox(ctx, id, s.Engine.Withdraw)
	default:
		err = fault.New(fault.NotFound)
	}
	return settled(w, r, err, func(err error) error {
		return s.showInboxItem(w, r, refused{err, "proposal-" + action, typed.Get(inputReason)})
	}, inboxItemURL(id))
}

// areaName is the name of an area with those above it.
func (s *Server) areaName(r *http.Request, code string) (string, error) {
	if code == "" {
		return s.Renderer.Text(r, "admin.area.everywhere"), nil
	}
	area, err := s.Staff.Area(r.Context(), code)
	if err != nil {
		return "", err
	}
	names, err := s.Staff.Names(r.Context(), area.Path)
	return strings.Join(names, " › "), err
}
