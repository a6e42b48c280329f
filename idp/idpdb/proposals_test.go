package idpdb_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// eyes is a pair with an engine that knows one kind; every execution leaves an audit event of the type test.done.
type eyes struct {
	*pair
	engine  *foureyes.Engine
	version string
	fails   error
	tried   atomic.Int64
}

const (
	county    = "330000000000/330100000000/330102000000/"
	township  = county + "330102001000/"
	neighbour = "330000000000/330100000000/330105000000/"
)

func newEyes(t *testing.T, db *sqldb.DB) *eyes {
	t.Helper()
	y := &eyes{pair: newPair(t, db), version: "1"}
	y.engine = foureyes.New(foureyes.Config{Store: y.store, Sealer: y.Accounts, Now: y.Clock.Now, Rand: ident.System(), Human: func(_ context.Context, actor string) (string, error) {
		if strings.HasPrefix(actor, "staff:twin") { // accounts of one human being
			return "human", nil
		}
		return y.Accounts.Human(context.Background(), actor)
	}})
	y.engine.Register(foureyes.Kind{Name: "test", Role: "boss", Version: func(context.Context, string) (string, error) { return y.version, nil },
		Execute: func(ctx context.Context, _ foureyes.Proposal, payload []byte, s foureyes.Settlement) error {
			y.tried.Add(1)
			var text string
			if err := json.Unmarshal(payload, &text); err != nil || text != "what is wanted" {
				return fmt.Errorf("payload %q, %v", payload, err)
			}
			if y.fails != nil {
				return y.fails
			}
			return y.store.NoteEvent(ctx, idp.Cause{Settlement: &s}, audit.With(idp.Event(ctx, s.At, "test.done", "test", "t", nil)))
		}})
	return y
}

// boss is somebody with the role of the kind in an area.
func boss(actor, area string) context.Context {
	return reqctx.WithActor(context.Background(), reqctx.Actor{ID: actor, Rights: []reqctx.Right{{Role: "boss", Area: area}}})
}

func (y *eyes) wish() foureyes.Wish {
	return foureyes.Wish{Kind: "test", ObjectType: "test", ObjectID: "t", Version: "1", Area: township, Payload: "what is wanted"}
}

func (y *eyes) propose(t *testing.T, actor string, w foureyes.Wish) foureyes.Proposal {
	t.Helper()
	p, err := y.engine.Propose(boss(actor, county), w)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := y.engine.Find(context.Background(), p.ID)
	if err != nil || stored.Digest != p.Digest || stored.Origin != p.Origin || len(stored.People) != len(p.People) || !stored.ExpiresAt.Equal(p.ExpiresAt) {
		t.Fatalf("stored %+v of %+v: %v", stored, p, err)
	}
	return stored
}

func (y *eyes) done(t *testing.T) int { return y.events(t, "test.done") }

func (y *eyes) events(t *testing.T, kind string) (n int) {
	t.Helper()
	if err := y.db.Read().QueryRowContext(context.Background(), "SELECT COUNT(*) FROM audit_event WHERE type = $1", kind).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func eachEyes(t *testing.T, run func(t *testing.T, y *eyes)) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) { run(t, newEyes(t, open(t))) })
}

func TestProposalIsExecutedOnceByAnother(t *testing.T) {
	eachEyes(t, func(t *testing.T, y *eyes) {
		p := y.propose(t, "staff:a", y.wish())
		for name, row := range map[string]struct {
			ctx    context.Context
			digest string
			code   fault.Code
		}{
			"the proposer":            {boss("staff:a", county), p.Digest, fault.ProposalSelf},
			"nobody":                  {boss("", county), p.Digest, fault.ProposalSelf},
			"another county":          {boss("staff:b", neighbour), p.Digest, fault.Forbidden},
			"the village below":       {boss("staff:b", township+"330102001001/"), p.Digest, fault.Forbidden},
			"another role":            {reqctx.WithActor(context.Background(), reqctx.Actor{ID: "staff:b", Roles: []string{"boss"}, Rights: reqctx.Everywhere("clerk")}), p.Digest, fault.Forbidden},
			"something else was read": {boss("staff:b", county), strings.Repeat("0", 64), fault.ProposalChanged},
			"nothing was read":        {boss("staff:b", county), "", fault.ProposalChanged},
			"a part of it was read":   {boss("staff:b", county), p.Digest[:32], fault.ProposalChanged},
		} {
			if _, err := y.engine.Approve(row.ctx, p.ID, row.digest); fault.CodeOf(err) != row.code {
				t.Errorf("%s: %v", name, err)
			}
		}
		if y.done(t) != 0 {
			t.Fatal("it was done")
		}
		after, err := y.engine.Approve(boss("staff:b", county), p.ID, p.Digest)
		if err != nil || after.State != foureyes.Executed || y.done(t) != 1 {
			t.Fatalf("%+v %v, done %d times", after, err, y.done(t))
		}
		stored, err := y.engine.Find(context.Background(), p.ID)
		if err != nil || stored.State != foureyes.Executed || len(stored.Sealed) != 0 || stored.DecidedBy != "staff:b" || stored.Approvals() != 1 || strings.Join(stored.Actors(), " ") != "staff:a staff:b" {
			t.Errorf("%+v %v", stored, err)
		}
		if y.events(t, "proposal.opened") != 1 || y.events(t, "proposal.executed") != 1 {
			t.Error("not audited")
		}
		for name, decide := range map[string]func() error{
			"approved again":  func() error { _, err := y.engine.Approve(boss("staff:c", county), p.ID, p.Digest); return err },
			"refused after":   func() error { _, err := y.engine.Refuse(boss("staff:c", county), p.ID, p.Digest); return err },
			"withdrawn after": func() error { _, err := y.engine.Withdraw(boss("staff:a", county), p.ID); return err },
			"claimed after":   func() error { _, err := y.engine.Claim(boss("staff:c", county), p.ID); return err },
		} {
			if err := decide(); fault.CodeOf(err) != fault.ProposalClosed {
				t.Errorf("%s: %v", name, err)
			}
		}
		if y.done(t) != 1 {
			t.Error("done twice")
		}
	})
}

// TestTwoAccountsOfOnePersonAreOne: neither as a second approver, nor beside the proposer, nor on the own case; the store says
// so too.
func TestTwoAccountsOfOnePersonAreOne(t *testing.T) {
	eachEyes(t, func(t *testing.T, y *eyes) {
		p := y.propose(t, "staff:twin1", y.wish())
		if _, err := y.engine.Approve(boss("staff:twin2", county), p.ID, p.Digest); fault.CodeOf(err) != fault.ProposalSelf || y.tried.Load() != 0 {
			t.Errorf("the proposer's other account: %v, tried %d times", err, y.tried.Load())
		}
		s := foureyes.Settlement{ID: p.ID, Digest: p.Digest, Person: foureyes.Person{Human: "human", Actor: "staff:twin2", Part: foureyes.PartApproved, At: y.Clock.Now()}, At: y.Clock.Now(), Record: testRecord()}
		if err := y.store.NoteEvent(context.Background(), idp.Cause{Settlement: &s}, testRecord()); !errors.Is(err, foureyes.ErrSelf) {
			t.Errorf("the store: %v", err)
		}
		own := y.wish()
		own.Subject = "account:" + y.proved.ID
		p = y.propose(t, "staff:a", own)
		if _, err := y.engine.Approve(boss("account:"+y.proved.ID, county), p.ID, p.Digest); fault.CodeOf(err) != fault.ProposalSelf {
			t.Errorf("on the own case: %v", err)
		}
		human, _ := y.Accounts.Human(context.Background(), "account:"+y.proved.ID)
		s.ID, s.Digest, s.Person.Human = p.ID, p.Digest, human
		if err := y.store.NoteEvent(context.Background(), idp.Cause{Settlement: &s}, testRecord()); !errors.Is(err, foureyes.ErrConflict) {
			t.Errorf("on the own case, the store: %v", err)
		}
		machine := y.wish()
		machine.Machine = "register:x"
		p = y.propose(t, "client:x", machine)
		if _, err := y.engine.Approve(boss("staff:twin1", county), p.ID, p.Digest); err != nil {
			t.Fatal(err)
		}
		s = foureyes.Settlement{ID: p.ID, Digest: p.Digest, Person: foureyes.Person{Human: "human", Actor: "staff:twin2", Part: foureyes.PartApproved, At: y.Clock.Now()}, At: y.Clock.Now(), Record: testRecord()}
		if err := y.store.NoteEvent(context.Background(), idp.Cause{Settlement: &s}, testRecord()); !errors.Is(err, foureyes.ErrConflict) {
			t.Errorf("an approval that was read before the first one: %v", err)
		}
		if _, err := y.engine.Approve(boss("staff:twin2", county), p.ID, p.Digest); fault.CodeOf(err) != fault.ProposalSelf || y.done(t) != 0 {
			t.Errorf("two approvals of one person: %v", err)
		}
		if _, err := y.engine.Approve(boss("staff:b", county), p.ID, p.Digest); err != nil || y.done(t) != 1 {
			t.Errorf("the second person: %v, done %d", err, y.done(t))
		}
	})
}

func TestProposalOfAnotherVersionOrPayloadIsDead(t *testing.T) {
	eachEyes(t, func(t *testing.T, y *eyes) {
		p := y.propose(t, "staff:a", y.wish())
		y.version = "2"
		if _, err := y.engine.Approve(boss("staff:b", county), p.ID, p.Digest); fault.CodeOf(err) != fault.ProposalChanged {
			t.Errorf("the object changed: %v", err)
		}
		y.version = "1"
		for column, value := range map[string]any{"role": "clerk", "area": "", "kind": "test", "object_id": "u", "object_version": "1", "needed": 0, "origin": "staff:z", "subject": "x", "expires_at": int64(1 << 60)} {
			p := y.propose(t, "staff:a", y.wish())
			y.exec(t, "UPDATE idp_proposal SET "+column+" = $2 WHERE id = $1", p.ID, value)
			changed := column != "kind" && column != "object_version"
			if _, err := y.engine.Approve(boss("staff:b", ""), p.ID, p.Digest); changed != (fault.CodeOf(err) == fault.ProposalChanged) {
				t.Errorf("%s was changed under it: %v", column, err)
			}
		}
		// The payload of one proposal under the name of another.
		first, second := y.propose(t, "staff:a", y.wish()), y.propose(t, "staff:a", y.wish())
		y.exec(t, "UPDATE idp_proposal SET sealed = (SELECT sealed FROM idp_proposal WHERE id = $2) WHERE id = $1", first.ID, second.ID)
		if _, err := y.engine.Approve(boss("staff:b", county), first.ID, first.Digest); err == nil {
			t.Error("another payload was executed")
		}
		if first.Digest == second.Digest {
			t.Error("equal payloads are told by their digests")
		}
		if y.done(t) != 2 { // kind and object_version, which were not really changed
			t.Errorf("done %d times", y.done(t))
		}
	})
}

func TestProposalExpiresAndIsWithdrawn(t *testing.T) {
	eachEyes(t, func(t *testing.T, y *eyes) {
		p := y.propose(t, "staff:a", y.wish())
		if _, err := y.engine.Withdraw(boss("staff:b", county), p.ID); fault.CodeOf(err) != fault.Forbidden {
			t.Errorf("withdrawn by another: %v", err)
		}
		if got, err := y.engine.Withdraw(boss("staff:a", county), p.ID); err != nil || got.State != foureyes.Withdrawn {
			t.Errorf("%+v %v", got, err)
		}
		refused := y.propose(t, "staff:a", y.wish())
		if _, err := y.engine.Refuse(boss("staff:b", neighbour), refused.ID, refused.Digest); fault.CodeOf(err) != fault.Forbidden {
			t.Errorf("refused from another county: %v", err)
		}
		if got, err := y.engine.Refuse(boss("staff:b", county), refused.ID, refused.Digest); err != nil || got.State != foureyes.Refused {
			t.Errorf("%+v %v", got, err)
		}
		for _, p := range []foureyes.Proposal{p, refused} { // decided between the look of somebody who approves and the change
			s := foureyes.Settlement{ID: p.ID, Digest: p.Digest, Person: foureyes.Person{Human: "b", Actor: "staff:b", Part: foureyes.PartApproved}, At: y.Clock.Now(), Record: testRecord()}
			if err := y.store.NoteEvent(context.Background(), idp.Cause{Settlement: &s}, testRecord()); !errors.Is(err, foureyes.ErrConflict) {
				t.Errorf("the store takes what is %s: %v", p.State, err)
			}
		}
		unread := y.propose(t, "staff:a", y.wish())
		other := foureyes.Settlement{ID: unread.ID, Digest: refused.Digest, Person: foureyes.Person{Human: "b", Actor: "staff:b", Part: foureyes.PartApproved}, At: y.Clock.Now(), Record: testRecord()}
		if err := y.store.NoteEvent(context.Background(), idp.Cause{Settlement: &other}, testRecord()); !errors.Is(err, foureyes.ErrConflict) {
			t.Errorf("the store takes another digest: %v", err)
		}
		late := y.propose(t, "staff:a", y.wish())
		y.Clock.Advance(foureyes.Life)
		if q := y.engine.Mine(boss("staff:b", county)); true {
			q.Limit = 10
			if page, _, err := y.engine.Page(context.Background(), q); err != nil || len(page) != 0 {
				t.Errorf("what is over is offered: %v %v", page, err)
			}
		}
		if got, err := y.engine.Find(context.Background(), late.ID); err != nil || got.State != foureyes.Expired {
			t.Errorf("%s %v", got.State, err)
		}
		s := foureyes.Settlement{ID: late.ID, Digest: late.Digest, Person: foureyes.Person{Human: "b", Actor: "staff:b", Part: foureyes.PartApproved}, At: y.Clock.Now(), Record: testRecord()}
		if err := y.store.NoteEvent(context.Background(), idp.Cause{Settlement: &s}, testRecord()); !errors.Is(err, foureyes.ErrConflict) {
			t.Errorf("the store takes what is over: %v", err)
		}
		if _, err := y.engine.Approve(boss("staff:b", county), late.ID, late.Digest); fault.CodeOf(err) != fault.ProposalExpired || y.done(t) != 0 {
			t.Errorf("after its time: %v", err)
		}
		if stored, err := y.store.Proposal(context.Background(), late.ID); err != nil || stored.State != foureyes.Expired || len(stored.Sealed) != 0 {
			t.Errorf("it is not written down: %+v %v", stored, err)
		}
	})
}

// TestFiftyApprovalsExecuteOnce: by one person or by many, at the same moment.
func TestFiftyApprovalsExecuteOnce(t *testing.T) {
	eachEyes(t, func(t *testing.T, y *eyes) {
		for round, actor := range []func(i int) string{func(int) string { return "staff:b" }, func(i int) string { return fmt.Sprintf("staff:b%d", i) }} {
			p := y.propose(t, "staff:a", y.wish())
			var group sync.WaitGroup
			var mutex sync.Mutex
			outcomes := map[fault.Code]int{}
			for i := range 50 {
				group.Go(func() {
					_, err := y.engine.Approve(boss(actor(i), county), p.ID, p.Digest)
					code := fault.CodeOf(err)
					if err == nil {
						code = ""
					}
					mutex.Lock()
					defer mutex.Unlock()
					outcomes[code]++
				})
			}
			group.Wait()
			if outcomes[""] != 1 || outcomes[""]+outcomes[fault.ProposalClosed]+outcomes[fault.ProposalSelf] != 50 || y.done(t) != round+1 || y.events(t, "proposal.executed") != round+1 {
				t.Errorf("outcomes %v, done %d", outcomes, y.done(t))
			}
			stored, err := y.engine.Find(context.Background(), p.ID)
			if err != nil || stored.Approvals() != 1 || len(stored.People) != 2 {
				t.Errorf("%+v %v", stored.People, err)
			}
		}
	})
}

// TestAFailedExecutionLeavesTheProposalOpen: the approval is not counted.
func TestAFailedExecutionLeavesTheProposalOpen(t *testing.T) {
	eachEyes(t, func(t *testing.T, y *eyes) {
		p := y.propose(t, "staff:a", y.wish())
		y.fails = fault.New(fault.Unavailable)
		if _, err := y.engine.Approve(boss("staff:b", county), p.ID, p.Digest); fault.CodeOf(err) != fault.Unavailable {
			t.Errorf("%v", err)
		}
		if stored, err := y.engine.Find(context.Background(), p.ID); err != nil || stored.State != foureyes.Open || len(stored.People) != 1 || y.events(t, "proposal.executed") != 0 {
			t.Errorf("%+v %v", stored, err)
		}
		y.fails = nil
		if _, err := y.engine.Approve(boss("staff:b", county), p.ID, p.Digest); err != nil || y.done(t) != 1 {
			t.Errorf("%v", err)
		}
	})
}

func TestInboxShowsWhatIsInReachAndFree(t *testing.T) {
	eachEyes(t, func(t *testing.T, y *eyes) {
		ids := map[string]string{}
		for name, area := range map[string]string{"county": county, "township": township, "other": neighbour, "none": ""} {
			w := y.wish()
			w.Area = area
			p, err := y.engine.Propose(boss("staff:a", ""), w)
			if err != nil {
				t.Fatal(err)
			}
			ids[p.ID] = name
			y.Clock.Advance(time.Second)
		}
		seen := func(ctx context.Context) string {
			t.Helper()
			var names []string
			q := y.engine.Mine(ctx)
			q.Limit = 1
			for {
				page, next, err := y.engine.Page(ctx, q)
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range page {
					names = append(names, ids[p.ID])
				}
				if q.After = next; next == "" {
					break
				}
			}
			if n, err := y.engine.Waiting(ctx); err != nil || n != len(names) {
				t.Errorf("%d are counted of %v: %v", n, names, err)
			}
			slices.Sort(names)
			return strings.Join(names, " ")
		}
		for area, want := range map[string]string{"": "county none other township", county: "county township", township: "township", township + "330102001001/": "", neighbour: "other"} {
			if got := seen(boss("staff:b", area)); got != want {
				t.Errorf("%q sees %q, not %q", area, got, want)
			}
		}
		var inTownship string
		for id, name := range ids {
			if name == "township" {
				inTownship = id
			}
		}
		b, c := boss("staff:b", county), boss("staff:c", county)
		if _, err := y.engine.Claim(boss("staff:x", neighbour), inTownship); fault.CodeOf(err) != fault.Forbidden {
			t.Errorf("taken from afar: %v", err)
		}
		if _, err := y.engine.Claim(b, inTownship); err != nil {
			t.Fatal(err)
		}
		if _, err := y.engine.Claim(c, inTownship); fault.CodeOf(err) != fault.ProposalClaimed {
			t.Errorf("taken twice: %v", err)
		}
		if _, err := y.engine.Release(c, inTownship); fault.CodeOf(err) != fault.ProposalClaimed {
			t.Errorf("given back by another: %v", err)
		}
		if mine, others := seen(b), seen(c); mine != "county township" || others != "county" {
			t.Errorf("after it was taken: %q and %q", mine, others)
		}
		y.Clock.Advance(foureyes.ClaimLife)
		if others := seen(c); others != "county township" {
			t.Errorf("after the time of the claim: %q", others)
		}
		if _, err := y.engine.Claim(c, inTownship); err != nil {
			t.Error(err)
		}
		if _, err := y.engine.Release(c, inTownship); err != nil {
			t.Error(err)
		}
		if mine := seen(b); mine != "county township" {
			t.Errorf("after it was given back: %q", mine)
		}
	})
}
