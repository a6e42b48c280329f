package app

import (
	"context"

	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// OverdueDisputes tells departments of answers that should have come, gives to the platform what they left, and answers how many moved.
func (a *App) OverdueDisputes(ctx context.Context) (int, error) {
	return a.disputes.Overdue(reqctx.With(ctx, reqctx.Request{Actor: reqctx.Actor{ID: "system:disputes"}}))
}

// overdueDisputes is OverdueDisputes at a turn of the clock.
func (a *App) overdueDisputes(ctx context.Context) {
	if n, err := a.OverdueDisputes(ctx); err != nil && ctx.Err() == nil {
		a.opts.Log.WarnContext(ctx, "overdue questions of people were not all moved on", "moved", n, "error", err)
	} else if n > 0 {
		a.opts.Log.InfoContext(ctx, "overdue questions of people moved on", "moved", n)
	}
}
