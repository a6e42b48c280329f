package idpdb

import (
	"context"
	"errors"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/federation"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// PutIntent stores a login through a source that was begun.
func (s *Store) PutIntent(ctx context.Context, hash, browser []byte, i federation.Intent, expires time.Time) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO idp_upstream_intent (hash, upstream_id, browser, purpose, account_id, flow, fresh, expires_at, used_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)`, hash, i.SourceID, browser, i.Purpose, i.AccountID, i.Flow, i.Fresh, sqldb.Micros(expires))
		return err
	})
}

// TakeIntent consumes an intent of this browser and source.
func (s *Store) TakeIntent(ctx context.Context, hash, browser []byte, sourceID string, now time.Time) (i federation.Intent, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		i = federation.Intent{SourceID: sourceID}
		err := tx.QueryRowContext(ctx, `UPDATE idp_upstream_intent SET used_at = $4 WHERE hash = $1 AND browser = $2 AND upstream_id = $3 AND used_at = 0 AND expires_at > $4
			RETURNING purpose, account_id, flow, fresh`, hash, browser, sourceID, sqldb.Micros(now)).Scan(&i.Purpose, &i.AccountID, &i.Flow, &i.Fresh)
		if errors.Is(err, sqldb.ErrNoRows) {
			return idp.ErrNotFound
		}
		return err
	})
	return i, err
}

// LinkedAccount finds the account that is linked to a subject of a source.
func (s *Store) LinkedAccount(ctx context.Context, sourceID string, lookup []byte) (accountID string, err error) {
	err = s.db.Read().QueryRowContext(ctx, "SELECT account_id FROM idp_upstream_link WHERE upstream_id = $1 AND lookup = $2", sourceID, lookup).Scan(&accountID)
	if errors.Is(err, sqldb.ErrNoRows) {
		return "", idp.ErrNotFound
	}
	return accountID, err
}

func putLink(ctx context.Context, tx sqldb.Tx, sourceID string, lookup []byte, accountID string, at time.Time) error {
	done, err := sqldb.ExecOne(ctx, tx, "INSERT INTO idp_upstream_link (upstream_id, lookup, account_id, linked_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
		sourceID, lookup, accountID, sqldb.Micros(at))
	if err == nil && !done {
		return federation.ErrLinked
	}
	return err
}

// PutLink links an account to a subject of a source.
func (s *Store) PutLink(ctx context.Context, sourceID string, lookup []byte, accountID string, at time.Time, record audit.Record) error {
	return s.audited(ctx, record, func(tx sqldb.Tx) error { return putLink(ctx, tx, sourceID, lookup, accountID, at) })
}

// CreateLinked stores a new account with its link and, when it brings one, its proof: all or nothing.
func (s *Store) CreateLinked(ctx context.Context, a idp.Account, sourceID string, lookup []byte, record audit.Record) error {
	err := s.audited(ctx, record, func(tx sqldb.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO idp_account (id, state, password_hash, credentials_at, roles, created_at, updated_at) VALUES ($1, $2, '', 0, '', $3, $3)`,
			a.ID, a.State, sqldb.Micros(a.CreatedAt)); err != nil {
			return err
		}
		for _, key := range dataKeyOf(a) {
			if _, err := tx.ExecContext(ctx, key.Query, key.Args...); err != nil {
				return err
			}
		}
		if err := putLink(ctx, tx, sourceID, lookup, a.ID, a.CreatedAt); err != nil {
			return err
		}
		if len(a.Proofs) == 0 {
			return nil
		}
		p := a.Proofs[0]
		done, err := sqldb.ExecOne(ctx, tx, "INSERT INTO idp_identity (lookup, account_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", p.Lookup, a.ID)
		if err != nil {
			return err
		}
		if !done {
			return idp.ErrBound
		}
		if err := nobodyElse(ctx, tx, p.Lookup, a.ID); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO idp_proof (account_id, id, ial, method, source, at, until_at, key_id, sealed, evidence) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			a.ID, p.ID, int64(p.IAL), p.Method, p.Source, sqldb.Micros(p.At), sqldb.Micros(p.Until), p.KeyID, p.Sealed, p.Evidence)
		return err
	})
	return err
}

// Links lists the links of an account.
func (s *Store) Links(ctx context.Context, accountID string) ([]federation.Link, error) {
	return s.links(ctx, "SELECT upstream_id, linked_at FROM idp_upstream_link WHERE account_id = $1 ORDER BY upstream_id LIMIT 200", accountID)
}

func (s *Store) links(ctx context.Context, query, accountID string) ([]federation.Link, error) {
	rows, err := s.db.Read().QueryContext(ctx, query, accountID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []federation.Link
	for rows.Next() {
		var l federation.Link
		var at int64
		if err := rows.Scan(&l.SourceID, &at); err != nil {
			return nil, err
		}
		l.LinkedAt = sqldb.Time(at)
		all = append(all, l)
	}
	return all, rows.Err()
}

// Unlink takes a link back.
func (s *Store) Unlink(ctx context.Context, accountID, sourceID string, record audit.Record) error {
	return s.changeOne(ctx, record, "DELETE FROM idp_upstream_link WHERE account_id = $1 AND upstream_id = $2", accountID, sourceID)
}

// PutOrigin notes from which login at a source a session came; the latest login of a session that went on counts.
func (s *Store) PutOrigin(ctx context.Context, ref federation.SessionRef, o federation.Origin, at time.Time) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO idp_upstream_session (sid, account_id, upstream_id, lookup, upstream_sid, at, key_id, hint) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (sid) DO UPDATE SET upstream_id = $3, lookup = $4, upstream_sid = $5, at = $6, key_id = $7, hint = $8`,
			ref.SID, ref.AccountID, o.SourceID, o.Lookup, notNull(o.SID), sqldb.Micros(at), o.KeyID, notNull(o.Hint))
		return err
	})
}

// OriginOf is from which login at a source a session came.
func (s *Store) OriginOf(ctx context.Context, sid string) (federation.Origin, error) {
	var o federation.Origin
	err := s.db.Read().QueryRowContext(ctx, "SELECT upstream_id, lookup, upstream_sid, key_id, hint FROM idp_upstream_session WHERE sid = $1", sid).Scan(&o.SourceID, &o.Lookup, &o.SID, &o.KeyID, &o.Hint)
	if errors.Is(err, sqldb.ErrNoRows) {
		return o, idp.ErrNotFound
	}
	return o, err
}

// UseLogout remembers a logout token of a source, with the message that ends the sessions.
func (s *Store) UseLogout(ctx context.Context, hash []byte, until time.Time, record audit.Record) (fresh bool, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		fresh = false
		done, err := sqldb.ExecOne(ctx, tx, "INSERT INTO idp_upstream_logout (hash, expires_at) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING", hash, sqldb.Micros(until))
		if err != nil || !done {
			return err
		}
		fresh = true
		return auditdb.Append(ctx, tx, record)
	})
	return fresh, err
}

// SessionsFrom lists live sessions that came from a login at a source: those of its session, or of its subject when it
// names none or named none then.
func (s *Store) SessionsFrom(ctx context.Context, o federation.Origin, before time.Time) ([]federation.SessionRef, error) {
	query, args := "", []any{o.SourceID, sqldb.Micros(before)}
	switch {
	case len(o.Lookup) > 0 && len(o.SID) > 0:
		query, args = "lookup = $3 AND (upstream_sid = $4 OR upstream_sid = $5)", append(args, o.Lookup, o.SID, []byte{})
	case len(o.SID) > 0:
		query, args = "upstream_sid = $3", append(args, o.SID)
	default:
		query, args = "lookup = $3", append(args, notNull(o.Lookup))
	}
	rows, err := s.db.Read().QueryContext(ctx, `SELECT sid, account_id FROM idp_upstream_session WHERE upstream_id = $1 AND at <= $2 AND `+query+`
		AND EXISTS (SELECT 1 FROM idp_session WHERE idp_session.id = idp_upstream_session.sid AND idp_session.ended_at = 0) LIMIT 500`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []federation.SessionRef
	for rows.Next() {
		var ref federation.SessionRef
		if err := rows.Scan(&ref.SID, &ref.AccountID); err != nil {
			return nil, err
		}
		all = append(all, ref)
	}
	return all, rows.Err()
}
