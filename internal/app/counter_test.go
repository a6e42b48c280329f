package app_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/counter"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/readersim"
	"github.com/yinxin-gov/yinxin/internal/walk"
	"github.com/yinxin-gov/yinxin/keys/readerkey"
)

const (
	clerkMobile = "13900139001"
	otherClerk  = "13900139002"
	bossMobile  = "13900139003"
)

// stranger is somebody who has no account: the card of a county reader's test set.
var stranger = counter.Card{Kind: subject.CitizenID, Name: "王小明", Number: "110101199003072316", Birth: "1990-03-07", From: "2020-03-01", To: "2040-03-01"}

// desk is a counter in service: a clerk with two factors at an enrolled terminal with a reader and a second screen.
type desk struct {
	t        *testing.T
	p        *apptest.Platform
	clerk    *walk.Browser
	screen   *walk.Browser
	reader   *readersim.Reader
	terminal string
}

// strongLogin signs somebody in with password and authenticator.
func strongLogin(t *testing.T, p *apptest.Platform, identifier string) (*walk.Browser, string) {
	t.Helper()
	b := p.SignIn(identifier)
	key := addTOTP(t, p, b)
	p.Advance(time.Minute) // a code works once
	return loginWith(t, p, identifier, key), key
}

func loginWith(t *testing.T, p *apptest.Platform, identifier, key string) *walk.Browser {
	t.Helper()
	b := walk.New(nil)
	page := submit(t, b, p.URL+"/login", map[string]string{"login-identifier": identifier, "login-password": apptest.Password})
	if page.URL.Path != "/login/second" {
		t.Fatalf("%s: %s", page.URL, page.Text)
	}
	if page = press(t, b, map[string]string{"otp-code": totpAt(t, key, p.Now())}); !page.Has("identity") {
		t.Fatalf("%s: %s", page.URL, page.Text)
	}
	return b
}

func newReader(t *testing.T, p *apptest.Platform) (*readersim.Reader, string) {
	t.Helper()
	key, err := readerkey.New(ident.System())
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.Public()
	if err != nil {
		t.Fatal(err)
	}
	return &readersim.Reader{Platform: p.URL, Key: key, Client: http.DefaultClient, Now: p.Now, Rand: ident.System()}, public
}

// addTerminal registers a terminal as an administrator's service client does.
func addTerminal(t *testing.T, p *apptest.Platform, name, readerKey string) (id, code string) {
	t.Helper()
	c := p.Client(idp.Client{ClientID: "counter-admin", GrantTypes: []string{"client_credentials"}, Scope: idp.RoleSystemAdmin})
	answer := adminCall(t, p, c, http.MethodPost, "/api/v1/counter-terminals", `{"name":"`+name+`","reader_key":"`+readerKey+`","reason":"opening"}`)
	if answer.Status != http.StatusCreated {
		t.Fatalf("%d: %s", answer.Status, answer.Text)
	}
	return answer.String("id"), answer.String("code")
}

func adminCall(t *testing.T, p *apptest.Platform, c idp.Client, method, path, body string) apptest.Answer {
	t.Helper()
	token := p.Post("/token", c, map[string][]string{"grant_type": {"client_credentials"}, "scope": {c.Scope}}).String("access_token")
	request, err := http.NewRequest(method, p.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	return p.Do(request)
}

func newDesk(t *testing.T, p *apptest.Platform) *desk {
	t.Helper()
	p.Persona(clerkMobile, "赵一", 2, counter.RoleClerk)
	d := &desk{t: t, p: p, screen: walk.New(nil)}
	d.clerk, _ = strongLogin(t, p, clerkMobile)
	var public, code string
	d.reader, public = newReader(t, p)
	d.terminal, code = addTerminal(t, p, "3 号窗口", public)
	d.reader.Terminal = d.terminal
	if page := submit(t, d.clerk, p.URL+"/counter", map[string]string{"terminal-code": code}); !page.Has("counter-called") {
		t.Fatalf("%d %s", page.Status, page.Text)
	}
	page := press(t, d.clerk, map[string]string{"counter-pair": "1"})
	if page = submit(t, d.screen, p.URL+"/counter/screen", map[string]string{"screen-code": page.TextOf("counter-screen-code")}); !strings.Contains(page.Text, "请等候叫号") {
		t.Fatalf("%d %s", page.Status, page.Text)
	}
	return d
}

func (d *desk) put(card counter.Card) {
	d.t.Helper()
	if err := d.reader.Put(context.Background(), card); err != nil {
		d.t.Fatal(err)
	}
}

// call begins a visit with the card on the reader.
func (d *desk) call(number string) *walk.Page {
	d.t.Helper()
	return submit(d.t, d.clerk, d.p.URL+"/counter", map[string]string{"counter-called": number})
}

// agree is the citizen's word on the second screen.
func (d *desk) agree() *walk.Page {
	d.t.Helper()
	return submit(d.t, d.screen, d.p.URL+"/counter/screen", map[string]string{"screen-answer": "agree"})
}

func (d *desk) open(path string) *walk.Page {
	d.t.Helper()
	if err := d.clerk.Open(context.Background(), d.p.URL+path); err != nil {
		d.t.Fatal(err)
	}
	return d.clerk.Page
}

// TestX18RegisterRaiseAndPrint is the whole path: a card is read, the person agrees on the second screen, has an account at
// level 4 and an offline code card that /verify knows, and nothing is left when the card is gone.
func TestX18RegisterRaiseAndPrint(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		d := newDesk(t, p)
		if page := d.call("A012"); page.Status != http.StatusConflict || !strings.Contains(page.Text, "没有读到证件") {
			t.Fatalf("without a card: %d %s", page.Status, page.Text)
		}
		d.put(stranger)
		page := d.call("A012")
		if page.URL.Path != "/counter/visit" || !strings.Contains(page.TextOf("counter-serving")+page.Text, "正在为 王*明 办理") {
			t.Fatalf("%d %s", page.Status, page.Text)
		}
		if strings.Contains(page.Source, stranger.Number) || strings.Contains(page.Source, stranger.Name) {
			t.Error("the page shows name or number in full")
		}
		page = press(t, d.clerk, map[string]string{"counter-ask": "1"})
		if !page.Has("counter-asked") || page.Has("counter-perform") {
			t.Fatalf("%d %s", page.Status, page.Text)
		}
		if screen := d.agree(); !strings.Contains(screen.Text, "正在为 王*明 办理") || screen.Has("screen-agree") {
			t.Fatalf("%d %s", screen.Status, screen.Text)
		}
		if page = d.open("/counter/visit"); !page.Has("counter-perform") {
			t.Fatalf("%d %s", page.Status, page.Text)
		}
		page = press(t, d.clerk, map[string]string{"counter-perform": "1"})
		for _, want := range []string{"注册账号 · 已办理", "提升为现场实名 · 已办理", "打印离线码卡 · 已办理"} {
			if !strings.Contains(page.TextOf("counter-receipt"), want) {
				t.Errorf("the receipt lacks %s: %s", want, page.Text)
			}
		}
		id, err := p.App.Accounts.ByIdentity(context.Background(), subject.CitizenID, stranger.Number)
		if err != nil {
			t.Fatal(err)
		}
		person, err := p.App.Accounts.Person(context.Background(), id)
		if err != nil || person.IAL != 4 || person.IALMethod != "counter" || person.Name != stranger.Name || person.Mobile != "" {
			t.Errorf("%+v %v", person, err)
		}
		code := page.TextOf("counter-card-code")
		verify := func() apptest.Answer {
			request, _ := http.NewRequest(http.MethodPost, p.URL+"/api/v1/verifications", strings.NewReader(`{"code":"`+code+`"}`))
			request.Header.Set("Content-Type", "application/json")
			return p.Do(request)
		}
		if answer := verify(); answer.Status != http.StatusOK || !strings.Contains(answer.Text, `"code":"V00"`) {
			t.Errorf("the card: %d %s", answer.Status, answer.Text)
		}
		if err := d.reader.Remove(context.Background()); err != nil {
			t.Fatal(err)
		}
		if page = d.open("/counter/visit"); page.URL.Path != "/counter" || strings.Contains(page.Source, "王*明") {
			t.Errorf("after the card was removed: %s %s", page.URL, page.Text)
		}
	})
}
