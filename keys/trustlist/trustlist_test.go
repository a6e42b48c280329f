package trustlist

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"

	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/signed"
)

var now = time.Date(2026, 11, 24, 9, 30, 15, 0, time.UTC)

// house is a root, an issuing CA and a service key with its chain.
type house struct {
	root, ca   *pki.Certificate
	caKey, key *sm2.PrivateKey
	leaf       *pki.Certificate
}

func newHouse(t testing.TB, profile pki.Profile) *house {
	t.Helper()
	key := func() *sm2.PrivateKey {
		k, err := sm2.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	h := &house{caKey: key(), key: key()}
	rootKey := key()
	issue := func(profile pki.Profile, name string, public *ecdsa.PublicKey, issuer *pki.Certificate, signer *sm2.PrivateKey) *pki.Certificate {
		c, err := pki.MakeCertificate(rand.Reader, pki.CertificateTemplate{Profile: profile, Subject: pki.Subject{Organization: "示例市", CommonName: name}, PublicKey: public,
			NotBefore: now.Add(-1000 * time.Hour), NotAfter: now.Add(1000 * time.Hour)}, issuer, signer)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	h.root = issue(pki.ProfileRoot, "根", nil, nil, rootKey)
	h.ca = issue(pki.ProfileIssuingCA, "签发", &h.caKey.PublicKey, h.root, rootKey)
	h.leaf = issue(profile, "信任列表", &h.key.PublicKey, h.ca, h.caKey)
	return h
}

func (h *house) chain() [][]byte { return [][]byte{h.leaf.Raw, h.ca.Raw} }

func (h *house) sign(message []byte) ([]byte, error) {
	return h.key.Sign(rand.Reader, message, sm2.DefaultSM2SignerOpts)
}

func (h *house) list(t testing.TB, number uint64, authorities ...Authority) *List {
	t.Helper()
	l, err := Open(h.octets(t, number, authorities...))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (h *house) octets(t testing.TB, number uint64, authorities ...Authority) []byte {
	t.Helper()
	l := &List{URI: "https://id.example/trust/list", Number: number, Issued: now, NextUpdate: now.Add(time.Hour), Publisher: "示例市", Authorities: authorities, Carried: [][]byte{{1, 2}}}
	data, err := l.Sign(h.chain(), h.sign)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// entry is an authority with the history of the words "+use,use" and "-reason", one an hour from 10 hours ago.
func entry(c *pki.Certificate, words ...string) Authority {
	a := Authority{Certificate: c, Name: "厂商根"}
	for i, word := range words {
		e := Event{From: now.Add(time.Duration(i-10) * time.Hour)}
		if rest, ok := strings.CutPrefix(word, "-"); ok {
			e.Reason = Reason(rest)
		} else {
			for _, use := range strings.Split(word[1:], ",") {
				e.Uses = append(e.Uses, Use(use))
			}
		}
		a.History = append(a.History, e)
	}
	return a
}

func TestListRoundTrip(t *testing.T) {
	h, a, b := newHouse(t, pki.ProfileService), newHouse(t, pki.ProfileService), newHouse(t, pki.ProfileService)
	first := entry(a.root, "+seal_maker,seal_signer", "+seal_signer", "-ceased", "-compromised")
	data := h.octets(t, 7, first, entry(b.root, "+time_stamp"))
	if !Is(data) || signed.Is(signed.KindList, data) {
		t.Error("the kind is not recognised")
	}
	l, err := Open(data)
	if err != nil {
		t.Fatal(err)
	}
	if l.URI != "https://id.example/trust/list" || l.Number != 7 || !l.Issued.Equal(now) || !l.NextUpdate.Equal(now.Add(time.Hour)) || l.Publisher != "示例市" || l.SignerName() != "信任列表" ||
		len(l.Authorities) != 2 || len(l.Carried) != 1 || !bytes.Equal(l.Carried[0], []byte{1, 2}) {
		t.Errorf("%+v", l)
	}
	for _, got := range l.Authorities {
		if got.Certificate.Equal(a.root) && (got.Name != "厂商根" || len(got.History) != 4 || !slices.Equal(got.History[0].Uses, []Use{SealMaker, SealSigner}) || got.History[3].Reason != Compromised ||
			!got.History[1].From.Equal(now.Add(-9*time.Hour))) {
			t.Errorf("%+v", got)
		}
	}
	// Whatever the order of the entries, the body is the same.
	if again := h.octets(t, 7, entry(b.root, "+time_stamp"), first); !bytes.Equal(again[:len(again)-64], data[:len(data)-64]) {
		t.Error("the order of the entries shows")
	}
}

func TestHostileListsAreRefused(t *testing.T) {
	h := newHouse(t, pki.ProfileService)
	good := h.octets(t, 7, entry(h.root, "+service"))
	with := func(change func(*listBody)) []byte {
		l := &List{URI: "u", Number: 1, Issued: now, NextUpdate: now.Add(time.Hour), Publisher: "p", Authorities: []Authority{entry(h.root, "+service")}}
		body := l.body()
		change(&body)
		data, err := signed.SignObject(signed.KindAuthorities, body, h.chain(), h.sign)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	if _, err := Open(with(func(*listBody) {})); err != nil {
		t.Fatal(err)
	}
	event := func(change func(*eventBody)) []byte {
		return with(func(b *listBody) { change(&b.Authorities[0].History[0]) })
	}
	second := func(e eventBody) []byte {
		return with(func(b *listBody) { b.Authorities[0].History = append(b.Authorities[0].History, e) })
	}
	began := now.Add(-10 * time.Hour).Unix()
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"empty":               {nil, signed.ErrFormat},
		"trailing octet":      {append(bytes.Clone(good), 0), signed.ErrFormat},
		"other kind":          {bytes.Replace(good, []byte("YXTL1"), []byte("YXSL1"), 1), signed.ErrFormat},
		"address changed":     {bytes.Replace(good, []byte("id.example"), []byte("id.exampla"), 1), signed.ErrSignature},
		"number zero":         {with(func(b *listBody) { b.Number = 0 }), signed.ErrFormat},
		"no address":          {with(func(b *listBody) { b.URI = "" }), signed.ErrFormat},
		"no publisher":        {with(func(b *listBody) { b.Publisher = "" }), signed.ErrFormat},
		"no period":           {with(func(b *listBody) { b.NextUpdate = b.Issued }), signed.ErrFormat},
		"after the year 9999": {with(func(b *listBody) { b.NextUpdate = maxTime + 1 }), signed.ErrFormat},
		"no certificate":      {with(func(b *listBody) { b.Authorities[0].Certificate = []byte{5, 0} }), signed.ErrFormat},
		"twice":               {with(func(b *listBody) { b.Authorities = append(b.Authorities, b.Authorities[0]) }), signed.ErrFormat},
		"no name":             {with(func(b *listBody) { b.Authorities[0].Name = "" }), signed.ErrFormat},
		"no history":          {with(func(b *listBody) { b.Authorities[0].History = []eventBody{} }), signed.ErrFormat},
		"begins withdrawn":    {event(func(e *eventBody) { e.Uses, e.Reason = []string{}, "ceased" }), signed.ErrFormat},
		"time zero":           {event(func(e *eventBody) { e.From = 0 }), signed.ErrFormat},
		"unknown use":         {event(func(e *eventBody) { e.Uses = []string{"everything"} }), signed.ErrFormat},
		"use twice":           {event(func(e *eventBody) { e.Uses = []string{"service", "service"} }), signed.ErrFormat},
		"uses out of order":   {event(func(e *eventBody) { e.Uses = []string{"service", "seal_maker"} }), signed.ErrFormat},
		"grant with a reason": {event(func(e *eventBody) { e.Reason = "ceased" }), signed.ErrFormat},
		"no reason":           {second(eventBody{began + 1, []string{}, ""}), signed.ErrFormat},
		"unknown reason":      {second(eventBody{began + 1, []string{}, "whim"}), signed.ErrFormat},
		"same time":           {second(eventBody{began, []string{}, "ceased"}), signed.ErrFormat},
		"nothing new":         {second(eventBody{began + 1, []string{"service"}, ""}), signed.ErrFormat},
		"too many carried":    {with(func(b *listBody) { b.Carried = make([][]byte, maxCarried+1) }), signed.ErrFormat},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Open(c.data); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	if _, err := (&List{URI: "u", Publisher: "p", Number: 0, Issued: now, NextUpdate: now.Add(1)}).Sign(h.chain(), h.sign); !errors.Is(err, signed.ErrMake) {
		t.Errorf("signed although it cannot be read: %v", err)
	}
}

// TestAnOlderListIsRefused: roll-back would bring a withdrawn authority back.
func TestAnOlderListIsRefused(t *testing.T) {
	h, v := newHouse(t, pki.ProfileService), newHouse(t, pki.ProfileService)
	set := &Set{}
	granted, withdrawn := h.list(t, 7, entry(v.root, "+seal_signer")), h.list(t, 8, entry(v.root, "+seal_signer", "-compromised"))
	if err := errors.Join(set.Add(granted), set.Add(withdrawn), set.Add(withdrawn)); err != nil {
		t.Fatal(err)
	}
	if err := set.Add(granted); !errors.Is(err, ErrOlder) {
		t.Errorf("got %v", err)
	}
	if anchors := set.Resolve(pki.NewPool(h.root), nil, nil, now); anchors.Pool(SealSigner, now).Contains(v.root) {
		t.Error("the older list counts")
	}
	if set.Len() != 1 || set.Lists()[0].Number != 8 {
		t.Errorf("%d lists", set.Len())
	}
}

// TestWhoseListsCount: a list counts when a root that stands for itself vouches for its signer (S-30).
func TestWhoseListsCount(t *testing.T) {
	h, v := newHouse(t, pki.ProfileService), newHouse(t, pki.ProfileService)
	seal := newHouse(t, pki.ProfileSealSigner)
	revoked, err := pki.MakeCRL(rand.Reader, pki.CRLTemplate{Number: big.NewInt(1), ThisUpdate: now.Add(-time.Hour), NextUpdate: now.Add(time.Hour),
		Entries: []pki.CRLEntry{{Serial: h.leaf.Serial, RevokedAt: now.Add(-time.Minute)}}}, h.ca, h.caKey)
	if err != nil {
		t.Fatal(err)
	}
	own := func(words ...string) *Set { s := &Set{}; s.AddOwn(entry(h.root, words...)); return s }
	for name, c := range map[string]struct {
		set   *Set
		by    *house
		roots []*pki.Certificate
		crls  []*pki.CRL
		at    time.Time
		want  string // why it does not count
	}{
		"root beside it":          {&Set{}, h, []*pki.Certificate{h.root}, nil, now, ""},
		"no root":                 {&Set{}, h, nil, nil, now, Untrusted},
		"another root":            {&Set{}, h, []*pki.Certificate{seal.root}, nil, now, Untrusted},
		"of a seal signer":        {&Set{}, seal, []*pki.Certificate{seal.root}, nil, now, Untrusted},
		"signer revoked":          {&Set{}, h, []*pki.Certificate{h.root}, []*pki.CRL{revoked}, now, Untrusted},
		"next one is due":         {&Set{}, h, []*pki.Certificate{h.root}, nil, now.Add(time.Hour + 2*time.Minute), Stale},
		"not issued yet":          {&Set{}, h, []*pki.Certificate{h.root}, nil, now.Add(-2 * time.Minute), Stale},
		"own authority":           {own("+service"), h, nil, nil, now, ""},
		"own, for something else": {own("+seal_maker"), h, nil, nil, now, Untrusted},
		"own, withdrawn":          {own("+service", "-ceased"), h, nil, nil, now, Untrusted},
	} {
		t.Run(name, func(t *testing.T) {
			// It also names its own root for services: a list cannot vouch for its own signer.
			if err := c.set.Add(c.by.list(t, 1, entry(v.root, "+seal_signer"), entry(c.by.root, "+service"))); err != nil {
				t.Fatal(err)
			}
			anchors := c.set.Resolve(pki.NewPool(c.roots...), nil, c.crls, c.at)
			if counts := anchors.Pool(SealSigner, now).Contains(v.root); counts != (c.want == "") {
				t.Errorf("counts: %v", counts)
			}
			if c.want != "" && (len(anchors.Passed) != 1 || anchors.Passed[0].Reason != c.want) {
				t.Errorf("passed over: %+v", anchors.Passed)
			}
		})
	}
}

// TestStandingAtAMoment: what held at the moment decides, and a compromise is told whenever it came.
func TestStandingAtAMoment(t *testing.T) {
	hours := func(n int) time.Time { return now.Add(time.Duration(n) * time.Hour) }
	for name, c := range map[string]struct {
		words []string
		at    int // hours from now; events begin at -10, -9, …
		want  Standing
	}{
		"before":                   {[]string{"+seal_signer"}, -11, Standing{Known: true}},
		"first second":             {[]string{"+seal_signer"}, -10, Standing{Known: true, Granted: true}},
		"other use":                {[]string{"+seal_maker"}, -5, Standing{Known: true, Other: true}},
		"use added":                {[]string{"+seal_maker", "+seal_maker,seal_signer"}, -5, Standing{Known: true, Granted: true}},
		"use taken away":           {[]string{"+seal_maker,seal_signer", "+seal_maker"}, -5, Standing{Known: true, Other: true}},
		"withdrawn":                {[]string{"+seal_signer", "-ceased"}, -5, Standing{Known: true, WithdrawnAt: hours(-9), Reason: Ceased}},
		"before the withdrawal":    {[]string{"+seal_signer", "-ceased"}, -10, Standing{Known: true, Granted: true, WithdrawnAt: hours(-9), Reason: Ceased}},
		"compromised later":        {[]string{"+seal_signer", "-ceased", "-compromised"}, -10, Standing{Known: true, Granted: true, WithdrawnAt: hours(-8), Reason: Compromised}},
		"granted again":            {[]string{"+seal_signer", "-supervision", "+seal_signer"}, -5, Standing{Known: true, Granted: true}},
		"between withdrawal, back": {[]string{"+seal_signer", "-supervision", "+seal_signer"}, -9, Standing{Known: true, WithdrawnAt: hours(-9), Reason: Supervision}},
	} {
		t.Run(name, func(t *testing.T) {
			v := entry(nil, c.words...)
			if got := standing(v.History, SealSigner, hours(c.at)); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

// TestListsAddUp: what one list gives no other takes away, but a platform limits its own root.
func TestListsAddUp(t *testing.T) {
	a, b, v := newHouse(t, pki.ProfileService), newHouse(t, pki.ProfileService), newHouse(t, pki.ProfileService)
	set := &Set{}
	other := b.list(t, 1, entry(v.root, "+seal_signer", "-compromised"), entry(a.root, "+time_stamp"))
	other.URI = "https://other.example/trust/list"
	if err := errors.Join(set.Add(a.list(t, 1, entry(v.root, "+seal_signer"), entry(a.root, "+seal_maker,service"))), set.Add(other)); err != nil {
		t.Fatal(err)
	}
	anchors := set.Resolve(pki.NewPool(a.root, b.root), nil, nil, now)
	for name, c := range map[string]struct {
		root *pki.Certificate
		use  Use
		want bool
	}{
		"granted by one":                     {v.root, SealSigner, true},
		"own root, as its list says":         {a.root, SealMaker, true},
		"own root, beyond its list":          {a.root, SealSigner, false},
		"own root, by the other list":        {a.root, TimeStamp, true},
		"root that no list of its own names": {b.root, SealSigner, true},
	} {
		if got := anchors.Pool(c.use, now).Contains(c.root); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if s := anchors.Standing(v.root, SealSigner, now); !s.Granted || !s.WithdrawnAt.IsZero() {
		t.Errorf("standing %+v", s)
	}
	if s := anchors.Standing(b.root, TimeStamp, now); s != (Standing{Granted: true}) {
		t.Errorf("a root that stands for itself: %+v", s)
	}
	stamps := &Set{}
	stamps.AddOwn(entry(v.root, "+time_stamp", "-compromised"))
	if pool := stamps.Resolve(nil, nil, nil, now).Pool(TimeStamp, now.Add(-10*time.Hour)); pool.Len() != 0 {
		t.Error("a compromised authority of time stamps proves times")
	}
}

func FuzzOpen(f *testing.F) {
	h := newHouse(f, pki.ProfileService)
	f.Add(h.octets(f, 7, entry(h.root, "+seal_maker,service", "-ceased")))
	f.Add([]byte("\x84\x65YXTL1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := Open(data)
		if err != nil {
			return
		}
		if _, err := l.body().read(); err != nil {
			t.Errorf("what was read cannot be written: %v", err)
		}
		(&Set{lists: []*List{l}}).Resolve(pki.NewPool(h.root), nil, nil, now)
	})
}
