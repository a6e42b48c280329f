package idp

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/yinxin-gov/yinxin/internal/fault"
)

// RefusedRequest is what authorization requests named otherwise than it is registered. It is for the owner of the client: the
// page that the person sees says nothing of it.
type RefusedRequest struct {
	ClientID    string
	Parameter   string // redirect_uri or client_id
	Received    string // without what may be secret, at most MaxReceived octets
	Count       int64
	First, Last time.Time
	SupportCode string // of the last page
}

// Bounds of what is kept.
const (
	MaxReceived    = 300                 // octets of a value
	MaxRefusals    = 50                  // distinct values of a client; the oldest goes first
	KeepRefusals   = 14 * 24 * time.Hour // behind the last time
	refusalPause   = time.Second         // between two writes for one client
	maxRefusalsDue = 2000                // distinct values in memory; what comes beyond is not counted
)

// RefusalStore keeps refused requests; idpdb implements it.
type RefusalStore interface {
	// SaveRefusals adds counts to those of one client in one transaction, and drops the oldest beyond keep.
	SaveRefusals(ctx context.Context, clientID string, refused []RefusedRequest, keep int) error
	// Refusals lists those last seen after since, the newest first.
	Refusals(ctx context.Context, clientID string, since time.Time, limit int) ([]RefusedRequest, error)
	// RefusedWith gives the client of the refused request whose last page, after since, showed a support code; ErrNotFound.
	RefusedWith(ctx context.Context, supportCode string, since time.Time) (clientID string, err error)
}

// Refusals keeps refused requests of registered clients. Anybody can cause them, so a client costs at most one write a second;
// what comes between is counted in memory and written with the next, or by Flush.
type Refusals struct {
	store RefusalStore
	now   func() time.Time
	mutex sync.Mutex
	due   map[string]map[string]RefusedRequest // by client, then parameter and value
	total int
	wrote map[string]time.Time
}

// NewRefusals returns an empty one.
func NewRefusals(store RefusalStore, now func() time.Time) *Refusals {
	return &Refusals{store: store, now: now, due: map[string]map[string]RefusedRequest{}, wrote: map[string]time.Time{}}
}

// Note counts a refused request of a client that is registered; the caller has looked it up.
func (r *Refusals) Note(ctx context.Context, clientID, parameter, received, supportCode string) error {
	now, received := r.now().UTC(), CleanReceived(received)
	key := parameter + "\x00" + received
	r.mutex.Lock()
	one, known := r.due[clientID][key]
	if !known && (r.total >= maxRefusalsDue || len(r.due[clientID]) >= MaxRefusals) {
		r.mutex.Unlock()
		return nil
	}
	if !known {
		one = RefusedRequest{ClientID: clientID, Parameter: parameter, Received: received, First: now}
		r.total++
	}
	one.Count, one.Last, one.SupportCode = one.Count+1, now, supportCode
	if r.due[clientID] == nil {
		r.due[clientID] = map[string]RefusedRequest{}
	}
	r.due[clientID][key] = one
	batch := r.take(clientID, now)
	r.mutex.Unlock()
	return r.save(ctx, clientID, batch)
}

// take gives what is due for a client whose pause is over; the caller holds the mutex.
func (r *Refusals) take(clientID string, now time.Time) (batch []RefusedRequest) {
	if now.Sub(r.wrote[clientID]) < refusalPause {
		return nil
	}
	for _, one := range r.due[clientID] {
		batch = append(batch, one)
	}
	r.total -= len(batch)
	delete(r.due, clientID)
	r.wrote[clientID] = now
	return batch
}

func (r *Refusals) save(ctx context.Context, clientID string, batch []RefusedRequest) error {
	if len(batch) == 0 {
		return nil
	}
	slices.SortFunc(batch, func(a, b RefusedRequest) int { return a.Last.Compare(b.Last) })
	return r.store.SaveRefusals(ctx, clientID, batch, MaxRefusals)
}

// Flush writes what was counted in memory and forgets pauses that are over.
func (r *Refusals) Flush(ctx context.Context) error {
	now := r.now().UTC()
	batches := map[string][]RefusedRequest{}
	r.mutex.Lock()
	for id, at := range r.wrote {
		if now.Sub(at) >= refusalPause && len(r.due[id]) == 0 {
			delete(r.wrote, id)
		}
	}
	for id := range r.due {
		batches[id] = r.take(id, now)
	}
	r.mutex.Unlock()
	for id, batch := range batches {
		if err := r.save(ctx, id, batch); err != nil {
			return err
		}
	}
	return nil
}

// List reads the refused requests of a client, the newest first.
func (r *Refusals) List(ctx context.Context, clientID string) ([]RefusedRequest, error) {
	all, err := r.store.Refusals(ctx, clientID, r.now().Add(-KeepRefusals), MaxRefusals)
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable)
	}
	return all, nil
}

// ByCode is the client of the refused request whose last page showed a support code; ErrNotFound for any other code.
func (r *Refusals) ByCode(ctx context.Context, supportCode string) (clientID string, err error) {
	id, err := r.store.RefusedWith(ctx, supportCode, r.now().Add(-KeepRefusals))
	if err != nil && !errors.Is(err, ErrNotFound) {
		err = fault.Wrap(err, fault.Unavailable)
	}
	return id, err
}

// secretWords stand in names of parameters whose values are nobody's business.
var secretWords = []string{"code", "state", "token", "secret", "assertion", "ticket", "password", "passwd", "pwd", "nonce", "session", "sid", "key", "sig", "auth", "jwt", "response"}

// CleanReceived is a received value as it may be kept: without fragment and user, without the values of query parameters that
// may be secrets or numbers of people, in valid text of at most MaxReceived octets.
func CleanReceived(text string) string {
	text, _, _ = strings.Cut(text, "#")
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	place, query, asked := strings.Cut(text, "?")
	if scheme, rest, ok := strings.Cut(place, "://"); ok {
		host, path, slash := strings.Cut(rest, "/")
		if i := strings.LastIndexByte(host, '@'); i >= 0 {
			host = host[i:]
		}
		if place = scheme + "://" + host; slash {
			place += "/" + path
		}
	}
	if asked {
		pairs := strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' })
		for i, pair := range pairs {
			pairs[i] = cleanPair(pair)
		}
		place += "?" + strings.Join(pairs, "&")
	}
	if len(place) > MaxReceived {
		place = strings.ToValidUTF8(place[:MaxReceived], "")
	}
	return place
}

func cleanPair(pair string) string {
	name, value, _ := strings.Cut(pair, "=")
	plain, err := url.QueryUnescape(name)
	if err != nil {
		plain = name
	}
	plain = strings.ToLower(plain)
	digits := strings.Count(strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return '0'
		}
		return -1
	}, value), "0")
	if len(value) > 32 || digits > 10 || slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(plain, word) }) {
		return name + "="
	}
	return pair
}
