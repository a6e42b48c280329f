package sqldb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// Step is one statement of a change whose statements need no answer of each other.
type Step struct {
	Query string
	Args  []any
	// Else, where it is not nil, is the error of the change unless the statement changes exactly one row: the row count
	// decides, never an earlier read.
	Else error
}

// Rows are the rows that a statement answered.
type Rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
}

// Trail is what a change leaves behind beside its rows, such as its audit events. The trails of a group are written
// together, once, by the first of them, so all trails of a program are of one type.
type Trail interface {
	// Open gives the statement that finds the places of all trails, this one among them.
	Open(all []Trail) (Step, error)
	// Close gives what is to be written there, after the rows that Open's statement answered.
	Close(all []Trail, rows Rows) ([]Step, error)
}

// Apply runs one atomic change that is a list of steps, and returns when it is durable. Errors are those of Write.
//
// It does what Write does for much less work: on both engines the changes that wait are gathered in one transaction, and
// on PostgreSQL their statements travel together, two journeys to the server for a whole group instead of eight or more
// for one change.
func (db *DB) Apply(ctx context.Context, trail Trail, steps ...Step) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := db.broken.get(); err != nil {
		return err
	}
	return db.enqueue(change{ctx: ctx, steps: steps, trail: trail, done: make(chan error, 1)})
}

// Run runs steps inside a change that is a function.
func Run(ctx context.Context, tx Tx, steps ...Step) error { return runSteps(ctx, tx, steps) }

// runSteps runs a change's steps one after the other.
func runSteps(ctx context.Context, tx Tx, steps []Step) error {
	for _, step := range steps {
		result, err := tx.ExecContext(ctx, step.Query, step.Args...)
		if err != nil {
			return err
		}
		if step.Else == nil {
			continue
		}
		if n, err := result.RowsAffected(); err != nil {
			return err
		} else if n != 1 {
			return step.Else
		}
	}
	return nil
}

// WriteTrails writes trails inside a change that is a function.
func WriteTrails(ctx context.Context, tx Tx, trails ...Trail) error {
	if len(trails) == 0 {
		return nil
	}
	open, err := trails[0].Open(trails)
	if err != nil {
		return err
	}
	rows, err := tx.QueryContext(ctx, open.Query, open.Args...)
	if err != nil {
		return err
	}
	steps, err := trails[0].Close(trails, rows)
	if err = errors.Join(err, rows.Err(), rows.Close()); err != nil {
		return err
	}
	return runSteps(ctx, tx, steps)
}

// groupPostgreSQL is one of the goroutines that run changes made of steps. While a group is on its way the next gathers.
func (db *DB) groupPostgreSQL() {
	defer db.done.Done()
	for {
		select {
		case first := <-db.queue:
			db.commitSteps(db.gather(first))
		case <-db.closed:
			for {
				select {
				case first := <-db.queue:
					db.commitSteps(db.gather(first))
				default:
					return
				}
			}
		}
	}
}

// gather takes what waits behind a change, as far as one group holds it.
func (db *DB) gather(first change) []change {
	group := []change{first}
	for len(group) < groupSize {
		select {
		case next := <-db.queue:
			group = append(group, next)
		default:
			return group
		}
	}
	return group
}

// commitSteps runs a group in one transaction. Where one member fails nothing of the group is stored and each runs alone:
// that is rare, since callers look before they write, and no member hears of another's failure.
func (db *DB) commitSteps(group []change) {
	live := group[:0]
	for _, member := range group {
		if err := member.ctx.Err(); err != nil {
			member.done <- err
			continue
		}
		live = append(live, member)
	}
	if len(live) == 0 {
		return
	}
	if len(live) > 1 && db.trySteps(live) == nil {
		for _, member := range live {
			member.done <- nil
		}
		return
	}
	for i := range live {
		member := live[i : i+1]
		member[0].done <- again(func() error { return db.trySteps(member) })
	}
}

// stepsTime bounds a group on its way, so that a server that hangs does not hold the callers for ever.
const stepsTime = 30 * time.Second

// trySteps runs a group on a connection of its own.
func (db *DB) trySteps(group []change) error {
	waiting, stop := context.WithTimeout(context.Background(), db.wait)
	defer stop()
	conn, err := db.writers.Conn(waiting)
	if err != nil {
		return fmt.Errorf("%w: no connection became free: %w", ErrUnavailable, err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), stepsTime)
	defer cancel()
	var outcome error
	err = conn.Raw(func(raw any) error {
		server := raw.(*stdlib.Conn).Conn() // the driver that Open chose
		outcome = runRecovered(nil, func(Tx) error { return runPipelined(ctx, server, group) })
		if outcome == nil {
			return nil
		}
		// What the server refused is undone and the connection goes on; one that does not answer is thrown away, which ends
		// the transaction too.
		if _, err := server.Exec(ctx, "ROLLBACK"); err != nil {
			return driver.ErrBadConn
		}
		return nil
	})
	if outcome == nil && err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return asUnavailable(outcome)
}

// runPipelined sends the steps of all members in one journey, and in a second one what their trails add, with the commit.
func runPipelined(ctx context.Context, server *pgx.Conn, group []change) error {
	var trails []Trail
	first, last := &pgx.Batch{}, &pgx.Batch{}
	first.Queue("BEGIN")
	for _, member := range group {
		for _, step := range member.steps {
			queueStep(first, step)
		}
		if member.trail != nil {
			trails = append(trails, member.trail)
		}
	}
	if len(trails) > 0 {
		open, err := trails[0].Open(trails)
		if err != nil {
			return err
		}
		first.Queue(open.Query, open.Args...).Query(func(rows pgx.Rows) error {
			steps, err := trails[0].Close(trails, rows)
			for _, step := range steps {
				queueStep(last, step)
			}
			return err
		})
	}
	if err := server.SendBatch(ctx, first).Close(); err != nil {
		return err
	}
	last.Queue("COMMIT").Exec(func(tag pgconn.CommandTag) error {
		if tag.String() != "COMMIT" { // a transaction that failed is rolled back by COMMIT without an error
			return fmt.Errorf("%w: commit answered %s", ErrUnavailable, tag)
		}
		return nil
	})
	return server.SendBatch(ctx, last).Close()
}

func queueStep(batch *pgx.Batch, step Step) {
	batch.Queue(step.Query, step.Args...).Exec(func(tag pgconn.CommandTag) error {
		if step.Else != nil && tag.RowsAffected() != 1 {
			return step.Else
		}
		return nil
	})
}
