// Package sqldb opens the platform's database and runs its changes.
//
// One set of hand-written SQL runs on embedded SQLite and on PostgreSQL: placeholders are $1…$n, times are BIGINT
// microseconds since the Unix epoch (see Micros), ids and JSON are TEXT, octets are BYTEA, and no statement uses now(),
// casts, arrays or ILIKE. The one dialect switch is [DB.SkipLocked].
//
// A change is a function that [DB.Write] runs inside one transaction, or a list of statements that [DB.Apply] runs; either
// all of it is stored or nothing. On SQLite (WAL, synchronous FULL) a single writer gathers the changes of many callers,
// each in a savepoint of its own, and makes them durable with one commit, because one commit per change would stop at some
// 760 changes a second. On PostgreSQL lists of statements are gathered too and travel together; a function is a transaction
// of its own. Both are run again when the server reports a serialization failure or a deadlock, so a function must not have
// effects outside the transaction.
//
// The package is not an ORM and hides no SQL: it hands out [Tx] and [Queryer] and nothing else.
package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Dialect tells the two engines apart where a caller must know (backup, doctor); SQL itself must not.
type Dialect string

// The engines that the store contract suites run on.
const (
	SQLite     Dialect = "sqlite"
	PostgreSQL Dialect = "postgresql"
)

// ErrNoRows is sql.ErrNoRows, so that stores need not import database/sql for it.
var ErrNoRows = sql.ErrNoRows

// ErrClosed is answered by Write and Read after Close.
var ErrClosed = errors.New("sqldb: database is closed")

// ErrUnavailable wraps failures to reach the database or to get a connection in time; callers answer 503.
var ErrUnavailable = errors.New("sqldb: database is unavailable")

// Queryer reads. Both a transaction and the pool satisfy it.
type Queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Tx is one atomic change. It is valid only inside the function that Write was given.
type Tx interface {
	Queryer
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// Micros is the stored form of a time: microseconds since the Unix epoch, UTC. The zero time is stored as 0.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Time is the reverse of Micros.
func Time(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

// Below is a condition that a path lies in one of the given ones or below, with the arguments that come before and then its own. The
// empty path is everywhere; without a path nothing is selected. A pattern, because an order of texts depends on the database's
// language; paths are digits and strokes.
func Below(column string, paths []string, before ...any) (condition string, args []any) {
	args = before
	var either []string
	for _, path := range paths {
		if path == "" {
			return "1 = 1", before
		}
		args = append(args, path+"%")
		either = append(either, fmt.Sprintf("%s LIKE $%d", column, len(args)))
	}
	if len(either) == 0 {
		return "1 = 0", before
	}
	return "(" + strings.Join(either, " OR ") + ")", args
}

// ExecOne runs a conditional change and reports whether it changed exactly one row. It is how one-time values are
// consumed: the row count decides, never an earlier read.
func ExecOne(ctx context.Context, tx Tx, query string, args ...any) (bool, error) {
	result, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	if err != nil {
		return false, err
	}
	return n == 1, nil
}

// purgeBatch bounds the rows that one transaction deletes, so that no other change waits for long.
const purgeBatch = 500

// Purge deletes the rows of a table for which a condition holds, in transactions of a bounded size, and tells how many
// there were. key names the columns of the primary key. Names and condition are constants of the caller, never input.
func (d *DB) Purge(ctx context.Context, table, key, condition string, args ...any) (deleted int64, err error) {
	statement := fmt.Sprintf("DELETE FROM %s WHERE (%s) IN (SELECT %s FROM %s WHERE %s LIMIT %d)", table, key, key, table, condition, purgeBatch)
	for {
		var batch int64
		err := d.Write(ctx, func(tx Tx) error {
			result, err := tx.ExecContext(ctx, statement, args...)
			if err == nil {
				batch, err = result.RowsAffected()
			}
			return err
		})
		if err != nil {
			return deleted, fmt.Errorf("purge %s: %w", table, err)
		}
		if deleted += batch; batch < purgeBatch {
			return deleted, nil
		}
	}
}
