package app_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/proofing/sandbox"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

const (
	lostPhone = "13800138000"
	notProved = "用这种方式没有找回账号"
)

// proveByFace fills the form of the way by face, and chooses what the simulated service answers.
func proveByFace(t *testing.T, p *apptest.Platform, b *walk.Browser, name, number, result string) *walk.Page {
	t.Helper()
	open(t, b, p.URL+"/recover")
	if !b.Page.Has("recover-face") {
		t.Fatalf("the way by face is not offered: %s", b.Page.Text)
	}
	submit(t, b, p.URL+"/recover/proof/face", map[string]string{"proofing-name": name, "proofing-number": number, "proofing-consent": "face-2026-11"})
	if result == "" || !b.Page.Has("visit-match") {
		return b.Page
	}
	return press(t, b, map[string]string{"result": result})
}

// TestX10RecoveryByProof: whoever has nothing left shows who they are by face; the account stays at its level, older sessions end, all
// contacts are told, seals and mandates rest, and a lost number is replaced without its code.
func TestX10RecoveryByProof(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx := t.Context()
		p.Persona(lostPhone, "张三", 3)
		old, before := p.SignIn(lostPhone), accountOf(t, p, lostPhone)
		b := walk.New(nil)
		if page := proveByFace(t, p, b, "张三", "11010519491231002X", "match"); page.URL.Path != "/recover/password" {
			t.Fatalf("%d on %s: %s", page.Status, page.URL, page.Text)
		}
		eventually(t, "what a proof opened is not told at once", func() bool { return told(p, lostPhone, "找回") })
		if letIn := accountOf(t, p, lostPhone); idp.RestsUntil(letIn.RecoveredAt, p.Now()).IsZero() || letIn.PasswordHash != before.PasswordHash {
			t.Errorf("who never sets a password acts at once: %+v", letIn)
		}
		open(t, old, p.URL+"/me")
		if old.Page.URL.Path != "/me" {
			t.Error("a proof alone ended a session")
		}
		if press(t, b, map[string]string{"password-new": "Another-horse-9"}); b.Page.URL.Path != "/welcome" || !b.Page.Has("welcome-contact") {
			t.Fatalf("%d on %s: %s", b.Page.Status, b.Page.URL, b.Page.Text)
		}
		if open(t, old, p.URL+"/me"); old.Page.URL.Path != "/login" {
			t.Error("an older session goes on")
		}
		eventually(t, "the recovery is not told", func() bool { return told(p, lostPhone, "找回") })
		after := accountOf(t, p, lostPhone)
		if len(after.Proofs) != len(before.Proofs) || !after.Proofs[0].At.Equal(before.Proofs[0].At) || after.Proofs[0].IAL != 3 {
			t.Errorf("evidence changed: %+v", after.Proofs)
		}
		if idp.RestsUntil(after.RecoveredAt, p.Now()).IsZero() {
			t.Error("nothing rests")
		}
		c := p.Client(idp.Client{ClientID: "after"})
		claims := apptest.Claims(t, p.Redeem(c, p.Code(b, c, nil).Get("code"), nil).String("id_token"))
		if amr, _ := claims["amr"].([]any); len(amr) != 1 || amr[0] != "idv" || claims["acr"] != "urn:yinxin:aal:1" {
			t.Errorf("amr %v, acr %v", claims["amr"], claims["acr"])
		}
		open(t, b, p.URL+"/me/security")
		if press(t, b, map[string]string{"contact-new": "13800138077"}); !strings.Contains(b.Page.Text, "138****8077") {
			t.Errorf("the lost number is asked first: %s", b.Page.Text)
		}
		if press(t, b, map[string]string{"otp-code": inbox(t, p, "13800138077")}); !b.Page.Has("contact-changed") {
			t.Errorf("%d %s", b.Page.Status, b.Page.Text)
		}
		if _, err := p.App.Accounts.ByIdentifier(ctx, parsed(t, lostPhone)); err == nil {
			t.Error("the lost number still leads to the account")
		}
	})
}

// TestA01RecoveryByProofTellsNothing: another person, no account, an account below level 2, one above the way, one that is suspended
// and one that holds the number under another name have one answer.
func TestA01RecoveryByProofTellsNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		p.Persona(lostPhone, "张三", 3)
		p.Persona("13800138001", "李四", 1)
		p.Persona("13800138003", "欧阳春晓", 4)
		p.Persona("13800138008", "钱法人", 3)
		if err := p.App.Accounts.SetState(t.Context(), accountOf(t, p, "13800138008").ID, idp.AccountSuspended, "test"); err != nil {
			t.Fatal(err)
		}
		shown := ""
		for what, who := range map[string][3]string{
			"another face":      {"张三", "11010519491231002X", "mismatch"},
			"refused":           {"张三", "11010519491231002X", "refused"},
			"no account":        {"阿依古丽·买买提", "999900198807070046", "match"},
			"level 1":           {"李四", "99990019800101001X", "match"},
			"level 4":           {"欧阳春晓", "999900199105050029", "match"},
			"suspended":         {"钱法人", "999900197903030074", "match"},
			"not in the source": {"孙无名", "11010519491231002X", "match"},
		} {
			page := proveByFace(t, p, walk.New(nil), who[0], who[1], who[2])
			if page.Status != http.StatusUnprocessableEntity || !strings.Contains(page.Text, notProved) || page.URL.Path != "/recover/return" || page.Has("password-new") {
				t.Errorf("%s: %d on %s: %s", what, page.Status, page.URL, page.Text)
			}
			if shown == "" {
				shown = page.Text
			} else if page.Text != shown {
				t.Errorf("%s: told apart\n%s\n%s", what, page.Text, shown)
			}
		}
		if page := proveByFace(t, p, walk.New(nil), "王小明", "999900201503120037", ""); page.Has("visit-match") || page.Status != http.StatusUnprocessableEntity {
			t.Errorf("a child: %d %s", page.Status, page.Text)
		}
	})
}

// TestX08RecoveryBySilentSource: no answer is no mismatch, and the visit can be asked about again.
func TestX08RecoveryBySilentSource(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		p.Persona(lostPhone, "张三", 3)
		b := walk.New(nil)
		page := proveByFace(t, p, b, "张三", "11010519491231002X", "broken")
		if !page.Has("recover-again") || !strings.Contains(page.Text, "暂时没有回应") || strings.Contains(page.Text, notProved) {
			t.Errorf("%d %s", page.Status, page.Text)
		}
		again := page.Attribute("recover-again", "href")
		if open(t, b, p.URL+again); !b.Page.Has("recover-again") {
			t.Errorf("%d %s", b.Page.Status, b.Page.Text)
		}
		page = proveByFace(t, p, b, "张三", "11010519491231002X", "pending")
		if !page.Has("recover-again") || !strings.Contains(page.Text, "还没有结果") {
			t.Errorf("%d %s", page.Status, page.Text)
		}
	})
}

// TestA17A25VisitOfARecovery: it belongs to the browser that began it, which does not learn its handle before the person comes back; it is
// used once and in five minutes, and a consent to an old text begins none.
func TestA17A25VisitOfARecovery(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		p.Persona(lostPhone, "张三", 3)
		b := walk.New(nil)
		begun := proveByFace(t, p, b, "张三", "11010519491231002X", "")
		if strings.Contains(begun.Source, "step=") || strings.Contains(begun.URL.String(), "step") {
			t.Error("the browser that begins is told the handle")
		}
		victim := walk.New(nil) // the page was sent on to somebody else, who shows a face
		open(t, victim, begun.URL.String())
		press(t, victim, map[string]string{"result": "match"})
		if victim.Page.Status != http.StatusBadRequest || victim.Page.Has("password-new") {
			t.Errorf("another browser: %d on %s", victim.Page.Status, victim.Page.URL)
		}
		back := victim.Page.URL.String()
		if page := proveByFace(t, p, b, "张三", "11010519491231002X", "match"); page.URL.Path != "/recover/password" {
			t.Fatalf("%d on %s", page.Status, page.URL)
		}
		if open(t, b, back); b.Page.URL.Path != "/recover/password" { // the same browser may use its other visit
			t.Errorf("%d on %s: %s", b.Page.Status, b.Page.URL, b.Page.Text)
		}
		if open(t, b, back); b.Page.Status != http.StatusBadRequest {
			t.Errorf("a visit used twice: %d on %s", b.Page.Status, b.Page.URL)
		}
		proveByFace(t, p, b, "张三", "11010519491231002X", "pending")
		late := b.Page.URL.String()
		p.Advance(6 * time.Minute)
		if open(t, b, late); !strings.Contains(b.Page.Text, notProved) {
			t.Errorf("late: %d %s", b.Page.Status, b.Page.Text)
		}
		page := submit(t, b, p.URL+"/recover/proof/face", map[string]string{"proofing-name": "张三", "proofing-number": "11010519491231002X", "proofing-consent": "face-2025-01"})
		if page.Has("visit-match") || page.Status != http.StatusUnprocessableEntity {
			t.Errorf("consent to an old text: %d", page.Status)
		}
	})
}

// TestA19RecoveryByProofAsksTheSecondFactor: a face is no second factor; the page names the counter for whoever lost it as well.
func TestA19RecoveryByProofAsksTheSecondFactor(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		p.Persona(lostPhone, "张三", 3)
		key := addTOTP(t, p, p.SignIn(lostPhone))
		b := walk.New(nil)
		page := proveByFace(t, p, b, "张三", "11010519491231002X", "match")
		if page.URL.Path != "/login/second" || !strings.Contains(page.TextOf("second-counter"), "窗口") {
			t.Fatalf("%d on %s: %s", page.Status, page.URL, page.Text)
		}
		p.Advance(time.Minute)
		if press(t, b, map[string]string{"otp-code": totpAt(t, key, p.Now())}); b.Page.URL.Path != "/recover/password" {
			t.Fatalf("%d on %s: %s", b.Page.Status, b.Page.URL, b.Page.Text)
		}
		press(t, b, map[string]string{"password-new": "Another-horse-9"})
		c := p.Client(idp.Client{ClientID: "after"})
		claims := apptest.Claims(t, p.Redeem(c, p.Code(b, c, nil).Get("code"), nil).String("id_token"))
		if claims["acr"] != "urn:yinxin:aal:1" {
			t.Errorf("a face and a code make %v", claims["acr"])
		}
	})
}

// TestA02RecoveryByProofIsCounted: tries about a number end, from wherever they come.
func TestA02RecoveryByProofIsCounted(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		p.Persona(lostPhone, "张三", 3)
		for range proofing.RecoveryTries {
			if page := proveByFace(t, p, walk.New(nil), "张三", "11010519491231002X", ""); !page.Has("visit-match") {
				t.Fatalf("%d %s", page.Status, page.Text)
			}
		}
		if page := proveByFace(t, p, walk.New(nil), "张三", "11010519491231002X", ""); page.Status != http.StatusTooManyRequests || !page.Has("proofing-agree") {
			t.Errorf("%d %s", page.Status, page.Text)
		}
	})
}

// TestRecoveryByKnowledgeIsThePolicys: a bank card opens nothing unless the operator says so, and then no account above its level.
func TestRecoveryByKnowledgeIsThePolicys(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		p.Persona(lostPhone, "张三", 2)
		b := walk.New(nil)
		if open(t, b, p.URL+"/recover"); b.Page.Has("recover-bank_card") || b.Page.Has("recover-carrier") {
			t.Error("what somebody else may know recovers an account")
		}
		if open(t, b, p.URL+"/recover/proof/bank_card"); b.Page.Status != http.StatusNotFound {
			t.Errorf("%d", b.Page.Status)
		}
		manifest := app.Manifest{}
		manifest.Policies.Proofing = []proofing.Level{{Method: proofing.BankCard, IAL: 2, Days: 1825, Recover: true}, {Method: proofing.Carrier, IAL: 2, Days: 1825, Recover: true}}
		if err := p.App.Apply(t.Context(), manifest); err != nil {
			t.Fatal(err)
		}
		way := p.URL + "/recover/proof/bank_card"
		fields := map[string]string{"proofing-name": "张三", "proofing-number": "11010519491231002X", "proofing-mobile": lostPhone, "proofing-card": sandbox.Cards["11010519491231002X"]}
		for _, name := range []string{"proofing-mobile", "proofing-card"} {
			short := map[string]string{}
			for k, v := range fields {
				short[k] = v
			}
			short[name] = ""
			if page := submit(t, b, way, short); page.Status != http.StatusUnprocessableEntity || !page.Has(name+"-error") {
				t.Errorf("without %s: %d %s", name, page.Status, page.Text)
			}
		}
		fields["proofing-card"] = "6222999900000000024"
		if page := submit(t, b, way, fields); !strings.Contains(page.Text, notProved) || strings.Contains(page.Source, fields["proofing-card"]) {
			t.Errorf("another's card: %d %s", page.Status, page.Text)
		}
		fields["proofing-card"] = sandbox.CardBroken
		if page := submit(t, b, way, fields); page.Status != http.StatusServiceUnavailable || !strings.Contains(page.Text, "暂时没有回应") || strings.Contains(page.Text, notProved) {
			t.Errorf("X-08 a silent bank: %d %s", page.Status, page.Text)
		}
		fields["proofing-card"] = sandbox.Cards["11010519491231002X"]
		if page := submit(t, b, way, fields); page.URL.Path != "/recover/password" {
			t.Errorf("%d on %s: %s", page.Status, page.URL, page.Text)
		}
		p.Persona(lostPhone, "张三", 3)
		if page := submit(t, walk.New(nil), way, fields); !strings.Contains(page.Text, notProved) {
			t.Errorf("an account above the way: %d on %s", page.Status, page.URL)
		}
		for _, secret := range []string{fields["proofing-card"], url.QueryEscape("张三")} {
			if strings.Contains(p.Log.String(), secret) {
				t.Error("what was typed stands in the log")
			}
		}
		for word, row := range map[string]proofing.Level{"of a name": {Method: proofing.IDCard, IAL: 1, Recover: true}, "of reviewers": {Method: proofing.ManualReview, IAL: 3, Recover: true}, "at level 1": {Method: proofing.Carrier, IAL: 1, Recover: true}} {
			if err := row.Normalize(); err == nil {
				t.Errorf("a policy %s recovers accounts", word)
			}
		}
	})
}
