package licensetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// RunCrash fails the service before and after every store step and around the seal, restarts it, lets the sweep run, and
// asks again. Nothing acknowledged may be lost and nothing may be issued twice, whatever the point (security row F-01).
func RunCrash(t *testing.T, open func(t testing.TB) elicense.Store) {
	points := []string{"seal before", "seal after"}
	for step := 1; step <= 8; step++ {
		points = append(points, fmt.Sprintf("store before %d", step), fmt.Sprintf("store after %d", step))
	}
	crashes := 0
	for _, point := range points {
		t.Run(point, func(t *testing.T) {
			if crashAt(t, open(t), point) {
				crashes++
			}
		})
	}
	if crashes < 10 {
		t.Errorf("only %d of the points crashed: the steps are not met any more", crashes)
	}
}

func crashAt(t *testing.T, store elicense.Store, point string) (crashed bool) {
	faulty := &Faulty{Store: store}
	w := NewWorld(t, faulty)
	base := faulty.Steps()
	hit := func(name string) bool {
		if !crashed && point == name {
			crashed = true
			return true
		}
		return false
	}
	faulty.FailBefore = func(step int, _ string) bool { return hit(fmt.Sprintf("store before %d", step-base)) }
	faulty.FailAfter = func(step int, _ string) bool { return hit(fmt.Sprintf("store after %d", step-base)) }
	w.Sealer.FailBefore = func() bool { return hit("seal before") }
	w.Sealer.FailAfter = func() bool { return hit("seal after") }

	var applied, issued string // what was acknowledged
	run := func() {
		l, _, err := w.Service.Apply(Clerk, SampleApplication("B1"))
		if err != nil {
			return
		}
		if applied != "" && applied != l.ID {
			t.Errorf("applied as %s and as %s", applied, l.ID)
		}
		applied = l.ID
		if _, err := w.Service.Review(Reviewer, l.ID, elicense.Approve, "", 0); err != nil && fault.CodeOf(err) != fault.LicenseState {
			return
		}
		done, err := w.Service.Issue(Issuer, l.ID)
		if err != nil {
			return
		}
		if issued != "" && issued != done.LicenseID {
			t.Errorf("issued as %s and as %s", issued, done.LicenseID)
		}
		issued = done.LicenseID
	}
	run()
	w.Restart(t)
	w.Advance(2 * time.Minute)
	if _, err := w.Service.Recover(context.Background()); err != nil {
		t.Fatalf("sweep: %v", err)
	}
	run()
	faulty.FailBefore, faulty.FailAfter = nil, nil
	if issued == "" {
		t.Fatal("never issued")
	}
	page, _, err := store.List(context.Background(), elicense.Filter{Limit: 10})
	if err != nil || len(page) != 1 || page[0].State != elicense.StateActive || page[0].ID != applied || page[0].LicenseID != issued {
		t.Fatalf("register: %+v %v", page, err)
	}
	if w.Sealer.Stamps != 1 {
		t.Errorf("%d seals", w.Sealer.Stamps)
	}
	if events, _, err := w.Service.Events(Issuer, applied, "", 50); err != nil || len(events) != 1 {
		t.Errorf("%d status events, %v", len(events), err)
	}
	name, document, err := w.Service.Document(Issuer, applied)
	if err != nil {
		t.Fatal(err)
	}
	if result := licensefile.Verify(name, document, w.Options(t, w.List(t, 1))); result.Code != "V00" {
		t.Errorf("%s %+v", result.Code, result.Reasons)
	}
	return crashed
}
