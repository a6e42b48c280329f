package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/keys"
)

// Issued is what a grant hands out, besides the ID token.
type Issued struct {
	GrantID         string
	AccessToken     string
	RefreshToken    string
	ExpiresIn       time.Duration
	Scopes          []string
	Session         Session
	IssuedTokenType string // token exchange only (RFC 8693 2.2.1)
}

// Exchange is a token request of a client that was authenticated and that showed its key.
type Exchange struct {
	Client   idp.StoredClient
	Form     url.Values // each parameter once
	Binding  Binding
	Resource string // RFC 8707; empty: every resource server of the grant
}

// exchangeState is what one request carries through fosite: who calls, what the access token must be, what became of it.
type exchangeState struct {
	mint   Mint
	scopes []string // narrower than the grant's; nil: all of them
	minted Minted
	// What was read of the code or refresh token: fosite asks for it up to four times. Whether it is still unused is
	// decided by the conditional update at the end, never by these.
	code    *CodeRecord
	refresh *RefreshRecord
	failure error // of ending a family whose code came again
	unasked bool  // see Redemption.Unasked
}

type exchangeKey struct{}

func exchangeOf(ctx context.Context) *exchangeState {
	x, _ := ctx.Value(exchangeKey{}).(*exchangeState)
	return x
}

// RedeemCode runs the authorization code grant.
func (e *Engine) RedeemCode(ctx context.Context, x Exchange) (Issued, error) {
	issued, err := e.run(ctx, "authorization_code", x, &exchangeState{})
	if errors.Is(err, ErrConsumed) {
		// fosite ends the family of a code that it finds used, but not when another redemption wins meanwhile (O-14, O-16).
		if failure := e.endFamilyOf(ctx, x.Form.Get("code")); failure != nil {
			return Issued{}, unavailable(failure)
		}
	}
	return issued, err
}

// ClientCredentials runs that grant: the client acts for itself.
func (e *Engine) ClientCredentials(ctx context.Context, x Exchange) (Issued, error) {
	form := url.Values{}
	for name, values := range x.Form {
		form[name] = values
	}
	if form.Get("scope") == "" {
		form.Set("scope", x.Client.Scope) // RFC 6749 3.3: without the parameter, what the client is registered for
	}
	x.Form = form
	return e.run(ctx, "client_credentials", x, &exchangeState{})
}

func (e *Engine) endFamilyOf(ctx context.Context, code string) error {
	hash, err := e.hash(ctx, "code", code)
	if err != nil {
		return err
	}
	stored, err := e.cfg.Store.Code(ctx, hash)
	if err != nil {
		return err
	}
	return (&storage{engine: e}).revoke(ctx, stored.Request.GrantID)
}

// run takes a request of a grant type through fosite.
func (e *Engine) run(ctx context.Context, grant string, x Exchange, state *exchangeState) (Issued, error) {
	provider := e.providers[grant]
	state.mint = Mint{Client: x.Client.Client, Life: AccessLife}
	ctx = context.WithValue(ctx, exchangeKey{}, state)
	clean := url.Values{}
	for name, values := range x.Form {
		clean[name] = values
	}
	clean.Set("client_id", x.Client.ClientID)
	clean.Del("audience") // audiences are ours (F12)
	request := &http.Request{Method: http.MethodPost, URL: &url.URL{Path: "/token"}, Body: http.NoBody, Form: clean, PostForm: clean, Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}}
	access, err := provider.NewAccessRequest(ctx, request, &sessionView{Session: Session{Version: SessionVersion}})
	if state.failure != nil {
		return Issued{}, unavailable(state.failure)
	}
	if err != nil {
		return Issued{}, translate(err)
	}
	view, ok := access.GetSession().(*sessionView)
	if !ok {
		return Issued{}, unavailable(errors.New("session of another kind"))
	}
	if view.AccountID == "" {
		view.Audience = x.Client.Audience
		for _, scope := range access.GetRequestedScopes() {
			access.GrantScope(scope)
		}
	} else {
		standing, err := state.standing(access.GetGrantedScopes(), view.Session, e.cfg.Words.Load(), e.cfg.Now())
		if err != nil {
			return Issued{}, err
		}
		view.Session.stands(standing)
	}
	if err := checkKey(x.Client.Client, view.Session, x.Binding); err != nil {
		return Issued{}, err
	}
	view.Binding, view.DPoPJKT = x.Binding, ""
	if state.mint.Audience, err = e.audience(x.Client.Client, view.Session, x.Resource, firstOf(state.scopes, access.GetGrantedScopes(), access.GetRequestedScopes())); err != nil {
		return Issued{}, err
	}
	response, err := provider.NewAccessResponse(ctx, access)
	if err != nil {
		return Issued{}, translate(err)
	}
	if view.AccountID == "" && state.minted.Opaque != nil {
		if err := e.saveOpaque(ctx, *state.minted.Opaque); err != nil {
			return Issued{}, err
		}
	}
	issued := Issued{GrantID: access.GetID(), AccessToken: response.GetAccessToken(), ExpiresIn: AccessLife, Scopes: state.mint.Scopes, Session: view.Session}
	issued.RefreshToken, _ = response.GetExtra("refresh_token").(string)
	return issued, nil
}

// firstOf gives the first list that holds anything: fosite grants the scopes of a code only when it answers.
func firstOf(lists ...[]string) []string {
	for _, list := range lists {
		if len(list) > 0 {
			return list
		}
	}
	return nil
}

// checkKey: a code that was bound to a key is redeemed by that key (RFC 9449 10), and the refresh token of a public client
// belongs to the key it was issued to (RFC 9449 5, RFC 8705 4); a confidential client may change its key.
func checkKey(client idp.Client, session Session, binding Binding) error {
	if session.DPoPJKT != "" && !SameThumbprint(session.DPoPJKT, binding.JKT) {
		return NewError(http.StatusBadRequest, "invalid_grant", "the code is bound to another key")
	}
	if client.Public() && !session.Binding.IsZero() && session.Binding != binding {
		return NewError(http.StatusBadRequest, "invalid_grant", "the token is bound to another key")
	}
	return nil
}

// audience of an access token: the resource server that was asked for, or all of the grant that the client may still
// reach today, whatever was added to its list since (F12). Our own API is one of them unless the client narrowed the token
// to others; userinfo stays open with openid.
func (e *Engine) audience(client idp.Client, session Session, resource string, scopes []string) ([]string, error) {
	own := len(session.Resources) == 0
	audience := slices.DeleteFunc(slices.Clone(session.Audience), func(a string) bool { return !slices.Contains(client.Audience, a) })
	if resource != "" {
		if resource != e.cfg.Issuer && !slices.Contains(audience, resource) {
			return nil, NewError(http.StatusBadRequest, "invalid_target", "the resource is not one of the grant")
		}
		own, audience = resource == e.cfg.Issuer, []string{resource}
	}
	if (own || slices.Contains(scopes, "openid")) && !slices.Contains(audience, e.cfg.Issuer) {
		audience = append([]string{e.cfg.Issuer}, audience...)
	}
	return audience, nil
}

func (e *Engine) saveOpaque(ctx context.Context, record OpaqueRecord) error {
	event := idp.Event(ctx, e.cfg.Now(), "token.issued", "client", record.ClientID, nil)
	if err := e.cfg.Store.SaveOpaque(ctx, record, audit.With(event)); err != nil {
		return unavailable(err)
	}
	return nil
}

// errEnded: the person, or somebody for the person, ended what the grant stands on.
func errEnded() error {
	return NewError(http.StatusBadRequest, "invalid_grant", "the grant has ended")
}

// stillAllowed checks grant, account, credentials and consent again at every refresh (O-37).
func stillAllowed(s Session, standing Standing, scopes []string, words *idp.Vocabulary, now time.Time) error {
	if !standing.MayAct(s.mandateID(), now) {
		return errEnded()
	}
	if !standing.Known || !standing.Grant.RevokedAt.IsZero() || standing.Account != idp.AccountActive || standing.CredentialsAt.After(s.AuthTime) {
		return errEnded()
	}
	if !standing.consents(words.Items(scopes)) {
		return errEnded()
	}
	return nil
}

// mayBegin checks account, credentials, session and consent before a code becomes a grant (O-37). Whether the code was used,
// and whether session and consent ended meanwhile, is decided by its redemption.
func mayBegin(s Session, standing Standing, items []string, now time.Time) error {
	if !standing.MayAct(s.mandateID(), now) || standing.SessionEnded || standing.Account != idp.AccountActive || standing.CredentialsAt.After(s.AuthTime) || !standing.consents(items) {
		return errEnded()
	}
	return nil
}

// consents reports whether the person's consent covers what a grant needs of it: not when it was withdrawn, nor when it never
// covered what a scope opens now.
func (s Standing) consents(items []string) bool {
	return !slices.ContainsFunc(items, func(item string) bool { return !slices.Contains(s.Consented, item) })
}

// standing judges what the code or refresh token of a request stands on.
func (x *exchangeState) standing(scopes []string, session Session, words *idp.Vocabulary, now time.Time) (Standing, error) {
	switch {
	case x.refresh != nil:
		return x.refresh.Standing, stillAllowed(session, x.refresh.Standing, scopes, words, now)
	case x.code != nil:
		items := words.Items(x.code.Request.GrantedScopes)
		x.unasked = len(items) == 0 && len(session.Details) == 0
		return x.code.Standing, mayBegin(session, x.code.Standing, items, now)
	}
	return Standing{}, errEnded()
}

// stands takes over what was read of the accounts, of the consent and of the mandate, whose rights may have been frozen since.
func (s *Session) stands(standing Standing) {
	s.AccountVersion, s.PrincipalVersion = standing.Version, standing.PrincipalVersion
	if standing.ConsentVersion > 0 { // it may be a later one than the grant began with
		s.Consent, s.Withheld, s.Terms = standing.ConsentVersion, standing.Withheld, standing.Terms
	}
	if s.Mandate != nil {
		now := standing.Mandate
		s.Mandate = &now
	}
}

func (s Session) mandateID() string {
	if s.Mandate == nil {
		return ""
	}
	return s.Mandate.ID
}

// hash is the keyed hash under which a value of a kind is stored; one kind is worthless as another (O-59).
func (e *Engine) hash(ctx context.Context, kind, value string) ([]byte, error) {
	return keyedHash(ctx, e.cfg.Ring, kind, value)
}

// OpaqueHash is the keyed hash under which an opaque access token is stored.
func OpaqueHash(ctx context.Context, ring *keys.Ring, token string) ([]byte, error) {
	return keyedHash(ctx, ring, "access", token)
}
