package licensetest

import (
	"context"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// standing are the freezes that stand; the mutex is held.
func (t *Twin) standing(holderRef, license string) (all, one bool) {
	_, all = t.freezes[holderRef+"\x00"]
	_, one = t.freezes[holderRef+"\x00"+license]
	return all, one && license != ""
}

// frozen reports whether a freeze stands; the mutex is held.
func (t *Twin) frozen(holderRef, license string) bool {
	all, one := t.standing(holderRef, license)
	return all || one
}

// stopped reports whether a freeze stops a use; the mutex is held.
func (t *Twin) stopped(u elicense.Use) bool {
	return u.Kind.Freezable() && t.frozen(u.HolderRef, u.License)
}

// Freeze implements elicense.Freezes.
func (t *Twin) Freeze(ctx context.Context, f elicense.Freeze, record audit.Record) (done bool, err error) {
	err = t.write(nil, func() error {
		if err := t.under(ctx); err != nil {
			return err
		}
		key := f.HolderRef + "\x00" + f.License
		if _, there := t.freezes[key]; there {
			return nil
		}
		if err := needEvent(record); err != nil {
			return err
		}
		t.freezes[key], done = f, true
		t.records = append(t.records, record)
		return nil
	})
	return done, err
}

// Unfreeze implements elicense.Freezes.
func (t *Twin) Unfreeze(ctx context.Context, holderRef, license string, record audit.Record) (done bool, err error) {
	err = t.write(nil, func() error {
		key := holderRef + "\x00" + license
		if err := t.under(ctx); err != nil {
			return err
		}
		if _, there := t.freezes[key]; !there {
			return nil
		}
		if err := needEvent(record); err != nil {
			return err
		}
		delete(t.freezes, key)
		t.records = append(t.records, record)
		done = true
		return nil
	})
	return done, err
}

// Frozen implements elicense.Freezes.
func (t *Twin) Frozen(_ context.Context, holderRef, license string) (all, one bool, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	all, one = t.standing(holderRef, license)
	return all, one, nil
}

// ListFreezes implements elicense.Freezes.
func (t *Twin) ListFreezes(_ context.Context, holderRef, after string, limit int) (page []elicense.Freeze, next string, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, f := range t.freezes {
		if f.HolderRef == holderRef && (after == "" || f.License > after) {
			page = append(page, f)
		}
	}
	slices.SortFunc(page, func(a, b elicense.Freeze) int { return strings.Compare(a.License, b.License) })
	if len(page) > limit {
		page = page[:limit]
		next = page[limit-1].Cursor()
	}
	return page, next, nil
}

// followFreezes gives the freezes of a holder to another; the mutex is held.
func (t *Twin) followFreezes(from, to string) {
	for key, f := range t.freezes {
		if f.HolderRef != from {
			continue
		}
		delete(t.freezes, key)
		f.HolderRef = to
		if _, there := t.freezes[to+"\x00"+f.License]; !there {
			t.freezes[to+"\x00"+f.License] = f
		}
	}
}

// under judges the mandate of a context: those that Standing names stand.
func (t *Twin) under(ctx context.Context) error {
	if b, acts := elicense.BehalfOf(ctx); acts && !t.Standing[b.Mandate] {
		return elicense.ErrMandateOver
	}
	return nil
}
