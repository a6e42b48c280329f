package idphttp

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

const (
	qrLoginPath  = "/login/qr" // on the computer
	qrPath       = "/qr"       // on the phone
	qrRefresh    = 3           // seconds between looks of the computer
	qrSecretSize = 32          // characters
)

// shownQR is what the computer shows again while it waits.
type shownQR struct {
	authn.QRShownLogin
	Flow string `json:"flow,omitempty"`
}

// qrLoginPage shows a code, looks whether the phone answered, and goes on when it said yes. A code that ended is drawn
// anew.
func (s *Server) qrLoginPage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	handle := r.FormValue("qr")
	browser, err := s.browserHash(ctx, s.browser(w, r))
	if err != nil {
		return err
	}
	if handle == "" {
		return s.qrBegin(w, r, browser)
	}
	var shown shownQR
	if err := s.Steps.Look(ctx, authn.StepQR, browser, handle, &shown); err != nil {
		return err
	}
	again := qrLoginPath
	if shown.Flow != "" {
		again += "?" + url.Values{"flow": {shown.Flow}}.Encode()
	}
	q, err := s.QR.State(ctx, shown.ID, browser)
	if fault.CodeOf(err) == fault.NotFound {
		return see(w, r, again) // its minute is over
	}
	if err != nil {
		return err
	}
	switch q.State {
	case authn.QRApproved:
		login, err := s.QR.Take(ctx, shown.ID, browser)
		if err != nil {
			return err
		}
		return s.enter(w, r, waiting{Login: login, Flow: shown.Flow, Next: onward(shown.Flow)})
	case authn.QRTaken:
		return see(w, r, onward(shown.Flow))
	}
	picture, err := web.NewQR(s.Issuer + qrPath + "/" + shown.Secret)
	if err != nil {
		return err
	}
	page := web.Page{Callbacks: s.callbacksOf(r, shown.Flow), RefreshSeconds: qrRefresh, Body: web.QRLoginPage{QR: picture, Code: shown.Code, Number: shown.Number, Host: hostOf(s.Issuer), State: string(q.State), AgainURL: again, BackURL: "/login" + strings.TrimPrefix(again, qrLoginPath)}}
	if q.State == authn.QRDenied {
		page.RefreshSeconds = 0
	}
	return s.Pages.Page(w, r, http.StatusOK, "qr-login", page)
}

func (s *Server) qrBegin(w http.ResponseWriter, r *http.Request, browser []byte) error {
	ctx := r.Context()
	id, _, client, err := s.optionalFlow(r)
	if err != nil {
		return err
	}
	request := reqctx.From(ctx)
	begun, err := s.QR.Begin(ctx, browser, client.ClientName, deviceOf(request.UserAgent), request.ClientIP)
	if err != nil {
		return err
	}
	// The page outlives its code, so that it can draw the next one.
	handle, err := s.Steps.Begin(ctx, authn.StepQR, browser, shownQR{begun, id}, secondLife)
	if err != nil {
		return err
	}
	return see(w, r, qrLoginPath+"?"+url.Values{"qr": {handle}}.Encode())
}

// qrSession is who is signed in on the phone; ok is false when the answer was written.
func (s *Server) qrSession(w http.ResponseWriter, r *http.Request, back string) (current session.Session, ok bool, err error) {
	current, ok, err = s.Session(r)
	if err == nil && !ok {
		err = see(w, r, "/login?"+url.Values{"next": {back}}.Encode())
	}
	return current, ok, err
}

// qrPhonePage asks for the code that the computer shows, for whoever cannot scan.
func (s *Server) qrPhonePage(w http.ResponseWriter, r *http.Request) error {
	if _, ok, err := s.qrSession(w, r, qrPath); !ok {
		return err
	}
	return s.Pages.Page(w, r, http.StatusOK, "qr", web.Page{Identity: s.Identity(r), Body: web.QRPage{}})
}

// qrScanned is the address in the picture.
func (s *Server) qrScanned(w http.ResponseWriter, r *http.Request) error {
	secret := r.PathValue("secret")
	if len(secret) != qrSecretSize {
		return fault.New(fault.QRGone)
	}
	return s.qrAsk(w, r, secret, "", qrPath+"/"+secret)
}

func (s *Server) qrTyped(w http.ResponseWriter, r *http.Request) error {
	return s.qrAsk(w, r, "", digitsOf(r.PostFormValue("qr-code")), qrPath)
}

// qrAsk asks the person, with where the login leads, what asks for it and from where.
func (s *Server) qrAsk(w http.ResponseWriter, r *http.Request, secret, code, back string) error {
	current, ok, err := s.qrSession(w, r, back)
	if !ok {
		return err
	}
	q, err := s.QR.See(r.Context(), current.AccountID, current.ID, secret, code)
	if err != nil {
		status := fault.MetaOf(fault.CodeOf(err)).Status
		if secret != "" || status >= http.StatusInternalServerError {
			return err
		}
		return s.Pages.Page(w, r, status, "qr", web.Page{Identity: s.Identity(r), Errors: s.failed(w, r, err, "qr-code"), Body: web.QRPage{}})
	}
	return s.showAsk(w, r, http.StatusOK, q)
}

func (s *Server) showAsk(w http.ResponseWriter, r *http.Request, status int, q authn.QRLogin) error {
	body := web.QRPage{Asks: true, Hidden: hidden("qr", q.ID), Portal: q.Portal, Device: q.Device, Address: q.Address,
		OtherNetwork: s.elsewhere(q.Address, reqctx.From(r.Context()).ClientIP)}
	here, known := s.Regions.Find(reqctx.From(r.Context()).ClientIP)
	if there, ok := s.Regions.Find(q.Address); ok {
		locale := s.Pages.Locale(r)
		body.Place = there.In(locale)
		if known && here.Code != there.Code {
			body.OtherPlace = here.In(locale)
		}
	}
	return s.Pages.Page(w, r, status, "qr", web.Page{Identity: s.Identity(r), Body: body})
}

// qrAnswer is the person's answer on the phone.
func (s *Server) qrAnswer(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.qrSession(w, r, qrPath)
	if !ok {
		return err
	}
	answer := r.PostFormValue("answer")
	if answer != "approve" && answer != "deny" {
		return fault.New(fault.Malformed)
	}
	if err := s.QR.Answer(r.Context(), r.PostFormValue("qr"), current.ID, answer == "approve", digitsOf(r.PostFormValue("qr-number"))); err != nil {
		return err
	}
	return s.Pages.Page(w, r, http.StatusOK, "qr", web.Page{Identity: s.Identity(r), Body: web.QRPage{Answer: answer}})
}
