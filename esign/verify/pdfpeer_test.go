package verify_test

import (
	"crypto/rand"
	"crypto/rsa"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/pdf"
	"github.com/yinxin-gov/yinxin/esign/pdf/pdftest"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// TestOutsideReaderOfPDFAgrees: pdfsig of poppler reads what we write, in each form of cross-references, and verifies the
// algorithms that it knows. With SM2 it knows neither digest nor signature, and shows field, signer, range and coverage.
func TestOutsideReaderOfPDFAgrees(t *testing.T) {
	tool, err := exec.LookPath("pdfsig")
	if err != nil {
		t.Fatalf("outside reader is missing (poppler-utils; make prepare installs it): %v", err)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	certificate, sign := foreign(t, key)
	value := func(signed []byte) []byte {
		out, err := pki.MakeSignedData(pki.SignedDataTemplate{}, signed, certificate, sign)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	visible := pdf.SignatureRequest{Name: "示例", Picture: sealPicture(t), Box: pdf.Box{X: 120, Y: 200, Width: 42, Height: 42}}
	table := pdftest.Sign(t, pdftest.Document(), visible, value)
	packed := pdftest.Packed(pdftest.Plain(), "/Root 1 0 R")
	for name, c := range map[string]struct {
		data []byte
		says []string
	}{
		"table":   {table, []string{"Signature Field Name: Signature1", "Foreign Signer", "May 20 2026 08:00:00", "Signature is Valid.", "Total document signed"}},
		"stream":  {pdftest.Sign(t, packed, visible, value), []string{"Signature is Valid.", "Total document signed"}},
		"two":     {pdftest.Sign(t, pdftest.Sign(t, packed, visible, value), visible, value), []string{"Not total document signed", "Signature2", "  - Total document signed"}},
		"sm2":     {withMessage(t, pdftest.Document(), visible), []string{"37030000001721", "ETSI.CAdES.detached", "Total document signed"}},
		"changed": {[]byte(strings.Replace(string(table), "(Amount 100)", "(Amount 900)", 1)), []string{"Digest Mismatch"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.pdf")
			if err := os.WriteFile(path, c.data, 0o600); err != nil {
				t.Fatal(err)
			}
			command := exec.Command(tool, "-nocert", path)
			command.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C.UTF-8")
			out, _ := command.CombinedOutput() // its status tells of trust as well, which is not the question
			for _, words := range c.says {
				if !strings.Contains(string(out), words) {
					t.Errorf("does not say %q:\n%s", words, out)
				}
			}
		})
	}
}
