package idp

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Names that only the platform itself may bear.
var reservedNames = []string{"印信", "统一身份认证", "統一身分認證", "yinxin"}

// CheckClientName is O-54: a name that people read on consent must not deceive. It is 1 to 60 characters, in its normal
// form, of letters, digits and plain punctuation, without control or direction characters, and each of its words is of
// one alphabet, so that no look-alike letter of another hides in it.
func CheckClientName(name string) error {
	if n := utf8.RuneCountInString(name); n == 0 || n > 60 || !utf8.ValidString(name) {
		return errors.New("1 to 60 characters")
	}
	if name != strings.TrimSpace(name) || norm.NFC.String(name) != name {
		return errors.New("without blanks at its ends, in normal form NFC")
	}
	for _, r := range name {
		switch {
		case r == ' ' || r == '·' || strings.ContainsRune("()（）-_.,&/+:，、《》“”‘’'", r):
		case unicode.In(r, unicode.Cf, unicode.Cc, unicode.Co, unicode.Cs, unicode.Mn, unicode.Me, unicode.Zs, unicode.Zl, unicode.Zp):
			return errors.New("without control, direction and combining characters")
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			return errors.New("only letters, digits and plain punctuation")
		}
	}
	for _, word := range strings.FieldsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) }) {
		if !oneAlphabet(word) {
			return errors.New("a word mixes alphabets, whose letters may look alike")
		}
	}
	return nil
}

// CheckOwnName refuses a name that looks like the platform's own; others are the names of this site. Registrations that
// no administrator wrote must pass it.
func CheckOwnName(name string, others ...string) error {
	plain := skeleton(name)
	for _, reserved := range append(others, reservedNames...) {
		if own := skeleton(reserved); own != "" && strings.Contains(plain, own) {
			return errors.New("the name is the platform's own")
		}
	}
	return nil
}

// oneAlphabet: Han with Latin is usual and has no look-alikes; every other mixture is refused.
func oneAlphabet(word string) bool {
	found := map[string]bool{}
	for _, r := range word {
		script := "other"
		for name, table := range map[string]*unicode.RangeTable{"Latin": unicode.Latin, "Han": unicode.Han, "Cyrillic": unicode.Cyrillic, "Greek": unicode.Greek, "Armenian": unicode.Armenian} {
			if unicode.Is(table, r) {
				script = name
			}
		}
		found[script] = true
	}
	return len(found) <= 1 || len(found) == 2 && found["Han"] && found["Latin"]
}

// skeleton is a name without what the eye passes over: case, width, blanks and punctuation; digits that pass for letters
// become those letters, and so do the Cyrillic and Greek letters of the same shape.
func skeleton(name string) string {
	return strings.Map(func(r rune) rune {
		if same, ok := lookAlikes[r]; ok {
			return same
		}
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return r
	}, strings.ToLower(norm.NFKC.String(name)))
}

var lookAlikes = map[rune]rune{
	'0': 'o', '1': 'i', 'l': 'i', '|': 'i', 'ı': 'i', '3': 'e', '5': 's', 'а': 'a', 'е': 'e', 'о': 'o', 'р': 'p', 'с': 'c', 'у': 'y', 'х': 'x', 'і': 'i', 'ѕ': 's',
	'п': 'n', 'α': 'a', 'ι': 'i', 'ν': 'v', 'ο': 'o', 'χ': 'x', 'υ': 'y', 'η': 'n',
}
