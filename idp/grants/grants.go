// Package grants is the token endpoint: one skeleton that every request passes, and one file for each grant.
//
//	form → which grant → which client (oauth.ClientAuth) → which key (DPoP, certificate) → which resource
//	     → the grant → ID token → answer
//
// A grant cannot forget to authenticate the client, to bind the token or to check the resource, because it never does any
// of that. Values go in and come out: no HTTP, no SQL.
package grants

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// Grant is one grant type. Run is called for an authenticated client that is registered for it.
type Grant interface {
	Type() string
	Run(ctx context.Context, x oauth.Exchange) (oauth.Issued, error)
}

// IDTokens makes ID tokens; idp/tokens implements it.
type IDTokens interface {
	IDToken(ctx context.Context, client idp.Client, session oauth.Session, scopes []string, accessToken string) (string, error)
}

// Config of the service.
type Config struct {
	Auth     *oauth.ClientAuth
	Proofs   *oauth.Proofs
	IDTokens IDTokens
	Grants   []Grant
}

// Service answers token requests.
type Service struct {
	cfg    Config
	byType map[string]Grant
}

// New returns the service; two grants of one type are a fault of assembly.
func New(cfg Config) (*Service, error) {
	s := &Service{cfg: cfg, byType: map[string]Grant{}}
	for _, grant := range cfg.Grants {
		if s.byType[grant.Type()] != nil {
			return nil, errors.New("grants: two of type " + grant.Type())
		}
		s.byType[grant.Type()] = grant
	}
	return s, nil
}

// Types are the grant types, for discovery.
func (s *Service) Types() []string {
	var types []string
	for _, grant := range s.cfg.Grants {
		types = append(types, grant.Type())
	}
	return types
}

// Request is a token request.
type Request struct {
	Credentials oauth.Credentials // with the form, each parameter once
	Proofs      []string          // DPoP headers
	Method, URL string            // as the proof names them
}

// Answer is RFC 6749 5.1 with what later documents added.
type Answer struct {
	AccessToken     string          `json:"access_token"`
	TokenType       string          `json:"token_type"`
	ExpiresIn       int             `json:"expires_in"`
	RefreshToken    string          `json:"refresh_token,omitempty"`
	IDToken         string          `json:"id_token,omitempty"`
	Scope           string          `json:"scope"`
	IssuedTokenType string          `json:"issued_token_type,omitempty"`
	Details         json.RawMessage `json:"authorization_details,omitempty"`
}

func refuse(code, why string) error { return oauth.NewError(400, code, why) }

// Run takes a request through the skeleton.
func (s *Service) Run(ctx context.Context, r Request) (Answer, error) {
	form := r.Credentials.Form
	caller, err := s.cfg.Auth.Authenticate(ctx, r.Credentials)
	if err != nil {
		return Answer{}, err
	}
	grant := s.byType[form.Get("grant_type")]
	switch {
	case form.Get("grant_type") == "":
		return Answer{}, refuse("invalid_request", "grant_type is missing")
	case grant == nil:
		return Answer{}, refuse("unsupported_grant_type", "")
	case !slices.Contains(caller.GrantTypes, grant.Type()):
		return Answer{}, refuse("unauthorized_client", "the client is not registered for this grant")
	}
	ctx = reqctx.WithActor(ctx, reqctx.Actor{ID: "client:" + caller.ClientID})
	binding, err := s.bind(ctx, caller, r)
	if err != nil {
		return Answer{}, err
	}
	resource, err := readResource(form)
	if err != nil {
		return Answer{}, err
	}
	issued, err := grant.Run(ctx, oauth.Exchange{Client: caller.StoredClient, Form: form, Binding: binding, Resource: resource})
	if err != nil {
		return Answer{}, err
	}
	return s.answer(ctx, caller.Client, binding, issued)
}

// bind finds the key that the tokens will be bound to. A client that registered for bound tokens never gets another
// (RFC 9449 5.2, RFC 8705 3.4).
func (s *Service) bind(ctx context.Context, caller oauth.Caller, r Request) (oauth.Binding, error) {
	jkt, err := s.cfg.Proofs.Check(ctx, oauth.Proof{Headers: r.Proofs, Method: r.Method, URL: r.URL, NonceRequired: caller.DPoPNonce})
	switch {
	case err != nil:
		return oauth.Binding{}, err
	case jkt != "":
		return oauth.Binding{JKT: jkt}, nil
	case caller.DPoPBound:
		return oauth.Binding{}, refuse("invalid_dpop_proof", "the client is registered for tokens bound by DPoP")
	case caller.CertificateBound && caller.Thumbprint == "":
		return oauth.Binding{}, refuse("invalid_request", "the client is registered for tokens bound to its certificate")
	case caller.CertificateBound:
		return oauth.Binding{X5T: caller.Thumbprint}, nil
	}
	return oauth.Binding{}, nil
}

// readResource reads RFC 8707 2. One resource a token: a token for several could be used by one of them at another.
func readResource(form url.Values) (string, error) {
	resource := form.Get("resource")
	if form.Has("resource") {
		if u, err := url.Parse(resource); resource == "" || err != nil || u.Fragment != "" || strings.Contains(resource, "#") || len(resource) > 512 {
			return "", refuse("invalid_target", "resource is not an address without fragment")
		}
	}
	return resource, nil
}

func (s *Service) answer(ctx context.Context, client idp.Client, binding oauth.Binding, issued oauth.Issued) (Answer, error) {
	details, err := issued.Session.AllDetails()
	if err != nil {
		return Answer{}, err
	}
	answer := Answer{AccessToken: issued.AccessToken, TokenType: binding.TokenType(), ExpiresIn: int(issued.ExpiresIn.Seconds()), RefreshToken: issued.RefreshToken,
		Scope: strings.Join(issued.Scopes, " "), IssuedTokenType: issued.IssuedTokenType, Details: details}
	if issued.Session.AccountID != "" && issued.IssuedTokenType == "" && slices.Contains(issued.Scopes, "openid") {
		if answer.IDToken, err = s.cfg.IDTokens.IDToken(ctx, client, issued.Session, issued.Scopes, issued.AccessToken); err != nil {
			return Answer{}, err
		}
	}
	return answer, nil
}
