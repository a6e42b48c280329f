package app_test

import (
	"net/url"
	"path/filepath"
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
