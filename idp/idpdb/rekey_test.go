package idpdb_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

const thirdNumber = "110101199003074311"

func (c *corrected) lookup(t *testing.T, number string) []byte {
	t.Helper()
	lookup, err := c.Accounts.IdentityLookup(context.Background(), idp.Identity{Type: subject.CitizenID, Number: number})
	if err != nil {
		t.Fatal(err)
	}
	return lookup
}

// moves gives the account another number as the store does it, judged by the account as it stands.
func (c *corrected) moves(t *testing.T, account, from, to string) error {
	t.Helper()
	a, err := c.Accounts.Account(context.Background(), account)
	if err != nil {
		t.Fatal(err)
	}
	c.Clock.Advance(time.Minute)
	return c.store.Rekey(context.Background(), idp.Rekey{AccountID: account, Version: a.Version, Old: c.lookup(t, from), New: c.lookup(t, to), Reason: idp.NumberChanged, At: c.Clock.Now()}, idp.Cause{}, testRecord())
}

// TestProposalsAreAboutTheIdentityThatTheyName: of several proposals about one identity the first that is approved holds, and the others are
// dead, so that none undoes another; one that changes nothing is none.
func TestProposalsAreAboutTheIdentityThatTheyName(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		c := newCorrected(t, open(t))
		propose := func(kind string, change idp.Change) idp.Correction {
			t.Helper()
			p, err := c.corrections.Propose(by("account:a"), kind, c.proved.ID, change)
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
		for name, change := range map[string]idp.Change{"number": {Number: number}, "name": {Name: "张三"}} {
			kind := map[string]string{"number": idp.NumberChanged, "name": idp.NameChanged}[name]
			if _, err := c.corrections.Propose(by("account:a"), kind, c.proved.ID, change); fault.CodeOf(err) != fault.Invalid {
				t.Errorf("the same %s: %v", name, err)
			}
		}
		first, dead := propose(idp.NameChanged, idp.Change{Name: "张三丰"}), []idp.Correction{propose(idp.NameChanged, idp.Change{Name: "张三疯"}), propose(idp.NumberChanged, idp.Change{Number: newNumber})}
		if _, err := c.corrections.Approve(by("account:b"), first.ID, first.Digest); err != nil {
			t.Fatal(err)
		}
		for _, p := range dead { // the second would give the name of before back
			if _, err := c.corrections.Approve(by("account:b"), p.ID, p.Digest); fault.CodeOf(err) != fault.ProposalChanged {
				t.Errorf("%s: %v", p.What(), err)
			}
		}
		if _, person := c.level(t); person.Name != "张三丰" || person.IDNumber != number {
			t.Errorf("%+v", person)
		}
		// What is no correction is not found among them.
		c.exec(t, "UPDATE idp_proposal SET kind = 'client.changed' WHERE id = $1", first.ID)
		if got, err := c.corrections.Find(context.Background(), first.ID); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("%+v %v", got.Kind, err)
		}
	})
}

// TestLevelTwoIsConfirmedWithTheMobileNumber: the source answers the question that it was asked for the level.
func TestLevelTwoIsConfirmedWithTheMobileNumber(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		c := newCorrected(t, open(t))
		if _, err := c.Proofing.Submit(context.Background(), c.proved.ID, proofing.Submission{Name: "张三", Number: number, Mobile: phone, Wanted: 2}); err != nil {
			t.Fatal(err)
		}
		p, err := c.corrections.Propose(by("account:a"), idp.NumberChanged, c.proved.ID, idp.Change{Number: newNumber})
		if err != nil {
			t.Fatal(err)
		}
		if p, err = c.corrections.Approve(by("account:b"), p.ID, p.Digest); err != nil || p.State != foureyes.Executed {
			t.Fatal(err)
		}
		queries := c.Source.Queries()
		if last := queries[len(queries)-1]; last.IDNumber != newNumber || last.Mobile != "+86"+phone {
			t.Errorf("the source was asked %+v", last)
		}
	})
}

// TestANumberHasOneHolderWhateverWasCorrected: former numbers, documents beside the one that leads, judgements that are old.
func TestANumberHasOneHolderWhateverWasCorrected(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		ctx := context.Background()
		c := newCorrected(t, open(t))
		if _, err := c.Proofing.Submit(ctx, c.other.ID, proofing.Submission{Name: "王小明", Number: otherNumber, Wanted: 1}); err != nil {
			t.Fatal(err)
		}
		a, err := c.Accounts.Account(ctx, c.proved.ID)
		if err != nil {
			t.Fatal(err)
		}
		stale := idp.Rekey{AccountID: a.ID, Version: a.Version - 1, Old: c.lookup(t, number), New: c.lookup(t, newNumber), Reason: "x", At: c.Clock.Now()}
		if err := c.store.Rekey(ctx, stale, idp.Cause{}, testRecord()); !errors.Is(err, idp.ErrConflict) {
			t.Errorf("judged by another version: %v", err)
		}
		if err := c.moves(t, c.proved.ID, thirdNumber, newNumber); !errors.Is(err, idp.ErrConflict) {
			t.Errorf("from a number that is not its own: %v", err)
		}
		if err := c.moves(t, c.proved.ID, number, otherNumber); !errors.Is(err, idp.ErrBound) {
			t.Errorf("to another's number: %v", err)
		}
		c.exec(t, "INSERT INTO idp_document (lookup, account_id, added_at, retired_at) VALUES ($1, $2, 1, 0)", c.lookup(t, thirdNumber), c.other.ID)
		if err := c.moves(t, c.proved.ID, number, thirdNumber); !errors.Is(err, idp.ErrBound) {
			t.Errorf("to the number of a document beside another's: %v", err)
		}
		c.exec(t, "DELETE FROM idp_document WHERE lookup = $1", c.lookup(t, thirdNumber))
		if err := c.moves(t, c.proved.ID, number, newNumber); err != nil {
			t.Fatal(err)
		}
		if err := c.moves(t, c.other.ID, otherNumber, number); !errors.Is(err, idp.ErrBound) {
			t.Errorf("to a number that was another's: %v", err)
		}
		if err := c.store.ReleaseIdentity(ctx, c.other.ID, c.lookup(t, number), idp.Cause{}, testRecord()); !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("released in another's name: %v", err)
		}
		// Changed back: the number is the account's own again, and the one between is what it had.
		if err := c.moves(t, c.proved.ID, newNumber, number); err != nil {
			t.Fatal(err)
		}
		for n, want := range map[string]error{number: idp.ErrNotFound, newNumber: nil} {
			if err := c.store.ReleaseIdentity(ctx, c.proved.ID, c.lookup(t, n), idp.Cause{}, testRecord()); !errors.Is(err, want) {
				t.Errorf("%.6s is released: %v", n, err)
			}
		}
		c.exec(t, "UPDATE idp_account SET merged_into = $2 WHERE id = $1", c.other.ID, c.proved.ID)
		if err := c.store.EndLevels(ctx, c.other.ID, nil, c.Clock.Now(), idp.Cause{}, testRecord()); !errors.Is(err, idp.ErrConflict) {
			t.Errorf("levels of a merged account: %v", err)
		}
	})
}

// TestHoldsAndContactsAreThoseThatWereMeant: another hold frees nobody, and a contact that came after the day is not taken.
func TestHoldsAndContactsAreThoseThatWereMeant(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		ctx := context.Background()
		c := newCorrected(t, open(t))
		now := c.Clock.Now()
		if err := c.store.Hold(ctx, c.proved.ID, idp.HoldDeceased, now, idp.Cause{}, testRecord()); err != nil {
			t.Fatal(err)
		}
		if err := c.store.Unhold(ctx, c.proved.ID, "another", now, idp.Cause{}, testRecord()); !errors.Is(err, idp.ErrConflict) {
			t.Errorf("another hold: %v", err)
		}
		a, err := c.Accounts.Account(ctx, c.other.ID)
		if err != nil || len(a.Contacts) == 0 {
			t.Fatal(err)
		}
		since := now.Add(time.Hour)
		c.exec(t, "UPDATE idp_contact SET added_at = $2 WHERE account_id = $1", c.other.ID, since.Add(time.Second).UnixMicro())
		taken := idp.TakenContact{AccountID: c.other.ID, Lookup: a.Contacts[0].Lookup, Since: since, Method: proofing.Carrier, At: since.Add(time.Hour)}
		if err := c.store.TakeContact(ctx, taken, idp.Cause{}, testRecord()); !errors.Is(err, idp.ErrConflict) {
			t.Errorf("a contact that came later: %v", err)
		}
		taken.Since = since.Add(2 * time.Second)
		if err := c.store.TakeContact(ctx, taken, idp.Cause{}, testRecord()); err != nil {
			t.Errorf("one that was there: %v", err)
		}
	})
}
