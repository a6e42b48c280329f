package idp

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Recipient is another department, to which the owner of a client passes claims on: several departments settle one matter (一件事)
// and the person is asked once, for each of them by itself.
type Recipient struct {
	Department string        `json:"department" yaml:"department"` // identifier in the tree of areas
	Name       string        `json:"name,omitempty" yaml:"name"`   // as the tree has it, filled in when the client is registered
	Claims     []PassedClaim `json:"claims" yaml:"claims"`
}

// PassedClaim is a claim that a recipient gets, with what it is for and for how long.
type PassedClaim struct {
	Claim         string `json:"claim" yaml:"claim"`
	Purpose       string `json:"purpose" yaml:"purpose"`
	LegalBasis    string `json:"legal_basis,omitempty" yaml:"legal_basis"` // law under which it is passed on; empty: the person's consent
	RetentionDays int    `json:"retention_days" yaml:"retention_days"`
}

// Bounds of recipients.
const (
	maxRecipients    = 20
	maxPassedClaims  = 32
	maxRetentionDays = 36_500
)

// RecipientItem marks what a consent says of a recipient: among the claims that are withheld with the department, among the terms
// with the department and the claim.
const RecipientItem = "recipient:"

// ClaimRecipients tells a client to whom it may pass on what it is told.
const ClaimRecipients = "recipients"

func (r Recipient) item() string { return RecipientItem + r.Department }

func (r Recipient) term(claim string) string { return r.item() + "/" + claim }

// Refusable reports whether the person decides on the recipient at all: something of it is not given by law.
func (r Recipient) Refusable() bool {
	return slices.ContainsFunc(r.Claims, func(p PassedClaim) bool { return p.LegalBasis == "" })
}

// With is the recipient with those of its claims that stand in a list.
func (r Recipient) With(claims []string) Recipient {
	r.Claims = slices.DeleteFunc(slices.Clone(r.Claims), func(p PassedClaim) bool { return !slices.Contains(claims, p.Claim) })
	return r
}

// RecipientsOf are the recipients of a client that get something of a list of claims, each with what it gets of them.
func (c Client) RecipientsOf(claims []string) (all []Recipient) {
	for _, r := range c.Recipients {
		if r = r.With(claims); len(r.Claims) > 0 {
			all = append(all, r)
		}
	}
	return all
}

// terms are purpose, basis and retention of a claim that is passed on, as a digest. The name is none of it: who it is tells the
// identifier.
func (p PassedClaim) terms() string {
	return digest.Hex([]byte(strings.Join([]string{p.Purpose, p.LegalBasis, strconv.Itoa(p.RetentionDays)}, "\x00")))[:16]
}

// addRecipients adds the terms under which claims are passed on.
func (t Terms) addRecipients(client Client, claims []string) {
	for _, r := range client.RecipientsOf(claims) {
		for _, p := range r.Claims {
			t[r.term(p.Claim)] = p.terms()
		}
	}
}

// Recipients reports whether anything is passed on under these terms.
func (t Terms) Recipients() bool {
	for name := range t {
		if strings.HasPrefix(name, RecipientItem) {
			return true
		}
	}
	return false
}

// recipientOf is the recipient that a term is about; empty for one about a claim of the client itself.
func recipientOf(term string) string {
	if item, _, ok := strings.Cut(term, "/"); ok && strings.HasPrefix(item, RecipientItem) {
		return item
	}
	return ""
}

// forget drops the terms of recipients that were refused and are asked about again: what a person allows now says nothing of what it
// refused then.
func (t Terms) forget(refused []string, asked Terms) {
	for term := range asked {
		item := recipientOf(term)
		if item == "" || !slices.Contains(refused, item) {
			continue
		}
		for old := range t {
			if recipientOf(old) == item {
				delete(t, old)
			}
		}
	}
}

// asks reports whether a person is asked under these terms about what a consent may withhold: a claim, or a recipient.
func (t Terms) asks(withheld string) bool {
	if !strings.HasPrefix(withheld, RecipientItem) {
		_, asked := t[withheld]
		return asked
	}
	for term := range t {
		if recipientOf(term) == withheld {
			return true
		}
	}
	return false
}

// WithheldItem is what stands in a consent of a recipient that the person refuses.
func WithheldItem(department string) string { return RecipientItem + department }

// Allows reports whether a person allows that a recipient gets a claim, under the terms of now. What a law gives is not asked.
func (r Recipient) allows(p PassedClaim, withheld []string, terms Terms) bool {
	return p.LegalBasis != "" || terms[r.term(p.Claim)] == p.terms() && !slices.Contains(withheld, r.item())
}

// AgreedTo reports whether a recipient was shown with all that it gets, as it is registered now: refusing it can be taken back without
// asking anew.
func (c Consent) AgreedTo(r Recipient) bool {
	return !slices.ContainsFunc(r.Claims, func(p PassedClaim) bool { return c.Terms[r.term(p.Claim)] != p.terms() })
}

// Allowed is what a recipient gets of its claims under the consent.
func (c Consent) Allowed(r Recipient) Recipient {
	r.Claims = slices.DeleteFunc(slices.Clone(r.Claims), func(p PassedClaim) bool { return !r.allows(p, c.Withheld, c.Terms) })
	return r
}

// RecipientTerms is the stored form of terms where something is passed on; empty for all others, so that no token carries terms that
// nobody asks for.
func RecipientTerms(text string) string {
	if strings.Contains(text, `"`+RecipientItem) {
		return text
	}
	return ""
}

// Passed is what a client may pass on to one recipient.
type Passed struct {
	Department string   `json:"department"`
	Name       string   `json:"name"`
	Claims     []string `json:"claims"` // sorted
	Purpose    string   `json:"-"`
	Basis      Basis    `json:"-"`
}

// Agreement is what a person said about a client, as it is read with the standing of a grant.
type Agreement struct {
	Version  int64
	Withheld []string
	Terms    string // stored form
}

// PassedOn are the recipients to whom a client may pass on what it is told; nil for a client that has none. Terms that cannot be read
// allow nothing.
func (c Client) PassedOn(agreed Agreement, told []string) []Passed {
	if len(c.Recipients) == 0 {
		return nil
	}
	terms, err := ReadTerms(agreed.Terms)
	if err != nil {
		terms = nil
	}
	all := []Passed{}
	for _, r := range c.RecipientsOf(told) {
		one := Passed{Department: r.Department, Name: r.Name}
		var purposes []string
		for _, p := range r.Claims {
			if !r.allows(p, agreed.Withheld, terms) {
				continue
			}
			one.Claims = append(one.Claims, p.Claim)
			if !slices.Contains(purposes, p.Purpose) {
				purposes = append(purposes, p.Purpose)
			}
			if p.LegalBasis == "" {
				one.Basis.Consent = agreed.Version
			} else if !slices.Contains(one.Basis.Statutes, p.LegalBasis) {
				one.Basis.Statutes = append(one.Basis.Statutes, p.LegalBasis)
			}
		}
		if len(one.Claims) > 0 {
			slices.Sort(one.Claims)
			one.Purpose = strings.Join(purposes, "；")
			all = append(all, one)
		}
	}
	return all
}

// wrongRecipients gathers all that is wrong of recipients: the first is the refusal, and every one stands in its fields by its place
// (recipients[0].claims[1].purpose), so that a form marks the inputs.
type wrongRecipients struct{ all *fault.Fault }

// add says what is wrong of a recipient or, for a claim that is not negative, of one of its claims.
func (w *wrongRecipients) add(recipient, claim int, member string, code fault.Code, why string, params ...string) {
	place, name := "recipients["+strconv.Itoa(recipient)+"].", "recipients."
	if claim >= 0 {
		place, name = place+"claims["+strconv.Itoa(claim)+"].", name+"claims."
	}
	if w.all == nil {
		w.all = fault.New(fault.ClientMetadata, "field", name+member, "why", why)
	}
	w.all = w.all.WithField(place+member, code, params...)
}

func (w *wrongRecipients) err() error {
	if w.all == nil {
		return nil
	}
	return w.all
}

func (c *Client) normalizeRecipients() error {
	if len(c.Recipients) > maxRecipients {
		most := strconv.Itoa(maxRecipients)
		return fault.New(fault.ClientMetadata, "field", "recipients", "why", "at most "+most).WithField("recipients", fault.RecipientsMany, "most", most)
	}
	var wrong wrongRecipients
	for i, r := range c.Recipients {
		switch {
		case r.Department == "" || len(r.Department) > 64 || strings.ContainsAny(r.Department, " /\t\r\n"):
			wrong.add(i, -1, "department", fault.RecipientDepartment, "1 to 64 characters, the identifier of a department")
		case r.Department == c.Department:
			wrong.add(i, -1, "department", fault.RecipientItself, "the department of the client itself is none")
		case slices.ContainsFunc(c.Recipients[:i], func(b Recipient) bool { return r.Department == b.Department }):
			wrong.add(i, -1, "department", fault.RecipientTwice, r.Department+" stands twice", "what", r.Department)
		}
		if len(r.Claims) == 0 || len(r.Claims) > maxPassedClaims {
			wrong.add(i, -1, "claims", fault.RecipientClaims, "1 to "+strconv.Itoa(maxPassedClaims), "most", strconv.Itoa(maxPassedClaims))
			continue // nothing bounds what would be said of them
		}
		for j, p := range r.Claims {
			switch {
			case p.Claim == "":
				wrong.add(i, j, "claim", fault.RecipientClaims, "it is no name of a claim", "most", strconv.Itoa(maxPassedClaims))
			case !claimForm.MatchString(p.Claim):
				wrong.add(i, j, "claim", fault.RecipientClaim, "it is no name of a claim", "claim", clip(p.Claim))
			case slices.ContainsFunc(r.Claims[:j], func(b PassedClaim) bool { return p.Claim == b.Claim }):
				wrong.add(i, j, "claim", fault.RecipientTwice, p.Claim+" stands twice", "what", p.Claim)
			}
			if p.Purpose == "" || utf8.RuneCountInString(p.Purpose) > maxPurpose {
				wrong.add(i, j, "purpose", fault.RecipientPurpose, "1 to 200 characters", "most", strconv.Itoa(maxPurpose))
			}
			if utf8.RuneCountInString(p.LegalBasis) > maxPurpose {
				wrong.add(i, j, "legal_basis", fault.RecipientBasis, "at most 200 characters", "most", strconv.Itoa(maxPurpose))
			}
			if p.RetentionDays < 1 || p.RetentionDays > maxRetentionDays {
				wrong.add(i, j, "retention_days", fault.RecipientRetention, "1 to "+strconv.Itoa(maxRetentionDays), "most", strconv.Itoa(maxRetentionDays))
			}
		}
	}
	return wrong.err()
}

// checkRecipients refuses recipients of what the client itself does not get.
func (v *Vocabulary) checkRecipients(c Client) error {
	var wrong wrongRecipients
	for i, r := range c.Recipients {
		for j, p := range r.Claims {
			known, why := v.claims[p.Claim], ""
			switch {
			case known == nil:
				why = "known are " + strings.Join(v.names, ", ")
			case known.fact.quiet:
				why = p.Claim + " goes with another claim"
			case !c.MayHave(p.Claim) || p.Claim != "ial" && !v.Opens(c.Scopes(), p.Claim):
				why = "the client itself does not get " + p.Claim
			}
			if why != "" {
				wrong.add(i, j, "claim", fault.RecipientClaim, why, "claim", p.Claim)
			}
		}
	}
	return wrong.err()
}

// CheckDepartments sets what knows the tree of areas: the name of a department, empty for one that is not there or has ended.
func (c *Clients) CheckDepartments(name func(ctx context.Context, id string) (string, error)) {
	c.departments = name
}

// nameRecipients gives recipients the names of the tree; without a tree nobody is a recipient.
func (c *Clients) nameRecipients(ctx context.Context, client *Client) error {
	var wrong wrongRecipients
	client.Recipients = slices.Clone(client.Recipients) // they belong to whoever called
	for i := range client.Recipients {
		r := &client.Recipients[i]
		name := ""
		if c.departments != nil {
			var err error
			if name, err = c.departments(ctx, r.Department); err != nil {
				return fault.Wrap(err, fault.Unavailable)
			}
		}
		if name == "" {
			wrong.add(i, -1, "department", fault.RecipientDepartment, "the tree of areas has no department "+clip(r.Department)+" in use")
		}
		r.Name = name
	}
	return wrong.err()
}
