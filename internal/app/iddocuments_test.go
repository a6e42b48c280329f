package app_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"net/http"
	"strings"
	"testing"
	"time"

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

// TestFurtherDocumentIsProvedOnline: who is known well enough proves a second document by a method that looks at the person, and it is
// the same account; one that tells another person is refused, and that another account holds one is told after it was proved alone.
func TestFurtherDocumentIsProvedOnline(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		const permitHolder, second = "13800138012", "810000198801010055"
		p.Persona(permitHolder, "陈港生", 2)
		b := p.SignIn(permitHolder)
		if err := b.Open(ctx, p.URL+"/me/documents?document=hmt_residence_permit"); err != nil || b.Page.Has("documents-ways") || !b.Page.Has("document-submit") {
			t.Errorf("a person of the second level is offered more than the decision of two people: %v %s", err, b.Page.Text)
		}
		if err := b.Open(ctx, p.URL+"/proofing/face?further=1&document=hmt_residence_permit"); err != nil || b.Page.URL.Path != "/me/documents" {
			t.Errorf("the way is open to the second level: %v %s", err, b.Page.URL)
		}
		p.Persona(permitHolder, "陈港生", 3)
		account := ownerOf(t, p, permitHolder).ID
		if err := b.Open(ctx, p.URL+"/me/documents?document=passport"); err != nil || b.Page.Has("documents-ways") {
			t.Errorf("a kind that does not stand beside: %v %s", err, b.Page.Text)
		}
		if err := b.Open(ctx, p.URL+"/me/documents?document=hmt_residence_permit"); err != nil || !b.Page.Has("documents-way-face") || !b.Page.Has("documents-way-manual_review") || b.Page.Has("documents-way-bank_card") {
			t.Fatalf("%v %s", err, b.Page.Text)
		}
		address := p.URL + "/proofing/face?further=1&document=hmt_residence_permit"
		fields := map[string]string{"proofing-name": "黄居港", "proofing-number": "810000198801010039", "proofing-expires": "2035-12-31", "proofing-consent": "face-2026-11"}
		if page := submit(t, b, address, fields); page.Status != http.StatusUnprocessableEntity || page.Has("visit-match") || !strings.Contains(page.Text, "与您已核验的身份不一致") {
			t.Errorf("a document of another name: %d %s", page.Status, page.Text)
		}
		fields["proofing-name"], fields["proofing-number"] = "陈港生", second
		submit(t, b, address, fields)
		if err := b.Submit(ctx, map[string]string{"result": "match"}); err != nil || !strings.Contains(b.Page.Text, "高级实名") || !b.Page.Has("proofing-continue") {
			t.Fatalf("%v %s %s", err, b.Page.URL, b.Page.Text)
		}
		for kind, number := range map[string]string{"hmt_residence_permit": second, "hk_macao_permit": "H1234567801"} {
			if id, err := p.App.Accounts.ByDocument(ctx, idp.Identity{Type: kind, Number: number}); err != nil || id != account {
				t.Errorf("%s finds %q, %v", kind, id, err)
			}
		}
		if err := b.Open(ctx, p.URL+"/me/documents"); err != nil || strings.Count(b.Page.TextOf("held"), "高级实名") != 2 {
			t.Errorf("%v %s", err, b.Page.Text)
		}
		p.Advance(10 * time.Minute)
		if err := b.Open(ctx, address); err != nil || b.Page.URL.Path != "/me/documents" || !b.Page.Has("documents-signin") {
			t.Errorf("an old login: %v %s", err, b.Page.URL)
		}

		// Another account holds what the person proves: two reviewers pass it, and the person hears of the merge then.
		const taiwan, other, held = "13800138014", "13800138062", "830000197902280010"
		p.Persona(taiwan, "林台新", 3)
		p.Persona(other, "", 0)
		who := idp.Identity{Name: "林台新", Type: "hmt_residence_permit", Number: held, Birth: "1979-02-28", Expires: "2035-12-31"}
		if err := p.App.Accounts.ProveIdentity(ctx, ownerOf(t, p, other).ID, idp.Proof{IAL: 3, Method: "face", Source: "test", At: p.Now().UTC(), Evidence: "e"}, who); err != nil {
			t.Fatal(err)
		}
		var picture bytes.Buffer
		if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 40, 30))); err != nil {
			t.Fatal(err)
		}
		b = p.SignIn(taiwan)
		form := map[string]string{"further": "1", "document": "hmt_residence_permit", "proofing-name": "林台新", "proofing-number": held, "proofing-expires": "2035-12-31"}
		if a := handsIn(t, p, b, form, picture.Bytes()); a.Status != http.StatusOK || !strings.Contains(a.Text, "等待人工审核") || strings.Contains(a.Text, "合并") {
			t.Fatalf("%d %s", a.Status, a.Text)
		}
		for _, identifier := range []string{"13800138031", "13800138032"} {
			p.Persona(identifier, "", 0, "proofing_reviewer")
			r := p.SignInStaff(identifier)
			if err := r.Open(ctx, p.URL+"/review"); err != nil {
				t.Fatal(err)
			}
			at := strings.Index(r.Page.Source, "/review/case_")
			submit(t, r, p.URL+r.Page.Source[at:at+strings.IndexByte(r.Page.Source[at:], '"')], map[string]string{"decision": "approve", "reason": "照片与信息一致"})
		}
		if text := messageTo(t, p, taiwan, "合并账号"); text == "" {
			t.Error("the person was not told of the merge")
		}
		if person, err := p.App.Accounts.Person(ctx, ownerOf(t, p, taiwan).ID); err != nil || person.IDNumber != "12345678" || person.IAL != 3 {
			t.Errorf("%+v %v", person, err)
		}
		// By face the page says it, after the face was compared and not before.
		fields["proofing-name"], fields["proofing-number"] = "林台新", held
		if page := submit(t, b, address, fields); strings.Contains(page.Text, "合并") {
			t.Errorf("told before it was proved: %s", page.Text)
		}
		if err := b.Submit(ctx, map[string]string{"result": "match"}); err != nil || b.Page.Status != http.StatusConflict || !b.Page.Has("merge-begin") || !strings.Contains(b.Page.TextOf("proofing-outcome"), "您可能已经有另一个账号") {
			t.Errorf("%v %d %s", err, b.Page.Status, b.Page.Text)
		}
	})
}
