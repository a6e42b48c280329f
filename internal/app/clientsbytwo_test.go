package app_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/openplatform"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// TestClientsAreChangedByTwo: what others rely on of a client waits for a second person, bound to what was read; stopping, plain
// members and files of the operator do not.
func TestClientsAreChangedByTwo(t *testing.T) {
	onEngines(t, func(t *testing.T, database string) {
		cfg := apptest.NewConfig(t, database, t.TempDir())
		two := true
		cfg.Staff.ClientsByTwo = &two
		p := apptest.StartWith(t, cfg)
		system, security, auditor := adminToken(t, p, idp.RoleSystemAdmin), adminToken(t, p, idp.RoleSecurityAdmin), adminToken(t, p, idp.RoleAuditAdmin)
		definition := func(changes map[string]any) map[string]any {
			all := map[string]any{"client_name": "档案查询", "grant_types": []string{"client_credentials"}, "scope": "archive"}
			for name, value := range changes {
				all[name] = value
			}
			return all
		}
		item := func(id string) apptest.Answer { return p.Get("/api/v1/inbox/"+id, security) }
		decide := func(token, id, digest string, approve bool, want int) {
			t.Helper()
			answer := call(t, p, http.MethodPost, "/api/v1/inbox/"+id+"/decision", token, map[string]any{"approve": approve, "reason": "已核对"}, "If-Match", `"`+digest+`"`)
			if answer.Status != want {
				t.Fatalf("decision: %d, want %d: %s", answer.Status, want, answer.Text)
			}
		}
		waits := func(answer apptest.Answer) (id, digest string) {
			t.Helper()
			if id = answer.String("proposal"); answer.Status != http.StatusAccepted || id == "" {
				t.Fatalf("nothing waits: %d %s", answer.Status, answer.Text)
			}
			return id, item(id).String("digest")
		}
		approve := func(answer apptest.Answer) {
			t.Helper()
			id, digest := waits(answer)
			decide(security, id, digest, true, http.StatusOK)
		}

		// A new client: nothing is there until somebody else says so, and the secret is of no use before.
		created := call(t, p, http.MethodPost, "/api/v1/clients", system, map[string]any{"client_id": "archive", "definition": definition(nil), "reason": "新系统上线"})
		id, digest := waits(created)
		secret := created.String("client_secret")
		if created.String("state") != "proposed" || len(secret) < 40 || p.Get("/api/v1/clients/archive", auditor).Status != http.StatusNotFound || machineToken(p, "archive", secret).Status != http.StatusUnauthorized {
			t.Fatalf("it is there already: %s", created.Text)
		}
		if found := item(id); strings.Contains(found.Text, secret) || found.String("event") != "client.created" || !strings.Contains(found.Text, `"field":"scope"`) || found.String("kind") != idp.KindClient {
			t.Errorf("%s", found.Text)
		}
		decide(system, id, digest, true, http.StatusForbidden)
		decide(auditor, id, digest, true, http.StatusForbidden)
		decide(security, id, strings.Repeat("0", 64), true, http.StatusPreconditionFailed)
		decide(security, id, digest, true, http.StatusOK)
		decide(security, id, digest, true, http.StatusConflict)
		if answer := machineToken(p, "archive", secret); answer.Status != http.StatusOK {
			t.Errorf("the secret is not taken: %d %s", answer.Status, answer.Text)
		}
		if events := audited(t, p, "client.created"); len(events) != 1 || len(audited(t, p, "proposal.executed")) != 1 {
			t.Errorf("audited %+v", events)
		}

		put := func(changes map[string]any) apptest.Answer {
			t.Helper()
			tag := p.Get("/api/v1/clients/archive", system).Header.Get("ETag")
			return call(t, p, http.MethodPut, "/api/v1/clients/archive", system, map[string]any{"definition": definition(changes), "reason": "变更"}, "If-Match", tag)
		}
		// Which members wait for two.
		for name, row := range map[string]struct {
			changes map[string]any
			want    int
		}{
			"contacts":     {map[string]any{"contacts": []string{"ops@archive.gov.cn"}}, http.StatusOK},
			"redirects":    {map[string]any{"redirect_uris": []string{"https://archive.gov.cn/cb"}}, http.StatusAccepted},
			"scope":        {map[string]any{"scope": "archive other"}, http.StatusAccepted},
			"level":        {map[string]any{"max_ial": 2}, http.StatusAccepted},
			"claims":       {map[string]any{"allowed_claims": []map[string]any{{"claim": "name", "purpose": "核对"}}, "scope": "archive profile"}, http.StatusAccepted},
			"keys":         {map[string]any{"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_dns": "archive.gov.cn"}, http.StatusAccepted},
			"name":         {map[string]any{"client_name": "国家税务总局"}, http.StatusAccepted},
			"exchange":     {map[string]any{"token_exchange_clients": []string{"other"}}, http.StatusAccepted},
			"nothing":      {map[string]any{"contacts": []string{"ops@archive.gov.cn"}}, http.StatusOK},
			"a bad change": {map[string]any{"redirect_uris": []string{"https://*.gov.cn/cb"}}, http.StatusUnprocessableEntity},
		} {
			if answer := put(row.changes); answer.Status != row.want {
				t.Errorf("%s: %d, want %d: %s", name, answer.Status, row.want, answer.Text)
			}
		}
		if read := p.Get("/api/v1/clients/archive", auditor); strings.Contains(read.Text, "税务") || strings.Contains(read.Text, "archive.gov.cn/cb") {
			t.Errorf("a proposal changed it: %s", read.Text)
		}
		// What was read is no longer there: the first of two proposals wins, the other is dead.
		first, firstDigest := waits(put(map[string]any{"scope": "archive first"}))
		second, secondDigest := waits(put(map[string]any{"scope": "archive second"}))
		decide(security, second, secondDigest, true, http.StatusOK)
		decide(security, first, firstDigest, true, http.StatusPreconditionFailed)
		if read := p.Get("/api/v1/clients/archive", auditor); !strings.Contains(read.Text, "archive second") {
			t.Errorf("%s", read.Text)
		}
		// Refusing needs only one.
		refusedID, refusedDigest := waits(put(map[string]any{"scope": "archive third"}))
		decide(security, refusedID, refusedDigest, false, http.StatusOK)

		// A secret is made by one and put into use by another.
		rotated := call(t, p, http.MethodPost, "/api/v1/clients/archive/secret", system, map[string]any{"overlap_hours": 0, "reason": "轮换"})
		next := rotated.String("client_secret")
		if machineToken(p, "archive", next).Status != http.StatusUnauthorized {
			t.Error("the new secret is taken before anybody else agreed")
		}
		approve(rotated)
		if machineToken(p, "archive", next).Status != http.StatusOK || machineToken(p, "archive", secret).Status != http.StatusUnauthorized {
			t.Error("the secret was not exchanged")
		}
		// One stops, two put back.
		if answer := call(t, p, http.MethodPost, "/api/v1/clients/archive/suspension", security, reasoned); answer.Status != http.StatusOK || answer.String("state") != "suspended" {
			t.Fatalf("%d %s", answer.Status, answer.Text)
		}
		resumed := call(t, p, http.MethodPost, "/api/v1/clients/archive/resumption", system, reasoned)
		if resumed.String("state") != "suspended" || machineToken(p, "archive", next).Status != http.StatusUnauthorized {
			t.Errorf("%s", resumed.Text)
		}
		approve(resumed)
		if machineToken(p, "archive", next).Status != http.StatusOK {
			t.Error("it is not in use again")
		}
		// The operator's file is its own way.
		apply(t, p, app.Manifest{Clients: []idp.Client{{ClientID: "archive", ClientName: "数字档案", GrantTypes: []string{"client_credentials"}, Scope: "archive"}}})
		if read := p.Get("/api/v1/clients/archive", auditor); !strings.Contains(read.Text, "数字档案") || len(audited(t, p, "client.applied")) == 0 {
			t.Errorf("%s", read.Text)
		}

		// Applications that registered themselves are put into use by two, and refused by one.
		opened := opening(p, "applied", 5)
		applied(t, p, app.Manifest{InitialAccess: []openplatform.InitialAccess{opened}})
		registered := registerWith(t, p, http.MethodPost, p.URL+"/connect/register", opened.Token, metadataOf(nil))
		own := registered.String("client_id")
		path := "/api/v1/registrations/" + own
		settle := func(state string) apptest.Answer {
			return call(t, p, http.MethodPost, path+"/decision", security, map[string]any{"state": state, "reason": "审核意见"}, "If-Match", p.Get(path, auditor).Header.Get("ETag"))
		}
		c := p.Client(idp.Client{ClientID: "second-security", ClientName: "第二管理端", GrantTypes: []string{"client_credentials"}, Scope: idp.RoleSecurityAdmin})
		other := p.Post("/token", c, url.Values{"grant_type": {"client_credentials"}, "scope": {idp.RoleSecurityAdmin}}).String("access_token")
		id, digest = waits(settle("live"))
		if found := item(id); found.String("event") != "client.decided_live" || found.String("state") != "open" || p.Get(path, auditor).String("state") != "applied" {
			t.Errorf("%s", found.Text)
		}
		decide(security, id, digest, true, http.StatusForbidden)
		decide(other, id, digest, true, http.StatusOK)
		if p.Get(path, auditor).String("state") != "live" {
			t.Errorf("%s", p.Get(path, auditor).Text)
		}
		if answer := settle("suspended"); answer.Status != http.StatusOK || answer.String("state") != "suspended" {
			t.Errorf("%d %s", answer.Status, answer.Text)
		}

		// The same on pages: what waits is told after the form, and shown to who decides.
		p.Persona("13800138201", "系统员", 2, idp.RoleSystemAdmin)
		p.Persona("13800138202", "安全员", 2, idp.RoleSecurityAdmin)
		form := p.SignInStaff("13800138201")
		openPage(t, p, form, "/admin/clients/new")
		if err := form.Submit(t.Context(), map[string]string{"client_id": "desk", "client_name": "窗口系统", "redirect_uris": "https://desk.gov.cn/cb", "scope": "openid", "reason": "新系统"}); err != nil || form.Page.Status != http.StatusOK || !strings.Contains(form.Page.Text, "等待另一人审批") || !strings.Contains(form.Page.Text, "yxs_") {
			t.Fatalf("%v %d %s %s", err, form.Page.Status, form.Page.Text, p.Log.String())
		}
		waiting := items(t, p.Get("/api/v1/inbox", security))
		if waiting[0]["object_id"] != "desk" {
			t.Fatalf("%v", waiting)
		}
		decider := p.SignInStaff("13800138202")
		openPage(t, p, decider, "/admin/inbox/"+waiting[0]["id"].(string))
		for _, part := range []string{"登记应用", "https://desk.gov.cn/cb", "redirect_uris"} {
			if !strings.Contains(decider.Page.Text, part) {
				t.Errorf("the inbox does not show %s: %s", part, decider.Page.Text)
			}
		}
	})
}

func openPage(t *testing.T, p *apptest.Platform, b *walk.Browser, path string) {
	t.Helper()
	if err := b.Open(t.Context(), p.URL+path); err != nil || b.Page.Status != http.StatusOK {
		t.Fatalf("%s: %v %d: %s %s", path, err, b.Page.Status, b.Page.Text, p.Log.String())
	}
}
