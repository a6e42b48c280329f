package idphttp

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/web"
)

// A form that was sent when its session was over by its age (security row A-29) is kept for half an hour, and its page comes back
// filled in after the login: what was typed is not lost, and nothing is sent by itself. It lies sealed with the browser that sent it
// and shows to nobody but the account whose session it was, since others use the same computer. A session that somebody
// ended keeps nothing.

const (
	stepKept  authn.StepKind = "kept-form"
	keptLife                 = 30 * time.Minute
	maxKept                  = 4 << 10 // octets of what was typed
	keptParam                = "kept"
)

// keptFields are those worth keeping: what people look up, or write themselves. Everything else stays out, above all passwords, codes,
// numbers of cards, and what a page writes for itself.
var keptFields = []string{
	"proofing-name", "proofing-number", "proofing-birth", "proofing-expires", "proofing-mobile", "child-name", "child-number", "organisation-name", "organisation-code",
	"mandate-to", "mandate-name", "mandate-items", "mandate-days", "contact-new", "text", // of a question about a release
}

// keptForm is a form as it is sealed.
type keptForm struct {
	Account string     `json:"account"`
	Path    string     `json:"path"`
	Fields  url.Values `json:"fields"`
}

// toLogin sends somebody without a session to the login page: in the flow of the request, or to come back to the page. Of a form, the
// page is that on which it stands, where there is one at its address, and what was typed comes back with it.
func (s *Server) toLogin(w http.ResponseWriter, r *http.Request, page string) error {
	if r.Method == http.MethodPost && r.FormValue("flow") == "" {
		if path, _, _ := strings.Cut(strings.TrimPrefix(r.Pattern, "POST "), " "); s.formPages[path] {
			page = r.URL.RequestURI()
		}
		page = s.keepForm(w, r, page)
	}
	return toLogin(w, r, page)
}

// keepForm keeps what was typed and gives the address of the page with it; the page as it is where there is nothing to keep. A form that cannot be
// kept stops no login.
func (s *Server) keepForm(w http.ResponseWriter, r *http.Request, page string) string {
	at, err := url.Parse(page)
	if err != nil {
		return page
	}
	fields, size := url.Values{}, 0
	for name, values := range r.PostForm {
		if slices.Contains(keptFields, name) && len(values) == 1 && values[0] != "" {
			fields.Set(name, values[0])
			size += len(values[0])
		}
	}
	if size == 0 || size > maxKept {
		return page
	}
	ctx := r.Context()
	account, err := s.Sessions.Former(ctx, s.cookie(r, cookieSession))
	if err != nil || account == "" {
		return page
	}
	browser, err := s.browserHash(ctx, s.browser(w, r))
	if err != nil {
		return page
	}
	handle, err := s.Steps.Begin(ctx, stepKept, browser, keptForm{account, at.Path, fields}, keptLife)
	if err != nil {
		return page
	}
	query := at.Query()
	query.Set(keptParam, handle)
	at.RawQuery = query.Encode()
	return at.String()
}

// withKept gives a page what was typed into its form before, if it is the account's own and the page the same.
func (s *Server) withKept(r *http.Request) *http.Request {
	handle := r.URL.Query().Get(keptParam)
	browser := s.cookie(r, cookieBrowser)
	if handle == "" || browser == "" || r.Method != http.MethodGet {
		return r
	}
	ctx := r.Context()
	hash, err := s.browserHash(ctx, browser)
	if err != nil {
		return r
	}
	var form keptForm
	if err := s.Steps.Look(ctx, stepKept, hash, handle, &form); err != nil {
		return r
	}
	current, ok, err := s.Session(r)
	if err != nil || !ok || current.AccountID != form.Account || r.URL.Path != form.Path {
		return r
	}
	return r.WithContext(web.WithTyped(ctx, form.Fields))
}
