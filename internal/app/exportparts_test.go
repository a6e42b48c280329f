package app_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// TestACopyOfChosenParts: the page offers every part, a choice of none is told at the parts, and both forms of the copy hold what was
// chosen and nothing else.
func TestACopyOfChosenParts(t *testing.T) {
	p := apptest.Start(t, database(t))
	p.Persona(mobile, "李四", 2)
	b := p.SignIn(mobile)
	operatorSeal(t, p)
	open(t, b, p.URL+"/me/data")
	for _, name := range []string{"account", "documents", "sign_in", "consents", "records", "questions", "mandates", "licenses"} {
		if !b.Page.Has("data-section-" + name) {
			t.Errorf("%s is not on offer", name)
		}
	}
	ask := func(sections ...string) apptest.Answer {
		return postForm(t, p, b, "/me/data/export", url.Values{"data-choose": {"1"}, "data-section": sections})
	}
	if a := ask(); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text, "data-sections-error") || strings.Contains(a.Text, ` checked`) {
		t.Errorf("nothing chosen: %d %s", a.Status, a.Text)
	}
	if a := ask("mandates", "passwords"); a.Status != http.StatusUnprocessableEntity || strings.Count(a.Text, ` checked`) != 1 {
		t.Errorf("no such part: %d", a.Status)
	}
	if a := ask("account", "mandates"); a.Status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Status, a.Text)
	}
	eventually(t, "the copy is not made", func() bool { open(t, b, p.URL+"/me/data"); return b.Page.Has("data-file") })
	open(t, b, p.URL+"/me/data/export.json")
	var copied struct {
		Sections map[string]any `json:"sections"`
		Left     []string       `json:"sections_not_asked_for"`
	}
	if err := json.Unmarshal([]byte(b.Page.Source), &copied); err != nil || len(copied.Sections) != 2 || copied.Sections["account"] == nil || copied.Sections["mandates"] == nil || len(copied.Left) != 6 || !slices.Contains(copied.Left, "licenses") {
		t.Errorf("%v %s", err, b.Page.Source)
	}
	open(t, b, p.URL+"/me/data/export.ofd")
	if shown := textOf(t, []byte(b.Page.Source)); b.Page.Status != http.StatusOK || !strings.Contains(shown, "代办授权") || strings.Contains(shown, "使用记录") || strings.Contains(shown, "登录方式、设备与会话") {
		t.Errorf("the document: %d %s", b.Page.Status, shown)
	}
}

// TestX10NothingIsTakenAwayAfterARecovery: for a day after a recovery no copy of the data is asked for or fetched and no account is merged.
func TestX10NothingIsTakenAwayAfterARecovery(t *testing.T) {
	p := apptest.Start(t, database(t))
	other := "+8613800138022"
	p.Persona(mobile, "李四", 2)
	p.Persona(other, "王五", 0)
	b := p.SignIn(mobile)
	if a := post(t, p, b, "/me/data/export"); a.Status != http.StatusSeeOther {
		t.Fatalf("%d", a.Status)
	}
	eventually(t, "the copy is not made", func() bool { open(t, b, p.URL+"/me/data"); return b.Page.Has("data-file") })
	ended(t, p.App.Accounts.LetIn(t.Context(), accountOf(t, p, mobile).ID))
	rests := func(what string, status int, text string) {
		t.Helper()
		if status != http.StatusForbidden || !strings.Contains(text, "24 小时内更换过密码或手机号") {
			t.Errorf("%s: %d %s", what, status, text)
		}
	}
	for _, one := range []string{"export.json", "export.json.jws"} {
		open(t, b, p.URL+"/me/data/"+one)
		rests(one, b.Page.Status, b.Page.Text)
	}
	const passphrase = "lantern-orbit-pear-42"
	a := postForm(t, p, b, "/me/data/export.zip", url.Values{"data-passphrase": {passphrase}, "data-passphrase-again": {passphrase}})
	rests("the archive", a.Status, a.Text)
	a = post(t, p, b, "/me/data/export")
	rests("another copy", a.Status, a.Text)
	merge := func(b *walk.Browser, name string) {
		t.Helper()
		open(t, b, p.URL+"/merge")
		press(t, b, map[string]string{"merge-identifier": name, "merge-password": apptest.Password})
	}
	merge(b, other)
	rests("a merge", b.Page.Status, b.Page.Text)
	stranger := p.SignIn(other)
	merge(stranger, mobile)
	rests("a merge from the other side", stranger.Page.Status, stranger.Page.Text)
	if a := post(t, p, b, "/me/data/export/destruction"); a.Status != http.StatusSeeOther {
		t.Errorf("destroying it: %d", a.Status)
	}
	p.Advance(idp.RecoveryRest)
	b = p.SignIn(mobile)
	if a := post(t, p, b, "/me/data/export"); a.Status != http.StatusSeeOther {
		t.Errorf("the day after: %d %s", a.Status, a.Text)
	}
}

// TestCardsOfMeTellHowThingsStand: a mandate that waits for an answer, mandates that hold, who was given something last, and a deletion that is
// under way stand on the own page, before anybody looks for them.
func TestCardsOfMeTellHowThingsStand(t *testing.T) {
	p := apptest.Start(t, database(t))
	ctx := t.Context()
	p.Persona(elder, "赵奶奶", 1)
	p.Persona(helper, "李四", 2)
	principal, agent := accountOf(t, p, elder).ID, accountOf(t, p, helper).ID
	b := p.SignIn(helper)
	if open(t, b, p.URL+"/me"); strings.Contains(b.Page.Text, "项授权") || strings.Contains(b.Page.Text, "最近一次") || strings.Contains(b.Page.Text, "注销，可撤回") {
		t.Fatalf("there is nothing to tell: %s", b.Page.Text)
	}
	give(t, p, principal, agent, mandate.Terms{})
	offered, err := p.App.Mandates.Give(ctx, by(p, principal), principal, agent, mandate.Terms{Kind: mandate.Relative, Items: []string{"pension"}})
	ended(t, err)
	c := p.Client(idp.Client{ClientID: "portal", ClientName: "市场监管", Scope: "openid profile"})
	p.Redeem(c, p.Code(b, c, nil).Get("code"), nil)
	if open(t, b, p.URL+"/me"); !strings.Contains(b.Page.Text, "1 项授权等您确认") || !strings.Contains(b.Page.Text, "1 项授权生效中") || !strings.Contains(b.Page.Text, "最近一次：市场监管") {
		t.Errorf("%s", b.Page.Text)
	}
	giver := p.SignIn(elder)
	if open(t, giver, p.URL+"/me"); strings.Contains(giver.Page.Text, "等您确认") || !strings.Contains(giver.Page.Text, "1 项授权生效中") {
		t.Errorf("whoever gave it: %s", giver.Page.Text)
	}
	ended(t, p.App.Mandates.Stop(ctx, agent, offered.ID, "refused"))
	p.Persona(mobile, "王五", 1)
	b = p.SignIn(mobile)
	if a := post(t, p, b, "/me/data/deletion"); a.Status != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Status, a.Text)
	}
	if open(t, b, p.URL+"/me"); !strings.Contains(b.Page.Text, "注销，可撤回") {
		t.Errorf("a deletion is under way: %s", b.Page.Text)
	}
}

// TestFamilyNumbersAreTheOperators: a deployment says how many family accounts and helpers one person may give and hold; other kinds keep theirs.
func TestFamilyNumbersAreTheOperators(t *testing.T) {
	for most, third := range map[int]fault.Code{0: "", 1: fault.MandateLimit} {
		cfg := apptest.NewConfig(t, database(t), t.TempDir())
		cfg.Family.Max = most
		p := apptest.StartOn(t, cfg, app.Options{})
		ctx, m := t.Context(), p.App.Mandates
		p.Persona(elder, "赵奶奶", 2)
		p.Persona(helper, "李四", 2)
		p.Persona(mobile, "王五", 2)
		principal, first, second := accountOf(t, p, elder).ID, accountOf(t, p, helper).ID, accountOf(t, p, mobile).ID
		terms := mandate.Terms{Kind: mandate.ElderHelper, Items: []string{mandate.AllItems}}
		_, err := m.Give(ctx, by(p, principal), principal, first, terms)
		ended(t, err)
		_, err = m.Give(ctx, by(p, principal), principal, second, terms)
		wantFault(t, "a second helper", err, third)
		_, err = m.Give(ctx, by(p, second), second, first, terms)
		wantFault(t, "somebody else's helper", err, third)
		terms.Kind = mandate.Relative
		for _, agent := range []string{first, second} {
			_, err = m.Give(ctx, by(p, principal), principal, agent, terms)
			ended(t, err)
		}
	}
}
