package authn_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/fault"
)

// TestAgreementByPasskey: to this statement, at this screen, by a passkey of this account, once; it is no login, and a login is
// no agreement.
func TestAgreementByPasskey(t *testing.T) {
	w := passkeys(t)
	k := newSoftKey(t)
	ctx := t.Context()
	if has, err := w.keys.HasPasskey(ctx, w.account.ID); err != nil || has {
		t.Fatal(has, err)
	}
	if _, err := w.register(t, k); err != nil {
		t.Fatal(err)
	}
	if has, err := w.keys.HasPasskey(ctx, w.account.ID); err != nil || !has {
		t.Fatal(has, err)
	}
	screen, statement := []byte("screen"), []byte("acts")
	type question struct {
		options
		step string
	}
	ask := func() question {
		t.Helper()
		given, step, err := w.keys.BeginAgreement(ctx, w.account.ID, screen, statement)
		if err != nil {
			t.Fatal(err)
		}
		k.counter++
		return question{readOptions(t, given), step}
	}
	q := ask()
	challenge, err := base64.RawURLEncoding.DecodeString(q.Challenge)
	if sum := sha256.Sum256(statement); err != nil || len(challenge) != 48 || !bytes.Equal(challenge[16:], sum[:]) || q.UserVerification != "required" {
		t.Errorf("the challenge does not name the statement: %x, %+v", challenge, q.options)
	}
	if other := ask(); other.Challenge == q.Challenge {
		t.Error("a challenge came twice")
	}
	refused := func(what string, code fault.Code, err error) {
		t.Helper()
		if fault.CodeOf(err) != code {
			t.Errorf("%s: %v, want %s", what, err, code)
		}
	}
	other := w.Account(t, "13800138001", "")
	answer := k.get(t, q.options)
	refused("another screen", fault.StepLost, w.keys.FinishAgreement(ctx, w.account.ID, []byte("other"), q.step, statement, answer))
	q = ask()
	refused("another statement", fault.StepLost, w.keys.FinishAgreement(ctx, w.account.ID, screen, q.step, []byte("more acts"), k.get(t, q.options)))
	q = ask()
	refused("another account", fault.StepLost, w.keys.FinishAgreement(ctx, other.ID, screen, q.step, statement, k.get(t, q.options)))
	q = ask()
	refused("nobody", fault.StepLost, w.keys.FinishAgreement(ctx, "", screen, q.step, statement, k.get(t, q.options)))
	q = ask()
	k.flags = flagPresent
	refused("without verification of the person", fault.PasskeyRefused, w.keys.FinishAgreement(ctx, w.account.ID, screen, q.step, statement, k.get(t, q.options)))
	k.flags = flagPresent | flagVerified
	q = ask()
	w.Clock.Advance(5*time.Minute + time.Second)
	refused("late", fault.StepLost, w.keys.FinishAgreement(ctx, w.account.ID, screen, q.step, statement, k.get(t, q.options)))

	// A passkey of somebody else answers the question of this account.
	foreign := newSoftKey(t)
	given, step, err := w.keys.BeginRegistration(ctx, other.ID, browserOne, "138****8001")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.keys.FinishRegistration(ctx, other.ID, browserOne, step, "钥匙", foreign.create(t, readOptions(t, given))); err != nil {
		t.Fatal(err)
	}
	q = ask()
	refused("a passkey of another account", fault.PasskeyRefused, w.keys.FinishAgreement(ctx, w.account.ID, screen, q.step, statement, foreign.get(t, q.options)))

	// What answers a login answers no question, and the other way round.
	loginOptions, login, err := w.keys.BeginLogin(ctx, screen)
	if err != nil {
		t.Fatal(err)
	}
	k.counter++
	refused("a login's step", fault.StepLost, w.keys.FinishAgreement(ctx, w.account.ID, screen, login, statement, k.get(t, readOptions(t, loginOptions))))
	q = ask()
	if _, err := w.keys.FinishLogin(ctx, screen, q.step, k.get(t, q.options)); fault.CodeOf(err) != fault.StepLost {
		t.Errorf("a question's step signs in: %v", err)
	}
	q = ask()
	answer = k.get(t, q.options)
	if err := w.keys.FinishAgreement(ctx, w.account.ID, screen, q.step, statement, answer); err != nil {
		t.Fatal(err)
	}
	refused("a second time", fault.StepLost, w.keys.FinishAgreement(ctx, w.account.ID, screen, q.step, statement, answer))
}
