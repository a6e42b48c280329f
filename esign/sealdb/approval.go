package sealdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// ruleBody is the rule in force with those who put it there.
type ruleBody struct {
	Rule                esign.Rule
	Proposer, DecidedBy string
	DecidedAt           time.Time
}

// SealRule reads the rule of a seal.
func (st *Store) SealRule(ctx context.Context, sealID string) (esign.SealRule, error) {
	r := esign.SealRule{SealID: sealID}
	var body, waiting string
	err := st.db.Read().QueryRowContext(ctx, "SELECT version, number, body, waiting FROM seal_rule WHERE seal_id = $1", sealID).Scan(&r.Version, &r.Number, &body, &waiting)
	if errors.Is(err, sqldb.ErrNoRows) {
		return r, nil
	}
	if err == nil && body != "" {
		var b ruleBody
		err = json.Unmarshal([]byte(body), &b)
		r.Rule, r.Proposer, r.DecidedBy, r.DecidedAt = b.Rule, b.Proposer, b.DecidedBy, b.DecidedAt
	}
	if err == nil && waiting != "" {
		err = json.Unmarshal([]byte(waiting), &r.Waiting)
	}
	return r, err
}

// PutSealRule stores a rule in place of a version. It changes the seal's row first, as stamps do, so that none is planned between.
func (st *Store) PutSealRule(ctx context.Context, r esign.SealRule, version int64, record audit.Record) error {
	var body, waiting []byte
	var err error
	if r.Number > 0 {
		body, err = json.Marshal(ruleBody{r.Rule, r.Proposer, r.DecidedBy, r.DecidedAt})
	}
	if err == nil && r.Waiting != nil {
		waiting, err = json.Marshal(r.Waiting)
	}
	if err != nil {
		return err
	}
	err = st.db.Write(ctx, func(tx sqldb.Tx) error {
		done, err := sqldb.ExecOne(ctx, tx, "UPDATE seal_seal SET updated_at = updated_at WHERE id = $1", r.SealID)
		switch {
		case err == nil && !done:
			return esign.ErrChanged
		case err == nil && version == 0:
			_, err = tx.ExecContext(ctx, "INSERT INTO seal_rule (seal_id, version, number, body, waiting) VALUES ($1, $2, $3, $4, $5)", r.SealID, r.Version, r.Number, string(body), string(waiting))
		case err == nil:
			done, err = sqldb.ExecOne(ctx, tx, "UPDATE seal_rule SET version = $3, number = $4, body = $5, waiting = $6 WHERE seal_id = $1 AND version = $2", r.SealID, version, r.Version, r.Number, string(body), string(waiting))
			if err == nil && !done {
				return esign.ErrChanged
			}
		}
		if err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
	if sqldb.IsUnique(err) {
		return esign.ErrChanged
	}
	return err
}

// underRule sees that no other rule came into force since a stamp was judged. The seal's row is held by then, which a change of the rule waits for.
func underRule(ctx context.Context, tx sqldb.Tx, s esign.Stamp) error {
	return ruleNumber(ctx, tx, s.SealID, s.Rule)
}

func ruleNumber(ctx context.Context, tx sqldb.Tx, sealID string, want int64) error {
	var number int64
	err := tx.QueryRowContext(ctx, "SELECT number FROM seal_rule WHERE seal_id = $1", sealID).Scan(&number)
	if errors.Is(err, sqldb.ErrNoRows) {
		err = nil
	}
	if err == nil && number != want {
		return esign.ErrRule
	}
	return err
}

// takeUse takes a use of the request of a stamp: one conditional change, whose row count decides (security rule R7).
func takeUse(ctx context.Context, tx sqldb.Tx, s esign.Stamp, now time.Time) error {
	if s.Approval == "" {
		return nil
	}
	done, err := sqldb.ExecOne(ctx, tx, `UPDATE seal_use SET uses_left = uses_left - 1, state = CASE WHEN uses_left = 1 THEN 'used' ELSE state END
		WHERE id = $1 AND state = 'approved' AND uses_left > 0 AND expires_at > $2 AND seal_id = $3 AND requester = $4 AND source_sm3 = $5 AND rule_number = $6`,
		s.Approval, sqldb.Micros(now), s.SealID, s.Requester, s.SourceSM3, s.Rule)
	if err == nil && !done {
		return esign.ErrUnapproved
	}
	return err
}

// giveBackUse gives back what an abandoned stamp had taken: it released no signature.
func giveBackUse(ctx context.Context, tx sqldb.Tx, stampID string) error {
	_, err := tx.ExecContext(ctx, `UPDATE seal_use SET uses_left = uses_left + 1, state = CASE WHEN state = 'used' THEN 'approved' ELSE state END
		WHERE id = (SELECT approval FROM seal_stamp WHERE id = $1 AND approval <> '')`, stampID)
	return err
}

// useBody is the part of a request that no query looks at.
type useBody struct {
	File, Item, Purpose string
	Kept                bool
	Places              []esign.Place
	Needed, Hours, Uses int
	Remote              bool `json:",omitempty"`
}

// AddUse stores a request while its seal is in use.
func (st *Store) AddUse(ctx context.Context, u esign.UseRequest, record audit.Record) error {
	body, err := json.Marshal(useBody{u.File, u.Item, u.Purpose, u.Kept, u.Places, u.Needed, u.Hours, u.Uses, u.Remote})
	if err != nil {
		return err
	}
	err = st.db.Write(ctx, func(tx sqldb.Tx) error {
		if err := inUse(ctx, tx, u.SealID); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO seal_use (id, seal_id, state, requester, key, source_sm3, rule_number, approver, digest, body, votes, uses_left, decided_by, reason, created_at, expires_at, decided_at, kept)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, '', '', $12, $13, 0, $14)`,
			u.ID, u.SealID, u.State, u.Requester, u.Key, u.SourceSM3, u.Rule, u.Approver, u.Digest, string(body), u.Left, sqldb.Micros(u.CreatedAt), sqldb.Micros(u.ExpiresAt), yes(u.Kept))
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

// uses reads requests with the names and areas of their seals and with their approvals.
func (st *Store) uses(ctx context.Context, tail string, args ...any) ([]esign.UseRequest, error) {
	rows, err := st.db.Read().QueryContext(ctx, `SELECT u.id, u.seal_id, u.state, u.requester, u.key, u.source_sm3, u.rule_number, u.approver, u.digest, u.body, u.uses_left, u.decided_by, u.reason, u.created_at, u.expires_at, u.decided_at, u.removed_at,
		s.body, s.area FROM seal_use u JOIN seal_seal s ON s.id = u.seal_id `+tail, args...)
	if err != nil {
		return nil, fmt.Errorf("list requests: %w", err)
	}
	defer rows.Close()
	var all []esign.UseRequest
	place := map[string]int{}
	for rows.Next() {
		var u esign.UseRequest
		var text, seal string
		var created, expires, decided, removed int64
		if err := rows.Scan(&u.ID, &u.SealID, &u.State, &u.Requester, &u.Key, &u.SourceSM3, &u.Rule, &u.Approver, &u.Digest, &text, &u.Left, &u.DecidedBy, &u.Reason, &created, &expires, &decided, &removed, &seal, &u.Area); err != nil {
			return nil, fmt.Errorf("list requests: %w", err)
		}
		var b useBody
		var owner sealBody
		if err := errors.Join(json.Unmarshal([]byte(text), &b), json.Unmarshal([]byte(seal), &owner)); err != nil {
			return nil, fmt.Errorf("list requests: %w", err)
		}
		u.File, u.Item, u.Purpose, u.Kept, u.Places, u.Needed, u.Hours, u.Uses, u.Remote, u.SealName = b.File, b.Item, b.Purpose, b.Kept, b.Places, b.Needed, b.Hours, b.Uses, b.Remote, owner.Name
		u.CreatedAt, u.ExpiresAt, u.DecidedAt, u.RemovedAt = sqldb.Time(created), sqldb.Time(expires), sqldb.Time(decided), sqldb.Time(removed)
		place[u.ID] = len(all)
		all = append(all, u)
	}
	if err := rows.Err(); err != nil || len(all) == 0 {
		return all, err
	}
	ids := make([]any, len(all))
	for i, u := range all {
		ids[i] = u.ID
	}
	votes, err := st.db.Read().QueryContext(ctx, "SELECT use_id, approver, digest, at FROM seal_use_approval WHERE use_id IN ("+numbered(1, len(ids))+") ORDER BY at, approver", ids...)
	if err != nil {
		return nil, fmt.Errorf("list approvals: %w", err)
	}
	defer votes.Close()
	for votes.Next() {
		var id string
		var a esign.UseApproval
		var at int64
		if err := votes.Scan(&id, &a.By, &a.Digest, &at); err != nil {
			return nil, fmt.Errorf("list approvals: %w", err)
		}
		a.At = sqldb.Time(at)
		all[place[id]].Approvals = append(all[place[id]].Approvals, a)
	}
	return all, votes.Err()
}

// numbered are so many parameters from a number on.
func numbered(first, n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("$%d", first+i)
	}
	return strings.Join(names, ", ")
}

func (st *Store) oneUse(ctx context.Context, tail string, args ...any) (esign.UseRequest, error) {
	return first(st.uses(ctx, tail, args...))
}

// first is the first of what was read; ErrNotFound when there is nothing.
func first[T any](all []T, err error) (one T, _ error) {
	if err == nil && len(all) == 0 {
		err = esign.ErrNotFound
	}
	if err != nil {
		return one, err
	}
	return all[0], nil
}

// Use reads a request.
func (st *Store) Use(ctx context.Context, id string) (esign.UseRequest, error) {
	return st.oneUse(ctx, "WHERE u.id = $1", id)
}

// UseByKey finds what a requester's key led to.
func (st *Store) UseByKey(ctx context.Context, requester, key string) (esign.UseRequest, error) {
	return st.oneUse(ctx, "WHERE u.requester = $1 AND u.key = $2", requester, key)
}

// UsesByID reads those of the requests that are there.
func (st *Store) UsesByID(ctx context.Context, ids []string) ([]esign.UseRequest, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	return st.uses(ctx, "WHERE u.id IN ("+numbered(1, len(ids))+")", args...)
}

// UseRequests lists requests, newest first. What is over counts as expired, though its row may not tell it yet.
func (st *Store) UseRequests(ctx context.Context, q esign.UseQuery) ([]esign.UseRequest, error) {
	within, args := sqldb.Below("s.area", q.Areas, q.Limit)
	where := []string{within}
	value := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	switch q.State {
	case "":
	case esign.UseRequested, esign.UseApproved:
		where = append(where, "u.state = "+value(string(q.State)), "u.expires_at > "+value(sqldb.Micros(q.Now)))
	case esign.UseExpired:
		where = append(where, "(u.state = 'expired' OR u.state IN ('requested', 'approved') AND u.expires_at <= "+value(sqldb.Micros(q.Now))+")")
	default:
		where = append(where, "u.state = "+value(string(q.State)))
	}
	if q.SealID != "" {
		where = append(where, "u.seal_id = "+value(q.SealID))
	}
	if len(q.Approvers) > 0 {
		either := make([]string, len(q.Approvers))
		for i, role := range q.Approvers {
			either[i] = value(role)
		}
		where = append(where, "u.approver IN ("+strings.Join(either, ", ")+")")
	}
	if q.After != (esign.Position{}) {
		at := sqldb.Micros(q.After.At)
		where = append(where, "(u.created_at < "+value(at)+" OR u.created_at = "+value(at)+" AND u.id < "+value(q.After.ID)+")")
	}
	return st.uses(ctx, "WHERE "+strings.Join(where, " AND ")+" ORDER BY u.created_at DESC, u.id DESC LIMIT $1", args...)
}

// UsesOf finds what allows a requester to seal a document now.
func (st *Store) UsesOf(ctx context.Context, sealID, requester, sourceSM3 string, now time.Time, limit int) ([]esign.UseRequest, error) {
	return st.uses(ctx, "WHERE u.seal_id = $1 AND u.requester = $2 AND u.source_sm3 = $3 AND u.state = 'approved' AND u.expires_at > $4 ORDER BY u.expires_at, u.id LIMIT $5", sealID, requester, sourceSM3, sqldb.Micros(now), limit)
}

// ApproveUse adds an approval.
func (st *Store) ApproveUse(ctx context.Context, u esign.UseRequest, a esign.UseApproval, before int, record audit.Record) error {
	err := st.db.Write(ctx, func(tx sqldb.Tx) error {
		if err := inUse(ctx, tx, u.SealID); err != nil {
			return err
		}
		if err := ruleNumber(ctx, tx, u.SealID, u.Rule); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO seal_use_approval (use_id, approver, digest, at) VALUES ($1, $2, $3, $4)", u.ID, a.By, a.Digest, sqldb.Micros(a.At)); err != nil {
			return err
		}
		done, err := sqldb.ExecOne(ctx, tx, "UPDATE seal_use SET votes = votes + 1, state = $2, decided_by = $3, decided_at = $4, expires_at = $5 WHERE id = $1 AND state = $6 AND digest = $7 AND votes = $8 AND expires_at > $4",
			u.ID, u.State, u.DecidedBy, sqldb.Micros(u.DecidedAt), sqldb.Micros(u.ExpiresAt), esign.UseRequested, a.Digest, before)
		if err != nil {
			return err
		}
		if !done {
			return esign.ErrChanged
		}
		return auditdb.Append(ctx, tx, record)
	})
	if sqldb.IsUnique(err) {
		return esign.ErrExists
	}
	return err
}

// EndUse moves a request to a final state.
func (st *Store) EndUse(ctx context.Context, u esign.UseRequest, from esign.UseState, record audit.Record) error {
	return st.db.Write(ctx, func(tx sqldb.Tx) error {
		done, err := sqldb.ExecOne(ctx, tx, "UPDATE seal_use SET state = $3, decided_by = $4, decided_at = $5, reason = $6 WHERE id = $1 AND state = $2", u.ID, from, u.State, u.DecidedBy, sqldb.Micros(u.DecidedAt), u.Reason)
		if err != nil {
			return err
		}
		if !done {
			return esign.ErrChanged
		}
		return auditdb.Append(ctx, tx, record)
	})
}

// UsesOver lists requests whose time was over by now.
func (st *Store) UsesOver(ctx context.Context, now time.Time, limit int) ([]esign.UseRequest, error) {
	return st.uses(ctx, "WHERE u.state IN ('requested', 'approved') AND u.expires_at <= $1 ORDER BY u.expires_at, u.id LIMIT $2", sqldb.Micros(now), limit)
}

// longOver is a request that ended by $1, whose document no stamp that is under way needs any more.
const longOver = `(u.state IN ('refused', 'withdrawn', 'expired') AND u.decided_at <= $1 OR u.state = 'used' AND u.expires_at <= $1)
	AND NOT EXISTS (SELECT 1 FROM seal_stamp p WHERE p.state = 'planned' AND p.approval = u.id)`

// UsesKept lists requests that ended by then and still keep their documents.
func (st *Store) UsesKept(ctx context.Context, ended time.Time, limit int) ([]esign.UseRequest, error) {
	return st.uses(ctx, "WHERE u.kept = 1 AND "+longOver+" ORDER BY u.created_at, u.id LIMIT $2", sqldb.Micros(ended), limit)
}

// DocumentsHeld finds addresses that stamps and other requests need.
func (st *Store) DocumentsHeld(ctx context.Context, addresses []string, ended time.Time) ([]string, error) {
	if len(addresses) == 0 {
		return nil, nil
	}
	args := []any{sqldb.Micros(ended)}
	for _, address := range addresses {
		args = append(args, address)
	}
	these := "(" + numbered(2, len(addresses)) + ")"
	// The body is JSON, in which a text cannot hold a bare quotation mark.
	rows, err := st.db.Read().QueryContext(ctx, "SELECT u.source_sm3 FROM seal_use u WHERE u.kept = 1 AND u.source_sm3 IN "+these+" AND NOT ("+longOver+`)
		UNION SELECT result_sm3 FROM seal_stamp WHERE result_sm3 IN `+these+` AND body NOT LIKE '%"Unkept":true%'`, args...)
	if err != nil {
		return nil, fmt.Errorf("list documents: %w", err)
	}
	defer rows.Close()
	var held []string
	for rows.Next() {
		var address string
		if err := rows.Scan(&address); err != nil {
			return nil, fmt.Errorf("list documents: %w", err)
		}
		held = append(held, address)
	}
	return held, rows.Err()
}

// RemoveUseDocument notes that a request keeps its document no more.
func (st *Store) RemoveUseDocument(ctx context.Context, u esign.UseRequest, record audit.Record) error {
	return st.db.Write(ctx, func(tx sqldb.Tx) error {
		done, err := sqldb.ExecOne(ctx, tx, "UPDATE seal_use SET kept = 0, removed_at = $2 WHERE id = $1 AND kept = 1", u.ID, sqldb.Micros(u.RemovedAt))
		if err != nil {
			return err
		}
		if !done {
			return esign.ErrChanged
		}
		return auditdb.Append(ctx, tx, record)
	})
}
