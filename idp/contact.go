package idp

import (
	"context"
	"errors"

	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// ChangeContact gives an account a mobile number or an address that its person has just shown control of: in the place of old, or as the
// first of its kind when old is nil. What took a place rests the account as a recovery does (RecoveryRest): whoever took a telephone away
// for a minute gets neither seals nor mandates with it. messages tell the person. ContactTaken for one of another account; ErrConflict
// when the account does not hold old any more, is not active, or got a first one of the kind meanwhile.
func (s *Accounts) ChangeContact(ctx context.Context, accountID string, old *subject.Identifier, identifier subject.Identifier, messages ...audit.Message) error {
	a, err := s.store.Account(ctx, accountID)
	if err != nil {
		return err
	}
	lookup, err := s.Lookup(ctx, string(identifier.Kind), identifier.Value)
	if err != nil {
		return err
	}
	contact := Contact{Kind: identifier.Kind, Lookup: lookup}
	if contact.KeyID, contact.Sealed, err = s.sealFor(ctx, a, []byte(identifier.Value), contactPlace(a.ID)); err != nil {
		return err
	}
	var replaced []byte
	if old != nil {
		if replaced, err = s.Lookup(ctx, string(old.Kind), old.Value); err != nil {
			return err
		}
	}
	now := s.now().UTC()
	record := audit.With(event(ctx, now, "account.contact_changed", "account", a.ID, map[string]string{"kind": string(identifier.Kind), "replaced": map[bool]string{true: "yes", false: "no"}[old != nil]})).And(messages...)
	err = s.store.ChangeContact(ctx, a.ID, replaced, contact, now, record)
	if errors.Is(err, ErrTaken) {
		return fault.Wrap(err, fault.ContactTaken)
	}
	return err
}
