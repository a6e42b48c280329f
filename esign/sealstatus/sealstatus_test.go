package sealstatus

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/signed"
)

var now = ofdtest.Now

func history(states ...State) History {
	var h History
	for i, s := range states {
		h = append(h, Event{now.Add(time.Duration(i-10) * time.Hour), s})
	}
	return h
}

func seal(n int, states ...State) Seal {
	return Seal{Code: fmt.Sprintf("370300%08d", n), SM3: [32]byte(digest.Sum([]byte{byte(n)})), History: history(states...)}
}

func signedBy(t testing.TB, w *ofdtest.World, seals ...Seal) []byte {
	t.Helper()
	service := w.Issue(t, pki.ProfileService, "印章状态", nil)
	data, err := New("https://id.example/status/seals/370300", 7, "370300", now, now.Add(time.Hour), seals).Sign([][]byte{service.Cert.Raw, w.Issuing.Cert.Raw}, service.Sign)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestListRoundTrip(t *testing.T) {
	w := ofdtest.New(t)
	again := seal(2, InUse)
	again.SM3[0] ^= 1
	data := signedBy(t, w, seal(9, InUse, Lost), seal(2, InUse, Suspended, InUse, Revoked, Lost), again)
	if !Is(data) || signed.Is(signed.KindList, data) {
		t.Error("the kind is not recognised")
	}
	l, err := Open(data)
	if err != nil {
		t.Fatal(err)
	}
	if l.URI != "https://id.example/status/seals/370300" || l.Number != 7 || l.Division != "370300" || !l.Issued.Equal(now) || !l.NextUpdate.Equal(now.Add(time.Hour)) || l.SignerName() != "印章状态" || len(l.Seals()) != 3 {
		t.Errorf("%+v", l)
	}
	h, ok := l.Lookup(seal(2).Code, seal(2).SM3)
	if !ok || len(h.History) != 5 || h.History.Last().State != Lost || h.Owner != "" {
		t.Errorf("%v %v", h, ok)
	}
	for hours, want := range map[int]State{-11: 0, -10: InUse, -9: Suspended, -8: InUse, -7: Revoked, -6: Lost, 5: Lost} {
		if got := h.History.At(now.Add(time.Duration(hours) * time.Hour)); got != want {
			t.Errorf("%d hours: %d, want %d", hours, got, want)
		}
	}
	if h, ok := l.Lookup(again.Code, again.SM3); !ok || h.History.Last().State != InUse {
		t.Error("a seal that was made again under its code is another one")
	}
	if _, ok := l.Lookup(seal(3).Code, seal(3).SM3); ok {
		t.Error("a seal that is not there is found")
	}
	for at, want := range map[time.Duration]bool{-91 * time.Second: false, -90 * time.Second: true, time.Hour + 90*time.Second: true, time.Hour + 91*time.Second: false} {
		if l.Current(now.Add(at)) != want {
			t.Errorf("%v: not %v", at, want)
		}
	}
}

// succeeded is a seal whose organisation was renamed eight hours ago and split two hours ago.
func succeeded(s Seal) Seal {
	s.Owner, s.Became = "甲局", []Became{{now.Add(-8 * time.Hour), Renamed, []string{"乙局"}}, {now.Add(-2 * time.Hour), Split, []string{"丙局", "丁局"}}}
	return s
}

// Who stands in the place of an organisation is told from the day of its succession on, and a list without successions has the octets that
// it had before there were any.
func TestSuccessionsOfOrganisations(t *testing.T) {
	w := ofdtest.New(t)
	l, err := Open(signedBy(t, w, succeeded(seal(1, InUse)), seal(2, InUse)))
	if err != nil {
		t.Fatal(err)
	}
	entry, _ := l.Lookup(seal(1).Code, seal(1).SM3)
	for hours, want := range map[int][]string{-9: nil, -8: {"乙局"}, -3: {"乙局"}, -2: {"丙局", "丁局"}, 5: {"丙局", "丁局"}} {
		got, ok := entry.BecameAt(now.Add(time.Duration(hours) * time.Hour))
		if ok != (want != nil) || !slices.Equal(got.Names, want) {
			t.Errorf("%d hours: %v %v, want %v", hours, got, ok, want)
		}
	}
	if entry.Owner != "甲局" || entry.Became[1].Kind != Split || !entry.Became[0].From.Equal(now.Add(-8*time.Hour)) {
		t.Errorf("%+v", entry)
	}
	if other, _ := l.Lookup(seal(2).Code, seal(2).SM3); other.Owner != "" || other.Became != nil {
		t.Errorf("%+v", other)
	}
	body, err := signed.Encode(sealBody{Code: "37030000000001", SM3: []byte{1}, History: []eventBody{{From: 1, State: 1}}})
	if err != nil || body[0] != 0xa3 {
		t.Errorf("%x %v: more than three members", body, err)
	}
}

// TestHistoriesGrow: a loss that is noticed late overtakes what was recorded since.
func TestHistoriesGrow(t *testing.T) {
	h := history(InUse, Suspended, InUse)
	at := func(hours int, s State) History { return h.With(Event{now.Add(time.Duration(hours) * time.Hour), s}) }
	for name, c := range map[string]struct {
		got  History
		want int
		last State
	}{
		"later":       {at(-7, Revoked), 4, Revoked},
		"overtaking":  {at(-9, Lost), 2, Lost},
		"before all":  {at(-11, Lost), 1, Lost},
		"nothing new": {at(-7, InUse), 3, InUse},
	} {
		if len(c.got) != c.want || c.got.Last().State != c.last {
			t.Errorf("%s: %v", name, c.got)
		}
	}
	for name, c := range map[string]struct {
		got  History
		want []State
	}{
		"came into use":                {History{}.Recorded(Event{now, InUse}, now), []State{InUse}},
		"register younger":             {History{}.Recorded(Event{now, Suspended}, now.Add(-time.Hour)), []State{InUse, Suspended}},
		"lost before it came into use": {history(InUse).Recorded(Event{now.Add(-11 * time.Hour), Lost}, now), []State{InUse, Lost}},
	} {
		if len(c.got) != len(c.want) || c.got[0].State != InUse || c.got.Last().State != c.want[len(c.want)-1] || c.got.check() != nil {
			t.Errorf("%s: %v", name, c.got)
		}
	}
	if len(h) != 3 || (History{}).Last() != (Event{}) {
		t.Error("the old history was changed")
	}
}

func TestHostileListsAreRefused(t *testing.T) {
	w := ofdtest.New(t)
	service := w.Issue(t, pki.ProfileService, "印章状态", nil)
	good := signedBy(t, w, seal(1, InUse))
	with := func(change func(*listBody)) []byte {
		sum := seal(1).SM3
		body := listBody{URI: "u", Number: 1, Issued: now.Unix(), NextUpdate: now.Unix() + 1, Division: "370300",
			Seals: []sealBody{{Code: seal(1).Code, SM3: sum[:], History: []eventBody{{From: 1000, State: 1}, {From: 2000, State: 3}}}}}
		change(&body)
		data, err := signed.SignObject(signed.KindSeals, body, [][]byte{service.Cert.Raw}, service.Sign)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	if _, err := Open(with(func(*listBody) {})); err != nil {
		t.Fatal(err)
	}
	event := func(i int, change func(*eventBody)) []byte {
		return with(func(b *listBody) { change(&b.Seals[0].History[i]) })
	}
	became := func(change func(*sealBody)) []byte {
		return with(func(b *listBody) {
			b.Seals[0].Owner, b.Seals[0].Became = "甲", []becameBody{{From: 1500, Kind: 1, Names: []string{"乙"}}}
			change(&b.Seals[0])
		})
	}
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"empty":                   {nil, signed.ErrFormat},
		"trailing octet":          {append(bytes.Clone(good), 0), signed.ErrFormat},
		"other kind":              {bytes.Replace(good, []byte("YXSS1"), []byte("YXTL1"), 1), signed.ErrFormat},
		"division changed":        {bytes.Replace(good, []byte("seals/370300"), []byte("seals/370301"), 1), signed.ErrSignature},
		"no address":              {with(func(b *listBody) { b.URI = "" }), signed.ErrFormat},
		"number zero":             {with(func(b *listBody) { b.Number = 0 }), signed.ErrFormat},
		"no period":               {with(func(b *listBody) { b.NextUpdate = b.Issued }), signed.ErrFormat},
		"after the year 9999":     {with(func(b *listBody) { b.NextUpdate = maxTime + 1 }), signed.ErrFormat},
		"division of five":        {with(func(b *listBody) { b.Division = "37030" }), signed.ErrFormat},
		"seal of another one":     {with(func(b *listBody) { b.Division = "370301" }), signed.ErrFormat},
		"code of another form":    {with(func(b *listBody) { b.Seals[0].Code = "370300x" }), signed.ErrFormat},
		"digest cut":              {with(func(b *listBody) { b.Seals[0].SM3 = b.Seals[0].SM3[1:] }), signed.ErrFormat},
		"twice":                   {with(func(b *listBody) { b.Seals = append(b.Seals, b.Seals[0]) }), signed.ErrFormat},
		"no history":              {with(func(b *listBody) { b.Seals[0].History = nil }), signed.ErrFormat},
		"begins revoked":          {event(0, func(e *eventBody) { e.State = 3 }), signed.ErrFormat},
		"unknown state":           {event(1, func(e *eventBody) { e.State = 6 }), signed.ErrFormat},
		"state zero":              {event(1, func(e *eventBody) { e.State = 0 }), signed.ErrFormat},
		"same state again":        {event(1, func(e *eventBody) { e.State = 1 }), signed.ErrFormat},
		"same time":               {event(1, func(e *eventBody) { e.From = 1000 }), signed.ErrFormat},
		"time zero":               {event(0, func(e *eventBody) { e.From = 0 }), signed.ErrFormat},
		"back after its end":      {with(func(b *listBody) { b.Seals[0].History = append(b.Seals[0].History, eventBody{From: 3000, State: 1}) }), signed.ErrFormat},
		"succeeded":               {became(func(*sealBody) {}), nil},
		"by nobody that is named": {became(func(s *sealBody) { s.Owner = "" }), signed.ErrFormat},
		"a name without heirs":    {became(func(s *sealBody) { s.Became = nil }), signed.ErrFormat},
		"name too long":           {became(func(s *sealBody) { s.Owner = strings.Repeat("a", maxName+1) }), signed.ErrFormat},
		"kind zero":               {became(func(s *sealBody) { s.Became[0].Kind = 0 }), signed.ErrFormat},
		"unknown kind":            {became(func(s *sealBody) { s.Became[0].Kind = 4 }), signed.ErrFormat},
		"succeeded at time zero":  {became(func(s *sealBody) { s.Became[0].From = 0 }), signed.ErrFormat},
		"succeeded after 9999":    {became(func(s *sealBody) { s.Became[0].From = maxTime + 1 }), signed.ErrFormat},
		"no heirs":                {became(func(s *sealBody) { s.Became[0].Names = nil }), signed.ErrFormat},
		"too many heirs":          {became(func(s *sealBody) { s.Became[0].Names = slices.Repeat([]string{"乙"}, maxHeirs+1) }), signed.ErrFormat},
		"heir without a name":     {became(func(s *sealBody) { s.Became[0].Names = []string{""} }), signed.ErrFormat},
		"heir's name too long":    {became(func(s *sealBody) { s.Became[0].Names = []string{strings.Repeat("a", maxName+1)} }), signed.ErrFormat},
		"steps fall": {became(func(s *sealBody) {
			s.Became = append(s.Became, becameBody{From: 1499, Kind: 1, Names: []string{"丙"}})
		}), signed.ErrFormat},
		"too many steps":         {became(func(s *sealBody) { s.Became = slices.Repeat(s.Became, maxBecame+1) }), signed.ErrFormat},
		"suspended after an end": {with(func(b *listBody) { b.Seals[0].History = append(b.Seals[0].History, eventBody{From: 3000, State: 2}) }), signed.ErrFormat},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Open(c.data); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	if _, err := New("u", 1, "370300", now, now.Add(time.Hour), []Seal{seal(1, Revoked)}).Sign([][]byte{service.Cert.Raw}, service.Sign); !errors.Is(err, signed.ErrMake) {
		t.Errorf("signed although it cannot be read: %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	w := ofdtest.New(f)
	f.Add(signedBy(f, w, seal(1, InUse, Suspended, InUse, Lost), succeeded(seal(2, InUse))))
	f.Add([]byte("\x84\x65YXSS1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := Open(data)
		if err != nil {
			return
		}
		if err := l.check(); err != nil {
			t.Errorf("what was read cannot be written: %v", err)
		}
		for _, s := range l.Seals() {
			if e, ok := l.Lookup(s.Code, s.SM3); !ok || len(e.History) != len(s.History) || len(e.Became) != len(s.Became) {
				t.Errorf("seal %s is not found", s.Code)
			}
		}
	})
}
