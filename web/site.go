package web

import (
	"net/http"

	"github.com/yinxin-gov/yinxin/internal/fault"
)

// Site is what the pages of every room of staff and holders have in common: who is acting, where a visitor signs in, and
// one way to answer an error.
type Site struct {
	Renderer *Renderer
	// Identity tells who is acting, for the head of every page.
	Identity func(r *http.Request) Identity
	// LoginURL is where a visitor without a session is sent; next is the page wanted. nil: the error page.
	LoginURL func(next string) string
}

// Handle adds pages by their patterns; an error that one returns becomes the answer.
func (s Site) Handle(mux *http.ServeMux, pages map[string]func(http.ResponseWriter, *http.Request) error) {
	for pattern, handle := range pages {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := handle(w, r); err != nil {
				s.fail(w, r, err)
			}
		})
	}
}

// fail sends a visitor without a session to the login page, and shows everything else.
func (s Site) fail(w http.ResponseWriter, r *http.Request, err error) {
	if fault.CodeOf(err) == fault.Unauthenticated && s.LoginURL != nil && r.Method == http.MethodGet {
		http.Redirect(w, r, s.LoginURL(r.URL.RequestURI()), http.StatusSeeOther)
		return
	}
	s.Renderer.Error(w, r, err)
}

// Page answers with a page.
func (s Site) Page(w http.ResponseWriter, r *http.Request, status int, name string, page Page) error {
	if s.Identity != nil {
		page.Identity = s.Identity(r)
	}
	return s.Renderer.Page(w, r, status, name, page)
}
