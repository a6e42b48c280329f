package proofing_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

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
	store  *idptest.Faulty
	policy []proofing.Level
	people int
}

func newSharing(t *testing.T, methods ...proofing.Method) *sharing {
	t.Helper()
	twin := idptest.NewTwin()
	store := &idptest.Faulty{Store: twin}
	w := idptest.NewWorld(t, store)
	s := &sharing{World: w, twin: twin, store: store, policy: proofing.DefaultPolicy()}
	w.Proofing = proofing.New(proofing.Config{Accounts: w.Accounts, Store: s.store, Sources: []proofing.Source{w.Source}, Now: w.Clock.Now, Rand: ident.System(), CountShared: true, Methods: methods,
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

// raised is what staff are told; each is on record too.
func (s *sharing) raised(t *testing.T) (all []proofing.SharedUse) {
	t.Helper()
	for _, m := range s.twin.Messages(proofing.TopicShared) {
		var u proofing.SharedUse
		if err := json.Unmarshal(m.Payload, &u); err != nil || m.Key != u.Case+"/"+u.What {
			t.Fatalf("%q %v", m.Key, err)
		}
		all = append(all, u)
	}
	events := 0
	for _, r := range s.twin.Records() {
		for _, e := range r.Events {
			if e.Type == "proofing.shared_use" {
				if u := all[events]; e.Details["what"] != u.What || e.Details["identities"] != strconv.Itoa(u.Identities) || e.ObjectID != u.AccountID || e.Details["case"] != u.Case {
					t.Errorf("%+v about %+v", e, u)
				}
				events++
			}
		}
	}
	if events != len(all) {
		t.Errorf("%d events of %d alerts", events, len(all))
	}
	return all
}

func (s *sharing) told(t *testing.T, when string, want int) {
	t.Helper()
	if n := len(s.raised(t)); n != want {
		t.Errorf("%s: %d alerts instead of %d", when, n, want)
	}
}

// TestA26ManyNumbersFromOneAddressAreTold: at the twentieth number of a day, whoever asks and whatever the answer is; another address has a
// count of its own, the same number counts once, and nobody is refused.
func TestA26ManyNumbersFromOneAddressAreTold(t *testing.T) {
	s := newSharing(t)
	s.Source.Answers(answers(proofing.Mismatch))
	ask := func(n int, address string) string {
		t.Helper()
		s.people++
		account := s.Account(t, fmt.Sprintf("1390013%04d", s.people), "").ID
		from := reqctx.With(ctx, reqctx.Request{ClientIP: address})
		if _, err := s.Proofing.Submit(from, account, proofing.Submission{Name: name, Number: citizen(n), Wanted: 1}); fault.CodeOf(err) != fault.ProofingMismatch {
			t.Fatalf("number %d: %v", n, err)
		}
		return account
	}
	const office, other = "192.0.2.1", "192.0.2.2"
	for n := range 19 {
		ask(n, office)
		ask(n, other)
	}
	ask(0, office)
	s.told(t, "nineteen numbers from each", 0)
	last := ask(19, office)
	s.told(t, "the twentieth", 1)
	if u := s.raised(t)[0]; u.What != proofing.SharedSource || u.Identities != 20 || u.Days != 1 || u.AccountID != last || u.Case == "" {
		t.Errorf("%+v", u)
	}
	ask(20, office)
	s.told(t, "the twenty-first", 1)
	s.Clock.Advance(25 * time.Hour)
	for n := range 19 {
		ask(n, other)
	}
	s.told(t, "nineteen on the next day", 1)
	s.store.FailBefore = func(_ int, name string) bool { return name == "count sharing" }
	account := s.Account(t, "13800138999", "").ID
	if _, err := s.Proofing.Submit(reqctx.With(ctx, reqctx.Request{ClientIP: other}), account, proofing.Submission{Name: name, Number: citizen(30), Wanted: 1}); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("without the counter: %v", err)
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
	if u := s.raised(t)[0]; u.What != proofing.SharedPhone || u.Identities != 5 || u.Days != 30 || u.AccountID != last || u.Case == "" {
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

// TestPolicySaysWhenIsTold: at another number, or never.
func TestPolicySaysWhenIsTold(t *testing.T) {
	s := newSharing(t)
	s.policy = proofing.With(s.policy, proofing.Level{Method: proofing.Carrier, IAL: 2, Days: 100, GuardianBelow: 14, AlertAt: 2})
	s.carrier(t, 1, "13700137000")
	s.told(t, "one identity", 0)
	s.carrier(t, 2, "13700137000")
	s.told(t, "the second", 1)
	s.policy = proofing.With(s.policy, proofing.Level{Method: proofing.Carrier, IAL: 2, Days: 100, GuardianBelow: 14, AlertAt: -1})
	for n := range 6 {
		s.carrier(t, 10+n, "13700137009")
	}
	s.told(t, "switched off", 1)
}

// TestNoCrashLosesWhatIsTold: whichever change of a submission dies, before or after it was made, the person who comes again leaves one
// alert, with each identity counted once.
func TestNoCrashLosesWhatIsTold(t *testing.T) {
	for _, after := range []bool{false, true} {
		crashes := 0
		for point := 1; ; point++ {
			s := newSharing(t)
			s.Source.Answers(answers(proofing.MobileMismatch))
			s.policy = proofing.With(s.policy, proofing.Level{Method: proofing.Carrier, IAL: 2, Days: 100, GuardianBelow: 14, AlertAt: 2})
			const phone = "13700137000"
			s.carrier(t, 0, phone)
			account, base, crashed := s.Account(t, "13900138099", "").ID, s.store.Steps(), false
			hit := func(step int, _ string) bool {
				crashed = crashed || step == base+point
				return step == base+point
			}
			if after {
				s.store.FailAfter = hit
			} else {
				s.store.FailBefore = hit
			}
			submit := func() {
				_, err := s.Proofing.Submit(ctx, account, proofing.Submission{Name: name, Number: citizen(1), Mobile: phone, Wanted: 2})
				if err == nil {
					t.Errorf("point %d: a mismatch is taken", point)
				}
			}
			submit()
			if cases := len(s.twin.Cases()) - 1; cases == 1 {
				s.told(t, fmt.Sprint("the case stands after point ", point), 1)
			} else {
				s.told(t, fmt.Sprint("no case after point ", point), 0)
			}
			s.store.FailAfter, s.store.FailBefore = nil, nil
			submit()
			s.told(t, fmt.Sprint("again after point ", point), 1)
			if u := s.raised(t); len(u) == 1 && u[0].Identities != 2 {
				t.Errorf("point %d: %+v", point, u)
			}
			if !crashed {
				break
			}
			crashes++
		}
		if crashes < 3 {
			t.Errorf("only %d points", crashes)
		}
	}
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
	if all := s.raised(t); len(all) == 1 && (all[0].What != proofing.SharedFace || all[0].Identities != 3) {
		t.Errorf("%+v", all[0])
	}
	for _, key := range s.twin.Counters() {
		if strings.Contains(key, "face-of-somebody") {
			t.Error("the word of the service is kept")
		}
	}
}

// TestFaceIsCountedOnceHoweverOftenTheGrantDies: the visit that died is looked at again, and is one identity.
func TestFaceIsCountedOnceHoweverOftenTheGrantDies(t *testing.T) {
	face := &service{word: "face", answer: proofing.Answer{Verdict: proofing.Match, Digest: "d", Face: "face-of-somebody"}}
	for _, dies := range []string{"count sharing", "save proof"} {
		for _, after := range []bool{false, true} {
			s := newSharing(t, proofing.Method{Word: proofing.Face, Remote: face, Notice: "face-1"})
			s.policy = proofing.With(s.policy, proofing.Level{Method: proofing.Face, IAL: 3, Days: 100, AlertAt: 2})
			for n := range 2 {
				account := s.Account(t, fmt.Sprintf("139001381%02d", n), "").ID
				if _, err := s.Proofing.Submit(ctx, account, proofing.Submission{Name: name, Number: citizen(n), Wanted: 1}); err != nil {
					t.Fatal(err)
				}
				if _, err := s.Proofing.Begin(ctx, account, proofing.Submission{Method: proofing.Face, Consent: "face-1"}, back); err != nil {
					t.Fatal(err)
				}
				id := s.twin.Cases()[len(s.twin.Cases())-1].ID
				hit := func(_ int, name string) bool { return n == 1 && name == dies }
				if after {
					s.store.FailAfter = hit
				} else {
					s.store.FailBefore = hit
				}
				for range 3 {
					if _, err := s.Proofing.Return(ctx, account, id); n == 1 && !after && err == nil {
						t.Errorf("%s before: the level is given", dies)
					}
				}
				s.store.FailAfter, s.store.FailBefore = nil, nil
				_, _ = s.Proofing.Return(ctx, account, id)
				if level(t, s.World, account) != 3 {
					t.Errorf("%s, after %v: person %d did not reach the level", dies, after, n)
				}
			}
			s.told(t, dies, 1)
			if all := s.raised(t); len(all) == 1 && all[0].Identities != 2 {
				t.Errorf("%+v", all[0])
			}
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
