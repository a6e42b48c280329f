package app

import (
	"context"
	"slices"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// demandOf is what was applied for an operation, else what is built in.
func (a *App) demandOf(operation string) idp.Demand {
	if applied, ok := a.demands.Find(operation); ok {
		return applied
	}
	return idp.DefaultDemand(operation)
}

// applyDemands stores demands of operations that there are: a typing slip must not leave one open.
func (a *App) applyDemands(ctx context.Context, demands []idp.Demand) error {
	for _, d := range demands {
		if d.Operation != idp.OperationIdentity && !slices.Contains(a.operations, d.Operation) {
			return fault.New(fault.ClientMetadata, "field", "policies.step_up.operation", "why", "no operation "+d.Operation+" in /api/openapi.json")
		}
	}
	return a.demands.Apply(ctx, demands)
}
