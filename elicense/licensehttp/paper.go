package licensehttp

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/web"
)

func registerPapers(to huma.API, a *api) {
	huma.Register(to, operation("print-license-paper", http.MethodPost, "/api/v1/licenses/{id}/papers", "Make a paper copy of a licence with a static signed code; for its holder. The code is given once and not kept"), a.printPaper)
	huma.Register(to, operation("list-my-license-papers", http.MethodGet, "/api/v1/me/license-papers", "List the paper copies of the signed-in holder, newest first"), a.papers)
	huma.Register(to, operation("withdraw-license-paper", http.MethodPost, "/api/v1/me/license-papers/{id}/withdrawal", "Withdraw a paper copy at once; one that was withdrawn or has ended stays as it is"), a.withdrawPaper)
}

// LicensePaperOrder says what is printed.
type LicensePaperOrder struct {
	View string `json:"view,omitempty" enum:"m,f" doc:"m masked, f full; the first that the type has when it is not given"`
	Days int    `json:"days,omitempty" minimum:"0" maximum:"366" doc:"For how long: 90, 30 or 365, 90 when it is not given. A paper ends with the licence at the latest"`
}

// LicensePaper is a paper copy.
type LicensePaper struct {
	ID          string     `json:"id" doc:"Printed on the paper"`
	License     string     `json:"license" doc:"id of the licence"`
	LicenseID   string     `json:"license_id"`
	TypeCode    string     `json:"license_type_code"`
	View        string     `json:"view"`
	PrintedAt   time.Time  `json:"printed_at"`
	ExpiresAt   time.Time  `json:"expires_at"`
	WithdrawnAt *time.Time `json:"withdrawn_at,omitempty"`
}

// LicensePrint is a paper copy to be printed.
type LicensePrint struct {
	LicensePaper
	Code  string   `json:"code" doc:"LZ1:…, for a QR code of error correction M, version 25 at most"`
	Lines []string `json:"lines" doc:"Text of the page, the title first; the code vouches for these lines"`
}

// LicensePaperList is a page of paper copies.
type LicensePaperList struct {
	Items []LicensePaper `json:"items"`
	Next  string         `json:"next,omitempty" doc:"Cursor of the next page, as after"`
}

func shownPaper(p elicense.Paper) LicensePaper {
	return LicensePaper{p.ID, p.License, p.LicenseID, p.TypeCode, p.Profile, p.IssuedAt, p.ExpiresAt, pointer(p.WithdrawnAt)}
}

type printPaperInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body LicensePaperOrder
}

type printPaperOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         LicensePrint
}

func (a *api) printPaper(ctx context.Context, in *printPaperInput) (*printPaperOutput, error) {
	p, err := a.service.PrintPaper(ctx, in.ID, elicense.PaperRequest{Profile: in.Body.View, Days: in.Body.Days})
	if err != nil {
		return nil, err
	}
	return &printPaperOutput{"no-store", LicensePrint{shownPaper(p.Paper), p.Code, p.Lines}}, nil
}

type papersOutput struct{ Body LicensePaperList }

func (a *api) papers(ctx context.Context, in *typesInput) (*papersOutput, error) {
	page, next, err := a.service.PapersOf(ctx, in.After, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &papersOutput{LicensePaperList{Items: []LicensePaper{}, Next: next}}
	for _, p := range page {
		out.Body.Items = append(out.Body.Items, shownPaper(p))
	}
	return out, nil
}

type paperInput struct {
	ID string `path:"id" maxLength:"64"`
}

func (a *api) withdrawPaper(ctx context.Context, in *paperInput) (*struct{}, error) {
	return nil, a.service.WithdrawPaper(ctx, in.ID)
}

// paperPages are the pages on which a holder prints a licence and withdraws prints.
func (p *Pages) paperPages() map[string]func(http.ResponseWriter, *http.Request) error {
	return map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /me/licenses/{id}/paper":             p.paperForm,
		"POST /me/licenses/{id}/paper":            p.paperPrint,
		"GET " + papersPath:                       p.paperList,
		"POST " + papersPath + "/{id}/withdrawal": p.paperWithdraw,
	}
}

const (
	papersPath = "/me/license-papers"
	papersPage = 20

	inputView, inputDays = "view", "days"
)

func (p *Pages) paperForm(w http.ResponseWriter, r *http.Request) error {
	return p.showPaperForm(w, r, "", "", nil)
}

func (p *Pages) showPaperForm(w http.ResponseWriter, r *http.Request, view, days string, problem error) error {
	d, err := p.Service.Find(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	text := func(key string, arguments ...string) string { return p.Renderer.Text(r, key, arguments...) }
	body := web.LicensePaperPage{
		Card: card(p.Service, d.License, d.Values, p.Renderer.Locale(r)), Action: r.URL.Path, PapersURL: papersPath,
		View: web.FormField{Name: inputView, Label: text("license.paper.view"), Hint: text("license.paper.view.hint"), Kind: "select", Value: view},
		Days: web.FormField{Name: inputDays, Label: text("license.paper.days"), Hint: text("license.paper.days.hint"), Kind: "select", Value: days},
	}
	if t := p.Service.TypeOf(d.License); t != nil {
		for _, profile := range elicense.PaperProfiles(t) {
			body.View.Options = append(body.View.Options, web.Option{Value: profile, Label: text("license.paper.view." + profile)})
		}
	}
	for _, n := range elicense.PaperDays() {
		days := strconv.Itoa(n)
		body.Days.Options = append(body.Days.Options, web.Option{Value: days, Label: text("license.paper.for", "n", days)})
	}
	page, status := web.Page{Body: body}, http.StatusOK
	if problem != nil {
		page.Errors, status = p.Renderer.FieldErrors(r, problem, nil), fault.MetaOf(fault.CodeOf(problem)).Status
	}
	return p.Page(w, r, status, "license-paper", page)
}

// paperPrint answers with the page for print itself: its code is not kept, so that no address leads to it.
func (p *Pages) paperPrint(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(err, fault.Malformed)
	}
	view, days := r.PostForm.Get(inputView), r.PostForm.Get(inputDays)
	n, err := strconv.Atoi(days)
	if err != nil {
		n = -1 // which the service refuses
	}
	printed, err := p.Service.PrintPaper(r.Context(), r.PathValue("id"), elicense.PaperRequest{Profile: view, Days: n})
	switch code := fault.CodeOf(err); {
	case code == fault.Invalid, code == fault.PapersMany, code == fault.LicenseFrozen, code == fault.LicenseState:
		return p.showPaperForm(w, r, bounded(view), bounded(days), err)
	case err != nil:
		return err
	}
	code, err := web.NewQR(printed.Code)
	if err != nil {
		return err
	}
	return p.Page(w, r, http.StatusOK, "license-print", web.Page{Body: web.LicensePrintPage{Lines: printed.Lines, QR: code, Code: printed.Code, PapersURL: papersPath}})
}

func (p *Pages) paperList(w http.ResponseWriter, r *http.Request) error {
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	page, next, err := p.Service.PapersOf(r.Context(), after, papersPage)
	if err != nil {
		return err
	}
	locale := p.Renderer.Locale(r)
	body := web.LicensePapersPage{NextURL: pagemark.Onward(r, papersPath, next)}
	for _, one := range page {
		row := web.LicensePaperRow{ID: one.ID, License: one.TypeCode, Number: one.LicenseID, View: one.Profile, State: p.Service.PaperState(one), PrintedAt: one.IssuedAt, ExpiresAt: one.ExpiresAt, WithdrawnAt: pointer(one.WithdrawnAt)}
		if t, ok := p.Service.Types().Find(one.TypeCode); ok {
			row.License = t.Name.In(locale)
		}
		if row.State == elicense.PaperOut {
			row.WithdrawURL = papersPath + "/" + url.PathEscape(one.ID) + "/withdrawal"
		}
		body.Papers = append(body.Papers, row)
	}
	return p.Page(w, r, http.StatusOK, "license-papers", web.Page{Body: body})
}

func (p *Pages) paperWithdraw(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if err := p.Service.WithdrawPaper(r.Context(), id); err != nil {
		return err
	}
	http.Redirect(w, r, papersPath+"#"+url.PathEscape(id), http.StatusSeeOther)
	return nil
}
