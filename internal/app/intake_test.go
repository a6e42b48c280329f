package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

func TestSystemAdministratorsImportAccounts(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		system, security, auditor := adminToken(t, p, idp.RoleSystemAdmin), adminToken(t, p, idp.RoleSecurityAdmin), adminToken(t, p, idp.RoleAuditAdmin)
		order := func(changes map[string]any) map[string]any {
			body := map[string]any{"reason": "旧门户下线", "source": "old", "format": "csv",
				"content": "external_id,mobile,password_hash\nu1,13900000701,md5$salt$a71dbbbf5271f1d7303eaa90c3ea791c\nu2,13900000702,plain\nu3,13900000701,\n"}
			for name, value := range changes {
				body[name] = value
			}
			return body
		}
		for name, test := range map[string]struct {
			token string
			body  map[string]any
			want  int
		}{
			"nobody": {"", order(nil), http.StatusUnauthorized}, "security": {security, order(nil), http.StatusForbidden}, "auditor": {auditor, order(nil), http.StatusForbidden}, "no reason": {system, order(map[string]any{"reason": ""}), http.StatusUnprocessableEntity},
			"another source name": {system, order(map[string]any{"source": "Old Portal"}), http.StatusUnprocessableEntity}, "no column": {system, order(map[string]any{"content": "mobile\n1\n"}), http.StatusUnprocessableEntity}, "not JSON": {system, order(map[string]any{"format": "json"}), http.StatusUnprocessableEntity},
			"a mapping of nothing": {system, order(map[string]any{"mapping": map[string]any{"columns": map[string]string{"phone": "x"}}}), http.StatusUnprocessableEntity}, "a partner that is none": {system, order(map[string]any{"trust_source": "nobody"}), http.StatusUnprocessableEntity},
			"too large": {system, order(map[string]any{"content": strings.Repeat("x", 8<<20+1)}), http.StatusRequestEntityTooLarge},
		} {
			if answer := call(t, p, http.MethodPost, "/api/v1/account-imports", test.token, test.body); answer.Status != test.want {
				t.Errorf("%s: %d, want %d: %.200s", name, answer.Status, test.want, answer.Text)
			}
		}
		dry := call(t, p, http.MethodPost, "/api/v1/account-imports", system, order(map[string]any{"dry_run": true}))
		if left, _ := dry.Body["left"].([]any); dry.Status != http.StatusAccepted || dry.Body["dry_run"] != true || len(left) != 2 || !strings.Contains(dry.Text, "identifier_repeated") || strings.Contains(dry.Text, "13900000701") {
			t.Fatalf("%d %s", dry.Status, dry.Text)
		}
		started := call(t, p, http.MethodPost, "/api/v1/account-imports", system, order(nil))
		id := started.String("id")
		if started.Status != http.StatusAccepted || id == "" {
			t.Fatalf("%d %s", started.Status, started.Text)
		}
		var job apptest.Answer
		for range 1000 {
			if job = p.Get("/api/v1/account-imports/"+id, auditor); job.String("state") == "finished" {
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		if counts, _ := job.Body["counts"].(map[string]any); job.String("state") != "finished" || counts["imported"] != 1.0 || counts["hash_unknown"] != 1.0 || counts["identifier_repeated"] != 1.0 {
			t.Fatalf("%d %s", job.Status, job.Text)
		}
		first := p.Get("/api/v1/account-imports/"+id+"/rows?limit=2", auditor)
		rows := items(t, first)
		second := items(t, p.Get("/api/v1/account-imports/"+id+"/rows?limit=2&after="+first.String("next"), auditor))
		if len(rows) != 2 || rows[0]["code"] != "imported" || rows[0]["account_id"] == "" || rows[1]["code"] != "hash_unknown" || len(second) != 1 || second[0]["code"] != "identifier_repeated" {
			t.Errorf("%v %v", rows, second)
		}
		for path, want := range map[string]int{"/api/v1/account-imports/imp_none": http.StatusNotFound, "/api/v1/account-imports/x": http.StatusNotFound, "/api/v1/account-imports/imp_none/rows": http.StatusNotFound, "/api/v1/account-imports/" + id + "/rows?after=x": http.StatusBadRequest} {
			if answer := p.Get(path, auditor); answer.Status != want {
				t.Errorf("%s: %d", path, answer.Status)
			}
		}
		if page := submit(t, walk.New(nil), p.URL+"/login", map[string]string{"login-identifier": "13900000701", "login-password": "Password-1"}); page.URL.Path != "/me" {
			t.Errorf("the imported person does not get in: %d %s", page.Status, page.URL)
		}
		if log := p.Log.String(); strings.Contains(log, "13900000701") || strings.Contains(log, "a71dbbbf") {
			t.Error("a number or a hash stands in the log")
		}
	})
}
