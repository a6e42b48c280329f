package cookies_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/cookies"
)

func TestCookiesAreBoundToTheSite(t *testing.T) {
	for _, row := range []struct {
		issuer string
		strict bool
		want   string
	}{
		{"https://id.example", false, "__Host-yx_session=v; Path=/; HttpOnly; Secure; SameSite=Lax"},
		{"https://id.example:8443", true, "__Host-yx_session=v; Path=/; HttpOnly; Secure; SameSite=Strict"},
		{"http://localhost:8080", false, "yx_session_8080=v; Path=/; HttpOnly; SameSite=Lax"},
		{"http://localhost", false, "yx_session=v; Path=/; HttpOnly; SameSite=Lax"},
	} {
		w := httptest.NewRecorder()
		cookies.Jar{Issuer: row.issuer, Strict: row.strict}.Set(w, "yx_session", "v", 0)
		if got := w.Header().Get("Set-Cookie"); got != row.want {
			t.Errorf("%s: %s, want %s", row.issuer, got, row.want)
		}
	}
}

func TestAHandleOfForeignShapeIsReplaced(t *testing.T) {
	jar := cookies.Jar{Issuer: "https://id.example"}
	good := strings.Repeat("a", 32)
	for _, row := range []struct {
		carried string
		kept    bool
	}{{good, true}, {strings.Repeat("a", 21), false}, {strings.Repeat("a", 65), false}, {"", false}} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		if row.carried != "" {
			r.AddCookie(&http.Cookie{Name: "__Host-yx_browser", Value: row.carried})
		}
		w := httptest.NewRecorder()
		got := jar.Handle(w, r, strings.NewReader(strings.Repeat("z", 24)), "yx_browser")
		if kept := got == row.carried && w.Header().Get("Set-Cookie") == ""; kept != row.kept || len(got) < 22 {
			t.Errorf("carried %q: %q, written %q", row.carried, got, w.Header().Get("Set-Cookie"))
		}
		if again := jar.Handle(w, r, strings.NewReader(strings.Repeat("y", 24)), "yx_browser"); row.carried == "" && again != got {
			t.Errorf("a second question in the request answers %q, not %q", again, got)
		}
	}
}
