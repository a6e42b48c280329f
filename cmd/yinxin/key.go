package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/yinxin-gov/yinxin/internal/app"
)

func keyVerb(ctx context.Context, c command) int {
	set := c.flags("key", "status | rotate")
	config := set.String("config", "", "configuration `file` (default yinxin.yaml)")
	data := set.String("data", "", "`folder` of a quickstart, instead of --config")
	asJSON := set.Bool("json", false, "status: print JSON")
	algorithm := set.String("algorithm", "", "rotate: `NAME` of the token key's algorithm: SM2, P-256 or RSA-2048")
	now := set.Bool("now", false, "rotate: sign with the new key at once instead of after 24 hours")
	compromised := set.Bool("compromised", false, "rotate: at once, and destroy the keys before it; what they signed no longer verifies")
	arguments, status, done := c.parse(set)
	if done {
		return status
	}
	if len(arguments) != 1 || arguments[0] != "status" && (arguments[0] != "rotate" || *algorithm == "") {
		set.Usage()
		return exitMisuse
	}
	cfg, err := loadConfig(*config, *data)
	if err != nil {
		return c.fail(exitMisuse, "key", err)
	}
	if arguments[0] == "status" {
		list, err := app.ListKeys(ctx, cfg, c.log())
		if err != nil {
			return c.fail(exitFailed, "key", err)
		}
		if *asJSON {
			err = json.NewEncoder(c.stdout).Encode(map[string]any{"keys": list})
		} else {
			err = app.PrintKeys(c.stdout, list)
		}
		if err != nil {
			return c.fail(exitFailed, "key", err)
		}
		return exitDone
	}
	key, err := app.RotateKey(ctx, cfg, *algorithm, *now, *compromised, c.log())
	switch {
	case errors.Is(err, app.ErrKeyAlgorithm):
		return c.fail(exitMisuse, "key", err)
	case err != nil:
		return c.fail(exitFailed, "key", err)
	}
	fmt.Fprintf(c.stdout, "%s is %s\n", key.ID, key.State)
	return exitDone
}
