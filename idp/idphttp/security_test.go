package idphttp_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/idptest"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// totpAt is RFC 6238 written a second time, so that the pages are not tested with their own code.
func totpAt(t *testing.T, key string, at time.Time) string {
	t.Helper()
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(key, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(at.Unix()/30))
	mac := hmac.New(sha1.New, secret)
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	n := binary.BigEndian.Uint32(sum[sum[19]&15:]) & 0x7fffffff
	return fmt.Sprintf("%06d", n%1000000)
}

var (
	keyOnPage  = regexp.MustCompile(`(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}`)
	codeOnPage = regexp.MustCompile(`\d{4}-\d{4}-\d{4}`)
)

func (s *site) signInWith(t *testing.T, b *walk.Browser, secret string) *walk.Page {
	t.Helper()
	s.visit(t, b, "/login")
	return fill(t, b, map[string]string{"login-identifier": mobile, "login-password": secret})
}

// withTOTP gives the account an authenticator and answers its key and the recovery codes.
func (s *site) withTOTP(t *testing.T, b *walk.Browser) (key string, codes []string) {
	t.Helper()
	s.signInWith(t, b, password)
	s.visit(t, b, "/me/security")
	wants(t, fill(t, b, map[string]string{"totp-add": "1"}), http.StatusOK, "/me/security/totp", "otp-code")
	key = keyOnPage.FindString(b.Page.Text)
	page := fill(t, b, map[string]string{"otp-code": totpAt(t, key, s.Clock.Now())})
	codes = codeOnPage.FindAllString(page.Text, -1)
	if key == "" || len(codes) != authn.RecoveryCodes {
		t.Fatalf("key %q, %d codes: %s", key, len(codes), page.Text)
	}
	s.Clock.Advance(time.Minute)
	return key, codes
}

// session is the session of the only account that was renewed or started last.
func (s *site) lastSession(t *testing.T) session.Session {
	t.Helper()
	account, err := s.Accounts.ByIdentifier(ctx, idptest.Identifier(t, mobile))
	if err != nil {
		t.Fatal(err)
	}
	live, err := s.Sessions.Live(ctx, account.ID)
	if err != nil || len(live) == 0 {
		t.Fatalf("no session: %v", err)
	}
	return slices.MaxFunc(live, func(a, b session.Session) int { return a.AuthTime.Compare(b.AuthTime) })
}

func TestTOTPAfterPassword(t *testing.T) {
	s := open(t)
	s.Account(t, mobile, password)
	key, _ := s.withTOTP(t, walk.New(nil))
	if got := len(s.Twin.Messages(authn.TopicNotice)); got != 2 {
		t.Errorf("%d notices of a new way in", got)
	}
	b := walk.New(nil)
	wants(t, s.signInWith(t, b, password), http.StatusOK, "/login/second", "otp-code", "otp-submit", "second-recovery")
	if s.visit(t, b, "/me"); b.Page.URL.Path != "/login" {
		t.Fatalf("a password alone led to %s", b.Page.URL)
	}
	s.signInWith(t, b, password)
	wants(t, fill(t, b, map[string]string{"otp-code": "000000"}), http.StatusUnauthorized, "/login/second", "otp-code")
	now := totpAt(t, key, s.Clock.Now())
	wants(t, fill(t, b, map[string]string{"otp-code": " " + now[:3] + " " + now[3:]}), http.StatusOK, "/me")
	if v := s.lastSession(t); v.AAL != 2 || !slices.Equal(v.Methods, []string{"pwd", "otp", "mfa"}) {
		t.Errorf("aal %d, amr %v", v.AAL, v.Methods)
	}
	t.Run("A-03 a code works once", func(t *testing.T) {
		other := walk.New(nil)
		s.signInWith(t, other, password)
		for _, typed := range []string{now, now + " ", "　" + now} {
			wants(t, fill(t, other, map[string]string{"otp-code": typed}), http.StatusUnauthorized, "/login/second")
		}
	})
	t.Run("A-02 tries count on the account", func(t *testing.T) {
		s.Clock.Advance(time.Hour)
		for i := range 5 {
			other := walk.New(nil) // another browser each time
			s.signInWith(t, other, password)
			wants(t, fill(t, other, map[string]string{"otp-code": fmt.Sprintf("%06d", i)}), http.StatusUnauthorized, "/login/second")
		}
		other := walk.New(nil)
		s.signInWith(t, other, password)
		wants(t, fill(t, other, map[string]string{"otp-code": totpAt(t, key, s.Clock.Now())}), http.StatusTooManyRequests, "/login/second")
	})
}

// TestSecondFactorOnEveryRoute is security rule 8: no other way in leads past the second factor.
func TestSecondFactorOnEveryRoute(t *testing.T) {
	s := open(t)
	s.Account(t, mobile, password)
	key, codes := s.withTOTP(t, walk.New(nil))
	for path, answer := range map[string]string{"/login/code": "/login/code/check", "/register": "/register/code"} {
		t.Run(path, func(t *testing.T) {
			s.Clock.Advance(2 * time.Minute)
			b := walk.New(nil)
			s.visit(t, b, path)
			wants(t, fill(t, b, map[string]string{"register-identifier": mobile}), http.StatusOK, path, "otp-code")
			wants(t, fill(t, b, map[string]string{"otp-code": s.Code(t, "+86"+mobile)}), http.StatusOK, "/login/second", "otp-code")
			wants(t, fill(t, b, map[string]string{"otp-code": totpAt(t, key, s.Clock.Now())}), http.StatusOK, "/me")
			if v := s.lastSession(t); v.AAL != 1 || !slices.Equal(v.Methods, []string{"otp", "mca"}) {
				t.Errorf("%s: two things that one has are aal %d, amr %v", answer, v.AAL, v.Methods)
			}
		})
	}
	t.Run("X-10 a recovery code lifts nothing, works once and is told", func(t *testing.T) {
		told := func() (n int) {
			for _, m := range s.Twin.Messages(authn.TopicNotice) {
				if strings.Contains(string(m.Payload), authn.NoticeRecoveryUsed) {
					n++
				}
			}
			return n
		}
		s.Clock.Advance(2 * time.Minute)
		b := walk.New(nil)
		s.signInWith(t, b, password)
		s.visit(t, b, b.Page.URL.RequestURI()+"&by=recovery")
		wants(t, fill(t, b, map[string]string{"recovery-code": codes[3]}), http.StatusOK, "/me")
		if v := s.lastSession(t); v.AAL != 1 || !slices.Equal(v.Methods, []string{"pwd"}) {
			t.Errorf("aal %d, amr %v", v.AAL, v.Methods)
		}
		if got := told(); got != 2 {
			t.Errorf("%d notices, want one for each channel", got)
		}
		s.visit(t, b, "/me/security")
		if b.Page.Has("totp-add") || !b.Page.Has("security-signin") {
			t.Error("A-14: who holds a recovery code only may change the ways in")
		}
		other := walk.New(nil)
		s.signInWith(t, other, password)
		s.visit(t, other, other.Page.URL.RequestURI()+"&by=recovery")
		wants(t, fill(t, other, map[string]string{"recovery-code": codes[3]}), http.StatusUnauthorized, "/login/second/recovery")
	})
}

func TestWaitingLoginIsBound(t *testing.T) {
	s := open(t)
	s.Account(t, mobile, password)
	key, _ := s.withTOTP(t, walk.New(nil))
	b := walk.New(nil)
	s.signInWith(t, b, password)
	address := b.Page.URL.RequestURI()
	t.Run("to its browser", func(t *testing.T) {
		other := walk.New(nil)
		s.visit(t, other, "/login")
		wants(t, s.visit(t, other, address), http.StatusBadRequest, "/login/second")
	})
	t.Run("to its password", func(t *testing.T) {
		other := walk.New(nil)
		s.signInWith(t, other, password)
		hash, err := s.Passwords.Hash(ctx, password+"!")
		if err != nil {
			t.Fatal(err)
		}
		account, _ := s.Accounts.ByIdentifier(ctx, idptest.Identifier(t, mobile))
		s.Clock.Advance(time.Second)
		if err := s.Accounts.SetPassword(ctx, account.ID, hash); err != nil {
			t.Fatal(err)
		}
		wants(t, fill(t, other, map[string]string{"otp-code": totpAt(t, key, s.Clock.Now())}), http.StatusBadRequest, "/login/second")
	})
	t.Run("to one answer", func(t *testing.T) {
		other := walk.New(nil)
		s.signInWith(t, other, password+"!")
		waits := *other.Page
		wants(t, fill(t, other, map[string]string{"otp-code": totpAt(t, key, s.Clock.Now())}), http.StatusOK, "/me")
		s.Clock.Advance(time.Minute)
		other.Page = &waits
		wants(t, fill(t, other, map[string]string{"otp-code": totpAt(t, key, s.Clock.Now())}), http.StatusBadRequest, "/login/second")
	})
	t.Run("to an active account", func(t *testing.T) {
		s.Clock.Advance(time.Minute)
		other := walk.New(nil)
		s.signInWith(t, other, password+"!")
		account, _ := s.Accounts.ByIdentifier(ctx, idptest.Identifier(t, mobile))
		if err := s.Accounts.SetState(ctx, account.ID, idp.AccountSuspended, "test"); err != nil {
			t.Fatal(err)
		}
		wants(t, fill(t, other, map[string]string{"otp-code": totpAt(t, key, s.Clock.Now())}), http.StatusBadRequest, "/login/second")
		if err := s.Accounts.SetState(ctx, account.ID, idp.AccountActive, "test"); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("to ten minutes", func(t *testing.T) {
		s.Clock.Advance(10 * time.Minute)
		wants(t, s.visit(t, b, address), http.StatusBadRequest, "/login/second")
	})
}

// TestA14OldLoginsChangeNothing: ways in are changed by a young and strong login.
func TestA14OldLoginsChangeNothing(t *testing.T) {
	s := open(t)
	account := s.Account(t, mobile, password)
	b := walk.New(nil)
	s.signInWith(t, b, password)
	s.visit(t, b, "/me/security")
	s.Clock.Advance(5*time.Minute + time.Second)
	wants(t, fill(t, b, map[string]string{"totp-add": "1"}), http.StatusUnauthorized, "/me/security/totp", "security-signin")
	s.Clock.Advance(time.Minute)
	key, _ := s.withTOTP(t, walk.New(nil))
	all, err := s.Twin.Credentials(ctx, account.ID)
	if err != nil || len(all) != 1 {
		t.Fatalf("%v %v", all, err)
	}
	// The login of the first browser is renewed, and shows the second factor.
	s.Clock.Advance(time.Minute)
	s.signInWith(t, b, password)
	fill(t, b, map[string]string{"otp-code": totpAt(t, key, s.Clock.Now())})
	s.visit(t, b, "/me/security")
	if fill(t, b, map[string]string{"rename-" + all[0].ID: "1", "name": "  旧手机 "}); !strings.Contains(b.Page.Text, "旧手机") {
		t.Errorf("renamed: %s", b.Page.Text)
	}
	fill(t, b, map[string]string{"remove-" + all[0].ID: "1"})
	if all, _ = s.Twin.Credentials(ctx, account.ID); len(all) != 0 {
		t.Errorf("left: %v", all)
	}
	if events := s.Twin.Events(); !slices.Contains(events, "credential.added") || !slices.Contains(events, "credential.renamed") || !slices.Contains(events, "credential.removed") {
		t.Errorf("events %v", events)
	}
}

// TestOwnPageNamesEveryWayIn: the card of the ways in has those that were added too, by their names.
func TestOwnPageNamesEveryWayIn(t *testing.T) {
	s := open(t)
	s.Account(t, mobile, password)
	b := walk.New(nil)
	s.signInWith(t, b, password)
	if strings.Contains(s.visit(t, b, "/me").Text, "验证器") {
		t.Error("a way that is not there is named")
	}
	s.withTOTP(t, b)
	if text := s.visit(t, b, "/me").Text; !strings.Contains(text, "验证器") {
		t.Errorf("the authenticator is not named: %s", text)
	}
}
