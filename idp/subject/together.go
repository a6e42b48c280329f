package subject

import (
	"slices"
	"strings"
)

// Facts are what one document tells of its holder; empty members are not told.
type Facts struct {
	Kind, Number, Nationality, Name string
	Birth                           string // YYYY-MM-DD, where the number does not tell it
}

// OnePerson reports whether nothing that two documents tell speaks against one holder and enough speaks for it: their kinds are
// ones that one person is given (DocumentKind.Beside), the names are one, both tell the day of birth and the same, and where both
// tell sex, region or nationality, the same. It is needed and never enough: namesakes of one birthday exist, so that whoever
// asks has seen proof of both documents. Anything that cannot be read is no.
func (d Documents) OnePerson(a, b Facts) bool {
	one, other, ok := d.told(a, b)
	if !ok || !slices.Contains(one.kind.Beside, b.Kind) || !SameName(a.Name, b.Name) {
		return false
	}
	return one.birth != "" && one.birth == other.birth && agree(string(one.Sex), string(other.Sex)) && agree(one.region(), other.region()) &&
		(one.kind.Nationality != NationalityAsked || other.kind.Nationality != NationalityAsked || one.Nationality != "" && one.Nationality == other.Nationality)
}

// told is what a number and its holder's form tell together.
type told struct {
	Document
	kind  DocumentKind
	birth string
}

func (d Documents) told(a, b Facts) (one, other told, ok bool) {
	read := func(f Facts) (told, bool) {
		kind, known := d.Find(f.Kind)
		document, err := d.Parse(f.Kind, f.Number, f.Nationality)
		if !known || err != nil {
			return told{}, false
		}
		t := told{document, kind, f.Birth}
		if !document.Birth.IsZero() {
			t.birth = document.Birth.Format("2006-01-02")
		}
		return t, true
	}
	one, first := read(a)
	other, second := read(b)
	return one, other, first && second
}

// region is that of Hong Kong, Macao or Taiwan whose residents a number is given to; empty for others.
func (t told) region() string {
	switch t.kind.Form {
	case "hk_macao":
		return map[byte]string{'H': "810000", 'M': "820000"}[t.Number[0]]
	case "taiwan":
		return "830000"
	case "hmt18":
		if i := slices.IndexFunc(regionsOfPermits, func(area string) bool { return strings.HasPrefix(t.Number, area) }); i >= 0 {
			return regionsOfPermits[i]
		}
	}
	return ""
}

func agree(a, b string) bool { return a == "" || b == "" || a == b }
