package subject

import (
	"errors"
	"testing"
)

func residence(area, born, sequence string) string {
	number := area + born + sequence
	return number + string(mod112(number))
}

func TestOnePersonNeedsEverythingToAgree(t *testing.T) {
	permit := Facts{Kind: HKMacaoPermit, Number: "H1234567801", Name: "陈大文", Birth: "1980-01-01"}
	card := Facts{Kind: HMTResidencePermit, Number: residence("810000", "19800101", "011"), Name: "陈大文"}
	passport := Facts{Kind: Passport, Number: "L898902C3", Nationality: "GBR", Name: "ANNA MARIA SMITH", Birth: "1974-08-12"}
	settled := Facts{Kind: ForeignPermanentResidence, Number: residence("911001", "19740812", "002"), Nationality: "GBR", Name: "Anna Maria Smith"}
	change := func(f Facts, edit func(*Facts)) Facts { edit(&f); return f }
	for name, c := range map[string]struct {
		a, b Facts
		want bool
	}{
		"permit and residence permit":       {permit, card, true},
		"the other way round":               {card, permit, true},
		"passport and permanent residence":  {passport, settled, true},
		"another name":                      {permit, change(card, func(f *Facts) { f.Name = "陈小文" }), false},
		"name in another script":            {change(permit, func(f *Facts) { f.Name = "CHAN TAI MAN" }), card, false},
		"no name":                           {change(permit, func(f *Facts) { f.Name = "" }), change(card, func(f *Facts) { f.Name = "" }), false},
		"born on another day":               {change(permit, func(f *Facts) { f.Birth = "1980-01-02" }), card, false},
		"birth of one is not known":         {change(permit, func(f *Facts) { f.Birth = "" }), card, false},
		"residence permit of another place": {permit, change(card, func(f *Facts) { f.Number = residence("820000", "19800101", "011") }), false},
		"permit of Macao":                   {change(permit, func(f *Facts) { f.Number = "M1234567801" }), card, false},
		"another nationality":               {passport, change(settled, func(f *Facts) { f.Nationality = "FRA" }), false},
		"two of one kind":                   {permit, change(permit, func(f *Facts) { f.Number = "H8765432101" }), false},
		"resident card and permit":          {Facts{Kind: CitizenID, Number: "11010519491231002X", Name: "张三"}, Facts{Kind: HKMacaoPermit, Number: "H1234567801", Name: "张三", Birth: "1949-12-31"}, false},
		"two residence permits":             {card, change(card, func(f *Facts) { f.Number = residence("810000", "19800101", "021") }), false},
		"a number that cannot be read":      {permit, change(card, func(f *Facts) { f.Number = "810000198001010111" }), false},
		"a kind that is not known":          {permit, change(card, func(f *Facts) { f.Kind = "driving_licence" }), false},
		"a network identity":                {permit, Facts{Kind: "network_id"}, false},
	} {
		if got := DefaultDocuments().OnePerson(c.a, c.b); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	// Sex is compared where both tell it, whatever kinds a table lets stand together.
	table, err := ParseDocuments([]byte(`{"kinds":[
		{"kind":"citizen_id","names":{"zh-CN":"a","en":"a","zh-Hant":"a"},"form":"citizen18","beside":["hmt_residence_permit"],"scripts":["Han"],"methods":["face"],"codes":{}},
		{"kind":"hmt_residence_permit","names":{"zh-CN":"b","en":"b","zh-Hant":"b"},"form":"hmt18","beside":["citizen_id"],"scripts":["Han"],"methods":["face"],"codes":{}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	citizen := Facts{Kind: CitizenID, Number: residence("110105", "19800101", "011"), Name: "陈大文"}
	if !table.OnePerson(citizen, card) || table.OnePerson(citizen, change(card, func(f *Facts) { f.Number = residence("810000", "19800101", "022") })) {
		t.Error("the sex of the holder is not compared")
	}
}

func TestBesideHoldsForBothKinds(t *testing.T) {
	row := func(kind, beside string) string {
		return `{"kind":"` + kind + `","names":{"zh-CN":"a","en":"a","zh-Hant":"a"},"form":"taiwan","beside":[` + beside + `],"scripts":["Han"],"methods":["face"],"codes":{}}`
	}
	for name, c := range map[string]struct {
		table string
		ok    bool
	}{
		"both name each other": {row("a", `"b"`) + "," + row("b", `"a"`), true},
		"one-sided":            {row("a", `"b"`) + "," + row("b", ``), false},
		"itself":               {row("a", `"a"`), false},
		"not known":            {row("a", `"c"`), false},
	} {
		if _, err := ParseDocuments([]byte(`{"kinds":[` + c.table + `]}`)); (err == nil) != c.ok || err != nil && !errors.Is(err, ErrDocuments) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
