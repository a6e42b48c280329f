package idpdb

import (
	"context"
	"errors"
	"fmt"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// SeeDevice notes a login from a device.
func (s *Store) SeeDevice(ctx context.Context, d authn.Device, code authn.StepRow, record audit.Record) (known bool, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		known, err = sqldb.ExecOne(ctx, tx, "UPDATE idp_known_device SET seen_at = $3, address = $4, sid = $5, name = $6 WHERE hash = $1 AND account_id = $2",
			d.Hash, d.AccountID, sqldb.Micros(d.SeenAt), d.Address, d.SID, d.Name)
		if err != nil || known {
			return err
		}
		var others int
		if err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM idp_known_device WHERE account_id = $1", d.AccountID).Scan(&others); err != nil {
			return err
		}
		if others >= authn.MaxDevices {
			if _, err := tx.ExecContext(ctx, `DELETE FROM idp_known_device WHERE account_id = $1 AND id NOT IN
				(SELECT id FROM idp_known_device WHERE account_id = $1 ORDER BY seen_at DESC, id LIMIT $2)`, d.AccountID, authn.MaxDevices-1); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO idp_known_device (id, account_id, hash, name, address, sid, created_at, seen_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $7)`, d.ID, d.AccountID, d.Hash, d.Name, d.Address, d.SID, sqldb.Micros(d.SeenAt)); err != nil {
			return err
		}
		if others == 0 {
			record.Messages = nil
		} else if _, err := tx.ExecContext(ctx, insertStep, code.Hash, code.Kind, code.Browser, code.KeyID, code.Sealed, sqldb.Micros(code.ExpiresAt)); err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
	return known, err
}

// Devices lists the devices of an account.
func (s *Store) Devices(ctx context.Context, accountID string) (all []authn.Device, err error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT id, account_id, hash, name, address, sid, created_at, seen_at FROM idp_known_device
		WHERE account_id = $1 ORDER BY seen_at DESC, id LIMIT $2`, accountID, authn.MaxDevices)
	if err != nil {
		return nil, fmt.Errorf("list devices: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var d authn.Device
		var created, seen int64
		if err := rows.Scan(&d.ID, &d.AccountID, &d.Hash, &d.Name, &d.Address, &d.SID, &created, &seen); err != nil {
			return nil, fmt.Errorf("list devices: %w", err)
		}
		d.CreatedAt, d.SeenAt = sqldb.Time(created), sqldb.Time(seen)
		all = append(all, d)
	}
	return all, rows.Err()
}

// RemoveDevice forgets a device.
func (s *Store) RemoveDevice(ctx context.Context, accountID, id string, record audit.Record) (sid string, err error) {
	err = s.audited(ctx, record, func(tx sqldb.Tx) error {
		err := tx.QueryRowContext(ctx, "DELETE FROM idp_known_device WHERE id = $1 AND account_id = $2 RETURNING sid", id, accountID).Scan(&sid)
		if errors.Is(err, sqldb.ErrNoRows) {
			return idp.ErrNotFound
		}
		return err
	})
	return sid, err
}
