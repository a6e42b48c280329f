package pki

import (
	"archive/zip"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/yinxin-gov/yinxin/internal/testkit"
)

type expectedFile struct {
	Format       string `json:"format"`
	Certificates json.RawMessage
	Issuer       string   `json:"issuer"`
	IssuerFile   string   `json:"issuer_file"`
	SignatureOK  bool     `json:"signature_ok"`
	Entries      int      `json:"-"`
	EntriesRaw   any      `json:"entries"`
	ThisUpdate   string   `json:"this_update"`
	NextUpdate   string   `json:"next_update"`
	ContentType  string   `json:"content_type"`
	InnerType    string   `json:"inner_content_type"`
	ContentText  string   `json:"content_utf8"`
	ValueOK      *bool    `json:"signature_value_ok"`
	Chain        []string `json:"chain"`
}

type expectedCertificate struct {
	Subject     string `json:"subject"`
	Issuer      string `json:"issuer"`
	IssuerFile  string `json:"issuer_file"`
	SignatureOK bool   `json:"signature_ok"`
	IsCA        bool   `json:"is_ca"`
	KeyUsageDER string `json:"key_usage_der"`
	NotBefore   string `json:"not_before"`
	NotAfter    string `json:"not_after"`
}

func loadExpected(t testing.TB) map[string]json.RawMessage {
	t.Helper()
	var all map[string]json.RawMessage
	if err := json.Unmarshal(testkit.SharedFile(t, "vectors/ofd/expected.json"), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func loadCertificates(t testing.TB, name string) []*Certificate {
	t.Helper()
	list, err := ParseCertificates(testkit.SharedFile(t, "vectors/ofd/"+name))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return list
}

// issuerOf reads "file" or "file#n".
func issuerOf(t testing.TB, name string) *Certificate {
	t.Helper()
	file, number, _ := strings.Cut(name, "#")
	list := loadCertificates(t, file)
	if number == "1" {
		return list[1]
	}
	return list[0]
}

func TestCertificateVectors(t *testing.T) {
	ran := 0
	for name, raw := range loadExpected(t) {
		if !strings.HasPrefix(name, "certs/") || !strings.HasSuffix(name, ".pem") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			var file struct {
				Certificates []expectedCertificate `json:"certificates"`
			}
			if err := json.Unmarshal(raw, &file); err != nil {
				t.Fatal(err)
			}
			list := loadCertificates(t, name)
			if len(list) != len(file.Certificates) {
				t.Fatalf("%d certificates, want %d", len(list), len(file.Certificates))
			}
			for i, want := range file.Certificates {
				have := list[i]
				ran++
				// The list prints the e-mail attribute last and as octets.
				email := func(text string) string {
					if rest, ok := strings.CutSuffix(text, ",1.2.840.113549.1.9.1=#0c0b636140736d322d6e6f7a61"); ok {
						return "emailAddress=ca@sm2-noza," + rest
					}
					return text
				}
				if have.Subject.String() != email(want.Subject) || have.Issuer.String() != email(want.Issuer) {
					t.Errorf("names %q, %q; want %q, %q", have.Subject, have.Issuer, want.Subject, want.Issuer)
				}
				if have.NotBefore.Format(time.RFC3339) != want.NotBefore || have.NotAfter.Format(time.RFC3339) != want.NotAfter {
					t.Errorf("period %s to %s, want %s to %s", have.NotBefore, have.NotAfter, want.NotBefore, want.NotAfter)
				}
				if have.IsCA != want.IsCA {
					t.Errorf("IsCA = %t", have.IsCA)
				}
				usage, ok := have.Extension(oidKeyUsage)
				if !ok || hex.EncodeToString(usage.Value[2:]) != want.KeyUsageDER {
					t.Errorf("keyUsage %x, want %s", usage.Value, want.KeyUsageDER)
				}
				if err := have.CheckSignatureFrom(issuerOf(t, want.IssuerFile)); (err == nil) != want.SignatureOK {
					t.Errorf("signature: %v, want ok %t", err, want.SignatureOK)
				}
			}
		})
	}
	if ran != 11 {
		t.Errorf("ran %d certificates, want 11", ran)
	}
}

func TestNamesWithoutZAreNotSelfSigned(t *testing.T) {
	root, leaf := issuerOf(t, "certs/tongsuo-noza-root.pem"), issuerOf(t, "certs/tongsuo-noza-leaf.pem")
	if leaf.IsSelfSigned() || root.IsSelfSigned() {
		t.Error("a signature without ZA was taken for one")
	}
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	_, err := BuildChain(leaf, ChainOptions{Roots: NewPool(root), At: at})
	if ReasonOf(err) != ReasonChain || Code(err) != CodeValue {
		t.Errorf("leaf under its root: %v: %v", err, errors.Unwrap(err))
	}
	if _, err := BuildChain(leaf, ChainOptions{At: at}); ReasonOf(err) != ReasonUntrustedRoot {
		t.Errorf("leaf without roots: %v", err)
	}
	if !issuerOf(t, "certs/nrcac-ROOTCA.pem").IsSelfSigned() {
		t.Error("national root is self-signed")
	}
}

func TestRealChains(t *testing.T) {
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	civil, tjca := issuerOf(t, "certs/nrcac-Civil-Servant-ROOT.pem"), issuerOf(t, "certs/tjca-sub-of-civil-servant-root.pem")
	chainFile := loadCertificates(t, "certs/tongsuo-chain-ca.pem")
	root, sub := chainFile[0], chainFile[1]
	sign, encrypt := issuerOf(t, "certs/tongsuo-client_sign.pem"), issuerOf(t, "certs/tongsuo-client_enc.pem")
	expired := issuerOf(t, "certs/tongsuo-server_sign_expire.pem")
	tests := []struct {
		name    string
		leaf    *Certificate
		options ChainOptions
		reason  Reason
		length  int
	}{
		{"sub-CA under the national root", tjca, ChainOptions{Roots: NewPool(civil), At: at}, "", 2},
		{"sub-CA under another root", tjca, ChainOptions{Roots: NewPool(issuerOf(t, "certs/nrcac-ROOTCA.pem")), At: at}, ReasonUntrustedRoot, 0},
		{"root itself", civil, ChainOptions{Roots: NewPool(civil), At: at}, "", 1},
		{"signing certificate", sign, ChainOptions{Roots: NewPool(root), Intermediates: NewPool(sub), At: at, Usage: SealUsage}, "", 3},
		{"issuing CA is the anchor", sign, ChainOptions{Roots: NewPool(sub), At: at, Usage: SealUsage}, "", 2},
		{"S-09 encryption certificate", encrypt, ChainOptions{Roots: NewPool(root), Intermediates: NewPool(sub), At: at, Usage: SealUsage}, ReasonUsage, 0},
		{"S-09 CA certificate", sub, ChainOptions{Roots: NewPool(root), At: at, Usage: SealUsage}, ReasonUsage, 0},
		{"S-10 expired", expired, ChainOptions{Roots: NewPool(root), Intermediates: NewPool(sub), At: at, Usage: SealUsage}, ReasonExpired, 0},
		{"S-10 expired, judged in its time", expired, ChainOptions{Roots: NewPool(root), Intermediates: NewPool(sub), At: time.Date(2000, 6, 1, 0, 0, 0, 0, time.UTC), Usage: SealUsage}, ReasonNotYetValid, 0},
		{"S-10 periods left to the caller", expired, ChainOptions{Roots: NewPool(root), Intermediates: NewPool(sub), IgnorePeriods: true, Usage: SealUsage}, "", 3},
		{"S-10 before its time", sign, ChainOptions{Roots: NewPool(root), Intermediates: NewPool(sub), At: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}, ReasonNotYetValid, 0},
		{"S-12 missing intermediate", sign, ChainOptions{Roots: NewPool(root), At: at}, ReasonUntrustedRoot, 0},
		{"S-12 no roots", sign, ChainOptions{Intermediates: NewPool(sub, root), At: at}, ReasonUntrustedRoot, 0},
		{"extended key usage is missing", sign, ChainOptions{Roots: NewPool(sub), At: at, ExtUsage: OIDTimeStamping}, ReasonUsage, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			chain, err := BuildChain(test.leaf, test.options)
			if ReasonOf(err) != test.reason || len(chain) != test.length {
				t.Errorf("reason %q (%v), %d certificates; want %q, %d", ReasonOf(err), err, len(chain), test.reason, test.length)
			}
		})
	}
}

func TestCRLVectors(t *testing.T) {
	for _, name := range []string{"certs/nrcac-ROOTCA", "certs/nrcac-Civil-Servant-ROOT"} {
		t.Run(name, func(t *testing.T) {
			var want expectedFile
			var count struct {
				Entries int `json:"entries"`
			}
			raw := loadExpected(t)[name+".crl"]
			if err := errors.Join(json.Unmarshal(raw, &want), json.Unmarshal(raw, &count)); err != nil {
				t.Fatal(err)
			}
			list, err := ParseCRL(testkit.SharedFile(t, "vectors/ofd/"+name+".crl"))
			if err != nil {
				t.Fatal(err)
			}
			issuer := issuerOf(t, want.IssuerFile)
			if err := list.CheckSignatureFrom(issuer); (err == nil) != want.SignatureOK {
				t.Errorf("signature: %v", err)
			}
			if list.Issuer.String() != want.Issuer || len(list.Entries) != count.Entries {
				t.Errorf("issuer %q, %d entries; want %q, %d", list.Issuer, len(list.Entries), want.Issuer, count.Entries)
			}
			if list.ThisUpdate.Format(time.RFC3339) != want.ThisUpdate || list.NextUpdate.Format(time.RFC3339) != want.NextUpdate {
				t.Errorf("period %s to %s", list.ThisUpdate, list.NextUpdate)
			}
			revoked := &Certificate{Issuer: list.Issuer, Serial: list.Entries[0].Serial}
			inside := list.ThisUpdate.Add(time.Hour)
			if got := CheckRevocation(revoked, issuer, []*CRL{list}, inside); got.State != RevocationRevoked || !got.RevokedAt.Equal(list.Entries[0].RevokedAt) {
				t.Errorf("listed serial: %+v", got)
			}
			good := &Certificate{Issuer: list.Issuer, Serial: sm2Order}
			if got := CheckRevocation(good, issuer, []*CRL{list}, inside); got.State != RevocationGood {
				t.Errorf("unlisted serial: %+v", got)
			}
			for when, now := range map[string]time.Time{"S-17 expired": list.NextUpdate.Add(time.Second), "S-17 not begun": list.ThisUpdate.Add(-time.Second)} {
				if got := CheckRevocation(revoked, issuer, []*CRL{list}, now); got.State != RevocationUnknown || len(got.Ignored) != 1 {
					t.Errorf("%s: %+v", when, got)
				}
			}
		})
	}
}

func TestMessageVectors(t *testing.T) {
	t.Run("attached", func(t *testing.T) {
		message, err := ParseSignedData(testkit.SharedFile(t, "vectors/ofd/cms/sadk-signeddata-attached.p7"))
		if err != nil {
			t.Fatal(err)
		}
		if message.ContentType != OIDGMSignedData || message.InnerType != OIDGMData || string(message.Content) != "Hello Secret World!" {
			t.Errorf("%s, %s, %q", message.ContentType, message.InnerType, message.Content)
		}
		result := message.VerifySigner(message.Signers[0], nil, nil)
		if !result.Intact() || result.Encoding != EncodingDER {
			t.Errorf("%+v", result)
		}
		if result := message.VerifySigner(message.Signers[0], []byte("another"), nil); result.ValueErr != nil || Code(result.DigestErr) != CodeValue {
			t.Errorf("other message: %+v", result)
		}
	})
	t.Run("certificates only", func(t *testing.T) {
		message, err := ParseSignedData(testkit.SharedFile(t, "vectors/ofd/cms/gmssl-certchain.p7.pem"))
		if err != nil {
			t.Fatal(err)
		}
		if message.ContentType != OIDPKCS7SignedData || message.InnerType != OIDPKCS7Data || len(message.Certificates) != 2 || len(message.Signers) != 0 {
			t.Errorf("%+v", message)
		}
		if first := message.Certificates[0].Subject.CommonName(); first != "RootCA for Test" {
			t.Errorf("first certificate is %q", first)
		}
	})
	t.Run("raw value without attributes", func(t *testing.T) {
		folder := "vectors/ofd/parts/tongz-keyword/Sign_3/"
		message, err := ParseSignedData(testkit.SharedFile(t, folder+"SignedValue.dat"))
		if err != nil {
			t.Fatal(err)
		}
		signed := testkit.SharedFile(t, folder+"Signature.xml")
		result := message.VerifySigner(message.Signers[0], signed, nil)
		if !result.Intact() || result.Encoding != EncodingRaw || message.Signers[0].HasAttributes {
			t.Errorf("%+v", result)
		}
		if want := []Deviation{SignatureAlgorithmOdd, SignatureRaw}; !equalDeviations(result.Deviations, want) {
			t.Errorf("deviations %v, want %v", result.Deviations, want)
		}
		result = message.VerifySigner(message.Signers[0], append(signed, ' '), nil)
		if result.DigestErr == nil || result.ValueErr != nil {
			t.Errorf("changed document: %+v", result)
		}
	})
	for i := range 2 {
		t.Run(fmt.Sprintf("unsorted attributes, signature %d", i+1), func(t *testing.T) {
			folder := fmt.Sprintf("Doc_0/Signs/Sign_%d/", i)
			entries := unzip(t, "vectors/ofd/docs/gomain-cms-two-sign.ofd")
			message, err := ParseSignedData(entries[folder+"SignedValue.dat"])
			if err != nil {
				t.Fatal(err)
			}
			signer := message.Signers[0]
			result := message.VerifySigner(signer, entries[folder+"Signature.xml"], nil)
			if !result.Intact() || result.Encoding != EncodingDER {
				t.Errorf("%+v", result)
			}
			if message.InnerType != OIDPKCS7Data || signer.AttrContentType != OIDGMData || message.HasContent {
				t.Errorf("inner %s, attribute %s", message.InnerType, signer.AttrContentType)
			}
			if signer.SigningTime.Format(time.RFC3339) != "2022-11-01T09:22:33Z" {
				t.Errorf("signing time %s", signer.SigningTime)
			}
			if !equalDeviations(message.Deviations, []Deviation{AttributesNotSorted}) || !equalDeviations(result.Deviations, []Deviation{InnerTypeDiffers}) {
				t.Errorf("deviations %v, %v", message.Deviations, result.Deviations)
			}
			if result := message.VerifySigner(signer, []byte("x"), nil); result.DigestErr == nil || result.ValueErr != nil {
				t.Errorf("other message: %+v", result)
			}
			if result := message.VerifySigner(signer, nil, nil); result.DigestErr == nil {
				t.Errorf("no message: %+v", result)
			}
		})
	}
	t.Run("integrity list", func(t *testing.T) {
		entries := unzip(t, "vectors/ofd/docs/ofdrw-hello-integrity.ofd")
		message, err := ParseSignedData(entries["signedvalue.dat"])
		if err != nil {
			t.Fatal(err)
		}
		sum := sm3.Sum(entries["OFDEntries.xml"])
		if !bytes.Equal(message.Content, sum[:]) {
			t.Errorf("content %x", message.Content)
		}
		if result := message.VerifySigner(message.Signers[0], entries["OFDEntries.xml"], nil); !result.Intact() {
			t.Errorf("%+v", result)
		}
	})
}

func TestOddCertificatesOfRealDocuments(t *testing.T) {
	t.Run("non-ASCII e-mail address", func(t *testing.T) {
		certificate := findCertificate(t, unzip(t, "vectors/ofd/docs/gomain-zsbk-edited.ofd")["Doc_0/Signs/Sign_0/SignedValue.dat"], "53011200000556")
		wantName := "CN=53011200000556,serialNumber=350658,emailAddress=电子邮箱,OU=机构,O=115300000151003540云南省住房和城乡建设厅,L=昆明市,ST=云南省,C=CN"
		if certificate.Subject.String() != wantName {
			t.Errorf("subject %q", certificate.Subject)
		}
		if _, ok := certificate.SM2Key(); !ok || certificate.KeyUsage != SealUsage || certificate.NotAfter.Format(time.RFC3339) != "2020-10-24T08:25:03Z" {
			t.Errorf("key %v, usage %v, end %s", certificate.KeyError, certificate.KeyUsage.Names(), certificate.NotAfter)
		}
		for _, want := range []Deviation{"string_characters", "bits_not_minimal"} {
			if !hasDeviation(certificate.Deviations, want) {
				t.Errorf("deviations %v lack %s", certificate.Deviations, want)
			}
		}
	})
	t.Run("malformed subjectAltName", func(t *testing.T) {
		certificate := findCertificate(t, unzip(t, "vectors/ofd/docs/iofd-v1-n.ofd")["Doc_0/Signs/Sign_0/SignedValue.dat"], "www.dms360.cn")
		if !hasDeviation(certificate.Deviations, ExtensionOdd) {
			t.Errorf("deviations %v", certificate.Deviations)
		}
		if _, ok := certificate.SM2Key(); !ok || certificate.KeyUsage != UsageCertSign|UsageCRLSign || !certificate.IsSelfSigned() {
			t.Errorf("key %v, usage %v", certificate.KeyError, certificate.KeyUsage.Names())
		}
		if err := CheckUsage(certificate, SealUsage, ""); ReasonOf(err) != ReasonUsage {
			t.Errorf("seal by a certificate for certificates: %v", err)
		}
	})
}

// findCertificate looks through all octets for a certificate with the common name.
func findCertificate(t *testing.T, octets []byte, commonName string) *Certificate {
	t.Helper()
	for i := range octets {
		if i+4 < len(octets) && octets[i] == 0x30 && octets[i+1] == 0x82 {
			end := i + 4 + int(octets[i+2])<<8 + int(octets[i+3])
			if end <= len(octets) {
				if certificate, err := ParseCertificate(octets[i:end]); err == nil && certificate.Subject.CommonName() == commonName {
					return certificate
				}
			}
		}
	}
	t.Fatalf("no certificate of %s", commonName)
	return nil
}

func unzip(t testing.TB, name string) map[string][]byte {
	t.Helper()
	archive, err := zip.OpenReader(testkit.Shared(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	entries := map[string][]byte{}
	for _, file := range archive.File {
		reader, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		if entries[strings.TrimPrefix(file.Name, "/")], err = io.ReadAll(reader); err != nil {
			t.Fatal(err)
		}
		reader.Close()
	}
	return entries
}

func hasDeviation(list []Deviation, want Deviation) bool {
	for _, have := range list {
		if have == want {
			return true
		}
	}
	return false
}

func equalDeviations(have, want []Deviation) bool {
	return fmt.Sprint(have) == fmt.Sprint(want)
}
