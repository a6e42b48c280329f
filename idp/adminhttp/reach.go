package adminhttp

import (
	"context"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// departmentsOnce is how many departments are read at once.
const departmentsOnce = 500

// within are the departments whose clients the administrator sees: those of the areas of the own rights; nil is every one.
func (s *Server) within(ctx context.Context, roles ...string) (map[string]bool, error) {
	all := map[string]bool{}
	for _, path := range reqctx.From(ctx).Actor.Reach(roles...) {
		if path == "" {
			return nil, nil
		}
		for after := ""; ; {
			page, next, err := s.Staff.Departments(ctx, path, after, departmentsOnce)
			if err != nil {
				return nil, err
			}
			for _, d := range page {
				all[d.ID] = true
			}
			if after = next; after == "" {
				break
			}
		}
	}
	return all, nil
}

// reaches reports whether the administrator holds one of the roles for the area of a department. One that the tree does not know is
// in reach of roles that are held everywhere.
func (s *Server) reaches(ctx context.Context, department string, roles ...string) (bool, error) {
	path, err := s.Clients.Area(ctx, department)
	return err == nil && reqctx.From(ctx).Actor.Reaches(path, roles...), err
}

// changeOf is changeIn for what a department owns: of another area it is not there, and one of the roles must reach it.
func (s *Server) changeOf(ctx context.Context, reason, department string, roles ...string) (context.Context, error) {
	ctx, err := s.changeIn(ctx, reason, roles...)
	if err != nil {
		return ctx, err
	}
	path, err := s.Clients.Area(ctx, department)
	if err != nil {
		return ctx, err
	}
	actor := reqctx.From(ctx).Actor
	switch {
	case !actor.Reaches(path, idp.AdminRoles...):
		return ctx, fault.New(fault.NotFound)
	case !actor.Reaches(path, roles...):
		return ctx, fault.New(fault.Forbidden)
	}
	return reqctx.UsingIn(ctx, path, roles...), nil
}

// gives refuses to give something to a department outside of the own areas.
func (s *Server) gives(ctx context.Context, department string, roles ...string) error {
	if ok, err := s.reaches(ctx, department, roles...); err != nil || ok {
		return err
	}
	return fault.New(fault.OutsideArea).WithField("department", fault.OutsideArea)
}
