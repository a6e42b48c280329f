package licenseface

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/licensephoto"
	"github.com/yinxin-gov/yinxin/esign/ofd"
)

var status = licensefile.StatusEntry{List: "https://id.example/status/1", Index: 7, Signer: "状态服务"}

func newMaker(t testing.TB) *Maker {
	t.Helper()
	m, err := New(Config{VerifyAddress: "https://id.example/verify"})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// withPhoto gives values whose photo, where they have one, is the silhouette of samples.
func withPhoto(t testing.TB, licenseType *catalog.Type, values catalog.Values) (catalog.Values, []byte) {
	t.Helper()
	values, photo, err := licensephoto.WithSilhouette(licenseType, values)
	if err != nil {
		t.Fatal(err)
	}
	return values, photo
}

func build(t testing.TB, licenseType *catalog.Type, values catalog.Values) *ofd.Package {
	t.Helper()
	values, photo := withPhoto(t, licenseType, values)
	data, err := newMaker(t).Build(licenseType, values, photo, status)
	if err != nil {
		t.Fatal(err)
	}
	p, err := ofd.Open(data, ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestEveryTypeCanBeMade builds the sample of each type with the built-in letters.
func TestEveryTypeCanBeMade(t *testing.T) {
	m := newMaker(t)
	for _, licenseType := range catalog.Types() {
		sample, photo := withPhoto(t, licenseType, licenseType.Sample)
		data, err := m.Build(licenseType, sample, photo, status)
		if err != nil {
			t.Errorf("%s: %v", licenseType.Code, err)
			continue
		}
		again, err := m.Build(licenseType, sample, photo, status)
		if err != nil || !bytes.Equal(data, again) {
			t.Errorf("%s: equal input gives different octets: %v", licenseType.Code, err)
		}
		if len(data) > 200<<10 {
			t.Errorf("%s: %d octets: the fonts are not subsets", licenseType.Code, len(data))
		}
		p, err := ofd.Open(data, ofd.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Faults)+len(p.Dangling)+len(p.Deviations) > 0 {
			t.Errorf("%s: faults %v, dangling %v, deviations %v", licenseType.Code, p.Faults, p.Dangling, p.Deviations)
		}
		for _, name := range p.Names() {
			if p.RoleOf(name) == ofd.Extra {
				t.Errorf("%s: nothing reaches %s", licenseType.Code, name)
			}
		}
		if err := licensefile.CheckConsistency(p, sample); err != nil {
			t.Errorf("%s: %v", licenseType.Code, err)
		}
		l, err := licensefile.Read(p)
		if err != nil || *l.Status != status {
			t.Errorf("%s: %+v %v", licenseType.Code, l, err)
		}
		t.Logf("%s: %d octets", licenseType.Code, len(data))
	}
}

// longest fills every text field of a type with its longest value.
func longest(licenseType *catalog.Type) catalog.Values {
	values := licenseType.Sample.Clone()
	for _, f := range licenseType.Fields {
		if f.Kind == catalog.KindText && (f.Own || f.Key == catalog.KeyAuthority || f.Key == catalog.KeyHolderName || f.Key == catalog.KeyLicenseNumber && licenseType.NumberKey == "") {
			for i := range values[f.Key] {
				values[f.Key] = slices.Clone(values[f.Key])
				values[f.Key][i] = strings.Repeat("证", f.MaxRunes)
			}
		}
	}
	return values
}

// TestLongestValuesAreShownInFull: nothing is cut; what does not fit its box goes to an annex page, inside the pages.
func TestLongestValuesAreShownInFull(t *testing.T) {
	for _, licenseType := range catalog.Types() {
		values, _ := withPhoto(t, licenseType, longest(licenseType))
		p := build(t, licenseType, values)
		if err := licensefile.CheckConsistency(p, values); err != nil {
			t.Errorf("%s: %v", licenseType.Code, err)
		}
		mayOverflow := slices.ContainsFunc(licenseType.Bound(), func(item catalog.FaceItem) bool { return item.Overflow == catalog.OverflowAnnex })
		if mayOverflow != (len(p.Current().Pages) >= 2) {
			t.Errorf("%s: %d pages", licenseType.Code, len(p.Current().Pages))
		}
		checkInside(t, p)
	}
}

// checkInside asserts that all text lies on its page.
func checkInside(t *testing.T, p *ofd.Package) {
	t.Helper()
	for i, page := range p.Current().Pages {
		runs, err := p.PageText(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, run := range runs {
			if run.X < 0 || run.Y < 0 || run.X > page.Area.Width || run.Y > page.Area.Height || run.Hidden {
				t.Errorf("page %d: text at %v, %v", i+1, run.X, run.Y)
			}
		}
	}
}

func TestLinesBreakByTheRules(t *testing.T) {
	business, _ := catalog.Find("11100000MB0143028R001")
	values := business.Sample.Clone()
	values.Set("business_scope", strings.Repeat("一般项目:软件开发(含ISO27001认证);数据处理;", 12))
	p := build(t, business, values)
	runs, err := p.PageText(p.Current().Pages[0])
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, run := range runs {
		if run.X < 51 || run.X > 53 || run.Y < 108 || run.Y > 181 || !strings.Contains(values.First("business_scope"), run.Value) {
			continue
		}
		lines++
		runes := []rune(run.Value)
		if strings.ContainsRune(notFirst, runes[0]) || strings.ContainsRune(notLast, runes[len(runes)-1]) {
			t.Errorf("line %q", run.Value)
		}
		if strings.HasPrefix(run.Value, "7001") || strings.HasSuffix(run.Value, "ISO") {
			t.Errorf("a word is cut: %q", run.Value)
		}
	}
	if lines < 5 {
		t.Errorf("%d lines found", lines)
	}
}

func TestTextShrinksBeforeItOverflows(t *testing.T) {
	business, _ := catalog.Find("11100000MB0143028R001")
	size := func(value string) float64 {
		values := business.Sample.Clone()
		values.Set("company_type", value)
		p := build(t, business, values)
		runs, err := p.PageText(p.Current().Pages[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, run := range runs {
			if run.Value == value {
				return run.Size
			}
		}
		t.Fatalf("%q is not shown", value)
		return 0
	}
	short, long := size("有限责任公司"), size(strings.Repeat("司", 35))
	if short != 4.2 || long >= short || long < 2.4 {
		t.Errorf("sizes %v and %v", short, long)
	}
}

func TestRefusals(t *testing.T) {
	m := newMaker(t)
	business, _ := catalog.Find("11100000MB0143028R001")
	values := business.Sample.Clone()
	values.Set("domicile", "𠮷祥路\U0002A6B2号")
	_, err := m.Build(business, values, nil, status)
	undrawable, ok := errors.AsType[*UndrawableError](err)
	if !ok || undrawable.Item != "domicile" || undrawable.Characters != "𠮷\U0002A6B2" {
		t.Errorf("rare characters: %v", err)
	}
	delete(values, "domicile")
	if _, err := m.Build(business, values, nil, status); !errors.Is(err, ErrValues) {
		t.Errorf("missing value: %v", err)
	}
	if _, err := New(Config{}); !errors.Is(err, ErrValues) {
		t.Errorf("no address: %v", err)
	}
	if _, err := New(Config{VerifyAddress: "x", Faces: map[string]Typeface{"sans": BuiltIn()["sans"]}}); !errors.Is(err, ErrTypeface) {
		t.Errorf("face missing: %v", err)
	}
	tight := *business
	tight.Face.Pages = slices.Clone(business.Face.Pages)
	tight.Face.Pages[0].Items = slices.Clone(business.Face.Pages[0].Items)
	for i, item := range tight.Face.Pages[0].Items {
		if item.ID == "title" || item.ID == "company_type" {
			tight.Face.Pages[0].Items[i].WidthMM = 5
			_, err := m.Build(&tight, business.Sample, nil, status)
			if !errors.Is(err, ErrOverflow) {
				t.Errorf("%s in a box that is too small: %v", item.ID, err)
			}
			tight.Face.Pages[0].Items[i] = item
		}
	}
}

// TestQRCode reads the drawn modules back and compares them with the finder patterns and the address.
func TestQRCode(t *testing.T) {
	item := catalog.FaceItem{Kind: catalog.ItemQR, WidthMM: 30, HeightMM: 30}
	path, err := qrPath(item, "https://id.example/verify?license_id=1.2")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(path.Data, "M ") || !path.Fill || strings.Count(path.Data, "M ") < 100 {
		t.Errorf("%.80s", path.Data)
	}
	var x, y float64
	if _, err := fmt.Sscanf(path.Data, "M %f %f", &x, &y); err != nil || x != y || x < 30.0/60*4*0.5 {
		t.Errorf("the quiet zone is missing: %v %v %v", x, y, err)
	}
	if _, err := qrPath(item, strings.Repeat("x", 5000)); err == nil {
		t.Error("an address too long for any code is drawn")
	}
}

// TestCheckOfATemplate: what a template writes itself must be drawable before a licence is made by it.
func TestCheckOfATemplate(t *testing.T) {
	m := newMaker(t)
	business, _ := catalog.Find("11100000MB0143028R001")
	edited := func(change func(*catalog.FaceItem, *catalog.FaceAnnex)) *catalog.Type {
		other := *business
		other.Face.Pages = slices.Clone(business.Face.Pages)
		other.Face.Pages[0].Items = slices.Clone(business.Face.Pages[0].Items)
		for i := range other.Face.Pages[0].Items {
			if item := &other.Face.Pages[0].Items[i]; item.ID == "title" {
				change(item, &other.Face.Annex)
			}
		}
		return &other
	}
	if err := m.Check(business); err != nil {
		t.Error(err)
	}
	if _, ok := errors.AsType[*UndrawableError](m.Check(edited(func(i *catalog.FaceItem, _ *catalog.FaceAnnex) { i.Text = "𠮷" }))); !ok {
		t.Error("a fixed text that cannot be drawn is taken")
	}
	if _, ok := errors.AsType[*UndrawableError](m.Check(edited(func(_ *catalog.FaceItem, a *catalog.FaceAnnex) { a.Title = "𠮷" }))); !ok {
		t.Error("a title of annexes that cannot be drawn is taken")
	}
	if err := m.Check(edited(func(i *catalog.FaceItem, _ *catalog.FaceAnnex) { i.WidthMM = 20 })); !errors.Is(err, ErrOverflow) {
		t.Errorf("a title wider than its box: %v", err)
	}
	if err := m.Check(edited(func(i *catalog.FaceItem, _ *catalog.FaceAnnex) { i.Font = "gothic" })); !errors.Is(err, ErrTypeface) {
		t.Errorf("a face of letters that is not there: %v", err)
	}
}

func BenchmarkBuild(b *testing.B) {
	m := newMaker(b)
	business, _ := catalog.Find("11100000MB0143028R001")
	for b.Loop() {
		if _, err := m.Build(business, business.Sample, nil, status); err != nil {
			b.Fatal(err)
		}
	}
}
