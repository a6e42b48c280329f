package elicense_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

func withIP(ctx context.Context, ip string) context.Context {
	r := reqctx.From(ctx)
	r.ClientIP = ip
	return reqctx.With(ctx, r)
}

// TestCrashAtEveryStep kills the service before and after every store step and around the seal, restarts it, lets the
// sweep run, and asks again. Nothing acknowledged may be lost, nothing may be issued twice, whatever the point.
func TestCrashAtEveryStep(t *testing.T) {
	points := []string{"seal before", "seal after"}
	for step := 1; step <= 8; step++ {
		points = append(points, fmt.Sprintf("store before %d", step), fmt.Sprintf("store after %d", step))
	}
	crashes := 0
	for _, point := range points {
		t.Run(point, func(t *testing.T) {
			w, twin := newWorld(t)
			base := twin.Steps()
			var crashed bool
			at := func(name string, step int) bool {
				if !crashed && point == fmt.Sprintf("store %s %d", name, step-base) {
					crashed = true
					return true
				}
				return false
			}
			twin.FailBefore = func(step int, _ string) bool { return at("before", step) }
			twin.FailAfter = func(step int, _ string) bool { return at("after", step) }
			once := func(name string) func() bool {
				return func() bool {
					if !crashed && point == "seal "+name {
						crashed = true
						return true
					}
					return false
				}
			}
			w.Sealer.FailBefore, w.Sealer.FailAfter = once("before"), once("after")

			acknowledged := map[string]string{} // business number → licence id
			run := func() {
				l, _, err := w.Service.Apply(licensetest.Clerk, licensetest.SampleApplication("B1"))
				if err != nil {
					return
				}
				acknowledged["applied"] = l.ID
				if _, err := w.Service.Review(licensetest.Reviewer, l.ID, elicense.Approve, ""); err != nil && fault.CodeOf(err) != fault.LicenseState {
					return
				}
				issued, err := w.Service.Issue(licensetest.Issuer, l.ID)
				if err != nil {
					return
				}
				if was := acknowledged["issued"]; was != "" && was != issued.LicenseID {
					t.Errorf("issued as %s and as %s", was, issued.LicenseID)
				}
				acknowledged["issued"] = issued.LicenseID
			}
			run()
			w.Restart(t)
			w.Advance(2 * time.Minute)
			if _, err := w.Service.Recover(context.Background()); err != nil {
				t.Fatalf("sweep: %v", err)
			}
			run()
			twin.FailBefore, twin.FailAfter = nil, nil
			if acknowledged["issued"] == "" {
				t.Fatal("never issued")
			}
			if crashed {
				crashes++
			}
			if all := twin.All(); len(all) != 1 || all[0].State != elicense.StateActive || all[0].ID != acknowledged["applied"] || all[0].LicenseID != acknowledged["issued"] {
				t.Fatalf("register: %+v", all)
			}
			if w.Sealer.Stamps != 1 {
				t.Errorf("%d seals", w.Sealer.Stamps)
			}
			events, err := w.Service.Events(licensetest.Issuer, acknowledged["applied"])
			if err != nil || len(events) != 1 {
				t.Errorf("%d status events, %v", len(events), err)
			}
			issued := 0
			for _, kind := range eventTypes(twin.Records()) {
				if kind == "license.issued" {
					issued++
				}
			}
			if issued != 1 {
				t.Errorf("%d audit events of issue", issued)
			}
			name, document, err := w.Service.Document(licensetest.Issuer, acknowledged["applied"])
			if err != nil {
				t.Fatal(err)
			}
			if result := licensefile.Verify(name, document, w.Options(t, w.List(t, 1))); result.Code != "V00" {
				t.Errorf("%s %+v", result.Code, result.Reasons)
			}
		})
	}
	if crashes < 10 {
		t.Errorf("only %d of the points crashed: the steps are not met any more", crashes)
	}
}

func TestWhileItIsBeingIssued(t *testing.T) {
	w, _ := newWorld(t)
	l := w.Approved(t, licensetest.SampleApplication("B1"))
	w.Sealer.FailBefore = func() bool { return true }
	if _, err := w.Service.Issue(licensetest.Issuer, l.ID); !errors.Is(err, licensetest.ErrCrash) {
		t.Fatal(err)
	}
	w.Sealer.FailBefore = nil
	_, err := w.Service.Issue(licensetest.Issuer, l.ID)
	wantCode(t, err, fault.LicenseBusy)
	if fault.From(err).RetryAfter == 0 {
		t.Error("no Retry-After")
	}
	if n, err := w.Service.Recover(context.Background()); n != 0 || err != nil {
		t.Errorf("the sweep took a licence in work: %d %v", n, err)
	}
	w.Advance(61 * time.Second)
	if n, err := w.Service.Recover(context.Background()); n != 1 || err != nil {
		t.Errorf("sweep: %d %v", n, err)
	}
	if n, err := w.Service.Recover(context.Background()); n != 0 || err != nil {
		t.Errorf("second sweep: %d %v", n, err)
	}
}

// taken is a store on which status entries are in use, a number of times.
type taken struct {
	elicense.Store
	times int
}

func (s *taken) Update(ctx context.Context, change func([]*elicense.License) (elicense.Change, error), ids ...string) ([]elicense.License, error) {
	return s.Store.Update(ctx, func(rows []*elicense.License) (elicense.Change, error) {
		before := rows[0].State
		done, err := change(rows)
		if err == nil && before == elicense.StateApproved && s.times > 0 {
			s.times--
			return done, elicense.ErrEntryTaken
		}
		return done, err
	}, ids...)
}

func TestTakenStatusEntriesAreChosenAnew(t *testing.T) {
	w, twin := newWorld(t)
	w.Store = &taken{twin, 5}
	w.Restart(t)
	l := w.Issued(t, licensetest.SampleApplication("B1"))
	if l.List != 2 {
		t.Errorf("list %d: after four full places the next list is opened", l.List)
	}
	w.Store = &taken{twin, 1000}
	w.Restart(t)
	approved := w.Approved(t, licensetest.SampleApplication("B2"))
	_, err := w.Service.Issue(licensetest.Issuer, approved.ID)
	wantCode(t, err, fault.Unavailable)
}

func BenchmarkIssue(b *testing.B) {
	w, _ := newWorld(b)
	n := 0
	for b.Loop() {
		n++
		w.Issued(b, licensetest.SampleApplication(fmt.Sprint("B", n)))
	}
}

func BenchmarkVerifyFile(b *testing.B) {
	w, _ := newWorld(b)
	l := w.Issued(b, licensetest.SampleApplication("B1"))
	name, document, err := w.Service.Document(licensetest.Issuer, l.ID)
	if err != nil {
		b.Fatal(err)
	}
	options := w.Options(b, w.List(b, l.List))
	for b.Loop() {
		if result := licensefile.Verify(name, document, options); result.Code != "V00" {
			b.Fatal(result.Code)
		}
	}
}
