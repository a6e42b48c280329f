// Package keysdb stores wrapped keys, certificates and revocations. It never sees a key in the clear.
package keysdb

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/wrapped"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations of the keys room.
func Migrations() sqldb.MigrationSet {
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sqldb.MigrationSet{Room: "keys", Files: sub}
}

// Store implements softkeys.Store and ca.Store.
type Store struct{ db *sqldb.DB }

// New returns the store of a database.
func New(db *sqldb.DB) *Store { return &Store{db: db} }

// Salt returns the stored salt of the passphrase, storing fresh first when there is none.
func (s *Store) Salt(ctx context.Context, fresh []byte) (salt []byte, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO key_salt (id, salt) VALUES (1, $1) ON CONFLICT (id) DO NOTHING", fresh)
		if err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, "SELECT salt FROM key_salt WHERE id = 1").Scan(&salt)
	})
	return salt, err
}

// Insert stores a key.
func (s *Store) Insert(ctx context.Context, r wrapped.Record, record audit.Record) error {
	err := s.db.Write(ctx, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO key_record (id, usage, algorithm, label, state, created_at, state_at, public, blob)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			r.ID, r.Spec.Usage, r.Spec.Algorithm, r.Spec.Label, r.State, sqldb.Micros(r.CreatedAt), sqldb.Micros(r.StateAt), r.Public, r.Blob)
		if err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
	if sqldb.IsUnique(err) {
		return wrapped.ErrExists
	}
	return err
}

const columns = "id, usage, algorithm, label, state, created_at, state_at, public, blob"

func scan(row interface{ Scan(...any) error }) (wrapped.Record, error) {
	var r wrapped.Record
	var created, since int64
	err := row.Scan(&r.ID, &r.Spec.Usage, &r.Spec.Algorithm, &r.Spec.Label, &r.State, &created, &since, &r.Public, &r.Blob)
	r.CreatedAt, r.StateAt = sqldb.Time(created), sqldb.Time(since)
	return r, err
}

// Find reads a key.
func (s *Store) Find(ctx context.Context, id string) (wrapped.Record, error) {
	r, err := scan(s.db.Read().QueryRowContext(ctx, "SELECT "+columns+" FROM key_record WHERE id = $1", id))
	if errors.Is(err, sqldb.ErrNoRows) {
		return r, keys.ErrNotFound
	}
	return r, err
}

// List reads the keys of a purpose, newest first.
func (s *Store) List(ctx context.Context, usage keys.Usage, label string) ([]wrapped.Record, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT "+columns+` FROM key_record WHERE usage = $1 AND ($2 = '' OR label = $2)
		ORDER BY created_at DESC, id LIMIT 1000`, usage, label)
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	defer rows.Close()
	var all []wrapped.Record
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("list keys: %w", err)
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// SetState moves a key from one state to another.
func (s *Store) SetState(ctx context.Context, id string, from, to keys.State, at time.Time, record audit.Record) error {
	return s.change(ctx, record, "UPDATE key_record SET state = $3, state_at = $4 WHERE id = $1 AND state = $2", id, from, to, sqldb.Micros(at))
}

// Promote puts a next key in the place of the current one.
func (s *Store) Promote(ctx context.Context, r wrapped.Record, at time.Time, record audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE key_record SET state = $4, state_at = $5 WHERE usage = $1 AND algorithm = $2 AND label = $3 AND state = $6",
			r.Spec.Usage, r.Spec.Algorithm, r.Spec.Label, keys.Previous, sqldb.Micros(at), keys.Current)
		if err != nil {
			return err
		}
		done, err := sqldb.ExecOne(ctx, tx, "UPDATE key_record SET state = $2, state_at = $3 WHERE id = $1 AND state = $4", r.ID, keys.Current, sqldb.Micros(at), keys.Next)
		if err != nil {
			return err
		}
		if !done {
			return keys.ErrState
		}
		return auditdb.Append(ctx, tx, record)
	})
}

// Erase forgets the secret of a key.
func (s *Store) Erase(ctx context.Context, id string, at time.Time, record audit.Record) error {
	return s.change(ctx, record, "UPDATE key_record SET state = $2, state_at = $4, blob = $3 WHERE id = $1 AND state <> $2", id, keys.Destroyed, []byte{}, sqldb.Micros(at))
}

func (s *Store) change(ctx context.Context, record audit.Record, statement string, args ...any) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		done, err := sqldb.ExecOne(ctx, tx, statement, args...)
		if err != nil {
			return err
		}
		if !done {
			return keys.ErrState
		}
		return auditdb.Append(ctx, tx, record)
	})
}
