package portal_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	yinxin "github.com/yinxin-gov/yinxin/sdk"
	"github.com/yinxin-gov/yinxin/sdk/portal"
)

// open serves a portal whose platform is there for its metadata alone: logins are tested with the SDK and, page by page,
// with the running platform in cmd/yinxin.
func open(t *testing.T) (server *httptest.Server, issuer string) {
	t.Helper()
	var platform *httptest.Server
	platform = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{
			"issuer": platform.URL, "authorization_endpoint": platform.URL + "/authorize", "token_endpoint": platform.URL + "/token",
			"jwks_uri": platform.URL + "/jwks", "code_challenge_methods_supported": []string{"S256"},
		})
	}))
	t.Cleanup(platform.Close)
	cfg := portal.Config{Name: "市场监管", Department: "示例市市场监督管理局", Service: "企业登记<>", DeepIAL: 3}
	server = httptest.NewUnstartedServer(nil)
	var err error
	cfg.Client, err = yinxin.New(t.Context(), platform.URL, "http://"+server.Listener.Addr().String(), yinxin.WithSecret("p", "s"), yinxin.WithIAL(1), yinxin.WithFailurePage(cfg.FailurePage()))
	if err != nil {
		t.Fatal(err)
	}
	if server.Config.Handler, err = portal.New(cfg); err != nil {
		t.Fatal(err)
	}
	server.Start()
	t.Cleanup(server.Close)
	return server, platform.URL
}

func get(t *testing.T, address string) (*http.Response, string) {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var body strings.Builder
	if err := response.Write(&body); err != nil {
		t.Fatal(err)
	}
	return response, body.String()
}

func TestPublicPages(t *testing.T) {
	server, issuer := open(t)
	tests := []struct {
		path   string
		status int
		holds  []string
	}{
		{"/", 200, []string{`id="portal-login"`, "企业登记&lt;&gt;", "演示门户", "示例市市场监督管理局"}},
		{"/yinxin/logged-out", 200, []string{"您已退出"}},
		{"/static/portal.css", 200, []string{"text/css"}},
		{"/yinxin/callback?state=x&code=y", 400, []string{`id="portal-error">state<`, "回到首页"}},
		{"/nowhere", 404, nil},
	}
	for _, test := range tests {
		response, text := get(t, server.URL+test.path)
		if response.StatusCode != test.status {
			t.Errorf("%s answered %d", test.path, response.StatusCode)
		}
		for _, part := range test.holds {
			if !strings.Contains(text, part) {
				t.Errorf("%s lacks %q:\n%s", test.path, part, text)
			}
		}
		policy := response.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "form-action 'self' "+issuer+";") || response.Header.Get("X-Content-Type-Options") != "nosniff" ||
			response.Header.Get("Referrer-Policy") != "no-referrer" || response.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s has the headers %v", test.path, response.Header)
		}
		if strings.Contains(text, "<script") || strings.Contains(text, "style=") {
			t.Errorf("%s holds scripts or inline styles", test.path)
		}
	}
}

func TestGuardedPagesAskForTheirLevel(t *testing.T) {
	server, issuer := open(t)
	for path, level := range map[string]string{"/me": "urn:yinxin:ial:1", "/deep": "urn:yinxin:ial:3"} {
		response, _ := get(t, server.URL+path)
		next, err := url.Parse(response.Header.Get("Location"))
		if err != nil || response.StatusCode != http.StatusSeeOther || !strings.HasPrefix(next.String(), issuer+"/authorize?") || next.Query().Get("acr_values") != level {
			t.Errorf("%s leads to %v (%d)", path, next, response.StatusCode)
		}
	}
}

func TestLevelThatDoesNotExist(t *testing.T) {
	if _, err := portal.New(portal.Config{DeepIAL: 5}); err == nil {
		t.Error("a portal with a page for level 5 was made")
	}
}
