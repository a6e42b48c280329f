package licensefile_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensecopy"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/typeface"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// sampleCopy is what a copy of the sample licence says, made now and good for two days.
func sampleCopy(w *licensetest.World) licensefile.Copy {
	return licensefile.Copy{
		ID: "lcopy_1", Grant: "lgrant_1", Creator: licensetest.AuthorityName, CreatorCode: licensetest.AuthorityCode, Receiver: "示例市住房公积金管理中心", ReceiverCode: "11990000MB7QX0023P",
		PurposeCode: "housing", Cause: "公积金提取", Created: catalog.Stamp(w.Now()), Expires: catalog.Stamp(w.Now().Add(48 * time.Hour)), RecordURL: licensetest.BaseURL + "/verify/copies/lcopy_1",
	}
}

// stamped seals a document as the maker of a copy does.
func stamped(t testing.TB, w *licensetest.World, document []byte, slot catalog.SealSlot) []byte {
	t.Helper()
	file, err := w.Sealer.Stamp(context.Background(), elicense.StampRequest{Key: t.Name() + digest.Hex(document), SealID: licensetest.SealID, Document: document, Slot: slot})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func copied(t testing.TB, original []byte, data licensefile.Copy) licensecopy.Copy {
	t.Helper()
	c, err := licensecopy.Make(typeface.Sans(), original, data)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestACopyProvesItselfAndItsOriginal(t *testing.T) {
	w := newWorld(t)
	l, original, values := sealed(t, w, licensetest.SampleApplication("B1"))
	made := copied(t, original, sampleCopy(w))
	again := copied(t, original, sampleCopy(w))
	if !bytes.Equal(made.Document, again.Document) {
		t.Error("the same data give other octets")
	}
	file := stamped(t, w, made.Document, made.Slot)
	p := open(t, file)
	inner, _ := p.Attachment(licensefile.OriginalName)
	if !bytes.Equal(inner, original) {
		t.Error("the original in the copy has other octets")
	}
	if err := licensefile.CheckCopy(p, original, made.Data); err != nil {
		t.Error(err)
	}
	other := made.Data
	other.Cause = "贷款"
	if err := licensefile.CheckCopy(p, original, other); !errors.Is(err, licensefile.ErrCopy) {
		t.Errorf("compared with other data: %v", err)
	}
	options := w.Options(t, w.List(t, l.List))
	result := licensefile.Verify("copy.ofd", file, options)
	if result.Verdict != verify.Valid || result.Code != "V00" || result.License == nil || result.License.LicenseID != l.LicenseID || result.License.Status != "valid" {
		t.Fatalf("%s %s %+v", result.Verdict, result.Code, result.Reasons)
	}
	if len(result.Signatures) != 2 || result.Signatures[1].ID != "original/s001" || result.Signatures[0].Verdict != verify.Valid || result.Signatures[1].Verdict != verify.Valid {
		t.Errorf("%+v", result.Signatures)
	}
	if !result.Coverage.Complete || !slices.ContainsFunc(result.Reasons, func(r verify.Reason) bool {
		return r.Code == "copy_of_license" && strings.Contains(r.Message, "仅供公积金提取使用")
	}) {
		t.Errorf("%+v %+v", result.Coverage, result.Reasons)
	}
	// Its pages are those of the original, its metadata are those and the four of a copy.
	for _, name := range []string{"/Doc_0/Pages/Page_0/Content.xml", "/Doc_0/PublicRes.xml"} {
		a, err := p.Read(name)
		b, _ := open(t, original).Read(name)
		if err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s has other octets", name)
		}
	}
	custom := catalog.Values{}
	for _, data := range p.Current().Info.CustomDatas {
		custom[data.Name] = append(custom[data.Name], data.Value)
	}
	for name, want := range map[string]string{"JZJZZSJ": made.Data.Created, "JZJZZZ": licensetest.AuthorityName, "JZJZZSY": "公积金提取", "JZJYXQJZSJ": made.Data.Expires, "ZZBS": values.First(catalog.KeyLicenseID)} {
		if !slices.Equal(custom[name], []string{want}) {
			t.Errorf("%s: %v", name, custom[name])
		}
	}
}

func reasonsOf(result verify.Result) (codes []string) {
	for _, r := range result.Reasons {
		codes = append(codes, r.Code)
	}
	return codes
}

// TestWhatIsNoCopyIsRefused: whoever holds a genuine seal changes an unsealed copy and seals it.
func TestWhatIsNoCopyIsRefused(t *testing.T) {
	w := newWorld(t)
	l, original, _ := sealed(t, w, licensetest.SampleApplication("B1"))
	second := licensetest.SampleApplication("B2")
	_, otherOriginal, _ := sealed(t, w, second)
	plain, err := w.Blobs.Get(context.Background(), l.Unsealed)
	if err != nil {
		t.Fatal(err)
	}
	made := copied(t, original, sampleCopy(w))
	document := made.Document
	options := w.Options(t, w.List(t, l.List))
	same := func(_ string, content []byte) []byte { return content }
	const words, page, machine, root, tail = "Overlay/Annot_0.xml", "Overlay/Page_0.xml", "attach_1.json", "Document.xml", "OFD.xml"
	swapped := func(other []byte) func(string, []byte) []byte {
		return func(path string, content []byte) []byte {
			if strings.HasSuffix(path, "attach_0.ofd") {
				return other
			}
			return content
		}
	}
	without := func(suffix string) func(string, []byte) []byte {
		return func(path string, content []byte) []byte {
			if strings.HasSuffix(path, suffix) {
				return nil
			}
			return content
		}
	}
	broken := edited(t, original, in(t, "/Page_0/Content.xml", "张启明", "张启暗"))
	nested := stamped(t, w, document, made.Slot)
	for _, c := range []struct {
		name     string
		document []byte
		reason   string
		code     string
	}{
		{"words with another purpose", edited(t, document, in(t, words, "公积金提取", "贷款")), "copy_layer_mismatch", "V20"},
		{"words that cannot be seen", edited(t, document, in(t, words, `Alpha="90"`, `Alpha="0"`)), "copy_layer_mismatch", "V20"},
		{"words that hide what is below", edited(t, document, in(t, words, ` Alpha="90"`, ``)), "copy_layer_mismatch", "V20"},
		{"something painted over the original", edited(t, document, in(t, words, `</ofd:Appearance>`, `<ofd:PathObject ID="9999" Boundary="0 0 210 297" Fill="true" Stroke="false"><ofd:FillColor Value="255 255 255"/><ofd:AbbreviatedData>M 0 0 L 210 0 L 210 297 L 0 297 C</ofd:AbbreviatedData></ofd:PathObject></ofd:Appearance>`)), "copy_layer_mismatch", "V20"},
		{"no words", edited(t, document, in(t, root, `<ofd:Annotations>Overlay/Annotations.xml</ofd:Annotations>`, ``)), "copy_layer_mismatch", "V20"},
		{"a page of the original changed", edited(t, document, in(t, "/Page_0/Content.xml", "张启明", "张启暗")), "copy_layer_mismatch", "V20"},
		{"another end on the further page", edited(t, document, in(t, page, "有效期截止时间：2026", "有效期截止时间：2036")), "copy_layer_mismatch", "V20"},
		{"another end in the metadata", edited(t, document, in(t, tail, `Name="JZJYXQJZSJ">2026`, `Name="JZJYXQJZSJ">2036`)), "copy_layer_mismatch", "V20"},
		{"another end in the machine file", edited(t, document, in(t, machine, `"copy_expires_at": "2026`, `"copy_expires_at": "2036`)), "copy_layer_mismatch", "V20"},
		{"another code", edited(t, document, in(t, machine, `"1111111`, `"1011111`)), "copy_layer_mismatch", "V20"},
		{"a further file", edited(t, document, same, ofd.File{Path: "/Doc_0/Overlay/more.xml", Content: []byte("<a/>")}), "copy_layer_mismatch", "V20"},
		{"another original", edited(t, document, swapped(otherOriginal)), "copy_damaged", "V20"},
		{"a copy of a copy", edited(t, document, swapped(nested)), "copy_of_copy", "V20"},
		{"an original that was changed", copiedAnyway(t, w, broken), "DIGEST_MISMATCH", "V20"},
		{"an original without a seal", edited(t, document, swapped(plain)), "unsigned", "V20"},
		{"no original", edited(t, document, without("attach_0.ofd")), "copy_damaged", "V20"},
		{"an original that is no file", edited(t, document, swapped([]byte("nothing"))), "copy_damaged", "V31"},
		{"a machine file with more in it", edited(t, document, in(t, machine, `"format"`, `"more": 1, "format"`)), "copy_damaged", "V20"},
		{"a machine file of another form", edited(t, document, in(t, machine, `license-copy/1`, `license-copy/2`)), "copy_damaged", "V20"},
		{"a copy shown as an original", edited(t, document, in(t, "Attachments.xml", `Name="copy.json"`, `Name="other.json"`)), "copy_fields_on_original", "V20"},
		{"an original with the data of a copy", edited(t, plain, in(t, tail, `</ofd:CustomDatas>`, `<ofd:CustomData Name="JZJZZSY">贷款</ofd:CustomData></ofd:CustomDatas>`)), "copy_fields_on_original", "V20"},
	} {
		t.Run(c.name, func(t *testing.T) {
			result := licensefile.Verify("copy.ofd", stamped(t, w, c.document, catalog.SealSlot{Page: 1, XMM: 100, YMM: 200, WidthMM: 40, HeightMM: 40}), options)
			if result.Verdict != verify.Invalid || result.Code != c.code || !slices.Contains(reasonsOf(result), c.reason) {
				t.Errorf("%s %s %v", result.Verdict, result.Code, reasonsOf(result))
			}
		})
	}
	if result := licensefile.Verify("copy.ofd", document, options); result.Verdict != verify.Invalid || !slices.Contains(reasonsOf(result), "issuer_scope") {
		t.Errorf("a copy that nobody sealed: %s %v", result.Verdict, reasonsOf(result))
	}
}

// copiedAnyway is a copy of an original that does not hold, as Make makes it, which judges nothing.
func copiedAnyway(t *testing.T, w *licensetest.World, original []byte) []byte {
	t.Helper()
	return copied(t, original, sampleCopy(w)).Document
}

func TestACopyEndsWithItsTimeAndWithItsOriginal(t *testing.T) {
	w := newWorld(t)
	l, original, _ := sealed(t, w, licensetest.SampleApplication("B1"))
	made := copied(t, original, sampleCopy(w))
	file := stamped(t, w, made.Document, made.Slot)
	judged := func(at time.Time) verify.Result {
		options := w.Options(t, w.List(t, l.List))
		options.At, options.CRLs = at, freshCRLs(t, w, at)
		return licensefile.Verify("copy.ofd", file, options)
	}
	if r := judged(w.Now().Add(47 * time.Hour)); slices.Contains(reasonsOf(r), "copy_expired") {
		t.Errorf("before its end: %v", reasonsOf(r))
	}
	if r := judged(w.Now().Add(48*time.Hour + time.Second)); r.Code != "V12" || r.Verdict != verify.Invalid || !slices.Contains(reasonsOf(r), "copy_expired") {
		t.Errorf("after its end: %s %v", r.Code, reasonsOf(r))
	}
	early := sampleCopy(w)
	early.Created = catalog.Stamp(w.Now().Add(time.Hour))
	soon := copied(t, original, early)
	if r := licensefile.Verify("copy.ofd", stamped(t, w, soon.Document, soon.Slot), w.Options(t, w.List(t, l.List))); r.Code != "V12" || !slices.Contains(reasonsOf(r), "copy_not_yet_valid") {
		t.Errorf("from the future: %s %v", r.Code, reasonsOf(r))
	}
	w.Sealer.Seal = func(i *ses.SealInfo) { i.Type = ses.TypePerson }
	another := sampleCopy(w)
	another.ID = "lcopy_2"
	personal := copied(t, original, another)
	if r := licensefile.Verify("copy.ofd", stamped(t, w, personal.Document, personal.Slot), w.Options(t, w.List(t, l.List))); r.Code != "V25" {
		t.Errorf("sealed by a person: %s %v", r.Code, reasonsOf(r))
	}
	if _, err := w.Service.ChangeStatus(licensetest.Issuer, l.ID, elicense.StatusChange{Operation: elicense.Revocation, To: "revoked", LegalBasis: "行政许可法第七十条", DecisionNumber: "D1"}); err != nil {
		t.Fatal(err)
	}
	if r := licensefile.Verify("copy.ofd", file, w.Options(t, w.List(t, l.List))); r.Code != "V10" || r.License.Status != "revoked" {
		t.Errorf("of a licence that was revoked: %s %v", r.Code, reasonsOf(r))
	}
}

func TestDataThatNoCopyIsMadeOf(t *testing.T) {
	w := newWorld(t)
	_, original, _ := sealed(t, w, licensetest.SampleApplication("B1"))
	for name, change := range map[string]func(*licensefile.Copy){
		"no purpose":                func(c *licensefile.Copy) { c.Cause = "" },
		"a purpose over the page":   func(c *licensefile.Copy) { c.Cause = strings.Repeat("用", 61) },
		"a line break":              func(c *licensefile.Copy) { c.Receiver = "甲\n乙" },
		"no grant":                  func(c *licensefile.Copy) { c.Grant = "" },
		"ends before it begins":     func(c *licensefile.Copy) { c.Expires = c.Created },
		"an end that is no moment":  func(c *licensefile.Copy) { c.Expires = "20261399000000" },
		"an address without bounds": func(c *licensefile.Copy) { c.RecordURL = strings.Repeat("a", 401) },
	} {
		data := sampleCopy(w)
		change(&data)
		if _, err := licensecopy.Make(typeface.Sans(), original, data); !errors.Is(err, licensecopy.ErrOutOfBounds) {
			t.Errorf("%s: %v", name, err)
		}
	}
	made := copied(t, original, sampleCopy(w))
	file := stamped(t, w, made.Document, made.Slot)
	for name, octets := range map[string][]byte{"a copy": file, "no file": []byte("x")} {
		if _, err := licensecopy.Make(typeface.Sans(), octets, sampleCopy(w)); !errors.Is(err, licensecopy.ErrOriginal) {
			t.Errorf("%s: %v", name, err)
		}
	}
	data := sampleCopy(w)
	data.Cause = "\U0010fffd"
	if _, err := licensecopy.Make(typeface.Sans(), original, data); !errors.Is(err, licensecopy.ErrUndrawable) {
		t.Errorf("a letter that cannot be drawn: %v", err)
	}
}
