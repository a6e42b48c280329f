package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/idp/intake"
	"github.com/yinxin-gov/yinxin/internal/app"
)

func adminImport(ctx context.Context, c command) int {
	set := c.flags("admin import", "FILE")
	state := stateFlags(set)
	var o app.ImportOptions
	set.StringVar(&o.Source, "source", "", "`name` of the system that the accounts come from")
	set.StringVar(&o.Format, "format", "", "csv or json (default by the end of the file's name)")
	set.StringVar(&o.Mapping, "mapping", "", "`file` that says which column holds what, YAML")
	set.StringVar(&o.Report, "report", "", "`file` for the result of every row, CSV")
	set.StringVar(&o.TrustSource, "trust-source", "", "upstream `source` whose level map is believed")
	set.BoolVar(&o.DryRun, "dry-run", false, "check every row, store nothing")
	set.BoolVar(&o.Resume, "resume", false, "go on where an earlier run of the same file stopped")
	asJSON := set.Bool("json", false, "print JSON")
	arguments, status, done := c.parse(set, 1, 1)
	if done {
		return status
	}
	o.File = arguments[0]
	if o.Format == "" {
		o.Format = strings.TrimPrefix(filepath.Ext(o.File), ".")
		if o.Format == "jsonl" || o.Format == "ndjson" {
			o.Format = "json"
		}
	}
	if o.Source == "" {
		return c.fail(exitMisuse, "admin import", errors.New("name the other system with --source"))
	}
	cfg, err := state.load()
	if err != nil {
		return c.fail(exitMisuse, "admin import", err)
	}
	job, err := app.ImportFile(ctx, cfg, o, c.log())
	if err != nil && job.ID == "" {
		return c.fail(exitMisuse, "admin import", err)
	}
	if *asJSON {
		if err := json.NewEncoder(c.stdout).Encode(job); err != nil {
			return c.fail(exitFailed, "admin import", err)
		}
	} else {
		printImport(c, job, o.DryRun)
	}
	if err != nil {
		c.fail(exitFailed, "admin import", err)
		if !errors.Is(err, intake.ErrBegun) {
			fmt.Fprintln(c.stderr, "hint: what was stored stays; run again with --resume")
		}
		return exitFailed
	}
	for code, n := range job.Counts {
		if n > 0 && code != intake.Imported && code != intake.Already {
			return exitFailed
		}
	}
	return exitDone
}

func printImport(c command, job intake.Job, dry bool) {
	what := "import " + job.ID
	if dry {
		what = "dry run, nothing was stored"
	}
	fmt.Fprintf(c.stdout, "%s: %s, %d rows\n", what, job.State, job.Rows)
	codes := make([]string, 0, len(job.Counts))
	for code := range job.Counts {
		codes = append(codes, string(code))
	}
	slices.Sort(codes)
	for _, code := range codes {
		fmt.Fprintf(c.stdout, "  %-20s %d\n", code, job.Counts[intake.Code(code)])
	}
}
