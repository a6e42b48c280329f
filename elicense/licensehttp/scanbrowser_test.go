package licensehttp_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/internal/testkit/browser"
)

// standIn is a camera and a reader of codes for a browser that has neither: the second picture holds a code, or the camera is refused.
func standIn(code string, refused bool) string {
	return `globalThis.BarcodeDetector = class {
		static async getSupportedFormats() { return ["qr_code"]; }
		async detect() { this.seen = (this.seen ?? 0) + 1; return this.seen < 2 ? [] : [{ rawValue: ` + strconv.Quote(code) + ` }]; }
	};
	Object.defineProperty(navigator, "mediaDevices", { value: { getUserMedia: async () => {
		if (` + strconv.FormatBool(refused) + `) throw new DOMException("no", "NotAllowedError");
		const canvas = document.createElement("canvas");
		canvas.getContext("2d").fillRect(0, 0, 10, 10);
		globalThis.stream = canvas.captureStream(5);
		return globalThis.stream;
	} } });`
}

// TestACodeIsScanned: where the browser reads codes, one press scans one and hands it in; the camera is off again. A camera that is refused says what else there is, and
// a browser without a reader shows no button.
func TestACodeIsScanned(t *testing.T) {
	b := newBooth(t)
	id := b.issued("B1")
	shown, err := b.world.Service.Present(licensetest.Person, id, elicense.PresentRequest{})
	if err != nil {
		t.Fatal(err)
	}
	tab := func(script string) *browser.Tab {
		t.Helper()
		tab := browser.New(t)
		tab.Size(t, 360, 800)
		if script != "" {
			if _, err := chromedp.Call(tab.Context, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script}); err != nil {
				t.Fatal(err)
			}
		}
		tab.Open(t, b.server.URL+"/verify")
		return tab
	}
	scanning := tab(standIn(shown.Code, false))
	scanning.Press(t, "verify-scan", "#verdict-code")
	if text, err := chromedp.Run(scanning.Context, chromedp.Evaluate[string](`document.querySelector("main").innerText`)); err != nil || !strings.Contains(text, "V00") || !strings.Contains(text, "持证人出示的内容") {
		t.Errorf("%v: %s", err, text)
	}
	refused := tab(standIn("", true))
	refused.Press(t, "verify-scan", "[data-scan] p:not(:empty)")
	if text, err := chromedp.Run(refused.Context, chromedp.Evaluate[string](`document.querySelector("[data-scan]").innerText`)); err != nil || !strings.Contains(text, "相机不可用") || !strings.Contains(text, "用相机扫码") {
		t.Errorf("%v: %s", err, text)
	}
	without := tab("delete globalThis.BarcodeDetector;")
	if found, err := chromedp.Run(without.Context, chromedp.Evaluate[bool](`document.querySelector("#verify-scan") !== null`)); err != nil || found {
		t.Errorf("a button that does nothing: %v %v", found, err)
	}
}
