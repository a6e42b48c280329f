package idpdb

import (
	"context"
	"errors"
	"fmt"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// PutCase stores a proofing case.
func (s *Store) PutCase(ctx context.Context, c proofing.Case, record audit.Record) error {
	return s.audited(ctx, record, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO idp_case (id, account_id, state, method, wanted, key_id, sealed, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)`, c.ID, c.AccountID, c.State, c.Method, int64(c.Wanted), c.KeyID, c.Sealed, sqldb.Micros(c.CreatedAt))
		return err
	})
}

// Case reads a proofing case.
func (s *Store) Case(ctx context.Context, id string) (proofing.Case, error) {
	c := proofing.Case{ID: id}
	var at int64
	err := s.db.Read().QueryRowContext(ctx, "SELECT account_id, state, method, wanted, key_id, sealed, created_at FROM idp_case WHERE id = $1", id).
		Scan(&c.AccountID, &c.State, &c.Method, &c.Wanted, &c.KeyID, &c.Sealed, &at)
	if errors.Is(err, sqldb.ErrNoRows) {
		return c, idp.ErrNotFound
	}
	c.CreatedAt = sqldb.Time(at)
	return c, err
}

// SetCaseState moves a case; a closed case forgets what was submitted.
func (s *Store) SetCaseState(ctx context.Context, id string, from, to proofing.State, record audit.Record) error {
	forget := to == proofing.Granted || to == proofing.Rejected
	return s.changeOne(ctx, record, `UPDATE idp_case SET state = $3, updated_at = $4, sealed = CASE WHEN $5 THEN $6 ELSE sealed END
		WHERE id = $1 AND state = $2`, id, from, to, sqldb.Micros(record.Events[0].At), forget, []byte{})
}

// PutInbox stores a message of the simulated inbox; the same id is stored once.
func (s *Store) PutInbox(ctx context.Context, id string, m authn.InboxMessage) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO idp_inbox (id, recipient, text, code, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING",
			id, m.To, m.Text, m.Code, sqldb.Micros(m.At))
		return err
	})
}

// Inbox lists the newest messages to a recipient, or to all when it is empty.
func (s *Store) Inbox(ctx context.Context, to string, limit int) ([]authn.InboxMessage, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT recipient, text, code, at FROM idp_inbox WHERE $1 = '' OR recipient = $1 ORDER BY at DESC, id LIMIT $2", to, limit)
	if err != nil {
		return nil, fmt.Errorf("read inbox: %w", err)
	}
	defer rows.Close()
	all := []authn.InboxMessage{}
	for rows.Next() {
		var m authn.InboxMessage
		var at int64
		if err := rows.Scan(&m.To, &m.Text, &m.Code, &at); err != nil {
			return nil, fmt.Errorf("read inbox: %w", err)
		}
		m.At = sqldb.Time(at)
		all = append(all, m)
	}
	return all, rows.Err()
}
