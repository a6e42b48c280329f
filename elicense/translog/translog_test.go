package translog

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"golang.org/x/mod/sumdb/note"

	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/signed"
)

// Vectors, computed by another program from RFC 6962 2.1 and the definitions of docs/design/translog.md: roots of the entries "entry 0", "entry 1", …, and
// a leaf.
var vectorRoots = map[int]string{
	1:     "2ece41c75007c06f823979b4a2f8984e91772f7702e3b8a695435a8655385c3e",
	2:     "34588e4c8e7577eeadc746684418005a61ce157cb353c2e820e61482762a412c",
	3:     "59b7d3934b8366252225460e3c72f9ed4e9b4baeae13a31ff90c8fa5d6e7af0b",
	255:   "8e389cddfdf0e41347cfed9b433112e780fb3316c73273af9d691e2a556bb873",
	256:   "1d15a6551e986d22d945098b584be1c1e6a3cef42e53b2befcdf0c0890e4fe05",
	257:   "e4d417ef67ab2a9ce468561be3f134e820a18e78f64c0eb34eb967e1506f3e90",
	70000: "51949c8467bda08ad6126f73e9ad165375caf45963f0fb3e2a8322fd5b784227",
}

const vectorLeaf = "8601017231313939303030304d4237515830303135570040582068c89186da1f3d0de38d70c1124b91a009f14b26f3197db8410fe17e9eaadf97"

var (
	original  = digest.Sum([]byte("sealed original"))
	secret    = Secret(bytes.Repeat([]byte{7}, SecretSize))
	moment    = time.Unix(1764290000, 0).UTC()
	licenseID = "1.2.156.3005.2.11100000MB0143028R001.11990000MB7QX0015W.A1.001.X"
)

func sm2Pair(t testing.TB, name string, keyType KeyType) (Key, SignFunc) {
	t.Helper()
	private, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	k, err := NewKey(name, keyType, &private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return k, func(message []byte) ([]byte, error) {
		return private.Sign(rand.Reader, message, sm2.DefaultSM2SignerOpts)
	}
}

func TestEntriesHaveOneForm(t *testing.T) {
	sum, err := CommitLicense(secret.LicenseSalt(), licenseID, original)
	if err != nil {
		t.Fatal(err)
	}
	e := NewEntry(KindLicense, "11990000MB7QX0015W", 0, nil, sum)
	leaf, err := e.Encode()
	if err != nil || hex.EncodeToString(leaf) != vectorLeaf {
		t.Errorf("%x %v", leaf, err)
	}
	back, err := ParseEntry(leaf)
	if err != nil || back.Subject != e.Subject || back.Kind != KindLicense || !bytes.Equal(back.Digest, sum) {
		t.Errorf("%+v %v", back, err)
	}
	if bytes.Contains(leaf, []byte(licenseID)) || bytes.Contains(leaf, original) {
		t.Error("a leaf tells of which licence it is")
	}
}

func TestEntriesThatAreNone(t *testing.T) {
	sum, tag := make([]byte, 32), make([]byte, 32)
	for name, e := range map[string]Entry{
		"version": {Version: 2, Kind: KindKey, Subject: "x", Tag: []byte{}, Digest: sum}, "kind": NewEntry(7, "x", 0, nil, sum), "no kind": NewEntry(0, "x", 0, nil, sum), "subject": NewEntry(KindKey, "", 0, nil, sum),
		"long subject": NewEntry(KindKey, strings.Repeat("x", 97), 0, nil, sum), "not text": NewEntry(KindKey, "\xff", 0, nil, sum), "digest": NewEntry(KindKey, "x", 0, nil, sum[1:]),
		"tag of a licence": NewEntry(KindLicense, "x", 0, tag, sum), "event without a tag": NewEntry(KindStatus, "x", 0, nil, sum), "number of a licence": NewEntry(KindLicense, "x", 1, nil, sum), "list without a number": NewEntry(KindList, "x", 0, nil, sum),
	} {
		if _, err := e.Encode(); !errors.Is(err, ErrMake) {
			t.Errorf("%s is made: %v", name, err)
		}
		if e.Tag == nil {
			e.Tag = []byte{}
		}
		if octets, err := signed.Encode(e); err == nil {
			if _, err := ParseEntry(octets); !errors.Is(err, ErrFormat) {
				t.Errorf("%s is read: %v", name, err)
			}
		}
	}
	whole, err := NewEntry(KindList, "1", 4, nil, sum).Encode()
	if err != nil {
		t.Fatal(err)
	}
	null, err := signed.Encode(Entry{Version: 1, Kind: KindKey, Subject: "x", Digest: sum})
	if err != nil {
		t.Fatal(err)
	}
	for name, octets := range map[string][]byte{"empty": nil, "cut": whole[:len(whole)-1], "more": append(bytes.Clone(whole), 0), "long": make([]byte, MaxEntry+1), "null": null} {
		if _, err := ParseEntry(octets); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSaltsAndTagsAreApart(t *testing.T) {
	seen := map[string]string{}
	for name, made := range map[string][]byte{"license": secret.LicenseSalt(), "status 0": secret.StatusSalt(0), "status 1": secret.StatusSalt(1), "tag 0": secret.StatusTag(0), "tag 1": secret.StatusTag(1), "another": Secret(make([]byte, 32)).LicenseSalt()} {
		if len(made) != HashSize || seen[string(made)] != "" {
			t.Errorf("%s is %s", name, seen[string(made)])
		}
		seen[string(made)] = name
	}
}

func TestCommitmentsCoverEverything(t *testing.T) {
	base := StatusEvent{LicenseID: licenseID, Number: 1, From: "valid", To: "revoked", LegalBasis: "b", DecisionNumber: "d", EffectiveAt: 5, Until: 0, RecordedAt: 7}
	seen := map[string]string{}
	for name, edit := range map[string]func(*StatusEvent){
		"as it is": func(*StatusEvent) {}, "license": func(e *StatusEvent) { e.LicenseID += "1" }, "number": func(e *StatusEvent) { e.Number++ }, "from": func(e *StatusEvent) { e.From = "x" }, "to": func(e *StatusEvent) { e.To = "x" },
		"basis": func(e *StatusEvent) { e.LegalBasis = "x" }, "decision": func(e *StatusEvent) { e.DecisionNumber = "x" }, "effective": func(e *StatusEvent) { e.EffectiveAt++ }, "until": func(e *StatusEvent) { e.Until++ }, "recorded": func(e *StatusEvent) { e.RecordedAt++ },
	} {
		e := base
		edit(&e)
		sum, err := e.Commit(secret.StatusSalt(1))
		if err != nil || seen[string(sum)] != "" {
			t.Errorf("%s is as %s: %v", name, seen[string(sum)], err)
		}
		seen[string(sum)] = name
	}
	for name, err := range map[string]error{
		"salt": second(base.Commit(nil)), "no license": second(StatusEvent{Number: 1}.Commit(secret.StatusSalt(1))), "no number": second(StatusEvent{LicenseID: "x"}.Commit(secret.StatusSalt(1))),
		"licence: salt": second(CommitLicense(nil, "x", original)), "licence: identifier": second(CommitLicense(original, "", original)), "licence: original": second(CommitLicense(original, "x", original[1:])),
	} {
		if !errors.Is(err, ErrMake) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if Micros(time.Time{}) != 0 || Micros(moment) != moment.UnixMicro() {
		t.Error("times")
	}
}

func TestKeysOfNotes(t *testing.T) {
	p256, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	edPublic, _, _ := ed25519.GenerateKey(rand.Reader)
	sm, _ := sm2.GenerateKey(rand.Reader)
	var all []Key
	for _, c := range []struct {
		keyType KeyType
		public  any
	}{{SM2Key, &sm.PublicKey}, {SM2Cosigner, &sm.PublicKey}, {P256Key, &p256.PublicKey}, {Ed25519Key, edPublic}, {Ed25519Witness, edPublic}} {
		k, err := NewKey("log.example/log", c.keyType, c.public)
		if err != nil {
			t.Fatal(err)
		}
		if list, err := ParseKeys("# a log\n\n" + k.String() + "\n " + k.String()); len(list) != 2 || err != nil || list[1].String() != k.String() {
			t.Errorf("%v %v", list, err)
		}
		back, err := ParseKey(k.String())
		if err != nil || back.String() != k.String() || back.KeyHash() != k.KeyHash() || back.Cosigns() != k.Cosigns() {
			t.Errorf("%s: %v", k, err)
		}
		all = append(all, k)
	}
	info, err := x509.MarshalPKIXPublicKey(&p256.PublicKey)
	if err != nil || string(info) != string(all[2].encoded) {
		t.Errorf("SubjectPublicKeyInfo %x, want %x: %v", all[2].encoded, info, err)
	}
	if all[0].KeyHash() == all[1].KeyHash() {
		t.Error("one id for two types")
	}
	whole := all[0].String()
	for name, text := range map[string]string{"empty": "", "name alone": "a", "no material": "a+00000000+", "other id": strings.Replace(whole, "+", "+0", 1), "not base64": whole + "!", "unknown type": "a+00000000+" + base64.StdEncoding.EncodeToString([]byte{9, 9}),
		"no point": "a+00000000+" + base64.StdEncoding.EncodeToString([]byte(SM2Key)), "short Ed25519": "a+00000000+BA==", "short Ed25519 of a log": "a+00000000+AQ==", "no SPKI": "a+00000000+Ag==", "no point of P-256": "a+00000000+" + base64.StdEncoding.EncodeToString([]byte(string(P256Key)+p256Head+strings.Repeat("\x04", 65))), "long": strings.Repeat("a", 2000), "another name": "x" + whole} {
		if k, err := ParseKey(text); !errors.Is(err, ErrKey) {
			t.Errorf("%s: %v %v", name, k, err)
		}
	}
	for _, name := range []string{"", "a b", "a+b", "a\n", "\xff", strings.Repeat("a", 256), "a\u3000b"} {
		if _, err := NewKey(name, SM2Key, &sm.PublicKey); !errors.Is(err, ErrKey) {
			t.Errorf("name %q: %v", name, err)
		}
	}
	for name, c := range map[string]struct {
		keyType KeyType
		public  any
	}{"P-256 as SM2": {SM2Key, &p256.PublicKey}, "SM2 as P-256": {P256Key, &sm.PublicKey}, "P-384 as P-256": {P256Key, &p384.PublicKey}, "nothing": {SM2Key, nil}, "no type": {"", &sm.PublicKey}, "Ed25519 as SM2": {SM2Key, edPublic}, "P-256 as Ed25519": {Ed25519Key, &p256.PublicKey}, "short": {Ed25519Key, edPublic[:31]}} {
		if _, err := NewKey("a", c.keyType, c.public); !errors.Is(err, ErrKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCheckpointsAreSignedAndCosigned(t *testing.T) {
	logKey, logSign := sm2Pair(t, "log.example/log", SM2Key)
	w1, sign1 := sm2Pair(t, "court.example", SM2Cosigner)
	w2, sign2 := sm2Pair(t, "notary.example", SM2Cosigner)
	edPublic, edPrivate, _ := ed25519.GenerateKey(rand.Reader)
	w3, err := NewKey("abroad.example", Ed25519Witness, edPublic)
	if err != nil {
		t.Fatal(err)
	}
	c := Checkpoint{"log.example/log", 12, SM3.HashLeaf(nil)}
	plain, err := SignCheckpoint(c, Signer{Key: logKey, Signer: logSign})
	if err != nil {
		t.Fatal(err)
	}
	both := plain
	for _, s := range []Signer{{Key: w1, At: moment, Signer: sign1}, {Key: w2, At: moment, Signer: sign2}, {Key: w3, At: moment, Signer: func(m []byte) ([]byte, error) { return ed25519.Sign(edPrivate, m), nil }}} {
		lines, err := SignCheckpoint(c, s)
		if err != nil {
			t.Fatal(err)
		}
		var added int
		if both, added, err = AddSignatures(both, SignatureLines(lines), s.Key); err != nil || added != 1 {
			t.Fatal(added, err)
		}
	}
	policy := Policy{Log: []Key{logKey}, Witnesses: []Key{w1, w2, w3, w1}, Quorum: 3}
	o, err := policy.Open(both)
	if err != nil || o.Size != 12 || len(o.Cosignatures) != 3 || !o.Cosignatures[0].At.Equal(moment) {
		t.Fatalf("%+v %v", o, err)
	}
	policy.Quorum = 4
	if _, err := policy.Open(both); !errors.Is(err, ErrQuorum) {
		t.Errorf("quorum: %v", err)
	}
	policy.Quorum = 1
	if _, err := policy.Open(plain); !errors.Is(err, ErrQuorum) {
		t.Errorf("none cosigned: %v", err)
	}
	if o, err := (Policy{Log: []Key{logKey}}).Open(both); err != nil || len(o.Cosignatures) != 0 {
		t.Errorf("unknown witnesses: %+v %v", o, err)
	}
	stranger, strangerSign := sm2Pair(t, "log.example/log", SM2Key)
	if o, err := (Policy{Log: []Key{stranger}}).Open(both); !errors.Is(err, ErrStranger) || !errors.Is(err, ErrSignature) || o.Text() != c.Text() {
		t.Errorf("another key: %+v %v", o, err)
	}
	if o, err := (Policy{Log: []Key{stranger}, Witnesses: []Key{w1}}).Open(both); !errors.Is(err, ErrStranger) || o.Text() != c.Text() {
		t.Errorf("a witness who is known, of a log that is not: %+v %v", o, err)
	}
	if o, err := (Policy{}).Open([]byte("text\n")); err == nil || errors.Is(err, ErrStranger) {
		t.Errorf("no note: %+v %v", o, err)
	}
	foreign, foreignSign := sm2Pair(t, "other.example/log", SM2Key)
	byOther, err := SignCheckpoint(c, Signer{Key: foreign, Signer: foreignSign})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (Policy{Log: []Key{foreign, stranger}}).Open(byOther); !errors.Is(err, ErrSignature) {
		t.Errorf("a key of another origin: %v", err)
	}
	if _, err := (Policy{Log: []Key{w1}}).Open(both); !errors.Is(err, ErrKey) {
		t.Errorf("a witness as the log: %v", err)
	}
	if _, err := (Policy{Log: []Key{logKey}, Witnesses: []Key{stranger}}).Open(both); !errors.Is(err, ErrKey) {
		t.Errorf("a log as a witness: %v", err)
	}
	changed := bytes.Replace(both, []byte("\n12\n"), []byte("\n13\n"), 1)
	if _, err := policy.Open(changed); !errors.Is(err, ErrSignature) || errors.Is(err, ErrStranger) {
		t.Errorf("another size: %v", err)
	}
	if _, err := policy.Open(append([]byte{0}, both...)); !errors.Is(err, ErrFormat) {
		t.Errorf("control character: %v", err)
	}
	if _, err := policy.Open(make([]byte, MaxNote+1)); !errors.Is(err, ErrFormat) {
		t.Errorf("large: %v", err)
	}
	text := "log.example/log\n12\nnot a root\n"
	odd, err := note.Sign(&note.Note{Text: text}, Signer{Key: logKey, Signer: logSign})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (Policy{Log: []Key{logKey}}).Open(odd); !errors.Is(err, ErrFormat) {
		t.Errorf("signed, but no checkpoint: %v", err)
	}

	// A cosignature of another moment takes the place of the older one; a line of somebody else is not taken.
	later, _ := SignCheckpoint(c, Signer{Key: w1, At: moment.Add(time.Hour), Signer: sign1})
	renewed, added, err := AddSignatures(both, SignatureLines(later), w1)
	if err != nil || added != 1 || bytes.Count(renewed, []byte("court.example")) != 1 {
		t.Fatalf("%s %v", renewed, err)
	}
	if o, _ := policy.Open(renewed); len(o.Cosignatures) != 3 || !o.Cosignatures[2].At.Equal(moment.Add(time.Hour)) {
		t.Errorf("%+v", o)
	}
	byStranger, _ := SignCheckpoint(c, Signer{Key: stranger, Signer: strangerSign})
	if _, _, err := AddSignatures(both, SignatureLines(byStranger), w1); !errors.Is(err, ErrSignature) {
		t.Errorf("a line of a stranger: %v", err)
	}
	if _, _, err := AddSignatures([]byte("x"), SignatureLines(later), w1); !errors.Is(err, ErrFormat) {
		t.Errorf("no note: %v", err)
	}
	if _, _, err := AddSignatures(both, make([]byte, MaxNote), w1); !errors.Is(err, ErrFormat) {
		t.Errorf("many lines: %v", err)
	}
	if SignatureLines([]byte("x")) != nil {
		t.Error("lines of no note")
	}
}

func TestWhatIsNotSigned(t *testing.T) {
	k, sign := sm2Pair(t, "log.example/log", SM2Key)
	cosigner, cosign := sm2Pair(t, "w.example", SM2Cosigner)
	_, other := sm2Pair(t, "x", SM2Key)
	good := Checkpoint{"log.example/log", 1, make([]byte, 32)}
	for name, c := range map[string]Checkpoint{"no origin": {"", 1, good.Root}, "two lines": {"a\nb", 1, good.Root}, "short root": {"a", 1, good.Root[1:]}, "size": {"a", 1 << 63, good.Root}} {
		if _, err := SignCheckpoint(c, Signer{Key: k, Signer: sign}); !errors.Is(err, ErrMake) {
			t.Errorf("%s: %v", name, err)
		}
	}
	away := errors.New("away")
	for name, s := range map[string]Signer{"another key": {Key: k, Signer: other}, "not DER": {Key: k, Signer: func([]byte) ([]byte, error) { return []byte("x"), nil }}, "no time": {Key: cosigner, Signer: cosign}} {
		if _, err := SignCheckpoint(good, s); !errors.Is(err, ErrMake) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := SignCheckpoint(good, Signer{Key: k, Signer: func([]byte) ([]byte, error) { return nil, away }}); !errors.Is(err, away) {
		t.Errorf("key away: %v", err)
	}
	signature, err := Signer{Key: cosigner, At: moment, Signer: cosign}.Sign([]byte(good.Text()))
	if err != nil {
		t.Fatal(err)
	}
	signature[0] |= 0x80
	if cosigner.Verify([]byte(good.Text()), signature) || cosigner.Verify([]byte(good.Text()), signature[1:]) {
		t.Error("a cosignature of a wrong form verifies")
	}
	signature[0] &= 0x7f
	signature[7]++
	if cosigner.Verify([]byte(good.Text()), signature) {
		t.Error("another time verifies")
	}
}

// TestNotesForOthers: the P-256 line is the one that github.com/transparency-dev/witness knows, ECDSA over SHA-256 of the text under an id that is
// the hash of the key alone; the Ed25519 line is the one that golang.org/x/mod and the public witnesses know.
func TestNotesForOthers(t *testing.T) {
	private, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	k, err := NewKey("log.example/log/roots", P256Key, &private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	signedNote, err := SignCheckpoint(Checkpoint{"log.example/log/roots", 1, make([]byte, 32)}, Signer{Key: k, Signer: func(m []byte) ([]byte, error) {
		sum := sha256.Sum256(m)
		return ecdsa.SignASN1(rand.Reader, private, sum[:])
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (Policy{Log: []Key{k}}).Open(signedNote); err != nil {
		t.Error(err)
	}
	public, secret, _ := ed25519.GenerateKey(rand.Reader)
	own, err := NewKey("log.example/log/roots", Ed25519Key, public)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := note.NewVerifier(own.String())
	if err != nil || theirs.KeyHash() != own.KeyHash() {
		t.Fatalf("%s: %v", own, err)
	}
	signedNote, err = SignCheckpoint(Checkpoint{"log.example/log/roots", 1, make([]byte, 32)}, Signer{Key: own, Signer: func(m []byte) ([]byte, error) { return ed25519.Sign(secret, m), nil }})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := note.Open(signedNote, note.VerifierList(theirs)); err != nil {
		t.Error(err)
	}
	if opened, err := (Policy{Log: []Key{own}}).Open(signedNote); err != nil || opened.Size != 1 {
		t.Errorf("%v %v", opened, err)
	}
	if own.Verify([]byte("another text"), ed25519.Sign(secret, []byte("text"))) {
		t.Error("a signature of another text verifies")
	}
}

func proofOf(t testing.TB) (p Proof, policy Policy) {
	t.Helper()
	logKey, sign := sm2Pair(t, "log.example/log", SM2Key)
	s, heads := grown(t, SM3, 4, func() int { return 4 })
	opening := NewOpening("11990000MB7QX0015W", secret.LicenseSalt(), nil, nil)
	leaf, err := opening.Leaf(licenseID, original)
	if err != nil {
		t.Fatal(err)
	}
	head, tiles, err := SM3.Grow(heads[1], [][]byte{SM3.HashLeaf(leaf), leafOf(SM3, 5)}, s.load)
	if err != nil {
		t.Fatal(err)
	}
	s.put(tiles)
	root, _ := SM3.Root(head)
	p.Index = 4
	if p.Checkpoint, err = SignCheckpoint(Checkpoint{"log.example/log", 6, root}, Signer{Key: logKey, Signer: sign}); err != nil {
		t.Fatal(err)
	}
	if p.Hashes, err = SM3.Inclusion(4, 6, s.read); err != nil {
		t.Fatal(err)
	}
	if p.Extra, err = opening.Encode(); err != nil {
		t.Fatal(err)
	}
	return p, Policy{Log: []Key{logKey}}
}

func TestAProofIsJudgedFromItsFileAlone(t *testing.T) {
	p, policy := proofOf(t)
	file, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseProof(file)
	if err != nil {
		t.Fatal(err)
	}
	judge := func(licenseID string, original []byte, p Proof) error {
		opening, err := ParseOpening(p.Extra)
		if err != nil {
			return err
		}
		leaf, err := opening.Leaf(licenseID, original)
		if err != nil {
			return err
		}
		_, err = p.Verify(SM3, leaf, policy)
		return err
	}
	if err := judge(licenseID, original, back); err != nil {
		t.Fatal(err)
	}
	if err := judge(licenseID+"1", original, back); !errors.Is(err, ErrProof) {
		t.Errorf("another identifier: %v", err)
	}
	if err := judge(licenseID, digest.Sum(nil), back); !errors.Is(err, ErrProof) {
		t.Errorf("another original: %v", err)
	}
	elsewhere := back
	elsewhere.Index = 5
	if err := judge(licenseID, original, elsewhere); !errors.Is(err, ErrProof) {
		t.Errorf("another index: %v", err)
	}
	authority, _ := NewOpening("another authority", secret.LicenseSalt(), nil, nil).Encode()
	elsewhere = back
	elsewhere.Extra = authority
	if err := judge(licenseID, original, elsewhere); !errors.Is(err, ErrProof) {
		t.Errorf("another authority: %v", err)
	}
	policy.Quorum = 1
	if err := judge(licenseID, original, back); !errors.Is(err, ErrQuorum) {
		t.Errorf("without a witness: %v", err)
	}
}

func TestOpeningsOfEvents(t *testing.T) {
	event := &StatusEvent{LicenseID: licenseID, Number: 2, From: "valid", To: "suspended", RecordedAt: 1}
	o := NewOpening("a", secret.StatusSalt(2), event, secret.StatusTag(2))
	extra, err := o.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseOpening(extra)
	if err != nil || *back.Event != *event {
		t.Fatalf("%+v %v", back, err)
	}
	leaf, err := back.Leaf(licenseID, nil)
	if err != nil {
		t.Fatal(err)
	}
	if e, err := ParseEntry(leaf); err != nil || e.Kind != KindStatus || !bytes.Equal(e.Tag, secret.StatusTag(2)) {
		t.Errorf("%+v %v", e, err)
	}
	if _, err := back.Leaf("another", nil); !errors.Is(err, ErrProof) {
		t.Errorf("another licence: %v", err)
	}
	if _, err := NewOpening("a", secret.StatusSalt(2), &StatusEvent{LicenseID: "x"}, secret.StatusTag(2)).Leaf("x", nil); !errors.Is(err, ErrMake) {
		t.Errorf("an event without a number: %v", err)
	}
	if _, err := NewOpening("a", secret.LicenseSalt(), nil, nil).Leaf("x", nil); !errors.Is(err, ErrMake) {
		t.Errorf("no original: %v", err)
	}
	for name, o := range map[string]Opening{"salt": NewOpening("a", nil, nil, nil), "tag without event": NewOpening("a", original, nil, original), "event without tag": NewOpening("a", original, event, nil), "version": {Version: 2, Salt: original}} {
		octets, err := o.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseOpening(octets); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestProofFilesThatAreNone(t *testing.T) {
	p, _ := proofOf(t)
	file, _ := p.Encode()
	text := string(file)
	for name, bad := range map[string]string{
		"empty": "", "header": strings.Replace(text, "@v1", "@v2", 1), "no index": strings.Replace(text, "index 4\n", "", 1), "leading zero": strings.Replace(text, "index 4", "index 04", 1), "sign": strings.Replace(text, "index 4", "index +4", 1),
		"huge index": strings.Replace(text, "index 4", "index 9223372036854775808", 1), "extra": strings.Replace(text, "extra ", "extra !", 1), "empty extra": strings.Replace(text, "\nindex", "\nextra \nindex", 1), "hash": strings.Replace(text, "index 4\n", "index 4\nAAAA\n", 1),
		"no end": text[:strings.Index(text, "\n\n")], "carriage": strings.Replace(text, "\nindex", "\r\nindex", 1), "many hashes": strings.Replace(text, "index 4\n", "index 4\n"+strings.Repeat(base64.StdEncoding.EncodeToString(original)+"\n", 64), 1), "large": text + strings.Repeat("x", MaxProof),
	} {
		if _, err := ParseProof([]byte(bad)); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, large := range map[string]Proof{"extra": {Extra: make([]byte, maxExtra+1)}, "hashes": {Hashes: make([][]byte, 64)}, "note": {Checkpoint: make([]byte, MaxNote+1)}, "index": {Index: 1 << 63}} {
		if _, err := large.Encode(); !errors.Is(err, ErrMake) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRequestsToWitnesses(t *testing.T) {
	p, _ := proofOf(t)
	body := AddCheckpoint{3, p.Hashes, p.Checkpoint}.Encode()
	back, err := ParseAddCheckpoint(body)
	if err != nil || back.Old != 3 || len(back.Hashes) != len(p.Hashes) || !bytes.Equal(back.Checkpoint, p.Checkpoint) {
		t.Fatalf("%+v %v", back, err)
	}
	text := string(body)
	for name, bad := range map[string]string{"empty": "", "no old": strings.Replace(text, "old ", "new ", 1), "leading zero": strings.Replace(text, "old 3", "old 03", 1), "negative": strings.Replace(text, "old 3", "old -3", 1), "hash": strings.Replace(text, "\n", "\nAAAA\n", 1), "no end": "old 0\n", "large": text + strings.Repeat("x", MaxAddCheckpoint)} {
		if _, err := ParseAddCheckpoint([]byte(bad)); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCheckpointsThatAreNone(t *testing.T) {
	good := Checkpoint{"a", 0, make([]byte, 32)}.Text()
	if _, err := ParseCheckpoint(good); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"empty": "", "extension": good + "more\n", "no end": good[:len(good)-1], "origin": good[1:], "leading zero": strings.Replace(good, "\n0\n", "\n00\n", 1), "sign": strings.Replace(good, "\n0\n", "\n+0\n", 1), "size": strings.Replace(good, "\n0\n", "\n9223372036854775808\n", 1), "root": strings.Replace(good, "AA=", "AB=", 1), "short root": "a\n0\nAAAA\n"} {
		if c, err := ParseCheckpoint(text); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

// again is what every reader of this package keeps: what it reads is written again as the same octets.
func again[T any](f *testing.F, parse func([]byte) (T, error), write func(T) ([]byte, error)) {
	f.Fuzz(func(t *testing.T, data []byte) {
		value, err := parse(data)
		if err != nil {
			return
		}
		if back, err := write(value); err != nil || !bytes.Equal(back, data) {
			t.Errorf("%q is written as %q: %v", data, back, err)
		}
	})
}

func FuzzParseEntry(f *testing.F) {
	leaf, _ := hex.DecodeString(vectorLeaf)
	f.Add(leaf)
	again(f, ParseEntry, Entry.Encode)
}

func FuzzParseCheckpoint(f *testing.F) {
	f.Add([]byte(Checkpoint{"a", 7, make([]byte, 32)}.Text()))
	again(f, func(b []byte) (Checkpoint, error) { return ParseCheckpoint(string(b)) }, func(c Checkpoint) ([]byte, error) { return []byte(c.Text()), nil })
}

func FuzzParseProof(f *testing.F) {
	p, _ := proofOf(f)
	file, _ := p.Encode()
	f.Add(file)
	again(f, ParseProof, Proof.Encode)
}

func FuzzParseOpening(f *testing.F) {
	p, _ := proofOf(f)
	f.Add(p.Extra)
	again(f, ParseOpening, Opening.Encode)
}

func FuzzParseAddCheckpoint(f *testing.F) {
	p, _ := proofOf(f)
	f.Add(AddCheckpoint{3, p.Hashes, p.Checkpoint}.Encode())
	again(f, ParseAddCheckpoint, func(a AddCheckpoint) ([]byte, error) { return a.Encode(), nil })
}

func FuzzParseKey(f *testing.F) {
	k, _ := sm2Pair(f, "a.example", SM2Cosigner)
	f.Add([]byte(k.String()))
	again(f, func(b []byte) (Key, error) { return ParseKey(string(b)) }, func(k Key) ([]byte, error) { return []byte(k.String()), nil })
}

func FuzzParsePath(f *testing.F) {
	f.Add([]byte("tile/1/x001/234.p/7"))
	f.Add([]byte("tile/entries/234"))
	type path struct {
		id     TileID
		width  int
		bundle bool
	}
	again(f, func(b []byte) (path, error) {
		id, width, bundle, err := ParsePath(string(b))
		return path{id, width, bundle}, err
	}, func(p path) ([]byte, error) {
		if p.bundle {
			return []byte(BundlePath(p.id.Number, p.width)), nil
		}
		return []byte(p.id.Path(p.width)), nil
	})
}

func FuzzParseBundle(f *testing.F) {
	f.Add([]byte{0, 1, 'a', 0, 0}, 2)
	f.Fuzz(func(t *testing.T, data []byte, width int) {
		entries, err := ParseBundle(data, width)
		if err != nil {
			return
		}
		var back []byte
		for _, entry := range entries {
			if back, err = AppendEntry(back, entry); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(back, data) {
			t.Errorf("%x is written as %x", data, back)
		}
	})
}

// FuzzOpen: no note opens that no known key signed.
func FuzzOpen(f *testing.F) {
	p, policy := proofOf(f)
	f.Add(p.Checkpoint)
	f.Fuzz(func(t *testing.T, data []byte) {
		if o, err := policy.Open(data); err == nil && (o.Origin != "log.example/log" || o.Size != 6) {
			t.Errorf("%+v", o)
		}
	})
}

func TestKeysOfWitnesses(t *testing.T) {
	private, public, err := NewWitnessKey(rand.Reader, "court.example")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ParseWitnessKey(rand.Reader, private)
	if err != nil || signer.Key.String() != public.String() {
		t.Fatal(err)
	}
	signer.At = moment
	text := []byte(Checkpoint{"a", 1, make([]byte, 32)}.Text())
	if signature, err := signer.Sign(text); err != nil || !public.Verify(text, signature) {
		t.Errorf("%v", err)
	}
	if _, _, err := NewWitnessKey(rand.Reader, "a b"); !errors.Is(err, ErrKey) {
		t.Errorf("name: %v", err)
	}
	for name, bad := range map[string]string{"empty": "", "public": public.String(), "cut": private[:len(private)-4], "no name": privatePrefix + private[len(privatePrefix)+len("court.example"):],
		"zero": privatePrefix + "a+" + base64.StdEncoding.EncodeToString(append([]byte(SM2Cosigner), make([]byte, 32)...)), "another type": privatePrefix + "a+" + base64.StdEncoding.EncodeToString(append([]byte(SM2Key), make([]byte, 32)...))} {
		if _, err := ParseWitnessKey(rand.Reader, bad); !errors.Is(err, ErrKey) || strings.Contains(err.Error(), private[30:40]) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAProofIsOfTheAuthorityOfTheLicence: an entry that names another authority proves nothing of a licence, whatever else fits.
func TestAProofIsOfTheAuthorityOfTheLicence(t *testing.T) {
	p, policy := proofOf(t)
	if opened, err := p.JudgeLicense(licenseID, original, policy); err != nil || opened.Size != 6 {
		t.Fatalf("%+v %v", opened, err)
	}
	for name, id := range map[string]string{
		"no licence": "", "of another authority": strings.Replace(licenseID, "11990000MB7QX0015W", "11990000MB7QX0023P", 1), "its code inside another": strings.Replace(licenseID, ".11990000MB7QX0015W.", ".111990000MB7QX0015W.", 1),
		"another licence of it": strings.Replace(licenseID, ".001.", ".002.", 1),
	} {
		if id == licenseID {
			t.Fatalf("%s: nothing changed", name)
		}
		if _, err := p.JudgeLicense(id, original, policy); !errors.Is(err, ErrProof) {
			t.Errorf("%s: %v", name, err)
		}
	}
	p.Extra = nil
	if _, err := p.JudgeLicense(licenseID, original, policy); !errors.Is(err, ErrFormat) {
		t.Errorf("without what opens the entry: %v", err)
	}
}

// TestNamesOfKeys: what would be read as something else in a line of a note is no name.
func TestNamesOfKeys(t *testing.T) {
	good, _ := sm2Pair(t, "log.example/log", SM2Key)
	public := good.public
	for name, want := range map[string]bool{"a": true, strings.Repeat("a", 255): true, strings.Repeat("a", 256): false, "": false, "a b": false, "a\u00a0b": false, "a+b": false, "a\nb": false, "a\x00b": false, "a\x7fb": false, "\xff": false, "名": true} {
		if _, err := NewKey(name, SM2Key, public); (err == nil) != want {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, kind := range []KeyType{Ed25519Key, Ed25519Witness, P256Key, "x"} {
		if _, err := NewKey("a", kind, public); !errors.Is(err, ErrKey) {
			t.Errorf("a key of SM2 as %q: %v", string(kind), err)
		}
	}
	if _, err := ParseKeys("# nothing\n\n"); !errors.Is(err, ErrKey) {
		t.Errorf("a file without keys: %v", err)
	}
	if _, err := ParseKey(good.String() + strings.Repeat("A", 1024)); !errors.Is(err, ErrKey) {
		t.Errorf("a long key: %v", err)
	}
}
