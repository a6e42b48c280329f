package licensefile_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
)

func newWorld(t testing.TB) *licensetest.World {
	t.Helper()
	return licensetest.NewWorld(t, licensetest.NewTwin())
}

// sealed issues a licence and gives file and values.
func sealed(t testing.TB, w *licensetest.World, a elicense.Application) (elicense.License, []byte, catalog.Values) {
	t.Helper()
	l := w.Issued(t, a)
	d, err := w.Service.Find(licensetest.Issuer, l.ID)
	if err != nil {
		t.Fatal(err)
	}
	_, file, err := w.Service.Document(licensetest.Issuer, l.ID)
	if err != nil {
		t.Fatal(err)
	}
	return l, file, d.Values
}

func open(t testing.TB, data []byte) *ofd.Package {
	t.Helper()
	p, err := ofd.Open(data, ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// edited is the package with files changed; a nil result drops a file.
func edited(t testing.TB, data []byte, change func(path string, content []byte) []byte, added ...ofd.File) []byte {
	t.Helper()
	p := open(t, data)
	var files []ofd.File
	for _, path := range p.Names() {
		content, err := p.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if content = change(path, slices.Clone(content)); content != nil {
			files = append(files, ofd.File{Path: path, Content: content})
		}
	}
	out, err := ofd.Pack(append(files, added...))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// in replaces a text in the file whose path ends so, and fails the test when it is not there.
func in(t testing.TB, suffix, old, new string) func(string, []byte) []byte {
	done := false
	t.Cleanup(func() {
		if !done {
			t.Errorf("%q is not in %s", old, suffix)
		}
	})
	return func(path string, content []byte) []byte {
		if strings.HasSuffix(path, suffix) && strings.Contains(string(content), old) {
			done = true
			return []byte(strings.Replace(string(content), old, new, 1))
		}
		return content
	}
}

func unsealed(t testing.TB) ([]byte, catalog.Values) {
	t.Helper()
	w := newWorld(t)
	l, _, values := sealed(t, w, licensetest.SampleApplication("B1"))
	data, err := w.Blobs.Get(context.Background(), l.Unsealed)
	if err != nil {
		t.Fatal(err)
	}
	return data, values
}

func TestReadOwnFile(t *testing.T) {
	data, values := unsealed(t)
	l, err := licensefile.Read(open(t, data))
	if err != nil {
		t.Fatal(err)
	}
	if !l.Ours || l.Type == nil || l.TypeCode != licensetest.BusinessLicense || !l.Values.Equal(values) || l.ID != values.First(catalog.KeyLicenseID) || len(l.Deviations) != 0 {
		t.Errorf("%+v", l)
	}
	if l.Status == nil || l.Status.List != licensetest.BaseURL+"/status/1" || l.Status.Signer == "" {
		t.Errorf("%+v", l.Status)
	}
	if err := licensefile.CheckConsistency(open(t, data), values); err != nil {
		t.Error(err)
	}
}

// TestOurFileIsOneWithoutItsMetadata: who takes all of them out of a file of ours does not make it a document that is no licence.
func TestOurFileIsOneWithoutItsMetadata(t *testing.T) {
	data, values := unsealed(t)
	bare := edited(t, data, func(path string, content []byte) []byte {
		begin, end := bytes.Index(content, []byte("<ofd:CustomDatas>")), bytes.Index(content, []byte("</ofd:CustomDatas>"))
		if !strings.HasSuffix(path, "OFD.xml") || begin < 0 || end < begin {
			return content
		}
		return append(bytes.Clone(content[:begin]), content[end+len("</ofd:CustomDatas>"):]...)
	})
	p := open(t, bare)
	if len(p.Current().Info.CustomDatas) != 0 {
		t.Fatal("the metadata are still there")
	}
	l, err := licensefile.Read(p)
	if err != nil || !l.Ours || l.ID != values.First(catalog.KeyLicenseID) {
		t.Fatalf("%+v %v", l, err)
	}
	if err := licensefile.CheckConsistency(p, values); err == nil {
		t.Error("metadata that are gone agree with the register")
	}
}

func TestWhatDisagreesIsNamed(t *testing.T) {
	data, values := unsealed(t)
	const page, head, machine, index = "/Page_0/Content.xml", "OFD.xml", "attach_0.json", "CustomTag_0.xml"
	other := values.Clone()
	other.Set("registered_capital", "贰佰万元整")
	for _, test := range []struct {
		name     string
		data     []byte
		register catalog.Values
		want     string
	}{
		{"register differs", data, other, "machine:registered_capital metadata:registered_capital page:registered_capital"},
		{"register lacks an element", data, without(values, "effective_date"), "machine:effective_date metadata:effective_date page:period"},
		{"page text differs", edited(t, data, in(t, page, "张启明", "张启暗")), values, "page:legal_representative"},
		{"metadata differ", edited(t, data, in(t, head, "张启明", "张启暗")), values, "metadata:legal_representative"},
		{"L-11 metadata of another number", edited(t, data, in(t, head, "91990000MA7QX0003B", "91990000MA7QX00016")), values, "metadata:license_number"},
		{"metadata lack an element", edited(t, data, in(t, head, `<ofd:CustomData Name="KZ_FDDBR">张启明</ofd:CustomData>`, "")), values, "metadata:legal_representative"},
		{"metadata twice", edited(t, data, in(t, head, `<ofd:CustomData Name="KZ_FDDBR">张启明</ofd:CustomData>`, `<ofd:CustomData Name="KZ_FDDBR">张启明</ofd:CustomData><ofd:CustomData Name="KZ_FDDBR">李四</ofd:CustomData>`)), values, "metadata:legal_representative"},
		{"machine file differs", edited(t, data, in(t, machine, "张启明", "张启暗")), values, "machine:legal_representative"},
		{"machine file has more", edited(t, data, in(t, machine, `"data": {`, `"data": {"certificateAreaCode": ["990100"],`)), values, "machine:area_code"},
		{"further text on the page", edited(t, data, in(t, page, "</ofd:Layer>", `<ofd:TextObject ID="9999" Boundary="10 10 50 10" Font="1" Size="4"><ofd:TextCode X="0" Y="4">另有约定</ofd:TextCode></ofd:TextObject></ofd:Layer>`)), values, "page:other_text"},
		{"fixed text changed", edited(t, data, in(t, page, "登记机关", "发证机关")), values, "page:other_text"},
		{"fixed text removed", edited(t, data, in(t, page, ">(副本)<", "><")), values, "page:other_text"},
		{"hidden text", edited(t, data, in(t, page, `<ofd:TextObject `, `<ofd:TextObject Visible="false" `)), values, "page:other_text"},
		{"index names an object twice", edited(t, data, in(t, index, "</Element>", "</Element><Element Item=\"x\"><ObjectRef>"+firstObject(t, data)+"</ObjectRef></Element>")), values, "index:x"},
		{"index calls a value by another name", edited(t, data, in(t, index, `Item="legal_representative"`, `Item="nobody"`)), values, "page:legal_representative index:nobody"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := licensefile.CheckConsistency(open(t, test.data), test.register)
			different, ok := errors.AsType[*licensefile.InconsistentError](err)
			if !ok {
				t.Fatalf("got %v", err)
			}
			var places []string
			for _, m := range different.Mismatches {
				places = append(places, m.Where+":"+m.Key)
			}
			if test.want == "index:x" && len(places) != 1 {
				t.Errorf("%v", places)
			}
			for _, want := range strings.Fields(test.want) {
				if !slices.Contains(places, want) {
					t.Errorf("%v lacks %s", places, want)
				}
			}
			if strings.Contains(err.Error(), "启明") {
				t.Error("the error holds a value")
			}
		})
	}
	if err := licensefile.CheckConsistency(open(t, edited(t, data, in(t, page, "张启明", "张 启明"))), values); err != nil {
		t.Errorf("white space: %v", err)
	}
	for name, broken := range map[string][]byte{
		"no index":          edited(t, data, in(t, "CustomTags.xml", `TypeID="yinxin-data-index"`, `TypeID="other"`)),
		"index file absent": edited(t, data, func(path string, content []byte) []byte { return drop(path, index, content) }),
		"no tags":           edited(t, data, in(t, "Document.xml", "<ofd:CustomTags>Tags/CustomTags.xml</ofd:CustomTags>", "")),
	} {
		if err := licensefile.CheckConsistency(open(t, broken), values); !errors.Is(err, licensefile.ErrMachine) {
			t.Errorf("%s: %v", name, err)
		}
	}
	wrong := values.Clone()
	wrong.Set(catalog.KeyVersion, "002")
	if err := licensefile.CheckConsistency(open(t, data), wrong); err == nil || !strings.Contains(err.Error(), "identifier") {
		t.Errorf("version: %v", err)
	}
}

func drop(path, suffix string, content []byte) []byte {
	if strings.HasSuffix(path, suffix) {
		return nil
	}
	return content
}

func without(values catalog.Values, key string) catalog.Values {
	out := values.Clone()
	delete(out, key)
	return out
}

func firstObject(t *testing.T, data []byte) string {
	t.Helper()
	p := open(t, data)
	for _, path := range p.Names() {
		if strings.HasSuffix(path, "CustomTag_0.xml") {
			content, _ := p.Read(path)
			_, rest, _ := strings.Cut(string(content), "<ofd:ObjectRef")
			_, rest, _ = strings.Cut(rest, ">")
			id, _, _ := strings.Cut(rest, "<")
			return id
		}
	}
	t.Fatal("no index")
	return ""
}

func TestDamagedMachineFiles(t *testing.T) {
	data, _ := unsealed(t)
	const machine = "attach_0.json"
	for name, change := range map[string]func(string, []byte) []byte{
		"not JSON":          in(t, machine, "{", "["),
		"unknown member":    in(t, machine, `"format"`, `"extra": 1, "format"`),
		"another format":    in(t, machine, licensefile.MachineForm, "other/1"),
		"content after":     func(path string, content []byte) []byte { return appendTo(path, machine, content, "{}") },
		"no status":         in(t, machine, `"signer": "`, `"signer": "", "signer_was": "`),
		"identifier twice":  in(t, machine, `"license_id": "1`, `"license_id": "2`),
		"type differs":      in(t, machine, `"license_type_code": "1`, `"license_type_code": "2`),
		"element two names": in(t, machine, `"data": {`, `"data": {"CZZT": ["x"],`),
	} {
		if _, err := licensefile.Read(open(t, edited(t, data, change))); !errors.Is(err, licensefile.ErrMachine) {
			t.Errorf("%s: %v", name, err)
		}
	}
	noise := make([]byte, 1<<20)
	random := rand.New(rand.NewPCG(1, 2)) // does not compress, so that the package itself stays within its bounds
	for i := range noise {
		noise[i] = byte('a' + random.IntN(26))
	}
	large := edited(t, data, func(path string, content []byte) []byte { return appendTo(path, machine, content, string(noise)) })
	if _, err := licensefile.Read(open(t, large)); !errors.Is(err, licensefile.ErrMachine) || !strings.Contains(err.Error(), "too large") {
		t.Errorf("too large: %v", err)
	}
	if result := licensefile.Verify("a.ofd", large, licensefile.Options{}); result.Verdict != verify.Invalid || !slices.ContainsFunc(result.Reasons, func(r verify.Reason) bool { return r.Code == "license_damaged" }) {
		t.Errorf("%+v", result)
	}
}

func appendTo(path, suffix string, content []byte, text string) []byte {
	if strings.HasSuffix(path, suffix) {
		return append(content, text...)
	}
	return content
}

// foreign is an OFD of another maker.
func foreign(t *testing.T, datas []ofd.CustomData, tags ...ofd.BuildTag) []byte {
	t.Helper()
	b := &ofd.Builder{Info: ofd.Info{DocID: "0123456789abcdef0123456789abcdef", CustomDatas: datas}, Pages: []ofd.BuildPage{{Width: 210, Height: 297}}, Tags: tags}
	files, err := b.Files()
	if err != nil {
		t.Fatal(err)
	}
	data, err := ofd.Pack(files)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestFilesOfOtherMakersAreReadLiberally(t *testing.T) {
	const id = "1.2.156.3005.2.11100000MB03271699022.340100.000000016.001.9"
	for name, data := range map[string][]byte{
		"pinyin names":  foreign(t, []ofd.CustomData{{Name: "ZZBS", Value: id}, {Name: "ZZLXDM", Value: licensetest.RealEstateTitle}, {Name: "CZZT", Value: "甲"}, {Name: "CZZT", Value: "乙"}, {Name: "KZ_ZL", Value: "某处"}}),
		"English names": foreign(t, []ofd.CustomData{{Name: "certificateIdentifier", Value: id}, {Name: "certificateTypeCode", Value: licensetest.RealEstateTitle}, {Name: "certificateHolderName", Value: "甲"}, {Name: "certificateHolderName", Value: "乙"}, {Name: "location", Value: "某处"}}),
		"the misspelling of one maker": foreign(t, []ofd.CustomData{{Name: "CZZT", Value: "甲"}, {Name: "CZZT", Value: "乙"}}, ofd.BuildTag{TypeID: "x",
			Content: []byte(`<a xmlns:ofd="http://www.ofdspec.org/2016"><ofd:CuslomDatas><ofd:CuslomData name="ZZBS">` + id + `</ofd:CuslomData><ofd:CuslomData name="ZZLXDM">` + licensetest.RealEstateTitle + `</ofd:CuslomData><ofd:CuslomData name="KZ_ZL">某处</ofd:CuslomData></ofd:CuslomDatas></a>`)}),
	} {
		l, err := licensefile.Read(open(t, data))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if l.Ours || l.Status != nil || l.Type == nil || l.Values.First("location") != "某处" || !slices.Equal(l.Values[catalog.KeyHolderName], []string{"甲", "乙"}) || !slices.Contains(l.Deviations, catalog.IDShortIssuer) {
			t.Errorf("%s: %+v", name, l)
		}
		result := licensefile.Verify("x.ofd", data, licensefile.Options{Options: verify.Options{At: licensetest.Start}})
		if result.Verdict != verify.Indeterminate || result.Code != "V30" || result.License == nil || result.License.Status != "unknown" || result.License.StatusSource != "none" ||
			!slices.ContainsFunc(result.Reasons, func(r verify.Reason) bool {
				return r.Code == "license_id_odd" && behind(r.Message) == string(catalog.IDShortIssuer)
			}) {
			t.Errorf("%s: %+v", name, result)
		}
	}
	if _, err := licensefile.Read(open(t, foreign(t, nil))); !errors.Is(err, licensefile.ErrNoLicense) {
		t.Errorf("no licence: %v", err)
	}
	if _, err := licensefile.Read(open(t, foreign(t, []ofd.CustomData{{Name: "ZZBS", Value: "not an identifier"}}))); !errors.Is(err, licensefile.ErrNoLicense) {
		t.Errorf("odd identifier: %v", err)
	}
	if result := licensefile.Verify("x.ofd", foreign(t, nil), licensefile.Options{}); result.License != nil || result.Code != "V30" {
		t.Errorf("%+v", result)
	}
}

func TestVerdictsOfALicense(t *testing.T) {
	w := newWorld(t)
	l, file, _ := sealed(t, w, licensetest.SampleApplication("B1"))
	current := w.List(t, l.List)
	twin := newWorld(t) // same addresses and names, another root
	foreignList := twin.List(t, 1)
	suspend := w.List(t, l.List)
	suspend.Set(l.Index, statuslist.NotUsable)
	ended := w.List(t, l.List)
	ended.Set(l.Index, statuslist.Ended)
	for _, test := range []struct {
		name    string
		options func(*licensefile.Options)
		verdict verify.Verdict
		code    string
		status  string
	}{
		{"current list", func(*licensefile.Options) {}, verify.Valid, "V00", "valid"},
		{"list that should have been replaced", func(o *licensefile.Options) { o.At = o.At.Add(13 * time.Hour) }, verify.Valid, "V01", "valid"},
		{"list too old", func(o *licensefile.Options) { o.At = o.At.Add(25 * time.Hour) }, verify.Indeterminate, "V01", "unknown"},
		{"list from the future", func(o *licensefile.Options) { o.At = o.At.Add(-2 * time.Minute) }, verify.Indeterminate, "V01", "unknown"},
		{"no list", func(o *licensefile.Options) { o.StatusLists = nil }, verify.Indeterminate, "V01", "unknown"},
		{"list of another root", func(o *licensefile.Options) { o.StatusLists = []*statuslist.List{foreignList} }, verify.Indeterminate, "V01", "unknown"},
		{"list that nobody signed", func(o *licensefile.Options) {
			o.StatusLists = []*statuslist.List{statuslist.New(current.URI, 9, o.At, o.At.Add(time.Hour))}
		}, verify.Indeterminate, "V01", "unknown"},
		{"no roots", func(o *licensefile.Options) { o.Roots = nil }, verify.Indeterminate, "V24", "unknown"},
		{"suspended", func(o *licensefile.Options) { o.StatusLists = []*statuslist.List{suspend} }, verify.Invalid, "V11", "suspended"},
		{"ended", func(o *licensefile.Options) { o.StatusLists = []*statuslist.List{ended} }, verify.Invalid, "V10", "revoked"},
		{"ended, by an old list", func(o *licensefile.Options) {
			o.StatusLists, o.At = []*statuslist.List{ended}, o.At.Add(100*time.Hour)
		}, verify.Invalid, "V10", "revoked"},
		{"suspended, by an old list", func(o *licensefile.Options) {
			o.StatusLists, o.At = []*statuslist.List{suspend}, o.At.Add(100*time.Hour)
		}, verify.Indeterminate, "V01", "unknown"},
		{"the newest list counts", func(o *licensefile.Options) { o.StatusLists = []*statuslist.List{current, ended, suspend} }, verify.Invalid, "V10", "revoked"},
	} {
		t.Run(test.name, func(t *testing.T) {
			options := w.Options(t, current)
			test.options(&options)
			options.CRLs = freshCRLs(t, w, options.At)
			result := licensefile.Verify("a.ofd", file, options)
			if result.Verdict != test.verdict || test.code != "" && (result.Code != test.code || result.License.Status != test.status) {
				t.Errorf("%s %s %+v %+v", result.Verdict, result.Code, result.License, result.Reasons)
			}
			if result.License.LicenseID != l.LicenseID {
				t.Errorf("%+v", result.License)
			}
		})
	}
}

func TestPeriodOfALicense(t *testing.T) {
	w := newWorld(t)
	a := licensetest.SampleApplication("B1")
	a.EffectiveDate, a.ExpiringDate = "20261124", "20261125"
	l, file, _ := sealed(t, w, a)
	list := w.List(t, l.List)
	for at, want := range map[time.Duration]string{time.Hour: "V00", 60 * time.Hour: "V12"} {
		options := w.Options(t, list)
		options.At = options.At.Add(at)
		options.CRLs = freshCRLs(t, w, options.At)
		if result := licensefile.Verify("a.ofd", file, options); result.Code != want {
			t.Errorf("after %v: %s %+v", at, result.Code, result.Reasons)
		}
	}
	early := licensetest.SampleApplication("B2")
	early.EffectiveDate = "20261201"
	l, file, _ = sealed(t, w, early)
	if result := licensefile.Verify("a.ofd", file, w.Options(t, w.List(t, l.List))); result.Verdict != verify.Invalid || result.Code != "V12" {
		t.Errorf("not yet in force: %s", result.Code)
	}
}

func TestChecksStandInTheReport(t *testing.T) {
	w := newWorld(t)
	l, file, _ := sealed(t, w, licensetest.SampleApplication("B1"))
	result := licensefile.Verify("a.ofd", file, w.Options(t, w.List(t, l.List)))
	status := map[string]verify.Status{}
	for _, c := range result.Signatures[0].Checks {
		status[c.Name] = c.Status
	}
	if status["license_data"] != verify.Passed || status["license_status"] != verify.Passed {
		t.Errorf("%v", status)
	}
	english := w.Options(t)
	english.Locale = "en"
	result = licensefile.Verify("a.ofd", file, english)
	if !slices.ContainsFunc(result.Reasons, func(r verify.Reason) bool { return r.Message == "The status of the licence is not known" }) {
		t.Errorf("%+v", result.Reasons)
	}
}

// TestD05CoverageIsStrictForLicenses: content that the seal does not know makes a licence of ours invalid.
func TestD05CoverageIsStrictForLicenses(t *testing.T) {
	w := newWorld(t)
	l, file, _ := sealed(t, w, licensetest.SampleApplication("B1"))
	list := w.List(t, l.List)
	for name, changed := range map[string][]byte{
		"visible file put in": edited(t, file, func(_ string, content []byte) []byte { return content }, ofd.File{Path: "/Doc_0/Annots/x.xml", Content: []byte("<a/>")}),
	} {
		result := licensefile.Verify("a.ofd", changed, w.Options(t, list))
		if result.Verdict != verify.Valid || !slices.ContainsFunc(result.Reasons, func(r verify.Reason) bool { return r.Code == "extra" }) {
			t.Errorf("%s: unreachable content is a note: %s %+v", name, result.Code, result.Reasons)
		}
	}
	for name, changed := range map[string]string{"page": "Content.xml", "machine file": "attach_0.json", "index": "CustomTag_0.xml", "font": "font_0.ttf"} {
		tampered := edited(t, file, func(path string, content []byte) []byte {
			if strings.HasSuffix(path, changed) {
				return append(content, ' ')
			}
			return content
		})
		if result := licensefile.Verify("a.ofd", tampered, w.Options(t, list)); result.Verdict != verify.Invalid || result.Code != "V20" {
			t.Errorf("%s changed: %s %s", name, result.Verdict, result.Code)
		}
	}
}

// TestUnsealedLicense: without a seal nothing is proven, whatever the data say.
func TestUnsealedLicense(t *testing.T) {
	w := newWorld(t)
	l, _, _ := sealed(t, w, licensetest.SampleApplication("B1"))
	plain, err := w.Blobs.Get(context.Background(), l.Unsealed)
	if err != nil {
		t.Fatal(err)
	}
	if result := licensefile.Verify("a.ofd", plain, w.Options(t, w.List(t, l.List))); result.Verdict != verify.Indeterminate || result.Code != "V30" {
		t.Errorf("%s %s %+v", result.Verdict, result.Code, result.Reasons)
	}
}

// TestD06WhatTheSealLeavesOut: a seal that does not cover a visible part makes a licence of ours invalid, not merely
// doubtful.
func TestD06WhatTheSealLeavesOut(t *testing.T) {
	for _, part := range []string{"font_0.ttf", "attach_0.json", "PublicRes.xml", "CustomTag_0.xml"} {
		w := newWorld(t)
		w.Sealer.Describe = func(description []byte) []byte {
			text := string(description)
			at := strings.Index(text, part+`"`)
			if at < 0 {
				t.Fatalf("%s is not covered at all", part)
			}
			from := strings.LastIndex(text[:at], "<ofd:Reference ")
			to := at + strings.Index(text[at:], "</ofd:Reference>") + len("</ofd:Reference>")
			return []byte(text[:from] + text[to:])
		}
		l, file, _ := sealed(t, w, licensetest.SampleApplication("B1"))
		result := licensefile.Verify("a.ofd", file, w.Options(t, w.List(t, l.List)))
		if result.Verdict != verify.Invalid || result.Code != "V21" || result.Coverage.Complete {
			t.Errorf("%s: %s %s %+v", part, result.Verdict, result.Code, result.Reasons)
		}
	}
}

func TestL09SealOfAnotherAuthority(t *testing.T) {
	w := newWorld(t)
	if err := w.Service.PutAuthority(licensetest.As("system:test"), elicense.Authority{Code: "11990000MB7QX0023P", Name: "示例市自然资源和规划局", SealID: licensetest.SealID, TypeCodes: []string{licensetest.BusinessLicense}}); err != nil {
		t.Fatal(err)
	}
	a := licensetest.SampleApplication("B1")
	a.AuthorityCode = "11990000MB7QX0023P"
	l, file, _ := sealed(t, w, a)
	result := licensefile.Verify("a.ofd", file, w.Options(t, w.List(t, l.List)))
	if result.Verdict != verify.Invalid || result.Code != "V25" || !slices.ContainsFunc(result.Reasons, func(r verify.Reason) bool { return r.Code == "issuer_scope" }) {
		t.Errorf("%s %s %+v", result.Verdict, result.Code, result.Reasons)
	}
}

// TestL09WhatStandsInThePlaceOfTheSeal: a whole licence, judged as by anybody, whose certificate and seal name the authority in every way that
// V25 knows. A seal of a person, and a signature without a seal, seal no licence.
func TestL09WhatStandsInThePlaceOfTheSeal(t *testing.T) {
	for name, c := range map[string]struct {
		seal    func(*ses.SealInfo)
		message bool
		code    string
	}{
		"the authority's seal":                {nil, false, "V00"},
		"the seal of a person":                {func(i *ses.SealInfo) { i.Type = ses.TypePerson }, false, "V25"},
		"the seal of a person, named so":      {func(i *ses.SealInfo) { i.Type, i.Name = ses.TypePerson, "王小明（"+licensetest.AuthorityName+"）" }, false, "V25"},
		"a seal of another kind of business":  {func(i *ses.SealInfo) { i.Type = 6 }, false, "V00"},
		"a message of the authority, no seal": {nil, true, "V25"},
	} {
		w := newWorld(t)
		l, _, _ := sealed(t, w, licensetest.SampleApplication("B1"))
		plain, err := w.Blobs.Get(context.Background(), l.Unsealed)
		if err != nil {
			t.Fatal(err)
		}
		w.Sealer.Seal, w.Sealer.Message = c.seal, c.message
		file, err := w.Sealer.Stamp(context.Background(), elicense.StampRequest{Key: name, SealID: licensetest.SealID, Document: plain, Slot: catalog.SealSlot{Page: 1, XMM: 120, YMM: 200, WidthMM: 42, HeightMM: 42}})
		if err != nil {
			t.Fatal(err)
		}
		if c.message {
			file = edited(t, file, in(t, "Signatures.xml", `Type="Seal"`, `Type="Sign"`))
		}
		result := licensefile.Verify("a.ofd", file, w.Options(t, w.List(t, l.List)))
		scope := slices.ContainsFunc(result.Reasons, func(r verify.Reason) bool { return r.Code == "issuer_scope" })
		if result.Code != c.code || (result.Verdict == verify.Valid) != (c.code == "V00") || scope != (c.code == "V25") {
			t.Errorf("%s: %s %s %+v", name, result.Verdict, result.Code, result.Reasons)
		}
		// Nothing but who sealed it speaks against it: the signature holds, and is of the authority's certificate.
		if s := result.Signatures; len(s) != 1 || s[0].Verdict != verify.Valid || (s[0].Seal == nil) != c.message || !strings.Contains(s[0].Signer.Subject, licensetest.AuthorityName) {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestTextsThatAreNoCodes(t *testing.T) {
	for text, want := range map[string]string{
		"LZ1:ABC":                    "V31",
		"https://evil.example/v/123": "V41", // L-12
		"HTTP://EVIL.EXAMPLE":        "V41",
	} {
		result := licensefile.Verify("code.txt", []byte(text+"\r\n"), licensefile.Options{Options: verify.Options{At: licensetest.Start}})
		if result.Format != "presentation" || result.Verdict != verify.Invalid || result.Code != want || result.License != nil || result.File != "code.txt" {
			t.Errorf("%s: %+v", text, result)
		}
	}
	for _, text := range []string{"hello", "", "LZ2:ABC", "https://a\nhttps://b", "LZ1:" + strings.Repeat("A", 5000)} {
		if result := licensefile.Verify("a.txt", []byte(text), licensefile.Options{}); result.Format == "presentation" {
			t.Errorf("%.20q is taken for a code", text)
		}
	}
}

func TestReportsAreStableJSON(t *testing.T) {
	w := newWorld(t)
	l, file, _ := sealed(t, w, licensetest.SampleApplication("B1"))
	options := w.Options(t, w.List(t, l.List))
	a, err := json.Marshal(licensefile.Verify("a.ofd", file, options))
	if err != nil {
		t.Fatal(err)
	}
	b, _ := json.Marshal(licensefile.Verify("a.ofd", file, options))
	if string(a) != string(b) {
		t.Errorf("two judgements differ:\n%s\n%s", a, b)
	}
}

func FuzzVerifyLicense(f *testing.F) {
	w := newWorld(f)
	l, file, _ := sealed(f, w, licensetest.SampleApplication("B1"))
	options := w.Options(f, w.List(f, l.List))
	f.Add(file)
	f.Add([]byte("LZ1:ABC"))
	f.Add([]byte("https://x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		result := licensefile.Verify("a.ofd", data, options)
		if result.Verdict == verify.Valid && string(data) != string(file) && result.License != nil && result.License.LicenseID != l.LicenseID {
			t.Errorf("another licence is valid: %+v", result)
		}
	})
}
