package counter

import (
	"context"
	"slices"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// Queue lists acts that wait for a supervisor, or that one has looked at, the oldest first; next is empty on the last page.
func (s *Service) Queue(ctx context.Context, by Clerk, review, after string, limit int) (page []Act, next string, err error) {
	if err := s.supervisor(by); err != nil {
		return nil, "", err
	}
	if !slices.Contains([]string{ReviewOpen, ReviewSeen, ReviewFlagged}, review) {
		return nil, "", fault.New(fault.Invalid)
	}
	if page, err = s.cfg.Store.ActQueue(ctx, by.Reach(RoleSupervisor), review, after, limit+1); err != nil {
		return nil, "", storeFault(err)
	}
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].ID
	}
	return page, next, nil
}

// Find reads an act for a supervisor of the terminal's area; one of another area is not there.
func (s *Service) Find(ctx context.Context, by Clerk, id string) (Act, error) {
	if err := s.supervisor(by); err != nil {
		return Act{}, err
	}
	a, err := s.cfg.Store.Act(ctx, id)
	if err == nil && !by.In(a.Area).Has(RoleSupervisor) {
		return Act{}, fault.New(fault.NotFound)
	}
	return a, storeFault(err)
}

// Of reports whether somebody took part in an act, or it was done for that person, who does not look at it then.
func (a Act) Of(by Clerk) bool {
	return a.Clerk == by.ID || a.Second == by.ID || a.RetriedBy == by.ID || by.Account != "" && a.Account == by.Account
}

// Review notes that a supervisor looked at an act, or what is wrong with it. Nobody looks at what was done with or for
// oneself, and a flag needs a reason.
func (s *Service) Review(ctx context.Context, by Clerk, id string, flag bool, reason string) (Act, error) {
	a, err := s.Find(ctx, by, id)
	if err != nil {
		return a, err
	}
	switch {
	case a.Of(by):
		return a, fault.New(fault.CounterSelf)
	case a.Review != ReviewOpen && !(a.Review == ReviewSeen && flag):
		return a, fault.New(fault.Conflict)
	}
	next, reasoned := a, reason
	next.Review = ReviewSeen
	if flag {
		ok := false
		if reasoned, ok = oneLine(reason, 200); !ok {
			return a, fault.New(fault.AdminReason).WithField("reason", fault.AdminReason)
		}
		next.Review = ReviewFlagged
	}
	ctx = reqctx.UsingIn(reqctx.WithReason(ctx, reasoned), a.Area, RoleSupervisor)
	next.Reviewer, next.ReviewReason, next.ReviewedAt = by.ID, reasoned, s.now()
	record := audit.With(s.event(ctx, "counter.act_"+next.Review, "counter_act", a.ID, "kind", a.Kind, "clerk", a.Clerk))
	return next, storeFault(s.cfg.Store.Review(ctx, a, next.Review, by.ID, reasoned, next.ReviewedAt, record))
}
