package oauth

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/compose"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys"
)

// Lives of what the engine hands out.
const (
	CodeLife    = time.Minute
	AccessLife  = 10 * time.Minute
	RefreshLife = 30 * 24 * time.Hour
	GraceTime   = 5 * time.Second // an honest parallel refresh gets the same successor
)

// Config of the engine.
type Config struct {
	Issuer  string
	Store   Store
	Clients *idp.Clients
	People  idp.People
	Ring    *keys.Ring
	Minter  AccessMinter
	Now     func() time.Time
	Rand    io.Reader
}

// Engine runs grants.
type Engine struct {
	cfg      Config
	provider fosite.OAuth2Provider
}

// New assembles fosite around our storage, strategy and client authentication.
func New(cfg Config) *Engine {
	e := &Engine{cfg: cfg}
	settings := &fosite.Config{
		AccessTokenLifespan: AccessLife, AuthorizeCodeLifespan: CodeLife, RefreshTokenLifespan: RefreshLife,
		ScopeStrategy: fosite.ExactScopeStrategy, AudienceMatchingStrategy: fosite.ExactAudienceMatchingStrategy,
		EnforcePKCE: false, EnablePKCEPlainChallengeMethod: false, RefreshTokenScopes: []string{}, SendDebugMessagesToClients: false,
		MinParameterEntropy: 8, GlobalSecret: []byte("unused: codes and tokens are made by our own strategy"),
		// The challenge lies with the code, so that the two are consumed together.
		SanitationWhiteList: []string{"code", "redirect_uri", "code_challenge", "code_challenge_method"},
		// The caller has authenticated the client before; see Exchange.
		ClientAuthenticationStrategy: func(ctx context.Context, _ *http.Request, _ url.Values) (fosite.Client, error) {
			if client, ok := ctx.Value(clientKey{}).(*clientView); ok {
				return client, nil
			}
			return nil, fosite.ErrInvalidClient
		},
	}
	store := &storage{engine: e}
	e.provider = compose.Compose(settings, store, &strategy{e},
		compose.OAuth2AuthorizeExplicitFactory, compose.OAuth2RefreshTokenGrantFactory, compose.OAuth2ClientCredentialsGrantFactory, compose.OAuth2PKCEFactory)
	return e
}

type clientKey struct{}

// CodeRequest asks for an authorization code after login and consent.
type CodeRequest struct {
	Client      idp.Client
	RedirectURI string
	Scopes      []string
	Challenge   string // S256, empty where the client needs none
	Session     Session
}

// Authorize hands out a code.
func (e *Engine) Authorize(ctx context.Context, r CodeRequest) (string, error) {
	// fosite wants a state of some length; the caller's own state is echoed by the caller (O-19).
	form := url.Values{"client_id": {r.Client.ClientID}, "redirect_uri": {r.RedirectURI}, "response_type": {"code"}, "scope": {strings.Join(r.Scopes, " ")}, "state": {"handled-outside"}}
	if r.Challenge != "" {
		form.Set("code_challenge", r.Challenge)
		form.Set("code_challenge_method", "S256")
	}
	request := &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/authorize", RawQuery: form.Encode()}, Form: form, Header: http.Header{}}
	authorize, err := e.provider.NewAuthorizeRequest(ctx, request)
	if err != nil {
		return "", translate(err)
	}
	for _, scope := range r.Scopes {
		authorize.GrantScope(scope)
	}
	r.Session.Version = SessionVersion
	response, err := e.provider.NewAuthorizeResponse(ctx, authorize, &sessionView{Session: r.Session})
	if err != nil {
		return "", translate(err)
	}
	return response.GetCode(), nil
}

// Issued is what the token endpoint hands out, besides the ID token.
type Issued struct {
	GrantID      string
	AccessToken  string
	RefreshToken string
	ExpiresIn    time.Duration
	Scopes       []string
	Session      Session
}

// Exchange runs a grant for an authenticated client. form holds the parameters of the request, each once.
func (e *Engine) Exchange(ctx context.Context, client idp.StoredClient, form url.Values) (Issued, error) {
	if err := e.checkRefreshScope(ctx, form); err != nil {
		return Issued{}, err
	}
	if form.Get("grant_type") == "refresh_token" {
		issued, handled, err := e.withinGrace(ctx, client, form)
		if handled || err != nil {
			return issued, err
		}
	}
	issued, err := e.exchange(ctx, client, form)
	if errors.Is(err, ErrConsumed) && form.Get("grant_type") == "refresh_token" {
		// Another request was faster by a moment: look again, now as the later one.
		if again, handled, err := e.withinGrace(ctx, client, form); handled || err != nil {
			return again, err
		}
	}
	if errors.Is(err, ErrConsumed) && form.Get("grant_type") == "authorization_code" {
		// fosite ends the family of a code that it finds used, but not when another redemption wins meanwhile (O-14, O-16).
		if failure := e.endFamilyOf(ctx, form.Get("code")); failure != nil {
			return Issued{}, unavailable(failure)
		}
	}
	return issued, err
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

func (e *Engine) exchange(ctx context.Context, client idp.StoredClient, form url.Values) (Issued, error) {
	ctx = context.WithValue(ctx, clientKey{}, &clientView{client.Client})
	clean := url.Values{}
	for name, values := range form {
		clean[name] = values
	}
	clean.Set("client_id", client.ClientID)
	if clean.Get("grant_type") == "client_credentials" && clean.Get("scope") == "" {
		clean.Set("scope", client.Scope) // RFC 6749 3.3: without the parameter, what the client is registered for
	}
	request := &http.Request{Method: http.MethodPost, URL: &url.URL{Path: "/token"}, Body: http.NoBody, Form: clean, PostForm: clean, Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}}
	access, err := e.provider.NewAccessRequest(ctx, request, &sessionView{Session: Session{Version: SessionVersion}})
	if err != nil {
		return Issued{}, translate(err)
	}
	view, _ := access.GetSession().(*sessionView)
	if form.Get("grant_type") == "client_credentials" {
		for _, scope := range access.GetRequestedScopes() {
			access.GrantScope(scope)
		}
	} else if err := e.stillAllowed(ctx, view.Session, access.GetID()); err != nil {
		return Issued{}, err
	}
	response, err := e.provider.NewAccessResponse(ctx, access)
	if err != nil {
		return Issued{}, translate(err)
	}
	issued := Issued{GrantID: access.GetID(), AccessToken: response.GetAccessToken(), ExpiresIn: AccessLife, Scopes: access.GetGrantedScopes(), Session: view.Session}
	issued.RefreshToken, _ = response.GetExtra("refresh_token").(string)
	return issued, nil
}

// stillAllowed checks account and credentials again at every use of a grant (O-37).
func (e *Engine) stillAllowed(ctx context.Context, s Session, grantID string) error {
	person, err := e.cfg.People.Person(ctx, s.AccountID)
	if err != nil || person.State != idp.AccountActive || person.CredentialsAt.After(s.AuthTime) {
		return &Error{Code: "invalid_grant", Description: "the grant has ended", Status: http.StatusBadRequest, cause: err}
	}
	grant, err := e.cfg.Store.Grant(ctx, grantID)
	if err == nil && !grant.RevokedAt.IsZero() {
		return NewError(http.StatusBadRequest, "invalid_grant", "the grant has ended")
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return &Error{Code: "temporarily_unavailable", Status: http.StatusServiceUnavailable, cause: err}
	}
	return nil
}

// withinGrace answers a refresh token that was used a moment ago, while its successor was not, with the same successor
// and a fresh access token (design decision 8).
func (e *Engine) withinGrace(ctx context.Context, client idp.StoredClient, form url.Values) (Issued, bool, error) {
	presented := form.Get("refresh_token")
	if presented == "" {
		return Issued{}, false, nil
	}
	hash, err := e.hash(ctx, "refresh", presented)
	if err != nil {
		return Issued{}, false, unavailable(err)
	}
	used, err := e.cfg.Store.Refresh(ctx, hash)
	if errors.Is(err, ErrNotFound) {
		return Issued{}, false, nil
	}
	if err != nil {
		return Issued{}, false, unavailable(err)
	}
	if used.Request.ClientID != client.ClientID {
		return Issued{}, false, nil
	}
	if honest, err := e.honestRepeat(ctx, used); err != nil || !honest {
		return Issued{}, false, err
	}
	if err := e.stillAllowed(ctx, used.Request.Session, used.GrantID); err != nil {
		return Issued{}, true, err
	}
	successor, err := e.successor(ctx, presented)
	if err != nil {
		return Issued{}, true, unavailable(err)
	}
	access, err := e.cfg.Minter.AccessToken(ctx, used.Request, client.ClientID, used.Request.GrantedScopes)
	if err != nil {
		return Issued{}, true, unavailable(err)
	}
	return Issued{GrantID: used.GrantID, AccessToken: access, RefreshToken: successor, ExpiresIn: AccessLife, Scopes: used.Request.GrantedScopes, Session: used.Request.Session}, true, nil
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

func unavailable(err error) *Error {
	return &Error{Code: "temporarily_unavailable", Description: "try again later", Status: http.StatusServiceUnavailable, cause: err}
}

// hash is the keyed hash under which a value of a kind is stored; one kind is worthless as another (O-59).
func (e *Engine) hash(ctx context.Context, kind, value string) ([]byte, error) {
	mac, err := e.cfg.Ring.MAC(ctx, keys.UsageLookup)
	if err != nil {
		return nil, err
	}
	return mac.Sum(ctx, []byte("oauth-"+kind), []byte(value))
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

// translate turns fosite's errors into ours.
func translate(err error) error {
	if ours, ok := errors.AsType[*Error](err); ok {
		return ours
	}
	if errors.Is(err, ErrConsumed) || errors.Is(err, fosite.ErrInvalidatedAuthorizeCode) {
		err = errors.Join(err, ErrConsumed)
		return &Error{Code: "invalid_grant", Description: "the code or token was used before", Status: http.StatusBadRequest, cause: err}
	}
	rfc := fosite.ErrorToRFC6749Error(err)
	answer := &Error{Code: rfc.ErrorField, Description: rfc.HintField, Status: rfc.CodeField, cause: err}
	switch rfc.ErrorField {
	case "server_error", "error":
		return unavailable(errors.Join(err, rfc.Unwrap())) // the message of the first does not tell the cause
	case "invalid_client":
		answer.Status = http.StatusUnauthorized
	case "request_unauthorized", "token_inactive":
		answer.Code, answer.Status = "invalid_grant", http.StatusBadRequest
	default:
		answer.Status = http.StatusBadRequest
	}
	return answer
}

// strategy makes codes and tokens: 256 random bits, stored as keyed hashes.
type strategy struct{ engine *Engine }

func (s *strategy) signature(ctx context.Context, kind, token string) string {
	sum, err := s.engine.hash(ctx, kind, token)
	if err != nil {
		return "" // matches nothing
	}
	return hex.EncodeToString(sum)
}

func (s *strategy) AuthorizeCodeSignature(ctx context.Context, token string) string {
	return s.signature(ctx, "code", token)
}

func (s *strategy) GenerateAuthorizeCode(ctx context.Context, _ fosite.Requester) (string, string, error) {
	code := ident.Secret(s.engine.cfg.Rand, 32)
	return code, s.signature(ctx, "code", code), nil
}

// ValidateAuthorizeCode has nothing left to check: the store knows expiry and use by our clock.
func (s *strategy) ValidateAuthorizeCode(context.Context, fosite.Requester, string) error { return nil }

func (s *strategy) RefreshTokenSignature(ctx context.Context, token string) string {
	return s.signature(ctx, "refresh", token)
}

func (s *strategy) GenerateRefreshToken(ctx context.Context, r fosite.Requester) (string, string, error) {
	token := "yxr_" + ident.Secret(s.engine.cfg.Rand, 32)
	if old := r.GetRequestForm().Get("refresh_token"); old != "" {
		var err error
		if token, err = s.engine.successor(ctx, old); err != nil {
			return "", "", err
		}
	}
	return token, s.signature(ctx, "refresh", token), nil
}

// ValidateRefreshToken: see ValidateAuthorizeCode.
func (s *strategy) ValidateRefreshToken(context.Context, fosite.Requester, string) error { return nil }

func (s *strategy) AccessTokenSignature(_ context.Context, token string) string { return token }

func (s *strategy) GenerateAccessToken(ctx context.Context, r fosite.Requester) (string, string, error) {
	view, ok := r.GetSession().(*sessionView)
	if !ok {
		return "", "", fmt.Errorf("oauth: session of another kind")
	}
	request := Request{GrantID: r.GetID(), ClientID: r.GetClient().GetID(), Session: view.Session}
	token, err := s.engine.cfg.Minter.AccessToken(ctx, request, r.GetClient().GetID(), r.GetGrantedScopes())
	return token, token, err
}

// ValidateAccessToken is never asked: access tokens are judged in idp/tokens.
func (s *strategy) ValidateAccessToken(context.Context, fosite.Requester, string) error {
	return fosite.ErrTokenSignatureMismatch
}

// Revoke ends the family of a refresh token of the client; any other text does nothing.
func (e *Engine) Revoke(ctx context.Context, client idp.StoredClient, token string) error {
	hash, err := e.hash(ctx, "refresh", token)
	if err != nil {
		return unavailable(err)
	}
	stored, err := e.cfg.Store.Refresh(ctx, hash)
	if errors.Is(err, ErrNotFound) || err == nil && stored.Request.ClientID != client.ClientID {
		return nil
	}
	if err == nil {
		err = e.cfg.Store.RevokeGrant(ctx, stored.GrantID, e.cfg.Now().UTC(), audit.With(idp.Event(ctx, e.cfg.Now(), "grant.revoked", "grant", stored.GrantID, nil)))
	}
	if err != nil {
		return unavailable(err)
	}
	return nil
}

// checkRefreshScope refuses a wider scope before the token is consumed (O-38).
func (e *Engine) checkRefreshScope(ctx context.Context, form url.Values) error {
	wanted := strings.Fields(form.Get("scope"))
	if form.Get("grant_type") != "refresh_token" || len(wanted) == 0 {
		return nil
	}
	hash, err := e.hash(ctx, "refresh", form.Get("refresh_token"))
	if err != nil {
		return unavailable(err)
	}
	stored, err := e.cfg.Store.Refresh(ctx, hash)
	if errors.Is(err, ErrNotFound) {
		return nil // the grant itself answers
	}
	if err != nil {
		return unavailable(err)
	}
	for _, scope := range wanted {
		if !slices.Contains(stored.Request.GrantedScopes, scope) {
			return NewError(http.StatusBadRequest, "invalid_scope", "a scope was not granted before")
		}
	}
	return nil
}
