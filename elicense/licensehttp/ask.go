package licensehttp

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

func registerAsks(to huma.API, a *api) {
	huma.Register(to, operation("ask-for-license", http.MethodPost, "/api/v1/license-requests", "Make a request to be shown a licence, for a QR code; good for five minutes. With the token of an application the holder is told its department"), a.ask)
}

// LicenseAskOrder says what is asked for.
type LicenseAskOrder struct {
	Purpose string `json:"purpose_code,omitempty" maxLength:"8" doc:"Code of the list of purposes, which the holder is told"`
	Profile string `json:"profile,omitempty" enum:"p,m,f" doc:"View: p predicates, m masked (usual), f full"`
}

// LicenseAsk is a request.
type LicenseAsk struct {
	Request   string    `json:"request" doc:"For request of present-license"`
	URL       string    `json:"url" doc:"What the QR code holds: the page on which a holder answers"`
	Challenge string    `json:"challenge" doc:"For challenge of verify: 8 octets in base64url"`
	Who       string    `json:"who,omitempty" doc:"As the holder is told"`
	ExpiresAt time.Time `json:"expires_at"`
}

type askInput struct{ Body LicenseAskOrder }

type askOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         LicenseAsk
}

func (a *api) ask(ctx context.Context, in *askInput) (*askOutput, error) {
	who, err := a.department(ctx)
	if err != nil {
		return nil, err
	}
	ask, text, err := a.service.NewAsk(ctx, in.Body.Purpose, in.Body.Profile, who)
	if err != nil {
		return nil, err
	}
	return &askOutput{CacheControl: "no-store", Body: LicenseAsk{Request: text, URL: a.service.AskURL(text), Challenge: challengeText(ask), Who: ask.Who, ExpiresAt: ask.Ends()}}, nil
}

// department is the name and code of the department whose application asks; empty for anybody else.
func (a *api) department(ctx context.Context) (string, error) {
	actor := reqctx.From(ctx).Actor
	if !actor.Machine() {
		return "", nil
	}
	grantee, err := a.service.Grantee(ctx, actor.Client)
	if err != nil {
		return "", err
	}
	return grantee.Name + " " + grantee.Code, nil
}

func challengeText(a elicense.Ask) string { return base64.RawURLEncoding.EncodeToString(a.Nonce[:]) }

// askPages are those of who asks to be shown a licence, and of the holder who answers.
func (p *Pages) askPages() map[string]func(http.ResponseWriter, *http.Request) error {
	return map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /verify/ask":                p.askForm,
		"POST /verify/ask":               p.askSubmit,
		"GET /me/license-requests":       p.answerChoose,
		"GET /me/licenses/{id}/answer":   p.answerPreview,
		"POST /me/licenses/{id}/respond": p.answerAgree,
		"GET /me/licenses/{id}/respond":  p.answerShow,
	}
}

const (
	askPath      = "/verify/ask"
	answerPath   = "/me/license-requests"
	inputAsk     = "ask"
	inputName    = "ask-name"
	answersPage  = 20
	inputProfile = "profile"
)

// askForm is the form, or with a request in its address the code to be scanned.
func (p *Pages) askForm(w http.ResponseWriter, r *http.Request) error {
	text := bounded(r.URL.Query().Get(inputAsk))
	if text == "" {
		return p.showAskForm(w, r, "", "m", nil)
	}
	a, err := p.Service.ReadAsk(r.Context(), text)
	if err != nil {
		return p.showAskForm(w, r, "", "m", err)
	}
	address := p.Service.AskURL(text)
	code, err := web.NewQR(address)
	if err != nil {
		return err
	}
	body := web.LicenseAskPage{
		QR: code, URL: address, Facts: p.askFacts(r, a), ExpiresAt: a.Ends(), Again: askPath,
		Code:   web.FormField{Name: "verify-code", Label: p.Renderer.Text(r, "verify.code"), Hint: p.Renderer.Text(r, "verify.code.hint"), Max: 4096},
		Hidden: []web.Hidden{{Name: "verify-challenge", Value: challengeText(a)}, {Name: inputAsk, Value: text}},
	}
	return p.Page(w, r, http.StatusOK, "license-ask", web.Page{Body: body})
}

func (p *Pages) showAskForm(w http.ResponseWriter, r *http.Request, purpose, profile string, problem error) error {
	text := func(key string) string { return p.Renderer.Text(r, key) }
	locale := p.Renderer.Locale(r)
	body := web.LicenseAskPage{
		Purpose: web.FormField{Name: inputPurpose, Label: text("license.ask.purpose"), Kind: web.InputSelect, Value: purpose, Options: []web.Option{{Label: text("license.ask.purpose.none")}}},
		Profile: web.FormField{Name: inputProfile, Label: text("license.ask.profile"), Kind: web.InputSelect, Value: profile},
	}
	for _, one := range elicense.Purposes() {
		body.Purpose.Options = append(body.Purpose.Options, web.Option{Value: one.Code, Label: one.Name.In(locale)})
	}
	for _, one := range elicense.AskProfiles() {
		body.Profile.Options = append(body.Profile.Options, web.Option{Value: one, Label: text("license.ask.profile." + one)})
	}
	name, err := p.askerName(r)
	if err != nil {
		return err
	}
	body.Name = name
	page, status := web.Page{Body: body}, http.StatusOK
	if problem != nil {
		page.Errors, status = p.Renderer.FieldErrors(r, problem, nil), fault.MetaOf(fault.CodeOf(problem)).Status
	}
	return p.Page(w, r, status, "license-ask", page)
}

// askerName is what a holder would be told of who is signed in; empty for nobody.
func (p *Pages) askerName(r *http.Request) (string, error) {
	if p.AskerName == nil {
		return "", nil
	}
	return p.AskerName(r.Context())
}

func (p *Pages) askSubmit(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(err, fault.Malformed)
	}
	who := ""
	if r.PostForm.Get(inputName) == "1" {
		var err error
		if who, err = p.askerName(r); err != nil {
			return err
		}
	}
	purpose, profile := r.PostForm.Get(inputPurpose), r.PostForm.Get(inputProfile)
	_, text, err := p.Service.NewAsk(r.Context(), purpose, profile, who)
	switch {
	case fault.CodeOf(err) == fault.Invalid:
		return p.showAskForm(w, r, bounded(purpose), bounded(profile), err)
	case err != nil:
		return err
	}
	http.Redirect(w, r, askPath+"?"+url.Values{inputAsk: {text}}.Encode(), http.StatusSeeOther)
	return nil
}

// askFacts are what a request says, for both sides.
func (p *Pages) askFacts(r *http.Request, a elicense.Ask) []web.ShownField {
	text := func(key string) string { return p.Renderer.Text(r, key) }
	who, purpose := a.Who, text("license.ask.purpose.none")
	if who == "" {
		who = text("license.ask.who.none")
	}
	if a.Purpose != "" {
		purpose = purposeName(a.Purpose, p.Renderer.Locale(r))
	}
	return []web.ShownField{{Label: text("license.ask.who"), Value: who}, {Label: text("license.ask.purpose"), Value: purpose}, {Label: text("license.ask.profile"), Value: text("license.ask.profile." + a.Profile)}}
}

// answerChoose is where the code of a request leads to: who asks for what, and which licences there are to answer with. Without a request it takes one that
// was passed on as text.
func (p *Pages) answerChoose(w http.ResponseWriter, r *http.Request) error {
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	text := bounded(r.URL.Query().Get(inputAsk))
	body := web.LicenseAnswerPage{Ask: web.FormField{Name: inputAsk, Label: p.Renderer.Text(r, "license.answer.ask"), Hint: p.Renderer.Text(r, "license.answer.ask.hint"), Value: text, Max: 1000}, Action: answerPath}
	page, status := web.Page{}, http.StatusOK
	if text != "" {
		a, err := p.Service.ReadAsk(r.Context(), text)
		switch code := fault.CodeOf(err); {
		case code == fault.AskMalformed || code == fault.AskOver:
			page.Errors, status = p.Renderer.FieldErrors(r, err, nil), fault.MetaOf(code).Status
			page.Errors[0].Field = inputAsk
		case err != nil:
			return err
		default:
			licenses, next, err := p.Service.Grantable(r.Context(), "", after, answersPage)
			if err != nil {
				return err
			}
			body.Facts, body.Unsaid, body.ExpiresAt = p.askFacts(r, a), a.Who == "", a.Ends()
			query := url.Values{inputAsk: {text}}.Encode()
			body.NextURL = pagemark.Onward(r, answerPath+"?"+query, next)
			for _, l := range licenses {
				body.Licenses = append(body.Licenses, web.Link{Label: typeName(p.Service, l, p.Renderer.Locale(r)) + " · " + l.LicenseID, URL: "/me/licenses/" + url.PathEscape(l.ID) + "/answer?" + query})
			}
		}
	}
	page.Body = body
	return p.Page(w, r, status, "license-answer", page)
}

// answerPreview shows exactly what would be shown to whom, and shows nothing yet.
func (p *Pages) answerPreview(w http.ResponseWriter, r *http.Request) error {
	text := bounded(r.URL.Query().Get(inputAsk))
	answer, err := p.Service.PreviewAnswer(r.Context(), r.PathValue("id"), text, p.Renderer.Locale(r))
	if err != nil {
		return err
	}
	query := url.Values{inputAsk: {text}}.Encode()
	body := web.LicenseAnswerPage{
		Facts: p.askFacts(r, answer.Ask), Unsaid: answer.Ask.Who == "", ExpiresAt: answer.Ask.Ends(),
		ShowURL: respondPath(r.PathValue("id")), Hidden: []web.Hidden{{Name: inputAsk, Value: text}}, BackURL: answerPath + "?" + query,
	}
	for _, f := range answer.Fields {
		body.Fields = append(body.Fields, web.ShownField{Label: f.Label, Value: f.Value})
	}
	return p.Page(w, r, http.StatusOK, "license-answer", web.Page{Body: body})
}

func respondPath(id string) string { return "/me/licenses/" + url.PathEscape(id) + "/respond" }

// answerAgree shows what the holder saw and agreed to. It takes a form alone: no link leads past the page that says what is shown.
func (p *Pages) answerAgree(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(err, fault.Malformed)
	}
	text := bounded(r.PostForm.Get(inputAsk))
	shown, _, err := p.Service.ShowAnswer(r.Context(), r.PathValue("id"), text, "")
	if err != nil {
		return err
	}
	http.Redirect(w, r, respondPath(r.PathValue("id"))+"?"+url.Values{inputAsk: {text}, "p": {shown.ID}}.Encode(), http.StatusSeeOther)
	return nil
}

// answerShow draws the code of the current step of an answer that was agreed to, as present does.
func (p *Pages) answerShow(w http.ResponseWriter, r *http.Request) error {
	id, text, again := r.PathValue("id"), bounded(r.URL.Query().Get(inputAsk)), r.URL.Query().Get("p")
	if again == "" {
		http.Redirect(w, r, "/me/licenses/"+url.PathEscape(id)+"/answer?"+url.Values{inputAsk: {text}}.Encode(), http.StatusSeeOther)
		return nil
	}
	shown, a, err := p.Service.ShowAnswer(r.Context(), id, text, again)
	if err != nil {
		return err
	}
	return p.showCode(w, r, id, shown, p.askFacts(r, a))
}
