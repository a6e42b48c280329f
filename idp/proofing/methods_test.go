package proofing_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// service is a source, and a remote, that a test steers.
type service struct {
	word    string
	answer  proofing.Answer
	err     error
	down    error // of Begin
	asked   []proofing.Query
	started []proofing.Query
}

func (s *service) Name() string           { return "outside" }
func (s *service) Knows(kind string) bool { return kind != subject.TaiwanPermit }
func (s *service) Origin() string         { return "https://outside.example" }
func (s *service) Ask(_ context.Context, q proofing.Query) (proofing.Answer, error) {
	s.asked = append(s.asked, q)
	return s.answer, s.err
}
func (s *service) Begin(_ context.Context, q proofing.Query, back string) (proofing.Started, error) {
	s.started = append(s.started, q)
	return proofing.Started{URL: "https://outside.example/visit?back=" + back, Handle: "handle-1"}, s.down
}

const card = "6222999900000000016"

// ways is a world whose pipeline has a bank, a face and a network identity service.
func ways(t *testing.T) (w *idptest.World, twin *idptest.Twin, account string, bank, face, network *service) {
	t.Helper()
	w, twin, account = world(t)
	bank, face, network = &service{word: "bank_card"}, &service{word: "face"}, &service{word: "network_id"}
	w.Proofing = proofing.New(proofing.Config{Accounts: w.Accounts, Store: twin, Sources: []proofing.Source{w.Source}, Now: w.Clock.Now, Rand: ident.System(), Methods: []proofing.Method{
		{Word: "bank_card", Source: bank, Card: true, Mobile: true}, {Word: "face", Remote: face, Notice: "face-1"}, {Word: "network_id", Remote: network, Notice: "net-1", Nameless: true}}})
	return w, twin, account, bank, face, network
}

func back(id string) string { return "https://id.example/proofing/return/" + id }

// holds proves the first level.
func holds(t *testing.T, w *idptest.World, account string) {
	t.Helper()
	if _, err := w.Proofing.Submit(ctx, account, submission(1)); err != nil {
		t.Fatal(err)
	}
}

func TestBankCardIsAskedOnceAndKeptNowhere(t *testing.T) {
	w, twin, account, bank, _, _ := ways(t)
	in := proofing.Submission{Method: "bank_card", Name: name, Number: number, Card: "6222 9999 0000 0000 016"}
	bank.err = fmt.Errorf("%w: no route", proofing.ErrSilent)
	if _, err := w.Proofing.Submit(ctx, account, in); fault.CodeOf(err) != fault.ProofingSilent {
		t.Fatalf("a silent bank: %v", err)
	}
	c := twin.Cases()[0]
	if c.State != proofing.Waiting || bank.asked[0].Card != card || bank.asked[0].Mobile != "+86"+mobile {
		t.Errorf("%+v, asked %+v", c, bank.asked)
	}
	plaintext := opened(t, w, c)
	if strings.Contains(plaintext, card) || !strings.Contains(plaintext, number) {
		t.Errorf("the case holds %s", plaintext)
	}
	// The message asks again by the case alone.
	bank.err, bank.answer = nil, proofing.Answer{Verdict: proofing.Match, Digest: "d"}
	if err := w.Proofing.Retry(ctx, []byte(`{"case":"`+c.ID+`"}`)); err != nil {
		t.Fatal(err)
	}
	if again := bank.asked[1]; again.Card != "" || again.RequestID != c.ID || level(t, w, account) != 2 {
		t.Errorf("asked again %+v, level %d", again, level(t, w, account))
	}
	for _, kept := range []any{twin.Records(), twin.Cases(), twin.Proofs(account)} {
		if strings.Contains(fmt.Sprintf("%+v", kept), card) {
			t.Error("the card stands in what is kept")
		}
	}
}

func opened(t *testing.T, w *idptest.World, c proofing.Case) string {
	t.Helper()
	plaintext, err := w.Accounts.Unseal(ctx, c.AccountID, c.KeyID, c.Sealed, "case/"+c.ID)
	if err != nil {
		t.Fatal(err)
	}
	return string(plaintext)
}

func TestVerdictsOfMethodsHaveWordsOfTheirOwn(t *testing.T) {
	for verdict, want := range map[proofing.Verdict]fault.Code{proofing.CardMismatch: fault.ProofingCard, proofing.MobileMismatch: fault.ProofingMobile, proofing.Mismatch: fault.ProofingMismatch, proofing.Refused: fault.ProofingMismatch} {
		w, twin, account, bank, _, _ := ways(t)
		bank.answer = proofing.Answer{Verdict: verdict}
		_, err := w.Proofing.Submit(ctx, account, proofing.Submission{Method: "bank_card", Name: name, Number: number, Card: card})
		if c := twin.Cases()[0]; fault.CodeOf(err) != want || c.State != proofing.Rejected || len(c.Sealed) != 0 || level(t, w, account) != 0 {
			t.Errorf("%s: %v, %+v", verdict, err, c)
		}
	}
}

func TestCardNumbers(t *testing.T) {
	for typed, want := range map[string]string{card: card, " 6222-9999 0000 0000016 ": card, "６２２２９９９９０００００００００１６": card, "4111111111111111": "4111111111111111",
		"": "", "6222999900000000017": "", "0000000000000000": "", "42": "", "62229999000000000160": "", "6222x99900000000016": "", strings.Repeat("0", 64) + "1": ""} {
		if got, err := proofing.ParseCard(typed); got != want || (err == nil) != (want != "") || err != nil && typed != "" && strings.Contains(err.Error(), typed) {
			t.Errorf("%q: %q %v", typed, got, err)
		}
	}
}

func FuzzParseCard(f *testing.F) {
	f.Add(card)
	f.Add("４１１１ 1111-1111 1111")
	f.Fuzz(func(t *testing.T, typed string) {
		got, err := proofing.ParseCard(typed)
		if err != nil {
			return
		}
		if again, err := proofing.ParseCard(got); err != nil || again != got || len(got) < 12 || len(got) > 19 {
			t.Errorf("%q gives %q, which gives %q %v", typed, got, again, err)
		}
	})
}

func TestX07FaceNeedsASeparateConsentAndTheFirstLevel(t *testing.T) {
	w, twin, account, _, face, _ := ways(t)
	in := proofing.Submission{Method: "face", Consent: "face-1"}
	if _, err := w.Proofing.Begin(ctx, account, in, back); fault.CodeOf(err) != fault.ProofingFirst {
		t.Errorf("nobody is known yet: %v", err)
	}
	holds(t, w, account)
	for _, consent := range []string{"", "face-0", "net-1", "1"} {
		in.Consent = consent
		if _, err := w.Proofing.Begin(ctx, account, in, back); fault.CodeOf(err) != fault.ProofingConsent {
			t.Errorf("consent %q: %v", consent, err)
		}
	}
	if len(face.started) != 0 || len(twin.Cases()) != 1 {
		t.Fatalf("without consent: %+v, %d cases", face.started, len(twin.Cases()))
	}
	in.Consent = "face-1"
	address, err := w.Proofing.Begin(ctx, account, in, back)
	c := twin.Cases()[1]
	if err != nil || address != "https://outside.example/visit?back="+back(c.ID) || c.State != proofing.Collecting || c.Wanted != 3 {
		t.Fatalf("%s %v %+v", address, err, c)
	}
	if q := face.started[0]; q.Name != name || q.IDNumber != number || q.RequestID != c.ID {
		t.Errorf("the service was told %+v", q)
	}
	if events := twin.Events(); !slices.Contains(events, "proofing.consented") {
		t.Errorf("events %v", events)
	}
	if _, err := w.Proofing.Submit(ctx, account, in); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("a face without a visit: %v", err)
	}
}

// TestA25FaceResultComesFromTheServiceAlone: nobody brings a result but the service itself, to whom the visit of this account is known by
// its handle; it is taken once, and a photo in the place of a face is a mismatch that the service finds.
func TestA25FaceResultComesFromTheServiceAlone(t *testing.T) {
	for name, test := range map[string]struct {
		answer proofing.Answer
		err    error
		code   fault.Code
		state  proofing.State
		level  subject.IAL
	}{
		"match":   {proofing.Answer{Verdict: proofing.Match, Digest: "d"}, nil, "", proofing.Granted, 3},
		"a photo": {proofing.Answer{Verdict: proofing.Mismatch}, nil, fault.ProofingElsewhere, proofing.Rejected, 1},
		"refused": {proofing.Answer{Verdict: proofing.Refused}, nil, fault.ProofingElsewhere, proofing.Rejected, 1},
		"pending": {proofing.Answer{Verdict: proofing.Pending}, nil, fault.ProofingPending, proofing.Collecting, 1},
		"silent":  {proofing.Answer{}, fmt.Errorf("%w: x", proofing.ErrSilent), fault.ProofingSilent, proofing.Waiting, 1},
	} {
		w, twin, account, _, face, _ := ways(t)
		holds(t, w, account)
		if _, err := w.Proofing.Begin(ctx, account, proofing.Submission{Method: "face", Consent: "face-1"}, back); err != nil {
			t.Fatal(err)
		}
		id := twin.Cases()[1].ID
		if _, err := w.Proofing.Return(ctx, w.Account(t, "13900139000", "").ID, id); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("%s: another account returns: %v", name, err)
		}
		face.answer, face.err = test.answer, test.err
		_, err := w.Proofing.Return(ctx, account, id)
		if c := twin.Cases()[1]; fault.CodeOf(err) != test.code || c.State != test.state || level(t, w, account) != test.level || face.asked[0].Handle != "handle-1" {
			t.Errorf("%s: %v, %+v", name, err, c)
		}
		if test.state == proofing.Granted {
			if got, err := w.Proofing.Return(ctx, account, id); err != nil || got != 3 || len(face.asked) != 1 {
				t.Errorf("a second return: %d %v, asked %d times", got, err, len(face.asked))
			}
		}
	}
}

// TestA25LateFaceResultIsRefused: a visit ends after five minutes for a face, and a result that comes later gives nothing, whoever asks.
func TestA25LateFaceResultIsRefused(t *testing.T) {
	for name, ask := range map[string]func(w *idptest.World, account, id string) error{
		"the person returns": func(w *idptest.World, account, id string) error {
			_, err := w.Proofing.Return(ctx, account, id)
			return err
		},
		"the platform asks again": func(w *idptest.World, _, id string) error {
			return w.Proofing.Retry(ctx, []byte(`{"case":"`+id+`"}`))
		},
	} {
		for verdict, late := range map[proofing.Verdict]bool{proofing.Pending: true, proofing.Match: true, "": false} {
			w, twin, account, _, face, _ := ways(t)
			holds(t, w, account)
			if _, err := w.Proofing.Begin(ctx, account, proofing.Submission{Method: "face", Consent: "face-1"}, back); err != nil {
				t.Fatal(err)
			}
			id := twin.Cases()[1].ID
			face.answer.Verdict = proofing.Pending
			w.Clock.Advance(5 * time.Minute)
			if err := ask(w, account, id); fault.CodeOf(err) != fault.ProofingPending {
				t.Errorf("%s: within its time: %v", name, err)
			}
			if face.answer.Verdict = verdict; !late {
				face.answer.Verdict = proofing.Match
				if ask(w, account, id) != nil || level(t, w, account) != 3 {
					t.Errorf("%s: a result in its time counts nothing", name)
				}
				continue
			}
			w.Clock.Advance(time.Second)
			ask(w, account, id)
			if c := twin.Cases()[1]; c.State != proofing.Rejected || len(c.Sealed) != 0 || level(t, w, account) != 1 {
				t.Errorf("%s, %s: %+v", name, verdict, c)
			}
			if _, err := w.Proofing.Return(ctx, account, id); fault.CodeOf(err) != fault.ProofingElsewhere {
				t.Errorf("%s: the visit was used twice: %v", name, err)
			}
		}
	}
}

func TestServiceThatIsDownKeepsNobodyWaiting(t *testing.T) {
	w, twin, account, _, face, _ := ways(t)
	holds(t, w, account)
	face.down = fmt.Errorf("%w: x", proofing.ErrSilent)
	if _, err := w.Proofing.Begin(ctx, account, proofing.Submission{Method: "face", Consent: "face-1"}, back); fault.CodeOf(err) != fault.ProofingAway || len(twin.Cases()) != 1 {
		t.Errorf("%v, %d cases", err, len(twin.Cases()))
	}
}

// TestNetworkIdentityNeedsNoName: identity specification 2.8.
func TestNetworkIdentityNeedsNoName(t *testing.T) {
	w, twin, account, _, _, network := ways(t)
	begin := func(account string) string {
		t.Helper()
		if _, err := w.Proofing.Begin(ctx, account, proofing.Submission{Method: "network_id", Consent: "net-1"}, back); err != nil {
			t.Fatal(err)
		}
		cases := twin.Cases()
		return cases[len(cases)-1].ID
	}
	network.answer = proofing.Answer{Verdict: proofing.Match, Digest: "d", Key: "handle-of-a-person"}
	if got, err := w.Proofing.Return(ctx, account, begin(account)); err != nil || got != 3 {
		t.Fatalf("%d %v", got, err)
	}
	if q := network.started[0]; q.Name != "" || q.IDNumber != "" || q.Mobile != "" {
		t.Errorf("the service was told %+v", q)
	}
	person, err := w.Accounts.Person(ctx, account)
	if err != nil || person.IAL != 3 || person.Name != "" || person.IDNumber != "" || !person.Nameless() || person.IALMethod != "network_id" {
		t.Errorf("%+v %v", person, err)
	}
	if strings.Contains(fmt.Sprintf("%+v %+v", twin.Records(), twin.Proofs(account)), "handle-of-a-person") {
		t.Error("the key is kept")
	}
	other := w.Account(t, "13900139000", "").ID
	if _, err := w.Proofing.Return(ctx, other, begin(other)); fault.CodeOf(err) != fault.IdentityBound {
		t.Errorf("one network identity, two accounts: %v", err)
	}
	// A name of somebody else must not come under the level of this person, in neither order.
	if _, err := w.Proofing.Submit(ctx, account, submission(1)); fault.CodeOf(err) != fault.IdentityBound {
		t.Errorf("a name after the network identity: %v", err)
	}
	if _, err := w.Proofing.Submit(ctx, account, proofing.Submission{Method: "bank_card", Name: name, Number: number, Card: card}); fault.CodeOf(err) != fault.ProofingNameless {
		t.Errorf("a card after the network identity: %v", err)
	}
	third := w.Account(t, "13900139001", "").ID
	if _, err := w.Proofing.Submit(ctx, third, submission(1)); err != nil {
		t.Fatal(err)
	}
	id := begin(third)
	if q := network.started[len(network.started)-1]; q.IDNumber != number || q.Name != name {
		t.Errorf("with a name it compares: %+v", q)
	}
	if _, err := w.Proofing.Return(ctx, third, id); err != nil {
		t.Fatal(err)
	}
	if person, _ := w.Accounts.Person(ctx, third); person.IAL != 3 || person.Name != name {
		t.Errorf("%+v", person)
	}
}

func TestPolicyIsDataWithinBounds(t *testing.T) {
	if rows := proofing.DefaultPolicy(); len(rows) != 12 {
		t.Errorf("%d rows", len(rows))
	}
	for _, row := range proofing.DefaultPolicy() {
		if err := row.Normalize(); err != nil {
			t.Errorf("%s: %v", row.Method, err)
		}
	}
	for name, row := range map[string]proofing.Level{
		"unknown method":                     {Method: "palm", IAL: 1},
		"more than a method can show":        {Method: "id_card", IAL: 2},
		"a network identity on the spot":     {Method: "network_id", IAL: 4},
		"more than any level":                {Method: "certificate", IAL: 5},
		"a register without a level before":  {Method: "organisation_register", IAL: 3},
		"a transfer that proves too much":    {Method: "organisation_transfer", IAL: 3},
		"no level":                           {Method: "carrier", IAL: 0},
		"too long":                           {Method: "carrier", IAL: 2, Days: 1e6},
		"needs what it gives":                {Method: "carrier", IAL: 2, Holds: 2},
		"a guardian who is a minor":          {Method: "guardian_consent", IAL: 1, Holds: 2, MinAge: 17},
		"a guardian of any level":            {Method: "guardian_consent", IAL: 1, MinAge: 18},
		"face of a child without a guardian": {Method: "face", IAL: 3, Holds: 1, GuardianBelow: 10},
	} {
		if err := row.Normalize(); fault.CodeOf(err) != fault.ClientMetadata {
			t.Errorf("%s: %v", name, err)
		}
	}
	w, twin, account, bank, _, _ := ways(t)
	policy := proofing.With(proofing.DefaultPolicy(), proofing.Level{Method: "bank_card", IAL: 1, Days: 10}, proofing.Level{Method: "face", IAL: 3, Off: true, Holds: 1, GuardianBelow: 14})
	w.Proofing = proofing.New(proofing.Config{Accounts: w.Accounts, Store: twin, Sources: []proofing.Source{w.Source}, Now: w.Clock.Now, Rand: ident.System(), Policy: func() []proofing.Level { return policy },
		Methods: []proofing.Method{{Word: "bank_card", Source: bank, Card: true, Mobile: true}, {Word: "face", Remote: &service{}, Notice: "face-1"}}})
	if got := w.Proofing.Highest(); got != 2 {
		t.Errorf("highest %d", got)
	}
	bank.answer = proofing.Answer{Verdict: proofing.Match, Digest: "d"}
	if _, err := w.Proofing.Submit(ctx, account, proofing.Submission{Method: "bank_card", Name: name, Number: number, Card: card}); err != nil {
		t.Fatal(err)
	}
	if p, _ := w.Accounts.Person(ctx, account); p.IAL != 1 || !p.IALUntil.Equal(w.Clock.Now().UTC().Add(240*time.Hour)) {
		t.Errorf("%+v", p)
	}
	if _, err := w.Proofing.Begin(ctx, account, proofing.Submission{Method: "face", Consent: "face-1"}, back); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("a method that is off: %v", err)
	}
}

// TestPolicyThatChangedGivesNothingOld: a case that waited gives what the policy says now, or nothing.
func TestPolicyThatChangedGivesNothingOld(t *testing.T) {
	w, twin, account, bank, _, _ := ways(t)
	policy := proofing.DefaultPolicy()
	w.Proofing = proofing.New(proofing.Config{Accounts: w.Accounts, Store: twin, Sources: []proofing.Source{w.Source}, Now: w.Clock.Now, Rand: ident.System(), Policy: func() []proofing.Level { return policy },
		Methods: []proofing.Method{{Word: "bank_card", Source: bank, Card: true, Mobile: true}}})
	bank.err = errors.Join(proofing.ErrSilent)
	w.Proofing.Submit(ctx, account, proofing.Submission{Method: "bank_card", Name: name, Number: number, Card: card})
	policy = proofing.With(policy, proofing.Level{Method: "bank_card", IAL: 1})
	bank.err, bank.answer = nil, proofing.Answer{Verdict: proofing.Match, Digest: "d"}
	if err := w.Proofing.Retry(ctx, []byte(`{"case":"`+twin.Cases()[0].ID+`"}`)); err != nil || level(t, w, account) != 0 || twin.Cases()[0].State != proofing.Rejected {
		t.Errorf("%v, level %d, %s", err, level(t, w, account), twin.Cases()[0].State)
	}
	// A visit that began under another level gives neither that nor this one to whoever comes back from it.
	w, twin, account, _, face, _ := ways(t)
	holds(t, w, account)
	w.Proofing = proofing.New(proofing.Config{Accounts: w.Accounts, Store: twin, Sources: []proofing.Source{w.Source}, Now: w.Clock.Now, Rand: ident.System(), Policy: func() []proofing.Level { return policy },
		Methods: []proofing.Method{{Word: "face", Remote: face, Notice: "face-1"}}})
	if _, err := w.Proofing.Begin(ctx, account, proofing.Submission{Method: "face", Consent: "face-1"}, back); err != nil {
		t.Fatal(err)
	}
	policy = proofing.With(policy, proofing.Level{Method: "face", IAL: 2})
	face.answer = proofing.Answer{Verdict: proofing.Match, Digest: "d"}
	if got, err := w.Proofing.Return(ctx, account, twin.Cases()[1].ID); fault.CodeOf(err) != fault.ProofingAway || got != 0 || level(t, w, account) != 1 {
		t.Errorf("a visit under another policy: %d %v, level %d", got, err, level(t, w, account))
	}
}

func TestFaceOfAChildNeedsTheGuardian(t *testing.T) {
	w, twin, _, _, face, _ := ways(t)
	const child = "999900201503120037" // 王小明, 11 years old
	account := w.Account(t, "13900139002", "").ID
	if err := w.Accounts.Prove(ctx, account, idp.Proof{IAL: 1, Method: "id_card", Source: "register", At: w.Clock.Now()}, "王小明", subject.CitizenID, child); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Proofing.Begin(ctx, account, proofing.Submission{Method: "face", Consent: "face-1"}, back); fault.CodeOf(err) != fault.ProofingGuardian || len(face.started) != 0 || len(twin.Cases()) != 0 {
		t.Errorf("%v", err)
	}
	w.Clock.Advance(4 * 365 * 24 * time.Hour) // past the fourteenth birthday
	if _, err := w.Proofing.Begin(ctx, account, proofing.Submission{Method: "face", Consent: "face-1"}, back); err != nil {
		t.Errorf("at fourteen: %v", err)
	}
}

// TestTwoWaysAndOneWithoutAFace: whoever is offered a face is offered another way that leads as far.
func TestTwoWaysAndOneWithoutAFace(t *testing.T) {
	w, _, account, _, _, _ := ways(t)
	holds(t, w, account)
	person, _ := w.Accounts.Person(ctx, account)
	kind, _ := w.Accounts.Documents().Find(subject.CitizenID)
	var words []string
	for _, offer := range w.Proofing.Offers(person, kind) {
		if offer.Level.IAL == 3 && offer.Why == "" {
			words = append(words, offer.Method.Word)
		}
	}
	if len(words) < 2 || !slices.ContainsFunc(words, func(word string) bool { return word != "face" }) {
		t.Errorf("offered %v", words)
	}
}

func TestFaultsOfTheStoreLeaveNoLevelAndNoLostCase(t *testing.T) {
	for _, step := range []string{"put case", "save proof", "set case state"} {
		for _, verdict := range []proofing.Verdict{proofing.Match, proofing.CardMismatch} {
			for _, when := range []string{"before", "after"} {
				twin := idptest.NewTwin()
				faulty := &idptest.Faulty{Store: twin}
				w := idptest.NewWorld(t, faulty)
				account := w.Account(t, mobile, "").ID
				bank := &service{answer: proofing.Answer{Verdict: verdict, Digest: "d"}}
				w.Proofing = proofing.New(proofing.Config{Accounts: w.Accounts, Store: faulty, Sources: []proofing.Source{w.Source}, Now: w.Clock.Now, Rand: ident.System(), Methods: []proofing.Method{{Word: "bank_card", Source: bank, Card: true, Mobile: true}}})
				failed := false
				hook := func(_ int, name string) bool {
					if name != step || failed {
						return false
					}
					failed = true
					return true
				}
				if when == "before" {
					faulty.FailBefore = hook
				} else {
					faulty.FailAfter = hook
				}
				w.Proofing.Submit(ctx, account, proofing.Submission{Method: "bank_card", Name: name, Number: number, Card: card})
				for _, c := range twin.Cases() {
					if err := w.Proofing.Retry(ctx, []byte(`{"case":"`+c.ID+`"}`)); err != nil {
						t.Errorf("%s %s %s: %v", step, when, verdict, err)
					}
				}
				got, stored := level(t, w, account), len(twin.Cases()) == 1
				if want := subject.IAL(0); verdict == proofing.Match && stored {
					want = 2
					if got != want {
						t.Errorf("%s %s: level %d", step, when, got)
					}
				} else if got != want {
					t.Errorf("%s %s %s: level %d", step, when, verdict, got)
				}
				for _, c := range twin.Cases() {
					if c.State != proofing.Granted && c.State != proofing.Rejected {
						t.Errorf("%s %s %s: the case is %s", step, when, verdict, c.State)
					}
				}
			}
		}
	}
}
