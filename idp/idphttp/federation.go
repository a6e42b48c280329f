package idphttp

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authflow"
	"github.com/yinxin-gov/yinxin/idp/federation"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

// upstreamLinks are the buttons of the login page; first is that of the source that the application prefers.
func (s *Server) upstreamLinks(flow, preferred string) (first *web.Link, links []web.Link) {
	suffix := ""
	if flow != "" {
		suffix = "?flow=" + url.QueryEscape(flow)
	}
	for _, source := range s.Federation.Sources() {
		if s.Federation.Silent(source.ID) {
			continue // silentSources names it
		}
		link := web.Link{Label: source.Name, URL: "/federation/" + source.ID + "/start" + suffix}
		if source.ID == preferred {
			first = &link
			continue
		}
		links = append(links, link)
	}
	return first, links
}

// silentSources are the names of sources that do not answer now: the login page says so instead of sending people there.
func (s *Server) silentSources() []string {
	var names []string
	for _, source := range s.Federation.Sources() {
		if s.Federation.Silent(source.ID) {
			names = append(names, source.Name)
		}
	}
	return names
}

// federationStart sends the browser to a source. A flow that wants a new login wants it of the source too.
func (s *Server) federationStart(w http.ResponseWriter, r *http.Request) error {
	id, f, _, err := s.optionalFlow(r)
	if err != nil {
		return err
	}
	fresh := f.MaxAge != nil || slices.Contains(f.Prompt, "login") || slices.Contains(f.Prompt, "select_account")
	err = s.toSource(w, r, federation.Intent{SourceID: r.PathValue("source"), Purpose: federation.PurposeLogin, Flow: id, Fresh: fresh})
	if fault.CodeOf(err) == fault.UpstreamSilent { // the other ways in are offered at once
		return s.showLogin(w, r, http.StatusServiceUnavailable, s.failed(w, r, err, ""))
	}
	return err
}

func (s *Server) toSource(w http.ResponseWriter, r *http.Request, i federation.Intent) error {
	browser, err := s.browserHash(r.Context(), s.browser(w, r))
	if err != nil {
		return err
	}
	address, err := s.Federation.Start(r.Context(), i, browser)
	if err != nil {
		return err
	}
	return see(w, r, address)
}

// federationCallback is where a source sends the browser back to.
func (s *Server) federationCallback(w http.ResponseWriter, r *http.Request) error {
	if !authflow.Single(r.Form) {
		return fault.New(fault.UpstreamRefused)
	}
	ctx := r.Context()
	browser, err := s.browserHash(ctx, s.cookie(r, cookieBrowser))
	if err != nil {
		return err
	}
	current, _, err := s.Session(r)
	if err != nil {
		return err
	}
	result, err := s.Federation.Finish(ctx, r.PathValue("source"), browser, current.AccountID, r.Form)
	if err != nil {
		return err
	}
	if result.Intent.Purpose == federation.PurposeLink {
		return see(w, r, "/federation")
	}
	return s.enter(w, r, waiting{Login: result.Login, Flow: result.Intent.Flow, Next: onward(result.Intent.Flow), Upstream: &result})
}

// federationPosted takes a ticket that a source sends by POST on as GET, because the browser keeps our cookies back from
// posts of other sites. It decides nothing: what came is judged where it arrives.
func (s *Server) federationPosted(w http.ResponseWriter, r *http.Request) error {
	if !authflow.Single(r.Form) || len(r.Form) > 20 {
		return fault.New(fault.UpstreamRefused)
	}
	query := r.Form.Encode()
	if len(query) > maxPosted {
		return fault.New(fault.UpstreamRefused)
	}
	return see(w, r, "/federation/"+url.PathEscape(r.PathValue("source"))+"/callback?"+query)
}

// maxPosted bounds what a source posts.
const maxPosted = 8 << 10

// recentLogin is who is signed in, if the login is young enough for changes of the ways in.
func (s *Server) recentLogin(r *http.Request) (session.Session, error) {
	current, ok, err := s.Session(r)
	switch {
	case err != nil:
		return current, err
	case !ok:
		return current, fault.New(fault.Unauthenticated)
	case s.Now().Sub(current.AuthTime) > federation.LinkWindow:
		return current, fault.New(fault.LinkStale)
	}
	if strong, err := s.strongEnough(r, current); err != nil || !strong { // a link is a way in that may say level 2
		return current, errors.Join(err, fault.New(fault.LinkStale))
	}
	person, err := s.Accounts.Person(r.Context(), current.AccountID)
	if err == nil && person.State != idp.AccountActive {
		err = fault.New(fault.Unauthenticated)
	}
	return current, err
}

func (s *Server) federationLink(w http.ResponseWriter, r *http.Request) error {
	current, err := s.recentLogin(r)
	if err != nil {
		return err
	}
	return s.toSource(w, r, federation.Intent{SourceID: r.PathValue("source"), Purpose: federation.PurposeLink, AccountID: current.AccountID})
}

func (s *Server) federationUnlink(w http.ResponseWriter, r *http.Request) error {
	current, err := s.recentLogin(r)
	if err != nil {
		return err
	}
	if err := s.Federation.Unlink(r.Context(), current.AccountID, r.PathValue("source")); err != nil {
		return err
	}
	return see(w, r, "/federation")
}

// federationPage lists the sources with the person's links.
func (s *Server) federationPage(w http.ResponseWriter, r *http.Request) error {
	current, ok, err := s.Session(r)
	if err != nil {
		return err
	}
	if !ok {
		return s.toLogin(w, r, r.URL.RequestURI())
	}
	links, err := s.Federation.Links(r.Context(), current.AccountID)
	if err != nil {
		return err
	}
	var body web.UpstreamsPage
	var open []federation.Source // a form that ends at the source needs the origin of its login page in the policy
	for _, source := range s.Federation.Sources() {
		item := web.UpstreamItem{Name: source.Name, LinkURL: "/federation/" + source.ID + "/link"}
		if at := slices.IndexFunc(links, func(l federation.Link) bool { return l.SourceID == source.ID }); at >= 0 {
			item = web.UpstreamItem{Name: source.Name, LinkedAt: &links[at].LinkedAt, UnlinkURL: "/federation/" + source.ID + "/unlink"}
		}
		body.Items = append(body.Items, item)
		if item.LinkURL != "" {
			open = append(open, source)
		}
	}
	return s.Pages.Page(w, r, http.StatusOK, "upstreams", web.Page{Identity: s.Identity(r), Callbacks: s.Federation.LoginPages(r.Context(), open), Body: body})
}

// leaveSource gives where the browser goes to end the session of the source that a session came from; empty when it came
// from none, or when that cannot be asked: our own logout never waits for it.
func (s *Server) leaveSource(r *http.Request, sid, back string) (name, address string) {
	browser, err := s.browserHash(r.Context(), s.cookie(r, cookieBrowser))
	if err == nil {
		name, address, err = s.Federation.Leave(r.Context(), sid, browser, back)
	}
	if err != nil {
		slog.WarnContext(r.Context(), "logout at the source failed", "request_id", reqctx.From(r.Context()).ID, "error", err)
		return "", ""
	}
	return name, address
}

// federationLeft is where a source sends the browser back to after a logout that began here. An answer that we did not
// ask for leads home.
func (s *Server) federationLeft(w http.ResponseWriter, r *http.Request) error {
	browser, err := s.browserHash(r.Context(), s.cookie(r, cookieBrowser))
	if err != nil {
		return err
	}
	back, err := s.Federation.Left(r.Context(), r.PathValue("source"), browser, r.FormValue("state"))
	if err != nil {
		return err
	}
	if back == "" {
		back = "/"
	}
	return see(w, r, back)
}

// federationLogout is Back-Channel Logout 1.0 section 2.5 with us as the relying party (O-53).
func (s *Server) federationLogout(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	form, err := s.form(w, r)
	service := s.Federation
	if s.StaffFederation.Knows(r.PathValue("source")) {
		service = s.StaffFederation
	}
	if err == nil {
		err = service.Logout(r.Context(), r.PathValue("source"), form)
	}
	if err == nil {
		w.WriteHeader(http.StatusOK)
		return
	}
	status := http.StatusBadRequest
	if f := fault.From(err); f.Code == fault.UpstreamSilent || f.Code == fault.Unavailable {
		w.Header().Set("Retry-After", strconv.Itoa(max(f.RetryAfter, 5)))
		status = http.StatusServiceUnavailable
	}
	writeJSON(w, status, map[string]string{"error": "invalid_request"})
}
