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

	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// wardPersona is a child below 14 whom the simulated services know.
var wardPersona = map[string]string{"child-name": "王小明", "child-number": "999900201503120037"}

// wardOf links a guardian with the child and gives the mandate.
func wardOf(t *testing.T, p *apptest.Platform, b *walk.Browser, guardian string) mandate.Mandate {
	t.Helper()
	agrees(t, p, b, wardPersona)
	live, err := p.App.Mandates.Live(context.Background(), guardian)
	if err != nil || len(live) != 1 || live[0].Kind != mandate.Guardian {
		t.Fatalf("the guardian's mandate: %+v, %v", live, err)
	}
	return live[0]
}

// begins agrees to a visit for the child and leads to the other service.
func begins(t *testing.T, b *walk.Browser, address string) {
	t.Helper()
	if page := submit(t, b, address+"/proofing/face", map[string]string{"proofing-consent": proofing.WardNotice(proofing.Face)}); !page.Has("visit-match") {
		t.Fatalf("%d %s %s", page.Status, page.URL, page.Text)
	}
}

// TestX07GuardianAgreesToAFaceCheckOfTheChild: the guardian agrees to a text of its own with a login of five minutes, the case and the level
// are the child's, both sides are on record and the guardian is told; what is silent is no mismatch, and nobody but the one who
// agreed, in the session in which it did, is led back to it.
func TestX07GuardianAgreesToAFaceCheckOfTheChild(t *testing.T) {
	registry := &steered{}
	registry.set(func(r *steered) { r.guardian = true })
	onBothWith(t, registry, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		p.Persona(guardianPhone, "李四", 2)
		p.Persona(newBoss, "张三", 2)
		b, other := p.SignIn(guardianPhone), p.SignIn(newBoss)
		guardian := accountOf(t, p, guardianPhone).ID
		m := wardOf(t, p, b, guardian)
		second := wardOf(t, p, other, accountOf(t, p, newBoss).ID)
		child := m.Principal
		level := func() int {
			t.Helper()
			person, err := p.App.Accounts.Person(ctx, child)
			if err != nil {
				t.Fatal(err)
			}
			return int(person.IAL)
		}
		address := p.URL + "/me/acting/" + m.ID
		if err := b.Open(ctx, address); err != nil || b.Page.Attribute("acting-raise", "href") != "/me/acting/"+m.ID+"/proofing" || !strings.Contains(b.Page.Text, "您正在代 王*明 办理") {
			t.Fatalf("the page of the child: %v %s", err, b.Page.Text)
		}
		if err := b.Open(ctx, address+"/proofing"); err != nil || !b.Page.Has("ward-ways") || !strings.Contains(b.Page.Text, "孩子本人刷脸") || !strings.Contains(b.Page.Text, "人工审核") || !strings.Contains(b.Page.Text, "初级实名") {
			t.Errorf("the ways: %v %s", err, b.Page.Text)
		}
		if err := b.Open(ctx, address+"/proofing/face"); err != nil || b.Page.Attribute("ward-agree", "class") != "button" || b.Page.Attribute("ward-decline", "class") != "button secondary" || b.Page.Attribute("ward-decline", "href") != "/me/acting/"+m.ID+"/proofing" ||
			!strings.Contains(b.Page.Text, proofing.WardNotice(proofing.Face)) || !strings.Contains(b.Page.Text, "不保存人脸") || !strings.Contains(b.Page.Text, "您正在代 王*明 办理") || !strings.Contains(b.Page.Header.Get("Content-Security-Policy"), " http://127.0.0.1:") {
			t.Errorf("the consent: %v %s", err, b.Page.Text)
		}
		for _, wrong := range []string{"", "face-2026-11", proofing.GuardianNotice} {
			if page := submit(t, b, address+"/proofing/face", map[string]string{"proofing-consent": wrong}); page.Status != http.StatusUnprocessableEntity || page.Has("visit-match") {
				t.Errorf("agreed to %q: %d %s", wrong, page.Status, page.Text)
			}
		}
		for _, way := range []string{"carrier", "certificate", "network_id", "nothing"} {
			if err := b.Open(ctx, address+"/proofing/"+way); err != nil || b.Page.URL.Path != "/me/acting/"+m.ID+"/proofing" {
				t.Errorf("%s: %v %s", way, err, b.Page.URL)
			}
		}

		// The service has no result, then none that can be understood: neither is a mismatch, and nobody else is led back.
		begins(t, b, address)
		if err := b.Submit(ctx, map[string]string{"result": "pending"}); err != nil || !strings.Contains(b.Page.Text, "还没有结果") || strings.Contains(b.Page.Text, "不匹配") || !strings.HasPrefix(b.Page.URL.Path, "/me/acting/"+m.ID+"/proofing/return/case_") {
			t.Fatalf("no result: %v %d %s", err, b.Page.Status, b.Page.Text)
		}
		back := b.Page.URL.String()
		elsewhere := p.SignIn(guardianPhone)
		if err := elsewhere.Open(ctx, back); err != nil || elsewhere.Page.Status != http.StatusConflict || !strings.Contains(elsewhere.Page.Text, "开始核验时的登录") {
			t.Errorf("another session of the guardian: %v %d %s", err, elsewhere.Page.Status, elsewhere.Page.Text)
		}
		if err := other.Open(ctx, strings.Replace(back, m.ID, second.ID, 1)); err != nil || other.Page.Status != http.StatusNotFound {
			t.Errorf("the other guardian: %v %d %s", err, other.Page.Status, other.Page.Text)
		}
		begins(t, b, address)
		if err := b.Submit(ctx, map[string]string{"result": "broken"}); err != nil || !strings.Contains(b.Page.Text, "核验来源暂时没有回应") || strings.Contains(b.Page.Text, "不匹配") {
			t.Errorf("X-08 a service that is silent: %v %s", err, b.Page.Text)
		}
		begins(t, b, address)
		if err := b.Submit(ctx, map[string]string{"result": "mismatch"}); err != nil || !strings.Contains(b.Page.Text, "孩子的等级没有变化") || level() != 1 {
			t.Errorf("another face: %v %d %s", err, level(), b.Page.Text)
		}

		begins(t, b, address)
		if err := b.Submit(ctx, map[string]string{"result": "match"}); err != nil || !strings.Contains(b.Page.Text, "已达到高级实名") || !strings.Contains(b.Page.Text, "您正在代 王*明 办理") || level() != 3 {
			t.Fatalf("the child's face: %v %d %s", err, level(), b.Page.Text)
		}
		if err := b.Open(ctx, address); err != nil || b.Page.Has("acting-raise") || !strings.Contains(b.Page.Text, "高级实名") || !strings.Contains(b.Page.Text, "同意为孩子核验身份") {
			t.Errorf("afterwards: %v %s", err, b.Page.Text)
		}
		db := databaseOf(t, p)
		for what, query := range map[string]struct {
			text string
			args []any
			want int
		}{
			"consents": {"SELECT COUNT(*) FROM idp_guardian_consent WHERE account_id = $1 AND guardian = $2 AND version = $3 AND method = 'face'", []any{child, guardian, proofing.WardNotice(proofing.Face)}, 4},
			"cases":    {"SELECT COUNT(*) FROM idp_case WHERE account_id = $1 AND method = 'face' AND state = 'granted'", []any{child}, 1},
			"on record": {"SELECT COUNT(*) FROM audit_event WHERE type = 'proofing.consented' AND object_id = $1 AND body LIKE $2 AND body LIKE $3",
				[]any{child, `%"actor":"account:` + guardian + `"%`, `%"acting_for":"account:` + child + `"%`}, 4},
		} {
			var n int
			if err := db.Read().QueryRowContext(ctx, query.text, query.args...).Scan(&n); err != nil || n != query.want {
				t.Errorf("%s: %d, %v", what, n, err)
			}
		}
		if agreed, ok, err := p.App.Mandates.ConsentOf(ctx, m); err != nil || !ok || agreed.Version != proofing.GuardianNotice || agreed.Relation != "parent" {
			t.Errorf("the consent to the account is another one: %+v %v %v", agreed, ok, err)
		}
		if account, err := p.App.Accounts.Account(ctx, child); err != nil || len(account.Contacts) != 0 || account.PasswordHash != "" {
			t.Errorf("the child has a login: %+v %v", account, err)
		}
		p.Advance(7 * time.Minute)
		if text := messageTo(t, p, guardianPhone, "已通过"); !strings.Contains(text, "您为王*明办理的身份核验") {
			t.Errorf("the guardian is told %q", text)
		}
		// Five minutes after the login nothing is agreed to.
		if err := b.Open(ctx, address+"/proofing"); err != nil || !b.Page.Has("ward-none") {
			t.Errorf("at the highest level: %v %s", err, b.Page.Text)
		}
	})
}

// TestGuardianHandsInPicturesOfTheChild: reviewers see that a guardian did; a link that ends before they decide gives nothing, and the
// guardian is told either way. Whoever is no guardian of a child below 14 agrees to nothing.
func TestGuardianHandsInPicturesOfTheChild(t *testing.T) {
	registry := &steered{}
	registry.set(func(r *steered) { r.guardian = true })
	onBothWith(t, registry, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		var picture bytes.Buffer
		if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 40, 30))); err != nil {
			t.Fatal(err)
		}
		p.Persona(guardianPhone, "李四", 2)
		p.Persona(elder, "赵奶奶", 1)
		b := p.SignIn(guardianPhone)
		guardian := accountOf(t, p, guardianPhone).ID
		m := wardOf(t, p, b, guardian)
		path := "/me/acting/" + m.ID + "/proofing/manual_review"
		hands := func(b *walk.Browser, path string, pictures ...[]byte) apptest.Answer {
			t.Helper()
			return postPictures(t, p, b, path, "proofing-photo", map[string]string{"proofing-consent": proofing.WardNotice(proofing.ManualReview)}, pictures)
		}
		if a := hands(b, path); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text, "proofing-photo-error") {
			t.Errorf("without a picture: %d %s", a.Status, a.Text)
		}
		p.Advance(6 * time.Minute)
		if err := b.Open(ctx, p.URL+path); err != nil || !b.Page.Has("ward-signin") || b.Page.Has("ward-agree") {
			t.Errorf("an old login: %v %s", err, b.Page.Text)
		}
		if a := hands(b, path, picture.Bytes()); a.Status != http.StatusForbidden {
			t.Errorf("an old login: %d %s", a.Status, a.Text)
		}
		b = p.SignIn(guardianPhone)
		relative := give(t, p, accountOf(t, p, elder).ID, guardian, mandate.Terms{Items: []string{mandate.AllItems}, Rights: []mandate.Right{mandate.View, mandate.Submit}})
		for what, of := range map[string]string{"the choice": "/proofing", "the consent": "/proofing/manual_review", "a result": "/proofing/return/case_1"} {
			refusedHere(t, b, "no guardian, "+what, p.URL+"/me/acting/"+relative.ID+of, http.StatusForbidden, "您的授权不含此项权限")
		}
		if a := hands(b, "/me/acting/"+relative.ID+"/proofing/manual_review", picture.Bytes()); a.Status != http.StatusForbidden {
			t.Errorf("no guardian: %d", a.Status)
		}
		if a := hands(p.SignIn(elder), path, picture.Bytes()); a.Status != http.StatusNotFound {
			t.Errorf("a stranger: %d", a.Status)
		}
		if a := hands(b, path, picture.Bytes()); a.Status != http.StatusOK || !strings.Contains(a.Text, "等待人工审核") {
			t.Fatalf("%d %s", a.Status, a.Text)
		}
		if err := b.Open(ctx, p.URL+path); err != nil || !b.Page.Has("ward-waiting") || b.Page.Has("ward-agree") {
			t.Errorf("with the reviewers: %v %s", err, b.Page.Text)
		}
		ended(t, p.App.Mandates.Stop(ctx, guardian, m.ID, "wish"))
		for _, identifier := range []string{"13800138031", "13800138032"} {
			p.Persona(identifier, "", 0, "proofing_reviewer")
			r := p.SignInStaff(identifier)
			if err := r.Open(ctx, p.URL+"/review"); err != nil || !r.Page.Has("review-queue") {
				t.Fatalf("%v %d %s", err, r.Page.Status, r.Page.Text)
			}
			at := strings.Index(r.Page.Source, "/review/case_")
			address := p.URL + r.Page.Source[at:at+strings.IndexByte(r.Page.Source[at:], '"')]
			if err := r.Open(ctx, address); err != nil || !r.Page.Has("review-ward") {
				t.Errorf("%v %s", err, r.Page.Text)
			}
			if page := submit(t, r, address, map[string]string{"decision": "approve", "reason": "照片与信息一致"}); page.Status != http.StatusOK {
				t.Errorf("%d %s %s", page.Status, page.URL, page.Text)
			}
		}
		if person, err := p.App.Accounts.Person(ctx, m.Principal); err != nil || person.IAL != 1 {
			t.Errorf("after the end of the link the child is at %d, %v", person.IAL, err)
		}
		var n int
		if err := databaseOf(t, p).Read().QueryRowContext(ctx, "SELECT COUNT(*) FROM audit_event WHERE type = 'proofing.guardian_over' AND object_id = $1", m.Principal).Scan(&n); err != nil || n != 1 {
			t.Errorf("on record: %d, %v", n, err)
		}
		if text := messageTo(t, p, guardianPhone, "没有通过"); !strings.Contains(text, "您为王*明办理的身份核验") {
			t.Errorf("the guardian is told %q", text)
		}
	})
}
