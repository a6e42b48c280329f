package staffhttp

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authflow"
	"github.com/yinxin-gov/yinxin/idp/federation"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

// upstreamLinks are the buttons of the login page, and the names of sources that do not answer now.
func (s *Server) upstreamLinks(next string) (links []web.Link, silent []string) {
	suffix := ""
	if next != homePath {
		suffix = "?" + url.Values{"next": {next}}.Encode()
	}
	for _, source := range s.Federation.Sources() {
		if s.Federation.Silent(source.ID) {
			silent = append(silent, source.Name)
			continue
		}
		links = append(links, web.Link{Label: source.Name, URL: federation.StaffPath + source.ID + "/start" + suffix})
	}
	return links, silent
}

// upstreamStart sends the browser to a source of staff, which is always asked for a new login.
func (s *Server) upstreamStart(w http.ResponseWriter, r *http.Request) error {
	err := s.toSource(w, r, federation.Intent{SourceID: r.PathValue("source"), Purpose: federation.PurposeLogin, Flow: nextOf(r.FormValue("next"))})
	if code := fault.CodeOf(err); code == fault.UpstreamSilent || code == fault.UpstreamUnknown { // the other ways in are offered at once
		return s.showLogin(w, r, fault.MetaOf(code).Status, s.failed(w, r, err, ""))
	}
	return err
}

func (s *Server) toSource(w http.ResponseWriter, r *http.Request, i federation.Intent) error {
	browser, err := s.browser(w, r)
	if err != nil {
		return err
	}
	i.Fresh = true
	address, err := s.Federation.Start(r.Context(), i, browser)
	if err != nil {
		return err
	}
	return see(w, r, address)
}

// upstreamCallback is where a source sends the browser back to. Whatever it says wrong leads to the login page with the local ways.
func (s *Server) upstreamCallback(w http.ResponseWriter, r *http.Request) error {
	browser, err := s.browser(w, r)
	if err != nil {
		return err
	}
	member := ""
	if known := current(r); known != nil {
		member = known.member.ID
	}
	var result federation.Result
	if !authflow.Single(r.Form) {
		err = fault.New(fault.UpstreamRefused)
	} else {
		result, err = s.Federation.Finish(r.Context(), r.PathValue("source"), browser, member, r.Form)
	}
	link := result.Intent.Purpose == federation.PurposeLink
	if err == nil && link {
		return see(w, r, securityPath)
	}
	if err == nil {
		err = s.enterBy(w, r, result.Login, nextOf(result.Intent.Flow), &result)
	}
	status := fault.MetaOf(fault.CodeOf(err)).Status
	switch silent := fault.CodeOf(err) == fault.UpstreamSilent; {
	case err == nil || status >= http.StatusInternalServerError && !silent:
		return err
	case link && member != "":
		return s.showSecurity(w, r, status, s.failed(w, r, err, ""))
	}
	return s.showLogin(w, r, status, s.failed(w, r, err, ""))
}

// linkItems are the sources of staff with the links of a member, and the origins that the forms end at.
func (s *Server) linkItems(r *http.Request, id string) (items []web.UpstreamItem, origins []string, err error) {
	sources := s.Federation.Sources()
	if len(sources) == 0 {
		return nil, nil, nil
	}
	links, err := s.Federation.StaffLinks(r.Context(), id)
	if err != nil {
		return nil, nil, err
	}
	var open []federation.Source
	for _, source := range sources {
		item := web.UpstreamItem{ID: source.ID, Name: source.Name, LinkURL: securityPath + "/upstream/" + source.ID + "/link"}
		if at := slices.IndexFunc(links, func(l federation.Link) bool { return l.SourceID == source.ID }); at >= 0 {
			item.LinkURL, item.LinkedAt, item.UnlinkURL = "", &links[at].LinkedAt, securityPath+"/upstream/"+source.ID+"/unlink"
		}
		if items = append(items, item); item.LinkURL != "" {
			open = append(open, source)
		}
	}
	return items, s.Federation.LoginPages(r.Context(), open), nil
}

// linker is who is signed in with both factors just now; a link is a way in, so that one factor is not enough.
func (s *Server) linker(w http.ResponseWriter, r *http.Request) (*signedIn, error) {
	known, err := s.changer(w, r)
	if known == nil || known.session.AAL >= 2 || s.OneFactor {
		return known, err
	}
	return nil, s.showSecurity(w, r, fault.MetaOf(fault.StrongLoginNeeded).Status, s.failed(w, r, fault.New(fault.StrongLoginNeeded), ""))
}

func (s *Server) upstreamLink(w http.ResponseWriter, r *http.Request) error {
	known, err := s.linker(w, r)
	if known == nil {
		return err
	}
	err = s.toSource(w, r, federation.Intent{SourceID: r.PathValue("source"), Purpose: federation.PurposeLink, AccountID: known.member.ID})
	if code := fault.CodeOf(err); code == fault.UpstreamSilent || code == fault.UpstreamUnknown {
		return s.showSecurity(w, r, fault.MetaOf(code).Status, s.failed(w, r, err, ""))
	}
	return err
}

func (s *Server) upstreamUnlink(w http.ResponseWriter, r *http.Request) error {
	known, err := s.changer(w, r)
	if known == nil {
		return err
	}
	return s.changed(w, r, s.Federation.StaffUnlink(r.Context(), known.member.ID, r.PathValue("source")))
}

// joined notes from which login at a source a session came, so that a logout there ends it.
func (s *Server) joined(r *http.Request, sid string, login idp.Login, from *federation.Result) error {
	if from == nil {
		return nil
	}
	result := *from
	result.Hint = "" // nothing leads back to the source from here
	return s.Federation.Joined(r.Context(), federation.SessionRef{SID: sid, AccountID: login.AccountID}, result)
}
