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
