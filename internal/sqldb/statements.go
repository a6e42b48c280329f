package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"sync"
)

// maxStatements bounds a cache. The SQL of the platform is constant text, so it is not reached; what would go beyond is
// run without being kept.
const maxStatements = 512

// statementCache keeps prepared statements. SQLite parses a statement each time it is given as text, which cost a fifth of a
// login; PostgreSQL's driver keeps them by itself.
type statementCache struct {
	prepare func(ctx context.Context, query string) (*sql.Stmt, error)
	mu      sync.RWMutex
	all     map[string]*sql.Stmt
}

// get gives the prepared statement, or nil when it cannot be kept: the caller then runs the text and gets its error.
func (s *statementCache) get(ctx context.Context, query string) *sql.Stmt {
	s.mu.RLock()
	kept := s.all[query]
	s.mu.RUnlock()
	if kept != nil {
		return kept
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if kept := s.all[query]; kept != nil {
		return kept
	}
	if len(s.all) >= maxStatements {
		return nil
	}
	made, err := s.prepare(ctx, query)
	if err != nil {
		return nil
	}
	if s.all == nil {
		s.all = map[string]*sql.Stmt{}
	}
	s.all[query] = made
	return made
}

func (s *statementCache) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, kept := range s.all {
		kept.Close()
	}
	s.all = nil
}

// pool reads through kept statements.
type pool struct {
	db   *sql.DB
	kept *statementCache
}

func newPool(db *sql.DB) pool { return pool{db, &statementCache{prepare: db.PrepareContext}} }

// QueryContext implements Queryer.
func (p pool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if kept := p.kept.get(ctx, query); kept != nil {
		return kept.QueryContext(ctx, args...)
	}
	return p.db.QueryContext(ctx, query, args...)
}

// QueryRowContext implements Queryer.
func (p pool) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if kept := p.kept.get(ctx, query); kept != nil {
		return kept.QueryRowContext(ctx, args...)
	}
	return p.db.QueryRowContext(ctx, query, args...)
}

// writer is SQLite's one writing connection, with its transaction in hand.
type writer struct {
	conn *sql.Conn
	kept *statementCache
}

func openWriter(ctx context.Context, db *sql.DB) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &writer{conn, &statementCache{prepare: conn.PrepareContext}}, nil
}

// discard closes the connection for good, whatever state its transaction is in.
func (w *writer) discard() {
	w.kept.close()
	_ = w.conn.Raw(func(any) error { return driver.ErrBadConn })
	w.conn.Close()
}

func (w *writer) do(ctx context.Context, command string) error {
	_, err := w.ExecContext(ctx, command)
	return err
}

// A caller's cancellation is kept away from the statements of a change: SQLite answers an interrupted change by rolling
// back the whole transaction, which would take the other members of the group with it.

// QueryContext implements Queryer. It is not run through a kept statement: its rows are open while the change goes on,
// and a second use of the same statement would end them.
func (w *writer) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return w.conn.QueryContext(context.WithoutCancel(ctx), query, args...)
}

// QueryRowContext implements Queryer.
func (w *writer) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	ctx = context.WithoutCancel(ctx)
	if kept := w.kept.get(ctx, query); kept != nil {
		return kept.QueryRowContext(ctx, args...)
	}
	return w.conn.QueryRowContext(ctx, query, args...)
}

// ExecContext implements Tx.
func (w *writer) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	ctx = context.WithoutCancel(ctx)
	if kept := w.kept.get(ctx, query); kept != nil {
		return kept.ExecContext(ctx, args...)
	}
	return w.conn.ExecContext(ctx, query, args...)
}
