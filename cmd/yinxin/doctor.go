package main

import (
	"context"
	"time"

	"github.com/yinxin-gov/yinxin/internal/app"
)

func doctor(ctx context.Context, c command) int {
	set := c.flags("doctor", "")
	state := stateFlags(set)
	to := set.String("send-test", "", "also send a test message to this mobile `number` or address, by each provider")
	asJSON := set.Bool("json", false, "print JSON")
	if _, status, done := c.parse(set, 0, 0); done {
		return status
	}
	cfg, err := state.load()
	if err != nil {
		return c.fail(exitMisuse, "doctor", err)
	}
	diagnosis := app.Doctor(ctx, cfg, time.Now())
	if *to != "" {
		diagnosis.Findings = append(diagnosis.Findings, app.SendTest(ctx, cfg, *to, time.Now).Findings...)
	}
	if err := diagnosis.Print(c.stdout, *asJSON); err != nil {
		return c.fail(exitMisuse, "doctor", err)
	}
	if !diagnosis.Healthy() {
		return exitFailed
	}
	return exitDone
}
