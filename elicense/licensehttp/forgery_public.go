package licensehttp

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/forgery"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

// Where suspected forgeries are reported, and where a receipt is asked about.
const (
	forgeryPath       = "/verify/report"
	forgeryStatusPath = "/verify/report/status"
)

// forgeryPages are the pages of reports, for anybody and for those who decide. A case stands two steps below the list, since /license/{id}/file is a
// page of licences.
func (p *Pages) forgeryPages() map[string]func(http.ResponseWriter, *http.Request) error {
	return map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /verify/report":                             p.forgeryForm,
		"POST /verify/report/send":                       p.forgerySend,
		"GET /verify/report/status":                      p.forgeryStatusForm,
		"POST /verify/report/status":                     p.forgeryStatus,
		"GET /license/forgeries":                         p.forgeryList,
		"GET /license/forgeries/cases/{id}":              p.forgeryCase,
		"GET /license/forgeries/cases/{id}/file":         p.forgeryFile,
		"POST /license/forgeries/cases/{id}/take":        p.forgeryTake,
		"POST /license/forgeries/cases/{id}/decision":    p.forgeryDecide,
		"POST /license/forgeries/cases/{id}/contact/{n}": p.forgeryContact,
	}
}

// forgeryURL is where a result leads to be reported; empty where nothing is.
func (p *Pages) forgeryURL() string {
	if p.Forgeries == nil {
		return ""
	}
	return forgeryPath
}

// forgeryForm is the empty form, with what a result of the verification handed over.
func (p *Pages) forgeryForm(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	return p.showForgeryForm(w, r, forgery.Handed(query.Get("code"), query.Get("identifier"), query.Get("sm3")), nil)
}

func (p *Pages) showForgeryForm(w http.ResponseWriter, r *http.Request, typed forgery.Report, refusal error) error {
	status := http.StatusOK
	handed := forgery.Handed(typed.Code, typed.Identifier, typed.SM3)
	query := url.Values{}
	for name, value := range map[string]string{"code": handed.Code, "identifier": handed.Identifier, "sm3": handed.SM3} {
		if value != "" {
			query.Set(name, value)
		}
	}
	page := web.Page{Self: forgeryPath + "?" + query.Encode(), Body: web.ForgeryReportPage{Code: handed.Code, SM3: handed.SM3, Identifier: bounded(typed.Identifier), Address: bounded(typed.Address), Contact: bounded(typed.Contact),
		Attach: typed.Send, KeepDays: p.Forgeries.KeepDays(), Where: web.FormField{Name: "where", Label: p.Renderer.Text(r, "forgery.where"), Hint: p.Renderer.Text(r, "forgery.where.hint"), Kind: web.InputLongText,
			Value: bounded(typed.Where), Max: forgery.MaxWhere, Optional: true}}}
	if refusal != nil {
		status = fault.MetaOf(fault.CodeOf(refusal)).Status
		page.Errors = p.Renderer.FieldErrors(r, refusal, map[string]string{"identifier": "identifier", "sm3": "identifier", "where": "where", "address": "address", "contact": "contact", "file": "file"})
	}
	return p.Page(w, r, status, "forgery-report", page)
}

// forgerySend takes a report and shows its receipt, which no other page does. What was wrong comes back with what was typed, except for a file.
func (p *Pages) forgerySend(w http.ResponseWriter, r *http.Request) error {
	typed, err := readReport(r.Header.Get("Content-Type"), http.MaxBytesReader(nil, r.Body, maxForgeryForm))
	var given forgery.Given
	if err == nil {
		given, err = p.Forgeries.Receive(r.Context(), typed)
	}
	if err != nil {
		if code := fault.CodeOf(err); slices.Contains([]fault.Code{fault.Invalid, fault.TooLarge, fault.TooManyRequests}, code) {
			return p.showForgeryForm(w, r, typed, err)
		}
		return err
	}
	w.Header().Set("Cache-Control", "private, no-store")
	return p.Page(w, r, http.StatusOK, "forgery-sent", web.Page{Self: forgeryStatusPath, Body: web.ForgerySentPage{Receipt: given.Receipt, Unreached: given.Unreached, At: given.At}})
}

func (p *Pages) forgeryStatusForm(w http.ResponseWriter, r *http.Request) error {
	return p.Page(w, r, http.StatusOK, "forgery-status", web.Page{Body: web.ForgeryStatusPage{}})
}

func (p *Pages) forgeryStatus(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(nil, r.Body, maxJSON)
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(err, fault.Malformed)
	}
	receipt := bounded(r.PostForm.Get("receipt"))
	body := web.ForgeryStatusPage{Receipt: receipt}
	page, status := web.Page{Self: forgeryStatusPath}, http.StatusOK
	found, err := p.Forgeries.Status(r.Context(), receipt)
	switch code := fault.CodeOf(err); {
	case err == nil:
		body.Found = &web.ForgeryStatus{State: string(found.State), Decision: string(found.Decision), Words: found.Words, Joined: found.Joined, At: found.At, DecidedAt: found.DecidedAt}
	case code == fault.ForgeryReceipt || code == fault.TooManyRequests:
		status = fault.MetaOf(code).Status
		page.Errors = p.Renderer.FieldErrors(r, err, map[string]string{"receipt": "receipt"})
	default:
		return err
	}
	w.Header().Set("Cache-Control", "private, no-store")
	page.Body = body
	return p.Page(w, r, status, "forgery-status", page)
}

// dateTime is a moment as consoles show it in lists.
func dateTime(t time.Time) string {
	if t.IsZero() {
		return "—"
	}
	return t.In(chinaTime).Format("2006-01-02 15:04")
}
