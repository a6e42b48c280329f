package app_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
)

func TestAdministratorsRegisterUpstreams(t *testing.T) {
	for _, engine := range engines(t) {
		t.Run(engine.Name, func(t *testing.T) {
			h := newHostile(t)
			p := startFor(t, engine.OpenURL(t), h.host())
			token, auditor := adminToken(t, p, idp.RoleSystemAdmin), adminToken(t, p, idp.RoleAuditAdmin)
			definition := map[string]any{"name": "省平台", "issuer": h.source().Issuer, "client_id": "county", "trusted_identity": true, "levels": map[string]any{"2": 2}}
			put := func(token string, body map[string]any, headers ...string) apptest.Answer {
				return call(t, p, http.MethodPut, "/api/v1/upstreams/province", token, body, headers...)
			}
			body := map[string]any{"definition": definition, "secret": "a secret of tests", "reason": "省平台对接"}
			if answer := put(auditor, body); answer.Status != http.StatusForbidden {
				t.Fatalf("the auditor registers: %d", answer.Status)
			}
			if answer := put(adminToken(t, p, idp.RoleSecurityAdmin), body); answer.Status != http.StatusForbidden {
				t.Fatalf("the security administrator registers: %d", answer.Status)
			}
			answer := put(token, body)
			tag := answer.Header.Get("ETag")
			if answer.Status != http.StatusOK || answer.Body["has_secret"] != true || strings.Contains(answer.Text, "a secret of tests") || tag == "" {
				t.Fatalf("%d %s", answer.Status, answer.Text)
			}
			for name, test := range map[string]struct {
				body    map[string]any
				headers []string
				want    int
			}{
				"no version":      {body, nil, http.StatusPreconditionRequired},
				"another version": {body, []string{"If-Match", `"0"`}, http.StatusPreconditionFailed},
				"unknown member":  {map[string]any{"definition": map[string]any{"issuer": "https://a.example", "client_id": "c", "secret": "s"}, "reason": "x"}, []string{"If-Match", tag}, http.StatusUnprocessableEntity},
				"bad issuer":      {map[string]any{"definition": map[string]any{"issuer": "http://a.example", "client_id": "c"}, "reason": "x"}, []string{"If-Match", tag}, http.StatusUnprocessableEntity},
				"no reason":       {map[string]any{"definition": definition}, []string{"If-Match", tag}, http.StatusUnprocessableEntity},
			} {
				if answer := put(token, test.body, test.headers...); answer.Status != test.want {
					t.Errorf("%s: %d, want %d: %s", name, answer.Status, test.want, answer.Text)
				}
			}
			definition["name"] = "省统一认证"
			changed := put(token, map[string]any{"definition": definition, "reason": "更名"}, "If-Match", tag)
			if changed.Status != http.StatusOK || changed.Header.Get("ETag") == tag || changed.Body["has_secret"] != true || !strings.Contains(changed.Text, "省统一认证") {
				t.Fatalf("%d %s", changed.Status, changed.Text)
			}
			// The same through a file changes nothing, and neither does the test of the connection change the version.
			applied := len(audited(t, p, "upstream.applied"))
			checked := call(t, p, http.MethodPost, "/api/v1/upstreams/province/check", token, nil)
			if checked.Status != http.StatusOK || !strings.Contains(checked.Text, `"outcome":"passed"`) || checked.Header.Get("ETag") != changed.Header.Get("ETag") {
				t.Errorf("%d %s", checked.Status, checked.Text)
			}
			if events := audited(t, p, "upstream.applied"); len(events) != applied || applied != 2 || events[0].Reason == "" {
				t.Errorf("audited %+v", events)
			}
			// What is registered signs people in; out of use it does not.
			signInURL := p.URL + "/login"
			b := p.SignIn(personOf(p))
			if b.Open(context.Background(), p.URL+"/federation"); !strings.Contains(b.Page.Text, "省统一认证") {
				t.Errorf("it is not offered: %s", b.Page.Text)
			}
			if answer := call(t, p, http.MethodPost, "/api/v1/upstreams/province/suspension", token, map[string]string{"reason": "省平台停机"}); answer.Status != http.StatusOK || !strings.Contains(answer.Text, `"disabled":true`) {
				t.Errorf("%d %s", answer.Status, answer.Text)
			}
			if answer := p.Get("/login", ""); strings.Contains(answer.Text, "省统一认证") {
				t.Errorf("%s offers what is out of use", signInURL)
			}
			h.Close()
			if answer := call(t, p, http.MethodPost, "/api/v1/upstreams/province/check", token, nil); !strings.Contains(answer.Text, `"outcome":"silent"`) {
				t.Errorf("%d %s", answer.Status, answer.Text)
			}
			if found := items(t, p.Get("/api/v1/upstreams", auditor)); len(found) != 1 || found[0]["id"] != "province" || strings.Contains(mustJSON(t, found), "secret of tests") {
				t.Errorf("%v", found)
			}
		})
	}
}

// TestOneOfTwoAdministratorsWins: both read the same version, or that there is none, and write at the same moment.
func TestOneOfTwoAdministratorsWins(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		tokens := []string{adminToken(t, p, idp.RoleSystemAdmin), adminToken(t, p, idp.RoleSystemAdmin)}
		both := func(path string, headers []string, lost int, body func(i int) map[string]any) {
			t.Helper()
			var group sync.WaitGroup
			answers := make([]int, len(tokens))
			for i, token := range tokens {
				group.Go(func() { answers[i] = call(t, p, http.MethodPut, path, token, body(i), headers...).Status })
			}
			group.Wait()
			if slices.Sort(answers); answers[0] != http.StatusOK || answers[1] != lost {
				t.Fatalf("the two are answered %v", answers)
			}
		}
		for round := range 10 {
			path := fmt.Sprintf("/api/v1/ticket-bridges/hall-%d", round)
			definition := func(name string) map[string]any {
				return map[string]any{"name": name, "urls": []string{"https://hall.example.gov.cn/in"}, "signature": map[string]any{"algorithm": "hmac_sm3"}}
			}
			both(path, nil, http.StatusPreconditionRequired, func(i int) map[string]any {
				return map[string]any{"definition": definition(fmt.Sprint("大厅", i)), "secret": "a shared secret of tests", "reason": "对接"}
			})
			tag := p.Get(path, tokens[0]).Header.Get("ETag")
			both(path, []string{"If-Match", tag}, http.StatusPreconditionFailed, func(i int) map[string]any {
				return map[string]any{"definition": definition(fmt.Sprint("新大厅", i)), "reason": "更名"}
			})
			read := p.Get(path, tokens[0])
			both(path, []string{"If-Match", read.Header.Get("ETag")}, http.StatusPreconditionFailed, func(i int) map[string]any {
				return map[string]any{"definition": read.Body["definition"], "secret": fmt.Sprint("another shared secret ", i), "reason": "换密钥"}
			})
		}
	})
}

func personOf(p *apptest.Platform) string {
	p.Persona(mobile, "李四", 2)
	return mobile
}

// TestPeersOnPages: the pages write the same form as files of admin apply, for every kind.
func TestPeersOnPages(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		b, ctx := admin(p, idp.RoleSystemAdmin), context.Background()
		for kind, typed := range map[string]string{
			"cas":      "name: 老办事大厅\nurls: [https://hall.example.gov.cn/cas]\nscope: profile phone\n",
			"ticket":   "name: 老门户\nurls: [https://portal.example.gov.cn/in]\nsignature: {algorithm: hmac_sm3}\n",
			"upstream": "name: 市平台\nissuer: https://city.example.gov.cn\nclient_id: county\n",
		} {
			fields := map[string]string{"id": "old", "definition": typed + "unknown: 1\n", "reason": "对接", "admin-submit": "1"}
			if kind != "cas" {
				fields["secret"] = "a shared secret of tests"
			}
			submit(t, b, p.URL+"/admin/peers/"+kind+"/new", fields)
			if b.Page.Status != http.StatusUnprocessableEntity || !strings.Contains(b.Page.Text, "unknown") || strings.Contains(b.Page.Source, "a shared secret") {
				t.Fatalf("%s: %d %s", kind, b.Page.Status, b.Page.Text)
			}
			fields["definition"] = typed
			if err := b.Submit(ctx, fields); err != nil || b.Page.Status != http.StatusOK || b.Page.URL.Path != "/admin/peers/"+kind+"/old" {
				t.Fatalf("%s: %v: %d %s: %s", kind, err, b.Page.Status, b.Page.URL, b.Page.Text)
			}
			if b.Page.Has("peer-check") != (kind == "upstream") || strings.Contains(b.Page.Source, "a shared secret") || strings.Contains(b.Page.Text, "已保存") != (kind != "cas") {
				t.Errorf("%s: %s", kind, b.Page.Text)
			}
			submit(t, b, p.URL+"/admin/peers/"+kind+"/new", fields)
			if b.Page.Status != http.StatusConflict {
				t.Errorf("%s under a taken id: %d", kind, b.Page.Status)
			}
			submit(t, b, p.URL+"/admin/peers/"+kind+"/old/edit", map[string]string{"definition": strings.Replace(typed, "name: ", "name: 新", 1), "reason": "更名", "admin-submit": "1"})
			if b.Page.Status != http.StatusOK || !strings.Contains(b.Page.Text, "新") {
				t.Errorf("%s changed: %d %s", kind, b.Page.Status, b.Page.Text)
			}
			if err := b.Submit(ctx, map[string]string{"peer-suspend": "1", "reason": ""}); err != nil || b.Page.Status != http.StatusUnprocessableEntity {
				t.Errorf("%s without a reason: %v %d", kind, err, b.Page.Status)
			}
			if err := b.Submit(ctx, map[string]string{"peer-suspend": "1", "reason": "停机"}); err != nil || !b.Page.Has("peer-resume") {
				t.Errorf("%s suspended: %v %d %s", kind, err, b.Page.Status, b.Page.Text)
			}
			if err := b.Submit(ctx, map[string]string{"peer-resume": "1", "reason": "恢复"}); err != nil || !b.Page.Has("peer-suspend") {
				t.Errorf("%s resumed: %v %d %s", kind, err, b.Page.Status, b.Page.Text)
			}
		}
		for _, path := range []string{"/admin/peers", "/admin/peers?kind=cas", "/admin/peers?kind=ticket"} {
			if err := b.Open(ctx, p.URL+path); err != nil || b.Page.Status != http.StatusOK || !strings.Contains(b.Page.Text, "old") {
				t.Errorf("%s: %v %d %s", path, err, b.Page.Status, b.Page.Text)
			}
		}
		if err := b.Open(ctx, p.URL+"/admin/peers?kind=saml"); err != nil || b.Page.Status != http.StatusNotFound {
			t.Errorf("an unknown kind: %v %d", err, b.Page.Status)
		}
		// The audit administrator sees the definition and no form.
		a := admin(p, idp.RoleAuditAdmin)
		if err := a.Open(ctx, p.URL+"/admin/peers/upstream/old"); err != nil || a.Page.Status != http.StatusOK || a.Page.Has("admin-edit") || a.Page.Has("peer-suspend") {
			t.Errorf("%v %d %s", err, a.Page.Status, a.Page.Text)
		}
		if err := a.Open(ctx, p.URL+"/admin/peers/upstream/new"); err != nil || a.Page.Status != http.StatusForbidden {
			t.Errorf("%v %d", err, a.Page.Status)
		}
		// What came from the page, a file finds unchanged.
		before := len(audited(t, p, "cas.applied"))
		m, err := app.ReadManifest([]byte("cas_services: [{id: old, name: 新老办事大厅, urls: [https://hall.example.gov.cn/cas], scope: profile phone}]"))
		if err != nil {
			t.Fatal(err)
		}
		apply(t, p, m)
		if after := len(audited(t, p, "cas.applied")); after != before || before == 0 {
			t.Errorf("%d changes became %d", before, after)
		}
	})
}
