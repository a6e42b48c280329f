// Package sealtest serves tests of the seal room: an in-memory twin of the store, a wrapper that makes any store fail
// before or after its steps (FailBefore, FailAfter), the contract that every store must keep (RunStore, RunCrash), and a
// world with real keys, certificates and seals.
package sealtest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/internal/audit"
)

// Twin is an esign.Store in memory. Put Faulty around it to make its steps fail.
type Twin struct {
	mutex   sync.Mutex
	seals   map[string]esign.Seal
	stamps  map[string]esign.Stamp
	records []audit.Record
	changes map[string][]esign.StatusChange // by seal
	lists   map[string]esign.StatusList     // by division
	uses    uses
	flags   flags

	successions map[string]esign.Succession
}

// NewTwin returns an empty twin.
func NewTwin() *Twin {
	return &Twin{seals: map[string]esign.Seal{}, stamps: map[string]esign.Stamp{}, changes: map[string][]esign.StatusChange{}, lists: map[string]esign.StatusList{}, uses: newUses(), flags: newFlags(), successions: map[string]esign.Succession{}}
}

// Records are the audit records stored so far.
func (t *Twin) Records() []audit.Record {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return slices.Clone(t.records)
}

// AllStamps gives every stamp, oldest first.
func (t *Twin) AllStamps() []esign.Stamp {
	return t.list(func(esign.Stamp) bool { return true }, oldestFirst, len(t.stamps))
}

// Corrupt changes a seal past all rules, as damage or a bad migration would.
func (t *Twin) Corrupt(id string, change func(*esign.Seal)) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	s := t.seals[id]
	change(&s)
	t.seals[id] = s
}

var errNoEvent = errors.New("sealtest: a change without an audit event")

// write runs a change under the lock and keeps its record; a change without an event is refused.
func (t *Twin) write(record audit.Record, change func() error) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if len(record.Events) == 0 {
		return errNoEvent
	}
	if err := change(); err != nil {
		return err
	}
	t.records = append(t.records, record)
	return nil
}

func copyOf(s esign.Seal) esign.Seal {
	s.SignerCert, s.SES, s.Picture = slices.Clone(s.SignerCert), slices.Clone(s.SES), slices.Clone(s.Picture)
	s.CreatedAt, s.UpdatedAt = micros(s.CreatedAt), micros(s.UpdatedAt)
	return s
}

// micros is the precision of stores.
func micros(at time.Time) time.Time { return at.UTC().Truncate(time.Microsecond) }

// AddSeal implements esign.Store.
func (t *Twin) AddSeal(_ context.Context, s esign.Seal, record audit.Record) error {
	return t.write(record, func() error {
		for _, have := range t.seals {
			if have.Code == s.Code || have.ID == s.ID || s.Replaces != "" && have.Replaces == s.Replaces && have.State != esign.Revoked {
				return esign.ErrExists
			}
		}
		t.seals[s.ID] = copyOf(s)
		return nil
	})
}

// Seal implements esign.Store.
func (t *Twin) Seal(_ context.Context, id string) (esign.Seal, error) {
	return t.find(func(s esign.Seal) bool { return s.ID == id })
}

// SealByCode implements esign.Store.
func (t *Twin) SealByCode(_ context.Context, code string) (esign.Seal, error) {
	return t.find(func(s esign.Seal) bool { return s.Code == code })
}

func (t *Twin) find(wanted func(esign.Seal) bool) (esign.Seal, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, s := range t.seals {
		if wanted(s) {
			return copyOf(s), nil
		}
	}
	return esign.Seal{}, esign.ErrNotFound
}

// Seals implements esign.Store.
func (t *Twin) Seals(_ context.Context, areas []string, state esign.State, after string, limit int) ([]esign.Seal, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	var all []esign.Seal
	for _, s := range t.seals {
		if s.Code > after && (state == "" || s.State == state) && slices.ContainsFunc(areas, func(path string) bool { return strings.HasPrefix(s.Area, path) }) {
			all = append(all, copyOf(s))
		}
	}
	slices.SortFunc(all, func(a, b esign.Seal) int { return cmp.Compare(a.Code, b.Code) })
	return all[:min(limit, len(all))], nil
}

// PersonalSeals implements esign.Store.
func (t *Twin) PersonalSeals(ctx context.Context, areas []string, unconfirmed bool, after string, limit int) ([]esign.Seal, error) {
	all, err := t.Seals(ctx, areas, "", after, len(t.seals))
	all = slices.DeleteFunc(all, func(s esign.Seal) bool { return !s.Personal() || unconfirmed && !s.Awaits() })
	return all[:min(limit, len(all))], err
}

// SealsOfPerson implements esign.Store.
func (t *Twin) SealsOfPerson(ctx context.Context, account, after string, limit int) ([]esign.Seal, error) {
	all, err := t.PersonalSeals(ctx, []string{""}, false, after, len(t.seals))
	all = slices.DeleteFunc(all, func(s esign.Seal) bool { return s.Bearer.Account != account })
	return all[:min(limit, len(all))], err
}

// SealsEnding implements esign.Store.
func (t *Twin) SealsEnding(ctx context.Context, areas []string, before time.Time, after string, limit int) ([]esign.Seal, error) {
	active, err := t.Seals(ctx, areas, esign.Active, after, len(t.seals))
	active = slices.DeleteFunc(active, func(s esign.Seal) bool {
		_, replaced := t.Replacement(ctx, s.ID)
		return !s.ValidTo.Before(before) || replaced == nil
	})
	return active[:min(limit, len(active))], err
}

// MoveOwner implements esign.Store.
func (t *Twin) MoveOwner(_ context.Context, ownerCode, area string, record audit.Record) error {
	t.mutex.Lock()
	moves := false
	for _, s := range t.seals {
		moves = moves || s.OwnerCode == ownerCode && s.Area != area
	}
	t.mutex.Unlock()
	if !moves {
		return nil
	}
	return t.write(record, func() error {
		for id, s := range t.seals {
			if s.OwnerCode == ownerCode {
				s.Area = area
				t.seals[id] = s
			}
		}
		for id, p := range t.successions {
			if p.Owner.Code == ownerCode {
				p.Area = area
				t.successions[id] = p
			}
		}
		return nil
	})
}

// Replacement implements esign.Store.
func (t *Twin) Replacement(_ context.Context, id string) (esign.Seal, error) {
	return t.find(func(s esign.Seal) bool { return id != "" && s.Replaces == id && s.State != esign.Revoked })
}

// UpdateSeal implements esign.Store.
func (t *Twin) UpdateSeal(_ context.Context, s esign.Seal, from esign.State, record audit.Record) error {
	return t.write(record, func() error {
		if have, ok := t.seals[s.ID]; !ok || have.State != from {
			return esign.ErrChanged
		}
		t.update(s)
		return nil
	})
}

// ReplaceSeal implements esign.Store.
func (t *Twin) ReplaceSeal(_ context.Context, s esign.Seal, from esign.State, old, seen esign.Seal, record audit.Record) error {
	return t.write(record, func() error {
		if have, ok := t.seals[s.ID]; !ok || have.State != from || !t.asSeen(old.ID, seen) {
			return esign.ErrChanged
		}
		t.update(old)
		t.update(s)
		return nil
	})
}

// AmendSeal implements esign.Store.
func (t *Twin) AmendSeal(_ context.Context, s, seen esign.Seal, record audit.Record) error {
	return t.write(record, func() error {
		if !t.asSeen(s.ID, seen) {
			return esign.ErrChanged
		}
		t.update(s)
		return nil
	})
}

func (t *Twin) asSeen(id string, seen esign.Seal) bool {
	have, ok := t.seals[id]
	return ok && have.State == seen.State && have.Cause == seen.Cause && have.StatusReason == seen.StatusReason && have.StoppedBy == seen.StoppedBy && have.LostAt.Equal(seen.LostAt) && have.Filing == seen.Filing && have.Bearer.ConfirmedBy == seen.Bearer.ConfirmedBy
}

// update stores what a change may change.
func (t *Twin) update(s esign.Seal) {
	have, changed := t.seals[s.ID], copyOf(s)
	changed.Code, changed.CreatedAt, changed.Area, changed.Replaces, changed.Change = have.Code, have.CreatedAt, have.Area, have.Replaces, nil
	t.seals[s.ID] = changed
	t.changes[s.ID] = append(t.changes[s.ID], statusOf(s)...)
}

func (t *Twin) inUse(sealID string) error {
	if t.seals[sealID].State != esign.Active {
		return esign.ErrInactive
	}
	return nil
}

// PlanStamp implements esign.Store.
func (t *Twin) PlanStamp(_ context.Context, s esign.Stamp, watch *esign.Watch, record audit.Record) error {
	return t.write(record, func() error {
		if err := t.inUse(s.SealID); err != nil {
			return err
		}
		for _, have := range t.stamps {
			if have.ID == s.ID || have.Requester == s.Requester && have.Key == s.Key {
				return esign.ErrExists
			}
		}
		if err := t.underRule(s.SealID, s.Rule); err != nil {
			return err
		}
		if err := t.takeUse(s, s.CreatedAt); err != nil {
			return err
		}
		s.CreatedAt, s.LeaseTo, s.Rule = micros(s.CreatedAt), micros(s.LeaseTo), 0
		t.stamps[s.ID] = s
		t.watched(s, watch)
		return nil
	})
}

// StampByKey implements esign.Store.
func (t *Twin) StampByKey(_ context.Context, requester, key string) (esign.Stamp, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, s := range t.stamps {
		if s.Requester == requester && s.Key == key {
			return s, nil
		}
	}
	return esign.Stamp{}, esign.ErrNotFound
}

// TakeOver implements esign.Store.
func (t *Twin) TakeOver(_ context.Context, s esign.Stamp, now time.Time, watch *esign.Watch, record audit.Record) error {
	return t.write(record, func() error {
		have := t.stamps[s.ID]
		if err := t.inUse(s.SealID); err != nil {
			return err
		}
		free := have.State == esign.Abandoned || have.State == esign.Planned && !have.LeaseTo.After(micros(now))
		if err := t.underRule(s.SealID, s.Rule); err != nil {
			return err
		}
		goesOn := have.State == esign.Planned && have.Approval == s.Approval
		if !free || !goesOn && have.State == esign.Planned && have.Approval != "" {
			return esign.ErrChanged
		}
		if !goesOn {
			if err := t.takeUse(s, now); err != nil {
				return err
			}
		}
		have.State, have.LeaseTo, have.Approval = esign.Planned, micros(s.LeaseTo), s.Approval
		t.stamps[s.ID] = have
		t.watched(s, watch)
		return nil
	})
}

// Release implements esign.Store.
func (t *Twin) Release(_ context.Context, s esign.Stamp, at time.Time) error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	have := t.stamps[s.ID]
	if have.State != esign.Planned || !have.LeaseTo.Equal(micros(s.LeaseTo)) {
		return esign.ErrChanged
	}
	have.LeaseTo = micros(at)
	t.stamps[s.ID] = have
	return nil
}

// SettleStamp implements esign.Store.
func (t *Twin) SettleStamp(_ context.Context, s esign.Stamp, record audit.Record) error {
	return t.write(record, func() error {
		have := t.stamps[s.ID]
		if s.State == esign.Stored {
			if err := t.inUse(s.SealID); err != nil {
				return err
			}
		}
		if have.State != esign.Planned || !have.LeaseTo.Equal(micros(s.LeaseTo)) {
			return esign.ErrChanged
		}
		if s.State == esign.Abandoned {
			t.giveBackUse(have)
		}
		have.State, have.ResultSM3 = s.State, s.ResultSM3
		t.stamps[s.ID] = have
		return nil
	})
}

func oldestFirst(a, b esign.Stamp) int {
	return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
}

// list gives the stamps wanted in an order.
func (t *Twin) list(wanted func(esign.Stamp) bool, order func(a, b esign.Stamp) int, limit int) []esign.Stamp {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	var all []esign.Stamp
	for _, s := range t.stamps {
		if wanted(s) {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, order)
	return all[:min(limit, len(all))]
}

// PlannedBefore implements esign.Store.
func (t *Twin) PlannedBefore(_ context.Context, now time.Time, limit int) ([]esign.Stamp, error) {
	return t.list(func(s esign.Stamp) bool { return s.State == esign.Planned && !s.LeaseTo.After(micros(now)) },
		func(a, b esign.Stamp) int { return cmp.Or(a.LeaseTo.Compare(b.LeaseTo), cmp.Compare(a.ID, b.ID)) }, limit), nil
}

// Stamps implements esign.Store.
func (t *Twin) Stamps(_ context.Context, q esign.StampQuery) ([]esign.Stamp, error) {
	last := esign.Stamp{ID: q.After.ID, CreatedAt: q.After.At}
	return t.list(func(s esign.Stamp) bool {
		flagged := q.Flag == "" || q.Flag == esign.AnyFlag && len(s.Flags) > 0 || slices.Contains(s.Flags, q.Flag)
		return s.SealID == q.SealID && flagged && (q.On == 0 || s.FlagDay == q.On) && (q.After == esign.Position{} || oldestFirst(s, last) < 0)
	}, func(a, b esign.Stamp) int { return oldestFirst(b, a) }, q.Limit), nil
}
