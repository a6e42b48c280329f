package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Text is a text in the languages of the platform, keyed by BCP 47 tag.
type Text map[string]string

// In returns the text in the language, or in zh-CN when the language has none.
func (t Text) In(locale string) string {
	if s, ok := t[locale]; ok {
		return s
	}
	return t["zh-CN"]
}

func (t Text) complete() bool { return t["zh-CN"] != "" && t["en"] != "" }

// Kind is the form of a field's value.
type Kind string

// Kinds.
const (
	KindText Kind = "text"
	KindCode Kind = "code" // upper-case letters, digits and -_./() without spaces
	KindDate Kind = "date" // YYYYMMDD (GB/T 36903 on the wire)
	KindTime Kind = "time" // YYYYMMDDhhmmss
)

func (k Kind) known() bool {
	return slices.Contains([]Kind{KindText, KindCode, KindDate, KindTime, KindPhoto}, k)
}

// Category of a holder (持证主体类别).
type Category string

// Categories.
const (
	NaturalPerson Category = "natural_person"
	Organization  Category = "organization"
)

func (c Category) known() bool { return c == NaturalPerson || c == Organization }

// Masking says how a value is shown in the masked view.
type Masking string

// Maskings.
const (
	MaskNone  Masking = "none"
	MaskName  Masking = "name"   // first character, the rest as one asterisk: 张*
	MaskLast4 Masking = "last_4" // asterisks and the last four characters
	MaskHide  Masking = "hide"   // not in the masked view
)

// Element is a metadata element common to all types (GB/T 36903-2018). Go code uses Key; English and pinyin names are
// those met on the wire and inside OFD.
type Element struct {
	Key       string `json:"key"`
	English   string `json:"english"`
	Pinyin    string `json:"pinyin"` // empty where none is known
	Label     Text   `json:"label"`
	Kind      Kind   `json:"kind"`
	Repeated  bool   `json:"repeated"`
	Mandatory bool   `json:"mandatory"`
	CopyOnly  bool   `json:"copy_only"` // must be empty on an original (license.md 4)
}

func (e Element) names() []string {
	names := []string{e.Key, e.English}
	if e.Pinyin != "" {
		names = append(names, e.Pinyin)
	}
	return names
}

// CodeName is an entry of a code list.
type CodeName struct {
	Code     string   `json:"code"`
	Name     Text     `json:"name"`
	Category Category `json:"category"`
}

// StatusValid is the status of a licence in force; every other status is named in data only.
const StatusValid = "valid"

// LicenseStatus is a status of an issued licence (license.md 6). Bits is what the public status list shows: 0 in force,
// 1 ended, 2 not usable for now, 3 replaced by a newer version.
type LicenseStatus struct {
	Code      string   `json:"code"`
	Name      Text     `json:"name"`
	Bits      uint8    `json:"bits"`
	Operation string   `json:"operation"` // the operation that leads to it: revocation, suspension, resumption, amendment, lapse
	Next      []string `json:"next"`      // statuses that may follow; none for a final status
}

// Authority is the body that defines a type.
type Authority struct {
	Name  string `json:"name"`
	Code  string `json:"code"`
	Level string `json:"level"`
}

// Field is one field of a type. Key is a common element, or a field of the type's own when it has names.
type Field struct {
	Number   int        `json:"number"` // short name in presentation codes; never reused within a type
	Key      string     `json:"key"`
	English  string     `json:"english"`
	Pinyin   string     `json:"pinyin"`
	Label    Text       `json:"label"`
	Kind     Kind       `json:"kind"`
	Required bool       `json:"required"`
	Repeated bool       `json:"repeated"`
	MaxRunes int        `json:"max_runes"` // 0: 200
	Masking  Masking    `json:"masking"`
	Photo    *PhotoRule `json:"photo,omitempty"` // of KindPhoto
	Own      bool       `json:"-"`               // a field of the type, not a common element
}

// Predicate is a statement about a licence without its values (view profile p).
type Predicate struct {
	Number int      `json:"number"` // shares the numbers of the fields
	Key    string   `json:"key"`
	Label  Text     `json:"label"`
	Rule   string   `json:"rule"`   // single_holder | holder_category | field_in | dates_hold
	Field  string   `json:"field"`  // for field_in
	Values []string `json:"values"` // for field_in and holder_category
}

// Validity says how long a licence of the type lasts.
type Validity struct {
	LongTerm     bool   `json:"long_term"`      // may have no end
	LongTermText string `json:"long_term_text"` // how the face says so
	MaxDays      int    `json:"max_days"`       // 0: no limit
}

// Type is one licence type. It is read-only.
type Type struct {
	Digest           []byte              `json:"-"`    // SM3 over names and contents of the package's files, with lengths: its version in the transparency log
	Code             string              `json:"code"` // defining authority's USCC and three digits, 21 characters
	Name             Text                `json:"name"`
	Authority        Authority           `json:"defining_authority"`
	HolderCategories []Category          `json:"holder_categories"`
	HolderCodeTypes  []string            `json:"holder_code_types"`
	MaxHolders       int                 `json:"max_holders"`
	Validity         Validity            `json:"validity"`
	NumberKey        string              `json:"number_key"` // field whose value is the printed number, when it is not free
	FreshHours       int                 `json:"status_fresh_hours"`
	Fields           []Field             `json:"fields"`
	Predicates       []Predicate         `json:"predicates"`
	Profiles         map[string][]string `json:"profiles"` // p predicates; m, f, a fields, in the order shown

	Row    Row    `json:"-"`
	Face   Face   `json:"-"`
	Sample Values `json:"-"`
	Tests  []Test `json:"-"`
	// Rules decide about applications at once; nil leaves each to a person.
	Rules *Rules `json:"-"`
	// BuiltIn says that the type came with the program.
	BuiltIn bool `json:"-"`

	catalog    *Catalog
	files      map[string][]byte
	faceDigest string
}

// StatusFresh is how old a status list may be for a verdict valid (license.md 11.4, 7).
func (t *Type) StatusFresh() time.Duration { return time.Duration(t.FreshHours) * time.Hour }

// Field returns the field of the key.
func (t *Type) Field(key string) (Field, bool) {
	for _, f := range t.Fields {
		if f.Key == key {
			return f, true
		}
	}
	return Field{}, false
}

// Lookup returns the key of a field or common element by any of its names: ours, English, pinyin.
func (t *Type) Lookup(name string) (string, bool) {
	if e, ok := t.catalog.Element(name); ok {
		return e.Key, true
	}
	for _, f := range t.Fields {
		if f.Own && (name == f.Key || name == f.English || name == f.Pinyin) {
			return f.Key, true
		}
	}
	return "", false
}

// Label returns the name of a field, predicate or common element for people.
func (t *Type) Label(key, locale string) string {
	if f, ok := t.Field(key); ok {
		return f.Label.In(locale)
	}
	for _, p := range t.Predicates {
		if p.Key == key {
			return p.Label.In(locale)
		}
	}
	if e, ok := t.catalog.Element(key); ok {
		return e.Label.In(locale)
	}
	return key
}

// ByNumber returns the key of a field or predicate by its number in presentation codes.
func (t *Type) ByNumber(number int) (string, bool) {
	for _, f := range t.Fields {
		if f.Number == number {
			return f.Key, true
		}
	}
	for _, p := range t.Predicates {
		if p.Number == number {
			return p.Key, true
		}
	}
	return "", false
}

// Number is the number of a field or predicate in presentation codes; 0 when the type has none of the key.
func (t *Type) Number(key string) int {
	if f, ok := t.Field(key); ok {
		return f.Number
	}
	for _, p := range t.Predicates {
		if p.Key == key {
			return p.Number
		}
	}
	return 0
}

// profileNames are the view profiles of license.md 11.2.
var profileNames = []string{"p", "m", "f", "a"}

func (t *Type) check() error {
	var faults []error
	refuse := func(place, format string, args ...any) {
		faults = append(faults, at(place, fmt.Errorf(format, args...)))
	}
	if !typeCode(t.Code) {
		refuse("code", "code %q is not a USCC and three digits (GB/T 36904)", t.Code)
		return errors.Join(faults...) // much else hangs on it
	}
	if !plainText(t.Authority.Name, 100) || t.Authority.Code != t.Code[:18] || !t.catalog.has(ListLevels, t.Authority.Level) {
		refuse("defining_authority", "defining_authority does not fit the code, or its level is not in the list levels")
	}
	if !t.Name.plain(maxLabel) || len([]rune(t.Name["zh-CN"])) > 30 {
		refuse("name", "name is missing or too long")
	}
	if t.FreshHours <= 0 || t.FreshHours > maxFreshHours {
		refuse("status_fresh_hours", "status_fresh_hours is missing or beyond %d", maxFreshHours)
	}
	if t.MaxHolders < 1 || t.MaxHolders > maxHolders {
		refuse("max_holders", "max_holders is missing or beyond %d", maxHolders)
	}
	if t.Validity.LongTerm != (t.Validity.LongTermText != "") || t.Validity.LongTermText != "" && !plainText(t.Validity.LongTermText, 20) || t.Validity.MaxDays < 0 {
		refuse("validity", "validity: long_term and its text go together, and max_days is not negative")
	}
	if len(t.HolderCategories) == 0 || len(t.HolderCodeTypes) == 0 {
		refuse("holder_categories", "no holders allowed")
	}
	for i, category := range t.HolderCategories {
		if !category.known() || slices.Contains(t.HolderCategories[:i], category) {
			refuse(element("holder_categories", i), "holder category %q is unknown or stands twice", category)
		}
	}
	for i, code := range t.HolderCodeTypes {
		entry, ok := t.catalog.HolderCodeType(code)
		if !ok || !slices.Contains(t.HolderCategories, entry.Category) {
			refuse(element("holder_code_types", i), "holder code type %q is unknown or of another category", code)
		}
	}
	return errors.Join(append(faults, t.checkFields(), t.checkProfiles())...)
}

func (t *Type) checkFields() error {
	if len(t.Fields) > maxFields || len(t.Predicates) > maxPredicates {
		return at("fields", fmt.Errorf("at most %d fields and %d predicates", maxFields, maxPredicates))
	}
	var faults []error
	names, numbers := map[string]bool{}, map[int]bool{}
	for i := range t.Fields {
		if err := t.checkField(&t.Fields[i], names, numbers); err != nil {
			faults = append(faults, at(element("fields", i), err))
		}
	}
	for i, p := range t.Predicates {
		place := element("predicates", i)
		if !keyForm(p.Key) || names[p.Key] || !p.Label.plain(maxLabel) || p.Number < 1 || p.Number > maxNumber || numbers[p.Number] {
			faults = append(faults, at(place, fmt.Errorf("predicate %q is incomplete or taken", p.Key)))
			continue
		}
		names[p.Key], numbers[p.Number] = true, true
		if err := t.checkPredicate(p); err != nil {
			faults = append(faults, at(place, fmt.Errorf("predicate %q: %w", p.Key, err)))
		}
	}
	for _, e := range t.catalog.elements {
		if _, there := t.Field(e.Key); e.Mandatory && !there && !onFaceByName[e.Key] {
			faults = append(faults, at("fields", fmt.Errorf("the mandatory element %q (GB/T 36903) is missing", e.Key)))
		}
	}
	if t.NumberKey != "" {
		if _, ok := t.Field(t.NumberKey); !ok {
			faults = append(faults, at("number_key", fmt.Errorf("number_key %q is no field", t.NumberKey)))
		}
	}
	return errors.Join(faults...)
}

func (t *Type) checkField(f *Field, names map[string]bool, numbers map[int]bool) error {
	if err := t.completeField(f); err != nil {
		return err
	}
	own := map[string]bool{f.Key: true, f.English: true, f.Pinyin: true} // key and English name are often the same word
	delete(own, "")
	for name := range own {
		if names[name] {
			return fmt.Errorf("field name %q is taken", name)
		}
		names[name] = true
	}
	if f.Number < 1 || f.Number > 23 && f.Number < 32 || f.Number > maxNumber || numbers[f.Number] {
		return fmt.Errorf("field %q: number %d is taken or out of range", f.Key, f.Number)
	}
	numbers[f.Number] = true
	return nil
}

// plain tells whether the text is there in zh-CN and English and can be shown as it is.
func (t Text) plain(longest int) bool {
	for _, text := range t {
		if !plainText(text, longest) {
			return false
		}
	}
	return t.complete()
}

// formWords are names of inputs that a form for any type has, which a field of a type must not take.
var formWords = []string{"type", "business_number", "csrf", "id"}

// keyForm tells whether a key of ours is lower-case letters, digits and underscores.
func keyForm(key string) bool {
	return key != "" && len(key) <= 40 && key[0] >= 'a' && key[0] <= 'z' && strings.Trim(key, "abcdefghijklmnopqrstuvwxyz0123456789_") == "" && !slices.Contains(formWords, key)
}

// wireForm tells whether a name on the wire is letters, digits and underscores.
func wireForm(name string) bool {
	return name != "" && len(name) <= 60 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

func (t *Type) completeField(f *Field) error {
	if e, ok := t.catalog.Element(f.Key); ok {
		if f.English != "" || f.Pinyin != "" || f.Kind != "" || f.Label != nil {
			return fmt.Errorf("field %q repeats what the common element says", f.Key)
		}
		f.English, f.Pinyin, f.Label, f.Kind, f.Repeated = e.English, e.Pinyin, e.Label, e.Kind, e.Repeated
		f.Required = f.Required || e.Mandatory
	} else {
		f.Own = true
		if !keyForm(f.Key) || !wireForm(f.English) || !wireForm(f.Pinyin) || !strings.HasPrefix(f.Pinyin, "KZ_") || !f.Label.plain(maxLabel) || !f.Kind.known() {
			return fmt.Errorf("field %q: own fields need English name, KZ_ name, label and kind", f.Key)
		}
		if _, clash := t.catalog.Element(f.English); clash {
			return fmt.Errorf("field %q: English name is that of a common element", f.Key)
		}
	}
	if err := t.checkPhotoField(f); err != nil {
		return err
	}
	if f.MaxRunes == 0 {
		f.MaxRunes = 200
	}
	if f.MaxRunes < 0 || f.MaxRunes > maxValueRunes {
		return fmt.Errorf("field %q: max_runes is beyond %d", f.Key, maxValueRunes)
	}
	if !slices.Contains([]Masking{MaskNone, MaskName, MaskLast4, MaskHide}, f.Masking) {
		return fmt.Errorf("field %q: masking %q", f.Key, f.Masking)
	}
	return nil
}

func (t *Type) checkPredicate(p Predicate) error {
	switch p.Rule {
	case "single_holder", "dates_hold":
		return nil
	case "holder_category":
		if len(p.Values) == 1 && Category(p.Values[0]).known() {
			return nil
		}
	case "field_in":
		if _, ok := t.Field(p.Field); ok && len(p.Values) > 0 {
			return nil
		}
	}
	return fmt.Errorf("rule %q cannot be judged", p.Rule)
}

func (t *Type) checkProfiles() error {
	var faults []error
	refuse := func(name, format string, args ...any) {
		faults = append(faults, at("profiles."+name, fmt.Errorf(format, args...)))
	}
	for _, name := range profileNames {
		keys := t.Profiles[name]
		if len(keys) == 0 {
			refuse(name, "profile %q is empty", name)
		}
		for i, key := range keys {
			f, isField := t.Field(key)
			isPredicate := slices.ContainsFunc(t.Predicates, func(p Predicate) bool { return p.Key == key })
			switch {
			case name == "p" && !isPredicate, name != "p" && !isField, slices.Contains(keys[:i], key):
				refuse(name, "profile %q: %q does not belong there", name, key)
			case f.Kind == KindPhoto: // codes are shown to a camera, and whoever may see the picture reads it from the licence
				refuse(name, "profile %q shows the photo %q", name, key)
			case name == "m" && f.Masking == MaskHide:
				refuse(name, "profile m shows %q, which is to be hidden", key)
			}
		}
	}
	if len(t.Profiles) != len(profileNames) {
		faults = append(faults, at("profiles", errors.New("profiles: p, m, f, a and no other")))
	}
	return errors.Join(faults...)
}
