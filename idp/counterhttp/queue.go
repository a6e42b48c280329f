package counterhttp

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/counter"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

const (
	terminalsURL = "/counter/terminals"
	pageSize     = 30
)

func (s *Server) staffRoutes(mux *http.ServeMux) {
	s.Handle(mux, map[string]pageFunc{
		"GET " + queueURL:                           s.queue,
		"GET " + queueURL + "/{id}":                 s.act,
		"POST " + queueURL + "/{id}/{action}":       s.review,
		"GET " + terminalsURL:                       s.terminals,
		"GET " + terminalsURL + "/new":              s.terminalForm,
		"POST " + terminalsURL:                      s.terminalAdd,
		"POST " + terminalsURL + "/{id}/revocation": s.terminalRevoke,
		"GET " + terminalsURL + "/{id}":             s.terminalPage,
	})
}

var chinaTime = time.FixedZone("UTC+8", 8*60*60)

func when(at time.Time) string {
	if at.IsZero() {
		return "—"
	}
	return at.In(chinaTime).Format("2006-01-02 15:04")
}

func (s *Server) words(r *http.Request, family string, words ...string) (all []web.Option) {
	for _, word := range words {
		all = append(all, web.Option{Value: word, Label: s.Renderer.Text(r, family+word)})
	}
	return all
}

// queue lists what clerks did and nobody has looked at yet, the oldest first.
func (s *Server) queue(w http.ResponseWriter, r *http.Request) error {
	by, err := s.Who(r.Context())
	if err != nil {
		return err
	}
	text := func(key string) string { return s.Renderer.Text(r, key) }
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	state := r.URL.Query().Get("state")
	if state != counter.ReviewSeen && state != counter.ReviewFlagged {
		state = counter.ReviewOpen
	}
	acts, next, err := s.Counter.Queue(r.Context(), by, state, after, pageSize)
	if err != nil {
		return err
	}
	body := web.AdminListPage{Intro: text("counter.queue.text"), None: text("counter.queue.none"), NoneText: text("counter.queue.none.text"), FilterURL: queueURL,
		Filter: []web.FormField{{Name: "state", Label: text("page.status"), Kind: "select", Value: state, Options: s.words(r, "status.act_", counter.ReviewOpen, counter.ReviewSeen, counter.ReviewFlagged)}},
		Table:  web.Table{Caption: text("counter.queue"), Columns: []web.Column{{Label: text("counter.queue.act")}, {Label: text("counter.queue.clerk")}, {Label: text("counter.queue.at")}}}}
	for _, a := range acts {
		body.Table.Rows = append(body.Table.Rows, web.Row{URL: queueURL + "/" + url.PathEscape(a.ID), Cells: []string{text("counter.act." + a.Kind), a.Clerk, when(a.At)}, Status: "act_" + a.Review})
	}
	address := queueURL + "?" + url.Values{"state": {state}}.Encode()
	body.Table.NextURL = pagemark.Onward(r, address, next)
	if after != "" {
		body.Table.PrevURL = address
	}
	return s.show(w, r, http.StatusOK, "admin-list", web.Page{Title: text("counter.queue"), Body: body})
}

// agreed is how the citizen agreed, with the passkey or the form that tells of it.
func agreed(text func(string) string, by string) string {
	way, proof, _ := strings.Cut(by, ":")
	if !contains([]string{counter.ByScreen, counter.BySMS, counter.ByPasskey, counter.ByPaper}, way) {
		return by
	}
	if way = text("counter.way." + way); proof != "" {
		way += " · " + proof
	}
	return way
}

func (s *Server) act(w http.ResponseWriter, r *http.Request) error {
	return s.showAct(w, r, "", "", nil)
}

func (s *Server) showAct(w http.ResponseWriter, r *http.Request, action, reason string, refused error) error {
	by, err := s.Who(r.Context())
	if err != nil {
		return err
	}
	a, err := s.Counter.Find(r.Context(), by, r.PathValue("id"))
	if err != nil {
		return err
	}
	text, address := func(key string) string { return s.Renderer.Text(r, key) }, queueURL+"/"+url.PathEscape(a.ID)
	dash := func(value string) string {
		if value == "" {
			return "—"
		}
		return value
	}
	body := web.AdminDetailPage{Back: web.Link{Label: text("counter.queue"), URL: queueURL}, Name: text("counter.act." + a.Kind), Under: a.ID, Status: "act_" + a.Review,
		Facts: []web.ShownField{{Label: text("counter.queue.clerk"), Value: a.Clerk}, {Label: text("counter.queue.second"), Value: dash(a.Second)}, {Label: text("counter.queue.at"), Value: when(a.At)},
			{Label: text("counter.queue.terminal"), Value: a.Terminal}, {Label: text("counter.queue.entry"), Value: text("counter.entry." + a.Entry)}, {Label: text("counter.queue.agreed"), Value: agreed(text, a.AgreedBy)},
			{Label: text("counter.queue.account"), Value: a.Account}, {Label: text("counter.queue.target"), Value: dash(a.Target)}, {Label: text("counter.queue.outcome"), Value: text("counter.outcome." + a.Outcome)}, {Label: text("counter.queue.failure"), Value: dash(a.Failure)}, {Label: text("counter.queue.attempt"), Value: attempts(a)},
			{Label: text("counter.queue.evidence"), Value: dash(a.Evidence)}, {Label: text("counter.queue.reviewer"), Value: dash(a.Reviewer)}, {Label: text("action.reason"), Value: dash(a.ReviewReason)}}}
	if a.Retriable(s.Now()) {
		body.Actions = append(body.Actions, web.StateAction{ID: "act-retry", Label: text("counter.again"), URL: address + "/retry", NoReason: true, Effect: text("counter.queue.again.effect")})
	}
	if a.Review == counter.ReviewOpen {
		body.Actions = append(body.Actions, web.StateAction{ID: "act-seen", Label: text("counter.queue.seen"), URL: address + "/seen", NoReason: true})
	}
	if a.Review != counter.ReviewFlagged {
		body.Actions = append(body.Actions, web.StateAction{ID: "act-flag", Label: text("counter.queue.flag"), URL: address + "/flag", Danger: true, Effect: text("counter.queue.flag.effect")})
	}
	page := web.Page{Title: text("counter.queue"), Self: address}
	if refused != nil {
		field := "act-" + action + "-reason"
		page.Errors = s.Renderer.FieldErrors(r, refused, map[string]string{"reason": field})
		for i := range body.Actions {
			if one := &body.Actions[i]; one.ID == "act-"+action && !one.NoReason {
				one.Reason, one.Error = reason, page.Errors[0].Message
			}
		}
	}
	page.Body = body
	return s.show(w, r, statusOf(refused), "admin-detail", page)
}

func (s *Server) review(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	by, err := s.Who(r.Context())
	if err != nil {
		return err
	}
	action := r.PathValue("action")
	if action == "retry" {
		return s.retry(w, r, by)
	}
	if action != "seen" && action != "flag" {
		return fault.New(fault.NotFound)
	}
	_, err = s.Counter.Review(r.Context(), by, r.PathValue("id"), action == "flag", typed.Get("reason"))
	if mendable(err) {
		return s.showAct(w, r, action, typed.Get("reason"), err)
	}
	if err != nil {
		return err
	}
	return see(w, r, queueURL)
}

// attempts tells how often an act was tried, and which supervisor tried it again.
func attempts(a counter.Act) string {
	if a.RetriedBy == "" {
		return strconv.Itoa(a.Attempt)
	}
	return strconv.Itoa(a.Attempt) + " · " + a.RetriedBy
}

// retry tries an act again that another service refused. A card is shown to be printed, this once.
func (s *Server) retry(w http.ResponseWriter, r *http.Request, by counter.Clerk) error {
	done, err := s.Counter.Retry(r.Context(), by, r.PathValue("id"))
	if mendable(err) || silent(err) {
		return s.showAct(w, r, "retry", "", err)
	}
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return s.showDone(w, r, web.Page{Self: queueURL}, web.CounterDonePage{FromQueue: true, FinishURL: queueURL}, done)
}

func (s *Server) signInURL(r *http.Request) string {
	_, _, err := s.administer(r.Context(), "-")
	switch {
	case fault.CodeOf(err) != fault.AdminStale:
		return ""
	case r.Method != http.MethodGet || s.LoginURL == nil:
		return "/staff/login"
	}
	return s.LoginURL(r.URL.RequestURI())
}

func terminalState(t counter.Terminal) string {
	switch {
	case !t.RevokedAt.IsZero():
		return "terminal_revoked"
	case t.EnrolledAt.IsZero():
		return "terminal_new"
	}
	return "terminal_active"
}

func (s *Server) terminals(w http.ResponseWriter, r *http.Request) error {
	if err := administrators(r.Context(), idp.AdminRoles...); err != nil {
		return err
	}
	text := func(key string) string { return s.Renderer.Text(r, key) }
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	page, next, err := s.Counter.Terminals(r.Context(), reqctx.From(r.Context()).Actor.Reach(idp.AdminRoles...), after, pageSize)
	if err != nil {
		return err
	}
	body := web.AdminListPage{Intro: text("counter.terminals.text"), SignInURL: s.signInURL(r), None: text("counter.terminals.none"), NoneText: text("counter.terminals.text"),
		Table: web.Table{Caption: text("counter.terminals"), Columns: []web.Column{{Label: text("counter.terminal.name")}, {Label: text("counter.terminal.id")}, {Label: text("counter.queue.at")}}}}
	if administrators(r.Context(), idp.RoleSystemAdmin) == nil {
		body.NewURL, body.NewLabel = terminalsURL+"/new", text("counter.terminal.new")
	}
	for _, t := range page {
		body.Table.Rows = append(body.Table.Rows, web.Row{URL: terminalsURL + "/" + url.PathEscape(t.ID), Cells: []string{t.Name, t.ID, when(t.CreatedAt)}, Status: terminalState(t)})
	}
	body.Table.NextURL = pagemark.Onward(r, terminalsURL, next)
	return s.show(w, r, http.StatusOK, "admin-list", web.Page{Title: text("counter.terminals"), Body: body})
}

func (s *Server) terminalForm(w http.ResponseWriter, r *http.Request) error {
	return s.showTerminalForm(w, r, nil)
}

func (s *Server) showTerminalForm(w http.ResponseWriter, r *http.Request, refused error) error {
	if err := administrators(r.Context(), idp.RoleSystemAdmin); err != nil {
		return err
	}
	text := func(key string) string { return s.Renderer.Text(r, key) }
	body := web.AdminFormPage{Back: web.Link{Label: text("counter.terminals"), URL: terminalsURL}, Name: text("counter.terminal.new"), SignInURL: s.signInURL(r), Action: terminalsURL, Submit: text("counter.terminal.new"), Fields: []web.FormField{
		{Name: "terminal-name", Label: text("counter.terminal.name"), Value: r.PostFormValue("terminal-name"), Max: 40},
		{Name: "terminal-reader", Label: text("counter.terminal.reader"), Hint: text("counter.terminal.reader.hint"), Value: r.PostFormValue("terminal-reader"), Max: 100, Optional: true},
		{Name: "terminal-department", Label: text("counter.terminal.department"), Hint: text("counter.terminal.department.hint"), Value: r.PostFormValue("terminal-department"), Max: 64, Optional: true},
		{Name: "reason", Label: text("action.reason"), Value: r.PostFormValue("reason"), Max: 200}}}
	page := web.Page{Title: text("counter.terminal.new"), Self: terminalsURL + "/new", Errors: s.failures(r, refused, "terminal-name"), Body: body}
	return s.show(w, r, statusOf(refused), "admin-form", page)
}

// terminalAdd registers a terminal and shows its code, this once.
func (s *Server) terminalAdd(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	t, code, err := s.addTerminal(r.Context(), typed.Get("terminal-name"), typed.Get("terminal-reader"), typed.Get("terminal-department"), typed.Get("reason"))
	if mendable(err) {
		return s.showTerminalForm(w, r, err)
	}
	if err != nil {
		return err
	}
	return s.showTerminal(w, r, t, code)
}

func (s *Server) terminalPage(w http.ResponseWriter, r *http.Request) error {
	if err := administrators(r.Context(), idp.AdminRoles...); err != nil {
		return err
	}
	t, err := s.terminal(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.showTerminal(w, r, t, "")
}

func (s *Server) showTerminal(w http.ResponseWriter, r *http.Request, t counter.Terminal, code string) error {
	text, address := func(key string) string { return s.Renderer.Text(r, key) }, terminalsURL+"/"+url.PathEscape(t.ID)
	yes := func(is bool) string {
		if is {
			return text("counter.terminal.there")
		}
		return "—"
	}
	body := web.AdminDetailPage{Back: web.Link{Label: text("counter.terminals"), URL: terminalsURL}, Name: t.Name, Under: t.ID, Status: terminalState(t), SignInURL: s.signInURL(r),
		Facts: []web.ShownField{{Label: text("counter.terminal.reader"), Value: yes(len(t.ReaderKey) > 0)}, {Label: text("counter.screen.title"), Value: yes(t.Screen)}, {Label: text("counter.terminal.enrolled"), Value: when(t.EnrolledAt)}}}
	if t.Department != "" {
		body.Facts = append(body.Facts, web.ShownField{Label: text("counter.terminal.department"), Value: t.Department})
	}
	if code != "" {
		body.Facts = append([]web.ShownField{{Label: text("counter.terminal.code"), Value: code}}, body.Facts...)
	}
	if t.RevokedAt.IsZero() && reqctx.From(r.Context()).Actor.Reaches(t.Area, idp.RoleSystemAdmin) {
		body.Actions = []web.StateAction{{ID: "terminal-revoke", Label: text("counter.terminal.revoke"), URL: address + "/revocation", Danger: true, Effect: text("counter.terminal.revoke.effect")}}
	}
	return s.show(w, r, http.StatusOK, "admin-detail", web.Page{Title: text("counter.terminals"), Self: address, Body: body})
}

func (s *Server) terminalRevoke(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	if err := s.revokeTerminal(r.Context(), r.PathValue("id"), typed.Get("reason")); err != nil {
		return err
	}
	return see(w, r, terminalsURL)
}
