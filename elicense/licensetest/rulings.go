package licensetest

import (
	"context"
	"slices"
	"strings"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// ruledDay counts the approvals by rule of a day.
type ruledDay struct {
	day      string
	approved int
}

// Held implements elicense.Rulings.
func (t *Twin) Held(_ context.Context, holderKey string, typeCodes []string, limit int) ([]elicense.License, error) {
	list := t.some(1<<20, func(l elicense.License) bool {
		return l.State == elicense.StateActive && l.Bits == statuslist.InForce && slices.Contains(typeCodes, l.TypeCode) && slices.Contains(l.HolderKeys, holderKey)
	})
	slices.SortFunc(list, func(a, b elicense.License) int { return compare(elicense.Cursor(b), elicense.Cursor(a)) })
	for i := range list { // as lists of the database come
		list[i].HolderKeys = nil
	}
	return list[:min(len(list), limit)], nil
}

// Rule implements elicense.Rulings.
func (t *Twin) Rule(_ context.Context, license string, ask elicense.RulingAsk, judge func(*elicense.License, elicense.RulingSeen) (elicense.Ruling, elicense.Change, error)) (l elicense.License, r elicense.Ruling, made bool, err error) {
	err = t.write(nil, func() error {
		have, ok := t.licenses[license]
		if !ok {
			return elicense.ErrNotFound
		}
		l = copyOf(have)
		if r, ok = t.rulings[license]; ok {
			return nil
		}
		var change elicense.Change
		seen := t.seen(l, ask)
		if r, change, err = judge(&l, seen); err != nil {
			return err
		}
		if err := needEvent(change.Record); err != nil {
			return err
		}
		l.Revision++
		t.licenses[license] = copyOf(l)
		t.rulings[license] = r
		if l.State == elicense.StateApproved {
			t.ruledOn[l.TypeCode] = ruledDay{ask.Day, seen.Approved + 1}
		}
		t.records = append(t.records, change.Record)
		made = true
		return nil
	})
	if err != nil {
		return elicense.License{}, elicense.Ruling{}, false, err
	}
	return l, r, made, nil
}

func (t *Twin) seen(l elicense.License, ask elicense.RulingAsk) elicense.RulingSeen {
	seen := elicense.RulingSeen{Switch: t.switchOf(l.AuthorityCode, l.TypeCode), Asked: make([]int, len(ask.Since))}
	if day := t.ruledOn[l.TypeCode]; day.day >= ask.Day {
		seen.Approved = day.approved
	}
	for _, other := range t.licenses {
		if other.TypeCode != l.TypeCode || !slices.ContainsFunc(other.HolderKeys, func(key string) bool { return slices.Contains(l.HolderKeys, key) }) {
			continue
		}
		for i, since := range ask.Since {
			if !other.CreatedAt.Before(since) {
				seen.Asked[i]++
			}
		}
		ended := other.State == elicense.StateRejected || other.State == elicense.StateTakenBack || other.State == elicense.StateActive && other.Bits != statuslist.InForce && other.Bits != statuslist.NotUsable
		if other.ID != l.ID && !ended {
			seen.Others++
		}
	}
	return seen
}

// FindRuling implements elicense.Rulings.
func (t *Twin) FindRuling(_ context.Context, license string) (elicense.Ruling, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	r, ok := t.rulings[license]
	if !ok {
		return r, elicense.ErrNotFound
	}
	return r, nil
}

// within tells whether a licence lies in one of the areas.
func (t *Twin) within(license string, areas []string) bool {
	return areas == nil || slices.ContainsFunc(areas, func(area string) bool { return strings.HasPrefix(t.licenses[license].Area, area) })
}

// Rulings implements elicense.Rulings.
func (t *Twin) Rulings(_ context.Context, f elicense.RulingFilter) (page []elicense.Ruling, next string, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, r := range t.rulings {
		if (f.Outcome == "" || string(r.Outcome) == f.Outcome) && (f.TypeCode == "" || r.TypeCode == f.TypeCode) && (f.AuthorityCode == "" || r.AuthorityCode == f.AuthorityCode) &&
			t.within(r.License, f.Areas) && (f.After == "" || elicense.RulingCursor(r) < f.After) {
			page = append(page, r)
		}
	}
	slices.SortFunc(page, func(a, b elicense.Ruling) int { return compare(elicense.RulingCursor(b), elicense.RulingCursor(a)) })
	if len(page) > f.Limit {
		page = page[:f.Limit]
		next = elicense.RulingCursor(page[f.Limit-1])
	}
	return page, next, nil
}

func (t *Twin) switchOf(authorityCode, typeCode string) elicense.RuleSwitch {
	if w, ok := t.switches[authorityCode+"."+typeCode]; ok {
		return w
	}
	return elicense.RuleSwitch{AuthorityCode: authorityCode, TypeCode: typeCode}
}

// FindRuleSwitch implements elicense.Rulings.
func (t *Twin) FindRuleSwitch(_ context.Context, authorityCode, typeCode string) (elicense.RuleSwitch, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return t.switchOf(authorityCode, typeCode), nil
}

// RuleSwitches implements elicense.Rulings.
func (t *Twin) RuleSwitches(_ context.Context, after string, limit int) (page []elicense.RuleSwitch, next string, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for key, w := range t.switches {
		if key > after {
			page = append(page, w)
		}
	}
	place := func(w elicense.RuleSwitch) string { return w.AuthorityCode + "." + w.TypeCode }
	slices.SortFunc(page, func(a, b elicense.RuleSwitch) int { return compare(place(a), place(b)) })
	if len(page) > limit {
		page = page[:limit]
		next = place(page[limit-1])
	}
	return page, next, nil
}

// PutRuleSwitch implements elicense.Rulings.
func (t *Twin) PutRuleSwitch(_ context.Context, w elicense.RuleSwitch, record audit.Record) error {
	return t.write(&record, func() error {
		if err := needEvent(record); err != nil {
			return err
		}
		if t.switchOf(w.AuthorityCode, w.TypeCode).Revision != w.Revision {
			return elicense.ErrStale
		}
		w.Revision++
		t.switches[w.AuthorityCode+"."+w.TypeCode] = w
		return nil
	})
}

// AddAppeal implements elicense.Appeals.
func (t *Twin) AddAppeal(_ context.Context, a elicense.Appeal, record audit.Record) error {
	return t.write(&record, func() error {
		if err := needEvent(record); err != nil {
			return err
		}
		if _, ok := t.appeals[a.License]; ok {
			return elicense.ErrStale
		}
		t.appeals[a.License] = a
		return nil
	})
}

// FindAppeal implements elicense.Appeals.
func (t *Twin) FindAppeal(_ context.Context, license string) (elicense.Appeal, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	a, ok := t.appeals[license]
	if !ok {
		return a, elicense.ErrNotFound
	}
	return a, nil
}

// Appeals implements elicense.Appeals.
func (t *Twin) Appeals(_ context.Context, f elicense.AppealFilter) (page []elicense.Appeal, next string, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, a := range t.appeals {
		if (f.State == "" || string(a.State) == f.State) && t.within(a.License, f.Areas) && (f.After == "" || elicense.AppealCursor(a) > f.After) {
			page = append(page, a)
		}
	}
	slices.SortFunc(page, func(a, b elicense.Appeal) int { return compare(elicense.AppealCursor(a), elicense.AppealCursor(b)) })
	if len(page) > f.Limit {
		page = page[:f.Limit]
		next = elicense.AppealCursor(page[f.Limit-1])
	}
	return page, next, nil
}

// ChangeAppeal implements elicense.Appeals.
func (t *Twin) ChangeAppeal(_ context.Context, license string, change func(*elicense.Appeal, *elicense.License) (audit.Record, error)) (a elicense.Appeal, l elicense.License, err error) {
	err = t.write(nil, func() error {
		var ok bool
		if a, ok = t.appeals[license]; !ok {
			return elicense.ErrNotFound
		}
		l = copyOf(t.licenses[license])
		state := l.State
		record, err := change(&a, &l)
		if err != nil {
			return err
		}
		if err := needEvent(record); err != nil {
			return err
		}
		a.Revision++
		t.appeals[license] = a
		if l.State != state {
			l.Revision++
			t.licenses[license] = copyOf(l)
		}
		t.records = append(t.records, record)
		return nil
	})
	if err != nil {
		return elicense.Appeal{}, elicense.License{}, err
	}
	return a, l, nil
}
