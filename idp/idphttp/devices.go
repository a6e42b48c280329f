package idphttp

import (
	"context"
	"net/http"
	"strings"
	"time"

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

// newDeviceShown is how long the devices of before show that another one came, which is as long as the code of its notice lives.
const newDeviceShown = 7 * 24 * time.Hour

// newDevice tells a browser that the account has had a newer one since, whose notice by message may have reached nobody; nil where there is none.
func (s *Server) newDevice(r *http.Request, current session.Session) (*web.Notice, error) {
	known, err := s.Devices.List(r.Context(), current.AccountID)
	if err != nil {
		return nil, err
	}
	here := current.AuthTime
	for _, d := range known {
		if d.SID == current.ID {
			here = d.CreatedAt
		}
	}
	var newest *authn.Device
	for i, d := range known {
		if d.SID != current.ID && d.CreatedAt.After(here) && s.Now().Sub(d.CreatedAt) < newDeviceShown && (newest == nil || d.CreatedAt.After(newest.CreatedAt)) {
			newest = &known[i]
		}
	}
	if newest == nil {
		return nil, nil
	}
	name := newest.Name
	if place := s.placed(r, newest.Address); place != "" {
		name += " · " + place
	}
	return &web.Notice{Tone: "warning", Title: s.Pages.Text(r, "me.new_device"), Text: s.Pages.Text(r, "me.new_device.text", "device", name)}, nil
}

// credentialWays adds the ways in that are no password and no contact, each kind once.
func (s *Server) credentialWays(ctx context.Context, accountID string, body *web.MePage) error {
	credentials, _, err := s.Ways.List(ctx, accountID)
	if err != nil {
		return err
	}
	names, kinds := map[authn.Kind][]string{}, []authn.Kind{authn.KindPasskey, authn.KindCertificate, authn.KindTOTP}
	for _, c := range credentials {
		names[c.Kind] = append(names[c.Kind], c.Name)
	}
	for _, kind := range kinds {
		if len(names[kind]) > 0 {
			body.Methods = append(body.Methods, web.SignInMethod{Name: string(kind), Detail: strings.Join(names[kind], " · ")})
		}
	}
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
	account, sid, err := s.Devices.NotMe(r.Context(), digitsOf(r.PostFormValue("not-me-code")), reqctx.From(r.Context()).Source())
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
