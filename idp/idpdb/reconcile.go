package idpdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/reconcile"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// StartRun implements reconcile.Store.
func (s *Store) StartRun(ctx context.Context, r reconcile.Run, record audit.Record) error {
	return s.apply(ctx, record, step("INSERT INTO idp_reconcile_run (id, state, cursor_at, counts, actions, started_at, finished_at) VALUES ($1, $2, '', '{}', 0, $3, 0)",
		r.ID, r.State, sqldb.Micros(r.StartedAt)))
}

// LastRun implements reconcile.Store.
func (s *Store) LastRun(ctx context.Context) (r reconcile.Run, ok bool, err error) {
	var counts string
	var started, finished int64
	err = s.db.Read().QueryRowContext(ctx, "SELECT id, state, cursor_at, counts, actions, started_at, finished_at FROM idp_reconcile_run ORDER BY started_at DESC, id DESC LIMIT 1").
		Scan(&r.ID, &r.State, &r.Cursor, &counts, &r.Actions, &started, &finished)
	if errors.Is(err, sqldb.ErrNoRows) {
		return r, false, nil
	}
	if err != nil {
		return r, false, fmt.Errorf("read reconciliation: %w", err)
	}
	r.StartedAt, r.FinishedAt = sqldb.Time(started), sqldb.Time(finished)
	return r, true, json.Unmarshal([]byte(counts), &r.Counts)
}

// Proven implements reconcile.Store.
func (s *Store) Proven(ctx context.Context, after string, limit int) (ids []string, err error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT i.account_id FROM idp_identity AS i JOIN idp_account AS a ON a.id = i.account_id
		WHERE i.account_id > $1 AND a.state = $2 ORDER BY i.account_id LIMIT $3`, after, idp.AccountActive, limit)
	if err != nil {
		return nil, fmt.Errorf("list proven accounts: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("list proven accounts: %w", err)
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// Settle implements reconcile.Store. The level that ends keeps its evidence; only its end moves.
func (s *Store) Settle(ctx context.Context, one reconcile.Settlement) error {
	f := one.Finding
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		var text string
		err := tx.QueryRowContext(ctx, "UPDATE idp_reconcile_run SET cursor_at = $3 WHERE id = $1 AND cursor_at = $2 AND state = $4 RETURNING counts", one.Run, one.From, f.AccountID, reconcile.Running).Scan(&text)
		if errors.Is(err, sqldb.ErrNoRows) {
			return reconcile.ErrMoved
		}
		if err != nil || f.Result == "" {
			return err
		}
		counts := map[reconcile.Result]int{}
		if err := json.Unmarshal([]byte(text), &counts); err != nil {
			return err
		}
		counts[f.Result]++
		content, err := json.Marshal(counts)
		if err != nil {
			return err
		}
		touched := min(len(f.Actions), 1)
		if _, err := tx.ExecContext(ctx, "UPDATE idp_reconcile_run SET counts = $2, actions = actions + $3 WHERE id = $1", one.Run, string(content), touched); err != nil {
			return err
		}
		if f.Result == reconcile.Confirmed {
			return nil
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO idp_reconcile_finding (run_id, account_id, result, actions, at) VALUES ($1, $2, $3, $4, $5)", one.Run, f.AccountID, f.Result, actionWords(f.Actions), sqldb.Micros(f.At)); err != nil {
			return err
		}
		if one.Decay {
			if _, err := tx.ExecContext(ctx, "UPDATE idp_proof SET until_at = $2 WHERE account_id = $1 AND (until_at = 0 OR until_at > $2)", f.AccountID, sqldb.Micros(f.At)); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "UPDATE idp_account SET updated_at = $2, version = version + 1 WHERE id = $1", f.AccountID, sqldb.Micros(f.At)); err != nil {
				return err
			}
		}
		if len(one.Record.Events) == 0 {
			return nil
		}
		return auditdb.Append(ctx, tx, one.Record)
	})
}

func actionWords(actions []reconcile.Action) string {
	words := make([]string, len(actions))
	for i, a := range actions {
		words[i] = string(a)
	}
	return strings.Join(words, " ")
}

// SetRunState implements reconcile.Store.
func (s *Store) SetRunState(ctx context.Context, id, state string, at time.Time, record audit.Record) error {
	return s.changeOne(ctx, record, "UPDATE idp_reconcile_run SET state = $2, finished_at = $3 WHERE id = $1", id, state, sqldb.Micros(at))
}

// Findings lists what a run found, after an account, in order.
func (s *Store) Findings(ctx context.Context, run, after string, limit int) ([]reconcile.Finding, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT account_id, result, actions, at FROM idp_reconcile_finding WHERE run_id = $1 AND account_id > $2 ORDER BY account_id LIMIT $3", run, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list findings: %w", err)
	}
	defer rows.Close()
	all := []reconcile.Finding{}
	for rows.Next() {
		var f reconcile.Finding
		var actions string
		var at int64
		if err := rows.Scan(&f.AccountID, &f.Result, &actions, &at); err != nil {
			return nil, fmt.Errorf("list findings: %w", err)
		}
		for word := range strings.FieldsSeq(actions) {
			f.Actions = append(f.Actions, reconcile.Action(word))
		}
		f.At = sqldb.Time(at)
		all = append(all, f)
	}
	return all, rows.Err()
}
