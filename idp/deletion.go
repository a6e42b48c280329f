package idp

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// Deletion is a person's wish to be forgotten (PIPL Art. 47).
type Deletion struct {
	AccountID   string
	State       DeletionState // empty: never asked for
	RequestedAt time.Time
	DueAt       time.Time // end of the cool-off
	NotifiedAt  time.Time // final notice
	DoneAt      time.Time
	Guardian    string // who asked for a child below 14; empty: the person itself
}

// DeletionState of a deletion.
type DeletionState string

// States of a deletion.
const (
	DeletionWaiting DeletionState = "waiting"
	DeletionUndone  DeletionState = "undone"
	DeletionDone    DeletionState = "done"
)

// Times of a deletion.
const (
	CoolOff     = 7 * 24 * time.Hour
	FinalNotice = 24 * time.Hour // before the end of the cool-off
	putOff      = 24 * time.Hour // for something that came up meanwhile
)

// Hold is a legal hold: while it lies on an account nothing of it is erased.
type Hold struct {
	ID         string
	AccountID  string
	Reason     string
	PlacedBy   string
	PlacedAt   time.Time
	Until      time.Time
	ReleasedAt time.Time // zero: it runs to its end
}

// InForce reports whether it holds now.
func (h Hold) InForce(now time.Time) bool { return h.ReleasedAt.IsZero() && now.Before(h.Until) }

// maxHold bounds a hold; a longer procedure places it anew.
const maxHold = 5 * 365 * 24 * time.Hour

// Blocker is something that must be settled before an account can be deleted.
type Blocker struct {
	Kind string // message deletion.blocker.<kind>
	Name string // who is on the other side, as the person may see it; empty for nobody in particular
	URL  string // where it is settled; empty for none
}

// Kinds of blockers that decide something: a guardian's link holds a minor who has an own account, and not the guardian who asks for a
// child. Cases of a child are withdrawn below the guardian's mandate.
const (
	BlockerCase     = "case"
	BlockerGuardian = "guardian"
)

// Kept is what the law makes the platform keep after an erasure.
type Kept struct {
	ID       string // message deletion.kept.<id>
	Citation string
	Years    int
}

// KeptRecords is the policy: what stays, why and for how long. Only the register of licences, which belongs to the authorities that issued them, names
// the person still.
var KeptRecords = []Kept{
	{"audit", "《中华人民共和国网络安全法》第二十三条", 3},
	{"consent", "《中华人民共和国个人信息保护法》第五十六条", 3},
	{"license", "《中华人民共和国档案法》", 10},
}

// TopicErased tells the other rooms that an account was erased; the payload is ErasedNotice.
const TopicErased = "account.erased"

// ErasedNotice is its payload.
type ErasedNotice struct {
	AccountID string `json:"account_id"`
}

// TopicDeletion is the outbox topic of notices about a deletion.
const TopicDeletion = "notice.deletion"

// DeletionNotice is its payload.
type DeletionNotice struct {
	AccountID string    `json:"account_id"`
	Final     bool      `json:"final,omitempty"`
	DueAt     time.Time `json:"due_at"`
	// Guardian is told in the place of the account, which is a child's; Stopped and Done say what became of the wish then.
	Guardian string `json:"guardian,omitempty"`
	Stopped  bool   `json:"stopped,omitempty"`
	Done     bool   `json:"done,omitempty"`
}

// DeletionGuardians tells who decides for a child below 14; the mandates implement it.
type DeletionGuardians interface {
	// Stands answers nil while a guardian decides for a child, and fault.WardOver when it does not any more.
	Stands(ctx context.Context, child, guardian string) error
	// GuardiansOf are the accounts that decide for a child now.
	GuardiansOf(ctx context.Context, child string) ([]string, error)
}

// DeletionStore keeps deletions and holds; idpdb implements it.
type DeletionStore interface {
	Deletion(ctx context.Context, accountID string) (Deletion, error)
	// RequestDeletion begins the cool-off; ErrConflict while one runs.
	RequestDeletion(ctx context.Context, d Deletion, record audit.Record) error
	// MoveDeletion changes a deletion that waits; ErrConflict when it does not wait.
	MoveDeletion(ctx context.Context, d Deletion, record audit.Record) error
	// DueDeletions lists deletions with a due date before notice that were not announced, or one before end.
	DueDeletions(ctx context.Context, notice, end time.Time, limit int) ([]Deletion, error)
	OpenCases(ctx context.Context, accountID string) (int, error)
	// Erase leaves a tombstone in one transaction: ErrConflict unless the deletion is due and announced and no hold lies on the
	// account.
	Erase(ctx context.Context, accountID string, at time.Time, record audit.Record) error
	// PlaceHold stores a hold; ErrNotFound when the account is erased or merged.
	PlaceHold(ctx context.Context, h Hold, record audit.Record) error
	ReleaseHold(ctx context.Context, id string, at time.Time, record audit.Record) error
	StoredHold(ctx context.Context, id string) (Hold, error)
	Held(ctx context.Context, accountID string, now time.Time) (bool, error)
	Holds(ctx context.Context, accountID string, behind time.Time, behindID string, limit int) ([]Hold, error)
}

// Deletions lets people delete their accounts.
type Deletions struct{ cfg DeletionsConfig }

// DeletionsConfig holds what Deletions needs.
type DeletionsConfig struct {
	Store    DeletionStore
	Accounts *Accounts
	// Blockers are asked besides the cases and roles that this room knows: mandates, organisations.
	Blockers func(ctx context.Context, accountID string) ([]Blocker, error)
	// Guardians lets a guardian ask for a child; nil lets nobody.
	Guardians DeletionGuardians
	Forget    func(accountID string) // drops what is in memory of an account
	Now       func() time.Time
	Rand      io.Reader
}

// NewDeletions returns the service.
func NewDeletions(cfg DeletionsConfig) *Deletions { return &Deletions{cfg} }

// Of reads the deletion of an account.
func (d *Deletions) Of(ctx context.Context, accountID string) (Deletion, error) {
	one, err := d.cfg.Store.Deletion(ctx, accountID)
	if err != nil {
		return one, fault.Wrap(err, fault.Unavailable)
	}
	return one, nil
}

// Blockers lists what must be settled first.
func (d *Deletions) Blockers(ctx context.Context, accountID string) ([]Blocker, error) {
	var all []Blocker
	open, err := d.cfg.Store.OpenCases(ctx, accountID)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	if open > 0 {
		all = append(all, Blocker{Kind: BlockerCase, URL: "/proofing"})
	}
	if d.cfg.Blockers != nil {
		more, err := d.cfg.Blockers(ctx, accountID)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// Request begins the cool-off of a person who has just signed in again.
func (d *Deletions) Request(ctx context.Context, accountID string) (Deletion, error) {
	blockers, err := d.Blockers(ctx, accountID)
	if err != nil {
		return Deletion{}, err
	}
	if len(blockers) > 0 {
		return Deletion{}, fault.New(fault.DeletionBlocked)
	}
	now := d.cfg.Now().UTC()
	one := Deletion{AccountID: accountID, State: DeletionWaiting, RequestedAt: now, DueAt: now.Add(CoolOff)}
	record, err := d.notice(ctx, one, "deletion.requested", false)
	if err != nil {
		return one, err
	}
	return one, d.moved(d.cfg.Store.RequestDeletion(ctx, one, record))
}

// RequestFor is Request by a guardian of a child below 14, who has just signed in again or stands at a counter: whoever decides for the
// child is told, and any of them stops it within the cool-off.
func (d *Deletions) RequestFor(ctx context.Context, child, guardian string) (Deletion, error) {
	if err := d.stands(ctx, child, guardian); err != nil {
		return Deletion{}, err
	}
	blockers, err := d.BlockersFor(ctx, child)
	if err != nil {
		return Deletion{}, err
	}
	if len(blockers) > 0 {
		return Deletion{}, fault.New(fault.DeletionBlocked)
	}
	now := d.cfg.Now().UTC()
	one := Deletion{AccountID: child, State: DeletionWaiting, RequestedAt: now, DueAt: now.Add(CoolOff), Guardian: guardian}
	record, err := d.notice(ctx, one, "deletion.requested", false)
	if err != nil {
		return one, err
	}
	return one, d.moved(d.cfg.Store.RequestDeletion(ctx, one, record))
}

// BlockersFor is Blockers where a guardian asks: the guardians' own links are none.
func (d *Deletions) BlockersFor(ctx context.Context, child string) ([]Blocker, error) {
	all, err := d.Blockers(ctx, child)
	return slices.DeleteFunc(all, func(b Blocker) bool { return b.Kind == BlockerGuardian }), err
}

// stands judges that a guardian decides for a child now.
func (d *Deletions) stands(ctx context.Context, child, guardian string) error {
	if d.cfg.Guardians == nil {
		return fault.New(fault.WardOver)
	}
	return d.cfg.Guardians.Stands(ctx, child, guardian)
}

// notice is what is told of a deletion: to the account, or for a child to all who decide for it and to whom asked.
func (d *Deletions) notice(ctx context.Context, one Deletion, kind string, final bool) (audit.Record, error) {
	return d.tell(ctx, one, kind, DeletionNotice{AccountID: one.AccountID, Final: final, DueAt: one.DueAt})
}

func (d *Deletions) tell(ctx context.Context, one Deletion, kind string, notice DeletionNotice) (audit.Record, error) {
	var details map[string]string
	to := []string{""}
	if one.Guardian != "" {
		details = map[string]string{"guardian": one.Guardian}
		var err error
		if to, err = d.cfg.Guardians.GuardiansOf(ctx, one.AccountID); err != nil {
			return audit.Record{}, err
		}
		if !slices.Contains(to, one.Guardian) {
			to = append(to, one.Guardian)
		}
	}
	record := audit.With(event(ctx, d.cfg.Now(), kind, "account", one.AccountID, details))
	for _, notice.Guardian = range to {
		payload, err := json.Marshal(notice)
		if err != nil {
			return audit.Record{}, err
		}
		record = record.And(audit.Message{Topic: TopicDeletion, Key: one.AccountID, Payload: payload})
	}
	return record, nil
}

// moved turns the errors of a change into faults.
func (d *Deletions) moved(err error) error {
	if errors.Is(err, ErrConflict) {
		return fault.Wrap(err, fault.Conflict)
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	return nil
}

// Undo ends the cool-off; everything is as it was.
func (d *Deletions) Undo(ctx context.Context, accountID string) error {
	one, err := d.Of(ctx, accountID)
	if err != nil {
		return err
	}
	if one.State != DeletionWaiting {
		return fault.New(fault.Conflict)
	}
	one.State = DeletionUndone
	return d.moved(d.cfg.Store.MoveDeletion(ctx, one, audit.With(event(ctx, d.cfg.Now(), "deletion.undone", "account", accountID, nil))))
}

// UndoFor ends the cool-off at the word of a guardian: of the one who asked, or of another one, who objects.
func (d *Deletions) UndoFor(ctx context.Context, child, guardian string) error {
	if err := d.stands(ctx, child, guardian); err != nil {
		return err
	}
	one, err := d.Of(ctx, child)
	if err != nil {
		return err
	}
	if one.State != DeletionWaiting || one.Guardian == "" { // what the person asked for is the person's own
		return fault.New(fault.Conflict)
	}
	kind := "deletion.undone"
	if one.Guardian != guardian {
		kind = "deletion.objected"
	}
	return d.moved(d.stop(ctx, one, kind))
}

// stop ends the cool-off of a child's deletion and tells whoever decides for the child.
func (d *Deletions) stop(ctx context.Context, one Deletion, kind string) error {
	record, err := d.tell(ctx, one, kind, DeletionNotice{AccountID: one.AccountID, DueAt: one.DueAt, Stopped: true})
	if err != nil {
		return err
	}
	one.State = DeletionUndone
	return d.cfg.Store.MoveDeletion(ctx, one, record)
}

const deletionBatch = 20

// Step announces and performs what is due. What fails is tried again by the next step; a crash leaves an account either
// whole or erased.
func (d *Deletions) Step(ctx context.Context) error {
	now := d.cfg.Now().UTC()
	due, err := d.cfg.Store.DueDeletions(ctx, now.Add(FinalNotice), now, deletionBatch)
	if err != nil {
		return err
	}
	var failures []error
	for _, one := range due {
		if err := d.step(ctx, one, now); err != nil && !errors.Is(err, ErrConflict) { // another node, or an undo, was faster
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

func (d *Deletions) step(ctx context.Context, one Deletion, now time.Time) error {
	if one.Guardian != "" { // who is 14 by now decides itself, and a link that ended decides nothing
		switch err := d.stands(ctx, one.AccountID, one.Guardian); {
		case fault.CodeOf(err) == fault.WardOver:
			return d.stop(ctx, one, "deletion.guardian_over")
		case err != nil:
			return err
		}
	}
	if one.NotifiedAt.IsZero() {
		one.NotifiedAt = now
		if least := now.Add(FinalNotice); one.DueAt.Before(least) {
			one.DueAt = least // the notice comes a day before, also when the worker stood still
		}
		record, err := d.notice(ctx, one, "deletion.announced", true)
		if err != nil {
			return err
		}
		return d.cfg.Store.MoveDeletion(ctx, one, record)
	}
	held, err := d.cfg.Store.Held(ctx, one.AccountID, now)
	if err != nil {
		return err
	}
	blocking := d.Blockers
	if one.Guardian != "" {
		blocking = d.BlockersFor
	}
	blockers, err := blocking(ctx, one.AccountID)
	if err != nil {
		return err
	}
	if held || len(blockers) > 0 {
		one.DueAt = now.Add(putOff)
		e := event(ctx, now, "deletion.put_off", "account", one.AccountID, map[string]string{"hold": map[bool]string{true: "yes", false: "no"}[held]})
		return d.cfg.Store.MoveDeletion(ctx, one, audit.With(e))
	}
	return d.erase(ctx, one, now)
}

// erase performs it: systems where the person is signed in are told, and the other rooms; of a child's its guardians.
func (d *Deletions) erase(ctx context.Context, one Deletion, now time.Time) error {
	accountID := one.AccountID
	record := audit.With(event(ctx, now, "account.erased", "account", accountID, nil))
	if one.Guardian != "" {
		told, err := d.tell(ctx, one, "account.erased", DeletionNotice{AccountID: accountID, DueAt: one.DueAt, Done: true})
		if err != nil {
			return err
		}
		record = told
	}
	if d.cfg.Accounts.farewell != nil {
		ended, err := d.cfg.Accounts.farewell(ctx, accountID)
		if err != nil {
			return err
		}
		record.Events, record = append(record.Events, ended.Events...), record.And(ended.Messages...)
	}
	payload, err := json.Marshal(ErasedNotice{accountID})
	if err != nil {
		return err
	}
	record = record.And(audit.Message{Topic: TopicErased, Key: accountID, Payload: payload})
	before, err := d.cfg.Accounts.Account(ctx, accountID)
	if err != nil {
		return err
	}
	if err := d.cfg.Store.Erase(ctx, accountID, now, record); err != nil {
		return err
	}
	d.cfg.Accounts.open.drop(before.DataKey.ID)
	if d.cfg.Forget != nil {
		d.cfg.Forget(accountID)
	}
	return nil
}

// PlaceHold puts a legal hold on an account.
func (d *Deletions) PlaceHold(ctx context.Context, accountID, reason, by string, until time.Time) (Hold, error) {
	now := d.cfg.Now().UTC()
	reason = strings.TrimSpace(reason)
	switch account, err := d.cfg.Accounts.Account(ctx, accountID); {
	case errors.Is(err, ErrNotFound), err == nil && account.State == AccountErased:
		return Hold{}, fault.New(fault.NotFound)
	case err != nil:
		return Hold{}, fault.Wrap(err, fault.Unavailable)
	case reason == "" || utf8.RuneCountInString(reason) > maxPurpose:
		return Hold{}, fault.New(fault.AdminReason)
	case !until.After(now) || until.After(now.Add(maxHold)):
		return Hold{}, fault.New(fault.HoldTime)
	}
	h := Hold{ID: ident.New(d.cfg.Rand, "hold"), AccountID: accountID, Reason: reason, PlacedBy: by, PlacedAt: now, Until: until.UTC()}
	e := event(ctx, now, "hold.placed", "account", accountID, map[string]string{"hold": h.ID, "until": h.Until.Format(time.RFC3339)})
	err := d.cfg.Store.PlaceHold(ctx, h, audit.With(e))
	if errors.Is(err, ErrNotFound) { // erased between the look and now
		return Hold{}, fault.Wrap(err, fault.NotFound)
	}
	return h, d.moved(err)
}

// ReleaseHold ends a hold before its time.
func (d *Deletions) ReleaseHold(ctx context.Context, id string) (Hold, error) {
	h, err := d.Hold(ctx, id)
	if err != nil {
		return h, err
	}
	h.ReleasedAt = d.cfg.Now().UTC()
	err = d.cfg.Store.ReleaseHold(ctx, id, h.ReleasedAt, audit.With(event(ctx, h.ReleasedAt, "hold.released", "account", h.AccountID, map[string]string{"hold": id})))
	if errors.Is(err, ErrNotFound) {
		return h, fault.Wrap(err, fault.Conflict)
	}
	return h, d.moved(err)
}

// Hold reads one hold.
func (d *Deletions) Hold(ctx context.Context, id string) (Hold, error) {
	h, err := d.cfg.Store.StoredHold(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return h, fault.New(fault.NotFound)
	}
	return h, d.moved(err)
}

// Holds lists holds, the newest first; next is empty on the last page.
func (d *Deletions) Holds(ctx context.Context, accountID, after string, limit int) (page []Hold, next string, err error) {
	var at time.Time
	var id string
	if after != "" {
		if at, id, err = ReadPagePlace(after); err != nil {
			return nil, "", fault.Wrap(err, fault.Malformed)
		}
	}
	if page, err = d.cfg.Store.Holds(ctx, accountID, at, id, limit+1); err != nil {
		return nil, "", fault.Wrap(err, fault.Unavailable)
	}
	if len(page) > limit {
		page = page[:limit]
		next = PagePlace(page[limit-1].PlacedAt, page[limit-1].ID)
	}
	return page, next, nil
}
