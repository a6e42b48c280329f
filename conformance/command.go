package conformance

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

// Exit statuses of Command (design contract 3.1).
const (
	exitDone          = 0
	exitFailed        = 1 // a rule failed
	exitIndeterminate = 2 // nothing was judged
	exitMisuse        = 3
)

// Command is the verb conformance: `conformance [--json] [--junit FILE] [AREA…]`. The result goes to stdout, talk to
// stderr.
func Command(ctx context.Context, arguments []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("conformance", flag.ContinueOnError)
	flags.SetOutput(stderr)
	asJSON := flags.Bool("json", false, "print JSON")
	junit := flags.String("junit", "", "also write JUnit XML to this `file`")
	flags.Usage = func() {
		fmt.Fprintf(stderr, "usage: yinxin conformance [--json] [--junit FILE] [AREA…]\nareas: %s\n", strings.Join(Areas(), " "))
		flags.PrintDefaults()
	}
	var names []string
	for rest := arguments; ; rest = flags.Args()[1:] { // flags may stand after areas
		if err := flags.Parse(rest); errors.Is(err, flag.ErrHelp) {
			return exitDone
		} else if err != nil {
			return exitMisuse
		}
		if flags.NArg() == 0 {
			break
		}
		names = append(names, flags.Arg(0))
	}
	result, err := Run(ctx, names, Options{})
	if err == nil {
		err = write(result, *asJSON, *junit, stdout)
	}
	if err != nil {
		fmt.Fprintf(stderr, "yinxin conformance: %v\n", err)
		return exitMisuse
	}
	return result.status()
}

// status of a result: a failed rule counts most, and a run that judged nothing proves nothing.
func (r Result) status() int {
	switch {
	case r.Failed > 0:
		return exitFailed
	case r.Passed == 0:
		return exitIndeterminate
	}
	return exitDone
}

func write(result Result, asJSON bool, junit string, stdout io.Writer) error {
	if junit != "" {
		file, err := os.Create(junit)
		if err != nil {
			return fmt.Errorf("create report: %w", err)
		}
		if err := errors.Join(result.WriteJUnit(file), file.Close()); err != nil {
			return fmt.Errorf("write report: %w", err)
		}
	}
	if asJSON {
		return result.WriteJSON(stdout)
	}
	return result.WriteText(stdout)
}
