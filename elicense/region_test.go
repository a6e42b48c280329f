package elicense_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/elicense/region"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/sdk/offline"
)

const (
	theirAddress   = "https://b.example"
	theirAuthority = "11370200MB7QX1237H"
)

// neighbours are two platforms with keys, stores and authorities of their own.
func neighbours(t *testing.T) (a, b *licensetest.World) {
	t.Helper()
	a = licensetest.NewWorld(t, licensetest.NewTwin())
	b = licensetest.NewWorldAt(t, licensetest.NewTwin(), theirAddress, theirAuthority)
	for _, w := range []*licensetest.World{a, b} {
		if err := w.Service.Refresh(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	return a, b
}

func packageOf(t *testing.T, w *licensetest.World) []byte {
	t.Helper()
	if err := w.Service.Refresh(context.Background()); err != nil {
		t.Fatal(err)
	}
	p, err := w.Service.Published(context.Background(), elicense.NameRegion)
	if err != nil {
		t.Fatal(err)
	}
	return p.Content
}

func fingerprint(t *testing.T, content []byte) string {
	t.Helper()
	p, err := elicense.ReadRegion(content, licensetest.Start)
	if err != nil {
		t.Fatal(err)
	}
	return p.Fingerprint()
}

// judged judges a document over the service and with the files that it hands out, which must agree.
func judged(t *testing.T, w *licensetest.World, content []byte) verify.Result {
	t.Helper()
	online, err := w.Service.VerifyFile(context.Background(), "a.ofd", content)
	if err != nil {
		t.Fatal(err)
	}
	files, err := w.Service.TrustFiles(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	v := offline.New()
	for _, f := range files {
		if err := v.AddTrustBytes(f.Content); err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
	}
	if apart := v.VerifyAt(w.Now(), "a.ofd", content); apart.Code != online.Code || len(apart.Reasons) != len(online.Reasons) {
		t.Errorf("%s %v offline, %s %v online", apart.Code, apart.Reasons, online.Code, online.Reasons)
	}
	return online
}

func wantJudged(t *testing.T, when string, w *licensetest.World, content []byte, code, reason string) {
	t.Helper()
	if r := judged(t, w, content); r.Code != code || !says(r, reason) {
		t.Errorf("%s: %s %v, want %s with %s", when, r.Code, r.Reasons, code, reason)
	}
}

func issuedAt(t *testing.T, w *licensetest.World, authority string) (elicense.License, []byte) {
	t.Helper()
	order := licensetest.SampleApplication("B1")
	order.AuthorityCode = authority
	l := w.Issued(t, order)
	return l, document(t, w, l)
}

// TestRegionsVerifyEachOther: two platforms judge each other's licences once each took the other's package, see what is revoked with the next
// one, and see nothing more once the region is removed.
func TestRegionsVerifyEachOther(t *testing.T) {
	ctx := context.Background()
	a, b := neighbours(t)
	_, ours := issuedAt(t, a, licensetest.AuthorityCode)
	l, theirs := issuedAt(t, b, theirAuthority)
	wantJudged(t, "before", a, theirs, "V24", "untrusted_root")
	wantJudged(t, "before", b, ours, "V24", "untrusted_root")
	first := packageOf(t, b)
	back := packageOf(t, a)
	if _, err := a.Service.AddRegion(ctx, elicense.NewRegion{Content: first, Fingerprint: fingerprint(t, first), Divisions: []string{"370200"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Service.AddRegion(ctx, elicense.NewRegion{Content: back, Fingerprint: fingerprint(t, back), Divisions: []string{"99"}}); err != nil {
		t.Fatal(err)
	}
	wantJudged(t, "taken", a, theirs, "V00", "region")
	wantJudged(t, "taken", b, ours, "V00", "region")
	g, err := b.Service.Grant(licensetest.FreshPerson(b.Now()), l.ID, copyGrant())
	if err != nil {
		t.Fatal(err)
	}
	c, err := b.Service.RedeemCopy(portal, g.ID, "04")
	if err != nil {
		t.Fatal(err)
	}
	_, theirCopy, err := b.Service.CopyFile(portal, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	wantJudged(t, "an annotated copy", a, theirCopy, "V00", "region")
	wantJudged(t, "an annotated copy", a, theirCopy, "V00", "copy_of_license")
	if r := judged(t, b, theirs); r.Code != "V00" || says(r, "region") {
		t.Errorf("at home: %s %v", r.Code, r.Reasons)
	}

	if _, err := b.Service.ChangeStatus(licensetest.Issuer, l.ID, elicense.StatusChange{Operation: elicense.Revocation, LegalBasis: "法", DecisionNumber: "1"}); err != nil {
		t.Fatal(err)
	}
	if err := b.Service.PublishList(ctx, 1); err != nil {
		t.Fatal(err)
	}
	second := packageOf(t, b)
	if _, err := a.Service.RenewRegion(ctx, second); err != nil {
		t.Fatal(err)
	}
	wantJudged(t, "revoked", a, theirs, "V10", "license_ended")
	if _, err := a.Service.RenewRegion(ctx, second); err != nil {
		t.Errorf("the same again: %v", err)
	}
	_, err = a.Service.RenewRegion(ctx, first)
	wantCode(t, err, fault.RegionOlder)
	wantJudged(t, "after an old package", a, theirs, "V10", "license_ended")

	a.Advance(8 * 24 * time.Hour)
	wantJudged(t, "out of date", a, theirs, "V24", "region_stale")
	_, err = a.Service.RenewRegion(ctx, second)
	wantCode(t, err, fault.RegionPackage)
	if err := b.Service.RemoveRegion(ctx, licensetest.BaseURL+region.Path); err != nil {
		t.Fatal(err)
	}
	wantJudged(t, "removed", b, ours, "V24", "untrusted_root")
	wantCode(t, b.Service.RemoveRegion(ctx, licensetest.BaseURL+region.Path), fault.NotFound)
}

// TestL09RegionsSpeakForTheirDivisionsOnly: nor for an authority of the reader's own that comes to lie in one.
func TestL09RegionsSpeakForTheirDivisionsOnly(t *testing.T) {
	ctx := context.Background()
	a, b := neighbours(t)
	if err := b.Service.PutAuthority(licensetest.As("system:test"), elicense.Authority{Code: licensetest.AuthorityCode, Name: licensetest.AuthorityName, SealID: licensetest.SealID, TypeCodes: []string{licensetest.BusinessLicense}}); err != nil {
		t.Fatal(err)
	}
	_, forged := issuedAt(t, b, licensetest.AuthorityCode)
	order := licensetest.SampleApplication("B2")
	order.AuthorityCode = theirAuthority
	theirs := document(t, b, b.Issued(t, order))
	content := packageOf(t, b)
	for name, c := range map[string]struct {
		order elicense.NewRegion
		want  fault.Code
	}{
		"another root":    {elicense.NewRegion{Content: content, Fingerprint: fingerprint(t, packageOf(t, a)), Divisions: []string{"3702"}}, fault.RegionPackage},
		"a cut file":      {elicense.NewRegion{Content: content[:len(content)-1], Fingerprint: fingerprint(t, content), Divisions: []string{"3702"}}, fault.RegionPackage},
		"no division":     {elicense.NewRegion{Content: content, Fingerprint: fingerprint(t, content)}, fault.RegionDivision},
		"everywhere":      {elicense.NewRegion{Content: content, Fingerprint: fingerprint(t, content), Divisions: []string{"000000"}}, fault.RegionDivision},
		"ours":            {elicense.NewRegion{Content: content, Fingerprint: fingerprint(t, content), Divisions: []string{"3702", "990000"}}, fault.RegionDivision},
		"this platform":   {elicense.NewRegion{Content: packageOf(t, a), Fingerprint: fingerprint(t, packageOf(t, a)), Divisions: []string{"3702"}}, fault.RegionKnown},
		"nobody to fetch": {elicense.NewRegion{Fetch: theirAddress + region.Path, Fingerprint: fingerprint(t, content), Divisions: []string{"3702"}}, fault.RegionUnreached},
	} {
		_, err := a.Service.AddRegion(ctx, c.order)
		if fault.CodeOf(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	wantJudged(t, "nothing was taken", a, theirs, "V24", "untrusted_root")
	order2 := elicense.NewRegion{Content: content, Fingerprint: fingerprint(t, content), Divisions: []string{"3702"}}
	if _, err := a.Service.AddRegion(ctx, order2); err != nil {
		t.Fatal(err)
	}
	_, err := a.Service.AddRegion(ctx, order2)
	wantCode(t, err, fault.RegionKnown)
	wantJudged(t, "its own", a, theirs, "V00", "region")
	wantJudged(t, "ours", a, forged, "V25", "region_scope")
	if err := a.Service.PutAuthority(licensetest.As("system:test"), elicense.Authority{Code: theirAuthority, Name: licensetest.AuthorityName, SealID: licensetest.SealID, TypeCodes: []string{licensetest.BusinessLicense}}); err != nil {
		t.Fatal(err)
	}
	wantJudged(t, "ours by now", a, theirs, "V25", "region_scope")
}

// TestRegionsAreFetched: in turns, and what fails is noted and leaves what was there.
func TestRegionsAreFetched(t *testing.T) {
	ctx := context.Background()
	a, b := neighbours(t)
	var asked int
	var answer []byte
	a.Fetch = func(_ context.Context, address string) ([]byte, error) {
		if asked++; answer == nil || address != theirAddress+region.Path {
			return nil, errors.New("not reached")
		}
		return answer, nil
	}
	a.Restart(t)
	l, theirs := issuedAt(t, b, theirAuthority)
	answer = packageOf(t, b)
	order := elicense.NewRegion{Fetch: theirAddress + region.Path, Fingerprint: fingerprint(t, answer), Divisions: []string{"3702"}}
	if _, err := a.Service.AddRegion(ctx, order); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Service.ChangeStatus(licensetest.Issuer, l.ID, elicense.StatusChange{Operation: elicense.Revocation, LegalBasis: "法", DecisionNumber: "1"}); err != nil {
		t.Fatal(err)
	}
	if err := b.Service.PublishList(ctx, 1); err != nil {
		t.Fatal(err)
	}
	newer := packageOf(t, b)
	steps := []struct {
		name    string
		answer  []byte
		wait    time.Duration
		asked   int
		problem fault.Code
		code    string
	}{
		{"too early", newer, time.Minute, 1, "", "V00"},
		{"away", nil, 5 * time.Minute, 2, fault.RegionUnreached, "V00"},
		{"another one's", packageOf(t, a), 5 * time.Minute, 3, fault.RegionPackage, "V00"},
		{"newer", newer, 5 * time.Minute, 4, "", "V10"},
		{"older", answer, 5 * time.Minute, 5, fault.RegionOlder, "V10"},
	}
	for _, step := range steps {
		a.Advance(step.wait)
		answer = step.answer
		err := a.Service.RefreshRegions(ctx, false)
		list, listErr := a.Service.ListRegions(ctx)
		if listErr != nil || len(list) != 1 || fault.Code(list[0].Problem) != step.problem || asked != step.asked || (err != nil) != (step.problem != "") {
			t.Errorf("%s: %v, asked %d, %+v", step.name, err, asked, list)
		}
		if r := judged(t, a, theirs); r.Code != step.code {
			t.Errorf("%s: %s", step.name, r.Code)
		}
	}
	answer = newer
	if err := a.Service.RefreshRegions(ctx, true); err != nil || asked != 6 {
		t.Errorf("at once: %v, asked %d", err, asked)
	}
	if list, _ := a.Service.ListRegions(ctx); list[0].Problem != "" {
		t.Errorf("%+v", list)
	}
	var kinds []string
	for _, r := range a.Store.(*licensetest.Twin).Records() {
		for _, e := range r.Events {
			if e.ObjectType == "region" {
				kinds = append(kinds, e.Type)
			}
		}
	}
	if !slices.Equal(kinds, []string{"region.added", "region.renewed"}) {
		t.Error(kinds)
	}
}
