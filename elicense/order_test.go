package elicense_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

var (
	keeper       = licensetest.As("staff:keeper", elicense.RoleOrders)
	secondKeeper = licensetest.As("staff:second", elicense.RoleOrders)
	byFunction   = licensetest.Application(licensetest.Portal, elicense.RoleUser)
)

func orderFor(w *licensetest.World, l elicense.License) elicense.OrderRequest {
	return elicense.OrderRequest{Number: "办〔2026〕7号", Organ: "示例市公安局", LegalBasis: "some law, article 38", Client: licensetest.Portal, CaseNumber: "A-7", LicenseIDs: []string{l.LicenseID}, Days: 2}
}

func inForce(t *testing.T, w *licensetest.World, l elicense.License) elicense.Order {
	t.Helper()
	o, err := w.Service.ProposeOrder(keeper, orderFor(w, l))
	if err == nil {
		o, err = w.Service.DecideOrder(secondKeeper, o.ID, true, "")
	}
	if err != nil || o.State != elicense.OrderInForce {
		t.Fatal(o, err)
	}
	return o
}

func underOrder(w *licensetest.World, l elicense.License, order string, change func(*elicense.GrantRequest)) (elicense.Grant, error) {
	r := elicense.GrantRequest{Purpose: "04", Item: "i", CaseNumber: "A-7", Fields: []string{"license_number"}, Uses: 3, Hours: 720, Order: order}
	if change != nil {
		change(&r)
	}
	results, err := w.Service.GrantByFunction(byFunction, []string{l.LicenseID}, r)
	if err != nil {
		return elicense.Grant{}, err
	}
	return results[0].Grant, results[0].Err
}

// toldTo counts the messages to the holder about uses by function.
func toldTo(t *testing.T, twin *licensetest.Twin) (n int) {
	t.Helper()
	for _, r := range twin.Records() {
		for _, m := range r.Messages {
			if m.Topic == elicense.TopicGranted {
				var notice elicense.GrantNotice
				if err := json.Unmarshal(m.Payload, &notice); err != nil || notice.HolderRef != licensetest.Holder || notice.Grantee != licensetest.Portal {
					t.Errorf("%s %v", m.Payload, err)
				}
				n++
			}
		}
	}
	return n
}

// seen is how many grants and lines the holder finds.
func seen(t *testing.T, w *licensetest.World) [2]int {
	t.Helper()
	grants, _, err := w.Service.GrantsOf(licensetest.Person, "", 50)
	if err != nil {
		t.Fatal(err)
	}
	uses, err := w.Service.UsesOf(context.Background(), elicense.UseQuery{HolderRef: licensetest.Holder, Till: w.Now().Add(time.Hour), Limit: 50})
	if err != nil {
		t.Fatal(err)
	}
	return [2]int{len(grants), len(uses)}
}

// TestASealedOrderWithholdsAndTellsLater: while it is in force the holder learns of nothing and a freeze stops nothing; when it ends, by hand or by time,
// each grant and use is told.
func TestASealedOrderWithholdsAndTellsLater(t *testing.T) {
	for name, end := range map[string]func(w *licensetest.World, o elicense.Order) error{
		"by hand": func(w *licensetest.World, o elicense.Order) error {
			_, err := w.Service.EndOrder(keeper, o.ID, "the case is closed")
			return err
		},
		"by time": func(w *licensetest.World, o elicense.Order) error {
			w.Advance(o.Until.Sub(w.Now()))
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, twin, l := held(t)
			o := inForce(t, w, l)
			if _, err := w.Service.FreezeUse(licensetest.Person, ""); err != nil {
				t.Fatal(err)
			}
			g, err := underOrder(w, l, o.ID, nil)
			if err != nil || g.Mode != elicense.GrantOrder || g.Proof != "order:办〔2026〕7号" || !g.Expires.Equal(o.Until) {
				t.Fatalf("%+v %v", g, err)
			}
			r, err := w.Service.RedeemFields(portal, g.ID, "04")
			if err != nil || len(r.Values["license_number"]) != 1 {
				t.Fatalf("%+v %v", r, err)
			}
			c, err := underOrder(w, l, o.ID, func(r *elicense.GrantRequest) { r.Kind, r.Fields = elicense.GrantCopy, nil })
			if err != nil {
				t.Fatal(err)
			}
			made, err := w.Service.RedeemCopy(portal, c.ID, "04")
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := w.Service.CopyFile(portal, made.ID); err != nil {
				t.Errorf("the copy: %v", err)
			}
			for range 2 {
				if err := w.Service.TellOrders(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			if got, told := seen(t, w), toldTo(t, twin); got != [2]int{} || told != 0 {
				t.Errorf("the holder sees %v and is told of %d", got, told)
			}
			if mine, _, err := w.Service.GrantsTo(portal, "", 9); err != nil || len(mine) != 2 {
				t.Errorf("the application sees %d grants: %v", len(mine), err)
			}
			for _, e := range []string{"license.grant.function", "license.grant.used", "license.copy.sealed"} {
				if eventsOf(twin, e) == 0 {
					t.Errorf("%s is not in the audit trail", e)
				}
			}
			if err := end(w, o); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Service.RedeemFields(portal, g.ID, "04"); fault.CodeOf(err) != fault.OrderMissing && fault.CodeOf(err) != fault.GrantEnded {
				t.Errorf("a use after the end: %v", err)
			}
			if _, _, err := w.Service.CopyFile(portal, made.ID); fault.CodeOf(err) != fault.LicenseFrozen {
				t.Errorf("a copy after the end, while the holder froze the use: %v", err)
			}
			for range 2 { // the second tells nothing again
				if err := w.Service.TellOrders(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			if got, told := seen(t, w), toldTo(t, twin); got != [2]int{2, 2} || told != 2 {
				t.Errorf("the holder sees %v and is told of %d", got, told)
			}
			if o, err := w.Service.Order(keeper, o.ID); err != nil || o.State != elicense.OrderEnded || !o.ToldAt.Equal(w.Now()) || o.Uses != 4 || o.EndedBy == "" {
				t.Errorf("%+v %v", o, err)
			}
			if eventsOf(twin, "license.order.told") != 1 || eventsOf(twin, "license.grant.told") != 2 {
				t.Error("telling is not on record once")
			}
		})
	}
}

// TestAnOrderPermitsNoMoreThanItNames: whatever is wrong, the answer is one, and nothing is given.
func TestAnOrderPermitsNoMoreThanItNames(t *testing.T) {
	w, twin, l := held(t)
	other := w.Issued(t, licensetest.SampleApplication("B2"))
	o := inForce(t, w, l)
	proposed, err := w.Service.ProposeOrder(keeper, orderFor(w, other))
	if err != nil {
		t.Fatal(err)
	}
	given := eventsOf(twin, "license.grant.function")
	for name, try := range map[string]func() error{
		"no such order":       func() error { _, err := underOrder(w, l, "lorder_x", nil); return err },
		"one not confirmed":   func() error { _, err := underOrder(w, other, proposed.ID, nil); return err },
		"a licence not in it": func() error { _, err := underOrder(w, other, o.ID, nil); return err },
		"another case": func() error {
			_, err := underOrder(w, l, o.ID, func(r *elicense.GrantRequest) { r.CaseNumber = "A-8" })
			return err
		},
		"another application": func() error {
			r := elicense.GrantRequest{Purpose: "04", Item: "i", CaseNumber: "A-7", Fields: []string{"license_number"}, Order: o.ID}
			results, err := w.Service.GrantByFunction(licensetest.Application(licensetest.OtherPortal, elicense.RoleUser), []string{l.LicenseID}, r)
			if err != nil {
				return err
			}
			return results[0].Err
		},
	} {
		if err := try(); fault.CodeOf(err) != fault.OrderMissing {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := fieldsGrant()
	r.Order = o.ID
	if _, err := w.Service.Grant(licensetest.FreshPerson(w.Now()), l.ID, r); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("a holder under an order: %v", err)
	}
	if n := eventsOf(twin, "license.grant.function"); n != given || toldTo(t, twin) != 0 {
		t.Errorf("%d grants were given", n-given)
	}
}

func TestAnOrderNeedsTwoKeepersAndItsWords(t *testing.T) {
	w, _, l := held(t)
	for field, change := range map[string]func(r *elicense.OrderRequest){
		"order_number":      func(r *elicense.OrderRequest) { r.Number = "" },
		"organ":             func(r *elicense.OrderRequest) { r.Organ = " " },
		"legal_basis":       func(r *elicense.OrderRequest) { r.LegalBasis = strings.Repeat("法", 301) },
		"case_number":       func(r *elicense.OrderRequest) { r.CaseNumber = strings.Repeat("c", 65) },
		"client_id":         func(r *elicense.OrderRequest) { r.Client = "nobody" },
		"license_ids":       func(r *elicense.OrderRequest) { r.LicenseIDs = append(r.LicenseIDs, "1.2.156.3005.2.nothing") },
		"license_ids, none": func(r *elicense.OrderRequest) { r.LicenseIDs = nil },
		"license_ids, many": func(r *elicense.OrderRequest) { r.LicenseIDs = slices.Repeat(r.LicenseIDs, 101) },
		"days":              func(r *elicense.OrderRequest) { r.Days = 0 },
		"days, too many":    func(r *elicense.OrderRequest) { r.Days = 91 },
	} {
		r := orderFor(w, l)
		change(&r)
		_, err := w.Service.ProposeOrder(keeper, r)
		name, _, _ := strings.Cut(field, ",")
		if f := fault.From(err); fault.CodeOf(err) != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Name != name {
			t.Errorf("%s: %v", field, err)
		}
	}
	o, err := w.Service.ProposeOrder(keeper, orderFor(w, l))
	if err != nil || o.State != elicense.OrderProposed || !strings.HasPrefix(o.ID, "lorder_") {
		t.Fatalf("%+v %v", o, err)
	}
	_, err = w.Service.DecideOrder(keeper, o.ID, true, "")
	wantCode(t, err, fault.LicenseFourEyes)
	_, err = w.Service.DecideOrder(secondKeeper, o.ID, false, " ")
	wantCode(t, err, fault.Invalid)
	_, err = w.Service.EndOrder(keeper, o.ID, "")
	wantCode(t, err, fault.Invalid)
	_, err = w.Service.EndOrder(keeper, o.ID, "before it is in force")
	wantCode(t, err, fault.OrderState)
	if o, err = w.Service.DecideOrder(keeper, o.ID, false, "entered in error"); err != nil || o.State != elicense.OrderRefused || o.Note != "entered in error" {
		t.Errorf("taken back: %+v %v", o, err)
	}
	_, err = w.Service.DecideOrder(secondKeeper, o.ID, true, "")
	wantCode(t, err, fault.OrderState)
	w.Advance(time.Minute) // the newest stands first
	late, err := w.Service.ProposeOrder(keeper, orderFor(w, l))
	if err != nil {
		t.Fatal(err)
	}
	w.Advance(48 * time.Hour)
	_, err = w.Service.DecideOrder(secondKeeper, late.ID, true, "")
	wantCode(t, err, fault.OrderState)
	page, next, err := w.Service.Orders(secondKeeper, "", "", 1)
	if err != nil || len(page) != 1 || page[0].ID != late.ID || next == "" {
		t.Errorf("%+v %q %v", page, next, err)
	}
	if page, next, err = w.Service.Orders(secondKeeper, elicense.OrderRefused, "", 1); err != nil || len(page) != 1 || page[0].ID != o.ID || next != "" {
		t.Errorf("%+v %q %v", page, next, err)
	}
	for name, try := range map[string]func() error{
		"a state that is none":  func() error { _, _, err := w.Service.Orders(keeper, "gone", "", 1); return err },
		"a cursor that is none": func() error { _, _, err := w.Service.Orders(keeper, "", "x", 1); return err },
	} {
		if fault.CodeOf(try()) != fault.Invalid {
			t.Error(name)
		}
	}
}

// TestI01OrdersOfAnotherAreaAreNotThere: nor is anything of them told to who keeps no orders, applications included.
func TestI01OrdersOfAnotherAreaAreNotThere(t *testing.T) {
	w, _, l := held(t)
	if err := w.Service.MoveAuthority(t.Context(), licensetest.AuthorityCode, county); err != nil {
		t.Fatal(err)
	}
	of := func(area string) context.Context {
		return reqctx.WithActor(context.Background(), reqctx.Actor{ID: "staff:" + area, Rights: []reqctx.Right{{Role: elicense.RoleOrders, Area: area}}})
	}
	r := orderFor(w, l)
	o, err := w.Service.ProposeOrder(of(county), r)
	if err != nil || o.Area != county {
		t.Fatal(o, err)
	}
	for name, do := range map[string]func(ctx context.Context) error{
		"read":   func(ctx context.Context) error { _, err := w.Service.Order(ctx, o.ID); return err },
		"decide": func(ctx context.Context) error { _, err := w.Service.DecideOrder(ctx, o.ID, true, ""); return err },
		"end":    func(ctx context.Context) error { _, err := w.Service.EndOrder(ctx, o.ID, "x"); return err },
	} {
		for who, c := range map[string]struct {
			ctx  context.Context
			code fault.Code
		}{
			"another area": {of(neighbour), fault.NotFound}, "nobody": {context.Background(), fault.Unauthenticated}, "other staff": {licensetest.Issuer, fault.Forbidden}, "the holder": {licensetest.Person, fault.Forbidden},
			"an application": {licensetest.Application(licensetest.Portal, elicense.RoleOrders), fault.Forbidden},
		} {
			if err := do(c.ctx); fault.CodeOf(err) != c.code {
				t.Errorf("%s by %s: %v", name, who, err)
			}
		}
	}
	if _, err := w.Service.ProposeOrder(of(neighbour), r); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("a licence of another area: %v", err)
	}
	if page, _, err := w.Service.Orders(of(neighbour), "", "", 9); err != nil || len(page) != 0 {
		t.Errorf("%+v %v", page, err)
	}
	if page, _, err := w.Service.Orders(of(county), "", "", 9); err != nil || len(page) != 1 {
		t.Errorf("%+v %v", page, err)
	}
}
