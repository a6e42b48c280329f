package idpdb

import (
	"context"
	"errors"
	"fmt"
	"time"

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
		step("INSERT INTO idp_dispute (id, account_id, release_id, client_id, department, state, opened_at, due_at, changed_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
			d.ID, d.AccountID, d.ReleaseID, d.ClientID, d.Department, d.State, sqldb.Micros(d.OpenedAt), sqldb.Micros(d.DueAt), sqldb.Micros(d.ChangedAt), d.Version),
		addDisputeMessage(d, d.Version, first))
	if sqldb.IsUnique(err) {
		return idp.ErrTaken
	}
	return err
}

const disputeColumns = "id, account_id, release_id, client_id, department, state, answered_by, opened_at, due_at, escalated_at, corrected_at, reminded_at, raised_at, changed_at, version"

func scanDispute(row interface{ Scan(...any) error }) (idp.Dispute, error) {
	var d idp.Dispute
	var opened, due, escalated, corrected, reminded, raised, changed int64
	err := row.Scan(&d.ID, &d.AccountID, &d.ReleaseID, &d.ClientID, &d.Department, &d.State, &d.AnsweredBy, &opened, &due, &escalated, &corrected, &reminded, &raised, &changed, &d.Version)
	d.OpenedAt, d.DueAt, d.ChangedAt = sqldb.Time(opened), sqldb.Time(due), sqldb.Time(changed)
	d.EscalatedAt, d.CorrectedAt, d.RemindedAt, d.RaisedAt = sqldb.Time(escalated), sqldb.Time(corrected), sqldb.Time(reminded), sqldb.Time(raised)
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

// disputeOrder is the place of a dispute in lists (idp.DisputePlace); there is an index of the same expression.
const disputeOrder = "(CASE WHEN state IN ('open', 'escalated') THEN due_at ELSE 4000000000000000000 - opened_at END)"

// Disputes lists disputes: what waits for an answer first.
func (s *Store) Disputes(ctx context.Context, q idp.DisputeQuery) ([]idp.Dispute, error) {
	overdue := int64(0)
	if !q.Overdue.IsZero() {
		overdue = sqldb.Micros(q.Overdue)
	}
	return s.disputes(ctx, "SELECT "+disputeColumns+` FROM idp_dispute WHERE ($1 = '' OR account_id = $1) AND ($2 = '' OR department = $2) AND ($3 = '' OR state = $3)
		AND (CAST($4 AS BIGINT) = 0 OR state IN ('open', 'escalated') AND due_at < $4) AND (`+disputeOrder+" > $5 OR ("+disputeOrder+" = $5 AND id > $6)) ORDER BY "+disputeOrder+", id LIMIT $7",
		q.AccountID, q.Department, string(q.State), overdue, q.Behind, q.BehindID, q.Limit)
}

func (s *Store) disputes(ctx context.Context, query string, args ...any) ([]idp.Dispute, error) {
	rows, err := s.db.Read().QueryContext(ctx, query, args...)
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

// DisputesDue are open disputes for which a step is due.
func (s *Store) DisputesDue(ctx context.Context, step idp.OverdueStep, before time.Time, after string, limit int) ([]idp.Dispute, error) {
	due := "due_at < $1 AND reminded_at = 0"
	if step == idp.StepRaise {
		due = "reminded_at > 0 AND reminded_at <= $1"
	}
	return s.disputes(ctx, "SELECT "+disputeColumns+" FROM idp_dispute WHERE state = 'open' AND "+due+" AND id > $2 ORDER BY id LIMIT $3", sqldb.Micros(before), after, limit)
}

// RemindDispute notes that the department was told; the version stays, since nothing that anybody reads became another.
func (s *Store) RemindDispute(ctx context.Context, d idp.Dispute, at time.Time, record audit.Record) error {
	return s.apply(ctx, record, one(idp.ErrConflict, "UPDATE idp_dispute SET reminded_at = $3 WHERE id = $1 AND version = $2 AND state = 'open' AND reminded_at = 0", d.ID, d.Version, sqldb.Micros(at)))
}

// CountDisputes counts what waits, up to a bound.
func (s *Store) CountDisputes(ctx context.Context, department string, bound int) (n idp.DisputeCount, err error) {
	for _, one := range []struct {
		to    *int
		state idp.DisputeState
		where string
	}{{&n.Overdue, idp.DisputeOpen, "reminded_at > 0"}, {&n.Escalated, idp.DisputeEscalated, "due_at > 0"}} {
		query := "SELECT COUNT(*) FROM (SELECT id FROM idp_dispute WHERE state = $1 AND ($2 = '' OR department = $2) AND " + one.where + " LIMIT $3) AS waiting"
		if err := s.db.Read().QueryRowContext(ctx, query, string(one.state), department, bound).Scan(one.to); err != nil {
			return n, fmt.Errorf("count disputes: %w", err)
		}
	}
	return n, nil
}

// ChangeDispute makes the next version; idp.ErrConflict when another is stored. What the department was told of is over with it.
func (s *Store) ChangeDispute(ctx context.Context, d idp.Dispute, m *idp.DisputeMessage, record audit.Record) error {
	steps := []sqldb.Step{one(idp.ErrConflict, `UPDATE idp_dispute SET state = $3, answered_by = $4, due_at = $5, escalated_at = $6, corrected_at = $7, raised_at = $8, changed_at = $9, reminded_at = 0, version = version + 1
		WHERE id = $1 AND version = $2`, d.ID, d.Version, d.State, d.AnsweredBy, sqldb.Micros(d.DueAt), sqldb.Micros(d.EscalatedAt), sqldb.Micros(d.CorrectedAt), sqldb.Micros(d.RaisedAt), sqldb.Micros(d.ChangedAt))}
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
