package catalog

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// TestMissingWordsAreNamedByFileAndLine: a face that can be read in another language can be read in it as a whole.
func TestMissingWordsAreNamedByFileAndLine(t *testing.T) {
	business, _ := Find("11100000MB0143028R001")
	lineWith := func(file, text string) int {
		before, _, _ := bytes.Cut(business.Files()[file], []byte(text))
		return 1 + bytes.Count(before, []byte{'\n'})
	}
	for name, c := range map[string]struct {
		from, to string
		line     int
		says     string
	}{
		"a word that is missing":         {`    "名称": "Name",` + "\n", "", lineWith(FileFace, `"text": "名称"`), `"名称" has no words in en`},
		"an empty word":                  {`"名称": "Name"`, `"名称": " "`, lineWith(FileFace, `"text": "名称"`), `"名称" has no words in en`},
		"a word that moves others":       {`"名称": "Name"`, `"名称": "Na\u202eme"`, lineWith(FileFace, `"text": "名称"`), `"名称" has no words in en`},
		"the title of annex pages":       {`    "附页": "Annex",` + "\n", "", lineWith(FileFace, `"annex": {`), `"附页" has no words in en`},
		"the word of an open end":        {",\n" + `    "长期": "no expiry"`, "", lineWith(FileFace, `"words"`), `"长期" has no words in en`},
		"a word of nothing":              {`"名称": "Name"`, `"名称": "Name", "别的": "Other"`, lineWith(FileFace, `"words"`), `"别的" does not stand on the face`},
		"a language that nobody reads":   {`"words": {"en"`, `"words": {"tlh"`, lineWith(FileFace, `"words"`), `no face is read in "tlh"`},
		"a label of nothing":             {`"label_of": "holder_name"`, `"label_of": "nobody"`, lineWith(FileFace, `"text": "名称"`), `label_of "nobody" names no value`},
		"two labels of one value":        {`"label_of": "company_type"`, `"label_of": "holder_name"`, lineWith(FileFace, `"text": "类型"`), `or one that has a label`},
		"a label that is a value itself": {`"bind": "holder_name",`, `"bind": "holder_name", "label_of": "holder_code",`, lineWith(FileFace, `"bind": "holder_name"`), "labels nothing"},
	} {
		files := business.Files()
		changed := strings.Replace(string(files[FileFace]), c.from, c.to, 1)
		if changed == string(files[FileFace]) {
			t.Fatalf("%s: nothing is changed", name)
		}
		files[FileFace] = []byte(changed)
		_, err := Default().Read(files)
		if !slices.ContainsFunc(Faults(err), func(f *Fault) bool {
			near := f.Line - c.line
			return f.File == FileFace && f.Code == FaultFace && near >= -1 && near <= 1 && strings.Contains(f.Text, c.says)
		}) {
			t.Errorf("%s: line %d %q is not told: %v", name, c.line, c.says, err)
		}
	}
}

// TestFacesWithoutWordsAreReadInChinese: packages of earlier releases have none.
func TestFacesWithoutWordsAreReadInChinese(t *testing.T) {
	business, _ := Find("11100000MB0143028R001")
	files := business.Files()
	face, _, _ := bytes.Cut(files[FileFace], []byte(",\n  \"words\""))
	files[FileFace] = append(bytes.Clone(face), '}')
	plain, err := Default().Read(files)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(plain.Languages(), []string{"zh-CN"}) || !slices.Equal(business.Languages(), []string{"zh-CN", "en"}) {
		t.Errorf("languages %v and %v", plain.Languages(), business.Languages())
	}
}

func TestValuesInOtherLanguages(t *testing.T) {
	business, _ := Find("11100000MB0143028R001")
	period, _ := business.Item("period")
	issued, _ := business.Item("issued_date")
	name, _ := business.Item("holder_name")
	joined := FaceItem{Bind: KeyHolderName, Form: FormSplit, Join: "、"}
	values := business.Sample.Clone()
	for _, c := range []struct {
		item     FaceItem
		from, to string
		want     string
	}{
		{issued, "", "", "2026-11-24"}, {name, "", "", values.First(KeyHolderName)}, {joined, "", "", "甲, 乙"}, {period, "20260101", "", "from 2026-01-01, no expiry"},
		{period, "20260101", "20270101", "2026-01-01 to 2027-01-01"}, {period, "", "", "no expiry"},
	} {
		given := values.Clone()
		given.Set(KeyEffectiveDate, c.from)
		given.Set(KeyExpiringDate, c.to)
		if c.item.Form == FormSplit {
			given.Set(KeyHolderName, "甲", "乙")
		}
		if got := business.DisplayIn(c.item, given, "en"); got != c.want {
			t.Errorf("%q, not %q", got, c.want)
		}
		if got := business.DisplayIn(c.item, given, Original); got != business.Display(c.item, given) {
			t.Errorf("%q in the original", got)
		}
	}
}
