package idphttp

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authflow"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

const (
	welcomePath   = "/welcome"
	recoveredPath = welcomePath + "?recovered=1"
)

// welcomed leads on after a registration: into the flow that waits, or to the page that says what an account is good for.
func welcomed(flow string) string {
	if next := onward(flow); next != "/me" {
		return next
	}
	return welcomePath
}

// welcomePage comes once, after a registration or a recovery: what can be done now, the next step, and a passkey on offer, which
// is not pushed at every login.
func (s *Server) welcomePage(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.Session(r)
	if err != nil {
		return err
	}
	if !ok {
		return s.toLogin(w, r, welcomePath)
	}
	person, err := s.Accounts.Person(r.Context(), current.AccountID)
	if err != nil {
		return err
	}
	body := web.WelcomePage{Recovered: r.URL.Query().Get("recovered") == "1", Tier: int(person.IAL), RestHours: int(idp.RecoveryRest.Hours())}
	if person.IAL == 0 {
		body.VerifyURL = proofingPath
	}
	if body.Recovered && person.IAL >= 3 && slices.Contains(current.Methods, authn.WordProved) {
		body.ContactURL = securityPath + "#methods"
	}
	strong, err := s.strongEnough(r, current)
	if err != nil {
		return err
	}
	if s.Passkeys != nil && strong {
		all, _, err := s.Ways.List(r.Context(), current.AccountID)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			body.Passkey = &web.PasskeyForm{Create: true, Action: securityPath + "/passkeys", Options: securityPath + "/passkeys/options"}
		}
	}
	page := web.Page{Identity: s.Identity(r), Body: body}
	if body.Recovered {
		page.Title = s.Pages.Text(r, "welcome.recovered")
	}
	return s.Pages.Page(w, r, http.StatusOK, "welcome", page)
}

// extend counts as use of the session; the script of the page asks without leaving it.
func (s *Server) extend(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.Session(r)
	if err != nil {
		return err
	}
	if !ok {
		return fault.New(fault.Unauthenticated)
	}
	forget(r)
	if err := s.Sessions.Touch(r.Context(), &current); err != nil {
		return err
	}
	if r.Header.Get("Accept") == "application/json" {
		var shown web.Identity
		s.untilEnd(&shown, current)
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Content-Type", "application/json")
		return json.NewEncoder(w).Encode(map[string]any{"left": shown.IdleLeft, "can_extend": shown.CanExtend})
	}
	page, ok := localPage(r.PostFormValue("return"))
	if !ok {
		page = "/me"
	}
	return see(w, r, page)
}

// leave takes a person back to the application before the login is done: it hears that the person did not want to.
func (s *Server) leave(w http.ResponseWriter, r *http.Request) error {
	id, f, client, err := s.optionalFlow(r)
	if err != nil {
		return err
	}
	if !mayLeave(id) {
		return fault.New(fault.FlowLost)
	}
	return s.endWith(w, r, id, f, client, oauth.Refusal("access_denied", leaving(f)))
}

// mayLeave reports whether an application waits that takes the answer.
func mayLeave(flow string) bool {
	return flow != "" && !isNext(flow) && !isDeviceFlow(flow) && !isBridgeFlow(flow)
}

// leaveURL is where the button back to the application leads; empty where none waits.
func leaveURL(flow string) string {
	if !mayLeave(flow) {
		return ""
	}
	return "/authorize/leave"
}

// leaving is the reason that the application is told; it names nothing of the person.
func leaving(f authflow.Flow) string {
	if f.IAL > 0 {
		return "the person went back before the real-name level was reached"
	}
	return "the person went back before the login was done"
}
