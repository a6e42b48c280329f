package licensetest

import (
	"context"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/translog"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/crashtest"
)

// ErrCrash is what a failing step answers.
var ErrCrash = crashtest.ErrCrash

// Faulty is a store of any kind whose changing calls can fail.
type Faulty struct {
	elicense.Store
	crashtest.Hooks
}

// Create implements elicense.Licenses.
func (f *Faulty) Create(ctx context.Context, l elicense.License, record audit.Record) (stored elicense.License, created bool, err error) {
	err = f.Around("create", func() (err error) {
		stored, created, err = f.Store.Create(ctx, l, record)
		return err
	})
	return stored, created, err
}

// Update implements elicense.Licenses.
func (f *Faulty) Update(ctx context.Context, change func([]*elicense.License) (elicense.Change, error), ids ...string) (rows []elicense.License, err error) {
	err = f.Around("update", func() (err error) {
		rows, err = f.Store.Update(ctx, change, ids...)
		return err
	})
	return rows, err
}

// GrowLog implements elicense.Log.
func (f *Faulty) GrowLog(ctx context.Context, tree elicense.LogTree, limit int, grow func(translog.Head, [][]byte, func(translog.TileID) ([]byte, error)) (elicense.LogGrowth, error)) (n int, err error) {
	err = f.Around("grow log", func() (err error) {
		n, err = f.Store.GrowLog(ctx, tree, limit, grow)
		return err
	})
	return n, err
}

// AddCheckpoint implements elicense.Log.
func (f *Faulty) AddCheckpoint(ctx context.Context, c elicense.LogCheckpoint, roots []elicense.LogEntry, record audit.Record) error {
	return f.Around("add checkpoint", func() error { return f.Store.AddCheckpoint(ctx, c, roots, record) })
}

// Enqueue implements elicense.Log.
func (f *Faulty) Enqueue(ctx context.Context, entries []elicense.LogEntry, record audit.Record) error {
	return f.Around("enqueue", func() error { return f.Store.Enqueue(ctx, entries, record) })
}

// AddPresentation implements elicense.Presentations.
func (f *Faulty) AddPresentation(ctx context.Context, p elicense.Presentation, record audit.Record) error {
	return f.Around("add presentation", func() error { return f.Store.AddPresentation(ctx, p, record) })
}

// Consume implements elicense.Presentations.
func (f *Faulty) Consume(ctx context.Context, pidKey string, now time.Time, use elicense.Use, record audit.Record) (first bool, err error) {
	err = f.Around("consume", func() (err error) {
		first, err = f.Store.Consume(ctx, pidKey, now, use, record)
		return err
	})
	return first, err
}

// AddBatch implements elicense.Batches.
func (f *Faulty) AddBatch(ctx context.Context, b elicense.Batch, file elicense.BatchFile, rows []elicense.BatchRow, record audit.Record) (stored elicense.Batch, created bool, err error) {
	err = f.Around("add batch", func() (err error) {
		stored, created, err = f.Store.AddBatch(ctx, b, file, rows, record)
		return err
	})
	return stored, created, err
}

// UpdateBatch implements elicense.Batches.
func (f *Faulty) UpdateBatch(ctx context.Context, id string, change func(b *elicense.Batch) (elicense.BatchChange, error)) (b elicense.Batch, err error) {
	err = f.Around("update batch", func() (err error) {
		b, err = f.Store.UpdateBatch(ctx, id, change)
		return err
	})
	return b, err
}

// FinishRow implements elicense.Batches.
func (f *Faulty) FinishRow(ctx context.Context, id string, row elicense.BatchRow, lease time.Time, record audit.Record) (state elicense.BatchState, err error) {
	err = f.Around("finish row", func() (err error) {
		state, err = f.Store.FinishRow(ctx, id, row, lease, record)
		return err
	})
	return state, err
}

// AddImport implements elicense.Imports.
func (f *Faulty) AddImport(ctx context.Context, i elicense.Import, record audit.Record) (stored elicense.Import, created bool, err error) {
	err = f.Around("add import", func() (err error) {
		stored, created, err = f.Store.AddImport(ctx, i, record)
		return err
	})
	return stored, created, err
}

// Rule implements elicense.Rulings.
func (f *Faulty) Rule(ctx context.Context, license string, ask elicense.RulingAsk, judge func(*elicense.License, elicense.RulingSeen) (elicense.Ruling, elicense.Change, error)) (l elicense.License, r elicense.Ruling, made bool, err error) {
	err = f.Around("rule", func() (err error) {
		l, r, made, err = f.Store.Rule(ctx, license, ask, judge)
		return err
	})
	return l, r, made, err
}

// ChangeAppeal implements elicense.Appeals.
func (f *Faulty) ChangeAppeal(ctx context.Context, license string, change func(*elicense.Appeal, *elicense.License) (audit.Record, error)) (a elicense.Appeal, l elicense.License, err error) {
	err = f.Around("change appeal", func() (err error) {
		a, l, err = f.Store.ChangeAppeal(ctx, license, change)
		return err
	})
	return a, l, err
}
