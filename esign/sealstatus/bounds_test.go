package sealstatus

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/signed"
)

// TestBoundsOfLists: the last value that is taken and the first that is not.
func TestBoundsOfLists(t *testing.T) {
	long := func(n int) History {
		h := History{}
		for i := range n {
			h = append(h, Event{time.Unix(int64(i+1), 0), []State{InUse, Suspended}[i%2]})
		}
		return h
	}
	sealed := func(change func(*Seal)) func(*List) {
		return func(l *List) { change(&l.seals[0]) }
	}
	became := func(n, heirs int, name string) func(*List) {
		return sealed(func(s *Seal) {
			s.Owner = name
			for i := range n {
				s.Became = append(s.Became, Became{time.Unix(int64(i+1), 0), Split, slices.Repeat([]string{name}, heirs)})
			}
		})
	}
	last := time.Unix(maxTime, 0)
	for name, c := range map[string]struct {
		change func(*List)
		good   bool
	}{
		"as it is":                     {func(*List) {}, true},
		"address of 256":               {func(l *List) { l.URI = strings.Repeat("a", 256) }, true},
		"address of 257":               {func(l *List) { l.URI = strings.Repeat("a", 257) }, false},
		"number 2^62":                  {func(l *List) { l.Number = 1 << 62 }, true},
		"number above":                 {func(l *List) { l.Number = 1<<62 + 1 }, false},
		"issued at zero":               {func(l *List) { l.Issued = time.Unix(0, 0) }, false},
		"issued a second later":        {func(l *List) { l.Issued = time.Unix(1, 0) }, true},
		"until the last second":        {func(l *List) { l.NextUpdate = last }, true},
		"a second longer":              {func(l *List) { l.NextUpdate = last.Add(time.Second) }, false},
		"issued as the next one is":    {func(l *List) { l.Issued = l.NextUpdate }, false},
		"issued a second before it":    {func(l *List) { l.Issued = l.NextUpdate.Add(-time.Second) }, true},
		"division of no digits":        {func(l *List) { l.Division, l.seals = "37030x", nil }, false},
		"division of five":             {func(l *List) { l.Division, l.seals = "37030", nil }, false},
		"history of 256":               {sealed(func(s *Seal) { s.History = long(maxHistory) }), true},
		"history of 257":               {sealed(func(s *Seal) { s.History = long(maxHistory + 1) }), false},
		"event in the last second":     {sealed(func(s *Seal) { s.History = History{{last, InUse}} }), true},
		"event after it":               {sealed(func(s *Seal) { s.History = History{{last.Add(time.Second), InUse}} }), false},
		"replaced":                     {sealed(func(s *Seal) { s.History = append(long(1), Event{last, Replaced}) }), true},
		"lost after the end":           {sealed(func(s *Seal) { s.History = append(long(1), Event{time.Unix(9, 0), Revoked}, Event{last, Lost}) }), true},
		"in use after being replaced":  {sealed(func(s *Seal) { s.History = append(long(1), Event{time.Unix(9, 0), Replaced}, Event{last, InUse}) }), false},
		"32 successions":               {became(maxBecame, 1, "甲"), true},
		"33 successions":               {became(maxBecame+1, 1, "甲"), false},
		"20 heirs":                     {became(1, maxHeirs, "甲"), true},
		"21 heirs":                     {became(1, maxHeirs+1, "甲"), false},
		"names of 256 octets":          {became(1, 1, strings.Repeat("a", maxName)), true},
		"names of 257 octets":          {became(1, 1, strings.Repeat("a", maxName+1)), false},
		"two successions at once":      {sealed(func(s *Seal) { s.Owner, s.Became = "甲", slices.Repeat([]Became{{last, Merged, []string{"乙"}}}, 2) }), true},
		"succession after the year":    {sealed(func(s *Seal) { s.Owner, s.Became = "甲", []Became{{last.Add(time.Second), Merged, []string{"乙"}}} }), false},
		"one seal of two makes":        {func(l *List) { l.seals = []Seal{seal(1, InUse), seal(2, InUse)} }, true},
		"seals in the wrong order":     {func(l *List) { l.seals = []Seal{seal(2, InUse), seal(1, InUse)} }, false},
		"seal of a code that is none":  {sealed(func(s *Seal) { s.Code = "" }), false},
		"as many seals as there may":   {func(l *List) { l.seals = crowd(MaxSeals) }, true},
		"one seal more than there may": {func(l *List) { l.seals = crowd(MaxSeals + 1) }, false},
	} {
		l := New("u", 1, "370300", now, now.Add(time.Hour), []Seal{seal(1, InUse)})
		c.change(l)
		if err := l.check(); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, code := range []string{"", "3703000000172", "370300000017211", "3703000000172x", "3703000000172/", "3703000000172:", " 37030000001721"} {
		if _, ok := DivisionOf(code); ok {
			t.Errorf("%q has a division", code)
		}
	}
}

func crowd(n int) []Seal {
	list := make([]Seal, n)
	for i := range list {
		list[i] = Seal{Code: fmt.Sprintf("370300%08d", i), History: History{{now, InUse}}}
	}
	return list
}

func TestTimesOfOpenedLists(t *testing.T) {
	w := ofdtest.New(t)
	service := w.Issue(t, pki.ProfileService, "印章状态", nil)
	for name, c := range map[string]struct {
		change func(*listBody)
		good   bool
	}{
		"issued before 1970":           {func(b *listBody) { b.Issued = -1 }, false},
		"issued after 9999":            {func(b *listBody) { b.Issued, b.NextUpdate = maxTime+1, maxTime+2 }, false},
		"issued so late that it wraps": {func(b *listBody) { b.Issued = math.MaxInt64 }, false},
		"until before 1970":            {func(b *listBody) { b.NextUpdate = -1 }, false},
		"until the last second":        {func(b *listBody) { b.NextUpdate = maxTime }, true},
		"digest of 33 octets": {func(b *listBody) {
			b.Seals = []sealBody{{Code: seal(1).Code, SM3: make([]byte, 33), History: []eventBody{{From: 1, State: 1}}}}
		}, false},
	} {
		body := listBody{URI: "u", Number: 1, Issued: now.Unix(), NextUpdate: now.Unix() + 1, Division: "370300", Seals: []sealBody{}}
		c.change(&body)
		data, err := signed.SignObject(signed.KindSeals, body, [][]byte{service.Cert.Raw}, service.Sign)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(data); (err == nil) != c.good || err != nil && !errors.Is(err, signed.ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWhoMaySpeakOfASeal: the service of the very authority and organisation that the maker is of.
func TestWhoMaySpeakOfASeal(t *testing.T) {
	w := ofdtest.New(t)
	other := w.Under(t, w.Root, pki.ProfileIssuingCA, "别的签发", nil)
	named := func(issuer ofdtest.Party, organization string) ofdtest.Party {
		return w.Under(t, issuer, pki.ProfileService, "印章状态", func(tp *pki.CertificateTemplate) { tp.Subject.Organization = organization })
	}
	own := w.Maker.Cert.Subject.Organization()
	nameless := w.Under(t, w.Issuing, pki.ProfileSealMaker, "无名", func(tp *pki.CertificateTemplate) { tp.Subject.Organization = "" })
	direct := w.Under(t, w.Root, pki.ProfileSealMaker, "根下制章", nil)
	trust := signed.Trust{Roots: pki.NewPool(w.Root.Cert), Intermediates: pki.NewPool(w.Issuing.Cert, other.Cert), At: now}
	for name, c := range map[string]struct {
		service, maker ofdtest.Party
		roots          *pki.Pool
		good           bool
	}{
		"own service":                {named(w.Issuing, own), w.Maker, trust.Roots, true},
		"both under the root":        {named(w.Root, direct.Cert.Subject.Organization()), direct, trust.Roots, true},
		"another organisation's":     {named(w.Issuing, "别的机构"), w.Maker, trust.Roots, false},
		"of a maker without a name":  {named(w.Issuing, ""), nameless, trust.Roots, false},
		"another authority's":        {named(other, own), w.Maker, trust.Roots, false},
		"nobody trusts it":           {named(w.Issuing, own), w.Maker, pki.NewPool(), false},
		"trusted without an issuer":  {named(w.Issuing, own), w.Maker, nil, false},
		"certificate of another use": {w.Signer, w.Maker, trust.Roots, false},
	} {
		data, err := New("u", 1, "370300", now, now.Add(time.Hour), []Seal{seal(1, InUse)}).Sign([][]byte{c.service.Cert.Raw}, c.service.Sign)
		if err != nil {
			t.Fatal(err)
		}
		l, err := Open(data)
		if err != nil {
			t.Fatal(err)
		}
		judge := trust
		if judge.Roots = c.roots; judge.Roots == nil {
			judge.Roots = pki.NewPool(c.service.Cert)
		}
		if err := l.Judge(c.maker.Cert, judge); (err == nil) != c.good || err != nil && !errors.Is(err, signed.ErrUntrusted) {
			t.Errorf("%s: %v", name, err)
		}
	}
	unsigned := New("u", 1, "370300", now, now.Add(time.Hour), nil)
	if err := unsigned.Judge(w.Maker.Cert, trust); !errors.Is(err, signed.ErrUntrusted) || unsigned.SignerName() != "" {
		t.Errorf("a list that nobody signed: %v", err)
	}
}

// TestARegisterYoungerThanTheSeal: what was in use before it was recorded was so since it came into use, not since a second before.
func TestARegisterYoungerThanTheSeal(t *testing.T) {
	since := now.Add(-time.Hour)
	if h := (History{}).Recorded(Event{now, Suspended}, since); len(h) != 2 || !h[0].From.Equal(since) || h[0].State != InUse {
		t.Errorf("%v", h)
	}
	if h := (History{{since, InUse}}).Recorded(Event{now, Suspended}, now.Add(-2*time.Hour)); len(h) != 2 || !h[0].From.Equal(since) {
		t.Errorf("%v", h)
	}
	// Nothing that was recorded is dropped, even of a history that begins as none may.
	if h := (History{{since, Revoked}}).Recorded(Event{now, Lost}, since); len(h) != 2 || h.Last().State != Lost {
		t.Errorf("%v", h)
	}
	if h := (History{}).Recorded(Event{now, InUse}, since); len(h) != 1 || !h[0].From.Equal(now) {
		t.Errorf("%v", h)
	}
}

// TestAsManySealsAsThereMayBeAreRead: a list that is signed is one that can be opened (more octets than signed.MaxSize are not signed).
func TestAsManySealsAsThereMayBeAreRead(t *testing.T) {
	w := ofdtest.New(t)
	service := w.Issue(t, pki.ProfileService, "印章状态", nil)
	data, err := New("u", 1, "370300", now, now.Add(time.Hour), crowd(MaxSeals)).Sign([][]byte{service.Cert.Raw}, service.Sign)
	if err != nil {
		t.Fatal(err)
	}
	if l, err := Open(data); err != nil || len(l.seals) != MaxSeals {
		t.Errorf("%v", err)
	}
}
