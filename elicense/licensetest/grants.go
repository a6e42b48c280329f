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

func copyGrant(g elicense.Grant) elicense.Grant {
	g.Fields = slices.Clone(g.Fields)
	return g
}

// AddGrant implements elicense.Grants.
func (t *Twin) AddGrant(ctx context.Context, g elicense.Grant, record audit.Record) error {
	return t.write(&record, func() error {
		if err := needEvent(record); err != nil {
			return err
		}
		if err := t.under(ctx); err != nil {
			return err
		}
		if err := t.mayTake(g, g.CreatedAt); err != nil {
			return err
		}
		for _, account := range g.Asks {
			t.consents[g.ID+"\x00"+account] = elicense.Consent{Grant: g.ID, Account: account, AskedAt: g.CreatedAt}
		}
		g.Asks = nil
		t.grants[g.ID] = copyGrant(g)
		return nil
	})
}

// FindGrant implements elicense.Grants.
func (t *Twin) FindGrant(_ context.Context, id string) (elicense.Grant, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	g, ok := t.grants[id]
	if !ok {
		return g, elicense.ErrNotFound
	}
	return copyGrant(g), nil
}

// ListGrants implements elicense.Grants.
func (t *Twin) ListGrants(_ context.Context, q elicense.GrantQuery) (page []elicense.Grant, next string, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, g := range t.grants {
		if q.Actor != "" && g.Actor != q.Actor {
			continue
		}
		if q.HolderRef != "" && g.HolderRef == q.HolderRef && !g.Withheld || q.HolderRef == "" && g.Grantee == q.Grantee {
			page = append(page, copyGrant(g))
		}
	}
	slices.SortFunc(page, func(a, b elicense.Grant) int {
		if c := b.CreatedAt.Compare(a.CreatedAt); c != 0 {
			return c
		}
		return strings.Compare(b.ID, a.ID)
	})
	if q.After != "" {
		i := slices.IndexFunc(page, func(g elicense.Grant) bool { return g.ID == q.After })
		if i < 0 {
			return nil, "", nil
		}
		page = page[i+1:]
	}
	if len(page) > q.Limit {
		page = page[:q.Limit]
		next = page[q.Limit-1].ID
	}
	return page, next, nil
}

// RevokeGrant implements elicense.Grants.
func (t *Twin) RevokeGrant(ctx context.Context, id string, now time.Time, record audit.Record) (done bool, err error) {
	err = t.write(nil, func() error {
		g, ok := t.grants[id]
		if !ok || !g.RevokedAt.IsZero() {
			return nil
		}
		if err := needEvent(record); err != nil {
			return err
		}
		if err := t.under(ctx); err != nil {
			return err
		}
		g.RevokedAt, done = now, true
		t.grants[id] = g
		t.records = append(t.records, record)
		return nil
	})
	return done, err
}

// Redeem implements elicense.Grants.
func (t *Twin) Redeem(_ context.Context, id string, now time.Time, use elicense.Use, c *elicense.LicenseCopy, record audit.Record) (done bool, err error) {
	err = t.write(nil, func() error {
		g, ok := t.grants[id]
		if !ok || g.State(now) != "open" {
			return nil
		}
		if err := needEvent(record); err != nil {
			return err
		}
		if err := t.mayTake(g, now); err != nil {
			return err
		}
		g.Left, g.UsedAt, done = g.Left-1, now, true
		t.grants[id] = g
		for _, account := range t.holdersOf(g) {
			use.HolderRef = account
			t.countUse(use)
		}
		if g.Withheld {
			t.withheld[use.ID] = g.ID
		}
		if c != nil {
			t.copies[c.ID] = *c
		}
		t.records = append(t.records, record)
		return nil
	})
	return done, err
}

// FindCopy implements elicense.Grants.
func (t *Twin) FindCopy(_ context.Context, id string) (elicense.LicenseCopy, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	c, ok := t.copies[id]
	if !ok {
		return c, elicense.ErrNotFound
	}
	return c, nil
}

// PlannedCopy implements elicense.Grants.
func (t *Twin) PlannedCopy(_ context.Context, grant string, by time.Time) (elicense.LicenseCopy, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	var oldest elicense.LicenseCopy
	for _, c := range t.copies {
		if c.Grant == grant && c.File == "" && !c.CreatedAt.After(by) && (oldest.ID == "" || c.CreatedAt.Before(oldest.CreatedAt) || c.CreatedAt.Equal(oldest.CreatedAt) && c.ID < oldest.ID) {
			oldest = c
		}
	}
	if oldest.ID == "" {
		return oldest, elicense.ErrNotFound
	}
	return oldest, nil
}

// FinishCopy implements elicense.Grants.
func (t *Twin) FinishCopy(_ context.Context, id, file string, now time.Time, record audit.Record) (c elicense.LicenseCopy, err error) {
	err = t.write(nil, func() error {
		found, ok := t.copies[id]
		if !ok {
			return elicense.ErrNotFound
		}
		if found.File == "" {
			if err := needEvent(record); err != nil {
				return err
			}
			if t.frozen(found.HolderRef, found.License) && !t.orders[found.Order].Covers(now) {
				return elicense.ErrFrozen
			}
			found.File = file
			t.copies[id] = found
			t.records = append(t.records, record)
		}
		c = found
		return nil
	})
	return c, err
}

// AddCopyLink implements elicense.Grants.
func (t *Twin) AddCopyLink(_ context.Context, link elicense.CopyLink, now time.Time, record audit.Record) error {
	return t.write(&record, func() error {
		if err := needEvent(record); err != nil {
			return err
		}
		maps.DeleteFunc(t.links, func(_ string, l copyLink) bool {
			return l.Grantee == link.Grantee && l.Expires.Before(now.Add(-24*time.Hour))
		})
		t.links[link.Hash] = copyLink{CopyLink: link}
		return nil
	})
}

// copyLink is an address of a copy and whether it was used.
type copyLink struct {
	elicense.CopyLink
	used bool
}

// FindCopyLink implements elicense.Grants.
func (t *Twin) FindCopyLink(_ context.Context, hash string) (elicense.CopyLink, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	link, ok := t.links[hash]
	if !ok {
		return elicense.CopyLink{}, elicense.ErrNotFound
	}
	return link.CopyLink, nil
}

// TakeCopyLink implements elicense.Grants.
func (t *Twin) TakeCopyLink(_ context.Context, hash string, now time.Time, record audit.Record) (done bool, err error) {
	err = t.write(nil, func() error {
		link, ok := t.links[hash]
		if !ok || link.used || !now.Before(link.Expires) {
			return nil
		}
		if err := needEvent(record); err != nil {
			return err
		}
		link.used, done = true, true
		t.links[hash] = link
		t.records = append(t.records, record)
		return nil
	})
	return done, err
}

// CopyIDs are the copies that were planned.
func (t *Twin) CopyIDs() []string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return slices.Sorted(maps.Keys(t.copies))
}
