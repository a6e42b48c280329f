package web

import (
	"context"
	"net/http"
	"net/url"
	"path"
	"strings"

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
	// Keep keeps what was typed into a form that came without a session, and gives the address at which its page comes back filled in; nothing
	// where it is not to be kept. nil: nothing is.
	Keep func(w http.ResponseWriter, r *http.Request, page string) (string, error)
	// Exported puts on record that a list was taken along as a file, by its address without the filter. nil: lists are no files.
	Exported func(ctx context.Context, list string, rows int) error
}

// Handle adds pages by their patterns; an error that one returns becomes the answer.
func (s Site) Handle(mux *http.ServeMux, pages map[string]func(http.ResponseWriter, *http.Request) error) {
	for pattern, handle := range pages {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			err := error(nil)
			if s.Exported != nil && wantsFile(r) {
				err = s.export(w, r, handle)
			} else {
				err = handle(w, r)
			}
			if err != nil {
				s.fail(w, r, mux, err)
			}
		})
	}
}

// fail sends a visitor without a session to the login page, with a form only where it is kept, and shows everything else.
func (s Site) fail(w http.ResponseWriter, r *http.Request, mux *http.ServeMux, err error) {
	if fault.CodeOf(err) == fault.Unauthenticated && s.LoginURL != nil {
		switch {
		case r.Method == http.MethodGet:
			http.Redirect(w, r, s.LoginURL(r.URL.RequestURI()), http.StatusSeeOther)
			return
		case r.Method == http.MethodPost && s.Keep != nil:
			if back, failure := s.Keep(w, r, formPage(mux, r)); failure == nil && back != "" {
				http.Redirect(w, r, s.LoginURL(back), http.StatusSeeOther)
				return
			}
		}
	}
	s.Renderer.Error(w, r, err)
}

// formPage is the page on which a form stands, by its address: that for a new one below, the page at the same address, or the next above.
func formPage(mux *http.ServeMux, r *http.Request) string {
	at := r.URL.Path
	for page := path.Join(at, "new"); ; page = at {
		_, pattern := mux.Handler(&http.Request{Method: http.MethodGet, Host: r.Host, URL: &url.URL{Path: page}})
		if strings.HasPrefix(pattern, "GET ") && pattern != "GET /" && (page == at || strings.HasSuffix(pattern, "/new")) {
			return page
		}
		if page == at {
			if at = path.Dir(at); at == "/" {
				return r.URL.Path
			}
		}
	}
}

// Page answers with a page.
func (s Site) Page(w http.ResponseWriter, r *http.Request, status int, name string, page Page) error {
	if taken(r, page) {
		return nil
	}
	if s.Exported != nil {
		offer(r, &page)
	}
	if s.Identity != nil {
		page.Identity = s.Identity(r)
	}
	return s.Renderer.Page(w, r, status, name, page)
}
