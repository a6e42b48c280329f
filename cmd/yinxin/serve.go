package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"

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
	tuneMemory()
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

// What the collector of a server may let the heap grow to. A small heap at the usual 100 % is collected dozens of times a
// second under load, which was an eighth of the processor's time; above the bound it works as hard as it must.
const (
	heapGrowth = 400     // percent of what is in use
	heapBound  = 1 << 30 // octets
)

// tuneMemory sets the collector, unless the operator did by GOGC or GOMEMLIMIT.
func tuneMemory() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(heapGrowth)
		debug.SetMemoryLimit(heapBound)
	}
}
