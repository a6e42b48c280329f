// Package authflow is the browser's way from an authorization request to a code: it reads the request (OpenID Connect
// Core 3.1.2.1, RFC 6749 4.1.1), and decides at each stop what comes next: login, a higher level, consent, or the end.
//
//	request → Parse → Flow (stored, bound to the browser) → Decide: login → proofing → consent → finish
//
// It is a state machine over values: no HTTP, no storage.
package authflow

import (
	"encoding/json"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/subject"
)

// Flow is a request that was accepted.
type Flow struct {
	ClientID    string      `json:"client_id"`
	RedirectURI string      `json:"redirect_uri"`
	Scopes      []string    `json:"scopes"`
	State       string      `json:"state,omitempty"`
	HasState    bool        `json:"has_state,omitempty"`
	Nonce       string      `json:"nonce,omitempty"`
	Challenge   string      `json:"challenge,omitempty"`
	Prompt      []string    `json:"prompt,omitempty"`
	MaxAge      *int        `json:"max_age,omitempty"`
	IAL         subject.IAL `json:"ial,omitempty"`
	AAL         subject.AAL `json:"aal,omitempty"`
	Essential   bool        `json:"essential,omitempty"` // the aal must be reached
	EssentialIA bool        `json:"essential_ial,omitempty"`
	Claims      []string    `json:"claims,omitempty"`
	LoginHint   string      `json:"login_hint,omitempty"`
	HintSubject string      `json:"hint_subject,omitempty"`
	CreatedAt   time.Time   `json:"-"`
}

// Life of a flow.
const Life = 30 * time.Minute

// Highest levels that this release can reach by itself.
const (
	maxIAL = subject.IAL(2)
	maxAAL = subject.AAL(1)
)

// Limits of parameters.
const (
	maxState = 8 << 10
	maxNonce = 1 << 10
)

// Single refuses a parameter that stands twice (O-07).
func Single(values url.Values) bool {
	for _, v := range values {
		if len(v) > 1 {
			return false
		}
	}
	return true
}

// RedirectAllowed compares a redirect URI with the registered ones: character by character, except that a native client
// on loopback may use any port (RFC 8252 7.3).
func RedirectAllowed(client idp.Client, uri string) bool {
	if uri == "" {
		return false
	}
	if slices.Contains(client.RedirectURIs, uri) {
		return true
	}
	return client.ApplicationType == "native" && slices.ContainsFunc(client.RedirectURIs, func(registered string) bool { return sameButPort(registered, uri) })
}

func sameButPort(registered, given string) bool {
	a, errA := url.Parse(registered)
	b, errB := url.Parse(given)
	if errA != nil || errB != nil || b.User != nil {
		return false
	}
	address, err := netip.ParseAddr(a.Hostname())
	if err != nil || !address.IsLoopback() { // a name such as localhost is compared exactly
		return false
	}
	withoutPort := func(u *url.URL, text string) string { return strings.Replace(text, u.Host, u.Hostname(), 1) }
	return a.Hostname() == b.Hostname() && withoutPort(a, registered) == withoutPort(b, given)
}

var challengeForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// Parse reads a request whose client and redirect URI are proven. An error goes back to the client by redirect.
func Parse(client idp.Client, q url.Values) (Flow, *oauth.Error) {
	refuse := func(code, why string) (Flow, *oauth.Error) {
		return Flow{}, oauth.Refusal(code, why)
	}
	f := Flow{ClientID: client.ClientID, RedirectURI: q.Get("redirect_uri"), State: q.Get("state"), HasState: q.Has("state"), Nonce: q.Get("nonce"),
		Challenge: q.Get("code_challenge"), Prompt: strings.Fields(q.Get("prompt")), LoginHint: q.Get("login_hint"), Scopes: strings.Fields(q.Get("scope"))}
	switch {
	case q.Has("request"):
		return refuse("request_not_supported", "request objects are not offered")
	case q.Has("request_uri"):
		return refuse("request_uri_not_supported", "request URIs are not offered")
	case q.Has("registration"):
		return refuse("registration_not_supported", "registration is not offered")
	case q.Get("response_type") == "":
		return refuse("invalid_request", "response_type is missing")
	case q.Get("response_type") != "code":
		return refuse("unsupported_response_type", "only code is offered")
	case !slices.Contains(client.GrantTypes, "authorization_code") || !slices.Contains(client.ResponseTypes, "code"):
		return refuse("unauthorized_client", "the client is not registered for this")
	case q.Has("response_mode") && q.Get("response_mode") != "query":
		return refuse("invalid_request", "only response_mode query is offered")
	case len(f.State) > maxState || len(f.Nonce) > maxNonce:
		return refuse("invalid_request", "state or nonce is too long")
	case slices.ContainsFunc(f.Scopes, func(s string) bool { return !slices.Contains(client.Scopes(), s) }):
		return refuse("invalid_scope", "a scope is not given to the client")
	case len(f.Scopes) == 0:
		return refuse("invalid_scope", "no scope")
	}
	if why := checkPKCE(client, q); why != "" {
		return refuse("invalid_request", why)
	}
	if why := f.readPrompt(q); why != "" {
		return refuse("invalid_request", why)
	}
	if why := f.readLevels(q); why != "" {
		return refuse("invalid_request", why)
	}
	if f.Essential && f.AAL > maxAAL || f.EssentialIA && f.IAL > maxIAL {
		return refuse("unmet_authentication_requirements", "the level asked for cannot be reached")
	}
	f.IAL, f.AAL = min(f.IAL, maxIAL), min(f.AAL, maxAAL)
	return f, nil
}

// checkPKCE is O-12: S256 only; a confidential client may be registered without.
func checkPKCE(client idp.Client, q url.Values) string {
	challenge, method := q.Get("code_challenge"), q.Get("code_challenge_method")
	switch {
	case !q.Has("code_challenge") && !q.Has("code_challenge_method"):
		if client.NeedsPKCE() {
			return "code_challenge is missing"
		}
	case method != "S256":
		return "code_challenge_method must be S256"
	case !challengeForm.MatchString(challenge):
		return "code_challenge is not a SHA-256 in base64url"
	}
	return ""
}

func (f *Flow) readPrompt(q url.Values) string {
	for _, word := range f.Prompt {
		if !slices.Contains([]string{"none", "login", "consent", "select_account"}, word) {
			return "prompt is not known"
		}
	}
	if slices.Contains(f.Prompt, "none") && len(f.Prompt) > 1 {
		return "prompt none stands alone"
	}
	if q.Has("max_age") {
		seconds, err := strconv.Atoi(q.Get("max_age"))
		if err != nil || seconds < 0 {
			return "max_age is not a number of seconds"
		}
		f.MaxAge = &seconds // 0 is a value: log in again
	}
	return ""
}

// readLevels takes the wanted levels from acr_values and the claims parameter. Both kinds may be asked for in
// acr_values; acr answers with the aal alone.
func (f *Flow) readLevels(q url.Values) string {
	for _, value := range strings.Fields(q.Get("acr_values")) {
		if level, err := subject.ParseIAL(value); err == nil && f.IAL == 0 {
			f.IAL = level
		}
		if level, err := subject.ParseAAL(value); err == nil && f.AAL == 0 {
			f.AAL = level
		}
	}
	text := q.Get("claims")
	if text == "" {
		return ""
	}
	if len(text) > maxState {
		return "claims is too long"
	}
	var claims map[string]map[string]*struct {
		Essential bool              `json:"essential"`
		Value     json.RawMessage   `json:"value"`
		Values    []json.RawMessage `json:"values"`
	}
	if err := json.Unmarshal([]byte(text), &claims); err != nil {
		return "claims is not the JSON of OpenID Connect Core 5.5"
	}
	for _, place := range []string{"id_token", "userinfo"} {
		for name, want := range claims[place] {
			f.Claims = append(f.Claims, name)
			if want == nil {
				continue
			}
			values := append(want.Values, want.Value)
			for _, raw := range values {
				var level int
				var urn string
				if name == "ial" && json.Unmarshal(raw, &level) == nil && level >= 0 && level <= 4 {
					f.IAL, f.EssentialIA = max(f.IAL, subject.IAL(level)), f.EssentialIA || want.Essential
				}
				if name == "acr" && json.Unmarshal(raw, &urn) == nil {
					if aal, err := subject.ParseAAL(urn); err == nil && (f.AAL == 0 || aal < f.AAL) {
						f.AAL, f.Essential = aal, want.Essential
					}
				}
			}
		}
	}
	return ""
}

// Step is what comes next.
type Step string

// Steps.
const (
	Login    Step = "login"
	Proofing Step = "proofing"
	Consent  Step = "consent"
	Finish   Step = "finish"
)

// State is what is known when a step is decided.
type State struct {
	SignedIn  bool
	AuthTime  time.Time
	Subject   string // pairwise, for id_token_hint
	IAL       subject.IAL
	Consented []string
	Asked     bool // consent was given on this very flow
	Now       time.Time
}

// Decide names the next step, or the error of a silent request.
func Decide(f Flow, s State) (Step, *oauth.Error) {
	silent := slices.Contains(f.Prompt, "none")
	next := f.next(s)
	if next == Finish || !silent {
		return next, nil
	}
	code := map[Step]string{Login: "login_required", Proofing: "interaction_required", Consent: "consent_required"}[next]
	return "", oauth.Refusal(code, "")
}

func (f Flow) next(s State) Step {
	switch {
	case !s.SignedIn, f.mustLogInAgain(s), f.HintSubject != "" && f.HintSubject != s.Subject:
		return Login
	case s.IAL < f.IAL:
		return Proofing
	case !s.Asked && (slices.Contains(f.Prompt, "consent") || slices.ContainsFunc(f.Scopes, func(scope string) bool { return !slices.Contains(s.Consented, scope) })):
		return Consent
	}
	return Finish
}

// mustLogInAgain: prompt=login and select_account ask for a login after the request began; max_age for one not older.
func (f Flow) mustLogInAgain(s State) bool {
	if slices.Contains(f.Prompt, "login") || slices.Contains(f.Prompt, "select_account") {
		return s.AuthTime.Before(f.CreatedAt)
	}
	if f.MaxAge == nil {
		return false
	}
	return s.AuthTime.Before(f.CreatedAt) && f.CreatedAt.Sub(s.AuthTime) >= time.Duration(*f.MaxAge)*time.Second
}
