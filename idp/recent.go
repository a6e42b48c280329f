package idp

import (
	"context"
	"sync"
	"time"
)

// Bounds of what is kept of accounts: personal fields stay as ciphertext in memory too.
const (
	maxRecent  = 2048
	recentLife = time.Minute // a release that does not count versions yet may run beside this one
)

// recentAccounts are accounts as they were read. Whoever asks tells the version that a statement of the same request
// answered, so nothing old is ever given.
type recentAccounts struct {
	mutex sync.RWMutex
	all   map[string]recentAccount
}

type recentAccount struct {
	account Account
	readAt  time.Time
}

func (r *recentAccounts) get(id string, version int64, now time.Time) (Account, bool) {
	r.mutex.RLock()
	defer r.mutex.RUnlock()
	known, ok := r.all[id]
	return known.account, ok && known.account.Version == version && now.Sub(known.readAt) < recentLife
}

func (r *recentAccounts) put(a Account, now time.Time) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.all == nil {
		r.all = map[string]recentAccount{}
	}
	for other := range r.all {
		if len(r.all) < maxRecent {
			break
		}
		delete(r.all, other) // any one: it is read again when it is asked for
	}
	r.all[a.ID] = recentAccount{a, now}
}

// AccountAt is Account for a caller who knows the version of the account; 0 is not known. It gives no password hash.
func (s *Accounts) AccountAt(ctx context.Context, id string, version int64) (Account, error) {
	if version != 0 {
		if a, ok := s.recent.get(id, version, s.now()); ok {
			return a, nil
		}
	}
	a, err := s.store.Account(ctx, id)
	a.PasswordHash = "" // whoever compares one reads what is stored
	if err == nil && a.Version != 0 {
		s.recent.put(a, s.now())
	}
	return a, err
}
