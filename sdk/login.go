package yinxin

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Paths that Routes adds below the portal's base URL. Register base+PathCallback as redirect URI, base+PathBackChannel
// as back-channel logout URI and base+PathLoggedOut as post-logout redirect URI.
const (
	PathCallback    = "/yinxin/callback"
	PathLogout      = "/yinxin/logout"
	PathLoggedOut   = "/yinxin/logged-out"
	PathBackChannel = "/yinxin/backchannel-logout"
)

const (
	cookieSession = "yx_portal"
	cookieAttempt = "yx_attempt"
)

// Citizen is who is signed in at the portal.
type Citizen struct {
	Subject    string // pairwise: another department sees another value
	IAL        int    // how surely the platform knows the person, 0–4
	ACR        string // how the person logged in, urn:yinxin:aal:N
	Methods    []string
	Name       string // proven name, when the portal may know it
	AuthTime   time.Time
	SessionID  string
	ActorName  string // set when somebody acts for the subject
	SignedInAt time.Time
}

// MaskedName shows the first character of the name only.
func (c Citizen) MaskedName() string {
	characters := []rune(c.Name)
	if len(characters) == 0 {
		return ""
	}
	return string(characters[0]) + strings.Repeat("*", max(len(characters)-1, 1))
}

type citizenKey struct{}

// CitizenFrom returns the citizen of a request that passed RequireLogin; the zero value outside.
func CitizenFrom(ctx context.Context) Citizen {
	citizen, _ := ctx.Value(citizenKey{}).(Citizen)
	return citizen
}

// session of the portal.
type session struct {
	citizen Citizen
	idToken string
}

// attempt is a login that was begun and bound to the browser by a cookie, which all attempts of the browser share so
// that parallel tabs do not spoil each other.
type attempt struct {
	browser, nonce, verifier, returnTo string
	level                              int
}

// Current returns the citizen who is signed in, if any.
func (c *Client) Current(r *http.Request) (Citizen, bool) {
	cookie, err := r.Cookie(c.cookieName(cookieSession))
	if err != nil {
		return Citizen{}, false
	}
	s, ok := c.sessions.get(cookie.Value)
	return s.citizen, ok
}

// RequireLogin lets signed-in citizens of the wanted level pass and sends the others to the platform.
func (c *Client) RequireLogin(next http.Handler) http.Handler { return c.RequireIAL(c.ial, next) }

// RequireIAL is RequireLogin for a page that needs a higher level than the rest of the portal.
func (c *Client) RequireIAL(level int, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		citizen, ok := c.Current(r)
		if ok && citizen.IAL >= level {
			w.Header().Set("Cache-Control", "no-store")
			next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), citizenKey{}, citizen)))
			return
		}
		if r.Method != http.MethodGet {
			http.Error(w, "sign in first", http.StatusUnauthorized)
			return
		}
		c.begin(w, r, level, r.URL.RequestURI())
	})
}

// Login begins a login from a page of the portal's own, for instance behind a button. Afterwards the browser goes to
// returnTo, a path of the portal; anything else is ignored and the start page taken, so that a parameter of a request
// may be passed on.
func (c *Client) Login(w http.ResponseWriter, r *http.Request, returnTo string) {
	c.begin(w, r, c.ial, returnTo)
}

// localPath is the address when it is a path of this portal, else the start page. Browsers read "//host" and "/\host" as
// another host and drop tabs and line breaks, so none of these may stand in it (security row O-55).
func localPath(address string) string {
	if !strings.HasPrefix(address, "/") || strings.HasPrefix(address, "//") || strings.ContainsAny(address, "\\") ||
		strings.ContainsFunc(address, func(r rune) bool { return r <= 0x20 || r == 0x7f }) {
		return "/"
	}
	if u, err := url.Parse(address); err != nil || u.Scheme != "" || u.Host != "" || strings.HasPrefix(u.Path, "//") || strings.ContainsAny(u.Path, "\\\t\r\n") {
		return "/"
	}
	return address
}

// Routes adds the callback, logout and back-channel logout to the portal's mux.
func (c *Client) Routes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+PathCallback, c.callback)
	mux.HandleFunc("POST "+PathLogout, c.logout)
	mux.HandleFunc("POST "+PathBackChannel, c.backChannel)
}

// begin sends the browser to the platform.
func (c *Client) begin(w http.ResponseWriter, r *http.Request, level int, returnTo string) {
	state, nonce, verifier := c.random(), c.random(), c.random()
	browser := c.random()
	if cookie, err := r.Cookie(c.cookieName(cookieAttempt)); err == nil && len(cookie.Value) == len(browser) {
		browser = cookie.Value
	}
	c.attempts.add(state, attempt{browser: browser, nonce: nonce, verifier: verifier, returnTo: localPath(returnTo), level: level})
	c.setCookie(w, cookieAttempt, browser, int(attemptLife/time.Second))
	challenge := sha256.Sum256([]byte(verifier))
	query := url.Values{
		"response_type": {"code"}, "client_id": {c.id}, "redirect_uri": {c.redirectURI()}, "scope": {strings.Join(c.scopes, " ")},
		"state": {state}, "nonce": {nonce}, "code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}
	var wanted []string
	if level > 0 {
		wanted = append(wanted, "urn:yinxin:ial:"+strconv.Itoa(level))
	}
	if c.aal > 0 {
		wanted = append(wanted, "urn:yinxin:aal:"+strconv.Itoa(c.aal))
	}
	if len(wanted) > 0 {
		query.Set("acr_values", strings.Join(wanted, " "))
	}
	if language := r.URL.Query().Get("lang"); language != "" {
		query.Set("ui_locales", language)
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, withQuery(c.meta.AuthorizationEndpoint, query), http.StatusSeeOther)
}

func (c *Client) callback(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	citizen, idToken, returnTo, err := c.finish(r)
	if err != nil {
		c.failure(w, r, err)
		return
	}
	if old, err := r.Cookie(c.cookieName(cookieSession)); err == nil {
		c.sessions.take(old.Value) // a step-up replaces the session
	}
	id := c.random()
	c.sessions.add(id, session{citizen: citizen, idToken: idToken})
	c.setCookie(w, cookieSession, id, 0)
	http.Redirect(w, r, returnTo, http.StatusSeeOther)
}

// finish checks the answer in the order of RFC 9700: browser, issuer, error, then code and ID token.
func (c *Client) finish(r *http.Request) (Citizen, string, string, error) {
	query := r.URL.Query()
	begun, ok := c.attempts.get(query.Get("state"))
	if !ok {
		return Citizen{}, "", "", &Error{Code: "state", Hint: "the login was finished before, or took too long"}
	}
	cookie, err := r.Cookie(c.cookieName(cookieAttempt))
	if err != nil || subtle.ConstantTimeCompare([]byte(cookie.Value), []byte(begun.browser)) != 1 {
		return Citizen{}, "", "", &Error{Code: "state", Hint: "the login was not begun in this browser"}
	}
	if begun, ok = c.attempts.take(query.Get("state")); !ok {
		return Citizen{}, "", "", &Error{Code: "state", Hint: "the login was finished before, or took too long"}
	}
	if issuer := query.Get("iss"); issuer != c.meta.Issuer && (c.meta.IssuerInResponse || issuer != "") {
		return Citizen{}, "", "", &Error{Code: "issuer", Hint: "the answer names another issuer"}
	}
	if word := query.Get("error"); word != "" {
		return Citizen{}, "", "", &Error{Code: word, Hint: query.Get("error_description")}
	}
	answer, err := c.redeem(r.Context(), query.Get("code"), begun.verifier)
	if err != nil {
		return Citizen{}, "", "", err
	}
	citizen, err := c.checkIDToken(r.Context(), answer.IDToken, answer.AccessToken, begun)
	if err != nil {
		return Citizen{}, "", "", err
	}
	return citizen, answer.IDToken, begun.returnTo, nil
}

// logout ends the portal's session and sends the browser to the platform, which tells the other portals.
func (c *Client) logout(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
		http.Error(w, "log out on this site", http.StatusForbidden)
		return
	}
	query := url.Values{"client_id": {c.id}, "post_logout_redirect_uri": {c.base + PathLoggedOut}}
	if cookie, err := r.Cookie(c.cookieName(cookieSession)); err == nil {
		if s, ok := c.sessions.take(cookie.Value); ok {
			query.Set("id_token_hint", s.idToken)
		}
		c.setCookie(w, cookieSession, "", -1)
	}
	if c.meta.EndSessionEndpoint == "" {
		http.Redirect(w, r, PathLoggedOut, http.StatusSeeOther)
		return
	}
	http.Redirect(w, r, withQuery(c.meta.EndSessionEndpoint, query), http.StatusSeeOther)
}

// withQuery adds parameters to an endpoint that may have some already (RFC 6749 section 3.1).
func withQuery(endpoint string, query url.Values) string {
	if strings.Contains(endpoint, "?") {
		return endpoint + "&" + query.Encode()
	}
	return endpoint + "?" + query.Encode()
}

// setCookie sets a cookie that scripts cannot read.
func (c *Client) setCookie(w http.ResponseWriter, name, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{Name: c.cookieName(name), Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true,
		Secure: strings.HasPrefix(c.base, "https://"), SameSite: http.SameSiteLaxMode})
}

// cookieName carries the port, because ports of one host share cookies, and over https a prefix with which other hosts
// of the domain cannot set it.
func (c *Client) cookieName(name string) string {
	u, err := url.Parse(c.base)
	if err == nil && u.Port() != "" {
		name += "_" + u.Port()
	}
	if err == nil && u.Scheme == "https" {
		name = "__Host-" + name
	}
	return name
}

func (c *Client) random() string {
	b := make([]byte, 32)
	if _, err := io.ReadFull(c.rand, b); err != nil {
		panic(fmt.Sprintf("yinxin: source of randomness failed: %v", err)) // nothing safe can follow
	}
	return base64.RawURLEncoding.EncodeToString(b)
}
