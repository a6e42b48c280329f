package tst_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der/dertest"
	"github.com/yinxin-gov/yinxin/keys/pki/tst"
)

// Kept tokens, since keys are drawn anew in each run, and the cases that were drawn of them.
const (
	mutatedFolder = "testdata/mutated/"
	mutatedCases  = mutatedFolder + "cases.txt"
	mutatedSeed   = 20261128 // the second half of each seed, the number of the case is the first
)

var mutatedKinds = []string{"P-256", "RSA"} // OpenSSL 3.0 verifies no tokens of SM2

// explainedTokens are the tokens about which OpenSSL and we may differ. docs/divergences.md tells readers the same.
var explainedTokens = []struct {
	kind  string // by which a reader of the cases finds the reason
	holds func(t *tst.Token) bool
}{
	// An algorithm that nobody lists signs nothing here; OpenSSL 3.0 takes that of the key and passes over the name.
	{"algorithm of no name", func(t *tst.Token) bool {
		return !slices.Contains([]string{pki.OIDECDSAWithSHA256, pki.OIDSHA256WithRSA}, t.SignatureAlgorithm.OID)
	}},
	// What is tolerated is named in the report, and refused where no deviation is: lengths and integers that are longer than they must be, a list of
	// digests that lacks the one that is used. OpenSSL refuses some of it, and encodes signed attributes anew before it verifies them.
	{"deviation", func(t *tst.Token) bool { return len(t.Deviations) > 0 }},
}

// makeMutated writes the kept tokens anew.
func makeMutated(t *testing.T) {
	t.Helper()
	for _, kind := range mutatedKinds {
		s := newStamper(t, kind)
		made, err := tst.Make(s.info(t), s.certificate, []*pki.Certificate{s.certificate}, s.sign)
		if err != nil {
			t.Fatal(err)
		}
		for name, content := range map[string][]byte{kind + ".der": made, kind + ".pem": s.root.EncodePEM()} {
			if err := os.WriteFile(mutatedFolder+name, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func mutatedFile(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(mutatedFolder + name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// TestOpenSSLJudgesTokensAlike: tokens with one element changed: what OpenSSL refuses does not hold here, and what it takes has no wrong value or imprint
// here. YINXIN_MUTATED_TOKENS asks for so many further ones of each kind, numbered from YINXIN_MUTATED_FROM on.
func TestOpenSSLJudgesTokensAlike(t *testing.T) {
	if os.Getenv("YINXIN_NEW_TOKENS") != "" {
		makeMutated(t)
	}
	folder := t.TempDir()
	data := filepath.Join(folder, "data")
	if err := os.WriteFile(data, stamped, 0o600); err != nil {
		t.Fatal(err)
	}
	judged := func(kind string, number uint64) (class, outcome string) {
		token, class := dertest.Mutate(rand.New(rand.NewPCG(number, mutatedSeed)), mutatedFile(t, kind+".der"))
		ours, explained := "accept", "-"
		if read, err := tst.Parse(token); err != nil {
			ours = "unreadable"
		} else {
			for _, e := range explainedTokens {
				if e.holds(read) {
					explained = e.kind
				}
			}
			if err := read.Info.Imprint.Check(stamped); err != nil {
				ours = "imprint"
			} else {
				roots := pki.NewPool()
				if err := roots.AddFile(mutatedFile(t, kind+".pem")); err != nil {
					t.Fatal(err)
				}
				if j := read.Judge(tst.Options{Roots: roots, At: now}); !j.Proven() {
					ours = tst.Code(j.Findings[0])
				}
			}
		}
		reply := filepath.Join(folder, "reply.tsr")
		if err := os.WriteFile(reply, tst.EncodeGranted(token), 0o600); err != nil {
			t.Fatal(err)
		}
		theirs := "accept"
		if _, err := openssl(t, "ts", "-verify", "-in", reply, "-data", data, "-CAfile", mustAbs(t, mutatedFolder+kind+".pem"), "-attime", fmt.Sprint(now.Unix())); err != nil {
			theirs = "refuse" // its words change with its versions
		}
		if (ours == "accept") == (theirs == "accept") || !slices.Contains([]string{"accept", "TS_SIGNATURE", "imprint"}, ours) {
			explained = "-" // nothing to explain
		} else if explained == "-" {
			t.Errorf("%s %d %s: %s here, %s there", kind, number, class, ours, theirs)
		}
		return class, ours + "\t" + theirs + "\t" + explained
	}
	testkit.KeptCases(t, mutatedCases, 2, 60, func(keys []string) (class, outcome string) {
		number, err := strconv.ParseUint(keys[1], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return judged(keys[0], number)
	})
	tally := map[string]int{}
	count, from := testkit.Number(t, "YINXIN_MUTATED_TOKENS"), testkit.Number(t, "YINXIN_MUTATED_FROM")
	for number := from; number < from+count; number++ {
		for _, kind := range mutatedKinds {
			class, outcome := judged(kind, number)
			t.Logf("case\t%s\t%d\t%s\t%s", kind, number, class, outcome)
			tally[outcome]++
		}
	}
	if count > 0 {
		t.Logf("%d tokens of each kind from %d: %v", count, from, tally)
	}
}

func mustAbs(t *testing.T, path string) string {
	t.Helper()
	whole, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return whole
}
