package verify_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"image"
	"image/color"
	"image/png"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/pdf"
	"github.com/yinxin-gov/yinxin/esign/pdf/pdftest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/tst/tsttest"
)

func judgePDF(t *testing.T, data []byte, options verify.Options, w want) verify.Result {
	t.Helper()
	r := verify.Verify("a.pdf", data, options)
	if r.Format != "pdf" || r.Verdict != w.verdict || r.Code != w.vcode || w.reason != "" && !slices.Contains(codes(r), w.reason) {
		t.Errorf("got %s %s %s %v, want %s %s %s", r.Format, r.Verdict, r.Code, r.Reasons, w.verdict, w.vcode, w.reason)
	}
	return r
}

func withMessage(t *testing.T, data []byte, request pdf.SignatureRequest) []byte {
	t.Helper()
	return pdftest.Sign(t, data, request, pdftest.Message(t, world().Signer, pki.SignedDataTemplate{}))
}

// sealPicture is a small PNG.
func sealPicture(t *testing.T) *pdf.Picture {
	t.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, 4, 4))
	m.Set(1, 1, color.NRGBA{220, 0, 0, 255})
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		t.Fatal(err)
	}
	return &pdf.Picture{Data: out.Bytes()}
}

func TestPDFOfEachKindOfValueIsValid(t *testing.T) {
	w := world()
	visible := pdf.SignatureRequest{Picture: sealPicture(t), Box: pdf.Box{X: 120, Y: 200, Width: 42, Height: 42}}
	for name, c := range map[string]struct {
		value                      func([]byte) []byte
		subFilter, kind, structure string
	}{
		"CMS":     {pdftest.Message(t, w.Signer, pki.SignedDataTemplate{}), pdf.SubFilterCAdES, "sign", "cms"},
		"GM":      {pdftest.Message(t, w.Signer, pki.SignedDataTemplate{GM: true, SigningTime: ofdtest.Time}), pdf.SubFilterPKCS7, "sign", "cms"},
		"SES":     {pdftest.Seal(t, w), pdf.SubFilterSES, "seal", "v4"},
		"by form": {pdftest.Seal(t, w), "adbe.pkcs7.detached", "seal", "v4"}, // the shape tells, not the name
	} {
		t.Run(name, func(t *testing.T) {
			request := visible
			request.SubFilter, request.Reserve = c.subFilter, 8192
			r := judgePDF(t, pdftest.Sign(t, pdftest.Document(), request, c.value), trusting(), want{verify.Valid, "V00", ""})
			if len(r.Signatures) != 1 || r.Coverage == nil || !r.Coverage.Complete || len(r.Coverage.Uncovered) != 0 {
				t.Fatalf("%+v", r)
			}
			s := r.Signatures[0]
			if s.ID != "Signature1" || s.Type != c.kind || s.Structure != c.structure || s.Signer == nil || s.SigningTime == nil || !s.SigningTime.Equal(ofdtest.Time) || (s.Seal != nil) != (c.kind == "seal") {
				t.Errorf("%+v", s)
			}
			for _, check := range []string{"sig_format", "sig_value", "signer_cert", "signing_time", "data_hash", "references", "coverage"} {
				if statusOf(s, check) != verify.Passed {
					t.Errorf("%s is %s", check, statusOf(s, check))
				}
			}
			if len(s.Placements) != 1 {
				t.Fatalf("%d placements", len(s.Placements))
			}
			at, due := s.Placements[0], verify.Placement{Page: 1, XMM: 120, YMM: 200, WidthMM: 42, HeightMM: 42}
			if at != due {
				t.Errorf("placed at %+v", at)
			}
			judgePDF(t, pdftest.Sign(t, pdftest.Packed(pdftest.Plain(), "/Root 1 0 R"), request, c.value), trusting(strictly), want{verify.Valid, "V00", ""})
		})
	}
}

func TestPDFThatIsNotTrustedOrNotWhole(t *testing.T) {
	w := world()
	good := withMessage(t, pdftest.Document(), pdf.SignatureRequest{})
	judgePDF(t, good, verify.Options{At: ofdtest.Now}, indeterminate("V24", "untrusted_root"))
	judgePDF(t, pdftest.Document(), trusting(), indeterminate("V30", "unsigned"))
	judgePDF(t, bytes.Replace(good, []byte("(Amount 100)"), []byte("(Amount 900)"), 1), trusting(), invalid("V20", "DIGEST_MISMATCH"))
	sealed := pdftest.Sign(t, pdftest.Document(), pdf.SignatureRequest{SubFilter: pdf.SubFilterSES, Reserve: 8192}, pdftest.Seal(t, w))
	judgePDF(t, bytes.Replace(sealed, []byte("(Amount 100)"), []byte("(Amount 900)"), 1), trusting(), invalid("V20", "DIGEST_MISMATCH"))
	judgePDF(t, pdftest.Sign(t, pdftest.Document(), pdf.SignatureRequest{}, func([]byte) []byte { return []byte{0x30, 0} }), trusting(), invalid("V31", "SIG_FORMAT"))
	other := pdftest.Message(t, w.Signer, pki.SignedDataTemplate{})([]byte("another file"))
	judgePDF(t, pdftest.Sign(t, pdftest.Document(), pdf.SignatureRequest{}, func([]byte) []byte { return other }), trusting(), invalid("V20", "DIGEST_MISMATCH"))
	for _, weak := range []string{"adbe.pkcs7.sha1", "adbe.x509.rsa_sha1"} {
		judgePDF(t, withMessage(t, pdftest.Document(), pdf.SignatureRequest{SubFilter: weak}), trusting(), invalid("V22", "weak_digest"))
	}
	judgePDF(t, pdftest.Table(pdftest.Plain(), "/Root 1 0 R/Encrypt<<>>"), trusting(), indeterminate("V31", "pdf_encrypted"))
	judgePDF(t, good[:len(good)-40], trusting(), invalid("V31", "pdf_structure"))
	// Time: a certificate that was not valid yet, and a signature of the future.
	early := pdftest.Sign(t, pdftest.Document(), pdf.SignatureRequest{Time: ofdtest.Begin.AddDate(-1, 0, 0)}, pdftest.Message(t, w.Signer, pki.SignedDataTemplate{}))
	judgePDF(t, early, trusting(), invalid("V22", "SIGN_TIME_OUTSIDE_CERT"))
	late := pdftest.Sign(t, pdftest.Document(), pdf.SignatureRequest{Time: ofdtest.Now.AddDate(0, 1, 0)}, pdftest.Message(t, w.Signer, pki.SignedDataTemplate{}))
	judgePDF(t, late, trusting(), invalid("V22", "time"))
	// Revocation, by the same steps as OFD.
	pointed := w.Issue(t, pki.ProfileSealSigner, "revoked", func(c *pki.CertificateTemplate) { c.CRLURLs = []string{"http://crl.example/1"} })
	revoked := pdftest.Sign(t, pdftest.Document(), pdf.SignatureRequest{}, pdftest.Message(t, pointed, pki.SignedDataTemplate{}))
	judgePDF(t, revoked, trusting(), indeterminate("V01", "revocation_unknown"))
	list := ofdtest.CRL(t, w.Issuing, pki.CRLEntry{Serial: pointed.Cert.Serial, RevokedAt: ofdtest.Time.AddDate(0, -1, 0)})
	judgePDF(t, revoked, trusting(func(o *verify.Options) { o.CRLs = []*pki.CRL{list} }), invalid("V25", "SIGNER_REVOKED_BEFORE"))
}

func TestD26toD30_PDFVerdicts(t *testing.T) {
	good := withMessage(t, pdftest.Document(), pdf.SignatureRequest{})
	evil := pdftest.Objects{4: pdftest.Stream("BT (Amount 999) Tj ET")}
	certified := withMessage(t, pdftest.Document(), pdf.SignatureRequest{Certify: 2})
	for name, c := range map[string]struct {
		data []byte
		want want
	}{
		"D-26 no Contents":          {bytes.Replace(good, []byte("/Contents<"), []byte("/Contentz<"), 1), invalid("V22", "pdf_contents")},
		"D-27 update":               {pdftest.Update(good, evil, "/Root 1 0 R"), invalid("V20", "changed_after")},
		"D-27 bare":                 {append(slices.Clone(good), "4 0 obj\nnull\nendobj\n"...), invalid("V20", "changed_after")},
		"D-27 signature taken away": {pdftest.Update(good, pdftest.Objects{1: "<</Type/Catalog/Pages 2 0 R>>"}, "/Root 1 0 R"), invalid("V20", "changed_after")},
		"D-28 range":                {bytes.Replace(good, []byte("/ByteRange[0 "), []byte("/ByteRange[1 "), 1), invalid("V22", "byte_range")},
		"D-29 page points elsewhere": {pdftest.Update(good, pdftest.Objects{3: "<</Type/Page/Parent 2 0 R/Contents 20 0 R/Annots[8 0 R]>>", 20: pdftest.Stream("BT (x) Tj ET")}, "/Root 1 0 R"),
			invalid("V20", "changed_after")},
		"D-30 evil annotation": {pdftest.Update(certified, pdftest.Objects{3: "<</Type/Page/Parent 2 0 R/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>/Annots[8 0 R 20 0 R]>>",
			20: "<</Type/Annot/Subtype/FreeText/Rect[0 0 99 99]/Contents(x)>>"}, "/Root 1 0 R"), invalid("V20", "docmdp")},
	} {
		t.Run(name, func(t *testing.T) {
			r := judgePDF(t, c.data, trusting(), c.want)
			for _, reason := range r.Reasons {
				if strings.HasPrefix(reason.Clause, "GB/T 33190") {
					t.Errorf("%s by %s", reason.Code, reason.Clause)
				}
			}
		})
	}
}

func TestTwoSignaturesInOnePDF(t *testing.T) {
	w := world()
	first := withMessage(t, pdftest.Document(), pdf.SignatureRequest{})
	second := pdftest.Sign(t, first, pdf.SignatureRequest{SubFilter: pdf.SubFilterSES, Reserve: 8192, Picture: sealPicture(t), Box: pdf.Box{X: 10, Y: 10, Width: 30, Height: 30}}, pdftest.Seal(t, w))
	r := judgePDF(t, second, trusting(), want{verify.Valid, "V00", "appearance_after"})
	if len(r.Signatures) != 2 || r.Signatures[0].Verdict != verify.Valid || r.Signatures[1].Type != "seal" {
		t.Errorf("%+v", r.Signatures)
	}
	// The second signs what was changed behind the first: the first does not hold any more.
	changed := pdftest.Sign(t, pdftest.Update(first, pdftest.Objects{4: pdftest.Stream("BT (x) Tj ET")}, "/Root 1 0 R"), pdf.SignatureRequest{SubFilter: pdf.SubFilterSES, Reserve: 8192}, pdftest.Seal(t, w))
	r = judgePDF(t, changed, trusting(), invalid("V20", "changed_after"))
	if len(r.Signatures) != 2 || r.Signatures[0].Verdict != verify.Invalid || r.Signatures[1].Verdict != verify.Valid {
		t.Errorf("%+v", r.Signatures)
	}
	// A stranger's second signature leaves the whole open.
	stranger := ofdtest.New(t)
	judgePDF(t, pdftest.Sign(t, first, pdf.SignatureRequest{}, pdftest.Message(t, stranger.Signer, pki.SignedDataTemplate{})), trusting(), indeterminate("V24", "untrusted_root"))
}

// foreign makes a self-signed certificate of another algorithm and a function that signs with it.
func foreign(t *testing.T, key crypto.Signer) (*pki.Certificate, func([]byte) ([]byte, error)) {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "Foreign Signer"}, NotBefore: ofdtest.Begin, NotAfter: ofdtest.End, KeyUsage: x509.KeyUsageDigitalSignature}
	encoded, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := pki.ParseCertificate(encoded)
	if err != nil {
		t.Fatal(err)
	}
	return certificate, func(message []byte) ([]byte, error) {
		sum := sha256.Sum256(message)
		return key.Sign(rand.Reader, sum[:], crypto.SHA256)
	}
}

func TestPDFFromAbroad(t *testing.T) {
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	factors, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]crypto.Signer{"ECDSA": curve, "RSA": factors} {
		t.Run(name, func(t *testing.T) {
			certificate, sign := foreign(t, key)
			value := func(signed []byte) []byte {
				out, err := pki.MakeSignedData(pki.SignedDataTemplate{}, signed, certificate, sign)
				if err != nil {
					t.Fatal(err)
				}
				return out
			}
			data := pdftest.Sign(t, pdftest.Document(), pdf.SignatureRequest{}, value)
			judgePDF(t, data, trusting(), indeterminate("V24", "untrusted_root"))
			trusted := verify.Options{Roots: pki.NewPool(certificate), At: ofdtest.Now}
			judgePDF(t, data, trusted, want{verify.Valid, "V00", ""})
			judgePDF(t, bytes.Replace(data, []byte("(Amount 100)"), []byte("(Amount 900)"), 1), trusted, invalid("V20", "DIGEST_MISMATCH"))
			// Another value of the right kind under the same attributes.
			forged := pdftest.Sign(t, pdftest.Document(), pdf.SignatureRequest{}, func(signed []byte) []byte {
				bad := value(signed)
				bad[len(bad)-9] ^= 1
				return bad
			})
			judgePDF(t, forged, trusted, invalid("V22", "SIG_VALUE"))
		})
	}
}

func TestDocumentTimestampInPDF(t *testing.T) {
	w := world()
	tsa := stamping(w.Issue(t, pki.ProfileTimeStamping, "tsa", nil))
	token := func(signed []byte) []byte {
		return tsttest.Token(t, tsa, signed, ofdtest.Time.Add(time.Hour), tsttest.Parts{})
	}
	stamp := func(data []byte, value func([]byte) []byte) []byte {
		return pdftest.Sign(t, data, pdf.SignatureRequest{SubFilter: pdf.SubFilterTimestamp, Field: "Stamp"}, value)
	}
	// A time stamp says when, not who.
	judgePDF(t, stamp(pdftest.Document(), token), trusting(), indeterminate("V30", "unsigned"))
	signed := withMessage(t, pdftest.Document(), pdf.SignatureRequest{Certify: 1})
	r := judgePDF(t, stamp(signed, token), trusting(), want{verify.Valid, "V00", ""})
	if len(r.Signatures) != 2 || r.Signatures[1].TimeSource != "timestamp" || !r.Signatures[1].SigningTime.Equal(ofdtest.Time.Add(time.Hour)) {
		t.Errorf("%+v", r.Signatures)
	}
	other := func([]byte) []byte { return token([]byte("another file")) }
	judgePDF(t, stamp(signed, other), trusting(), invalid("V22", "TS_IMPRINT"))
}
