package elicense_test

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm2"

	"github.com/yinxin-gov/yinxin/elicense"
	pack "github.com/yinxin-gov/yinxin/elicense/evidence"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/elicense/translog"
	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/signed"
)

// document is the sealed original of a licence.
func document(t *testing.T, w *licensetest.World, l elicense.License) []byte {
	t.Helper()
	_, content, err := w.Service.Document(licensetest.Person, l.ID)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func says(r verify.Result, code string) bool {
	return slices.ContainsFunc(r.Reasons, func(reason verify.Reason) bool { return reason.Code == code })
}

// TestPackagesProveThatALicenceIsInTheLog: once its entry is under a checkpoint, and to a judge who knows the log.
func TestPackagesProveThatALicenceIsInTheLog(t *testing.T) {
	w, _ := newWorld(t)
	ctx := context.Background()
	l := w.Issued(t, licensetest.SampleApplication("B1"))
	content := document(t, w, l)
	packed := func() (octets []byte, judged verify.Result) {
		t.Helper()
		if err := w.Service.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		octets, _, err := w.Service.PackEvidence(ctx, "a.ofd", content)
		if err != nil {
			t.Fatal(err)
		}
		if judged, err = w.Service.VerifyFile(ctx, "a.zip", octets); err != nil {
			t.Fatal(err)
		}
		return octets, judged
	}
	if _, r := packed(); r.Verdict != verify.Valid || r.Evidence.Log != nil {
		t.Errorf("before there is a checkpoint: %s %v %+v", r.Verdict, r.Reasons, r.Evidence.Log)
	}
	keepLog(t, w)
	octets, r := packed()
	if r.Verdict != verify.Valid || len(r.Evidence.Log) != 1 || !r.Evidence.Log[0].Signed || r.Evidence.Log[0].TreeSize == 0 || says(r, "evidence_log_signer") {
		t.Fatalf("%s %v %+v", r.Verdict, r.Reasons, r.Evidence.Log)
	}
	if r := pack.Verify("a.zip", octets, w.Options(t, w.List(t, l.List))); len(r.Evidence.Log) != 1 || r.Evidence.Log[0].Signed || !says(r, "evidence_log_signer") || r.Verdict == verify.Invalid {
		t.Errorf("to who does not know the log: %s %v %+v", r.Verdict, r.Reasons, r.Evidence.Log)
	}
	if err := w.Service.ForgetLogged(licensetest.Issuer, l.ID, "some law"); err != nil {
		t.Fatal(err)
	}
	if _, r := packed(); r.Verdict != verify.Valid || r.Evidence.Log != nil {
		t.Errorf("after the secret was dropped: %s %v %+v", r.Verdict, r.Reasons, r.Evidence.Log)
	}
}

// repacked is a package with other contents of some kinds, under a manifest signed anew by the platform, and without a time stamp.
func repacked(t *testing.T, w *licensetest.World, octets []byte, contents map[string][]byte) []byte {
	t.Helper()
	ctx := context.Background()
	files, err := ofd.Unpack(octets, ofd.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	type member struct {
		Path string `cbor:"1,keyasint"`
		Kind string `cbor:"2,keyasint"`
		SM3  []byte `cbor:"3,keyasint"`
		Size int64  `cbor:"4,keyasint"`
	}
	var body struct {
		Name     string   `cbor:"1,keyasint"`
		JudgedAt int64    `cbor:"2,keyasint"`
		Verdict  string   `cbor:"3,keyasint"`
		Code     string   `cbor:"4,keyasint"`
		Members  []member `cbor:"5,keyasint"`
	}
	if _, err := signed.OpenObject(signed.KindEvidence, files[0].Content, &body); err != nil {
		t.Fatal(err)
	}
	for i, m := range body.Members {
		content, ok := contents[m.Kind]
		at := slices.IndexFunc(files, func(f ofd.File) bool { return f.Path == "/"+m.Path })
		if ok {
			files[at].Content = content
			body.Members[i].SM3, body.Members[i].Size = digest.Sum(content), int64(len(content))
			delete(contents, m.Kind)
		}
	}
	if len(contents) > 0 {
		t.Fatalf("the package holds no %v", contents)
	}
	spec := keys.Spec{Usage: keys.UsageEvidence, Algorithm: keys.SM2}
	info, err := w.Keys.Ensure(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := w.Keys.Signer(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	chain, err := w.Chain(ctx, info)
	if err != nil {
		t.Fatal(err)
	}
	if files[0].Content, err = signed.SignObject(signed.KindEvidence, body, chain, func(message []byte) ([]byte, error) { return signer.SignMessage(ctx, message) }); err != nil {
		t.Fatal(err)
	}
	again, err := ofd.Pack(slices.DeleteFunc(files, func(f ofd.File) bool { return f.Path == "/evidence.tsr" }))
	if err != nil {
		t.Fatal(err)
	}
	return again
}

// TestProofsInPackagesAreJudged: a proof that does not hold, or is of something else, makes a package invalid whatever its document is.
func TestProofsInPackagesAreJudged(t *testing.T) {
	w, _ := newWorld(t)
	ctx := context.Background()
	l, other := w.Issued(t, licensetest.SampleApplication("B1")), w.Issued(t, licensetest.SampleApplication("B2"))
	keepLog(t, w)
	proofs, err := w.Service.LogProofs(licensetest.Person, l.ID)
	if err != nil {
		t.Fatal(err)
	}
	others, err := w.Service.LogProofs(licensetest.Person, other.ID)
	if err != nil {
		t.Fatal(err)
	}
	known, err := w.Service.LogKeys(ctx, elicense.LogMain)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	strange, err := translog.NewKey(known[0].Name(), translog.SM2Key, &stranger.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	signed := string(proofs.License)
	end := len(signed) - 10 // in the signature of the checkpoint
	badly := signed[:end] + map[bool]string{true: "B", false: "A"}[signed[end] == 'A'] + signed[end+1:]
	p, err := translog.ParseProof(proofs.License)
	if err != nil {
		t.Fatal(err)
	}
	p.Index++
	elsewhere, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	content := document(t, w, l)
	good, _, err := w.Service.PackEvidence(ctx, "a.ofd", content)
	if err != nil {
		t.Fatal(err)
	}
	options := func(keys ...translog.Key) licensefile.Options {
		o := w.Options(t, w.List(t, l.List))
		o.Log.Log = keys
		return o
	}
	for name, test := range map[string]struct {
		proof  string
		judge  []translog.Key
		signed bool
		says   string
	}{
		"its own":                  {signed, known, true, ""},
		"a log nobody knows":       {signed, []translog.Key{strange}, false, "evidence_log_signer"},
		"of another licence":       {string(others.License), known, false, "evidence_log"},
		"the same to a stranger":   {string(others.License), nil, false, "evidence_log"},
		"at another place":         {string(elsewhere), known, false, "evidence_log"},
		"the same, to a stranger":  {string(elsewhere), nil, false, "evidence_log"},
		"its log did not sign it":  {badly, known, false, "evidence_log"},
		"no proof":                 {"hello", known, false, "evidence_log"},
		"no opening":               {strings.Replace(signed, "\nextra ", "\nextra AAAA", 1), known, false, "evidence_log"},
		"of a licence there is no": {signed, known, false, "evidence_log"},
	} {
		t.Run(name, func(t *testing.T) {
			packed := content
			if name == "of a licence there is no" {
				packed = ofdtest.New(t).Sealed(t, ofdtest.Sealing{})
			}
			octets := repacked(t, w, good, map[string][]byte{"log_proof": []byte(test.proof), "document": packed})
			r := pack.Verify("a.zip", octets, options(test.judge...))
			want := verify.Valid
			if test.says == "evidence_log" {
				want = verify.Invalid
			}
			if r.Verdict != want || test.says != "" && !says(r, test.says) || (len(r.Evidence.Log) == 1 && r.Evidence.Log[0].Signed) != test.signed {
				t.Errorf("%s %v %+v", r.Verdict, r.Reasons, r.Evidence.Log)
			}
		})
	}
}
