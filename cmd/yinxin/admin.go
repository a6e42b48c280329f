package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/yinxin-gov/yinxin/internal/app"
)

func admin(ctx context.Context, c command) int {
	set := c.flags("admin", "apply -f FILE, or register-events -f FILE")
	state := stateFlags(set)
	file := set.String("f", "", "`file` of clients, personas and authorities, YAML or JSON; of events of a register, JSON")
	origin := set.String("register", "import", "`word` of the register whose events a file holds; an event is taken once for each")
	arguments, status, done := c.parse(set, 1, 1)
	if done {
		return status
	}
	if arguments[0] != "apply" && arguments[0] != "register-events" {
		return c.fail(exitMisuse, "admin", fmt.Errorf("unknown word %q; use apply or register-events", arguments[0]))
	}
	if *file == "" {
		return c.fail(exitMisuse, "admin", errors.New("name the file with -f"))
	}
	cfg, err := state.load()
	if err != nil {
		return c.fail(exitMisuse, "admin", err)
	}
	if arguments[0] == "register-events" {
		return c.registerEvents(ctx, cfg, *file, *origin)
	}
	summary, err := app.ApplyFile(ctx, cfg, *file, c.log())
	if bad := (*app.ManifestError)(nil); errors.As(err, &bad) {
		return c.fail(exitMisuse, "admin", fmt.Errorf("%s: %w", *file, err))
	}
	if err != nil {
		return c.fail(exitFailed, "admin", err)
	}
	fmt.Fprintln(c.stdout, summary)
	return exitDone
}

// registerEvents takes a file of events; each result is one line.
func (c command) registerEvents(ctx context.Context, cfg app.Config, file, origin string) int {
	ok, err := app.ImportRegisterEvents(ctx, cfg, file, origin, c.log(), c.stdout)
	if bad := (*app.ManifestError)(nil); errors.As(err, &bad) {
		return c.fail(exitMisuse, "admin", fmt.Errorf("%s: %w", file, err))
	}
	if err != nil {
		return c.fail(exitFailed, "admin", err)
	}
	if !ok {
		return exitFailed // the results tell which
	}
	return exitDone
}
