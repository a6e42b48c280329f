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

// uses are what the twin keeps of rules and requests.
type uses struct {
	rules    map[string]esign.SealRule
	requests map[string]esign.UseRequest
}

func newUses() uses {
	return uses{rules: map[string]esign.SealRule{}, requests: map[string]esign.UseRequest{}}
}

// ChangeUse changes a request past all rules, as somebody with the database would.
func (t *Twin) ChangeUse(id string, change func(*esign.UseRequest)) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	u := t.uses.requests[id]
	change(&u)
	t.uses.requests[id] = u
}

// SealRule implements esign.Store.
func (t *Twin) SealRule(_ context.Context, sealID string) (esign.SealRule, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	r := t.uses.rules[sealID]
	r.SealID = sealID
	return r, nil
}

// PutSealRule implements esign.Store.
func (t *Twin) PutSealRule(_ context.Context, rule esign.SealRule, version int64, record audit.Record) error {
	return t.write(record, func() error {
		if _, ok := t.seals[rule.SealID]; !ok || t.uses.rules[rule.SealID].Version != version {
			return esign.ErrChanged
		}
		t.uses.rules[rule.SealID] = rule
		return nil
	})
}

// takeUse takes a use for a stamp; the twin is locked.
func (t *Twin) takeUse(s esign.Stamp, now time.Time) error {
	if s.Approval == "" {
		return nil
	}
	u := t.uses.requests[s.Approval]
	if u.State != esign.UseApproved || u.Left < 1 || !u.ExpiresAt.After(micros(now)) || u.SealID != s.SealID || u.Requester != s.Requester || u.SourceSM3 != s.SourceSM3 || u.Rule != s.Rule {
		return esign.ErrUnapproved
	}
	if u.Left--; u.Left == 0 {
		u.State = esign.UseUsed
	}
	t.uses.requests[u.ID] = u
	return nil
}

func (t *Twin) giveBackUse(s esign.Stamp) {
	u, ok := t.uses.requests[s.Approval]
	if !ok {
		return
	}
	if u.Left++; u.State == esign.UseUsed {
		u.State = esign.UseApproved
	}
	t.uses.requests[u.ID] = u
}

func (t *Twin) underRule(sealID string, number int64) error {
	if t.uses.rules[sealID].Number != number {
		return esign.ErrRule
	}
	return nil
}

// AddUse implements esign.Store.
func (t *Twin) AddUse(_ context.Context, u esign.UseRequest, record audit.Record) error {
	return t.write(record, func() error {
		if err := t.inUse(u.SealID); err != nil {
			return err
		}
		for _, have := range t.uses.requests {
			if have.ID == u.ID || have.Requester == u.Requester && have.Key == u.Key {
				return esign.ErrExists
			}
		}
		u.CreatedAt, u.ExpiresAt = micros(u.CreatedAt), micros(u.ExpiresAt)
		t.uses.requests[u.ID] = u
		return nil
	})
}

// list gives requests as they are, in an order.
func (t *Twin) useList(wanted func(esign.UseRequest) bool, order func(a, b esign.UseRequest) int, limit int) []esign.UseRequest {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	var all []esign.UseRequest
	for _, u := range t.uses.requests {
		seal := t.seals[u.SealID]
		u.SealName, u.Area, u.Approvals = seal.Name, seal.Area, slices.Clone(u.Approvals)
		if wanted(u) {
			all = append(all, u)
		}
	}
	slices.SortFunc(all, order)
	return all[:min(limit, len(all))]
}

func newestUse(a, b esign.UseRequest) int {
	return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
}

func endsFirst(a, b esign.UseRequest) int {
	return cmp.Or(a.ExpiresAt.Compare(b.ExpiresAt), cmp.Compare(a.ID, b.ID))
}

func (t *Twin) oneUse(wanted func(esign.UseRequest) bool) (esign.UseRequest, error) {
	all := t.useList(wanted, newestUse, 1)
	if len(all) == 0 {
		return esign.UseRequest{}, esign.ErrNotFound
	}
	return all[0], nil
}

// Use implements esign.Store.
func (t *Twin) Use(_ context.Context, id string) (esign.UseRequest, error) {
	return t.oneUse(func(u esign.UseRequest) bool { return u.ID == id })
}

// UseByKey implements esign.Store.
func (t *Twin) UseByKey(_ context.Context, requester, key string) (esign.UseRequest, error) {
	return t.oneUse(func(u esign.UseRequest) bool { return u.Requester == requester && u.Key == key })
}

// UsesByID implements esign.Store.
func (t *Twin) UsesByID(_ context.Context, ids []string) ([]esign.UseRequest, error) {
	return t.useList(func(u esign.UseRequest) bool { return slices.Contains(ids, u.ID) }, newestUse, len(ids)), nil
}

// UseRequests implements esign.Store.
func (t *Twin) UseRequests(_ context.Context, q esign.UseQuery) ([]esign.UseRequest, error) {
	last := esign.UseRequest{ID: q.After.ID, CreatedAt: q.After.At}
	return t.useList(func(u esign.UseRequest) bool {
		state := u.State
		if (state == esign.UseRequested || state == esign.UseApproved) && !u.ExpiresAt.After(micros(q.Now)) {
			state = esign.UseExpired
		}
		return slices.ContainsFunc(q.Areas, func(path string) bool { return strings.HasPrefix(u.Area, path) }) && (q.State == "" || state == q.State) && (q.SealID == "" || u.SealID == q.SealID) &&
			(len(q.Approvers) == 0 || slices.Contains(q.Approvers, u.Approver)) && (q.After == esign.Position{} || newestUse(last, u) < 0)
	}, newestUse, q.Limit), nil
}

// UsesOf implements esign.Store.
func (t *Twin) UsesOf(_ context.Context, sealID, requester, sourceSM3 string, now time.Time, limit int) ([]esign.UseRequest, error) {
	return t.useList(func(u esign.UseRequest) bool {
		return u.SealID == sealID && u.Requester == requester && u.SourceSM3 == sourceSM3 && u.State == esign.UseApproved && u.ExpiresAt.After(micros(now))
	}, endsFirst, limit), nil
}

// ApproveUse implements esign.Store.
func (t *Twin) ApproveUse(_ context.Context, u esign.UseRequest, a esign.UseApproval, before int, record audit.Record) error {
	return t.write(record, func() error {
		have := t.uses.requests[u.ID]
		if err := t.inUse(u.SealID); err != nil {
			return err
		}
		if err := t.underRule(u.SealID, u.Rule); err != nil {
			return err
		}
		switch {
		case slices.ContainsFunc(have.Approvals, func(b esign.UseApproval) bool { return b.By == a.By }):
			return esign.ErrExists
		case have.State != esign.UseRequested, have.Digest != a.Digest, len(have.Approvals) != before, !have.ExpiresAt.After(micros(a.At)):
			return esign.ErrChanged
		}
		a.At = micros(a.At)
		have.State, have.DecidedBy, have.DecidedAt, have.ExpiresAt, have.Approvals = u.State, u.DecidedBy, micros(u.DecidedAt), micros(u.ExpiresAt), append(slices.Clone(have.Approvals), a)
		t.uses.requests[u.ID] = have
		return nil
	})
}

// EndUse implements esign.Store.
func (t *Twin) EndUse(_ context.Context, u esign.UseRequest, from esign.UseState, record audit.Record) error {
	return t.write(record, func() error {
		have := t.uses.requests[u.ID]
		if have.State != from {
			return esign.ErrChanged
		}
		have.State, have.DecidedBy, have.DecidedAt, have.Reason = u.State, u.DecidedBy, micros(u.DecidedAt), u.Reason
		t.uses.requests[u.ID] = have
		return nil
	})
}

// UsesOver implements esign.Store.
func (t *Twin) UsesOver(_ context.Context, now time.Time, limit int) ([]esign.UseRequest, error) {
	return t.useList(func(u esign.UseRequest) bool {
		return (u.State == esign.UseRequested || u.State == esign.UseApproved) && !u.ExpiresAt.After(micros(now))
	}, endsFirst, limit), nil
}

// longOver tells whether a request ended by then and no planned stamp needs its document; the twin is locked.
func (t *Twin) longOver(u esign.UseRequest, ended time.Time) bool {
	end := u.DecidedAt
	switch u.State {
	case esign.UseRequested, esign.UseApproved:
		return false
	case esign.UseUsed:
		end = u.ExpiresAt
	}
	if end.After(micros(ended)) {
		return false
	}
	for _, s := range t.stamps {
		if s.State == esign.Planned && s.Approval == u.ID {
			return false
		}
	}
	return true
}

// UsesKept implements esign.Store.
func (t *Twin) UsesKept(_ context.Context, ended time.Time, limit int) ([]esign.UseRequest, error) {
	return t.useList(func(u esign.UseRequest) bool { return u.Kept && u.RemovedAt.IsZero() && t.longOver(u, ended) }, func(a, b esign.UseRequest) int { return newestUse(b, a) }, limit), nil
}

// DocumentsHeld implements esign.Store.
func (t *Twin) DocumentsHeld(_ context.Context, addresses []string, ended time.Time) (held []string, err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	for _, address := range addresses {
		needed := false
		for _, u := range t.uses.requests {
			needed = needed || u.SourceSM3 == address && u.Kept && u.RemovedAt.IsZero() && !t.longOver(u, ended)
		}
		for _, s := range t.stamps {
			needed = needed || s.ResultSM3 == address && !s.Unkept
		}
		if needed {
			held = append(held, address)
		}
	}
	return held, nil
}

// RemoveUseDocument implements esign.Store.
func (t *Twin) RemoveUseDocument(_ context.Context, u esign.UseRequest, record audit.Record) error {
	return t.write(record, func() error {
		have := t.uses.requests[u.ID]
		if !have.Kept || !have.RemovedAt.IsZero() {
			return esign.ErrChanged
		}
		have.RemovedAt = micros(u.RemovedAt)
		t.uses.requests[u.ID] = have
		return nil
	})
}

// SealRule implements esign.Store.
func (f *Faulty) SealRule(ctx context.Context, sealID string) (rule esign.SealRule, err error) {
	err = f.around("store rule", func() (err error) { rule, err = f.Store.SealRule(ctx, sealID); return err })
	return rule, err
}

// Use implements esign.Store.
func (f *Faulty) Use(ctx context.Context, id string) (u esign.UseRequest, err error) {
	err = f.around("store use", func() (err error) { u, err = f.Store.Use(ctx, id); return err })
	return u, err
}

// UsesOf implements esign.Store.
func (f *Faulty) UsesOf(ctx context.Context, sealID, requester, sourceSM3 string, now time.Time, limit int) (all []esign.UseRequest, err error) {
	err = f.around("store uses", func() (err error) {
		all, err = f.Store.UsesOf(ctx, sealID, requester, sourceSM3, now, limit)
		return err
	})
	return all, err
}

// ApproveUse implements esign.Store.
func (f *Faulty) ApproveUse(ctx context.Context, u esign.UseRequest, a esign.UseApproval, before int, record audit.Record) error {
	return f.around("store approve use", func() error { return f.Store.ApproveUse(ctx, u, a, before, record) })
}

// RemoveUseDocument implements esign.Store.
func (f *Faulty) RemoveUseDocument(ctx context.Context, u esign.UseRequest, record audit.Record) error {
	return f.around("store remove use document", func() error { return f.Store.RemoveUseDocument(ctx, u, record) })
}
