// Package session keeps the provider's sessions and, for each, the relying parties it signed in to; it ends them and has
// the parties told (OpenID Connect Back-Channel Logout 1.0) through the outbox.
package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys"
)

// Limits of a citizen's session (security row A-29).
const (
	IdleLife     = time.Hour
	AbsoluteLife = 24 * time.Hour
	touchAfter   = time.Minute // how often use is written down
)

// Realm is whose sessions a service keeps. A secret of one realm finds nothing in another, and a session whose holder is not of the
// realm is none, whatever the database says.
type Realm struct {
	Word   string // "account" or "staff": actors and audit records begin with it
	Prefix string // of the identifiers of its holders
	// Idle and Absolute are how long a session goes on unused, and at all.
	Idle, Absolute time.Duration
}

// Realms of sessions: citizens, and staff with the limits of security row A-29, which an operator may make narrower.
var (
	Citizens = Realm{"account", "", IdleLife, AbsoluteLife}
	Staff    = Realm{"staff", staffPrefix, StaffIdle, StaffAbsolute}
)

const staffPrefix = "stf_"

// Limits of a session of staff.
const (
	StaffIdle     = 15 * time.Minute
	StaffAbsolute = 12 * time.Hour
)

// holds reports whether an identifier is that of a holder of the realm.
func (r Realm) holds(id string) bool {
	if r.Prefix == "" {
		return !strings.HasPrefix(id, staffPrefix)
	}
	return strings.HasPrefix(id, r.Prefix)
}

// live reports whether a session of the realm goes on: neither idle for too long nor too old.
func (r Realm) live(v Session, now time.Time) bool {
	return r.holds(v.AccountID) && now.Sub(v.LastSeen) <= r.Idle && now.Sub(v.CreatedAt) <= r.Absolute
}

// Session of the provider.
type Session struct {
	ID        string // sid, shown to relying parties
	AccountID string
	AAL       int
	Methods   []string
	AuthTime  time.Time
	CreatedAt time.Time
	LastSeen  time.Time
	Device    string // user agent, shortened
	Address   string
	EndedAt   time.Time // zero while it has not been ended

	AccountVersion int64 // when the session was read; 0 is not known
}

// Party is a relying party that a session signed in to.
type Party struct {
	SID, ClientID, Subject string
	At                     time.Time
	MandateID              string // under which the session signed in; empty for the person itself
}

// ShownSID is the sid that the relying party knows the session by.
func (p Party) ShownSID() string { return idp.ActingSID(p.SID, p.MandateID) }

// Store keeps sessions; idpdb implements it.
type Store interface {
	PutSession(ctx context.Context, hash []byte, s Session, record audit.Record) error
	// RenewSession gives a session of the account a new secret and a new login; idp.ErrNotFound when it has ended.
	RenewSession(ctx context.Context, hash []byte, s Session, record audit.Record) error
	// Session answers idp.ErrNotFound for unknown and ended sessions.
	Session(ctx context.Context, hash []byte) (Session, error)
	// SessionByID is Session for a sid.
	SessionByID(ctx context.Context, sid string) (Session, error)
	TouchSession(ctx context.Context, id string, at time.Time) error
	AddParty(ctx context.Context, p Party) error
	Parties(ctx context.Context, sid string) ([]Party, error)
	// LeaveParty ends the grants and codes of a session at one client, which is no party of it from then on; again it changes nothing.
	LeaveParty(ctx context.Context, sid, clientID string, at time.Time, record audit.Record) error
	// EndSession ends a session with all its grants; idp.ErrNotFound when it has ended already.
	EndSession(ctx context.Context, sid string, at time.Time, record audit.Record) error
	SessionsOf(ctx context.Context, accountID string, since time.Time) ([]Session, error)
	AdminStore
}

// TopicLogout is the outbox topic of back-channel logout.
const TopicLogout = "logout.backchannel"

// LogoutMessage is its payload.
type LogoutMessage struct {
	ClientID string `json:"client_id"`
	Subject  string `json:"sub"`
	SID      string `json:"sid"`
}

// Service starts and ends sessions.
type Service struct{ cfg Config }

// Config of the service.
type Config struct {
	Store   Store
	Ring    *keys.Ring
	Clients *idp.Clients
	Realm   Realm // the zero value is Citizens
	Now     func() time.Time
	Rand    io.Reader
	Wake    func() // tells the outbox that something is due; may be nil
	// Others gives the messages to relying parties that are no OAuth clients (bridges); may be nil. It is asked just before
	// the session ends: a portal that joins between the two is not told, as with Joined.
	Others func(ctx context.Context, sid string) ([]audit.Message, error)
}

// New returns the service.
func New(cfg Config) *Service {
	if cfg.Wake == nil {
		cfg.Wake = func() {}
	}
	if cfg.Realm.Word == "" {
		cfg.Realm = Citizens
	}
	return &Service{cfg}
}

func (s *Service) hash(ctx context.Context, secret string) ([]byte, error) {
	mac, err := s.cfg.Ring.MAC(ctx, keys.UsageLookup)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	place := "session"
	if s.cfg.Realm.Word != Citizens.Word {
		place = s.cfg.Realm.Word + "-session"
	}
	return mac.Sum(ctx, []byte(place), []byte(secret))
}

// Start makes a session for a login, always with a new secret (O-51). The secret goes into the cookie.
func (s *Service) Start(ctx context.Context, login idp.Login, device, address string) (Session, string, error) {
	if !s.cfg.Realm.holds(login.AccountID) {
		return Session{}, "", fmt.Errorf("session: a login of another realm")
	}
	secret := ident.Secret(s.cfg.Rand, 32)
	hash, err := s.hash(ctx, secret)
	if err != nil {
		return Session{}, "", err
	}
	now := s.cfg.Now().UTC()
	session := Session{ID: ident.New(s.cfg.Rand, "sid"), AccountID: login.AccountID, AAL: int(login.AAL), Methods: login.Methods, AuthTime: login.At,
		CreatedAt: now, LastSeen: now, Device: device, Address: address}
	e := idp.Event(ctx, now, "login.succeeded", s.cfg.Realm.Word, login.AccountID, map[string]string{"sid": session.ID})
	e.Actor = s.cfg.Realm.Word + ":" + login.AccountID
	if err := s.cfg.Store.PutSession(ctx, hash, session, audit.With(e)); err != nil {
		return Session{}, "", fmt.Errorf("store session: %w", err)
	}
	return session, secret, nil
}

// Renew is a further login of the person who is signed in: the session gets a new secret (O-51) and goes on under its sid,
// so that the systems it signed in to are told when it ends. ok is false when it has ended meanwhile.
func (s *Service) Renew(ctx context.Context, current Session, login idp.Login, device, address string) (secret string, ok bool, err error) {
	secret = ident.Secret(s.cfg.Rand, 32)
	hash, err := s.hash(ctx, secret)
	if err != nil {
		return "", false, err
	}
	now := s.cfg.Now().UTC()
	next := Session{ID: current.ID, AccountID: current.AccountID, AAL: int(login.AAL), Methods: login.Methods, AuthTime: login.At, CreatedAt: now, LastSeen: now, Device: device, Address: address}
	e := idp.Event(ctx, now, "login.succeeded", s.cfg.Realm.Word, login.AccountID, map[string]string{"sid": current.ID, "again": "true"})
	e.Actor = s.cfg.Realm.Word + ":" + login.AccountID
	err = s.cfg.Store.RenewSession(ctx, hash, next, audit.With(e))
	if errors.Is(err, idp.ErrNotFound) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("renew session: %w", err)
	}
	return secret, true, nil
}

// Holds reports whether sessions of an account are of this service's realm.
func (s *Service) Holds(accountID string) bool { return s.cfg.Realm.holds(accountID) }

// Current finds the live session of a secret; ok is false when there is none.
func (s *Service) Current(ctx context.Context, secret string) (session Session, ok bool, err error) {
	if secret == "" {
		return Session{}, false, nil
	}
	hash, err := s.hash(ctx, secret)
	if err != nil {
		return Session{}, false, err
	}
	session, err = s.cfg.Store.Session(ctx, hash)
	if errors.Is(err, idp.ErrNotFound) {
		return Session{}, false, nil
	}
	if err != nil {
		return Session{}, false, fault.Wrap(err, fault.Unavailable)
	}
	now := s.cfg.Now()
	if !s.cfg.Realm.live(session, now) {
		return Session{}, false, nil
	}
	if now.Sub(session.LastSeen) > touchAfter {
		if err := s.cfg.Store.TouchSession(ctx, session.ID, now); err != nil {
			return Session{}, false, fault.Wrap(err, fault.Unavailable)
		}
	}
	return session, true, nil
}

// Former is whose session a secret was that is over by its time; empty for one that goes on, that somebody ended, and for every other secret.
func (s *Service) Former(ctx context.Context, secret string) (accountID string, err error) {
	if secret == "" {
		return "", nil
	}
	hash, err := s.hash(ctx, secret)
	if err != nil {
		return "", err
	}
	session, err := s.cfg.Store.Session(ctx, hash)
	switch {
	case errors.Is(err, idp.ErrNotFound):
		return "", nil
	case err != nil:
		return "", fault.Wrap(err, fault.Unavailable)
	case !session.EndedAt.IsZero(), !s.cfg.Realm.holds(session.AccountID), s.cfg.Realm.live(session, s.cfg.Now()):
		return "", nil
	}
	return session.AccountID, nil
}

// ByID finds a live session by its sid, for those who keep only that.
func (s *Service) ByID(ctx context.Context, sid string) (session Session, ok bool, err error) {
	session, err = s.cfg.Store.SessionByID(ctx, sid)
	if errors.Is(err, idp.ErrNotFound) {
		return Session{}, false, nil
	}
	if err != nil {
		return Session{}, false, fault.Wrap(err, fault.Unavailable)
	}
	return session, s.cfg.Realm.live(session, s.cfg.Now()), nil
}

// Joined notes that a session signed in to a relying party.
func (s *Service) Joined(ctx context.Context, p Party) error {
	p.At = s.cfg.Now().UTC()
	return s.cfg.Store.AddParty(ctx, p)
}

// Parties lists where a session is signed in.
func (s *Service) Parties(ctx context.Context, sid string) ([]Party, error) {
	return s.cfg.Store.Parties(ctx, sid)
}

// Live lists the sessions of an account that Current would find, the last used first.
func (s *Service) Live(ctx context.Context, accountID string) ([]Session, error) {
	now := s.cfg.Now()
	all, err := s.cfg.Store.SessionsOf(ctx, accountID, now.Add(-s.cfg.Realm.Idle))
	return slices.DeleteFunc(all, func(v Session) bool { return !s.cfg.Realm.live(v, now) }), err
}

// Ends is when a session ends if nothing more happens, and when it ends in any case.
func (s *Service) Ends(v Session) (idle, absolute time.Time) {
	return v.LastSeen.Add(s.cfg.Realm.Idle), v.CreatedAt.Add(s.cfg.Realm.Absolute)
}

// End ends a session: its grants end in the same transaction, and every relying party with a back-channel address gets
// its message. Ending it again does nothing.
func (s *Service) End(ctx context.Context, sid, accountID string) ([]Party, error) {
	now := s.cfg.Now().UTC()
	record, parties, err := s.farewell(ctx, sid, accountID, now)
	if err != nil {
		return nil, err
	}
	err = s.cfg.Store.EndSession(ctx, sid, now, record)
	if err != nil && !errors.Is(err, idp.ErrNotFound) {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	s.cfg.Wake()
	return parties, nil
}

// Leave signs a session out at one client alone: its grants there end in the same transaction, and the client gets its message. The
// session goes on. ok is false where the session was not signed in there.
func (s *Service) Leave(ctx context.Context, sid, accountID, clientID string) (parties []Party, ok bool, err error) {
	now := s.cfg.Now().UTC()
	all, err := s.cfg.Store.Parties(ctx, sid)
	if err != nil {
		return nil, false, fault.Wrap(err, fault.Unavailable)
	}
	all = slices.DeleteFunc(all, func(p Party) bool { return p.ClientID != clientID })
	messages, err := s.Messages(all)
	if err != nil || len(all) == 0 {
		return nil, false, err
	}
	record := audit.With(idp.Event(ctx, now, "session.left", s.cfg.Realm.Word, accountID, map[string]string{"sid": sid, "client": clientID})).And(messages...)
	if err := s.cfg.Store.LeaveParty(ctx, sid, clientID, now, record); err != nil {
		return nil, false, fault.Wrap(err, fault.Unavailable)
	}
	s.cfg.Wake()
	return all, true, nil
}

// farewell is what the end of a session leaves behind: the event, and a message to every party that wants one.
func (s *Service) farewell(ctx context.Context, sid, accountID string, now time.Time) (audit.Record, []Party, error) {
	record := audit.With(idp.Event(ctx, now, "session.ended", s.cfg.Realm.Word, accountID, map[string]string{"sid": sid}))
	parties, err := s.cfg.Store.Parties(ctx, sid)
	if err != nil {
		return record, nil, fault.Wrap(err, fault.Unavailable)
	}
	messages, err := s.Messages(parties)
	if err != nil {
		return record, nil, err
	}
	record = record.And(messages...)
	if s.cfg.Others != nil {
		messages, err := s.cfg.Others(ctx, sid)
		if err != nil {
			return record, nil, fault.Wrap(err, fault.Unavailable)
		}
		record = record.And(messages...)
	}
	return record, parties, nil
}

// Messages are the logout messages to the parties that want one.
func (s *Service) Messages(parties []Party) (all []audit.Message, err error) {
	for _, party := range parties {
		client, ok := s.cfg.Clients.Find(party.ClientID)
		if !ok || client.BackchannelLogoutURI == "" {
			continue
		}
		payload, err := json.Marshal(LogoutMessage{party.ClientID, party.Subject, party.ShownSID()})
		if err != nil {
			return nil, err
		}
		all = append(all, audit.Message{Topic: TopicLogout, Key: party.ShownSID() + "/" + party.ClientID, Payload: payload})
	}
	return all, nil
}

// Touch writes down that a session is used now, whatever was written before.
func (s *Service) Touch(ctx context.Context, v *Session) error {
	now := s.cfg.Now().UTC()
	if err := s.cfg.Store.TouchSession(ctx, v.ID, now); err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	v.LastSeen = now
	return nil
}
