package web

import (
	"net/http"
	"strings"

	"github.com/yinxin-gov/yinxin/internal/i18n"
)

// ViewCookie keeps the chosen view: a theme and a size, joined by a dot.
const ViewCookie = "yx_view"

// View is how the person wants pages shown.
type View struct {
	Theme string // "light", "dark", "contrast"; empty follows the system
	Elder bool   // 长辈版: large text, large targets, simplified home page
}

// String is the cookie's value.
func (v View) String() string {
	parts := []string{}
	if v.Theme != "" {
		parts = append(parts, v.Theme)
	}
	if v.Elder {
		parts = append(parts, "elder")
	}
	return strings.Join(parts, ".")
}

// ViewOf reads the choice from the cookie; unknown words are passed over.
func ViewOf(r *http.Request) View {
	var v View
	cookie, err := r.Cookie(ViewCookie)
	if err != nil {
		return v
	}
	for word := range strings.SplitSeq(cookie.Value, ".") {
		switch word {
		case "light", "dark", "contrast":
			v.Theme = word
		case "elder":
			v.Elder = true
		}
	}
	return v
}

const choiceSeconds = 365 * 24 * 3600

// choice is a cookie that keeps a choice of display. It says nothing about the person.
func (rd *Renderer) choice(name, value string) *http.Cookie {
	cookie := &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: choiceSeconds, HttpOnly: true, Secure: rd.secure, SameSite: http.SameSiteLaxMode}
	if value == "" {
		cookie.MaxAge = -1
	}
	return cookie
}

// PreferencesPage is /preferences: language, colours and size.
type PreferencesPage struct {
	Return string // local path to go back to
}

// Preferences serves /preferences: GET shows the choices, POST keeps them (lang, theme, size) and leads back to the
// local path in "return". It changes nothing but two display cookies.
func (rd *Renderer) Preferences() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodGet, http.MethodHead:
			back := localPath(r.URL.Query().Get("return"))
			if err := rd.Page(w, r, http.StatusOK, "preferences", Page{Body: PreferencesPage{Return: back}}); err != nil {
				rd.Error(w, r, err)
			}
		case http.MethodPost:
			r.Body = http.MaxBytesReader(w, r.Body, 8<<10)
			rd.keepChoices(w, r)
			http.Redirect(w, r, localPath(r.PostFormValue("return")), http.StatusSeeOther)
		default:
			w.Header().Set("Allow", "GET, HEAD, POST")
			w.WriteHeader(http.StatusMethodNotAllowed)
		}
	})
}

func (rd *Renderer) keepChoices(w http.ResponseWriter, r *http.Request) {
	if locale, ok := i18n.Match(r.PostFormValue("lang")); ok {
		http.SetCookie(w, rd.choice(i18n.CookieName, locale))
	}
	v := ViewOf(r)
	switch theme := r.PostFormValue("theme"); theme {
	case "light", "dark", "contrast":
		v.Theme = theme
	case "auto":
		v.Theme = ""
	}
	switch r.PostFormValue("size") {
	case "elder":
		v.Elder = true
	case "standard":
		v.Elder = false
	}
	http.SetCookie(w, rd.choice(ViewCookie, v.String()))
}
