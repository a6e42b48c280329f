package licensehttp

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/web"
)

const (
	applicationsPath = "/me/license-applications"
	applicationsPage = 20
	// renewalInput begins the names of the inputs of a renewal, so that what was typed is kept over a login.
	renewalInput = "renewal-"
	appealText   = "text"
)

func applicationURL(id string) string { return applicationsPath + "/" + url.PathEscape(id) }

func renewalURL(id string) string { return "/me/licenses/" + url.PathEscape(id) + "/renewal" }

// applicationPages are the pages on which a person follows applications for licences, appeals, and applies for renewals.
func (p *Pages) applicationPages() map[string]func(http.ResponseWriter, *http.Request) error {
	return map[string]func(http.ResponseWriter, *http.Request) error{
		"GET " + applicationsPath:                p.applicationList,
		"GET " + applicationsPath + "/{id}":      p.applicationDetail,
		"POST " + applicationsPath + "/{id}":     p.appealSubmit,
		"POST " + applicationsPath + "/{id}/end": p.takeBack,
		"GET " + renewalPattern:                  p.renewalForm,
		"POST " + renewalPattern:                 p.renewalSubmit,
	}
}

const renewalPattern = "/me/licenses/{id}/renewal"

func (p *Pages) applicationRow(r *http.Request, l elicense.License) web.LicenseApplicationRow {
	return web.LicenseApplicationRow{Title: typeName(p.Service, l, p.Renderer.Locale(r)), Status: stateWord(l), URL: applicationURL(l.ID), Own: l.ByHolder(), At: l.CreatedAt}
}

func (p *Pages) applicationList(w http.ResponseWriter, r *http.Request) error {
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	page, next, err := p.Service.MyApplications(r.Context(), after, applicationsPage)
	if err != nil {
		return err
	}
	body := web.LicenseApplicationsPage{NextURL: pagemark.Onward(r, applicationsPath, next)}
	for _, l := range page {
		body.Applications = append(body.Applications, p.applicationRow(r, l))
	}
	return p.Page(w, r, http.StatusOK, "license-applications", web.Page{Body: body})
}

func (p *Pages) applicationDetail(w http.ResponseWriter, r *http.Request) error {
	return p.showApplication(w, r, "", nil)
}

// showApplication shows an application; typed is the appeal that was refused.
func (p *Pages) showApplication(w http.ResponseWriter, r *http.Request, typed string, refusal error) error {
	d, err := p.Service.MyApplication(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	body := web.LicenseApplicationPage{LicenseApplicationRow: p.applicationRow(r, d.License), InForce: d.State == elicense.StateActive}
	if t := p.Service.TypeOf(d.License); t != nil && d.State != elicense.StateActive {
		for _, f := range t.Fields {
			if value := d.Values.First(f.Key); f.Own && f.Kind != catalog.KindPhoto && value != "" {
				body.Fields = append(body.Fields, web.ShownField{Label: f.Label.In(p.Renderer.Locale(r)), Value: value})
			}
		}
	}
	switch d.State {
	case elicense.StateReturned, elicense.StateRejected:
		body.Note, body.Refused = d.Note, d.State == elicense.StateRejected
	}
	if d.ByHolder() && (d.State == elicense.StateInReview || d.State == elicense.StateReturned) {
		body.TakeBackURL = applicationURL(d.ID) + "/end"
		if d.State == elicense.StateReturned {
			body.RenewURL = renewalURL(d.Replaces)
		}
	}
	if err := p.addRuling(r, &body, d.ID); err != nil {
		return err
	}
	body.Appeal.Value = bounded(typed)
	status, page := http.StatusOK, web.Page{Title: body.Title, Body: body}
	if refusal != nil {
		status, page.Errors = fault.MetaOf(fault.CodeOf(refusal)).Status, p.Renderer.FieldErrors(r, refusal, map[string]string{appealText: appealText})
	}
	return p.Page(w, r, status, "license-application", page)
}

// addRuling adds what rules decided about an application, and its appeal.
func (p *Pages) addRuling(r *http.Request, body *web.LicenseApplicationPage, id string) error {
	ruling, err := p.Service.Ruling(r.Context(), id)
	if fault.CodeOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	text := func(key string) string { return p.Renderer.Text(r, key) }
	body.Rule = &web.RuleDecision{Outcome: text("ruling.outcome." + string(ruling.Outcome)), At: ruling.DecidedAt}
	for _, code := range ruling.Reasons {
		body.Rule.Reasons = append(body.Rule.Reasons, p.Service.ReasonWords(ruling.Ruling, code).In(p.Renderer.Locale(r)))
	}
	if a := ruling.Appeal; a != nil {
		body.Appealed = &web.AppealMade{State: text("ruling.appeal." + string(a.State)), Answer: a.Reason, At: a.FiledAt}
		if !a.DecidedAt.IsZero() {
			body.Appealed.DecidedAt = &a.DecidedAt
		}
		return nil
	}
	if p.Service.AppealOpen(ruling) {
		body.AppealURL, body.AppealTo = body.URL, ruling.AppealTo
		body.Appeal = web.FormField{Name: appealText, Label: text("ruling.appeal.text"), Hint: text("license.application.appeal.hint"), Kind: web.InputLongText, Max: elicense.MaxAppealRunes}
	}
	return nil
}

func (p *Pages) appealSubmit(w http.ResponseWriter, r *http.Request) error {
	typed, err := typedForm(w, r)
	if err != nil {
		return err
	}
	d, err := p.Service.MyApplication(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	_, err = p.Service.Appeal(r.Context(), d.ID, typed.Get(appealText))
	switch fault.CodeOf(err) {
	case fault.Invalid, fault.AppealLate, fault.AppealMade:
		return p.showApplication(w, r, typed.Get(appealText), err)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, applicationURL(d.ID), http.StatusSeeOther)
	return nil
}

func (p *Pages) takeBack(w http.ResponseWriter, r *http.Request) error {
	l, err := p.Service.TakeBack(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	http.Redirect(w, r, applicationURL(l.ID), http.StatusSeeOther)
	return nil
}

func (p *Pages) renewalForm(w http.ResponseWriter, r *http.Request) error {
	return p.showRenewal(w, r, nil, nil)
}

// showRenewal shows the form of a renewal, filled in from the licence in force or from the application that was returned; typed is what was refused.
func (p *Pages) showRenewal(w http.ResponseWriter, r *http.Request, typed url.Values, refusal error) error {
	renewal, err := p.Service.FindRenewal(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	values, pending := renewal.Values, renewal.Pending
	body := web.LicenseRenewalPage{Number: values.First(catalog.KeyLicenseNumber), From: renewal.From, Until: renewal.Until, Open: renewal.Open, Years: renewal.Terms.Years, Action: renewalURL(renewal.ID)}
	if pending.ID != "" {
		if !pending.ByHolder() {
			return fault.New(fault.RenewalPending)
		}
		if pending.State != elicense.StateReturned {
			http.Redirect(w, r, applicationURL(pending.ID), http.StatusSeeOther)
			return nil
		}
		values, body.Note = renewal.PendingValues, pending.Note
	}
	t, locale := p.Service.TypeOf(renewal.License), p.Renderer.Locale(r)
	if t == nil {
		return fault.New(fault.RenewalNone)
	}
	c := card(p.Service, renewal.License, renewal.Values, locale)
	body.Title, body.ValidTo = c.Title, *c.ValidTo
	asked, kept := renewalFields(t, renewal.Terms, locale)
	ids := map[string]string{}
	for i, f := range asked {
		key := strings.TrimPrefix(f.Name, renewalInput)
		asked[i].Value, ids[key] = values.First(key), f.Name
		if typed != nil {
			asked[i].Value = bounded(typed.Get(f.Name))
		}
	}
	body.Fields = asked
	for _, key := range kept {
		if value := strings.Join(renewal.Values[key], "、"); value != "" {
			body.Kept = append(body.Kept, web.ShownField{Label: t.Label(key, locale), Value: value})
		}
	}
	status, page := http.StatusOK, web.Page{Title: c.Title, Body: body}
	if refusal != nil {
		status, page.Errors = fault.MetaOf(fault.CodeOf(refusal)).Status, p.Renderer.FieldErrors(r, refusal, ids)
	}
	return p.Page(w, r, status, "license-renewal", page)
}

// renewalFields are the inputs of a renewal, as the form for a new licence draws them, and the keys of what is taken over.
func renewalFields(t *catalog.Type, terms elicense.RenewalTerms, locale string) (asked []web.FormField, kept []string) {
	inputs := map[string]web.FormField{}
	for _, f := range formFields(t, locale, func(string) string { return "" }) {
		inputs[f.Name] = f
	}
	for _, key := range terms.Ask {
		f := inputs[key]
		f.Name = renewalInput + key
		asked = append(asked, f)
		delete(inputs, key)
	}
	kept = []string{catalog.KeyHolderName}
	for _, f := range t.Fields {
		if _, left := inputs[f.Key]; left && f.Own && f.Kind != catalog.KindPhoto {
			kept = append(kept, f.Key)
		}
	}
	return asked, kept
}

func (p *Pages) renewalSubmit(w http.ResponseWriter, r *http.Request) error {
	typed, err := typedForm(w, r)
	if err != nil {
		return err
	}
	fields := map[string]string{}
	for name := range typed {
		if key, ok := strings.CutPrefix(name, renewalInput); ok {
			fields[key] = typed.Get(name)
		}
	}
	l, err := p.Service.Renew(r.Context(), r.PathValue("id"), fields)
	switch fault.CodeOf(err) {
	case fault.LicenseValues, fault.RenewalClosed, fault.RenewalLimit:
		return p.showRenewal(w, r, typed, err)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, applicationURL(l.ID), http.StatusSeeOther)
	return nil
}
