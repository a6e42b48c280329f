// Package authflow is the browser's way from an authorization request to a code: it reads the request (OpenID Connect
// Core 3.1.2.1, RFC 6749 4.1.1), and decides at each stop what comes next: login, a higher level, consent, or the end.
//
//	request → Parse → Flow (stored, bound to the browser) → Decide: login → proofing → consent → finish
//
// It is a state machine over values: no HTTP, no storage.
package authflow

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/subject"
)

// Flow is a request that was accepted.
type Flow struct {
	ClientID       string          `json:"client_id"`
	RedirectURI    string          `json:"redirect_uri"`
	Mode           string          `json:"mode,omitempty"` // response mode
	Scopes         []string        `json:"scopes"`
	State          string          `json:"state,omitempty"`
	HasState       bool            `json:"has_state,omitempty"`
	Nonce          string          `json:"nonce,omitempty"`
	Challenge      string          `json:"challenge,omitempty"`
	Prompt         []string        `json:"prompt,omitempty"`
	MaxAge         *int            `json:"max_age,omitempty"`
	IAL            subject.IAL     `json:"ial,omitempty"`
	AAL            subject.AAL     `json:"aal,omitempty"`
	Essential      bool            `json:"essential,omitempty"` // the aal must be reached
	Unreachable    bool            `json:"-"`                   // an essential level is out of reach
	leastIAL       subject.IAL     // that is asked for as essential
	reach          subject.IAL     // highest level that anybody reaches here
	Claims         []string        `json:"claims,omitempty"`          // asked for in the ID token
	UserinfoClaims []string        `json:"userinfo_claims,omitempty"` // asked for at userinfo
	Resources      []string        `json:"resources,omitempty"`       // RFC 8707
	Details        json.RawMessage `json:"details,omitempty"`         // authorization_details, RFC 9396
	DPoPJKT        string          `json:"dpop_jkt,omitempty"`        // key that the code is bound to, RFC 9449 10
	ActingFor      string          `json:"acting_for,omitempty"`      // for whom: ActingSelf, a mandate, or the pairwise subject of a principal
	LoginHint      string          `json:"login_hint,omitempty"`
	HintSubject    string          `json:"hint_subject,omitempty"` // pairwise subject who must answer
	IDTokenHint    string          `json:"-"`                      // read before the flow is stored
	Locales        string          `json:"locales,omitempty"`      // ui_locales
	Pushed         []byte          `json:"pushed,omitempty"`       // the pushed request that is consumed by the answer
	CreatedAt      time.Time       `json:"-"`
}

// ActingSelf as acting_for says that the person acts for itself, so that nobody is asked.
const ActingSelf = "self"

// Life of a flow.
const Life = 30 * time.Minute

// maxAAL is the strongest login that this release can reach by itself.
const maxAAL = subject.AAL(2)

// Step is what comes next.
type Step string

// Steps.
const (
	Login    Step = "login"
	Choose   Step = "choose" // for whom the person acts
	Proofing Step = "proofing"
	Consent  Step = "consent"
	Finish   Step = "finish"
)

// State is what is known when a step is decided.
type State struct {
	SignedIn   bool
	AuthTime   time.Time
	Subject    string // pairwise, for id_token_hint
	AAL        subject.AAL
	IAL        subject.IAL
	Consented  []string
	Agreed     idp.Consent // in force; its scopes are Consented where they cover what is asked now
	Asked      bool        // consent was given on this very flow
	Unshown    bool        // something is to be passed on that the person was not asked about
	MustChoose bool        // the person did not say yet for whom it acts
	Acts       bool        // for a principal whose level is PrincipalIAL
	Principal  subject.IAL
	Items      []string // what consent is needed for
	Public     bool     // the client cannot prove who it is
	Highest    bool     // no login of this account reaches more: it has no second factor
	Now        time.Time
}

// OutOfReach reports that the flow needs a level that nobody can reach here. Parse refuses requests that ask so; flows of
// bridges take their levels from a registration.
func (f Flow) OutOfReach(reach subject.IAL) bool {
	return f.IAL > reach || f.Essential && f.AAL > maxAAL
}

// Silent reports whether no page may be shown.
func (f Flow) Silent() bool { return slices.Contains(f.Prompt, "none") }

// Decide names the next step, or the error that ends the flow.
func Decide(f Flow, s State) (Step, *oauth.Error) {
	fresh := s.SignedIn && !s.AuthTime.Before(f.CreatedAt) // the login was made for this request
	switch {
	case fresh && f.HintSubject != "" && f.HintSubject != s.Subject:
		return "", oauth.Refusal("login_required", "another person signed in than the one asked for")
	case s.Acts && s.SignedIn && s.Principal < f.IAL:
		return "", oauth.Refusal("unmet_authentication_requirements", "the one who is acted for is not known as surely as asked for")
	case fresh && f.Essential && s.AAL < f.AAL:
		return "", oauth.Refusal("unmet_authentication_requirements", "the login is weaker than asked for") // O-48
	}
	next := f.next(s, fresh)
	if next == Finish || !f.Silent() {
		return next, nil
	}
	code := map[Step]string{Login: "login_required", Choose: "account_selection_required", Proofing: "interaction_required", Consent: "consent_required"}[next]
	return "", oauth.Refusal(code, "")
}

func (f Flow) next(s State, fresh bool) Step {
	switch {
	case !s.SignedIn, f.mustLogInAgain(s), f.HintSubject != "" && f.HintSubject != s.Subject, s.AAL < f.AAL && !fresh && (f.Essential || !s.Highest):
		return Login
	case s.MustChoose:
		return Choose
	case s.IAL < f.IAL:
		return Proofing
	case !s.Asked && f.mustAsk(s):
		return Consent
	}
	return Finish
}

// mustAsk: authorization_details are a single transaction, so that an earlier consent never covers them. A public client
// may be somebody else than the one that was allowed before, so that its users are always asked (O-54).
func (f Flow) mustAsk(s State) bool {
	return slices.Contains(f.Prompt, "consent") || len(f.Details) > 0 || s.Public || s.Unshown || slices.ContainsFunc(s.Items, func(item string) bool { return !slices.Contains(s.Consented, item) })
}

// mustLogInAgain: prompt=login and select_account ask for a login after the request began; max_age for one not older. A
// reload begins a request anew, and so asks anew (O-47).
func (f Flow) mustLogInAgain(s State) bool {
	if slices.Contains(f.Prompt, "login") || slices.Contains(f.Prompt, "select_account") {
		return s.AuthTime.Before(f.CreatedAt)
	}
	if f.MaxAge == nil {
		return false
	}
	return s.AuthTime.Before(f.CreatedAt) && f.CreatedAt.Sub(s.AuthTime) >= time.Duration(*f.MaxAge)*time.Second
}
