package sealdb

import (
	"context"
	"errors"
	"fmt"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealstatus"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// addStatus writes what a change adds to the history of a seal. Its row was changed before in the same transaction, so no other number is
// given out meanwhile.
func addStatus(ctx context.Context, tx sqldb.Tx, s esign.Seal) error {
	c := s.Change
	if c == nil {
		return nil
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO seal_status (seal_id, number, code, sm3, state, begins_at, since, recorded_at)
		SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3, $4, $5, $6, $7 FROM seal_status WHERE seal_id = $1`,
		s.ID, s.Code, c.SM3[:], int64(c.State), sqldb.Micros(c.From), sqldb.Micros(c.Since), sqldb.Micros(s.UpdatedAt))
	return err
}

// statuses reads histories: the rows of the register, and seals that were in use or had ended before histories were kept.
func (st *Store) statuses(ctx context.Context, condition string, args ...any) ([]sealstatus.Seal, error) {
	rows, err := st.db.Read().QueryContext(ctx, "SELECT seal_id, code, sm3, state, begins_at, since FROM seal_status WHERE "+condition+" ORDER BY code, seal_id, number", args...)
	if err != nil {
		return nil, fmt.Errorf("read states of seals: %w", err)
	}
	defer rows.Close()
	var all []sealstatus.Seal
	last := ""
	for rows.Next() {
		var id, code string
		var sum []byte
		var state, begins, since int64
		if err := rows.Scan(&id, &code, &sum, &state, &begins, &since); err != nil {
			return nil, fmt.Errorf("read states of seals: %w", err)
		}
		if len(sum) != 32 {
			return nil, errors.New("sealdb: damaged digest of a seal")
		}
		if id != last {
			last = id
			all = append(all, sealstatus.Seal{Code: code, SM3: [32]byte(sum)})
		}
		seal := &all[len(all)-1]
		seal.History = seal.History.Recorded(sealstatus.Event{From: sqldb.Time(begins), State: sealstatus.State(state)}, sqldb.Time(since))
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read states of seals: %w", err)
	}
	return all, nil
}

// unwritten are the seals of which no state was ever written; the condition speaks of their rows.
func (st *Store) unwritten(ctx context.Context, condition string, args ...any) ([]sealstatus.Seal, error) {
	rows, err := st.db.Read().QueryContext(ctx, "SELECT "+sealColumns+" FROM seal_seal WHERE state IN ('active', 'suspended', 'revoked') AND "+condition+
		" AND NOT EXISTS (SELECT 1 FROM seal_status h WHERE h.seal_id = seal_seal.id) ORDER BY code", args...)
	if err != nil {
		return nil, fmt.Errorf("read seals without states: %w", err)
	}
	defer rows.Close()
	var all []sealstatus.Seal
	for rows.Next() {
		s, err := scanSeal(rows)
		if err != nil {
			return nil, fmt.Errorf("read seals without states: %w", err)
		}
		if len(s.SES) == 0 {
			continue // an application that was turned down
		}
		state := map[esign.State]sealstatus.State{esign.Active: sealstatus.InUse, esign.Suspended: sealstatus.Suspended, esign.Revoked: sealstatus.Revoked}[s.State]
		begins := s.UpdatedAt
		if state == sealstatus.InUse {
			begins = s.ValidFrom
		}
		all = append(all, sealstatus.Seal{Code: s.Code, SM3: [32]byte(digest.Sum(s.SES)), History: sealstatus.History{}.Recorded(sealstatus.Event{From: begins, State: state}, s.ValidFrom)})
	}
	return all, rows.Err()
}

// SealsOf implements esign.Lists.
func (st *Store) SealsOf(ctx context.Context, division string) ([]sealstatus.Seal, error) {
	const within = "code >= $1 AND code <= $2"
	from, to := division+"00000000", division+"99999999"
	written, err := st.statuses(ctx, within, from, to)
	if err != nil {
		return nil, err
	}
	old, err := st.unwritten(ctx, within, from, to)
	return append(written, old...), err
}

// SealStatus implements esign.Lists.
func (st *Store) SealStatus(ctx context.Context, code string) (sealstatus.Seal, error) {
	all, err := st.statuses(ctx, "code = $1", code)
	if err == nil && len(all) == 0 {
		all, err = st.unwritten(ctx, "code = $1", code)
	}
	switch {
	case err != nil:
		return sealstatus.Seal{}, err
	case len(all) == 0:
		return sealstatus.Seal{}, esign.ErrNotFound
	}
	return all[0], nil
}

// Divisions implements esign.Lists.
func (st *Store) Divisions(ctx context.Context) ([]string, error) {
	rows, err := st.db.Read().QueryContext(ctx, "SELECT DISTINCT SUBSTR(code, 1, 6) FROM seal_seal WHERE state IN ('active', 'suspended', 'revoked') AND ses IS NOT NULL ORDER BY 1")
	if err != nil {
		return nil, fmt.Errorf("list divisions: %w", err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var division string
		if err := rows.Scan(&division); err != nil {
			return nil, fmt.Errorf("list divisions: %w", err)
		}
		if _, ok := sealstatus.DivisionOf(division + "00000000"); ok {
			all = append(all, division)
		}
	}
	return all, rows.Err()
}

// PublishedLists implements esign.Lists.
func (st *Store) PublishedLists(ctx context.Context, after string, limit int) ([]esign.StatusList, error) {
	rows, err := st.db.Read().QueryContext(ctx, "SELECT division, number, issued_at, next_update FROM seal_published WHERE division > $1 ORDER BY division LIMIT $2", after, limit)
	if err != nil {
		return nil, fmt.Errorf("list status lists of seals: %w", err)
	}
	defer rows.Close()
	var all []esign.StatusList
	for rows.Next() {
		var p esign.StatusList
		var number, issued, next int64
		if err := rows.Scan(&p.Division, &number, &issued, &next); err != nil {
			return nil, fmt.Errorf("list status lists of seals: %w", err)
		}
		p.Number, p.IssuedAt, p.NextUpdate = uint64(number), sqldb.Time(issued), sqldb.Time(next)
		all = append(all, p)
	}
	return all, rows.Err()
}

// PublishedList implements esign.Lists.
func (st *Store) PublishedList(ctx context.Context, division string) (esign.StatusList, error) {
	p := esign.StatusList{Division: division}
	var number, issued, next int64
	err := st.db.Read().QueryRowContext(ctx, "SELECT number, content, issued_at, next_update FROM seal_published WHERE division = $1", division).Scan(&number, &p.Content, &issued, &next)
	if errors.Is(err, sqldb.ErrNoRows) {
		return esign.StatusList{}, esign.ErrNotFound
	}
	p.Number, p.IssuedAt, p.NextUpdate = uint64(number), sqldb.Time(issued), sqldb.Time(next)
	return p, err
}

// Publish implements esign.Lists: numbers only rise.
func (st *Store) Publish(ctx context.Context, p esign.StatusList, record audit.Record) error {
	return st.db.Write(ctx, func(tx sqldb.Tx) error {
		newer, err := sqldb.ExecOne(ctx, tx, `INSERT INTO seal_published (division, number, content, issued_at, next_update) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (division) DO UPDATE SET number = excluded.number, content = excluded.content, issued_at = excluded.issued_at, next_update = excluded.next_update
			WHERE seal_published.number < excluded.number`, p.Division, int64(p.Number), p.Content, sqldb.Micros(p.IssuedAt), sqldb.Micros(p.NextUpdate))
		if err != nil {
			return err
		}
		if !newer {
			return esign.ErrStale
		}
		return auditdb.Append(ctx, tx, record)
	})
}
