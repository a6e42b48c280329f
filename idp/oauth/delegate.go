package oauth

import (
	"context"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// MaxActors is the longest chain of actors (identity specification 7.6): a portal and one gateway behind it.
const MaxActors = 2

// Delegate mints an access token for somebody who acts for another, and writes down both (RFC 8693).
func (e *Engine) Delegate(ctx context.Context, m Mint) (Issued, error) {
	minted, err := e.cfg.Minter.AccessToken(ctx, m)
	if err != nil {
		return Issued{}, unavailable(err)
	}
	if err := e.note(idp.ChannelExchange, m, minted); err != nil {
		return Issued{}, err
	}
	event := idp.Event(ctx, e.cfg.Now(), "token.exchanged", "token", minted.JTI, map[string]string{"parent": m.Session.Parents[0], "audience": m.Audience[0]})
	event.ActingFor = m.Session.Principal()
	if m.Session.Mandate != nil {
		event.Details["mandate"], event.Details["agent"] = m.Session.Mandate.ID, m.Session.AccountID
	}
	if minted.Opaque != nil {
		err = e.cfg.Store.SaveOpaque(ctx, *minted.Opaque, audit.With(event))
	} else {
		err = e.cfg.Store.Note(ctx, audit.With(event))
	}
	if err != nil {
		return Issued{}, unavailable(err)
	}
	return Issued{GrantID: m.GrantID, AccessToken: minted.Token, ExpiresIn: m.Life, Scopes: m.Scopes, Session: m.Session}, nil
}
