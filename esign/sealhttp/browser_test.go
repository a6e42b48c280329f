package sealhttp_test

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/internal/i18n"
	"github.com/yinxin-gov/yinxin/internal/testkit/browser"
)

// pictures is where reviewers want pictures of every page: go test ./esign/sealhttp -run Browser -pictures /tmp/pictures
var pictures = flag.String("pictures", "", "folder for pictures of every page")

// desk is a browser in which one of the staff sits.
type desk struct {
	*site
	tab    *browser.Tab
	server *httptest.Server
	as     caller
	locale string
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{site: newSite(t), as: keeper, locale: i18n.Chinese}
	d.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Set("X-Actor", d.as.id)
		r.Header.Set("X-Roles", d.as.roles)
		r.Header.Set("Accept-Language", d.locale)
		d.mux.ServeHTTP(w, r)
	}))
	t.Cleanup(d.server.Close)
	d.tab = browser.New(t)
	d.tab.Size(t, 1280, 900)
	d.tab.WithoutScripts(t)
	return d
}

func (d *desk) open(as caller, path string) {
	d.t.Helper()
	d.as = as
	d.tab.Open(d.t, d.server.URL+path)
}

// look checks the page that is shown, and draws it for reviewers.
func (d *desk) look(name string) {
	d.t.Helper()
	if elsewhere, problems := d.tab.Elsewhere(d.t, d.server.URL), d.tab.Problems(); len(elsewhere)+len(problems) > 0 {
		d.t.Errorf("%s: asked %v, the browser says %v", name, elsewhere, problems)
	}
	if *pictures == "" {
		return
	}
	for _, width := range []int64{360, 1280} {
		d.tab.Size(d.t, width, 800)
		picture, err := chromedp.Run(d.tab.Context, chromedp.FullScreenshot(90))
		if err != nil {
			d.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(*pictures, fmt.Sprintf("%s_%d_%s.jpg", name, width, d.locale)), picture, 0o600); err != nil {
			d.t.Fatal(err)
		}
	}
	d.tab.Size(d.t, 1280, 900)
}

func (d *desk) do(what string, actions ...chromedp.Action[chromedp.Void]) {
	d.t.Helper()
	if err := chromedp.Do(d.tab.Context, actions...); err != nil {
		d.t.Fatalf("%s: %v", what, err)
	}
}

// step opens a change of state, gives its reason, presses its button and waits for the page that offers it no more.
func (d *desk) step(name, reason string) {
	d.t.Helper()
	d.do("open "+name, chromedp.Click(chromedp.CSS(`details:has(#seal-`+name+`) > summary`)), chromedp.WaitVisible(chromedp.CSS("#seal-"+name)))
	if reason != "" {
		d.tab.Fill(d.t, map[string]string{"seal-" + name + "-reason": reason})
	}
	d.tab.Press(d.t, "seal-"+name, "body:not(:has(#seal-"+name+")) #seal-id")
}

// TestBrowserLifeOfASealWithoutScripts: three people take a seal from application to use and end, in a real browser.
func TestBrowserLifeOfASealWithoutScripts(t *testing.T) {
	d := newDesk(t)
	file := filepath.Join(t.TempDir(), "办事指南.ofd")
	if err := os.WriteFile(file, sealtest.Document(t, 1), 0o600); err != nil {
		t.Fatal(err)
	}
	d.open(keeper, "/seal")
	d.look("list-empty")
	d.tab.Press(t, "seal-make", "#seal-submit")
	d.tab.Press(t, "seal-submit", ".error-summary")
	d.look("apply-error")
	d.tab.Fill(t, map[string]string{"seal-owner": "示例市市场监督管理局", "seal-line": "行政审批专用章", "seal-number": "37030000000001"})
	d.look("apply")
	d.tab.Press(t, "seal-submit", "#seal-id")
	d.look("applied")
	path := d.path()
	for _, s := range []struct {
		as   caller
		name string
	}{{reviewer, "approve"}, {maker, "make"}, {keeper, "activate"}} {
		d.open(s.as, path)
		d.look("before-" + s.name)
		d.step(s.name, "")
	}
	stamp := func(x string, next string) {
		d.do("fill", chromedp.SetUploadFiles(chromedp.CSS("#stamp-file"), []string{file}), chromedp.Clear(chromedp.CSS("#stamp-x")))
		d.tab.Fill(t, map[string]string{"stamp-x": x, "stamp-item": "2026-1124-0001"})
		d.tab.Press(t, "stamp-submit", next)
	}
	d.tab.Fill(t, map[string]string{"stamp-purpose": "公布办事指南"})
	stamp("200", ".error-summary")
	d.look("stamp-error")
	d.do("clear", chromedp.Clear(chromedp.CSS("#stamp-item")))
	stamp("140", "#stamp-download")
	d.look("stamp-result")
	d.open(keeper, path)
	d.look("in-use")
	d.step("suspend", "遗失")
	d.look("suspended")
	d.open(reviewer, path)
	d.step("resume", "")
	d.step("revoke", "机构撤并")
	d.look("revoked")
	d.open(keeper, "/seal")
	d.look("list")
	seal, err := d.world.Service.FindByCode(sealtest.Keeper, "37030000000001")
	if err != nil || seal.State != esign.Revoked || seal.Applicant != keeper.id || seal.Reviewer != reviewer.id || seal.Maker != maker.id {
		t.Errorf("%+v %v", seal, err)
	}
	if all := d.twin.AllStamps(); len(all) != 1 || all[0].State != esign.Stored {
		t.Errorf("%+v", all)
	}
}

// path is where the browser stands.
func (d *desk) path() string {
	d.t.Helper()
	address, err := chromedp.Run(d.tab.Context, chromedp.Location())
	if err != nil {
		d.t.Fatal(err)
	}
	return strings.TrimPrefix(address, d.server.URL)
}

// TestBrowserPagesInEnglish looks at the longest pages with the longest words, at the width of a phone.
func TestBrowserPagesInEnglish(t *testing.T) {
	d := newDesk(t)
	d.locale = i18n.English
	seal := d.world.Active(t, sealtest.SampleApplication(1))
	for n := range 11 {
		request := sealtest.Request(seal, sealtest.Document(t, 1))
		request.Key = fmt.Sprint("key", n)
		if _, _, err := d.world.Service.Stamp(sealtest.Keeper, request); err != nil {
			t.Fatal(err)
		}
	}
	for name, path := range map[string]string{"list": "/seal", "apply": "/seal/new", "in-use": "/seal/" + seal.ID, "forbidden": "/seal/seal_none"} {
		d.open(every, path)
		d.look(name)
	}
}
