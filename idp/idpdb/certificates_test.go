package idpdb_test

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/idpdb"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// lists are revocation lists as the test says.
type lists struct {
	revoked map[string]pki.RevocationReason
	silence string
}

func (l *lists) Revocations(_ context.Context, authority string) (func(*big.Int) pki.Revocation, string) {
	if l.silence != "" || authority != "a0" {
		return nil, l.silence
	}
	return func(serial *big.Int) pki.Revocation {
		if reason, ok := l.revoked[serial.Text(16)]; ok {
			return pki.Revocation{State: pki.RevocationRevoked, Reason: reason}
		}
		return pki.Revocation{State: pki.RevocationGood}
	}, ""
}

// watched is a world with people who showed certificates.
type watched struct {
	*idptest.World
	db     *sqldb.DB
	store  *idpdb.Store
	lists  *lists
	policy []proofing.Level
	watch  *proofing.CertificateWatch
	people int
}

func eachWatch(t *testing.T, run func(t *testing.T, w *watched)) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		w := &watched{db: open(t), lists: &lists{revoked: map[string]pki.RevocationReason{}}}
		w.store = idpdb.New(w.db)
		w.World = idptest.NewWorld(t, w.store)
		w.watch = w.over(w.store)
		run(t, w)
	})
}

func (w *watched) over(store proofing.CertificateStore) *proofing.CertificateWatch {
	return proofing.NewCertificateWatch(proofing.CertificateWatchConfig{Store: store, Revocations: w.lists, Now: w.Clock.Now, Policy: func() []proofing.Level { return w.policy }})
}

// shows gives a new person a first level by name and number and a fourth by a certificate.
func (w *watched) shows(t *testing.T, serial string) (id string) {
	t.Helper()
	w.people++
	id = w.Account(t, fmt.Sprintf("138001390%02d", w.people), "").ID
	who := idp.Identity{Name: "张三", Type: "passport", Number: fmt.Sprintf("L89890%03d", w.people), Nationality: "GBR", Birth: "1980-01-01"}
	for _, p := range []idp.Proof{{IAL: 1, Method: "document", Source: "register"}, {IAL: 4, Method: "certificate", Source: "CN=CA", Until: w.Clock.Now().AddDate(1, 0, 0),
		Certificate: &idp.ProofCertificate{Issuer: "CN=CA", Authority: "a0", Serial: serial, Ends: w.Clock.Now().AddDate(1, 0, 0)}}} {
		p.At = w.Clock.Now()
		must(t, w.Accounts.ProveIdentity(context.Background(), id, p, who))
	}
	return id
}

func (w *watched) holds(t *testing.T, id string, want int) {
	t.Helper()
	if p, err := w.Accounts.Person(context.Background(), id); err != nil || int(p.IAL) != want {
		t.Errorf("level %d instead of %d, %v", p.IAL, want, err)
	}
}

func (w *watched) count(t *testing.T, query string, args ...any) int {
	return counted(t, w.db, query, args...)
}

func (w *watched) pass(t *testing.T, want int) proofing.AuthorityStanding {
	t.Helper()
	if n, err := w.watch.Pass(context.Background()); err != nil || n != want {
		t.Fatalf("%d ended instead of %d, %v", n, want, err)
	}
	all, next, err := w.watch.Standings(context.Background(), "", 10)
	if err != nil || len(all) != 1 || next != "" {
		t.Fatalf("%+v %q %v", all, next, err)
	}
	return all[0]
}

const (
	auditOf = "SELECT COUNT(*) FROM audit_event WHERE type = $1 AND object_id = $2"
	outOf   = "SELECT COUNT(*) FROM outbox_message WHERE topic = $1"
)

func TestLevelEndsWithTheCertificateBehindIt(t *testing.T) {
	eachWatch(t, func(t *testing.T, w *watched) {
		one, other := w.shows(t, "2a"), w.shows(t, "2b")
		before, err := w.store.Account(context.Background(), one)
		must(t, err)
		if a := w.pass(t, 0); a.Watched != 2 || a.AnsweredAt.IsZero() || !a.SilentSince.IsZero() || a.Issuer != "CN=CA" {
			t.Errorf("%+v", a)
		}
		w.lists.revoked["2a"] = pki.RevokedKeyCompromise
		w.Clock.Advance(time.Hour)
		if a := w.pass(t, 1); a.Watched != 1 || a.Revoked != 1 || !a.AnsweredAt.Equal(w.Clock.Now()) {
			t.Errorf("%+v", a)
		}
		w.holds(t, one, 1)
		w.holds(t, other, 4)
		after, err := w.store.Account(context.Background(), one)
		if err != nil || after.Version <= before.Version {
			t.Errorf("version %d after %d, %v", after.Version, before.Version, err)
		}
		if w.count(t, auditOf, "proofing.certificate_revoked", one) != 1 || w.count(t, outOf, proofing.TopicCertificateEnded) != 1 {
			t.Error("audit record or notice is missing")
		}
		w.pass(t, 0)
		w.Clock.Advance(366 * 24 * time.Hour)
		if a := w.pass(t, 1); a.Watched != 0 || a.Expired != 1 {
			t.Errorf("%+v", a)
		}
		w.holds(t, other, 1)
		if w.count(t, auditOf, "proofing.certificate_expired", other) != 1 || w.count(t, outOf, proofing.TopicCertificateEnded) != 2 {
			t.Error("audit record or notice is missing")
		}
	})
}

// A list that does not speak says neither good nor bad.
func TestSilentListsChangeNothingAndAreSeen(t *testing.T) {
	eachWatch(t, func(t *testing.T, w *watched) {
		id := w.shows(t, "2a")
		w.lists.revoked["2a"], w.lists.silence = 0, "no_list"
		first := w.Clock.Now()
		w.pass(t, 0)
		w.Clock.Advance(time.Hour)
		if a := w.pass(t, 0); a.Silence != "no_list" || !a.SilentSince.Equal(first) || !a.AskedAt.Equal(w.Clock.Now()) || !a.AnsweredAt.IsZero() {
			t.Errorf("%+v", a)
		}
		w.holds(t, id, 4)
		w.lists.silence = ""
		if a := w.pass(t, 1); a.Silence != "" || !a.SilentSince.IsZero() {
			t.Errorf("%+v", a)
		}
		w.holds(t, id, 1)
		without := proofing.NewCertificateWatch(proofing.CertificateWatchConfig{Store: w.store, Now: w.Clock.Now, Policy: func() []proofing.Level { return nil }})
		still := w.shows(t, "2c")
		if n, err := without.Pass(context.Background()); n != 0 || err != nil {
			t.Errorf("without a trust list: %d %v", n, err)
		}
		w.holds(t, still, 4)
	})
}

// slowThenSilent is a list that takes its time to say good, and none afterwards.
type slowThenSilent struct {
	asked   atomic.Int32
	begun   chan struct{}
	release chan struct{}
}

func (l *slowThenSilent) Revocations(context.Context, string) (func(*big.Int) pki.Revocation, string) {
	if l.asked.Add(1) > 1 {
		return nil, "no_list"
	}
	close(l.begun)
	<-l.release
	return func(*big.Int) pki.Revocation { return pki.Revocation{State: pki.RevocationGood} }, ""
}

// TestAnOlderListIsNotWrittenDownLater: passes follow each other, so that operators see what the newest list said.
func TestAnOlderListIsNotWrittenDownLater(t *testing.T) {
	eachWatch(t, func(t *testing.T, w *watched) {
		w.shows(t, "2a")
		list := &slowThenSilent{begun: make(chan struct{}), release: make(chan struct{})}
		watch := proofing.NewCertificateWatch(proofing.CertificateWatchConfig{Store: w.store, Revocations: list, Now: w.Clock.Now, Policy: func() []proofing.Level { return nil }})
		var passes sync.WaitGroup
		pass := func() {
			if _, err := watch.Pass(context.Background()); err != nil {
				t.Error(err)
			}
		}
		passes.Go(pass)
		<-list.begun
		passes.Go(pass)
		time.Sleep(50 * time.Millisecond) // one that would overtake has the time to
		close(list.release)
		passes.Wait()
		if all, _, err := watch.Standings(context.Background(), "", 10); err != nil || len(all) != 1 || all[0].Silence != "no_list" {
			t.Errorf("%+v %v", all, err)
		}
	})
}

func TestPolicyMayKeepALevelAfterAHarmlessRevocation(t *testing.T) {
	eachWatch(t, func(t *testing.T, w *watched) {
		w.policy = []proofing.Level{{Method: "certificate", IAL: 4, Keeps: []string{"superseded"}}}
		kept, ended := w.shows(t, "2a"), w.shows(t, "2b")
		w.lists.revoked["2a"], w.lists.revoked["2b"] = pki.RevokedSuperseded, pki.RevokedUnspecified
		if a := w.pass(t, 2); a.Kept != 1 || a.Revoked != 1 {
			t.Errorf("%+v", a)
		}
		w.holds(t, kept, 4)
		w.holds(t, ended, 1)
		if w.count(t, auditOf, "proofing.certificate_kept", kept) != 1 || w.count(t, outOf, proofing.TopicCertificateEnded) != 1 {
			t.Error("what was kept is not on record, or somebody was told of it")
		}
		for _, c := range []struct {
			level proofing.Level
			fine  bool
		}{{proofing.Level{Method: "certificate", IAL: 4, Keeps: []string{"superseded", "affiliation_changed", "cessation_of_operation"}}, true},
			{proofing.Level{Method: "certificate", IAL: 4, Keeps: []string{"key_compromise"}}, false}, {proofing.Level{Method: "face", IAL: 3, GuardianBelow: 14, Keeps: []string{"superseded"}}, false}} {
			if err := c.level.Normalize(); (err == nil) != c.fine {
				t.Errorf("%+v: %v", c.level, err)
			}
		}
	})
}

// Evidence that was taken back hides no other of its level, whichever is the newer.
func TestRevokedCertificateLeavesOtherEvidenceOfItsLevel(t *testing.T) {
	eachWatch(t, func(t *testing.T, w *watched) {
		ctx := context.Background()
		id := w.Account(t, "13800139000", "").ID
		who := idp.Identity{Name: "张三", Type: "passport", Number: "L898900000", Nationality: "GBR", Birth: "1980-01-01"}
		must(t, w.Accounts.ProveIdentity(ctx, id, idp.Proof{IAL: 3, Method: "face", Source: "register", At: w.Clock.Now()}, who))
		w.Clock.Advance(time.Minute)
		must(t, w.Accounts.ProveIdentity(ctx, id, idp.Proof{IAL: 3, Method: "certificate", Source: "CN=CA", At: w.Clock.Now(), Certificate: &idp.ProofCertificate{Issuer: "CN=CA", Authority: "a0", Serial: "2a", Ends: w.Clock.Now().AddDate(1, 0, 0)}}, who))
		w.lists.revoked["2a"] = pki.RevokedKeyCompromise
		w.pass(t, 1)
		if p, err := w.Accounts.Person(ctx, id); err != nil || p.IAL != 3 || p.IALMethod != "face" {
			t.Errorf("%d by %s, %v", p.IAL, p.IALMethod, err)
		}
	})
}

// halfway ends certificates as a process that dies in the middle of the change.
type halfway struct{ *idpdb.Store }

func (h halfway) EndCertificate(ctx context.Context, e proofing.EndedCertificate, record audit.Record) error {
	return h.Store.EndCertificate(ctx, e, audit.With(append(slices.Clone(record.Events), audit.Event{})...))
}

func TestEndOfACertificateIsOneChange(t *testing.T) {
	eachWatch(t, func(t *testing.T, w *watched) {
		id := w.shows(t, "2a")
		w.lists.revoked["2a"] = 0
		if _, err := w.over(halfway{w.store}).Pass(context.Background()); err == nil {
			t.Fatal("an audit row without a type was stored")
		}
		w.holds(t, id, 4)
		if w.count(t, outOf, proofing.TopicCertificateEnded) != 0 || w.count(t, "SELECT COUNT(*) FROM idp_proof_certificate WHERE state = 'watched'") != 1 {
			t.Error("half of it is there")
		}
		var group sync.WaitGroup
		for range 4 { // several nodes at once
			group.Go(func() {
				if _, err := w.over(w.store).Pass(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if w.count(t, auditOf, "proofing.certificate_revoked", id) != 1 || w.count(t, outOf, proofing.TopicCertificateEnded) != 1 {
			t.Error("it ended more than once")
		}
		if err := w.store.EndCertificate(context.Background(), proofing.EndedCertificate{WatchedCertificate: proofing.WatchedCertificate{AccountID: id, ProofID: "none"}, At: w.Clock.Now()}, record()); !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("%v", err)
		}
	})
}

// TestEvidenceWithoutACertificateGetsATerm: evidence of a release that kept neither number nor authority is found once, its person is told
// the day, the term is that of the policy of then, and it ends by that day; who renewed it in time loses nothing and is told nothing more.
func TestEvidenceWithoutACertificateGetsATerm(t *testing.T) {
	eachWatch(t, func(t *testing.T, w *watched) {
		ctx := context.Background()
		old := func(mobile, number string) (id string) {
			id = w.Account(t, mobile, "").ID
			who := idp.Identity{Name: "张三", Type: "passport", Number: number, Nationality: "GBR", Birth: "1980-01-01"}
			must(t, w.Accounts.ProveIdentity(ctx, id, idp.Proof{IAL: 1, Method: "document", Source: "register", At: w.Clock.Now()}, who))
			// As a case of that release stored it: without the certificate.
			must(t, w.Accounts.ProveIdentity(ctx, id, idp.Proof{IAL: 4, Method: "certificate", Source: "CN=CA", At: w.Clock.Now(), Until: w.Clock.Now().AddDate(3, 0, 0)}, who))
			return id
		}
		late := old("13800139081", "L89890081")
		renews := old("13800139082", "L89890082")
		kept := w.shows(t, "c1")
		w.policy = []proofing.Level{{Method: "certificate", UnwatchedDays: 30}}
		w.pass(t, 0)
		w.pass(t, 0) // found once
		if n := w.count(t, "SELECT COUNT(*) FROM outbox_message WHERE topic = $1", proofing.TopicCertificateUnwatched); n != 2 {
			t.Errorf("%d are told", n)
		}
		f, err := w.watch.UnwatchedFigures(ctx)
		if err != nil || f.Running != 2 || f.Ended != 0 || f.First.Sub(w.Clock.Now()) < 29*24*time.Hour || f.Last.Sub(w.Clock.Now()) > 30*24*time.Hour {
			t.Errorf("%+v %v", f, err)
		}
		w.policy = []proofing.Level{{Method: "certificate", UnwatchedDays: 1}} // what was told stands
		w.Clock.Advance(29 * 24 * time.Hour)
		w.pass(t, 0)
		w.holds(t, late, 4)
		who := idp.Identity{Name: "张三", Type: "passport", Number: "L89890082", Nationality: "GBR", Birth: "1980-01-01"}
		must(t, w.Accounts.ProveIdentity(ctx, renews, idp.Proof{IAL: 4, Method: "certificate", Source: "CN=CA", At: w.Clock.Now(), Until: w.Clock.Now().AddDate(1, 0, 0),
			Certificate: &idp.ProofCertificate{Issuer: "CN=CA", Authority: "a0", Serial: "c2", Ends: w.Clock.Now().AddDate(1, 0, 0)}}, who))
		w.Clock.Advance(2 * 24 * time.Hour)
		w.pass(t, 2)
		w.holds(t, late, 1)
		w.holds(t, renews, 4)
		w.holds(t, kept, 4)
		if n := w.count(t, "SELECT COUNT(*) FROM outbox_message WHERE topic = $1", proofing.TopicCertificateEnded); n != 1 {
			t.Errorf("%d are told of the end", n)
		}
		if n := w.count(t, "SELECT COUNT(*) FROM audit_event WHERE type = 'proofing.certificate_unwatched_end'"); n != 2 {
			t.Errorf("%d ends on record", n)
		}
		if f, err = w.watch.UnwatchedFigures(ctx); err != nil || f.Running != 0 || f.Ended != 2 {
			t.Errorf("%+v %v", f, err)
		}
	})
}
