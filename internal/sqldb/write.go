package sqldb

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Limits of one group commit: how many changes share it and how long the first may wait for the last.
const (
	groupSize = 256
	groupTime = 20 * time.Millisecond
)

// change is one caller's change waiting for the writer: a function, or steps and what they leave behind.
type change struct {
	ctx   context.Context
	run   func(tx Tx) error
	steps []Step
	trail Trail
	done  chan error
}

// brokenFlag remembers a failed flush to disk: what the file holds is then unknown, so nothing may be acknowledged
// until the process is started again.
type brokenFlag struct{ cause atomic.Pointer[error] }

func (b *brokenFlag) set(err error) { b.cause.CompareAndSwap(nil, &err) }
func (b *brokenFlag) get() error {
	if cause := b.cause.Load(); cause != nil {
		return *cause
	}
	return nil
}

// Write runs one atomic change and returns when it is durable. The function's error is returned as it is and leaves
// no trace in the database. ErrUnavailable (wrapped) means that the change was not acknowledged.
func (db *DB) Write(ctx context.Context, run func(tx Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := db.broken.get(); err != nil {
		return err
	}
	if db.dialect == SQLite {
		return db.enqueue(change{ctx: ctx, run: run, done: make(chan error, 1)})
	}
	return db.writePostgreSQL(ctx, run)
}

// enqueue hands a change to the goroutine that gathers, and waits for the outcome.
func (db *DB) enqueue(c change) error {
	timer := time.NewTimer(db.wait)
	defer timer.Stop()
	select {
	case <-db.closed:
		return ErrClosed
	default:
	}
	select {
	case db.queue <- c:
	case <-db.closed:
		return ErrClosed
	case <-timer.C:
		return fmt.Errorf("%w: the queue of changes is full", ErrUnavailable)
	case <-c.ctx.Done():
		return c.ctx.Err()
	}
	// Once queued the change may be stored at any moment, so its outcome is awaited even when the caller gives up.
	select {
	case err := <-c.done:
		return err
	case <-db.closed:
		// The writer drains the queue before it ends.
		db.done.Wait()
		select {
		case err := <-c.done:
			return err
		default:
			return ErrClosed
		}
	}
}

// groupCommit is SQLite's single writer.
func (db *DB) groupCommit() {
	defer db.done.Done()
	var w *writer
	defer func() {
		if w != nil {
			w.discard()
		}
	}()
	for {
		select {
		case first := <-db.queue:
			w = db.commitGroup(w, first)
		case <-db.closed:
			for {
				select {
				case first := <-db.queue:
					w = db.commitGroup(w, first)
				default:
					return
				}
			}
		}
	}
}

// begin opens a transaction on the writing connection, making the connection if there is none.
func (db *DB) begin(ctx context.Context, w *writer) (*writer, error) {
	if w == nil {
		var err error
		if w, err = openWriter(ctx, db.writers); err != nil {
			return nil, err
		}
	}
	if err := w.do(ctx, "BEGIN IMMEDIATE"); err != nil {
		w.discard()
		return nil, err
	}
	return w, nil
}

// commitGroup runs a change and those that wait behind it in one transaction. It gives back the connection, or nil when
// that is not to be used again.
func (db *DB) commitGroup(w *writer, first change) *writer {
	full := time.NewTimer(groupTime)
	defer full.Stop()
	background := context.Background()
	w, err := db.begin(background, w)
	if err != nil {
		first.done <- fmt.Errorf("%w: %w", ErrUnavailable, err)
		return nil
	}
	var members []change
	var outcomes []error
	var trails []Trail
	next := first
	for {
		members = append(members, next)
		err := runInSavepoint(background, w, next)
		outcomes = append(outcomes, err)
		if err == nil && next.trail != nil {
			trails = append(trails, next.trail)
		}
		if len(members) == groupSize || !db.nextMember(&next, full.C) {
			break
		}
	}
	err = runRecovered(w, func(tx Tx) error { return WriteTrails(background, tx, trails...) })
	if err == nil {
		err = w.do(background, "COMMIT")
	}
	if err != nil {
		w.discard() // which undoes the group
		w = nil
		failure := fmt.Errorf("%w: commit: %w", ErrUnavailable, err)
		if sqliteCode(err)&0xff == sqlite3.SQLITE_IOERR {
			db.broken.set(failure)
		}
		for i := range outcomes {
			if outcomes[i] == nil {
				outcomes[i] = failure
			}
		}
	}
	for i, member := range members {
		member.done <- outcomes[i]
	}
	return w
}

// nextMember takes the next waiting change, if there is one and the group's time is not over.
func (db *DB) nextMember(next *change, full <-chan time.Time) bool {
	select {
	case <-full:
		return false
	default:
	}
	select {
	case *next = <-db.queue:
		return true
	default:
		return false
	}
}

// runInSavepoint runs one change so that its failure does not touch the other members of the group.
func runInSavepoint(ctx context.Context, w *writer, c change) error {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	if err := w.do(ctx, "SAVEPOINT change"); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	err := runRecovered(w, func(tx Tx) error {
		if c.run != nil {
			return c.run(tx)
		}
		return runSteps(ctx, tx, c.steps)
	})
	if err == nil {
		if err = w.do(ctx, "RELEASE change"); err == nil {
			return nil
		}
		err = fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if undo := w.do(ctx, "ROLLBACK TO change"); undo != nil {
		return errors.Join(err, undo)
	}
	if undo := w.do(ctx, "RELEASE change"); undo != nil {
		return errors.Join(err, undo)
	}
	return err
}

// runRecovered turns a panic of the function into an error, since on SQLite it runs on the writer's goroutine.
func runRecovered(tx Tx, run func(tx Tx) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("sqldb: change panicked: %v", p)
		}
	}()
	return run(tx)
}

func (db *DB) writePostgreSQL(ctx context.Context, run func(tx Tx) error) error {
	timer := time.NewTimer(db.wait)
	defer timer.Stop()
	select {
	case <-db.closed:
		return ErrClosed
	case db.slots <- struct{}{}:
		defer func() { <-db.slots }()
	case <-timer.C:
		return fmt.Errorf("%w: no connection became free", ErrUnavailable)
	case <-ctx.Done():
		return ctx.Err()
	}
	return again(func() error { return db.tryPostgreSQL(ctx, run) })
}

// again tries a change until it was not undone because of others.
func again(try func() error) error {
	const attempts = 8
	for attempt := 1; ; attempt++ {
		err := try()
		if err == nil || attempt == attempts || !mayRunAgain(err) {
			return err
		}
	}
}

func (db *DB) tryPostgreSQL(ctx context.Context, run func(tx Tx) error) error {
	tx, err := db.writers.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if err := runRecovered(tx, run); err != nil {
		tx.Rollback()
		return asUnavailable(err)
	}
	if err := tx.Commit(); err != nil {
		return asUnavailable(fmt.Errorf("sqldb: commit: %w", err))
	}
	return nil
}

// mayRunAgain: the server undid the change because of others (serialization failure, deadlock).
func mayRunAgain(err error) bool {
	server, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (server.Code == "40001" || server.Code == "40P01")
}

// asUnavailable marks lost connections and a server that is shutting down or full.
func asUnavailable(err error) error {
	if server, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch server.Code[:2] {
		case "08", "53", "57", "58":
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		return err
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok || pgconn.Timeout(err) || pgconn.SafeToRetry(err) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return err
}

func sqliteCode(err error) int {
	if engine, ok := errors.AsType[*sqlite.Error](err); ok {
		return engine.Code()
	}
	return 0
}

// madeMeanwhile: another node created the same table at the same moment. PostgreSQL reports that as a duplicate in its own
// catalogue, or as a table that exists in spite of IF NOT EXISTS.
func madeMeanwhile(err error) bool {
	server, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (server.Code == "23505" || server.Code == "42P07" || server.Code == "42710")
}

// IsUnique reports whether err is the violation of a primary key or unique constraint, on either engine.
func IsUnique(err error) bool {
	if server, ok := errors.AsType[*pgconn.PgError](err); ok {
		return server.Code == "23505"
	}
	switch sqliteCode(err) {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return true
	}
	return false
}
