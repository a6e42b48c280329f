package web_test

import (
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/yinxin-gov/yinxin/internal/testkit/browser"
	"github.com/yinxin-gov/yinxin/web/gallery"
)

// pictures is where reviewers want pictures of every page: go test ./web -run Pictures -pictures /tmp/pictures
var pictures = flag.String("pictures", "", "folder for pictures of every page")

func evaluate[T any](t *testing.T, tab *browser.Tab, script string, options ...chromedp.EvaluateOption) T {
	t.Helper()
	value, err := chromedp.Run(tab.Context, chromedp.Evaluate[T](script, options...))
	if err != nil {
		t.Fatalf("in the page: %v", err)
	}
	return value
}

// in a real browser no page asks anybody else for anything, and none breaks its own policy. At 320 CSS px nothing
// scrolls sideways (WCAG 1.4.10) and at the same time every target is large enough (experience.md 6).
func TestX05PagesInTheBrowser(t *testing.T) {
	handler := site(t)
	server := httptest.NewServer(handler)
	defer server.Close()
	tab := viewed{Tab: browser.New(t), handler: handler, server: server}
	tab.Size(t, 320, 640)
	for _, address := range addresses() {
		for _, variant := range [][2]string{{"zh-CN", "light"}, {"en", "light"}, {"en", "light.elder"}} {
			t.Run(strings.TrimPrefix(address, "/design/")+" "+strings.Join(variant[:], " "), func(t *testing.T) {
				tab.show(t, address+"?lang="+variant[0], variant[1])
				if elsewhere := tab.Elsewhere(t, server.URL); len(elsewhere) > 0 {
					t.Errorf("X-05: requests to %v", elsewhere)
				}
				if tab.Requests() == 0 {
					t.Fatal("no request was seen: the test is blind")
				}
				if problems := tab.Problems(); len(problems) > 0 {
					t.Errorf("the browser complains: %v", problems)
				}
				if wide := evaluate[[]string](t, tab.Tab, widerThanWindow); len(wide) > 0 {
					t.Errorf("wider than 320 px: %v", wide)
				}
				if small := evaluate[[]string](t, tab.Tab, smallTargets); len(small) > 0 {
					t.Errorf("targets below 44 px: %v", small)
				}
			})
		}
	}
}

// widerThanWindow names the elements that make the page scroll sideways; wide tables scroll in a box of their own.
const widerThanWindow = `(() => {
  if (document.documentElement.scrollWidth <= innerWidth) return [];
  return [...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll *') && !e.closest('.skip') && e.getBoundingClientRect().right > innerWidth + 1)
    .map(e => e.tagName + '.' + e.className + ' ' + Math.round(e.getBoundingClientRect().right));
})()`

// smallTargets names controls below 44 × 44 px; links inside a sentence or a dense table are excepted (WCAG 2.5.8), a
// checkbox or radio counts with its label.
const smallTargets = `(() => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')].filter(e => {
  if (e.closest('[hidden], .skip, td, .error-summary, details:not([open]) > :not(summary)') || e.type == 'checkbox' || e.type == 'radio') return false;
  if (e.tagName == 'A' && e.closest('p') && e.parentElement.textContent.trim() != e.textContent.trim() && !e.closest('.identity, .actions, .help')) return false;
  if (e.tagName == 'A' && e.closest('h3')) return false;
  const r = e.getBoundingClientRect();
  return r.height < 43.5 || (r.width < 43.5 && e.tagName != 'INPUT');
}).map(e => e.tagName + ' ' + (e.id || e.textContent.trim().slice(0, 20)) + ' ' + Math.round(e.getBoundingClientRect().width) + '×' + Math.round(e.getBoundingClientRect().height)))()`

// The policy test itself can fail: a page that breaks the policy is noticed.
func TestPolicyViolationsAreSeen(t *testing.T) {
	server := httptest.NewServer(site(t))
	defer server.Close()
	tab := browser.New(t)
	tab.Open(t, server.URL+"/design/login")
	evaluate[bool](t, tab, `document.body.insertAdjacentHTML('beforeend', '<p style="color:red">x</p><img src="http://elsewhere.invalid/x.png">'), true`)
	if len(tab.Problems()) == 0 {
		t.Fatal("an inline style and a picture from elsewhere went unnoticed")
	}
}

// Keyboard walk of the login page: the skip link comes first, then head, form and help, in the order of reading; each
// stop shows the focus ring.
func TestX21KeyboardOrderOfLogin(t *testing.T) {
	server := httptest.NewServer(site(t))
	defer server.Close()
	tab := browser.New(t)
	tab.Size(t, 1280, 900)
	tab.Open(t, server.URL+"/design/login")
	var walked []string
	for range 24 {
		if err := chromedp.Do(tab.Context, chromedp.KeyEvent(kb.Tab)); err != nil {
			t.Fatal(err)
		}
		stop := evaluate[string](t, tab, `(() => { const e = document.activeElement, s = getComputedStyle(e);
			if (e == document.body) return '';
			return (e.id || e.className || e.tagName.toLowerCase()) + '|' + s.outlineWidth + ' ' + s.outlineStyle; })()`)
		if stop == "" {
			break
		}
		name, ring, _ := strings.Cut(stop, "|")
		if ring != "3px solid" {
			t.Errorf("%s has the ring %q", name, ring)
		}
		walked = append(walked, name)
	}
	order := []string{"skip", "brand", "login-identifier", "login-password", "login-submit"}
	last := -1
	for _, name := range order {
		at := slices.Index(walked, name)
		if at <= last {
			t.Fatalf("%s stands at %d after %d: %v", name, at, last, walked)
		}
		last = at
	}
	if walked[0] != "skip" {
		t.Fatalf("the first stop is %s", walked[0])
	}
}

// The error summary leads to the field: following its link puts the focus there.
func TestX21ErrorSummaryLeadsToTheField(t *testing.T) {
	server := httptest.NewServer(site(t))
	defer server.Close()
	tab := browser.New(t)
	tab.Open(t, server.URL+"/design/login-error")
	if err := chromedp.Do(tab.Context, chromedp.Click(chromedp.CSS(".error-summary a"))); err != nil {
		t.Fatal(err)
	}
	if at := evaluate[string](t, tab, `location.hash + ' ' + document.activeElement.id`); at != "#login-password login-password" {
		t.Fatalf("the focus is at %q", at)
	}
}

// The focus starts at the error summary, so that a screen reader begins there.
func TestX21FocusStartsAtTheErrorSummary(t *testing.T) {
	server := httptest.NewServer(site(t))
	defer server.Close()
	tab := browser.New(t)
	tab.Open(t, server.URL+"/design/proofing-error")
	at := ""
	for range 100 { // a busy machine runs the script after the page has loaded
		if at = evaluate[string](t, tab, `document.activeElement.className`); at == "error-summary" {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("the focus is at %q", at)
}

// The report lies inside the page and can be saved under the page's own policy, without scripts.
func TestReportCanBeSaved(t *testing.T) {
	server := httptest.NewServer(site(t))
	defer server.Close()
	tab, folder := browser.New(t), t.TempDir()
	params := cdpbrowser.SetDownloadBehaviorParams{Behavior: cdpbrowser.SetDownloadBehaviorBehaviorAllow, DownloadPath: folder, EventsEnabled: new(true)}
	if _, err := chromedp.CallBrowser(tab.Context, cdpbrowser.SetDownloadBehavior, params); err != nil {
		t.Fatal(err)
	}
	progress := chromedp.BrowserEvents(tab.Context, cdpbrowser.DownloadProgress)
	tab.Open(t, server.URL+"/design/verify-tampered")
	if err := chromedp.Do(tab.Context, chromedp.Click(chromedp.CSS("#verify-report"))); err != nil {
		t.Fatal(err)
	}
	for event, err := range progress {
		if err != nil {
			t.Fatal(err)
		}
		if event.State == cdpbrowser.DownloadProgressStateCompleted {
			break
		}
	}
	saved, err := os.ReadFile(filepath.Join(folder, "yinxin-report.json"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("gallery", "reports", "tampered.json"))
	if err != nil || string(saved) != string(want) {
		t.Fatalf("%d bytes were saved, want %d (%v)", len(saved), len(want), err)
	}
}

// axe-core finds nothing on any page in any view. A page whose markup is the same in every view is asked all rules once, and in
// each further view those of colours and places: nothing else of what axe looks at can change with a style.
func TestX21AxeFindsNothing(t *testing.T) {
	axe, err := os.ReadFile(filepath.Join("testdata", "axe", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	handler := site(t)
	server := httptest.NewServer(handler)
	defer server.Close()
	tab := viewed{Tab: browser.New(t), handler: handler, server: server}
	tab.Size(t, 1280, 900)
	for _, address := range addresses() {
		for _, view := range gallery.Views() {
			t.Run(strings.TrimPrefix(address, "/design/")+" "+view, func(t *testing.T) {
				if fresh := tab.show(t, address+"?lang=zh-CN", view); fresh {
					evaluate[bool](t, tab.Tab, string(axe)+";true")
					axeFindsNothing(t, tab.Tab, "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}", 10)
				} else {
					axeFindsNothing(t, tab.Tab, "{runOnly: {type: 'rule', values: ['color-contrast', 'link-in-text-block', 'target-size', 'scrollable-region-focusable']}}", 2)
				}
			})
		}
	}
}

// viewed is a tab that shows pages in one view after the other. It opens a page again only where the view changes more than styles.
type viewed struct {
	*browser.Tab
	handler http.Handler
	server  *httptest.Server
	loaded  string // the address and the markup that stand in the tab
}

// show brings the tab to the page in a view, and tells whether the page was opened for it.
func (v *viewed) show(t *testing.T, address, view string) (fresh bool) {
	t.Helper()
	whole := address + "&view=" + view
	markup := address + " " + withoutView(get(t, v.handler, whole).Body.String(), view)
	if markup == v.loaded {
		theme, size, _ := strings.Cut(view, ".")
		evaluate[bool](t, v.Tab, fmt.Sprintf("Object.assign(document.documentElement.dataset, {theme: %q, size: %q}), true", theme, size))
		return false
	}
	v.loaded = ""
	v.Prefer(t, "prefers-reduced-motion", "reduce") // or a colour would be looked at on its way to that of the next view
	v.Open(t, v.server.URL+whole)
	v.loaded = markup
	return true
}

// withoutView is a page without the names of its view: at its root, in the way back from the page of preferences, and on the button that
// changes the size.
func withoutView(page, view string) string {
	theme, size, _ := strings.Cut(view, ".")
	page = strings.NewReplacer(fmt.Sprintf(` data-theme=%q`, theme), "", fmt.Sprintf(` data-size=%q`, size), "", "view="+view, "", "view%3d"+view, "").Replace(page)
	return sizeButton.ReplaceAllString(page, "")
}

var sizeButton = regexp.MustCompile(`<button class="choice" form="display" name="size" [^<]*</button>`)

// axeFindsNothing runs axe in the page; fewer rules than least that had something to look at would mean that it saw nothing.
func axeFindsNothing(t *testing.T, tab *browser.Tab, options string, least int) {
	t.Helper()
	raw := evaluate[string](t, tab, `axe.run(document, `+options+`).then(r => JSON.stringify({
		found: r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.map(n => n.html.slice(0, 120) + ' ' + (n.any[0] || {message: ''}).message)})), passed: r.passes.length}))`, chromedp.EvalAwaitPromise)
	var result struct {
		Found []struct {
			ID, Help string
			Nodes    []string
		}
		Passed int
	}
	if err := json.Unmarshal([]byte(raw), &result); err != nil {
		t.Fatal(err)
	}
	for _, v := range result.Found {
		t.Errorf("%s: %s\n%s", v.ID, v.Help, strings.Join(v.Nodes, "\n"))
	}
	if result.Passed < least {
		t.Fatalf("only %d rules applied: the test is blind", result.Passed)
	}
}

// Pages stay readable when the system forces its colours, and follow its wish for dark colours. With -pictures every
// page is also drawn into files for reviewers.
func TestPicturesAndSystemColours(t *testing.T) {
	server := httptest.NewServer(site(t))
	defer server.Close()
	tab := browser.New(t)
	ground := func() string {
		return evaluate[string](t, tab, `getComputedStyle(document.body).backgroundColor`)
	}
	tab.Open(t, server.URL+"/design/login")
	light := ground()
	tab.Prefer(t, "prefers-color-scheme", "dark")
	dark := ground()
	tab.Prefer(t, "prefers-contrast", "more")
	contrast := ground()
	if light != "rgb(245, 247, 250)" || dark != "rgb(18, 23, 30)" || contrast != "rgb(0, 0, 0)" {
		t.Fatalf("ground is %s, dark %s, more contrast %s", light, dark, contrast)
	}
	tab.Prefer(t, "forced-colors", "active")
	if evaluate[bool](t, tab, `matchMedia('(forced-colors: active)').matches && getComputedStyle(document.querySelector('.button')).borderTopWidth == '2px'`) != true {
		t.Fatal("buttons have no border when colours are forced")
	}
	tab.Prefer(t, "prefers-color-scheme", "light")
	if *pictures == "" {
		return
	}
	for _, address := range addresses() {
		for _, width := range []int64{360, 1280} {
			for _, variant := range []string{"lang=zh-CN", "lang=en", "lang=zh-CN&view=dark", "lang=zh-CN&view=contrast", "lang=zh-CN&view=light.elder"} {
				tab.Size(t, width, 800)
				tab.Open(t, server.URL+address+"?"+variant)
				picture, err := chromedp.Run(tab.Context, chromedp.FullScreenshot(90))
				if err != nil {
					t.Fatal(err)
				}
				name := fmt.Sprintf("%s_%d_%s.jpg", strings.Trim(strings.TrimPrefix(address, "/design"), "/"), width, strings.NewReplacer("lang=", "", "&view=", "-").Replace(variant))
				if err := os.WriteFile(filepath.Join(*pictures, name), picture, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// The island of proof of work finds what the server asks for: SHA-256 of text and number begins with enough zero bits.
func TestWorkIslandFindsTheNumber(t *testing.T) {
	server := httptest.NewServer(site(t))
	defer server.Close()
	tab := browser.New(t)
	tab.Open(t, server.URL+"/design/login-work?lang=en")
	answer := ""
	for range 200 {
		if answer = evaluate[string](t, tab, `document.getElementById("work-answer").value`); answer != "" {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	text := evaluate[string](t, tab, `document.getElementById("work-answer").dataset.work`)
	if sum := sha256.Sum256([]byte(text + ":" + answer)); answer == "" || sum[0] != 0 {
		t.Errorf("%q with %q gives %x", text, answer, sum)
	}
	if problems := tab.Problems(); len(problems) > 0 {
		t.Errorf("the browser complains: %v", problems)
	}
}
