package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/yinxin-gov/yinxin/internal/quickstart"
	"github.com/yinxin-gov/yinxin/internal/testkit/browser"
)

// pictures is where reviewers want pictures of the main job: go test ./cmd/yinxin -run RealBrowser -pictures /tmp/pictures
var pictures = flag.String("pictures", "", "folder for pictures of the main job")

// TestMainJobInARealBrowser walks a person with scripts switched off through the running platform at both widths and in
// two languages: nothing is asked of anybody else, the browser finds nothing to complain about, every page is there.
func TestMainJobInARealBrowser(t *testing.T) {
	data := t.TempDir()
	out, _ := begin(t, "quickstart", "--data", data, "--listen", "127.0.0.1:0", "--json")
	until(t, "the report", func() bool { return strings.HasSuffix(out.String(), "}\n") })
	r := report(t, out.String())
	for _, width := range []int64{360, 1280} {
		for _, language := range []string{"zh-CN", "en"} {
			t.Run(fmt.Sprint(width, " ", language), func(t *testing.T) {
				tab := browser.New(t)
				tab.WithoutScripts(t)
				tab.Size(t, width, 800)
				v := &visit{t: t, tab: tab, issuer: r.Issuer, language: language, prefix: fmt.Sprintf("%d-%s-", width, language)}
				for _, path := range []string{"/", "/register", "/verify", "/inbox", "/nothing-here"} {
					v.open(path)
				}
				v.open("/verify")
				if err := chromedp.Do(tab.Context, chromedp.SetUploadFiles(chromedp.CSS("#verify-file"), []string{filepath.Join(data, "license-2.ofd")})); err != nil {
					t.Fatal(err)
				}
				tab.Press(t, "verify-submit", ".verdict")
				v.look("verify-result")

				// The portal's login leads through the platform's pages and back.
				tab.Open(t, r.Clients[0].PortalURL+"/")
				v.look("portal")
				tab.Open(t, r.Clients[0].PortalURL+"/me?lang="+language)
				v.look("login")
				tab.Fill(t, map[string]string{"login-identifier": r.Personas[4].Identifier, "login-password": r.Personas[4].Password})
				tab.Press(t, "login-submit", "#consent-allow, #portal-sub")
				if strings.HasPrefix(v.address(), r.Issuer) {
					v.look("consent")
					tab.Press(t, "consent-allow", "#portal-sub")
				}
				v.look("portal-signed-in")
				for _, path := range []string{"/me", "/license", "/license/new?type=11100000MB0143028R001", "/proofing", "/logout"} {
					v.open(path)
				}
				tab.Press(t, "logout-confirm", "main:not(:has(#logout-confirm)) h1") // not the heading of the question
				v.look("logged-out")
			})
		}
	}
	for _, width := range []int64{360, 1280} {
		for _, language := range []string{"zh-CN", "en", "zh-Hant"} {
			t.Run(fmt.Sprint("administrators ", width, " ", language), func(t *testing.T) { administrators(t, r, width, language) })
		}
	}
	t.Run("holder shows a licence", func(t *testing.T) {
		tab := browser.New(t)
		tab.Size(t, 360, 800)
		v := &visit{t: t, tab: tab, issuer: r.Issuer, language: "zh-CN", prefix: "360-holder-"}
		v.open("/login")
		tab.Fill(t, map[string]string{"login-identifier": r.Personas[0].Identifier, "login-password": r.Personas[0].Password})
		tab.Press(t, "login-submit", "#identity")
		v.look("me")
	})
}

// administrators looks at the pages of administration with scripts switched off, each role at its own.
func administrators(t *testing.T, r quickstart.Report, width int64, language string) {
	tab := browser.New(t)
	tab.WithoutScripts(t)
	tab.Size(t, width, 800)
	v := &visit{t: t, tab: tab, issuer: r.Issuer, language: language, prefix: fmt.Sprintf("%d-%s-", width, language)}
	as := func(identifier string, paths ...string) {
		v.open("/staff/login")
		tab.Fill(t, map[string]string{"login-identifier": identifier, "login-password": r.Personas[4].Password})
		tab.Press(t, "login-submit", "#staff-security")
		for _, path := range paths {
			v.open(path)
		}
	}
	as("system@example.gov.cn", "/admin", "/admin/keys", "/admin/peers", "/admin/peers/ticket/new", "/admin/peers?kind=cas")
	tab.Press(t, "admin-new", "#admin-submit")
	definition := "name: 老办事大厅\nurls: [https://hall.example.gov.cn/cas, https://hall.example.gov.cn/a-longer-path/that-does-not-fit-on-a-narrow-page]\n"
	if err := chromedp.Do(tab.Context, chromedp.SetValue(chromedp.CSS("#definition"), definition)); err != nil {
		t.Fatal(err)
	}
	tab.Fill(t, map[string]string{"id": strings.ToLower(fmt.Sprintf("hall-%d-%s", width, language)), "reason": "对接"})
	tab.Press(t, "admin-submit", "#peer-suspend, .error-summary")
	v.look("admin-peer")
	v.open("/login") // somebody whose sessions there are to look at
	tab.Fill(t, map[string]string{"login-identifier": r.Personas[4].Identifier, "login-password": r.Personas[4].Password})
	tab.Press(t, "login-submit", "#identity")
	as("security@example.gov.cn", "/admin", "/admin/grants?client="+r.Clients[0].ClientID, "/admin/grants/all?client="+r.Clients[0].ClientID, "/admin/grants/token", "/admin/sessions")
	tab.Press(t, "admin-filter", ".error-summary")
	v.look("admin-sessions-refused")
	tab.Fill(t, map[string]string{"person": r.Personas[4].Identifier, "reason": "工单 1"})
	tab.Press(t, "admin-filter", "table")
	v.look("admin-sessions-found")
	v.open("/admin/inbox")
	v.open("/admin/rights")
	v.open("/admin/rights/new")
	v.open("/admin/areas?parent=990102")
	v.open("/admin/departments")
	v.open("/admin/staff")
	v.open("/admin/staff/new")
	as("audit@example.gov.cn", "/admin", "/admin/keys", "/admin/inbox")
}

type visit struct {
	t                        *testing.T
	tab                      *browser.Tab
	issuer, language, prefix string
}

func (v *visit) open(path string) {
	v.t.Helper()
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	v.tab.Open(v.t, v.issuer+path+separator+"lang="+v.language)
	name, _, _ := strings.Cut(strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", "-"), "?")
	if name == "" {
		name = "home"
	}
	v.look(name)
	if elsewhere := v.tab.Elsewhere(v.t, v.issuer); len(elsewhere) > 0 {
		v.t.Errorf("%s: X-05: requests to %v", path, elsewhere)
	}
}

// look takes a picture when pictures are wanted, and hears the browser's complaints.
func (v *visit) look(name string) {
	v.t.Helper()
	if problems := v.tab.Problems(); len(problems) > 0 {
		v.t.Errorf("%s: the browser complains: %v", name, problems)
	}
	if *pictures == "" {
		return
	}
	picture, err := chromedp.Run(v.tab.Context, chromedp.FullScreenshot(85))
	if err == nil {
		err = os.MkdirAll(*pictures, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(*pictures, v.prefix+name+".jpg"), picture, 0o644)
	}
	if err != nil {
		v.t.Fatal(err)
	}
}

func (v *visit) address() string {
	v.t.Helper()
	address, err := chromedp.Run(v.tab.Context, chromedp.Location())
	if err != nil {
		v.t.Fatal(err)
	}
	return address
}
