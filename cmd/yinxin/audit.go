package main

import (
	"context"
	"fmt"

	"github.com/yinxin-gov/yinxin/internal/app"
)

func auditLog(ctx context.Context, c command) int {
	set := c.flags("audit", "verify|export")
	state := stateFlags(set)
	arguments, status, done := c.parse(set, 1, 1)
	if done {
		return status
	}
	run := map[string]func(context.Context, command, app.Config) int{"verify": verifyAudit, "export": exportAudit}[arguments[0]]
	if run == nil {
		return c.fail(exitMisuse, "audit", fmt.Errorf("unknown word %q; use verify or export", arguments[0]))
	}
	cfg, err := state.load()
	if err != nil {
		return c.fail(exitMisuse, "audit", err)
	}
	return run(ctx, c, cfg)
}

func verifyAudit(ctx context.Context, c command, cfg app.Config) int {
	events, breaks, err := app.VerifyAudit(ctx, cfg)
	if err != nil {
		return c.fail(exitIndeterminate, "audit", err)
	}
	for _, b := range breaks {
		fmt.Fprintf(c.stdout, "lane %d number %d: %s\n", b.Lane, b.Number, b.Why)
	}
	if len(breaks) > 0 {
		return exitFailed
	}
	fmt.Fprintf(c.stdout, "whole, %d events\n", events)
	return exitDone
}

// exportAudit writes lines of JSON to stdout and how many there were to stderr.
func exportAudit(ctx context.Context, c command, cfg app.Config) int {
	count, err := app.ExportAudit(ctx, cfg, c.stdout)
	if err != nil {
		return c.fail(exitFailed, "audit", err)
	}
	fmt.Fprintf(c.stderr, "yinxin audit: %d events\n", count)
	return exitDone
}
