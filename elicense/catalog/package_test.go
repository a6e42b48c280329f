package catalog

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// change gives the files of a built-in type with some replaced: old text to new text, by file.
func change(t *testing.T, code string, replace map[string][2]string) map[string][]byte {
	t.Helper()
	licenseType, ok := Find(code)
	if !ok {
		t.Fatal("no type " + code)
	}
	files := licenseType.Files()
	for name, pair := range replace {
		if !bytes.Contains(files[name], []byte(pair[0])) {
			t.Fatalf("%s does not hold %q", name, pair[0])
		}
		files[name] = bytes.Replace(files[name], []byte(pair[0]), []byte(pair[1]), 1)
	}
	return files
}

func read(t *testing.T, files map[string][]byte) *Type {
	t.Helper()
	licenseType, err := Default().Read(files)
	if err != nil {
		t.Fatal(err)
	}
	return licenseType
}

// next is the next version of a type, with further replacements.
func next(t *testing.T, code string, replace map[string][2]string) map[string][]byte {
	t.Helper()
	files := change(t, code, map[string][2]string{FileRow: {`"version": 1`, `"version": 2`}})
	for name, pair := range replace {
		if !bytes.Contains(files[name], []byte(pair[0])) {
			t.Fatalf("%s does not hold %q", name, pair[0])
		}
		files[name] = bytes.Replace(files[name], []byte(pair[0]), []byte(pair[1]), 1)
	}
	return files
}

// TestFaultsNameFileLineAndCode: whoever makes a package is told where it is wrong, all places at once.
func TestFaultsNameFileLineAndCode(t *testing.T) {
	for _, test := range []struct {
		name    string
		replace map[string][2]string
		want    []string
	}{
		{"two at once", map[string][2]string{FileType: {`"max_runes": 35}`, `"max_runes": -1}`}, FileRow: {`"class": "1"`, `"class": "x"`}}, []string{"type.json:25: fields[13]: "}},
		{"row and face", map[string][2]string{FileFace: {`"#B8862D"`, `"gold"`}, FileRow: {`"class": "1"`, `"class": "x"`}}, []string{"catalogue.json:5: class: ", "face.json:7: pages[0].items[1]: "}},
		{"no JSON", map[string][2]string{FileType: {`"max_holders": 1,`, `"max_holders": 1`}}, []string{"type.json:8: "}},
		{"unknown member", map[string][2]string{FileType: {`"max_holders": 1`, `"colour": 1`}}, []string{"type.json:7: unknown field \"colour\" (package_json)"}},
		{"member twice", map[string][2]string{FileType: {`"max_holders": 1`, `"max_holders": 1, "max_holders": 2`}}, []string{"type.json:7: member \"max_holders\" stands twice (package_json)"}},
		{"other kind of value", map[string][2]string{FileRow: {`"version": 1`, `"version": "1"`}}, []string{"catalogue.json:2: version: "}},
		{"sample", map[string][2]string{FileSample: {`"张启明"`, `"张\u200b启明"`}}, []string{"sample.json:17: legal_representative: characters (package_sample)"}},
		{"test that does not hold", map[string][2]string{FileTests: {`"period": "自2026年11月24日至长期"`, `"period": "长期"`}}, []string{"tests.json:2: [0]: "}},
		{"too deep", map[string][2]string{FileSample: {`"张启明"`, strings.Repeat("[", 20) + strings.Repeat("]", 20)}}, []string{"sample.json:17: is nested too deeply"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Default().Read(change(t, businessLicense, test.replace))
			faults := Faults(err)
			if !errors.Is(err, ErrType) || len(faults) != len(test.want) {
				t.Fatalf("got %v", err)
			}
			for i, want := range test.want {
				if !strings.HasPrefix(faults[i].Error(), want) {
					t.Errorf("got %q, want %q", faults[i], want)
				}
			}
		})
	}
}

func TestFolderHasTheNameOfItsCode(t *testing.T) {
	tree := edit(t, "types/"+businessLicense+"/type.json", func(map[string]any) {}).(fstest.MapFS)
	for name, content := range newType(t) {
		tree["types/"+businessLicense+"/"+name] = &fstest.MapFile{Data: content}
	}
	if _, err := Load(tree); !errors.Is(err, ErrType) || !strings.Contains(err.Error(), "in folder") {
		t.Errorf("got %v", err)
	}
}

func TestFilesOfAPackage(t *testing.T) {
	for name, edit := range map[string]func(map[string][]byte){
		"missing":       func(f map[string][]byte) { delete(f, FileTests) },
		"one too many":  func(f map[string][]byte) { f["run.sh"] = []byte("x") },
		"too large":     func(f map[string][]byte) { f[FileSample] = bytes.Repeat([]byte(" "), MaxFile+1) },
		"no UTF-8":      func(f map[string][]byte) { f[FileSample] = append(f[FileSample], 0xff) },
		"content after": func(f map[string][]byte) { f[FileSample] = append(f[FileSample], "{}"...) },
		"no tests":      func(f map[string][]byte) { f[FileTests] = []byte("[]") },
	} {
		files := change(t, businessLicense, nil)
		edit(files)
		if _, err := Default().Read(files); !errors.Is(err, ErrType) || len(Faults(err)) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRowOfAPackageIsSet(t *testing.T) {
	built, _ := Find(businessLicense)
	licenseType := read(t, WithRow(built.Files(), "effective_date", "20301231"))
	if licenseType.Row.EffectiveDate != "20301231" || licenseType.TemplateID() == built.TemplateID() {
		t.Error(licenseType.Row.EffectiveDate)
	}
	if _, err := Default().Read(WithRow(built.Files(), "effective_date", "$1\"")); !errors.Is(err, ErrType) {
		t.Errorf("a value that is no date: %v", err)
	}
}

func TestTestsOfAPackageFail(t *testing.T) {
	for name, test := range map[string]string{
		"refused although accepted": `{"name":"x","refused":[{"field":"domicile","reason":"missing"}]}`,
		"accepted although refused": `{"name":"x","set":{"domicile":[]}}`,
		"another reason":            `{"name":"x","set":{"domicile":[]},"refused":[{"field":"domicile","reason":"form"}]}`,
		"item unknown":              `{"name":"x","page":{"nothing":""}}`,
		"view differs":              `{"name":"x","views":{"m":{}}}`,
		"view unknown":              `{"name":"x","views":{"z":{}}}`,
		"no day":                    `{"name":"x","at":"2026"}`,
		"no name":                   `{}`,
	} {
		files := change(t, businessLicense, nil)
		files[FileTests] = append(bytes.TrimRight(files[FileTests], "]\n"), ","+test+"]"...)
		if _, err := Default().Read(files); !errors.Is(err, ErrType) || len(Faults(err)) != 1 || Faults(err)[0].Code != FaultTests {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestVersionsOfAType: a newer version is in force from its day; licences are read by the one they name.
func TestVersionsOfAType(t *testing.T) {
	old, _ := Find(businessLicense)
	second := read(t, next(t, businessLicense, map[string][2]string{FileRow: {`"20260101"`, `"20270101"`}}))
	if err := second.CheckAgainst([]*Type{old}); err != nil {
		t.Error(err)
	}
	c := Default().With("20261231", Further{Types: []*Type{second}})
	if now, _ := c.Find(businessLicense); now != old || len(c.Versions(businessLicense)) != 2 || len(c.Types()) != len(Types()) {
		t.Error("a version is in force before its day")
	}
	c = Default().With("20270101", Further{Types: []*Type{second}, Retired: map[string]int{businessLicense: 1}})
	if now, _ := c.Find(businessLicense); now != second || c.Retired(businessLicense) {
		t.Error("a version is not in force on its day")
	}
	if c = Default().With("20270101", Further{Types: []*Type{second, second}, Retired: map[string]int{businessLicense: 2}}); !c.Retired(businessLicense) || len(c.Versions(businessLicense)) != 2 {
		t.Error("a retired type is not retired")
	}
	for name, test := range map[string]struct {
		template string
		want     *Type
	}{
		"by package":           {second.TemplateID(), second},
		"by the older package": {old.TemplateID(), old},
		"by the face alone":    {old.faceDigest, old},
		"by nothing known":     {"00", old},
	} {
		if got, ok := c.Version(businessLicense, test.template); !ok || got != test.want {
			t.Errorf("%s: version %v", name, got)
		}
	}
	if now, _ := Default().Find(businessLicense); now != old {
		t.Error("the built-in catalogue was changed")
	}
	outside := read(t, newType(t))
	c = Default().With("20270101", Further{Types: []*Type{outside}})
	if _, ok := c.Version(outside.Code, "00"); ok {
		t.Error("a type that is not built in is taken without its version")
	}
	if _, ok := c.Version(outside.Code, outside.faceDigest); ok {
		t.Error("a type that is not built in is taken by its face alone")
	}
}

// newType is a type that is not built in: the business licence under another code.
func newType(t *testing.T) map[string][]byte {
	t.Helper()
	const code = "11100000MB0143028R099"
	files := change(t, businessLicense, nil)
	for name := range files {
		files[name] = bytes.ReplaceAll(files[name], []byte(businessLicense), []byte(code))
	}
	id, err := MakeID(code, "11990000MB7QX0015W", "91990000MA7QX0003B", 1)
	if err != nil {
		t.Fatal(err)
	}
	var sample Values
	if err := json.Unmarshal(files[FileSample], &sample); err != nil {
		t.Fatal(err)
	}
	sample.Set(KeyLicenseID, id.String())
	if files[FileSample], err = json.Marshal(sample); err != nil {
		t.Fatal(err)
	}
	return files
}

func TestNumbersAreNeverGivenAgain(t *testing.T) {
	old, _ := Find(businessLicense)
	for name, test := range map[string]struct {
		replace map[string][2]string
		want    string
	}{
		"another field of a number":     {map[string][2]string{FileType: {`"number": 14, "key": "company_type"`, `"number": 40, "key": "company_type"`}}, "keeps it"},
		"another kind of a field":       {map[string][2]string{FileType: {`"kind": "text", "required": true, "masking": "none", "max_runes": 35`, `"kind": "code", "required": true, "masking": "none", "max_runes": 35`}, FileSample: {"有限责任公司(自然人投资或控股)", "LLC"}}, "keeps its kind"},
		"another name of a field":       {map[string][2]string{FileType: {`"KZ_LX"`, `"KZ_QYLX"`}}, "keeps its kind"},
		"another predicate of a number": {map[string][2]string{FileType: {`{"number": 33, "key": "dates_hold"`, `{"number": 32, "key": "dates_hold"`}}, ""},
	} {
		files := next(t, businessLicense, test.replace)
		licenseType, err := Default().Read(files)
		if test.want == "" {
			if err == nil {
				t.Errorf("%s: two predicates have one number", name)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		err = licenseType.CheckAgainst([]*Type{old})
		if faults := Faults(err); len(faults) != 1 || faults[0].Code != FaultReuse || !strings.Contains(faults[0].Text, test.want) || faults[0].Line != 25 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := Faults(old.CheckAgainst([]*Type{old})); len(err) != 1 || err[0].File != FileRow {
		t.Errorf("the same version again: %v", err)
	}
	removed := read(t, next(t, businessLicense, nil))
	removed.Fields = slices.DeleteFunc(removed.Fields, func(f Field) bool { return f.Key == "company_type" })
	again := read(t, next(t, businessLicense, nil))
	again.Row.Version = 3
	i := slices.IndexFunc(again.Fields, func(f Field) bool { return f.Key == "company_type" })
	again.Fields[i].Key, again.Fields[i].English, again.Fields[i].Pinyin = "enterprise_kind", "enterpriseKind", "KZ_QYXZ"
	if faults := Faults(again.CheckAgainst([]*Type{old, removed})); len(faults) != 1 || !strings.Contains(faults[0].Text, "not given again") {
		t.Errorf("a number of a field that is gone: %v", faults)
	}
}

func TestDiffMarksWhatGetsLaxer(t *testing.T) {
	old, _ := Find(realEstateTitle)
	newer := read(t, next(t, realEstateTitle, nil))
	newer.Fields = slices.Clone(newer.Fields)
	for i := range newer.Fields {
		switch f := &newer.Fields[i]; f.Key {
		case KeyHolderCode:
			f.Masking = MaskNone
		case "usage":
			f.Masking = MaskHide
		case "notes":
			f.Key = "remarks"
		}
	}
	newer.Profiles = maps.Clone(newer.Profiles)
	newer.Profiles["m"] = append(slices.Clone(newer.Profiles["m"]), "right_type")
	newer.FreshHours = 48
	looser := map[string]bool{}
	for _, c := range newer.Diff(old) {
		looser[c.What+" "+c.Object] = c.Looser
	}
	want := map[string]bool{
		"changed field holder_code masking": true, "changed field usage masking": false, "added field remarks": false, "removed field notes": false,
		"changed view m": true, "changed status_fresh_hours": true,
	}
	if !maps.Equal(looser, want) {
		t.Errorf("got %v, want %v", looser, want)
	}
	if same := old.Diff(old); len(same) != 0 {
		t.Errorf("nothing changed: %v", same)
	}
}

func TestListsOfTheCatalogue(t *testing.T) {
	c := Default()
	for _, list := range listNames {
		if len(c.Entries(list)) == 0 {
			t.Errorf("%s is empty", list)
		}
	}
	if got := c.EntryName(ListKinds, "09", "zh-CN"); got != "行政裁决" {
		t.Error(got)
	}
	if got := c.EntryName(ListKinds, "77", "zh-CN"); got != "77" {
		t.Error(got)
	}
	for text, days := range map[string]int{"5年": 1830, "6月": 186, "90天": 90, "0年": 0, "05年": 0, "-1年": 0, "长期": 0, "年": 0, "99999年": 0} {
		if got, ok := rangeDays(text); got != days || ok != (days > 0) {
			t.Errorf("%s: %d %v", text, got, ok)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, licenseType := range Types() {
		files := licenseType.Files()
		f.Add(files[FileType], files[FileRow], files[FileFace], files[FileSample], files[FileTests])
	}
	f.Fuzz(func(t *testing.T, kind, row, face, sample, tests []byte) {
		licenseType, err := Default().Read(map[string][]byte{FileType: kind, FileRow: row, FileFace: face, FileSample: sample, FileTests: tests})
		if err == nil && licenseType.CheckValues(licenseType.Sample) != nil {
			t.Error("a type is taken whose sample is refused")
		}
		if err != nil && !errors.Is(err, ErrType) {
			t.Errorf("%v", err)
		}
	})
}
