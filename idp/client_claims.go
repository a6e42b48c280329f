package idp

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// AllowedClaim is a claim that a client may have, with what it is for (the law on personal information wants a purpose
// for each).
type AllowedClaim struct {
	Claim      string `json:"claim" yaml:"claim"`
	Purpose    string `json:"purpose" yaml:"purpose"`
	LegalBasis string `json:"legal_basis,omitempty" yaml:"legal_basis"` // law under which it is given; empty: the person's consent
	Optional   bool   `json:"optional,omitempty" yaml:"optional"`       // the person may refuse it alone
}

// maxPurpose is in characters, as that of a legal basis.
const maxPurpose = 200

// MayHave reports whether the client may have a claim at all, whatever its scopes open. A client without a list may have
// what its scopes open. That a number is verified goes with the number.
func (c Client) MayHave(claim string) bool {
	if c.withholds(claim) {
		return false
	}
	if len(c.AllowedClaims) == 0 {
		return true
	}
	_, ok := c.allowed(claim)
	return ok
}

func (c Client) allowed(claim string) (AllowedClaim, bool) {
	claim = strings.TrimSuffix(claim, "_verified")
	for _, a := range c.AllowedClaims {
		if strings.TrimSuffix(a.Claim, "_verified") == claim {
			return a, true
		}
	}
	return AllowedClaim{}, false
}

// BasisOf is the law under which the client has a claim; empty when the person's consent is the basis.
func (c Client) BasisOf(claim string) string {
	if a, ok := c.allowed(claim); ok {
		return a.LegalBasis
	}
	return c.StatutoryBasis
}

// PurposeOf is what the client has a claim for: its own purpose, or that of the application.
func (c Client) PurposeOf(claim string) string {
	if a, ok := c.allowed(claim); ok && a.Purpose != "" {
		return a.Purpose
	}
	return c.Purpose
}

// ShownIAL is the level of a person as the client may know it: one above max_ial is told as max_ial.
func (c Client) ShownIAL(ial int) int {
	if c.MaxIAL > 0 {
		return min(ial, c.MaxIAL)
	}
	return ial
}

// upstreamForm are names of sources, and none. Which sources there are is another matter: one may come later, or be away.
var upstreamForm = regexp.MustCompile(`^[A-Za-z0-9_-]{0,64}$`)

func (c *Client) normalizeClaims(refuse func(field, why string) error) error {
	if c.MaxIAL < 0 || c.MaxIAL > 4 {
		return refuse("max_ial", "0 to 4; 0 is no bound")
	}
	if !upstreamForm.MatchString(c.PreferredUpstream) {
		return refuse("preferred_upstream", "it is no name of a source")
	}
	if wrong := c.PartnerLevels.Check(); wrong != "" {
		return refuse("partner_level_map", wrong)
	}
	for i, a := range c.AllowedClaims {
		switch {
		case !claimForm.MatchString(a.Claim):
			return refuse("allowed_claims.claim", "it is no name of a claim")
		case slices.ContainsFunc(c.AllowedClaims[:i], func(b AllowedClaim) bool { return a.Claim == b.Claim }):
			return refuse("allowed_claims.claim", a.Claim+" stands twice")
		case a.Purpose == "" || utf8.RuneCountInString(a.Purpose) > maxPurpose:
			return refuse("allowed_claims.purpose", "1 to 200 characters")
		case a.Optional && (a.LegalBasis != "" || a.Claim == "ial"):
			return refuse("allowed_claims.optional", "what a law gives, and the level of proofing, are not optional")
		case utf8.RuneCountInString(a.LegalBasis) > maxPurpose:
			return refuse("allowed_claims.legal_basis", "at most 200 characters")
		}
	}
	return nil
}
