package sqldb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Question is a statement that reads.
type Question struct {
	Query string
	Args  []any
	// Read gets the rows. Rows that it leaves are passed over.
	Read func(rows Rows) error
}

// Ask puts questions that need no answer of each other: one journey to PostgreSQL for all of them. Each statement sees what
// was committed before it began, as with Read. ErrUnavailable (wrapped) means that the database did not answer.
func (db *DB) Ask(ctx context.Context, questions ...Question) error {
	if db.dialect == PostgreSQL {
		return db.askPostgreSQL(ctx, questions)
	}
	for _, q := range questions {
		if err := db.askOne(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

func (db *DB) askOne(ctx context.Context, q Question) (err error) {
	rows, err := db.reading.QueryContext(ctx, q.Query, q.Args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if err := q.Read(rows); err != nil {
		return err
	}
	return rows.Err()
}

func (db *DB) askPostgreSQL(ctx context.Context, questions []Question) error {
	conn, err := db.readers.Conn(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer conn.Close()
	batch := &pgx.Batch{}
	for _, q := range questions {
		batch.Queue(q.Query, q.Args...).Query(func(rows pgx.Rows) error { return q.Read(rows) })
	}
	var outcome error
	err = conn.Raw(func(raw any) error {
		server := raw.(*stdlib.Conn).Conn() // the driver that Open chose
		outcome = server.SendBatch(ctx, batch).Close()
		if server.IsClosed() {
			return driver.ErrBadConn
		}
		return nil
	})
	if outcome == nil {
		outcome = err
	}
	return asUnavailable(outcome)
}
