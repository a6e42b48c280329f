package oauth

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/ory/fosite"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// sessionView shows a Session to fosite.
type sessionView struct{ Session }

// SetExpiresAt does nothing: lives are decided here, by our clock.
func (s *sessionView) SetExpiresAt(fosite.TokenType, time.Time) {}

// GetExpiresAt tells fosite of no end; the store checks ends by our clock.
func (s *sessionView) GetExpiresAt(fosite.TokenType) time.Time { return time.Time{} }

func (s *sessionView) GetUsername() string { return "" }
func (s *sessionView) GetSubject() string  { return s.Subject }

// Clone copies the session.
func (s *sessionView) Clone() fosite.Session {
	c := *s
	c.Methods, c.WantsClaims, c.Audience = slices.Clone(s.Methods), slices.Clone(s.WantsClaims), slices.Clone(s.Audience)
	c.UserinfoClaims, c.Resources, c.Details = slices.Clone(s.UserinfoClaims), slices.Clone(s.Resources), slices.Clone(s.Details)
	return &c
}

// clientView shows a client to fosite.
type clientView struct{ idp.Client }

func (c *clientView) GetID() string                      { return c.ClientID }
func (c *clientView) GetHashedSecret() []byte            { return nil }
func (c *clientView) GetRedirectURIs() []string          { return c.RedirectURIs }
func (c *clientView) GetGrantTypes() fosite.Arguments    { return c.GrantTypes }
func (c *clientView) GetResponseTypes() fosite.Arguments { return c.ResponseTypes }
func (c *clientView) GetScopes() fosite.Arguments        { return c.Scopes() }
func (c *clientView) IsPublic() bool                     { return c.Public() }

// GetAudience is empty: audiences are ours (policy.go), so that a client whose list changed keeps its grants (F12).
func (c *clientView) GetAudience() fosite.Arguments { return nil }

// storage implements fosite's storage over ours. What one redemption changes is gathered between BeginTX and Commit and
// stored in one transaction (F9).
type storage struct{ engine *Engine }

type pendingKey struct{}

// BeginTX starts gathering.
func (s *storage) BeginTX(ctx context.Context) (context.Context, error) {
	return context.WithValue(ctx, pendingKey{}, &Redemption{At: s.engine.cfg.Now().UTC()}), nil
}

// Commit stores what was gathered.
func (s *storage) Commit(ctx context.Context) error {
	r := pending(ctx)
	if r == nil {
		return errors.New("oauth: commit without begin")
	}
	if r.RevokeGrant != "" {
		return s.revoke(ctx, r.RevokeGrant)
	}
	kind := "grant.opened"
	if len(r.RefreshHash) > 0 {
		kind = "grant.rotated"
	}
	x := exchangeOf(ctx)
	if x != nil {
		r.Opaque, r.Unasked = x.minted.Opaque, x.unasked
		if kind == "grant.opened" {
			r.Releases = s.engine.releases(idp.ChannelToken, x.mint, x.minted)
		}
	}
	e := s.event(ctx, kind, r.Grant.ID)
	if r.Grant.MandateID != "" { // both are named: who acts, and for whom
		e.ActingFor, e.Details = r.Grant.Principal, map[string]string{"agent": r.Grant.AccountID, "mandate": r.Grant.MandateID}
	}
	if err := s.engine.cfg.Store.Redeem(ctx, *r, audit.With(e)); err != nil || x == nil || kind == "grant.opened" {
		return err
	}
	// A refresh tells again what the grant was opened with, so its line is counted with those that no answer waits for.
	return s.engine.note(idp.ChannelToken, x.mint, x.minted)
}

// releases are what leaves with tokens, one for each person of whom something is told; none where nobody stands behind them.
func (e *Engine) releases(channel idp.Channel, m Mint, minted Minted) []idp.Release {
	if m.Session.AccountID == "" {
		return nil
	}
	told := idp.Told{Client: m.Client, AccountID: m.Session.AccountID, GrantID: m.GrantID, Channel: channel, Claims: minted.Released, Consent: m.Session.Consent, Items: e.cfg.Details.Items(m.Session.Details)}
	if len(m.Session.Parents) == 0 { // an exchanged token is another client's, whom nobody allowed to pass on anything
		told.Passed = m.Client.PassedOn(m.Session.Agreement(), minted.Released)
	}
	return mandate.Releases(e.cfg.Words.Load(), m.Session.Mandate, told, e.cfg.Now())
}

// note writes down what leaves with tokens that are not stored with anything else.
func (e *Engine) note(channel idp.Channel, m Mint, minted Minted) error {
	if e.cfg.Ledger == nil {
		return nil
	}
	if err := e.cfg.Ledger.Note(e.releases(channel, m, minted)...); err != nil {
		return unavailable(err)
	}
	return nil
}

// Rollback forgets what was gathered.
func (s *storage) Rollback(context.Context) error { return nil }

func pending(ctx context.Context) *Redemption {
	r, _ := ctx.Value(pendingKey{}).(*Redemption)
	return r
}

func (s *storage) event(ctx context.Context, kind, grantID string) audit.Event {
	return idp.Event(ctx, s.engine.cfg.Now(), kind, "grant", grantID, nil)
}

func (s *storage) GetClient(_ context.Context, id string) (fosite.Client, error) {
	client, ok := s.engine.cfg.Clients.Find(id)
	if !ok {
		return nil, fosite.ErrNotFound
	}
	return &clientView{client.Client}, nil
}

// ClientAssertionJWTValid and SetClientAssertionJWT are never asked: client authentication is ours.
func (s *storage) ClientAssertionJWTValid(context.Context, string) error { return fosite.ErrJTIKnown }

func (s *storage) SetClientAssertionJWT(context.Context, string, time.Time) error {
	return fosite.ErrJTIKnown
}

func requestOf(r fosite.Requester) (Request, error) {
	view, ok := r.GetSession().(*sessionView)
	if !ok {
		return Request{}, errors.New("oauth: session of another kind")
	}
	form := r.GetRequestForm()
	return Request{GrantID: r.GetID(), ClientID: r.GetClient().GetID(), RedirectURI: form.Get("redirect_uri"), Challenge: form.Get("code_challenge"),
		RequestedAt: r.GetRequestedAt(), GrantedScopes: slices.Clone(r.GetGrantedScopes()), Session: view.Session}, nil
}

// requester shows a stored request to fosite.
func (s *storage) requester(ctx context.Context, r Request) (fosite.Requester, error) {
	client, err := s.GetClient(ctx, r.ClientID)
	if err != nil {
		return nil, err
	}
	form := url.Values{"redirect_uri": {r.RedirectURI}}
	if r.Challenge != "" {
		form.Set("code_challenge", r.Challenge)
		form.Set("code_challenge_method", "S256")
	}
	return &fosite.Request{ID: r.GrantID, RequestedAt: r.RequestedAt, Client: client, RequestedScope: r.GrantedScopes, GrantedScope: r.GrantedScopes,
		Form: form, Session: &sessionView{Session: r.Session}}, nil
}

func (s *storage) CreateAuthorizeCodeSession(ctx context.Context, signature string, r fosite.Requester) error {
	hash, err := hex.DecodeString(signature)
	if err != nil || len(hash) == 0 {
		return errors.New("oauth: no hash of the code")
	}
	request, err := requestOf(r)
	if err != nil {
		return err
	}
	now := s.engine.cfg.Now().UTC()
	code := CodeRecord{Hash: hash, Request: request, IssuedAt: now, ExpiresAt: now.Add(CodeLife)}
	e := s.event(ctx, "code.issued", request.GrantID)
	if m := request.Session.Mandate; m != nil {
		e.ActingFor, e.Details = m.Principal, map[string]string{"mandate": m.ID}
	}
	return s.engine.cfg.Store.SaveCode(ctx, code, audit.With(e))
}

func (s *storage) GetAuthorizeCodeSession(ctx context.Context, signature string, _ fosite.Session) (fosite.Requester, error) {
	hash, err := hex.DecodeString(signature)
	if err != nil {
		return nil, fosite.ErrNotFound
	}
	code, err := s.code(ctx, hash)
	if errors.Is(err, ErrNotFound) {
		return nil, fosite.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	r, err := s.requester(ctx, code.Request)
	switch {
	case err != nil:
		return nil, err
	case !code.UsedAt.IsZero():
		return r, fosite.ErrInvalidatedAuthorizeCode
	case !s.engine.cfg.Now().Before(code.ExpiresAt):
		return nil, fosite.ErrNotFound
	}
	return r, nil
}

// code and refresh read once a request.
func (s *storage) code(ctx context.Context, hash []byte) (CodeRecord, error) {
	x := exchangeOf(ctx)
	if x != nil && x.code != nil && bytes.Equal(x.code.Hash, hash) {
		return *x.code, nil
	}
	code, err := s.engine.cfg.Store.Code(ctx, hash)
	if err == nil && x != nil {
		x.code = &code
	}
	return code, err
}

func (s *storage) refresh(ctx context.Context, hash []byte) (RefreshRecord, error) {
	if x := exchangeOf(ctx); x != nil && x.refresh != nil && bytes.Equal(x.refresh.Hash, hash) {
		return *x.refresh, nil
	}
	return s.engine.cfg.Store.Refresh(ctx, hash)
}

func (s *storage) InvalidateAuthorizeCodeSession(ctx context.Context, signature string) error {
	hash, err := hex.DecodeString(signature)
	if r := pending(ctx); r != nil && err == nil {
		r.CodeHash = hash
		return nil
	}
	return errors.Join(err, errors.New("oauth: a code is consumed inside a redemption only"))
}

// The PKCE handler reads the challenge that was stored with the code.
func (s *storage) CreatePKCERequestSession(context.Context, string, fosite.Requester) error {
	return nil
}

func (s *storage) GetPKCERequestSession(ctx context.Context, signature string, session fosite.Session) (fosite.Requester, error) {
	r, err := s.GetAuthorizeCodeSession(ctx, signature, session)
	if errors.Is(err, fosite.ErrInvalidatedAuthorizeCode) {
		return r, nil // the code handler answers for used codes
	}
	if err == nil && r.GetRequestForm().Get("code_challenge") == "" {
		return nil, fosite.ErrNotFound
	}
	return r, err
}

func (s *storage) DeletePKCERequestSession(context.Context, string) error { return nil }

// CreateAccessTokenSession notes the grant; access tokens themselves are signed and not stored.
func (s *storage) CreateAccessTokenSession(ctx context.Context, _ string, r fosite.Requester) error {
	redemption := pending(ctx)
	if redemption == nil {
		return nil // client credentials
	}
	request, err := requestOf(r)
	if err != nil {
		return err
	}
	redemption.Grant = GrantRecord{ID: request.GrantID, ClientID: request.ClientID, AccountID: request.Session.AccountID, SID: request.Session.SID, CreatedAt: redemption.At}
	if m := request.Session.Mandate; m != nil {
		redemption.Grant.Principal, redemption.Grant.MandateID = m.Principal, m.ID
	}
	return nil
}

func (s *storage) GetAccessTokenSession(context.Context, string, fosite.Session) (fosite.Requester, error) {
	return nil, fosite.ErrNotFound
}

func (s *storage) DeleteAccessTokenSession(context.Context, string) error { return nil }

func (s *storage) CreateRefreshTokenSession(ctx context.Context, signature, _ string, r fosite.Requester) error {
	hash, err := hex.DecodeString(signature)
	if err != nil || len(hash) == 0 {
		return errors.New("oauth: no hash of the token")
	}
	request, err := requestOf(r)
	redemption := pending(ctx)
	if err != nil || redemption == nil {
		return errors.Join(err, errors.New("oauth: a refresh token is stored inside a redemption only"))
	}
	redemption.NewRefresh = &RefreshRecord{Hash: hash, GrantID: request.GrantID, Request: request, ExpiresAt: redemption.At.Add(RefreshLife)}
	return nil
}

func (s *storage) GetRefreshTokenSession(ctx context.Context, signature string, _ fosite.Session) (fosite.Requester, error) {
	hash, err := hex.DecodeString(signature)
	if err != nil {
		return nil, fosite.ErrNotFound
	}
	token, err := s.refresh(ctx, hash)
	if errors.Is(err, ErrNotFound) {
		return nil, fosite.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	r, err := s.requester(ctx, token.Request)
	switch {
	case err != nil:
		return nil, err
	case !token.UsedAt.IsZero():
		// Another request may have been faster by a moment; Exchange then looks again (design decision 8).
		if honest, err := s.engine.honestRepeat(ctx, token); err != nil || honest {
			return nil, errors.Join(err, ErrConsumed)
		}
		return r, fosite.ErrInactiveToken
	case !s.engine.cfg.Now().Before(token.ExpiresAt):
		return nil, fosite.ErrNotFound
	}
	return r, nil
}

// DeleteRefreshTokenSession: a used token stays, so that it is known when it comes again.
func (s *storage) DeleteRefreshTokenSession(context.Context, string) error { return nil }

func (s *storage) RotateRefreshToken(ctx context.Context, _ string, signature string) error {
	hash, err := hex.DecodeString(signature)
	if r := pending(ctx); r != nil && err == nil {
		r.RefreshHash = hash
		return nil
	}
	return errors.Join(err, errors.New("oauth: a token is rotated inside a redemption only"))
}

// RevokeRefreshToken ends the whole family. Where that fails outside a redemption, fosite answers invalid_grant
// nevertheless; the exchange remembers it.
func (s *storage) RevokeRefreshToken(ctx context.Context, grantID string) error {
	if r := pending(ctx); r != nil {
		r.RevokeGrant = grantID
		return nil
	}
	err := s.revoke(ctx, grantID)
	if x := exchangeOf(ctx); x != nil {
		x.failure = err
	}
	return err
}

// RevokeAccessToken does nothing: access tokens die with their family, and fosite asks for both.
func (s *storage) RevokeAccessToken(context.Context, string) error { return nil }

// TopicReplay is the outbox topic of notices to people whose code or token was used twice (O-35).
const TopicReplay = "notice.replay"

// ReplayNotice is its payload.
type ReplayNotice struct {
	AccountID string `json:"account_id"`
	ClientID  string `json:"client_id"`
}

// revoke ends a family because something of it was used twice, and tells the person, once.
func (s *storage) revoke(ctx context.Context, grantID string) error {
	e := s.event(ctx, "grant.replay_detected", grantID)
	e.Result = audit.Refused
	record := audit.With(e)
	standing, err := s.engine.cfg.Store.Standing(ctx, grantID)
	if err != nil {
		return err
	}
	if standing.Known {
		payload, err := json.Marshal(ReplayNotice{standing.Grant.AccountID, standing.Grant.ClientID})
		if err != nil {
			return err
		}
		record = record.And(audit.Message{Topic: TopicReplay, Key: grantID, Payload: payload})
	}
	return s.engine.cfg.Store.RevokeGrant(ctx, grantID, s.engine.cfg.Now().UTC(), record)
}
