package esign_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealstatus"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// listing is a world whose service publishes lists.
func listing(t *testing.T) (*sealtest.World, *sealtest.Twin) {
	t.Helper()
	twin := sealtest.NewTwin()
	w := sealtest.NewWorld(t, twin)
	cfg := w.Config()
	cfg.Lists, cfg.BaseURL, cfg.Issuers = twin, "https://id.example", func() []*pki.Certificate { return []*pki.Certificate{w.CA()} }
	var err error
	if w.Service, err = esign.New(cfg); err != nil {
		t.Fatal(err)
	}
	return w, twin
}

// deliver runs the publish orders of the records since the number given.
func deliver(t *testing.T, w *sealtest.World, twin *sealtest.Twin, since int) (orders int) {
	t.Helper()
	for _, record := range twin.Records()[since:] {
		for _, m := range record.Messages {
			if m.Topic == esign.TopicPublish {
				orders++
				if err := w.Service.HandlePublish(context.Background(), m.Payload); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return orders
}

func listOf(t *testing.T, w *sealtest.World, seal esign.Seal) *sealstatus.List {
	t.Helper()
	p, err := w.Service.PublishedList(context.Background(), seal.Code[:6])
	if err != nil {
		t.Fatal(err)
	}
	list, err := sealstatus.Open(p.Content)
	if err != nil {
		t.Fatal(err)
	}
	if list.Number != p.Number || list.URI != w.Service.ListAddress(seal.Code[:6]) || !list.Issued.Equal(p.IssuedAt) || !list.NextUpdate.Equal(p.NextUpdate) {
		t.Errorf("list and row differ: %+v %+v", list, p)
	}
	return list
}

// TestEveryChangeIsPublished: each change of a seal in use orders a list of its division, which a verifier believes that trusts the root.
func TestEveryChangeIsPublished(t *testing.T) {
	w, twin := listing(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	if n := deliver(t, w, twin, 0); n != 1 {
		t.Errorf("%d orders for a seal that came into use", n)
	}
	document := sealtest.Document(t, 1)
	_, sealed, err := w.Service.Stamp(sealtest.Keeper, sealtest.Request(seal, document))
	if err != nil {
		t.Fatal(err)
	}
	judged := func(want verify.Verdict, step verify.Status) {
		t.Helper()
		options, err := w.Trust(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		options.SealLists = []*sealstatus.List{listOf(t, w, seal)}
		r := verify.Verify("a.ofd", sealed, options)
		at := slices.IndexFunc(r.Signatures[0].Checks, func(c verify.Check) bool { return c.Name == "seal_status" })
		if r.Verdict != want || r.Signatures[0].Checks[at].Status != step {
			t.Errorf("%s %v, step %s; want %s and %s", r.Verdict, r.Reasons, r.Signatures[0].Checks[at].Status, want, step)
		}
	}
	judged(verify.Valid, verify.Passed)
	mark := len(twin.Records())
	for _, step := range []func() (esign.Seal, error){
		func() (esign.Seal, error) { return w.Service.Suspend(sealtest.Keeper, seal.ID, "异常用印") },
		func() (esign.Seal, error) { return w.Service.Resume(sealtest.Reviewer, seal.ID) },
	} {
		w.Advance(time.Minute)
		if _, err := step(); err != nil {
			t.Fatal(err)
		}
	}
	if n := deliver(t, w, twin, mark); n != 2 {
		t.Errorf("%d orders", n)
	}
	judged(verify.Valid, verify.Passed) // it was sealed before all that
	h, ok := listOf(t, w, seal).Lookup(seal.Code, [32]byte(digest.Sum(seal.SES)))
	if !ok || len(h.History) != 3 || h.History[1].State != sealstatus.Suspended || h.History[2].State != sealstatus.InUse {
		t.Errorf("history %v", h)
	}
	// Lost, and was so before the document was sealed.
	w.Advance(time.Minute)
	mark = len(twin.Records())
	if _, err := w.Service.End(sealtest.Reviewer, seal.ID, esign.Ending{Reason: "印章遗失", Cause: esign.CauseLost, LostAt: seal.ValidFrom.Add(0)}); err != nil {
		t.Fatal(err)
	}
	deliver(t, w, twin, mark)
	judged(verify.Invalid, verify.Failed)
	if entry, known, err := w.Service.Entry(context.Background(), seal.Code, [32]byte(digest.Sum(seal.SES))); err != nil || !known || entry.History.Last().State != sealstatus.Lost {
		t.Errorf("register: %v %v %v", entry, known, err)
	}
	if _, known, err := w.Service.Entry(context.Background(), seal.Code, [32]byte{1}); known || err != nil {
		t.Errorf("other data under the code: %v %v", known, err)
	}
}

// TestHowASealEnds: the list tells an end, a loss and a replacement apart, and a stop counts from the next second on.
func TestHowASealEnds(t *testing.T) {
	for name, c := range map[string]struct {
		end  esign.Ending
		want sealstatus.State
	}{
		"ended":    {esign.Ending{Reason: "机构撤并"}, sealstatus.Revoked},
		"lost":     {esign.Ending{Reason: "遗失", Cause: esign.CauseLost}, sealstatus.Lost},
		"replaced": {esign.Ending{Reason: "换章", Cause: esign.CauseReplaced}, sealstatus.Replaced},
	} {
		t.Run(name, func(t *testing.T) {
			w, twin := listing(t)
			seal := w.Active(t, sealtest.SampleApplication(1))
			w.Advance(time.Hour)
			ended, err := w.Service.End(sealtest.Reviewer, seal.ID, c.end)
			if err != nil || ended.Cause != c.end.Cause || ended.Change != nil {
				t.Fatalf("%+v %v", ended, err)
			}
			deliver(t, w, twin, 0)
			h, _ := listOf(t, w, seal).Lookup(seal.Code, [32]byte(digest.Sum(seal.SES)))
			if got := h.History.Last(); got.State != c.want || !got.From.Equal(w.Now().Truncate(time.Second).Add(time.Second)) && c.want != sealstatus.Lost {
				t.Errorf("%v", h)
			}
			if h.History.At(w.Now()) != sealstatus.InUse && c.want == sealstatus.Revoked {
				t.Error("what was sealed in this second was sealed in use")
			}
		})
	}
	w, _ := listing(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	w.Advance(time.Hour)
	for name, end := range map[string]esign.Ending{
		"no reason":                {Cause: esign.CauseLost},
		"unknown cause":            {Reason: "r", Cause: "stolen"},
		"lost in the future":       {Reason: "r", Cause: esign.CauseLost, LostAt: w.Now().Add(time.Second)},
		"lost before it was made":  {Reason: "r", Cause: esign.CauseLost, LostAt: seal.ValidFrom.Add(-time.Second)},
		"a time without the cause": {Reason: "r", LostAt: w.Now()},
	} {
		if _, err := w.Service.End(sealtest.Reviewer, seal.ID, end); !slices.Contains([]fault.Code{fault.Invalid, fault.SealReason, fault.SealLostSince}, fault.CodeOf(err)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestListsAreRefreshed: at half their life, at a start where one is missing, and under a number that only rises.
func TestListsAreRefreshed(t *testing.T) {
	w, twin := listing(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	if _, err := w.Service.PublishedList(context.Background(), seal.Code[:6]); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("before the first: %v", err)
	}
	if err := w.Service.PublishMissing(context.Background()); err != nil || listOf(t, w, seal).Number != 1 {
		t.Fatalf("missing: %v", err)
	}
	for _, step := range []struct {
		wait time.Duration
		want uint64
	}{{5 * time.Hour, 1}, {time.Hour, 2}, {time.Minute, 2}, {6 * time.Hour, 3}} {
		w.Advance(step.wait)
		if err := errors.Join(w.Service.RefreshLists(context.Background()), w.Service.PublishMissing(context.Background())); err != nil {
			t.Fatal(err)
		}
		if got := listOf(t, w, seal).Number; got != step.want {
			t.Errorf("after %v more: number %d, want %d", step.wait, got, step.want)
		}
	}
	if err := twin.Publish(context.Background(), esign.StatusList{Division: seal.Code[:6], Number: 3}, twin.Records()[0]); !errors.Is(err, esign.ErrStale) {
		t.Errorf("the same number again: %v", err)
	}
	for _, division := range []string{"", "3703", "37030x", "../370300"} {
		if _, err := w.Service.PublishedList(context.Background(), division); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("%q: %v", division, err)
		}
	}
	payload, _ := json.Marshal(map[string]string{"division": seal.Code[:6]})
	if err := w.Service.HandlePublish(context.Background(), payload); err != nil || listOf(t, w, seal).Number != 4 {
		t.Errorf("an order: %v", err)
	}
	if err := w.Service.HandlePublish(context.Background(), []byte("x")); err == nil {
		t.Error("a broken order is taken")
	}
}
