package elicense_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

func newWorld(t testing.TB) (*licensetest.World, *licensetest.Twin) {
	t.Helper()
	twin := licensetest.NewTwin()
	return licensetest.NewWorld(t, twin), twin
}

func wantCode(t *testing.T, err error, code fault.Code) {
	t.Helper()
	if got := fault.CodeOf(err); got != code {
		t.Errorf("got %v (%v), want %s", got, err, code)
	}
}

func eventTypes(records []audit.Record) (types []string) {
	for _, r := range records {
		for _, e := range r.Events {
			types = append(types, e.Type)
		}
	}
	return types
}

func TestIssueThenVerify(t *testing.T) {
	w, twin := newWorld(t)
	l := w.Issued(t, licensetest.SampleApplication("B1"))
	if l.State != elicense.StateActive || l.Status != "valid" || l.Version != 1 {
		t.Fatalf("%+v", l)
	}
	id, err := catalog.ParseID(l.LicenseID)
	if err != nil || id.TypeCode != licensetest.BusinessLicense || id.IssuerCode != licensetest.AuthorityCode {
		t.Fatalf("%v %v", id, err)
	}
	types := eventTypes(twin.Records())
	for _, want := range []string{"license.applied", "license.reviewed", "license.issue.planned", "license.issue.signed", "license.issued"} {
		if !slices.Contains(types, want) {
			t.Errorf("no audit event %s in %v", want, types)
		}
	}
	name, document, err := w.Service.Document(licensetest.Person, l.ID)
	if err != nil || name != l.LicenseID+".OFD" {
		t.Fatalf("%q %v", name, err)
	}
	list := w.List(t, l.List)
	offline := licensefile.Verify(name, document, w.Options(t, list))
	if offline.Verdict != verify.Valid || offline.Code != "V00" || offline.License.Status != "valid" || offline.License.StatusSource != "list" || offline.License.LicenseID != l.LicenseID {
		t.Fatalf("%+v %+v", offline, offline.License)
	}
	online, err := w.Service.VerifyFile(context.Background(), name, document)
	if err != nil || online.Verdict != verify.Valid || online.Code != "V00" || len(online.Signatures) != 1 {
		t.Errorf("%+v %v", online, err)
	}
	// The same trust and lists give the same report, whoever asks.
	if a, b := len(online.Signatures[0].Checks), len(offline.Signatures[0].Checks); a != b || online.SM3 != offline.SM3 || len(online.Reasons) != len(offline.Reasons) {
		t.Errorf("reports differ: %+v %+v", online, offline)
	}
}

func TestApplyTwice(t *testing.T) {
	w, _ := newWorld(t)
	first, created, err := w.Service.Apply(licensetest.Clerk, licensetest.SampleApplication("B1"))
	if err != nil || !created {
		t.Fatal(err)
	}
	second, created, err := w.Service.Apply(licensetest.Clerk, licensetest.SampleApplication("B1"))
	if err != nil || created || second.ID != first.ID {
		t.Errorf("repetition: %v %v %v", second.ID, created, err)
	}
	other := licensetest.SampleApplication("B1")
	other.Fields["domicile"] = "另一个地址"
	_, _, err = w.Service.Apply(licensetest.Clerk, other)
	wantCode(t, err, fault.LicenseBusinessNumber)
	issued := w.Issued(t, licensetest.SampleApplication("B2"))
	again, err := w.Service.Issue(licensetest.Issuer, issued.ID)
	if err != nil || again.LicenseID != issued.LicenseID || again.Revision != issued.Revision {
		t.Errorf("issue again: %+v %v", again, err)
	}
	if after, created, err := w.Service.Apply(licensetest.Clerk, licensetest.SampleApplication("B2")); err != nil || created || after.LicenseID != issued.LicenseID {
		t.Errorf("apply after issue: %v %v", created, err)
	}
}

func TestApplicationsThatAreRefused(t *testing.T) {
	w, _ := newWorld(t)
	for _, test := range []struct {
		name   string
		ctx    context.Context
		change func(*elicense.Application)
		code   fault.Code
		field  string
	}{
		{"anonymous", context.Background(), func(*elicense.Application) {}, fault.Unauthenticated, ""},
		{"without the role", licensetest.Person, func(*elicense.Application) {}, fault.Forbidden, ""},
		{"reviewer may not enter", licensetest.Reviewer, func(*elicense.Application) {}, fault.Forbidden, ""},
		{"no business number", licensetest.Clerk, func(a *elicense.Application) { a.BusinessNumber = "" }, fault.Invalid, "business_number"},
		{"long business number", licensetest.Clerk, func(a *elicense.Application) { a.BusinessNumber = strings.Repeat("x", 65) }, fault.Invalid, "business_number"},
		{"unknown type", licensetest.Clerk, func(a *elicense.Application) { a.TypeCode = "x" }, fault.LicenseTypeUnknown, ""},
		{"unknown authority", licensetest.Clerk, func(a *elicense.Application) { a.AuthorityCode = "11990000MB7QX0023P" }, fault.LicenseAuthority, ""},
		{"no holder", licensetest.Clerk, func(a *elicense.Application) { a.Holders = nil }, fault.LicenseValues, "holder_name"},
		{"mistyped code", licensetest.Clerk, func(a *elicense.Application) { a.Holders[0].Code = "91990000MA7QX00016" }, fault.LicenseValues, "holder_code"},
		{"field of another type", licensetest.Clerk, func(a *elicense.Application) { a.Fields["location"] = "x" }, fault.LicenseValues, "location"},
		{"sets the identifier", licensetest.Clerk, func(a *elicense.Application) { a.Fields["license_id"] = "1.2" }, fault.LicenseValues, "license_id"},
		{"sets the version", licensetest.Clerk, func(a *elicense.Application) { a.Fields["version"] = "009" }, fault.LicenseValues, "version"},
		{"control character", licensetest.Clerk, func(a *elicense.Application) { a.Fields["domicile"] = "a\x00b" }, fault.LicenseValues, "domicile"},
		{"replaces what is not there", licensetest.Clerk, func(a *elicense.Application) { a.Replaces = "lic_x" }, fault.NotFound, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := licensetest.SampleApplication("B1")
			test.change(&a)
			_, _, err := w.Service.Apply(test.ctx, a)
			wantCode(t, err, test.code)
			if f := fault.From(err); test.field != "" && !slices.ContainsFunc(f.Fields, func(field fault.Field) bool { return field.Name == test.field }) {
				t.Errorf("fields %v", f.Fields)
			}
		})
	}
}

func TestL09AuthorityMayIssueItsTypesOnly(t *testing.T) {
	w, _ := newWorld(t)
	if err := w.Service.PutAuthority(licensetest.As("system:test"), elicense.Authority{Code: licensetest.AuthorityCode, Name: "x", SealID: "s", TypeCodes: []string{licensetest.RealEstateTitle}}); err != nil {
		t.Fatal(err)
	}
	_, _, err := w.Service.Apply(licensetest.Clerk, licensetest.SampleApplication("B1"))
	wantCode(t, err, fault.LicenseAuthority)
	wantCode(t, w.Service.PutAuthority(licensetest.As("system:test"), elicense.Authority{Code: "340100", Name: "x", SealID: "s", TypeCodes: []string{licensetest.RealEstateTitle}}), fault.LicenseAuthority)
	wantCode(t, w.Service.PutAuthority(licensetest.As("system:test"), elicense.Authority{Code: licensetest.AuthorityCode, Name: "x", SealID: "s", TypeCodes: []string{"x"}}), fault.LicenseTypeUnknown)
}

func TestReview(t *testing.T) {
	w, _ := newWorld(t)
	l, _, err := w.Service.Apply(licensetest.As("staff:both", elicense.RoleClerk, elicense.RoleReviewer), licensetest.SampleApplication("B1"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Service.Review(licensetest.As("staff:both", elicense.RoleClerk, elicense.RoleReviewer), l.ID, elicense.Approve, "", 0)
	wantCode(t, err, fault.LicenseFourEyes)
	_, err = w.Service.Review(licensetest.Clerk, l.ID, elicense.Approve, "", 0)
	wantCode(t, err, fault.Forbidden)
	_, err = w.Service.Review(licensetest.Reviewer, l.ID, elicense.Return, "", 0)
	wantCode(t, err, fault.Invalid)
	_, err = w.Service.Review(licensetest.Reviewer, "lic_x", elicense.Approve, "", 0)
	wantCode(t, err, fault.NotFound)
	_, err = w.Service.Issue(licensetest.Issuer, l.ID)
	wantCode(t, err, fault.LicenseState)
	seen := l.Revision
	_, err = w.Service.Review(licensetest.Reviewer, l.ID, elicense.Return, strings.Repeat("不", 501), seen)
	wantCode(t, err, fault.Invalid)
	if l, err = w.Service.Review(licensetest.Reviewer, l.ID, elicense.Return, strings.Repeat("住", 500), seen); err != nil || l.State != elicense.StateReturned {
		t.Fatal(l.State, err)
	}
	other := licensetest.SampleApplication("B1")
	other.Fields["domicile"] = "示例市东城区和平路90号"
	moved := other
	moved.BusinessNumber = "B9"
	_, err = w.Service.Correct(licensetest.Clerk, l.ID, moved)
	wantCode(t, err, fault.LicenseState)
	if l, err = w.Service.Correct(licensetest.Clerk, l.ID, other); err != nil || l.State != elicense.StateInReview || l.Entrant != "staff:clerk" {
		t.Fatal(l.State, err)
	}
	_, err = w.Service.Correct(licensetest.Clerk, l.ID, other)
	wantCode(t, err, fault.LicenseState)
	_, err = w.Service.Review(licensetest.Reviewer, l.ID, elicense.Approve, "", seen) // what was handed in anew nobody read
	wantCode(t, err, fault.Conflict)
	approved, err := w.Service.Review(licensetest.Reviewer, l.ID, elicense.Approve, "", l.Revision)
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.Service.Review(licensetest.Reviewer, l.ID, elicense.Approve, "", l.Revision)
	if err != nil || again.Revision != approved.Revision {
		t.Errorf("approve again: %v %v", again.Revision, err)
	}
	_, err = w.Service.Review(licensetest.Reviewer, l.ID, elicense.Reject, "不准", 0)
	wantCode(t, err, fault.LicenseState)
	_, err = w.Service.Issue(licensetest.Reviewer, l.ID)
	wantCode(t, err, fault.Forbidden)
	issued, err := w.Service.Issue(licensetest.Issuer, l.ID)
	if err != nil {
		t.Fatal(err)
	}
	d, err := w.Service.Find(licensetest.Issuer, issued.ID)
	if err != nil || d.Values.First("domicile") != "示例市东城区和平路90号" {
		t.Errorf("the corrected value is not the one issued: %v", err)
	}
}

func TestRareCharactersAreReportedNotDrawnEmpty(t *testing.T) {
	w, _ := newWorld(t)
	a := licensetest.SampleApplication("B1")
	a.Fields["legal_representative"] = "张𠮷"
	_, err := w.Service.Issue(licensetest.Issuer, w.Approved(t, a).ID)
	wantCode(t, err, fault.LicenseUndrawable)
	if strings.Contains(err.Error(), "𠮷") {
		t.Error("the error holds the name")
	}
}

func TestValuesAreEncryptedAtRest(t *testing.T) {
	w, twin := newWorld(t)
	w.Issued(t, licensetest.SampleApplication("B1"))
	for _, l := range twin.All() {
		if strings.Contains(string(l.Data), "启明") || slices.Contains(l.HolderKeys, "91990000MA7QX0003B") {
			t.Error("values stand in the clear")
		}
	}
	for _, r := range twin.Records() {
		for _, e := range r.Events {
			for _, detail := range e.Details {
				if strings.Contains(detail, "启明") || strings.Contains(detail, "91990000MA7QX0003B") {
					t.Errorf("audit event %s holds personal data", e.Type)
				}
			}
		}
	}
}

func TestRefusesToSealWhatDisagrees(t *testing.T) {
	w, _ := newWorld(t)
	l := w.Approved(t, licensetest.SampleApplication("B1"))
	w.Sealer.FailBefore = func() bool { return true }
	if _, err := w.Service.Issue(licensetest.Issuer, l.ID); !errors.Is(err, licensetest.ErrCrash) {
		t.Fatal(err)
	}
	w.Sealer.FailBefore = nil
	// Another licence's register entry is put under this document.
	other := w.Issued(t, licensetest.SampleApplication("B2"))
	otherRow, err := w.Store.Find(context.Background(), other.ID)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Store.Update(context.Background(), func(rows []*elicense.License) (elicense.Change, error) {
		rows[0].Unsealed = otherRow.Unsealed
		return elicense.Change{Record: audit.With(audit.Event{Type: "test", At: w.Now()})}, nil
	}, l.ID)
	if err != nil {
		t.Fatal(err)
	}
	w.Advance(2 * time.Minute)
	before := w.Sealer.Stamps
	_, err = w.Service.Issue(licensetest.Issuer, l.ID)
	wantCode(t, err, fault.LicenseInconsistent)
	if w.Sealer.Stamps != before {
		t.Error("the seal was asked for")
	}
}

func TestSealedDocumentIsCheckedBeforeItIsStored(t *testing.T) {
	w, _ := newWorld(t)
	other := w.Issued(t, licensetest.SampleApplication("B0"))
	sealed, err := w.Blobs.Get(context.Background(), other.File)
	if err != nil {
		t.Fatal(err)
	}
	unsealed, err := w.Blobs.Get(context.Background(), other.Unsealed)
	if err != nil {
		t.Fatal(err)
	}
	for name, given := range map[string][]byte{"another licence": sealed, "no document": []byte("x"), "not sealed": unsealed} {
		l := w.Approved(t, licensetest.SampleApplication("B "+name))
		w.Sealer.Change = func([]byte) []byte { return given }
		if _, err := w.Service.Issue(licensetest.Issuer, l.ID); err == nil {
			t.Errorf("%s was taken for the sealed licence", name)
		}
		if after, err := w.Store.Find(context.Background(), l.ID); err != nil || after.State != elicense.StateMade {
			t.Errorf("%s: %v", name, after.State)
		}
	}
}
