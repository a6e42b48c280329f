package idphttp_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authflow"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/federation"
	"github.com/yinxin-gov/yinxin/idp/idphttp"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/registry"
	"github.com/yinxin-gov/yinxin/internal/i18n"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/internal/walk"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/web"
)

const (
	mobile   = "13800138000"
	password = "Correct-horse-9"
	name     = "张三"
	number   = "11010519491231002X"
)

var ctx = context.Background()

// flows keeps logins in progress of the tests.
type flows struct {
	idphttp.FlowStore // what these pages do not use
	mutex             sync.Mutex
	bodies            map[string][]byte
	browsers          map[string]string
	consents          []idp.Consent
}

func (f *flows) PutFlow(_ context.Context, id string, browser, body []byte, _, _ time.Time) error {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.bodies[id], f.browsers[id] = body, string(browser)
	return nil
}

func (f *flows) Flow(_ context.Context, id string, browser []byte, _ time.Time) ([]byte, time.Time, error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if body, ok := f.bodies[id]; ok && f.browsers[id] == string(browser) {
		return body, idptest.Start, nil
	}
	return nil, time.Time{}, idp.ErrNotFound
}

func (f *flows) ConsentsOf(context.Context, string) ([]idp.Consent, error) {
	return f.consents, nil
}

// site is the pages of people over a world.
type site struct {
	*idptest.World
	Twin   *idptest.Twin
	Faulty *idptest.Faulty
	Flows  *flows
	URL    string
	woken  int
}

func open(t *testing.T) *site {
	t.Helper()
	twin := idptest.NewTwin()
	faulty := &idptest.Faulty{Store: twin}
	s := &site{World: idptest.NewWorld(t, faulty), Twin: twin, Faulty: faulty, Flows: &flows{bodies: map[string][]byte{}, browsers: map[string]string{}}}
	catalogue, err := i18n.New(i18n.Config{})
	if err != nil {
		t.Fatal(err)
	}
	pages, err := web.New(web.Config{Catalogue: catalogue})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request := reqctx.Request{ID: "req_1", SupportCode: "SUPPORT1", Locale: i18n.Choose(r), ClientIP: "192.0.2.1", UserAgent: r.UserAgent()}
		mux.ServeHTTP(w, r.WithContext(reqctx.With(r.Context(), request)))
	}))
	t.Cleanup(server.Close)
	s.URL = server.URL
	idphttp.New(idphttp.Config{
		Issuer: s.URL, Pages: pages, Clients: s.Clients, Accounts: s.Accounts, Sessions: s.Sessions, Flows: s.Flows, Passwords: s.Passwords, Password: s.Login,
		Codes: s.Codes, Ways: s.Ways, Steps: s.Steps, Devices: s.Devices, QR: s.QR, Proofing: s.Proofing, Ring: s.Ring, Encode: s.Encode, Inbox: faulty, Wake: func() { s.woken++ },
		Portals: func() []web.Link { return nil }, Licenses: func(context.Context, string) ([]web.LicenseCard, error) { return nil, nil }, Now: s.Clock.Now, Rand: ident.System(),
		Bridges: idphttp.Bridges{Federation: federation.New(federation.Config{Sources: registry.New[federation.Source](federation.Kind, nil, s.Ring, s.Clock.Now)})},
	}).PageRoutes(mux)
	return s
}

// visit opens a page in the browser.
func (s *site) visit(t *testing.T, b *walk.Browser, path string) *walk.Page {
	t.Helper()
	if err := b.Open(ctx, s.URL+path); err != nil {
		t.Fatal(err)
	}
	return b.Page
}

func fill(t *testing.T, b *walk.Browser, fields map[string]string) *walk.Page {
	t.Helper()
	if err := b.Submit(ctx, fields); err != nil {
		t.Fatal(err)
	}
	return b.Page
}

func wants(t *testing.T, p *walk.Page, status int, path string, ids ...string) {
	t.Helper()
	if p.Status != status || p.URL.Path != path {
		t.Errorf("%d on %s, want %d on %s: %s", p.Status, p.URL, status, path, p.Text)
	}
	for _, id := range ids {
		if !p.Has(id) {
			t.Errorf("%s has no element %s", p.URL.Path, id)
		}
	}
}

// marked reports whether an input is shown as wrong, with its message.
func marked(p *walk.Page, id string) bool {
	return p.Has(id+"-error") && regexp.MustCompile(`<input id="`+id+`"[^>]*aria-invalid="true"`).MatchString(p.Source)
}

func (s *site) signIn(t *testing.T, identifier string) *walk.Browser {
	t.Helper()
	b := walk.New(nil)
	s.visit(t, b, "/login")
	wants(t, fill(t, b, map[string]string{"login-identifier": identifier, "login-password": password}), http.StatusOK, "/me", "identity")
	return b
}

// TestElementIdsOfTheContract: design contract 3.3; each name equals its id.
func TestElementIdsOfTheContract(t *testing.T) {
	s := open(t)
	s.Account(t, mobile, password)
	b := walk.New(nil)
	check := func(p *walk.Page, ids ...string) {
		t.Helper()
		wants(t, p, http.StatusOK, p.URL.Path, ids...)
		for _, id := range ids {
			if !regexp.MustCompile(`id="` + id + `"[^>]*name="` + id + `"|name="` + id + `"[^>]*id="` + id + `"`).MatchString(p.Source) {
				t.Errorf("%s: the name of %s is another", p.URL.Path, id)
			}
		}
		// But for the one that warns before the end, and the one that shows a password.
		if strings.Contains(regexp.MustCompile(`<script type="module" src="/static/(session|reveal)\.js`).ReplaceAllString(p.Source, ""), "<script") {
			t.Errorf("%s needs scripts", p.URL.Path)
		}
	}
	check(s.visit(t, b, "/login"), "login-identifier", "login-password", "login-submit")
	check(s.visit(t, b, "/login/code"), "register-identifier", "register-submit")
	check(s.visit(t, b, "/register"), "register-identifier", "register-submit")
	check(fill(t, b, map[string]string{"register-identifier": "13900139000"}), "otp-code", "otp-submit")
	check(fill(t, b, map[string]string{"otp-code": s.Code(t, "+8613900139000")}), "password-new", "password-submit")
	check(s.visit(t, s.signIn(t, mobile), "/proofing?ial=2"), "proofing-name", "proofing-number", "proofing-mobile", "proofing-submit")
	if p := s.visit(t, walk.New(nil), "/login?flow=flow_none"); p.Status != http.StatusBadRequest || !p.Has("error-code") {
		t.Errorf("error page: %d", p.Status)
	}
}

func TestLoginKeepsWhatWasTypedButNeverThePassword(t *testing.T) {
	s := open(t)
	s.Account(t, mobile, password)
	b := walk.New(nil)
	s.visit(t, b, "/login")
	for range 3 {
		p := fill(t, b, map[string]string{"login-identifier": "138 0013 8000", "login-password": "wrong-password"})
		wants(t, p, http.StatusUnauthorized, "/login", "login-submit")
		if p.Hidden("login-identifier") != "138 0013 8000" || strings.Contains(p.Source, "wrong-password") || !marked(p, "login-password") {
			t.Errorf("kept %q: %s", p.Hidden("login-identifier"), p.Source)
		}
	}
	wants(t, fill(t, b, map[string]string{"login-password": password}), http.StatusOK, "/me", "identity")
}

func TestLockedLoginSaysWhenToComeAgain(t *testing.T) {
	s := open(t)
	s.Account(t, mobile, password)
	b := walk.New(nil)
	s.visit(t, b, "/login")
	for range authn.LoginTries {
		fill(t, b, map[string]string{"login-identifier": mobile, "login-password": "wrong-password"})
	}
	p := fill(t, b, map[string]string{"login-identifier": mobile, "login-password": password})
	if p.Status != http.StatusTooManyRequests || p.Header.Get("Retry-After") != "900" || p.Hidden("login-identifier") != mobile || !strings.Contains(p.Text, "15 分钟") {
		t.Errorf("%d %s: %s", p.Status, p.Header.Get("Retry-After"), p.Text)
	}
}

// face is all of an answer that a stranger sees, without what it typed and what is random.
func face(p *walk.Page, typed ...string) string {
	text := regexp.MustCompile(`(otp|flow)_[0-9a-z]+`).ReplaceAllString(p.Source, "")
	for _, one := range typed {
		text = strings.ReplaceAll(text, one, "")
	}
	return fmt.Sprint(p.Status, p.URL.Path, p.Header.Get("Retry-After"), len(p.Header["Set-Cookie"]), text)
}

func TestA01PagesDoNotTellWhoHasAnAccount(t *testing.T) {
	s := open(t)
	s.Account(t, mobile, password)
	suspended := s.Account(t, "13800138001", password)
	if err := s.Accounts.SetState(ctx, suspended.ID, idp.AccountSuspended, "test"); err != nil {
		t.Fatal(err)
	}
	for path, field := range map[string]string{"/login": "login-identifier", "/login/code": "register-identifier", "/register": "register-identifier"} {
		faces := map[string]bool{}
		for _, identifier := range []string{mobile, "13800138001", "13700137000"} {
			b := walk.New(nil)
			s.visit(t, b, path)
			fields := map[string]string{field: identifier}
			if path == "/login" {
				fields["login-password"] = "wrong-password"
			}
			faces[face(fill(t, b, fields), identifier, "+86"+identifier, identifier[:3]+"****"+identifier[7:])] = true
			s.Clock.Advance(2 * time.Minute)
		}
		if len(faces) != 1 {
			t.Errorf("%s answers in %d ways", path, len(faces))
		}
	}
}

func TestRegistrationOfANewPersonEndsSignedIn(t *testing.T) {
	s := open(t)
	b := walk.New(nil)
	s.visit(t, b, "/register")
	p := fill(t, b, map[string]string{"register-identifier": "not a number"})
	wants(t, p, http.StatusUnprocessableEntity, "/register")
	if p.Hidden("register-identifier") != "not a number" || !marked(p, "register-identifier") {
		t.Errorf("kept %q", p.Hidden("register-identifier"))
	}
	p = fill(t, b, map[string]string{"register-identifier": "139 0013 9000"})
	wants(t, p, http.StatusOK, "/register", "otp-code")
	if !strings.Contains(p.Text, "139****9000") || strings.Contains(p.Text, "13900139000") || s.woken != 1 {
		t.Errorf("woken %d: %s", s.woken, p.Text)
	}
	code := s.Code(t, "+8613900139000")
	wrong := "000000"
	if code == wrong {
		wrong = "000001"
	}
	p = fill(t, b, map[string]string{"otp-code": wrong})
	wants(t, p, http.StatusUnauthorized, "/register/code", "otp-code")
	if !marked(p, "otp-code") {
		t.Errorf("not marked: %s", p.Source)
	}
	p = fill(t, b, map[string]string{"otp-code": " " + code[:3] + "　" + code[3:]})
	wants(t, p, http.StatusOK, "/register/code", "password-new")
	for _, guessable := range []string{"12345678", "13900139000x"} {
		p = fill(t, b, map[string]string{"password-new": guessable})
		wants(t, p, http.StatusUnprocessableEntity, "/register/password", "password-new")
		if !marked(p, "password-new") || strings.Contains(p.Source, guessable) {
			t.Errorf("refused password: %s", p.Source)
		}
	}
	wants(t, fill(t, b, map[string]string{"password-new": password}), http.StatusOK, "/welcome", "identity", "welcome-verify", "welcome-later")
	s.signIn(t, "13900139000")
}

func TestRegistrationOfSomebodyKnownSignsIn(t *testing.T) {
	s := open(t)
	a := s.Account(t, mobile, password)
	before := accountHash(t, s, a.ID)
	b := walk.New(nil)
	s.visit(t, b, "/register")
	fill(t, b, map[string]string{"register-identifier": mobile})
	wants(t, fill(t, b, map[string]string{"otp-code": s.Code(t, "+86"+mobile)}), http.StatusOK, "/me", "identity")
	if accountHash(t, s, a.ID) != before {
		t.Error("registering again changed the password")
	}
}

func accountHash(t *testing.T, s *site, id string) string {
	t.Helper()
	a, err := s.Twin.Account(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	return a.PasswordHash
}

// post sends a form as the browser would, without following redirects.
func (s *site) post(t *testing.T, b *walk.Browser, path string, form url.Values) *http.Response {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, s.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	b.Lend(r)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response
}

// TestA18StepsCannotBeSkipped: no password without proof, none over an existing one, none long after the proof.
func TestA18StepsCannotBeSkipped(t *testing.T) {
	s := open(t)
	a := s.Account(t, mobile, password)
	form := url.Values{"password-new": {"Another-horse-9"}, "register-identifier": {mobile}}
	if r := s.post(t, walk.New(nil), "/register/password", form); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("nobody: %d", r.StatusCode)
	}
	before := accountHash(t, s, a.ID)
	if r := s.post(t, s.signIn(t, mobile), "/register/password", form); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("signed in by password: %d", r.StatusCode)
	}
	b := walk.New(nil)
	s.visit(t, b, "/login/code")
	fill(t, b, map[string]string{"register-identifier": mobile})
	wants(t, fill(t, b, map[string]string{"otp-code": s.Code(t, "+86"+mobile)}), http.StatusOK, "/me")
	if r := s.post(t, b, "/register/password", form); r.StatusCode != http.StatusConflict {
		t.Errorf("an account that has one: %d", r.StatusCode)
	}
	if accountHash(t, s, a.ID) != before {
		t.Error("the password changed")
	}
	c := walk.New(nil)
	s.visit(t, c, "/register")
	fill(t, c, map[string]string{"register-identifier": "13900139000"})
	fill(t, c, map[string]string{"otp-code": s.Code(t, "+8613900139000")})
	s.Clock.Advance(authn.CodeLife + time.Second)
	if r := s.post(t, c, "/register/password", form); r.StatusCode != http.StatusUnauthorized {
		t.Errorf("long after the code: %d", r.StatusCode)
	}
}

func TestSuspendedPersonIsNotLetInByACode(t *testing.T) {
	s := open(t)
	a := s.Account(t, mobile, password)
	if err := s.Accounts.SetState(ctx, a.ID, idp.AccountSuspended, "test"); err != nil {
		t.Fatal(err)
	}
	for i, path := range []string{"/login/code", "/register"} {
		b := walk.New(nil)
		s.visit(t, b, path)
		fill(t, b, map[string]string{"register-identifier": mobile})
		if p := fill(t, b, map[string]string{"otp-code": s.Code(t, "+86"+mobile)}); p.Status != http.StatusUnauthorized {
			t.Errorf("%s: %d on %s", path, p.Status, p.URL)
		}
		if p := s.visit(t, b, "/me"); p.URL.Path != "/login" {
			t.Errorf("%s: signed in", path)
		}
		s.Clock.Advance(time.Duration(i+1) * 2 * time.Minute)
	}
}

// TestAnotherCodeTooSoonKeepsTheOneThatWasSent: whoever presses again within the minute stays where the code on its way is typed.
func TestAnotherCodeTooSoonKeepsTheOneThatWasSent(t *testing.T) {
	for start, at := range map[string]string{"/login/code": "/login/code", "/register": "/register/resend", "/recover": "/recover"} {
		s := open(t)
		s.Account(t, mobile, password)
		b := walk.New(nil)
		s.visit(t, b, start)
		fill(t, b, map[string]string{"register-identifier": mobile})
		code := s.Code(t, "+86"+mobile)
		s.Clock.Advance(20 * time.Second)
		p := fill(t, b, map[string]string{"otp-resend": "1"})
		wants(t, p, http.StatusTooManyRequests, at, "otp-code", "otp-resend")
		if p.Header.Get("Retry-After") != "40" || !strings.Contains(p.Text, "138****8000") || !strings.Contains(p.Text, "60 秒后") {
			t.Errorf("%s: %q: %s", start, p.Header.Get("Retry-After"), p.Text)
		}
		if p = fill(t, b, map[string]string{"otp-code": code}); p.Status != http.StatusOK || p.Has("otp-code") {
			t.Errorf("%s: the code that was sent: %d %s", start, p.Status, p.Text)
		}
	}
}

// TestCodesOfAnHourAndADay: whoever used up the codes of an hour or a day hears when there are more, and not of a minute.
func TestCodesOfAnHourAndADay(t *testing.T) {
	s := open(t)
	ask := func() *walk.Page {
		b := walk.New(nil)
		s.visit(t, b, "/login/code")
		return fill(t, b, map[string]string{"register-identifier": mobile})
	}
	five := func() {
		t.Helper()
		for range 5 {
			wants(t, ask(), http.StatusOK, "/login/code", "otp-code")
			s.Clock.Advance(2 * time.Minute)
		}
	}
	five()
	p := ask()
	wants(t, p, http.StatusTooManyRequests, "/login/code", "register-submit")
	if p.Header.Get("Retry-After") != "3000" || !strings.Contains(p.Text, "请 50 分钟后再获取") {
		t.Errorf("hour: %q %s", p.Header.Get("Retry-After"), p.Text)
	}
	s.Clock.Advance(time.Hour)
	five()
	p = ask()
	if p.Status != http.StatusTooManyRequests || !strings.Contains(p.Text, "今天获取验证码的次数已满") && !strings.Contains(p.Text, "一小时内") {
		t.Errorf("day: %d %s", p.Status, p.Text)
	}
	s.Clock.Advance(2 * time.Hour)
	p = ask()
	if p.Status != http.StatusTooManyRequests || !strings.Contains(p.Text, "请约 21 小时后再获取") {
		t.Errorf("day: %d %q %s", p.Status, p.Header.Get("Retry-After"), p.Text)
	}
}

func TestCookiesAndCaching(t *testing.T) {
	s := open(t)
	s.Account(t, mobile, password)
	r := s.post(t, walk.New(nil), "/login", url.Values{"login-identifier": {mobile}, "login-password": {password}})
	if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/me" || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", r.StatusCode, r.Header)
	}
	for _, c := range r.Cookies() {
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure {
			t.Errorf("A-29 cookie %+v", c)
		}
	}
	b := s.signIn(t, mobile)
	if p := s.visit(t, b, "/me"); !strings.Contains(p.Header.Get("Cache-Control"), "no-store") {
		t.Errorf("I-23 /me may be cached: %q", p.Header.Get("Cache-Control"))
	}
}

func TestO51SignInMakesANewSession(t *testing.T) {
	s := open(t)
	s.Account(t, mobile, password)
	s.Account(t, "13800138001", password)
	secretOf := func(b *walk.Browser) string {
		r, _ := http.NewRequest(http.MethodGet, s.URL, nil)
		b.Lend(r)
		for _, c := range r.Cookies() {
			if strings.HasPrefix(c.Name, "yx_session") {
				return c.Value
			}
		}
		return ""
	}
	b := s.signIn(t, mobile)
	first := secretOf(b)
	s.visit(t, b, "/login")
	fill(t, b, map[string]string{"login-identifier": mobile, "login-password": password})
	second := secretOf(b)
	if first == "" || second == "" || first == second {
		t.Errorf("%q then %q", first, second)
	}
	s.visit(t, b, "/login")
	fill(t, b, map[string]string{"login-identifier": "13800138001", "login-password": password})
	if _, ok, err := s.Sessions.Current(ctx, second); ok || err != nil {
		t.Errorf("the session of the person before lives on: %v", err)
	}
}

func TestPagesOfAPersonAskStrangersToSignIn(t *testing.T) {
	s := open(t)
	for _, path := range []string{"/me", "/proofing", "/proofing?ial=2"} {
		wants(t, s.visit(t, walk.New(nil), path), http.StatusOK, "/login", "login-identifier")
	}
	if r := s.post(t, walk.New(nil), "/proofing", url.Values{"proofing-name": {name}, "proofing-number": {number}}); r.StatusCode != http.StatusSeeOther || len(s.Source.Queries()) != 0 {
		t.Errorf("%d, %d questions", r.StatusCode, len(s.Source.Queries()))
	}
}

func TestProofingKeepsWhatWasTypedAndMarksWhatIsWrong(t *testing.T) {
	s := open(t)
	s.Account(t, mobile, password)
	b := s.signIn(t, mobile)
	s.visit(t, b, "/proofing?ial=2")
	p := fill(t, b, map[string]string{"proofing-name": "张3", "proofing-number": "123", "proofing-mobile": "12"})
	wants(t, p, http.StatusUnprocessableEntity, "/proofing", "proofing-submit")
	for id, typed := range map[string]string{"proofing-name": "张3", "proofing-number": "123", "proofing-mobile": "12"} {
		if p.Hidden(id) != typed || !marked(p, id) {
			t.Errorf("%s: kept %q, marked %v", id, p.Hidden(id), marked(p, id))
		}
	}
	p = fill(t, b, map[string]string{"proofing-name": name, "proofing-number": number})
	if !marked(p, "proofing-mobile") || marked(p, "proofing-name") || marked(p, "proofing-number") || p.Hidden("proofing-number") != number {
		t.Errorf("only the number of the telephone is wrong: %s", p.Source)
	}
	p = fill(t, b, map[string]string{"proofing-mobile": mobile})
	wants(t, p, http.StatusOK, "/proofing", "proofing-outcome")
	if !strings.Contains(p.TextOf("proofing-outcome"), "中级实名") || strings.Contains(p.Source, number) {
		t.Errorf("outcome: %s", p.Text)
	}
}

func TestX08SilenceIsNotShownAsAMismatch(t *testing.T) {
	s := open(t)
	s.Account(t, mobile, password)
	b := s.signIn(t, mobile)
	texts := map[string]string{}
	for verdict, answer := range map[string]func(proofing.Query) (proofing.Answer, error){
		"silent":   func(proofing.Query) (proofing.Answer, error) { return proofing.Answer{}, proofing.ErrSilent },
		"mismatch": func(proofing.Query) (proofing.Answer, error) { return proofing.Answer{Verdict: proofing.Mismatch}, nil },
		"refused":  func(proofing.Query) (proofing.Answer, error) { return proofing.Answer{Verdict: proofing.Refused}, nil },
	} {
		s.Source.Answers(answer)
		s.visit(t, b, "/proofing?ial=1")
		p := fill(t, b, map[string]string{"proofing-name": name, "proofing-number": number})
		wants(t, p, http.StatusOK, "/proofing", "proofing-outcome")
		texts[verdict] = p.TextOf("proofing-outcome")
	}
	if texts["silent"] == texts["mismatch"] || strings.Contains(texts["silent"], "不匹配") || !strings.Contains(texts["mismatch"], "不匹配") || texts["refused"] != texts["mismatch"] {
		t.Errorf("%v", texts)
	}
	if p := s.visit(t, b, "/me"); !strings.Contains(p.TextOf("identity"), "未实名") {
		t.Errorf("the level rose: %s", p.TextOf("identity"))
	}
}

// TestTriesLeftAfterAMismatch: the page says how many tries the day still has, of the account or of the document if fewer, and none of a
// source that is silent.
func TestTriesLeftAfterAMismatch(t *testing.T) {
	s := open(t)
	s.Account(t, mobile, password)
	b := s.signIn(t, mobile)
	try := func(who *walk.Browser) *walk.Page {
		t.Helper()
		s.visit(t, who, "/proofing?ial=1")
		return fill(t, who, map[string]string{"proofing-name": name, "proofing-number": number})
	}
	s.Source.Answers(func(proofing.Query) (proofing.Answer, error) { return proofing.Answer{}, proofing.ErrSilent })
	if p := try(b); p.Has("proofing-tries") {
		t.Errorf("tries of a silent source: %s", p.Text)
	}
	s.Source.Answers(func(proofing.Query) (proofing.Answer, error) { return proofing.Answer{Verdict: proofing.Mismatch}, nil })
	for _, n := range []int{3, 2, 1} { // silence cost none
		if got := try(b).TextOf("proofing-tries"); got != fmt.Sprintf("今天还可尝试 %d 次", n) {
			t.Fatalf("%q, want %d", got, n)
		}
	}
	if p := try(b); !strings.Contains(p.TextOf("proofing-tries"), "已用完") || strings.Contains(p.Source, "重试</a>") || !strings.Contains(p.Text, "窗口") {
		t.Errorf("the last try: %s", p.Text)
	}
	asked := len(s.Source.Queries())
	if p := try(b); p.Status != http.StatusTooManyRequests || !strings.Contains(p.Text, "到窗口办理") || len(s.Source.Queries()) != asked {
		t.Errorf("one more: %d %s", p.Status, p.Text)
	}
	for _, other := range []string{"13800138001", "13800138002", "13800138003"} { // each four, so that the document has three tries left for all
		s.Account(t, other, password)
		b = s.signIn(t, other)
		for range 4 {
			try(b)
		}
	}
	s.Account(t, "13800138004", password)
	if got := try(s.signIn(t, "13800138004")).TextOf("proofing-tries"); got != fmt.Sprintf("今天还可尝试 %d 次", proofing.TriesPerIdentity-5-12-1) {
		t.Errorf("%q", got)
	}
}

func TestA24BoundIdentityIsRefusedInTheForm(t *testing.T) {
	s := open(t)
	s.Account(t, mobile, password)
	s.Account(t, "13800138001", password)
	b := s.signIn(t, mobile)
	s.visit(t, b, "/proofing?ial=1")
	fill(t, b, map[string]string{"proofing-name": name, "proofing-number": number})
	c := s.signIn(t, "13800138001")
	s.visit(t, c, "/proofing?ial=1")
	p := fill(t, c, map[string]string{"proofing-name": name, "proofing-number": number})
	wants(t, p, http.StatusConflict, "/proofing", "merge-begin")
	if strings.Contains(p.Text, "138****8000") || strings.Contains(p.Text, "acc_") {
		t.Errorf("it tells whom: %s", p.Text)
	}
}

func TestPageOfAPersonMasksEverything(t *testing.T) {
	s := open(t)
	a := s.Account(t, mobile, password)
	if err := s.Clients.Apply(ctx, []idp.Client{{ClientID: "b", ClientName: "乙厅", ClientSecret: "secret-of-tests-0123", RedirectURIs: []string{"https://b.example.gov.cn/cb"}},
		{ClientID: "a", ClientName: "丙局", ClientSecret: "secret-of-tests-0123", RedirectURIs: []string{"https://a.example.gov.cn/cb"}}}); err != nil {
		t.Fatal(err)
	}
	s.Flows.consents = []idp.Consent{{ClientID: "a", Scopes: []string{"profile"}, Version: 3, GivenAt: idptest.Start}, {ClientID: "b", Scopes: []string{"profile"}}, {ClientID: "gone", Scopes: []string{"profile"}}}
	b := s.signIn(t, mobile)
	s.visit(t, b, "/proofing?ial=2")
	fill(t, b, map[string]string{"proofing-name": name, "proofing-number": number, "proofing-mobile": mobile})
	other, _, err := s.Sessions.Start(ctx, idp.Login{AccountID: a.ID, AAL: 1, Methods: []string{"pwd"}, At: s.Clock.Now()}, "Edge", "198.51.100.9")
	if err != nil {
		t.Fatal(err)
	}
	p := s.visit(t, b, "/me")
	wants(t, p, http.StatusOK, "/me", "identity", "methods", "devices", "grants", "licences")
	for _, secret := range []string{name, number, mobile, other.ID, a.ID} {
		if strings.Contains(p.Source, secret) {
			t.Errorf("A-28 the page shows %s", secret)
		}
	}
	if text := p.TextOf("identity"); !strings.Contains(text, "张*") || !strings.Contains(text, "1****************X") || !strings.Contains(text, "中级实名") || !strings.Contains(text, "register") {
		t.Errorf("identity: %s", text)
	}
	if text := p.TextOf("methods"); !strings.Contains(text, "138****8000") {
		t.Errorf("methods: %s", text)
	}
	if text := p.TextOf("devices"); !strings.Contains(text, "Edge") || strings.Count(text, "·") != 2 {
		t.Errorf("devices: %s", text)
	}
	if text := p.TextOf("grants"); !strings.Contains(text, "丙局") || strings.Index(text, "丙局") > strings.Index(text, "乙厅") || !strings.Contains(text, "2026") || !strings.Contains(text, "第 3 版") {
		t.Errorf("grants: %s", text)
	}
}

// TestFlowGoesAlong: a login in progress leads back into it from every page of the way, and belongs to its browser.
func TestFlowGoesAlong(t *testing.T) {
	s := open(t)
	s.Account(t, mobile, password)
	if err := s.Clients.Apply(ctx, []idp.Client{{ClientID: "portal", ClientName: "政务门户", Department: "某局", ClientSecret: "secret-of-tests-0123", RedirectURIs: []string{"https://p.example.gov.cn/cb"}}}); err != nil {
		t.Fatal(err)
	}
	b := walk.New(nil)
	s.visit(t, b, "/login") // makes the browser's handle
	r, _ := http.NewRequest(http.MethodGet, s.URL, nil)
	b.Lend(r)
	mac, err := s.Ring.MAC(ctx, keys.UsageLookup)
	if err != nil {
		t.Fatal(err)
	}
	hash, err := mac.Sum(ctx, []byte("browser"), []byte(r.Cookies()[0].Value))
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(authflow.Flow{ClientID: "portal", RedirectURI: "https://p.example.gov.cn/cb", LoginHint: mobile, IAL: 2})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Flows.PutFlow(ctx, "flow_1", hash, body, idptest.Start, idptest.Start); err != nil {
		t.Fatal(err)
	}
	p := s.visit(t, b, "/login?flow=flow_1")
	wants(t, p, http.StatusOK, "/login")
	if p.Hidden("login-identifier") != mobile || p.Hidden("flow") != "flow_1" || !strings.Contains(p.Text, "政务门户") || !strings.Contains(p.Source, "/register?flow=flow_1") || !strings.Contains(p.Source, "/login/code?flow=flow_1") {
		t.Errorf("login: %s", p.Source)
	}
	form := url.Values{"login-identifier": {mobile}, "login-password": {password}, "flow": {"flow_1"}}
	if r := s.post(t, walk.New(nil), "/login", form); r.StatusCode != http.StatusBadRequest || r.Header.Get("Location") != "" {
		t.Errorf("O-51 another browser: %d", r.StatusCode)
	}
	if r := s.post(t, b, "/login", form); r.Header.Get("Location") != "/authorize/resume?flow=flow_1" {
		t.Errorf("after login: %v", r.Header)
	}
	s.visit(t, b, "/login")
	fill(t, b, map[string]string{"login-identifier": mobile, "login-password": password})
	p = s.visit(t, b, "/proofing?flow=flow_1")
	wants(t, p, http.StatusOK, "/proofing", "proofing-mobile")
	if p.Hidden("flow") != "flow_1" || !strings.Contains(p.Source, "/proofing?ial=1&amp;flow=flow_1") {
		t.Errorf("proofing: %s", p.Source)
	}
	if r := s.post(t, b, "/proofing", url.Values{"proofing-name": {name}, "proofing-number": {number}, "proofing-mobile": {mobile}, "flow": {"flow_1"}, "ial": {"1"}}); r.Header.Get("Location") != "/authorize/resume?flow=flow_1" {
		t.Errorf("after proofing: %d %v", r.StatusCode, r.Header)
	}
	if q := s.Source.Queries(); len(q) != 1 || q[0].Mobile == "" {
		t.Errorf("the form lowered the level that the portal needs: %+v", q)
	}
}

// TestStoreThatFailsIsAnErrorPage: never a form that says that the person is wrong.
func TestStoreThatFailsIsAnErrorPage(t *testing.T) {
	s := open(t)
	s.Account(t, mobile, password)
	s.Faulty.FailBefore = func(int, string) bool { return true }
	for path, form := range map[string]url.Values{
		"/login":      {"login-identifier": {mobile}, "login-password": {password}},
		"/login/code": {"register-identifier": {mobile}},
		"/register":   {"register-identifier": {mobile}},
	} {
		if r := s.post(t, walk.New(nil), path, form); r.StatusCode < 500 || len(r.Cookies()) > 1 {
			t.Errorf("%s: %d", path, r.StatusCode)
		}
	}
}
