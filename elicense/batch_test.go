package elicense_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/batchfile"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

var bg = context.Background()

func rowsOf(t testing.TB, w *licensetest.World, id string) string {
	t.Helper()
	rows, err := w.Service.BatchRows(licensetest.Clerk, id, nil, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, r := range rows {
		one := fmt.Sprintf("%d %s %s", r.Line, r.BusinessNumber, r.State)
		for _, f := range r.Faults {
			one += fmt.Sprintf(" %s/%s/%s", f.Code, f.Field, f.Column)
		}
		list = append(list, one)
	}
	return strings.Join(list, "\n")
}

func TestF13BatchIsIssuedRowByRow(t *testing.T) {
	w, twin := newWorld(t)
	b := w.RunningBatch(t, "key-00001", licensetest.SampleFile("B1", "B2", "B3"), true)
	if n, err := w.Service.RunBatches(bg); n != 3 || err != nil {
		t.Fatal(n, err)
	}
	w.CheckBatch(t, b.ID, 3)
	if n, err := w.Service.RunBatches(bg); n != 0 || err != nil {
		t.Errorf("again: %d %v", n, err)
	}
	if _, err := twin.FindBatchFile(bg, b.ID); !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("the file is kept: %v", err)
	}
	counts := map[string]int{}
	for _, kind := range eventTypes(twin.Records()) {
		counts[kind]++
	}
	for _, kind := range []string{"license.applied", "license.reviewed", "license.issued", "license.batch.row"} {
		if counts[kind] != 3 {
			t.Errorf("%d events %s", counts[kind], kind)
		}
	}
	// The same file under another key asks for nothing new: the receipts name the licences that are there.
	again := w.RunningBatch(t, "key-00002", licensetest.SampleFile("B1", "B2", "B3"), true)
	if n, err := w.Service.RunBatches(bg); n != 3 || err != nil {
		t.Fatal(n, err)
	}
	w.CheckBatch(t, again.ID, 3)
	if w.Sealer.Stamps != 3 {
		t.Errorf("%d seals", w.Sealer.Stamps)
	}
}

func TestBatchIsTriedRowByRow(t *testing.T) {
	w, _ := newWorld(t)
	nobody := func(number string) elicense.Application { // a file names no account
		a := licensetest.SampleApplication(number)
		a.HolderRef = ""
		return a
	}
	w.Issued(t, nobody("USED"))
	other := nobody("OTHER")
	other.Fields["domicile"] = "示例市别处一号"
	w.Issued(t, other)
	if _, _, err := w.Service.Apply(licensetest.Clerk, nobody("OPEN")); err != nil {
		t.Fatal(err)
	}
	file := licensetest.SampleFile("B1", "", "B3", "B3", "USED", "OTHER", "OPEN", strings.Repeat("N", 65), "B9", "B10")
	lines := strings.Split(file, "\r\n")
	lines[9] = strings.Replace(lines[9], "91990000MA7QX0003B", "91990000MA7QX0003C", 1) // check character
	lines[10] += ",more"
	b, created, err := w.Service.AddBatch(licensetest.Clerk, licensetest.SampleOrder("key-00001", strings.Join(lines, "\r\n")))
	if err != nil || !created || b.State != elicense.BatchChecked {
		t.Fatalf("%+v %v", b, err)
	}
	want := `2 B1 ready
3  refused YX-LIC-431/business_number/业务编号
4 B3 refused YX-LIC-436/business_number/业务编号
5 B3 refused YX-LIC-436/business_number/业务编号
6 USED ready
7 OTHER refused YX-LIC-409/business_number/业务编号
8 OPEN refused YX-LIC-410/business_number/业务编号
9  refused YX-LIC-431/business_number/业务编号
10 B9 refused YX-LIC-431/holder_code/持证主体代码
11  refused YX-LIC-437//`
	if got := rowsOf(t, w, b.ID); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if w.Sealer.Stamps != 2 {
		t.Errorf("a trial sealed: %d", w.Sealer.Stamps)
	}
	cells, err := w.Service.BatchLine(licensetest.Reviewer, b.ID, 2)
	if err != nil || cells[0] != (elicense.BatchCell{Column: "业务编号", Value: "B1"}) || len(cells) != len(b.Columns) {
		t.Errorf("%v %v", cells, err)
	}
	_, err = w.Service.BatchLine(licensetest.Reviewer, b.ID, 99)
	wantCode(t, err, fault.NotFound)
	// All or nothing is refused; the good ones alone are issued.
	_, err = w.Service.SubmitBatch(licensetest.Clerk, b.ID, true)
	wantCode(t, err, fault.BatchRows)
	if _, err := w.Service.SubmitBatch(licensetest.Clerk, b.ID, false); err != nil {
		t.Fatal(err)
	}
}

func TestBatchMapping(t *testing.T) {
	kind, _ := catalog.Find(licensetest.BusinessLicense)
	proposed := elicense.ProposeMapping(elicense.BatchIssue, kind, []string{"业务编号", "Certificate Holder Name", "CZZTDMLXDM", "certificate_holder_code", "KZ_LX", "住所", "ZZYXQQSRQ", "what"})
	want := map[string]string{elicense.KeyBusiness: "业务编号", catalog.KeyHolderName: "Certificate Holder Name", catalog.KeyHolderType: "CZZTDMLXDM", catalog.KeyHolderCode: "certificate_holder_code", "company_type": "KZ_LX", "domicile": "住所", catalog.KeyEffectiveDate: "ZZYXQQSRQ"}
	if !maps.Equal(proposed, want) {
		t.Errorf("%v", proposed)
	}
	w, _ := newWorld(t)
	order := licensetest.SampleOrder("key-00001", strings.Replace(licensetest.SampleFile("B1"), "住所", "地方", 1))
	order.Mapping = nil
	b, _, err := w.Service.AddBatch(licensetest.Clerk, order)
	if err != nil || b.Mapping["domicile"] != "" || b.Mapping[catalog.KeyHolderName] == "" {
		t.Fatalf("%v %v", b.Mapping, err)
	}
	if got := rowsOf(t, w, b.ID); got != "2 B1 refused YX-LIC-430/domicile/" {
		t.Error(got)
	}
	for name, change := range map[string]func(m map[string]string){
		"unknown value":   func(m map[string]string) { m["colour"] = "地方" },
		"unknown column":  func(m map[string]string) { m["domicile"] = "无" },
		"a column twice":  func(m map[string]string) { m["domicile"] = "类型" },
		"without a value": func(m map[string]string) { delete(m, catalog.KeyHolderCode) },
		"set by us":       func(m map[string]string) { m[catalog.KeyLicenseID] = "地方" },
	} {
		mapping := maps.Clone(licensetest.SampleMapping())
		mapping["domicile"] = "地方"
		change(mapping)
		_, err := w.Service.MapBatch(licensetest.Clerk, b.ID, mapping)
		if fault.CodeOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	mapping := licensetest.SampleMapping()
	mapping["domicile"] = "地方"
	b, err = w.Service.MapBatch(licensetest.Clerk, b.ID, mapping)
	if err != nil || b.Mapping["domicile"] != "地方" || rowsOf(t, w, b.ID) != "2 B1 ready" {
		t.Errorf("%v %v %s", b.Mapping, err, rowsOf(t, w, b.ID))
	}
}

func TestBatchReadsWhatSpreadsheetsWrite(t *testing.T) {
	w, _ := newWorld(t)
	for date, want := range map[string]string{"20261124": "20261124", "2026-11-24": "20261124", "2026/11/4": "20261104", "2026.1.4": "20260104", "2026年11月24日": "20261124"} {
		file := strings.Replace(licensetest.SampleFile("B"+want+fmt.Sprintf("-%x", date)), "2026-11-24", date, 1)
		file = strings.Replace(file, ",001,", ",统一社会信用代码,", 1)
		b := w.RunningBatch(t, "key-"+date, file, true)
		if _, err := w.Service.RunBatches(bg); err != nil {
			t.Fatal(err)
		}
		rows, err := w.Service.BatchRows(licensetest.Clerk, b.ID, nil, 0, 10)
		if err != nil || len(rows) != 1 || rows[0].State != elicense.RowIssued {
			t.Fatalf("%s: %+v %v", date, rows, err)
		}
		d, err := w.Service.Find(licensetest.Clerk, rows[0].License)
		if err != nil || d.Values.First(catalog.KeyEffectiveDate) != want || d.Values.First(catalog.KeyHolderType) != "001" {
			t.Errorf("%s: %v %v", date, d.Values, err)
		}
	}
}

func TestSeveralHoldersInABatch(t *testing.T) {
	w, _ := newWorld(t)
	kind, _ := catalog.Find(licensetest.RealEstateTitle)
	columns, row := []string{"业务编号"}, []string{"R1"}
	fields, _ := elicense.BatchFields(kind)
	for _, key := range fields[1:] {
		columns = append(columns, key)
		switch key {
		case catalog.KeyHolderName:
			row = append(row, "张三 | 示例市启明科技有限公司")
		case catalog.KeyHolderType:
			row = append(row, "111|001")
		case catalog.KeyHolderCode:
			row = append(row, "11010519491231002X|91990000MA7QX0003B")
		default:
			row = append(row, `"`+kind.Sample.First(key)+`"`)
		}
	}
	order := licensetest.SampleOrder("key-00001", strings.Join(columns, ",")+"\n"+strings.Join(row, ",")+"\n")
	order.TypeCode, order.Mapping = licensetest.RealEstateTitle, nil
	b, _, err := w.Service.AddBatch(licensetest.Clerk, order)
	if err != nil {
		t.Fatal(err)
	}
	if got := rowsOf(t, w, b.ID); got != "2 R1 ready" {
		t.Fatal(got)
	}
}

func TestBatchNeedsFourEyesAndRoles(t *testing.T) {
	w, _ := newWorld(t)
	all := licensetest.As("staff:clerk", elicense.RoleClerk, elicense.RoleReviewer, elicense.RoleIssuer)
	otherClerk := licensetest.As("staff:other", elicense.RoleClerk)
	b, _, err := w.Service.AddBatch(all, licensetest.SampleOrder("key-00001", licensetest.SampleFile("B1")))
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Service.SubmitBatch(otherClerk, b.ID, false)
	wantCode(t, err, fault.Forbidden)
	_, err = w.Service.MapBatch(otherClerk, b.ID, licensetest.SampleMapping())
	wantCode(t, err, fault.Forbidden)
	_, err = w.Service.ReviewBatch(licensetest.Reviewer, b.ID, elicense.Approve, "", 0)
	wantCode(t, err, fault.BatchState)
	_, err = w.Service.StepBatch(licensetest.Issuer, b.ID, elicense.BatchStart)
	wantCode(t, err, fault.BatchState)
	submitted, err := w.Service.SubmitBatch(all, b.ID, false)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Service.SubmitBatch(all, b.ID, false)
	wantCode(t, err, fault.BatchState)
	_, err = w.Service.MapBatch(all, b.ID, licensetest.SampleMapping())
	wantCode(t, err, fault.BatchState)
	_, err = w.Service.ReviewBatch(all, b.ID, elicense.Approve, "", 0)
	wantCode(t, err, fault.LicenseFourEyes)
	_, err = w.Service.ReviewBatch(licensetest.Reviewer, b.ID, elicense.Return, "", 0)
	wantCode(t, err, fault.Invalid)
	_, err = w.Service.ReviewBatch(licensetest.Clerk, b.ID, elicense.Approve, "", 0)
	wantCode(t, err, fault.Forbidden)
	if b, err = w.Service.ReviewBatch(licensetest.Reviewer, b.ID, elicense.Return, "住所写错", submitted.Revision); err != nil || b.State != elicense.BatchReturned {
		t.Fatal(err)
	}
	again, err := w.Service.SubmitBatch(all, b.ID, false) // it is the uploader's again
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Service.ReviewBatch(licensetest.Reviewer, b.ID, elicense.Approve, "", submitted.Revision) // which nobody read
	wantCode(t, err, fault.Conflict)
	for range 2 {
		if b, err = w.Service.ReviewBatch(licensetest.Reviewer, b.ID, elicense.Approve, "", again.Revision); err != nil || b.State != elicense.BatchApproved {
			t.Fatal(err)
		}
	}
	_, err = w.Service.StepBatch(licensetest.Clerk, b.ID, elicense.BatchStart)
	wantCode(t, err, fault.Forbidden)
	_, err = w.Service.StepBatch(licensetest.Issuer, b.ID, "leap")
	wantCode(t, err, fault.NotFound)
	if n, err := w.Service.RunBatches(bg); n != 0 || err != nil {
		t.Errorf("it ran before it was started: %d %v", n, err)
	}
	_, _, err = w.Service.FindBatch(licensetest.As("staff:x", "seal_keeper"), b.ID)
	wantCode(t, err, fault.Forbidden)
	_, err = w.Service.BatchRows(licensetest.Person, b.ID, nil, 0, 10)
	wantCode(t, err, fault.Forbidden)
	_, _, err = w.Service.AddBatch(licensetest.Reviewer, licensetest.SampleOrder("key-00009", licensetest.SampleFile("B1")))
	wantCode(t, err, fault.Forbidden)
	_, _, err = w.Service.ListBatches(licensetest.Person, elicense.BatchFilter{Limit: 10})
	wantCode(t, err, fault.Forbidden)
}

func TestRejectedBatchKeepsNothing(t *testing.T) {
	w, twin := newWorld(t)
	b, _, err := w.Service.AddBatch(licensetest.Clerk, licensetest.SampleOrder("key-00001", licensetest.SampleFile("B1")))
	if err == nil {
		_, err = w.Service.SubmitBatch(licensetest.Clerk, b.ID, false)
	}
	if err == nil {
		_, err = w.Service.ReviewBatch(licensetest.Reviewer, b.ID, elicense.Reject, "不予颁发", 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := rowsOf(t, w, b.ID); got != "2 B1 cancelled" {
		t.Error(got)
	}
	if _, err := twin.FindBatchFile(bg, b.ID); !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("the file is kept: %v", err)
	}
	_, err = w.Service.BatchLine(licensetest.Clerk, b.ID, 2)
	wantCode(t, err, fault.NotFound)
}

func TestBatchUploadIsIdempotent(t *testing.T) {
	w, _ := newWorld(t)
	b, _, err := w.Service.AddBatch(licensetest.Clerk, licensetest.SampleOrder("key-00001", licensetest.SampleFile("B1")))
	if err != nil {
		t.Fatal(err)
	}
	again, created, err := w.Service.AddBatch(licensetest.Clerk, licensetest.SampleOrder("key-00001", licensetest.SampleFile("B1")))
	if err != nil || created || again.ID != b.ID {
		t.Errorf("%+v %v %v", again, created, err)
	}
	_, _, err = w.Service.AddBatch(licensetest.Clerk, licensetest.SampleOrder("key-00001", licensetest.SampleFile("B2")))
	wantCode(t, err, fault.BatchKey)
	for name, test := range map[string]struct {
		change func(o *elicense.BatchOrder)
		want   fault.Code
	}{
		"short key":  {func(o *elicense.BatchOrder) { o.Key = "short" }, fault.Invalid},
		"type":       {func(o *elicense.BatchOrder) { o.TypeCode = "none" }, fault.LicenseTypeUnknown},
		"authority":  {func(o *elicense.BatchOrder) { o.AuthorityCode = "none" }, fault.LicenseAuthority},
		"encoding":   {func(o *elicense.BatchOrder) { o.Encoding, o.Content = batchfile.UTF8, []byte("a\n\xff") }, fault.BatchEncoding},
		"no rows":    {func(o *elicense.BatchOrder) { o.Content = []byte("a,b\n") }, fault.BatchFile},
		"no format":  {func(o *elicense.BatchOrder) { o.Format = "xlsx" }, fault.BatchFile},
		"too large":  {func(o *elicense.BatchOrder) { o.Content = make([]byte, batchfile.MaxOctets+1) }, fault.TooLarge},
		"no mapping": {func(o *elicense.BatchOrder) { o.Mapping = map[string]string{} }, fault.Invalid},
	} {
		o := licensetest.SampleOrder("key-00003", licensetest.SampleFile("B1"))
		test.change(&o)
		if _, _, err := w.Service.AddBatch(licensetest.Clerk, o); fault.CodeOf(err) != test.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBatchIsPausedAndCancelled(t *testing.T) {
	w, _ := newWorld(t)
	b := w.RunningBatch(t, "key-00001", licensetest.SampleFile("B1", "B2", "B3"), false)
	seals := 0
	step := elicense.BatchPause
	w.Sealer.FailBefore = func() bool {
		if seals++; seals == 1 || step == elicense.BatchCancel {
			if _, err := w.Service.StepBatch(licensetest.Issuer, b.ID, step); err != nil {
				t.Error(err)
			}
		}
		return false
	}
	if n, err := w.Service.RunBatches(bg); n != 1 || err != nil { // the one that was under way is finished
		t.Fatal(n, err)
	}
	if got := rowsOf(t, w, b.ID); got != "2 B1 issued\n3 B2 ready\n4 B3 ready" {
		t.Fatal(got)
	}
	if n, err := w.Service.RunBatches(bg); n != 0 || err != nil {
		t.Errorf("it runs while it is paused: %d %v", n, err)
	}
	if _, err := w.Service.StepBatch(licensetest.Issuer, b.ID, elicense.BatchStart); err != nil {
		t.Fatal(err)
	}
	step = elicense.BatchCancel
	if n, err := w.Service.RunBatches(bg); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if got := rowsOf(t, w, b.ID); got != "2 B1 issued\n3 B2 issued\n4 B3 cancelled" {
		t.Error(got)
	}
	_, err := w.Service.StepBatch(licensetest.Issuer, b.ID, elicense.BatchStart)
	wantCode(t, err, fault.BatchState)
}

func TestBatchWhenTheKeysAreAway(t *testing.T) {
	w, _ := newWorld(t)
	b := w.RunningBatch(t, "key-00001", licensetest.SampleFile("B1", "B2"), false)
	w.Sealer.FailBefore = func() bool { return true } // an error that nobody foresaw
	for turn := range 8 {
		_, err := w.Service.RunBatches(bg)
		if err != nil {
			t.Fatal(err)
		}
		if turn == 0 {
			if got := rowsOf(t, w, b.ID); got != "2 B1 later YX-CORE-500//\n3 B2 later YX-CORE-500//" {
				t.Fatal(got)
			}
		}
		w.Advance(time.Minute)
	}
	if got := rowsOf(t, w, b.ID); got != "2 B1 refused YX-CORE-500//\n3 B2 refused YX-CORE-500//" {
		t.Errorf("after many turns: %s", got)
	}
}

// TestPageMetadataAndRegisterDisagree: a renderer that writes another text on the page, in the metadata or in the machine file than the register holds, ends in
// a refusal before the seal is asked for, for one licence and in a batch; the rows beside it go on unless all or nothing was asked for.
func TestPageMetadataAndRegisterDisagree(t *testing.T) {
	const told, drawn = "张启明", "张启朋"
	for name, file := range map[string]string{"page": "Content.xml", "metadata": "OFD.xml", "machine file": "attach_0.json", "all three, not the register": ""} {
		redraw := func(document []byte) []byte { return rewritten(t, document, file, told, drawn) }
		t.Run(name, func(t *testing.T) {
			w, _ := newWorld(t)
			l := w.Approved(t, licensetest.SampleApplication("B1"))
			w.Redraw = redraw
			_, err := w.Service.Issue(licensetest.Issuer, l.ID)
			wantCode(t, err, fault.LicenseInconsistent)
			if w.Sealer.Stamps != 0 {
				t.Error("it was sealed")
			}
		})
		for _, whole := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s in a batch, whole %v", name, whole), func(t *testing.T) {
				w, _ := newWorld(t)
				b := w.RunningBatch(t, "key-00001", licensetest.SampleFile("B1", "B2"), whole)
				made := 0
				w.Redraw = func(document []byte) []byte {
					if made++; made == 1 {
						return redraw(document)
					}
					return document
				}
				n, err := w.Service.RunBatches(bg)
				if err != nil {
					t.Fatal(err)
				}
				want, issued, state := "2 B1 refused YX-LIC-424//\n3 B2 issued", 1, elicense.BatchDone
				if whole {
					want, issued, state = "2 B1 refused YX-LIC-424//\n3 B2 ready", 0, elicense.BatchPaused
				}
				if got := rowsOf(t, w, b.ID); got != want || n != issued || w.Sealer.Stamps != issued {
					t.Errorf("%s, %d issued, %d seals", got, n, w.Sealer.Stamps)
				}
				found, _, err := w.Service.FindBatch(licensetest.Clerk, b.ID)
				if err != nil || found.State != state || whole != (found.Problem == fault.LicenseInconsistent) {
					t.Errorf("%s %s %v", found.State, found.Problem, err)
				}
			})
		}
	}
}

// rewritten changes a text in the files of a document whose name ends so; in all when no end is given.
func rewritten(t testing.TB, document []byte, end, from, to string) []byte {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(document), int64(len(document)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	z, changed := zip.NewWriter(&out), false
	for _, f := range in.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(f.Name, end) && bytes.Contains(content, []byte(from)) {
			content, changed = bytes.ReplaceAll(content, []byte(from), []byte(to)), true
		}
		w, err := z.Create(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil || !changed {
		t.Fatal("nothing to change in "+end, err)
	}
	return out.Bytes()
}

func TestBatchStopsWhenItsTypeIsRetired(t *testing.T) {
	w, _ := newWorld(t)
	b := w.RunningBatch(t, "key-00001", licensetest.SampleFile("B1"), false)
	if err := w.Service.PutAuthority(licensetest.As("system:test"), elicense.Authority{Code: licensetest.AuthorityCode, Name: licensetest.AuthorityName, SealID: licensetest.SealID, TypeCodes: []string{licensetest.RealEstateTitle}}); err != nil {
		t.Fatal(err)
	}
	if n, err := w.Service.RunBatches(bg); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	if found, _, err := w.Service.FindBatch(licensetest.Clerk, b.ID); err != nil || found.State != elicense.BatchPaused || found.Problem != fault.LicenseAuthority {
		t.Errorf("%+v %v", found, err)
	}
}

func TestF13BatchCrashAtEveryStep(t *testing.T) {
	licensetest.RunBatchCrash(t, 1, func(testing.TB) elicense.Store { return licensetest.NewTwin() })
}

func TestTwoNodesAtOneBatch(t *testing.T) {
	w, _ := newWorld(t)
	b := w.RunningBatch(t, "key-00001", licensetest.SampleFile("B1", "B2", "B3", "B4"), false)
	first := true
	w.Redraw = func(document []byte) []byte { // another node comes while the first is slow, and its lease is over
		if first {
			first = false
			w.Advance(2 * time.Minute)
			if _, err := w.Service.RunBatches(bg); err != nil {
				t.Error(err)
			}
		}
		return document
	}
	for range 3 {
		if _, err := w.Service.RunBatches(bg); err != nil {
			t.Fatal(err)
		}
		w.Advance(2 * time.Minute)
	}
	w.CheckBatch(t, b.ID, 4)
	if w.Sealer.Stamps != 4 {
		t.Errorf("%d seals", w.Sealer.Stamps)
	}
}

func TestBatchesInAreas(t *testing.T) {
	w, _ := newWorld(t)
	b, _, err := w.Service.AddBatch(licensetest.Clerk, licensetest.SampleOrder("key-00001", licensetest.SampleFile("B1")))
	if err != nil {
		t.Fatal(err)
	}
	page, next, err := w.Service.ListBatches(licensetest.Reviewer, elicense.BatchFilter{Limit: 10})
	if err != nil || next != "" || len(page) != 1 || page[0].ID != b.ID {
		t.Errorf("%v %q %v", page, next, err)
	}
	_, _, err = w.Service.ListBatches(licensetest.Reviewer, elicense.BatchFilter{Limit: 201})
	wantCode(t, err, fault.Invalid)
	_, err = w.Service.BatchRows(licensetest.Reviewer, b.ID, nil, 0, 1001)
	wantCode(t, err, fault.Invalid)
	_, _, err = w.Service.FindBatch(licensetest.Reviewer, "lbt_none")
	wantCode(t, err, fault.NotFound)
	if err := w.Service.MoveAuthority(t.Context(), licensetest.AuthorityCode, county); err != nil {
		t.Fatal(err)
	}
	for name, do := range map[string]func(ctx context.Context) error{
		"find": func(ctx context.Context) error { _, _, err := w.Service.FindBatch(ctx, b.ID); return err },
		"rows": func(ctx context.Context) error { _, err := w.Service.BatchRows(ctx, b.ID, nil, 0, 10); return err },
		"line": func(ctx context.Context) error { _, err := w.Service.BatchLine(ctx, b.ID, 2); return err },
		"map": func(ctx context.Context) error {
			_, err := w.Service.MapBatch(ctx, b.ID, licensetest.SampleMapping())
			return err
		},
		"submit": func(ctx context.Context) error { _, err := w.Service.SubmitBatch(ctx, b.ID, false); return err },
		"review": func(ctx context.Context) error {
			_, err := w.Service.ReviewBatch(ctx, b.ID, elicense.Approve, "", 0)
			return err
		},
		"step": func(ctx context.Context) error {
			_, err := w.Service.StepBatch(ctx, b.ID, elicense.BatchStart)
			return err
		},
	} {
		if code := fault.CodeOf(do(within(neighbour))); code != fault.NotFound {
			t.Errorf("%s: %s", name, code)
		}
		if code := fault.CodeOf(do(within(county))); code == fault.NotFound {
			t.Errorf("%s: not there for its own", name)
		}
	}
	if page, _, err := w.Service.ListBatches(within(neighbour), elicense.BatchFilter{Limit: 10}); err != nil || len(page) != 0 {
		t.Errorf("%v %v", page, err)
	}
}
