package idpdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// OrganisationByLookup implements mandate.KeeperStore. Who has the code now comes before who had it.
func (s *Store) OrganisationByLookup(ctx context.Context, lookup []byte) (id string, err error) {
	err = s.db.Read().QueryRowContext(ctx, `SELECT f.id FROM (SELECT account_id AS id, 0 AS former FROM idp_identity WHERE lookup = $1
		UNION ALL SELECT account_id AS id, 1 AS former FROM idp_former_identity WHERE lookup = $1) f
		JOIN idp_organisation o ON o.id = f.id ORDER BY f.former LIMIT 1`, lookup).Scan(&id)
	if errors.Is(err, sqldb.ErrNoRows) {
		return "", idp.ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("find organisation: %w", err)
	}
	return id, nil
}

// KeepersOf implements mandate.KeeperStore, in one statement: what it tells was so at one moment.
func (s *Store) KeepersOf(ctx context.Context, organisation string, now time.Time) (mandate.Keeping, error) {
	k := mandate.Keeping{Organisation: organisation}
	rows, err := s.db.Read().QueryContext(ctx, "SELECT o.keepers_at, p.state, ag.state, ag.recovered_at, "+standingMandate+` FROM idp_organisation o
		LEFT JOIN idp_mandate m ON m.principal = o.id AND m.kind = $2 AND m.state = 'active' AND m.not_before <= $3 AND m.not_after > $3
		`+standingSides+" WHERE o.id = $1 ORDER BY m.created_at, m.id", organisation, string(mandate.SealKeeper), sqldb.Micros(now))
	if err != nil {
		return k, fmt.Errorf("read keepers: %w", err)
	}
	defer rows.Close()
	known := false
	for rows.Next() {
		var since int64
		var principal, agent sql.NullString
		var recovered sql.NullInt64
		var row mandateRow
		if err := rows.Scan(append([]any{&since, &principal, &agent, &recovered}, row.fields()...)...); err != nil {
			return k, fmt.Errorf("read keepers: %w", err)
		}
		known, k.Since = true, sqldb.Time(since)
		if row.id.Valid {
			k.Keepers = append(k.Keepers, mandate.Keeper{Agent: idp.AccountState(agent.String),
				Standing: mandate.Standing{Mandate: row.mandate(), Principal: idp.AccountState(principal.String), AgentRecovered: sqldb.Time(recovered.Int64)}})
		}
	}
	if err := rows.Err(); err != nil {
		return k, fmt.Errorf("read keepers: %w", err)
	}
	if !known {
		return k, idp.ErrNotFound
	}
	return k, nil
}

// GiveUpKeepers implements mandate.KeeperStore. A naming that is confirmed at the same moment has its row locked or is seen here, so that
// it is not forgotten that somebody is named.
func (s *Store) GiveUpKeepers(ctx context.Context, organisation string, at time.Time, record audit.Record) error {
	now := sqldb.Micros(at)
	return s.apply(ctx, record, one(mandate.ErrMoved, `UPDATE idp_organisation SET keepers_at = 0 WHERE id = $1 AND keepers_at <> 0 AND NOT EXISTS (SELECT 1 FROM idp_mandate
		WHERE principal = $1 AND kind = $2 AND not_after > $3 AND (state = 'active' OR state = 'proposed' AND created_at > $4))`,
		organisation, string(mandate.SealKeeper), now, now-mandate.ProposalLife.Microseconds()))
}
