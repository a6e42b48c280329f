package oauth

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/keys/jose"
)

// How long fetched keys of a client are kept, and how often they are asked for.
const (
	keysFresh    = 10 * time.Minute // then they are fetched again
	keysUsable   = time.Hour        // while the address does not answer, older ones serve on
	keysPause    = 30 * time.Second // between two fetches of one address, whatever is asked
	maxKeySets   = 4096
	fetchTimeout = 6 * time.Second // the outbound client itself stops after 5 s
)

// keyFetcher keeps the key sets behind jwks_uri. It is bounded, asks one address at most every half minute, and never
// lets two requests fetch the same address at once.
type keyFetcher struct {
	fetch func(ctx context.Context, address string) ([]byte, error)
	now   func() time.Time
	mutex sync.Mutex
	sets  map[string]*fetchedKeys
}

type fetchedKeys struct {
	mutex   sync.Mutex // held while fetching
	set     jose.KeySet
	fetched time.Time // when set was fetched; zero: never
	tried   time.Time
}

func newKeyFetcher(fetch func(ctx context.Context, address string) ([]byte, error), now func() time.Time) *keyFetcher {
	return &keyFetcher{fetch: fetch, now: now, sets: map[string]*fetchedKeys{}}
}

var errKeysUnreachable = errors.New("oauth: the client's keys cannot be fetched")

func (f *keyFetcher) get(ctx context.Context, address, keyID string) (jose.KeySet, error) {
	if f.fetch == nil {
		return jose.KeySet{}, errKeysUnreachable
	}
	entry := f.entry(address)
	entry.mutex.Lock()
	defer entry.mutex.Unlock()
	now, failure := f.now(), errKeysUnreachable
	known := keyID == "" || entry.set.Has(keyID)
	if !entry.fetched.IsZero() && known && now.Sub(entry.fetched) < keysFresh {
		return entry.set, nil
	}
	if entry.tried.IsZero() || now.Sub(entry.tried) >= keysPause || now.Before(entry.tried) {
		entry.tried = now
		set, err := f.load(ctx, address)
		if err == nil {
			entry.set, entry.fetched = set, now
			return set, nil
		}
		failure = err
	}
	if entry.fetched.IsZero() || now.Sub(entry.fetched) >= keysUsable {
		return jose.KeySet{}, failure
	}
	return entry.set, nil
}

// load fetches for everybody who waits, so the first caller's impatience does not stop it.
func (f *keyFetcher) load(ctx context.Context, address string) (jose.KeySet, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
	defer cancel()
	raw, err := f.fetch(ctx, address)
	if err != nil {
		return jose.KeySet{}, fmt.Errorf("%w: %w", errKeysUnreachable, err)
	}
	set, err := jose.ParseKeySet(raw, true)
	if err != nil {
		return jose.KeySet{}, fmt.Errorf("%w: %w", errKeysUnreachable, err)
	}
	return set, nil
}

func (f *keyFetcher) entry(address string) *fetchedKeys {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if entry, ok := f.sets[address]; ok {
		return entry
	}
	for old := range f.sets {
		if len(f.sets) < maxKeySets {
			break
		}
		delete(f.sets, old) // any one: it is fetched again when it is wanted
	}
	entry := &fetchedKeys{}
	f.sets[address] = entry
	return entry
}
