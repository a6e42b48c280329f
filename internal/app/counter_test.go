package app_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/counter"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/app"
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

// strongStaff signs a member of staff in with an authenticator that it adds.
func strongStaff(t *testing.T, p *apptest.Platform, login string) (*walk.Browser, string) {
	t.Helper()
	b := p.SignInStaff(login)
	page := submit(t, b, p.URL+"/staff/security", map[string]string{"totp-add": "1"})
	key := page.TextOf("totp-key")
	if page = press(t, b, map[string]string{"otp-code": totpAt(t, key, p.Now())}); page.URL.Path != "/staff/security" {
		t.Fatalf("%s: %s", page.URL, page.Text)
	}
	p.Advance(time.Minute) // a code works once
	b = walk.New(nil)
	staffLogin(t, p, b, login, key)
	return b, key
}

// staffLogin signs in with both factors.
func staffLogin(t *testing.T, p *apptest.Platform, b *walk.Browser, login, key string) {
	t.Helper()
	if p.StaffLogin(b, login); b.Page.URL.Path != "/staff/login/second" {
		t.Fatalf("%s: %s", b.Page.URL, b.Page.Text)
	}
	if page := press(t, b, map[string]string{"otp-code": totpAt(t, key, p.Now())}); page.URL.Path != "/staff" {
		t.Fatalf("%s: %s", page.URL, page.Text)
	}
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
	p.Persona(clerkMobile, "赵一", 0, counter.RoleClerk)
	d := &desk{t: t, p: p, screen: walk.New(nil)}
	d.clerk, _ = strongStaff(t, p, clerkMobile)
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

// served takes somebody through the whole path with the acts given, and returns the page with the receipt.
func (d *desk) served(number string, card counter.Card, acts ...string) *walk.Page {
	d.t.Helper()
	d.put(card)
	if page := d.call(number); page.URL.Path != "/counter/visit" {
		d.t.Fatalf("%d %s", page.Status, page.Text)
	}
	d.choose(acts...)
	d.agree()
	d.open("/counter/visit")
	return press(d.t, d.clerk, map[string]string{"counter-perform": "1"})
}

// choose asks the citizen for acts; what is ticked at first is not asked for.
func (d *desk) choose(acts ...string) *walk.Page {
	d.t.Helper()
	return d.post("/counter/plan", map[string][]string{"visit": {d.clerk.Page.Hidden("visit")}, "counter-act": acts, "counter-way": {counter.ByScreen}})
}

// post sends a form that no page of the moment holds.
func (d *desk) post(path string, form map[string][]string) *walk.Page {
	d.t.Helper()
	request, err := http.NewRequest(http.MethodPost, d.p.URL+path, strings.NewReader(url.Values(form).Encode()))
	if err != nil {
		d.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	if err := d.clerk.Send(request); err != nil {
		d.t.Fatal(err)
	}
	return d.clerk.Page
}

func (d *desk) account(card counter.Card) string {
	d.t.Helper()
	id, err := d.p.App.Accounts.ByIdentity(context.Background(), card.Kind, card.Number)
	if err != nil {
		d.t.Fatal(err)
	}
	return id
}

// TestOneTimePassIsUsedOnce: of fifty tries at the same moment one signs in; wrong ones kill the pass; a person without a
// phone sets a password of her own with it.
func TestOneTimePassIsUsedOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		d := newDesk(t, p)
		digits := strings.ReplaceAll(d.served("A1", stranger, counter.ActRegister, counter.ActPass).TextOf("counter-pass"), " ", "")
		if len(digits) != 12 {
			t.Fatalf("pass %q", digits)
		}
		enter := func(number, digits string) *walk.Browser {
			b := walk.New(nil)
			submit(t, b, p.URL+"/login/pass", map[string]string{"pass-number": number, "pass-code": digits})
			return b
		}
		for _, wrong := range [][2]string{{stranger.Number, "000000000000"}, {"110101199003072332", digits}, {"nobody", digits}} {
			if b := enter(wrong[0], wrong[1]); b.Page.Status != http.StatusUnauthorized || !strings.Contains(b.Page.Text, "证件号码或凭条不正确") {
				t.Errorf("%v: %d %s", wrong, b.Page.Status, b.Page.Text)
			}
		}
		var group sync.WaitGroup
		var in atomic.Int32
		kept := make(chan *walk.Browser, 50)
		ctx := context.Background()
		for range 15 { // what the throttle of the number lets through; the store's own test has fifty
			group.Go(func() {
				b := walk.New(nil)
				if b.Open(ctx, p.URL+"/login/pass") != nil || b.Submit(ctx, map[string]string{"pass-number": stranger.Number, "pass-code": digits}) != nil {
					return
				}
				if b.Page.URL.Path == "/login/pass/password" {
					in.Add(1)
					kept <- b
				}
			})
		}
		group.Wait()
		if in.Load() != 1 {
			t.Fatalf("%d of 15 signed in", in.Load())
		}
		b := <-kept
		if page := press(t, b, map[string]string{"password-new": "Own-horse-77"}); page.URL.Path != "/welcome" || !strings.Contains(page.Text, "王*明") {
			t.Errorf("%s %s", page.URL, page.Text)
		}
		again := walk.New(nil)
		if page := submit(t, again, p.URL+"/login", map[string]string{"login-identifier": stranger.Number, "login-password": "Own-horse-77"}); page.URL.Path != "/me" {
			t.Errorf("number and password: %s %s", page.URL, page.Text)
		}
		if page := submit(t, walk.New(nil), p.URL+"/login", map[string]string{"login-identifier": "110101199003072332", "login-password": "Own-horse-77"}); page.Status != http.StatusUnauthorized {
			t.Errorf("a number that nobody has: %d", page.Status)
		}
	})
}

// TestNothingHappensAfterAVisit: a visit that ended by card, number, time, clerk or terminal does nothing more, whatever
// form is still on the screen.
func TestNothingHappensAfterAVisit(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		d := newDesk(t, p)
		ctx := context.Background()
		for name, end := range map[string]func(){
			"card": func() { d.reader.Remove(ctx) },
			"next": func() { d.post("/counter/end", nil) },
			"clock": func() { // the clerk goes on working meanwhile
				p.Advance(counter.VisitLife / 2)
				d.open("/staff")
				p.Advance(counter.VisitLife / 2)
			},
		} {
			d.put(stranger)
			d.call("B1")
			d.choose(counter.ActRegister)
			d.agree()
			page := d.open("/counter/visit")
			form := map[string][]string{"visit": {page.Hidden("visit")}, "asked": {page.Hidden("asked")}}
			if !page.Has("counter-perform") {
				t.Fatalf("%s: %s", name, page.Text)
			}
			end()
			if page := d.post("/counter/perform", form); page.Has("counter-receipt") || strings.Contains(page.Source, "王*明") {
				t.Errorf("after %s: %d %s", name, page.Status, page.Text)
			}
		}
		if _, err := p.App.Accounts.ByIdentity(ctx, stranger.Kind, stranger.Number); !errors.Is(err, idp.ErrNotFound) {
			t.Errorf("an account came into being: %v", err)
		}
	})
}

// TestTheCitizenAgreesToWhatIsDone: without a word nothing is done, another list is another question, and a refusal ends it.
func TestTheCitizenAgreesToWhatIsDone(t *testing.T) {
	p := apptest.Start(t, database(t))
	d := newDesk(t, p)
	d.put(stranger)
	d.call("C1")
	page := d.choose(counter.ActRegister)
	visit, first := page.Hidden("visit"), d.open("/counter/visit").Hidden("asked")
	if page := d.post("/counter/perform", map[string][]string{"visit": {visit}, "asked": {first}}); page.Status != http.StatusConflict || !strings.Contains(page.Text, "办理人尚未确认") {
		t.Errorf("without a word: %d %s", page.Status, page.Text)
	}
	if err := d.screen.Open(context.Background(), p.URL+"/counter/screen"); err != nil {
		t.Fatal(err)
	}
	d.post("/counter/replan", map[string][]string{"visit": {visit}})
	d.choose(counter.ActRegister, counter.ActRaise, counter.ActCard)
	press(t, d.screen, map[string]string{"screen-answer": "agree"}) // to the first question, which is not there any more
	if page := d.open("/counter/visit"); page.Has("counter-perform") {
		t.Error("the answer to one question was taken for another")
	}
	submit(t, d.screen, p.URL+"/counter/screen", map[string]string{"screen-answer": "refuse"})
	if page := d.open("/counter/visit"); !page.Has("counter-ask") {
		t.Errorf("after a refusal: %s", page.Text)
	}
	if page := d.choose(counter.ActPass); page.Status != http.StatusUnprocessableEntity {
		t.Errorf("a pass for nobody: %d", page.Status)
	}
	if page := d.choose("everything"); page.Status != http.StatusUnprocessableEntity {
		t.Errorf("an unknown act: %d", page.Status)
	}
}

// TestWhoMayServe: the role, two factors and an enrolled terminal; never oneself.
func TestWhoMayServe(t *testing.T) {
	p := apptest.Start(t, database(t))
	d := newDesk(t, p)
	p.Persona(otherClerk, "钱二", 2, counter.RoleClerk)
	weak := p.SignInStaff(otherClerk)
	if err := weak.Open(context.Background(), p.URL+"/counter"); err != nil || weak.Page.Has("counter-called") {
		t.Errorf("another machine: %v %s", err, weak.Page.Text)
	}
	p.Persona("13900139009", "孙三", 2)
	citizen := p.SignIn("13900139009")
	if err := citizen.Open(context.Background(), p.URL+"/counter"); err != nil || citizen.Page.URL.Path != "/staff/login" {
		t.Errorf("a citizen: %d %v", citizen.Page.Status, err)
	}
	d.put(stranger)
	request, err := http.NewRequest(http.MethodPost, p.URL+"/counter/call", strings.NewReader("counter-called=D1"))
	if err != nil {
		t.Fatal(err)
	}
	borrowed, _ := http.NewRequest(http.MethodGet, p.URL+"/counter", nil)
	d.clerk.Lend(borrowed)
	p.SignInStaff(otherClerk).Lend(request)
	for _, cookie := range borrowed.Cookies() {
		if strings.HasPrefix(cookie.Name, "yx_terminal") {
			request.AddCookie(cookie)
		}
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if answer := p.Do(request); answer.Status != http.StatusUnauthorized || !strings.Contains(answer.Text, "YX-CTR-001") {
		t.Errorf("one factor: %d %s", answer.Status, answer.Text)
	}
	// A clerk whose document is known serves neither the own card, though it has no account, nor the account of another realm.
	self := counter.Card{Kind: subject.CitizenID, Name: "赵一", Number: "110101199003074311", From: "2020-03-01", To: "2040-03-01"}
	key := enrolled(t, p, app.Staff{Login: "w0003", Name: "赵一", Document: app.StaffDocument{Number: self.Number}, Roles: []string{counter.RoleClerk}})
	p.Advance(time.Minute)
	staffLogin(t, p, d.clerk, "w0003", key)
	d.put(self)
	if page := d.call("D2"); page.Status != http.StatusForbidden || !strings.Contains(page.Text, "不能为本人或亲属办理") {
		t.Errorf("the own card: %d %s", page.Status, page.Text)
	}
	if err := p.App.Accounts.ProveIdentity(context.Background(), ownerOf(t, p, clerkMobile).ID, idp.Proof{IAL: 1, Method: "id_card", Source: "test", At: p.Now().UTC(), Evidence: "e"}, idp.Identity{Name: self.Name, Type: self.Kind, Number: self.Number}); err != nil {
		t.Fatal(err)
	}
	d.put(self)
	if page := d.call("D2"); page.Status != http.StatusForbidden || !strings.Contains(page.Text, "不能为本人或亲属办理") {
		t.Errorf("the own account: %d %s", page.Status, page.Text)
	}
	admin := p.Client(idp.Client{ClientID: "counter-admin", GrantTypes: []string{"client_credentials"}, Scope: idp.RoleSystemAdmin})
	if answer := adminCall(t, p, admin, http.MethodPost, "/api/v1/counter-terminals/"+d.terminal+"/revocation", `{"reason":"moved"}`); answer.Status != http.StatusNoContent {
		t.Fatalf("%d %s", answer.Status, answer.Text)
	}
	if page := d.open("/counter"); !page.Has("terminal-code") {
		t.Errorf("a revoked terminal serves: %s", page.Text)
	}
	var refused *readersim.RefusedError
	if err := d.reader.Put(context.Background(), stranger); !errors.As(err, &refused) || refused.Status != http.StatusUnauthorized {
		t.Errorf("the reader of a revoked terminal: %v", err)
	}
}
