package sealtest

import (
	"testing"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/prepare"
	"github.com/yinxin-gov/yinxin/esign/verify"
)

// RemoteRule lets a seal go on documents that stay with their holders, without an approval.
var RemoteRule = esign.Rule{When: esign.WhenNever, Approver: esign.RoleApprover, Approvals: 1, Hours: 24, Uses: 1, Remote: true}

// PutRule takes a rule into force by two people.
func (w *World) PutRule(t testing.TB, sealID string, rule esign.Rule) {
	t.Helper()
	have, err := w.Service.RuleOf(Keeper, sealID)
	if err == nil {
		have, err = w.Service.ProposeRule(Keeper, sealID, have.Version, rule)
	}
	if err == nil {
		_, err = w.Service.DecideRule(Reviewer, sealID, have.Version, true, "")
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Remote prepares a document where it lies, as its holder does, and asks for the value that it waits for.
func (w *World) Remote(t testing.TB, seal esign.Seal, document []byte) (esign.StampRequest, prepare.Pending) {
	t.Helper()
	request := Request(seal, nil)
	material, err := w.Service.Material(Keeper, seal.ID)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := prepare.Open(document, func(document []byte) verify.Result { return w.Verify(t, document) })
	if err != nil {
		t.Fatal(err)
	}
	shown, err := opened.Lay(request.Places, material.Seal)
	if err != nil {
		t.Fatal(err)
	}
	pending, err := opened.Begin(prepare.Request{Material: material, Shown: shown})
	if err != nil {
		t.Fatal(err)
	}
	request.Remote = &esign.RemoteDocument{Digest: pending.Digest(), Property: pending.Property()}
	return request, pending
}

// Subject is what a crash test seals: how it is asked for, and how the result becomes a document.
type Subject func(t testing.TB, w *World, seal esign.Seal) (request esign.StampRequest, finish func(result []byte) ([]byte, error))

// Here is a document that is handed over.
func Here(document []byte) Subject {
	return func(_ testing.TB, _ *World, seal esign.Seal) (esign.StampRequest, func([]byte) ([]byte, error)) {
		return Request(seal, document), func(result []byte) ([]byte, error) { return result, nil }
	}
}

// There is a document that stays with its holder.
func There(document []byte) Subject {
	return func(t testing.TB, w *World, seal esign.Seal) (esign.StampRequest, func([]byte) ([]byte, error)) {
		t.Helper()
		w.PutRule(t, seal.ID, RemoteRule)
		request, pending := w.Remote(t, seal, document)
		return request, pending.Complete
	}
}
