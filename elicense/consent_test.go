package elicense_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// titleGrant asks for what is also the other's, and a predicate.
func titleGrant() elicense.GrantRequest {
	return elicense.GrantRequest{Grantee: licensetest.Portal, Purpose: "04", Fields: []string{"location", "residential"}}
}

// freshAs is a person whose login is new.
func freshAs(account string, now time.Time) context.Context {
	return reqctx.WithActor(context.Background(), reqctx.Actor{ID: account, SignedInAt: now})
}

// consentsTold are the payloads of messages of a topic.
func consentsTold(twin *licensetest.Twin, topic string) (list []elicense.ConsentNotice) {
	for _, r := range twin.Records() {
		for _, m := range r.Messages {
			var notice elicense.ConsentNotice
			if m.Topic == topic && json.Unmarshal(m.Payload, &notice) == nil {
				list = append(list, notice)
			}
		}
	}
	return list
}

func TestAGrantOnALicenceOfTwoWaitsForTheOther(t *testing.T) {
	twin := licensetest.NewTwin()
	w := licensetest.NewWorld(t, twin)
	l := w.SharedTitle(t, "B1")
	holder, other := licensetest.FreshPerson(w.Now()), freshAs(licensetest.CoOwner, w.Now())
	g, err := w.Service.Grant(holder, l.ID, titleGrant())
	if err != nil || w.Service.GrantState(g) != elicense.StateAwaiting || g.Awaits != 1 {
		t.Fatalf("%+v %v", g, err)
	}
	if asked := consentsTold(twin, elicense.TopicConsentAsked); len(asked) != 1 || asked[0].HolderRef != licensetest.CoOwner || asked[0].Grant != g.ID {
		t.Errorf("%+v", asked)
	}
	portal := licensetest.Application(licensetest.Portal)
	_, err = w.Service.RedeemFields(portal, g.ID, "04")
	wantCode(t, err, fault.ConsentMissing)

	page, _, err := w.Service.ConsentsOf(other, "", 10)
	if err != nil || len(page) != 1 || page[0].Of.ID != g.ID || page[0].By == "" || !w.Service.MayAnswer(page[0]) || w.Service.MayWithdraw(page[0]) {
		t.Fatalf("%+v %v", page, err)
	}
	if mine, _, err := w.Service.ConsentsOf(holder, "", 10); err != nil || len(mine) != 0 {
		t.Errorf("who gave it is asked: %+v %v", mine, err)
	}
	_, err = w.Service.AnswerConsent(holder, g.ID, elicense.ConsentAgreed)
	wantCode(t, err, fault.NotFound)
	_, err = w.Service.AnswerConsent(other, g.ID, "perhaps")
	wantCode(t, err, fault.Invalid)
	_, err = w.Service.AnswerConsent(freshAs(licensetest.CoOwner, w.Now().Add(-6*time.Minute)), g.ID, elicense.ConsentAgreed)
	wantCode(t, err, fault.LoginNotFresh)
	_, err = w.Service.AnswerConsent(reqctx.WithActor(context.Background(), reqctx.Actor{ID: "account:agent", ActingFor: licensetest.CoOwner, SignedInAt: w.Now()}), g.ID, elicense.ConsentAgreed)
	wantCode(t, err, fault.Forbidden)
	_, err = w.Service.AnswerConsent(other, g.ID, elicense.ConsentWithdrawn)
	wantCode(t, err, fault.ConsentOver)

	if c, err := w.Service.AnswerConsent(other, g.ID, elicense.ConsentAgreed); err != nil || c.Answer != elicense.ConsentAgreed || w.Service.GrantState(c.Of) != "open" || !w.Service.MayWithdraw(c) {
		t.Fatalf("%+v %v", c, err)
	}
	if _, err := w.Service.AnswerConsent(other, g.ID, elicense.ConsentAgreed); err != nil {
		t.Errorf("the same answer again: %v", err)
	}
	_, err = w.Service.AnswerConsent(other, g.ID, elicense.ConsentRefused)
	wantCode(t, err, fault.ConsentDecided)
	if answered := consentsTold(twin, elicense.TopicConsentAnswered); len(answered) != 1 || answered[0].HolderRef != licensetest.Holder || answered[0].Answer != elicense.ConsentAgreed {
		t.Errorf("%+v", answered)
	}
	if _, err := w.Service.RedeemFields(portal, g.ID, "04"); err != nil {
		t.Fatal(err)
	}
	for _, account := range []string{licensetest.Holder, licensetest.CoOwner} {
		uses, err := w.Service.UsesOf(context.Background(), elicense.UseQuery{HolderRef: account, Till: w.Now().Add(time.Hour), Limit: 10})
		if err != nil || len(uses) != 1 || uses[0].Kind != elicense.UseGranted {
			t.Errorf("ledger of %s: %+v %v", account, uses, err)
		}
	}
}

func TestACoOwnerRefusesOrWithdraws(t *testing.T) {
	twin := licensetest.NewTwin()
	w := licensetest.NewWorld(t, twin)
	l := w.SharedTitle(t, "B1")
	other, portal := freshAs(licensetest.CoOwner, w.Now()), licensetest.Application(licensetest.Portal)
	give := func() elicense.Grant {
		t.Helper()
		r := titleGrant()
		r.Uses = 2
		g, err := w.Service.Grant(licensetest.FreshPerson(w.Now()), l.ID, r)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	refused := give()
	stale := freshAs(licensetest.CoOwner, w.Now().Add(-time.Hour)) // who refuses needs no new login
	if c, err := w.Service.AnswerConsent(stale, refused.ID, elicense.ConsentRefused); err != nil || w.Service.GrantState(c.Of) != "revoked" {
		t.Errorf("%+v %v", c, err)
	}
	_, err := w.Service.AnswerConsent(other, refused.ID, elicense.ConsentAgreed)
	wantCode(t, err, fault.ConsentDecided)
	_, err = w.Service.RedeemFields(portal, refused.ID, "04")
	wantCode(t, err, fault.GrantEnded)

	agreed := give()
	if _, err := w.Service.AnswerConsent(other, agreed.ID, elicense.ConsentAgreed); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Service.RedeemFields(portal, agreed.ID, "04"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Service.AnswerConsent(stale, agreed.ID, elicense.ConsentWithdrawn); err != nil {
		t.Fatal(err)
	}
	_, err = w.Service.RedeemFields(portal, agreed.ID, "04")
	wantCode(t, err, fault.GrantEnded)

	taken := give()
	if _, err := w.Service.RevokeGrant(licensetest.FreshPerson(w.Now()), taken.ID); err != nil {
		t.Fatal(err)
	}
	_, err = w.Service.AnswerConsent(other, taken.ID, elicense.ConsentAgreed)
	wantCode(t, err, fault.ConsentOver)

	late := give()
	w.Advance(72 * time.Hour)
	_, err = w.Service.AnswerConsent(freshAs(licensetest.CoOwner, w.Now()), late.ID, elicense.ConsentAgreed)
	wantCode(t, err, fault.ConsentOver)
	if answers := consentsTold(twin, elicense.TopicConsentAnswered); len(answers) != 3 || answers[0].Answer != elicense.ConsentRefused || answers[2].Answer != elicense.ConsentWithdrawn {
		t.Errorf("%+v", answers)
	}
}

// TestWhichGrantsNeedConsent: what tells of the others does, a predicate alone does not; where one of the others is not known here, there is no way online.
func TestWhichGrantsNeedConsent(t *testing.T) {
	w := licensetest.NewWorld(t, licensetest.NewTwin())
	l := w.SharedTitle(t, "B1")
	r := titleGrant()
	r.Fields = []string{"residential"}
	if g, err := w.Service.Grant(licensetest.FreshPerson(w.Now()), l.ID, r); err != nil || w.Service.GrantState(g) != "open" {
		t.Errorf("predicates: %+v %v", g, err)
	}
	if g, err := w.Service.Grant(freshAs(licensetest.CoOwner, w.Now()), l.ID, elicense.GrantRequest{Kind: elicense.GrantCopy, Grantee: licensetest.Portal, Purpose: "04"}); err != nil || w.Service.GrantState(g) != elicense.StateAwaiting || g.HolderRef != licensetest.CoOwner {
		t.Errorf("a copy, by the other one: %+v %v", g, err)
	}
	function := licensetest.Application(licensetest.Portal, elicense.RoleUser)
	results, err := w.Service.GrantByFunction(function, []string{l.LicenseID}, elicense.GrantRequest{Purpose: "04", Item: "i", CaseNumber: "c", Fields: []string{"license_number"}})
	if err != nil || results[0].Err != nil || w.Service.GrantState(results[0].Grant) != "open" {
		t.Errorf("by function: %+v %v", results, err)
	}
	known := w.Accounts
	w.Accounts = func(ctx context.Context, kind, code string) (string, error) {
		if account, err := known(ctx, kind, code); account != licensetest.CoOwner {
			return account, err
		}
		return "", nil
	}
	_, err = w.Service.Grant(licensetest.FreshPerson(w.Now()), l.ID, titleGrant())
	wantCode(t, err, fault.CoOwnerUnknown)
	w.Accounts = func(context.Context, string, string) (string, error) { return "", errors.New("away") }
	if _, err := w.Service.Grant(licensetest.FreshPerson(w.Now()), l.ID, titleGrant()); err == nil {
		t.Error("a grant while nobody can tell who the others are")
	}
}

// TestEachCoOwnerHasTheLicence: in the wallet, with codes, a ledger and a freeze of the own.
func TestEachCoOwnerHasTheLicence(t *testing.T) {
	twin := licensetest.NewTwin()
	w := licensetest.NewWorld(t, twin)
	l := w.SharedTitle(t, "B1")
	other := freshAs(licensetest.CoOwner, w.Now())
	if page, _, err := w.Service.Mine(other, "", 10); err != nil || len(page) != 1 || page[0].HolderRef != licensetest.CoOwner {
		t.Fatalf("%+v %v", page, err)
	}
	if d, err := w.Service.Find(other, l.ID); err != nil || len(d.Values[catalog.KeyHolderCode]) != 2 {
		t.Errorf("%v", err)
	}
	shown, err := w.Service.Present(other, l.ID, elicense.PresentRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := w.Service.VerifyCode(context.Background(), shown.Code); err != nil || r.Code != "V00" {
		t.Errorf("%s %v", r.Code, err)
	}
	_, err = w.Service.Present(licensetest.Person, l.ID, elicense.PresentRequest{Presentation: shown.ID})
	wantCode(t, err, fault.NotFound) // a showing is its holder's own
	ledger := func(account string, want ...elicense.UseKind) {
		t.Helper()
		uses, err := w.Service.UsesOf(context.Background(), elicense.UseQuery{HolderRef: account, Till: w.Now().Add(time.Hour), Limit: 10})
		var kinds []elicense.UseKind
		for _, u := range uses {
			kinds = append(kinds, u.Kind)
		}
		slices.Sort(kinds)
		if err != nil || !slices.Equal(kinds, want) {
			t.Errorf("ledger of %s: %v %v", account, kinds, err)
		}
	}
	ledger(licensetest.CoOwner, elicense.UseShown)
	ledger(licensetest.Holder)
	if _, err := w.Service.Lookup(withIP(licensetest.As(""), "192.0.2.9"), l.LicenseID, "0028"); err != nil {
		t.Fatal(err)
	}
	ledger(licensetest.CoOwner, elicense.UseNumber, elicense.UseShown)
	ledger(licensetest.Holder, elicense.UseNumber)
	if _, err := w.Service.FreezeUse(other, l.ID); err != nil {
		t.Fatal(err)
	}
	_, err = w.Service.Present(other, l.ID, elicense.PresentRequest{})
	wantCode(t, err, fault.LicenseFrozen)
	if _, err := w.Service.Present(licensetest.Person, l.ID, elicense.PresentRequest{}); err != nil {
		t.Errorf("the own code of the first: %v", err)
	}
	_, err = w.Service.Grant(licensetest.FreshPerson(w.Now()), l.ID, elicense.GrantRequest{Grantee: licensetest.Portal, Purpose: "04", Fields: []string{"residential"}})
	wantCode(t, err, fault.LicenseFrozen)
	_, err = w.Service.Find(freshAs("account:third", w.Now()), l.ID)
	wantCode(t, err, fault.NotFound)
}

// TestFiftyAnswersMakeOne: of many at once one is taken, with one audit event and one message.
func TestFiftyAnswersMakeOne(t *testing.T) {
	twin := licensetest.NewTwin()
	w := licensetest.NewWorld(t, twin)
	l := w.SharedTitle(t, "B1")
	g, err := w.Service.Grant(licensetest.FreshPerson(w.Now()), l.ID, titleGrant())
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for n := range 50 {
		group.Go(func() {
			answer := []elicense.ConsentAnswer{elicense.ConsentAgreed, elicense.ConsentRefused}[n%2]
			if _, err := w.Service.AnswerConsent(freshAs(licensetest.CoOwner, w.Now()), g.ID, answer); err != nil && fault.CodeOf(err) != fault.ConsentDecided {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := eventsOf(twin, "license.grant.consent_agreed") + eventsOf(twin, "license.grant.consent_refused"); n != 1 {
		t.Errorf("%d answers", n)
	}
	if n := len(consentsTold(twin, elicense.TopicConsentAnswered)); n != 1 {
		t.Errorf("%d messages", n)
	}
}
