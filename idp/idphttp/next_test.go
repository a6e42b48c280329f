package idphttp

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// TestNextIsAPageOfOurs: RFC 9700 4.11.1. An open redirect at the login page would lend our name to whoever makes the link.
func TestNextIsAPageOfOurs(t *testing.T) {
	for given, want := range map[string]string{
		"/":                         "/",
		"/federation":               "/federation",
		"/admin/peers?kind=cas":     "/admin/peers?kind=cas",
		"/admin/peers?b=2&a=1":      "/admin/peers?a=1&b=2",
		"/seal/applications/":       "/seal/applications/",
		"/admin/clients/a%2Fb":      "/admin/clients/a%2Fb",
		"/办事":                       "/%E5%8A%9E%E4%BA%8B",
		"/a?next=//evil.example":    "/a?next=%2F%2Fevil.example",
		"/a?u=https://evil.example": "/a?u=https%3A%2F%2Fevil.example",
		"/@evil.example":            "/@evil.example",
		"/login-help":               "/login-help",
	} {
		if got, ok := localPage(given); !ok || got != want {
			t.Errorf("%q: %q, %v, want %q", given, got, ok, want)
		}
	}
	for _, given := range []string{
		"", "me", "evil.example", "https://evil.example", "https:evil.example", "javascript:alert(1)", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "/a\\b", "/%5Cevil.example", "/%5c/evil.example",
		"/%2Fevil.example", "/%2f%2fevil.example", "/./%2Fevil.example", "/.//evil.example", "/..//evil.example", "/a/../b", "/a/%2e%2e/b", "/a//b", "/a//", "//", "/\t/evil.example", "/\n", "/a\r\nLocation: https://evil.example", "/%0d%0aLocation:x", "/%00", "/\x7f",
		"/a#b", "/a#", "/a?b;c=1", "/a?%zz", "/%zz", "?a", " /a", "/login", "/login/code", "/login?next=/me", "/register", "/logout", "/authorize", "/authorize/resume?flow=x", "/%6cogout", "/" + strings.Repeat("a", maxNext),
	} {
		if got, ok := localPage(given); ok {
			t.Errorf("%q is taken as %q", given, got)
		}
	}
}

func TestHandlesOfPagesAreJudgedWhenTheyAreRead(t *testing.T) {
	handle := nextHandle("/admin/peers?kind=cas")
	if page, ok := nextPage(handle); !ok || page != "/admin/peers?kind=cas" || onward(handle) != page {
		t.Errorf("%q, %v", page, ok)
	}
	if nextHandle("//evil.example") != "" || nextHandle("") != "" {
		t.Error("a handle of what is no page")
	}
	for _, forged := range []string{"//evil.example", "https://evil.example", "/\\evil.example", "/logout"} {
		forged = nextPrefix + base64.RawURLEncoding.EncodeToString([]byte(forged))
		if page, ok := nextPage(forged); ok || strings.Contains(onward(forged), "evil") || !strings.HasPrefix(onward(forged), "/authorize/resume?flow=") {
			t.Errorf("%q leads to %q, onward to %q", forged, page, onward(forged))
		}
	}
}

func TestToLoginComesBack(t *testing.T) {
	for name, test := range map[string]struct{ request, page, want string }{
		"a page":        {"/federation", "/federation", "/login?next=%2Ffederation"},
		"its query":     {"/federation?a=1", "/federation?a=1", "/login?next=%2Ffederation%3Fa%3D1"},
		"in a flow":     {"/proofing?flow=flow_1", "/proofing?flow=flow_1", "/login?flow=flow_1"},
		"the own page":  {"/me", "/me", "/login"},
		"no page of us": {"/x", "//evil.example", "/login"},
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, test.request, nil)
		if err := toLogin(w, r, test.page); err != nil || w.Header().Get("Location") != test.want || w.Code != http.StatusSeeOther {
			t.Errorf("%s: %v, %q", name, err, w.Header().Get("Location"))
		}
	}
}

// FuzzNext: what is taken stays on our site for every reader, in a form that is taken again as it is.
func FuzzNext(f *testing.F) {
	for _, seed := range []string{"/me", "/a?b=c&d", "//evil.example", "/%2F/evil", "/\\evil", "/.//evil", "/a/%2e%2e//evil", "/a%2Fb?x=%2F%2F"} {
		f.Add(seed)
	}
	base, _ := url.Parse("https://id.example.gov.cn/login")
	f.Fuzz(func(t *testing.T, text string) {
		page, ok := localPage(text)
		if !ok {
			return
		}
		if again, ok := localPage(page); !ok || again != page {
			t.Fatalf("%q became %q, and that %q, %v", text, page, again, ok)
		}
		to, err := base.Parse(page)
		if err != nil || to.Scheme != "https" || to.Host != base.Host || to.User != nil || strings.HasPrefix(to.Path, "//") {
			t.Fatalf("%q leads to %v, %v", text, to, err)
		}
		for _, r := range page {
			if r <= ' ' || r >= 0x7f || r == '\\' {
				t.Fatalf("%q holds %q", page, r)
			}
		}
		if back, ok := nextPage(nextHandle(text)); !ok || back != page {
			t.Fatalf("%q comes back as %q", text, back)
		}
	})
}
