package subject

import (
	"errors"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Errors of identifiers. They say which rule is broken, never the value.
var (
	ErrIDForm     = errors.New("subject: not 18 characters of a citizen identification number")
	ErrIDLegacy   = errors.New("subject: 15-digit numbers are no longer in use; give the 18-digit one")
	ErrIDDate     = errors.New("subject: the date of birth in the number does not exist")
	ErrIDCheck    = errors.New("subject: the last character does not fit the number")
	ErrUSCCForm   = errors.New("subject: not 18 characters of a unified social credit code")
	ErrUSCCCheck  = errors.New("subject: a check character does not fit the code")
	ErrMobile     = errors.New("subject: not a mobile number")
	ErrEmail      = errors.New("subject: not an e-mail address")
	ErrIdentifier = errors.New("subject: neither a mobile number nor an e-mail address")
)

// CitizenIDNumber is a canonical citizen identification number (GB 11643-1999): 17 digits and a check character.
type CitizenIDNumber string

// ParseCitizenID brings a number into canonical form (full-width digits, lower-case x and blanks are mended, security
// row A-27) and checks date and check character.
func ParseCitizenID(text string) (CitizenIDNumber, error) {
	number := strings.ToUpper(narrow(text))
	if len(number) == 15 && digits(number) {
		return "", ErrIDLegacy
	}
	if len(number) != 18 || !digits(number[:17]) || number[17] != 'X' && (number[17] < '0' || number[17] > '9') {
		return "", ErrIDForm
	}
	if born, err := time.Parse("20060102", number[6:14]); err != nil || born.Year() < 1850 {
		return "", ErrIDDate
	}
	if mod112(number) != number[17] {
		return "", ErrIDCheck
	}
	return CitizenIDNumber(number), nil
}

// Birth is the date of birth that the number holds.
func (n CitizenIDNumber) Birth() time.Time {
	born, err := time.Parse("20060102", string(n[6:14]))
	if err != nil {
		return time.Time{}
	}
	return born
}

// AgeAt is the age in whole years at a moment, in the legal sense of the day of birth.
func (n CitizenIDNumber) AgeAt(moment time.Time) int {
	born := n.Birth()
	age := moment.Year() - born.Year()
	if moment.Month() < born.Month() || moment.Month() == born.Month() && moment.Day() < born.Day() {
		age--
	}
	return age
}

const usccAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// USCC is a canonical unified social credit code (GB 32100-2015).
type USCC string

// ParseUSCC brings a code into canonical form and checks both check characters (the organisation code inside by
// GB 11714, the whole by modulus 31).
func ParseUSCC(text string) (USCC, error) {
	code := strings.ToUpper(narrow(text))
	if len(code) != 18 || strings.Trim(code, usccAlphabet) != "" {
		return "", ErrUSCCForm
	}
	sum, weight := 0, 1
	for i := range 17 {
		sum += strings.IndexByte(usccAlphabet, code[i]) * weight
		weight = weight * 3 % 31
	}
	if usccAlphabet[(31-sum%31)%31] != code[17] || organisationCheck(code[8:16]) != code[16] {
		return "", ErrUSCCCheck
	}
	return USCC(code), nil
}

// CutUSCC splits the organization of a certificate where code and name stand in one word, as on seals (11370300MB0000000H一网通办):
// a canonical code before a name. Of any other text the code is empty and the name is the text as it was, because what only
// looks like a code may be part of a name.
func CutUSCC(text string) (USCC, string) {
	if len(text) <= 18 {
		return "", text
	}
	code, err := ParseUSCC(text[:18])
	name := strings.TrimSpace(text[18:])
	if err != nil || string(code) != text[:18] || name == "" {
		return "", text
	}
	return code, name
}

// organisationCheck is the check character of GB 11714.
func organisationCheck(body string) byte {
	weights := [8]int{3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		value := int(body[i] - '0')
		if body[i] >= 'A' {
			value = int(body[i]-'A') + 10
		}
		sum += value * w
	}
	switch check := 11 - sum%11; check {
	case 10:
		return 'X'
	case 11:
		return '0'
	default:
		return byte('0' + check)
	}
}

// IdentifierKind is what a login identifier is.
type IdentifierKind string

// Kinds of login identifiers.
const (
	Mobile IdentifierKind = "mobile"
	Email  IdentifierKind = "email"
)

// Identifier is a canonical login identifier: every spelling of a number or address gives the same one (row A-08).
type Identifier struct {
	Kind  IdentifierKind
	Value string
}

func isDigit(char rune) bool { return char >= '0' && char <= '9' }

func allDigits(text string) bool {
	return !strings.ContainsFunc(text, func(char rune) bool { return !isDigit(char) })
}

// chineseMobile tells a mainland mobile number of eleven digits.
func chineseMobile(text string) bool {
	return len(text) == 11 && text[0] == '1' && text[1] >= '3' && allDigits(text)
}

// foreignMobile tells a number as E.164 has it: + and seven to fifteen digits.
func foreignMobile(text string) bool {
	number, plus := strings.CutPrefix(text, "+")
	return plus && len(number) >= 7 && len(number) <= 15 && number[0] != '0' && allDigits(number)
}

// emailForm tells an address in lower case whose domain has at least two labels (RFC 5321 4.1.2, the part that people have).
func emailForm(text string) bool {
	local, domain, _ := strings.Cut(text, "@")
	if local == "" || len(local) > 64 || strings.ContainsFunc(local, func(char rune) bool {
		return !isLower(char) && !isDigit(char) && !strings.ContainsRune(".!#$%&'*+/=?^_{|}~-", char)
	}) {
		return false
	}
	labels := strings.Split(domain, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || strings.ContainsFunc(label, func(char rune) bool {
			return !isLower(char) && !isDigit(char) && char != '-'
		}) {
			return false
		}
	}
	last := labels[len(labels)-1]
	return len(labels) > 1 && len(last) > 1 && !strings.ContainsFunc(last, func(char rune) bool { return !isLower(char) })
}

func isLower(char rune) bool { return char >= 'a' && char <= 'z' }

// ParseIdentifier reads a mobile number (mainland numbers with or without +86, others in E.164) or an e-mail address.
func ParseIdentifier(text string) (Identifier, error) {
	value := narrow(text)
	if strings.Contains(value, "@") {
		value = strings.ToLower(value)
		if len(value) > 254 || !emailForm(value) {
			return Identifier{}, ErrEmail
		}
		return Identifier{Email, value}, nil
	}
	value = strings.NewReplacer("-", "", "(", "", ")", "").Replace(value)
	for _, prefix := range []string{"+86", "0086", "86"} {
		if rest, ok := strings.CutPrefix(value, prefix); ok && chineseMobile(rest) {
			value = rest
		}
	}
	if chineseMobile(value) {
		return Identifier{Mobile, "+86" + value}, nil
	}
	if rest, ok := strings.CutPrefix(value, "00"); ok {
		value = "+" + rest
	}
	if foreignMobile(value) && !strings.HasPrefix(value, "+86") {
		return Identifier{Mobile, value}, nil
	}
	if strings.ContainsAny(value, "0123456789+") {
		return Identifier{}, ErrMobile
	}
	return Identifier{}, ErrIdentifier
}

// narrow turns full-width characters into plain ones and drops blanks and invisible characters.
func narrow(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, norm.NFKC.String(text))
}

func digits(text string) bool { return strings.Trim(text, "0123456789") == "" }
