package yinxin_test

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	yinxin "github.com/yinxin-gov/yinxin/sdk"
)

func TestLoginAndWhatThePortalSees(t *testing.T) {
	p := newPlatform(t)
	s := newSite(t, p, yinxin.WithIAL(2), yinxin.WithAAL(2), yinxin.WithScopes("openid", "profile", "phone"))
	shown := s.get(t, "/me?a=1&b=%E4%B8%80&lang=en")
	if shown.path != "/me?a=1&b=%E4%B8%80&lang=en" {
		t.Errorf("came back to %s", shown.path)
	}
	c := shown.citizen(t)
	if c.Subject != "pairwise" || c.IAL != 2 || c.ACR != "urn:yinxin:aal:2" || c.Name != "张三丰" || c.SessionID != "sid-1" || !c.AuthTime.Equal(start) || !slices.Equal(c.Methods, []string{"pwd", "otp"}) {
		t.Errorf("citizen %+v", c)
	}
	if c.MaskedName() != "张**" || (yinxin.Citizen{Name: "李"}).MaskedName() != "李*" || (yinxin.Citizen{}).MaskedName() != "" {
		t.Errorf("masked name %q", c.MaskedName())
	}
	if shown.header.Get("Cache-Control") != "no-store" {
		t.Error("a page about a citizen may be kept by caches")
	}
	for name, want := range map[string]string{
		"response_type": "code", "client_id": clientID, "redirect_uri": s.server.URL + yinxin.PathCallback, "scope": "openid profile phone",
		"acr_values": "urn:yinxin:ial:2 urn:yinxin:aal:2", "code_challenge_method": "S256", "ui_locales": "en",
	} {
		if got := p.asked.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		if len(p.asked.Get(name)) != 43 {
			t.Errorf("%s is %q, not 256 bits", name, p.asked.Get(name))
		}
	}
	first := p.asked.Get("state")
	s.get(t, "/me").citizen(t)
	if p.asked.Get("state") != first {
		t.Error("a signed-in citizen was sent to the platform again")
	}
}

func TestActorIsShown(t *testing.T) {
	p := newPlatform(t)
	p.claims = with("act", map[string]any{"sub": "agent", "name": "李四"})
	if c := newSite(t, p).get(t, "/me").citizen(t); c.ActorName != "李四" {
		t.Errorf("actor %q", c.ActorName)
	}
}

// TestAnswerIsBoundToTheBrowser: O-16, O-51: state of another browser, of nobody, used twice, too old.
func TestAnswerIsBoundToTheBrowser(t *testing.T) {
	callback := func(values url.Values) string { return yinxin.PathCallback + "?" + values.Encode() }
	t.Run("state that nobody began", func(t *testing.T) {
		s := newSite(t, newPlatform(t))
		s.get(t, callback(url.Values{"code": {"x"}, "state": {"guess"}, "iss": {s.platform.server.URL}})).refused(t, "state")
		s.get(t, callback(url.Values{"code": {"x"}, "iss": {s.platform.server.URL}})).refused(t, "state")
	})
	t.Run("answer of an attacker's login", func(t *testing.T) {
		s := newSite(t, newPlatform(t))
		victim := s.newBrowser(t)
		answer := s.answerOf(t, "/me") // the attacker's own browser keeps its cookie
		s.browser = victim
		s.get(t, answer).refused(t, "state")
	})
	t.Run("attacker's answer in a browser with a login of its own", func(t *testing.T) {
		s := newSite(t, newPlatform(t))
		answer := s.answerOf(t, "/me")
		s.browser = s.newBrowser(t)
		s.answerOf(t, "/me")
		s.get(t, answer).refused(t, "state")
	})
	t.Run("answer twice", func(t *testing.T) {
		s := newSite(t, newPlatform(t))
		answer := s.answerOf(t, "/me")
		s.get(t, answer).citizen(t)
		s.get(t, answer).refused(t, "state")
	})
	t.Run("answer after ten minutes", func(t *testing.T) {
		s := newSite(t, newPlatform(t))
		answer := s.answerOf(t, "/me")
		s.advance(10 * time.Minute)
		s.get(t, answer).refused(t, "state")
	})
	t.Run("two tabs", func(t *testing.T) {
		s := newSite(t, newPlatform(t))
		one, two := s.answerOf(t, "/me?tab=1"), s.answerOf(t, "/me?tab=2")
		if got := s.get(t, one); got.path != "/me?tab=1" {
			t.Errorf("first tab came to %s: %s", got.path, got.text)
		}
		if got := s.get(t, two); got.path != "/me?tab=2" {
			t.Errorf("second tab came to %s: %s", got.path, got.text)
		}
	})
}

// answerOf begins a login and stops before the platform's answer reaches the portal; it gives that answer's address.
func (s *site) answerOf(t *testing.T, path string) string {
	t.Helper()
	browser := *s.browser
	browser.CheckRedirect = func(next *http.Request, _ []*http.Request) error {
		if next.URL.Path == yinxin.PathCallback {
			return http.ErrUseLastResponse
		}
		return nil
	}
	response, err := browser.Get(s.server.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	address, err := response.Location()
	if err != nil {
		t.Fatal(err)
	}
	return address.RequestURI()
}

// TestO13MixUp: the answer of another issuer, or of none where the platform promises one (RFC 9207).
func TestO13MixUp(t *testing.T) {
	tests := map[string]struct {
		promised bool
		change   func(url.Values)
		refused  bool
	}{
		"other issuer":            {true, func(q url.Values) { q.Set("iss", "https://evil.example") }, true},
		"no issuer":               {true, func(q url.Values) { q.Del("iss") }, true},
		"prefix of the issuer":    {true, func(q url.Values) { q.Set("iss", q.Get("iss")+"/") }, true},
		"unpromised other issuer": {false, func(q url.Values) { q.Set("iss", "https://evil.example") }, true},
		"unpromised none":         {false, func(q url.Values) { q.Del("iss") }, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t)
			p.metadata = with("authorization_response_iss_parameter_supported", test.promised)
			p.answer = test.change
			shown := newSite(t, p).get(t, "/me")
			if test.refused {
				shown.refused(t, "issuer")
				return
			}
			shown.citizen(t)
		})
	}
}

func TestRefusalOfThePlatformIsPassedOn(t *testing.T) {
	p := newPlatform(t)
	p.answer = func(q url.Values) { q.Del("code"); q.Set("error", "access_denied"); q.Set("error_description", "no") }
	newSite(t, p).get(t, "/me").refused(t, "access_denied: no")

	var seen *yinxin.Error
	s := newSite(t, p, yinxin.WithFailurePage(func(w http.ResponseWriter, _ *http.Request, err error) {
		errors.As(err, &seen)
		w.WriteHeader(http.StatusTeapot)
	}))
	if got := s.get(t, "/me"); got.status != http.StatusTeapot || seen == nil || seen.Code != "access_denied" {
		t.Errorf("own failure page: %d, %v", got.status, seen)
	}
}

func TestTokenEndpointFailures(t *testing.T) {
	tests := map[string]func(http.ResponseWriter) bool{
		"error with request id": func(w http.ResponseWriter) bool {
			w.Header().Set("X-Request-Id", "req-7")
			w.WriteHeader(http.StatusBadRequest)
			w.Write([]byte(`{"error":"invalid_grant"}`))
			return true
		},
		"page of a gateway": func(w http.ResponseWriter) bool {
			w.WriteHeader(http.StatusBadGateway)
			w.Write([]byte(`<html>`))
			return true
		},
		"no JSON":        func(w http.ResponseWriter) bool { w.Write([]byte(`<html>`)); return true },
		"endless answer": func(w http.ResponseWriter) bool { w.Write([]byte(`{"x":"` + strings.Repeat("a", 2<<20))); return true },
		"redirect": func(w http.ResponseWriter) bool {
			w.Header().Set("Location", "/steal")
			w.WriteHeader(http.StatusTemporaryRedirect)
			return true
		},
	}
	for name, answer := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t)
			p.token = answer
			newSite(t, p).get(t, "/me").refused(t, "token")
			if p.stolen {
				t.Error("the secret travelled on with a redirect")
			}
		})
	}
	p := newPlatform(t)
	p.token = tests["error with request id"]
	var seen *yinxin.Error
	newSite(t, p, yinxin.WithFailurePage(func(_ http.ResponseWriter, _ *http.Request, err error) { errors.As(err, &seen) })).get(t, "/me")
	if seen == nil || seen.RequestID != "req-7" || !strings.Contains(seen.Error(), "invalid_grant") || seen.Unwrap() == nil {
		t.Errorf("error %+v", seen)
	}
}

// TestO55ReturnAddresses: whatever a link says, the browser stays at the portal.
func TestO55ReturnAddresses(t *testing.T) {
	tests := []struct{ returnTo, want string }{
		{"/me", "/me"}, {"/me?next=https://evil.example/", "/me?next=https://evil.example/"}, {"/me?x=%0d%0a", "/me?x=%0d%0a"},
		{"", "/"}, {"me", "/"}, {"//evil.example", "/"}, {"///evil.example", "/"}, {`/\evil.example`, "/"}, {`\\evil.example`, "/"}, {"/\t/evil.example", "/"},
		{"/%09/evil.example", "/"}, {"/%5cevil.example", "/"}, {"/%2fevil.example", "/"}, {"/\r\nSet-Cookie: a=b", "/"}, {"/ /evil.example", "/"},
		{"https:evil.example", "/"}, {"https://evil.example/", "/"}, {"javascript:alert(1)", "/"}, {" //evil.example", "/"}, {"/%zz", "/"},
	}
	s := newSite(t, newPlatform(t))
	for _, test := range tests {
		s.browser = s.newBrowser(t)
		got := s.get(t, "/begin?return_to="+url.QueryEscape(test.returnTo))
		if got.status != http.StatusOK || got.path != test.want || got.next != "" {
			t.Errorf("%q led to %q (%d, next %q)", test.returnTo, got.path, got.status, got.next)
		}
	}
}

// TestO55PathThatIsAnAddress: a handler without a mux sees paths as the browser sent them.
func TestO55PathThatIsAnAddress(t *testing.T) {
	s := newSite(t, newPlatform(t))
	guarded := s.client.RequireLogin(http.NotFoundHandler())
	for _, path := range []string{"//evil.example/x", `/\evil.example`} {
		request := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: path}, Header: http.Header{}, Host: "portal"}
		answer := newRecorder()
		guarded.ServeHTTP(answer, request)
		began, err := url.Parse(answer.Header().Get("Location"))
		if err != nil || answer.Code != http.StatusSeeOther {
			t.Fatalf("%d %v", answer.Code, err)
		}
		s.platform.codes["c"] = began.Query()
		back, _ := http.NewRequest(http.MethodGet, s.server.URL+yinxin.PathCallback+"?"+url.Values{"code": {"c"}, "state": {began.Query().Get("state")}, "iss": {s.platform.server.URL}}.Encode(), nil)
		for _, cookie := range answer.Result().Cookies() {
			back.AddCookie(cookie)
		}
		mux := http.NewServeMux()
		s.client.Routes(mux)
		answer = newRecorder()
		mux.ServeHTTP(answer, back)
		if got := answer.Header().Get("Location"); got != "/" {
			t.Errorf("%q led to %q", path, got)
		}
	}
}

func TestOnlyPagesBeginALogin(t *testing.T) {
	s := newSite(t, newPlatform(t))
	response, err := s.browser.Post(s.server.URL+"/me", "text/plain", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, response); got.status != http.StatusUnauthorized || s.platform.asked != nil {
		t.Errorf("a form without login got %d", got.status)
	}
}

func TestStepUp(t *testing.T) {
	p := newPlatform(t)
	s := newSite(t, p)
	s.get(t, "/me").citizen(t)
	before := s.cookie(t)
	s.get(t, "/deep").refused(t, "level") // the platform answers with level 2: no loop
	if c := s.get(t, "/me").citizen(t); c.IAL != 2 {
		t.Errorf("the earlier session is gone: %+v", c)
	}
	p.set(func(p *platform) { p.claims = with("ial", 3) })
	if c := s.get(t, "/deep").citizen(t); c.IAL != 3 || p.asked.Get("acr_values") != "urn:yinxin:ial:3" {
		t.Errorf("step-up gave %+v for %s", c, p.asked.Get("acr_values"))
	}
	if after := s.cookie(t); after == before {
		t.Error("the session id outlived a change of privilege")
	}
	request, _ := http.NewRequest(http.MethodGet, "/", nil)
	request.Header.Set("Cookie", before)
	if _, ok := s.client.Current(request); ok {
		t.Error("the session before the step-up still stands")
	}
}

// cookie is the portal's session cookie in the browser.
func (s *site) cookie(t *testing.T) string {
	t.Helper()
	address, _ := url.Parse(s.server.URL)
	for _, c := range s.browser.Jar.Cookies(address) {
		if strings.Contains(c.Name, "yx_portal") {
			return c.Name + "=" + c.Value
		}
	}
	t.Fatal("no session cookie")
	return ""
}

func TestCookies(t *testing.T) {
	s := newSite(t, newPlatform(t))
	response, err := s.browser.Transport.RoundTrip(mustRequest(t, s.server.URL+"/me"))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	for _, c := range response.Cookies() {
		if !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || !strings.HasPrefix(c.Name, "__Host-") {
			t.Errorf("cookie %v", c)
		}
	}
	if len(response.Cookies()) != 1 || response.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("cookies %v, %v", response.Cookies(), response.Header)
	}
}

func mustRequest(t *testing.T, address string) *http.Request {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return request
}

func TestSessionsEnd(t *testing.T) {
	s := newSite(t, newPlatform(t))
	s.get(t, "/me").citizen(t)
	s.advance(12*time.Hour - time.Second)
	request := mustRequest(t, s.server.URL)
	request.Header.Set("Cookie", s.cookie(t))
	if _, ok := s.client.Current(request); !ok {
		t.Error("the session ended early")
	}
	s.advance(time.Second)
	if _, ok := s.client.Current(request); ok {
		t.Error("the session outlived twelve hours")
	}
}

func TestLogoutAtThePortal(t *testing.T) {
	p := newPlatform(t)
	s := newSite(t, p)
	s.get(t, "/me").citizen(t)
	request := mustRequest(t, s.server.URL+yinxin.PathLogout)
	request.Method = http.MethodPost
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	response, err := s.browser.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, response); got.status != http.StatusForbidden {
		t.Errorf("another site could log out: %d", got.status)
	}
	s.get(t, "/me").citizen(t)
	old := s.cookie(t)

	if response, err = s.browser.Post(s.server.URL+yinxin.PathLogout, "", nil); err != nil {
		t.Fatal(err)
	}
	got := read(t, response)
	end, err := url.Parse(got.next)
	if err != nil || end.Path != "/logout" || end.Query().Get("client_id") != clientID || strings.Count(end.Query().Get("id_token_hint"), ".") != 2 ||
		end.Query().Get("post_logout_redirect_uri") != s.server.URL+yinxin.PathLoggedOut {
		t.Errorf("logout led to %s", got.next)
	}
	kept := mustRequest(t, s.server.URL)
	kept.Header.Set("Cookie", old)
	if _, ok := s.client.Current(kept); ok {
		t.Error("the session stands after logout")
	}
}

func TestLogoutWithoutEndSessionEndpoint(t *testing.T) {
	p := newPlatform(t)
	p.metadata = without("end_session_endpoint")
	s := newSite(t, p)
	response, err := s.browser.Post(s.server.URL+yinxin.PathLogout, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, response); got.path != yinxin.PathLoggedOut {
		t.Errorf("logout led to %s", got.path)
	}
}

func TestMetadataIsChecked(t *testing.T) {
	tests := map[string]func(map[string]any){
		"other issuer":              with("issuer", "https://evil.example"),
		"no PKCE":                   with("code_challenge_methods_supported", []string{"plain"}),
		"token endpoint over http":  with("token_endpoint", "http://id.example/token"),
		"login over http":           with("authorization_endpoint", "http://id.example/authorize"),
		"keys over http":            with("jwks_uri", "http://id.example/jwks"),
		"SM2 keys over http":        with("gm_jwks_uri", "http://id.example/jwks"),
		"logout over http":          with("end_session_endpoint", "http://id.example/logout"),
		"script as logout":          with("end_session_endpoint", "javascript:alert(1)"),
		"no token endpoint":         without("token_endpoint"),
		"no authorization endpoint": without("authorization_endpoint"),
		"no keys":                   without("jwks_uri"),
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t)
			p.metadata = change
			_, err := yinxin.New(t.Context(), p.server.URL, "https://portal.example", yinxin.WithSecret(clientID, clientSecret), yinxin.WithHTTPClient(p.server.Client()))
			var failure *yinxin.Error
			if !errors.As(err, &failure) || failure.Code != "discovery" {
				t.Errorf("error is %v", err)
			}
		})
	}
	t.Run("no keys of the algorithm", func(t *testing.T) {
		p := newPlatform(t)
		p.metadata = without("gm_jwks_uri")
		if _, err := yinxin.New(t.Context(), p.server.URL, "https://portal.example", yinxin.WithSecret(clientID, clientSecret), yinxin.WithHTTPClient(p.server.Client()), yinxin.WithAlgorithm("SGD_SM3_SM2")); err == nil {
			t.Error("a client that can never check a token was made")
		}
	})
	t.Run("issuer over http", func(t *testing.T) {
		if _, err := yinxin.New(t.Context(), "http://id.example.invalid", "https://portal.example", yinxin.WithSecret(clientID, clientSecret)); err == nil {
			t.Error("an open wire was accepted")
		}
	})
}

func TestConfigurationIsChecked(t *testing.T) {
	secret := yinxin.WithSecret(clientID, clientSecret)
	tests := map[string]struct {
		base    string
		options []yinxin.Option
	}{
		"no client":         {"https://portal.example", nil},
		"no secret":         {"https://portal.example", []yinxin.Option{yinxin.WithSecret(clientID, "")}},
		"relative base":     {"/portal", []yinxin.Option{secret}},
		"base with path":    {"https://portal.example/a", []yinxin.Option{secret}},
		"base with query":   {"https://portal.example?a", []yinxin.Option{secret}},
		"other scheme":      {"ftp://portal.example", []yinxin.Option{secret}},
		"no openid":         {"https://portal.example", []yinxin.Option{secret, yinxin.WithScopes("profile")}},
		"unknown algorithm": {"https://portal.example", []yinxin.Option{secret, yinxin.WithAlgorithm("none")}},
		"symmetric":         {"https://portal.example", []yinxin.Option{secret, yinxin.WithAlgorithm("HS256")}},
		"level 5":           {"https://portal.example", []yinxin.Option{secret, yinxin.WithIAL(5)}},
		"strength 4":        {"https://portal.example", []yinxin.Option{secret, yinxin.WithAAL(4)}},
	}
	p := newPlatform(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := yinxin.New(t.Context(), p.server.URL, test.base, append([]yinxin.Option{yinxin.WithHTTPClient(p.server.Client())}, test.options...)...)
			var failure *yinxin.Error
			if !errors.As(err, &failure) || failure.Code != "config" {
				t.Errorf("error is %v", err)
			}
		})
	}
}
