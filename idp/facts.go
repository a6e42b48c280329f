package idp

import (
	"maps"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp/subject"
)

// fact is something that the platform knows of a person and can tell.
type fact struct {
	// value is nothing, with false, where it is not known; a part of it where it is masked.
	value    func(p *Person, masked bool, now func() time.Time) (any, bool)
	maskable bool // a part of it can be told
	level    bool // a level of proofing, which is bounded instead
	evidence bool // verified_claims, which tokens put together themselves
	quiet    bool // it says nothing to a person beside the fact that it belongs to
}

// china is where the days of birth and of age are counted.
var china = time.FixedZone("CST", 8*3600)

// ageOfMajority is article 17 of the Civil Code.
const ageOfMajority = 18

// facts by the word of a claim's source. What a claim may tell ends here: a new fact is new code.
var facts = map[string]*fact{
	"ial":                   {level: true},
	"verified_claims":       {evidence: true, value: func(*Person, bool, func() time.Time) (any, bool) { return nil, false }},
	"name":                  {maskable: true, value: text(func(p *Person) string { return p.Name }, subject.MaskName)},
	"phone_number":          {maskable: true, value: text(func(p *Person) string { return p.Mobile }, maskIdentifier(subject.Mobile))},
	"phone_number_verified": {quiet: true, value: verified(func(p *Person) string { return p.Mobile })},
	"email":                 {maskable: true, value: text(func(p *Person) string { return p.Email }, maskIdentifier(subject.Email))},
	"email_verified":        {quiet: true, value: verified(func(p *Person) string { return p.Email })},
	"id_document_number":    {maskable: true, value: text(func(p *Person) string { return p.IDNumber }, subject.MaskID)},
	"id_document_type": {quiet: true, value: func(p *Person, _ bool, _ func() time.Time) (any, bool) {
		return p.IDType, p.IDNumber != ""
	}},
	"updated_at": {quiet: true, value: func(p *Person, _ bool, _ func() time.Time) (any, bool) {
		return p.UpdatedAt.Unix(), p.Name != ""
	}},
	// Out of the number, where it is a citizen's: birthdate is OpenID Connect Core 5.1, and masked the year alone.
	"birthdate": {maskable: true, value: func(p *Person, masked bool, _ func() time.Time) (any, bool) {
		number, ok := citizen(p)
		if !ok {
			return nil, false
		}
		if masked {
			return number.Birth().Format("2006"), true
		}
		return number.Birth().Format(time.DateOnly), true
	}},
	"age_over_18": {value: func(p *Person, _ bool, now func() time.Time) (any, bool) {
		number, ok := citizen(p)
		if !ok || now == nil {
			return nil, false
		}
		return number.AgeAt(now().In(china)) >= ageOfMajority, true
	}},
}

// Sources are the words that a claim may name as its source.
func Sources() []string { return slices.Sorted(maps.Keys(facts)) }

func text(of func(p *Person) string, mask func(string) string) func(*Person, bool, func() time.Time) (any, bool) {
	return func(p *Person, masked bool, _ func() time.Time) (any, bool) {
		value := of(p)
		if value != "" && masked {
			return mask(value), true
		}
		return value, value != ""
	}
}

func verified(of func(p *Person) string) func(*Person, bool, func() time.Time) (any, bool) {
	return func(p *Person, _ bool, _ func() time.Time) (any, bool) { return true, of(p) != "" }
}

func maskIdentifier(kind subject.IdentifierKind) func(string) string {
	return func(value string) string { return subject.MaskIdentifier(subject.Identifier{Kind: kind, Value: value}) }
}

func citizen(p *Person) (subject.CitizenIDNumber, bool) {
	if p.IDType != "citizen_id" {
		return "", false
	}
	number, err := subject.ParseCitizenID(p.IDNumber)
	return number, err == nil
}
