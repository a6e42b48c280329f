package idpdb_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/idpdb"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// pair is a world with two accounts of one person, of which the first is proved.
type pair struct {
	*idptest.World
	db            *sqldb.DB
	store         *idpdb.Store
	mergers       *idp.Mergers
	proved, other idp.Account
}

const (
	phone      = "13800138000"
	otherPhone = "13800138001"
	number     = "11010519491231002X"
	password   = "Correct-horse-9"
)

func newPair(t *testing.T, db *sqldb.DB) *pair {
	t.Helper()
	ctx := context.Background()
	p := &pair{db: db, store: idpdb.New(db)}
	p.World = idptest.NewWorld(t, p.store)
	p.Accounts = idp.NewAccounts(idp.AccountsConfig{Store: p.store, Ring: p.Ring, Now: p.Clock.Now, Rand: ident.System(), Farewell: p.Sessions.Farewell})
	p.mergers = idp.NewMergers(idp.MergersConfig{Accounts: p.Accounts, Store: p.store, Clients: p.Clients, Ring: p.Ring, Now: p.Clock.Now})
	p.proved, p.other = p.Account(t, phone, password), p.Account(t, otherPhone, "")
	if _, err := p.Proofing.Submit(ctx, p.proved.ID, proofing.Submission{Name: "张三", Number: number, Wanted: 1}); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *pair) merge() (string, error) {
	return p.mergers.Merge(context.Background(), idp.Control{AccountID: p.other.ID, Methods: []string{"otp"}}, idp.Control{AccountID: p.proved.ID, Methods: []string{"pwd"}})
}

func (p *pair) exec(t *testing.T, query string, args ...any) {
	t.Helper()
	if err := p.db.Write(context.Background(), func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(context.Background(), query, args...)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestMergeMakesOneAccount(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		ctx := context.Background()
		p := newPair(t, open(t))
		if err := p.Clients.Apply(ctx, []idp.Client{{ClientID: "portal", ClientName: "门户", Sector: "department", RedirectURIs: []string{"https://portal.example/cb"}, Scope: "openid", ClientSecret: "0123456789abcdef0123456789abcdef"}}); err != nil {
			t.Fatal(err)
		}
		session, _, err := p.Sessions.Start(ctx, idp.Login{AccountID: p.other.ID, AAL: 1, Methods: []string{"otp"}, At: p.Clock.Now()}, "browser", "192.0.2.1")
		if err != nil {
			t.Fatal(err)
		}
		p.exec(t, "INSERT INTO idp_grant (id, client_id, account_id, sid, created_at, revoked_at) VALUES ('grant_1', 'portal', $1, $2, 1, 0)", p.other.ID, session.ID)
		p.exec(t, "INSERT INTO idp_consent (account_id, client_id, scopes, given_at) VALUES ($1, 'portal', 'openid', 1)", p.other.ID)
		p.exec(t, "INSERT INTO idp_upstream_link (upstream_id, lookup, account_id, linked_at) VALUES ('province', $2, $1, 1)", p.other.ID, []byte("a"))
		p.exec(t, "INSERT INTO idp_upstream_link (upstream_id, lookup, account_id, linked_at) VALUES ('city', $2, $1, 1)", p.other.ID, []byte("b"))
		p.exec(t, "INSERT INTO idp_upstream_link (upstream_id, lookup, account_id, linked_at) VALUES ('city', $2, $1, 1)", p.proved.ID, []byte("c"))
		sub := func(account string) string {
			text, err := idp.PairwiseSubject(ctx, p.Ring, "department", account)
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
		p.Source.Answers(func(proofing.Query) (proofing.Answer, error) { return proofing.Answer{}, proofing.ErrSilent })
		if _, err := p.Proofing.Submit(ctx, p.other.ID, proofing.Submission{Name: "李四", Number: "99990019800101001X", Wanted: 1}); fault.CodeOf(err) != fault.ProofingSilent {
			t.Fatal(err)
		}
		line := idp.BuiltinVocabulary().Release(idp.Told{Client: idp.Client{ClientID: "portal"}, AccountID: p.other.ID, GrantID: "grant_1", Channel: idp.ChannelToken, Claims: []string{"sub"}, Consent: 1}, p.Clock.Now())
		must(t, p.store.SaveReleases(ctx, []idp.Release{line}))
		disputes := idp.NewDisputes(idp.DisputesConfig{Store: p.store, Accounts: p.Accounts, Now: p.Clock.Now, Rand: ident.System()})
		if _, err := disputes.Open(ctx, p.other.ID, line.ID, "为什么查询？"); err != nil {
			t.Fatal(err)
		}
		deletions := idp.NewDeletions(idp.DeletionsConfig{Store: p.store, Accounts: p.Accounts, Now: p.Clock.Now, Rand: ident.System()})
		if _, err := deletions.PlaceHold(ctx, p.other.ID, "诉讼保全", "account:acc_admin", p.Clock.Now().Add(24*time.Hour)); err != nil {
			t.Fatal(err)
		}
		survivor, err := p.merge()
		if err != nil || survivor != p.proved.ID {
			t.Fatalf("%s %v", survivor, err)
		}
		if former, err := p.store.FormerSubjects(ctx, p.proved.ID, "department", 5); err != nil || !slices.Equal(former, []string{sub(p.other.ID)}) {
			t.Errorf("former subjects %v, %v", former, err)
		}
		// What was told of the one is on the ledger of the other, with what the person asked; a hold follows, the key does not.
		if d, err := disputes.About(ctx, p.proved.ID, line.ID); err != nil || len(d.Messages) != 1 || d.Messages[0].Text != "为什么查询？" {
			t.Errorf("the dispute became %+v, %v", d, err)
		}
		if _, err := p.store.StoredRelease(ctx, p.proved.ID, line.ID); err != nil {
			t.Errorf("the line of the ledger: %v", err)
		}
		if held, err := p.store.Held(ctx, p.proved.ID, p.Clock.Now()); err != nil || !held {
			t.Errorf("the hold did not follow: %v", err)
		}
		if n := counted(t, p.db, "SELECT COUNT(*) FROM idp_account_key WHERE account_id = $1", p.other.ID); n != 0 {
			t.Error("the key of the absorbed account is there")
		}
		for _, identifier := range []string{phone, otherPhone} {
			if a, err := p.Accounts.ByIdentifier(ctx, idptest.Identifier(t, identifier)); err != nil || a.ID != p.proved.ID {
				t.Errorf("%s leads to %s, %v", identifier, a.ID, err)
			}
		}
		person, err := p.Accounts.Person(ctx, p.proved.ID)
		if err != nil || person.Mobile != "+86"+phone || person.IAL != 1 {
			t.Errorf("the survivor is %+v, %v", person, err)
		}
		gone, err := p.Accounts.Account(ctx, p.other.ID)
		if err != nil || gone.State != idp.AccountClosed || len(gone.Contacts) != 0 {
			t.Errorf("the absorbed account is %+v, %v", gone, err)
		}
		for _, id := range []string{p.other.ID, p.proved.ID} {
			if got, err := p.mergers.Resolve(ctx, id); err != nil || got != p.proved.ID {
				t.Errorf("%s leads to %s, %v", id, got, err)
			}
		}
		if got, err := p.mergers.Resolve(ctx, "acc_nobody"); err != nil || got != "acc_nobody" {
			t.Errorf("an unknown id leads to %s, %v", got, err)
		}
		current, merged, err := p.mergers.CurrentSubject(ctx, "portal", sub(p.other.ID))
		if err != nil || !merged || current != sub(p.proved.ID) {
			t.Errorf("the department finds %s, %v, %v", current, merged, err)
		}
		if current, merged, err := p.mergers.CurrentSubject(ctx, "portal", sub(p.proved.ID)); err != nil || merged || current != sub(p.proved.ID) {
			t.Errorf("the survivor's subject became %s, %v, %v", current, merged, err)
		}
		if _, live, err := p.Sessions.ByID(ctx, session.ID); err != nil || live {
			t.Errorf("a session of the absorbed account lives: %v", err)
		}
		if standing, err := p.store.Standing(ctx, "grant_1"); err != nil || standing.Grant.RevokedAt.IsZero() || len(standing.Consented) != 0 {
			t.Errorf("a grant of the absorbed account: %+v, %v", standing, err)
		}
		links, err := p.store.Links(ctx, p.proved.ID)
		if err != nil || len(links) != 2 {
			t.Errorf("links %+v, %v", links, err)
		}
		if linked, err := p.store.LinkedAccount(ctx, "city", []byte("b")); !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("a second link of one source leads to %q, %v", linked, err)
		}
		// The waiting case of the absorbed account is closed, and no evidence comes to it any more.
		p.Source.Answers(nil)
		if err := p.Accounts.Prove(ctx, p.other.ID, idp.Proof{IAL: 1, Method: "m", Source: "s", At: p.Clock.Now()}, "李四", subject.CitizenID, "99990019800101001X"); !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("evidence for an account that is gone: %v", err)
		}
		if _, err := p.Accounts.ByIdentity(ctx, subject.CitizenID, "99990019800101001X"); !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("it bound the identity: %v", err)
		}
		var sealed []byte
		if err := p.db.Read().QueryRowContext(ctx, "SELECT sealed FROM idp_case WHERE account_id = $1", p.other.ID).Scan(&sealed); err != nil || len(sealed) != 0 {
			t.Errorf("the case keeps %d octets, %v", len(sealed), err)
		}
		if _, err := p.merge(); fault.CodeOf(err) != fault.MergeImpossible {
			t.Errorf("a second time: %v", err)
		}
		if _, breaks, err := auditdb.Verify(ctx, p.db.Read()); err != nil || len(breaks) != 0 {
			t.Errorf("audit: %v %v", breaks, err)
		}
		var messages int
		if err := p.db.Read().QueryRowContext(ctx, "SELECT COUNT(*) FROM outbox_message WHERE topic = 'account.merged' AND key = $1", p.proved.ID).Scan(&messages); err != nil || messages != 1 {
			t.Errorf("%d messages, %v", messages, err)
		}
	})
}

func TestMergeRefused(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		ctx := context.Background()
		p := newPair(t, open(t))
		third, fourth := p.Account(t, "13800138002", ""), p.Account(t, "13800138003", "")
		if _, err := p.Proofing.Submit(ctx, third.ID, proofing.Submission{Name: "李四", Number: "99990019800101001X", Wanted: 1}); err != nil {
			t.Fatal(err)
		}
		control := func(id string, methods ...string) idp.Control { return idp.Control{AccountID: id, Methods: methods} }
		for name, row := range map[string]struct {
			a, b idp.Control
			code fault.Code
		}{
			"itself":         {control(p.other.ID), control(p.other.ID), fault.MergeSame},
			"two identities": {control(p.proved.ID), control(third.ID), fault.MergeImpossible},
			"no identity":    {control(p.other.ID), control(fourth.ID), fault.MergeUnproven},
			"nobody":         {control(p.proved.ID), control("acc_nobody"), fault.MergeImpossible},
		} {
			if _, err := p.mergers.Merge(ctx, row.a, row.b); fault.CodeOf(err) != row.code {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := p.Accounts.SetState(ctx, p.other.ID, idp.AccountSuspended, "test"); err != nil {
			t.Fatal(err)
		}
		if _, err := p.merge(); fault.CodeOf(err) != fault.MergeImpossible {
			t.Errorf("suspended: %v", err)
		}
		if err := p.Accounts.SetState(ctx, p.other.ID, idp.AccountActive, "test"); err != nil {
			t.Fatal(err)
		}
		// The store judges again, whatever was planned.
		plan := idp.Merge{Survivor: p.other.ID, Absorbed: p.proved.ID, At: p.Clock.Now(), Contacts: p.proved.Contacts}
		record := testRecord()
		if err := p.store.Merge(ctx, plan, record); !errors.Is(err, idp.ErrConflict) {
			t.Errorf("the holder was absorbed: %v", err)
		}
		plan = idp.Merge{Survivor: p.proved.ID, Absorbed: p.other.ID, At: p.Clock.Now()}
		if err := p.store.Merge(ctx, plan, record); !errors.Is(err, idp.ErrConflict) {
			t.Errorf("contacts were left behind: %v", err)
		}
		if a, err := p.Accounts.ByIdentifier(ctx, idptest.Identifier(t, otherPhone)); err != nil || a.ID != p.other.ID || a.State != idp.AccountActive {
			t.Errorf("half of a merge stayed: %+v %v", a, err)
		}
		// A high level with a password is not opened by a message.
		p.Clock.Advance(time.Second)
		if err := p.Accounts.Prove(ctx, p.proved.ID, idp.Proof{IAL: 3, Method: "counter", Source: "clerk", At: p.Clock.Now()}, "张三", subject.CitizenID, number); err != nil {
			t.Fatal(err)
		}
		if _, err := p.mergers.Merge(ctx, control(p.other.ID, "otp"), control(p.proved.ID, "otp")); fault.CodeOf(err) != fault.MergePassword {
			t.Errorf("by message: %v", err)
		}
		if _, err := p.merge(); err != nil {
			t.Errorf("by password: %v", err)
		}
	})
}

// TestMergesInParallel: of the same two accounts one merge happens, whatever else is on its way.
func TestMergesInParallel(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		ctx := context.Background()
		for round := range 6 {
			p := newPair(t, open(t))
			var group sync.WaitGroup
			var mutex sync.Mutex
			done, proved := 0, false
			for range 6 {
				group.Go(func() {
					_, err := p.merge()
					mutex.Lock()
					defer mutex.Unlock()
					if err == nil {
						done++
					} else if code := fault.CodeOf(err); code != fault.Conflict && code != fault.MergeImpossible {
						t.Errorf("%v", err)
					}
				})
			}
			group.Go(func() {
				err := p.Accounts.Prove(ctx, p.other.ID, idp.Proof{IAL: 1, Method: "m", Source: "s", At: p.Clock.Now()}, "李四", subject.CitizenID, "99990019800101001X")
				mutex.Lock()
				defer mutex.Unlock()
				proved = err == nil
				if err != nil && !errors.Is(err, idp.ErrNotFound) {
					t.Errorf("proof: %v", err)
				}
			})
			group.Wait()
			holders, err := p.store.Holders(ctx, p.proved.ID, p.other.ID)
			if err != nil || done > 1 || (done == 1) == proved || slices.Contains(holders, p.other.ID) != proved {
				t.Errorf("round %d: %d merges, proved %v, holders %v, %v", round, done, proved, holders, err)
			}
		}
	})
}

// TestMergedTwice: what was absorbed first leads to whoever goes on last.
func TestMergedTwice(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		ctx := context.Background()
		p := newPair(t, open(t))
		if _, err := p.merge(); err != nil {
			t.Fatal(err)
		}
		p.exec(t, "INSERT INTO idp_former_subject (subject, sector, account_id, at) VALUES ('s', 'x', $1, 1)", p.proved.ID)
		third := p.Account(t, "13800138002", "")
		p.exec(t, "DELETE FROM idp_identity") // as if the identity had gone to the third by a counter
		if err := p.Accounts.Prove(ctx, third.ID, idp.Proof{IAL: 1, Method: "m", Source: "s", At: p.Clock.Now()}, "张三", subject.CitizenID, number); err != nil {
			t.Fatal(err)
		}
		if survivor, err := p.mergers.Merge(ctx, idp.Control{AccountID: third.ID}, idp.Control{AccountID: p.proved.ID}); err != nil || survivor != third.ID {
			t.Fatalf("%s %v", survivor, err)
		}
		for _, id := range []string{p.other.ID, p.proved.ID} {
			if got, err := p.mergers.Resolve(ctx, id); err != nil || got != third.ID {
				t.Errorf("%s leads to %s, %v", id, got, err)
			}
		}
		if f, err := p.store.FormerSubject(ctx, "s"); err != nil || f.Account != third.ID {
			t.Errorf("%+v %v", f, err)
		}
		person, err := p.Accounts.Person(ctx, third.ID)
		if err != nil || person.Mobile != "+8613800138002" {
			t.Errorf("%+v %v", person, err)
		}
	})
}

func testRecord() audit.Record {
	return audit.With(audit.Event{Type: "test", At: idptest.Start, Actor: "system:test", ObjectType: "account", ObjectID: "x"})
}
