package elicense_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// honour is the built-in type whose second version has a photo.
const honour = "11980000MB7QX1034Y001"

// portrait is a picture of one colour with a place written behind its end.
func portrait(t testing.TB, width, height int, c color.Color) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			m.Set(x, y, c)
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, nil); err != nil {
		t.Fatal(err)
	}
	return append(out.Bytes(), "GPS 39.9,116.4"...)
}

func honourApplication(businessNumber string, photo []byte) elicense.Application {
	licenseType, _ := catalog.Find(honour)
	sample := licenseType.Sample
	a := elicense.Application{BusinessNumber: businessNumber, TypeCode: honour, AuthorityCode: licensetest.AuthorityCode, LicenseNumber: sample.First(catalog.KeyLicenseNumber), Fields: map[string]string{}, Photo: photo, HolderRef: licensetest.Holder,
		Holders: []elicense.Holder{{Name: sample.First(catalog.KeyHolderName), CodeType: sample.First(catalog.KeyHolderType), Code: sample.First(catalog.KeyHolderCode)}}}
	for _, f := range licenseType.Fields {
		if f.Own && f.Kind != catalog.KindPhoto {
			a.Fields[f.Key] = sample.First(f.Key)
		}
	}
	return a
}

func photoWorld(t testing.TB) (*licensetest.World, *licensetest.Twin) {
	t.Helper()
	w, twin := newWorld(t)
	w.RealLetters = true
	w.Restart(t)
	if err := w.Service.PutAuthority(licensetest.As("system:test"), elicense.Authority{Code: licensetest.AuthorityCode, Name: licensetest.AuthorityName, SealID: licensetest.SealID, TypeCodes: []string{honour, licensetest.BusinessLicense}}); err != nil {
		t.Fatal(err)
	}
	return w, twin
}

// TestALicenceWithAPhoto: what was handed in is made anew, stored encrypted, drawn, sealed and judged; each form shows it, and the next version takes it over.
func TestALicenceWithAPhoto(t *testing.T) {
	w, _ := photoWorld(t)
	l := w.Issued(t, honourApplication("P1", portrait(t, 716, 882, color.RGBA{30, 120, 200, 255})))
	photo, err := w.Service.Photo(licensetest.Person, l.ID)
	if err != nil {
		t.Fatal(err)
	}
	if config, err := jpeg.DecodeConfig(bytes.NewReader(photo)); err != nil || config.Width != 358 || config.Height != 441 || bytes.Contains(photo, []byte("GPS")) {
		t.Errorf("%+v %v", config, err)
	}
	d, err := w.Service.Find(licensetest.Person, l.ID)
	if err != nil {
		t.Fatal(err)
	}
	if named, ok := w.Service.TypeOf(d.License).PhotoOf(d.Values); !ok || named.SM3 != digest.Hex(photo) || named.Octets != len(photo) {
		t.Errorf("the values name %+v", named)
	}
	if stored, err := w.Blobs.Get(context.Background(), d.Photo); err != nil || bytes.Contains(stored, photo[20:60]) {
		t.Errorf("the picture is not encrypted: %v", err)
	}
	name, document, err := w.Service.Document(licensetest.Person, l.ID)
	if err != nil {
		t.Fatal(err)
	}
	if report := licensefile.Verify(name, document, w.Options(t, w.List(t, l.List))); report.Verdict != verify.Valid || report.Code != "V00" {
		t.Fatalf("%+v", report)
	}
	p, err := ofd.Open(document, ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if inside, err := p.Read("/Doc_0/Res/image_0.jpeg"); err != nil || !bytes.Equal(inside, photo) {
		t.Errorf("the file in the package: %v", err)
	}
	for form, want := range map[elicense.Form]string{elicense.FormPDF: "/Alt <feff" + "71677247>", elicense.FormHTML: `alt="照片" src="data:image/jpeg;base64,`, elicense.FormText: "照片：见网页版、PDF 或原件", elicense.FormPNG: "\x89PNG"} {
		if e, err := w.Service.Edition(licensetest.Person, l.ID, form, "", 1); err != nil || !bytes.Contains(e.Content, []byte(want)) {
			t.Errorf("%s: %v", form, err)
		}
	}
	next := honourApplication("P2", nil)
	next.Replaces = l.ID
	second := w.Issued(t, next)
	if taken, err := w.Service.Photo(licensetest.Person, second.ID); err != nil || !bytes.Equal(taken, photo) {
		t.Errorf("the new version has another picture: %v", err)
	}
	third := honourApplication("P3", portrait(t, 358, 441, color.Black))
	third.Replaces = second.ID
	if other, err := w.Service.Photo(licensetest.Person, w.Issued(t, third).ID); err != nil || bytes.Equal(other, photo) {
		t.Errorf("a picture that is given does not replace the one before: %v", err)
	}
}

func TestWhoReadsAPhoto(t *testing.T) {
	w, _ := photoWorld(t)
	l := w.Issued(t, honourApplication("P1", portrait(t, 358, 441, color.White)))
	bare := w.Issued(t, honourApplication("P2", nil))
	for name, c := range map[string]struct {
		as   context.Context
		id   string
		code fault.Code
	}{
		"the holder": {licensetest.Person, l.ID, ""}, "who enters": {licensetest.Clerk, l.ID, ""}, "who reviews": {licensetest.Reviewer, l.ID, ""},
		"somebody else": {licensetest.As("account:else"), l.ID, fault.NotFound}, "nobody": {licensetest.As(""), l.ID, fault.Unauthenticated},
		"a licence without one": {licensetest.Person, bare.ID, fault.PhotoNone},
	} {
		if photo, err := w.Service.Photo(c.as, c.id); fault.CodeOf(err) != c.code && err != nil || (c.code == "") != (photo != nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
	shown, err := w.Service.Present(licensetest.Person, l.ID, elicense.PresentRequest{Profile: "a"})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range shown.Fields {
		if f.Key == "photo" || strings.Contains(f.Value, "sm3=") {
			t.Errorf("a code shows %+v", f)
		}
	}
}

func TestPhotosThatAreRefused(t *testing.T) {
	w, _ := photoWorld(t)
	named := honourApplication("P1", nil)
	named.Fields["photo"] = catalog.Photo{WidthPX: 358, HeightPX: 441, Octets: 9000, SM3: strings.Repeat("0", 64)}.String()
	business := licensetest.SampleApplication("P2")
	business.Photo = portrait(t, 358, 441, color.White)
	for name, c := range map[string]struct {
		a    elicense.Application
		code fault.Code
	}{
		"no picture":                    {honourApplication("P1", []byte("<svg/>")), fault.PhotoFormat},
		"a landscape":                   {honourApplication("P1", portrait(t, 882, 716, color.White)), fault.PhotoShape},
		"too small":                     {honourApplication("P1", portrait(t, 179, 220, color.White)), fault.PhotoSize},
		"named and not handed in":       {named, fault.LicenseFieldForm},
		"of a type that has no picture": {business, fault.LicenseFieldUnknown},
	} {
		_, _, err := w.Service.Apply(licensetest.Clerk, c.a)
		if f, ok := errors.AsType[*fault.Fault](err); !ok || f.Code != fault.LicenseValues || len(f.Fields) != 1 || f.Fields[0].Code != c.code || f.Fields[0].Name != "photo" {
			t.Errorf("%s: %+v", name, err)
		}
	}
	if rows, _, err := w.Service.List(licensetest.Clerk, elicense.Filter{}); err != nil || len(rows) != 0 {
		t.Errorf("%d applications stand there: %v", len(rows), err)
	}
}

// TestAPhotoStaysWhenAnApplicationIsCorrected: the same application twice is one, another picture makes another, and one that was returned keeps its picture.
func TestAPhotoStaysWhenAnApplicationIsCorrected(t *testing.T) {
	w, _ := photoWorld(t)
	a := honourApplication("P1", portrait(t, 358, 441, color.White))
	l, created, err := w.Service.Apply(licensetest.Clerk, a)
	if err != nil || !created {
		t.Fatal(err)
	}
	before, err := w.Service.Photo(licensetest.Clerk, l.ID)
	if err != nil {
		t.Fatal(err)
	}
	if again, created, err := w.Service.Apply(licensetest.Clerk, a); err != nil || created || again.ID != l.ID {
		t.Errorf("the same picture once more: %v", err)
	}
	other := honourApplication("P1", portrait(t, 358, 441, color.Black))
	if _, _, err := w.Service.Apply(licensetest.Clerk, other); fault.CodeOf(err) != fault.LicenseBusinessNumber {
		t.Errorf("another picture under the number: %v", err)
	}
	if _, err := w.Service.Review(licensetest.Reviewer, l.ID, elicense.Return, "事迹日期有误", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Service.Correct(licensetest.Clerk, l.ID, honourApplication("P1", nil)); err != nil {
		t.Fatal(err)
	}
	if after, err := w.Service.Photo(licensetest.Clerk, l.ID); err != nil || !bytes.Equal(after, before) {
		t.Errorf("after the correction: %v", err)
	}
}

// A table of a batch holds no pictures, so that it has no column that could only be refused.
func TestBatchesHaveNoColumnForAPhoto(t *testing.T) {
	kind, ok := catalog.Find(honour)
	if !ok {
		t.Fatal("no type with a photo")
	}
	field, ok := kind.PhotoField()
	if !ok {
		t.Fatal("the type has no photo")
	}
	if keys, required := elicense.BatchFields(kind); slices.Contains(keys, field.Key) || required[field.Key] {
		t.Errorf("%v", keys)
	}
}
