package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/quickstart"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/internal/walk"
	yinxin "github.com/yinxin-gov/yinxin/sdk"
)

// buffer may be read while a verb writes.
type buffer struct {
	mutex   sync.Mutex
	content bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.content.Write(p)
}

func (b *buffer) String() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.content.String()
}

// run runs a verb to its end.
func run(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, talk buffer
	status = dispatch(t.Context(), command{args: args, stdin: strings.NewReader(""), stdout: &out, stderr: &talk})
	return status, out.String(), talk.String()
}

// must runs a verb that has to end with the status and returns its output.
func must(t *testing.T, want int, args ...string) string {
	t.Helper()
	status, out, talk := run(t, args...)
	if status != want {
		t.Fatalf("yinxin %s ended %d, want %d\n%s\n%s", strings.Join(args, " "), status, want, out, talk)
	}
	return out
}

// begin runs a verb in the background and returns its output; the verb is stopped when the test ends.
func begin(t *testing.T, args ...string) (out *buffer, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out = &buffer{}
	talk, status := &buffer{}, make(chan int, 1)
	go func() {
		status <- dispatch(ctx, command{args: args, stdin: strings.NewReader(""), stdout: out, stderr: talk})
	}()
	var once sync.Once
	ended := -1
	stop = func() int {
		once.Do(func() { cancel(); ended = <-status })
		return ended
	}
	t.Cleanup(func() {
		if status := stop(); status != exitDone || t.Failed() {
			t.Errorf("yinxin %s ended %d\n%s", strings.Join(args, " "), status, talk)
		}
	})
	return out, stop
}

func until(t *testing.T, what string, reached func() bool) {
	t.Helper()
	for range 600 {
		if reached() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("%s did not come within 30 seconds", what)
}

// config writes a configuration on another database.
func config(t *testing.T, database string) (file, folder string) {
	t.Helper()
	folder = t.TempDir()
	secret := filepath.Join(folder, "passphrase")
	if err := os.WriteFile(secret, []byte("a passphrase of tests"), 0o600); err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(folder, "yinxin.yaml")
	public, management := freePort(t), freePort(t)
	content := fmt.Sprintf("issuer: http://localhost:%d\nlisten: {public: \"127.0.0.1:%d\", management: \"127.0.0.1:%d\"}\ndatabase: {url: %q}\nblob: {dir: %q}\nkeys: {provider: file, passphrase_file: %q}\nsandbox: true\n",
		public, public, management, database, filepath.Join(folder, "documents"), secret)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, folder
}

// nextPort lies below the ports that the system gives to anybody who asks for a free one.
var nextPort = 23170

// freePort is for configurations that must name their port, and for services that stop and come back at the same one.
func freePort(t *testing.T) int {
	t.Helper()
	for ; nextPort < 32000; nextPort++ {
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", nextPort))
		if err != nil {
			continue
		}
		listener.Close()
		nextPort++
		return nextPort - 1
	}
	t.Fatal("no port is free")
	return 0
}

func report(t *testing.T, out string) quickstart.Report {
	t.Helper()
	var r quickstart.Report
	decoder := json.NewDecoder(strings.NewReader(out))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		t.Fatalf("no report: %v\n%s", err, out)
	}
	if _, err := decoder.Token(); err != io.EOF {
		t.Error("something follows the report on stdout")
	}
	return r
}

func checkJob(t *testing.T, r quickstart.Report) {
	t.Helper()
	if !r.OK() || len(r.Steps) != 16 {
		t.Errorf("steps are %+v", r.Steps)
	}
	if r.License.Verdict != "valid" || r.License.Code != "V00" || r.Tampered.Verdict != "invalid" || r.Tampered.Code != "V20" || r.Revoked.Verdict != "invalid" || r.Revoked.Code != "V10" {
		t.Errorf("verdicts are %+v %+v %+v", r.License, r.Tampered, r.Revoked)
	}
	if len(r.Personas) < 5 || len(r.Clients) < 5 || r.Issuer == "" || r.Management == "" || r.Data == "" || r.Config == "" || r.Trust == "" || r.Inbox == "" {
		t.Errorf("report is %+v", r)
	}
}

func TestQuickstartDoesTheMainJobTwiceOnOneFolder(t *testing.T) {
	data := t.TempDir()
	first := report(t, must(t, exitDone, "quickstart", "--data", data, "--listen", "127.0.0.1:0", "--exit", "--json"))
	checkJob(t, first)
	second := report(t, must(t, exitDone, "quickstart", "--data", data, "--listen", "127.0.0.1:0", "--exit", "--json"))
	checkJob(t, second)
	if second.License.LicenseID == first.License.LicenseID {
		t.Error("the second run issued nothing")
	}
	must(t, exitDone, "verify", "--trust", first.Trust, filepath.Join(data, "license-2.ofd"))
	must(t, exitFailed, "verify", "--trust", first.Trust, first.License.File)
	must(t, exitFailed, "verify", "--trust", first.Trust, first.Tampered.File)
	must(t, exitIndeterminate, "verify", filepath.Join(data, "license-2.ofd"))
	must(t, exitDone, "audit", "verify", "--data", data)
	if out := must(t, exitDone, "migrate", "status", "--data", data); strings.Contains(out, "waits") || !strings.Contains(out, "applied") {
		t.Errorf("migrations: %s", out)
	}
	if out := must(t, exitDone, "doctor", "--json", "--data", data); !strings.Contains(out, `"algorithms"`) {
		t.Errorf("doctor: %s", out)
	}
}

func TestQuickstartOnPostgreSQLWithFurtherClients(t *testing.T) {
	for _, engine := range testkit.Databases(t) {
		if engine.Name != "postgresql" {
			continue
		}
		file, folder := config(t, engine.OpenURL(t))
		more := filepath.Join(folder, "more.yaml")
		if err := os.WriteFile(more, []byte("clients: [{client_id: further, client_secret: a-secret-of-tests, redirect_uris: [\"https://further.example.gov.cn/cb\"]}]\npersonas: [{identifier: \"1390000%04d\", password: Correct-horse-9, name: 众人, ial: 1, count: 3}]\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if status, _, talk := run(t, "serve", "--config", file); status != exitMisuse || !strings.Contains(talk, "migrate up") {
			t.Errorf("serving without migrations ended %d: %s", status, talk)
		}
		r := report(t, must(t, exitDone, "quickstart", "--data", filepath.Join(folder, "data"), "--config", file, "--apply", more, "--exit", "--json"))
		checkJob(t, r)
		if r.Config != file || !strings.Contains(fmt.Sprint(r.Clients), "further") {
			t.Errorf("config %s, clients %v", r.Config, r.Clients)
		}
		must(t, exitDone, "audit", "verify", "--config", file)
	}
}

func TestQuickstartServesOnOverHTTPS(t *testing.T) {
	data := t.TempDir()
	out, stop := begin(t, "quickstart", "--data", data, "--listen", fmt.Sprintf("127.0.0.1:%d", freePort(t)), "--https", "--json")
	until(t, "the report", func() bool { return strings.HasSuffix(out.String(), "}\n") })
	r := report(t, out.String())
	checkJob(t, r)
	pem, err := os.ReadFile(r.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	b := walk.New(&tls.Config{RootCAs: roots})
	for _, c := range r.Clients {
		if c.PortalURL == "" {
			continue
		}
		if err := b.Open(t.Context(), c.PortalURL+"/"); err != nil || b.Page.Status != http.StatusOK {
			t.Errorf("portal %s: %v", c.PortalURL, err)
		}
	}
	if err := b.Open(t.Context(), r.Issuer+"/login"); err != nil {
		t.Fatal(err)
	}
	if err := b.Submit(t.Context(), map[string]string{"login-identifier": r.Personas[1].Identifier, "login-password": r.Personas[1].Password}); err != nil || !b.Page.Has("identity") {
		t.Fatalf("persona cannot sign in: %v %s", err, b.Page.Text)
	}
	if status := stop(); status != exitDone {
		t.Errorf("it ended %d", status)
	}
	// The same state goes on under serve.
	served, _ := begin(t, "serve", "--config", r.Config)
	until(t, "the login page", func() bool { return b.Open(t.Context(), r.Issuer+"/me") == nil })
	if !b.Page.Has("identity") {
		t.Errorf("the session did not outlive the restart: %s", b.Page.Text)
	}
	if served.String() != "" {
		t.Errorf("serve wrote to stdout: %s", served)
	}
	more := filepath.Join(data, "more.json")
	if err := os.WriteFile(more, []byte(`{"clients":[{"client_id":"late","client_secret":"a-secret-of-tests","grant_types":["client_credentials"],"scope":"license_clerk"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, exitDone, "admin", "apply", "-f", more, "--config", r.Config)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	began := time.Now()
	until(t, "the new client", func() bool {
		request, _ := http.NewRequest(http.MethodPost, r.Issuer+"/token", strings.NewReader("grant_type=client_credentials"))
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.SetBasicAuth("late", "a-secret-of-tests")
		response, err := client.Do(request)
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	if time.Since(began) > 5*time.Second {
		t.Errorf("the client was seen after %v", time.Since(began))
	}
}

// TestX17OneVerdictOnEveryChannel: command line, API and SDK give the same report, and it is the golden one.
func TestX17OneVerdictOnEveryChannel(t *testing.T) {
	data := t.TempDir()
	out, _ := begin(t, "quickstart", "--data", data, "--listen", "127.0.0.1:0", "--json")
	until(t, "the report", func() bool { return strings.HasSuffix(out.String(), "}\n") })
	r := report(t, out.String())
	files := []string{filepath.Join(data, "license-2.ofd"), r.License.File, r.Tampered.File}
	if names, _ := filepath.Glob(testkit.Shared(t, "vectors/ofd/docs") + "/*.ofd"); len(names) > 0 {
		files = append(files, names[:min(len(names), 6)]...)
	}
	verifier := yinxin.NewVerifier()
	if err := verifier.AddTrust(r.Trust); err != nil {
		t.Fatal(err)
	}
	for i, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			form, contentType := multipartFile(filepath.Base(file), content)
			response, err := http.Post(r.Issuer+"/api/v1/verifications", contentType, form)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			fromAPI, _ := io.ReadAll(response.Body)
			_, fromCLI, _ := run(t, "verify", "--json", "--trust", r.Trust, file)
			fromSDK, err := yinxin.EncodeReport(verifier.Verify(filepath.Base(file), content))
			if err != nil {
				t.Fatal(err)
			}
			if fromCLI != string(fromSDK) { // and so is the browser's, see sdk/wasm
				t.Errorf("command line and SDK differ in octets:\n%s\n%s", fromCLI, fromSDK)
			}
			api, cli, sdk := decode(t, fromAPI), decode(t, []byte(fromCLI)), decode(t, fromSDK)
			if !reflect.DeepEqual(api, cli) || !reflect.DeepEqual(api, sdk) {
				t.Fatalf("API, command line and SDK differ:\n%s\n%s\n%s", fromAPI, fromCLI, fromSDK)
			}
			if i > 2 {
				return // the files of others are held by their own expectations
			}
			golden := filepath.Join("testdata", strings.TrimSuffix(filepath.Base(file), ".ofd")+".report.json")
			masked, _ := json.MarshalIndent(mask(api), "", "  ")
			want, err := os.ReadFile(golden)
			if err != nil || !bytes.Equal(want, append(masked, '\n')) {
				if os.Getenv("UPDATE_GOLDEN") == "" {
					t.Fatalf("the report is not the golden one (%v):\n%s", err, masked)
				}
				if err := os.WriteFile(golden, append(masked, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// multipartFile is an upload of one file.
func multipartFile(name string, content []byte) (body io.Reader, contentType string) {
	var form bytes.Buffer
	writer := multipart.NewWriter(&form)
	part, _ := writer.CreateFormFile("file", name) // a buffer never fails
	part.Write(content)
	writer.Close()
	return &form, writer.FormDataContentType()
}

func decode(t *testing.T, content []byte) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(content, &value); err != nil {
		t.Fatalf("%v: %s", err, content)
	}
	return value
}

var (
	moment  = regexp.MustCompile(`\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?Z`)
	digest  = regexp.MustCompile(`^[0-9a-f]{16,64}$`)
	license = regexp.MustCompile(`\.[0-9A-HJKMNP-TV-Z]{26}\.001\.[0-9A-Z]`)
)

// mask takes out what differs from run to run.
func mask(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key := range v {
			v[key] = mask(v[key])
		}
	case []any:
		for i := range v {
			v[i] = mask(v[i])
		}
	case string:
		if digest.MatchString(v) {
			return "HEX"
		}
		return license.ReplaceAllString(moment.ReplaceAllString(v, "TIME"), ".SERIAL")
	}
	return value
}

func TestOutsideJudgesAgreeWithASealedLicence(t *testing.T) {
	data := t.TempDir()
	r := report(t, must(t, exitDone, "quickstart", "--data", data, "--listen", "127.0.0.1:0", "--exit", "--json"))
	for _, file := range []string{r.License.File, filepath.Join(data, "license-2.ofd")} {
		t.Log(testkit.JavaPeer(t, "validate", file))
		t.Log(testkit.JavaPeer(t, "recompute", file))
	}
}

func TestMisuseEndsWithThree(t *testing.T) {
	for name, args := range map[string][]string{
		"no verb": {}, "unknown verb": {"fly"}, "unknown flag": {"verify", "--fly"}, "no file": {"verify"}, "file that is not there": {"verify", "nowhere.ofd"},
		"trust that is not there": {"verify", "--trust", "nowhere", "x"}, "no configuration": {"serve", "--config", "nowhere.yaml"}, "bad time": {"verify", "--at", "noon", "x"},
		"migrate without a word": {"migrate"}, "admin without a file": {"admin", "apply"},
	} {
		t.Run(name, func(t *testing.T) {
			if status, out, talk := run(t, args...); status != exitMisuse || out != "" || talk == "" {
				t.Errorf("ended %d, stdout %q, stderr %q", status, out, talk)
			}
		})
	}
}

func TestVersionAndHelp(t *testing.T) {
	if out := must(t, exitDone, "version"); !strings.HasPrefix(out, "yinxin ") {
		t.Errorf("version is %q", out)
	}
	must(t, exitDone, "help")
}
