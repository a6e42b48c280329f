package app_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/federation"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
)

// TestPeersAreChangedByTwo: what is registered or changed of sources, services and bridges, and what is put into use again, waits for a
// second person, bound to what was read; taking out of use and files of the operator do not.
func TestPeersAreChangedByTwo(t *testing.T) {
	onEngines(t, func(t *testing.T, database string) {
		cfg := apptest.NewConfig(t, database, t.TempDir())
		two := true
		cfg.Staff.PeersByTwo = &two
		p := apptest.StartWith(t, cfg)
		system, security, auditor := adminToken(t, p, idp.RoleSystemAdmin), adminToken(t, p, idp.RoleSecurityAdmin), adminToken(t, p, idp.RoleAuditAdmin)
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
		for path, one := range map[string]struct {
			kind       string
			definition map[string]any
			change     [2]any // member and its other value
			secret     string
		}{
			"upstreams":      {"upstream", map[string]any{"name": "省平台", "issuer": "https://id.province.example", "client_id": "county", "end_session": true}, [2]any{"issuer", "https://id.other.example"}, "a secret of tests"},
			"cas-services":   {"cas", map[string]any{"name": "档案", "urls": []string{"https://a.example.gov.cn/"}, "scope": "profile", "proxy_urls": []string{"https://a.example.gov.cn/pgt"}}, [2]any{"urls", []string{"https://b.example.gov.cn/"}}, ""},
			"ticket-bridges": {"ticket", map[string]any{"name": "旧系统", "urls": []string{"https://a.example.gov.cn/"}, "scope": "profile", "signature": map[string]any{"algorithm": "hmac_sm3"}}, [2]any{"urls", []string{"https://b.example.gov.cn/"}}, "a secret of tests"},
		} {
			address := "/api/v1/" + path + "/one"
			put := func(changes map[string]any, secret string) apptest.Answer {
				t.Helper()
				definition := map[string]any{}
				for _, members := range []map[string]any{one.definition, changes} {
					for name, value := range members {
						definition[name] = value
					}
				}
				body := map[string]any{"definition": definition, "reason": "对接"}
				if secret != "" {
					body["secret"] = secret
				}
				if tag := p.Get(address, system).Header.Get("ETag"); tag != "" {
					return call(t, p, http.MethodPut, address, system, body, "If-Match", tag)
				}
				return call(t, p, http.MethodPut, address, system, body)
			}
			move := func(token, step string) apptest.Answer {
				return call(t, p, http.MethodPost, address+"/"+step, token, map[string]any{"reason": "检修"})
			}
			// A new one is not there until somebody else says so.
			made := put(nil, one.secret)
			id, digest := waits(made)
			if p.Get(address, auditor).Status != http.StatusNotFound || made.Header.Get("ETag") != "" || !strings.Contains(made.Text, one.definition["name"].(string)) {
				t.Errorf("%s: it is there already: %s", path, made.Text)
			}
			if found := item(id); found.String("event") != "partner.created" || found.String("kind") != "partner."+one.kind || !strings.Contains(found.Text, `"field":"name"`) || (found.Body["new_secret"] == true) != (one.secret != "") || strings.Contains(found.Text, "secret of tests") {
				t.Errorf("%s: %s", path, found.Text)
			}
			decide(system, id, digest, true, http.StatusForbidden)
			decide(auditor, id, digest, true, http.StatusForbidden)
			decide(security, id, strings.Repeat("0", 64), true, http.StatusPreconditionFailed)
			decide(security, id, digest, true, http.StatusOK)
			decide(security, id, digest, true, http.StatusConflict)
			if read := p.Get(address, auditor); read.Status != http.StatusOK || (read.Body["has_secret"] == true) != (one.secret != "") {
				t.Fatalf("%s: %d %s", path, read.Status, read.Text)
			}
			if answer := put(nil, one.secret); answer.Status != http.StatusOK || answer.String("proposal") != "" {
				t.Errorf("%s: the same waits: %d %s", path, answer.Status, answer.Text)
			}
			// What was read is no longer there: the first of two proposals wins, the other is dead.
			first, firstDigest := waits(put(map[string]any{"name": "第一"}, ""))
			second, secondDigest := waits(put(map[string]any{one.change[0].(string): one.change[1]}, ""))
			if !strings.Contains(item(second).Text, `"stored"`) {
				t.Errorf("%s: %s", path, item(second).Text)
			}
			decide(security, second, secondDigest, true, http.StatusOK)
			decide(security, first, firstDigest, true, http.StatusPreconditionFailed)
			if read := p.Get(address, auditor); strings.Contains(read.Text, "第一") || (read.Body["has_secret"] == true) != (one.secret != "") {
				t.Errorf("%s: %s", path, read.Text)
			}
			// Stopping takes one, alone and nothing with it; putting into use again two.
			if answer := put(map[string]any{"disabled": true, "name": "另一个"}, ""); answer.Status != http.StatusAccepted {
				t.Errorf("%s: a change beside the stop: %d %s", path, answer.Status, answer.Text)
			}
			if answer := move(security, "suspension"); answer.Status != http.StatusForbidden {
				t.Errorf("%s: %d", path, answer.Status)
			}
			before := p.Get(address, auditor)
			stopped := move(system, "suspension")
			if stopped.Status != http.StatusOK || stopped.String("proposal") != "" || !strings.Contains(stopped.Text, `"disabled":true`) {
				t.Fatalf("%s: %d %s", path, stopped.Status, stopped.Text)
			}
			for _, kept := range []string{"end_session", "proxy_urls"} {
				if strings.Contains(before.Text, kept) != strings.Contains(stopped.Text, kept) {
					t.Errorf("%s: %s was lost: %s", path, kept, stopped.Text)
				}
			}
			id, digest = waits(move(system, "resumption"))
			if item(id).String("event") != "partner.resumed" || !strings.Contains(p.Get(address, auditor).Text, `"disabled":true`) {
				t.Errorf("%s: %s", path, item(id).Text)
			}
			decide(security, id, digest, false, http.StatusOK)
			id, digest = waits(move(system, "resumption"))
			decide(security, id, digest, true, http.StatusOK)
			if strings.Contains(p.Get(address, auditor).Text, `"disabled":true`) {
				t.Errorf("%s: still out of use", path)
			}
			if one.secret != "" {
				old := p.Get(address, system).Header.Get("ETag")
				id, digest = waits(put(map[string]any{one.change[0].(string): one.change[1]}, "another secret of tests"))
				if found := item(id); found.Body["new_secret"] != true || strings.Contains(found.Text, `"changes":[{`) {
					t.Errorf("%s: %s", path, found.Text)
				}
				decide(security, id, digest, true, http.StatusOK)
				if p.Get(address, system).Header.Get("ETag") == old {
					t.Errorf("%s: the secret is the one before", path)
				}
			}
		}
		// A file is the operator's own way, and kills what was proposed for what lay there.
		tag := p.Get("/api/v1/upstreams/one", system).Header.Get("ETag")
		id, digest := waits(call(t, p, http.MethodPut, "/api/v1/upstreams/one", system, map[string]any{"definition": map[string]any{"issuer": "https://id.third.example", "client_id": "county"}, "reason": "对接"}, "If-Match", tag))
		apply(t, p, app.Manifest{Upstreams: []federation.Source{{ID: "one", Name: "文件", Issuer: "https://id.file.example", ClientID: "county"}}})
		decide(security, id, digest, true, http.StatusPreconditionFailed)
		tag = p.Get("/api/v1/upstreams/one", system).Header.Get("ETag")
		if answer := call(t, p, http.MethodPut, "/api/v1/upstreams/one", system, map[string]any{"definition": map[string]any{"issuer": "https://id.file.example", "client_id": "county", "staff": true}, "reason": "对接"}, "If-Match", tag); answer.Status != http.StatusUnprocessableEntity {
			t.Errorf("a source of citizens becomes one of staff: %d %s", answer.Status, answer.Text)
		}

		// The pages do the same.
		p.Persona("13800138041", "赵敏", 2, idp.RoleSystemAdmin)
		p.Persona("13800138042", "钱进", 2, idp.RoleSecurityAdmin)
		one, other := p.SignInStaff("13800138041"), p.SignInStaff("13800138042")
		if page := opened(t, one, p.URL+"/admin/peers/cas/new"); !strings.Contains(page.Text, "在待办中批准后生效") {
			t.Errorf("%s", page.Text)
		}
		page := press(t, one, map[string]string{"id": "archive", "definition": "name: 档案查询\nurls: [https://a.example.gov.cn/]\nscope: profile\n", "reason": "对接 7 号"})
		if !strings.HasPrefix(page.URL.Path, "/admin/inbox/") || page.Has("proposal-approve") || !page.Has("proposal-withdraw") || !strings.Contains(page.Text, "档案查询") {
			t.Fatalf("%d %s: %s", page.Status, page.URL, page.Text)
		}
		if page := submit(t, other, p.URL+page.URL.Path, map[string]string{"proposal-approve": "1", "reason": "已核对"}); page.Status != http.StatusOK || !strings.Contains(page.Text, "已办理") {
			t.Fatalf("%d %s", page.Status, page.Text)
		}
		archive := p.URL + "/admin/peers/cas/archive"
		if page := submit(t, one, archive, map[string]string{"peer-suspend": "1", "reason": "检修"}); page.Status != http.StatusOK || !page.Has("peer-resume") {
			t.Errorf("%d %s", page.Status, page.Text)
		}
		if page := submit(t, one, archive, map[string]string{"peer-resume": "1", "reason": "检修完毕"}); !strings.HasPrefix(page.URL.Path, "/admin/inbox/") || !strings.Contains(page.Text, "恢复使用") {
			t.Errorf("%d %s: %s", page.Status, page.URL, page.Text)
		}
		if events := audited(t, p, "cas.applied"); len(events) == 0 || len(audited(t, p, "proposal.executed")) == 0 {
			t.Error("not audited")
		}
	})
}
