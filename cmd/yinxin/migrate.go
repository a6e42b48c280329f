package main

import (
	"context"

	"github.com/yinxin-gov/yinxin/internal/app"
)

func migrate(ctx context.Context, c command) int {
	set := c.flags("migrate", "up|status|plan")
	config := set.String("config", "", "configuration `file` (default yinxin.yaml)")
	data := set.String("data", "", "`folder` of a quickstart, instead of --config")
	arguments, status, done := c.parse(set)
	if done {
		return status
	}
	if len(arguments) != 1 {
		set.Usage()
		return exitMisuse
	}
	cfg, err := loadConfig(*config, *data)
	if err != nil {
		return c.fail(exitMisuse, "migrate", err)
	}
	if err := app.Migrate(ctx, cfg, arguments[0], c.stdout); err != nil {
		return c.fail(exitFailed, "migrate", err)
	}
	return exitDone
}
