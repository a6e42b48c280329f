package app_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emmansun/gmsm/sm2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/bridge/ticket"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

const bridgeSecret = "a-shared-secret-of-tests"

// oldPortal plays the back channel of a portal behind a TicketBridge.
type oldPortal struct {
	p      *apptest.Platform
	bridge ticket.Bridge
	sign   func(text string) string
	nonces int
}

func newOldPortal(t *testing.T, p *apptest.Platform, b ticket.Bridge) *oldPortal {
	t.Helper()
	all := []ticket.Bridge{b}
	apply(t, p, app.Manifest{TicketBridges: all})
	o := &oldPortal{p: p, bridge: all[0]} // with its defaults
	o.sign = func(text string) string {
		signature, err := o.bridge.Signature.Sign(text, bridgeSecret)
		if err != nil {
			t.Fatal(err)
		}
		return signature
	}
	return o
}

// signed is a request with fresh time and nonce; changes are made after signing.
func (o *oldPortal) signed(t *testing.T, parameters map[string]string, changes ...string) url.Values {
	t.Helper()
	o.nonces++
	recipe := o.bridge.Signature
	parameters[recipe.Time], parameters[recipe.Nonce] = recipe.FormatTime(o.p.Now()), fmt.Sprint("n", o.nonces)
	text, err := recipe.Text(parameters, o.bridge.AddressParameter)
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{recipe.Parameter: {o.sign(text)}}
	for name, value := range parameters {
		form.Set(name, value)
	}
	for i := 0; i+1 < len(changes); i += 2 {
		form.Set(changes[i], changes[i+1])
	}
	return form
}

func (o *oldPortal) post(call string, form url.Values) apptest.Answer {
	return o.p.Post("/ticket/"+o.bridge.ID+"/"+call, idp.Client{}, form)
}

func (o *oldPortal) exchange(t *testing.T, value string, changes ...string) apptest.Answer {
	t.Helper()
	return o.post(o.bridge.ExchangeCall, o.signed(t, map[string]string{o.bridge.TicketParameter: value, o.bridge.AddressParameter: o.bridge.URLs[0]}, changes...))
}

func (o *oldPortal) user(t *testing.T, token string, changes ...string) apptest.Answer {
	t.Helper()
	return o.post(o.bridge.UserCall, o.signed(t, map[string]string{o.bridge.TokenParameter: token}, changes...))
}

// ticket walks to a ticket that comes in the fragment.
func (o *oldPortal) ticket(t *testing.T, b *walk.Browser) string {
	t.Helper()
	address := o.bridge.URLs[0]
	target, err := b.OpenUntil(context.Background(), o.p.URL+"/ticket/"+o.bridge.ID+"/login?"+url.Values{o.bridge.AddressParameter: {address}, "state": {"st&x"}}.Encode(), address)
	if err == nil && target == nil && b.Page.Has("consent-allow") {
		target, err = b.SubmitUntil(context.Background(), map[string]string{"consent": "allow"}, address)
	}
	if err != nil || target == nil {
		t.Fatalf("no ticket: %v, %s: %s", err, b.Page.URL, b.Page.Text)
	}
	fragment, err := url.ParseQuery(target.EscapedFragment())
	if err != nil || target.RawQuery != "" || fragment.Get("state") != "st&x" {
		t.Fatalf("the portal was called with %s", target)
	}
	return fragment.Get(o.bridge.TicketParameter)
}

func wantCode(t *testing.T, a apptest.Answer, status int, code string) {
	t.Helper()
	if a.Status != status || a.String("code") != code {
		t.Errorf("answer is %d %s, want %d %s", a.Status, a.Text, status, code)
	}
}

const (
	ticketRefused    = "YX-OIDC-203"
	signatureRefused = "YX-OIDC-204"
)

func hall(portal *portalDouble) ticket.Bridge {
	b := ticket.Bridge{Registration: registration("hall", portal.URL+"/sso"), Response: ticket.ByFragment, TicketParameter: "ssoticket", AddressParameter: "goto", TokenParameter: "ssotoken",
		ExchangeCall: "getToken", UserCall: "getInfo", Signature: ticket.Recipe{Algorithm: ticket.HMACSM3, Encoding: "HEX", TimeForm: "compact"}, Secret: bridgeSecret,
		Fields: map[string]string{"user_id": "userid", "name": "username", "ial": "authlevel", "session_id": "sessionid"}, Levels: map[string]string{"0": "L0", "1": "L1", "2": "L2", "3": "L3", "4": "L4"}}
	b.LogoutURL = portal.URL + "/logout"
	return b
}

func TestTicketBridgeOnBothDatabases(t *testing.T) {
	for _, engine := range engines(t) {
		t.Run(engine.Name, func(t *testing.T) {
			portal := newPortal(t)
			p := startFor(t, engine.OpenURL(t), portal.host())
			o := newOldPortal(t, p, hall(portal))
			p.Persona(mobile, "李四", 2)
			b := p.SignIn(mobile)
			value := o.ticket(t, b)
			exchanged := o.exchange(t, value)
			token := exchanged.String("ssotoken")
			if exchanged.Status != http.StatusOK || token == "" || exchanged.Header.Get("Cache-Control") != "no-store" {
				t.Fatalf("exchange: %d %s", exchanged.Status, exchanged.Text)
			}
			info := o.user(t, token)
			if info.Status != http.StatusOK || info.String("username") != "李四" || info.String("authlevel") != "L2" || info.String("userid") == "" || info.String("sessionid") == "" || len(info.Body) != 4 {
				t.Fatalf("user: %d %s", info.Status, info.Text)
			}
			if strings.Contains(p.Log.String(), value) || strings.Contains(p.Log.String(), token) {
				t.Error("ticket or token is in the log")
			}
			t.Run("R7 50 exchanges of one ticket give one token", func(t *testing.T) {
				p.Persona("13800138000", "张三", 1)
				value := o.ticket(t, p.SignIn("13800138000"))
				forms := make([]url.Values, 50)
				for i := range forms {
					forms[i] = o.signed(t, map[string]string{"ssoticket": value, "goto": o.bridge.URLs[0]})
				}
				var group sync.WaitGroup
				tokens := make(chan string, 50)
				for _, form := range forms {
					group.Go(func() {
						if a := o.post("getToken", form); a.Status == http.StatusOK {
							tokens <- a.String("ssotoken")
						}
					})
				}
				group.Wait()
				if len(tokens) != 1 {
					t.Fatalf("%d exchanges succeeded", len(tokens))
				}
				wantCode(t, o.user(t, <-tokens), http.StatusBadRequest, ticketRefused) // a replay ended the session
			})
			t.Run("replay ends the whole session", func(t *testing.T) {
				before := len(portal.forms)
				wantCode(t, o.exchange(t, value), http.StatusBadRequest, ticketRefused)
				wantCode(t, o.user(t, token), http.StatusBadRequest, ticketRefused)
				if err := b.Open(context.Background(), p.URL+"/me"); err != nil || !b.Page.Has("login-password") {
					t.Error("the session is still there")
				}
				for _, form := range portal.posted(t, before+1) {
					if form.Get("session_id") != info.String("sessionid") {
						continue
					}
					parameters := map[string]string{}
					for name := range form {
						parameters[name] = form.Get(name)
					}
					if err := o.bridge.Signature.Verify(parameters, bridgeSecret, p.Now(), "", "session_id"); err != nil {
						t.Errorf("the logout notice is not signed: %v", err)
					}
					return
				}
				t.Error("the portal was not told")
			})
		})
	}
}

func TestTicketsOfABridgeAreBound(t *testing.T) {
	portal := newPortal(t)
	p := startFor(t, database(t), portal.host())
	o := newOldPortal(t, p, hall(portal))
	second := hall(portal)
	second.ID, second.URLs = "second", []string{portal.URL + "/sso", portal.URL + "/sso2"}
	other := newOldPortal(t, p, second)
	p.Persona(mobile, "李四", 2)
	b := p.SignIn(mobile)
	t.Run("a bad signature neither burns nor tells", func(t *testing.T) {
		value := o.ticket(t, b)
		for name, change := range map[string][]string{"signature": {"sign", strings.Repeat("0", 64)}, "address": {"goto", portal.URL + "/sso2"}, "time": {"timestamp", "20200101000000"}, "nonce": {"nonce", "other"}} {
			t.Run(name, func(t *testing.T) {
				wantCode(t, o.exchange(t, value, change...), http.StatusUnauthorized, signatureRefused)
			})
		}
		if a := o.exchange(t, value); a.Status != http.StatusOK {
			t.Errorf("afterwards: %d %s", a.Status, a.Text)
		}
	})
	t.Run("a request comes twice", func(t *testing.T) {
		form := o.signed(t, map[string]string{"ssoticket": o.ticket(t, b), "goto": o.bridge.URLs[0]})
		if a := o.post("getToken", form); a.Status != http.StatusOK {
			t.Fatal(a.Text)
		}
		wantCode(t, o.post("getToken", form), http.StatusUnauthorized, signatureRefused)
	})
	t.Run("an old time", func(t *testing.T) {
		form := o.signed(t, map[string]string{"ssoticket": o.ticket(t, b), "goto": o.bridge.URLs[0]})
		p.Advance(ticket.Window + 2*time.Second)
		wantCode(t, o.post("getToken", form), http.StatusUnauthorized, signatureRefused)
	})
	t.Run("another portal burns it", func(t *testing.T) {
		value := o.ticket(t, b)
		stolen := other.signed(t, map[string]string{"ssoticket": value, "goto": other.bridge.URLs[0]})
		wantCode(t, other.post("getToken", stolen), http.StatusBadRequest, ticketRefused)
		wantCode(t, o.exchange(t, value), http.StatusBadRequest, ticketRefused)
		b = p.SignIn(mobile) // that was a replay
	})
	t.Run("another address burns it", func(t *testing.T) {
		value := other.ticket(t, b)
		form := other.signed(t, map[string]string{"ssoticket": value, "goto": other.bridge.URLs[1]})
		wantCode(t, other.post("getToken", form), http.StatusBadRequest, ticketRefused)
	})
	t.Run("O-59 ticket and token are not each other", func(t *testing.T) {
		value := o.ticket(t, b)
		wantCode(t, o.user(t, value), http.StatusBadRequest, ticketRefused)
		token := o.exchange(t, value).String("ssotoken")
		wantCode(t, o.exchange(t, token), http.StatusBadRequest, ticketRefused)
		wantCode(t, other.user(t, token), http.StatusBadRequest, ticketRefused)
		wantFailure(t, casValidate(t, p, validate3, portal.URL+"/sso", "ST-"+value), "INVALID_TICKET")
	})
	t.Run("lives", func(t *testing.T) {
		value := o.ticket(t, b)
		p.Advance(61 * time.Second)
		wantCode(t, o.exchange(t, value), http.StatusBadRequest, ticketRefused)
		token := o.exchange(t, o.ticket(t, b)).String("ssotoken")
		p.Advance(10*time.Minute + time.Second)
		wantCode(t, o.user(t, token), http.StatusBadRequest, ticketRefused)
	})
	t.Run("suspension ends tokens", func(t *testing.T) {
		token := o.exchange(t, o.ticket(t, b)).String("ssotoken")
		suspend(t, p, mobile)
		wantCode(t, o.user(t, token), http.StatusBadRequest, ticketRefused)
	})
	t.Run("addresses and calls", func(t *testing.T) {
		for _, path := range []string{"/ticket/hall/login?goto=" + url.QueryEscape(portal.URL+"/sso/"), "/ticket/hall/login", "/ticket/nobody/login?goto=" + url.QueryEscape(portal.URL+"/sso"), "/ticket/hall/login?goto=a&goto=b"} {
			wantPage(t, p.Get(path, ""))
		}
		for _, path := range []string{"token", "login", "userinfo"} {
			if a := o.post(path, url.Values{}); a.Status != http.StatusNotFound && a.Status != http.StatusMethodNotAllowed {
				t.Errorf("%s: %d", path, a.Status)
			}
		}
	})
}

func TestTicketByPostSignedWithSM2(t *testing.T) {
	portal := newPortal(t)
	p := startFor(t, database(t), portal.host())
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := pki.EncodeSM2Key(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	b := hall(portal)
	b.Response, b.Secret, b.Signature = ticket.ByPost, "", ticket.Recipe{Algorithm: ticket.SM2, PublicKey: hex.EncodeToString(point)}
	o := newOldPortal(t, p, b)
	o.sign = func(text string) string {
		signature, err := key.Sign(rand.Reader, []byte(text), sm2.DefaultSM2SignerOpts)
		if err != nil {
			t.Fatal(err)
		}
		return base64.StdEncoding.EncodeToString(signature)
	}
	p.Persona(mobile, "李四", 2)
	browser, ctx := p.SignIn(mobile), context.Background()
	if err := browser.Open(ctx, p.URL+"/ticket/hall/login?goto="+url.QueryEscape(portal.URL+"/sso")); err != nil || !browser.Page.Has("consent-allow") {
		t.Fatal(err)
	}
	if err := browser.Submit(ctx, map[string]string{"consent": "allow"}); err != nil || !browser.Page.Has("handover-submit") {
		t.Fatalf("%v %s", err, browser.Page.Text)
	}
	if err := browser.Submit(ctx, map[string]string{"ssoticket": browser.Page.Hidden("ssoticket")}); err != nil {
		t.Fatal(err)
	}
	exchanged := o.exchange(t, portal.posted(t, 1)[0].Get("ssoticket"))
	info := o.user(t, exchanged.String("ssotoken"))
	if info.Status != http.StatusOK || info.String("username") != "李四" {
		t.Fatalf("%d %s, then %d %s", exchanged.Status, exchanged.Text, info.Status, info.Text)
	}
	if err := browser.Open(ctx, p.URL+"/me"); err != nil {
		t.Fatal(err)
	}
	signOut(t, p, browser)
	claims := apptest.Claims(t, portal.posted(t, 2)[1].Get("logout_token"))
	if claims["sid"] != info.String("sessionid") || claims["sub"] != info.String("userid") || claims["iss"] != p.URL || claims["events"] == nil {
		t.Errorf("logout token holds %v", claims)
	}
}
