package adminhttp

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/web"
)

// correctionsPart is what is corrected about legal identities, by two people.
func (s *Server) correctionsPart() part {
	return part{
		api: s.correctionsAPI,
		pages: map[string]pageFunc{"GET /admin/corrections": s.correctionsPage, "GET /admin/corrections/new": s.correctionForm, "POST /admin/corrections": s.correctionPropose,
			"GET /admin/corrections/{id}": s.correctionPage, "POST /admin/corrections/{id}/{action}": s.correctionDecide},
		place: func(r *http.Request) (web.AdminPlace, error) {
			return s.placeFor(r, watchers, "admin-corrections", "admin.corrections", "admin.corrections.text", "/admin/corrections"), nil
		},
	}
}

var correctionWords = []string{correctionProposed, "applied", "refused", "withdrawn", "expired"}

const correctionsURL = "/admin/corrections"

func correctionURL(id string) string { return correctionsURL + "/" + url.PathEscape(id) }

func (s *Server) correctionsPage(w http.ResponseWriter, r *http.Request) error {
	text := func(key string) string { return s.Renderer.Text(r, key) }
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	state := r.URL.Query().Get("state")
	if !slices.Contains(correctionWords, state) {
		state = correctionProposed
	}
	list, err := s.listCorrections(r.Context(), state, after, pageSize)
	if err != nil {
		return err
	}
	body := web.AdminListPage{Intro: text("admin.corrections.text"), SignInURL: s.signInURL(r, idp.RoleSecurityAdmin), None: text("admin.corrections.none"), NoneText: text("admin.corrections.none.text"),
		FilterURL: correctionsURL, Filter: []web.FormField{{Name: "state", Label: text("admin.correction.state"), Kind: "select", Value: state, Options: s.words(r, "status.correction_", correctionWords...)}},
		Table: web.Table{Caption: text("admin.corrections"), Columns: []web.Column{{Label: text("admin.correction.kind")}, {Label: text("admin.correction.account")}, {Label: text("admin.correction.origin")}, {Label: text("admin.correction.at")}}}}
	if holds(r.Context(), idp.RoleSecurityAdmin) == nil {
		body.NewURL, body.NewLabel = correctionsURL+"/new", text("admin.correction.new")
	}
	for _, c := range list.Body.Items {
		body.Table.Rows = append(body.Table.Rows, web.Row{URL: correctionURL(c.ID), Cells: []string{text("admin.correction.kind." + c.Kind), c.AccountID, c.Origin, when(c.CreatedAt)}, Status: "correction_" + c.State})
	}
	paged(r, &body.Table, correctionsURL+"?"+url.Values{"state": {state}}.Encode(), after, list.Body.Next)
	return s.show(w, r, http.StatusOK, "admin-list", web.Page{Title: text("admin.corrections"), Body: body})
}

func (s *Server) words(r *http.Request, family string, words ...string) (all []web.Option) {
	for _, word := range words {
		all = append(all, web.Option{Value: word, Label: s.Renderer.Text(r, family+word)})
	}
	return all
}

func (s *Server) correctionForm(w http.ResponseWriter, r *http.Request) error {
	return s.showCorrectionForm(w, r, r.URL.Query(), nil)
}

func (s *Server) showCorrectionForm(w http.ResponseWriter, r *http.Request, typed url.Values, refusal error) error {
	if err := holds(r.Context(), idp.RoleSecurityAdmin); err != nil {
		return err
	}
	text := func(key string) string { return s.Renderer.Text(r, key) }
	value := func(name string) string { return bounded(typed.Get(name)) }
	body := web.AdminFormPage{Back: web.Link{Label: text("admin.corrections"), URL: correctionsURL}, Name: text("admin.correction.new"), Advisory: text("admin.correction.advice"),
		SignInURL: s.signInURL(r, idp.RoleSecurityAdmin), Action: correctionsURL, Submit: text("admin.correction.propose"), Fields: []web.FormField{
			{Name: "kind", Label: text("admin.correction.kind"), Kind: "select", Value: value("kind"), Options: s.words(r, "admin.correction.kind.", idp.CorrectionKinds...)},
			{Name: "account", Label: text("admin.correction.account"), Hint: text("admin.correction.account.hint"), Value: value("account"), Max: 64},
			{Name: "name", Label: text("admin.correction.name"), Value: value("name"), Optional: true, Max: 120},
			{Name: "number", Label: text("admin.correction.number"), Hint: text("admin.correction.number.hint"), Value: value("number"), Optional: true, Max: 64},
			{Name: "nationality", Label: text("proofing.nationality"), Hint: text("admin.correction.nationality.hint"), Value: value("nationality"), Optional: true, Max: 3},
			{Name: "expires_on", Label: text("proofing.expires"), Value: value("expires_on"), Optional: true, Max: 20},
			{Name: inputReason, Label: text("action.reason"), Hint: text("admin.correction.reason.hint"), Value: value(inputReason), Max: maxReason},
		}}
	page := web.Page{Title: text("admin.correction.new"), Self: correctionsURL + "/new"}
	if refusal != nil {
		page.Errors = s.Renderer.FieldErrors(r, refusal, map[string]string{"reason": inputReason, "kind": "kind", "name": "name", "number": "number", "expires_on": "expires_on"})
	}
	page.Body = body
	return s.show(w, r, statusOf(refusal), "admin-form", page)
}

func (s *Server) correctionPropose(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	c, err := s.proposeCorrection(r.Context(), ProposedCorrection{Kind: typed.Get("kind"), AccountID: typed.Get("account"), Name: typed.Get("name"), Number: typed.Get("number"),
		Nationality: typed.Get("nationality"), Expires: typed.Get("expires_on")}, typed.Get(inputReason))
	if mendable(err) || fault.CodeOf(err) == fault.NotFound {
		return s.showCorrectionForm(w, r, typed, err)
	}
	if err != nil {
		return err
	}
	return see(w, r, correctionURL(c.ID))
}

func (s *Server) correctionPage(w http.ResponseWriter, r *http.Request) error {
	return s.showCorrection(w, r, refused{})
}

func (s *Server) showCorrection(w http.ResponseWriter, r *http.Request, was refused) error {
	c, err := s.correction(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	text, address := func(key string) string { return s.Renderer.Text(r, key) }, correctionURL(c.ID)
	body := web.AdminDetailPage{Back: web.Link{Label: text("admin.corrections"), URL: correctionsURL}, Name: text("admin.correction.kind." + c.Kind), Under: c.AccountID, Status: "correction_" + c.State, SignInURL: s.signInURL(r, idp.RoleSecurityAdmin),
		Facts: []web.ShownField{{Label: text("admin.correction.origin"), Value: c.Origin}, {Label: text("action.reason"), Value: orDash(c.Reason)}, {Label: text("admin.correction.people"), Value: orDash(strings.Join(c.People, "、"))}, {Label: text("admin.correction.at"), Value: when(c.CreatedAt)}}}
	if c.State == correctionProposed {
		body.Hidden = []web.Hidden{{Name: "digest", Value: c.Digest}}
		body.Facts = append(body.Facts, web.ShownField{Label: text("admin.correction.name"), Value: c.Name}, web.ShownField{Label: text("admin.correction.number"), Value: c.Number})
		if holds(r.Context(), idp.RoleSecurityAdmin) == nil {
			body.Actions = []web.StateAction{
				{ID: "correction-approve", Label: text("admin.correction.approve"), URL: address + "/approve", Effect: text("admin.correction.effect." + c.Kind)},
				{ID: "correction-refuse", Label: text("admin.correction.refuse"), URL: address + "/refuse", Danger: true},
			}
		}
	}
	page := web.Page{Title: text("admin.corrections"), Self: address}
	s.onto(r, &page, body.Actions, was)
	page.Body = body
	return s.show(w, r, statusOf(was.err), "admin-detail", page)
}

func (s *Server) correctionDecide(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	id, action := r.PathValue("id"), r.PathValue("action")
	if action != "approve" && action != "refuse" {
		return fault.New(fault.NotFound)
	}
	_, err = s.decideCorrection(r.Context(), id, typed.Get("digest"), action == "approve", typed.Get(inputReason))
	return settled(w, r, err, func(err error) error {
		return s.showCorrection(w, r, refused{err, "correction-" + action, typed.Get(inputReason)})
	}, correctionURL(id))
}
