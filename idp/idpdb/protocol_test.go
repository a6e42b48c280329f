package idpdb_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/idpdb"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/outbox/outboxdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

var at = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

func onEach(t *testing.T, run func(t *testing.T, db *sqldb.DB, s *idpdb.Store)) {
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), idpdb.Migrations()) {
		t.Run(engine.Name, func(t *testing.T) {
			db := engine.Open(t)
			run(t, db, idpdb.New(db))
		})
	}
}

func record() audit.Record {
	return audit.With(audit.Event{Type: "test", At: at, Actor: "account:a", ObjectType: "grant", ObjectID: "g"})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func account(t *testing.T, s *idpdb.Store, id string) {
	t.Helper()
	must(t, s.CreateAccount(context.Background(), idp.Account{ID: id, State: idp.AccountActive, CreatedAt: at, UpdatedAt: at}, record()))
}

func grant(id string) oauth.GrantRecord {
	return oauth.GrantRecord{ID: id, ClientID: "c", AccountID: "acc", SID: "sid", CreatedAt: at}
}

// signIn stores the session and the consent that the grants of grant stand on.
func signIn(t *testing.T, s *idpdb.Store) {
	t.Helper()
	must(t, s.PutSession(context.Background(), hash("session"), session.Session{ID: "sid", AccountID: "acc", CreatedAt: at, LastSeen: at}, record()))
	allow(t, s, at, "openid")
}

// allow stores a consent to the client of grant.
func allow(t *testing.T, s *idpdb.Store, at time.Time, scopes ...string) {
	t.Helper()
	must(t, tryAllow(s, "acc", "c", scopes, at))
}

func hash(text string) []byte { return []byte(fmt.Sprintf("%-32s", text)) }

// TestF09RedemptionIsOneTransaction: when the last of what a redemption changes cannot be stored, nothing is: the code can
// be used again, no grant and no token is left.
func TestF09RedemptionIsOneTransaction(t *testing.T) {
	onEach(t, func(t *testing.T, _ *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		signIn(t, s)
		must(t, s.SaveCode(ctx, oauth.CodeRecord{Hash: hash("code"), ExpiresAt: at.Add(time.Minute)}, record()))
		must(t, s.SaveCode(ctx, oauth.CodeRecord{Hash: hash("other"), ExpiresAt: at.Add(time.Minute)}, record()))
		taken := &oauth.RefreshRecord{Hash: hash("taken"), GrantID: "g0", ExpiresAt: at.Add(time.Hour)}
		must(t, s.Redeem(ctx, oauth.Redemption{Grant: grant("g0"), CodeHash: hash("other"), NewRefresh: taken, At: at}, record()))
		broken := oauth.Redemption{Grant: grant("g1"), CodeHash: hash("code"), At: at, Opaque: &oauth.OpaqueRecord{Hash: hash("access"), ClientID: "c", Claims: []byte("{}"), ExpiresAt: at.Add(time.Minute)},
			NewRefresh: &oauth.RefreshRecord{Hash: hash("taken"), GrantID: "g1", ExpiresAt: at.Add(time.Hour)}}
		if err := s.Redeem(ctx, broken, record()); err == nil || errors.Is(err, oauth.ErrConsumed) {
			t.Fatalf("answer is %v", err)
		}
		if code, err := s.Code(ctx, hash("code")); err != nil || !code.UsedAt.IsZero() {
			t.Errorf("the code is spent: %+v, %v", code, err)
		}
		if standing, err := s.Standing(ctx, "g1"); err != nil || standing.Known {
			t.Errorf("a grant is left: %+v, %v", standing, err)
		}
		if _, err := s.Opaque(ctx, hash("access")); !errors.Is(err, oauth.ErrNotFound) {
			t.Errorf("an access token is left: %v", err)
		}
		broken.NewRefresh.Hash = hash("free")
		must(t, s.Redeem(ctx, broken, record()))
		if err := s.Redeem(ctx, broken, record()); !errors.Is(err, oauth.ErrConsumed) {
			t.Errorf("the code counts twice: %v", err)
		}
	})
}

func TestRefreshTokenOfAnEndedGrantIsNotRedeemed(t *testing.T) {
	onEach(t, func(t *testing.T, _ *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		signIn(t, s)
		must(t, s.SaveCode(ctx, oauth.CodeRecord{Hash: hash("code"), ExpiresAt: at.Add(time.Minute)}, record()))
		must(t, s.Redeem(ctx, oauth.Redemption{Grant: grant("g"), CodeHash: hash("code"), NewRefresh: &oauth.RefreshRecord{Hash: hash("r"), GrantID: "g", ExpiresAt: at.Add(time.Hour)}, At: at}, record()))
		must(t, s.RevokeGrant(ctx, "g", at, record()))
		next := oauth.Redemption{Grant: grant("g"), RefreshHash: hash("r"), NewRefresh: &oauth.RefreshRecord{Hash: hash("r2"), GrantID: "g", ExpiresAt: at.Add(time.Hour)}, At: at}
		if err := s.Redeem(ctx, next, record()); !errors.Is(err, oauth.ErrConsumed) {
			t.Errorf("answer is %v", err)
		}
		if _, err := s.Refresh(ctx, hash("r2")); !errors.Is(err, oauth.ErrNotFound) {
			t.Errorf("a successor is left: %v", err)
		}
	})
}

func purge(t *testing.T, s *idpdb.Store, now time.Time) {
	t.Helper()
	if _, err := s.Purge(context.Background(), now); err != nil {
		t.Fatal(err)
	}
}

func TestValuesThatCountOnce(t *testing.T) {
	onEach(t, func(t *testing.T, _ *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		for name, use := range map[string]func(context.Context, []byte, time.Time) error{"assertion": s.UseAssertion, "proof": s.UseProof} {
			var group sync.WaitGroup
			results := make([]error, 20)
			for i := range results {
				group.Go(func() { results[i] = use(ctx, hash("one"), at.Add(time.Minute)) })
			}
			group.Wait()
			won := 0
			for _, err := range results {
				switch {
				case err == nil:
					won++
				case !errors.Is(err, oauth.ErrConsumed):
					t.Errorf("%s: %v", name, err)
				}
			}
			if won != 1 {
				t.Errorf("%s counted %d times", name, won)
			}
		}
		purge(t, s, at.Add(30*time.Second))
		if err := s.UseProof(ctx, hash("one"), at); !errors.Is(err, oauth.ErrConsumed) {
			t.Errorf("forgotten too early: %v", err)
		}
		purge(t, s, at.Add(3*time.Minute))
		must(t, s.UseProof(ctx, hash("one"), at.Add(time.Hour)))
	})
}

func TestStandingOfAGrant(t *testing.T) {
	onEach(t, func(t *testing.T, _ *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		signIn(t, s)
		account(t, s, "acc")
		must(t, s.SaveCode(ctx, oauth.CodeRecord{Hash: hash("code"), ExpiresAt: at.Add(time.Minute)}, record()))
		must(t, s.Redeem(ctx, oauth.Redemption{Grant: grant("g"), CodeHash: hash("code"), At: at}, record()))
		_, err := s.GiveConsent(ctx, "acc", "c", func(before idp.Consent) (idp.Consent, error) {
			return before.Widened([]string{"openid", "profile"}, nil, []string{"name"}), nil
		}, record())
		must(t, err)
		standing, err := s.Standing(ctx, "g", "jti", "")
		if err != nil || !standing.Known || standing.Account != idp.AccountActive || standing.TokenRevoked || len(standing.Consented) != 2 || standing.ConsentVersion != 2 || len(standing.Withheld) != 1 || !standing.Grant.RevokedAt.IsZero() || standing.Grant.AccountID != "acc" {
			t.Fatalf("%+v, %v", standing, err)
		}
		must(t, s.RevokeToken(ctx, "parent", at.Add(time.Minute), record()))
		for _, jtis := range [][]string{{"parent"}, {"x", "parent"}, {"x", "y", "parent"}} {
			if standing, err = s.Standing(ctx, "g", jtis...); err != nil || !standing.TokenRevoked {
				t.Errorf("%v: %+v, %v", jtis, standing, err)
			}
		}
		if _, err := s.Standing(ctx, "g", "a", "b", "c", "d"); err == nil {
			t.Error("a token in the list is passed over")
		}
		if standing, err = s.Standing(ctx, "", "parent"); err != nil || standing.Known || !standing.TokenRevoked {
			t.Errorf("without a grant: %+v, %v", standing, err)
		}
		must(t, s.WithdrawConsent(ctx, "acc", "c", at.Add(time.Second), record()))
		if standing, err = s.Standing(ctx, "g"); err != nil || standing.Grant.RevokedAt.IsZero() || len(standing.Consented) != 0 {
			t.Errorf("after the withdrawal: %+v, %v", standing, err)
		}
		if standing, err = s.AccountStanding(ctx, "nobody", "sid"); err != nil || standing.Account == idp.AccountActive || !standing.SessionEnded {
			t.Errorf("nobody: %+v, %v", standing, err)
		}
	})
}

// TestF08DeviceLeavesNoSession: what a person approved is forgotten when the device takes its tokens.
func TestF08DeviceLeavesNoSession(t *testing.T) {
	onEach(t, func(t *testing.T, db *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		signIn(t, s)
		d := oauth.DeviceRecord{Hash: hash("device"), UserHash: hash("user"), State: oauth.DevicePending, GrantID: "g", Interval: 5 * time.Second, ExpiresAt: at.Add(10 * time.Minute),
			Request: oauth.Request{GrantID: "g", ClientID: "c", GrantedScopes: []string{"openid"}}}
		must(t, s.PutDevice(ctx, d, record()))
		d.Request.Session = oauth.Session{AccountID: "acc-of-the-person"}
		must(t, s.AnswerDevice(ctx, d.UserHash, oauth.DeviceApproved, d.Request, at, record()))
		if err := s.AnswerDevice(ctx, d.UserHash, oauth.DeviceDenied, d.Request, at, record()); !errors.Is(err, oauth.ErrConsumed) {
			t.Errorf("a second answer: %v", err)
		}
		read, err := s.Device(ctx, d.Hash)
		if err != nil || read.State != oauth.DeviceApproved || read.Request.Session.AccountID != "acc-of-the-person" {
			t.Fatalf("%+v, %v", read, err)
		}
		redemption := oauth.Redemption{DeviceHash: d.Hash, Grant: grant("g"), At: at}
		must(t, s.Redeem(ctx, redemption, record()))
		if err := s.Redeem(ctx, redemption, record()); !errors.Is(err, oauth.ErrConsumed) {
			t.Errorf("a second redemption: %v", err)
		}
		var left int
		must(t, db.Read().QueryRowContext(ctx, "SELECT COUNT(*) FROM idp_device WHERE request LIKE '%acc-of-the-person%'").Scan(&left))
		if read, err = s.Device(ctx, d.Hash); err != nil || left != 0 || read.State != oauth.DeviceUsed || read.Request.Session.AccountID != "" {
			t.Errorf("%+v, %v, %d rows hold it", read, err, left)
		}
	})
}

func TestPollingADeviceTooFast(t *testing.T) {
	onEach(t, func(t *testing.T, _ *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		must(t, s.PutDevice(ctx, oauth.DeviceRecord{Hash: hash("d"), UserHash: hash("u"), State: oauth.DevicePending, GrantID: "g", Interval: 5 * time.Second, ExpiresAt: at.Add(10 * time.Minute)}, record()))
		for _, step := range []struct {
			after   time.Duration
			tooFast bool
		}{{0, false}, {5 * time.Second, false}, {8 * time.Second, true}, {17 * time.Second, true}, {32 * time.Second, false}} {
			tooFast, err := s.PollDevice(ctx, hash("d"), at.Add(step.after), 5*time.Second)
			if err != nil || tooFast != step.tooFast {
				t.Errorf("after %v: %v, %v", step.after, tooFast, err)
			}
		}
	})
}

// TestNoGrantOfAnEndedSession: the session ends between the look at the code and its redemption; what the redemption looked
// at does not count.
func TestNoGrantOfAnEndedSession(t *testing.T) {
	onEach(t, func(t *testing.T, _ *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		account(t, s, "acc")
		allow(t, s, at, "openid")
		for name, end := range map[string]func() error{
			"logout":     func() error { return s.EndSession(ctx, "sid", at, record()) },
			"suspension": func() error { return s.SetState(ctx, "acc", idp.AccountSuspended, at, record()) },
		} {
			id := session.Session{ID: "sid", AccountID: "acc", CreatedAt: at, LastSeen: at}
			if name == "suspension" {
				id.ID = "sid-2"
			}
			must(t, s.PutSession(ctx, hash(id.ID), id, record()))
			must(t, s.SaveCode(ctx, oauth.CodeRecord{Hash: hash(name), ExpiresAt: at.Add(time.Minute)}, record()))
			must(t, end())
			g := grant(name)
			g.SID = id.ID
			if err := s.Redeem(ctx, oauth.Redemption{Grant: g, CodeHash: hash(name), At: at}, record()); !errors.Is(err, oauth.ErrEnded) {
				t.Errorf("%s: %v", name, err)
			}
			if code, err := s.Code(ctx, hash(name)); err != nil || !code.UsedAt.IsZero() {
				t.Errorf("%s: the code is spent: %+v, %v", name, code, err)
			}
			if standing, err := s.Standing(ctx, name); err != nil || standing.Known {
				t.Errorf("%s: a grant is there: %+v, %v", name, standing, err)
			}
		}
	})
}

// TestNoGrantOfAWithdrawnConsent: consent is withdrawn between the look at a code, or a device's request, and its redemption.
// Consent that is given again is another one: what came before it stays refused.
func TestNoGrantOfAWithdrawnConsent(t *testing.T) {
	onEach(t, func(t *testing.T, _ *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		account(t, s, "acc")
		signIn(t, s)
		request := oauth.Request{ClientID: "c", GrantedScopes: []string{"openid"}, Session: oauth.Session{AccountID: "acc", SID: "sid"}}
		code := func(name string) {
			t.Helper()
			must(t, s.SaveCode(ctx, oauth.CodeRecord{Hash: hash(name), Request: request, ExpiresAt: at.Add(time.Minute)}, record()))
		}
		device := func(name string) {
			t.Helper()
			d := oauth.DeviceRecord{Hash: hash(name), UserHash: hash("user of " + name), State: oauth.DevicePending, GrantID: name, ExpiresAt: at.Add(time.Minute), Request: request}
			must(t, s.PutDevice(ctx, d, record()))
			must(t, s.AnswerDevice(ctx, d.UserHash, oauth.DeviceApproved, request, at, record()))
		}
		redeem := func(r oauth.Redemption, id string) error {
			r.Grant, r.At = grant(id), at
			return s.Redeem(ctx, r, record())
		}
		code("code")
		device("device")
		code("wider")
		allow(t, s, at.Add(time.Second), "openid", "profile") // what was allowed stays allowed
		if read, err := s.Code(ctx, hash("wider")); err != nil || len(read.Standing.Consented) != 2 {
			t.Errorf("consent of a code: %+v, %v", read.Standing, err)
		}
		must(t, redeem(oauth.Redemption{CodeHash: hash("wider")}, "wider"))

		must(t, s.WithdrawConsent(ctx, "acc", "c", at, record()))
		refused := func(when string) {
			t.Helper()
			for name, r := range map[string]oauth.Redemption{"code": {CodeHash: hash("code")}, "device": {DeviceHash: hash("device")}} {
				if err := redeem(r, name); !errors.Is(err, oauth.ErrEnded) {
					t.Errorf("%s, %s: %v", name, when, err)
				}
				if standing, err := s.Standing(ctx, name); err != nil || standing.Known {
					t.Errorf("%s, %s: a grant is there: %+v, %v", name, when, standing, err)
				}
			}
			if read, err := s.Code(ctx, hash("code")); err != nil || !read.UsedAt.IsZero() || len(read.Standing.Consented) != 0 {
				t.Errorf("%s: the code is spent, or stands on a consent: %+v, %v", when, read, err)
			}
			if read, err := s.Device(ctx, hash("device")); err != nil || read.State != oauth.DeviceApproved {
				t.Errorf("%s: the device's request is spent: %+v, %v", when, read, err)
			}
		}
		refused("withdrawn")
		allow(t, s, at.Add(2*time.Second), "openid")
		refused("given again")
		code("later")
		must(t, redeem(oauth.Redemption{CodeHash: hash("later")}, "later"))
	})
}

// TestCodesOfTheReleaseBefore: rows without client and consent are of a node of the release before, or were there when the
// columns came. Their codes live on, as long as there is a consent.
func TestCodesOfTheReleaseBefore(t *testing.T) {
	onEach(t, func(t *testing.T, db *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		account(t, s, "acc")
		signIn(t, s)
		request := oauth.Request{ClientID: "c", GrantedScopes: []string{"openid"}, Session: oauth.Session{AccountID: "acc", SID: "sid"}}
		for _, name := range []string{"old", "withdrawn"} {
			must(t, s.SaveCode(ctx, oauth.CodeRecord{Hash: hash(name), Request: request, ExpiresAt: at.Add(time.Minute)}, record()))
		}
		must(t, db.Apply(ctx, nil, sqldb.Step{Query: "UPDATE idp_authorization_code SET client_id = '', consent_at = 0"}))
		if read, err := s.Code(ctx, hash("old")); err != nil || len(read.Standing.Consented) != 1 {
			t.Errorf("consent of an old code: %+v, %v", read.Standing, err)
		}
		must(t, s.Redeem(ctx, oauth.Redemption{CodeHash: hash("old"), Grant: grant("old"), At: at}, record()))
		must(t, s.WithdrawConsent(ctx, "acc", "c", at, record()))
		if read, err := s.Code(ctx, hash("withdrawn")); err != nil || len(read.Standing.Consented) != 0 {
			t.Errorf("withdrawn consent of an old code: %+v, %v", read.Standing, err)
		}
		if err := s.Redeem(ctx, oauth.Redemption{CodeHash: hash("withdrawn"), Grant: grant("withdrawn"), At: at}, record()); !errors.Is(err, oauth.ErrEnded) {
			t.Errorf("withdrawn: %v", err)
		}
	})
}

// TestWithdrawalAndRedemptionAtOnce: whichever comes first, no grant lives when both are done.
func TestWithdrawalAndRedemptionAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, _ *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		account(t, s, "acc")
		signIn(t, s)
		request := oauth.Request{ClientID: "c", GrantedScopes: []string{"openid"}, Session: oauth.Session{AccountID: "acc", SID: "sid"}}
		for i := range 40 {
			name := fmt.Sprint("code ", i)
			allow(t, s, at.Add(time.Duration(i)*time.Millisecond), "openid")
			must(t, s.SaveCode(ctx, oauth.CodeRecord{Hash: hash(name), Request: request, ExpiresAt: at.Add(time.Minute)}, record()))
			var group sync.WaitGroup
			var redeemed, withdrawn error
			group.Go(func() {
				redeemed = s.Redeem(ctx, oauth.Redemption{CodeHash: hash(name), Grant: grant(name), At: at}, record())
			})
			group.Go(func() { withdrawn = s.WithdrawConsent(ctx, "acc", "c", at, record()) })
			group.Wait()
			if withdrawn != nil || redeemed != nil && !errors.Is(redeemed, oauth.ErrEnded) {
				t.Fatalf("%v, %v", redeemed, withdrawn)
			}
			if standing, err := s.Standing(ctx, name); err != nil || standing.Known != (redeemed == nil) || standing.Known && standing.Grant.RevokedAt.IsZero() {
				t.Fatalf("a grant outlives its consent: %+v, %v, %v", standing, redeemed, err)
			}
		}
	})
}

// TestConsentsAtOnce: what is allowed at the same moment is all kept; what was withdrawn does not come back with an answer to
// something else.
func TestConsentsAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, _ *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		var group sync.WaitGroup
		for _, scope := range []string{"openid", "phone", "email"} {
			group.Go(func() {
				if err := tryAllow(s, "acc", "c", []string{scope}, at); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if got, err := s.ConsentInForce(ctx, "acc", "c"); err != nil || fmt.Sprint(got.Scopes) != "[email openid phone]" {
			t.Errorf("%v, %v", got, err)
		}
		must(t, s.WithdrawConsent(ctx, "acc", "c", at, record()))
		allow(t, s, at, "phone")
		if got, err := s.ConsentInForce(ctx, "acc", "c"); err != nil || fmt.Sprint(got.Scopes) != "[phone]" {
			t.Errorf("after the withdrawal: %v, %v", got, err)
		}
	})
}

// tryAllow adds to what a person allows a client.
func tryAllow(s *idpdb.Store, accountID, clientID string, scopes []string, at time.Time) error {
	_, err := s.GiveConsent(context.Background(), accountID, clientID, func(before idp.Consent) (idp.Consent, error) {
		after := before.Widened(scopes, nil, nil)
		after.GivenAt = at
		return after, nil
	}, record())
	return err
}
