package idpdb_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

const (
	newNumber   = "99990019800101001X"
	otherNumber = "999900198503120032" // of another person
)

// corrected is a pair with the service of corrections.
type corrected struct {
	*pair
	corrections *idp.Corrections
}

func newCorrected(t *testing.T, db *sqldb.DB) *corrected {
	t.Helper()
	c := &corrected{pair: newPair(t, db)}
	engine := foureyes.New(foureyes.Config{Store: c.store, Sealer: c.Accounts, Now: c.Clock.Now, Rand: ident.System(), Human: c.Accounts.Human})
	c.corrections = idp.NewCorrections(idp.CorrectionsConfig{Accounts: c.Accounts, Store: c.store, Engine: engine, Confirm: c.Proofing, Now: c.Clock.Now, Rand: ident.System()})
	c.Clock.Advance(time.Minute)
	return c
}

// by is a context of somebody.
func by(actor string) context.Context {
	return reqctx.WithReason(reqctx.WithActor(context.Background(), reqctx.Actor{ID: actor, Rights: reqctx.Everywhere(idp.RoleSecurityAdmin)}), "公安证明 1 号")
}

func (c *corrected) level(t *testing.T) (subject.IAL, idp.Person) {
	t.Helper()
	person, err := c.Accounts.Person(context.Background(), c.proved.ID)
	if err != nil {
		t.Fatal(err)
	}
	return person.IAL, person
}

func event(id, kind string) idp.RegisterEvent {
	e := idp.RegisterEvent{ID: id, Type: kind, Name: "张三", OccurredOn: "2026-11-20"}
	e.Document.Type, e.Document.Number = subject.CitizenID, number
	return e
}

func (c *corrected) take(t *testing.T, e idp.RegisterEvent) idp.RegisterResult {
	t.Helper()
	results := c.corrections.Take(by("client:police"), "police", []idp.RegisterEvent{e})
	if len(results) != 1 || results[0].ID != e.ID {
		t.Fatalf("results %+v", results)
	}
	return results[0]
}

func (c *corrected) messages(t *testing.T, topic string) (n int) {
	t.Helper()
	if err := c.db.Read().QueryRowContext(context.Background(), "SELECT COUNT(*) FROM outbox_message WHERE topic = $1", topic).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestRekeyByTwoPeople(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		ctx := context.Background()
		c := newCorrected(t, open(t))
		proposal, err := c.corrections.Propose(by("account:a"), idp.NumberChanged, c.proved.ID, idp.Change{Number: newNumber})
		if err != nil || proposal.State != foureyes.Open {
			t.Fatal(proposal, err)
		}
		if _, person := c.level(t); person.IDNumber != number {
			t.Error("one person was enough")
		}
		if _, err := c.corrections.Propose(by("account:"+c.proved.ID), idp.NumberChanged, c.proved.ID, idp.Change{Number: newNumber}); fault.CodeOf(err) != fault.CorrectionSelf {
			t.Errorf("proposed for oneself: %v", err)
		}
		for _, actor := range []string{"account:a", "", "account:" + c.proved.ID} {
			if _, err := c.corrections.Approve(by(actor), proposal.ID, proposal.Digest); fault.CodeOf(err) != fault.CorrectionSelf {
				t.Errorf("approved by %q: %v", actor, err)
			}
		}
		// A source that is silent leaves everything as it is.
		c.Source.Answers(func(proofing.Query) (proofing.Answer, error) { return proofing.Answer{}, proofing.ErrSilent })
		if _, err := c.corrections.Approve(by("account:b"), proposal.ID, proposal.Digest); fault.CodeOf(err) != fault.ProofingSilent {
			t.Errorf("silent source: %v", err)
		}
		if got, err := c.corrections.Find(ctx, proposal.ID); err != nil || got.State != foureyes.Open || len(got.People) != 1 {
			t.Errorf("%+v %v", got, err)
		}
		c.Source.Answers(nil)
		if _, err := c.corrections.Approve(by("account:b"), proposal.ID, proposal.Digest); err != nil {
			t.Fatal(err)
		}
		if level, person := c.level(t); level != 1 || person.IDNumber != newNumber || person.Name != "张三" || person.IALMethod != "id_card" {
			t.Errorf("level %d, %+v", level, person)
		}
		queries := c.Source.Queries()
		if last := queries[len(queries)-1]; last.IDNumber != newNumber || last.Name != "张三" {
			t.Errorf("the source was asked %+v", last)
		}
		if got, err := c.corrections.Find(ctx, proposal.ID); err != nil || got.State != foureyes.Executed || len(got.Sealed) != 0 || got.DecidedAt.IsZero() {
			t.Errorf("%+v %v", got, err)
		}
		if _, err := c.corrections.Approve(by("account:c"), proposal.ID, proposal.Digest); fault.CodeOf(err) != fault.Conflict {
			t.Errorf("a third time: %v", err)
		}
		if holder, err := c.Accounts.ByIdentity(ctx, subject.CitizenID, newNumber); err != nil || holder != c.proved.ID {
			t.Errorf("the new number is held by %q, %v", holder, err)
		}
		if _, err := c.Accounts.ByIdentity(ctx, subject.CitizenID, number); !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("the old number is held: %v", err)
		}
		// Nobody takes the old number unnoticed: 重号 makes it another person's, which two people say.
		if _, err := c.Proofing.Submit(ctx, c.other.ID, proofing.Submission{Name: "张三", Number: number, Wanted: 1}); fault.CodeOf(err) != fault.IdentityBound {
			t.Errorf("the old number was taken: %v", err)
		}
		release, err := c.corrections.Propose(by("account:a"), idp.NumberReleased, c.proved.ID, idp.Change{Number: number})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.corrections.Approve(by("account:b"), release.ID, release.Digest); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Proofing.Submit(ctx, c.other.ID, proofing.Submission{Name: "张三", Number: number, Wanted: 1}); err != nil {
			t.Errorf("after its release: %v", err)
		}
		if c.messages(t, idp.TopicRekeyed) != 1 {
			t.Error("nobody is told")
		}
	})
}

func TestLevelIsKeptOnlyWhenTheSourceConfirms(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		ctx := context.Background()
		c := newCorrected(t, open(t))
		c.Source.Answers(func(proofing.Query) (proofing.Answer, error) { return proofing.Answer{Verdict: proofing.Mismatch}, nil })
		e := event("e1", idp.NumberChanged)
		e.NewNumber = newNumber
		if r := c.take(t, e); r.Outcome != idp.EventAccepted {
			t.Fatalf("%+v", r)
		}
		if level, _ := c.level(t); level != 0 {
			t.Errorf("level %d without the source", level)
		}
		if holder, err := c.Accounts.ByIdentity(ctx, subject.CitizenID, newNumber); err != nil || holder != c.proved.ID {
			t.Errorf("the new number is held by %q, %v", holder, err)
		}
		c.Source.Answers(nil)
		c.Clock.Advance(time.Minute)
		if _, err := c.Proofing.Submit(ctx, c.proved.ID, proofing.Submission{Name: "张三", Number: newNumber, Wanted: 1}); err != nil {
			t.Errorf("the person proves the new number: %v", err)
		}
		// A new name, and the number as it is.
		c.Clock.Advance(time.Minute)
		e = event("e2", idp.NameChanged)
		e.Document.Number, e.NewName = newNumber, "张三丰"
		if r := c.take(t, e); r.Outcome != idp.EventAccepted {
			t.Fatalf("%+v", r)
		}
		if level, person := c.level(t); level != 1 || person.Name != "张三丰" || person.IDNumber != newNumber {
			t.Errorf("level %d, %+v", level, person)
		}
		// The number of another account's person is not taken over.
		if _, err := c.Proofing.Submit(ctx, c.other.ID, proofing.Submission{Name: "王小明", Number: otherNumber, Wanted: 1}); err != nil {
			t.Fatal(err)
		}
		e = event("e3", idp.NumberChanged)
		e.Name, e.Document.Number, e.NewNumber = "张三丰", newNumber, otherNumber
		if r := c.take(t, e); r.Outcome != idp.EventAccepted {
			t.Errorf("%+v", r)
		}
		if waiting, _, err := c.corrections.Page(ctx, []string{foureyes.Open}, "", 10); err != nil || len(waiting) != 1 || waiting[0].What() != idp.NumberChanged || len(waiting[0].People) != 0 {
			t.Errorf("nobody looks at it: %+v %v", waiting, err)
		}
		if level, person := c.level(t); level != 1 || person.IDNumber != newNumber {
			t.Errorf("half of it stayed: %d %+v", level, person)
		}
	})
}

func TestDeathSuspendsAndTwoPeopleRevertIt(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		ctx := context.Background()
		c := newCorrected(t, open(t))
		session, _, err := c.Sessions.Start(ctx, idp.Login{AccountID: c.proved.ID, AAL: 1, Methods: []string{"pwd"}, At: c.Clock.Now()}, "browser", "192.0.2.1")
		if err != nil {
			t.Fatal(err)
		}
		c.exec(t, "INSERT INTO idp_grant (id, client_id, account_id, sid, created_at, revoked_at) VALUES ('grant_1', 'portal', $1, $2, 1, 0)", c.proved.ID, session.ID)
		if r := c.take(t, event("d1", idp.EventDeceased)); r.Outcome != idp.EventAccepted {
			t.Fatalf("%+v", r)
		}
		if a, err := c.Accounts.Account(ctx, c.proved.ID); err != nil || a.State != idp.AccountSuspended {
			t.Errorf("%s %v", a.State, err)
		}
		if _, live, _ := c.Sessions.ByID(ctx, session.ID); live {
			t.Error("a session of the dead lives")
		}
		if standing, err := c.store.Standing(ctx, "grant_1"); err != nil || standing.Grant.RevokedAt.IsZero() {
			t.Errorf("a grant of the dead lives: %v", err)
		}
		if c.messages(t, idp.TopicDeceased) != 1 {
			t.Error("other rooms are not told")
		}
		if r := c.take(t, event("d1", idp.EventDeceased)); r.Outcome != idp.EventRepeated {
			t.Errorf("the same event: %+v", r)
		}
		other := event("d1", idp.EventDeceased)
		other.OccurredOn = "2026-11-21"
		if r := c.take(t, other); r.Outcome != idp.EventRefused || r.Code != fault.Conflict {
			t.Errorf("another event with its id: %+v", r)
		}
		if r := c.take(t, event("d2", idp.EventDeceased)); r.Outcome != idp.EventAccepted || c.messages(t, idp.TopicDeceased) != 1 {
			t.Errorf("told again under another id: %+v", r)
		}
		if err := c.Accounts.SetState(ctx, c.proved.ID, idp.AccountActive, "mistake"); !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("one administrator brings the dead back: %v", err)
		}
		if r := c.take(t, event("d3", idp.DeathReverted)); r.Outcome != idp.EventAccepted {
			t.Fatalf("%+v", r)
		}
		waiting, next, err := c.corrections.Page(ctx, []string{foureyes.Open}, "", 10)
		if err != nil || len(waiting) != 1 || next != "" || waiting[0].What() != idp.DeathReverted || waiting[0].Origin != "register:police" || len(waiting[0].People) != 0 {
			t.Fatalf("%+v %v", waiting, err)
		}
		if _, err := c.corrections.Approve(by("account:a"), waiting[0].ID, waiting[0].Digest); err != nil {
			t.Fatal(err)
		}
		if a, _ := c.Accounts.Account(ctx, c.proved.ID); a.State != idp.AccountSuspended {
			t.Error("one person was enough")
		}
		if _, err := c.corrections.Approve(by("account:a"), waiting[0].ID, waiting[0].Digest); fault.CodeOf(err) != fault.CorrectionSelf {
			t.Errorf("twice by one: %v", err)
		}
		if _, err := c.corrections.Approve(by("account:b"), waiting[0].ID, waiting[0].Digest); err != nil {
			t.Fatal(err)
		}
		if a, err := c.Accounts.Account(ctx, c.proved.ID); err != nil || a.State != idp.AccountActive || c.messages(t, idp.TopicRevived) != 1 {
			t.Errorf("%s %v", a.State, err)
		}
		if standing, err := c.store.Standing(ctx, "grant_1"); err != nil || standing.Grant.RevokedAt.IsZero() {
			t.Errorf("the grant came back: %v", err)
		}
	})
}

// TestDeathOfAClosedAccountIsNoResurrection: what was closed before stays closed when the death is reverted.
func TestDeathOfAClosedAccountIsNoResurrection(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		ctx := context.Background()
		c := newCorrected(t, open(t))
		for _, state := range []idp.AccountState{idp.AccountSuspended, idp.AccountClosed} {
			if err := c.Accounts.SetState(ctx, c.proved.ID, state, "test"); err != nil {
				t.Fatal(err)
			}
			c.take(t, event("d"+string(state), idp.EventDeceased))
			if err := c.store.Unhold(ctx, c.proved.ID, idp.HoldDeceased, c.Clock.Now(), idp.Cause{}, testRecord()); err != nil {
				t.Fatal(err)
			}
			if a, _ := c.Accounts.Account(ctx, c.proved.ID); a.State != state {
				t.Errorf("%s became %s", state, a.State)
			}
		}
	})
}

func TestRegisterEvents(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		c := newCorrected(t, open(t))
		change := func(e idp.RegisterEvent, edit func(*idp.RegisterEvent)) idp.RegisterEvent {
			edit(&e)
			return e
		}
		level := func(want subject.IAL, after string) {
			t.Helper()
			if got, _ := c.level(t); got != want {
				t.Errorf("level %d after %s", got, after)
			}
		}
		for _, row := range []struct {
			name    string
			event   idp.RegisterEvent
			outcome string
			code    fault.Code
		}{
			{"nobody", change(event("1", idp.EventDeceased), func(e *idp.RegisterEvent) { e.Document.Number = newNumber }), idp.EventAccepted, ""},
			{"another name", change(event("2", idp.EventDeceased), func(e *idp.RegisterEvent) { e.Name = "李四" }), idp.EventAccepted, ""},
			{"lost card", event("3", idp.EventDocumentLost), idp.EventAccepted, ""},
			{"no id", event("", idp.EventDeceased), idp.EventRefused, fault.Invalid},
			{"no such type", event("4", "emigrated"), idp.EventRefused, fault.Invalid},
			{"no number", change(event("5", idp.EventDeceased), func(e *idp.RegisterEvent) { e.Document.Number = "1" }), idp.EventRefused, fault.Invalid},
			{"no kind", change(event("6", idp.EventDeceased), func(e *idp.RegisterEvent) { e.Document.Type = "library_card" }), idp.EventRefused, fault.Invalid},
			{"no day", change(event("7", idp.EventDeceased), func(e *idp.RegisterEvent) { e.OccurredOn = "yesterday" }), idp.EventRefused, fault.Invalid},
			{"no new number", event("8", idp.NumberChanged), idp.EventRefused, fault.Invalid},
			{"bad new number", change(event("9", idp.NumberChanged), func(e *idp.RegisterEvent) { e.NewNumber = "99990019800101001Y" }), idp.EventRefused, fault.Invalid},
			{"no new name", event("10", idp.NameChanged), idp.EventRefused, fault.Invalid},
			{"no such type, of nobody", change(event("4a", "emigrated"), func(e *idp.RegisterEvent) { e.Document.Number = newNumber }), idp.EventRefused, fault.Invalid},
			{"bad new number, of nobody", change(event("9a", idp.NumberChanged), func(e *idp.RegisterEvent) { e.Document.Number, e.NewNumber = newNumber, "1" }), idp.EventRefused, fault.Invalid},
			{"bad new name, of nobody", change(event("10a", idp.NameChanged), func(e *idp.RegisterEvent) { e.Document.Number, e.NewName = newNumber, "张3" }), idp.EventRefused, fault.Invalid},
			{"organisation", idp.RegisterEvent{ID: "11", Type: idp.EventOrganization, Organization: "91350100M000100Y43"}, idp.EventAccepted, ""},
			{"no organisation", idp.RegisterEvent{ID: "12", Type: idp.EventOrganization, Organization: "91350100M000100Y44"}, idp.EventRefused, fault.Invalid},
		} {
			if r := c.take(t, row.event); r.Outcome != row.outcome || r.Code != row.code {
				t.Errorf("%s: %+v", row.name, r)
			}
			level(1, row.name)
			if a, err := c.Accounts.Account(context.Background(), c.proved.ID); err != nil || a.State != idp.AccountActive {
				t.Errorf("%s: the account is %s, %v", row.name, a.State, err)
			}
		}
		if c.messages(t, idp.TopicOrganization) != 1 {
			t.Error("the end of the organisation is not passed on")
		}
		c.Source.Answers(func(proofing.Query) (proofing.Answer, error) { return proofing.Answer{}, proofing.ErrSilent })
		late := change(event("13", idp.NumberChanged), func(e *idp.RegisterEvent) { e.NewNumber = newNumber })
		if r := c.take(t, late); r.Outcome != idp.EventLater || r.Code != fault.ProofingSilent {
			t.Errorf("silent source: %+v", r)
		}
		level(1, "silence")
		c.Source.Answers(nil)
		if r := c.take(t, late); r.Outcome != idp.EventAccepted {
			t.Errorf("sent again: %+v", r)
		}
		level(1, "the confirmed change")
		revoked := change(event("14", idp.EventDocumentRevoked), func(e *idp.RegisterEvent) { e.Document.Number = newNumber })
		if r := c.take(t, revoked); r.Outcome != idp.EventAccepted || c.messages(t, idp.TopicLevelsEnded) != 1 {
			t.Errorf("%+v", r)
		}
		level(0, "the revocation")
	})
}

// TestRegisterEventsInParallel: an event that comes several times at once is taken once.
func TestRegisterEventsInParallel(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		c := newCorrected(t, open(t))
		e := event("e", idp.NumberChanged)
		e.NewNumber = newNumber
		var group sync.WaitGroup
		var mutex sync.Mutex
		outcomes := map[string]int{}
		for range 8 {
			group.Go(func() {
				r := c.corrections.Take(by("client:police"), "police", []idp.RegisterEvent{e})[0]
				mutex.Lock()
				defer mutex.Unlock()
				outcomes[r.Outcome+string(r.Code)]++
			})
		}
		group.Wait()
		changes := c.messages(t, idp.TopicRekeyed)
		if outcomes[idp.EventAccepted] < 1 || outcomes[idp.EventAccepted]+outcomes[idp.EventRepeated] != 8 || changes != 1 {
			t.Errorf("outcomes %v, %d changes", outcomes, changes)
		}
	})
}

func TestCorrectionsArePagedAndRefused(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		ctx := context.Background()
		c := newCorrected(t, open(t))
		ids := map[string]bool{}
		for i := range 5 {
			proposal, err := c.corrections.Propose(by("account:a"), idp.NameChanged, c.proved.ID, idp.Change{Name: fmt.Sprintf("张三%c", '一'+rune(i))})
			if err != nil {
				t.Fatal(err)
			}
			ids[proposal.ID] = true
			if i%2 == 0 {
				c.Clock.Advance(time.Second)
			}
		}
		seen := 0
		for after := ""; ; {
			page, next, err := c.corrections.Page(ctx, []string{foureyes.Open}, after, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, one := range page {
				if !ids[one.ID] {
					t.Errorf("%s comes twice", one.ID)
				}
				delete(ids, one.ID)
				seen++
				if _, err := c.corrections.Refuse(by("account:b"), one.ID, one.Digest); err != nil {
					t.Error(err)
				}
			}
			if after = next; next == "" {
				break
			}
		}
		if seen != 5 {
			t.Errorf("%d of 5", seen)
		}
		if page, _, err := c.corrections.Page(ctx, []string{foureyes.Refused}, "", 10); err != nil || len(page) != 5 || len(page[0].Sealed) != 0 {
			t.Errorf("%d refused, %v", len(page), err)
		}
		for name, row := range map[string]struct {
			kind, account string
			change        idp.Change
			code          fault.Code
		}{
			"kind":    {"sex_changed", c.proved.ID, idp.Change{}, fault.Invalid},
			"nobody":  {idp.NameChanged, "acc_nobody", idp.Change{Name: "李四"}, fault.NotFound},
			"no name": {idp.NameChanged, c.proved.ID, idp.Change{}, fault.Invalid},
			"bad":     {idp.NumberChanged, c.proved.ID, idp.Change{Number: "1"}, fault.Invalid},
			"unknown": {idp.NameChanged, c.other.ID, idp.Change{Name: "李四"}, fault.CorrectionUnproven},
		} {
			if _, err := c.corrections.Propose(by("account:a"), row.kind, row.account, row.change); fault.CodeOf(err) != row.code {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestMobileReassigned: who has a number now does not get into the account of who had it before.
func TestMobileReassigned(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		ctx := context.Background()
		c := newCorrected(t, open(t))
		if _, err := c.Proofing.Submit(ctx, c.proved.ID, proofing.Submission{Name: "张三", Number: number, Mobile: phone, Wanted: 2}); err != nil {
			t.Fatal(err)
		}
		session, _, err := c.Sessions.Start(ctx, idp.Login{AccountID: c.proved.ID, AAL: 1, Methods: []string{"otp"}, At: c.Clock.Now()}, "browser", "192.0.2.1")
		if err != nil {
			t.Fatal(err)
		}
		c.exec(t, "INSERT INTO idp_grant (id, client_id, account_id, sid, created_at, revoked_at) VALUES ('grant_1', 'portal', $1, $2, 1, 0)", c.proved.ID, session.ID)
		day := func(days int) string {
			return c.Clock.Now().In(time.FixedZone("", 8*60*60)).AddDate(0, 0, days).Format(time.DateOnly)
		}
		told := func(id, mobile, on string) idp.RegisterResult {
			t.Helper()
			return c.take(t, idp.RegisterEvent{ID: id, Type: idp.EventMobileReassigned, Mobile: mobile, OccurredOn: on})
		}
		holds := func() bool {
			t.Helper()
			identifier, err := subject.ParseIdentifier(phone)
			if err != nil {
				t.Fatal(err)
			}
			a, err := c.Accounts.ByIdentifier(ctx, identifier)
			if err != nil && !errors.Is(err, idp.ErrNotFound) {
				t.Fatal(err)
			}
			return a.ID == c.proved.ID
		}
		for name, row := range map[string]struct{ mobile, on, want string }{
			"no number": {"", day(0), idp.EventRefused}, "an address": {"a@example.cn", day(0), idp.EventRefused}, "no day": {phone, "", idp.EventRefused},
			"a day to come": {phone, day(2), idp.EventRefused}, "nobody's": {"13912345678", day(0), idp.EventAccepted},
			"the account came after it": {phone, day(0), idp.EventAccepted},
		} {
			if r := told(name, row.mobile, row.on); r.Outcome != row.want || !holds() || c.messages(t, idp.TopicMobileReassigned) != 0 {
				t.Errorf("%s: %+v", name, r)
			}
		}
		if level, _ := c.level(t); level != 2 {
			t.Fatalf("level %d", level)
		}
		c.Clock.Advance(48 * time.Hour)
		if r := told("late", phone, day(0)); r.Outcome != idp.EventAccepted || holds() || c.messages(t, idp.TopicMobileReassigned) != 1 {
			t.Errorf("%+v, holds %v", r, holds())
		}
		if r := told("late", phone, day(0)); r.Outcome != idp.EventRepeated {
			t.Errorf("again: %+v", r)
		}
		if level, person := c.level(t); level != 1 || person.Mobile != "" || person.State != idp.AccountActive {
			t.Errorf("level %d, %s", level, person.State)
		}
		var live int
		if err := c.db.Read().QueryRowContext(ctx, "SELECT (SELECT COUNT(*) FROM idp_session WHERE account_id = $1 AND ended_at = 0) + (SELECT COUNT(*) FROM idp_grant WHERE account_id = $1 AND revoked_at = 0)", c.proved.ID).Scan(&live); err != nil || live != 0 {
			t.Errorf("%d sessions and grants live, %v", live, err)
		}
		// Its new holder registers, and an event about the days before takes nothing from that account.
		identifier, _ := subject.ParseIdentifier(phone)
		c.Clock.Advance(time.Hour)
		fresh := c.Account(t, phone, "")
		if fresh.ID == c.proved.ID {
			t.Fatal("the new holder is in the account of the one before")
		}
		if r := told("once more", phone, day(0)); r.Outcome != idp.EventAccepted {
			t.Errorf("%+v", r)
		}
		if a, err := c.Accounts.ByIdentifier(ctx, identifier); err != nil || a.ID != fresh.ID {
			t.Errorf("the new holder lost the number: %v", err)
		}
	})
}
