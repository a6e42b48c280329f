package elicense_test

import (
	"context"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// acting is somebody who acts for the holder of the licences of these tests.
func acting(agent, mandate string, at time.Time, manages bool, purposes ...string) context.Context {
	ctx := reqctx.WithActor(context.Background(), reqctx.Actor{ID: "account:" + agent, ActingFor: licensetest.Holder, SignedInAt: at})
	return elicense.WithBehalf(ctx, elicense.Behalf{Mandate: mandate, Principal: licensetest.Holder[len("account:"):], Agent: agent, Manages: manages, Lends: func(_, purpose string) bool {
		for _, p := range purposes {
			if p == purpose {
				return true
			}
		}
		return false
	}})
}

// TestTheWalletOfWhomSomebodyActsFor: a keeper lends within the own mandate and sees and ends what it lent; who manages sees and ends everything, and alone
// freezes and sees the ledger.
func TestTheWalletOfWhomSomebodyActsFor(t *testing.T) {
	w, twin, l := held(t)
	twin.Standing = map[string]bool{"mdt_k": true, "mdt_m": true}
	keeper, manager := acting("keeper", "mdt_k", w.Now(), false, "04"), acting("manager", "mdt_m", w.Now(), true, "04", "05")
	code := func(err error) fault.Code { return fault.CodeOf(err) }
	beyond := fieldsGrant()
	beyond.Purpose = "05"
	if _, err := w.Service.Grant(keeper, l.ID, beyond); code(err) != fault.GrantBeyond {
		t.Errorf("another purpose: %v", err)
	}
	if _, err := w.Service.Grant(acting("keeper", "mdt_k", w.Now().Add(-time.Hour), false, "04"), l.ID, fieldsGrant()); code(err) != fault.LoginNotFresh {
		t.Errorf("an old login: %v", err)
	}
	lent, err := w.Service.Grant(keeper, l.ID, fieldsGrant())
	if err != nil || lent.Mode != elicense.GrantDelegate || lent.Mandate != "mdt_k" || lent.Actor != "account:keeper" || lent.HolderRef != licensetest.Holder {
		t.Fatalf("%+v %v", lent, err)
	}
	told := 0
	for _, r := range twin.Records() {
		for _, m := range r.Messages {
			if m.Topic == elicense.TopicLent && m.Key == lent.ID {
				told++
			}
		}
	}
	if told != 1 {
		t.Errorf("the holder was told %d times", told)
	}
	own, err := w.Service.Grant(manager, l.ID, fieldsGrant())
	if err != nil {
		t.Fatal(err)
	}
	for who, want := range map[string]struct {
		ctx context.Context
		n   int
	}{"keeper": {keeper, 1}, "manager": {manager, 2}} {
		if page, _, err := w.Service.GrantsOf(want.ctx, "", 10); err != nil || len(page) != want.n {
			t.Errorf("%s sees %d grants, %v", who, len(page), err)
		}
	}
	if _, err := w.Service.RevokeGrant(keeper, own.ID); code(err) != fault.NotFound {
		t.Errorf("a keeper ends what it did not give: %v", err)
	}
	if _, err := w.Service.RedeemFields(portal, lent.ID, "04"); err != nil {
		t.Fatal(err)
	}
	uses, _, err := w.Service.UsesFor(manager, "", 10)
	if err != nil || len(uses) != 1 || uses[0].Agent != "account:keeper" {
		t.Errorf("the ledger: %+v %v", uses, err)
	}
	for what, refused := range map[string]error{
		"the ledger":  func() error { _, _, err := w.Service.UsesFor(keeper, "", 10); return err }(),
		"a freeze":    func() error { _, err := w.Service.FreezeUse(keeper, l.ID); return err }(),
		"all grants":  func() error { _, err := w.Service.RevokeGrantsOf(keeper, "account:manager"); return err }(),
		"end freezes": w.Service.UnfreezeUse(keeper, ""),
	} {
		if code(refused) != fault.GrantBeyond {
			t.Errorf("%s by a keeper: %v", what, refused)
		}
	}
	if _, err := w.Service.RevokeGrantsOf(licensetest.Person, "account:keeper"); code(err) != fault.Forbidden {
		t.Errorf("by nobody who acts: %v", err)
	}
	open, err := w.Service.Grant(keeper, l.ID, fieldsGrant())
	if err != nil {
		t.Fatal(err)
	}
	delete(twin.Standing, "mdt_k") // the keeper leaves
	if _, err := w.Service.Grant(keeper, l.ID, fieldsGrant()); code(err) != fault.ActingOver {
		t.Errorf("a grant after the end: %v", err)
	}
	if _, err := w.Service.RevokeGrant(keeper, open.ID); code(err) != fault.ActingOver {
		t.Errorf("the end of a grant after the end: %v", err)
	}
	if n, err := w.Service.RevokeGrantsOf(manager, "account:keeper"); err != nil || n != 1 { // the other one is used up
		t.Errorf("ended %d, %v", n, err)
	}
	if g, err := w.Service.RevokeGrant(manager, open.ID); err != nil || w.Service.GrantState(g) != "revoked" {
		t.Errorf("%+v %v", g, err)
	}
	if _, err := w.Service.FreezeUse(manager, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Service.Grant(manager, l.ID, fieldsGrant()); code(err) != fault.LicenseFrozen {
		t.Errorf("a grant of a frozen one: %v", err)
	}
	if err := w.Service.UnfreezeUse(manager, ""); err != nil {
		t.Error(err)
	}
	stranger := elicense.WithBehalf(licensetest.Person, elicense.Behalf{Mandate: "mdt_m", Principal: "other", Agent: "manager", Manages: true})
	if _, _, err := w.Service.GrantsOf(stranger, "", 10); code(err) != fault.Forbidden {
		t.Errorf("a mandate of another actor: %v", err)
	}
}
