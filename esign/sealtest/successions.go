package sealtest

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

func party(s esign.Seal) esign.Party { return esign.Party{Name: s.Owner, Code: s.OwnerCode} }

// AddSuccession implements esign.Successions.
func (t *Twin) AddSuccession(_ context.Context, p esign.Succession, record audit.Record) error {
	return t.write(record, func() error {
		for _, have := range t.successions {
			if have.ID == p.ID || have.Owner == p.Owner && (have.State == esign.SuccessionProposed || have.State == esign.SuccessionRecorded) {
				return esign.ErrExists
			}
		}
		t.successions[p.ID] = p
		return nil
	})
}

// UpdateSuccession implements esign.Successions.
func (t *Twin) UpdateSuccession(_ context.Context, p esign.Succession, from esign.SuccessionState, record audit.Record) error {
	return t.write(record, func() error {
		have, ok := t.successions[p.ID]
		if !ok || have.State != from || p.State == from && (have.SealsEnded || !p.SealsEnded) {
			return esign.ErrChanged
		}
		have.State, have.SealsEnded, have.DecidedBy, have.DecidedAt, have.Reason, have.RecordedBy, have.RecordedAt = p.State, p.SealsEnded, p.DecidedBy, p.DecidedAt, p.Reason, p.RecordedBy, p.RecordedAt
		t.successions[p.ID] = have
		return nil
	})
}

func (t *Twin) successionList(wanted func(esign.Succession) bool, order func(a, b esign.Succession) int, limit int) []esign.Succession {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	var all []esign.Succession
	for _, p := range t.successions {
		if wanted(p) {
			p.Heirs = slices.Clone(p.Heirs)
			all = append(all, p)
		}
	}
	slices.SortFunc(all, order)
	return all[:min(limit, len(all))]
}

func newest(a, b esign.Succession) int {
	return cmp.Or(b.ProposedAt.Compare(a.ProposedAt), cmp.Compare(b.ID, a.ID))
}

func (t *Twin) oneSuccession(wanted func(esign.Succession) bool) (esign.Succession, error) {
	all := t.successionList(wanted, newest, 1)
	if len(all) == 0 {
		return esign.Succession{}, esign.ErrNotFound
	}
	return all[0], nil
}

// Succession implements esign.Successions.
func (t *Twin) Succession(_ context.Context, id string) (esign.Succession, error) {
	return t.oneSuccession(func(p esign.Succession) bool { return p.ID == id })
}

// SuccessionOf implements esign.Successions.
func (t *Twin) SuccessionOf(_ context.Context, owner esign.Party) (esign.Succession, error) {
	return t.oneSuccession(func(p esign.Succession) bool { return p.Owner == owner && p.State == esign.SuccessionRecorded })
}

// SuccessionPage implements esign.Successions.
func (t *Twin) SuccessionPage(_ context.Context, q esign.SuccessionQuery) ([]esign.Succession, error) {
	last := esign.Succession{ID: q.After.ID, ProposedAt: q.After.At}
	return t.successionList(func(p esign.Succession) bool {
		return (q.State == "" || p.State == q.State) && (q.After == esign.Position{} || newest(p, last) > 0) && slices.ContainsFunc(q.Areas, func(path string) bool { return strings.HasPrefix(p.Area, path) })
	}, newest, q.Limit), nil
}

// SuccessionsDue implements esign.Successions.
func (t *Twin) SuccessionsDue(_ context.Context, now time.Time, limit int) ([]esign.Succession, error) {
	return t.successionList(func(p esign.Succession) bool {
		return p.State == esign.SuccessionRecorded && !p.SealsEnded && !p.SealsEnd.IsZero() && !p.SealsEnd.After(now)
	}, func(a, b esign.Succession) int {
		return cmp.Or(a.SealsEnd.Compare(b.SealsEnd), cmp.Compare(a.ID, b.ID))
	}, limit), nil
}

// SealsOfOwner implements esign.Successions.
func (t *Twin) SealsOfOwner(ctx context.Context, owner esign.Party, after string, limit int) ([]esign.Seal, error) {
	all, err := t.Seals(ctx, []string{""}, "", after, len(t.seals))
	all = slices.DeleteFunc(all, func(s esign.Seal) bool { return party(s) != owner })
	return all[:min(limit, len(all))], err
}

// SealsSucceeded implements esign.Successions.
func (t *Twin) SealsSucceeded(ctx context.Context, areas []string, at time.Time, after string, limit int) ([]esign.Seal, error) {
	all, err := t.Seals(ctx, areas, esign.Active, after, len(t.seals))
	all = slices.DeleteFunc(all, func(s esign.Seal) bool {
		p, err := t.SuccessionOf(ctx, party(s))
		_, replaced := t.Replacement(ctx, s.ID)
		return err != nil || p.Since.After(at) || replaced == nil
	})
	return all[:min(limit, len(all))], err
}

// SucceededOwners implements esign.Successions.
func (t *Twin) SucceededOwners(ctx context.Context, from, to string) (map[string]esign.Party, error) {
	all, err := t.Seals(ctx, []string{""}, "", "", len(t.seals))
	owners := map[string]esign.Party{}
	for _, s := range all {
		if _, missing := t.SuccessionOf(ctx, party(s)); missing == nil && s.Code >= from && s.Code <= to {
			owners[s.Code] = party(s)
		}
	}
	return owners, err
}
