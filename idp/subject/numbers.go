package subject

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// NumberProblem says what is wrong with a number of a document.
type NumberProblem string

// Problems of numbers.
const (
	NumberLength    NumberProblem = "length"
	NumberCharacter NumberProblem = "character" // Position tells which
	NumberArea      NumberProblem = "area"      // the first digits are none of this kind
	NumberDate      NumberProblem = "date"      // the date of birth does not exist
	NumberCheck     NumberProblem = "check"     // the check character is wrong; the right one is never told
	NumberLegacy    NumberProblem = "legacy"    // a form that is no longer issued
	NumberCountry   NumberProblem = "country"   // the letters stand for no country, or for another than was told
	NumberKind      NumberProblem = "kind"      // it is the number of another kind: Suggest
)

// NumberError is a number that cannot be one of its kind. It never holds the number.
type NumberError struct {
	Problem  NumberProblem
	Position int    // of the character, from 1; 0 is none
	Length   int    // how many characters there were
	Want     string // lengths that there may be
	Suggest  string // kind whose number it looks like
}

func (e *NumberError) Error() string {
	switch e.Problem {
	case NumberLength:
		return fmt.Sprintf("subject: %d characters instead of %s", e.Length, e.Want)
	case NumberCharacter:
		return fmt.Sprintf("subject: character %d cannot stand there", e.Position)
	}
	return "subject: the number of the document: " + string(e.Problem)
}

// Errors of what stands beside a number.
var (
	ErrNationality = errors.New("subject: not a nationality")
	ErrDay         = errors.New("subject: not a day")
)

const checkMod112 = "mod11-2"

// numberForms are the rules of numbers: they complete a document whose number is narrow and in upper case.
var numberForms = map[string]func(DocumentKind, *Document) error{
	"citizen18": citizen18, "hk_macao": hkMacao, "taiwan": taiwan, "hmt18": hmt18, "permanent_residence": permanentResidence, "passport": passportNumber,
}

// shape checks characters against a form: 9 is a digit, A a letter, X a digit or X, ? a digit or a letter.
func shape(number, form string) error {
	if len(number) != len(form) {
		return &NumberError{Problem: NumberLength, Length: len([]rune(number)), Want: fmt.Sprint(len(form))}
	}
	for i := range len(form) {
		c := number[i]
		digit, letter := c >= '0' && c <= '9', c >= 'A' && c <= 'Z'
		if form[i] == '9' && !digit || form[i] == 'A' && !letter || form[i] == 'X' && !digit && c != 'X' || form[i] == '?' && !digit && !letter {
			return &NumberError{Problem: NumberCharacter, Position: i + 1}
		}
	}
	return nil
}

// mod112 is the check character of 17 digits by ISO 7064 MOD 11-2, as GB 11643-1999 has it.
func mod112(digits string) byte {
	weights := [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}
	sum := 0
	for i, w := range weights {
		sum += int(digits[i]-'0') * w
	}
	return "10X98765432"[sum%11]
}

// eighteen checks a number of 18 characters with a date of birth in the middle and reads it.
func eighteen(k DocumentKind, d *Document) error {
	if err := shape(d.Number, "99999999999999999X"); err != nil {
		return err
	}
	born, err := time.Parse("20060102", d.Number[6:14])
	if err != nil || born.Year() < 1850 {
		return &NumberError{Problem: NumberDate, Position: 7}
	}
	if k.Check == checkMod112 && mod112(d.Number) != d.Number[17] {
		return &NumberError{Problem: NumberCheck, Position: 18}
	}
	d.Key, d.Birth = d.Number, born
	return nil
}

// sexOf reads the sequence number of GB 11643: odd is male.
func sexOf(number string) Sex {
	if (number[16]-'0')%2 == 1 {
		return Male
	}
	return Female
}

// regionsOfPermits are the area codes of residence permits: Hong Kong, Macao, Taiwan.
var regionsOfPermits = []string{"810000", "820000", "830000"}

func hasRegion(number string) bool {
	for _, area := range regionsOfPermits {
		if strings.HasPrefix(number, area) {
			return true
		}
	}
	return false
}

// citizen18 is a citizen identification number (GB 11643-1999).
func citizen18(k DocumentKind, d *Document) error {
	if len(d.Number) == 15 && digits(d.Number) {
		return &NumberError{Problem: NumberLegacy, Length: 15, Want: "18"}
	}
	if len(d.Number) == 18 && hasRegion(d.Number) {
		return &NumberError{Problem: NumberKind, Suggest: HMTResidencePermit}
	}
	if len(d.Number) == 18 && strings.HasPrefix(d.Number, "00") { // no division begins with two zeros
		if err := shape(d.Number, "99999999999999999X"); err != nil {
			return err
		}
		return &NumberError{Problem: NumberArea, Position: 1}
	}
	err := eighteen(k, d)
	if err == nil {
		d.Sex = sexOf(d.Number)
	}
	return err
}

// hmt18 is the number of a residence permit for residents of Hong Kong, Macao and Taiwan.
func hmt18(k DocumentKind, d *Document) error {
	if err := shape(d.Number, "99999999999999999X"); err != nil {
		return err
	}
	if !hasRegion(d.Number) {
		return &NumberError{Problem: NumberArea, Position: 1}
	}
	err := eighteen(k, d)
	if err == nil {
		d.Sex = sexOf(d.Number)
	}
	return err
}

// hkMacao is H or M and eight digits for life, then two that count the issues.
func hkMacao(_ DocumentKind, d *Document) error {
	form := "A9999999999"
	if len(d.Number) == 9 {
		form = form[:9]
	}
	if err := shape(d.Number, form); err != nil {
		if e, ok := errors.AsType[*NumberError](err); ok && e.Problem == NumberLength {
			e.Want = "9, 11"
		}
		return err
	}
	if d.Number[0] != 'H' && d.Number[0] != 'M' {
		return &NumberError{Problem: NumberCharacter, Position: 1}
	}
	d.Key, d.IssueCount = d.Number[:9], d.Number[9:]
	return nil
}

// taiwan is eight digits for life; how often it was issued may stand behind in brackets and is kept apart.
func taiwan(_ DocumentKind, d *Document) error {
	number, rest, bracket := strings.Cut(d.Number, "(")
	if bracket {
		count, ok := strings.CutSuffix(rest, ")")
		if !ok || len(count) == 0 || len(count) > 2 || !digits(count) {
			return &NumberError{Problem: NumberCharacter, Position: len(number) + 1}
		}
		d.IssueCount = count
	}
	if err := shape(number, "99999999"); err != nil {
		return err
	}
	d.Number, d.Key = number, number
	return nil
}

// permanentResidence is the card of 2023 (18 digits that begin with 9) or one before it (three letters of the nationality,
// twelve digits). Only the form of the old ones is public.
func permanentResidence(k DocumentKind, d *Document) error {
	switch len(d.Number) {
	case 18:
		if err := shape(d.Number, "99999999999999999X"); err != nil {
			return err
		}
		if d.Number[0] != '9' {
			return &NumberError{Problem: NumberArea, Position: 1}
		}
		return eighteen(k, d)
	case 15:
		if err := shape(d.Number, "AAA999999999999"); err != nil {
			return err
		}
		told, err := ParseNationality(d.Number[:3])
		if err != nil || d.Nationality != "" && d.Nationality != told {
			return &NumberError{Problem: NumberCountry, Position: 1}
		}
		if _, err := time.Parse("060102", d.Number[7:13]); err != nil {
			return &NumberError{Problem: NumberDate, Position: 8}
		}
		d.Nationality, d.Key = told, d.Number
		return nil
	}
	return &NumberError{Problem: NumberLength, Length: len([]rune(d.Number)), Want: "15, 18"}
}

// passportNumber is letters and digits, as ICAO Doc 9303 leaves it to the states; with the nationality it is one person's.
func passportNumber(_ DocumentKind, d *Document) error {
	switch d.Nationality {
	case "HKG", "MAC":
		return &NumberError{Problem: NumberKind, Suggest: HKMacaoPermit}
	case "TWN":
		return &NumberError{Problem: NumberKind, Suggest: TaiwanPermit}
	}
	if len(d.Number) < 5 || len(d.Number) > 12 {
		return &NumberError{Problem: NumberLength, Length: len([]rune(d.Number)), Want: "5–12"}
	}
	if err := shape(d.Number, strings.Repeat("?", len(d.Number))); err != nil {
		return err
	}
	if !strings.ContainsAny(d.Number, "0123456789") {
		return &NumberError{Problem: NumberCharacter, Position: len(d.Number)}
	}
	d.Key = d.Nationality + ":" + d.Number
	return nil
}

// ComparableCitizenID is the 18-digit form of a number that may be one of 15 digits, as registers of before 2004 hold it: for
// comparison only, since a person gives the number of a card that is valid.
func ComparableCitizenID(text string) (CitizenIDNumber, error) {
	number := narrow(text)
	if len(number) != 15 || !digits(number) {
		return ParseCitizenID(text)
	}
	long := number[:6] + "19" + number[6:]
	return ParseCitizenID(long + string(mod112(long)))
}

// ParseDay reads a calendar day: 2026-11-26, 20261126, 2026/11/26 or 2026.11.26; 长期 is no day.
func ParseDay(text string) (time.Time, error) {
	plain := strings.NewReplacer("-", "", "/", "", ".", "", "年", "", "月", "", "日", "").Replace(narrow(text))
	day, err := time.Parse("20060102", plain)
	if err != nil {
		return time.Time{}, ErrDay
	}
	return day, nil
}
