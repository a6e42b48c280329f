package licensetest

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// AddPaper implements elicense.Papers.
func (t *Twin) AddPaper(_ context.Context, p elicense.Paper, most int, use elicense.Use, record audit.Record) error {
	return t.write(&record, func() error {
		if err := needEvent(record); err != nil {
			return err
		}
		if t.stopped(use) {
			return elicense.ErrFrozen
		}
		about := 0
		for _, other := range t.papers {
			if other.License == p.License && other.ExpiresAt.After(p.IssuedAt) {
				about++
			}
		}
		if about >= most {
			return elicense.ErrPapersMany
		}
		t.papers[p.ID] = p
		t.countUse(use)
		return nil
	})
}

func (t *Twin) findPaper(is func(elicense.Paper) bool) (elicense.Paper, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, p := range t.papers {
		if is(p) {
			return p, nil
		}
	}
	return elicense.Paper{}, elicense.ErrNotFound
}

// FindPaper implements elicense.Papers.
func (t *Twin) FindPaper(_ context.Context, pidKey string) (elicense.Paper, error) {
	return t.findPaper(func(p elicense.Paper) bool { return p.PIDKey == pidKey })
}

// FindPaperOf implements elicense.Papers.
func (t *Twin) FindPaperOf(_ context.Context, holderRef, id string) (elicense.Paper, error) {
	return t.findPaper(func(p elicense.Paper) bool { return p.HolderRef == holderRef && p.ID == id })
}

// WithdrawPaper implements elicense.Papers.
func (t *Twin) WithdrawPaper(_ context.Context, id string, at time.Time, record audit.Record) (done bool, err error) {
	err = t.write(nil, func() error {
		p, there := t.papers[id]
		if !there || !p.WithdrawnAt.IsZero() || !p.ExpiresAt.After(at) {
			return nil
		}
		if err := needEvent(record); err != nil {
			return err
		}
		p.WithdrawnAt, done = at, true
		t.papers[id] = p
		t.records = append(t.records, record)
		return nil
	})
	return done, err
}

// ListPapers implements elicense.Papers.
func (t *Twin) ListPapers(_ context.Context, holderRef, after string, limit int) (page []elicense.Paper, next string, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, p := range t.papers {
		if p.HolderRef == holderRef {
			page = append(page, p)
		}
	}
	slices.SortFunc(page, func(a, b elicense.Paper) int {
		return cmp.Or(b.IssuedAt.Compare(a.IssuedAt), strings.Compare(b.ID, a.ID))
	})
	if after != "" {
		at := slices.IndexFunc(page, func(p elicense.Paper) bool { return p.Cursor() == after })
		if at < 0 {
			return nil, "", elicense.ErrNotFound
		}
		page = page[at+1:]
	}
	if len(page) <= limit {
		return page, "", nil
	}
	return page[:limit], page[limit-1].Cursor(), nil
}

// WithdrawnShortIDs implements elicense.Papers.
func (t *Twin) WithdrawnShortIDs(_ context.Context, at time.Time) (ids [][8]byte, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, p := range t.papers {
		if !p.WithdrawnAt.IsZero() && p.ExpiresAt.After(at) {
			ids = append(ids, p.ShortID)
		}
	}
	return ids, nil
}
