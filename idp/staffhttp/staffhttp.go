// Package staffhttp is the realm of staff in the browser: its login, enrolment, second factors and sessions. Nothing here reads or
// writes a session of a citizen, and no page of citizens or endpoint of OpenID Connect knows the cookie of this realm.
//
// Rules live in idp/staff, idp/authn and idp/session, which serve both realms; consoles are pages of their rooms, which internal/app
// lets in by Server.SignedIn.
package staffhttp

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/federation"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/internal/cookies"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/web"
)

// Config of the realm's pages.
type Config struct {
	Issuer    string
	Pages     *web.Renderer
	Members   *staff.Members
	Rights    *staff.Service
	Sessions  *session.Service // of the realm of staff
	Password  *authn.PasswordLogin
	Passwords *authn.Passwords
	Ways      *authn.Ways
	Steps     *authn.Steps
	Passkeys  *authn.Passkeys // nil where the issuer is an address
	// Federation is that of the realm of staff.
	Federation *federation.Service
	// Certificates is nil without a trust list.
	Certificates *authn.Certificates
	Tokens       *staff.Tokens
	Throttle     authn.ThrottleStore
	Ring         *keys.Ring
	Now          func() time.Time
	Rand         io.Reader
	// Waiting is what waits for the member of staff who is signed in, in all rooms; nil: nothing is told.
	Waiting func(r *http.Request) ([]Waiting, error)
	// Search finds what a member may see, in all rooms; nil finds nothing.
	Search func(r *http.Request, text string) ([]Found, error)
	// OneFactor lets a password alone sign in; the sandbox only.
	OneFactor bool
	// Inputs are the inputs of a console's form which data declares, by the path that it is sent to; nil for every other form. What is typed
	// into them is kept when a session ended.
	Inputs func(path string) []string
}

// Waiting is work of one kind that waits.
type Waiting struct {
	What  string // the message staff.waiting.WHAT names it
	URL   string // where it is done
	Count int    // MaxWaiting stands for that many or more
}

// MaxWaiting bounds a count of what waits.
const MaxWaiting = 100

// Server serves the realm.
type Server struct{ Config }

// New returns the server.
func New(cfg Config) *Server { return &Server{cfg} }

// Paths of the realm.
const (
	homePath     = "/staff"
	loginPath    = "/staff/login"
	enrolPath    = "/staff/enrol"
	securityPath = "/staff/security"
	passwordPath = securityPath + "/password"
	tokensPath   = "/staff/tokens"
	cookieStaff  = "yx_staff"
	cookieHandle = "yx_staff_browser"
)

// consoles are where staff work: every page at or below them is for the session of staff and no other.
var consoles = []string{homePath, "/admin", "/review", "/counter", "/seal", "/license"}

// Console reports whether a page belongs to the realm of staff.
func Console(page string) bool {
	for _, root := range consoles {
		if page == root || strings.HasPrefix(page, root+"/") {
			return true
		}
	}
	return false
}

// LoginURL is the login page of staff that leads back to a console.
func LoginURL(next string) string {
	if next := nextOf(next); next != homePath {
		return loginPath + "?" + url.Values{"next": {next}}.Encode()
	}
	return loginPath
}

// maxNext bounds a page to come back to.
const maxNext = 512

// nextOf is a console to come back to, as every reader of addresses reads it; the home page for anything else.
func nextOf(text string) string {
	if text == "" || len(text) > maxNext || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\\' }) {
		return homePath
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" || u.Fragment != "" || u.RawPath != "" || u.Path != path.Clean(u.Path) || !Console(u.Path) {
		return homePath
	}
	for _, never := range []string{loginPath, enrolPath, "/staff/logout", "/staff/extend"} {
		if u.Path == never || strings.HasPrefix(u.Path, never+"/") {
			return homePath
		}
	}
	return u.String()
}

const maxForm = 1 << 20

// Routes adds the pages; the caller wraps them with the origin check.
func (s *Server) Routes(mux *http.ServeMux) {
	page := func(pattern string, handler func(w http.ResponseWriter, r *http.Request) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, maxForm)
			w.Header().Set("Cache-Control", "no-store")
			if err := r.ParseForm(); err != nil {
				s.Pages.Error(w, r, fault.Wrap(err, fault.Malformed))
			} else if err := handler(w, r); err != nil && !(fault.CodeOf(err) == fault.Unauthenticated && s.keepOwn(w, r)) {
				s.Pages.Error(w, r, err)
			}
		})
	}
	page("GET "+homePath, s.home)
	page("GET "+findPath, s.find)
	page("GET "+loginPath, s.loginPage)
	page("POST "+loginPath, s.loginAnswer)
	page("GET "+loginPath+"/second", s.secondPage)
	page("POST "+loginPath+"/second", s.secondAnswer)
	page("GET /staff/logout", s.logoutPage)
	page("GET "+passwordPath, s.passwordPage)
	page("POST "+passwordPath, s.passwordChange)
	page("POST /staff/logout", s.logout)
	page("POST /staff/extend", s.extend)
	page("GET "+enrolPath, s.enrolPage)
	page("POST "+enrolPath, s.enrolCode)
	page("GET "+enrolPath+"/password", s.enrolPasswordPage)
	page("POST "+enrolPath+"/password", s.enrolPassword)
	page("GET "+enrolPath+"/second", s.enrolSecondPage)
	page("POST "+enrolPath+"/second", s.enrolTOTP)
	page("GET "+securityPath, s.securityPage)
	page("POST "+securityPath+"/totp", s.totpStart)
	page("POST "+securityPath+"/totp/code", s.totpFinish)
	page("POST "+securityPath+"/credentials/{id}/removal", s.removeCredential)
	page("GET "+tokensPath, s.tokensPage)
	page("POST "+tokensPath, s.tokenMake)
	page("POST "+tokensPath+"/{id}/revocation", s.tokenRevoke)
	if s.Passkeys != nil {
		page("POST "+loginPath+"/passkey/options", s.passkeyOptions)
		page("POST "+loginPath+"/passkey", s.passkeyAnswer)
		page("POST "+enrolPath+"/passkey/options", s.enrolPasskeyOptions)
		page("POST "+enrolPath+"/passkey", s.enrolPasskey)
		page("POST "+securityPath+"/passkeys/options", s.passkeyNewOptions)
		page("POST "+securityPath+"/passkeys", s.passkeyNew)
	}
	page("GET "+federation.StaffPath+"{source}/start", s.upstreamStart)
	page("GET "+federation.StaffPath+"{source}/callback", s.upstreamCallback)
	page("POST "+securityPath+"/upstream/{source}/link", s.upstreamLink)
	page("POST "+securityPath+"/upstream/{source}/unlink", s.upstreamUnlink)
	if s.Certificates != nil {
		page("GET "+loginCertificatePath, s.loginCertificatePage)
		page("POST "+loginCertificatePath, s.loginCertificate)
		page("GET "+enrolCertificatePath, s.enrolCertificatePage)
		page("POST "+enrolCertificatePath, s.enrolCertificate)
		page("GET "+securityCertificatePath, s.securityCertificatePage)
		page("POST "+securityCertificatePath, s.securityCertificate)
	}
}

func (s *Server) jar() cookies.Jar { return cookies.Jar{Issuer: s.Issuer} }

func (s *Server) setCookie(w http.ResponseWriter, kind, value string, maxAge int) {
	s.jar().Set(w, kind, value, maxAge)
}

func (s *Server) cookie(r *http.Request, kind string) string { return s.jar().Get(r, kind) }

// browser is the keyed hash that binds the steps of a login to this browser. Its handle is another than that of citizens, so that a
// step of one realm is worthless in the other.
func (s *Server) browser(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	return s.browserHash(r.Context(), s.jar().Handle(w, r, s.Rand, cookieHandle))
}

// signedIn is who a request's cookie names, read once for a request.
type signedIn struct {
	session session.Session
	member  staff.Member
	name    string
}

type signedInKey struct{}

// current is who is signed in, as the request began; nil for nobody.
func current(r *http.Request) *signedIn { return known(r.Context()) }

func known(ctx context.Context) *signedIn {
	found, _ := ctx.Value(signedInKey{}).(*signedIn)
	return found
}

// SignedIn puts the member of staff of a request into its context, as actor with the rights in force. Nobody signed in leaves the
// request as it is. A login that is too weak, or an account that is bound to no person, carries no right: weak says so.
func (s *Server) SignedIn(r *http.Request) (with *http.Request, weak error, err error) {
	ctx := r.Context()
	found, ok, err := s.Sessions.Current(ctx, s.cookie(r, cookieStaff))
	if err != nil || !ok {
		return r, nil, err
	}
	ctx, known, weak, err := s.asMember(ctx, found)
	if err != nil || known == nil {
		return r, nil, err
	}
	if known.name, err = s.Members.Name(ctx, known.member); err != nil {
		return r, nil, err
	}
	return r.WithContext(ctx), weak, nil
}

// asMember is the one place in which a session of staff becomes an actor, for consoles and for the API: the account, its roles and its
// rights are read now. known is nil for an account that does not sign in any more; weak says why the actor carries no right.
func (s *Server) asMember(ctx context.Context, v session.Session) (with context.Context, known *signedIn, weak, err error) {
	m, err := s.Members.Member(ctx, v.AccountID)
	if err != nil || m.State != staff.MemberActive || m.CredentialsAt.After(v.AuthTime) {
		return ctx, nil, nil, err
	}
	actor, err := s.actorOf(ctx, m, v.AuthTime)
	if err != nil {
		return ctx, nil, nil, err
	}
	switch {
	case len(m.Human) == 0:
		weak = fault.New(fault.StaffUnbound)
	case v.AAL < 2 && !s.OneFactor:
		weak = fault.New(fault.StaffSecondFactor)
	}
	if weak != nil {
		actor.Roles, actor.Rights = nil, nil
	}
	known = &signedIn{session: v, member: m}
	return context.WithValue(reqctx.WithActor(ctx, actor), signedInKey{}, known), known, weak, nil
}

// Of is the session and the account of a request that SignedIn or Bearer let in; ok is false for nobody.
func Of(ctx context.Context) (v session.Session, m staff.Member, ok bool) {
	known := known(ctx)
	if known == nil {
		return v, m, false
	}
	return known.session, known.member, true
}

// Identity is who is signed in, for the head of the pages of consoles.
func (s *Server) Identity(r *http.Request) web.Identity {
	known := current(r)
	if known == nil {
		return web.Identity{LoginURL: loginPath}
	}
	idle, ends := s.Sessions.Ends(known.session)
	if now := s.Now(); now.Sub(known.session.LastSeen) > time.Minute { // this request was written down as use
		idle = idle.Add(now.Sub(known.session.LastSeen))
	}
	if ends.Before(idle) {
		idle = ends
	}
	return web.Identity{Kind: web.IdentityStaff, Name: known.name, Role: known.member.Login, IdleAt: idle, IdleLeft: int(idle.Sub(s.Now()) / time.Second), CanExtend: idle.Before(ends)}
}

func (s *Server) show(w http.ResponseWriter, r *http.Request, status int, name string, page web.Page) error {
	page.Identity = s.Identity(r)
	return s.Pages.Page(w, r, status, name, page)
}

// member is who is signed in; a visitor is sent to the login page.
func (s *Server) member(w http.ResponseWriter, r *http.Request) (*signedIn, error) {
	known := current(r)
	if known == nil {
		if r.Method == http.MethodGet {
			return nil, see(w, r, LoginURL(r.URL.RequestURI()))
		}
		return nil, fault.New(fault.Unauthenticated)
	}
	return known, nil
}

// failed is what a form shows again.
func (s *Server) failed(w http.ResponseWriter, r *http.Request, err error, field string) []web.FieldError {
	f := fault.From(err)
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
	}
	all := s.Pages.FieldErrors(r, err, nil)
	if len(all) > 0 && all[0].Field == "" {
		all[0].Field = field
	}
	return all
}

// mendable is the status of a refusal that stands on the page it came from.
func mendable(err error) (status int, ok bool) {
	status = fault.MetaOf(fault.CodeOf(err)).Status
	return status, err != nil && status < http.StatusInternalServerError
}

// start begins the session of a login and ends that of another member in this browser; the same one goes on with a new secret. from is
// the login at a source that it came by, nil for none.
func (s *Server) start(w http.ResponseWriter, r *http.Request, login idp.Login, from *federation.Result) error {
	request := reqctx.From(r.Context())
	old, signedIn, err := s.Sessions.Current(r.Context(), s.cookie(r, cookieStaff))
	if err != nil {
		return err
	}
	secret, sid := "", old.ID
	if signedIn && old.AccountID == login.AccountID {
		if secret, _, err = s.Sessions.Renew(r.Context(), old, login, deviceOf(request.UserAgent), request.ClientIP); err != nil {
			return err
		}
	} else if signedIn {
		if _, err := s.Sessions.End(r.Context(), old.ID, old.AccountID); err != nil {
			return err
		}
	}
	if secret == "" {
		begun, fresh, err := s.Sessions.Start(r.Context(), login, deviceOf(request.UserAgent), request.ClientIP)
		if err != nil {
			return err
		}
		secret, sid = fresh, begun.ID
	}
	if err := s.joined(r, sid, login, from); err != nil {
		return err
	}
	s.setCookie(w, cookieStaff, secret, 0)
	return nil
}

// deviceOf is a short name of a browser.
func deviceOf(agent string) string {
	for _, known := range [][2]string{{"Edg/", "Edge"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}} {
		if strings.Contains(agent, known[0]) {
			return known[1]
		}
	}
	return "-"
}

// digitsOf keeps the digits of a typed code: blanks, dashes and full-width digits are common.
func digitsOf(text string) string {
	var out []rune
	for _, r := range text {
		if r >= '０' && r <= '９' {
			r = r - '０' + '0'
		}
		if r >= '0' && r <= '9' {
			out = append(out, r)
		}
	}
	return string(out)
}

func hidden(pairs ...string) (all []web.Hidden) {
	for i := 0; i+1 < len(pairs); i += 2 {
		all = append(all, web.Hidden{Name: pairs[i], Value: pairs[i+1]})
	}
	return all
}

func see(w http.ResponseWriter, r *http.Request, address string) error {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, address, http.StatusSeeOther)
	return nil
}
