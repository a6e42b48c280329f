package app_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// TestFamilyMandateDemandsDeclaredRelatives: one declares, the other confirms, and a family mandate joins the two alone; it ends with the
// declaration, which either takes back.
func TestFamilyMandateDemandsDeclaredRelatives(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx, m := context.Background(), p.App.Mandates
		p.Persona(holder, "张三", 2)
		p.Persona(guardianPhone, "李四", 2)
		p.Persona(third, "王五", 2)
		one, two, other := ownerOf(t, p, holder).ID, ownerOf(t, p, guardianPhone).ID, ownerOf(t, p, third).ID
		terms := mandate.Terms{Kind: mandate.Family, Items: []string{mandate.AllItems}}
		_, err := m.Give(ctx, by(p, one), one, two, terms)
		wantFault(t, "no declaration", err, fault.RelativeNeeded)

		a, b := p.SignIn(holder), p.SignIn(guardianPhone)
		fields := map[string]string{"mandate-name": "李四", "mandate-to": guardianPhone, "relative-word": ""}
		if page := submit(t, a, p.URL+"/me/relatives", fields); page.Status != http.StatusUnprocessableEntity || !page.Has("relative-word-error") {
			t.Errorf("no relation: %d %s", page.Status, page.Text)
		}
		fields["relative-word"] = "parent"
		if page := submit(t, a, p.URL+"/me/relatives", fields); page.Status != http.StatusOK || !strings.Contains(page.TextOf("relatives-held"), "父亲或母亲") || !strings.Contains(page.TextOf("relatives-held"), "等待确认") {
			t.Fatalf("%d %s", page.Status, page.Text)
		}
		if page := submit(t, a, p.URL+"/me/relatives", fields); page.Status == http.StatusOK && strings.Count(page.TextOf("relatives-held"), "父亲或母亲") != 1 {
			t.Errorf("declared twice: %s", page.Text)
		}
		_, err = m.Declare(ctx, by(p, two), one, "child")
		wantFault(t, "from the other side", err, fault.RelativeDeclared)
		if text := inboxText(t, p, guardianPhone, "登记您为亲属"); text == "" {
			t.Error("the other person was not told")
		}
		_, err = m.Give(ctx, by(p, one), one, two, terms)
		wantFault(t, "a declaration that waits", err, fault.RelativeNeeded)
		all, err := m.Relatives(ctx, one)
		if err != nil || len(all) != 1 {
			t.Fatalf("%+v %v", all, err)
		}
		wantFault(t, "confirming one's own", m.ConfirmRelative(ctx, by(p, one), all[0].ID), fault.Forbidden)
		wantFault(t, "a stranger confirms", m.ConfirmRelative(ctx, by(p, other), all[0].ID), fault.NotFound)
		wantFault(t, "a stranger ends", m.EndRelative(ctx, other, all[0].ID), fault.NotFound)
		wantFault(t, "an old login", m.ConfirmRelative(ctx, mandate.By{Account: two, SignedInAt: p.Now().Add(-time.Hour)}, all[0].ID), fault.MandateLogin)
		if page := submit(t, b, p.URL+"/me/relatives", map[string]string{"relative-confirm": "1"}); page.Status != http.StatusOK || !strings.Contains(page.TextOf("relatives-held"), "子女") || !strings.Contains(page.TextOf("relatives-held"), "已互相确认") {
			t.Fatalf("%d %s", page.Status, page.Text)
		}

		_, err = m.Give(ctx, by(p, one), one, other, terms)
		wantFault(t, "somebody else", err, fault.RelativeNeeded)
		given, err := m.Give(ctx, by(p, one), one, two, terms)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Accept(ctx, by(p, two), given.ID); err != nil {
			t.Fatal(err)
		}
		if live, err := m.Live(ctx, two); err != nil || len(live) != 1 || live[0].Kind != mandate.Family || !live[0].Has(mandate.View) || live[0].Has(mandate.Submit) {
			t.Errorf("%+v %v", live, err)
		}
		waiting, err := m.Ask(ctx, by(p, one), two, terms) // the other direction, which waits for its word
		if err != nil {
			t.Fatal(err)
		}
		all, _ = m.Relatives(ctx, two)
		if err := m.EndRelative(ctx, two, all[0].ID); err != nil {
			t.Fatal(err)
		}
		for _, account := range []string{one, two} {
			if live, err := m.Live(ctx, account); err != nil || len(live) != 0 {
				t.Errorf("after the end: %+v %v", live, err)
			}
			if all, err := m.Relatives(ctx, account); err != nil || len(all) != 0 {
				t.Errorf("after the end: %+v %v", all, err)
			}
		}
		wantFault(t, "accepting afterwards", m.Accept(ctx, by(p, two), waiting.ID), fault.MandateState)
		for _, kind := range []string{"relative.declared", "relative.confirmed", "relative.withdrawn"} {
			if events := audited(t, p, kind); len(events) != 2 {
				t.Errorf("%s: %d events, want one with either person", kind, len(events))
			}
		}
		// Declared anew, it waits again: the word of then does not count.
		if _, err := m.Declare(ctx, by(p, one), two, "kin"); err != nil {
			t.Fatal(err)
		}
		_, err = m.Give(ctx, by(p, one), one, two, terms)
		wantFault(t, "declared anew", err, fault.RelativeNeeded)

		c := p.Client(idp.Client{ClientID: "family", Scope: "openid mandates"})
		token := p.Redeem(c, p.Code(b, c, url.Values{"scope": {"openid mandates"}}).Get("code"), nil).String("access_token")
		listed := call(t, p, http.MethodGet, "/api/v1/relatives", token, nil)
		items, _ := listed.Body["items"].([]any)
		if len(items) != 1 {
			t.Fatalf("%d %s", listed.Status, listed.Text)
		}
		shown, _ := items[0].(map[string]any)
		id, _ := shown["relative_id"].(string)
		if shown["waiting"] != true || shown["relation"] != "kin" || shown["state"] != "declared" || strings.Contains(listed.Text, "张三") {
			t.Errorf("%s", listed.Text)
		}
		if a := call(t, p, http.MethodPost, "/api/v1/relatives/"+id+"/confirmation", token, nil); a.Status != http.StatusOK || !strings.Contains(a.Text, `"confirmed"`) {
			t.Errorf("%d %s", a.Status, a.Text)
		}
		if a := call(t, p, http.MethodPost, "/api/v1/relatives", token, map[string]any{"name": "张三", "identifier": holder, "relation": "kin"}); a.Status != http.StatusConflict {
			t.Errorf("declared again: %d %s", a.Status, a.Text)
		}
		if a := call(t, p, http.MethodPost, "/api/v1/relatives/"+id+"/termination", token, nil); a.Status != http.StatusOK || !strings.Contains(a.Text, `"items":[]`) {
			t.Errorf("%d %s", a.Status, a.Text)
		}
	})
}
