package app_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// TestM01AnotherCellsTokens: what one instance gave opens nothing at another one with the same clients and the same people.
func TestM01AnotherCellsTokens(t *testing.T) {
	a, b := apptest.Start(t, database(t)), apptest.Start(t, database(t))
	at := map[*apptest.Platform]idp.Client{}
	for _, p := range []*apptest.Platform{a, b} {
		at[p] = p.Client(idp.Client{ClientID: "portal", Scope: "openid profile licenses offline_access"})
		adminToken(t, p, idp.RoleSystemAdmin)
		p.Persona(mobile, "李四", 2)
	}
	signed := a.SignIn(mobile)
	code := a.Code(signed, at[a], nil).Get("code")
	if answer := b.Redeem(at[b], code, nil); answer.Status != http.StatusBadRequest || answer.String("error") != "invalid_grant" {
		t.Errorf("a code: %d %s", answer.Status, answer.Text)
	}
	tokens := a.Redeem(at[a], code, nil)
	access := tokens.String("access_token")
	if answer := a.Get("/userinfo", access); answer.Status != http.StatusOK {
		t.Fatalf("at home: %d %s", answer.Status, answer.Text)
	}
	for _, path := range []string{"/userinfo", "/api/v1/me/licenses"} {
		if answer := b.Get(path, access); answer.Status != http.StatusUnauthorized {
			t.Errorf("an access token at %s: %d %s", path, answer.Status, answer.Text)
		}
	}
	if b.Active(at[b], access) || b.Active(at[b], tokens.String("refresh_token")) {
		t.Error("introspection calls it active")
	}
	if answer := b.Refresh(at[b], tokens.String("refresh_token")); answer.Status != http.StatusBadRequest || answer.String("error") != "invalid_grant" {
		t.Errorf("a refresh token: %d %s", answer.Status, answer.Text)
	}
	if answer := b.Get("/api/v1/clients", adminToken(t, a, idp.RoleSystemAdmin)); answer.Status != http.StatusUnauthorized {
		t.Errorf("a token of an administrator: %d %s", answer.Status, answer.Text)
	}
	assertion := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:token-exchange"}, "subject_token": {access}, "subject_token_type": {"urn:ietf:params:oauth:token-type:access_token"}}
	if answer := b.Post("/token", at[b], assertion); answer.Status < 400 || answer.Status >= 500 {
		t.Errorf("an exchange: %d %s", answer.Status, answer.Text)
	}
	// The cookie, too: the same browser carried over, under the name that the other one reads.
	request, err := http.NewRequest(http.MethodGet, b.URL+"/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	signed.Lend(request) // one host, two ports: the jar gives the cookies of both
	lent, port := request.Cookies(), b.URL[strings.LastIndex(b.URL, ":")+1:]
	if len(lent) == 0 {
		t.Fatal("the browser has no cookie")
	}
	for _, cookie := range lent {
		name, _, _ := strings.Cut(cookie.Name, "_")
		request.AddCookie(&http.Cookie{Name: name + "_" + port, Value: cookie.Value})
	}
	r, err := http.DefaultTransport.RoundTrip(request) // which follows nothing
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if location := r.Header.Get("Location"); r.StatusCode < 300 || r.StatusCode >= 400 || !strings.HasPrefix(location, "/login") {
		t.Errorf("a cookie: %d to %q", r.StatusCode, location)
	}
	fresh := walk.New(nil)
	if err := fresh.Open(context.Background(), b.URL+"/me"); err != nil || fresh.Page.URL.Path != "/login" {
		t.Errorf("%v %s", err, fresh.Page.URL)
	}
}
