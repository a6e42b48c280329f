package app_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// TestPersonAddsAndRetiresADocument: a person asks, two administrators decide, each document finds the account, and one of two
// can be retired.
func TestPersonAddsAndRetiresADocument(t *testing.T) {
	ctx := context.Background()
	p := apptest.Start(t, "sqlite:"+t.TempDir()+"/yinxin.db")
	p.Persona(holder, "张三", 2)
	b := p.SignIn(holder)
	if err := b.Open(ctx, p.URL+"/me/documents"); err != nil || b.Page.Status != http.StatusOK || !strings.Contains(b.Page.TextOf("held"), "居民身份证") || strings.Contains(b.Page.Text, "11010519491231002X") || strings.Contains(b.Page.Text, "document-retire") {
		t.Fatalf("%v %d %s", err, b.Page.Status, b.Page.Text)
	}
	fields := map[string]string{"proofing-name": "ERIKSSON ANNA MARIA", "proofing-number": "L898902C3", "proofing-nationality": "GBR", "proofing-birth": "1974-08-12", "proofing-expires": "2034-04-15"}
	if page := submit(t, b, p.URL+"/me/documents?document=passport", map[string]string{"proofing-name": ""}); page.Status != http.StatusUnprocessableEntity || !page.Has("proofing-number-error") {
		t.Errorf("an empty form: %d %s", page.Status, page.Text)
	}
	page := submit(t, b, p.URL+"/me/documents?document=passport", fields)
	if page.Status != http.StatusOK || !page.Has("documents-asked") {
		t.Fatalf("%d %s", page.Status, page.Text)
	}
	answer := call(t, p, http.MethodGet, "/api/v1/identity-corrections", adminToken(t, p, idp.RoleAuditAdmin), nil)
	items, _ := answer.Body["items"].([]any)
	if len(items) != 1 || strings.Contains(answer.Text, "L898902C3") {
		t.Fatal(answer.Text)
	}
	address := p.URL + "/admin/corrections/" + items[0].(map[string]any)["id"].(string)
	first := admin(p, idp.RoleSecurityAdmin)
	p.Persona("13800138084", "", 0, idp.RoleSecurityAdmin)
	for _, reviewer := range []*walk.Browser{first, p.SignInStaff("13800138084")} {
		if page := submit(t, reviewer, address, map[string]string{"correction-approve": "1", "reason": "核对原件"}); page.Status != http.StatusOK {
			t.Fatalf("%d %s", page.Status, page.Text)
		}
	}
	if err := b.Open(ctx, p.URL+"/me/documents"); err != nil || !strings.Contains(b.Page.TextOf("held"), "普通护照") || !strings.Contains(b.Page.TextOf("held"), "尚未认证") {
		t.Fatalf("%v %s", err, b.Page.Text)
	}
	account := ownerOf(t, p, holder).ID
	if id, err := p.App.Accounts.ByDocument(ctx, idp.Identity{Type: "passport", Number: "L898902C3", Nationality: "GBR"}); err != nil || id != account {
		t.Errorf("the passport finds %q, %v", id, err)
	}
	if text := inboxText(t, p, holder, "证件有变动"); text == "" {
		t.Error("the person was not told")
	}
	page = submit(t, b, p.URL+"/me/documents", map[string]string{"document-retire": "1"})
	if page.Status != http.StatusOK || !strings.Contains(page.TextOf("held"), "停用") || strings.Contains(page.Text, "document-retire") {
		t.Errorf("%d %s", page.Status, page.Text)
	}
	// The first of the two was the resident card: no level stands on anything now.
	if person, err := p.App.Accounts.Person(ctx, account); err != nil || person.IAL != 0 {
		t.Errorf("level %d, %v", person.IAL, err)
	}
}
