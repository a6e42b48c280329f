package sqldb

import (
	"context"
	"database/sql"
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

// Ask puts questions that need no answer of each other: one journey to PostgreSQL for all of them. All of them see one moment,
// what was committed before the first: a row and the key that opens it are never of two different moments. ErrUnavailable
// (wrapped) means that the database did not answer.
func (db *DB) Ask(ctx context.Context, questions ...Question) error {
	if db.dialect == PostgreSQL {
		return db.askPostgreSQL(ctx, questions)
	}
	return db.askSQLite(ctx, questions)
}

// askSQLite asks in one deferred transaction, whose first statement takes the snapshot. The statements are made ready before: a
// connection that waited for another one to prepare them could wait for itself.
func (db *DB) askSQLite(ctx context.Context, questions []Question) error {
	kept := make([]*sql.Stmt, len(questions))
	for i, q := range questions {
		kept[i] = db.kept.get(ctx, q.Query)
	}
	tx, err := db.readers.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // nothing was written; it gives the connection back
	for i, q := range questions {
		var rows *sql.Rows
		if kept[i] != nil {
			rows, err = tx.StmtContext(ctx, kept[i]).QueryContext(ctx, q.Args...)
		} else {
			rows, err = tx.QueryContext(ctx, q.Query, q.Args...)
		}
		if err != nil {
			return err
		}
		if err := errors.Join(q.Read(rows), rows.Err(), rows.Close()); err != nil {
			return err
		}
	}
	return nil
}

func (db *DB) askPostgreSQL(ctx context.Context, questions []Question) error {
	conn, err := db.readers.Conn(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer conn.Close()
	batch := &pgx.Batch{}
	batch.Queue("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
	for _, q := range questions {
		batch.Queue(q.Query, q.Args...).Query(func(rows pgx.Rows) error { return q.Read(rows) })
	}
	batch.Queue("COMMIT")
	var outcome error
	err = conn.Raw(func(raw any) error {
		server := raw.(*stdlib.Conn).Conn() // the driver that Open chose
		outcome = server.SendBatch(ctx, batch).Close()
		if server.IsClosed() {
			return driver.ErrBadConn
		}
		if server.PgConn().TxStatus() != idle { // a question failed, and COMMIT was passed over
			if _, err := server.Exec(ctx, "ROLLBACK"); err != nil {
				return driver.ErrBadConn
			}
		}
		return nil
	})
	if outcome == nil {
		outcome = err
	}
	return asUnavailable(outcome)
}

// idle is PostgreSQL's word for a connection outside a transaction (ReadyForQuery).
const idle = 'I'
