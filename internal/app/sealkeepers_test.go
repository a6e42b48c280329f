package app_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// sealOffice is an organisation with a seal, its legal representative, and two members of staff who are seal keepers everywhere: the clerk, whom
// it names, and the helper.
type sealOffice struct {
	t            *testing.T
	p            *apptest.Platform
	organisation string
	seal         string
	head, clerk  string // accounts
	stamps       int
	tokens       map[string]heldToken // by login name
}

func newSealOffice(t *testing.T, p *apptest.Platform) *sealOffice {
	t.Helper()
	p.Persona(boss, "钱法人", 3)
	p.Persona(clerk, "孙经办", 2, esign.RoleKeeper)
	p.Persona(helper, "李四", 2, esign.RoleKeeper)
	k := &sealOffice{t: t, p: p, seal: activeSeal(t, p, "37030000001951"), head: accountOf(t, p, boss).ID, clerk: accountOf(t, p, clerk).ID, tokens: map[string]heldToken{}}
	o, err := p.App.Mandates.Found(t.Context(), by(p, k.head), "示例市青禾商贸有限公司", company)
	if err != nil {
		t.Fatal(err)
	}
	k.organisation = o.ID
	return k
}

// heldToken is a token of staff and when it was made.
type heldToken struct {
	secret string
	at     time.Time
}

// token is one of a member of staff that still lives.
func (k *sealOffice) token(login string) string {
	k.t.Helper()
	held, ok := k.tokens[login]
	if !ok || k.p.Now().Sub(held.at) > 10*time.Minute {
		held = heldToken{staffToken(k.t, k.p, k.p.SignInStaff(login), esign.RoleKeeper), k.p.Now()}
		k.tokens[login] = held
	}
	return held.secret
}

// names lets the organisation name the clerk, who confirms.
func (k *sealOffice) names(seals ...string) mandate.Mandate {
	k.t.Helper()
	m, err := k.p.App.Mandates.Give(k.t.Context(), by(k.p, k.head), k.organisation, k.clerk, mandate.Terms{Kind: mandate.SealKeeper, Items: seals})
	if err == nil {
		err = k.p.App.Mandates.Accept(k.t.Context(), by(k.p, k.clerk), m.ID)
	}
	if err != nil {
		k.t.Fatal(err)
	}
	return m
}

// stamp seals a document as a member of staff by a token of its own, and wants a fault, or none.
func (k *sealOffice) stamp(what, login string, want fault.Code) {
	k.t.Helper()
	k.stamps++
	body := map[string]any{"document": base64.StdEncoding.EncodeToString(sealtest.Document(k.t, 1)), "page": 1, "x_mm": 100, "y_mm": 100, "purpose": "公布办事指南"}
	answer := call(k.t, k.p, http.MethodPost, "/api/v1/seals/"+k.seal+"/stamps", k.token(login), body, "Idempotency-Key", fmt.Sprint("keeping-", k.stamps))
	if got := fault.Code(answer.String("code")); answer.Status/100 == 2 && want != "" || answer.Status/100 != 2 && got != want {
		k.t.Errorf("%s: %d %q, want %q: %s", what, answer.Status, got, want, answer.Text)
	}
}

// TestNamedKeepersAreToldOfFlags: whom an organisation named is written to once for a seal and a day, without a word about who used it.
func TestNamedKeepersAreToldOfFlags(t *testing.T) {
	register := &steered{}
	register.set(func(r *steered) { r.representative, r.state = "钱法人", mandate.Registered })
	cfg := apptest.NewConfig(t, database(t), t.TempDir())
	cfg.Seals.Hours = app.SealHours{From: "00:00", To: "24:00"} // at night the first use would be flagged, and its message be that of the day
	p := apptest.StartOn(t, cfg, app.Options{Register: register})
	k := newSealOffice(t, p)
	k.stamp("the first of all", helper, "")
	k.names("37030000001951")
	k.stamp("a new person", clerk, "")
	k.stamp("and again", clerk, "")
	text := messageTo(t, p, clerk, "与平常不同")
	if !strings.Contains(text, "保管的") || strings.Contains(text, "孙") {
		t.Errorf("the message says %q", text)
	}
	if told := strings.Count(p.Get("/sandbox/inbox?to="+clerk, "").Text, "与平常不同"); told != 1 {
		t.Errorf("told %d times", told)
	}
}

// TestAnOrganisationNamesItsSealKeepers: named at the page, confirmed, used by the keeper and by nobody else, seen by staff, ended at one press
// and given up.
func TestAnOrganisationNamesItsSealKeepers(t *testing.T) {
	register := &steered{}
	register.set(func(r *steered) { r.representative, r.state = "钱法人", mandate.Registered })
	p := apptest.StartOn(t, apptest.NewConfig(t, database(t), t.TempDir()), app.Options{Register: register})
	k, ctx := newSealOffice(t, p), context.Background()
	office, page := p.SignIn(boss), "/me/organisations/"+k.organisation
	k.stamp("before anybody was named", helper, "")

	if err := office.Open(ctx, p.URL+page); err != nil || !strings.Contains(office.Page.Text, "没有自行指定") {
		t.Fatalf("%v %s", err, office.Page.Text)
	}
	if address, ok := office.Page.Link("keeper-new"); !ok || !strings.HasSuffix(address, page+"/keepers/new") {
		t.Errorf("the way to the form is %q", address)
	}
	form := map[string]string{"mandate-name": "孙经办", "mandate-to": clerk, "keeper-seals": "印章一", "mandate-days": "90"}
	if wrong := submit(t, office, p.URL+page+"/keepers/new", form); wrong.Status != http.StatusUnprocessableEntity || !wrong.Has("keeper-seals-error") || wrong.Attribute("mandate-name", "value") != "孙经办" || wrong.Attribute("mandate-days", "value") != "90" {
		t.Errorf("seals that are none: %d %s", wrong.Status, wrong.Text)
	}
	form["keeper-seals"], form["mandate-days"] = "", "4000"
	if wrong := submit(t, office, p.URL+page+"/keepers/new", form); wrong.Status != http.StatusUnprocessableEntity {
		t.Errorf("longer than the policy lets: %d", wrong.Status)
	}
	form["mandate-days"] = "90"
	asked := submit(t, office, p.URL+page+"/keepers/new", form)
	if asked.Status != http.StatusOK || !strings.HasPrefix(asked.URL.Path, "/me/mandates/mdt_") || !strings.Contains(asked.Text, "全部印章") || strings.Contains(asked.Text, "可查看的信息") {
		t.Fatalf("%d %s: %s", asked.Status, asked.URL, asked.Text)
	}
	naming := asked.URL.Path
	if text := messageTo(t, p, clerk, "印章保管"); !strings.Contains(text, "“印章保管”") {
		t.Errorf("the notice says %q", text)
	}
	k.stamp("while nobody confirmed", helper, "")

	named := p.SignIn(clerk)
	if got := submit(t, named, p.URL+naming, map[string]string{"mandate-answer": "accept"}); got.Status != http.StatusOK || !strings.Contains(got.Text, "有效") {
		t.Fatalf("accepting: %d %s", got.Status, got.Text)
	}
	// It opens nothing: neither a page for whom one acts, nor a choice.
	if _, ok := named.Page.Link("mandate-act"); ok {
		t.Error("the keeper may act for the organisation")
	}
	if err := named.Open(ctx, p.URL+"/me/acting/"+strings.TrimPrefix(naming, "/me/mandates/")); err != nil || named.Page.Status != http.StatusForbidden {
		t.Errorf("acting at our pages: %d %s", named.Page.Status, named.Page.Text)
	}
	if err := named.Open(ctx, p.URL+"/acting"); err != nil || strings.Contains(named.Page.Text, "青禾") {
		t.Errorf("the choice offers the organisation: %s", named.Page.Text)
	}
	k.stamp("the keeper", clerk, "")
	k.stamp("another keeper of the area", helper, fault.SealNotKeeper)

	if err := office.Open(ctx, p.URL+page); err != nil || !strings.Contains(office.Page.TextOf("organisation-keepers"), "孙*") || office.Page.Has("keeper-release") {
		t.Errorf("the page of the organisation says %s", office.Page.Text)
	}
	for login, may := range map[string]bool{clerk: true, helper: false} {
		b := p.SignInStaff(login)
		if err := b.Open(ctx, p.URL+"/seal/"+k.seal); err != nil || b.Page.Has("stamp-submit") != may || b.Page.Has("seal-not-keeper") == may || !strings.Contains(b.Page.Text, "孙*") || !b.Page.Has("seal-suspend-reason") {
			t.Errorf("the page of the seal for %s: %d %s", login, b.Page.Status, b.Page.Text)
		}
	}
	if answer := call(t, p, http.MethodGet, "/api/v1/seals/"+k.seal, adminToken(t, p, esign.RoleReviewer), nil); !strings.Contains(answer.Text, `"keepers_named_by":"某局"`) || !strings.Contains(answer.Text, "孙*") {
		t.Errorf("the operation says %s", answer.Text)
	}

	trusted := p.Client(idp.Client{ClientID: "office-app", Scope: "openid profile mandates"})
	api := func(b *walk.Browser, method, path string) apptest.Answer {
		t.Helper()
		token := p.Redeem(trusted, p.Code(b, trusted, nil).Get("code"), nil).String("access_token")
		return call(t, p, method, "/api/v1/organisations/"+k.organisation+path, token, nil)
	}
	if got := items(t, api(office, http.MethodGet, "/seal-keepers")); len(got) != 1 || got[0]["agent_name"] != "孙*办" && got[0]["agent_name"] != "孙*" || got[0]["kind"] != "seal_keeper" || got[0]["holds"] != true {
		t.Errorf("the operation lists %+v", got)
	}
	if got := api(named, http.MethodGet, "/seal-keepers"); got.Status != http.StatusNotFound {
		t.Errorf("a keeper looks at the namings: %d", got.Status)
	}
	if got := api(named, http.MethodPost, "/seal-keepers/release"); got.Status != http.StatusNotFound {
		t.Errorf("a keeper gives up: %d", got.Status)
	}
	if got := api(office, http.MethodPost, "/seal-keepers/release"); got.Status != http.StatusConflict || got.String("code") != string(fault.KeepersNamed) {
		t.Errorf("giving up while somebody is named: %d %s", got.Status, got.Text)
	}

	if got := submit(t, office, p.URL+page, map[string]string{"organisation-stop": "1", "organisation-agent": k.clerk}); got.Status != http.StatusOK || !strings.Contains(got.Text, "目前没有人可以使用") {
		t.Errorf("stopping at one press: %d %s", got.Status, got.Text)
	}
	k.stamp("who was the keeper", clerk, fault.SealNoKeeper)
	k.stamp("nobody else in its place", helper, fault.SealNoKeeper)
	if got := submit(t, office, p.URL+page, map[string]string{"keeper-release": "1"}); got.Status != http.StatusOK || !strings.Contains(got.Text, "没有自行指定") {
		t.Errorf("giving up: %d %s", got.Status, got.Text)
	}
	k.stamp("after it was given up", helper, "")
}

// TestWhenANamingOfSealKeepersCounts: what freezes, rests or ends a naming does so at once, and never opens the seals to others.
func TestWhenANamingOfSealKeepersCounts(t *testing.T) {
	register := &steered{}
	onBothWith(t, register, func(t *testing.T, p *apptest.Platform) {
		register.set(func(r *steered) { r.representative, r.state = "钱法人", mandate.Registered })
		k, ctx, m := newSealOffice(t, p), t.Context(), p.App.Mandates
		k.names("37030000001999")
		k.stamp("of another seal only", clerk, fault.SealNoKeeper)
		first := k.names("37030000001951", "37030000001999")
		k.stamp("of this seal too", clerk, "")

		ended(t, p.App.Accounts.SetState(ctx, k.clerk, idp.AccountSuspended, "test"))
		k.stamp("whose account is suspended", clerk, fault.SealNoKeeper)
		ended(t, p.App.Accounts.SetState(ctx, k.clerk, idp.AccountActive, "test"))
		k.stamp("whose account is active again", clerk, "")

		p.Persona(newBoss, "张三", 3)
		next := accountOf(t, p, newBoss).ID
		register.set(func(r *steered) { r.representative = "张三" })
		ended(t, m.Recheck(ctx, k.organisation))
		k.stamp("while a new legal representative has not confirmed", clerk, fault.SealNoKeeper)
		if _, err := m.Found(ctx, by(p, next), "示例市青禾商贸有限公司", company); err != nil {
			t.Fatal(err)
		}
		k.stamp("before the confirmation", clerk, fault.SealNoKeeper)
		ended(t, m.Thaw(ctx, by(p, next), k.organisation))
		k.stamp("after the confirmation", clerk, "")
		k.head = next

		ended(t, p.App.Accounts.RecoverPassword(ctx, k.clerk, accountOf(t, p, clerk).PasswordHash))
		k.stamp("for a day after a recovery", clerk, fault.RecoveryRest)
		p.Advance(idp.RecoveryRest)
		k.stamp("the day after", clerk, "")

		ended(t, m.Stop(ctx, k.clerk, first.ID, "wish"))
		k.stamp("who gave it back", clerk, fault.SealNoKeeper)
		k.names(mandate.AllItems)
		k.stamp("named again", clerk, "")
		policy, _ := mandate.PolicyOf(mandate.SealKeeper)
		p.Advance(policy.Life - time.Minute)
		k.stamp("before its end", clerk, "")
		p.Advance(2 * time.Minute)
		k.stamp("past its end", clerk, fault.SealNoKeeper)
		k.stamp("others past its end", helper, fault.SealNoKeeper)

		k.names(mandate.AllItems)
		ended(t, m.EndAll(ctx, k.clerk, "deceased"))
		k.stamp("who died", clerk, fault.SealNoKeeper)
		k.names(mandate.AllItems)
		k.stamp("named before the end of the organisation", clerk, "")
		register.set(func(r *steered) { r.state = mandate.Deregistered })
		ended(t, m.Recheck(ctx, k.organisation))
		k.stamp("of an organisation that is no more", clerk, fault.SealNoKeeper)
		k.stamp("others", helper, fault.SealNoKeeper)
	})
}

// TestWhoNamesSealKeepers: the legal representative, and administrators who may do everything that they give; nobody acts under a naming,
// and nobody passes one on.
func TestWhoNamesSealKeepers(t *testing.T) {
	register := &steered{}
	onBothWith(t, register, func(t *testing.T, p *apptest.Platform) {
		register.set(func(r *steered) { r.representative, r.state = "钱法人", mandate.Registered })
		k, ctx, m := newSealOffice(t, p), t.Context(), p.App.Mandates
		p.Persona(third, "王五", 2)
		p.Persona(newBoss, "张三", 2)
		administrator, operator, person := accountOf(t, p, helper).ID, accountOf(t, p, third).ID, accountOf(t, p, newBoss).ID
		give := func(kind mandate.Kind, agent string, items []string) {
			t.Helper()
			made, err := m.Give(ctx, by(p, k.head), k.organisation, agent, mandate.Terms{Kind: kind, Items: items})
			if err == nil {
				err = m.Accept(ctx, by(p, agent), made.ID)
			}
			ended(t, err)
		}
		give(mandate.Administrator, administrator, []string{mandate.AllItems})
		give(mandate.Administrator, person, []string{"tax"})
		give(mandate.Staff, operator, []string{mandate.AllItems})
		all := mandate.Terms{Kind: mandate.SealKeeper, Items: []string{mandate.AllItems}}
		with := func(change func(t *mandate.Terms)) mandate.Terms {
			terms := all
			change(&terms)
			return terms
		}
		for name, row := range map[string]struct {
			by, principal string
			terms         mandate.Terms
			want          fault.Code
		}{
			"an administrator for everything":       {administrator, k.organisation, all, ""},
			"an administrator for tax":              {person, k.organisation, all, fault.MandateTerms},
			"an operator":                           {operator, k.organisation, all, fault.Forbidden},
			"a person for itself":                   {operator, operator, all, fault.Forbidden},
			"with rights":                           {k.head, k.organisation, with(func(t *mandate.Terms) { t.Rights = []mandate.Right{mandate.View} }), fault.MandateTerms},
			"to be passed on":                       {k.head, k.organisation, with(func(t *mandate.Terms) { t.Delegable = true }), fault.MandateTerms},
			"a seal that is none":                   {k.head, k.organisation, with(func(t *mandate.Terms) { t.Items = []string{"tax"} }), fault.KeeperSeals},
			"details of authorization":              {k.head, k.organisation, with(func(t *mandate.Terms) { t.DetailTypes = []string{"property"} }), fault.KeeperSeals},
			"for more than three years":             {k.head, k.organisation, with(func(t *mandate.Terms) { t.Until = p.Now().AddDate(3, 1, 0) }), fault.MandateTerms},
			"a seal by its code":                    {k.head, k.organisation, with(func(t *mandate.Terms) { t.Items = []string{"37030000001951"} }), ""},
			"the legal representative, for a while": {k.head, k.organisation, with(func(t *mandate.Terms) { t.Until = p.Now().AddDate(0, 1, 0) }), ""},
		} {
			_, err := m.Give(ctx, by(p, row.by), row.principal, k.clerk, row.terms)
			wantFault(t, name, err, row.want)
		}

		wantFault(t, "giving up while somebody is asked", m.GiveUpKeepers(ctx, by(p, k.head), k.organisation), fault.KeepersNamed)
		named := k.names(mandate.AllItems)
		if live, err := m.Usable(ctx, k.clerk); err != nil || len(live) != 0 {
			t.Errorf("may act under %+v, %v", live, err)
		}
		_, err := m.Here(ctx, k.clerk, named.ID, "")
		wantFault(t, "acts at our pages", err, fault.ActingOver)
		now, err := m.Of(ctx, k.clerk, named.ID)
		ended(t, err)
		wantFault(t, "chooses it", m.Choose(ctx, "sid", k.clerk, "", &now), fault.MandateState)
		_, err = m.PassOn(ctx, by(p, k.clerk), named.ID, operator, mandate.Terms{Items: []string{mandate.AllItems}})
		if err == nil {
			t.Error("a naming is passed on")
		}
		portal := p.Client(idp.Client{ClientID: "acting-portal", Scope: "openid profile", ActingFor: true})
		if got := p.Code(p.SignIn(clerk), portal, map[string][]string{"acting_for": {named.ID}}); got.Get("code") != "" || got.Get("error") != "access_denied" {
			t.Errorf("a portal is told: %v", got)
		}

		wantFault(t, "giving up while somebody is named", m.GiveUpKeepers(ctx, by(p, k.head), k.organisation), fault.KeepersNamed)
		if n, err := m.StopAgent(ctx, administrator, k.organisation, k.clerk); err != nil || n != 4 {
			t.Errorf("an administrator lets the keeper go: %d, %v", n, err)
		}
		for name, row := range map[string]struct {
			by   mandate.By
			want fault.Code
		}{
			"an operator gives up":              {by(p, operator), fault.Forbidden},
			"an administrator for tax gives up": {by(p, person), fault.MandateTerms},
			"an old login gives up":             {mandate.By{Account: k.head, SignedInAt: p.Now().Add(-time.Hour)}, fault.MandateLogin},
		} {
			wantFault(t, name, m.GiveUpKeepers(ctx, row.by, k.organisation), row.want)
		}
		ended(t, m.GiveUpKeepers(ctx, by(p, administrator), k.organisation))
		wantFault(t, "giving up again", m.GiveUpKeepers(ctx, by(p, administrator), k.organisation), fault.KeepersNamed)
		_, err = m.KeepersOf(ctx, operator, k.organisation)
		wantFault(t, "an operator looks", err, fault.NotFound)
	})
}
