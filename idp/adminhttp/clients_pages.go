package adminhttp

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/web"
)

// clientsPart is the registered applications.
func (s *Server) clientsPart() part {
	return part{
		local: true,
		api:   s.clientsAPI,
		pages: map[string]pageFunc{
			"GET /admin/clients": s.clientsPage, "GET /admin/clients/new": s.clientNew, "POST /admin/clients/new": s.clientCreate,
			"GET /admin/clients/{id}": s.clientPage, "GET /admin/clients/{id}/edit": s.clientEdit, "POST /admin/clients/{id}/edit": s.clientChange,
			"GET /admin/clients/{id}/secret": s.secretPage, "POST /admin/clients/{id}/secret": s.secretRotate, "POST /admin/clients/{id}/{action}": s.clientAction,
		},
		place: func(r *http.Request) (web.AdminPlace, error) {
			return web.AdminPlace{ID: "admin-clients", Label: s.Renderer.Text(r, "admin.clients"), Text: s.Renderer.Text(r, "admin.clients.text"), URL: "/admin/clients"}, nil
		},
	}
}

func clientURL(id string) string { return "/admin/clients/" + url.PathEscape(id) }

var clientStates = []string{idp.StateLive, idp.StateSuspended, idp.StateRetired, idp.StateApplied, idp.StateSandbox, idp.StateRefused}

func (s *Server) clientsPage(w http.ResponseWriter, r *http.Request) error {
	text := func(key string) string { return s.Renderer.Text(r, key) }
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	q := idp.ClientQuery{Text: strings.TrimSpace(r.URL.Query().Get("q")), Department: strings.TrimSpace(r.URL.Query().Get("department")), State: r.URL.Query().Get("state"), After: after, Limit: pageSize}
	page, next, err := s.listClients(r.Context(), q)
	if err != nil {
		return err
	}
	states := []web.Option{{Label: text("admin.client.state.any")}}
	for _, state := range clientStates {
		states = append(states, web.Option{Value: state, Label: text("status.client_" + state)})
	}
	body := web.AdminListPage{Intro: text("admin.clients.text"), FilterURL: "/admin/clients", FilterName: text("admin.find"), None: text("admin.clients.none"), NoneText: text("admin.clients.none.text"),
		Filter: []web.FormField{{Name: "q", Label: text("admin.client.find"), Value: bounded(q.Text), Max: 100, Optional: true}, {Name: "department", Label: text("admin.client.department"), Value: bounded(q.Department), Max: 200, Optional: true},
			{Name: "state", Label: text("page.status"), Kind: web.InputSelect, Value: q.State, Options: states}},
		Table: web.Table{Caption: text("admin.clients"), Columns: []web.Column{{Label: text("admin.client.name")}, {Label: text("admin.client.id")}, {Label: text("admin.client.department")}}}}
	if anywhere(r.Context(), idp.RoleSystemAdmin) == nil {
		body.NewURL, body.NewLabel = "/admin/clients/new", text("admin.client.new")
	}
	for _, c := range page {
		body.Table.Rows = append(body.Table.Rows, web.Row{URL: clientURL(c.ClientID), Cells: []string{c.Name, c.ClientID, orDash(c.Department)}, Status: "client_" + c.State})
	}
	filter := url.Values{"q": {q.Text}, "department": {q.Department}, "state": {q.State}}
	paged(r, &body.Table, "/admin/clients?"+filter.Encode(), after, next)
	return s.show(w, r, http.StatusOK, "admin-list", web.Page{Title: text("admin.clients"), Body: body})
}

func (s *Server) clientPage(w http.ResponseWriter, r *http.Request) error {
	return s.showClient(w, r, refused{})
}

func (s *Server) showClient(w http.ResponseWriter, r *http.Request, was refused) error {
	c, _, err := s.client(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	mismatches, err := s.refusedRequests(r.Context(), c.ClientID)
	if err != nil {
		return err
	}
	text := func(key string) string { return s.Renderer.Text(r, key) }
	address, d := clientURL(c.ClientID), c.Definition
	secret := text("admin.secret.none")
	if c.HasSecret {
		secret = text("admin.secret.stored")
	}
	if c.OldSecretUntil != nil {
		secret = s.Renderer.Text(r, "admin.client.secret.both", "at", when(*c.OldSecretUntil))
	}
	body := web.AdminDetailPage{Back: web.Link{Label: text("admin.clients"), URL: "/admin/clients"}, Name: orDash(d.ClientName), Under: c.ClientID, Status: "client_" + c.State, SignInURL: s.signInAny(r),
		Facts: []web.ShownField{{Label: text("admin.client.department"), Value: orDash(d.Department)}, {Label: text("admin.client.purpose"), Value: orDash(d.Purpose)}, {Label: text("admin.client.redirects"), Value: orDash(strings.Join(d.RedirectURIs, " "))},
			{Label: text("admin.client.after_logout"), Value: orDash(strings.Join(d.PostLogoutRedirectURIs, " "))}, {Label: text("admin.scopes"), Value: orDash(d.Scope)}, {Label: text("admin.client.max_ial"), Value: ialText(d.MaxIAL, text("admin.client.max_ial.any"))},
			{Label: text("admin.client.basis"), Value: orDash(d.StatutoryBasis)}, {Label: text("admin.client.upstream"), Value: orDash(d.PreferredUpstream)}, {Label: text("admin.client.profile"), Value: profileText(d.Profile)}, {Label: text("admin.secret"), Value: secret}}}
	members, err := converted[map[string]any](d)
	if err != nil {
		return err
	}
	rest := web.AdminSection{ID: "client-rest", Title: text("admin.client.rest"), Text: text("admin.client.rest.text")}
	for _, name := range sortedNames(members) {
		if !slices.Contains(formMembers, name) {
			rest.Facts = append(rest.Facts, web.ShownField{Label: name, Value: plain(members[name])})
		}
	}
	seen := web.AdminSection{ID: "client-refused", Title: text("admin.client.refused"), Text: text("admin.client.refused.none")}
	if len(mismatches) > 0 {
		seen.Text = text("admin.client.refused.text")
	}
	for _, m := range mismatches {
		seen.Compare = append(seen.Compare, s.comparison(r, m))
	}
	if len(d.Recipients) > 0 {
		body.Sections = []web.AdminSection{{ID: "client-recipients", Title: text("admin.client.recipients"), Table: s.recipientsTable(r, d.Recipients, nil, false)}}
	}
	body.Sections = append(body.Sections, seen, rest)
	sets, err := s.reaches(r.Context(), d.Department, idp.RoleSystemAdmin)
	if err != nil {
		return err
	}
	stops, err := s.reaches(r.Context(), d.Department, stoppers...)
	if err != nil {
		return err
	}
	if c.RetiredAt == nil && stops {
		body.Actions = s.clientActions(r, c, sets)
	}
	if sets && c.RetiredAt == nil {
		body.EditURL = address + "/edit"
		if c.HasSecret {
			body.Links = []web.Link{{Label: text("admin.client.secret.rotate"), URL: address + "/secret"}}
		}
	}
	page := web.Page{Title: text("admin.clients"), Self: address}
	s.onto(r, &page, body.Actions, was)
	page.Body = body
	return s.show(w, r, statusOf(was.err), "admin-detail", page)
}

func (s *Server) clientActions(r *http.Request, c ClientRecord, sets bool) (all []web.StateAction) {
	text, address := func(key string) string { return s.Renderer.Text(r, key) }, clientURL(c.ClientID)
	if c.State == idp.StateSuspended {
		all = append(all, web.StateAction{ID: "client-resume", Label: text("admin.peer.resume"), URL: address + "/resume", Effect: text("admin.client.resume.effect")})
	} else {
		all = append(all, web.StateAction{ID: "client-suspend", Label: text("admin.peer.suspend"), URL: address + "/suspend", Effect: text("admin.client.suspend.effect"), Danger: true})
	}
	if sets {
		all = append(all, web.StateAction{ID: "client-retire", Label: text("admin.client.retire"), URL: address + "/retire", Effect: text("admin.client.retire.effect"), Danger: true})
	}
	return all
}

func (s *Server) clientAction(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	id, action := r.PathValue("id"), r.PathValue("action")
	move, ok := map[string]func(context.Context, string, string) (ClientOutcome, error){"suspend": s.suspendClient, "resume": s.resumeClient, "retire": s.retireClient}[action]
	if !ok {
		return fault.New(fault.NotFound)
	}
	made, err := move(r.Context(), id, typed.Get("reason"))
	return settled(w, r, err, func(err error) error {
		return s.showClient(w, r, refused{err, "client-" + action, typed.Get("reason")})
	}, made.url(id))
}

// comparison sets a received value against the registered one that is most like it.
func (s *Server) comparison(r *http.Request, m RefusedRequest) web.Comparison {
	var best string
	most := -1
	for _, registered := range m.Registered {
		if head, tail := common(registered, m.Received); head+tail > most {
			best, most = registered, head+tail
		}
	}
	head, tail := common(best, m.Received)
	cut := func(label, value string) web.Compared {
		return web.Compared{Label: s.Renderer.Text(r, label), Head: value[:head], Other: value[head : len(value)-tail], Tail: value[len(value)-tail:]}
	}
	return web.Comparison{Title: m.Parameter, Sides: []web.Compared{cut("admin.client.registered", best), cut("admin.client.received", m.Received)},
		Text: s.Renderer.Text(r, "admin.client.refused.count", "n", strconv.FormatInt(m.Count, 10), "first", when(m.First), "last", when(m.Last), "code", m.SupportCode)}
}

// common is how many octets of both are equal at the beginning and, behind that, at the end; it cuts no character.
func common(a, b string) (head, tail int) {
	for head < min(len(a), len(b)) && a[head] == b[head] {
		head++
	}
	for head > 0 && head < max(len(a), len(b)) && (head < len(a) && a[head]&0xc0 == 0x80 || head < len(b) && b[head]&0xc0 == 0x80) {
		head--
	}
	for tail < min(len(a), len(b))-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	for tail > 0 && a[len(a)-tail]&0xc0 == 0x80 {
		tail--
	}
	return head, tail
}

func ialText(ial int, none string) string {
	if ial == 0 {
		return none
	}
	return strconv.Itoa(ial)
}

func profileText(profile string) string { return profileOf(idp.Client{Profile: profile}) }
