package app_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// TestALoginLeadsBackToThePage: whichever way somebody signs in, the page that was wanted comes next.
func TestALoginLeadsBackToThePage(t *testing.T) {
	h := newHostile(t)
	h.claims = map[string]any{"sub": "person-1"}
	p := startFederation(t, testkit.Databases(t)[1].OpenURL(t), h)
	p.Persona(mobile, "李四", 2)
	ctx := context.Background()
	typed := map[string]string{"login-identifier": mobile, "login-password": apptest.Password}
	open := func(t *testing.T, page string) *walk.Browser {
		t.Helper()
		b := walk.New(nil)
		if err := b.Open(ctx, p.URL+page); err != nil || !b.Page.Has("login-password") {
			t.Fatalf("no page to log in: %v %s", err, b.Page.URL)
		}
		return b
	}
	ended := func(t *testing.T, b *walk.Browser, err error, page string) {
		t.Helper()
		if err != nil || b.Page.Status != http.StatusOK || b.Page.URL.RequestURI() != page {
			t.Errorf("%v: the login ends on %d %s: %s", err, b.Page.Status, b.Page.URL, b.Page.Text)
		}
	}
	for _, page := range []string{"/me", "/federation", "/proofing?ial=2"} {
		t.Run(page, func(t *testing.T) {
			b := open(t, page)
			if err := b.Submit(ctx, map[string]string{"login-identifier": mobile, "login-password": "wrong-password"}); err != nil || b.Page.Status != http.StatusUnauthorized {
				t.Fatalf("%v %s", err, b.Page.Text)
			}
			ended(t, b, b.Submit(ctx, typed), page)
		})
	}
	t.Run("by a code, from the login page", func(t *testing.T) {
		b := open(t, "/federation")
		address := "/login/code?flow=" + b.Page.Hidden("flow")
		if !strings.Contains(b.Page.Source, `href="`+address+`"`) {
			t.Fatalf("the way by code forgets the page: %s", b.Page.Source)
		}
		submit(t, b, p.URL+address, map[string]string{"register-identifier": mobile})
		ended(t, b, b.Submit(ctx, map[string]string{"otp-code": inbox(t, p, mobile)}), "/federation")
	})
	t.Run("by registering", func(t *testing.T) {
		b := open(t, "/federation")
		submit(t, b, p.URL+"/register?flow="+b.Page.Hidden("flow"), map[string]string{"register-identifier": "13800138077"})
		if err := b.Submit(ctx, map[string]string{"otp-code": inbox(t, p, "13800138077")}); err != nil {
			t.Fatal(err)
		}
		ended(t, b, b.Submit(ctx, map[string]string{"password-new": apptest.Password}), "/federation")
	})
	t.Run("through a source upstream", func(t *testing.T) {
		b := open(t, "/federation")
		h.comeBack(t, p, b, h.begin(t, p, b, b.Page.Hidden("flow")).Get("state"))
		ended(t, b, nil, "/federation")
	})
	t.Run("never to another site", func(t *testing.T) {
		evil := base64.RawURLEncoding.EncodeToString([]byte("//evil.example"))
		for _, address := range []string{"/login?next=//evil.example", "/login?next=https://evil.example", "/login?next=" + url.QueryEscape("/\\evil.example"), "/login?next=%2F%2509%2Fevil.example", "/login?next=/me&next=//evil.example", "/login?next=/logout"} {
			b := open(t, address)
			ended(t, b, b.Submit(ctx, typed), "/me")
		}
		for _, address := range []string{"/login?flow=next_" + evil, "/login?flow=next_", "/proofing?flow=next_" + base64.RawURLEncoding.EncodeToString([]byte("/me")), "/consent?flow=next_" + base64.RawURLEncoding.EncodeToString([]byte("/me"))} {
			b := p.SignIn(mobile)
			if err := b.Open(ctx, p.URL+address); err != nil || b.Page.Status != http.StatusBadRequest || b.Page.Has("login-password") {
				t.Errorf("%s: %v %d %s", address, err, b.Page.Status, b.Page.URL)
			}
		}
	})
}
