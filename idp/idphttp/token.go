package idphttp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authflow"
	"github.com/yinxin-gov/yinxin/idp/grants"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/tokens"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// maxForm bounds a form of a protocol endpoint (security rule R11).
const maxForm = 1 << 20

func (s *Server) keySet(w http.ResponseWriter, r *http.Request, gm bool) {
	document, err := s.Tokens.KeyDocument(r.Context(), gm)
	if err != nil {
		s.oauthError(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=60")
	writeDocument(w, document)
}

// form reads a protocol form: each parameter once, but for those that may be repeated, from the body only.
func (s *Server) form(w http.ResponseWriter, r *http.Request, repeatable ...string) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); !strings.EqualFold(strings.TrimSpace(kind), "application/x-www-form-urlencoded") {
		return nil, oauth.NewError(http.StatusBadRequest, "invalid_request", "the body must be a form")
	}
	if err := r.ParseForm(); err != nil {
		return nil, oauth.NewError(http.StatusBadRequest, "invalid_request", "the form cannot be read")
	}
	if r.URL.RawQuery != "" || !authflow.Single(r.PostForm, repeatable...) {
		return nil, oauth.NewError(http.StatusBadRequest, "invalid_request", "a parameter stands twice or in the query")
	}
	return r.PostForm, nil
}

// credentials are what a request brings to say which client calls.
func credentials(r *http.Request, form url.Values) oauth.Credentials {
	c := oauth.Credentials{Authorization: r.Header.Get("Authorization"), Form: form}
	if r.TLS != nil {
		c.Certificates = r.TLS.PeerCertificates
	}
	return c
}

// authenticate finds out which client calls.
func (s *Server) authenticate(ctx context.Context, r *http.Request, form url.Values) (oauth.Caller, error) {
	return s.Auth.Authenticate(ctx, credentials(r, form))
}

// token is the token endpoint; what it does stands in idp/grants.
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	form, err := s.form(w, r)
	var answer grants.Answer
	if err == nil {
		answer, err = s.Grants.Run(r.Context(), grants.Request{Credentials: credentials(r, form), Proofs: r.Header.Values("DPoP"), Method: r.Method, URL: s.base(r) + "/token"})
		s.offerNonce(w, r, err)
	}
	if err != nil {
		s.oauthError(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, answer)
}

// oauthError writes the OAuth form of an error (RFC 6749 5.2); whatever is not one is 503.
func (s *Server) oauthError(w http.ResponseWriter, r *http.Request, err error) {
	refusal, ok := errors.AsType[*oauth.Error](err)
	if !ok {
		refusal = oauth.NewError(http.StatusServiceUnavailable, "temporarily_unavailable", "try again later")
	}
	if refusal.Status >= http.StatusInternalServerError {
		slog.ErrorContext(r.Context(), "protocol request failed", "request_id", reqctx.From(r.Context()).ID, "error", err)
		w.Header().Set("Retry-After", "5")
	}
	if refusal.Status == http.StatusUnauthorized && r.Header.Get("Authorization") != "" {
		w.Header().Set("WWW-Authenticate", `Basic realm="yinxin"`)
	}
	w.Header().Set("Cache-Control", "no-store")
	body := map[string]any{"error": refusal.Code}
	if refusal.Description != "" {
		body["error_description"] = refusal.Description
	}
	writeJSON(w, refusal.Status, body)
}

// postOnly answers every other method at an endpoint that takes a form (RFC 9126 2.3, RFC 9110 15.5.6).
func (s *Server) postOnly(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Allow", http.MethodPost)
	s.oauthError(w, r, oauth.NewError(http.StatusMethodNotAllowed, "invalid_request", "only POST is taken here"))
}

// userinfo is OpenID Connect Core 5.3.
func (s *Server) userinfo(w http.ResponseWriter, r *http.Request) {
	access, err := s.Accept(w, r)
	if err == nil && (access.Grant == nil || !slices.Contains(access.Scopes, "openid")) {
		err = fmt.Errorf("%w: no person stands behind it", tokens.ErrToken)
	}
	if err == nil && slices.Contains(access.Scopes, "identity") {
		err = s.Demand(r.Context(), access, idp.OperationIdentity)
	}
	if err != nil {
		s.refuseToken(w, r, err)
		return
	}
	client, _ := s.Clients.Find(access.ClientID)
	who := tokens.Subject{AccountID: access.Grant.AccountID, AccountVersion: access.AccountVersion, Mandate: access.Mandate, PrincipalVersion: access.PrincipalVersion, Actor: access.Actor}
	claims, err := s.Tokens.Claims(r.Context(), who, s.Words.Load().Withholding(client.Client, access.Withheld), access.Scopes, append(access.Userinfo, "verified_claims"))
	if err != nil {
		s.oauthError(w, r, err)
		return
	}
	claims["sub"] = access.Subject
	told := slices.Sorted(maps.Keys(claims))
	passed := access.PassedOn(client.Client, told)
	if err := s.Tokens.NoteAccess(access, client.Client, idp.ChannelUserinfo, told, passed...); err != nil {
		s.oauthError(w, r, err)
		return
	}
	if passed != nil {
		claims[idp.ClaimRecipients] = passed
	}
	w.Header().Set("Cache-Control", "no-store")
	if client.UserinfoAlg == "" {
		writeJSON(w, http.StatusOK, claims)
		return
	}
	signed, err := s.Tokens.Userinfo(r.Context(), client.Client, claims)
	if err != nil {
		s.oauthError(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/jwt") // OpenID Connect Core 5.3.2
	io.WriteString(w, signed)
}

// introspectionType of RFC 9701 4.
const introspectionType = "application/token-introspection+jwt"

// introspect is RFC 7662, signed where the caller asks for it or registered it (RFC 9701).
func (s *Server) introspect(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	form, err := s.form(w, r)
	var client oauth.Caller
	if err == nil {
		client, err = s.authenticate(ctx, r, form)
	}
	if err == nil && client.Public() {
		err = oauth.NewError(http.StatusUnauthorized, "invalid_client", "a public client may not introspect")
	}
	var answer map[string]any
	if err == nil {
		answer, err = s.Tokens.Introspect(ctx, client.Client, form.Get("token"))
	}
	if err != nil {
		s.oauthError(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	if client.IntrospectionAlg == "" && !strings.Contains(r.Header.Get("Accept"), introspectionType) {
		writeJSON(w, http.StatusOK, answer)
		return
	}
	signed, err := s.Tokens.SignIntrospection(ctx, client.Client, answer)
	if err != nil {
		s.oauthError(w, r, err)
		return
	}
	w.Header().Set("Content-Type", introspectionType)
	io.WriteString(w, signed)
}

// revoke is RFC 7009: a refresh token takes its family along; an unknown token is no error.
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	form, err := s.form(w, r)
	var client oauth.Caller
	if err == nil {
		client, err = s.authenticate(ctx, r, form)
	}
	if err == nil {
		ctx = reqctx.WithActor(ctx, reqctx.Actor{ID: "client:" + client.ClientID})
		err = s.end(ctx, client.StoredClient, form.Get("token"))
	}
	if err != nil {
		s.oauthError(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}

// end ends a refresh token with its family, or an access token alone.
func (s *Server) end(ctx context.Context, client idp.StoredClient, token string) error {
	if refresh, err := s.Engine.Revoke(ctx, client, token); refresh || err != nil {
		return err
	}
	access, err := s.Tokens.Judge(ctx, token)
	if errors.Is(err, tokens.ErrToken) || err == nil && access.ClientID != client.ClientID {
		return nil
	}
	if err != nil {
		return err
	}
	return s.Store.RevokeToken(ctx, access.JTI, access.Expires, audit.With(idp.Event(ctx, s.Now(), "token.revoked", "token", access.JTI, nil)))
}
