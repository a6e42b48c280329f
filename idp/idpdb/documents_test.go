package idpdb_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// Two documents of one resident of Hong Kong, and those of others.
var (
	permit  = idp.Identity{Name: "陈大文", Type: subject.HKMacaoPermit, Number: "H1234567801", Birth: "1980-01-01", Expires: "2030-01-31"}
	card    = idp.Identity{Name: "陈大文", Type: subject.HMTResidencePermit, Number: "810000198001010110", Birth: "1980-01-01", Expires: "2031-01-31"}
	foreign = idp.Identity{Name: "CHAN TAI MAN", Type: subject.Passport, Number: "L898902C3", Nationality: "GBR", Birth: "1980-01-01"}
)

func changed(who idp.Identity, edit func(*idp.Identity)) idp.Identity {
	edit(&who)
	return who
}

// holds are corrected accounts without an identity.
func holds(t *testing.T, db *sqldb.DB) *corrected {
	t.Helper()
	c := newCorrected(t, db)
	c.proved, c.other = c.Account(t, "13800138040", password), c.Account(t, "13800138041", password)
	return c
}

func (c *corrected) prove(id string, level subject.IAL, who idp.Identity) error {
	c.Clock.Advance(time.Minute)
	return c.Accounts.ProveIdentity(context.Background(), id, idp.Proof{IAL: level, Method: "face", Source: "register", At: c.Clock.Now(), Until: c.Clock.Now().AddDate(1, 0, 0)}, who)
}

func (c *corrected) finds(t *testing.T, who idp.Identity, want string) {
	t.Helper()
	if id, err := c.Accounts.ByDocument(context.Background(), who); id != want || (err != nil) != (want == "") {
		t.Errorf("%s finds %q, %v", who.Type, id, err)
	}
}

func (c *corrected) documents(t *testing.T, id string) []idp.HeldDocument {
	t.Helper()
	all, err := c.corrections.DocumentsOf(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestSecondDocumentNeedsEvidenceThatLookedAtThePerson(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		ctx := context.Background()
		c := holds(t, open(t))
		must(t, c.prove(c.proved.ID, 2, permit))
		if err := c.prove(c.proved.ID, 3, card); fault.CodeOf(err) != fault.IdentityBound {
			t.Errorf("beside what name and number alone gave: %v", err)
		}
		must(t, c.prove(c.proved.ID, 3, permit))
		for name, who := range map[string]idp.Identity{
			"another name":             changed(card, func(w *idp.Identity) { w.Name = "陈小文" }),
			"another birth":            changed(card, func(w *idp.Identity) { w.Number = "810000198001020116" }),
			"a second permit":          changed(permit, func(w *idp.Identity) { w.Number = "H8765432101" }),
			"a kind that needs people": foreign,
			"a resident card":          {Name: "陈大文", Type: subject.CitizenID, Number: "99990019800101001X"},
		} {
			if err := c.prove(c.proved.ID, 4, who); fault.CodeOf(err) != fault.IdentityBound {
				t.Errorf("%s: %v", name, err)
			}
			c.finds(t, who, "")
		}
		if err := c.prove(c.proved.ID, 2, card); fault.CodeOf(err) != fault.IdentityBound {
			t.Errorf("by weaker evidence: %v", err)
		}
		must(t, c.prove(c.proved.ID, 3, card))
		c.finds(t, permit, c.proved.ID)
		c.finds(t, card, c.proved.ID)
		person, err := c.Accounts.Person(ctx, c.proved.ID)
		if err != nil || person.IDNumber != card.Number || person.IAL != 3 {
			t.Errorf("tokens tell %s at %d, %v", person.IDNumber, person.IAL, err)
		}
		for _, who := range []idp.Identity{permit, card} { // neither is anybody else's, whichever leads
			if err := c.prove(c.other.ID, 4, who); fault.CodeOf(err) != fault.IdentityBound {
				t.Errorf("%s proved for another account: %v", who.Type, err)
			}
		}
		must(t, c.prove(c.proved.ID, 3, permit)) // proved anew, it is told again
		if person, _ := c.Accounts.Person(ctx, c.proved.ID); person.IDNumber != permit.Number {
			t.Errorf("tokens tell %s", person.IDNumber)
		}
		all := c.documents(t, c.proved.ID)
		if len(all) != 2 || all[0].Who != card || all[1].Who != permit || all[0].Told || !all[1].Told || all[0].Level != 3 || all[1].Level != 3 {
			t.Errorf("documents %+v", all)
		}
	})
}

func TestRetiredDocumentCarriesNoLevelAndStaysThePersons(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		ctx := context.Background()
		c := holds(t, open(t))
		must(t, c.prove(c.proved.ID, 3, permit))
		c.exec(t, "UPDATE idp_proof SET document = NULL") // as an earlier release left it
		only := c.documents(t, c.proved.ID)
		if len(only) != 1 || only[0].Who != permit || !only[0].Told {
			t.Fatalf("documents %+v", only)
		}
		if err := c.corrections.RetireDocument(ctx, c.proved.ID, only[0].Ref); fault.CodeOf(err) != fault.DocumentLast {
			t.Errorf("the only document: %v", err)
		}
		if level, _ := c.levelOf(t, c.proved.ID); level != 3 {
			t.Errorf("a refused retirement left level %d", level)
		}
		must(t, c.prove(c.proved.ID, 4, card))
		all := c.documents(t, c.proved.ID)
		if len(all) != 2 || all[0].Who != card || all[1].Who != permit || all[1].Level != 3 {
			t.Fatalf("documents %+v", all)
		}
		for name, ref := range map[string]string{"nothing": "", "no digest": "x", "nobody's": "00ff"} {
			if err := c.corrections.RetireDocument(ctx, c.proved.ID, ref); fault.CodeOf(err) != fault.NotFound {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := c.corrections.RetireDocument(ctx, c.other.ID, all[0].Ref); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("the document of another: %v", err)
		}
		must(t, c.corrections.RetireDocument(ctx, c.proved.ID, all[0].Ref)) // the one that leads
		if level, person := c.levelOf(t, c.proved.ID); level != 3 || person.IDNumber != permit.Number {
			t.Errorf("level %d of %s", level, person.IDNumber)
		}
		if err := c.corrections.RetireDocument(ctx, c.proved.ID, all[1].Ref); fault.CodeOf(err) != fault.DocumentLast {
			t.Errorf("the last in use: %v", err)
		}
		c.finds(t, card, c.proved.ID)
		if err := c.prove(c.other.ID, 4, card); fault.CodeOf(err) != fault.IdentityBound {
			t.Errorf("a retired number went to another: %v", err)
		}
		if c.messages(t, idp.TopicDocuments) != 1 {
			t.Error("the person was not told once")
		}
		must(t, c.prove(c.proved.ID, 3, card))
		if all := c.documents(t, c.proved.ID); !all[0].Retired.IsZero() || !all[1].Retired.IsZero() {
			t.Errorf("proved anew: %+v", all)
		}
	})
}

func (c *corrected) levelOf(t *testing.T, id string) (subject.IAL, idp.Person) {
	t.Helper()
	person, err := c.Accounts.Person(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return person.IAL, person
}

// ask is the wish of an account for a document, which waits for two people.
func (c *corrected) ask(t *testing.T, id string, who idp.Identity) idp.Correction {
	t.Helper()
	must(t, c.corrections.AskDocument(by("account:"+id), id, idp.NewDocument{Kind: who.Type, Name: who.Name, Number: who.Number, Nationality: who.Nationality, Birth: who.Birth, Expires: "2040-01-01"}))
	page, _, err := c.corrections.Page(context.Background(), []string{foureyes.Open}, "", 10)
	if err != nil || len(page) != 1 || page[0].What() != idp.DocumentAdded {
		t.Fatalf("waiting: %+v, %v", page, err)
	}
	return page[0]
}

func (c *corrected) approve(t *testing.T, one idp.Correction) {
	t.Helper()
	for _, actor := range []string{"account:a", "account:b"} {
		if _, err := c.corrections.Approve(by(actor), one.ID, one.Digest); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDocumentIsAddedByTwoPeople(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		ctx := context.Background()
		c := holds(t, open(t))
		in := idp.NewDocument{Kind: foreign.Type, Name: foreign.Name, Number: foreign.Number, Nationality: "GBR", Birth: "1980-01-01", Expires: "2040-01-01"}
		if err := c.corrections.AskDocument(ctx, c.proved.ID, in); fault.CodeOf(err) != fault.CorrectionUnproven {
			t.Errorf("without an identity: %v", err)
		}
		must(t, c.prove(c.proved.ID, 2, permit))
		if err := c.corrections.AskDocument(ctx, c.proved.ID, idp.NewDocument{Kind: foreign.Type}); fault.CodeOf(err) != fault.Invalid || len(fault.From(err).Fields) != 4 {
			t.Errorf("an empty form: %v", err)
		}
		c.Source.Answers(func(proofing.Query) (proofing.Answer, error) { return proofing.Answer{Verdict: proofing.Mismatch}, nil })
		if err := c.corrections.AskDocument(ctx, c.proved.ID, in); fault.CodeOf(err) != fault.ProofingMismatch {
			t.Errorf("a source that says no: %v", err)
		}
		c.Source.Answers(func(proofing.Query) (proofing.Answer, error) { return proofing.Answer{}, proofing.ErrSilent })
		if err := c.corrections.AskDocument(ctx, c.proved.ID, in); fault.CodeOf(err) != fault.ProofingSilent {
			t.Errorf("a silent source: %v", err)
		}
		c.Source.Answers(nil)
		c.Clock.Advance(time.Minute) // what people add is newer than what was proven
		wish := c.ask(t, c.proved.ID, foreign)
		if _, err := c.corrections.Approve(by("account:"+c.proved.ID), wish.ID, wish.Digest); fault.CodeOf(err) != fault.CorrectionSelf {
			t.Errorf("decided by the person: %v", err)
		}
		if _, err := c.corrections.Approve(by("account:a"), wish.ID, wish.Digest); err != nil {
			t.Fatal(err)
		}
		c.finds(t, foreign, "") // one is not enough
		if _, err := c.corrections.Approve(by("account:b"), wish.ID, wish.Digest); err != nil {
			t.Fatal(err)
		}
		c.finds(t, foreign, c.proved.ID)
		if level, person := c.levelOf(t, c.proved.ID); level != 2 || person.IDNumber != permit.Number {
			t.Errorf("level %d of %s: people added a document, they proved nothing", level, person.IDNumber)
		}
		all := c.documents(t, c.proved.ID)
		if len(all) != 2 || all[0].Who.Number != permit.Number || all[1].Who.Number != foreign.Number || all[1].Level != 0 || all[1].Told {
			t.Errorf("documents %+v", all)
		}
		// A correction is of the identity that was proven, not of the document that people added after it.
		if _, err := c.corrections.Propose(by("account:a"), idp.NumberChanged, c.proved.ID, idp.Change{Number: permit.Number}); fault.CodeOf(err) != fault.Invalid || fault.From(err).Fields[0].Code != fault.CorrectionSame {
			t.Errorf("the number that it has: %v", err)
		}
		if err := c.corrections.AskDocument(ctx, c.proved.ID, in); fault.CodeOf(err) != fault.DocumentHeld {
			t.Errorf("again: %v", err)
		}
		must(t, c.prove(c.proved.ID, 1, foreign)) // now it can be proved here, at any level
		for i := range 6 {
			err := c.corrections.AskDocument(ctx, c.proved.ID, idp.NewDocument{Kind: subject.TaiwanPermit, Name: "陈大文", Number: fmt.Sprint("1234567", i), Birth: "1980-01-01", Expires: "2040-01-01"})
			if i > 4 && fault.CodeOf(err) != fault.ProofingTooOften {
				t.Errorf("try %d: %v", i, err)
			}
		}
	})
}

func (c *corrected) join() (string, error) {
	mergers := idp.NewMergers(idp.MergersConfig{Accounts: c.Accounts, Store: c.store, Clients: c.Clients, Ring: c.Ring, Now: c.Clock.Now})
	return mergers.Merge(context.Background(), idp.Control{AccountID: c.other.ID, Methods: []string{"pwd"}}, idp.Control{AccountID: c.proved.ID, Methods: []string{"pwd"}})
}

func TestAccountsWithTwoDocumentsOfOnePersonMerge(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		ctx := context.Background()
		for name, one := range map[string]struct {
			first, second idp.Identity
			levels        [2]subject.IAL
			found         bool // two people said so
			merges        bool
		}{
			"both proved, same name and birth":      {permit, card, [2]subject.IAL{3, 4}, false, true},
			"one by name and number only":           {permit, card, [2]subject.IAL{3, 2}, false, false},
			"namesakes of another birth":            {permit, changed(card, func(w *idp.Identity) { w.Number = "810000198001020116" }), [2]subject.IAL{4, 4}, false, false},
			"kinds that do not tell":                {permit, foreign, [2]subject.IAL{4, 4}, false, false},
			"kinds that do not tell, by two people": {permit, foreign, [2]subject.IAL{3, 1}, true, true},
		} {
			t.Run(name, func(t *testing.T) {
				c := holds(t, open(t))
				must(t, c.prove(c.proved.ID, one.levels[0], one.first))
				must(t, c.prove(c.other.ID, one.levels[1], one.second))
				if one.found {
					if _, err := c.join(); fault.CodeOf(err) != fault.MergeImpossible {
						t.Errorf("before two people decided: %v", err)
					}
					c.approve(t, c.ask(t, c.proved.ID, one.second))
					c.finds(t, one.second, c.other.ID) // a finding moves nothing
				}
				survivor, err := c.join()
				if !one.merges {
					if fault.CodeOf(err) != fault.MergeImpossible {
						t.Errorf("merged: %v", err)
					}
					c.finds(t, one.first, c.proved.ID)
					c.finds(t, one.second, c.other.ID)
					return
				}
				want := c.proved.ID
				if one.levels[1] > one.levels[0] {
					want = c.other.ID
				}
				if err != nil || survivor != want {
					t.Fatalf("survivor %s, %v", survivor, err)
				}
				c.finds(t, one.first, survivor)
				c.finds(t, one.second, survivor)
				all := c.documents(t, survivor)
				if len(all) != 2 || all[0].Level+all[1].Level != one.levels[0]+one.levels[1] {
					t.Errorf("documents %+v", all)
				}
				if level, _ := c.levelOf(t, survivor); level != max(one.levels[0], one.levels[1]) {
					t.Errorf("level %d", level)
				}
				if n := counted(t, c.db, "SELECT COUNT(*) FROM idp_one_person WHERE account_id <> $1", ""); n != 0 {
					t.Errorf("%d findings are left", n)
				}
				if a, err := c.Accounts.Account(ctx, survivor); err != nil || len(a.Contacts) != 2 {
					t.Errorf("contacts %+v, %v", a.Contacts, err)
				}
			})
		}
	})
}

// TestNumberGoesToOneAccount: a document that comes beside one account while another account proves it.
func TestNumberGoesToOneAccount(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		for round := range 8 {
			c := holds(t, open(t))
			must(t, c.prove(c.proved.ID, 3, permit))
			var group sync.WaitGroup
			results := make([]error, 3)
			for i, one := range []struct {
				id  string
				who idp.Identity
			}{{c.proved.ID, card}, {c.other.ID, card}, {c.other.ID, permit}} {
				group.Go(func() {
					results[i] = c.Accounts.ProveIdentity(context.Background(), one.id, idp.Proof{IAL: 3, Method: "face", Source: "register", At: c.Clock.Now()}, one.who)
				})
			}
			group.Wait()
			if (results[0] == nil) == (results[1] == nil) || fault.CodeOf(results[2]) != fault.IdentityBound {
				t.Errorf("round %d: %v", round, results)
			}
			n := counted(t, c.db, "SELECT COUNT(*) FROM (SELECT lookup FROM idp_identity UNION ALL SELECT lookup FROM idp_document) AS a WHERE '' = $1", "")
			if n != 3 && results[0] == nil || n != 3 && results[1] == nil { // with the one of newPair
				t.Errorf("round %d: %d numbers", round, n)
			}
		}
	})
}

func TestRegisterEventsMeanTheDocumentThatTheyName(t *testing.T) {
	eachPeople(t, func(t *testing.T, open func(t testing.TB) *sqldb.DB) {
		c := holds(t, open(t))
		must(t, c.prove(c.proved.ID, 3, permit))
		must(t, c.prove(c.proved.ID, 4, card))
		about := func(id, kind string, who idp.Identity) idp.RegisterEvent {
			e := event(id, kind)
			e.Name, e.Document.Type, e.Document.Number = who.Name, who.Type, who.Number
			return e
		}
		c.take(t, about("1", idp.EventDocumentLost, card))
		if level, person := c.levelOf(t, c.proved.ID); level != 3 || person.IDNumber != permit.Number {
			t.Errorf("after a loss: level %d of %s", level, person.IDNumber)
		}
		must(t, c.prove(c.proved.ID, 4, card))
		moved := about("2", idp.NumberChanged, permit)
		moved.NewNumber = "H2234567801"
		c.take(t, moved)
		if level, person := c.levelOf(t, c.proved.ID); level != 4 || person.IDNumber != card.Number {
			t.Errorf("after the number of the other: level %d of %s", level, person.IDNumber)
		}
		c.finds(t, changed(permit, func(w *idp.Identity) { w.Number = "H2234567801" }), c.proved.ID)
		c.finds(t, permit, "")
		if err := c.prove(c.other.ID, 3, permit); fault.CodeOf(err) != fault.IdentityBound {
			t.Errorf("a former number went to another: %v", err)
		}
		c.take(t, about("3", idp.EventDeceased, changed(permit, func(w *idp.Identity) { w.Number = "H2234567801" })))
		if _, person := c.levelOf(t, c.proved.ID); person.State == idp.AccountActive {
			t.Error("a death under the second number was not heard")
		}
	})
}
