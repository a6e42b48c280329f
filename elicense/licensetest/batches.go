package licensetest

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// twinBatch is a batch in memory.
type twinBatch struct {
	batch elicense.Batch
	file  *elicense.BatchFile
	rows  []elicense.BatchRow
}

func copyOfBatch(b elicense.Batch) elicense.Batch {
	b.Columns, b.Mapping = slices.Clone(b.Columns), maps.Clone(b.Mapping)
	return b
}

func copyOfRows(rows []elicense.BatchRow) []elicense.BatchRow {
	rows = slices.Clone(rows)
	for i := range rows {
		rows[i].Faults, rows[i].Flags = slices.Clone(rows[i].Faults), slices.Clone(rows[i].Flags)
	}
	return rows
}

// AddBatch implements elicense.Batches.
func (t *Twin) AddBatch(_ context.Context, b elicense.Batch, file elicense.BatchFile, rows []elicense.BatchRow, record audit.Record) (stored elicense.Batch, created bool, err error) {
	err = t.write(nil, func() error {
		for _, have := range t.batches {
			if have.batch.Entrant == b.Entrant && have.batch.Key == b.Key {
				stored = copyOfBatch(have.batch)
				return nil
			}
		}
		if err := needEvent(record); err != nil {
			return err
		}
		b.Revision = 1
		t.batches[b.ID] = &twinBatch{copyOfBatch(b), &elicense.BatchFile{Key: file.Key, Data: slices.Clone(file.Data)}, copyOfRows(rows)}
		t.records = append(t.records, record)
		stored, created = copyOfBatch(b), true
		return nil
	})
	return stored, created, err
}

// FindBatch implements elicense.Batches.
func (t *Twin) FindBatch(_ context.Context, id string) (elicense.Batch, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	have, ok := t.batches[id]
	if !ok {
		return elicense.Batch{}, elicense.ErrNotFound
	}
	return copyOfBatch(have.batch), nil
}

// FindBatchFile implements elicense.Batches.
func (t *Twin) FindBatchFile(_ context.Context, id string) (elicense.BatchFile, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	have, ok := t.batches[id]
	if !ok || have.file == nil {
		return elicense.BatchFile{}, elicense.ErrNotFound
	}
	return elicense.BatchFile{Key: have.file.Key, Data: slices.Clone(have.file.Data)}, nil
}

// ListBatches implements elicense.Batches.
func (t *Twin) ListBatches(_ context.Context, f elicense.BatchFilter) ([]elicense.Batch, string, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	var all []elicense.Batch
	for _, have := range t.batches {
		b := have.batch
		if (f.State == "" || b.State == f.State) && (f.After == "" || elicense.BatchCursor(b) < f.After) &&
			(f.Areas == nil || slices.ContainsFunc(f.Areas, func(path string) bool { return strings.HasPrefix(b.Area, path) })) {
			all = append(all, copyOfBatch(b))
		}
	}
	slices.SortFunc(all, func(a, b elicense.Batch) int { return -compare(elicense.BatchCursor(a), elicense.BatchCursor(b)) })
	if len(all) > f.Limit {
		return all[:f.Limit], elicense.BatchCursor(all[f.Limit-1]), nil
	}
	return all, "", nil
}

// UpdateBatch implements elicense.Batches.
func (t *Twin) UpdateBatch(_ context.Context, id string, change func(b *elicense.Batch) (elicense.BatchChange, error)) (b elicense.Batch, err error) {
	err = t.write(nil, func() error {
		have, ok := t.batches[id]
		if !ok {
			return elicense.ErrNotFound
		}
		b = copyOfBatch(have.batch)
		done, err := change(&b)
		if err != nil {
			return err
		}
		if err := needEvent(done.Record); err != nil {
			return err
		}
		b.Revision++
		have.batch = copyOfBatch(b)
		if done.Rows != nil {
			have.rows = copyOfRows(done.Rows)
		}
		if done.End {
			have.file = nil
			for i, r := range have.rows {
				if r.State == elicense.RowReady || r.State == elicense.RowLater {
					have.rows[i].State = elicense.RowCancelled
				}
			}
		}
		t.records = append(t.records, done.Record)
		return nil
	})
	if err != nil {
		return elicense.Batch{}, err
	}
	return b, nil
}

// BatchRows implements elicense.Batches.
func (t *Twin) BatchRows(_ context.Context, id string, states []elicense.RowState, after, limit int) (list []elicense.BatchRow, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if have, ok := t.batches[id]; ok {
		for _, r := range copyOfRows(have.rows) {
			if r.Line > after && len(list) < limit && (len(states) == 0 || slices.Contains(states, r.State)) {
				list = append(list, r)
			}
		}
	}
	return list, nil
}

// BatchCounts implements elicense.Batches.
func (t *Twin) BatchCounts(_ context.Context, id string) (map[elicense.RowState]int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	counts := map[elicense.RowState]int{}
	if have, ok := t.batches[id]; ok {
		for _, r := range have.rows {
			counts[r.State]++
		}
	}
	return counts, nil
}

// FinishRow implements elicense.Batches.
func (t *Twin) FinishRow(_ context.Context, id string, row elicense.BatchRow, lease time.Time, record audit.Record) (state elicense.BatchState, err error) {
	err = t.write(nil, func() error {
		have, ok := t.batches[id]
		if !ok {
			return elicense.ErrNotFound
		}
		i := slices.IndexFunc(have.rows, func(r elicense.BatchRow) bool { return r.Line == row.Line })
		waits := []elicense.RowState{elicense.RowReady, elicense.RowLater}
		if row.State == elicense.RowIssued || row.State == elicense.RowTaken { // one that was cancelled while it was made is issued all the same
			waits = append(waits, elicense.RowCancelled)
		}
		if i < 0 || !slices.Contains(waits, have.rows[i].State) {
			return elicense.ErrStale
		}
		if err := needEvent(record); err != nil {
			return err
		}
		row.BusinessNumber = have.rows[i].BusinessNumber
		have.rows[i] = copyOfRows([]elicense.BatchRow{row})[0]
		have.batch.Revision++
		if state = have.batch.State; state == elicense.BatchRunning {
			have.batch.LeaseUntil = lease
		}
		t.records = append(t.records, record)
		return nil
	})
	return state, err
}

// DueBatches implements elicense.Batches.
func (t *Twin) DueBatches(_ context.Context, now time.Time, limit int) (list []elicense.Batch, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, have := range t.batches {
		if have.batch.State == elicense.BatchRunning && !have.batch.LeaseUntil.After(now) {
			list = append(list, copyOfBatch(have.batch))
		}
	}
	slices.SortFunc(list, func(a, b elicense.Batch) int { return a.LeaseUntil.Compare(b.LeaseUntil) })
	return list[:min(len(list), limit)], nil
}

// FindBusiness implements elicense.Batches.
func (t *Twin) FindBusiness(_ context.Context, authority string, numbers []string) (list []elicense.License, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, l := range t.licenses {
		if l.AuthorityCode == authority && slices.Contains(numbers, l.BusinessNumber) {
			list = append(list, copyOf(l))
		}
	}
	return list, nil
}
