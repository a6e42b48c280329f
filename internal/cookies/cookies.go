// Package cookies writes and reads the cookies of the platform, for every realm in one way: a __Host- name and Secure on https,
// the path of the whole site, out of reach of scripts. What a cookie opens is its owner's matter.
package cookies

import (
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/yinxin-gov/yinxin/internal/ident"
)

// Jar is the cookies of one issuer.
type Jar struct {
	Issuer string
	Strict bool // SameSite=Strict: kept back from every request that another site begins; Lax otherwise
}

// Secure tells whether cookies carry the Secure attribute.
func (j Jar) Secure() bool { return strings.HasPrefix(j.Issuer, "https://") }

// Name is a __Host- name on https (RFC 6265bis 4.1.3.2); on plain loopback HTTP a name for each port, because ports share cookies.
func (j Jar) Name(kind string) string {
	if j.Secure() {
		return "__Host-" + kind
	}
	if u, err := url.Parse(j.Issuer); err == nil && u.Port() != "" {
		return kind + "_" + u.Port()
	}
	return kind
}

// Set writes a cookie for maxAge seconds: 0 until the browser closes, below 0 takes it away.
func (j Jar) Set(w http.ResponseWriter, kind, value string, maxAge int) {
	same := http.SameSiteLaxMode
	if j.Strict {
		same = http.SameSiteStrictMode
	}
	http.SetCookie(w, &http.Cookie{Name: j.Name(kind), Value: value, Path: "/", MaxAge: maxAge, Secure: j.Secure(), HttpOnly: true, SameSite: same})
}

// Get is the value that a request carries; empty for none.
func (j Jar) Get(r *http.Request, kind string) string {
	if c, err := r.Cookie(j.Name(kind)); err == nil {
		return c.Value
	}
	return ""
}

// Lengths of a handle in characters: one that we did not make is never taken.
const minHandle, maxHandle = 22, 64

// Known is a handle that this browser carries; empty for none, or for what is not one of ours.
func (j Jar) Known(r *http.Request, kind string) string {
	if value := j.Get(r, kind); len(value) >= minHandle && len(value) <= maxHandle {
		return value
	}
	return ""
}

// Handle knows a browser again within its session: the value that it carries, or a new one, which is written. The request carries
// it from then on, so that who asks twice gets the same.
func (j Jar) Handle(w http.ResponseWriter, r *http.Request, random io.Reader, kind string) string {
	value := j.Known(r, kind)
	if value == "" {
		value = NewHandle(random)
		j.Set(w, kind, value, 0)
		r.AddCookie(&http.Cookie{Name: j.Name(kind), Value: value})
	}
	return value
}

// NewHandle makes a handle of 192 random bits.
func NewHandle(random io.Reader) string { return ident.Secret(random, 24) }
