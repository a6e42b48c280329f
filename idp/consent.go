package idp

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Consent is what a person allowed a client. Each change is a version of its own, which is kept as it was shown.
type Consent struct {
	AccountID string // or the mandate under which it was given
	ClientID  string
	Version   int64    // set by the store; 0 is no consent
	Scopes    []string // items that were agreed to
	Withheld  []string // claims that the person does not give, and recipients to whom nothing is passed on (WithheldItem)
	Terms     Terms    // what was asked, for comparison; nil for a consent of a release that did not keep it
	Shown     []byte   // JSON of ShownConsent
	Locale    string   // language in which it was shown
	GivenAt   time.Time
	EndedAt   time.Time // zero while it is in force
}

// ShownConsent is what stood on the page, without the person's values.
type ShownConsent struct {
	App        string       `json:"app"`
	Department string       `json:"department,omitempty"`
	Purpose    string       `json:"purpose,omitempty"`
	Claims     []ShownClaim `json:"claims"`
	// Recipients are the other departments that were asked about.
	Recipients []ShownRecipient `json:"recipients,omitempty"`
}

// ShownRecipient is one of them.
type ShownRecipient struct {
	Department string       `json:"department"`
	Name       string       `json:"name"`
	Claims     []ShownClaim `json:"claims"`
	Given      bool         `json:"given"` // also where a law gives it
}

// ShownClaim is one line of it.
type ShownClaim struct {
	Name    string `json:"name"`
	Label   string `json:"label"`
	Purpose string `json:"purpose,omitempty"`
	Kind    string `json:"kind"`
	Basis   string `json:"basis,omitempty"`
	Days    int    `json:"retention_days,omitempty"` // that a recipient keeps it
	Given   bool   `json:"given"`
}

// Terms are purpose and legal basis of each claim, as digests.
type Terms map[string]string

// TermsOf are the terms under which a client has claims now, and passes them on.
func (v *Vocabulary) TermsOf(client Client, claims []string) Terms {
	t := Terms{}
	for _, claim := range claims {
		t[claim] = digest.Hex([]byte(client.PurposeOf(claim) + "\x00" + v.BasisOf(client, claim)))[:16]
	}
	t.addRecipients(client, claims)
	return t
}

// Covers reports whether a person who agreed to t need not be asked again: no claim more, and none for another purpose or on
// another basis.
func (t Terms) Covers(asked Terms) bool {
	for claim, terms := range asked {
		if t[claim] != terms {
			return false
		}
	}
	return true
}

// Text is the stored form; empty for nil.
func (t Terms) Text() string {
	if t == nil {
		return ""
	}
	content, _ := json.Marshal(t) // a map of texts cannot fail
	return string(content)
}

// ReadTerms reads the stored form.
func ReadTerms(text string) (Terms, error) {
	if text == "" {
		return nil, nil
	}
	var t Terms
	err := json.Unmarshal([]byte(text), &t)
	return t, err
}

// Covers reports whether the consent is enough for claims that a client asks for now; needed are those that it cannot do
// without. What was agreed before terms were kept stands until it is given anew, or something is to be passed on.
func (c Consent) Covers(asked Terms, needed []string) bool {
	if slices.ContainsFunc(needed, func(claim string) bool { return slices.Contains(c.Withheld, claim) }) {
		return false
	}
	return c.Terms == nil && !asked.Recipients() || c.Terms.Covers(asked)
}

// Widened is the consent with what a person agreed to now: items are added, the terms of the claims that were asked are the
// new ones, and so is which of them are withheld.
func (c Consent) Widened(items []string, asked Terms, withheld []string) Consent {
	c.Scopes = slices.Compact(slices.Sorted(slices.Values(slices.Concat(c.Scopes, items))))
	terms := maps.Clone(c.Terms)
	if terms == nil {
		terms = Terms{}
	}
	terms.forget(c.Withheld, asked)
	maps.Copy(terms, asked)
	kept := slices.DeleteFunc(slices.Clone(c.Withheld), asked.asks)
	c.Terms, c.Withheld = terms, slices.Compact(slices.Sorted(slices.Values(append(kept, withheld...))))
	return c
}

// Withholding is a client as it is towards a person who does not give it some claims. What the law gives stays.
func (v *Vocabulary) Withholding(c Client, claims []string) Client {
	if len(claims) == 0 {
		return c
	}
	c.withheld = slices.DeleteFunc(slices.Clone(claims), func(claim string) bool { return v.BasisOf(c, claim) != "" })
	return c
}

// withholds reports whether a claim is one that the person does not give. That a number is verified goes with the number.
func (c Client) withholds(claim string) bool {
	return len(c.withheld) > 0 && slices.Contains(c.withheld, strings.TrimSuffix(claim, "_verified"))
}

// Refusable reports whether a person may keep a claim from a client: what no law gives, but for the level of proofing, without
// which nothing else means anything.
func (v *Vocabulary) Refusable(c Client, claim string) bool {
	known, ok := v.claims[claim]
	return ok && !known.fact.level && v.BasisOf(c, claim) == ""
}

// Optional reports whether the client does without a claim.
func (v *Vocabulary) Optional(c Client, claim string) bool {
	a, ok := c.allowed(claim)
	return ok && a.Optional && v.Refusable(c, claim)
}

// ConsentStore keeps consents; idpdb implements it.
type ConsentStore interface {
	// ConsentInForce answers the zero value when there is none.
	ConsentInForce(ctx context.Context, accountID, clientID string) (Consent, error)
	// GiveConsent makes the next version of the consent in force, the zero value when there is none, and answers it; one that says
	// the same stays as it is. The change may be asked more than once: two consents at the same moment are both kept, and a
	// withdrawal is not undone.
	GiveConsent(ctx context.Context, accountID, clientID string, change func(Consent) (Consent, error), record audit.Record) (Consent, error)
	// ConsentVersions lists all versions, the newest first.
	ConsentVersions(ctx context.Context, accountID, clientID string, limit int) ([]Consent, error)
}
