// Package federation lets people sign in through upstream sources: a province's or city's platform. It keeps intents and
// links, maps levels, and ends sessions when the source says so. Protocols are in the folders below; each implements
// Provider.
//
//	Start (intent: once, this browser, this source) → source → Finish: linked? link? new account? → Result
//
// It never joins an account by equal phone or e-mail (O-62), and gives no level without a proven identity.
package federation

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/registry"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/keys"
)

// Times of the room.
const (
	IntentLife = 10 * time.Minute
	LinkWindow = 5 * time.Minute // a link is made only so soon after a login
)

// TopicLogout is the outbox topic of logouts that a source asked for.
const TopicLogout = "logout.upstream"

// Sources is the registry.
type Sources = registry.Registry[Source, *Source]

// Attempt is what binds an answer to its question. All of it follows from the state, which lies nowhere in clear.
type Attempt struct {
	RedirectURI string
	State       string
	Nonce       string
	Verifier    string // PKCE
	Fresh       bool   // the person must sign in at the source anew
}

// Identity is who the source says it is.
type Identity struct {
	Subject  string
	SID      string // the source's session, for its logout; may be empty
	Level    string // its word for how surely it knows the person
	ACR      string
	AMR      []string  // its words for what was shown
	AuthTime time.Time // zero: not told
	Name     string
	Number   string
	Evidence string // digest of what it said
	Hint     string // with which its session can be ended later; may be empty
}

// Ended is a logout that the source asks for; Subject or SID may be empty, not both.
type Ended struct {
	Subject, SID, JTI string
	Expires           time.Time
}

// Provider speaks the protocol of a source. ErrRefused: the answer proves nothing. ErrSilent: the source cannot be asked.
type Provider interface {
	// Begin gives where the browser goes; asked says that the source answered a question of ours for it.
	Begin(ctx context.Context, s Source, a Attempt) (address string, asked bool, err error)
	Finish(ctx context.Context, s Source, secret string, a Attempt, answer url.Values) (Identity, error)
	// Logout judges what the source posted to end a login.
	Logout(ctx context.Context, s Source, secret string, form url.Values) (Ended, error)
	// Leave gives where the browser goes to end the source's own session; hint is what Identity.Hint was, back the address
	// that it comes back to with the state. Empty: the source has no such place.
	Leave(ctx context.Context, s Source, hint, back, state string) (address string, err error)
}

// Errors of providers and stores.
var (
	ErrRefused = errors.New("federation: answer of the source is refused")
	ErrSilent  = errors.New("federation: source does not answer")
	ErrLinked  = errors.New("federation: linked already")
)

// Purposes of an intent.
const (
	PurposeLogin = "login"
	PurposeLink  = "link"

	purposeLogout = "logout" // of Leave; Flow is where the browser goes afterwards
)

// Intent is a login through a source that was begun.
type Intent struct {
	SourceID  string
	Purpose   string
	AccountID string // who links; empty for a login
	Flow      string // where the login leads; may be empty
	Fresh     bool
}

// Link of an account.
type Link struct {
	SourceID string
	LinkedAt time.Time
}

// SessionRef is a session of ours.
type SessionRef struct{ SID, AccountID string }

// Origin says from which login at a source a session came; hashes only.
type Origin struct {
	SourceID string
	Lookup   []byte // of its subject
	SID      []byte // of its session; empty when it named none
	// KeyID and Hint, sealed, are what ends the source's session. They are stored, never sent with a message.
	KeyID string `json:"-"`
	Hint  []byte `json:"-"`
}

// Store keeps intents, links and origins; idpdb implements it. Each method is one transaction.
type Store interface {
	PutIntent(ctx context.Context, hash, browser []byte, i Intent, expires time.Time) error
	// TakeIntent consumes by one conditional update; idp.ErrNotFound for unknown, used, late and foreign ones.
	TakeIntent(ctx context.Context, hash, browser []byte, sourceID string, now time.Time) (Intent, error)
	// LinkedAccount answers idp.ErrNotFound when nobody is linked.
	LinkedAccount(ctx context.Context, sourceID string, lookup []byte) (accountID string, err error)
	// PutLink links an account; ErrLinked when the subject or the account has a link there.
	PutLink(ctx context.Context, sourceID string, lookup []byte, accountID string, at time.Time, record audit.Record) error
	// CreateLinked stores a new account with its link and proof; ErrLinked, or idp.ErrBound when somebody holds the identity.
	CreateLinked(ctx context.Context, a idp.Account, sourceID string, lookup []byte, record audit.Record) error
	Links(ctx context.Context, accountID string) ([]Link, error)
	Unlink(ctx context.Context, accountID, sourceID string, record audit.Record) error
	PutOrigin(ctx context.Context, ref SessionRef, o Origin, at time.Time) error
	// OriginOf is from where a session came; idp.ErrNotFound.
	OriginOf(ctx context.Context, sid string) (Origin, error)
	// UseLogout remembers a logout token and leaves its message in one transaction; false when it was used before.
	UseLogout(ctx context.Context, hash []byte, until time.Time, record audit.Record) (fresh bool, err error)
	// SessionsFrom lists live sessions that came from a login at a source before the moment.
	SessionsFrom(ctx context.Context, o Origin, before time.Time) ([]SessionRef, error)
}

// Service is the room.
type Service struct {
	cfg      Config
	breakers breakers
}

// Config of the service.
type Config struct {
	Issuer    string // ours; callbacks stand below it
	Store     Store
	Sources   *Sources
	Providers map[string]Provider // by Source.Protocol
	Accounts  *idp.Accounts
	Ring      *keys.Ring
	Now       func() time.Time
	Rand      io.Reader
	Wake      func()
	// Staff makes it the service of the realm of staff; nil is that of people.
	Staff *Staff
}

// New returns the service. That of staff makes its kind of proposal known to the engine.
func New(cfg Config) *Service {
	s := &Service{cfg: cfg, breakers: breakers{all: map[string]*breaker{}}}
	if cfg.Staff != nil {
		s.registerLinks()
	}
	return s
}

// Sources lists the enabled sources of the realm.
func (s *Service) Sources() []Source {
	return slices.DeleteFunc(s.cfg.Sources.All(), func(source Source) bool { return source.Staff != (s.cfg.Staff != nil) })
}

// Knows reports whether a source is enabled and of this realm.
func (s *Service) Knows(id string) bool {
	_, _, err := s.source(id)
	return err == nil
}

// Silent reports whether a source has not answered of late, so that nobody should be sent there.
func (s *Service) Silent(id string) bool { return s.breakers.open(id, s.cfg.Now()) }

// heard notes in the breaker what came of a call.
func (s *Service) heard(id string, err error) {
	if errors.Is(err, ErrSilent) {
		s.breakers.silent(id, s.cfg.Now())
	} else if err == nil || errors.Is(err, ErrRefused) {
		s.breakers.answered(id)
	}
}

func (s *Service) source(id string) (Source, Provider, error) {
	source, ok := s.cfg.Sources.Find(id)
	provider := s.cfg.Providers[source.Protocol]
	if !ok || provider == nil || source.Staff != (s.cfg.Staff != nil) { // a source is of one realm
		return source, nil, fault.New(fault.UpstreamUnknown)
	}
	return source, provider, nil
}

func (s *Service) sum(ctx context.Context, parts ...string) ([]byte, error) {
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

// base is where the pages of sources stand, and state the word under which states are hashed, so that one of the other realm is none.
func (s *Service) base() string {
	if s.cfg.Staff != nil {
		return StaffPath
	}
	return "/federation/"
}

func (s *Service) state(ctx context.Context, state string) ([]byte, error) {
	if s.cfg.Staff != nil {
		return s.sum(ctx, "staff-upstream-state", state)
	}
	return s.sum(ctx, "upstream-state", state)
}

// attempt derives nonce and verifier from the state by the platform's key.
func (s *Service) attempt(ctx context.Context, sourceID, state string, fresh bool) (Attempt, error) {
	nonce, err1 := s.sum(ctx, "upstream-nonce", sourceID, state)
	verifier, err2 := s.sum(ctx, "upstream-verifier", sourceID, state)
	encode := base64.RawURLEncoding.EncodeToString
	return Attempt{RedirectURI: s.cfg.Issuer + s.base() + sourceID + "/callback", State: state, Nonce: encode(nonce), Verifier: encode(verifier), Fresh: fresh}, errors.Join(err1, err2)
}

// Start begins a login or a link and gives the address of the source. browser is the hash of the browser's handle.
func (s *Service) Start(ctx context.Context, i Intent, browser []byte) (string, error) {
	source, provider, err := s.source(i.SourceID)
	if err != nil {
		return "", err
	}
	state := ident.Secret(s.cfg.Rand, 32)
	a, err := s.attempt(ctx, source.ID, state, i.Fresh)
	if err != nil {
		return "", err
	}
	if !s.breakers.allow(source.ID, s.cfg.Now()) {
		return "", fault.New(fault.UpstreamSilent)
	}
	address, asked, err := provider.Begin(ctx, source, a)
	if err != nil || asked {
		s.heard(source.ID, err)
	}
	if err != nil {
		return "", answer(err)
	}
	hash, err := s.state(ctx, state)
	if err != nil {
		return "", err
	}
	if err := s.cfg.Store.PutIntent(ctx, hash, browser, i, s.cfg.Now().Add(IntentLife)); err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	return address, nil
}

// originPatience is how long a page waits to learn where sources would send the browser.
const originPatience = 2 * time.Second

// LoginPages are the addresses to which a login or a link at these sources sends the browser, without their queries: where the
// authorization endpoint is, which need not be where the issuer is. A source that does not answer in time has none; nobody gets there
// either.
func (s *Service) LoginPages(ctx context.Context, sources []Source) []string {
	ctx, cancel := context.WithTimeout(ctx, originPatience)
	defer cancel()
	pages := make([]string, len(sources))
	var all sync.WaitGroup
	for i, source := range sources {
		provider := s.cfg.Providers[source.Protocol]
		if provider == nil || s.Silent(source.ID) {
			continue
		}
		all.Go(func() {
			address, asked, err := provider.Begin(ctx, source, Attempt{})
			if asked && ctx.Err() == nil { // what we did not wait for says nothing of the source
				s.heard(source.ID, err)
			}
			if err == nil {
				pages[i], _, _ = strings.Cut(address, "?")
			}
		})
	}
	all.Wait()
	return slices.DeleteFunc(pages, func(page string) bool { return page == "" })
}

// answer turns errors of providers into faults; whatever is neither is our own trouble.
func answer(err error) error {
	switch {
	case errors.Is(err, ErrRefused):
		return fault.Wrap(err, fault.UpstreamRefused)
	case errors.Is(err, ErrSilent):
		return fault.Wrap(err, fault.UpstreamSilent)
	}
	return err
}

// Result of a login through a source.
type Result struct {
	Intent Intent
	Login  idp.Login
	Origin Origin
	Hint   string // of Identity, for Joined
}

// Finish judges the source's answer and finds whose account it is. current is the account that is signed in in this
// browser, for links.
func (s *Service) Finish(ctx context.Context, sourceID string, browser []byte, current string, query url.Values) (Result, error) {
	source, provider, err := s.source(sourceID)
	if err != nil {
		return Result{}, err
	}
	state := query.Get(source.stateParameter())
	hash, err := s.state(ctx, state)
	if err != nil {
		return Result{}, err
	}
	intent, err := s.cfg.Store.TakeIntent(ctx, hash, browser, source.ID, s.cfg.Now())
	if errors.Is(err, idp.ErrNotFound) {
		return Result{}, fault.Wrap(err, fault.UpstreamRefused) // unsolicited, used, late, of another browser or source
	}
	if err != nil {
		return Result{}, fault.Wrap(err, fault.Unavailable)
	}
	a, err := s.attempt(ctx, source.ID, state, intent.Fresh)
	if err != nil {
		return Result{}, err
	}
	secret, err := s.cfg.Sources.Secret(ctx, source.ID)
	if err != nil {
		return Result{}, err
	}
	if intent.Purpose != PurposeLogin && intent.Purpose != PurposeLink {
		return Result{}, fault.New(fault.UpstreamRefused)
	}
	identity, err := provider.Finish(ctx, source, secret, a, query)
	s.heard(source.ID, err)
	if err != nil {
		return Result{}, answer(err)
	}
	now := s.cfg.Now().UTC()
	at := now
	if !identity.AuthTime.IsZero() && identity.AuthTime.Before(now) {
		at = identity.AuthTime // a login is as old as it is at the source
	}
	r := Result{Intent: intent, Hint: identity.Hint, Login: idp.Login{AAL: source.AAL(identity.ACR, identity.AMR...), Methods: []string{"fed"}, At: at}}
	if r.Origin, err = s.origin(ctx, source.ID, identity.Subject, identity.SID); err != nil {
		return Result{}, err
	}
	if s.cfg.Staff != nil {
		r.Login.AccountID, err = s.member(ctx, source, intent, current, r)
		return r, err
	}
	r.Login.AccountID, err = s.account(ctx, source, intent, current, identity, r.Origin.Lookup)
	return r, err
}

func (s *Service) origin(ctx context.Context, sourceID, sub, sid string) (o Origin, err error) {
	o.SourceID = sourceID
	if sub != "" {
		if o.Lookup, err = s.sum(ctx, "upstream-subject", sourceID, sub); err != nil {
			return o, err
		}
	}
	if sid != "" {
		o.SID, err = s.sum(ctx, "upstream-sid", sourceID, sid)
	}
	return o, err
}

// proven is the identity that the source proves: name and number in canonical form from a source trusted for it, at the
// level that its map gives. nil when there is none.
func (s *Service) proven(source Source, i Identity) *idp.Proven {
	level := source.IAL(i.Level)
	name, errName := subject.ParsePersonName(i.Name)
	number, errNumber := subject.ParseCitizenID(i.Number)
	if !source.TrustedIdentity || level == 0 || errName != nil || errNumber != nil {
		return nil
	}
	now := s.cfg.Now().UTC()
	return &idp.Proven{IAL: level, Method: "upstream", Source: source.ID, At: now, Until: now.AddDate(0, 0, source.LevelDays), Evidence: i.Evidence,
		Name: name, Type: "citizen_id", Number: string(number)}
}

// account finds, links or makes the account.
func (s *Service) account(ctx context.Context, source Source, intent Intent, current string, i Identity, lookup []byte) (string, error) {
	proven := s.proven(source, i)
	linked, err := s.cfg.Store.LinkedAccount(ctx, source.ID, lookup)
	switch {
	case err != nil && !errors.Is(err, idp.ErrNotFound):
		return "", fault.Wrap(err, fault.Unavailable)
	case intent.Purpose == PurposeLink && (err == nil && linked != intent.AccountID || current != intent.AccountID):
		return "", fault.New(fault.UpstreamRefused) // another account has it, or another person is here now
	case err == nil:
		return linked, s.known(ctx, linked, proven)
	case intent.Purpose == PurposeLink:
		return intent.AccountID, s.link(ctx, source, intent.AccountID, lookup, proven)
	}
	return s.create(ctx, source, lookup, proven)
}

// known lets a linked account in and keeps its level fresh.
func (s *Service) known(ctx context.Context, accountID string, proven *idp.Proven) error {
	person, err := s.cfg.Accounts.Person(ctx, accountID)
	if err != nil {
		return err
	}
	if person.State != idp.AccountActive {
		return fault.New(fault.UpstreamRefused)
	}
	if proven == nil {
		return nil
	}
	held, err := s.cfg.Accounts.ByIdentity(ctx, proven.Type, proven.Number)
	switch {
	case err != nil && !errors.Is(err, idp.ErrNotFound):
		return fault.Wrap(err, fault.Unavailable)
	case err == nil && held != accountID, err != nil && person.IDNumber != "" && person.IDNumber != proven.Number:
		return fault.New(fault.IdentityBound) // the source names somebody else than we know
	case person.IAL > proven.IAL, person.IAL == proven.IAL && person.IALUntil.After(s.cfg.Now().AddDate(0, 0, 30)), person.IAL == proven.IAL && person.IALUntil.IsZero():
		return nil // nothing to gain
	}
	return s.cfg.Accounts.ProveBy(ctx, accountID, *proven)
}

func (s *Service) link(ctx context.Context, source Source, accountID string, lookup []byte, proven *idp.Proven) error {
	if err := s.known(ctx, accountID, proven); err != nil {
		return err
	}
	now := s.cfg.Now().UTC()
	err := s.cfg.Store.PutLink(ctx, source.ID, lookup, accountID, now, audit.With(idp.Event(ctx, now, "federation.linked", "account", accountID, map[string]string{"source": source.ID})))
	if errors.Is(err, ErrLinked) {
		return fault.Wrap(err, fault.UpstreamRefused)
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	return nil
}

func (s *Service) create(ctx context.Context, source Source, lookup []byte, proven *idp.Proven) (string, error) {
	if source.NoAccounts {
		return "", fault.New(fault.LinkNeeded)
	}
	a, err := s.cfg.Accounts.NewAccount(ctx, proven)
	if err != nil {
		return "", err
	}
	details := map[string]string{"source": source.ID}
	if proven != nil {
		details["ial"], details["evidence"] = fmt.Sprint(int(proven.IAL)), proven.Evidence
	}
	err = s.cfg.Store.CreateLinked(ctx, a, source.ID, lookup, audit.With(idp.Event(ctx, a.CreatedAt, "federation.registered", "account", a.ID, details)))
	switch {
	case errors.Is(err, idp.ErrBound): // one legal identity, one account: its holder signs in and links
		return "", fault.Wrap(err, fault.LinkNeeded)
	case errors.Is(err, ErrLinked): // the same person was faster in another tab
		return s.cfg.Store.LinkedAccount(ctx, source.ID, lookup)
	case err != nil:
		return "", fault.Wrap(err, fault.Unavailable)
	}
	return a.ID, nil
}

// Links lists the links of an account.
func (s *Service) Links(ctx context.Context, accountID string) ([]Link, error) {
	all, err := s.cfg.Store.Links(ctx, accountID)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	return all, nil
}

// Unlink takes a link back, unless it is the account's only way in.
func (s *Service) Unlink(ctx context.Context, accountID, sourceID string) error {
	a, err := s.cfg.Accounts.Account(ctx, accountID)
	if err != nil {
		return err
	}
	links, err := s.Links(ctx, accountID)
	if err != nil {
		return err
	}
	if len(a.Contacts) == 0 && len(links) < 2 {
		return fault.New(fault.LinkLast)
	}
	now := s.cfg.Now().UTC()
	err = s.cfg.Store.Unlink(ctx, accountID, sourceID, audit.With(idp.Event(ctx, now, "federation.unlinked", "account", accountID, map[string]string{"source": sourceID})))
	if err != nil && !errors.Is(err, idp.ErrNotFound) {
		return fault.Wrap(err, fault.Unavailable)
	}
	return nil
}

// endMessage is the payload of the outbox.
type endMessage struct {
	Origin Origin    `json:"origin"`
	Before time.Time `json:"before"`
}

// Logout takes what a source posts to end a login. Once it is taken the sessions end, whatever happens to this process: the work
// goes through the outbox in the transaction that remembers the token.
func (s *Service) Logout(ctx context.Context, sourceID string, form url.Values) error {
	source, provider, err := s.source(sourceID)
	if err != nil {
		return err
	}
	secret, err := s.cfg.Sources.Secret(ctx, source.ID)
	if err != nil {
		return err
	}
	ended, err := provider.Logout(ctx, source, secret, form)
	if err != nil {
		return answer(err)
	}
	origin, err := s.origin(ctx, source.ID, ended.Subject, ended.SID)
	if err != nil {
		return err
	}
	hash, err := s.sum(ctx, "upstream-logout", source.ID, ended.JTI)
	if err != nil {
		return err
	}
	now := s.cfg.Now().UTC()
	payload, err := json.Marshal(endMessage{origin, now})
	if err != nil {
		return err
	}
	e := idp.Event(ctx, now, "federation.logout", "source", source.ID, nil)
	e.Actor = "upstream:" + source.ID
	fresh, err := s.cfg.Store.UseLogout(ctx, hash, ended.Expires.Add(time.Hour), audit.With(e).And(audit.Message{Topic: TopicLogout, Key: source.ID + "/" + base64.RawURLEncoding.EncodeToString(hash[:12]), Payload: payload}))
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	if !fresh {
		return fault.New(fault.UpstreamRefused)
	}
	s.cfg.Wake()
	return nil
}

// SessionsToEnd reads a message of the outbox.
func (s *Service) SessionsToEnd(ctx context.Context, payload []byte) ([]SessionRef, error) {
	var m endMessage
	if err := json.Unmarshal(payload, &m); err != nil {
		return nil, fmt.Errorf("read logout of a source: %w", err)
	}
	return s.cfg.Store.SessionsFrom(ctx, m.Origin, m.Before)
}
