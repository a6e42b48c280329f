package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/yinxin-gov/yinxin/internal/app"
)

// adminWords are what an administrator does without the pages.
var adminWords = map[string]func(ctx context.Context, c command) int{"apply": adminApply, "import": adminImport, "reconcile": adminReconcile, "register-events": adminRegisterEvents, "type": adminType}

func admin(ctx context.Context, c command) int {
	for i, word := range c.args { // flags may stand before the word
		if run, ok := adminWords[word]; ok {
			c.args = append(append([]string{}, c.args[:i]...), c.args[i+1:]...)
			return run(ctx, c)
		}
	}
	set := c.flags("admin", "apply -f FILE | import FILE | reconcile | register-events -f FILE | type …")
	stateFlags(set)
	set.String("f", "", "`file` of clients, personas and authorities, YAML or JSON")
	arguments, status, done := c.parse(set, 1, -1)
	if done {
		return status
	}
	return c.fail(exitMisuse, "admin", fmt.Errorf("unknown word %q; use apply, import, reconcile, register-events or type", arguments[0]))
}

func adminApply(ctx context.Context, c command) int {
	set := c.flags("admin apply", "-f FILE")
	state := stateFlags(set)
	file := set.String("f", "", "`file` of clients, personas and authorities, YAML or JSON")
	if _, status, done := c.parse(set, 0, 0); done {
		return status
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

// adminRegisterEvents takes a file of events; each result is one line.
func adminRegisterEvents(ctx context.Context, c command) int {
	set := c.flags("admin register-events", "-f FILE")
	state := stateFlags(set)
	file := set.String("f", "", "`file` of events of a register, JSON")
	origin := set.String("register", "import", "`word` of the register whose events a file holds; an event is taken once for each")
	if _, status, done := c.parse(set, 0, 0); done {
		return status
	}
	if *file == "" {
		return c.fail(exitMisuse, "admin register-events", errors.New("name the file with -f"))
	}
	cfg, err := state.load()
	if err != nil {
		return c.fail(exitMisuse, "admin register-events", err)
	}
	ok, err := app.ImportRegisterEvents(ctx, cfg, *file, *origin, c.log(), c.stdout)
	if bad := (*app.ManifestError)(nil); errors.As(err, &bad) {
		return c.fail(exitMisuse, "admin register-events", fmt.Errorf("%s: %w", *file, err))
	}
	if err != nil {
		return c.fail(exitFailed, "admin register-events", err)
	}
	if !ok {
		return exitFailed // the results tell which
	}
	return exitDone
}
