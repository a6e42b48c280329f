package pki

import (
	"archive/zip"
	"bytes"
	"crypto/x509/pkix"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/smx509"

	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// TestOtherNamesAreReadForTheirForm: a subjectAltName that is none is named, and one that is critical is not understood.
func TestOtherNamesAreReadForTheirForm(t *testing.T) {
	root := newRoot(t, "root", newKey(t))
	key := newKey(t)
	name := func(tag int, content string) []byte {
		return append([]byte{0x80 | byte(tag), byte(len(content))}, content...)
	}
	deep := func(tag int, inner ...byte) []byte {
		return append([]byte{0xa0 | byte(tag), byte(len(inner))}, inner...)
	}
	for what, test := range map[string]struct {
		names []byte
		good  bool
	}{
		"a host, a mail and an address": {der.EncodeSequence(name(2, "seal.example.gov.cn"), name(1, "a@example.gov.cn"), name(6, "https://seal.example.gov.cn/")), true},
		"both lengths of IP":            {der.EncodeSequence(name(7, "abcd"), name(7, "abcdabcdabcdabcd")), true},
		"a directory name":              {der.EncodeSequence(deep(4, 0x30, 0)), true},
		"another name":                  {der.EncodeSequence(deep(0, 6, 1, 42, 0xa0, 2, 5, 0)), true},
		"a registered identifier":       {der.EncodeSequence(name(8, "*")), true},
		"no name":                       {der.EncodeSequence(), false},
		"no list":                       {der.EncodeNull(), false},
		"a host that is not ASCII":      {der.EncodeSequence(name(2, "印信")), false},
		"an address with parts":         {der.EncodeSequence(deep(6, 5, 0)), false},
		"an IP of five octets":          {der.EncodeSequence(name(7, "abcde")), false},
		"a directory name without one":  {der.EncodeSequence(name(4, "x")), false},
		"a tenth kind":                  {der.EncodeSequence(name(9, "x")), false},
		"a universal string":            {der.EncodeSequence([]byte{0x16, 1, 'x'}), false},
		"an empty identifier":           {der.EncodeSequence(name(8, "")), false},
	} {
		for _, critical := range []bool{false, true} {
			certificate := root.raw(t, "x", &key.PublicKey, func(c *smx509.Certificate) {
				c.IsCA, c.BasicConstraintsValid, c.MaxPathLen = false, false, 0
				c.ExtraExtensions = []pkix.Extension{{Id: []int{2, 5, 29, 17}, Critical: critical, Value: test.names}}
			})
			if hasDeviation(certificate.Deviations, ExtensionOdd) == test.good {
				t.Errorf("%s: deviations %v", what, certificate.Deviations)
			}
			if (len(certificate.Unhandled) > 0) != (critical && !test.good) {
				t.Errorf("%s, critical %v: not understood are %v", what, critical, certificate.Unhandled)
			}
		}
	}
}

// TestNothingIsOverlookedThatAStrictReaderRefuses: of each certificate in the real files that a strict reader of X.509 refuses, this
// package names what is odd, refuses it, or takes no key from it.
func TestNothingIsOverlookedThatAStrictReaderRefuses(t *testing.T) {
	seen, refused := 0, 0
	try := func(path string, octets []byte) {
		for i := 0; i+4 < len(octets); i++ {
			if octets[i] != 0x30 || octets[i+1] != 0x82 {
				continue
			}
			end := i + 4 + int(octets[i+2])<<8 + int(octets[i+3])
			if end > len(octets) {
				continue
			}
			certificate, err := ParseCertificate(octets[i:end])
			if err != nil {
				continue
			}
			seen++
			if _, err := smx509.ParseCertificate(octets[i:end]); err != nil {
				refused++
				if len(certificate.Deviations) == 0 && certificate.KeyError == nil {
					t.Errorf("%s: %s: nothing is said of %v", path, certificate.Subject, err)
				}
			}
		}
	}
	err := filepath.WalkDir(testkit.Shared(t, "vectors"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		octets, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		try(path, octets)
		if strings.HasSuffix(path, ".ofd") {
			each(octets, func(content []byte) { try(path, content) })
		}
		return nil
	})
	if err != nil || seen < 50 || refused < 2 {
		t.Errorf("%d certificates, %d refused, %v", seen, refused, err)
	}
	t.Logf("%d certificates, of which a strict reader refuses %d", seen, refused)
}

// each gives the content of every entry that can be read; a file that is no archive has none.
func each(archive []byte, use func(content []byte)) {
	reader, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return
	}
	for _, file := range reader.File {
		entry, err := file.Open()
		if err != nil {
			continue
		}
		if content, err := io.ReadAll(io.LimitReader(entry, 1<<20)); err == nil {
			use(content)
		}
	}
}
