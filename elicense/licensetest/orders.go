package licensetest

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

func copyOrder(o elicense.Order) elicense.Order {
	o.LicenseIDs = slices.Clone(o.LicenseIDs)
	return o
}

// mayTake answers what a store does for a grant or a use; the mutex is held.
func (t *Twin) mayTake(g elicense.Grant, now time.Time) error {
	switch o := t.orders[g.Order]; {
	case g.Order == "" && slices.ContainsFunc(t.holdersOf(g), func(account string) bool { return t.frozen(account, g.License) }):
		return elicense.ErrFrozen
	case g.Order != "" && !o.Permits(g.Grantee, g.CaseNumber, g.LicenseID, now):
		return elicense.ErrNoOrder
	case g.Order != "":
		o.Uses++
		t.orders[g.Order] = o
	}
	return nil
}

// AddOrder implements elicense.Orders.
func (t *Twin) AddOrder(_ context.Context, o elicense.Order, record audit.Record) error {
	return t.write(&record, func() error {
		if err := needEvent(record); err != nil {
			return err
		}
		t.orders[o.ID] = copyOrder(o)
		return nil
	})
}

// FindOrder implements elicense.Orders.
func (t *Twin) FindOrder(_ context.Context, id string) (elicense.Order, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	o, ok := t.orders[id]
	if !ok {
		return o, elicense.ErrNotFound
	}
	return copyOrder(o), nil
}

// ListOrders implements elicense.Orders.
func (t *Twin) ListOrders(_ context.Context, f elicense.OrderFilter) (page []elicense.Order, next string, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	at, behind, ok := strings.Cut(f.After, ".")
	micros, err := strconv.ParseInt(at, 10, 64)
	if f.After != "" && (!ok || err != nil) {
		return nil, "", elicense.ErrNotFound
	}
	for _, o := range t.orders {
		proposed := o.ProposedAt.UnixMicro()
		within := f.Areas == nil || slices.ContainsFunc(f.Areas, func(area string) bool { return strings.HasPrefix(o.Area, area) })
		if within && (f.State == "" || o.State == f.State) && (f.After == "" || proposed < micros || proposed == micros && o.ID < behind) {
			page = append(page, copyOrder(o))
		}
	}
	slices.SortFunc(page, func(a, b elicense.Order) int {
		return cmp.Or(b.ProposedAt.Compare(a.ProposedAt), strings.Compare(b.ID, a.ID))
	})
	if len(page) > f.Limit {
		page = page[:f.Limit]
		next = page[f.Limit-1].Cursor()
	}
	return page, next, nil
}

// changed is write for a conditional change.
func (t *Twin) changed(record audit.Record, change func() bool) (done bool, err error) {
	err = t.write(nil, func() error {
		if err := needEvent(record); err != nil {
			return err
		}
		if done = change(); done {
			t.records = append(t.records, record)
		}
		return nil
	})
	return done && err == nil, err
}

// MoveOrder implements elicense.Orders.
func (t *Twin) MoveOrder(_ context.Context, o elicense.Order, from elicense.OrderState, record audit.Record) (bool, error) {
	return t.changed(record, func() bool {
		is, ok := t.orders[o.ID]
		if !ok || is.State != from {
			return false
		}
		is.State, is.DecidedBy, is.DecidedAt, is.EndedBy, is.EndedAt, is.Note = o.State, o.DecidedBy, o.DecidedAt, o.EndedBy, o.EndedAt, o.Note
		t.orders[o.ID] = is
		return true
	})
}

// OrdersToTell implements elicense.Orders.
func (t *Twin) OrdersToTell(_ context.Context, now time.Time, limit int) (list []elicense.Order, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, o := range t.orders {
		if o.ToldAt.IsZero() && (o.State == elicense.OrderInForce && !o.Until.After(now) || o.State == elicense.OrderEnded) {
			list = append(list, copyOrder(o))
		}
	}
	slices.SortFunc(list, func(a, b elicense.Order) int { return cmp.Or(a.Until.Compare(b.Until), strings.Compare(a.ID, b.ID)) })
	return list[:min(len(list), limit)], nil
}

// WithheldGrants implements elicense.Orders.
func (t *Twin) WithheldGrants(_ context.Context, order string, limit int) (list []elicense.Grant, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, g := range t.grants {
		if g.Order == order && g.Withheld {
			list = append(list, copyGrant(g))
		}
	}
	slices.SortFunc(list, func(a, b elicense.Grant) int { return strings.Compare(a.ID, b.ID) })
	return list[:min(len(list), limit)], nil
}

// TellGrant implements elicense.Orders.
func (t *Twin) TellGrant(_ context.Context, id string, record audit.Record) (bool, error) {
	return t.changed(record, func() bool {
		g, ok := t.grants[id]
		if !ok || !g.Withheld {
			return false
		}
		g.Withheld = false
		t.grants[id] = g
		for use, grant := range t.withheld {
			if grant == id {
				delete(t.withheld, use)
			}
		}
		return true
	})
}

// OrderTold implements elicense.Orders.
func (t *Twin) OrderTold(_ context.Context, id string, at time.Time, record audit.Record) (bool, error) {
	return t.changed(record, func() bool {
		o, ok := t.orders[id]
		if !ok || o.State != elicense.OrderEnded || !o.ToldAt.IsZero() {
			return false
		}
		for _, g := range t.grants {
			if g.Order == id && g.Withheld {
				return false
			}
		}
		o.ToldAt = at
		t.orders[id] = o
		return true
	})
}
