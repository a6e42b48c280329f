package main

import (
	"context"

	"github.com/yinxin-gov/yinxin/internal/quickstart"
)

func quickstartVerb(ctx context.Context, c command) int {
	set := c.flags("quickstart", "")
	options := quickstart.Options{Stdout: c.stdout, Stderr: c.stderr}
	set.StringVar(&options.Data, "data", "yinxin-data", "`folder` of the state")
	set.StringVar(&options.Listen, "listen", "", "public `address`; port 0 takes a free one (default 127.0.0.1:8080, or a free port when it is taken)")
	set.BoolVar(&options.HTTPS, "https", false, "serve HTTPS with a certificate of a root made here")
	set.BoolVar(&options.Exit, "exit", false, "stop after the job")
	set.BoolVar(&options.JSON, "json", false, "print one JSON object")
	set.StringVar(&options.Config, "config", "", "run the job with this configuration `file` instead of a generated one")
	set.StringVar(&options.Apply, "apply", "", "`file` of further clients and personas")
	if _, status, done := c.parse(set, 0, 0); done {
		return status
	}
	ok, err := quickstart.Run(ctx, options)
	if err != nil {
		return c.fail(exitMisuse, "quickstart", err)
	}
	if !ok {
		return exitFailed
	}
	return exitDone
}
