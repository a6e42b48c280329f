package licensetest

import (
	"context"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// AddType implements elicense.Types.
func (t *Twin) AddType(_ context.Context, v elicense.TypeVersion, inUse *elicense.TypeInUse, entries []elicense.LogEntry, record audit.Record) error {
	return t.write(&record, func() error {
		for _, have := range t.types {
			if have.ID == v.ID || have.Code == v.Code && have.Version == v.Version && have.State != elicense.TypeRefused {
				return elicense.ErrStale
			}
		}
		return t.putType(v, inUse, entries, record)
	})
}

func (t *Twin) putType(v elicense.TypeVersion, inUse *elicense.TypeInUse, entries []elicense.LogEntry, record audit.Record) error {
	if err := needEvent(record); err != nil {
		return err
	}
	if inUse != nil {
		newest := 0
		for _, have := range t.types {
			if have.Code == v.Code && have.State == elicense.TypePublished {
				newest = max(newest, have.Version)
			}
		}
		if have, ok := t.published[inUse.Package.Name]; ok && have.Number >= inUse.Package.Number || newest != inUse.After {
			return elicense.ErrStale
		}
		t.published[inUse.Package.Name] = inUse.Package
	}
	v.Files = slices.Clone(v.Files)
	t.types[v.ID] = v
	t.log.enqueue(elicense.LogMain, entries)
	return nil
}

// DecideType implements elicense.Types.
func (t *Twin) DecideType(_ context.Context, v elicense.TypeVersion, inUse *elicense.TypeInUse, entries []elicense.LogEntry, record audit.Record) error {
	return t.write(&record, func() error {
		have, ok := t.types[v.ID]
		if !ok || have.State != elicense.TypeProposed {
			return elicense.ErrStale
		}
		have.State, have.DecidedBy, have.DecidedAt, have.Reason = v.State, v.DecidedBy, v.DecidedAt, v.Reason
		return t.putType(have, inUse, entries, record)
	})
}

// FindType implements elicense.Types.
func (t *Twin) FindType(_ context.Context, id string) (elicense.TypeVersion, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	v, ok := t.types[id]
	if !ok {
		return elicense.TypeVersion{}, elicense.ErrNotFound
	}
	return v, nil
}

// TypesIn implements elicense.Types.
func (t *Twin) TypesIn(_ context.Context, state elicense.TypeState, after string, limit int) (list []elicense.TypeVersion, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, v := range t.types {
		if v.State == state && v.ID > after {
			list = append(list, v)
		}
	}
	slices.SortFunc(list, func(x, y elicense.TypeVersion) int { return strings.Compare(x.ID, y.ID) })
	return list[:min(len(list), limit)], nil
}

// RetireType implements elicense.Types.
func (t *Twin) RetireType(_ context.Context, r elicense.TypeRetirement, record audit.Record) error {
	return t.write(&record, func() error {
		if slices.Contains(t.retired[r.Code], r.Version) {
			return elicense.ErrStale
		}
		if err := needEvent(record); err != nil {
			return err
		}
		t.retired[r.Code] = append(t.retired[r.Code], r.Version)
		return nil
	})
}

// RetiredTypes implements elicense.Types.
func (t *Twin) RetiredTypes(context.Context) (map[string]int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	retired := map[string]int{}
	for code, versions := range t.retired {
		retired[code] = slices.Max(versions)
	}
	return retired, nil
}

// TypesRevision implements elicense.Types.
func (t *Twin) TypesRevision(context.Context) (revision int64, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, v := range t.types {
		if v.State == elicense.TypePublished {
			revision++
		}
	}
	for _, versions := range t.retired {
		revision += int64(len(versions))
	}
	return revision, nil
}

// AddTypeDraft implements elicense.TypeDrafts.
func (t *Twin) AddTypeDraft(_ context.Context, d elicense.TypeDraft, most int, record audit.Record) error {
	return t.write(&record, func() error {
		if len(t.draftsOf(d.Owner)) >= most {
			return elicense.ErrFull
		}
		if err := needEvent(record); err != nil {
			return err
		}
		d.Files = slices.Clone(d.Files)
		t.drafts[d.ID] = d
		return nil
	})
}

func (t *Twin) draftsOf(owner string) (list []elicense.TypeDraft) {
	for _, d := range t.drafts {
		if d.Owner == owner {
			list = append(list, d)
		}
	}
	slices.SortFunc(list, func(x, y elicense.TypeDraft) int { return strings.Compare(x.ID, y.ID) })
	return list
}

// ChangeTypeDraft implements elicense.TypeDrafts.
func (t *Twin) ChangeTypeDraft(_ context.Context, d elicense.TypeDraft, record audit.Record) error {
	return t.write(&record, func() error {
		have, ok := t.drafts[d.ID]
		if !ok || have.Revision != d.Revision {
			return elicense.ErrStale
		}
		if err := needEvent(record); err != nil {
			return err
		}
		have.Code, have.Files, have.UpdatedAt = d.Code, slices.Clone(d.Files), d.UpdatedAt
		have.Revision++
		t.drafts[d.ID] = have
		return nil
	})
}

// DropTypeDraft implements elicense.TypeDrafts.
func (t *Twin) DropTypeDraft(_ context.Context, id string, revision int64, record audit.Record) error {
	return t.write(&record, func() error {
		if have, ok := t.drafts[id]; !ok || have.Revision != revision {
			return elicense.ErrStale
		}
		if err := needEvent(record); err != nil {
			return err
		}
		delete(t.drafts, id)
		return nil
	})
}

// FindTypeDraft implements elicense.TypeDrafts.
func (t *Twin) FindTypeDraft(_ context.Context, id string) (elicense.TypeDraft, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	d, ok := t.drafts[id]
	if !ok {
		return elicense.TypeDraft{}, elicense.ErrNotFound
	}
	return d, nil
}

// TypeDraftsOf implements elicense.TypeDrafts.
func (t *Twin) TypeDraftsOf(_ context.Context, owner, after string, limit int) (list []elicense.TypeDraft, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, d := range t.draftsOf(owner) {
		if d.ID > after && len(list) < limit {
			list = append(list, d)
		}
	}
	return list, nil
}
