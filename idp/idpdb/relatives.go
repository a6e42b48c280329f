package idpdb

import (
	"context"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// pairOf names two people whichever of them comes first.
func pairOf(a, b string) string {
	if b < a {
		a, b = b, a
	}
	return a + " " + b
}

// PutRelative stores a declaration. The rows of both accounts are taken in the order of their ids, so that declarations of one person
// are counted one after the other; the unique index of the pair decides who was first.
func (s *Store) PutRelative(ctx context.Context, r mandate.Relation, bound int, record audit.Record) error {
	first, second := min(r.By, r.Other), max(r.By, r.Other)
	steps := []sqldb.Step{}
	for _, account := range []string{first, second} {
		steps = append(steps, one(mandate.ErrMoved, "UPDATE idp_account SET version = version + 1 WHERE id = $1 AND state = 'active'", account),
			one(mandate.ErrFull, `UPDATE idp_account SET version = version + 1 WHERE id = $1
				AND (SELECT COUNT(*) FROM idp_relative WHERE (account_id = $1 OR other = $1) AND state IN ('declared', 'confirmed')) < $2`, account, bound))
	}
	err := s.apply(ctx, record, append(steps, step("INSERT INTO idp_relative (account_id, id, other, pair, relation, state, created_at, confirmed_at, ended_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0)",
		r.By, r.ID, r.Other, pairOf(r.By, r.Other), r.Word, string(r.State), sqldb.Micros(r.CreatedAt)))...)
	if sqldb.IsUnique(err) {
		return mandate.ErrDeclared
	}
	return err
}

// ConfirmRelative confirms a declaration.
func (s *Store) ConfirmRelative(ctx context.Context, r mandate.Relation, at time.Time, record audit.Record) error {
	return s.apply(ctx, record, one(mandate.ErrMoved, "UPDATE idp_relative SET state = 'confirmed', confirmed_at = $3 WHERE account_id = $1 AND id = $2 AND state = 'declared'", r.By, r.ID, sqldb.Micros(at)))
}

// EndRelative ends a declaration on which no family mandate stands. The row is taken first, as holdRelative takes it, so that a mandate of
// the same moment is seen here or finds no declaration.
func (s *Store) EndRelative(ctx context.Context, r mandate.Relation, at time.Time, record audit.Record) error {
	return s.apply(ctx, record,
		one(mandate.ErrMoved, "UPDATE idp_relative SET state = 'withdrawn', ended_at = $3 WHERE account_id = $1 AND id = $2 AND state IN ('declared', 'confirmed')", r.By, r.ID, sqldb.Micros(at)),
		one(mandate.ErrFull, `UPDATE idp_relative SET ended_at = ended_at WHERE account_id = $1 AND id = $2 AND NOT EXISTS (SELECT 1 FROM idp_mandate
			WHERE kind = $3 AND state IN ('proposed', 'active') AND not_after > $4 AND (principal = $1 AND agent = $5 OR principal = $5 AND agent = $1))`, r.By, r.ID, string(mandate.Family), sqldb.Micros(at), r.Other))
}

// holdRelative takes the confirmed declaration of two people.
func holdRelative(a, b string) sqldb.Step {
	return one(mandate.ErrUnrelated, "UPDATE idp_relative SET state = state WHERE pair = $1 AND state = 'confirmed'", pairOf(a, b))
}

// Relatives are the declarations of an account that are declared or confirmed.
func (s *Store) Relatives(ctx context.Context, account string, limit int) ([]mandate.Relation, error) {
	const columns = "SELECT account_id, id, other, relation, state, created_at, confirmed_at FROM idp_relative WHERE state IN ('declared', 'confirmed') AND "
	rows, err := s.db.Read().QueryContext(ctx, columns+"account_id = $1 UNION ALL "+columns+"other = $1 ORDER BY 6, 2 LIMIT $2", account, limit)
	if err != nil {
		return nil, fmt.Errorf("list relatives: %w", err)
	}
	defer rows.Close()
	var all []mandate.Relation
	for rows.Next() {
		var r mandate.Relation
		var created, confirmed int64
		if err := rows.Scan(&r.By, &r.ID, &r.Other, &r.Word, &r.State, &created, &confirmed); err != nil {
			return nil, fmt.Errorf("list relatives: %w", err)
		}
		r.CreatedAt, r.ConfirmedAt = sqldb.Time(created), sqldb.Time(confirmed)
		all = append(all, r)
	}
	return all, rows.Err()
}
