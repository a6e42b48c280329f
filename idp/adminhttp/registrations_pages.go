package adminhttp

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/web"
)

// registrationsPart is what waits for a decision of those who registered themselves.
func (s *Server) registrationsPart() part {
	return part{
		local: true,
		api:   s.registrationsAPI,
		pages: map[string]pageFunc{"GET /admin/registrations": s.registrationsPage, "GET /admin/registrations/{id}": s.registrationPage,
			"POST /admin/registrations/{id}/{action}": s.registrationDecide},
		place: func(r *http.Request) (web.AdminPlace, error) {
			return web.AdminPlace{ID: "admin-registrations", Label: s.Renderer.Text(r, "admin.registrations"), Text: s.Renderer.Text(r, "admin.registrations.text"), URL: "/admin/registrations"}, nil
		},
	}
}

// decisions on a registration.
var decisions = []string{idp.StateLive, idp.StateSandbox, idp.StateSuspended, idp.StateRefused}

func registrationURL(id string) string { return "/admin/registrations/" + url.PathEscape(id) }

func (s *Server) registrationsPage(w http.ResponseWriter, r *http.Request) error {
	text := func(key string) string { return s.Renderer.Text(r, key) }
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	page, next, err := s.listRegistrations(r.Context(), after, pageSize)
	if err != nil {
		return err
	}
	body := web.AdminListPage{Intro: text("admin.registrations.text"), None: text("admin.registrations.none"), NoneText: text("admin.registrations.none.text"),
		Table: web.Table{Caption: text("admin.registrations"), Columns: []web.Column{{Label: text("admin.client.name")}, {Label: text("admin.client.department")}, {Label: text("admin.registration.kind")}, {Label: text("admin.registration.at")}}}}
	for _, one := range page {
		body.Table.Rows = append(body.Table.Rows, web.Row{URL: registrationURL(one.ClientID), Cells: []string{one.Name, orDash(one.Department), text("admin.registration.kind." + one.Kind), when(one.CreatedAt)}, Status: "client_" + one.State})
	}
	paged(r, &body.Table, "/admin/registrations", after, next)
	return s.show(w, r, http.StatusOK, "admin-list", web.Page{Title: text("admin.registrations"), Body: body})
}

func (s *Server) registrationPage(w http.ResponseWriter, r *http.Request) error {
	return s.showRegistration(w, r, refused{})
}

func (s *Server) showRegistration(w http.ResponseWriter, r *http.Request, was refused) error {
	one, _, err := s.registration(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	text, address := func(key string) string { return s.Renderer.Text(r, key) }, registrationURL(one.ClientID)
	body := web.AdminDetailPage{Back: web.Link{Label: text("admin.registrations"), URL: "/admin/registrations"}, Name: one.Name, Under: one.ClientID, Status: "client_" + one.State, SignInURL: s.signInAny(r),
		Hidden: []web.Hidden{{Name: "version", Value: etag(one)}}, EditURL: clientURL(one.ClientID), EditLabel: text("admin.registration.client"),
		Facts: []web.ShownField{{Label: text("admin.client.department"), Value: orDash(one.Department)}, {Label: text("admin.registration.kind"), Value: text("admin.registration.kind." + one.Kind)}, {Label: text("admin.registration.initial"), Value: one.Initial}, {Label: text("admin.registration.at"), Value: when(one.CreatedAt)}}}
	body.Sections = s.changes(r, one.Changes)
	decides, err := s.reaches(r.Context(), one.Department, idp.RoleSecurityAdmin)
	if err != nil {
		return err
	}
	if decides {
		for _, state := range decisions {
			body.Actions = append(body.Actions, web.StateAction{ID: "registration-" + state, Label: text("admin.registration.decide." + state), URL: address + "/" + state, Effect: text("admin.registration.effect." + state), Danger: state == idp.StateRefused || state == idp.StateSuspended})
		}
	}
	page := web.Page{Title: text("admin.registrations"), Self: address}
	s.onto(r, &page, body.Actions, was)
	page.Body = body
	return s.show(w, r, statusOf(was.err), "admin-detail", page)
}

// changes shows what would become another in a registration.
func (s *Server) changes(r *http.Request, all []Difference) []web.AdminSection {
	if len(all) == 0 {
		return nil
	}
	recipients, all := s.recipientsChange(r, all)
	if len(all) == 0 {
		return recipients
	}
	text := func(key string) string { return s.Renderer.Text(r, key) }
	table := web.Table{Caption: text("admin.registration.changes"), Plain: true, Columns: []web.Column{{Label: text("admin.registration.field")}, {Label: text("admin.registration.stored")}, {Label: text("admin.registration.wanted")}}}
	for _, d := range all {
		table.Rows = append(table.Rows, web.Row{Cells: []string{d.Field, rawText(d.Stored), rawText(d.Wanted)}})
	}
	return append([]web.AdminSection{{ID: "registration-changes", Title: text("admin.registration.changes"), Table: &table}}, recipients...)
}

// rawText is a JSON value in one line.
func rawText(raw json.RawMessage) string {
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return "—"
	}
	return plain(value)
}

func (s *Server) registrationDecide(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	id, state := r.PathValue("id"), r.PathValue("action")
	if !slices.Contains(decisions, state) {
		return fault.New(fault.NotFound)
	}
	made, err := s.decide(r.Context(), id, typed.Get("version"), state, typed.Get("reason"))
	next := registrationURL(id)
	if made.Proposal != "" {
		next = inboxItemURL(made.Proposal)
	}
	return settled(w, r, err, func(err error) error {
		return s.showRegistration(w, r, refused{err, "registration-" + state, typed.Get("reason")})
	}, next)
}
