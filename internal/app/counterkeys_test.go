package app_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/testkit/browser"
)

// keyboard presses keys in a tab and counts them.
type keyboard struct {
	t       *testing.T
	tab     *browser.Tab
	strokes int
	steps   int
}

func (k *keyboard) press(keys string) {
	k.t.Helper()
	for _, key := range keys {
		k.strokes++
		if err := chromedp.Do(k.tab.Context, chromedp.KeyEvent(string(key))); err != nil {
			k.t.Fatalf("press %q: %v", key, err)
		}
	}
}

// focus waits until the page has the focus on the element with the id: that is where the clerk's next key goes.
func (k *keyboard) focus(id string) {
	k.t.Helper()
	k.steps++
	last := ""
	for range 100 {
		value, err := chromedp.Run(k.tab.Context, chromedp.Evaluate[string](`document.readyState == 'complete' && document.activeElement ? document.activeElement.id : ''`))
		if last = value; err == nil && value == id {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	shown, _ := chromedp.Run(k.tab.Context, chromedp.Evaluate[string](`location.href + "\n" + document.body.innerText`))
	k.t.Fatalf("the focus is on %q, not on %q: %.1500s", last, id, shown)
}

// lendCookies gives the tab the cookies of a browser without scripts.
func lendCookies(t *testing.T, tab *browser.Tab, d *desk) {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, d.p.URL+"/counter", nil)
	if err != nil {
		t.Fatal(err)
	}
	d.clerk.Lend(request)
	for _, cookie := range request.Cookies() {
		if _, err := chromedp.Call(tab.Context, network.SetCookie, network.SetCookieParams{Name: cookie.Name, Value: cookie.Value, URL: d.p.URL, HTTPOnly: new(true)}); err != nil {
			t.Fatal(err)
		}
	}
}

// register, level 4 and the printed code by keyboard alone, with scripts off. The focus lies on the next input of each
// page, so the clerk types the number and confirms. The time of a trained clerk is computed from the counted strokes by the
// keystroke-level model: K = 0.28 s a stroke, M = 1.35 s before each step, one homing of the hands (H = 0.4 s), and what the page and the
// other screen need is added by its bounds in docs/measurements.md.
func TestX18KeyboardOnly(t *testing.T) {
	p := apptest.Start(t, database(t))
	d := newDesk(t, p)
	d.put(stranger)
	tab := browser.New(t)
	tab.Size(t, 1280, 900)
	lendCookies(t, tab, d)
	tab.WithoutScripts(t)
	tab.Open(t, p.URL+"/counter?lang=zh-CN")
	k := &keyboard{t: t, tab: tab}
	began := time.Now()
	k.focus("counter-called")
	k.press("A012" + kb.Enter)
	k.focus("counter-ask")
	k.press(kb.Enter)
	for range 50 { // the question is on the second screen as soon as the clerk has asked
		if err := d.screen.Open(context.Background(), p.URL+"/counter/screen"); err != nil {
			t.Fatal(err)
		}
		if d.screen.Page.Has("screen-agree") {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	press(t, d.screen, map[string]string{"screen-answer": "agree"})
	k.focus("counter-perform") // the page goes on by itself
	k.press(kb.Enter)
	k.focus("counter-end")
	text, err := chromedp.Run(tab.Context, chromedp.Evaluate[string](`document.getElementById('counter-receipt').textContent + document.getElementById('counter-card-code').value`))
	if err != nil || !strings.Contains(text, "LZ1:") || strings.Count(text, "已办理") != 3 {
		t.Fatalf("%v: %s", err, text)
	}
	k.strokes += 2 // Ctrl+P and Enter in the browser's own window, which a headless browser does not show
	k.steps++
	k.strokes++
	k.press(kb.Enter)
	k.focus("counter-called")
	machine := time.Since(began)
	if err := chromedp.Do(tab.Context, chromedp.NavigateBack()); err != nil && !strings.Contains(err.Error(), "ERR_CACHE_MISS") {
		t.Fatal(err) // a miss is what is wanted: the browser kept nothing
	}
	time.Sleep(300 * time.Millisecond)
	left, err := chromedp.Run(tab.Context, chromedp.Evaluate[string](`document.documentElement.outerHTML`))
	if err != nil || strings.Contains(left, "王*明") || strings.Contains(left, "LZ1:") {
		t.Errorf("going back shows the visit: %v", err)
	}
	model := 0.4 + 0.28*float64(k.strokes) + 1.35*float64(k.steps)
	t.Logf("X-18: %d strokes in %d steps, %.1f s by the keystroke-level model, %.1f s of the machine in this run", k.strokes, k.steps, model, machine.Seconds())
	if k.strokes > 20 || model > 30 {
		t.Errorf("%d strokes, %.1f s: the path has grown", k.strokes, model)
	}
	if problems := tab.Problems(); len(problems) > 0 {
		t.Errorf("the browser complains: %v", problems)
	}
}
