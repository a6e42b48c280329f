package facedesign_test

import (
	"bytes"
	"errors"
	"image/png"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/facedesign"
	"github.com/yinxin-gov/yinxin/elicense/licenseface"
	"github.com/yinxin-gov/yinxin/elicense/typepackage"
)

const (
	businessLicense = "11100000MB0143028R001"
	realEstate      = "11100000MB03271699001"
)

// TestFacesAreWrittenAsTheyWereRead: no member of a face is lost, and what is written is the same package to whoever reads it.
func TestFacesAreWrittenAsTheyWereRead(t *testing.T) {
	for _, one := range catalog.Types() {
		files := one.Files()
		face, err := facedesign.Read(files[catalog.FileFace])
		if err != nil {
			t.Fatalf("%s: %v", one.Code, err)
		}
		written := facedesign.Write(face)
		again, err := facedesign.Read(written)
		if err != nil || !reflect.DeepEqual(face, again) {
			t.Errorf("%s: another face comes back: %v", one.Code, err)
		}
		files[catalog.FileFace] = written
		if _, err := catalog.Default().Read(files); err != nil {
			t.Errorf("%s: %v", one.Code, err)
		}
		if !bytes.Equal(written, facedesign.Write(again)) {
			t.Errorf("%s: written twice, it differs", one.Code)
		}
	}
	every := catalog.Face{Pages: []catalog.FacePage{{WidthMM: 100.25, HeightMM: 80, Items: []catalog.FaceItem{{Kind: "text", ID: "a", Layer: "body", XMM: 1, YMM: 2, WidthMM: 3, HeightMM: 4, Text: "<\"甲\\\">", LabelOf: "c", Bind: "b", Form: "plain", Join: "、", Font: "sans", SizeMM: 4,
		MinSizeMM: 2, LeadingMM: 6, Align: "center", SpacingMM: 0.05, Overflow: "wrap", Middle: true, Color: "#000000", Fill: "#FFFFFF", StrokeMM: 0.25, Fit: "crop"}, {Kind: "line"}}}, {WidthMM: 60, HeightMM: 60}},
		Annex: catalog.FaceAnnex{WidthMM: 210, HeightMM: 297, MarginMM: 20, SizeMM: 4, Title: "附页", Note: "(接附页)"}, Seals: []catalog.SealSlot{{Page: 1, XMM: 1, YMM: 2, WidthMM: 42, HeightMM: 42}, {Page: 2, WidthMM: 40, HeightMM: 40}},
		Words: catalog.Words{"en": {"<\"甲\\\">": "<A\"B>", "附页": "Annex", "长期": "no expiry"}}}
	for i, value := 0, reflect.ValueOf(every.Pages[0].Items[0]); i < value.NumField(); i++ {
		if value.Field(i).IsZero() {
			t.Errorf("the test holds no %s", value.Type().Field(i).Name)
		}
	}
	again, err := facedesign.Read(facedesign.Write(every))
	if err != nil || again.Pages[0].Items[0] != every.Pages[0].Items[0] || !reflect.DeepEqual(again.Annex, every.Annex) || !reflect.DeepEqual(again.Seals, every.Seals) || !reflect.DeepEqual(again.Words, every.Words) || len(again.Pages) != 2 {
		t.Errorf("%+v %v", again, err)
	}
}

func FuzzRead(f *testing.F) {
	for _, one := range catalog.Types() {
		f.Add(one.Files()[catalog.FileFace])
	}
	f.Add([]byte(`{"pages":[{"items":[{"kind":"text","x_mm":1e-7}]}]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		face, err := facedesign.Read(content)
		if err != nil {
			return
		}
		written := facedesign.Write(face)
		again, err := facedesign.Read(written)
		if err != nil || !bytes.Equal(written, facedesign.Write(again)) {
			t.Errorf("%v\n%s", err, written)
		}
	})
}

func TestFacesThatCannotBeRead(t *testing.T) {
	for name, content := range map[string]string{"no JSON": "{", "unknown member": `{"page":[]}`, "more behind it": `{} {}`, "a text for a number": `{"pages":[{"width_mm":"9"}]}`} {
		if _, err := facedesign.Read([]byte(content)); !errors.Is(err, facedesign.ErrFace) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func small() catalog.Face {
	return catalog.Face{Pages: []catalog.FacePage{{WidthMM: 100, HeightMM: 60, Items: []catalog.FaceItem{
		{Kind: catalog.ItemText, ID: "domicile", XMM: 10, YMM: 10, WidthMM: 80, HeightMM: 8}, {Kind: catalog.ItemLine, XMM: 1, YMM: 59, WidthMM: 98}, {Kind: catalog.ItemQR, ID: "verify_code", WidthMM: 20, HeightMM: 20}}}}}
}

func ids(face catalog.Face) (all []string) {
	for _, item := range face.Pages[0].Items {
		all = append(all, item.ID)
	}
	return all
}

func TestItemsAreAddedCopiedMovedAndDeleted(t *testing.T) {
	face := small()
	for _, add := range []struct {
		kind     catalog.ItemKind
		bind, id string
	}{{catalog.ItemText, "domicile", "domicile_2"}, {catalog.ItemText, "", ""}, {catalog.ItemLine, "", ""}, {catalog.ItemRect, "", ""}, {catalog.ItemQR, "", "verify_code_2"}} {
		i, err := facedesign.Add(&face, 0, add.kind, add.bind, "文字")
		if err != nil || i != len(face.Pages[0].Items)-1 {
			t.Fatalf("%v: %d %v", add, i, err)
		}
		got := face.Pages[0].Items[i]
		if got.ID != add.id || got.Bind != add.bind || (got.Text != "") != (add.kind == catalog.ItemText && add.bind == "") || got.XMM < 0 || got.XMM+got.WidthMM > 100 || got.YMM < 0 || got.YMM+got.HeightMM > 60 {
			t.Errorf("%v: %+v", add, got)
		}
	}
	face = small()
	for range 2 { // a copy of a copy has a number of its own
		if i, err := facedesign.Copy(&face, 0, 0); err != nil || i != 1 {
			t.Fatal(i, err)
		}
	}
	if got := ids(face); !slices.Equal(got, []string{"domicile", "domicile_3", "domicile_2", "", "verify_code"}) {
		t.Errorf("%q", got)
	}
	if c := face.Pages[0].Items[1]; c.XMM != 15 || c.YMM != 15 || c.WidthMM != 80 {
		t.Errorf("%+v", c)
	}
	if i, err := facedesign.Copy(&face, 0, 3); err != nil || face.Pages[0].Items[i].XMM != 2 || face.Pages[0].Items[i].YMM != 60 {
		t.Errorf("a copy leaves the page: %+v %v", face.Pages[0].Items[i], err)
	}
	face = small()
	for _, move := range []struct{ at, by, to int }{{0, -1, 0}, {0, 1, 1}, {1, 1, 2}, {2, 1, 2}, {2, -1, 1}} {
		if to, err := facedesign.Reorder(&face, 0, move.at, move.by); err != nil || to != move.to || face.Pages[0].Items[to].ID != "domicile" {
			t.Errorf("%v: %d %v %q", move, to, err, ids(face))
		}
	}
	if err := facedesign.Delete(&face, 0, 1); err != nil || !slices.Equal(ids(face), []string{"", "verify_code"}) {
		t.Errorf("%q %v", ids(face), err)
	}
	for _, at := range [][2]int{{1, 0}, {-1, 0}, {0, 2}, {0, -1}} {
		_, copied := facedesign.Copy(&face, at[0], at[1])
		_, moved := facedesign.Reorder(&face, at[0], at[1], 1)
		if deleted := facedesign.Delete(&face, at[0], at[1]); !errors.Is(copied, facedesign.ErrNone) || !errors.Is(moved, facedesign.ErrNone) || !errors.Is(deleted, facedesign.ErrNone) {
			t.Errorf("%v: %v %v %v", at, copied, moved, deleted)
		}
	}
	if _, err := facedesign.Add(&face, 1, catalog.ItemLine, "", ""); !errors.Is(err, facedesign.ErrNone) {
		t.Error(err)
	}
	if _, err := facedesign.Add(&face, 0, "film", "", ""); !errors.Is(err, facedesign.ErrNone) {
		t.Error(err)
	}
}

// TestPagesOfAllData draws every built-in type with every kind of data.
func TestPagesOfAllData(t *testing.T) {
	maker, err := licenseface.New(licenseface.Config{VerifyAddress: "https://id.example/verify"})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range catalog.Types() {
		for _, data := range facedesign.AllData {
			values := facedesign.Values(one, data)
			if err := one.CheckValues(values); err != nil {
				t.Errorf("%s %s: %v", one.Code, data, err)
				continue
			}
			d, err := facedesign.Draw(maker, one, values, 99)
			if data == facedesign.DataRare {
				if missing, ok := errors.AsType[*licenseface.UndrawableError](err); !ok || missing.Characters != facedesign.Rare {
					t.Errorf("%s: rare characters: %v", one.Code, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s %s: %v", one.Code, data, err)
				continue
			}
			if d.Page != d.Pages || d.Pages != len(one.Face.Pages)+d.Annexes || data == facedesign.DataSample && d.Annexes != 0 {
				t.Errorf("%s %s: %d of %d pages", one.Code, data, d.Page, d.Pages)
			}
			picture, err := png.DecodeConfig(bytes.NewReader(d.PNG))
			if err != nil || picture.Width != int(math.Ceil(d.WidthMM/25.4*facedesign.DPI)) {
				t.Errorf("%s %s: %d pixels for %v mm: %v", one.Code, data, picture.Width, d.WidthMM, err)
			}
		}
	}
}

func TestDataOfKinds(t *testing.T) {
	business, _ := catalog.Find(businessLicense)
	estate, _ := catalog.Find(realEstate)
	long := facedesign.Values(business, facedesign.DataLongest)
	if scope, _ := business.Field("business_scope"); long.First("business_scope") != strings.Repeat("证", scope.MaxRunes) || long.First(catalog.KeyLicenseNumber) != business.Sample.First(catalog.KeyLicenseNumber) {
		t.Errorf("%v", long)
	}
	if n := len(facedesign.Values(estate, facedesign.DataHolders)[catalog.KeyHolderName]); n != 12 {
		t.Errorf("%d holders of a real estate", n)
	}
	if n := len(facedesign.Values(business, facedesign.DataHolders)[catalog.KeyHolderName]); n != business.MaxHolders {
		t.Errorf("%d holders of a business licence, %d are allowed", n, business.MaxHolders)
	}
	before := business.Sample.Clone()
	for _, data := range facedesign.AllData {
		_ = facedesign.Values(business, data)
	}
	if !reflect.DeepEqual(before, business.Sample) {
		t.Error("the sample was changed")
	}
}

func TestArchivesAreReadAsPackages(t *testing.T) {
	business, _ := catalog.Find(businessLicense)
	packed, err := facedesign.Archive(business.Files())
	if err != nil {
		t.Fatal(err)
	}
	again, err := facedesign.Archive(business.Files())
	if err != nil || !bytes.Equal(packed, again) {
		t.Errorf("equal files give other octets: %v", err)
	}
	files, err := typepackage.ReadZIP(packed)
	if err != nil || !reflect.DeepEqual(files, business.Files()) {
		t.Errorf("%d files: %v", len(files), err)
	}
}

func TestKeysOfAFace(t *testing.T) {
	estate, _ := catalog.Find(realEstate)
	keys := facedesign.Keys(estate.Files()[catalog.FileType])
	seen := map[string]bool{}
	for _, k := range keys {
		if seen[k.Key] || k.Label.In("zh-CN") == "" {
			t.Errorf("%+v", k)
		}
		seen[k.Key] = true
	}
	if !seen["right_nature"] || !seen[catalog.KeyHolderName] || keys[0].Key != estate.Fields[0].Key {
		t.Errorf("%v", keys)
	}
	if elements := facedesign.Keys([]byte("{")); len(elements) == 0 || len(elements) >= len(keys) {
		t.Errorf("%d keys of a file that cannot be read", len(elements))
	}
}

// TestWordsAndLabelsFollowTheirItem: what hangs on an item goes with it, and is gone with it.
func TestWordsAndLabelsFollowTheirItem(t *testing.T) {
	face := small()
	items := func() []catalog.FaceItem { return face.Pages[0].Items }
	face.Pages[0].Items = append(items(), catalog.FaceItem{Kind: catalog.ItemText, Text: "住所", LabelOf: "domicile"}, catalog.FaceItem{Kind: catalog.ItemText, Text: "二"}, catalog.FaceItem{Kind: catalog.ItemText, Text: "二"})
	facedesign.Changed(&face, catalog.FaceItem{}, items()[3], map[string]string{"en": "Address"})
	facedesign.Changed(&face, catalog.FaceItem{}, items()[4], map[string]string{"en": "Two"})
	was := items()[0]
	face.Pages[0].Items[0].ID = "home"
	facedesign.Changed(&face, was, items()[0], nil)
	if items()[3].LabelOf != "home" || face.Words["en"]["住所"] != "Address" {
		t.Errorf("%+v %v", items()[3], face.Words)
	}
	if i, err := facedesign.Copy(&face, 0, 3); err != nil || items()[i].LabelOf != "" {
		t.Errorf("two labels of one item: %v", err)
	}
	if err := facedesign.Delete(&face, 0, 5); err != nil || face.Words["en"]["二"] != "Two" {
		t.Errorf("words that still stand on the face are gone: %v", face.Words)
	}
	if err := facedesign.Delete(&face, 0, 5); err != nil || face.Words["en"]["二"] != "" {
		t.Errorf("words of nothing stay: %v", face.Words)
	}
	if err := facedesign.Delete(&face, 0, 0); err != nil || items()[2].LabelOf != "" {
		t.Errorf("a label of nothing stays: %+v", items()[2])
	}
	facedesign.Changed(&face, items()[2], items()[2], map[string]string{"en": ""})
	if _, there := face.Words["en"]["住所"]; there {
		t.Error("an empty word stays")
	}
}
