package licensefile_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licenseface"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/licensephoto"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/elicense/typepackage"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys"
)

// drawn is the unsealed document of the sample of a type.
func drawn(t testing.TB, of *catalog.Type, status licensefile.StatusEntry) []byte {
	t.Helper()
	maker, err := licenseface.New(licenseface.Config{Faces: map[string]licenseface.Typeface{"sans": licensetest.Face("sans"), "serif_bold": licensetest.Face("serif")}, VerifyAddress: licensetest.BaseURL})
	if err != nil {
		t.Fatal(err)
	}
	sample, photo, err := licensephoto.Sample(of)
	if err != nil {
		t.Fatal(err)
	}
	document, err := maker.Build(of, sample, photo, status)
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// sealedFor seals a document with a seal of the authority that it names.
func sealedFor(t testing.TB, w *licensetest.World, authority string, document []byte) []byte {
	t.Helper()
	w.Sealer.Seal = func(i *ses.SealInfo) { i.Name = authority }
	file, err := w.Sealer.Stamp(context.Background(), elicense.StampRequest{Key: fmt.Sprint(authority, w.Sealer.Stamps), SealID: licensetest.SealID, Document: document, Slot: catalog.SealSlot{Page: 1, XMM: 120, YMM: 200, WidthMM: 42, HeightMM: 42}})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// read is a type from its files.
func read(t testing.TB, files map[string][]byte) *catalog.Type {
	t.Helper()
	made, err := catalog.Default().Read(files)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func (s service) typePackage(t testing.TB, of *catalog.Type, at time.Time) *typepackage.Package {
	t.Helper()
	raw, err := typepackage.Sign(of, 1, at, s.chain, s.sign)
	if err != nil {
		t.Fatal(err)
	}
	p, err := typepackage.Open(raw)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestWhatASealedLicenseSays: whoever holds the seal of the authority seals what is not as it should be. Each is told by its reason, with its place, and
// by a check of the signature.
func TestWhatASealedLicenseSays(t *testing.T) {
	w, elsewhere := newWorld(t), newWorld(t)
	lister, stranger := serviceOf(t, w, keys.UsageStatusList), serviceOf(t, elsewhere, keys.UsageStatusList)
	outside := read(t, licensetest.Outside(t))
	outside.Sample.Set(catalog.KeyEffectiveDate, "20261124")
	outside.Sample.Set(catalog.KeyExpiringDate, "20271123")
	builtIn, _ := catalog.Find(licensetest.BusinessLicense)
	const uri = licensetest.BaseURL + "/status/77"
	status := licensefile.StatusEntry{List: uri, Index: 7, Signer: lister.name}
	plain := drawn(t, builtIn, status)
	status.Index = statuslist.Size - 1
	last := drawn(t, builtIn, status)
	status.Index = statuslist.Size
	beyond := drawn(t, builtIn, status)
	foreign := drawn(t, outside, licensefile.StatusEntry{List: uri, Index: 7, Signer: lister.name})
	now := w.Now()
	good := lister.list(t, uri, 1, now, statuslist.InForce)
	with := func(p ...*typepackage.Package) func(*licensefile.Options) {
		return func(o *licensefile.Options) { o.Types = p }
	}
	listed := func(status statuslist.Status, after time.Duration) func(*licensefile.Options) {
		return func(o *licensefile.Options) {
			o.StatusLists, o.At = []*statuslist.List{lister.list(t, uri, 2, now, status)}, now.Add(after)
			o.CRLs = freshCRLs(t, w, o.At)
		}
	}
	authority := func(of *catalog.Type) string { return of.Sample.First(catalog.KeyAuthority) }
	for name, c := range map[string]struct {
		of       *catalog.Type
		document []byte
		options  func(*licensefile.Options)
		verdict  verify.Verdict
		code     string
		reason   string // its code and what stands behind the words
		check    string // name and status of a check, and what stands behind its words
	}{
		"a licence":                 {builtIn, plain, nil, verify.Valid, "V00", "", "license_data passed"},
		"the last entry":            {builtIn, last, nil, verify.Valid, "V00", "", "license_status passed"},
		"an entry beyond the list":  {builtIn, beyond, nil, verify.Indeterminate, "V01", "license_status_unknown", "license_status unknown"},
		"page and data differ":      {builtIn, edited(t, plain, in(t, "Content.xml", "张启明", "张启暗")), nil, verify.Invalid, "V20", "license_data_mismatch: page:legal_representative", "license_data failed: page:legal_representative"},
		"no index":                  {builtIn, edited(t, plain, in(t, "CustomTags.xml", `TypeID="yinxin-data-index"`, `TypeID="other"`)), nil, verify.Invalid, "V20", "license_damaged", "license_data failed"},
		"data of a copy":            {builtIn, edited(t, plain, in(t, "attach_0.json", `"data": {`, `"data": {"JZJZZSY": ["贷款"],`)), nil, verify.Invalid, "V20", "copy_fields_on_original: copy_cause", ""},
		"replaced":                  {builtIn, plain, listed(statuslist.Replaced, 0), verify.Invalid, "V13", "license_replaced", "license_status failed"},
		"replaced, by an old list":  {builtIn, plain, listed(statuslist.Replaced, 100*time.Hour), verify.Invalid, "V13", "license_replaced", "license_status failed"},
		"suspended, by an old list": {builtIn, plain, listed(statuslist.NotUsable, 100*time.Hour), verify.Indeterminate, "V01", "license_status_stale: 2026-11-24T01:30:00Z", "license_status unknown: 2026-11-24T01:30:00Z"},
		"until the next list":       {builtIn, plain, listed(statuslist.InForce, 12*time.Hour), verify.Valid, "V00", "", ""},
		"after the next list":       {builtIn, plain, listed(statuslist.InForce, 12*time.Hour+time.Second), verify.Valid, "V01", "", "license_status passed"},
		"a type of nobody":          {outside, foreign, nil, verify.Indeterminate, "V01", "license_data_unknown: " + outside.Code, "license_data unknown: " + outside.Code},
		"a type from outside":       {outside, foreign, with(lister.typePackage(t, outside, now)), verify.Valid, "V00", "", "license_data passed"},
		"a type of another root":    {outside, foreign, with(stranger.typePackage(t, outside, now)), verify.Indeterminate, "V01", "license_data_unknown: " + outside.Code, ""},
	} {
		options := w.Options(t, good)
		if c.options != nil {
			c.options(&options)
		}
		r := licensefile.Verify("a.ofd", sealedFor(t, w, authority(c.of), c.document), options)
		if r.Verdict != c.verdict || r.Code != c.code {
			t.Errorf("%s: %s %s %s", name, r.Verdict, r.Code, reasons(r))
		}
		code, detail, _ := strings.Cut(c.reason, ": ")
		if c.reason != "" && !slices.ContainsFunc(r.Reasons, func(one verify.Reason) bool { return one.Code == code && behind(one.Message) == detail }) {
			t.Errorf("%s: %+v lacks %s", name, r.Reasons, c.reason)
		}
		want, detail, _ := strings.Cut(c.check, ": ")
		if c.check != "" && !slices.ContainsFunc(r.Signatures[0].Checks, func(one verify.Check) bool {
			return one.Name+" "+string(one.Status) == want && behind(one.Message) == detail && (one.Message == "") == (one.Code == "") && one.Clause != ""
		}) {
			t.Errorf("%s: %+v lacks %s", name, r.Signatures[0].Checks, c.check)
		}
		if l := r.License; l == nil || (l.StatusTime != nil) != (l.StatusSource == "list") {
			t.Errorf("%s: %+v", name, r.License)
		}
	}
	options := w.Options(t)
	options.Types = []*typepackage.Package{lister.typePackage(t, outside, now), stranger.typePackage(t, builtIn, now)}
	for code, want := range map[string]bool{outside.Code: true, builtIn.Code: false, "none": false} {
		if got := licensefile.TypesFor(options, code); (got != nil) != want {
			t.Errorf("types for %s: %v", code, got != nil)
		}
	}
}

// behind is what stands behind the words of a message: a place, a code or a time.
func behind(message string) string {
	_, detail, _ := strings.Cut(message, ": ")
	return detail
}
