package keys

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Rotation says how the platform's own keys of a purpose take turns. A next key is published before it signs, so that
// nobody who caches a key set meets a signature by a key that he does not know; a previous one stays published until
// nothing that it signed is looked at any more.
type Rotation struct {
	Life    time.Duration // how long a key is the current one
	Publish time.Duration // how long a next key is published before it signs
	Keep    time.Duration // how long a previous key still verifies
}

// TokenRotation is the rule for token keys.
var TokenRotation = Rotation{Life: 90 * 24 * time.Hour, Publish: 24 * time.Hour, Keep: 7 * 24 * time.Hour}

// Turn is one move of a key.
type Turn struct {
	Key  Info
	Move State // the state it came into
}

// Turn does what is due for the keys of a purpose that belong to nobody in particular: it prepares, promotes and destroys.
// It is safe on many nodes at once; a move that another node makes meanwhile is not an error.
func (r *Ring) Turn(ctx context.Context, usage Usage, rule Rotation, now time.Time) (turns []Turn, err error) {
	all, err := r.provider.List(ctx, usage, "")
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	defer r.Refresh()
	move := func(key Info, to State, err error) error {
		if errors.Is(err, ErrState) || errors.Is(err, ErrDestroyed) {
			return nil
		}
		if err == nil {
			turns = append(turns, Turn{key, to})
		}
		return err
	}
	next := map[Spec]bool{}
	for _, key := range all {
		next[key.Spec] = next[key.Spec] || key.State == Next
	}
	for _, key := range all {
		if key.Spec.Label != "" {
			continue
		}
		age := now.Sub(key.StateAt)
		switch {
		case key.State == Next && age >= rule.Publish:
			err = move(key, Current, r.provider.Promote(ctx, key.ID))
		case key.State == Current && age >= rule.Life-rule.Publish && !next[key.Spec]:
			key, err = r.provider.Prepare(ctx, key.Spec)
			err = move(key, Next, err)
		case key.State == Previous && age >= rule.Keep:
			err = move(key, Destroyed, r.provider.Destroy(ctx, key.ID))
		}
		if err != nil {
			return turns, fmt.Errorf("turn key %s: %w", key.ID, err)
		}
	}
	return turns, nil
}

// Rotate prepares the next key of a purpose ahead of its time. It is promoted by Turn when it has been published long
// enough, or at once with now: then verifiers that cache the key set refuse its signatures until they fetch the set anew.
func (r *Ring) Rotate(ctx context.Context, spec Spec, now bool) (Info, error) {
	defer r.Refresh()
	key, err := r.provider.Prepare(ctx, spec)
	if err != nil || !now {
		return key, err
	}
	if err := r.provider.Promote(ctx, key.ID); err != nil {
		return key, err
	}
	return r.provider.Find(ctx, key.ID)
}

// Compromised replaces the current key of a purpose at once and destroys it and every previous one: nothing that they
// signed verifies any more, since they are no longer published.
func (r *Ring) Compromised(ctx context.Context, spec Spec) (Info, error) {
	fresh, err := r.Rotate(ctx, spec, true)
	if err != nil {
		return fresh, err
	}
	all, err := r.provider.List(ctx, spec.Usage, spec.Label)
	if err != nil {
		return fresh, err
	}
	for _, key := range all {
		if key.Spec == spec && key.State == Previous {
			if err := r.provider.Destroy(ctx, key.ID); err != nil && !errors.Is(err, ErrDestroyed) {
				return fresh, fmt.Errorf("destroy key %s: %w", key.ID, err)
			}
		}
	}
	return fresh, nil
}
