package idpdb_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/idpdb"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/keys"
)

// crashing dies before or after a change of a deletion.
type crashing struct {
	*idpdb.Store
	before, after error
}

func (c *crashing) around(change func() error) error {
	if c.before != nil {
		return c.before
	}
	if err := change(); err != nil {
		return err
	}
	return c.after
}

func (c *crashing) MoveDeletion(ctx context.Context, d idp.Deletion, record audit.Record) error {
	return c.around(func() error { return c.Store.MoveDeletion(ctx, d, record) })
}

func (c *crashing) Erase(ctx context.Context, accountID string, at time.Time, record audit.Record) error {
	return c.around(func() error { return c.Store.Erase(ctx, accountID, at, record) })
}

func counted(t *testing.T, db *sqldb.DB, query string, args ...any) (n int) {
	t.Helper()
	if err := db.Read().QueryRowContext(context.Background(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestX12DeletionSurvivesCrashes: a worker that dies before or after any step leaves an account whole or erased, never half, and
// the next step goes on; nothing is announced or told twice.
func TestX12DeletionSurvivesCrashes(t *testing.T) {
	onEach(t, func(t *testing.T, db *sqldb.DB, s *idpdb.Store) {
		ctx, died := context.Background(), errors.New("the process died")
		w := idptest.NewWorld(t, s)
		store := &crashing{Store: s}
		deletions := idp.NewDeletions(idp.DeletionsConfig{Store: store, Accounts: w.Accounts, Now: w.Clock.Now, Rand: ident.System()})
		a, err := w.Accounts.Create(ctx, subject.Identifier{Kind: subject.Mobile, Value: "+8613800138021"})
		must(t, err)
		must(t, w.Accounts.Prove(ctx, a.ID, idp.Proof{IAL: 1, Method: "id_card", Source: "test", At: w.Clock.Now()}, "李四", "citizen_id", "110101199003070011"))
		_, err = deletions.Request(ctx, a.ID)
		must(t, err)
		if _, err := deletions.Request(ctx, a.ID); err == nil {
			t.Error("a second request begins the cool-off anew")
		}
		step := func(wantErr bool) {
			t.Helper()
			if err := deletions.Step(ctx); (err != nil) != wantErr {
				t.Fatalf("step: %v", err)
			}
		}
		whole := func() bool {
			t.Helper()
			person, err := w.Accounts.Person(ctx, a.ID)
			return err == nil && person.Name == "李四"
		}
		step(false)
		w.Clock.Advance(idp.CoolOff - idp.FinalNotice)
		for _, c := range []struct{ before, after error }{{died, nil}, {nil, died}} {
			store.before, store.after = c.before, c.after
			step(true)
			if !whole() {
				t.Fatal("erased by a notice")
			}
		}
		store.before, store.after = nil, nil
		step(false)
		if n := counted(t, db, "SELECT COUNT(*) FROM outbox_message WHERE topic = $1", idp.TopicDeletion); n != 2 {
			t.Errorf("%d notices, one at the beginning and one at the end were wanted", n)
		}
		w.Clock.Advance(idp.FinalNotice + time.Hour)
		hold, err := deletions.PlaceHold(ctx, a.ID, "诉讼保全", "account:acc_admin", w.Clock.Now().Add(30*24*time.Hour))
		must(t, err)
		step(false)
		if !whole() {
			t.Fatal("a held account was erased")
		}
		if err := s.Erase(ctx, a.ID, w.Clock.Now().Add(48*time.Hour), record()); !errors.Is(err, idp.ErrConflict) {
			t.Errorf("the store erases a held account: %v", err)
		}
		_, err = deletions.ReleaseHold(ctx, hold.ID)
		must(t, err)
		step(false)
		if !whole() {
			t.Fatal("it was put off for a day")
		}
		w.Clock.Advance(25 * time.Hour)
		store.before = died
		step(true)
		if !whole() {
			t.Fatal("half an account was left by a step that died before its change")
		}
		store.before, store.after = nil, died
		step(true)
		store.after = nil
		step(false)
		erased, err := s.Account(ctx, a.ID)
		if err != nil || erased.State != idp.AccountErased || len(erased.Contacts)+len(erased.Proofs) > 0 {
			t.Fatalf("%+v, %v", erased, err)
		}
		for _, table := range []string{"idp_account_key", "idp_contact", "idp_identity", "idp_proof", "idp_case", "idp_consent", "idp_upstream_link"} {
			if n := counted(t, db, "SELECT COUNT(*) FROM "+table+" WHERE account_id = $1", a.ID); n != 0 {
				t.Errorf("%d rows are left in %s", n, table)
			}
		}
		for kind, want := range map[string]int{"account.erased": 1, "deletion.announced": 1, "deletion.put_off": 1} {
			if n := counted(t, db, "SELECT COUNT(*) FROM audit_event WHERE type = $1", kind); n != want {
				t.Errorf("%s is in the audit log %d times", kind, n)
			}
		}
		if n := counted(t, db, "SELECT COUNT(*) FROM outbox_message WHERE topic = $1", idp.TopicErased); n != 1 {
			t.Errorf("the other rooms are told %d times", n)
		}
		if err := s.SetState(ctx, a.ID, idp.AccountActive, w.Clock.Now(), record()); !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("a tombstone comes back: %v", err)
		}
		h := idp.Hold{ID: "hold_late", AccountID: a.ID, Reason: "诉讼保全", PlacedBy: "staff:one", PlacedAt: w.Clock.Now(), Until: w.Clock.Now().Add(time.Hour)}
		if err := s.PlaceHold(ctx, h, record()); !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("a hold on a tombstone: %v", err)
		}
	})
}

// TestAHoldMeetsTheErasure: of a legal hold and an erasure at one moment one is refused, so that who placed the hold can rely on it.
func TestAHoldMeetsTheErasure(t *testing.T) {
	onEach(t, func(t *testing.T, db *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		w := idptest.NewWorld(t, s)
		for n := range 12 {
			a, err := w.Accounts.Create(ctx, subject.Identifier{Kind: subject.Mobile, Value: fmt.Sprintf("+86138001390%02d", n)})
			must(t, err)
			now := w.Clock.Now()
			d := idp.Deletion{AccountID: a.ID, State: idp.DeletionWaiting, RequestedAt: now.Add(-idp.CoolOff), DueAt: now.Add(-time.Minute)}
			must(t, s.RequestDeletion(ctx, d, record()))
			d.NotifiedAt = now.Add(-idp.FinalNotice)
			must(t, s.MoveDeletion(ctx, d, record()))
			h := idp.Hold{ID: fmt.Sprintf("hold_%d", n), AccountID: a.ID, Reason: "诉讼保全", PlacedBy: "staff:one", PlacedAt: now, Until: now.Add(time.Hour)}
			var held, erased error
			var both sync.WaitGroup
			both.Go(func() { held = s.PlaceHold(ctx, h, record()) })
			both.Go(func() { erased = s.Erase(ctx, a.ID, now, record()) })
			both.Wait()
			if (held == nil) == (erased == nil) {
				t.Fatalf("round %d: held %v, erased %v", n, held, erased)
			}
			if held == nil && !errors.Is(erased, idp.ErrConflict) || erased == nil && !errors.Is(held, idp.ErrNotFound) {
				t.Errorf("round %d: held %v, erased %v", n, held, erased)
			}
		}
	})
}

// TestFieldsOfEarlierReleasesAreSealedAnew: a sweep brings them under a key of their account, whatever happens meanwhile.
func TestFieldsOfEarlierReleasesAreSealedAnew(t *testing.T) {
	onEach(t, func(t *testing.T, db *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		w := idptest.NewWorld(t, s)
		cipher, err := w.Ring.Cipher(ctx, keys.UsageFieldCipher, "")
		must(t, err)
		lookup, err := w.Accounts.Lookup(ctx, string(subject.Mobile), "+8613800138021")
		must(t, err)
		sealed, err := cipher.Seal(ctx, []byte("+8613800138021"), []byte("contact/acc_old"))
		must(t, err)
		must(t, s.CreateAccount(ctx, idp.Account{ID: "acc_old", State: idp.AccountActive, CreatedAt: w.Clock.Now(), UpdatedAt: w.Clock.Now(), Contacts: []idp.Contact{{Kind: subject.Mobile, Lookup: lookup, KeyID: cipher.KeyID(), Sealed: sealed}}}, record()))
		must(t, w.Accounts.Prove(ctx, "acc_old", idp.Proof{IAL: 1, Method: "id_card", Source: "test", At: w.Clock.Now()}, "李四", "citizen_id", "110101199003070011"))
		fresh, err := w.Accounts.Create(ctx, subject.Identifier{Kind: subject.Mobile, Value: "+8613800138022"})
		must(t, err)
		before, err := s.Account(ctx, "acc_old")
		must(t, err)
		next, err := w.Accounts.Reseal(ctx, s, "", 10)
		if err != nil || next != "" {
			t.Fatalf("%q, %v", next, err)
		}
		after, err := s.Account(ctx, "acc_old")
		must(t, err)
		if after.DataKey.IsZero() || after.Contacts[0].KeyID != after.DataKey.ID || after.Proofs[0].KeyID != after.DataKey.ID || after.Version <= before.Version {
			t.Errorf("%+v", after)
		}
		person, err := w.Accounts.Person(ctx, "acc_old")
		if err != nil || person.Name != "李四" || person.Mobile != "+8613800138021" {
			t.Errorf("%v", err)
		}
		unchanged, err := s.Account(ctx, fresh.ID)
		if err != nil || unchanged.Version != fresh.Version && unchanged.Version != 1 {
			t.Errorf("an account with a key was touched: %v", err)
		}
		// A field that changed since it was read is left for the next pass.
		fields, err := s.SealedFields(ctx, "acc_old")
		must(t, err)
		stale := fields[0]
		stale.KeyID = cipher.KeyID()
		if err := s.Reseal(ctx, "acc_old", nil, []idp.SealedField{stale}, []idp.SealedField{fields[0]}, record()); !errors.Is(err, idp.ErrConflict) {
			t.Errorf("a field that changed was overwritten: %v", err)
		}
		// A key serves its own account only.
		other, err := s.Account(ctx, fresh.ID)
		must(t, err)
		other.ID = "acc_old"
		if _, err := idp.NewAccounts(idp.AccountsConfig{Store: s, Ring: w.Ring, Now: w.Clock.Now, Rand: ident.System()}).Open(ctx, other); err == nil {
			t.Error("the key of one account opened fields in the place of another")
		}
	})
}

// keptOfErased are the tables that go on naming an erased account by its identifier, and why.
var keptOfErased = map[string]string{
	"idp_bridge_ticket":      "one-time, purged within a day",
	"idp_bridge_token":       "of a session of a bridge; purged",
	"idp_cas_granting":       "of a session of a bridge; purged",
	"idp_cas_proxy_ticket":   "one-time, purged within a day",
	"idp_cas_ticket":         "one-time, purged within a day",
	"idp_upstream_intent":    "one-time; purged",
	"idp_account":            "the tombstone, so that the identifier is never given again",
	"idp_authorization_code": "one-time, purged within a day",
	"idp_consent_record":     "what was agreed to, without values: three years (PIPL 56)",
	"idp_correction":         "who decided; what it said is emptied",
	"idp_counter_act":        "what clerks did, without values",
	"idp_counter_visit":      "a quarter of an hour; emptied when it ends, purged",
	"idp_deletion":           "that and when it was done",
	"idp_grant":              "ended; purged with its session",
	"idp_hold":               "that it was held",
	"idp_import_origin":      "so that an import does not bring the person back; the document is emptied",
	"idp_proposal":           "who decided; what it said is emptied",
	"idp_reconcile_finding":  "result of a comparison, without values",
	"idp_release":            "who received what, without values: three years (PIPL 56)",
	"idp_session":            "ended, without device and address; purged",
}

// TestEveryTableOfAPersonIsErasedOrNamed: a new table that names accounts, or holds something sealed, must be decided about.
func TestEveryTableOfAPersonIsErasedOrNamed(t *testing.T) {
	source, err := os.ReadFile("erasure.go")
	must(t, err)
	_, erase, _ := strings.Cut(string(source), "func (s *Store) Erase(")
	erase, _, _ = strings.Cut(erase, "\n}\n")
	schema := map[string]string{}
	files, err := filepath.Glob("migrations/*.sql")
	must(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		for _, found := range regexp.MustCompile(`(?s)CREATE TABLE (\w+) \((.*?)\n\);`).FindAllStringSubmatch(string(text), -1) {
			schema[found[1]] = found[2]
		}
	}
	if len(schema) < 50 {
		t.Fatalf("only %d tables were found", len(schema))
	}
	// What is sealed and names no account: under the ring's key, for minutes or for as long as a session or a partner.
	// Accounts of staff are another realm: who is forgotten as a citizen goes on working.
	other := map[string]bool{"idp_staff": true, "idp_staff_credential": true, "idp_staff_link": true, "idp_step": true, "idp_dispute_message": true, "idp_cas_login": true, "idp_counter_reading": true, "idp_partner": true}
	for table, columns := range schema {
		names := strings.Contains(columns, "account_id ")
		if !names && !strings.Contains(columns, "sealed ") || other[table] {
			continue
		}
		kept := keptOfErased[table] != ""
		if erased := strings.Contains(erase, `"`+table+`"`) || strings.Contains(erase, "DELETE FROM "+table+" "); erased == kept {
			t.Errorf("%s: erased %v, kept %v; it must be one of the two", table, erased, kept)
		}
	}
}

// TestSealedOfAPersonDiesWithTheKey: everything that seals for an account uses the key of that account, however it came to be.
func TestSealedOfAPersonDiesWithTheKey(t *testing.T) {
	onEach(t, func(t *testing.T, db *sqldb.DB, s *idpdb.Store) {
		ctx := context.Background()
		w := idptest.NewWorld(t, s)
		registered, err := w.Accounts.Create(ctx, subject.Identifier{Kind: subject.Mobile, Value: "+8613800138021"})
		must(t, err)
		imported, err := w.Accounts.Prepare(ctx, []subject.Identifier{{Kind: subject.Mobile, Value: "+8613800138022"}}, "")
		must(t, err)
		linked, err := w.Accounts.NewAccount(ctx, &idp.Proven{IAL: 1, Method: "upstream", Source: "province", At: w.Clock.Now(), Name: "李四", Type: "citizen_id", Number: "110101199003070011"})
		must(t, err)
		child, proof, err := w.Accounts.Draft(ctx, "acc", idp.Proof{IAL: 1, Method: "register", Source: "test", At: w.Clock.Now()}, "王小明", "citizen_id", "110101201503070016")
		must(t, err)
		for name, sealed := range map[string]struct {
			account idp.Account
			keyID   string
		}{"registered": {registered, registered.Contacts[0].KeyID}, "imported": {imported, imported.Contacts[0].KeyID}, "linked": {linked, linked.Proofs[0].KeyID}, "child": {child, proof.KeyID}} {
			if sealed.account.DataKey.IsZero() || sealed.keyID != sealed.account.DataKey.ID {
				t.Errorf("%s: sealed under %q, the account has %q", name, sealed.keyID, sealed.account.DataKey.ID)
			}
		}
		_, err = w.Ways.BeginTOTP(ctx, registered.ID, "手机", "138")
		must(t, err)
		if n := counted(t, db, "SELECT COUNT(*) FROM idp_credential WHERE account_id = $1 AND key_id = $2", registered.ID, registered.DataKey.ID); n != 1 {
			t.Errorf("%d credentials are sealed under the key of the account", n)
		}
		if next, err := w.Accounts.Reseal(ctx, s, "", 10); err != nil || next != "" || counted(t, db, "SELECT COUNT(*) FROM audit_event WHERE type = 'account.resealed'") != 0 {
			t.Errorf("something was sealed under another key: %q, %v", next, err)
		}
	})
}
