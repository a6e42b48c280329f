// Command mutants turns the checks of a package off one at a time and says which of them no test misses.
//
//	go run ./internal/mutants [-kept FILE] [-with PACKAGE]... [-slow 4s] [-skip REGEXP] [-only REGEXP] FOLDER...
//
// Each condition of an `if` or of a `case` is false once, each operand of && and || is left out once, each bound is moved by one and each
// `return false` answers true. All mutants of a package stand in one source, behind a number that the environment chooses, so that a package
// is compiled once and not once for each of them. A mutant is noticed when the tests of its package fail, or those of a package that -with
// names, which are asked second. Tests that take longer than -slow, alone and unchanged, do not take part.
//
// What passes all of them must be named, with a reason, in the file of -kept; the exit status is 1 when something passes that is not named
// there, or when something is named that does not pass any more.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

type list []string

func (l *list) String() string     { return strings.Join(*l, ",") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

type options struct {
	kept    string
	with    list
	slow    time.Duration
	only    *regexp.Regexp
	whole   bool // nothing is left out by only
	skip    string
	workers int
	out     io.Writer
	scratch string
}

func main() {
	o := options{out: os.Stdout}
	only := ""
	flag.StringVar(&o.kept, "kept", "docs/reference/mutants.tsv", "mutants that may pass, each with its reason")
	flag.Var(&o.with, "with", "package whose tests are asked as well (may stand several times)")
	flag.DurationVar(&o.slow, "slow", 4*time.Second, "tests that take longer do not take part")
	flag.StringVar(&o.skip, "skip", "", "tests that do not take part, as a regular expression")
	flag.StringVar(&only, "only", "", "mutants whose file, function and text match alone")
	flag.IntVar(&o.workers, "j", runtime.NumCPU(), "mutants at once")
	flag.Parse()
	o.whole = only == ""
	var err error
	if o.only, err = regexp.Compile(only); err == nil && flag.NArg() == 0 {
		err = errors.New("no folder")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(3)
	}
	if o.scratch, err = os.MkdirTemp("", "mutants"); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(3)
	}
	defer os.RemoveAll(o.scratch)
	wrong := 0
	for _, folder := range flag.Args() {
		n, err := judge(o, filepath.Clean(folder))
		if err != nil {
			fmt.Fprintf(os.Stderr, "mutants: %s: %v\n", folder, err)
			os.RemoveAll(o.scratch)
			os.Exit(3)
		}
		wrong += n
	}
	if wrong > 0 {
		os.RemoveAll(o.scratch)
		os.Exit(1)
	}
}

// judge tries the mutants of one package and returns how many results the file of what may pass does not foresee.
func judge(o options, folder string) (int, error) {
	files, err := sourcesOf(folder)
	if err != nil {
		return 0, err
	}
	all, sources, err := mutatePackage(folder, files)
	if err != nil {
		return 0, err
	}
	overlay, err := writeOverlay(o.scratch, folder, sources)
	if err != nil {
		return 0, err
	}
	var tests []suite
	for _, name := range append([]string{"./" + folder}, o.with...) {
		s, err := build(o, overlay, name, len(tests))
		if err != nil {
			return 0, err
		}
		tests = append(tests, s)
	}
	kept, err := readKept(o.kept, folder)
	if err != nil {
		return 0, err
	}
	var tried []mutant
	for _, m := range all {
		if o.only.MatchString(m.file + " " + m.function + " " + m.text) {
			tried = append(tried, m)
		}
	}
	noticed := make([]string, len(tried))
	var work sync.WaitGroup
	next := make(chan int)
	for range o.workers {
		work.Go(func() {
			for i := range next {
				noticed[i] = notice(tests, tried[i].number)
			}
		})
	}
	for i := range tried {
		next <- i
	}
	close(next)
	work.Wait()

	wrong, passed := 0, map[string]bool{}
	for i, m := range tried {
		if noticed[i] != "" {
			continue
		}
		key := m.key(folder)
		passed[key] = true
		if _, ok := kept[key]; !ok {
			wrong++
			fmt.Fprintf(o.out, "%s/%s:%d\t%s\t%s\t%s\n", folder, m.file, m.line, m.function, m.kind, m.text)
		}
	}
	for _, key := range stale(kept, tried, folder, passed, o.whole) {
		wrong++
		fmt.Fprintf(o.out, "%s\tis noticed or gone: take its line away\n", key)
	}
	fmt.Fprintf(o.out, "%s: %d mutants, %d pass with a reason, %d results not foreseen\n", folder, len(tried), len(passed)-countNew(passed, kept), wrong)
	return wrong, nil
}

func countNew(passed map[string]bool, kept map[string]string) int {
	n := 0
	for key := range passed {
		if _, ok := kept[key]; !ok {
			n++
		}
	}
	return n
}

// stale are the lines of what may pass that name nothing that passes. With -only, lines about what was not tried are left alone.
func stale(kept map[string]string, tried []mutant, folder string, passed map[string]bool, whole bool) []string {
	known := map[string]bool{}
	for _, m := range tried {
		known[m.key(folder)] = true
	}
	var lines []string
	for key := range kept {
		if !passed[key] && (known[key] || whole) {
			lines = append(lines, key)
		}
	}
	sort.Strings(lines)
	return lines
}

// sourcesOf returns the Go files that this machine builds into a package.
func sourcesOf(folder string) ([]string, error) {
	out, err := exec.Command("go", "list", "-json=GoFiles", "./"+folder).Output()
	if err != nil {
		return nil, err
	}
	var listed struct{ GoFiles []string }
	return listed.GoFiles, json.Unmarshal(out, &listed)
}

func writeOverlay(scratch, folder string, sources map[string][]byte) (string, error) {
	root, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	place, err := os.MkdirTemp(scratch, "sources")
	if err != nil {
		return "", err
	}
	replace := map[string]string{}
	for name, source := range sources {
		copied := filepath.Join(place, name)
		if err := os.WriteFile(copied, source, 0o600); err != nil {
			return "", err
		}
		replace[filepath.Join(root, name)] = copied
	}
	encoded, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(place, "overlay.json")
	return path, os.WriteFile(path, encoded, 0o600)
}

// A suite is the compiled tests of one package.
type suite struct {
	binary, folder, skip string
	limit                time.Duration // a mutant that takes longer is noticed: it does not end
}

func build(o options, overlay, name string, n int) (suite, error) {
	out, err := exec.Command("go", "list", "-f", "{{.Dir}}", name).Output()
	if err != nil {
		return suite{}, err
	}
	s := suite{binary: filepath.Join(filepath.Dir(overlay), "tests"+strconv.Itoa(n)), folder: strings.TrimSpace(string(out)), skip: o.skip}
	command := exec.Command("go", "test", "-vet=off", "-c", "-overlay", overlay, "-o", s.binary, name)
	if text, err := command.CombinedOutput(); err != nil {
		return suite{}, fmt.Errorf("%w: %s", err, text)
	}
	slow, err := s.slowTests(o.slow)
	if err != nil {
		return suite{}, err
	}
	s.skip = strings.Join(append(slow, nonEmpty(o.skip)...), "|")
	begun := time.Now()
	if text, failed := s.run("0", 10*time.Minute); failed {
		return suite{}, fmt.Errorf("the tests of %s fail without a mutant: %s", name, text)
	}
	s.limit = 5*time.Since(begun) + 10*time.Second
	return s, nil
}

func nonEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

var duration = regexp.MustCompile(`^--- (?:PASS|FAIL|SKIP): (\S+) \(([0-9.]+)s\)`)

func (s suite) slowTests(limit time.Duration) ([]string, error) {
	command := exec.Command(s.binary, append(s.arguments(), "-test.v")...)
	command.Dir = s.folder
	out, err := command.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("without a mutant: %w: %s", err, tail(out))
	}
	var slow []string
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		if m := duration.FindStringSubmatch(lines.Text()); m != nil {
			if seconds, err := strconv.ParseFloat(m[2], 64); err == nil && seconds > limit.Seconds() {
				slow = append(slow, "^"+regexp.QuoteMeta(m[1])+"$")
			}
		}
	}
	return slow, lines.Err()
}

func (s suite) arguments() []string {
	arguments := []string{"-test.failfast", "-test.timeout=30m"}
	if s.skip != "" {
		arguments = append(arguments, "-test.skip="+s.skip)
	}
	return arguments
}

func (s suite) run(mutant string, limit time.Duration) (string, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	command := exec.CommandContext(ctx, s.binary, s.arguments()...)
	command.Dir = s.folder
	command.WaitDelay = time.Second
	command.Env = append(os.Environ(), "MUTANT="+mutant)
	out, err := command.CombinedOutput()
	return tail(out), err != nil
}

func tail(out []byte) string {
	if len(out) > 2000 {
		out = out[len(out)-2000:]
	}
	return string(out)
}

var failed = regexp.MustCompile(`(?m)^--- FAIL: (\S+)`)

// notice returns the test that fails with a mutant, "end" when it does not end or the program breaks, "" when all pass.
func notice(tests []suite, number int) string {
	for _, s := range tests {
		text, broken := s.run(strconv.Itoa(number), s.limit)
		if !broken {
			continue
		}
		if m := failed.FindStringSubmatch(text); m != nil {
			return m[1]
		}
		return "end"
	}
	return ""
}

// readKept reads what may pass in one folder: lines of folder, file, function, kind, text and reason, separated by tabs. Lines that begin
// with # are remarks.
func readKept(path, folder string) (map[string]string, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	kept := map[string]string{}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		at := strings.LastIndexByte(line, '\t')
		if at < 0 || strings.Count(line, "\t") != 5 || strings.TrimSpace(line[at+1:]) == "" {
			return nil, fmt.Errorf("%s:%d: wants folder, file, function, kind, text and a reason", path, n)
		}
		if strings.HasPrefix(line, folder+"\t") {
			kept[line[:at]] = line[at+1:]
		}
	}
	return kept, lines.Err()
}
