package staffhttp

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

// stepEnrol is an enrolment under way: the code was right and is used up at the end.
const stepEnrol authn.StepKind = "staff-enrol"

const (
	enrolLife   = 30 * time.Minute
	enrolGuess  = 30 // tries of codes from one source in a quarter of an hour
	scopeEnrol  = "enrol"
	enrolSteps  = 3
	enrolHandle = "enrol"
)

type enrolling struct {
	ID       string `json:"id"`
	Code     []byte `json:"code"` // keyed hash
	Password string `json:"password,omitempty"`
}

func (s *Server) enrolPage(w http.ResponseWriter, r *http.Request) error {
	return s.showEnrol(w, r, http.StatusOK, nil)
}

func (s *Server) showEnrol(w http.ResponseWriter, r *http.Request, status int, failures []web.FieldError) error {
	return s.Pages.Page(w, r, status, "staff-enrol", web.Page{Errors: failures, Self: enrolPath, Body: web.StaffEnrolPage{Login: r.PostFormValue("login-identifier"), LoginURL: loginPath}})
}

func (s *Server) enrolCode(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	tries, err := s.Throttle.Count(ctx, scopeEnrol, []byte(reqctx.From(ctx).Source()), authn.LoginSpan, s.Now())
	if err != nil {
		return fault.Wrap(err, fault.Unavailable)
	}
	if tries > enrolGuess {
		err = fault.New(fault.LoginLocked, "m", fmt.Sprint(int(authn.LoginSpan/time.Minute))).After(int(authn.LoginSpan / time.Second))
		return s.showEnrol(w, r, fault.MetaOf(fault.LoginLocked).Status, s.failed(w, r, err, ""))
	}
	m, err := s.Members.CheckCode(ctx, r.PostFormValue("login-identifier"), digitsOf(r.PostFormValue("enrol-code")))
	if status, ok := mendable(err); ok {
		return s.showEnrol(w, r, status, s.failed(w, r, err, "enrol-code"))
	}
	if err != nil {
		return err
	}
	return s.enrolOn(w, r, enrolling{ID: m.ID, Code: m.EnrolHash}, enrolPath+"/password")
}

func (s *Server) enrolOn(w http.ResponseWriter, r *http.Request, v enrolling, address string) error {
	browser, err := s.browser(w, r)
	if err != nil {
		return err
	}
	handle, err := s.Steps.Begin(r.Context(), stepEnrol, browser, v, enrolLife)
	if err != nil {
		return err
	}
	return see(w, r, address+"?"+url.Values{enrolHandle: {handle}}.Encode())
}

// enrolling reads the enrolment under way, for an account that still waits for it.
func (s *Server) enrolling(w http.ResponseWriter, r *http.Request) (v enrolling, m staff.Member, handle string, err error) {
	browser, err := s.browser(w, r)
	if err != nil {
		return v, m, "", err
	}
	handle = r.FormValue(enrolHandle)
	if err := s.Steps.Look(r.Context(), stepEnrol, browser, handle, &v); fault.CodeOf(err) == fault.StepLost {
		return v, m, "", fault.New(fault.StaffEnrolStep)
	} else if err != nil {
		return v, m, "", err
	}
	if m, err = s.Members.Member(r.Context(), v.ID); err != nil {
		return v, m, "", err
	}
	if m.State != staff.MemberNew || string(m.EnrolHash) != string(v.Code) {
		return v, m, "", fault.New(fault.StaffEnrolStep)
	}
	return v, m, handle, nil
}

func (s *Server) enrolPasswordPage(w http.ResponseWriter, r *http.Request) error {
	return s.showEnrolPassword(w, r, http.StatusOK, nil)
}

func (s *Server) showEnrolPassword(w http.ResponseWriter, r *http.Request, status int, failures []web.FieldError) error {
	_, m, handle, err := s.enrolling(w, r)
	if err != nil {
		return err
	}
	return s.Pages.Page(w, r, status, "password", web.Page{Errors: failures, Self: enrolPath + "/password?" + url.Values{enrolHandle: {handle}}.Encode(),
		Body: web.PasswordPage{Action: enrolPath + "/password", Hidden: hidden(enrolHandle, handle), Identifier: m.Login, Step: 2, Steps: enrolSteps}})
}

func (s *Server) enrolPassword(w http.ResponseWriter, r *http.Request) error {
	v, m, _, err := s.enrolling(w, r)
	if err != nil {
		return err
	}
	v.Password, err = s.Passwords.Hash(r.Context(), r.PostFormValue("password-new"), m.Login)
	if status, ok := mendable(err); ok {
		return s.showEnrolPassword(w, r, status, s.failed(w, r, err, "password-new"))
	}
	if err != nil {
		return err
	}
	return s.enrolOn(w, r, v, enrolPath+"/second")
}

func (s *Server) enrolSecondPage(w http.ResponseWriter, r *http.Request) error {
	v, m, handle, err := s.enrolling(w, r)
	if err == nil && v.Password == "" {
		err = fault.New(fault.StaffEnrolStep)
	}
	if err != nil {
		return err
	}
	setup, err := s.Ways.BeginTOTP(r.Context(), m.ID, "", m.Login)
	if err != nil {
		return err
	}
	return s.showEnrolSecond(w, r, http.StatusOK, handle, setup, nil)
}

func (s *Server) showEnrolSecond(w http.ResponseWriter, r *http.Request, status int, handle string, setup authn.TOTPSetup, failures []web.FieldError) error {
	body, err := totpPage(setup)
	if err != nil {
		return err
	}
	query := url.Values{enrolHandle: {handle}}.Encode()
	body.Action, body.Hidden, body.CancelURL = enrolPath+"/second", append(body.Hidden, web.Hidden{Name: enrolHandle, Value: handle}), loginPath
	body.Step, body.Steps = 3, enrolSteps
	if s.Passkeys != nil {
		body.Passkey = &web.PasskeyForm{Create: true, Action: enrolPath + "/passkey", Options: enrolPath + "/passkey/options?" + query, Hidden: hidden(enrolHandle, handle)}
	}
	body.CertificateURL = s.enrolCertificateURL(handle)
	return s.Pages.Page(w, r, status, "totp-new", web.Page{Errors: failures, Self: enrolPath + "/second?" + query, Body: body})
}

// totpPage shows an authenticator that waits for its first code.
func totpPage(setup authn.TOTPSetup) (web.TOTPPage, error) {
	code, err := web.NewQR(setup.URI)
	var groups []string
	for key := setup.Key; key != ""; {
		n := min(4, len(key))
		groups, key = append(groups, key[:n]), key[n:]
	}
	return web.TOTPPage{Hidden: hidden("credential", setup.ID), QR: code, Key: strings.Join(groups, " ")}, err
}

func (s *Server) enrolTOTP(w http.ResponseWriter, r *http.Request) error {
	v, m, handle, err := s.enrolling(w, r)
	if err != nil {
		return err
	}
	id := r.PostFormValue("credential")
	_, err = s.Ways.FinishTOTP(r.Context(), m.ID, id, digitsOf(r.PostFormValue("otp-code")))
	if code := fault.CodeOf(err); code == fault.SecondWrong || code == fault.SecondLocked {
		setup, failed := s.Ways.PendingTOTP(r.Context(), m.ID, id, m.Login)
		if failed != nil {
			return failed
		}
		return s.showEnrolSecond(w, r, fault.MetaOf(code).Status, handle, setup, s.failed(w, r, err, "otp-code"))
	}
	if err != nil {
		return err
	}
	return s.enrolled(w, r, v, m, handle)
}

// enrolled makes the account active once the second factor is there, and leads to the first login.
func (s *Server) enrolled(w http.ResponseWriter, r *http.Request, v enrolling, m staff.Member, handle string) error {
	browser, err := s.browser(w, r)
	if err != nil {
		return err
	}
	if v.Password == "" {
		return fault.New(fault.StaffEnrolStep)
	}
	var used enrolling
	if err := s.Steps.Take(r.Context(), stepEnrol, browser, handle, &used); err != nil {
		return err
	}
	m.EnrolHash = used.Code
	if err := s.Members.FinishEnrolment(r.Context(), m, used.Password); err != nil {
		return err
	}
	return see(w, r, loginPath+"?enrolled=1")
}

func (s *Server) enrolPasskeyOptions(w http.ResponseWriter, r *http.Request) error {
	_, m, _, err := s.enrolling(w, r)
	if err != nil {
		return err
	}
	browser, err := s.browser(w, r)
	if err != nil {
		return err
	}
	options, step, err := s.Passkeys.BeginRegistration(r.Context(), m.ID, browser, m.Login)
	return sendAsked(w, options, step, err)
}

func (s *Server) enrolPasskey(w http.ResponseWriter, r *http.Request) error {
	v, m, handle, err := s.enrolling(w, r)
	if err != nil {
		return err
	}
	browser, err := s.browser(w, r)
	if err != nil {
		return err
	}
	if _, err := s.Passkeys.FinishRegistration(r.Context(), m.ID, browser, r.PostFormValue("step"), passkeyName(r), []byte(r.PostFormValue("passkey-response"))); err != nil {
		return err
	}
	return s.enrolled(w, r, v, m, handle)
}

func passkeyName(r *http.Request) string {
	if name := r.PostFormValue("passkey-name"); name != "" {
		return name
	}
	return deviceOf(reqctx.From(r.Context()).UserAgent)
}
