package app_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
)

// TestAServiceItemStandsInTheLedgerAndBindsTheMandate: an application says for which service item it asks; the person reads its name before
// it agrees and in the ledger afterwards, and whoever acts for somebody does so only where the mandate names the item.
func TestAServiceItemStandsInTheLedgerAndBindsTheMandate(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		title := func(text string) map[string]string {
			return map[string]string{"zh-CN": text, "en": text, "zh-Hant": text}
		}
		business := idp.DetailType{Type: "business", Title: title("办理业务"), Fields: map[string]idp.DetailField{"item": {Kind: idp.FieldItem, Required: true, Title: title("事项")}, "also": {Kind: idp.FieldItem, Title: title("一并办理")}}}
		if err := p.App.Apply(ctx, app.Manifest{Details: []idp.DetailType{business}}); err != nil {
			t.Fatal(err)
		}
		window := p.Client(idp.Client{ClientID: "window", ClientName: "综合窗口", Scope: "openid profile my_data", ActingFor: true, RequestSettings: idp.RequestSettings{AuthorizationDetails: []string{"business"}}})
		p.Persona(elder, "赵奶奶", 1)
		p.Persona(helper, "李四", 2)
		principal, agent := p.SignIn(elder), p.SignIn(helper)
		const pension = "pension"
		name := p.App.Mandates.Items().Name("zh-CN", pension)
		if name == pension {
			t.Fatal("the list has no such item")
		}
		asking := func(items string) url.Values {
			return url.Values{"authorization_details": {`[{"type":"business",` + items + `}]`}}
		}

		for what, items := range map[string]string{"blanks": `"item":"a b"`, "empty": `"item":""`, "a number": `"item":1`, "a list": `"item":["` + pension + `"]`, "long": `"item":"` + strings.Repeat("x", 65) + `"`} {
			t.Run(what, func(t *testing.T) {
				wantRefusal(t, authorize(t, p, apptest.AuthorizeQuery(window, asking(items))), window, "invalid_authorization_details")
			})
		}

		if _, err := principal.OpenUntil(ctx, p.URL+"/authorize?"+apptest.AuthorizeQuery(window, asking(`"item":"`+pension+`"`)).Encode(), window.RedirectURIs[0]); err != nil || !strings.Contains(principal.Page.Text, name) {
			t.Errorf("the item is not named before the person agrees: %v %s", err, principal.Page.Text)
		}
		token := p.Redeem(window, p.Code(principal, window, asking(`"item":"`+pension+`","also":"not.listed"`)).Get("code"), nil).String("access_token")
		open(t, principal, p.URL+"/me/records")
		if !strings.Contains(principal.Page.Text, name) || !strings.Contains(principal.Page.Text, "not.listed") {
			t.Errorf("the ledger does not say for what: %s", principal.Page.Text)
		}
		if a := p.Get("/api/v1/me/records", token); a.Status != http.StatusOK || !strings.Contains(a.Text, `"service_items":["not.listed","`+pension+`"]`) {
			t.Errorf("API: %d %s", a.Status, a.Text)
		}
		if file := recordsFile(t, p, principal); !strings.Contains(file, name) {
			t.Errorf("the file does not say for what: %s", file)
		}

		named := give(t, p, accountOf(t, p, elder).ID, accountOf(t, p, helper).ID, mandate.Terms{Items: []string{pension}, DetailTypes: []string{"business"}})
		acting := func(items string) url.Values {
			q := asking(items)
			q.Set("acting_for", named.ID)
			return q
		}
		if a := p.Redeem(window, p.Code(agent, window, acting(`"item":"`+pension+`"`)).Get("code"), nil); a.Status != http.StatusOK {
			t.Fatalf("the item of the mandate: %s", a.Text)
		}
		for what, items := range map[string]string{"another item": `"item":"social-security"`, "another item beside it": `"item":"` + pension + `","also":"social-security"`} {
			if target := openUntilAnswer(t, agent, p.URL+"/authorize?"+apptest.AuthorizeQuery(window, acting(items)).Encode(), window); target == nil || target.Query().Get("error") != "invalid_authorization_details" {
				t.Errorf("%s: %v", what, target)
			}
		}
		a := p.Get("/api/v1/me/records", token)
		items, _ := a.Body["items"].([]any)
		if !slices.ContainsFunc(items, func(line any) bool {
			l, _ := line.(map[string]any)
			return l["mandate_id"] == named.ID && slices.Equal(texts(l["service_items"]), []string{pension})
		}) {
			t.Errorf("the ledger of the principal: %s", a.Text)
		}
	})
}
