package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// TestCodeByACall (experience specification 3.1): the page of a code offers a call to mobile numbers; it is one more code under the limits
// of all, the one before is dead, and no call is offered to an address.
func TestCodeByACall(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		p.Persona(mobile, "李四", 2)
		last := ""
		arrived := func() string {
			t.Helper()
			eventually(t, "nothing arrives", func() bool { return inbox(t, p, mobile) != last })
			last = inbox(t, p, mobile)
			return last
		}
		for _, start := range []string{"/login/code", "/recover"} {
			p.Advance(2 * time.Minute)
			b := walk.New(nil)
			if page := submit(t, b, p.URL+start, map[string]string{"register-identifier": mobile}); !page.Has("otp-voice") {
				t.Fatalf("%s offers no call: %s", start, page.Text)
			}
			first, form := arrived(), b.Page
			if page := press(t, b, map[string]string{"otp-voice": "1"}); page.Status != http.StatusTooManyRequests {
				t.Errorf("%s: a call within the minute: %d", start, page.Status)
			}
			p.Advance(2 * time.Minute)
			b.Page = form
			if page := press(t, b, map[string]string{"otp-voice": "1"}); page.Status != http.StatusOK || !strings.Contains(page.Text, "请接听") || !page.Has("otp-code") {
				t.Fatalf("%s: %d %s", start, page.Status, page.Text)
			}
			code := arrived()
			if !told(p, mobile, strings.Join(strings.Split(code, ""), "，")) {
				t.Errorf("%s: the digits are not apart", start)
			}
			if page := press(t, b, map[string]string{"otp-code": first}); page.Status != http.StatusUnauthorized {
				t.Errorf("%s: the code before: %d", start, page.Status)
			}
			if page := press(t, b, map[string]string{"otp-code": code}); page.Status != http.StatusOK || page.Has("otp-code") {
				t.Errorf("%s: %d on %s: %s", start, page.Status, page.URL, page.Text)
			}
		}
		b := walk.New(nil)
		if page := submit(t, b, p.URL+"/login/code", map[string]string{"register-identifier": "wang@example.cn"}); !page.Has("otp-code") || page.Has("otp-voice") {
			t.Errorf("a call to an address: %s", page.Text)
		}
	})
}
