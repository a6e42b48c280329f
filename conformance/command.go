package conformance

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/yinxin-gov/yinxin/conformance/party"
)

// Exit statuses of Command (design contract 3.1).
const (
	exitDone          = 0
	exitFailed        = 1 // a rule failed
	exitIndeterminate = 2 // nothing was judged
	exitMisuse        = 3
)

// Command is the verb conformance: `conformance [--issuer URL --with FILE] [--json] [--junit FILE] [AREA…]`. The result
// goes to stdout, talk to stderr.
func Command(ctx context.Context, arguments []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("conformance", flag.ContinueOnError)
	flags.SetOutput(stderr)
	asJSON := flags.Bool("json", false, "print JSON")
	junit := flags.String("junit", "", "also write JUnit XML to this `file`")
	var server serverFlags
	flags.StringVar(&server.issuer, "issuer", "", "`URL` of the server that the areas oidc and fapi2 probe")
	flags.StringVar(&server.with, "with", "", "`file` of people and clients that are registered there, as --new-clients and `quickstart --json` write it")
	flags.StringVar(&server.caFile, "ca-file", "", "PEM `file` with the root of the server's certificate")
	flags.StringVar(&server.listen, "listen", "", "`address` at which logout tokens arrive (default: the loopback address of a client in the file)")
	flags.DurationVar(&server.patience, "patience", party.Patience, "longest wait of a rule; rules that need more are not applicable")
	newClients := flags.String("new-clients", "", "only make a registration with fresh keys in this new `folder`")
	flags.Usage = func() {
		fmt.Fprintf(stderr, "usage: yinxin conformance [--issuer URL --with FILE] [--json] [--junit FILE] [AREA|AREA/RULE…]\n       yinxin conformance --new-clients FOLDER\nareas: %s\n", strings.Join(Areas(), " "))
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
	refuse := func(err error) int {
		fmt.Fprintf(stderr, "yinxin conformance: %v\n", err)
		return exitMisuse
	}
	if *newClients != "" {
		if err := writeClients(*newClients, server.listen, stdout, stderr); err != nil {
			return refuse(err)
		}
		return exitDone
	}
	options, err := server.options()
	if err != nil {
		return refuse(err)
	}
	result, err := Run(ctx, names, options)
	if err == nil {
		err = write(result, *asJSON, *junit, stdout)
	}
	if err != nil {
		return refuse(err)
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
