package idphttp_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// startRecovery asks for a code and hands it in.
func (s *site) startRecovery(t *testing.T, b *walk.Browser) *walk.Page {
	t.Helper()
	s.Clock.Advance(2 * time.Minute)
	s.visit(t, b, "/recover")
	wants(t, fill(t, b, map[string]string{"register-identifier": mobile}), http.StatusOK, "/recover", "otp-code")
	return fill(t, b, map[string]string{"otp-code": s.Code(t, "+86"+mobile)})
}

// TestX10RecoveryLiftsNothing: a recovery sets a password, ends what was, tells everybody, and gives the level of its proof.
func TestX10RecoveryLiftsNothing(t *testing.T) {
	s := open(t)
	s.Account(t, mobile, password)
	old := walk.New(nil)
	s.signInWith(t, old, password)
	before := s.Twin.Messages(authn.TopicNotice)
	b := walk.New(nil)
	wants(t, s.startRecovery(t, b), http.StatusOK, "/recover/password", "password-new")
	wants(t, fill(t, b, map[string]string{"password-new": "12345678"}), http.StatusUnprocessableEntity, "/recover/password", "password-new")
	wants(t, fill(t, b, map[string]string{"password-new": "Another-horse-9"}), http.StatusOK, "/welcome")
	if v := s.lastSession(t); v.AAL != 1 || !slices.Equal(v.Methods, []string{"otp"}) {
		t.Errorf("aal %d, amr %v", v.AAL, v.Methods)
	}
	if s.visit(t, old, "/me"); old.Page.URL.Path != "/login" {
		t.Error("an older session goes on")
	}
	told := s.Twin.Messages(authn.TopicNotice)[len(before):]
	if n := len(slices.DeleteFunc(told, func(m audit.Message) bool { return !strings.Contains(string(m.Payload), authn.NoticeRecovered) })); n != 2 {
		t.Errorf("%d notices of the recovery", n)
	}
	if !slices.Contains(s.Twin.Events(), "account.recovered") {
		t.Errorf("events %v", s.Twin.Events())
	}
	wants(t, s.signInWith(t, walk.New(nil), password), http.StatusUnauthorized, "/login")
	wants(t, s.signInWith(t, walk.New(nil), "Another-horse-9"), http.StatusOK, "/me")
}

// TestA17RecoveryIsTakenOnce: neither a code nor the step that it opened works twice, after another one, late, or by guessing.
func TestA17RecoveryIsTakenOnce(t *testing.T) {
	s := open(t)
	account := s.Account(t, mobile, password)
	ask := func(b *walk.Browser) {
		t.Helper()
		s.Clock.Advance(2 * time.Minute)
		s.visit(t, b, "/recover")
		wants(t, fill(t, b, map[string]string{"register-identifier": mobile}), http.StatusOK, "/recover", "otp-code")
	}
	refused := func(what string, page *walk.Page) {
		t.Helper()
		if page.Status < 400 || page.Status >= 500 || page.Has("password-new") {
			t.Errorf("%s: %d %s", what, page.Status, page.Text)
		}
	}
	b := walk.New(nil)
	ask(b)
	first := s.Code(t, "+86"+mobile)
	ask(b)
	second := s.Code(t, "+86"+mobile)
	if first != second {
		refused("the code before", fill(t, b, map[string]string{"otp-code": first}))
	}
	other := walk.New(nil)
	ask(other)
	refused("a code of another browser's question", fill(t, other, map[string]string{"otp-code": second}))
	s.Clock.Advance(time.Hour) // five codes an hour
	wants(t, s.startRecovery(t, b), http.StatusOK, "/recover/password", "password-new")
	step := b.Page.URL.RequestURI()
	thief := walk.New(nil)
	refused("the step in another browser", s.visit(t, thief, step))
	wants(t, fill(t, b, map[string]string{"password-new": "Another-horse-9"}), http.StatusOK, "/welcome")
	refused("the step again", s.visit(t, b, step))
	used := walk.New(nil)
	s.startRecovery(t, used)
	late := used.Page.URL.RequestURI()
	s.Clock.Advance(16 * time.Minute)
	refused("a step of a quarter of an hour ago", s.visit(t, used, late))
	ask(used)
	s.Clock.Advance(authn.CodeLife + time.Second)
	refused("a code too late", fill(t, used, map[string]string{"otp-code": s.Code(t, "+86"+mobile)}))
	wants(t, s.signInWith(t, walk.New(nil), "Another-horse-9"), http.StatusOK, "/me")
	s.Clock.Advance(time.Hour)
	left := walk.New(nil)
	wants(t, s.startRecovery(t, left), http.StatusOK, "/recover/password", "password-new")
	shown := *left.Page
	signOut(t, s, left)
	left.Page = &shown
	refused("the step without the session that followed from the proof", fill(t, left, map[string]string{"password-new": "A-third-horse-9"}))
	s.Account(t, "13800138055", password)
	s.visit(t, left, "/login")
	wants(t, fill(t, left, map[string]string{"login-identifier": "13800138055", "login-password": password}), http.StatusOK, "/me")
	left.Page = &shown
	refused("the step with the session of another account", fill(t, left, map[string]string{"password-new": "A-third-horse-9"}))
	if err := s.Accounts.SetState(ctx, account.ID, idp.AccountSuspended, "test"); err != nil {
		t.Fatal(err)
	}
	refused("a suspended account", s.startRecovery(t, walk.New(nil)))
}

// signOut ends the session of a browser.
func signOut(t *testing.T, s *site, b *walk.Browser) {
	t.Helper()
	account, err := s.Accounts.ByIdentifier(ctx, idptest.Identifier(t, mobile))
	if err != nil {
		t.Fatal(err)
	}
	live, err := s.Sessions.Live(ctx, account.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range live {
		if _, err := s.Sessions.End(ctx, v.ID, account.ID); err != nil {
			t.Fatal(err)
		}
	}
	if s.visit(t, b, "/me"); b.Page.URL.Path != "/login" {
		t.Fatal("the browser is signed in still")
	}
}

// TestA19RecoveryAsksTheSecondFactor: a number alone resets no account with a second factor, and none that was proven well.
func TestA19RecoveryAsksTheSecondFactor(t *testing.T) {
	s := open(t)
	account := s.Account(t, mobile, password)
	key, codes := s.withTOTP(t, walk.New(nil))
	b := walk.New(nil)
	wants(t, s.startRecovery(t, b), http.StatusOK, "/login/second", "otp-code")
	t.Run("with an authenticator", func(t *testing.T) {
		wants(t, fill(t, b, map[string]string{"otp-code": totpAt(t, key, s.Clock.Now())}), http.StatusOK, "/recover/password", "password-new")
		wants(t, fill(t, b, map[string]string{"password-new": "Another-horse-9"}), http.StatusOK, "/welcome")
		if v := s.lastSession(t); v.AAL != 1 {
			t.Errorf("aal %d, amr %v", v.AAL, v.Methods)
		}
		wants(t, s.signInWith(t, walk.New(nil), "Another-horse-9"), http.StatusOK, "/login/second")
	})
	t.Run("with a recovery code", func(t *testing.T) {
		b := walk.New(nil)
		s.startRecovery(t, b)
		s.visit(t, b, b.Page.URL.RequestURI()+"&by=recovery")
		wants(t, fill(t, b, map[string]string{"recovery-code": codes[0]}), http.StatusOK, "/recover/password", "password-new")
		wants(t, fill(t, b, map[string]string{"password-new": "A-third-horse-9"}), http.StatusOK, "/welcome")
		if v := s.lastSession(t); v.AAL != 1 || !slices.Equal(v.Methods, []string{"otp"}) {
			t.Errorf("aal %d, amr %v", v.AAL, v.Methods)
		}
	})
	t.Run("A-18 a step left out", func(t *testing.T) {
		b := walk.New(nil)
		s.startRecovery(t, b) // waits for the second factor
		for _, path := range []string{"/recover/password", "/recover/password?step=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"} {
			if wants(t, s.visit(t, b, path), http.StatusBadRequest, "/recover/password"); b.Page.Has("password-new") {
				t.Errorf("%s asks for a password", path)
			}
		}
	})
	t.Run("an account at level 3", func(t *testing.T) {
		if err := s.Accounts.Prove(ctx, account.ID, idp.Proof{IAL: 3, Method: "face", Source: "register", At: s.Clock.Now()}, name, "citizen_id", number); err != nil {
			t.Fatal(err)
		}
		wants(t, s.startRecovery(t, walk.New(nil)), http.StatusForbidden, "/recover/code")
	})
}

func TestNewDeviceIsToldAndDisowned(t *testing.T) {
	s := open(t)
	account := s.Account(t, mobile, password)
	first := walk.New(nil)
	for range 2 {
		s.signInWith(t, first, password)
		s.visit(t, first, "/me")
	}
	if n := len(s.Twin.Messages(authn.TopicNotice)); n != 0 {
		t.Fatalf("%d notices of the only device", n)
	}
	s.Clock.Advance(time.Minute)
	second := walk.New(nil)
	s.signInWith(t, second, password)
	code := s.notMeCode(t)
	told := func(b *walk.Browser) bool { return strings.Contains(s.visit(t, b, "/me").Text, "有新设备登录") }
	if !told(first) || told(second) {
		t.Error("the device of before does not show the new one, or the new one shows itself")
	}
	s.visit(t, first, "/me/security")
	if all, err := s.Devices.List(ctx, account.ID); err != nil || len(all) != 2 {
		t.Errorf("%d devices, %v", len(all), err)
	}
	b := walk.New(nil)
	s.visit(t, b, "/not-me")
	wants(t, fill(t, b, map[string]string{"not-me-code": "000000000000"}), http.StatusUnauthorized, "/not-me", "not-me-code")
	wants(t, fill(t, b, map[string]string{"not-me-code": code[:4] + " " + code[4:]}), http.StatusOK, "/not-me", "not-me-recover")
	if s.visit(t, second, "/me"); second.Page.URL.Path != "/login" {
		t.Error("the session that was disowned goes on")
	}
	if s.visit(t, first, "/me"); first.Page.URL.Path != "/me" {
		t.Error("another session ended with it")
	}
	if told(first) {
		t.Error("a device that was disowned is shown still")
	}
	s.visit(t, b, "/not-me")
	wants(t, fill(t, b, map[string]string{"not-me-code": code}), http.StatusUnauthorized, "/not-me")
	if events := s.Twin.Events(); !slices.Contains(events, "device.new") || !slices.Contains(events, "device.disowned") {
		t.Errorf("events %v", events)
	}
	t.Run("guesses are counted", func(t *testing.T) {
		s.visit(t, b, "/not-me")
		for range 10 {
			s.visit(t, b, "/not-me")
			fill(t, b, map[string]string{"not-me-code": "123456789012"})
		}
		wants(t, b.Page, http.StatusTooManyRequests, "/not-me")
	})
	t.Run("a device that is removed is new again", func(t *testing.T) {
		s.Clock.Advance(time.Minute)
		s.signInWith(t, second, password)
		before := len(s.Twin.Messages(authn.TopicNotice))
		all, _ := s.Devices.List(ctx, account.ID)
		s.signInWith(t, first, password)
		s.visit(t, first, "/me/security")
		if err := first.Open(ctx, s.URL+"/me/security"); err != nil || !first.Page.Has("devices") {
			t.Fatal(err)
		}
		if _, err := s.Devices.Remove(ctx, account.ID, all[0].ID); err != nil {
			t.Fatal(err)
		}
		s.signInWith(t, second, password)
		if n := len(s.Twin.Messages(authn.TopicNotice)); n != before+2 {
			t.Errorf("%d notices, want %d", n, before+2)
		}
	})
}

// notMeCode is the code of the newest notice of a new device.
func (s *site) notMeCode(t *testing.T) string {
	t.Helper()
	for _, m := range slices.Backward(s.Twin.Messages(authn.TopicNotice)) {
		var notice authn.Notice
		if err := json.Unmarshal(m.Payload, &notice); err != nil || notice.What != authn.NoticeDevice {
			continue
		}
		code, err := s.Steps.Open(ctx, *notice.Code)
		if err != nil || len(code) != 12 || strings.Contains(string(m.Payload), code) {
			t.Fatalf("code %q, %v", code, err)
		}
		return code
	}
	t.Fatal("no notice of a new device")
	return ""
}
