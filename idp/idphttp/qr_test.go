package idphttp_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

var (
	typedCode = regexp.MustCompile(`\b\d{4} \d{4}\b`)
	twoDigits = regexp.MustCompile(`^\d{2}$`)
)

// showQR opens the code on a computer and gives what stands there.
func (s *site) showQR(t *testing.T, pc *walk.Browser) (code, number string) {
	t.Helper()
	wants(t, s.visit(t, pc, "/login/qr"), http.StatusOK, "/login/qr", "qr-number", "qr-code")
	code, number = typedCode.FindString(pc.Page.TextOf("qr-code")), pc.Page.TextOf("qr-number")
	if code == "" || !twoDigits.MatchString(number) {
		t.Fatalf("code %q, number %q: %s", code, number, pc.Page.Text)
	}
	return code, number
}

// TestA15ToA16LoginByQR: the number of the computer decides, a ticket is of one browser, one phone, one answer and one minute.
func TestA15ToA16LoginByQR(t *testing.T) {
	s := open(t)
	account := s.Account(t, mobile, password)
	phone := walk.New(nil)
	s.signInWith(t, phone, password)
	ask := func(t *testing.T, code string) *walk.Page {
		t.Helper()
		s.visit(t, phone, "/qr")
		return fill(t, phone, map[string]string{"qr-code": code})
	}
	t.Run("a phone that is signed in says yes", func(t *testing.T) {
		pc := walk.New(nil)
		before, _ := s.showQR(t, pc)
		always := ask(t, before).Text // telephone and time, which hold digits of their own
		code, number := s.showQR(t, pc)
		for strings.Contains(always, number) {
			code, number = s.showQR(t, pc)
		}
		waits := pc.Page.URL.RequestURI()
		page := ask(t, code)
		wants(t, page, http.StatusOK, "/qr", "qr-approve", "qr-deny", "qr-number")
		if strings.Contains(page.Text, number) {
			t.Error("the phone shows the number that the person is to read on the computer")
		}
		s.Clock.Advance(time.Second)
		wants(t, fill(t, phone, map[string]string{"answer": "approve", "qr-number": number}), http.StatusOK, "/qr/answer")
		wants(t, s.visit(t, walk.New(nil), waits), http.StatusBadRequest, "/login/qr") // another browser
		wants(t, s.visit(t, pc, waits), http.StatusOK, "/me")
		if v := s.lastSession(t); v.AAL != 1 || len(v.Methods) != 1 || v.Methods[0] != "qr" {
			t.Errorf("aal %d, amr %v", v.AAL, v.Methods)
		}
	})
	t.Run("A-15 a wrong number denies", func(t *testing.T) {
		pc := walk.New(nil)
		code, number := s.showQR(t, pc)
		waits := pc.Page.URL.RequestURI()
		ask(t, code)
		wrong := "10"
		if number == wrong {
			wrong = "11"
		}
		wants(t, fill(t, phone, map[string]string{"answer": "approve", "qr-number": wrong}), http.StatusConflict, "/qr/answer")
		wants(t, s.visit(t, pc, waits), http.StatusOK, "/login/qr", "qr-again")
	})
	t.Run("it was not me", func(t *testing.T) {
		pc := walk.New(nil)
		code, _ := s.showQR(t, pc)
		waits := pc.Page.URL.RequestURI()
		ask(t, code)
		wants(t, fill(t, phone, map[string]string{"answer": "deny"}), http.StatusOK, "/qr/answer")
		wants(t, s.visit(t, pc, waits), http.StatusOK, "/login/qr", "qr-again")
	})
	t.Run("A-16 a second phone, a second answer", func(t *testing.T) {
		pc, other := walk.New(nil), walk.New(nil)
		code, number := s.showQR(t, pc)
		ask(t, code)
		s.signInWith(t, other, password)
		s.visit(t, other, "/qr")
		wants(t, fill(t, other, map[string]string{"qr-code": code}), http.StatusConflict, "/qr")
		form := *phone.Page
		fill(t, phone, map[string]string{"answer": "approve", "qr-number": number})
		phone.Page = &form
		wants(t, fill(t, phone, map[string]string{"answer": "approve", "qr-number": number}), http.StatusConflict, "/qr/answer")
	})
	t.Run("a minute", func(t *testing.T) {
		pc := walk.New(nil)
		code, _ := s.showQR(t, pc)
		waits := pc.Page.URL.RequestURI()
		s.Clock.Advance(61 * time.Second)
		wants(t, ask(t, code), http.StatusConflict, "/qr")
		if s.visit(t, pc, waits); pc.Page.URL.RequestURI() == waits || !pc.Page.Has("qr-number") {
			t.Errorf("not drawn anew: %s", pc.Page.URL)
		}
	})
	// approved is a computer whose code the phone said yes to, and the address at which it waits.
	approved := func(t *testing.T) (pc *walk.Browser, waits string) {
		t.Helper()
		pc = walk.New(nil)
		code, number := s.showQR(t, pc)
		waits = pc.Page.URL.RequestURI()
		ask(t, code)
		wants(t, fill(t, phone, map[string]string{"answer": "approve", "qr-number": number}), http.StatusOK, "/qr/answer")
		return pc, waits
	}
	t.Run("A-15 an answer that nobody took in a minute", func(t *testing.T) {
		pc, waits := approved(t)
		s.Clock.Advance(61 * time.Second)
		if s.visit(t, pc, waits); !pc.Page.Has("qr-number") || s.visit(t, pc, "/me").URL.Path != "/login" {
			t.Errorf("%d on %s", pc.Page.Status, pc.Page.URL)
		}
	})
	t.Run("an account that was suspended meanwhile", func(t *testing.T) {
		pc, waits := approved(t)
		if err := s.Accounts.SetState(ctx, account.ID, idp.AccountSuspended, "test"); err != nil {
			t.Fatal(err)
		}
		wants(t, s.visit(t, pc, waits), http.StatusConflict, "/login/qr")
		if err := s.Accounts.SetState(ctx, account.ID, idp.AccountActive, "test"); err != nil {
			t.Fatal(err)
		}
		s.signInWith(t, phone, password)
	})
	t.Run("guesses of typed codes are counted", func(t *testing.T) {
		s.Clock.Advance(time.Hour)
		s.signInWith(t, phone, password)
		for range 10 {
			wants(t, ask(t, "0000 0000"), http.StatusConflict, "/qr")
		}
		code, _ := s.showQR(t, walk.New(nil))
		wants(t, ask(t, code), http.StatusTooManyRequests, "/qr")
		s.Clock.Advance(16 * time.Minute)
	})
	t.Run("nobody signed in on the phone", func(t *testing.T) {
		if b := walk.New(nil); s.visit(t, b, "/qr").URL.Path != "/login" {
			t.Errorf("led to %s", b.Page.URL)
		}
	})
	t.Run("the second factor is asked for on the computer", func(t *testing.T) {
		s.Clock.Advance(time.Minute)
		s.withTOTP(t, phone)
		pc := walk.New(nil)
		code, number := s.showQR(t, pc)
		waits := pc.Page.URL.RequestURI()
		ask(t, code)
		fill(t, phone, map[string]string{"answer": "approve", "qr-number": number})
		wants(t, s.visit(t, pc, waits), http.StatusOK, "/login/second", "otp-code")
	})
}
