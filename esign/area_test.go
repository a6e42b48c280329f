package esign_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

const county, neighbour = "330000000000/330102000000/", "330000000000/330105000000/"

// within acts with roles in an area only.
func within(area string, roles ...string) context.Context {
	a := reqctx.Actor{ID: "staff:" + area}
	for _, role := range roles {
		a.Rights = append(a.Rights, reqctx.Right{Role: role, Area: area})
	}
	return reqctx.With(context.Background(), reqctx.Request{ID: "req", Actor: a})
}

// TestI01SealOfAnotherAreaIsNotThere: in every operation; with another role for its own area it is there and refused.
func TestI01SealOfAnotherAreaIsNotThere(t *testing.T) {
	w, _ := newWorld(t)
	s := w.Active(t, sealtest.SampleApplication(1))
	if err := w.Service.MoveOwner(t.Context(), s.OwnerCode, county); err != nil {
		t.Fatal(err)
	}
	w.PutRule(t, s.ID, sealtest.RemoteRule)
	all := []string{esign.RoleKeeper, esign.RoleReviewer, esign.RoleMaker}
	for name, do := range map[string]func(ctx context.Context) error{
		"find":    func(ctx context.Context) error { _, err := w.Service.Find(ctx, s.ID); return err },
		"stamps":  func(ctx context.Context) error { _, _, err := w.Service.Stamps(ctx, s.ID, "", "", 10); return err },
		"suspend": func(ctx context.Context) error { _, err := w.Service.Suspend(ctx, s.ID, "r"); return err },
		"lose": func(ctx context.Context) error {
			_, err := w.Service.ReportLost(ctx, s.ID, esign.Ending{Reason: "r"})
			return err
		},
		"resume":   func(ctx context.Context) error { _, err := w.Service.Resume(ctx, s.ID); return err },
		"revoke":   func(ctx context.Context) error { _, err := w.Service.Revoke(ctx, s.ID, "r"); return err },
		"approve":  func(ctx context.Context) error { _, err := w.Service.Approve(ctx, s.ID); return err },
		"make":     func(ctx context.Context) error { _, err := w.Service.Make(ctx, s.ID); return err },
		"material": func(ctx context.Context) error { _, err := w.Service.Material(ctx, s.ID); return err },
		"remote": func(ctx context.Context) error {
			_, _, err := w.Service.Stamp(ctx, esign.StampRequest{SealID: s.ID, Remote: &esign.RemoteDocument{Digest: digest.Sum([]byte("x")), Property: "ByteRange"}, Purpose: "p", Key: "key-0002"})
			return err
		},
		"stamp": func(ctx context.Context) error {
			_, _, err := w.Service.Stamp(ctx, esign.StampRequest{SealID: s.ID, Document: []byte("x"), Purpose: "p", Key: "key-0001"})
			return err
		},
	} {
		if code := fault.CodeOf(do(within(neighbour, all...))); code != fault.NotFound {
			t.Errorf("%s of another area: %q", name, code)
		}
		if code := fault.CodeOf(do(context.Background())); code != fault.Unauthenticated {
			t.Errorf("M-05 %s in nobody's name, as a job would: %q", name, code)
		}
		if code := fault.CodeOf(do(within(county, all...))); code == fault.NotFound || code == fault.Forbidden {
			t.Errorf("%s of the own area: %q", name, code)
		}
	}
	_, _, err := w.Service.List(context.Background(), "", "", 10)
	wantCode(t, err, fault.Unauthenticated) // M-05
	_, err = w.Service.Suspend(within(county, esign.RoleMaker), s.ID, "r")
	wantCode(t, err, fault.Forbidden)
	// The role of one area and the sight of another do not add up.
	mixed := within(county, esign.RoleMaker)
	request := reqctx.From(mixed)
	request.Actor.Rights = append(request.Actor.Rights, reqctx.Right{Role: esign.RoleKeeper, Area: neighbour})
	_, err = w.Service.Suspend(reqctx.With(mixed, request), s.ID, "r")
	wantCode(t, err, fault.Forbidden)
}

// TestWaitingIsWhatTheActorMayDoNext: by role and area, without seals that the actor took a step with before.
func TestWaitingIsWhatTheActorMayDoNext(t *testing.T) {
	w, _ := newWorld(t)
	for n := range 3 {
		if _, err := w.Service.Apply(sealtest.Keeper, sealtest.SampleApplication(n+1)); err != nil {
			t.Fatal(err)
		}
	}
	count := func(ctx context.Context) string {
		t.Helper()
		all, err := w.Service.Waiting(ctx, 2)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(all)
	}
	if got := count(sealtest.Reviewer); got != "[{applied 2} {suspended 0}]" {
		t.Errorf("up to the limit: %s", got)
	}
	if got := count(within(neighbour, esign.RoleReviewer)); got != "[{applied 0} {suspended 0}]" {
		t.Errorf("another area: %s", got)
	}
	if got := count(context.Background()); got != "[]" {
		t.Errorf("nobody: %s", got)
	}
	own := reqctx.From(sealtest.Keeper)
	own.Actor.Roles = []string{esign.RoleReviewer, esign.RoleMaker}
	if got := count(reqctx.With(context.Background(), own)); got != "[{applied 0} {approved 0} {suspended 0}]" {
		t.Errorf("own applications: %s", got)
	}
}
