package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Values are the data of one licence by our keys. A repeated element has several; holder_name, holder_code,
// holder_code_type and holder_code_type_name have one entry for each holder, in the same order.
type Values map[string][]string

// First returns the first value of the key, empty when there is none.
func (v Values) First(key string) string {
	if len(v[key]) == 0 {
		return ""
	}
	return v[key][0]
}

// Set replaces the values of the key; no or empty values remove it.
func (v Values) Set(key string, values ...string) {
	values = slices.DeleteFunc(slices.Clone(values), func(s string) bool { return s == "" })
	if len(values) == 0 {
		delete(v, key)
		return
	}
	v[key] = values
}

// Clone copies the values.
func (v Values) Clone() Values {
	out := make(Values, len(v))
	for key, list := range v {
		out[key] = slices.Clone(list)
	}
	return out
}

// Equal compares two sets of values.
func (v Values) Equal(other Values) bool {
	if len(v) != len(other) {
		return false
	}
	for key, list := range v {
		if !slices.Equal(list, other[key]) {
			return false
		}
	}
	return true
}

// ValueReason is why a value is refused.
type ValueReason string

// Reasons.
const (
	ValueMissing    ValueReason = "missing"
	ValueUnknown    ValueReason = "unknown_field"
	ValueRepeated   ValueReason = "repeated"
	ValueTooLong    ValueReason = "too_long"
	ValueCharacters ValueReason = "characters"
	ValueForm       ValueReason = "form"
	ValueHolders    ValueReason = "holders"
	ValueCopyOnly   ValueReason = "copy_only"
	ValuePeriod     ValueReason = "period"
)

// ValueError refuses one value.
type ValueError struct {
	Key    string
	Reason ValueReason
}

// Error is for logs and reports; it never holds the value.
func (e *ValueError) Error() string { return fmt.Sprintf("catalog: value of %s: %s", e.Key, e.Reason) }

// CheckValues judges the shape of the data of one licence of the type. The result joins *ValueError values, in the order
// of the fields; see ValueErrors.
func (t *Type) CheckValues(values Values) error {
	var faults []error
	refuse := func(key string, reason ValueReason) { faults = append(faults, &ValueError{key, reason}) }
	for _, f := range t.Fields {
		list := values[f.Key]
		if len(list) == 0 {
			if f.Required {
				refuse(f.Key, ValueMissing)
			}
			continue
		}
		if len(list) > 1 && !f.Repeated {
			refuse(f.Key, ValueRepeated)
			continue
		}
		for _, value := range list {
			reason := checkValue(value, f.Kind, f.MaxRunes)
			if reason == "" && f.Kind == KindPhoto && !f.Photo.fits(value) {
				reason = ValueForm
			}
			if reason != "" {
				refuse(f.Key, reason)
				break
			}
		}
	}
	for _, key := range slices.Sorted(mapKeys(values)) {
		if _, ok := t.Field(key); ok {
			continue
		}
		e, ok := t.catalog.Element(key)
		switch {
		case !ok || e.Key != key:
			refuse(key, ValueUnknown)
		case e.CopyOnly:
			refuse(key, ValueCopyOnly)
		default:
			for _, value := range values[key] {
				if reason := checkValue(value, e.Kind, 200); reason != "" {
					refuse(key, reason)
					break
				}
			}
		}
	}
	if t.NumberKey != "" && values.First(t.NumberKey) != values.First(KeyLicenseNumber) {
		refuse(KeyLicenseNumber, ValueForm)
	}
	faults = append(faults, t.checkHolders(values)...)
	faults = append(faults, t.checkPeriod(values)...)
	return errors.Join(faults...)
}

// ValueErrors takes the single faults out of an error of CheckValues.
func ValueErrors(err error) []*ValueError {
	var list []*ValueError
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, single := range joined.Unwrap() {
			list = append(list, ValueErrors(single)...)
		}
		return list
	}
	if single, ok := errors.AsType[*ValueError](err); ok {
		list = append(list, single)
	}
	return list
}

func mapKeys(values Values) func(func(string) bool) {
	return func(yield func(string) bool) {
		for key := range values {
			if !yield(key) {
				return
			}
		}
	}
}

func checkValue(value string, kind Kind, maxRunes int) ValueReason {
	if value == "" || value != strings.TrimSpace(value) || !utf8.ValidString(value) {
		return ValueCharacters
	}
	if utf8.RuneCountInString(value) > maxRunes {
		return ValueTooLong
	}
	for _, r := range value {
		// Format characters (bidirectional overrides, zero-width) would make page text and data look alike and differ.
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
			return ValueCharacters
		}
	}
	switch kind {
	case KindCode:
		for _, r := range value {
			if !(r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || strings.ContainsRune("-_./()", r)) {
				return ValueForm
			}
		}
	case KindDate:
		if _, err := time.Parse("20060102", value); err != nil {
			return ValueForm
		}
	case KindTime:
		if _, err := time.Parse("20060102150405", value); err != nil {
			return ValueForm
		}
	}
	return ""
}

// Keys of the common elements that Go code must know. Their names on the wire are in lists/elements.json.
const (
	KeyName          = "license_name"
	KeyTypeCode      = "license_type_code"
	KeyLicenseNumber = "license_number"
	KeyLicenseID     = "license_id"
	KeyVersion       = "version"
	KeyAuthority     = "issuing_authority"
	KeyAuthorityCode = "issuing_authority_code"
	KeyIssuedDate    = "issued_date"
	KeyEffectiveDate = "effective_date"
	KeyExpiringDate  = "expiring_date"
	KeyHolderName    = "holder_name"
	KeyHolderCode    = "holder_code"
	KeyHolderType    = "holder_code_type"
	KeyHolderTypeZh  = "holder_code_type_name"
	KeyCreatedAt     = "created_at"
	KeyReplaces      = "replaces"
)

func (t *Type) checkHolders(values Values) []error {
	names, codes, types := values[KeyHolderName], values[KeyHolderCode], values[KeyHolderType]
	if len(names) == 0 && len(codes) == 0 {
		return nil // reported as missing
	}
	if len(names) != len(codes) || len(names) != len(types) || len(names) != len(values[KeyHolderTypeZh]) || len(names) > t.MaxHolders {
		return []error{&ValueError{KeyHolderName, ValueHolders}}
	}
	var faults []error
	for i, code := range codes {
		entry, known := t.catalog.HolderCodeType(types[i])
		switch {
		case !known || !slices.Contains(t.HolderCodeTypes, types[i]) || values[KeyHolderTypeZh][i] != entry.Name["zh-CN"]:
			faults = append(faults, &ValueError{KeyHolderType, ValueForm})
		case types[i] == holderUSCC && !validUSCC(code), types[i] == holderCitizen && !validCitizenID(code):
			faults = append(faults, &ValueError{KeyHolderCode, ValueForm})
		}
	}
	return faults
}

func (t *Type) checkPeriod(values Values) []error {
	from, to := values.First(KeyEffectiveDate), values.First(KeyExpiringDate)
	if to == "" {
		if !t.Validity.LongTerm {
			return []error{&ValueError{KeyExpiringDate, ValueMissing}}
		}
		return nil
	}
	end, err := time.Parse("20060102", to)
	if err != nil {
		return nil // reported as form
	}
	start, err := time.Parse("20060102", from)
	if err != nil {
		return []error{&ValueError{KeyEffectiveDate, ValuePeriod}}
	}
	if end.Before(start) || t.Validity.MaxDays > 0 && end.Sub(start) > time.Duration(t.Validity.MaxDays)*24*time.Hour {
		return []error{&ValueError{KeyExpiringDate, ValuePeriod}}
	}
	return nil
}

// HolderTypeName is the name that goes with a holder code type in the data of a licence.
func (c *Catalog) HolderTypeName(code string) string {
	entry, _ := c.HolderCodeType(code)
	return entry.Name["zh-CN"]
}

// View returns the values that a view profile shows, by key (license.md 11.2). Masked values stand in profile m;
// profile p holds "1" for predicates that hold and "0" for those that do not.
func (t *Type) View(profile string, values Values, at time.Time) (Values, error) {
	keys, ok := t.Profiles[profile]
	if !ok {
		return nil, fmt.Errorf("%w: no view profile %q", ErrType, profile)
	}
	out := Values{}
	for _, key := range keys {
		if profile == "p" {
			out[key] = []string{t.judge(key, values, at)}
			continue
		}
		f, _ := t.Field(key)
		for _, value := range values[key] {
			if profile == "m" {
				value = f.Masking.Apply(value)
			}
			out[key] = append(out[key], value)
		}
	}
	return out, nil
}

func (t *Type) judge(key string, values Values, at time.Time) string {
	holds := false
	for _, p := range t.Predicates {
		if p.Key != key {
			continue
		}
		switch p.Rule {
		case "single_holder":
			holds = len(values[KeyHolderName]) == 1
		case "dates_hold":
			holds = InPeriod(values, at)
		case "holder_category":
			holds = len(values[KeyHolderType]) > 0
			for _, code := range values[KeyHolderType] {
				entry, _ := t.catalog.HolderCodeType(code)
				holds = holds && string(entry.Category) == p.Values[0]
			}
		case "field_in":
			holds = slices.Contains(p.Values, values.First(p.Field))
		}
	}
	if holds {
		return "1"
	}
	return "0"
}

// chinaTime is the zone in which dates on licences are meant (UTC+8, without summer time).
var chinaTime = time.FixedZone("UTC+8", 8*60*60)

// InPeriod tells whether the moment lies in the validity of the data, both days included, in the time of Beijing.
// No date is no bound.
func InPeriod(values Values, at time.Time) bool {
	return !BeforePeriod(values, at) && !AfterPeriod(values, at)
}

// BeforePeriod tells whether the validity has not begun.
func BeforePeriod(values Values, at time.Time) bool {
	from := values.First(KeyEffectiveDate)
	return from != "" && at.In(chinaTime).Format("20060102") < from
}

// AfterPeriod tells whether the validity has ended.
func AfterPeriod(values Values, at time.Time) bool {
	to := values.First(KeyExpiringDate)
	return to != "" && at.In(chinaTime).Format("20060102") > to
}

// Day is the date of a moment as licences write it, in the time of Beijing.
func Day(at time.Time) string { return at.In(chinaTime).Format("20060102") }

// Stamp is a moment as licences write it (YYYYMMDDhhmmss), in the time of Beijing.
func Stamp(at time.Time) string { return at.In(chinaTime).Format("20060102150405") }

// Apply masks a value.
func (m Masking) Apply(value string) string {
	runes := []rune(value)
	switch m {
	case MaskNone:
		return value
	case MaskName:
		if len(runes) == 0 {
			return ""
		}
		return string(runes[:1]) + "*"
	case MaskLast4:
		if len(runes) <= 4 {
			return "****"
		}
		return "****" + string(runes[len(runes)-4:])
	}
	return ""
}
