package licensehttp_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
)

// TestVerifyPageShowsTheDocument: the page behind the verdict, drawn from what the seal binds, with the seal's place leading to its signature.
func TestVerifyPageShowsTheDocument(t *testing.T) {
	s := newSite(t)
	id := s.issued("B1")
	if err := s.world.Service.Sweep(t.Context()); err != nil { // publishes the status list
		t.Fatal(err)
	}
	_, document, err := s.world.Service.Document(licensetest.Person, id)
	if err != nil {
		t.Fatal(err)
	}
	shown := func(content []byte) string {
		t.Helper()
		rec := s.uploadTo("/verify", "verify-file", "a.ofd", content)
		if rec.Code != http.StatusOK {
			t.Fatalf("%d: %s", rec.Code, rec.Body)
		}
		return rec.Body.String()
	}
	body := shown(document)
	for _, want := range []string{`class="sheet-page"`, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 `, `class="ofd-seal"`, `href="#r0-signature-1"`, `id="r0-signature-1"`, "第 1 页，共 1 页"} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if strings.Contains(body, "sheet-warning") || strings.Contains(body, " style=") {
		at := max(strings.Index(body, "sheet-warning"), strings.Index(body, " style="))
		t.Errorf("a genuine licence is shown with a warning, or with styles that the policy forbids: %.200s", body[at:])
	}
	if policy := s.uploadTo("/verify", "verify-file", "a.ofd", document).Header().Get("Content-Security-Policy"); strings.Contains(policy, "unsafe") || !strings.Contains(policy, "img-src 'self' data:") {
		t.Error(policy)
	}

	// Changed content is not shown; what still is, stands right below the words of the verdict.
	changed := shown(ofdtest.Edit(t, document, func(path string, content []byte) []byte {
		if strings.HasSuffix(path, "/Content.xml") {
			return append(content, ' ')
		}
		return content
	}))
	if !strings.Contains(changed, "V20") || strings.Contains(changed, `class="sheet-page"`) || !strings.Contains(changed, "内容在加盖后被改动") {
		t.Errorf("%s", changed)
	}

	// What is no document has no pages.
	if none := s.uploadTo("/verify", "verify-file", "a.txt", []byte("hello")).Body.String(); strings.Contains(none, `class="document-pages"`) {
		t.Error("pages of a text")
	}
	if broken := shown(document[:100]); !strings.Contains(broken, "不是可以画出页面的 OFD") || strings.Contains(broken, `class="sheet-page"`) {
		t.Error("a broken document has pages, or nobody is told why not")
	}
}

// TestPagesOfInvalidDocumentsCarryTheVerdict: each picture of a document that is not valid stands under the words of its verdict.
func TestPagesOfInvalidDocumentsCarryTheVerdict(t *testing.T) {
	s := newSite(t)
	stranger := ofdtest.New(t) // whose root nobody trusts
	rec := s.uploadTo("/verify", "verify-file", "a.ofd", stranger.Sealed(t, ofdtest.Sealing{}))
	body := rec.Body.String()
	at, picture := strings.Index(body, `class="sheet-warning`), strings.Index(body, `class="sheet-page"`)
	if at < 0 || picture < at || !strings.Contains(body[at:picture], "发章机构不在信任列表") || strings.Count(body[at:picture], "<svg xmlns") > 0 {
		t.Errorf("%d %d: %s", at, picture, body)
	}
	if !strings.Contains(body, `class="indeterminate"`) {
		t.Error("the place of the seal does not show the verdict of its signature")
	}
}
