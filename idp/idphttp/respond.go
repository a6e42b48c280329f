package idphttp

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authflow"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

// refuse ends a flow with an error for the client.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, client idp.Client, f authflow.Flow, refusal *oauth.Error) error {
	if f.RedirectURI == "" {
		return fault.Wrap(refusal, fault.RequestInvalid)
	}
	if err := s.consume(r, f); err != nil {
		return err
	}
	values := url.Values{"error": {refusal.Code}}
	if refusal.Description != "" {
		values.Set("error_description", refusal.Description)
	}
	return s.answer(w, r, client, f, values)
}

// consume takes the pushed request of a flow, so that it is answered once (O-25).
func (s *Server) consume(r *http.Request, f authflow.Flow) error {
	if len(f.Pushed) == 0 {
		return nil
	}
	err := s.Requests.Use(r.Context(), f.Pushed)
	if errors.Is(err, oauth.ErrConsumed) {
		return fault.Wrap(err, fault.RequestURIInvalid)
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	return nil
}

// answer sends the browser back in the mode of the flow, with state unchanged and the issuer: as iss (RFC 9207), or
// inside the signed answer (JARM 2.1).
func (s *Server) answer(w http.ResponseWriter, r *http.Request, client idp.Client, f authflow.Flow, values url.Values) error {
	if f.HasState {
		values.Set("state", f.State)
	}
	if authflow.Signed(f.Mode) {
		token, err := s.Tokens.AuthorizationResponse(r.Context(), client, values)
		if err != nil {
			return fault.Wrap(err, fault.Unavailable)
		}
		values = url.Values{"response": {token}}
	} else {
		values.Set("iss", s.Issuer)
	}
	if authflow.Posted(f.Mode) {
		return s.answerForm(w, r, client, f.RedirectURI, values)
	}
	target, err := url.Parse(f.RedirectURI)
	if err != nil {
		return fault.Wrap(err, fault.RedirectUnknown)
	}
	query := target.Query()
	for name, value := range values {
		query[name] = value
	}
	target.RawQuery = query.Encode()
	return see(w, r, target.String())
}

// answerForm is OAuth 2.0 Form Post Response Mode. There are no scripts, so the person presses the button; the page's
// policy lets the form go to the registered address and nowhere else.
func (s *Server) answerForm(w http.ResponseWriter, r *http.Request, client idp.Client, action string, values url.Values) error {
	var fields []web.Hidden
	for name := range values {
		fields = append(fields, web.Hidden{Name: name, Value: values.Get(name)})
	}
	slices.SortFunc(fields, func(a, b web.Hidden) int { return strings.Compare(a.Name, b.Name) })
	identity := s.Identity(r)
	identity.IdleLeft = 0 // a page that holds a code has no script, that of the end of a session neither
	return s.Pages.Page(w, r, http.StatusOK, "form-post", web.Page{Identity: identity, Callbacks: []string{action},
		Body: web.FormPostPage{Action: action, Hidden: fields, Host: hostOf(action), App: client.ClientName, Failed: values.Has("error")}})
}
