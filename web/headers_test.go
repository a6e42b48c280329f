package web_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

func gzipped(t testing.TB, content []byte) int {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Len()
}

func compressedSize(t testing.TB, handler http.Handler, address string) int {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, address, nil)
	r.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("%s: status %d", address, w.Code)
	}
	return w.Body.Len()
}

// The page after a logout shows frames of the systems, and the policy names them and nothing else.
func TestFramesOfFrontChannelLogout(t *testing.T) {
	frames := []string{"https://a.example/out?sid=x", "https://b.example:8443/out", "javascript:alert(1)", "https://c.example;script-src *", "//d.example/"}
	pages := renderer(t)
	w := httptest.NewRecorder()
	page := web.Page{Frames: frames, OnwardURL: "https://a.example/bye?state=s", OnwardSeconds: 3, Body: web.LogoutResultPage{
		Frames: []web.LogoutFrame{{System: "一个系统", URL: frames[0]}}, Return: &web.Link{Label: "返回", URL: "https://a.example/bye?state=s"}}}
	if err := pages.Page(w, httptest.NewRequest(http.MethodGet, "/logout", nil), http.StatusOK, "logout-result", page); err != nil {
		t.Fatal(err)
	}
	if policy := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(policy, "frame-src https://a.example https://b.example:8443; default-src 'none';") {
		t.Errorf("policy is %s", policy)
	}
	if onward := w.Header().Get("Refresh"); onward != "3; url=https://a.example/bye?state=s" {
		t.Errorf("onward %q", onward)
	}
	root := mustParse(t, w.Body.String())
	frame := find(root, "iframe")
	if frame == nil || attribute(frame, "src") != frames[0] || attribute(frame, "title") == "" || attribute(frame, "sandbox") != "allow-scripts allow-same-origin" {
		t.Errorf("the frame is %v", frame)
	}
}

// experience.md 7.5 and O-50.
func TestSecurityHeaders(t *testing.T) {
	w := get(t, site(t), "/design/login")
	h := w.Header()
	want := map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self' https://portal.example",
		"X-Frame-Options":         "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
		"Content-Language": "zh-CN", "Content-Type": "text/html; charset=utf-8",
	}
	for name, value := range want {
		if h.Get(name) != value {
			t.Errorf("%s: %q, want %q", name, h.Get(name), value)
		}
	}
	if policy := get(t, site(t), "/design/register").Header().Get("Content-Security-Policy"); !strings.HasSuffix(policy, "form-action 'self'") {
		t.Errorf("a page without a flow allows more: %s", policy)
	}
}

func TestCallbacksNeverWidenThePolicy(t *testing.T) {
	pages := renderer(t)
	w := httptest.NewRecorder()
	callbacks := []string{"https://a.example:8443/cb?x=1", "javascript:alert(1)", "https://*.example/", "https://b.example;script-src *", "//c.example", "http://127.0.0.1:9000/cb", "myapp:/cb", ""}
	if err := pages.Page(w, httptest.NewRequest(http.MethodGet, "/login", nil), http.StatusOK, "login", web.Page{Callbacks: callbacks, Body: web.LoginPage{}}); err != nil {
		t.Fatal(err)
	}
	if policy := w.Header().Get("Content-Security-Policy"); !strings.HasSuffix(policy, "form-action 'self' https://a.example:8443 http://127.0.0.1:9000") {
		t.Fatal(policy)
	}
}

func TestStaticFiles(t *testing.T) {
	handler := site(t)
	plain := get(t, handler, "/static/yinxin.css")
	tag := plain.Header().Get("ETag")
	if plain.Code != http.StatusOK || tag == "" || plain.Header().Get("Content-Encoding") != "" || plain.Header().Get("Cache-Control") != "public, max-age=300" {
		t.Fatalf("%d %v", plain.Code, plain.Header())
	}
	if strings.Contains(plain.Body.String(), "url(") || strings.Contains(plain.Body.String(), "@import") {
		t.Fatal("X-05: the stylesheet loads something")
	}
	versioned := get(t, handler, "/static/yinxin.css?v="+strings.Trim(tag, `"`))
	if versioned.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" {
		t.Fatal("a file with its version is not kept")
	}
	if wrong := get(t, handler, "/static/yinxin.css?v=0"); strings.Contains(wrong.Header().Get("Cache-Control"), "immutable") {
		t.Fatal("a file with another version is kept for ever")
	}
	r := httptest.NewRequest(http.MethodGet, "/static/yinxin.css", nil)
	r.Header.Set("Accept-Encoding", "gzip, br")
	compressed := httptest.NewRecorder()
	handler.ServeHTTP(compressed, r)
	reader, err := gzip.NewReader(compressed.Body)
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(reader)
	if err != nil || !bytes.Equal(content, plain.Body.Bytes()) {
		t.Fatalf("the compressed file differs: %v", err)
	}
	r = httptest.NewRequest(http.MethodGet, "/static/yinxin.css", nil)
	r.Header.Set("If-None-Match", tag)
	again := httptest.NewRecorder()
	handler.ServeHTTP(again, r)
	if again.Code != http.StatusNotModified || again.Body.Len() > 0 {
		t.Fatalf("status %d with the known ETag", again.Code)
	}
	for address, status := range map[string]int{"/static/nothing.css": 404, "/static/": 404, "/static/../web.go": 404, "/static/%2e%2e/web.go": 404} {
		r := httptest.NewRequest(http.MethodGet, "http://host/", nil)
		r.URL = &url.URL{Path: address}
		w := httptest.NewRecorder()
		renderer(t).Static().ServeHTTP(w, r)
		if w.Code != status {
			t.Errorf("%s: status %d", address, w.Code)
		}
	}
	post := httptest.NewRecorder()
	renderer(t).Static().ServeHTTP(post, httptest.NewRequest(http.MethodPost, "/static/yinxin.css", nil))
	if post.Code != http.StatusMethodNotAllowed {
		t.Fatalf("POST: status %d", post.Code)
	}
}

func choose(t *testing.T, form url.Values, cookies ...*http.Cookie) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/preferences", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, cookie := range cookies {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	renderer(t).Preferences().ServeHTTP(w, r)
	return w.Result()
}

func TestPreferencesKeepChoicesAndStayOnTheSite(t *testing.T) {
	for _, test := range []struct {
		name       string
		form       url.Values
		cookie     string
		want, back string
		language   string
	}{
		{"elder", url.Values{"size": {"elder"}, "return": {"/login?flow=f1"}}, "", "elder", "/login?flow=f1", ""},
		{"theme is kept beside size", url.Values{"size": {"elder"}, "return": {"/"}}, "dark", "dark.elder", "/", ""},
		{"back to standard", url.Values{"size": {"standard"}}, "dark.elder", "dark", "/", ""},
		{"as the system", url.Values{"theme": {"auto"}}, "contrast.elder", "elder", "/", ""},
		{"language", url.Values{"lang": {"en"}, "return": {"/verify"}}, "", "", "/verify", "en"},
		{"unknown words change nothing", url.Values{"theme": {"pink"}, "size": {"huge"}, "lang": {"xx<"}}, "dark", "dark", "/", ""},
		{"other host", url.Values{"return": {"//evil.example/"}}, "", "", "/", ""},
		{"other host by backslash", url.Values{"return": {"/\\evil.example/"}}, "", "", "/", ""},
		{"other scheme", url.Values{"return": {"https://evil.example/"}}, "", "", "/", ""},
		{"tab in the path", url.Values{"return": {"/\t/evil.example/"}}, "", "", "/", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			response := choose(t, test.form, &http.Cookie{Name: web.ViewCookie, Value: test.cookie})
			if response.StatusCode != http.StatusSeeOther || response.Header.Get("Location") != test.back {
				t.Fatalf("status %d to %q", response.StatusCode, response.Header.Get("Location"))
			}
			found := map[string]*http.Cookie{}
			for _, cookie := range response.Cookies() {
				found[cookie.Name] = cookie
			}
			view := found[web.ViewCookie]
			if view == nil || view.Value != test.want || !view.HttpOnly || view.SameSite != http.SameSiteLaxMode {
				t.Fatalf("view cookie %v", view)
			}
			if test.language != "" && (found["yx_lang"] == nil || found["yx_lang"].Value != test.language) || test.language == "" && found["yx_lang"] != nil {
				t.Fatalf("language cookie %v", found["yx_lang"])
			}
		})
	}
	put := httptest.NewRecorder()
	renderer(t).Preferences().ServeHTTP(put, httptest.NewRequest(http.MethodPut, "/preferences", nil))
	if put.Code != http.StatusMethodNotAllowed {
		t.Fatalf("PUT: status %d", put.Code)
	}
}

// After a POST the display choices lead back to the page by GET, with its flow.
func TestDisplayChoicesLeadBack(t *testing.T) {
	pages := renderer(t)
	for _, test := range []struct{ name, method, address, body, self, want string }{
		{"GET without lang", http.MethodGet, "/login?flow=f1&lang=en", "", "", "/login?flow=f1"},
		{"POST with flow", http.MethodPost, "/login", "flow=f1&login-password=secret", "", "/login?flow=f1"},
		{"POST without flow", http.MethodPost, "/verify?x=1", "a=b", "", "/verify"},
		{"said by the handler", http.MethodPost, "/verify", "", "/verify?door=2", "/verify?door=2"},
		{"said wrongly", http.MethodGet, "/verify", "", "https://evil.example/", "/"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequest(test.method, test.address, strings.NewReader(test.body))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if err := r.ParseForm(); err != nil {
				t.Fatal(err)
			}
			w := httptest.NewRecorder()
			if err := pages.Page(w, r, http.StatusOK, "verify", web.Page{Self: test.self, Body: web.VerifyPage{}}); err != nil {
				t.Fatal(err)
			}
			display := byID(mustParse(t, w.Body.String()), "display")
			if got := attribute(display.FirstChild, "value"); got != test.want {
				t.Fatalf("back to %q, want %q", got, test.want)
			}
		})
	}
}

func TestLanguageOfThePage(t *testing.T) {
	pages := renderer(t)
	show := func(r *http.Request) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		if err := pages.Page(w, r, http.StatusOK, "home", web.Page{Body: web.HomePage{}}); err != nil {
			t.Fatal(err)
		}
		return w
	}
	r := httptest.NewRequest(http.MethodGet, "/?lang=en", nil)
	if w := show(r); w.Header().Get("Content-Language") != "en" || len(w.Result().Cookies()) != 1 || w.Result().Cookies()[0].Value != "en" {
		t.Fatal("lang in the address does not choose and keep the language")
	}
	r = httptest.NewRequest(http.MethodGet, "/?ui_locales=zh-Hant", nil)
	if w := show(r); w.Header().Get("Content-Language") != "zh-Hant" || len(w.Result().Cookies()) != 0 {
		t.Fatal("ui_locales must choose and not be kept (O-46: no cookie)")
	}
	r = httptest.NewRequest(http.MethodGet, "/", nil)
	r = r.WithContext(reqctx.With(r.Context(), reqctx.Request{ID: "req_1", Locale: "en"}))
	if w := show(r); w.Header().Get("Content-Language") != "en" {
		t.Fatal("the language of the edge does not count")
	}
}

func TestNewNeedsACatalogue(t *testing.T) {
	if _, err := web.New(web.Config{}); err == nil {
		t.Fatal("a renderer without words was made")
	}
}

func TestHeadHasNoBody(t *testing.T) {
	w := httptest.NewRecorder()
	if err := renderer(t).Page(w, httptest.NewRequest(http.MethodHead, "/", nil), http.StatusOK, "home", web.Page{Body: web.HomePage{}}); err != nil {
		t.Fatal(err)
	}
	if w.Body.Len() > 0 || w.Header().Get("Content-Length") == "" {
		t.Fatal("HEAD was answered with a body")
	}
}
