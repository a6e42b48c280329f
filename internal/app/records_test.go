package app_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// recordsFile is the ledger of a signed-in person as a table.
func recordsFile(t *testing.T, p *apptest.Platform, b *walk.Browser) string {
	t.Helper()
	if err := b.Open(context.Background(), p.URL+"/me/records.csv"); err != nil {
		t.Fatal(err)
	}
	if b.Page.Status != http.StatusOK {
		t.Fatalf("the file answered %d: %s", b.Page.Status, b.Page.Text)
	}
	return b.Page.Source
}

// TestEveryReleaseStandsInTheLedger: what left with tokens, userinfo and introspection, with names of claims and never
// their values.
func TestEveryReleaseStandsInTheLedger(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		p.Persona(mobile, "李四", 2)
		b := p.SignIn(mobile)
		server := p.Client(idp.Client{ClientID: "archive", ClientName: "档案系统", GrantTypes: []string{"client_credentials"}, Scope: "records", RedirectURIs: []string{},
			TokenSettings: idp.TokenSettings{Resources: []string{"https://api.gov.cn/records"}}})
		c := p.Client(idp.Client{ClientID: "portal", ClientName: "市场监管", Department: "=市监局", Purpose: "办理登记", Audience: []string{"https://api.gov.cn/records"}, Scope: "openid profile phone",
			AllowedClaims: []idp.AllowedClaim{{Claim: "ial", Purpose: "核对等级"}, {Claim: "name", Purpose: "核对姓名"}, {Claim: "phone_number", Purpose: "通知", LegalBasis: "《示例条例》第三条"}}})
		first := p.Redeem(c, p.Code(b, c, nil).Get("code"), nil)
		file := recordsFile(t, p, b)
		for _, want := range []string{"市场监管", "'=市监局", "登录时", "姓名", "手机号", "核对姓名；通知", "《示例条例》第三条", "您的同意（第 1 版）"} {
			if !strings.Contains(file, want) {
				t.Errorf("after the code %q is not in the ledger:\n%s", want, file)
			}
		}
		for _, secret := range []string{"李四", mobile, "13800138021"} {
			if strings.Contains(file, secret) {
				t.Errorf("a value stands in the ledger: %s", file)
			}
		}
		if strings.Contains(file, "应用查询") {
			t.Error("userinfo stands there and was never asked")
		}
		for range 3 {
			if answer := p.Get("/userinfo", first.String("access_token")); answer.Status != http.StatusOK {
				t.Fatalf("userinfo answered %d", answer.Status)
			}
			if !p.Active(server, first.String("access_token")) {
				t.Fatal("the token is not active")
			}
		}
		if !p.Active(c, first.String("access_token")) {
			t.Fatal("the token is not active")
		}
		second := p.Refresh(c, first.String("refresh_token"))
		if second.Status != http.StatusOK {
			t.Fatalf("refresh answered %d", second.Status)
		}
		// Userinfo and introspection three times each, and the tokens again: what no answer waits for is written every two seconds.
		deadline := time.Now().Add(20 * time.Second)
		for file = recordsFile(t, p, b); strings.Count(file, ",3,") != 2 || !strings.Contains(file, ",2,市场监管"); file = recordsFile(t, p, b) {
			if time.Now().After(deadline) {
				t.Fatalf("three lines, two of three times and the tokens twice, were wanted:\n%s", file)
			}
			time.Sleep(200 * time.Millisecond)
		}
		if lines := strings.Count(strings.TrimSpace(file), "\n"); lines != 3 || !strings.Contains(file, "应用查询") || !strings.Contains(file, "档案系统") {
			t.Errorf("three lines were wanted:\n%s", file)
		}
		if err := b.Open(context.Background(), p.URL+"/me/records?app=archive"); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(b.Page.Text, "档案系统") || strings.Contains(b.Page.Text, "核对姓名") {
			t.Errorf("the filter shows %s", b.Page.Text)
		}
		if err := b.Open(context.Background(), p.URL+"/me/records?"+url.Values{"from": {"2020-01-01"}, "to": {"2020-01-02"}}.Encode()); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.Page.Text, "核对姓名") {
			t.Errorf("other days are shown: %s", b.Page.Text)
		}
		p.Persona("13800138022", "王五", 1)
		if other := recordsFile(t, p, p.SignIn("13800138022")); strings.Contains(other, "市场监管") {
			t.Errorf("another person's ledger is shown: %s", other)
		}
	})
}
