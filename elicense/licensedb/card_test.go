package licensedb_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensedb"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/elicense/presentation"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/outbox/outboxdb"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

func onCards(t *testing.T, run func(t *testing.T, w *licensetest.World, store *licensedb.Store)) {
	for _, engine := range testkit.Databases(t, auditdb.Migrations(), outboxdb.Migrations(), licensedb.Migrations()) {
		t.Run(engine.Name, func(t *testing.T) {
			store := licensedb.New(engine.Open(t))
			run(t, licensetest.NewWorld(t, store), store)
		})
	}
}

// offline judges a code as anybody does who holds the published objects and our trust.
func offline(t *testing.T, w *licensetest.World, text string, list uint64) verify.Result {
	t.Helper()
	open := func(name string) []byte {
		p, err := w.Service.Published(context.Background(), name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return p.Content
	}
	bundle, err := presentation.OpenBundle(open(elicense.NameKeys))
	if err != nil {
		t.Fatal(err)
	}
	status, err := statuslist.Open(open(fmt.Sprint(list)))
	if err != nil {
		t.Fatal(err)
	}
	trust, err := w.Trust(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return licensefile.VerifyCode("", text, licensefile.Options{Options: verify.Options{Roots: trust.Roots, Intermediates: trust.Intermediates, CRLs: trust.CRLs, At: w.Now()},
		Bundles: []*presentation.Bundle{bundle}, StatusLists: []*statuslist.List{status}})
}

func TestCardIsVerifiedOfflineAndOnlineUntilItIsReplacedOrRevoked(t *testing.T) {
	onCards(t, func(t *testing.T, w *licensetest.World, _ *licensedb.Store) {
		ctx, clerk := context.Background(), licensetest.As("account:clerk", "counter_clerk")
		order := elicense.CardRequest{HolderRef: "account:acc_1", MaskedName: "张*", Level: 4}
		if _, err := w.Service.IssueCard(ctx, order); fault.CodeOf(err) != fault.Unauthenticated {
			t.Fatalf("nobody printed a card: %v", err)
		}
		first, err := w.Service.IssueCard(clerk, order)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Service.Refresh(ctx); err != nil {
			t.Fatal(err)
		}
		view, is := w.Service.ReadCard(ctx, first.Code)
		if !is || view.Fields[presentation.CardName] != "张*" || view.Fields[presentation.CardLevel] != "4" || len(view.Fields) != 2 || view.Expires().Sub(view.IssuedAt) != 180*24*time.Hour {
			t.Errorf("the card says %+v", view)
		}
		if raw, _ := json.Marshal(view); len(first.Code) > 600 {
			t.Errorf("%d characters: %s", len(first.Code), raw)
		}
		judge := func(what, code, want string) {
			t.Helper()
			if got := offline(t, w, code, first.List); got.Code != want {
				t.Errorf("%s, offline: %s %v, want %s", what, got.Code, got.Reasons, want)
			}
			if got, err := w.Service.VerifyCode(ctx, code); err != nil || got.Code != want {
				t.Errorf("%s, online: %s %v %v, want %s", what, got.Code, got.Reasons, err, want)
			}
		}
		judge("a fresh card", first.Code, "V00")
		judge("a card is shown again and again", first.Code, "V00")
		second, err := w.Service.IssueCard(clerk, order)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Service.PublishList(ctx, first.List); err != nil { // what the outbox does
			t.Fatal(err)
		}
		judge("the card before", first.Code, "V13")
		judge("the card after", second.Code, "V00")
		if ended, err := w.Service.RevokeCard(clerk, order.HolderRef); err != nil || !ended {
			t.Fatal(ended, err)
		}
		if ended, err := w.Service.RevokeCard(clerk, order.HolderRef); err != nil || ended {
			t.Error("a card ended twice", err)
		}
		if err := w.Service.PublishList(ctx, second.List); err != nil {
			t.Fatal(err)
		}
		judge("a revoked card", second.Code, "V10")
		third, err := w.Service.IssueCard(clerk, order)
		if err != nil {
			t.Fatal(err)
		}
		w.Advance(presentation.CardLife + presentation.ClockSkew + time.Second)
		if _, err := w.Service.VerifyCode(ctx, third.Code); fault.CodeOf(err) != fault.CodeExpired {
			t.Errorf("after 180 days: %v", err)
		}
		if _, held, err := w.Service.CardOf(ctx, order.HolderRef); held || err != nil {
			t.Errorf("an expired card is in force: %v", err)
		}
	})
}

// TestLateAttemptReplacesNoCard: attempts at one order are fenced; a wish of before does not reach a card of since; a card of an
// erased account names nobody.
func TestLateAttemptReplacesNoCard(t *testing.T) {
	onCards(t, func(t *testing.T, w *licensetest.World, store *licensedb.Store) {
		ctx, clerk := context.Background(), licensetest.As("account:clerk", "counter_clerk")
		order := func(act string, attempt int) (elicense.PrintedCard, error) {
			return w.Service.IssueCard(clerk, elicense.CardRequest{HolderRef: "account:acc_3", MaskedName: "王*", Level: 4, Order: act, Attempt: attempt})
		}
		live := func(want string) {
			t.Helper()
			if c, held, err := w.Service.CardOf(ctx, "account:acc_3"); err != nil || held != (want != "") || held && c.ID != want {
				t.Errorf("%v holds, want %q: %v", c.ID, want, err)
			}
		}
		second, err := order("act", 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, attempt := range []int{1, 2} {
			if _, err := order("act", attempt); fault.CodeOf(err) != fault.Conflict {
				t.Errorf("attempt %d after the second: %v", attempt, err)
			}
			live(second.ID)
		}
		third, err := order("act", 3)
		if err != nil {
			t.Fatal(err)
		}
		live(third.ID)
		wished := w.Now()
		w.Advance(time.Minute)
		fresh, err := order("other", 1)
		if err != nil {
			t.Fatal(err)
		}
		if ended, err := w.Service.RevokeCardUntil(clerk, "account:acc_3", wished); err != nil || ended {
			t.Errorf("a card that was printed since ended: %v", err)
		}
		live(fresh.ID)
		if err := w.Service.Forget(ctx, "account:acc_3"); err != nil {
			t.Fatal(err)
		}
		live("")
		if _, err := store.FindCard(ctx, fresh.PIDKey); err != nil {
			t.Errorf("the entry of the paper is gone: %v", err)
		}
		if got, err := w.Service.VerifyCode(ctx, fresh.Code); err != nil || got.Code != "V10" {
			t.Errorf("%+v %v", got, err)
		}
		if c, err := store.FindCard(ctx, fresh.PIDKey); err != nil || c.HolderRef != "" || c.Order != "" {
			t.Errorf("%+v %v", c, err)
		}
	})
}

func TestOneOfManyCardsThatArePrintedAtOnceHolds(t *testing.T) {
	onCards(t, func(t *testing.T, w *licensetest.World, store *licensedb.Store) {
		clerk := licensetest.As("account:clerk", "counter_clerk")
		codes := make(chan string, 20)
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				if c, err := w.Service.IssueCard(clerk, elicense.CardRequest{HolderRef: "account:acc_2", MaskedName: "李*", Level: 3}); err != nil {
					t.Error(err)
				} else {
					codes <- c.Code
				}
			})
		}
		group.Wait()
		close(codes)
		live := 0
		for code := range codes {
			if got, err := w.Service.VerifyCode(context.Background(), code); err == nil && got.Code == "V00" {
				live++
			}
		}
		if live != 1 {
			t.Errorf("%d cards hold", live)
		}
	})
}
