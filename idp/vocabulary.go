package idp

import (
	_ "embed"
	"encoding/json"
	"maps"
	"slices"
	"sync/atomic"
	"time"
)

// Scope is a word of the scope parameter (RFC 6749 3.3) as data: what the person allows by it, and which claims it opens
// (OpenID Connect Core 5.4). One without claims is for resource servers.
type Scope struct {
	ID           string            `json:"id" yaml:"id"`
	Title        map[string]string `json:"title" yaml:"title"`                           // what the person allows, by language
	Description  map[string]string `json:"description,omitempty" yaml:"description"`     // more of it, by language
	Claims       []string          `json:"claims,omitempty" yaml:"claims"`               // that it opens
	Consent      *bool             `json:"consent,omitempty" yaml:"consent"`             // whether the person is asked; nil is true
	IAL          int               `json:"ial,omitempty" yaml:"ial"`                     // least level of the person; 0: any
	Registration bool              `json:"registration,omitempty" yaml:"registration"`   // applications that register themselves may have it
	Approval     string            `json:"approval_note,omitempty" yaml:"approval_note"` // who allowed it and where that is written
	Disabled     bool              `json:"disabled,omitempty" yaml:"disabled"`
}

// Asked reports whether the person is asked for the scope.
func (s Scope) Asked() bool { return s.Consent == nil || *s.Consent }

// Claim is a name in tokens and userinfo for a fact that the platform knows of a person. It cannot make facts: its source
// is one of Sources.
type Claim struct {
	ID        string            `json:"id" yaml:"id"`
	Title     map[string]string `json:"title" yaml:"title"`                   // by language
	Source    string            `json:"source" yaml:"source"`                 // the fact that it tells
	Mask      string            `json:"mask,omitempty" yaml:"mask"`           // MaskPartial tells only a part of it
	Basis     string            `json:"basis,omitempty" yaml:"basis"`         // BasisConsent (default) or BasisStatutory
	Citation  string            `json:"citation,omitempty" yaml:"citation"`   // the law of a statutory claim
	IAL       int               `json:"ial,omitempty" yaml:"ial"`             // least level at which it is told
	MaxIAL    int               `json:"max_ial,omitempty" yaml:"max_ial"`     // of the sources ial and verified_claims: a level above it is told as this one; 0: not bounded
	Sensitive bool              `json:"sensitive,omitempty" yaml:"sensitive"` // sensitive personal information (PIPL article 28)
	Disabled  bool              `json:"disabled,omitempty" yaml:"disabled"`
}

// Words of a claim.
const (
	MaskPartial    = "partial"
	BasisConsent   = "consent"
	BasisStatutory = "statutory"
)

// Law is the law under which the claim is given; empty when the person's consent is the basis.
func (c Claim) Law() string {
	if c.Basis == BasisStatutory {
		return c.Citation
	}
	return ""
}

// ScopeLicenses is the built-in scope of the API's operations on a person's own licences.
const ScopeLicenses = "licenses"

// ScopeMandates is the built-in scope of the API's operations on who acts for whom.
const ScopeMandates = "mandates"

// ScopeMyData is the built-in scope of the API's operations on a person's own ledger and on the copy of the own data.
const ScopeMyData = "my_data"

//go:embed vocabulary.json
var vocabularyData []byte

type vocabularyFile struct {
	Scopes []Scope `json:"scopes"`
	Claims []Claim `json:"claims"`
}

// builtin is the vocabulary of an empty installation, in the order of discovery.
var builtin = func() (f vocabularyFile) {
	if err := json.Unmarshal(vocabularyData, &f); err != nil {
		panic("idp: vocabulary.json: " + err.Error())
	}
	return f
}()

// Vocabulary is every scope and claim that is in force. It never changes; LiveVocabulary swaps it for another.
type Vocabulary struct {
	scopes map[string]*knownScope
	claims map[string]*knownClaim
	order  []string // scopes, the built-in ones first
	names  []string // claims, the built-in ones first
}

type knownScope struct {
	Scope
	builtin bool
	silent  bool // nobody is asked for it
	opens   []*knownClaim
}

type knownClaim struct {
	Claim
	fact     *fact
	openedBy []string // scopes
}

// NewVocabulary lays stored scopes and claims over the built-in ones, and leaves out what is disabled. A scope opens only
// claims that are there.
func NewVocabulary(scopes []Scope, claims []Claim) *Vocabulary {
	v := &Vocabulary{scopes: map[string]*knownScope{}, claims: map[string]*knownClaim{}}
	for _, c := range overlaid(builtin.Claims, claims, func(c Claim) string { return c.ID }) {
		if f := facts[c.Source]; f != nil && !c.Disabled {
			v.claims[c.ID] = &knownClaim{Claim: c, fact: f}
			v.names = append(v.names, c.ID)
		}
	}
	for _, s := range overlaid(builtin.Scopes, scopes, func(s Scope) string { return s.ID }) {
		if s.Disabled {
			continue
		}
		known := &knownScope{Scope: s, builtin: IsBuiltinScope(s.ID), silent: !s.Asked()}
		for _, name := range s.Claims {
			if c := v.claims[name]; c != nil {
				known.opens = append(known.opens, c)
				c.openedBy = append(c.openedBy, s.ID)
				// CheckVocabulary refuses this; two administrators on two nodes may still arrive at it together.
				known.silent = known.silent && c.Law() != ""
			}
		}
		v.scopes[s.ID] = known
		v.order = append(v.order, s.ID)
	}
	return v
}

// overlaid is the built-in list with stored entries in their places, and then the others by id.
func overlaid[T any](first, stored []T, id func(T) string) []T {
	byID := map[string]T{}
	for _, one := range stored {
		byID[id(one)] = one
	}
	var all []T
	for _, one := range first {
		if other, ok := byID[id(one)]; ok {
			one = other
			delete(byID, id(one))
		}
		all = append(all, one)
	}
	for _, name := range slices.Sorted(maps.Keys(byID)) {
		all = append(all, byID[name])
	}
	return all
}

var builtinVocabulary = NewVocabulary(nil, nil)

// BuiltinVocabulary is that of an empty installation.
func BuiltinVocabulary() *Vocabulary { return builtinVocabulary }

// BuiltinScopes and BuiltinClaims are the entries of vocabulary.json.
func BuiltinScopes() []Scope { return slices.Clone(builtin.Scopes) }

// BuiltinClaims is BuiltinScopes for claims.
func BuiltinClaims() []Claim { return slices.Clone(builtin.Claims) }

// IsBuiltinScope reports whether a scope is one of vocabulary.json.
func IsBuiltinScope(id string) bool {
	return slices.ContainsFunc(builtin.Scopes, func(s Scope) bool { return s.ID == id })
}

// IsBuiltinClaim is IsBuiltinScope for claims.
func IsBuiltinClaim(id string) bool {
	return slices.ContainsFunc(builtin.Claims, func(c Claim) bool { return c.ID == id })
}

// LiveVocabulary hands out the vocabulary in force. Its zero value, also nil, is the built-in one.
type LiveVocabulary struct{ current atomic.Pointer[Vocabulary] }

// Load returns what is in force now.
func (l *LiveVocabulary) Load() *Vocabulary {
	if l != nil {
		if v := l.current.Load(); v != nil {
			return v
		}
	}
	return builtinVocabulary
}

// Swap puts another vocabulary in force.
func (l *LiveVocabulary) Swap(v *Vocabulary) { l.current.Store(v) }

// Scopes are the names of all scopes, the built-in ones first. The list is not to be changed.
func (v *Vocabulary) Scopes() []string { return v.order }

// Claims is Scopes for claims.
func (v *Vocabulary) Claims() []string { return v.names }

// Scope finds a scope.
func (v *Vocabulary) Scope(id string) (Scope, bool) {
	if s := v.scopes[id]; s != nil {
		return s.Scope, true
	}
	return Scope{}, false
}

// Claim finds a claim.
func (v *Vocabulary) Claim(id string) (Claim, bool) {
	if c := v.claims[id]; c != nil {
		return c.Claim, true
	}
	return Claim{}, false
}

// Opens reports whether one of the scopes opens a claim.
func (v *Vocabulary) Opens(scopes []string, claim string) bool {
	c := v.claims[claim]
	return c != nil && slices.ContainsFunc(c.openedBy, func(scope string) bool { return slices.Contains(scopes, scope) })
}

// Single reports whether a client may ask for a claim by itself (OpenID Connect Core 5.5): it must be registered for a
// scope that opens it. A claim that no scope opens needs none, and so do the names of the protocol.
func (v *Vocabulary) Single(client Client, claim string) bool {
	if !client.MayHave(claim) {
		return false
	}
	if c := v.claims[claim]; c != nil && len(c.openedBy) > 0 {
		return v.Opens(client.Scopes(), claim)
	}
	return true
}

// LeastIAL is the highest of the least levels that scopes want.
func (v *Vocabulary) LeastIAL(scopes []string) int {
	least := 0
	for _, scope := range scopes {
		if s := v.scopes[scope]; s != nil {
			least = max(least, s.IAL)
		}
	}
	return least
}

// ClaimItem stands before a single claim among the items of a consent.
const ClaimItem = "claim:"

// Items is what a person agrees to with these scopes. A scope that an administrator defined brings its claims along, so
// that an older consent never covers a claim that it gained since. One that nobody is asked for is not among them.
func (v *Vocabulary) Items(scopes []string) []string {
	items := make([]string, 0, len(scopes))
	for _, name := range scopes {
		s := v.scopes[name]
		if s != nil && s.silent {
			continue
		}
		items = append(items, name)
		if s == nil || s.builtin {
			continue
		}
		for _, c := range s.opens {
			if item := ClaimItem + c.ID; !slices.Contains(items, item) {
				items = append(items, item)
			}
		}
	}
	return items
}

// BasisOf is the law under which a client has a claim: that of its registration, else that of the claim. Empty when the
// person's consent is the basis.
func (v *Vocabulary) BasisOf(client Client, claim string) string {
	if basis := client.BasisOf(claim); basis != "" {
		return basis
	}
	if c := v.claims[claim]; c != nil {
		return c.Law()
	}
	return ""
}

// ShownIAL is the level of a person as a client may know it: neither above its own bound nor above that of the claim ial.
func (v *Vocabulary) ShownIAL(client Client, ial int) int {
	shown := client.ShownIAL(ial)
	if c := v.claims["ial"]; c != nil {
		return c.bounded(shown)
	}
	return shown
}

func (c *knownClaim) bounded(ial int) int {
	if c.MaxIAL > 0 {
		return min(ial, c.MaxIAL)
	}
	return ial
}

// Give puts into claims what scopes open of a person for a client, and what was asked for claim by claim, both within the
// scopes that the client is registered for now. The level of the person counts as the client may know it.
func (v *Vocabulary) Give(claims map[string]any, p *Person, client Client, scopes, wanted []string, now func() time.Time) {
	ial, registered := v.ShownIAL(client, int(p.IAL)), client.Scopes()
	give := func(c *knownClaim, least int) {
		if ial < max(least, c.IAL) || !client.MayHave(c.ID) {
			return
		}
		if c.fact.level {
			claims[c.ID] = c.bounded(ial)
		} else if value, ok := c.fact.value(p, c.Mask == MaskPartial, now); ok {
			claims[c.ID] = value
		}
	}
	for _, name := range scopes {
		if s := v.scopes[name]; s != nil && len(s.opens) > 0 && slices.Contains(registered, name) {
			for _, c := range s.opens {
				give(c, s.IAL)
			}
		}
	}
	for _, name := range wanted {
		if c := v.claims[name]; c != nil {
			for _, scope := range c.openedBy {
				if slices.Contains(registered, scope) {
					give(c, v.scopes[scope].IAL)
				}
			}
		}
	}
	if c := v.claims["ial"]; c != nil && ial >= c.IAL && client.MayHave("ial") {
		client.TellLevel(claims, ial)
	}
}

// Shown is a person's own value of a claim, masked, for the person's eyes, or nil; quiet reports that it says nothing
// beside the claim that it belongs to.
func (v *Vocabulary) Shown(claim string, p *Person, now func() time.Time) (value any, quiet bool) {
	c := v.claims[claim]
	if c == nil || c.fact.level {
		return nil, false
	}
	if masked, ok := c.fact.value(p, true, now); ok {
		return masked, c.fact.quiet
	}
	return nil, c.fact.quiet
}
