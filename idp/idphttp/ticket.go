package idphttp

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authflow"
	"github.com/yinxin-gov/yinxin/idp/bridge"
	"github.com/yinxin-gov/yinxin/idp/bridge/ticket"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/problem"
)

// maxBridgeState bounds what a portal may have carried through a login.
const maxBridgeState = 1 << 10

// ticketLogin begins a login for a portal of a TicketBridge.
func (s *Server) ticketLogin(w http.ResponseWriter, r *http.Request) error {
	q := r.Form
	if !authflow.Single(q) || len(q.Get("state")) > maxBridgeState {
		return fault.New(fault.RequestInvalid)
	}
	b, ok := s.Ticket.Bridge(r.PathValue("bridge"))
	if !ok || !b.Allows(q.Get(b.AddressParameter)) {
		return fault.New(fault.ServiceUnknown)
	}
	f := newBridgeFlow(ticket.Kind, b.Registration, q.Get(b.AddressParameter))
	f.State = q.Get("state")
	id, err := s.keepBridgeFlow(w, r, ticket.Kind, &f)
	if err != nil {
		return err
	}
	return s.proceedBridge(w, r, id, f, b.Client(ticket.Kind))
}

// ticketOut leads back to the portal with a ticket, by POST or in the fragment: never in a query, which the next page
// would tell in its Referer.
func (s *Server) ticketOut(w http.ResponseWriter, r *http.Request, f bridgeFlow, current session.Session) error {
	_, id, _ := bridge.ParseParty(f.ClientID)
	b, ok := s.Ticket.Bridge(id)
	if !ok || !b.Allows(f.RedirectURI) {
		return fault.New(fault.ServiceUnknown)
	}
	value, err := s.Ticket.Issue(r.Context(), ticket.Grant{BridgeID: b.ID, URL: f.RedirectURI, SID: current.ID, AccountID: current.AccountID})
	if err != nil {
		return err
	}
	if b.Response == ticket.ByFragment {
		fragment := url.Values{b.TicketParameter: {value}}
		if f.State != "" {
			fragment.Set("state", f.State)
		}
		return see(w, r, f.RedirectURI+"#"+fragment.Encode())
	}
	return s.handOver(w, r, b.Client(ticket.Kind), f.RedirectURI, b.TicketParameter, value, "state", f.State)
}

// ticketCall is the back channel of a portal: ticket for token, token for fields.
func (s *Server) ticketCall(w http.ResponseWriter, r *http.Request) {
	answer, err := s.ticketAnswer(w, r)
	if err != nil {
		problem.Write(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, answer)
}

func (s *Server) ticketAnswer(w http.ResponseWriter, r *http.Request) (map[string]any, error) {
	b, ok := s.Ticket.Bridge(r.PathValue("bridge"))
	call := r.PathValue("call")
	if !ok || call != b.ExchangeCall && call != b.UserCall {
		return nil, fault.New(fault.NotFound)
	}
	form, err := s.form(w, r)
	if err != nil {
		return nil, fault.Wrap(err, fault.Malformed)
	}
	parameters := map[string]string{}
	for name := range form {
		parameters[name] = form.Get(name)
	}
	if call == b.ExchangeCall {
		return s.ticketExchange(r.Context(), b, parameters)
	}
	return s.ticketUser(r.Context(), b, parameters)
}

func (s *Server) ticketExchange(ctx context.Context, b ticket.Bridge, parameters map[string]string) (map[string]any, error) {
	if err := s.Ticket.Authentic(ctx, b, parameters, b.TicketParameter, b.AddressParameter); err != nil {
		return nil, err
	}
	token, replayed, err := s.Ticket.Exchange(ctx, b, parameters[b.TicketParameter], parameters[b.AddressParameter])
	if replayed != nil { // somebody holds a ticket that was used: everything that came of the login ends
		if _, err := s.Sessions.End(ctx, replayed.SID, replayed.AccountID); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, err
	}
	return map[string]any{b.TokenParameter: token, "expires_in": int(ticket.TokenLife.Seconds())}, nil
}

func (s *Server) ticketUser(ctx context.Context, b ticket.Bridge, parameters map[string]string) (map[string]any, error) {
	if err := s.Ticket.Authentic(ctx, b, parameters, b.TokenParameter); err != nil {
		return nil, err
	}
	grant, err := s.Ticket.Token(ctx, b, parameters[b.TokenParameter])
	if err != nil {
		return nil, err
	}
	person, err := s.Accounts.Person(ctx, grant.AccountID)
	if err != nil {
		return nil, err
	}
	current, live, err := s.Sessions.ByID(ctx, grant.SID)
	if err != nil {
		return nil, err
	}
	if !live || person.State != idp.AccountActive || int(person.IAL) < b.IAL || current.AAL < b.AAL {
		return nil, fault.New(fault.TicketRefused)
	}
	client := b.Client(ticket.Kind)
	pairwise, err := idp.PairwiseSubject(ctx, s.Ring, client.SectorOf(), grant.AccountID)
	if err != nil {
		return nil, err
	}
	sessionID, err := s.Ticket.SessionID(ctx, b.ID, grant.SID)
	if err != nil {
		return nil, err
	}
	claims, err := s.bridgeClaims(ctx, person, client, b.Scopes())
	if err != nil {
		return nil, err
	}
	user, err := b.User(claims, pairwise)
	if err != nil {
		return nil, fault.Wrap(err, fault.TicketRefused)
	}
	if err := s.addFormer(ctx, claims, b.Registration, ticket.Kind, grant.AccountID); err != nil {
		return nil, err
	}
	return b.FieldsFor(claims, user, sessionID), nil
}

// DeliverTicketLogout is the outbox handler of logout notices to ticket bridges.
func (s *Server) DeliverTicketLogout(post Poster) func(ctx context.Context, payload []byte) error {
	return func(ctx context.Context, payload []byte) error {
		notice, ok, err := s.Ticket.OpenMessage(ctx, payload)
		if err != nil || !ok {
			return err
		}
		form := url.Values{}
		for name, value := range notice.Form {
			form.Set(name, value)
		}
		if len(notice.Form) == 0 { // no shared secret: a logout token signed with our SM2 key
			client := notice.Bridge.Client(ticket.Kind)
			client.IDTokenAlg = "SGD_SM3_SM2"
			token, err := s.Tokens.LogoutToken(ctx, client, notice.Subject, notice.SessionID)
			if err != nil {
				return err
			}
			form.Set("logout_token", token)
		}
		status, err := post(ctx, notice.Bridge.LogoutURL, form)
		if err != nil {
			return err
		}
		if status < 200 || status > 299 {
			return fmt.Errorf("the portal answered %d", status)
		}
		return nil
	}
}
