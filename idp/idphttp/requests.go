package idphttp

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authflow"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// pushed is the PAR endpoint (RFC 9126): the request is read whole while the client is authenticated, and only its name
// goes through the browser.
func (s *Server) pushed(w http.ResponseWriter, r *http.Request) {
	uri, err := s.push(w, r)
	if err != nil {
		s.oauthError(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusCreated, map[string]any{"request_uri": uri, "expires_in": int(oauth.PushedLife.Seconds())})
}

func (s *Server) push(w http.ResponseWriter, r *http.Request) (string, error) {
	form, err := s.form(w, r, authflow.Repeatable)
	if err != nil {
		return "", err
	}
	client, err := s.authenticate(r.Context(), r, form)
	if err != nil {
		return "", err
	}
	ctx := reqctx.WithActor(r.Context(), reqctx.Actor{ID: "client:" + client.ClientID})
	refuse := func(code, why string) error { return oauth.NewError(http.StatusBadRequest, code, why) }
	switch {
	case form.Has("request_uri"):
		return "", refuse("invalid_request", "request_uri is not taken here") // RFC 9126 2.1
	case form.Has("client_id") && form.Get("client_id") != client.ClientID:
		s.noteRefused(ctx, client.Client, "client_id", form.Get("client_id"))
		return "", refuse("invalid_request", "client_id is another than the one that was authenticated")
	}
	params, err := s.requestOf(ctx, client.StoredClient, form)
	if err != nil {
		return "", badRequest(err)
	}
	if !authflow.RedirectAllowed(client.Client, params.Get("redirect_uri")) {
		s.noteRefused(ctx, client.Client, "redirect_uri", params.Get("redirect_uri"))
		return "", refuse("invalid_request", "redirect_uri is not registered")
	}
	if err := s.bindPushed(w, r, client, params); err != nil {
		return "", err
	}
	if _, refusal := authflow.Parse(client.Client, params, s.Details.Types(), s.Words.Load(), s.Proofing.Highest()); refusal != nil {
		return "", badRequest(refusal)
	}
	return s.Requests.Push(ctx, client.ClientID, params)
}

// bindPushed: a proof that comes with a pushed request binds the code to its key, as dpop_jkt does (RFC 9449 10.1).
func (s *Server) bindPushed(w http.ResponseWriter, r *http.Request, client oauth.Caller, params url.Values) error {
	jkt, err := s.Proofs.Check(r.Context(), oauth.Proof{Headers: r.Header.Values("DPoP"), Method: r.Method, URL: s.base(r) + "/par", NonceRequired: client.DPoPNonce})
	s.offerNonce(w, r, err)
	switch {
	case err != nil || jkt == "":
		return err
	case params.Has("dpop_jkt") && params.Get("dpop_jkt") != jkt:
		return oauth.NewError(http.StatusBadRequest, "invalid_dpop_proof", "dpop_jkt is of another key")
	}
	params.Set("dpop_jkt", jkt)
	return nil
}

// badRequest is a refusal of the authorization endpoint as the pushed endpoint answers it (RFC 9126 2.3).
func badRequest(err error) error {
	refusal, ok := errors.AsType[*oauth.Error](err)
	if !ok || refusal.Status != http.StatusFound {
		return err
	}
	return oauth.NewError(http.StatusBadRequest, refusal.Code, refusal.Description)
}

// Parameters that speak of the client's authentication and not of the request.
var authenticationParams = []string{"client_secret", "client_assertion", "client_assertion_type"}

// requestOf gives the parameters that count: those of a signed request object and no others where there is one (RFC 9101
// 6.3), otherwise those of the form.
func (s *Server) requestOf(ctx context.Context, client idp.StoredClient, form url.Values) (url.Values, error) {
	if form.Has("request") && client.RequestObjectAlg != "" {
		return s.Requests.Object(ctx, client, form.Get("request"))
	}
	if client.MustSignRequest() && !form.Has("request") {
		return nil, oauth.Refusal("invalid_request", "the client signs its requests, and this one is not")
	}
	params := url.Values{}
	for name, values := range form {
		params[name] = values
	}
	for _, name := range authenticationParams {
		params.Del(name)
	}
	return params, nil
}

// request finds out what the browser asks for. Until client and redirect URI are proven an error is a page with status
// 400 and no Location (security rule R1); after that the flow says where it goes.
func (s *Server) request(ctx context.Context, q url.Values) (idp.StoredClient, authflow.Flow, error) {
	client, ok := s.Clients.Find(q.Get("client_id"))
	if !ok {
		return client, authflow.Flow{}, fault.New(fault.ClientUnknown)
	}
	if q.Has("request_uri") && q.Has("request") {
		return client, authflow.Flow{}, fault.New(fault.RequestInvalid) // RFC 9101 5
	}
	if oauth.IsPushedURI(q.Get("request_uri")) {
		return s.pushedRequest(ctx, client, q.Get("request_uri"))
	}
	// A refusal before the request is known goes to the outer address, if that is the client's own.
	outer := func(err error) (idp.StoredClient, authflow.Flow, error) {
		if refusal, ok := errors.AsType[*oauth.Error](err); !ok || refusal.Status != http.StatusFound {
			return client, authflow.Flow{}, err
		}
		if !authflow.RedirectAllowed(client.Client, q.Get("redirect_uri")) {
			return client, authflow.Flow{}, fault.Wrap(err, fault.RequestInvalid)
		}
		return client, authflow.Flow{RedirectURI: q.Get("redirect_uri"), Mode: authflow.DefaultMode(client.Client), State: q.Get("state"), HasState: q.Has("state")}, err
	}
	if client.MustPush() {
		return outer(oauth.Refusal("invalid_request", "the client pushes its requests"))
	}
	params, err := s.requestOf(ctx, client, q)
	if err != nil {
		return outer(err)
	}
	return s.parsed(ctx, client, params)
}

func (s *Server) pushedRequest(ctx context.Context, client idp.StoredClient, uri string) (idp.StoredClient, authflow.Flow, error) {
	params, hash, err := s.Requests.Pushed(ctx, client.ClientID, uri)
	if errors.Is(err, oauth.ErrNotFound) {
		return client, authflow.Flow{}, fault.New(fault.RequestURIInvalid)
	}
	if err != nil {
		return client, authflow.Flow{}, fault.Wrap(err, fault.Unavailable)
	}
	client, flow, err := s.parsed(ctx, client, params) // again: the registration may have changed since
	flow.Pushed = hash
	return client, flow, err
}

func (s *Server) parsed(ctx context.Context, client idp.StoredClient, params url.Values) (idp.StoredClient, authflow.Flow, error) {
	if !authflow.RedirectAllowed(client.Client, params.Get("redirect_uri")) {
		s.noteRefused(ctx, client.Client, "redirect_uri", params.Get("redirect_uri"))
		return client, authflow.Flow{}, fault.New(fault.RedirectUnknown)
	}
	flow, refusal := authflow.Parse(client.Client, params, s.Details.Types(), s.Words.Load(), s.Proofing.Highest())
	if refusal != nil {
		return client, flow, refusal
	}
	return client, flow, nil
}

// noteRefused keeps for the owner of a client what did not match. The refusal stands whether or not it can be kept.
func (s *Server) noteRefused(ctx context.Context, client idp.Client, parameter, received string) {
	if s.Refused == nil {
		return
	}
	if err := s.Refused(ctx, client.ClientID, parameter, received, reqctx.From(ctx).SupportCode); err != nil {
		slog.WarnContext(ctx, "a refused request was not noted", "client", client.ClientID, "error", err)
	}
}
