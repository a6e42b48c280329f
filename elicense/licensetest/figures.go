package licensetest

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
)

type twinVerified struct {
	area string
	n    int64
}

func inDivision(authority, division string) bool {
	return len(authority) >= 2 && strings.HasPrefix(authority[2:], division)
}

func issuedWithin(l elicense.License, from, till time.Time) bool {
	return !l.IssuedAt.IsZero() && !l.IssuedAt.Before(from) && l.IssuedAt.Before(till)
}

// within judges whether a figure is one of those that a filter selects.
func within(f elicense.FigureFilter, area, typeCode, authority string) bool {
	inArea := f.Areas == nil
	for _, path := range f.Areas {
		inArea = inArea || strings.HasPrefix(area, path)
	}
	return inArea && (f.TypeCode == "" || f.TypeCode == typeCode) && (f.AuthorityCode == "" || f.AuthorityCode == authority) && (f.Division == "" || inDivision(authority, f.Division))
}

// keyOf is the key of a licence by a dimension.
func keyOf(by elicense.Dimension, typeCode, authority string) string {
	switch {
	case by == elicense.ByType:
		return typeCode
	case by == elicense.ByAuthority:
		return authority
	case len(authority) < 2:
		return ""
	}
	return authority[2:min(8, len(authority))]
}

// CountLicenses implements elicense.Figures.
func (t *Twin) CountLicenses(_ context.Context, f elicense.FigureFilter, by elicense.Dimension, today int64, ends [3]int64) (counts []elicense.LicenseCount, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	places := map[[2]string]int{}
	for _, l := range t.licenses {
		if l.State != elicense.StateActive || !within(f, l.Area, l.TypeCode, l.AuthorityCode) {
			continue
		}
		key := [2]string{keyOf(by, l.TypeCode, l.AuthorityCode), l.Status}
		place, there := places[key]
		if !there {
			place = len(counts)
			places[key], counts = place, append(counts, elicense.LicenseCount{Key: key[0], Status: key[1]})
		}
		c := &counts[place]
		c.N++
		switch {
		case l.Ends < 0:
			c.Unread++
		case l.Ends > 0 && l.Ends < today:
			c.Past++
		}
		for i, end := range ends {
			if l.Ends >= today && l.Ends <= end {
				c.Ending[i]++
			}
		}
	}
	return counts, nil
}

// CountIssued implements elicense.Figures.
func (t *Twin) CountIssued(_ context.Context, f elicense.FigureFilter, by elicense.Dimension, from, till time.Time) (map[string]int64, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	counts := map[string]int64{}
	for _, l := range t.licenses {
		if l.State == elicense.StateActive && within(f, l.Area, l.TypeCode, l.AuthorityCode) && issuedWithin(l, from, till) {
			counts[keyOf(by, l.TypeCode, l.AuthorityCode)]++
		}
	}
	return counts, nil
}

// CountVerified implements elicense.Figures.
func (t *Twin) CountVerified(_ context.Context, f elicense.FigureFilter, by elicense.Dimension, from, till int64) (map[string]map[string]int64, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	counts := map[string]map[string]int64{}
	for k, v := range t.verified {
		if k.Day < from || k.Day > till || !within(f, v.area, k.TypeCode, k.AuthorityCode) {
			continue
		}
		day := strconv.FormatInt(k.Day, 10)
		key, other := map[elicense.Dimension]string{elicense.ByChannel: string(k.Channel), elicense.ByCode: k.Code, elicense.ByDay: day, elicense.ByMonth: day[:6], elicense.ByYear: day[:4]}[by]
		if !other {
			key = keyOf(by, k.TypeCode, k.AuthorityCode)
		}
		if counts[key] == nil {
			counts[key] = map[string]int64{}
		}
		counts[key][k.Verdict] += v.n
	}
	return counts, nil
}

// AddVerified implements elicense.Figures.
func (t *Twin) AddVerified(_ context.Context, counts []elicense.VerifiedCount) error {
	return t.write(nil, func() error {
		for _, one := range counts {
			if t.verified[one.VerifiedKey] == nil {
				t.verified[one.VerifiedKey] = &twinVerified{area: one.Area}
			}
			t.verified[one.VerifiedKey].n += one.N
		}
		return nil
	})
}

// DropVerified implements elicense.Figures.
func (t *Twin) DropVerified(_ context.Context, before int64) error {
	return t.write(nil, func() error {
		for key := range t.verified {
			if key.Day < before {
				delete(t.verified, key)
			}
		}
		return nil
	})
}

// UnreadEnds implements elicense.Figures.
func (t *Twin) UnreadEnds(_ context.Context, limit int) (list []elicense.License, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, l := range t.licenses {
		if l.State == elicense.StateActive && l.Ends == -1 && len(list) < limit {
			list = append(list, copyOf(l))
		}
	}
	return list, nil
}

// SetEnds implements elicense.Figures.
func (t *Twin) SetEnds(_ context.Context, id string, ends int64) error {
	return t.write(nil, func() error {
		if l, there := t.licenses[id]; there && l.Ends == -1 {
			l.Ends = ends
			t.licenses[id] = l
		}
		return nil
	})
}
