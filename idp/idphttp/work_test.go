package idphttp_test

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
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

// TestQuestionOfALoginPage: whoever runs no scripts answers the question of the page, which is read aloud to that browser alone; later it is
// asked of everybody, and each answer opens one form.
func TestQuestionOfALoginPage(t *testing.T) {
	s := open(t)
	s.Account(t, mobile, password)
	guess := func(n int) {
		for range n {
			if _, err := s.Twin.Count(t.Context(), "login-source", []byte("192.0.2.1"), authn.LoginSpan, s.Clock.Now()); err != nil {
				t.Fatal(err)
			}
		}
	}
	guess(authn.WorkAfter)
	b := walk.New(nil)
	p := s.visit(t, b, "/login")
	if strings.Index(p.Source, "<noscript>") > strings.Index(p.Source, `id="login-question"`) {
		t.Fatalf("asked of browsers with scripts: %s", p.Source)
	}
	audio := p.Attribute("login-question-audio", "src")
	if strings.Contains(p.Source, digitsOf(t, p)) || !strings.HasPrefix(audio, "/login/question/audio?question=") {
		t.Errorf("the answer stands in the page, or there is no recording: %s", audio)
	}
	page := *p
	heard := s.visit(t, b, audio)
	if h := heard.Header; heard.Status != http.StatusOK || h.Get("Content-Type") != "audio/wav" || h.Get("Cache-Control") != "no-store" || !strings.HasPrefix(heard.Source, "RIFF") {
		t.Errorf("%d %v", heard.Status, heard.Header)
	}
	if other := walk.New(nil); s.visit(t, other, audio).Status != http.StatusNotFound {
		t.Errorf("another browser hears it: %d", other.Page.Status)
	}
	b.Page = &page
	form := map[string]string{"login-identifier": mobile, "login-password": password, "login-question": "0"}
	p = fill(t, b, form)
	wants(t, p, http.StatusForbidden, "/login", "login-question-error")
	if p.Attribute("login-question-audio", "src") == audio {
		t.Error("the same question again")
	}
	form["login-question"] = digitsOf(t, p)
	page = *p
	wants(t, fill(t, b, form), http.StatusOK, "/me")
	again := walk.New(nil)
	s.visit(t, again, "/login")
	again.Page = &page
	wants(t, fill(t, again, form), http.StatusForbidden, "/login") // another browser, and used

	guess(authn.QuestionAfter - authn.WorkAfter)
	c := walk.New(nil)
	if p := s.visit(t, c, "/login"); strings.Contains(p.Source[:strings.Index(p.Source, `id="login-question"`)], "<noscript>") {
		t.Error("hidden from browsers with scripts")
	}
}

// digitsOf reads the question as a person does.
func digitsOf(t *testing.T, p *walk.Page) (digits string) {
	t.Helper()
	_, asked, found := strings.Cut(p.Text, "请按顺序填写这四个数字：")
	for n, r := range asked {
		if i := slices.Index([]rune("零一二三四五六七八九"), r); i >= 0 {
			digits += strconv.Itoa(i)
		} else if n > 0 && r != '、' {
			break
		}
	}
	if !found || len(digits) != 4 {
		t.Fatalf("question %q: %s", digits, p.Text)
	}
	return digits
}
