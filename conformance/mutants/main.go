// Mutants takes away one check of a package after the other and tells which of them no test misses ("if deleting a check from verifier or token code breaks no
// test, a test is missing").
//
//	go run ./conformance/mutants [-files a.go,b.go] [-tests PACKAGE,…] [-skip REGEXP] [-jobs N] PACKAGE
//
// PACKAGE is a folder of this module, such as esign/pdf. A check is the condition of an if or of a case, or an operand of && or ||. All of them are built into one
// test program that takes one away by the environment, so that nothing is built for each; tests of other packages that use the package count too. For each check the tests
// that ask it are run, the shortest first, until one fails. A check is
//
//	missed    a test failed without it
//	unmissed  all tests passed without it: a test is missing, or something else answers the same
//	late      a test did not end in twenty seconds and twenty times its processor time; look whether it is missed
//	untaken   no test has an input on which it decides anything
//
// Lines are written to stdout, all but the missed ones, and their numbers to stderr. Exit status: 0 where every check is missed, 1 else, 3 for misuse.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

func main() {
	files := flag.String("files", "", "files of the package, all where none is named")
	others := flag.String("tests", "", "further packages whose tests count")
	skip := flag.String("skip", "^$", "tests that are not run")
	jobs := flag.Int("jobs", runtime.NumCPU(), "tests at a time")
	flag.Parse()
	skipped, err := regexp.Compile(*skip)
	if flag.NArg() != 1 || err != nil || *jobs < 1 {
		flag.Usage()
		os.Exit(3)
	}
	counts, err := run(context.Background(), options{module: ".", packageDir: filepath.Clean(flag.Arg(0)), files: list(*files), tests: list(*others), skip: skipped, jobs: *jobs}, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(3)
	}
	fmt.Fprintf(os.Stderr, "%s: %d missed, %d unmissed, %d late, %d untaken\n", flag.Arg(0), counts["missed"], counts["unmissed"], counts["late"], counts["untaken"])
	if counts["unmissed"]+counts["late"]+counts["untaken"] > 0 {
		os.Exit(1)
	}
}

func list(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
}

type options struct {
	module, packageDir string
	files, tests       []string
	skip               *regexp.Regexp
	jobs               int
}

// test is a top-level test of a built test program.
type test struct {
	program, folder, name string
	took                  time.Duration // of the processor
}

// run takes the checks away and writes a line for each that is not missed.
func run(ctx context.Context, o options, out *os.File) (map[string]int, error) {
	work, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	checks, overlay, err := instrumented(o, work)
	if err != nil {
		return nil, err
	}
	var tests []test
	askedBy := map[int][]test{}
	for i, folder := range append([]string{o.packageDir}, o.tests...) {
		program := filepath.Join(work, strconv.Itoa(i)+".test")
		build := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", program, "./"+folder)
		build.Dir = o.module
		if said, err := build.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build tests of %s: %w\n%s", folder, err, said)
		}
		if tests, err = listed(ctx, o, program, folder); err != nil {
			return nil, err
		}
		for _, t := range tests {
			asked, took, err := asks(ctx, t, filepath.Join(work, "asked"))
			if err != nil {
				return nil, err
			}
			t.took = took
			for _, number := range asked {
				askedBy[number] = append(askedBy[number], t)
			}
		}
	}
	counts, numbers := map[string]int{}, make(chan int)
	var turn sync.Mutex
	var group sync.WaitGroup
	for range o.jobs {
		group.Go(func() {
			for number := range numbers {
				verdict := judge(ctx, number, askedBy[number])
				turn.Lock()
				counts[verdict]++
				if c := checks[number-1]; verdict != "missed" {
					fmt.Fprintf(out, "%s\t%s\t%s\t%s\n", verdict, c.place, c.kind, c.text)
				}
				turn.Unlock()
			}
		})
	}
	for number := range checks {
		numbers <- number + 1
	}
	close(numbers)
	group.Wait()
	return counts, ctx.Err()
}

// instrumented writes the files of the package so that their checks can be taken away, and the overlay that puts them in the place of the real ones.
func instrumented(o options, work string) (checks []check, overlay string, err error) {
	folder, err := filepath.Abs(filepath.Join(o.module, o.packageDir))
	if err != nil {
		return nil, "", err
	}
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, "", err
	}
	replaced, packageName := map[string]string{}, ""
	for _, path := range paths {
		base := filepath.Base(path)
		if strings.HasSuffix(base, "_test.go") || len(o.files) > 0 && !slices.Contains(o.files, base) {
			continue
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return nil, "", err
		}
		if bytes.Contains(source, []byte("\n//go:build ")) || bytes.HasPrefix(source, []byte("//go:build ")) {
			continue // not in every build
		}
		head, err := parser.ParseFile(token.NewFileSet(), base, source, parser.PackageClauseOnly)
		if err != nil {
			return nil, "", err
		}
		packageName = head.Name.Name
		written, found, err := instrument(base, source, len(checks)+1)
		if err != nil {
			return nil, "", err
		}
		checks = append(checks, found...)
		replaced[path] = filepath.Join(work, base)
		if err := os.WriteFile(replaced[path], written, 0o600); err != nil {
			return nil, "", err
		}
	}
	if len(checks) == 0 {
		return nil, "", fmt.Errorf("no checks in %s", o.packageDir)
	}
	helper := filepath.Join(folder, "checkistakenaway_mutants.go")
	replaced[helper] = filepath.Join(work, "checkistakenaway.go")
	if err := os.WriteFile(replaced[helper], switchFile(packageName), 0o600); err != nil {
		return nil, "", err
	}
	content, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return nil, "", err
	}
	overlay = filepath.Join(work, "overlay.json")
	return checks, overlay, os.WriteFile(overlay, content, 0o600)
}

// listed are the tests of a program that are not skipped, and the seeds of its fuzz targets.
func listed(ctx context.Context, o options, program, folder string) (tests []test, err error) {
	ask := exec.CommandContext(ctx, program, "-test.list", "^(Test|Fuzz)")
	ask.Dir = filepath.Join(o.module, folder)
	names, err := ask.Output()
	if err != nil {
		return nil, fmt.Errorf("list tests of %s: %w", folder, err)
	}
	for _, name := range strings.Fields(string(names)) {
		if !o.skip.MatchString(name) {
			tests = append(tests, test{program: program, folder: ask.Dir, name: name})
		}
	}
	return tests, nil
}

func (t test) command(ctx context.Context, environment ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, t.program, "-test.failfast", "-test.run", "^"+t.name+"$")
	c.Dir, c.Env = t.folder, append(os.Environ(), environment...)
	return c
}

// asks runs a test as it is and tells which checks it asks whether they are taken away: those that would have decided something.
func asks(ctx context.Context, t test, record string) (numbers []int, took time.Duration, err error) {
	if err := os.RemoveAll(record); err != nil {
		return nil, 0, err
	}
	whole := t.command(ctx, envAsked+"="+record)
	if said, err := whole.CombinedOutput(); err != nil {
		return nil, 0, fmt.Errorf("%s fails with all checks: %w\n%s", t.name, err, said)
	}
	took = whole.ProcessState.UserTime() + whole.ProcessState.SystemTime()
	content, err := os.ReadFile(record)
	if err != nil && !os.IsNotExist(err) {
		return nil, 0, err
	}
	for _, line := range strings.Fields(string(content)) {
		number, err := strconv.Atoi(line)
		if err != nil {
			return nil, 0, err
		}
		numbers = append(numbers, number)
	}
	return numbers, took, nil
}

// judge runs the tests that ask a check, without it.
func judge(ctx context.Context, number int, tests []test) string {
	if len(tests) == 0 {
		return "untaken"
	}
	slices.SortFunc(tests, func(a, b test) int { return int(a.took - b.took) })
	for _, t := range tests {
		limited, cancel := context.WithTimeout(ctx, 20*t.took+20*time.Second)
		err := t.command(limited, envNumber+"="+strconv.Itoa(number)).Run()
		over := limited.Err() != nil
		cancel()
		switch {
		case over: // it would be late in every other test that comes here
			return "late"
		case err != nil:
			return "missed"
		}
	}
	return "unmissed"
}
