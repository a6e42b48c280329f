package app_test

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// TestA29FormOfAnEndedSessionComesBack: what a person typed while the session ended comes back after the login, once its page is opened
// by the same account in the same browser within half an hour; nothing is sent by itself, and a session that was ended on purpose keeps
// nothing.
func TestA29FormOfAnEndedSessionComesBack(t *testing.T) {
	const (
		one, other = "13800139171", "13800139172"
		give       = "/me/mandates/new"
		name       = "欧阳娜娜"
	)
	p := apptest.Start(t, database(t))
	p.Persona(one, "张三", 3)
	p.Persona(other, "李四", 3)
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	// typed signs in, fills in the form and sends it after the session changed.
	typed := func(meanwhile func(b *walk.Browser)) *walk.Browser {
		t.Helper()
		b := p.SignIn(one)
		must(b.Open(ctx, p.URL+give))
		form := b.Page
		meanwhile(b)
		b.Page = form
		must(b.Submit(ctx, map[string]string{"mandate-name": name, "mandate-to": other, "mandate-item-pension": "1", "mandate-item-tax": "1", "right-view": "", "right-collect": "1", "mandate-class": "2"}))
		if !b.Page.Has("login-identifier") {
			t.Fatalf("the form led to %s: %s", b.Page.URL, b.Page.Text)
		}
		return b
	}
	login := func(b *walk.Browser, who string) {
		t.Helper()
		must(b.Submit(ctx, map[string]string{"login-identifier": who, "login-password": apptest.Password}))
	}
	idle := func(*walk.Browser) { p.Advance(session.IdleLife + time.Minute) }

	b := typed(idle)
	if address := b.Page.URL.String(); strings.Contains(address, "mandate-name") || strings.Contains(address, other) {
		t.Errorf("what was typed stands in the address: %s", address)
	}
	login(b, one)
	if b.Page.URL.Path != give || b.Page.Attribute("mandate-name", "value") != name || b.Page.Attribute("mandate-to", "value") != other || !strings.Contains(b.Page.Text, "尚未提交任何内容") {
		t.Fatalf("after the login: %s: %s", b.Page.URL, b.Page.Text)
	}
	ticked := func(input string) bool {
		return regexp.MustCompile(`id="` + input + `"[^>]* checked`).MatchString(b.Page.Source)
	}
	for input, want := range map[string]bool{"mandate-item-pension": true, "mandate-item-tax": true, "mandate-item-vehicle": false, "right-view": false, "right-collect": true, "mandate-class-2": true, "mandate-class-1": false} {
		if !b.Page.Has(input) || ticked(input) != want {
			t.Errorf("%s is ticked: %v, want %v", input, ticked(input), want)
		}
	}
	kept := b.Page.URL.String()
	empty := func(why string, b *walk.Browser) {
		t.Helper()
		if strings.Contains(b.Page.Text, name) || b.Page.Attribute("mandate-name", "value") != "" || strings.Contains(b.Page.Text, "尚未提交任何内容") {
			t.Errorf("%s: the form shows what was typed", why)
		}
	}
	must(b.Open(ctx, strings.Replace(kept, give, "/proofing", 1)))
	empty("another page", b)
	stranger := p.SignIn(one)
	must(stranger.Open(ctx, kept))
	empty("another browser", stranger)
	must(b.Open(ctx, kept))
	if b.Page.Attribute("mandate-name", "value") != name {
		t.Error("the page forgot the form within half an hour")
	}
	p.Advance(31 * time.Minute)
	must(b.Open(ctx, kept))
	empty("half an hour later", b)

	b = typed(idle)
	login(b, other)
	if b.Page.URL.Path != give {
		t.Errorf("the other account came to %s", b.Page.URL)
	}
	empty("another account", b)

	b = typed(func(b *walk.Browser) {
		must(b.Open(ctx, p.URL+"/logout"))
		must(b.Submit(ctx, map[string]string{"logout-confirm": "1"}))
	})
	login(b, one)
	empty("a session that was ended on purpose", b)
	if strings.Contains(b.Page.URL.RawQuery, "kept") {
		t.Errorf("came back to %s", b.Page.URL)
	}

	// Secrets of a form are not kept beside what is.
	b = p.SignIn(one)
	form := url.Values{"mandate-name": {name}, "data-passphrase": {"correct horse battery"}, "proofing-card": {"6222020000000000"}}
	p.Advance(session.IdleLife + time.Minute)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+give, strings.NewReader(form.Encode()))
	must(err)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", p.URL)
	must(b.Send(request))
	login(b, one)
	if b.Page.Attribute("mandate-name", "value") != name || strings.Contains(b.Page.Text, "6222") || strings.Contains(b.Page.Text, "horse") {
		t.Errorf("after the login: %s", b.Page.Text)
	}
}

// sendForm sends a form as the browser would from a page that it still shows.
func sendForm(t *testing.T, p *apptest.Platform, b *walk.Browser, path, contentType string, body []byte) {
	t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, p.URL+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	request.Header.Set("Origin", p.URL)
	if err := b.Send(request); err != nil {
		t.Fatal(err)
	}
}

// TestA29FormOfAConsoleComesBack: the same for staff, whose page shows what was typed to the same member with the same rights alone.
// Nothing of a visit at a counter, no secret and no token comes back.
func TestA29FormOfAConsoleComesBack(t *testing.T) {
	const one, other, page, name = "13800139181", "13800139182", "/admin/clients/new", "社保查询二期"
	p := apptest.Start(t, database(t))
	p.Persona(one, "张三", 3, "system_admin")
	p.Persona(other, "李四", 3, "system_admin")
	ctx := context.Background()
	form := func(pairs ...string) []byte {
		v := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return []byte(v.Encode())
	}
	const urlencoded = "application/x-www-form-urlencoded"
	typed := form("client_name", name, "reason", "新增", "token", "secret-token-1", "secret", "secret-2", "client_secret", "secret-3")
	login := func(b *walk.Browser, who string) {
		t.Helper()
		if err := b.Submit(ctx, map[string]string{"login-identifier": who, "login-password": apptest.Password}); err != nil {
			t.Fatal(err)
		}
	}
	idle := session.StaffIdle + time.Minute
	b := p.SignInStaff(one)
	p.Advance(idle)
	sendForm(t, p, b, page, urlencoded, typed)
	if !b.Page.Has("login-identifier") || strings.Contains(b.Page.URL.String(), "client_name") {
		t.Fatalf("the form led to %s: %s", b.Page.URL, b.Page.Text)
	}
	login(b, one)
	if b.Page.URL.Path != page || b.Page.Attribute("client_name", "value") != name || b.Page.Attribute("reason", "value") != "新增" || !strings.Contains(b.Page.Text, "尚未提交任何内容") {
		t.Fatalf("after the login: %s: %s", b.Page.URL, b.Page.Text)
	}
	kept := b.Page.URL.String()
	empty := func(why string, b *walk.Browser) {
		t.Helper()
		if b.Page.Attribute("client_name", "value") != "" || strings.Contains(b.Page.Text, "尚未提交任何内容") {
			t.Errorf("%s: the form shows what was typed", why)
		}
	}
	open := func(b *walk.Browser) {
		t.Helper()
		if err := b.Open(ctx, kept); err != nil {
			t.Fatal(err)
		}
	}
	stranger := p.SignInStaff(one)
	open(stranger)
	empty("another browser", stranger)
	p.Persona(one, "张三", 3, "system_admin", idp.RoleProofingReviewer)
	p.StaffLogin(b, one)
	open(b)
	if !b.Page.Has("client_name") {
		t.Fatalf("the form is gone: %s", b.Page.Text)
	}
	empty("other rights", b)

	b = p.SignInStaff(one)
	p.Advance(idle)
	sendForm(t, p, b, page, urlencoded, typed)
	login(b, other)
	if b.Page.URL.Path != page {
		t.Errorf("the other member came to %s", b.Page.URL)
	}
	empty("another member", b)

	for path, body := range map[string][]byte{
		"/counter/plan":          form("counter-helper-name", name, "reason", name),
		"/admin/grants/token":    form("token", "secret-token"),
		"/staff/security/totp":   form("name", name),
		"/staff/login/nonesuch/": form("name", name),
	} {
		b := p.SignInStaff(other)
		p.Advance(idle)
		sendForm(t, p, b, path, urlencoded, body)
		if strings.Contains(b.Page.URL.RawQuery, "kept") {
			t.Errorf("%s is kept: %s", path, b.Page.URL)
		}
	}
	fresh := walk.New(nil)
	sendForm(t, p, fresh, page, urlencoded, typed)
	if strings.Contains(fresh.Page.URL.RawQuery, "kept") {
		t.Error("a form of nobody is kept")
	}
}

// TestA29FilesOfAFormAreNamed: text comes back, and the page says which file has to be picked again.
func TestA29FilesOfAFormAreNamed(t *testing.T) {
	const one = "13800139191"
	p := apptest.Start(t, database(t))
	p.Persona(one, "张三", 3)
	b := p.SignIn(one)
	p.Advance(session.IdleLife + time.Minute)
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("child-photo", "户口簿.jpg")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write([]byte("picture"))
	_ = form.WriteField("child-name", "张小宝")
	_ = form.Close()
	sendForm(t, p, b, "/me/children", form.FormDataContentType(), body.Bytes())
	if err := b.Submit(context.Background(), map[string]string{"login-identifier": one, "login-password": apptest.Password}); err != nil {
		t.Fatal(err)
	}
	if b.Page.URL.Path != "/me/children/new" || b.Page.Attribute("child-name", "value") != "张小宝" || !strings.Contains(b.Page.Text, "请重新选择：户口簿.jpg") {
		t.Fatalf("after the login: %s: %s", b.Page.URL, b.Page.Text)
	}
}

// TestA29FormInAFlowComesBack: a form in the login of an application leads back to its page in the same flow, for its own account alone.
func TestA29FormInAFlowComesBack(t *testing.T) {
	const one, other = "13800139201", "13800139202"
	p := apptest.Start(t, database(t))
	p.Persona(one, "张三", 1)
	p.Persona(other, "李四", 1)
	c := p.Client(idp.Client{ClientID: "flows", ClientName: "办事大厅"})
	ctx := context.Background()
	back := func(who string) *url.URL {
		t.Helper()
		b := p.SignIn(one)
		for range 28 { // in use until shortly before its absolute end
			p.Advance(51 * time.Minute)
			if err := b.Open(ctx, p.URL+"/me"); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Open(ctx, p.URL+"/authorize?"+apptest.AuthorizeQuery(c, url.Values{"acr_values": {"urn:yinxin:ial:2"}}).Encode()); err != nil {
			t.Fatal(err)
		}
		flow := b.Page.URL.Query().Get("flow")
		if b.Page.URL.Path != "/proofing" || flow == "" {
			t.Fatalf("the flow came to %s", b.Page.URL)
		}
		p.Advance(15 * time.Minute)
		sendForm(t, p, b, "/proofing/carrier", "application/x-www-form-urlencoded", []byte(url.Values{"flow": {flow}, "proofing-name": {"欧阳娜娜"}}.Encode()))
		if err := b.Submit(ctx, map[string]string{"login-identifier": who, "login-password": apptest.Password}); err != nil {
			t.Fatal(err)
		}
		if b.Page.URL.Query().Get("flow") != flow {
			t.Errorf("the flow is lost: %s", b.Page.URL)
		}
		return b.Page.URL
	}
	if at := back(one); at.Path != "/proofing/carrier" || at.Query().Get("kept") == "" {
		t.Errorf("came to %s", at)
	}
	if at := back(other); at.Path != "/proofing" || at.Query().Get("kept") != "" {
		t.Errorf("another account came to %s", at)
	}
}
