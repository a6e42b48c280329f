package main

import (
	"context"
	"fmt"
	"runtime"

	"github.com/yinxin-gov/yinxin/internal/app"
)

func printVersion(_ context.Context, c command) int {
	if _, status, done := c.parse(c.flags("version", ""), 0, 0); done {
		return status
	}
	fmt.Fprintf(c.stdout, "yinxin %s %s %s/%s\n", app.Version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return exitDone
}
