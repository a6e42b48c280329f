package app_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/conformance"
	"github.com/yinxin-gov/yinxin/conformance/party"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
)

// judged is a platform with everything that the runner needs, and the runner's options for it.
type judged struct {
	*apptest.Platform
	options party.Options
	made    party.Registration
}

// loopbackAddress is free at this moment, and no outgoing connection will take its port: those come from 32768 on.
func loopbackAddress(t *testing.T) string {
	t.Helper()
	for range 100 {
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 24000+mathrand.IntN(8000))); err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no port is free")
	return ""
}

func freshRegistration(t *testing.T) (party.Registration, string) {
	t.Helper()
	address := loopbackAddress(t)
	made, err := party.NewRegistration(rand.Reader, time.Now(), address)
	if err != nil {
		t.Fatal(err)
	}
	return made, address
}

// judge applies a registration and makes the runner's options; waiting moves the platform's clock.
func judge(t *testing.T, p *apptest.Platform, made party.Registration) judged {
	t.Helper()
	m, err := app.ReadManifest(made.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.App.Apply(context.Background(), m); err != nil {
		t.Fatal(err)
	}
	with, err := party.ReadFile(made.With)
	if err != nil {
		t.Fatal(err)
	}
	options := party.Options{Issuer: p.URL, With: with, Now: p.Now, Wait: func(_ context.Context, d time.Duration) error {
		p.Advance(d)
		return nil
	}}
	return judged{p, options, made}
}

// TestRulesOfServersHoldHere runs every rule of a server against the platform, over TLS with client certificates, by the
// functions and by the command.
func TestRulesOfServersHoldHere(t *testing.T) {
	made, backchannel := freshRegistration(t)
	p := startTLSWith(t, made.ClientCA, func(cfg *app.Config) { cfg.Outbound.Allowed = []string{backchannel} })
	j := judge(t, p.Platform, made)
	j.options.Roots = p.roots
	t.Run("the command", func(t *testing.T) { probedByCommand(t, p, j) })
	t.Run("every rule", func(t *testing.T) {
		result, err := conformance.Run(context.Background(), []string{"oidc", "fapi2"}, conformance.Options{Server: &j.options})
		if err != nil {
			t.Fatal(err)
		}
		var idle []string
		for _, rule := range result.Rules {
			for _, c := range rule.Cases {
				if c.Verdict == conformance.Fail {
					t.Errorf("%s: %s: want %s, got %s %s", rule.ID, c.Vector, c.Expect, c.Got, c.Detail)
				}
			}
			if rule.Verdict == conformance.NotApplicable {
				idle = append(idle, rule.ID)
			}
		}
		if want := []string{"oidc/oidcc-scope-address"}; !slices.Equal(idle, want) { // the scope is not offered
			t.Errorf("not applicable are %v, want %v", idle, want)
		}
		if result.Passed < 145 || result.Cases < 1000 {
			t.Errorf("%d rules with %d cases", result.Passed, result.Cases)
		}
	})
	// A token that is good with the certificate of another client is found: here the two hold the same one.
	t.Run("a certificate that two clients share", func(t *testing.T) {
		shared := j.options
		shared.With.Clients = slices.Clone(shared.With.Clients)
		first := slices.IndexFunc(shared.With.Clients, func(c party.Client) bool { return c.CertificateBound })
		for i := first + 1; i < len(shared.With.Clients); i++ {
			if shared.With.Clients[i].CertificateBound {
				id := shared.With.Clients[i]
				shared.With.Clients[i] = shared.With.Clients[first]
				shared.With.Clients[i].ClientID = id.ClientID
			}
		}
		result, err := conformance.Run(context.Background(), []string{"fapi2/fapi2-ensure-mtls-holder-of-key-required"}, conformance.Options{Server: &shared})
		if err != nil || result.Failed != 1 {
			t.Errorf("%+v %v", result, err)
		}
	})
}

// TestOldTransportIsFound: a server of an older time agrees to anything.
func TestOldTransportIsFound(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		base := "https://" + r.Host
		json.NewEncoder(w).Encode(map[string]string{"issuer": base, "token_endpoint": base + "/token", "pushed_authorization_request_endpoint": base + "/par", "userinfo_endpoint": base + "/userinfo"})
	}))
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS10, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256}}
	server.StartTLS()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	result, err := conformance.Run(t.Context(), []string{"fapi2/fapi2-transport"}, conformance.Options{Server: &party.Options{Issuer: server.URL, Roots: roots}})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, c := range result.Rules[0].Cases {
		found[c.Vector] = c.Verdict == conformance.Fail
	}
	if !found["token_endpoint refuses TLS 1.1"] || !found["userinfo_endpoint refuses TLS_RSA_WITH_AES_128_CBC_SHA"] || found["token_endpoint speaks TLS"] || found["token_endpoint refuses TLS_RSA_WITH_AES_128_GCM_SHA256"] {
		t.Errorf("%+v", result.Rules[0].Cases)
	}
}

func probedByCommand(t *testing.T, p overTLS, j judged) {
	folder := t.TempDir()
	with, roots, junit := filepath.Join(folder, "with.json"), filepath.Join(folder, "roots.pem"), filepath.Join(folder, "report.xml")
	for path, content := range map[string][]byte{with: j.made.With, roots: p.rootsPEM} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name      string
		arguments []string
		status    int
		said      string
	}{
		{"holds", []string{"--issuer", p.URL, "--with", with, "--ca-file", roots, "--junit", junit, "--json", "oidc/oidcc-server", "fapi2/fapi2-ensure-mtls-holder-of-key-required"}, 0, `"passed": 2`},
		{"nothing is judged without clients", []string{"--issuer", p.URL, "--ca-file", roots, "oidc/oidcc-server"}, 2, "the file holds no client"},
		{"nothing is judged without patience", []string{"--issuer", p.URL, "--with", with, "--ca-file", roots, "--patience", "1s", "oidc/oidcc-codereuse-30seconds"}, 2, "needs a wait of 30s; --patience is 1s"},
		{"the certificate is not trusted", []string{"--issuer", p.URL, "--with", with, "oidc"}, 3, "the server cannot be met"},
		{"another issuer than it says", []string{"--issuer", p.URL + "/", "--ca-file", roots, "oidc/oidcc-discovery-endpoint-verification"}, 1, "issuer is the one that was asked"},
		{"no issuer", []string{"--issuer", p.URL + "/userinfo", "--ca-file", roots, "oidc"}, 3, "its metadata answers 404"},
		{"the address for logout tokens is taken", []string{"--issuer", p.URL, "--ca-file", roots, "--listen", strings.TrimPrefix(p.URL, "https://"), "oidc"}, 3, "listen for logout tokens"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out, talk strings.Builder
			status := conformance.Command(context.Background(), test.arguments, &out, &talk)
			if status != test.status || !strings.Contains(out.String()+talk.String(), test.said) {
				t.Errorf("ended %d, want %d\n%s%s", status, test.status, out.String(), talk.String())
			}
		})
	}
	report, err := os.ReadFile(junit)
	if err != nil || !strings.Contains(string(report), `<testsuites name="yinxin conformance"`) || !strings.Contains(string(report), `failures="0"`) {
		t.Errorf("%v %s", err, report)
	}
}
