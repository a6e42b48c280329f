package app_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// totpAt is RFC 6238 as an authenticator app computes it.
func totpAt(t *testing.T, key string, at time.Time) string {
	t.Helper()
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(key, " ", ""))
	if err != nil || len(secret) != 20 {
		t.Fatalf("key %q: %v", key, err)
	}
	mac := hmac.New(sha1.New, secret)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(at.Unix()/30)))
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1000000)
}

// addTOTP gives the person who is signed in an authenticator.
func addTOTP(t *testing.T, p *apptest.Platform, b *walk.Browser) (key string) {
	t.Helper()
	page := submit(t, b, p.URL+"/me/security", map[string]string{"totp-add": "1"})
	key = page.TextOf("totp-key")
	if err := b.Submit(context.Background(), map[string]string{"otp-code": totpAt(t, key, p.Now())}); err != nil || !b.Page.Has("recovery-codes") {
		t.Fatalf("%v: %s", err, b.Page.Text)
	}
	return key
}

// TestStepUpToTheSecondFactor: a request for level 2 leads a session of level 1 to the second factor of its account, and acr
// and amr tell what was shown. What happened is told over the person's contacts.
func TestStepUpToTheSecondFactor(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		c, ctx := p.Client(idp.Client{ClientID: "strong"}), context.Background()
		p.Persona(mobile, "李四", 2)
		b := p.SignIn(mobile)
		p.Code(b, c, nil)
		key := addTOTP(t, p, b)
		told := ""
		for range 1000 {
			if told = p.Get("/sandbox/inbox?to="+mobile, "").Text; strings.Contains(told, "TOTP") {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		if !strings.Contains(told, "新增登录方式“TOTP”") {
			t.Errorf("the person was not told: %s", told)
		}
		p.Advance(time.Minute)
		q := apptest.AuthorizeQuery(c, url.Values{"claims": {`{"id_token":{"acr":{"essential":true,"value":"urn:yinxin:aal:2"}}}`}})
		if err := b.Open(ctx, p.URL+"/authorize?"+q.Encode()); err != nil || !b.Page.Has("login-password") {
			t.Fatalf("%v: %s", err, b.Page.Text)
		}
		if err := b.Submit(ctx, map[string]string{"login-identifier": mobile, "login-password": apptest.Password}); err != nil || b.Page.URL.Path != "/login/second" {
			t.Fatalf("%v: %s", err, b.Page.URL)
		}
		target, err := b.SubmitUntil(ctx, map[string]string{"otp-code": totpAt(t, key, p.Now())}, c.RedirectURIs[0])
		if err != nil || target == nil {
			t.Fatalf("%v: %s", err, b.Page.Text)
		}
		claims := apptest.Claims(t, p.Redeem(c, target.Query().Get("code"), nil).String("id_token"))
		if amr, _ := claims["amr"].([]any); claims["acr"] != "urn:yinxin:aal:2" || !slices.Equal(amr, []any{"pwd", "otp", "mfa"}) {
			t.Errorf("acr %v, amr %v", claims["acr"], claims["amr"])
		}
		if known := p.Get("/.well-known/openid-configuration", "").Body["acr_values_supported"]; fmt.Sprint(known) != "[urn:yinxin:aal:1 urn:yinxin:aal:2]" {
			t.Errorf("acr_values_supported %v", known)
		}
	})
}
