package idpdb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// putSample stores the case of a second look, in the change that stores the evidence which it is about.
func putSample(ctx context.Context, tx sqldb.Tx, id string, p idp.Proof) error {
	c := proofing.Case{ID: p.Sample.Case, AccountID: id, State: proofing.Manual1, Method: proofing.Sample, Wanted: p.IAL, KeyID: p.Sample.KeyID, Sealed: p.Sample.Sealed, CreatedAt: p.At, DueAt: p.Sample.DueAt}
	if err := putCase(ctx, tx, c); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO idp_case_sample (case_id, account_id, proof_id, method, drawn_at, outcome, decided_at) VALUES ($1, $2, $3, $4, $5, $6, 0)",
		c.ID, id, p.ID, p.Method, sqldb.Micros(p.At), proofing.SampleWaiting)
	return err
}

// decideSample writes down what came of a sample, if the case is one. One that failed takes back what the account proved by its method,
// so that who passed twice does not keep the other pass.
func decideSample(ctx context.Context, tx sqldb.Tx, r proofing.Review, to proofing.State) error {
	var account, method string
	err := tx.QueryRowContext(ctx, "SELECT account_id, method FROM idp_case_sample WHERE case_id = $1", r.CaseID).Scan(&account, &method)
	if errors.Is(err, sqldb.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	outcome := proofing.SampleConfirmed
	if to == proofing.Rejected {
		outcome = proofing.SampleFailed
	}
	at := sqldb.Micros(r.At)
	if _, err := tx.ExecContext(ctx, "UPDATE idp_case_sample SET outcome = $2, decided_at = $3 WHERE case_id = $1", r.CaseID, outcome, at); err != nil || to != proofing.Rejected {
		return err
	}
	if _, err := tx.ExecContext(ctx, "UPDATE idp_account SET updated_at = $2, version = version + 1 WHERE id = $1", account, at); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "UPDATE idp_proof SET withdrawn = 1, until_at = CASE WHEN until_at = 0 OR until_at > $3 THEN $3 ELSE until_at END WHERE account_id = $1 AND method = $2", account, method, at)
	return err
}

// SampleFigures counts samples by method and outcome.
func (s *Store) SampleFigures(ctx context.Context, since, now time.Time) ([]proofing.SampleFigures, error) {
	var all []proofing.SampleFigures
	err := s.db.Ask(ctx, ask(func(rows sqldb.Rows) error {
		var f proofing.SampleFigures
		err := rows.Scan(&f.Method, &f.Waiting, &f.Confirmed, &f.Failed, &f.Dropped, &f.Overdue)
		all = append(all, f)
		return err
	}, `SELECT s.method, SUM(CASE WHEN s.outcome = $2 THEN 1 ELSE 0 END), SUM(CASE WHEN s.outcome = $3 THEN 1 ELSE 0 END), SUM(CASE WHEN s.outcome = $4 THEN 1 ELSE 0 END),
		SUM(CASE WHEN s.outcome = $5 THEN 1 ELSE 0 END), SUM(CASE WHEN s.outcome = $2 AND c.due_at < $6 THEN 1 ELSE 0 END)
		FROM idp_case_sample AS s JOIN idp_case AS c ON c.id = s.case_id WHERE s.drawn_at >= $1 GROUP BY s.method ORDER BY s.method`,
		sqldb.Micros(since), proofing.SampleWaiting, proofing.SampleConfirmed, proofing.SampleFailed, proofing.SampleDropped, sqldb.Micros(now)))
	if err != nil {
		return nil, fmt.Errorf("count samples: %w", err)
	}
	return all, nil
}

// Doubted reports whether a reviewer refused a sample of an account that failed.
func (s *Store) Doubted(ctx context.Context, reviewer, accountID string) (doubted bool, err error) {
	err = s.db.Read().QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM idp_case_sample AS s JOIN idp_case_review AS r ON r.case_id = s.case_id
		WHERE s.account_id = $2 AND s.outcome = $3 AND r.reviewer = $1)`, reviewer, accountID, proofing.SampleFailed).Scan(&doubted)
	return doubted, err
}
