package staffhttp

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/federation"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

// stepSecond is a login of staff that waits for the second factor.
const stepSecond authn.StepKind = "staff-second"

const secondLife = 10 * time.Minute

// waiting is a login that waits for its second factor; sealed, bound to the browser, used once.
type waiting struct {
	Login idp.Login          `json:"login"`
	Next  string             `json:"next"`
	From  *federation.Result `json:"from,omitempty"` // the login at a source that it began with
}

func (s *Server) loginPage(w http.ResponseWriter, r *http.Request) error {
	return s.showLogin(w, r, http.StatusOK, nil)
}

func (s *Server) showLogin(w http.ResponseWriter, r *http.Request, status int, failures []web.FieldError) error {
	if _, err := s.browser(w, r); err != nil {
		return err
	}
	next := nextOf(r.FormValue("next"))
	typed := r.PostFormValue("login-identifier")
	if known := current(r); typed == "" && known != nil {
		typed = known.member.Login // signs in again
	}
	body := web.StaffLoginPage{Hidden: hidden("next", next), Login: typed, Passkey: s.passkeyForm(next), CertificateURL: s.certificateURL(next), EnrolURL: enrolPath}
	body.Upstreams, body.Silent = s.upstreamLinks(next)
	page := web.Page{Errors: failures, Self: LoginURL(next), Body: body}
	if r.FormValue("enrolled") == "1" && len(failures) == 0 {
		page.Notice = &web.Notice{Tone: "success", Text: s.Pages.Text(r, "staff.enrolled")}
	}
	return s.Pages.Page(w, r, status, "staff-login", page)
}

func (s *Server) loginAnswer(w http.ResponseWriter, r *http.Request) error {
	login, err := s.Password.Login(r.Context(), r.PostFormValue("login-identifier"), r.PostFormValue("login-password"), reqctx.From(r.Context()).Source())
	if err == nil {
		err = s.enter(w, r, login, nextOf(r.PostFormValue("next")))
	}
	if status, ok := mendable(err); ok {
		return s.showLogin(w, r, status, s.failed(w, r, err, "login-password"))
	}
	return err
}

func (s *Server) enter(w http.ResponseWriter, r *http.Request, login idp.Login, next string) error {
	return s.enterBy(w, r, login, next, nil)
}

// enterBy is the one way from a login to a session: below level 2 it waits for the second factor, and an account without one signs in
// where the operator lets one factor do. from is the login at a source that it is, nil for none.
func (s *Server) enterBy(w http.ResponseWriter, r *http.Request, login idp.Login, next string, from *federation.Result) error {
	if login.AAL < 2 {
		second, err := s.Ways.Second(r.Context(), login.AccountID)
		if err != nil {
			return err
		}
		if len(second) > 0 {
			browser, err := s.browser(w, r)
			if err != nil {
				return err
			}
			handle, err := s.Steps.Begin(r.Context(), stepSecond, browser, waiting{login, next, from}, secondLife)
			if err != nil {
				return err
			}
			return see(w, r, loginPath+"/second?"+url.Values{"step": {handle}}.Encode())
		}
		if !s.OneFactor {
			return fault.New(fault.StaffSecondFactor)
		}
	}
	if err := s.start(w, r, login, from); err != nil {
		return err
	}
	return see(w, r, next)
}

func (s *Server) waitingLogin(w http.ResponseWriter, r *http.Request) (v waiting, handle string, err error) {
	browser, err := s.browser(w, r)
	if err != nil {
		return v, "", err
	}
	handle = r.FormValue("step")
	return v, handle, s.Steps.Look(r.Context(), stepSecond, browser, handle, &v)
}

func (s *Server) secondPage(w http.ResponseWriter, r *http.Request) error {
	v, handle, err := s.waitingLogin(w, r)
	if err != nil {
		return err
	}
	return s.showSecond(w, r, http.StatusOK, v, handle, nil)
}

func (s *Server) showSecond(w http.ResponseWriter, r *http.Request, status int, v waiting, handle string, failures []web.FieldError) error {
	second, err := s.Ways.Second(r.Context(), v.Login.AccountID)
	if err != nil {
		return err
	}
	body := web.SecondPage{Action: loginPath + "/second", Hidden: hidden("step", handle), LoginURL: LoginURL(v.Next)}
	_, body.TOTP = second[authn.KindTOTP]
	if _, ok := second[authn.KindPasskey]; ok {
		body.Passkey = s.passkeyForm(v.Next)
	}
	if _, ok := second[authn.KindCertificate]; ok {
		body.CertificateURL = s.certificateURL(nextOf(v.Next))
	}
	return s.Pages.Page(w, r, status, "second", web.Page{Errors: failures, Self: loginPath + "/second?" + url.Values{"step": {handle}}.Encode(), Body: body})
}

// secondAnswer evaluates a code of an authenticator. The step is used before the session begins, so that of two answers one is
// refused.
func (s *Server) secondAnswer(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v, handle, err := s.waitingLogin(w, r)
	if err != nil {
		return err
	}
	account, err := s.Members.Account(ctx, v.Login.AccountID)
	if err != nil {
		return err
	}
	if account.State != idp.AccountActive || account.CredentialsAt.After(v.Login.At) {
		return fault.New(fault.StepLost) // suspended or reset while the login waited
	}
	if err := s.Ways.CheckTOTP(ctx, v.Login.AccountID, digitsOf(r.PostFormValue("otp-code"))); err != nil {
		if status, ok := mendable(err); ok {
			return s.showSecond(w, r, status, v, handle, s.failed(w, r, err, "otp-code"))
		}
		return err
	}
	browser, err := s.browser(w, r)
	if err != nil {
		return err
	}
	var used waiting
	if err := s.Steps.Take(ctx, stepSecond, browser, handle, &used); err != nil {
		return err
	}
	combine := authn.Combine
	if used.From != nil {
		combine = authn.CombineSource
	}
	return s.enterBy(w, r, combine(used.Login, authn.ByTOTP), nextOf(used.Next), used.From)
}

// passkeyForm is the form of a login by passkey, which the script of the page shows.
func (s *Server) passkeyForm(next string) *web.PasskeyForm {
	if s.Passkeys == nil {
		return nil
	}
	return &web.PasskeyForm{Action: loginPath + "/passkey", Options: loginPath + "/passkey/options", Hidden: hidden("next", next)}
}

// asked is the answer to the script of a passkey.
type asked struct {
	Options any    `json:"options"`
	Step    string `json:"step"`
}

func (s *Server) passkeyOptions(w http.ResponseWriter, r *http.Request) error {
	browser, err := s.browser(w, r)
	if err != nil {
		return err
	}
	options, step, err := s.Passkeys.BeginLogin(r.Context(), browser)
	return sendAsked(w, options, step, err)
}

func sendAsked(w http.ResponseWriter, options any, step string, err error) error {
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(asked{options, step})
}

// passkeyAnswer signs in by an assertion: a whole login by itself.
func (s *Server) passkeyAnswer(w http.ResponseWriter, r *http.Request) error {
	browser, err := s.browser(w, r)
	if err != nil {
		return err
	}
	login, err := s.Passkeys.FinishLogin(r.Context(), browser, r.PostFormValue("step"), []byte(r.PostFormValue("passkey-response")))
	if err == nil {
		err = s.enter(w, r, login, nextOf(r.PostFormValue("next")))
	}
	if status, ok := mendable(err); ok {
		return s.showLogin(w, r, status, s.failed(w, r, err, ""))
	}
	return err
}

func (s *Server) logoutPage(w http.ResponseWriter, r *http.Request) error {
	if current(r) == nil {
		return see(w, r, loginPath)
	}
	return s.show(w, r, http.StatusOK, "staff-logout", web.Page{Body: web.StaffLogoutPage{BackURL: homePath}})
}

// logout ends the session of staff; that of a citizen in the same browser goes on.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) error {
	if known := current(r); known != nil {
		if _, err := s.Sessions.End(r.Context(), known.session.ID, known.session.AccountID); err != nil {
			return err
		}
	}
	s.setCookie(w, cookieStaff, "", -1)
	return see(w, r, loginPath)
}

// extend counts as use of the session; the script of the page asks without leaving it.
func (s *Server) extend(w http.ResponseWriter, r *http.Request) error {
	known := current(r)
	if known == nil {
		return fault.New(fault.Unauthenticated)
	}
	if err := s.Sessions.Touch(r.Context(), &known.session); err != nil {
		return err
	}
	if r.Header.Get("Accept") == "application/json" {
		w.Header().Set("Content-Type", "application/json")
		identity := s.Identity(r)
		return json.NewEncoder(w).Encode(map[string]any{"left": identity.IdleLeft, "can_extend": identity.CanExtend})
	}
	return see(w, r, nextOf(r.PostFormValue("return")))
}

// home leads to where a member works.
func (s *Server) home(w http.ResponseWriter, r *http.Request) error {
	known, err := s.member(w, r)
	if known == nil {
		return err
	}
	actor := reqctx.From(r.Context()).Actor
	body := web.StaffHomePage{SecurityURL: securityPath}
	holds := func(roles ...string) bool { return slices.ContainsFunc(roles, actor.HoldsAnywhere) }
	for _, place := range []struct {
		url, label string
		roles      []string
	}{
		{"/admin", "page.admin", idp.AdminRoles},
		{"/review", "page.review", []string{idp.RoleProofingReviewer}},
		{"/counter", "page.counter", []string{"counter_clerk", "counter_supervisor"}},
		{"/counter/terminals", "counter.terminals", []string{idp.RoleSystemAdmin}},
		{"/seal", "page.seal", []string{"seal_keeper", "seal_reviewer", "seal_maker", "seal_approver"}},
		{"/seal/flags", "flag.list", []string{idp.RoleAuditAdmin}},
		{"/license/forgeries", "forgery.list", []string{"license_reviewer", "seal_reviewer"}},
		{"/license", "page.issuer", []string{"license_clerk", "license_reviewer", "license_issuer"}},
		{"/license/batches", "batch.list", []string{"license_clerk", "license_reviewer", "license_issuer"}},
		{"/license/statistics", "statistics.title", []string{"license_clerk", "license_reviewer", "license_issuer"}},
		{"/license/lists", "lists.title", []string{"license_reviewer", "license_issuer"}},
		{"/license/orders", "order.list", []string{"license_order"}},
		{"/license/types", "type.list", []string{"license_clerk", "license_reviewer", "license_issuer", idp.RoleSecurityAdmin}},
	} {
		if holds(place.roles...) {
			body.Places = append(body.Places, web.Link{Label: s.Pages.Text(r, place.label), URL: place.url})
		}
	}
	if s.Waiting != nil {
		waiting, err := s.Waiting(r)
		if err != nil {
			return err
		}
		body.Inbox = len(waiting) > 0
		for _, one := range waiting {
			count := strconv.Itoa(one.Count)
			if one.Count >= MaxWaiting {
				count = strconv.Itoa(MaxWaiting-1) + "+"
			}
			if one.Count > 0 {
				body.Waiting = append(body.Waiting, web.WaitingWork{Label: s.Pages.Text(r, "staff.waiting."+one.What), URL: one.URL, Count: count})
			}
		}
	}
	for _, right := range actor.Rights {
		role := s.Pages.Text(r, "role."+right.Role)
		if right.Area == "" && !slices.Contains(body.Roles, role) {
			body.Roles = append(body.Roles, role)
		}
	}
	for _, right := range actor.Rights {
		if right.Area == "" {
			continue
		}
		names, err := s.Rights.Names(r.Context(), right.Area)
		if err != nil {
			return err
		}
		body.Roles = append(body.Roles, s.Pages.Text(r, "role."+right.Role)+" · "+names[len(names)-1])
	}
	if len(staff.RolesOf(actor)) > 0 {
		body.TokensURL = tokensPath
	}
	return s.show(w, r, http.StatusOK, "staff", web.Page{Body: body})
}
