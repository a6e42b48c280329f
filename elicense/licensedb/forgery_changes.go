package licensedb

import (
	"context"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/forgery"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// Change implements forgery.Store.
func (s *Forgeries) Change(ctx context.Context, c forgery.Case, record audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		if err := putForgery(ctx, tx, c, c.Version); err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
}

// Join implements forgery.Store. Both are locked in the order of their identifiers, so that two of them that join each other at the same moment do
// not wait for each other, and the second finds that the first is a duplicate by now.
func (s *Forgeries) Join(ctx context.Context, c, head forgery.Case, record audit.Record) error {
	pair := []forgery.Case{c, head}
	if head.ID < c.ID {
		pair = []forgery.Case{head, c}
	}
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		for _, one := range pair {
			if err := putForgery(ctx, tx, one, one.Version); err != nil {
				return err
			}
		}
		// Whoever can be reached by a report of the other case already is not told twice.
		if _, err := tx.ExecContext(ctx, `UPDATE lic_forgery_telling SET reach = '', contact_key = '', contact = $3 WHERE case_id = $1 AND reach <> ''
			AND reach IN (SELECT reach FROM lic_forgery_telling WHERE case_id = $2 AND reach <> '')`, c.ID, head.ID, []byte{}); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE lic_forgery_telling SET case_id = $2, joined = CASE WHEN joined = '' THEN $1 ELSE joined END WHERE case_id = $1", c.ID, head.ID); err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
}

// Note implements forgery.Store.
func (s *Forgeries) Note(ctx context.Context, record audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error { return auditdb.Append(ctx, tx, record) })
}

// MoveDepartment implements forgery.Store.
func (s *Forgeries) MoveDepartment(ctx context.Context, department, area string, record audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		result, err := tx.ExecContext(ctx, "UPDATE lic_forgery SET area = $2, version = version + 1 WHERE department = $1 AND department <> '' AND area <> $2", department, area)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
}

// Tell implements forgery.Store.
func (s *Forgeries) Tell(ctx context.Context, t forgery.Telling, at time.Time, record audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		told, err := sqldb.ExecOne(ctx, tx, "UPDATE lic_forgery_telling SET told_at = $3 WHERE case_id = $1 AND id = $2 AND told_at = 0", t.Case, t.ID, sqldb.Micros(at))
		if err != nil {
			return err
		}
		if !told {
			return forgery.ErrStale
		}
		return auditdb.Append(ctx, tx, record)
	})
}

// Erase implements forgery.Store.
func (s *Forgeries) Erase(ctx context.Context, c forgery.Case, record audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		if err := putForgery(ctx, tx, c, c.Version); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE lic_forgery_telling SET said_key = '', said = $2, contact_key = '', contact = $2, reach = '' WHERE case_id = $1", c.ID, []byte{}); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE lic_forgery_file SET case_id = '' WHERE case_id = $1 AND case_id <> ''", c.ID); err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
}

const forgeryFileColumns = "id, case_id, address, key_id, octets, made_at"

func scanForgeryFile(row scanner) (f forgery.File, err error) {
	var at int64
	err = row.Scan(&f.ID, &f.Case, &f.Address, &f.Key, &f.Size, &at)
	f.At = sqldb.Time(at)
	return f, forgeryNotFound(err)
}

// PlanFile implements forgery.Store.
func (s *Forgeries) PlanFile(ctx context.Context, f forgery.File) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO lic_forgery_file ("+forgeryFileColumns+") VALUES ($1, '', $2, $3, $4, $5)", f.ID, f.Address, f.Key, f.Size, sqldb.Micros(f.At))
		return err
	})
}

// File implements forgery.Store.
func (s *Forgeries) File(ctx context.Context, id string) (forgery.File, error) {
	return scanForgeryFile(s.db.Read().QueryRowContext(ctx, "SELECT "+forgeryFileColumns+" FROM lic_forgery_file WHERE id = $1", id))
}

// Loose implements forgery.Store.
func (s *Forgeries) Loose(ctx context.Context, before time.Time, limit int) (list []forgery.File, err error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT "+forgeryFileColumns+" FROM lic_forgery_file WHERE case_id = '' AND made_at < $1 ORDER BY made_at LIMIT $2", sqldb.Micros(before), limit)
	if err != nil {
		return nil, fmt.Errorf("licensedb: list files of forgery: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		f, err := scanForgeryFile(rows)
		if err != nil {
			return nil, fmt.Errorf("licensedb: list files of forgery: %w", err)
		}
		list = append(list, f)
	}
	return list, rows.Err()
}

// DropFile implements forgery.Store.
func (s *Forgeries) DropFile(ctx context.Context, id string) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM lic_forgery_file WHERE id = $1 AND case_id = ''", id)
		return err
	})
}
