package app_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/testkit/browser"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// estateType is the type of the licence that issued gives.
const estateType = "11100000MB03271699001"

// refusedHere opens a page under a mandate and wants a refusal with a text and a way on.
func refusedHere(t *testing.T, b *walk.Browser, what, address string, status int, text string) {
	t.Helper()
	err := b.Open(context.Background(), address)
	if err != nil || b.Page.Status != status || !strings.Contains(b.Page.Text, text) {
		t.Errorf("%s: %v %d %s", what, err, b.Page.Status, b.Page.Text)
	}
	if status == http.StatusForbidden && (!strings.Contains(b.Page.Source, `href="/me/mandates"`) || strings.Contains(b.Page.Text, "您正在代")) {
		t.Errorf("%s: no way on, or still acting: %s", what, b.Page.Text)
	}
}

// TestX03ActingOnOurOwnPages: who acts sees what the mandate opens of the principal and nothing else, with the acting identity in the head
// of every page; both sides see each use; the mandate is judged at every request, on every node.
func TestX03ActingOnOurOwnPages(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		other := apptest.StartWith(t, p.Config) // a second node on the same database
		there := "http://localhost" + other.Listen[strings.LastIndexByte(other.Listen, ':'):]
		p.Persona(elder, "", 0)
		p.Persona(helper, "李四", 2)
		p.Persona(third, "王五", 2)
		holder, agentID := accountOf(t, p, elder).ID, accountOf(t, p, helper).ID
		principal, agent, stranger := p.SignIn(elder), p.SignIn(helper), p.SignIn(third)
		submit(t, principal, p.URL+"/proofing?ial=2", map[string]string{"proofing-name": holderOfLicence.Name, "proofing-number": holderOfLicence.Number, "proofing-mobile": "13800138000"})
		license, _ := issued(t, p)
		eventually(t, "the licence is not delivered", func() bool {
			return principal.Open(ctx, p.URL+"/me") == nil && strings.Contains(principal.Page.Source, "/me/licenses/"+license+"/present")
		})
		all := []string{mandate.AllItems}
		m := give(t, p, holder, agentID, mandate.Terms{Items: all, Rights: []mandate.Right{mandate.View, mandate.Present}, MaxClass: mandate.ClassName})
		base := p.URL + "/me/acting/" + m.ID
		present := "/licenses/" + license + "/present"

		if err := agent.Open(ctx, p.URL+"/me/mandates"); err != nil || !strings.Contains(agent.Page.Source, `href="/me/acting/`+m.ID+`"`) {
			t.Errorf("the list leads nowhere: %v %s", err, agent.Page.Text)
		}
		if err := principal.Open(ctx, p.URL+"/me/mandates"); err != nil || strings.Contains(principal.Page.Source, "/me/acting/") {
			t.Errorf("the principal is offered to act for itself: %v", err)
		}
		if err := agent.Open(ctx, base); err != nil || agent.Page.Status != http.StatusOK {
			t.Fatalf("%v %d %s", err, agent.Page.Status, agent.Page.Text)
		}
		page := agent.Page
		for _, want := range []string{"您正在代 张* 办理", "经办：李*", "回到本人", "中级实名", "现行有效"} {
			if !strings.Contains(page.Text, want) && want != "现行有效" {
				t.Errorf("%q is not on the page: %s", want, page.Text)
			}
		}
		for _, never := range []string{holderOfLicence.Name, holderOfLicence.Number, "002X", elder, "/me/security", "/me/data", "/file\"", "/me/licenses/"} {
			if strings.Contains(page.Source, never) {
				t.Errorf("%q is on the page", never)
			}
		}
		if !page.Has("acting-self") || !page.Has("licences") || !strings.Contains(page.Source, "/me/acting/"+m.ID+present) || !strings.Contains(page.Text, "在本平台查看") {
			t.Errorf("the page is %s", page.Source)
		}
		if err := agent.Open(ctx, base+present); err != nil || agent.Page.Status != http.StatusOK || !strings.Contains(agent.Page.Text, "您正在代 张* 办理") || !agent.Page.Has("presentation-code") {
			t.Fatalf("the code: %v %d %s", err, agent.Page.Status, agent.Page.Text)
		}
		showing := agent.Page.URL.RequestURI()
		if !strings.Contains(agent.Page.Source, `href="/me/acting/`+m.ID+`"`) {
			t.Error("the end of the showing leads elsewhere")
		}
		for what, address := range map[string]string{"a stranger": base, "a stranger's code": base + present} {
			refusedHere(t, stranger, what, address, http.StatusNotFound, "未找到")
		}
		refusedHere(t, principal, "the principal", base, http.StatusNotFound, "未找到")
		for _, path := range []string{p.URL + "/me/acting/mdt_0000", p.URL + "/me/acting/" + holder, p.URL + "/me/acting/mdt_%00", base + "/security", base + "/data", base + "/mandates/new", base + "/licenses/" + license + "/file", base + "/licenses/lic_none/present"} {
			refusedHere(t, agent, path, path, http.StatusNotFound, "")
		}
		if err := walk.New(nil).Open(ctx, base); err != nil {
			t.Error(err)
		}
		nobody := walk.New(nil)
		if err := nobody.Open(ctx, base+present); err != nil || nobody.Page.URL.Path != "/login" || !strings.Contains(nobody.Page.Source, "next_") {
			t.Errorf("who is not signed in: %v %s", err, nobody.Page.URL)
		}

		// Both sides see it.
		file := recordsFile(t, p, principal)
		for _, want := range []string{"本平台代办页面", "按授权代办的人", "证照的出示码", "证照名称、状态和有效期", m.ID} {
			if !strings.Contains(file, want) {
				t.Errorf("%q is not on the principal's ledger:\n%s", want, file)
			}
		}
		if !strings.Contains(recordsFile(t, p, agent), "您代他人办理的身份") {
			t.Error("the agent's ledger says nothing")
		}
		if err := principal.Open(ctx, p.URL+"/me/mandates/"+m.ID); err != nil || !strings.Contains(principal.Page.Text, "在本平台代为出示证照") || !strings.Contains(principal.Page.Text, "在本平台查看") {
			t.Errorf("the principal does not see the uses: %v %s", err, principal.Page.Text)
		}
		var n int
		db := databaseOf(t, p)
		err := db.Read().QueryRowContext(ctx, "SELECT COUNT(*) FROM audit_event WHERE type = 'mandate.used' AND object_id = $1 AND body LIKE $2 AND body LIKE $3", m.ID, `%"account:`+agentID+`"%`, `%"acting_for":"account:`+holder+`"%`).Scan(&n)
		if err != nil || n != 2 {
			t.Errorf("%d audit events, %v", n, err)
		}
		err = db.Read().QueryRowContext(ctx, "SELECT COUNT(*) FROM audit_event WHERE type = 'license.presentation.minted' AND body LIKE $1 AND body LIKE $2", `%"account:`+agentID+`"%`, `%"acting_for":"account:`+holder+`"%`).Scan(&n)
		if err != nil || n != 1 {
			t.Errorf("%d codes on record, %v", n, err)
		}

		// Rights and items.
		only := give(t, p, holder, agentID, mandate.Terms{Items: all, Rights: []mandate.Right{mandate.View}})
		refusedHere(t, agent, "without the right to present", p.URL+"/me/acting/"+only.ID+present, http.StatusForbidden, "您的授权不含此项权限")
		if err := agent.Open(ctx, p.URL+"/me/acting/"+only.ID); err != nil || !agent.Page.Has("licences") || strings.Contains(agent.Page.Source, "/present") {
			t.Errorf("to look alone: %v %s", err, agent.Page.Text)
		}
		blind := give(t, p, holder, agentID, mandate.Terms{Items: all, Rights: []mandate.Right{mandate.Fill, mandate.Submit}})
		if err := agent.Open(ctx, p.URL+"/me/acting/"+blind.ID); err != nil || agent.Page.Status != http.StatusOK || !agent.Page.Has("acting-no-view") || agent.Page.Has("licences") || agent.Page.Has("acting-level") || strings.Contains(agent.Page.Text, "中级实名") {
			t.Errorf("without the right to look: %v %s", err, agent.Page.Text)
		}
		narrow := give(t, p, holder, agentID, mandate.Terms{Items: []string{"pension"}, Rights: []mandate.Right{mandate.View, mandate.Present}})
		refusedHere(t, agent, "an item that is not named", p.URL+"/me/acting/"+narrow.ID+present, http.StatusForbidden, "不在您的授权事项内")
		if err := agent.Open(ctx, p.URL+"/me/acting/"+narrow.ID); err != nil || strings.Contains(agent.Page.Source, license) || !strings.Contains(agent.Page.Text, "没有可以显示的证照") {
			t.Errorf("items that name no licence: %v %s", err, agent.Page.Text)
		}
		named := give(t, p, holder, agentID, mandate.Terms{Items: []string{"pension", estateType}, Rights: []mandate.Right{mandate.View, mandate.Present}})
		if err := agent.Open(ctx, p.URL+"/me/acting/"+named.ID+present); err != nil || !agent.Page.Has("presentation-code") {
			t.Errorf("an item that is named: %v %s", err, agent.Page.Text)
		}

		// What stops tokens stops pages.
		if err := agent.Open(ctx, there+"/me/acting/"+m.ID); err != nil || agent.Page.Status != http.StatusOK {
			t.Fatalf("on the other node: %v %d %s", err, agent.Page.Status, agent.Page.Text)
		}
		const over = "您现在不能代其办理"
		ended(t, p.App.Accounts.SetState(ctx, holder, idp.AccountSuspended, "test"))
		refusedHere(t, agent, "a suspended principal", base, http.StatusForbidden, over)
		refusedHere(t, agent, "a suspended principal's code", p.URL+showing, http.StatusForbidden, over)
		ended(t, p.App.Accounts.SetState(ctx, holder, idp.AccountActive, "test"))
		if err := agent.Open(ctx, p.URL+showing); err != nil || !agent.Page.Has("presentation-code") {
			t.Errorf("resumed: %v %d %s", err, agent.Page.Status, agent.Page.Text)
		}
		ended(t, p.App.Mandates.Stop(ctx, holder, m.ID, "wish"))
		for what, address := range map[string]string{"here": base, "on the other node": there + "/me/acting/" + m.ID, "a code that is being shown": p.URL + showing, "that, on the other node": there + showing} {
			refusedHere(t, agent, "ended, "+what, address, http.StatusForbidden, over)
		}
		ended(t, p.App.Mandates.EndAll(ctx, holder, "deceased"))
		refusedHere(t, agent, "a death", p.URL+"/me/acting/"+only.ID, http.StatusForbidden, over)
	})
}

// TestX10NobodyActsHereAfterARecovery: for a day after a recovery the account acts for nobody on our pages; time ends a mandate by itself.
func TestX10NobodyActsHereAfterARecovery(t *testing.T) {
	p := apptest.Start(t, database(t))
	ctx := context.Background()
	p.Persona(elder, "赵奶奶", 1)
	p.Persona(helper, "李四", 2)
	agentID := accountOf(t, p, helper).ID
	m := give(t, p, accountOf(t, p, elder).ID, agentID, mandate.Terms{Items: []string{mandate.AllItems}, Rights: []mandate.Right{mandate.View}, Until: p.Now().Add(40 * time.Hour)})
	ended(t, p.App.Accounts.RecoverPassword(ctx, agentID, accountOf(t, p, helper).PasswordHash))
	p.Advance(time.Minute)
	agent := p.SignIn(helper)
	if err := agent.Open(ctx, p.URL+"/me/acting/"+m.ID); err != nil || agent.Page.Status != http.StatusForbidden || !strings.Contains(agent.Page.Text, "24 小时") {
		t.Errorf("within the day: %v %d %s", err, agent.Page.Status, agent.Page.Text)
	}
	p.Advance(idp.RecoveryRest)
	agent = p.SignIn(helper)
	if err := agent.Open(ctx, p.URL+"/me/acting/"+m.ID); err != nil || agent.Page.Status != http.StatusOK {
		t.Errorf("the day after: %v %d %s", err, agent.Page.Status, agent.Page.Text)
	}
	p.Advance(16 * time.Hour)
	refusedHere(t, p.SignIn(helper), "its time is over", p.URL+"/me/acting/"+m.ID, http.StatusForbidden, "您现在不能代其办理")
}

// TestActingForAnOrganisation: an agent sees and shows the licences of the organisation; a change of its legal representative takes the
// right to show them, and a deregistration all.
func TestActingForAnOrganisation(t *testing.T) {
	register := &steered{}
	p := apptest.StartOn(t, apptest.NewConfig(t, database(t), t.TempDir()), app.Options{Register: register})
	register.set(func(r *steered) { r.representative, r.state = "钱法人", mandate.Registered })
	ctx, ms := context.Background(), p.App.Mandates
	p.Persona(boss, "钱法人", 3)
	p.Persona(clerk, "孙经办", 2)
	head, agentID := accountOf(t, p, boss).ID, accountOf(t, p, clerk).ID
	o, err := ms.Found(ctx, by(p, head), "示例市青禾商贸有限公司", company)
	if err != nil {
		t.Fatal(err)
	}
	m, err := ms.Give(ctx, by(p, head), o.ID, agentID, mandate.Terms{Kind: mandate.Staff, Items: []string{mandate.AllItems}, Rights: []mandate.Right{mandate.View, mandate.Present}, MaxClass: mandate.ClassName})
	if err != nil {
		t.Fatal(err)
	}
	ended(t, ms.Accept(ctx, by(p, agentID), m.ID))
	license, _ := issuedTo(t, p, "示例市青禾商贸有限公司", "001", company)
	agent := p.SignIn(clerk)
	address := p.URL + "/me/acting/" + m.ID
	eventually(t, "the organisation's licence is not there", func() bool {
		return agent.Open(ctx, address) == nil && strings.Contains(agent.Page.Source, "/me/acting/"+m.ID+"/licenses/"+license+"/present")
	})
	if !strings.Contains(agent.Page.Text, "示例市青禾商贸有限公司 经办人 孙*办") || !agent.Page.Has("acting-self") || strings.Contains(agent.Page.Source, company) {
		t.Errorf("the head says %s", agent.Page.Text)
	}
	if err := agent.Open(ctx, address+"/licenses/"+license+"/present"); err != nil || !agent.Page.Has("presentation-code") {
		t.Errorf("the code: %v %d %s", err, agent.Page.Status, agent.Page.Text)
	}
	register.set(func(r *steered) { r.representative = "张三" })
	p.Advance(25 * time.Hour)
	if _, err := ms.RecheckDue(ctx); err != nil {
		t.Fatal(err)
	}
	agent = p.SignIn(clerk)
	refusedHere(t, agent, "frozen", address+"/licenses/"+license+"/present", http.StatusForbidden, "您的授权不含此项权限")
	if err := agent.Open(ctx, address); err != nil || agent.Page.Status != http.StatusOK || !strings.Contains(agent.Page.Text, "高风险权限已冻结") || strings.Contains(agent.Page.Source, "/present") {
		t.Errorf("frozen: %v %s", err, agent.Page.Text)
	}
	ended(t, ms.Deregister(ctx, company))
	ended(t, ms.Deregister(ctx, company)) // told twice
	if over, err := p.App.Accounts.Person(ctx, m.Principal); err != nil || over.State != idp.AccountClosed {
		t.Errorf("the account of the organisation is %s, %v", over.State, err)
	}
	refusedHere(t, agent, "deregistered", address, http.StatusForbidden, "您现在不能代其办理")
}

// TestX03ActingInTheBrowser walks from the list of mandates to the code of a licence and back to oneself, with scripts and without: the
// acting identity stands in the head of each page, and the browser asks nobody else and complains of nothing.
func TestX03ActingInTheBrowser(t *testing.T) {
	p := apptest.Start(t, "sqlite:"+t.TempDir()+"/yinxin.db")
	p.Persona(elder, "", 0)
	p.Persona(helper, "李四", 2)
	principal := p.SignIn(elder)
	submit(t, principal, p.URL+"/proofing?ial=2", map[string]string{"proofing-name": holderOfLicence.Name, "proofing-number": holderOfLicence.Number, "proofing-mobile": "13800138000"})
	license, _ := issued(t, p)
	eventually(t, "the licence is not delivered", func() bool {
		return principal.Open(t.Context(), p.URL+"/me") == nil && strings.Contains(principal.Page.Source, license)
	})
	m := give(t, p, accountOf(t, p, elder).ID, accountOf(t, p, helper).ID, mandate.Terms{Items: []string{mandate.AllItems}, Rights: []mandate.Right{mandate.View, mandate.Present}})
	for _, scripts := range []bool{true, false} {
		tab := browser.New(t)
		tab.Size(t, 360, 800)
		if !scripts {
			tab.WithoutScripts(t)
		}
		tab.Open(t, p.URL+"/login")
		tab.Fill(t, map[string]string{"login-identifier": helper, "login-password": apptest.Password})
		tab.Press(t, "login-submit", "#identity")
		tab.Open(t, p.URL+"/me/mandates/"+m.ID)
		tab.Press(t, "mandate-act", "#acting-level")
		head := func(page string) {
			t.Helper()
			text, err := chromedp.Run(tab.Context, chromedp.Text(chromedp.CSS("#acting-identity")))
			if err != nil || !strings.Contains(text, "您正在代 张* 办理") && !strings.Contains(text, "You are acting for 张*") || !strings.Contains(text, "李*") { // in the browser's language
				t.Errorf("scripts %t, %s: the head says %q, %v", scripts, page, text, err)
			}
			if elsewhere, problems := tab.Elsewhere(t, p.URL), tab.Problems(); len(elsewhere)+len(problems) > 0 {
				t.Errorf("scripts %t, %s: %v %v", scripts, page, elsewhere, problems)
			}
		}
		head("whom one acts for")
		tab.Open(t, p.URL+"/me/acting/"+m.ID+"/licenses/"+license+"/present")
		head("the code of a licence")
		if n := count(t, tab, ".qr"); n != 1 {
			t.Errorf("scripts %t: %d codes", scripts, n)
		}
		tab.Press(t, "acting-self", "#identity")
		if text, err := chromedp.Run(tab.Context, chromedp.Text(chromedp.CSS("#acting-identity"))); err != nil || !strings.HasPrefix(text, "李* · ") || strings.Contains(text, "张*") {
			t.Errorf("scripts %t: back to oneself the head says %q, %v", scripts, text, err)
		}
	}
}
