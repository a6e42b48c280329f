package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// audited are the stored events of a type, in no order.
func audited(t *testing.T, p *apptest.Platform, kind string) (all []audit.Event) {
	t.Helper()
	db, err := sqldb.Open(context.Background(), sqldb.Config{URL: p.Config.Database.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Read().QueryContext(context.Background(), "SELECT object_id, body FROM audit_event WHERE type = $1", kind)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, body string
		var e audit.Event
		if err := rows.Scan(&id, &body); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(body), &e); err != nil {
			t.Fatal(err)
		}
		e.ObjectID = id
		all = append(all, e)
	}
	return all
}

// toldParty is a relying party that is told of logouts.
func toldParty(p *apptest.Platform, id string, o *portal) idp.Client {
	return p.Client(idp.Client{ClientID: id, ClientName: "门户 " + id, ApplicationType: "native", BackchannelLogoutURI: o.URL + "/out", RedirectURIs: []string{"http://127.0.0.1/cb"}})
}

func (o *portal) waitFor(t *testing.T, n int) {
	t.Helper()
	for began := time.Now(); len(o.told()) < n; time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > 50*time.Second {
			t.Fatalf("the portal has %d logout tokens, want %d", len(o.told()), n)
		}
	}
}

func TestAdministratorsEndSessions(t *testing.T) {
	for _, engine := range engines(t) {
		t.Run(engine.Name, func(t *testing.T) {
			o := newTokenPortal(t)
			p := startFor(t, engine.OpenURL(t), strings.TrimPrefix(o.URL, "http://"))
			p.Persona(mobile, "李四", 2)
			c, ctx := toldParty(p, "a", o), context.Background()
			var refresh []string
			for range 2 {
				b := p.SignIn(mobile)
				refresh = append(refresh, p.Redeem(c, signInFor(t, p, b, c, nil), nil).String("refresh_token"))
			}
			account := accountOf(t, p, mobile).ID
			b := admin(p, idp.RoleSecurityAdmin)
			submit(t, b, p.URL+"/admin/sessions", map[string]string{"person": mobile, "reason": ""})
			if b.Page.Status != http.StatusUnprocessableEntity || len(audited(t, p, "account.looked_up")) != 0 {
				t.Fatalf("a search without a reason: %d", b.Page.Status)
			}
			submit(t, b, p.URL+"/admin/sessions", map[string]string{"person": "13800138077", "reason": "工单 1"})
			if b.Page.Status != http.StatusNotFound {
				t.Fatalf("nobody: %d", b.Page.Status)
			}
			submit(t, b, p.URL+"/admin/sessions", map[string]string{"person": mobile, "reason": "工单 2"})
			if b.Page.Status != http.StatusOK || !strings.Contains(b.Page.Text, "李*") || strings.Contains(b.Page.Source, mobile) || strings.Contains(b.Page.URL.String(), mobile) {
				t.Fatalf("%d %s %s", b.Page.Status, b.Page.URL, b.Page.Text)
			}
			looked := audited(t, p, "account.looked_up")
			seen := fmt.Sprint(looked)
			if len(looked) != 2 || !strings.Contains(seen, "工单 1") || !strings.Contains(seen, "工单 2") || strings.Contains(seen, "138001380") || !strings.Contains(seen, account) {
				t.Fatalf("audited %+v", looked)
			}
			token, auditor := adminToken(t, p, idp.RoleSecurityAdmin), adminToken(t, p, idp.RoleAuditAdmin)
			var sids []string
			for after := ""; ; { // page by page
				answer := p.Get("/api/v1/sessions?"+url.Values{"account": {account}, "limit": {"1"}, "after": {after}}.Encode(), auditor)
				for _, one := range items(t, answer) {
					sid, _ := one["sid"].(string)
					sids = append(sids, sid)
				}
				if after = answer.String("next"); after == "" {
					break
				}
			}
			if len(sids) != 2 {
				t.Fatalf("sessions %v", sids)
			}
			reason := map[string]string{"reason": "工单 3"}
			for who, want := range map[string]int{auditor: http.StatusForbidden, adminToken(t, p, idp.RoleSystemAdmin): http.StatusForbidden} {
				if answer := call(t, p, http.MethodPost, "/api/v1/sessions/"+sids[0]+"/termination", who, reason); answer.Status != want {
					t.Errorf("%d %s", answer.Status, answer.Text)
				}
			}
			if answer := call(t, p, http.MethodPost, "/api/v1/sessions/"+sids[0]+"/termination", token, map[string]string{"reason": " "}); answer.Status != http.StatusUnprocessableEntity {
				t.Errorf("without a reason: %d", answer.Status)
			}
			if answer := call(t, p, http.MethodPost, "/api/v1/sessions/sid_none/termination", token, reason); answer.Status != http.StatusNotFound {
				t.Errorf("no such session: %d", answer.Status)
			}
			answer := call(t, p, http.MethodPost, "/api/v1/sessions/"+sids[0]+"/termination", token, reason)
			if answer.Status != http.StatusOK || answer.String("state") != "ended" || answer.Header.Get("ETag") == "" {
				t.Fatalf("%d %s", answer.Status, answer.Text)
			}
			o.waitFor(t, 1)
			for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
				answer = p.Get("/api/v1/sessions/"+sids[0], auditor)
				if text := answer.Text; strings.Contains(text, `"state":"done"`) && strings.Contains(text, `"name":"门户 a"`) {
					break
				} else if time.Since(began) > 20*time.Second {
					t.Fatalf("the delivery is not told: %s", text)
				}
			}
			if ended := audited(t, p, "session.ended"); len(ended) != 1 || ended[0].Reason != "工单 3" || !strings.HasPrefix(ended[0].Actor, "client:console") {
				t.Errorf("audited %+v", ended)
			}
			alive := 0
			for _, value := range refresh {
				if p.Refresh(c, value).Status == http.StatusOK {
					alive++
				}
			}
			if alive != 1 {
				t.Errorf("%d of 2 grants live on", alive)
			}
			// The rest from the page.
			if err := b.Submit(ctx, map[string]string{"sessions-end": "1", "reason": "工单 4"}); err != nil || b.Page.Status != http.StatusOK || b.Page.Has("sessions-end") {
				t.Fatalf("%v: %d %s", err, b.Page.Status, b.Page.Text)
			}
			o.waitFor(t, 2)
			if err := b.Open(ctx, p.URL+"/admin/sessions/"+sids[1]); err != nil || !strings.Contains(b.Page.Text, "已结束") || !b.Page.Has("notices") {
				t.Errorf("%v: %s", err, b.Page.Text)
			}
		})
	}
}

// TestSuspensionTellsTheSystems: an account that is suspended leaves the systems that it signed in to, as with any logout.
func TestSuspensionTellsTheSystems(t *testing.T) {
	for _, engine := range engines(t) {
		t.Run(engine.Name, func(t *testing.T) {
			o := newTokenPortal(t)
			p := startFor(t, engine.OpenURL(t), strings.TrimPrefix(o.URL, "http://"))
			p.Persona(mobile, "李四", 2)
			c := toldParty(p, "a", o)
			for range 2 {
				signInFor(t, p, p.SignIn(mobile), c, nil)
			}
			account := accountOf(t, p, mobile).ID
			if err := p.App.Accounts.SetState(context.Background(), account, idp.AccountSuspended, "court order"); err != nil {
				t.Fatal(err)
			}
			o.waitFor(t, 2)
			if ended := audited(t, p, "session.ended"); len(ended) != 2 {
				t.Errorf("audited %+v", ended)
			}
			if found := items(t, p.Get("/api/v1/sessions?account="+account, adminToken(t, p, idp.RoleAuditAdmin))); len(found) != 2 || found[0]["state"] != "ended" {
				t.Errorf("sessions %v", found)
			}
			if err := p.App.Accounts.SetState(context.Background(), account, idp.AccountActive, "lifted"); err != nil {
				t.Fatal(err)
			}
			if ended := audited(t, p, "session.ended"); len(ended) != 2 {
				t.Errorf("reopening ended sessions: %+v", ended)
			}
		})
	}
}

func TestAdministratorsRevokeGrants(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		p.Persona(mobile, "李四", 2)
		c, other := p.Client(idp.Client{ClientID: "desk", ClientName: "办事大厅"}), p.Client(idp.Client{ClientID: "other"})
		b := p.SignIn(mobile)
		first := p.Redeem(c, p.Code(b, c, nil).Get("code"), nil)
		second := p.Refresh(c, first.String("refresh_token"))
		third := p.Redeem(c, p.Code(b, c, nil).Get("code"), nil)
		apart := p.Redeem(other, p.Code(b, other, nil).Get("code"), nil)
		token, auditor := adminToken(t, p, idp.RoleSecurityAdmin), adminToken(t, p, idp.RoleAuditAdmin)
		account := accountOf(t, p, mobile).ID

		lookUp := func(value string) apptest.Answer {
			t.Helper()
			answer := call(t, p, http.MethodPost, "/api/v1/tokens/lookup", auditor, map[string]string{"token": value})
			if answer.Status != http.StatusOK || strings.Contains(answer.Text, value) {
				t.Fatalf("%d %s", answer.Status, answer.Text)
			}
			return answer
		}
		for name, test := range map[string]struct {
			value, kind string
			active      bool
		}{
			"access": {second.String("access_token"), "access", true}, "refresh": {second.String("refresh_token"), "refresh", true}, "exchanged refresh": {first.String("refresh_token"), "refresh", false},
			"none": {"yxr_none", "unknown", false}, "id token": {first.String("id_token"), "unknown", false},
		} {
			found := lookUp(test.value)
			if active, _ := found.Body["active"].(bool); found.String("kind") != test.kind || active != test.active || test.kind != "unknown" && (found.String("account_id") != account || found.String("client_id") != "desk") {
				t.Errorf("%s: %s", name, found.Text)
			}
		}
		id := lookUp(second.String("access_token")).String("grant_id")
		detail := p.Get("/api/v1/grants/"+id, auditor)
		if detail.Status != http.StatusOK || detail.String("state") != "active" || !strings.Contains(detail.Text, `"exchanges":1`) || !strings.Contains(detail.Text, `"sender_constraint":"none"`) || !strings.Contains(detail.Text, `"profile"`) {
			t.Errorf("%d %s", detail.Status, detail.Text)
		}
		var seen []string
		for after := ""; ; {
			answer := p.Get("/api/v1/grants?"+url.Values{"account": {account}, "limit": {"2"}, "after": {after}}.Encode(), auditor)
			for _, one := range items(t, answer) {
				seen = append(seen, fmt.Sprint(one["client_id"]))
			}
			if after = answer.String("next"); after == "" {
				break
			}
		}
		if fmt.Sprint(seen) != "[other desk desk]" {
			t.Errorf("grants %v", seen)
		}
		if answer := p.Get("/api/v1/grants", auditor); answer.Status != http.StatusUnprocessableEntity {
			t.Errorf("a list of everything: %d", answer.Status)
		}
		// One grant from its page.
		page := admin(p, idp.RoleSecurityAdmin)
		submit(t, page, p.URL+"/admin/grants/"+id, map[string]string{"grant-revoke": "1", "reason": "用户投诉"})
		if page.Page.Status != http.StatusOK || page.Page.Has("grant-revoke") || p.Active(c, second.String("access_token")) || !p.Active(c, third.String("access_token")) {
			t.Fatalf("%d %s", page.Page.Status, page.Page.Text)
		}
		if revoked := audited(t, p, "grant.revoked"); len(revoked) != 1 || revoked[0].Reason != "用户投诉" || revoked[0].ObjectID != id {
			t.Errorf("audited %+v", revoked)
		}
		// All of a client: the number is confirmed.
		if answer := p.Get("/api/v1/grants/count?client=desk", auditor); answer.Body["live"] != float64(1) {
			t.Fatalf("%s", answer.Text)
		}
		all := map[string]any{"client_id": "desk", "live": 2, "reason": "应用下线"}
		if answer := call(t, p, http.MethodPost, "/api/v1/grants/revocation", token, all); answer.Status != http.StatusConflict || !p.Active(c, third.String("access_token")) {
			t.Errorf("another number: %d", answer.Status)
		}
		if err := page.Open(ctx, p.URL+"/admin/grants/all?client=desk"); err != nil || page.Page.Hidden("live") != "1" {
			t.Fatalf("%v: %s", err, page.Page.Text)
		}
		if err := page.Submit(ctx, map[string]string{"admin-submit": "1", "reason": "应用下线"}); err != nil || page.Page.Status != http.StatusOK {
			t.Fatalf("%v: %d %s", err, page.Page.Status, page.Page.Text)
		}
		if p.Active(c, third.String("access_token")) || !p.Active(other, apart.String("access_token")) {
			t.Error("not the grants of this client were revoked")
		}
		if revoked := audited(t, p, "client.grants_revoked"); len(revoked) != 1 || revoked[0].Details["grants"] != "1" || revoked[0].Reason != "应用下线" {
			t.Errorf("audited %+v", revoked)
		}
		// A token that stands on no grant ends by itself.
		m := machine(p, "robot", func(*idp.Client) {})
		lone := clientToken(p, m).String("access_token")
		if answer := call(t, p, http.MethodPost, "/api/v1/tokens/revocation", auditor, map[string]string{"token": lone, "reason": "泄露"}); answer.Status != http.StatusForbidden {
			t.Errorf("the auditor revokes: %d", answer.Status)
		}
		if answer := call(t, p, http.MethodPost, "/api/v1/tokens/revocation", token, map[string]string{"token": lone, "reason": "泄露"}); answer.Status != http.StatusOK || answer.Body["active"] != false || answer.String("client_id") != "robot" {
			t.Errorf("%d %s", answer.Status, answer.Text)
		}
		submit(t, page, p.URL+"/admin/grants/token", map[string]string{"token": lone})
		if page.Page.Status != http.StatusOK || !strings.Contains(page.Page.Text, "robot") || strings.Contains(page.Page.Source, lone) {
			t.Errorf("%d %s", page.Page.Status, page.Page.Text)
		}
		if strings.Contains(p.Log.String(), lone) {
			t.Error("the token stands in the log")
		}
	})
}
