package elicense_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

var portal = licensetest.Application(licensetest.Portal)

// held is a licence of the sample holder.
func held(t *testing.T) (*licensetest.World, *licensetest.Twin, elicense.License) {
	t.Helper()
	w, twin := newWorld(t)
	return w, twin, w.Issued(t, licensetest.SampleApplication("B1"))
}

func fieldsGrant() elicense.GrantRequest {
	return elicense.GrantRequest{Grantee: licensetest.Portal, Purpose: "04", Item: "330100-gjj-01", Fields: []string{"license_number", "dates_hold"}}
}

func copyGrant() elicense.GrantRequest {
	return elicense.GrantRequest{Kind: elicense.GrantCopy, Grantee: licensetest.Portal, Purpose: "04"}
}

func TestAGrantTellsWhatItNamesOnce(t *testing.T) {
	w, twin, l := held(t)
	g, err := w.Service.Grant(licensetest.FreshPerson(w.Now()), l.ID, fieldsGrant())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(g.ID, "lgrant_") || g.Left != 1 || g.Expires.Sub(w.Now()) != 24*time.Hour || g.Mode != elicense.GrantHolder || !strings.HasPrefix(g.Proof, "login:") {
		t.Errorf("%+v", g)
	}
	for name, c := range map[string]struct {
		ctx     context.Context
		purpose string
		code    fault.Code
	}{
		"nobody":                          {context.Background(), "04", fault.Unauthenticated},
		"another application":             {licensetest.Application(licensetest.OtherPortal), "04", fault.NotFound},
		"another purpose":                 {portal, "05", fault.GrantPurpose},
		"the holder":                      {licensetest.Person, "04", fault.Forbidden},
		"the application for some person": {reqctx.WithActor(context.Background(), reqctx.Actor{ID: licensetest.Holder, Client: licensetest.Portal}), "04", fault.Forbidden},
	} {
		_, err := w.Service.RedeemFields(c.ctx, g.ID, c.purpose)
		if fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = w.Service.RedeemCopy(portal, g.ID, "04")
	wantCode(t, err, fault.GrantKind)
	r, err := w.Service.RedeemFields(portal, g.ID, "04")
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(r.Values)); !slices.Equal(got, []string{"dates_hold", "license_number"}) || r.Status != "valid" || r.Grant.Left != 0 {
		t.Errorf("%v %+v", got, r)
	}
	_, err = w.Service.RedeemFields(portal, g.ID, "04")
	wantCode(t, err, fault.GrantUsed)
	uses, err := w.Service.UsesOf(context.Background(), elicense.UseQuery{HolderRef: licensetest.Holder, Till: w.Now().Add(time.Hour), Limit: 10})
	if err != nil || len(uses) != 1 || uses[0].Kind != elicense.UseGranted || uses[0].Receiver != licensetest.Portal || !slices.Equal(uses[0].Fields, []string{"dates_hold", "license_number"}) || uses[0].Count != 1 {
		t.Errorf("%+v %v", uses, err)
	}
	for _, kind := range []string{"license.grant.given", "license.grant.used"} {
		if n := eventsOf(twin, kind); n != 1 {
			t.Errorf("%d events %s", n, kind)
		}
	}
}

func eventsOf(twin *licensetest.Twin, kind string) (n int) {
	for _, r := range twin.Records() {
		for _, e := range r.Events {
			if e.Type == kind {
				n++
			}
		}
	}
	return n
}

func TestWhoMayGrantAndWhat(t *testing.T) {
	w, twin, l := held(t)
	fresh := licensetest.FreshPerson(w.Now())
	for name, c := range map[string]struct {
		ctx    context.Context
		change func(*elicense.GrantRequest)
		code   fault.Code
	}{
		"nobody":                     {context.Background(), nil, fault.Unauthenticated},
		"somebody else":              {reqctx.WithActor(context.Background(), reqctx.Actor{ID: "account:other", SignedInAt: w.Now()}), nil, fault.NotFound},
		"somebody for the holder":    {reqctx.WithActor(context.Background(), reqctx.Actor{ID: "account:other", ActingFor: licensetest.Holder, SignedInAt: w.Now()}), nil, fault.Forbidden},
		"a login of six minutes ago": {licensetest.FreshPerson(w.Now().Add(-6 * time.Minute)), nil, fault.LoginNotFresh},
		"staff":                      {licensetest.Issuer, nil, fault.Forbidden},
		"to nobody":                  {fresh, func(r *elicense.GrantRequest) { r.Grantee = "unknown" }, fault.Invalid},
		"a purpose not in the list":  {fresh, func(r *elicense.GrantRequest) { r.Purpose = "99" }, fault.Invalid},
		"a field that is none":       {fresh, func(r *elicense.GrantRequest) { r.Fields = []string{"secret"} }, fault.Invalid},
		"no field":                   {fresh, func(r *elicense.GrantRequest) { r.Fields = nil }, fault.Invalid},
		"fields of a copy":           {fresh, func(r *elicense.GrantRequest) { r.Kind = elicense.GrantCopy }, fault.Invalid},
		"something else":             {fresh, func(r *elicense.GrantRequest) { r.Kind = "all" }, fault.Invalid},
		"more uses than any need":    {fresh, func(r *elicense.GrantRequest) { r.Uses = 21 }, fault.Invalid},
		"fewer than none":            {fresh, func(r *elicense.GrantRequest) { r.Uses = -1 }, fault.Invalid},
		"longer than a month":        {fresh, func(r *elicense.GrantRequest) { r.Hours = 721 }, fault.Invalid},
		"an item without bounds":     {fresh, func(r *elicense.GrantRequest) { r.Item = strings.Repeat("1", 65) }, fault.Invalid},
		"a case number without them": {fresh, func(r *elicense.GrantRequest) { r.CaseNumber = strings.Repeat("1", 65) }, fault.Invalid},
	} {
		r := fieldsGrant()
		if c.change != nil {
			c.change(&r)
		}
		_, err := w.Service.Grant(c.ctx, l.ID, r)
		if fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := eventsOf(twin, "license.grant.given"); n != 0 {
		t.Errorf("%d grants", n)
	}
	if _, err := w.Service.ChangeStatus(licensetest.Issuer, l.ID, elicense.StatusChange{Operation: elicense.Suspension, LegalBasis: "b", DecisionNumber: "n"}); err != nil {
		t.Fatal(err)
	}
	_, err := w.Service.Grant(fresh, l.ID, fieldsGrant())
	wantCode(t, err, fault.LicenseState)
}

func TestAGrantEndsAtOnce(t *testing.T) {
	w, _, l := held(t)
	fresh := licensetest.FreshPerson(w.Now())
	give := func(r elicense.GrantRequest) elicense.Grant {
		t.Helper()
		g, err := w.Service.Grant(fresh, l.ID, r)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	g := give(fieldsGrant())
	for name, ctx := range map[string]context.Context{"somebody else": licensetest.As("account:other"), "another application": licensetest.Application(licensetest.OtherPortal),
		"somebody for the holder": reqctx.WithActor(context.Background(), reqctx.Actor{ID: "account:other", ActingFor: licensetest.Holder})} {
		if _, err := w.Service.RevokeGrant(ctx, g.ID); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	for range 2 {
		if g, err := w.Service.RevokeGrant(licensetest.Person, g.ID); err != nil || g.State(w.Now()) != "revoked" {
			t.Errorf("%+v %v", g, err)
		}
	}
	_, err := w.Service.RedeemFields(portal, g.ID, "04")
	wantCode(t, err, fault.GrantEnded)
	own := give(fieldsGrant())
	if _, err := w.Service.RevokeGrant(portal, own.ID); err != nil {
		t.Errorf("an application gives its own back: %v", err)
	}
	late := give(fieldsGrant())
	ended := give(fieldsGrant())
	w.Advance(24 * time.Hour)
	_, err = w.Service.RedeemFields(portal, late.ID, "04")
	wantCode(t, err, fault.GrantEnded)
	w.Advance(-24 * time.Hour)
	if _, err := w.Service.ChangeStatus(licensetest.Issuer, l.ID, elicense.StatusChange{Operation: elicense.Revocation, LegalBasis: "b", DecisionNumber: "n"}); err != nil {
		t.Fatal(err)
	}
	_, err = w.Service.RedeemFields(portal, ended.ID, "04")
	wantCode(t, err, fault.LicenseState)
	page, _, err := w.Service.GrantsOf(licensetest.Person, "", 10)
	if err != nil || len(page) != 4 {
		t.Errorf("%d %v", len(page), err)
	}
	if page, _, err := w.Service.GrantsTo(portal, "", 10); err != nil || len(page) != 4 {
		t.Errorf("%d %v", len(page), err)
	}
	for name, err := range map[string]error{"an application": listError(w.Service.GrantsOf(portal, "", 10)), "somebody for the holder": listError(w.Service.GrantsOf(reqctx.WithActor(context.Background(), reqctx.Actor{ID: "account:x", ActingFor: licensetest.Holder}), "", 10)),
		"a person": listError(w.Service.GrantsTo(licensetest.Person, "", 10))} {
		if fault.CodeOf(err) != fault.Forbidden {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func listError(_ []elicense.Grant, _ string, err error) error { return err }

// TestFiftyAtOnceHaveOneUse: a grant that fifty callers use at one moment.
func TestFiftyAtOnceHaveOneUse(t *testing.T) {
	w, _, l := held(t)
	g, err := w.Service.Grant(licensetest.FreshPerson(w.Now()), l.ID, fieldsGrant())
	if err != nil {
		t.Fatal(err)
	}
	var told, refused atomic.Int32
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			switch _, err := w.Service.RedeemFields(portal, g.ID, "04"); {
			case err == nil:
				told.Add(1)
			case fault.CodeOf(err) == fault.GrantUsed:
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	group.Wait()
	if told.Load() != 1 || refused.Load() != 49 {
		t.Errorf("%d told, %d refused", told.Load(), refused.Load())
	}
}

func TestACopyByAGrant(t *testing.T) {
	w, twin, l := held(t)
	g, err := w.Service.Grant(licensetest.FreshPerson(w.Now()), l.ID, copyGrant())
	if err != nil {
		t.Fatal(err)
	}
	c, err := w.Service.RedeemCopy(portal, g.ID, "04")
	if err != nil {
		t.Fatal(err)
	}
	_, file, err := w.Service.CopyFile(portal, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	result := licensefile.Verify("copy.ofd", file, w.Options(t, w.List(t, l.List)))
	if result.Verdict != verify.Valid || result.License.LicenseID != l.LicenseID || !strings.Contains(fmt.Sprint(result.Reasons), "仅供住房公积金业务使用") {
		t.Errorf("%s %+v", result.Code, result.Reasons)
	}
	if c.Data.Receiver != "示例市住房公积金管理中心" || c.Data.Creator != licensetest.AuthorityName || c.Data.Grant != g.ID || c.Data.RecordURL != licensetest.BaseURL+"/verify/copies/"+c.ID {
		t.Errorf("%+v", c.Data)
	}
	_, err = w.Service.RedeemCopy(portal, g.ID, "04")
	wantCode(t, err, fault.GrantUsed)
	_, _, err = w.Service.CopyFile(licensetest.Application(licensetest.OtherPortal), c.ID)
	wantCode(t, err, fault.NotFound)
	_, _, err = w.Service.CopyFile(licensetest.Person, c.ID)
	wantCode(t, err, fault.Forbidden)
	if n := eventsOf(twin, "license.copy.sealed"); n != 1 {
		t.Errorf("%d events", n)
	}
	if r, err := w.Service.CopyRecord(context.Background(), c.ID); err != nil || r.State != "valid" || r.Purpose != "04" || r.Receiver != c.Data.Receiver {
		t.Errorf("%+v %v", r, err)
	}
	w.Advance(30 * 24 * time.Hour)
	_, _, err = w.Service.CopyFile(portal, c.ID)
	wantCode(t, err, fault.CopyEnded)
	if r, err := w.Service.CopyRecord(context.Background(), c.ID); err != nil || r.State != "expired" {
		t.Errorf("%+v %v", r, err)
	}
	if _, err := w.Service.ChangeStatus(licensetest.Issuer, l.ID, elicense.StatusChange{Operation: elicense.Revocation, LegalBasis: "b", DecisionNumber: "n"}); err != nil {
		t.Fatal(err)
	}
	if r, err := w.Service.CopyRecord(context.Background(), c.ID); err != nil || r.State != "ended" {
		t.Errorf("%+v %v", r, err)
	}
	_, err = w.Service.CopyRecord(context.Background(), "lcopy_none")
	wantCode(t, err, fault.NotFound)
}

// TestACopyThatWasNotSealedIsFinishedLater: the seal was not to be had when the use was taken; the copy comes with the file, once, and costs no
// further use.
func TestACopyThatWasNotSealedIsFinishedLater(t *testing.T) {
	for name, breakIt := range map[string]func(*licensetest.Sealer, *bool){
		"before the seal": func(s *licensetest.Sealer, down *bool) { s.FailBefore = func() bool { return *down } },
		"after the seal":  func(s *licensetest.Sealer, down *bool) { s.FailAfter = func() bool { return *down } },
	} {
		w, twin, l := held(t)
		g, err := w.Service.Grant(licensetest.FreshPerson(w.Now()), l.ID, copyGrant())
		if err != nil {
			t.Fatal(err)
		}
		down := true
		breakIt(w.Sealer, &down)
		if _, err := w.Service.RedeemCopy(portal, g.ID, "04"); err == nil {
			t.Fatalf("%s: no error", name)
		}
		down = false
		stamps := w.Sealer.Stamps
		id := onlyCopy(t, twin)
		if _, err := w.Service.RedeemCopy(portal, g.ID, "04"); fault.CodeOf(err) != fault.GrantUsed {
			t.Errorf("%s: somebody may be at it: %v", name, err)
		}
		w.Advance(time.Minute)
		c, err := w.Service.RedeemCopy(portal, g.ID, "04")
		if err != nil || c.File == "" || c.ID != id {
			t.Fatalf("%s: %v", name, err)
		}
		_, file, err := w.Service.CopyFile(portal, id)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_, again, err := w.Service.CopyFile(portal, id)
		if err != nil || string(again) != string(file) || w.Sealer.Stamps > stamps+1 {
			t.Errorf("%s: another file, %d seals, %v", name, w.Sealer.Stamps, err)
		}
		if g, err := twin.FindGrant(context.Background(), g.ID); err != nil || g.Left != 0 {
			t.Errorf("%s: %+v %v", name, g, err)
		}
	}
	w, twin, l := held(t)
	g, err := w.Service.Grant(licensetest.FreshPerson(w.Now()), l.ID, copyGrant())
	if err != nil {
		t.Fatal(err)
	}
	w.Sealer.Change = func(sealed []byte) []byte { // a sealer that gives something else back
		original, err := w.Blobs.Get(context.Background(), l.File)
		if err != nil {
			t.Fatal(err)
		}
		return original
	}
	if _, err := w.Service.RedeemCopy(portal, g.ID, "04"); fault.CodeOf(err) != fault.LicenseInconsistent {
		t.Errorf("what came back was not compared: %v", err)
	}
	if c, err := twin.FindCopy(context.Background(), onlyCopy(t, twin)); err != nil || c.File != "" {
		t.Errorf("%+v %v", c, err)
	}
}

// onlyCopy is the one copy that was planned.
func onlyCopy(t *testing.T, twin *licensetest.Twin) string {
	t.Helper()
	ids := twin.CopyIDs()
	if len(ids) != 1 {
		t.Fatalf("%d copies", len(ids))
	}
	return ids[0]
}

func TestUseByFunctionTellsTheHolder(t *testing.T) {
	w, twin, l := held(t)
	department := licensetest.Application(licensetest.Portal, elicense.RoleUser)
	request := elicense.GrantRequest{Purpose: "04", Item: "330100-gjj-01", CaseNumber: "AJ-1", Fields: []string{"license_number"}}
	for name, c := range map[string]struct {
		ctx  context.Context
		ids  []string
		code fault.Code
	}{
		"nobody":             {context.Background(), []string{l.LicenseID}, fault.Unauthenticated},
		"without the role":   {portal, []string{l.LicenseID}, fault.Forbidden},
		"a member of staff":  {licensetest.As("staff:x", elicense.RoleUser), []string{l.LicenseID}, fault.Forbidden},
		"no licence":         {department, nil, fault.Invalid},
		"more than one call": {department, make([]string, 101), fault.Invalid},
	} {
		ctx := c.ctx
		if _, err := w.Service.GrantByFunction(ctx, c.ids, request); fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, change := range map[string]func(*elicense.GrantRequest){"without a case": func(r *elicense.GrantRequest) { r.CaseNumber = "" }, "without an item": func(r *elicense.GrantRequest) { r.Item = "" }} {
		r := request
		change(&r)
		results, err := w.Service.GrantByFunction(department, []string{l.LicenseID}, r)
		if err != nil || fault.CodeOf(results[0].Err) != fault.Invalid {
			t.Errorf("%s: %+v %v", name, results, err)
		}
	}
	results, err := w.Service.GrantByFunction(department, []string{"1.2.156.3005.2.none", l.LicenseID}, request)
	if err != nil || len(results) != 2 || fault.CodeOf(results[0].Err) != fault.NotFound || results[1].Err != nil {
		t.Fatalf("each is judged alone: %+v %v", results, err)
	}
	g := results[1].Grant
	if g.Mode != elicense.GrantFunction || g.Grantee != licensetest.Portal || g.Proof != "case:AJ-1" {
		t.Errorf("%+v", g)
	}
	var told []elicense.GrantNotice
	for _, r := range twin.Records() {
		for _, m := range r.Messages {
			var n elicense.GrantNotice
			if m.Topic == elicense.TopicGranted && json.Unmarshal(m.Payload, &n) == nil {
				told = append(told, n)
			}
		}
	}
	if len(told) != 1 || told[0].HolderRef != licensetest.Holder || told[0].Grant != g.ID {
		t.Errorf("%+v", told)
	}
	if _, err := w.Service.RevokeGrant(licensetest.Person, g.ID); fault.CodeOf(err) != fault.NotFound {
		t.Errorf("the holder ends what the law gives: %v", err)
	}
	if r, err := w.Service.RedeemFields(department, g.ID, "04"); err != nil || len(r.Values) != 1 {
		t.Errorf("%+v %v", r, err)
	}
	if page, _, err := w.Service.GrantsOf(licensetest.Person, "", 10); err != nil || len(page) != 1 || page[0].UsedAt.IsZero() {
		t.Errorf("the holder sees it: %+v %v", page, err)
	}
}

func TestPurposesAreNamedInAllLanguages(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range elicense.Purposes() {
		for _, locale := range []string{"zh-CN", "zh-Hant", "en"} {
			if p.Name[locale] == "" {
				t.Errorf("%s has no name in %s", p.Code, locale)
			}
		}
		if len(p.Code) != 2 || seen[p.Code] || len([]rune(p.Name["zh-CN"])) > 60 {
			t.Errorf("%q", p.Code)
		}
		seen[p.Code] = true
	}
	if len(seen) == 0 {
		t.Error("no purposes")
	}
}
