package idphttp

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authflow"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/i18n"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/web"
)

// authorize begins a flow.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) error {
	q := r.Form
	if !authflow.Single(q, authflow.Repeatable) || r.Method == http.MethodPost && r.URL.RawQuery != "" {
		return fault.New(fault.RequestInvalid)
	}
	client, f, err := s.request(r.Context(), q)
	if err != nil {
		// A fault that wraps a refusal is a page: the address was not proven.
		if refusal, ok := err.(*oauth.Error); ok && refusal.Status == http.StatusFound {
			return s.refuse(w, r, client.Client, f, refusal)
		}
		return err
	}
	if hint := f.IDTokenHint; hint != "" {
		if refusal := s.readHint(r, client.Client, hint, &f); refusal != nil {
			return s.refuse(w, r, client.Client, f, refusal)
		}
	}
	f.CreatedAt = s.Now().UTC()
	return s.proceed(w, r, "", f, client.Client)
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
	return s.proceed(w, r, id, f, client)
}

// state gathers what a decision needs.
func (s *Server) state(r *http.Request, f authflow.Flow, client idp.Client) (authflow.State, session.Session, acting, *oauth.Error, error) {
	current, signedIn, err := s.Session(r)
	if err != nil {
		return authflow.State{}, current, acting{}, nil, err
	}
	state := authflow.State{SignedIn: signedIn, AuthTime: current.AuthTime, AAL: subject.AAL(current.AAL), Items: f.Items(s.Words.Load(), client), Public: client.Public(), Now: s.Now()}
	if !signedIn {
		return state, current, acting{}, nil, nil
	}
	person, err := s.person(r, current)
	if err != nil {
		return state, current, acting{}, nil, err
	}
	if person.State != idp.AccountActive {
		state.SignedIn = false
		return state, current, acting{}, nil, nil
	}
	state.IAL = person.IAL
	if f.AAL > state.AAL {
		second, err := s.Ways.Second(r.Context(), current.AccountID)
		if err != nil {
			return state, current, acting{}, nil, err
		}
		state.Highest = len(second) == 0
	}
	acts, refusal, err := s.actsFor(r.Context(), f, client, current)
	if err != nil || refusal != nil {
		return state, current, acts, refusal, err
	}
	state.MustChoose = acts.undecided
	if acts.mandate != nil {
		principal, err := s.Accounts.Person(r.Context(), acts.mandate.Principal)
		if err != nil {
			return state, current, acts, nil, err
		}
		state.Acts, state.Principal, acts.principal = true, principal.IAL, principal
	}
	if state.Subject, err = idp.PairwiseSubject(r.Context(), s.Ring, client.SectorOf(), acts.subject(current)); err != nil {
		return state, current, acts, nil, err
	}
	asked := s.claimsFor(r, f, client, acts.asked(person), acts.mandate)
	return state, current, acts, nil, s.agreed(r, &state, asked, client, acts.consents(current))
}

// proceed goes to the next page, or to the end. A flow is stored when a page is needed and not before, so that a silent
// request leaves nothing in the browser (O-46).
func (s *Server) proceed(w http.ResponseWriter, r *http.Request, id string, f authflow.Flow, client idp.Client) error {
	state, current, acts, refusal, err := s.state(r, f, client)
	if err != nil {
		return err
	}
	var step authflow.Step
	if refusal == nil {
		step, refusal = authflow.Decide(f, state)
	}
	if refusal != nil {
		return s.endWith(w, r, id, f, client, refusal)
	}
	if step == authflow.Finish {
		return s.finish(w, r, id, f, client, state, current, acts)
	}
	query := url.Values{}
	if id == "" {
		if id, err = s.keepFlow(w, r, f); err != nil {
			return err
		}
		if language := firstLanguage(f.Locales); language != "" {
			query.Set("lang", language)
		}
	}
	query.Set("flow", id)
	address := map[authflow.Step]string{authflow.Login: "/login", authflow.Choose: "/acting", authflow.Proofing: "/proofing", authflow.Consent: "/consent"}[step]
	if step != authflow.Login {
		if page, ok := s.keptIn(r, id, current.AccountID, address); ok {
			return see(w, r, page)
		}
	}
	return see(w, r, address+"?"+query.Encode())
}

// firstLanguage is the first language of ui_locales that the pages speak.
func firstLanguage(locales string) string {
	for _, tag := range strings.Fields(locales) {
		if _, ok := i18n.Match(tag); ok {
			return tag
		}
	}
	return ""
}

// endWith ends a flow, stored or not, with an error for the client.
func (s *Server) endWith(w http.ResponseWriter, r *http.Request, id string, f authflow.Flow, client idp.Client, refusal *oauth.Error) error {
	if id != "" {
		if err := s.Flows.FinishFlow(r.Context(), id, s.Now()); err != nil {
			return fault.Wrap(err, fault.FlowLost)
		}
	}
	return s.refuse(w, r, client, f, refusal)
}

// finish hands out the code.
func (s *Server) finish(w http.ResponseWriter, r *http.Request, id string, f authflow.Flow, client idp.Client, state authflow.State, current session.Session, acts acting) error {
	ctx := r.Context()
	if id != "" {
		if err := s.Flows.FinishFlow(ctx, id, s.Now()); err != nil {
			return fault.Wrap(err, fault.FlowLost)
		}
	}
	if err := s.consume(r, f); err != nil {
		return err
	}
	f.Pushed = nil // consumed: whatever comes now is its answer
	aal := current.AAL
	if f.Essential && f.AAL > 0 {
		aal = min(aal, int(f.AAL)) // the answer stands among the values asked for (OpenID Connect Core 5.5.1.1)
	}
	words := s.Words.Load()
	actor, err := s.actor(ctx, client, acts)
	if err != nil {
		return err
	}
	code, err := s.Engine.Authorize(ctx, oauth.CodeRequest{Client: client, RedirectURI: f.RedirectURI, Scopes: f.Scopes, Challenge: f.Challenge, Session: oauth.Session{
		AccountID: current.AccountID, Subject: state.Subject, SID: current.ID, AAL: aal, Methods: current.Methods, AuthTime: current.AuthTime,
		Nonce: f.Nonce, WantsClaims: authflow.Gives(words, client, f.Claims), UserinfoClaims: authflow.Gives(words, client, f.UserinfoClaims), Audience: f.Audience(client), Resources: f.Resources,
		Details: f.Details, DPoPJKT: f.DPoPJKT, Mandate: acts.mandate, Actor: actor, Consent: state.Agreed.Version, Withheld: state.Agreed.Withheld,
	}})
	if err != nil {
		if refusal, ok := err.(*oauth.Error); ok && refusal.Status != http.StatusServiceUnavailable {
			return s.refuse(w, r, client, f, refusal)
		}
		return fault.Wrap(err, fault.Unavailable)
	}
	return s.answer(w, r, client, f, url.Values{"code": {code}})
}

// readHint takes an id_token_hint: a token of ours, also an expired one, that was made for this client or another of its
// sector.
func (s *Server) readHint(r *http.Request, client idp.Client, hint string, f *authflow.Flow) *oauth.Error {
	audience, sub, _, err := s.Tokens.Hint(r.Context(), hint)
	if err != nil || sub == "" {
		return oauth.Refusal("invalid_request", "id_token_hint is not ours")
	}
	if other, ok := s.Clients.Find(audience); !ok || other.SectorOf() != client.SectorOf() {
		return oauth.Refusal("invalid_request", "id_token_hint was made for somebody else")
	}
	if f.HintSubject != "" && f.HintSubject != sub {
		return oauth.Refusal("invalid_request", "id_token_hint and claims name different persons")
	}
	f.HintSubject = sub
	return nil
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
	state, current, acts, refusal, err := s.state(r, f, client)
	if err != nil {
		return err
	}
	if !state.SignedIn || refusal != nil || state.MustChoose {
		return see(w, r, onward(id))
	}
	person, err := s.person(r, current)
	if err != nil {
		return err
	}
	identity := s.identityOf(r, person, acts)
	claims := s.claimsFor(r, f, client, acts.asked(person), acts.mandate)
	return s.Pages.Page(w, r, http.StatusOK, "consent", web.Page{Identity: identity, Callbacks: []string{f.RedirectURI}, Notice: s.unreviewed(r, client), Body: web.ConsentPage{
		Hidden: hidden("flow", id), App: client.ClientName, Department: client.Department, Reviewed: client.Reviewed(), Host: hostOf(f.RedirectURI), Purpose: client.Purpose,
		Claims: claims, Recipients: recipientsFor(client, claims), Scopes: s.scopesFor(r, f, client), Details: s.detailsFor(r, f), Links: linksOf(client)}})
}

// linksOf are the application's own pages, as it registered them.
func linksOf(client idp.Client) web.AppLinks {
	return web.AppLinks{Policy: web.AppLink(client.PolicyURI), Terms: web.AppLink(client.TosURI), Site: web.AppLink(client.ClientURI)}
}

// unreviewed warns of an application that nobody has looked at yet (O-54).
func (s *Server) unreviewed(r *http.Request, client idp.Client) *web.Notice {
	if client.Reviewed() {
		return nil
	}
	return &web.Notice{Tone: "warning", Text: s.Pages.Text(r, "consent.unreviewed")}
}

// hostOf is the name of the site that waits, which the person may know better than the name of the application.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// detailsFor shows authorization_details in words, as their kinds have them.
func (s *Server) detailsFor(r *http.Request, f authflow.Flow) []web.Detail {
	list, err := idp.ReadDetails(f.Details)
	if len(f.Details) == 0 || err != nil {
		return nil
	}
	types, locale := s.Details.Types(), s.Pages.Locale(r)
	var all []web.Detail
	for _, detail := range list {
		title, lines := types[detail.Type].Describe(detail, locale, s.Mandates.Items())
		shown := web.Detail{Title: title}
		for _, line := range lines {
			shown.Lines = append(shown.Lines, web.DetailLine(line))
		}
		all = append(all, shown)
	}
	return all
}

func (s *Server) consentAnswer(w http.ResponseWriter, r *http.Request) error {
	id, f, client, err := s.optionalFlow(r)
	if err != nil {
		return err
	}
	if id == "" {
		return fault.New(fault.FlowLost)
	}
	state, current, acts, refusal, err := s.state(r, f, client)
	if err != nil {
		return err
	}
	if !state.SignedIn || refusal != nil || state.MustChoose {
		return see(w, r, onward(id))
	}
	switch r.PostFormValue("consent") {
	case "deny":
		return s.endWith(w, r, id, f, client, oauth.Refusal("access_denied", "the person does not agree"))
	case "allow":
	default:
		return fault.New(fault.Malformed)
	}
	// What was asked for stands in the stored flow; nothing that the form adds counts (O-45).
	person, err := s.person(r, current)
	if err != nil {
		return err
	}
	if state.Agreed, err = s.agree(r, acts, current, client, state.Items, s.claimsFor(r, f, client, acts.asked(person), acts.mandate)); err != nil {
		return err
	}
	state.Consented, state.Asked = state.Agreed.Scopes, true
	if step, refusal := authflow.Decide(f, state); refusal != nil || step != authflow.Finish {
		return see(w, r, onward(id))
	}
	return s.finish(w, r, id, f, client, state, current, acts)
}
