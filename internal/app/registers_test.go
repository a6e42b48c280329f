package app_test

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// registerToken is an access token of the service client of a register.
func registerToken(t *testing.T, p *apptest.Platform) string {
	t.Helper()
	c := p.Client(idp.Client{ClientID: "police", ClientName: "人口登记机关", GrantTypes: []string{"client_credentials"}, Scope: idp.RoleRegisterFeed})
	answer := p.Post("/token", c, url.Values{"grant_type": {"client_credentials"}, "scope": {idp.RoleRegisterFeed}})
	if answer.Status != http.StatusOK {
		t.Fatal(answer.Text)
	}
	return answer.String("access_token")
}

func deceased(id string) map[string]any {
	return map[string]any{"events": []any{map[string]any{"id": id, "type": "deceased", "name": "张三", "document": map[string]any{"id_type": "citizen_id", "id_number": "11010519491231002X"}}}}
}

func outcome(answer apptest.Answer) string {
	results, _ := answer.Body["results"].([]any)
	if len(results) != 1 {
		return answer.Text
	}
	word, _ := results[0].(map[string]any)["outcome"].(string)
	return word
}

func TestDeathEndsSessionsAndTwoAdministratorsRevertIt(t *testing.T) {
	p := apptest.Start(t, "sqlite:"+t.TempDir()+"/yinxin.db")
	p.Persona(holder, "张三", 2)
	b := p.SignIn(holder)
	portal := p.Client(idp.Client{ClientID: "portal"})
	tokens := p.Redeem(portal, p.Code(b, portal, nil).Get("code"), nil)
	token := registerToken(t, p)
	p.Persona(helper, "王小明", 2)
	agent := ownerOf(t, p, helper).ID
	give(t, p, ownerOf(t, p, holder).ID, agent, mandate.Terms{})
	const path = "/api/v1/register-events"
	for name, answer := range map[string]apptest.Answer{
		"nobody":        call(t, p, http.MethodPost, path, "", deceased("1")),
		"another scope": call(t, p, http.MethodPost, path, adminToken(t, p, idp.RoleSecurityAdmin), deceased("1")),
	} {
		if answer.Status != http.StatusUnauthorized && answer.Status != http.StatusForbidden {
			t.Errorf("%s: %d", name, answer.Status)
		}
	}
	if answer := call(t, p, http.MethodPost, path, token, map[string]any{"events": []any{map[string]any{"id": "1", "type": "deceased", "more": 1}}}); answer.Status != http.StatusUnprocessableEntity {
		t.Errorf("an unknown member: %d %s", answer.Status, answer.Text)
	}
	if answer := call(t, p, http.MethodPost, path, token, map[string]any{"events": []any{}}); answer.Status != http.StatusUnprocessableEntity {
		t.Errorf("no events: %d", answer.Status)
	}
	if err := p.App.Apply(context.Background(), app.Manifest{Staff: []app.Staff{{Login: "z001", Name: "张三", Account: holder}}}); err != nil {
		t.Fatal(err)
	}
	if answer := call(t, p, http.MethodPost, path, token, deceased("1")); answer.Status != http.StatusOK || outcome(answer) != "accepted" || strings.Contains(answer.Text, "11010519491231002X") {
		t.Fatalf("%d %s", answer.Status, answer.Text)
	}
	if answer := call(t, p, http.MethodPost, path, token, deceased("1")); outcome(answer) != "duplicate" {
		t.Errorf("again: %s", answer.Text)
	}
	if err := b.Open(context.Background(), p.URL+"/me"); err != nil || b.Page.URL.Path != "/login" {
		t.Errorf("the session lives: %s", b.Page.URL)
	}
	if refreshed := p.Refresh(portal, tokens.String("refresh_token")); refreshed.String("error") != "invalid_grant" {
		t.Errorf("the grant lives: %s", refreshed.Text)
	}
	for wait := 0; ; wait++ { // the message to the room of mandates travels by the outbox
		live, err := p.App.Mandates.Live(context.Background(), agent)
		if err != nil || wait > 200 {
			t.Fatalf("the mandate lives: %v, %d", err, len(live))
		}
		if len(live) == 0 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	eventually(t, "the account of staff goes on", func() bool { return memberOf(t, p, "z001").State == staff.MemberSuspended })
	// The reversal waits for two administrators.
	revert := deceased("2")
	revert["events"].([]any)[0].(map[string]any)["type"] = "death_reverted"
	if answer := call(t, p, http.MethodPost, path, token, revert); outcome(answer) != "accepted" {
		t.Fatal(answer.Text)
	}
	first := admin(p, idp.RoleSecurityAdmin)
	p.Persona("13800138084", "", 0, idp.RoleSecurityAdmin)
	second := p.SignInStaff("13800138084")
	if err := first.Open(context.Background(), p.URL+"/admin/corrections"); err != nil || first.Page.Status != http.StatusOK || !strings.Contains(first.Page.Text, "撤销误报的死亡") {
		t.Fatalf("%v %s", err, first.Page.Text)
	}
	waiting := call(t, p, http.MethodGet, "/api/v1/identity-corrections", adminToken(t, p, idp.RoleAuditAdmin), nil)
	items, _ := waiting.Body["items"].([]any)
	if len(items) != 1 || strings.Contains(waiting.Text, "11010519491231002X") {
		t.Fatal(waiting.Text)
	}
	id, _ := items[0].(map[string]any)["id"].(string)
	page := submit(t, first, p.URL+"/admin/corrections/"+id, map[string]string{"correction-approve": "1", "reason": "公安函 1 号"})
	if page.Status != http.StatusOK || !page.Has("correction-approve") {
		t.Errorf("the first: %d %s", page.Status, page.Text)
	}
	if page = submit(t, first, p.URL+"/admin/corrections/"+id, map[string]string{"correction-approve": "1", "reason": "公安函 1 号"}); page.Status != fault.MetaOf(fault.CorrectionSelf).Status {
		t.Errorf("the first once more: %d", page.Status)
	}
	if page = submit(t, second, p.URL+"/admin/corrections/"+id, map[string]string{"correction-approve": "1", "reason": "公安函 1 号"}); page.Status != http.StatusOK || page.Has("correction-approve") || !strings.Contains(page.Text, "已办理") {
		t.Errorf("the second: %d %s", page.Status, page.Text)
	}
	if again := p.SignIn(holder); !strings.Contains(again.Page.TextOf("identity"), "中级实名") {
		t.Errorf("after the reversal: %s", again.Page.Text)
	}
}

func TestCorrectionFromTheConsole(t *testing.T) {
	p := apptest.Start(t, "sqlite:"+t.TempDir()+"/yinxin.db")
	p.Persona(holder, "张三", 2)
	account := ownerOf(t, p, holder).ID
	first := admin(p, idp.RoleSecurityAdmin)
	p.Persona("13800138084", "", 0, idp.RoleSecurityAdmin)
	second := p.SignInStaff("13800138084")
	fields := map[string]string{"kind": "number_changed", "account": account, "number": "1", "reason": "公安证明 7 号"}
	if page := submit(t, first, p.URL+"/admin/corrections/new", fields); page.Status != http.StatusUnprocessableEntity || !strings.Contains(page.Source, `value="`+account+`"`) {
		t.Errorf("a bad number: %d %s", page.Status, page.Text)
	}
	fields["number"], fields["reason"] = "999900196002020069", "公安证明 7 号" // the sandbox knows 张三 with it, by another mobile number
	page := submit(t, first, p.URL+"/admin/corrections/new", fields)
	if page.Status != http.StatusOK || !page.Has("correction-approve") || strings.Contains(page.Text, "999900196002020069") {
		t.Fatalf("%d %s", page.Status, page.Text)
	}
	if page = submit(t, second, page.URL.String(), map[string]string{"correction-approve": "1", "reason": "核对无误"}); !strings.Contains(page.Text, "已办理") {
		t.Fatalf("%d %s", page.Status, page.Text)
	}
	person, err := p.App.Accounts.Person(context.Background(), account)
	if err != nil || person.IAL != 0 {
		t.Errorf("the level was kept although the mobile number is not the person's: %+v %v", person, err)
	}
	if held, err := p.App.Accounts.ByIdentity(context.Background(), "citizen_id", "999900196002020069"); err != nil || held != account {
		t.Errorf("held by %q, %v", held, err)
	}
	for _, role := range []string{idp.RoleSystemAdmin} {
		if err := admin(p, role).Open(context.Background(), p.URL+"/admin/corrections"); err != nil {
			t.Error(err)
		}
	}
	if answer := call(t, p, http.MethodGet, "/api/v1/identity-corrections", adminToken(t, p, idp.RoleSystemAdmin), nil); answer.Status != http.StatusForbidden {
		t.Errorf("who sets up sees corrections: %d", answer.Status)
	}
	if answer := call(t, p, http.MethodPost, "/api/v1/identity-corrections", adminToken(t, p, idp.RoleAuditAdmin), map[string]any{"kind": "name_changed", "account_id": account, "name": "李四", "reason": "x"}); answer.Status != http.StatusForbidden {
		t.Errorf("who audits changes: %d", answer.Status)
	}
}

func TestDepartmentFindsTheSubjectAfterAMerge(t *testing.T) {
	p := mergeSite(t)
	portal := p.Client(idp.Client{ClientID: "portal", GrantTypes: []string{"authorization_code", "refresh_token", "client_credentials"}, Scope: "openid profile department"})
	stranger := p.Client(idp.Client{ClientID: "stranger", GrantTypes: []string{"client_credentials"}, Scope: "department"})
	b := p.SignIn(second)
	tokens := p.Redeem(portal, p.Code(b, portal, url.Values{"scope": {"openid profile"}}).Get("code"), nil)
	info := p.Get("/userinfo", tokens.String("access_token"))
	former := info.String("sub")
	if former == "" {
		t.Fatal(info.Text)
	}
	toMerge(t, p, b)
	press(t, b, map[string]string{"merge-identifier": holder, "merge-password": apptest.Password, "merge-by-password": "1"})
	if page := press(t, b, map[string]string{"merge-confirm": "1"}); !page.Has("merge-done") {
		t.Fatal(page.Text)
	}
	ask := func(c idp.Client, sub string) apptest.Answer {
		answer := p.Post("/token", c, url.Values{"grant_type": {"client_credentials"}, "scope": {"department"}})
		return p.Get("/api/v1/subjects/"+sub, answer.String("access_token"))
	}
	tokens = p.Redeem(portal, p.Code(b, portal, url.Values{"scope": {"openid profile"}}).Get("code"), nil)
	now := p.Get("/userinfo", tokens.String("access_token")).String("sub")
	if answer := ask(portal, former); answer.String("sub") != now || now == former || answer.Body["merged"] != true {
		t.Errorf("the department: %s, now %s", answer.Text, now)
	}
	if answer := ask(portal, now); answer.String("sub") != now || answer.Body["merged"] != false {
		t.Errorf("the present one: %s", answer.Text)
	}
	if answer := ask(stranger, former); answer.String("sub") != former || answer.Body["merged"] != false {
		t.Errorf("another department learns of it: %s", answer.Text)
	}
	if answer := p.Get("/api/v1/subjects/"+former, ""); answer.Status != http.StatusUnauthorized {
		t.Errorf("nobody: %d", answer.Status)
	}
	if answer := p.Get("/api/v1/subjects/"+former, tokens.String("access_token")); answer.Status != http.StatusForbidden {
		t.Errorf("a person: %d", answer.Status)
	}
}

func TestRegisterEventsFromAFile(t *testing.T) {
	folder := t.TempDir()
	cfg := apptest.NewConfig(t, "sqlite:"+folder+"/yinxin.db", folder)
	cfg.Issuer = "http://localhost:1"
	p := apptest.StartOn(t, cfg, app.Options{Cheap: &app.Cheap{}}) // the command opens the same keys
	p.Persona(holder, "张三", 2)
	file := filepath.Join(folder, "events.json")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const one = `{"id":"1","type":"deceased","name":"张三","document":{"id_type":"citizen_id","id_number":"11010519491231002X"}}`
	var out strings.Builder
	write(`{"events":[` + one + `,{"id":"2","type":"emigrated","document":{"id_type":"citizen_id","id_number":"11010519491231002X"}}]}`)
	ok, err := app.ImportRegisterEvents(context.Background(), p.Config, file, "police", nil, &out)
	if err != nil || ok || !strings.Contains(out.String(), `{"id":"1","outcome":"accepted"}`) || !strings.Contains(out.String(), `"refused"`) {
		t.Errorf("%v %v %s", ok, err, out.String())
	}
	if a := ownerOf(t, p, holder); a.State != idp.AccountSuspended {
		t.Errorf("the account is %s", a.State)
	}
	out.Reset()
	write(`{"events":[` + one + `]}`)
	if ok, err := app.ImportRegisterEvents(context.Background(), p.Config, file, "police", nil, &out); err != nil || !ok || !strings.Contains(out.String(), "duplicate") {
		t.Errorf("again: %v %v %s", ok, err, out.String())
	}
	write(`{"events":[],"more":1}`)
	if _, err := app.ImportRegisterEvents(context.Background(), p.Config, file, "police", nil, &out); err == nil {
		t.Error("an unknown member was taken")
	}
}

// TestDocumentsThroughThePages: the kinds that are not the resident identity card, from the choice to the level.
func TestDocumentsThroughThePages(t *testing.T) {
	p := apptest.Start(t, "sqlite:"+t.TempDir()+"/yinxin.db")
	for i, row := range []struct {
		kind   string
		fields map[string]string
	}{
		{"passport", map[string]string{"proofing-name": "Eriksson Anna Maria", "proofing-nationality": "", "proofing-number": "", "proofing-birth": "", "proofing-expires": "",
			"proofing-mrz": "P<GBRERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36GBR7408122F3404159ZE184226B<<<<<16"}},
		{"foreign_permanent_residence", map[string]string{"proofing-name": "MARTIN SOPHIE", "proofing-nationality": "FRA", "proofing-number": "911156199007070014", "proofing-birth": "", "proofing-expires": "2035-12-31"}},
		{"hk_macao_permit", map[string]string{"proofing-name": "陈港生", "proofing-number": "h12345678", "proofing-birth": "1988/01/01", "proofing-expires": "20351231"}},
		{"taiwan_permit", map[string]string{"proofing-name": "林台新", "proofing-number": "12345678（02）", "proofing-birth": "1979-02-28", "proofing-expires": "2035-12-31"}},
		{"hmt_residence_permit", map[string]string{"proofing-name": "黄居港", "proofing-number": "810000198801010039", "proofing-expires": "2035-12-31"}},
	} {
		identifier := "138001382" + string(rune('0'+i)) + "0"
		p.Persona(identifier, "", 0)
		b := p.SignIn(identifier)
		if err := b.Open(context.Background(), p.URL+"/proofing"); err != nil || !strings.Contains(b.Page.Source, `href="/proofing?ial=1&amp;document=`+row.kind+`"`) {
			t.Fatalf("%s is not offered: %v", row.kind, err)
		}
		page := submit(t, b, p.URL+"/proofing?ial=1&document="+row.kind, row.fields)
		if page.Status != http.StatusOK || !strings.Contains(page.TextOf("proofing-outcome"), "初级实名") {
			t.Errorf("%s: %d %s", row.kind, page.Status, page.Text)
		}
		person, err := p.App.Accounts.Person(context.Background(), ownerOf(t, p, identifier).ID)
		if err != nil || person.IDType != row.kind || person.IALUntil.Year() > 2036 {
			t.Errorf("%s: %+v %v", row.kind, person, err)
		}
		// The next time the page asks about the same document.
		if err := b.Open(context.Background(), p.URL+"/proofing?ial=2"); err != nil || b.Page.Hidden("document") != row.kind {
			t.Errorf("%s: then %q, %v", row.kind, b.Page.Hidden("document"), err)
		}
	}
}
