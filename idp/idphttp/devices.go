package idphttp

import (
	"net/http"

	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/cookies"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

// cookieDevice knows the browser again for as long as browsers keep cookies; it opens nothing.
const cookieDevice = "yx_device"

// noteDevice notes a login from this browser; one that the account does not know is told over all channels.
func (s *Server) noteDevice(w http.ResponseWriter, r *http.Request, started session.Session) error {
	value := s.jar().Known(r, cookieDevice)
	if value == "" {
		value = cookies.NewHandle(s.Rand)
	}
	request := reqctx.From(r.Context())
	if err := s.Devices.Seen(r.Context(), started.AccountID, value, started.ID, deviceOf(request.UserAgent), request.ClientIP); err != nil {
		return err
	}
	s.setCookie(w, cookieDevice, value, int(authn.DeviceLife.Seconds()))
	s.Wake()
	return nil
}

// removeDevice forgets a browser and ends its session.
func (s *Server) removeDevice(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.changer(w, r)
	if !ok {
		return err
	}
	sid, err := s.Devices.Remove(r.Context(), current.AccountID, r.PathValue("id"))
	if err == nil && sid != "" && sid != current.ID {
		_, err = s.Sessions.End(r.Context(), sid, current.AccountID)
	}
	return s.changed(w, r, err)
}

func (s *Server) notMePage(w http.ResponseWriter, r *http.Request) error {
	return s.showNotMe(w, r, http.StatusOK, nil)
}

func (s *Server) showNotMe(w http.ResponseWriter, r *http.Request, status int, failures []web.FieldError) error {
	return s.Pages.Page(w, r, status, "not-me", web.Page{Errors: failures, Body: web.NotMePage{}})
}

// notMeAnswer takes the code of a notice, ends the session that it told of, and leads to recovery.
func (s *Server) notMeAnswer(w http.ResponseWriter, r *http.Request) error {
	account, sid, err := s.Devices.NotMe(r.Context(), digitsOf(r.PostFormValue("not-me-code")), reqctx.From(r.Context()).ClientIP)
	if err != nil {
		status := fault.MetaOf(fault.CodeOf(err)).Status
		if status >= http.StatusInternalServerError {
			return err
		}
		return s.showNotMe(w, r, status, s.failed(w, r, err, "not-me-code"))
	}
	if _, err := s.Sessions.End(r.Context(), sid, account); err != nil {
		return err
	}
	s.Wake()
	return s.Pages.Page(w, r, http.StatusOK, "not-me", web.Page{Body: web.NotMePage{Ended: true}})
}
