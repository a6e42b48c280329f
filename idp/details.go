package idp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// DetailType is a kind of authorization_details (RFC 9396) as data: an administrator writes it into an applied file, and
// no code knows any single one.
type DetailType struct {
	Type   string                 `json:"type" yaml:"type"`
	Title  map[string]string      `json:"title" yaml:"title"` // what the person allows, by language
	Fields map[string]DetailField `json:"fields" yaml:"fields"`
}

// DetailField is a member of a kind.
type DetailField struct {
	Title    map[string]string `json:"title" yaml:"title"`
	Kind     string            `json:"kind" yaml:"kind"` // text, number, list (of texts), item (the code of a service item)
	Required bool              `json:"required,omitempty" yaml:"required"`
	Values   []string          `json:"values,omitempty" yaml:"values"` // the only ones, when there are any
	Max      int               `json:"max,omitempty" yaml:"max"`       // characters, entries, or the largest number; 0: 200
}

// FieldItem is the kind of a member that says for which service item (政务服务事项) something is asked: a mandate must extend to it, and it stands in the
// person's ledger.
const FieldItem = "item"

const maxServiceItem = 64 // octets of a code

// ServiceItem reports whether a text may be the code of a service item: printable ASCII without blanks.
func ServiceItem(code string) bool {
	return code != "" && len(code) <= maxServiceItem && !strings.ContainsFunc(code, func(r rune) bool { return r <= ' ' || r > '~' })
}

// Detail is one object of authorization_details.
type Detail struct {
	Type   string
	Fields map[string]json.RawMessage
}

// ReadDetails reads a list of objects, each with its type.
func ReadDetails(raw []byte) ([]Detail, error) {
	var list []map[string]json.RawMessage
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if err := decoder.Decode(&list); err != nil || decoder.More() || !utf8.Valid(raw) {
		return nil, errors.New("not a list of objects")
	}
	var all []Detail
	for _, object := range list {
		d := Detail{Fields: object}
		if json.Unmarshal(object["type"], &d.Type) != nil || d.Type == "" {
			return nil, errors.New("an object has no type")
		}
		delete(d.Fields, "type")
		all = append(all, d)
	}
	return all, nil
}

// WriteDetails is the list as JSON.
func WriteDetails(list []Detail) (json.RawMessage, error) {
	objects := make([]map[string]json.RawMessage, 0, len(list))
	for _, d := range list {
		kind, err := json.Marshal(d.Type)
		if err != nil {
			return nil, err
		}
		object := maps.Clone(d.Fields)
		object["type"] = kind
		objects = append(objects, object)
	}
	return json.Marshal(objects)
}

// DetailMandate is the type that tells the extent of a mandate. It is ours: no kind is registered under it.
const DetailMandate = "mandate"

// Languages in which a title must stand.
var titleLocales = []string{"zh-CN", "en", "zh-Hant"}

// Normalize checks a kind as it was written.
func (t *DetailType) Normalize() error {
	refuse := func(field, why string) error { return refuseMetadata("authorization_details_types."+field, why) }
	if t.Type == DetailMandate {
		return refuse("type", "the name is taken by the platform")
	}
	if t.Type == "" || len(t.Type) > 100 || strings.ContainsFunc(t.Type, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return refuse("type", "1 to 100 printable ASCII characters")
	}
	if err := checkTitle(t.Title); err != nil {
		return refuse("title", err.Error())
	}
	if len(t.Fields) > 20 {
		return refuse("fields", "at most 20")
	}
	for name, field := range t.Fields {
		if name == "type" || name == "" || !slices.Contains([]string{"text", "number", "list", FieldItem}, field.Kind) || field.Max < 0 {
			return refuse("fields."+name, "kind is text, number, list or item; max is not negative")
		}
		if err := checkTitle(field.Title); err != nil {
			return refuse("fields."+name, err.Error())
		}
	}
	return nil
}

func checkTitle(title map[string]string) error {
	for _, locale := range titleLocales {
		if title[locale] == "" || len(title[locale]) > 300 {
			return fmt.Errorf("a title in each of %s", strings.Join(titleLocales, ", "))
		}
	}
	return nil
}

// Check compares an object with its kind.
func (t DetailType) Check(d Detail) error {
	for name := range d.Fields {
		if _, known := t.Fields[name]; !known {
			return fmt.Errorf("%s has no member of this name", t.Type)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Fields)) {
		raw, given := d.Fields[name]
		if !given && t.Fields[name].Required {
			return fmt.Errorf("%s.%s is missing", t.Type, name)
		}
		if given {
			if _, err := t.Fields[name].read(raw); err != nil {
				return fmt.Errorf("%s.%s: %w", t.Type, name, err)
			}
		}
	}
	return nil
}

// read gives the texts to show for a value.
func (f DetailField) read(raw json.RawMessage) ([]string, error) {
	limit := f.Max
	if limit == 0 {
		limit = 200
	}
	var list []string
	switch f.Kind {
	case "number":
		var number json.Number
		if bytes.HasPrefix(raw, []byte(`"`)) || json.Unmarshal(raw, &number) != nil || number == "" {
			return nil, errors.New("not a number")
		}
		value, err := number.Float64()
		if err != nil || value < 0 || f.Max > 0 && value > float64(f.Max) {
			return nil, errors.New("out of range")
		}
		return []string{number.String()}, nil
	case "list":
		if json.Unmarshal(raw, &list) != nil || list == nil || len(list) > limit {
			return nil, errors.New("not a list of texts, or too long")
		}
	default:
		var text *string
		if json.Unmarshal(raw, &text) != nil || text == nil {
			return nil, errors.New("not a text")
		}
		list = []string{*text}
		if f.Kind == FieldItem && !ServiceItem(*text) {
			return nil, errors.New("not the code of a service item")
		}
	}
	for _, text := range list {
		if utf8.RuneCountInString(text) > max(limit, 200) || f.Kind == "text" && utf8.RuneCountInString(text) > limit || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return nil, errors.New("too long, or with control characters")
		}
		if len(f.Values) > 0 && !slices.Contains(f.Values, text) {
			return nil, errors.New("not one of the values")
		}
	}
	return list, nil
}

// DetailLine is a member in words.
type DetailLine struct{ Label, Value string }

// ItemNames gives service items their names; the mandates implement it.
type ItemNames interface {
	Name(locale, code string) string
}

// Items are the codes of service items that an object names, sorted by its members.
func (t DetailType) Items(d Detail) (codes []string) {
	for _, name := range slices.Sorted(maps.Keys(t.Fields)) {
		raw, given := d.Fields[name]
		if field := t.Fields[name]; given && field.Kind == FieldItem {
			if read, err := field.read(raw); err == nil {
				codes = append(codes, read...)
			}
		}
	}
	return codes
}

// Describe gives an object in the words of a language, for the person who is asked.
func (t DetailType) Describe(d Detail, locale string, items ItemNames) (title string, lines []DetailLine) {
	for _, name := range slices.Sorted(maps.Keys(t.Fields)) {
		raw, given := d.Fields[name]
		if !given {
			continue
		}
		if texts, err := t.Fields[name].read(raw); err == nil {
			if t.Fields[name].Kind == FieldItem {
				texts = []string{items.Name(locale, texts[0])}
			}
			lines = append(lines, DetailLine{t.Fields[name].Title[locale], strings.Join(texts, ", ")})
		}
	}
	return t.Title[locale], lines
}
