package esign_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// remoteWorld is a world with a seal in use whose rule lets documents stay with their holders.
func remoteWorld(t *testing.T, rule esign.Rule) *approving {
	t.Helper()
	rule.Remote = true
	return newApproving(t, rule)
}

var never = sealtest.RemoteRule

// signed asks for the value of a document that stays, puts it in and judges the whole.
func (a *approving) signed(document []byte, change func(*esign.StampRequest)) (esign.Stamp, []byte, error) {
	a.t.Helper()
	request, pending := a.Remote(a.t, a.seal, document)
	if change != nil {
		change(&request)
	}
	s, value, err := a.Service.Stamp(sealtest.Keeper, request)
	if err != nil {
		if value != nil {
			a.t.Errorf("%d octets beside %v", len(value), err)
		}
		return s, nil, err
	}
	sealed, err := pending.Complete(value)
	if err != nil {
		a.t.Fatal(err)
	}
	return s, sealed, nil
}

func TestADocumentThatStaysWithItsHolderIsSealed(t *testing.T) {
	for name, document := range map[string][]byte{"OFD": sealtest.Document(t, 2), "PDF": sealtest.PDF(2)} {
		t.Run(name, func(t *testing.T) {
			a := remoteWorld(t, never)
			request, pending := a.Remote(t, a.seal, document)
			s, value, err := a.Service.Stamp(sealtest.Keeper, request)
			if err != nil {
				t.Fatal(err)
			}
			sealed, err := pending.Complete(value)
			if err != nil {
				t.Fatal(err)
			}
			report := a.Verify(t, sealed)
			if report.Verdict != verify.Valid || len(report.Signatures) != 1 || !report.Coverage.Complete || report.Signatures[0].Seal.SealID != a.seal.Code || len(report.Signatures[0].Placements) != 1 {
				t.Errorf("%s %+v", report.Code, report.Reasons)
			}
			if s.State != esign.Stored || s.SourceSM3 != hex.EncodeToString(pending.Digest()) || s.Remote != pending.Property() || s.ResultSM3 != digest.Hex(value) {
				t.Errorf("%+v", s)
			}
			if a.Blobs.Has(digest.Hex(document)) || a.Blobs.Has(digest.Hex(sealed)) || !a.Blobs.Has(s.ResultSM3) {
				t.Error("the store keeps something else than the value")
			}
			records := a.twin.Records()
			planned := records[len(records)-2].Events[0]
			if planned.Type != "seal.stamp.planned" || planned.Details["remote"] != "true" || planned.Details["property"] != s.Remote || planned.Details["description"] != s.SourceSM3 {
				t.Errorf("%+v", planned)
			}
			if log, _, err := a.Service.Stamps(sealtest.Keeper, a.seal.ID, "", "", 10); err != nil || len(log) != 1 || log[0].Remote != s.Remote {
				t.Errorf("%+v %v", log, err)
			}
			if _, again, err := a.Service.Result(sealtest.Keeper, a.seal.ID, request.Key); err != nil || !bytes.Equal(again, value) {
				t.Errorf("%d octets, %v", len(again), err)
			}
			// A document that was handed over is not marked so.
			request = sealtest.Request(a.seal, document)
			request.Key = "key-0002"
			if s, _ := stamp(t, a.World, request); s.Remote != "" {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestAValueCarriesTheProvenTime(t *testing.T) {
	a := remoteWorld(t, never)
	stampedWith(t, a.World, a.TimeStamps(t))
	_, sealed, err := a.signed(sealtest.PDF(1), nil)
	if err != nil {
		t.Fatal(err)
	}
	if r := a.Verify(t, sealed); r.Verdict != verify.Valid || r.Signatures[0].TimeSource != "timestamp" {
		t.Errorf("%s %+v", r.Code, r.Reasons)
	}
	good := a.TimeStamps(t)
	stranger, _ := newWorld(t)
	for name, stamper := range map[string]stamperFunc{
		"of a stranger":    stranger.TimeStamps(t).TimeStamp,
		"of another value": func(ctx context.Context, _ []byte) ([]byte, error) { return good.TimeStamp(ctx, []byte("another")) },
		"none":             func(context.Context, []byte) ([]byte, error) { return nil, nil },
	} {
		stampedWith(t, a.World, stamper)
		if _, _, err := a.signed(sealtest.PDF(1), func(r *esign.StampRequest) { r.Key = "key-" + name }); err == nil {
			t.Errorf("a value left with a token: %s", name)
		}
	}
}

// TestADocumentStaysOnlyWhereTheRuleSaysSo: off by default, put there by two people, and over with another rule.
func TestADocumentStaysOnlyWhereTheRuleSaysSo(t *testing.T) {
	a := newApproving(t, esign.DefaultRule)
	request := sealtest.Request(a.seal, nil)
	request.Remote = &esign.RemoteDocument{Digest: digest.Sum([]byte("x")), Property: "/Doc_0/Signs/Sign_0/Signature.xml"}
	order := esign.UseOrder{SealID: a.seal.ID, SM3: digest.Hex([]byte("x")), Remote: true, Purpose: "p", Key: "ask-0001"}
	refused := func(when string) {
		t.Helper()
		_, value, err := a.Service.Stamp(sealtest.Keeper, request)
		a.refused("signature "+when, err, fault.SealRemoteOff)
		if value != nil {
			t.Error("a value left")
		}
		_, err = a.Service.Material(sealtest.Keeper, a.seal.ID)
		a.refused("material "+when, err, fault.SealRemoteOff)
		_, err = a.Service.RequestUse(sealtest.Keeper, order)
		a.refused("request "+when, err, fault.SealRemoteOff)
		// Another room of the platform is bound by it, too.
		_, _, err = a.Service.StampFor(t.Context(), "system:x", request)
		a.refused("another room "+when, err, fault.SealRemoteOff)
	}
	refused("by default")
	have, err := a.Service.RuleOf(sealtest.Keeper, a.seal.ID)
	if err == nil {
		_, err = a.Service.ProposeRule(sealtest.Other, a.seal.ID, have.Version, never)
	}
	if err != nil {
		t.Fatal(err)
	}
	refused("that one person proposed")
	_, err = a.Service.DecideRule(sealtest.Other, a.seal.ID, have.Version+1, true, "")
	a.refused("the same person", err, fault.SealUseSamePerson)
	refused("that its proposer cannot put into force")
	if _, err := a.Service.DecideRule(sealtest.Reviewer, a.seal.ID, have.Version+1, true, ""); err != nil {
		t.Fatal(err)
	}
	if e := a.twin.Records()[len(a.twin.Records())-1].Events[0]; e.Type != "seal.rule.in_force" || e.Details["remote"] != "true" {
		t.Errorf("%+v", e)
	}
	if _, _, err := a.Service.Stamp(sealtest.Keeper, request); err != nil {
		t.Fatal(err)
	}
	a.rule(esign.DefaultRule)
	request.Key = "key-0002"
	refused("that was taken back")
	if n := a.Keys.Signed(keys.UsageSealSigner); n != 1 {
		t.Errorf("%d signatures", n)
	}
}

// TestThePermissionEndsBetweenJudgementAndPlan: a rule that changes in between leaves no gap.
func TestThePermissionEndsBetweenJudgementAndPlan(t *testing.T) {
	a := remoteWorld(t, never)
	request, _ := a.Remote(t, a.seal, sealtest.Document(t, 1))
	changed := false
	a.Steps.FailBefore = func(_ int, name string) bool {
		if name == "store plan" && !changed {
			changed = true
			a.rule(esign.DefaultRule)
		}
		return false
	}
	_, _, err := a.Service.Stamp(sealtest.Keeper, request)
	if a.refused("planned under the rule before", err, fault.Conflict); !changed {
		t.Errorf("the rule was not changed in between: %v", a.Steps.Names())
	}
	noKeyUsed(t, a.World)
}

func TestWhatIsNoDigestOfADocumentIsNotSigned(t *testing.T) {
	a := remoteWorld(t, never)
	property := func(text string) func(*esign.StampRequest) {
		return func(r *esign.StampRequest) { r.Remote.Property = text }
	}
	sum := func(octets []byte) func(*esign.StampRequest) {
		return func(r *esign.StampRequest) { r.Remote.Digest = octets }
	}
	for name, test := range map[string]struct {
		change func(*esign.StampRequest)
		code   fault.Code
		field  string
	}{
		"no digest":               {sum(nil), fault.SealRemoteDigest, "digest"},
		"31 octets":               {sum(make([]byte, 31)), fault.SealRemoteDigest, "digest"},
		"33 octets":               {sum(bytes.Repeat([]byte{1}, 33)), fault.SealRemoteDigest, "digest"},
		"octets to sign":          {sum([]byte(strings.Repeat("a raw message", 10))), fault.SealRemoteDigest, "digest"},
		"zeros":                   {sum(make([]byte, 32)), fault.SealRemoteDigest, "digest"},
		"digest of nothing":       {sum(digest.Sum(nil)), fault.SealRemoteDigest, "digest"},
		"no property":             {property(""), fault.SealRemoteDigest, "property"},
		"free text":               {property("see annex"), fault.SealRemoteDigest, "property"},
		"relative path":           {property("Doc_0/Signs/Sign_0/Signature.xml"), fault.SealRemoteDigest, "property"},
		"path upwards":            {property("/Doc_0/../Signature.xml"), fault.SealRemoteDigest, "property"},
		"empty part":              {property("//Signature.xml"), fault.SealRemoteDigest, "property"},
		"no description":          {property("/Doc_0/Document.bin"), fault.SealRemoteDigest, "property"},
		"line end":                {property("/Doc_0/\n/Signature.xml"), fault.SealRemoteDigest, "property"},
		"not IA5":                 {property("/文档/Signature.xml"), fault.SealRemoteDigest, "property"},
		"long path":               {property("/" + strings.Repeat("a", 260) + ".xml"), fault.SealRemoteDigest, "property"},
		"other letters":           {property("byterange"), fault.SealRemoteDigest, "property"},
		"the document along":      {func(r *esign.StampRequest) { r.Document = sealtest.Document(t, 1) }, fault.Invalid, "document"},
		"a message":               {func(r *esign.StampRequest) { r.Value = esign.CMSValue }, fault.Invalid, "value"},
		"no purpose":              {func(r *esign.StampRequest) { r.Purpose = " " }, fault.Invalid, "purpose"},
		"no key":                  {func(r *esign.StampRequest) { r.Key = "" }, fault.Invalid, "Idempotency-Key"},
		"many places":             {func(r *esign.StampRequest) { r.Places = slices.Repeat(r.Places, esign.MaxPlaces+1) }, fault.StampPlace, "places"},
		"a place that is none":    {func(r *esign.StampRequest) { r.Places = []esign.Place{{Kind: "corner", Pages: "1"}} }, fault.StampPlace, "kind"},
		"a member of others":      {func(r *esign.StampRequest) { r.Places[0].Text = "x" }, fault.StampPlace, "text"},
		"pages that are none":     {func(r *esign.StampRequest) { r.Places[0].Pages = "first" }, fault.StampPlace, "page"},
		"another document's SM3":  {func(r *esign.StampRequest) { r.ExpectedSM3 = strings.Repeat("0", 64) }, fault.DocumentNotApproved, ""},
		"a seal that is not here": {func(r *esign.StampRequest) { r.SealID = "seal_none" }, fault.NotFound, ""},
	} {
		request, _ := a.Remote(t, a.seal, sealtest.Document(t, 1))
		request.Key = "key-" + name
		test.change(&request)
		_, value, err := a.Service.Stamp(sealtest.Keeper, request)
		if fault.CodeOf(err) != test.code || test.field != "" && !hasField(err, test.field) || value != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	noKeyUsed(t, a.World)
}

// TestI17SameKeyOfADocumentThatStays: the same words give the same octets, others are refused, and so is the document itself.
func TestI17SameKeyOfADocumentThatStays(t *testing.T) {
	a := remoteWorld(t, never)
	document := sealtest.Document(t, 2)
	request, _ := a.Remote(t, a.seal, document)
	first, value, err := a.Service.Stamp(sealtest.Keeper, request)
	if err != nil {
		t.Fatal(err)
	}
	a.Advance(time.Hour)
	a.rule(esign.DefaultRule) // what was given is given again, also when nothing new is
	for range 2 {
		if s, again, err := a.Service.Stamp(sealtest.Keeper, request); err != nil || s.ID != first.ID || !bytes.Equal(again, value) {
			t.Errorf("%v", err)
		}
	}
	a.rule(never)
	for name, change := range map[string]func(*esign.StampRequest){
		"digest": func(r *esign.StampRequest) {
			r.Remote = &esign.RemoteDocument{Digest: digest.Sum([]byte("x")), Property: r.Remote.Property}
		},
		"property": func(r *esign.StampRequest) {
			r.Remote = &esign.RemoteDocument{Digest: r.Remote.Digest, Property: "ByteRange"}
		},
		"place":    func(r *esign.StampRequest) { r.Places = []esign.Place{esign.At(2, 140, 220)} },
		"purpose":  func(r *esign.StampRequest) { r.Purpose = "别的事由" },
		"item":     func(r *esign.StampRequest) { r.Item = "2" },
		"document": func(r *esign.StampRequest) { r.Remote, r.Document = nil, document },
	} {
		changed := request
		change(&changed)
		_, again, err := a.Service.Stamp(sealtest.Keeper, changed)
		if fault.CodeOf(err) != fault.StampKeyReused || again != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := a.Keys.Signed(keys.UsageSealSigner); n != 1 {
		t.Errorf("%d signatures", n)
	}
}

// TestS22SealStoppedBetweenTheSteps: a seal that is stopped after the document was prepared, or while its key signs, gives no value.
func TestS22SealStoppedBetweenTheSteps(t *testing.T) {
	a := remoteWorld(t, never)
	request, _ := a.Remote(t, a.seal, sealtest.Document(t, 1))
	if _, err := a.Service.Suspend(sealtest.Keeper, a.seal.ID, "遗失"); err != nil {
		t.Fatal(err)
	}
	_, _, err := a.Service.Stamp(sealtest.Keeper, request)
	a.refused("stopped before", err, fault.SealSuspended)
	_, err = a.Service.Material(sealtest.Keeper, a.seal.ID)
	a.refused("material of a stopped seal", err, fault.SealSuspended)
	noKeyUsed(t, a.World)
	if _, err := a.Service.Resume(sealtest.Reviewer, a.seal.ID); err != nil {
		t.Fatal(err)
	}
	a.Keys.Answer = func(_ keys.Usage, _, signature []byte) []byte {
		a.Keys.Answer = nil
		if _, err := a.Service.Suspend(sealtest.Keeper, a.seal.ID, "遗失"); err != nil {
			t.Error(err)
		}
		return signature
	}
	_, value, err := a.Service.Stamp(sealtest.Keeper, request)
	a.refused("stopped while the key signs", err, fault.SealSuspended)
	if all := a.twin.AllStamps(); value != nil || len(all) != 1 || all[0].State != esign.Abandoned {
		t.Errorf("%d octets, %+v", len(value), all)
	}
}

// TestK07AValueThatDoesNotVerifyStays: whatever a key machine answers, the value is judged before it leaves.
func TestK07AValueThatDoesNotVerifyStays(t *testing.T) {
	a := remoteWorld(t, never)
	a.Keys.Answer = func(_ keys.Usage, _, signature []byte) []byte {
		wrong := bytes.Clone(signature)
		wrong[len(wrong)-1] ^= 1
		return wrong
	}
	_, _, err := a.signed(sealtest.Document(t, 1), nil)
	a.refused("a wrong value", err, fault.Unavailable)
	a.Keys.Answer = nil
	request, _ := a.Remote(t, a.seal, sealtest.Document(t, 1))
	request.Key = "key-0002"
	signer, err := pki.ParseCertificate(a.seal.SignerCert)
	if err != nil {
		t.Fatal(err)
	}
	a.Keys.Answer = func(_ keys.Usage, _, signature []byte) []byte { // the signer's certificate is revoked at this very moment
		a.Keys.Answer = nil
		a.Revoke(signer.Serial)
		return signature
	}
	if _, value, err := a.Service.Stamp(sealtest.Keeper, request); err == nil || value != nil {
		t.Errorf("%d octets: %v", len(value), err)
	}
	_, err = a.Service.Material(sealtest.Keeper, a.seal.ID)
	a.refused("material of a seal that is unfit by now", err, fault.SealCertificate)
}

// TestApprovalsAreBoundToTheDigest that is signed of a document that stays.
func TestApprovalsAreBoundToTheDigest(t *testing.T) {
	a := remoteWorld(t, always)
	document := sealtest.Document(t, 1)
	request, _ := a.Remote(t, a.seal, document)
	order := esign.UseOrder{SealID: a.seal.ID, SM3: hex.EncodeToString(request.Remote.Digest), Remote: true, File: "通知.ofd", Places: request.Places, Item: request.Item, Purpose: request.Purpose, Key: "ask-0001"}
	sign := func(change func(*esign.StampRequest)) error {
		t.Helper()
		r := request
		if change != nil {
			change(&r)
		}
		_, _, err := a.Service.Stamp(sealtest.Keeper, r)
		return err
	}
	a.refused("without asking", sign(nil), fault.SealUseUnapproved)
	// An approval about a document that would be handed over, and seen before it is sealed, is about something else.
	plainOrder := order
	plainOrder.Remote, plainOrder.Key = false, "ask-0002"
	other, err := a.Service.RequestUse(sealtest.Keeper, plainOrder)
	if err != nil {
		t.Fatal(err)
	}
	a.approve(other)
	a.refused("about a document that is handed over", sign(nil), fault.SealUseUnapproved)
	a.refused("named all the same", sign(func(r *esign.StampRequest) { r.Approval = other.ID }), fault.SealUseOther)
	given := order
	given.Document, given.Key = document, "ask-0003"
	_, err = a.Service.RequestUse(sealtest.Keeper, given)
	if a.refused("handed over and staying", err, fault.Invalid); !hasField(err, "document") {
		t.Error(err)
	}

	u, err := a.Service.RequestUse(sealtest.Keeper, order)
	if err != nil || !u.Remote || u.Kept {
		t.Fatalf("%+v %v", u, err)
	}
	a.refused("not decided", sign(func(r *esign.StampRequest) { r.Approval = u.ID }), fault.SealUseState)
	a.approve(u)
	a.refused("another digest", sign(func(r *esign.StampRequest) {
		r.Approval, r.Remote = u.ID, &esign.RemoteDocument{Digest: digest.Sum([]byte("x")), Property: r.Remote.Property}
	}), fault.DocumentNotApproved)
	a.refused("another purpose", sign(func(r *esign.StampRequest) { r.Approval, r.Purpose = u.ID, "别的" }), fault.SealUseOther)
	a.refused("another place", sign(func(r *esign.StampRequest) { r.Approval, r.Places = u.ID, nil }), fault.SealUseOther)
	_, _, err = a.Service.StampApproved(sealtest.Keeper, u.ID, u.NextKey(), document)
	a.refused("carried out on the document", err, fault.DocumentNotApproved)
	noKeyUsed(t, a.World)
	if err := sign(nil); err != nil {
		t.Fatal(err)
	}
	if got := a.state(u.ID); got != esign.UseUsed {
		t.Error(got)
	}
	a.refused("used", sign(func(r *esign.StampRequest) { r.Key = "key-0002" }), fault.SealUseUnapproved)

	order.Key = "ask-0004"
	if u, err = a.Service.RequestUse(sealtest.Keeper, order); err != nil {
		t.Fatal(err)
	}
	a.approve(u)
	a.Advance(25 * time.Hour)
	a.refused("over", sign(func(r *esign.StampRequest) { r.Key, r.Approval = "key-0003", u.ID }), fault.SealUseState)
	if u, err = a.Service.RequestUse(sealtest.Keeper, func() esign.UseOrder { o := order; o.Key = "ask-0005"; return o }()); err != nil {
		t.Fatal(err)
	}
	a.approve(u)
	a.twin.ChangeUse(u.ID, func(u *esign.UseRequest) { u.Remote = false })
	a.refused("changed in the store", sign(func(r *esign.StampRequest) { r.Key, r.Approval = "key-0004", u.ID }), fault.SealUseOther)
	a.twin.ChangeUse(other.ID, func(u *esign.UseRequest) { u.Remote, u.ExpiresAt = true, a.Now().Add(time.Hour) })
	a.refused("made to fit in the store", sign(func(r *esign.StampRequest) { r.Key, r.Approval = "key-0005", other.ID }), fault.SealUseState)
}

// TestAValueIsJudgedOverADigest: where only the digest is known, it is what the value has to bind.
func TestAValueIsJudgedOverADigest(t *testing.T) {
	a := remoteWorld(t, never)
	request, pending := a.Remote(t, a.seal, sealtest.Document(t, 1))
	_, value, err := a.Service.Stamp(sealtest.Keeper, request)
	if err != nil {
		t.Fatal(err)
	}
	trust, err := a.Trust(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		sum     []byte
		verdict verify.Verdict
	}{
		"its own": {pending.Digest(), verify.Valid}, "another": {digest.Sum([]byte("x")), verify.Invalid}, "not known": {nil, verify.Indeterminate},
	} {
		if r := verify.Value("value.dat", value, test.sum, trust); r.Verdict != test.verdict || r.Format != "seal_signature" {
			t.Errorf("%s: %s %s %+v", name, r.Verdict, r.Code, r.Reasons)
		} else if name == "another" && !slices.ContainsFunc(r.Reasons, func(r verify.Reason) bool { return r.Code == "DATA_HASH" }) {
			t.Errorf("%+v", r.Reasons)
		}
	}
}
