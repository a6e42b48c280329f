package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/yinxin-gov/yinxin/internal/app"
)

// loadConfig reads the file named by --config, or the one in the folder named by --data.
func loadConfig(config, data string) (app.Config, error) {
	if config == "" && data != "" {
		config = filepath.Join(data, "yinxin.yaml")
	}
	if config == "" {
		config = "yinxin.yaml"
	}
	return app.LoadConfig(config, os.Environ())
}

func serve(ctx context.Context, c command) int {
	set := c.flags("serve", "")
	config := set.String("config", "", "configuration `file` (default yinxin.yaml)")
	data := set.String("data", "", "`folder` of a quickstart, instead of --config")
	if _, status, done := c.parse(set); done {
		return status
	}
	cfg, err := loadConfig(*config, *data)
	if err != nil {
		return c.fail(exitMisuse, "serve", err)
	}
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
