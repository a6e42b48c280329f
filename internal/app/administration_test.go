package app_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// Personas of administration, one for each role.
var adminPersonas = map[string]string{idp.RoleSystemAdmin: "13800138081", idp.RoleSecurityAdmin: "13800138082", idp.RoleAuditAdmin: "13800138083"}

// admin signs in somebody with a role of administration.
func admin(p *apptest.Platform, role string) *walk.Browser {
	p.Persona(adminPersonas[role], "管理员", 2, role)
	return p.SignInStaff(adminPersonas[role])
}

// adminToken is an access token of a service client with a role of administration.
func adminToken(t *testing.T, p *apptest.Platform, role string) string {
	t.Helper()
	c := p.Client(idp.Client{ClientID: "console-" + strings.ReplaceAll(role, "_", "-"), ClientName: "管理控制台", GrantTypes: []string{"client_credentials"}, Scope: role})
	answer := p.Post("/token", c, url.Values{"grant_type": {"client_credentials"}, "scope": {role}})
	if answer.Status != http.StatusOK {
		t.Fatalf("token: %d %s", answer.Status, answer.Text)
	}
	return answer.String("access_token")
}

// call sends a JSON request to the API.
func call(t *testing.T, p *apptest.Platform, method, path, token string, body any, headers ...string) apptest.Answer {
	t.Helper()
	var content []byte // none without a body
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	request, err := http.NewRequest(method, p.URL+path, strings.NewReader(string(content)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	return p.Do(request)
}

func items(t *testing.T, answer apptest.Answer) []map[string]any {
	t.Helper()
	if answer.Status != http.StatusOK {
		t.Fatalf("%d %s", answer.Status, answer.Text)
	}
	var all []map[string]any
	list, _ := answer.Body["items"].([]any)
	for _, one := range list {
		item, _ := one.(map[string]any)
		all = append(all, item)
	}
	return all
}

func TestAdministrationIsForItsRoles(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		p.Persona("13800138090", "张三", 2, "seal_keeper")
		if answer := p.Get("/admin", ""); answer.Status != http.StatusSeeOther || answer.Header.Get("Location") != "/staff/login?next=%2Fadmin" {
			t.Errorf("a visitor gets %d %s", answer.Status, answer.Header.Get("Location"))
		}
		b := p.SignInStaff("13800138090")
		if b.Open(context.Background(), p.URL+"/admin"); b.Page.Status != http.StatusForbidden {
			t.Errorf("a seal keeper gets %d", b.Page.Status)
		}
		if answer := p.Get("/api/v1/token-keys", ""); answer.Status != http.StatusUnauthorized {
			t.Errorf("API without a token: %d", answer.Status)
		}
		for role := range adminPersonas {
			b := admin(p, role)
			if err := b.Open(context.Background(), p.URL+"/admin"); err != nil || b.Page.Status != http.StatusOK {
				t.Errorf("%s gets %d, %v", role, b.Page.Status, err)
			}
			token := adminToken(t, p, role)
			if found := items(t, p.Get("/api/v1/token-keys", token)); len(found) < 3 {
				t.Errorf("%s sees %d keys", role, len(found))
			}
			want := http.StatusForbidden
			if role == idp.RoleSystemAdmin {
				want = http.StatusOK
			}
			if answer := call(t, p, http.MethodPost, "/api/v1/token-keys/rotation", token, map[string]string{"algorithm": "P-256", "reason": "年度轮换"}); answer.Status != want {
				t.Errorf("%s rotates: %d, want %d: %s", role, answer.Status, want, answer.Text)
			}
		}
		err := p.App.Apply(context.Background(), app.Manifest{Personas: []app.Persona{{Identifier: "13800138099", Name: "兼任", IAL: 1, Roles: []string{idp.RoleSystemAdmin, idp.RoleAuditAdmin}}}})
		if fault.CodeOf(err) != fault.AdminRolesMixed {
			t.Errorf("one person in two roles: %v", err)
		}
		err = p.App.Apply(context.Background(), app.Manifest{Clients: []idp.Client{{ClientID: "both", ClientSecret: apptest.Secret("both"), GrantTypes: []string{"client_credentials"}, Scope: "system_admin security_admin"}}})
		if fault.CodeOf(err) != fault.ClientMetadata {
			t.Errorf("one client in two roles: %v", err)
		}
	})
}

// TestChangesNeedAFreshLogin: a session that was left open changes nothing.
func TestChangesNeedAFreshLogin(t *testing.T) {
	p := apptest.Start(t, database(t))
	b := admin(p, idp.RoleSystemAdmin)
	rotate := func() *walk.Page {
		t.Helper()
		if err := b.Open(context.Background(), p.URL+"/admin/keys"); err != nil {
			t.Fatal(err)
		}
		if err := b.Submit(context.Background(), map[string]string{"key-rotate-sm2": "1", "reason": "年度轮换"}); err != nil {
			t.Fatal(err)
		}
		return b.Page
	}
	for range 2 { // in use, and yet
		p.Advance(8 * time.Minute)
		if err := b.Open(context.Background(), p.URL+"/admin"); err != nil {
			t.Fatal(err)
		}
	}
	if page := rotate(); page.Status != http.StatusForbidden || !page.Has("admin-signin") {
		t.Fatalf("an old login: %d %s", page.Status, page.Text)
	}
	if found := items(t, p.Get("/api/v1/token-keys", adminToken(t, p, idp.RoleAuditAdmin))); strings.Contains(mustJSON(t, found), `"next"`) {
		t.Fatal("the key was rotated")
	}
	p.StaffLogin(b, adminPersonas[idp.RoleSystemAdmin])
	if page := rotate(); page.Status != http.StatusOK || page.Has("admin-signin") {
		t.Fatalf("a fresh login: %d %s", page.Status, page.Text)
	}
	if found := items(t, p.Get("/api/v1/token-keys", adminToken(t, p, idp.RoleAuditAdmin))); !strings.Contains(mustJSON(t, found), `"state":"next"`) {
		t.Fatal("the key was not rotated")
	}
}

func mustJSON(t *testing.T, value any) string {
	t.Helper()
	content, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestWithdrawnKeysVerifyNothing: after an emergency nothing that the key signed is accepted, and another signs at once.
func TestWithdrawnKeysVerifyNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		m := machine(p, "robot", func(*idp.Client) {})
		before := clientToken(p, m).String("access_token")
		token := adminToken(t, p, idp.RoleSystemAdmin)
		if !p.Active(m, before) {
			t.Fatal("a fresh token is not active")
		}
		order := map[string]string{"algorithm": "P-256", "reason": "密钥泄露"}
		if answer := call(t, p, http.MethodPost, "/api/v1/token-keys/withdrawal", adminToken(t, p, idp.RoleSecurityAdmin), order); answer.Status != http.StatusForbidden {
			t.Fatalf("the security administrator withdraws: %d", answer.Status)
		}
		for _, bad := range []map[string]string{{"algorithm": "P-256", "reason": ""}, {"algorithm": "SM4", "reason": "x"}} {
			if answer := call(t, p, http.MethodPost, "/api/v1/token-keys/withdrawal", token, bad); answer.Status != http.StatusUnprocessableEntity {
				t.Errorf("%v: %d", bad, answer.Status)
			}
		}
		answer := call(t, p, http.MethodPost, "/api/v1/token-keys/withdrawal", token, order)
		if answer.Status != http.StatusOK || answer.String("state") != "current" {
			t.Fatalf("%d %s", answer.Status, answer.Text)
		}
		if p.Active(m, before) {
			t.Error("a token of the withdrawn key is active")
		}
		if answer := p.Get("/api/v1/token-keys", token); answer.Status != http.StatusUnauthorized {
			t.Errorf("the administrator's own token outlived its key: %d", answer.Status)
		}
		if after := clientToken(p, m).String("access_token"); !p.Active(m, after) {
			t.Error("the new key signs nothing that holds")
		}
		var states []string
		for _, key := range items(t, p.Get("/api/v1/token-keys", adminToken(t, p, idp.RoleAuditAdmin))) {
			if key["algorithm"] == "P-256" {
				states = append(states, key["state"].(string))
			}
		}
		if strings.Join(states, " ") != "current destroyed" {
			t.Errorf("states %v", states)
		}
		if gone := audited(t, p, "key.destroyed"); len(gone) != 1 || gone[0].Reason != "密钥泄露" {
			t.Errorf("audited %+v", gone)
		}
	})
}

// TestEveryOperationOfAdministrationAsksForItsRole: who calls without a token, with the role of another trade or with another
// role of administration gets nothing, and every operation stands here.
func TestEveryOperationOfAdministrationAsksForItsRole(t *testing.T) {
	p := apptest.Start(t, database(t))
	reason := map[string]any{"reason": "x"}
	with := func(more map[string]any) map[string]any {
		all := map[string]any{"reason": "x"}
		for name, value := range more {
			all[name] = value
		}
		return all
	}
	all, watchers, system, security := idp.AdminRoles, []string{idp.RoleSecurityAdmin, idp.RoleAuditAdmin}, []string{idp.RoleSystemAdmin}, []string{idp.RoleSecurityAdmin}
	deciders := []string{idp.RoleSystemAdmin, idp.RoleSecurityAdmin}
	key := with(map[string]any{"algorithm": "P-256"})
	portal := map[string]any{"urls": []string{"https://a.example.gov.cn/"}}
	type row struct {
		operation string
		body      any
		roles     []string
	}
	rows := []row{
		{"GET /api/v1/token-keys", nil, all}, {"POST /api/v1/token-keys/rotation", key, system}, {"POST /api/v1/token-keys/withdrawal", key, nil},
		{"GET /api/v1/sessions?account=a", nil, watchers}, {"POST /api/v1/sessions/search", with(map[string]any{"identifier": "13800138000"}), watchers}, {"GET /api/v1/sessions/{sid}", nil, watchers},
		{"POST /api/v1/sessions/{sid}/termination", reason, security}, {"POST /api/v1/sessions/termination", with(map[string]any{"account_id": "a"}), security},
		{"GET /api/v1/grants?client=c", nil, watchers}, {"GET /api/v1/grants/{id}", nil, watchers}, {"GET /api/v1/grants/count?client=c", nil, watchers}, {"POST /api/v1/grants/{id}/revocation", reason, security},
		{"POST /api/v1/grants/revocation", with(map[string]any{"client_id": "c", "live": 0}), security}, {"POST /api/v1/tokens/lookup", map[string]any{"token": "t"}, watchers}, {"POST /api/v1/tokens/revocation", with(map[string]any{"token": "t"}), security},
		{"POST /api/v1/upstreams/{id}/check", nil, system}, {"GET /api/v1/message-figures", nil, all},
		{"GET /api/v1/areas", nil, all}, {"GET /api/v1/departments", nil, all}, {"GET /api/v1/staff-rights", nil, all}, {"GET /api/v1/staff-rights/{id}", nil, all},
		{"POST /api/v1/staff-rights", with(map[string]any{"holder": "staff:a", "role": "seal_keeper", "until": "2030-01-01T00:00:00Z"}), security}, {"POST /api/v1/staff-rights/{id}/end", reason, security},
		{"GET /api/v1/staff", nil, all}, {"GET /api/v1/staff/{id}", nil, all}, {"POST /api/v1/staff", with(map[string]any{"login": "a", "name": "a", "number": "1"}), security}, {"POST /api/v1/staff/{id}/enrolment-code", reason, security},
		{"POST /api/v1/staff/{id}/suspension", reason, security}, {"POST /api/v1/staff/{id}/resumption", reason, security}, {"POST /api/v1/staff/{id}/reset", reason, security}, {"POST /api/v1/staff/{id}/closure", reason, security},
		{"POST /api/v1/staff/{id}/binding", with(map[string]any{"name": "a", "number": "1"}), security}, {"POST /api/v1/staff/{id}/links", with(map[string]any{"source": "a", "subject": "1"}), security}, {"POST /api/v1/staff/{id}/links/{source}/removal", reason, security},
		{"GET /api/v1/inbox", nil, all}, {"GET /api/v1/inbox/{id}", nil, all}, {"POST /api/v1/inbox/{id}/decision", with(map[string]any{"approve": true}), deciders},
		{"POST /api/v1/inbox/{id}/claim", nil, deciders}, {"POST /api/v1/inbox/{id}/release", nil, deciders}, {"POST /api/v1/inbox/{id}/withdrawal", nil, deciders},
	}
	for path, definition := range map[string]map[string]any{"upstreams": {"issuer": "https://a.example.gov.cn", "client_id": "c"}, "cas-services": portal, "ticket-bridges": {"urls": portal["urls"], "signature": map[string]any{"algorithm": "sm2"}}} {
		rows = append(rows, row{"GET /api/v1/" + path, nil, all}, row{"GET /api/v1/" + path + "/{id}", nil, all}, row{"PUT /api/v1/" + path + "/{id}", with(map[string]any{"definition": definition}), system},
			row{"POST /api/v1/" + path + "/{id}/suspension", reason, system}, row{"POST /api/v1/" + path + "/{id}/resumption", reason, system})
	}
	tokens := map[string]string{}
	for _, role := range append([]string{"seal_keeper"}, idp.AdminRoles...) {
		tokens[role] = adminToken(t, p, role)
	}
	listed := map[string]bool{}
	for _, row := range rows {
		method, path, _ := strings.Cut(row.operation, " ")
		bare, _, _ := strings.Cut(path, "?")
		listed[strings.ToLower(method)+" "+bare] = true
		path = strings.NewReplacer("{sid}", "none", "{id}", "none", "{source}", "none").Replace(path)
		if answer := call(t, p, method, path, "", row.body); answer.Status != http.StatusUnauthorized {
			t.Errorf("%s without a token: %d %s", row.operation, answer.Status, answer.Text)
		}
		for role, token := range tokens {
			may := slices.Contains(row.roles, role)
			if row.roles == nil && role == idp.RoleSystemAdmin {
				continue // it would end the tokens of this test
			}
			if answer := call(t, p, method, path, token, row.body); (answer.Status == http.StatusForbidden) == may || answer.Status == http.StatusUnauthorized || answer.Status >= http.StatusInternalServerError {
				t.Errorf("%s as %s: %d %s", row.operation, role, answer.Status, answer.Text)
			}
		}
	}
	var document struct {
		Paths map[string]map[string]struct{ Tags []string }
	}
	if err := json.Unmarshal([]byte(p.Get("/api/openapi.json", "").Text), &document); err != nil {
		t.Fatal(err)
	}
	ours := []string{"token-keys", "sessions", "grants", "tokens", "upstreams", "cas-services", "ticket-bridges", "staff", "inbox"}
	for path, operations := range document.Paths {
		for method, o := range operations {
			if slices.ContainsFunc(o.Tags, func(tag string) bool { return slices.Contains(ours, tag) }) && !listed[method+" "+path] {
				t.Errorf("%s %s is not in the table", method, path)
			}
		}
	}
}

// TestPagesOfAdministrationAskForTheirRole: an address that is known opens nothing and changes nothing for other staff.
func TestPagesOfAdministrationAskForTheirRole(t *testing.T) {
	p := apptest.Start(t, database(t))
	p.Persona("13800138090", "张三", 2, "seal_keeper")
	keeper, system := p.SignInStaff("13800138090"), admin(p, idp.RoleSystemAdmin)
	send := func(b *walk.Browser, method, path string) int {
		request, err := http.NewRequest(method, p.URL+path, strings.NewReader(url.Values{"reason": {"x"}, "person": {"13800138090"}, "token": {"t"}, "client": {"c"}, "live": {"0"}, "account": {"a"}, "id": {"n"}, "definition": {"urls: [https://a.example.gov.cn/]"}}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		b.Lend(request)
		return p.Do(request).Status
	}
	people := []string{"GET /admin/sessions", "GET /admin/sessions?account=a", "GET /admin/sessions/sid_a", "POST /admin/sessions/search", "POST /admin/sessions/end-all", "POST /admin/sessions/sid_a/end",
		"GET /admin/grants", "GET /admin/grants?client=c", "GET /admin/grants/g", "POST /admin/grants/g/revoke", "GET /admin/grants/all?client=c", "POST /admin/grants/all", "GET /admin/grants/token", "POST /admin/grants/token"}
	setup := []string{"GET /admin", "GET /admin/keys", "POST /admin/keys/rotate/SM2", "POST /admin/keys/withdraw/SM2", "GET /admin/peers", "GET /admin/peers/cas/new", "POST /admin/peers/cas/new", "GET /admin/peers/cas/n", "GET /admin/peers/cas/n/edit",
		"POST /admin/peers/cas/n/edit", "POST /admin/peers/cas/n/suspend", "POST /admin/peers/upstream/n/check"}
	for _, operation := range append(people, setup...) {
		method, path, _ := strings.Cut(operation, " ")
		if status := send(keeper, method, path); status != http.StatusForbidden {
			t.Errorf("%s as a seal keeper: %d", operation, status)
		}
		if slices.Contains(people, operation) {
			if status := send(system, method, path); status != http.StatusForbidden {
				t.Errorf("%s as the system administrator: %d", operation, status)
			}
		}
	}
}
