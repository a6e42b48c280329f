package main

import (
	"context"
	"log/slog"

	"github.com/yinxin-gov/yinxin/internal/mock"
)

func mockVerb(ctx context.Context, c command) int {
	set := c.flags("mock", "")
	options := mock.Options{Stdout: c.stdout, Stderr: c.stderr, Log: slog.New(slog.DiscardHandler)}
	set.StringVar(&options.Listen, "listen", "127.0.0.1:0", "public loopback `address`; port 0 takes a free one")
	set.StringVar(&options.Apply, "apply", "", "`file` of further clients, personas and partners")
	verbose := set.Bool("verbose", false, "log to stderr")
	if _, status, done := c.parse(set, 0, 0); done {
		return status
	}
	if *verbose {
		options.Log = c.log()
	}
	if err := mock.Run(ctx, options); err != nil {
		return c.fail(exitMisuse, "mock", err)
	}
	return exitDone
}
