package app_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

func kiosk(p *apptest.Platform, id string) idp.Client {
	return p.Client(idp.Client{ClientID: id, ClientName: "大厅自助机", TokenEndpointAuthMethod: idp.AuthNone, GrantTypes: []string{idp.GrantDeviceCode, "refresh_token"}, RedirectURIs: []string{}})
}

func startDevice(t *testing.T, p *apptest.Platform, c idp.Client) (device, user string) {
	t.Helper()
	a := p.Post("/device_authorization", c, url.Values{"scope": {"openid profile"}})
	if a.Status != http.StatusOK || a.Body["expires_in"] != 600.0 || a.Body["interval"] != 5.0 || a.String("verification_uri") != p.URL+"/device" {
		t.Fatalf("%d %s", a.Status, a.Text)
	}
	return a.String("device_code"), a.String("user_code")
}

func pollDevice(p *apptest.Platform, c idp.Client, code string) apptest.Answer {
	return p.Post("/token", c, url.Values{"grant_type": {idp.GrantDeviceCode}, "device_code": {code}})
}

// approve types the code and answers, on pages without scripts.
func approve(t *testing.T, p *apptest.Platform, b *walk.Browser, user, answer string) {
	t.Helper()
	if err := b.Open(t.Context(), p.URL+"/device"); err != nil || !b.Page.Has("device-code") {
		t.Fatalf("no page for the code: %v %s", err, b.Page.Text)
	}
	if err := b.Submit(t.Context(), map[string]string{"device-code": user}); err != nil || !b.Page.Has("consent-allow") {
		t.Fatalf("no page for the answer: %v %s", err, b.Page.Text)
	}
	if !strings.Contains(b.Page.Text, user) || !strings.Contains(b.Page.Text, "大厅自助机") {
		t.Errorf("the page does not say which device asks: %s", b.Page.Text)
	}
	if err := b.Submit(t.Context(), map[string]string{"consent": answer}); err != nil || b.Page.Status != http.StatusOK {
		t.Fatalf("answer: %v %s", err, b.Page.Text)
	}
}

func TestDeviceGrant(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		c := kiosk(p, "kiosk")
		p.Persona(mobile, "李四", 2)
		b := p.SignIn(mobile)
		device, user := startDevice(t, p, c)
		if !regexp.MustCompile(`^[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}$`).MatchString(user) {
			t.Errorf("user code is %q", user)
		}
		wantError(t, pollDevice(p, c, device), http.StatusBadRequest, "authorization_pending")
		wantError(t, pollDevice(p, c, device), http.StatusBadRequest, "slow_down")
		p.Advance(6 * time.Second)
		wantError(t, pollDevice(p, c, device), http.StatusBadRequest, "slow_down") // the pause has grown to ten seconds
		p.Advance(16 * time.Second)
		wantError(t, pollDevice(p, c, device), http.StatusBadRequest, "authorization_pending")
		approve(t, p, b, user, "allow")
		wantError(t, pollDevice(p, kiosk(p, "thief"), device), http.StatusBadRequest, "invalid_grant")
		won := apptest.Answer{}
		for _, a := range parallel(20, func() apptest.Answer { return pollDevice(p, c, device) }) {
			if a.Status != http.StatusOK {
				wantError(t, a, http.StatusBadRequest, "invalid_grant")
				continue
			}
			if won.Status != 0 {
				t.Error("two answers for one code")
			}
			won = a
		}
		claims := apptest.Claims(t, won.String("id_token"))
		if claims["name"] != "李四" || claims["acr"] != "urn:yinxin:aal:1" || won.String("refresh_token") == "" {
			t.Errorf("tokens are %s", won.Text)
		}
		if p.Get("/userinfo", won.String("access_token")).Status != http.StatusUnauthorized {
			t.Error("the code was replayed and its tokens live on")
		}
		device, user = startDevice(t, p, c)
		approve(t, p, b, user, "allow")
		issued := pollDevice(p, c, device)
		if a := p.Get("/userinfo", issued.String("access_token")); a.Status != http.StatusOK {
			t.Fatalf("userinfo: %d %s", a.Status, a.Text)
		}
		refreshed := p.Refresh(c, issued.String("refresh_token"))
		if refreshed.Status != http.StatusOK {
			t.Errorf("refresh: %d %s", refreshed.Status, refreshed.Text)
		}
		t.Run("used twice", func(t *testing.T) {
			wantError(t, pollDevice(p, c, device), http.StatusBadRequest, "invalid_grant")
			wantError(t, p.Refresh(c, refreshed.String("refresh_token")), http.StatusBadRequest, "invalid_grant")
		})
		t.Run("denied", func(t *testing.T) {
			device, user := startDevice(t, p, c)
			approve(t, p, b, user, "deny")
			wantError(t, pollDevice(p, c, device), http.StatusBadRequest, "access_denied")
		})
		t.Run("late", func(t *testing.T) {
			device, user := startDevice(t, p, c)
			p.Advance(10 * time.Minute)
			wantError(t, pollDevice(p, c, device), http.StatusBadRequest, "expired_token")
			if err := b.Open(t.Context(), p.URL+"/device"); err != nil {
				t.Fatal(err)
			}
			if err := b.Submit(t.Context(), map[string]string{"device-code": user}); err != nil || b.Page.Status != http.StatusUnprocessableEntity {
				t.Errorf("%v %s", err, b.Page.Text)
			}
		})
	})
}

func TestDeviceCodeOverALogin(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := kiosk(p, "kiosk")
	p.Persona(mobile, "李四", 2)
	device, user := startDevice(t, p, c)
	b := walk.New(nil)
	if err := b.Open(t.Context(), p.URL+"/device?user_code="+user); err != nil || !b.Page.Has("login-password") {
		t.Fatalf("no login: %v %s", err, b.Page.Text)
	}
	flow := b.Page.URL.Query().Get("flow")
	if err := b.Submit(t.Context(), map[string]string{"login-identifier": mobile, "login-password": apptest.Password}); err != nil || !b.Page.Has("device-code") || !strings.Contains(b.Page.Source, user) {
		t.Fatalf("after the login: %v %s", err, b.Page.Text)
	}
	for _, path := range []string{"/authorize/resume", "/consent", "/proofing"} {
		if err := b.Open(t.Context(), p.URL+path+"?flow="+flow); err != nil || !b.Page.Has("error-code") {
			t.Errorf("%s took the flow of a device: %s", path, b.Page.Text)
		}
	}
	approve(t, p, b, user, "allow")
	if a := pollDevice(p, c, device); a.Status != http.StatusOK {
		t.Errorf("%d %s", a.Status, a.Text)
	}
}

func TestO57DeviceCodesAreNotGuessed(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := kiosk(p, "kiosk")
	p.Persona(mobile, "李四", 2)
	p.Persona("13800138022", "王五", 2)
	b := p.SignIn(mobile)
	try := func(b *walk.Browser, code string) int {
		if err := b.Open(t.Context(), p.URL+"/device"); err != nil {
			t.Fatal(err)
		}
		if err := b.Submit(t.Context(), map[string]string{"device-code": code}); err != nil {
			t.Fatal(err)
		}
		return b.Page.Status
	}
	_, own := startDevice(t, p, c)
	for n := range 5 {
		if status := try(b, fmt.Sprintf("BBBB-BBB%c", "BCDFG"[n])); status != http.StatusUnprocessableEntity {
			t.Fatalf("guess %d: %d", n+1, status)
		}
		if n == 2 {
			if status := try(b, own); status != http.StatusOK {
				t.Fatalf("a right code in between: %d", status)
			}
		}
	}
	if status := try(b, own); status != http.StatusTooManyRequests || b.Page.Header.Get("Retry-After") == "" {
		t.Errorf("after five guesses a right code is answered with %d", status)
	}
	if status := try(p.SignIn("13800138022"), own); status != http.StatusOK {
		t.Errorf("another person: %d", status)
	}
	p.Advance(16 * time.Minute)
	t.Run("account suspended after the answer", func(t *testing.T) {
		device, user := startDevice(t, p, c)
		approve(t, p, p.SignIn(mobile), user, "allow")
		if err := p.App.Accounts.SetState(t.Context(), accountOf(t, p, mobile).ID, idp.AccountSuspended, "test"); err != nil {
			t.Fatal(err)
		}
		wantError(t, pollDevice(p, c, device), http.StatusBadRequest, "access_denied")
	})
	for name, end := range map[string]func(account string, b *walk.Browser){
		"password changed after the answer": func(account string, _ *walk.Browser) {
			p.Advance(time.Second)
			if err := p.App.Accounts.SetPassword(t.Context(), account, "x"); err != nil {
				t.Fatal(err)
			}
		},
		"signed out after the answer": func(_ string, b *walk.Browser) {
			if err := b.Open(t.Context(), p.URL+"/logout"); err != nil {
				t.Fatal(err)
			}
			if err := b.Submit(t.Context(), map[string]string{"logout-confirm": "1"}); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			identifier := fmt.Sprintf("138001380%02d", 30+len(name)%60)
			p.Persona(identifier, "赵六", 2)
			device, user := startDevice(t, p, c)
			b := p.SignIn(identifier)
			approve(t, p, b, user, "allow")
			end(accountOf(t, p, identifier).ID, b)
			wantError(t, pollDevice(p, c, device), http.StatusBadRequest, "access_denied")
		})
	}
	t.Run("answers of a device are for its client", func(t *testing.T) {
		other := p.Client(idp.Client{ClientID: "portal"})
		wantError(t, p.Post("/device_authorization", other, url.Values{}), http.StatusBadRequest, "unauthorized_client")
		wantError(t, p.Post("/device_authorization", c, url.Values{"scope": {"openid identity"}}), http.StatusBadRequest, "invalid_scope")
		wantError(t, p.Post("/device_authorization", idp.Client{ClientID: "nobody"}, url.Values{}), http.StatusUnauthorized, "invalid_client")
		wantError(t, pollDevice(p, c, "x"), http.StatusBadRequest, "invalid_grant")
		wantError(t, pollDevice(p, c, ""), http.StatusBadRequest, "invalid_request")
	})
	t.Run("O-49 an answer from elsewhere", func(t *testing.T) {
		request, _ := http.NewRequest(http.MethodPost, p.URL+"/device/answer", strings.NewReader(url.Values{"device-code": {own}, "consent": {"allow"}}.Encode()))
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Origin", "https://evil.example")
		b.Lend(request)
		if a := p.Do(request); a.Status != http.StatusForbidden {
			t.Errorf("%d %s", a.Status, a.Text)
		}
	})
}
