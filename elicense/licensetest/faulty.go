package licensetest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// ErrCrash is what a failing step answers.
var ErrCrash = errors.New("licensetest: crash")

// Faulty is a store of any kind whose changing calls can fail. FailBefore and FailAfter are asked with the number (from 1)
// and name of each: Before fails without storing, After stores and then fails, as a process does that dies before it
// hears of the commit.
type Faulty struct {
	elicense.Store
	FailBefore func(step int, name string) bool
	FailAfter  func(step int, name string) bool

	mutex sync.Mutex
	step  int
}

// Steps is the number of changing calls so far.
func (f *Faulty) Steps() int {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.step
}

// around runs a change with the hooks around it.
func (f *Faulty) around(name string, change func() error) error {
	f.mutex.Lock()
	f.step++
	step := f.step
	f.mutex.Unlock()
	if f.FailBefore != nil && f.FailBefore(step, name) {
		return ErrCrash
	}
	if err := change(); err != nil {
		return err
	}
	if f.FailAfter != nil && f.FailAfter(step, name) {
		return ErrCrash
	}
	return nil
}

// Create implements elicense.Licenses.
func (f *Faulty) Create(ctx context.Context, l elicense.License, record audit.Record) (stored elicense.License, created bool, err error) {
	err = f.around("create", func() (err error) {
		stored, created, err = f.Store.Create(ctx, l, record)
		return err
	})
	return stored, created, err
}

// Update implements elicense.Licenses.
func (f *Faulty) Update(ctx context.Context, change func([]*elicense.License) (elicense.Change, error), ids ...string) (rows []elicense.License, err error) {
	err = f.around("update", func() (err error) {
		rows, err = f.Store.Update(ctx, change, ids...)
		return err
	})
	return rows, err
}

// AddPresentation implements elicense.Presentations.
func (f *Faulty) AddPresentation(ctx context.Context, p elicense.Presentation, record audit.Record) error {
	return f.around("add presentation", func() error { return f.Store.AddPresentation(ctx, p, record) })
}

// Consume implements elicense.Presentations.
func (f *Faulty) Consume(ctx context.Context, pidKey string, now time.Time, record audit.Record) (first bool, err error) {
	err = f.around("consume", func() (err error) {
		first, err = f.Store.Consume(ctx, pidKey, now, record)
		return err
	})
	return first, err
}
