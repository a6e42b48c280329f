package app

import (
	"context"

	"github.com/yinxin-gov/yinxin/idp/proofing"
)

// RaiseSharedUse raises an alert as the pipeline does.
func RaiseSharedUse(ctx context.Context, a *App, u proofing.SharedUse) error {
	return sharedUses{a}.SharedUse(ctx, u)
}
