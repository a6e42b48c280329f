package app_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// staffToken makes a token at the page for a role that is held.
func staffToken(t *testing.T, p *apptest.Platform, b *walk.Browser, role string) string {
	t.Helper()
	page := submit(t, b, p.URL+"/staff/tokens", map[string]string{"token-name": "自动办理", "token-roles": role})
	secret := page.TextOf("staff-token")
	if page.Status != http.StatusOK || !strings.HasPrefix(secret, "yxst_") {
		t.Fatalf("%d %s", page.Status, page.Text)
	}
	return secret
}

// TestStaffAtTheAPI: a token of staff is the member in a console with fewer roles, as long as the login, the session and the account
// last; nothing but the API takes it.
func TestStaffAtTheAPI(t *testing.T) {
	p, ctx := apptest.Start(t, database(t)), context.Background()
	const login = "13800138041"
	roles := []string{idp.RoleSecurityAdmin, "counter_supervisor"}
	p.Persona(login, "", 0, roles...)
	b := p.SignInStaff(login)
	if page := submit(t, b, p.URL+"/staff/tokens", map[string]string{"token-name": ""}); page.Status != http.StatusUnprocessableEntity || !page.Has("token-name-error") {
		t.Errorf("without a purpose: %d %s", page.Status, page.Text)
	}
	if page := press(t, b, map[string]string{"token-name": "脚本", "token-roles": "seal_keeper"}); page.Status != http.StatusUnprocessableEntity || !page.Has("token-roles-error") {
		t.Errorf("a role of somebody else: %d %s", page.Status, page.Text)
	}
	security := staffToken(t, p, b, idp.RoleSecurityAdmin)
	counting := staffToken(t, p, b, "counter_supervisor")
	if err := b.Open(ctx, p.URL+"/staff/tokens"); err != nil || strings.Contains(b.Page.Source, security) {
		t.Error("the secret is shown again")
	}
	get := func(path, token string) apptest.Answer {
		t.Helper()
		return call(t, p, http.MethodGet, path, token, nil)
	}
	post := func(path, token string, body any) apptest.Answer {
		t.Helper()
		return call(t, p, http.MethodPost, path, token, body)
	}
	for _, row := range []struct {
		what, path, token string
		want              int
	}{
		{"the own role", "/api/v1/accounts", security, http.StatusOK},
		{"the own role in the counter", "/api/v1/counter-acts", counting, http.StatusUnauthorized}, // password alone: the counter asks for both factors
		{"a role that the token lacks", "/api/v1/counter-acts", security, http.StatusForbidden},
		{"a role that the token lacks", "/api/v1/accounts", counting, http.StatusForbidden},
		{"an operation of people", "/api/v1/me/records", security, http.StatusForbidden},
		{"an operation of holders", "/api/v1/me/licenses", security, http.StatusForbidden},
		{"one for everybody", "/api/v1/license-types", security, http.StatusOK},
		{"another text", "/api/v1/accounts", security + "x", http.StatusUnauthorized},
	} {
		if answer := get(row.path, row.token); answer.Status != row.want || strings.Contains(answer.Text, security) {
			t.Errorf("%s: %d %s", row.what, answer.Status, answer.Text)
		}
	}
	if a := get("/api/v1/accounts", "yxst_unknown"); a.Status != http.StatusUnauthorized || !strings.Contains(a.Header.Get("WWW-Authenticate"), "invalid_token") || a.String("code") != string(fault.Unauthenticated) {
		t.Errorf("unknown: %d %s", a.Status, a.Text)
	}
	// It goes in one header as a bearer token, and protocol endpoints do not know it.
	for what, change := range map[string]func(r *http.Request){
		"as DPoP":         func(r *http.Request) { r.Header.Set("Authorization", "DPoP "+security) },
		"as Basic":        func(r *http.Request) { r.SetBasicAuth("staff", security) },
		"twice":           func(r *http.Request) { r.Header.Add("Authorization", "Bearer "+security) },
		"in the address":  func(r *http.Request) { r.URL.RawQuery = url.Values{"access_token": {security}}.Encode() },
		"at userinfo":     func(r *http.Request) { r.URL.Path = "/userinfo" },
		"with the cookie": func(r *http.Request) { r.Header.Del("Authorization"); b.Lend(r) },
	} {
		r, _ := http.NewRequest(http.MethodGet, p.URL+"/api/v1/accounts", nil)
		r.Header.Set("Authorization", "Bearer "+security)
		if change(r); p.Do(r).Status != http.StatusUnauthorized {
			t.Errorf("%s: it is taken", what)
		}
	}
	c := p.Client(idp.Client{ClientID: "portal", GrantTypes: []string{"authorization_code", "urn:ietf:params:oauth:grant-type:token-exchange"}})
	if answer := p.Post("/introspect", c, url.Values{"token": {security}}); answer.Body["active"] != false {
		t.Errorf("introspection: %s", answer.Text)
	}
	if answer := p.Post("/token", c, url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:token-exchange"}, "subject_token": {security}, "subject_token_type": {"urn:ietf:params:oauth:token-type:access_token"}}); answer.Status == http.StatusOK {
		t.Errorf("exchange: %s", answer.Text)
	}
	if r, _ := http.NewRequest(http.MethodGet, p.URL+"/admin", nil); true {
		r.Header.Set("Authorization", "Bearer "+security)
		if p.Do(r).Status != http.StatusSeeOther {
			t.Error("a console takes it")
		}
	}

	// What it does is told with the member, the right and the token.
	p.Persona(mobile, "李四", 2)
	person := ownerOf(t, p, mobile)
	if answer := post("/api/v1/accounts/"+person.ID+"/suspension", security, map[string]string{"reason": "核查"}); answer.Status != http.StatusOK {
		t.Fatalf("%d %s", answer.Status, answer.Text)
	}
	if told := audited(t, p, "account.suspended"); len(told) != 1 || !strings.HasPrefix(told[0].Actor, "staff:stf_") || !strings.HasPrefix(told[0].Details["by_token"], "stt_") || told[0].Details["by_role"] != idp.RoleSecurityAdmin {
		t.Errorf("%+v", told)
	}
	own := items(t, get("/api/v1/staff-tokens", security))
	if len(own) != 2 || own[1]["current"] != true || own[0]["current"] != false || strings.Contains(get("/api/v1/staff-tokens", security).Text, "yxst_") {
		t.Errorf("%v", own)
	}
	if page := get("/api/v1/staff-tokens?limit=1", security); page.String("next") == "" || items(t, page)[0]["id"] != own[0]["id"] || len(items(t, get("/api/v1/staff-tokens?limit=1&after="+page.String("next"), security))) != 1 {
		t.Errorf("%s", page.Text)
	}
	machine := adminToken(t, p, idp.RoleSecurityAdmin)
	if answer := get("/api/v1/staff-tokens", machine); answer.Status != http.StatusForbidden || answer.String("code") != string(fault.StaffOnly) {
		t.Errorf("a service client: %d %s", answer.Status, answer.Text)
	}
	if answer := get("/api/v1/proofing-reviews", adminToken(t, p, idp.RoleProofingReviewer)); answer.Status != http.StatusForbidden || answer.String("code") != string(fault.StaffOnly) {
		t.Errorf("a service client at the queue: %d %s", answer.Status, answer.Text)
	}

	// Four eyes know the human in the console and at the API.
	right := map[string]any{"holder": "staff:" + memberOf(t, p, login).ID, "role": "seal_keeper", "until": p.Now().AddDate(1, 0, 0).Format(time.RFC3339), "reason": "分工"}
	if answer := post("/api/v1/staff-rights", security, right); answer.Status < http.StatusBadRequest {
		t.Errorf("a right for oneself: %d %s", answer.Status, answer.Text)
	}

	revoked, _ := own[0]["id"].(string)
	if answer := post("/api/v1/staff-tokens/"+revoked+"/revocation", security, nil); answer.Status != http.StatusNoContent {
		t.Errorf("%d %s", answer.Status, answer.Text)
	}
	if answer := get("/api/v1/license-types", counting); answer.Status != http.StatusUnauthorized {
		t.Errorf("revoked: %d", answer.Status)
	}

	// A right that ends opens nothing more; a login that is too old makes none; after a quarter of an hour it is over.
	apply := func(roles ...string) {
		t.Helper()
		if err := p.App.Apply(ctx, app.Manifest{Staff: []app.Staff{{Login: login, Roles: roles}}}); err != nil {
			t.Fatal(err)
		}
	}
	apply("counter_supervisor")
	if answer := get("/api/v1/accounts", security); answer.Status != http.StatusForbidden {
		t.Errorf("the role was taken: %d", answer.Status)
	}
	apply(roles...)
	p.Advance(6 * time.Minute)
	if err := b.Open(ctx, p.URL+"/staff/tokens"); err != nil || b.Page.Has("token-submit") || !b.Page.Has("tokens-signin") {
		t.Errorf("a token after six minutes: %s", b.Page.Text)
	}
	forged, _ := http.NewRequest(http.MethodPost, p.URL+"/staff/tokens", strings.NewReader(url.Values{"token-name": {"脚本"}, "token-roles": {"counter_supervisor"}}.Encode()))
	forged.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	forged.Header.Set("Origin", p.URL)
	b.Lend(forged)
	if answer := p.Do(forged); answer.Status != http.StatusUnauthorized || strings.Contains(answer.Text, "yxst_") {
		t.Errorf("made after six minutes: %d", answer.Status)
	}
	if answer := get("/api/v1/accounts", security); answer.Status != http.StatusOK {
		t.Errorf("six minutes: %d", answer.Status)
	}
	p.Advance(9*time.Minute + time.Second)
	if answer := get("/api/v1/accounts", security); answer.Status != http.StatusUnauthorized {
		t.Errorf("a quarter of an hour: %d", answer.Status)
	}

	// It ends with the session, also when that is idle, and with the account.
	b = p.SignInStaff(login)
	last := staffToken(t, p, b, idp.RoleSecurityAdmin)
	if submit(t, b, p.URL+"/staff/logout", map[string]string{"logout-confirm": "1"}); get("/api/v1/accounts", last).Status != http.StatusUnauthorized {
		t.Error("after the logout")
	}
	b = p.SignInStaff(login)
	last, machine = staffToken(t, p, b, idp.RoleSecurityAdmin), adminToken(t, p, idp.RoleSecurityAdmin)
	if answer := post("/api/v1/staff/"+memberOf(t, p, login).ID+"/suspension", machine, map[string]string{"reason": "离岗"}); answer.Status != http.StatusOK {
		t.Fatalf("%d %s", answer.Status, answer.Text)
	}
	if get("/api/v1/license-types", last).Status != http.StatusUnauthorized {
		t.Error("after the account was suspended")
	}
	if log := p.Log.String(); strings.Contains(log, security) || strings.Contains(log, "yxst_") {
		t.Error("the log holds a token")
	}
}

// TestReviewsAtTheAPI: two members decide on a case with their tokens, by the rules of the pages.
func TestReviewsAtTheAPI(t *testing.T) {
	p := apptest.Start(t, database(t))
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 40, 30))); err != nil {
		t.Fatal(err)
	}
	handIn := func(identifier, number string) *walk.Browser {
		p.Persona(identifier, "", 0)
		b := p.SignIn(identifier)
		fields := map[string]string{"document": "taiwan_permit", "proofing-name": "林台新", "proofing-number": number, "proofing-birth": "1979-02-28", "proofing-expires": "2035-12-31"}
		if a := handsIn(t, p, b, fields, picture.Bytes()); a.Status != http.StatusOK {
			t.Fatalf("%d %s", a.Status, a.Text)
		}
		return b
	}
	person := handIn("13800138021", "12345678")
	p.Advance(time.Second)
	handIn("13800138022", "12345679")
	// The first reviewer is also a citizen with a case in the queue.
	tokens := []string{}
	for _, identifier := range []string{"13800138031", "13800138032", "13800138033"} {
		p.Persona(identifier, "", 0, idp.RoleProofingReviewer)
		tokens = append(tokens, staffToken(t, p, p.SignInStaff(identifier), idp.RoleProofingReviewer))
	}
	const at = "/api/v1/proofing-reviews"
	queue := call(t, p, http.MethodGet, at+"?limit=1", tokens[0], nil)
	all := items(t, queue)
	if len(all) != 1 || all[0]["kind"] != "manual_review" || all[0]["step"] != "first" || all[0]["overdue"] != false || queue.Header.Get("Cache-Control") != "no-store" || strings.Contains(queue.Text, "acc_") {
		t.Fatalf("%s", queue.Text)
	}
	rest := items(t, call(t, p, http.MethodGet, at+"?after="+url.QueryEscape(queue.String("next")), tokens[0], nil))
	if len(rest) != 1 || rest[0]["id"] == all[0]["id"] {
		t.Errorf("%v", rest)
	}
	for query, want := range map[string]int{"?kind=sample": 0, "?overdue=true": 0, "?kind=manual_review": 2, "?kind=guardian_consent": 0} {
		if found := items(t, call(t, p, http.MethodGet, at+query, tokens[0], nil)); len(found) != want {
			t.Errorf("%s: %d", query, len(found))
		}
	}
	for query, want := range map[string]int{"?kind=none": http.StatusUnprocessableEntity, "?after=x": http.StatusBadRequest, "?limit=0": http.StatusUnprocessableEntity, "?state=x": http.StatusUnprocessableEntity} {
		if a := call(t, p, http.MethodGet, at+query, tokens[0], nil); a.Status != want {
			t.Errorf("%s: %d %s", query, a.Status, a.Text)
		}
	}
	id, _ := all[0]["id"].(string)
	one := call(t, p, http.MethodGet, at+"/"+id, tokens[0], nil)
	if one.Status != http.StatusOK || strings.Contains(one.Text, "林台新") || strings.Contains(one.Text, "12345678") || one.String("document") != "taiwan_permit" || one.Body["decisions"] != 0.0 || !strings.Contains(one.Text, "photo-1") {
		t.Fatalf("%d %s", one.Status, one.Text)
	}
	reason := map[string]string{"reason": "核对照片"}
	if a := call(t, p, http.MethodPost, at+"/"+id+"/fields/number", tokens[0], reason); a.Status != http.StatusOK || a.String("value") != "12345678" || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %s", a.Status, a.Text)
	}
	if a := call(t, p, http.MethodPost, at+"/"+id+"/pictures/1", tokens[0], reason); a.Status != http.StatusOK || a.Header.Get("Content-Type") != "image/png" || a.Text != picture.String() || a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %v", a.Status, a.Header)
	}
	for _, e := range audited(t, p, "proofing.field_opened") {
		if e.Reason != "核对照片" || !strings.HasPrefix(e.Details["by_token"], "stt_") || e.Details["by_role"] != idp.RoleProofingReviewer || !strings.HasPrefix(e.Actor, "staff:stf_") || strings.Contains(e.Details["field"], "1234") {
			t.Errorf("%+v", e)
		}
	}
	if n := len(audited(t, p, "proofing.field_opened")); n != 2 {
		t.Errorf("%d looks were told", n)
	}
	decide := func(token, decision, code, version string) apptest.Answer {
		t.Helper()
		body := map[string]string{"decision": decision, "reason": "照片与信息一致", "version": version}
		if code != "" {
			body["reason_code"] = code
		}
		return call(t, p, http.MethodPost, at+"/"+id+"/decision", token, body)
	}
	version := one.String("version")
	for _, row := range []struct {
		what string
		a    apptest.Answer
		want fault.Code
	}{
		{"a picture that is not there", call(t, p, http.MethodPost, at+"/"+id+"/pictures/2", tokens[0], reason), fault.NotFound},
		{"a field of another kind", call(t, p, http.MethodPost, at+"/"+id+"/fields/child_name", tokens[0], reason), fault.NotFound},
		{"a picture as a field", call(t, p, http.MethodPost, at+"/"+id+"/fields/photo-1", tokens[0], reason), fault.Invalid},
		{"no reason", call(t, p, http.MethodPost, at+"/"+id+"/fields/number", tokens[0], map[string]string{"reason": "  "}), fault.ReviewReason},
		{"no case", call(t, p, http.MethodGet, at+"/case_none", tokens[0], nil), fault.NotFound},
		{"refused without a code", decide(tokens[0], "refuse", "", version), fault.ReviewCode},
		{"refused as consistent", decide(tokens[0], "refuse", "consistent", version), fault.ReviewCode},
		{"passed with a fault", decide(tokens[0], "pass", "mismatch", version), fault.ReviewCode},
		{"a doubt about what was handed in", decide(tokens[0], "doubt", "mismatch", version), fault.ReviewKind},
		{"another version", decide(tokens[0], "pass", "", "manual_1.7"), fault.Conflict},
	} {
		if row.a.Status < 400 || row.a.String("code") != string(row.want) {
			t.Errorf("%s: %d %s", row.what, row.a.Status, row.a.Text)
		}
	}
	if a := decide(tokens[0], "pass", "", version); a.Status != http.StatusOK || a.String("state") != "waiting" {
		t.Fatalf("%d %s", a.Status, a.Text)
	}
	if a := decide(tokens[0], "pass", "", version); a.String("code") != string(fault.ReviewConflict) {
		t.Errorf("the same person again: %d %s", a.Status, a.Text)
	}
	if a := decide(tokens[1], "pass", "", version); a.String("code") != string(fault.Conflict) {
		t.Errorf("what was read before: %d %s", a.Status, a.Text)
	}
	second := call(t, p, http.MethodGet, at+"/"+id, tokens[1], nil)
	if second.String("step") != "further" || second.Body["decisions"] != 1.0 || strings.Contains(second.Text, "stf_") {
		t.Errorf("%s", second.Text)
	}
	if a := decide(tokens[1], "pass", "consistent", second.String("version")); a.Status != http.StatusOK || a.String("state") != "granted" {
		t.Fatalf("%d %s", a.Status, a.Text)
	}
	if tier := tierOf(t, p, person); !strings.Contains(tier, "高级实名") {
		t.Errorf("%s", tier)
	}
	if a := call(t, p, http.MethodGet, at+"/"+id, tokens[2], nil); a.String("code") != string(fault.ReviewState) {
		t.Errorf("decided: %d %s", a.Status, a.Text)
	}
	if told := audited(t, p, "proofing.reviewed"); len(told) != 1 || told[0].Details["code"] != "consistent" || !strings.HasPrefix(told[0].Actor, "staff:stf_") {
		t.Errorf("%+v", told)
	}
}
