package app_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/testkit/browser"
)

// TestForgeryInTheBrowser: with scripts the file is checked in the browser, without them it is uploaded; either result leads to the report, either
// report goes with its file, and its receipt tells the decision.
func TestForgeryInTheBrowser(t *testing.T) {
	p := apptest.Start(t, database(t))
	_, document := issued(t, p)
	reviewer, _ := reviewersOfTwo(t, p)
	for name, blank := range map[string]string{"with scripts": " ", "without scripts": "  "} {
		t.Run(name, func(t *testing.T) {
			changed := filepath.Join(t.TempDir(), "changed.ofd")
			if err := os.WriteFile(changed, ofdtest.Edit(t, document, func(path string, content []byte) []byte {
				if strings.HasSuffix(path, "/Content.xml") {
					return append(content, blank...)
				}
				return content
			}), 0o600); err != nil {
				t.Fatal(err)
			}
			tab := browser.New(t)
			if name == "without scripts" {
				tab.WithoutScripts(t)
			}
			attach := func(id string) {
				t.Helper()
				if err := chromedp.Do(tab.Context, chromedp.SetUploadFiles(chromedp.CSS("#"+id), []string{changed})); err != nil {
					t.Fatal(err)
				}
			}
			text := func(id string) string {
				t.Helper()
				said, err := chromedp.Run(tab.Context, chromedp.Text(chromedp.CSS("#"+id)))
				if err != nil {
					t.Fatal(err)
				}
				return strings.TrimSpace(said)
			}
			tab.Size(t, 360, 800)
			tab.Open(t, p.URL+"/verify?lang=zh-CN")
			attach("verify-file")
			tab.Press(t, "verify-submit", "#verify-forgery")
			if local := strings.Contains(text("main"), "已在您的设备上核验，文件"); local != (name == "with scripts") {
				t.Errorf("checked in the browser: %v", local)
			}
			tab.Press(t, "verify-forgery", "#forgery-submit")
			if seen := text("forgery-seen"); !strings.Contains(seen, "V20") {
				t.Errorf("%q", seen)
			}
			tab.Fill(t, map[string]string{"where": "签约时出示", "contact": "无"})
			attach("file")
			tab.Press(t, "send-file", "#send-file")
			tab.Press(t, "forgery-submit", "#contact-error")
			tab.Fill(t, map[string]string{"contact": whoReported})
			attach("file") // no browser keeps a file
			tab.Press(t, "forgery-submit", "#forgery-receipt")
			receipt := text("forgery-receipt")
			if problems := tab.Problems(); len(problems) > 0 {
				t.Error(problems)
			}

			openPage(t, p, reviewer, "/license/forgeries?state=received")
			at := caseLink.FindString(reviewer.Page.Source)
			submit(t, reviewer, p.URL+at, map[string]string{"forgery-take": "1"})
			submit(t, reviewer, p.URL+at, map[string]string{"forgery-decide": "1", "decision": "forged", "words": "照面内容被改动"})
			tab.Open(t, p.URL+"/verify/report/status")
			tab.Fill(t, map[string]string{"receipt": strings.ToLower(receipt)})
			tab.Press(t, "forgery-ask", "#forgery-status")
			if said := text("forgery-words"); said != "照面内容被改动" {
				t.Errorf("%q", said)
			}
		})
	}
}
