package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

// roundsVariable sets the number of kills for each database; `make soak` uses 100.
const roundsVariable = "CRASH_ROUNDS"

func rounds(t *testing.T) int {
	n := 4
	if text := os.Getenv(roundsVariable); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatalf("%s: %v", roundsVariable, err)
		}
	}
	return n
}

// node is a server in a process of its own, so that it can be killed.
type node struct {
	t       *testing.T
	binary  string
	config  string
	issuer  string
	process *exec.Cmd
	talk    *buffer
	client  *http.Client
	tokens  map[string]string
}

func (n *node) start() {
	n.t.Helper()
	n.talk = &buffer{}
	n.process = exec.Command(n.binary, "serve", "--config", n.config)
	n.process.Stderr = n.talk
	if err := n.process.Start(); err != nil {
		n.t.Fatal(err)
	}
	for range 1200 { // half a minute: a busy machine must not look like a broken server
		if response, err := n.client.Get(n.issuer + "/jwks"); err == nil {
			response.Body.Close()
			return
		}
		time.Sleep(25 * time.Millisecond)
	}
	n.t.Fatalf("the server did not come up:\n%s", n.talk)
}

// kill is SIGKILL: no handler runs.
func (n *node) kill() {
	n.process.Process.Kill()
	n.process.Wait()
	n.client.CloseIdleConnections()
}

// call returns the status, or 0 when the server died meanwhile.
func (n *node) call(desk, method, path string, in, out any) (int, string) {
	var body io.Reader
	if in != nil {
		content, _ := json.Marshal(in)
		body = bytes.NewReader(content)
	}
	request, err := http.NewRequest(method, n.issuer+path, body)
	if err != nil {
		return 0, err.Error()
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+n.tokens[desk])
	response, err := n.client.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	if out != nil && response.StatusCode < 300 {
		if err := json.Unmarshal(content, out); err != nil {
			return 0, err.Error()
		}
	}
	return response.StatusCode, string(content)
}

func (n *node) must(desk, method, path string, in, out any) {
	n.t.Helper()
	if status, text := n.call(desk, method, path, in, out); status < 200 || status > 299 {
		n.t.Fatalf("%s %s answered %d: %s\n%s", method, path, status, text, n.talk)
	}
}

var crashDesks = map[string]string{"clerk": "license_clerk seal_keeper", "reviewer": "license_reviewer seal_reviewer", "issuer": "license_issuer seal_maker"}

const crashSecret = "a-secret-of-tests"

// logIn gets every desk a token. Tokens outlive restarts, because the keys do.
func (n *node) logIn() {
	n.t.Helper()
	for desk := range crashDesks {
		request, _ := http.NewRequest(http.MethodPost, n.issuer+"/token", strings.NewReader(url.Values{"grant_type": {"client_credentials"}}.Encode()))
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.SetBasicAuth(desk, crashSecret)
		response, err := n.client.Do(request)
		if err != nil {
			n.t.Fatal(err)
		}
		var token struct {
			AccessToken string `json:"access_token"`
		}
		err = json.NewDecoder(response.Body).Decode(&token)
		response.Body.Close()
		if err != nil || token.AccessToken == "" {
			n.t.Fatalf("no token for %s: %v", desk, err)
		}
		n.tokens[desk] = token.AccessToken
	}
}

// prepare brings a seal into use and lets an authority issue licences under it.
func (n *node) prepare(folder string) {
	n.t.Helper()
	var manifest strings.Builder
	manifest.WriteString("clients:\n")
	for desk, scope := range crashDesks {
		fmt.Fprintf(&manifest, "- {client_id: %s, client_secret: %s, grant_types: [client_credentials], scope: %q}\n", desk, crashSecret, scope)
	}
	file := filepath.Join(folder, "manifest.yaml")
	apply := func(content string) {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			n.t.Fatal(err)
		}
		must(n.t, exitDone, "admin", "apply", "-f", file, "--config", n.config)
	}
	apply(manifest.String())
	n.start()
	n.logIn()
	t, _ := catalog.Find(crashType)
	var seal struct {
		ID string `json:"id"`
	}
	n.must("clerk", http.MethodPost, "/api/v1/seals", map[string]any{"seal_id": "37030000001721", "owner": t.Sample.First(catalog.KeyAuthority), "owner_code": t.Sample.First(catalog.KeyAuthorityCode)}, &seal)
	n.must("reviewer", http.MethodPost, "/api/v1/seals/"+seal.ID+"/approval", nil, nil)
	n.must("issuer", http.MethodPost, "/api/v1/seals/"+seal.ID+"/making", nil, nil)
	n.must("clerk", http.MethodPost, "/api/v1/seals/"+seal.ID+"/activation", nil, nil)
	apply(fmt.Sprintf("authorities: [{code: %s, name: %s, seal: %q, types: [%s]}]\n", t.Sample.First(catalog.KeyAuthorityCode), t.Sample.First(catalog.KeyAuthority), "37030000001721", crashType))
}

const crashType = "11100000MB03271699001"

// application is the sample of the type under another business number.
func application(business string) map[string]any {
	t, _ := catalog.Find(crashType)
	fields := map[string]string{}
	for _, f := range t.Fields {
		if f.Own && t.Sample.First(f.Key) != "" {
			fields[f.Key] = t.Sample.First(f.Key)
		}
	}
	holders := []map[string]string{}
	for i, code := range t.Sample[catalog.KeyHolderCode] {
		holders = append(holders, map[string]string{"name": t.Sample[catalog.KeyHolderName][i], "code_type": t.Sample[catalog.KeyHolderType][i], "code": code})
	}
	return map[string]any{"business_number": business, "license_type_code": t.Code, "issuing_authority_code": t.Sample.First(catalog.KeyAuthorityCode), "holders": holders,
		"license_number": t.Sample.First(catalog.KeyLicenseNumber), "fields": fields}
}

type issued struct {
	ID        string `json:"id"`
	LicenseID string `json:"license_id"`
	State     string `json:"state"`
	Status    string `json:"status"`
}

// issue walks one case as far as the server lives; done is the record that was acknowledged.
func (n *node) issue(business string) (last issued, done bool) {
	var l issued
	if status, _ := n.call("clerk", http.MethodPost, "/api/v1/licenses", application(business), &l); status != http.StatusOK && status != http.StatusCreated {
		return l, false
	}
	if l.State == "in_review" {
		if status, _ := n.call("reviewer", http.MethodPost, "/api/v1/licenses/"+l.ID+"/review", map[string]string{"decision": "approve"}, &l); status != http.StatusOK {
			return l, false
		}
	}
	if status, _ := n.call("issuer", http.MethodPost, "/api/v1/licenses/"+l.ID+"/issuance", nil, &l); status != http.StatusOK {
		return l, false
	}
	return l, l.State == "active"
}

// finish is issue for a server that stays up: a case that the dead process held is free again after its lease.
func (n *node) finish(business string) (issued, bool) {
	for range 120 {
		if l, done := n.issue(business); done {
			return l, true
		}
		time.Sleep(250 * time.Millisecond)
	}
	return issued{}, false
}

// TestKilledDuringIssue: whatever the moment of a kill, nothing acknowledged is lost and nothing is issued twice.
func TestKilledDuringIssue(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "yinxin")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	for _, engine := range testkit.Databases(t) {
		t.Run(engine.Name, func(t *testing.T) {
			file, folder := config(t, engine.OpenURL(t))
			must(t, exitDone, "migrate", "up", "--config", file)
			content, _ := os.ReadFile(file)
			issuer := strings.TrimPrefix(strings.SplitN(string(content), "\n", 2)[0], "issuer: ")
			n := &node{t: t, binary: binary, config: file, issuer: issuer, client: &http.Client{Timeout: 20 * time.Second}, tokens: map[string]string{}}
			n.prepare(folder)
			defer func() { n.kill() }()
			crash(t, n)
			n.kill()
			must(t, exitDone, "audit", "verify", "--config", file)
		})
	}
}

func crash(t *testing.T, n *node) {
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	acknowledged, begun := map[string]issued{}, []string{}
	killed, batches := 0, []string{}
	for round := range rounds(t) {
		if round%20 == 0 {
			n.logIn()
		}
		batches = append(batches, n.startBatch(fmt.Sprintf("batch-%d", round)))
		var mutex sync.Mutex
		var group sync.WaitGroup
		stop := make(chan struct{})
		for worker := range 3 {
			group.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
					}
					business := fmt.Sprintf("case-%d-%d-%d", round, worker, i)
					mutex.Lock()
					begun = append(begun, business)
					mutex.Unlock()
					l, done := n.issue(business)
					if !done {
						return
					}
					mutex.Lock()
					acknowledged[business] = l
					mutex.Unlock()
				}
			})
		}
		time.Sleep(time.Duration(20+random.IntN(700)) * time.Millisecond)
		n.kill()
		close(stop)
		group.Wait()
		killed++
		n.start()
	}
	n.logIn()
	owners, retried := map[string]string{}, 0
	for _, business := range begun {
		before, known := acknowledged[business]
		l, done := n.finish(business)
		if !done {
			t.Fatalf("%s cannot be finished after the kill: %+v\n%s", business, l, n.talk)
		}
		if known && (l.ID != before.ID || l.LicenseID != before.LicenseID || l.Status != "valid") {
			t.Errorf("%s was acknowledged as %+v and is now %+v", business, before, l)
		}
		if !known {
			retried++
		}
		if other, taken := owners[l.LicenseID]; taken {
			t.Errorf("%s and %s have the same identifier %s", business, other, l.LicenseID)
		}
		owners[l.LicenseID] = business
	}
	for _, batch := range batches {
		n.finishBatch(batch, owners)
	}
	n.checkRegister(owners)
	t.Logf("%d kills, %d batches of %d, %d cases, %d acknowledged before a kill, %d finished afterwards", killed, len(batches), crashRows, len(begun), len(acknowledged), retried)
}

// checkRegister reads the whole register: one licence for each case, each with a file that verifies.
func (n *node) checkRegister(owners map[string]string) {
	n.t.Helper()
	total, after := 0, ""
	for {
		var page struct {
			Items []issued `json:"items"`
			Next  string   `json:"next"`
		}
		n.must("issuer", http.MethodGet, "/api/v1/licenses?limit=200&after="+url.QueryEscape(after), nil, &page)
		for i, l := range page.Items {
			total++
			if owners[l.LicenseID] == "" || l.State != "active" {
				n.t.Errorf("the register holds %+v, which no case asked for", l)
			}
			if i%10 == 0 {
				n.checkFile(l)
			}
		}
		if page.Next == "" {
			break
		}
		after = page.Next
	}
	if total != len(owners) {
		n.t.Errorf("%d licences for %d cases", total, len(owners))
	}
	var stamps struct {
		Seals []struct {
			ID string `json:"id"`
		} `json:"seals"`
	}
	n.must("clerk", http.MethodGet, "/api/v1/seals", nil, &stamps)
	if len(stamps.Seals) != 1 {
		n.t.Errorf("%d seals", len(stamps.Seals))
	}
}

func (n *node) checkFile(l issued) {
	n.t.Helper()
	request, _ := http.NewRequest(http.MethodGet, n.issuer+"/api/v1/licenses/"+l.ID+"/file", nil)
	request.Header.Set("Authorization", "Bearer "+n.tokens["issuer"])
	response, err := n.client.Do(request)
	if err != nil {
		n.t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil || !bytes.HasPrefix(content, []byte("PK")) {
		n.t.Fatalf("file of %s: %v", l.LicenseID, err)
	}
	body, contentType := multipartFile("license.ofd", content)
	answer, err := n.client.Post(n.issuer+"/api/v1/verifications", contentType, body)
	if err != nil {
		n.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	if !strings.Contains(string(text), `"verdict":"valid"`) {
		n.t.Errorf("the file of %s is judged %s", l.LicenseID, text[:min(len(text), 400)])
	}
}
