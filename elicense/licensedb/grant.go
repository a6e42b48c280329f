package licensedb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

const grantColumns = "id, holder_ref, license, license_id, type_code, mode, kind, grantee, item, purpose, case_number, fields, uses, uses_left, expires_at, proof, actor, created_at, revoked_at, used_at, order_id, withheld, mandate, awaits, decide_by"

func scanGrant(row scanner) (elicense.Grant, error) {
	var g elicense.Grant
	var fields string
	var expires, created, revoked, used, withheld, decideBy int64
	err := row.Scan(&g.ID, &g.HolderRef, &g.License, &g.LicenseID, &g.TypeCode, &g.Mode, &g.Kind, &g.Grantee, &g.Item, &g.Purpose, &g.CaseNumber, &fields, &g.Uses, &g.Left, &expires, &g.Proof, &g.Actor, &created, &revoked, &used, &g.Order, &withheld, &g.Mandate, &g.Awaits, &decideBy)
	if errors.Is(err, sqldb.ErrNoRows) {
		return elicense.Grant{}, elicense.ErrNotFound
	}
	g.Fields, g.Expires, g.CreatedAt, g.RevokedAt, g.UsedAt = strings.Fields(fields), sqldb.Time(expires), sqldb.Time(created), sqldb.Time(revoked), sqldb.Time(used)
	g.Withheld, g.DecideBy = withheld == 1, sqldb.Time(decideBy)
	return g, err
}

// AddGrant implements elicense.Grants.
func (s *Store) AddGrant(ctx context.Context, g elicense.Grant, record audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		if err := s.under(ctx, tx, elicense.DoingLend); err != nil {
			return err
		}
		if err := mayTake(ctx, tx, g, g.CreatedAt); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO lic_use_grant ("+grantColumns+") VALUES ("+placeholders(25)+")",
			g.ID, g.HolderRef, g.License, g.LicenseID, g.TypeCode, string(g.Mode), string(g.Kind), g.Grantee, g.Item, g.Purpose, g.CaseNumber, strings.Join(g.Fields, " "), g.Uses, g.Left,
			sqldb.Micros(g.Expires), g.Proof, g.Actor, sqldb.Micros(g.CreatedAt), sqldb.Micros(g.RevokedAt), sqldb.Micros(g.UsedAt), g.Order, number(g.Withheld), g.Mandate, g.Awaits, sqldb.Micros(g.DecideBy)); err != nil {
			return err
		}
		for _, account := range g.Asks {
			if _, err := tx.ExecContext(ctx, "INSERT INTO lic_consent (grant_id, account, answer, asked_at, answered_at) VALUES ($1, $2, '', $3, 0)", g.ID, account, sqldb.Micros(g.CreatedAt)); err != nil {
				return err
			}
		}
		return auditdb.Append(ctx, tx, record)
	})
}

// mayTake answers ErrFrozen in the write of a grant or a use while one of the holders lets nobody use the licence; one under a sealed order asks the order instead,
// and answers ErrNoOrder.
func mayTake(ctx context.Context, tx sqldb.Tx, g elicense.Grant, now time.Time) error {
	if g.Order != "" {
		return underOrder(ctx, tx, g, now)
	}
	accounts, err := holdersOf(ctx, tx, g)
	for _, account := range accounts {
		if err == nil {
			err = mayUse(ctx, tx, account, g.License)
		}
	}
	return err
}

// holdersOf are the accounts of all who hold the licence of a grant, in one order for all callers, since each of them has a turn.
func holdersOf(ctx context.Context, tx sqldb.Tx, g elicense.Grant) ([]string, error) {
	accounts, err := coHolders(ctx, tx, g.License)
	if err != nil {
		return nil, err
	}
	var first string
	if len(accounts) > 0 { // the grant may be that of any of them
		if err := tx.QueryRowContext(ctx, "SELECT holder_ref FROM lic_license WHERE id = $1", g.License).Scan(&first); err != nil && !errors.Is(err, sqldb.ErrNoRows) {
			return nil, err
		}
	}
	for _, account := range []string{first, g.HolderRef} {
		if account != "" && !slices.Contains(accounts, account) {
			accounts = append(accounts, account)
		}
	}
	slices.Sort(accounts)
	return accounts, nil
}

// FindGrant implements elicense.Grants.
func (s *Store) FindGrant(ctx context.Context, id string) (elicense.Grant, error) {
	return scanGrant(s.db.Read().QueryRowContext(ctx, "SELECT "+grantColumns+" FROM lic_use_grant WHERE id = $1", id))
}

// ListGrants implements elicense.Grants.
func (s *Store) ListGrants(ctx context.Context, q elicense.GrantQuery) ([]elicense.Grant, string, error) {
	column, whose, query := "holder_ref", q.HolderRef, " AND withheld = 0"
	if whose == "" {
		column, whose, query = "grantee", q.Grantee, ""
	}
	args := []any{whose, q.Limit + 1}
	if q.Actor != "" {
		args = append(args, q.Actor)
		query += fmt.Sprintf(" AND actor = $%d", len(args))
	}
	if q.After != "" {
		args = append(args, q.After)
		query += fmt.Sprintf(" AND (created_at, id) < (SELECT created_at, id FROM lic_use_grant WHERE %s = $1 AND id = $%d)", column, len(args))
	}
	list, err := s.grants(ctx, column+" = $1"+query+" ORDER BY created_at DESC, id DESC LIMIT $2", args...)
	if err != nil || len(list) <= q.Limit {
		return list, "", err
	}
	list = list[:q.Limit]
	return list, list[q.Limit-1].ID, nil
}

func (s *Store) grants(ctx context.Context, where string, args ...any) ([]elicense.Grant, error) {
	list, err := rows(ctx, s, scanGrant, "SELECT "+grantColumns+" FROM lic_use_grant WHERE "+where, args...)
	if err != nil {
		return nil, fmt.Errorf("licensedb: list grants: %w", err)
	}
	return list, nil
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
	return s.changeOne(ctx, record, func(tx sqldb.Tx) error { return s.under(ctx, tx, elicense.DoingUnlend) }, "UPDATE lic_use_grant SET revoked_at = $2 WHERE id = $1 AND revoked_at = 0", id, sqldb.Micros(now))
}

// Redeem implements elicense.Grants.
func (s *Store) Redeem(ctx context.Context, id string, now time.Time, use elicense.Use, c *elicense.LicenseCopy, record audit.Record) (bool, error) {
	return s.changeOne(ctx, record, func(tx sqldb.Tx) error {
		g, err := scanGrant(tx.QueryRowContext(ctx, "SELECT "+grantColumns+" FROM lic_use_grant WHERE id = $1", id))
		if err == nil {
			err = mayTake(ctx, tx, g, now)
		}
		if err == nil {
			withheld := ""
			if g.Withheld {
				withheld = g.ID
			}
			err = countForAll(ctx, tx, g, use, withheld)
		}
		if err != nil || c == nil {
			return err
		}
		data, err := json.Marshal(c.Data)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO lic_copy ("+copyColumns+") VALUES ("+placeholders(12)+")",
			c.ID, c.Grant, c.HolderRef, c.License, c.Grantee, c.Original, c.SealID, string(data), c.File, sqldb.Micros(c.CreatedAt), sqldb.Micros(c.Expires), c.Order)
		return err
	}, "UPDATE lic_use_grant SET uses_left = uses_left - 1, used_at = $2 WHERE id = $1 AND uses_left > 0 AND revoked_at = 0 AND expires_at > $2 AND awaits = 0", id, sqldb.Micros(now))
}

// countForAll counts a use on the ledgers of all who hold the licence.
func countForAll(ctx context.Context, tx sqldb.Tx, g elicense.Grant, use elicense.Use, withheld string) error {
	accounts, err := holdersOf(ctx, tx, g)
	for _, account := range accounts {
		if err == nil {
			use.HolderRef = account
			err = countLine(ctx, tx, use, withheld)
		}
	}
	return err
}

const copyColumns = "id, grant_id, holder_ref, license, grantee, original, seal_id, data, file, created_at, expires_at, order_id"

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
		Scan(&c.ID, &c.Grant, &c.HolderRef, &c.License, &c.Grantee, &c.Original, &c.SealID, &data, &c.File, &created, &expires, &c.Order)
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

// mayFinish is mayUse for a copy whose use was taken: the order that it was taken under, if any, covers it while it is in force.
func mayFinish(ctx context.Context, tx sqldb.Tx, c elicense.LicenseCopy, now time.Time) error {
	if c.Order != "" {
		o, err := scanOrder(tx.QueryRowContext(ctx, "SELECT "+orderColumns+" FROM lic_order WHERE id = $1", c.Order))
		if err != nil || o.Covers(now) {
			return err
		}
	}
	return mayUse(ctx, tx, c.HolderRef, c.License)
}

// FinishCopy implements elicense.Grants.
func (s *Store) FinishCopy(ctx context.Context, id, file string, now time.Time, record audit.Record) (elicense.LicenseCopy, error) {
	c, err := s.FindCopy(ctx, id)
	if err != nil {
		return elicense.LicenseCopy{}, err
	}
	if _, err := s.changeOne(ctx, record, func(tx sqldb.Tx) error { return mayFinish(ctx, tx, c, now) }, "UPDATE lic_copy SET file = $2 WHERE id = $1 AND file = ''", id, file); err != nil {
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
