package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCommand(t *testing.T) {
	report := filepath.Join(t.TempDir(), "report.xml")
	tests := []struct {
		name      string
		arguments []string
		status    int
		out, talk string
	}{
		{"one area", []string{"seal"}, 0, " 0 failed", ""},
		{"report", []string{"--junit", report, "seal"}, 0, " 0 failed", ""},
		{"flags after areas", []string{"seal", "--json"}, 0, `"failed": 0`, ""},
		{"unknown area", []string{"nothing"}, 3, "", "no such area"},
		{"bad flag", []string{"--fast"}, 3, "", "flag provided but not defined"},
		{"report cannot be written", []string{"--junit", filepath.Join(report, "x"), "seal"}, 3, "", "create report"},
		{"help", []string{"-h"}, 0, "", "areas: sm seal ofd pdf jose-gm tsp license oidc fapi2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out, talk bytes.Buffer
			if status := Command(context.Background(), test.arguments, &out, &talk); status != test.status {
				t.Errorf("status %d, want %d", status, test.status)
			}
			if !strings.Contains(out.String(), test.out) || !strings.Contains(talk.String(), test.talk) || test.talk == "" && talk.Len() > 0 {
				t.Errorf("out %q, talk %q", out.String(), talk.String())
			}
			if test.name == "flags after areas" && !json.Valid(out.Bytes()) {
				t.Error("output is not one JSON value")
			}
		})
	}
	written, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	var suites junitSuites
	if err := xml.Unmarshal(written, &suites); err != nil || suites.Tests == 0 {
		t.Errorf("report: %v, %d tests", err, suites.Tests)
	}
}

func TestStatus(t *testing.T) {
	for want, result := range map[int]Result{0: {Passed: 1, NotApplicable: 3}, 1: {Passed: 5, Failed: 1}, 2: {NotApplicable: 2}} {
		if have := result.status(); have != want {
			t.Errorf("status of %+v is %d, want %d", result, have, want)
		}
	}
}
