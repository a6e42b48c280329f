package app_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// Relying parties that others wrote log in with code and PKCE, validate the ID token, ask userinfo, refresh and log out. Each
// is as strict as its authors made it; a refusal of theirs is a fault of ours.

// travel walks a browser for a party: sign-in and consent where they are asked for, until it comes to the party.
func travel(t *testing.T, b *walk.Browser) func(address, until string) string {
	return func(address, until string) string {
		t.Helper()
		ctx := context.Background()
		target, err := b.OpenUntil(ctx, address, until)
		if err == nil && target == nil && b.Page.Has("login-password") {
			target, err = b.SubmitUntil(ctx, map[string]string{"login-identifier": mobile, "login-password": apptest.Password}, until)
		}
		if err == nil && target == nil && b.Page.Has("consent-allow") {
			target, err = b.SubmitUntil(ctx, map[string]string{"consent": "allow"}, until)
		}
		if err != nil || target == nil {
			t.Errorf("the browser did not come to %s: %v: %s", until, err, b.Page.Text)
			return until + "?error=lost"
		}
		return target.String()
	}
}

func TestRelyingPartiesOfOthersLogInAndOut(t *testing.T) {
	p := apptest.Start(t, database(t))
	p.Persona(mobile, "李四", 2)
	for _, test := range []struct{ name, program, alg, method string }{
		{"openid-client", "openid-client.mjs", "ES256", "client_secret_basic"},
		{"oauth4webapi", "oauth4webapi.mjs", "RS256", "client_secret_post"},
		{"Authlib", "peer.py", "ES256", "client_secret_basic"},
	} {
		t.Run(test.name, func(t *testing.T) {
			id := strings.ToLower(test.name)
			c := p.Client(idp.Client{ClientID: id, IDTokenAlg: test.alg, TokenEndpointAuthMethod: test.method, PostLogoutRedirectURIs: []string{"https://" + id + ".example.gov.cn/out"}})
			testkit.RunParty(t, test.program, testkit.PartyOrder{Issuer: p.URL, ClientID: id, ClientSecret: c.ClientSecret, RedirectURI: c.RedirectURIs[0],
				PostLogoutRedirectURI: c.PostLogoutRedirectURIs[0], Scope: c.Scope, Alg: test.alg, Name: "李四"}, travel(t, walk.New(nil)))
		})
	}
}

func TestSpringSecurityLogsInAndOut(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base := "http://localhost:" + port(t, listener)
	cfg := apptest.NewConfig(t, database(t), t.TempDir())
	cfg.Outbound.Allowed = []string{strings.TrimPrefix(base, "http://")}
	p := apptest.StartWith(t, cfg)
	p.Persona(mobile, "李四", 2)
	// Spring Security reads logout tokens with RS256 only.
	c := p.Client(idp.Client{ClientID: "spring", IDTokenAlg: "RS256", ApplicationType: "native", RedirectURIs: []string{base + "/login/oauth2/code/yinxin"},
		PostLogoutRedirectURIs: []string{base + "/bye"}, BackchannelLogoutURI: base + "/logout/connect/back-channel/yinxin"})
	testkit.StartPortal(t, listener, testkit.PartyOrder{Issuer: p.URL, ClientID: c.ClientID, ClientSecret: c.ClientSecret, Alg: c.IDTokenAlg})

	b, ctx := walk.New(nil), context.Background()
	login := func() {
		t.Helper()
		callback := travel(t, b)(base+"/desk", base+"/login/oauth2/code/yinxin")
		if err := b.Open(ctx, callback); err != nil { // leads to the desk
			t.Fatal(err)
		}
		if b.Page.TextOf("name") != "李四" || b.Page.TextOf("sub") == "" || b.Page.TextOf("rotated") != "true" {
			t.Fatalf("the portal shows %s: %s", b.Page.URL, b.Page.Text)
		}
	}
	login()
	t.Run("the portal ends the session at the provider", func(t *testing.T) {
		if err := b.Open(ctx, base+"/logout"); err != nil {
			t.Fatal(err)
		}
		if err := b.Submit(ctx, nil); err != nil || !b.Page.Has("bye") {
			t.Fatalf("%v: %s: %s", err, b.Page.URL, b.Page.Text)
		}
		if err := b.Open(ctx, p.URL+"/me"); err != nil || !b.Page.Has("login-password") {
			t.Errorf("the person is still signed in: %s", b.Page.Text)
		}
	})
	t.Run("the provider ends the session at the portal", func(t *testing.T) {
		login()
		if err := b.Open(ctx, p.URL+"/logout"); err != nil {
			t.Fatal(err)
		}
		if err := b.Submit(ctx, map[string]string{"logout-confirm": "1"}); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(200 * time.Millisecond) {
			target, err := b.OpenUntil(ctx, base+"/desk", p.URL)
			if err != nil {
				t.Fatal(err)
			}
			if target != nil {
				return // the portal asks for a login again
			}
			if time.Now().After(deadline) {
				t.Fatal("the portal did not hear of the logout")
			}
		}
	})
}

func port(t *testing.T, l net.Listener) string {
	t.Helper()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
