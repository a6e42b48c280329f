// Package forgery is the domain of reports of suspected forgeries (举报疑似伪造): cases, the reports that tell of them, and who decides.
//
//	received → taken → decided (genuine, forged, not ours, duplicate)
//
// It knows neither SQL nor HTTP, and neither licences nor seals: registers, judge and documents come in through Config. docs/design/forgery.md says why.
package forgery

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Roles of the room; they are those of the licence and seal rooms.
const (
	RoleLicenseReviewer = "license_reviewer"
	RoleSealReviewer    = "seal_reviewer"
)

// Kind of what a case is about.
type Kind string

// Kinds.
const (
	License Kind = "license"
	Seal    Kind = "seal"
	Unknown Kind = "unknown" // no register knows it
)

// roles that decide about a kind.
func (k Kind) roles() []string {
	switch k {
	case License:
		return []string{RoleLicenseReviewer}
	case Seal:
		return []string{RoleSealReviewer}
	}
	return []string{RoleLicenseReviewer, RoleSealReviewer}
}

// State of a case.
type State string

// States. Decided is final.
const (
	Received State = "received"
	Taken    State = "taken"
	Decided  State = "decided"
)

// States are all of them, in their order.
var States = []State{Received, Taken, Decided}

// Decision about a case.
type Decision string

// Decisions.
const (
	Genuine   Decision = "genuine"
	Forged    Decision = "forged"
	NotOurs   Decision = "not_ours"
	Duplicate Decision = "duplicate" // of another case, to which its tellings moved
)

// Decisions are all of them.
var Decisions = []Decision{Forged, Genuine, NotOurs, Duplicate}

// Case is what is decided.
type Case struct {
	ID       string // "fgc_…"
	Version  int64  // grows with every change
	Key      string // what it is the same thing by; see Report.key
	State    State
	Decision Decision // empty until it is decided

	Kind       Kind
	Object     string // row of the licence or seal; empty for Unknown
	Identifier string // of the licence or seal that it claims to be
	Department string // unified social credit code of whose licence or seal it is
	Area       string // path of the department's area; empty where there is none

	SM3   string // of the file, lower-case hex; empty where none is known
	Told  string // verdict code that the first reporter was shown
	Own   string // verdict code of the platform's own judgement; empty without a file
	File  string // the file that goes with it; empty without one
	Count int64  // reports

	TakenBy     string
	DecidedBy   string
	Words       string // what reporters read
	Note        Sealed // what staff read
	DuplicateOf string

	CreatedAt time.Time
	LastAt    time.Time // of the last report
	DecidedAt time.Time
	EraseAt   time.Time // when what reporters wrote goes; zero for never and for what has gone
}

// Mark changes with what a decision is about: the file, what is claimed, and whose turn it is. Further reports of the same thing leave it as it is.
func (c Case) Mark() string {
	return digest.Hex([]byte(strings.Join([]string{c.ID, string(c.State), c.TakenBy, string(c.Kind), c.Object, c.File, c.Own}, "\x00")))[:32]
}

// Sealed is text that is stored under a key.
type Sealed struct {
	Key   string
	Octet []byte
}

// Telling is one report of a case.
type Telling struct {
	ID      string // "fgt_…"
	Case    string
	Receipt string // keyed hash
	Told    string // verdict code that the reporter was shown
	Locale  string
	Said    Sealed // Said as JSON; empty once it was erased
	Contact Sealed // empty where none was given
	// Reach is the keyed hash of the contact, so that one is told once of a case.
	Reach  string
	Joined string // the case that was found to be a duplicate, with which it came; empty for one that was made here
	At     time.Time
	ToldAt time.Time // when the reporter was told of the decision
}

// Said is what a reporter wrote.
type Said struct {
	Where   string `json:"where,omitempty"`
	Address string `json:"address,omitempty"`
}

// File is a document that goes with a case, sealed in the document store.
type File struct {
	ID      string // "fgf_…"
	Case    string // empty before the case is stored, and once it was released
	Address string // in the document store
	Key     string // that sealed it
	Size    int    // octets of the document itself
	At      time.Time
}

// Scope is what somebody sees: cases of the kinds in the areas.
type Scope struct {
	Kinds []Kind
	Areas []string // paths, each with all below it; the empty one is everywhere
}

// Filter of a list of cases, the newest first.
type Filter struct {
	Scopes []Scope
	State  State  // empty: all
	Like   *Case  // only others of the same file or identifier
	After  string // Cursor of the last one of the page before
	Limit  int
}

// Cursor is the place of a case or telling in lists.
func Cursor(at time.Time, id string) string {
	return strconv.FormatInt(at.UnixMicro(), 10) + "." + id
}

// ReadCursor is the reverse of Cursor.
func ReadCursor(text string) (micros int64, id string, err error) {
	at, id, ok := strings.Cut(text, ".")
	micros, err = strconv.ParseInt(at, 10, 64)
	if err == nil && (!ok || id == "") {
		err = ErrNotFound
	}
	return micros, id, err
}

// Errors of stores.
var (
	ErrNotFound = errors.New("forgery: no such row")
	ErrStale    = errors.New("forgery: it was changed meanwhile")
)

// Store keeps cases; licensedb implements it. Every change is one transaction with its record.
type Store interface {
	// Receive gives the open case of a key, or nil, to a function and stores what comes back with the telling; a file that the case names then
	// belongs to it. The function may run more than once. A telling whose contact another one of the case has is stored without it.
	Receive(ctx context.Context, key string, t Telling, apply func(open *Case) (Case, audit.Record, error)) (Case, error)
	// ByReceipt finds the telling of a receipt with its case; ErrNotFound.
	ByReceipt(ctx context.Context, receipt string) (Case, Telling, error)
	Find(ctx context.Context, id string) (Case, error)
	List(ctx context.Context, f Filter) ([]Case, error)
	// Tellings of a case, the newest first.
	Tellings(ctx context.Context, caseID, after string, limit int) ([]Telling, error)
	Telling(ctx context.Context, caseID, id string) (Telling, error)
	// Change stores the next version of a case; ErrStale when another one is stored.
	Change(ctx context.Context, c Case, record audit.Record) error
	// Join is Change of a duplicate and of the case that stands for it: its tellings and their number move there. ErrStale for either.
	Join(ctx context.Context, c, head Case, record audit.Record) error
	// Note puts on record what changes nothing.
	Note(ctx context.Context, record audit.Record) error
	// MoveDepartment gives the cases of a department another area; nothing is recorded where none has another one.
	MoveDepartment(ctx context.Context, department, area string, record audit.Record) error

	// Untold are tellings of a case with a contact that was not told.
	Untold(ctx context.Context, caseID string, limit int) ([]Telling, error)
	// Tell notes that the reporter is told; ErrStale when that was noted before.
	Tell(ctx context.Context, t Telling, at time.Time, record audit.Record) error

	// Due are cases whose time to be erased has come.
	Due(ctx context.Context, now time.Time, limit int) ([]Case, error)
	// Erase takes what reporters wrote from a case and releases its file; ErrStale.
	Erase(ctx context.Context, c Case, record audit.Record) error

	// PlanFile says that a document will be stored; Receive gives it to a case.
	PlanFile(ctx context.Context, f File) error
	File(ctx context.Context, id string) (File, error)
	// Loose are files of no case that were planned before a moment, or released.
	Loose(ctx context.Context, before time.Time, limit int) ([]File, error)
	DropFile(ctx context.Context, id string) error
}

// in judges a case that somebody wants to do something with: one of another area is not there. The context that comes back names the
// right that reaches it, for audit records.
func (c Case) in(ctx context.Context) (context.Context, error) {
	actor := reqctx.From(ctx).Actor
	if actor.ID == "" {
		return ctx, fault.New(fault.Unauthenticated)
	}
	if !actor.Reaches(c.Area, c.Kind.roles()...) {
		return ctx, fault.New(fault.NotFound)
	}
	return reqctx.UsingIn(ctx, c.Area, c.Kind.roles()...), nil
}

// scopes are what an actor sees; fault.Forbidden for nothing.
func scopes(ctx context.Context) (all []Scope, err error) {
	actor := reqctx.From(ctx).Actor
	if actor.ID == "" {
		return nil, fault.New(fault.Unauthenticated)
	}
	for role, kind := range map[string]Kind{RoleLicenseReviewer: License, RoleSealReviewer: Seal} {
		if areas := actor.Reach(role); len(areas) > 0 { // what is unknown has no area, so that only a right without a bound reaches it
			all = append(all, Scope{[]Kind{kind, Unknown}, areas})
		}
	}
	if len(all) == 0 {
		return nil, fault.New(fault.Forbidden)
	}
	return all, nil
}

// storeFault turns errors of stores into faults.
func storeFault(err error, doing string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrNotFound):
		return fault.Wrap(err, fault.NotFound)
	case errors.Is(err, ErrStale):
		return fault.Wrap(err, fault.ForgeryState)
	}
	if _, ok := errors.AsType[*fault.Fault](err); ok {
		return err
	}
	return fault.Wrap(fmt.Errorf("%s: %w", doing, err), fault.Unavailable)
}
