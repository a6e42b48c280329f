package main

import (
	"context"

	"github.com/yinxin-gov/yinxin/conformance"
)

func runConformance(ctx context.Context, c command) int {
	return conformance.Command(ctx, c.args, c.stdout, c.stderr)
}
