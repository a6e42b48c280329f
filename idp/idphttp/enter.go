package idphttp

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/federation"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

// waiting is a login that waits for the second factor of its account. It is sealed, bound to the browser and used once.
type waiting struct {
	Login    idp.Login          `json:"login"`
	Flow     string             `json:"flow,omitempty"`
	Next     string             `json:"next"`             // path of ours
	Proved   string             `json:"proved,omitempty"` // the step of a recovery by proof, which rests the account from the login on
	Upstream *federation.Result `json:"upstream,omitempty"`
}

// secondLife is how long a login waits.
const secondLife = 10 * time.Minute

// enter is the one way from a login to a session (security rule 8): a login below level 2 to an account with a second
// factor waits until that was shown, whatever method came first.
func (s *Server) enter(w http.ResponseWriter, r *http.Request, v waiting) error {
	ctx := r.Context()
	if !v.Login.Second && v.Login.AAL < 2 {
		second, err := s.Ways.Second(ctx, v.Login.AccountID)
		if err != nil {
			return err
		}
		if len(second) > 0 {
			return s.waitForSecond(w, r, v)
		}
	}
	if v.Proved != "" { // before there is a session to act with
		notices, err := recoveryNotices(v.Proved, v.Login.AccountID)
		if err == nil {
			err = s.Accounts.LetIn(ctx, v.Login.AccountID, notices...)
		}
		if err != nil {
			return err
		}
		s.Wake()
	}
	err := s.signInThen(w, r, v.Login, func(started session.Session) error {
		if err := s.noteDevice(w, r, started); err != nil || v.Upstream == nil {
			return err
		}
		return s.Federation.Joined(ctx, federation.SessionRef{SID: started.ID, AccountID: started.AccountID}, *v.Upstream)
	})
	if err != nil {
		return err
	}
	return see(w, r, v.Next)
}

func (s *Server) waitForSecond(w http.ResponseWriter, r *http.Request, v waiting) error {
	browser, err := s.browserHash(r.Context(), s.browser(w, r))
	if err != nil {
		return err
	}
	handle, err := s.Steps.Begin(r.Context(), authn.StepSecond, browser, v, secondLife)
	if err != nil {
		return err
	}
	return see(w, r, "/login/second?"+url.Values{"step": {handle}}.Encode())
}

// waitingLogin reads the login that waits and leaves it.
func (s *Server) waitingLogin(r *http.Request) (v waiting, handle string, err error) {
	handle = r.FormValue("step")
	browser, err := s.browserHash(r.Context(), s.cookie(r, cookieBrowser))
	if err != nil {
		return v, "", err
	}
	return v, handle, s.Steps.Look(r.Context(), authn.StepSecond, browser, handle, &v)
}

func (s *Server) secondPage(w http.ResponseWriter, r *http.Request) error {
	v, handle, err := s.waitingLogin(r)
	if err != nil {
		return err
	}
	return s.showSecond(w, r, http.StatusOK, v, handle, nil)
}

func (s *Server) showSecond(w http.ResponseWriter, r *http.Request, status int, v waiting, handle string, failures []web.FieldError) error {
	second, err := s.Ways.Second(r.Context(), v.Login.AccountID)
	if err != nil {
		return err
	}
	_, left, err := s.Ways.List(r.Context(), v.Login.AccountID)
	if err != nil {
		return err
	}
	address := "/login/second?" + url.Values{"step": {handle}}.Encode()
	body := web.SecondPage{Hidden: hidden("step", handle), LoginURL: "/login"}
	if v.Flow != "" {
		body.LoginURL += "?" + url.Values{"flow": {v.Flow}}.Encode()
	}
	if _, ok := second[authn.KindCertificate]; ok {
		body.CertificateURL = s.certificateURL(strings.TrimPrefix(body.LoginURL, "/login"))
	}
	if _, ok := second[authn.KindPasskey]; ok {
		body.Passkey = s.passkeyForm(v.Flow)
	}
	_, body.TOTP = second[authn.KindTOTP]
	if left > 0 {
		body.RecoveryURL = address + "&by=recovery"
	}
	if r.FormValue("by") == "recovery" && left > 0 {
		body.Recovery, body.OtherURL = true, address
	}
	return s.Pages.Page(w, r, status, "second", web.Page{Errors: failures, Callbacks: s.callbacksOf(r, v.Flow), Body: body})
}

// callbacksOf are the origins to which the flow may lead on after a form; a flow that ended meanwhile adds none.
func (s *Server) callbacksOf(r *http.Request, flow string) []string {
	if flow == "" {
		return nil
	}
	r.Form.Set("flow", flow)
	_, f, _, err := s.optionalFlow(r)
	if err != nil {
		return nil
	}
	return callbacks(f.RedirectURI)
}

// secondAnswer evaluates a code of an authenticator.
func (s *Server) secondAnswer(w http.ResponseWriter, r *http.Request) error {
	return s.second(w, r, "otp-code", func(ctx context.Context, v *waiting) error {
		if err := s.Ways.CheckTOTP(ctx, v.Login.AccountID, digitsOf(r.PostFormValue("otp-code"))); err != nil {
			return err
		}
		v.Login = authn.Combine(v.Login, authn.ByTOTP)
		return nil
	})
}

// recoveryAnswer takes a recovery code in the place of a second factor; the login stays at the level that it had.
func (s *Server) recoveryAnswer(w http.ResponseWriter, r *http.Request) error {
	r.Form.Set("by", "recovery")
	return s.second(w, r, "recovery-code", func(ctx context.Context, v *waiting) error {
		v.Login.Second = true
		return s.Ways.CheckRecoveryCode(ctx, v.Login.AccountID, digitsOf(r.PostFormValue("recovery-code")))
	})
}

// second lets a waiting login in when check is content. The step is used before the session begins, so that of two
// answers one is refused.
func (s *Server) second(w http.ResponseWriter, r *http.Request, field string, check func(context.Context, *waiting) error) error {
	ctx := r.Context()
	v, handle, err := s.waitingLogin(r)
	if err != nil {
		return err
	}
	account, err := s.Accounts.Account(ctx, v.Login.AccountID)
	if err != nil {
		return err
	}
	if account.State != idp.AccountActive || account.CredentialsAt.After(v.Login.At) {
		return fault.New(fault.StepLost) // suspended, or its password was changed while the login waited
	}
	if err := check(ctx, &v); err != nil {
		status := fault.MetaOf(fault.CodeOf(err)).Status
		if status >= http.StatusInternalServerError {
			return err
		}
		return s.showSecond(w, r, status, v, handle, s.failed(w, r, err, field))
	}
	return s.finishSecond(w, r, v, handle)
}

func (s *Server) finishSecond(w http.ResponseWriter, r *http.Request, v waiting, handle string) error {
	s.Wake()
	browser, err := s.browserHash(r.Context(), s.cookie(r, cookieBrowser))
	if err != nil {
		return err
	}
	var used waiting
	if err := s.Steps.Take(r.Context(), authn.StepSecond, browser, handle, &used); err != nil {
		return err
	}
	// The login is as old as its first factor: a fresh code does not make an old login new.
	return s.enter(w, r, v)
}
