package esign

import (
	"context"
	"errors"
	"slices"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// lasting are the states in which a seal has a place that another one can take.
var lasting = []State{Active, Suspended}

// replaceable tells whether an application may take the place of the seal that it names: one of the same organisation, or of one that it
// succeeded by a succession on record, in use or suspended, or lost, that nothing else replaces. A personal seal is replaced by one of the same
// person.
func (s *Service) replaceable(ctx context.Context, a Application, b Bearer) error {
	if a.Replaces == "" {
		return nil
	}
	refused := func(code fault.Code) error { return fault.New(code).WithField(fieldReplaces, code) }
	old, err := s.find(ctx, a.Replaces)
	switch {
	case fault.CodeOf(err) == fault.NotFound, err == nil && !reqctx.From(ctx).Actor.Reaches(old.Area, RoleKeeper):
		return refused(fault.SealReplacesNone)
	case err != nil:
		return err
	case !old.HasPlace():
		return refused(fault.SealReplacesNone)
	case old.Bearer.Account != b.Account:
		return refused(fault.SealReplacesPerson)
	}
	if old.OwnerCode != a.OwnerCode || old.OwnerCode == "" && old.Owner != a.Owner {
		switch heir, err := s.inherits(ctx, Party{a.Owner, a.OwnerCode}, old.party()); {
		case err != nil:
			return err
		case !heir:
			return refused(fault.SealReplacesOther)
		}
	}
	other, err := s.cfg.Store.Replacement(ctx, old.ID)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return unavailable(err)
	}
	return fault.New(fault.SealReplacedAlready, "seal_id", other.Code).WithField(fieldReplaces, fault.SealReplacedAlready, "seal_id", other.Code)
}

// HasPlace tells whether another seal can take the place of this one.
func (seal Seal) HasPlace() bool {
	return slices.Contains(lasting, seal.State) || seal.State == Revoked && seal.Cause == CauseLost
}

// Replacement is the seal of the own area that takes the place of another, or is to take it; fault.NotFound.
func (s *Service) Replacement(ctx context.Context, id string) (Seal, error) {
	if err := Staff(ctx); err != nil {
		return Seal{}, err
	}
	seal, err := found(s.cfg.Store.Replacement(ctx, id))
	if err == nil && !reqctx.From(ctx).Actor.Reaches(seal.Area, roles...) {
		return Seal{}, fault.New(fault.NotFound)
	}
	return seal, err
}

// Activate puts a made seal into use. The one whose place it takes ends as replaced in the same change, so that there is no moment with
// both in use and none without; what it sealed stays valid. One that was reported lost stays suspended, since a reviewer decides that.
func (s *Service) Activate(ctx context.Context, id string) (Seal, error) {
	ctx, seal, err := s.movable(ctx, id, RoleKeeper, []State{Made}, Active, s.mayBegin)
	if err != nil {
		return Seal{}, err
	}
	event := s.turn(ctx, &seal, Active, Ending{})
	record := s.orders(seal, audit.With(event))
	old, ends, err := s.makesWay(ctx, seal)
	if err != nil {
		return Seal{}, err
	}
	if !ends {
		return s.moved(seal, s.cfg.Store.UpdateSeal(ctx, seal, Made, record))
	}
	seen := old
	record.Events = append(record.Events, s.turn(ctx, &old, Revoked, Ending{Reason: seal.Code, Cause: CauseReplaced}))
	record = s.orders(old, record)
	return s.moved(seal, s.cfg.Store.ReplaceSeal(ctx, seal, Made, old, seen, record))
}

// makesWay gives the seal that ends when another comes into use.
func (s *Service) makesWay(ctx context.Context, seal Seal) (old Seal, ends bool, err error) {
	if seal.Replaces == "" {
		return Seal{}, false, nil
	}
	if old, err = s.find(ctx, seal.Replaces); err != nil {
		return Seal{}, false, err
	}
	return old, slices.Contains(lasting, old.State) && old.Cause != CauseLost, nil
}

// ReportLost stops a seal at once whose keeper misses it, or fears that its key is in other hands (挂失). One person is enough. A reviewer
// then ends it as lost (End), or resumes it when it is found (Resume); what was sealed meanwhile is judged by what they decide.
func (s *Service) ReportLost(ctx context.Context, id string, end Ending) (Seal, error) {
	end.Cause = CauseLost
	return s.moveTo(ctx, id, RoleKeeper, lasting, Suspended, end, func(seal *Seal, actor reqctx.Actor) error {
		seal.StoppedBy = actor.ID
		return end.check(*seal, s.now())
	})
}
