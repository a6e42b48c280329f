package app_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/counter"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/readersim"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// known is 李四 of the sandbox's register, who has an account with a password.
const knownMobile = "13800138001"

var known = counter.Card{Kind: subject.CitizenID, Name: "李四", Number: "99990019800101001X", Birth: "1980-01-01", From: "2020-03-01", To: "long_term"}

// TestResetEndsEveryWayIn: password, authenticator, sessions and tokens end, the person is told, and a pass leads in again.
func TestResetEndsEveryWayIn(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		d := newDesk(t, p)
		p.Persona(knownMobile, "李四", 1)
		thief, _ := strongLogin(t, p, knownMobile)
		portal := p.Client(idp.Client{ClientID: "portal"})
		tokens := p.Redeem(portal, p.Code(thief, portal, nil).Get("code"), nil)
		if d.account(known) == "" || tokens.String("refresh_token") == "" {
			t.Fatal(tokens.Text)
		}
		page := d.served("A1", known, counter.ActReset, counter.ActPass)
		digits := strings.ReplaceAll(page.TextOf("counter-pass"), " ", "")
		if !strings.Contains(page.TextOf("counter-receipt"), "重置全部登录方式 · 已办理") || len(digits) != 12 {
			t.Fatal(page.Text)
		}
		if err := thief.Open(context.Background(), p.URL+"/me"); err != nil || thief.Page.URL.Path != "/login" {
			t.Errorf("the old session goes on: %s", thief.Page.URL)
		}
		if answer := p.Post("/token", portal, map[string][]string{"grant_type": {"refresh_token"}, "refresh_token": {tokens.String("refresh_token")}}); answer.Status != http.StatusBadRequest {
			t.Errorf("the old tokens go on: %d %s", answer.Status, answer.Text)
		}
		if b := walk.New(nil); submit(t, b, p.URL+"/login", map[string]string{"login-identifier": knownMobile, "login-password": apptest.Password}).Status != http.StatusUnauthorized {
			t.Errorf("the old password works: %s", b.Page.URL)
		}
		told := ""
		for range 1000 {
			if told = p.Get("/sandbox/inbox?to="+knownMobile, "").Text; strings.Contains(told, "登录方式已在窗口重置") {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		if !strings.Contains(told, "登录方式已在窗口重置") {
			t.Errorf("the person was not told: %s", told)
		}
		b := walk.New(nil)
		if page := submit(t, b, p.URL+"/login/pass", map[string]string{"pass-number": known.Number, "pass-code": digits}); page.URL.Path != "/login/pass/password" {
			t.Errorf("the pass: %s %s", page.URL, page.Text)
		}
	})
}

// TestSMSAndPaperAgreement: a new account with a number agrees by a code to that number, which is proved by it; a signed form
// is kept as its digest.
func TestSMSAndPaperAgreement(t *testing.T) {
	p := apptest.Start(t, database(t))
	d := newDesk(t, p)
	const number = "13700137001"
	d.put(stranger)
	d.call("E1")
	plan := func(way, phone string) *walk.Page {
		return d.post("/counter/plan", map[string][]string{"visit": {d.open("/counter/visit").Hidden("visit")}, "counter-act": {counter.ActRegister}, "counter-way": {way}, "counter-phone": {phone}})
	}
	if page := plan(counter.ByScreen, number); page.Status != http.StatusUnprocessableEntity || !strings.Contains(page.Text, "填写手机号须用短信确认") {
		t.Errorf("a number without a code: %d %s", page.Status, page.Text)
	}
	if page := plan(counter.BySMS, clerkMobile); page.Status != http.StatusConflict {
		t.Errorf("a number of somebody else: %d %s", page.Status, page.Text)
	}
	if page := plan(counter.BySMS, number); !page.Has("counter-code") {
		t.Fatalf("%d %s", page.Status, page.Text)
	}
	code := inbox(t, p, number)
	if told := p.Get("/sandbox/inbox?to="+number, "").Text; !strings.Contains(told, "出示给窗口") {
		t.Errorf("the message does not say what it is for: %s", told)
	}
	if page := press(t, d.clerk, map[string]string{"counter-code": "000000"}); page.Status != http.StatusUnauthorized || page.Has("counter-perform") {
		t.Errorf("a wrong code: %d %s", page.Status, page.Text)
	}
	if page := press(t, d.clerk, map[string]string{"counter-code": code}); !page.Has("counter-perform") {
		t.Fatalf("%d %s", page.Status, page.Text)
	}
	press(t, d.clerk, map[string]string{"counter-perform": "1"})
	if person, err := p.App.Accounts.Person(context.Background(), d.account(stranger)); err != nil || person.Mobile != "+86"+number {
		t.Errorf("%+v %v", person, err)
	}
}

// TestTypedNeedsASecondClerk: another clerk with two factors stands by, and the level is 3 at most.
func TestTypedNeedsASecondClerk(t *testing.T) {
	p := apptest.Start(t, database(t))
	d := newDesk(t, p)
	p.Persona(otherClerk, "钱二", 0, counter.RoleClerk)
	_, key := strongStaff(t, p, otherClerk)
	p.Persona("13900139009", "孙三", 2)
	_, citizen := strongLogin(t, p, "13900139009")
	p.Advance(time.Minute)
	fill := func(identifier, code string) *walk.Page {
		return submit(t, d.clerk, p.URL+"/counter/typed", map[string]string{"counter-called": "F1", "counter-kind": stranger.Kind, "counter-name": stranger.Name, "counter-number": stranger.Number, "counter-birth": stranger.Birth,
			"counter-from": stranger.From, "counter-to": stranger.To, "second-identifier": identifier, "second-password": apptest.Password, "second-code": code})
	}
	if page := fill("13900139009", totpAt(t, citizen, p.Now())); page.URL.Path == "/counter/visit" || page.Status != http.StatusUnauthorized {
		t.Errorf("a citizen stood by: %d %s", page.Status, page.Text)
	}
	if page := fill(otherClerk, "000000"); page.URL.Path == "/counter/visit" || page.Status != http.StatusUnauthorized {
		t.Errorf("without the second factor: %d %s", page.Status, page.Text)
	}
	page := fill(otherClerk, totpAt(t, key, p.Now()))
	if page.URL.Path != "/counter/visit" || !strings.Contains(page.Text, "手工录入最高可到高级实名") {
		t.Fatalf("%d %s", page.Status, page.Text)
	}
	if strings.Contains(page.Source, apptest.Password) {
		t.Error("the colleague's password is in the page")
	}
	d.choose(counter.ActRegister, counter.ActRaise)
	d.agree()
	d.open("/counter/visit")
	press(t, d.clerk, map[string]string{"counter-perform": "1"})
	if person, err := p.App.Accounts.Person(context.Background(), d.account(stranger)); err != nil || person.IAL != 3 {
		t.Errorf("level %d %v", person.IAL, err)
	}
}

// TestFamilyMandatesCopiesAndChecks: a child is added, mandates end, and a paper's code says what stands on it until the card is
// lost.
func TestFamilyMandatesCopiesAndChecks(t *testing.T) {
	onBothWith(t, &steered{guardian: true}, func(t *testing.T, p *apptest.Platform) {
		d := newDesk(t, p)
		ctx := context.Background()
		page := d.served("G1", stranger, counter.ActRegister, counter.ActRaise, counter.ActCard)
		code := page.TextOf("counter-card-code")
		account := d.account(stranger)
		press(t, d.clerk, map[string]string{"counter-end": "1"})
		d.put(stranger)
		d.call("G2")
		d.post("/counter/plan", map[string][]string{"visit": {d.clerk.Page.Hidden("visit")}, "counter-act": {counter.ActFamily, counter.ActMandate, counter.ActLicense}, "counter-way": {counter.ByScreen}, "counter-child-name": {"王小小"}, "counter-child-number": {"11010120180307431X"}})
		d.agree()
		d.open("/counter/visit")
		page = press(t, d.clerk, map[string]string{"counter-perform": "1"})
		for _, want := range []string{"设置亲情账号 · 已办理", "撤销全部代办授权 · 已办理", "打印证照副本 · 已办理"} {
			if !strings.Contains(page.TextOf("counter-receipt"), want) {
				t.Errorf("the receipt lacks %s: %s", want, page.Text)
			}
		}
		live, err := p.App.Mandates.Live(ctx, account)
		if err != nil || len(live) != 1 || live[0].Kind != mandate.Guardian {
			t.Errorf("%+v %v", live, err)
		}
		press(t, d.clerk, map[string]string{"counter-end": "1"})
		if page := submit(t, d.clerk, p.URL+"/counter", map[string]string{"counter-paper-code": code}); !strings.Contains(page.TextOf("counter-checked"), "V00") || !strings.Contains(page.Text, "王*明") {
			t.Errorf("%d %s", page.Status, page.Text)
		}
		d.served("G3", stranger, counter.ActNoCard)
		press(t, d.clerk, map[string]string{"counter-end": "1"})
		if page := submit(t, d.clerk, p.URL+"/counter", map[string]string{"counter-paper-code": code}); !strings.Contains(page.TextOf("counter-checked"), "V10") || strings.Contains(page.Text, "王*明") {
			t.Errorf("a lost card: %d %s", page.Status, page.Text)
		}
		if page := submit(t, d.clerk, p.URL+"/counter", map[string]string{"counter-paper-code": "LZ1:nonsense"}); page.Status != http.StatusBadRequest || !page.Has("counter-paper-code-error") {
			t.Errorf("nonsense: %d %s", page.Status, page.Text)
		}
	})
}

// TestSupervisorSeesEverything: each act waits, paged; nobody looks at the own acts; a flag needs a reason and is final.
func TestSupervisorSeesEverything(t *testing.T) {
	p := apptest.Start(t, database(t))
	d := newDesk(t, p)
	p.Persona(bossMobile, "周四", 0, counter.RoleSupervisor)
	boss, _ := strongStaff(t, p, bossMobile)
	d.served("H1", stranger, counter.ActRegister, counter.ActRaise, counter.ActCard)
	if err := boss.Open(context.Background(), p.URL+"/counter/queue"); err != nil || strings.Count(boss.Page.Source, "/counter/queue/cac_") != 3 {
		t.Fatalf("%v %s", err, boss.Page.Text)
	}
	api := p.Client(idp.Client{ClientID: "queue", GrantTypes: []string{"client_credentials"}, Scope: counter.RoleSupervisor})
	first := adminCall(t, p, api, http.MethodGet, "/api/v1/counter-acts?limit=2", "")
	items, _ := first.Body["items"].([]any)
	if len(items) != 2 || first.String("next") == "" {
		t.Fatal(first.Text)
	}
	rest := adminCall(t, p, api, http.MethodGet, "/api/v1/counter-acts?limit=2&after="+first.String("next"), "")
	if more, _ := rest.Body["items"].([]any); len(more) != 1 || rest.String("next") != "" {
		t.Fatal(rest.Text)
	}
	id := items[0].(map[string]any)["id"].(string)
	address := p.URL + "/counter/queue/" + id
	if page := submit(t, boss, address, map[string]string{"act-flag": "1", "reason": " "}); page.Status != http.StatusUnprocessableEntity || !strings.Contains(page.Text, "请写明原因") {
		t.Errorf("a flag without a reason: %d %s", page.Status, page.Text)
	}
	if page := submit(t, boss, address, map[string]string{"act-seen": "1"}); page.URL.Path != "/counter/queue" || strings.Contains(page.Source, id) {
		t.Errorf("%s %s", page.URL, page.Text)
	}
	if page := submit(t, boss, address, map[string]string{"act-flag": "1", "reason": "photo differs"}); page.URL.Path != "/counter/queue" {
		t.Errorf("%s %s", page.URL, page.Text)
	}
	if answer := adminCall(t, p, api, http.MethodPost, "/api/v1/counter-acts/"+id+"/review", `{"flag":true,"reason":"again"}`); answer.Status != http.StatusConflict {
		t.Errorf("a flag was set twice: %d", answer.Status)
	}
	if page := d.open("/counter/queue"); page.Status != http.StatusForbidden {
		t.Errorf("a clerk sees the queue: %d", page.Status)
	}
}

// TestReaderMessagesOfStrangers: another key, an old message, one that came before and a changed body are refused alike.
func TestReaderMessagesOfStrangers(t *testing.T) {
	p := apptest.Start(t, database(t))
	d := newDesk(t, p)
	ctx := context.Background()
	other, _ := newReader(t, p)
	other.Terminal = d.terminal
	late := *d.reader
	late.Now = func() time.Time { return p.Now().Add(-2 * time.Minute) }
	early := *d.reader
	early.Now = func() time.Time { return p.Now().Add(2 * time.Minute) }
	nowhere := *d.reader
	nowhere.Terminal = "ctm_nowhere"
	answers := map[string]bool{}
	for name, reader := range map[string]*readersim.Reader{"another key": other, "late": &late, "early": &early, "no terminal": &nowhere} {
		err := reader.Put(ctx, stranger)
		refused := &readersim.RefusedError{}
		if !errors.As(err, &refused) || refused.Status != http.StatusUnauthorized || !strings.Contains(refused.Body, "YX-CTR-006") {
			t.Errorf("%s: %v", name, err)
			continue
		}
		answers[refused.Body[:strings.Index(refused.Body, "request_id")]] = true
	}
	if len(answers) != 1 {
		t.Errorf("the answers differ: %v", answers)
	}
	if page := d.call("I1"); page.Status != http.StatusConflict {
		t.Errorf("a stranger's card was taken: %s", page.Text)
	}
}

// TestALostCardIsReportedOnline: whoever holds a printed code sees it at /me and reports it lost there, without a counter; the paper ends at
// once, and nobody else's does.
func TestALostCardIsReportedOnline(t *testing.T) {
	p := apptest.Start(t, database(t))
	p.Persona(lostPhone, "张三", 3)
	p.Persona(mobile, "王五", 2)
	d := newDesk(t, p)
	code := d.served("G1", holderOfLicence, counter.ActCard).TextOf("counter-card-code")
	press(t, d.clerk, map[string]string{"counter-end": "1"})
	verdict := func() string {
		return submit(t, d.clerk, p.URL+"/counter", map[string]string{"counter-paper-code": code}).TextOf("counter-checked")
	}
	other := p.SignIn(mobile)
	if open(t, other, p.URL+"/me"); other.Page.Has("me-card") {
		t.Error("somebody without a card is shown one")
	}
	if a := post(t, p, other, "/me/card/loss"); a.Status != http.StatusSeeOther || !strings.Contains(verdict(), "V00") {
		t.Errorf("somebody else ended it: %d", a.Status)
	}
	b := p.SignIn(lostPhone)
	if open(t, b, p.URL+"/me"); !b.Page.Has("me-card-lost") || !strings.Contains(b.Page.TextOf("me-card"), "有效至") {
		t.Fatalf("%s", b.Page.Text)
	}
	if press(t, b, map[string]string{"card-lost": "1"}); b.Page.URL.Path != "/me" || b.Page.Has("me-card") {
		t.Errorf("%d on %s: %s", b.Page.Status, b.Page.URL, b.Page.Text)
	}
	if !strings.Contains(verdict(), "V10") {
		t.Errorf("a lost paper: %s", verdict())
	}
}
