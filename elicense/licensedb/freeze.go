package licensedb

import (
	"context"
	"fmt"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// turn makes the uses and freezes of a holder come one after the other: each changes the same row first, and what it reads after that is what the ones
// before it stored.
func turn(ctx context.Context, tx sqldb.Tx, holderRef string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO lic_freeze (holder_ref, license, license_id, type_code, frozen_at, turns) VALUES ($1, '', '', '', 0, 1)
		ON CONFLICT (holder_ref, license) DO UPDATE SET turns = lic_freeze.turns + 1`, holderRef)
	return err
}

// mayUse answers ErrFrozen in the write of a use while the holder lets nobody use the licence.
func mayUse(ctx context.Context, tx sqldb.Tx, holderRef, license string) error {
	if holderRef == "" {
		return nil
	}
	if err := turn(ctx, tx, holderRef); err != nil {
		return err
	}
	all, one, err := frozen(ctx, tx, holderRef, license)
	if err == nil && (all || one) {
		err = elicense.ErrFrozen
	}
	return err
}

func frozen(ctx context.Context, q sqldb.Queryer, holderRef, license string) (all, one bool, err error) {
	var alls, ones int
	err = q.QueryRowContext(ctx, "SELECT COUNT(CASE WHEN license = '' THEN 1 END), COUNT(CASE WHEN license <> '' THEN 1 END) FROM lic_freeze WHERE holder_ref = $1 AND (license = '' OR license = $2) AND frozen_at > 0", holderRef, license).Scan(&alls, &ones)
	return alls > 0, ones > 0, err
}

// Frozen implements elicense.Freezes.
func (s *Store) Frozen(ctx context.Context, holderRef, license string) (all, one bool, err error) {
	return frozen(ctx, s.db.Read(), holderRef, license)
}

// Freeze implements elicense.Freezes.
func (s *Store) Freeze(ctx context.Context, f elicense.Freeze, record audit.Record) (done bool, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		if err := s.under(ctx, tx, elicense.DoingFreeze); err != nil {
			return err
		}
		if err := turn(ctx, tx, f.HolderRef); err != nil {
			return err
		}
		var err error
		done, err = sqldb.ExecOne(ctx, tx, `INSERT INTO lic_freeze (holder_ref, license, license_id, type_code, frozen_at, turns) VALUES ($1, $2, $3, $4, $5, 0)
			ON CONFLICT (holder_ref, license) DO UPDATE SET frozen_at = $5 WHERE lic_freeze.frozen_at = 0`, f.HolderRef, f.License, f.LicenseID, f.TypeCode, sqldb.Micros(f.At))
		if err != nil || !done {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
	return done && err == nil, err
}

// Unfreeze implements elicense.Freezes. The row by which uses come one after the other stays.
func (s *Store) Unfreeze(ctx context.Context, holderRef, license string, record audit.Record) (done bool, err error) {
	query := "DELETE FROM lic_freeze WHERE holder_ref = $1 AND license = $2"
	if license == "" {
		query = "UPDATE lic_freeze SET frozen_at = 0 WHERE holder_ref = $1 AND license = $2 AND frozen_at > 0"
	}
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		if err := s.under(ctx, tx, elicense.DoingThaw); err != nil {
			return err
		}
		var err error
		if done, err = sqldb.ExecOne(ctx, tx, query, holderRef, license); err != nil || !done {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
	return done && err == nil, err
}

// ListFreezes implements elicense.Freezes.
func (s *Store) ListFreezes(ctx context.Context, holderRef, after string, limit int) ([]elicense.Freeze, string, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT license, license_id, type_code, frozen_at FROM lic_freeze WHERE holder_ref = $1 AND frozen_at > 0 AND (license > $2 OR $2 = '') ORDER BY license LIMIT $3", holderRef, after, limit+1)
	if err != nil {
		return nil, "", fmt.Errorf("licensedb: list freezes: %w", err)
	}
	defer rows.Close()
	var list []elicense.Freeze
	for rows.Next() {
		f, at := elicense.Freeze{HolderRef: holderRef}, int64(0)
		if err := rows.Scan(&f.License, &f.LicenseID, &f.TypeCode, &at); err != nil {
			return nil, "", fmt.Errorf("licensedb: list freezes: %w", err)
		}
		f.At = sqldb.Time(at)
		list = append(list, f)
	}
	if err := rows.Err(); err != nil || len(list) <= limit {
		return list, "", err
	}
	list = list[:limit]
	return list, list[limit-1].Cursor(), nil
}

// followFreezes gives the freezes of a holder to another: what either froze stays frozen.
func followFreezes(ctx context.Context, tx sqldb.Tx, from, to string) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO lic_freeze (holder_ref, license, license_id, type_code, frozen_at, turns) SELECT $2, license, license_id, type_code, frozen_at, turns FROM lic_freeze WHERE holder_ref = $1
		ON CONFLICT (holder_ref, license) DO UPDATE SET frozen_at = CASE WHEN lic_freeze.frozen_at = 0 THEN excluded.frozen_at ELSE lic_freeze.frozen_at END`, from, to); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "DELETE FROM lic_freeze WHERE holder_ref = $1", from)
	return err
}

// under judges the mandate of the context, if any, first of all in the write of a change: the rows of mandates come before those of holders, so that no two
// changes wait for each other.
func (s *Store) under(ctx context.Context, tx sqldb.Tx, doing elicense.Doing) error {
	b, acts := elicense.BehalfOf(ctx)
	switch {
	case !acts:
		return nil
	case s.Under == nil:
		return elicense.ErrMandateOver
	}
	return s.Under(ctx, tx, b, doing)
}
