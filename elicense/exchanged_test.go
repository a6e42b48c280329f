package elicense_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

var bureau = licensetest.Application(licensetest.Portal, elicense.RoleUser)

func functionTerms() elicense.GrantRequest {
	return elicense.GrantRequest{Purpose: "04", Item: "330100-gjj-01", CaseNumber: "c-1", Hours: 1}
}

func TestFieldsByFunctionAreGivenAndUsedInOneCall(t *testing.T) {
	w, twin, l := held(t)
	r := functionTerms()
	r.Fields = []string{"certificateNumber", "legal_representative", "dates_hold"}
	redeemed, err := w.Service.FieldsByFunction(bureau, l.LicenseID, r)
	if err != nil || len(redeemed.Values) != 3 || redeemed.Grant.Left != 0 || redeemed.Grant.Mode != elicense.GrantFunction {
		t.Fatalf("%+v %v", redeemed, err)
	}
	for _, kind := range []string{"license.grant.function", "license.grant.used"} {
		if n := eventsOf(twin, kind); n != 1 {
			t.Errorf("%d events %s", n, kind)
		}
	}
	for name, c := range map[string]struct {
		ctx  context.Context
		id   string
		code fault.Code
	}{
		"nobody":              {context.Background(), l.LicenseID, fault.Unauthenticated},
		"without the role":    {portal, l.LicenseID, fault.Forbidden},
		"the holder":          {licensetest.Person, l.LicenseID, fault.Forbidden},
		"one that is not one": {bureau, "1.2.3", fault.NotFound},
	} {
		_, err := w.Service.FieldsByFunction(c.ctx, c.id, functionTerms())
		if fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.Advance(-72 * time.Hour) // the sample is in force from 2026-11-24
	_, err = w.Service.FieldsByFunction(bureau, l.LicenseID, functionTerms())
	if status, ok := errors.AsType[*elicense.StatusError](err); !ok || status.Status != elicense.StatusNotYet || fault.CodeOf(err) != fault.LicenseState {
		t.Errorf("before its period: %v", err)
	}
}

func TestALinkOfACopyIsGoodOnceAndForTenMinutes(t *testing.T) {
	w, twin, l := held(t)
	link := func() string {
		c, err := w.Service.CopyByFunction(bureau, l.LicenseID, functionTerms(), time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.Service.LinkCopy(licensetest.Application(licensetest.OtherPortal), c); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("a link to the copy of another: %v", err)
		}
		secret, ends, err := w.Service.LinkCopy(bureau, c)
		if err != nil || !ends.Equal(w.Now().UTC().Truncate(time.Microsecond).Add(10*time.Minute)) || len(secret) < 40 {
			t.Fatalf("%v %d %v", ends, len(secret), err)
		}
		return secret
	}
	secret := link()
	var got atomic.Int32
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			_, content, err := w.Service.FetchLinked(context.Background(), secret)
			switch {
			case err == nil && len(content) > 0:
				got.Add(1)
			case fault.CodeOf(err) != fault.CopyLinkEnded:
				t.Errorf("%v", err)
			}
		})
	}
	group.Wait()
	if got.Load() != 1 || eventsOf(twin, "license.copy.fetched") != 1 {
		t.Errorf("%d downloads, %d on record", got.Load(), eventsOf(twin, "license.copy.fetched"))
	}
	late := link()
	w.Advance(10 * time.Minute)
	for secret, code := range map[string]fault.Code{late: fault.CopyLinkEnded, "none": fault.NotFound, strings.Repeat("a", 65): fault.NotFound} {
		_, _, err := w.Service.FetchLinked(context.Background(), secret)
		wantCode(t, err, code)
	}
	frozen := link()
	if _, err := w.Service.FreezeUse(licensetest.FreshPerson(w.Now()), l.ID); err != nil {
		t.Fatal(err)
	}
	_, _, err := w.Service.FetchLinked(context.Background(), frozen)
	wantCode(t, err, fault.LicenseFrozen)
}

func TestACopyEndsWhenItsReceiverWishes(t *testing.T) {
	w, _, l := held(t)
	for name, c := range map[string]struct {
		after time.Duration
		code  fault.Code
	}{"a day": {24 * time.Hour, ""}, "no time": {-time.Second, fault.Invalid}, "longer than any": {31 * 24 * time.Hour, fault.Invalid}} {
		until := w.Now().UTC().Truncate(time.Second).Add(c.after)
		made, err := w.Service.CopyByFunction(bureau, l.LicenseID, functionTerms(), until)
		if fault.CodeOf(err) != c.code && err != nil || err == nil && !made.Expires.Equal(until) || (err == nil) != (c.code == "") {
			t.Errorf("%s: %v %v", name, made.Expires, err)
		}
	}
}

func holderQuery(t *testing.T) elicense.HolderQuery {
	t.Helper()
	h := licensetest.SampleApplication("B1").Holders[0]
	return elicense.HolderQuery{CodeType: h.CodeType, Code: h.Code, TypeCode: licensetest.BusinessLicense}
}

// L-10: what an application does not know it may guess five times a day for a holder's code; what it knows costs nothing.
func TestGuessesByHolderCodeAreBounded(t *testing.T) {
	w, _, l := held(t)
	right := holderQuery(t)
	for range 8 {
		ids, err := w.Service.HeldLicenses(bureau, right)
		if err != nil || len(ids) != 1 || ids[0] != l.LicenseID {
			t.Fatalf("%v %v", ids, err)
		}
	}
	wrong := right
	wrong.Code = "91350100M000100Y43"
	for range 5 {
		_, err := w.Service.HeldLicenses(bureau, wrong)
		wantCode(t, err, fault.NotFound)
	}
	_, err := w.Service.HeldLicenses(bureau, wrong)
	wantCode(t, err, fault.LookupLimited)
	for name, c := range map[string]struct {
		ctx    context.Context
		change func(*elicense.HolderQuery)
		code   fault.Code
	}{
		"nobody":            {context.Background(), func(*elicense.HolderQuery) {}, fault.Unauthenticated},
		"without the role":  {portal, func(*elicense.HolderQuery) {}, fault.Forbidden},
		"no type":           {bureau, func(q *elicense.HolderQuery) { q.TypeCode = "x" }, fault.LicenseTypeUnknown},
		"no code":           {bureau, func(q *elicense.HolderQuery) { q.Code = " " }, fault.Invalid},
		"another code type": {bureau, func(q *elicense.HolderQuery) { q.CodeType = "111" }, fault.Invalid},
		"another's number":  {bureau, func(q *elicense.HolderQuery) { q.Number = "1" }, fault.NotFound},
		"a long code":       {bureau, func(q *elicense.HolderQuery) { q.Code = strings.Repeat("1", 65) }, fault.Invalid},
	} {
		q := right
		c.change(&q)
		_, err := w.Service.HeldLicenses(c.ctx, q)
		if fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// L-10: what is wrong counts on the application too, as in lists, whatever codes it tries.
func TestGuessesOfAnApplicationAreBounded(t *testing.T) {
	w, _, _ := held(t)
	right, wrong := holderQuery(t), holderQuery(t)
	for n := range 5000 {
		wrong.Code = fmt.Sprintf("W%05d", n)
		if _, err := w.Service.HeldLicenses(bureau, wrong); fault.CodeOf(err) != fault.NotFound {
			t.Fatalf("guess %d: %v", n, err)
		}
	}
	_, err := w.Service.HeldLicenses(bureau, right)
	wantCode(t, err, fault.LookupLimited)
	if _, err := w.Service.HeldLicenses(licensetest.Application(licensetest.OtherPortal, elicense.RoleUser), right); err != nil {
		t.Errorf("another application: %v", err)
	}
}

func TestComparingTellsWhetherAllIsRight(t *testing.T) {
	w, _, _ := held(t)
	q := holderQuery(t)
	q.CodeType = ""
	name := licensetest.SampleApplication("B1").Holders[0].Name
	compare := func(code string, values map[string]string) (elicense.Comparison, error) {
		asked := q
		if code != "" {
			asked.Code = code
		}
		return w.Service.Compare(bureau, asked, values)
	}
	if c, err := compare("", map[string]string{"holder_name": name, "holder_code": q.Code}); err != nil || c != (elicense.Comparison{Found: true, Same: true, Status: "valid"}) {
		t.Errorf("%+v %v", c, err)
	}
	uses, err := w.Service.UsesOf(context.Background(), elicense.UseQuery{HolderRef: licensetest.Holder, Till: w.Now().Add(time.Hour), Limit: 10})
	if err != nil || len(uses) != 1 || strings.Join(uses[0].Fields, " ") != "holder_code holder_name license_status" || uses[0].Receiver != licensetest.Portal {
		t.Errorf("%+v %v", uses, err)
	}
	if c, err := compare("91350100M000100Y43", map[string]string{"holder_name": name}); err != nil || c.Found {
		t.Errorf("nobody's code: %+v %v", c, err)
	}
	if _, err := compare("", map[string]string{"secret": "1"}); fault.CodeOf(err) != fault.Invalid {
		t.Errorf("no field: %v", err)
	}
	for range 5 {
		if c, err := compare("", map[string]string{"holder_name": name + "x"}); err != nil || !c.Found || c.Same || c.Status != "" {
			t.Errorf("%+v %v", c, err)
		}
	}
	_, err = compare("", map[string]string{"holder_name": name})
	wantCode(t, err, fault.LookupLimited) // one that guesses is not told a right guess either
}
