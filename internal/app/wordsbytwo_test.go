package app_test

import (
	"net/http"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
)

// TestScopesAndClaimsAreChangedByTwo: one administrator proposes what a word means, another decides on what was read; taking a word out
// of use needs one, and what is judged at the proposal is judged again when it is carried out.
func TestScopesAndClaimsAreChangedByTwo(t *testing.T) {
	cfg := apptest.NewConfig(t, database(t), t.TempDir())
	two := true
	cfg.Staff.WordsByTwo = &two
	p := apptest.StartWith(t, cfg)
	system, security := adminToken(t, p, idp.RoleSystemAdmin), adminToken(t, p, idp.RoleSecurityAdmin)
	title := func(text string) map[string]any { return map[string]any{"zh-CN": text, "en": text, "zh-Hant": text} }
	put := func(address string, definition map[string]any) apptest.Answer {
		t.Helper()
		body := map[string]any{"definition": definition, "reason": "对接"}
		if tag := p.Get(address, system).Header.Get("ETag"); tag != "" {
			return call(t, p, http.MethodPut, address, system, body, "If-Match", tag)
		}
		return call(t, p, http.MethodPut, address, system, body)
	}
	waits := func(answer apptest.Answer) (id, digest string) {
		t.Helper()
		if id = answer.String("proposal"); answer.Status != http.StatusAccepted || id == "" {
			t.Fatalf("nothing waits: %d %s", answer.Status, answer.Text)
		}
		return id, p.Get("/api/v1/inbox/"+id, security).String("digest")
	}
	decide := func(token, id, digest string, want int) {
		t.Helper()
		if answer := call(t, p, http.MethodPost, "/api/v1/inbox/"+id+"/decision", token, map[string]any{"approve": true, "reason": "已核对"}, "If-Match", `"`+digest+`"`); answer.Status != want {
			t.Fatalf("decision: %d, want %d: %s", answer.Status, want, answer.Text)
		}
	}
	const claim, scope = "/api/v1/claims/adult", "/api/v1/scopes/age"
	id, digest := waits(put(claim, map[string]any{"title": title("成年"), "source": "age_over_18"}))
	if p.Get(claim, system).Status != http.StatusNotFound {
		t.Error("a claim is there before the second person")
	}
	if item := p.Get("/api/v1/inbox/"+id, security); item.String("kind") != "partner.claim" || item.String("event") != "partner.created" {
		t.Errorf("the inbox says %s", item.Text)
	}
	if answer := put(scope, map[string]any{"title": title("年龄"), "claims": []string{"adult"}}); answer.Status != http.StatusUnprocessableEntity && answer.Status != http.StatusBadRequest {
		t.Errorf("a scope that opens what is not there waits: %d %s", answer.Status, answer.Text)
	}
	decide(system, id, digest, http.StatusForbidden)
	decide(security, id, digest, http.StatusOK)
	id, digest = waits(put(scope, map[string]any{"title": title("年龄"), "claims": []string{"adult"}}))
	decide(security, id, digest, http.StatusOK)
	if answer := p.Get(scope, system); answer.Status != http.StatusOK {
		t.Fatalf("the scope is not there: %d", answer.Status)
	}

	// Between proposal and decision a client came to use the word: what would widen it is refused.
	id, digest = waits(put(scope, map[string]any{"title": title("年龄"), "claims": []string{"adult", "email"}}))
	p.Client(idp.Client{ClientID: "pool", Scope: "openid age"})
	decide(security, id, digest, http.StatusConflict)

	// What is built in: a change shows what changes, and stopping needs one.
	built := p.Get("/api/v1/scopes/email", system)
	definition, _ := built.Body["definition"].(map[string]any)
	definition["approval_note"] = "批文一号"
	id, digest = waits(put("/api/v1/scopes/email", definition))
	if item := p.Get("/api/v1/inbox/"+id, security); item.String("event") != "partner.changed" {
		t.Errorf("the inbox says %s", item.Text)
	}
	decide(security, id, digest, http.StatusOK)
	for _, address := range []string{"/api/v1/scopes/email", "/api/v1/scopes/phone"} { // stored, and never stored
		if answer := call(t, p, http.MethodPost, address+"/suspension", system, map[string]any{"reason": "检修"}); answer.Status != http.StatusOK || answer.String("proposal") != "" {
			t.Errorf("stopping %s: %d %s", address, answer.Status, answer.Text)
		}
	}
	waits(call(t, p, http.MethodPost, "/api/v1/scopes/phone/resumption", system, map[string]any{"reason": "检修"}))
}
