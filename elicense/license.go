// Package elicense is the licence room's domain (电子证照): application, review, issue, delivery, showing and status of
// licences, and what verifiers ask (GB/T 36901-2018 to 36906-2018).
//
//	in_review → approved → made → sealed → active          status of an active one: valid, suspended, …
//	in_review → returned → in_review                        (license.md 6 and 10)
//	in_review → rejected
//	in_review, returned → taken_back                        an application of a holder (Renew)
//
// Where a type has rules and an authority has switched them on, they take the step from in_review, and what they approve is issued at once (Ruling); a
// refusal of theirs can be appealed against, rejected → approved (Appeal).
//
// Issuing is planned → signed → stored: identifier, status entry and the unsealed document are on record before the seal
// is asked for, the sealed document is on record before anyone is told. A start-up sweep (Recover) finishes what a crash
// left, with the same identifier and the same document, so nothing is issued twice and nothing acknowledged is lost.
//
// The package has no SQL, no HTTP and no files: storage, blobs, seals and keys come in through the interfaces below. Every
// change carries its audit record, and a change of status carries event, list entry and outbox message in one write.
package elicense

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/elicense/typetrial"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/keys"
)

// Roles that may act on licences.
const (
	RoleClerk    = "license_clerk"    // enters applications
	RoleReviewer = "license_reviewer" // approves, returns, rejects
	RoleIssuer   = "license_issuer"   // issues, changes status
)

// State of a licence on its way to being in force.
type State string

// States.
const (
	StateInReview State = "in_review"
	StateReturned State = "returned" // 补正
	StateRejected State = "rejected"
	StateApproved State = "approved"
	StateMade     State = "made"   // planned: identifier given, document made, not sealed
	StateSealed   State = "sealed" // signed: the sealed document is stored
	StateActive   State = "active"
	// StateTakenBack is the end of an application that its holder entered and took back.
	StateTakenBack State = "taken_back"
)

// License is one row of the register. Values that may hold personal data stand encrypted in Data.
type License struct {
	ID             string // our row key "lic_…", unguessable
	Revision       int64  // grows with every change
	BusinessNumber string // of the applying system; unique for one authority
	AuthorityCode  string // USCC of the issuing authority
	RequestDigest  string // SM3 of the application, to tell a repetition from another application
	TypeCode       string
	Version        int // of the licence, from 1
	State          State
	Status         string // of an active licence: catalog status
	LicenseID      string // GB/T 36904 identifier, from StateMade
	SealID         string
	Area           string   // path of the authority's area; empty where the tree does not know the authority
	HolderRef      string   // account of the holder, opaque; empty until known
	HolderKeys     []string // keyed hashes of the holders' codes
	CoHolders      []string // accounts of further holders, who proved their codes after HolderRef had it; with HolderKeys, and by Bind alone
	DataKey        string   // key that encrypted Data
	Data           []byte   // catalog.Values as JSON, SM4-GCM
	Photo          string   // address of the picture that the values name, encrypted; empty without one
	PhotoKey       string   // key that encrypted it
	List           uint64   // number of the status list
	Index          uint32   // entry in it
	Bits           statuslist.Status
	Unsealed       string // address of the unsealed document
	File           string // address of the sealed document
	Entrant        string
	Reviewer       string
	Issuer         string
	Note           string    // why it was returned or rejected
	Replaces       string    // row key of the version it replaces
	ReplacedBy     string    // row key of the version that replaced it
	LeaseUntil     time.Time // somebody is issuing it until then
	CreatedAt      time.Time
	UpdatedAt      time.Time
	IssuedAt       time.Time
	StatusAt       time.Time // when the status took effect
	StatusUntil    time.Time // end of a suspension; zero without one
	LogSecret      []byte    // hides the entries of the transparency log; empty before there are any, or when it was dropped
	LogCount       int       // entries so far
	Template       string    // by which version of its type it is made: the SM3 of the package; empty for one entered before there were versions
	Ends           int64     // last day of validity, YYYYMMDD; 0 has none, -1 was not read yet, -2 could not be read
}

// StatusEvent is one change of status, kept for good (license.md 10).
type StatusEvent struct {
	ID             string
	License        string
	From, To       string
	LegalBasis     string
	DecisionNumber string
	Actor          string
	EffectiveAt    time.Time
	Until          time.Time
	RecordedAt     time.Time
	LogNumber      int // which entry of the licence in the transparency log; 0 for the issue, and before there was a log
}

// Change is what goes with a change of licences, in the same write.
type Change struct {
	Record audit.Record
	Events []StatusEvent
	Log    []LogEntry
}

// Authority is a body that issues licences here (证照颁发机构).
type Authority struct {
	Code      string // USCC
	Name      string // as printed
	SealID    string
	TypeCodes []string // types it may issue
}

// Filter of a list of licences. After is the cursor of the page before.
type Filter struct {
	State, Status, TypeCode, AuthorityCode string
	HolderRef                              string    // or a co-holder
	Division                               string    // first digits of the authority's division (GB/T 2260)
	IssuedFrom, IssuedTill                 time.Time // issued from the one on and before the other; zero is not bounded
	EndsFrom, EndsTill                     int64     // last day of validity, YYYYMMDD, both included; 0 is not bounded
	ValidOn                                int64     // its last day is not before that day, or it has none; 0 is not bounded
	Areas                                  []string  // paths of areas, each with all below it; nil is not bounded
	After                                  string
	Limit                                  int // 1 to 200; 50 when 0
}

// Errors of stores.
var (
	ErrNotFound   = errors.New("elicense: no such row")
	ErrEntryTaken = errors.New("elicense: the status entry or identifier is taken")
	ErrStale      = errors.New("elicense: it was changed meanwhile")
)

// Licenses is the register.
type Licenses interface {
	// Create stores an application. A second one with the same authority and business number changes nothing and gives
	// the row that is there, with created false.
	Create(ctx context.Context, l License, record audit.Record) (stored License, created bool, err error)
	Find(ctx context.Context, id string) (License, error)
	FindByLicenseID(ctx context.Context, licenseID string) (License, error)
	// FindByLicenseIDs gives those that are there, without holders and in no order; at most 500 identifiers.
	FindByLicenseIDs(ctx context.Context, licenseIDs []string) ([]License, error)
	// Renewals gives the applications that replace a licence, without holders, the oldest first.
	Renewals(ctx context.Context, license string, limit int) ([]License, error)
	// FindHeld gives issued licences of a type of a holder who has one of the keys, without holders, the newest first.
	FindHeld(ctx context.Context, holderKeys []string, typeCode string, limit int) ([]License, error)
	// List gives a page and the cursor of the next, empty at the end. Newest first.
	List(ctx context.Context, filter Filter) (page []License, next string, err error)
	// Update applies a change to the rows in one write. The function gets copies in the order of ids and may run more
	// than once. An error of the function is returned and nothing is stored; ErrEntryTaken when a status entry or
	// identifier is in use, be it by an import.
	Update(ctx context.Context, change func(rows []*License) (Change, error), ids ...string) ([]License, error)
	// Unfinished lists licences made or sealed, or approved by rule, whose lease is over.
	Unfinished(ctx context.Context, now time.Time, limit int) ([]License, error)
	// Bind gives licences without a holder account, whose holder has the key, to the account, and makes it a co-holder of those of several holders that have
	// another one; how many licences it has now and had not before.
	Bind(ctx context.Context, holderKey, holderRef string, record audit.Record) (int, error)
	// Follow gives the licences and view tokens of a holder account to another, which it became part of; how many licences.
	Follow(ctx context.Context, from, to string, record audit.Record) (int, error)
	// Unbind takes the holder account from its licences and forgets its view tokens; how many licences there were.
	Unbind(ctx context.Context, holderRef string, record audit.Record) (int, error)
	// MoveAuthority gives the licences of an authority another area; nothing is recorded where none has another one.
	MoveAuthority(ctx context.Context, code, area string, record audit.Record) error
	// Note stores a record of something that changes no row.
	Note(ctx context.Context, record audit.Record) error
	// Events are a page of the changes of status before the event with the id after, newest first; none when that is none of the
	// licence's.
	Events(ctx context.Context, id, after string, limit int) ([]StatusEvent, error)
	// Due lists active licences whose suspension ends by the moment.
	Due(ctx context.Context, now time.Time, limit int) ([]License, error)
}

// Authorities is the register of issuing authorities.
type Authorities interface {
	PutAuthority(ctx context.Context, a Authority, record audit.Record) error
	FindAuthority(ctx context.Context, code string) (Authority, error)
}

// Entry is an entry of a status list that is not in force.
type Entry struct {
	Index  uint32
	Status statuslist.Status
}

// Published is a signed object that anybody may fetch: a status list, the delta, the trust bundle.
type Published struct {
	Name       string // "1", "2", …, "delta", "keys"
	Number     uint64
	Content    []byte
	IssuedAt   time.Time
	NextUpdate time.Time
}

// Publications keeps the signed objects.
type Publications interface {
	// Lists gives the numbers of the status lists that have entries in use.
	Lists(ctx context.Context) ([]uint64, error)
	// Entries gives the entries of a list whose status is not InForce.
	Entries(ctx context.Context, list uint64) ([]Entry, error)
	FindPublished(ctx context.Context, name string) (Published, error)
	// Publish replaces the object of the name by one with a higher number, with entries for the log; ErrStale when a number as high is there.
	Publish(ctx context.Context, p Published, entries []LogEntry, record audit.Record) error
}

// Presentation is a view token that was minted, by keyed hash of its pid.
type Presentation struct {
	ID        string // "prs_…"
	PIDKey    string // keyed hash
	ShortID   [8]byte
	License   string
	HolderRef string
	Profile   string
	View      []byte // the token; it holds masked values and is dropped when it expires
	Signature []byte
	HolderKey string // key id
	IssuedAt  time.Time
	ExpiresAt time.Time
	UsedAt    time.Time // zero until scanned
	Agent     string    // who shows it for the holder; empty: the holder
	Asked     []byte    // nonce of the request that it answers; empty where nobody asked
}

// Presentations keeps minted tokens.
type Presentations interface {
	AddPresentation(ctx context.Context, p Presentation, record audit.Record) error
	FindPresentation(ctx context.Context, id string) (Presentation, error)
	// FindScanned finds a token by the keyed hash of its pid.
	FindScanned(ctx context.Context, pidKey string) (Presentation, error)
	// Consume marks a token as used by one conditional change, which counts the use too, and reports whether this call was the first.
	Consume(ctx context.Context, pidKey string, now time.Time, use Use, record audit.Record) (bool, error)
	// ChangedShortIDs gives the short ids of tokens issued since, of licences whose status is not in force or changed since.
	ChangedShortIDs(ctx context.Context, since time.Time) ([][8]byte, error)
	// DropExpired forgets tokens, and paper copies, that expired before the moment, and gives how many tokens.
	DropExpired(ctx context.Context, before time.Time) (int, error)
}

// Attempts counts failures of guessing.
type Attempts interface {
	// Failures gives the failures of the subject in the running window.
	Failures(ctx context.Context, subject string, now time.Time) (int, error)
	// Fail counts so many on each of the subjects, which are different ones, and gives how many each has with them: of several at once each
	// gets another number. A window begins with the first failure and lasts the time given.
	Fail(ctx context.Context, subjects []string, by int, now time.Time, window time.Duration) ([]int, error)
	// Pardon takes one of the running window back from each of the subjects.
	Pardon(ctx context.Context, subjects []string, now time.Time) error
}

// Store is what the service needs; licensedb implements it, licensetest holds the contract and the twin.
type Store interface {
	Licenses
	Authorities
	Publications
	Presentations
	Attempts
	Uses
	Grants
	Consents
	Freezes
	Papers
	Orders
	Reminders
	Regions
	Log
	Types
	Batches
	Imports
	Rulings
	Figures
}

// Blobs keeps documents by their digest; internal/blob implements it.
type Blobs interface {
	Put(ctx context.Context, content []byte) (address string, err error)
	Get(ctx context.Context, address string) ([]byte, error)
}

// Maker makes the unsealed document of a licence, and its pages as PDF; licenseface.Maker implements it and says which errors come back. What Build makes is
// compared with the register before it is sealed.
type Maker interface {
	typetrial.Maker
	PDF(t *catalog.Type, values catalog.Values, photo []byte, language string, notice []string) ([]byte, error)
}

// StampRequest asks for a seal on a licence. Key makes it idempotent: the same key and document give the same result.
type StampRequest struct {
	Key      string
	SealID   string
	Document []byte
	Slot     catalog.SealSlot
	Purpose  string
}

// Sealer stamps documents; internal/app adapts the seal room to it.
type Sealer interface {
	Stamp(ctx context.Context, request StampRequest) (sealed []byte, err error)
}

// Certificates gives the certificate chain (DER, own first, the root may be left out) of a key of ours, issuing the
// certificate when there is none yet; internal/app asks its CA.
type Certificates interface {
	Chain(ctx context.Context, key keys.Info) ([][]byte, error)
}

// Trust gives what documents and lists are judged against now: roots, intermediates, CRLs.
type Trust interface {
	Trust(ctx context.Context) (statuslist.Trust, error)
}

// Cursor is the place of a licence in lists: its time of entry and row key, in an order that texts keep.
func Cursor(l License) string { return fmt.Sprintf("%020d.%s", l.CreatedAt.UnixMicro(), l.ID) }
