package licensetest

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// coHolders: whoever proves the code of another holder has the licence too, in lists as well, until the account is forgotten; it follows a merge.
func coHolders(t *testing.T, s elicense.Store) {
	create(t, s, Row(1))
	create(t, s, Row(2))
	alone := Row(3)
	alone.HolderKeys = []string{"key2"}
	alone.HolderRef = "account:z"
	create(t, s, alone)
	for _, b := range []struct {
		key, account string
		want         int
	}{
		{"own1", "account:a", 1}, {"key2", "account:b", 2}, {"key2", "account:b", 0}, // the first of 1 has another account, and the only holder of 3 too
		{"own1", "account:a", 0},
	} {
		if n, err := s.Bind(ctx, b.key, b.account, record("bound")); n != b.want || err != nil {
			t.Errorf("%+v: %d %v", b, n, err)
		}
	}
	holders := func(id string, first string, others ...string) {
		t.Helper()
		if l, err := s.Find(ctx, id); err != nil || l.HolderRef != first || !slices.Equal(l.CoHolders, others) {
			t.Errorf("%s: %s %v %v, want %s %v", id, l.HolderRef, l.CoHolders, err, first, others)
		}
	}
	listed := func(account string, want ...string) {
		t.Helper()
		page, _, err := s.List(ctx, elicense.Filter{HolderRef: account, Limit: 10})
		var ids []string
		for _, l := range page {
			ids = append(ids, l.ID)
		}
		if err != nil || !slices.Equal(ids, want) {
			t.Errorf("list of %s: %v %v, want %v", account, ids, err, want)
		}
	}
	holders("lic_0001", "account:a", "account:b")
	holders("lic_0002", "account:b")
	holders("lic_0003", "account:z")
	listed("account:a", "lic_0001")
	listed("account:b", "lic_0002", "lic_0001")
	// A use is told to all of them, and a freeze of any of them stops it.
	g := grantTo("account:a", "portal", 1)
	if err := s.AddGrant(ctx, g, record("given")); err != nil {
		t.Fatal(err)
	}
	use := elicense.Use{HolderRef: "account:a", ID: "luse_1", License: "lic_0001", Kind: elicense.UseGranted, Receiver: "portal", Count: 1, First: Start, Last: Start}
	if done, err := s.Redeem(ctx, g.ID, Start, use, nil, record("used")); !done || err != nil {
		t.Fatal(done, err)
	}
	for _, account := range []string{"account:a", "account:b"} {
		if u, err := s.FindUse(ctx, account, "luse_1"); err != nil || u.Count != 1 {
			t.Errorf("ledger of %s: %+v %v", account, u, err)
		}
	}
	if _, err := s.Freeze(ctx, elicense.Freeze{HolderRef: "account:b", License: "lic_0001", At: Start}, record("frozen")); err != nil {
		t.Fatal(err)
	}
	if done, err := s.Redeem(ctx, g.ID, Start, use, nil, record("used")); done || !errors.Is(err, elicense.ErrFrozen) {
		t.Errorf("a use that a co-holder froze: %v %v", done, err)
	}
	if n, err := s.Follow(ctx, "account:b", "account:d", record("merged")); n != 2 || err != nil {
		t.Errorf("follow: %d %v", n, err)
	}
	holders("lic_0001", "account:a", "account:d")
	if n, err := s.Follow(ctx, "account:d", "account:a", record("merged")); n != 2 || err != nil {
		t.Errorf("follow to the first: %d %v", n, err)
	}
	holders("lic_0001", "account:a")
	if n, err := s.Bind(ctx, "key2", "account:e", record("bound")); n != 2 || err != nil {
		t.Errorf("bind: %d %v", n, err)
	}
	if n, err := s.Unbind(ctx, "account:a", record("forgotten")); n != 2 || err != nil {
		t.Errorf("unbind the first: %d %v", n, err)
	}
	holders("lic_0001", "", "account:e")
	listed("account:e", "lic_0002", "lic_0001")
	if n, err := s.Bind(ctx, "key2", "account:e", record("bound")); n != 2 || err != nil {
		t.Errorf("bind a co-holder as the first: %d %v", n, err)
	}
	holders("lic_0001", "account:e")
	if n, err := s.Bind(ctx, "own1", "account:f", record("bound")); n != 1 || err != nil {
		t.Errorf("bind: %d %v", n, err)
	}
	if n, err := s.Unbind(ctx, "account:f", record("forgotten")); n != 1 || err != nil {
		t.Errorf("unbind a co-holder: %d %v", n, err)
	}
	holders("lic_0001", "account:e")
}

// waitingGrant waits for two.
func waitingGrant(n int) elicense.Grant {
	g := grantTo("account:a", "portal", n)
	g.Awaits, g.Asks, g.DecideBy = 2, []string{"account:b", "account:c"}, g.CreatedAt.Add(72*time.Hour)
	return g
}

func of(kind string) func(elicense.Grant) audit.Record {
	return func(elicense.Grant) audit.Record { return record(kind) }
}

// consents: a grant that waits is used by nobody; the last consent brings it into force and begins its time; a refusal, a withdrawal and the end of the time end it.
func consents(t *testing.T, s elicense.Store) {
	create(t, s, Row(1))
	for n := range 5 {
		if err := s.AddGrant(ctx, waitingGrant(n), record("given")); err != nil {
			t.Fatal(err)
		}
	}
	at := Start.Add(time.Hour)
	answer := func(grant, account string, a elicense.ConsentAnswer, at time.Time, want bool) {
		t.Helper()
		if done, err := s.AnswerConsent(ctx, grant, account, a, at, of("answered")); done != want || err != nil {
			t.Errorf("%s %s %s: %v %v", grant, account, a, done, err)
		}
	}
	state := func(grant string, at time.Time, want string) elicense.Grant {
		t.Helper()
		g, err := s.FindGrant(ctx, grant)
		if err != nil || g.State(at) != want {
			t.Errorf("%s: %s %v, want %s", grant, g.State(at), err, want)
		}
		return g
	}
	redeem := func(grant string, at time.Time, want bool) {
		t.Helper()
		use := elicense.Use{HolderRef: "account:a", ID: "luse_" + grant, License: "lic_0001", Kind: elicense.UseGranted, Receiver: "portal", Count: 1, First: at, Last: at}
		if done, err := s.Redeem(ctx, grant, at, use, nil, record("used")); done != want || err != nil {
			t.Errorf("redeem %s: %v %v", grant, done, err)
		}
	}
	redeem("lgrant_1", Start.Add(time.Minute), false)
	answer("lgrant_1", "account:x", elicense.ConsentAgreed, at, false)
	answer("lgrant_x", "account:b", elicense.ConsentAgreed, at, false)
	answer("lgrant_1", "account:b", elicense.ConsentWithdrawn, at, false)
	answer("lgrant_1", "account:b", elicense.ConsentAgreed, at, true)
	answer("lgrant_1", "account:b", elicense.ConsentAgreed, at, false)
	answer("lgrant_1", "account:b", elicense.ConsentRefused, at, false)
	if g := state("lgrant_1", at, elicense.StateAwaiting); g.Awaits != 1 {
		t.Errorf("%+v", g)
	}
	redeem("lgrant_1", at, false)
	later := at.Add(time.Hour)
	answer("lgrant_1", "account:c", elicense.ConsentAgreed, later, true)
	if g := state("lgrant_1", later.Add(59*time.Minute), "open"); !g.Expires.Equal(later.Add(time.Hour)) || g.Awaits != 0 {
		t.Errorf("its hour begins with the last consent: %v", g.Expires)
	}
	redeem("lgrant_1", later, true)
	if c, err := s.FindConsent(ctx, "lgrant_1", "account:c"); err != nil || c.Answer != elicense.ConsentAgreed || !c.AnsweredAt.Equal(later) || !c.AskedAt.Equal(Start) {
		t.Errorf("%+v %v", c, err)
	}
	if _, err := s.FindConsent(ctx, "lgrant_1", "account:a"); !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("a consent of who gave it: %v", err)
	}
	answer("lgrant_1", "account:c", elicense.ConsentWithdrawn, later, true)
	state("lgrant_1", later, "revoked")
	redeem("lgrant_1", later, false)
	answer("lgrant_1", "account:b", elicense.ConsentWithdrawn, later, false)

	answer("lgrant_2", "account:b", elicense.ConsentAgreed, at, true)
	answer("lgrant_2", "account:c", elicense.ConsentRefused, at, true)
	state("lgrant_2", at, "revoked")

	over := Start.Add(100 * time.Hour)
	state("lgrant_3", over, "expired")
	answer("lgrant_3", "account:b", elicense.ConsentAgreed, over, false)
	answer("lgrant_3", "account:b", elicense.ConsentRefused, over, false)

	if done, err := s.RevokeGrant(ctx, "lgrant_4", at, record("revoked")); !done || err != nil {
		t.Fatal(done, err)
	}
	answer("lgrant_4", "account:b", elicense.ConsentAgreed, at, false)

	ids := idsOf(everyPage(t, func(after string) ([]elicense.Consent, string, error) {
		return s.ListConsents(ctx, "account:b", after, 2)
	}), func(c elicense.Consent) string { return c.Grant })
	if !slices.Equal(ids, []string{"lgrant_4", "lgrant_3", "lgrant_2", "lgrant_1", "lgrant_0"}) {
		t.Errorf("%v", ids)
	}
	// Without its audit event nothing is stored.
	if done, err := s.AnswerConsent(ctx, "lgrant_0", "account:b", elicense.ConsentAgreed, at, func(elicense.Grant) audit.Record { return audit.Record{} }); done || err == nil {
		t.Errorf("without an event: %v %v", done, err)
	}
	if g := state("lgrant_0", at, elicense.StateAwaiting); g.Awaits != 2 {
		t.Errorf("%+v", g)
	}
	// A co-owner who is forgotten ends what was agreed to; what waits for it comes to nothing.
	for _, account := range []string{"account:b", "account:c"} {
		answer("lgrant_0", account, elicense.ConsentAgreed, at, true)
	}
	state("lgrant_0", at, "open")
	if _, err := s.Unbind(ctx, "account:c", record("forgotten")); err != nil {
		t.Fatal(err)
	}
	state("lgrant_0", at, "revoked")
	if page, _, err := s.ListConsents(ctx, "account:c", "", 10); err != nil || len(page) != 0 {
		t.Errorf("%v %v", page, err)
	}
}

// consentsInParallel: of many answers at once each co-owner has one, and a grant comes into force once.
func consentsInParallel(t *testing.T, s elicense.Store) {
	create(t, s, Row(1))
	if err := s.AddGrant(ctx, waitingGrant(1), record("given")); err != nil {
		t.Fatal(err)
	}
	var done, last atomic.Int64
	var group sync.WaitGroup
	for n := range 50 {
		group.Go(func() {
			account := []string{"account:b", "account:c"}[n%2]
			ok, err := s.AnswerConsent(ctx, "lgrant_1", account, elicense.ConsentAgreed, Start.Add(time.Minute), func(g elicense.Grant) audit.Record {
				return record("answered")
			})
			if err != nil {
				t.Error(err)
			}
			if ok {
				done.Add(1)
				if g, err := s.FindGrant(ctx, "lgrant_1"); err == nil && g.Awaits == 0 {
					last.Add(1)
				}
			}
		})
	}
	group.Wait()
	g, err := s.FindGrant(ctx, "lgrant_1")
	if err != nil || done.Load() != 2 || last.Load() < 1 || g.Awaits != 0 || !g.Expires.Equal(Start.Add(time.Hour+time.Minute)) {
		t.Errorf("%d answers, %+v %v", done.Load(), g, err)
	}
}
