package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/yinxin-gov/yinxin/internal/app"
)

func keyVerb(ctx context.Context, c command) int {
	set := c.flags("key", "status|rotate")
	state := stateFlags(set)
	asJSON := set.Bool("json", false, "status: print JSON")
	algorithm := set.String("algorithm", "", "rotate: `NAME` of the token key's algorithm: SM2, P-256, RSA-2048 or RSA-2048-PSS")
	now := set.Bool("now", false, "rotate: sign with the new key at once instead of after 24 hours")
	compromised := set.Bool("compromised", false, "rotate: at once, and destroy the keys before it; what they signed no longer verifies")
	arguments, status, done := c.parse(set, 1, 1)
	if done {
		return status
	}
	switch arguments[0] {
	case "status":
		return c.keyStatus(ctx, state, *asJSON)
	case "rotate":
		return c.rotateKey(ctx, state, *algorithm, *now, *compromised)
	}
	return c.fail(exitMisuse, "key", fmt.Errorf("unknown word %q; use status or rotate", arguments[0]))
}

func (c command) keyStatus(ctx context.Context, state *state, asJSON bool) int {
	cfg, err := state.load()
	if err != nil {
		return c.fail(exitMisuse, "key", err)
	}
	list, err := app.ListKeys(ctx, cfg, c.log())
	if err == nil && asJSON {
		err = json.NewEncoder(c.stdout).Encode(map[string]any{"keys": list})
	} else if err == nil {
		err = app.PrintKeys(c.stdout, list)
	}
	if err != nil {
		return c.fail(exitFailed, "key", err)
	}
	return exitDone
}

func (c command) rotateKey(ctx context.Context, state *state, algorithm string, now, compromised bool) int {
	if algorithm == "" {
		return c.fail(exitMisuse, "key", errors.New("rotate needs --algorithm"))
	}
	cfg, err := state.load()
	if err != nil {
		return c.fail(exitMisuse, "key", err)
	}
	key, err := app.RotateKey(ctx, cfg, algorithm, now, compromised, c.log())
	switch {
	case errors.Is(err, app.ErrKeyAlgorithm):
		return c.fail(exitMisuse, "key", err)
	case err != nil:
		return c.fail(exitFailed, "key", err)
	}
	fmt.Fprintf(c.stdout, "%s is %s\n", key.ID, key.State)
	return exitDone
}
