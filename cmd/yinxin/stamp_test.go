package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/yinxin-gov/yinxin/esign/sealtest"
)

// desk is a service client of a running platform.
type desk struct {
	t             *testing.T
	issuer, token string
}

// deskAt signs a service client in.
func deskAt(t *testing.T, issuer, id, secret string) desk {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, issuer+"/token", strings.NewReader(url.Values{"grant_type": {"client_credentials"}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(id, secret)
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	exchange(t, request, &answer)
	return desk{t, issuer, answer.AccessToken}
}

func exchange(t *testing.T, request *http.Request, into any) {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode > 299 {
		err = fmt.Errorf("%s %s: %s %s", request.Method, request.URL.Path, response.Status, content)
	}
	if err == nil {
		err = json.Unmarshal(content, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (d desk) call(method, path string, body, into any) {
	d.t.Helper()
	content, err := json.Marshal(body)
	if err != nil {
		d.t.Fatal(err)
	}
	request, err := http.NewRequest(method, d.issuer+path, bytes.NewReader(content))
	if err != nil {
		d.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+d.token)
	exchange(d.t, request, into)
}

// TestStampScripts runs testdata/stamp/*.txtar against a platform that serves: $SERVER, its seal $SEAL, whose rule lets documents stay, the
// service client "keeper" whose secret lies in $SECRET, and $TRUST. Each script has in/a.ofd, in/b.pdf and in/sub/broken.ofd.
func TestStampScripts(t *testing.T) {
	folder := t.TempDir()
	const secret = "a-secret-of-tests-0123"
	manifest, secretFile := filepath.Join(folder, "clients.yaml"), filepath.Join(folder, "secret")
	clients := "clients:\n"
	for id, scope := range map[string]string{"keeper": "seal_keeper", "reviewer": "seal_reviewer"} {
		clients += fmt.Sprintf("- {client_id: %s, client_secret: %s, grant_types: [client_credentials], scope: %s}\n", id, secret, scope)
	}
	for name, content := range map[string]string{manifest: clients, secretFile: secret + "\n"} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out, _ := begin(t, "quickstart", "--data", filepath.Join(folder, "data"), "--listen", "127.0.0.1:0", "--apply", manifest, "--json")
	until(t, "the report", func() bool { return strings.HasSuffix(out.String(), "}\n") })
	r := report(t, out.String())
	keeper, reviewer := deskAt(t, r.Issuer, "keeper", secret), deskAt(t, r.Issuer, "reviewer", secret)
	var list struct {
		Seals []struct {
			ID string `json:"id"`
		} `json:"seals"`
	}
	keeper.call(http.MethodGet, "/api/v1/seals?state=active", nil, &list)
	if len(list.Seals) == 0 {
		t.Fatal("no seal is in use")
	}
	seal := list.Seals[0].ID
	var rule map[string]any
	keeper.call(http.MethodPost, "/api/v1/seals/"+seal+"/rule", map[string]any{"version": 0, "rule": map[string]any{"when": "never", "approver": "seal_approver", "approvals": 1, "hours": 24, "uses": 1, "remote": true}}, &rule)
	reviewer.call(http.MethodPost, "/api/v1/seals/"+seal+"/rule/decision", map[string]any{"version": 1, "approve": true}, &rule)
	documents := map[string][]byte{"in/a.ofd": sealtest.Document(t, 2), "in/b.pdf": sealtest.PDF(2), "in/sub/broken.ofd": []byte("PK\x03\x04 broken")}
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "stamp"), RequireExplicitExec: true, RequireUniqueNames: true, Deadline: time.Now().Add(3 * time.Minute), Cmds: words,
		Setup: func(env *testscript.Env) error {
			for name, value := range map[string]string{"SERVER": r.Issuer, "SEAL": seal, "SECRET": secretFile, "TRUST": r.Trust} {
				env.Setenv(name, value)
			}
			for name, content := range documents {
				path := filepath.Join(env.WorkDir, filepath.FromSlash(name))
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					return err
				}
				if err := os.WriteFile(path, content, 0o600); err != nil {
					return err
				}
			}
			return nil
		},
	})
}
