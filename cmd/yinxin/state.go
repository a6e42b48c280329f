package main

import (
	"errors"
	"flag"
	"os"
	"path/filepath"

	"github.com/yinxin-gov/yinxin/internal/app"
)

// state is where a verb finds the platform's state: a configuration file, or the folder of a quickstart.
type state struct{ config, data string }

// stateFlags adds --config and --data, which every verb has that touches state.
func stateFlags(set *flag.FlagSet) *state {
	s := &state{}
	set.StringVar(&s.config, "config", "", "configuration `file` (default yinxin.yaml)")
	set.StringVar(&s.data, "data", "", "`folder` of a quickstart, instead of --config")
	return s
}

// load reads the configuration.
func (s *state) load() (app.Config, error) {
	path := "yinxin.yaml"
	switch {
	case s.config != "" && s.data != "":
		return app.Config{}, errors.New("--config and --data exclude each other")
	case s.config != "":
		path = s.config
	case s.data != "":
		path = filepath.Join(s.data, "yinxin.yaml")
	}
	return app.LoadConfig(path, os.Environ())
}
