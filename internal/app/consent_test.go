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

// codeWith walks through consent with ticks.
func codeWith(t *testing.T, p *apptest.Platform, b *walk.Browser, c idp.Client, fields map[string]string) string {
	t.Helper()
	ctx := context.Background()
	if _, err := b.OpenUntil(ctx, p.URL+"/authorize?"+apptest.AuthorizeQuery(c, nil).Encode(), c.RedirectURIs[0]); err != nil {
		t.Fatal(err)
	}
	if !b.Page.Has("consent-allow") {
		t.Fatalf("nobody was asked: %s", b.Page.URL)
	}
	fields["consent"] = "allow"
	target, err := b.SubmitUntil(ctx, fields, c.RedirectURIs[0])
	if err != nil || target == nil {
		t.Fatalf("the flow ended on %s: %v", b.Page.URL, err)
	}
	return target.Query().Get("code")
}

// asked reports whether a login of the client asks for consent.
func asked(t *testing.T, p *apptest.Platform, b *walk.Browser, c idp.Client) bool {
	t.Helper()
	target, err := b.OpenUntil(context.Background(), p.URL+"/authorize?"+apptest.AuthorizeQuery(c, nil).Encode(), c.RedirectURIs[0])
	if err != nil {
		t.Fatal(err)
	}
	return target == nil && b.Page.Has("consent-allow")
}

func purposes(c idp.Client, changes ...idp.AllowedClaim) idp.Client {
	c.AllowedClaims = append([]idp.AllowedClaim{{Claim: "ial", Purpose: "核对等级"}, {Claim: "name", Purpose: "核对姓名"}}, changes...)
	return c
}

// TestConsentClaimByClaim: what is optional is unticked and refused by itself, what a law gives is not refused, and a withdrawn
// claim is gone on every node at once.
func TestConsentClaimByClaim(t *testing.T) {
	for _, engine := range engines(t) {
		t.Run(engine.Name, func(t *testing.T) {
			p := apptest.Start(t, engine.OpenURL(t))
			other := apptest.StartWith(t, p.Config) // a second node on the same database
			other.URL = "http://" + other.Listen
			p.Persona(mobile, "李四", 2)
			b := p.SignIn(mobile)
			optional := idp.AllowedClaim{Claim: "phone_number", Purpose: "通知办理进度", Optional: true}
			law := idp.AllowedClaim{Claim: "id_document_number", Purpose: "核对产权人", LegalBasis: "《示例条例》第十六条"}
			c := p.Client(purposes(idp.Client{ClientID: "portal", ClientName: "不动产登记", Purpose: "办理登记", Scope: "openid profile phone identity"}, optional, law))
			code := codeWith(t, p, b, c, map[string]string{})
			tokens := p.Redeem(c, code, nil)
			claims := apptest.Claims(t, tokens.String("id_token"))
			if claims["name"] != "李四" || claims["id_document_number"] == nil || claims["phone_number"] != nil || claims["phone_number_verified"] != nil {
				t.Errorf("the ID token says %v", claims)
			}
			userinfo := func() map[string]any {
				deadline := time.Now().Add(5 * time.Second) // clients reach the other node within five seconds
				for {
					answer := other.Get("/userinfo", tokens.String("access_token"))
					if answer.Status == http.StatusOK {
						return answer.Body
					}
					if time.Now().After(deadline) {
						t.Fatalf("userinfo answered %d", answer.Status)
					}
					time.Sleep(100 * time.Millisecond)
				}
			}
			if got := userinfo(); got["name"] != "李四" || got["phone_number"] != nil {
				t.Errorf("userinfo says %v", got)
			}
			if asked(t, p, b, c) {
				t.Error("a refused optional claim is asked again at each login")
			}
			set := func(claim, give string) int {
				if err := b.Open(context.Background(), p.URL+"/me/consents?client=portal"); err != nil {
					t.Fatal(err)
				}
				if err := b.Submit(context.Background(), map[string]string{"claim": claim, "give": give}); err != nil {
					t.Fatal(err)
				}
				return b.Page.Status
			}
			set("phone_number", "1")
			if got := userinfo(); got["phone_number"] == nil {
				t.Errorf("a claim that is given again is missing: %v", got)
			}
			if status := set("id_document_number", "0"); status != http.StatusUnprocessableEntity {
				t.Errorf("a claim of the law was refused with %d", status)
			}
			set("name", "0")
			if got := userinfo(); got["name"] != nil || got["id_document_number"] == nil {
				t.Errorf("a withdrawn claim is told on the other node: %v", got)
			}
			refreshed := p.Refresh(c, tokens.String("refresh_token"))
			if claims = apptest.Claims(t, refreshed.String("id_token")); claims["name"] != nil || claims["phone_number"] == nil {
				t.Errorf("after a refresh the ID token says %v", claims)
			}
			if !asked(t, p, b, c) {
				t.Error("a claim that the application needs is not asked again")
			}
			if err := b.Open(context.Background(), p.URL+"/me/consents?client=portal"); err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"第 3 版", "第 2 版", "第 1 版", "现在有效", "《示例条例》第十六条"} {
				if !strings.Contains(b.Page.Text, want) {
					t.Errorf("%q is missing: %s", want, b.Page.Text)
				}
			}
			if err := b.Open(context.Background(), p.URL+"/me"); err != nil {
				t.Fatal(err)
			}
			if !other.Active(c, refreshed.String("access_token")) {
				t.Fatal("the token is not active before the withdrawal")
			}
			if err := b.Open(context.Background(), p.URL+"/me/consents?client=portal"); err != nil {
				t.Fatal(err)
			}
			lend, err := http.NewRequest(http.MethodPost, p.URL+"/me/consents/withdrawal?client=portal", nil)
			if err != nil {
				t.Fatal(err)
			}
			lend.Header.Set("Origin", p.URL)
			b.Lend(lend)
			if answer := p.Do(lend); answer.Status != http.StatusSeeOther {
				t.Fatalf("the withdrawal answered %d", answer.Status)
			}
			if other.Active(c, refreshed.String("access_token")) {
				t.Error("the token is active on the other node after the withdrawal")
			}
			if answer := other.Get("/userinfo", refreshed.String("access_token")); answer.Status != http.StatusUnauthorized {
				t.Errorf("userinfo answered %d after the withdrawal", answer.Status)
			}
			if answer := other.Refresh(c, refreshed.String("refresh_token")); answer.Status != http.StatusBadRequest {
				t.Errorf("refresh answered %d after the withdrawal", answer.Status)
			}
		})
	}
}

// TestChangedPurposeOrWiderSetAsksAgain: a consent covers what was shown, and nothing else.
func TestChangedPurposeOrWiderSetAsksAgain(t *testing.T) {
	p := apptest.Start(t, database(t))
	p.Persona(mobile, "李四", 2)
	b := p.SignIn(mobile)
	base := idp.Client{ClientID: "portal", ClientName: "不动产登记", Purpose: "办理登记", Scope: "openid profile phone"}
	c := p.Client(purposes(base))
	p.Redeem(c, p.Code(b, c, nil).Get("code"), nil)
	if asked(t, p, b, c) {
		t.Fatal("the same is asked again")
	}
	otherPurpose := purposes(base)
	otherPurpose.AllowedClaims[1].Purpose = "统计"
	newLaw := purposes(base)
	newLaw.AllowedClaims[1].LegalBasis = "《示例条例》第九条"
	for name, changed := range map[string]idp.Client{
		"another purpose": otherPurpose,
		"another basis":   newLaw,
		"a wider set":     purposes(base, idp.AllowedClaim{Claim: "phone_number", Purpose: "通知"}),
	} {
		t.Run(name, func(t *testing.T) {
			c := p.Client(changed)
			if !asked(t, p, b, c) {
				t.Fatal("nobody was asked")
			}
			silent, err := b.OpenUntil(context.Background(), p.URL+"/authorize?"+apptest.AuthorizeQuery(c, url.Values{"prompt": {"none"}}).Encode(), c.RedirectURIs[0])
			if err != nil || silent == nil || silent.Query().Get("error") != "consent_required" {
				t.Errorf("prompt=none: %v, %v", silent, err)
			}
			p.Redeem(c, codeWith(t, p, b, c, map[string]string{}), nil)
			if asked(t, p, b, c) {
				t.Error("asked again after it was agreed")
			}
		})
	}
}
