package app_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/federation"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// TestF09SilentSourceIsLeftAlone: after five failures nobody is sent there and nobody waits; the login page says so and has
// the other ways; after a pause one attempt finds out.
func TestF09SilentSourceIsLeftAlone(t *testing.T) {
	h := newHostile(t)
	p := startFederation(t, database(t), h)
	h.claims = map[string]any{"sub": "person-1"}
	silent := func(yes bool) {
		h.mutex.Lock()
		defer h.mutex.Unlock()
		h.silent = yes
	}
	b, ctx := walk.New(nil), context.Background()
	open := func(path string) {
		t.Helper()
		if err := b.Open(ctx, p.URL+path); err != nil {
			t.Fatal(err)
		}
	}
	offered := func(yes bool) {
		t.Helper()
		open("/login")
		if linked := strings.Contains(b.Page.Source, "/federation/province/start"); linked != yes || strings.Contains(b.Page.Text, "省统一身份认证暂时没有回应") == yes || !b.Page.Has("login-password") {
			t.Fatalf("the login page offers the source: %t: %s", linked, b.Page.Text)
		}
	}
	silent(true)
	for n := range 5 {
		offered(true)
		open("/federation/province/start")
		if b.Page.Status != http.StatusServiceUnavailable || !b.Page.Has("login-password") || !strings.Contains(b.Page.Text, "没有回应") {
			t.Fatalf("failure %d: %d %s", n, b.Page.Status, b.Page.Text)
		}
	}
	offered(false)
	silent(false)
	open("/federation/province/start")
	if b.Page.Status != http.StatusServiceUnavailable || !b.Page.Has("login-password") {
		t.Fatalf("somebody was sent to a silent source: %s", b.Page.URL)
	}
	p.Advance(31 * time.Second)
	offered(true)
	h.login(t, p, b)
	if b.Page.URL.Path != "/me" {
		t.Fatalf("the probe ended on %s: %s", b.Page.URL, b.Page.Text)
	}
	offeredAgain := walk.New(nil)
	if err := offeredAgain.Open(ctx, p.URL+"/login"); err != nil || !strings.Contains(offeredAgain.Page.Source, "/federation/province/start") {
		t.Errorf("after the answer: %v %s", err, offeredAgain.Page.Text)
	}
}

// TestLogoutReachesTheSource: a logout at a portal ends the session of the source from which the login came, with the ID token
// that it gave as the hint, and comes back to where the portal wanted (RP-Initiated Logout 1.0). Ours ends first, whatever the
// source does.
func TestLogoutReachesTheSource(t *testing.T) {
	for _, engine := range engines(t) {
		t.Run(engine.Name, func(t *testing.T) {
			ctx := context.Background()
			province := apptest.Start(t, database(t))
			county := startFor(t, engine.OpenURL(t), strings.TrimPrefix(province.URL, "http://"))
			registered := province.Client(idp.Client{ClientID: "county", ApplicationType: "native", RedirectURIs: []string{county.URL + "/federation/province/callback"},
				PostLogoutRedirectURIs: []string{county.URL + "/federation/province/logged-out"}})
			source := federation.Source{ID: "province", Name: "省平台", Issuer: province.URL, ClientID: "county", Secret: registered.ClientSecret, EndSession: true}
			apply(t, county, app.Manifest{Upstreams: []federation.Source{source}})
			province.Persona("13800138000", "张三", 2)
			c := county.Client(idp.Client{ClientID: "portal", PostLogoutRedirectURIs: []string{"https://portal.example.gov.cn/bye"}})
			b := walk.New(nil)
			login := func() string {
				t.Helper()
				if err := b.Open(ctx, county.URL+"/authorize?"+apptest.AuthorizeQuery(c, nil).Encode()); err != nil {
					t.Fatal(err)
				}
				target, err := b.OpenUntil(ctx, county.URL+"/federation/province/start?flow="+b.Page.URL.Query().Get("flow"), c.RedirectURIs[0])
				if err == nil && b.Page.Has("login-password") {
					target, err = b.SubmitUntil(ctx, map[string]string{"login-identifier": "13800138000", "login-password": apptest.Password}, c.RedirectURIs[0])
				}
				for err == nil && target == nil && b.Page.Has("consent-allow") {
					target, err = b.SubmitUntil(ctx, map[string]string{"consent": "allow"}, c.RedirectURIs[0])
				}
				if err != nil || target == nil {
					t.Fatalf("%v %s: %s", err, b.Page.URL, b.Page.Text)
				}
				return county.Redeem(c, target.Query().Get("code"), nil).String("id_token")
			}
			bye := func(hint string) string {
				return county.URL + "/logout?" + url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": c.PostLogoutRedirectURIs, "state": {"s&t"}}.Encode()
			}
			target, err := b.OpenUntil(ctx, bye(login()), c.PostLogoutRedirectURIs[0])
			if err != nil || target == nil || target.Query().Get("state") != "s&t" {
				t.Fatalf("the logout ended at %v, %v: %s", target, err, b.Page.Text)
			}
			wantSignedOut(t, county, b)
			wantSignedOut(t, province, b)
			t.Run("by the button", func(t *testing.T) {
				login()
				if err := b.Open(ctx, county.URL+"/logout"); err != nil {
					t.Fatal(err)
				}
				if err := b.Submit(ctx, map[string]string{"logout-confirm": "1"}); err != nil {
					t.Fatal(err)
				}
				_, onward, ok := strings.Cut(b.Page.Header.Get("Refresh"), "url=")
				if !ok || !strings.HasPrefix(onward, province.URL+"/logout?") || strings.Contains(onward, "portal") {
					t.Fatalf("the page leads to %q: %s", onward, b.Page.Text)
				}
				wantSignedOut(t, county, b)
				if err := b.Open(ctx, onward); err != nil || b.Page.URL.String() != county.URL+"/" {
					t.Errorf("the source led to %s, %v", b.Page.URL, err)
				}
				wantSignedOut(t, province, b)
			})
			t.Run("the return works once, in this browser, and is no login", func(t *testing.T) {
				stop := province.URL + "/logout"
				target, err := b.OpenUntil(ctx, bye(login()), stop)
				if err != nil || target == nil || target.Query().Get("post_logout_redirect_uri") != county.URL+"/federation/province/logged-out" || target.Query().Get("client_id") != "county" || len(target.Query().Get("state")) < 22 {
					t.Fatalf("%v %v", target, err)
				}
				state := target.Query().Get("state")
				back := county.URL + "/federation/province/logged-out?state=" + state
				stranger := walk.New(nil)
				if err := stranger.Open(ctx, back); err != nil || stranger.Page.URL.Path != "/" {
					t.Errorf("another browser is led to %s, %v", stranger.Page.URL, err)
				}
				if target, err := b.OpenUntil(ctx, back, c.PostLogoutRedirectURIs[0]); err != nil || target == nil {
					t.Errorf("the browser is led to %s, %v", b.Page.URL, err)
				}
				if err := b.Open(ctx, back); err != nil || b.Page.URL.Path != "/" {
					t.Errorf("once more: %s, %v", b.Page.URL, err)
				}
				target, err = b.OpenUntil(ctx, bye(login()), stop)
				if err != nil || target == nil {
					t.Fatal(err)
				}
				if err := b.Open(ctx, county.URL+"/federation/province/callback?"+url.Values{"state": {target.Query().Get("state")}, "code": {"x"}, "iss": {province.URL}}.Encode()); err != nil {
					t.Fatal(err)
				}
				wantErrorPage(t, b, http.StatusBadRequest, upstreamRefused)
			})
			t.Run("not where it is not registered", func(t *testing.T) {
				hint := login()
				source.EndSession = false
				apply(t, county, app.Manifest{Upstreams: []federation.Source{source}})
				if target, err := b.OpenUntil(ctx, bye(hint), c.PostLogoutRedirectURIs[0]); err != nil || target == nil {
					t.Errorf("%v %v", target, err)
				}
				wantSignedOut(t, county, b)
				if err := b.Open(ctx, province.URL+"/me"); err != nil || b.Page.Has("login-password") {
					t.Error("the source's session ended")
				}
			})
		})
	}
}

// TestLogoutDoesNotWaitForTheSource: the session of ours ends although the source cannot be asked.
func TestLogoutDoesNotWaitForTheSource(t *testing.T) {
	h := newHostile(t)
	p := startFor(t, database(t), h.host())
	source := h.source()
	source.EndSession = true
	apply(t, p, app.Manifest{Upstreams: []federation.Source{source}})
	h.claims = map[string]any{"sub": "person-1"}
	b := walk.New(nil)
	h.login(t, p, b)
	p.Advance(11 * time.Minute) // its metadata is no longer kept
	h.mutex.Lock()
	h.silent = true
	h.mutex.Unlock()
	signOut(t, p, b)
	if b.Page.Status != http.StatusOK {
		t.Errorf("%d %s", b.Page.Status, b.Page.Text)
	}
	wantSignedOut(t, p, b)
}
