// Command run drives the conformance suite of the OpenID Foundation against Yinxin over HTTPS.
//
// The suite is not part of this repository: -suite names a folder with a built checkout of it (../README.md says how to
// make one). The program starts the suite over an in-memory store, starts the given yinxin binary with the clients that the
// plans need, runs every module of every chosen plan, and prints what each came to. It ends with status 1 when a module
// failed that ../plans.json does not list as refused.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// plan is one entry of plans.json.
type plan struct {
	ID      string            `json:"id"`      // how -only names it
	Name    string            `json:"name"`    // as the suite calls it
	Variant map[string]string `json:"variant"` // what the suite leaves to choose
	Config  string            `json:"config"`  // template of its configuration
	Clients string            `json:"clients"` // template of the manifest of its clients
	With    map[string]string `json:"with"`    // further values of the templates
	Refused map[string]string `json:"refused"` // modules that demand what our rules refuse, and why
}

type options struct {
	suite, yinxin, work, home, java string
	only, modules                   []string
	port, parallel                  int
	keep, verbose                   bool
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("oidf: ")
	var o options
	var only, modules string
	flag.StringVar(&o.suite, "suite", os.Getenv("OIDF_SUITE"), "`folder` of a built checkout of the suite (default $OIDF_SUITE)")
	flag.StringVar(&o.java, "java", "java", "Java 21 or newer")
	flag.StringVar(&o.yinxin, "yinxin", "yinxin", "the binary to judge")
	flag.StringVar(&o.work, "work", "dist/oidf", "`folder` of state, logs and results")
	flag.StringVar(&o.home, "home", "conformance/oidf", "`folder` of plans.json and the templates")
	flag.StringVar(&only, "only", "", "`plans` to run, comma-separated ids of plans.json (default all)")
	flag.StringVar(&modules, "modules", "", "`modules` to run, comma-separated (default all of a plan)")
	flag.IntVar(&o.port, "port", 9443, "port of the provider")
	flag.IntVar(&o.parallel, "parallel", 2, "plans at a time")
	flag.BoolVar(&o.keep, "keep", false, "leave the suite running for the next run with the same work folder")
	flag.BoolVar(&o.verbose, "v", false, "print every warning, not only failures")
	flag.Parse()
	o.only, o.modules = split(only), split(modules)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ok, err := run(ctx, o)
	if err != nil {
		log.Print(err)
		os.Exit(3)
	}
	if !ok {
		os.Exit(1)
	}
}

func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
}

func run(ctx context.Context, o options) (bool, error) {
	var plans []plan
	content, err := os.ReadFile(filepath.Join(o.home, "plans.json"))
	if err != nil {
		return false, err
	}
	if err := json.Unmarshal(content, &plans); err != nil {
		return false, fmt.Errorf("read plans.json: %w", err)
	}
	if len(o.only) > 0 {
		plans = slices.DeleteFunc(plans, func(p plan) bool { return !slices.Contains(o.only, p.ID) })
	}
	if len(plans) == 0 {
		return false, fmt.Errorf("no plan is named %s", strings.Join(o.only, ", "))
	}
	if o.work, err = filepath.Abs(o.work); err != nil {
		return false, err
	}
	w, err := newWorld(o)
	if err != nil {
		return false, err
	}
	s, err := startSuite(ctx, o, w)
	if err != nil {
		return false, err
	}
	defer s.stop()
	provider, err := startProvider(ctx, o, w, s, plans)
	if err != nil {
		return false, err
	}
	defer provider.stop()
	results, failures := make([]planResult, len(plans)), make([]error, len(plans))
	places := make(chan struct{}, max(o.parallel, 1))
	var group sync.WaitGroup
	for i, p := range plans {
		group.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			if results[i], failures[i] = s.runPlan(ctx, o, w, p); failures[i] != nil {
				failures[i] = fmt.Errorf("plan %s: %w", p.ID, failures[i])
				return
			}
			failures[i] = results[i].save(o.work)
		})
	}
	group.Wait()
	fmt.Print(table(results))
	return !slices.ContainsFunc(results, func(r planResult) bool { return !r.good() }), errors.Join(failures...)
}
