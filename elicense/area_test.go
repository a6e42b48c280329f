package elicense_test

import (
	"context"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

const county, neighbour = "330000000000/330102000000/", "330000000000/330105000000/"

// within acts with all roles of the room in an area only.
func within(area string) context.Context {
	a := reqctx.Actor{ID: "staff:" + area}
	for _, role := range []string{elicense.RoleClerk, elicense.RoleReviewer, elicense.RoleIssuer} {
		a.Rights = append(a.Rights, reqctx.Right{Role: role, Area: area})
	}
	return reqctx.With(context.Background(), reqctx.Request{ID: "req", Actor: a})
}

// TestI01LicenceOfAnotherAreaIsNotThere: in every operation of staff.
func TestI01LicenceOfAnotherAreaIsNotThere(t *testing.T) {
	w, _ := newWorld(t)
	l := w.Issued(t, licensetest.SampleApplication("one"))
	if err := w.Service.MoveAuthority(t.Context(), licensetest.AuthorityCode, county); err != nil {
		t.Fatal(err)
	}
	for name, do := range map[string]func(ctx context.Context) error{
		"find":     func(ctx context.Context) error { _, err := w.Service.Find(ctx, l.ID); return err },
		"by id":    func(ctx context.Context) error { _, err := w.Service.FindByLicenseID(ctx, l.LicenseID); return err },
		"document": func(ctx context.Context) error { _, _, err := w.Service.Document(ctx, l.ID); return err },
		"events":   func(ctx context.Context) error { _, _, err := w.Service.Events(ctx, l.ID, "", 10); return err },
		"issue":    func(ctx context.Context) error { _, err := w.Service.Issue(ctx, l.ID); return err },
		"review": func(ctx context.Context) error {
			_, err := w.Service.Review(ctx, l.ID, elicense.Approve, "", 0)
			return err
		},
		"correct": func(ctx context.Context) error {
			_, err := w.Service.Correct(ctx, l.ID, licensetest.SampleApplication("one"))
			return err
		},
		"status": func(ctx context.Context) error {
			_, err := w.Service.ChangeStatus(ctx, l.ID, elicense.StatusChange{Operation: elicense.Suspension, LegalBasis: "b", DecisionNumber: "1"})
			return err
		},
	} {
		if code := fault.CodeOf(do(within(neighbour))); code != fault.NotFound {
			t.Errorf("%s of another area: %q", name, code)
		}
		if code := fault.CodeOf(do(context.Background())); code != fault.Unauthenticated {
			t.Errorf("M-05 %s in nobody's name, as a job would: %q", name, code)
		}
		if code := fault.CodeOf(do(within(county))); code == fault.NotFound || code == fault.Forbidden {
			t.Errorf("%s of the own area: %q", name, code)
		}
	}
	if _, _, err := w.Service.List(context.Background(), elicense.Filter{}); fault.CodeOf(err) != fault.Unauthenticated {
		t.Errorf("M-05 a list in nobody's name: %v", err)
	}
	if page, _, err := w.Service.List(within(neighbour), elicense.Filter{}); err != nil || len(page) != 0 {
		t.Errorf("another area lists %d: %v", len(page), err)
	}
	if page, _, err := w.Service.List(within(county), elicense.Filter{}); err != nil || len(page) != 1 {
		t.Errorf("the own area lists %d: %v", len(page), err)
	}
	// An authority outside is as one that is not there.
	_, _, err := w.Service.Apply(within(neighbour), licensetest.SampleApplication("two"))
	wantCode(t, err, fault.LicenseAuthority)
}

// TestOnlyPeopleHaveAWallet: an application or a member of staff that asks as itself is refused, not shown an empty one.
func TestOnlyPeopleHaveAWallet(t *testing.T) {
	w, _ := newWorld(t)
	for actor, want := range map[[2]string]fault.Code{{"account:acc_1"}: "", {"account:acc_1", "account:acc_2"}: "", {"staff:stf_1", "account:acc_2"}: "", {"client:hall"}: fault.Forbidden, {"staff:stf_1"}: fault.Forbidden, {}: fault.Unauthenticated} {
		ctx := reqctx.With(context.Background(), reqctx.Request{ID: "req", Actor: reqctx.Actor{ID: actor[0], ActingFor: actor[1]}})
		if _, _, err := w.Service.Mine(ctx, "", 10); fault.CodeOf(err) != want {
			t.Errorf("%q for %q: %v", actor[0], actor[1], err)
		}
	}
}
