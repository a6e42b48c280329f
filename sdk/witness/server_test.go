package witness

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/translog"
)

var moment = time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)

// asking is the log's side.
func (p *platform) asking(old uint64) translog.Ask {
	ask := translog.Ask{Old: old, Note: p.checkpoint()}
	if old > 0 && old < uint64(p.size) {
		var err error
		if ask.Proof, err = translog.SM3.Consistency(old, uint64(p.size), func(id translog.TileID, width int) ([]byte, error) { return p.tile(id, width, false), nil }); err != nil {
			p.t.Fatal(err)
		}
	}
	return ask
}

func post(t *testing.T, s *Server, method, path string, body []byte) *httptest.ResponseRecorder {
	t.Helper()
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, httptest.NewRequest(method, path, bytes.NewReader(body)))
	return rec
}

func (s *Server) asked(t *testing.T, ask translog.Ask) (int, string) {
	t.Helper()
	body, err := ask.Encode()
	if err != nil {
		t.Fatal(err)
	}
	rec := post(t, s, http.MethodPost, AskPath, body)
	return rec.Code, rec.Body.String()
}

func newServer(t *testing.T, p *platform) (*Server, translog.Key) {
	w, public := newWitness(t, p)
	w.Log.URL, w.Log.Client = "", nil // it fetches nothing
	return &Server{Witness: w, Now: func() time.Time { return moment }}, public
}

func TestAServerSignsWhatGoesOn(t *testing.T) {
	p := newPlatform(t)
	p.some(3)
	s, public := newServer(t, p)
	for _, step := range []struct {
		old uint64
		add int
	}{{0, 0}, {3, 0}, {3, 300}, {303, 1}} {
		p.some(step.add)
		status, line := s.asked(t, p.asking(step.old))
		if status != http.StatusOK {
			t.Fatalf("from %d: %d %s", step.old, status, line)
		}
		note, added, err := translog.AddSignatures(p.checkpoint(), []byte(line), public)
		if err != nil || added != 1 {
			t.Fatal(added, err)
		}
		opened, err := translog.Policy{Log: []translog.Key{p.key}, Witnesses: []translog.Key{public}, Quorum: 1}.Open(note)
		if err != nil || !opened.Cosignatures[0].At.Equal(moment) || !translog.Cosigned(note, public) || translog.Cosigned(p.checkpoint(), public) {
			t.Errorf("%+v %v", opened, err)
		}
		seen, ok, err := Load(s.Witness.File)
		if err != nil || !ok || seen.Size != uint64(p.size) {
			t.Errorf("remembered: %+v %v %v", seen.Checkpoint, ok, err)
		}
	}
}

func TestAServerSaysWhatItSaw(t *testing.T) {
	p := newPlatform(t)
	p.some(5)
	s, _ := newServer(t, p)
	if status, size := s.asked(t, p.asking(2)); status != http.StatusConflict || size != "0\n" {
		t.Errorf("before anything was seen: %d %q", status, size)
	}
	if status, _ := s.asked(t, p.asking(0)); status != http.StatusOK {
		t.Fatal(status)
	}
	p.some(4)
	for _, old := range []uint64{0, 3, 9} {
		body, err := p.asking(old).Encode()
		if err != nil {
			t.Fatal(err)
		}
		if rec := post(t, s, http.MethodPost, AskPath, body); rec.Code != http.StatusConflict || rec.Body.String() != "5\n" || rec.Header().Get("Content-Type") != "text/x.tlog.size" {
			t.Errorf("from %d: %d %q %v", old, rec.Code, rec.Body, rec.Header())
		}
	}
	if size, err := translog.ParseSize([]byte("5\n")); err != nil || size != 5 {
		t.Error(size, err)
	}
	if status, line := s.asked(t, p.asking(5)); status != http.StatusOK {
		t.Errorf("%d %s", status, line)
	}
}

func TestAServerSignsNothingElse(t *testing.T) {
	p := newPlatform(t)
	p.some(5)
	s, _ := newServer(t, p)
	if status, _ := s.asked(t, p.asking(0)); status != http.StatusOK {
		t.Fatal(status)
	}
	before, err := os.ReadFile(s.Witness.File)
	if err != nil {
		t.Fatal(err)
	}
	p.some(4)
	good, err := p.asking(5).Encode()
	if err != nil {
		t.Fatal(err)
	}
	stranger := newPlatform(t)
	stranger.some(9)
	elsewhere := newPlatform(t)
	elsewhere.origin = "other.example/log"
	elsewhere.some(9)
	wrongProof := p.asking(5)
	wrongProof.Proof = wrongProof.Proof[1:]
	needless := p.asking(5)
	p.size = 5
	needless.Note = p.checkpoint()
	rolledBack := p.asking(5)
	p.size = 4
	rolledBack.Note = p.checkpoint()
	p.size = 9
	encode := func(a translog.Ask) []byte {
		body, err := a.Encode()
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	for name, c := range map[string]struct {
		method, path string
		body         []byte
		status       int
	}{
		"another path":                 {http.MethodPost, "/", good, http.StatusNotFound},
		"another method":               {http.MethodGet, AskPath, nil, http.StatusMethodNotAllowed},
		"nothing":                      {http.MethodPost, AskPath, nil, http.StatusBadRequest},
		"no size":                      {http.MethodPost, AskPath, bytes.Replace(good, []byte("old 5"), []byte("old x"), 1), http.StatusBadRequest},
		"a size with a zero":           {http.MethodPost, AskPath, bytes.Replace(good, []byte("old 5"), []byte("old 05"), 1), http.StatusBadRequest},
		"a proof from nothing":         {http.MethodPost, AskPath, bytes.Replace(good, []byte("old 5"), []byte("old 0"), 1), http.StatusBadRequest},
		"a hash that is none":          {http.MethodPost, AskPath, bytes.Replace(good, []byte("old 5\n"), []byte("old 5\nAAAA\n"), 1), http.StatusBadRequest},
		"64 hashes":                    {http.MethodPost, AskPath, []byte("old 5\n" + strings.Repeat(strings.Repeat("A", 43)+"=\n", 64) + "\n" + string(p.checkpoint())), http.StatusBadRequest},
		"63 hashes that prove nothing": {http.MethodPost, AskPath, []byte("old 5\n" + strings.Repeat(strings.Repeat("A", 43)+"=\n", 63) + "\n" + string(p.checkpoint())), http.StatusUnprocessableEntity},
		"too much":                     {http.MethodPost, AskPath, append(bytes.Clone(good), make([]byte, translog.MaxAsk)...), http.StatusBadRequest},
		"no note":                      {http.MethodPost, AskPath, []byte("old 5\n\nnote\n"), http.StatusBadRequest},
		"from behind":                  {http.MethodPost, AskPath, encode(rolledBack), http.StatusBadRequest},
		"another log":                  {http.MethodPost, AskPath, encode(elsewhere.asking(0)), http.StatusNotFound},
		"a key that is not the log's":  {http.MethodPost, AskPath, encode(stranger.asking(5)), http.StatusForbidden},
		"a proof that lacks a hash":    {http.MethodPost, AskPath, encode(wrongProof), http.StatusUnprocessableEntity},
		"a proof of one size":          {http.MethodPost, AskPath, encode(needless), http.StatusUnprocessableEntity},
		"a spoiled signature":          {http.MethodPost, AskPath, spoiled(good), http.StatusForbidden},
	} {
		if rec := post(t, s, c.method, c.path, c.body); rec.Code != c.status || strings.Contains(rec.Body.String(), "— court.example") {
			t.Errorf("%s: %d, want %d: %s", name, rec.Code, c.status, rec.Body)
		}
	}
	if after, err := os.ReadFile(s.Witness.File); err != nil || !bytes.Equal(after, before) {
		t.Errorf("something was remembered of it: %s", after)
	}
	if rec := post(t, s, http.MethodPost, AskPath, good); rec.Code != http.StatusOK {
		t.Errorf("what is right: %d %s", rec.Code, rec.Body)
	}
}

// spoiled is a request whose note has another signature, in its last line.
func spoiled(body []byte) []byte {
	body = bytes.Clone(body)
	at := len(body) - 10
	if body[at] == 'A' {
		body[at] = 'B'
	} else {
		body[at] = 'A'
	}
	return body
}

func TestAServerSignsNoFork(t *testing.T) {
	p := newPlatform(t)
	p.some(5)
	s, _ := newServer(t, p)
	var seen, shown []byte
	s.Forked = func(a, b []byte) { seen, shown = a, b }
	first := p.checkpoint()
	if status, _ := s.asked(t, p.asking(0)); status != http.StatusOK {
		t.Fatal(status)
	}
	p.leaves[1] = p.leaves[0]
	if status, size := s.asked(t, p.asking(5)); status != http.StatusConflict || size != "5\n" {
		t.Errorf("of one size with another root: %d %q", status, size)
	}
	if textOf(seen) != textOf(first) || textOf(shown) != textOf(p.checkpoint()) || textOf(seen) == textOf(shown) {
		t.Errorf("what proves it was not told: %s, %s", seen, shown)
	}
	p.some(3)
	if status, _ := s.asked(t, p.asking(5)); status != http.StatusUnprocessableEntity {
		t.Errorf("a larger tree of another history: %d", status)
	}
}

func textOf(note []byte) string {
	text, _, _ := strings.Cut(string(note), "\n\n")
	return text
}

func TestAServerThatCannotRememberSignsNothing(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, s *Server){
		"damaged": func(t *testing.T, s *Server) { write(t, s.Witness.File, "{") },
		"of another log": func(t *testing.T, s *Server) {
			write(t, s.Witness.File, `{"origin":"other.example/log","size":5,"root":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=","note":""}`)
		},
		"in no folder": func(_ *testing.T, s *Server) { s.Witness.File += "/none/seen.json" },
	} {
		p := newPlatform(t)
		p.some(5)
		s, _ := newServer(t, p)
		var told error
		s.Failed = func(err error) { told = err }
		spoil(t, s)
		if status, answer := s.asked(t, p.asking(0)); status != http.StatusInternalServerError || !errors.Is(told, ErrState) {
			t.Errorf("%s: %d %s, told %v", name, status, answer, told)
		}
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestTwoAtOnceSignOneHistory: of two trees that go on from the same one, each alone right, one is signed.
func TestTwoAtOnceSignOneHistory(t *testing.T) {
	p := newPlatform(t)
	p.some(4)
	s, _ := newServer(t, p)
	if status, _ := s.asked(t, p.asking(0)); status != http.StatusOK {
		t.Fatal(status)
	}
	p.some(2)
	one := p.asking(4)
	p.leaves[5] = p.leaves[0]
	other := p.asking(4)
	var group sync.WaitGroup
	statuses := make([]int, 20)
	for i := range statuses {
		group.Go(func() {
			ask := one
			if i%2 == 1 {
				ask = other
			}
			statuses[i], _ = s.asked(t, ask)
		})
	}
	group.Wait()
	signed := 0
	for _, status := range statuses {
		if status == http.StatusOK {
			signed++
		} else if status != http.StatusConflict {
			t.Errorf("status %d", status)
		}
	}
	if signed != 1 {
		t.Errorf("%d were signed", signed)
	}
}
