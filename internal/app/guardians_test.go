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
	"github.com/yinxin-gov/yinxin/idp/mandate/register"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

const (
	childName     = "李小宝"
	childNumber   = "999900202006070010"
	guardianPhone = "13800138001" // 李四 of the simulated register
)

// agrees posts a guardian's form as the page with or without pictures sends it.
func agrees(t *testing.T, p *apptest.Platform, b *walk.Browser, changes map[string]string, pictures ...[]byte) apptest.Answer {
	t.Helper()
	fields := map[string]string{"child-name": childName, "child-number": childNumber, "child-relation": "parent", "child-consent": proofing.GuardianNotice}
	for name, value := range changes {
		fields[name] = value
	}
	return postPictures(t, p, b, "/me/children", "child-photo", fields, pictures)
}

// TestGuardianConsentsOnline: a guardian who is of age and known surely enough agrees to a text of its own; a register that names
// it makes account and mandate at once, one that is silent later, and one that does not name it nothing.
func TestGuardianConsentsOnline(t *testing.T) {
	registry := &steered{}
	onBothWith(t, registry, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		p.Persona(guardianPhone, "李四", 1)
		registry.set(func(r *steered) { r.guardian, r.silent = false, false })
		b := p.SignIn(guardianPhone)
		if err := b.Open(ctx, p.URL+"/me/children/new"); err != nil || !b.Page.Has("child-needs") || b.Page.Has("child-agree") || !strings.Contains(b.Page.Text, "中级实名") {
			t.Errorf("a guardian of the first level: %v %s", err, b.Page.Text)
		}
		if a := agrees(t, p, b, nil); a.Status != http.StatusConflict || !strings.Contains(a.Text, "YX-IDV-500") && !strings.Contains(a.Text, "实名等级不够") {
			t.Errorf("a guardian of the first level: %d %s", a.Status, a.Text)
		}
		p.Persona(guardianPhone, "李四", 2)
		if err := b.Open(ctx, p.URL+"/me/children/new"); err != nil || !b.Page.Has("child-agree") || !b.Page.Has("child-decline") || b.Page.Has("child-photo") || !strings.Contains(b.Page.Text, proofing.GuardianNotice) {
			t.Errorf("the form: %v %s", err, b.Page.Text)
		}
		for field, value := range map[string]string{"child-consent": "", "child-relation": "friend", "child-number": "99990019800101001X", "child-name": ""} {
			if a := agrees(t, p, b, map[string]string{field: value}); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text, field+"-error") {
				t.Errorf("%s %q: %d %s", field, value, a.Status, a.Text)
			}
		}
		if a := agrees(t, p, b, map[string]string{"child-consent": "guardian-2020-01"}); a.Status != http.StatusUnprocessableEntity {
			t.Errorf("a text that is not the present one: %d", a.Status)
		}
		for identifier, name := range map[string]string{"13800138002": "王小明", third: "王五"} { // a minor, and somebody whose age nobody told
			p.Persona(identifier, name, 2)
			if a := agrees(t, p, p.SignIn(identifier), nil); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text, "监护人须年满 18 周岁") {
				t.Errorf("%s: %d %s", name, a.Status, a.Text)
			}
		}
		guardian := ownerOf(t, p, guardianPhone).ID
		nobody := func(when string) {
			t.Helper()
			if _, err := p.App.Accounts.ByIdentity(ctx, "citizen_id", childNumber); err == nil {
				t.Errorf("%s: the child has an account", when)
			}
		}
		if a := agrees(t, p, b, nil); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text, "未能核实您与孩子的监护关系") {
			t.Errorf("no guardian: %d %s", a.Status, a.Text)
		}
		nobody("no guardian")
		registry.set(func(r *steered) { r.silent, r.guardian = true, true })
		agrees(t, p, b, nil)
		if err := b.Open(ctx, p.URL+"/me/children/new"); err != nil || !b.Page.Has("child-waiting") || !strings.Contains(b.Page.Text, "不表示信息不符") {
			t.Errorf("a register that is silent: %v %s", err, b.Page.Text)
		}
		nobody("a register that is silent")
		registry.set(func(r *steered) { r.silent = false })
		p.Advance(2 * time.Minute) // the case asks again by itself
		var live []mandate.Mandate
		for range 100 {
			var err error
			if live, err = p.App.Mandates.Live(ctx, guardian); err != nil {
				t.Fatal(err)
			}
			if len(live) > 0 {
				break
			}
			time.Sleep(100 * time.Millisecond)
		}
		if len(live) != 1 || live[0].Kind != mandate.Guardian || live[0].Evidence == "" {
			t.Fatalf("linked later: %+v", live)
		}
		child, err := p.App.Accounts.Account(ctx, live[0].Principal)
		if err != nil || len(child.Contacts) != 0 || child.PasswordHash != "" || len(child.Proofs) != 1 || child.Proofs[0].Evidence != live[0].Evidence {
			t.Errorf("the child's account: %+v, %v", child, err)
		}
		agreed, ok, err := p.App.Mandates.ConsentOf(ctx, live[0])
		if err != nil || !ok || agreed.Relation != "parent" || agreed.Version != proofing.GuardianNotice || agreed.Source != "steered" || agreed.Evidence != live[0].Evidence || !agreed.AgreedAt.Before(agreed.At) {
			t.Errorf("the consent on record: %+v %v %v", agreed, ok, err)
		}
		if err := b.Open(ctx, p.URL+"/me/mandates/"+live[0].ID); err != nil || !b.Page.Has("mandate-guardian") || !strings.Contains(b.Page.Text, "父亲或母亲") {
			t.Errorf("the page of the mandate: %v %s", err, b.Page.Text)
		}
		db := databaseOf(t, p)
		for object, least := range map[string]int{guardian: 1, child.ID: 1} {
			var n int
			if err := db.Read().QueryRowContext(ctx, "SELECT COUNT(*) FROM audit_event WHERE type = 'guardian.linked' AND object_id = $1", object).Scan(&n); err != nil || n < least {
				t.Errorf("on record with %s: %d, %v", object, n, err)
			}
		}
		var open, sealed int
		if err := db.Read().QueryRowContext(ctx, "SELECT COUNT(*) FROM idp_case WHERE state <> 'granted' AND state <> 'refused'").Scan(&open); err != nil || open != 0 {
			t.Errorf("%d cases are open, %v", open, err)
		}
		if err := db.Read().QueryRowContext(ctx, "SELECT COUNT(*) FROM idp_case WHERE length(sealed) > 0").Scan(&sealed); err != nil || sealed != 0 {
			t.Errorf("%d closed cases hold what was submitted, %v", sealed, err)
		}
		// Agreeing twice is one link, and the case of it is closed.
		agrees(t, p, p.SignIn(guardianPhone), nil)
		if again, err := p.App.Mandates.Live(ctx, guardian); err != nil || len(again) != 1 || again[0].ID != live[0].ID {
			t.Errorf("agreeing twice: %+v, %v", again, err)
		}
		if err := db.Read().QueryRowContext(ctx, "SELECT COUNT(*) FROM idp_case WHERE state <> 'granted' AND state <> 'refused'").Scan(&open); err != nil || open != 0 {
			t.Errorf("%d cases are open, %v", open, err)
		}
		// At 14 the guardian looks on, at 18 the link is over.
		p.Advance(time.Date(2034, 6, 8, 0, 0, 0, 0, time.UTC).Sub(p.Now()))
		if now, err := p.App.Mandates.Live(ctx, guardian); err != nil || len(now) != 1 || now[0].Kind != mandate.GuardianLimited {
			t.Errorf("at 14: %+v, %v", now, err)
		}
		p.Advance(time.Date(2038, 6, 8, 0, 0, 0, 0, time.UTC).Sub(p.Now()))
		if now, err := p.App.Mandates.Live(ctx, guardian); err != nil || len(now) != 0 {
			t.Errorf("at 18: %+v, %v", now, err)
		}
	})
}

// TestTwoPeopleConfirmAGuardian: without a register the guardian hands in pictures of the household record; two members of staff
// who are no party to it decide, and the pictures go.
func TestTwoPeopleConfirmAGuardian(t *testing.T) {
	onBothWith(t, register.None{}, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		var picture bytes.Buffer
		if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 40, 30))); err != nil {
			t.Fatal(err)
		}
		p.Persona(guardianPhone, "李四", 2)
		b := p.SignIn(guardianPhone)
		if err := b.Open(ctx, p.URL+"/me/children/new"); err != nil || !b.Page.Has("child-photo") {
			t.Fatalf("%v %s", err, b.Page.Text)
		}
		if a := agrees(t, p, b, nil); a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Text, "child-photo-error") {
			t.Errorf("without a picture: %d", a.Status)
		}
		agrees(t, p, b, nil, picture.Bytes())
		if err := b.Open(ctx, p.URL+"/me/children/new"); err != nil || !b.Page.Has("child-waiting") || b.Page.Has("child-agree") {
			t.Errorf("with the reviewers: %v %s", err, b.Page.Text)
		}
		if a := agrees(t, p, b, nil, picture.Bytes()); a.Status != http.StatusConflict {
			t.Errorf("a second one at once: %d", a.Status)
		}
		for i, identifier := range []string{"13800138031", "13800138032"} {
			p.Persona(identifier, "", 0, "proofing_reviewer")
			r := p.SignInStaff(identifier)
			if err := r.Open(ctx, p.URL+"/review"); err != nil || !r.Page.Has("review-queue") {
				t.Fatalf("%v %d %s", err, r.Page.Status, r.Page.Text)
			}
			at := strings.Index(r.Page.Source, "/review/case_")
			address := p.URL + r.Page.Source[at:at+strings.IndexByte(r.Page.Source[at:], '"')]
			if err := r.Open(ctx, address); err != nil || !r.Page.Has("review-guardian") || strings.Contains(r.Page.Source, childName) || strings.Contains(r.Page.Source, childNumber) {
				t.Errorf("%v %s", err, r.Page.Text)
			}
			if err := r.Submit(ctx, map[string]string{"field": "child_name", "reason": "核对姓名"}); err != nil || !strings.Contains(r.Page.Source, childName) {
				t.Errorf("opening a field: %v %s", err, r.Page.Text)
			}
			if i == 1 {
				if _, err := p.App.Accounts.ByIdentity(ctx, "citizen_id", childNumber); err == nil {
					t.Error("one person was enough")
				}
			}
			if page := submit(t, r, address, map[string]string{"decision": "approve", "reason": "照片与信息一致"}); page.Status != http.StatusOK || page.URL.Path != "/review" {
				t.Errorf("%d %s %s", page.Status, page.URL, page.Text)
			}
		}
		live, err := p.App.Mandates.Live(ctx, ownerOf(t, p, guardianPhone).ID)
		if err != nil || len(live) != 1 || live[0].Kind != mandate.Guardian {
			t.Fatalf("%+v, %v", live, err)
		}
		agreed, ok, err := p.App.Mandates.ConsentOf(ctx, live[0])
		if err != nil || !ok || agreed.Source != "review" {
			t.Errorf("%+v %v %v", agreed, ok, err)
		}
		var pictures int
		if err := databaseOf(t, p).Read().QueryRowContext(ctx, "SELECT COUNT(*) FROM idp_case_photo").Scan(&pictures); err != nil || pictures != 0 {
			t.Errorf("%d pictures are left, %v", pictures, err)
		}
	})
}

// databaseOf opens the platform's database beside it.
func databaseOf(t *testing.T, p *apptest.Platform) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(context.Background(), sqldb.Config{URL: p.Config.Database.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}
