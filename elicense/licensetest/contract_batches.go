package licensetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/batchfile"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

func batchOf(n int, state elicense.BatchState) elicense.Batch {
	at := Start.Add(time.Duration(n) * time.Second)
	return elicense.Batch{ID: fmt.Sprintf("lbt_%03d", n), Kind: elicense.BatchImport, Revision: 1, Key: fmt.Sprint("key", n), Digest: "d", AuthorityCode: AuthorityCode, TypeCode: BusinessLicense, Template: "t", Area: "/a/", Name: "甲.csv",
		Format: batchfile.CSV, Encoding: batchfile.Auto, Columns: []string{"业务编号", "b"}, Mapping: map[string]string{"business_number": "业务编号"}, Rows: 3, State: state, Entrant: "staff:a", CreatedAt: at, UpdatedAt: at}
}

func batchRows() []elicense.BatchRow {
	return []elicense.BatchRow{
		{Line: 2, BusinessNumber: "B1", State: elicense.RowReady, Flags: []elicense.ImportFlag{elicense.FlagNoFile, elicense.FlagValues}},
		{Line: 3, BusinessNumber: "B2", State: elicense.RowRefused, Faults: []elicense.RowFault{{Field: "f", Column: "b", Code: fault.LicenseFieldForm}}},
		{Line: 5, BusinessNumber: "B3", State: elicense.RowLater, Faults: []elicense.RowFault{{Code: fault.Unavailable}}, Attempts: 1},
	}
}

func addBatch(t *testing.T, s elicense.Store, b elicense.Batch) elicense.Batch {
	t.Helper()
	stored, created, err := s.AddBatch(ctx, b, elicense.BatchFile{Key: "k", Data: []byte("x")}, batchRows(), record("batch"))
	if err != nil || !created {
		t.Fatal(created, err)
	}
	return stored
}

func batchKeep(t *testing.T, s elicense.Store) {
	b := batchOf(1, elicense.BatchRunning)
	b.Whole, b.Reviewer, b.Issuer, b.Note, b.Problem, b.LeaseUntil = true, "r", "i", "n", fault.TypeRetired, Start.Add(time.Hour)
	if stored := addBatch(t, s, b); !reflect.DeepEqual(stored, b) {
		t.Errorf("%+v\nwant %+v", stored, b)
	}
	again := b
	again.ID, again.Digest = "lbt_other", "other"
	stored, created, err := s.AddBatch(ctx, again, elicense.BatchFile{}, nil, record("batch"))
	if err != nil || created || !reflect.DeepEqual(stored, b) {
		t.Errorf("again: %+v %v %v", stored, created, err)
	}
	if found, err := s.FindBatch(ctx, b.ID); err != nil || !reflect.DeepEqual(found, b) {
		t.Errorf("found: %+v %v", found, err)
	}
	if f, err := s.FindBatchFile(ctx, b.ID); err != nil || f.Key != "k" || string(f.Data) != "x" {
		t.Errorf("file: %+v %v", f, err)
	}
	if rows, err := s.BatchRows(ctx, b.ID, nil, 0, 10); err != nil || !reflect.DeepEqual(rows, batchRows()) {
		t.Errorf("rows: %+v %v", rows, err)
	}
	rows, err := s.BatchRows(ctx, b.ID, []elicense.RowState{elicense.RowRefused, elicense.RowLater}, 2, 1)
	if err != nil || len(rows) != 1 || rows[0].Line != 3 {
		t.Errorf("page: %+v %v", rows, err)
	}
	counts, err := s.BatchCounts(ctx, b.ID)
	if err != nil || !reflect.DeepEqual(counts, map[elicense.RowState]int{elicense.RowReady: 1, elicense.RowRefused: 1, elicense.RowLater: 1}) {
		t.Errorf("counts: %v %v", counts, err)
	}
	if _, err := s.FindBatch(ctx, "lbt_none"); !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("none: %v", err)
	}
	if _, err := s.FindBatchFile(ctx, "lbt_none"); !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("no file: %v", err)
	}
	if _, _, err := s.AddBatch(ctx, batchOf(2, elicense.BatchChecked), elicense.BatchFile{}, nil, audit.Record{}); err == nil {
		t.Error("a batch without an audit event")
	}
}

func batchChange(t *testing.T, s elicense.Store) {
	b := addBatch(t, s, batchOf(1, elicense.BatchChecked))
	refused := errors.New("refused")
	if _, err := s.UpdateBatch(ctx, b.ID, func(b *elicense.Batch) (elicense.BatchChange, error) {
		b.State = elicense.BatchDone
		return elicense.BatchChange{Record: record("batch")}, refused
	}); !errors.Is(err, refused) {
		t.Error(err)
	}
	if found, _ := s.FindBatch(ctx, b.ID); found.State != elicense.BatchChecked {
		t.Errorf("a refused change: %s", found.State)
	}
	changed, err := s.UpdateBatch(ctx, b.ID, func(b *elicense.Batch) (elicense.BatchChange, error) {
		b.State, b.Mapping, b.Template, b.Whole, b.Reviewer, b.Issuer, b.Note, b.Problem, b.LeaseUntil, b.UpdatedAt = elicense.BatchPaused, map[string]string{"x": "b"}, "t2", true, "r", "i", "n", fault.TypeRetired, Start, Start.Add(time.Hour)
		return elicense.BatchChange{Record: record("batch"), Rows: batchRows()[:1]}, nil
	})
	found, findErr := s.FindBatch(ctx, b.ID)
	if err != nil || findErr != nil || !reflect.DeepEqual(found, changed) || found.Revision != 2 || found.Mapping["x"] != "b" || !found.Whole || found.Problem != fault.TypeRetired {
		t.Errorf("%+v %v %v", found, err, findErr)
	}
	if rows, err := s.BatchRows(ctx, b.ID, nil, 0, 10); err != nil || !reflect.DeepEqual(rows, batchRows()[:1]) {
		t.Errorf("rows: %+v %v", rows, err)
	}
	if _, err := s.UpdateBatch(ctx, "lbt_none", func(*elicense.Batch) (elicense.BatchChange, error) { return elicense.BatchChange{}, nil }); !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("none: %v", err)
	}
	if _, err := s.UpdateBatch(ctx, b.ID, func(b *elicense.Batch) (elicense.BatchChange, error) { return elicense.BatchChange{}, nil }); err == nil {
		t.Error("a change without an audit event")
	}
	if err := s.MoveAuthority(ctx, AuthorityCode, "/b/", record("moved")); err != nil {
		t.Fatal(err)
	}
	if found, _ := s.FindBatch(ctx, b.ID); found.Area != "/b/" {
		t.Errorf("area %s", found.Area)
	}
}

func batchEnd(t *testing.T, s elicense.Store) {
	b := addBatch(t, s, batchOf(1, elicense.BatchRunning))
	if _, err := s.UpdateBatch(ctx, b.ID, func(b *elicense.Batch) (elicense.BatchChange, error) {
		b.State = elicense.BatchCancelled
		return elicense.BatchChange{Record: record("batch"), End: true}, nil
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.FindBatchFile(ctx, b.ID); !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("the file is there: %v", err)
	}
	counts, err := s.BatchCounts(ctx, b.ID)
	if err != nil || !reflect.DeepEqual(counts, map[elicense.RowState]int{elicense.RowCancelled: 2, elicense.RowRefused: 1}) {
		t.Errorf("counts: %v %v", counts, err)
	}
	// One that was under way is issued all the same; a refusal comes too late.
	issued := elicense.BatchRow{Line: 2, State: elicense.RowTaken, License: "imp", LicenseID: "id", File: "f", IssuedAt: Start, Flags: []elicense.ImportFlag{elicense.FlagNoFile}}
	state, err := s.FinishRow(ctx, b.ID, issued, Start.Add(time.Hour), record("row"))
	if err != nil || state != elicense.BatchCancelled {
		t.Errorf("%s %v", state, err)
	}
	if found, _ := s.FindBatch(ctx, b.ID); !found.LeaseUntil.IsZero() {
		t.Errorf("a lease of a batch that ended: %s", found.LeaseUntil)
	}
	if _, err := s.FinishRow(ctx, b.ID, elicense.BatchRow{Line: 5, State: elicense.RowRefused}, Start, record("row")); !errors.Is(err, elicense.ErrStale) {
		t.Errorf("refused after the end: %v", err)
	}
}

func batchFinish(t *testing.T, s elicense.Store) {
	b := addBatch(t, s, batchOf(1, elicense.BatchRunning))
	issued := elicense.BatchRow{Line: 2, State: elicense.RowIssued, License: "lic", LicenseID: "id", File: "f", IssuedAt: Start}
	if _, err := s.FinishRow(ctx, b.ID, issued, Start.Add(time.Hour), audit.Record{}); err == nil {
		t.Error("a row without an audit event")
	}
	var first atomic.Int64
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			state, err := s.FinishRow(ctx, b.ID, issued, Start.Add(time.Hour), record("row"))
			switch {
			case err == nil && state == elicense.BatchRunning:
				first.Add(1)
			case !errors.Is(err, elicense.ErrStale):
				t.Errorf("%s %v", state, err)
			}
		})
	}
	wait.Wait()
	if first.Load() != 1 {
		t.Errorf("finished %d times", first.Load())
	}
	issued.BusinessNumber = "B1"
	if rows, err := s.BatchRows(ctx, b.ID, []elicense.RowState{elicense.RowIssued}, 0, 5); err != nil || len(rows) != 1 || !reflect.DeepEqual(rows[0], issued) {
		t.Errorf("%+v %v", rows, err)
	}
	for now, want := range map[time.Duration]int{59 * time.Minute: 0, time.Hour: 1} {
		if due, err := s.DueBatches(ctx, Start.Add(now), 5); err != nil || len(due) != want {
			t.Errorf("due after %s: %d %v", now, len(due), err)
		}
	}
	for _, line := range []int{2, 3, 4} { // issued, refused, none
		if _, err := s.FinishRow(ctx, b.ID, elicense.BatchRow{Line: line, State: elicense.RowLater}, Start, record("row")); !errors.Is(err, elicense.ErrStale) {
			t.Errorf("line %d: %v", line, err)
		}
	}
	if _, err := s.FinishRow(ctx, "lbt_none", issued, Start, record("row")); !errors.Is(err, elicense.ErrNotFound) {
		t.Errorf("none: %v", err)
	}
}

func batchLists(t *testing.T, s elicense.Store) {
	for n := range 5 {
		b := batchOf(n, elicense.BatchRunning)
		if n == 3 {
			b.State, b.Area = elicense.BatchDone, "/b/"
		}
		addBatch(t, s, b)
	}
	ids := func(f elicense.BatchFilter) (list []string) {
		for {
			page, next, err := s.ListBatches(ctx, f)
			if err != nil || len(page) > f.Limit {
				t.Fatal(len(page), err)
			}
			for _, b := range page {
				list = append(list, b.ID)
			}
			if f.After = next; next == "" {
				return list
			}
		}
	}
	for _, test := range []struct {
		filter elicense.BatchFilter
		want   []string
	}{
		{elicense.BatchFilter{Limit: 2}, []string{"lbt_004", "lbt_003", "lbt_002", "lbt_001", "lbt_000"}},
		{elicense.BatchFilter{Limit: 2, Areas: []string{"/a/"}, State: elicense.BatchRunning}, []string{"lbt_004", "lbt_002", "lbt_001", "lbt_000"}},
		{elicense.BatchFilter{Limit: 9, Areas: []string{"/b/"}}, []string{"lbt_003"}},
		{elicense.BatchFilter{Limit: 9, State: elicense.BatchPaused}, nil},
	} {
		if got := ids(test.filter); !slices.Equal(got, test.want) {
			t.Errorf("%+v: %v", test.filter, got)
		}
	}
	if _, _, err := s.ListBatches(ctx, elicense.BatchFilter{Limit: 2, After: "zzz"}); err == nil {
		if _, ok := s.(*Twin); !ok {
			t.Error("a cursor that is none")
		}
	}
	if due, err := s.DueBatches(ctx, Start, 2); err != nil || len(due) != 2 {
		t.Errorf("due: %d %v", len(due), err)
	}
	for n := range 3 {
		if _, _, err := s.Create(ctx, Row(n), record("applied")); err != nil {
			t.Fatal(err)
		}
	}
	found, err := s.FindBusiness(ctx, AuthorityCode, []string{"B0", "B2", "B9"})
	if err != nil || len(found) != 2 || found[0].RequestDigest != "d" {
		t.Errorf("%+v %v", found, err)
	}
	if found, err := s.FindBusiness(ctx, "other", []string{"B0"}); err != nil || len(found) != 0 {
		t.Errorf("another authority: %+v %v", found, err)
	}
	if found, err := s.FindBusiness(ctx, AuthorityCode, nil); err != nil || len(found) != 0 {
		t.Errorf("no numbers: %+v %v", found, err)
	}
}
