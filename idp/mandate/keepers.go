package mandate

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// An organisation names the keepers of its seals (印章保管人) by mandates of the kind SealKeeper, whose items are codes of seals (decision
// record 0018). Nobody acts under one, and no token carries it: the seal room asks here who is named.

// sealCode is the code of a seal (GB/T 38540-2020 esID: 14 digits).
var sealCode = regexp.MustCompile(`^[0-9]{14}$`)

// checkSeals refuses items that are no codes of seals.
func (t Terms) checkSeals() error {
	if len(t.DetailTypes) > 0 || slices.ContainsFunc(t.Items, func(i string) bool { return i != AllItems && !sealCode.MatchString(i) }) {
		return fault.New(fault.KeeperSeals).WithField("keeper-seals", fault.KeeperSeals)
	}
	return nil
}

// Keeping is who keeps the seals of an organisation by its own word.
type Keeping struct {
	Organisation string // account; empty where none has the code
	// Since when nobody uses its seals whom it did not name; zero where it never named anybody, or gave that up. It outlasts the last naming:
	// that the one keeper left must not open the seals to everybody else.
	Since   time.Time
	Keepers []Keeper // namings in force, also those that rest now
}

// Keeper is one naming with how both sides stand.
type Keeper struct {
	Standing
	Agent idp.AccountState
}

// Keeps reports whether the naming holds for whom it names: no change of the legal representative waits for its confirmation, and neither
// account was suspended or closed. Whether the account rests after a recovery is told by Rests.
func (k Keeper) Keeps(now time.Time) bool {
	return k.Mandate.InForce(now) && k.Mandate.FrozenAt.IsZero() && k.Principal == idp.AccountActive && k.Agent == idp.AccountActive
}

// KeeperStore keeps who keeps seals; idpdb implements it.
type KeeperStore interface {
	// OrganisationByLookup finds the organisation that has a code, or had it before a correction, by its keyed hash; idp.ErrNotFound.
	OrganisationByLookup(ctx context.Context, lookup []byte) (id string, err error)
	// KeepersOf reads how an organisation has its seals kept, at one moment; the oldest naming first. idp.ErrNotFound.
	KeepersOf(ctx context.Context, organisation string, now time.Time) (Keeping, error)
	// GiveUpKeepers notes that an organisation names nobody any more; ErrMoved where a naming is open, or nothing is to be given up.
	GiveUpKeepers(ctx context.Context, organisation string, at time.Time, record audit.Record) error
}

// KeepersByCode is how the organisation with a unified social credit code has its seals kept; the zero value where there is none here.
func (s *Service) KeepersByCode(ctx context.Context, code string) (Keeping, error) {
	lookup, err := s.cfg.Accounts.IdentityLookup(ctx, idp.Identity{Type: IDTypeUSCC, Number: code})
	if err != nil {
		return Keeping{}, fault.Wrap(err, fault.Unavailable)
	}
	id, err := s.cfg.Keepers.OrganisationByLookup(ctx, lookup)
	if errors.Is(err, idp.ErrNotFound) {
		return Keeping{}, nil
	}
	if err != nil {
		return Keeping{}, fault.Wrap(err, fault.Unavailable)
	}
	return s.keepersOf(ctx, id)
}

func (s *Service) keepersOf(ctx context.Context, organisation string) (Keeping, error) {
	k, err := s.cfg.Keepers.KeepersOf(ctx, organisation, s.cfg.Now().UTC())
	if errors.Is(err, idp.ErrNotFound) {
		return k, fault.New(fault.NotFound)
	}
	if err != nil {
		return k, fault.Wrap(err, fault.Unavailable)
	}
	return k, nil
}

// KeepersOf is KeepersByCode for whoever manages the organisation; fault.NotFound for everybody else.
func (s *Service) KeepersOf(ctx context.Context, by, organisation string) (Keeping, error) {
	kinds, err := s.Appoints(ctx, by, organisation)
	if err != nil {
		return Keeping{}, err
	}
	if len(kinds) == 0 {
		return Keeping{}, fault.New(fault.NotFound)
	}
	return s.keepersOf(ctx, organisation)
}

// GiveUpKeepers lets the seals of an organisation be used again by whoever the platform lets, as before it named anybody. Whoever may name
// keepers of all its seals may, with a login of the last minutes; fault.KeepersNamed while somebody is named or asked.
func (s *Service) GiveUpKeepers(ctx context.Context, by By, organisation string) error {
	if err := s.fresh(ctx, by); err != nil {
		return err
	}
	now := s.cfg.Now().UTC()
	all := Mandate{Principal: organisation, Kind: SealKeeper, Items: []string{AllItems}, MaxClass: ClassName, NotBefore: now}
	if err := s.mayAppoint(ctx, by.Account, all); err != nil {
		return err
	}
	e := idp.Event(ctx, now, "organisation.keepers_given_up", "account", organisation, map[string]string{"by": by.Account})
	e.ActingFor = organisation
	err := s.cfg.Keepers.GiveUpKeepers(ctx, organisation, now, audit.With(e))
	if errors.Is(err, ErrMoved) {
		return fault.Wrap(err, fault.KeepersNamed)
	}
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	return nil
}
