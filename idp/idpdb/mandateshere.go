package idpdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// MandateStanding reads a mandate of an agent with the state of its principal, of what backs it and of who acts.
func (s *Store) MandateStanding(ctx context.Context, agent, id string) (mandate.Standing, error) {
	var state sql.NullString
	var recovered sql.NullInt64
	var row mandateRow
	var stands bool
	err := s.db.Read().QueryRowContext(ctx, "SELECT p.state, ag.recovered_at, "+backed("m")+", "+standingMandate+" FROM idp_mandate m "+standingSides+" WHERE m.agent = $1 AND m.id = $2", agent, id).
		Scan(append([]any{&state, &recovered, &stands}, row.fields()...)...)
	if errors.Is(err, sqldb.ErrNoRows) {
		return mandate.Standing{}, idp.ErrNotFound
	}
	if err != nil {
		return mandate.Standing{}, fmt.Errorf("read standing of mandate: %w", err)
	}
	return mandate.Standing{Mandate: row.mandate(), Principal: idp.AccountState(state.String), Backed: stands, AgentRecovered: sqldb.Time(recovered.Int64)}, nil
}

// UseMandate stores a use at our own pages. The mandate's row is taken first, so that an end at the same moment waits and comes after
// what was shown, or is seen here.
func (s *Store) UseMandate(ctx context.Context, u mandate.UsedHere, record audit.Record) error {
	return s.apply(ctx, record, useSteps(u, "")...)
}

// ActUnder is UseMandate inside a change of another room in the same database, for what a frozen mandate does not open: of that change and the end of the
// mandate, or its freeze, at the same moment one comes first, and where that is the end the change is refused with mandate.ErrMoved.
func ActUnder(ctx context.Context, tx sqldb.Tx, u mandate.UsedHere) error {
	return sqldb.Run(ctx, tx, useSteps(u, " AND frozen_at = 0")...)
}

func useSteps(u mandate.UsedHere, further string) []sqldb.Step {
	m, at := u.Mandate, sqldb.Micros(u.At)
	steps := []sqldb.Step{
		one(mandate.ErrMoved, `UPDATE idp_mandate SET used_at = $3 WHERE principal = $1 AND id = $2 AND agent = $4 AND state = 'active' AND not_before <= $3 AND not_after > $3
			AND EXISTS (SELECT 1 FROM idp_account WHERE id = $1 AND state = 'active') AND `+backed("idp_mandate")+further, m.Principal, m.ID, at, m.Agent),
		step(`INSERT INTO idp_mandate_use (principal, mandate_id, at, id, agent, client_id, what) VALUES ($1, $2, $3, $4, $5, '', $6)
			ON CONFLICT (principal, mandate_id, at, id) DO NOTHING`, m.Principal, m.ID, sqldb.Micros(u.Minute), u.ID, m.Agent, u.What),
	}
	for _, r := range u.Releases {
		steps = append(steps, addRelease(r))
	}
	return steps
}
