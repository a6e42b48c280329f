package presentation

import (
	"bytes"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/statuslist"
)

// Level is the answer to a code: green, amber or red.
type Level string

// Levels.
const (
	Valid         Level = "valid"
	Indeterminate Level = "indeterminate"
	Invalid       Level = "invalid"
)

// Reason says why a code is not green.
type Reason string

// Reasons against a code.
const (
	ReasonFormat          Reason = "format"           // not a code, or not in its one form
	ReasonUnknownKey      Reason = "unknown_key"      // signed with a key that the bundle does not hold
	ReasonIssuerScope     Reason = "issuer_scope"     // the key may not speak about this type, or not at this time
	ReasonIssuerSignature Reason = "issuer_signature" // forged or damaged
	ReasonNotYet          Reason = "not_yet"          // issued in the future
	ReasonExpired         Reason = "expired"          // the token's life or its step is over (L-01)
	ReasonHolderSignature Reason = "holder_signature" // not shown by the holder's key
	ReasonChallenge       Reason = "challenge"        // another challenge than the verifier's
	ReasonConsumed        Reason = "consumed"         // shown before (L-02)
	ReasonEnded           Reason = "status_ended"     // status list: withdrawn, cancelled, revoked, lapsed
	ReasonSuspended       Reason = "status_suspended"
	ReasonReplaced        Reason = "status_replaced"
	ReasonWithdrawn       Reason = "withdrawn" // its holder took the paper copy back
	ReasonPageText        Reason = "page_text" // the text of the page is another one, or the code is that of no paper copy
)

// Reasons that leave a code amber.
const (
	ReasonNoBundle    Reason = "no_bundle"     // no keys to judge with
	ReasonBundleStale Reason = "bundle_stale"  // keys older than 7 days (L-08)
	ReasonNoStatus    Reason = "no_status"     // no fresh answer on the status (L-08)
	ReasonNoChallenge Reason = "no_challenge"  // neither challenge nor replay cache: may be a relayed picture
	ReasonMaybeChange Reason = "status_change" // in the delta list: ask online
)

// StatusAnswer is what the caller found out about the licence behind a view.
type StatusAnswer struct {
	Known     bool // a fresh enough source spoke
	Status    statuslist.Status
	Hit       bool      // the delta list holds the code: something changed, ask online
	Withdrawn bool      // the register says that the holder took the paper copy back
	Source    string    // list | online | none
	Time      time.Time // of the source; zero without one
}

// Options of Verify.
type Options struct {
	Keys        []Key
	KeysStale   bool      // the bundle the keys came from is too old
	At          time.Time // now
	Challenge   []byte    // the verifier's, empty when none was issued
	PageText    string    // of the page that the code stands on, where it was typed or read; empty otherwise
	Consumed    func(pid [16]byte) bool
	StatusOf    func(code *Code, key Key) StatusAnswer
	IgnoreSteps bool // judge the signatures of a code that was kept: no step, no life
}

// Result of Verify. Code is nil when the text is not a code. Key is who issued, when that is proven.
type Result struct {
	Level   Level
	Reasons []Reason // decisive one first
	Code    *Code
	Key     *Key
	Status  StatusAnswer
}

// Has tells whether the reason is among the result's.
func (r Result) Has(reason Reason) bool { return slices.Contains(r.Reasons, reason) }

// Verify judges a code in the order of license.md 11.4. It stops at the first reason against the code, so that nothing of
// a forged code is asked about elsewhere; amber reasons are collected.
func Verify(text string, options Options) Result {
	code, err := Decode(text)
	if err != nil {
		return Result{Level: Invalid, Reasons: []Reason{ReasonFormat}}
	}
	r := Result{Level: Valid, Code: code}
	if len(options.Keys) == 0 {
		r.Level, r.Reasons = Indeterminate, []Reason{ReasonNoBundle}
		return r
	}
	if reason := r.findKey(options); reason != "" {
		return r.refuse(reason)
	}
	if options.KeysStale {
		r.doubt(ReasonBundleStale)
	}
	if !options.IgnoreSteps {
		if reason := checkTimes(code, options.At); reason != "" {
			return r.refuse(reason)
		}
	}
	if options.PageText != "" && (code.View.Paper == nil || code.View.Paper.Text != PageText(options.PageText)) {
		return r.refuse(ReasonPageText)
	}
	if code.Device != nil && !verifyRaw(code.View.HolderKey, Transcript(code.Token, code.DeviceRaw), code.HolderSig) {
		return r.refuse(ReasonHolderSignature)
	}
	if len(options.Challenge) > 0 && (code.Device == nil || !bytes.Equal(code.Device.Challenge, options.Challenge)) {
		return r.refuse(ReasonChallenge)
	}
	if options.Consumed != nil && code.Device != nil && options.Consumed(code.View.PID) {
		return r.refuse(ReasonConsumed)
	}
	if options.Consumed == nil && len(options.Challenge) == 0 && code.Device != nil {
		r.doubt(ReasonNoChallenge)
	}
	return r.judgeStatus(options)
}

func (r *Result) findKey(options Options) Reason {
	known := false
	for _, key := range options.Keys {
		if key.ID() != r.Code.View.KeyID {
			continue
		}
		known = true
		if !verifyRaw(key.Public, r.Code.Token.View, r.Code.Token.Signature) {
			continue // four octets may name two keys
		}
		issued := r.Code.View.IssuedAt
		if !slices.Contains(key.TypeCodes, r.Code.View.TypeCode) || issued.Before(key.NotBefore) || issued.After(key.NotAfter) {
			return ReasonIssuerScope
		}
		r.Key = &key
		return ""
	}
	if !known {
		return ReasonUnknownKey
	}
	return ReasonIssuerSignature
}

func checkTimes(code *Code, at time.Time) Reason {
	if code.View.IssuedAt.After(at.Add(ClockSkew)) {
		return ReasonNotYet
	}
	if at.After(code.View.Expires().Add(ClockSkew)) {
		return ReasonExpired
	}
	if code.Device == nil {
		return ""
	}
	step, now := code.Device.Step, StepAt(at)
	if step > now+StepTolerance || now > step+StepTolerance {
		return ReasonExpired
	}
	return ""
}

func (r *Result) judgeStatus(options Options) Result {
	r.Status = StatusAnswer{Source: "none"}
	if options.StatusOf != nil {
		r.Status = options.StatusOf(r.Code, *r.Key)
	}
	switch {
	case r.Status.Source != "none" && r.Status.Status == statuslist.Ended:
		return r.refuse(ReasonEnded)
	case r.Status.Source != "none" && r.Status.Status == statuslist.NotUsable:
		return r.refuse(ReasonSuspended)
	case r.Status.Source != "none" && r.Status.Status == statuslist.Replaced:
		return r.refuse(ReasonReplaced)
	case r.Status.Withdrawn:
		return r.refuse(ReasonWithdrawn)
	case r.Status.Hit:
		r.doubt(ReasonMaybeChange)
	case !r.Status.Known:
		r.doubt(ReasonNoStatus)
	}
	return *r
}

func (r *Result) doubt(reason Reason) {
	r.Level = Indeterminate
	r.Reasons = append(r.Reasons, reason)
}

func (r *Result) refuse(reason Reason) Result {
	r.Level = Invalid
	r.Reasons = append([]Reason{reason}, r.Reasons...)
	return *r
}
