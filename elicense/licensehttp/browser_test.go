package licensehttp_test

import (
	"bytes"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/internal/i18n"
	"github.com/yinxin-gov/yinxin/internal/testkit/browser"
	"github.com/yinxin-gov/yinxin/web"
)

// pictures is where reviewers want pictures: go test ./elicense/licensehttp -run Browser -pictures /tmp/pictures
var pictures = flag.String("pictures", "", "folder for pictures of every page")

// booth is the page /verify in a real browser, with all that was ever sent to the server.
type booth struct {
	*site
	server *httptest.Server
	mutex  sync.Mutex
	sent   []string // method, address, headers and body of each request
}

func newBooth(t *testing.T) *booth {
	t.Helper()
	b := &booth{site: newSite(t)}
	catalogue, err := i18n.New(i18n.Config{})
	if err != nil {
		t.Fatal(err)
	}
	renderer, err := web.New(web.Config{Catalogue: catalogue})
	if err != nil {
		t.Fatal(err)
	}
	static := renderer.Static()
	b.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		var all strings.Builder
		all.WriteString(r.Method + " " + r.URL.String() + "\n")
		_ = r.Header.Write(&all)
		all.Write(body)
		b.mutex.Lock()
		b.sent = append(b.sent, all.String())
		b.mutex.Unlock()
		r.Body = io.NopCloser(bytes.NewReader(body))
		if strings.HasPrefix(r.URL.Path, "/static/") || strings.HasSuffix(r.URL.Path, ".js") {
			static.ServeHTTP(w, r)
			return
		}
		b.mux.ServeHTTP(w, r)
	}))
	t.Cleanup(b.server.Close)
	b.world.Advance(time.Since(b.world.Now())) // the browser has a clock of its own
	return b
}

func (b *booth) requests() []string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return append([]string{}, b.sent...)
}

func (b *booth) file(name string, content []byte) string {
	b.t.Helper()
	path := filepath.Join(b.t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		b.t.Fatal(err)
	}
	return path
}

// check hands a file to the form and waits for the result.
func (b *booth) check(tab *browser.Tab, path, wait string) {
	b.t.Helper()
	tab.Open(b.t, b.server.URL+"/verify")
	if err := chromedp.Do(tab.Context, chromedp.SetUploadFiles(chromedp.CSS("#verify-file"), []string{path}), chromedp.Click(chromedp.CSS("#verify-submit")), chromedp.WaitVisible(chromedp.CSS(wait))); err != nil {
		text, _ := chromedp.Run(tab.Context, chromedp.Evaluate[string](`document.querySelector("main").innerText`))
		b.t.Fatalf("%v\n%s\n%v", err, text, tab.Problems())
	}
}

// shown is what the result says, everything opened.
func (b *booth) shown(tab *browser.Tab) string {
	b.t.Helper()
	text, err := chromedp.Run(tab.Context, chromedp.Evaluate[string](`(() => { document.querySelectorAll(".result details").forEach(d => d.open = true);
		return document.querySelector(".result").innerText.replace(/[ \t]+/g, " ").replace(/\s*\n\s*/g, "\n").trim(); })()`))
	if err != nil {
		b.t.Fatal(err)
	}
	return text
}

func (b *booth) look(tab *browser.Tab, name string) {
	b.t.Helper()
	if *pictures == "" {
		return
	}
	for _, width := range []int64{360, 1280} {
		tab.Size(b.t, width, 800)
		picture, err := chromedp.Run(tab.Context, chromedp.FullScreenshot(100))
		if err != nil {
			b.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(*pictures, name+map[int64]string{360: "_360", 1280: "_1280"}[width]+".png"), picture, 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
	tab.Size(b.t, 1280, 900)
}

// TestX16BrowserChecksFilesWithoutSendingThem: a file that is checked on /verify stays in the browser. No request holds any of its octets, the
// number of its licence or its name, and none has a body; what is shown is what the server shows for the same file.
func TestX16BrowserChecksFilesWithoutSendingThem(t *testing.T) {
	b := newBooth(t)
	id := b.issued("B1")
	if err := b.world.Service.Sweep(t.Context()); err != nil { // publishes the status list
		t.Fatal(err)
	}
	detail, err := b.world.Service.Find(licensetest.Person, id)
	if err != nil {
		t.Fatal(err)
	}
	_, license, err := b.world.Service.Document(licensetest.Person, id)
	if err != nil {
		t.Fatal(err)
	}
	packed, _, err := b.world.Service.PackEvidence(licensetest.Person, "a.ofd", license)
	if err != nil {
		t.Fatal(err)
	}
	changed := ofdtest.Edit(t, license, func(path string, content []byte) []byte {
		if strings.HasSuffix(path, "/Content.xml") {
			return append(content, ' ')
		}
		return content
	})
	stranger := ofdtest.New(t).Sealed(t, ofdtest.Sealing{})
	local, plain := browser.New(t), browser.New(t)
	local.Size(t, 1280, 900)
	plain.Size(t, 1280, 900)
	plain.WithoutScripts(t)
	for name, one := range map[string]struct {
		content []byte
		code    string
	}{"secret-licence.ofd": {license, "V00"}, "secret-changed.ofd": {changed, "V20"}, "secret-stranger.ofd": {stranger, "V24"}, "secret-evidence.zip": {packed, "V00"}, "secret-text.txt": {[]byte("a secret text"), "V31"}} {
		path := b.file(name, one.content)
		before := len(b.requests())
		b.check(local, path, ".result[data-done]")
		for _, request := range b.requests()[before:] {
			method, _, _ := strings.Cut(request, " ")
			if method != http.MethodGet || !strings.HasSuffix(request, "\r\n") {
				t.Errorf("%s: a request with a body: %.200s", name, request)
			}
			for _, secret := range []string{"secret", detail.LicenseID, string(one.content[len(one.content)/2:][:min(12, len(one.content)/2)])} {
				if strings.Contains(request, secret) {
					t.Errorf("%s: a request holds %q: %.300s", name, secret, request)
				}
			}
		}
		if problems, elsewhere := local.Problems(), local.Elsewhere(t, b.server.URL); len(problems)+len(elsewhere) > 0 {
			t.Errorf("%s: %v %v", name, problems, elsewhere)
		}
		here := b.shown(local)
		if !strings.Contains(here, one.code) {
			t.Errorf("%s is not %s here:\n%s", name, one.code, here)
		}
		took, err := chromedp.Run(local.Context, chromedp.Evaluate[string](`document.querySelector(".result").dataset.took`))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %s ms", name, took)
		boxes, err := chromedp.Run(local.Context, chromedp.Evaluate[bool](`document.body.innerText.includes("个字无法画出")`))
		if err != nil || boxes {
			t.Errorf("%s: letters that the document does not bring are boxes (%v)", name, err)
		}
		b.look(local, "local-"+name)

		// The same by upload; there the file is sent, so the test of requests above can see it.
		before = len(b.requests())
		b.check(plain, path, "#verify-report")
		if sent := strings.Join(b.requests()[before:], ""); !strings.Contains(sent, "secret") {
			t.Fatal("an upload goes unseen: the test is blind")
		}
		if there := b.shown(plain); here != there {
			t.Errorf("%s: the browser shows\n%s\nthe server\n%s", name, here, there)
		}
		b.look(plain, "upload-"+name)
	}
}

// TestBrowserOffersTheUploadWhenItCannotCheck: a verifier that does not load leaves the other way, said plainly.
func TestBrowserOffersTheUploadWhenItCannotCheck(t *testing.T) {
	b := newBooth(t)
	inner := b.server.Config.Handler
	b.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "verify.wasm") {
			http.Error(w, "gone", http.StatusServiceUnavailable)
			return
		}
		inner.ServeHTTP(w, r)
	})
	tab := browser.New(t)
	path := b.file("a.ofd", ofdtest.New(t).Sealed(t, ofdtest.Sealing{}))
	b.check(tab, path, "#verify-upload-submit")
	for _, request := range b.requests() {
		if strings.HasPrefix(request, http.MethodPost) {
			t.Error("the file was uploaded unasked")
		}
	}
	tab.Press(t, "verify-upload-submit", "#verdict-code")
}

// The verifier comes while the person looks at the name of the file that was chosen; nothing is judged or said until that is asked for.
func TestVerifierComesWhenAFileIsChosen(t *testing.T) {
	b := newBooth(t)
	tab := browser.New(t)
	tab.Open(t, b.server.URL+"/verify")
	asked := func() (n int) {
		for _, request := range b.requests() {
			if strings.Contains(request, "verify.wasm") {
				n++
			}
		}
		return n
	}
	if asked() != 0 {
		t.Error("the program is loaded before anybody wants it")
	}
	path := b.file("some.ofd", ofdtest.Document(t))
	if err := chromedp.Do(tab.Context, chromedp.SetUploadFiles(chromedp.CSS("#verify-file"), []string{path})); err != nil {
		t.Fatal(err)
	}
	for begun := time.Now(); asked() == 0; time.Sleep(20 * time.Millisecond) {
		if time.Since(begun) > 30*time.Second {
			t.Fatal("the program is not loaded when a file is chosen")
		}
	}
	if hidden, err := chromedp.Run(tab.Context, chromedp.Evaluate[bool](`document.querySelector("#verify-progress").hidden`)); err != nil || !hidden {
		t.Errorf("something is said that nobody asked for: %v", err)
	}
	if err := chromedp.Do(tab.Context, chromedp.Click(chromedp.CSS("#verify-submit")), chromedp.WaitVisible(chromedp.CSS(".result"))); err != nil {
		t.Fatal(err)
	}
	if asked() != 1 {
		t.Errorf("the program was loaded %d times", asked())
	}
}

// TestVerifyWithoutANetwork: what was kept on a device opens /verify and judges files and codes when nothing can be reached, and says of when it is. It
// does not judge with lists older than seven days (license.md 11.4), keeps nobody's name, and is gone when it is removed.
func TestVerifyWithoutANetwork(t *testing.T) {
	b := newBooth(t)
	id := b.issued("B1")
	if err := b.world.Service.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, license, err := b.world.Service.Document(licensetest.Person, id)
	if err != nil {
		t.Fatal(err)
	}
	shown, err := b.world.Service.Present(licensetest.Person, id, elicense.PresentRequest{})
	if err != nil {
		t.Fatal(err)
	}
	tab := browser.New(t)
	tab.Size(t, 1280, 900)
	path := b.file("licence.ofd", license)
	script := func(expression string) string {
		t.Helper()
		value, err := chromedp.Run(tab.Context, chromedp.Evaluate[string]("(async () => String(await ("+expression+")))()", chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatalf("%s: %v", expression, err)
		}
		return value
	}
	until := func(expression string) {
		t.Helper()
		for begun := time.Now(); script(expression) != "true"; time.Sleep(50 * time.Millisecond) {
			if time.Since(begun) > time.Minute {
				t.Fatalf("%s never holds: %s", expression, script(`document.querySelector("main").innerText`))
			}
		}
	}
	tab.Open(t, b.server.URL+"/verify")
	if have := script(`(async () => (await navigator.serviceWorker.getRegistrations()).length)()`); have != "0" {
		t.Error("something is kept unasked")
	}
	tab.Press(t, "verify-offline-keep", "#verify-offline-drop")
	until(`document.querySelector("#verify-offline-state").innerText.startsWith("已保存")`)
	until(`navigator.serviceWorker.ready.then((r) => r.active.state === "activated")`)
	for _, request := range b.requests() {
		if strings.HasPrefix(request, "GET /verify?lang=") && strings.Contains(request, "Cookie:") {
			t.Error("the page is kept as somebody's")
		}
	}
	b.look(tab, "kept")

	away := b.server.URL
	b.server.CloseClientConnections()
	b.server.Close()
	if _, err := chromedp.Call(tab.Context, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: true}); err != nil {
		t.Fatal(err)
	}
	tab.Open(t, away+"/verify")
	until(`!document.querySelector("#verify-away").hidden`)
	b.look(tab, "away")
	if err := chromedp.Do(tab.Context, chromedp.SetUploadFiles(chromedp.CSS("#verify-file"), []string{path}), chromedp.Click(chromedp.CSS("#verify-submit")), chromedp.WaitVisible(chromedp.CSS(".result"))); err != nil {
		t.Fatalf("%v: %s", err, script(`document.querySelector("main").innerText`))
	}
	if code := script(`document.querySelector("#verdict-code").innerText`); code != "V00" {
		t.Errorf("a licence in force is %s", code)
	}
	if text := script(`document.querySelector("#verify-local").innerText`); !strings.Contains(text, "没有网络") {
		t.Errorf("the result says %q", text)
	}
	if script(`String(document.querySelector("#verify-online"))`) != "null" {
		t.Error("a question to the server is offered")
	}
	b.look(tab, "away-licence")
	tab.Open(t, away+"/verify")
	tab.Fill(t, map[string]string{"verify-code": shown.Code})
	tab.Press(t, "verify-code-submit", ".result")
	if text := b.shown(tab); !strings.Contains(text, "V00") && !strings.Contains(text, "V01") {
		t.Errorf("a code that is shown: %s", text)
	}
	b.look(tab, "away-code")
	tab.Open(t, away+"/verify")
	script(`document.querySelector("#verify-page-text").closest("details").open = true`)
	tab.Fill(t, map[string]string{"verify-code": shown.Code, "verify-page-text": "营业执照"})
	tab.Press(t, "verify-code-submit", ".result")
	if code := script(`document.querySelector("#verdict-code").innerText`); code != "V20" {
		t.Errorf("a code beside a text that is not its own is %s", code)
	}

	script(`caches.open("yinxin-verify").then(async (c) => { const r = await c.match("/verify/trust"), h = new Headers(r.headers); h.set("Kept", new Date(Date.now() - 7 * 24 * 3600e3 - 1000).toISOString()); await c.put("/verify/trust", new Response(await r.text(), {headers: h})); })`)
	tab.Open(t, away+"/verify")
	until(`document.querySelector("#verify-offline-state").innerText.includes("已超过 7 天")`)
	if err := chromedp.Do(tab.Context, chromedp.SetUploadFiles(chromedp.CSS("#verify-file"), []string{path}), chromedp.Click(chromedp.CSS("#verify-submit"))); err != nil {
		t.Fatal(err)
	}
	until(`document.querySelector("#verify-progress").innerText.includes("现在不能核验")`)
	if script(`document.querySelector("#verify-upload").hidden`) != "true" {
		t.Error("an upload is offered")
	}
	tab.Press(t, "verify-offline-drop", "#verify-offline")
	until(`document.querySelector("#verify-offline-state").innerText === "这台设备上没有保存。"`)
	until(`Promise.all([caches.keys(), navigator.serviceWorker.getRegistrations()]).then((all) => all.flat().length === 0)`)
}
