package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/yinxin-gov/yinxin/internal/app"
)

func migrate(ctx context.Context, c command) int {
	set := c.flags("migrate", "up|status|plan")
	state := stateFlags(set)
	arguments, status, done := c.parse(set, 1, 1)
	if done {
		return status
	}
	if !slices.Contains([]string{"up", "status", "plan"}, arguments[0]) {
		return c.fail(exitMisuse, "migrate", fmt.Errorf("unknown word %q; use up, status or plan", arguments[0]))
	}
	cfg, err := state.load()
	if err != nil {
		return c.fail(exitMisuse, "migrate", err)
	}
	if err := app.Migrate(ctx, cfg, arguments[0], c.stdout); err != nil {
		return c.fail(exitFailed, "migrate", err)
	}
	return exitDone
}
