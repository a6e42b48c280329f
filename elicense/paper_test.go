package elicense_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/elicense/presentation"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

func wantReport(t *testing.T, what string, r verify.Result, err error, want ...string) {
	t.Helper()
	got := []string{r.Code}
	for _, reason := range r.Reasons {
		if reason.Code != "paper_copy" && reason.Code != "paper_says" {
			got = append(got, reason.Code)
		}
	}
	if err != nil || strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%s: %v %v, want %v", what, got, err, want)
	}
}

// heldTill is held, with an end of the licence.
func heldTill(t *testing.T, end string) (*licensetest.World, *licensetest.Twin, elicense.License) {
	t.Helper()
	w, twin := newWorld(t)
	a := licensetest.SampleApplication("B1")
	a.ExpiringDate = end
	return w, twin, w.Issued(t, a)
}

func TestAPaperCopyIsPrintedCheckedAndWithdrawn(t *testing.T) {
	w, twin, l := held(t)
	person, anybody := licensetest.Person, context.Background()
	for _, profile := range []string{"", "f"} {
		p, err := w.Service.PrintPaper(person, l.ID, elicense.PaperRequest{Profile: profile})
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Join(p.Lines, "\r\n")
		if full := strings.Contains(text, "张") && !strings.Contains(text, "张*"); full != (profile == "f") || !strings.Contains(text, p.ID) || !strings.Contains(text, "证明内容，不证明持有人") {
			t.Errorf("%q: %s", profile, text)
		}
		if days := p.ExpiresAt.Sub(p.IssuedAt); days != 90*24*time.Hour {
			t.Errorf("%v", days)
		}
		decoded, err := presentation.Decode(p.Code)
		if err != nil || *decoded.View.Status != (presentation.StatusEntry{List: l.List, Index: l.Index}) || decoded.View.Paper.Identifier != presentation.IdentifierHash(l.LicenseID) {
			t.Fatalf("%+v %v", decoded, err)
		}
		for range 2 { // paper is no code to be used once
			r, err := w.Service.VerifyCode(anybody, p.Code)
			wantReport(t, "online", r, err, "V00")
		}
		r, err := w.Service.VerifyPaper(anybody, p.Code, text)
		wantReport(t, "with the text of the page", r, err, "V00")
		r, err = w.Service.VerifyPaper(anybody, p.Code, strings.Replace(text, "启明", "启朋", 1))
		wantReport(t, "with another text", r, err, "V20", "paper_text")
		_, err = w.Service.VerifyPaper(anybody, p.Code, strings.Repeat("长", 16<<10))
		wantCode(t, err, fault.Invalid)

		options := evidence(t, w)
		offline := func(o licensefile.Options) verify.Result {
			return licensefile.Verify("paper.txt", []byte(p.Code), o)
		}
		wantReport(t, "offline without a list", offline(options), nil, "V01", "license_status_unknown")
		options.StatusLists = []*statuslist.List{w.List(t, l.List)}
		wantReport(t, "offline", offline(options), nil, "V00")
		if err := w.Service.WithdrawPaper(person, p.ID); err != nil {
			t.Fatal(err)
		}
		if err := w.Service.WithdrawPaper(person, p.ID); err != nil { // changes nothing
			t.Fatal(err)
		}
		r, err = w.Service.VerifyCode(anybody, p.Code)
		wantReport(t, "withdrawn, online", r, err, "V41", "paper_withdrawn")
		w.Advance(2 * time.Hour)
		options = evidence(t, w)
		options.StatusLists = []*statuslist.List{w.List(t, l.List)}
		wantReport(t, "withdrawn, offline", offline(options), nil, "V01", "code_status_change")
	}
	for event, want := range map[string]int{"license.paper.printed": 2, "license.paper.withdrawn": 2, "license.paper.checked": 8} {
		if n := eventsOf(twin, event); n != want {
			t.Errorf("%s %d times", event, n)
		}
	}
	list, err := w.Service.UsesOf(person, elicense.UseQuery{HolderRef: licensetest.Holder, Till: w.Now().Add(time.Hour), Limit: 9})
	kinds := map[elicense.UseKind]int64{}
	for _, u := range list {
		kinds[u.Kind] += u.Count
		if u.Kind == elicense.UsePrinted && u.Receiver != elicense.ReceiverSelf || u.Kind == elicense.UsePaperChecked && u.Receiver != elicense.ReceiverAnybody {
			t.Errorf("%+v", u)
		}
	}
	if err != nil || kinds[elicense.UsePrinted] != 2 || kinds[elicense.UsePaperChecked] != 8 {
		t.Errorf("%v %v", kinds, err)
	}
	if page, next, err := w.Service.PapersOf(person, "", 1); err != nil || len(page) != 1 || next == "" {
		t.Errorf("%v %q %v", page, next, err)
	}
}

func TestPapersEndWithTheLicence(t *testing.T) {
	w, _, l := heldTill(t, "20261225")
	p, err := w.Service.PrintPaper(licensetest.Person, l.ID, elicense.PaperRequest{Days: 365})
	if err != nil || p.ExpiresAt.Format(time.RFC3339) != "2026-12-25T15:59:59Z" {
		t.Fatalf("%v %v", p.ExpiresAt, err)
	}
	if _, err := w.Service.ChangeStatus(licensetest.Issuer, l.ID, order(elicense.Revocation, "")); err != nil {
		t.Fatal(err)
	}
	r, err := w.Service.VerifyCode(context.Background(), p.Code)
	wantReport(t, "revoked, online", r, err, "V10", "license_ended")
	if err := w.Service.PublishList(context.Background(), l.List); err != nil {
		t.Fatal(err)
	}
	options := evidence(t, w)
	options.StatusLists = []*statuslist.List{w.List(t, l.List)}
	wantReport(t, "revoked, offline", licensefile.Verify("p.txt", []byte(p.Code), options), nil, "V10", "license_ended")
	_, err = w.Service.PrintPaper(licensetest.Person, l.ID, elicense.PaperRequest{})
	wantCode(t, err, fault.LicenseState)
}

func TestPapersThatAreNotPrinted(t *testing.T) {
	w, twin, l := held(t)
	agent := reqctx.WithActor(context.Background(), reqctx.Actor{ID: "account:agent", ActingFor: licensetest.Holder})
	stranger := licensetest.As("account:stranger")
	for name, c := range map[string]struct {
		ctx  context.Context
		id   string
		r    elicense.PaperRequest
		code fault.Code
	}{
		"nobody":              {context.Background(), l.ID, elicense.PaperRequest{}, fault.Unauthenticated},
		"who acts for holder": {agent, l.ID, elicense.PaperRequest{}, fault.Forbidden},
		"somebody else":       {stranger, l.ID, elicense.PaperRequest{}, fault.NotFound},
		"view for offices":    {licensetest.Person, l.ID, elicense.PaperRequest{Profile: "a"}, fault.Invalid},
		"days of one's own":   {licensetest.Person, l.ID, elicense.PaperRequest{Days: 366}, fault.Invalid},
	} {
		_, err := w.Service.PrintPaper(c.ctx, c.id, c.r)
		if fault.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
	p, err := w.Service.PrintPaper(licensetest.Person, l.ID, elicense.PaperRequest{})
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, w.Service.WithdrawPaper(stranger, p.ID), fault.NotFound)
	for range 29 {
		if _, err := w.Service.PrintPaper(licensetest.Person, l.ID, elicense.PaperRequest{Days: 30}); err != nil {
			t.Fatal(err)
		}
	}
	_, err = w.Service.PrintPaper(licensetest.Person, l.ID, elicense.PaperRequest{})
	wantCode(t, err, fault.PapersMany)
	if _, err := w.Service.FreezeUse(licensetest.Person, l.ID); err != nil {
		t.Fatal(err)
	}
	_, err = w.Service.PrintPaper(licensetest.Person, l.ID, elicense.PaperRequest{})
	wantCode(t, err, fault.LicenseFrozen)
	r, err := w.Service.VerifyCode(context.Background(), p.Code) // it is out, as a file is
	wantReport(t, "frozen", r, err, "V00")
	if n := eventsOf(twin, "license.paper.printed"); n != 30 {
		t.Errorf("printed %d times", n)
	}
	w.Advance(91 * 24 * time.Hour)
	_, err = w.Service.VerifyCode(context.Background(), p.Code)
	wantCode(t, err, fault.CodeExpired)
}

func TestPolicyOfPapers(t *testing.T) {
	if days := elicense.PaperDays(); len(days) == 0 {
		t.Error("no days")
	} else {
		for _, n := range days {
			if n < 1 || time.Duration(n)*24*time.Hour > presentation.MaxPaperLife {
				t.Errorf("%d days", n)
			}
		}
	}
	for _, kind := range catalog.Default().Types() {
		if len(elicense.PaperProfiles(kind)) == 0 {
			t.Errorf("%s can be printed in no view", kind.Code)
		}
	}
}
