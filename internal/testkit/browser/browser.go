// Package browser opens pages in a real Chromium, for tests of what people see. It stands apart from testkit so that
// only the tests that need a browser carry the browser's protocol.
package browser

import (
	"context"
	"fmt"
	"net/url"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Tab is one tab of a throw-away Chromium. It remembers every request that the page made and everything that the
// browser complained about.
type Tab struct {
	Context context.Context // for chromedp.Run and chromedp.Do

	mutex    sync.Mutex
	requests []string
	problems []string
}

// browserTime bounds everything that one test does with its browser: some walk through all pages, beside other tests.
const browserTime = 40 * time.Minute

// New starts Chromium, headless and with a profile of its own, and opens a tab; both end with the test. The test
// fails when no Chromium is found.
func New(t testing.TB) *Tab {
	t.Helper()
	path, err := chromium()
	if err != nil {
		t.Fatal(err)
	}
	timeout, cancelTimeout := context.WithTimeout(context.Background(), browserTime)
	allocator, cancelAllocator := chromedp.NewExecAllocator(timeout,
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("hide-scrollbars", true),
	)
	tab := &Tab{}
	tabContext, cancelTab := chromedp.NewContext(allocator, chromedp.WithListener(tab.listen))
	tab.Context = tabContext
	t.Cleanup(func() {
		if err := chromedp.Cancel(tabContext); err != nil {
			t.Logf("close browser: %v", err)
		}
		cancelTab()
		cancelAllocator()
		cancelTimeout()
	})
	if err := chromedp.Do(tabContext, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	for _, start := range []func() error{
		func() error { _, err := chromedp.Call(tabContext, network.Enable, network.EnableParams{}); return err },
		func() error { _, err := chromedp.Call(tabContext, log.Enable, cdp.Empty{}); return err },
	} {
		if err := start(); err != nil {
			t.Fatalf("listen to the browser: %v", err)
		}
	}
	return tab
}

func chromium() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("browser tests need Chromium and none is installed (Debian: apt-get install chromium; make test installs it)")
}

// listen runs on the goroutine that reads the browser's messages, so it only takes notes.
func (b *Tab) listen(event any) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *log.EventEntryAdded:
		if e.Entry.Level == "error" || e.Entry.Source == "security" {
			b.problems = append(b.problems, e.Entry.Text)
		}
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, e.ExceptionDetails.Text)
	}
}

// Open loads the address, whatever its status, and forgets what was noted before.
func (b *Tab) Open(t testing.TB, address string) {
	t.Helper()
	b.mutex.Lock()
	b.requests, b.problems = nil, nil
	b.mutex.Unlock()
	err := chromedp.Do(b.Context, chromedp.Navigate(address))
	for range 3 { // a page that goes on by itself, such as a login by passkey, may cut in
		if err == nil || !strings.Contains(err.Error(), "net::ERR_ABORTED") {
			break
		}
		err = chromedp.Do(b.Context, chromedp.Sleep(200*time.Millisecond), chromedp.Navigate(address))
	}
	if err != nil {
		t.Fatalf("open %s: %v", address, err)
	}
}

// Size sets the window, in CSS pixels.
func (b *Tab) Size(t testing.TB, width, height int64) {
	t.Helper()
	if err := chromedp.Do(b.Context, chromedp.EmulateViewport(width, height)); err != nil {
		t.Fatalf("set window: %v", err)
	}
}

// WithoutScripts switches scripts off, as people with old or careful browsers have them.
func (b *Tab) WithoutScripts(t testing.TB) {
	t.Helper()
	if _, err := chromedp.Call(b.Context, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatalf("switch scripts off: %v", err)
	}
}

// Fill types into the inputs with these ids.
func (b *Tab) Fill(t testing.TB, values map[string]string) {
	t.Helper()
	for id, value := range values {
		field := chromedp.CSS("#" + id)
		old, err := chromedp.Run(b.Context, chromedp.Value(field))
		if err == nil && old != "" { // a page may know it already
			err = chromedp.Do(b.Context, chromedp.Clear(field))
		}
		if err == nil {
			err = chromedp.Do(b.Context, chromedp.SendKeys(field, value))
		}
		if err != nil {
			t.Fatalf("fill %s: %v", id, err)
		}
	}
}

// Press clicks the element with the id and waits until the page that follows shows one of the CSS selectors.
func (b *Tab) Press(t testing.TB, id, next string) {
	t.Helper()
	if err := chromedp.Do(b.Context, chromedp.Click(chromedp.CSS("#"+id)), chromedp.WaitVisible(chromedp.CSS(next))); err != nil {
		t.Fatalf("press %s and wait for %s: %v", id, next, err)
	}
}

// Prefer sets a media feature, for instance "forced-colors" to "active"; an empty value takes it back.
func (b *Tab) Prefer(t testing.TB, feature, value string) {
	t.Helper()
	params := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: feature, Value: value}}}
	if _, err := chromedp.Call(b.Context, emulation.SetEmulatedMedia, params); err != nil {
		t.Fatalf("set media feature: %v", err)
	}
}

// Elsewhere lists the requests since Open that went to another origin than the address (check X-05). Addresses with
// the content inside are no requests.
func (b *Tab) Elsewhere(t testing.TB, address string) []string {
	t.Helper()
	home, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	var all []string
	for _, request := range b.requests {
		u, err := url.Parse(request)
		if err != nil || u.Scheme != "data" && (u.Scheme != home.Scheme || u.Host != home.Host) {
			all = append(all, request)
		}
	}
	return all
}

// Requests is the number of requests since Open.
func (b *Tab) Requests() int {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return len(b.requests)
}

// Problems lists the errors and policy violations that the browser reported since Open. That a page was answered with
// an error status is none.
func (b *Tab) Problems() []string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	var all []string
	for _, problem := range b.problems {
		if !strings.HasPrefix(problem, "Failed to load resource: the server responded with a status of") {
			all = append(all, problem)
		}
	}
	return all
}
