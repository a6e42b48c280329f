package elicense

import (
	"context"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// Use is a line of a holder's ledger: who saw what of which licence, with keys of fields and never their values. Repetitions of one
// day, or of one presentation, are counted on one line.
type Use struct {
	HolderRef string
	ID        string // "luse_…"
	License   string // row key
	LicenseID string
	TypeCode  string
	Kind      UseKind
	Fields    []string // keys of the type, or FieldStatus
	Receiver  string   // client_id, or one of the receivers below
	Agent     string   // who acted for the holder, where somebody did
	Count     int64
	First     time.Time
	Last      time.Time
}

// UseKind is how a licence was used.
type UseKind string

// Kinds.
const (
	UseShown      UseKind = "shown"       // the holder's code was scanned
	UseShownAgain UseKind = "shown_again" // and once more, which was refused
	UseNumber     UseKind = "number"      // asked for by number and the last characters of the holder's code
	UseRead       UseKind = "read"        // an application read what stands on it, for the holder
	UseFetched    UseKind = "fetched"     // an application took the file, for the holder
)

// FieldStatus stands for the answer whether a licence is in force.
const FieldStatus = "license_status"

// Receivers who are no application.
const (
	ReceiverAnybody = "urn:yinxin:receiver:anybody" // who checks without signing in
	ReceiverPerson  = "urn:yinxin:receiver:person"  // another person who is signed in, whom the line does not name
	ReceiverSelf    = "urn:yinxin:receiver:self"    // the holder, who took something away on paper
)

// UseQuery selects uses of a holder's licences, the newest first, ties by ID.
type UseQuery struct {
	HolderRef   string
	Receiver    string    // empty: all
	Since, Till time.Time // of First; Till is required
	Behind      time.Time // place in the list: First and ID of the last line of the page before
	BehindID    string
	Limit       int
}

// Uses keeps the ledger of holders. Consume of Presentations counts a use in its own write.
type Uses interface {
	// NoteUse counts each use on its line, with the record in the same write.
	NoteUse(ctx context.Context, uses []Use, record audit.Record) error
	// ListUses, FindUse and UseReceivers give no line that is withheld under a sealed order (Orders).
	ListUses(ctx context.Context, q UseQuery) ([]Use, error)
	// FindUse reads a line of a holder; ErrNotFound.
	FindUse(ctx context.Context, holderRef, id string) (Use, error)
	// UseReceivers lists who stands in a holder's ledger.
	UseReceivers(ctx context.Context, holderRef string, limit int) ([]string, error)
	// DropUses forgets lines that nothing was counted on since the moment, so many at most.
	DropUses(ctx context.Context, before time.Time, limit int) (int, error)
}

// keepUses is how long a line is kept after its last use: as the ledger of claims.
const keepUses = 3 * 365 * 24 * time.Hour

// use is the line for a use at this moment by whoever asks; once is what is counted on one line, the day when it is empty.
func (s *Service) use(ctx context.Context, l License, kind UseKind, fields []string, once string) Use {
	now := s.now().UTC().Truncate(time.Microsecond)
	actor, receiver := reqctx.From(ctx).Actor, ReceiverAnybody
	switch {
	case actor.Client != "":
		receiver = actor.Client
	case kind == UsePrinted:
		receiver = ReceiverSelf
	case actor.ID != "":
		receiver = ReceiverPerson
	}
	if once == "" {
		once = catalog.Day(now)
	}
	u := Use{HolderRef: l.HolderRef, License: l.ID, LicenseID: l.LicenseID, TypeCode: l.TypeCode, Kind: kind, Fields: fields, Receiver: receiver, Count: 1, First: now, Last: now}
	u.ID = "luse_" + digest.Hex([]byte(strings.Join([]string{u.HolderRef, u.License, string(kind), receiver, strings.Join(fields, " "), once}, "\x00")))[:32]
	return u
}

// noteUse puts a use on the holder's ledger before anything is told; a licence without a holder here has no ledger.
func (s *Service) noteUse(ctx context.Context, u Use, action string) error {
	if u.HolderRef == "" {
		return nil
	}
	e := s.event(ctx, action, u.License, s.now(), "use", u.ID, "receiver", u.Receiver)
	return s.usedFault(ctx, License{ID: u.License, HolderRef: u.HolderRef}, s.cfg.Store.NoteUse(ctx, []Use{u}, audit.With(e)), "note use")
}

// noteUseOfAll is noteUse for each of those who hold the licence: what is asked by its number is asked of all of them.
func (s *Service) noteUseOfAll(ctx context.Context, l License, kind UseKind, fields []string, action string) error {
	var uses []Use
	for _, account := range l.holders() {
		own := l
		own.HolderRef = account
		uses = append(uses, s.use(ctx, own, kind, fields, ""))
	}
	if len(uses) == 0 {
		return nil
	}
	e := s.event(ctx, action, l.ID, s.now(), "use", uses[0].ID, "receiver", uses[0].Receiver)
	return s.usedFault(ctx, l, s.cfg.Store.NoteUse(ctx, uses, audit.With(e)), "note use")
}

// byApplication reports whether an application asks for the holder.
func byApplication(ctx context.Context, l License) bool {
	actor := reqctx.From(ctx).Actor
	return actor.Client != "" && isHolder(actor, l)
}

// UsesOf lists uses of a holder's licences. Who may ask is the caller's to judge.
func (s *Service) UsesOf(ctx context.Context, q UseQuery) ([]Use, error) {
	if q.HolderRef == "" {
		return nil, fault.New(fault.NotFound)
	}
	list, err := s.cfg.Store.ListUses(ctx, q)
	return list, storeFault(err, "list uses")
}

// UseOf reads one of them; the error of the store when it is not there.
func (s *Service) UseOf(ctx context.Context, holderRef, id string) (Use, error) {
	return s.cfg.Store.FindUse(ctx, holderRef, id)
}

// UseReceivers lists who stands in a holder's ledger.
func (s *Service) UseReceivers(ctx context.Context, holderRef string, limit int) ([]string, error) {
	list, err := s.cfg.Store.UseReceivers(ctx, holderRef, limit)
	return list, storeFault(err, "list receivers")
}
