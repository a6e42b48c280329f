package registry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// Two says whether two people decide on a registry, and by which engine. A registry that was never told so is changed by one.
type Two struct {
	Engine *foureyes.Engine
	Asked  bool
	// Guard judges a value among all others before write stores it when its proposal is carried out; nil judges each by itself.
	Guard func(ctx context.Context, value any, write func() error) error
}

// What a proposal would do, as the page that decides on it names it.
const (
	EventCreated = "partner.created"
	EventChanged = "partner.changed"
	EventResumed = "partner.resumed"
)

// ProposalKind is the kind of proposals about partners of a kind.
func ProposalKind(kind string) string { return "partner." + kind }

// order is what a proposal would store. A secret lies in it sealed, as it does beside the registration.
type order struct {
	Body      []byte `json:"body"`
	SecretMAC []byte `json:"secret_mac,omitempty"`
	KeyID     string `json:"key_id,omitempty"`
	Sealed    []byte `json:"sealed,omitempty"`
}

// ByTwo makes the kind of proposals known to the engine; where Asked, Settle opens one for what takes two people.
func (r *Registry[T, P]) ByTwo(two Two) {
	r.two = two
	two.Engine.Register(foureyes.Kind{Name: ProposalKind(r.kind), Role: idp.RoleSecurityAdmin, Life: 14 * 24 * time.Hour, Version: r.version, Execute: r.execute})
}

// version is that of a partner as the store has it now; empty where there is none.
func (r *Registry[T, P]) version(ctx context.Context, id string) (string, error) {
	known, err := r.stored(ctx, id)
	if err != nil || known.entry.ID == "" {
		return "", err
	}
	return known.Version(), nil
}

func (r *Registry[T, P]) stored(ctx context.Context, id string) (Known[T], error) {
	known, err := r.Known(ctx, id)
	if fault.CodeOf(err) == fault.NotFound {
		return Known[T]{}, nil
	}
	return known, err
}

// Settle is Change where one person decides. Where two do it opens a proposal, and only what takes a partner out of use and changes
// nothing else is made at once: stopping must not wait.
func (r *Registry[T, P]) Settle(ctx context.Context, was Known[T], value T) (*foureyes.Proposal, error) {
	next, err := r.judge(ctx, was, value)
	if err != nil || same(was.entry, next) {
		return nil, err
	}
	stops, err := onlyStops(was.entry, next)
	if err != nil {
		return nil, err
	}
	if !r.two.Asked || stops {
		return nil, r.put(ctx, was.entry, next, nil)
	}
	version := ""
	if was.entry.ID != "" {
		version = was.Version()
	}
	p, err := r.two.Engine.Propose(ctx, foureyes.Wish{Kind: ProposalKind(r.kind), ObjectType: r.kind, ObjectID: next.ID, Version: version, Payload: order{next.Body, next.SecretMAC, next.KeyID, next.Sealed}})
	return &p, err
}

// same reports whether an entry says what lies there already.
func same(was, next Entry) bool {
	return was.ID != "" && bytes.Equal(next.Body, was.Body) && (next.SecretMAC == nil || bytes.Equal(next.SecretMAC, was.SecretMAC))
}

// onlyStops reports whether a change takes a partner out of use and does nothing else.
func onlyStops(was, next Entry) (bool, error) {
	if len(was.Body) == 0 || next.SecretMAC != nil && !bytes.Equal(next.SecretMAC, was.SecretMAC) {
		return false, nil
	}
	before, after := map[string]json.RawMessage{}, map[string]json.RawMessage{}
	if err := errors.Join(json.Unmarshal(was.Body, &before), json.Unmarshal(next.Body, &after)); err != nil {
		return false, fmt.Errorf("compare registrations: %w", err)
	}
	if string(after["disabled"]) != "true" {
		return false, nil
	}
	before["disabled"] = after["disabled"]
	one, err1 := json.Marshal(before)
	other, err2 := json.Marshal(after)
	return bytes.Equal(one, other), errors.Join(err1, err2)
}

// execute stores what two people want in the place of what they saw.
func (r *Registry[T, P]) execute(ctx context.Context, p foureyes.Proposal, payload []byte, settlement foureyes.Settlement) error {
	o, value, err := r.read(payload)
	if err != nil {
		return err
	}
	was, err := r.stored(ctx, p.ObjectID)
	if err != nil {
		return err
	}
	version := ""
	if was.entry.ID != "" {
		version = was.Version()
	}
	if version != p.Version || P(&value).Key() != p.ObjectID {
		return fault.New(fault.ProposalChanged)
	}
	next, err := r.judge(ctx, was, value) // what a registration may say may have changed since it was proposed
	if err != nil {
		return err
	}
	next.SecretMAC, next.KeyID, next.Sealed = o.SecretMAC, o.KeyID, o.Sealed
	write := func() error { return r.put(ctx, was.entry, next, &settlement) }
	if r.two.Guard != nil {
		err = r.two.Guard(ctx, value, write)
	} else {
		err = write()
	}
	if fault.CodeOf(err) == fault.AdminChanged {
		return fault.Wrap(err, fault.ProposalChanged)
	}
	return err
}

func (r *Registry[T, P]) read(payload []byte) (o order, value T, err error) {
	if err = json.Unmarshal(payload, &o); err == nil {
		err = json.Unmarshal(o.Body, &value)
	}
	if err != nil {
		err = fmt.Errorf("read change of %s: %w", r.kind, err)
	}
	return o, value, err
}

// Wanted is what a proposal would make of a partner.
type Wanted struct {
	Event         string
	Before, After []byte // registrations as JSON; Before is empty for a new one
	NewSecret     bool
}

// Wants is what a proposal that waits would do.
func (r *Registry[T, P]) Wants(ctx context.Context, p foureyes.Proposal) (w Wanted, err error) {
	payload, err := r.two.Engine.Payload(ctx, p)
	if err != nil {
		return w, err
	}
	o, value, err := r.read(payload)
	if err != nil {
		return w, err
	}
	was, err := r.stored(ctx, p.ObjectID)
	if err != nil {
		return w, err
	}
	w = Wanted{Event: EventChanged, Before: was.entry.Body, After: o.Body, NewSecret: o.SecretMAC != nil && !bytes.Equal(o.SecretMAC, was.entry.SecretMAC)}
	switch {
	case was.entry.ID == "":
		w.Event = EventCreated
	case !P(&was.Value).Enabled() && P(&value).Enabled():
		w.Event = EventResumed
	}
	return w, nil
}

// put stores an entry in the place of what was read, with the settlement of its proposal, which may be nil.
func (r *Registry[T, P]) put(ctx context.Context, was, next Entry, settlement *foureyes.Settlement) error {
	err := r.store.ChangePartner(ctx, was, next, settlement, r.applied(ctx, next.ID))
	switch {
	case errors.Is(err, idp.ErrConflict):
		return fault.Wrap(err, fault.AdminChanged)
	case errors.Is(err, foureyes.ErrConflict), errors.Is(err, foureyes.ErrSelf):
		return err
	case err != nil:
		return fault.Wrap(err, fault.Unavailable)
	}
	return r.Refresh(ctx)
}

// judge is the stored form of a registration that may lie where another one lies, or none.
func (r *Registry[T, P]) judge(ctx context.Context, was Known[T], value T) (Entry, error) {
	partner := P(&value)
	if err := partner.Normalize(); err != nil {
		return Entry{}, err
	}
	if was.entry.ID != "" {
		if err := follows(partner, was.Value); err != nil {
			return Entry{}, err
		}
	}
	return r.entry(ctx, partner)
}
