package staff

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// MaxTerm is how long a right may be given for; then somebody looks again.
const MaxTerm = 3 * 366 * 24 * time.Hour

// MaxRights of one holder that are in force.
const MaxRights = 50

// KindAppointment is the kind of proposals that give a right.
const KindAppointment = "staff.appointment"

// Right is a role for an area and all below it.
type Right struct {
	ID, Holder string // the holder is an actor
	Role       string
	Area, Path string // empty is everywhere
	From       time.Time
	Until      time.Time
	GrantedBy  string // actors who stand behind it
	Proposal   string // empty for one of a file of the operator
	Reason     string
	EndedAt    time.Time
	EndedBy    string
}

// At reports whether the right is in force at a time.
func (r Right) At(now time.Time) bool {
	return r.EndedAt.IsZero() && !now.Before(r.From) && (r.Until.IsZero() || now.Before(r.Until))
}

// Query selects rights, the newest first.
type Query struct {
	Holder string
	Path   string // that area and below
	Live   bool   // only those in force at At
	At     time.Time
	After  string
	Limit  int
}

// Errors of stores.
var (
	ErrNotFound = errors.New("staff: not found")
	ErrConflict = errors.New("staff: changed meanwhile")
	// ErrMixed: the holder has another role of the three administrators.
	ErrMixed = errors.New("staff: roles that nobody holds together")
	ErrMany  = errors.New("staff: too many rights")
)

// Store keeps areas, departments and rights; idpdb implements it. Each change is one transaction with its record.
type Store interface {
	// PutArea stores an area or another name of it; ErrConflict when its path is another one.
	PutArea(ctx context.Context, a Area, record audit.Record) error
	Area(ctx context.Context, code string) (Area, error)
	Areas(ctx context.Context, parent, after string, limit int) ([]Area, error)
	PutDepartment(ctx context.Context, d Department, record audit.Record) error
	Department(ctx context.Context, id string) (Department, error)
	Departments(ctx context.Context, path, after string, limit int) ([]Department, error)

	// GrantRight gives a right together with the settlement of its proposal, which may be nil. version is that of the holder's
	// rights as they were proposed, -1 for any: ErrConflict when it is another. ErrMixed, ErrMany.
	GrantRight(ctx context.Context, r Right, version int64, s *foureyes.Settlement, record audit.Record) error
	// EndRight ends a right that has not ended; ErrConflict.
	EndRight(ctx context.Context, r Right, by string, at time.Time, record audit.Record) error
	Right(ctx context.Context, id string) (Right, error)
	Rights(ctx context.Context, q Query) ([]Right, error)
	// HolderVersion changes with every right of a holder that is given or ended.
	HolderVersion(ctx context.Context, holder string) (int64, error)
}

// Config holds what the service needs.
type Config struct {
	Store  Store
	Engine *foureyes.Engine
	Now    func() time.Time
	Rand   io.Reader
	// Moved is told of every department that is applied, with the path of its area: what it owns lies there. nil tells nobody.
	Moved func(ctx context.Context, department, path string) error
	// Roles are those that a holder has everywhere, beside rights; fault.StaffUnknown for nobody.
	Roles func(ctx context.Context, holder string) ([]string, error)
}

// Service keeps the tree and the rights.
type Service struct{ cfg Config }

// New returns the service, whose kind the engine knows from then on.
func New(cfg Config) *Service {
	s := &Service{cfg}
	cfg.Engine.Register(foureyes.Kind{Name: KindAppointment, Role: idp.RoleSecurityAdmin, Life: 14 * 24 * time.Hour, Version: s.version, Execute: s.appoint})
	return s
}

func (s *Service) version(ctx context.Context, holder string) (string, error) {
	n, err := s.cfg.Store.HolderVersion(ctx, holder)
	if err != nil {
		return "", fault.Wrap(err, fault.Unavailable)
	}
	return strconv.FormatInt(n, 10), nil
}

// Wanted is a right that somebody proposes. The empty area is everywhere.
type Wanted struct {
	Holder string    `json:"holder"`
	Role   string    `json:"role"`
	Area   string    `json:"area"`
	Until  time.Time `json:"until"`
}

// Appointable are the roles that are given by appointment.
func Appointable() []string {
	return slices.DeleteFunc(append(slices.Clone(idp.AdminRoles), idp.StaffRoles...), func(role string) bool { return role == idp.RoleRegisterFeed })
}

// checked is a wanted right with its area, if it can be.
func (s *Service) checked(ctx context.Context, w Wanted) (Wanted, Area, error) {
	var area Area
	if !slices.Contains(Appointable(), w.Role) {
		return w, area, fault.New(fault.Invalid).WithField("role", fault.RightRole)
	}
	if w.Area != "" {
		var err error
		if area, err = s.Area(ctx, w.Area); err != nil {
			return w, area, err
		}
		w.Area = area.Code
	}
	now := s.cfg.Now()
	if w.Until = w.Until.UTC().Truncate(time.Second); !w.Until.After(now) || w.Until.After(now.Add(MaxTerm)) {
		return w, area, fault.New(fault.Invalid).WithField("until", fault.RightTerm)
	}
	roles, err := s.cfg.Roles(ctx, w.Holder)
	if err != nil {
		return w, area, err
	}
	return w, area, idp.CheckRoles(append(slices.Clone(roles), w.Role))
}

// Propose asks for a right of somebody else. Who proposes is security administrator of the area, or of one above it, for at
// least as long.
func (s *Service) Propose(ctx context.Context, w Wanted) (foureyes.Proposal, error) {
	w, area, err := s.checked(ctx, w)
	if err != nil {
		return foureyes.Proposal{}, err
	}
	if err := wideEnough(reqctx.From(ctx).Actor, area.Path, w.Until); err != nil {
		return foureyes.Proposal{}, err
	}
	version, err := s.version(ctx, w.Holder)
	if err != nil {
		return foureyes.Proposal{}, err
	}
	return s.cfg.Engine.Propose(ctx, foureyes.Wish{Kind: KindAppointment, ObjectType: "staff", ObjectID: w.Holder, Version: version, Area: area.Path, Subject: w.Holder, Payload: w})
}

// wideEnough refuses a right wider than that of the actor, in area or in time.
func wideEnough(actor reqctx.Actor, path string, until time.Time) error {
	for _, own := range actor.Rights {
		if own.Role == idp.RoleSecurityAdmin && strings.HasPrefix(path, own.Area) && (own.Until.IsZero() || !until.After(own.Until)) {
			return nil
		}
	}
	return fault.New(fault.RightTooWide)
}

// appoint gives the right that two people want. Who approves must be able to give it as well.
func (s *Service) appoint(ctx context.Context, p foureyes.Proposal, payload []byte, settlement foureyes.Settlement) error {
	var w Wanted
	if err := json.Unmarshal(payload, &w); err != nil {
		return fmt.Errorf("read appointment: %w", err)
	}
	w, area, err := s.checked(ctx, w)
	if err != nil {
		return err
	}
	if err := wideEnough(reqctx.From(ctx).Actor, area.Path, w.Until); err != nil {
		return err
	}
	version, err := strconv.ParseInt(p.Version, 10, 64)
	if err != nil {
		return err
	}
	r := Right{ID: ident.New(s.cfg.Rand, "right"), Holder: w.Holder, Role: w.Role, Area: w.Area, Path: area.Path, From: settlement.At, Until: w.Until,
		GrantedBy: strings.Join(p.Actors(), " "), Proposal: p.ID, Reason: p.Reason}
	return told(s.cfg.Store.GrantRight(ctx, r, version, &settlement, audit.With(s.event(ctx, "right.granted", r))))
}

// told turns the errors of the store into faults.
func told(err error) error {
	switch {
	case errors.Is(err, ErrNotFound):
		return fault.Wrap(err, fault.NotFound)
	case errors.Is(err, ErrConflict):
		return fault.Wrap(err, fault.ProposalChanged)
	case errors.Is(err, ErrMixed):
		return fault.Wrap(err, fault.AdminRolesMixed)
	case errors.Is(err, ErrMany):
		return fault.Wrap(err, fault.RightMany, "n", strconv.Itoa(MaxRights))
	}
	return err
}

func (s *Service) event(ctx context.Context, kind string, r Right) audit.Event {
	details := map[string]string{"right": r.ID, "role": r.Role}
	if r.Area != "" {
		details["area"] = r.Area
	}
	return idp.Event(ctx, s.cfg.Now().UTC(), kind, "staff", r.Holder, details)
}

// Wants is the right of a proposal that waits.
func (s *Service) Wants(ctx context.Context, p foureyes.Proposal) (w Wanted, err error) {
	payload, err := s.cfg.Engine.Payload(ctx, p)
	if err != nil {
		return w, err
	}
	return w, json.Unmarshal(payload, &w)
}

// Grant gives a right by the operator's file, if the holder does not have it. Whoever can apply a file can do anything; it is
// how the first administrators come to be.
func (s *Service) Grant(ctx context.Context, w Wanted) error {
	w, area, err := s.checked(ctx, w)
	if err != nil {
		return err
	}
	live, err := s.Live(ctx, w.Holder)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(live, func(r Right) bool { return r.Role == w.Role && r.Area == w.Area && r.Until.Equal(w.Until) }) {
		return nil
	}
	r := Right{ID: ident.New(s.cfg.Rand, "right"), Holder: w.Holder, Role: w.Role, Area: w.Area, Path: area.Path, From: s.cfg.Now().UTC(), Until: w.Until, GrantedBy: "operator:file"}
	return told(s.cfg.Store.GrantRight(ctx, r, -1, nil, audit.With(s.event(ctx, "right.granted", r))))
}

// End ends a right at once. One administrator is enough to take away.
func (s *Service) End(ctx context.Context, id string) (Right, error) {
	r, err := s.Right(ctx, id)
	if err != nil {
		return r, err
	}
	actor := reqctx.From(ctx).Actor
	if !actor.HasIn(idp.RoleSecurityAdmin, r.Path) {
		return Right{}, Refusal(ctx, r.Path)
	}
	now := s.cfg.Now().UTC()
	err = s.cfg.Store.EndRight(ctx, r, actor.ID, now, audit.With(s.event(ctx, "right.ended", r)))
	if errors.Is(err, ErrConflict) {
		return r, fault.Wrap(err, fault.Conflict)
	}
	r.EndedAt, r.EndedBy = now, actor.ID
	return r, err
}

// Right finds a right; fault.NotFound.
func (s *Service) Right(ctx context.Context, id string) (Right, error) {
	r, err := s.cfg.Store.Right(ctx, id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return r, fault.Wrap(err, fault.Unavailable)
	}
	return r, told(err)
}

// Page lists rights; next is empty on the last page.
func (s *Service) Page(ctx context.Context, q Query) (page []Right, next string, err error) {
	limit := q.Limit
	q.Limit, q.At = limit+1, s.cfg.Now().UTC()
	if page, err = s.cfg.Store.Rights(ctx, q); err != nil {
		return nil, "", fault.Wrap(err, fault.Unavailable)
	}
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].ID
	}
	return page, next, nil
}

// Live are the rights of a holder that are in force now.
func (s *Service) Live(ctx context.Context, holder string) ([]Right, error) {
	all, _, err := s.Page(ctx, Query{Holder: holder, Live: true, Limit: MaxRights})
	return all, err
}

// Actor gives an actor the rights in force beside the roles that it has everywhere.
func (s *Service) Actor(ctx context.Context, actor reqctx.Actor) (reqctx.Actor, error) {
	live, err := s.Live(ctx, actor.ID)
	if err != nil {
		return actor, err
	}
	actor.Rights = slices.Clone(actor.Rights)
	for _, r := range live {
		actor.Rights = append(actor.Rights, reqctx.Right{Role: r.Role, Area: r.Path, Until: r.Until})
		if r.Path == "" && !actor.Has(r.Role) {
			actor.Roles = append(slices.Clone(actor.Roles), r.Role)
		}
	}
	return actor, nil
}

// CheckRoles refuses roles for everywhere beside rights that the holder has.
func (s *Service) CheckRoles(ctx context.Context, holder string, roles []string) error {
	live, err := s.Live(ctx, holder)
	if err != nil {
		return err
	}
	all := slices.Clone(roles)
	for _, r := range live {
		all = append(all, r.Role)
	}
	return idp.CheckRoles(all)
}
