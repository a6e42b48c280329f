package subject

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed documents.json
var builtInDocuments []byte

// Document kinds that the code names.
const (
	CitizenID                 = "citizen_id"
	HKMacaoPermit             = "hk_macao_permit"
	TaiwanPermit              = "taiwan_permit"
	HMTResidencePermit        = "hmt_residence_permit"
	ForeignPermanentResidence = "foreign_permanent_residence"
	Passport                  = "passport"
)

// NationalityAsked is the nationality of a kind whose holders have different ones.
const NationalityAsked = "asked"

// DocumentKind is one row of the table of identity documents. The table is data: codes of partners differ from place to
// place and the official ones are not public, so an operator writes them down.
type DocumentKind struct {
	Kind        string            `json:"kind"`
	Names       map[string]string `json:"names"`                 // by language: zh-CN, en, zh-Hant
	Region      string            `json:"region,omitempty"`      // ISO 3166-1 alpha-3 of who issues it; empty: the nationality tells
	Form        string            `json:"form"`                  // rule of the number: citizen18, hk_macao, taiwan, hmt18, permanent_residence, passport
	Check       string            `json:"check,omitempty"`       // "mod11-2": the last of 18 characters is checked (GB 11643)
	Nationality string            `json:"nationality,omitempty"` // a code, NationalityAsked, or empty where the kind tells enough
	Expires     bool              `json:"expires,omitempty"`     // the form asks for the day on which it ends
	AsksBirth   bool              `json:"asks_birth,omitempty"`  // the form asks for the day of birth, unless the number tells it
	MRZ         bool              `json:"mrz,omitempty"`         // it has two lines of a machine readable zone (TD3)
	Scripts     []string          `json:"scripts"`               // that its name field is written in
	Methods     []string          `json:"methods"`               // method words that may prove it
	LossEnds    bool              `json:"loss_ends,omitempty"`   // levels end when it is reported lost
	Beside      []string          `json:"beside,omitempty"`      // kinds of which one person may hold one beside it; each names the other
	Codes       map[string]string `json:"codes"`                 // by partner: the code that stands for this kind there
}

// Name is what the kind is called in a language.
func (k DocumentKind) Name(locale string) string {
	if name := k.Names[locale]; name != "" {
		return name
	}
	return k.Names["zh-CN"]
}

// Documents is a table of document kinds. It is never changed.
type Documents struct{ kinds []DocumentKind }

// DefaultDocuments is the built-in table.
func DefaultDocuments() Documents { return builtIn() }

var builtIn = sync.OnceValue(func() Documents {
	d, err := ParseDocuments(builtInDocuments)
	if err != nil {
		panic(err) // it is embedded above
	}
	return d
})

// ErrDocuments is a table that cannot be used.
var ErrDocuments = errors.New("subject: the table of documents cannot be used")

// ParseDocuments reads a table: {"kinds": [DocumentKind…]}.
func ParseDocuments(content []byte) (Documents, error) {
	var table struct {
		Kinds []DocumentKind `json:"kinds"`
	}
	decoder := json.NewDecoder(strings.NewReader(string(content)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&table); err != nil {
		return Documents{}, fmt.Errorf("%w: %w", ErrDocuments, err)
	}
	seen := map[string]bool{}
	for _, k := range table.Kinds {
		_, known := numberForms[k.Form]
		switch {
		case k.Kind == "" || seen[k.Kind]:
			return Documents{}, fmt.Errorf("%w: kind %q is empty or stands there twice", ErrDocuments, k.Kind)
		case !known:
			return Documents{}, fmt.Errorf("%w: %s: form %q is not known", ErrDocuments, k.Kind, k.Form)
		case k.Check != "" && k.Check != checkMod112:
			return Documents{}, fmt.Errorf("%w: %s: check %q is not known", ErrDocuments, k.Kind, k.Check)
		case k.Names["zh-CN"] == "" || k.Names["en"] == "" || k.Names["zh-Hant"] == "":
			return Documents{}, fmt.Errorf("%w: %s: a name is missing", ErrDocuments, k.Kind)
		case len(k.Methods) == 0 || len(k.Scripts) == 0:
			return Documents{}, fmt.Errorf("%w: %s: methods or scripts are missing", ErrDocuments, k.Kind)
		}
		seen[k.Kind] = true
	}
	all := Documents{table.Kinds}
	for _, k := range all.kinds {
		for _, beside := range k.Beside {
			if other, ok := all.Find(beside); !ok || beside == k.Kind || !slices.Contains(other.Beside, k.Kind) {
				return Documents{}, fmt.Errorf("%w: %s: beside %q does not hold for both", ErrDocuments, k.Kind, beside)
			}
		}
	}
	return all, nil
}

// DocumentOverride is what an operator sets about a kind; empty members leave what is there.
type DocumentOverride struct {
	Kind    string            `json:"kind" yaml:"kind"`
	Codes   map[string]string `json:"codes,omitempty" yaml:"codes"`     // by partner, beside those that are there
	Methods []string          `json:"methods,omitempty" yaml:"methods"` // instead of those that are there
	Check   string            `json:"check,omitempty" yaml:"check"`     // "none" or "mod11-2"
}

// With is the table with overrides.
func (d Documents) With(overrides ...DocumentOverride) (Documents, error) {
	next := Documents{slices.Clone(d.kinds)}
	for _, o := range overrides {
		i := slices.IndexFunc(next.kinds, func(k DocumentKind) bool { return k.Kind == o.Kind })
		if i < 0 {
			return d, fmt.Errorf("%w: there is no kind %q", ErrDocuments, o.Kind)
		}
		k := &next.kinds[i]
		if len(o.Codes) > 0 {
			codes := maps.Clone(k.Codes)
			if codes == nil {
				codes = map[string]string{}
			}
			maps.Copy(codes, o.Codes)
			k.Codes = codes
		}
		if len(o.Methods) > 0 {
			k.Methods = o.Methods
		}
		switch o.Check {
		case "":
		case "none":
			k.Check = ""
		case checkMod112:
			k.Check = checkMod112
		default:
			return d, fmt.Errorf("%w: %s: check %q is not known", ErrDocuments, o.Kind, o.Check)
		}
	}
	return next, nil
}

// Kinds are the rows in the order in which they are shown.
func (d Documents) Kinds() []DocumentKind { return d.kinds }

// Find returns the row of a kind.
func (d Documents) Find(kind string) (DocumentKind, bool) {
	i := slices.IndexFunc(d.kinds, func(k DocumentKind) bool { return k.Kind == kind })
	if i < 0 {
		return DocumentKind{}, false
	}
	return d.kinds[i], true
}

// Sex as a document tells it.
type Sex string

// Sexes.
const (
	Male    Sex = "male"
	Female  Sex = "female"
	SexNone Sex = "" // not told
)

// Document is a number in canonical form with what it tells.
type Document struct {
	Kind        string
	Number      string // canonical
	Key         string // what stays the same over reissues: one key of a kind, one person
	Nationality string // ISO 3166-1 alpha-3; empty where the kind tells enough
	Birth       time.Time
	Sex         Sex
	IssueCount  string // how often it was issued, where the number is told with it
}

// Parse reads a number of a kind. nationality is looked at only where the kind asks for one. Errors are *NumberError, or
// ErrNationality.
func (d Documents) Parse(kind, number, nationality string) (Document, error) {
	k, ok := d.Find(kind)
	if !ok {
		return Document{}, &NumberError{Problem: NumberKind}
	}
	return k.Parse(number, nationality)
}

// Parse reads a number of the kind.
func (k DocumentKind) Parse(number, nationality string) (Document, error) {
	document := Document{Kind: k.Kind, Number: strings.ToUpper(narrow(number)), Nationality: k.Nationality}
	if k.Nationality == NationalityAsked {
		document.Nationality = ""
		if nationality != "" {
			code, err := ParseNationality(nationality)
			if err != nil {
				return Document{}, err
			}
			document.Nationality = code
		}
	}
	if err := numberForms[k.Form](k, &document); err != nil {
		return Document{}, err
	}
	if k.Nationality == NationalityAsked && document.Nationality == "" {
		return Document{}, ErrNationality
	}
	return document, nil
}

// LookupKey is the text under whose keyed hash a proven number is found: the identity key of the kind. A number that the
// table cannot read is its own key.
func (d Documents) LookupKey(kind, number, nationality string) string {
	if document, err := d.Parse(kind, number, nationality); err == nil {
		return document.Key
	}
	return number
}
