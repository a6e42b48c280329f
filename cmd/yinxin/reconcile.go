package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/yinxin-gov/yinxin/idp/reconcile"
	"github.com/yinxin-gov/yinxin/internal/app"
)

func adminReconcile(ctx context.Context, c command) int {
	set := c.flags("admin reconcile", "")
	state := stateFlags(set)
	var o app.ReconcileOptions
	set.BoolVar(&o.DryRun, "dry-run", false, "ask and report, do nothing")
	set.BoolVar(&o.Resume, "resume", false, "go on with a run that halted because it would touch many")
	set.StringVar(&o.Report, "report", "", "`file` for every account that the register did not confirm, CSV")
	asJSON := set.Bool("json", false, "print JSON")
	if _, status, done := c.parse(set, 0, 0); done {
		return status
	}
	cfg, err := state.load()
	if err != nil {
		return c.fail(exitMisuse, "admin reconcile", err)
	}
	run, err := app.ReconcileNow(ctx, cfg, o, c.log())
	if err != nil && run.ID == "" {
		return c.fail(exitMisuse, "admin reconcile", err)
	}
	if *asJSON {
		if err := json.NewEncoder(c.stdout).Encode(run); err != nil {
			return c.fail(exitFailed, "admin reconcile", err)
		}
	} else {
		fmt.Fprintf(c.stdout, "run %s: %s, %d accounts touched\n", run.ID, run.State, run.Actions)
		results := make([]reconcile.Result, 0, len(run.Counts))
		for result := range run.Counts {
			results = append(results, result)
		}
		slices.Sort(results)
		for _, result := range results {
			fmt.Fprintf(c.stdout, "  %-20s %d\n", result, run.Counts[result])
		}
	}
	switch {
	case errors.Is(err, reconcile.ErrSilent):
		return c.fail(exitIndeterminate, "admin reconcile", err)
	case err != nil:
		return c.fail(exitFailed, "admin reconcile", err)
	}
	return exitDone
}
