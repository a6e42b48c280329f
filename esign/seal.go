// Package esign is the domain of seals (电子印章): their life from application to revocation, and the pipeline that stamps
// a document: planned → signed → stored. Formats are read and written by its leaves; storage and HTTP adapt to it.
package esign

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/yinxin-gov/yinxin/esign/sealimage"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/esign/verify"
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
}

// StampState of a stamp.
type StampState string

// States of a stamp. A planned one released no signature yet.
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
	Page      int
	XMM, YMM  float64
	CreatedAt time.Time
	LeaseTo   time.Time
}

// Errors of stores.
var (
	ErrNotFound = errors.New("esign: not found")
	ErrChanged  = errors.New("esign: the row was changed meanwhile")
	ErrExists   = errors.New("esign: a stamp with this key exists")
)

// Store keeps seals and stamps; sealdb implements it. Every change is stored with its audit record.
type Store interface {
	AddSeal(ctx context.Context, s Seal, record audit.Record) error
	Seal(ctx context.Context, id string) (Seal, error)
	SealByCode(ctx context.Context, code string) (Seal, error)
	Seals(ctx context.Context, after string, limit int) ([]Seal, error)
	// UpdateSeal stores the seal if its state is still the one given; ErrChanged.
	UpdateSeal(ctx context.Context, s Seal, from State, record audit.Record) error
	// PlanStamp stores a planned stamp if the seal is active in the same transaction; ErrChanged when it is not, ErrExists
	// when the requester used the key before.
	PlanStamp(ctx context.Context, s Stamp, record audit.Record) error
	StampByKey(ctx context.Context, requester, key string) (Stamp, error)
	// SettleStamp moves a planned stamp; ErrChanged when it is no longer planned under the lease given.
	SettleStamp(ctx context.Context, s Stamp, record audit.Record) error
	// TakeOver gives a planned stamp a new lease if the old one is over; ErrChanged when somebody else holds it.
	TakeOver(ctx context.Context, id string, now, lease time.Time) error
	PlannedBefore(ctx context.Context, now time.Time, limit int) ([]Stamp, error)
	Stamps(ctx context.Context, sealID, after string, limit int) ([]Stamp, error)
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
	// MakerName is the organisation in the seal maker's certificate.
	MakerName string
}

// Service is the seal room.
type Service struct{ cfg Config }

// New checks the configuration.
func New(cfg Config) (*Service, error) {
	if cfg.Store == nil || cfg.Keys == nil || cfg.Authority == nil || cfg.Blobs == nil || cfg.Trust == nil || cfg.Now == nil || cfg.Rand == nil {
		return nil, errors.New("esign: a dependency is missing")
	}
	return &Service{cfg}, nil
}

// Roles of staff.
const (
	RoleKeeper   = "seal_keeper"
	RoleReviewer = "seal_reviewer"
	RoleMaker    = "seal_maker"
)

func require(ctx context.Context, role string) (reqctx.Actor, error) {
	actor := reqctx.From(ctx).Actor
	if actor.ID == "" {
		return actor, fault.New(fault.Unauthenticated)
	}
	if !actor.Has(role) {
		return actor, fault.New(fault.Forbidden)
	}
	return actor, nil
}

func (s *Service) event(ctx context.Context, kind, objectType, id string, details map[string]string) audit.Event {
	request := reqctx.From(ctx)
	actor := request.Actor.ID
	if actor == "" {
		actor = "system:esign"
	}
	return audit.Event{Type: kind, At: s.cfg.Now(), Actor: actor, ActingFor: request.Actor.ActingFor, ObjectType: objectType, ObjectID: id, RequestID: request.ID, Details: details}
}

var sealCode = regexp.MustCompile(`^\d{14}$`)

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
	actor, err := require(ctx, RoleKeeper)
	if err != nil {
		return Seal{}, err
	}
	if a.Years == 0 {
		a.Years = 5
	}
	if !sealCode.MatchString(a.Code) || a.Years < 1 || a.Years > 10 {
		return Seal{}, fault.New(fault.SealUnfit, "why", "code or validity")
	}
	if _, err := sealimage.Draw(sealimage.Spec{Name: a.Owner, Line: a.Line, Code: a.Code, DiameterMM: a.DiameterMM}); err != nil {
		return Seal{}, fault.Wrap(err, fault.SealUnfit, "why", err.Error())
	}
	if _, err := s.cfg.Store.SealByCode(ctx, a.Code); err == nil {
		return Seal{}, fault.New(fault.Conflict)
	} else if !errors.Is(err, ErrNotFound) {
		return Seal{}, fault.Wrap(err, fault.Unavailable)
	}
	now := s.cfg.Now().UTC().Truncate(time.Second)
	seal := Seal{ID: ident.New(s.cfg.Rand, "seal"), Code: a.Code, Name: a.Owner + a.Line, Owner: a.Owner, OwnerCode: a.OwnerCode, Line: a.Line, DiameterMM: a.DiameterMM,
		State: Applied, Applicant: actor.ID, ValidFrom: now, ValidTo: now.AddDate(a.Years, 0, 0), CreatedAt: now, UpdatedAt: now}
	return seal, s.cfg.Store.AddSeal(ctx, seal, audit.With(s.event(ctx, "seal.applied", "seal", seal.ID, map[string]string{"code": a.Code})))
}

// move changes the state of a seal.
func (s *Service) move(ctx context.Context, id, role string, from []State, to State, reason string, check func(seal *Seal, actor reqctx.Actor) error) (Seal, error) {
	actor, err := require(ctx, role)
	if err != nil {
		return Seal{}, err
	}
	seal, err := s.find(ctx, id)
	if err != nil {
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
	seal.State, seal.UpdatedAt, seal.StatusReason = to, s.cfg.Now().UTC().Truncate(time.Second), reason
	e := s.event(ctx, "seal."+string(to), "seal", seal.ID, nil)
	e.Reason = reason
	err = s.cfg.Store.UpdateSeal(ctx, seal, old, audit.With(e))
	if errors.Is(err, ErrChanged) {
		return Seal{}, fault.Wrap(err, fault.Conflict)
	}
	return seal, err
}

func (s *Service) find(ctx context.Context, id string) (Seal, error) {
	seal, err := s.cfg.Store.Seal(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return seal, fault.New(fault.NotFound)
	}
	if err != nil {
		return seal, fault.Wrap(err, fault.Unavailable)
	}
	return seal, nil
}

// Approve reviews an application; the applicant may not.
func (s *Service) Approve(ctx context.Context, id string) (Seal, error) {
	return s.move(ctx, id, RoleReviewer, []State{Applied}, Approved, "", func(seal *Seal, actor reqctx.Actor) error {
		if actor.ID == seal.Applicant {
			return fault.New(fault.SealSamePerson)
		}
		seal.Reviewer = actor.ID
		return nil
	})
}

// Make draws the picture, makes the signer's key and certificate, and has the maker sign the seal (GB/T 38540-2020 6.2).
func (s *Service) Make(ctx context.Context, id string) (Seal, error) {
	return s.move(ctx, id, RoleMaker, []State{Approved}, Made, "", func(seal *Seal, actor reqctx.Actor) error {
		if actor.ID == seal.Applicant || actor.ID == seal.Reviewer {
			return fault.New(fault.SealSamePerson)
		}
		seal.Maker = actor.ID
		return s.build(ctx, seal)
	})
}

func (s *Service) build(ctx context.Context, seal *Seal) error {
	picture, err := sealimage.Draw(sealimage.Spec{Name: seal.Owner, Line: seal.Line, Code: seal.Code, DiameterMM: seal.DiameterMM})
	if err != nil {
		return fault.Wrap(err, fault.SealUnfit, "why", err.Error())
	}
	if seal.Picture, err = picture.PNG(); err != nil {
		return err
	}
	key, err := s.cfg.Keys.Ensure(ctx, keys.Spec{Usage: keys.UsageSealSigner, Algorithm: keys.SM2, Label: seal.ID})
	if err != nil {
		return unavailable(err)
	}
	cert, err := s.cfg.Authority.Issue(ctx, key, pki.ProfileSealSigner, pki.Subject{CommonName: seal.Code, Organization: seal.OwnerCode + seal.Owner}, "seal:"+seal.ID)
	if err != nil {
		return unavailable(err)
	}
	maker, makerCert, err := s.maker(ctx)
	if err != nil {
		return unavailable(err)
	}
	size := int(picture.SizeMM + 0.5)
	// The seal ends with its signer's certificate at the latest.
	if cert.NotAfter.Before(seal.ValidTo) {
		seal.ValidTo = cert.NotAfter
	}
	seal.ValidFrom = s.cfg.Now().UTC().Truncate(time.Second)
	seal.KeyID, seal.SignerCert = key.ID, cert.Raw
	seal.SES, err = ses.NewSeal(ses.SealInfo{
		Vid: "YINXIN", ESID: seal.Code, Type: 1, Name: seal.Name, SignerCerts: [][]byte{cert.Raw},
		CreateDate: seal.ValidFrom, ValidStart: seal.ValidFrom, ValidEnd: seal.ValidTo,
		Picture: ses.Picture{Type: "PNG", Data: seal.Picture, WidthMM: size, HeightMM: size},
	}, makerCert.Raw, func(message []byte) ([]byte, error) { return maker.SignMessage(ctx, message) })
	if err != nil {
		return fmt.Errorf("make seal: %w", err)
	}
	return nil
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

func unavailable(err error) error {
	if errors.Is(err, keys.ErrUnavailable) {
		return fault.Wrap(err, fault.Unavailable)
	}
	return err
}

// Activate puts a made seal into use.
func (s *Service) Activate(ctx context.Context, id string) (Seal, error) {
	return s.move(ctx, id, RoleKeeper, []State{Made}, Active, "", nil)
}

// Suspend stops a seal at once; what was sealed lawfully before stays valid.
func (s *Service) Suspend(ctx context.Context, id, reason string) (Seal, error) {
	return s.move(ctx, id, RoleKeeper, []State{Active}, Suspended, reason, nil)
}

// Resume puts a suspended seal back into use; the reviewer decides.
func (s *Service) Resume(ctx context.Context, id string) (Seal, error) {
	return s.move(ctx, id, RoleReviewer, []State{Suspended}, Active, "", nil)
}

// Revoke ends a seal for good.
func (s *Service) Revoke(ctx context.Context, id, reason string) (Seal, error) {
	return s.move(ctx, id, RoleReviewer, []State{Made, Active, Suspended}, Revoked, reason, nil)
}

// Find reads a seal.
func (s *Service) Find(ctx context.Context, id string) (Seal, error) { return s.find(ctx, id) }

// FindByCode reads a seal by its code.
func (s *Service) FindByCode(ctx context.Context, code string) (Seal, error) {
	seal, err := s.cfg.Store.SealByCode(ctx, code)
	if errors.Is(err, ErrNotFound) {
		return seal, fault.New(fault.NotFound)
	}
	return seal, err
}

// List gives a page of seals after a cursor.
func (s *Service) List(ctx context.Context, after string, limit int) ([]Seal, string, error) {
	seals, err := s.cfg.Store.Seals(ctx, after, limit+1)
	if err != nil {
		return nil, "", fault.Wrap(err, fault.Unavailable)
	}
	next := ""
	if len(seals) > limit {
		seals = seals[:limit]
		next = seals[limit-1].ID
	}
	return seals, next, nil
}
