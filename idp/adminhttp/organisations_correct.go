package adminhttp

import (
	"net/http"
	"net/url"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

func (s *Server) organisationCorrection(w http.ResponseWriter, r *http.Request) error {
	return s.showOrganisationCorrection(w, r, url.Values{}, nil)
}

// showOrganisationCorrection is the form by which people say that code or name of an organisation are wrong.
func (s *Server) showOrganisationCorrection(w http.ResponseWriter, r *http.Request, typed url.Values, refusal error) error {
	if err := holds(r.Context(), idp.RoleSecurityAdmin); err != nil {
		return err
	}
	o, err := s.organisation(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if refusal == nil && o.State != string(mandate.Registered) { // it is restored first
		return fault.New(fault.OrganisationEnded)
	}
	text, address := func(key string) string { return s.Renderer.Text(r, key) }, organisationURL(o.ID)
	value := func(name string) string { return bounded(typed.Get(name)) }
	body := web.AdminFormPage{Back: web.Link{Label: o.Name, URL: address}, Name: text("admin.organisation.correct"), Advisory: text("admin.organisation.correct.text"), SignInURL: s.signInURL(r, idp.RoleSecurityAdmin),
		Action: address + "/correction", Submit: text("admin.correction.propose"), Facts: []web.ShownField{{Label: text("admin.organisation.name"), Value: o.Name}, {Label: text("admin.organisation.code"), Value: o.Code}},
		Fields: []web.FormField{{Name: "code", Label: text("admin.organisation.correct.code"), Hint: text("admin.organisation.correct.code.hint"), Value: value("code"), Optional: true, Max: 64},
			{Name: "name", Label: text("admin.organisation.correct.name"), Hint: text("admin.organisation.correct.name.hint"), Value: value("name"), Optional: true, Max: 120},
			{Name: inputReason, Label: text("action.reason"), Hint: text("admin.correction.reason.hint"), Value: value(inputReason), Max: maxReason}}}
	page := web.Page{Title: text("admin.organisation.correct"), Self: address + "/correction"}
	if refusal != nil {
		page.Errors = s.Renderer.FieldErrors(r, refusal, map[string]string{"reason": inputReason, "number": "code", "name": "name"})
	}
	page.Body = body
	return s.show(w, r, statusOf(refusal), "admin-form", page)
}

// organisationCorrect proposes the correction and leads to it.
func (s *Server) organisationCorrect(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	c, err := s.correctOrganisation(r.Context(), r.PathValue("id"), typed.Get("code"), typed.Get("name"), typed.Get(inputReason))
	return settled(w, r, err, func(err error) error { return s.showOrganisationCorrection(w, r, typed, err) }, correctionURL(c.ID))
}
