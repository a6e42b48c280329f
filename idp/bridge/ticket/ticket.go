// Package ticket is the configurable TicketBridge (specs/identity.md 2.9): one-time ticket in the browser → back-channel
// exchange for a token → what is known of the person. Parameter names, signature, fields and levels are data of the
// registration, so that a portal keeps the words that it has.
//
//	/ticket/{bridge}/login → Issue (60 s, once) → portal: Exchange (signed) → token → portal: Token (signed) → fields
//
// A ticket that is exchanged twice ends the whole session. It is values in, values out: no HTTP, no SQL.
package ticket

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/bridge"
	"github.com/yinxin-gov/yinxin/idp/registry"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys"
)

// Kind names ticket bridges in flow handles, parties and the registry.
const Kind = "ticket"

// Lives of what is handed out.
const (
	TicketLife = 60 * time.Second
	TokenLife  = 10 * time.Minute
)

// TopicLogout is the outbox topic of logout notices to ticket bridges.
const TopicLogout = "logout.ticket"

// Ways of a ticket to the portal. It never stands in a query, where the next page would tell it in its Referer.
const (
	ByPost     = "post"
	ByFragment = "fragment"
)

// Bridge is a registered portal with its recipe.
type Bridge struct {
	bridge.Registration `yaml:",inline"`
	Response            string            `json:"response" yaml:"response"`                   // post or fragment
	TicketParameter     string            `json:"ticket_parameter" yaml:"ticket_parameter"`   // default ticket
	AddressParameter    string            `json:"address_parameter" yaml:"address_parameter"` // default redirect_url
	TokenParameter      string            `json:"token_parameter" yaml:"token_parameter"`     // default access_token
	ExchangeCall        string            `json:"exchange_call" yaml:"exchange_call"`         // last part of its address; default token
	UserCall            string            `json:"user_call" yaml:"user_call"`                 // default userinfo
	Signature           Recipe            `json:"signature" yaml:"signature"`
	Fields              map[string]string `json:"fields" yaml:"fields"` // claim → name at the portal; empty gives all under their own
	Levels              idp.PartnerLevels `json:"levels" yaml:"levels"` // ial → the portal's word for it
	Legacy              bool              `json:"legacy" yaml:"legacy"` // takes md5_legacy on the operator's responsibility
	Secret              string            `json:"-" yaml:"secret"`
}

var wordForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,63}$`)

// Normalize implements registry.Partner.
func (b *Bridge) Normalize() error {
	if err := b.NormalizeCommon(); err != nil {
		return err
	}
	orDefault(&b.Response, ByPost)
	for value, fallback := range map[*string]string{&b.TicketParameter: "ticket", &b.AddressParameter: "redirect_url", &b.TokenParameter: "access_token", &b.ExchangeCall: "token", &b.UserCall: "userinfo"} {
		orDefault(value, fallback)
		if !wordForm.MatchString(*value) {
			return bridge.Refuse(b.ID, "parameter", fmt.Sprintf("%q is not a name", *value))
		}
	}
	if field, why := b.Signature.Normalize(); field != "" {
		return bridge.Refuse(b.ID, "signature."+field, why)
	}
	for _, name := range []string{b.TicketParameter, b.AddressParameter, b.TokenParameter} {
		if order := b.Signature.Order; len(order) > 0 && !slices.Contains(order, name) {
			return bridge.Refuse(b.ID, "signature.order", name+" must be signed")
		}
	}
	switch {
	case b.Response != ByPost && b.Response != ByFragment:
		return bridge.Refuse(b.ID, "response", "post or fragment")
	case b.ExchangeCall == b.UserCall || b.ExchangeCall == "login" || b.UserCall == "login":
		return bridge.Refuse(b.ID, "exchange_call", "the two calls need names of their own, and not login")
	case b.TicketParameter == b.TokenParameter || b.TicketParameter == b.AddressParameter || b.TokenParameter == b.AddressParameter:
		return bridge.Refuse(b.ID, "ticket_parameter", "parameters need different names")
	case b.Signature.Algorithm == MD5 && !b.Legacy:
		return bridge.Refuse(b.ID, "signature.algorithm", "md5_legacy proves little; it needs legacy: true")
	case b.Secret != "" && len(b.Secret) < 16:
		return bridge.Refuse(b.ID, "secret", "at least 16 characters")
	}
	for _, name := range b.Fields {
		if !wordForm.MatchString(name) {
			return bridge.Refuse(b.ID, "fields", fmt.Sprintf("%q is not a name", name))
		}
	}
	if wrong := b.Levels.Check(); wrong != "" {
		return bridge.Refuse(b.ID, "levels", wrong)
	}
	return nil
}

// GivenSecret implements registry.Partner.
func (b *Bridge) GivenSecret() string { return b.Secret }

// UserField is the claim under which the user id stands in Fields.
const UserField = "user_id"

// FieldsFor writes claims in the portal's words: only registered fields, the level by the portal's table.
func (b Bridge) FieldsFor(claims map[string]any, user, sessionID string) map[string]any {
	known := maps.Clone(claims)
	known[UserField], known["session_id"], known["actor"] = user, sessionID, user
	if ial, ok := known["ial"].(int); ok && len(b.Levels) > 0 {
		known["ial"] = b.Levels.Word(ial)
	}
	if len(b.Fields) == 0 {
		return known
	}
	all := map[string]any{}
	for claim, name := range b.Fields {
		if value, ok := known[claim]; ok {
			all[name] = value
		}
	}
	return all
}

// Bridges is the registry.
type Bridges = registry.Registry[Bridge, *Bridge]

// Grant is what a ticket or a token stands for.
type Grant struct {
	BridgeID  string
	URL       string // the address that the ticket was issued for; empty for a token
	SID       string
	AccountID string
}

// Outcome of exchanging a ticket.
type Outcome int

// Outcomes. All but Exchanged leave the ticket dead.
const (
	Unknown   Outcome = iota // no such ticket, or it expired, or its session ended
	Exchanged                // for the first time
	Burnt                    // by another portal or for another address
	Replayed                 // it was exchanged before
)

// Store keeps tickets and tokens; idpdb implements it.
type Store interface {
	PutBridgeTicket(ctx context.Context, hash []byte, g Grant, expires time.Time, record audit.Record) error
	// ExchangeTicket consumes by one conditional update and stores the token in the same transaction.
	ExchangeTicket(ctx context.Context, hash []byte, bridgeID, url string, at time.Time, token []byte, tokenExpires time.Time, record func(Outcome, Grant) audit.Record) (Outcome, Grant, error)
	// BridgeToken finds a token that has not expired and whose session lives; idp.ErrNotFound.
	BridgeToken(ctx context.Context, hash []byte, now time.Time) (Grant, error)
	// UseNonce remembers a nonce; false when it was used before.
	UseNonce(ctx context.Context, hash []byte, until time.Time) (fresh bool, err error)
	// BridgesOf lists the bridges at which a session has exchanged a ticket.
	BridgesOf(ctx context.Context, sid string) ([]Grant, error)
}

// Server issues tickets and answers portals.
type Server struct{ cfg Config }

// Config of the server.
type Config struct {
	Store   Store
	Bridges *Bridges
	Ring    *keys.Ring
	Now     func() time.Time
	Rand    io.Reader
}

// New returns the server.
func New(cfg Config) *Server { return &Server{cfg} }

// Bridge finds an enabled bridge.
func (s *Server) Bridge(id string) (Bridge, bool) { return s.cfg.Bridges.Find(id) }

func (s *Server) hash(ctx context.Context, parts ...string) ([]byte, error) {
	mac, err := s.cfg.Ring.MAC(ctx, keys.UsageLookup)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	octets := make([][]byte, len(parts))
	for i, part := range parts {
		octets[i] = []byte(part)
	}
	return mac.Sum(ctx, octets...)
}

// Issue makes a ticket of 256 bits.
func (s *Server) Issue(ctx context.Context, g Grant) (string, error) {
	ticket := ident.Secret(s.cfg.Rand, 32)
	hash, err := s.hash(ctx, "bridge-ticket", ticket)
	if err != nil {
		return "", err
	}
	now := s.cfg.Now().UTC()
	record := audit.With(idp.Event(ctx, now, "ticket.issued", "account", g.AccountID, map[string]string{"bridge": g.BridgeID, "sid": g.SID}))
	if err := s.cfg.Store.PutBridgeTicket(ctx, hash, g, now.Add(TicketLife), record); err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	return ticket, nil
}

// Authentic judges the signature of a portal's request and remembers its nonce. Nothing else happens before.
func (s *Server) Authentic(ctx context.Context, b Bridge, parameters map[string]string, required ...string) error {
	secret, err := s.cfg.Bridges.Secret(ctx, b.ID)
	if err != nil {
		return err
	}
	now := s.cfg.Now()
	if err := b.Signature.Verify(parameters, secret, now, b.AddressParameter, required...); errors.Is(err, ErrSignature) {
		return fault.Wrap(err, fault.SignatureRefused)
	} else if err != nil {
		return err
	}
	hash, err := s.hash(ctx, "bridge-nonce", b.ID, parameters[b.Signature.Nonce])
	if err != nil {
		return err
	}
	fresh, err := s.cfg.Store.UseNonce(ctx, hash, now.Add(2*Window))
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	if !fresh {
		return fault.New(fault.SignatureRefused)
	}
	return nil
}

// Exchange gives a token for a ticket. When the ticket was exchanged before the answer is TicketRefused, and replayed
// tells which session must end.
func (s *Server) Exchange(ctx context.Context, b Bridge, ticket, address string) (token string, replayed *Grant, err error) {
	hash, err := s.hash(ctx, "bridge-ticket", ticket)
	if err != nil {
		return "", nil, err
	}
	token = ident.Secret(s.cfg.Rand, 32)
	tokenHash, err := s.hash(ctx, "bridge-token", token)
	if err != nil {
		return "", nil, err
	}
	now := s.cfg.Now().UTC()
	outcome, grant, err := s.cfg.Store.ExchangeTicket(ctx, hash, b.ID, address, now, tokenHash, now.Add(TokenLife), func(outcome Outcome, g Grant) audit.Record {
		word := map[Outcome]string{Exchanged: "ticket.exchanged", Burnt: "ticket.burnt", Replayed: "ticket.replayed"}[outcome]
		e := idp.Event(ctx, now, word, "account", g.AccountID, map[string]string{"bridge": g.BridgeID, "sid": g.SID, "signature": b.Signature.Algorithm})
		if e.Actor = "ticket:" + b.ID; outcome != Exchanged {
			e.Result = audit.Refused
		}
		return audit.With(e)
	})
	switch {
	case err != nil:
		return "", nil, fault.Wrap(err, fault.Unavailable)
	case outcome == Exchanged:
		return token, nil, nil
	case outcome == Replayed:
		replayed = &grant
	}
	return "", replayed, fault.New(fault.TicketRefused)
}

// Token finds what a token of this bridge stands for.
func (s *Server) Token(ctx context.Context, b Bridge, token string) (Grant, error) {
	hash, err := s.hash(ctx, "bridge-token", token)
	if err != nil {
		return Grant{}, err
	}
	grant, err := s.cfg.Store.BridgeToken(ctx, hash, s.cfg.Now())
	if errors.Is(err, idp.ErrNotFound) || err == nil && grant.BridgeID != b.ID {
		return Grant{}, fault.New(fault.TicketRefused)
	}
	if err != nil {
		return Grant{}, fault.Wrap(err, fault.Unavailable)
	}
	return grant, nil
}

// SessionID names a session to one bridge, so that two portals cannot join what they know.
func (s *Server) SessionID(ctx context.Context, bridgeID, sid string) (string, error) {
	hash, err := s.hash(ctx, "bridge-session", bridgeID, sid)
	return base64.RawURLEncoding.EncodeToString(hash), err
}

type logoutMessage struct {
	BridgeID  string `json:"bridge_id"`
	Subject   string `json:"sub"`
	SessionID string `json:"session_id"`
}

// LogoutMessages are what goes to the portals when a session ends.
func (s *Server) LogoutMessages(ctx context.Context, sid string) ([]audit.Message, error) {
	grants, err := s.cfg.Store.BridgesOf(ctx, sid)
	if err != nil {
		return nil, fmt.Errorf("list bridges: %w", err)
	}
	var all []audit.Message
	for _, grant := range grants {
		b, ok := s.cfg.Bridges.Find(grant.BridgeID)
		if !ok || b.LogoutURL == "" {
			continue
		}
		subject, err := idp.PairwiseSubject(ctx, s.cfg.Ring, b.Client(Kind).SectorOf(), grant.AccountID)
		if err != nil {
			return nil, err
		}
		named, err := s.SessionID(ctx, b.ID, sid)
		if err != nil {
			return nil, err
		}
		payload, err := json.Marshal(logoutMessage{b.ID, subject, named})
		if err != nil {
			return nil, err
		}
		all = append(all, audit.Message{Topic: TopicLogout, Key: sid + "/ticket/" + b.ID, Payload: payload})
	}
	return all, nil
}

// Notice is a logout notice: the portal ends the session with the id.
type Notice struct {
	Bridge    Bridge
	Subject   string
	SessionID string
	Form      map[string]string // signed by the recipe; empty for sm2, where the caller signs a logout token
}

// OpenMessage makes the notice of a payload; ok is false when nobody is to be told any more.
func (s *Server) OpenMessage(ctx context.Context, payload []byte) (n Notice, ok bool, err error) {
	var m logoutMessage
	if err := json.Unmarshal(payload, &m); err != nil {
		return n, false, fmt.Errorf("read logout message: %w", err)
	}
	b, ok := s.cfg.Bridges.Find(m.BridgeID)
	if !ok || b.LogoutURL == "" {
		return n, false, nil
	}
	n = Notice{Bridge: b, Subject: m.Subject, SessionID: m.SessionID}
	if b.Signature.Algorithm == SM2 {
		return n, true, nil
	}
	secret, err := s.cfg.Bridges.Secret(ctx, b.ID)
	if err != nil {
		return n, false, err
	}
	// A recipe with a fixed order names parameters of requests, not of notices: a notice is signed over all it holds.
	recipe := b.Signature
	recipe.Order, recipe.Form = nil, "pairs"
	n.Form = map[string]string{"session_id": m.SessionID, recipe.Time: recipe.FormatTime(s.cfg.Now()), recipe.Nonce: ident.Secret(s.cfg.Rand, 16)}
	text, err := recipe.Text(n.Form, "", "session_id")
	if err != nil {
		return n, false, err
	}
	n.Form[recipe.Parameter], err = recipe.Sign(text, secret)
	return n, true, err
}
