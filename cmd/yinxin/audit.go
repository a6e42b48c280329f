package main

import (
	"context"
	"fmt"

	"github.com/yinxin-gov/yinxin/internal/app"
)

func auditLog(ctx context.Context, c command) int {
	set := c.flags("audit", "verify")
	config := set.String("config", "", "configuration `file` (default yinxin.yaml)")
	data := set.String("data", "", "`folder` of a quickstart, instead of --config")
	arguments, status, done := c.parse(set)
	if done {
		return status
	}
	if len(arguments) != 1 || arguments[0] != "verify" {
		set.Usage()
		return exitMisuse
	}
	cfg, err := loadConfig(*config, *data)
	if err != nil {
		return c.fail(exitMisuse, "audit", err)
	}
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
