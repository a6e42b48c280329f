package idptest

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

type recoveryCode struct {
	accountID string
	used      bool
}

type storedStep struct {
	authn.StepRow
	used bool
}

// credentialTwin is the part of the twin that keeps credentials.
type credentialTwin struct {
	credentials []authn.Credential
	recovery    map[string]recoveryCode
	steps       []*storedStep
	devices     []authn.Device
	qrs         []authn.QRLogin
}

func (t *Twin) bump(accountID string) error {
	a, ok := t.accounts[accountID]
	if !ok {
		return idp.ErrNotFound
	}
	a.Version++
	t.accounts[accountID] = a
	return nil
}

func (t *Twin) addRecovery(accountID string, hashes [][]byte) {
	if t.recovery == nil {
		t.recovery = map[string]recoveryCode{}
	}
	for _, hash := range hashes {
		t.recovery[string(hash)] = recoveryCode{accountID: accountID}
	}
}

// PutCredential implements authn.CredentialStore.
func (t *Twin) PutCredential(_ context.Context, c authn.Credential, recovery [][]byte, record audit.Record) error {
	return t.change(record, func() error {
		if _, ok := t.accounts[c.AccountID]; !ok {
			return idp.ErrNotFound
		}
		kept, held := slices.DeleteFunc(slices.Clone(t.credentials), func(o authn.Credential) bool {
			return o.AccountID == c.AccountID && o.Kind == c.Kind && o.State == authn.CredentialPending
		}), 0
		for _, o := range kept {
			if bytes.Equal(o.Lookup, c.Lookup) {
				return authn.ErrDuplicate
			}
			if o.AccountID == c.AccountID {
				held++
			}
		}
		if held >= authn.MaxCredentials {
			return authn.ErrTooMany
		}
		t.credentials = append(kept, c)
		t.addRecovery(c.AccountID, recovery)
		return t.bump(c.AccountID)
	})
}

// Credentials implements authn.CredentialStore.
func (t *Twin) Credentials(_ context.Context, accountID string) (all []authn.Credential, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, c := range t.credentials {
		if c.AccountID == accountID && c.State != authn.CredentialPending {
			all = append(all, c)
		}
	}
	slices.SortStableFunc(all, func(a, b authn.Credential) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return all, nil
}

func (t *Twin) credential(match func(authn.Credential) bool) (*authn.Credential, error) {
	if at := slices.IndexFunc(t.credentials, match); at >= 0 {
		return &t.credentials[at], nil
	}
	return &authn.Credential{}, idp.ErrNotFound
}

// Credential implements authn.CredentialStore.
func (t *Twin) Credential(_ context.Context, accountID, id string) (authn.Credential, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	c, err := t.credential(func(c authn.Credential) bool { return c.ID == id && c.AccountID == accountID })
	return *c, err
}

// CredentialByLookup implements authn.CredentialStore.
func (t *Twin) CredentialByLookup(_ context.Context, lookup []byte) (authn.Credential, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	c, err := t.credential(func(c authn.Credential) bool {
		return bytes.Equal(c.Lookup, lookup) && c.State != authn.CredentialPending
	})
	return *c, err
}

func (t *Twin) changeCredential(record audit.Record, match func(authn.Credential) bool, edit func(c *authn.Credential)) error {
	return t.change(record, func() error {
		c, err := t.credential(match)
		if err == nil {
			edit(c)
		}
		return err
	})
}

// ActivateCredential implements authn.CredentialStore.
func (t *Twin) ActivateCredential(_ context.Context, accountID, id string, counter int64, at time.Time, recovery [][]byte, record audit.Record) error {
	pending := func(c authn.Credential) bool {
		return c.ID == id && c.AccountID == accountID && c.State == authn.CredentialPending
	}
	return t.changeCredential(record, pending, func(c *authn.Credential) {
		c.State, c.Counter, c.CreatedAt = authn.CredentialActive, counter, at
		t.addRecovery(accountID, recovery)
	})
}

// UseCredential implements authn.CredentialStore.
func (t *Twin) UseCredential(_ context.Context, id string, counter int64, at time.Time) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	c, err := t.credential(func(c authn.Credential) bool {
		return c.ID == id && c.State == authn.CredentialActive && (c.Counter < counter || c.Counter == 0 && counter == 0)
	})
	if err == nil {
		c.Counter, c.UsedAt = counter, at
	}
	return err
}

// FlagCredential implements authn.CredentialStore.
func (t *Twin) FlagCredential(_ context.Context, id string, record audit.Record) error {
	return t.changeCredential(record, func(c authn.Credential) bool { return c.ID == id && c.State == authn.CredentialActive }, func(c *authn.Credential) { c.State = authn.CredentialFlagged })
}

// RenameCredential implements authn.CredentialStore.
func (t *Twin) RenameCredential(_ context.Context, accountID, id, name string, record audit.Record) error {
	return t.changeCredential(record, func(c authn.Credential) bool {
		return c.ID == id && c.AccountID == accountID && c.State != authn.CredentialPending
	}, func(c *authn.Credential) { c.Name = name })
}

// RemoveCredential implements authn.CredentialStore.
func (t *Twin) RemoveCredential(_ context.Context, accountID, id string, record audit.Record) error {
	return t.change(record, func() error {
		gone := func(c authn.Credential) bool {
			return c.ID == id && c.AccountID == accountID && c.State != authn.CredentialPending
		}
		if _, err := t.credential(gone); err != nil {
			return err
		}
		a := t.accounts[accountID]
		ways, left := len(a.Contacts), 0
		if a.PasswordHash != "" {
			ways++
		}
		for _, c := range t.credentials {
			if c.AccountID != accountID || gone(c) || c.State != authn.CredentialActive {
				continue
			}
			left++
			if c.Kind != authn.KindTOTP {
				ways++
			}
		}
		if ways == 0 {
			return authn.ErrLastWay
		}
		t.credentials = slices.DeleteFunc(t.credentials, gone)
		if left == 0 {
			t.forgetRecovery(accountID)
		}
		return t.bump(accountID)
	})
}

func (t *Twin) forgetRecovery(accountID string) {
	for hash, c := range t.recovery {
		if c.accountID == accountID {
			delete(t.recovery, hash)
		}
	}
}

// ReplaceRecoveryCodes implements authn.CredentialStore.
func (t *Twin) ReplaceRecoveryCodes(_ context.Context, accountID string, hashes [][]byte, _ time.Time, record audit.Record) error {
	return t.change(record, func() error {
		if err := t.bump(accountID); err != nil {
			return err
		}
		t.forgetRecovery(accountID)
		t.addRecovery(accountID, hashes)
		return nil
	})
}

// UseRecoveryCode implements authn.CredentialStore.
func (t *Twin) UseRecoveryCode(_ context.Context, accountID string, hash []byte, _ time.Time, record audit.Record) error {
	return t.change(record, func() error {
		c, ok := t.recovery[string(hash)]
		if !ok || c.used || c.accountID != accountID {
			return idp.ErrNotFound
		}
		c.used = true
		t.recovery[string(hash)] = c
		return nil
	})
}

// RecoveryCodes implements authn.CredentialStore.
func (t *Twin) RecoveryCodes(_ context.Context, accountID string) (left int, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, c := range t.recovery {
		if c.accountID == accountID && !c.used {
			left++
		}
	}
	return left, nil
}

// PutStep implements authn.StepStore.
func (t *Twin) PutStep(_ context.Context, s authn.StepRow) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.steps = append(t.steps, &storedStep{StepRow: s})
	return nil
}

// Step implements authn.StepStore.
func (t *Twin) Step(_ context.Context, hash []byte, kind authn.StepKind, browser []byte, now time.Time) (authn.StepRow, error) {
	return t.step(hash, kind, browser, now, false)
}

// TakeStep implements authn.StepStore.
func (t *Twin) TakeStep(_ context.Context, hash []byte, kind authn.StepKind, browser []byte, now time.Time) (authn.StepRow, error) {
	return t.step(hash, kind, browser, now, true)
}

func (t *Twin) step(hash []byte, kind authn.StepKind, browser []byte, now time.Time, use bool) (authn.StepRow, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, s := range t.steps {
		if bytes.Equal(s.Hash, hash) && s.Kind == kind && bytes.Equal(s.Browser, browser) && !s.used && now.Before(s.ExpiresAt) {
			s.used = use
			return s.StepRow, nil
		}
	}
	return authn.StepRow{}, idp.ErrNotFound
}

// SeeDevice implements authn.DeviceStore.
func (t *Twin) SeeDevice(_ context.Context, d authn.Device, code authn.StepRow, record audit.Record) (known bool, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	others := 0
	for i := range t.devices {
		have := &t.devices[i]
		if have.AccountID != d.AccountID {
			continue
		}
		if bytes.Equal(have.Hash, d.Hash) {
			have.SeenAt, have.Address, have.SID, have.Name = d.SeenAt, d.Address, d.SID, d.Name
			return true, nil
		}
		others++
	}
	if others >= authn.MaxDevices {
		oldest := slices.MinFunc(t.devices, func(a, b authn.Device) int {
			if mine := a.AccountID == d.AccountID; mine != (b.AccountID == d.AccountID) {
				return map[bool]int{true: -1, false: 1}[mine]
			}
			return a.SeenAt.Compare(b.SeenAt)
		})
		t.devices = slices.DeleteFunc(t.devices, func(o authn.Device) bool { return o.ID == oldest.ID })
	}
	t.devices = append(t.devices, d)
	if others == 0 {
		record.Messages = nil
	} else {
		t.steps = append(t.steps, &storedStep{StepRow: code})
	}
	t.records = append(t.records, record)
	return false, nil
}

// Devices implements authn.DeviceStore.
func (t *Twin) Devices(_ context.Context, accountID string) (all []authn.Device, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, d := range t.devices {
		if d.AccountID == accountID {
			all = append(all, d)
		}
	}
	slices.SortStableFunc(all, func(a, b authn.Device) int { return b.SeenAt.Compare(a.SeenAt) })
	return all, nil
}

// RemoveDevice implements authn.DeviceStore.
func (t *Twin) RemoveDevice(_ context.Context, accountID, id string, record audit.Record) (sid string, err error) {
	err = t.change(record, func() error {
		at := slices.IndexFunc(t.devices, func(d authn.Device) bool { return d.ID == id && d.AccountID == accountID })
		if at < 0 {
			return idp.ErrNotFound
		}
		sid = t.devices[at].SID
		t.devices = slices.Delete(t.devices, at, at+1)
		return nil
	})
	return sid, err
}

// PutQR implements authn.QRStore.
func (t *Twin) PutQR(_ context.Context, q authn.QRLogin) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.qrs = append(t.qrs, q)
	return nil
}

// findQR gives the live one that matches, after a change of it; the lock is held.
func (t *Twin) findQR(now time.Time, match func(q authn.QRLogin) bool, edit func(q *authn.QRLogin)) (authn.QRLogin, error) {
	at := slices.IndexFunc(t.qrs, func(q authn.QRLogin) bool { return now.Before(q.ExpiresAt) && match(q) })
	if at < 0 {
		return authn.QRLogin{}, idp.ErrNotFound
	}
	edit(&t.qrs[at])
	return t.qrs[at], nil
}

// QR implements authn.QRStore.
func (t *Twin) QR(_ context.Context, id string, browser []byte, now time.Time) (authn.QRLogin, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.findQR(now, func(q authn.QRLogin) bool { return q.ID == id && bytes.Equal(q.Browser, browser) }, func(*authn.QRLogin) {})
}

// SeeQR implements authn.QRStore.
func (t *Twin) SeeQR(_ context.Context, hash []byte, accountID, sid string, now time.Time) (authn.QRLogin, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.findQR(now, func(q authn.QRLogin) bool {
		return (bytes.Equal(q.Hash, hash) || bytes.Equal(q.CodeHash, hash)) && (q.State == authn.QRShown || q.State == authn.QRSeen && q.SID == sid)
	}, func(q *authn.QRLogin) { q.State, q.AccountID, q.SID = authn.QRSeen, accountID, sid })
}

// SeenQR implements authn.QRStore.
func (t *Twin) SeenQR(_ context.Context, id, sid string, now time.Time) (authn.QRLogin, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.findQR(now, func(q authn.QRLogin) bool { return q.ID == id && q.SID == sid && q.State == authn.QRSeen }, func(*authn.QRLogin) {})
}

// AnswerQR implements authn.QRStore.
func (t *Twin) AnswerQR(_ context.Context, id, sid string, state authn.QRState, until, now time.Time, record audit.Record) error {
	return t.change(record, func() error {
		_, err := t.findQR(now, func(q authn.QRLogin) bool { return q.ID == id && q.SID == sid && q.State == authn.QRSeen }, func(q *authn.QRLogin) { q.State, q.ExpiresAt = state, until })
		return err
	})
}

// TakeQR implements authn.QRStore.
func (t *Twin) TakeQR(_ context.Context, id string, browser []byte, now time.Time) (authn.QRLogin, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.findQR(now, func(q authn.QRLogin) bool {
		return q.ID == id && bytes.Equal(q.Browser, browser) && q.State == authn.QRApproved
	}, func(q *authn.QRLogin) { q.State = authn.QRTaken })
}
