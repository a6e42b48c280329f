package elicense

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/elicense/translog"
	"github.com/yinxin-gov/yinxin/elicense/typepackage"
	"github.com/yinxin-gov/yinxin/elicense/typetrial"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
)

// RoleTypes publishes, confirms and retires licence types.
const RoleTypes = "security_admin"

// TypeState is the state of a version of a type that is not built in.
type TypeState string

// States. A published version is in force, not yet effective, superseded or retired, which its dates and the other versions tell.
const (
	TypeProposed  TypeState = "proposed"
	TypePublished TypeState = "published"
	TypeRefused   TypeState = "refused"
)

// TypeVersion is a version of a licence type as it is kept.
type TypeVersion struct {
	ID            string // "typ_…"
	Code          string
	Version       int
	State         TypeState
	Template      string // SM3 of the package, in hex: what a decision is about
	EffectiveDate string // YYYYMMDD
	Files         []byte // of the package, JSON by name
	ProposedBy    string
	ProposedAt    time.Time
	DecidedBy     string
	DecidedAt     time.Time
	Reason        string // of whoever refused it
}

// TypeRetirement ends the making of licences by the versions of a code up to one.
type TypeRetirement struct {
	Code    string
	Version int
	By      string
	At      time.Time
	Reason  string
}

// Types keeps versions of types. Each change is one transaction with the signed package, the entries of the log and the record.
type Types interface {
	// AddType stores a version; ErrStale where its number is proposed or published.
	AddType(ctx context.Context, v TypeVersion, inUse *TypeInUse, entries []LogEntry, record audit.Record) error
	// DecideType stores state, decision and reason of a version that is proposed; ErrStale where it is not.
	DecideType(ctx context.Context, v TypeVersion, inUse *TypeInUse, entries []LogEntry, record audit.Record) error
	FindType(ctx context.Context, id string) (TypeVersion, error)
	// TypesIn is a page of the versions in a state, by id, behind the id after.
	TypesIn(ctx context.Context, state TypeState, after string, limit int) ([]TypeVersion, error)
	// RetireType stores a retirement; ErrStale where that version is retired.
	RetireType(ctx context.Context, r TypeRetirement, record audit.Record) error
	// RetiredTypes gives for each retired code up to which version it is.
	RetiredTypes(ctx context.Context) (map[string]int, error)
	// TypesRevision changes whenever a version is published or a code is retired.
	TypesRevision(ctx context.Context) (int64, error)
	TypeDrafts
}

// TypeInUse is stored with a version that comes into use.
type TypeInUse struct {
	Package Published
	// After is the newest stored version of the code that the new one was judged beside, 0 where there was none. ErrStale where another one came
	// into use since: two nodes could else bring versions into use at one moment that were never judged beside each other.
	After int
}

// TopicType tells that a type was published or retired.
const TopicType = "license.type_changed"

// TypeNotice is the payload of TopicType.
type TypeNotice struct {
	Code    string    `json:"license_type_code"`
	Version int       `json:"version"`
	Event   string    `json:"event"` // published | retired
	At      time.Time `json:"at"`
}

// How long a signed package is good before it is signed anew, at half of it.
const typeLife = 365 * 24 * time.Hour

// typePage bounds what is read at once.
const typePage = 100

const typePrefix = "type-"

// TypeObject is the name of the signed package of a version among the published objects.
func TypeObject(code string, version int) string {
	return typePrefix + code + "-" + strconv.Itoa(version)
}

// typeSet is what a node knows of types at one moment.
type typeSet struct {
	revision int64
	day      string
	catalog  *catalog.Catalog
	versions []TypeVersion // published, by id
	packages []*typepackage.Package
}

// types are the licence types that a node knows; the first are those built in.
type types struct {
	now   atomic.Pointer[typeSet]
	mutex sync.Mutex // one refresh at a time
}

// Types is the catalogue as of now: what is built in and what was published, with the versions in force on this day.
func (s *Service) Types() *catalog.Catalog {
	if known := s.types.now.Load(); known != nil {
		return known.catalog
	}
	return catalog.Default()
}

// typeOf is the version by which a licence is made and shown.
func (s *Service) typeOf(l License) (*catalog.Type, bool) {
	types := s.Types()
	if l.Template != "" {
		if t, ok := types.Version(l.TypeCode, l.Template); ok {
			return t, true
		}
	}
	return types.Find(l.TypeCode)
}

// TypeOf is the version of the type by which a licence is shown; nil where this node does not know it.
func (s *Service) TypeOf(l License) *catalog.Type {
	t, _ := s.typeOf(l)
	return t
}

// RefreshTypes reads what was published or retired since, also by other nodes, and puts in force what is effective from this day. Call it
// before anything else at start, and every few seconds.
func (s *Service) RefreshTypes(ctx context.Context) error {
	s.types.mutex.Lock()
	defer s.types.mutex.Unlock()
	revision, err := s.cfg.Store.TypesRevision(ctx)
	if err != nil {
		return storeFault(err, "read revision of types")
	}
	day := catalog.Day(s.now())
	before := s.types.now.Load()
	if before != nil && before.revision == revision && before.day == day {
		return nil
	}
	next, err := s.readTypes(ctx, before)
	if err != nil {
		return err
	}
	next.revision, next.day = revision, day
	next.catalog = catalog.Default().With(day, next.further)
	s.types.now.Store(&next.typeSet)
	return nil
}

type readTypes struct {
	typeSet
	further catalog.Further
}

func (s *Service) readTypes(ctx context.Context, before *typeSet) (next readTypes, err error) {
	known := map[string]*catalog.Type{}
	if before != nil {
		for _, code := range before.catalog.Codes() {
			for _, t := range before.catalog.Versions(code) {
				known[t.TemplateID()] = t
			}
		}
	}
	if next.further.Retired, err = s.cfg.Store.RetiredTypes(ctx); err != nil {
		return next, storeFault(err, "list retired types")
	}
	for after := ""; ; {
		page, err := s.cfg.Store.TypesIn(ctx, TypePublished, after, typePage)
		if err != nil {
			return next, storeFault(err, "list types")
		}
		for _, v := range page {
			t, ok := known[v.Template]
			if !ok {
				if t, err = v.Type(); err != nil {
					return next, err
				}
			}
			next.versions, next.further.Types = append(next.versions, v), append(next.further.Types, t)
			p, err := s.cfg.Store.FindPublished(ctx, TypeObject(v.Code, v.Version))
			if err != nil {
				return next, storeFault(err, "find signed type")
			}
			opened, err := typepackage.Open(p.Content)
			if err != nil {
				return next, fmt.Errorf("open signed type %s: %w", p.Name, err)
			}
			next.packages = append(next.packages, opened)
		}
		if len(page) < typePage {
			return next, nil
		}
		after = page[len(page)-1].ID
	}
}

// Type reads the package of a version and shows that it is the one of its digest.
func (v TypeVersion) Type() (*catalog.Type, error) {
	files, err := decodeFiles(v.Files)
	if err != nil {
		return nil, fmt.Errorf("read type %s: %w", v.ID, err)
	}
	t, err := catalog.Default().Read(files)
	if err != nil {
		return nil, fmt.Errorf("read type %s: %w", v.ID, err)
	}
	if t.TemplateID() != v.Template || t.Code != v.Code || t.Row.Version != v.Version {
		return nil, fmt.Errorf("read type %s: it is not the one that was stored", v.ID)
	}
	return t, nil
}

func newTypeVersion(t *catalog.Type) (TypeVersion, error) {
	files, err := encodeFiles(t.Files())
	return TypeVersion{Code: t.Code, Version: t.Row.Version, Template: t.TemplateID(), EffectiveDate: t.Row.EffectiveDate, Files: files}, err
}

// encodeFiles writes the files of a package down as they are stored.
func encodeFiles(files map[string][]byte) ([]byte, error) {
	texts := map[string]string{}
	for name, content := range files {
		texts[name] = string(content)
	}
	return json.Marshal(texts)
}

func decodeFiles(stored []byte) (map[string][]byte, error) {
	var texts map[string]string
	if err := json.Unmarshal(stored, &texts); err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for name, text := range texts {
		files[name] = []byte(text)
	}
	return files, nil
}

// requireTypes is for those who decide on types: all areas work with them, so that the role in a part is not enough.
func requireTypes(ctx context.Context) (reqctx.Actor, error) {
	actor, err := require(ctx, RoleTypes)
	if err == nil && !actor.Reaches("", RoleTypes) {
		err = fault.New(fault.Forbidden)
	}
	return actor, err
}

// CheckedType is what CheckType found out about a package.
type CheckedType struct {
	Type    *catalog.Type
	Trial   *typetrial.Outcome
	Against *catalog.Type // the version that it comes after; nil for the first
	Changes []catalog.Change
	// Proposed are versions of the code that wait for a decision.
	Proposed []TypeVersion
}

// CheckType judges a package as Publish would, and changes nothing: its files, its numbers beside all earlier versions, whether its sample can
// be drawn, sealed and judged valid, and what it changes. fault.TypePackage wraps what is wrong, see catalog.Faults.
func (s *Service) CheckType(ctx context.Context, files map[string][]byte) (CheckedType, error) {
	if _, err := requireTypes(ctx); err != nil {
		return CheckedType{}, err
	}
	if err := s.RefreshTypes(ctx); err != nil {
		return CheckedType{}, err
	}
	t, err := catalog.Default().Read(files)
	if err != nil {
		return CheckedType{}, fault.Wrap(err, fault.TypePackage)
	}
	c := CheckedType{Type: t}
	earlier := s.Types().Versions(t.Code)
	if err := t.CheckAgainst(earlier); err != nil {
		return c, fault.Wrap(err, fault.TypePackage)
	}
	if len(earlier) > 0 {
		c.Against = earlier[len(earlier)-1]
		c.Changes = t.Diff(c.Against)
		if t.Row.EffectiveDate < c.Against.Row.EffectiveDate {
			return c, fault.Wrap(&catalog.Fault{File: catalog.FileRow, Place: "effective_date", Code: catalog.FaultReuse, Text: "is before that of version " + strconv.Itoa(c.Against.Row.Version)}, fault.TypePackage)
		}
	}
	tried := t
	if t.Row.Status == catalog.StatusDraft { // nobody takes a draft, so that it is tried as what it would be
		if tried, err = catalog.Default().Read(catalog.WithRow(files, "status", catalog.StatusPublished)); err != nil {
			return c, fault.Wrap(err, fault.TypePackage)
		}
	}
	if c.Trial, err = typetrial.Run(s.cfg.Rand, s.cfg.Maker, tried); err != nil {
		return c, fault.Wrap(err, fault.TypePackage)
	}
	for after := ""; ; {
		page, err := s.cfg.Store.TypesIn(ctx, TypeProposed, after, typePage)
		if err != nil {
			return c, storeFault(err, "list types")
		}
		for _, v := range page {
			if v.Code == t.Code {
				c.Proposed = append(c.Proposed, v)
			}
		}
		if len(page) < typePage {
			return c, nil
		}
		after = page[len(page)-1].ID
	}
}

// PublishType checks a package and proposes it; another administrator confirms it, unless one is enough here. The same package again gives
// the proposal that waits.
func (s *Service) PublishType(ctx context.Context, files map[string][]byte) (TypeVersion, CheckedType, error) {
	actor, err := requireTypes(ctx)
	if err != nil {
		return TypeVersion{}, CheckedType{}, err
	}
	c, err := s.CheckType(ctx, files)
	if err != nil {
		return TypeVersion{}, c, err
	}
	if c.Type.Row.Status != catalog.StatusPublished {
		return TypeVersion{}, c, fault.Wrap(&catalog.Fault{File: catalog.FileRow, Place: "status", Code: catalog.FaultRow, Text: "is draft; a package that is published says so"}, fault.TypePackage)
	}
	if i := slices.IndexFunc(c.Proposed, func(v TypeVersion) bool { return v.Template == c.Type.TemplateID() }); i >= 0 {
		return c.Proposed[i], c, nil
	}
	v, err := newTypeVersion(c.Type)
	if err != nil {
		return v, c, fmt.Errorf("encode type: %w", err)
	}
	now := s.now()
	v.ID, v.State, v.ProposedBy, v.ProposedAt = ident.New(s.cfg.Rand, "typ"), TypeProposed, actor.ID, now
	record := audit.With(s.typeEvent(ctx, "license.type_proposed", v, now))
	var inUse *TypeInUse
	var entries []LogEntry
	if !s.cfg.TypesByTwo {
		v.State, v.DecidedBy, v.DecidedAt = TypePublished, actor.ID, now
		if inUse, entries, record, err = s.intoUse(ctx, v, c.Type, now); err != nil {
			return v, c, err
		}
	}
	if err := s.cfg.Store.AddType(ctx, v, inUse, entries, record); err != nil {
		return v, c, typeFault(err, "store type")
	}
	return v, c, s.RefreshTypes(ctx)
}

// ConfirmType brings a proposed version into use. template is that of what was read; whoever proposed it does not confirm it.
func (s *Service) ConfirmType(ctx context.Context, id, template string) (TypeVersion, error) {
	v, actor, err := s.proposedType(ctx, id, template)
	if err != nil {
		return v, err
	}
	if actor.ID == v.ProposedBy {
		return v, fault.New(fault.LicenseFourEyes)
	}
	t, err := v.Type()
	if err != nil {
		return v, err
	}
	if err := s.RefreshTypes(ctx); err != nil {
		return v, err
	}
	// Another version may have come into use since it was proposed.
	if err := t.CheckAgainst(s.Types().Versions(t.Code)); err != nil {
		return v, fault.Wrap(err, fault.TypePackage)
	}
	now := s.now()
	v.State, v.DecidedBy, v.DecidedAt = TypePublished, actor.ID, now
	inUse, entries, record, err := s.intoUse(ctx, v, t, now)
	if err != nil {
		return v, err
	}
	if err := s.cfg.Store.DecideType(ctx, v, inUse, entries, record); err != nil {
		return v, typeFault(err, "store decision on type")
	}
	return v, s.RefreshTypes(ctx)
}

// RefuseType ends a proposal without a change; whoever proposed it may take it back so.
func (s *Service) RefuseType(ctx context.Context, id, template, reason string) (TypeVersion, error) {
	v, actor, err := s.proposedType(ctx, id, template)
	if err != nil {
		return v, err
	}
	if reason == "" || len([]rune(reason)) > 500 {
		return v, fault.New(fault.Invalid).WithField("reason", fault.LicenseFieldMissing)
	}
	now := s.now()
	v.State, v.DecidedBy, v.DecidedAt, v.Reason = TypeRefused, actor.ID, now, reason
	return v, typeFault(s.cfg.Store.DecideType(ctx, v, nil, nil, audit.With(s.typeEvent(ctx, "license.type_refused", v, now))), "store decision on type")
}

// proposedType reads a version that waits, for somebody who may decide on it.
func (s *Service) proposedType(ctx context.Context, id, template string) (TypeVersion, reqctx.Actor, error) {
	actor, err := requireTypes(ctx)
	if err != nil {
		return TypeVersion{}, actor, err
	}
	v, err := s.cfg.Store.FindType(ctx, id)
	switch {
	case err != nil:
		return v, actor, storeFault(err, "find type")
	case v.State != TypeProposed || v.Template != template:
		return v, actor, fault.New(fault.TypeState)
	}
	return v, actor, nil
}

// RetireType ends the making of licences of a code. Those that were made are judged and shown as before; a newer version brings the type
// back.
func (s *Service) RetireType(ctx context.Context, code, reason string) error {
	actor, err := requireTypes(ctx)
	if err != nil {
		return err
	}
	if err := s.RefreshTypes(ctx); err != nil {
		return err
	}
	versions := s.Types().Versions(code)
	if len(versions) == 0 {
		return fault.New(fault.LicenseTypeUnknown)
	}
	if reason == "" || len([]rune(reason)) > 500 {
		return fault.New(fault.Invalid).WithField("reason", fault.LicenseFieldMissing)
	}
	now := s.now()
	r := TypeRetirement{Code: code, Version: versions[len(versions)-1].Row.Version, By: actor.ID, At: now, Reason: reason}
	e := s.typeEvent(ctx, "license.type_retired", TypeVersion{Code: code, Version: r.Version, Reason: reason}, now)
	if err := s.cfg.Store.RetireType(ctx, r, audit.With(e).And(typeMessage(code, r.Version, "retired", now))); err != nil {
		return typeFault(err, "store retirement of type")
	}
	return s.RefreshTypes(ctx)
}

// ProposedTypes is a page of the versions that wait for a decision, by id.
func (s *Service) ProposedTypes(ctx context.Context, after string, limit int) ([]TypeVersion, error) {
	if _, err := requireTypes(ctx); err != nil {
		return nil, err
	}
	list, err := s.cfg.Store.TypesIn(ctx, TypeProposed, after, limit)
	return list, storeFault(err, "list types")
}

// ProposedType is a version that waits, with its type and what it changes.
func (s *Service) ProposedType(ctx context.Context, id string) (TypeVersion, CheckedType, error) {
	if _, err := requireTypes(ctx); err != nil {
		return TypeVersion{}, CheckedType{}, err
	}
	v, err := s.cfg.Store.FindType(ctx, id)
	if err != nil {
		return v, CheckedType{}, storeFault(err, "find type")
	}
	t, err := v.Type()
	if err != nil {
		return v, CheckedType{}, err
	}
	c := CheckedType{Type: t}
	earlier := slices.DeleteFunc(s.Types().Versions(t.Code), func(old *catalog.Type) bool { return old.Row.Version >= t.Row.Version })
	if len(earlier) > 0 {
		c.Against = earlier[len(earlier)-1]
		c.Changes = t.Diff(c.Against)
	}
	return v, c, nil
}

// TypePreview draws the first page of the sample of a version as PNG, sealed with a test seal that is thrown away.
func (s *Service) TypePreview(ctx context.Context, id string) ([]byte, error) {
	_, c, err := s.ProposedType(ctx, id)
	if err != nil {
		return nil, err
	}
	trial, err := typetrial.Run(s.cfg.Rand, s.cfg.Maker, c.Type)
	if err != nil {
		return nil, fault.Wrap(err, fault.TypePackage)
	}
	return trial.Preview, nil
}

// typeFault tells that a version is not in the state any more in which it was read.
func typeFault(err error, doing string) error {
	if errors.Is(err, ErrStale) {
		return fault.Wrap(err, fault.TypeState)
	}
	return storeFault(err, doing)
}

func (s *Service) typeEvent(ctx context.Context, kind string, v TypeVersion, at time.Time) audit.Event {
	details := []string{"version", strconv.Itoa(v.Version), "template", v.Template, "effective", v.EffectiveDate}
	if v.Reason != "" {
		details = append(details, "reason", v.Reason)
	}
	if v.ProposedBy != "" {
		details = append(details, "proposed_by", v.ProposedBy)
	}
	e := s.event(ctx, kind, v.Code, at, details...)
	e.ObjectType = "license_type"
	return e
}

func typeMessage(code string, version int, event string, at time.Time) audit.Message {
	payload, err := json.Marshal(TypeNotice{code, version, event, at})
	if err != nil {
		panic(err) // strings, a number and a time only
	}
	return audit.Message{Topic: TopicType, Key: code, Payload: payload}
}

// intoUse signs the package of a version that was judged beside those that this node knows, and makes what is stored with its decision.
func (s *Service) intoUse(ctx context.Context, v TypeVersion, t *catalog.Type, now time.Time) (*TypeInUse, []LogEntry, audit.Record, error) {
	record := audit.With(s.typeEvent(ctx, "license.type_published", v, now)).And(typeMessage(v.Code, v.Version, "published", now))
	p, _, entries, err := s.sign(ctx, TypeObject(v.Code, v.Version), keys.UsageTrustList, typeLife, signType(t))
	if err != nil {
		return nil, nil, record, storeFault(err, "sign type")
	}
	entry, err := openEntry(translog.KindTemplate, t.Code, 0, t.Digest, now)
	inUse := &TypeInUse{Package: p}
	for _, known := range s.typeVersions() {
		if known.Code == v.Code {
			inUse.After = max(inUse.After, known.Version)
		}
	}
	return inUse, append(entries, entry), record, err
}

func signType(t *catalog.Type) signedObject {
	return func(number uint64, now, _ time.Time, chain [][]byte, sign statuslist.SignFunc) ([]byte, error) {
		return typepackage.Sign(t, number, now, chain, sign)
	}
}

// publishType signs the package of a published version anew.
func (s *Service) publishType(ctx context.Context, v TypeVersion) error {
	t, err := v.Type()
	if err != nil {
		return err
	}
	return s.publish(ctx, TypeObject(v.Code, v.Version), keys.UsageTrustList, typeLife, signType(t))
}

// typeVersions are the published versions, for those who sign and hand them out.
func (s *Service) typeVersions() []TypeVersion {
	if known := s.types.now.Load(); known != nil {
		return known.versions
	}
	return nil
}

func (s *Service) typePackages() []*typepackage.Package {
	if known := s.types.now.Load(); known != nil {
		return known.packages
	}
	return nil
}
