package web

import (
	"net/http"
	"net/url"
	"strings"
)

// policy is the Content-Security-Policy of experience.md 7.5; the sources of form-action follow. Browsers hold
// redirects after a form to form-action, so a login flow names the origin of the application that waits.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"

// contentPolicy adds the origins of frames and the callback origins that are plain http or https origins; anything else is left out, so that a
// stored address can never widen the policy.
func contentPolicy(callbacks, frames []string) string {
	var b strings.Builder
	for i, frame := range frames {
		if i == 0 {
			b.WriteString("frame-src")
		}
		if origin, ok := originOf(frame); ok {
			b.WriteString(" " + origin)
		}
	}
	if len(frames) > 0 {
		b.WriteString("; ")
	}
	b.WriteString(policy)
	for _, callback := range callbacks {
		if origin, ok := originOf(callback); ok {
			b.WriteString(" " + origin)
		}
	}
	return b.String()
}

func originOf(address string) (string, bool) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.ContainsAny(u.Host, " ;,'\"*") {
		return "", false
	}
	return u.Scheme + "://" + u.Host, true
}

// SecurityHeaders sets what every page carries: the strict Content-Security-Policy, no framing (O-50), no sniffing, no
// referrer and no storing. Static files lift the last one themselves, and Renderer.Page adds the callback origins of the
// current flow to the policy.
func SecurityHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setHeaders(w.Header(), nil, nil)
		next.ServeHTTP(w, r)
	})
}

func setHeaders(h http.Header, callbacks, frames []string) {
	h.Set("Content-Security-Policy", contentPolicy(callbacks, frames))
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
}
