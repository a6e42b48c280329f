// Package counter is the desk at which a clerk serves somebody who comes in person (窗口助办, experience.md 3.13): people
// without a phone, people who lost every way in, and people who want the highest real-name level.
//
//	call a number → card is read (or typed by two clerks) → acts are chosen → the citizen agrees → acts are done → visit ends
//
// Four things hold whatever a page does. A clerk acts only at a terminal that an administrator registered, and only for
// the person whose card lies there: a visit lasts fifteen minutes and ends with the card, the next number or the terminal.
// The citizen agreed to exactly the acts that are done, in a way that the clerk does not control. Each act is one
// transaction that finds the visit open and the agreement in place, and stands in the supervisor's queue from then on.
// Nobody serves oneself or a declared relative, and nothing here is a session of the citizen.
//
// The package has no SQL and no HTTP; who is acting comes in as a Clerk.
package counter

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
)

// Roles at the counter.
const (
	RoleClerk      = "counter_clerk"
	RoleSupervisor = "counter_supervisor"
)

// Times of the counter.
const (
	VisitLife   = 15 * time.Minute // a visit, at most
	ReadingLife = 2 * time.Minute  // a card that was read and for which nobody opened a visit
	EnrolLife   = 15 * time.Minute // the code with which a terminal is put into service
	PairLife    = 10 * time.Minute // the code with which a second screen is joined to a terminal
	PassLife    = 24 * time.Hour   // a one-time pass, at most
	ClockSkew   = time.Minute      // between a reader and us
	PassTries   = 5                // wrong tries of a pass
	PassDigits  = 12
)

// Kinds of acts.
const (
	ActRegister = "register"     // an account, also without a phone
	ActRaise    = "raise"        // to level 4 by the card, 3 by two clerks
	ActReset    = "reset_login"  // every way in ends
	ActPass     = "pass"         // a one-time pass to sign in with
	ActCard     = "card"         // an offline code card
	ActNoCard   = "card_end"     // the card was lost
	ActFamily   = "family"       // 亲情账号: a child is added
	ActHelper   = "helper"       // 长辈帮手: a helper is invited, who confirms
	ActGuardian = "guardian"     // a guardian asks to look on at a minor of 14 to 17, who confirms
	ActAccept   = "mandate_join" // what waits for the person is confirmed
	ActMandate  = "mandate_end"  // a mandate is revoked
	ActLicense  = "license_copy" // the copy of a licence is printed
	ActCheck    = "check_code"   // a paper's code is verified

	ActData          = "data_copy"           // a copy of the own data, handed over encrypted
	ActDataPaper     = "data_paper"          // the same, printed: the clerk sees it
	ActChildUndelete = "child_deletion_undo" // the deletion of a child's account is stopped by a guardian
	ActChildDelete   = "child_deletion"      // a guardian asks for it
	ActUndelete      = "deletion_undo"
	ActDelete        = "deletion" // of the own account
)

// Ways in which a citizen agrees.
const (
	ByScreen  = "screen"
	BySMS     = "sms"
	ByPasskey = "passkey"
	ByPaper   = "paper"
)

// How the person's document came in.
const (
	EntryReader = "reader"
	EntryTyped  = "typed"
)

// Clerk is who acts at the counter. The staff realm says who that is; nothing here asks how.
type Clerk struct {
	ID      string   // actor, as in audit records: "staff:…"
	Human   []byte   // keyed hash of the clerk's own legal identity (idp.Accounts.IdentityLookup); none for a service client
	Account string   // the clerk's own account as a citizen; empty where none is known
	Roles   []string // held everywhere, or at the terminal at which the clerk acts (In)
	Rights  []reqctx.Right
	AAL     int
	Signed  time.Time // the login
}

// Has reports whether the clerk holds a role everywhere, or where it acts (In).
func (c Clerk) Has(role string) bool { return slices.Contains(c.Roles, role) }

// Anywhere reports whether the clerk holds a role, be it in a part only.
func (c Clerk) Anywhere(role string) bool { return len(c.Reach(role)) > 0 }

// Reach are the areas in which the clerk holds a role; the empty path is everywhere.
func (c Clerk) Reach(role string) []string {
	return reqctx.Actor{Roles: c.Roles, Rights: c.Rights}.Reach(role)
}

// In is the clerk at a terminal of an area: with the roles that are held for it.
func (c Clerk) In(area string) Clerk {
	at := slices.Clone(c.Roles)
	for _, right := range c.Rights {
		if strings.HasPrefix(area, right.Area) && !slices.Contains(at, right.Role) {
			at = append(at, right.Role)
		}
	}
	c.Roles = at
	return c
}

// Terminal is a registered workplace.
type Terminal struct {
	ID, Name   string
	ReaderKey  []byte // SM2 point of the reader's bridge; empty where cards cannot be read
	Screen     bool   // a second screen is paired
	Department string // whose counter it is; empty is the platform's own
	Area       string // path of the department's area; empty belongs to no area
	CreatedBy  string
	CreatedAt  time.Time
	EnrolledAt time.Time
	RevokedAt  time.Time
}

// Visit is the time for which one person is served at one terminal.
type Visit struct {
	ID, Terminal string
	Clerk        string
	SecondClerk  string // who stood beside it when the document was typed
	Entry        string
	Called       string // the number
	Account      string // empty until the person has one
	Digest       string // of the card, for evidence
	KeyID        string
	Sealed       []byte // the document
	Acts         []string
	AskedBy      string // way of agreement that was asked for
	AskedAt      time.Time
	AgreedAt     time.Time // zero: not yet
	Agreement    string    // way, and digest of the paper
	OpenedAt     time.Time
	ExpiresAt    time.Time
	EndedAt      time.Time
	EndReason    string
}

// Open reports whether acts may still be done.
func (v Visit) Open(now time.Time) bool { return v.EndedAt.IsZero() && now.Before(v.ExpiresAt) }

// Agreed reports whether the citizen agreed to an act. Looking at a paper's code needs no word of the person.
func (v Visit) Agreed(kind string) bool {
	return !v.AgreedAt.IsZero() && slices.Contains(v.Acts, kind)
}

// Act is something that a clerk did.
type Act struct {
	ID, Visit, Kind, Target          string
	Terminal, Clerk, Second, Account string
	Entry, AgreedBy                  string
	Evidence                         string // digest
	Outcome                          string // machine word
	Failure                          string // code of the fault of the last attempt
	At                               time.Time
	Attempt                          int       // how often another room was asked, this time included
	TriedAt                          time.Time // the last time
	RetriedBy                        string    // the supervisor who tried it again
	Review                           string    // open, seen, flagged
	Reviewer, ReviewReason           string
	ReviewedAt                       time.Time
	Area                             string // of the terminal, as it is now; read only
}

// States of an act in the supervisor's queue.
const (
	ReviewOpen    = "open"
	ReviewSeen    = "seen"
	ReviewFlagged = "flagged"
)

// Pass is a one-time pass as it is stored.
type Pass struct {
	ID, Account string
	Hash        []byte
	IssuedAt    time.Time
	ExpiresAt   time.Time
}

// Change is what an act changes, in one transaction with its row. Members that are nil change nothing.
type Change struct {
	Act     Act
	Account *idp.Account // a new one; the visit is bound to it
	Proof   *idp.Proof   // of the account of the act
	Pass    *Pass
	Held    *Held // what another attempt needs
	Reset   bool  // passwords, credentials, codes, sessions, grants and earlier passes end
}

// Errors of the store.
var (
	ErrVisitOver = errors.New("counter: the visit is over, or the agreement is another one")
	ErrDone      = errors.New("counter: the act was done in this visit")
	ErrNoReading = errors.New("counter: no card was read")
	ErrNonce     = errors.New("counter: the message was taken before")
)

// Reading is a message of a reader as it is stored.
type Reading struct {
	Terminal string
	Nonce    []byte // keyed hash
	Digest   string
	KeyID    string
	Sealed   []byte
	ReadAt   time.Time
	Expires  time.Time
}

// Store keeps what the counter needs; idpdb implements it. Every change is one transaction with its audit record.
type Store interface {
	PutTerminal(ctx context.Context, t Terminal, enrol []byte, until time.Time, record audit.Record) error
	// Enrol puts a terminal into service with the secret of its cookie, once; idp.ErrNotFound for a code that does not hold.
	Enrol(ctx context.Context, code, secret []byte, now time.Time, record func(terminal string) audit.Record) (Terminal, error)
	// Terminals lists them, the newest first, behind the one with the id given.
	// Terminals lists those of areas; the path of an area stands for all below it, the empty one for every terminal.
	Terminals(ctx context.Context, areas []string, after string, limit int) ([]Terminal, error)
	// MoveTerminals gives the terminals of a department another area.
	MoveTerminals(ctx context.Context, department, area string, record audit.Record) error
	Terminal(ctx context.Context, id string) (Terminal, error)
	TerminalBySecret(ctx context.Context, secret []byte) (Terminal, error)
	TerminalByScreen(ctx context.Context, secret []byte) (Terminal, error)
	// RevokeTerminal also ends its visit.
	RevokeTerminal(ctx context.Context, id, by string, at time.Time, record audit.Record) error
	OfferScreen(ctx context.Context, id string, code []byte, until time.Time) error
	// PairScreen joins a second screen, once; idp.ErrNotFound for a code that does not hold.
	PairScreen(ctx context.Context, code, secret []byte, now time.Time, record func(terminal string) audit.Record) (Terminal, error)

	// PutReading takes the message of a card; ErrNonce when it was taken before.
	PutReading(ctx context.Context, r Reading) error
	// PutRemoval takes the message that the card is gone: readings that wait are forgotten and the visit that the reader
	// opened ends.
	PutRemoval(ctx context.Context, r Reading, record func(visit string) audit.Record) error

	// NewestReading is the card that lies on the reader of a terminal; ErrNoReading when there is none.
	NewestReading(ctx context.Context, terminal string, now time.Time) (Reading, error)
	// OpenVisit ends the visit of the terminal and begins another, with a reading that it uses up if one is named;
	// ErrNoReading when that was taken or is late.
	OpenVisit(ctx context.Context, v Visit, reading []byte, now time.Time, record func(ended string) audit.Record) error
	// VisitAt is the open visit of a terminal; idp.ErrNotFound.
	VisitAt(ctx context.Context, terminal string, now time.Time) (Visit, error)
	// Plan sets what is asked of the citizen and forgets an agreement; ErrVisitOver.
	Plan(ctx context.Context, v Visit, now time.Time, record audit.Record) error
	// Agree notes the agreement to what was asked at a moment; ErrVisitOver when that is not what stands there.
	Agree(ctx context.Context, visit string, askedAt time.Time, agreement string, now time.Time, record audit.Record) error
	// Decline forgets what was asked.
	Decline(ctx context.Context, visit string, askedAt time.Time, now time.Time, record audit.Record) error
	EndVisit(ctx context.Context, visit, reason string, now time.Time, record audit.Record) error

	// Do does an act. The visit must be open, the clerk's, and hold the agreement that was read; ErrVisitOver when it does
	// not, ErrDone when the act was done, idp.ErrBound and idp.ErrTaken as with accounts.
	Do(ctx context.Context, v Visit, c Change, now time.Time, record audit.Record) error
	// SetOutcome says how an attempt at an act ended that another room carried out; nothing when there was a later attempt. What
	// was held for another one is forgotten when it is done.
	SetOutcome(ctx context.Context, act string, attempt int, outcome, failure string, record audit.Record) error
	// Again begins the next attempt at an act that stands as it was read, so that of two at one moment one begins;
	// idp.ErrConflict otherwise. With a visit it is as Do and held takes the place of what was held; without one a supervisor
	// tries it, and what is held must still hold.
	Again(ctx context.Context, v *Visit, a Act, held *Held, by string, now time.Time, record audit.Record) error
	// HeldAct is what is held for another attempt; idp.ErrNotFound.
	HeldAct(ctx context.Context, act string) (Held, error)
	Acts(ctx context.Context, visit string) ([]Act, error)
	Act(ctx context.Context, id string) (Act, error)
	// ActQueue lists acts of a review state, the oldest first, behind the one with the id given.
	ActQueue(ctx context.Context, areas []string, review, after string, limit int) ([]Act, error)
	// Review decides an act that stands as it was read; idp.ErrConflict.
	Review(ctx context.Context, act Act, review, by, reason string, at time.Time, record audit.Record) error

	// TryPass counts a try and uses the pass up when the hash is right; one conditional update decides. ok is false for every
	// other. The record is stored when it is right.
	TryPass(ctx context.Context, account string, hash []byte, tries int, now time.Time, record audit.Record) (ok bool, err error)
}

// Cards prints and ends offline code cards; internal/app adapts the licence room to it.
type Cards interface {
	// Issue prints a card. An attempt at an act replaces the card of an earlier attempt at it, and is refused after a later one.
	Issue(ctx context.Context, o CardOrder) (CardPrint, error)
	// End ends the card of a person that was printed until a moment.
	End(ctx context.Context, account string, until time.Time) (ended bool, err error)
}

// CardOrder asks for a card.
type CardOrder struct {
	Account, MaskedName string
	Level               int
	Act                 string
	Attempt             int
}

// Licenses gives the documents of licences that a person holds; internal/app adapts the licence room to it, in which the clerk
// acts for the person.
type Licenses interface {
	List(ctx context.Context, account string) ([]LicenseCopy, error)
	File(ctx context.Context, account, id string) (name string, content []byte, err error)
}

// Passkeys asks a person for the own passkey; package authn implements it.
type Passkeys interface {
	HasPasskey(ctx context.Context, account string) (bool, error)
	// BeginAgreement gives what the authenticator is asked, bound to account, screen and statement.
	BeginAgreement(ctx context.Context, account string, screen, statement []byte) (options any, step string, err error)
	FinishAgreement(ctx context.Context, account string, screen []byte, step string, statement, response []byte) error
}

// LicenseCopy is a licence whose copy can be printed.
type LicenseCopy struct{ ID, Title string }

// CardPrint is a card to be printed once.
type CardPrint struct {
	ID, Code  string
	IssuedAt  time.Time
	ExpiresAt time.Time
}

// Config of the service.
type Config struct {
	Accounts *idp.Accounts
	Store    Store
	Codes    *authn.Codes
	Mandates *mandate.Service
	Cards    Cards
	Licenses Licenses
	Passkeys Passkeys // nil: the issuer has none
	// The rights over one's data, by the services that the pages use.
	Deletions *idp.Deletions
	Exports   *idp.Exports
	// Archive is a copy of an account's data under a passphrase.
	Archive func(ctx context.Context, accountID, passphrase string) (idp.Export, []byte, error)
	// Calls reports whether the code by which a person agrees can be read aloud over a mobile number; nil is never.
	Calls    func(to string) bool
	Throttle authn.ThrottleStore
	Ring     *keys.Ring
	Now      func() time.Time
	Rand     io.Reader
	Wake     func()
	// Farewell is what the end of all sessions of an account leaves behind for other systems.
	Farewell func(ctx context.Context, accountID string) (audit.Record, error)
}

// Service is the counter.
type Service struct{ cfg Config }

// New checks the configuration.
func New(cfg Config) (*Service, error) {
	if cfg.Accounts == nil || cfg.Store == nil || cfg.Codes == nil || cfg.Cards == nil || cfg.Licenses == nil || cfg.Mandates == nil || cfg.Throttle == nil || cfg.Ring == nil || cfg.Now == nil || cfg.Rand == nil || cfg.Farewell == nil || cfg.Deletions == nil || cfg.Exports == nil || cfg.Archive == nil {
		return nil, errors.New("counter: a dependency is missing")
	}
	if cfg.Wake == nil {
		cfg.Wake = func() {}
	}
	if cfg.Calls == nil {
		cfg.Calls = func(string) bool { return false }
	}
	return &Service{cfg}, nil
}

func (s *Service) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Microsecond) }

// hash is the keyed hash under which a secret of the counter is stored; kind keeps them apart.
func (s *Service) hash(ctx context.Context, kind string, parts ...string) ([]byte, error) {
	mac, err := s.cfg.Ring.MAC(ctx, keys.UsageLookup)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	all := [][]byte{[]byte("counter"), []byte(kind)}
	for _, part := range parts {
		all = append(all, []byte(part))
	}
	return mac.Sum(ctx, all...)
}

// clerk refuses whoever may not serve people here: the role, two factors, and a login of this shift.
func (s *Service) clerk(c Clerk, role string) error {
	switch {
	case c.ID == "":
		return fault.New(fault.Unauthenticated)
	case !c.Has(role):
		return fault.New(fault.Forbidden)
	}
	return s.proven(c, role)
}

// supervisor refuses whoever supervises nowhere; what clerks did is judged by its terminal besides.
func (s *Service) supervisor(c Clerk) error {
	switch {
	case c.ID == "":
		return fault.New(fault.Unauthenticated)
	case !c.Anywhere(RoleSupervisor):
		return fault.New(fault.Forbidden)
	}
	return s.proven(c, RoleSupervisor)
}

func (s *Service) proven(c Clerk, role string) error {
	switch {
	case c.AAL < 2:
		return fault.New(fault.CounterLogin)
	case role == RoleClerk && len(c.Human) == 0:
		return fault.New(fault.StaffUnbound) // whom the clerk may not serve could not be known
	}
	return nil
}

func (s *Service) event(ctx context.Context, kind, object, id string, details ...string) audit.Event {
	all := map[string]string{}
	for i := 0; i+1 < len(details); i += 2 {
		if details[i+1] != "" {
			all[details[i]] = details[i+1]
		}
	}
	return idp.Event(ctx, s.now(), kind, object, id, all)
}

func storeFault(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrVisitOver):
		return fault.Wrap(err, fault.CounterVisit)
	case errors.Is(err, ErrDone):
		return fault.Wrap(err, fault.CounterDone)
	case errors.Is(err, ErrNoReading):
		return fault.Wrap(err, fault.CounterNoCard).WithField("counter-called", fault.CounterNoCard)
	case errors.Is(err, idp.ErrBound):
		return fault.Wrap(err, fault.IdentityBound)
	case errors.Is(err, idp.ErrTaken):
		return fault.Wrap(err, fault.CounterPhone).WithField("counter-phone", fault.CounterPhone)
	case errors.Is(err, idp.ErrConflict):
		return fault.Wrap(err, fault.Conflict)
	case errors.Is(err, idp.ErrNotFound):
		return fault.Wrap(err, fault.NotFound)
	}
	var declared *fault.Fault
	if errors.As(err, &declared) {
		return err
	}
	return fault.Wrap(err, fault.Unavailable)
}

// oneLine is a text that a clerk or administrator typed: trimmed, of bounded length.
func oneLine(text string, longest int) (string, bool) {
	text = strings.Join(strings.Fields(text), " ")
	return text, text != "" && len([]rune(text)) <= longest
}
