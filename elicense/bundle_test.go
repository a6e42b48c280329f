package elicense_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/digest"
	yinxin "github.com/yinxin-gov/yinxin/sdk"
)

// TestACounterJudgesAsThePlatformDoes: with the bundle alone; status as old as the type allows, and no longer; nothing is valid after seven days. What
// ended before it was made stays ended.
func TestACounterJudgesAsThePlatformDoes(t *testing.T) {
	w := licensetest.NewWorld(t, licensetest.NewTwin())
	ctx := context.Background()
	l, document := issuedAt(t, w, licensetest.AuthorityCode)
	if err := w.Service.Refresh(ctx); err != nil {
		t.Fatal(err)
	}
	content, err := w.Service.CounterBundle(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := w.Service.CounterBundle(ctx); err != nil || !bytes.Equal(again, content) {
		t.Errorf("asked again at once: another bundle, %v", err)
	}
	trust, err := w.Trust(ctx)
	if err != nil {
		t.Fatal(err)
	}
	folder, root := t.TempDir(), digest.Hex(trust.Roots.Certificates()[0].Raw)
	bundle, err := yinxin.TakeCounter(folder, content, root, w.Now())
	if err != nil || bundle.Address != licensetest.BaseURL+"/trust/bundle" || !slices.Contains(bundle.Fingerprints, root) {
		t.Fatalf("%+v %v", bundle, err)
	}
	files, err := w.Service.TrustFiles(ctx)
	if err != nil || bundle.Files != len(files) {
		t.Errorf("%d files of %d, %v", bundle.Files, len(files), err)
	}
	judged := func(when string, after time.Duration, verdict verify.Verdict, code, reason string) {
		t.Helper()
		v := yinxin.NewVerifier()
		if err := v.UseCounter(folder); err != nil {
			t.Fatal(err)
		}
		v.SetTime(licensetest.Start.Add(after))
		r := v.Verify("a.ofd", document)
		if r.Verdict != verdict || r.Code != code || !slices.ContainsFunc(r.Reasons, func(r verify.Reason) bool { return r.Code == reason }) {
			t.Errorf("%s: %s %s %+v", when, r.Verdict, r.Code, r.Reasons)
		}
	}
	judged("at once", time.Minute, verify.Valid, "V00", "counter_bundle")
	judged("a day and an hour later", 25*time.Hour, verify.Indeterminate, "V01", "license_status_stale")
	judged("eight days later", 8*24*time.Hour, verify.Indeterminate, "V01", "counter_bundle_old")

	w.Advance(10 * time.Minute)
	if _, err := w.Service.ChangeStatus(licensetest.Issuer, l.ID, elicense.StatusChange{Operation: elicense.Revocation, To: "revoked", LegalBasis: "行政许可法第七十条", DecisionNumber: "D1"}); err != nil {
		t.Fatal(err)
	}
	w.List(t, l.List) // publishes it
	newer, err := w.Service.CounterBundle(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := yinxin.TakeCounter(folder, newer, "", w.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := yinxin.TakeCounter(folder, content, "", w.Now()); !errors.Is(err, yinxin.ErrCounterOlder) {
		t.Errorf("the older bundle again: %v", err)
	}
	judged("revoked", 11*time.Minute, verify.Invalid, "V10", "license_ended")
	judged("revoked, eight days later", 8*24*time.Hour, verify.Invalid, "V10", "counter_bundle_old")
}
