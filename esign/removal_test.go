package esign_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

const day = 24 * time.Hour

// remove removes what is due and sees how many requests tell of it.
func (a *approving) remove(what string, want int) {
	a.t.Helper()
	if n, err := a.Service.RemoveUseDocuments(context.Background()); err != nil || n != want {
		a.t.Errorf("%s: %d requests, %v, want %d", what, n, err, want)
	}
}

// there sees whether a document lies in the store.
func (a *approving) there(what string, document []byte, want bool) {
	a.t.Helper()
	if a.Blobs.Has(digest.Hex(document)) != want {
		a.t.Errorf("%s: there %v, want %v", what, !want, want)
	}
}

// removedAt is when a request says that its document was removed.
func (a *approving) removedAt(u esign.UseRequest) time.Time {
	a.t.Helper()
	got, err := a.Service.FindUse(sealtest.Keeper, u.ID)
	if err != nil {
		a.t.Fatal(err)
	}
	return got.RemovedAt
}

func (a *approving) withdraw(u esign.UseRequest) {
	a.t.Helper()
	if _, err := a.Service.WithdrawUse(sealtest.Keeper, u.ID, "不再需要"); err != nil {
		a.t.Fatal(err)
	}
}

func TestDocumentsOfEndedRequestsAreRemoved(t *testing.T) {
	a := newApproving(t, always)
	documents := map[string][]byte{}
	for i, name := range []string{"used", "refused", "withdrawn", "expired"} {
		documents[name] = sealtest.Document(t, i+1)
	}
	used := a.approve(a.ask(documents["used"], "ask-used1"))
	key := used.NextKey()
	stamp, sealed, err := a.Service.StampApproved(sealtest.Keeper, used.ID, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	refused := a.ask(documents["refused"], "ask-refused")
	if _, err := a.Service.DecideUse(sealtest.Approver, refused.ID, esign.UseDecision{Digest: refused.Digest, Reason: "事由不明"}); err != nil {
		t.Fatal(err)
	}
	withdrawn := a.ask(documents["withdrawn"], "ask-withdrawn")
	a.withdraw(withdrawn)
	expired := a.approve(a.ask(documents["expired"], "ask-expired"))
	digestOnly := a.order(nil, "ask-digest")
	digestOnly.SM3 = digest.Hex(documents["refused"])
	unseen, err := a.Service.RequestUse(sealtest.Keeper, digestOnly)
	if err != nil {
		t.Fatal(err)
	}
	a.withdraw(unseen)

	a.Advance(30*day - time.Second)
	a.remove("before its time", 0)
	a.Advance(time.Second)
	if n, err := a.Service.ExpireUses(context.Background()); err != nil || n != 1 {
		t.Error(n, err)
	}
	a.remove("refused and withdrawn", 2)
	a.there("refused", documents["refused"], false)
	a.there("withdrawn", documents["withdrawn"], false)
	a.there("used, whose approval might come back until it is over", documents["used"], true)
	a.there("expired just now", documents["expired"], true)
	a.Advance(day)
	a.remove("used", 1)
	a.there("used", documents["used"], false)
	a.Advance(29 * day)
	a.remove("expired", 1)
	a.there("expired", documents["expired"], false)
	a.remove("nothing is left", 0)
	for name, u := range map[string]esign.UseRequest{"used": used, "refused": refused, "withdrawn": withdrawn, "expired": expired} {
		if a.removedAt(u).IsZero() {
			t.Errorf("%s does not tell that its document is gone", name)
		}
	}
	if !a.removedAt(unseen).IsZero() {
		t.Error("a document that was never given is told to be removed")
	}

	a.there("the sealed document", sealed, true)
	again, content, err := a.Service.StampApproved(sealtest.Keeper, used.ID, key, nil)
	if err != nil || again.ID != stamp.ID || !bytes.Equal(content, sealed) {
		t.Errorf("I-17: the same key gives something else: %v", err)
	}
	_, _, err = a.Service.StampApproved(sealtest.Keeper, used.ID, used.ID+".other", nil)
	a.refused("another key", err, fault.SealUseState)
	if again := a.ask(documents["refused"], "ask-refused"); again.ID != refused.ID {
		t.Error("I-17: the same key asks anew")
	}
	told := 0
	for _, record := range a.twin.Records() {
		if e := record.Events[0]; e.Type == "seal.use.document_removed" {
			told++
			if e.Actor != "system:esign" {
				t.Errorf("%+v", e)
			}
		}
	}
	if told != 4 {
		t.Errorf("the trail tells of %d", told)
	}
}

// TestTwoRequestsOfOneDocument: the document goes with the last that needs it.
func TestTwoRequestsOfOneDocument(t *testing.T) {
	a := newApproving(t, always)
	document := sealtest.Document(t, 1)
	first, second := a.ask(document, "ask-0001"), a.ask(document, "ask-0002")
	a.withdraw(first)
	a.Advance(6 * day)
	second = a.approve(second)
	a.withdraw(second)
	a.Advance(24 * day)
	open := a.ask(document, "ask-0003")
	a.remove("the first", 1)
	a.there("needed by two", document, true)
	if a.removedAt(first).IsZero() || !a.removedAt(second).IsZero() {
		t.Error("which of them tells that it is removed")
	}
	a.Advance(6 * day)
	a.remove("the second", 1)
	if _, seen, err := a.Service.UseDocument(sealtest.Approver, open.ID); err != nil || !bytes.Equal(seen, document) {
		t.Errorf("the open request lost its document: %v", err)
	}
	a.withdraw(open)
	a.withdraw(a.ask(document, "ask-0004"))
	a.Advance(30 * day)
	a.remove("two at once", 2)
	a.there("needed by none", document, false)
	// Asking for it again stores it again.
	a.ask(document, "ask-0005")
	a.there("asked for again", document, true)
}

// TestDocumentsThatOthersKeepStay: the result of a stamp, and what another room keeps.
func TestDocumentsThatOthersKeepStay(t *testing.T) {
	a := newApproving(t, always)
	a.approve(a.ask(sealtest.Document(t, 1), "ask-0001"))
	_, sealed, err := a.Service.Stamp(sealtest.Keeper, sealtest.Request(a.seal, sealtest.Document(t, 1)))
	if err != nil {
		t.Fatal(err)
	}
	licence := sealtest.Document(t, 3)
	again, foreign := a.ask(sealed, "ask-0002"), a.ask(licence, "ask-0003")
	a.withdraw(again)
	a.withdraw(foreign)
	cfg := a.Config()
	cfg.Held = func(_ context.Context, addresses []string) (held []string, err error) {
		for _, address := range addresses {
			if address == digest.Hex(licence) {
				held = append(held, address)
			}
		}
		return held, nil
	}
	if a.Service, err = esign.New(cfg); err != nil {
		t.Fatal(err)
	}
	a.Advance(32 * day)
	a.remove("all three", 3)
	a.there("the first request's", sealtest.Document(t, 1), false)
	a.there("a stamp's result", sealed, true)
	a.there("a licence's", licence, true)
	if a.removedAt(again).IsZero() || a.removedAt(foreign).IsZero() {
		t.Error("the requests still say that they keep it")
	}
}

// TestF01RemovalThatDies: whichever step fails, before or after its effect, the next round completes it, and no row says more than is true.
func TestF01RemovalThatDies(t *testing.T) {
	for _, step := range []string{"blob remove", "store remove use document"} {
		for _, after := range []bool{false, true} {
			name := "before "
			if after {
				name = "after "
			}
			t.Run(name+step, func(t *testing.T) {
				a := newApproving(t, always)
				document := sealtest.Document(t, 1)
				one, two := a.ask(document, "ask-0001"), a.ask(document, "ask-0002")
				a.withdraw(one)
				a.withdraw(two)
				a.Advance(30 * day)
				fails := func(_ int, name string) bool { return name == step }
				if after {
					a.Steps.FailAfter = fails
				} else {
					a.Steps.FailBefore = fails
				}
				if _, err := a.Service.RemoveUseDocuments(context.Background()); fault.CodeOf(err) != fault.Unavailable {
					t.Errorf("it tells nobody: %v", err)
				}
				a.Steps.FailAfter, a.Steps.FailBefore = nil, nil
				if told := !a.removedAt(one).IsZero() || !a.removedAt(two).IsZero(); told && a.Blobs.Has(digest.Hex(document)) {
					t.Error("a row tells that the document is gone, and it is there")
				}
				a.Restart(t)
				want := 2
				if after && strings.HasPrefix(step, "store") {
					want = 1
				}
				a.remove("the next round", want)
				a.there("the next round", document, false)
				if a.removedAt(one).IsZero() || a.removedAt(two).IsZero() {
					t.Error("a row does not tell")
				}
			})
		}
	}
}

// TestRemovalBesideANewRequest: a request for the same document that has put it and whose row is not stored yet keeps it.
func TestRemovalBesideANewRequest(t *testing.T) {
	a := newApproving(t, always)
	document := sealtest.Document(t, 1)
	old := a.ask(document, "ask-0001")
	a.withdraw(old)
	a.Advance(30 * day)
	ran := false
	a.Steps.FailAfter = func(_ int, name string) bool {
		if name == "blob put" && !ran {
			ran = true
			a.remove("between document and row", 0)
		}
		return false
	}
	fresh := a.ask(document, "ask-0002")
	a.Steps.FailAfter = nil
	if _, seen, err := a.Service.UseDocument(sealtest.Approver, fresh.ID); !ran || err != nil || !bytes.Equal(seen, document) {
		t.Errorf("the new request lost its document: %v %v", ran, err)
	}
	a.remove("the old one, whose document another needs", 1)
	a.there("afterwards", document, true)
}
