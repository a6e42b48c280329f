package elicense

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/batchfile"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// BatchState is where a batch stands (docs/design/issuing.md).
type BatchState string

// States of a batch.
const (
	BatchChecked   BatchState = "checked"   // every row was judged, nothing is issued: the trial
	BatchInReview  BatchState = "in_review" // handed in
	BatchReturned  BatchState = "returned"  // 退回补正: back to who uploaded it
	BatchRejected  BatchState = "rejected"
	BatchApproved  BatchState = "approved"
	BatchRunning   BatchState = "running"
	BatchPaused    BatchState = "paused"
	BatchDone      BatchState = "done"
	BatchCancelled BatchState = "cancelled"
)

// BatchStates in the order in which a batch passes them.
var BatchStates = []BatchState{BatchChecked, BatchInReview, BatchReturned, BatchRejected, BatchApproved, BatchRunning, BatchPaused, BatchDone, BatchCancelled}

// Ended tells that nothing of the batch changes any more, and that its file is gone.
func (s BatchState) Ended() bool {
	return slices.Contains([]BatchState{BatchRejected, BatchDone, BatchCancelled}, s)
}

// BatchKind is what becomes of the rows of a batch.
type BatchKind string

// Kinds of batches.
const (
	BatchIssue  BatchKind = "issue"  // licences are made, sealed and issued
	BatchImport BatchKind = "import" // 存量证照归集: licences that were issued elsewhere are put on record
)

// RowState is what became of a row. issued, refused and later are what batches of seals call sealed, refused and later.
type RowState string

// States of a row.
const (
	RowReady     RowState = "ready"   // it can be issued
	RowRefused   RowState = "refused" // it cannot be issued as it is
	RowLater     RowState = "later"   // it was tried, and is tried again
	RowIssued    RowState = "issued"
	RowTaken     RowState = "taken"     // the licence, issued elsewhere, is on record
	RowCancelled RowState = "cancelled" // the batch ended before it
)

// RowStates in the order in which counts are told.
var RowStates = []RowState{RowReady, RowIssued, RowTaken, RowLater, RowRefused, RowCancelled}

// Batch is a file of applications for licences of one type by one authority, or of licences of one type that were issued elsewhere and for which
// the authority answers.
type Batch struct {
	ID            string // "lbt_…"
	Kind          BatchKind
	Revision      int64
	Key           string // idempotency key of who uploaded it
	Digest        string // keyed hash of what was uploaded, to tell a repetition from another file
	AuthorityCode string
	TypeCode      string
	Template      string // version of the type by which it is checked, reviewed and made
	Area          string
	Name          string // of the file
	Format        batchfile.Format
	Encoding      batchfile.Encoding
	Columns       []string
	Mapping       map[string]string // our name of a value → column
	Rows          int
	Whole         bool // issue all or nothing
	State         BatchState
	Entrant       string
	Reviewer      string
	Issuer        string
	Note          string     // why it was returned or rejected
	Problem       fault.Code // why it was paused, when nobody did
	LeaseUntil    time.Time
	CreatedAt     time.Time
	UpdatedAt     time.Time
}

// RowFault is one thing wrong with a row.
type RowFault struct {
	Field  string     `json:"field,omitempty"`  // our name of the value
	Column string     `json:"column,omitempty"` // of the file
	Code   fault.Code `json:"code"`
}

// BatchRow is a row of a batch with its receipt. It holds no values: they stand in the encrypted file alone.
type BatchRow struct {
	Line           int // of the file
	BusinessNumber string
	State          RowState
	Faults         []RowFault
	Attempts       int
	License        string // row key of the licence, of the Import in an import
	LicenseID      string
	File           string       // SM3 of the sealed document
	IssuedAt       time.Time    // of the licence; in an import when it was put on record
	Flags          []ImportFlag // of an import
}

// BatchFile is the file of a batch, encrypted; it goes when the batch ends.
type BatchFile struct {
	Key  string // that encrypted it
	Data []byte
}

// BatchChange is what goes with a change of a batch, in the same write.
type BatchChange struct {
	Record audit.Record
	Rows   []BatchRow // in the place of all there are; nil leaves them
	End    bool       // rows that wait are cancelled, the file is dropped
}

// BatchFilter of a list of batches, newest first.
type BatchFilter struct {
	State BatchState
	Areas []string // paths of areas, each with all below it; nil is not bounded
	After string   // cursor
	Limit int
}

// BatchCursor is the place of a batch in lists.
func BatchCursor(b Batch) string { return fmt.Sprintf("%020d.%s", b.CreatedAt.UnixMicro(), b.ID) }

// Batches keeps batches.
type Batches interface {
	// AddBatch stores a batch. A second one of the same entrant and key changes nothing and gives the one that is there, created false.
	AddBatch(ctx context.Context, b Batch, file BatchFile, rows []BatchRow, record audit.Record) (stored Batch, created bool, err error)
	FindBatch(ctx context.Context, id string) (Batch, error)
	FindBatchFile(ctx context.Context, id string) (BatchFile, error)
	ListBatches(ctx context.Context, filter BatchFilter) (page []Batch, next string, err error)
	// UpdateBatch applies a change in one write; the function may run more than once.
	UpdateBatch(ctx context.Context, id string, change func(b *Batch) (BatchChange, error)) (Batch, error)
	// BatchRows are rows after a line, in the order of lines; of all states when none is named.
	BatchRows(ctx context.Context, id string, states []RowState, after, limit int) ([]BatchRow, error)
	BatchCounts(ctx context.Context, id string) (map[RowState]int, error)
	// FinishRow stores what became of a row that waits, and prolongs the lease; ErrStale when it waits no more. It tells the state of the
	// batch: a row that is under way when a batch is stopped is finished.
	FinishRow(ctx context.Context, id string, row BatchRow, lease time.Time, record audit.Record) (BatchState, error)
	// DueBatches are running ones that nobody is at.
	DueBatches(ctx context.Context, now time.Time, limit int) ([]Batch, error)
	// FindBusiness gives the licences of an authority with the business numbers, without holders; at most 500 numbers.
	FindBusiness(ctx context.Context, authority string, numbers []string) ([]License, error)
}

// BatchOrder uploads a batch.
type BatchOrder struct {
	Key           string // 8 to 128 characters; the same key and content give the same batch
	Kind          BatchKind
	TypeCode      string
	AuthorityCode string
	Name          string // of the file
	Format        batchfile.Format
	Encoding      batchfile.Encoding
	Mapping       map[string]string // nil lets it be proposed
	Content       []byte
}

// KeyBusiness is the name of the business number in mappings.
const KeyBusiness = "business_number"

var businessNames = []string{KeyBusiness, "businessNumber", "YWBH", "业务编号", "业务编码", "业务流水号", "業務編號", "Business number"}

// BatchFields are the values that a file for the type may give, in the order of the form; required ones need a column. A photo is none of them.
func BatchFields(t *catalog.Type) (keys []string, required map[string]bool) {
	keys = []string{KeyBusiness, catalog.KeyHolderName, catalog.KeyHolderType, catalog.KeyHolderCode}
	required = map[string]bool{KeyBusiness: true, catalog.KeyHolderName: true, catalog.KeyHolderCode: true, catalog.KeyHolderType: len(t.HolderCodeTypes) > 1}
	if t.NumberKey == "" {
		keys = append(keys, catalog.KeyLicenseNumber)
	}
	for _, f := range t.Fields {
		if f.Own && f.Kind != catalog.KindPhoto { // a table holds no pictures
			keys = append(keys, f.Key)
			required[f.Key] = f.Required
		}
	}
	return append(keys, catalog.KeyEffectiveDate, catalog.KeyExpiringDate), required
}

// Fields are the values that a file of the kind may give, as BatchFields.
func (k BatchKind) Fields(t *catalog.Type) (keys []string, required map[string]bool) {
	if k == BatchImport {
		return importFields(t)
	}
	return BatchFields(t)
}

// ProposeMapping finds the columns by all the names that a value has: ours, those of GB/T 36903 (English and pinyin), and the labels.
// Case, blanks, underscores and hyphens are not looked at.
func ProposeMapping(k BatchKind, t *catalog.Type, columns []string) map[string]string {
	plain := func(name string) string {
		return strings.ToLower(strings.NewReplacer(" ", "", "_", "", "-", "", "　", "").Replace(name))
	}
	mapping := map[string]string{}
	fields, _ := k.Fields(t)
	for _, key := range fields {
		names := []string{key}
		if key == KeyBusiness {
			names = businessNames
		} else if e, ok := catalog.Default().Element(key); ok {
			names = append(names, e.English, e.Pinyin, e.Label["zh-CN"], e.Label["zh-Hant"], e.Label["en"])
		}
		if f, ok := t.Field(key); ok {
			names = append(names, f.English, f.Pinyin, f.Label["zh-CN"], f.Label["zh-Hant"], f.Label["en"])
		}
		for _, column := range columns {
			if slices.ContainsFunc(names, func(name string) bool { return name != "" && plain(name) == plain(column) }) {
				mapping[key] = column
				break
			}
		}
	}
	return mapping
}

// checkMapping refuses a mapping that names no value of the type or no column, or one column for two values.
func checkMapping(k BatchKind, t *catalog.Type, columns []string, mapping map[string]string) error {
	fields, required := k.Fields(t)
	f := fault.New(fault.Invalid)
	taken := map[string]bool{}
	for _, key := range slices.Sorted(maps.Keys(mapping)) {
		switch column := mapping[key]; {
		case !slices.Contains(fields, key), !slices.Contains(columns, column):
			f = f.WithField("mapping."+key, fault.LicenseFieldUnknown)
		case taken[column]:
			f = f.WithField("mapping."+key, fault.LicenseFieldForm)
		default:
			taken[column] = true
		}
	}
	for _, key := range fields {
		if required[key] && mapping[key] == "" {
			f = f.WithField("mapping."+key, fault.LicenseFieldMissing)
		}
	}
	if len(f.Fields) > 0 {
		return f
	}
	return nil
}

// AddBatch takes a file and tries every row, which issues nothing. A mapping that was proposed and lacks a column is kept: its rows are refused until somebody
// completes it. The same key with the same content gives the batch that is there (created false), with other content BatchKey.
func (s *Service) AddBatch(ctx context.Context, o BatchOrder) (b Batch, created bool, err error) {
	actor, err := require(ctx, RoleClerk)
	if err != nil {
		return Batch{}, false, err
	}
	if len(o.Key) < 8 || len(o.Key) > 128 {
		return Batch{}, false, fault.New(fault.Invalid).WithField("key", fault.LicenseFieldForm)
	}
	licenseType, authority, err := s.scope(ctx, o.TypeCode, o.AuthorityCode)
	if err != nil {
		return Batch{}, false, err
	}
	area, err := s.areaOf(ctx, authority.Code)
	if err != nil {
		return Batch{}, false, err
	}
	if !actor.Reaches(area, RoleClerk) {
		return Batch{}, false, fault.New(fault.LicenseAuthority) // as one that is not there
	}
	ctx = reqctx.UsingIn(ctx, area, RoleClerk)
	if o.Encoding == "" {
		o.Encoding = batchfile.Auto
	}
	if o.Kind == "" {
		o.Kind = BatchIssue
	}
	if o.Kind != BatchIssue && o.Kind != BatchImport {
		return Batch{}, false, fault.New(fault.Invalid).WithField("kind", fault.LicenseFieldForm)
	}
	table, err := s.readTable(o.Content, o.Kind, licenseType, o.Format, o.Encoding)
	if err != nil {
		return Batch{}, false, err
	}
	now := s.now()
	b = Batch{ID: ident.New(s.cfg.Rand, "lbt"), Kind: o.Kind, Revision: 1, Key: o.Key, AuthorityCode: authority.Code, TypeCode: licenseType.Code, Template: licenseType.TemplateID(), Area: area, Name: fileName(o.Name),
		Format: o.Format, Encoding: o.Encoding, Columns: table.Columns, Mapping: o.Mapping, Rows: len(table.Rows), State: BatchChecked, Entrant: actor.ID, CreatedAt: now, UpdatedAt: now}
	given, err := json.Marshal(o.Mapping)
	if err != nil {
		return Batch{}, false, err
	}
	place := "batch"
	if b.Kind == BatchImport {
		place = "batch import"
	}
	if b.Digest, err = s.hash(ctx, place, b.TypeCode, b.AuthorityCode, string(o.Format), string(o.Encoding), string(given), digest.Hex(o.Content)); err != nil {
		return Batch{}, false, storeFault(err, "digest batch")
	}
	if o.Mapping == nil {
		b.Mapping = ProposeMapping(b.Kind, licenseType, table.Columns)
	} else if err := checkMapping(b.Kind, licenseType, table.Columns, o.Mapping); err != nil {
		return Batch{}, false, err
	}
	rows, err := s.checkRows(ctx, b, licenseType, authority, table)
	if err != nil {
		return Batch{}, false, err
	}
	cipher, err := s.cfg.Keys.Cipher(ctx, keys.UsageFieldCipher, "")
	if err != nil {
		return Batch{}, false, storeFault(err, "encrypt batch")
	}
	file := BatchFile{Key: cipher.KeyID()}
	if file.Data, err = cipher.Seal(ctx, o.Content, batchPlace(b.ID)); err != nil {
		return Batch{}, false, storeFault(err, "encrypt batch")
	}
	stored, created, err := s.cfg.Store.AddBatch(ctx, b, file, rows, audit.With(s.batchEvent(ctx, "license.batch.added", b, now, "rows", fmt.Sprint(b.Rows))))
	if err != nil {
		return Batch{}, false, storeFault(err, "store batch")
	}
	if !created && stored.Digest != b.Digest {
		return Batch{}, false, fault.New(fault.BatchKey)
	}
	return stored, created, nil
}

// in judges a batch that somebody wants to do something with, as License.in does.
func (b Batch) in(ctx context.Context, role string) (context.Context, error) {
	return License{Area: b.Area}.in(ctx, role)
}

func (s *Service) batchEvent(ctx context.Context, kind string, b Batch, at time.Time, details ...string) audit.Event {
	e := s.event(ctx, kind, b.ID, at, details...)
	e.ObjectType = "license_batch"
	return e
}

// batchType is the version of the type by which a batch is checked and made.
func (s *Service) batchType(b Batch) (*catalog.Type, error) {
	t, ok := s.typeOf(License{TypeCode: b.TypeCode, Template: b.Template})
	if !ok {
		return nil, fault.New(fault.LicenseTypeUnknown)
	}
	return t, nil
}

// MapBatch sets the columns of the values and tries every row again; for who uploaded it, before it is handed in.
func (s *Service) MapBatch(ctx context.Context, id string, mapping map[string]string) (Batch, error) {
	b, ctx, err := s.ownBatch(ctx, id)
	if err != nil {
		return Batch{}, err
	}
	licenseType, authority, err := s.scope(ctx, b.TypeCode, b.AuthorityCode)
	if err != nil {
		return Batch{}, err
	}
	if err := checkMapping(b.Kind, licenseType, b.Columns, mapping); err != nil {
		return Batch{}, err
	}
	table, err := s.table(ctx, b, licenseType)
	if err != nil {
		return Batch{}, err
	}
	b.Mapping, b.Template = mapping, licenseType.TemplateID()
	rows, err := s.checkRows(ctx, b, licenseType, authority, table)
	if err != nil {
		return Batch{}, err
	}
	return s.changeBatch(ctx, id, "license.batch.mapped", func(row *Batch) (BatchChange, error) {
		if row.Revision != b.Revision {
			return BatchChange{}, fault.New(fault.Conflict)
		}
		row.Mapping, row.Template = b.Mapping, b.Template
		return BatchChange{Rows: rows}, nil
	})
}

// ownBatch is a batch that the actor uploaded and has not handed in.
func (s *Service) ownBatch(ctx context.Context, id string) (Batch, context.Context, error) {
	actor, err := require(ctx, RoleClerk)
	if err != nil {
		return Batch{}, ctx, err
	}
	b, err := s.cfg.Store.FindBatch(ctx, id)
	if err != nil {
		return Batch{}, ctx, storeFault(err, "find batch")
	}
	if ctx, err = b.in(ctx, RoleClerk); err != nil {
		return Batch{}, ctx, err
	}
	return b, ctx, b.own(actor)
}

func (b Batch) own(actor reqctx.Actor) error {
	switch {
	case b.Entrant != actor.ID:
		return fault.New(fault.Forbidden)
	case b.State != BatchChecked && b.State != BatchReturned:
		return fault.New(fault.BatchState)
	}
	return nil
}

// changeBatch changes a batch with its audit event; errNothingToDo gives it as it stands.
func (s *Service) changeBatch(ctx context.Context, id, kind string, change func(b *Batch) (BatchChange, error), details ...string) (Batch, error) {
	now := s.now()
	b, err := s.cfg.Store.UpdateBatch(ctx, id, func(b *Batch) (BatchChange, error) {
		c, err := change(b)
		if err != nil {
			return c, err
		}
		b.UpdatedAt = now
		c.Record = audit.With(s.batchEvent(ctx, kind, *b, now, append(details, "state", string(b.State))...))
		return c, nil
	})
	if errors.Is(err, errNothingToDo) {
		b, err = s.cfg.Store.FindBatch(ctx, id)
	}
	return b, storeFault(err, "change batch")
}

// SubmitBatch hands a batch in for review. Whole asks for all rows or none: it is refused while one row is, and pauses when a row is refused while it is
// made. Otherwise rows that are refused are left out.
func (s *Service) SubmitBatch(ctx context.Context, id string, whole bool) (Batch, error) {
	b, ctx, err := s.ownBatch(ctx, id)
	if err != nil {
		return Batch{}, err
	}
	counts, err := s.cfg.Store.BatchCounts(ctx, id)
	if err != nil {
		return Batch{}, storeFault(err, "count rows")
	}
	if counts[RowReady] == 0 || whole && counts[RowRefused] > 0 {
		return Batch{}, fault.New(fault.BatchRows)
	}
	return s.changeBatch(ctx, id, "license.batch.submitted", func(row *Batch) (BatchChange, error) {
		if row.Revision != b.Revision {
			return BatchChange{}, fault.New(fault.Conflict)
		}
		row.State, row.Whole, row.Note = BatchInReview, whole, ""
		return BatchChange{}, nil
	}, "whole", fmt.Sprint(whole))
}

// ReviewBatch decides about a batch. The reviewer must not be who uploaded it; seen is the revision that was read, as with Review.
func (s *Service) ReviewBatch(ctx context.Context, id string, decision Decision, note string, seen int64) (Batch, error) {
	actor, err := require(ctx, RoleReviewer)
	if err != nil {
		return Batch{}, err
	}
	target := map[Decision]BatchState{Approve: BatchApproved, Return: BatchReturned, Reject: BatchRejected}[decision]
	if err := reviewNote(target != "", decision, note); err != nil {
		return Batch{}, err
	}
	return s.changeBatch(ctx, id, "license.batch.reviewed", func(b *Batch) (BatchChange, error) {
		if _, err := b.in(ctx, RoleReviewer); err != nil {
			return BatchChange{}, err
		}
		switch {
		case b.Entrant == actor.ID:
			return BatchChange{}, fault.New(fault.LicenseFourEyes)
		case b.State == target && b.Reviewer == actor.ID:
			return BatchChange{}, errNothingToDo
		case b.State != BatchInReview:
			return BatchChange{}, fault.New(fault.BatchState)
		case seen != 0 && b.Revision != seen:
			return BatchChange{}, fault.New(fault.Conflict)
		}
		b.State, b.Reviewer, b.Note = target, actor.ID, note
		return BatchChange{End: target.Ended()}, nil
	}, "decision", string(decision))
}

// BatchStep is what an issuer does with an approved batch.
type BatchStep string

// Steps.
const (
	BatchStart  BatchStep = "start" // and go on after a pause
	BatchPause  BatchStep = "pause"
	BatchCancel BatchStep = "cancel" // the rest; what is issued stays
)

var batchSteps = map[BatchStep]struct {
	to   BatchState
	from []BatchState
}{
	BatchStart:  {BatchRunning, []BatchState{BatchApproved, BatchPaused}},
	BatchPause:  {BatchPaused, []BatchState{BatchRunning}},
	BatchCancel: {BatchCancelled, []BatchState{BatchApproved, BatchRunning, BatchPaused}},
}

// StepBatch starts, pauses or cancels an approved batch; a step that was taken is taken once.
func (s *Service) StepBatch(ctx context.Context, id string, step BatchStep) (Batch, error) {
	actor, err := require(ctx, RoleIssuer)
	if err != nil {
		return Batch{}, err
	}
	known, ok := batchSteps[step]
	if !ok {
		return Batch{}, fault.New(fault.NotFound)
	}
	return s.changeBatch(ctx, id, "license.batch."+string(step), func(b *Batch) (BatchChange, error) {
		if _, err := b.in(ctx, RoleIssuer); err != nil {
			return BatchChange{}, err
		}
		switch {
		case b.State == known.to:
			return BatchChange{}, errNothingToDo
		case !slices.Contains(known.from, b.State):
			return BatchChange{}, fault.New(fault.BatchState)
		}
		b.State, b.Issuer, b.Problem, b.LeaseUntil = known.to, actor.ID, "", time.Time{}
		return BatchChange{End: known.to.Ended()}, nil
	})
}

// FindBatch gives staff a batch with the number of its rows by state.
func (s *Service) FindBatch(ctx context.Context, id string) (Batch, map[RowState]int, error) {
	if _, err := require(ctx, roles...); err != nil {
		return Batch{}, nil, err
	}
	b, err := s.cfg.Store.FindBatch(ctx, id)
	if err == nil && !reqctx.From(ctx).Actor.Reaches(b.Area, roles...) {
		err = ErrNotFound
	}
	if err != nil {
		return Batch{}, nil, storeFault(err, "find batch")
	}
	counts, err := s.cfg.Store.BatchCounts(ctx, id)
	return b, counts, storeFault(err, "count rows")
}

// ListBatches gives staff a page of batches and the cursor of the next.
func (s *Service) ListBatches(ctx context.Context, filter BatchFilter) (page []Batch, next string, err error) {
	actor, err := require(ctx, roles...)
	if err != nil {
		return nil, "", err
	}
	if filter.Limit < 1 || filter.Limit > 200 {
		return nil, "", fault.New(fault.Invalid).WithField("limit", fault.LicenseFieldForm)
	}
	filter.Areas = actor.Reach(roles...)
	page, next, err = s.cfg.Store.ListBatches(ctx, filter)
	return page, next, storeFault(err, "list batches")
}

// BatchRows gives staff the rows after a line; of all states when none is named.
func (s *Service) BatchRows(ctx context.Context, id string, states []RowState, after, limit int) ([]BatchRow, error) {
	if limit < 1 || limit > 1000 {
		return nil, fault.New(fault.Invalid).WithField("limit", fault.LicenseFieldForm)
	}
	if _, _, err := s.FindBatch(ctx, id); err != nil {
		return nil, err
	}
	rows, err := s.cfg.Store.BatchRows(ctx, id, states, after, limit)
	return rows, storeFault(err, "list rows")
}

// BatchCell is a column of a row with what stands in it.
type BatchCell struct{ Column, Value string }

// BatchLine gives staff what stands in a line of the file, as it is while the batch has not ended; that it was read is on record.
func (s *Service) BatchLine(ctx context.Context, id string, line int) ([]BatchCell, error) {
	b, _, err := s.FindBatch(ctx, id)
	if err != nil {
		return nil, err
	}
	if b.State.Ended() {
		return nil, fault.New(fault.NotFound)
	}
	t, err := s.batchType(b)
	if err != nil {
		return nil, err
	}
	table, err := s.table(ctx, b, t)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(table.Rows, func(r batchfile.Row) bool { return r.Line == line })
	if i < 0 {
		return nil, fault.New(fault.NotFound)
	}
	if err := s.cfg.Store.Note(ctx, audit.With(s.batchEvent(ctx, "license.batch.row_read", b, s.now(), "line", fmt.Sprint(line)))); err != nil {
		return nil, storeFault(err, "record reading")
	}
	var cells []BatchCell
	for n, column := range b.Columns {
		if n < len(table.Rows[i].Cells) {
			cells = append(cells, BatchCell{column, table.Rows[i].Cells[n]})
		}
	}
	return cells, nil
}
