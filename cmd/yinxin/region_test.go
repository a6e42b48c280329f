package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	yinxin "github.com/yinxin-gov/yinxin/sdk"
)

// TestTwoPlatformsSideBySide: a platform judges the licences of another one by its package, once an operator said so, for the divisions that
// the operator named, and no longer than that. The commands are those of docs/integration/regions.md.
func TestTwoPlatformsSideBySide(t *testing.T) {
	theirs := t.TempDir()
	out, _ := begin(t, "quickstart", "--data", theirs, "--listen", "127.0.0.1:0", "--json")
	until(t, "the other platform", func() bool { return strings.Contains(out.String(), "\n") })
	other := report(t, out.String())
	ours, folder := config(t, "sqlite:"+filepath.Join(t.TempDir(), "yinxin.db"))
	content, err := os.ReadFile(ours)
	if err != nil {
		t.Fatal(err)
	}
	address := other.Issuer + "/trust/region"
	if err := os.WriteFile(ours, append(content, "outbound: {allowed: [\""+strings.TrimPrefix(other.Issuer, "http://")+"\"]}\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, exitDone, "migrate", "up", "--config", ours)
	begin(t, "serve", "--config", ours)
	cfg, err := app.LoadConfig(ours, nil)
	if err != nil {
		t.Fatal(err)
	}
	until(t, "this platform", func() bool {
		r, err := http.Get(cfg.Issuer + "/trust/region")
		if err != nil {
			return false
		}
		r.Body.Close()
		return r.StatusCode == http.StatusOK
	})
	valid, revoked := filepath.Join(theirs, "license-2.ofd"), filepath.Join(theirs, "license-1.ofd")
	// judged over the API, and by the files that this platform hands to verifiers elsewhere: one report
	judged := func(file, code, reason string) {
		t.Helper()
		document, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		overAPI := postFile(t, cfg.Issuer+"/api/v1/verifications", document)
		verifier := yinxin.NewVerifier()
		r, err := http.Get(cfg.Issuer + "/verify/trust")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		var trust struct {
			Files []struct {
				Content []byte `json:"content"`
			} `json:"files"`
		}
		if err := json.NewDecoder(r.Body).Decode(&trust); err != nil {
			t.Fatal(err)
		}
		for _, f := range trust.Files {
			if err := verifier.AddTrustBytes(f.Content); err != nil {
				t.Fatal(err)
			}
		}
		offline := verifier.Verify(file, document)
		if overAPI.Code != code || offline.Code != code {
			t.Errorf("%s: %s over the API, %s offline, want %s: %+v", filepath.Base(file), overAPI.Code, offline.Code, code, overAPI.Reasons)
		}
		for _, result := range []yinxin.Result{overAPI, offline} {
			found := reason == ""
			for _, r := range result.Reasons {
				found = found || r.Code == reason
			}
			if !found {
				t.Errorf("%s: no %s in %+v", filepath.Base(file), reason, result.Reasons)
			}
		}
	}
	judged(valid, "V24", "untrusted_root")

	file := filepath.Join(folder, "b.region")
	must(t, exitDone, "region", "export", "--data", theirs, "--to", file)
	var shown app.RegionSummary
	if err := json.Unmarshal([]byte(must(t, exitDone, "region", "show", "--json", file)), &shown); err != nil || shown.URI != address || !shown.Current {
		t.Fatalf("%+v %v", shown, err)
	}
	wrong := strings.Repeat("ab", 32)
	for name, args := range map[string][]string{
		"another root":       {"--fingerprint", wrong, "--division", "99", file},
		"everywhere":         {"--fingerprint", shown.Fingerprint, "--division", "00", file},
		"no such place":      {"--fingerprint", shown.Fingerprint, "--division", "99", "--url", other.Issuer + "/nowhere"},
		"a host not allowed": {"--fingerprint", shown.Fingerprint, "--division", "99", "--url", "http://localhost:1/trust/region"},
	} {
		if status, _, talk := run(t, append([]string{"region", "add", "--config", ours}, args...)...); status != exitFailed || !strings.Contains(talk, "YX-LIC-46") {
			t.Errorf("%s: %d %s", name, status, talk)
		}
	}
	judged(valid, "V24", "untrusted_root")

	// In the name of an authority that is not the region's.
	must(t, exitDone, "region", "add", "--config", ours, "--fingerprint", shown.Fingerprint, "--division", "370200", file)
	judged(valid, "V25", "region_scope")
	must(t, exitDone, "region", "remove", "--config", ours, address)
	judged(valid, "V24", "untrusted_root")

	must(t, exitDone, "region", "add", "--config", ours, "--fingerprint", shown.Fingerprint, "--division", "990000", "--url", address)
	judged(valid, "V00", "region")
	judged(revoked, "V10", "license_ended")
	must(t, exitDone, "region", "refresh", "--config", ours)
	var list struct {
		Regions []app.RegionStatus `json:"regions"`
	}
	if err := json.Unmarshal([]byte(must(t, exitDone, "region", "list", "--json", "--config", ours)), &list); err != nil || len(list.Regions) != 1 || list.Regions[0].State != "current" || list.Regions[0].Problem != "" {
		t.Errorf("%+v %v", list, err)
	}
	if text := must(t, exitDone, "region", "list", "--config", ours); !strings.Contains(text, "99") || !strings.Contains(text, address) {
		t.Error(text)
	}
	// A platform does not hand its own licences to another one.
	if status, _, talk := run(t, "region", "add", "--data", theirs, "--fingerprint", shown.Fingerprint, "--division", "3702", file); status != exitFailed || !strings.Contains(talk, "YX-LIC-464") {
		t.Errorf("its own package: %d %s", status, talk)
	}
	if status, _, talk := run(t, "region", "add", "--data", theirs, "--fingerprint", shown.Fingerprint, "--division", "99", file); status != exitFailed || !strings.Contains(talk, "YX-LIC-463") {
		t.Errorf("its own division: %d %s", status, talk)
	}
}

// postFile sends a document to an address and gives the one result of the report.
func postFile(t *testing.T, address string, document []byte) yinxin.Result {
	t.Helper()
	form, contentType := multipartFile("license.ofd", document)
	r, err := http.Post(address, contentType, form)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var report struct {
		Results []yinxin.Result `json:"results"`
	}
	if err := json.NewDecoder(r.Body).Decode(&report); err != nil || len(report.Results) != 1 {
		t.Fatalf("%d: %v", r.StatusCode, err)
	}
	return report.Results[0]
}

// TestCommandsAboutRegionsAreDocumented: each line of the manual is one that the verb takes, and each word stands in it.
func TestCommandsAboutRegionsAreDocumented(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(testkit.Root(), "docs", "integration", "regions.md"))
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]bool{}
	for _, line := range regexp.MustCompile(`(?m)^yinxin region .*$`).FindAllString(string(content), -1) {
		parts := strings.Fields(line)
		words[parts[2]] = true
		_, _, help := run(t, "region", parts[2], "-h")
		for _, flag := range parts[3:] {
			if name, ok := strings.CutPrefix(flag, "--"); ok && !strings.Contains(help, "  -"+name+" ") {
				t.Errorf("%s: no flag %s", line, flag)
			}
		}
	}
	for word := range regionWords {
		if !words[word] {
			t.Errorf("the manual has no line with %s", word)
		}
	}
}
