package sealdb

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// successionBody is the part of a succession that no query looks at.
type successionBody struct {
	Kind       esign.SuccessionKind
	Heirs      []esign.Party
	Order      string
	ProposedBy string
	DecidedBy  string    `json:",omitempty"`
	DecidedAt  time.Time `json:",omitzero"`
	Reason     string    `json:",omitempty"`
	RecordedBy string    `json:",omitempty"`
	RecordedAt time.Time `json:",omitzero"`
}

func encodeSuccession(p esign.Succession) (string, error) {
	body, err := json.Marshal(successionBody{p.Kind, p.Heirs, p.Order, p.ProposedBy, p.DecidedBy, p.DecidedAt, p.Reason, p.RecordedBy, p.RecordedAt})
	return string(body), err
}

func yes(b bool) int {
	if b {
		return 1
	}
	return 0
}

// microsOr0 are the microseconds of a time; 0 for none.
func microsOr0(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return sqldb.Micros(at)
}

// AddSuccession implements esign.Successions.
func (st *Store) AddSuccession(ctx context.Context, p esign.Succession, record audit.Record) error {
	body, err := encodeSuccession(p)
	if err != nil {
		return err
	}
	err = st.db.Write(ctx, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO seal_succession (id, owner, owner_code, state, area, since, seals_end, seals_ended, body, proposed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			p.ID, p.Owner.Name, p.Owner.Code, string(p.State), p.Area, sqldb.Micros(p.Since), microsOr0(p.SealsEnd), yes(p.SealsEnded), body, sqldb.Micros(p.ProposedAt))
		if err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
	if sqldb.IsUnique(err) {
		return esign.ErrExists
	}
	return err
}

// UpdateSuccession implements esign.Successions.
func (st *Store) UpdateSuccession(ctx context.Context, p esign.Succession, from esign.SuccessionState, record audit.Record) error {
	body, err := encodeSuccession(p)
	if err != nil {
		return err
	}
	return st.db.Write(ctx, func(tx sqldb.Tx) error {
		// One whose seals were ended is not ended a second time by another node.
		done, err := sqldb.ExecOne(ctx, tx, "UPDATE seal_succession SET state = $3, seals_ended = $4, body = $5 WHERE id = $1 AND state = $2 AND (state <> $3 OR seals_ended < $4)", p.ID, string(from), string(p.State), yes(p.SealsEnded), body)
		if err == nil && !done {
			err = esign.ErrChanged
		}
		if err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
}

func (st *Store) successions(ctx context.Context, tail string, args ...any) ([]esign.Succession, error) {
	rows, err := st.db.Read().QueryContext(ctx, "SELECT id, owner, owner_code, state, area, since, seals_end, seals_ended, body, proposed_at FROM seal_succession "+tail, args...)
	if err != nil {
		return nil, fmt.Errorf("list successions: %w", err)
	}
	defer rows.Close()
	var all []esign.Succession
	for rows.Next() {
		var p esign.Succession
		var text string
		var since, end, ended, proposed int64
		if err := rows.Scan(&p.ID, &p.Owner.Name, &p.Owner.Code, &p.State, &p.Area, &since, &end, &ended, &text, &proposed); err != nil {
			return nil, fmt.Errorf("list successions: %w", err)
		}
		var b successionBody
		if err := json.Unmarshal([]byte(text), &b); err != nil {
			return nil, fmt.Errorf("list successions: %w", err)
		}
		p.Kind, p.Heirs, p.Order, p.ProposedBy, p.DecidedBy, p.DecidedAt, p.Reason, p.RecordedBy, p.RecordedAt = b.Kind, b.Heirs, b.Order, b.ProposedBy, b.DecidedBy, b.DecidedAt, b.Reason, b.RecordedBy, b.RecordedAt
		p.Since, p.ProposedAt, p.SealsEnded = sqldb.Time(since), sqldb.Time(proposed), ended != 0
		if end != 0 {
			p.SealsEnd = sqldb.Time(end)
		}
		all = append(all, p)
	}
	return all, rows.Err()
}

func (st *Store) oneSuccession(ctx context.Context, tail string, args ...any) (esign.Succession, error) {
	return first(st.successions(ctx, tail, args...))
}

// Succession implements esign.Successions.
func (st *Store) Succession(ctx context.Context, id string) (esign.Succession, error) {
	return st.oneSuccession(ctx, "WHERE id = $1", id)
}

// SuccessionOf implements esign.Successions.
func (st *Store) SuccessionOf(ctx context.Context, owner esign.Party) (esign.Succession, error) {
	return st.oneSuccession(ctx, "WHERE owner_code = $1 AND owner = $2 AND state = 'recorded'", owner.Code, owner.Name)
}

// SuccessionPage implements esign.Successions.
func (st *Store) SuccessionPage(ctx context.Context, q esign.SuccessionQuery) ([]esign.Succession, error) {
	within, args := sqldb.Below("area", q.Areas, q.Limit)
	where := []string{within}
	value := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	if q.State != "" {
		where = append(where, "state = "+value(string(q.State)))
	}
	if q.After != (esign.Position{}) {
		at, id := value(sqldb.Micros(q.After.At)), value(q.After.ID)
		where = append(where, "(proposed_at < "+at+" OR proposed_at = "+at+" AND id < "+id+")")
	}
	return st.successions(ctx, "WHERE "+strings.Join(where, " AND ")+" ORDER BY proposed_at DESC, id DESC LIMIT $1", args...)
}

// SuccessionsDue implements esign.Successions.
func (st *Store) SuccessionsDue(ctx context.Context, now time.Time, limit int) ([]esign.Succession, error) {
	return st.successions(ctx, "WHERE state = 'recorded' AND seals_ended = 0 AND seals_end > 0 AND seals_end <= $1 ORDER BY seals_end, id LIMIT $2", sqldb.Micros(now), limit)
}

// SealsOfOwner implements esign.Successions.
func (st *Store) SealsOfOwner(ctx context.Context, owner esign.Party, after string, limit int) ([]esign.Seal, error) {
	return st.seals(ctx, "owner_code = $3 AND owner = $4", []any{after, limit, owner.Code, owner.Name})
}

// SealsSucceeded implements esign.Successions.
func (st *Store) SealsSucceeded(ctx context.Context, areas []string, at time.Time, after string, limit int) ([]esign.Seal, error) {
	within, args := sqldb.Below("area", areas, after, limit, sqldb.Micros(at))
	return st.seals(ctx, "state = 'active' AND EXISTS (SELECT 1 FROM seal_succession p WHERE p.owner_code = seal_seal.owner_code AND p.owner = seal_seal.owner AND p.state = 'recorded' AND p.since <= $3) AND "+unreplaced+" AND "+within, args)
}

// SucceededOwners implements esign.Successions.
func (st *Store) SucceededOwners(ctx context.Context, from, to string) (map[string]esign.Party, error) {
	rows, err := st.db.Read().QueryContext(ctx, `SELECT s.code, s.owner, s.owner_code FROM seal_seal s JOIN seal_succession p ON p.owner_code = s.owner_code AND p.owner = s.owner AND p.state = 'recorded'
		WHERE s.code >= $1 AND s.code <= $2`, from, to)
	if err != nil {
		return nil, fmt.Errorf("list succeeded organisations: %w", err)
	}
	defer rows.Close()
	owners := map[string]esign.Party{}
	for rows.Next() {
		var code string
		var owner esign.Party
		if err := rows.Scan(&code, &owner.Name, &owner.Code); err != nil {
			return nil, fmt.Errorf("list succeeded organisations: %w", err)
		}
		owners[code] = owner
	}
	return owners, rows.Err()
}
