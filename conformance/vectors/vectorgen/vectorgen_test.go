package vectorgen

import (
	"bytes"
	"encoding/hex"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/yinxin-gov/yinxin/conformance/vectors"
)

// written is what the generator writes; it takes seconds.
var written = sync.OnceValue(Files)

// TestCommittedVectorsAreGenerated: the committed files are exactly those that the generator writes.
func TestCommittedVectorsAreGenerated(t *testing.T) {
	files := written()
	for _, name := range Names(files) {
		have, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(name)))
		if err != nil {
			t.Errorf("%s is not committed: run go generate ./conformance/vectors", name)
			continue
		}
		if string(have) != files[name] {
			t.Errorf("%s differs: run go generate ./conformance/vectors", name)
		}
		if _, err := vectors.Parse(name, files[name]); err != nil {
			t.Error(err)
		}
	}
	committed, err := filepath.Glob(filepath.Join("..", "*", "*"+vectors.Extension))
	if err != nil {
		t.Fatal(err)
	}
	if len(committed) != len(files) {
		t.Errorf("%d files are committed, %d are generated", len(committed), len(files))
	}
}

// TestGeneratorIsDeterministic writes everything twice.
func TestGeneratorIsDeterministic(t *testing.T) {
	first, second := written(), Files()
	for _, name := range Names(first) {
		if first[name] != second[name] {
			t.Errorf("%s differs between two runs", name)
		}
	}
}

// TestOwnArithmetic checks the schoolbook SM2 against the example of GB/T 32918.5 A.2.
func TestOwnArithmetic(t *testing.T) {
	d := number("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
	key := testKey{d, point{baseX, baseY}.times(d)}
	if key.public.x.Cmp(number("09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020")) != 0 ||
		key.public.y.Cmp(number("CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13")) != 0 {
		t.Fatalf("public key %x", key.public.encode())
	}
	e := key.messageHash(defaultUser, []byte("message digest"))
	if e.Cmp(number("F0B43E94BA45ACCAACE692ED534382EB17E6AB5A19CE7B31F4486FDFC0D28640")) != 0 {
		t.Fatalf("e = %x", e)
	}
	r, s := key.signWith(e, number("59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21"))
	if r.Cmp(number("F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3")) != 0 ||
		s.Cmp(number("B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA")) != 0 {
		t.Errorf("r = %x, s = %x", r, s)
	}
	infinity := point{baseX, baseY}.times(orderN)
	if infinity.x != nil || infinity.add(key.public).x.Cmp(key.public.x) != 0 || key.public.add(infinity).x.Cmp(key.public.x) != 0 {
		t.Error("n times the base point is not the neutral element")
	}
	if r, _ := key.signWith(new(big.Int).Sub(orderN, new(big.Int).Mod(point{baseX, baseY}.times(big.NewInt(5)).x, orderN)), big.NewInt(5)); r != nil {
		t.Error("r = 0 is given out")
	}
}

func TestParseRefuses(t *testing.T) {
	good := written()["sm/sm2_range-good.vec"]
	for name, content := range map[string]string{
		"empty":            "",
		"no rule":          strings.Replace(good, "# rule: sm/sm2_range\n", "", 1),
		"no note":          strings.Replace(good, "# note: good signature\n", "", 1),
		"odd expectation":  strings.Replace(good, "expect: accept", "expect: perhaps", 1),
		"unknown header":   "# who: me\n" + good,
		"header no value":  "# rule\n" + good,
		"bad hex":          strings.Replace(good, "message hex ", "message hex x", 1),
		"unknown encoding": strings.Replace(good, "message hex ", "message rot13 ", 1),
		"field twice":      good + "message hex 00\n",
		"word alone":       good + "message\n",
	} {
		if _, err := vectors.Parse("x", content); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if _, err := vectors.Load("nothing"); err == nil {
		t.Error("an area without files is loaded")
	}
}

// TestOwnCipher checks the SM4 written out against GB/T 32907 A.1 and its counter mode against RFC 8998 A.1, which are
// typed into the vectors of area sm.
func TestOwnCipher(t *testing.T) {
	if sbox[0] != 0xd6 || sbox[1] != 0x90 || sbox[0xef] != 0x84 || sbox[0xff] != 0x48 {
		t.Errorf("table %x", sbox)
	}
	files := written()
	parse := func(name string) map[string][]byte {
		t.Helper()
		vector, err := vectors.Parse(name, files[name])
		if err != nil {
			t.Fatal(err)
		}
		return vector.Fields
	}
	once := parse("sm/sm4_block-once.vec")
	if got := sm4Encrypt(once["key"], once["plaintext"]); !bytes.Equal(got, once["ciphertext"]) {
		t.Errorf("block %x", got)
	}
	published := parse("sm/sm4_gcm-published.vec")
	ciphertext, tag := sm4GCM(published["key"], published["nonce"], published["associated_data"], published["plaintext"])
	if !bytes.Equal(ciphertext, published["ciphertext"]) || !bytes.Equal(tag, published["tag"]) {
		t.Errorf("ciphertext %x, tag %x", ciphertext, tag)
	}
}

// TestOwnEncryption checks the schoolbook SM2 encryption against the example of GB/T 32918.5 A.3.
func TestOwnEncryption(t *testing.T) {
	d := number("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
	public := point{baseX, baseY}.times(d)
	got := public.sealWith(number("59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21"), []byte("encryption standard"))
	if hex.EncodeToString(got.c2) != "21886ca989ca9c7d58087307ca93092d651efa" ||
		hex.EncodeToString(got.c3) != "59983c18f809e262923c53aec295d30383b54e39d609d160afcb1908d0bd8766" ||
		got.c1.x.Cmp(number("04EBFC718E8D1798620432268E77FEB6415E2EDE0E073C0F4F640ECD2E149A73")) != 0 {
		t.Errorf("C1 %x\nC2 %x\nC3 %x", got.c1.encode(), got.c2, got.c3)
	}
}
