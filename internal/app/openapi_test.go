package app_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

// TestCommittedOpenAPIDocumentIsCurrent: the document in docs/reference is what the platform answers. UPDATE_GOLDEN=1
// writes it anew.
func TestCommittedOpenAPIDocumentIsCurrent(t *testing.T) {
	p := apptest.Start(t, database(t))
	answer := p.Get("/api/openapi.json", "")
	if answer.Status != http.StatusOK {
		t.Fatalf("status %d", answer.Status)
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, []byte(answer.Text), "", "  "); err != nil {
		t.Fatal(err)
	}
	pretty.WriteByte('\n')
	path := filepath.Join(testkit.Root(), "docs", "reference", "openapi.json")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, pretty.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	committed, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(committed, pretty.Bytes()) {
		t.Errorf("docs/reference/openapi.json is not what the platform answers (%v); run UPDATE_GOLDEN=1 go test ./internal/app -run OpenAPI", err)
	}
}

// TestEveryOperationSaysWhatItIs: summaries, described fields and a problem document for every error.
func TestEveryOperationSaysWhatItIs(t *testing.T) {
	p := apptest.Start(t, database(t))
	var document struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]map[string]struct {
			OperationID string                     `json:"operationId"`
			Summary     string                     `json:"summary"`
			Tags        []string                   `json:"tags"`
			Responses   map[string]json.RawMessage `json:"responses"`
		} `json:"paths"`
	}
	if err := json.Unmarshal([]byte(p.Get("/api/openapi.json", "").Text), &document); err != nil {
		t.Fatal(err)
	}
	if document.OpenAPI[:3] != "3.1" || len(document.Paths) < 15 {
		t.Fatalf("OpenAPI %s with %d paths", document.OpenAPI, len(document.Paths))
	}
	seen := map[string]bool{}
	for path, operations := range document.Paths {
		for method, o := range operations {
			if o.OperationID == "" || o.Summary == "" || len(o.Tags) == 0 || seen[o.OperationID] {
				t.Errorf("%s %s is not described or its id stands twice: %+v", method, path, o)
			}
			seen[o.OperationID] = true
			if failure, ok := o.Responses["default"]; !ok || !bytes.Contains(failure, []byte("application/problem+json")) {
				t.Errorf("%s %s does not document its errors", method, path)
			}
		}
	}
}
