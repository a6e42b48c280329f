package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensehttp"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/elicense/translog"
	"github.com/yinxin-gov/yinxin/sdk/witness"
)

// logWorld is a platform with a log on this machine, and a folder for whoever follows it.
type logWorld struct {
	*licensetest.World
	t      *testing.T
	twin   *licensetest.Twin
	url    string
	folder string
}

func newLogWorld(t *testing.T) *logWorld {
	w := &logWorld{t: t, twin: licensetest.NewTwin(), folder: t.TempDir()}
	w.World = licensetest.NewWorld(t, w.twin)
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		mux := http.NewServeMux()
		licensehttp.Public(mux, w.Service)
		mux.ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	w.url = server.URL + "/log"
	w.keep()
	answer, err := server.Client().Get(w.url + "/keys")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var keys bytes.Buffer
	if _, err := keys.ReadFrom(answer.Body); err != nil {
		t.Fatal(err)
	}
	w.write("keys", "# of the log\n"+keys.String())
	return w
}

func (w *logWorld) keep() {
	w.t.Helper()
	w.Advance(time.Minute)
	if err := w.Service.KeepLog(context.Background()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *logWorld) path(name string) string { return filepath.Join(w.folder, name) }

func (w *logWorld) write(name, content string) {
	w.t.Helper()
	if err := os.WriteFile(w.path(name), []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// run is yinxin log with a wanted status; words that begin with @ are files of the folder.
func (w *logWorld) run(want int, words ...string) (stdout, stderr string) {
	w.t.Helper()
	var out, talk bytes.Buffer
	args := []string{"log"}
	for _, word := range words {
		if name, is := strings.CutPrefix(word, "@"); is {
			word = w.path(name)
		}
		args = append(args, word)
	}
	if status := dispatch(context.Background(), command{args: args, stdin: strings.NewReader(""), stdout: &out, stderr: &talk}); status != want {
		w.t.Errorf("%v ended %d, want %d\n%s%s", words, status, want, &out, &talk)
	}
	return out.String(), talk.String()
}

func TestLogIsFollowedCountersignedAndProved(t *testing.T) {
	w := newLogWorld(t)
	public, _ := w.run(exitDone, "witness", "--new-key", "court.example", "--sign", "@court.key")
	w.write("witnesses", public)
	if info, err := os.Stat(w.path("court.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	w.run(exitMisuse, "witness", "--new-key", "court.example", "--sign", "@court.key") // never overwritten

	// The templates and keys that there are from the start are unexpected at first; from then on what comes in the name of the authority.
	monitor := []string{"monitor", "--url", w.url, "--keys", "@keys", "--state", "@monitor", "--issuer", licensetest.AuthorityCode}
	first, _ := w.run(exitFailed, monitor...)
	if !strings.Contains(first, "  template  ") {
		t.Errorf("%s", first)
	}
	w.run(exitDone, monitor...)
	l := w.Issued(t, licensetest.SampleApplication("B1"))
	w.keep()
	proofs, err := w.Service.LogProofs(licensetest.Person, l.ID)
	if err != nil {
		t.Fatal(err)
	}
	line, _ := w.run(exitFailed, append(monitor, "--json")...)
	var told struct {
		Result     string
		Unexpected []struct{ Kind, Subject, Digest string }
	}
	if err := json.Unmarshal([]byte(line), &told); err != nil || told.Result != "unexpected" {
		t.Fatalf("%s %v", line, err)
	}
	found := ""
	for _, e := range told.Unexpected {
		if e.Kind == "license" && e.Subject == licensetest.AuthorityCode {
			found = e.Digest
		}
	}
	if found == "" || found != hex.EncodeToString(proofs.Digest) {
		t.Errorf("%s, want %x", found, proofs.Digest)
	}

	// A witness countersigns; the proof of the licence is made anew under what it signed, and is judged without any network.
	w.run(exitDone, "witness", "--url", w.url, "--keys", "@keys", "--state", "@court.seen", "--sign", "@court.key")
	second := w.Issued(t, licensetest.SampleApplication("B2"))
	w.keep()
	note, _ := w.run(exitDone, "witness", "--url", w.url, "--keys", "@keys", "--state", "@court.seen", "--sign", "@court.key")
	w.write("cosigned", note)
	w.write("one.tlog-proof", string(proofs.License))
	_, document, err := w.Service.Document(licensetest.Issuer, l.ID)
	if err != nil {
		t.Fatal(err)
	}
	_, other, err := w.Service.Document(licensetest.Issuer, second.ID)
	if err != nil {
		t.Fatal(err)
	}
	w.write("one.ofd", string(document))
	w.write("other.ofd", string(other))
	prove := []string{"prove", "--keys", "@keys", "--witnesses", "@witnesses"}
	w.run(exitDone, append(prove, "--license", "@one.ofd", "@one.tlog-proof")...)
	w.run(exitIndeterminate, append(prove, "--quorum", "1", "--license", "@one.ofd", "@one.tlog-proof")...)
	w.run(exitDone, append(prove, "--quorum", "1", "--license", "@one.ofd", "--url", w.url, "--checkpoint", "@cosigned", "-o", "@better.tlog-proof", "@one.tlog-proof")...)
	out, _ := w.run(exitDone, append(prove, "--quorum", "1", "--json", "--license", "@one.ofd", "@better.tlog-proof")...)
	if !strings.Contains(out, `"result":"proved"`) || !strings.Contains(out, `"witnesses":["court.example"]`) {
		t.Error(out)
	}
	w.run(exitFailed, append(prove, "--license", "@other.ofd", "@one.tlog-proof")...)
	w.run(exitIndeterminate, append(prove, "--license", "@keys", "@one.tlog-proof")...)
	w.write("broken.tlog-proof", strings.Replace(string(proofs.License), "index ", "index 9", 1))
	w.run(exitFailed, append(prove, "--license", "@one.ofd", "@broken.tlog-proof")...)
	w.write("none.tlog-proof", "x")
	w.run(exitFailed, append(prove, "--license", "@one.ofd", "@none.tlog-proof")...)

	// A holder hears of changes of the own licence, and of no other.
	secret, err := json.Marshal(map[string]any{"license_id": proofs.LicenseID, "secret": proofs.Secret, "digest": hex.EncodeToString(proofs.Digest)})
	if err != nil {
		t.Fatal(err)
	}
	w.write("proofs.json", string(secret))
	w.write("expected", strings.Join(digests(t, w), "\n"))
	holder := []string{"monitor", "--url", w.url, "--keys", "@keys", "--state", "@holder", "--proofs", "@proofs.json", "--expect", "@expected"}
	w.run(exitDone, holder...)
	for _, id := range []string{l.ID, second.ID} {
		if _, err := w.Service.ChangeStatus(licensetest.Issuer, id, elicense.StatusChange{Operation: elicense.Suspension, LegalBasis: "b", DecisionNumber: "d"}); err != nil {
			t.Fatal(err)
		}
	}
	w.keep()
	changes, _ := w.run(exitFailed, holder...)
	if strings.Count(changes, "  status  ") != 1 || !strings.Contains(changes, proofs.LicenseID) {
		t.Error(changes)
	}
}

// digests are those of the templates and keys that the log tells of now.
func digests(t *testing.T, w *logWorld) (list []string) {
	line, _ := w.run(exitFailed, "monitor", "--url", w.url, "--keys", "@keys", "--state", "@scout", "--json")
	var told struct{ Unexpected []struct{ Digest string } }
	if err := json.Unmarshal([]byte(line), &told); err != nil {
		t.Fatal(err)
	}
	for _, e := range told.Unexpected {
		list = append(list, e.Digest)
	}
	return list
}

func TestLogThatForksIsRefused(t *testing.T) {
	w := newLogWorld(t)
	w.run(exitDone, "witness", "--new-key", "court.example", "--sign", "@court.key")
	cosign := []string{"witness", "--url", w.url, "--keys", "@keys", "--state", "@seen", "--sign", "@court.key"}
	w.run(exitDone, cosign...)
	w.Issued(t, licensetest.SampleApplication("B1"))
	w.keep()
	w.run(exitDone, cosign...)
	before, err := os.ReadFile(w.path("seen"))
	if err != nil {
		t.Fatal(err)
	}
	// The platform is put back to nothing and goes on with the same key.
	w.Store = licensetest.NewTwin()
	w.Restart(t)
	w.keep()
	if _, talk := w.run(exitIndeterminate, cosign...); !strings.Contains(talk, "smaller tree") {
		t.Error(talk)
	}
	if err := w.Service.PutAuthority(licensetest.As("system:test"), elicense.Authority{Code: licensetest.AuthorityCode, Name: licensetest.AuthorityName, SealID: licensetest.SealID, TypeCodes: []string{licensetest.BusinessLicense}}); err != nil {
		t.Fatal(err)
	}
	for _, number := range []string{"C1", "C2", "C3", "C4"} {
		w.Issued(t, licensetest.SampleApplication(number))
	}
	w.keep()
	note, talk := w.run(exitFailed, cosign...)
	if note != "" || !strings.Contains(talk, "another history") || !strings.Contains(talk, "— id.example/log ") || strings.Contains(talk, "court.example") {
		t.Errorf("%s\n%s", note, talk)
	}
	if after, _ := os.ReadFile(w.path("seen")); !bytes.Equal(after, before) {
		t.Error("a fork is remembered")
	}
	if out, _ := w.run(exitFailed, append(cosign, "--json")...); !strings.Contains(out, `"result":"fork"`) {
		t.Error(out)
	}
	w.write("seen", "{")
	w.run(exitMisuse, cosign...)
}

func TestLogMisuse(t *testing.T) {
	w := newLogWorld(t)
	w.write("bad", "not a key")
	w.run(exitDone, "witness", "--new-key", "court.example", "--sign", "@court.key")
	public, _ := w.run(exitDone, "witness", "--new-key", "other.example", "--sign", "@other.key")
	w.write("witnesses", public)
	for _, words := range [][]string{
		{}, {"fly"}, {"witness"}, {"witness", "--sign", "@court.key"}, {"witness", "--sign", "@none", "--url", w.url, "--keys", "@keys", "--state", "@s"}, {"witness", "--sign", "@keys", "--url", w.url, "--keys", "@keys", "--state", "@s"},
		{"witness", "--sign", "@x", "--new-key", "a b"}, {"witness", "--sign", "@court.key", "--url", w.url, "--keys", "@bad", "--state", "@s"}, {"witness", "--sign", "@court.key", "--url", w.url, "--keys", "@witnesses", "--state", "@s"},
		{"monitor"}, {"monitor", "--url", "http://id.example/log", "--keys", "@keys", "--state", "@s"}, {"monitor", "--url", "id.example", "--keys", "@keys", "--state", "@s"}, {"monitor", "--url", w.url, "--keys", "@keys", "--state", "@s", "--expect", "@bad"},
		{"monitor", "--url", w.url, "--keys", "@keys", "--state", "@s", "--proofs", "@bad"}, {"monitor", "--url", w.url, "--keys", "@keys", "--state", "@s", "--ca", "@bad"}, {"monitor", "--url", w.url, "--keys", "@none", "--state", "@s"},
		{"prove"}, {"prove", "@x"}, {"prove", "--keys", "@keys", "--license", "@none", "@x"}, {"prove", "--keys", "@keys", "--license", "@keys", "--quorum", "-1", "@x"}, {"prove", "--keys", "@keys", "--license", "@keys", "--checkpoint", "@x", "@x"},
		{"prove", "--keys", "@keys", "--license", "@keys", "@none"}, {"prove", "--keys", "@keys", "--witnesses", "@keys", "--license", "@keys", "@keys"},
	} {
		if out, talk := w.run(exitMisuse, words...); out != "" || !strings.HasPrefix(talk, "yinxin log") {
			t.Errorf("%v: %s%s", words, out, talk)
		}
	}
	w.run(exitIndeterminate, "monitor", "--url", "http://127.0.0.1:1/log", "--keys", "@keys", "--state", "@s")
	stranger, _ := w.run(exitFailed, "monitor", "--url", w.url+"/roots", "--keys", "@keys", "--state", "@s", "--json")
	if !strings.Contains(stranger, `"result":`) {
		t.Error(stranger)
	}
}

// lines hands over each line that is written.
type lines chan string

func (l lines) Write(text []byte) (int, error) {
	for line := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n") {
		l <- line
	}
	return len(text), nil
}

// TestLogIsCountersignedByAWitnessThatIsAsked: the platform asks a witness that serves, and a court judges the proof that came with its signature.
func TestLogIsCountersignedByAWitnessThatIsAsked(t *testing.T) {
	w := newLogWorld(t)
	public, _ := w.run(exitDone, "witness", "--new-key", "court.example", "--sign", "@court.key")
	w.write("witnesses", public)
	for name, words := range map[string][]string{
		"both":           {"--listen", "127.0.0.1:0", "--url", w.url},
		"to everybody":   {"--listen", "0.0.0.0:0"},
		"without a port": {"--listen", "127.0.0.1"},
	} {
		if _, talk := w.run(exitMisuse, append([]string{"witness", "--keys", "@keys", "--state", "@seen", "--sign", "@court.key"}, words...)...); !strings.Contains(talk, "--listen") {
			t.Errorf("%s: %s", name, talk)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	said, ended := make(lines, 10), make(chan int)
	go func() {
		ended <- dispatch(ctx, command{args: []string{"log", "witness", "--listen", "127.0.0.1:0", "--keys", w.path("keys"), "--state", w.path("seen"), "--sign", w.path("court.key")}, stdin: strings.NewReader(""), stdout: said, stderr: said})
	}()
	line := <-said
	key, address, ok := strings.Cut(line, " is asked at ")
	if !ok || key != strings.TrimSpace(public) {
		t.Fatal(line)
	}
	known, err := translog.ParseKey(key)
	if err != nil {
		t.Fatal(err)
	}
	w.Witnesses = []elicense.LogWitness{{Tree: elicense.LogMain, URL: strings.TrimSuffix(address, witness.AskPath), Key: known}}
	w.AskWitness = func(_ context.Context, address string, request []byte) ([]byte, bool, error) {
		answer, err := http.Post(address, "text/plain", bytes.NewReader(request))
		if err != nil {
			return nil, false, err
		}
		defer answer.Body.Close()
		var body bytes.Buffer
		_, err = body.ReadFrom(answer.Body)
		return body.Bytes(), answer.StatusCode == http.StatusConflict, err
	}
	for _, number := range []string{"B1", "B2"} {
		w.Restart(t) // another process asks from nothing, and is told what the witness saw
		l := w.Issued(t, licensetest.SampleApplication(number))
		w.keep()
		if err := w.Service.CollectCosignatures(context.Background()); err != nil {
			t.Fatal(err)
		}
		proofs, err := w.Service.LogProofs(licensetest.Person, l.ID)
		if err != nil {
			t.Fatal(err)
		}
		_, document, err := w.Service.Document(licensetest.Issuer, l.ID)
		if err != nil {
			t.Fatal(err)
		}
		w.write(number+".tlog-proof", string(proofs.License))
		w.write(number+".ofd", string(document))
		w.run(exitDone, "prove", "--keys", "@keys", "--witnesses", "@witnesses", "--quorum", "1", "--license", "@"+number+".ofd", "@"+number+".tlog-proof")
	}
	stop()
	if status := <-ended; status != exitDone {
		t.Errorf("it ended %d", status)
	}
}
