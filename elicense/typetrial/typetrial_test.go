package typetrial

import (
	"bytes"
	"crypto/rand"
	"errors"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licenseface"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/elicense/typepackage"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

func maker(t testing.TB) *licenseface.Maker {
	t.Helper()
	m, err := licenseface.New(licenseface.Config{VerifyAddress: "https://id.example/verify"})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestEveryBuiltInTypeHoldsATrial: each is drawn, sealed and judged valid.
func TestEveryBuiltInTypeHoldsATrial(t *testing.T) {
	m := maker(t)
	for _, licenseType := range catalog.Types() {
		o, err := Run(rand.Reader, m, licenseType)
		if err != nil {
			t.Errorf("%s: %v", licenseType.Code, err)
			continue
		}
		if o.Pages != 1 || len(o.Preview) == 0 || o.Result.Code != "V00" {
			t.Errorf("%s: %d pages, %s", licenseType.Code, o.Pages, o.Result.Code)
		}
	}
}

// other is a type that is not built in: one that is, under the code of the next sequence number.
func other(t *testing.T, replace ...string) *catalog.Type {
	t.Helper()
	const code = "11980000MB7QX10264001"
	built, ok := catalog.Find(code)
	if !ok {
		t.Fatal("no type")
	}
	next := code[:18] + "777"
	old, err := catalog.ParseID(built.Sample.First(catalog.KeyLicenseID))
	if err != nil {
		t.Fatal(err)
	}
	id, err := catalog.MakeID(next, old.IssuerCode, old.Serial, 1)
	if err != nil {
		t.Fatal(err)
	}
	files := built.Files()
	for name := range files {
		files[name] = bytes.ReplaceAll(files[name], []byte(old.String()), []byte(id.String()))
		files[name] = bytes.ReplaceAll(files[name], []byte(code), []byte(next))
		for i := 0; i+1 < len(replace); i += 2 {
			files[name] = bytes.ReplaceAll(files[name], []byte(replace[i]), []byte(replace[i+1]))
		}
	}
	made, err := catalog.Default().Read(files)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// TestTypesFromOutside: with the signed package of its type a licence is judged like one of a built-in type; without it, with one of
// another version, or with one whose signer is not trusted, it stays of an unknown type. Nothing of that is ever valid.
func TestTypesFromOutside(t *testing.T) {
	outside := other(t)
	m := maker(t)
	if _, err := Run(rand.Reader, m, outside); err != nil {
		t.Fatal(err)
	}
	x, err := newTrial(rand.Reader, outside.Sample)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := newTrial(rand.Reader, outside.Sample)
	if err != nil {
		t.Fatal(err)
	}
	service, _ := x.party(pki.ProfileService, "状态服务(测试)")
	foreign, _ := stranger.party(pki.ProfileService, "状态服务(测试)")
	sealer, _ := x.party(pki.ProfileSealSigner, "状态服务(测试)")
	document, err := m.Build(outside, outside.Sample, nil, licensefile.StatusEntry{List: statusAddress, Index: 7, Signer: "状态服务(测试)"})
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := x.seal(outside, document)
	if err != nil {
		t.Fatal(err)
	}
	pack := func(of *catalog.Type, by party) *typepackage.Package {
		raw, err := typepackage.Sign(of, 1, x.at, [][]byte{by.certificate.Raw}, by.sign)
		if err != nil {
			t.Fatal(err)
		}
		p, err := typepackage.Open(raw)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	listed, err := statuslist.New(statusAddress, 1, x.at, x.at.Add(1e9*3600)).Sign([][]byte{service.certificate.Raw}, service.sign)
	if err != nil {
		t.Fatal(err)
	}
	list, err := statuslist.Open(listed)
	if err != nil {
		t.Fatal(err)
	}
	newer := other(t, `"version": 1,`, `"version": 2,`)
	for name, test := range map[string]struct {
		types []*typepackage.Package
		want  verify.Verdict
		known bool
	}{
		"with its package":   {[]*typepackage.Package{pack(outside, service)}, verify.Valid, true},
		"among others":       {[]*typepackage.Package{pack(newer, service), pack(outside, service), pack(outside, foreign)}, verify.Valid, true},
		"without a package":  {nil, verify.Indeterminate, false},
		"another version":    {[]*typepackage.Package{pack(newer, service)}, verify.Indeterminate, false},
		"signer not trusted": {[]*typepackage.Package{pack(outside, foreign)}, verify.Indeterminate, false},
		"signer may seal":    {[]*typepackage.Package{pack(outside, sealer)}, verify.Indeterminate, false},
		"not signed":         {[]*typepackage.Package{{Number: 1, Issued: x.at, Type: outside}}, verify.Indeterminate, false},
	} {
		options := licensefile.Options{StatusLists: []*statuslist.List{list}, Types: test.types}
		options.Roots, options.CRLs, options.At = pki.NewPool(x.root), []*pki.CRL{x.crl}, x.at
		result := licensefile.Verify("a.ofd", sealed, options)
		unknown := false
		for _, reason := range result.Reasons {
			unknown = unknown || reason.Code == "license_data_unknown"
		}
		if result.Verdict != test.want || unknown == test.known {
			t.Errorf("%s: %s %v", name, result.Verdict, result.Reasons)
		}
	}
}

func TestTrialsThatFail(t *testing.T) {
	m := maker(t)
	undrawable := *other(t)
	undrawable.Sample = undrawable.Sample.Clone()
	undrawable.Sample.Set("address", "𠮷祥路1号")
	if _, ok := errors.AsType[*licenseface.UndrawableError](func() error { _, err := Run(rand.Reader, m, &undrawable); return err }()); !ok {
		t.Error("a sample that cannot be drawn is taken")
	}
	dateless := *other(t)
	dateless.Sample = dateless.Sample.Clone()
	dateless.Sample.Set(catalog.KeyIssuedDate, "no day")
	dateless.Sample.Set(catalog.KeyEffectiveDate, "")
	if _, err := Run(rand.Reader, m, &dateless); !errors.Is(err, ErrTrial) {
		t.Errorf("a sample without a day: %v", err)
	}
}
