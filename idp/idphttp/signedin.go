package idphttp

import (
	"context"
	"net/http"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/session"
)

// signedIn is who a request's cookie names, read once for a request.
type signedIn struct {
	secret  string // of the cookie; empty when the session changed since it was read
	session session.Session
	account idp.Account
	ok      bool
}

type signedInKey struct{}

// WithSignedIn reads who is signed in and keeps it with the request, for whatever asks later. The account is nil when nobody
// is.
func (s *Server) WithSignedIn(r *http.Request) (*http.Request, session.Session, *idp.Account, error) {
	known := &signedIn{secret: s.cookie(r, cookieSession)}
	var err error
	if known.session, known.ok, err = s.Sessions.Current(r.Context(), known.secret); err != nil {
		return r, session.Session{}, nil, err
	}
	kept := r.WithContext(context.WithValue(r.Context(), signedInKey{}, known))
	if !known.ok {
		return kept, session.Session{}, nil, nil
	}
	if known.account, err = s.Accounts.AccountAt(r.Context(), known.session.AccountID, known.session.AccountVersion); err != nil {
		return r, session.Session{}, nil, err
	}
	return kept, known.session, &known.account, nil
}

// remembered is what was read before, if the cookie is still the one it was read for.
func (s *Server) remembered(r *http.Request) *signedIn {
	known, _ := r.Context().Value(signedInKey{}).(*signedIn)
	if known == nil || known.secret == "" || known.secret != s.cookie(r, cookieSession) {
		return nil
	}
	return known
}

// forget is called before a request changes the session of its cookie.
func forget(r *http.Request) {
	if known, _ := r.Context().Value(signedInKey{}).(*signedIn); known != nil {
		known.secret = ""
	}
}

// Session finds who is signed in.
func (s *Server) Session(r *http.Request) (session.Session, bool, error) {
	if known := s.remembered(r); known != nil {
		return known.session, known.ok, nil
	}
	return s.Sessions.Current(r.Context(), s.cookie(r, cookieSession))
}

// person is the person of the session, as the request began: for pages that change nothing about the person.
func (s *Server) person(r *http.Request, current session.Session) (idp.Person, error) {
	if known := s.remembered(r); known != nil && known.account.ID == current.AccountID {
		return s.Accounts.Open(r.Context(), known.account)
	}
	return s.Accounts.PersonAt(r.Context(), current.AccountID, current.AccountVersion)
}
