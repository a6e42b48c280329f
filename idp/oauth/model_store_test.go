package oauth_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"pgregory.net/rapid"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/idpdb"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// fault is what happens to one change of the store.
type fault int

const (
	faultNone   fault = iota
	faultFails        // the store refuses the change; the process goes on
	faultBefore       // the process dies before the change
	faultAfter        // the process dies when the change is stored and before it hears of that
	faultKilled       // PostgreSQL ends the connection while the change stands in its transaction; the process dies
)

var errFault = fmt.Errorf("%w: a fault of the model", sqldb.ErrUnavailable)

// faultyStore is the real store with a point before every call, where the scheduler lets one call pass at a time and where
// an armed fault strikes. A dead process reads and changes nothing more.
type faultyStore struct {
	*idpdb.Store
	db *sqldb.DB

	mutex sync.Mutex
	armed fault
	skip  int   // changes that pass before the fault strikes
	hit   fault // what has struck since arm
	dead  bool

	code    []byte // hash and grant of the code that was stored last
	grantID string
}

func (s *faultyStore) arm(f fault, skip int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.armed, s.skip, s.hit = f, skip, faultNone
}

func (s *faultyStore) isDead() bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.dead
}

func (s *faultyStore) die() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.dead = true
}

// strike tells what happens to the next change.
func (s *faultyStore) strike() fault {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	switch {
	case s.dead:
		return faultBefore
	case s.armed == faultNone:
		return faultNone
	case s.skip > 0:
		s.skip--
		return faultNone
	}
	s.hit, s.armed = s.armed, faultNone
	s.dead = s.hit == faultBefore
	return s.hit
}

func (s *faultyStore) change(ctx context.Context, run func() error) error {
	await(ctx)
	switch s.strike() {
	case faultNone:
		return run()
	case faultAfter:
		run() // what it answers dies with the process
		s.die()
	case faultKilled:
		s.killDuring(ctx, run)
		s.die()
	}
	return errFault
}

// killDuring holds up the change at the last thing that it does before its commit, the chain of audit events, and has the
// server end its connection there.
func (s *faultyStore) killDuring(ctx context.Context, run func() error) {
	done := make(chan error, 1)
	s.db.Write(context.WithoutCancel(ctx), func(tx sqldb.Tx) error {
		if _, err := tx.ExecContext(ctx, "LOCK TABLE audit_lane IN EXCLUSIVE MODE"); err != nil {
			return err
		}
		go func() { done <- run() }()
		for {
			var killed int
			if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT pg_terminate_backend(pid) AS ended FROM pg_locks
				WHERE NOT granted AND relation = 'audit_lane'::regclass AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) k WHERE ended`).Scan(&killed); err != nil {
				return err
			}
			select {
			case <-done:
				return nil
			case <-time.After(time.Millisecond):
			}
		}
	})
}

func (s *faultyStore) read(ctx context.Context) error {
	await(ctx)
	if s.isDead() {
		return errFault
	}
	return nil
}

func (s *faultyStore) Code(ctx context.Context, hash []byte) (oauth.CodeRecord, error) {
	if err := s.read(ctx); err != nil {
		return oauth.CodeRecord{}, err
	}
	return s.Store.Code(ctx, hash)
}

func (s *faultyStore) Refresh(ctx context.Context, hash []byte) (oauth.RefreshRecord, error) {
	if err := s.read(ctx); err != nil {
		return oauth.RefreshRecord{}, err
	}
	return s.Store.Refresh(ctx, hash)
}

func (s *faultyStore) Standing(ctx context.Context, grantID string, jtis ...string) (oauth.Standing, error) {
	if err := s.read(ctx); err != nil {
		return oauth.Standing{}, err
	}
	return s.Store.Standing(ctx, grantID, jtis...)
}

func (s *faultyStore) SaveCode(ctx context.Context, c oauth.CodeRecord, record audit.Record) error {
	s.code, s.grantID = c.Hash, c.Request.GrantID
	return s.change(ctx, func() error { return s.Store.SaveCode(ctx, c, record) })
}

func (s *faultyStore) Redeem(ctx context.Context, r oauth.Redemption, record audit.Record) error {
	return s.change(ctx, func() error { return s.Store.Redeem(ctx, r, record) })
}

func (s *faultyStore) SaveOpaque(ctx context.Context, o oauth.OpaqueRecord, record audit.Record) error {
	return s.change(ctx, func() error { return s.Store.SaveOpaque(ctx, o, record) })
}

func (s *faultyStore) RevokeGrant(ctx context.Context, id string, at time.Time, record audit.Record) error {
	return s.change(ctx, func() error { return s.Store.RevokeGrant(ctx, id, at, record) })
}

func (s *faultyStore) RevokeToken(ctx context.Context, jti string, until time.Time, record audit.Record) error {
	return s.change(ctx, func() error { return s.Store.RevokeToken(ctx, jti, until, record) })
}

func (s *faultyStore) WithdrawConsent(ctx context.Context, accountID, clientID string, at time.Time, record audit.Record) error {
	return s.change(ctx, func() error { return s.Store.WithdrawConsent(ctx, accountID, clientID, at, record) })
}

func (s *faultyStore) GiveConsent(ctx context.Context, accountID, clientID string, at time.Time, record audit.Record) error {
	return s.change(ctx, func() error {
		_, err := s.Store.GiveConsent(ctx, accountID, clientID, func(before idp.Consent) (idp.Consent, error) {
			after := before.Widened(modelScopes, nil, nil)
			after.GivenAt = at
			return after, nil
		}, record)
		return err
	})
}

func (s *faultyStore) PutMandate(ctx context.Context, m mandate.Mandate, b mandate.Bounds, record audit.Record) error {
	return s.change(ctx, func() error { return s.Store.PutMandate(ctx, m, b, record) })
}

func (s *faultyStore) EndMandate(ctx context.Context, principal, id string, e mandate.End, record audit.Record) error {
	return s.change(ctx, func() error { return s.Store.EndMandate(ctx, principal, id, e, record) })
}

func (s *faultyStore) PutSession(ctx context.Context, hash []byte, v session.Session, record audit.Record) error {
	return s.change(ctx, func() error { return s.Store.PutSession(ctx, hash, v, record) })
}

func (s *faultyStore) EndSession(ctx context.Context, sid string, at time.Time, record audit.Record) error {
	return s.change(ctx, func() error { return s.Store.EndSession(ctx, sid, at, record) })
}

func (s *faultyStore) SetState(ctx context.Context, id string, state idp.AccountState, at time.Time, record audit.Record) error {
	return s.change(ctx, func() error { return s.Store.SetState(ctx, id, state, at, record) })
}

func (s *faultyStore) SetPassword(ctx context.Context, id, hash string, at time.Time, record audit.Record) error {
	return s.change(ctx, func() error { return s.Store.SetPassword(ctx, id, hash, at, record) })
}

func (s *faultyStore) WriteClient(ctx context.Context, c idp.ClientChange) error {
	return s.change(ctx, func() error { return s.Store.WriteClient(ctx, c) })
}

// seat is the place of one of several calls that the scheduler leads.
type seat struct {
	number  int
	events  chan<- seatEvent
	proceed chan struct{}
	free    <-chan struct{} // closed when nobody leads any more
}

type seatEvent struct {
	number int
	done   bool
}

type seatKey struct{}

// await is the point where a call of the store waits for its turn; calls outside the scheduler pass.
func await(ctx context.Context) {
	s, ok := ctx.Value(seatKey{}).(*seat)
	if !ok {
		return
	}
	select {
	case s.events <- seatEvent{number: s.number}:
	case <-s.free:
		return
	}
	select {
	case <-s.proceed:
	case <-s.free:
	}
}

// interleave runs calls side by side, one call of the store at a time, in an order that rapid draws: the same seed gives the
// same order.
func interleave(t *rapid.T, calls []func(ctx context.Context)) {
	events, free := make(chan seatEvent), make(chan struct{})
	seats := make([]*seat, len(calls))
	var group sync.WaitGroup
	defer group.Wait()
	defer close(free) // also when a draw ends the check
	for i, call := range calls {
		seats[i] = &seat{i, events, make(chan struct{}), free}
		group.Go(func() {
			ctx := context.WithValue(context.Background(), seatKey{}, seats[i])
			await(ctx)
			call(ctx)
			select {
			case events <- seatEvent{i, true}:
			case <-free:
			}
		})
	}
	var waiting []int
	for live := len(calls); ; {
		for len(waiting) < live {
			if e := <-events; e.done {
				live--
			} else {
				waiting = append(waiting, e.number)
			}
		}
		if live == 0 {
			return
		}
		slices.Sort(waiting)
		n := 0
		if live > 1 {
			n = rapid.IntRange(0, live-1).Draw(t, "next")
		}
		next := waiting[n]
		waiting = slices.Delete(waiting, n, n+1)
		seats[next].proceed <- struct{}{}
	}
}

// atOnce runs calls side by side as the machine will have it.
func atOnce(calls []func(ctx context.Context)) {
	var group sync.WaitGroup
	for _, call := range calls {
		group.Go(func() { call(context.Background()) })
	}
	group.Wait()
}
