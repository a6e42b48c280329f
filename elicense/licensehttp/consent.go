package licensehttp

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

func registerConsents(to huma.API, a *api) {
	huma.Register(to, operation("list-my-license-consents", http.MethodGet, "/api/v1/me/license-consents", "List the grants of other holders for which the signed-in co-owner is or was asked, newest first"), a.consents)
	huma.Register(to, operation("answer-license-consent", http.MethodPost, "/api/v1/me/license-consents/{id}/answer", "Agree to a grant of another holder, refuse it, or withdraw; agreeing asks for a login of the last five minutes"), a.answerConsent)
}

// LicenseConsent is what a co-owner is asked, with the grant that it is about.
type LicenseConsent struct {
	Grant      LicenseGrant `json:"grant"`
	By         string       `json:"by,omitempty" doc:"Masked name of the holder who gave it"`
	Answer     string       `json:"answer" enum:"asked,agreed,refused,withdrawn"`
	AskedAt    time.Time    `json:"asked_at"`
	AnsweredAt *time.Time   `json:"answered_at,omitempty"`
}

// LicenseConsentList is a page of them.
type LicenseConsentList struct {
	Items []LicenseConsent `json:"items"`
	Next  string           `json:"next,omitempty" doc:"Cursor of the next page, as after"`
}

type consentsOutput struct{ Body LicenseConsentList }

func (a *api) consentOf(c elicense.AskedConsent) LicenseConsent {
	return LicenseConsent{Grant: a.grantOf(c.Of), By: c.By, Answer: consentWord(c.Answer), AskedAt: c.AskedAt, AnsweredAt: pointer(c.AnsweredAt)}
}

// consentWord is the word for an answer, also for none.
func consentWord(answer elicense.ConsentAnswer) string {
	if answer == elicense.ConsentAsked {
		return "asked"
	}
	return string(answer)
}

func (a *api) consents(ctx context.Context, in *typesInput) (*consentsOutput, error) {
	page, next, err := a.service.ConsentsOf(ctx, in.After, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &consentsOutput{LicenseConsentList{Items: []LicenseConsent{}, Next: next}}
	for _, c := range page {
		out.Body.Items = append(out.Body.Items, a.consentOf(c))
	}
	return out, nil
}

// LicenseConsentAnswer is what a co-owner says.
type LicenseConsentAnswer struct {
	Answer string `json:"answer" enum:"agreed,refused,withdrawn" doc:"withdrawn ends a grant that was agreed to"`
}

type consentInput struct {
	ID   string `path:"id" maxLength:"64" doc:"Of the grant"`
	Body LicenseConsentAnswer
}

type consentOutput struct{ Body LicenseConsent }

func (a *api) answerConsent(ctx context.Context, in *consentInput) (*consentOutput, error) {
	c, err := a.service.AnswerConsent(ctx, in.ID, elicense.ConsentAnswer(in.Body.Answer))
	if err != nil {
		return nil, err
	}
	return &consentOutput{a.consentOf(c)}, nil
}

// consentPages are the pages on which a co-owner answers.
func (p *Pages) consentPages() map[string]func(http.ResponseWriter, *http.Request) error {
	return map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /me/license-consents":              p.consentList,
		"POST /me/license-consents/{id}/answer": p.consentAnswer,
	}
}

const (
	consentsPath = "/me/license-consents"
	consentsPage = 20
)

func (p *Pages) consentList(w http.ResponseWriter, r *http.Request) error {
	return p.showConsents(w, r, nil)
}

func (p *Pages) showConsents(w http.ResponseWriter, r *http.Request, problem error) error {
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	page, next, err := p.Service.ConsentsOf(r.Context(), after, consentsPage)
	if err != nil {
		return err
	}
	locale := p.Renderer.Locale(r)
	body := web.LicenseConsentsPage{NextURL: pagemark.Onward(r, consentsPath, next)}
	for _, c := range page {
		row := web.LicenseConsentRow{
			ID: c.Grant, By: c.By, License: c.Of.TypeCode, Receiver: p.Service.GranteeName(r.Context(), c.Of.Grantee), Purpose: purposeName(c.Of.Purpose, locale), Kind: string(c.Of.Kind), Answer: consentWord(c.Answer),
			State: p.Service.GrantState(c.Of), Uses: c.Of.Uses, Hours: int(c.Of.Expires.Sub(c.Of.CreatedAt).Hours()), ExpiresAt: c.Of.Expires, DecideBy: c.Of.DecideBy, AskedAt: c.AskedAt, AnswerURL: consentsPath + "/" + c.Grant + "/answer",
			MayAnswer: p.Service.MayAnswer(c), MayWithdraw: p.Service.MayWithdraw(c),
		}
		if t, ok := p.Service.Types().Find(c.Of.TypeCode); ok {
			row.License = t.Name.In(locale)
			for _, key := range c.Of.Fields {
				row.Fields = append(row.Fields, t.Label(key, locale))
			}
		}
		body.Consents = append(body.Consents, row)
	}
	if !p.Service.FreshForGrant(reqctx.From(r.Context()).Actor) && p.LoginURL != nil {
		body.LoginURL = p.LoginURL(consentsPath)
	}
	status, shown := http.StatusOK, web.Page{Body: body}
	if problem != nil {
		shown.Errors, status = p.Renderer.FieldErrors(r, problem, nil), fault.MetaOf(fault.CodeOf(problem)).Status
	}
	return p.Page(w, r, status, "license-consents", shown)
}

func (p *Pages) consentAnswer(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(err, fault.Malformed)
	}
	_, err := p.Service.AnswerConsent(r.Context(), r.PathValue("id"), elicense.ConsentAnswer(r.PostForm.Get("answer")))
	switch code := fault.CodeOf(err); {
	case code == fault.LoginNotFresh || code == fault.ConsentOver || code == fault.ConsentDecided:
		return p.showConsents(w, r, err)
	case err != nil:
		return err
	}
	http.Redirect(w, r, consentsPath+"#"+r.PathValue("id"), http.StatusSeeOther)
	return nil
}
