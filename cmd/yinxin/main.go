// Command yinxin is the one binary: login with tiered real-name proofing, e-seals, e-licences and their verification.
//
// Each verb has a file of its own here, with flags and exit status only; the work is done by internal/app, and by sdk
// and conformance for the verbs that need no server. Results go to stdout, talk to stderr. Exit status: 0 done or
// valid, 1 failed or invalid, 2 indeterminate or could not judge, 3 misuse or broken environment.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

// Exit statuses of every verb.
const (
	exitDone          = 0
	exitFailed        = 1
	exitIndeterminate = 2
	exitMisuse        = 3
)

// command is what a verb gets.
type command struct {
	args   []string
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
}

// verb is one word of the command line.
type verb struct {
	name    string
	summary string
	run     func(ctx context.Context, c command) int
}

var verbs = []verb{
	{"quickstart", "run the whole job on embedded defaults, then keep serving", quickstartVerb},
	{"serve", "serve with a configuration file", serve},
	{"verify", "judge sealed documents, seals and presentation codes", verifyFiles},
	{"stamp", "seal the documents of a folder through a platform, or their digests alone", stampFolder},
	{"evidence", "pack a document with all that proves its verdict years later", packEvidence},
	{"inspect", "print the structure of a file without judging it", inspectFiles},
	{"migrate", "bring the database up to date, or show what would run", migrate},
	{"admin", "apply clients, personas and policies from a file", admin},
	{"audit", "check the hash chains of the audit log, or write it out", auditLog},
	{"log", "follow, countersign and prove the transparency log of a platform", logVerb},
	{"region", "judge the licences of other platforms: show, add, refresh, list, remove, export", regionVerb},
	{"counter", "carry what a counter needs to judge without a network for seven days: show, take", counterVerb},
	{"key", "list the platform's keys, or bring the next one", keyVerb},
	{"doctor", "check configuration and environment", doctor},
	{"mock", "run a throw-away platform with simulated peers for tests", mockVerb},
	{"conformance", "run the rules of the standards against this build or a server", runConformance},
	{"version", "print the version", printVersion},
}

// later are verbs of the design that this release does not have, with what to do until it does. They answer as misuse:
// a script that calls one must not take silence for success.
var later = map[string]string{
	"backup":  "stop the service and copy its data, or use the tools of the database; see docs/operations/backup.md",
	"restore": "put the copied data back; see docs/operations/backup.md",
	"augment": "documents get no time stamps or revocation evidence yet",
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(dispatch(ctx, command{args: os.Args[1:], stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}))
}

func dispatch(ctx context.Context, c command) int {
	if len(c.args) == 0 {
		usage(c.stderr)
		return exitMisuse
	}
	if slices.Contains([]string{"help", "-h", "-help", "--help"}, c.args[0]) {
		if len(c.args) == 1 {
			usage(c.stderr)
			return exitDone
		}
		c.args = []string{c.args[1], "-h"}
	}
	for _, v := range verbs {
		if v.name == c.args[0] {
			c.args = c.args[1:]
			return v.run(ctx, c)
		}
	}
	if instead, planned := later[c.args[0]]; planned {
		fmt.Fprintf(c.stderr, "yinxin %s: this release does not have it\nhint: %s\n", c.args[0], instead)
		return exitMisuse
	}
	fmt.Fprintf(c.stderr, "yinxin: unknown verb %q\n", c.args[0])
	fmt.Fprintln(c.stderr, "hint: run yinxin help")
	return exitMisuse
}

func usage(w io.Writer) {
	fmt.Fprintln(w, "usage: yinxin VERB [FLAGS] [ARGUMENTS]")
	for _, v := range verbs {
		fmt.Fprintf(w, "  %-12s %s\n", v.name, v.summary)
	}
	fmt.Fprintln(w, "Each verb explains its flags with -h.")
}

// flags returns a flag set of the verb; arguments shows what follows the flags and is empty when nothing may.
func (c command) flags(name, arguments string) *flag.FlagSet {
	set := flag.NewFlagSet(name, flag.ContinueOnError)
	set.Usage = func() {
		fmt.Fprintln(c.stderr, strings.TrimSpace("usage: yinxin "+name+" [FLAGS] "+arguments))
		set.SetOutput(c.stderr)
		set.PrintDefaults()
	}
	return set
}

// parse reads the flags and between minimum and maximum arguments, any number when maximum is negative; done is true when
// the verb must end with the status given. Flags may stand after arguments.
func (c command) parse(set *flag.FlagSet, minimum, maximum int) (arguments []string, status int, done bool) {
	arguments, err := parseAll(set, c.args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		set.Usage()
		return nil, exitDone, true
	case err == nil && len(arguments) < minimum:
		err = errors.New("an argument is missing")
	case err == nil && maximum >= 0 && len(arguments) > maximum:
		err = fmt.Errorf("unexpected argument %q", arguments[maximum])
	}
	if err != nil {
		c.fail(exitMisuse, set.Name(), err)
		fmt.Fprintf(c.stderr, "hint: run yinxin %s -h\n", set.Name())
		return nil, exitMisuse, true
	}
	return arguments, exitDone, false
}

func parseAll(set *flag.FlagSet, rest []string) (arguments []string, err error) {
	speak := set.Usage
	defer func() { set.Usage = speak }()
	set.SetOutput(io.Discard) // errors are printed by the caller, with the verb in front
	set.Usage = func() {}
	for {
		if err := set.Parse(rest); err != nil {
			return nil, err
		}
		if set.NArg() == 0 {
			return arguments, nil
		}
		if used := len(rest) - set.NArg(); used > 0 && rest[used-1] == "--" {
			return append(arguments, set.Args()...), nil
		}
		arguments = append(arguments, set.Arg(0))
		rest = set.Args()[1:]
	}
}

// log makes JSON lines on stderr the log of the process.
func (c command) log() *slog.Logger {
	logger := slog.New(slog.NewJSONHandler(c.stderr, nil))
	slog.SetDefault(logger)
	return logger
}

// fail prints an error the way every verb does.
func (c command) fail(status int, name string, err error) int {
	fmt.Fprintf(c.stderr, "yinxin %s: %v\n", name, err)
	return status
}

// stringList collects a flag that may be given more than once.
type stringList []string

func (l *stringList) String() string { return strings.Join(*l, ",") }

// Set adds a value.
func (l *stringList) Set(value string) error {
	*l = append(*l, value)
	return nil
}
