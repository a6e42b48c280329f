package idphttp

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"path"
	"strings"
)

// A page that needs a session sends people to /login?next=<page>, and the login brings them back there. On its way through the
// ways to log in, a source upstream among them, the page travels as a flow does, in a handle of its own kind that holds the
// page itself. It is judged whenever it is read: nobody is sent to another site, whatever a link to our login page says.

const nextPrefix = "next_"

// maxNext bounds a page to come back to.
const maxNext = 512

// localPage reads the address of a page of ours as a browser would, and gives it back in our own form. It begins with one
// slash, names no host, and its path is the same to every reader: no backslash, no control characters, no dot segments, no
// empty segments, also not behind percent signs. Pages that lead to a login or away are none to come back to.
func localPage(text string) (string, bool) {
	if text == "" || len(text) > maxNext || text[0] != '/' || strings.HasPrefix(text, "//") || strings.ContainsFunc(text, unsafeInAddress) {
		return "", false
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" || u.Fragment != "" || strings.Contains(text, "#") {
		return "", false
	}
	plain := u.Path
	if strings.ContainsFunc(plain, unsafeInAddress) || strings.TrimSuffix(plain, "/") != strings.TrimSuffix(path.Clean(plain), "/") || strings.HasSuffix(plain, "//") {
		return "", false
	}
	for _, never := range []string{"/login", "/register", "/logout", "/authorize"} {
		if plain == never || strings.HasPrefix(plain, never+"/") {
			return "", false
		}
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return "", false
	}
	page := (&url.URL{Path: plain, RawPath: u.RawPath, RawQuery: query.Encode()}).String()
	return page, len(page) <= maxNext && strings.HasPrefix(page, "/") && !strings.HasPrefix(page, "//")
}

// unsafeInAddress: browsers take a backslash for a slash and drop control characters.
func unsafeInAddress(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }

// LoginURL is the login page that leads back to a page of ours, or the plain one where that is none.
func LoginURL(page string) string {
	if page, ok := localPage(page); ok && page != "/me" {
		return "/login?" + url.Values{"next": {page}}.Encode()
	}
	return "/login"
}

// toLogin sends somebody without a session to the login page: in the flow of the request, or to come back to the page.
func toLogin(w http.ResponseWriter, r *http.Request, page string) error {
	if flow := r.FormValue("flow"); flow != "" {
		return see(w, r, "/login?"+url.Values{"flow": {flow}}.Encode())
	}
	return see(w, r, LoginURL(page))
}

func isNext(flow string) bool { return strings.HasPrefix(flow, nextPrefix) }

// nextHandle is the handle of a page to come back to; empty for what is none.
func nextHandle(page string) string {
	page, ok := localPage(page)
	if !ok {
		return ""
	}
	return nextPrefix + base64.RawURLEncoding.EncodeToString([]byte(page))
}

// nextPage is the page of a handle.
func nextPage(flow string) (string, bool) {
	text, isNext := strings.CutPrefix(flow, nextPrefix)
	content, err := base64.RawURLEncoding.DecodeString(text)
	if !isNext || err != nil {
		return "", false
	}
	return localPage(string(content))
}

// takesNext lets a login page begin with next; what is no page of ours is passed over, as if nothing had been said.
func takesNext(page func(w http.ResponseWriter, r *http.Request) error) func(w http.ResponseWriter, r *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		if next := r.Form["next"]; len(next) == 1 && r.Form.Get("flow") == "" {
			if handle := nextHandle(next[0]); handle != "" {
				r.Form.Set("flow", handle)
			}
		}
		return page(w, r)
	}
}

// loginPath reports whether a path is one of the ways to log in, which take handles that no authorization request stands behind.
func loginPath(path string) bool {
	return strings.HasPrefix(path, "/login") || strings.HasPrefix(path, "/register") || strings.HasPrefix(path, "/federation/")
}
