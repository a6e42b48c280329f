package idphttp

import (
	"bytes"
	"net/http"
	"net/url"
	"time"

	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

// hurdles gives out what a login page must ask for before a password is looked at.
func (s *Server) hurdles(w http.ResponseWriter, r *http.Request, page *web.LoginPage) error {
	browser, err := s.browserHash(r.Context(), s.browser(w, r))
	if err != nil {
		return err
	}
	at := reqctx.From(r.Context())
	h, err := s.Password.HurdlesFor(r.Context(), s.Steps, browser, at.Source(), at.Locale)
	if err != nil || h.Work == nil {
		return err
	}
	page.Work = &web.WorkField{Text: h.Work.Text, Bits: h.Work.Bits}
	page.Hidden = append(page.Hidden, hidden("work", h.Work.Step)...)
	page.NoWork = h.Spent || h.Question == nil
	if h.Question != nil {
		page.Question = &web.QuestionField{Both: h.Both, AudioURL: "/login/question/audio?" + url.Values{"question": {h.Question.Step}}.Encode()}
		for _, digit := range h.Question.Digits {
			page.Question.Digits = append(page.Question.Digits, string(digit))
		}
		page.Hidden = append(page.Hidden, hidden("question", h.Question.Step)...)
	}
	return nil
}

// checkHurdles lets a password be looked at, once the browser or the person did what the network must do.
func (s *Server) checkHurdles(r *http.Request) error {
	browser, err := s.browserHash(r.Context(), s.cookie(r, cookieBrowser))
	if err != nil {
		return err
	}
	return s.Password.CheckHurdles(r.Context(), s.Steps, browser, reqctx.From(r.Context()).Source(), authn.Effort{
		WorkStep: r.PostFormValue("work"), Work: r.PostFormValue("work-answer"), QuestionStep: r.PostFormValue("question"), Answer: r.PostFormValue("login-question")})
}

// questionAudio is the question of a login page read aloud, for the browser that was asked and until it is answered. Players ask for
// pieces, so it is the same whenever it is fetched.
func (s *Server) questionAudio(w http.ResponseWriter, r *http.Request) error {
	browser, err := s.browserHash(r.Context(), s.cookie(r, cookieBrowser))
	if err != nil {
		return err
	}
	recording, err := s.Password.ReadAloud(r.Context(), s.Steps, browser, r.URL.Query().Get("question"))
	if fault.CodeOf(err) == fault.StepLost {
		return fault.New(fault.NotFound)
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "audio/wav")
	w.Header().Set("Cache-Control", "no-store")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(recording))
	return nil
}
