package proofing_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// alerts are those that were raised.
type alerts struct {
	mutex sync.Mutex
	all   []proofing.SharedUse
	err   error
}

func (a *alerts) SharedUse(_ context.Context, u proofing.SharedUse) error {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if a.err == nil {
		a.all = append(a.all, u)
	}
	return a.err
}

// citizen is a valid number that differs with n.
func citizen(n int) string {
	first := fmt.Sprintf("11010119800101%03d", n)
	sum := 0
	for i, weight := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(first[i]-'0') * weight
	}
	return first + string("10X98765432"[sum%11])
}

type sharing struct {
	*idptest.World
	twin   *idptest.Twin
	raised *alerts
	policy []proofing.Level
	people int
}

func newSharing(t *testing.T, methods ...proofing.Method) *sharing {
	t.Helper()
	w, twin, _ := world(t)
	s := &sharing{World: w, twin: twin, raised: &alerts{}, policy: proofing.DefaultPolicy()}
	w.Proofing = proofing.New(proofing.Config{Accounts: w.Accounts, Store: twin, Sources: []proofing.Source{w.Source}, Now: w.Clock.Now, Rand: ident.System(), Alerts: s.raised, Methods: methods,
		Policy: func() []proofing.Level { return s.policy }})
	return s
}

// carrier has one telephone number asked about for person n.
func (s *sharing) carrier(t *testing.T, n int, phone string) string {
	t.Helper()
	s.people++
	account := s.Account(t, fmt.Sprintf("139001380%02d", s.people), "").ID
	_, err := s.Proofing.Submit(ctx, account, proofing.Submission{Name: name, Number: citizen(n), Mobile: phone, Wanted: 2})
	if err != nil && !errors.Is(err, proofing.ErrSilent) && s.Source.Queries()[len(s.Source.Queries())-1].IDNumber != citizen(n) {
		t.Fatal(err)
	}
	return account
}

func (s *sharing) told(t *testing.T, when string, want int) {
	t.Helper()
	if len(s.raised.all) != want {
		t.Errorf("%s: %d alerts instead of %d", when, len(s.raised.all), want)
	}
}

// TestOneTelephoneForManyIdentitiesIsTold: at the fifth identity, once in the days of the policy, whatever the answer is; one identity
// counts once, and nobody is refused.
func TestOneTelephoneForManyIdentitiesIsTold(t *testing.T) {
	s := newSharing(t)
	s.Source.Answers(answers(proofing.MobileMismatch))
	const phone = "13700137000"
	for n := range 4 {
		s.carrier(t, n, phone)
	}
	s.carrier(t, 0, phone) // the same identity by another account
	s.carrier(t, 9, "13700137001")
	s.told(t, "four identities", 0)
	last := s.carrier(t, 4, phone)
	s.told(t, "the fifth", 1)
	if u := s.raised.all[0]; u.What != proofing.SharedPhone || u.Identities != 5 || u.Days != 30 || u.AccountID != last || u.Case == "" {
		t.Errorf("%+v", u)
	}
	s.carrier(t, 5, phone)
	s.told(t, "the sixth", 1)
	s.Source.Answers(answers(proofing.Match))
	if account := s.carrier(t, 6, phone); level(t, s.World, account) != 2 {
		t.Error("an alert keeps somebody from the level")
	}
	for _, key := range s.twin.Counters() {
		if strings.Contains(key, phone) || strings.Contains(key, citizen(1)) {
			t.Errorf("a counter tells whom it is about: %q", key)
		}
	}
	s.Clock.Advance(30*24*time.Hour + time.Minute)
	for n := range 5 {
		s.carrier(t, 20+n, phone)
	}
	s.told(t, "five more in the next days", 2)
}

// TestAlertThatFailedIsRaisedWithTheNext, and the policy says when.
func TestAlertThatFailedIsRaisedWithTheNext(t *testing.T) {
	s := newSharing(t)
	s.policy = proofing.With(s.policy, proofing.Level{Method: proofing.Carrier, IAL: 2, Days: 100, GuardianBelow: 14, AlertAt: 2})
	s.raised.err = errors.New("the store is gone")
	s.carrier(t, 1, "13700137000")
	s.carrier(t, 2, "13700137000")
	s.told(t, "a store that is gone", 0)
	s.raised.err = nil
	s.carrier(t, 3, "13700137000")
	s.told(t, "the next identity", 1)
	s.policy = proofing.With(s.policy, proofing.Level{Method: proofing.Carrier, IAL: 2, Days: 100, GuardianBelow: 14, AlertAt: -1})
	for n := range 6 {
		s.carrier(t, 10+n, "13700137009")
	}
	s.told(t, "switched off", 1)
}

// TestOneFaceForManyIdentitiesIsTold: by the word of the service for one face, at the third identity.
func TestOneFaceForManyIdentitiesIsTold(t *testing.T) {
	face := &service{word: "face", answer: proofing.Answer{Verdict: proofing.Match, Digest: "d", Face: "face-of-somebody"}}
	s := newSharing(t, proofing.Method{Word: proofing.Face, Remote: face, Notice: "face-1"})
	for n := range 4 {
		account := s.Account(t, fmt.Sprintf("139001381%02d", n), "").ID
		if _, err := s.Proofing.Submit(ctx, account, proofing.Submission{Name: name, Number: citizen(n), Wanted: 1}); err != nil {
			t.Fatal(err)
		}
		started, err := s.Proofing.Begin(ctx, account, proofing.Submission{Method: proofing.Face, Consent: "face-1"}, back)
		if err != nil {
			t.Fatal(err)
		}
		_ = started
		if _, err := s.Proofing.Return(ctx, account, s.twin.Cases()[len(s.twin.Cases())-1].ID); err != nil {
			t.Fatal(err)
		}
		if level(t, s.World, account) != 3 {
			t.Errorf("person %d did not reach the level", n)
		}
		want := 0
		if n >= 2 {
			want = 1
		}
		s.told(t, fmt.Sprint("person ", n), want)
	}
	if len(s.raised.all) == 1 && (s.raised.all[0].What != proofing.SharedFace || s.raised.all[0].Identities != 3) {
		t.Errorf("%+v", s.raised.all[0])
	}
	for _, key := range s.twin.Counters() {
		if strings.Contains(key, "face-of-somebody") {
			t.Error("the word of the service is kept")
		}
	}
}

func TestAlertsOfThePolicy(t *testing.T) {
	for what, row := range map[string]proofing.Level{
		"of another method": {Method: proofing.IDCard, IAL: 1, AlertAt: 3},
		"one identity":      {Method: proofing.Carrier, IAL: 2, AlertAt: 1},
		"less than none":    {Method: proofing.Carrier, IAL: 2, AlertAt: -2},
		"too many":          {Method: proofing.Carrier, IAL: 2, AlertAt: 1001},
		"days of ever":      {Method: proofing.Carrier, IAL: 2, AlertDays: 366},
	} {
		if err := row.Normalize(); err == nil {
			t.Errorf("%s is taken", what)
		}
	}
	good := proofing.Level{Method: proofing.Carrier, IAL: 2, AlertAt: 10, AlertDays: 7}
	if err := good.Normalize(); err != nil {
		t.Error(err)
	}
}
