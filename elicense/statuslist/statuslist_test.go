package statuslist

import (
	"bytes"
	"compress/flate"
	"crypto/ecdsa"
	"crypto/rand"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"

	"github.com/yinxin-gov/yinxin/keys/pki"
)

var now = time.Date(2026, 11, 24, 9, 30, 15, 0, time.UTC)

// authority is a root, an issuing CA and a service key with its chain.
type authority struct {
	root, ca *pki.Certificate
	caKey    *sm2.PrivateKey
	key      *sm2.PrivateKey
	leaf     *pki.Certificate
}

func newAuthority(t testing.TB, profile pki.Profile) *authority {
	t.Helper()
	key := func() *sm2.PrivateKey {
		k, err := sm2.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	a := &authority{caKey: key(), key: key()}
	rootKey := key()
	issue := func(profile pki.Profile, name string, public *ecdsa.PublicKey, issuer *pki.Certificate, signer *sm2.PrivateKey) *pki.Certificate {
		c, err := pki.MakeCertificate(rand.Reader, pki.CertificateTemplate{
			Profile: profile, Subject: pki.Subject{Country: "CN", Organization: "示例市", CommonName: name}, PublicKey: public,
			NotBefore: now.Add(-time.Hour), NotAfter: now.Add(1000 * time.Hour),
		}, issuer, signer)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	a.root = issue(pki.ProfileRoot, "根", nil, nil, rootKey)
	a.ca = issue(pki.ProfileIssuingCA, "签发", &a.caKey.PublicKey, a.root, rootKey)
	a.leaf = issue(profile, "状态服务", &a.key.PublicKey, a.ca, a.caKey)
	return a
}

// envelope is the outer form as package signed writes it.
type envelope struct {
	_            struct{} `cbor:",toarray"`
	Kind         string
	Body         []byte
	Certificates [][]byte
	Signature    []byte
}

func (a *authority) chain() [][]byte { return [][]byte{a.leaf.Raw, a.ca.Raw} }

func (a *authority) sign(message []byte) ([]byte, error) {
	return a.key.Sign(rand.Reader, message, sm2.DefaultSM2SignerOpts)
}

func (a *authority) trust() Trust { return Trust{Roots: pki.NewPool(a.root), At: now} }

func signedList(t testing.TB, a *authority, change func(*List)) []byte {
	t.Helper()
	l := New("https://id.example/status/1", 7, now, now.Add(time.Hour))
	if change != nil {
		change(l)
	}
	data, err := l.Sign(a.chain(), a.sign)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestListRoundTrip(t *testing.T) {
	a := newAuthority(t, pki.ProfileService)
	set := map[uint32]Status{0: Ended, 1: NotUsable, 2: Replaced, 5: Ended, Size - 1: Replaced}
	data := signedList(t, a, func(l *List) {
		for index, status := range set {
			l.Set(index, Replaced)
			l.Set(index, status)
		}
	})
	if !Is(KindList, data) || Is(KindDelta, data) {
		t.Error("the kind is not recognised")
	}
	l, err := Open(data)
	if err != nil {
		t.Fatal(err)
	}
	if l.URI != "https://id.example/status/1" || l.Number != 7 || !l.Issued.Equal(now) || !l.NextUpdate.Equal(now.Add(time.Hour)) || l.SignerName() != "状态服务" {
		t.Errorf("%+v", l)
	}
	for _, index := range []uint32{0, 1, 2, 3, 4, 5, 6, 1000, Size - 2, Size - 1} {
		if got, ok := l.Lookup(index); !ok || got != set[index] {
			t.Errorf("entry %d: %d %v", index, got, ok)
		}
	}
	if _, ok := l.Lookup(Size); ok {
		t.Error("an entry outside the shard is answered")
	}
	signer, err := l.Judge(a.trust())
	if err != nil || signer.Name() != "状态服务" || len(signer.Chain) != 3 {
		t.Errorf("%v %v", signer, err)
	}
	// A province's shard at one per cent ended stays small enough to carry.
	full := signedList(t, a, func(l *List) {
		for i := uint32(0); i < Size; i += 97 {
			l.Set(i, Ended)
		}
	})
	if len(data) > 3000 || len(full) > 60000 {
		t.Errorf("sizes %d and %d", len(data), len(full))
	}
}

func TestListFreshness(t *testing.T) {
	l := New("u", 1, now, now.Add(time.Hour))
	for age, want := range map[time.Duration]bool{0: true, 24 * time.Hour: true, 24*time.Hour + time.Second: false, -90 * time.Second: true, -91 * time.Second: false} {
		if l.Fresh(now.Add(age), 24*time.Hour) != want {
			t.Errorf("age %v: not %v", age, want)
		}
	}
}

func TestHostileListsAreRefused(t *testing.T) {
	a := newAuthority(t, pki.ProfileService)
	good := signedList(t, a, nil)
	deflate := func(n int) []byte {
		var b bytes.Buffer
		w, _ := flate.NewWriter(&b, flate.BestCompression)
		w.Write(make([]byte, n))
		w.Close()
		return b.Bytes()
	}
	base := listBody{URI: "u", Number: 1, Issued: now.Unix(), NextUpdate: now.Unix() + 1, Bits: 2, Size: Size, Deflated: deflate(Size / 4)}
	with := func(change func(*listBody)) []byte {
		body := base
		change(&body)
		data, err := SignObject(KindList, body, a.chain(), a.sign)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	if _, err := Open(with(func(*listBody) {})); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name string
		data []byte
		want error
	}{
		{"empty", nil, ErrFormat},
		{"not CBOR", []byte("hello"), ErrFormat},
		{"trailing octet", append(bytes.Clone(good), 0), ErrFormat},
		{"cut", good[:len(good)-1], ErrFormat},
		{"other kind", bytes.Replace(good, []byte("YXSL1"), []byte("YXSL2"), 1), ErrFormat},
		{"signature bit", flip(good, len(good)-1), ErrSignature},
		{"number changed", bytes.Replace(good, []byte("status/1"), []byte("status/2"), 1), ErrSignature},
		{"no address", with(func(b *listBody) { b.URI = "" }), ErrFormat},
		{"number zero", with(func(b *listBody) { b.Number = 0 }), ErrFormat},
		{"one bit per entry", with(func(b *listBody) { b.Bits = 1 }), ErrFormat},
		{"another size", with(func(b *listBody) { b.Size = 1 }), ErrFormat},
		{"next update before issue", with(func(b *listBody) { b.NextUpdate = b.Issued }), ErrFormat},
		{"time after the year 9999", with(func(b *listBody) { b.NextUpdate = 1 << 60 }), ErrFormat},
		{"too few entries", with(func(b *listBody) { b.Deflated = deflate(Size/4 - 1) }), ErrFormat},
		{"too many entries", with(func(b *listBody) { b.Deflated = deflate(Size/4 + 1) }), ErrFormat},
		{"bomb", with(func(b *listBody) { b.Deflated = deflate(64 << 20) }), ErrFormat},
		{"not deflate", with(func(b *listBody) { b.Deflated = []byte{0xff} }), ErrFormat},
		{"not in the deterministic form", append([]byte{0x98, 0x04}, good[1:]...), ErrFormat},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			if _, err := Open(test.data); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
	for name, certificates := range map[string][][]byte{"no certificate": {}, "five certificates": {a.leaf.Raw, a.ca.Raw, a.ca.Raw, a.ca.Raw, a.ca.Raw}, "not a certificate": {{1, 2}}} {
		t.Run(name, func(t *testing.T) {
			data, err := Encode(envelope{Kind: string(KindList), Body: []byte{0xa0}, Certificates: certificates, Signature: make([]byte, 64)})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Open(data); !errors.Is(err, ErrFormat) {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := Open(make([]byte, MaxSize+1)); !errors.Is(err, ErrFormat) {
		t.Errorf("too large: %v", err)
	}
}

func flip(data []byte, at int) []byte {
	out := bytes.Clone(data)
	out[at] ^= 1
	return out
}

func TestDecodeIsStrict(t *testing.T) {
	for name, data := range map[string][]byte{
		"duplicate key":     {0xa2, 0x01, 0x61, 'a', 0x01, 0x61, 'b'},
		"unknown key":       {0xa1, 0x18, 0x63, 0x00},
		"indefinite length": {0xbf, 0xff},
		"tag":               {0xc0, 0xa0},
		"long integer":      {0xa1, 0x02, 0x18, 0x01},
		"broken text":       {0xa1, 0x01, 0x61, 0xff},
	} {
		var body listBody
		if err := Decode(data, &body); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhoMaySign(t *testing.T) {
	a := newAuthority(t, pki.ProfileService)
	l, err := Open(signedList(t, a, nil))
	if err != nil {
		t.Fatal(err)
	}
	late := a.trust()
	late.At = now.Add(2000 * time.Hour)
	crl, err := pki.MakeCRL(rand.Reader, pki.CRLTemplate{Number: a.leaf.Serial, ThisUpdate: now.Add(-time.Minute), NextUpdate: now.Add(time.Hour), Entries: []pki.CRLEntry{{Serial: a.leaf.Serial, RevokedAt: now.Add(-time.Minute)}}}, a.ca, a.caKey)
	if err != nil {
		t.Fatal(err)
	}
	revoked := a.trust()
	revoked.CRLs = []*pki.CRL{crl}
	for name, trust := range map[string]Trust{"no roots": {At: now}, "another root": newAuthority(t, pki.ProfileService).trust(), "after the certificate's end": late, "revoked": revoked} {
		if _, err := l.Judge(trust); !errors.Is(err, ErrUntrusted) {
			t.Errorf("%s: %v", name, err)
		}
	}
	sealer := newAuthority(t, pki.ProfileSealSigner)
	if l, err = Open(signedList(t, sealer, nil)); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Judge(sealer.trust()); !errors.Is(err, ErrUntrusted) {
		t.Errorf("a seal certificate may speak about status: %v", err)
	}
	if _, err := New("u", 1, now, now.Add(1)).Judge(a.trust()); !errors.Is(err, ErrUntrusted) {
		t.Errorf("unsigned: %v", err)
	}
}

func TestSigningRefuses(t *testing.T) {
	a := newAuthority(t, pki.ProfileService)
	other := newAuthority(t, pki.ProfileService)
	l := New("u", 1, now, now.Add(time.Hour))
	for name, attempt := range map[string]func() ([]byte, error){
		"no address":          func() ([]byte, error) { return New("", 1, now, now.Add(time.Hour)).Sign(a.chain(), a.sign) },
		"no number":           func() ([]byte, error) { return New("u", 0, now, now.Add(time.Hour)).Sign(a.chain(), a.sign) },
		"no period":           func() ([]byte, error) { return New("u", 1, now, now).Sign(a.chain(), a.sign) },
		"no certificate":      func() ([]byte, error) { return l.Sign(nil, a.sign) },
		"key and certificate": func() ([]byte, error) { return l.Sign(a.chain(), other.sign) },
		"signer fails": func() ([]byte, error) {
			return l.Sign(a.chain(), func([]byte) ([]byte, error) { return nil, errors.New("no") })
		},
	} {
		if data, err := attempt(); !errors.Is(err, ErrMake) || data != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDelta(t *testing.T) {
	a := newAuthority(t, pki.ProfileService)
	var ids [][8]byte
	for i := range 2000 {
		ids = append(ids, ShortID(fmt.Appendf(nil, "changed %d", i)))
	}
	ids = append(ids, ids[0])
	data, err := NewDelta("https://id.example/status/delta", 3, now.Add(-24*time.Hour), now, now.Add(time.Hour), ids).Sign(a.chain(), a.sign)
	if err != nil {
		t.Fatal(err)
	}
	d, err := OpenDelta(data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Judge(a.trust()); err != nil {
		t.Error(err)
	}
	for i := range 2000 {
		if !d.Has(fmt.Appendf(nil, "changed %d", i)) {
			t.Fatalf("member %d is missing", i)
		}
	}
	hits := 0
	for i := range 100_000 {
		if d.Has(fmt.Appendf(nil, "unchanged %d", i)) {
			hits++
		}
	}
	if hits > 5 { // expected 0.1
		t.Errorf("%d false hits", hits)
	}
	if size := len(data); size > 2000*23/8+2500 {
		t.Errorf("%d octets", size)
	}
	for _, test := range []struct {
		name       string
		issued, at time.Time
		want       bool
	}{
		{"code of this hour", now.Add(-time.Hour), now, true},
		{"code from before the window", now.Add(-25 * time.Hour), now, false},
		{"delta too old", now.Add(-time.Hour), now.Add(2 * time.Hour), false},
		{"delta from the future", now.Add(-time.Hour), now.Add(-2 * time.Hour), false},
	} {
		if got := d.Covers(test.issued, test.at, time.Hour); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
	empty, err := NewDelta("u", 1, now, now, now.Add(time.Hour), nil).Sign(a.chain(), a.sign)
	if err != nil {
		t.Fatal(err)
	}
	if d, err = OpenDelta(empty); err != nil || d.Has([]byte("x")) {
		t.Errorf("empty delta: %v", err)
	}
	if _, err := Open(empty); !errors.Is(err, ErrFormat) {
		t.Errorf("a delta passes as a list: %v", err)
	}
	if _, err := NewDelta("u", 1, now.Add(time.Hour), now, now.Add(time.Hour), nil).Sign(a.chain(), a.sign); !errors.Is(err, ErrMake) {
		t.Errorf("window after issue: %v", err)
	}
	if _, err := NewDelta("u", 1, now, now, now.Add(time.Hour), nil).Judge(a.trust()); !errors.Is(err, ErrUntrusted) {
		t.Errorf("unsigned: %v", err)
	}
}

func TestHostileDeltas(t *testing.T) {
	a := newAuthority(t, pki.ProfileService)
	base := deltaBody{URI: "u", Number: 1, Issued: now.Unix(), NextUpdate: now.Unix() + 1, Since: now.Unix(), Count: 1, Coded: code([]uint64{5})}
	for name, change := range map[string]func(*deltaBody){
		"no address":         func(b *deltaBody) { b.URI = "" },
		"window after issue": func(b *deltaBody) { b.Since++ },
		"no window":          func(b *deltaBody) { b.Since = 0 },
		"count lies":         func(b *deltaBody) { b.Count = maxDelta },
		"count beyond bound": func(b *deltaBody) { b.Count = maxDelta + 1 },
		"cut":                func(b *deltaBody) { b.Coded = b.Coded[:2] },
		"octets after":       func(b *deltaBody) { b.Coded = append(b.Coded, 0) },
		"padding not zero":   func(b *deltaBody) { b.Coded[2] |= 1 },
		"endless quotient":   func(b *deltaBody) { b.Coded = []byte{0xff, 0xff, 0xff} },
		"member outside":     func(b *deltaBody) { b.Coded = code([]uint64{1 << riceBits}) },
		"times":              func(b *deltaBody) { b.NextUpdate = b.Issued },
		"number":             func(b *deltaBody) { b.Number = 0 },
	} {
		body := base
		body.Coded = bytes.Clone(base.Coded)
		change(&body)
		data, err := SignObject(KindDelta, body, a.chain(), a.sign)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := OpenDelta(data); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	a := newAuthority(f, pki.ProfileService)
	f.Add(signedList(f, a, nil))
	delta, err := NewDelta("u", 1, now, now, now.Add(time.Hour), [][8]byte{{1}, {2}}).Sign(a.chain(), a.sign)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(delta)
	f.Fuzz(func(t *testing.T, data []byte) {
		if l, err := Open(data); err == nil {
			l.Lookup(0)
		}
		if d, err := OpenDelta(data); err == nil {
			d.Has(data)
		}
		var body listBody
		if Decode(data, &body) == nil {
			if again, err := Encode(body); err != nil || !bytes.Equal(again, data) {
				t.Errorf("%x encodes as %x", data, again)
			}
		}
	})
}

func FuzzDecodeSet(f *testing.F) {
	f.Add(code([]uint64{1, 2, 1 << 20}), 3)
	f.Fuzz(func(t *testing.T, coded []byte, count int) {
		if count < 0 || count > maxDelta {
			return
		}
		if values, err := decode(coded, count); err == nil && !bytes.Equal(code(values), coded) {
			t.Errorf("%x encodes as %x", coded, code(values))
		}
	})
}
