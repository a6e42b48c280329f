package subject

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// MRZ is the machine readable zone of a passport, of the size TD3: two lines of 44 characters (ICAO Doc 9303-4 section 4.2).
type MRZ struct {
	Issuer      string // state that issued it, alpha-3
	Surname     string
	GivenNames  string // parts parted by blanks; may be empty
	Number      string
	Nationality string
	Birth       time.Time
	Sex         Sex
	Expires     time.Time // the last day on which it holds
	Optional    string    // personal number or what the state puts there
}

// Name is the name as one line, the surname first, as the zone has it.
func (m MRZ) Name() string { return strings.TrimSpace(m.Surname + " " + m.GivenNames) }

// MRZError is a zone that does not hold: which field, and at which character of which line it begins.
type MRZError struct {
	Field string // "lines", "characters", "document", "issuer", "name", "number", "nationality", "birth", "sex", "expires", "optional", "composite"
	Line  int    // 1 or 2; 0: the whole
	At    int    // first character, from 1
}

func (e *MRZError) Error() string {
	return fmt.Sprintf("subject: machine readable zone: %s (line %d, character %d)", e.Field, e.Line, e.At)
}

const mrzLine = 44

// ParseMRZ reads the two lines, with or without a line break between them. now tells the century of a day of birth, which is
// the latest that lies not in the future; a passport ends within 20 years from now.
func ParseMRZ(text string, now time.Time) (MRZ, error) {
	zone := strings.ToUpper(narrow(text))
	zone = strings.NewReplacer("«", "<<", "‹", "<", "＜", "<").Replace(zone)
	if len(zone) != 2*mrzLine {
		return MRZ{}, &MRZError{Field: "lines"}
	}
	for i := range len(zone) {
		if c := zone[i]; c != '<' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') {
			return MRZ{}, &MRZError{Field: "characters", Line: 1 + i/mrzLine, At: i%mrzLine + 1}
		}
	}
	upper, lower := zone[:mrzLine], zone[mrzLine:]
	if upper[0] != 'P' {
		return MRZ{}, &MRZError{Field: "document", Line: 1, At: 1}
	}
	var m MRZ
	var err error
	if m.Issuer, err = ParseNationality(upper[2:5]); err != nil {
		return MRZ{}, &MRZError{Field: "issuer", Line: 1, At: 3}
	}
	if m.Surname, m.GivenNames, err = mrzName(upper[5:]); err != nil {
		return MRZ{}, &MRZError{Field: "name", Line: 1, At: 6}
	}
	for _, field := range []struct {
		name     string
		from, to int
		check    int
		optional bool // an empty field may have < for its check digit
	}{{"number", 0, 9, 9, false}, {"birth", 13, 19, 19, false}, {"expires", 21, 27, 27, false}, {"optional", 28, 42, 42, true}} {
		value := lower[field.from:field.to]
		if field.optional && lower[field.check] == '<' && strings.Trim(value, "<") == "" {
			continue
		}
		if mrzCheck(value) != lower[field.check] {
			return MRZ{}, &MRZError{Field: field.name, Line: 2, At: field.from + 1}
		}
	}
	if mrzCheck(lower[0:10]+lower[13:20]+lower[21:43]) != lower[43] {
		return MRZ{}, &MRZError{Field: "composite", Line: 2, At: mrzLine}
	}
	if m.Nationality, err = ParseNationality(lower[10:13]); err != nil {
		return MRZ{}, &MRZError{Field: "nationality", Line: 2, At: 11}
	}
	if m.Number = strings.TrimRight(lower[0:9], "<"); m.Number == "" || strings.Contains(m.Number, "<") {
		return MRZ{}, &MRZError{Field: "number", Line: 2, At: 1}
	}
	if m.Birth, err = mrzDay(lower[13:19], now.AddDate(0, 0, 1)); err != nil {
		return MRZ{}, &MRZError{Field: "birth", Line: 2, At: 14}
	}
	if m.Expires, err = mrzDay(lower[21:27], now.AddDate(20, 0, 0)); err != nil {
		return MRZ{}, &MRZError{Field: "expires", Line: 2, At: 22}
	}
	switch lower[20] {
	case 'M':
		m.Sex = Male
	case 'F':
		m.Sex = Female
	case '<', 'X':
	default:
		return MRZ{}, &MRZError{Field: "sex", Line: 2, At: 21}
	}
	m.Optional = strings.TrimRight(lower[28:42], "<")
	return m, nil
}

// mrzCheck is the check digit of Doc 9303-3 section 4.9: weights 7, 3, 1.
func mrzCheck(value string) byte {
	weights := [3]int{7, 3, 1}
	sum := 0
	for i := range len(value) {
		n := 0
		switch c := value[i]; {
		case c >= '0' && c <= '9':
			n = int(c - '0')
		case c >= 'A' && c <= 'Z':
			n = int(c-'A') + 10
		}
		sum += n * weights[i%3]
	}
	return byte('0' + sum%10)
}

// mrzName splits the field of names: << parts surname and given names, < parts their parts, and only < may follow.
func mrzName(field string) (surname, given string, err error) {
	if strings.ContainsAny(field, "0123456789") || field[0] == '<' {
		return "", "", errors.New("subject: no name")
	}
	surname, given, _ = strings.Cut(strings.TrimRight(field, "<"), "<<")
	if strings.Contains(given, "<<") {
		return "", "", errors.New("subject: no name")
	}
	return strings.ReplaceAll(surname, "<", " "), strings.ReplaceAll(given, "<", " "), nil
}

// mrzDay reads YYMMDD as the latest such day before a limit.
func mrzDay(value string, before time.Time) (time.Time, error) {
	if !digits(value) {
		return time.Time{}, ErrDay
	}
	for century := before.Year() / 100; century >= before.Year()/100-1; century-- {
		day, err := time.Parse("20060102", fmt.Sprintf("%02d%s", century, value))
		if err == nil && day.Before(before) {
			return day, nil
		}
	}
	return time.Time{}, ErrDay
}
