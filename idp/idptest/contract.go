package idptest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// RunPeople is the contract of the stores of people. open gives a fresh, empty store.
func RunPeople(t *testing.T, open func(t testing.TB) Store) {
	for name, run := range map[string]func(*testing.T, Store){
		"accounts come back as stored":             accountsComeBack,
		"every change counts the version":          versions,
		"an identifier has one account":            oneAccount,
		"passwords":                                passwords,
		"A-30 an inactive account has no sessions": inactiveAccount,
		"a legal identity has one account":         oneIdentity,
		"identities in parallel":                   identitiesInParallel,
		"proofs by level":                          proofsByLevel,
		"a proof closes its case":                  proofClosesCase,
		"a case is closed once":                    caseClosedOnce,
		"cases":                                    cases,
		"a contact takes the place of another":     contactChanges,
		"A-02 a code dies after five tries":        codeDies,
		"A-03 a code works once":                   codeWorksOnce,
		"A-04 a code is bound":                     codeIsBound,
		"A-05 codes sent in parallel":              codesInParallel,
		"a new code ends the old one":              newCodeEndsOld,
		"codes end":                                codesEnd,
		"counters":                                 counters,
		"counters in parallel":                     countersInParallel,
		"sessions":                                 sessions,
		"parties":                                  parties,
		"a session ends once":                      sessionEndsOnce,
		"sessions by page":                         sessionsByPage,
		"inbox":                                    inbox,
		"credentials come back":                    credentialsComeBack,
		"credentials are bounded":                  credentialBounds,
		"A-03 A-12 a counter is used once":         credentialUsedOnce,
		"the last way stays":                       credentialRemoval,
		"recovery codes":                           recoveryCodes,
		"steps":                                    steps,
		"A-03 a question is answered once":         questionAnsweredOnce,
		"devices":                                  devices,
		"A-16 logins by QR code":                   qrLogins,
		"no audit, no change":                      noAuditNoChange,
		"what is not there":                        notThere,
	} {
		t.Run(name, func(t *testing.T) { run(t, open(t)) })
	}
}

var ctx = context.Background()

func record(kind string) audit.Record {
	return audit.With(audit.Event{Type: kind, At: Start, Actor: "system:test", ObjectType: "account", ObjectID: "x"})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// row is an account of store tests.
func row(n int) idp.Account {
	return idp.Account{ID: fmt.Sprintf("acc_%d", n), State: idp.AccountActive, CreatedAt: Start, UpdatedAt: Start,
		Contacts: []idp.Contact{{Kind: subject.Mobile, Lookup: []byte(fmt.Sprintf("lookup %d\x00\xff", n)), KeyID: "k", Sealed: []byte{0, byte(n)}}}}
}

func put(t testing.TB, s Store, n int) idp.Account {
	t.Helper()
	a := row(n)
	must(t, s.CreateAccount(ctx, a, record("account.registered")))
	return a
}

func same(t testing.TB, got, want any) {
	t.Helper()
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// versions: what is kept in memory of an account is trusted by its version.
func versions(t *testing.T, s Store) {
	a := put(t, s, 1)
	putSession(t, s, "sid_1", a.ID, Start)
	for i, step := range []struct {
		name   string
		change func() error
	}{
		{"password", func() error { return s.SetPassword(ctx, a.ID, "$one", Start, record("account.password_set")) }},
		{"hash", func() error { return s.ReplaceHash(ctx, a.ID, "$one", "$two", record("account.password_rehashed")) }},
		{"proof", func() error {
			return s.SaveProof(ctx, a.ID, proof("ev", 1, Start, "person"), record("proofing.granted"))
		}},
		{"state", func() error { return s.SetState(ctx, a.ID, idp.AccountActive, Start, record("account.active")) }},
	} {
		must(t, step.change())
		got, err := s.Account(ctx, a.ID)
		must(t, err)
		current, err := s.SessionByID(ctx, "sid_1")
		must(t, err)
		if want := int64(i + 2); got.Version != want || current.AccountVersion != want {
			t.Errorf("%s: version %d, session tells %d, want %d", step.name, got.Version, current.AccountVersion, want)
		}
	}
}

func accountsComeBack(t *testing.T, s Store) {
	a := row(1)
	a.PasswordHash, a.CredentialsAt = "$hash", Start.Add(time.Microsecond)
	must(t, s.CreateAccount(ctx, a, record("account.registered")))
	put(t, s, 2)
	for name, read := range map[string]func() (idp.Account, error){
		"id":         func() (idp.Account, error) { return s.Account(ctx, a.ID) },
		"identifier": func() (idp.Account, error) { return s.AccountByLookup(ctx, a.Contacts[0].Lookup) },
	} {
		got, err := read()
		if err != nil {
			t.Fatalf("by %s: %v", name, err)
		}
		a.Version = 1
		same(t, got, a)
	}
}

func oneAccount(t *testing.T, s Store) {
	var made atomic.Int32
	var group sync.WaitGroup
	for i := range 10 {
		group.Go(func() {
			a := row(i)
			a.Contacts[0].Lookup = []byte("the same")
			switch err := s.CreateAccount(ctx, a, record("account.registered")); {
			case err == nil:
				made.Add(1)
			case !errors.Is(err, idp.ErrTaken):
				t.Errorf("create: %v", err)
			}
		})
	}
	group.Wait()
	if made.Load() != 1 {
		t.Errorf("%d accounts for one identifier", made.Load())
	}
	holder, err := s.AccountByLookup(ctx, []byte("the same"))
	must(t, err)
	for i := range 10 {
		if id := row(i).ID; id != holder.ID {
			if _, err := s.Account(ctx, id); !errors.Is(err, idp.ErrNotFound) {
				t.Errorf("a refused account was stored: %v", err)
			}
		}
	}
}

func passwords(t *testing.T, s Store) {
	a := put(t, s, 1)
	later := Start.Add(time.Hour)
	must(t, s.SetPassword(ctx, a.ID, "$one", later, record("account.password_set")))
	must(t, s.ReplaceHash(ctx, a.ID, "$one", "$two", record("account.password_rehashed")))
	got, err := s.Account(ctx, a.ID)
	must(t, err)
	if got.PasswordHash != "$two" || !got.CredentialsAt.Equal(later) || !got.UpdatedAt.Equal(later) {
		t.Errorf("a new cost is no new password: %+v", got)
	}
	if err := s.ReplaceHash(ctx, a.ID, "$one", "$three", record("account.password_rehashed")); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("the hash of an older password was put back: %v", err)
	}
	if got, _ = s.Account(ctx, a.ID); got.PasswordHash != "$two" || !got.RecoveredAt.IsZero() {
		t.Errorf("hash %s, recovered %s", got.PasswordHash, got.RecoveredAt)
	}
	for _, at := range []time.Time{later.Add(time.Hour), later} { // a clock that was set back shortens nothing
		must(t, s.RecoverPassword(ctx, a.ID, "$four", at, record("account.recovered")))
	}
	if got, _ = s.Account(ctx, a.ID); got.PasswordHash != "$four" || !got.RecoveredAt.Equal(later.Add(time.Hour)) || !got.CredentialsAt.Equal(later.Add(time.Hour)) {
		t.Errorf("recovered: %+v", got)
	}
	for _, at := range []time.Time{later.Add(2 * time.Hour), later} {
		must(t, s.NoteRecovery(ctx, a.ID, at, record("account.let_in")))
	}
	if got, _ = s.Account(ctx, a.ID); got.PasswordHash != "$four" || !got.RecoveredAt.Equal(later.Add(2*time.Hour)) || !got.CredentialsAt.Equal(later.Add(time.Hour)) {
		t.Errorf("let in: %+v", got)
	}
}

func contactOf(kind subject.IdentifierKind, lookup string) idp.Contact {
	return idp.Contact{Kind: kind, Lookup: []byte(lookup), KeyID: "k", Sealed: []byte("sealed " + lookup)}
}

// contactChanges: one row goes and one comes, or nothing happens; what took a place rests the account, and a first one of its kind does not.
func contactChanges(t *testing.T, s Store) {
	a, other := put(t, s, 1), put(t, s, 2)
	old, at := a.Contacts[0], Start.Add(time.Hour)
	address := contactOf(subject.Email, "address")
	must(t, s.ChangeContact(ctx, a.ID, nil, address, at, record("account.contact_changed")))
	if got, err := s.Account(ctx, a.ID); err != nil || len(got.Contacts) != 2 || !got.RecoveredAt.IsZero() || got.Version != 2 {
		t.Fatalf("%v %+v", err, got)
	}
	for name, c := range map[string]struct {
		replaced []byte
		contact  idp.Contact
		want     error
	}{
		"a second first one":         {nil, contactOf(subject.Email, "address 2"), idp.ErrConflict},
		"in the place of a stranger": {other.Contacts[0].Lookup, contactOf(old.Kind, "n1"), idp.ErrConflict},
		"in the place of nothing":    {[]byte("nothing"), contactOf(old.Kind, "n2"), idp.ErrConflict},
		"somebody else's":            {old.Lookup, contactOf(old.Kind, string(other.Contacts[0].Lookup)), idp.ErrTaken},
	} {
		if err := s.ChangeContact(ctx, a.ID, c.replaced, c.contact, at, record("account.contact_changed")); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	must(t, s.ChangeContact(ctx, a.ID, old.Lookup, contactOf(old.Kind, "number"), at, record("account.contact_changed")))
	if got, err := s.Account(ctx, a.ID); err != nil || len(got.Contacts) != 2 || !got.RecoveredAt.Equal(at) || got.Version != 3 {
		t.Errorf("%v %+v", err, got)
	}
	if _, err := s.AccountByLookup(ctx, old.Lookup); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("the old contact still leads to an account: %v", err)
	}
	if got, err := s.AccountByLookup(ctx, []byte("number")); err != nil || got.ID != a.ID {
		t.Errorf("%v %s", err, got.ID)
	}
	if err := s.ChangeContact(ctx, a.ID, old.Lookup, contactOf(old.Kind, "n3"), at, record("account.contact_changed")); !errors.Is(err, idp.ErrConflict) {
		t.Errorf("a change made twice: %v", err)
	}
	must(t, s.SetState(ctx, other.ID, idp.AccountSuspended, at, record("account.suspended")))
	if err := s.ChangeContact(ctx, other.ID, other.Contacts[0].Lookup, contactOf(old.Kind, "n4"), at, record("account.contact_changed")); !errors.Is(err, idp.ErrConflict) {
		t.Errorf("a suspended account: %v", err)
	}
	results := make(chan error, 8)
	for i := range cap(results) {
		go func() {
			results <- s.ChangeContact(ctx, a.ID, []byte("number"), contactOf(old.Kind, fmt.Sprint("parallel ", i)), at, record("account.contact_changed"))
		}()
	}
	made := 0
	for range cap(results) {
		if err := <-results; err == nil {
			made++
		} else if !errors.Is(err, idp.ErrConflict) {
			t.Error(err)
		}
	}
	if made != 1 {
		t.Errorf("%d of eight changes at once were made", made)
	}
}

func inactiveAccount(t *testing.T, s Store) {
	for n, state := range []idp.AccountState{idp.AccountSuspended, idp.AccountClosed} {
		a, other := put(t, s, 2*n), put(t, s, 2*n+1)
		putSession(t, s, "sid_"+a.ID, a.ID, Start)
		putSession(t, s, "sid_"+other.ID, other.ID, Start)
		must(t, s.SetState(ctx, a.ID, state, Start.Add(time.Minute), record("account."+string(state))))
		got, err := s.Account(ctx, a.ID)
		must(t, err)
		if got.State != state || !got.UpdatedAt.Equal(Start.Add(time.Minute)) {
			t.Errorf("%+v", got)
		}
		if _, err := s.Session(ctx, []byte("hash of sid_"+a.ID)); !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("%s: the session lives on: %v", state, err)
		}
		if _, err := s.Session(ctx, []byte("hash of sid_"+other.ID)); err != nil {
			t.Errorf("%s: the session of another ended: %v", state, err)
		}
	}
	closed := put(t, s, 8)
	must(t, s.SetState(ctx, closed.ID, idp.AccountClosed, Start, record("account.closed")))
	must(t, s.SetState(ctx, closed.ID, idp.AccountClosed, Start, record("account.closed")))
	for _, state := range []idp.AccountState{idp.AccountActive, idp.AccountSuspended} {
		if err := s.SetState(ctx, closed.ID, state, Start, record("account."+string(state))); !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("a closed account became %s: %v", state, err)
		}
	}
	a := put(t, s, 9)
	putSession(t, s, "sid_9", a.ID, Start)
	must(t, s.SetState(ctx, a.ID, idp.AccountActive, Start, record("account.active")))
	if _, err := s.Session(ctx, []byte("hash of sid_9")); err != nil {
		t.Errorf("an active account lost its session: %v", err)
	}
}

func proof(id string, ial int, at time.Time, lookup string) idp.Proof {
	return idp.Proof{ID: id, IAL: subject.IAL(ial), Method: "id_card", Source: "register", At: at, Until: at.Add(time.Hour), Lookup: []byte(lookup), KeyID: "k", Sealed: []byte{1}, Evidence: "digest"}
}

func oneIdentity(t *testing.T, s Store) {
	a, b := put(t, s, 1), put(t, s, 2)
	must(t, s.SaveProof(ctx, a.ID, proof("ev_1", 1, Start, "person"), record("proofing.granted")))
	if err := s.SaveProof(ctx, b.ID, proof("ev_2", 1, Start, "person"), record("proofing.granted")); !errors.Is(err, idp.ErrBound) {
		t.Errorf("A-24 another account took the identity: %v", err)
	}
	if err := s.SaveProof(ctx, a.ID, proof("ev_3", 1, Start, "another person"), record("proofing.granted")); !errors.Is(err, idp.ErrBound) {
		t.Errorf("the account became another person: %v", err)
	}
	must(t, s.SaveProof(ctx, a.ID, proof("ev_4", 2, Start, "person"), record("proofing.granted")))
	if id, err := s.AccountByIdentity(ctx, []byte("person")); err != nil || id != a.ID {
		t.Errorf("%s %v", id, err)
	}
	if _, err := s.AccountByIdentity(ctx, []byte("another person")); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("a refused identity was bound: %v", err)
	}
	if got, _ := s.Account(ctx, b.ID); len(got.Proofs) != 0 {
		t.Errorf("a refused proof was stored: %+v", got.Proofs)
	}
}

func identitiesInParallel(t *testing.T, s Store) {
	for i := range 8 {
		put(t, s, i)
	}
	var bound atomic.Int32
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			switch err := s.SaveProof(ctx, row(i).ID, proof(fmt.Sprint("ev_", i), 1, Start, "person"), record("proofing.granted")); {
			case err == nil:
				bound.Add(1)
			case !errors.Is(err, idp.ErrBound):
				t.Errorf("bind: %v", err)
			}
		})
	}
	group.Wait()
	if bound.Load() != 1 {
		t.Errorf("%d accounts for one person", bound.Load())
	}
}

func proofsByLevel(t *testing.T, s Store) {
	a := put(t, s, 1)
	endless := proof("ev_1", 1, Start.Add(3*time.Hour), "person")
	endless.Until = time.Time{}
	for _, p := range []idp.Proof{proof("ev_3", 1, Start, "person"), endless, proof("ev_2", 2, Start, "person"), proof("ev_9", 2, Start.Add(time.Minute), "person"), proof("ev_0", 2, Start.Add(time.Minute), "person")} {
		must(t, s.SaveProof(ctx, a.ID, p, record("proofing.granted")))
	}
	got, err := s.Account(ctx, a.ID)
	must(t, err)
	if len(got.Proofs) != 2 || got.Proofs[0].ID != "ev_9" || got.Proofs[1].ID != "ev_1" || !got.Proofs[1].Until.IsZero() {
		t.Fatalf("proofs %+v", got.Proofs)
	}
	if p := got.InForce(Start.Add(30 * time.Minute)); p == nil || p.IAL != 2 {
		t.Errorf("in force: %+v", p)
	}
	if p := got.InForce(Start.Add(time.Hour + time.Minute)); p == nil || p.IAL != 1 {
		t.Errorf("a level that decays leaves the one below: %+v", p)
	}
	want := proof("ev_9", 2, Start.Add(time.Minute), "")
	want.Lookup = nil
	same(t, got.Proofs[0], want)
}

func oneCase(id, account string) proofing.Case {
	return proofing.Case{ID: id, AccountID: account, State: proofing.SourceCheck, Method: "id_card", Wanted: 1, KeyID: "k", Sealed: []byte("sealed\x00"), CreatedAt: Start}
}

func proofClosesCase(t *testing.T, s Store) {
	a, b := put(t, s, 1), put(t, s, 2)
	for _, state := range []proofing.State{proofing.SourceCheck, proofing.Waiting} {
		id := "case_" + string(state)
		must(t, s.PutCase(ctx, oneCase(id, a.ID), nil, record("proofing.submitted")))
		if state == proofing.Waiting {
			must(t, s.SetCaseState(ctx, id, proofing.SourceCheck, proofing.Waiting, record("proofing.waiting")))
		}
		p := proof("ev_"+id, 1, Start, "person")
		p.Case = id
		must(t, s.SaveProof(ctx, a.ID, p, record("proofing.granted")))
		got, err := s.Case(ctx, id)
		must(t, err)
		if got.State != proofing.Granted || len(got.Sealed) != 0 {
			t.Errorf("%s: the case is %s and keeps %q", state, got.State, got.Sealed)
		}
		p.ID = "ev_again_" + id
		if err := s.SaveProof(ctx, a.ID, p, record("proofing.granted")); !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("%s: a closed case gave a second proof: %v", state, err)
		}
	}
	must(t, s.PutCase(ctx, oneCase("case_of_b", b.ID), nil, record("proofing.submitted")))
	p := proof("ev_x", 2, Start, "person")
	p.Case = "case_of_b"
	if err := s.SaveProof(ctx, a.ID, p, record("proofing.granted")); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("the case of another account was used: %v", err)
	}
	if got, _ := s.Account(ctx, a.ID); len(got.Proofs) != 1 || got.Proofs[0].IAL != 1 {
		t.Errorf("a refused proof was stored: %+v", got.Proofs)
	}
}

func caseClosedOnce(t *testing.T, s Store) {
	a := put(t, s, 1)
	must(t, s.PutCase(ctx, oneCase("case_1", a.ID), nil, record("proofing.submitted")))
	var granted, refused atomic.Int32
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			p := proof(fmt.Sprint("ev_", i), 1, Start, "person")
			p.Case = "case_1"
			switch err := s.SaveProof(ctx, a.ID, p, record("proofing.granted")); {
			case err == nil:
				granted.Add(1)
			case !errors.Is(err, idp.ErrNotFound) && !errors.Is(err, idp.ErrBound):
				t.Errorf("grant: %v", err)
			}
		})
		group.Go(func() {
			if s.SetCaseState(ctx, "case_1", proofing.SourceCheck, proofing.Rejected, record("proofing.mismatch")) == nil {
				refused.Add(1)
			}
		})
	}
	group.Wait()
	if granted.Load()+refused.Load() != 1 {
		t.Errorf("granted %d times, refused %d times", granted.Load(), refused.Load())
	}
}

func cases(t *testing.T, s Store) {
	a := put(t, s, 1)
	c := oneCase("case_1", a.ID)
	must(t, s.PutCase(ctx, c, nil, record("proofing.submitted")))
	got, err := s.Case(ctx, c.ID)
	must(t, err)
	same(t, got, c)
	must(t, s.SetCaseState(ctx, c.ID, proofing.SourceCheck, proofing.Waiting, record("proofing.waiting")))
	if got, _ = s.Case(ctx, c.ID); got.State != proofing.Waiting || !bytes.Equal(got.Sealed, c.Sealed) {
		t.Errorf("waiting: %+v", got)
	}
	if err := s.SetCaseState(ctx, c.ID, proofing.SourceCheck, proofing.Rejected, record("proofing.mismatch")); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("a case was moved from a state that it is not in: %v", err)
	}
	must(t, s.SetCaseState(ctx, c.ID, proofing.Waiting, proofing.Rejected, record("proofing.mismatch")))
	if got, _ = s.Case(ctx, c.ID); got.State != proofing.Rejected || len(got.Sealed) != 0 {
		t.Errorf("a closed case keeps what was submitted: %+v", got)
	}
}

var noLimits []authn.Limit

func challenge(id, to string) authn.Challenge {
	return authn.Challenge{ID: id, Lookup: []byte(to), Purpose: authn.PurposeLogin, Browser: []byte("browser"), CodeMAC: []byte("right"), ExpiresAt: Start.Add(authn.CodeLife)}
}

func try(t testing.TB, s Store, id, to, mac string, at time.Time) authn.Outcome {
	t.Helper()
	outcome, err := s.TryCode(ctx, id, []byte(to), authn.PurposeLogin, []byte("browser"), []byte(mac), at)
	must(t, err)
	return outcome
}

func codeDies(t *testing.T, s Store) {
	must(t, s.PutCode(ctx, challenge("otp_1", "a"), noLimits, Start, record("code.sent")))
	var wrong atomic.Int32
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() {
			if outcome, err := s.TryCode(ctx, "otp_1", []byte("a"), authn.PurposeLogin, []byte("browser"), []byte("wrong"), Start); err == nil && outcome == authn.Wrong {
				wrong.Add(1)
			}
		})
	}
	group.Wait()
	if wrong.Load() != authn.CodeTries {
		t.Errorf("%d of 100 tries were evaluated", wrong.Load())
	}
	if got := try(t, s, "otp_1", "a", "right", Start); got != authn.Dead {
		t.Errorf("the right code after too many tries: %d", got)
	}
}

func codeWorksOnce(t *testing.T, s Store) {
	must(t, s.PutCode(ctx, challenge("otp_1", "a"), noLimits, Start, record("code.sent")))
	var right atomic.Int32
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if outcome, err := s.TryCode(ctx, "otp_1", []byte("a"), authn.PurposeLogin, []byte("browser"), []byte("right"), Start); err == nil && outcome == authn.Right {
				right.Add(1)
			}
		})
	}
	group.Wait()
	if right.Load() != 1 {
		t.Errorf("the code worked %d times", right.Load())
	}
}

func codeIsBound(t *testing.T, s Store) {
	must(t, s.PutCode(ctx, challenge("otp_1", "a"), noLimits, Start, record("code.sent")))
	for name, call := range map[string]func() (authn.Outcome, error){
		"another recipient": func() (authn.Outcome, error) {
			return s.TryCode(ctx, "otp_1", []byte("b"), authn.PurposeLogin, []byte("browser"), []byte("right"), Start)
		},
		"another purpose": func() (authn.Outcome, error) {
			return s.TryCode(ctx, "otp_1", []byte("a"), authn.PurposeRegister, []byte("browser"), []byte("right"), Start)
		},
		"another browser": func() (authn.Outcome, error) {
			return s.TryCode(ctx, "otp_1", []byte("a"), authn.PurposeLogin, []byte("thief"), []byte("right"), Start)
		},
		"another challenge": func() (authn.Outcome, error) {
			return s.TryCode(ctx, "otp_2", []byte("a"), authn.PurposeLogin, []byte("browser"), []byte("right"), Start)
		},
	} {
		for range authn.CodeTries { // strangers do not use up the owner's tries
			if outcome, err := call(); err != nil || outcome != authn.Dead {
				t.Errorf("%s: %d %v", name, outcome, err)
			}
		}
	}
	if got := try(t, s, "otp_1", "a", "right", Start); got != authn.Right {
		t.Errorf("the owner: %d", got)
	}
}

func codesInParallel(t *testing.T, s Store) {
	limits := []authn.Limit{{N: 1, Span: time.Minute}, {N: 2, Span: time.Hour}}
	send := func(at time.Time) int32 {
		var sent atomic.Int32
		var group sync.WaitGroup
		for i := range 20 {
			group.Go(func() {
				c := challenge(fmt.Sprint("otp_", at.Unix(), "_", i), "a")
				switch err := s.PutCode(ctx, c, limits, at, record("code.sent")); {
				case err == nil:
					sent.Add(1)
				case !errors.Is(err, authn.ErrTooOften):
					t.Errorf("send: %v", err)
				}
			})
		}
		group.Wait()
		return sent.Load()
	}
	for i, want := range []int32{1, 1, 0} {
		if got := send(Start.Add(time.Duration(i) * 61 * time.Second)); got != want {
			t.Errorf("minute %d: %d codes were sent, want %d", i, got, want)
		}
	}
	if got := send(Start.Add(2 * time.Hour)); got != 1 {
		t.Errorf("an hour later: %d", got)
	}
	if err := s.PutCode(ctx, challenge("otp_b", "b"), limits, Start, record("code.sent")); err != nil {
		t.Errorf("another recipient: %v", err)
	}
}

func newCodeEndsOld(t *testing.T, s Store) {
	must(t, s.PutCode(ctx, challenge("otp_1", "a"), noLimits, Start, record("code.sent")))
	must(t, s.PutCode(ctx, challenge("otp_b", "b"), noLimits, Start, record("code.sent")))
	register := challenge("otp_r", "a")
	register.Purpose = authn.PurposeRegister
	must(t, s.PutCode(ctx, register, noLimits, Start, record("code.sent")))
	must(t, s.PutCode(ctx, challenge("otp_2", "a"), noLimits, Start, record("code.sent")))
	if got := try(t, s, "otp_1", "a", "right", Start); got != authn.Dead {
		t.Errorf("the older code: %d", got)
	}
	if got := try(t, s, "otp_2", "a", "right", Start); got != authn.Right {
		t.Errorf("the newer code: %d", got)
	}
	if got := try(t, s, "otp_b", "b", "right", Start); got != authn.Right {
		t.Errorf("the code of another: %d", got)
	}
	if outcome, err := s.TryCode(ctx, "otp_r", []byte("a"), authn.PurposeRegister, []byte("browser"), []byte("right"), Start); err != nil || outcome != authn.Right {
		t.Errorf("the code of another purpose: %d %v", outcome, err)
	}
}

func codesEnd(t *testing.T, s Store) {
	must(t, s.PutCode(ctx, challenge("otp_1", "a"), noLimits, Start, record("code.sent")))
	if got := try(t, s, "otp_1", "a", "right", Start.Add(authn.CodeLife)); got != authn.Dead {
		t.Errorf("at its end: %d", got)
	}
	if got := try(t, s, "otp_1", "a", "right", Start.Add(authn.CodeLife-time.Microsecond)); got != authn.Right {
		t.Errorf("just before its end: %d", got)
	}
}

func noAuditNoChange(t *testing.T, s Store) {
	a := put(t, s, 1)
	must(t, s.PutCase(ctx, oneCase("case_1", a.ID), nil, record("proofing.submitted")))
	putSession(t, s, "sid_1", a.ID, Start)
	empty := audit.Record{}
	for name, err := range map[string]error{
		"create account": s.CreateAccount(ctx, row(2), empty),
		"set password":   s.SetPassword(ctx, a.ID, "$x", Start, empty),
		"recover":        s.RecoverPassword(ctx, a.ID, "$x", Start, empty),
		"let in":         s.NoteRecovery(ctx, a.ID, Start, empty),
		"contact":        s.ChangeContact(ctx, a.ID, a.Contacts[0].Lookup, contactOf(subject.Mobile, "new"), Start, empty),
		"replace hash":   s.ReplaceHash(ctx, a.ID, "", "$x", empty),
		"set state":      s.SetState(ctx, a.ID, idp.AccountClosed, Start, empty),
		"save proof":     s.SaveProof(ctx, a.ID, proof("ev", 1, Start, "person"), empty),
		"put code":       s.PutCode(ctx, challenge("otp_1", "a"), noLimits, Start, empty),
		"put case":       s.PutCase(ctx, oneCase("case_2", a.ID), nil, empty),
		"put session":    s.PutSession(ctx, []byte("h"), sessionRow("sid_2", a.ID, Start), empty),
		"end session":    s.EndSession(ctx, "sid_1", Start, empty),
		"note":           s.Note(ctx, empty),
	} {
		if err == nil {
			t.Errorf("%s was stored without an audit event", name)
		}
	}
	got, err := s.Account(ctx, a.ID)
	must(t, err)
	a.Version = 1
	same(t, got, a)
	if _, err := s.Session(ctx, []byte("hash of sid_1")); err != nil {
		t.Errorf("the session ended: %v", err)
	}
	if _, err := s.Case(ctx, "case_2"); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("the case was stored: %v", err)
	}
	if got := try(t, s, "otp_1", "a", "right", Start); got != authn.Dead {
		t.Errorf("the code was stored: %d", got)
	}
}

func notThere(t *testing.T, s Store) {
	_, account := s.Account(ctx, "acc_none")
	_, lookup := s.AccountByLookup(ctx, []byte("none"))
	_, identity := s.AccountByIdentity(ctx, []byte("none"))
	_, proofingCase := s.Case(ctx, "case_none")
	_, live := s.Session(ctx, []byte("none"))
	for name, err := range map[string]error{
		"account": account, "identifier": lookup, "identity": identity, "case": proofingCase, "session": live,
		"set password": s.SetPassword(ctx, "acc_none", "$x", Start, record("x")),
		"recover":      s.RecoverPassword(ctx, "acc_none", "$x", Start, record("x")),
		"let in":       s.NoteRecovery(ctx, "acc_none", Start, record("x")),
		"replace hash": s.ReplaceHash(ctx, "acc_none", "", "$x", record("x")),
		"set state":    s.SetState(ctx, "acc_none", idp.AccountClosed, Start, record("x")),
		"move case":    s.SetCaseState(ctx, "case_none", proofing.SourceCheck, proofing.Waiting, record("x")),
		"end session":  s.EndSession(ctx, "sid_none", Start, record("x")),
	} {
		if !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := try(t, s, "otp_none", "a", "right", Start); got != authn.Dead {
		t.Errorf("unknown code: %d", got)
	}
	if parties, err := s.Parties(ctx, "sid_none"); err != nil || len(parties) != 0 {
		t.Errorf("parties of no session: %v %v", parties, err)
	}
}
