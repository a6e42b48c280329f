package staff

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys"
)

// Human names the human behind an actor by a keyed hash, the same for all accounts of one legal identity in both realms; empty for
// whoever is no account. An account of staff that is bound to nobody stands for nobody.
func (s *Members) Human(ctx context.Context, actor string) (string, error) {
	var identity []byte
	var err error
	if id, ok := strings.CutPrefix(actor, "staff:"); ok {
		m, err := s.cfg.Store.Member(ctx, id)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return "", fault.Wrap(err, fault.Unavailable)
		}
		if identity, err = s.leading(ctx, m.Human); err != nil {
			return "", err
		}
	} else if id, ok := strings.CutPrefix(actor, "account:"); ok {
		identity, err = s.cfg.Store.IdentityOf(ctx, id)
		if errors.Is(err, idp.ErrNotFound) {
			return s.cfg.Accounts.Human(ctx, actor)
		}
		if err != nil {
			return "", fault.Wrap(err, fault.Unavailable)
		}
	} else {
		return "", nil
	}
	return s.humanHash(ctx, identity)
}

// humanKey is what Human would say of an account that is bound to an identity.
func (s *Members) humanKey(ctx context.Context, identity []byte) (string, error) {
	identity, err := s.leading(ctx, identity)
	if err != nil {
		return "", err
	}
	return s.humanHash(ctx, identity)
}

func (s *Members) humanHash(ctx context.Context, identity []byte) (string, error) {
	mac, err := s.cfg.Ring.MAC(ctx, keys.UsageLookup)
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	sum, err := mac.Sum(ctx, []byte("human-identity"), identity)
	return hex.EncodeToString(sum), err
}

// leading is the one lookup that stands for a human with several documents: that of the document which leads in the citizen's account,
// or the given one where there is no account.
func (s *Members) leading(ctx context.Context, human []byte) ([]byte, error) {
	if len(human) == 0 {
		return nil, fault.New(fault.StaffUnbound)
	}
	holder, err := s.cfg.Store.HolderOf(ctx, human)
	if errors.Is(err, idp.ErrNotFound) {
		return human, nil
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	lead, err := s.cfg.Store.IdentityOf(ctx, holder)
	if errors.Is(err, idp.ErrNotFound) {
		return human, nil
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	return lead, nil
}

func (s *Members) sameHuman(ctx context.Context, one, other string) (bool, error) {
	if one == other {
		return true, nil
	}
	a, err := s.Human(ctx, one)
	if err != nil {
		return false, err
	}
	b, err := s.Human(ctx, other)
	if fault.CodeOf(err) == fault.StaffUnbound {
		return false, nil
	}
	return a != "" && a == b, err
}
