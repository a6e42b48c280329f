package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/yinxin-gov/yinxin/conformance/vectors"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"yinxin": main})
}

// TestScripts runs testdata/script/*.txtar: each reads as a session at the command line. Beside the usual words there are
//
//	exits N yinxin …            the command ends with the status N
//	json FILE                   FILE (or stdout) is one JSON value, with nothing behind it
//	vector FILE AREA/NAME FIELD writes a field of a conformance vector
//	flip FILE                   changes an octet in the middle of FILE
//
// $QS is the folder of a finished quickstart, which scripts only read; $QS/trust is its trust folder. $TYPES holds the packages of the
// built-in licence types.
func TestScripts(t *testing.T) {
	data := t.TempDir()
	checkJob(t, report(t, must(t, exitDone, "quickstart", "--data", data, "--listen", "127.0.0.1:0", "--exit", "--json")))
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"), RequireExplicitExec: true, RequireUniqueNames: true,
		Deadline: time.Now().Add(3 * time.Minute), // a verb that should have refused may serve on
		Setup: func(env *testscript.Env) error {
			env.Setenv("QS", data)
			types, err := filepath.Abs(filepath.Join("..", "..", "elicense", "catalog", "types"))
			env.Setenv("TYPES", types)
			return err
		},
		Cmds: words,
	})
}

// words are those of scripts beside the usual ones.
var words = map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "json": oneJSON, "vector": writeVector, "flip": flip}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits N COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	status := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		ended := (*exec.ExitError)(nil)
		if !errors.As(err, &ended) {
			ts.Fatalf("%v: %v", args[1:], err)
		}
		status = ended.ExitCode()
	}
	if status != want {
		ts.Fatalf("%v ended %d, want %d", args[1:], status, want)
	}
}

func oneJSON(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: json FILE")
	}
	if content := ts.ReadFile(args[0]); !json.Valid([]byte(content)) {
		ts.Fatalf("not one JSON value: %s", content)
	}
}

func writeVector(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: vector FILE AREA/NAME FIELD")
	}
	list, err := vectors.Load(filepath.Dir(args[1]))
	ts.Check(err)
	i := slices.IndexFunc(list, func(v vectors.Vector) bool { return v.Name == args[1] })
	if i < 0 || list[i].Fields[args[2]] == nil {
		ts.Fatalf("no vector %s with the field %s", args[1], args[2])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), list[i].Fields[args[2]], 0o600))
}

func flip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: flip FILE")
	}
	content := []byte(ts.ReadFile(args[0]))
	changed := bytes.Clone(content)
	changed[len(changed)/2] ^= 0xff // one bit of a compressed stream may mean the same text
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), changed, 0o600))
}
