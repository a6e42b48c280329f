package web_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/testkit/browser"
)

// TestTheEndOfASessionIsTold: with scripts the bar shows two minutes before the end and not before; without them it names the time.
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
	tab.WithoutScripts(t)
	if visible, text := shown("staff"); !visible || !strings.Contains(text, "14:30") {
		t.Errorf("without scripts: %v %q", visible, text)
	}
}
