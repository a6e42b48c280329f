package main

import (
	"context"
	"fmt"

	"github.com/yinxin-gov/yinxin/internal/app"
)

func admin(ctx context.Context, c command) int {
	set := c.flags("admin", "apply -f FILE")
	config := set.String("config", "", "configuration `file` (default yinxin.yaml)")
	data := set.String("data", "", "`folder` of a quickstart, instead of --config")
	file := set.String("f", "", "`file` of clients and personas, YAML or JSON")
	arguments, status, done := c.parse(set)
	if done {
		return status
	}
	if len(arguments) != 1 || arguments[0] != "apply" || *file == "" {
		set.Usage()
		return exitMisuse
	}
	cfg, err := loadConfig(*config, *data)
	if err != nil {
		return c.fail(exitMisuse, "admin", err)
	}
	summary, err := app.ApplyFile(ctx, cfg, *file, c.log())
	if err != nil {
		return c.fail(exitFailed, "admin", err)
	}
	fmt.Fprintln(c.stdout, summary)
	return exitDone
}
