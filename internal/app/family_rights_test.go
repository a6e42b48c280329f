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
	"github.com/yinxin-gov/yinxin/idp/counter"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// stateOf is how the deletion of an account stands.
func deletionState(t *testing.T, p *apptest.Platform, account string) (state string) {
	t.Helper()
	err := databaseOf(t, p).Read().QueryRowContext(context.Background(), "SELECT state FROM idp_deletion WHERE account_id = $1", account).Scan(&state)
	if err != nil && err != sqldb.ErrNoRows {
		t.Fatal(err)
	}
	return state
}

// TestX12GuardianDeletesTheChildsAccount: below 14 a guardian asks for it with a login of five minutes; all guardians are told, each may stop it
// within the cool-off, the link is judged again before it is done, and nothing of the child is left then.
func TestX12GuardianDeletesTheChildsAccount(t *testing.T) {
	registry := &steered{}
	registry.set(func(r *steered) { r.guardian = true })
	onBothWith(t, registry, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		p.Persona(guardianPhone, "李四", 2)
		p.Persona(newBoss, "张三", 2)
		p.Persona(elder, "赵奶奶", 1)
		b, other := p.SignIn(guardianPhone), p.SignIn(newBoss)
		m := wardOf(t, p, b, accountOf(t, p, guardianPhone).ID)
		second := wardOf(t, p, other, accountOf(t, p, newBoss).ID)
		child := m.Principal
		page, seconds := p.URL+"/me/acting/"+m.ID+"/deletion", p.URL+"/me/acting/"+second.ID+"/deletion"
		open(t, b, p.URL+"/me/acting/"+m.ID)
		if address, ok := b.Page.Link("acting-deletion-open"); !ok || !strings.HasSuffix(page, address) {
			t.Errorf("no way there: %s", b.Page.Text)
		}
		p.Advance(6 * time.Minute)
		open(t, b, page)
		if !b.Page.Has("ward-deletion-signin") || b.Page.Has("ward-deletion-submit") {
			t.Errorf("an old login: %s", b.Page.Text)
		}
		post := func(b *walk.Browser, address string) apptest.Answer {
			t.Helper()
			request, err := http.NewRequest(http.MethodPost, address, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Origin", p.URL)
			b.Lend(request)
			return p.Do(request)
		}
		if a := post(b, page); a.Status != http.StatusForbidden || deletionState(t, p, child) != "" {
			t.Errorf("an old login: %d %q", a.Status, deletionState(t, p, child))
		}
		if a := post(p.SignIn(elder), page); a.Status != http.StatusNotFound {
			t.Errorf("a stranger: %d", a.Status)
		}
		b = p.SignIn(guardianPhone)
		if page := submit(t, b, page, nil); !page.Has("ward-deletion-undo") || !strings.Contains(page.Text, "由您申请") {
			t.Fatalf("%d %s", page.Status, page.Text)
		}
		for _, phone := range []string{guardianPhone, newBoss} {
			if text := messageTo(t, p, phone, "将于"); !strings.Contains(text, "孩子王*明的账号将于") {
				t.Errorf("%s is told %q", phone, text)
			}
		}
		other = p.SignIn(newBoss)
		open(t, other, p.URL+"/me/acting/"+second.ID)
		if !other.Page.Has("acting-deletion-waits") {
			t.Errorf("the other guardian sees nothing of it: %s", other.Page.Text)
		}
		if page := submit(t, other, seconds, nil); !page.Has("ward-deletion-submit") || deletionState(t, p, child) != "undone" {
			t.Fatalf("the objection: %d %s %s", page.Status, deletionState(t, p, child), page.Text)
		}
		for _, phone := range []string{guardianPhone, newBoss} {
			if text := messageTo(t, p, phone, "已停止"); !strings.Contains(text, "王*明") {
				t.Errorf("%s is told %q", phone, text)
			}
		}
		// A case of the child stands in the way until the guardian takes it back.
		begins(t, b, p.URL+"/me/acting/"+m.ID)
		open(t, b, page)
		if b.Page.Has("ward-deletion-submit") || !strings.Contains(b.Page.Text, "正在办理的身份核验") {
			t.Errorf("with an open case: %s", b.Page.Text)
		}
		open(t, b, p.URL+"/me/acting/"+m.ID+"/proofing")
		at := strings.Index(b.Page.Source, "/proofing/cases/")
		if at < 0 {
			t.Fatalf("the open case is not listed: %s", b.Page.Text)
		}
		begun := b.Page.Source[at+len("/proofing/cases/"):]
		begun = begun[:strings.IndexByte(begun, '/')]
		withdrawal := "/proofing/cases/" + begun + "/withdrawal"
		if a := post(other, p.URL+"/me/acting/"+second.ID+withdrawal); a.Status != http.StatusNotFound {
			t.Errorf("the other guardian took it back: %d", a.Status)
		}
		if a := post(b, p.URL+withdrawal); a.Status != http.StatusNotFound {
			t.Errorf("it is no case of the guardian's own: %d", a.Status)
		}
		if a := post(b, p.URL+"/me/acting/"+m.ID+withdrawal); a.Status != http.StatusSeeOther {
			t.Errorf("taking it back: %d %s", a.Status, a.Text)
		}
		var sealed int
		if err := databaseOf(t, p).Read().QueryRowContext(ctx, "SELECT LENGTH(sealed) FROM idp_case WHERE id = $1 AND state = 'withdrawn'", begun).Scan(&sealed); err != nil || sealed != 0 {
			t.Errorf("what was submitted is kept: %d, %v", sealed, err)
		}
		if a := post(b, p.URL+"/me/acting/"+m.ID+withdrawal); a.Status != http.StatusConflict {
			t.Errorf("twice: %d", a.Status)
		}
		open(t, b, p.URL+"/me/acting/"+m.ID+"/proofing/return/"+begun)
		if person, err := p.App.Accounts.Person(ctx, child); err != nil || person.IAL != 1 {
			t.Errorf("a case that was taken back gave a level: %d %v", person.IAL, err)
		}
		// The link of the one who asked ends within the cool-off: nothing is done, although the other guardian's holds.
		b = p.SignIn(guardianPhone)
		submit(t, b, page, nil)
		ended(t, p.App.Mandates.Stop(ctx, accountOf(t, p, guardianPhone).ID, m.ID, "wish"))
		p.Advance(8 * 24 * time.Hour)
		eventually(t, "a link that ended decides still", func() bool { return deletionState(t, p, child) == "undone" })
		// The other one asks, and nobody stops it.
		other = p.SignIn(newBoss)
		if page := submit(t, other, seconds, nil); !page.Has("ward-deletion-undo") {
			t.Fatalf("%d %s", page.Status, page.Text)
		}
		p.Advance(6*24*time.Hour + time.Hour)
		eventually(t, "no final notice", func() bool { return told(p, newBoss, "最后提醒") })
		p.Advance(25 * time.Hour)
		eventually(t, "the account is not erased", func() bool {
			a, err := p.App.Accounts.Account(ctx, child)
			return err == nil && a.State == idp.AccountErased
		})
		if text := messageTo(t, p, newBoss, "账号已注销"); !strings.Contains(text, "账号已注销") {
			t.Errorf("the guardian is told %q", text)
		}
		eventually(t, "the guardian's links go on", func() bool {
			open, err := p.App.Mandates.Open(ctx, child)
			return err == nil && len(open) == 0
		})
		if _, err := p.App.Accounts.ByIdentity(ctx, "citizen_id", wardPersona["child-number"]); err == nil {
			t.Error("the number still finds somebody")
		}
		var n int
		if err := databaseOf(t, p).Read().QueryRowContext(ctx, "SELECT COUNT(*) FROM idp_guardian_consent WHERE account_id = $1", child).Scan(&n); err != nil || n != 0 {
			t.Errorf("%d consents are left, %v", n, err)
		}
	})
}

// TestX01CopyAndDeletionAtTheCounter: a person without a phone takes the copy of the own data home under a passphrase of her own, hears what a
// deletion does before she agrees, and takes it back, with keys alone and no login.
func TestX01CopyAndDeletionAtTheCounter(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		d := newDesk(t, p)
		d.served("E1", stranger, counter.ActRegister)
		account := d.account(stranger)
		d.post("/counter/end", nil)
		page := d.served("E2", stranger, counter.ActData, counter.ActDataPaper)
		if !page.Has("counter-data") || !strings.Contains(page.TextOf("counter-receipt"), "交付本人数据副本（加密） · 已办理") {
			t.Fatalf("%d %s", page.Status, page.Text)
		}
		eventually(t, "no copy was made", func() bool {
			page = d.open("/counter/data")
			return page.Has("counter-archive")
		})
		form := map[string][]string{"visit": {page.Hidden("visit")}, "asked": {page.Hidden("asked")}, "counter-form": {counter.FormArchive}, "counter-passphrase": {"correct horse battery"}, "counter-passphrase-again": {"correct horse batteries"}}
		if page = d.post("/counter/data", form); page.Status != http.StatusUnprocessableEntity || !page.Has("counter-passphrase-again-error") {
			t.Errorf("two passphrases: %d %s", page.Status, page.Text)
		}
		form["counter-passphrase"], form["counter-passphrase-again"] = []string{"short"}, []string{"short"}
		if page = d.post("/counter/data", form); page.Status != http.StatusUnprocessableEntity || !page.Has("counter-passphrase-error") {
			t.Errorf("a short one: %d %s", page.Status, page.Text)
		}
		form["counter-passphrase"], form["counter-passphrase-again"] = []string{"correct horse battery"}, []string{"correct horse battery"}
		answer := d.file("/counter/data", form)
		if answer.Status != http.StatusOK || answer.Header.Get("Content-Type") != "application/zip" || !strings.HasPrefix(answer.Text, "PK") || strings.Contains(answer.Text, stranger.Number) || answer.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%d %v", answer.Status, answer.Header)
		}
		if page = d.post("/counter/data", form); page.Status != http.StatusConflict || !strings.Contains(page.Text, "已交付") {
			t.Errorf("handed over twice: %d %s", page.Status, page.Text)
		}
		if page = d.open("/counter/data"); page.Has("counter-archive") {
			t.Errorf("it is offered again: %s", page.Text)
		}
		d.post("/counter/end", nil)

		d.put(stranger)
		d.call("E3")
		d.choose(counter.ActDelete)
		if err := d.screen.Open(ctx, p.URL+"/counter/screen"); err != nil {
			t.Fatal(err)
		}
		for _, effect := range []string{"注销账号", "7 天后注销", "不能恢复", "《中华人民共和国网络安全法》"} {
			if !strings.Contains(d.screen.Page.Text, effect) {
				t.Errorf("the person does not hear %q: %s", effect, d.screen.Page.Text)
			}
		}
		d.agree()
		d.open("/counter/visit")
		if page = press(t, d.clerk, map[string]string{"counter-perform": "1"}); !page.Has("counter-ends") || deletionState(t, p, account) != "waiting" {
			t.Fatalf("%s %s", deletionState(t, p, account), page.Text)
		}
		d.post("/counter/end", nil)
		d.put(stranger)
		if page = d.call("E4"); !page.Has("counter-act-deletion_undo") || page.Has("counter-act-deletion") || !strings.Contains(page.Text, "账号将要注销") {
			t.Errorf("%s", page.Text)
		}
		d.post("/counter/end", nil)
		page = d.served("E5", stranger, counter.ActUndelete)
		if deletionState(t, p, account) != "undone" {
			t.Errorf("%s %s", deletionState(t, p, account), page.Text)
		}
		d.post("/counter/end", nil)
		d.served("E6", stranger, counter.ActDelete)
		p.Advance(6*24*time.Hour + time.Hour)
		eventually(t, "it was not announced", func() bool {
			var at int64
			err := databaseOf(t, p).Read().QueryRowContext(ctx, "SELECT notified_at FROM idp_deletion WHERE account_id = $1", account).Scan(&at)
			return err == nil && at > 0
		})
		p.Advance(25 * time.Hour)
		eventually(t, "the account is not erased", func() bool {
			a, err := p.App.Accounts.Account(ctx, account)
			return err == nil && a.State == idp.AccountErased
		})
	})
}

// file sends a form whose answer is a file.
func (d *desk) file(path string, form map[string][]string) apptest.Answer {
	d.t.Helper()
	var body strings.Builder
	for name, values := range form {
		if body.Len() > 0 {
			body.WriteByte('&')
		}
		body.WriteString(name + "=" + strings.ReplaceAll(values[0], " ", "+"))
	}
	request, err := http.NewRequest(http.MethodPost, d.p.URL+path, strings.NewReader(body.String()))
	if err != nil {
		d.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	d.clerk.Lend(request)
	return d.p.Do(request)
}

// TestEndOfAChildsLevelIsToldToItsGuardians: thirty days before, to each of them and to nobody else; of a minor who is 14 by then and has no
// contact, to whoever looks on.
func TestEndOfAChildsLevelIsToldToItsGuardians(t *testing.T) {
	registry := &steered{}
	registry.set(func(r *steered) { r.guardian = true })
	onBothWith(t, registry, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		p.Persona(guardianPhone, "李四", 2)
		p.Persona(newBoss, "张三", 2)
		m := wardOf(t, p, p.SignIn(guardianPhone), accountOf(t, p, guardianPhone).ID)
		second := wardOf(t, p, p.SignIn(newBoss), accountOf(t, p, newBoss).ID)
		proves := func(ial subject.IAL, ends time.Time) {
			t.Helper()
			if err := p.App.Accounts.Prove(ctx, m.Principal, idp.Proof{IAL: ial, Method: "face", Source: "test", At: p.Now(), Until: ends}, wardPersona["child-name"], "citizen_id", wardPersona["child-number"]); err != nil {
				t.Fatal(err)
			}
		}
		first := p.Now().AddDate(0, 0, 32)
		proves(3, first)
		p.Advance(3 * 24 * time.Hour)
		for _, phone := range []string{guardianPhone, newBoss} {
			if text := messageTo(t, p, phone, "实名等级"); !strings.Contains(text, "孩子王*明的实名等级"+first.In(chinaTime).Format(time.DateOnly)+"后失效") {
				t.Errorf("%s is told %q", phone, text)
			}
		}
		ended(t, p.App.Mandates.Stop(ctx, accountOf(t, p, newBoss).ID, second.ID, "wish"))
		grown := time.Date(2029, 6, 1, 0, 0, 0, 0, time.UTC) // 14 since March
		proves(3, grown)
		p.Advance(grown.AddDate(0, 0, -29).Sub(p.Now()))
		for _, phone := range []string{guardianPhone, newBoss} { // both look on: that link is another one
			if text := messageTo(t, p, phone, "2029-06-01"); !strings.Contains(text, "孩子王*明的实名等级2029-06-01后失效") {
				t.Errorf("%s is told %q", phone, text)
			}
		}
	})
}

var chinaTime = time.FixedZone("UTC+8", 8*3600)

// TestAnOpenCaseIsTakenBack: the person sees what is under way and takes one case back: pictures and what was submitted are gone at once, no
// reviewer finds it, it stands in the way of nothing, and a case of somebody else is not there.
func TestAnOpenCaseIsTakenBack(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		var picture bytes.Buffer
		if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 40, 30))); err != nil {
			t.Fatal(err)
		}
		p.Persona(mobile, "李四", 1)
		p.Persona(elder, "赵奶奶", 1)
		b := p.SignIn(mobile)
		hands := func() apptest.Answer {
			t.Helper()
			return postPictures(t, p, b, "/proofing/manual_review", "proofing-photo", nil, [][]byte{picture.Bytes()})
		}
		if a := hands(); a.Status != http.StatusOK || !strings.Contains(a.Text, "等待人工审核") {
			t.Fatalf("%d %s", a.Status, a.Text)
		}
		open(t, b, p.URL+"/proofing")
		if !b.Page.Has("open-cases") || !strings.Contains(b.Page.Text, "人工审核") {
			t.Fatalf("what is under way is not shown: %s", b.Page.Text)
		}
		path := b.Page.Source[strings.Index(b.Page.Source, "/proofing/cases/"):]
		path = path[:strings.IndexByte(path, '"')]
		post := func(b *walk.Browser) int {
			t.Helper()
			request, err := http.NewRequest(http.MethodPost, p.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Origin", p.URL)
			b.Lend(request)
			return p.Do(request).Status
		}
		if status := post(p.SignIn(elder)); status != http.StatusNotFound {
			t.Errorf("somebody else: %d", status)
		}
		if status := post(b); status != http.StatusSeeOther {
			t.Errorf("%d", status)
		}
		db := databaseOf(t, p)
		for what, query := range map[string]string{"photos": "SELECT COUNT(*) FROM idp_case_photo", "open": "SELECT COUNT(*) FROM idp_case WHERE state <> 'withdrawn' OR LENGTH(sealed) > 0"} {
			var n int
			if err := db.Read().QueryRowContext(ctx, query).Scan(&n); err != nil || n != 0 {
				t.Errorf("%s: %d, %v", what, n, err)
			}
		}
		if status := post(b); status != http.StatusConflict {
			t.Errorf("twice: %d", status)
		}
		p.Persona("13800138031", "", 0, "proofing_reviewer")
		reviewer := p.SignInStaff("13800138031")
		open(t, reviewer, p.URL+"/review")
		if strings.Contains(reviewer.Page.Source, "/review/case_") {
			t.Errorf("a reviewer finds it: %s", reviewer.Page.Text)
		}
		open(t, b, p.URL+"/me/data/deletion")
		if b.Page.Has("blockers") {
			t.Errorf("it stands in the way: %s", b.Page.Text)
		}
		if a := hands(); a.Status != http.StatusOK || !strings.Contains(a.Text, "等待人工审核") {
			t.Errorf("another one: %d %s", a.Status, a.Text)
		}
	})
}
