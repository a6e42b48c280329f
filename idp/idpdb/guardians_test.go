package idpdb_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

type nobody struct{}

func (nobody) Link(context.Context, proofing.Guardianship) (string, error) {
	return "", fault.New(fault.MandateLimit)
}

func (nobody) Stands(context.Context, string, string) error { return fault.New(fault.WardOver) }

// TestWhoBelongsToTheChildReviewsNoGuardian: neither the child's own account nor whoever stands in a mandate or a declaration with it
// decides on a guardian's consent; and what cannot be carried out closes the case and leaves no picture.
func TestWhoBelongsToTheChildReviewsNoGuardian(t *testing.T) {
	eachReviewDesk(t, func(t *testing.T, d *reviewDesk) {
		ctx := context.Background()
		s := proofing.New(proofing.Config{Accounts: d.Accounts, Store: d.store, Reviews: d.store, Guardians: nobody{}, Now: d.Clock.Now, Rand: ident.System(), Methods: []proofing.Method{{Word: proofing.GuardianConsent, Review: true}}})
		at := d.Clock.Now().UTC()
		born := at.AddDate(-5, 0, 0).Format("20060102")
		number := citizenNumber(t, "999900"+born+"001")
		must(t, d.Accounts.ProveIdentity(ctx, d.person, idp.Proof{IAL: 2, Method: "carrier", Source: "test", At: at, Evidence: "e"}, idp.Identity{Name: applicant, Type: subject.CitizenID, Number: document}))
		must(t, d.Accounts.ProveIdentity(ctx, d.reviewers[0].Account, idp.Proof{IAL: 1, Method: "id_card", Source: "test", At: at, Evidence: "e"}, idp.Identity{Name: "李小宝", Type: subject.CitizenID, Number: number}))
		must(t, d.store.PutRelative(ctx, mandate.Relation{ID: "rel_1", By: d.reviewers[1].Account, Other: d.reviewers[0].Account, Word: "child", State: mandate.Declared, CreatedAt: at}, 5,
			audit.With(idp.Event(ctx, at, "relative.declared", "account", d.reviewers[1].Account, nil))))
		_, c, err := s.Consent(ctx, d.person, proofing.Child{Name: "李小宝", Number: number, Relation: "parent", Consent: proofing.GuardianNotice}, [][]byte{picture(t, 10)})
		must(t, err)
		for i, want := range []fault.Code{fault.ReviewConflict, fault.ReviewConflict, "", ""} {
			if _, err := s.ReviewCase(ctx, d.reviewers[i], c.ID); fault.CodeOf(err) != want {
				t.Errorf("reviewer %d: %v, want %q", i, err, want)
			}
		}
		for _, reviewer := range d.reviewers[2:] {
			_, err = s.Decide(ctx, reviewer, c.ID, verdict(true, "照片一致"))
			must(t, err)
		}
		if closed, err := d.store.Case(ctx, c.ID); err != nil || closed.State != proofing.Rejected || !d.forgotten(t, c.ID) {
			t.Errorf("%+v %v", closed, err)
		}
		if n := d.count(t, "SELECT COUNT(*) FROM outbox_message WHERE topic = $1", proofing.TopicReviewed); n != 1 {
			t.Errorf("the guardian is told %d times", n)
		}
	})
}

// TestTriesAboutOneChildAreBounded: many guardians cannot find out by trying whose child a number is.
func TestTriesAboutOneChildAreBounded(t *testing.T) {
	eachReviewDesk(t, func(t *testing.T, d *reviewDesk) {
		ctx := context.Background()
		at := d.Clock.Now().UTC()
		s := proofing.New(proofing.Config{Accounts: d.Accounts, Store: d.store, Reviews: d.store, Guardians: nobody{}, Now: d.Clock.Now, Rand: ident.System(), Methods: []proofing.Method{{Word: proofing.GuardianConsent, Source: notTheirs{}}}})
		born := at.AddDate(-5, 0, 0).Format("20060102")
		one, other := citizenNumber(t, "999900"+born+"001"), citizenNumber(t, "999900"+born+"002")
		for i := range proofing.TriesPerIdentity + 1 {
			guardian := d.Account(t, fmt.Sprintf("137%08d", i), password).ID
			must(t, d.Accounts.ProveIdentity(ctx, guardian, idp.Proof{IAL: 2, Method: "carrier", Source: "test", At: at, Evidence: "e"},
				idp.Identity{Name: applicant, Type: subject.CitizenID, Number: citizenNumber(t, fmt.Sprintf("99990019800101%03d", i))}))
			ask := func(number string) error {
				_, _, err := s.Consent(ctx, guardian, proofing.Child{Name: "李小宝", Number: number, Relation: "parent", Consent: proofing.GuardianNotice}, nil)
				return err
			}
			want := fault.ChildMismatch
			if i == proofing.TriesPerIdentity {
				want = fault.ProofingTooOften
			}
			if err := ask(one); fault.CodeOf(err) != want {
				t.Errorf("guardian %d: %v, want %q", i+1, err, want)
			}
			if i == proofing.TriesPerIdentity {
				if err := ask(other); fault.CodeOf(err) != fault.ChildMismatch {
					t.Errorf("another child: %v", err)
				}
			}
		}
	})
}

// notTheirs is a register that knows no child of anybody.
type notTheirs struct{ proofing.Kinds }

func (notTheirs) Name() string { return "register" }
func (notTheirs) Ask(context.Context, proofing.Query) (proofing.Answer, error) {
	return proofing.Answer{Verdict: proofing.Mismatch, Digest: "d"}, nil
}

// citizenNumber adds the check character of GB 11643.
func citizenNumber(t *testing.T, first17 string) string {
	t.Helper()
	for _, last := range "0123456789X" {
		if n, err := subject.ParseCitizenID(first17 + string(last)); err == nil {
			return string(n)
		}
	}
	t.Fatalf("no check character fits %s", first17)
	return ""
}

// stands is a guardian whose link with the child a test steers.
type stands struct {
	nobody
	over bool
}

func (s *stands) Stands(context.Context, string, string) error {
	if s.over {
		return fault.New(fault.WardOver)
	}
	return nil
}

// faceOnly is a service with a page of its own that a test steers.
type faceOnly struct {
	proofing.Kinds
	answer proofing.Answer
	err    error
}

func (*faceOnly) Name() string   { return "outside" }
func (*faceOnly) Origin() string { return "https://outside.example" }
func (f *faceOnly) Ask(context.Context, proofing.Query) (proofing.Answer, error) {
	return f.answer, f.err
}
func (*faceOnly) Begin(context.Context, proofing.Query, string) (proofing.Started, error) {
	return proofing.Started{URL: "https://outside.example/visit", Handle: "handle"}, nil
}

// TestWaysForAChild: what a guardian may agree to online is the policy's to say, face is never the only way, and from 14 on nothing is open.
func TestWaysForAChild(t *testing.T) {
	eachReviewDesk(t, func(t *testing.T, d *reviewDesk) {
		born := func(years int) string { return d.Clock.Now().AddDate(-years, 0, 0).Format("20060102") }
		child := func(years int, ial subject.IAL) idp.Person {
			return idp.Person{AccountID: "child", State: idp.AccountActive, IAL: ial, Name: "李小宝", IDType: subject.CitizenID, IDNumber: citizenNumber(t, "999900"+born(years)+"001")}
		}
		suspended, nameless := child(5, 1), child(5, 1)
		suspended.State, nameless.IDNumber = idp.AccountSuspended, ""
		both := []proofing.Method{{Word: proofing.GuardianConsent, Review: true}, {Word: proofing.Face, Remote: &faceOnly{}, Notice: "face-1"}, {Word: proofing.ManualReview, Review: true}, {Word: proofing.NetworkID, Remote: &faceOnly{}, Notice: "net-1", Nameless: true}}
		off := func(rows ...proofing.Level) []proofing.Level { return proofing.With(proofing.DefaultPolicy(), rows...) }
		for _, test := range []struct {
			name    string
			person  idp.Person
			methods []proofing.Method
			policy  []proofing.Level
			want    []string
		}{
			{"a child", child(5, 1), both, off(), []string{proofing.Face, proofing.ManualReview}},
			{"just below 14", child(13, 1), both, off(), []string{proofing.Face, proofing.ManualReview}},
			{"14", child(14, 1), both, off(), nil},
			{"at the level already", child(5, 3), both, off(), nil},
			{"a suspended account", suspended, both, off(), nil},
			{"without a number", nameless, both, off(), nil},
			{"face alone is configured", child(5, 1), both[:2], off(), nil},
			{"face alone is open", child(5, 1), both, off(proofing.Level{Method: proofing.ManualReview, IAL: 3, Days: 30, DueHours: 48}), nil},
			{"the policy opens pictures alone", child(5, 1), both, off(proofing.Level{Method: proofing.Face, IAL: 3, Days: 30, Holds: 1, GuardianBelow: 14}), []string{proofing.ManualReview}},
			{"a least age", child(5, 1), both, off(proofing.Level{Method: proofing.ManualReview, IAL: 3, Days: 30, MinAge: 6, Guardian: true}), nil},
			{"guardians agree to nothing online", child(5, 1), both, off(proofing.Level{Method: proofing.GuardianConsent, IAL: 1, Holds: 2, MinAge: 18, Off: true}), nil},
			{"a level that the child has not", child(5, 0), both, off(), []string{proofing.ManualReview}},
		} {
			s := proofing.New(proofing.Config{Accounts: d.Accounts, Store: d.store, Reviews: d.store, Guardians: &stands{}, Now: d.Clock.Now, Rand: ident.System(), Methods: test.methods, Policy: func() []proofing.Level { return test.policy }})
			var got []string
			for _, offer := range s.WardOffers(test.person) {
				got = append(got, offer.Method.Word)
				if offer.Method.Notice != proofing.WardNotice(offer.Method.Word) || offer.Method.Notice == "" {
					t.Errorf("%s: the text of %s is %q", test.name, offer.Method.Word, offer.Method.Notice)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("%s: %v, want %v", test.name, got, test.want)
			}
		}
		for _, row := range []proofing.Level{{Method: "carrier", IAL: 2, Guardian: true}, {Method: proofing.NetworkID, IAL: 3, Guardian: true}, {Method: proofing.Certificate, IAL: 4, Holds: 1, Guardian: true}} {
			if err := row.Normalize(); fault.CodeOf(err) != fault.ClientMetadata {
				t.Errorf("a guardian may agree to %s: %v", row.Method, err)
			}
		}
	})
}

// TestGrantForAChildIsJudgedOnceMore: an answer that comes later gives nothing when the link ended or the child became 14 meanwhile, nor to
// a guardian who is not known surely enough; a case belongs to who agreed, in that session.
func TestGrantForAChildIsJudgedOnceMore(t *testing.T) {
	eachReviewDesk(t, func(t *testing.T, d *reviewDesk) {
		ctx := context.Background()
		face, link := &faceOnly{answer: proofing.Answer{Verdict: proofing.Pending}}, &stands{}
		methods := []proofing.Method{{Word: proofing.GuardianConsent, Review: true}, {Word: proofing.Face, Remote: face, Notice: "face-1"}, {Word: proofing.ManualReview, Review: true}}
		s := proofing.New(proofing.Config{Accounts: d.Accounts, Store: d.store, Reviews: d.store, Guardians: link, Now: d.Clock.Now, Rand: ident.System(), Methods: methods})
		at := d.Clock.Now().UTC()
		child := d.reviewers[0].Account
		soon := citizenNumber(t, "999900"+at.AddDate(-14, 0, 0).Add(26*time.Hour).Format("20060102")+"001")
		must(t, d.Accounts.ProveIdentity(ctx, child, idp.Proof{IAL: 1, Method: "household_register", Source: "test", At: at, Evidence: "e"}, idp.Identity{Name: "李小宝", Type: subject.CitizenID, Number: soon}))
		w := proofing.Ward{Child: child, Guardian: d.person, SID: "sid-1"}
		in := proofing.Submission{Method: proofing.Face, Consent: proofing.WardNotice(proofing.Face)}
		var id string
		begin := func() error {
			_, err := s.WardBegin(ctx, w, in, func(c string) string { id = c; return "https://id.example/" + c })
			return err
		}
		if err := begin(); fault.CodeOf(err) != fault.GuardianLevel {
			t.Errorf("a guardian who proved nothing: %v", err)
		}
		must(t, d.Accounts.ProveIdentity(ctx, d.person, idp.Proof{IAL: 2, Method: "carrier", Source: "test", At: at, Evidence: "e"}, idp.Identity{Name: applicant, Type: subject.CitizenID, Number: document}))
		in.Consent = "face-1"
		if err := begin(); fault.CodeOf(err) != fault.ProofingConsent {
			t.Errorf("the text of grown-ups: %v", err)
		}
		in.Consent = proofing.WardNotice(proofing.Face)
		link.over = true
		if err := begin(); fault.CodeOf(err) != fault.WardOver {
			t.Errorf("no guardian: %v", err)
		}
		link.over = false
		state := func() proofing.State {
			c, err := d.store.Case(ctx, id)
			must(t, err)
			return c.State
		}
		must(t, begin())
		if c, err := d.store.Case(ctx, id); err != nil || c.Guardian != d.person || c.AccountID != child {
			t.Errorf("the case is %+v, %v", c, err)
		}
		for name, other := range map[string]struct {
			ward proofing.Ward
			want fault.Code
		}{
			"another guardian": {proofing.Ward{Child: child, Guardian: d.reviewers[1].Account, SID: "sid-1"}, fault.NotFound},
			"another child":    {proofing.Ward{Child: d.reviewers[1].Account, Guardian: d.person, SID: "sid-1"}, fault.NotFound},
			"another session":  {proofing.Ward{Child: child, Guardian: d.person, SID: "sid-2"}, fault.WardSession},
			"who agreed":       {w, fault.ProofingPending},
		} {
			if _, err := s.WardReturn(ctx, other.ward, id); fault.CodeOf(err) != other.want {
				t.Errorf("%s: %v, want %q", name, err, other.want)
			}
		}
		face.answer = proofing.Answer{Verdict: proofing.Match, Digest: "d"}
		link.over = true
		if _, err := s.WardReturn(ctx, w, id); fault.CodeOf(err) != fault.WardOver || state() != proofing.Rejected {
			t.Errorf("the link ended: %v, %s", err, state())
		}
		link.over = false
		// A silent service is asked again; by then the child is 14.
		face.answer, face.err = proofing.Answer{}, proofing.ErrSilent
		must(t, begin())
		if _, err := s.WardReturn(ctx, w, id); fault.CodeOf(err) != fault.ProofingSilent || state() != proofing.Waiting {
			t.Errorf("X-08 silence: %v, %s", err, state())
		}
		d.Clock.Advance(19 * time.Hour)
		d.Clock.Advance(8 * time.Hour)
		face.answer, face.err = proofing.Answer{Verdict: proofing.Match, Digest: "d"}, nil
		if err := s.Retry(ctx, []byte(`{"case":"`+id+`"}`)); err != nil || state() != proofing.Rejected {
			t.Errorf("14 meanwhile: %v, %s", err, state())
		}
		if p, err := d.Accounts.Person(ctx, child); err != nil || p.IAL != 1 {
			t.Errorf("the child is at %d, %v", p.IAL, err)
		}
		if n := d.count(t, "SELECT COUNT(*) FROM idp_guardian_consent WHERE account_id = $1 AND guardian = $2 AND method = 'face'", child, d.person); n != 2 {
			t.Errorf("%d consents are kept", n)
		}
		if n := d.count(t, "SELECT COUNT(*) FROM outbox_message WHERE topic = $1", proofing.TopicReviewed); n != 2 {
			t.Errorf("the guardian is told %d times", n)
		}
	})
}
