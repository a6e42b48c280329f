package app_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

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
		must(b.Submit(ctx, map[string]string{"mandate-name": name, "mandate-to": other}))
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
