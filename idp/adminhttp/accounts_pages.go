package adminhttp

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/web"
)

// accountsPart is the accounts of people and organisations.
func (s *Server) accountsPart() part {
	return part{
		api:   s.accountsAPI,
		pages: map[string]pageFunc{"GET /admin/accounts": s.accountsPage, "GET /admin/accounts/{id}": s.accountPage, "POST /admin/accounts/{id}/{action}": s.accountAct},
		place: func(r *http.Request) (web.AdminPlace, error) {
			return s.placeFor(r, watchers, "admin-accounts", "admin.accounts", "admin.accounts.text", "/admin/accounts"), nil
		},
	}
}

// accountStates are the states of the filter, in their order.
var accountStates = []idp.AccountState{idp.AccountActive, idp.AccountSuspended, idp.AccountClosed, idp.AccountErased}

// accountWord is the word that pages have for an account's state.
func accountWord(state string) string { return "account_" + state }

func (s *Server) accountsPage(w http.ResponseWriter, r *http.Request) error {
	text := func(key string) string { return s.Renderer.Text(r, key) }
	query := r.URL.Query()
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	state, kind := query.Get("state"), query.Get("kind")
	list, err := s.listAccounts(r.Context(), state, kind, after, pageSize)
	if err != nil {
		return err
	}
	states, kinds := []web.Option{{Label: text("page.all")}}, []web.Option{{Label: text("page.all")}}
	for _, one := range accountStates {
		states = append(states, web.Option{Value: string(one), Label: text("status." + accountWord(string(one)))})
	}
	for _, one := range []string{idp.KindPerson, idp.KindOrganisation} {
		kinds = append(kinds, web.Option{Value: one, Label: text("admin.account.kind." + one)})
	}
	body := web.AdminListPage{Intro: text("admin.accounts.text"), Links: []web.Link{{Label: text("admin.accounts.find"), URL: "/admin/sessions"}}, FilterURL: "/admin/accounts",
		Filter: []web.FormField{{Name: "state", Label: text("admin.account.state"), Kind: "select", Options: states, Value: state}, {Name: "kind", Label: text("admin.account.kind"), Kind: "select", Options: kinds, Value: kind}},
		None:   text("admin.accounts.none"), NoneText: text("admin.accounts.none.text"),
		Table: web.Table{Caption: text("admin.accounts"), Columns: []web.Column{{Label: text("admin.account")}, {Label: text("admin.account.kind")}, {Label: text("admin.account.ial"), Number: true}, {Label: text("admin.account.created")}}}}
	for _, a := range list.Body.Items {
		body.Table.Rows = append(body.Table.Rows, web.Row{URL: accountURL(a.ID), Status: accountWord(a.State), Cells: []string{a.ID, text("admin.account.kind." + a.Kind), strconv.Itoa(a.IAL), when(a.CreatedAt)}})
	}
	filter := url.Values{}
	for name, value := range map[string]string{"state": state, "kind": kind} {
		if value != "" {
			filter.Set(name, value)
		}
	}
	address := "/admin/accounts"
	if len(filter) > 0 {
		address += "?" + filter.Encode()
	}
	paged(r, &body.Table, address, after, list.Body.Next)
	return s.show(w, r, http.StatusOK, "admin-list", web.Page{Title: text("admin.accounts"), Self: "/admin/accounts", Body: body})
}

func (s *Server) accountPage(w http.ResponseWriter, r *http.Request) error {
	return s.showAccount(w, r, refused{})
}

func (s *Server) showAccount(w http.ResponseWriter, r *http.Request, was refused) error {
	d, err := s.accountDetail(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	text := func(key string) string { return s.Renderer.Text(r, key) }
	body := web.AdminDetailPage{Back: web.Link{Label: text("admin.accounts"), URL: "/admin/accounts"}, Name: d.ID, Under: d.Name, Status: accountWord(d.State), SignInURL: s.signInURL(r, idp.RoleSecurityAdmin),
		Facts: []web.ShownField{{Label: text("admin.account.kind"), Value: text("admin.account.kind." + d.Kind)}, {Label: text("admin.account.created"), Value: when(d.CreatedAt)}, {Label: text("admin.account.changed"), Value: when(d.UpdatedAt)},
			{Label: text("admin.account.ial"), Value: strconv.Itoa(d.IAL)}}}
	fact := func(key, value string) {
		if value != "" {
			body.Facts = append(body.Facts, web.ShownField{Label: text(key), Value: value})
		}
	}
	if d.ProvenAt != nil {
		fact("admin.account.proven", d.ProvenBy+" · "+when(*d.ProvenAt))
	}
	if d.ProvenUntil != nil {
		fact("admin.account.until", when(*d.ProvenUntil))
	}
	fact("admin.account.mobile", d.Mobile)
	fact("admin.account.email", d.Email)
	fact("admin.account.merged", d.MergedInto)
	if d.Hold != "" {
		fact("admin.account.hold", text("admin.account.hold."+d.Hold))
	}
	body.Links = []web.Link{{Label: text("admin.sessions"), URL: sessionsOfURL(d.ID)}, {Label: text("admin.grants"), URL: "/admin/grants?" + url.Values{"account": {d.ID}}.Encode()}}
	if holds(r.Context(), idp.RoleSecurityAdmin) == nil && d.Hold == "" {
		switch idp.AccountState(d.State) {
		case idp.AccountActive:
			body.Actions = []web.StateAction{{ID: "account-suspend", Label: text("admin.account.suspend"), URL: accountURL(d.ID) + "/suspend", Effect: text("admin.account.suspend.effect"), Danger: true}}
		case idp.AccountSuspended:
			body.Actions = []web.StateAction{{ID: "account-resume", Label: text("admin.account.resume"), URL: accountURL(d.ID) + "/resume", Effect: text("admin.account.resume.effect")}}
		}
	}
	page := web.Page{Title: text("admin.account.one"), Self: accountURL(d.ID)}
	s.onto(r, &page, body.Actions, was)
	page.Body = body
	return s.show(w, r, statusOf(was.err), "admin-detail", page)
}

func (s *Server) accountAct(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	id, action, reason := r.PathValue("id"), r.PathValue("action"), typed.Get("reason")
	switch action {
	case "suspend":
		_, err = s.moveAccount(r.Context(), id, reason, s.AccountAdmin.Suspend)
	case "resume":
		_, err = s.moveAccount(r.Context(), id, reason, s.AccountAdmin.Resume)
	default:
		return fault.New(fault.NotFound)
	}
	return settled(w, r, err, func(err error) error { return s.showAccount(w, r, refused{err, "account-" + action, reason}) }, accountURL(id))
}
