package app

import (
	"context"
	"fmt"
	"slices"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authflow"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// demandOf is what was applied for an operation, else what is built in.
func (a *App) demandOf(operation string) idp.Demand {
	if applied, ok := a.demands.Find(operation); ok {
		return applied
	}
	return idp.DefaultDemand(operation)
}

// reach is the highest level of proofing and strength of login that anybody can have here: by our own ways, or from an upstream
// source that is in use.
func (a *App) reach() (ial, aal int) {
	ial, aal = int(a.identity.Proofing.Highest()), int(authflow.Reach())
	for _, source := range a.bridges.sources.All() {
		for _, level := range source.Levels {
			ial = max(ial, level)
		}
		for _, level := range source.ACRs {
			aal = max(aal, level)
		}
	}
	return ial, aal
}

// applyDemands stores demands of operations that there are, since a typing slip must not leave one open, and that somebody can
// meet: one that nobody can would close the operation and send people round in a circle.
func (a *App) applyDemands(ctx context.Context, demands []idp.Demand) error {
	ial, aal := a.reach()
	refuse := func(field, why string) error {
		return fault.New(fault.ClientMetadata, "field", "policies.step_up."+field, "why", why)
	}
	for _, d := range demands {
		switch {
		case d.Operation != idp.OperationIdentity && !slices.Contains(a.operations, d.Operation):
			return refuse("operation", "no operation "+d.Operation+" in /api/openapi.json")
		case d.IAL > ial:
			return refuse("ial", fmt.Sprintf("nothing that is in use here gives more than %d", ial))
		case d.AAL > aal:
			return refuse("aal", fmt.Sprintf("nothing that is in use here gives more than %d", aal))
		}
	}
	return a.demands.Apply(ctx, demands)
}
