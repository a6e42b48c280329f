package licensehttp

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/forgery"
	"github.com/yinxin-gov/yinxin/esign/render"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

// Pages serves the pages of the room. It stands behind the edge, which knows who is signed in and refuses forms from
// other origins.
type Pages struct {
	web.Site
	Service *elicense.Service
	Reports Reports // nil where reports are not sealed
	Acting  Acting  // for whom somebody acts; nil where nobody does
	// AskerName is what a holder is told of who is signed in and asks to be shown a licence; nil and empty say nothing.
	AskerName func(ctx context.Context) (string, error)
	// Forgeries takes reports of suspected forgeries; nil where none are taken.
	Forgeries *forgery.Service
	Rand      io.Reader     // keys of forms
	Faces     render.Faces  // draw letters whose fonts are not in a file that is verified
	drawing   chan struct{} // one place for each file whose pages are being drawn
}

// Routes adds the pages.
func (p *Pages) Routes(mux *http.ServeMux) {
	p.drawing = make(chan struct{}, maxDrawing)
	p.Handle(mux, map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /license":                  p.issuerList,
		"GET " + FormPath:               p.issuerForm,
		"POST " + FormPath:              p.issuerSubmit,
		"GET /license/{id}":             p.issuerDetail,
		"GET /license/{id}/file":        p.download,
		"POST /license/{id}/{action}":   p.issuerAction,
		"GET /verify":                   p.verifyForm,
		"POST /verify":                  p.verifySubmit,
		"POST /verify/picture":          p.verifyPicture,
		"POST /verify/report":           p.sealedReport,
		"GET /verify/trust":             p.verifyTrust,
		"GET /verify/letters":           p.verifyLetters,
		"GET /me/licenses":              p.wallet,
		"GET /me/licenses/{id}/file":    p.download,
		"GET /me/licenses/{id}/present": p.present,
	})
	p.Handle(mux, p.typePages())
	p.Handle(mux, p.draftPages())
	p.Handle(mux, p.grantPages())
	p.Handle(mux, p.askPages())
	p.Handle(mux, p.consentPages())
	p.Handle(mux, p.freezePages())
	p.Handle(mux, p.applicationPages())
	p.Handle(mux, p.paperPages())
	p.Handle(mux, p.orderPages())
	p.Handle(mux, p.batchPages())
	p.Handle(mux, p.statisticsPages())
	p.Handle(mux, p.listPages())
	p.Handle(mux, p.importPages())
	p.Handle(mux, p.rulingPages())
	if p.Acting != nil {
		p.Handle(mux, p.actingPages())
	}
	if p.Forgeries != nil {
		p.Handle(mux, p.forgeryPages())
	}
}

// stateWord is the word that pages have for a licence's state: its status when it is in force.
func stateWord(l elicense.License) string {
	if l.State == elicense.StateActive {
		return l.Status
	}
	return workWord(l.State)
}

// workWord is the word of a licence that is not in force yet.
func workWord(state elicense.State) string {
	switch state {
	case elicense.StateInReview:
		return "pending_review"
	case elicense.StateReturned:
		return "returned"
	case elicense.StateRejected:
		return "not_approved"
	}
	return string(state)
}

func typeName(service *elicense.Service, l elicense.License, locale string) string {
	if t := service.TypeOf(l); t != nil {
		return t.Name.In(locale)
	}
	return l.TypeCode
}

// chinaTime is the zone of dates on licences.
var chinaTime = time.FixedZone("UTC+8", 8*60*60)

// card shows a licence; values may be nil for lists.
func card(service *elicense.Service, l elicense.License, values catalog.Values, locale string) web.LicenseCard {
	c := web.LicenseCard{Title: typeName(service, l, locale), Status: stateWord(l), Updated: l.UpdatedAt}
	if values == nil {
		return c
	}
	c.Issuer = values.First(catalog.KeyAuthority)
	names, number := slices.Clone(values[catalog.KeyHolderName]), values.First(catalog.KeyLicenseNumber)
	if t := service.TypeOf(l); t != nil {
		mask := func(key, value string) string {
			if f, ok := t.Field(key); ok {
				return f.Masking.Apply(value)
			}
			return value
		}
		for i := range names {
			names[i] = mask(catalog.KeyHolderName, names[i])
		}
		number = mask(catalog.KeyLicenseNumber, number)
	}
	c.Holder, c.Number = strings.Join(names, "、"), number
	c.DaysLeft, c.Ending = service.DaysLeft(l, values)
	if end, err := time.ParseInLocation("20060102", values.First(catalog.KeyExpiringDate), chinaTime); err == nil {
		c.ValidTo = &end
	}
	return c
}

// Cards are the licences of a person as cards, for the page /me.
func Cards(ctx context.Context, service *elicense.Service) ([]web.LicenseCard, error) {
	page, _, err := service.Mine(ctx, "", 50)
	if err != nil {
		return nil, err
	}
	locale := reqctx.From(ctx).Locale
	var cards []web.LicenseCard
	for _, l := range page {
		d, err := service.Find(ctx, l.ID)
		if err != nil {
			return nil, err
		}
		c := card(service, d.License, d.Values, locale)
		c.DownloadURL = "/me/licenses/" + l.ID + "/file"
		c.Reading = readings(service, l, c.DownloadURL, locale)
		all, one, err := service.UseFrozen(ctx, l)
		if err != nil {
			return nil, err
		}
		c.Frozen = all || one
		if l.Status == catalog.StatusValid && !c.Frozen {
			c.PresentURL, c.GrantURL = "/me/licenses/"+l.ID+"/present", "/me/licenses/"+l.ID+"/grant"
			c.PaperURL = "/me/licenses/" + l.ID + "/paper"
		}
		switch window, ok := service.RenewalWindow(l, d.Values); {
		case !ok, window.Over:
		case window.Open:
			c.RenewURL = renewalURL(l.ID)
		default:
			c.RenewFrom = &window.From
		}
		cards = append(cards, c)
	}
	imported, err := importCards(ctx, service)
	return append(cards, imported...), err
}

// wallet is a place on the page /me.
func (p *Pages) wallet(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, "/me", http.StatusSeeOther)
	return nil
}

// present draws the code of the current step and comes again for the next one.
func (p *Pages) present(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	shown, err := p.Service.Present(r.Context(), id, elicense.PresentRequest{Presentation: r.URL.Query().Get("p")})
	if err != nil {
		return err
	}
	if r.URL.Query().Get("p") == "" { // the address of this showing, so that a reload does not mint another
		http.Redirect(w, r, r.URL.Path+"?"+url.Values{"p": {shown.ID}}.Encode(), http.StatusSeeOther)
		return nil
	}
	return p.showCode(w, r, id, shown, nil)
}

// showCode draws a code; asked is whose request it answers and what that says.
func (p *Pages) showCode(w http.ResponseWriter, r *http.Request, id string, shown elicense.Shown, asked []web.ShownField) error {
	d, err := p.Service.Find(r.Context(), id)
	if err != nil {
		return err
	}
	code, err := web.NewQR(shown.Code)
	if err != nil {
		return err
	}
	body := web.LicensePresentPage{Asked: asked, StopURL: p.stopURL(r), Card: card(p.Service, d.License, d.Values, p.Renderer.Locale(r)), Code: shown.Code, QR: code, ExpiresAt: shown.ExpiresAt}
	for _, f := range shown.Fields {
		body.Fields = append(body.Fields, web.ShownField{Label: f.Label, Value: f.Value})
	}
	return p.Page(w, r, http.StatusOK, "license-present", web.Page{RefreshSeconds: 15, Body: body})
}

// sendOFD sends a document to who may have it.
func sendOFD(w http.ResponseWriter, name string, content []byte) {
	h := w.Header()
	h.Set("Content-Type", ofdType)
	h.Set("Content-Disposition", attachment(name))
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(content) // a caller that went away is no fault of ours
}

func (p *Pages) verifyForm(w http.ResponseWriter, r *http.Request) error {
	return p.Page(w, r, http.StatusOK, "verify", web.Page{Body: web.VerifyPage{Number: r.URL.Query().Get("license_id"), ReportURL: p.forgeryURL()}})
}

// verifySubmit judges a file, a code or a number and shows the report. The file is judged in memory and forgotten.
func (p *Pages) verifySubmit(w http.ResponseWriter, r *http.Request) error {
	results, files, typed, err := p.judge(r)
	if err != nil {
		return p.verifyFailed(w, r, err, typed)
	}
	return p.showVerified(w, r, results, files)
}

// verifyFailed shows the form again with what was typed.
func (p *Pages) verifyFailed(w http.ResponseWriter, r *http.Request, err error, typed web.VerifyPage) error {
	code := fault.CodeOf(err)
	if code == fault.Unavailable || code == fault.Internal {
		return err
	}
	typed.ReportURL = p.forgeryURL()
	return p.Page(w, r, fault.MetaOf(code).Status, "verify", web.Page{Errors: p.Renderer.FieldErrors(r, err, nil), Body: typed})
}

// showVerified shows a report.
func (p *Pages) showVerified(w http.ResponseWriter, r *http.Request, results []verify.Result, files []upload) error {
	report, err := encodeReport(results...)
	if err != nil {
		return err
	}
	body, err := web.NewVerifyResult(report, p.Renderer.Locale(r))
	if err != nil {
		return err
	}
	if body.Held, err = p.hold(r, report); err != nil {
		return err
	}
	p.draw(r, body.Results, results, files)
	if address := p.forgeryURL(); address != "" {
		body.OfferForgeryReport(address)
	}
	return p.Page(w, r, http.StatusOK, "verify-result", web.Page{Body: body})
}

// judge gives the results of files with the files themselves, or that of a code or number without one.
func (p *Pages) judge(r *http.Request) (results []verify.Result, files []upload, typed web.VerifyPage, err error) {
	contentType := r.Header.Get("Content-Type")
	if strings.HasPrefix(contentType, "multipart/form-data") {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxUploadForm+1))
		if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok || len(body) > maxUploadForm {
			return nil, nil, typed, fault.Wrap(tooLargeError(tooLarge), fault.TooLarge, "limit", "50 MB")
		}
		if err != nil {
			return nil, nil, typed, fault.Wrap(err, fault.Malformed)
		}
		// The page names its input verify-file; the API calls the same part file.
		results, files, err = judgeForm(r.Context(), p.Service, contentType, body, "verify-file")
		return results, files, typed, err
	}
	r.Body = http.MaxBytesReader(nil, r.Body, maxVerifyForm)
	if err := r.ParseForm(); err != nil {
		return nil, nil, typed, fault.Wrap(err, fault.Malformed)
	}
	typed = web.VerifyPage{Code: bounded(r.PostForm.Get("verify-code")), Number: bounded(r.PostForm.Get("verify-number")), Challenge: bounded(r.PostForm.Get("verify-challenge")), PageText: r.PostForm.Get("verify-page-text")}
	// A code may hold and even end with blanks (RFC 9285), so only line ends around it are dropped.
	order := VerificationOrder{Code: strings.Trim(r.PostForm.Get("verify-code"), "\r\n\t"), PageText: strings.ReplaceAll(typed.PageText, "\r", ""), Challenge: r.PostForm.Get("verify-challenge"), LicenseID: strings.TrimSpace(r.PostForm.Get("verify-number")), Check: r.PostForm.Get("verify-check")}
	if order.Challenge != "" { // who asked has the code of a telephone, and no paper
		order.PageText = ""
	}
	result, err := judgeOrder(r.Context(), p.Service, order)
	return []verify.Result{result}, nil, typed, err
}

func tooLargeError(err *http.MaxBytesError) error {
	if err == nil {
		return nil
	}
	return err
}

func bounded(text string) string {
	if len(text) > 4096 {
		return ""
	}
	return text
}
