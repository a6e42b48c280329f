package oauth

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/compose"

	"github.com/yinxin-gov/yinxin/idp"
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
	Ring    *keys.Ring
	Minter  AccessMinter
	Ledger  *idp.Ledger         // writes down what leaves with tokens that change nothing else; nil writes nothing
	Details *idp.Details        // kinds of authorization_details; nil knows none
	Words   *idp.LiveVocabulary // nil is what is built in
	Now     func() time.Time
	Rand    io.Reader
}

// Engine runs grants.
type Engine struct {
	cfg Config
	// providers has a fosite for each grant type: it asks all its handlers, and each that does not answer for the grant costs
	// an error with a stack trace.
	providers map[string]fosite.OAuth2Provider
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
		// The caller has authenticated the client before; see ClientAuth.
		ClientAuthenticationStrategy: func(ctx context.Context, _ *http.Request, _ url.Values) (fosite.Client, error) {
			if x := exchangeOf(ctx); x != nil {
				return &clientView{x.mint.Client}, nil
			}
			return nil, fosite.ErrInvalidClient
		},
	}
	store := &storage{engine: e}
	e.providers = map[string]fosite.OAuth2Provider{}
	for grant, handlers := range map[string][]compose.Factory{
		"authorization_code": {compose.OAuth2AuthorizeExplicitFactory, compose.OAuth2PKCEFactory},
		"refresh_token":      {compose.OAuth2RefreshTokenGrantFactory},
		"client_credentials": {compose.OAuth2ClientCredentialsGrantFactory},
	} {
		own := *settings // Compose writes the handlers into it
		e.providers[grant] = compose.Compose(&own, store, &strategy{e}, handlers...)
	}
	return e
}

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
	provider := e.providers["authorization_code"]
	authorize, err := provider.NewAuthorizeRequest(ctx, request)
	if err != nil {
		return "", translate(err)
	}
	for _, scope := range r.Scopes {
		authorize.GrantScope(scope)
	}
	r.Session.Version = SessionVersion
	response, err := provider.NewAuthorizeResponse(ctx, authorize, &sessionView{Session: r.Session})
	if err != nil {
		return "", translate(err)
	}
	return response.GetCode(), nil
}

func unavailable(err error) *Error {
	return &Error{Code: "temporarily_unavailable", Description: "try again later", Status: http.StatusServiceUnavailable, cause: err}
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
	if errors.Is(err, ErrEnded) {
		return errEnded()
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
	x := exchangeOf(ctx)
	if !ok || x == nil {
		return "", "", fmt.Errorf("oauth: an access token is made inside an exchange only")
	}
	x.mint.Session, x.mint.Scopes = view.Session, r.GetGrantedScopes()
	if x.scopes != nil {
		x.mint.Scopes = x.scopes // fosite grants all scopes of the first request again
	}
	if view.AccountID != "" {
		x.mint.GrantID = r.GetID()
	}
	minted, err := s.engine.cfg.Minter.AccessToken(ctx, x.mint)
	x.minted = minted
	return minted.Token, minted.Token, err
}

// ValidateAccessToken is never asked: access tokens are judged in idp/tokens.
func (s *strategy) ValidateAccessToken(context.Context, fosite.Requester, string) error {
	return fosite.ErrTokenSignatureMismatch
}
