package idphttp

import (
	"context"
	"net/http"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

const passPath = "/login/pass"

// Passes signs somebody in with a one-time pass of a counter.
type Passes func(ctx context.Context, who idp.Identity, digits, source string) (idp.Login, error)

func (s *Server) passPage(w http.ResponseWriter, r *http.Request) error {
	return s.showPass(w, r, http.StatusOK, nil)
}

func (s *Server) showPass(w http.ResponseWriter, r *http.Request, status int, failures []web.FieldError) error {
	s.browser(w, r)
	return s.Pages.Page(w, r, status, "pass", web.Page{Errors: failures, Body: web.PassPage{Number: r.PostFormValue("pass-number")}})
}

// passAnswer takes the pass. Whoever has no password sets one next, as after a registration by a code; the page to add a
// passkey follows.
func (s *Server) passAnswer(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	if s.Passes == nil {
		return fault.New(fault.NotFound)
	}
	who := idp.Identity{Type: subject.CitizenID, Number: r.PostFormValue("pass-number")}
	for _, kind := range s.Accounts.Documents().Kinds() { // the first kind that reads the number
		if document, err := kind.Parse(r.PostFormValue("pass-number"), ""); err == nil {
			who = idp.Identity{Type: kind.Kind, Number: document.Number, Nationality: document.Nationality}
			break
		}
	}
	login, err := s.Passes(ctx, who, digitsOf(r.PostFormValue("pass-code")), reqctx.From(ctx).Source())
	if err != nil {
		status := fault.MetaOf(fault.CodeOf(err)).Status
		if status >= http.StatusInternalServerError {
			return err
		}
		return s.showPass(w, r, status, s.failed(w, r, err, "pass-code"))
	}
	account, err := s.Accounts.Account(ctx, login.AccountID)
	if err != nil {
		return err
	}
	next := securityPath
	if account.PasswordHash == "" {
		next = passPath + "/password"
	}
	return s.enter(w, r, waiting{Login: login, Next: next})
}

// passPassword asks for a password of one's own.
func (s *Server) passPassword(w http.ResponseWriter, r *http.Request) error {
	if _, ok, err := s.Session(r); err != nil || !ok {
		if err != nil {
			return err
		}
		return see(w, r, passPath)
	}
	return s.showPassword(w, r, http.StatusOK, "", nil)
}
