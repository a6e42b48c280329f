package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/counter"
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
			if page := press(t, b, map[string]string{"otp-voice": "1"}); page.Status != http.StatusTooManyRequests || !page.Has("otp-code") {
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

// TestCodeByACallInAMerge: the page of the code that shows control of the other account offers a call too, under the same limits.
func TestCodeByACallInAMerge(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		p.Persona(holder, "张三", 2)
		p.Persona(second, "", 0)
		b := p.SignIn(second)
		if page := submit(t, b, p.URL+"/merge", map[string]string{"merge-identifier": holder, "merge-by-code": "1"}); !page.Has("otp-voice") {
			t.Fatalf("no call is offered: %d %s", page.Status, page.Text)
		}
		first, form := inbox(t, p, holder), b.Page
		if page := press(t, b, map[string]string{"otp-voice": "1"}); page.Status != http.StatusTooManyRequests || !page.Has("otp-code") {
			t.Errorf("a call within the minute: %d", page.Status)
		}
		p.Advance(2 * time.Minute)
		b.Page = form
		if page := press(t, b, map[string]string{"otp-voice": "1"}); page.Status != http.StatusOK || !strings.Contains(page.Text, "请接听") || !page.Has("otp-code") {
			t.Fatalf("%d %s", page.Status, page.Text)
		}
		eventually(t, "no call arrives", func() bool { return inbox(t, p, holder) != first })
		code := inbox(t, p, holder)
		if !told(p, holder, strings.Join(strings.Split(code, ""), "，")) {
			t.Error("it was no call: the digits are not apart")
		}
		if page := press(t, b, map[string]string{"otp-code": first}); page.Status != http.StatusUnauthorized || !page.Has("otp-voice") {
			t.Errorf("the code before: %d", page.Status)
		}
		if page := press(t, b, map[string]string{"otp-code": code}); page.Status != http.StatusOK || !page.Has("merge-confirm") {
			t.Errorf("%d %s", page.Status, page.Text)
		}
	})
}

// TestCodeByACallAtTheCounter: the clerk's page sends the code again or has it read aloud, for the same question and under the limits of all
// codes; the call says what the code is for, and the one before is dead.
func TestCodeByACallAtTheCounter(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		d := newDesk(t, p)
		const number = "13700137001"
		d.put(stranger)
		d.call("E1")
		page := d.post("/counter/plan", map[string][]string{"visit": {d.open("/counter/visit").Hidden("visit")}, "counter-act": {counter.ActRegister}, "counter-way": {counter.BySMS}, "counter-phone": {number}})
		if !page.Has("otp-voice") || !page.Has("otp-resend") {
			t.Fatalf("%d %s", page.Status, page.Text)
		}
		first := inbox(t, p, number)
		if page := press(t, d.clerk, map[string]string{"otp-voice": "1"}); page.Status != http.StatusTooManyRequests || !page.Has("counter-code-error") || strings.Contains(page.Text, "请办理人接听") {
			t.Errorf("a call within the minute: %d %s", page.Status, page.Text)
		}
		if page := press(t, d.clerk, map[string]string{"counter-code": "000000"}); page.Status != http.StatusUnauthorized || !page.Has("counter-code-error") {
			t.Errorf("the refused call lost the code before: %d %s", page.Status, page.Text)
		}
		p.Advance(2 * time.Minute)
		if page := press(t, d.clerk, map[string]string{"otp-voice": "1"}); page.Status != http.StatusOK || !strings.Contains(page.Text, "请办理人接听") {
			t.Fatalf("%d %s", page.Status, page.Text)
		}
		eventually(t, "no call arrives", func() bool { return inbox(t, p, number) != first })
		code := inbox(t, p, number)
		if !told(p, number, strings.Join(strings.Split(code, ""), "，")) || !told(p, number, "窗口办理确认码是") {
			t.Error("the call does not say what it is for, or its digits are not apart")
		}
		if page := press(t, d.clerk, map[string]string{"counter-code": first}); page.Status != http.StatusUnauthorized || page.Has("counter-perform") {
			t.Errorf("the code before: %d", page.Status)
		}
		p.Advance(2 * time.Minute)
		if page := press(t, d.clerk, map[string]string{"otp-resend": "1"}); page.Status != http.StatusOK || !strings.Contains(page.Text, "确认码已发送至") {
			t.Fatalf("sending again: %d %s", page.Status, page.Text)
		}
		eventually(t, "no message arrives", func() bool { return inbox(t, p, number) != code })
		if page := press(t, d.clerk, map[string]string{"counter-code": inbox(t, p, number)}); !page.Has("counter-perform") || page.Has("otp-voice") {
			t.Errorf("%d %s", page.Status, page.Text)
		}
	})
}
