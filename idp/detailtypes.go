package idp

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/yinxin-gov/yinxin/internal/audit"
)

// DetailStore keeps kinds of authorization_details; idpdb implements it.
type DetailStore interface {
	// ApplyDetailType stores a kind if it differs from what is there.
	ApplyDetailType(ctx context.Context, name string, body []byte, record audit.Record) error
	DetailTypes(ctx context.Context, limit int) (map[string][]byte, error)
	// DetailRevision changes with every change of any kind.
	DetailRevision(ctx context.Context) (int64, error)
}

// maxDetailTypes bounds the snapshot.
const maxDetailTypes = 1000

// Details is the registry of kinds: a snapshot in memory, as Clients.
type Details struct {
	store    DetailStore
	now      func() time.Time
	snapshot atomic.Pointer[detailSnapshot]
}

type detailSnapshot struct {
	revision int64
	types    map[string]DetailType
}

// NewDetails returns a registry; Refresh fills it.
func NewDetails(store DetailStore, now func() time.Time) *Details {
	d := &Details{store: store, now: now}
	d.snapshot.Store(&detailSnapshot{revision: -1, types: map[string]DetailType{}})
	return d
}

// Types are the known kinds by name; the map is not to be changed.
func (d *Details) Types() map[string]DetailType { return d.snapshot.Load().types }

// Items are the codes of the service items that authorization_details name, each once and sorted.
func (d *Details) Items(raw json.RawMessage) (codes []string) {
	if d == nil || len(raw) == 0 {
		return nil
	}
	list, err := ReadDetails(raw)
	if err != nil {
		return nil // what is no list names nothing
	}
	types := d.Types()
	for _, detail := range list {
		codes = append(codes, types[detail.Type].Items(detail)...)
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// Revision changes with every change of any kind.
func (d *Details) Revision() int64 { return d.snapshot.Load().revision }

// Refresh reads the kinds again if any changed.
func (d *Details) Refresh(ctx context.Context) error {
	revision, err := d.store.DetailRevision(ctx)
	if err != nil || revision == d.snapshot.Load().revision {
		return err
	}
	bodies, err := d.store.DetailTypes(ctx, maxDetailTypes)
	if err != nil {
		return err
	}
	next := &detailSnapshot{revision: revision, types: make(map[string]DetailType, len(bodies))}
	for name, body := range bodies {
		var kind DetailType
		if err := json.Unmarshal(body, &kind); err != nil {
			return fmt.Errorf("read authorization details type %s: %w", name, err)
		}
		next.types[name] = kind
	}
	d.snapshot.Store(next)
	return nil
}

// Apply stores kinds; the same list again changes nothing.
func (d *Details) Apply(ctx context.Context, types []DetailType) error {
	for i := range types {
		if err := types[i].Normalize(); err != nil {
			return err
		}
	}
	for _, kind := range types {
		body, err := json.Marshal(kind)
		if err != nil {
			return err
		}
		if err := d.store.ApplyDetailType(ctx, kind.Type, body, audit.With(event(ctx, d.now(), "details.applied", "details", kind.Type, nil))); err != nil {
			return fmt.Errorf("store authorization details type: %w", err)
		}
	}
	return d.Refresh(ctx)
}
