package elicense

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// Freeze is the word of a holder that nobody may use a licence for now (冻结用证). The status of the licence is another matter and stays.
type Freeze struct {
	HolderRef string
	License   string // row key; empty: all licences of the holder, those that come later included
	LicenseID string
	TypeCode  string
	At        time.Time
}

// Cursor is the place of a freeze in lists.
func (f Freeze) Cursor() string {
	if f.License == "" {
		return "all" // before all row keys, and not empty, which is the begin of a list
	}
	return f.License
}

// ErrFrozen is answered by stores for a use of a licence whose holder froze it; nothing of the write is stored.
var ErrFrozen = errors.New("elicense: its holder lets nobody use the licence for now")

// Freezes keeps the freezes of holders. With a mandate in the context (BehalfOf) these changes judge it, as AddGrant and RevokeGrant do: ErrMandateOver.
// AddPresentation, AddGrant, FinishCopy and whatever counts a use of a kind that a freeze stops answer ErrFrozen while one stands, and of a use and a
// freeze at once none is stored behind the freeze.
type Freezes interface {
	// Freeze stores a freeze where there is none and reports whether this call did; the record is one write with it.
	Freeze(ctx context.Context, f Freeze, record audit.Record) (bool, error)
	// Unfreeze ends the freeze of one licence, or with an empty one that of all, and reports whether this call did.
	Unfreeze(ctx context.Context, holderRef, license string, record audit.Record) (bool, error)
	// Frozen reports which freezes stand for a licence of a holder: that of all, that of this one.
	Frozen(ctx context.Context, holderRef, license string) (all, one bool, err error)
	// ListFreezes gives a page in the order of the row keys, that of all licences first, and the cursor of the next, empty at the end. after is the cursor
	// of the page before.
	ListFreezes(ctx context.Context, holderRef, after string, limit int) (page []Freeze, next string, err error)
}

// Freezable reports whether a freeze stops uses of the kind. A check of the number or of a paper, and a scan that is refused anyway tell nothing of the licence but
// what a verifier may always ask.
func (k UseKind) Freezable() bool {
	return k != UseNumber && k != UseShownAgain && k != UsePaperChecked
}

// TopicFrozen tells a holder that the use of licences was frozen, or is possible again: FreezeNotice.
const TopicFrozen = "license.use_frozen"

// FreezeNotice is the payload of that message.
type FreezeNotice struct {
	HolderRef string    `json:"holder_ref"`
	License   string    `json:"license,omitempty"`           // row key; empty for all
	TypeCode  string    `json:"license_type_code,omitempty"` // of that one
	Frozen    bool      `json:"frozen"`
	At        time.Time `json:"at"`
}

func freezeNotice(f Freeze, frozen bool, at time.Time) audit.Message {
	payload, err := json.Marshal(FreezeNotice{HolderRef: f.HolderRef, License: f.License, TypeCode: f.TypeCode, Frozen: frozen, At: at})
	if err != nil {
		panic(err) // strings and a time only
	}
	return audit.Message{Topic: TopicFrozen, Key: f.HolderRef, Payload: payload}
}

func (s *Service) freezeEvent(ctx context.Context, kind string, f Freeze, at time.Time) audit.Event {
	if f.License != "" {
		return s.event(ctx, kind, f.License, at, "scope", "license")
	}
	e := s.event(ctx, kind, f.HolderRef, at, "scope", "all")
	e.ObjectType = "account"
	return e
}

// FreezeUse lets nobody use a licence of who is signed in, or none of them where the row key is empty, until UnfreezeUse; under a mandate that manages
// them, one of whom that one acts for. Doing it again changes nothing.
func (s *Service) FreezeUse(ctx context.Context, license string) (Freeze, error) {
	f, err := s.ownFreeze(ctx, license)
	if err != nil {
		return Freeze{}, err
	}
	_, err = s.cfg.Store.Freeze(ctx, f, audit.With(s.freezeEvent(ctx, "license.use_frozen", f, f.At)).And(freezeNotice(f, true, f.At)))
	return f, s.usedFault(ctx, License{ID: f.License}, err, "freeze use")
}

// UnfreezeUse ends such a freeze; it asks for a login of the last minutes. Where none stands it changes nothing.
func (s *Service) UnfreezeUse(ctx context.Context, license string) error {
	f, err := s.ownFreeze(ctx, license)
	if err != nil {
		return err
	}
	if !s.FreshForGrant(reqctx.From(ctx).Actor) {
		return fault.New(fault.LoginNotFresh)
	}
	_, err = s.cfg.Store.Unfreeze(ctx, f.HolderRef, f.License, audit.With(s.freezeEvent(ctx, "license.use_unfrozen", f, f.At)).And(freezeNotice(f, false, f.At)))
	return s.usedFault(ctx, License{ID: f.License}, err, "end freeze")
}

func (s *Service) ownFreeze(ctx context.Context, license string) (Freeze, error) {
	account, err := wallet(ctx, true)
	if err != nil {
		return Freeze{}, err
	}
	f := Freeze{HolderRef: account, License: license, At: s.now()}
	if license == "" {
		return f, nil
	}
	l, err := s.ownLicense(ctx, license, true)
	f.LicenseID, f.TypeCode = l.LicenseID, l.TypeCode
	return f, err
}

// FreezesOf lists the freezes of who is signed in, or under a mandate that manages their licences of whom that one acts for; that of all first.
func (s *Service) FreezesOf(ctx context.Context, after string, limit int) ([]Freeze, string, error) {
	account, err := wallet(ctx, true)
	if err != nil {
		return nil, "", err
	}
	page, next, err := s.cfg.Store.ListFreezes(ctx, account, after, limit)
	return page, next, storeFault(err, "list freezes")
}

// UseFrozen reports whether the holder of a licence lets nobody use any, or this one.
func (s *Service) UseFrozen(ctx context.Context, l License) (all, one bool, err error) {
	if l.HolderRef == "" {
		return false, false, nil
	}
	all, one, err = s.cfg.Store.Frozen(ctx, l.HolderRef, l.ID)
	return all, one, storeFault(err, "find freezes")
}

// usable refuses a licence whose holder froze it, before anything is made for a use. The write of the use asks again.
func (s *Service) usable(ctx context.Context, l License, doing string) error {
	all, one, err := s.UseFrozen(ctx, l)
	if err == nil && (all || one) {
		return s.usedFault(ctx, l, ErrFrozen, doing)
	}
	return err
}

// usedFault is storeFault for the write of a use. A use that a freeze stopped is on record; whoever asked is told that there is none, and not why.
func (s *Service) usedFault(ctx context.Context, l License, err error, doing string) error {
	if errors.Is(err, ErrNoOrder) {
		return fault.Wrap(err, fault.OrderMissing)
	}
	if errors.Is(err, ErrMandateOver) {
		return fault.Wrap(err, fault.ActingOver)
	}
	if !errors.Is(err, ErrFrozen) {
		return storeFault(err, doing)
	}
	e := s.event(ctx, "license.use_refused", l.ID, s.now(), "doing", doing)
	e.Result = audit.Refused
	if failure := s.cfg.Store.Note(ctx, audit.With(e)); failure != nil {
		return storeFault(failure, "record refusal")
	}
	return fault.Wrap(err, fault.LicenseFrozen)
}
