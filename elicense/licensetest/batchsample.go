package licensetest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/batchfile"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
)

// SampleFile is a CSV with a row like SampleApplication for each business number, its columns named as a department would.
func SampleFile(businessNumbers ...string) string {
	a := SampleApplication("")
	t, _ := catalog.Find(BusinessLicense)
	lines := []string{"业务编号,持证主体,持证主体代码类型代码,持证主体代码,证照有效期起始日期"}
	tail := fmt.Sprintf(",%s,%s,%s,2026-11-24", a.Holders[0].Name, a.Holders[0].CodeType, a.Holders[0].Code)
	for _, f := range t.Fields {
		if f.Own {
			lines[0] += "," + f.Label["zh-CN"]
			tail += `,"` + a.Fields[f.Key] + `"`
		}
	}
	for _, number := range businessNumbers {
		lines = append(lines, number+tail)
	}
	return strings.Join(lines, "\r\n") + "\r\n"
}

// SampleMapping maps the columns of SampleFile.
func SampleMapping() map[string]string {
	t, _ := catalog.Find(BusinessLicense)
	m := map[string]string{elicense.KeyBusiness: "业务编号", catalog.KeyHolderName: "持证主体", catalog.KeyHolderType: "持证主体代码类型代码", catalog.KeyHolderCode: "持证主体代码", catalog.KeyEffectiveDate: "证照有效期起始日期"}
	for _, f := range t.Fields {
		if f.Own {
			m[f.Key] = f.Label["zh-CN"]
		}
	}
	return m
}

// SampleOrder uploads a file.
func SampleOrder(key, content string) elicense.BatchOrder {
	return elicense.BatchOrder{Key: key, TypeCode: BusinessLicense, AuthorityCode: AuthorityCode, Name: "批次.csv", Format: batchfile.CSV, Mapping: SampleMapping(), Content: []byte(content)}
}

// RunningBatch takes a file to a batch that runs.
func (w *World) RunningBatch(t testing.TB, key, content string, whole bool) elicense.Batch {
	t.Helper()
	b, _, err := w.Service.AddBatch(Clerk, SampleOrder(key, content))
	if err == nil {
		b, err = w.Service.SubmitBatch(Clerk, b.ID, whole)
	}
	if err == nil {
		b, err = w.Service.ReviewBatch(Reviewer, b.ID, elicense.Approve, "", 0)
	}
	if err == nil {
		b, err = w.Service.StepBatch(Issuer, b.ID, elicense.BatchStart)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// RunBatchCrash fails a batch of three before and after every store step and around every seal, as a process does that is killed, starts it again and
// lets the duties of the node run: each row is issued once, has its receipt, and its file verifies (security rows F-01 and F-13). A stride
// of more than one takes every so many of the points.
func RunBatchCrash(t *testing.T, stride int, open func(t testing.TB) elicense.Store) {
	var points []string
	for n := 1; n <= 3; n++ {
		points = append(points, fmt.Sprint("seal before ", n), fmt.Sprint("seal after ", n))
	}
	for step := 1; step <= 17; step++ {
		points = append(points, fmt.Sprint("store before ", step), fmt.Sprint("store after ", step))
	}
	crashes, tried := 0, 0
	for i, point := range points {
		if i%stride != 0 {
			continue
		}
		tried++
		t.Run(point, func(t *testing.T) {
			if crashBatchAt(t, open(t), point) {
				crashes++
			}
		})
	}
	if crashes != tried {
		t.Errorf("%d of %d points crashed: the steps are not met any more", crashes, tried)
	}
}

func crashBatchAt(t *testing.T, store elicense.Store, point string) (crashed bool) {
	faulty := &Faulty{Store: store}
	w := NewWorld(t, faulty)
	b := w.RunningBatch(t, "key-of-crash", SampleFile("B1", "B2", "B3"), false)
	base, seals := faulty.Steps(), 0
	dead := func(name string) bool { // from the point on nothing of the process happens any more
		crashed = crashed || point == name
		return crashed
	}
	faulty.FailBefore = func(step int, _ string) bool { return dead(fmt.Sprint("store before ", step-base)) }
	faulty.FailAfter = func(step int, _ string) bool { return dead(fmt.Sprint("store after ", step-base)) }
	w.Sealer.FailBefore = func() bool { seals++; return dead(fmt.Sprint("seal before ", seals)) }
	w.Sealer.FailAfter = func() bool { return dead(fmt.Sprint("seal after ", seals)) }
	_, _ = w.Service.RunBatches(context.Background())
	faulty.FailBefore, faulty.FailAfter, w.Sealer.FailBefore, w.Sealer.FailAfter = nil, nil, nil, nil
	w.Restart(t)
	for range 6 { // duties of the node, in whatever order
		w.Advance(time.Minute)
		if _, err := w.Service.RunBatches(context.Background()); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Service.Recover(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	w.CheckBatch(t, b.ID, 3)
	if w.Sealer.Stamps != 3 {
		t.Errorf("%d seals", w.Sealer.Stamps)
	}
	return crashed
}

// CheckBatch wants a batch that is done with so many licences: one for each row, in force, with a file that verifies and has the digest of the receipt.
func (w *World) CheckBatch(t testing.TB, id string, want int) {
	t.Helper()
	b, counts, err := w.Service.FindBatch(Clerk, id)
	if err != nil || b.State != elicense.BatchDone || counts[elicense.RowIssued] != want || counts[elicense.RowReady]+counts[elicense.RowLater] != 0 {
		t.Fatalf("%s %v %v", b.State, counts, err)
	}
	page, _, err := w.Store.List(context.Background(), elicense.Filter{Limit: 200})
	if err != nil || len(page) != want {
		t.Fatalf("%d licences, %v", len(page), err)
	}
	rows, err := w.Service.BatchRows(Clerk, id, []elicense.RowState{elicense.RowIssued}, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	seen, list := map[string]bool{}, w.List(t, 1)
	for _, row := range rows {
		d, err := w.Service.Find(Clerk, row.License)
		if err != nil || d.State != elicense.StateActive || d.BusinessNumber != row.BusinessNumber || d.LicenseID != row.LicenseID || d.File != row.File || !d.IssuedAt.Equal(row.IssuedAt) || seen[row.License] {
			t.Errorf("receipt %+v of %+v: %v", row, d.License, err)
		}
		if d.Entrant != "staff:clerk" || d.Reviewer != "staff:reviewer" || d.Issuer != "staff:issuer" {
			t.Errorf("by %s, %s, %s", d.Entrant, d.Reviewer, d.Issuer)
		}
		seen[row.License] = true
		name, document, err := w.Service.Document(Issuer, row.License)
		if err != nil {
			t.Fatal(err)
		}
		if result := licensefile.Verify(name, document, w.Options(t, list)); result.Code != "V00" {
			t.Errorf("%s %+v", result.Code, result.Reasons)
		}
	}
}
