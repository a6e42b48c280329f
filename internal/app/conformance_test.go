package app_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"net"
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

// loopbackAddress is free at this moment.
func loopbackAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
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

func TestRulesOfServersHoldHere(t *testing.T) {
	made, backchannel := freshRegistration(t)
	p := startTLSWith(t, made.ClientCA, func(cfg *app.Config) { cfg.Outbound.Allowed = []string{backchannel} })
	j := judge(t, p.Platform, made)
	j.options.Roots = p.roots
	began := time.Now()
	result, err := conformance.Run(context.Background(), []string{"oidc", "fapi2"}, conformance.Options{Server: &j.options})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d passed, %d failed, %d not applicable, %d cases in %s", result.Passed, result.Failed, result.NotApplicable, result.Cases, time.Since(began))
	for _, rule := range result.Rules {
		for _, c := range rule.Cases {
			if c.Verdict == conformance.Fail {
				t.Errorf("%s: %s: want %s, got %s %s", rule.ID, c.Vector, c.Expect, c.Got, c.Detail)
			} else if c.Verdict == conformance.NotApplicable {
				t.Logf("%s: %s: %s", rule.ID, c.Vector, c.Detail)
			}
		}
	}
}

var _ = tls.VersionTLS12
