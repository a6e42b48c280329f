package proofing_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// names reads every certificate as the test says.
type names struct {
	shown proofing.Certified
	err   error
}

func (n *names) Person(*pki.Certificate) (proofing.Certified, error) { return n.shown, n.err }

// certified is a world with the method; policy is added to that of the package.
func certified(t *testing.T, policy ...proofing.Level) (w *idptest.World, twin *idptest.Twin, account string, reads *names) {
	t.Helper()
	twin = idptest.NewTwin()
	w, account, reads = certifiedIn(t, twin, policy...)
	return w, twin, account, reads
}

func certifiedIn(t *testing.T, store idptest.Store, policy ...proofing.Level) (w *idptest.World, account string, reads *names) {
	t.Helper()
	w = idptest.NewWorld(t, store)
	account = w.Account(t, mobile, "").ID
	reads = &names{shown: proofing.Certified{Name: name, Number: number, Kinds: []string{subject.CitizenID}, Issuer: "CN=CA", Serial: "2a", Certificate: "c", Ceiling: 4, Until: idptest.Start.AddDate(1, 0, 0)}}
	w.Proofing = proofing.New(proofing.Config{Accounts: w.Accounts, Store: store, Sources: []proofing.Source{w.Source}, Now: w.Clock.Now, Rand: ident.System(),
		Methods: []proofing.Method{{Word: proofing.Certificate, Reader: reads, Kinds: proofing.Kinds{subject.CitizenID, subject.Passport}, Ceiling: 4}},
		Policy:  func() []proofing.Level { return proofing.With(proofing.DefaultPolicy(), policy...) }})
	return w, account, reads
}

func show(w *idptest.World, account string) (subject.IAL, error) {
	return w.Proofing.Certify(ctx, account, proofing.Submission{}, proofing.Shown{Evidence: "evidence", Authority: "a0"})
}

func TestCertificateAddsToTheIdentityThatIsProven(t *testing.T) {
	w, twin, account, _ := certified(t)
	if _, err := show(w, account); fault.CodeOf(err) != fault.ProofingFirst {
		t.Errorf("without an identity: %v", err)
	}
	holds(t, w, account)
	asked := len(w.Source.Queries())
	if got, err := show(w, account); err != nil || got != 4 || level(t, w, account) != 4 {
		t.Fatalf("%d %v", got, err)
	}
	if len(w.Source.Queries()) != asked {
		t.Error("a source was asked")
	}
	proofs := twin.Proofs(account)
	proof := proofs[len(proofs)-1]
	if proof.Method != "certificate" || proof.Source != "CN=CA" || proof.Evidence != "evidence" || !proof.Until.Equal(idptest.Start.AddDate(1, 0, 0)) {
		t.Errorf("%+v", proof)
	}
	if records := fmt.Sprintf("%+v", twin.Records()); !strings.Contains(records, "serial:2a") || !strings.Contains(records, "issuer:CN=CA") || strings.Contains(records, number) {
		t.Errorf("%s", records)
	}
	for _, c := range twin.Cases() {
		if c.State != proofing.Granted || len(c.Sealed) != 0 {
			t.Errorf("%+v", c)
		}
	}
	w.Clock.Advance(366 * 24 * time.Hour)
	if level(t, w, account) != 1 {
		t.Error("the level outlives the certificate")
	}
}

func TestCertificateOfAnotherIsRefused(t *testing.T) {
	for what, c := range map[string]struct {
		change func(n *names)
		want   fault.Code
	}{
		"another name":             {func(n *names) { n.shown.Name = "李四" }, fault.ProofingCertificateOther},
		"another number":           {func(n *names) { n.shown.Number = other }, fault.ProofingCertificateOther},
		"a number that is none":    {func(n *names) { n.shown.Number = "110105194912310021" }, fault.ProofingCertificateKind},
		"a number of another kind": {func(n *names) { n.shown.Kinds = []string{subject.Passport} }, fault.ProofingCertificateKind},
		"a number of no kind":      {func(n *names) { n.shown.Kinds = nil }, fault.ProofingCertificateKind},
		"a name that is none":      {func(n *names) { n.shown.Name = "张三\u202e" }, fault.ProofingCertificateBare},
		"a name in another script": {func(n *names) { n.shown.Name = "ZHANG SAN" }, fault.ProofingCertificateBare},
		"nobody":                   {func(n *names) { n.err = errors.New("nobody") }, fault.ProofingCertificateBare},
	} {
		w, twin, account, reads := certified(t)
		holds(t, w, account)
		c.change(reads)
		if _, err := show(w, account); fault.CodeOf(err) != c.want || level(t, w, account) != 1 {
			t.Errorf("%s: %v, level %d", what, err, level(t, w, account))
		}
		for _, kept := range twin.Cases() {
			if len(kept.Sealed) != 0 || slices.Contains(proofing.Open, kept.State) {
				t.Errorf("%s: %+v", what, kept)
			}
		}
		if reads.err == nil && !slices.Contains(twin.Events(), "proofing.certificate_refused") {
			t.Errorf("%s is not on record", what)
		}
	}
}

func TestCertificateOfAKeyThatMayLieInSoftwareGivesLess(t *testing.T) {
	w, _, account, reads := certified(t)
	holds(t, w, account)
	reads.shown.Ceiling = 3
	if got, err := show(w, account); err != nil || got != 3 || level(t, w, account) != 3 {
		t.Errorf("%d %v", got, err)
	}
}

func TestCertificateMayGiveAnIdentityWherePolicySays(t *testing.T) {
	w, twin, account, reads := certified(t, proofing.Level{Method: proofing.Certificate, IAL: 3, Days: 10})
	if got, err := show(w, account); err != nil || got != 3 {
		t.Fatalf("%d %v", got, err)
	}
	person, err := w.Accounts.Person(ctx, account)
	if err != nil || person.Name != name || person.IDNumber != number || !person.IALUntil.Equal(idptest.Start.AddDate(0, 0, 10)) {
		t.Errorf("%+v %v", person, err)
	}
	second := w.Account(t, "13900139000", "").ID
	if _, err := show(w, second); fault.CodeOf(err) != fault.IdentityBound || level(t, w, second) != 0 {
		t.Errorf("A-24 the identity of another account: %v", err)
	}
	third := w.Account(t, "13900139001", "").ID
	reads.shown.Kinds = []string{subject.Passport}
	if _, err := w.Proofing.Certify(ctx, third, proofing.Submission{Kind: subject.Passport}, proofing.Shown{Evidence: "e", Authority: "a0"}); fault.CodeOf(err) != fault.ProofingCertificateKind {
		t.Errorf("a document that needs more than name and number: %v", err)
	}
	reads.shown.Kinds, reads.shown.Number, reads.shown.Name = []string{subject.HMTResidencePermit}, "810000198801010039", "黄居港"
	w.Proofing = proofing.New(proofing.Config{Accounts: w.Accounts, Store: twin, Now: w.Clock.Now, Rand: ident.System(),
		Methods: []proofing.Method{{Word: proofing.Certificate, Reader: reads, Kinds: proofing.Kinds{subject.HMTResidencePermit}}},
		Policy:  func() []proofing.Level { return []proofing.Level{{Method: proofing.Certificate, IAL: 3}} }})
	if _, err := w.Proofing.Certify(ctx, third, proofing.Submission{Kind: subject.HMTResidencePermit}, proofing.Shown{Evidence: "e", Authority: "a0"}); fault.CodeOf(err) != fault.ProofingCertificateKind || level(t, w, third) != 0 {
		t.Errorf("a document whose end the certificate does not tell: %v", err)
	}
}

func TestCertificateTriesAreBounded(t *testing.T) {
	w, _, account, reads := certified(t)
	holds(t, w, account)
	reads.shown.Name = "李四"
	var err error
	for range proofing.TriesPerDay {
		_, err = show(w, account)
	}
	if fault.CodeOf(err) != fault.ProofingTooOften {
		t.Errorf("%v", err)
	}
}

// TestF01CertificateSurvivesACrash: what was decided is carried out by the message, by the policy of then.
func TestF01CertificateSurvivesACrash(t *testing.T) {
	for _, row := range []struct {
		ial  subject.IAL
		want subject.IAL
	}{{4, 4}, {3, 1}} {
		twin := idptest.NewTwin()
		faulty := &idptest.Faulty{Store: twin}
		w, account, _ := certifiedIn(t, faulty)
		holds(t, w, account)
		faulty.FailBefore = func(_ int, name string) bool { return name == "save proof" }
		if _, err := show(w, account); err == nil || level(t, w, account) != 1 {
			t.Fatalf("%v", err)
		}
		cases := twin.Cases()
		i := slices.IndexFunc(cases, func(c proofing.Case) bool { return c.State == proofing.Passed })
		if i < 0 {
			t.Fatalf("%+v", cases)
		}
		faulty.FailBefore = nil
		w.Proofing = proofing.New(proofing.Config{Accounts: w.Accounts, Store: twin, Now: w.Clock.Now, Rand: ident.System(),
			Policy: func() []proofing.Level {
				return proofing.With(proofing.DefaultPolicy(), proofing.Level{Method: proofing.Certificate, IAL: row.ial, Holds: 1})
			}})
		payload, _ := json.Marshal(map[string]string{"case": cases[i].ID})
		if err := w.Proofing.Retry(ctx, payload); err != nil || level(t, w, account) != row.want {
			t.Errorf("policy %d: %v, level %d", row.ial, err, level(t, w, account))
		}
	}
}

func TestCertificateIsNoForm(t *testing.T) {
	w, _, account, _ := certified(t)
	holds(t, w, account)
	if _, err := w.Proofing.Submit(ctx, account, proofing.Submission{Method: proofing.Certificate}); fault.CodeOf(err) != fault.Invalid || level(t, w, account) != 1 {
		t.Errorf("a form: %v", err)
	}
	if _, err := w.Proofing.Begin(ctx, account, proofing.Submission{Method: proofing.Certificate}, back); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("a visit: %v", err)
	}
	if _, err := w.Proofing.Certify(ctx, w.Account(t, "13900139000", "").ID, proofing.Submission{Kind: "library_card"}, proofing.Shown{Evidence: "", Authority: "a0"}); fault.CodeOf(err) != fault.ProofingKind {
		t.Errorf("a kind that is none: %v", err)
	}
}

func TestCeilingOfTheConfigurationIsThatOfTheOffer(t *testing.T) {
	w, _, account, reads := certified(t)
	holds(t, w, account)
	w.Proofing = proofing.New(proofing.Config{Accounts: w.Accounts, Sources: []proofing.Source{w.Source}, Now: w.Clock.Now, Rand: ident.System(),
		Methods: []proofing.Method{{Word: proofing.Certificate, Reader: reads, Ceiling: 3}}})
	if got := w.Proofing.Highest(); got != 3 {
		t.Errorf("%d", got)
	}
}
