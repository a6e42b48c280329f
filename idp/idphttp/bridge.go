package idphttp

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authflow"
	"github.com/yinxin-gov/yinxin/idp/bridge"
	"github.com/yinxin-gov/yinxin/idp/bridge/cas"
	"github.com/yinxin-gov/yinxin/idp/bridge/ticket"
	"github.com/yinxin-gov/yinxin/idp/federation"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/web"
)

// Bridges are the services behind the endpoints that are not OAuth's.
type Bridges struct {
	CAS        *cas.Server
	Ticket     *ticket.Server
	Federation *federation.Service
	// StaffFederation is that of the realm of staff, whose sources tell logouts at the same place.
	StaffFederation *federation.Service
	Fetch           func(ctx context.Context, address string) (status int, err error) // GET through the outbound client
}

func (s *Server) bridgeRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /cas/serviceValidate", func(w http.ResponseWriter, r *http.Request) { s.casValidate(w, r, casForm{}) })
	mux.HandleFunc("GET /cas/p3/serviceValidate", func(w http.ResponseWriter, r *http.Request) { s.casValidate(w, r, casForm{attributes: true}) })
	mux.HandleFunc("GET /cas/proxyValidate", func(w http.ResponseWriter, r *http.Request) { s.casValidate(w, r, casForm{proxies: true}) })
	mux.HandleFunc("GET /cas/p3/proxyValidate", func(w http.ResponseWriter, r *http.Request) {
		s.casValidate(w, r, casForm{attributes: true, proxies: true})
	})
	mux.HandleFunc("GET /cas/proxy", s.casProxy)
	mux.HandleFunc("POST /ticket/{bridge}/{call}", s.ticketCall)
	mux.HandleFunc("POST /federation/{source}/backchannel-logout", s.federationLogout)
}

func (s *Server) bridgePages(page func(pattern string, handler func(w http.ResponseWriter, r *http.Request) error)) {
	page("GET /cas/login", s.casLogin)
	page("GET /cas/logout", s.casLogoutPage)
	page("POST /cas/logout", s.casLogoutAnswer)
	page("GET /ticket/{bridge}/login", s.ticketLogin)
	page("GET /federation", s.federationPage)
	page("GET /federation/{source}/start", s.federationStart)
	page("GET /federation/{source}/callback", s.federationCallback)
	page("POST /federation/{source}/callback", s.federationPosted)
	page("GET /federation/{source}/logged-out", s.federationLeft)
	page("POST /federation/{source}/link", s.federationLink)
	page("POST /federation/{source}/unlink", s.federationUnlink)
	page("GET /bridge/resume", s.bridgeResume)
	page("GET /bridge/consent", s.bridgeConsentPage)
	page("POST /bridge/consent", s.bridgeConsentAnswer)
}

// bridgeFlow is a login in progress for a portal behind a bridge: what the pages need, as for OAuth, and what the bridge
// itself needs at the end. Its handle begins with the word of the bridge.
type bridgeFlow struct {
	authflow.Flow
	Method string `json:"method,omitempty"` // how the ticket goes back
	State  string `json:"bridge_state,omitempty"`
}

func isBridgeFlow(handle string) bool {
	return strings.HasPrefix(handle, cas.Kind+"_") || strings.HasPrefix(handle, ticket.Kind+"_")
}

// ofOAuth keeps flows of bridges away from the pages that end in an authorization code.
func ofOAuth(handler func(w http.ResponseWriter, r *http.Request) error) func(w http.ResponseWriter, r *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		if isBridgeFlow(r.FormValue("flow")) {
			return fault.New(fault.FlowLost)
		}
		return handler(w, r)
	}
}

// claimFormer is what a portal that knows people by our subject is told after two accounts became one: the subjects by which it
// knew those that are gone.
const claimFormer = "former_users"

// addFormer adds it to the claims of a login, where there is one.
func (s *Server) addFormer(ctx context.Context, claims map[string]any, portal bridge.Registration, kind, accountID string) error {
	if portal.UserID != bridge.Pairwise {
		return nil // contacts and numbers came along with the account
	}
	former, err := s.Mergers.FormerSubjects(ctx, portal.Client(kind), accountID)
	if err == nil && len(former) > 0 {
		claims[claimFormer] = former
	}
	return err
}

// party finds who a flow, a consent or a session names: an OAuth client or a portal behind a bridge.
func (s *Server) party(id string) (idp.Client, bool) {
	kind, name, ok := bridge.ParseParty(id)
	if !ok {
		client, ok := s.Clients.Find(id)
		return client.Client, ok
	}
	switch kind {
	case cas.Kind:
		service, ok := s.CAS.Service(name)
		return service.Client(kind), ok
	case ticket.Kind:
		b, ok := s.Ticket.Bridge(name)
		return b.Client(kind), ok
	}
	return idp.Client{}, false
}

// PartyName is the name of a relying party, its id when it is no longer registered.
func (s *Server) PartyName(id string) string {
	if client, ok := s.party(id); ok && client.ClientName != "" {
		return client.ClientName
	}
	return id
}

// newBridgeFlow is a flow to a registered address, with the levels of the registration.
func newBridgeFlow(kind string, r bridge.Registration, address string) bridgeFlow {
	f := authflow.Flow{ClientID: bridge.PartyID(kind, r.ID), RedirectURI: address, Scopes: r.Scopes()}
	f.IAL, f.AAL, f.Essential = subject.IAL(r.IAL), subject.AAL(r.AAL), r.AAL > 0
	return bridgeFlow{Flow: f}
}

func (s *Server) keepBridgeFlow(w http.ResponseWriter, r *http.Request, kind string, f *bridgeFlow) (string, error) {
	hash, err := s.browserHash(r.Context(), s.browser(w, r))
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(f)
	if err != nil {
		return "", err
	}
	f.CreatedAt = s.Now().UTC()
	id := ident.New(s.Rand, kind)
	if err := s.Flows.PutFlow(r.Context(), id, hash, body, f.CreatedAt, f.CreatedAt.Add(authflow.Life)); err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	return id, nil
}

// readBridgeFlow loads the flow that the handle names, with the client that the pages see.
func (s *Server) readBridgeFlow(r *http.Request) (string, bridgeFlow, idp.Client, error) {
	id := r.FormValue("flow")
	if !isBridgeFlow(id) {
		return "", bridgeFlow{}, idp.Client{}, fault.New(fault.FlowLost)
	}
	hash, err := s.browserHash(r.Context(), s.cookie(r, cookieBrowser))
	if err != nil {
		return "", bridgeFlow{}, idp.Client{}, err
	}
	body, created, err := s.Flows.Flow(r.Context(), id, hash, s.Now())
	if err != nil {
		return "", bridgeFlow{}, idp.Client{}, fault.Wrap(err, fault.FlowLost)
	}
	var f bridgeFlow
	if err := json.Unmarshal(body, &f); err != nil {
		return "", f, idp.Client{}, err
	}
	f.CreatedAt = created
	client, ok := s.party(f.ClientID)
	if !ok {
		return "", f, client, fault.New(fault.ServiceUnknown)
	}
	return id, f, client, nil
}

func (s *Server) bridgeResume(w http.ResponseWriter, r *http.Request) error {
	id, f, client, err := s.readBridgeFlow(r)
	if err != nil {
		return err
	}
	return s.proceedBridge(w, r, id, f, client)
}

// proceedBridge leads to the next page, or back to the portal with a ticket; silently refused requests (gateway) go back
// without one.
func (s *Server) proceedBridge(w http.ResponseWriter, r *http.Request, id string, f bridgeFlow, client idp.Client) error {
	state, current, _, _, err := s.state(r, f.Flow, client)
	if err != nil {
		return err
	}
	if f.OutOfReach(s.Proofing.Highest()) && !f.Silent() {
		return fault.New(fault.LevelUnmet)
	}
	step, refusal := authflow.Decide(f.Flow, state)
	if refusal != nil || f.OutOfReach(s.Proofing.Highest()) {
		return s.endBridgeFlow(w, r, id, func() error { return see(w, r, f.RedirectURI) })
	}
	if address := map[authflow.Step]string{authflow.Login: "/login", authflow.Proofing: "/proofing", authflow.Consent: "/bridge/consent"}[step]; address != "" {
		return see(w, r, address+"?flow="+url.QueryEscape(id))
	}
	return s.finishBridge(w, r, id, f, client, state, current)
}

// endBridgeFlow consumes the flow and then answers.
func (s *Server) endBridgeFlow(w http.ResponseWriter, r *http.Request, id string, answer func() error) error {
	if err := s.Flows.FinishFlow(r.Context(), id, s.Now()); err != nil {
		return fault.Wrap(err, fault.FlowLost)
	}
	return answer()
}

// finishBridge hands out the ticket. The levels are judged once more here, whatever the pages did.
func (s *Server) finishBridge(w http.ResponseWriter, r *http.Request, id string, f bridgeFlow, client idp.Client, state authflow.State, current session.Session) error {
	if state.IAL < f.IAL || current.AAL < int(f.AAL) {
		return fault.New(fault.LevelUnmet)
	}
	return s.endBridgeFlow(w, r, id, func() error {
		if err := s.Sessions.Joined(r.Context(), session.Party{SID: current.ID, ClientID: client.ClientID, Subject: state.Subject}); err != nil {
			return fault.Wrap(err, fault.Unavailable)
		}
		if strings.HasPrefix(id, cas.Kind+"_") {
			return s.casTicket(w, r, f, current)
		}
		return s.ticketOut(w, r, f, current)
	})
}

// handOver sends a ticket to a portal by POST: a page with one button, because our pages run no scripts of their own.
func (s *Server) handOver(w http.ResponseWriter, r *http.Request, client idp.Client, address string, fields ...string) error {
	return s.Pages.Page(w, r, http.StatusOK, "handover", web.Page{Identity: s.Identity(r), Callbacks: []string{address}, Body: web.HandoverPage{
		Action: address, Hidden: hidden(fields...), App: client.ClientName}})
}

// withQuery adds a parameter to an address that was registered as it is.
func withQuery(address, name, value string) string {
	joiner := "?"
	if strings.Contains(address, "?") {
		joiner = "&"
	}
	return address + joiner + url.QueryEscape(name) + "=" + url.QueryEscape(value)
}

func (s *Server) bridgeConsentPage(w http.ResponseWriter, r *http.Request) error {
	id, f, client, err := s.readBridgeFlow(r)
	if err != nil {
		return err
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
		Action: "/bridge/consent", Hidden: hidden("flow", id), App: client.ClientName, Department: client.Department, Purpose: client.Purpose, Claims: s.claimsFor(r, f.Flow, client, person, nil)}})
}

func (s *Server) bridgeConsentAnswer(w http.ResponseWriter, r *http.Request) error {
	id, f, client, err := s.readBridgeFlow(r)
	if err != nil {
		return err
	}
	state, current, _, _, err := s.state(r, f.Flow, client)
	if err != nil {
		return err
	}
	if !state.SignedIn {
		return see(w, r, onward(id))
	}
	switch r.PostFormValue("consent") {
	case "deny": // neither protocol has a word for it, and the portal would only ask again: the person stays here
		return s.endBridgeFlow(w, r, id, func() error { return see(w, r, "/me") })
	case "allow":
	default:
		return fault.New(fault.Malformed)
	}
	person, err := s.person(r, current)
	if err != nil {
		return err
	}
	if state.Agreed, err = s.agree(r, acting{}, current, client, f.Scopes, s.claimsFor(r, f.Flow, client, person, nil)); err != nil {
		return err
	}
	state.Consented, state.Asked = state.Agreed.Scopes, true
	if step, refusal := authflow.Decide(f.Flow, state); refusal != nil || step != authflow.Finish {
		return see(w, r, onward(id))
	}
	return s.finishBridge(w, r, id, f, client, state, current)
}
