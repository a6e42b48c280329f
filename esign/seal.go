// Package esign is the domain of seals (电子印章): their life from application to revocation, and the pipeline that stamps
// a document: planned → signed → stored. Formats are read and written by its leaves; storage and HTTP adapt to it.
package esign

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/esign/sealimage"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
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
	ID           string // our id
	Code         string // esID: 14 digits
	Name         string // name of the seal: owner and line
	Owner        string // organisation
	OwnerCode    string // unified social credit code
	Line         string // 行政审批专用章; empty for the organisation's own seal
	DiameterMM   float64
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
	StoppedBy    string // who suspended it; somebody else resumes it
	Area         string // path of the owner's area; empty where the tree does not know the owner
	Cause        Cause  // how it ended
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
	CreatedAt time.Time
	LeaseTo   time.Time // until then a planned stamp belongs to the process that planned it
	Approval  string    // the request under which it was allowed; empty where none was needed
	Rule      int64     // number of the seal's rule under which it is planned; no store gives it back
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
	// AddSeal stores an application; ErrExists when the code is taken.
	AddSeal(ctx context.Context, s Seal, record audit.Record) error
	Seal(ctx context.Context, id string) (Seal, error)
	SealByCode(ctx context.Context, code string) (Seal, error)
	// Seals lists seals of areas by code, beginning after the code given; those in one state, or in any when it is empty. The path of
	// an area stands for all below it, the empty one for every seal.
	Seals(ctx context.Context, areas []string, state State, after string, limit int) ([]Seal, error)
	// MoveOwner gives the seals of an owner another area; nothing is recorded where none has another one.
	MoveOwner(ctx context.Context, ownerCode, area string, record audit.Record) error
	// UpdateSeal stores the seal and its Change if its state is still the one given; ErrChanged.
	UpdateSeal(ctx context.Context, s Seal, from State, record audit.Record) error
	// PlanStamp stores a planned stamp; ErrInactive when the seal is not in use, ErrExists when the requester used the key
	// before.
	PlanStamp(ctx context.Context, s Stamp, record audit.Record) error
	StampByKey(ctx context.Context, requester, key string) (Stamp, error)
	// TakeOver plans a stamp again under the lease in s when nobody works on it: it is abandoned, or planned with a lease
	// that was over by now. ErrChanged when somebody does, or it is stored; ErrInactive when the seal is not in use.
	TakeOver(ctx context.Context, s Stamp, now time.Time, record audit.Record) error
	// Release ends the lease of a planned stamp early, so that its requester need not wait; ErrChanged when it is no longer
	// planned under the lease in s.
	Release(ctx context.Context, s Stamp, at time.Time) error
	// SettleStamp moves a planned stamp to its end; ErrChanged when it is no longer planned under the lease in s. A stamp
	// becomes stored only while the seal is in use; ErrInactive.
	SettleStamp(ctx context.Context, s Stamp, record audit.Record) error
	// PlannedBefore lists planned stamps whose lease was over by then, oldest lease first.
	PlannedBefore(ctx context.Context, now time.Time, limit int) ([]Stamp, error)
	// Stamps lists the uses of a seal, newest first, beginning after the position.
	Stamps(ctx context.Context, sealID string, after Position, limit int) ([]Stamp, error)
	Uses
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
	// MakerName is the organisation in the seal maker's certificate.
	MakerName string
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

// plain tells whether a text is one line of at most the given number of characters. Databases refuse NUL and broken
// UTF-8, and neither belongs into a record; a character that turns the direction of writing makes one read differently.
func plain(text string, limit int) bool {
	return utf8.ValidString(text) && utf8.RuneCountInString(text) <= limit && !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) })
}

// unavailable is the fault of a store, key provider or authority that did not answer as it should (503): nothing was
// lost and the caller may try again.
func unavailable(err error) error {
	if err == nil {
		return nil
	}
	return fault.Wrap(err, fault.Unavailable)
}

// Application asks for a seal.
type Application struct {
	Code       string
	Owner      string
	OwnerCode  string
	Line       string
	DiameterMM float64
	Years      int // validity; 5 when zero
}

// Apply stores an application after drawing it once, so that a name that cannot be drawn is told at once.
func (s *Service) Apply(ctx context.Context, a Application) (Seal, error) {
	actor, err := rested(require(ctx, RoleKeeper))
	if err != nil {
		return Seal{}, err
	}
	a.Owner, a.Line, a.OwnerCode = strings.TrimSpace(a.Owner), strings.TrimSpace(a.Line), strings.TrimSpace(a.OwnerCode)
	if a.Years == 0 {
		a.Years = 5
	}
	if err := a.validate(); err != nil {
		return Seal{}, err
	}
	area, err := s.areaOf(ctx, a.OwnerCode)
	if err != nil {
		return Seal{}, err
	}
	if !actor.Reaches(area, RoleKeeper) {
		return Seal{}, fault.New(fault.OutsideArea).WithField(fieldOwnerCode, fault.OutsideArea)
	}
	ctx = reqctx.UsingIn(ctx, area, RoleKeeper)
	now := s.now()
	seal := Seal{ID: ident.New(s.cfg.Rand, "seal"), Code: a.Code, Name: a.Owner + a.Line, Owner: a.Owner, OwnerCode: a.OwnerCode, Line: a.Line, DiameterMM: a.DiameterMM,
		State: Applied, Applicant: actor.ID, Area: area, ValidFrom: now, ValidTo: now.AddDate(a.Years, 0, 0), CreatedAt: now, UpdatedAt: now}
	err = s.cfg.Store.AddSeal(ctx, seal, audit.With(s.event(ctx, "seal.applied", "seal", seal.ID, map[string]string{"code": a.Code})))
	switch {
	case errors.Is(err, ErrExists):
		return Seal{}, fault.Wrap(err, fault.SealCodeTaken).WithField(fieldCode, fault.SealCodeTaken)
	case err != nil:
		return Seal{}, unavailable(err)
	}
	return seal, nil
}

// Wire names of what an application says.
const (
	fieldCode      = "seal_id"
	fieldOwner     = "owner"
	fieldOwnerCode = "owner_code"
	fieldLine      = "line"
	fieldDiameter  = "diameter_mm"
	fieldYears     = "years"
)

// validate tells all that is wrong with an application at once. What has the right form is drawn, since only that shows
// whether it fits.
func (a Application) validate() error {
	unfit := fault.New(fault.SealUnfit)
	for _, check := range []struct {
		field string
		right bool
	}{
		{fieldCode, sealCode.MatchString(a.Code)},
		{fieldOwner, a.Owner != "" && plain(a.Owner, maxOwner)},
		{fieldOwnerCode, a.OwnerCode == "" || isUSCC(a.OwnerCode)},
		{fieldLine, plain(a.Line, maxLine)},
		{fieldDiameter, a.DiameterMM == 0 || a.DiameterMM >= sealimage.MinDiameterMM && a.DiameterMM <= sealimage.MaxDiameterMM},
		{fieldYears, a.Years >= 1 && a.Years <= 10},
	} {
		if !check.right {
			unfit.WithField(check.field, fault.SealField)
		}
	}
	if len(unfit.Fields) > 0 {
		return unfit
	}
	_, err := draw(Seal{Code: a.Code, Owner: a.Owner, Line: a.Line, DiameterMM: a.DiameterMM})
	return err
}

func isUSCC(text string) bool {
	code, err := subject.ParseUSCC(text)
	return err == nil && string(code) == text
}

func (s *Service) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Second) }

// move changes the state of a seal.
func (s *Service) move(ctx context.Context, id, role string, from []State, to State, reason string, check func(seal *Seal, actor reqctx.Actor) error) (Seal, error) {
	return s.moveTo(ctx, id, role, from, to, Ending{Reason: reason}, check)
}

func (s *Service) moveTo(ctx context.Context, id, role string, from []State, to State, end Ending, check func(seal *Seal, actor reqctx.Actor) error) (Seal, error) {
	actor, err := require(ctx, role)
	if to != Suspended && to != Revoked {
		actor, err = rested(actor, err)
	}
	if err != nil {
		return Seal{}, err
	}
	seal, err := s.find(ctx, id)
	if err != nil {
		return Seal{}, err
	}
	if ctx, err = seal.in(ctx, role); err != nil {
		return Seal{}, err
	}
	old := seal.State
	allowed := false
	for _, state := range from {
		allowed = allowed || state == old
	}
	if !allowed {
		return Seal{}, fault.New(fault.SealState)
	}
	if check != nil {
		if err := check(&seal, actor); err != nil {
			return Seal{}, err
		}
	}
	seal.State, seal.UpdatedAt, seal.StatusReason, seal.Cause = to, s.now(), end.Reason, end.Cause
	seal.Change = seal.change(end, seal.UpdatedAt)
	e := s.event(ctx, "seal."+string(to), "seal", seal.ID, end.told())
	e.Reason = end.Reason
	err = s.cfg.Store.UpdateSeal(ctx, seal, old, s.orders(seal, audit.With(e)))
	seal.Change = nil
	switch {
	case errors.Is(err, ErrChanged):
		return Seal{}, fault.Wrap(err, fault.Conflict)
	case err != nil:
		return Seal{}, unavailable(err)
	}
	return seal, nil
}

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

// Approve reviews an application; the applicant may not.
func (s *Service) Approve(ctx context.Context, id string) (Seal, error) {
	return s.move(ctx, id, RoleReviewer, []State{Applied}, Approved, "", func(seal *Seal, actor reqctx.Actor) error {
		if seal.applied(actor.ID) {
			return fault.New(fault.SealSamePerson)
		}
		seal.Reviewer = actor.ID
		return nil
	})
}

// Make draws the picture, makes the signer's key and certificate, and has the maker sign the seal (GB/T 38540-2020 6.2).
func (s *Service) Make(ctx context.Context, id string) (Seal, error) {
	return s.move(ctx, id, RoleMaker, []State{Approved}, Made, "", func(seal *Seal, actor reqctx.Actor) error {
		if seal.decided(actor.ID) {
			return fault.New(fault.SealSamePerson)
		}
		seal.Maker = actor.ID
		return s.build(ctx, seal)
	})
}

func (s *Service) build(ctx context.Context, seal *Seal) error {
	picture, err := draw(*seal)
	if err != nil {
		return err
	}
	if seal.Picture, err = picture.PNG(); err != nil {
		return err
	}
	key, err := s.cfg.Keys.Ensure(ctx, keys.Spec{Usage: keys.UsageSealSigner, Algorithm: keys.SM2, Label: seal.ID})
	if err != nil {
		return keyFault(err)
	}
	cert, err := s.cfg.Authority.Issue(ctx, key, pki.ProfileSealSigner, pki.Subject{CommonName: seal.Code, Organization: seal.OwnerCode + seal.Owner}, "seal:"+seal.ID)
	if err != nil {
		return keyFault(err)
	}
	maker, makerCert, err := s.maker(ctx)
	if err != nil {
		return keyFault(err)
	}
	size := int(picture.SizeMM + 0.5)
	// The years asked for begin now, and the seal ends with its signer's certificate at the latest.
	years := seal.ValidTo.Year() - seal.ValidFrom.Year()
	seal.ValidFrom = s.now()
	seal.ValidTo = seal.ValidFrom.AddDate(years, 0, 0)
	if cert.NotAfter.Before(seal.ValidTo) {
		seal.ValidTo = cert.NotAfter.UTC()
	}
	seal.KeyID, seal.SignerCert = key.ID, cert.Raw
	seal.SES, err = ses.NewSeal(ses.SealInfo{
		Vid: "YINXIN", ESID: seal.Code, Type: 1, Name: seal.Name, SignerCerts: [][]byte{cert.Raw},
		CreateDate: seal.ValidFrom, ValidStart: seal.ValidFrom, ValidEnd: seal.ValidTo,
		Picture: ses.Picture{Type: "PNG", Data: seal.Picture, WidthMM: size, HeightMM: size},
	}, makerCert.Raw, func(message []byte) ([]byte, error) { return maker.SignMessage(ctx, message) })
	if err != nil {
		return keyFault(fmt.Errorf("make seal: %w", err))
	}
	// GB/T 38540-2020 6.2: nothing is put on record that would not verify.
	trust, err := s.trust(ctx)
	if err != nil {
		return err
	}
	if err := fit(*seal, trust); err != nil {
		return fault.Wrap(fmt.Errorf("verify the seal made: %w", err), fault.Internal)
	}
	return nil
}

// Preview is the picture of a seal: the one in its data, and before it is made the one that it will have.
func (s *Service) Preview(seal Seal) ([]byte, error) {
	if len(seal.Picture) > 0 {
		return seal.Picture, nil
	}
	picture, err := draw(seal)
	if err != nil {
		return nil, err
	}
	return picture.PNG()
}

func draw(seal Seal) (*sealimage.Picture, error) {
	picture, err := sealimage.Draw(sealimage.Spec{Name: seal.Owner, Line: seal.Line, Code: seal.Code, DiameterMM: seal.DiameterMM})
	if err != nil {
		return nil, fault.Wrap(err, fault.SealUnfit).WithField(fieldOwner, fault.SealDrawing)
	}
	return picture, nil
}

// keyFault tells what cannot succeed later, a key that does not serve this purpose or input that must not be signed, from
// everything else that key provider and authority answer: that they are away, that their register is, or a signature
// that does not verify (security row K-07).
func keyFault(err error) error {
	for _, final := range []error{keys.ErrUsage, keys.ErrNotFound, keys.ErrDestroyed, keys.ErrState, keys.ErrUnwrap, ses.ErrInput, pki.ErrTemplate} {
		if errors.Is(err, final) {
			return err
		}
	}
	return unavailable(err)
}

// maker is the platform's seal maker: signer and certificate.
func (s *Service) maker(ctx context.Context) (keys.Signer, *pki.Certificate, error) {
	spec := keys.Spec{Usage: keys.UsageSealMaker, Algorithm: keys.SM2}
	info, err := s.cfg.Keys.Ensure(ctx, spec)
	if err != nil {
		return nil, nil, err
	}
	signer, err := s.cfg.Keys.Signer(ctx, spec)
	if err != nil {
		return nil, nil, err
	}
	cert, err := s.cfg.Authority.Issue(ctx, info, pki.ProfileSealMaker, pki.Subject{CommonName: s.cfg.MakerName + " 制章", Organization: s.cfg.MakerName}, "seal_maker:"+info.ID)
	return signer, cert, err
}

// Activate puts a made seal into use.
func (s *Service) Activate(ctx context.Context, id string) (Seal, error) {
	return s.move(ctx, id, RoleKeeper, []State{Made}, Active, "", nil)
}

// Suspend stops a seal at once; what was sealed lawfully before stays valid. One person is enough.
func (s *Service) Suspend(ctx context.Context, id, reason string) (Seal, error) {
	return s.move(ctx, id, RoleKeeper, []State{Active}, Suspended, reason, func(seal *Seal, actor reqctx.Actor) error {
		seal.StoppedBy = actor.ID
		return needReason(reason)
	})
}

// Resume puts a suspended seal back into use; the reviewer decides, who must not be the one who stopped it.
func (s *Service) Resume(ctx context.Context, id string) (Seal, error) {
	return s.move(ctx, id, RoleReviewer, []State{Suspended}, Active, "", func(seal *Seal, actor reqctx.Actor) error {
		if actor.ID == seal.StoppedBy {
			return fault.New(fault.SealSamePerson)
		}
		seal.StoppedBy = ""
		return nil
	})
}

// Revoke ends a seal, or its application, for good.
func (s *Service) Revoke(ctx context.Context, id, reason string) (Seal, error) {
	return s.End(ctx, id, Ending{Reason: reason})
}

// End is Revoke with its cause. A seal that is lost may have been so for a while.
func (s *Service) End(ctx context.Context, id string, end Ending) (Seal, error) {
	return s.moveTo(ctx, id, RoleReviewer, []State{Applied, Approved, Made, Active, Suspended}, Revoked, end, func(seal *Seal, _ reqctx.Actor) error { return end.check(*seal, s.now()) })
}

func needReason(reason string) error {
	if strings.TrimSpace(reason) == "" || !plain(reason, maxReason) {
		return fault.New(fault.SealReason).WithField("reason", fault.SealReason)
	}
	return nil
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

// steps in the life of a seal that wait for somebody.
var steps = []reqctx.Step[State, Seal]{{State: Applied, Role: RoleReviewer, Barred: Seal.applied}, {State: Approved, Role: RoleMaker, Barred: Seal.decided}, {State: Made, Role: RoleKeeper}}

// applied and decided tell who may not go on with a seal: who applied for it, and who reviewed it besides.
func (seal Seal) applied(actor string) bool { return actor == seal.Applicant }
func (seal Seal) decided(actor string) bool { return actor == seal.Applicant || actor == seal.Reviewer }

// Waiting counts, among as many as the limit of each state, the seals with which the actor may take the next step.
func (s *Service) Waiting(ctx context.Context, limit int) ([]reqctx.Waiting[State], error) {
	return reqctx.CountWaiting(reqctx.From(ctx).Actor, steps, func(areas []string, state State) ([]Seal, error) {
		page, err := s.cfg.Store.Seals(ctx, areas, state, "", limit)
		return page, unavailable(err)
	})
}

// List gives a page of the seals of the own areas by code, after a cursor: those in one state, or all when it is empty. next is
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
	page, err = s.cfg.Store.Seals(ctx, actor.Reach(roles...), state, after, limit+1)
	if err != nil {
		return nil, "", unavailable(err)
	}
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].Code
	}
	return page, next, nil
}
