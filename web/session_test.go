package web_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/testkit/browser"
)

// TestTheEndOfASessionIsTold: with scripts the bar shows two minutes before the end and not before; without them the page names the
// time. Of a citizen as of staff.
func TestTheEndOfASessionIsTold(t *testing.T) {
	server := httptest.NewServer(site(t))
	defer server.Close()
	tab := browser.New(t)
	shown := func(page string) (visible bool, text string) {
		t.Helper()
		tab.Open(t, server.URL+"/design/"+page+"?lang=zh-CN")
		visible = evaluate[bool](t, tab, `document.querySelector("#session-end").offsetHeight > 0`)
		return visible, evaluate[string](t, tab, `document.querySelector("[data-session-text]").textContent`)
	}
	if visible, _ := shown("staff"); visible {
		t.Error("fifteen minutes before the end the bar is in the way")
	}
	if visible, text := shown("staff-none"); !visible || !strings.Contains(text, "两分钟内") {
		t.Errorf("ninety seconds before the end: %v %q", visible, text)
	}
	if visible, _ := shown("welcome"); visible {
		t.Error("an hour before the end the bar is in a citizen's way")
	}
	if visible, text := shown("welcome-recovered"); !visible || text != "您将在 2 分钟后退出登录" {
		t.Errorf("a citizen, ninety seconds before the end: %v %q", visible, text)
	}
	tab.WithoutScripts(t)
	if visible, _ := shown("welcome"); visible {
		t.Error("without scripts a citizen sees the bar of the script")
	}
	if text := evaluate[string](t, tab, `document.querySelector("p.session-end").textContent`); !strings.Contains(text, "14:30") {
		t.Errorf("without scripts a citizen is told %q", text)
	}
	if visible, text := shown("staff"); !visible || !strings.Contains(text, "14:30") {
		t.Errorf("without scripts: %v %q", visible, text)
	}
}

// TestAFormIsNotTakenAwayAtTheEnd: what a citizen has typed stays when the session is over, so that it can be sent, kept by the platform and come back
// after the login; a page without anything typed gives way to the login.
func TestAFormIsNotTakenAwayAtTheEnd(t *testing.T) {
	server := httptest.NewServer(site(t))
	defer server.Close()
	tab := browser.New(t)
	end := func(typed string) (text, address string) {
		t.Helper()
		tab.Open(t, server.URL+"/design/welcome-recovered?lang=zh-CN")
		evaluate[bool](t, tab, `(() => {
			const bar = document.querySelector("#session-end"), now = performance.now.bind(performance);
			document.querySelector("main").innerHTML = '<form><input id="any" name="any"></form>';
			`+typed+`
			performance.now = () => now() + 100000; // ninety seconds are over
			return bar !== null;
		})()`)
		time.Sleep(1500 * time.Millisecond) // the bar looks every second
		return evaluate[string](t, tab, `document.querySelector("[data-session-text]")?.textContent ?? ""`), evaluate[string](t, tab, `location.pathname`)
	}
	text, address := end(`const any = document.querySelector("#any"); any.value = "张三"; any.dispatchEvent(new Event("input", { bubbles: true }));`)
	if address != "/design/welcome-recovered" || !strings.Contains(text, "您已退出登录") || evaluate[string](t, tab, `document.querySelector("#any").value`) != "张三" {
		t.Errorf("with something typed: %s, %q", address, text)
	}
	if evaluate[bool](t, tab, `document.querySelector("#session-extend") !== null`) {
		t.Error("what is over can be extended")
	}
	evaluate[bool](t, tab, `(performance.now = ((now) => () => now() + 1800000)(performance.now.bind(performance)), true)`)
	time.Sleep(1500 * time.Millisecond)
	if at := evaluate[string](t, tab, `location.pathname`); at != "/login" {
		t.Errorf("half an hour later: %s", at)
	}
	if _, address := end(""); address != "/login" {
		t.Errorf("with nothing typed: %s", address)
	}
}

// TestPasswordsCanBeSeen: one press shows what is typed, another hides it, and so does sending; without scripts there is no such button.
func TestPasswordsCanBeSeen(t *testing.T) {
	server := httptest.NewServer(site(t))
	defer server.Close()
	tab := browser.New(t)
	kind := func() string { return evaluate[string](t, tab, `document.querySelector("#login-password").type`) }
	press := func() string {
		return evaluate[string](t, tab, `(() => { const b = document.querySelector("[data-reveal=login-password]"); b.click(); return b.textContent })()`)
	}
	tab.Open(t, server.URL+"/design/login?lang=zh-CN")
	if kind() != "password" || !evaluate[bool](t, tab, `document.querySelector("[data-reveal]").offsetHeight > 0`) {
		t.Fatalf("at first: %s", kind())
	}
	if label := press(); kind() != "text" || label != "隐藏密码" {
		t.Errorf("shown: %s, %q", kind(), label)
	}
	evaluate[bool](t, tab, `(() => { const f = document.querySelector("#login-password").form; f.addEventListener("submit", (e) => e.preventDefault()); f.requestSubmit(); return true })()`)
	if kind() != "password" {
		t.Error("it is sent as a text")
	}
	press()
	if label := press(); kind() != "password" || label != "显示密码" {
		t.Errorf("hidden again: %s, %q", kind(), label)
	}
	tab.WithoutScripts(t)
	tab.Open(t, server.URL+"/design/login?lang=zh-CN")
	if evaluate[bool](t, tab, `document.querySelector("[data-reveal]").offsetHeight > 0`) {
		t.Error("without scripts there is a button that does nothing")
	}
}
