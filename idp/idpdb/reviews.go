package idpdb

import (
	"context"
	"errors"
	"fmt"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// PutReview stores a case that people decide, with its pictures.
func (s *Store) PutReview(ctx context.Context, c proofing.Case, photos []proofing.Photo, record audit.Record) error {
	return s.audited(ctx, record, func(tx sqldb.Tx) error {
		if err := putCase(ctx, tx, c); err != nil {
			return err
		}
		for _, p := range photos {
			if _, err := tx.ExecContext(ctx, "INSERT INTO idp_case_photo (case_id, n, media, size, digest, key_id, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7)",
				c.ID, int64(p.N), p.Media, int64(p.Size), p.Digest, p.KeyID, p.Sealed); err != nil {
				return err
			}
		}
		return nil
	})
}

// Queue pages the cases that wait for reviewers, those that are due first.
func (s *Store) Queue(ctx context.Context, q proofing.QueueQuery) ([]proofing.Case, error) {
	c := &conditions{}
	c.add("state IN (" + c.mark(proofing.Manual1) + ", " + c.mark(proofing.Manual2) + ")")
	due := c.mark(sqldb.Micros(q.After.DueAt))
	c.add("(due_at > " + due + " OR due_at = " + due + " AND id > " + c.mark(q.After.ID) + ")")
	if q.Method != "" {
		c.add("method = " + c.mark(q.Method))
	}
	if !q.Overdue.IsZero() {
		c.add("due_at < " + c.mark(sqldb.Micros(q.Overdue)))
	}
	rows, err := s.db.Read().QueryContext(ctx, "SELECT "+caseColumns+" FROM idp_case"+c.where()+" ORDER BY due_at, id LIMIT "+c.mark(q.Limit), c.args...)
	if err != nil {
		return nil, fmt.Errorf("read queue: %w", err)
	}
	defer rows.Close()
	var all []proofing.Case
	for rows.Next() {
		c, err := scanCase(rows)
		if err != nil {
			return nil, fmt.Errorf("read queue: %w", err)
		}
		all = append(all, c)
	}
	return all, rows.Err()
}

// WaitingReview is the open case of an account before reviewers.
func (s *Store) WaitingReview(ctx context.Context, accountID string) (proofing.Case, error) {
	c, err := scanCase(s.db.Read().QueryRowContext(ctx, "SELECT "+caseColumns+` FROM idp_case WHERE account_id = $1 AND method = $5 AND state IN ($2, $3, $4)
		ORDER BY created_at DESC LIMIT 1`, accountID, proofing.Manual1, proofing.Manual2, proofing.Passed, proofing.ManualReview))
	if errors.Is(err, sqldb.ErrNoRows) {
		return c, idp.ErrNotFound
	}
	return c, err
}

// Photos are the sealed pictures of a case.
func (s *Store) Photos(ctx context.Context, caseID string) ([]proofing.Photo, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT n, media, size, digest, key_id, sealed FROM idp_case_photo WHERE case_id = $1 ORDER BY n", caseID)
	if err != nil {
		return nil, fmt.Errorf("read pictures: %w", err)
	}
	defer rows.Close()
	var all []proofing.Photo
	for rows.Next() {
		var p proofing.Photo
		if err := rows.Scan(&p.N, &p.Media, &p.Size, &p.Digest, &p.KeyID, &p.Sealed); err != nil {
			return nil, fmt.Errorf("read pictures: %w", err)
		}
		all = append(all, p)
	}
	return all, rows.Err()
}

// Reviews are the decisions on a case, the first one first.
func (s *Store) Reviews(ctx context.Context, caseID string) ([]proofing.Review, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT reviewer, approve, code, reason, at FROM idp_case_review WHERE case_id = $1 ORDER BY at, reviewer", caseID)
	if err != nil {
		return nil, fmt.Errorf("read reviews: %w", err)
	}
	defer rows.Close()
	var all []proofing.Review
	for rows.Next() {
		r := proofing.Review{CaseID: caseID}
		var at int64
		if err := rows.Scan(&r.Reviewer, &r.Approve, &r.Code, &r.Reason, &at); err != nil {
			return nil, fmt.Errorf("read reviews: %w", err)
		}
		r.At = sqldb.Time(at)
		all = append(all, r)
	}
	return all, rows.Err()
}

// Decide adds a review and moves the case. The row of the case is taken first, so that decisions of one case come one after
// another on PostgreSQL too.
func (s *Store) Decide(ctx context.Context, r proofing.Review, reviews int, from, to proofing.State, record audit.Record) error {
	err := s.audited(ctx, record, func(tx sqldb.Tx) error {
		moved, err := sqldb.ExecOne(ctx, tx, "UPDATE idp_case SET state = $3, updated_at = $4 WHERE id = $1 AND state = $2", r.CaseID, from, to, sqldb.Micros(r.At))
		if err != nil {
			return err
		}
		var there int
		if err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM idp_case_review WHERE case_id = $1", r.CaseID).Scan(&there); err != nil {
			return err
		}
		if !moved || there != reviews {
			return idp.ErrNotFound
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO idp_case_review (case_id, reviewer, approve, code, reason, at) VALUES ($1, $2, $3, $4, $5, $6)",
			r.CaseID, r.Reviewer, r.Approve, r.Code, r.Reason, sqldb.Micros(r.At)); err != nil {
			return err
		}
		if to != proofing.Rejected && to != proofing.Granted {
			return nil
		}
		if err := decideSample(ctx, tx, r, to); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE idp_case SET sealed = $2 WHERE id = $1", r.CaseID, []byte{}); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "DELETE FROM idp_case_photo WHERE case_id = $1", r.CaseID)
		return err
	})
	if sqldb.IsUnique(err) {
		return proofing.ErrReviewed
	}
	return err
}

// Related reports whether a mandate ever stood between two accounts, in either direction, or they ever declared to be relatives.
func (s *Store) Related(ctx context.Context, one, other string) (bool, error) {
	var n int
	err := s.db.Read().QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT id FROM idp_mandate WHERE principal = $1 AND agent = $2
		UNION ALL SELECT id FROM idp_mandate WHERE principal = $2 AND agent = $1
		UNION ALL SELECT id FROM idp_relative WHERE pair = $3) AS m`, one, other, pairOf(one, other)).Scan(&n)
	return n > 0, err
}

// Representatives are the accounts that ever held the office of legal representative of an organisation, and the one on its record.
func (s *Store) Representatives(ctx context.Context, accountID string) (all []string, err error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT agent FROM idp_mandate WHERE principal = $1 AND kind = $2
		UNION SELECT representative FROM idp_organisation WHERE id = $1 AND representative <> ''`, accountID, string(mandate.LegalRepresentative))
	if err != nil {
		return nil, fmt.Errorf("read representatives: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			return nil, fmt.Errorf("read representatives: %w", err)
		}
		all = append(all, one)
	}
	return all, rows.Err()
}
