package idphttp

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

const (
	recoverPath = "/recover"
	recoverLife = 15 * time.Minute
)

// recovery is a proof of a contact that may set a new password: bound to the browser, used once. It is made by the server
// alone, so that no step can be left out.
type recovery struct {
	AccountID string    `json:"account_id"`
	At        time.Time `json:"at"`
}

// recoverPage names what may be at hand; the mobile number or the address is asked for here.
func (s *Server) recoverPage(w http.ResponseWriter, r *http.Request) error {
	return s.showRecover(w, r, http.StatusOK, nil)
}

func (s *Server) showRecover(w http.ResponseWriter, r *http.Request, status int, failures []web.FieldError) error {
	s.browser(w, r)
	body := web.RecoverPage{Identifier: r.PostFormValue("register-identifier"), Passkey: s.Passkeys != nil, CertificateURL: s.certificateURL(""), ProofURL: "/login/code", Ways: s.recoverWays()}
	return s.Pages.Page(w, r, status, "recover", web.Page{Errors: failures, Body: body})
}

// recoverStart sends a code whether or not there is an account.
func (s *Server) recoverStart(w http.ResponseWriter, r *http.Request) error {
	identifier, err := subject.ParseIdentifier(r.PostFormValue("register-identifier"))
	if err != nil {
		return s.showRecover(w, r, http.StatusUnprocessableEntity, s.failed(w, r, fault.New(fault.IdentifierInvalid), "register-identifier"))
	}
	challenge, err := s.sendBy(w, r, identifier, authn.PurposeRecover)
	if sent, status, ok := keepsCode(r, err); ok {
		return s.showCode(w, r, status, sent, identifier, authn.PurposeRecover, s.failed(w, r, err, "otp-resend"))
	}
	if err != nil {
		status := fault.MetaOf(fault.CodeOf(err)).Status
		if status >= http.StatusInternalServerError {
			return err
		}
		return s.showRecover(w, r, status, s.failed(w, r, err, "register-identifier"))
	}
	s.Wake()
	return s.showCode(w, r, http.StatusOK, challenge, identifier, authn.PurposeRecover, nil)
}

// recoverCode takes the code. The login that follows has the level of that proof and no other, and an account with a
// second factor asks for it now; a recovery code stands in for it.
func (s *Server) recoverCode(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	identifier, err := s.checkCode(w, r, authn.PurposeRecover)
	if err != nil || identifier == nil {
		return err
	}
	account, err := s.Accounts.ByIdentifier(ctx, *identifier)
	if errors.Is(err, idp.ErrNotFound) {
		return see(w, r, "/register") // whoever controls the number learns only about it
	}
	if err != nil {
		return err
	}
	if account.State != idp.AccountActive {
		return fault.New(fault.CodeWrong)
	}
	if proof := account.InForce(s.Now()); proof != nil && proof.IAL >= 3 {
		return fault.New(fault.RecoveryInPerson) // identity.md 7 rule 11: a number changes hands
	}
	browser, err := s.browserHash(ctx, s.cookie(r, cookieBrowser))
	if err != nil {
		return err
	}
	return s.recoverOn(w, r, browser, s.byCode(account.ID))
}

// recoverOn leads from a proof to the new password, by way of the second factor of the account.
func (s *Server) recoverOn(w http.ResponseWriter, r *http.Request, browser []byte, login idp.Login) error {
	step, err := s.Steps.Begin(r.Context(), authn.StepRecover, browser, recovery{login.AccountID, login.At}, recoverLife)
	if err != nil {
		return err
	}
	entering := waiting{Login: login, Next: recoverPath + "/password?" + url.Values{"step": {step}}.Encode()}
	if slices.Contains(login.Methods, authn.WordProved) {
		entering.Proved = step
	}
	return s.enter(w, r, entering)
}

// recoveryNotices tell a person over all channels that the account was recovered; handle is the step of the recovery.
func recoveryNotices(handle, accountID string) ([]audit.Message, error) {
	return authn.Notices(authn.NoticeRecovered+"/"+handle[:8], authn.Notice{AccountID: accountID, What: authn.NoticeRecovered})
}

// recovering is the proof and the session that followed from it.
func (s *Server) recovering(r *http.Request, read func(browser []byte, v *recovery) error) (v recovery, err error) {
	browser, err := s.browserHash(r.Context(), s.cookie(r, cookieBrowser))
	if err != nil {
		return v, err
	}
	if err := read(browser, &v); err != nil {
		return v, err
	}
	current, ok, err := s.Session(r)
	if err != nil {
		return v, err
	}
	if !ok || current.AccountID != v.AccountID || current.AuthTime.Before(v.At.Truncate(time.Microsecond)) {
		return v, fault.New(fault.StepLost) // the second factor was not shown
	}
	return v, nil
}

func (s *Server) recoverPassword(w http.ResponseWriter, r *http.Request) error {
	handle := r.FormValue("step")
	if _, err := s.recovering(r, func(browser []byte, v *recovery) error {
		return s.Steps.Look(r.Context(), authn.StepRecover, browser, handle, v)
	}); err != nil {
		return err
	}
	return s.showNewPassword(w, r, http.StatusOK, handle, nil)
}

func (s *Server) showNewPassword(w http.ResponseWriter, r *http.Request, status int, handle string, failures []web.FieldError) error {
	return s.Pages.Page(w, r, status, "password", web.Page{Identity: s.Identity(r), Errors: failures, Body: web.PasswordPage{Action: recoverPath + "/password", Hidden: hidden("step", handle)}})
}

// recoverFinish sets the new password. Every session ends, the one of this browser goes on under a new secret at the level
// that it had, and all channels are told.
func (s *Server) recoverFinish(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	handle := r.PostFormValue("step")
	begun, err := s.recovering(r, func(browser []byte, v *recovery) error {
		return s.Steps.Look(ctx, authn.StepRecover, browser, handle, v)
	})
	if err != nil {
		return err
	}
	account, err := s.Accounts.Account(ctx, begun.AccountID)
	if err != nil {
		return err
	}
	hash, err := s.newPassword(r, account)
	if fault.CodeOf(err) == fault.PasswordRefused {
		return s.showNewPassword(w, r, http.StatusUnprocessableEntity, handle, s.failed(w, r, err, "password-new"))
	}
	if err != nil {
		return err
	}
	v, err := s.recovering(r, func(browser []byte, v *recovery) error {
		return s.Steps.Take(ctx, authn.StepRecover, browser, handle, v)
	})
	if err != nil {
		return err
	}
	current, _, err := s.Session(r)
	if err != nil {
		return err
	}
	live, err := s.Sessions.Live(ctx, v.AccountID)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	for _, other := range live {
		if other.ID == current.ID {
			continue
		}
		if _, err := s.Sessions.End(ctx, other.ID, v.AccountID); err != nil {
			return err
		}
	}
	var notices []audit.Message
	if !slices.Contains(current.Methods, authn.WordProved) { // whoever was let in by a proof was told then
		if notices, err = recoveryNotices(handle, v.AccountID); err != nil {
			return err
		}
	}
	if err := s.Accounts.RecoverPassword(ctx, v.AccountID, hash, notices...); err != nil {
		return err
	}
	s.Wake()
	again := idp.Login{AccountID: v.AccountID, AAL: subject.AAL(current.AAL), Methods: current.Methods, At: s.Now().UTC(), Second: true}
	return s.enter(w, r, waiting{Login: again, Next: recoveredPath})
}
