package yinxin_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/keys/jose"
	yinxin "github.com/yinxin-gov/yinxin/sdk"
)

func newRecorder() *httptest.ResponseRecorder { return httptest.NewRecorder() }

func TestIDTokensInEveryAlgorithm(t *testing.T) {
	for _, name := range yinxin.Algorithms() {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t)
			p.signer = newSigner(t, "k", jose.Algorithm(name))
			newSite(t, p, yinxin.WithAlgorithm(name)).get(t, "/me").citizen(t)
		})
	}
}

// TestIDTokenRules walks OpenID Connect Core 3.1.3.7: each row is one departure.
func TestIDTokenRules(t *testing.T) {
	tests := map[string]struct {
		change  func(map[string]any)
		options []yinxin.Option
		code    string // of the refusal, empty when the login must succeed
	}{
		"as it should be":               {change: func(map[string]any) {}},
		"other issuer":                  {change: with("iss", "https://evil.example"), code: "id_token"},
		"no issuer":                     {change: without("iss"), code: "id_token"},
		"other audience":                {change: with("aud", "other"), code: "id_token"},
		"no audience":                   {change: without("aud"), code: "id_token"},
		"two audiences and azp":         {change: func(m map[string]any) { m["aud"], m["azp"] = []string{"other", clientID}, clientID }},
		"two audiences without azp":     {change: with("aud", []string{"other", clientID}), code: "id_token"},
		"azp of another":                {change: with("azp", "other"), code: "id_token"},
		"other nonce":                   {change: with("nonce", "other"), code: "id_token"},
		"no nonce":                      {change: without("nonce"), code: "id_token"},
		"ended":                         {change: with("exp", start.Unix()-30), code: "id_token"},
		"ended within the leeway":       {change: with("exp", start.Unix()-29)},
		"no exp":                        {change: without("exp"), code: "id_token"},
		"no iat":                        {change: without("iat"), code: "id_token"},
		"iat ahead":                     {change: with("iat", start.Unix()+31), code: "id_token"},
		"nbf ahead":                     {change: with("nbf", start.Unix()+31), code: "id_token"},
		"no subject":                    {change: without("sub"), code: "id_token"},
		"empty subject":                 {change: with("sub", ""), code: "id_token"},
		"at_hash of another token":      {change: with("at_hash", jose.HalfHash(jose.ES256, "other")), code: "id_token"},
		"no at_hash":                    {change: without("at_hash")},
		"claims of wrong type":          {change: with("ial", "two"), code: "id_token"},
		"level 5":                       {change: with("ial", 5), code: "id_token"},
		"level below zero":              {change: with("ial", -1), code: "id_token"},
		"level too low":                 {change: with("ial", 1), options: []yinxin.Option{yinxin.WithIAL(2)}, code: "level"},
		"level higher than asked":       {change: with("ial", 4), options: []yinxin.Option{yinxin.WithIAL(2)}},
		"no level where one was asked":  {change: without("ial"), options: []yinxin.Option{yinxin.WithIAL(1)}, code: "level"},
		"strength too low":              {change: with("acr", "urn:yinxin:aal:1"), options: []yinxin.Option{yinxin.WithAAL(2)}, code: "level"},
		"strength that does not exist":  {change: with("acr", "urn:yinxin:aal:9"), code: "id_token"},
		"strength without its urn":      {change: with("acr", "3"), options: []yinxin.Option{yinxin.WithAAL(2)}, code: "level"},
		"level is not strength":         {change: with("acr", "urn:yinxin:ial:3"), options: []yinxin.Option{yinxin.WithAAL(2)}, code: "level"},
		"no strength where one is owed": {change: without("acr"), options: []yinxin.Option{yinxin.WithAAL(1)}, code: "level"},
		"no auth_time":                  {change: without("auth_time")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t)
			p.claims = test.change
			shown := newSite(t, p, test.options...).get(t, "/me")
			if test.code != "" {
				shown.refused(t, test.code)
				return
			}
			if c := shown.citizen(t); name == "no auth_time" && !c.AuthTime.IsZero() {
				t.Errorf("auth time %v", c.AuthTime)
			}
		})
	}
}

// TestForgedIDTokens: algorithm and key come from the client's registration and the published set, never from the token.
func TestForgedIDTokens(t *testing.T) {
	encode := base64.RawURLEncoding.EncodeToString
	tests := map[string]func(p *platform, payload []byte) string{
		"alg none": func(_ *platform, payload []byte) string {
			return encode([]byte(`{"alg":"none"}`)) + "." + encode(payload) + "."
		},
		"alg HS256": func(_ *platform, payload []byte) string {
			return encode([]byte(`{"alg":"HS256","kid":"k1"}`)) + "." + encode(payload) + ".AAAA"
		},
		"not signed": func(p *platform, payload []byte) string {
			return strings.TrimRight(p.signed("JWT", payload), "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
		},
		"other algorithm than registered": func(p *platform, payload []byte) string {
			p.signer = newSigner(p.t, "k1", jose.RS256)
			return p.signed("JWT", payload)
		},
		"other key under the known id": func(p *platform, payload []byte) string {
			return p.signedBy(newSigner(p.t, "k1", jose.ES256), "JWT", payload)
		},
		"key that is not published": func(p *platform, payload []byte) string {
			return p.signedBy(newSigner(p.t, "k9", jose.ES256), "JWT", payload)
		},
		"an access token": func(p *platform, payload []byte) string { return p.signed("at+jwt", payload) },
		"a logout token":  func(p *platform, payload []byte) string { return p.signed("logout+jwt", payload) },
		"no token":        func(*platform, []byte) string { return "" },
		"not a token":     func(*platform, []byte) string { return "a.b.c" },
		"too long": func(p *platform, _ []byte) string {
			return p.signed("JWT", []byte(`{"x":"`+strings.Repeat("a", jose.MaxToken)+`"}`))
		},
		"payload changed": func(p *platform, payload []byte) string {
			parts := strings.Split(p.signed("JWT", payload), ".")
			parts[1] = encode([]byte(strings.Replace(string(payload), "pairwise", "pairwisf", 1)))
			return strings.Join(parts, ".")
		},
	}
	for name, forge := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t)
			p.sign = func(payload []byte) string { return forge(p, payload) }
			newSite(t, p).get(t, "/me").refused(t, "id_token")
		})
	}
}

func TestHostileKeySets(t *testing.T) {
	private := `{"keys":[{"kty":"EC","crv":"P-256","kid":"k1","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","d":"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"}]}`
	tests := map[string]func(p *platform) string{
		"private key":   func(*platform) string { return private },
		"symmetric key": func(*platform) string { return `{"keys":[{"kty":"oct","k":"AAAA","kid":"k1"}]}` },
		"weak RSA":      func(*platform) string { return `{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"k1"}]}` },
		"duplicate members": func(p *platform) string {
			return strings.Replace(string(p.keySet(p.signer)), `"kid"`, `"kid":"k1","kid"`, 1)
		},
		"duplicate ids": func(p *platform) string {
			set := string(p.keySet(p.signer))
			entry := set[strings.Index(set, "[")+1 : strings.LastIndex(set, "]")]
			return `{"keys":[` + entry + "," + entry + `]}`
		},
		"key for encryption": func(p *platform) string {
			return strings.Replace(string(p.keySet(p.signer)), `"use":"sig"`, `"use":"enc"`, 1)
		},
		"thousand keys": func(*platform) string {
			return `{"keys":[` + strings.TrimSuffix(strings.Repeat(`{"kty":"x"},`, 1000), ",") + `]}`
		},
		"deep nesting": func(*platform) string {
			return `{"keys":[{"kty":` + strings.Repeat("[", 10000) + strings.Repeat("]", 10000) + `}]}`
		},
		"endless": func(*platform) string { return `{"keys":[` + strings.Repeat(" ", 2<<20) + `]}` },
		"no set":  func(*platform) string { return `[]` },
		"no JSON": func(*platform) string { return `<html>` },
		"empty":   func(*platform) string { return `{"keys":[]}` },
	}
	for name, set := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t)
			p.keys = func(w http.ResponseWriter) bool { w.Write([]byte(set(p))); return true }
			newSite(t, p).get(t, "/me").refused(t, "id_token")
		})
	}
	t.Run("foreign kinds of keys are passed over", func(t *testing.T) {
		p := newPlatform(t)
		p.keys = func(w http.ResponseWriter) bool {
			w.Write([]byte(strings.Replace(string(p.keySet(p.signer)), "[", `[{"kty":"AKP","alg":"ML-DSA-44","kid":"e","pub":"AA"},`, 1)))
			return true
		}
		newSite(t, p).get(t, "/me").citizen(t)
	})
}

func TestKeyRotation(t *testing.T) {
	p := newPlatform(t)
	s := newSite(t, p)
	login := func() page { s.browser = s.newBrowser(t); return s.get(t, "/me") }
	login().citizen(t)
	login().citizen(t)
	if p.fetches != 1 {
		t.Fatalf("%d fetches for two logins", p.fetches)
	}
	old := p.signer
	p.set(func(p *platform) { p.signer = newSigner(t, "k2", jose.ES256) })
	s.advance(10 * time.Second)
	login().citizen(t) // an unknown key id: fetched at once
	if p.fetches != 2 {
		t.Errorf("%d fetches after a rotation", p.fetches)
	}
	p.set(func(p *platform) {
		forged := newSigner(t, "forged", jose.ES256)
		p.sign = func(payload []byte) string { return p.signedBy(forged, "JWT", payload) }
	})
	for range 5 {
		login().refused(t, "id_token")
		s.advance(time.Second)
	}
	if p.fetches != 2 {
		t.Errorf("forged key ids caused %d fetches within ten seconds", p.fetches-2)
	}
	s.advance(5 * time.Second)
	login().refused(t, "id_token")
	login().refused(t, "id_token")
	if p.fetches != 3 {
		t.Errorf("%d fetches after the pause", p.fetches)
	}
	// The first key was withdrawn with the rotation: tokens of it are not taken any more.
	p.set(func(p *platform) { p.sign = func(payload []byte) string { return p.signedBy(old, "JWT", payload) } })
	login().refused(t, "id_token")
}

func TestWithdrawnKeysAreForgotten(t *testing.T) {
	p := newPlatform(t)
	s := newSite(t, p)
	login := func() page { s.browser = s.newBrowser(t); return s.get(t, "/me") }
	login().citizen(t)
	p.set(func(p *platform) {
		p.keys = func(w http.ResponseWriter) bool { w.Write(p.keySet(newSigner(p.t, "k2", jose.ES256))); return true }
	})
	s.advance(time.Hour)
	login().refused(t, "id_token")
}

func TestKeysWhileThePlatformIsDown(t *testing.T) {
	p := newPlatform(t)
	s := newSite(t, p)
	login := func() page { s.browser = s.newBrowser(t); return s.get(t, "/me") }
	p.set(func(p *platform) {
		p.keys = func(w http.ResponseWriter) bool { w.WriteHeader(http.StatusServiceUnavailable); return true }
	})
	login().refused(t, "id_token: yinxin: keys")
	login().refused(t, "id_token: yinxin: keys")
	if p.fetches != 1 {
		t.Errorf("%d fetches within ten seconds", p.fetches)
	}
	p.set(func(p *platform) { p.keys = nil })
	s.advance(10 * time.Second)
	login().citizen(t)
	p.set(func(p *platform) {
		p.keys = func(w http.ResponseWriter) bool { w.WriteHeader(http.StatusServiceUnavailable); return true }
	})
	s.advance(6*time.Hour - time.Second)
	login().citizen(t)
	s.advance(10 * time.Second)
	login().refused(t, "id_token: yinxin: keys")
}

// TestSM2KeysStandApart: a client of SM2 reads gm_jwks_uri, any other only jwks_uri.
func TestSM2KeysStandApart(t *testing.T) {
	p := newPlatform(t)
	s := newSite(t, p)
	s.get(t, "/me").citizen(t)
	sm := newPlatform(t)
	sm.signer = newSigner(t, "sm", jose.SM2SM3)
	sm.metadata = without("jwks_uri")
	newSite(t, sm, yinxin.WithAlgorithm("SGD_SM3_SM2")).get(t, "/me").citizen(t)
	if p.fetches != 1 || sm.fetches != 1 {
		t.Errorf("%d and %d fetches", p.fetches, sm.fetches)
	}
}

// logoutClaims are the claims of a right logout token.
func (p *platform) logoutClaims(change func(map[string]any)) []byte {
	m := map[string]any{
		"iss": p.server.URL, "aud": clientID, "sub": "pairwise", "sid": "sid-1", "iat": p.now.Unix(), "exp": p.now.Unix() + 120, "jti": "j1",
		"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
	}
	if change != nil {
		change(m)
	}
	return mustJSON(m)
}

func (s *site) postLogout(t *testing.T, token string) page {
	t.Helper()
	response, err := s.browser.Post(s.server.URL+yinxin.PathBackChannel, "application/x-www-form-urlencoded", strings.NewReader("logout_token="+token))
	if err != nil {
		t.Fatal(err)
	}
	return read(t, response)
}

// TestLogoutTokenRules walks OpenID Connect Back-Channel Logout 1.0 section 2.6: each row is one departure.
func TestLogoutTokenRules(t *testing.T) {
	event := "http://schemas.openid.net/event/backchannel-logout"
	tests := map[string]struct {
		change func(map[string]any)
		typ    string
		ends   bool
	}{
		"as it should be":        {ends: true},
		"typ with prefix":        {typ: "application/logout+jwt", ends: true},
		"session alone":          {change: without("sub"), ends: true},
		"subject alone":          {change: without("sid"), ends: true},
		"several audiences":      {change: with("aud", []string{"other", clientID}), ends: true},
		"content in the event":   {change: with("events", map[string]any{event: map[string]any{"x": 1}}), ends: true},
		"other session":          {change: with("sid", "sid-2")},
		"other subject":          {change: func(m map[string]any) { delete(m, "sid"); m["sub"] = "another" }},
		"no session, no subject": {change: without("sid", "sub")},
		"no events":              {change: without("events")},
		"other event":            {change: with("events", map[string]any{"urn:other": map[string]any{}})},
		"event is null":          {change: with("events", map[string]any{event: nil})},
		"event is a text":        {change: with("events", map[string]any{event: "yes"})},
		"events is a list":       {change: with("events", []string{event})},
		"nonce":                  {change: with("nonce", "n")},
		"nonce is null":          {change: with("nonce", nil)},
		"nonce is a number":      {change: with("nonce", 1)},
		"no jti":                 {change: without("jti")},
		"no iat":                 {change: without("iat")},
		"iat ahead":              {change: with("iat", start.Unix()+31)},
		"no exp":                 {change: without("exp")},
		"ended":                  {change: with("exp", start.Unix()-30)},
		"lives too long":         {change: with("exp", start.Unix()+700)},
		"other issuer":           {change: with("iss", "https://evil.example")},
		"no issuer":              {change: without("iss")},
		"other audience":         {change: with("aud", "other")},
		"typ of an ID token":     {typ: "JWT"},
		"no typ":                 {typ: "none"},
		"typ of an access token": {typ: "at+jwt"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(t)
			s := newSite(t, p)
			s.get(t, "/me").citizen(t)
			typ := test.typ
			if typ == "" {
				typ = "logout+jwt"
			}
			if typ == "none" {
				typ = ""
			}
			answer := s.postLogout(t, p.signed(typ, p.logoutClaims(test.change)))
			request := mustRequest(t, s.server.URL)
			request.Header.Set("Cookie", s.cookie(t))
			_, stands := s.client.Current(request)
			if stands == test.ends {
				t.Errorf("session stands: %v; answer %d %s", stands, answer.status, answer.text)
			}
			if answer.header.Get("Cache-Control") != "no-store" {
				t.Error("the answer may be kept")
			}
			refused := !test.ends && !strings.HasPrefix(name, "other session") && !strings.HasPrefix(name, "other subject")
			var body struct {
				Error string `json:"error"`
			}
			if refused && (answer.status != http.StatusBadRequest || json.Unmarshal([]byte(answer.text), &body) != nil || body.Error != "invalid_request") {
				t.Errorf("answer %d %s", answer.status, answer.text)
			}
			if !refused && answer.status != http.StatusOK {
				t.Errorf("answer %d %s", answer.status, answer.text)
			}
		})
	}
}

func TestLogoutTokensCountOnce(t *testing.T) {
	p := newPlatform(t)
	s := newSite(t, p)
	token := p.signed("logout+jwt", p.logoutClaims(with("exp", start.Unix()+600)))
	if got := s.postLogout(t, token); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.text)
	}
	s.get(t, "/me").citizen(t) // signed in again
	for _, later := range []time.Duration{0, 5 * time.Minute, 5*time.Minute + 29*time.Second} {
		s.advance(later)
		if got := s.postLogout(t, token); got.status != http.StatusBadRequest {
			t.Errorf("%v later the token was taken again", later)
		}
	}
	request := mustRequest(t, s.server.URL)
	request.Header.Set("Cookie", s.cookie(t))
	if _, stands := s.client.Current(request); !stands {
		t.Error("a replayed token ended a new session")
	}
}

func TestLogoutTokenOfNobody(t *testing.T) {
	p := newPlatform(t)
	s := newSite(t, p)
	s.get(t, "/me").citizen(t)
	other := newSigner(t, "k1", jose.ES256)
	for name, token := range map[string]string{
		"forged": p.signedBy(other, "logout+jwt", p.logoutClaims(nil)), "none": "", "garbage": "a.b.c", "too long": strings.Repeat("a", 40<<10),
		"unsigned": base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"logout+jwt"}`)) + "." + base64.RawURLEncoding.EncodeToString(p.logoutClaims(nil)) + ".",
	} {
		if got := s.postLogout(t, token); got.status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, got.status)
		}
	}
	s.get(t, "/me").citizen(t)
	if response, err := s.browser.Get(s.server.URL + yinxin.PathBackChannel); err != nil || response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: %v %v", response, err)
	}
}
