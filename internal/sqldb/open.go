package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the PostgreSQL driver of database/sql
	_ "modernc.org/sqlite"             // the embedded engine
	sqlite3 "modernc.org/sqlite/lib"
)

// Config says which database to open.
type Config struct {
	// URL is "sqlite:PATH" or "postgres://…".
	URL string
	// Password, when not empty, replaces the one in a PostgreSQL URL.
	Password string
	// MaxConnections bounds the PostgreSQL pool (16 when zero) and SQLite's readers (8 when zero).
	MaxConnections int
	// QueueTimeout is how long a change may wait for its turn before ErrUnavailable; 2 s when zero.
	QueueTimeout time.Duration
}

// DB is an open database.
type DB struct {
	dialect Dialect
	readers *sql.DB
	writers *sql.DB         // the same pool as readers on PostgreSQL, one connection on SQLite
	reading Queryer         // readers, through kept statements on SQLite
	kept    *statementCache // those of the readers on SQLite, nil on PostgreSQL
	queue   chan change
	slots   chan struct{}
	wait    time.Duration
	closed  chan struct{}
	once    sync.Once
	done    sync.WaitGroup
	broken  brokenFlag
}

// Open connects and, on SQLite, creates the file. It does not migrate.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	db := &DB{closed: make(chan struct{}), wait: cfg.QueueTimeout}
	if db.wait == 0 {
		db.wait = 2 * time.Second
	}
	switch {
	case strings.HasPrefix(cfg.URL, "sqlite:"):
		return db, db.openSQLite(ctx, strings.TrimPrefix(cfg.URL, "sqlite:"), cfg)
	case strings.HasPrefix(cfg.URL, "postgres://"), strings.HasPrefix(cfg.URL, "postgresql://"):
		return db, db.openPostgreSQL(ctx, cfg)
	}
	return nil, errors.New("sqldb: database url must begin with sqlite: or postgres://")
}

func (db *DB) openSQLite(ctx context.Context, path string, cfg Config) error {
	db.dialect = SQLite
	if path == "" {
		return errors.New("sqldb: sqlite url names no file")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("sqldb: make database folder: %w", err)
	}
	pragmas := url.Values{"_pragma": {
		"journal_mode(WAL)", "busy_timeout(5000)", "synchronous(FULL)", "foreign_keys(1)", "trusted_schema(0)",
	}}
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + pragmas.Encode()
	writers, err := sql.Open("sqlite", dsn+"&_txlock=immediate")
	if err != nil {
		return fmt.Errorf("sqldb: open sqlite: %w", err)
	}
	writers.SetMaxOpenConns(1)
	writers.SetMaxIdleConns(1)
	if err := firstPing(ctx, writers); err != nil {
		writers.Close()
		return fmt.Errorf("sqldb: open sqlite: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		writers.Close()
		return fmt.Errorf("sqldb: protect database file: %w", err)
	}
	readers, err := sql.Open("sqlite", dsn+"&_pragma=query_only(1)")
	if err != nil {
		writers.Close()
		return fmt.Errorf("sqldb: open sqlite: %w", err)
	}
	limit := cfg.MaxConnections
	if limit == 0 {
		limit = 8
	}
	readers.SetMaxOpenConns(limit)
	readers.SetMaxIdleConns(limit)
	reading := newPool(readers)
	db.writers, db.readers, db.reading, db.kept = writers, readers, reading, reading.kept
	db.queue = make(chan change, 1024)
	db.done.Add(1)
	go db.groupCommit()
	return nil
}

// firstPing opens the first connection. While another process changes a fresh file to WAL, SQLite answers that the file
// is locked without waiting for the busy timeout, so this waits.
func firstPing(ctx context.Context, db *sql.DB) error {
	const attempts, pause = 100, 50 * time.Millisecond
	for attempt := 1; ; attempt++ {
		err := db.PingContext(ctx)
		if sqliteCode(err)&0xff != sqlite3.SQLITE_BUSY || attempt == attempts {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (db *DB) openPostgreSQL(ctx context.Context, cfg Config) error {
	db.dialect = PostgreSQL
	address, err := url.Parse(cfg.URL)
	if err != nil {
		return errors.New("sqldb: database url cannot be read") // the parser's text would show the password
	}
	if cfg.Password != "" {
		address.User = url.UserPassword(address.User.Username(), cfg.Password)
	}
	pool, err := sql.Open("pgx", address.String())
	if err != nil {
		return fmt.Errorf("sqldb: open postgresql: %w", err)
	}
	limit := cfg.MaxConnections
	if limit == 0 {
		limit = 16
	}
	pool.SetMaxOpenConns(limit)
	pool.SetMaxIdleConns(limit)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	if err := pool.PingContext(ctx); err != nil {
		pool.Close()
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	db.readers, db.writers, db.reading = pool, pool, pool
	db.slots = make(chan struct{}, max(1, limit-limit/4)) // a quarter of the pool stays free for reads and probes
	db.queue = make(chan change, 1024)
	db.done.Add(1)
	go db.groupPostgreSQL()
	return nil
}

// Dialect tells which engine this is.
func (db *DB) Dialect() Dialect { return db.dialect }

// SkipLocked is the suffix of a sub-select that claims queue rows: other claimants pass over rows being claimed.
// SQLite needs none, since it has one writer.
func (db *DB) SkipLocked() string {
	if db.dialect == PostgreSQL {
		return " FOR UPDATE SKIP LOCKED"
	}
	return ""
}

// Read gives the pool for reading outside a change. Each statement sees what was committed before it began.
func (db *DB) Read() Queryer { return db.reading }

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.broken.get(); err != nil {
		return err
	}
	var one int
	if err := db.readers.QueryRowContext(ctx, "SELECT 1").Scan(&one); err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return nil
}

// Close ends the writer after the changes already queued and closes the pools.
func (db *DB) Close() error {
	var err error
	db.once.Do(func() {
		close(db.closed)
		db.done.Wait()
		err = db.writers.Close()
		if db.readers != db.writers {
			err = errors.Join(err, db.readers.Close())
		}
	})
	return err
}
