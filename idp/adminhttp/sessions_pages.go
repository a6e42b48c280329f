package adminhttp

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/web"
)

// sessionsPart is the sessions of people.
func (s *Server) sessionsPart() part {
	return part{
		api: s.sessionsAPI,
		pages: map[string]pageFunc{
			"GET /admin/sessions": s.sessionsPage, "POST /admin/sessions/search": s.sessionsSearch, "POST /admin/sessions/end-all": s.sessionsEndAll,
			"GET /admin/sessions/{sid}": s.sessionPage, "POST /admin/sessions/{sid}/end": s.sessionEnd,
		},
		place: func(r *http.Request) (web.AdminPlace, error) {
			return s.placeFor(r, watchers, "admin-sessions", "admin.sessions", "admin.sessions.text", "/admin/sessions"), nil
		},
	}
}

// Names of the inputs of the search.
const (
	inputPerson = "person"
	inputReason = "reason"
)

func (s *Server) sessionsPage(w http.ResponseWriter, r *http.Request) error {
	return s.showSessions(w, r, r.URL.Query().Get("account"), url.Values{}, refused{})
}

// showSessions is the search, with the sessions of an account when one is named.
func (s *Server) showSessions(w http.ResponseWriter, r *http.Request, account string, typed url.Values, was refused) error {
	ctx := r.Context()
	if err := holds(ctx, watchers...); err != nil {
		return err
	}
	text := func(key string) string { return s.Renderer.Text(r, key) }
	body := web.AdminListPage{Intro: text("admin.sessions.text"), FilterURL: "/admin/sessions/search", FilterPost: true, FilterName: text("admin.find"), Filter: []web.FormField{
		{Name: inputPerson, Label: text("admin.person"), Hint: text("admin.person.hint"), Value: bounded(typed.Get(inputPerson)), Max: 200},
		{Name: inputReason, Label: text("action.reason"), Hint: text("admin.person.reason"), Value: bounded(typed.Get(inputReason)), Max: maxReason},
	}}
	page := web.Page{Title: text("admin.sessions"), Self: "/admin/sessions"}
	if account != "" {
		after, err := pagemark.After(r)
		if err != nil {
			return err
		}
		list, err := s.listSessions(ctx, account, after, pageSize)
		if err != nil {
			return err
		}
		name, err := s.maskedName(ctx, account)
		if err != nil {
			return err
		}
		page.Self = sessionsOfURL(account)
		body.SignInURL = s.signInURL(r, idp.RoleSecurityAdmin)
		body.Links = []web.Link{{Label: s.Renderer.Text(r, "admin.grants.of", "name", name), URL: "/admin/grants?" + url.Values{"account": {account}}.Encode()}}
		body.None, body.NoneText = text("admin.sessions.none"), text("admin.sessions.none.text")
		body.Table = web.Table{Caption: s.Renderer.Text(r, "admin.sessions.of", "name", name), Columns: []web.Column{
			{Label: text("admin.session.device")}, {Label: text("admin.session.login")}, {Label: text("admin.session.seen")}, {Label: text("admin.session.methods")}}}
		active := false
		for _, v := range list.Body.Items {
			body.Table.Rows = append(body.Table.Rows, web.Row{URL: sessionURL(v.SID), Status: sessionWord(v.State), Cells: []string{v.Device + " · " + v.Address, when(v.AuthTime), when(v.LastSeen), methodsOf(v)}})
			active = active || v.State != session.StateEnded
		}
		paged(r, &body.Table, sessionsOfURL(account), after, list.Body.Next)
		if active && holds(ctx, idp.RoleSecurityAdmin) == nil {
			body.Hidden = []web.Hidden{{Name: "account", Value: account}}
			body.Actions = []web.StateAction{{ID: "sessions-end", Label: text("admin.sessions.end"), URL: "/admin/sessions/end-all", Effect: text("admin.sessions.end.effect"), Danger: true}}
		}
	}
	if was.action == "" && was.err != nil {
		page.Errors = s.Renderer.FieldErrors(r, was.err, map[string]string{"identifier": inputPerson, "reason": inputReason})
	} else {
		s.onto(r, &page, body.Actions, was)
	}
	page.Body = body
	return s.show(w, r, statusOf(was.err), "admin-list", page)
}

// sessionWord is the word that pages have for a session's state.
func sessionWord(state string) string {
	if state == session.StateActive {
		return "signed_in"
	}
	return "session_" + state
}

// sessionsSearch leads to the account of an identifier. The identifier stays out of every address.
func (s *Server) sessionsSearch(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	if err := holds(r.Context(), watchers...); err != nil {
		return err
	}
	person := strings.TrimSpace(typed.Get(inputPerson))
	switch {
	case strings.HasPrefix(person, "sid_"):
		return see(w, r, sessionURL(person))
	case strings.HasPrefix(person, "acc_"):
		return see(w, r, sessionsOfURL(person))
	}
	account, err := s.findAccount(r.Context(), person, typed.Get(inputReason))
	if fault.CodeOf(err) == fault.NotFound || mendable(err) {
		return s.showSessions(w, r, "", typed, refused{err: err})
	}
	if err != nil {
		return err
	}
	return see(w, r, sessionsOfURL(account.ID))
}

func (s *Server) sessionsEndAll(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	account := typed.Get("account")
	_, err = s.endAllSessions(r.Context(), account, typed.Get("reason"))
	return settled(w, r, err, func(err error) error {
		return s.showSessions(w, r, account, url.Values{}, refused{err, "sessions-end", typed.Get("reason")})
	}, sessionsOfURL(account))
}

func (s *Server) sessionPage(w http.ResponseWriter, r *http.Request) error {
	return s.showSession(w, r, refused{})
}

func (s *Server) showSession(w http.ResponseWriter, r *http.Request, was refused) error {
	d, err := s.sessionDetail(r.Context(), r.PathValue("sid"))
	if err != nil {
		return err
	}
	text := func(key string) string { return s.Renderer.Text(r, key) }
	body := web.AdminDetailPage{Back: web.Link{Label: s.Renderer.Text(r, "admin.sessions.of", "name", d.Name), URL: sessionsOfURL(d.AccountID)}, Name: text("admin.session"), Under: d.SID, Status: sessionWord(d.State),
		SignInURL: s.signInURL(r, idp.RoleSecurityAdmin),
		Facts: []web.ShownField{{Label: text("admin.person.name"), Value: d.Name}, {Label: text("admin.account"), Value: d.AccountID}, {Label: text("admin.session.device"), Value: d.Device + " · " + d.Address},
			{Label: text("admin.session.login"), Value: when(d.AuthTime)}, {Label: text("admin.session.seen"), Value: when(d.LastSeen)}, {Label: text("admin.session.methods"), Value: methodsOf(d.SessionRecord) + " · AAL " + strconv.Itoa(d.AAL)}}}
	if d.EndedAt != nil {
		body.Facts = append(body.Facts, web.ShownField{Label: text("admin.session.ended"), Value: when(*d.EndedAt)})
	}
	parties := web.AdminSection{ID: "parties", Title: text("admin.session.parties")}
	if len(d.Parties) == 0 {
		parties.Text = text("admin.session.parties.none")
	} else {
		parties.Table = &web.Table{Caption: text("admin.session.parties"), Plain: true, Columns: []web.Column{{Label: text("admin.system")}, {Label: text("admin.session.login")}}}
		for _, p := range d.Parties {
			parties.Table.Rows = append(parties.Table.Rows, web.Row{Cells: []string{p.Name, when(p.At)}})
		}
	}
	body.Sections = append(body.Sections, parties)
	if len(d.Notices) > 0 {
		notices := web.AdminSection{ID: "notices", Title: text("admin.session.notices"), Text: text("admin.session.notices.text"),
			Table: &web.Table{Caption: text("admin.session.notices"), Columns: []web.Column{{Label: text("admin.system")}, {Label: text("admin.attempts"), Number: true}, {Label: text("admin.at")}}}}
		for _, n := range d.Notices {
			at := "—"
			if n.At != nil {
				at = when(*n.At)
			}
			notices.Table.Rows = append(notices.Table.Rows, web.Row{Cells: []string{n.Name, strconv.Itoa(n.Attempts), at}, Status: "notice_" + n.State})
		}
		body.Sections = append(body.Sections, notices)
	}
	if d.State != session.StateEnded && holds(r.Context(), idp.RoleSecurityAdmin) == nil {
		body.Actions = []web.StateAction{{ID: "session-end", Label: text("admin.session.end"), URL: sessionURL(d.SID) + "/end", Effect: text("admin.session.end.effect"), Danger: true}}
	}
	page := web.Page{Title: text("admin.session"), Self: sessionURL(d.SID)}
	s.onto(r, &page, body.Actions, was)
	page.Body = body
	return s.show(w, r, statusOf(was.err), "admin-detail", page)
}

func (s *Server) sessionEnd(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	sid := r.PathValue("sid")
	err = s.endSession(r.Context(), sid, typed.Get("reason"))
	return settled(w, r, err, func(err error) error { return s.showSession(w, r, refused{err, "session-end", typed.Get("reason")}) }, sessionURL(sid))
}
