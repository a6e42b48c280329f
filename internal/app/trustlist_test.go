package app_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/keys/revocation/revocationtest"
	"github.com/yinxin-gov/yinxin/keys/trustlist"
)

// TestTheTrustListIsServed: an authority of the configuration stands in the list that anybody may fetch, beside the platform's own root;
// the list carries the keys of presentation codes.
func TestTheTrustListIsServed(t *testing.T) {
	vendor, folder := ofdtest.New(t), t.TempDir()
	file := filepath.Join(folder, "vendor.pem")
	if err := os.WriteFile(file, vendor.Root.Cert.EncodePEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := apptest.NewConfig(t, database(t), folder)
	cfg.Trust = app.Trusting{Authorities: []app.TrustedAuthority{{File: file, Name: "厂商", Uses: []string{"seal_signer", "seal_maker"}, From: "2025-03-01T00:00:00Z"}}}
	p := apptest.StartWith(t, cfg)
	get := func(path, etag string) apptest.Answer {
		request, err := http.NewRequest(http.MethodGet, p.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if etag != "" {
			request.Header.Set("If-None-Match", etag)
		}
		return p.Do(request)
	}
	answer := get("/trust/list", "")
	list, err := trustlist.Open([]byte(answer.Text))
	if answer.Status != http.StatusOK || err != nil || answer.Header.Get("Content-Type") != "application/cbor" || answer.Header.Get("Cache-Control") != "public, max-age=5" {
		t.Fatalf("%d %v %v", answer.Status, err, answer.Header)
	}
	at := slices.IndexFunc(list.Authorities, func(a trustlist.Authority) bool { return a.Certificate.Equal(vendor.Root.Cert) })
	if len(list.Authorities) != 2 || at < 0 || list.Authorities[at].Name != "厂商" || !slices.Equal(list.Authorities[at].History[0].Uses, []trustlist.Use{trustlist.SealMaker, trustlist.SealSigner}) {
		t.Errorf("%+v", list.Authorities)
	}
	if keys := get("/trust/keys", ""); len(list.Carried) != 1 || keys.Status != http.StatusOK || keys.Text != string(list.Carried[0]) {
		t.Errorf("keys: %d, carried %d", keys.Status, len(list.Carried))
	}
	if again := get("/trust/list", answer.Header.Get("ETag")); again.Status != http.StatusNotModified || again.Text != "" {
		t.Errorf("unchanged: %d", again.Status)
	}
	if index := get("/status/seals", ""); index.Status != http.StatusOK || !strings.HasPrefix(index.Text, `{"lists":[`) {
		t.Errorf("index: %d %s", index.Status, index.Text)
	}
	for path, want := range map[string]int{"/status/seals/370300": http.StatusNotFound, "/status/seals/x": http.StatusNotFound, "/status/seals?after=x": http.StatusBadRequest} {
		if answer := get(path, ""); answer.Status != want {
			t.Errorf("%s: %d", path, answer.Status)
		}
	}
}

// TestAuthoritiesAreAskedWhereTheOperatorSaysSo: whether a certificate of somebody else's authority is revoked is asked there, and a
// platform that is not told to asks nobody.
func TestAuthoritiesAreAskedWhereTheOperatorSaysSo(t *testing.T) {
	for name, asks := range map[string]bool{"told": true, "not told": false} {
		t.Run(name, func(t *testing.T) {
			vendor, folder := revocationtest.New(t), t.TempDir()
			vendor.At = time.Now().UTC().Truncate(time.Second)
			file := filepath.Join(folder, "vendor.pem")
			if err := os.WriteFile(file, append(vendor.World.Root.Cert.EncodePEM(), vendor.World.Issuing.Cert.EncodePEM()...), 0o600); err != nil {
				t.Fatal(err)
			}
			cfg := apptest.NewConfig(t, database(t), folder)
			cfg.Trust = app.Trusting{AskAuthorities: asks, Authorities: []app.TrustedAuthority{{File: file, Name: "厂商", Uses: []string{"seal_signer", "seal_maker"}, From: "2025-03-01T00:00:00Z"}}}
			cfg.Outbound.Allowed = []string{vendor.Host}
			p := apptest.StartWith(t, cfg)
			said := func(code string) bool {
				return slices.ContainsFunc(verified(t, p, vendor.Document(true, true)).Reasons, func(r verify.Reason) bool { return r.Code == code })
			}
			if unknown := said("revocation_unknown"); unknown == asks || vendor.Asked.Load() > 0 != asks {
				t.Errorf("asked %d times, unknown %t", vendor.Asked.Load(), unknown)
			}
			vendor.Revoked.Store(true)
			if said("SIGNER_REVOKED_BEFORE") != asks {
				t.Error("revoked")
			}
		})
	}
}
