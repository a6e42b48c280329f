package elicense

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/facedesign"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// TypeDraft is a package that one administrator works at. It is in no use and nobody else sees it; it ends as a proposal, or is dropped.
type TypeDraft struct {
	ID        string // "tdr_…"
	Revision  int64  // rises with each change, from 1
	Owner     string
	Code      string // as its type.json says; empty where that cannot be read
	Files     []byte // of the package, JSON by name; they may have faults
	CreatedAt time.Time
	UpdatedAt time.Time
}

// MaxTypeDrafts bounds the drafts of one administrator. Two that are begun at one moment can exceed it by one, which harms nobody.
const MaxTypeDrafts = 20

// maxTypeCode is how long the code of a type is, in octets (GB/T 36904).
const maxTypeCode = 21

// ErrFull is answered where somebody has as many drafts as one may have.
var ErrFull = errors.New("elicense: no more of it are kept")

// TypeDrafts keeps drafts. Each change is one transaction with its record.
type TypeDrafts interface {
	// AddTypeDraft stores a draft; ErrFull where its owner has most of them.
	AddTypeDraft(ctx context.Context, d TypeDraft, most int, record audit.Record) error
	// ChangeTypeDraft stores code, files and time of a draft and raises its revision; ErrStale where it has another one than d says.
	ChangeTypeDraft(ctx context.Context, d TypeDraft, record audit.Record) error
	// DropTypeDraft takes a draft away; ErrStale where it has another revision, or is not there.
	DropTypeDraft(ctx context.Context, id string, revision int64, record audit.Record) error
	FindTypeDraft(ctx context.Context, id string) (TypeDraft, error)
	// TypeDraftsOf is a page of somebody's drafts, by id, behind the id after.
	TypeDraftsOf(ctx context.Context, owner, after string, limit int) ([]TypeDraft, error)
}

// Package gives the files of the draft.
func (d TypeDraft) Package() (map[string][]byte, error) {
	files, err := decodeFiles(d.Files)
	if err != nil {
		return nil, fmt.Errorf("read draft %s: %w", d.ID, err)
	}
	return files, nil
}

// TypePackage gives the files of a version that is in use or was: the one in force, or the newest where none is. fault.LicenseTypeUnknown.
func (s *Service) TypePackage(code string) (*catalog.Type, error) {
	if t, ok := s.Types().Find(code); ok {
		return t, nil
	}
	versions := s.Types().Versions(code)
	if len(versions) == 0 {
		return nil, fault.New(fault.LicenseTypeUnknown)
	}
	return versions[len(versions)-1], nil
}

// BeginTypeDraft starts a draft from the version in force: its files, with the number after the newest version and the first day that it
// could be in force from.
func (s *Service) BeginTypeDraft(ctx context.Context, code string) (TypeDraft, error) {
	if _, err := requireTypes(ctx); err != nil {
		return TypeDraft{}, err
	}
	if err := s.RefreshTypes(ctx); err != nil {
		return TypeDraft{}, err
	}
	t, err := s.TypePackage(code)
	if err != nil {
		return TypeDraft{}, err
	}
	versions := s.Types().Versions(code)
	newest := versions[len(versions)-1].Row
	files := WithVersion(t.Files(), newest.Version+1, max(newest.EffectiveDate, catalog.Day(s.now())))
	return s.AddTypeDraft(ctx, catalog.WithRow(files, "status", catalog.StatusPublished))
}

var rowVersion = regexp.MustCompile(`("version"\s*:\s*)-?[0-9]+`)

// WithVersion gives the files of a package with another number and day in the row of the catalogue; they are read anew to be of use.
func WithVersion(files map[string][]byte, version int, day string) map[string][]byte {
	next := maps.Clone(files)
	next[catalog.FileRow] = rowVersion.ReplaceAll(files[catalog.FileRow], []byte("${1}"+strconv.Itoa(version)))
	return catalog.WithRow(next, "effective_date", day)
}

// AddTypeDraft keeps the files of a package as a draft, whatever is wrong inside them. Where they are not the files of a package,
// fault.TypePackage wraps what they are instead, see catalog.Faults; fault.TypeDraftLimit where there are too many.
func (s *Service) AddTypeDraft(ctx context.Context, files map[string][]byte) (TypeDraft, error) {
	actor, err := requireTypes(ctx)
	if err != nil {
		return TypeDraft{}, err
	}
	now := s.now()
	d := TypeDraft{ID: ident.New(s.cfg.Rand, "tdr"), Revision: 1, Owner: actor.ID, CreatedAt: now, UpdatedAt: now}
	if err := d.take(files); err != nil {
		return d, err
	}
	err = s.cfg.Store.AddTypeDraft(ctx, d, MaxTypeDrafts, audit.With(s.draftEvent(ctx, "license.type_draft_begun", d, now)))
	if errors.Is(err, ErrFull) {
		return d, fault.Wrap(err, fault.TypeDraftLimit, "most", strconv.Itoa(MaxTypeDrafts))
	}
	return d, storeFault(err, "store draft of type")
}

// take puts files into a draft that are those of a package by name, size and encoding.
func (d *TypeDraft) take(files map[string][]byte) error {
	_, err := catalog.Default().Read(files)
	var wrong []error
	for _, one := range catalog.Faults(err) {
		if one.Code == catalog.FaultFiles {
			wrong = append(wrong, one)
		}
	}
	if len(wrong) > 0 {
		return fault.Wrap(errors.Join(wrong...), fault.TypePackage)
	}
	d.Code = ""
	var named struct {
		Code string `json:"code"`
	}
	if json.Unmarshal(files[catalog.FileType], &named) == nil && len(named.Code) <= maxTypeCode { // what is no JSON is told when it is checked
		d.Code = named.Code
	}
	if d.Files, err = encodeFiles(files); err != nil {
		return fmt.Errorf("encode draft: %w", err)
	}
	return nil
}

func (s *Service) draftEvent(ctx context.Context, kind string, d TypeDraft, at time.Time) audit.Event {
	e := s.event(ctx, kind, d.ID, at, "code", d.Code, "revision", strconv.FormatInt(d.Revision, 10))
	e.ObjectType = "license_type_draft"
	return e
}

// TypeDrafts is a page of the caller's drafts, by id.
func (s *Service) TypeDrafts(ctx context.Context, after string, limit int) ([]TypeDraft, error) {
	actor, err := requireTypes(ctx)
	if err != nil {
		return nil, err
	}
	list, err := s.cfg.Store.TypeDraftsOf(ctx, actor.ID, after, limit)
	return list, storeFault(err, "list drafts of types")
}

// TypeDraft is a draft of the caller; one of somebody else is not there.
func (s *Service) TypeDraft(ctx context.Context, id string) (TypeDraft, error) {
	actor, err := requireTypes(ctx)
	if err != nil {
		return TypeDraft{}, err
	}
	d, err := s.cfg.Store.FindTypeDraft(ctx, id)
	if err == nil && d.Owner != actor.ID {
		err = ErrNotFound
	}
	if err != nil {
		return TypeDraft{}, storeFault(err, "find draft of type")
	}
	return d, nil
}

// draftAt is a draft of the caller as it was read; fault.TypeDraftChanged where it changed since.
func (s *Service) draftAt(ctx context.Context, id string, revision int64) (TypeDraft, error) {
	d, err := s.TypeDraft(ctx, id)
	if err == nil && d.Revision != revision {
		err = fault.New(fault.TypeDraftChanged)
	}
	return d, err
}

// ChangeTypeDraft stores other files in a draft whose revision was read.
func (s *Service) ChangeTypeDraft(ctx context.Context, id string, revision int64, files map[string][]byte) (TypeDraft, error) {
	d, err := s.draftAt(ctx, id, revision)
	if err != nil {
		return d, err
	}
	if err := d.take(files); err != nil {
		return d, err
	}
	d.UpdatedAt = s.now()
	changed := d
	changed.Revision++
	if err := s.cfg.Store.ChangeTypeDraft(ctx, d, audit.With(s.draftEvent(ctx, "license.type_draft_changed", changed, d.UpdatedAt))); err != nil {
		return d, draftFault(err, "store draft of type")
	}
	return changed, nil
}

// DropTypeDraft ends a draft whose revision was read.
func (s *Service) DropTypeDraft(ctx context.Context, id string, revision int64) error {
	d, err := s.draftAt(ctx, id, revision)
	if err != nil {
		return err
	}
	return draftFault(s.cfg.Store.DropTypeDraft(ctx, id, revision, audit.With(s.draftEvent(ctx, "license.type_draft_dropped", d, s.now()))), "drop draft of type")
}

// CheckTypeDraft judges a draft as CheckType does.
func (s *Service) CheckTypeDraft(ctx context.Context, d TypeDraft) (CheckedType, error) {
	files, err := d.Package()
	if err != nil {
		return CheckedType{}, err
	}
	return s.CheckType(ctx, files)
}

// ProposeTypeDraft proposes a draft whose revision was read as PublishType does, and ends it. Where the end fails, the proposal stands, and
// the same call gives it again.
func (s *Service) ProposeTypeDraft(ctx context.Context, id string, revision int64) (TypeVersion, error) {
	d, err := s.draftAt(ctx, id, revision)
	if err != nil {
		return TypeVersion{}, err
	}
	files, err := d.Package()
	if err != nil {
		return TypeVersion{}, err
	}
	v, _, err := s.PublishType(ctx, files)
	if err != nil {
		return v, err
	}
	return v, s.DropTypeDraft(ctx, id, revision)
}

// DrawTypeDraft draws a page of a draft with data of a kind, as licences are made. fault.TypePackage wraps what is wrong with the package,
// facedesign.ErrDraw, or an error of the maker, such as *licenseface.UndrawableError.
func (s *Service) DrawTypeDraft(ctx context.Context, d TypeDraft, data facedesign.Data, page int) (facedesign.Drawing, error) {
	if _, err := requireTypes(ctx); err != nil {
		return facedesign.Drawing{}, err
	}
	files, err := d.Package()
	if err != nil {
		return facedesign.Drawing{}, err
	}
	t, err := catalog.Default().Read(files)
	if err != nil {
		return facedesign.Drawing{}, fault.Wrap(err, fault.TypePackage)
	}
	drawing, err := facedesign.Draw(s.cfg.Maker, t, facedesign.Values(t, data), page)
	if err != nil {
		return drawing, fault.Wrap(err, fault.TypePackage)
	}
	return drawing, nil
}

func draftFault(err error, doing string) error {
	if errors.Is(err, ErrStale) {
		return fault.Wrap(err, fault.TypeDraftChanged)
	}
	return storeFault(err, doing)
}
