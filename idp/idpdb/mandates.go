package idpdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

const mandateColumns = `principal, id, agent, via, parent, depth, kind, items, detail_types, rights, max_class, delegable, state, evidence,
	not_before, not_after, created_at, principal_at, agent_at, ended_at, ended_by, reason, frozen_at, used_at`

// mandateRow takes the columns of a mandate; all are null where a join found none.
type mandateRow struct {
	principal, id, agent, via, parent, kind, items, details, rights, state, evidence, endedBy, reason sql.NullString
	depth, class, delegable, notBefore, notAfter, created, principalAt, agentAt, ended, frozen, used  sql.NullInt64
}

func (r *mandateRow) fields() []any {
	return []any{&r.principal, &r.id, &r.agent, &r.via, &r.parent, &r.depth, &r.kind, &r.items, &r.details, &r.rights, &r.class, &r.delegable, &r.state, &r.evidence,
		&r.notBefore, &r.notAfter, &r.created, &r.principalAt, &r.agentAt, &r.ended, &r.endedBy, &r.reason, &r.frozen, &r.used}
}

func (r *mandateRow) mandate() mandate.Mandate {
	at := func(v sql.NullInt64) time.Time { return sqldb.Time(v.Int64) }
	m := mandate.Mandate{Principal: r.principal.String, ID: r.id.String, Agent: r.agent.String, Via: r.via.String, Parent: r.parent.String, Depth: int(r.depth.Int64), Kind: mandate.Kind(r.kind.String),
		Items: strings.Fields(r.items.String), DetailTypes: strings.Fields(r.details.String), MaxClass: int(r.class.Int64), Delegable: r.delegable.Int64 != 0, State: mandate.State(r.state.String),
		Evidence: r.evidence.String, NotBefore: at(r.notBefore), NotAfter: at(r.notAfter), CreatedAt: at(r.created), PrincipalAt: at(r.principalAt), AgentAt: at(r.agentAt),
		EndedAt: at(r.ended), EndedBy: r.endedBy.String, Reason: r.reason.String, FrozenAt: at(r.frozen), UsedAt: at(r.used)}
	for _, word := range strings.Fields(r.rights.String) {
		m.Rights = append(m.Rights, mandate.Right(word))
	}
	return m
}

func scanMandates(rows *sql.Rows, err error) ([]mandate.Mandate, error) {
	if err != nil {
		return nil, fmt.Errorf("list mandates: %w", err)
	}
	defer rows.Close()
	var all []mandate.Mandate
	for rows.Next() {
		var r mandateRow
		if err := rows.Scan(r.fields()...); err != nil {
			return nil, fmt.Errorf("list mandates: %w", err)
		}
		all = append(all, r.mandate())
	}
	return all, rows.Err()
}

func words(rights []mandate.Right) string {
	all := make([]string, len(rights))
	for i, r := range rights {
		all[i] = string(r)
	}
	return strings.Join(all, " ")
}

// holdMandate takes the row of a mandate that holds at a moment, so that an end of it at the same moment waits and sees what
// is made here, or is seen here.
func holdMandate(principal, id string, at int64, otherwise error, also string) sqldb.Step {
	return one(otherwise, "UPDATE idp_mandate SET state = state WHERE principal = $1 AND id = $2 AND state = 'active' AND not_before <= $3 AND not_after > $3"+also, principal, id, at)
}

// PutMandate stores a mandate. The principal's row is taken, so that two of its mandates are counted one after the other.
func (s *Store) PutMandate(ctx context.Context, m mandate.Mandate, b mandate.Bounds, record audit.Record) error {
	return s.apply(ctx, record, putMandate(m, b)...)
}

func putMandate(m mandate.Mandate, b mandate.Bounds) []sqldb.Step {
	at := sqldb.Micros(m.CreatedAt)
	steps := []sqldb.Step{one(mandate.ErrMoved, "UPDATE idp_account SET version = version + 1 WHERE id = $1 AND state = 'active'", m.Principal)}
	if b.OfAgent > 0 {
		steps = append(steps, one(mandate.ErrMoved, "UPDATE idp_account SET version = version + 1 WHERE id = $1 AND state = 'active'", m.Agent))
	}
	if b.Relatives {
		steps = append(steps, holdRelative(m.Principal, m.Agent))
	}
	if b.Single {
		steps = append(steps, one(mandate.ErrTwin, `UPDATE idp_account SET version = version WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM idp_mandate
			WHERE principal = $1 AND agent = $2 AND kind = $3 AND not_after > $4 AND (state = 'active' OR state = 'proposed' AND created_at > $5))`, m.Principal, m.Agent, string(m.Kind), at, at-mandate.ProposalLife.Microseconds()))
	}
	if m.Parent != "" {
		steps = append(steps, holdMandate(m.Principal, m.Parent, at, mandate.ErrMoved, " AND delegable = 1"))
	}
	open := at - mandate.ProposalLife.Microseconds()
	return append(steps, one(mandate.ErrFull, `INSERT INTO idp_mandate (`+mandateColumns+`)
		SELECT p.id, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, 0, '', '', 0, 0 FROM idp_account p WHERE p.id = $1
		AND ($20 = 0 OR (SELECT COUNT(*) FROM idp_mandate WHERE principal = $1 AND kind = $7 AND not_after > $17 AND (state = 'active' OR state = 'proposed' AND created_at > $22)) < $20)
		AND ($21 = 0 OR (SELECT COUNT(*) FROM idp_mandate WHERE agent = $3 AND kind = $7 AND not_after > $17 AND (state = 'active' OR state = 'proposed' AND created_at > $22)) < $21)`,
		m.Principal, m.ID, m.Agent, m.Via, m.Parent, m.Depth, string(m.Kind), strings.Join(m.Items, " "), strings.Join(m.DetailTypes, " "), words(m.Rights), m.MaxClass, bit(m.Delegable), string(m.State), m.Evidence,
		sqldb.Micros(m.NotBefore), sqldb.Micros(m.NotAfter), at, sqldb.Micros(m.PrincipalAt), sqldb.Micros(m.AgentAt), b.OfPrincipal, b.OfAgent, open))
}

// ConfirmMandate makes a proposal active.
func (s *Store) ConfirmMandate(ctx context.Context, principal, id, side string, at time.Time, record audit.Record) error {
	now := sqldb.Micros(at)
	return s.audited(ctx, record, func(tx sqldb.Tx) error {
		var parent, kind, agent string
		err := tx.QueryRowContext(ctx, "SELECT parent, kind, agent FROM idp_mandate WHERE principal = $1 AND id = $2", principal, id).Scan(&parent, &kind, &agent)
		if errors.Is(err, sqldb.ErrNoRows) {
			return mandate.ErrMoved
		}
		if err != nil {
			return err
		}
		if parent != "" { // taken first, in the order in which an end takes them
			hold := holdMandate(principal, parent, now, mandate.ErrMoved, "")
			if held, err := sqldb.ExecOne(ctx, tx, hold.Query, hold.Args...); err != nil || !held {
				return errors.Join(err, mandate.ErrMoved)
			}
		}
		if policy, known := mandate.PolicyOf(mandate.Kind(kind)); known && policy.Relatives {
			hold := holdRelative(principal, agent)
			if held, err := sqldb.ExecOne(ctx, tx, hold.Query, hold.Args...); err != nil || !held {
				return errors.Join(err, mandate.ErrUnrelated)
			}
		}
		column := map[string]string{mandate.SidePrincipal: "principal_at", mandate.SideAgent: "agent_at"}[side]
		done, err := sqldb.ExecOne(ctx, tx, "UPDATE idp_mandate SET state = 'active', "+column+` = $3
			WHERE principal = $1 AND id = $2 AND state = 'proposed' AND `+column+" = 0 AND created_at > $4 AND not_after > $3", principal, id, now, now-mandate.ProposalLife.Microseconds())
		if err == nil && !done {
			return mandate.ErrMoved
		}
		if err == nil && mandate.Kind(kind) == mandate.SealKeeper { // from now on nobody but whom it named uses its seals
			_, err = tx.ExecContext(ctx, "UPDATE idp_organisation SET keepers_at = $2 WHERE id = $1 AND keepers_at = 0", principal, now)
		}
		return err
	})
}

// EndMandate ends a mandate, what was passed on from it, and the grants under them.
func (s *Store) EndMandate(ctx context.Context, principal, id string, e mandate.End, record audit.Record) error {
	at := sqldb.Micros(e.At)
	return s.apply(ctx, record,
		// Mandates first: a redemption under way holds its mandate, and its grant is seen by the last statement.
		one(mandate.ErrMoved, `UPDATE idp_mandate SET state = $3, ended_at = $4, ended_by = $5, reason = $6 WHERE principal = $1 AND id = $2 AND state IN ('proposed', 'active')`,
			principal, id, string(e.State), at, e.By, e.Reason),
		step(`UPDATE idp_mandate SET state = 'ended', ended_at = $3, ended_by = $4, reason = 'parent' WHERE principal = $1 AND parent = $2 AND state IN ('proposed', 'active')`, principal, id, at, e.By),
		step(`UPDATE idp_grant SET revoked_at = $3 WHERE revoked_at = 0 AND mandate_id <> ''
			AND mandate_id IN (SELECT id FROM idp_mandate WHERE principal = $1 AND (id = $2 OR parent = $2))`, principal, id, at))
}

// MandateOf reads a mandate of which the account is a side.
func (s *Store) MandateOf(ctx context.Context, account, id string) (mandate.Mandate, error) {
	var r mandateRow
	err := s.db.Read().QueryRowContext(ctx, "SELECT "+mandateColumns+" FROM idp_mandate WHERE id = $2 AND principal = $1 UNION SELECT "+mandateColumns+
		" FROM idp_mandate WHERE id = $2 AND agent = $1", account, id).Scan(r.fields()...)
	if errors.Is(err, sqldb.ErrNoRows) {
		return mandate.Mandate{}, idp.ErrNotFound
	}
	if err != nil {
		return mandate.Mandate{}, fmt.Errorf("read mandate: %w", err)
	}
	return r.mandate(), nil
}

func (s *Store) mandatePage(ctx context.Context, column, account string, behind mandate.Mark, limit int) ([]mandate.Mandate, error) {
	return scanMandates(s.db.Read().QueryContext(ctx, "SELECT "+mandateColumns+" FROM idp_mandate WHERE "+column+` = $1 AND (created_at < $2 OR (created_at = $2 AND id > $3))
		ORDER BY created_at DESC, id LIMIT $4`, account, place(behind.At), behind.ID, limit))
}

// MandatesByPrincipal lists the mandates that somebody gave.
func (s *Store) MandatesByPrincipal(ctx context.Context, principal string, behind mandate.Mark, limit int) ([]mandate.Mandate, error) {
	return s.mandatePage(ctx, "principal", principal, behind, limit)
}

// MandatesByAgent lists the mandates that somebody was given.
func (s *Store) MandatesByAgent(ctx context.Context, agent string, behind mandate.Mark, limit int) ([]mandate.Mandate, error) {
	return s.mandatePage(ctx, "agent", agent, behind, limit)
}

// LiveMandates are those under which an agent may act, the last used first.
func (s *Store) LiveMandates(ctx context.Context, agent string, now time.Time, limit int) ([]mandate.Mandate, error) {
	return scanMandates(s.db.Read().QueryContext(ctx, "SELECT "+mandateColumns+` FROM idp_mandate WHERE agent = $1 AND state = 'active' AND not_before <= $2 AND not_after > $2 AND kind <> $4
		AND EXISTS (SELECT 1 FROM idp_account a WHERE a.id = idp_mandate.principal AND a.state = 'active') AND `+backed("idp_mandate")+` ORDER BY used_at DESC, created_at DESC, id LIMIT $3`, agent, sqldb.Micros(now), limit, string(mandate.SealKeeper)))
}

// PassedOn are the mandates that were passed on from one and have not ended.
func (s *Store) PassedOn(ctx context.Context, principal, id string) ([]mandate.Mandate, error) {
	return scanMandates(s.db.Read().QueryContext(ctx, "SELECT "+mandateColumns+" FROM idp_mandate WHERE principal = $1 AND parent = $2 AND state IN ('proposed', 'active') ORDER BY id LIMIT 500", principal, id))
}

// DueMandates are active ones whose time is over.
func (s *Store) DueMandates(ctx context.Context, now time.Time, limit int) ([]mandate.Mandate, error) {
	join, where, order := putOff(mandate.JobExpire, "id", "not_after", "$1")
	return scanMandates(s.db.Read().QueryContext(ctx, "SELECT "+mandateColumns+" FROM idp_mandate"+join+" WHERE state = 'active' AND not_after <= $1"+where+order+" LIMIT $2", sqldb.Micros(now), limit))
}

// MandateParties is where sessions signed in under a mandate.
func (s *Store) MandateParties(ctx context.Context, id string) ([]mandate.Party, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT sid, client_id, subject FROM idp_mandate_party WHERE mandate_id = $1 ORDER BY at DESC LIMIT 500", id)
	if err != nil {
		return nil, fmt.Errorf("list parties of mandate: %w", err)
	}
	defer rows.Close()
	var all []mandate.Party
	for rows.Next() {
		p := mandate.Party{Mandate: id}
		if err := rows.Scan(&p.SID, &p.ClientID, &p.Subject); err != nil {
			return nil, fmt.Errorf("list parties of mandate: %w", err)
		}
		all = append(all, p)
	}
	return all, rows.Err()
}

// MandateUses are the sign-ins under a mandate, the newest first.
func (s *Store) MandateUses(ctx context.Context, principal, id string, behind mandate.Mark, limit int) ([]mandate.Use, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT id, agent, client_id, what, at FROM idp_mandate_use WHERE principal = $1 AND mandate_id = $2 AND (at < $3 OR (at = $3 AND id > $4))
		ORDER BY at DESC, id LIMIT $5`, principal, id, place(behind.At), behind.ID, limit)
	if err != nil {
		return nil, fmt.Errorf("list uses of mandate: %w", err)
	}
	defer rows.Close()
	var all []mandate.Use
	for rows.Next() {
		u := mandate.Use{MandateID: id}
		var at int64
		if err := rows.Scan(&u.ID, &u.Agent, &u.ClientID, &u.What, &at); err != nil {
			return nil, fmt.Errorf("list uses of mandate: %w", err)
		}
		u.At = sqldb.Time(at)
		all = append(all, u)
	}
	return all, rows.Err()
}

// Acting is as whom a session goes on at a client.
func (s *Store) Acting(ctx context.Context, sid, clientID string) (mandateID string, at time.Time, ok bool, err error) {
	var micros int64
	err = s.db.Read().QueryRowContext(ctx, "SELECT mandate_id, at FROM idp_acting WHERE sid = $1 AND client_id = $2", sid, clientID).Scan(&mandateID, &micros)
	if errors.Is(err, sqldb.ErrNoRows) {
		return "", time.Time{}, false, nil
	}
	return mandateID, sqldb.Time(micros), err == nil, err
}

// SetActing stores as whom a session goes on at a client; for our own pages, at every client.
func (s *Store) SetActing(ctx context.Context, sid, clientID, principal, mandateID string, at time.Time, record audit.Record) error {
	return s.apply(ctx, record, step("DELETE FROM idp_acting WHERE sid = $1 AND $2 = ''", sid, clientID),
		step(`INSERT INTO idp_acting (sid, client_id, principal, mandate_id, at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (sid, client_id) DO UPDATE SET principal = $3, mandate_id = $4, at = $5`, sid, clientID, principal, mandateID, sqldb.Micros(at)))
}

// useMandate are the steps of a grant that begins under a mandate: it holds, and both sides see the use.
func useMandate(g oauth.GrantRecord, at int64) []sqldb.Step {
	return []sqldb.Step{
		one(oauth.ErrEnded, "UPDATE idp_mandate SET used_at = $3 WHERE principal = $1 AND id = $2 AND agent = $4 AND state = 'active' AND not_before <= $3 AND not_after > $3 AND "+backed("idp_mandate"), g.Principal, g.MandateID, at, g.AccountID),
		step("INSERT INTO idp_mandate_use (principal, mandate_id, at, id, agent, client_id) VALUES ($1, $2, $3, $4, $5, $6)", g.Principal, g.MandateID, at, g.ID, g.AccountID, g.ClientID),
	}
}
