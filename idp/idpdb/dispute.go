package idpdb

import (
	"context"
	"errors"
	"fmt"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

func addDisputeMessage(d idp.Dispute, number int64, m idp.DisputeMessage) sqldb.Step {
	return step("INSERT INTO idp_dispute_message (dispute_id, number, author, key_id, sealed, at) VALUES ($1, $2, $3, $4, $5, $6)", d.ID, number, m.Author, m.KeyID, m.Sealed, sqldb.Micros(m.At))
}

// OpenDispute stores a dispute with its first message; idp.ErrTaken when there is one about the release.
func (s *Store) OpenDispute(ctx context.Context, d idp.Dispute, first idp.DisputeMessage, record audit.Record) error {
	err := s.apply(ctx, record,
		step("INSERT INTO idp_dispute (id, account_id, release_id, client_id, state, opened_at, due_at, changed_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
			d.ID, d.AccountID, d.ReleaseID, d.ClientID, d.State, sqldb.Micros(d.OpenedAt), sqldb.Micros(d.DueAt), sqldb.Micros(d.ChangedAt), d.Version),
		addDisputeMessage(d, d.Version, first))
	if sqldb.IsUnique(err) {
		return idp.ErrTaken
	}
	return err
}

const disputeColumns = "id, account_id, release_id, client_id, state, opened_at, due_at, changed_at, version"

func scanDispute(row interface{ Scan(...any) error }) (idp.Dispute, error) {
	var d idp.Dispute
	var opened, due, changed int64
	err := row.Scan(&d.ID, &d.AccountID, &d.ReleaseID, &d.ClientID, &d.State, &opened, &due, &changed, &d.Version)
	d.OpenedAt, d.DueAt, d.ChangedAt = sqldb.Time(opened), sqldb.Time(due), sqldb.Time(changed)
	return d, err
}

// Dispute reads a dispute with its messages.
func (s *Store) Dispute(ctx context.Context, id string) (idp.Dispute, error) {
	return s.withMessages(ctx, s.db.Read().QueryRowContext(ctx, "SELECT "+disputeColumns+" FROM idp_dispute WHERE id = $1", id))
}

// DisputeOf reads the dispute about a release.
func (s *Store) DisputeOf(ctx context.Context, accountID, releaseID string) (idp.Dispute, error) {
	return s.withMessages(ctx, s.db.Read().QueryRowContext(ctx, "SELECT "+disputeColumns+" FROM idp_dispute WHERE account_id = $1 AND release_id = $2", accountID, releaseID))
}

func (s *Store) withMessages(ctx context.Context, row interface{ Scan(...any) error }) (idp.Dispute, error) {
	d, err := scanDispute(row)
	if errors.Is(err, sqldb.ErrNoRows) {
		return d, idp.ErrNotFound
	}
	if err != nil {
		return d, fmt.Errorf("read dispute: %w", err)
	}
	rows, err := s.db.Read().QueryContext(ctx, "SELECT author, key_id, sealed, at FROM idp_dispute_message WHERE dispute_id = $1 ORDER BY number LIMIT 100", d.ID)
	if err != nil {
		return d, fmt.Errorf("read dispute: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var m idp.DisputeMessage
		var at int64
		if err := rows.Scan(&m.Author, &m.KeyID, &m.Sealed, &at); err != nil {
			return d, fmt.Errorf("read dispute: %w", err)
		}
		m.At = sqldb.Time(at)
		d.Messages = append(d.Messages, m)
	}
	return d, rows.Err()
}

// Disputes lists disputes, the newest first.
func (s *Store) Disputes(ctx context.Context, q idp.DisputeQuery) ([]idp.Dispute, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT "+disputeColumns+` FROM idp_dispute WHERE ($1 = '' OR account_id = $1) AND ($2 = '' OR state = $2)
		AND (opened_at < $3 OR (opened_at = $3 AND id > $4)) ORDER BY opened_at DESC, id LIMIT $5`, q.AccountID, string(q.State), place(q.Behind), q.BehindID, q.Limit)
	if err != nil {
		return nil, fmt.Errorf("list disputes: %w", err)
	}
	defer rows.Close()
	var all []idp.Dispute
	for rows.Next() {
		d, err := scanDispute(rows)
		if err != nil {
			return nil, fmt.Errorf("list disputes: %w", err)
		}
		all = append(all, d)
	}
	return all, rows.Err()
}

// ChangeDispute makes the next version; idp.ErrConflict when another is stored.
func (s *Store) ChangeDispute(ctx context.Context, d idp.Dispute, m *idp.DisputeMessage, record audit.Record) error {
	steps := []sqldb.Step{one(idp.ErrConflict, "UPDATE idp_dispute SET state = $3, due_at = $4, changed_at = $5, version = version + 1 WHERE id = $1 AND version = $2",
		d.ID, d.Version, d.State, sqldb.Micros(d.DueAt), sqldb.Micros(d.ChangedAt))}
	if m != nil {
		steps = append(steps, addDisputeMessage(d, d.Version+1, *m))
	}
	return s.apply(ctx, record, steps...)
}

// SealedMessages are those of all disputes of an account.
func (s *Store) SealedMessages(ctx context.Context, accountID string) ([]idp.SealedMessage, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT m.dispute_id, m.number, m.key_id, m.sealed FROM idp_dispute d JOIN idp_dispute_message m ON m.dispute_id = d.id
		WHERE d.account_id = $1 ORDER BY m.dispute_id, m.number`, accountID)
	if err != nil {
		return nil, fmt.Errorf("list messages: %w", err)
	}
	defer rows.Close()
	var all []idp.SealedMessage
	for rows.Next() {
		var m idp.SealedMessage
		if err := rows.Scan(&m.Dispute, &m.Number, &m.KeyID, &m.Sealed); err != nil {
			return nil, fmt.Errorf("list messages: %w", err)
		}
		all = append(all, m)
	}
	return all, rows.Err()
}

// moveMessages stores the messages of an absorbed account as they are sealed for the survivor; idp.ErrConflict when one came
// since they were read.
func moveMessages(ctx context.Context, tx sqldb.Tx, merge idp.Merge) error {
	var there int
	err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM idp_dispute d JOIN idp_dispute_message m ON m.dispute_id = d.id WHERE d.account_id = $1", merge.Absorbed).Scan(&there)
	if err == nil && there != len(merge.Messages) {
		err = idp.ErrConflict
	}
	if err != nil {
		return err
	}
	for _, m := range merge.Messages {
		if _, err := tx.ExecContext(ctx, "UPDATE idp_dispute_message SET key_id = $3, sealed = $4 WHERE dispute_id = $1 AND number = $2", m.Dispute, m.Number, m.KeyID, m.Sealed); err != nil {
			return err
		}
	}
	return nil
}
