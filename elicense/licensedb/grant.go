package licensedb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

const grantColumns = "id, holder_ref, license, license_id, type_code, mode, kind, grantee, item, purpose, case_number, fields, uses, uses_left, expires_at, proof, actor, created_at, revoked_at, used_at"

func scanGrant(row scanner) (elicense.Grant, error) {
	var g elicense.Grant
	var fields string
	var expires, created, revoked, used int64
	err := row.Scan(&g.ID, &g.HolderRef, &g.License, &g.LicenseID, &g.TypeCode, &g.Mode, &g.Kind, &g.Grantee, &g.Item, &g.Purpose, &g.CaseNumber, &fields, &g.Uses, &g.Left, &expires, &g.Proof, &g.Actor, &created, &revoked, &used)
	if errors.Is(err, sqldb.ErrNoRows) {
		return elicense.Grant{}, elicense.ErrNotFound
	}
	g.Fields, g.Expires, g.CreatedAt, g.RevokedAt, g.UsedAt = strings.Fields(fields), sqldb.Time(expires), sqldb.Time(created), sqldb.Time(revoked), sqldb.Time(used)
	return g, err
}

// AddGrant implements elicense.Grants.
func (s *Store) AddGrant(ctx context.Context, g elicense.Grant, record audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		if err := mayUse(ctx, tx, g.HolderRef, g.License); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO lic_use_grant ("+grantColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
			g.ID, g.HolderRef, g.License, g.LicenseID, g.TypeCode, string(g.Mode), string(g.Kind), g.Grantee, g.Item, g.Purpose, g.CaseNumber, strings.Join(g.Fields, " "), g.Uses, g.Left,
			sqldb.Micros(g.Expires), g.Proof, g.Actor, sqldb.Micros(g.CreatedAt), sqldb.Micros(g.RevokedAt), sqldb.Micros(g.UsedAt)); err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
}

// FindGrant implements elicense.Grants.
func (s *Store) FindGrant(ctx context.Context, id string) (elicense.Grant, error) {
	return scanGrant(s.db.Read().QueryRowContext(ctx, "SELECT "+grantColumns+" FROM lic_use_grant WHERE id = $1", id))
}

// ListGrants implements elicense.Grants.
func (s *Store) ListGrants(ctx context.Context, q elicense.GrantQuery) ([]elicense.Grant, string, error) {
	column, whose := "holder_ref", q.HolderRef
	if whose == "" {
		column, whose = "grantee", q.Grantee
	}
	query, args := "", []any{whose, q.Limit + 1}
	if q.After != "" {
		query = " AND (created_at, id) < (SELECT created_at, id FROM lic_use_grant WHERE " + column + " = $1 AND id = $3)"
		args = append(args, q.After)
	}
	rows, err := s.db.Read().QueryContext(ctx, "SELECT "+grantColumns+" FROM lic_use_grant WHERE "+column+" = $1"+query+" ORDER BY created_at DESC, id DESC LIMIT $2", args...)
	if err != nil {
		return nil, "", fmt.Errorf("licensedb: list grants: %w", err)
	}
	defer rows.Close()
	var list []elicense.Grant
	for rows.Next() {
		g, err := scanGrant(rows)
		if err != nil {
			return nil, "", fmt.Errorf("licensedb: list grants: %w", err)
		}
		list = append(list, g)
	}
	if err := rows.Err(); err != nil || len(list) <= q.Limit {
		return list, "", err
	}
	list = list[:q.Limit]
	return list, list[q.Limit-1].ID, nil
}

// changeOne runs a conditional change of one row and keeps what goes with it where the row was changed.
func (s *Store) changeOne(ctx context.Context, record audit.Record, more func(tx sqldb.Tx) error, query string, args ...any) (done bool, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		result, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		if done = n == 1; err != nil || !done {
			return err
		}
		if more != nil {
			if err := more(tx); err != nil {
				return err
			}
		}
		return auditdb.Append(ctx, tx, record)
	})
	return done && err == nil, err
}

// RevokeGrant implements elicense.Grants.
func (s *Store) RevokeGrant(ctx context.Context, id string, now time.Time, record audit.Record) (bool, error) {
	return s.changeOne(ctx, record, nil, "UPDATE lic_use_grant SET revoked_at = $2 WHERE id = $1 AND revoked_at = 0", id, sqldb.Micros(now))
}

// Redeem implements elicense.Grants.
func (s *Store) Redeem(ctx context.Context, id string, now time.Time, use elicense.Use, c *elicense.LicenseCopy, record audit.Record) (bool, error) {
	return s.changeOne(ctx, record, func(tx sqldb.Tx) error {
		if err := countUse(ctx, tx, use); err != nil || c == nil {
			return err
		}
		data, err := json.Marshal(c.Data)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO lic_copy ("+copyColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
			c.ID, c.Grant, c.HolderRef, c.License, c.Grantee, c.Original, c.SealID, string(data), c.File, sqldb.Micros(c.CreatedAt), sqldb.Micros(c.Expires))
		return err
	}, "UPDATE lic_use_grant SET uses_left = uses_left - 1, used_at = $2 WHERE id = $1 AND uses_left > 0 AND revoked_at = 0 AND expires_at > $2", id, sqldb.Micros(now))
}

const copyColumns = "id, grant_id, holder_ref, license, grantee, original, seal_id, data, file, created_at, expires_at"

// FindCopy implements elicense.Grants.
func (s *Store) FindCopy(ctx context.Context, id string) (elicense.LicenseCopy, error) {
	return s.findCopy(ctx, "id = $1", id)
}

// PlannedCopy implements elicense.Grants.
func (s *Store) PlannedCopy(ctx context.Context, grant string, by time.Time) (elicense.LicenseCopy, error) {
	return s.findCopy(ctx, "grant_id = $1 AND file = '' AND created_at <= $2 ORDER BY created_at, id LIMIT 1", grant, sqldb.Micros(by))
}

func (s *Store) findCopy(ctx context.Context, where string, args ...any) (elicense.LicenseCopy, error) {
	var c elicense.LicenseCopy
	var data string
	var created, expires int64
	err := s.db.Read().QueryRowContext(ctx, "SELECT "+copyColumns+" FROM lic_copy WHERE "+where, args...).
		Scan(&c.ID, &c.Grant, &c.HolderRef, &c.License, &c.Grantee, &c.Original, &c.SealID, &data, &c.File, &created, &expires)
	if errors.Is(err, sqldb.ErrNoRows) {
		return elicense.LicenseCopy{}, elicense.ErrNotFound
	}
	if err != nil {
		return elicense.LicenseCopy{}, fmt.Errorf("licensedb: find copy: %w", err)
	}
	c.CreatedAt, c.Expires = sqldb.Time(created), sqldb.Time(expires)
	if err := json.Unmarshal([]byte(data), &c.Data); err != nil {
		return elicense.LicenseCopy{}, fmt.Errorf("licensedb: data of copy: %w", err)
	}
	return c, nil
}

// FinishCopy implements elicense.Grants.
func (s *Store) FinishCopy(ctx context.Context, id, file string, record audit.Record) (elicense.LicenseCopy, error) {
	c, err := s.FindCopy(ctx, id)
	if err != nil {
		return elicense.LicenseCopy{}, err
	}
	if _, err := s.changeOne(ctx, record, func(tx sqldb.Tx) error { return mayUse(ctx, tx, c.HolderRef, c.License) }, "UPDATE lic_copy SET file = $2 WHERE id = $1 AND file = ''", id, file); err != nil {
		return elicense.LicenseCopy{}, err
	}
	return s.FindCopy(ctx, id)
}

// AddCopyLink implements elicense.Grants.
func (s *Store) AddCopyLink(ctx context.Context, link elicense.CopyLink, now time.Time, record audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM lic_copy_link WHERE grantee = $1 AND expires_at < $2", link.Grantee, sqldb.Micros(now.Add(-24*time.Hour))); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO lic_copy_link (hash, copy_id, grantee, expires_at, used_at) VALUES ($1, $2, $3, $4, 0)", link.Hash, link.Copy, link.Grantee, sqldb.Micros(link.Expires)); err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
}

// FindCopyLink implements elicense.Grants.
func (s *Store) FindCopyLink(ctx context.Context, hash string) (elicense.CopyLink, error) {
	link := elicense.CopyLink{Hash: hash}
	var expires int64
	err := s.db.Read().QueryRowContext(ctx, "SELECT copy_id, grantee, expires_at FROM lic_copy_link WHERE hash = $1", hash).Scan(&link.Copy, &link.Grantee, &expires)
	if errors.Is(err, sqldb.ErrNoRows) {
		return elicense.CopyLink{}, elicense.ErrNotFound
	}
	link.Expires = sqldb.Time(expires)
	return link, err
}

// TakeCopyLink implements elicense.Grants.
func (s *Store) TakeCopyLink(ctx context.Context, hash string, now time.Time, record audit.Record) (bool, error) {
	return s.changeOne(ctx, record, nil, "UPDATE lic_copy_link SET used_at = $2 WHERE hash = $1 AND used_at = 0 AND expires_at > $2", hash, sqldb.Micros(now))
}
