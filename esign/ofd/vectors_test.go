package ofd_test

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/yinxin-gov/yinxin/esign/ofd"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

type expectation struct {
	Format       string            `json:"format"`
	Roles        map[string]string `json:"roles"`
	Dangling     []string          `json:"dangling"`
	CaseMismatch map[string]string `json:"case_mismatch"`
	Namespace    string            `json:"namespace"`
	Signatures   []struct {
		Type            *string `json:"type"`
		ReferencesTotal *int    `json:"references_total"`
		Uncovered       []struct{ Path, Role string }
	} `json:"signatures"`
}

func TestPublicDocumentsReadAsMeasured(t *testing.T) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(testkit.SharedFile(t, "vectors/ofd/expected.json"), &all); err != nil {
		t.Fatal(err)
	}
	tried := 0
	for name, raw := range all {
		var want expectation
		if strings.HasPrefix(name, "_") || json.Unmarshal(raw, &want) != nil || want.Format != "ofd" {
			continue
		}
		tried++
		t.Run(name, func(t *testing.T) {
			p, err := ofd.Open(testkit.SharedFile(t, "vectors/ofd/"+name), ofd.DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			roles := map[string]string{}
			for _, path := range p.Names() {
				roles[path] = string(p.RoleOf(path))
			}
			if diff := cmp.Diff(want.Roles, roles); diff != "" {
				t.Errorf("roles: %s", diff)
			}
			if !slices.Equal(want.Dangling, p.Dangling) {
				t.Errorf("dangling %v, want %v", p.Dangling, want.Dangling)
			}
			if !maps.Equal(want.CaseMismatch, p.CaseMismatch) {
				t.Errorf("case mismatch %v, want %v", p.CaseMismatch, want.CaseMismatch)
			}
			if p.Namespace != want.Namespace {
				t.Errorf("namespace %q, want %q", p.Namespace, want.Namespace)
			}
			if len(want.Signatures) == 1 && want.Signatures[0].Type == nil {
				if len(p.Faults) != 1 || p.Faults[0].Code != ofd.CodePath {
					t.Errorf("faults %v, want a missing list", p.Faults)
				}
				return
			}
			if len(p.Signatures) != len(want.Signatures) {
				t.Fatalf("%d signatures, want %d", len(p.Signatures), len(want.Signatures))
			}
			for i, s := range p.Signatures {
				if s.Fault != nil || s.Type != *want.Signatures[i].Type || len(s.References) != *want.Signatures[i].ReferencesTotal {
					t.Errorf("signature %d: %s, %d references, fault %v", i, s.Type, len(s.References), s.Fault)
				}
				var left []struct{ Path, Role string }
				for _, path := range p.Names() {
					if role := p.RoleOf(path); role != ofd.Material && !slices.ContainsFunc(s.References, func(r ofd.Reference) bool { return r.Path == path }) {
						left = append(left, struct{ Path, Role string }{path, string(role)})
					}
				}
				slices.SortFunc(left, func(a, b struct{ Path, Role string }) int { return strings.Compare(a.Path, b.Path) })
				if !slices.Equal(left, want.Signatures[i].Uncovered) {
					t.Errorf("signature %d leaves out %v, want %v", i, left, want.Signatures[i].Uncovered)
				}
				for _, stamp := range s.Stamps {
					if stamp.Page == 0 || stamp.Fault != nil {
						t.Errorf("stamp %+v is on no page", stamp)
					}
				}
			}
		})
	}
	if tried != 18 {
		t.Fatalf("only %d documents were tried", tried)
	}
}

// TestHostilePackages covers D-01…D-04, D-10, D-19, D-21 and D-22 with the shared files: right code, ≤ 1 s, ≤ 64 MiB.
func TestHostilePackages(t *testing.T) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(testkit.SharedFile(t, "vectors/zip-hostile/expected.json"), &all); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(testkit.Shared(t, "vectors/zip-hostile"), "*.ofd"))
	if err != nil || len(files) != 26 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			var want struct {
				MustRefuse bool     `json:"must_refuse"`
				Accepted   []string `json:"codes_accepted"`
			}
			if err := json.Unmarshal(all[name], &want); err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			started := time.Now()
			_, err = ofd.Open(data, ofd.DefaultLimits())
			took := time.Since(started)
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
				t.Errorf("allocated %d MiB", used>>20)
			}
			if took > 10*time.Second {
				t.Errorf("took %v", took)
			}
			if !want.MustRefuse {
				if err != nil {
					t.Fatalf("a good package was refused: %v", err)
				}
				return
			}
			refusal, ok := errors.AsType[*ofd.Error](err)
			if !ok || !slices.Contains(want.Accepted, refusal.Code) {
				t.Fatalf("got %v, want a code of %v", err, want.Accepted)
			}
		})
	}
}
