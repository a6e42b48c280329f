package main

import (
	"encoding/json"
	"encoding/xml"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/conformance"
)

// TestConformanceMeetsAQuickstart: the object that quickstart prints is enough to probe it, and a registration that
// --new-clients makes can be applied while it runs.
func TestConformanceMeetsAQuickstart(t *testing.T) {
	folder := t.TempDir()
	data, printed := filepath.Join(folder, "data"), filepath.Join(folder, "quickstart.json")
	out, _ := begin(t, "quickstart", "--data", data, "--listen", "127.0.0.1:0", "--https", "--json")
	until(t, "the report", func() bool { return strings.HasSuffix(out.String(), "}\n") })
	r := report(t, out.String())
	if err := os.WriteFile(printed, []byte(out.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	var result conformance.Result
	decode := func(text string) {
		t.Helper()
		result = conformance.Result{}
		if err := json.Unmarshal([]byte(text), &result); err != nil {
			t.Fatal(err)
		}
	}
	decode(must(t, exitDone, "conformance", "--issuer", r.Issuer, "--with", printed, "--json", "oidc/oidcc-server", "oidc/oidcc-discovery-endpoint-verification", "oidc/oidcc-scope-address"))
	if result.Passed != 2 || result.NotApplicable != 1 || len(result.Rules) != 3 || result.Rules[0].Standard != "OpenID Connect Core 1.0" || result.Rules[0].Clause != "3.1" || result.Cases < 20 {
		t.Errorf("%+v", result)
	}

	made := filepath.Join(folder, "registration")
	listed := strings.Fields(must(t, exitDone, "conformance", "--new-clients", made))
	for _, path := range append(listed, filepath.Join(made, "with.json")) {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v", path, err)
		}
	}
	if status, _, talk := run(t, "conformance", "--new-clients", made); status != exitMisuse || !strings.Contains(talk, "exists") {
		t.Errorf("the same folder again: %d %s", status, talk)
	}
	must(t, exitDone, "admin", "apply", "-f", filepath.Join(made, "clients.yaml"), "--data", data)
	junit := filepath.Join(folder, "report.xml")
	arguments := []string{"conformance", "--issuer", r.Issuer, "--with", filepath.Join(made, "with.json"), "--ca-file", r.CAFile, "--junit", junit, "--json",
		"oidc/oidcc-refresh-token", "fapi2/fapi2-security-profile-final-happy-flow", "fapi2/fapi2-ensure-mtls-holder-of-key-required"}
	until(t, "the new clients", func() bool {
		status, text, _ := run(t, arguments...)
		if status == exitDone {
			decode(text)
		}
		return status == exitDone
	})
	if result.Passed != 2 || result.NotApplicable != 1 { // nobody asks for certificates here
		t.Errorf("%+v", result)
	}
	written, err := os.ReadFile(junit)
	if err != nil {
		t.Fatal(err)
	}
	if xml.Unmarshal(written, new(struct{ XMLName xml.Name })) != nil || strings.Count(string(written), "<testsuite ") != 3 || !strings.Contains(string(written), "<skipped ") {
		t.Errorf("report: %s", written)
	}
}
