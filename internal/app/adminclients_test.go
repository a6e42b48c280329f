package app_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/openplatform"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

var reasoned = map[string]any{"reason": "工单 4711"}

// machineToken asks for a token of a client with this secret.
func machineToken(p *apptest.Platform, id, secret string) apptest.Answer {
	request, err := http.NewRequest(http.MethodPost, p.URL+"/token", strings.NewReader(url.Values{"grant_type": {"client_credentials"}}.Encode()))
	if err != nil {
		panic(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	return p.Do(request)
}

func TestAdministratorsRegisterClients(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		system, security, auditor := adminToken(t, p, idp.RoleSystemAdmin), adminToken(t, p, idp.RoleSecurityAdmin), adminToken(t, p, idp.RoleAuditAdmin)
		definition := map[string]any{"client_name": "档案查询", "department": "市档案馆", "grant_types": []string{"client_credentials"}, "scope": "archive"}
		order := map[string]any{"client_id": "archive", "definition": definition, "reason": "新系统上线"}
		for name, test := range map[string]struct {
			token string
			body  map[string]any
			want  int
		}{
			"nobody":              {"", order, http.StatusUnauthorized},
			"security":            {security, order, http.StatusForbidden},
			"auditor":             {auditor, order, http.StatusForbidden},
			"no reason":           {system, map[string]any{"client_id": "archive", "definition": definition}, http.StatusUnprocessableEntity},
			"a secret of theirs":  {system, map[string]any{"client_id": "archive", "definition": map[string]any{"client_secret": "a secret that they chose"}, "reason": "x"}, http.StatusUnprocessableEntity},
			"a state of theirs":   {system, map[string]any{"client_id": "archive", "definition": map[string]any{"approval_state": "live"}, "reason": "x"}, http.StatusUnprocessableEntity},
			"no redirect address": {system, map[string]any{"client_id": "archive", "definition": map[string]any{}, "reason": "x"}, http.StatusUnprocessableEntity},
		} {
			if answer := call(t, p, http.MethodPost, "/api/v1/clients", test.token, test.body); answer.Status != test.want {
				t.Errorf("%s: %d, want %d: %s", name, answer.Status, test.want, answer.Text)
			}
		}
		created := call(t, p, http.MethodPost, "/api/v1/clients", system, order)
		secret := created.String("client_secret")
		if created.Status != http.StatusCreated || len(secret) < 40 || created.String("state") != "live" {
			t.Fatalf("%d %s", created.Status, created.Text)
		}
		if answer := machineToken(p, "archive", secret); answer.Status != http.StatusOK {
			t.Errorf("the secret is not taken: %d %s", answer.Status, answer.Text)
		}
		if answer := call(t, p, http.MethodPost, "/api/v1/clients", system, order); answer.Status != http.StatusConflict {
			t.Errorf("registered twice: %d", answer.Status)
		}
		// O-34: nothing that is read holds the secret.
		read := p.Get("/api/v1/clients/archive", auditor)
		tag := read.Header.Get("ETag")
		if read.Status != http.StatusOK || tag == "" || tag != created.Header.Get("ETag") || strings.Contains(read.Text, secret) || strings.Contains(read.Text, "client_secret\":") || read.Body["has_secret"] != true {
			t.Fatalf("%d %s %s", read.Status, tag, read.Text)
		}
		put := func(token, tag string, changes map[string]any) apptest.Answer {
			next := map[string]any{}
			for name, value := range definition {
				next[name] = value
			}
			for name, value := range changes {
				next[name] = value
			}
			headers := []string{}
			if tag != "" {
				headers = []string{"If-Match", tag}
			}
			return call(t, p, http.MethodPut, "/api/v1/clients/archive", token, map[string]any{"definition": next, "reason": "更名"}, headers...)
		}
		rename := map[string]any{"client_name": "数字档案"}
		for name, test := range map[string]struct {
			token, tag string
			changes    map[string]any
			want       int
		}{
			"no version":      {system, "", rename, http.StatusPreconditionRequired},
			"another version": {system, `"0"`, rename, http.StatusPreconditionFailed},
			"security":        {security, tag, rename, http.StatusForbidden},
			"a wildcard":      {system, tag, map[string]any{"redirect_uris": []string{"https://*.gov.cn/cb"}}, http.StatusUnprocessableEntity},
			"unknown member":  {system, tag, map[string]any{"colour": "red"}, http.StatusUnprocessableEntity},
		} {
			if answer := put(test.token, test.tag, test.changes); answer.Status != test.want {
				t.Errorf("%s: %d, want %d: %s", name, answer.Status, test.want, answer.Text)
			}
		}
		changed := put(system, tag, rename)
		if changed.Status != http.StatusOK || changed.Header.Get("ETag") == tag || !strings.Contains(changed.Text, "数字档案") {
			t.Fatalf("%d %s", changed.Status, changed.Text)
		}
		if answer := put(system, changed.Header.Get("ETag"), rename); answer.Status != http.StatusOK || len(audited(t, p, "client.changed")) != 1 {
			t.Errorf("the same again: %d, %d changes", answer.Status, len(audited(t, p, "client.changed")))
		}
		if answer := machineToken(p, "archive", secret); answer.Status != http.StatusOK {
			t.Errorf("a change touched the secret: %d", answer.Status)
		}
		if events := audited(t, p, "client.created"); len(events) != 1 || events[0].Reason != "新系统上线" {
			t.Errorf("audited %+v", events)
		}
		// What stands in a file is the same client.
		apply(t, p, app.Manifest{Clients: []idp.Client{{ClientID: "archive", ClientName: "数字档案", Department: "市档案馆", GrantTypes: []string{"client_credentials"}, Scope: "archive"}}})
		if again := p.Get("/api/v1/clients/archive", system); again.Header.Get("ETag") != changed.Header.Get("ETag") {
			t.Errorf("a file with the same registration changed it: %s", again.Text)
		}
		for query, want := range map[string]int{"q=%E6%95%B0%E5%AD%97": 1, "department=%E5%B8%82%E6%A1%A3%E6%A1%88%E9%A6%86": 1, "state=retired": 0, "q=ARCHIVE&state=live": 1, "q=archive&state=suspended": 0} {
			if found := items(t, p.Get("/api/v1/clients?"+query, auditor)); len(found) != want {
				t.Errorf("%s finds %d: %v", query, len(found), found)
			}
		}
		first := p.Get("/api/v1/clients?limit=1", auditor)
		if second := items(t, p.Get("/api/v1/clients?limit=1&after="+first.String("next"), auditor)); len(items(t, first)) != 1 || len(second) != 1 || second[0]["client_id"] == items(t, first)[0]["client_id"] {
			t.Errorf("pages: %s then %v", first.Text, second)
		}
		if answer := p.Get("/api/v1/clients/nobody", auditor); answer.Status != http.StatusNotFound {
			t.Errorf("nobody: %d", answer.Status)
		}
	})
}

// TestSecretsOverlap: the secret before works for the overlap and no longer, on a node that reads the store anew too.
func TestSecretsOverlap(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		machine(p, "robot", func(*idp.Client) {})
		system, old := adminToken(t, p, idp.RoleSystemAdmin), apptest.Secret("robot")
		rotate := func(hours int) apptest.Answer {
			return call(t, p, http.MethodPost, "/api/v1/clients/robot/secret", system, map[string]any{"reason": "到期更换", "overlap_hours": hours})
		}
		works := func(secret string, want bool) {
			t.Helper()
			if answer := machineToken(p, "robot", secret); (answer.Status == http.StatusOK) != want {
				t.Errorf("%d %s, want %v", answer.Status, answer.Text, want)
			}
		}
		if answer := call(t, p, http.MethodPost, "/api/v1/clients/robot/secret", adminToken(t, p, idp.RoleSecurityAdmin), map[string]any{"reason": "x", "overlap_hours": 1}); answer.Status != http.StatusForbidden {
			t.Errorf("the security administrator rotates: %d", answer.Status)
		}
		if answer := rotate(25); answer.Status != http.StatusUnprocessableEntity {
			t.Errorf("25 hours: %d", answer.Status)
		}
		answer := rotate(2)
		second := answer.String("client_secret")
		if answer.Status != http.StatusOK || second == "" || answer.Body["old_secret_until"] == nil {
			t.Fatalf("%d %s", answer.Status, answer.Text)
		}
		works(old, true)
		works(second, true)
		works(second+"x", false)
		p.Advance(2*time.Hour + time.Second)
		system = adminToken(t, p, idp.RoleSystemAdmin)
		works(old, false)
		works(second, true)
		third := rotate(1).String("client_secret")
		fourth := rotate(1).String("client_secret")
		works(second, false) // only one stands beside the current one
		works(third, true)
		fifth := rotate(0).String("client_secret")
		works(fourth, false)
		works(third, false)
		works(fifth, true)
		if events := audited(t, p, "client.secret_rotated"); len(events) != 4 || strings.Contains(mustJSON(t, events), "yxs_") {
			t.Errorf("audited %+v", events)
		}
		// A secret from a file ends the overlap.
		sixth := rotate(24).String("client_secret")
		machine(p, "robot", func(*idp.Client) {})
		works(old, true)
		works(sixth, false)
		works(fifth, false)
	})
}

func TestClientsAreSuspendedAndRetired(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		c := p.Client(idp.Client{ClientID: "hall", ClientName: "办事大厅"})
		p.Persona(mobile, "李四", 2)
		tokens := p.Redeem(c, p.Code(p.SignIn(mobile), c, nil).Get("code"), nil)
		access := tokens.String("access_token")
		system, security := adminToken(t, p, idp.RoleSystemAdmin), adminToken(t, p, idp.RoleSecurityAdmin)
		other := p.Client(idp.Client{ClientID: "other", ClientName: "核验方"})
		move := func(step, token string, want int) apptest.Answer {
			t.Helper()
			answer := call(t, p, http.MethodPost, "/api/v1/clients/hall/"+step, token, reasoned)
			if answer.Status != want {
				t.Errorf("%s: %d, want %d: %s", step, answer.Status, want, answer.Text)
			}
			return answer
		}
		if access == "" || p.Get("/userinfo", access).Status != http.StatusOK {
			t.Fatalf("%s", tokens.Text)
		}
		move("suspension", adminToken(t, p, idp.RoleAuditAdmin), http.StatusForbidden)
		if answer := move("suspension", security, http.StatusOK); answer.String("state") != "suspended" {
			t.Errorf("%s", answer.Text)
		}
		if status := p.Get("/userinfo", access).Status; status != http.StatusUnauthorized {
			t.Errorf("a token of a suspended client: %d", status)
		}
		if answer := authorize(t, p, apptest.AuthorizeQuery(c, nil)); answer.Status != http.StatusBadRequest {
			t.Errorf("a suspended client begins: %d", answer.Status)
		}
		move("resumption", security, http.StatusOK)
		if status := p.Get("/userinfo", access).Status; status != http.StatusOK {
			t.Errorf("after the resumption: %d", status)
		}
		move("retirement", security, http.StatusForbidden)
		if answer := move("retirement", system, http.StatusOK); answer.String("state") != "retired" || answer.Body["retired_at"] == nil {
			t.Errorf("%s", answer.Text)
		}
		if p.Active(other, access) || p.Get("/userinfo", access).Status != http.StatusUnauthorized {
			t.Error("a token of a retired client is accepted")
		}
		if live := p.Get("/api/v1/grants/count?client=hall", security); live.Body["live"] != float64(0) {
			t.Errorf("grants left: %s", live.Text)
		}
		if events := audited(t, p, "client.retired"); len(events) != 1 || events[0].Reason != "工单 4711" || events[0].Details["grants"] != "1" {
			t.Errorf("audited %+v", events)
		}
		move("resumption", system, http.StatusConflict)
		move("retirement", system, http.StatusOK) // again: nothing
		read := p.Get("/api/v1/clients/hall", system)
		if answer := call(t, p, http.MethodPut, "/api/v1/clients/hall", system, map[string]any{"definition": read.Body["definition"], "reason": "x"}, "If-Match", read.Header.Get("ETag")); answer.Status != http.StatusConflict {
			t.Errorf("changed after the end: %d", answer.Status)
		}
		if err := p.App.Apply(context.Background(), app.Manifest{Clients: []idp.Client{c}}); fault.CodeOf(err) != fault.ClientRetired {
			t.Errorf("a file brings it back: %v", err)
		}
		if len(audited(t, p, "client.retired")) != 1 {
			t.Error("retired twice")
		}
	})
}

// TestAdministratorsDecideOnRegistrations: what was read is what is decided, and a refusal leaves a live application as it is.
func TestAdministratorsDecideOnRegistrations(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		opened := opening(p, "applied", 5)
		applied(t, p, app.Manifest{InitialAccess: []openplatform.InitialAccess{opened}})
		registered := registerWith(t, p, http.MethodPost, p.URL+"/connect/register", opened.Token, metadataOf(nil))
		id, own, place := registered.String("client_id"), registered.String("registration_access_token"), registered.String("registration_client_uri")
		system, security, auditor := adminToken(t, p, idp.RoleSystemAdmin), adminToken(t, p, idp.RoleSecurityAdmin), adminToken(t, p, idp.RoleAuditAdmin)
		path := "/api/v1/registrations/" + id
		decide := func(token, tag, state string, want int) apptest.Answer {
			t.Helper()
			var headers []string
			if tag != "" {
				headers = []string{"If-Match", tag}
			}
			answer := call(t, p, http.MethodPost, path+"/decision", token, map[string]any{"state": state, "reason": "审核意见"}, headers...)
			if answer.Status != want {
				t.Errorf("%s: %d, want %d: %s", state, answer.Status, want, answer.Text)
			}
			return answer
		}
		state := func() string { return p.Get("/api/v1/clients/"+id, auditor).String("state") }
		waiting := items(t, p.Get("/api/v1/registrations", auditor))
		if len(waiting) != 1 || waiting[0]["kind"] != "application" || !strings.Contains(mustJSON(t, waiting), "tax.example.gov.cn") || strings.Contains(mustJSON(t, waiting), own) {
			t.Fatalf("%v", waiting)
		}
		tag := p.Get(path, auditor).Header.Get("ETag")
		decide(system, tag, "live", http.StatusForbidden)
		decide(auditor, tag, "live", http.StatusForbidden)
		decide(security, "", "live", http.StatusPreconditionRequired)
		decide(security, tag, "applied", http.StatusUnprocessableEntity)
		document := func(changes map[string]any) map[string]any {
			m := metadataOf(changes)
			m["client_id"] = id
			return m
		}
		// What waits changes behind the administrator's back.
		registerWith(t, p, http.MethodPut, place, own, document(map[string]any{"redirect_uris": []string{"https://evil.example/cb"}}))
		decide(security, tag, "live", http.StatusPreconditionFailed)
		decide(security, p.Get(path, auditor).Header.Get("ETag"), "refused", http.StatusOK)
		if state() != "refused" || len(items(t, p.Get("/api/v1/registrations", auditor))) != 0 {
			t.Errorf("state %s", state())
		}
		if answer := registerWith(t, p, http.MethodPut, place, own, document(nil)); answer.Status != http.StatusForbidden {
			t.Errorf("a refused client changes itself: %d", answer.Status)
		}
		decide(security, p.Get(path, auditor).Header.Get("ETag"), "live", http.StatusOK)
		// A change of a live application: stored beside wanted.
		if answer := registerWith(t, p, http.MethodPut, place, own, document(map[string]any{"client_name": "新电子税务局", "redirect_uris": []string{"https://evil.example/cb"}})); answer.Status != http.StatusAccepted {
			t.Fatalf("%d %s", answer.Status, answer.Text)
		}
		found := p.Get(path, security)
		for _, part := range []string{`"kind":"change"`, `"field":"client_name"`, `"stored":"电子税务局"`, `"wanted":"新电子税务局"`} {
			if !strings.Contains(found.Text, part) {
				t.Errorf("no %s in %s", part, found.Text)
			}
		}
		if strings.Contains(found.Text, `"field":"grant_types"`) {
			t.Errorf("what stays is shown: %s", found.Text)
		}
		decide(security, found.Header.Get("ETag"), "refused", http.StatusOK)
		if read := p.Get("/api/v1/clients/"+id, auditor); state() != "live" || strings.Contains(read.Text, "新电子税务局") || len(items(t, p.Get("/api/v1/registrations", auditor))) != 0 {
			t.Errorf("%s", read.Text)
		}
		registerWith(t, p, http.MethodPut, place, own, document(map[string]any{"client_name": "新电子税务局"}))
		decide(security, p.Get(path, auditor).Header.Get("ETag"), "live", http.StatusOK)
		if read := p.Get("/api/v1/clients/"+id, auditor); !strings.Contains(read.Text, "新电子税务局") {
			t.Errorf("%s", read.Text)
		}
		if events := audited(t, p, "client.decided"); len(events) != 4 || events[0].Reason != "审核意见" {
			t.Errorf("audited %+v", events)
		}
		// Who was suspended does not put itself back by a change.
		if answer := call(t, p, http.MethodPost, "/api/v1/clients/"+id+"/suspension", security, reasoned); answer.Status != http.StatusOK {
			t.Fatal(answer.Text)
		}
		if answer := registerWith(t, p, http.MethodPut, place, own, document(nil)); answer.Status != http.StatusForbidden || state() != "suspended" {
			t.Errorf("a suspended client changes itself: %d, %s", answer.Status, state())
		}
		if answer := call(t, p, http.MethodPost, "/api/v1/clients/"+id+"/retirement", system, reasoned); answer.Status != http.StatusOK || p.Get(path, security).Status != http.StatusNotFound {
			t.Errorf("a retired client keeps its registration: %d", p.Get(path, security).Status)
		}
	})
}

// TestOwnersSeeRegisteredAgainstReceived: the page of the person stays neutral, the owner sees what did not match.
func TestOwnersSeeRegisteredAgainstReceived(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		c := p.Client(idp.Client{ClientID: "hall", ClientName: "办事大厅"})
		auditor := adminToken(t, p, idp.RoleAuditAdmin)
		wrong := "https://hall.example.gov.cn/callback?code=SECRETCODE&step=2#SECRETFRAGMENT"
		page := authorize(t, p, apptest.AuthorizeQuery(c, url.Values{"redirect_uri": {wrong}}))
		if page.Status != http.StatusBadRequest || strings.Contains(page.Text, "example.gov.cn/cb") || strings.Contains(page.Text, "example.gov.cn%2Fcb") {
			t.Errorf("the public page tells: %d %s", page.Status, page.Text)
		}
		for range 3 { // within the second: counted in memory
			authorize(t, p, apptest.AuthorizeQuery(c, url.Values{"redirect_uri": {wrong}}))
		}
		authorize(t, p, apptest.AuthorizeQuery(c, url.Values{"client_id": {"nobody"}}))
		p.Advance(2 * time.Second)
		last := authorize(t, p, apptest.AuthorizeQuery(c, url.Values{"redirect_uri": {wrong}}))
		p.Advance(2 * time.Second)
		if answer := p.Post("/par", c, apptest.AuthorizeQuery(c, url.Values{"redirect_uri": {"https://old.example.gov.cn/cb"}})); answer.Status != http.StatusBadRequest {
			t.Errorf("pushed: %d %s", answer.Status, answer.Text)
		}
		p.Advance(2 * time.Second)
		if answer := p.Post("/par", c, apptest.AuthorizeQuery(c, url.Values{"client_id": {"another"}})); answer.Status == http.StatusCreated {
			t.Errorf("pushed for another: %d %s", answer.Status, answer.Text)
		}
		answer := p.Get("/api/v1/clients/hall/refused-requests", auditor)
		found := items(t, answer)
		if len(found) < 2 || strings.Contains(answer.Text, "SECRET") {
			t.Fatalf("%d: %s", len(found), answer.Text)
		}
		one := found[len(found)-1]
		if one["received"] != "https://hall.example.gov.cn/callback?code=&step=2" || one["count"] != 5.0 || one["parameter"] != "redirect_uri" || !strings.Contains(last.Text, one["support_code"].(string)) || !strings.Contains(mustJSON(t, one["registered"]), c.RedirectURIs[0]) {
			t.Errorf("%v", one)
		}
		if answer := p.Get("/api/v1/clients/nobody/refused-requests", auditor); answer.Status != http.StatusNotFound {
			t.Errorf("an unknown client: %d", answer.Status)
		}
		p.Advance(idp.KeepRefusals + time.Hour)
		if left := items(t, p.Get("/api/v1/clients/hall/refused-requests", adminToken(t, p, idp.RoleAuditAdmin))); len(left) != 0 {
			t.Errorf("after 14 days: %v", left)
		}
	})
}

// TestClientsOnPages: the form changes what it shows and leaves the rest; a secret is shown once.
func TestClientsOnPages(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		b, ctx := admin(p, idp.RoleSystemAdmin), context.Background()
		fields := map[string]string{"client_id": "hall", "client_name": "办事大厅", "department": "示例市政务局", "redirect_uris": "https://*.gov.cn/cb", "scope": "openid profile", "reason": "上线", "admin-submit": "1"}
		if submit(t, b, p.URL+"/admin/clients/new", fields); b.Page.Status != http.StatusUnprocessableEntity || !strings.Contains(b.Page.Text, "wildcard") {
			t.Fatalf("%d %s", b.Page.Status, b.Page.Text)
		}
		fields["redirect_uris"] = "https://hall.gov.cn/cb\nhttps://hall.gov.cn/cb2"
		if err := b.Submit(ctx, fields); err != nil || b.Page.Status != http.StatusOK || !strings.Contains(b.Page.Text, "yxs_") {
			t.Fatalf("%v %d %s", err, b.Page.Status, b.Page.Text)
		}
		apply(t, p, app.Manifest{Clients: []idp.Client{{ClientID: "hall", ClientName: "办事大厅", Scope: "openid", RedirectURIs: []string{"https://hall.gov.cn/cb"}, TokenSettings: idp.TokenSettings{DPoPBound: true}}}})
		authorize(t, p, apptest.AuthorizeQuery(idp.Client{ClientID: "hall", RedirectURIs: []string{"https://hall.gov.cn/cb/"}}, nil))
		if submit(t, b, p.URL+"/admin/clients/hall/edit", map[string]string{"client_name": "新办事大厅", "max_ial": "3", "reason": "更名", "admin-submit": "1"}); b.Page.Status != http.StatusOK || !strings.Contains(b.Page.Text, "新办事大厅") || strings.Contains(b.Page.Source, "yxs_") {
			t.Fatalf("%d %s", b.Page.Status, b.Page.Text)
		}
		if !strings.Contains(b.Page.Source, "https://hall.gov.cn/cb<mark>/</mark>") {
			t.Errorf("what differs is not marked: %s", b.Page.Text)
		}
		if read := p.Get("/api/v1/clients/hall", adminToken(t, p, idp.RoleAuditAdmin)); !strings.Contains(read.Text, `"dpop_bound_access_tokens":true`) || !strings.Contains(read.Text, `"max_ial":3`) {
			t.Errorf("the form lost a member: %s", read.Text)
		}
		if submit(t, b, p.URL+"/admin/clients/hall/secret", map[string]string{"overlap_hours": "4", "reason": "到期", "admin-submit": "1"}); !strings.Contains(b.Page.Text, "yxs_") || b.Page.Status != http.StatusOK {
			t.Errorf("%d %s", b.Page.Status, b.Page.Text)
		}
		if submit(t, b, p.URL+"/admin/clients/hall", map[string]string{"client-suspend": "1", "reason": ""}); b.Page.Status != http.StatusUnprocessableEntity {
			t.Errorf("without a reason: %d", b.Page.Status)
		}
		if submit(t, b, p.URL+"/admin/clients/hall", map[string]string{"client-suspend": "1", "reason": "停机"}); !b.Page.Has("client-resume") || strings.Contains(b.Page.Source, "yxs_") {
			t.Errorf("%d %s", b.Page.Status, b.Page.Text)
		}
		if err := b.Open(ctx, p.URL+"/admin/clients?state=suspended&q=hall"); err != nil || !strings.Contains(b.Page.Text, "新办事大厅") {
			t.Errorf("%v %s", err, b.Page.Text)
		}
		opened := opening(p, "applied", 1)
		applied(t, p, app.Manifest{InitialAccess: []openplatform.InitialAccess{opened}})
		id := registerWith(t, p, http.MethodPost, p.URL+"/connect/register", opened.Token, metadataOf(nil)).String("client_id")
		if err := b.Open(ctx, p.URL+"/admin/registrations/"+id); err != nil || b.Page.Has("registration-live") || !strings.Contains(b.Page.Text, "tax.example.gov.cn") {
			t.Errorf("the system administrator decides: %v %s", err, b.Page.Text)
		}
		s := admin(p, idp.RoleSecurityAdmin)
		if err := s.Open(ctx, p.URL+"/admin/registrations"); err != nil || !strings.Contains(s.Page.Text, "电子税务局") {
			t.Errorf("%v %s", err, s.Page.Text)
		}
		if submit(t, s, p.URL+"/admin/registrations/"+id, map[string]string{"registration-live": "1", "reason": "材料齐全"}); s.Page.Status != http.StatusOK || !strings.Contains(s.Page.Text, "使用中") {
			t.Errorf("%d %s", s.Page.Status, s.Page.Text)
		}
		if err := s.Open(ctx, p.URL+"/admin/clients/hall/edit"); err != nil || s.Page.Status != http.StatusForbidden {
			t.Errorf("%v %d", err, s.Page.Status)
		}
	})
}
