package subject_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/subject"
)

func day(text string) time.Time {
	d, err := time.Parse("2006-01-02", text)
	if err != nil {
		panic(err)
	}
	return d
}

func TestDocumentNumbers(t *testing.T) {
	documents := subject.DefaultDocuments()
	for _, row := range []struct {
		kind, number, nationality string
		want                      subject.Document
	}{
		{subject.CitizenID, " 11010519491231002x ", "", subject.Document{Number: "11010519491231002X", Key: "11010519491231002X", Nationality: "CHN", Birth: day("1949-12-31"), Sex: subject.Female}},
		{subject.HKMacaoPermit, "h12345678", "", subject.Document{Number: "H12345678", Key: "H12345678"}},
		{subject.HKMacaoPermit, "Ｈ１２３４５６７８０１", "", subject.Document{Number: "H1234567801", Key: "H12345678", IssueCount: "01"}},
		{subject.HKMacaoPermit, "M8765432102", "", subject.Document{Number: "M8765432102", Key: "M87654321", IssueCount: "02"}},
		{subject.TaiwanPermit, "12345678", "", subject.Document{Number: "12345678", Key: "12345678"}},
		{subject.TaiwanPermit, "12345678（02）", "", subject.Document{Number: "12345678", Key: "12345678", IssueCount: "02"}},
		{subject.HMTResidencePermit, "810000199408230021", "", subject.Document{Number: "810000199408230021", Key: "810000199408230021", Birth: day("1994-08-23"), Sex: subject.Female}},
		{subject.HMTResidencePermit, "830000197605110031", "", subject.Document{Number: "830000197605110031", Key: "830000197605110031", Birth: day("1976-05-11"), Sex: subject.Male}},
		{subject.ForeignPermanentResidence, "CAN110078010101", "", subject.Document{Number: "CAN110078010101", Key: "CAN110078010101", Nationality: "CAN"}},
		{subject.ForeignPermanentResidence, "911124198108030024", "CAN", subject.Document{Number: "911124198108030024", Key: "911124198108030024", Nationality: "CAN", Birth: day("1981-08-03")}},
		{subject.Passport, " l898902c ", "uto", subject.Document{}},
		{subject.Passport, "L898902C3", "gb", subject.Document{Number: "L898902C3", Key: "GBR:L898902C3", Nationality: "GBR"}},
		{subject.Passport, "C01X00T47", "D", subject.Document{Number: "C01X00T47", Key: "DEU:C01X00T47", Nationality: "DEU"}},
	} {
		got, err := documents.Parse(row.kind, row.number, row.nationality)
		if row.want.Number == "" {
			if !errors.Is(err, subject.ErrNationality) {
				t.Errorf("%s of %s: %+v, %v", row.kind, row.nationality, got, err)
			}
			continue
		}
		row.want.Kind = row.kind
		if err != nil || got != row.want {
			t.Errorf("%s %s gave %+v, %v", row.kind, row.number, got, err)
		}
	}
}

func TestA27DocumentNumbersRefused(t *testing.T) {
	documents := subject.DefaultDocuments()
	for _, row := range []struct {
		kind, number, nationality string
		want                      subject.NumberError
	}{
		{subject.CitizenID, "", "", subject.NumberError{Problem: subject.NumberLength, Want: "18"}},
		{subject.CitizenID, "1101051949123100", "", subject.NumberError{Problem: subject.NumberLength, Length: 16, Want: "18"}},
		{subject.CitizenID, "110105491231002", "", subject.NumberError{Problem: subject.NumberLegacy, Length: 15, Want: "18"}},
		{subject.CitizenID, "11O105194912310021", "", subject.NumberError{Problem: subject.NumberCharacter, Position: 3}},
		{subject.CitizenID, "1101051949123100Y1", "", subject.NumberError{Problem: subject.NumberCharacter, Position: 17}},
		{subject.CitizenID, "11010519490231002X", "", subject.NumberError{Problem: subject.NumberDate, Position: 7}},
		{subject.CitizenID, "110105194912310021", "", subject.NumberError{Problem: subject.NumberCheck, Position: 18}},
		{subject.CitizenID, strings.Repeat("0", 18), "", subject.NumberError{Problem: subject.NumberArea, Position: 1}},
		{subject.CitizenID, "810000199408230021", "", subject.NumberError{Problem: subject.NumberKind, Suggest: subject.HMTResidencePermit}},
		{subject.HKMacaoPermit, "A12345678", "", subject.NumberError{Problem: subject.NumberCharacter, Position: 1}},
		{subject.HKMacaoPermit, "H123456780", "", subject.NumberError{Problem: subject.NumberLength, Length: 10, Want: "9, 11"}},
		{subject.HKMacaoPermit, "H1234567O", "", subject.NumberError{Problem: subject.NumberCharacter, Position: 9}},
		{subject.TaiwanPermit, "1234567", "", subject.NumberError{Problem: subject.NumberLength, Length: 7, Want: "8"}},
		{subject.TaiwanPermit, "12345678(2", "", subject.NumberError{Problem: subject.NumberCharacter, Position: 9}},
		{subject.TaiwanPermit, "12345678(123)", "", subject.NumberError{Problem: subject.NumberCharacter, Position: 9}},
		{subject.HMTResidencePermit, "11010519491231002X", "", subject.NumberError{Problem: subject.NumberArea, Position: 1}},
		{subject.HMTResidencePermit, "810000199408230022", "", subject.NumberError{Problem: subject.NumberCheck, Position: 18}},
		{subject.HMTResidencePermit, "810000199413230021", "", subject.NumberError{Problem: subject.NumberDate, Position: 7}},
		{subject.ForeignPermanentResidence, "811124198108030024", "CAN", subject.NumberError{Problem: subject.NumberArea, Position: 1}},
		{subject.ForeignPermanentResidence, "911124198108030021", "CAN", subject.NumberError{Problem: subject.NumberCheck, Position: 18}},
		{subject.ForeignPermanentResidence, "QQQ110078010101", "", subject.NumberError{Problem: subject.NumberCountry, Position: 1}},
		{subject.ForeignPermanentResidence, "CAN110078010101", "USA", subject.NumberError{Problem: subject.NumberCountry, Position: 1}},
		{subject.ForeignPermanentResidence, "CAN110078130101", "", subject.NumberError{Problem: subject.NumberDate, Position: 8}},
		{subject.ForeignPermanentResidence, "9111241981080300", "CAN", subject.NumberError{Problem: subject.NumberLength, Length: 16, Want: "15, 18"}},
		{subject.Passport, "AB1", "GBR", subject.NumberError{Problem: subject.NumberLength, Length: 3, Want: "5–12"}},
		{subject.Passport, "AB-12345", "GBR", subject.NumberError{Problem: subject.NumberCharacter, Position: 3}},
		{subject.Passport, "ABCDEF", "GBR", subject.NumberError{Problem: subject.NumberCharacter, Position: 6}},
		{subject.Passport, "K12345678", "HKG", subject.NumberError{Problem: subject.NumberKind, Suggest: subject.HKMacaoPermit}},
		{subject.Passport, "K12345678", "TWN", subject.NumberError{Problem: subject.NumberKind, Suggest: subject.TaiwanPermit}},
		{"library_card", "1", "", subject.NumberError{Problem: subject.NumberKind}},
	} {
		_, err := documents.Parse(row.kind, row.number, row.nationality)
		bad, ok := errors.AsType[*subject.NumberError](err)
		if !ok || *bad != row.want {
			t.Errorf("%s %q gave %+v (%v), want %+v", row.kind, row.number, bad, err, row.want)
		}
		if ok && len(row.number) > 8 && strings.Contains(err.Error(), row.number) {
			t.Errorf("the error holds the number: %v", err)
		}
	}
	if _, err := documents.Parse(subject.Passport, "L898902C3", ""); !errors.Is(err, subject.ErrNationality) {
		t.Errorf("a passport of nobody: %v", err)
	}
}

func TestLegacyNumbersAreComparedOnly(t *testing.T) {
	if got, err := subject.ComparableCitizenID("110105491231002"); err != nil || got != "11010519491231002X" {
		t.Errorf("%s, %v", got, err)
	}
	if got, err := subject.ComparableCitizenID("11010519491231002x"); err != nil || got != "11010519491231002X" {
		t.Errorf("%s, %v", got, err)
	}
	if _, err := subject.ComparableCitizenID("110105490231002"); !errors.Is(err, subject.ErrIDDate) {
		t.Error(err)
	}
}

func TestTableOfDocuments(t *testing.T) {
	documents := subject.DefaultDocuments()
	if len(documents.Kinds()) != 6 {
		t.Errorf("%d kinds", len(documents.Kinds()))
	}
	passport, _ := documents.Find(subject.Passport)
	if passport.Name("en") != "Ordinary passport" || passport.Name("fr") != "普通护照" {
		t.Errorf("names %v", passport.Names)
	}
	changed, err := documents.With(subject.DocumentOverride{Kind: subject.Passport, Codes: map[string]string{"gateway": "414"}, Methods: []string{"document"}},
		subject.DocumentOverride{Kind: subject.ForeignPermanentResidence, Check: "none"})
	if err != nil {
		t.Fatal(err)
	}
	passport, _ = changed.Find(subject.Passport)
	before, _ := documents.Find(subject.Passport)
	if passport.Codes["gateway"] != "414" || len(passport.Methods) != 1 || before.Codes["gateway"] != "" || len(before.Methods) < 2 {
		t.Errorf("%+v, before %+v", passport, before)
	}
	if _, err := changed.Parse(subject.ForeignPermanentResidence, "911124198108030021", "CAN"); err != nil {
		t.Errorf("without a check digit: %v", err)
	}
	if changed.LookupKey(subject.HKMacaoPermit, "H1234567802", "") != documents.LookupKey(subject.HKMacaoPermit, "H1234567801", "") || documents.LookupKey("old", "x y", "") != "x y" {
		t.Error("lookup keys")
	}
	for _, bad := range []subject.DocumentOverride{{Kind: "library_card"}, {Kind: subject.Passport, Check: "sum"}} {
		if _, err := documents.With(bad); !errors.Is(err, subject.ErrDocuments) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	row := func(changes ...string) string {
		text := `{"kind":"x","names":{"zh-CN":"x","en":"x","zh-Hant":"x"},"form":"taiwan","scripts":["Han"],"methods":["document"],"codes":{}}`
		return `{"kinds":[` + strings.NewReplacer(changes...).Replace(text) + `]}`
	}
	if _, err := subject.ParseDocuments([]byte(row())); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"", "[]", row(`"kind":"x"`, `"kind":""`), row("taiwan", "other"), row(`"en":"x",`, ""), row(`["Han"]`, "[]"), row(`["document"]`, "[]"), row(`"codes":{}`, `"codez":{}`), row(`"codes":{}`, `"check":"sum","codes":{}`),
		`{"kinds":[` + strings.Repeat(strings.TrimSuffix(strings.TrimPrefix(row(), `{"kinds":[`), `]}`)+",", 1) + strings.TrimPrefix(row(), `{"kinds":[`)} {
		if _, err := subject.ParseDocuments([]byte(bad)); !errors.Is(err, subject.ErrDocuments) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestNationalities(t *testing.T) {
	all := subject.Nationalities()
	if len(all) != 239 {
		t.Errorf("%d nationalities", len(all))
	}
	for _, code := range all {
		if got, err := subject.ParseNationality(strings.ToLower(code)); err != nil || got != code || len(subject.Alpha2(code)) != 2 {
			t.Errorf("%s: %s %v", code, got, err)
		}
		if got, err := subject.ParseNationality(subject.Alpha2(code)); err != nil || got != code {
			t.Errorf("%s: %s %v", subject.Alpha2(code), got, err)
		}
	}
	for _, code := range []string{"", "QQQ", "QQ", "ENGLAND", "C N", "1"} {
		if got, err := subject.ParseNationality(code); err == nil && code != "C N" {
			t.Errorf("%q is %s", code, got)
		}
	}
}

func TestDays(t *testing.T) {
	for _, text := range []string{"2030-01-31", "20300131", "2030/01/31", "2030.01.31", "２０３０年01月31日"} {
		if got, err := subject.ParseDay(text); err != nil || !got.Equal(day("2030-01-31")) {
			t.Errorf("%q: %v %v", text, got, err)
		}
	}
	for _, text := range []string{"", "长期", "2030-02-30", "30-01-31", "2030-1-1-1"} {
		if got, err := subject.ParseDay(text); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

// The specimen of ICAO Doc 9303-4 with a country that there is; its check digits are those of the specimen, since the country
// is in none of them.
const (
	upper = "P<GBRERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"
	lower = "L898902C36GBR7408122F1204159ZE184226B<<<<<10"
)

var today = time.Date(2026, 11, 26, 0, 0, 0, 0, time.UTC)

func TestMachineReadableZone(t *testing.T) {
	for _, text := range []string{upper + "\n" + lower, upper + lower, strings.ToLower(upper) + " \r\n " + lower, strings.ReplaceAll(upper, "<<", "«") + "\n" + lower} {
		m, err := subject.ParseMRZ(text, today)
		if err != nil || m.Surname != "ERIKSSON" || m.GivenNames != "ANNA MARIA" || m.Name() != "ERIKSSON ANNA MARIA" || m.Number != "L898902C3" || m.Nationality != "GBR" || m.Issuer != "GBR" ||
			!m.Birth.Equal(day("1974-08-12")) || !m.Expires.Equal(day("2012-04-15")) || m.Sex != subject.Female || m.Optional != "ZE184226B" {
			t.Errorf("%q gave %+v, %v", text, m, err)
		}
	}
	if m, err := subject.ParseMRZ("P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<C01X00T478D<<6408125F2702283<<<<<<<<<<<<<<<4", today); err != nil || m.Nationality != "DEU" || m.Optional != "" || !m.Birth.Equal(day("1964-08-12")) {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestMachineReadableZoneRefused(t *testing.T) {
	change := func(line string, at int, to string) string { return line[:at] + to + line[at+len(to):] }
	for name, row := range map[string]struct {
		text  string
		field string
		line  int
	}{
		"short":                   {upper + lower[:43], "lines", 0},
		"empty":                   {"", "lines", 0},
		"a strange character":     {change(upper, 10, "!") + lower, "characters", 1},
		"no passport":             {change(upper, 0, "V") + lower, "document", 1},
		"no country":              {change(upper, 2, "QQQ") + lower, "issuer", 1},
		"a digit in the name":     {change(upper, 6, "0") + lower, "name", 1},
		"no name":                 {change(upper, 5, "<") + lower, "name", 1},
		"name in three parts":     {change(upper, 20, "MA<<RIA") + lower, "name", 1},
		"number":                  {upper + change(lower, 0, "M"), "number", 2},
		"digit of the number":     {upper + change(lower, 9, "7"), "number", 2},
		"birth":                   {upper + change(lower, 13, "8"), "birth", 2},
		"expiry":                  {upper + change(lower, 21, "2"), "expires", 2},
		"personal number":         {upper + change(lower, 28, "Y"), "optional", 2},
		"composite":               {upper + change(lower, 43, "1"), "composite", 2},
		"no nationality":          {upper + change(lower, 10, "QQQ"), "nationality", 2},
		"sex":                     {upper + change(lower, 20, "Q"), "sex", 2},
		"check digit < with data": {upper + change(lower, 42, "<"), "optional", 2},
		"month 13":                {upper + "L898902C36GBR7413122F1204159ZE184226B<<<<<10", "birth", 2},
	} {
		_, err := subject.ParseMRZ(row.text, today)
		bad, ok := errors.AsType[*subject.MRZError](err)
		if !ok || bad.Field != row.field || bad.Line != row.line {
			t.Errorf("%s gave %v", name, err)
		}
	}
}

// TestEachCheckDigitIsLookedAt: no single changed character of the checked fields passes.
func TestEachCheckDigitIsLookedAt(t *testing.T) {
	for i := range lower {
		if i >= 10 && i < 13 || i == 20 {
			continue // nationality and sex are in no check digit
		}
		to := byte('0')
		if lower[i] == to {
			to = '1'
		}
		if _, err := subject.ParseMRZ(upper+lower[:i]+string(to)+lower[i+1:], today); err == nil && (lower[i] != '<') {
			t.Errorf("character %d can be changed", i+1)
		}
	}
}

func TestCenturyOfBirth(t *testing.T) {
	zone := func(birth string) string {
		// The composite is found by trying, so that the test holds no second implementation.
		for check := range 10 {
			for all := range 10 {
				text := fmt.Sprintf("%sL898902C36GBR%s%dF1204159ZE184226B<<<<<1%d", upper, birth, check, all)
				if m, err := subject.ParseMRZ(text, today); err == nil {
					return m.Birth.Format("2006-01-02")
				}
			}
		}
		return ""
	}
	for birth, want := range map[string]string{"261126": "2026-11-26", "261128": "1926-11-28", "000229": "2000-02-29", "991231": "1999-12-31"} {
		if got := zone(birth); got != want {
			t.Errorf("%s is %s, want %s", birth, got, want)
		}
	}
}

func FuzzMRZ(f *testing.F) {
	f.Add(upper + "\n" + lower)
	f.Add("P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<C01X00T478D<<6408125F2702283<<<<<<<<<<<<<<<4")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := subject.ParseMRZ(text, today)
		if err != nil {
			return
		}
		if m.Number == "" || m.Surname == "" || m.Birth.After(today) || m.Birth.IsZero() || m.Expires.IsZero() || strings.Contains(m.Name(), "<") {
			t.Fatalf("%q gave %+v", text, m)
		}
		if _, err := subject.ParseName(m.Name()); err != nil {
			t.Fatalf("%q: the name %q: %v", text, m.Name(), err)
		}
	})
}

func FuzzDocuments(f *testing.F) {
	f.Add("11010519491231002X", "")
	f.Add("H1234567801", "")
	f.Add("12345678(02)", "CHN")
	f.Add("CAN110078010101", "CAN")
	f.Add("L898902C3", "GBR")
	documents := subject.DefaultDocuments()
	f.Fuzz(func(t *testing.T, number, nationality string) {
		for _, k := range documents.Kinds() {
			d, err := k.Parse(number, nationality)
			if err != nil {
				continue
			}
			again, err := k.Parse(d.Number, d.Nationality)
			again.IssueCount = d.IssueCount // a permit of Taiwan keeps it apart
			if err != nil || again != d || d.Key == "" {
				t.Fatalf("%s %q is not canonical: %+v, %v", k.Kind, d.Number, again, err)
			}
		}
	})
}

// TestA27SpellingsOfANumberAreOne: full-width digits, small letters and blanks are the same number of every kind.
func TestA27SpellingsOfANumberAreOne(t *testing.T) {
	for kind, spellings := range map[string][]string{
		subject.CitizenID:     {"11010519491231002X", "11010519491231002x", " 110105 19491231 002X ", "１１０１０５１９４９１２３１００２Ｘ"},
		subject.HKMacaoPermit: {"H1234567801", "h1234567801", "Ｈ１２３４５６７８０１"},
	} {
		for _, spelled := range spellings {
			if d, err := subject.DefaultDocuments().Parse(kind, spelled, ""); err != nil || d.Number != spellings[0] {
				t.Errorf("%s %q: %q %v", kind, spelled, d.Number, err)
			}
		}
	}
}
