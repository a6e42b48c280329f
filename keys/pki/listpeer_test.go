package pki

import (
	"crypto/rand"
	"errors"
	"math/big"
	mathrand "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/keys/pki/der/dertest"
)

// Kept lists and answers, since keys are drawn anew in each run, and the cases that were drawn of them.
const (
	mutatedLists = "testdata/mutated/"
	listCases    = mutatedLists + "cases.txt"
)

var listKinds = []string{"ec.crl", "rsa.crl", "ec.ocsp", "rsa.ocsp"} // OpenSSL 3.0 is told no user ID of SM2 for either

// makeLists writes the kept files anew.
func makeLists(t *testing.T) {
	t.Helper()
	for _, kind := range []string{"ec", "rsa"} {
		root := newRoot(t, "root "+kind, opensslKey(t, kind))
		list, err := MakeCRL(rand.Reader, CRLTemplate{Number: big.NewInt(7), ThisUpdate: begin, NextUpdate: middle.AddDate(1, 0, 0),
			Entries: []CRLEntry{{Serial: big.NewInt(5), RevokedAt: begin, Reason: RevokedSuperseded}, {Serial: big.NewInt(6), RevokedAt: begin}}}, root.certificate, root.key)
		if err != nil {
			t.Fatal(err)
		}
		id, err := NewCertID(OIDSHA1, big.NewInt(5), root.certificate)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := MakeOCSPResponse(OCSPTemplate{ProducedAt: middle, Singles: []OCSPSingle{{ID: id, State: RevocationRevoked, RevokedAt: begin, Reason: RevokedSuperseded, ThisUpdate: middle, NextUpdate: middle.Add(time.Hour)}}}, root.certificate, signMessage(root.key))
		if err != nil {
			t.Fatal(err)
		}
		for name, content := range map[string][]byte{kind + ".pem": root.certificate.EncodePEM(), kind + ".crl": list.Raw, kind + ".ocsp": answer} {
			if err := os.WriteFile(mutatedLists+name, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestOpenSSLJudgesListsAlike: revocation lists and OCSP answers with one element changed: what OpenSSL refuses is refused here or taken under a named deviation,
// and a signature that fails here fails there. YINXIN_MUTATED_LISTS asks for so many further ones of each kind, numbered from YINXIN_MUTATED_FROM on.
func TestOpenSSLJudgesListsAlike(t *testing.T) {
	if os.Getenv("YINXIN_NEW_LISTS") != "" {
		makeLists(t)
	}
	folder := t.TempDir()
	read := func(name string) []byte {
		content, err := os.ReadFile(mutatedLists + name)
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	issuers := map[string]*Certificate{}
	for _, kind := range []string{"ec", "rsa"} {
		list, err := ParseCertificates(read(kind + ".pem"))
		if err != nil {
			t.Fatal(err)
		}
		issuers[kind] = list[0]
	}
	judged := func(kind string, number uint64) (class, outcome string) {
		key, what, _ := strings.Cut(kind, ".")
		content, class := dertest.Mutate(newDraw(number), read(kind))
		ours, deviates := listAnswer(what, content, issuers[key])
		path := filepath.Join(folder, "list")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		arguments, good := []string{"crl", "-inform", "DER", "-in", path, "-CAfile", mutatedLists + key + ".pem", "-noout"}, "verify OK"
		if what == "ocsp" {
			arguments, good = []string{"ocsp", "-respin", path, "-no_nonce", "-issuer", mutatedLists + key + ".pem", "-serial", "5", "-CAfile", mutatedLists + key + ".pem"}, "Response verify OK"
		}
		out, err := exec.Command("openssl", arguments...).CombinedOutput()
		if errors.Is(err, exec.ErrNotFound) {
			t.Fatal("openssl is missing; make test installs it")
		}
		theirs, explained := "refuse", "-"
		if strings.Contains(string(out), good) {
			theirs = "accept"
		}
		if (ours == "accept") != (theirs == "accept") && (ours == "accept" || ours == "signature") {
			if explained = "deviation"; !deviates {
				explained = "unexplained"
				t.Errorf("%s %d %s: %s here, %s there\n%s", kind, number, class, ours, theirs, out)
			}
		}
		return class, ours + "\t" + theirs + "\t" + explained
	}
	testkit.KeptCases(t, listCases, 2, 60, func(keys []string) (class, outcome string) {
		number, err := strconv.ParseUint(keys[1], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return judged(keys[0], number)
	})
	tally := map[string]int{}
	count, from := testkit.Number(t, "YINXIN_MUTATED_LISTS"), testkit.Number(t, "YINXIN_MUTATED_FROM")
	for number := from; number < from+count; number++ {
		for _, kind := range listKinds {
			class, outcome := judged(kind, number)
			t.Logf("case\t%s\t%d\t%s\t%s", kind, number, class, outcome)
			tally[outcome]++
		}
	}
	if count > 0 {
		t.Logf("%d of each kind from %d: %v", count, from, tally)
	}
}

func newDraw(number uint64) *mathrand.Rand {
	return mathrand.New(mathrand.NewPCG(number, chainSeed))
}

// listAnswer is what is found here, and whether a deviation is named. "encoding" is a value that is not strictly encoded: for ECDSA exactly two integers in DER,
// where OpenSSL passes over what stands behind them; "algorithm" one whose identifier is not the inner one, or has parameters that it must not have.
func listAnswer(what string, content []byte, issuer *Certificate) (answer string, deviates bool) {
	if what == "ocsp" {
		response, err := ParseOCSPResponse(content)
		if err != nil {
			return "unreadable", false
		}
		if err := response.checkSigned(nil, issuer, nil, middle); err != nil {
			return signatureAnswer(err), len(response.Deviations) > 0
		}
		return "accept", len(response.Deviations) > 0
	}
	list, err := ParseCRL(content)
	if err != nil {
		return "unreadable", false
	}
	if err := list.CheckSignatureFrom(issuer); err != nil {
		return signatureAnswer(err), len(list.Deviations) > 0
	}
	return "accept", len(list.Deviations) > 0
}

func signatureAnswer(err error) string {
	switch Code(err) {
	case CodeDER:
		return "encoding"
	case CodeAlgorithm:
		return "algorithm"
	}
	return "signature"
}
