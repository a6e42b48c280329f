// Package cas is the server side of the CAS protocol 3.0 (https://apereo.github.io/cas/7.0.x/protocol/CAS-Protocol-Specification.html):
// registered services, service tickets, and single logout. How answers are written is in response.go and logout.go.
//
//	/cas/login → Issue (ticket, 60 s, once) → the service asks /cas/p3/serviceValidate → Consume → Response
//
// Services that are registered for it act for the person at another one (proxy.go):
//
//	validation with pgtUrl → GrantProxy (callback) → /cas/proxy → Proxy (ticket, 60 s, once) → /cas/p3/proxyValidate
//
// It is values in, values out: no HTTP, no SQL.
package cas

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/bridge"
	"github.com/yinxin-gov/yinxin/idp/registry"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys"
)

// Kind names CAS in flow handles, parties and the registry.
const Kind = "cas"

// TicketLife is how long a service ticket may wait for its validation.
const TicketLife = 60 * time.Second

// TopicLogout is the outbox topic of CAS single logout.
const TopicLogout = "logout.cas"

// Service is a registered CAS service.
type Service struct {
	bridge.Registration `yaml:",inline"`
	// Attributes are the claims to release and the names under which the service knows them; empty releases every claim
	// of the scopes under its own name.
	Attributes map[string]string `json:"attributes" yaml:"attributes"`
	// ProxyURLs are the callbacks (pgtUrl, character by character) at which the service may get a proxy-granting ticket; none:
	// it is no proxy.
	ProxyURLs []string `json:"proxy_urls,omitempty" yaml:"proxy_urls"`
	// AcceptsProxies are the ids of services that may act for a person here.
	AcceptsProxies []string `json:"accepts_proxies,omitempty" yaml:"accepts_proxies"`
}

var attributeForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,63}$`) // a name without prefix in XML

// Normalize implements registry.Partner.
func (s *Service) Normalize() error {
	if err := s.NormalizeCommon(); err != nil {
		return err
	}
	for claim, name := range s.Attributes {
		if !attributeForm.MatchString(name) || reserved[name] {
			return bridge.Refuse(s.ID, "attributes."+claim, "a name of letters, digits, _, . and - that CAS does not use itself")
		}
	}
	return s.normalizeProxies()
}

// GivenSecret implements registry.Partner: a CAS service has none.
func (s *Service) GivenSecret() string { return "" }

// Services is the registry.
type Services = registry.Registry[Service, *Service]

// Grant is what a ticket stands for.
type Grant struct {
	ServiceID string
	URL       string // the service address it was issued for
	SID       string
	AccountID string
	Fresh     bool     // the person signed in for this very ticket (renew)
	Proxies   []string // callbacks of the services that act for the person, the nearest first; none for a service ticket
	Login     []byte   // names the login that its validation gave
}

// Outcome of consuming a ticket.
type Outcome int

// Outcomes. All but Consumed leave the ticket dead.
const (
	Unknown  Outcome = iota // no such ticket, or it expired, or its session ended
	Consumed                // validated for the first time
	Burnt                   // presented for another address
	Replayed                // was consumed before
)

// Login is a service that a session signed in to: the consumed ticket, sealed, is what the logout message names.
type Login struct {
	Hash      []byte
	SID       string
	ServiceID string
	URL       string
	KeyID     string
	Sealed    []byte
	At        time.Time
}

// Store keeps tickets; idpdb implements it.
type Store interface {
	PutTicket(ctx context.Context, hash []byte, g Grant, expires time.Time, record audit.Record) error
	// ConsumeTicket consumes by one conditional update and, when the address is right and the session lives, notes the
	// login in the same transaction. The record of the outcome is stored with it.
	ConsumeTicket(ctx context.Context, hash []byte, url string, login Login, record func(Outcome, Grant) audit.Record) (Outcome, Grant, error)
	// ConsumeProxyTicket is the same for a proxy ticket, which dies with the login of its proxy too.
	ConsumeProxyTicket(ctx context.Context, hash []byte, url string, login Login, record func(Outcome, Grant) audit.Record) (Outcome, Grant, error)
	PutProxyTicket(ctx context.Context, hash, granting []byte, g Grant, expires time.Time, record audit.Record) error
	PutGranting(ctx context.Context, hash []byte, g Granting, expires time.Time, record audit.Record) error
	// Granting finds a granting ticket that has not expired and whose login and session live; idp.ErrNotFound.
	Granting(ctx context.Context, hash []byte, now time.Time) (Granting, error)
	// EndLogin takes back the login of a ticket; idp.ErrNotFound when it was taken back before.
	EndLogin(ctx context.Context, hash []byte, record audit.Record) error
	Logins(ctx context.Context, sid string) ([]Login, error)
}

// Server issues and consumes tickets.
type Server struct{ cfg Config }

// Config of the server.
type Config struct {
	Store    Store
	Services *Services
	Ring     *keys.Ring
	Now      func() time.Time
	Rand     io.Reader
	Wake     func() // tells the outbox that something is due
}

// New returns the server.
func New(cfg Config) *Server { return &Server{cfg} }

// ByURL finds the enabled service that registered an address.
func (s *Server) ByURL(address string) (Service, bool) {
	for _, service := range s.cfg.Services.All() {
		if service.Allows(address) {
			return service, true
		}
	}
	return Service{}, false
}

// Service finds an enabled service by its id.
func (s *Server) Service(id string) (Service, bool) { return s.cfg.Services.Find(id) }

// hashOf is the keyed hash of a ticket of a kind; one kind is worthless as another (O-59).
func (s *Server) hashOf(ctx context.Context, kind, ticket string) ([]byte, error) {
	mac, err := s.cfg.Ring.MAC(ctx, keys.UsageLookup)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	return mac.Sum(ctx, []byte(kind), []byte(ticket))
}

// Issue makes a service ticket: 256 bits in the alphabet that CAS 3.0 section 3.7 allows.
func (s *Server) Issue(ctx context.Context, g Grant) (string, error) {
	ticket := "ST-" + ident.New(s.cfg.Rand, "") + ident.New(s.cfg.Rand, "")
	hash, err := s.hashOf(ctx, "cas-ticket", ticket)
	if err != nil {
		return "", err
	}
	now := s.cfg.Now().UTC()
	record := audit.With(idp.Event(ctx, now, "cas.ticket.issued", "account", g.AccountID, map[string]string{"service": g.ServiceID, "sid": g.SID}))
	if err := s.cfg.Store.PutTicket(ctx, hash, g, now.Add(TicketLife), record); err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	return ticket, nil
}

// maxTicket is what section 3.1.1 wants services to bear; nothing longer can be ours.
const maxTicket = 256

// Validation is a question of a service.
type Validation struct {
	Ticket  string
	Address string // of the service
	Renew   bool   // the person must have signed in for this very ticket
	Proxies bool   // proxy tickets are taken too (section 2.6)
}

// Consume validates a ticket for the address of a service. A refusal of the protocol is a *Failure; any other error
// means that nothing could be decided.
func (s *Server) Consume(ctx context.Context, v Validation) (Service, Grant, error) {
	ticket, address, renew := v.Ticket, v.Address, v.Renew
	consume, kind := s.cfg.Store.ConsumeTicket, "cas-ticket"
	if v.Proxies && strings.HasPrefix(ticket, "PT-") {
		consume, kind = s.cfg.Store.ConsumeProxyTicket, "cas-proxy-ticket"
	}
	refuse := func(code, why string) (Service, Grant, error) { return Service{}, Grant{}, &Failure{code, why} }
	switch {
	case ticket == "" || address == "":
		return refuse(InvalidRequest, "service and ticket are needed")
	case len(ticket) > maxTicket || !strings.HasPrefix(ticket, "ST-") && kind == "cas-ticket":
		return refuse(InvalidTicketSpec, "such tickets are not validated here")
	}
	hash, err := s.hashOf(ctx, kind, ticket)
	if err != nil {
		return Service{}, Grant{}, err
	}
	now := s.cfg.Now().UTC()
	login := Login{Hash: hash, URL: address, At: now}
	if login.KeyID, login.Sealed, err = s.seal(ctx, ticket, hash); err != nil {
		return Service{}, Grant{}, err
	}
	outcome, grant, err := consume(ctx, hash, address, login, func(outcome Outcome, g Grant) audit.Record {
		word := map[Outcome]string{Consumed: "cas.ticket.consumed", Burnt: "cas.ticket.burnt"}[outcome]
		e := idp.Event(ctx, now, word, "account", g.AccountID, map[string]string{"service": g.ServiceID, "sid": g.SID})
		if e.Actor = "cas:" + g.ServiceID; outcome == Burnt {
			e.Result = audit.Refused
		}
		return audit.With(e)
	})
	if err != nil {
		return Service{}, Grant{}, err
	}
	switch outcome {
	case Replayed:
		if err := s.replayed(ctx, login, grant); err != nil {
			return Service{}, Grant{}, err
		}
		return refuse(InvalidTicket, "the ticket was used before")
	case Burnt:
		return refuse(InvalidService, "the ticket was issued for another service")
	case Unknown:
		return refuse(InvalidTicket, "the ticket is not known or no longer valid")
	}
	service, enabled := s.cfg.Services.Find(grant.ServiceID)
	switch {
	case !enabled || !service.Allows(address):
		return refuse(InvalidService, "the service is not registered any more")
	case renew && !grant.Fresh:
		return refuse(InvalidTicketSpec, "the person did not sign in for this ticket")
	}
	grant.Login = hash
	return service, grant, nil
}

// replayed ends the login that the first use of the ticket gave: whoever brings it again may not be who got it.
func (s *Server) replayed(ctx context.Context, login Login, grant Grant) error {
	login.SID, login.ServiceID, login.URL = grant.SID, grant.ServiceID, grant.URL
	message, err := s.message(login)
	if err != nil {
		return err
	}
	e := idp.Event(ctx, login.At, "cas.ticket.replayed", "account", grant.AccountID, map[string]string{"service": grant.ServiceID, "sid": grant.SID})
	e.Actor, e.Result = "cas:"+grant.ServiceID, audit.Refused
	err = s.cfg.Store.EndLogin(ctx, login.Hash, audit.With(e).And(message))
	if errors.Is(err, idp.ErrNotFound) {
		return nil // its login has ended already
	}
	if err == nil {
		s.cfg.Wake()
	}
	return err
}

func place(hash []byte) []byte { return []byte("cas-login/" + hex.EncodeToString(hash)) }

func (s *Server) seal(ctx context.Context, ticket string, hash []byte) (keyID string, sealed []byte, err error) {
	cipher, err := s.cfg.Ring.Cipher(ctx, keys.UsageFieldCipher, "")
	if err != nil {
		return "", nil, fault.Wrap(err, fault.Unavailable)
	}
	sealed, err = cipher.Seal(ctx, []byte(ticket), place(hash))
	return cipher.KeyID(), sealed, err
}

// logoutMessage is the payload of the outbox; the ticket is sealed there too.
type logoutMessage struct {
	ServiceID string `json:"service_id"`
	URL       string `json:"url"`
	Hash      []byte `json:"hash"`
	KeyID     string `json:"key_id"`
	Sealed    []byte `json:"sealed"`
}

func (s *Server) message(l Login) (audit.Message, error) {
	payload, err := json.Marshal(logoutMessage{l.ServiceID, l.URL, l.Hash, l.KeyID, l.Sealed})
	return audit.Message{Topic: TopicLogout, Key: l.SID + "/cas/" + hex.EncodeToString(l.Hash[:8]), Payload: payload}, err
}

// LogoutMessages are what goes to the services when a session ends.
func (s *Server) LogoutMessages(ctx context.Context, sid string) ([]audit.Message, error) {
	logins, err := s.cfg.Store.Logins(ctx, sid)
	if err != nil {
		return nil, fmt.Errorf("list CAS logins: %w", err)
	}
	var all []audit.Message
	for _, login := range logins {
		message, err := s.message(login)
		if err != nil {
			return nil, err
		}
		all = append(all, message)
	}
	return all, nil
}

// Notice is a logout message ready to be sent.
type Notice struct {
	Address string
	Body    string // a SAML LogoutRequest, parameter logoutRequest
}

// OpenMessage makes the notice of a payload; ok is false when the service is no longer registered.
func (s *Server) OpenMessage(ctx context.Context, payload []byte) (n Notice, ok bool, err error) {
	var m logoutMessage
	if err := json.Unmarshal(payload, &m); err != nil {
		return n, false, fmt.Errorf("read CAS logout message: %w", err)
	}
	service, ok := s.cfg.Services.Find(m.ServiceID)
	if !ok {
		return n, false, nil
	}
	cipher, err := s.cfg.Ring.Cipher(ctx, keys.UsageFieldCipher, m.KeyID)
	if err != nil {
		return n, false, err
	}
	ticket, err := cipher.Open(ctx, m.Sealed, place(m.Hash))
	if err != nil {
		return n, false, fmt.Errorf("open CAS ticket: %w", err)
	}
	n.Address = m.URL
	if service.LogoutURL != "" {
		n.Address = service.LogoutURL
	}
	n.Body = LogoutRequest{ID: "LR-" + ident.New(s.cfg.Rand, ""), At: s.cfg.Now(), Ticket: string(ticket)}.XML()
	return n, true, nil
}
