package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/yinxin-gov/yinxin/internal/app"
)

func serve(ctx context.Context, c command) int {
	set := c.flags("serve", "")
	state := stateFlags(set)
	roles := set.String("roles", "", "serve a part only")
	if _, status, done := c.parse(set, 0, 0); done {
		return status
	}
	if *roles != "" {
		return c.fail(exitMisuse, "serve", errors.New("--roles: this release serves all roles in one process"))
	}
	cfg, err := state.load()
	if err != nil {
		return c.fail(exitMisuse, "serve", err)
	}
	platform, err := app.New(ctx, cfg, app.Options{Log: c.log()})
	if err != nil {
		return c.fail(exitMisuse, "serve", err)
	}
	defer platform.Close()
	fmt.Fprintf(c.stderr, "yinxin serve: answering at %s\n", cfg.Issuer)
	if err := platform.Serve(ctx); err != nil {
		return c.fail(exitFailed, "serve", err)
	}
	return exitDone
}
