package catalog

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// TestCheckCharacter holds every vector of license.md 2 and the GRid one of ISO 7064 MOD 37,36.
func TestCheckCharacter(t *testing.T) {
	for joined, want := range map[string]string{
		"11100000000013338W009" + "11330105002500287C" + "2025052201" + "002":                       "0",
		"11100000MB03271699022" + "340100" + "000000016" + "001":                                    "9",
		"062301" + "1101101102" + "0624001" + "001":                                                 "U",
		"11100000MB03271699001" + "113100000024200000" + "20260000000001" + "001":                   "Y",
		"11100000000013338W011" + "11310000002420000X" + "SYN20260000000001" + "001":                "X",
		"11100000000013661B006" + "113700000045046442" + "209FA4E88F9E4C878F3E9BED2CE7EA49" + "001": "D",
		"A12425GABC1234002": "M",
	} {
		if got, err := IDCheck(joined); err != nil || got != want {
			t.Errorf("%s: %q %v, want %q", joined, got, err, want)
		}
	}
	if _, err := IDCheck("a"); !errors.Is(err, ErrID) {
		t.Errorf("lower case: %v", err)
	}
}

func TestParseID(t *testing.T) {
	const good = "1.2.156.3005.2.11100000000013338W009.11330105002500287C.2025052201.002.0"
	id, err := ParseID(good)
	if err != nil || id.String() != good || id.FileName() != good+".OFD" || id.Version != "002" {
		t.Fatalf("%+v %v", id, err)
	}
	for _, test := range []struct {
		name, text string
		part       IDPart
	}{
		{"empty", "", IDPartRoot},
		{"other root", strings.Replace(good, "3005.2", "3005.3", 1), IDPartRoot},
		{"part missing", strings.Replace(good, ".002", "", 1), IDPartRoot},
		{"part too many", good + ".0", IDPartRoot},
		{"too long", good + strings.Repeat("0", 200), IDPartRoot},
		{"type code short", strings.Replace(good, "W009", "W", 1), IDPartType},
		{"type code check character", strings.Replace(good, "338W", "338X", 1), IDPartType},
		{"issuer is a division", strings.Replace(good, "11330105002500287C", "330105", 1), IDPartIssuer},
		{"issuer check character", strings.Replace(good, "287C", "287D", 1), IDPartIssuer},
		{"serial empty", strings.Replace(good, "2025052201", "", 1), IDPartSerial},
		{"serial lower case", strings.Replace(good, "2025052201", "2025a52201", 1), IDPartSerial},
		{"serial hyphen", strings.Replace(good, "2025052201", "2025-52201", 1), IDPartSerial},
		{"version 000", strings.Replace(good, ".002.", ".000.", 1), IDPartVersion},
		{"version two digits", strings.Replace(good, ".002.", ".02.", 1), IDPartVersion},
		{"check empty", good[:len(good)-1], IDPartCheck},
		{"check two", good + "0", IDPartCheck},
		{"check wrong", good[:len(good)-1] + "1", IDPartCheck},
		{"digit mistyped", strings.Replace(good, "2025052201", "2025052202", 1), IDPartCheck},
		{"neighbours swapped", strings.Replace(good, "2025052201", "2025052210", 1), IDPartCheck},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := ParseID(test.text)
			single, ok := errors.AsType[*IDError](err)
			if !ok || single.Part != test.part || !errors.Is(err, ErrID) {
				t.Errorf("got %v, want part %s", err, test.part)
			}
		})
	}
}

func TestReadIDOfOthers(t *testing.T) {
	for _, test := range []struct {
		text string
		odd  []IDDeviation
	}{
		{"1.2.156.3005.2.11100000000013338W009.11330105002500287C.2025052201.002.0", nil},
		{"1.2.156.3005.2.11100000MB03271699022.340100.000000016.001.9", []IDDeviation{IDShortIssuer}},
		{"1.2.156.3005.2.062301.1101101102.0624_001.001.U", []IDDeviation{IDSeparators, IDLocalType, IDShortIssuer}},
		{"1.2.156.3005.2.11100000000013661B006.113700000045046442.209fa4e8-8f9e-4c87-8f3e-9bed2ce7ea49.001.M", []IDDeviation{IDSeparators, IDWrongCheck}},
	} {
		_, odd, err := ReadID(test.text)
		if err != nil || !slices.Equal(odd, test.odd) {
			t.Errorf("%s: %v %v, want %v", test.text, odd, err, test.odd)
		}
	}
	if _, _, err := ReadID("1.2.156.3005.2.A.B.C.D.E"); !errors.Is(err, ErrID) {
		t.Errorf("no version: %v", err)
	}
}

func TestMakeID(t *testing.T) {
	id, err := MakeID("11100000000013338W009", "11330105002500287C", "2025-05-2201", 2)
	if err != nil || id.String() != "1.2.156.3005.2.11100000000013338W009.11330105002500287C.2025052201.002.0" {
		t.Fatalf("%v %v", id, err)
	}
	if again, err := ParseID(id.String()); err != nil || again != id {
		t.Errorf("does not parse: %v", err)
	}
	for _, test := range []struct {
		name, typeCode, issuer, serial string
		version                        int
		part                           IDPart
	}{
		{"version zero", "11100000000013338W009", "11330105002500287C", "1", 0, IDPartVersion},
		{"version four digits", "11100000000013338W009", "11330105002500287C", "1", 1000, IDPartVersion},
		{"issuer division code is never minted", "11100000000013338W009", "340100", "1", 1, IDPartIssuer},
		{"local type is never minted", "062301", "11330105002500287C", "1", 1, IDPartType},
		{"empty serial", "11100000000013338W009", "11330105002500287C", "-", 1, IDPartSerial},
		{"long serial", "11100000000013338W009", "11330105002500287C", strings.Repeat("1", 65), 1, IDPartSerial},
		{"Chinese serial", "11100000000013338W009", "11330105002500287C", "示1", 1, IDPartSerial},
	} {
		_, err := MakeID(test.typeCode, test.issuer, test.serial, test.version)
		single, ok := errors.AsType[*IDError](err)
		if !ok || single.Part != test.part {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func FuzzParseID(f *testing.F) {
	f.Add("1.2.156.3005.2.11100000000013338W009.11330105002500287C.2025052201.002.0")
	f.Add("1.2.156.3005.2.062301.1101101102.0624_001.001.U")
	f.Add("1.2.156.3005.2.....")
	f.Fuzz(func(t *testing.T, text string) {
		if id, err := ParseID(text); err == nil && id.String() != text {
			t.Errorf("%q prints as %q", text, id)
		}
		if id, odd, err := ReadID(text); err == nil && len(odd) == 0 && id.String() != text {
			t.Errorf("%q without oddity prints as %q", text, id)
		}
	})
}
