package licensehttp_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/translog"
)

func (s *site) keepLog() {
	s.t.Helper()
	for range 2 { // the second tree follows the first
		s.world.Advance(time.Minute)
		if err := s.world.Service.KeepLog(context.Background()); err != nil {
			s.t.Fatal(err)
		}
	}
}

func TestTheLogIsPublic(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/log/checkpoint", "/log/roots/checkpoint", "/log/tile/0/000"} {
		if rec := s.send(nobody, http.MethodGet, path, "", nil); rec.Code != http.StatusNotFound {
			t.Errorf("%s before there is one: %d", path, rec.Code)
		}
	}
	s.issued("B1")
	s.keepLog()
	for base, hasher := range map[string]translog.Hasher{"/log/": translog.SM3, "/log/roots/": translog.SHA256} {
		keys := s.send(nobody, http.MethodGet, base+"keys", "", nil)
		var policy translog.Policy
		for line := range strings.SplitSeq(strings.TrimSuffix(keys.Body.String(), "\n"), "\n") {
			k, err := translog.ParseKey(line)
			if err != nil {
				t.Fatal(err)
			}
			policy.Log = append(policy.Log, k)
		}
		if want := map[string]int{"/log/": 1, "/log/roots/": 3}[base]; len(policy.Log) != want {
			t.Errorf("%d keys at %s", len(policy.Log), base)
		}
		rec := s.send(nobody, http.MethodGet, base+"checkpoint", "", nil)
		c, err := policy.Open(rec.Body.Bytes())
		if err != nil || rec.Header().Get("Content-Type") != "text/plain; charset=utf-8" || !strings.Contains(rec.Header().Get("Cache-Control"), "max-age=5") || "https://"+c.Origin != "https://id.example"+strings.TrimSuffix(base, "/") {
			t.Fatalf("%+v %v %v", c, err, rec.Header())
		}
		root, err := hasher.RootAt(c.Size, func(id translog.TileID, width int) ([]byte, error) {
			rec := s.send(nobody, http.MethodGet, base+id.Path(width), "", nil)
			if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "application/octet-stream" || !strings.Contains(rec.Header().Get("Cache-Control"), "immutable") {
				t.Errorf("%s: %d %v", id.Path(width), rec.Code, rec.Header())
			}
			return rec.Body.Bytes(), nil
		})
		if err != nil || string(root) != string(c.Root) {
			t.Errorf("tiles at %s: %v", base, err)
		}
		entries := s.send(nobody, http.MethodGet, base+translog.BundlePath(0, translog.TileID{}.Width(c.Size)), "", nil)
		if list, err := translog.ParseBundle(entries.Body.Bytes(), translog.TileID{}.Width(c.Size)); err != nil || len(list) == 0 {
			t.Errorf("entries at %s: %v", base, err)
		}
		if head := s.send(nobody, http.MethodHead, base+"checkpoint", "", nil); head.Code != http.StatusOK || head.Body.Len() != 0 || head.Header().Get("Content-Length") == "0" {
			t.Errorf("HEAD: %d %d", head.Code, head.Body.Len())
		}
	}
	for _, path := range []string{"/log/tile/", "/log/tile/0/001", "/log/tile/0/0", "/log/tile/x/000", "/log/tile/entries/999"} {
		if rec := s.send(nobody, http.MethodGet, path, "", nil); rec.Code != http.StatusNotFound || strings.Contains(rec.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", path, rec.Code, rec.Header())
		}
	}
}

func TestProofsAtTheAPI(t *testing.T) {
	s := newSite(t)
	id := s.issued("B1")
	path := "/api/v1/licenses/" + id + "/log-proofs"
	if p := s.json(person, http.MethodGet, path, nil, http.StatusConflict); p["code"] != "YX-LIC-413" {
		t.Errorf("%v", p)
	}
	s.json(issuer, http.MethodPost, "/api/v1/licenses/"+id+"/suspension", map[string]any{"legal_basis": "b", "decision_number": "d"}, http.StatusOK)
	s.keepLog()
	got := s.json(person, http.MethodGet, path, nil, http.StatusOK)
	if p, err := translog.ParseProof([]byte(got["proof"].(string))); err != nil || len(p.Extra) == 0 {
		t.Errorf("%v %v", got, err)
	}
	if events := got["events"].([]any); len(events) != 1 || events[0].(map[string]any)["to"] != "suspended" {
		t.Errorf("%v", events)
	}
	if secret, err := base64.StdEncoding.DecodeString(got["secret"].(string)); err != nil || len(secret) != translog.SecretSize {
		t.Errorf("%v", err)
	}
	if staff := s.json(issuer, http.MethodGet, path, nil, http.StatusOK); staff["secret"] != nil {
		t.Error("staff gets the holder's secret")
	}
	s.json(stranger, http.MethodGet, path, nil, http.StatusNotFound)
	s.json(nobody, http.MethodGet, path, nil, http.StatusUnauthorized)

	erase := "/api/v1/licenses/" + id + "/log-erasure"
	s.json(person, http.MethodPost, erase, map[string]any{"legal_basis": "b"}, http.StatusForbidden)
	s.json(issuer, http.MethodPost, erase, map[string]any{}, http.StatusUnprocessableEntity)
	if rec := s.send(issuer, http.MethodPost, erase, "application/json", strings.NewReader(`{"legal_basis":"order 5"}`)); rec.Code != http.StatusNoContent {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	s.json(person, http.MethodGet, path, nil, http.StatusNotFound)
	if c, err := s.world.Service.LogCheckpoint(context.Background(), elicense.LogMain); err != nil || c.Size == 0 {
		t.Errorf("the log is gone: %v", err)
	}
}
