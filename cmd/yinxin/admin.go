package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/yinxin-gov/yinxin/internal/app"
)

func admin(ctx context.Context, c command) int {
	set := c.flags("admin", "apply -f FILE")
	state := stateFlags(set)
	file := set.String("f", "", "`file` of clients, personas and authorities, YAML or JSON")
	arguments, status, done := c.parse(set, 1, 1)
	if done {
		return status
	}
	if arguments[0] != "apply" {
		return c.fail(exitMisuse, "admin", fmt.Errorf("unknown word %q; use apply", arguments[0]))
	}
	if *file == "" {
		return c.fail(exitMisuse, "admin", errors.New("name the file with -f"))
	}
	cfg, err := state.load()
	if err != nil {
		return c.fail(exitMisuse, "admin", err)
	}
	summary, err := app.ApplyFile(ctx, cfg, *file, c.log())
	if bad := (*app.ManifestError)(nil); errors.As(err, &bad) {
		return c.fail(exitMisuse, "admin", fmt.Errorf("%s: %w", *file, err))
	}
	if err != nil {
		fmt.Fprint(c.stdout, summary) // what was stored before it failed
		return c.fail(exitFailed, "admin", err)
	}
	fmt.Fprintln(c.stdout, summary)
	return exitDone
}
