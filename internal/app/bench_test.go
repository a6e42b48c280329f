package app_test

import (
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
)

// cpu is the processor time of this process so far: server and caller together, since both run here.
func cpu() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// measured runs the body and reports processor milliseconds for a thousand of it.
func measured(b *testing.B, body func()) {
	before := cpu()
	b.ResetTimer()
	for b.Loop() {
		body()
	}
	b.StopTimer()
	b.ReportMetric(float64((cpu()-before).Milliseconds())*1000/float64(b.N), "cpu-ms/1000")
}

func benchmarkPlatform(b *testing.B) *apptest.Platform {
	return apptest.Start(b, "sqlite:"+filepath.Join(b.TempDir(), "yinxin.db"))
}

// BenchmarkClientCredentials is one token for a service client over HTTP.
func BenchmarkClientCredentials(b *testing.B) {
	p := benchmarkPlatform(b)
	c := p.Client(idp.Client{ClientID: "machine", GrantTypes: []string{"client_credentials"}, Scope: "license_clerk", RedirectURIs: []string{}})
	measured(b, func() {
		if a := p.Post("/token", c, url.Values{"grant_type": {"client_credentials"}}); a.Status != 200 {
			b.Fatal(a.Text)
		}
	})
}

// BenchmarkCodeFlow is one authorization and its redemption for a person who is signed in and agreed before, with each
// algorithm of ID tokens.
func BenchmarkCodeFlow(b *testing.B) {
	for _, algorithm := range []string{"ES256", "RS256", "SGD_SM3_SM2"} {
		b.Run(algorithm, func(b *testing.B) {
			p := benchmarkPlatform(b)
			c := p.Client(idp.Client{ClientID: "portal", IDTokenAlg: algorithm})
			p.Persona(mobile, "李四", 2)
			browser := p.SignIn(mobile)
			p.Code(browser, c, nil)
			measured(b, func() {
				if a := p.Redeem(c, p.Code(browser, c, nil).Get("code"), nil); a.Status != 200 {
					b.Fatal(a.Text)
				}
			})
		})
	}
}

// BenchmarkClientCredentialsForms is one token in each form: signed with ES256 or SM2, opaque, and with a client assertion.
func BenchmarkClientCredentialsForms(b *testing.B) {
	for name, settings := range map[string]idp.TokenSettings{"ES256": {}, "SGD_SM3_SM2": {AccessTokenAlg: "SGD_SM3_SM2"}, "opaque": {AccessTokenFormat: idp.FormatOpaque}} {
		b.Run(name, func(b *testing.B) {
			p := benchmarkPlatform(b)
			c := p.Client(idp.Client{ClientID: "machine", GrantTypes: []string{"client_credentials"}, Scope: "license_clerk", RedirectURIs: []string{}, TokenSettings: settings})
			measured(b, func() {
				if a := p.Post("/token", c, url.Values{"grant_type": {"client_credentials"}}); a.Status != 200 {
					b.Fatal(a.Text)
				}
			})
		})
	}
	b.Run("private_key_jwt", func(b *testing.B) {
		p := benchmarkPlatform(b)
		key := newClientKey(b, "ES256")
		c := p.Client(idp.Client{ClientID: "machine", GrantTypes: []string{"client_credentials"}, Scope: "license_clerk", RedirectURIs: []string{}, TokenEndpointAuthMethod: idp.AuthPrivateKeyJWT,
			TokenSettings: idp.TokenSettings{JWKS: document(b, key)}})
		measured(b, func() {
			if a := p.Post("/token", idp.Client{}, asserted(url.Values{"grant_type": {"client_credentials"}}, key.sign(b, "JWT", assertionClaims(p, c.ClientID)))); a.Status != 200 {
				b.Fatal(a.Text)
			}
		})
	})
}

// signedIn is a person's first tokens at a client with the settings.
func signedIn(b *testing.B, settings idp.TokenSettings) (*apptest.Platform, idp.Client, apptest.Answer) {
	b.Helper()
	p := benchmarkPlatform(b)
	c := p.Client(idp.Client{ClientID: "portal", TokenSettings: settings})
	p.Persona(mobile, "李四", 2)
	return p, c, p.Redeem(c, p.Code(p.SignIn(mobile), c, nil).Get("code"), nil)
}

// BenchmarkRefresh is one rotation of a refresh token, with a new ID token.
func BenchmarkRefresh(b *testing.B) {
	p, c, issued := signedIn(b, idp.TokenSettings{})
	token := issued.String("refresh_token")
	measured(b, func() {
		a := p.Refresh(c, token)
		if a.Status != 200 {
			b.Fatal(a.Text)
		}
		token = a.String("refresh_token")
	})
}

// BenchmarkIntrospection asks about a person's token, signed or opaque.
func BenchmarkIntrospection(b *testing.B) {
	for name, settings := range map[string]idp.TokenSettings{"signed": {}, "opaque": {AccessTokenFormat: idp.FormatOpaque}} {
		b.Run(name, func(b *testing.B) {
			p, c, issued := signedIn(b, settings)
			measured(b, func() {
				if !p.Active(c, issued.String("access_token")) {
					b.Fatal("not active")
				}
			})
		})
	}
}

// BenchmarkUserinfo reads a person's claims.
func BenchmarkUserinfo(b *testing.B) {
	p, _, issued := signedIn(b, idp.TokenSettings{})
	measured(b, func() {
		if a := p.Get("/userinfo", issued.String("access_token")); a.Status != 200 {
			b.Fatal(a.Text)
		}
	})
}

// BenchmarkDiscovery reads the metadata and the keys.
func BenchmarkDiscovery(b *testing.B) {
	p := benchmarkPlatform(b)
	for _, path := range []string{"/.well-known/openid-configuration", "/jwks"} {
		b.Run(path, func(b *testing.B) {
			measured(b, func() {
				if a := p.Get(path, ""); a.Status != 200 {
					b.Fatal(a.Text)
				}
			})
		})
	}
}

// BenchmarkJSONBombs is the refusal of each document of I-05 over HTTP, client and server; the row allows 10 ms.
func BenchmarkJSONBombs(b *testing.B) {
	p := benchmarkPlatform(b)
	c := p.Client(idp.Client{ClientID: "console", GrantTypes: []string{"client_credentials"}, Scope: idp.RoleSystemAdmin})
	token := p.Post("/token", c, url.Values{"grant_type": {"client_credentials"}, "scope": {idp.RoleSystemAdmin}}).String("access_token")
	for name, body := range jsonBombs() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			measured(b, func() {
				request, err := http.NewRequestWithContext(b.Context(), http.MethodPost, p.URL+"/api/v1/counter-terminals", strings.NewReader(body))
				if err != nil {
					b.Fatal(err)
				}
				request.Header.Set("Content-Type", "application/json")
				request.Header.Set("Authorization", "Bearer "+token)
				answer, err := http.DefaultClient.Do(request)
				if err != nil {
					b.Fatal(err)
				}
				io.Copy(io.Discard, answer.Body)
				answer.Body.Close()
				if answer.StatusCode < 400 || answer.StatusCode >= 500 {
					b.Fatal(answer.Status)
				}
			})
		})
	}
}
