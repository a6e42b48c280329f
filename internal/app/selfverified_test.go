package app_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
)

// TestA21NobodyVerifiesTheOwnContactByWriting: a contact counts once a code that went to it came back. Neither a token with every scope
// of a person nor the person's own session writes one, or the word that it is verified, and claims go on telling what was proved.
func TestA21NobodyVerifiesTheOwnContactByWriting(t *testing.T) {
	p := apptest.Start(t, database(t))
	const mobile, stolen, address = "13800138000", "13900139000", "victim@example.cn"
	p.Persona(mobile, "张三", 1)
	c := p.Client(idp.Client{ClientID: "desk", Scope: "openid profile phone email identity"})
	b := p.SignIn(mobile)
	code := p.Code(b, c, nil)
	token := p.Redeem(c, code.Get("code"), nil).String("access_token")
	if token == "" {
		t.Fatalf("no token: %v", code)
	}
	wish := map[string]any{"email": address, "email_verified": true, "phone_number": "+86" + stolen, "phone_number_verified": true, "contacts": []map[string]any{{"kind": "email", "value": address, "verified": true}}}
	content, err := json.Marshal(wish)
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"email": {address}, "email_verified": {"true"}, "phone_number": {"+86" + stolen}, "phone_number_verified": {"true"}, "register-identifier": {stolen}}
	paths := []string{"/userinfo", "/me", "/me/security", "/me/data", "/register", "/api/v1/me", "/api/v1/account", "/api/v1/accounts/me", "/api/v1/users/me", "/api/v1/contacts"}
	for _, method := range []string{http.MethodPatch, http.MethodPut, http.MethodPost} {
		for _, path := range paths {
			for kind, body := range map[string]string{"application/json": string(content), "application/merge-patch+json": string(content), "application/x-www-form-urlencoded": form.Encode()} {
				for _, by := range []string{"token", "session"} {
					request, err := http.NewRequest(method, p.URL+path, strings.NewReader(body))
					if err != nil {
						t.Fatal(err)
					}
					request.Header.Set("Content-Type", kind)
					request.Header.Set("Origin", p.URL)
					if by == "token" {
						request.Header.Set("Authorization", "Bearer "+token)
					} else {
						b.Lend(request)
					}
					answer := p.Do(request)
					read := path == "/userinfo" && method == http.MethodPost && by == "token" // OpenID Connect Core 5.3.1: it reads
					sends := path == "/register" && method == http.MethodPost                 // it sends a code, and nothing holds before that came back
					if answer.Status < 400 && !read && !sends {
						t.Errorf("%s %s as %s by %s: %d", method, path, kind, by, answer.Status)
					}
				}
			}
		}
	}
	told := p.Get("/userinfo", token)
	if told.Status != http.StatusOK || strings.Contains(told.Text, address) || strings.Contains(told.Text, stolen) || told.Body["phone_number"] != "+86"+mobile || told.Body["email_verified"] != nil {
		t.Errorf("%d %s", told.Status, told.Text)
	}
	for _, unproved := range []string{stolen, address} {
		if err := b.Open(context.Background(), p.URL+"/me/security"); err != nil || strings.Contains(b.Page.Source, unproved) {
			t.Errorf("%s stands on the page: %v", unproved, err)
		}
	}
}
