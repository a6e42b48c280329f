package keys

import (
	"context"
	"sync"
)

// Ring finds the platform's own keys by purpose and algorithm and keeps what it found in memory, so that the hot path
// asks no database. Changes by other nodes are seen after Refresh, which a node calls every few seconds.
type Ring struct {
	provider Provider
	mutex    sync.RWMutex
	infos    map[Usage]loaded
	signers  map[string]Signer
	macs     map[Usage]MAC
	ciphers  map[string]Cipher
}

// loaded is what the provider told of the keys of a purpose.
type loaded struct{ all, published []Info }

// NewRing returns an empty ring.
func NewRing(provider Provider) *Ring {
	r := &Ring{provider: provider}
	r.reset()
	return r
}

func (r *Ring) reset() {
	r.infos, r.signers, r.macs, r.ciphers = map[Usage]loaded{}, map[string]Signer{}, map[Usage]MAC{}, map[string]Cipher{}
}

// Provider gives the provider behind the ring.
func (r *Ring) Provider() Provider { return r.provider }

// Refresh forgets what is in memory.
func (r *Ring) Refresh() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.infos = map[Usage]loaded{}
}

// Ensure makes the current key of a purpose when there is none and returns it.
func (r *Ring) Ensure(ctx context.Context, spec Spec) (Info, error) {
	known, err := r.list(ctx, spec.Usage)
	if err != nil {
		return Info{}, err
	}
	for _, info := range known.all {
		if info.Spec == spec && info.State == Current {
			return info, nil
		}
	}
	info, err := r.provider.Create(ctx, spec)
	r.Refresh()
	return info, err
}

// Published lists the keys of a purpose that others may need to verify: next, current and previous. The caller does not
// change the list; it is the same one until the keys are read again.
func (r *Ring) Published(ctx context.Context, usage Usage) ([]Info, error) {
	known, err := r.list(ctx, usage)
	return known.published, err
}

func (r *Ring) list(ctx context.Context, usage Usage) (loaded, error) {
	r.mutex.RLock()
	known, ok := r.infos[usage]
	r.mutex.RUnlock()
	if ok {
		return known, nil
	}
	all, err := r.provider.List(ctx, usage, "")
	if err != nil {
		return loaded{}, err
	}
	known.all = all
	for _, info := range all {
		if info.State != Destroyed && info.Spec.Label == "" {
			known.published = append(known.published, info)
		}
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.infos[usage] = known
	return known, nil
}

// Signer gives the current signer of a purpose.
func (r *Ring) Signer(ctx context.Context, spec Spec) (Signer, error) {
	info, err := r.Ensure(ctx, spec)
	if err != nil {
		return nil, err
	}
	r.mutex.RLock()
	signer, ok := r.signers[info.ID]
	r.mutex.RUnlock()
	if ok {
		return signer, nil
	}
	if signer, err = r.provider.Signer(ctx, info.ID, spec.Usage); err != nil {
		return nil, err
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.signers[info.ID] = signer
	return signer, nil
}

// MAC gives the keyed hash of a purpose. Its key never rotates by itself: lookup values are computed with it.
func (r *Ring) MAC(ctx context.Context, usage Usage) (MAC, error) {
	r.mutex.RLock()
	mac, ok := r.macs[usage]
	r.mutex.RUnlock()
	if ok {
		return mac, nil
	}
	info, err := r.Ensure(ctx, Spec{Usage: usage, Algorithm: HMACSM3})
	if err != nil {
		return nil, err
	}
	if mac, err = r.provider.MAC(ctx, info.ID, usage); err != nil {
		return nil, err
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.macs[usage] = mac
	return mac, nil
}

// Cipher gives the cipher of a key by its id, or the current one of the purpose when the id is empty.
func (r *Ring) Cipher(ctx context.Context, usage Usage, id string) (Cipher, error) {
	if id == "" {
		info, err := r.Ensure(ctx, Spec{Usage: usage, Algorithm: SM4})
		if err != nil {
			return nil, err
		}
		id = info.ID
	}
	r.mutex.RLock()
	cipher, ok := r.ciphers[id]
	r.mutex.RUnlock()
	if ok {
		return cipher, nil
	}
	cipher, err := r.provider.Cipher(ctx, id, usage)
	if err != nil {
		return nil, err
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.ciphers[id] = cipher
	return cipher, nil
}
