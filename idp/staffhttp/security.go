package staffhttp

import (
	"net/http"
	"time"

	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

// changeWindow is how young a login must be for changes of the second factors.
const changeWindow = 5 * time.Minute

// strong reports whether the login may change the second factors: it is young, and showed one if there was one by then.
func (s *Server) strong(r *http.Request, known *signedIn) (bool, error) {
	if s.Now().Sub(known.session.AuthTime) > changeWindow {
		return false, nil
	}
	if known.session.AAL >= 2 {
		return true, nil
	}
	second, err := s.Ways.Second(r.Context(), known.member.ID)
	return len(second) == 0, err
}

// changer is who is signed in, if the login allows changes; nil when the answer was written.
func (s *Server) changer(w http.ResponseWriter, r *http.Request) (*signedIn, error) {
	known, err := s.member(w, r)
	if known == nil {
		return nil, err
	}
	ok, err := s.strong(r, known)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, s.showSecurity(w, r, fault.MetaOf(fault.StrongLoginNeeded).Status, s.failed(w, r, fault.New(fault.StrongLoginNeeded), ""))
	}
	return known, nil
}

func (s *Server) securityPage(w http.ResponseWriter, r *http.Request) error {
	return s.showSecurity(w, r, http.StatusOK, nil)
}

func (s *Server) showSecurity(w http.ResponseWriter, r *http.Request, status int, failures []web.FieldError) error {
	known, err := s.member(w, r)
	if known == nil {
		return err
	}
	all, _, err := s.Ways.List(r.Context(), known.member.ID)
	if err != nil {
		return err
	}
	body := web.StaffSecurityPage{LoginURL: LoginURL(securityPath), HomeURL: homePath}
	if body.Strong, err = s.strong(r, known); err != nil {
		return err
	}
	for _, c := range all {
		item := web.CredentialItem{ID: c.ID, Kind: string(c.Kind), Name: c.Name, AddedAt: c.CreatedAt, Flagged: c.State == authn.CredentialFlagged}
		if !c.UsedAt.IsZero() {
			item.UsedAt = &c.UsedAt
		}
		body.Credentials = append(body.Credentials, item)
	}
	if s.Passkeys != nil {
		body.Passkey = &web.PasskeyForm{Create: true, Action: securityPath + "/passkeys", Options: securityPath + "/passkeys/options"}
	}
	if s.Certificates != nil {
		body.CertificateURL = securityCertificatePath
	}
	var origins []string // a form that ends at a source needs its origin in the policy
	if body.Upstreams, origins, err = s.linkItems(r, known.member.ID); err != nil {
		return err
	}
	return s.show(w, r, status, "staff-security", web.Page{Errors: failures, Self: securityPath, Callbacks: origins, Body: body})
}

// changed answers a change: what the member can mend stands on the page.
func (s *Server) changed(w http.ResponseWriter, r *http.Request, err error) error {
	if status, ok := mendable(err); ok {
		return s.showSecurity(w, r, status, s.failed(w, r, err, ""))
	}
	if err != nil {
		return err
	}
	return see(w, r, securityPath)
}

func (s *Server) totpStart(w http.ResponseWriter, r *http.Request) error {
	known, err := s.changer(w, r)
	if known == nil {
		return err
	}
	setup, err := s.Ways.BeginTOTP(r.Context(), known.member.ID, r.PostFormValue("credential-name"), known.member.Login)
	if err != nil {
		return s.changed(w, r, err)
	}
	return s.showTOTP(w, r, http.StatusOK, setup, nil)
}

func (s *Server) showTOTP(w http.ResponseWriter, r *http.Request, status int, setup authn.TOTPSetup, failures []web.FieldError) error {
	body, err := totpPage(setup)
	if err != nil {
		return err
	}
	body.Action, body.CancelURL = securityPath+"/totp/code", securityPath
	return s.show(w, r, status, "totp-new", web.Page{Errors: failures, Self: securityPath, Body: body})
}

func (s *Server) totpFinish(w http.ResponseWriter, r *http.Request) error {
	known, err := s.changer(w, r)
	if known == nil {
		return err
	}
	id := r.PostFormValue("credential")
	_, err = s.Ways.FinishTOTP(r.Context(), known.member.ID, id, digitsOf(r.PostFormValue("otp-code")))
	if code := fault.CodeOf(err); code == fault.SecondWrong || code == fault.SecondLocked {
		setup, failed := s.Ways.PendingTOTP(r.Context(), known.member.ID, id, known.member.Login)
		if failed != nil {
			return failed
		}
		return s.showTOTP(w, r, fault.MetaOf(code).Status, setup, s.failed(w, r, err, "otp-code"))
	}
	return s.changed(w, r, err)
}

func (s *Server) passwordPage(w http.ResponseWriter, r *http.Request) error {
	known, err := s.changer(w, r)
	if known == nil {
		return err
	}
	return s.showPassword(w, r, http.StatusOK, known, nil)
}

func (s *Server) showPassword(w http.ResponseWriter, r *http.Request, status int, known *signedIn, failures []web.FieldError) error {
	return s.show(w, r, status, "password", web.Page{Errors: failures, Self: passwordPath, Body: web.PasswordPage{Action: passwordPath, Identifier: known.member.Login}})
}

func (s *Server) passwordChange(w http.ResponseWriter, r *http.Request) error {
	known, err := s.changer(w, r)
	if known == nil {
		return err
	}
	hash, err := s.Passwords.Hash(r.Context(), r.PostFormValue("password-new"), known.member.Login)
	if status, ok := mendable(err); ok {
		return s.showPassword(w, r, status, known, s.failed(w, r, err, "password-new"))
	}
	if err != nil {
		return err
	}
	if err := s.Members.ChangePassword(r.Context(), known.member, hash); err != nil {
		return s.changed(w, r, err)
	}
	return see(w, r, loginPath) // its own session ended too
}

func (s *Server) removeCredential(w http.ResponseWriter, r *http.Request) error {
	known, err := s.changer(w, r)
	if known == nil {
		return err
	}
	return s.changed(w, r, s.Ways.Remove(r.Context(), known.member.ID, r.PathValue("id")))
}

func (s *Server) passkeyNewOptions(w http.ResponseWriter, r *http.Request) error {
	known, err := s.changer(w, r)
	if known == nil {
		return err
	}
	browser, err := s.browser(w, r)
	if err != nil {
		return err
	}
	options, step, err := s.Passkeys.BeginRegistration(r.Context(), known.member.ID, browser, known.member.Login)
	return sendAsked(w, options, step, err)
}

func (s *Server) passkeyNew(w http.ResponseWriter, r *http.Request) error {
	known, err := s.changer(w, r)
	if known == nil {
		return err
	}
	browser, err := s.browser(w, r)
	if err != nil {
		return err
	}
	_, err = s.Passkeys.FinishRegistration(r.Context(), known.member.ID, browser, r.PostFormValue("step"), passkeyName(r), []byte(r.PostFormValue("passkey-response")))
	return s.changed(w, r, err)
}
