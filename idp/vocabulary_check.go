package idp

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/internal/fault"
)

// Kinds of the vocabulary in the registry.
const (
	ScopeKind = "scope"
	ClaimKind = "claim"
)

// Forms of names: a part of what RFC 6749 3.3 and RFC 7519 4 allow, so that no name hides a mark of ours (ClaimItem), a
// blank or a look-alike.
var (
	scopeForm = regexp.MustCompile(`^[a-z][a-z0-9]*([._-][a-z0-9]+)*$`)
	claimForm = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
)

// maxWord bounds names of scopes and claims.
const maxWord = 64

// protocolClaims say something about the token, the login or the client. Whoever could define one could forge it.
var protocolClaims = []string{
	"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "auth_time", "nonce", "acr", "amr", "azp", "sid", "at_hash", "c_hash", "s_hash", "cnf", "act", "may_act", ClaimPartnerLevel, "events", "toe", "txn",
	"client_id", "scope", "active", "token_type", "username", "authorization_details", "gid", "parents", "userinfo_claims", "sub_jwk", "sub_id", "roles", "groups", "entitlements",
	"claims", ClaimRecipients, "verification", "trust_framework", "token_introspection",
}

// standardClaims are those of OpenID Connect Core 5.1: one of them tells what it says there, or is not given.
var standardClaims = []string{
	"name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture", "website", "email", "email_verified", "gender", "birthdate", "zoneinfo",
	"locale", "phone_number", "phone_number_verified", "address", "updated_at",
}

// lockedScopes and lockedClaims stay, whatever is applied.
var (
	lockedScopes = []string{"openid"}
	lockedClaims = []string{"ial", "verified_claims"}
)

// Key implements registry.Partner.
func (s *Scope) Key() string { return s.ID }

// Enabled implements registry.Partner.
func (s *Scope) Enabled() bool { return !s.Disabled }

// GivenSecret implements registry.Partner.
func (s *Scope) GivenSecret() string { return "" }

// Normalize implements registry.Partner: what can be said of a scope without the others.
func (s *Scope) Normalize() error {
	refuse := func(field, why string) error { return refuseMetadata("scopes."+s.ID+"."+field, why) }
	switch {
	case !scopeForm.MatchString(s.ID) || len(s.ID) > maxWord:
		return refuse("id", "1 to 64 lower-case letters and digits, in parts joined by . - or _")
	case IsRole(s.ID):
		return refuse("id", "it is the name of a role of staff")
	case s.ID == "offline_access":
		return refuse("id", "refresh tokens come with the registration, not with a scope")
	case len(s.Claims) > 64:
		return refuse("claims", "at most 64")
	case s.IAL < 0 || s.IAL > 4:
		return refuse("ial", "0 to 4")
	case utf8.RuneCountInString(s.Approval) > 500:
		return refuse("approval_note", "at most 500 characters")
	}
	if err := checkTitle(s.Title); err != nil {
		return refuse("title", err.Error())
	}
	if len(s.Description) > 0 {
		for _, locale := range titleLocales {
			if n := utf8.RuneCountInString(s.Description[locale]); n == 0 || n > 500 {
				return refuse("description", "1 to 500 characters in each of "+strings.Join(titleLocales, ", "))
			}
		}
	}
	for i, name := range s.Claims {
		switch {
		case slices.Contains(s.Claims[:i], name):
			return refuse("claims", name+" stands twice")
		case slices.Contains(lockedClaims, name):
			return refuse("claims", name+" comes with every login and is opened by no scope")
		}
	}
	if !IsBuiltinScope(s.ID) {
		return nil
	}
	was := builtin.Scopes[slices.IndexFunc(builtin.Scopes, func(b Scope) bool { return b.ID == s.ID })]
	switch {
	case s.Disabled && slices.Contains(lockedScopes, s.ID):
		return refuse("disabled", "the platform needs it")
	case !s.Asked():
		return refuse("consent", "people are always asked for what is built in")
	case s.IAL < was.IAL:
		return refuse("ial", "at least "+strconv.Itoa(was.IAL)+", as built in")
	}
	for _, name := range s.Claims {
		if !slices.Contains(was.Claims, name) {
			return refuse("claims", "what is built in opens no more than before; define a scope of your own for "+name)
		}
	}
	return nil
}

// Key implements registry.Partner.
func (c *Claim) Key() string { return c.ID }

// Enabled implements registry.Partner.
func (c *Claim) Enabled() bool { return !c.Disabled }

// GivenSecret implements registry.Partner.
func (c *Claim) GivenSecret() string { return "" }

// Normalize implements registry.Partner: what can be said of a claim without the others.
func (c *Claim) Normalize() error {
	refuse := func(field, why string) error { return refuseMetadata("claims."+c.ID+"."+field, why) }
	if c.Basis == "" {
		c.Basis = BasisConsent
	}
	known := facts[c.Source]
	was := slices.IndexFunc(builtin.Claims, func(b Claim) bool { return b.ID == c.ID })
	switch {
	case !claimForm.MatchString(c.ID) || len(c.ID) > maxWord:
		return refuse("id", "1 to 64 lower-case letters and digits, in parts joined by _")
	case was < 0 && slices.Contains(protocolClaims, c.ID):
		return refuse("id", "the protocol gives this name its meaning")
	case was < 0 && strings.HasSuffix(c.ID, "_verified"): // it would be allowed with the claim before the suffix
		return refuse("id", "names on _verified are the platform's own")
	case known != nil && c.Source != c.ID && slices.Contains(standardClaims, c.ID):
		return refuse("source", "OpenID Connect gives this name its meaning")
	case known == nil:
		return refuse("source", "known are "+strings.Join(Sources(), ", "))
	case was >= 0 && c.Source != builtin.Claims[was].Source:
		return refuse("source", "that of a built-in claim stays "+builtin.Claims[was].Source)
	case was < 0 && known.evidence:
		return refuse("source", "evidence has one name")
	case c.Mask != "" && (c.Mask != MaskPartial || !known.maskable):
		return refuse("mask", "partial, of name, phone_number, email, id_document_number or birthdate")
	case c.Basis != BasisConsent && c.Basis != BasisStatutory:
		return refuse("basis", "consent or statutory")
	case c.Basis == BasisStatutory && c.Citation == "":
		return refuse("citation", "a statutory claim names its law")
	case c.Basis == BasisConsent && c.Citation != "":
		return refuse("citation", "only a statutory claim has one")
	case utf8.RuneCountInString(c.Citation) > maxPurpose:
		return refuse("citation", "at most 200 characters")
	case c.IAL < 0 || c.IAL > 4:
		return refuse("ial", "0 to 4")
	case c.MaxIAL < 0 || c.MaxIAL > 4 || c.MaxIAL > 0 && !known.level && !known.evidence:
		return refuse("max_ial", "0 to 4, of a claim that tells a level")
	case c.Disabled && slices.Contains(lockedClaims, c.ID):
		return refuse("disabled", "the platform needs it")
	}
	if err := checkTitle(c.Title); err != nil {
		return refuse("title", err.Error())
	}
	// What is sensitive is so under every name, but for a part of it.
	if c.Mask == "" && slices.ContainsFunc(builtin.Claims, func(b Claim) bool { return b.Source == c.Source && b.Sensitive }) {
		c.Sensitive = true
	}
	return nil
}

// CheckVocabulary refuses what does not fit together. Both lists are what is stored, with what is to be stored in its place.
func CheckVocabulary(scopes []Scope, claims []Claim) error {
	v := NewVocabulary(scopes, claims)
	for _, name := range v.order {
		s := v.scopes[name]
		for _, claim := range s.Claims {
			c := v.claims[claim]
			if c == nil {
				return refuseMetadata("scopes."+name+".claims", "no claim "+claim+" is in use")
			}
			if !s.Asked() && c.Law() == "" {
				return refuseMetadata("scopes."+name+".consent", "people are asked for "+claim+", whose basis is their consent")
			}
		}
	}
	return nil
}

// WordChange tells what goes from one vocabulary to the next for those who use it.
type WordChange struct {
	Name    string
	Removed bool // otherwise it tells or allows more than before
	claim   bool
}

// Changes are the scopes and claims that are removed, or that give more than before: to a client that has the scope they
// would give it without anybody being asked. A word that clients have before it is defined gives nothing yet.
func Changes(before, after *Vocabulary) (all []WordChange) {
	for _, name := range before.order {
		if after.scopes[name] == nil {
			all = append(all, WordChange{Name: name, Removed: true})
		}
	}
	for _, name := range after.order {
		if widerScope(before.scopes[name], after.scopes[name]) {
			all = append(all, WordChange{Name: name})
		}
	}
	for _, name := range before.names {
		was, is := before.claims[name], after.claims[name]
		switch {
		case is == nil:
			all = append(all, WordChange{Name: name, Removed: true, claim: true})
		case is.Source != was.Source || was.Mask != "" && is.Mask == "" || is.IAL < was.IAL || !slices.Contains(lockedClaims, name) && was.MaxIAL > 0 && (is.MaxIAL == 0 || is.MaxIAL > was.MaxIAL):
			all = append(all, WordChange{Name: name, claim: true})
		}
	}
	return all
}

func widerScope(was, is *knownScope) bool {
	if was == nil {
		return len(is.opens) > 0 || !is.Asked()
	}
	return was.Asked() && !is.Asked() || is.IAL < was.IAL && len(is.opens) > 0 || slices.ContainsFunc(is.Claims, func(c string) bool { return !slices.Contains(was.Claims, c) })
}

// Touches reports whether a change matters to a client.
func (c WordChange) Touches(client Client, after *Vocabulary) bool {
	if !c.claim {
		return slices.Contains(client.Scopes(), c.Name)
	}
	listed := slices.ContainsFunc(client.AllowedClaims, func(a AllowedClaim) bool { return a.Claim == c.Name })
	listed = listed || len(client.RecipientsOf([]string{c.Name})) > 0
	return listed || !c.Removed && client.MayHave(c.Name) && (slices.Contains(lockedClaims, c.Name) || after.Opens(client.Scopes(), c.Name))
}

// CheckClient refuses a registration that the vocabulary does not allow.
func (v *Vocabulary) CheckClient(c Client) error {
	for _, a := range c.AllowedClaims {
		if v.claims[a.Claim] == nil {
			return refuseMetadata("allowed_claims.claim", "known are "+strings.Join(v.names, ", "))
		}
	}
	if err := v.checkRecipients(c); err != nil {
		return err
	}
	if least := v.LeastIAL(c.Scopes()); c.MaxIAL > 0 && c.MaxIAL < least {
		return refuseMetadata("max_ial", "a scope of the client needs ial "+strconv.Itoa(least))
	}
	return nil
}

// MayRegister reports whether an application that registers itself may have a scope: never a role, and of what is defined
// only what is meant for it.
func (v *Vocabulary) MayRegister(scope string) bool {
	s := v.scopes[scope]
	return !IsRole(scope) && (s == nil || s.Registration)
}

// InUse is the refusal of a change because of who uses the word.
func InUse(change WordChange, users []string) error {
	const shown = 10
	more := ""
	if len(users) > shown {
		more = " … (" + strconv.Itoa(len(users)) + ")"
		users = users[:shown]
	}
	return fault.New(fault.VocabularyInUse, "name", change.Name, "clients", strings.Join(users, ", ")+more)
}
