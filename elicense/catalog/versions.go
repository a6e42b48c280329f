package catalog

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Further are versions of types beside those that are built in.
type Further struct {
	Types   []*Type
	Retired map[string]int // code to the newest version that is retired with all before it: licences are no longer made by them
}

// With gives a catalogue that knows further versions, and takes as in force the newest of each code that is effective on the day
// (YYYYMMDD). The catalogue itself stays as it is.
func (c *Catalog) With(day string, further Further) *Catalog {
	next := *c
	next.day, next.retired, next.further = day, maps.Clone(further.Retired), map[string][]*Type{}
	for code, list := range c.further {
		next.further[code] = slices.Clone(list)
	}
	for _, t := range further.Types {
		next.further[t.Code] = append(next.further[t.Code], t)
	}
	return &next
}

// Retired tells whether no more licences are made of the type, so that it is only judged and shown.
func (c *Catalog) Retired(code string) bool {
	t, ok := c.Find(code)
	return ok && t.Row.Version <= c.retired[code]
}

// Version gives the version by which a licence was made, from what its file calls its template: the SM3 of the package, or of the face
// alone in files of earlier releases. A file that names neither is judged by the type that is built in, where there is one.
func (c *Catalog) Version(code, template string) (*Type, bool) {
	list := c.Versions(code)
	for _, t := range list {
		if t.TemplateID() == template {
			return t, true
		}
	}
	for _, t := range slices.Backward(list) {
		if t.BuiltIn && t.faceDigest == template {
			return t, true
		}
	}
	for _, t := range list { // the first, since such files are older than further ones
		if t.BuiltIn {
			return t, true
		}
	}
	return nil, false
}

// TemplateID names the version of the type that a licence is made by: the SM3 of its package, in hex, as in the transparency log.
func (t *Type) TemplateID() string { return hex.EncodeToString(t.Digest) }

// faceDigest is what files of earlier releases call their template.
func faceDigest(f Face) string {
	content, err := json.Marshal(f)
	if err != nil {
		panic(err) // strings and finite numbers only
	}
	return digest.Hex(content)
}

// CheckAgainst judges a version beside all earlier ones of its code: a number in presentation codes and the key of a field keep their
// meaning for ever, since codes and files name them. Errors wrap ErrType and hold *Fault values.
func (t *Type) CheckAgainst(earlier []*Type) error {
	var faults []error
	numbers, keys := map[int]string{}, map[string]Field{}
	newest := 0
	for _, old := range earlier {
		newest = max(newest, old.Row.Version)
		for _, f := range old.Fields {
			numbers[f.Number], keys[f.Key] = f.Key, f
		}
		for _, p := range old.Predicates {
			numbers[p.Number] = p.Key
		}
	}
	for number, key := range numbers { // a key has the number it always had
		if own := t.Number(key); own != 0 && own != number {
			faults = append(faults, at(t.placeOf(key), fmt.Errorf("%q had number %d in an earlier version and keeps it", key, number)))
		}
	}
	for i, f := range t.Fields {
		if key, used := numbers[f.Number]; used && key != f.Key {
			faults = append(faults, at(element("fields", i), fmt.Errorf("number %d was that of %q in an earlier version and is not given again", f.Number, key)))
		}
		if old, ok := keys[f.Key]; ok && (old.Kind != f.Kind || old.English != f.English || old.Pinyin != f.Pinyin || old.Repeated != f.Repeated) {
			faults = append(faults, at(element("fields", i), fmt.Errorf("%q keeps its kind and its English and pinyin names", f.Key)))
		}
	}
	for i, p := range t.Predicates {
		if key, used := numbers[p.Number]; used && key != p.Key {
			faults = append(faults, at(element("predicates", i), fmt.Errorf("number %d was that of %q in an earlier version and is not given again", p.Number, key)))
		}
	}
	list := faultsIn(FileType, t.files[FileType], FaultReuse, errors.Join(faults...))
	if t.Row.Version <= newest {
		list = append(list, faultsIn(FileRow, t.files[FileRow], FaultReuse, at("version", fmt.Errorf("version %d is there; the next is %d", newest, newest+1)))...)
	}
	if len(list) > 0 {
		return refused(list)
	}
	return nil
}

func (t *Type) placeOf(key string) string {
	for i, f := range t.Fields {
		if f.Key == key {
			return element("fields", i)
		}
	}
	return element("predicates", slices.IndexFunc(t.Predicates, func(p Predicate) bool { return p.Key == key }))
}

// Change is one difference between two versions of a type.
type Change struct {
	What   string // added | removed | changed
	Object string // such as "field domicile" or "view m"
	From   string
	To     string
	// Looser says that the newer version shows more, or asks less, than the older one did.
	Looser bool
}

// Kinds of changes.
const (
	ChangeAdded   = "added"
	ChangeRemoved = "removed"
	ChangeChanged = "changed"
)

// Diff lists what a version changes of another one, in the order of fields, predicates, views and the rest.
func (t *Type) Diff(old *Type) (list []Change) {
	changed := func(object, from, to string, looser bool) {
		if from != to {
			list = append(list, Change{ChangeChanged, object, from, to, looser})
		}
	}
	for _, f := range t.Fields {
		was, there := old.Field(f.Key)
		if !there {
			list = append(list, Change{ChangeAdded, "field " + f.Key, "", f.describe(), false})
			continue
		}
		changed("field "+f.Key+" masking", string(was.Masking), string(f.Masking), laxer(was.Masking, f.Masking))
		changed("field "+f.Key+" required", fmt.Sprint(was.Required), fmt.Sprint(f.Required), was.Required)
		changed("field "+f.Key+" max_runes", fmt.Sprint(was.MaxRunes), fmt.Sprint(f.MaxRunes), false)
		changed("field "+f.Key+" photo", was.Photo.describe(), f.Photo.describe(), false)
		changed("field "+f.Key+" label", was.Label.In("zh-CN"), f.Label.In("zh-CN"), false)
	}
	for _, f := range old.Fields {
		if _, there := t.Field(f.Key); !there {
			list = append(list, Change{ChangeRemoved, "field " + f.Key, f.describe(), "", false})
		}
	}
	rules := func(of *Type) map[string]string {
		all := map[string]string{}
		for _, p := range of.Predicates {
			all[p.Key] = strings.Join(append([]string{p.Rule, p.Field}, p.Values...), " ")
		}
		return all
	}
	list = append(list, diffMaps("predicate", rules(old), rules(t), func(string, string) bool { return true })...)
	list = append(list, diffRules(old.Rules, t.Rules)...)
	for _, profile := range profileNames {
		from, to := old.Profiles[profile], t.Profiles[profile]
		more := slices.ContainsFunc(to, func(key string) bool { return !slices.Contains(from, key) })
		changed("view "+profile, strings.Join(from, " "), strings.Join(to, " "), more)
	}
	more := func(from, to []string) bool {
		return slices.ContainsFunc(to, func(one string) bool { return !slices.Contains(from, one) })
	}
	changed("holder code types", strings.Join(old.HolderCodeTypes, " "), strings.Join(t.HolderCodeTypes, " "), more(old.HolderCodeTypes, t.HolderCodeTypes))
	changed("max_holders", fmt.Sprint(old.MaxHolders), fmt.Sprint(t.MaxHolders), t.MaxHolders > old.MaxHolders)
	changed("validity", fmt.Sprint(old.Validity), fmt.Sprint(t.Validity), t.Validity.LongTerm && !old.Validity.LongTerm || lasts(t) > lasts(old))
	changed("status_fresh_hours", fmt.Sprint(old.FreshHours), fmt.Sprint(t.FreshHours), t.FreshHours > old.FreshHours)
	changed("sharing", old.Row.Sharing, t.Row.Sharing, t.Row.Sharing < old.Row.Sharing)
	changed("name", old.Name.In("zh-CN"), t.Name.In("zh-CN"), false)
	changed("catalogue", old.Row.describe(), t.Row.describe(), false)
	changed("face", old.faceDigest, t.faceDigest, false)
	changed("effective_date", old.Row.EffectiveDate, t.Row.EffectiveDate, false)
	return list
}

func diffMaps(what string, from, to map[string]string, looser func(from, to string) bool) (list []Change) {
	all := maps.Clone(from)
	maps.Copy(all, to)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		was, before := from[key]
		is, after := to[key]
		switch {
		case !before:
			list = append(list, Change{ChangeAdded, what + " " + key, "", is, looser("", is)})
		case !after:
			list = append(list, Change{ChangeRemoved, what + " " + key, was, "", false})
		case was != is:
			list = append(list, Change{ChangeChanged, what + " " + key, was, is, looser(was, is)})
		}
	}
	return list
}

// laxer tells whether a masking may show what another one hid. A name and the last four show different parts.
func laxer(from, to Masking) bool { return from != to && from != MaskNone && to != MaskHide }

// lasts is how long a licence may last; a type without limit lasts longest.
func lasts(t *Type) int {
	if t.Validity.MaxDays == 0 {
		return 1 << 30
	}
	return t.Validity.MaxDays
}

func (f Field) describe() string {
	text := fmt.Sprintf("%d %s %s masking=%s", f.Number, f.Label.In("zh-CN"), f.Kind, f.Masking)
	if f.Required {
		text += " required"
	}
	return text
}

func (r Row) describe() string {
	var items []string
	for _, item := range r.RelatedItems {
		items = append(items, item.Code+" "+item.Name)
	}
	return strings.Join([]string{r.Class, r.Kind, strings.Join(r.Validity, "^"), strings.Join(r.IssuingLevels, ","), strings.Join(items, "; "), strings.Join(r.LegalBasis, "; "), r.ParentType}, " | ")
}
