package elicense_test

import (
	"bytes"
	"context"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/esign/pdf"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

var forms = []elicense.Form{elicense.FormOFD, elicense.FormPDF, elicense.FormHTML, elicense.FormText, elicense.FormPNG}

func TestALicenceIsReadInEveryForm(t *testing.T) {
	w, _ := newWorld(t)
	w.RealLetters = true
	w.Restart(t)
	l := w.Issued(t, licensetest.SampleApplication("B1"))
	read := func(form elicense.Form, language string) elicense.Edition {
		t.Helper()
		e, err := w.Service.Edition(licensetest.Person, l.ID, form, language, 1)
		if err != nil {
			t.Fatalf("%s %s: %v", form, language, err)
		}
		return e
	}
	for form, want := range map[elicense.Form]string{elicense.FormOFD: ".OFD", elicense.FormPDF: ".pdf", elicense.FormHTML: ".html", elicense.FormText: ".txt", elicense.FormPNG: "-1.png"} {
		if e := read(form, ""); e.Name != l.LicenseID+want || len(e.Content) == 0 {
			t.Errorf("%s is called %q", form, e.Name)
		}
	}
	if e := read(elicense.FormPDF, "en"); e.Name != l.LicenseID+"-en.pdf" {
		t.Errorf("%q", e.Name)
	} else if _, err := pdf.Open(e.Content, pdf.DefaultLimits()); err != nil {
		t.Error(err)
	}
	if _, err := png.Decode(bytes.NewReader(read(elicense.FormPNG, "").Content)); err != nil {
		t.Error(err)
	}
	// The status is that of the moment, not that of the day of issue.
	if _, err := w.Service.ChangeStatus(licensetest.Issuer, l.ID, elicense.StatusChange{Operation: elicense.Suspension, LegalBasis: "《行政许可法》第七十条", DecisionNumber: "1号", Until: w.Now().Add(48 * time.Hour)}); err != nil {
		t.Fatal(err)
	}
	for _, form := range []elicense.Form{elicense.FormHTML, elicense.FormText} {
		if e := read(form, "en"); !strings.Contains(string(e.Content), "Suspended") || strings.Contains(string(e.Content), "In force") || !strings.Contains(string(e.Content), l.LicenseID) {
			t.Errorf("%s: %s", form, e.Content)
		}
	}
}

// TestFormsHaveTheRightsOfTheOriginal: who may not have the sealed file has none of its copies, and what an application fetches is on record.
func TestFormsHaveTheRightsOfTheOriginal(t *testing.T) {
	w, twin := newWorld(t)
	w.RealLetters = true
	w.Restart(t)
	l := w.Issued(t, licensetest.SampleApplication("B1"))
	waiting, _, err := w.Service.Apply(licensetest.Clerk, licensetest.SampleApplication("B2"))
	if err != nil {
		t.Fatal(err)
	}
	forHolder := reqctx.WithActor(context.Background(), reqctx.Actor{ID: licensetest.Holder, Client: licensetest.Portal})
	for _, form := range forms {
		_, err := w.Service.Edition(licensetest.As("account:other"), l.ID, form, "", 1)
		wantCode(t, err, fault.NotFound)
		_, err = w.Service.Edition(context.Background(), l.ID, form, "", 1)
		wantCode(t, err, fault.Unauthenticated)
		_, err = w.Service.Edition(licensetest.Clerk, waiting.ID, form, "", 1)
		wantCode(t, err, fault.LicenseState)
		before := eventsOf(twin, "license.fetched_for_holder")
		if _, err := w.Service.Edition(forHolder, l.ID, form, "", 1); err != nil {
			t.Fatal(err)
		}
		if n := eventsOf(twin, "license.fetched_for_holder"); n != before+1 {
			t.Errorf("%s: %d records of what was fetched", form, n-before)
		}
	}
	for _, c := range []struct {
		form     elicense.Form
		language string
		page     int
		code     fault.Code
	}{{"docx", "", 1, fault.LicenseForm}, {elicense.FormPDF, "fr", 1, fault.LicenseLanguage}, {elicense.FormOFD, "en", 1, fault.LicenseLanguage}, {elicense.FormPNG, "en", 1, fault.LicenseLanguage}, {elicense.FormPNG, "", 2, fault.LicensePage}, {elicense.FormPNG, "", 0, fault.LicensePage}} {
		_, err := w.Service.Edition(licensetest.Person, l.ID, c.form, c.language, c.page)
		wantCode(t, err, c.code)
	}
	if _, err := w.Service.FreezeUse(licensetest.FreshPerson(w.Now()), l.ID); err != nil {
		t.Fatal(err)
	}
	for _, form := range forms {
		_, err := w.Service.Edition(forHolder, l.ID, form, "", 1)
		wantCode(t, err, fault.LicenseFrozen)
	}
}
