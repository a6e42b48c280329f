package web_test

import (
	"net/http/httptest"
	"strings"
	"testing"

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
