package idphttp

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authflow"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/web"
)

// authorize begins a flow. Until client and redirect URI are proven an error is a page with status 400 and no Location
// (security rule R1).
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) error {
	q := r.Form
	if !authflow.Single(q) || r.Method == http.MethodPost && r.URL.RawQuery != "" {
		return fault.New(fault.RequestInvalid)
	}
	client, ok := s.Clients.Find(q.Get("client_id"))
	if !ok {
		return fault.New(fault.ClientUnknown)
	}
	if !authflow.RedirectAllowed(client.Client, q.Get("redirect_uri")) {
		return fault.New(fault.RedirectUnknown)
	}
	f, refusal := authflow.Parse(client.Client, q)
	if refusal != nil {
		return s.refuse(w, r, q.Get("redirect_uri"), q.Get("state"), q.Has("state"), refusal)
	}
	if hint := q.Get("id_token_hint"); hint != "" {
		_, sub, _, err := s.Tokens.Hint(r.Context(), hint)
		if err != nil {
			return s.refuse(w, r, f.RedirectURI, f.State, f.HasState, oauth.Refusal("invalid_request", "id_token_hint is not ours"))
		}
		f.HintSubject = sub
	}
	f.CreatedAt = s.Now().UTC()
	id, err := s.keepFlow(w, r, f)
	if err != nil {
		return err
	}
	return s.proceed(w, r, id, f, client.Client, q.Get("ui_locales"))
}

func (s *Server) keepFlow(w http.ResponseWriter, r *http.Request, f authflow.Flow) (string, error) {
	hash, err := s.browserHash(r.Context(), s.browser(w, r))
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(f)
	if err != nil {
		return "", err
	}
	id := ident.New(s.Rand, "flow")
	if err := s.Flows.PutFlow(r.Context(), id, hash, body, f.CreatedAt, f.CreatedAt.Add(authflow.Life)); err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	return id, nil
}

// resume goes on after a page of people.
func (s *Server) resume(w http.ResponseWriter, r *http.Request) error {
	id, f, client, err := s.optionalFlow(r)
	if err != nil {
		return err
	}
	if id == "" {
		return fault.New(fault.FlowLost)
	}
	return s.proceed(w, r, id, f, client, "")
}

// state gathers what a decision needs.
func (s *Server) state(r *http.Request, f authflow.Flow, client idp.Client) (authflow.State, session.Session, error) {
	current, signedIn, err := s.Session(r)
	if err != nil {
		return authflow.State{}, current, err
	}
	state := authflow.State{SignedIn: signedIn, AuthTime: current.AuthTime, Now: s.Now()}
	if !signedIn {
		return state, current, nil
	}
	person, err := s.Accounts.Person(r.Context(), current.AccountID)
	if err != nil {
		return state, current, err
	}
	if person.State != idp.AccountActive {
		state.SignedIn = false
		return state, current, nil
	}
	state.IAL = person.IAL
	if state.Subject, err = idp.PairwiseSubject(r.Context(), s.Ring, client.SectorOf(), current.AccountID); err != nil {
		return state, current, err
	}
	if state.Consented, err = s.Flows.Consent(r.Context(), current.AccountID, client.ClientID); err != nil {
		return state, current, fault.Wrap(err, fault.Unavailable)
	}
	return state, current, nil
}

func (s *Server) proceed(w http.ResponseWriter, r *http.Request, id string, f authflow.Flow, client idp.Client, locales string) error {
	state, current, err := s.state(r, f, client)
	if err != nil {
		return err
	}
	step, refusal := authflow.Decide(f, state)
	if refusal != nil {
		return s.refuse(w, r, f.RedirectURI, f.State, f.HasState, refusal)
	}
	address := map[authflow.Step]string{authflow.Login: "/login", authflow.Proofing: "/proofing", authflow.Consent: "/consent"}[step]
	if address != "" {
		query := url.Values{"flow": {id}}
		if language, _, _ := strings.Cut(locales, " "); language != "" {
			query.Set("lang", language)
		}
		return see(w, r, address+"?"+query.Encode())
	}
	return s.finish(w, r, id, f, client, state, current)
}

// finish hands out the code.
func (s *Server) finish(w http.ResponseWriter, r *http.Request, id string, f authflow.Flow, client idp.Client, state authflow.State, current session.Session) error {
	ctx := r.Context()
	if err := s.Flows.FinishFlow(ctx, id, s.Now()); err != nil {
		return fault.Wrap(err, fault.FlowLost)
	}
	code, err := s.Engine.Authorize(ctx, oauth.CodeRequest{Client: client, RedirectURI: f.RedirectURI, Scopes: f.Scopes, Challenge: f.Challenge, Session: oauth.Session{
		AccountID: current.AccountID, Subject: state.Subject, SID: current.ID, AAL: current.AAL, Methods: current.Methods, AuthTime: current.AuthTime,
		Nonce: f.Nonce, WantsClaims: f.Claims, Audience: client.Audience,
	}})
	if err != nil {
		if refusal, ok := err.(*oauth.Error); ok && refusal.Status != http.StatusServiceUnavailable {
			return s.refuse(w, r, f.RedirectURI, f.State, f.HasState, refusal)
		}
		return fault.Wrap(err, fault.Unavailable)
	}
	if err := s.Sessions.Joined(ctx, session.Party{SID: current.ID, ClientID: client.ClientID, Subject: state.Subject}); err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	return s.answer(w, r, f.RedirectURI, f.State, f.HasState, url.Values{"code": {code}})
}

// refuse sends an error back to the client.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, redirectURI, state string, hasState bool, refusal *oauth.Error) error {
	values := url.Values{"error": {refusal.Code}}
	if refusal.Description != "" {
		values.Set("error_description", refusal.Description)
	}
	return s.answer(w, r, redirectURI, state, hasState, values)
}

// answer redirects with state unchanged and the issuer (RFC 9207).
func (s *Server) answer(w http.ResponseWriter, r *http.Request, redirectURI, state string, hasState bool, values url.Values) error {
	target, err := url.Parse(redirectURI)
	if err != nil {
		return fault.Wrap(err, fault.RedirectUnknown)
	}
	query := target.Query()
	for name, value := range values {
		query[name] = value
	}
	if hasState {
		query.Set("state", state)
	}
	query.Set("iss", s.Issuer)
	target.RawQuery = query.Encode()
	return see(w, r, target.String())
}

// consentPage shows what an application asks for, with the person's own masked values.
func (s *Server) consentPage(w http.ResponseWriter, r *http.Request) error {
	id, f, client, err := s.optionalFlow(r)
	if err != nil {
		return err
	}
	if id == "" {
		return fault.New(fault.FlowLost)
	}
	current, ok, err := s.Session(r)
	if err != nil {
		return err
	}
	if !ok {
		return see(w, r, onward(id))
	}
	person, err := s.Accounts.Person(r.Context(), current.AccountID)
	if err != nil {
		return err
	}
	return s.Pages.Page(w, r, http.StatusOK, "consent", web.Page{Identity: s.Identity(r), Callbacks: []string{f.RedirectURI}, Body: web.ConsentPage{
		Hidden: hidden("flow", id), App: client.ClientName, Department: client.Department, Purpose: client.Purpose, Claims: claimsFor(f, client, person)}})
}

// claimsFor lists the claims behind the scopes.
func claimsFor(f authflow.Flow, client idp.Client, p idp.Person) []web.Claim {
	kind := web.ClaimNeeded
	if client.StatutoryBasis != "" {
		kind = web.ClaimStatutory
	}
	claim := func(name, value string) web.Claim {
		return web.Claim{Name: name, Value: value, Kind: kind, Basis: client.StatutoryBasis}
	}
	var all []web.Claim
	for _, scope := range f.Scopes {
		switch scope {
		case "profile":
			all = append(all, claim("name", subject.MaskName(p.Name)))
		case "phone":
			all = append(all, claim("phone_number", subject.MaskIdentifier(subject.Identifier{Kind: subject.Mobile, Value: p.Mobile})))
		case "email":
			all = append(all, claim("email", subject.MaskIdentifier(subject.Identifier{Kind: subject.Email, Value: p.Email})))
		case "identity":
			all = append(all, claim("id_document_number", subject.MaskID(p.IDNumber)))
		}
	}
	return append(all, claim("ial", ""))
}

func (s *Server) consentAnswer(w http.ResponseWriter, r *http.Request) error {
	id, f, client, err := s.optionalFlow(r)
	if err != nil {
		return err
	}
	if id == "" {
		return fault.New(fault.FlowLost)
	}
	state, current, err := s.state(r, f, client)
	if err != nil {
		return err
	}
	if !state.SignedIn {
		return see(w, r, onward(id))
	}
	switch r.PostFormValue("consent") {
	case "deny":
		if err := s.Flows.FinishFlow(r.Context(), id, s.Now()); err != nil {
			return fault.Wrap(err, fault.FlowLost)
		}
		return s.refuse(w, r, f.RedirectURI, f.State, f.HasState, oauth.Refusal("access_denied", "the person does not agree"))
	case "allow":
	default:
		return fault.New(fault.Malformed)
	}
	// What was asked for stands in the stored flow; nothing that the form adds counts (O-45).
	allowed := slices.Compact(slices.Sorted(slices.Values(append(state.Consented, f.Scopes...))))
	e := idp.Event(r.Context(), s.Now(), "consent.given", "account", current.AccountID, map[string]string{"client": client.ClientID, "scopes": strings.Join(f.Scopes, " ")})
	if err := s.Flows.SaveConsent(r.Context(), current.AccountID, client.ClientID, allowed, s.Now(), audit.With(e)); err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	state.Consented, state.Asked = allowed, true
	if step, refusal := authflow.Decide(f, state); refusal != nil || step != authflow.Finish {
		return see(w, r, onward(id))
	}
	return s.finish(w, r, id, f, client, state, current)
}
