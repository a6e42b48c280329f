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

func TestF01CrashAtEveryStep(t *testing.T) {
	licensetest.RunCrash(t, func(testing.TB) elicense.Store { return licensetest.NewTwin() })
}

// TestIssueLeavesOneEvent: what a recovered issue leaves in the audit log is one event, not two.
func TestIssueLeavesOneEvent(t *testing.T) {
	w, twin := newWorld(t)
	w.Sealer.FailAfter = func() bool { return w.Now().Equal(licensetest.Start) }
	l := w.Approved(t, licensetest.SampleApplication("B1"))
	if _, err := w.Service.Issue(licensetest.Issuer, l.ID); !errors.Is(err, licensetest.ErrCrash) {
		t.Fatal(err)
	}
	w.Advance(2 * time.Minute)
	for range 3 {
		if _, err := w.Service.Recover(context.Background()); err != nil {
			t.Fatal(err)
		}
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

// BenchmarkIssueByRule is the same proof of taxes from entry to force, by three people and by its rules, which take ten in thirty days of one holder:
// -benchtime 25x stays within the life of the test's certificates.
func BenchmarkIssueByRule(b *testing.B) {
	for _, by := range []string{"hand", "rule"} {
		b.Run(by, func(b *testing.B) {
			w := licensetest.NewRuledWorld(b, licensetest.NewTwin())
			w.Levels = func(context.Context, string, string) (int, error) { return 3, nil }
			w.Restart(b)
			if by == "rule" {
				w.Rules(b, licensetest.TaxProof, nil)
			}
			n := 0
			for b.Loop() {
				n++
				w.Advance(4 * 24 * time.Hour)
				a := licensetest.TaxApplication(fmt.Sprint("T", n))
				if by == "hand" {
					w.Issued(b, a)
					continue
				}
				if l, _, err := w.Service.Apply(licensetest.Clerk, a); err != nil || l.State != elicense.StateActive {
					b.Fatalf("%s %v", l.State, err)
				}
			}
		})
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
