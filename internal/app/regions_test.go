package app_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// fromAt asks or posts as a browser that sits at an address behind the proxy of the test.
func fromAt(t *testing.T, p *apptest.Platform, b *walk.Browser, address, path string, form url.Values) *walk.Page {
	t.Helper()
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	request, err := http.NewRequest(method, p.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("X-Forwarded-For", address)
	request.Header.Set("User-Agent", "Mozilla/5.0 Chrome/140.0")
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	if err := b.Send(request); err != nil {
		t.Fatal(err)
	}
	return b.Page
}

// TestA15RegionsOfAddresses: the phone is told where the computer is, and warned when that is another region than its own; devices and the
// notice of a new one name the region. The address itself stands in no message.
func TestA15RegionsOfAddresses(t *testing.T) {
	cfg := apptest.NewConfig(t, database(t), t.TempDir())
	cfg.TrustedProxies = []string{"127.0.0.0/8", "::1"}
	p := apptest.StartWith(t, cfg)
	p.Persona(mobile, "李四", 1)
	phone := p.SignIn(mobile)
	for _, test := range []struct{ computer, place, warning string }{
		{"192.0.2.7", "北京", "那台设备在北京，这部手机在本机"}, {"127.9.9.9", "本机", ""}, {"8.8.8.8", "", "不在同一网络"},
	} {
		shown := fromAt(t, p, walk.New(nil), test.computer, "/login/qr", nil)
		page := submit(t, phone, p.URL+"/qr", map[string]string{"qr-code": strings.ReplaceAll(shown.TextOf("qr-code"), " ", "")})
		if heading := "在 " + test.place + "·Chrome 登录吗？"; strings.Contains(page.Text, heading) != (test.place != "") || !strings.Contains(page.Text, test.computer) {
			t.Errorf("a computer at %s: %s", test.computer, page.Text)
		}
		if got := page.TextOf("qr-elsewhere"); page.Has("qr-elsewhere") != (test.warning != "") || !strings.Contains(got, test.warning) {
			t.Errorf("a computer at %s warns: %q", test.computer, got)
		}
	}
	other := fromAt(t, p, walk.New(nil), "203.0.113.9", "/login", url.Values{"login-identifier": {mobile}, "login-password": {apptest.Password}})
	if !other.Has("identity") {
		t.Fatalf("%d %s", other.Status, other.Text)
	}
	open(t, phone, p.URL+"/me/security")
	if text := phone.Page.TextOf("devices"); !strings.Contains(text, "示例省示例市 · 203.0.113.9") || !strings.Contains(text, "本机 · 127.0.0.1") {
		t.Errorf("the devices are %s", text)
	}
	eventually(t, "the notice names no region", func() bool {
		return told(p, mobile, "新设备Chrome·示例省示例登录") || told(p, mobile, "Chrome·示例省")
	})
	if told(p, mobile, "203.0.113.9") {
		t.Error("the address stands in a message")
	}
}

// TestTableOfRegionsIsChecked: a table that cannot be read stops the start.
func TestTableOfRegionsIsChecked(t *testing.T) {
	cfg := apptest.NewConfig(t, database(t), t.TempDir())
	cfg.Issuer = "http://localhost:1"
	cfg.NetworkRegionsFile = filepath.Join(t.TempDir(), "regions.csv")
	for _, content := range []string{"", "10.0.0.1,a,b,c\n"} {
		if content != "" {
			if err := os.WriteFile(cfg.NetworkRegionsFile, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := app.New(t.Context(), cfg, app.Options{Migrate: true}); err == nil || !strings.Contains(err.Error(), "network_regions_file") {
			t.Errorf("%q: %v", content, err)
		}
	}
}
