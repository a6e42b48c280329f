package adminhttp

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/web"
)

const organisationsURL = "/admin/organisations"

func organisationURL(id string) string { return organisationsURL + "/" + url.PathEscape(id) }

// organisationsPart is the queue of organisations that the register does not know, and those that it ended.
func (s *Server) organisationsPart() part {
	return part{
		api: s.organisationsAPI,
		pages: map[string]pageFunc{"GET /admin/organisations": s.organisationsPage, "GET /admin/organisations/{id}": s.organisationPage, "GET /admin/organisations/{id}/confirmation": s.organisationConfirmation,
			"POST /admin/organisations/{id}/confirmation": s.organisationKeep, "GET /admin/organisations/{id}/correction": s.organisationCorrection, "POST /admin/organisations/{id}/correction": s.organisationCorrect,
			"POST /admin/organisations/{id}/closure": s.organisationPropose(mandate.KindClose, "organisation-closure"), "POST /admin/organisations/{id}/restoration": s.organisationPropose(mandate.KindRestore, "organisation-restoration")},
		place: func(r *http.Request) (web.AdminPlace, error) {
			place := s.placeFor(r, watchers, "admin-organisations", "admin.organisations", "admin.organisations.text", organisationsURL)
			if place.URL == "" {
				return place, nil
			}
			waiting, _, err := s.Organisations.Page(r.Context(), mandate.DoubtUnknown, "", pageSize)
			place.Waiting = len(waiting)
			return place, err
		},
	}
}

func (s *Server) organisationsPage(w http.ResponseWriter, r *http.Request) error {
	text := func(key string) string { return s.Renderer.Text(r, key) }
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	doubt := r.URL.Query().Get("doubt")
	if !slices.Contains(mandate.Doubts, mandate.Doubt(doubt)) {
		doubt = string(mandate.DoubtUnknown)
	}
	page, next, err := s.listOrganisations(r.Context(), doubt, after, pageSize)
	if err != nil {
		return err
	}
	var doubts []web.Option
	for _, one := range mandate.Doubts {
		doubts = append(doubts, web.Option{Value: string(one), Label: text("status.organisation_" + string(one))})
	}
	body := web.AdminListPage{Intro: text("admin.organisations.text"), None: text("admin.organisations.none"), NoneText: text("admin.organisations.none.text"), FilterURL: organisationsURL,
		Filter: []web.FormField{{Name: "doubt", Label: text("admin.organisation.doubt"), Kind: web.InputSelect, Value: doubt, Options: doubts}},
		Table:  web.Table{Caption: text("admin.organisations"), Columns: []web.Column{{Label: text("admin.organisation.name")}, {Label: text("admin.organisation.code")}, {Label: text("admin.organisation.since")}, {Label: text("admin.organisation.looks"), Number: true}, {Label: text("admin.organisation.kept")}}}}
	for _, o := range page {
		body.Table.Rows = append(body.Table.Rows, web.Row{URL: organisationURL(o.ID), Cells: []string{o.Name, o.Code, whenever(o.UnknownAt), strconv.Itoa(o.Looks), whenever(o.KeptUntil)}, Status: "organisation_" + o.Doubt})
	}
	paged(r, &body.Table, organisationsURL+"?"+url.Values{"doubt": {doubt}}.Encode(), after, next)
	return s.show(w, r, http.StatusOK, "admin-list", web.Page{Title: text("admin.organisations"), Body: body})
}

// whenever is when for what may be absent.
func whenever(at *time.Time) string {
	if at == nil {
		return when(time.Time{})
	}
	return when(*at)
}

func (s *Server) organisationPage(w http.ResponseWriter, r *http.Request) error {
	return s.showOrganisation(w, r, refused{})
}

func (s *Server) showOrganisation(w http.ResponseWriter, r *http.Request, was refused) error {
	o, err := s.organisation(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	text, address := func(key string) string { return s.Renderer.Text(r, key) }, organisationURL(o.ID)
	body := web.AdminDetailPage{Back: web.Link{Label: text("admin.organisations"), URL: organisationsURL}, Name: o.Name, Under: o.Code, Status: "organisation_" + o.Doubt, SignInURL: s.signInURL(r, idp.RoleSecurityAdmin),
		Facts: []web.ShownField{{Label: text("admin.organisation.account"), Value: o.ID}, {Label: text("admin.organisation.checked"), Value: when(o.CheckedAt)}, {Label: text("admin.organisation.since"), Value: whenever(o.UnknownAt)},
			{Label: text("admin.organisation.looks"), Value: strconv.Itoa(o.Looks)}, {Label: text("admin.organisation.kept"), Value: whenever(o.KeptUntil)}, {Label: text("admin.organisation.found"), Value: orDash(o.KeptReason)}}}
	if holds(r.Context(), idp.RoleSecurityAdmin) == nil {
		if o.State == string(mandate.Registered) {
			body.Links = []web.Link{{Label: text("admin.organisation.correct"), URL: address + "/correction"}}
		}
		switch mandate.Doubt(o.Doubt) {
		case mandate.DoubtUnknown, mandate.DoubtKept:
			body.Links = append([]web.Link{{Label: text("admin.organisation.confirm"), URL: address + "/confirmation"}}, body.Links...)
			body.Actions = []web.StateAction{{ID: "organisation-closure", Label: text("admin.organisation.close"), URL: address + "/closure", Effect: text("admin.organisation.close.effect"), Danger: true}}
		case mandate.DoubtEnded:
			body.Actions = []web.StateAction{{ID: "organisation-restoration", Label: text("admin.organisation.restore"), URL: address + "/restoration", Effect: text("admin.organisation.restore.effect")}}
		}
	}
	page := web.Page{Title: text("admin.organisations"), Self: address}
	s.onto(r, &page, body.Actions, was)
	page.Body = body
	return s.show(w, r, statusOf(was.err), "admin-detail", page)
}

// organisationPropose opens a proposal and leads to it in the inbox.
func (s *Server) organisationPropose(kind, action string) pageFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		typed, err := form(w, r)
		if err != nil {
			return err
		}
		p, err := s.proposeOrganisation(r.Context(), kind, r.PathValue("id"), typed.Get(inputReason))
		return settled(w, r, err, func(err error) error {
			return s.showOrganisation(w, r, refused{err, action, typed.Get(inputReason)})
		}, inboxItemURL(p.ID))
	}
}

func (s *Server) organisationConfirmation(w http.ResponseWriter, r *http.Request) error {
	return s.showConfirmation(w, r, url.Values{}, nil)
}

// showConfirmation is the form by which people answer for an organisation that the register does not know.
func (s *Server) showConfirmation(w http.ResponseWriter, r *http.Request, typed url.Values, refusal error) error {
	if err := holds(r.Context(), idp.RoleSecurityAdmin); err != nil {
		return err
	}
	o, err := s.organisation(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if doubt := mandate.Doubt(o.Doubt); refusal == nil && doubt != mandate.DoubtUnknown && doubt != mandate.DoubtKept {
		return fault.New(fault.OrganisationKnown)
	}
	text, address := func(key string) string { return s.Renderer.Text(r, key) }, organisationURL(o.ID)
	body := web.AdminFormPage{Back: web.Link{Label: o.Name, URL: address}, Name: text("admin.organisation.confirm"), Advisory: text("admin.organisation.confirm.text"), SignInURL: s.signInURL(r, idp.RoleSecurityAdmin),
		Action: address + "/confirmation", Submit: text("admin.organisation.confirm.submit"), Facts: []web.ShownField{{Label: text("admin.organisation.name"), Value: o.Name}, {Label: text("admin.organisation.code"), Value: o.Code}},
		Fields: []web.FormField{{Name: "until", Label: text("admin.organisation.kept"), Kind: web.InputDate, Value: typedDay(typed, "until")},
			{Name: inputReason, Label: text("admin.organisation.found"), Hint: text("admin.correction.reason.hint"), Value: bounded(typed.Get(inputReason)), Max: maxReason}}}
	page := web.Page{Title: text("admin.organisation.confirm"), Self: address + "/confirmation"}
	if refusal != nil {
		page.Errors = s.Renderer.FieldErrors(r, refusal, map[string]string{"reason": inputReason, "until": "until"})
	}
	page.Body = body
	return s.show(w, r, statusOf(refusal), "admin-form", page)
}

// typedDay is a day of three inputs, 2026-01-02; empty where they make none.
func typedDay(typed url.Values, name string) string {
	two := func(part string) string {
		if text := typed.Get(name + part); len(text) != 1 {
			return text
		}
		return "0" + typed.Get(name+part)
	}
	day := typed.Get(name+"-year") + "-" + two("-month") + "-" + two("-day")
	if _, err := time.Parse(time.DateOnly, day); err != nil {
		return ""
	}
	return day
}

func (s *Server) organisationKeep(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	until, _ := time.ParseInLocation(time.DateOnly, typedDay(typed, "until"), chinaTime) // none is refused as a day that is over
	_, err = s.keepOrganisation(r.Context(), id, typed.Get(inputReason), until)
	return settled(w, r, err, func(err error) error { return s.showConfirmation(w, r, typed, err) }, organisationURL(id))
}
