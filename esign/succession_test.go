package esign_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealstatus"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

func ownerOf(seal esign.Seal) esign.Party { return esign.Party{Name: seal.Owner, Code: seal.OwnerCode} }

// heirCode is another organisation's.
const heirCode = "91350100M000100Y43"

func renaming(w *sealtest.World, owner esign.Party, heirs ...esign.Party) esign.Succession {
	kind := esign.Merged
	if len(heirs) > 1 {
		kind = esign.Split
	}
	return esign.Succession{Owner: owner, Kind: kind, Heirs: heirs, Since: w.Now().Add(-time.Hour), Order: "示政发〔2026〕12号"}
}

func propose(t *testing.T, w *sealtest.World, p esign.Succession) esign.Succession {
	t.Helper()
	got, err := w.Service.ProposeSuccession(sealtest.Keeper, p)
	if err != nil || got.State != esign.SuccessionProposed {
		t.Fatalf("%+v %v", got, err)
	}
	return got
}

func recorded(t *testing.T, w *sealtest.World, p esign.Succession) esign.Succession {
	t.Helper()
	got, err := w.Service.DecideSuccession(sealtest.Reviewer, propose(t, w, p).ID, esign.Record, "")
	if err != nil || got.State != esign.SuccessionRecorded || got.DecidedBy != "staff:reviewer" {
		t.Fatalf("%+v %v", got, err)
	}
	return got
}

func entryOf(t *testing.T, w *sealtest.World, seal esign.Seal) sealstatus.Seal {
	t.Helper()
	sum := [32]byte(digest.Sum(seal.SES))
	listed, ok := listOf(t, w, seal).Lookup(seal.Code, sum)
	own, known, err := w.Service.Entry(context.Background(), seal.Code, sum)
	if !ok || !known || err != nil {
		t.Fatalf("%v %v %v", ok, known, err)
	}
	if listed.Owner != own.Owner || len(listed.Became) != len(own.Became) {
		t.Errorf("list and register differ: %+v %+v", listed, own)
	}
	return listed
}

// Who took the place of an organisation is told to verifiers once two people said so, and not before; what it sealed stays valid as V14.
func TestASuccessionIsToldWhenTwoPeopleSaidSo(t *testing.T) {
	w, twin := listing(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	_, document := stamp(t, w, sealtest.Request(seal, sealtest.Document(t, 1)))
	w.Advance(2 * time.Hour)
	heir := esign.Party{Name: "示例市市场监督管理总局", Code: heirCode}
	p := propose(t, w, renaming(w, ownerOf(seal), heir))
	deliver(t, w, twin, 0)
	if e := entryOf(t, w, seal); e.Owner != "" {
		t.Errorf("told before it was recorded: %+v", e)
	}
	_, err := w.Service.DecideSuccession(sealtest.As("staff:keeper", esign.RoleKeeper, esign.RoleReviewer), p.ID, esign.Record, "")
	wantCode(t, err, fault.SealSamePerson)
	_, err = w.Service.DecideSuccession(sealtest.Maker, p.ID, esign.Record, "")
	wantCode(t, err, fault.Forbidden)
	first := len(twin.Records())
	if _, err = w.Service.DecideSuccession(sealtest.Reviewer, p.ID, esign.Record, ""); err != nil {
		t.Fatal(err)
	}
	if got := twin.Records()[first:]; len(got) != 1 || got[0].Events[0].Type != "seal.succession_recorded" || got[0].Events[0].Details["heirs"] != heir.Name || got[0].Events[0].Actor != "staff:reviewer" {
		t.Errorf("recorded: %+v", got)
	}
	if n := deliver(t, w, twin, first); n != 1 {
		t.Errorf("%d lists ordered", n)
	}
	if e := entryOf(t, w, seal); e.Owner != seal.Owner || len(e.Became) != 1 || e.Became[0].Kind != sealstatus.Merged || !slices.Equal(e.Became[0].Names, []string{heir.Name}) || !e.Became[0].From.Equal(p.Since) {
		t.Errorf("entry %+v", e)
	}
	options, err := w.Trust(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	options.SealRegister = func(code string, sum [32]byte) (sealstatus.Seal, bool, error) {
		return w.Service.Entry(context.Background(), code, sum)
	}
	if r := verify.Verify("a.ofd", document, options); r.Code != "V14" || r.Verdict != "valid" {
		t.Errorf("%s %s %+v", r.Verdict, r.Code, r.Reasons)
	}
	if waiting, _, err := w.Service.List(sealtest.Keeper, esign.Succeeded, "", 10); err != nil || len(waiting) != 1 || waiting[0].ID != seal.ID {
		t.Errorf("waits for its keeper: %v %v", waiting, err)
	}
	// The record was wrong: whoever recorded it does not annul it.
	_, err = w.Service.DecideSuccession(sealtest.Reviewer, p.ID, esign.Annul, "文件有误")
	wantCode(t, err, fault.SealSamePerson)
	other := sealtest.As("staff:other", esign.RoleReviewer)
	_, err = w.Service.DecideSuccession(other, p.ID, esign.Annul, " ")
	wantCode(t, err, fault.SealReason)
	first = len(twin.Records())
	if got, err := w.Service.DecideSuccession(other, p.ID, esign.Annul, "文件有误"); err != nil || got.State != esign.SuccessionAnnulled || got.RecordedBy != "staff:reviewer" || got.DecidedBy == got.RecordedBy || got.RecordedAt.IsZero() {
		t.Fatalf("%+v %v", got, err)
	}
	if n := deliver(t, w, twin, first); n != 1 {
		t.Errorf("%d lists ordered", n)
	}
	if e := entryOf(t, w, seal); e.Owner != "" || len(e.Became) != 0 {
		t.Errorf("told after it was annulled: %+v", e)
	}
	propose(t, w, renaming(w, ownerOf(seal), heir)) // the right one may come now
}

// An organisation that was succeeded again stands there with the names of each time, and its lists are published anew with every step.
func TestSuccessionsFollowEachOther(t *testing.T) {
	w, twin := listing(t)
	a := sealtest.SampleApplication(1)
	seal := w.Active(t, a)
	b := sealtest.SampleApplication(2)
	b.Code, b.Owner, b.OwnerCode = "37040000000002", "乙局", heirCode
	second := w.Active(t, b)
	recorded(t, w, renaming(w, ownerOf(seal), ownerOf(second)))
	w.Advance(48 * time.Hour)
	first := len(twin.Records())
	heirs := []esign.Party{{Name: "丙局"}, {Name: "丁局"}}
	recorded(t, w, renaming(w, ownerOf(second), heirs...))
	if n := deliver(t, w, twin, first); n != 2 {
		t.Errorf("%d lists ordered, one for each division", n)
	}
	e := entryOf(t, w, seal)
	if len(e.Became) != 2 || !slices.Equal(e.Became[0].Names, []string{"乙局"}) || !slices.Equal(e.Became[1].Names, []string{"丙局", "丁局"}) || e.Became[1].Kind != sealstatus.Split {
		t.Errorf("entry %+v", e)
	}
	if e := entryOf(t, w, second); e.Owner != "乙局" || len(e.Became) != 1 {
		t.Errorf("entry %+v", e)
	}
	c := sealtest.SampleApplication(3)
	c.Owner, c.OwnerCode = "丙局", ""
	third := w.Active(t, c)
	_, err := w.Service.ProposeSuccession(sealtest.Keeper, renaming(w, ownerOf(third), ownerOf(seal)))
	wantCode(t, err, fault.SuccessionCircle)
}

// A circle that two proposals would close is seen when the second one is recorded.
func TestNoCircleOfTwoProposals(t *testing.T) {
	w, _ := listing(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	b := sealtest.SampleApplication(2)
	b.Owner, b.OwnerCode = "乙局", heirCode
	second := w.Active(t, b)
	one, two := propose(t, w, renaming(w, ownerOf(seal), ownerOf(second))), propose(t, w, renaming(w, ownerOf(second), ownerOf(seal)))
	if _, err := w.Service.DecideSuccession(sealtest.Reviewer, one.ID, esign.Record, ""); err != nil {
		t.Fatal(err)
	}
	_, err := w.Service.DecideSuccession(sealtest.Reviewer, two.ID, esign.Record, "")
	wantCode(t, err, fault.SuccessionCircle)
}

func TestWhatASuccessionMustSay(t *testing.T) {
	w, _ := listing(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	good := renaming(w, ownerOf(seal), esign.Party{Name: "乙局", Code: heirCode})
	for field, wrong := range map[string][]func(p *esign.Succession){
		"owner": {func(p *esign.Succession) { p.Owner.Name = "" }, func(p *esign.Succession) { p.Owner.Code = "123" }, func(p *esign.Succession) { p.Owner.Name = strings.Repeat("局", 31) }},
		"kind":  {func(p *esign.Succession) { p.Kind = "sold" }},
		"heirs": {func(p *esign.Succession) { p.Heirs = nil }, func(p *esign.Succession) { p.Heirs = append(p.Heirs, esign.Party{Name: "丙局"}) },
			func(p *esign.Succession) { p.Heirs = []esign.Party{p.Owner} }, func(p *esign.Succession) { p.Heirs = []esign.Party{{Name: "a\nb"}} },
			func(p *esign.Succession) { p.Kind, p.Heirs = esign.Split, slices.Repeat(p.Heirs, 2) },
			func(p *esign.Succession) {
				p.Kind, p.Heirs = esign.Renamed, []esign.Party{{Name: p.Owner.Name, Code: heirCode}}
			}},
		"since":     {func(p *esign.Succession) { p.Since = time.Time{} }, func(p *esign.Succession) { p.Since = w.Now().AddDate(2, 0, 0) }},
		"order":     {func(p *esign.Succession) { p.Order = " " }, func(p *esign.Succession) { p.Order = strings.Repeat("号", 101) }},
		"seals_end": {func(p *esign.Succession) { p.SealsEnd = p.Since.Add(-time.Second) }, func(p *esign.Succession) { p.SealsEnd = p.Since.AddDate(2, 0, 0) }, func(p *esign.Succession) { p.Since = w.Now().AddDate(0, -1, 0); p.SealsEnd = p.Since }},
	} {
		for i, change := range wrong {
			p := good
			p.Heirs = slices.Clone(good.Heirs)
			change(&p)
			_, err := w.Service.ProposeSuccession(sealtest.Keeper, p)
			if fields := fault.From(err).Fields; fault.CodeOf(err) != fault.SuccessionUnfit || len(fields) != 1 || fields[0].Name != field {
				t.Errorf("%s %d: %v %v", field, i, err, fields)
			}
		}
	}
	stranger := good
	stranger.Owner.Name = "别的局"
	_, err := w.Service.ProposeSuccession(sealtest.Keeper, stranger)
	wantCode(t, err, fault.SuccessionNoSeal)
	_, err = w.Service.ProposeSuccession(sealtest.Reviewer, good)
	wantCode(t, err, fault.Forbidden)
	p := propose(t, w, good)
	_, err = w.Service.ProposeSuccession(sealtest.Keeper, good)
	wantCode(t, err, fault.SuccessionExists)
	_, err = w.Service.DecideSuccession(sealtest.As("staff:second", esign.RoleKeeper), p.ID, esign.Withdraw, "写错了")
	wantCode(t, err, fault.Forbidden)
	_, err = w.Service.DecideSuccession(sealtest.Reviewer, p.ID, "sell", "写错了")
	wantCode(t, err, fault.NotFound)
	if got, err := w.Service.DecideSuccession(sealtest.Keeper, p.ID, esign.Withdraw, "写错了"); err != nil || got.State != esign.SuccessionWithdrawn || got.Reason != "写错了" {
		t.Errorf("%+v %v", got, err)
	}
	_, err = w.Service.DecideSuccession(sealtest.Reviewer, p.ID, esign.Record, "")
	wantCode(t, err, fault.SuccessionState)
	p = propose(t, w, good)
	if got, err := w.Service.DecideSuccession(sealtest.Reviewer, p.ID, esign.Refuse, "没有文件"); err != nil || got.State != esign.SuccessionRefused {
		t.Errorf("%+v %v", got, err)
	}
	if n, err := w.Service.WaitingSuccessions(sealtest.Reviewer, 10); n != 0 || err != nil {
		t.Errorf("%d wait, %v", n, err)
	}
	propose(t, w, good)
	for who, want := range map[context.Context]int{sealtest.Reviewer: 1, sealtest.As("staff:keeper", esign.RoleReviewer): 0, sealtest.Keeper: 0} {
		if n, err := w.Service.WaitingSuccessions(who, 10); n != want || err != nil {
			t.Errorf("%d wait, want %d, %v", n, want, err)
		}
	}
}

// Pages of successions join without a gap, newest first.
func TestSuccessionsArePaged(t *testing.T) {
	w, _ := listing(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	var want []string
	for range 5 {
		p := propose(t, w, renaming(w, ownerOf(seal), esign.Party{Name: "乙局"}))
		if _, err := w.Service.DecideSuccession(sealtest.Keeper, p.ID, esign.Withdraw, "写错了"); err != nil {
			t.Fatal(err)
		}
		want = append([]string{p.ID}, want...)
		w.Advance(time.Minute)
	}
	var got []string
	after, pages := "", 0
	for pages == 0 || after != "" {
		page, next, err := w.Service.SuccessionList(sealtest.Reviewer, esign.SuccessionWithdrawn, after, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page {
			got = append(got, p.ID)
		}
		after, pages = next, pages+1
	}
	if !slices.Equal(got, want) || pages != 3 {
		t.Errorf("%d pages: %v, want %v", pages, got, want)
	}
	for _, wrong := range []string{"x", "1", "1.", "a.b"} {
		_, _, err := w.Service.SuccessionList(sealtest.Reviewer, "", wrong, 2)
		wantCode(t, err, fault.Malformed)
	}
}

// A seal of an organisation that was succeeded is replaced by one of its heir, and by nobody else's.
func TestAnHeirReplacesASeal(t *testing.T) {
	w, _ := listing(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	heir := esign.Party{Name: "乙局", Code: heirCode}
	a := sealtest.SampleApplication(2)
	a.Owner, a.OwnerCode, a.Replaces = heir.Name, heir.Code, seal.ID
	_, err := w.Service.Apply(sealtest.Keeper, a)
	wantCode(t, err, fault.SealReplacesOther)
	p := renaming(w, ownerOf(seal), heir)
	p.Since = w.Now().Add(time.Hour)
	recorded(t, w, p)
	_, err = w.Service.Apply(sealtest.Keeper, a)
	wantCode(t, err, fault.SealReplacesOther) // not in effect yet
	if _, succeeded, err := w.Service.SuccessorOf(sealtest.Keeper, seal); succeeded || err != nil {
		t.Errorf("told before its day: %v", err)
	}
	w.Advance(2 * time.Hour)
	if waiting, _, err := w.Service.List(sealtest.Keeper, esign.Succeeded, "", 10); err != nil || len(waiting) != 1 {
		t.Errorf("%v %v", waiting, err)
	}
	if p, succeeded, err := w.Service.SuccessorOf(sealtest.Keeper, seal); !succeeded || err != nil || p.Heirs[0] != heir {
		t.Errorf("%+v %v %v", p, succeeded, err)
	}
	fresh := successor(t, w, seal, func(n *esign.Application) { n.Owner, n.OwnerCode = heir.Name, heir.Code })
	if waiting, _, err := w.Service.List(sealtest.Keeper, esign.Succeeded, "", 10); err != nil || len(waiting) != 0 {
		t.Errorf("one that is replaced waits: %v %v", waiting, err)
	}
	if _, err := w.Service.Activate(sealtest.Keeper, fresh.ID); err != nil {
		t.Fatal(err)
	}
	if got := find(t, w, seal.ID); got.Cause != esign.CauseReplaced {
		t.Errorf("%+v", got)
	}
}

// On the day that a succession names, the seals that are left end, on one of any number of nodes; a loss that waits for its reviewer does not.
func TestSealsThatAreLeftEnd(t *testing.T) {
	w, twin := listing(t)
	one, two, lost := w.Active(t, sealtest.SampleApplication(1)), w.Active(t, sealtest.SampleApplication(2)), w.Active(t, sealtest.SampleApplication(3))
	applied, err := w.Service.Apply(sealtest.Keeper, sealtest.SampleApplication(4))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Service.ReportLost(sealtest.Keeper, lost.ID, esign.Ending{Reason: "遗失"}); err != nil {
		t.Fatal(err)
	}
	p := renaming(w, ownerOf(one), esign.Party{Name: "乙局"})
	p.SealsEnd = w.Now().Add(24 * time.Hour)
	p = recorded(t, w, p)
	if err := w.Service.EndSucceeded(context.Background()); err != nil || find(t, w, one.ID).State != esign.Active {
		t.Fatalf("ended before the day: %v", err)
	}
	w.Advance(25 * time.Hour)
	first := len(twin.Records())
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if err := w.Service.EndSucceeded(context.Background()); err != nil && fault.CodeOf(err) != fault.Conflict {
				t.Errorf("%v", err)
			}
		})
	}
	group.Wait()
	if err := w.Service.EndSucceeded(context.Background()); err != nil {
		t.Fatal(err)
	}
	ended := map[string]int{}
	for _, r := range twin.Records()[first:] {
		for _, e := range r.Events {
			ended[e.Type+" "+e.ObjectID]++
			if e.Actor != "system:esign-succession" {
				t.Errorf("by %s", e.Actor)
			}
		}
	}
	for _, seal := range []esign.Seal{one, two, applied} {
		if got := find(t, w, seal.ID); got.State != esign.Revoked || got.StatusReason != p.Order || got.Cause != esign.CauseEnded || ended["seal.revoked "+seal.ID] != 1 {
			t.Errorf("%+v, told %d times", got, ended["seal.revoked "+seal.ID])
		}
	}
	if got := find(t, w, lost.ID); got.State != esign.Suspended || got.Cause != esign.CauseLost {
		t.Errorf("a reported loss was covered up: %+v", got)
	}
	if got, err := w.Service.FindSuccession(sealtest.Keeper, p.ID); err != nil || !got.SealsEnded || ended["seal.succession_seals_ended "+p.ID] != 1 {
		t.Errorf("%+v %v %v", got, err, ended)
	}
}

// A loss that is reported in the moment in which a seal that is left ends is not covered up: the seal waits for its reviewer.
func TestLossReportedWhileASealEnds(t *testing.T) {
	w, twin := newWorld(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	if _, err := w.Service.Suspend(sealtest.Keeper, seal.ID, "清点"); err != nil { // the report will leave its state as it is
		t.Fatal(err)
	}
	p := renaming(w, ownerOf(seal), esign.Party{Name: "乙局"})
	p.SealsEnd = w.Now().Add(time.Hour)
	recorded(t, w, p)
	w.Advance(2 * time.Hour)
	cfg := w.Config()
	cfg.Store = reportedMeanwhile{Twin: twin, report: func() error {
		_, err := w.Service.ReportLost(sealtest.Keeper, seal.ID, esign.Ending{Reason: "遗失"})
		return err
	}}
	racing, err := esign.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := racing.EndSucceeded(context.Background()); fault.CodeOf(err) != fault.Conflict {
		t.Errorf("%v", err)
	}
	if got := find(t, w, seal.ID); got.State != esign.Suspended || got.Cause != esign.CauseLost {
		t.Errorf("the report is gone: %+v", got)
	}
	if err := w.Service.EndSucceeded(context.Background()); err != nil || find(t, w, seal.ID).Cause != esign.CauseLost {
		t.Errorf("at the next look: %v", err)
	}
}
