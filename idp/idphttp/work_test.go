package idphttp_test

import (
	"net/http"
	"strconv"
	"testing"

	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// TestWorkBeforePasswords: work is asked for after many wrong tries from a source, done once for each try, and the way by a
// code stays open to whoever cannot do it.
func TestWorkBeforePasswords(t *testing.T) {
	s := open(t)
	s.Account(t, mobile, password)
	for n := range authn.WorkAfter {
		other := walk.New(nil)
		s.visit(t, other, "/login")
		wants(t, fill(t, other, map[string]string{"login-identifier": "139000000" + strconv.Itoa(10+n), "login-password": "wrong"}), http.StatusUnauthorized, "/login")
	}
	b := walk.New(nil)
	wants(t, s.signInWith(t, b, password), http.StatusForbidden, "/login", "login-password")
	solve := func() string {
		work := authn.Work{Text: b.Page.Attribute("work-answer", "data-work")}
		work.Bits, _ = strconv.Atoi(b.Page.Attribute("work-answer", "data-bits"))
		if work.Text == "" || work.Bits < 16 {
			t.Fatalf("work: %+v", work)
		}
		for n := 0; ; n++ {
			if answer := strconv.Itoa(n); work.Solved(answer) {
				return answer
			}
		}
	}
	form := map[string]string{"login-identifier": mobile, "login-password": password, "work-answer": solve()}
	page := *b.Page
	wants(t, fill(t, b, form), http.StatusOK, "/me")
	again := walk.New(nil)
	s.visit(t, again, "/login")
	again.Page = &page
	wants(t, fill(t, again, form), http.StatusForbidden, "/login") // another browser, and used
	code := walk.New(nil)
	s.visit(t, code, "/login/code")
	wants(t, fill(t, code, map[string]string{"register-identifier": mobile}), http.StatusOK, "/login/code", "otp-code")
}
