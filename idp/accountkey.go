package idp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys"
)

// Personal fields of an account are sealed under a data key of the account, which the ring wraps. Erasure destroys that key;
// fields that an earlier release sealed with the ring's own key are sealed anew by Reseal.

// dataKeyPrefix begins the identifiers of data keys; keys of the ring begin otherwise.
const dataKeyPrefix = "dk_"

// openKeys are unwrapped data keys: bounded, and for a minute only, so that a key that another node destroyed is gone here
// soon too.
type openKeys struct {
	mutex sync.Mutex
	all   map[string]openKey
}

type openKey struct {
	cipher keys.Cipher
	until  time.Time
}

func (o *openKeys) get(id string, now time.Time) keys.Cipher {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if known, ok := o.all[id]; ok && now.Before(known.until) {
		return known.cipher
	}
	return nil
}

func (o *openKeys) put(id string, c keys.Cipher, now time.Time) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if o.all == nil {
		o.all = map[string]openKey{}
	}
	for other := range o.all {
		if len(o.all) < maxRecent {
			break
		}
		delete(o.all, other)
	}
	o.all[id] = openKey{c, now.Add(recentLife)}
}

func (o *openKeys) drop(id string) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	delete(o.all, id)
}

// cipherOf is the cipher of an account's data key.
func (s *Accounts) cipherOf(ctx context.Context, accountID string, k keys.DataKey) (keys.Cipher, error) {
	if c := s.open.get(k.ID, s.now()); c != nil {
		return c, nil
	}
	c, err := s.ring.OpenDataKey(ctx, keys.UsageFieldCipher, k, accountID, s.rand)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	s.open.put(k.ID, c, s.now())
	return c, nil
}

// sealFor seals a field of an account under its data key; an account of an earlier release that has none yet is served by
// the ring's key until Reseal comes to it.
func (s *Accounts) sealFor(ctx context.Context, a Account, plaintext []byte, place string) (keyID string, sealed []byte, err error) {
	if a.DataKey.IsZero() {
		cipher, err := s.ring.Cipher(ctx, keys.UsageFieldCipher, "")
		if err != nil {
			return "", nil, fault.Wrap(err, fault.Unavailable)
		}
		sealed, err = cipher.Seal(ctx, plaintext, []byte(place))
		return cipher.KeyID(), sealed, err
	}
	cipher, err := s.cipherOf(ctx, a.ID, a.DataKey)
	if err != nil {
		return "", nil, err
	}
	sealed, err = cipher.Seal(ctx, plaintext, []byte(place))
	return cipher.KeyID(), sealed, err
}

// openFor opens a field of an account, whichever key sealed it.
func (s *Accounts) openFor(ctx context.Context, a Account, keyID string, sealed []byte, place string) ([]byte, error) {
	if !strings.HasPrefix(keyID, dataKeyPrefix) {
		cipher, err := s.ring.Cipher(ctx, keys.UsageFieldCipher, keyID)
		if err != nil {
			return nil, fault.Wrap(err, fault.Unavailable)
		}
		return cipher.Open(ctx, sealed, []byte(place))
	}
	if keyID != a.DataKey.ID {
		return nil, fmt.Errorf("open field: %w", keys.ErrDestroyed)
	}
	cipher, err := s.cipherOf(ctx, a.ID, a.DataKey)
	if err != nil {
		return nil, err
	}
	return cipher.Open(ctx, sealed, []byte(place))
}

// Seal seals a text about a person under the key of the account, so that it is unreadable when the account is erased.
func (s *Accounts) Seal(ctx context.Context, accountID string, plaintext []byte, place string) (keyID string, sealed []byte, err error) {
	a, err := s.store.Account(ctx, accountID)
	if err == nil && a.State == AccountErased {
		err = ErrNotFound // its key is gone, and nothing more is kept
	}
	if err != nil {
		return "", nil, err
	}
	return s.sealFor(ctx, a, plaintext, place)
}

// Unseal is the reverse of Seal.
func (s *Accounts) Unseal(ctx context.Context, accountID, keyID string, sealed []byte, place string) ([]byte, error) {
	a, err := s.store.Account(ctx, accountID)
	if err != nil {
		return nil, err
	}
	return s.openFor(ctx, a, keyID, sealed, place)
}

// SealAbout is Seal where the text is about an account, and seals under the ring's key what is about anything else.
func (s *Accounts) SealAbout(ctx context.Context, objectType, objectID string, plaintext []byte, place string) (keyID string, sealed []byte, err error) {
	if objectType == "account" {
		return s.Seal(ctx, objectID, plaintext, place)
	}
	return s.sealFor(ctx, Account{}, plaintext, place)
}

// UnsealAbout is the reverse of SealAbout.
func (s *Accounts) UnsealAbout(ctx context.Context, objectType, objectID, keyID string, sealed []byte, place string) ([]byte, error) {
	if objectType == "account" {
		return s.Unseal(ctx, objectID, keyID, sealed, place)
	}
	return s.openFor(ctx, Account{}, keyID, sealed, place)
}

// SealedField is a sealed field of an account as it is stored.
type SealedField struct {
	Kind   FieldKind
	Row    []byte // lookup of a contact, identifier of anything else
	KeyID  string
	Sealed []byte
}

// FieldKind is where a sealed field lies.
type FieldKind string

// Everything that is sealed about a person and stays. What is sealed for minutes (steps of a login, messages on their way) is
// not here: it has the ring's key and is purged.
const (
	FieldContact    FieldKind = "contact"
	FieldProof      FieldKind = "proof"
	FieldCase       FieldKind = "case"     // what was submitted for proofing, until the case is closed
	FieldProposal   FieldKind = "proposal" // until it is decided
	FieldCredential FieldKind = "credential"
)

// place is what a field is bound to.
func (f SealedField) place(accountID string) string {
	switch f.Kind {
	case FieldContact:
		return contactPlace(accountID)
	case FieldProof:
		return identityPlace(accountID)
	case FieldCredential:
		return "credential/" + accountID + "/" + string(f.Row)
	}
	return string(f.Kind) + "/" + string(f.Row)
}

func contactPlace(accountID string) string  { return "contact/" + accountID }
func identityPlace(accountID string) string { return "identity/" + accountID }

// ResealStore finds fields that the ring's key sealed and stores them anew; idpdb implements it.
type ResealStore interface {
	// Unmigrated lists accounts behind an identifier that hold fields which no data key sealed.
	Unmigrated(ctx context.Context, after, prefix string, limit int) ([]string, error)
	SealedFields(ctx context.Context, accountID string) ([]SealedField, error)
	// Reseal stores a new data key where the account has none, and the fields under it, in one transaction: ErrConflict when one
	// of them is no longer as it was read.
	Reseal(ctx context.Context, accountID string, key *keys.DataKey, was, now []SealedField, record audit.Record) error
}

// Reseal brings the fields of accounts of earlier releases under keys of their own, at most limit accounts behind one; next is
// where to go on, empty at the end.
func (s *Accounts) Reseal(ctx context.Context, store ResealStore, after string, limit int) (next string, err error) {
	ids, err := store.Unmigrated(ctx, after, dataKeyPrefix, limit)
	if err != nil {
		return after, err
	}
	for _, id := range ids {
		if err := s.reseal(ctx, store, id); err != nil && !errors.Is(err, ErrConflict) { // a change meanwhile: the next pass
			return after, fmt.Errorf("seal account anew: %w", err)
		}
		after = id
	}
	if len(ids) < limit {
		return "", nil
	}
	return after, nil
}

func (s *Accounts) reseal(ctx context.Context, store ResealStore, id string) error {
	a, err := s.store.Account(ctx, id)
	if err != nil {
		return err
	}
	fields, err := store.SealedFields(ctx, id)
	if err != nil {
		return err
	}
	var fresh *keys.DataKey
	if a.DataKey.IsZero() {
		k, err := s.newDataKey(ctx, id)
		if err != nil {
			return err
		}
		fresh, a.DataKey = &k, k
	}
	var was, now []SealedField
	for _, f := range fields {
		if strings.HasPrefix(f.KeyID, dataKeyPrefix) {
			continue
		}
		plaintext, err := s.openFor(ctx, a, f.KeyID, f.Sealed, f.place(id))
		if err != nil {
			return err
		}
		after := f
		if after.KeyID, after.Sealed, err = s.sealFor(ctx, a, plaintext, f.place(id)); err != nil {
			return err
		}
		was, now = append(was, f), append(now, after)
	}
	return store.Reseal(ctx, id, fresh, was, now, audit.With(event(ctx, s.now(), "account.resealed", "account", id, map[string]string{"key": a.DataKey.ID})))
}

// newDataKey makes the data key of an account.
func (s *Accounts) newDataKey(ctx context.Context, accountID string) (keys.DataKey, error) {
	k, cipher, err := s.ring.NewDataKey(ctx, keys.UsageFieldCipher, ident.New(s.rand, strings.TrimSuffix(dataKeyPrefix, "_")), accountID, s.rand)
	if err != nil {
		return k, fault.Wrap(err, fault.Unavailable)
	}
	s.open.put(k.ID, cipher, s.now())
	return k, nil
}
