package idptest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
)

func credential(account string, n int, kind authn.Kind, state authn.CredentialState) authn.Credential {
	return authn.Credential{ID: fmt.Sprintf("cred_%s_%d", account, n), AccountID: account, Kind: kind, Name: "名", Lookup: []byte(fmt.Sprintf("%s %d\x00", account, n)),
		KeyID: "k", Sealed: []byte{0, byte(n)}, State: state, CreatedAt: Start.Add(time.Duration(n) * time.Second)}
}

func credentialsComeBack(t *testing.T, s Store) {
	a, b := put(t, s, 1), put(t, s, 2)
	one, two := credential(a.ID, 1, authn.KindTOTP, authn.CredentialPending), credential(a.ID, 2, authn.KindPasskey, authn.CredentialActive)
	must(t, s.PutCredential(ctx, one, nil, record("credential.begun")))
	must(t, s.PutCredential(ctx, two, [][]byte{{1}, {2}}, record("credential.added")))
	got, err := s.Credentials(ctx, a.ID)
	must(t, err)
	same(t, got, []authn.Credential{two})
	if read, err := s.Credential(ctx, a.ID, one.ID); err != nil || read.State != authn.CredentialPending {
		t.Errorf("pending: %+v %v", read, err)
	}
	if _, err := s.Credential(ctx, b.ID, one.ID); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("another account reads it: %v", err)
	}
	if _, err := s.CredentialByLookup(ctx, one.Lookup); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("a pending one is found: %v", err)
	}
	if read, err := s.CredentialByLookup(ctx, two.Lookup); err != nil || read.ID != two.ID {
		t.Errorf("by lookup: %+v %v", read, err)
	}
	must(t, s.ActivateCredential(ctx, a.ID, one.ID, 7, Start, [][]byte{{3}}, record("credential.added")))
	if err := s.ActivateCredential(ctx, a.ID, one.ID, 8, Start, nil, record("credential.added")); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("twice: %v", err)
	}
	if left, err := s.RecoveryCodes(ctx, a.ID); err != nil || left != 3 {
		t.Errorf("%d recovery codes, %v", left, err)
	}
	other := credential(b.ID, 1, authn.KindPasskey, authn.CredentialActive)
	other.Lookup = two.Lookup
	if err := s.PutCredential(ctx, other, nil, record("credential.added")); !errors.Is(err, authn.ErrDuplicate) {
		t.Errorf("the same lookup: %v", err)
	}
	must(t, s.RenameCredential(ctx, a.ID, two.ID, "新", record("credential.renamed")))
	if err := s.RenameCredential(ctx, b.ID, two.ID, "x", record("credential.renamed")); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("another account renames it: %v", err)
	}
	if read, _ := s.Credential(ctx, a.ID, two.ID); read.Name != "新" {
		t.Errorf("name %q", read.Name)
	}
}

func credentialBounds(t *testing.T, s Store) {
	a := put(t, s, 1)
	for n := range authn.MaxCredentials {
		must(t, s.PutCredential(ctx, credential(a.ID, n, authn.KindPasskey, authn.CredentialActive), nil, record("credential.added")))
	}
	if err := s.PutCredential(ctx, credential(a.ID, 99, authn.KindPasskey, authn.CredentialActive), nil, record("credential.added")); !errors.Is(err, authn.ErrTooMany) {
		t.Errorf("one more: %v", err)
	}
	if err := s.PutCredential(ctx, credential("nobody", 1, authn.KindPasskey, authn.CredentialActive), nil, record("credential.added")); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("of nobody: %v", err)
	}
}

// credentialUsedOnce: of parallel uses with one counter one holds.
func credentialUsedOnce(t *testing.T, s Store) {
	a := put(t, s, 1)
	c := credential(a.ID, 1, authn.KindTOTP, authn.CredentialActive)
	must(t, s.PutCredential(ctx, c, nil, record("credential.added")))
	must(t, s.UseCredential(ctx, c.ID, 0, Start))
	must(t, s.UseCredential(ctx, c.ID, 0, Start)) // an authenticator without a counter
	var held atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if s.UseCredential(ctx, c.ID, 5, Start.Add(time.Minute)) == nil {
				held.Add(1)
			}
		})
	}
	all.Wait()
	if held.Load() != 1 {
		t.Errorf("%d uses of one counter hold", held.Load())
	}
	for _, counter := range []int64{0, 4, 5} {
		if err := s.UseCredential(ctx, c.ID, counter, Start); !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("counter %d: %v", counter, err)
		}
	}
	must(t, s.FlagCredential(ctx, c.ID, record("credential.flagged")))
	if err := s.UseCredential(ctx, c.ID, 6, Start); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("flagged: %v", err)
	}
}

func credentialRemoval(t *testing.T, s Store) {
	a := put(t, s, 1)
	totp, key := credential(a.ID, 1, authn.KindTOTP, authn.CredentialActive), credential(a.ID, 2, authn.KindPasskey, authn.CredentialActive)
	must(t, s.PutCredential(ctx, totp, [][]byte{{1}}, record("credential.added")))
	must(t, s.PutCredential(ctx, key, nil, record("credential.added")))
	if err := s.RemoveCredential(ctx, "acc_other", key.ID, record("credential.removed")); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("another account: %v", err)
	}
	must(t, s.RemoveCredential(ctx, a.ID, key.ID, record("credential.removed")))
	if left, _ := s.RecoveryCodes(ctx, a.ID); left != 1 {
		t.Errorf("%d codes while a second factor is left", left)
	}
	must(t, s.RemoveCredential(ctx, a.ID, totp.ID, record("credential.removed")))
	if left, _ := s.RecoveryCodes(ctx, a.ID); left != 0 {
		t.Errorf("%d codes without a second factor", left)
	}
	// An account without contact and password: the last way stays, and an authenticator is no way.
	bare := row(3)
	bare.Contacts = nil
	must(t, s.CreateAccount(ctx, bare, record("account.registered")))
	only, second := credential(bare.ID, 1, authn.KindPasskey, authn.CredentialActive), credential(bare.ID, 2, authn.KindTOTP, authn.CredentialActive)
	must(t, s.PutCredential(ctx, only, nil, record("credential.added")))
	must(t, s.PutCredential(ctx, second, nil, record("credential.added")))
	if err := s.RemoveCredential(ctx, bare.ID, only.ID, record("credential.removed")); !errors.Is(err, authn.ErrLastWay) {
		t.Errorf("the last way: %v", err)
	}
	if _, err := s.Credential(ctx, bare.ID, only.ID); err != nil {
		t.Errorf("it is gone all the same: %v", err)
	}
}

func recoveryCodes(t *testing.T, s Store) {
	a, b := put(t, s, 1), put(t, s, 2)
	must(t, s.ReplaceRecoveryCodes(ctx, a.ID, [][]byte{{1}, {2}}, Start, record("recovery_codes.replaced")))
	if err := s.UseRecoveryCode(ctx, b.ID, []byte{1}, Start, record("recovery_code.used")); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("another account: %v", err)
	}
	must(t, s.UseRecoveryCode(ctx, a.ID, []byte{1}, Start, record("recovery_code.used")))
	if err := s.UseRecoveryCode(ctx, a.ID, []byte{1}, Start, record("recovery_code.used")); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("twice: %v", err)
	}
	if left, _ := s.RecoveryCodes(ctx, a.ID); left != 1 {
		t.Errorf("%d left", left)
	}
	must(t, s.ReplaceRecoveryCodes(ctx, a.ID, [][]byte{{3}}, Start, record("recovery_codes.replaced")))
	if err := s.UseRecoveryCode(ctx, a.ID, []byte{2}, Start, record("recovery_code.used")); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("an old one: %v", err)
	}
}

func steps(t *testing.T, s Store) {
	v := authn.StepRow{Hash: []byte{1}, Kind: authn.StepSecond, Browser: []byte("b"), KeyID: "k", Sealed: []byte{9}, ExpiresAt: Start.Add(time.Minute)}
	must(t, s.PutStep(ctx, v))
	for name, read := range map[string]func() (authn.StepRow, error){
		"another browser":            func() (authn.StepRow, error) { return s.TakeStep(ctx, v.Hash, v.Kind, []byte("c"), Start) },
		"another kind":               func() (authn.StepRow, error) { return s.TakeStep(ctx, v.Hash, "other", v.Browser, Start) },
		"late":                       func() (authn.StepRow, error) { return s.TakeStep(ctx, v.Hash, v.Kind, v.Browser, v.ExpiresAt) },
		"another browser, looked at": func() (authn.StepRow, error) { return s.Step(ctx, v.Hash, v.Kind, []byte("c"), Start) },
		"another kind, looked at":    func() (authn.StepRow, error) { return s.Step(ctx, v.Hash, "other", v.Browser, Start) },
		"late, looked at":            func() (authn.StepRow, error) { return s.Step(ctx, v.Hash, v.Kind, v.Browser, v.ExpiresAt) },
		"unknown":                    func() (authn.StepRow, error) { return s.Step(ctx, []byte{2}, v.Kind, v.Browser, Start) },
	} {
		if _, err := read(); !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	got, err := s.Step(ctx, v.Hash, v.Kind, v.Browser, Start)
	must(t, err)
	same(t, got, v)
	var taken atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := s.TakeStep(ctx, v.Hash, v.Kind, v.Browser, Start); err == nil {
				taken.Add(1)
			}
		})
	}
	all.Wait()
	if taken.Load() != 1 {
		t.Errorf("taken %d times", taken.Load())
	}
	if _, err := s.Step(ctx, v.Hash, v.Kind, v.Browser, Start); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("a used step: %v", err)
	}
}

func devices(t *testing.T, s Store) {
	a, b := put(t, s, 1), put(t, s, 2)
	see := func(account string, n int, at time.Time) bool {
		t.Helper()
		d := authn.Device{ID: fmt.Sprintf("dev_%s_%d", account, n), AccountID: account, Hash: []byte(fmt.Sprintf("%s %d", account, n)), Name: "Firefox", Address: "192.0.2.1", SID: fmt.Sprint("sid_", n), CreatedAt: at, SeenAt: at}
		code := authn.StepRow{Hash: []byte("code " + d.ID + at.String()), Kind: authn.StepNotMe, Browser: []byte("any"), KeyID: "k", Sealed: []byte{1}, ExpiresAt: Start.AddDate(1, 0, 0)}
		known, err := s.SeeDevice(ctx, d, code, record("device.new"))
		others, failed := s.Devices(ctx, account)
		must(t, failed)
		if _, failed := s.Step(ctx, code.Hash, code.Kind, code.Browser, Start); (failed == nil) != (!known && len(others) > 1) {
			t.Errorf("device %d, known %t: its code %v", n, known, failed)
		}
		must(t, err)
		return known
	}
	if see(a.ID, 1, Start) || !see(a.ID, 1, Start.Add(time.Hour)) || see(b.ID, 1, Start) {
		t.Error("a device is known to one account, from its second login on")
	}
	see(a.ID, 2, Start.Add(time.Minute))
	all, err := s.Devices(ctx, a.ID)
	must(t, err)
	if len(all) != 2 || all[0].SID != "sid_1" || !all[0].SeenAt.Equal(Start.Add(time.Hour)) || !all[0].CreatedAt.Equal(Start) {
		t.Errorf("%+v", all)
	}
	if _, err := s.RemoveDevice(ctx, b.ID, all[0].ID, record("device.removed")); !errors.Is(err, idp.ErrNotFound) {
		t.Errorf("another account: %v", err)
	}
	sid, err := s.RemoveDevice(ctx, a.ID, all[0].ID, record("device.removed"))
	must(t, err)
	if sid != "sid_1" || see(a.ID, 1, Start.Add(2*time.Hour)) {
		t.Errorf("removed: %q", sid)
	}
	for n := range authn.MaxDevices + 3 {
		see(b.ID, 10+n, Start.Add(time.Duration(n+1)*time.Minute))
	}
	if all, _ = s.Devices(ctx, b.ID); len(all) != authn.MaxDevices || all[0].SID != fmt.Sprint("sid_", authn.MaxDevices+12) {
		t.Errorf("%d devices, the newest of %s", len(all), all[0].SID)
	}
}

// qrLogins is A-16: one look, one answer, one taking, each by whom it belongs to.
func qrLogins(t *testing.T, s Store) {
	browser := []byte("b")
	q := authn.QRLogin{ID: "qr_1", Hash: []byte("h"), CodeHash: []byte("c"), Browser: browser, Portal: "门户", Device: "Firefox", Address: "192.0.2.1", Number: "42", State: authn.QRShown, ExpiresAt: Start.Add(time.Minute)}
	must(t, s.PutQR(ctx, q))
	gone := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := s.QR(ctx, q.ID, []byte("other"), Start)
	gone("another browser", err)
	_, err = s.TakeQR(ctx, q.ID, browser, Start)
	gone("taken before it was answered", err)
	_, err = s.SeeQR(ctx, q.Hash, "acc_1", "sid_1", q.ExpiresAt)
	gone("late", err)
	var seen atomic.Int32
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			if _, err := s.SeeQR(ctx, [][]byte{q.Hash, q.CodeHash}[n%2], "acc_1", fmt.Sprint("sid_", n), Start); err == nil {
				seen.Add(1)
			}
		})
	}
	all.Wait()
	got, err := s.QR(ctx, q.ID, browser, Start)
	must(t, err)
	if seen.Load() != 1 || got.State != authn.QRSeen || got.AccountID != "acc_1" || got.Portal != q.Portal || got.Number != "42" {
		t.Fatalf("seen by %d: %+v", seen.Load(), got)
	}
	if again, err := s.SeeQR(ctx, q.Hash, "acc_1", got.SID, Start); err != nil || again.ID != q.ID {
		t.Errorf("the same session again: %v", err)
	}
	_, err = s.SeenQR(ctx, q.ID, "sid_other", Start)
	gone("another session reads it", err)
	gone("another session answers", s.AnswerQR(ctx, q.ID, "sid_other", authn.QRApproved, Start.Add(2*time.Minute), Start, record("qr.approved")))
	must(t, s.AnswerQR(ctx, q.ID, got.SID, authn.QRApproved, Start.Add(2*time.Minute), Start, record("qr.approved")))
	gone("answered again", s.AnswerQR(ctx, q.ID, got.SID, authn.QRDenied, Start.Add(2*time.Minute), Start, record("qr.denied")))
	_, err = s.TakeQR(ctx, q.ID, []byte("other"), Start)
	gone("taken by another browser", err)
	if taken, err := s.TakeQR(ctx, q.ID, browser, Start.Add(90*time.Second)); err != nil || taken.AccountID != "acc_1" {
		t.Errorf("taken: %+v %v", taken, err)
	}
	_, err = s.TakeQR(ctx, q.ID, browser, Start)
	gone("taken twice", err)
}
