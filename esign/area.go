package esign

import (
	"context"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// in judges a seal that somebody wants to do something with: one of another area is not there, and the role must reach this one.
// The context that comes back names the right that does, for audit records.
func (seal Seal) in(ctx context.Context, role string) (context.Context, error) {
	actor := reqctx.From(ctx).Actor
	switch {
	case !actor.Reaches(seal.Area, roles...):
		return ctx, fault.New(fault.NotFound)
	case !actor.Reaches(seal.Area, role):
		return ctx, fault.New(fault.Forbidden)
	}
	return reqctx.UsingIn(ctx, seal.Area, role), nil
}

// areaOf is the path of the area of an owner.
func (s *Service) areaOf(ctx context.Context, code string) (string, error) {
	if s.cfg.Areas == nil || code == "" {
		return "", nil
	}
	return s.cfg.Areas(ctx, code)
}

// MoveOwner gives the seals of an organisation the area in which it is now. Only assembly calls it.
func (s *Service) MoveOwner(ctx context.Context, code, area string) error {
	if !isUSCC(code) {
		return nil // no seal has such an owner
	}
	return unavailable(s.cfg.Store.MoveOwner(ctx, code, area, audit.With(s.event(ctx, "seal.owner_moved", "organization", code, map[string]string{"area": area}))))
}
