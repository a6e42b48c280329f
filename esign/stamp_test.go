package esign_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

func stamp(t testing.TB, w *sealtest.World, r esign.StampRequest) (esign.Stamp, []byte) {
	t.Helper()
	s, result, err := w.Service.Stamp(sealtest.Keeper, r)
	if err != nil {
		t.Fatal(err)
	}
	return s, result
}

// noKeyUsed fails when a seal key was as much as asked for.
func noKeyUsed(t *testing.T, w *sealtest.World) {
	t.Helper()
	if asked, signed := w.Keys.Asked(keys.UsageSealSigner), w.Keys.Signed(keys.UsageSealSigner); asked+signed != 0 {
		t.Errorf("the seal's key was asked for %d times and signed %d times", asked, signed)
	}
}

func TestStamp(t *testing.T) {
	w, twin := newWorld(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	document := sealtest.Document(t, 2)
	request := sealtest.Request(seal, document)
	request.Places[0].Pages, request.ExpectedSM3 = "2", strings.ToUpper(digest.Hex(document))
	s, result := stamp(t, w, request)
	if s.State != esign.Stored || s.Requester != "staff:keeper" || s.SourceSM3 != digest.Hex(document) || s.ResultSM3 != digest.Hex(result) || s.Purpose != request.Purpose || s.Item != request.Item {
		t.Errorf("%+v", s)
	}
	report := w.Verify(t, result)
	if report.Verdict != verify.Valid || report.Code != "V00" || len(report.Signatures) != 1 || !report.Coverage.Complete {
		t.Fatalf("%s %+v", report.Code, report.Reasons)
	}
	signature := report.Signatures[0]
	if signature.Seal.SealID != seal.Code || !signature.SigningTime.Equal(w.Now()) || len(signature.Placements) != 1 {
		t.Fatalf("%+v", signature)
	}
	if p := signature.Placements[0]; p.Page != 2 || p.XMM != 140 || p.YMM != 220 || p.WidthMM != 42 {
		t.Errorf("placed at %+v", p)
	}
	if got := events(twin.Records())[4:]; !slices.Equal(got, []string{"seal.stamp.planned", "seal.stamp.stored"}) {
		t.Error(got)
	}
	records := twin.Records()
	planned, stored := records[4].Events[0], records[5].Events[0]
	if planned.Details["source"] != s.SourceSM3 || planned.Details["description"] == "" || planned.Details["item"] != request.Item || stored.Details["result"] != s.ResultSM3 || planned.Actor != "staff:keeper" || planned.ObjectID != s.ID {
		t.Errorf("%+v\n%+v", planned, stored)
	}
	for _, e := range []map[string]string{planned.Details, stored.Details} {
		for _, value := range e {
			if strings.Contains(value, request.Purpose) {
				t.Error("free text of the requester stands in the audit log")
			}
		}
	}
	// A further seal of another organisation goes beside the first.
	other := sealtest.SampleApplication(2)
	other.Owner = "示例市住房和城乡建设局"
	again := sealtest.Request(w.Active(t, other), result)
	again.Key, again.Places[0].XMM = "key-0002", 20
	_, both := stamp(t, w, again)
	if report := w.Verify(t, both); report.Verdict != verify.Valid || len(report.Signatures) != 2 {
		t.Errorf("%s %+v", report.Code, report.Reasons)
	}
}

func TestInvisibleSeal(t *testing.T) {
	w, _ := newWorld(t)
	request := sealtest.Request(w.Active(t, sealtest.SampleApplication(1)), sealtest.Document(t, 1))
	request.Places = nil
	s, result := stamp(t, w, request)
	if report := w.Verify(t, result); report.Verdict != verify.Valid || len(report.Signatures[0].Placements) != 0 {
		t.Errorf("%s %+v", report.Code, report.Reasons)
	}
	if len(s.Places) != 0 {
		t.Errorf("places %v", s.Places)
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	w, twin := newWorld(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	before := len(twin.Records())
	for _, test := range []struct {
		name   string
		change func(*esign.StampRequest)
		code   fault.Code
		field  string
	}{
		{"no key", func(r *esign.StampRequest) { r.Key = "" }, fault.Invalid, "Idempotency-Key"},
		{"long key", func(r *esign.StampRequest) { r.Key = strings.Repeat("k", 129) }, fault.Invalid, "Idempotency-Key"},
		{"NUL in the key", func(r *esign.StampRequest) { r.Key = "key\x00" }, fault.Invalid, "Idempotency-Key"},
		{"no purpose", func(r *esign.StampRequest) { r.Purpose = "" }, fault.Invalid, "purpose"},
		{"blank purpose", func(r *esign.StampRequest) { r.Purpose = " 　" }, fault.Invalid, "purpose"},
		{"long purpose", func(r *esign.StampRequest) { r.Purpose = strings.Repeat("事", 201) }, fault.Invalid, "purpose"},
		{"line end in the purpose", func(r *esign.StampRequest) { r.Purpose = "a\nb" }, fault.Invalid, "purpose"},
		{"long item", func(r *esign.StampRequest) { r.Item = strings.Repeat("1", 101) }, fault.Invalid, "item"},
		{"NUL in the item", func(r *esign.StampRequest) { r.Item = "\x00" }, fault.Invalid, "item"},
		{"K-06 not the document that was approved", func(r *esign.StampRequest) { r.ExpectedSM3 = strings.Repeat("0", 64) }, fault.DocumentNotApproved, ""},
		{"K-06 part of the digest", func(r *esign.StampRequest) { r.ExpectedSM3 = digest.Hex(r.Document)[:8] }, fault.DocumentNotApproved, ""},
		{"no such seal", func(r *esign.StampRequest) { r.SealID = "seal_none" }, fault.NotFound, ""},
		{"no seal", func(r *esign.StampRequest) { r.SealID = "" }, fault.NotFound, ""},
		{"too large", func(r *esign.StampRequest) { r.Document = make([]byte, esign.MaxDocument+1) }, fault.TooLarge, ""},
		{"no document", func(r *esign.StampRequest) { r.Document = nil }, fault.DocumentRefused, ""},
		{"no OFD", func(r *esign.StampRequest) { r.Document = []byte("%PDF-1.7") }, fault.DocumentRefused, ""},
		{"page that is not there", func(r *esign.StampRequest) { r.Places[0].Pages = "2" }, fault.StampPlace, "page"},
		{"negative page", func(r *esign.StampRequest) { r.Places[0].Pages = "-1" }, fault.StampPlace, "page"},
		{"D-14 left of the page", func(r *esign.StampRequest) { r.Places[0].XMM = -0.001 }, fault.StampPlace, "x_mm"},
		{"D-14 over the right edge", func(r *esign.StampRequest) { r.Places[0].XMM = 210 - 42 + 0.001 }, fault.StampPlace, "x_mm"},
		{"D-14 x is no number", func(r *esign.StampRequest) { r.Places[0].XMM = math.NaN() }, fault.StampPlace, "x_mm"},
		{"D-14 above the page", func(r *esign.StampRequest) { r.Places[0].YMM = -1 }, fault.StampPlace, "y_mm"},
		{"D-14 below the page", func(r *esign.StampRequest) { r.Places[0].YMM = 297 - 41 }, fault.StampPlace, "y_mm"},
		{"D-14 y is infinite", func(r *esign.StampRequest) { r.Places[0].YMM = math.Inf(-1) }, fault.StampPlace, "y_mm"},
	} {
		t.Run(test.name, func(t *testing.T) {
			request := sealtest.Request(seal, sealtest.Document(t, 1))
			test.change(&request)
			_, result, err := w.Service.Stamp(sealtest.Keeper, request)
			wantCode(t, err, test.code)
			if result != nil || test.field != "" && !hasField(err, test.field) {
				t.Errorf("result of %d octets, fields %v", len(result), fault.From(err).Fields)
			}
		})
	}
	noKeyUsed(t, w)
	if got := twin.Records()[before:]; len(got) != 0 || len(twin.AllStamps()) != 0 {
		t.Errorf("refused requests left %v", events(got))
	}
	for name, change := range map[string]func(*esign.StampRequest){
		"corner top left":     func(r *esign.StampRequest) { r.Places[0].XMM, r.Places[0].YMM = 0, 0 },
		"corner bottom right": func(r *esign.StampRequest) { r.Places[0].XMM, r.Places[0].YMM = 210-42, 297-42 },
		"no item":             func(r *esign.StampRequest) { r.Item = "" },
	} {
		request := sealtest.Request(seal, sealtest.Document(t, 1))
		request.Key = name
		change(&request)
		if _, _, err := w.Service.Stamp(sealtest.Keeper, request); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestS22SealsThatAreNotInUse: only a seal in use stamps, and one that is stopped does so no more.
func TestS22SealsThatAreNotInUse(t *testing.T) {
	w, twin := newWorld(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	for _, state := range []esign.State{esign.Applied, esign.Approved, esign.Made, esign.Suspended, esign.Revoked} {
		twin.Corrupt(seal.ID, func(s *esign.Seal) { s.State = state })
		_, _, err := w.Service.Stamp(sealtest.Keeper, sealtest.Request(seal, sealtest.Document(t, 1)))
		wantCode(t, err, fault.SealSuspended)
		if status := fault.MetaOf(fault.CodeOf(err)).Status; status != 409 {
			t.Errorf("%s: status %d", state, status)
		}
	}
	noKeyUsed(t, w)
}

// TestS22SealStoppedWhileItIsUsed: a suspension that comes while the key signs wins, and nothing is released; once the
// seal is back in use, the same key goes on.
func TestS22SealStoppedWhileItIsUsed(t *testing.T) {
	w, twin := newWorld(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	w.Keys.Answer = func(usage keys.Usage, _, signature []byte) []byte {
		w.Keys.Answer = nil
		if _, err := w.Service.Suspend(sealtest.Keeper, seal.ID, "遗失"); err != nil {
			t.Error(err)
		}
		return signature
	}
	request := sealtest.Request(seal, sealtest.Document(t, 1))
	_, result, err := w.Service.Stamp(sealtest.Keeper, request)
	wantCode(t, err, fault.SealSuspended)
	if all := twin.AllStamps(); result != nil || len(all) != 1 || all[0].State != esign.Abandoned {
		t.Fatalf("%d octets, %+v", len(result), all)
	}
	last := twin.Records()[len(twin.Records())-1].Events[0]
	if last.Type != "seal.stamp.abandoned" || last.Reason != string(fault.SealSuspended) || last.Result != "failed" {
		t.Errorf("%+v", last)
	}
	if _, err := w.Service.Resume(sealtest.Reviewer, seal.ID); err != nil {
		t.Fatal(err)
	}
	s, result := stamp(t, w, request)
	if all := twin.AllStamps(); len(all) != 1 || all[0].ID != s.ID || w.Verify(t, result).Verdict != verify.Valid {
		t.Errorf("%+v", all)
	}
	if got := events(twin.Records()); got[len(got)-2] != "seal.stamp.resumed" {
		t.Error(got)
	}
}

// TestI17SameKey: the same key gives the same result again; with other words it is refused.
func TestI17SameKey(t *testing.T) {
	w, twin := newWorld(t)
	seal, other := w.Active(t, sealtest.SampleApplication(1)), w.Active(t, sealtest.SampleApplication(2))
	request := sealtest.Request(seal, sealtest.Document(t, 2))
	first, result := stamp(t, w, request)
	w.Advance(time.Hour)
	for range 3 {
		s, again := stamp(t, w, request)
		if s.ID != first.ID || !bytes.Equal(again, result) {
			t.Error("the same key gave another result")
		}
	}
	for name, change := range map[string]func(*esign.StampRequest){
		"seal":     func(r *esign.StampRequest) { r.SealID = other.ID },
		"document": func(r *esign.StampRequest) { r.Document = sealtest.Document(t, 3) },
		"page":     func(r *esign.StampRequest) { r.Places[0].Pages = "2" },
		"x":        func(r *esign.StampRequest) { r.Places[0].XMM = 1 },
		"y":        func(r *esign.StampRequest) { r.Places[0].YMM = 1 },
		"purpose":  func(r *esign.StampRequest) { r.Purpose = "别的事由" },
		"item":     func(r *esign.StampRequest) { r.Item = "2" },
	} {
		changed := request
		changed.Places = slices.Clone(request.Places)
		change(&changed)
		_, again, err := w.Service.Stamp(sealtest.Keeper, changed)
		if fault.CodeOf(err) != fault.StampKeyReused || again != nil || fault.MetaOf(fault.StampKeyReused).Status != 422 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := w.Keys.Signed(keys.UsageSealSigner); n != 1 || len(twin.AllStamps()) != 1 {
		t.Errorf("%d signatures, %d stamps", n, len(twin.AllStamps()))
	}
	// Somebody else's key is another key, and keeps the first result to the first requester.
	s, mine, err := w.Service.Stamp(sealtest.Other, request)
	if err != nil || s.ID == first.ID || bytes.Equal(mine, result) {
		t.Errorf("%v %v", s.ID, err)
	}
}

// TestI17InParallel: twenty calls at once make one stamp, and every caller gets the same octets in the end.
func TestI17InParallel(t *testing.T) {
	w, twin := newWorld(t)
	request := sealtest.Request(w.Active(t, sealtest.SampleApplication(1)), sealtest.Document(t, 1))
	results := make([][]byte, 20)
	var group sync.WaitGroup
	for i := range results {
		group.Go(func() {
			for range 2000 {
				_, result, err := w.Service.Stamp(sealtest.Keeper, request)
				if err == nil {
					results[i] = result
					return
				}
				if f := fault.From(err); f.Code != fault.StampBusy || f.RetryAfter < 1 || f.RetryAfter > 16 {
					t.Errorf("%v, again after %d s", err, f.RetryAfter)
					return
				}
				time.Sleep(time.Millisecond)
			}
			t.Error("never answered")
		})
	}
	group.Wait()
	for _, result := range results {
		if result == nil || !bytes.Equal(result, results[0]) {
			t.Fatal("two results for one key")
		}
	}
	if all := twin.AllStamps(); len(all) != 1 || all[0].State != esign.Stored || w.Keys.Signed(keys.UsageSealSigner) != 1 {
		t.Errorf("%d stamps, %d signatures", len(all), w.Keys.Signed(keys.UsageSealSigner))
	}
}

// TestF12LateSignerReleasesNothing: a process that hung while it signed comes back after another one took over. Only the
// second signature counts.
func TestF12LateSignerReleasesNothing(t *testing.T) {
	w, twin := newWorld(t)
	request := sealtest.Request(w.Active(t, sealtest.SampleApplication(1)), sealtest.Document(t, 1))
	var counts []byte
	w.Keys.Answer = func(_ keys.Usage, _, signature []byte) []byte {
		w.Keys.Answer = nil
		_, _, err := w.Service.Stamp(sealtest.Keeper, request)
		if wantCode(t, err, fault.StampBusy); fault.From(err).RetryAfter != 16 {
			t.Errorf("told to wait for %d s", fault.From(err).RetryAfter)
		}
		w.Advance(15 * time.Second)
		_, counts = stamp(t, w, request)
		return signature
	}
	_, late, err := w.Service.Stamp(sealtest.Keeper, request)
	wantCode(t, err, fault.StampBusy)
	if late != nil || counts == nil {
		t.Fatal("the late signature was released")
	}
	if _, again := stamp(t, w, request); !bytes.Equal(again, counts) {
		t.Error("the late signature took the place of the one released")
	}
	if all := twin.AllStamps(); len(all) != 1 || all[0].ResultSM3 != digest.Hex(counts) {
		t.Errorf("%+v", all)
	}
}

// TestF10KeyProviderAway: 503, and the same key goes on at once when the provider is back.
func TestF10KeyProviderAway(t *testing.T) {
	for name, fail := range map[string]func(w *sealtest.World, usage keys.Usage){
		"before the handle": func(w *sealtest.World, _ keys.Usage) {
			w.Keys.Down = func(keys.Usage) error { return keys.ErrUnavailable }
		},
		"register of keys": func(w *sealtest.World, _ keys.Usage) { w.Keys.Down = func(keys.Usage) error { return errAway } },
		"timed out": func(w *sealtest.World, _ keys.Usage) {
			w.Keys.Down = func(keys.Usage) error { return context.DeadlineExceeded }
		},
		"mid-signature": func(w *sealtest.World, _ keys.Usage) {
			w.Steps.FailBefore = func(_ int, name string) bool { return name == "key sign" }
		},
		"after the signature": func(w *sealtest.World, _ keys.Usage) {
			w.Steps.FailAfter = func(_ int, name string) bool { return name == "key sign" }
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, twin := newWorld(t)
			request := sealtest.Request(w.Active(t, sealtest.SampleApplication(1)), sealtest.Document(t, 1))
			fail(w, keys.UsageSealSigner)
			for range 2 {
				_, result, err := w.Service.Stamp(sealtest.Keeper, request)
				if fault.CodeOf(err) != fault.Unavailable || fault.MetaOf(fault.Unavailable).Status != 503 || result != nil {
					t.Fatalf("%v", err)
				}
			}
			if all := twin.AllStamps(); len(all) != 1 || all[0].State != esign.Planned || all[0].LeaseTo.After(w.Now()) {
				t.Errorf("%+v", all)
			}
			w.Keys.Down, w.Steps.FailBefore, w.Steps.FailAfter = nil, nil, nil
			stamp(t, w, request)
			if all := twin.AllStamps(); len(all) != 1 || all[0].State != esign.Stored {
				t.Errorf("%+v", all)
			}
		})
	}
}

// TestK07SignaturesThatDoNotVerifyAreNeverReleased: a provider that answers with another key's signature, an altered or
// no signature at all.
func TestK07SignaturesThatDoNotVerifyAreNeverReleased(t *testing.T) {
	w, twin := newWorld(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	stranger, err := w.Key(keys.UsageStatusList, "stranger")
	if err != nil {
		t.Fatal(err)
	}
	for name, answer := range map[string]func(message, signature []byte) []byte{
		"another key":       func(message, _ []byte) []byte { s, _ := stranger.SignMessage(t.Context(), message); return s },
		"another message":   func(message, _ []byte) []byte { s, _ := stranger.SignMessage(t.Context(), message[1:]); return s },
		"one bit":           func(_, signature []byte) []byte { s := bytes.Clone(signature); s[len(s)-1] ^= 1; return s },
		"cut":               func(_, signature []byte) []byte { return signature[:len(signature)-1] },
		"more than it is":   func(_, signature []byte) []byte { return append(bytes.Clone(signature), 0) },
		"nothing":           func([]byte, []byte) []byte { return nil },
		"the message":       func(message, _ []byte) []byte { return message },
		"64 raw octets":     func([]byte, []byte) []byte { return bytes.Repeat([]byte{1}, 64) },
		"zeros in sequence": func([]byte, []byte) []byte { return []byte{0x30, 6, 2, 1, 0, 2, 1, 0} },
	} {
		t.Run(name, func(t *testing.T) {
			w.Keys.Answer = func(usage keys.Usage, message, signature []byte) []byte {
				if usage != keys.UsageSealSigner {
					return signature
				}
				return answer(message, signature)
			}
			request := sealtest.Request(seal, sealtest.Document(t, 1))
			request.Key = "key " + name
			_, result, err := w.Service.Stamp(sealtest.Keeper, request)
			if fault.CodeOf(err) != fault.Unavailable || result != nil {
				t.Errorf("%d octets, %v", len(result), err)
			}
		})
	}
	for _, s := range twin.AllStamps() {
		if s.State == esign.Stored {
			t.Errorf("stored: %+v", s)
		}
	}
	if slices.Contains(w.Steps.Names(), "blob put") {
		t.Error("a document whose signature does not verify was stored")
	}
}

// TestK05TokenKeyCannotSeal: a seal whose row names a key of another purpose, one that is destroyed or none, stamps
// nothing.
func TestK05TokenKeyCannotSeal(t *testing.T) {
	w, twin := newWorld(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	token, err := w.Key(keys.UsageToken, "")
	if err != nil {
		t.Fatal(err)
	}
	maker, err := w.Keys.List(t.Context(), keys.UsageSealMaker, "")
	if err != nil || len(maker) != 1 {
		t.Fatal(len(maker), err)
	}
	gone, err := w.Key(keys.UsageSealSigner, "gone")
	if err == nil {
		err = w.Keys.Destroy(t.Context(), gone.KeyID())
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, id := range map[string]string{"token": token.KeyID(), "maker": maker[0].ID, "destroyed": gone.KeyID(), "none": "", "unknown": "key_none"} {
		twin.Corrupt(seal.ID, func(s *esign.Seal) { s.KeyID = id })
		request := sealtest.Request(seal, sealtest.Document(t, 1))
		request.Key = "key " + name
		_, result, err := w.Service.Stamp(sealtest.Keeper, request)
		if fault.CodeOf(err) != fault.SealCertificate || result != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if w.Keys.Signed(keys.UsageSealSigner)+w.Keys.Signed(keys.UsageToken) != 0 {
		t.Error("something signed")
	}
	// A key of the right purpose that belongs to another seal signs, and what it signed is held back.
	other := w.Active(t, sealtest.SampleApplication(2))
	twin.Corrupt(seal.ID, func(s *esign.Seal) { s.KeyID = other.KeyID })
	_, result, err := w.Service.Stamp(sealtest.Keeper, sealtest.Request(seal, sealtest.Document(t, 1)))
	if fault.CodeOf(err) != fault.Unavailable || result != nil {
		t.Errorf("another seal's key: %v", err)
	}
}

// TestResultIsVerifiedBeforeItLeaves: what changed between the checks and the signature holds the result back.
func TestResultIsVerifiedBeforeItLeaves(t *testing.T) {
	for name, test := range map[string]struct {
		during func(w *sealtest.World, seal esign.Seal)
		code   fault.Code
		state  esign.StampState
	}{
		"trust is away":               {func(w *sealtest.World, _ esign.Seal) { w.TrustError = errors.New("no CRL") }, fault.Unavailable, esign.Planned},
		"the root is trusted no more": {func(w *sealtest.World, _ esign.Seal) { w.NoRoot = true }, fault.Internal, esign.Abandoned},
		"the certificate is revoked": {func(w *sealtest.World, seal esign.Seal) {
			w.Revoke(w.Certificate("seal:" + seal.ID).Serial)
		}, fault.Internal, esign.Abandoned},
	} {
		t.Run(name, func(t *testing.T) {
			w, twin := newWorld(t)
			seal := w.Active(t, sealtest.SampleApplication(1))
			w.Keys.Answer = func(_ keys.Usage, _, signature []byte) []byte { test.during(w, seal); return signature }
			_, result, err := w.Service.Stamp(sealtest.Keeper, sealtest.Request(seal, sealtest.Document(t, 1)))
			if fault.CodeOf(err) != test.code || result != nil {
				t.Errorf("%d octets, %v", len(result), err)
			}
			if all := twin.AllStamps(); len(all) != 1 || all[0].State != test.state {
				t.Errorf("%+v", all)
			}
			if slices.Contains(w.Steps.Names(), "blob put") {
				t.Error("the document was stored before it was verified")
			}
		})
	}
}

// TestCallerThatWentAway: once the plan is on record, a caller that hangs up stops nothing.
func TestCallerThatWentAway(t *testing.T) {
	w, twin := newWorld(t)
	request := sealtest.Request(w.Active(t, sealtest.SampleApplication(1)), sealtest.Document(t, 1))
	ctx, hangUp := context.WithCancel(sealtest.Keeper)
	w.Keys.Down = func(usage keys.Usage) error { hangUp(); return nil }
	if _, _, err := w.Service.Stamp(ctx, request); err != nil {
		t.Errorf("%v", err)
	}
	if all := twin.AllStamps(); len(all) != 1 || all[0].State != esign.Stored {
		t.Errorf("%+v", all)
	}
}

func TestUsesOfASeal(t *testing.T) {
	w, _ := newWorld(t)
	seal, other := w.Active(t, sealtest.SampleApplication(1)), w.Active(t, sealtest.SampleApplication(2))
	for n := range 5 {
		request := sealtest.Request(seal, sealtest.Document(t, 1))
		request.Key = fmt.Sprint("key", n)
		stamp(t, w, request)
		if n%2 == 0 {
			w.Advance(time.Second)
		}
	}
	var seen []string
	after := ""
	for range 10 {
		page, next, err := w.Service.Stamps(sealtest.Keeper, seal.ID, "", after, 2)
		if err != nil || len(page) > 2 {
			t.Fatal(len(page), err)
		}
		for _, s := range page {
			seen = append(seen, s.Key)
		}
		if after = next; next == "" {
			break
		}
	}
	slices.Sort(seen)
	if !slices.Equal(seen, []string{"key0", "key1", "key2", "key3", "key4"}) {
		t.Errorf("%v", seen)
	}
	if page, _, err := w.Service.Stamps(sealtest.Keeper, other.ID, "", "", 2); err != nil || len(page) != 0 {
		t.Error(len(page), err)
	}
	_, _, err := w.Service.Stamps(sealtest.Keeper, "seal_none", "", "", 2)
	wantCode(t, err, fault.NotFound)
	for _, cursor := range []string{"x", "1", "1.", ".a", "1.\x00", "1." + strings.Repeat("a", 65), "99999999999999999999.a"} {
		_, _, err := w.Service.Stamps(sealtest.Keeper, seal.ID, "", cursor, 2)
		wantCode(t, err, fault.Malformed)
	}
}

// A stamp that is not kept is on record with its digest; the document store has nothing of it, and the key answers once.
func TestUnkeptDocumentsAreNotStored(t *testing.T) {
	w, _ := newWorld(t)
	seal := w.Active(t, sealtest.SampleApplication(1))
	request := sealtest.Request(seal, sealtest.Document(t, 1))
	request.Unkept = true
	s, result := stamp(t, w, request)
	if s.State != esign.Stored || s.ResultSM3 != digest.Hex(result) || w.Verify(t, result).Verdict != verify.Valid {
		t.Errorf("%+v", s)
	}
	if _, err := w.Blobs.Get(context.Background(), s.ResultSM3); err == nil {
		t.Error("the document store holds the document")
	}
	if _, again, err := w.Service.Stamp(sealtest.Keeper, request); fault.CodeOf(err) != fault.StampKeyReused || again != nil {
		t.Errorf("the same key answered %v", err)
	}
	request.Unkept = false
	if _, _, err := w.Service.Stamp(sealtest.Keeper, request); fault.CodeOf(err) != fault.StampKeyReused {
		t.Errorf("the same key, to be kept now, answered %v", err)
	}
	if _, _, err := w.Service.Result(sealtest.Keeper, seal.ID, request.Key); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("its result answered %v", err)
	}
}
