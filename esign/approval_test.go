package esign_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

var always = esign.Rule{When: esign.WhenAlways, Approver: esign.RoleApprover, Approvals: 1, Hours: 24, Uses: 1}

// approving is a world whose seal asks for approvals by a rule.
type approving struct {
	*sealtest.World
	t    *testing.T
	twin *sealtest.Twin
	seal esign.Seal
}

func newApproving(t *testing.T, rule esign.Rule) *approving {
	t.Helper()
	twin := sealtest.NewTwin()
	a := &approving{World: sealtest.NewWorld(t, twin), t: t, twin: twin}
	a.seal = a.Active(t, sealtest.SampleApplication(1))
	a.rule(rule)
	return a
}

// rule puts a rule into force.
func (a *approving) rule(rule esign.Rule) {
	a.t.Helper()
	a.PutRule(a.t, a.seal.ID, rule)
}

func (a *approving) order(document []byte, key string) esign.UseOrder {
	r := sealtest.Request(a.seal, document)
	return esign.UseOrder{SealID: a.seal.ID, Document: document, File: "通知.ofd", Places: r.Places, Item: r.Item, Purpose: r.Purpose, Key: key}
}

func (a *approving) ask(document []byte, key string) esign.UseRequest {
	a.t.Helper()
	u, err := a.Service.RequestUse(sealtest.Keeper, a.order(document, key))
	if err != nil {
		a.t.Fatal(err)
	}
	return u
}

func (a *approving) approve(u esign.UseRequest) esign.UseRequest {
	a.t.Helper()
	u, err := a.Service.DecideUse(sealtest.Approver, u.ID, esign.UseDecision{Agree: true, Digest: u.Digest})
	if err != nil {
		a.t.Fatal(err)
	}
	return u
}

func (a *approving) stamp(document []byte, change func(*esign.StampRequest)) error {
	r := sealtest.Request(a.seal, document)
	if change != nil {
		change(&r)
	}
	_, _, err := a.Service.Stamp(sealtest.Keeper, r)
	return err
}

func (a *approving) refused(what string, err error, code fault.Code) {
	a.t.Helper()
	if fault.CodeOf(err) != code {
		a.t.Errorf("%s: %v, want %s", what, err, code)
	}
}

func (a *approving) state(id string) esign.UseState {
	a.t.Helper()
	u, err := a.Service.FindUse(sealtest.Other, id)
	if err != nil {
		a.t.Fatal(err)
	}
	return u.State
}

func TestApprovalBeforeUse(t *testing.T) {
	a := newApproving(t, always)
	document := sealtest.Document(t, 2)
	a.refused("without asking", a.stamp(document, nil), fault.SealUseUnapproved)
	u := a.ask(document, "ask-0001")
	if u.State != esign.UseRequested || u.SourceSM3 != digest.Hex(document) || u.Needed != 1 || u.Left != 1 || len(u.Digest) != 64 {
		t.Errorf("%+v", u)
	}
	if again := a.ask(document, "ask-0001"); again.ID != u.ID {
		t.Error("I-17: the same key made another request")
	}
	_, err := a.Service.RequestUse(sealtest.Keeper, a.order(sealtest.Document(t, 1), "ask-0001"))
	a.refused("I-17: the key for another document", err, fault.StampKeyReused)
	a.refused("while it waits", a.stamp(document, nil), fault.SealUseUnapproved)
	a.refused("naming what waits", a.stamp(document, func(r *esign.StampRequest) { r.Approval = u.ID }), fault.SealUseState)
	if _, seen, err := a.Service.UseDocument(sealtest.Approver, u.ID); err != nil || !bytes.Equal(seen, document) {
		t.Errorf("the approver does not see the document: %v", err)
	}
	if u = a.approve(u); u.State != esign.UseApproved || !u.ExpiresAt.Equal(u.DecidedAt.Add(24*time.Hour)) {
		t.Errorf("%+v", u)
	}
	stamp, sealed, err := a.Service.Stamp(sealtest.Keeper, sealtest.Request(a.seal, document)) // finds what was approved
	if err != nil || stamp.Approval != u.ID {
		t.Fatalf("%+v %v", stamp, err)
	}
	if report := a.Verify(t, sealed); report.Verdict != verify.Valid {
		t.Errorf("%s %v", report.Code, report.Reasons)
	}
	if _, again, err := a.Service.Stamp(sealtest.Keeper, sealtest.Request(a.seal, document)); err != nil || !bytes.Equal(again, sealed) {
		t.Errorf("I-17: the same key gives something else: %v", err)
	}
	if got := a.state(u.ID); got != esign.UseUsed {
		t.Error(got)
	}
	a.refused("a second use", a.stamp(document, func(r *esign.StampRequest) { r.Key = "key-0002" }), fault.SealUseUnapproved)
	a.refused("a second use by its name", a.stamp(document, func(r *esign.StampRequest) { r.Key, r.Approval = "key-0002", u.ID }), fault.SealUseState)
	chain, err := a.Service.ApprovalsOf(sealtest.Keeper, []esign.Stamp{stamp})
	if err != nil || len(chain[u.ID].Approvals) != 1 || chain[u.ID].Approvals[0].By != "staff:approver" {
		t.Errorf("%+v %v", chain, err)
	}
	var kinds []string
	for _, record := range a.twin.Records() {
		for _, e := range record.Events {
			if strings.HasPrefix(e.Type, "seal.use.") || strings.HasPrefix(e.Type, "seal.rule.") {
				kinds = append(kinds, e.Type)
			}
		}
		if strings.HasPrefix(record.Events[0].Type, "seal.use.") && !slices.ContainsFunc(record.Messages, func(m audit.Message) bool { return m.Topic == esign.TopicUse && m.Key == u.ID }) {
			t.Errorf("%s tells nobody", record.Events[0].Type)
		}
	}
	if want := "seal.rule.proposed seal.rule.in_force seal.use.requested seal.use.approved seal.use.taken"; strings.Join(kinds, " ") != want {
		t.Errorf("audit: %v", kinds)
	}
}

// TestK06OnlyWhatWasApprovedIsSealed: an approval allows this document, at these places, for this purpose and item, by this requester.
func TestK06OnlyWhatWasApprovedIsSealed(t *testing.T) {
	a := newApproving(t, always)
	document, other := sealtest.Document(t, 2), sealtest.Document(t, 3)
	u := a.approve(a.ask(document, "ask-0001"))
	second := a.Active(t, sealtest.SampleApplication(2))
	for name, one := range map[string]struct {
		change func(*esign.StampRequest)
		want   fault.Code
	}{
		"another document":  {func(r *esign.StampRequest) { r.Document = other }, fault.DocumentNotApproved},
		"another place":     {func(r *esign.StampRequest) { r.Places = []esign.Place{esign.At(1, 10, 10)} }, fault.SealUseOther},
		"a further place":   {func(r *esign.StampRequest) { r.Places = append(r.Places, esign.At(2, 10, 10)) }, fault.SealUseOther},
		"no place":          {func(r *esign.StampRequest) { r.Places = nil }, fault.SealUseOther},
		"another purpose":   {func(r *esign.StampRequest) { r.Purpose = "签订合同" }, fault.SealUseOther},
		"another item":      {func(r *esign.StampRequest) { r.Item = "" }, fault.SealUseOther},
		"another value":     {func(r *esign.StampRequest) { r.Value = esign.CMSValue }, fault.SealUseOther},
		"another seal":      {func(r *esign.StampRequest) { r.SealID = second.ID }, fault.SealUseOther},
		"no such request":   {func(r *esign.StampRequest) { r.Approval = "use_none" }, fault.SealUseOther},
		"a name of control": {func(r *esign.StampRequest) { r.Approval = "use\x00" }, fault.SealUseOther},
	} {
		a.refused(name, a.stamp(document, func(r *esign.StampRequest) { r.Approval = u.ID; one.change(r) }), one.want)
	}
	for name, change := range map[string]func(*esign.StampRequest){
		"found, another document": func(r *esign.StampRequest) { r.Document = other },
		"found, another place":    func(r *esign.StampRequest) { r.Places = []esign.Place{esign.At(1, 10, 10)} },
		"found, another purpose":  func(r *esign.StampRequest) { r.Purpose = "签订合同" },
	} {
		a.refused(name, a.stamp(document, change), fault.SealUseUnapproved)
	}
	r := sealtest.Request(a.seal, document)
	r.Approval = u.ID
	_, _, err := a.Service.Stamp(sealtest.Other, r)
	a.refused("another requester", err, fault.SealUseOther)
	if a.Keys.Signed("seal_signer") != 0 {
		t.Error("a key was used")
	}
	if got := a.state(u.ID); got != esign.UseApproved {
		t.Error(got)
	}
	// What is stored is not what was approved: nobody uses it, and nobody approves it.
	a.twin.ChangeUse(u.ID, func(u *esign.UseRequest) { u.Places = []esign.Place{esign.At(1, 10, 10)} })
	moved := func(r *esign.StampRequest) { r.Places = []esign.Place{esign.At(1, 10, 10)} }
	a.refused("changed in the store", a.stamp(document, moved), fault.SealUseUnapproved)
	a.refused("changed in the store, named", a.stamp(document, func(r *esign.StampRequest) { moved(r); r.Approval = u.ID }), fault.SealUseState)
	a.twin.ChangeUse(u.ID, func(u *esign.UseRequest) { u.Places = r.Places; u.Approvals = nil })
	a.refused("without its approval", a.stamp(document, nil), fault.SealUseUnapproved)
	a.twin.ChangeUse(u.ID, func(u *esign.UseRequest) {
		u.Approvals = []esign.UseApproval{{By: "staff:keeper", Digest: u.Digest}}
	})
	a.refused("approved by its requester", a.stamp(document, nil), fault.SealUseUnapproved)
	waiting := a.ask(document, "ask-0002")
	a.twin.ChangeUse(waiting.ID, func(u *esign.UseRequest) { u.Purpose = "签订合同" })
	_, err = a.Service.DecideUse(sealtest.Approver, waiting.ID, esign.UseDecision{Agree: true, Digest: waiting.Digest})
	a.refused("approve what was changed", err, fault.SealUseDigest)
}

// TestX15K03WhoMayApprove: a person with the role in the area of the seal, never the requester, and nobody twice.
func TestX15K03WhoMayApprove(t *testing.T) {
	two := always
	two.Approvals = 2
	a := newApproving(t, two)
	document := sealtest.Document(t, 1)
	u := a.ask(document, "ask-0001")
	decide := func(as context.Context) error {
		_, err := a.Service.DecideUse(as, u.ID, esign.UseDecision{Agree: true, Digest: u.Digest})
		return err
	}
	both := sealtest.As("staff:keeper", esign.RoleKeeper, esign.RoleApprover)
	elsewhere := reqctx.WithActor(sealtest.Approver, reqctx.Actor{ID: "staff:far", Rights: []reqctx.Right{{Role: esign.RoleApprover, Area: "110000000000/"}}})
	for name, one := range map[string]struct {
		as   context.Context
		want fault.Code
	}{
		"the requester":             {both, fault.SealUseSamePerson},
		"a keeper":                  {sealtest.As("staff:second", esign.RoleKeeper), fault.Forbidden},
		"a reviewer":                {sealtest.Reviewer, fault.Forbidden},
		"a service client":          {sealtest.As("client:system", esign.RoleApprover), fault.Forbidden},
		"a citizen":                 {sealtest.Person, fault.Forbidden},
		"nobody":                    {context.Background(), fault.Unauthenticated},
		"an approver of other area": {elsewhere, fault.NotFound},
		"one who has to rest":       {reqctx.WithActor(sealtest.Approver, reqctx.Actor{ID: "staff:rests", Roles: []string{esign.RoleApprover}, RestsUntil: a.Now().Add(time.Hour)}), fault.RecoveryRest},
	} {
		a.refused(name, decide(one.as), one.want)
	}
	_, err := a.Service.DecideUse(sealtest.Approver, u.ID, esign.UseDecision{Agree: true, Digest: digest.Hex(nil)})
	a.refused("another digest", err, fault.SealUseDigest)
	if n, err := a.Service.WaitingUses(sealtest.Approver, 10); err != nil || n != 1 {
		t.Error(n, err)
	}
	if n, err := a.Service.WaitingUses(both, 10); err != nil || n != 0 {
		t.Error("an own request waits for its requester", n, err)
	}
	if err := decide(sealtest.Approver); err != nil {
		t.Fatal(err)
	}
	a.refused("one of two", a.stamp(document, nil), fault.SealUseUnapproved)
	a.refused("the same person again", decide(sealtest.Approver), fault.SealUseSamePerson)
	if n, err := a.Service.WaitingUses(sealtest.Approver, 10); err != nil || n != 0 {
		t.Error("what one approved waits for the same one", n, err)
	}
	if err := decide(sealtest.As("staff:approver2", esign.RoleApprover)); err != nil {
		t.Fatal(err)
	}
	if err := a.stamp(document, nil); err != nil {
		t.Error(err)
	}
	a.refused("what is used", decide(sealtest.As("staff:approver3", esign.RoleApprover)), fault.SealUseState)
	_, err = a.Service.RequestUse(sealtest.Approver, a.order(document, "ask-0002"))
	a.refused("asked by who is no keeper", err, fault.Forbidden)
	keepers := always
	keepers.Approver = esign.RoleKeeper
	a.rule(keepers)
	u = a.ask(document, "ask-0003")
	a.refused("by a keeper, the requester", decide(sealtest.Keeper), fault.SealUseSamePerson)
	a.refused("by a keeper, an approver", decide(sealtest.Approver), fault.Forbidden)
	if err := decide(sealtest.As("staff:second", esign.RoleKeeper)); err != nil {
		t.Error(err)
	}
}

func TestRequestsThatEnd(t *testing.T) {
	a := newApproving(t, always)
	document := sealtest.Document(t, 1)
	refusedOne := a.ask(document, "ask-0001")
	_, err := a.Service.DecideUse(sealtest.Approver, refusedOne.ID, esign.UseDecision{Digest: refusedOne.Digest})
	a.refused("no reason", err, fault.SealReason)
	got, err := a.Service.DecideUse(sealtest.Approver, refusedOne.ID, esign.UseDecision{Digest: refusedOne.Digest, Reason: "事由不明"})
	if err != nil || got.State != esign.UseRefused || got.Reason != "事由不明" {
		t.Errorf("%+v %v", got, err)
	}
	a.refused("refused", a.stamp(document, func(r *esign.StampRequest) { r.Approval = refusedOne.ID }), fault.SealUseState)
	_, _, err = a.Service.UseDocument(sealtest.Approver, refusedOne.ID)
	a.refused("its document", err, fault.NotFound)

	withdrawn := a.approve(a.ask(document, "ask-0002"))
	_, err = a.Service.WithdrawUse(sealtest.As("staff:second", esign.RoleKeeper), withdrawn.ID, "x")
	a.refused("withdrawn by somebody else", err, fault.Forbidden)
	if _, err := a.Service.WithdrawUse(sealtest.Approver, withdrawn.ID, "文件有误"); err != nil {
		t.Error(err)
	}
	a.refused("withdrawn", a.stamp(document, func(r *esign.StampRequest) { r.Approval = withdrawn.ID }), fault.SealUseState)
	a.refused("withdrawn, found", a.stamp(document, nil), fault.SealUseUnapproved)

	over := a.approve(a.ask(document, "ask-0003"))
	waiting := a.ask(document, "ask-0004")
	a.Advance(24*time.Hour - time.Second)
	if got := a.state(over.ID); got != esign.UseApproved {
		t.Error(got)
	}
	a.Advance(time.Second)
	a.refused("over", a.stamp(document, func(r *esign.StampRequest) { r.Approval = over.ID }), fault.SealUseState)
	a.refused("over, found", a.stamp(document, nil), fault.SealUseUnapproved)
	if a.state(over.ID) != esign.UseExpired || a.state(waiting.ID) != esign.UseRequested {
		t.Error(a.state(over.ID), a.state(waiting.ID))
	}
	a.Advance(7 * 24 * time.Hour)
	_, err = a.Service.DecideUse(sealtest.Approver, waiting.ID, esign.UseDecision{Agree: true, Digest: waiting.Digest})
	a.refused("approve what is over", err, fault.SealUseState)
	if n, err := a.Service.ExpireUses(context.Background()); err != nil || n != 2 {
		t.Error(n, err)
	}
	if n, err := a.Service.ExpireUses(context.Background()); err != nil || n != 0 {
		t.Error(n, err)
	}
	page, _, err := a.Service.Uses(sealtest.Keeper, esign.UseExpired, "", "", 10)
	if err != nil || len(page) != 2 {
		t.Error(len(page), err)
	}
}

// TestS22SealStoppedWhileAnApprovalWaits: neither is it approved nor used, and nothing of it is lost.
func TestS22SealStoppedWhileAnApprovalWaits(t *testing.T) {
	a := newApproving(t, always)
	document := sealtest.Document(t, 1)
	waiting, approved := a.ask(document, "ask-0001"), a.approve(a.ask(document, "ask-0002"))
	if _, err := a.Service.Suspend(sealtest.Keeper, a.seal.ID, "遗失"); err != nil {
		t.Fatal(err)
	}
	_, err := a.Service.DecideUse(sealtest.Approver, waiting.ID, esign.UseDecision{Agree: true, Digest: waiting.Digest})
	a.refused("approve", err, fault.SealSuspended)
	a.refused("use", a.stamp(document, func(r *esign.StampRequest) { r.Approval = approved.ID }), fault.SealSuspended)
	_, err = a.Service.RequestUse(sealtest.Keeper, a.order(document, "ask-0003"))
	a.refused("ask", err, fault.SealSuspended)
	if a.state(approved.ID) != esign.UseApproved {
		t.Error("the use was taken")
	}
	if _, err := a.Service.WithdrawUse(sealtest.Keeper, waiting.ID, "不再需要"); err != nil {
		t.Error(err)
	}
	if _, err := a.Service.Resume(sealtest.Reviewer, a.seal.ID); err != nil {
		t.Fatal(err)
	}
	// Stopped between planning and storing: the use comes back with the abandoned plan, and the same key takes it again.
	a.Steps.FailAfter = func(_ int, name string) bool {
		if name == "store plan" {
			if _, err := a.Service.Suspend(sealtest.Keeper, a.seal.ID, "遗失"); err != nil {
				t.Error(err)
			}
		}
		return false
	}
	a.refused("in mid-stamp", a.stamp(document, nil), fault.SealSuspended)
	a.Steps.FailAfter = nil
	if u, err := a.Service.FindUse(sealtest.Keeper, approved.ID); err != nil || u.State != esign.UseApproved || u.Left != 1 {
		t.Errorf("%+v %v", u, err)
	}
	if _, err := a.Service.Resume(sealtest.Reviewer, a.seal.ID); err != nil {
		t.Fatal(err)
	}
	if err := a.stamp(document, nil); err != nil {
		t.Error(err)
	}
	if a.state(approved.ID) != esign.UseUsed {
		t.Error(a.state(approved.ID))
	}
}

// TestI17RaceForOneApproval: of 20 that come at once, one seals; with one key all get its answer.
func TestI17RaceForOneApproval(t *testing.T) {
	a := newApproving(t, always)
	document := sealtest.Document(t, 1)
	race := func(key func(n int) string) (sealed map[string]int) {
		sealed = map[string]int{}
		var group sync.WaitGroup
		var mutex sync.Mutex
		for n := range 20 {
			group.Go(func() {
				r := sealtest.Request(a.seal, document)
				r.Key = key(n)
				_, result, err := a.Service.Stamp(sealtest.Keeper, r)
				mutex.Lock()
				defer mutex.Unlock()
				switch code := fault.CodeOf(err); {
				case err == nil:
					sealed[digest.Hex(result)]++
				case code != fault.SealUseUnapproved && code != fault.SealUseState && code != fault.StampBusy:
					t.Errorf("%v", err)
				}
			})
		}
		group.Wait()
		return sealed
	}
	a.approve(a.ask(document, "ask-0001"))
	if got := race(func(n int) string { return fmt.Sprint("race-", n) }); len(got) != 1 {
		t.Errorf("%d documents under one approval", len(got))
	}
	a.approve(a.ask(document, "ask-0002"))
	if got := race(func(int) string { return "one-key" }); len(got) != 1 {
		t.Errorf("%d documents for one key", len(got))
	}
	stamps, _, err := a.Service.Stamps(sealtest.Keeper, a.seal.ID, "", "", 50)
	if err != nil || len(stamps) != 2 {
		t.Errorf("%d stamps, %v", len(stamps), err)
	}
}

func TestRaceOfApprovals(t *testing.T) {
	two := always
	two.Approvals = 2
	a := newApproving(t, two)
	u := a.ask(sealtest.Document(t, 1), "ask-0001")
	var agreed atomic.Int32
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() {
			if _, err := a.Service.DecideUse(sealtest.Approver, u.ID, esign.UseDecision{Agree: true, Digest: u.Digest}); err == nil {
				agreed.Add(1)
			}
		})
	}
	group.Wait()
	if got, err := a.Service.FindUse(sealtest.Approver, u.ID); err != nil || agreed.Load() != 1 || len(got.Approvals) != 1 || got.State != esign.UseRequested {
		t.Errorf("%d %+v %v", agreed.Load(), got, err)
	}
}

func TestRulesOfSeals(t *testing.T) {
	a := newApproving(t, always)
	have, err := a.Service.RuleOf(sealtest.Maker, a.seal.ID)
	if err != nil || have.Number != 1 || have.Proposer != "staff:keeper" || have.DecidedBy != "staff:reviewer" {
		t.Fatalf("%+v %v", have, err)
	}
	for field, change := range map[string]func(*esign.Rule){
		"when": func(r *esign.Rule) { r.When = "sometimes" }, "purposes": func(r *esign.Rule) { r.When = esign.WhenPurposes }, "approver": func(r *esign.Rule) { r.Approver = esign.RoleMaker },
		"approvals": func(r *esign.Rule) { r.Approvals = 3 }, "hours": func(r *esign.Rule) { r.Hours = 0 }, "uses": func(r *esign.Rule) { r.Uses = 101 },
	} {
		rule := always
		change(&rule)
		_, err := a.Service.ProposeRule(sealtest.Keeper, a.seal.ID, have.Version, rule)
		if f := fault.From(err); f.Code != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Name != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	never := esign.DefaultRule
	_, err = a.Service.ProposeRule(sealtest.Reviewer, a.seal.ID, have.Version, never)
	a.refused("proposed by a reviewer", err, fault.Forbidden)
	_, err = a.Service.ProposeRule(sealtest.Keeper, a.seal.ID, have.Version-1, never)
	a.refused("of what was read before", err, fault.Conflict)
	_, err = a.Service.DecideRule(sealtest.Reviewer, a.seal.ID, have.Version, true, "")
	a.refused("nothing waits", err, fault.SealState)
	have, err = a.Service.ProposeRule(sealtest.Other, a.seal.ID, have.Version, never)
	if err != nil || have.Rule.When != esign.WhenAlways || have.Waiting == nil {
		t.Fatalf("%+v %v", have, err)
	}
	_, err = a.Service.DecideRule(sealtest.Other, a.seal.ID, have.Version, true, "")
	a.refused("by who proposed it", err, fault.SealUseSamePerson)
	_, err = a.Service.DecideRule(sealtest.Keeper, a.seal.ID, have.Version, true, "")
	a.refused("by a keeper", err, fault.Forbidden)
	_, err = a.Service.DecideRule(sealtest.Reviewer, a.seal.ID, have.Version, false, " ")
	a.refused("refused without a reason", err, fault.SealReason)
	document := sealtest.Document(t, 1)
	a.refused("a rule that waits loosens nothing", a.stamp(document, nil), fault.SealUseUnapproved)
	u := a.approve(a.ask(document, "ask-0001"))
	if _, err = a.Service.DecideRule(sealtest.Reviewer, a.seal.ID, have.Version, true, ""); err != nil {
		t.Fatal(err)
	}
	a.refused("an approval under the rule before", a.stamp(document, func(r *esign.StampRequest) { r.Approval = u.ID }), fault.SealUseState)
	if err := a.stamp(document, nil); err != nil {
		t.Error(err)
	}
	listed := always
	for name, one := range map[string]struct {
		when    esign.When
		text    string
		purpose string
		free    bool
	}{
		"purpose listed":     {esign.WhenPurposes, "签订 合同", "与某公司签订合同", false},
		"purpose not listed": {esign.WhenPurposes, "签订合同", "公布办事指南", true},
		"exempt":             {esign.WhenExcept, "公布办事指南", "公布 办事指南", true},
		"not exempt":         {esign.WhenExcept, "公布办事指南", "公布办事指南和合同", false},
	} {
		listed.When, listed.Purposes = one.when, []string{one.text}
		a.rule(listed)
		err := a.stamp(document, func(r *esign.StampRequest) { r.Purpose, r.Key = one.purpose, "key-"+name })
		if one.free != (err == nil) || !one.free && fault.CodeOf(err) != fault.SealUseUnapproved {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRoomsOfThePlatformUnderARule(t *testing.T) {
	a := newApproving(t, always)
	r := sealtest.Request(a.seal, sealtest.Document(t, 1))
	_, _, err := a.Service.StampFor(context.Background(), "system:elicense", r)
	a.refused("a room of the platform", err, fault.SealUseUnapproved)
	platform := always
	platform.Platform = true
	a.rule(platform)
	if _, _, err := a.Service.StampFor(context.Background(), "system:elicense", r); err != nil {
		t.Error(err)
	}
	a.refused("a keeper", a.stamp(r.Document, nil), fault.SealUseUnapproved)
}

func TestRequestWithoutTheDocument(t *testing.T) {
	a := newApproving(t, always)
	document := sealtest.Document(t, 1)
	order := a.order(nil, "ask-0001")
	for name, sm3 := range map[string]string{"none": "", "short": "00ff", "no hex": strings.Repeat("x", 64)} {
		order.SM3 = sm3
		_, err := a.Service.RequestUse(sealtest.Keeper, order)
		a.refused(name, err, fault.Invalid)
	}
	order.SM3 = strings.ToUpper(digest.Hex(document))
	u, err := a.Service.RequestUse(sealtest.Keeper, order)
	if err != nil || u.Kept || u.SourceSM3 != digest.Hex(document) {
		t.Fatalf("%+v %v", u, err)
	}
	a.approve(u)
	_, _, err = a.Service.StampApproved(sealtest.Keeper, u.ID, u.NextKey(), sealtest.Document(t, 2))
	a.refused("another document", err, fault.DocumentNotApproved)
	if _, _, err := a.Service.StampApproved(sealtest.Keeper, u.ID, u.NextKey(), document); err != nil {
		t.Error(err)
	}
	given := a.order(document, "ask-0002")
	given.SM3 = digest.Hex(nil)
	_, err = a.Service.RequestUse(sealtest.Keeper, given)
	a.refused("another digest than the document's", err, fault.Invalid)
	given = a.order([]byte("no document"), "ask-0002")
	_, err = a.Service.RequestUse(sealtest.Keeper, given)
	a.refused("D-31: what could not be sealed", err, fault.DocumentRefused)
}

// TestKeptDocumentIsSealedOnce: the requester carries out what was approved, a second press gives the same.
func TestKeptDocumentIsSealedOnce(t *testing.T) {
	twice := always
	twice.Uses = 2
	a := newApproving(t, twice)
	u := a.approve(a.ask(sealtest.Document(t, 1), "ask-0001"))
	key := u.NextKey()
	_, first, err := a.Service.StampApproved(sealtest.Keeper, u.ID, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, again, err := a.Service.StampApproved(sealtest.Keeper, u.ID, key, nil); err != nil || !bytes.Equal(first, again) {
		t.Errorf("pressed twice: %v", err)
	}
	u, err = a.Service.FindUse(sealtest.Keeper, u.ID)
	if err != nil || u.Left != 1 || u.State != esign.UseApproved {
		t.Fatalf("%+v %v", u, err)
	}
	_, _, err = a.Service.StampApproved(sealtest.Other, u.ID, u.NextKey(), nil)
	a.refused("by somebody else", err, fault.Forbidden)
	_, _, err = a.Service.StampApproved(sealtest.Keeper, u.ID, "another-key", nil)
	a.refused("a key of another thing", err, fault.Malformed)
	if _, _, err := a.Service.StampApproved(sealtest.Keeper, u.ID, u.NextKey(), nil); err != nil || a.state(u.ID) != esign.UseUsed {
		t.Errorf("%v %s", err, a.state(u.ID))
	}
}
