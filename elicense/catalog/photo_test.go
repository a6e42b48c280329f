package catalog

import (
	"errors"
	"strings"
	"testing"
)

const honours = "11980000MB7QX1034Y001"

// TestWhatATypeSaysOfItsPhoto: each rule of a field, an item and a view is told at its place.
func TestWhatATypeSaysOfItsPhoto(t *testing.T) {
	const field = `"kind": "photo", "photo": {"width_px": 358, "height_px": 441, "max_octets": 102400}, "masking": "hide"`
	const item = `"text": "照片", "font": "sans", "size_mm": 3.6, "stroke_mm": 0.3, "color": "#C79A3B", "fit": "crop"`
	for _, test := range []struct{ name, file, from, to, want string }{
		{"too small", FileType, `"width_px": 358`, `"width_px": 100`, "fields[15]"},
		{"too long", FileType, `"width_px": 358`, `"width_px": 900`, "fields[15]"},
		{"too many octets", FileType, "102400", "1024000", "fields[15]"},
		{"shown in part", FileType, field, strings.Replace(field, "hide", "none", 1), "fields[15]"},
		{"a rule of a text", FileType, field, strings.Replace(field, `"kind": "photo"`, `"kind": "text"`, 1), "fields[15]"},
		{"several", FileType, field, field + `, "repeated": true`, "fields[15]"},
		{"no room for the value", FileType, field, field + `, "max_runes": 20`, "fields[15]"},
		{"a second one", FileType, field + "}", field + `}, {"number": 17, "key": "other", "english": "other", "pinyin": "KZ_QT", "label": {"zh-CN": "又", "en": "Other"}, ` + field + "}", "fields[16]"},
		{"in a code", FileType, `"a": ["license_number"`, `"a": ["photo", "license_number"`, "profiles.a"},
		{"as the number", FileType, `"number_key": ""`, `"number_key": "photo"`, "fields[15]"},
		{"as a text", FileFace, `"kind": "photo"`, `"kind": "text"`, "pages[0].items[11]"},
		{"nowhere", FileFace, `"kind": "photo", "id": "photo", "bind": "photo"`, `"kind": "qr", "id": "photo"`, "pages"},
		{"of a text", FileFace, `"id": "photo", "bind": "photo"`, `"id": "photo", "bind": "deed"`, "pages[0].items[11]"},
		{"without an id", FileFace, `"id": "photo", "bind": "photo"`, `"bind": "photo"`, "pages[0].items[11]"},
		{"too small a box", FileFace, `"width_mm": 22.4`, `"width_mm": 9`, "pages[0].items[11]"},
		{"unknown fit", FileFace, `"fit": "crop"`, `"fit": "stretch"`, "pages[0].items[11]"},
		{"a fit of a text", FileFace, `"text": "同志"`, `"fit": "crop", "text": "同志"`, "pages[0].items[7]"},
		{"with a form", FileFace, item, item + `, "form": "plain"`, "pages[0].items[11]"},
		{"words without a font", FileFace, `"text": "照片", "font": "sans"`, `"text": "照片"`, "pages[0].items[11]"},
		{"words for one that is never missing", FileType, field, field + `, "required": true`, "pages[0].items[11]"},
	} {
		second, _ := Find(honours)
		files := second.Files()
		if !strings.Contains(string(files[test.file]), test.from) {
			t.Fatalf("%s: the package has no %s", test.name, test.from)
		}
		files[test.file] = []byte(strings.Replace(string(files[test.file]), test.from, test.to, 1))
		_, err := Default().Read(files)
		found := false
		for _, f := range Faults(err) {
			found = found || f.Place == test.want
		}
		if !errors.Is(err, ErrType) || !found {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestValuesOfPhotos(t *testing.T) {
	good := Photo{WidthPX: 358, HeightPX: 441, Octets: 9000, SM3: strings.Repeat("ab", 32)}
	if read, ok := ReadPhoto(good.String()); !ok || read != good {
		t.Errorf("%+v", read)
	}
	second, _ := Find(honours)
	for _, value := range []string{"", "photo", strings.ToUpper(good.String()), good.String() + " ", strings.Replace(good.String(), "9000", "09000", 1), strings.Replace(good.String(), "9000", "-1", 1), strings.Replace(good.String(), "jpeg", "png", 1),
		strings.Replace(good.String(), "abab", "ab", 1), strings.Replace(good.String(), "abab", "ABab", 1), strings.Replace(good.String(), "358x", "358×", 1)} {
		if read, ok := ReadPhoto(value); ok {
			t.Errorf("%q is read as %+v", value, read)
		}
	}
	for value, want := range map[string]bool{good.String(): true, strings.Replace(good.String(), "9000", "102401", 1): false, strings.Replace(good.String(), "358x441", "359x441", 1): false} {
		values := second.Sample.Clone()
		values.Set("photo", value)
		if err := second.CheckValues(values); (err == nil) != want {
			t.Errorf("%s: %v", value, err)
		}
	}
}

func TestWhereAPhotoStands(t *testing.T) {
	wide := FaceItem{XMM: 10, YMM: 20, WidthMM: 40, HeightMM: 20}
	p := Photo{WidthPX: 100, HeightPX: 100}
	if at := wide.PlacePhoto(p); at != (PhotoPlace{20, 20, 20, 20, 0, 0, 20, 20}) {
		t.Errorf("contained: %+v", at)
	}
	wide.Fit = FitCrop
	if at := wide.PlacePhoto(p); at != (PhotoPlace{10, 20, 40, 20, 0, -10, 40, 40}) {
		t.Errorf("cropped: %+v", at)
	}
}

// TestVersionsThatAreBuiltIn: the first stays what it was for files made by it and for those that name no version, and the newest makes licences.
func TestVersionsThatAreBuiltIn(t *testing.T) {
	versions := Default().Versions(honours)
	newest, ok := Find(honours)
	if len(versions) != 2 || !ok || newest != versions[1] || newest.Row.Version != 2 || !versions[0].BuiltIn || !newest.BuiltIn {
		t.Fatalf("%d versions", len(versions))
	}
	for template, want := range map[string]*Type{versions[0].TemplateID(): versions[0], newest.TemplateID(): newest, versions[0].faceDigest: versions[0], "": versions[0]} {
		if got, ok := Default().Version(honours, template); !ok || got != want {
			t.Errorf("template %q is of version %d", template, got.Row.Version)
		}
	}
	changed := false
	for _, c := range newest.Diff(versions[0]) {
		changed = changed || c.What == ChangeAdded && c.Object == "field photo"
	}
	if !changed {
		t.Error("what is new is not told")
	}
}
