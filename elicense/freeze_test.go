package elicense_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

func TestAFrozenLicenceIsUsedByNobody(t *testing.T) {
	for _, all := range []bool{false, true} {
		w, twin, l := held(t)
		fresh, person := licensetest.FreshPerson(w.Now()), licensetest.Person
		forHolder := reqctx.WithActor(context.Background(), reqctx.Actor{ID: licensetest.Holder, Client: licensetest.Portal})
		agent := reqctx.WithActor(context.Background(), reqctx.Actor{ID: "account:agent", ActingFor: licensetest.Holder})
		byFunction := licensetest.Application(licensetest.Portal, elicense.RoleUser)
		function := elicense.GrantRequest{Purpose: "04", Item: "i", CaseNumber: "c", Fields: []string{"license_number"}}
		given := func(r elicense.GrantRequest) elicense.Grant {
			t.Helper()
			g, err := w.Service.Grant(fresh, l.ID, r)
			if err != nil {
				t.Fatal(err)
			}
			return g
		}
		fields, copies, made := given(fieldsGrant()), given(copyGrant()), given(copyGrant())
		c, err := w.Service.RedeemCopy(portal, made.ID, "04")
		if err != nil {
			t.Fatal(err)
		}
		shown, err := w.Service.Present(person, l.ID, elicense.PresentRequest{})
		if err != nil {
			t.Fatal(err)
		}
		row := l.ID
		if all {
			row = ""
		}
		for range 2 { // the second changes nothing
			if _, err := w.Service.FreezeUse(person, row); err != nil {
				t.Fatal(err)
			}
		}
		if n := eventsOf(twin, "license.use_frozen"); n != 1 {
			t.Errorf("frozen %d times", n)
		}
		uses := map[string]func() error{
			"a new code": func() error { _, err := w.Service.Present(person, l.ID, elicense.PresentRequest{}); return err },
			"the next step": func() error {
				_, err := w.Service.Present(person, l.ID, elicense.PresentRequest{Presentation: shown.ID})
				return err
			},
			"a code by an agent": func() error { _, err := w.Service.Present(agent, l.ID, elicense.PresentRequest{}); return err },
			"a scan":             func() error { _, err := w.Service.VerifyCode(context.Background(), shown.Code); return err },
			"a grant":            func() error { _, err := w.Service.Grant(fresh, l.ID, fieldsGrant()); return err },
			"by function": func() error {
				results, err := w.Service.GrantByFunction(byFunction, []string{l.LicenseID}, function)
				if err != nil {
					return err
				}
				return results[0].Err
			},
			"fields by a grant":      func() error { _, err := w.Service.RedeemFields(portal, fields.ID, "04"); return err },
			"a copy by a grant":      func() error { _, err := w.Service.RedeemCopy(portal, copies.ID, "04"); return err },
			"a copy that is there":   func() error { _, _, err := w.Service.CopyFile(portal, c.ID); return err },
			"read for the holder":    func() error { _, err := w.Service.Find(forHolder, l.ID); return err },
			"fetched for the holder": func() error { _, _, err := w.Service.Document(forHolder, l.ID); return err },
		}
		for name, use := range uses {
			before := eventsOf(twin, "license.use_refused")
			wantCode(t, use(), fault.LicenseFrozen)
			if n := eventsOf(twin, "license.use_refused"); n != before+1 {
				t.Errorf("%s: %d refusals on record", name, n-before)
			}
		}
		// The licence itself is as it was: for its holder, for staff, for who verifies its file or asks by its number.
		if _, content, err := w.Service.Document(person, l.ID); err != nil {
			t.Errorf("the holder's own file: %v", err)
		} else if r := licensefile.Verify("a.ofd", content, w.Options(t, w.List(t, l.List))); r.Verdict != verify.Valid {
			t.Errorf("the file: %s", r.Code)
		}
		if r, err := w.Service.Lookup(context.Background(), l.LicenseID, "003B"); err != nil || r.Verdict != verify.Valid {
			t.Errorf("the number: %s %v", r.Code, err)
		}
		if d, err := w.Service.Find(licensetest.Clerk, l.ID); err != nil || d.Status != "valid" {
			t.Errorf("the register: %s %v", d.Status, err)
		}
		if err := w.Service.UnfreezeUse(licensetest.FreshPerson(w.Now().Add(-6*time.Minute)), row); fault.CodeOf(err) != fault.LoginNotFresh {
			t.Errorf("an old login: %v", err)
		}
		for range 2 {
			if err := w.Service.UnfreezeUse(fresh, row); err != nil {
				t.Fatal(err)
			}
		}
		if n := eventsOf(twin, "license.use_unfrozen"); n != 1 {
			t.Errorf("ended %d times", n)
		}
		for _, name := range []string{"the next step", "a scan", "a grant", "by function", "fields by a grant", "a copy by a grant", "a copy that is there", "read for the holder"} {
			if err := uses[name](); err != nil {
				t.Errorf("after the freeze, %s: %v", name, err)
			}
		}
		var told []bool
		for _, r := range twin.Records() {
			for _, m := range r.Messages {
				if m.Topic == elicense.TopicFrozen {
					var notice elicense.FreezeNotice
					if err := json.Unmarshal(m.Payload, &notice); err != nil || notice.HolderRef != licensetest.Holder || notice.License != row || (notice.TypeCode == "") != all {
						t.Errorf("%s %v", m.Payload, err)
					}
					told = append(told, notice.Frozen)
				}
			}
		}
		if len(told) != 2 || !told[0] || told[1] {
			t.Errorf("the holder is told %v", told)
		}
	}
}

func TestWhoMayFreeze(t *testing.T) {
	w, _, l := held(t)
	for name, c := range map[string]struct {
		ctx  context.Context
		id   string
		code fault.Code
	}{
		"nobody":                  {context.Background(), "", fault.Unauthenticated},
		"somebody for the holder": {reqctx.WithActor(context.Background(), reqctx.Actor{ID: "account:other", ActingFor: licensetest.Holder, SignedInAt: w.Now()}), l.ID, fault.Forbidden},
		"all, for the holder":     {reqctx.WithActor(context.Background(), reqctx.Actor{ID: "account:other", ActingFor: licensetest.Holder, SignedInAt: w.Now()}), "", fault.Forbidden},
		"staff":                   {licensetest.Issuer, l.ID, fault.Forbidden},
		"an application":          {portal, "", fault.Forbidden},
		"another person":          {reqctx.WithActor(context.Background(), reqctx.Actor{ID: "account:other", SignedInAt: w.Now()}), l.ID, fault.NotFound},
		"no licence":              {licensetest.FreshPerson(w.Now()), "lic_none", fault.NotFound},
	} {
		if _, err := w.Service.FreezeUse(c.ctx, c.id); fault.CodeOf(err) != c.code {
			t.Errorf("freeze, %s: %v", name, err)
		}
		if err := w.Service.UnfreezeUse(c.ctx, c.id); fault.CodeOf(err) != c.code {
			t.Errorf("unfreeze, %s: %v", name, err)
		}
	}
	if all, one, err := w.Service.UseFrozen(context.Background(), l); err != nil || all || one {
		t.Errorf("%v %v %v", all, one, err)
	}
	if _, err := w.Service.FreezeUse(licensetest.Person, ""); err != nil {
		t.Fatal(err)
	}
	unheld := l
	unheld.HolderRef = "" // nobody's freeze can be meant
	if all, one, err := w.Service.UseFrozen(context.Background(), unheld); err != nil || all || one {
		t.Errorf("a licence without an account: %v %v %v", all, one, err)
	}
	if page, next, err := w.Service.FreezesOf(licensetest.Person, "", 10); err != nil || len(page) != 1 || next != "" || page[0].License != "" {
		t.Errorf("%+v %q %v", page, next, err)
	}
	if _, _, err := w.Service.FreezesOf(licensetest.Issuer, "", 10); fault.CodeOf(err) != fault.Forbidden {
		t.Errorf("staff: %v", err)
	}
}
