package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/yinxin-gov/yinxin/internal/app"
	yinxin "github.com/yinxin-gov/yinxin/sdk"
	"github.com/yinxin-gov/yinxin/sdk/offline"
)

// regionWords are the words of the verb, each with its arguments.
var regionWords = map[string]func(ctx context.Context, c command) int{
	"show": regionShow, "add": regionAdd, "refresh": regionRefresh, "list": regionList, "remove": regionRemove, "export": regionExport,
}

func regionVerb(ctx context.Context, c command) int {
	if len(c.args) > 0 {
		if run, ok := regionWords[c.args[0]]; ok {
			c.args = c.args[1:]
			return run(ctx, c)
		}
	}
	set := c.flags("region", "show|add|refresh|list|remove|export")
	arguments, status, done := c.parse(set, 1, 1)
	if done {
		return status
	}
	return c.fail(exitMisuse, "region", fmt.Errorf("unknown word %q; use show, add, refresh, list, remove or export", arguments[0]))
}

// readRegion reads the package in a file.
func readRegion(path string) ([]byte, error) { return yinxin.ReadFile(path, offline.MaxTrustFile) }

// regionFault prints why a word of the verb failed.
func (c command) regionFault(err error) int { return c.fail(exitFailed, "region", err) }

func (c command) printJSON(value any) int {
	if err := json.NewEncoder(c.stdout).Encode(value); err != nil {
		return c.fail(exitFailed, "region", err)
	}
	return exitDone
}

func regionShow(_ context.Context, c command) int {
	set := c.flags("region show", "FILE")
	asJSON := set.Bool("json", false, "print JSON")
	arguments, status, done := c.parse(set, 1, 1)
	if done {
		return status
	}
	content, err := readRegion(arguments[0])
	if err != nil {
		return c.fail(exitMisuse, "region", err)
	}
	summary, err := app.ReadRegion(content, time.Now())
	if err != nil {
		return c.regionFault(err)
	}
	if *asJSON {
		return c.printJSON(summary)
	}
	fmt.Fprintf(c.stdout, "%s\n  address      %s\n  number       %d of %s, to be replaced by %s\n  root         %s\n  fingerprint  %s\n", printable(summary.Publisher), printable(summary.URI), summary.Number,
		summary.IssuedAt.Format(time.RFC3339), summary.NextUpdate.Format(time.RFC3339), printable(summary.Root), summary.Fingerprint)
	fmt.Fprintln(c.stderr, "compare the fingerprint with the other side by another way, before region add")
	return exitDone
}

func regionAdd(ctx context.Context, c command) int {
	set := c.flags("region add", "[FILE]")
	state := stateFlags(set)
	var order app.NewRegion
	var divisions stringList
	set.StringVar(&order.Fetch, "url", "", "`address` where the package is fetched from now on, such as https://id.b.example/trust/region")
	set.StringVar(&order.Fingerprint, "fingerprint", "", "`SM3` of the other platform's root, compared by another way")
	set.Var(&divisions, "division", "`code` of a division for whose authorities the platform may issue; may be repeated")
	asJSON := set.Bool("json", false, "print JSON")
	arguments, status, done := c.parse(set, 0, 1)
	if done {
		return status
	}
	order.Divisions = divisions
	switch {
	case order.Fingerprint == "" || len(divisions) == 0:
		return c.fail(exitMisuse, "region", errors.New("add needs --fingerprint and --division"))
	case len(arguments) == 0 && order.Fetch == "":
		return c.fail(exitMisuse, "region", errors.New("name a FILE or a --url"))
	}
	cfg, err := state.load()
	if err != nil {
		return c.fail(exitMisuse, "region", err)
	}
	if len(arguments) == 1 {
		if order.Content, err = readRegion(arguments[0]); err != nil {
			return c.fail(exitMisuse, "region", err)
		}
	}
	added, err := app.AddRegion(ctx, cfg, order, c.log())
	if err != nil {
		return c.regionFault(err)
	}
	if *asJSON {
		return c.printJSON(added)
	}
	fmt.Fprintf(c.stdout, "%s is judged here from now on\n", printable(added.URI))
	return exitDone
}

func regionRefresh(ctx context.Context, c command) int {
	set := c.flags("region refresh", "[FILE]")
	state := stateFlags(set)
	arguments, status, done := c.parse(set, 0, 1)
	if done {
		return status
	}
	cfg, err := state.load()
	if err != nil {
		return c.fail(exitMisuse, "region", err)
	}
	var content []byte
	if len(arguments) == 1 {
		if content, err = readRegion(arguments[0]); err != nil {
			return c.fail(exitMisuse, "region", err)
		}
	}
	if err := app.RefreshRegions(ctx, cfg, content, c.log()); err != nil {
		return c.regionFault(err)
	}
	return exitDone
}

func regionList(ctx context.Context, c command) int {
	set := c.flags("region list", "")
	state := stateFlags(set)
	asJSON := set.Bool("json", false, "print JSON")
	if _, status, done := c.parse(set, 0, 0); done {
		return status
	}
	cfg, err := state.load()
	if err != nil {
		return c.fail(exitMisuse, "region", err)
	}
	list, err := app.ListRegions(ctx, cfg, c.log())
	if err != nil {
		return c.regionFault(err)
	}
	if *asJSON {
		return c.printJSON(map[string]any{"regions": list})
	}
	for i := range list {
		list[i].Publisher, list[i].URI = printable(list[i].Publisher), printable(list[i].URI)
	}
	if err := app.PrintRegions(c.stdout, list, time.Now()); err != nil {
		return c.regionFault(err)
	}
	return exitDone
}

func regionRemove(ctx context.Context, c command) int {
	set := c.flags("region remove", "ADDRESS")
	state := stateFlags(set)
	arguments, status, done := c.parse(set, 1, 1)
	if done {
		return status
	}
	cfg, err := state.load()
	if err != nil {
		return c.fail(exitMisuse, "region", err)
	}
	if err := app.RemoveRegion(ctx, cfg, arguments[0], c.log()); err != nil {
		return c.regionFault(err)
	}
	fmt.Fprintf(c.stdout, "%s counts for nothing any more\n", printable(arguments[0]))
	return exitDone
}

func regionExport(ctx context.Context, c command) int {
	set := c.flags("region export", "")
	state := stateFlags(set)
	to := set.String("to", "", "`file` for the package of this platform")
	if _, status, done := c.parse(set, 0, 0); done {
		return status
	}
	if *to == "" {
		return c.fail(exitMisuse, "region", errors.New("export needs --to"))
	}
	cfg, err := state.load()
	if err != nil {
		return c.fail(exitMisuse, "region", err)
	}
	content, err := app.ExportRegion(ctx, cfg, c.log())
	if err == nil {
		err = os.WriteFile(*to, content, 0o644)
	}
	if err != nil {
		return c.regionFault(err)
	}
	return exitDone
}
