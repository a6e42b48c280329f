package main

import (
	"context"
	"time"

	"github.com/yinxin-gov/yinxin/internal/app"
)

func doctor(ctx context.Context, c command) int {
	set := c.flags("doctor", "")
	config := set.String("config", "", "configuration `file` (default yinxin.yaml)")
	data := set.String("data", "", "`folder` of a quickstart, instead of --config")
	asJSON := set.Bool("json", false, "print JSON")
	if _, status, done := c.parse(set); done {
		return status
	}
	cfg, err := loadConfig(*config, *data)
	if err != nil {
		return c.fail(exitMisuse, "doctor", err)
	}
	diagnosis := app.Doctor(ctx, cfg, time.Now())
	if err := diagnosis.Print(c.stdout, *asJSON); err != nil {
		return c.fail(exitMisuse, "doctor", err)
	}
	if !diagnosis.Healthy() {
		return exitFailed
	}
	return exitDone
}
