package idphttp

import (
	"net/http"

	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

// workField is the work of a login page, if any is due.
func workField(work *authn.Work) (step string, field *web.WorkField) {
	if work == nil {
		return "", nil
	}
	return work.Step, &web.WorkField{Text: work.Text, Bits: work.Bits}
}

// checkWork lets a password be looked at, once the browser did the work that its network must do.
func (s *Server) checkWork(r *http.Request) error {
	browser, err := s.browserHash(r.Context(), s.cookie(r, cookieBrowser))
	if err != nil {
		return err
	}
	return s.Password.CheckWork(r.Context(), s.Steps, browser, reqctx.From(r.Context()).ClientIP, r.PostFormValue("work"), r.PostFormValue("work-answer"))
}
