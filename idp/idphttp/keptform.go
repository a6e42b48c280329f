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
// ended keeps nothing. In the login of an application, the flow leads on to the page of the form if that is where the person stands; the ticks
// of a consent are no part of it, because what is allowed is said by whoever is signed in now. Of files the names are kept alone.

const (
	stepKept     authn.StepKind = "kept-form"
	stepKeptFlow authn.StepKind = "kept-flow" // by the id of a flow: where the form stands
	keptLife                    = 30 * time.Minute
	keptParam                   = "kept"
)

// keptInputs lead to the page of a form again: which document it is about.
var keptInputs = []string{"document", "further"}

// keptFields are those worth keeping: what people look up, or write themselves. Everything else stays out, above all passwords, codes,
// numbers of cards, and what a page writes for itself.
var keptFields = []string{
	"proofing-name", "proofing-number", "proofing-birth", "proofing-expires", "proofing-mobile", "child-name", "child-number", "organisation-name", "organisation-code",
	"mandate-to", "mandate-name", "mandate-items", "mandate-days", "mandate-kind", "mandate-class", "mandate-delegable", "mandate-confirm", "keeper-seals", "contact-new", "text", // of a question about a release
}

// keptRenewal begins the names of what a holder states to renew a licence.
const keptRenewal = "renewal-"

// keptTicks begin the names of boxes that are ticked by choice: service items and rights of a mandate, which the same person still has to give.
var keptTicks = []string{inputItem, inputRight}

// keeps reports whether an input is worth keeping.
func keeps(input string) bool {
	return slices.Contains(keptFields, input) || strings.HasPrefix(input, keptRenewal) || slices.ContainsFunc(keptTicks, func(begin string) bool { return strings.HasPrefix(input, begin) })
}

// keptForm is a form as it is sealed.
type keptForm struct {
	Account string `json:"account"`
	Path    string `json:"path"`
	web.TypedForm
}

// keptPage is the page of a form in a flow.
type keptPage struct {
	Account string `json:"account"`
	Path    string `json:"path"`
	Page    string `json:"page"`
}

// toLogin sends somebody without a session to the login page: in the flow of the request, or to come back to the page. Of a form, the
// page is that on which it stands, where there is one at its address, and what was typed comes back with it.
func (s *Server) toLogin(w http.ResponseWriter, r *http.Request, page string) error {
	if r.Method == http.MethodPost {
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
	ctx := r.Context()
	account, err := s.Sessions.Former(ctx, s.cookie(r, cookieSession))
	if err != nil || account == "" {
		return page
	}
	form, ok := web.ReadTyped(w, r, web.TypedByPeople, keeps)
	if !ok {
		return page
	}
	browser, err := s.browserHash(ctx, s.browser(w, r))
	if err != nil {
		return page
	}
	handle, err := s.Steps.Begin(ctx, stepKept, browser, keptForm{account, at.Path, form}, keptLife)
	if err != nil {
		return page
	}
	query, flow := at.Query(), r.FormValue("flow")
	for _, name := range keptInputs {
		if value := r.PostFormValue(name); value != "" {
			query.Set(name, value)
		}
	}
	query.Set(keptParam, handle)
	if flow == "" {
		at.RawQuery = query.Encode()
		return at.String()
	}
	query.Set("flow", flow)
	at.RawQuery = query.Encode()
	_ = s.Steps.BeginAt(ctx, stepKeptFlow, browser, flow, keptPage{account, at.Path, at.String()}, keptLife) // a flow remembers its first form; without it, it goes on as ever
	return page
}

// keptIn is the page with what was typed in a flow that comes to a step of this address, for the account whose form it is; once.
func (s *Server) keptIn(r *http.Request, flow, account, address string) (page string, ok bool) {
	value := s.cookie(r, cookieBrowser)
	if flow == "" || value == "" {
		return "", false
	}
	hash, err := s.browserHash(r.Context(), value)
	if err != nil {
		return "", false
	}
	var kept keptPage
	if err := s.Steps.Take(r.Context(), stepKeptFlow, hash, flow, &kept); err != nil || kept.Account != account {
		return "", false
	}
	return kept.Page, kept.Path == address || strings.HasPrefix(kept.Path, address+"/")
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
	return r.WithContext(web.WithTyped(ctx, form.TypedForm))
}
