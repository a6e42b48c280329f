package idphttp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authflow"
	"github.com/yinxin-gov/yinxin/idp/bridge/cas"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

// casLogin is CAS 3.0 section 2.1. Until the service is known an error is a page and leads nowhere.
func (s *Server) casLogin(w http.ResponseWriter, r *http.Request) error {
	q := r.Form
	if !authflow.Single(q) {
		return fault.New(fault.RequestInvalid)
	}
	address := q.Get("service")
	if address == "" { // nobody waits: sign in here, or see that one is signed in
		return see(w, r, "/me")
	}
	service, ok := s.CAS.ByURL(address)
	if !ok {
		return fault.New(fault.ServiceUnknown)
	}
	f := newBridgeFlow(cas.Kind, service.Registration, address)
	if strings.EqualFold(q.Get("method"), http.MethodPost) {
		f.Method = http.MethodPost
	}
	switch { // renew wins over gateway, gateway over warn (sections 2.1.1 and 2.1.3)
	case isSet(q, "renew"):
		f.Prompt = []string{"login"}
	case isSet(q, "gateway"):
		f.Prompt = []string{"none"}
	case isSet(q, "warn"):
		f.Prompt = []string{"consent"}
	}
	id, err := s.keepBridgeFlow(w, r, cas.Kind, &f)
	if err != nil {
		return err
	}
	return s.proceedBridge(w, r, id, f, service.Client(cas.Kind))
}

// isSet: a switch of CAS is on when it is there, whatever its value, but for "false".
func isSet(q url.Values, name string) bool {
	return q.Has(name) && !strings.EqualFold(q.Get(name), "false")
}

// casTicket leads back to the service with a ticket.
func (s *Server) casTicket(w http.ResponseWriter, r *http.Request, f bridgeFlow, current session.Session) error {
	service, ok := s.CAS.ByURL(f.RedirectURI)
	if !ok {
		return fault.New(fault.ServiceUnknown)
	}
	ticket, err := s.CAS.Issue(r.Context(), cas.Grant{ServiceID: service.ID, URL: f.RedirectURI, SID: current.ID, AccountID: current.AccountID, Fresh: !current.AuthTime.Before(f.CreatedAt)})
	if err != nil {
		return err
	}
	if f.Method == http.MethodPost {
		return s.handOver(w, r, service.Client(cas.Kind), f.RedirectURI, "ticket", ticket)
	}
	return see(w, r, withQuery(f.RedirectURI, "ticket", ticket))
}

// casForm is what an endpoint of validation does: CAS 3.0 sections 2.5 and 2.6, and 2.8, which gives attributes.
type casForm struct{ attributes, proxies bool }

// casValidate answers a service that has a ticket.
func (s *Server) casValidate(w http.ResponseWriter, r *http.Request, form casForm) {
	answer, status := s.casAnswer(r, form), http.StatusOK
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if answer.Failure != nil && answer.Failure.Code == cas.InternalError {
		status = http.StatusServiceUnavailable
		h.Set("Retry-After", "5")
	}
	body, kind := answer.XML(), "application/xml; charset=utf-8"
	if strings.EqualFold(r.URL.Query().Get("format"), "JSON") {
		var err error
		if body, err = answer.JSON(); err != nil {
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
			return
		}
		kind = "application/json; charset=utf-8"
	}
	h.Set("Content-Type", kind)
	w.WriteHeader(status)
	w.Write(body)
}

func (s *Server) casAnswer(r *http.Request, form casForm) cas.Response {
	answer, err := s.casJudge(r, form)
	if err == nil {
		return answer
	}
	return cas.Response{Failure: casFailure(r, err)}
}

// casFailure is an error in the words of the protocol.
func casFailure(r *http.Request, err error) *cas.Failure {
	if failure, ok := errors.AsType[*cas.Failure](err); ok {
		return failure
	}
	slog.ErrorContext(r.Context(), "CAS request failed", "request_id", reqctx.From(r.Context()).ID, "error", err)
	return &cas.Failure{Code: cas.InternalError, Description: "try again later"}
}

// casProxy is CAS 3.0 section 2.7: a service with a granting ticket asks for a ticket for another service.
func (s *Server) casProxy(w http.ResponseWriter, r *http.Request) {
	q, status := r.URL.Query(), http.StatusOK
	var answer cas.ProxyResponse
	err := error(&cas.Failure{Code: cas.InvalidRequest, Description: "a parameter stands twice"})
	if authflow.Single(q) {
		answer.Ticket, err = s.CAS.Proxy(r.Context(), q.Get("pgt"), q.Get("targetService"), s.casAgreed)
	}
	if err != nil {
		answer = cas.ProxyResponse{Failure: casFailure(r, err)}
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Type", "application/xml; charset=utf-8")
	if answer.Failure != nil && answer.Failure.Code == cas.InternalError {
		status = http.StatusServiceUnavailable
		h.Set("Retry-After", "5")
	}
	w.WriteHeader(status)
	w.Write(answer.XML())
}

// casAgreed reports whether the person agreed to all that a service learns. Nobody is there to be asked when a proxy
// calls, so that what was not agreed to on an earlier visit is not given.
func (s *Server) casAgreed(ctx context.Context, accountID string, target cas.Service) (bool, error) {
	agreed, err := s.Flows.ConsentInForce(ctx, accountID, target.Client(cas.Kind).ClientID)
	if err != nil {
		return false, fault.Wrap(err, fault.Unavailable)
	}
	return !slices.ContainsFunc(target.Scopes(), func(scope string) bool { return !slices.Contains(agreed.Scopes, scope) }), nil
}

// casJudge consumes the ticket and says whose it is, if the person and the levels are still what the service needs.
func (s *Server) casJudge(r *http.Request, form casForm) (cas.Response, error) {
	ctx, q := r.Context(), r.URL.Query()
	if !authflow.Single(q) {
		return cas.Response{}, &cas.Failure{Code: cas.InvalidRequest, Description: "a parameter stands twice"}
	}
	if q.Has("pgtUrl") { // before the ticket is consumed: a proxy that may not be one keeps its login
		asking, _ := s.CAS.ByURL(q.Get("service"))
		if failure := asking.MayProxy(q.Get("pgtUrl")); failure != nil {
			return cas.Response{}, failure
		}
	}
	service, grant, err := s.CAS.Consume(ctx, cas.Validation{Ticket: q.Get("ticket"), Address: q.Get("service"), Renew: isSet(q, "renew"), Proxies: form.proxies})
	if err != nil {
		return cas.Response{}, err
	}
	ended := &cas.Failure{Code: cas.InvalidTicket, Description: "the login has ended"}
	person, err := s.Accounts.Person(ctx, grant.AccountID)
	if err != nil {
		return cas.Response{}, err
	}
	current, ok, err := s.Sessions.ByID(ctx, grant.SID)
	switch {
	case err != nil:
		return cas.Response{}, err
	case !ok || person.State != idp.AccountActive || int(person.IAL) < service.IAL || current.AAL < service.AAL:
		return cas.Response{}, ended
	}
	client := service.Client(cas.Kind)
	pairwise, err := idp.PairwiseSubject(ctx, s.Ring, client.SectorOf(), grant.AccountID)
	if err != nil {
		return cas.Response{}, err
	}
	claims, err := s.bridgeClaims(ctx, person, client, service.Scopes())
	if err != nil {
		return cas.Response{}, err
	}
	answer := cas.Response{Proxies: grant.Proxies}
	if answer.User, err = service.User(claims, pairwise); err != nil {
		return cas.Response{}, &cas.Failure{Code: cas.InvalidTicket, Description: "the person has no such user id"}
	}
	if q.Has("pgtUrl") {
		if answer.PGTIOU, err = s.CAS.GrantProxy(ctx, grant, q.Get("pgtUrl"), s.Fetch); err != nil {
			return cas.Response{}, err
		}
	}
	if form.attributes {
		if err := s.addFormer(ctx, claims, service.Registration, cas.Kind, grant.AccountID); err != nil {
			return cas.Response{}, err
		}
		answer.Attributes = service.AttributesFor(claims, cas.How{At: current.AuthTime, Fresh: grant.Fresh, ACR: subject.AAL(current.AAL).URN(), AMR: current.Methods, Actor: pairwise})
	}
	return answer, nil
}

// casLogoutPage is CAS 3.0 section 2.3. It asks first: a picture on a foreign page must sign nobody out (O-52).
func (s *Server) casLogoutPage(w http.ResponseWriter, r *http.Request) error {
	current, signedIn, err := s.Session(r)
	if err != nil {
		return err
	}
	address, client, err := s.casReturn(r)
	if err != nil {
		return err
	}
	if !signedIn {
		return s.casEnd(w, r, address, current, false)
	}
	systems, err := s.systems(r.Context(), current.ID)
	if err != nil {
		return err
	}
	return s.Pages.Page(w, r, http.StatusOK, "logout", web.Page{Identity: s.Identity(r), Callbacks: callbacks(address), Body: web.LogoutPage{
		Action: "/cas/logout", Hidden: hidden("service", address), App: client.ClientName, Systems: systems}})
}

// casReturn is where a logout leads; an address that is not registered is refused, never followed.
func (s *Server) casReturn(r *http.Request) (string, idp.Client, error) {
	address := r.FormValue("service")
	if address == "" {
		return "", idp.Client{}, nil
	}
	service, ok := s.CAS.ByURL(address)
	if !ok {
		return "", idp.Client{}, fault.New(fault.ServiceUnknown)
	}
	return address, service.Client(cas.Kind), nil
}

func (s *Server) casLogoutAnswer(w http.ResponseWriter, r *http.Request) error {
	current, signedIn, err := s.Session(r)
	if err != nil {
		return err
	}
	address, _, err := s.casReturn(r)
	if err != nil {
		return err
	}
	return s.casEnd(w, r, address, current, signedIn)
}

func (s *Server) casEnd(w http.ResponseWriter, r *http.Request, address string, current session.Session, signedIn bool) error {
	return s.endSession(w, r, logoutRequest{returnTo: address}, current, signedIn)
}

// DeliverCASLogout is the outbox handler of CAS single logout.
func (s *Server) DeliverCASLogout(post Poster) func(ctx context.Context, payload []byte) error {
	return func(ctx context.Context, payload []byte) error {
		notice, ok, err := s.CAS.OpenMessage(ctx, payload)
		if err != nil || !ok {
			return err
		}
		status, err := post(ctx, notice.Address, url.Values{"logoutRequest": {notice.Body}})
		if err != nil {
			return err
		}
		if status >= http.StatusBadRequest { // services like to answer by a redirect
			return fmt.Errorf("the service answered %d", status)
		}
		return nil
	}
}
