package idpdb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

const clientColumns = "body, secret_mac, old_mac, old_until, retired_at"

// scanClient reads the columns of a client behind those that come before them.
func scanClient(row interface{ Scan(...any) error }, before ...any) (idp.StoredBody, error) {
	var b idp.StoredBody
	var body string
	var until, retired int64
	err := row.Scan(append(before, &body, &b.SecretMAC, &b.OldMAC, &until, &retired)...)
	b.Body, b.OldUntil, b.RetiredAt = []byte(body), sqldb.Time(until), sqldb.Time(retired)
	return b, err
}

// Client reads all that is stored of one client.
func (s *Store) Client(ctx context.Context, clientID string) (idp.StoredBody, error) {
	b, err := scanClient(s.db.Read().QueryRowContext(ctx, "SELECT "+clientColumns+" FROM idp_client WHERE client_id = $1", clientID))
	if errors.Is(err, sqldb.ErrNoRows) {
		return b, idp.ErrNotFound
	}
	return b, err
}

// WriteClient changes one client that is still as it was read, or registers a new one.
func (s *Store) WriteClient(ctx context.Context, c idp.ClientChange) error {
	err := s.db.Write(ctx, func(tx sqldb.Tx) error {
		if err := settle(ctx, tx, c.Settlement); err != nil {
			return err
		}
		if err := writeClient(ctx, tx, c); err != nil {
			return err
		}
		var grants int64
		if !c.RetiredAt.IsZero() {
			var err error
			if grants, err = endClient(ctx, tx, c.ClientID, c.RetiredAt); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, bumpClients); err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, settledRecord(c.Settlement, c.Record(grants)))
	})
	if sqldb.IsUnique(err) {
		return idp.ErrTaken
	}
	return err
}

func writeClient(ctx context.Context, tx sqldb.Tx, c idp.ClientChange) error {
	if c.Was == nil {
		_, err := tx.ExecContext(ctx, "INSERT INTO idp_client (client_id, body, secret_mac) VALUES ($1, $2, $3)", c.ClientID, string(c.Body), c.SecretMAC)
		return err
	}
	same, err := sqldb.ExecOne(ctx, tx, "UPDATE idp_client SET body = $3, retired_at = $4 WHERE client_id = $1 AND body = $2 AND retired_at = 0", c.ClientID, string(c.Was), string(c.Body), sqldb.Micros(c.RetiredAt))
	if err == nil && !same {
		err = idp.ErrConflict
	}
	if err != nil || c.SecretMAC == nil {
		return err
	}
	if c.OldUntil.IsZero() {
		_, err = tx.ExecContext(ctx, "UPDATE idp_client SET old_mac = NULL, old_until = 0, secret_mac = $2 WHERE client_id = $1", c.ClientID, c.SecretMAC)
		return err
	}
	_, err = tx.ExecContext(ctx, "UPDATE idp_client SET old_mac = secret_mac, old_until = $3, secret_mac = $2 WHERE client_id = $1", c.ClientID, c.SecretMAC, sqldb.Micros(c.OldUntil))
	return err
}

// endClient ends what stands on a client: its grants, and the registration by which it could change itself.
func endClient(ctx context.Context, tx sqldb.Tx, clientID string, at time.Time) (int64, error) {
	result, err := tx.ExecContext(ctx, "UPDATE idp_grant SET revoked_at = $2 WHERE client_id = $1 AND revoked_at = 0", clientID, sqldb.Micros(at))
	if err != nil {
		return 0, fmt.Errorf("end grants: %w", err)
	}
	if _, err := tx.ExecContext(ctx, "UPDATE idp_registration SET pending = '', ended_at = $2 WHERE client_id = $1 AND ended_at = 0", clientID, sqldb.Micros(at)); err != nil {
		return 0, fmt.Errorf("end registration: %w", err)
	}
	return result.RowsAffected()
}
