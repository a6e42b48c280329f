package main

import (
	"context"

	"github.com/yinxin-gov/yinxin/sdk/inspect"
)

func inspectFiles(_ context.Context, c command) int {
	return inspect.Run(c.args, c.stdout, c.stderr)
}
