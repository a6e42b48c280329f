package elicense_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/batchfile"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// oldID is an identifier of the sample authority that was not made here.
func oldID(t testing.TB, serial string) string {
	t.Helper()
	id, err := catalog.MakeID(licensetest.BusinessLicense, licensetest.AuthorityCode, serial, 1)
	if err != nil {
		t.Fatal(err)
	}
	return id.String()
}

// registerOf is a file of a register of older times, with a row for each identifier.
func registerOf(identifiers ...string) string {
	file := licensetest.SampleFile(identifiers...)
	return strings.Replace(file, "业务编号", "电子证照标识", 1)
}

func importOrder(key, content string) elicense.BatchOrder {
	o := licensetest.SampleOrder(key, content)
	o.Kind, o.Mapping = elicense.BatchImport, nil
	return o
}

// runningImport takes an import to one that runs.
func runningImport(t testing.TB, w *licensetest.World, o elicense.BatchOrder) elicense.Batch {
	t.Helper()
	b, _, err := w.Service.AddBatch(licensetest.Clerk, o)
	if err == nil {
		b, err = w.Service.SubmitBatch(licensetest.Clerk, b.ID, false)
	}
	if err == nil {
		_, err = w.Service.ReviewBatch(licensetest.As("staff:clerk", elicense.RoleReviewer), b.ID, elicense.Approve, "", 0)
		if fault.CodeOf(err) != fault.LicenseFourEyes {
			t.Errorf("who uploaded it reviewed it: %v", err)
		}
		b, err = w.Service.ReviewBatch(licensetest.Reviewer, b.ID, elicense.Approve, "", 0)
	}
	if err == nil {
		b, err = w.Service.StepBatch(licensetest.Issuer, b.ID, elicense.BatchStart)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func importRows(t testing.TB, w *licensetest.World, id string) []elicense.BatchRow {
	t.Helper()
	rows, err := w.Service.BatchRows(licensetest.Clerk, id, nil, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func told(rows []elicense.BatchRow) string {
	var list []string
	for _, r := range rows {
		one := fmt.Sprintf("%d %s", r.Line, r.State)
		for _, f := range r.Faults {
			one += fmt.Sprintf(" %s/%s", f.Code, f.Field)
		}
		for _, f := range r.Flags {
			one += " " + string(f)
		}
		list = append(list, one)
	}
	return strings.Join(list, "\n")
}

// A version that we have not made yet is ours to make: an import of it would stand in the way of the replacement.
func TestImportTakesNoVersionOfOurs(t *testing.T) {
	w, _ := newWorld(t)
	ours, err := catalog.ParseID(w.Issued(t, licensetest.SampleApplication("OURS")).LicenseID)
	if err != nil {
		t.Fatal(err)
	}
	next, err := catalog.MakeID(ours.TypeCode, ours.IssuerCode, ours.Serial, 2)
	if err != nil {
		t.Fatal(err)
	}
	b, _, err := w.Service.AddBatch(licensetest.Clerk, importOrder("key-00001", registerOf(ours.String(), next.String(), oldID(t, "OTHER"))))
	if err != nil {
		t.Fatal(err)
	}
	want := `2 refused YX-LIC-447/license_id no_file values_incomplete status_unknown
3 refused YX-LIC-447/license_id no_file values_incomplete status_unknown
4 ready no_file values_incomplete status_unknown`
	if got := told(importRows(t, w, b.ID)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestImportIsTriedRowByRow(t *testing.T) {
	w, _ := newWorld(t)
	ours := w.Issued(t, licensetest.SampleApplication("OURS"))
	good := oldID(t, "2019A0001")
	wrongCheck := good[:len(good)-1] + string("0123456789ABC"[(strings.IndexByte("0123456789ABC", good[len(good)-1])+1+13)%13])
	file := registerOf(good, strings.Replace(oldID(t, "X1"), licensetest.AuthorityCode, "340100", 1), "no identifier", ours.LicenseID,
		strings.Replace(oldID(t, "X2"), licensetest.BusinessLicense, licensetest.RealEstateTitle, 1), oldID(t, "TWICE"), oldID(t, "TWICE"), oldID(t, "HOLDER"), wrongCheck[:len(wrongCheck)-2]+"."+wrongCheck[len(wrongCheck)-1:])
	lines := strings.Split(file, "\r\n")
	lines[8] = strings.Replace(lines[8], "91990000MA7QX0003B", "91990000MA7QX0003C", 1) // check character
	lines = append(lines[:10], "a,b")
	b, created, err := w.Service.AddBatch(licensetest.Clerk, importOrder("key-00001", strings.Join(lines, "\r\n")))
	if err != nil || !created || b.Kind != elicense.BatchImport {
		t.Fatalf("%+v %v", b, err)
	}
	want := `2 ready no_file values_incomplete status_unknown
3 ready no_file legacy_identifier other_issuer values_incomplete status_unknown
4 refused YX-LIC-445/license_id
5 refused YX-LIC-447/license_id no_file values_incomplete status_unknown
6 refused YX-LIC-446/license_id
7 refused YX-LIC-454/license_id no_file values_incomplete status_unknown
8 refused YX-LIC-454/license_id no_file values_incomplete status_unknown
9 refused YX-LIC-431/holder_code
10 refused YX-LIC-454/license_id no_file legacy_identifier values_incomplete status_unknown
11 refused YX-LIC-437/`
	got := told(importRows(t, w, b.ID))
	// The last identifier differs from the first in its check character alone, which is no other licence only when it is the same text.
	if want = strings.Replace(want, "10 refused YX-LIC-454/license_id no_file", "10 ready no_file", 1); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if w.Sealer.Stamps != 1 {
		t.Errorf("%d seals", w.Sealer.Stamps)
	}
	o := importOrder("key-00002", registerOf(good))
	o.Kind = "other"
	_, _, err = w.Service.AddBatch(licensetest.Clerk, o)
	wantCode(t, err, fault.Invalid)
}

func TestImportPutsOnRecordAndNeverAmongOurs(t *testing.T) {
	w, twin := newWorld(t)
	id := oldID(t, "2019A0001")
	b := runningImport(t, w, importOrder("key-00001", registerOf(id, oldID(t, "2019A0002"))))
	if n, err := w.Service.RunBatches(bg); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	rows := importRows(t, w, b.ID)
	if got := told(rows); got != "2 taken no_file values_incomplete status_unknown\n3 taken no_file values_incomplete status_unknown" {
		t.Error(got)
	}
	page, _, err := twin.List(bg, elicense.Filter{Limit: 10})
	if err != nil || len(page) != 0 || w.Sealer.Stamps != 0 {
		t.Errorf("in the register: %+v %v, %d seals", page, err, w.Sealer.Stamps)
	}
	i, err := w.Service.FindImport(licensetest.Reviewer, rows[0].License)
	if err != nil || i.LicenseID != id || i.Entrant != "staff:clerk" || i.Reviewer != "staff:reviewer" || i.Issuer != "staff:issuer" || i.Values.First(catalog.KeyHolderCode) != "91990000MA7QX0003B" || i.Values.First(catalog.KeyIssuedDate) != "" {
		t.Errorf("%+v %v", i, err)
	}
	_, _, err = w.Service.ImportDocument(licensetest.Reviewer, rows[0].License)
	wantCode(t, err, fault.NotFound)
	for _, stranger := range []context.Context{licensetest.Person, licensetest.As("account:other")} {
		_, err = w.Service.FindImport(stranger, rows[0].License)
		wantCode(t, err, fault.NotFound)
	}
	_, err = w.Service.FindImport(bg, rows[0].License)
	wantCode(t, err, fault.Unauthenticated)
	kinds := eventTypes(twin.Records())
	for _, kind := range []string{"license.imported", "license.import.read"} {
		if !slices.Contains(kinds, kind) {
			t.Errorf("no event %s", kind)
		}
	}
	// Its holder finds it in the wallet once the message was delivered.
	for _, r := range twin.Records() {
		for _, m := range r.Messages {
			if m.Topic == elicense.TopicImported {
				if err := w.Service.ClaimImported(bg, m.Payload, func(_ context.Context, kind, code string) (string, error) {
					if kind != "001" || code != "91990000MA7QX0003B" {
						return "", nil
					}
					return licensetest.Holder, nil
				}); err != nil {
					t.Error(err)
				}
			}
		}
	}
	mine, _, err := w.Service.MyImports(licensetest.Person, "", 10)
	if err != nil || len(mine) != 2 {
		t.Errorf("%+v %v", mine, err)
	}
	if _, err := w.Service.FindImport(licensetest.Person, mine[0].ID); err != nil {
		t.Error(err)
	}
	if mine, _, err := w.Service.MyImports(licensetest.As("account:other"), "", 10); err != nil || len(mine) != 0 {
		t.Errorf("of somebody else: %v %v", mine, err)
	}
	agent := reqctx.WithActor(bg, reqctx.Actor{ID: "account:agent", ActingFor: licensetest.Holder})
	_, _, err = w.Service.MyImports(agent, "", 10)
	wantCode(t, err, fault.Forbidden)
	_, err = w.Service.FindImport(agent, mine[0].ID)
	wantCode(t, err, fault.NotFound)
	_, _, err = w.Service.MyImports(licensetest.Clerk, "", 10)
	wantCode(t, err, fault.Forbidden)
	_, _, err = w.Service.MyImports(licensetest.Person, "", 0)
	wantCode(t, err, fault.Invalid)
	// It cannot be shown as one of ours.
	_, err = w.Service.Present(licensetest.Person, mine[0].ID, elicense.PresentRequest{})
	wantCode(t, err, fault.NotFound)
	// A look-up says that it is on record, by whom, and never that it is valid.
	result, err := w.Service.Lookup(licensetest.As(""), id, "003B")
	if err != nil || result.Verdict != "indeterminate" || result.License == nil || result.License.Status != "unknown" || !strings.Contains(fmt.Sprint(result.Reasons), licensetest.AuthorityName) {
		t.Errorf("%+v %v", result, err)
	}
	if got := listed(t, w, lister, elicense.Listed{LicenseID: id, Check: "003B"}, elicense.Listed{LicenseID: " " + id, Check: "0000"}); got[0] != result.Code || got[1] != "V40" {
		t.Errorf("in a list: %v, %s in a look-up", got, result.Code)
	}
	if result, err = w.Service.Lookup(licensetest.As(""), id, "0000"); err != nil || result.License != nil {
		t.Errorf("a wrong check: %+v %v", result, err)
	}
}

func TestImportIsOnceByIdentifier(t *testing.T) {
	w, _ := newWorld(t)
	id := oldID(t, "2019A0001")
	first := runningImport(t, w, importOrder("key-00001", registerOf(id)))
	// Two with other content pass their trial before either is put on record.
	other := importOrder("key-00002", strings.Replace(registerOf(id), "2026-11-24", "2026-11-25", 1))
	late := runningImport(t, w, other)
	again := runningImport(t, w, importOrder("key-00003", registerOf(id)))
	for _, step := range []elicense.BatchStep{elicense.BatchPause, elicense.BatchStart} { // so that the first one runs first
		for _, b := range []elicense.Batch{late, again} {
			if _, err := w.Service.StepBatch(licensetest.Issuer, b.ID, step); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := w.Service.RunBatches(bg); n != 1 || err != nil {
			t.Fatal(step, n, err)
		}
	}
	one, two := importRows(t, w, first.ID)[0], importRows(t, w, again.ID)[0]
	if one.License == "" || one.License != two.License || !one.IssuedAt.Equal(two.IssuedAt) {
		t.Errorf("%+v\n%+v", one, two)
	}
	if got := told(importRows(t, w, late.ID)); !strings.HasPrefix(got, "2 refused YX-LIC-448/license_id") {
		t.Error(got)
	}
	other.Key = "key-00004"
	b, _, err := w.Service.AddBatch(licensetest.Clerk, other)
	if err != nil || !strings.HasPrefix(told(importRows(t, w, b.ID)), "2 refused YX-LIC-448/license_id") {
		t.Errorf("%s %v", told(importRows(t, w, b.ID)), err)
	}
}

func zipOf(t testing.TB, files ...any) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i+1 < len(files); i += 2 {
		f, err := z.Create(files[i].(string))
		if err == nil {
			_, err = f.Write(files[i+1].([]byte))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDocumentsAreJudgedWhenTheyAreImported(t *testing.T) {
	elsewhere, _ := newWorld(t) // a platform that we do not trust
	issued := elsewhere.Issued(t, licensetest.SampleApplication("B1"))
	_, untrusted, err := elsewhere.Service.Document(licensetest.Issuer, issued.ID)
	if err != nil {
		t.Fatal(err)
	}
	w, twin := newWorld(t)
	known := w.Issued(t, licensetest.SampleApplication("B1"))
	_, trusted, err := w.Service.Document(licensetest.Issuer, known.ID)
	if err != nil {
		t.Fatal(err)
	}
	// The register of another platform with the same trust: only the status list is known there.
	w.List(t, 1)
	list, err := twin.FindPublished(bg, "1")
	if err != nil {
		t.Fatal(err)
	}
	register := licensetest.NewTwin()
	w.Store = register
	w.Restart(t)
	if err := w.Service.PutAuthority(licensetest.As("system:test"), elicense.Authority{Code: licensetest.AuthorityCode, Name: licensetest.AuthorityName, SealID: licensetest.SealID, TypeCodes: []string{licensetest.BusinessLicense}}); err != nil {
		t.Fatal(err)
	}
	if err := register.Publish(bg, list, nil, licensetest.Record("published")); err != nil {
		t.Fatal(err)
	}
	forged := bytes.Clone(trusted)
	p := bytes.Index(forged, []byte("SignedValue.dat"))
	forged[p+200] ^= 1
	o := importOrder("key-00001", "")
	o.Format, o.Content = batchfile.Archive, zipOf(t, "好.ofd", trusted, "他处.ofd", untrusted, "坏.ofd", forged, "说明.txt", []byte("x"))
	b := runningImport(t, w, o)
	want := "1 ready sealed_elsewhere\n2 ready untrusted_issuer status_unknown\n3 refused YX-LIC-449/\n4 refused YX-LIC-449/"
	if got := told(importRows(t, w, b.ID)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	cells, err := w.Service.BatchLine(licensetest.Reviewer, b.ID, 1)
	if err != nil || cells[0].Value != "好.ofd" || cells[1].Value != known.LicenseID {
		t.Errorf("%v %v", cells, err)
	}
	if n, err := w.Service.RunBatches(bg); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	rows := importRows(t, w, b.ID)
	for n, document := range [][]byte{trusted, untrusted} {
		name, content, err := w.Service.ImportDocument(licensetest.Clerk, rows[n].License)
		if err != nil || name != rows[n].LicenseID+".OFD" || !bytes.Equal(content, document) {
			t.Errorf("%s %v", name, err)
		}
	}
	// Only imports take documents, and documents only as an archive.
	o.Key, o.Kind = "key-00002", elicense.BatchIssue
	_, _, err = w.Service.AddBatch(licensetest.Clerk, o)
	wantCode(t, err, fault.BatchFile)
	o.Key, o.Kind, o.Content = "key-00003", elicense.BatchImport, []byte("x")
	_, _, err = w.Service.AddBatch(licensetest.Clerk, o)
	wantCode(t, err, fault.BatchFile)
}

// TestF13ImportSurvivesCrashes: killed before or after any step of the store, each row is on record once and has its receipt.
func TestF13ImportSurvivesCrashes(t *testing.T) {
	for step := 1; step <= 8; step++ {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprint(step, after), func(t *testing.T) {
				twin := licensetest.NewTwin()
				faulty := &licensetest.Faulty{Store: twin}
				w := licensetest.NewWorld(t, faulty)
				b := runningImport(t, w, importOrder("key-00001", registerOf(oldID(t, "A1"), oldID(t, "A2"), oldID(t, "A3"))))
				base, crashed := faulty.Steps(), false
				dead := func(hit bool) bool { crashed = crashed || hit; return crashed }
				faulty.FailBefore = func(n int, _ string) bool { return dead(!after && n-base == step) }
				faulty.FailAfter = func(n int, _ string) bool { return dead(after && n-base == step) }
				_, _ = w.Service.RunBatches(bg)
				if !crashed {
					t.Fatal("the step is not met any more")
				}
				faulty.FailBefore, faulty.FailAfter = nil, nil
				w.Restart(t)
				w.Advance(time.Minute)
				if _, err := w.Service.RunBatches(bg); err != nil {
					t.Fatal(err)
				}
				seen, records := map[string]bool{}, 0
				for _, r := range importRows(t, w, b.ID) {
					if r.State != elicense.RowTaken || seen[r.License] {
						t.Errorf("%+v", r)
					}
					seen[r.License] = true
				}
				for _, kind := range eventTypes(twin.Records()) {
					if kind == "license.imported" {
						records++
					}
				}
				if len(seen) != 3 || records != 3 {
					t.Errorf("%d receipts, %d records", len(seen), records)
				}
			})
		}
	}
}

func TestImportMessageIsRefusedWhenItIsNone(t *testing.T) {
	w, _ := newWorld(t)
	if err := w.Service.ClaimImported(bg, []byte("{"), nil); err == nil {
		t.Error("no JSON")
	}
	message, _ := json.Marshal(elicense.Notice{License: "imp_none"})
	wantCode(t, w.Service.ClaimImported(bg, message, nil), fault.NotFound)
}

// TestImportsInAreas: the import of an authority of one area is not there for staff of another.
func TestImportsInAreas(t *testing.T) {
	w, twin := newWorld(t)
	b := runningImport(t, w, importOrder("key-00001", registerOf(oldID(t, "A1"))))
	if _, err := w.Service.RunBatches(bg); err != nil {
		t.Fatal(err)
	}
	id := importRows(t, w, b.ID)[0].License
	if err := twin.MoveAuthority(bg, licensetest.AuthorityCode, "/330000/330102/", licensetest.Record("moved")); err != nil {
		t.Fatal(err)
	}
	for area, want := range map[string]fault.Code{"/330000/330102/": "", "/330000/": "", "/330000/330105/": fault.NotFound} {
		ctx := reqctx.WithActor(bg, reqctx.Actor{ID: "staff:x", Rights: []reqctx.Right{{Role: elicense.RoleClerk, Area: area}}})
		_, err := w.Service.FindImport(ctx, id)
		wantCode(t, err, want)
		if want == "" {
			want = fault.NotFound // it has no document
		}
		_, _, err = w.Service.ImportDocument(ctx, id)
		wantCode(t, err, want)
	}
}
