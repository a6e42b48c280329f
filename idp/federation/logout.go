package federation

import (
	"context"
	"errors"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys"
)

// hintPlace binds a sealed hint to its session.
func hintPlace(sid string) []byte { return []byte("upstream-hint/" + sid) }

// Joined notes from which login at a source a session came, so that a logout at either side reaches the other.
func (s *Service) Joined(ctx context.Context, ref SessionRef, r Result) error {
	o := r.Origin
	if r.Hint != "" {
		cipher, err := s.cfg.Ring.Cipher(ctx, keys.UsageFieldCipher, "")
		if err != nil {
			return fault.Wrap(err, fault.Unavailable)
		}
		o.KeyID = cipher.KeyID()
		if o.Hint, err = cipher.Seal(ctx, []byte(r.Hint), hintPlace(ref.SID)); err != nil {
			return err
		}
	}
	if err := s.cfg.Store.PutOrigin(ctx, ref, o, s.cfg.Now()); err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	return nil
}

// Leave gives the name of the source that a session came from and where the browser goes to end the session there, and
// then to back; both are empty when the session came from none, or from one that is not registered for it or is silent.
func (s *Service) Leave(ctx context.Context, sid string, browser []byte, back string) (name, address string, err error) {
	o, err := s.cfg.Store.OriginOf(ctx, sid)
	if errors.Is(err, idp.ErrNotFound) {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	source, provider, err := s.source(o.SourceID)
	if err != nil || !source.EndSession || s.Silent(source.ID) {
		return "", "", nil //nolint:nilerr // a source that was taken away has nothing to end
	}
	var hint []byte
	if len(o.Hint) > 0 {
		cipher, err := s.cfg.Ring.Cipher(ctx, keys.UsageFieldCipher, o.KeyID)
		if err != nil {
			return "", "", err
		}
		if hint, err = cipher.Open(ctx, o.Hint, hintPlace(sid)); err != nil {
			return "", "", err
		}
	}
	state := ident.Secret(s.cfg.Rand, 32)
	address, err = provider.Leave(ctx, source, string(hint), s.cfg.Issuer+s.base()+source.ID+"/logged-out", state)
	if err != nil || address == "" {
		if err != nil {
			s.heard(source.ID, err)
		}
		return "", "", err
	}
	hash, err := s.state(ctx, state)
	if err != nil {
		return "", "", err
	}
	return source.Name, address, s.cfg.Store.PutIntent(ctx, hash, browser, Intent{SourceID: source.ID, Purpose: purposeLogout, Flow: back}, s.cfg.Now().Add(IntentLife))
}

// Left gives where the browser goes after the source ended its session; empty for an answer that nobody waits for. The
// address was judged when the logout began and lies with us; nothing of it goes through the source.
func (s *Service) Left(ctx context.Context, sourceID string, browser []byte, state string) (back string, err error) {
	hash, err := s.state(ctx, state)
	if err != nil {
		return "", err
	}
	intent, err := s.cfg.Store.TakeIntent(ctx, hash, browser, sourceID, s.cfg.Now())
	if errors.Is(err, idp.ErrNotFound) || err == nil && intent.Purpose != purposeLogout {
		return "", nil
	}
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	return intent.Flow, nil
}
