package adminhttp

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/web"
)

// grantsPart is what people allowed clients, and the tokens that stand on it.
func (s *Server) grantsPart() part {
	return part{
		api: s.grantsAPI,
		pages: map[string]pageFunc{
			"GET /admin/grants": s.grantsPage, "GET /admin/grants/{id}": s.grantPage, "POST /admin/grants/{id}/revoke": s.grantRevoke,
			"GET /admin/grants/all": s.grantsAllPage, "POST /admin/grants/all": s.grantsAllRevoke,
			"GET /admin/grants/token": s.tokenPage, "POST /admin/grants/token": s.tokenLookUp,
		},
		place: func(r *http.Request) (web.AdminPlace, error) {
			return s.placeFor(r, watchers, "admin-grants", "admin.grants", "admin.grants.text", "/admin/grants"), nil
		},
	}
}

func grantURL(id string) string { return "/admin/grants/" + url.PathEscape(id) }

func grantsURL(account, client string) string {
	query := url.Values{}
	for name, value := range map[string]string{"account": account, "client": client} {
		if value != "" {
			query.Set(name, value)
		}
	}
	return "/admin/grants?" + query.Encode()
}

func (s *Server) grantsPage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	if err := holds(ctx, watchers...); err != nil {
		return err
	}
	text := func(key string) string { return s.Renderer.Text(r, key) }
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	account, client := strings.TrimSpace(r.URL.Query().Get("account")), strings.TrimSpace(r.URL.Query().Get("client"))
	body := web.AdminListPage{Intro: text("admin.grants.text"), FilterURL: "/admin/grants", FilterName: text("admin.find"), Links: []web.Link{{Label: text("admin.token"), URL: "/admin/grants/token"}}, Filter: []web.FormField{
		{Name: "client", Label: text("admin.client.id"), Value: bounded(client), Max: 128, Optional: true},
		{Name: "account", Label: text("admin.account"), Value: bounded(account), Max: 64, Optional: true},
	}}
	if account != "" || client != "" {
		list, err := s.listGrants(ctx, account, client, after, pageSize)
		if err != nil {
			return err
		}
		body.None, body.NoneText = text("admin.grants.none"), text("admin.grants.none.text")
		body.Table = web.Table{Caption: text("admin.grants"), Columns: []web.Column{{Label: text("admin.system")}, {Label: text("admin.account")}, {Label: text("admin.grant.created")}}}
		for _, g := range list.Body.Items {
			body.Table.Rows = append(body.Table.Rows, web.Row{URL: grantURL(g.ID), Cells: []string{g.Client, g.AccountID, when(g.CreatedAt)}, Status: "grant_" + g.State})
		}
		paged(r, &body.Table, grantsURL(account, client), after, list.Body.Next)
		if client != "" && account == "" && holds(ctx, idp.RoleSecurityAdmin) == nil {
			body.Links = append(body.Links, web.Link{Label: text("admin.grants.revoke"), URL: "/admin/grants/all?" + url.Values{"client": {client}}.Encode()})
		}
	}
	return s.show(w, r, http.StatusOK, "admin-list", web.Page{Title: text("admin.grants"), Body: body})
}

func (s *Server) grantPage(w http.ResponseWriter, r *http.Request) error {
	return s.showGrant(w, r, refused{})
}

func (s *Server) showGrant(w http.ResponseWriter, r *http.Request, was refused) error {
	d, err := s.grantDetail(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	text := func(key string) string { return s.Renderer.Text(r, key) }
	name, err := s.maskedName(r.Context(), d.AccountID)
	if err != nil {
		return err
	}
	expires := "—"
	if d.ExpiresAt != nil {
		expires = when(*d.ExpiresAt)
	}
	body := web.AdminDetailPage{Back: web.Link{Label: s.Renderer.Text(r, "admin.grants.of", "name", name), URL: grantsURL(d.AccountID, "")}, Name: d.Client, Under: d.ID, Status: "grant_" + d.State, SignInURL: s.signInURL(r, idp.RoleSecurityAdmin),
		Facts: []web.ShownField{{Label: text("admin.client.id"), Value: d.ClientID}, {Label: text("admin.person.name"), Value: name}, {Label: text("admin.account"), Value: d.AccountID}, {Label: text("admin.session"), Value: orDash(d.SID)},
			{Label: text("admin.scopes"), Value: orDash(strings.Join(d.Scopes, " "))}, {Label: text("admin.grant.created"), Value: when(d.CreatedAt)}, {Label: text("admin.grant.used"), Value: when(d.LastUse)},
			{Label: text("admin.grant.exchanges"), Value: strconv.Itoa(d.Exchanges)}, {Label: text("admin.grant.expires"), Value: expires}, {Label: text("admin.constraint"), Value: strings.TrimSpace(text("admin.constraint."+d.Constraint) + " " + d.Thumbprint)}}}
	if d.RevokedAt != nil {
		body.Facts = append(body.Facts, web.ShownField{Label: text("admin.grant.revoked"), Value: when(*d.RevokedAt)})
	} else if holds(r.Context(), idp.RoleSecurityAdmin) == nil {
		body.Actions = []web.StateAction{{ID: "grant-revoke", Label: text("admin.grant.revoke"), URL: grantURL(d.ID) + "/revoke", Effect: text("admin.grant.revoke.effect"), Danger: true}}
	}
	page := web.Page{Title: text("admin.grants"), Self: grantURL(d.ID)}
	s.onto(r, &page, body.Actions, was)
	page.Body = body
	return s.show(w, r, statusOf(was.err), "admin-detail", page)
}

func orDash(text string) string {
	if text == "" {
		return "—"
	}
	return text
}

func (s *Server) grantRevoke(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	err = s.revokeGrant(r.Context(), id, typed.Get("reason"))
	return settled(w, r, err, func(err error) error { return s.showGrant(w, r, refused{err, "grant-revoke", typed.Get("reason")}) }, grantURL(id))
}

// grantsAllPage asks for the confirmation of a mass revocation, with the number that it is about.
func (s *Server) grantsAllPage(w http.ResponseWriter, r *http.Request) error {
	return s.showGrantsAll(w, r, r.URL.Query().Get("client"), "", nil)
}

func (s *Server) showGrantsAll(w http.ResponseWriter, r *http.Request, client, reason string, refusal error) error {
	if err := holds(r.Context(), idp.RoleSecurityAdmin); err != nil {
		return err
	}
	live, err := s.liveGrants(r.Context(), client)
	if err != nil {
		return err
	}
	text := func(key string) string { return s.Renderer.Text(r, key) }
	count := strconv.FormatInt(live, 10)
	body := web.AdminFormPage{
		Back: web.Link{Label: text("admin.grants"), URL: grantsURL("", client)}, Name: text("admin.grants.revoke"), Advisory: text("admin.grants.revoke.effect"), SignInURL: s.signInURL(r, idp.RoleSecurityAdmin),
		Action: "/admin/grants/all", Hidden: []web.Hidden{{Name: "client", Value: client}, {Name: "live", Value: count}},
		Facts:  []web.ShownField{{Label: text("admin.system"), Value: s.PartyName(client)}, {Label: text("admin.client.id"), Value: client}, {Label: text("admin.grants.live"), Value: count}},
		Fields: []web.FormField{{Name: inputReason, Label: text("action.reason"), Value: bounded(reason), Max: maxReason}},
		Submit: s.Renderer.Text(r, "admin.grants.revoke.n", "n", count), Danger: true,
	}
	if live == 0 { // nothing to confirm
		body.Advisory, body.Submit = text("admin.grants.none.text"), ""
	}
	page := web.Page{Title: text("admin.grants.revoke"), Self: "/admin/grants/all?" + url.Values{"client": {client}}.Encode(), Body: body}
	if refusal != nil {
		page.Errors = s.Renderer.FieldErrors(r, refusal, map[string]string{"reason": inputReason})
	}
	return s.show(w, r, statusOf(refusal), "admin-form", page)
}

func (s *Server) grantsAllRevoke(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	client := typed.Get("client")
	confirmed, err := strconv.ParseInt(typed.Get("live"), 10, 64)
	if err != nil {
		confirmed = -1
	}
	_, err = s.revokeGrantsOf(r.Context(), client, confirmed, typed.Get(inputReason))
	return settled(w, r, err, func(err error) error { return s.showGrantsAll(w, r, client, typed.Get(inputReason), err) }, grantsURL("", client))
}

const inputToken = "token"

func (s *Server) tokenPage(w http.ResponseWriter, r *http.Request) error {
	if err := holds(r.Context(), watchers...); err != nil {
		return err
	}
	return s.showTokenForm(w, r, nil)
}

func (s *Server) showTokenForm(w http.ResponseWriter, r *http.Request, refusal error) error {
	text := func(key string) string { return s.Renderer.Text(r, key) }
	page := web.Page{Title: text("admin.token"), Body: web.AdminFormPage{Back: web.Link{Label: text("admin.grants"), URL: "/admin/grants"}, Name: text("admin.token"), Advisory: text("admin.token.text"), Action: "/admin/grants/token",
		Fields: []web.FormField{{Name: inputToken, Label: text("admin.token.value"), Kind: web.InputLongText, Max: 16384}}, Submit: text("admin.find")}}
	if refusal != nil {
		page.Errors = s.Renderer.FieldErrors(r, refusal, map[string]string{"token": inputToken})
	}
	return s.show(w, r, statusOf(refusal), "admin-form", page)
}

// tokenLookUp shows what a token is; its value stands neither in an address nor on the page.
func (s *Server) tokenLookUp(w http.ResponseWriter, r *http.Request) error {
	typed, err := form(w, r)
	if err != nil {
		return err
	}
	found, err := s.lookUp(r.Context(), typed.Get(inputToken))
	if mendable(err) {
		return s.showTokenForm(w, r, err)
	}
	if err != nil {
		return err
	}
	text := func(key string) string { return s.Renderer.Text(r, key) }
	body := web.AdminDetailPage{Back: web.Link{Label: text("admin.token"), URL: "/admin/grants/token"}, Name: text("admin.token.kind." + found.Kind), Status: "grant_revoked"}
	if found.Active {
		body.Status = "grant_active"
	}
	if found.Kind == "unknown" {
		body.Status = ""
		body.Under = text("admin.token.unknown")
	} else {
		body.Facts = []web.ShownField{{Label: text("admin.system"), Value: s.PartyName(found.ClientID)}, {Label: text("admin.client.id"), Value: found.ClientID}, {Label: text("admin.account"), Value: orDash(found.AccountID)},
			{Label: text("admin.session"), Value: orDash(found.SID)}, {Label: text("admin.scopes"), Value: orDash(strings.Join(found.Scopes, " "))}, {Label: text("admin.token.audience"), Value: orDash(strings.Join(found.Audience, " "))},
			{Label: text("admin.constraint"), Value: text("admin.constraint." + found.Constraint)}}
		if found.ExpiresAt != nil {
			body.Facts = append(body.Facts, web.ShownField{Label: text("admin.token.expires"), Value: when(*found.ExpiresAt)})
		}
		if found.UsedAt != nil {
			body.Facts = append(body.Facts, web.ShownField{Label: text("admin.token.used"), Value: when(*found.UsedAt)})
		}
	}
	if found.GrantID != "" {
		body.EditURL, body.EditLabel = grantURL(found.GrantID), text("admin.token.grant")
	}
	return s.show(w, r, http.StatusOK, "admin-detail", web.Page{Title: text("admin.token"), Self: "/admin/grants/token", Body: body})
}
