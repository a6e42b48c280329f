package app_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/bridge"
	"github.com/yinxin-gov/yinxin/idp/bridge/ticket"
	"github.com/yinxin-gov/yinxin/idp/federation"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// ticketSource is a province that knows tickets alone, which is another instance of the platform, and a county below it.
type ticketSource struct {
	province, county *apptest.Platform
	source           federation.Source
	b                *walk.Browser
}

func startTicketSource(t *testing.T, database, upper string, algorithm string) *ticketSource {
	t.Helper()
	x := &ticketSource{b: walk.New(nil)}
	relay := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target, _ := url.Parse(x.county.URL)
		httputil.NewSingleHostReverseProxy(target).ServeHTTP(w, r)
	}))
	t.Cleanup(relay.Close)
	x.province = startFor(t, upper, strings.TrimPrefix(relay.URL, "http://"))
	x.county = startFor(t, database, strings.TrimPrefix(x.province.URL, "http://"))
	recipe := ticket.Recipe{Algorithm: algorithm, Parameter: "sign", TimeForm: "millis"}
	if algorithm == ticket.SM2 {
		recipe.PublicKey = gmKey(t, x.county)
	}
	hall := ticket.Bridge{Registration: bridge.Registration{ID: "county", Name: "县级平台", Department: "示例县", ApplicationType: "native", Scope: "profile identity", StatutoryBasis: "《示例条例》第一条",
		URLs: []string{x.county.URL + "/federation/city/callback"}, LogoutURL: relay.URL + "/federation/city/backchannel-logout"}, Signature: recipe, Legacy: true, TicketParameter: "ssoticket", AddressParameter: "redirect_url", TokenParameter: "ssotoken"}
	if algorithm != ticket.SM2 {
		hall.Secret = bridgeSecret
	}
	apply(t, x.province, app.Manifest{TicketBridges: []ticket.Bridge{hall}})
	x.source = federation.Source{ID: "city", Protocol: federation.ProtocolTicket, Name: "市平台", Secret: hall.Secret, TrustedIdentity: true, Levels: map[string]int{"1": 1, "2": 2}, Ticket: &federation.TicketProtocol{
		LoginURL: x.province.URL + "/ticket/county/login", ExchangeURL: x.province.URL + "/ticket/county/token", UserURL: x.province.URL + "/ticket/county/userinfo", TicketParameter: "ssoticket",
		AddressParameter: "redirect_url", StateParameter: "state", SendAddress: true, TokenField: "ssotoken", TokenParameter: "ssotoken", SessionField: "session_id", Signature: recipe, Legacy: true}}
	apply(t, x.county, app.Manifest{Upstreams: []federation.Source{x.source}})
	x.province.Persona("13800138000", "张三", 2)
	return x
}

// gmKey is the public key that a platform signs with, as a partner is told.
func gmKey(t *testing.T, p *apptest.Platform) string {
	t.Helper()
	set, _ := p.Get("/jwks/gm", "").Body["keys"].([]any)
	key, _ := set[0].(map[string]any)
	point := []byte{4}
	for _, name := range []string{"x", "y"} {
		text, _ := key[name].(string)
		octets, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil || len(octets) != 32 {
			t.Fatalf("%v: %v", key, err)
		}
		point = append(point, octets...)
	}
	return hex.EncodeToString(point)
}

// ticket walks to the page that hands the ticket over.
func (x *ticketSource) ticket(t *testing.T) string {
	t.Helper()
	ctx := context.Background()
	if err := x.b.Open(ctx, x.county.URL+"/federation/city/start"); err != nil {
		t.Fatal(err)
	}
	if x.b.Page.Has("login-password") {
		if err := x.b.Submit(ctx, map[string]string{"login-identifier": "13800138000", "login-password": apptest.Password}); err != nil {
			t.Fatal(err)
		}
	}
	if x.b.Page.Has("consent-allow") {
		if err := x.b.Submit(ctx, map[string]string{"consent": "allow"}); err != nil {
			t.Fatal(err)
		}
	}
	value := x.b.Page.Hidden("ssoticket")
	if value == "" {
		t.Fatalf("no ticket on %s: %s", x.b.Page.URL, x.b.Page.Text)
	}
	return value
}

func (x *ticketSource) login(t *testing.T) {
	t.Helper()
	value := x.ticket(t)
	if err := x.b.Submit(context.Background(), map[string]string{"ssoticket": value}); err != nil || x.b.Page.URL.String() != x.county.URL+"/me" {
		t.Fatalf("the ticket ended on %s: %v %s", x.b.Page.URL, err, x.b.Page.Text)
	}
}

func TestTicketSourceSignsInOnBothDatabases(t *testing.T) {
	for _, engine := range engines(t) {
		for _, algorithm := range []string{ticket.HMACSM3, ticket.SM2, ticket.MD5} {
			t.Run(engine.Name+" "+algorithm, func(t *testing.T) {
				x := startTicketSource(t, engine.OpenURL(t), database(t), algorithm)
				x.login(t)
				if !strings.Contains(x.b.Page.TextOf("identity"), "中级实名") {
					t.Errorf("the level did not come along: %s", x.b.Page.TextOf("identity"))
				}
				first := sessionOf(t, x.county)
				signOut(t, x.county, x.b)
				x.login(t) // linked by now
				if second := sessionOf(t, x.county); second != first {
					t.Errorf("a second account was made: %s and %s", first, second)
				}
				if algorithm == ticket.SM2 {
					return // that bridge sends a logout token, which is another format
				}
				t.Run("its logout reaches us", func(t *testing.T) {
					signOut(t, x.province, x.b)
					for range 100 {
						if err := x.b.Open(context.Background(), x.county.URL+"/me"); err != nil {
							t.Fatal(err)
						}
						if x.b.Page.Has("login-password") {
							return
						}
						time.Sleep(50 * time.Millisecond)
					}
					t.Error("still signed in")
				})
			})
		}
	}
}

// sessionOf is the account that the person of the register has at a platform.
func sessionOf(t *testing.T, p *apptest.Platform) string {
	t.Helper()
	account, err := p.App.Accounts.ByIdentity(context.Background(), "citizen_id", "11010519491231002X")
	if err != nil {
		t.Fatal(err)
	}
	return account
}

func TestO61TicketsThatProveNothingGiveNoSession(t *testing.T) {
	x := startTicketSource(t, database(t), database(t), ticket.HMACSM3)
	ctx := context.Background()
	refusedFor := func(t *testing.T, b *walk.Browser) {
		t.Helper()
		wantErrorPage(t, b, http.StatusBadRequest, upstreamRefused)
		wantSignedOut(t, x.county, b)
	}
	callback := x.county.URL + "/federation/city/callback?"
	t.Run("unsolicited", func(t *testing.T) {
		value := x.ticket(t)
		if err := x.b.Open(ctx, callback+url.Values{"ssoticket": {value}, "state": {"guess"}}.Encode()); err != nil {
			t.Fatal(err)
		}
		refusedFor(t, x.b)
		if err := x.b.Open(ctx, callback+url.Values{"ssoticket": {value}}.Encode()); err != nil {
			t.Fatal(err)
		}
		refusedFor(t, x.b)
	})
	t.Run("another browser", func(t *testing.T) {
		value, state := x.ticket(t), x.b.Page.Hidden("state")
		stranger := walk.New(nil)
		if err := stranger.Open(ctx, callback+url.Values{"ssoticket": {value}, "state": {state}}.Encode()); err != nil {
			t.Fatal(err)
		}
		refusedFor(t, stranger)
	})
	t.Run("guessed, and the question once", func(t *testing.T) {
		value, state := x.ticket(t), x.b.Page.Hidden("state")
		if err := x.b.Open(ctx, callback+url.Values{"ssoticket": {"guess"}, "state": {state}}.Encode()); err != nil {
			t.Fatal(err)
		}
		refusedFor(t, x.b)
		if err := x.b.Open(ctx, callback+url.Values{"ssoticket": {value}, "state": {state}}.Encode()); err != nil {
			t.Fatal(err)
		}
		refusedFor(t, x.b)
	})
	t.Run("O-07 twice", func(t *testing.T) {
		value, state := x.ticket(t), x.b.Page.Hidden("state")
		if err := x.b.Open(ctx, callback+url.Values{"ssoticket": {value, value}, "state": {state}}.Encode()); err != nil {
			t.Fatal(err)
		}
		refusedFor(t, x.b)
	})
	t.Run("our secret is another", func(t *testing.T) {
		wrong := x.source
		wrong.Secret = "another-secret-of-tests"
		apply(t, x.county, app.Manifest{Upstreams: []federation.Source{wrong}})
		value := x.ticket(t)
		if err := x.b.Submit(ctx, map[string]string{"ssoticket": value}); err != nil {
			t.Fatal(err)
		}
		refusedFor(t, x.b)
		apply(t, x.county, app.Manifest{Upstreams: []federation.Source{x.source}})
	})
	t.Run("O-53 logout messages", func(t *testing.T) {
		x.login(t)
		recipe := x.source.Ticket.Signature
		if field, why := recipe.Normalize(); field != "" {
			t.Fatal(field, why)
		}
		message := func(at time.Time, change func(form map[string]string)) url.Values {
			parameters := map[string]string{"session_id": "guess", recipe.Time: recipe.FormatTime(at), recipe.Nonce: "n1"}
			text, err := recipe.Text(parameters, "")
			if err != nil {
				t.Fatal(err)
			}
			if parameters[recipe.Parameter], err = recipe.Sign(text, bridgeSecret); err != nil {
				t.Fatal(err)
			}
			change(parameters)
			form := url.Values{}
			for name, value := range parameters {
				form.Set(name, value)
			}
			return form
		}
		for name, form := range map[string]url.Values{
			"nothing":         {},
			"a logout token":  {"logout_token": {"x.y.z"}},
			"not signed":      message(x.county.Now(), func(f map[string]string) { delete(f, recipe.Parameter) }),
			"another session": message(x.county.Now(), func(f map[string]string) { f["session_id"] = "other" }),
			"more than it":    message(x.county.Now(), func(f map[string]string) { f["more"] = "x" }),
			"old":             message(x.county.Now().Add(-6*time.Minute), func(map[string]string) {}),
		} {
			if a := x.county.Post("/federation/city/backchannel-logout", idp.Client{}, form); a.Status != http.StatusBadRequest {
				t.Errorf("%s: %d", name, a.Status)
			}
		}
		once := message(x.county.Now(), func(map[string]string) {})
		for n, want := range []int{http.StatusOK, http.StatusBadRequest} {
			if a := x.county.Post("/federation/city/backchannel-logout", idp.Client{}, once); a.Status != want {
				t.Errorf("time %d: %d", n+1, a.Status)
			}
		}
		time.Sleep(time.Second)
		if err := x.b.Open(ctx, x.county.URL+"/me"); err != nil || x.b.Page.Has("login-password") {
			t.Error("a logout of a session that is not ours signed somebody out")
		}
	})
}

func TestTicketSourceRegistration(t *testing.T) {
	p := apptest.Start(t, database(t))
	good := func() federation.Source {
		return federation.Source{ID: "city", Protocol: federation.ProtocolTicket, Secret: bridgeSecret, TrustedIdentity: true, Ticket: &federation.TicketProtocol{LoginURL: "https://city.example.gov.cn/login",
			ExchangeURL: "https://city.example.gov.cn/token", Signature: ticket.Recipe{Algorithm: ticket.HMACSM3}}}
	}
	apply(t, p, app.Manifest{Upstreams: []federation.Source{good()}})
	for name, change := range map[string]func(s *federation.Source){
		"no protocol":        func(s *federation.Source) { s.Ticket = nil },
		"of another":         func(s *federation.Source) { s.Protocol = federation.ProtocolOIDC },
		"plain login":        func(s *federation.Source) { s.Ticket.LoginURL = "http://city.example.gov.cn/login" },
		"no exchange":        func(s *federation.Source) { s.Ticket.ExchangeURL = "" },
		"script for logout":  func(s *federation.Source) { s.Ticket.LogoutURL = "javascript:1" },
		"MD5 without legacy": func(s *federation.Source) { s.Ticket.Signature.Algorithm = ticket.MD5 },
		"unknown signature":  func(s *federation.Source) { s.Ticket.Signature.Algorithm = "none" },
		"one name for two":   func(s *federation.Source) { s.Ticket.StateParameter = "ticket" },
		"odd path":           func(s *federation.Source) { s.Ticket.SubjectField = "a..b" },
		"half a success":     func(s *federation.Source) { s.Ticket.SuccessField = "code" },
		"app without name":   func(s *federation.Source) { s.Ticket.AppParameter = "appid" },
		"level, not trusted": func(s *federation.Source) { s.TrustedIdentity, s.Levels = false, map[string]int{"1": 1} },
	} {
		s := good()
		change(&s)
		if err := p.App.Apply(context.Background(), app.Manifest{Upstreams: []federation.Source{s}}); err == nil {
			t.Errorf("%s: was applied", name)
		}
	}
}

// TestTicketSourceIsLeftToo: a logout here leads to the logout page of the source, and what brings the browser back from
// there is good for nothing else: a ticket that comes with it signs nobody in.
func TestTicketSourceIsLeftToo(t *testing.T) {
	x := startTicketSource(t, database(t), database(t), ticket.HMACSM3)
	ctx := context.Background()
	x.source.EndSession, x.source.Ticket.LogoutURL = true, x.province.URL+"/logout"
	apply(t, x.county, app.Manifest{Upstreams: []federation.Source{x.source}})
	leave := func() string {
		t.Helper()
		x.login(t)
		signOut(t, x.county, x.b)
		_, onward, _ := strings.Cut(x.b.Page.Header.Get("Refresh"), "url=")
		to, err := url.Parse(onward)
		if err != nil || !strings.HasPrefix(onward, x.province.URL+"/logout?") {
			t.Fatalf("the page leads to %q", onward)
		}
		back, err := url.Parse(to.Query().Get("redirect_url"))
		if err != nil || !strings.HasPrefix(back.String(), x.county.URL+"/federation/city/logged-out?state=") {
			t.Fatalf("the source is to lead back to %q", back)
		}
		return back.Query().Get("state")
	}
	state := leave()
	if err := x.b.Open(ctx, x.county.URL+"/federation/city/logged-out?state="+state); err != nil || x.b.Page.URL.String() != x.county.URL+"/" {
		t.Errorf("back at %s, %v", x.b.Page.URL, err)
	}
	state = leave()
	if err := x.b.Open(ctx, x.county.URL+"/federation/city/callback?"+url.Values{"ssoticket": {x.ticket(t)}, "state": {state}}.Encode()); err != nil {
		t.Fatal(err)
	}
	wantErrorPage(t, x.b, http.StatusBadRequest, upstreamRefused)
	wantSignedOut(t, x.county, x.b)
}
