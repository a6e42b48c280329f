package licensetest

import (
	"context"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
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
