package oauth

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// Refresh runs the refresh token grant. Tokens rotate in families (design decision 8); those of FAPI clients are bound to
// the client's key and stay as they are (FAPI 2.0 Security Profile 5.3.2.1).
func (e *Engine) Refresh(ctx context.Context, x Exchange) (Issued, error) {
	presented, err := e.presented(ctx, x)
	if err != nil {
		return Issued{}, err
	}
	if presented == nil {
		return Issued{}, NewError(http.StatusBadRequest, "invalid_grant", "the refresh token is not known")
	}
	scopes, err := narrowed(x.Form.Get("scope"), presented.Request.GrantedScopes)
	if err != nil {
		return Issued{}, err
	}
	if x.Client.FAPI() {
		return e.keepToken(ctx, x, *presented, scopes)
	}
	if issued, handled, err := e.withinGrace(ctx, x, *presented, scopes); handled || err != nil {
		return issued, err
	}
	issued, err := e.run(ctx, "refresh_token", x, &exchangeState{scopes: scopes, refresh: presented})
	if !errors.Is(err, ErrConsumed) {
		return issued, err
	}
	// Another request was faster by a moment: look again, now as the later one.
	if presented, failure := e.presented(ctx, x); failure != nil || presented == nil {
		return Issued{}, errors.Join(err, failure)
	} else if again, handled, err := e.withinGrace(ctx, x, *presented, scopes); handled || err != nil {
		return again, err
	}
	return issued, err
}

// presented reads the token of the request; nil when it is not known or belongs to another client.
func (e *Engine) presented(ctx context.Context, x Exchange) (*RefreshRecord, error) {
	hash, err := e.hash(ctx, "refresh", x.Form.Get("refresh_token"))
	if err != nil {
		return nil, unavailable(err)
	}
	stored, err := e.cfg.Store.Refresh(ctx, hash)
	switch {
	case errors.Is(err, ErrNotFound), err == nil && stored.Request.ClientID != x.Client.ClientID:
		return nil, nil
	case err != nil:
		return nil, unavailable(err)
	}
	return &stored, nil
}

// narrowed reads the scope parameter: nothing that was not granted (O-38); nil without the parameter.
func narrowed(parameter string, granted []string) ([]string, error) {
	wanted := strings.Fields(parameter)
	if len(wanted) == 0 {
		return nil, nil
	}
	if slices.ContainsFunc(wanted, func(scope string) bool { return !slices.Contains(granted, scope) }) {
		return nil, NewError(http.StatusBadRequest, "invalid_scope", "a scope was not granted before")
	}
	return wanted, nil
}

// keepToken answers with a new access token and leaves the refresh token in place.
func (e *Engine) keepToken(ctx context.Context, x Exchange, used RefreshRecord, scopes []string) (Issued, error) {
	if !used.UsedAt.IsZero() || !e.cfg.Now().Before(used.ExpiresAt) {
		return Issued{}, NewError(http.StatusBadRequest, "invalid_grant", "the refresh token has ended")
	}
	return e.again(ctx, x, used, scopes)
}

// withinGrace answers a refresh token that was used a moment ago, while its successor was not, with the same successor
// and a fresh access token (design decision 8).
func (e *Engine) withinGrace(ctx context.Context, x Exchange, used RefreshRecord, scopes []string) (Issued, bool, error) {
	if honest, err := e.honestRepeat(ctx, used); err != nil || !honest {
		return Issued{}, false, err
	}
	issued, err := e.again(ctx, x, used, scopes)
	if err != nil {
		return Issued{}, true, err
	}
	if issued.RefreshToken, err = e.successor(ctx, x.Form.Get("refresh_token")); err != nil {
		return Issued{}, true, unavailable(err)
	}
	return issued, true, nil
}

// again mints a further access token of a family.
func (e *Engine) again(ctx context.Context, x Exchange, used RefreshRecord, scopes []string) (Issued, error) {
	session := used.Request.Session
	if err := stillAllowed(session, used.Standing, used.Request.GrantedScopes, e.cfg.Words.Load(), e.cfg.Now()); err != nil {
		return Issued{}, err
	}
	session.stands(used.Standing)
	if err := checkKey(x.Client.Client, session, x.Binding); err != nil {
		return Issued{}, err
	}
	if scopes == nil {
		scopes = used.Request.GrantedScopes
	}
	audience, err := e.audience(x.Client.Client, session, x.Resource, scopes)
	if err != nil {
		return Issued{}, err
	}
	session.Binding = x.Binding
	mint := Mint{GrantID: used.GrantID, Client: x.Client.Client, Session: session, Scopes: scopes, Audience: audience, Life: AccessLife}
	minted, err := e.cfg.Minter.AccessToken(ctx, mint)
	if err != nil {
		return Issued{}, unavailable(err)
	}
	if err := e.note(idp.ChannelToken, mint, minted); err != nil {
		return Issued{}, err
	}
	if minted.Opaque != nil {
		if err := e.saveOpaque(ctx, *minted.Opaque); err != nil {
			return Issued{}, err
		}
	}
	return Issued{GrantID: used.GrantID, AccessToken: minted.Token, ExpiresIn: AccessLife, Scopes: scopes, Session: session}, nil
}

// honestRepeat reports whether a refresh token was used a moment ago and its successor was not: a parallel tab or an
// answer that was lost, not a thief.
func (e *Engine) honestRepeat(ctx context.Context, used RefreshRecord) (bool, error) {
	if used.UsedAt.IsZero() || e.cfg.Now().Sub(used.UsedAt) > GraceTime || len(used.Successor) == 0 {
		return false, nil
	}
	next, err := e.cfg.Store.Refresh(ctx, used.Successor)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, unavailable(err)
	}
	return next.UsedAt.IsZero(), nil
}

// successor derives the token that takes a refresh token's place, so that it can be given again within the grace time
// although only hashes are stored.
func (e *Engine) successor(ctx context.Context, token string) (string, error) {
	sum, err := e.hash(ctx, "refresh-successor", token)
	if err != nil {
		return "", err
	}
	return "yxr_" + base64.RawURLEncoding.EncodeToString(sum), nil
}

// Revoke ends the family of a refresh token of the client and reports whether the text was one.
func (e *Engine) Revoke(ctx context.Context, client idp.StoredClient, token string) (bool, error) {
	hash, err := e.hash(ctx, "refresh", token)
	if err != nil {
		return false, unavailable(err)
	}
	stored, err := e.cfg.Store.Refresh(ctx, hash)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, unavailable(err)
	}
	if stored.Request.ClientID != client.ClientID {
		return true, nil // known, but not the caller's: nothing happens and nothing is told (RFC 7009 2.1)
	}
	return true, e.endGrant(ctx, stored.GrantID)
}

func (e *Engine) endGrant(ctx context.Context, id string) error {
	now := e.cfg.Now().UTC()
	if err := e.cfg.Store.RevokeGrant(ctx, id, now, audit.With(idp.Event(ctx, now, "grant.revoked", "grant", id, nil))); err != nil {
		return unavailable(err)
	}
	return nil
}

// WithdrawConsent ends everything that a person allowed a client, or that was allowed under a mandate.
func (e *Engine) WithdrawConsent(ctx context.Context, accountID, clientID string) error {
	now := e.cfg.Now().UTC()
	object := "account"
	if mandate.IsID(accountID) {
		object = "mandate"
	}
	event := idp.Event(ctx, now, "consent.withdrawn", object, accountID, map[string]string{"client": clientID})
	if err := e.cfg.Store.WithdrawConsent(ctx, accountID, clientID, now, audit.With(event)); err != nil {
		return unavailable(err)
	}
	return nil
}
