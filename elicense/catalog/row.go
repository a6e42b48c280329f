package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Entry is an entry of a code list of the catalogue. Which codes there are stands in lists/.
type Entry struct {
	Code string `json:"code"`
	Name Text   `json:"name"`
}

// List names a code list of the catalogue.
type List string

// Lists.
const (
	ListLevels  List = "levels"  // of authorities (证照定义机构级别, 证照颁发机构级别)
	ListClasses List = "classes" // 证照、批文、证明、材料、证件
	ListKinds   List = "kinds"   // of administrative acts (行政许可 … 行政检查)
	ListSharing List = "sharing" // sharing levels (共享属性)
)

var listNames = []List{ListLevels, ListClasses, ListKinds, ListSharing}

// Entries lists a code list in its order.
func (c *Catalog) Entries(list List) []Entry { return slices.Clone(c.lists[list]) }

// EntryName is the name of a code for people; the code itself where the list does not hold it.
func (c *Catalog) EntryName(list List, code, locale string) string {
	for _, entry := range c.lists[list] {
		if entry.Code == code {
			return entry.Name.In(locale)
		}
	}
	return code
}

func (c *Catalog) has(list List, code string) bool {
	return slices.ContainsFunc(c.lists[list], func(entry Entry) bool { return entry.Code == code })
}

// Item is a service item (关联事项) that yields the licence.
type Item struct {
	Name string `json:"name"`
	Code string `json:"code"`
}

// Stages of a version as its package tells them. Whether a published one is in force, superseded or retired is for whoever holds the
// versions of a type to say.
const (
	StatusDraft     = "draft"
	StatusPublished = "published"
)

// Row is the row of the catalogue (证照目录, GB/T 36902-2018) of one version of a type, beside what type.json says of name, code, defining
// authority and holders.
type Row struct {
	Version       int      `json:"version"`        // of the type, from 1
	EffectiveDate string   `json:"effective_date"` // YYYYMMDD, in the time of Beijing: from when licences are made by this version
	Status        string   `json:"status"`         // draft | published
	Class         string   `json:"class"`          // list classes
	Kind          string   `json:"kind"`           // list kinds
	RelatedItems  []Item   `json:"related_items"`
	Validity      []string `json:"validity_ranges"` // 有效期限范围: 5年, 90天, 6月, 长期
	IssuingLevels []string `json:"issuing_levels"`  // list levels
	ParentType    string   `json:"parent_type"`     // code of the type of which this one is part; empty for none
	LegalBasis    []string `json:"legal_basis"`
	Sharing       string   `json:"sharing"` // list sharing
	// Example says that authority, sequence or items are made up, though their check characters hold: such a type shows how one is made and
	// stands for no document of a real authority.
	Example bool `json:"example"`
}

// LongTermRange is the range of validity without an end.
const LongTermRange = "长期"

// units of ranges of validity, with the most days that one of them has.
var units = []struct {
	text string
	days int
}{{"天", 1}, {"月", 31}, {"年", 366}}

// rangeDays is the greatest number of days of a range such as 5年; false when it is none, or the range without an end.
func rangeDays(text string) (int, bool) {
	for _, unit := range units {
		number, ok := strings.CutSuffix(text, unit.text)
		if !ok {
			continue
		}
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || n > 36500 || number[0] == '0' {
			return 0, false
		}
		return n * unit.days, true
	}
	return 0, false
}

func (t *Type) checkRow() error {
	r, c := t.Row, t.catalog
	var faults []error
	refuse := func(place, format string, args ...any) {
		faults = append(faults, at(place, fmt.Errorf(format, args...)))
	}
	if r.Version < 1 || r.Version > maxVersion {
		refuse("version", "version %d is not 1 to %d", r.Version, maxVersion)
	}
	if _, err := time.Parse("20060102", r.EffectiveDate); err != nil {
		refuse("effective_date", "effective_date %q is no date YYYYMMDD", r.EffectiveDate)
	}
	if r.Status != StatusDraft && r.Status != StatusPublished {
		refuse("status", "status %q is neither draft nor published", r.Status)
	}
	for _, one := range []struct {
		place string
		list  List
		code  string
	}{{"class", ListClasses, r.Class}, {"kind", ListKinds, r.Kind}, {"sharing", ListSharing, r.Sharing}} {
		if !c.has(one.list, one.code) {
			refuse(one.place, "%s %q is not in the list %s", one.place, one.code, one.list)
		}
	}
	if len(r.IssuingLevels) == 0 || len(r.IssuingLevels) > len(c.lists[ListLevels]) {
		refuse("issuing_levels", "issuing_levels: at least one")
	}
	for i, level := range r.IssuingLevels {
		if !c.has(ListLevels, level) || slices.Contains(r.IssuingLevels[:i], level) {
			refuse(element("issuing_levels", i), "level %q is unknown or stands twice", level)
		}
	}
	if len(r.RelatedItems) > maxItems {
		refuse("related_items", "more than %d related items", maxItems)
	}
	for i, item := range r.RelatedItems {
		if !plainText(item.Name, 100) || checkValue(item.Code, KindCode, 64) != "" {
			refuse(element("related_items", i), "a related item needs a name and a code of letters and digits")
		}
	}
	if len(r.LegalBasis) == 0 || len(r.LegalBasis) > maxItems {
		refuse("legal_basis", "legal_basis: 1 to %d", maxItems)
	}
	for i, basis := range r.LegalBasis {
		if !plainText(basis, 200) {
			refuse(element("legal_basis", i), "a legal basis is a text of at most 200 characters")
		}
	}
	if r.ParentType != "" && !typeCode(r.ParentType) || r.ParentType == t.Code {
		refuse("parent_type", "parent_type %q is not the code of another type", r.ParentType)
	}
	return errors.Join(append(faults, t.checkRanges()...)...)
}

// checkRanges compares the ranges of validity with the rule by which licences are judged.
func (t *Type) checkRanges() (faults []error) {
	ranges := t.Row.Validity
	if len(ranges) == 0 || len(ranges) > 20 {
		return []error{at("validity_ranges", errors.New("validity_ranges: 1 to 20"))}
	}
	if slices.Contains(ranges, LongTermRange) != t.Validity.LongTerm {
		faults = append(faults, at("validity_ranges", fmt.Errorf("%s and long_term of type.json go together", LongTermRange)))
	}
	longest := 0
	for i, text := range ranges {
		days, ok := rangeDays(text)
		switch {
		case !ok && text != LongTermRange, slices.Contains(ranges[:i], text):
			faults = append(faults, at(element("validity_ranges", i), fmt.Errorf("%q is no range such as 5年, 6月, 90天 or %s, or stands twice", text, LongTermRange)))
		case t.Validity.MaxDays > 0 && days > t.Validity.MaxDays:
			faults = append(faults, at(element("validity_ranges", i), fmt.Errorf("%s is longer than max_days of type.json", text)))
		}
		longest = max(longest, days)
	}
	if t.Validity.MaxDays > 0 && longest == 0 || t.Validity.MaxDays == 0 && !t.Validity.LongTerm {
		faults = append(faults, at("validity_ranges", errors.New("max_days of type.json and a range with an end go together")))
	}
	return faults
}

// typeCode tells whether the text is a type code (证照类型代码): a USCC and three digits.
func typeCode(text string) bool {
	return len(text) == 21 && validUSCC(text[:18]) && allDigits(text[18:])
}

// plainText tells whether a text for people is there, not too long and without characters that hide or move others.
func plainText(text string, longest int) bool { return checkValue(text, KindText, longest) == "" }
