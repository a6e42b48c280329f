package staffhttp

import (
	"net/http"
	"net/url"

	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/formfile"
	"github.com/yinxin-gov/yinxin/web"
)

// Pages of certificates (U 盾). One is a whole login by itself, as a passkey is: its PIN opens a key that the member holds.
const (
	loginCertificatePath    = loginPath + "/certificate"
	enrolCertificatePath    = enrolPath + "/certificate"
	securityCertificatePath = securityPath + "/certificate"
)

// certificateURL leads to the login by certificate; empty hides it.
func (s *Server) certificateURL(next string) string {
	if s.Certificates == nil {
		return ""
	}
	if next == homePath {
		return loginCertificatePath
	}
	return loginCertificatePath + "?" + url.Values{"next": {next}}.Encode()
}

// certificateAnswer is what a member handed in.
func certificateAnswer(r *http.Request) (answer authn.CertificateAnswer, err error) {
	if err := formfile.Parse(r, maxForm); err != nil {
		return answer, err
	}
	answer.Step = r.FormValue("step")
	if answer.Certificate, err = formfile.Read(r, "certificate", maxForm); err == nil {
		answer.Signature, err = formfile.Read(r, "signature", maxForm)
	}
	return answer, err
}

func (s *Server) loginCertificatePage(w http.ResponseWriter, r *http.Request) error {
	return s.showLoginCertificate(w, r, http.StatusOK, nil)
}

func (s *Server) showLoginCertificate(w http.ResponseWriter, r *http.Request, status int, failures []web.FieldError) error {
	browser, err := s.browser(w, r)
	if err != nil {
		return err
	}
	challenge, err := s.Certificates.BeginLogin(r.Context(), browser, "")
	if err != nil {
		return err
	}
	next := nextOf(r.FormValue("next"))
	return s.Pages.Page(w, r, status, "certificate", web.Page{Errors: failures, Self: s.certificateURL(next), Body: web.CertificatePage{Action: loginCertificatePath, Hidden: hidden("step", challenge.Step, "next", next), Challenge: challenge.Text, BackURL: LoginURL(next)}})
}

// loginCertificate signs in by a certificate that is bound to an account of staff; one that is bound to a citizen's opens nothing here.
func (s *Server) loginCertificate(w http.ResponseWriter, r *http.Request) error {
	answer, err := certificateAnswer(r)
	if err != nil {
		return err
	}
	browser, err := s.browser(w, r)
	if err != nil {
		return err
	}
	login, err := s.Certificates.Login(r.Context(), browser, "", answer)
	if err == nil {
		err = s.enter(w, r, login, nextOf(r.FormValue("next")))
	}
	if status, ok := mendable(err); ok {
		return s.showLoginCertificate(w, r, status, s.failed(w, r, err, "certificate"))
	}
	return err
}

func (s *Server) securityCertificatePage(w http.ResponseWriter, r *http.Request) error {
	return s.showSecurityCertificate(w, r, http.StatusOK, nil)
}

func (s *Server) showSecurityCertificate(w http.ResponseWriter, r *http.Request, status int, failures []web.FieldError) error {
	known, err := s.changer(w, r)
	if known == nil {
		return err
	}
	return s.showNewCertificate(w, r, status, failures, known.member.ID, web.CertificatePage{Action: securityCertificatePath, BackURL: securityPath})
}

// showNewCertificate is the page that binds a certificate to an account.
func (s *Server) showNewCertificate(w http.ResponseWriter, r *http.Request, status int, failures []web.FieldError, id string, body web.CertificatePage) error {
	browser, err := s.browser(w, r)
	if err != nil {
		return err
	}
	challenge, err := s.Certificates.BeginEnrolment(r.Context(), browser, id)
	if err != nil {
		return err
	}
	body.Enrol, body.Challenge, body.Hidden = true, challenge.Text, append(body.Hidden, hidden("step", challenge.Step)...)
	return s.show(w, r, status, "certificate", web.Page{Errors: failures, Self: body.BackURL, Body: body})
}

// bindCertificate binds what was handed in to an account.
func (s *Server) bindCertificate(w http.ResponseWriter, r *http.Request, id string, answer authn.CertificateAnswer) error {
	browser, err := s.browser(w, r)
	if err != nil {
		return err
	}
	_, err = s.Certificates.Enrol(r.Context(), browser, id, r.FormValue("certificate-name"), answer)
	return err
}

func (s *Server) securityCertificate(w http.ResponseWriter, r *http.Request) error {
	answer, err := certificateAnswer(r)
	if err != nil {
		return err
	}
	known, err := s.changer(w, r)
	if known == nil {
		return err
	}
	err = s.bindCertificate(w, r, known.member.ID, answer)
	if status, ok := mendable(err); ok {
		return s.showSecurityCertificate(w, r, status, s.failed(w, r, err, "certificate"))
	}
	if err != nil {
		return err
	}
	return see(w, r, securityPath)
}

// enrolCertificateURL leads from the last step of an enrolment to the certificate; empty hides it.
func (s *Server) enrolCertificateURL(handle string) string {
	if s.Certificates == nil {
		return ""
	}
	return enrolCertificatePath + "?" + url.Values{enrolHandle: {handle}}.Encode()
}

func (s *Server) enrolCertificatePage(w http.ResponseWriter, r *http.Request) error {
	return s.showEnrolCertificate(w, r, http.StatusOK, nil)
}

func (s *Server) showEnrolCertificate(w http.ResponseWriter, r *http.Request, status int, failures []web.FieldError) error {
	v, m, handle, err := s.enrolling(w, r)
	if err == nil && v.Password == "" {
		err = fault.New(fault.StaffEnrolStep)
	}
	if err != nil {
		return err
	}
	back := enrolPath + "/second?" + url.Values{enrolHandle: {handle}}.Encode()
	return s.showNewCertificate(w, r, status, failures, m.ID, web.CertificatePage{Action: enrolCertificatePath, Hidden: hidden(enrolHandle, handle), BackURL: back})
}

// enrolCertificate ends an enrolment with a certificate as the second factor.
func (s *Server) enrolCertificate(w http.ResponseWriter, r *http.Request) error {
	answer, err := certificateAnswer(r)
	if err != nil {
		return err
	}
	v, m, handle, err := s.enrolling(w, r)
	if err == nil && v.Password == "" {
		err = fault.New(fault.StaffEnrolStep)
	}
	if err != nil {
		return err
	}
	err = s.bindCertificate(w, r, m.ID, answer)
	if status, ok := mendable(err); ok {
		return s.showEnrolCertificate(w, r, status, s.failed(w, r, err, "certificate"))
	}
	if err != nil {
		return err
	}
	return s.enrolled(w, r, v, m, handle)
}
