package idphttp

import (
	"net/http"

	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/formfile"
	"github.com/yinxin-gov/yinxin/web"
)

const certificatePath = "/login/certificate"

// certificatePages are the pages of certificates; there are none without a trust list.
func (s *Server) certificatePages(page func(pattern string, handler func(w http.ResponseWriter, r *http.Request) error)) {
	if s.Certificates == nil {
		return
	}
	page("GET "+certificatePath, s.certificatePage)
	page("POST "+certificatePath, s.certificateAnswer)
	page("GET "+securityPath+"/certificate", s.certificateNewPage)
	page("POST "+securityPath+"/certificate", s.certificateNew)
}

// certificateURL leads to the login by certificate; empty hides it.
func (s *Server) certificateURL(suffix string) string {
	if s.Certificates == nil {
		return ""
	}
	return certificatePath + suffix
}

// withFiles reads a form that carries files; the bound on its size is that of every form.
func withFiles(r *http.Request) error { return formfile.Parse(r, maxForm) }

func certificateAnswerOf(r *http.Request) (answer authn.CertificateAnswer, err error) {
	answer.Step = r.FormValue("step")
	if answer.Certificate, err = formfile.Read(r, "certificate", maxForm); err == nil {
		answer.Signature, err = formfile.Read(r, "signature", maxForm)
	}
	return answer, err
}

func (s *Server) certificatePage(w http.ResponseWriter, r *http.Request) error {
	return s.showCertificate(w, r, http.StatusOK, nil)
}

func (s *Server) showCertificate(w http.ResponseWriter, r *http.Request, status int, failures []web.FieldError) error {
	id, f, _, err := s.optionalFlow(r)
	if err != nil {
		return err
	}
	browser, err := s.browserHash(r.Context(), s.browser(w, r))
	if err != nil {
		return err
	}
	challenge, err := s.Certificates.BeginLogin(r.Context(), browser, id)
	if err != nil {
		return err
	}
	back := "/login"
	if id != "" {
		back += "?flow=" + id
	}
	return s.Pages.Page(w, r, status, "certificate", web.Page{Errors: failures, Callbacks: callbacks(f.RedirectURI), Body: web.CertificatePage{
		Action: certificatePath, Hidden: hidden("flow", id, "step", challenge.Step), Challenge: challenge.Text, BackURL: back}})
}

func (s *Server) certificateAnswer(w http.ResponseWriter, r *http.Request) error {
	if err := withFiles(r); err != nil {
		return err
	}
	id, _, _, err := s.optionalFlow(r)
	if err != nil {
		return err
	}
	browser, err := s.browserHash(r.Context(), s.cookie(r, cookieBrowser))
	if err != nil {
		return err
	}
	answer, err := certificateAnswerOf(r)
	if err != nil {
		return err
	}
	login, err := s.Certificates.Login(r.Context(), browser, id, answer)
	if err != nil {
		status := fault.MetaOf(fault.CodeOf(err)).Status
		if status >= http.StatusInternalServerError {
			return err
		}
		return s.showCertificate(w, r, status, s.failed(w, r, err, "certificate"))
	}
	return s.enter(w, r, waiting{Login: login, Flow: id, Next: onward(id)})
}

// showHolder is the page on which somebody who is signed in shows a certificate for something: body says what is around the challenge.
func (s *Server) showHolder(w http.ResponseWriter, r *http.Request, account, about string, refusal error, body web.CertificatePage) error {
	var failures []web.FieldError
	status := http.StatusOK
	if refusal != nil {
		if status = fault.MetaOf(fault.CodeOf(refusal)).Status; status >= http.StatusInternalServerError {
			return refusal
		}
		failures = s.failed(w, r, refusal, "certificate")
	}
	browser, err := s.browserHash(r.Context(), s.browser(w, r))
	if err != nil {
		return err
	}
	challenge, err := s.Certificates.BeginHolder(r.Context(), browser, account, about)
	if err != nil {
		return err
	}
	body.Challenge, body.Hidden = challenge.Text, append(body.Hidden, hidden("step", challenge.Step)...)
	return s.Pages.Page(w, r, status, "certificate", web.Page{Identity: s.Identity(r), Errors: failures, Body: body})
}

// shownCertificate judges what was handed in on such a page.
func (s *Server) shownCertificate(r *http.Request, account, about string) (authn.HeldCertificate, error) {
	if err := withFiles(r); err != nil {
		return authn.HeldCertificate{}, err
	}
	browser, err := s.browserHash(r.Context(), s.cookie(r, cookieBrowser))
	if err != nil {
		return authn.HeldCertificate{}, err
	}
	answer, err := certificateAnswerOf(r)
	if err != nil {
		return authn.HeldCertificate{}, err
	}
	return s.Certificates.Holder(r.Context(), browser, account, about, answer)
}

func (s *Server) certificateNewPage(w http.ResponseWriter, r *http.Request) error {
	return s.showCertificateNew(w, r, http.StatusOK, nil)
}

func (s *Server) showCertificateNew(w http.ResponseWriter, r *http.Request, status int, failures []web.FieldError) error {
	current, ok, err := s.changer(w, r)
	if !ok {
		return err
	}
	browser, err := s.browserHash(r.Context(), s.browser(w, r))
	if err != nil {
		return err
	}
	challenge, err := s.Certificates.BeginEnrolment(r.Context(), browser, current.AccountID)
	if err != nil {
		return err
	}
	return s.Pages.Page(w, r, status, "certificate", web.Page{Identity: s.Identity(r), Errors: failures, Body: web.CertificatePage{Enrol: true,
		Action: securityPath + "/certificate", Hidden: hidden("step", challenge.Step), Challenge: challenge.Text, BackURL: securityPath}})
}

func (s *Server) certificateNew(w http.ResponseWriter, r *http.Request) error {
	if err := withFiles(r); err != nil {
		return err
	}
	current, ok, err := s.changer(w, r)
	if !ok {
		return err
	}
	browser, err := s.browserHash(r.Context(), s.cookie(r, cookieBrowser))
	if err != nil {
		return err
	}
	answer, err := certificateAnswerOf(r)
	if err != nil {
		return err
	}
	codes, err := s.Certificates.Enrol(r.Context(), browser, current.AccountID, r.FormValue("certificate-name"), answer)
	if err != nil {
		status := fault.MetaOf(fault.CodeOf(err)).Status
		if status >= http.StatusInternalServerError {
			return err
		}
		return s.showCertificateNew(w, r, status, s.failed(w, r, err, "certificate"))
	}
	s.Wake()
	return s.showCodes(w, r, codes)
}
