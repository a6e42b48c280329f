package esign_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/prepare"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/esign/ses"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

func TestF01CrashAtEveryStep(t *testing.T) {
	for name, subject := range map[string]sealtest.Subject{"OFD": sealtest.Here(sealtest.Document(t, 1)), "PDF": sealtest.Here(sealtest.PDF(1)),
		"OFD that stays": sealtest.There(sealtest.Document(t, 1)), "PDF that stays": sealtest.There(sealtest.PDF(1))} {
		t.Run(name, func(t *testing.T) {
			sealtest.RunCrash(t, func(testing.TB) esign.Store { return sealtest.NewTwin() }, subject)
		})
	}
}

// died leaves so many plans behind, as processes do that die while they sign.
func died(t *testing.T, w *sealtest.World, seal esign.Seal, n int) []esign.StampRequest {
	t.Helper()
	w.Steps.FailBefore = func(_ int, name string) bool { return name == "key sign" || name == "store release" }
	defer func() { w.Steps.FailBefore = nil }()
	requests := make([]esign.StampRequest, n)
	document := sealtest.Document(t, 1)
	for i := range requests {
		requests[i] = sealtest.Request(seal, document)
		requests[i].Key = fmt.Sprint("key", i)
		_, _, err := w.Service.Stamp(sealtest.Keeper, requests[i])
		wantCode(t, err, fault.Unavailable)
	}
	return requests
}

func TestRecoverSettlesWhatDiedAndNothingElse(t *testing.T) {
	w, twin := newWorld(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	requests := died(t, w, seal, 3)
	w.Advance(10 * time.Second)
	if n, err := w.Service.Recover(t.Context()); n != 0 || err != nil {
		t.Errorf("the sweep took plans that are in work: %d %v", n, err)
	}
	w.Advance(5 * time.Second)
	if n, err := w.Service.Recover(t.Context()); n != 3 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	if n, err := w.Service.Recover(t.Context()); n != 0 || err != nil {
		t.Errorf("second sweep: %d %v", n, err)
	}
	abandoned := 0
	for _, r := range twin.Records() {
		if e := r.Events[0]; e.Type == "seal.stamp.abandoned" {
			abandoned++
			if e.Actor != "system:esign" || e.Reason != "lease_over" || e.Result != "failed" {
				t.Errorf("%+v", e)
			}
		}
	}
	if abandoned != 3 {
		t.Errorf("%d events", abandoned)
	}
	if w.Keys.Signed(keys.UsageSealSigner) != 0 {
		t.Error("the sweep signed")
	}
	s, _ := stamp(t, w, requests[1])
	if s.State != esign.Stored || s.Key != "key1" {
		t.Errorf("%+v", s)
	}
}

// TestRecoverOnManyNodes: more plans than one batch holds, swept by several nodes at once, end once each.
func TestRecoverOnManyNodes(t *testing.T) {
	twin := sealtest.NewTwin()
	if err := twin.AddSeal(t.Context(), sealtest.Row(1), recordOf("added")); err != nil {
		t.Fatal(err)
	}
	w := sealtest.NewWorld(t, twin)
	for n := range 250 {
		if err := twin.PlanStamp(t.Context(), sealtest.Plan(n, sealtest.Row(1).ID), nil, recordOf("planned")); err != nil {
			t.Fatal(err)
		}
	}
	w.Advance(time.Hour)
	var settled atomic.Int64
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			n, err := w.Service.Recover(t.Context())
			if err != nil {
				t.Error(err)
			}
			settled.Add(int64(n))
		})
	}
	group.Wait()
	if settled.Load() != 250 {
		t.Errorf("%d settled", settled.Load())
	}
}

// TestRecoverOfAStoppedSeal: the plans of a seal that was stopped meanwhile end, too.
func TestRecoverOfAStoppedSeal(t *testing.T) {
	w, _ := newWorld(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	requests := died(t, w, seal, 1)
	if _, err := w.Service.Suspend(sealtest.Keeper, seal.ID, "遗失"); err != nil {
		t.Fatal(err)
	}
	w.Advance(time.Minute)
	_, _, err := w.Service.Stamp(sealtest.Keeper, requests[0])
	wantCode(t, err, fault.SealSuspended)
	if n, err := w.Service.Recover(t.Context()); n != 1 || err != nil {
		t.Errorf("%d %v", n, err)
	}
}

// BenchmarkStampOnePage is a whole stamp of a page: checks, plan, signature, result verified, stored.
func BenchmarkStampOnePage(b *testing.B) {
	w, _ := newWorld(b)
	seal := w.Active(b, sealtest.SampleApplication(1))
	document := sealtest.Document(b, 1)
	n := 0
	start := processorTime(b)
	for b.Loop() {
		n++
		request := sealtest.Request(seal, document)
		request.Key = fmt.Sprint("key", n)
		if _, _, err := w.Service.Stamp(sealtest.Keeper, request); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/(processorTime(b)-start).Seconds(), "stamps/cpu-s")
}

// BenchmarkSealOnePage is the sealing alone, as a tool does it that keeps a seal: document opened, place, signature with its own check, written.
func BenchmarkSealOnePage(b *testing.B) {
	w, _ := newWorld(b)
	seal := w.Active(b, sealtest.SampleApplication(1))
	content := sealtest.Document(b, 1)
	memo := &pki.Memo{}
	stamper, err := ses.NewStamper(seal.SES, seal.SignerCert, memo)
	if err != nil {
		b.Fatal(err)
	}
	signer, err := w.Keys.Provider.Signer(b.Context(), seal.KeyID, keys.UsageSealSigner)
	if err != nil {
		b.Fatal(err)
	}
	sign := func(message []byte) ([]byte, error) { return signer.SignMessage(b.Context(), message) }
	n := 0
	start := processorTime(b)
	for b.Loop() {
		n++
		document, err := prepare.Open(content, nil)
		if err != nil {
			b.Fatal(err)
		}
		shown, err := document.Lay([]esign.Place{esign.At(1, 100, 100)}, seal.SES)
		if err != nil {
			b.Fatal(err)
		}
		sum := memo.SM3(seal.SES)
		at := w.Now().UTC().Truncate(time.Second)
		pending, err := document.Begin(prepare.Request{Material: prepare.Material{Seal: seal.SES, SealSM3: sum[:], SignerCert: seal.SignerCert, Name: seal.Name, Company: "maker", At: at}, Shown: shown, Value: esign.SealValue})
		if err != nil {
			b.Fatal(err)
		}
		value, err := stamper.Sign(ses.ToSign{Time: at, DataHash: pending.Digest(), PropertyInfo: pending.Property()}, sign)
		if err == nil {
			_, err = pending.Complete(value)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/(processorTime(b)-start).Seconds(), "seals/cpu-s")
}
