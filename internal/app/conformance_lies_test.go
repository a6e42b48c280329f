package app_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/conformance"
	"github.com/yinxin-gov/yinxin/conformance/check/fapi2"
	"github.com/yinxin-gov/yinxin/conformance/check/oidc"
	"github.com/yinxin-gov/yinxin/conformance/party"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
)

// lies and the rules that each must be found by; F/ stands for fapi2/fapi2-security-profile-final-.
var lies = []struct {
	name  string
	lie   lie
	rules string
}{
	{"no iss in the answer", redirected(func(q url.Values) { q.Del("iss") }), "oidc/oidcc-server oidc/oidcc-prompt-none-not-logged-in F/happy-flow"},
	{"another state", redirected(func(q url.Values) { q.Set("state", "another") }), "oidc/oidcc-server oidc/oidcc-prompt-none-not-logged-in F/happy-flow F/ensure-authorization-request-with-long-state F/ensure-different-state-inside-and-outside-request-object F/state-only-outside-request-object-not-used"},
	{"a token by way of the browser", redirected(func(q url.Values) { q.Set("access_token", "x") }), "oidc/oidcc-server"},
	{"a state that stands twice", redirected(func(q url.Values) { q.Add("state", q.Get("state")) }), "oidc/oidcc-server"},
	{"another path", moved(func(u *url.URL) { u.Path += "/other" }), "oidc/oidcc-server"},
	{"an answer in the fragment", moved(func(u *url.URL) { u.Fragment, u.RawQuery = u.RawQuery, "" }), "oidc/oidcc-server"},
	{"the registered query is lost", redirected(func(q url.Values) { q.Del("dummy1") }), "oidc/oidcc-redirect-uri-query-OK"},
	{"another nonce", claim("nonce", func(*liar) any { return "another" }), "oidc/oidcc-server oidc/oidcc-ensure-request-without-nonce-succeeds-for-code-flow F/happy-flow F/ensure-authorization-request-without-nonce-success F/ensure-authorization-request-with-64-char-nonce-success F/ensure-authorization-request-with-long-nonce F/ensure-different-nonce-inside-and-outside-request-object"},
	{"the algorithm none", idTokens(func(_ *liar, header, _ map[string]any) { header["alg"] = "none" }), "oidc/oidcc-server oidc/oidcc-idtoken-signature F/happy-flow"},
	{"another algorithm than registered", claim("extra", func(*liar) any { return "x" }), "oidc/oidcc-idtoken-rs256 oidc/oidcc-idtoken-signature"},
	{"a key that is not published", idTokens(func(_ *liar, header, _ map[string]any) { header["kid"] = "unknown" }), "oidc/oidcc-server"},
	{"a signature by another key", lie{after: func(l *liar, a *answered) {
		if a.path == "/token" {
			a.json(func(body map[string]any) {
				if token, ok := body["id_token"].(string); ok {
					body["id_token"] = zeroSignature(token)
				}
			})
		}
	}}, "oidc/oidcc-server"},
	{"at_hash of another token", claim("at_hash", func(*liar) any { return "AAAAAAAAAAAAAAAAAAAAAA" }), "oidc/oidcc-server"},
	{"another audience", claim("aud", func(*liar) any { return "another" }), "oidc/oidcc-server"},
	{"another issuer", claim("iss", func(*liar) any { return "https://other.conformance.example" }), "oidc/oidcc-server"},
	{"an end in the past", claim("exp", func(*liar) any { return 1 }), "oidc/oidcc-server"},
	{"no end", claim("exp", func(*liar) any { return nil }), "oidc/oidcc-server"},
	{"no iat", claim("iat", func(*liar) any { return nil }), "oidc/oidcc-server"},
	{"acr is no text", claim("acr", func(*liar) any { return 1 }), "oidc/oidcc-server"},
	{"amr is no list", claim("amr", func(*liar) any { return "pwd" }), "oidc/oidcc-server"},
	{"sid is no text", claim("sid", func(*liar) any { return 1 }), "oidc/oidcc-server"},
	{"an ID token of an hour ago", claim("iat", func(l *liar) any { return l.clock().Add(-time.Hour).Unix() }), "oidc/oidcc-server"},
	{"an ID token of later", claim("iat", func(l *liar) any { return l.clock().Add(time.Hour).Unix() }), "oidc/oidcc-server"},
	{"a subject that is too long", claim("sub", func(*liar) any { return strings.Repeat("x", 256) }), "oidc/oidcc-server"},
	{"several audiences and no party", claim("aud", func(*liar) any { return []string{"conformance-basic", "another"} }), "oidc/oidcc-server"},
	{"a login of tomorrow", claim("auth_time", func(l *liar) any { return l.clock().Add(24 * time.Hour).Unix() }), "oidc/oidcc-server"},
	{"another authorised party", claim("azp", func(*liar) any { return "another" }), "oidc/oidcc-server"},
	{"no auth_time", claim("auth_time", func(*liar) any { return nil }), "oidc/oidcc-max-age-1 oidc/oidcc-max-age-10000"},
	{"a login of ever now", lie{after: func(l *liar, a *answered) {
		claim("auth_time", func(*liar) any { return l.clock().Unix() }).after(l, a)
	}}, "oidc/oidcc-prompt-none-logged-in oidc/oidcc-max-age-10000"},
	{"somebody new each time", claim("sub", func(l *liar) any { return l.key.id + l.clock().String() }), "oidc/oidcc-prompt-none-logged-in oidc/oidcc-prompt-login"},
	{"an s_hash without state", claim("s_hash", func(*liar) any { return "AAAA" }), "F/ensure-authorization-request-without-state-success"},
	{"max_age is not heard", deaf("max_age"), "oidc/oidcc-max-age-1"},
	{"prompt is not heard", deaf("prompt"), "oidc/oidcc-prompt-login oidc/oidcc-prompt-none-not-logged-in oidc/oidcc-rp-initiated-logout"},
	{"response_mode is not heard", deaf("response_mode"), "oidc/oidcc-formpost-server oidc/oidcc-formpost-prompt-none-not-logged-in"},
	{"a request object is passed over", deaf("request"), "oidc/oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported"},
	{"a request_uri is passed over", deaf("request_uri"), "oidc/oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported"},
	{"a hint is passed over", deaf("id_token_hint"), "oidc/oidcc-id-token-hint"},
	{"an old answer for a used code", lie{before: replaying, after: keeping}, "oidc/oidcc-codereuse oidc/oidcc-codereuse-30seconds F/attempt-reuse-authorization-code-after-one-second"},
	{"answers that may be stored", lie{after: func(_ *liar, a *answered) {
		if a.path == "/token" {
			a.Header.Set("Cache-Control", "public")
		}
	}}, "oidc/oidcc-server"},
	{"another kind of token", bodies("/token", func(body map[string]any) { body["token_type"] = "mac" }), "oidc/oidcc-server F/happy-flow F/refresh-token"},
	{"tokens that are no JSON", lie{after: func(_ *liar, a *answered) {
		if a.path == "/token" {
			a.Header.Set("Content-Type", "text/plain")
		}
	}}, "oidc/oidcc-server"},
	{"no access token", bodies("/token", func(body map[string]any) { delete(body, "access_token") }), "oidc/oidcc-server"},
	{"a life of less than nothing", bodies("/token", func(body map[string]any) { body["expires_in"] = -1 }), "oidc/oidcc-server"},
	{"no ID token", bodies("/token", func(body map[string]any) { delete(body, "id_token") }), "oidc/oidcc-server"},
	{"userinfo of somebody else", bodies("/userinfo", func(body map[string]any) { body["sub"] = "somebody-else" }), "oidc/oidcc-server oidc/oidcc-userinfo-get oidc/oidcc-userinfo-post-header oidc/oidcc-refresh-token F/happy-flow"},
	{"claims of another kind", bodies("/userinfo", func(body map[string]any) {
		body["name"], body["email"], body["phone_number"], body["address"] = 1, true, 8613900139071, "street"
	}), "oidc/oidcc-scope-profile oidc/oidcc-scope-email oidc/oidcc-scope-phone oidc/oidcc-scope-all"},
	{"an address that is a text", lie{before: func(_ *liar, _ http.ResponseWriter, r *http.Request) bool {
		r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "+address", "", 1)
		return false
	}, after: func(l *liar, a *answered) {
		bodies("/.well-known/openid-configuration", func(m map[string]any) { m["scopes_supported"] = []string{"openid", "address"} }).after(l, a)
		bodies("/userinfo", func(body map[string]any) { body["address"] = "street" }).after(l, a)
	}}, "oidc/oidcc-scope-address"},
	{"userinfo is never signed", lie{after: func(_ *liar, a *answered) {
		if a.path == "/userinfo" {
			a.say(http.StatusOK, map[string]any{"sub": "x"})
		}
	}}, "oidc/oidcc-userinfo-rs256 oidc/oidcc-userinfo-post-body"},
	{"metadata of another issuer", bodies("/.well-known/openid-configuration", func(m map[string]any) {
		m["issuer"], m["claims_parameter_supported"], m["scopes_supported"] = "https://other.conformance.example", "yes", []string{"openid", "address"}
	}), "oidc/oidcc-discovery-endpoint-verification F/discovery-end-point-verification"},
	{"metadata of an older time", bodies("/.well-known/openid-configuration", func(m map[string]any) {
		m["end_session_endpoint"], m["backchannel_logout_session_supported"], m["frontchannel_logout_session_supported"] = "http://other.conformance.example/logout", false, false
		m["code_challenge_methods_supported"] = []string{"plain"}
	}), "oidc/oidcc-rp-initiated-logout-discovery-endpoint-verification oidc/oidcc-backchannel-logout-discovery-endpoint-verification oidc/oidcc-frontchannel-logout-discovery-endpoint-verification F/discovery-end-point-verification"},
	{"keys that are private", bodies("/jwks", func(set map[string]any) {
		for _, key := range set["keys"].([]any) {
			key.(map[string]any)["d"] = "AAAA"
		}
	}), "oidc/oidcc-discovery-endpoint-verification"},
	{"logout is a word", lie{before: noLogout}, `oidc/oidcc-rp-initiated-logout oidc/oidcc-rp-initiated-logout-no-state oidc/oidcc-rp-initiated-logout-bad-post-logout-redirect-uri
		oidc/oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri oidc/oidcc-rp-initiated-logout-modified-id-token-hint oidc/oidcc-rp-initiated-logout-bad-id-token-hint
		oidc/oidcc-rp-initiated-logout-no-id-token-hint oidc/oidcc-rp-initiated-logout-no-params oidc/oidcc-rp-initiated-logout-no-post-logout-redirect-uri oidc/oidcc-rp-initiated-logout-only-state
		oidc/oidcc-backchannel-rp-initiated-logout oidc/oidcc-frontchannel-rp-initiated-logout`},
	{"a logout token that could be an ID token", loggingOut("nonce", "n"), "oidc/oidcc-backchannel-rp-initiated-logout"},
	{"a logout token of no event", loggingOut("events", nil), "oidc/oidcc-backchannel-rp-initiated-logout"},
	{"a logout token without jti", loggingOut("jti", nil), "oidc/oidcc-backchannel-rp-initiated-logout"},
	{"a logout token of somebody else", loggingOut("sub", "somebody-else"), "oidc/oidcc-backchannel-rp-initiated-logout"},
	{"a logout token of another session", loggingOut("sid", "another"), "oidc/oidcc-backchannel-rp-initiated-logout"},
	{"a logout token without session", loggingOut("sid", nil), "oidc/oidcc-backchannel-rp-initiated-logout"},
	{"a logout token for another client", loggingOut("aud", "another"), "oidc/oidcc-backchannel-rp-initiated-logout"},
	{"a logout token that has ended", loggingOut("exp", 1), "oidc/oidcc-backchannel-rp-initiated-logout"},
	{"frames without a session", lie{after: func(_ *liar, a *answered) {
		a.body = bytes.ReplaceAll(a.body, []byte("sid="), []byte("dis="))
	}}, "oidc/oidcc-frontchannel-rp-initiated-logout"},
	{"a signed answer that lasts", lie{after: func(l *liar, a *answered) {
		resigned(l, a, func(claims map[string]any) { claims["exp"] = l.clock().Add(time.Hour).Unix() })
	}}, "fapi2/fapi2-jarm-response"},
	{"a signed answer for another client", lie{after: func(l *liar, a *answered) {
		resigned(l, a, func(claims map[string]any) { claims["aud"] = "another" })
	}}, "fapi2/fapi2-jarm-response"},
	{"introspection knows nothing", lie{after: func(_ *liar, a *answered) {
		if a.path == "/introspect" {
			a.say(http.StatusOK, map[string]any{"active": false})
		}
	}}, "fapi2/fapi2-signed-introspection fapi2/fapi2-introspection-revocation"},
	{"a push that lasts", bodies("/par", func(body map[string]any) { body["expires_in"] = 3600 }), "F/happy-flow"},
	{"every second push is refused", lie{before: func(l *liar, w http.ResponseWriter, r *http.Request) bool {
		return r.URL.Path == "/authorize" && l.seen(r.URL.Query().Get("request_uri")) && no(l, w, r)
	}}, "F/par-ensure-reused-request-uri-prior-to-auth-completion-succeeds"},
	{"a push by any method", lie{before: func(_ *liar, w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/par" || r.Method == http.MethodPost {
			return false
		}
		w.WriteHeader(http.StatusCreated)
		return true
	}}, "F/par-attempt-invalid-http-method"},
	{"yes to everything", lie{after: yes}, `oidc/oidcc-response-type-missing oidc/oidcc-userinfo-get oidc/oidcc-prompt-none-not-logged-in oidc/oidcc-codereuse oidc/oidcc-ensure-registered-redirect-uri
		oidc/oidcc-redirect-uri-query-mismatch oidc/oidcc-redirect-uri-query-added oidc/oidcc-ensure-redirect-uri-in-authorization-request oidc/oidcc-server-client-secret-post oidc/oidcc-refresh-token
		oidc/oidcc-ensure-client-assertion-with-iss-aud-succeeds oidc/oidcc-ensure-request-with-valid-pkce-succeeds oidc/oidcc-redirect-uri-regfrag oidc/oidcc-registration-sector-bad oidc/oidcc-idtoken-unsigned
		oidc/oidcc-refresh-token-rp-key-rotation oidc/oidcc-formpost-ensure-registered-redirect-uri oidc/oidcc-formpost-prompt-none-not-logged-in
		F/user-rejects-authentication F/test-essential-acr-sca-claim F/ensure-mismatched-dpop-jkt-fails F/ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt
		F/ensure-token-endpoint-fails-with-mismatched-dpop-jkt F/ensure-redirect-uri-in-authorization-request F/ensure-request-object-without-redirect-uri-fails
		F/ensure-unsigned-authorization-request-without-using-par-fails F/ensure-response-type-code-idtoken-fails F/ensure-response-type-token-fails F/ensure-client-id-in-token-endpoint F/ensure-holder-of-key-required
		F/ensure-authorization-code-is-bound-to-client F/ensure-token-endpoint-fails-with-expired-auth-code F/ensure-signed-client-assertion-with-RS256-fails F/ensure-client-assertion-in-token-endpoint
		F/ensure-client-assertion-with-exp-is-5-minutes-in-past-fails F/ensure-client-assertion-with-wrong-aud-fails F/ensure-client-assertion-with-no-sub-fails fapi2/fapi2-ensure-client-assertion-with-bad-signature-fails
		F/dpop-negative-tests F/refresh-token F/par-attempt-reuse-request_uri F/par-attempt-to-use-expired-request_uri F/par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails
		F/par-attempt-to-use-request_uri-for-different-client F/par-authorization-request-containing-request_uri-form-param F/par-authorization-request-containing-request_uri F/par-ensure-pkce-required
		F/ensure-pkce-code-verifier-required F/incorrect-pkce-code-verifier-rejected F/par-plain-pkce-rejected F/par-test-array-as-audience-fails F/par-test-par-endpoint-url-as-audience-fails
		F/par-test-token-endpoint-url-as-audience-fails F/ensure-request-object-without-exp-fails F/ensure-request-object-without-nbf-fails F/ensure-expired-request-object-fails F/ensure-request-object-with-bad-aud-fails
		fapi2/fapi2-ensure-request-object-with-bad-iss-fails F/ensure-request-object-with-exp-over-60-fails F/ensure-request-object-with-nbf-over-60-fails F/ensure-signed-request-object-with-RS256-fails
		F/ensure-request-object-signature-algorithm-is-not-none F/ensure-request-object-with-invalid-signature-fails F/ensure-matching-key-in-authorization-request F/ensure-unsigned-request-at-par-endpoint-fails
		fapi2/fapi2-introspection-revocation`},
	{"errors go anywhere", lie{before: func(l *liar, w http.ResponseWriter, r *http.Request) bool {
		switch r.URL.Path {
		case "/par":
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusCreated)
			io.WriteString(w, `{"request_uri":"urn:ietf:params:oauth:request_uri:any","expires_in":60}`)
		case "/authorize":
			address := r.URL.Query().Get("redirect_uri")
			if address == "" {
				address = l.addressOf(r.URL.Query().Get("client_id"))
			}
			http.Redirect(w, r, address+"?error=invalid_request", http.StatusSeeOther)
		default:
			return false
		}
		return true
	}}, "F/ensure-registered-redirect-uri oidc/oidcc-ensure-request-object-with-redirect-uri oidc/oidcc-ensure-registered-redirect-uri"},
	{"no to everything", lie{before: no}, `oidc/oidcc-alternate-happy-flow oidc/oidcc-display-page oidc/oidcc-display-popup oidc/oidcc-ensure-request-with-unknown-parameter-succeeds oidc/oidcc-login-hint oidc/oidcc-ui-locales
		oidc/oidcc-claims-locales oidc/oidcc-ensure-request-with-acr-values-succeeds oidc/oidcc-ensure-post-request-succeeds oidc/oidcc-claims-essential oidc/oidcc-registration-logo-uri oidc/oidcc-registration-policy-uri
		oidc/oidcc-registration-tos-uri oidc/oidcc-idtoken-unsigned oidc/oidcc-prompt-none-not-logged-in
		F/ensure-other-scope-order-succeeds F/test-claims-parameter-identity-claims F/access-token-type-header-case-sensitivity F/check-dpop-proof-nbf-exp F/ensure-dpopproof-with-iat-10seconds-before-succeeds
		F/ensure-dpopproof-with-iat-10seconds-after-succeeds F/ensure-dpopproof-at-par-endpoint-binding-success F/ensure-dpop-auth-code-binding-success
		F/par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted F/par-without-duplicate-parameters F/ensure-request-object-with-multiple-aud-succeeds
		F/ensure-request-object-with-nbf-8-seconds-in-the-future-is-accepted`},
}

// saying is what a rule must say of a lie, where it could be found for another reason.
var saying = map[string]string{
	"no iss in the answer": "iss is", "another state": "state is", "a token by way of the browser": "access_token came", "a state that stands twice": "state came 2 times", "another path": "another address",
	"an answer in the fragment": "in the fragment", "another nonce": "nonce is", "the algorithm none": "algorithm", "a key that is not published": "no key", "a signature by another key": "signature",
	"at_hash of another token": "at_hash", "another audience": "claims are not", "another issuer": "claims are not", "an end in the past": "expired", "no end": "no exp", "no iat": "no iat", "acr is no text": "acr is",
	"amr is no list": "amr is", "sid is no text": "sid is", "an ID token of an hour ago": "iat is", "an ID token of later": "claims are not", "a subject that is too long": "sub has 256",
	"several audiences and no party": "azp is", "a login of tomorrow": "auth_time is", "another authorised party": "azp is", "no auth_time": "auth_time is", "answers that may be stored": "Cache-Control",
	"another kind of token": "token_type is", "tokens that are no JSON": "Content-Type", "no access token": "no access_token", "a life of less than nothing": "expires_in is", "no ID token": "no id_token",
	"a logout token that could be an ID token": "nonce", "a logout token of no event": "events is", "a logout token without jti": "jti is missing", "a logout token of somebody else": "sub is of somebody else",
	"a logout token of another session": "sid is", "a logout token without session": "sid is", "a logout token for another client": "claims are not", "a logout token that has ended": "expired",
	"a signed answer that lasts": "exp is ", "a signed answer for another client": "signed answer verifies",
}

// loggingOut changes a claim of logout tokens; nil takes it away.
func loggingOut(name string, value any) lie {
	return lie{logout: func(claims map[string]any) { changed(claims, map[string]any{name: value}) }}
}

// moved changes the address to which a client's answer goes.
func moved(change func(*url.URL)) lie {
	return lie{after: func(_ *liar, a *answered) {
		if target, err := url.Parse(a.Header.Get("Location")); err == nil && target.Hostname() == "conformance.example" {
			change(target)
			a.Header.Set("Location", target.String())
		}
	}}
}

// resigned changes a signed authorization response.
func resigned(l *liar, a *answered, change func(map[string]any)) {
	target, err := url.Parse(a.Header.Get("Location"))
	if err != nil || !target.Query().Has("response") {
		return
	}
	claims := apptest.Claims(l.t, target.Query().Get("response"))
	change(claims)
	target.RawQuery = url.Values{"response": {l.strong.jws(l.t, map[string]any{"alg": "PS256", "kid": l.strong.id}, claims)}}.Encode()
	a.Header.Set("Location", target.String())
}

// TestLiesAreFound: each lie is found by the rules named, and there is no rule that no lie breaks.
func TestLiesAreFound(t *testing.T) {
	l, j := startLiar(t)
	j.options.Patience = 90 * time.Second
	var few []string
	for _, c := range j.options.With.Clients { // two of each kind are enough, and mutual TLS does not pass the proxy
		switch c.ClientID {
		case "conformance-fapi-key-mtls", "conformance-fapi-mtls-dpop", "conformance-fapi-mtls-mtls", "conformance-fapi-jar":
		default:
			few = append(few, c.ClientID)
		}
	}
	j.options.With.Clients = slices.DeleteFunc(j.options.With.Clients, func(c party.Client) bool { return !slices.Contains(few, c.ClientID) })
	t.Run("what is signed anew and otherwise the same is no lie", func(t *testing.T) {
		for id, rule := range l.judgeWith(t, claim("extra", func(*liar) any { return "x" }), j, "oidc/oidcc-server", "oidc/oidcc-max-age-1", "fapi2/fapi2-security-profile-final-happy-flow") {
			if rule.Verdict != conformance.Pass {
				t.Errorf("%s: %+v", id, rule.Cases)
			}
		}
		if rule := l.judgeWith(t, loggingOut("extra", "x"), j, "oidc/oidcc-backchannel-rp-initiated-logout")["oidc/oidcc-backchannel-rp-initiated-logout"]; rule.Verdict != conformance.Pass {
			t.Errorf("%+v", rule.Cases)
		}
	})
	missing := map[string]bool{}
	for _, rule := range slices.Concat(oidc.Rules(), fapi2.Rules()) {
		missing[rule.ID] = true
	}
	delete(missing, "fapi2/fapi2-ensure-mtls-holder-of-key-required") // see TestRulesOfServersHoldHere
	delete(missing, "fapi2/fapi2-transport")                          // TestOldTransportIsFound
	for _, test := range lies {
		t.Run(test.name, func(t *testing.T) {
			names := strings.Fields(strings.ReplaceAll(test.rules, "F/", "fapi2/fapi2-security-profile-final-"))
			told := j
			if slices.Contains(names, "oidc/oidcc-backchannel-rp-initiated-logout") {
				told.options.Patience = 2 * time.Second // none will come
			}
			if slices.Contains(names, "oidc/oidcc-scope-address") {
				told.options.With.Clients = slices.Clone(told.options.With.Clients)
				told.options.With.Clients[0].Scope += " address"
			}
			verdicts := l.judgeWith(t, test.lie, told, names...)
			for _, name := range names {
				if verdicts[name].Verdict != conformance.Fail {
					t.Errorf("%s: %s %+v", name, verdicts[name].Verdict, verdicts[name].Cases)
				}
				said := false
				for _, c := range verdicts[name].Cases {
					said = said || c.Verdict == conformance.Fail && strings.Contains(c.Vector+" "+c.Got+" "+c.Detail, saying[test.name])
					if c.Got == "crash" {
						t.Errorf("%s: %s", name, c.Detail)
					}
				}
				if !said {
					t.Errorf("%s fails for another reason: %+v", name, verdicts[name].Cases)
				}
				delete(missing, name)
			}
		})
	}
	t.Run("by the command", func(t *testing.T) {
		l.tell(redirected(func(q url.Values) { q.Set("state", "another") }))
		with, junit := filepath.Join(t.TempDir(), "with.json"), filepath.Join(t.TempDir(), "report.xml")
		if err := os.WriteFile(with, j.made.With, 0o600); err != nil {
			t.Fatal(err)
		}
		var out, talk strings.Builder
		status := conformance.Command(t.Context(), []string{"--issuer", l.URL, "--with", with, "--json", "--junit", junit, "oidc/oidcc-server", "oidc/oidcc-discovery-endpoint-verification"}, &out, &talk)
		var result conformance.Result
		if err := json.Unmarshal([]byte(out.String()), &result); err != nil || status != 1 || result.Failed != 1 || result.Passed != 1 {
			t.Errorf("ended %d: %v %s %s", status, err, out.String(), talk.String())
		}
		if report, err := os.ReadFile(junit); err != nil || !strings.Contains(string(report), "<failure ") || !strings.Contains(string(report), "state is") {
			t.Errorf("%v %s", err, report)
		}
	})
	for _, id := range slices.Sorted(maps.Keys(missing)) {
		t.Errorf("no lie breaks %s", id)
	}
}
