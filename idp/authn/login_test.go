package authn_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

const (
	number = "13800138000"
	right  = "Correct-horse-9"
	wrong  = "wrong-password"
	home   = "192.0.2.1"
)

func TestLoginSaysWhoAndHow(t *testing.T) {
	twin := idptest.NewTwin()
	w := idptest.NewWorld(t, twin)
	a := w.Account(t, number, right)
	for _, spelling := range []string{number, "+86" + number, "0086 138 0013 8000", "138-0013-8000", "１３８００１３８０００", " 13800138000 "} {
		login, err := w.Login.Login(context.Background(), spelling, right, home)
		if err != nil || login.AccountID != a.ID || login.AAL != 1 || !slices.Equal(login.Methods, []string{"pwd"}) || !login.At.Equal(idptest.Start) {
			t.Errorf("%q: %+v %v", spelling, login, err)
		}
	}
}

// The number of every document that tells its holder by itself is a name to sign in with, in all its spellings. What several people may hold,
// as numbers of passports, is not, and a number that is of two accounts is that of nobody.
func TestLoginByTheNumberOfADocument(t *testing.T) {
	for kind, c := range map[string]struct {
		who       idp.Identity
		spellings []string
	}{
		"identity card":    {idp.Identity{Type: subject.CitizenID, Number: "110101199003072316"}, []string{"110101199003072316", " 110101 19900307 2316 ", "１１０１０１１９９００３０７２３１６"}},
		"permit":           {idp.Identity{Type: subject.HKMacaoPermit, Number: "H1234567801"}, []string{"H1234567801", "h12345678", "H1234567802"}},
		"Taiwan permit":    {idp.Identity{Type: subject.TaiwanPermit, Number: "12345678"}, []string{"12345678", "１２３４５６７８"}},
		"residence permit": {idp.Identity{Type: subject.HMTResidencePermit, Number: "810000199408230021"}, []string{"810000199408230021"}},
	} {
		t.Run(kind, func(t *testing.T) {
			w := idptest.NewWorld(t, idptest.NewTwin())
			ctx := context.Background()
			a := w.Account(t, number, right)
			c.who.Name = "张伟"
			if err := w.Accounts.ProveIdentity(ctx, a.ID, idp.Proof{IAL: 2, Method: "document", Source: "s", At: w.Clock.Now(), Evidence: "e"}, c.who); err != nil {
				t.Fatal(err)
			}
			for _, spelling := range c.spellings {
				if login, err := w.Login.Login(ctx, spelling, right, home); err != nil || login.AccountID != a.ID {
					t.Errorf("%q: %+v %v", spelling, login, err)
				}
			}
			for range authn.LoginTries {
				if _, err := w.Login.Login(ctx, c.spellings[0], wrong, home); fault.CodeOf(err) != fault.LoginFailed {
					t.Fatalf("%v", err)
				}
			}
			for _, spelling := range c.spellings { // another issue of a permit is no way round the counter
				if _, err := w.Login.Login(ctx, spelling, right, home); fault.CodeOf(err) != fault.LoginLocked {
					t.Errorf("%q: %v", spelling, err)
				}
			}
		})
	}
	w := idptest.NewWorld(t, idptest.NewTwin())
	ctx := context.Background()
	a := w.Account(t, number, right)
	if err := w.Accounts.ProveIdentity(ctx, a.ID, idp.Proof{IAL: 2, Method: "document", Source: "s", At: w.Clock.Now(), Evidence: "e"}, idp.Identity{Type: subject.Passport, Number: "L898902C3", Nationality: "GBR", Name: "ANNA"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Login.Login(ctx, "L898902C3", right, home); fault.CodeOf(err) != fault.LoginFailed {
		t.Errorf("a passport: %v", err)
	}
}

func TestA01WrongUnknownAndPasswordlessAreAnsweredAlike(t *testing.T) {
	twin := idptest.NewTwin()
	w := idptest.NewWorld(t, twin)
	w.Account(t, number, right)
	w.Account(t, "13800138001", "")
	suspended := w.Account(t, "13800138002", right)
	if err := w.Accounts.SetState(context.Background(), suspended.ID, idp.AccountSuspended, "test"); err != nil {
		t.Fatal(err)
	}
	closed := w.Account(t, "13800138003", right)
	if err := w.Accounts.SetState(context.Background(), closed.ID, idp.AccountClosed, "test"); err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string][2]string{
		"wrong password": {number, wrong}, "no password": {"13800138001", wrong}, "suspended": {"13800138002", right}, "closed": {"13800138003", right},
		"unknown number": {"13800138009", right}, "unknown address": {"nobody@example.gov.cn", right}, "no identifier": {"哪吒", right}, "empty": {"", ""},
		"too long a password": {"13800138004", string(make([]byte, 4096))},
	} {
		_, err := w.Login.Login(context.Background(), try[0], try[1], home)
		f := fault.From(err)
		if f == nil || f.Code != fault.LoginFailed || f.Params["n"] != fmt.Sprint(authn.LoginTries-1) || f.RetryAfter != 0 || len(f.Fields) != 0 {
			t.Errorf("%s: %+v", name, f)
		}
	}
	refused := 0
	for _, r := range twin.Records() {
		for _, e := range r.Events {
			if e.Type == "login.failed" && e.Result == audit.Refused {
				refused++
			}
		}
	}
	if refused != 9 {
		t.Errorf("%d of 9 refusals are on record", refused)
	}
}

func TestA02TriesInParallelAllCount(t *testing.T) {
	w := idptest.NewWorld(t, idptest.NewTwin())
	w.Account(t, number, right)
	var evaluated, locked atomic.Int32
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() {
			_, err := w.Login.Login(context.Background(), number, wrong, home)
			switch fault.CodeOf(err) {
			case fault.LoginFailed:
				evaluated.Add(1)
			case fault.LoginLocked:
				locked.Add(1)
			default:
				t.Errorf("%v", err)
			}
		})
	}
	group.Wait()
	if evaluated.Load() != authn.LoginTries || locked.Load() != 100-authn.LoginTries {
		t.Errorf("%d evaluated, %d locked", evaluated.Load(), locked.Load())
	}
}

// TestA07LockOut: the password is closed to everybody, the right one too, for a while that further tries do not make
// longer; a code still signs the victim in.
func TestA07LockOut(t *testing.T) {
	w := idptest.NewWorld(t, idptest.NewTwin())
	w.Account(t, number, right)
	ctx := context.Background()
	for range authn.LoginTries {
		if _, err := w.Login.Login(ctx, number, wrong, home); fault.CodeOf(err) != fault.LoginFailed {
			t.Fatal(err)
		}
	}
	for range 50 {
		w.Clock.Advance(10 * time.Second)
		if _, err := w.Login.Login(ctx, number, right, "198.51.100.1"); fault.CodeOf(err) != fault.LoginLocked || fault.From(err).RetryAfter != int(authn.LoginSpan/time.Second) {
			t.Fatalf("locked: %v", err)
		}
	}
	challenge, err := w.Codes.Send(ctx, idptest.Identifier(t, number), authn.PurposeLogin, "browser", "zh-CN", w.Encode)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Codes.Check(ctx, challenge, idptest.Identifier(t, number), authn.PurposeLogin, "browser", w.Code(t, "+86"+number)); err != nil {
		t.Errorf("the victim's code: %v", err)
	}
	w.Clock.Advance(authn.LoginSpan - 500*time.Second)
	if _, err := w.Login.Login(ctx, number, right, home); err != nil {
		t.Errorf("after the span: %v", err)
	}
}

func TestA07OnlyTheVictimIsLocked(t *testing.T) {
	w := idptest.NewWorld(t, idptest.NewTwin())
	w.Account(t, number, right)
	w.Account(t, "13800138001", right)
	for range authn.LoginTries + 1 {
		w.Login.Login(context.Background(), number, wrong, home)
	}
	if _, err := w.Login.Login(context.Background(), "13800138001", right, home); err != nil {
		t.Errorf("another account: %v", err)
	}
}

func TestRightPasswordClearsTheCounter(t *testing.T) {
	w := idptest.NewWorld(t, idptest.NewTwin())
	w.Account(t, number, right)
	for range 3 {
		for range authn.LoginTries - 1 {
			w.Login.Login(context.Background(), number, wrong, home)
		}
		if _, err := w.Login.Login(context.Background(), number, right, home); err != nil {
			t.Fatal(err)
		}
	}
}

func TestA08EverySpellingHasOneCounter(t *testing.T) {
	for name, spellings := range map[string][]string{
		"number":     {"13800138000", "+8613800138000", "008613800138000", "138 0013 8000", "138-0013-8000", "１３８００１３８０００", "(138)00138000", "138\u200b00138000"},
		"address":    {"li@example.gov.cn", "LI@example.gov.cn", " li@EXAMPLE.gov.cn", "ｌｉ@example.gov.cn", "li@example.gov.cn\u200b"},
		"no account": {"13900139000", "+8613900139000", "139 0013 9000"},
	} {
		t.Run(name, func(t *testing.T) {
			w := idptest.NewWorld(t, idptest.NewTwin())
			if name != "no account" {
				w.Account(t, spellings[0], right)
			}
			for i := range authn.LoginTries {
				if _, err := w.Login.Login(context.Background(), spellings[i%len(spellings)], wrong, fmt.Sprint("192.0.2.", i)); fault.CodeOf(err) != fault.LoginFailed {
					t.Fatalf("try %d: %v", i, err)
				}
			}
			for _, spelling := range spellings {
				if _, err := w.Login.Login(context.Background(), spelling, right, home); fault.CodeOf(err) != fault.LoginLocked {
					t.Errorf("%q has a counter of its own: %v", spelling, err)
				}
			}
		})
	}
}

func TestA06OneSourceIsBoundedOverAllAccounts(t *testing.T) {
	w := idptest.NewWorld(t, idptest.NewTwin())
	w.Account(t, number, right)
	for i := range authn.SourceTries {
		if _, err := w.Login.Login(context.Background(), fmt.Sprintf("139%08d", i), fmt.Sprint(wrong, i), home); fault.CodeOf(err) != fault.LoginFailed {
			t.Fatalf("try %d: %v", i, err)
		}
	}
	if _, err := w.Login.Login(context.Background(), number, right, home); fault.CodeOf(err) != fault.LoginLocked {
		t.Errorf("the source goes on: %v", err)
	}
	if _, err := w.Login.Login(context.Background(), number, right, "198.51.100.7"); err != nil {
		t.Errorf("another source: %v", err)
	}
	// Right passwords do not count: an office behind one address signs in all day.
	for range authn.SourceTries + 10 {
		if _, err := w.Login.Login(context.Background(), number, right, "203.0.113.5"); err != nil {
			t.Fatal(err)
		}
	}
}

// TestA06OnePasswordIsBoundedOverAllAccountsAndSources: whoever sprays one word from many addresses over many names is stopped with it, and with
// no other word; right ones do not count, and the counter holds too little of the word to tell it.
func TestA06OnePasswordIsBoundedOverAllAccountsAndSources(t *testing.T) {
	twin := idptest.NewTwin()
	store := &idptest.Faulty{Store: twin}
	w := idptest.NewWorld(t, store)
	w.Account(t, number, right)
	w.Account(t, "13800138999", "Another-horse-8")
	try := func(n int, name, password string) error {
		_, err := w.Login.Login(context.Background(), name, password, fmt.Sprintf("198.51.%d.%d", n/200, n%200))
		return err
	}
	for n := range authn.PasswordTries + 20 {
		if err := try(n, number, right); err != nil {
			t.Fatalf("a right password counts: %v", err)
		}
	}
	for n := range authn.PasswordTries {
		if err := try(n, fmt.Sprintf("139%08d", n), right); fault.CodeOf(err) != fault.LoginFailed {
			t.Fatalf("try %d: %v", n, err)
		}
	}
	if err := try(999, number, right); fault.CodeOf(err) != fault.LoginLocked {
		t.Errorf("the sprayed word goes on: %v", err)
	}
	if err := try(999, "13800138999", "Another-horse-8"); err != nil {
		t.Errorf("another word: %v", err)
	}
	w.Clock.Advance(authn.LoginSpan + time.Second)
	if err := try(999, number, right); err != nil {
		t.Errorf("a quarter of an hour later: %v", err)
	}
}

// TestR6NoCounterNoLogin: a store that fails at any step lets nobody in, also with the right password.
func TestR6NoCounterNoLogin(t *testing.T) {
	faulty := &idptest.Faulty{Store: idptest.NewTwin()}
	w := idptest.NewWorld(t, faulty)
	w.Account(t, number, right)
	for _, failing := range []string{"count", "note"} {
		faulty.FailBefore = func(_ int, name string) bool { return name == failing }
		password := wrong
		if failing == "count" {
			password = right
		}
		if login, err := w.Login.Login(context.Background(), number, password, home); fault.CodeOf(err) != fault.Unavailable || login.AccountID != "" {
			t.Errorf("%s fails: %+v %v", failing, login, err)
		}
	}
	faulty.FailBefore = nil
	w.Keys.Fail = func(string) error { return errors.New("sealed") }
	blind := idptest.NewWorld(t, idptest.NewTwin())
	blind.Keys.Fail = w.Keys.Fail
	if _, err := blind.Login.Login(context.Background(), number, right, home); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("without keys: %v", err)
	}
}

func TestHashOfAnOldCostIsMadeAnew(t *testing.T) {
	twin := idptest.NewTwin()
	w := idptest.NewWorld(t, twin)
	ctx := context.Background()
	a := w.Account(t, number, "")
	cheap, err := authn.NewPasswords(ident.System(), 1, authn.Cost{MemoryKiB: 32, Passes: 1})
	if err != nil {
		t.Fatal(err)
	}
	old, err := cheap.Hash(ctx, right)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Accounts.SetPassword(ctx, a.ID, old); err != nil {
		t.Fatal(err)
	}
	w.Clock.Advance(time.Hour)
	if _, err := w.Login.Login(ctx, number, wrong, home); fault.CodeOf(err) != fault.LoginFailed {
		t.Fatal(err)
	}
	if got, _ := w.Accounts.Account(ctx, a.ID); got.PasswordHash != old {
		t.Fatal("a wrong password changed the hash")
	}
	if _, err := w.Login.Login(ctx, number, right, home); err != nil {
		t.Fatal(err)
	}
	got, err := w.Accounts.Account(ctx, a.ID)
	if err != nil || got.PasswordHash == old || !got.CredentialsAt.Equal(idptest.Start) {
		t.Errorf("hash or moment of the credential: %+v %v", got, err)
	}
	if _, err := w.Login.Login(ctx, number, right, home); err != nil {
		t.Errorf("the new hash: %v", err)
	}
}
