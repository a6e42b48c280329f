package verify_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// FuzzVerify: whatever the octets are, there is one report of a known verdict and code, the same twice, and never valid
// when nobody is trusted.
func FuzzVerify(f *testing.F) {
	w := world()
	sealed := w.Sealed(f, ofdtest.Sealing{})
	f.Add("a.ofd", sealed)
	f.Add("a.ofd", ofdtest.Document(f))
	f.Add("a.esl", w.Seal(f, nil))
	f.Add("a.dat", w.Value(f, ofdtest.Parts{}, []byte("x"), "/x"))
	f.Add("a.pdf", []byte("%PDF-1.7"))
	names, err := filepath.Glob(filepath.Join(testkit.Shared(f, "vectors/zip-hostile"), "*.ofd"))
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		if content, err := os.ReadFile(name); err == nil && len(content) < 8<<10 {
			f.Add("a.ofd", content)
		}
	}
	trusted := trusting(func(o *verify.Options) { o.CRLs = []*pki.CRL{ofdtest.CRL(f, w.Issuing)} })
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		r := verify.Verify(name, data, verify.Options{At: ofdtest.Now})
		if r.Verdict == verify.Valid {
			t.Fatal("valid, and nobody is trusted")
		}
		if again := verify.Verify(name, data, verify.Options{At: ofdtest.Now}); again.Code != r.Code || again.Verdict != r.Verdict || len(again.Reasons) != len(r.Reasons) {
			t.Fatalf("%s %s, then %s %s", r.Verdict, r.Code, again.Verdict, again.Code)
		}
		if verify.Banner(r.Code)["en"] == "" || len(r.Reasons) == 0 {
			t.Fatalf("code %q with %d reasons", r.Code, len(r.Reasons))
		}
		verify.Verify(name, data, trusted)
	})
}

// FuzzVerifyEntry changes one file of a sealed document: only the change itself may leave it valid.
func FuzzVerifyEntry(f *testing.F) {
	w := world()
	sealed := w.Sealed(f, ofdtest.Sealing{})
	p, err := ofd.Open(sealed, ofd.DefaultLimits())
	if err != nil {
		f.Fatal(err)
	}
	names := p.Names()
	for i, name := range names {
		content, err := p.Read(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(byte(i), content)
		f.Add(byte(i), []byte("<a/>"))
	}
	f.Fuzz(func(t *testing.T, index byte, content []byte) {
		name := names[int(index)%len(names)]
		old, err := p.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		if name == ofdtest.ListXML || string(old) == string(content) { // the list is open by design
			return
		}
		data := ofdtest.Edit(t, sealed, func(path string, have []byte) []byte {
			if path == name {
				return append([]byte{}, content...)
			}
			return have
		})
		if r := verify.Verify("a.ofd", data, trusting()); r.Verdict != verify.Invalid && !tolerated(name, content) {
			t.Fatalf("%s may be changed: %s %v", name, r.Verdict, codes(r))
		}
	})
}

// tolerated tells a value that a fuzzer wrote in another way that is read under a name: the octets that are signed are the same.
func tolerated(name string, content []byte) bool {
	signature, err := ses.ParseSignature(content)
	return name == ofdtest.SignedValue && err == nil && len(signature.Deviations) > 0
}
