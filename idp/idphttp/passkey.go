package idphttp

import (
	"net/http"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

// passkeyPages are the pages of passkeys; there are none where the issuer is an address.
func (s *Server) passkeyPages(page func(pattern string, handler func(w http.ResponseWriter, r *http.Request) error)) {
	if s.Passkeys == nil {
		return
	}
	page("POST /login/passkey/options", s.passkeyOptions)
	page("POST /login/passkey", s.passkeyAnswer)
	page("POST "+securityPath+"/passkeys/options", s.passkeyNewOptions)
	page("POST "+securityPath+"/passkeys", s.passkeyNew)
}

// passkeyForm is the form of a login by passkey, which the script of the page shows.
func (s *Server) passkeyForm(flow string) *web.PasskeyForm {
	if s.Passkeys == nil {
		return nil
	}
	return &web.PasskeyForm{Action: "/login/passkey", Options: "/login/passkey/options", Hidden: hidden("flow", flow)}
}

// asked is the answer to the script: what it gives to the authenticator, and the handle that goes back with the form.
type asked struct {
	Options any    `json:"options"`
	Step    string `json:"step"`
}

func (s *Server) passkeyOptions(w http.ResponseWriter, r *http.Request) error {
	browser, err := s.browserHash(r.Context(), s.browser(w, r))
	if err != nil {
		return err
	}
	options, step, err := s.Passkeys.BeginLogin(r.Context(), browser)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, asked{options, step})
	return nil
}

// passkeyAnswer signs in by an assertion. It is a whole login by itself, also where a password came before.
func (s *Server) passkeyAnswer(w http.ResponseWriter, r *http.Request) error {
	id, _, _, err := s.optionalFlow(r)
	if err != nil {
		return err
	}
	browser, err := s.browserHash(r.Context(), s.cookie(r, cookieBrowser))
	if err != nil {
		return err
	}
	login, err := s.Passkeys.FinishLogin(r.Context(), browser, r.PostFormValue("step"), []byte(r.PostFormValue("passkey-response")))
	if err != nil {
		status := fault.MetaOf(fault.CodeOf(err)).Status
		if status >= http.StatusInternalServerError {
			return err
		}
		s.Wake() // a flagged passkey is told
		return s.showLogin(w, r, status, s.failed(w, r, err, ""))
	}
	return s.enter(w, r, waiting{Login: login, Flow: id, Next: onward(id)})
}

func (s *Server) passkeyNewOptions(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.changer(w, r)
	if !ok {
		return err
	}
	browser, err := s.browserHash(r.Context(), s.browser(w, r))
	if err != nil {
		return err
	}
	name, err := s.accountName(r, current)
	if err != nil {
		return err
	}
	options, step, err := s.Passkeys.BeginRegistration(r.Context(), current.AccountID, browser, name)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, asked{options, step})
	return nil
}

func (s *Server) passkeyNew(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.changer(w, r)
	if !ok {
		return err
	}
	browser, err := s.browserHash(r.Context(), s.cookie(r, cookieBrowser))
	if err != nil {
		return err
	}
	name := r.PostFormValue("passkey-name")
	if name == "" {
		name = deviceOf(reqctx.From(r.Context()).UserAgent)
	}
	codes, err := s.Passkeys.FinishRegistration(r.Context(), current.AccountID, browser, r.PostFormValue("step"), name, []byte(r.PostFormValue("passkey-response")))
	if err != nil {
		return s.changed(w, r, err)
	}
	s.Wake()
	return s.showCodes(w, r, codes)
}
