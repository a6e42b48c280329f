package licensetest

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

type twinRegion struct {
	elicense.Region
	content []byte
	removed bool
}

// AddRegion implements elicense.Regions.
func (t *Twin) AddRegion(_ context.Context, r elicense.Region, content []byte, record audit.Record) error {
	return t.write(&record, func() error {
		if have, ok := t.regions[r.URI]; ok && (!have.removed || have.Number > r.Number) {
			return elicense.ErrStale
		}
		if err := needEvent(record); err != nil {
			return err
		}
		r.Divisions = slices.Clone(r.Divisions)
		t.regions[r.URI] = &twinRegion{r, slices.Clone(content), false}
		return nil
	})
}

// Regions implements elicense.Regions.
func (t *Twin) Regions(context.Context) (all []elicense.Region, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, have := range t.regions {
		if !have.removed {
			r := have.Region
			r.Divisions = slices.Clone(r.Divisions)
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b elicense.Region) int { return strings.Compare(a.URI, b.URI) })
	return all, nil
}

// RegionContent implements elicense.Regions.
func (t *Twin) RegionContent(_ context.Context, uri string) ([]byte, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if have, ok := t.regions[uri]; ok && !have.removed {
		return slices.Clone(have.content), nil
	}
	return nil, elicense.ErrNotFound
}

// changeRegion changes a region that was not removed, and keeps the record where it did.
func (t *Twin) changeRegion(uri string, record *audit.Record, change func(have *twinRegion) bool) (done bool, err error) {
	err = t.write(nil, func() error {
		have, ok := t.regions[uri]
		if !ok || have.removed {
			return nil
		}
		changed := *have
		if !change(&changed) {
			return nil
		}
		if record != nil {
			if err := needEvent(*record); err != nil {
				return err
			}
			t.records = append(t.records, *record)
		}
		*have, done = changed, true
		return nil
	})
	return done, err
}

// RenewRegion implements elicense.Regions.
func (t *Twin) RenewRegion(_ context.Context, r elicense.Region, content []byte, record audit.Record) (bool, error) {
	return t.changeRegion(r.URI, &record, func(have *twinRegion) bool {
		if have.Number >= r.Number {
			return false
		}
		have.Publisher, have.Number, have.IssuedAt, have.NextUpdate, have.TakenAt, have.Problem = r.Publisher, r.Number, r.IssuedAt, r.NextUpdate, r.TakenAt, ""
		have.content = slices.Clone(content)
		return true
	})
}

// AskRegion implements elicense.Regions.
func (t *Twin) AskRegion(_ context.Context, uri string, before, now time.Time) (bool, error) {
	return t.changeRegion(uri, nil, func(have *twinRegion) bool {
		if have.AskedAt.After(before) {
			return false
		}
		have.AskedAt = now
		return true
	})
}

// FailRegion implements elicense.Regions.
func (t *Twin) FailRegion(_ context.Context, uri, problem string) error {
	_, err := t.changeRegion(uri, nil, func(have *twinRegion) bool { have.Problem = problem; return true })
	return err
}

// RemoveRegion implements elicense.Regions.
func (t *Twin) RemoveRegion(_ context.Context, uri string, _ time.Time, record audit.Record) (bool, error) {
	return t.changeRegion(uri, &record, func(have *twinRegion) bool { have.removed = true; return true })
}

// AuthoritiesIn implements elicense.Regions.
func (t *Twin) AuthoritiesIn(_ context.Context, division string) (codes []string, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for code := range t.authorities {
		if len(code) > 2 && strings.HasPrefix(code[2:], division) {
			codes = append(codes, code)
		}
	}
	slices.Sort(codes)
	return codes, nil
}
