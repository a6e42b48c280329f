// Package outboxdb stores outbox messages; see package outbox.
package outboxdb

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/outbox"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations of the outbox.
func Migrations() sqldb.MigrationSet {
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sqldb.MigrationSet{Room: "outbox", Files: sub}
}

// Steps store messages with the change that they belong to.
func Steps(at time.Time, messages []audit.Message) []sqldb.Step {
	steps := make([]sqldb.Step, 0, len(messages))
	for i, m := range messages {
		due := m.NotBefore
		if due.Before(at) {
			due = at
		}
		// position keeps the order of messages that were stored in one change.
		steps = append(steps, sqldb.Step{Query: `INSERT INTO outbox_message
			(id, topic, key, payload, stored_at, position, due_at, attempts, state, last_error, settled_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 'waiting', '', 0)`,
			Args: []any{ident.New(ident.System(), "msg"), m.Topic, m.Key, string(m.Payload), sqldb.Micros(at), i, sqldb.Micros(due)}})
	}
	return steps
}

// Queue implements outbox.Queue.
type Queue struct{ db *sqldb.DB }

// New returns the queue of a database.
func New(db *sqldb.DB) *Queue { return &Queue{db: db} }

// Lease claims the next due message; earlier messages of the same topic and key go first.
func (q *Queue) Lease(ctx context.Context, now time.Time, lease time.Duration) (*outbox.Delivery, error) {
	var found bool
	err := q.db.Read().QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM outbox_message WHERE state = 'waiting' AND due_at <= $1)",
		sqldb.Micros(now)).Scan(&found)
	if err != nil || !found { // an idle worker does not disturb the writer
		return nil, err
	}
	var d outbox.Delivery
	var payload string
	var storedAt int64
	err = q.db.Write(ctx, func(tx sqldb.Tx) error {
		return tx.QueryRowContext(ctx, `UPDATE outbox_message SET due_at = $2, attempts = attempts + 1 WHERE id = (
			SELECT id FROM outbox_message AS m WHERE m.state = 'waiting' AND m.due_at <= $1 AND NOT EXISTS (
				SELECT 1 FROM outbox_message AS e WHERE e.state = 'waiting' AND e.topic = m.topic AND e.key = m.key
				AND (e.stored_at < m.stored_at OR (e.stored_at = m.stored_at AND e.position < m.position)))
			ORDER BY m.due_at LIMIT 1`+q.db.SkipLocked()+`)
			RETURNING id, topic, key, payload, attempts, stored_at`,
			sqldb.Micros(now), sqldb.Micros(now.Add(lease))).Scan(&d.ID, &d.Topic, &d.Key, &payload, &d.Attempt, &storedAt)
	})
	if errors.Is(err, sqldb.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("outboxdb: lease: %w", err)
	}
	d.Payload, d.StoredAt = []byte(payload), sqldb.Time(storedAt)
	return &d, nil
}

// Done settles a delivered message; it stays as a receipt.
func (q *Queue) Done(ctx context.Context, id string, now time.Time) error {
	return q.db.Write(ctx, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE outbox_message SET state = 'done', settled_at = $2 WHERE id = $1 AND state = 'waiting'",
			id, sqldb.Micros(now))
		return err
	})
}

// Later puts a failed message back, or sets it aside as dead.
func (q *Queue) Later(ctx context.Context, id string, now, next time.Time, why string, dead bool) error {
	state, settled := "waiting", int64(0)
	if dead {
		state, settled = "dead", sqldb.Micros(now)
	}
	return q.db.Write(ctx, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE outbox_message SET state = $2, due_at = $3, last_error = $4, settled_at = $5
			WHERE id = $1 AND state = 'waiting'`, id, state, sqldb.Micros(next), why, settled)
		return err
	})
}

// Waiting counts the messages not yet settled, and Dead those given up.
func (q *Queue) Waiting(ctx context.Context) (waiting, dead int64, err error) {
	err = q.db.Read().QueryRowContext(ctx, `SELECT
		(SELECT COUNT(*) FROM outbox_message WHERE state = 'waiting'), (SELECT COUNT(*) FROM outbox_message WHERE state = 'dead')`).Scan(&waiting, &dead)
	return waiting, dead, err
}

// Receipt is that of the newest message of a topic and key; ok is false when there is none, or none any more.
func (q *Queue) Receipt(ctx context.Context, topic, key string) (r outbox.Receipt, ok bool, err error) {
	var stored, settled, due int64
	err = q.db.Read().QueryRowContext(ctx, `SELECT state, attempts, stored_at, settled_at, due_at FROM outbox_message WHERE topic = $1 AND key = $2
		ORDER BY stored_at DESC, position DESC LIMIT 1`, topic, key).Scan(&r.State, &r.Attempts, &stored, &settled, &due)
	if errors.Is(err, sqldb.ErrNoRows) {
		return r, false, nil
	}
	r.StoredAt, r.SettledAt, r.DueAt = sqldb.Time(stored), sqldb.Time(settled), sqldb.Time(due)
	return r, err == nil, err
}

// How long settled messages stay as receipts. Those given up wait longer for somebody to look at them.
const (
	keepDone = 30 * 24 * time.Hour
	keepDead = 180 * 24 * time.Hour
)

// Purge deletes receipts whose time is over.
func (q *Queue) Purge(ctx context.Context, now time.Time) (deleted int64, err error) {
	return q.db.Purge(ctx, "outbox_message", "id", "(state = 'done' AND settled_at < $1) OR (state = 'dead' AND settled_at < $2)",
		sqldb.Micros(now.Add(-keepDone)), sqldb.Micros(now.Add(-keepDead)))
}
