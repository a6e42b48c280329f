package licensehttp_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/internal/testkit/browser"
)

// TestTheReadingCopyInTheBrowser: the page loads nothing but itself, its style sheet passes its policy, nothing stands beside a narrow screen, and axe-core
// finds nothing, in light and in dark colours.
func TestTheReadingCopyInTheBrowser(t *testing.T) {
	w := licensetest.NewWorld(t, licensetest.NewTwin())
	w.RealLetters = true
	w.Restart(t)
	s := siteOf(t, w)
	id := s.issued("B1")
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		r.Header.Set("X-Actor", person.id)
		s.mux.ServeHTTP(rw, r)
	}))
	defer server.Close()
	axe, err := os.ReadFile(filepath.Join(testkit.Root(), "web", "testdata", "axe", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	tab := browser.New(t)
	for _, language := range []string{"zh-CN", "en"} {
		for _, scheme := range []string{"light", "dark"} {
			for _, width := range []int64{360, 1280} {
				tab.Size(t, width, 900)
				tab.Prefer(t, "prefers-color-scheme", scheme)
				before := tab.Requests()
				tab.Open(t, server.URL+"/me/licenses/"+id+"/file?format=html&lang="+language)
				if n := tab.Requests() - before; n > 2 { // the page, and what a browser asks on its own for the mark of a site
					t.Errorf("%d requests", n)
				}
				if *pictures != "" {
					picture, err := chromedp.Run(tab.Context, chromedp.FullScreenshot(100))
					if err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(filepath.Join(*pictures, "reading_"+language+"_"+scheme+map[int64]string{360: "_360", 1280: "_1280"}[width]+".png"), picture, 0o600); err != nil {
						t.Fatal(err)
					}
				}
				found, err := chromedp.Run(tab.Context, chromedp.Evaluate[string](string(axe)+`;axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}).then(r => JSON.stringify({
					found: r.violations.map(v => v.id + ' ' + v.nodes.map(n => n.html).join()), blind: r.passes.length < 10, wide: document.documentElement.scrollWidth > innerWidth,
					styled: getComputedStyle(document.querySelector('dl > div')).display, dark: matchMedia('(prefers-color-scheme: dark)').matches}))`, chromedp.EvalAwaitPromise))
				want := `{"found":[],"blind":false,"wide":false,"styled":"grid","dark":` + map[string]string{"light": "false", "dark": "true"}[scheme] + `}`
				if err != nil || found != want {
					t.Errorf("%s %s %d: %s %v", language, scheme, width, found, err)
				}
			}
		}
	}
	for _, problem := range tab.Problems() {
		t.Errorf("the browser complains: %s", problem)
	}
}
