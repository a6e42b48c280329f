package elicense_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

var renewer = licensetest.As(licensetest.Holder)

// renewable is a food business permit whose last day is so many days after the day of the world.
func renewable(t *testing.T, w *licensetest.World, number string, days int) elicense.License {
	t.Helper()
	a := licensetest.FoodApplication(number)
	a.ExpiringDate = catalog.Day(w.Now().AddDate(0, 0, days))
	return w.Issued(t, a)
}

func renewalFields(premises string) map[string]string {
	sample := licensetest.FoodApplication("x").Fields
	fields := map[string]string{}
	terms, _ := elicense.RenewalTermsOf(licensetest.FoodPermit)
	for _, key := range terms.Ask {
		fields[key] = sample[key]
	}
	fields["premises"] = premises
	return fields
}

func renew(t *testing.T, w *licensetest.World, id, premises string) elicense.License {
	t.Helper()
	l, err := w.Service.Renew(renewer, id, renewalFields(premises))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestRenewalTermsNameTypesAndFieldsThatAreThere(t *testing.T) {
	known := 0
	for _, typ := range catalog.Types() {
		terms, ok := elicense.RenewalTermsOf(typ.Code)
		if !ok {
			continue
		}
		known++
		if terms.FromDays <= terms.UntilDays || terms.Years < 1 || terms.Years*366 > typ.Validity.MaxDays && typ.Validity.MaxDays > 0 {
			t.Errorf("%s: %+v", typ.Code, terms)
		}
		for _, key := range terms.Ask {
			if f, ok := typ.Field(key); !ok || !f.Own || f.Kind == catalog.KindDate {
				t.Errorf("%s: %s is no text of its own", typ.Code, key)
			}
		}
	}
	if known == 0 {
		t.Error("no type has terms")
	}
}

func TestARenewalIsReviewedIssuedAndReplaces(t *testing.T) {
	w := licensetest.NewRuledWorld(t, licensetest.NewTwin())
	old := renewable(t, w, "F1", 60)
	l := renew(t, w, old.ID, "示例市新华区光明街8号")
	if l.State != elicense.StateInReview || l.Replaces != old.ID || l.Version != 2 || !l.ByHolder() || l.HolderRef != licensetest.Holder {
		t.Fatalf("%+v", l)
	}
	d, err := w.Service.Find(licensetest.Reviewer, l.ID)
	if err != nil {
		t.Fatal(err)
	}
	before, err := w.Service.Find(licensetest.Reviewer, old.ID)
	if err != nil {
		t.Fatal(err)
	}
	changes, err := w.Service.Changes(licensetest.Reviewer, d)
	keys := map[string]string{}
	for _, c := range changes {
		keys[c.Key] = c.Before + " → " + c.After
	}
	if err != nil || keys["premises"] != before.Values.First("premises")+" → 示例市新华区光明街8号" || keys["signatory"] != "" || keys["holder_name"] != "" || keys["expiring_date"] == "" {
		t.Errorf("%v %v", keys, err)
	}
	if d.Values.First(catalog.KeyEffectiveDate) != "20261124" || d.Values.First(catalog.KeyExpiringDate) != "20311123" || d.Values.First(catalog.KeyLicenseNumber) != before.Values.First(catalog.KeyLicenseNumber) {
		t.Errorf("%v", d.Values)
	}
	own := licensetest.As(licensetest.Holder, elicense.RoleReviewer)
	if _, err := w.Service.Review(own, l.ID, elicense.Approve, "", 0); fault.CodeOf(err) != fault.LicenseFourEyes {
		t.Errorf("its own holder reviews it: %v", err)
	}
	w.Advance(3 * 24 * time.Hour)
	if _, err := w.Service.Review(licensetest.Reviewer, l.ID, elicense.Approve, "", 0); err != nil {
		t.Fatal(err)
	}
	w.Advance(2 * 24 * time.Hour)
	if _, err := w.Service.TakeBack(renewer, l.ID); fault.CodeOf(err) != fault.LicenseState {
		t.Errorf("taken back after the decision: %v", err)
	}
	if l, err = w.Service.Issue(licensetest.Issuer, l.ID); err != nil || l.Status != catalog.StatusValid {
		t.Fatalf("%+v %v", l, err)
	}
	if d, err = w.Service.Find(licensetest.Reviewer, l.ID); err != nil || d.Values.First(catalog.KeyEffectiveDate) != "20261127" || d.Values.First(catalog.KeyExpiringDate) != "20311126" || d.Ends != 20311126 {
		t.Errorf("the period does not run from the day of the decision: %v %v", d.Values, err)
	}
	if old, err = w.Store.Find(context.Background(), old.ID); err != nil || old.Status != "superseded" || old.ReplacedBy != l.ID {
		t.Errorf("%+v %v", old, err)
	}
	if _, err := w.Service.Renew(renewer, old.ID, renewalFields("x")); fault.CodeOf(err) != fault.RenewalNone {
		t.Errorf("a version that was replaced is renewed: %v", err)
	}
}

func TestNobodyReviewsAnApplicationForTheirOwnLicence(t *testing.T) {
	w, _ := newWorld(t)
	a := licensetest.SampleApplication("B1")
	a.HolderRef = "staff:reviewer"
	l, _, err := w.Service.Apply(licensetest.Clerk, a)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Service.Review(licensetest.Reviewer, l.ID, elicense.Approve, "", 0); fault.CodeOf(err) != fault.LicenseFourEyes {
		t.Error(err)
	}
}

func TestRenewalsAreRefused(t *testing.T) {
	w := licensetest.NewRuledWorld(t, licensetest.NewTwin())
	early, now, late := renewable(t, w, "F1", 200), renewable(t, w, "F2", 60), renewable(t, w, "F3", 10)
	endless := w.Issued(t, licensetest.SampleApplication("B1"))
	foreign := map[string]string{"signatory": "自己"}
	missing := renewalFields("")
	for _, row := range []struct {
		name    string
		as      context.Context
		license string
		fields  map[string]string
		want    fault.Code
	}{
		{"before the time", renewer, early.ID, renewalFields("x"), fault.RenewalClosed},
		{"after the time", renewer, late.ID, renewalFields("x"), fault.RenewalClosed},
		{"no renewal of the type", renewer, endless.ID, nil, fault.RenewalNone},
		{"somebody else", licensetest.As("account:other"), now.ID, renewalFields("x"), fault.NotFound},
		{"nobody", context.Background(), now.ID, renewalFields("x"), fault.Unauthenticated},
		{"an office", licensetest.Clerk, now.ID, renewalFields("x"), fault.Forbidden},
		{"a field that is not asked", renewer, now.ID, foreign, fault.LicenseValues},
		{"a field that is needed", renewer, now.ID, missing, fault.LicenseValues},
		{"a text that is too long", renewer, now.ID, renewalFields(strings.Repeat("长", 101)), fault.LicenseValues},
	} {
		if _, err := w.Service.Renew(row.as, row.license, row.fields); fault.CodeOf(err) != row.want {
			t.Errorf("%s: %v", row.name, err)
		}
	}
	if page, _, err := w.Service.MyApplications(renewer, "", 0); err != nil || len(page) != 4 {
		t.Errorf("%d %v", len(page), err)
	}
}

func TestTheTimeOfARenewalHasBothItsDays(t *testing.T) {
	w := licensetest.NewRuledWorld(t, licensetest.NewTwin())
	l := renewable(t, w, "F1", 130) // the world begins at 9:30 in Beijing
	d, err := w.Service.Find(renewer, l.ID)
	if err != nil {
		t.Fatal(err)
	}
	var open []int
	for left := 130; left > 15; left-- {
		window, ok := w.Service.RenewalWindow(d.License, d.Values)
		if !ok {
			t.Fatal("none")
		}
		if window.Open {
			open = append(open, left)
		}
		w.Advance(24 * time.Hour)
	}
	if len(open) != 106 || open[0] != 126 || open[105] != 21 {
		t.Errorf("%v", open)
	}
}

func TestOfManyRenewalsAtOnceOneIsStored(t *testing.T) {
	w := licensetest.NewRuledWorld(t, licensetest.NewTwin())
	l := renewable(t, w, "F1", 60)
	var wait sync.WaitGroup
	codes := make([]fault.Code, 50)
	for i := range codes {
		wait.Go(func() {
			_, err := w.Service.Renew(renewer, l.ID, renewalFields("门牌"+string(rune('A'+i%5))))
			codes[i] = fault.CodeOf(err)
			if err == nil {
				codes[i] = ""
			}
		})
	}
	wait.Wait()
	done := 0
	for _, code := range codes {
		if code == "" {
			done++
		} else if code != fault.RenewalPending {
			t.Errorf("%q", code)
		}
	}
	if list, err := w.Store.Renewals(context.Background(), l.ID, 100); done != 1 || err != nil || len(list) != 1 {
		t.Errorf("%d succeeded, %d stored: %v", done, len(list), err)
	}
}

func TestAHolderTakesBackAndHandsInAgain(t *testing.T) {
	twin := licensetest.NewTwin()
	w := licensetest.NewRuledWorld(t, twin)
	old := renewable(t, w, "F1", 60)
	first := renew(t, w, old.ID, "一号")
	if _, err := w.Service.TakeBack(licensetest.As("account:other"), first.ID); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("somebody else: %v", err)
	}
	for range 2 {
		if l, err := w.Service.TakeBack(renewer, first.ID); err != nil || l.State != elicense.StateTakenBack {
			t.Fatalf("%+v %v", l, err)
		}
	}
	if _, err := w.Service.Review(licensetest.Reviewer, first.ID, elicense.Approve, "", 0); fault.CodeOf(err) != fault.LicenseState {
		t.Errorf("reviewed after it was taken back: %v", err)
	}
	if _, err := w.Service.TakeBack(renewer, old.ID); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("what an office entered is taken back: %v", err)
	}
	second := renew(t, w, old.ID, "二号")
	if second.ID == first.ID || second.BusinessNumber == first.BusinessNumber {
		t.Error("the application that was taken back came again")
	}
	if _, err := w.Service.Review(licensetest.Reviewer, second.ID, elicense.Return, "请补充门牌", 0); err != nil {
		t.Fatal(err)
	}
	corrected := licensetest.FoodApplication(second.BusinessNumber)
	corrected.Replaces = old.ID
	if _, err := w.Service.Correct(licensetest.Clerk, second.ID, corrected); fault.CodeOf(err) != fault.LicenseState {
		t.Errorf("an office hands in what a holder entered: %v", err)
	}
	again := renew(t, w, old.ID, "三号")
	if again.ID != second.ID || again.State != elicense.StateInReview || again.Entrant != licensetest.Holder {
		t.Errorf("%+v", again)
	}
	if d, err := w.Service.MyApplication(renewer, again.ID); err != nil || d.Values.First("premises") != "三号" {
		t.Errorf("%v %v", d.Values, err)
	}
	if _, err := w.Service.MyApplication(licensetest.As("account:other"), again.ID); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("somebody else reads it: %v", err)
	}
	if d, err := w.Service.MyApplication(renewer, old.ID); err != nil || d.Values != nil {
		t.Errorf("values of what an office entered: %v %v", d.Values, err)
	}
	if _, err := w.Service.Review(licensetest.Reviewer, again.ID, elicense.Reject, "不符合条件", 0); err != nil {
		t.Fatal(err)
	}
	told := messages(twin.Records(), elicense.TopicRuled)
	if len(told) != 2 || !strings.Contains(told[0], `"event":"returned"`) || !strings.Contains(told[1], `"event":"rejected"`) || !strings.Contains(told[1], licensetest.Holder) {
		t.Errorf("%v", told)
	}
	renew(t, w, old.ID, "四号") // a refusal is no end
}

func TestRenewalsOfAPersonAndOfALicenceAreBounded(t *testing.T) {
	w := licensetest.NewRuledWorld(t, licensetest.NewTwin())
	l := renewable(t, w, "F1", 100)
	for n := range 20 {
		one := renew(t, w, l.ID, "一号")
		if _, err := w.Service.TakeBack(renewer, one.ID); err != nil {
			t.Fatal(err)
		}
		if n == elicense.RenewalsADay-1 {
			if _, err := w.Service.Renew(renewer, l.ID, renewalFields("一号")); fault.CodeOf(err) != fault.RenewalLimit {
				t.Errorf("one more on the day: %v", err)
			}
			w.Advance(25 * time.Hour)
		}
	}
	w.Advance(25 * time.Hour)
	if _, err := w.Service.Renew(renewer, l.ID, renewalFields("一号")); fault.CodeOf(err) != fault.RenewalLimit {
		t.Errorf("one more of the licence: %v", err)
	}
}
