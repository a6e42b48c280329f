// Package esign is the domain of seals (电子印章): their life from application to revocation, and the pipeline that stamps
// a document: planned → signed → stored. Formats are read and written by its leaves; storage and HTTP adapt to it.
package esign

import (
	"context"
	"errors"
	"io"
	"regexp"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/esign/prepare"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// State of a seal.
type State string

// States. Revoked is final.
const (
	Applied   State = "applied"
	Approved  State = "approved"
	Made      State = "made"
	Active    State = "active"
	Suspended State = "suspended"
	Revoked   State = "revoked"
)

// Seal is an electronic seal and its life.
type Seal struct {
	ID           string  // our id
	Code         string  // esID: 14 digits
	Name         string  // name of the seal: owner and line
	Owner        string  // organisation
	OwnerCode    string  // unified social credit code
	Line         string  // 行政审批专用章; empty for the organisation's own seal
	DiameterMM   float64 // of a personal seal, its height
	State        State
	Applicant    string
	Reviewer     string
	Maker        string
	KeyID        string // of the signer
	SignerCert   []byte
	SES          []byte // the seal, DER
	Picture      []byte // PNG
	ValidFrom    time.Time
	ValidTo      time.Time
	CreatedAt    time.Time
	UpdatedAt    time.Time
	StatusReason string
	StoppedBy    string    // who suspended it; somebody else resumes it
	Area         string    // path of the owner's area; empty where the tree does not know the owner
	Cause        Cause     // how it ended; of a suspended one CauseLost says that its keeper reported a loss
	LostAt       time.Time // with CauseLost: since when it is lost
	Filing       Filing    // with the authority for seals
	Replaces     string    // the seal whose place it takes when it comes into use; empty for a new one
	Bearer       Bearer    // of a personal seal: the person; zero for a seal of an organisation
	// Change is what UpdateSeal adds to the history; no store gives it back.
	Change *StatusChange
}

// StampState of a stamp.
type StampState string

// States of a stamp. A planned or abandoned one released no signature. Stored is final; an abandoned one is planned again
// when its requester comes back with the same key.
const (
	Planned   StampState = "planned"
	Stored    StampState = "stored"
	Abandoned StampState = "abandoned"
)

// Stamp is one use of a seal.
type Stamp struct {
	ID        string
	SealID    string
	State     StampState
	Key       string // idempotency key of the requester
	Requester string
	Item      string
	Purpose   string
	SourceSM3 string
	ResultSM3 string // address of the result in the document store
	Unkept    bool   // the document store does not hold the result
	Places    []Place
	Value     ValueKind
	Remote    string // propertyInfo of a document that stayed with the requester, whose SourceSM3 is then the digest that was signed; empty for one that was handed over
	CreatedAt time.Time
	LeaseTo   time.Time // until then a planned stamp belongs to the process that planned it
	Approval  string    // the request under which it was allowed; empty where none was needed
	Rule      int64     // number of the seal's rule under which it is planned; no store gives it back
	By        string    // who is behind it, where it was judged; of what another room asked for, not the Requester
	Flagged             // how it is unlike other uses of the seal; flags are added when it is planned again, and none is ever taken away
	FlagDay   Day       // on which it was flagged first; 0 without flags
}

// Position is a place in the list of uses of a seal, which runs from the newest to the oldest. The zero one is before
// the newest.
type Position struct {
	At time.Time
	ID string
}

// Errors of stores.
var (
	ErrNotFound = errors.New("esign: not found")
	ErrChanged  = errors.New("esign: the row was changed meanwhile")
	ErrExists   = errors.New("esign: a row with this key exists")
	ErrInactive = errors.New("esign: the seal is not in use")
)

// Store keeps seals and stamps; sealdb implements it. Every change of state is stored with its audit record, or not at
// all. Changes that need the seal in use look at it in the same transaction and hold off a suspension until they are
// stored (security specification 2, seals).
type Store interface {
	// AddSeal stores an application; ErrExists when the code is taken, or another seal that is not revoked replaces the same one.
	AddSeal(ctx context.Context, s Seal, record audit.Record) error
	Seal(ctx context.Context, id string) (Seal, error)
	SealByCode(ctx context.Context, code string) (Seal, error)
	// Seals lists seals of areas by code, beginning after the code given; those in one state, or in any when it is empty. The path of
	// an area stands for all below it, the empty one for every seal.
	Seals(ctx context.Context, areas []string, state State, after string, limit int) ([]Seal, error)
	// SealsEnding lists by code the seals of areas that are in use, end before a time and have no replacement under way.
	SealsEnding(ctx context.Context, areas []string, before time.Time, after string, limit int) ([]Seal, error)
	// PersonalSeals lists by code the personal seals of areas, or those applications for one that wait for their person.
	PersonalSeals(ctx context.Context, areas []string, unconfirmed bool, after string, limit int) ([]Seal, error)
	// SealsOfPerson lists by code the personal seals of an account, after a code.
	SealsOfPerson(ctx context.Context, account, after string, limit int) ([]Seal, error)
	// MoveOwner gives the seals of an owner, and its successions, another area; nothing is recorded where none has another one.
	MoveOwner(ctx context.Context, ownerCode, area string, record audit.Record) error
	// UpdateSeal stores the seal and its Change if its state is still the one given; ErrChanged.
	UpdateSeal(ctx context.Context, s Seal, from State, record audit.Record) error
	// ReplaceSeal is UpdateSeal of two seals, all or nothing: the one that takes the place, and the one that ends. ErrChanged also when
	// anything of the one that ends is no more as it was seen.
	ReplaceSeal(ctx context.Context, s Seal, from State, old, seen Seal, record audit.Record) error
	// AmendSeal stores a seal and its Change; ErrChanged when anything of it is no more as it was seen, its state or what the body holds.
	AmendSeal(ctx context.Context, s, seen Seal, record audit.Record) error
	// Replacement finds the seal that takes the place of another, or is to take it, and is not revoked; ErrNotFound.
	Replacement(ctx context.Context, id string) (Seal, error)
	// PlanStamp stores a planned stamp, judged by watch where that is not nil; ErrInactive when the seal is not in use, ErrExists when the
	// requester used the key before.
	PlanStamp(ctx context.Context, s Stamp, watch *Watch, record audit.Record) error
	StampByKey(ctx context.Context, requester, key string) (Stamp, error)
	// TakeOver plans a stamp again under the lease in s when nobody works on it: it is abandoned, or planned with a lease
	// that was over by now. ErrChanged when somebody does, or it is stored; ErrInactive when the seal is not in use. Flags that it did not have
	// are added.
	TakeOver(ctx context.Context, s Stamp, now time.Time, watch *Watch, record audit.Record) error
	// Release ends the lease of a planned stamp early, so that its requester need not wait; ErrChanged when it is no longer
	// planned under the lease in s.
	Release(ctx context.Context, s Stamp, at time.Time) error
	// SettleStamp moves a planned stamp to its end; ErrChanged when it is no longer planned under the lease in s. A stamp
	// becomes stored only while the seal is in use; ErrInactive.
	SettleStamp(ctx context.Context, s Stamp, record audit.Record) error
	// PlannedBefore lists planned stamps whose lease was over by then, oldest lease first.
	PlannedBefore(ctx context.Context, now time.Time, limit int) ([]Stamp, error)
	// Stamps lists the uses of a seal, newest first, beginning after the position.
	Stamps(ctx context.Context, q StampQuery) ([]Stamp, error)
	FlagStore
	Uses
	Successions
}

// Authority issues certificates; internal/app adapts the demonstration CA, a deployment with legal weight another one.
type Authority interface {
	// Issue gives the certificate of a key for a purpose, issuing it once for each label.
	Issue(ctx context.Context, key keys.Info, profile pki.Profile, subject pki.Subject, label string) (*pki.Certificate, error)
}

// Blobs keeps documents.
type Blobs interface {
	Put(ctx context.Context, content []byte) (address string, err error)
	Get(ctx context.Context, address string) ([]byte, error)
	// Remove deletes a document that nobody put since a time, and tells whether it is gone, be it since before.
	Remove(ctx context.Context, address string, since time.Time) (gone bool, err error)
}

// Config of the service.
type Config struct {
	Store     Store
	Keys      *keys.Ring
	Authority Authority
	Blobs     Blobs
	// Trust gives what results are verified against before they leave.
	Trust func(ctx context.Context) (verify.Options, error)
	Now   func() time.Time
	Rand  io.Reader
	// Areas is the path of the area of an organisation by its unified social credit code; empty for one that the tree does not
	// know. nil knows none.
	Areas func(ctx context.Context, code string) (string, error)
	// Held gives those of the addresses of documents that another room keeps in the same Blobs; nil where none does.
	Held func(ctx context.Context, addresses []string) ([]string, error)
	// FilingRequired lets only seals come into use that are on file with the authority for seals.
	FilingRequired bool
	// Hours are those of work: a use by a person outside them is flagged.
	Hours WorkHours
	// MakerName is the organisation in the seal maker's certificate.
	MakerName string
	// Keepers says whom organisations named as keepers of their seals; nil says that none did.
	Keepers Keepers
	// People says who staff are; nil makes no personal seals.
	People People
	// TimeStamper proves when documents are sealed (level T); nil leaves the claimed time (level B). Its root must stand in the
	// trust, or no result verifies. While it is away nothing is sealed.
	TimeStamper TimeStamper
	// Lists keeps histories and publishes status lists; nil publishes none.
	Lists Lists
	// BaseURL is the address of the platform, below which its lists stand.
	BaseURL string
	// Issuers are the certificates above those that Authority issues, without the root; nil puts none into lists.
	Issuers func() []*pki.Certificate
}

// TimeStamper gives a time-stamp token over octets (RFC 3161, GB/T 20520).
type TimeStamper interface {
	TimeStamp(ctx context.Context, octets []byte) ([]byte, error)
}

// Service is the seal room.
type Service struct {
	cfg  Config
	memo pki.Memo // of signatures that were verified: a seal is judged before and after each use

	stampers struct {
		sync.Mutex
		of map[string]*ses.Stamper // by the seal's id
	}
}

// New checks the configuration.
func New(cfg Config) (*Service, error) {
	if cfg.Store == nil || cfg.Keys == nil || cfg.Authority == nil || cfg.Blobs == nil || cfg.Trust == nil || cfg.Now == nil || cfg.Rand == nil {
		return nil, errors.New("esign: a dependency is missing")
	}
	return &Service{cfg: cfg}, nil
}

// Roles of staff.
const (
	RoleKeeper   = "seal_keeper"
	RoleReviewer = "seal_reviewer"
	RoleMaker    = "seal_maker"
)

var roles = []string{RoleKeeper, RoleReviewer, RoleMaker, RoleApprover}

// Staff refuses whoever holds no role of the room, not even in a part; the area of each seal is judged besides.
func Staff(ctx context.Context) error {
	_, err := require(ctx, roles...)
	return err
}

// require refuses whoever holds none of the roles, be it in a part only.
func require(ctx context.Context, roles ...string) (reqctx.Actor, error) {
	actor := reqctx.From(ctx).Actor
	if actor.ID == "" {
		return actor, fault.New(fault.Unauthenticated)
	}
	if len(actor.Reach(roles...)) == 0 {
		return actor, fault.New(fault.Forbidden)
	}
	return actor, nil
}

// rested refuses somebody whose password was recovered within the last day; stopping a seal is open to them.
func rested(actor reqctx.Actor, err error) (reqctx.Actor, error) {
	if err == nil && !actor.RestsUntil.IsZero() {
		err = fault.New(fault.RecoveryRest)
	}
	return actor, err
}

func (s *Service) event(ctx context.Context, kind, objectType, id string, details map[string]string) audit.Event {
	request := reqctx.From(ctx)
	actor := request.Actor.ID
	if actor == "" {
		actor = "system:esign"
	}
	return audit.Event{Type: kind, At: s.cfg.Now(), Actor: actor, ActingFor: request.Actor.ActingFor, ObjectType: objectType, ObjectID: id, RequestID: request.ID, Details: request.Told(details)}
}

var sealCode = regexp.MustCompile(`^[0-9]{14}$`)

// Bounds of texts, in characters.
const (
	maxOwner   = 30
	maxLine    = 12
	maxReason  = 200
	maxPurpose = 200
	maxItem    = 100
	maxKey     = 128
	maxID      = 64
)

// plain tells whether a text is one line of at most the given number of characters.
func plain(text string, limit int) bool { return prepare.OneLine(text, limit) }

// unavailable is the fault of a store, key provider or authority that did not answer as it should (503): nothing was
// lost and the caller may try again.
func unavailable(err error) error {
	if err == nil {
		return nil
	}
	return fault.Wrap(err, fault.Unavailable)
}

func (s *Service) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Second) }

func (s *Service) find(ctx context.Context, id string) (Seal, error) {
	if id == "" || !plain(id, maxID) {
		return Seal{}, fault.New(fault.NotFound)
	}
	return found(s.cfg.Store.Seal(ctx, id))
}

func found(seal Seal, err error) (Seal, error) {
	switch {
	case errors.Is(err, ErrNotFound):
		return Seal{}, fault.New(fault.NotFound)
	case err != nil:
		return Seal{}, unavailable(err)
	}
	return seal, nil
}

// Find reads a seal of the own area; one of another area is not there.
func (s *Service) Find(ctx context.Context, id string) (Seal, error) {
	if err := Staff(ctx); err != nil {
		return Seal{}, err
	}
	seal, err := s.find(ctx, id)
	if err == nil && !reqctx.From(ctx).Actor.Reaches(seal.Area, roles...) {
		return Seal{}, fault.New(fault.NotFound)
	}
	return seal, err
}

// FindByCode reads a seal by its code, of whatever area. Only assembly calls it.
func (s *Service) FindByCode(ctx context.Context, code string) (Seal, error) {
	if !sealCode.MatchString(code) {
		return Seal{}, fault.New(fault.NotFound)
	}
	return found(s.cfg.Store.SealByCode(ctx, code))
}

// maxPage bounds a page of a list.
const maxPage = 200

// EndingSoon is no state: it lists seals in use that end within NoticeTime, so that keepers renew them before.
const EndingSoon State = "ending"

// Succeeded is no state: it lists seals in use whose organisation was renamed, merged or split, so that keepers change or end them.
const Succeeded State = "succeeded"

// NoticeTime is how long before its end a seal waits to be renewed: an application needs three people and a certificate.
const NoticeTime = 60 * 24 * time.Hour

// steps in the life of a seal that wait for somebody.
var steps = []reqctx.Step[State, Seal]{{State: Unconfirmed, Role: RoleKeeper, Barred: Seal.OfAnother}, {State: Applied, Role: RoleReviewer, Barred: Seal.unready}, {State: Approved, Role: RoleMaker, Barred: Seal.decided}, {State: Made, Role: RoleKeeper, Barred: Seal.OfAnother},
	{State: Suspended, Role: RoleReviewer, Barred: Seal.notLost}, {State: EndingSoon, Role: RoleKeeper}, {State: Succeeded, Role: RoleKeeper}}

// notLost tells whether there is nothing to decide about a suspended seal for somebody: nobody reported it lost, or they did.
func (seal Seal) notLost(actor string) bool {
	return seal.Cause != CauseLost || actor == seal.StoppedBy
}

// applied and decided tell who may not go on with a seal: who applied for it or bears it, and who reviewed it besides.
func (seal Seal) applied(actor string) bool {
	return actor == seal.Applicant || seal.Bearer.borneBy(actor)
}
func (seal Seal) decided(actor string) bool { return seal.applied(actor) || actor == seal.Reviewer }

// unready tells whether somebody cannot review an application, be it that its person has not confirmed it.
func (seal Seal) unready(actor string) bool { return seal.Awaits() || seal.applied(actor) }

// OfAnother tells whether it is a personal seal of somebody else.
func (seal Seal) OfAnother(actor string) bool { return seal.Personal() && !seal.Bearer.borneBy(actor) }

// Waiting counts, among as many as the limit of each state, the seals with which the actor may take the next step.
func (s *Service) Waiting(ctx context.Context, limit int) ([]reqctx.Waiting[State], error) {
	return reqctx.CountWaiting(reqctx.From(ctx).Actor, steps, func(areas []string, state State) ([]Seal, error) {
		return s.page(ctx, areas, state, "", limit)
	})
}

// EndsSoon tells whether a seal in use ends within NoticeTime; whether another one is to replace it is for the caller to look at.
func (s *Service) EndsSoon(seal Seal) bool {
	return seal.State == Active && seal.ValidTo.Before(s.now().Add(NoticeTime))
}

func (s *Service) page(ctx context.Context, areas []string, state State, after string, limit int) (page []Seal, err error) {
	switch state {
	case EndingSoon:
		page, err = s.cfg.Store.SealsEnding(ctx, areas, s.now().Add(NoticeTime), after, limit)
	case Succeeded:
		page, err = s.cfg.Store.SealsSucceeded(ctx, areas, s.now(), after, limit)
	case PersonalSeals, Unconfirmed:
		page, err = s.cfg.Store.PersonalSeals(ctx, areas, state == Unconfirmed, after, limit)
	default:
		page, err = s.cfg.Store.Seals(ctx, areas, state, after, limit)
	}
	return page, unavailable(err)
}

// List gives a page of the seals of the own areas by code, after a cursor: those in one state, of the lists that are no state, or all when it is empty. next is
// empty on the last page.
func (s *Service) List(ctx context.Context, state State, after string, limit int) (page []Seal, next string, err error) {
	if after != "" && !sealCode.MatchString(after) {
		return nil, "", fault.New(fault.Malformed)
	}
	actor, err := require(ctx, roles...)
	if err != nil {
		return nil, "", err
	}
	limit = min(max(limit, 1), maxPage)
	if page, err = s.page(ctx, actor.Reach(roles...), state, after, limit+1); err != nil {
		return nil, "", err
	}
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].Code
	}
	return page, next, nil
}
