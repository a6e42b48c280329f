// Package counterhttp is the HTTP side of the counter: the pages of clerks, of the second screen and of supervisors below
// /counter, and the operations under /api/v1 by which readers deliver and terminals are managed.
//
// Every page works by keyboard and without scripts. A page of a visit is never stored, and what a visit showed is gone when
// the visit is over: pages load themselves anew at its end at the latest.
package counterhttp

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/counter"
	"github.com/yinxin-gov/yinxin/internal/cookies"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

// Config of the counter's pages.
type Config struct {
	web.Site
	Issuer  string
	Counter *counter.Service
	// Who is acting, with roles and strength of the login: the one place where the counter meets the realm of staff.
	Who func(ctx context.Context) (counter.Clerk, error)
	// Second checks the login of a colleague who confirms a typed document: identifier, password and second factor.
	Second func(ctx context.Context, identifier, password, code, source string) (counter.Clerk, error)
	// Check judges the code on a paper.
	Check  func(ctx context.Context, text string) (web.CounterChecked, error)
	Encode authn.Encoder
	// AreaOf is the path of the area of a department; empty for one that the tree does not know.
	AreaOf func(ctx context.Context, department string) (string, error)
	Now    func() time.Time
}

// Server serves the counter.
type Server struct{ Config }

// New returns the server.
func New(cfg Config) *Server { return &Server{cfg} }

type pageFunc = func(http.ResponseWriter, *http.Request) error

// Routes adds the pages.
func (s *Server) Routes(mux *http.ServeMux) {
	s.staffRoutes(mux)
	s.Handle(mux, map[string]pageFunc{
		"GET /counter":                                 s.home,
		"GET /counter/typed":                           s.typedPage,
		"POST /counter/enrol":                          s.enrol,
		"POST /counter/call":                           s.call,
		"POST /counter/typed":                          s.typed,
		"GET /counter/visit":                           s.visit,
		"POST /counter/plan":                           s.plan,
		"POST /counter/replan":                         s.replan,
		"POST /counter/code":                           s.code,
		"POST /counter/code/again":                     s.codeAgain,
		"POST /counter/paper":                          s.paper,
		"POST /counter/perform":                        s.perform,
		"POST /counter/end":                            s.end,
		"POST /counter/check":                          s.check,
		"GET /counter/data":                            s.data,
		"POST /counter/data":                           s.dataHand,
		"GET /counter/copy/{id}":                       s.copy,
		"POST /counter/screen-code":                    s.screenCode,
		"GET /counter/screen":                          s.screen,
		"POST /counter/screen/pair":                    s.screenPair,
		"POST /counter/screen/answer":                  s.screenAnswer,
		"POST /counter/screen/passkey":                 s.screenPasskey,
		"POST /counter/screen/passkey/{visit}/{asked}": s.screenPasskeyOptions,
	})
}

// Cookies of terminals and second screens: long, because a machine stays where it is; worthless without a clerk's login, and
// dead when the terminal is revoked.
const (
	cookieTerminal = "yx_terminal"
	cookieScreen   = "yx_screen"
	cookieAge      = 400 * 24 * time.Hour
)

func (s *Server) jar() cookies.Jar { return cookies.Jar{Issuer: s.Issuer, Strict: true} }

func (s *Server) setCookie(w http.ResponseWriter, kind, value string) {
	s.jar().Set(w, kind, value, int(cookieAge/time.Second))
}

func (s *Server) cookie(r *http.Request, kind string) string { return s.jar().Get(r, kind) }

// at is who acts at which terminal.
func (s *Server) at(r *http.Request) (counter.Clerk, counter.Terminal, error) {
	by, err := s.Who(r.Context())
	if err != nil {
		return by, counter.Terminal{}, err
	}
	if by.ID == "" {
		return by, counter.Terminal{}, fault.New(fault.Unauthenticated)
	}
	t, err := s.Counter.TerminalOf(r.Context(), s.cookie(r, cookieTerminal))
	if err == nil { // records of what is done here tell by which right
		*r = *r.WithContext(reqctx.UsingIn(r.Context(), t.Area, counter.RoleClerk))
	}
	return by.In(t.Area), t, err
}

// Bounds of forms.
const maxForm = 64 << 10

func form(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return nil, fault.Wrap(err, fault.Malformed)
	}
	return r.PostForm, nil
}

// see leads on after a change, so that a reload does not make it again.
func see(w http.ResponseWriter, r *http.Request, address string) error {
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, address, http.StatusSeeOther)
	return nil
}

// cleared is see at the end of a visit: what the browser kept for going back is dropped too (Clear-Site-Data).
func cleared(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Clear-Site-Data", `"cache"`)
	return see(w, r, "/counter")
}

// mendable tells whether a refusal is shown on the page it came from.
func mendable(err error) bool {
	code := fault.CodeOf(err)
	switch code {
	case "", fault.Internal, fault.Unauthenticated, fault.Forbidden, fault.NotFound, fault.CounterTerminal, fault.CounterLogin:
		return false
	}
	return fault.MetaOf(code).Status < http.StatusInternalServerError
}

func statusOf(err error) int {
	if err == nil {
		return http.StatusOK
	}
	return fault.MetaOf(fault.CodeOf(err)).Status
}

// failures are a refusal as the page shows it: at the inputs that the fault names, else at the one given.
func (s *Server) failures(r *http.Request, err error, field string) []web.FieldError {
	if err == nil {
		return nil
	}
	ids := map[string]string{}
	f := fault.From(err)
	for _, one := range f.Fields {
		ids[one.Name] = one.Name
	}
	all := s.Renderer.FieldErrors(r, err, ids)
	if len(f.Fields) == 0 {
		all[0].Field = field
	}
	return all
}

// show answers with a page of the counter.
func (s *Server) show(w http.ResponseWriter, r *http.Request, status int, name string, page web.Page) error {
	if by, err := s.Who(r.Context()); err == nil && by.Anywhere(counter.RoleClerk) && name != "counter-screen" {
		page.Nav = append(page.Nav, web.NavLink{Label: s.Renderer.Text(r, "page.counter"), URL: "/counter", Current: r.URL.Path == "/counter"})
		if by.Anywhere(counter.RoleSupervisor) {
			page.Nav = append(page.Nav, web.NavLink{Label: s.Renderer.Text(r, "counter.queue"), URL: queueURL, Current: strings.HasPrefix(r.URL.Path, queueURL)})
		}
	}
	return s.Page(w, r, status, name, page)
}

func source(r *http.Request) string { return reqctx.From(r.Context()).Source() }

func hidden(pairs ...string) []web.Hidden {
	var all []web.Hidden
	for i := 0; i+1 < len(pairs); i += 2 {
		all = append(all, web.Hidden{Name: pairs[i], Value: pairs[i+1]})
	}
	return all
}
