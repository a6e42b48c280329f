package web_test

import (
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/yinxin-gov/yinxin/internal/testkit/browser"
)

// TestX14TheSealIsMovedOnItsPreview: by a pointer and by keys the fields say where the seal is drawn, within the page; typing moves it
// too, and without scripts nothing speaks of it.
func TestX14TheSealIsMovedOnItsPreview(t *testing.T) {
	server := httptest.NewServer(site(t))
	defer server.Close()
	tab := browser.New(t)
	const page = "/design/seal-detail-preview-pdf?lang=zh-CN"
	tab.Open(t, server.URL+page)
	at := func() string {
		return evaluate[string](t, tab, `[document.querySelector("#stamp-x").value, document.querySelector("#stamp-y").value, document.querySelector("[data-move-x]").getAttribute("transform") ?? "", !document.querySelector("#stamp-moved").hidden].join(" ")`)
	}
	wants := func(what, want string) {
		t.Helper()
		if got := at(); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	wants("at first", "140 220  false")
	// drag moves the pointer from the middle of the seal by millimetres.
	drag := func(right, down float64) {
		t.Helper()
		box := evaluate[[]float64](t, tab, `(() => { const m = document.querySelector("[data-move-x] rect"); m.scrollIntoView({block: "center"}); const b = m.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2, b.width / 40] })()`)
		for _, one := range []struct {
			kind        input.DispatchMouseEventType
			right, down float64
		}{{input.DispatchMouseEventTypeMousePressed, 0, 0}, {input.DispatchMouseEventTypeMouseMoved, right / 2, down / 2}, {input.DispatchMouseEventTypeMouseMoved, right, down}, {input.DispatchMouseEventTypeMouseReleased, right, down}, {input.DispatchMouseEventTypeMouseMoved, 0, 0}} {
			event := chromedp.MouseEvent(one.kind, box[0]+one.right*box[2], box[1]+one.down*box[2], chromedp.ButtonLeft)
			if err := chromedp.Do(tab.Context, event); err != nil {
				t.Fatal(err)
			}
		}
	}
	drag(-40, -100)
	wants("dragged", "100 120 translate(-40 -100) true")
	drag(300, 300)
	wants("dragged off the page", "170 257 translate(30 37) true")
	drag(-300, -300)
	wants("dragged off the other end", "0 0 translate(-140 -220) true")
	press := func(field string, keys ...string) {
		t.Helper()
		evaluate[bool](t, tab, fmt.Sprintf(`(document.querySelector("#%s").focus(), true)`, field))
		for _, key := range keys {
			if err := chromedp.Do(tab.Context, chromedp.KeyEvent(key)); err != nil {
				t.Fatal(err)
			}
		}
	}
	press("stamp-x", kb.ArrowUp, kb.ArrowUp, kb.ArrowDown, kb.ArrowUp)
	wants("two to the right", "2 0 translate(-138 -220) true")
	press("stamp-y", kb.ArrowDown, kb.ArrowDown, kb.ArrowDown, kb.ArrowUp)
	wants("two down", "2 2 translate(-138 -218) true")
	typed := func(field, text string) {
		evaluate[bool](t, tab, fmt.Sprintf(`(() => { const f = document.querySelector("#%s"); f.value = %q; f.dispatchEvent(new Event("input", { bubbles: true })); return true })()`, field, text))
	}
	typed("stamp-x", "140")
	typed("stamp-y", "220")
	wants("typed as it was", "140 220 translate(0 0) false")
	typed("stamp-x", "abc")
	wants("no number", "abc 220 translate(0 0) false")
	press("stamp-x", kb.ArrowUp)
	wants("keys in what is no number", "abc 220 translate(0 0) false")

	tab.WithoutScripts(t)
	tab.Open(t, server.URL+page)
	if evaluate[bool](t, tab, `[...document.querySelectorAll("[data-move-hint], #stamp-moved")].some((e) => e.offsetHeight > 0)`) {
		t.Error("without scripts the page speaks of moving the seal")
	}
}

// TestAnItemOfAFaceIsMovedOnItsPreview: the chosen item of a face goes by the same hand as a seal.
func TestAnItemOfAFaceIsMovedOnItsPreview(t *testing.T) {
	server := httptest.NewServer(site(t))
	defer server.Close()
	tab := browser.New(t)
	tab.Open(t, server.URL+"/design/type-face?lang=zh-CN")
	at := func() string {
		return evaluate[string](t, tab, `[document.querySelector("#face-x").value, document.querySelector("#face-y").value, document.querySelector("[data-move-x]").getAttribute("transform") ?? "", !document.querySelector("#face-moved").hidden].join(" ")`)
	}
	if got := at(); got != "190 108  false" {
		t.Errorf("at first: %s", got)
	}
	for field, key := range map[string]string{"face-x": kb.ArrowUp, "face-y": kb.ArrowDown} {
		evaluate[bool](t, tab, fmt.Sprintf(`(document.querySelector("#%s").focus(), true)`, field))
		if err := chromedp.Do(tab.Context, chromedp.KeyEvent(key)); err != nil {
			t.Fatal(err)
		}
	}
	if got := at(); got != "191 109 translate(1 1) true" {
		t.Errorf("by keys: %s", got)
	}
}
