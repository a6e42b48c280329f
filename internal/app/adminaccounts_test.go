package app_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// TestAdministratorsSuspendAccounts: a list names nobody, a look is audited, and what is suspended is out everywhere at once.
func TestAdministratorsSuspendAccounts(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		p.Persona(mobile, "李四", 2)
		p.Persona("13800138022", "", 0)
		c := p.Client(idp.Client{ClientID: "hall", ClientName: "办事大厅"})
		person := p.SignIn(mobile)
		tokens := p.Redeem(c, p.Code(person, c, nil).Get("code"), nil)
		id := accountOf(t, p, mobile).ID
		security, auditor, system := adminToken(t, p, idp.RoleSecurityAdmin), adminToken(t, p, idp.RoleAuditAdmin), adminToken(t, p, idp.RoleSystemAdmin)

		var all []map[string]any
		for after := ""; ; { // page by page
			answer := p.Get("/api/v1/accounts?"+url.Values{"limit": {"1"}, "after": {after}}.Encode(), auditor)
			if answer.Status != http.StatusOK || strings.Contains(answer.Text, "李") || strings.Contains(answer.Text, mobile) {
				t.Fatalf("%d %s", answer.Status, answer.Text)
			}
			all = append(all, items(t, answer)...)
			if after = answer.String("next"); after == "" {
				break
			}
		}
		if len(all) != 2 || all[1]["id"] != id || all[1]["ial"] != 2.0 || all[0]["ial"] != 0.0 || all[0]["kind"] != "person" {
			t.Fatalf("the newest first: %v", all)
		}
		for query, want := range map[string]int{"state=suspended": 0, "state=active": 2, "kind=organisation": 0, "kind=person": 2} {
			if answer := p.Get("/api/v1/accounts?"+query, security); len(items(t, answer)) != want {
				t.Errorf("%s: %s", query, answer.Text)
			}
		}
		for query, want := range map[string]int{"state=gone": http.StatusUnprocessableEntity, "after=x": http.StatusBadRequest, "limit=201": http.StatusUnprocessableEntity} {
			if answer := p.Get("/api/v1/accounts?"+query, security); answer.Status != want {
				t.Errorf("%s: %d %s", query, answer.Status, answer.Text)
			}
		}
		if answer := p.Get("/api/v1/accounts", system); answer.Status != http.StatusForbidden {
			t.Errorf("a system administrator browses: %d", answer.Status)
		}
		if answer := p.Get("/api/v1/accounts/"+id, auditor); answer.Status != http.StatusOK || answer.String("name") != "李*" || strings.Contains(answer.Text, mobile) || answer.String("state") != "active" {
			t.Errorf("%d %s", answer.Status, answer.Text)
		}
		if looked := audited(t, p, "account.viewed"); len(looked) != 1 || looked[0].ObjectID != id {
			t.Errorf("audited %+v", looked)
		}

		move := func(step, token string, want int) apptest.Answer {
			t.Helper()
			answer := call(t, p, http.MethodPost, "/api/v1/accounts/"+id+"/"+step, token, reasoned)
			if answer.Status != want {
				t.Errorf("%s: %d, want %d: %s", step, answer.Status, want, answer.Text)
			}
			return answer
		}
		move("suspension", auditor, http.StatusForbidden)
		if answer := move("resumption", security, http.StatusConflict); answer.String("code") != string(fault.AccountStep) {
			t.Errorf("%s", answer.Text)
		}
		if answer := move("suspension", security, http.StatusOK); answer.String("state") != "suspended" {
			t.Errorf("%s", answer.Text)
		}
		move("suspension", security, http.StatusConflict)
		if p.Active(c, tokens.String("access_token")) || p.Get("/userinfo", tokens.String("access_token")).Status != http.StatusUnauthorized || p.Refresh(c, tokens.String("refresh_token")).Status != http.StatusBadRequest {
			t.Error("A-30 a token of a suspended account is accepted")
		}
		if open(t, person, p.URL+"/me"); !person.Page.Has("login-submit") {
			t.Error("A-30 its session goes on")
		}
		eventually(t, "the person is not told", func() bool { return told(p, mobile, "账号已被停用") })
		if events := audited(t, p, "account.suspended"); len(events) != 1 || events[0].Reason != "工单 4711" {
			t.Errorf("audited %+v", events)
		}
		move("resumption", security, http.StatusOK)
		eventually(t, "the person is not told", func() bool { return told(p, mobile, "账号已恢复") })
		p.SignIn(mobile)
		for _, path := range []string{"/api/v1/accounts/acc_none", "/api/v1/accounts/x"} {
			if answer := p.Get(path, security); answer.Status != http.StatusNotFound {
				t.Errorf("%s: %d", path, answer.Status)
			}
		}

		b := admin(p, idp.RoleSecurityAdmin)
		open(t, b, p.URL+"/admin/accounts?state=active&kind=person")
		if !strings.Contains(b.Page.Text, id) || strings.Contains(b.Page.Text, "李") {
			t.Errorf("%s", b.Page.Text)
		}
		open(t, b, p.URL+"/admin/accounts/"+id)
		if !strings.Contains(b.Page.Text, "李*") || !b.Page.Has("account-suspend") || b.Page.Has("account-resume") {
			t.Errorf("%s", b.Page.Text)
		}
		for _, try := range []struct {
			reason string
			want   int
		}{{"", http.StatusUnprocessableEntity}, {"工单 4712", http.StatusOK}} {
			if page := submit(t, b, p.URL+"/admin/accounts/"+id, map[string]string{"account-suspend": "1", "reason": try.reason}); page.Status != try.want {
				t.Errorf("%q: %d %s", try.reason, page.Status, page.Text)
			}
		}
		if !b.Page.Has("account-resume") {
			t.Errorf("%s", b.Page.Text)
		}
	})
}

// BenchmarkX06ListOfAccounts opens the first page, a filtered one and one from the middle of a list of 100,000 accounts, each as the
// whole page that a browser gets.
func BenchmarkX06ListOfAccounts(b *testing.B) {
	const accounts = 100_000
	p := benchmarkPlatform(b)
	db, err := sqldb.Open(b.Context(), sqldb.Config{URL: p.Config.Database.URL})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	err = db.Write(b.Context(), func(tx sqldb.Tx) error {
		if _, err := tx.ExecContext(b.Context(), `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
			INSERT INTO idp_account (id, state, password_hash, credentials_at, roles, created_at, updated_at)
			SELECT 'acc_' || i, CASE WHEN i % 100 = 0 THEN 'suspended' ELSE 'active' END, '', 0, '', i, i FROM n`, accounts); err != nil {
			return err
		}
		_, err := tx.ExecContext(b.Context(), `INSERT INTO idp_proof (account_id, id, ial, method, source, at, until_at, key_id, sealed, evidence)
			SELECT id, 'ev_1', 2, 'id_card', 'register', created_at, 0, '', '', '' FROM idp_account WHERE created_at % 3 > 0 AND id LIKE 'acc_%'`)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	browser := admin(p, idp.RoleSecurityAdmin)
	for name, query := range map[string]string{"first": "", "filtered": "?state=suspended"} {
		b.Run(name, func(b *testing.B) {
			measured(b, func() {
				if err := browser.Open(b.Context(), p.URL+"/admin/accounts"+query); err != nil || browser.Page.Status != http.StatusOK || !strings.Contains(browser.Page.Text, "acc_") {
					b.Fatal(err, browser.Page.Status)
				}
			})
		})
	}
}
