package idpdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/registry"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// place is where a list goes on that begins with the newest; the zero time is its beginning.
func place(at time.Time) int64 {
	if at.IsZero() {
		return math.MaxInt64
	}
	return sqldb.Micros(at)
}

// AccountPage lists accounts, the newest first, each with the level that holds at q.At.
func (s *Store) AccountPage(ctx context.Context, q idp.AccountQuery) ([]idp.AccountLine, error) {
	where, args := "(created_at < $1 OR (created_at = $1 AND id < $2))", []any{place(q.BehindAt), q.BehindID, q.Limit, sqldb.Micros(q.At)}
	only := func(condition string, value any) {
		args = append(args, value)
		where += " AND " + condition + " $" + strconv.Itoa(len(args))
	}
	if q.ID != "" {
		only("id =", q.ID)
	}
	if q.State != "" {
		only("state =", q.State)
	}
	switch q.Kind { // the prefix tells; the sign after _ ends it
	case idp.KindOrganisation:
		where += " AND id >= 'org_' AND id < 'org`'"
	case idp.KindPerson:
		where += " AND (id < 'org_' OR id >= 'org`')"
	}
	rows, err := s.db.Read().QueryContext(ctx, `SELECT id, state, hold, merged_into, created_at, updated_at,
		(SELECT COALESCE(MAX(p.ial), 0) FROM idp_proof p WHERE p.account_id = idp_account.id AND (p.until_at = 0 OR p.until_at > $4))
		FROM idp_account WHERE `+where+" ORDER BY created_at DESC, id DESC LIMIT $3", args...)
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	defer rows.Close()
	var all []idp.AccountLine
	for rows.Next() {
		var l idp.AccountLine
		var created, updated int64
		if err := rows.Scan(&l.ID, &l.State, &l.Hold, &l.MergedInto, &created, &updated, &l.IAL); err != nil {
			return nil, fmt.Errorf("list accounts: %w", err)
		}
		l.CreatedAt, l.UpdatedAt = sqldb.Time(created), sqldb.Time(updated)
		all = append(all, l)
	}
	return all, rows.Err()
}

// AnySession finds a session, an ended one too.
func (s *Store) AnySession(ctx context.Context, sid string) (session.Session, error) {
	v, err := scanSession(s.db.Read().QueryRowContext(ctx, "SELECT "+sessionColumns+" FROM idp_session WHERE id = $1", sid))
	if errors.Is(err, sqldb.ErrNoRows) {
		return v, idp.ErrNotFound
	}
	return v, err
}

// SessionPage lists sessions of an account, the last used first.
func (s *Store) SessionPage(ctx context.Context, accountID string, behind session.Mark, limit int) ([]session.Session, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT "+sessionColumns+` FROM idp_session WHERE account_id = $1
		AND (last_seen < $2 OR (last_seen = $2 AND id > $3)) ORDER BY last_seen DESC, id LIMIT $4`, accountID, place(behind.LastSeen), behind.ID, limit)
	return scanSessions(rows, err)
}

const grantColumns = "id, client_id, account_id, sid, created_at, revoked_at"

func scanGrant(row interface{ Scan(...any) error }) (oauth.GrantRecord, error) {
	var g oauth.GrantRecord
	var created, revoked int64
	err := row.Scan(&g.ID, &g.ClientID, &g.AccountID, &g.SID, &created, &revoked)
	g.CreatedAt, g.RevokedAt = sqldb.Time(created), sqldb.Time(revoked)
	return g, err
}

// Grant reads a family of tokens.
func (s *Store) Grant(ctx context.Context, id string) (oauth.GrantRecord, error) {
	g, err := scanGrant(s.db.Read().QueryRowContext(ctx, "SELECT "+grantColumns+" FROM idp_grant WHERE id = $1", id))
	if errors.Is(err, sqldb.ErrNoRows) {
		return g, oauth.ErrNotFound
	}
	return g, err
}

// GrantPage lists grants of an account or of a client, the newest first.
func (s *Store) GrantPage(ctx context.Context, q oauth.GrantQuery) ([]oauth.GrantRecord, error) {
	column, value := "client_id", q.ClientID
	if q.AccountID != "" {
		column, value = "account_id", q.AccountID
	}
	rows, err := s.db.Read().QueryContext(ctx, "SELECT "+grantColumns+" FROM idp_grant WHERE "+column+` = $1 AND ($5 = '' OR client_id = $5)
		AND (created_at < $2 OR (created_at = $2 AND id > $3)) ORDER BY created_at DESC, id LIMIT $4`, value, place(q.Behind.CreatedAt), q.Behind.ID, q.Limit, q.ClientID)
	if err != nil {
		return nil, fmt.Errorf("list grants: %w", err)
	}
	defer rows.Close()
	var all []oauth.GrantRecord
	for rows.Next() {
		g, err := scanGrant(rows)
		if err != nil {
			return nil, fmt.Errorf("list grants: %w", err)
		}
		all = append(all, g)
	}
	return all, rows.Err()
}

// Family reads the refresh tokens of a grant, the latest first.
func (s *Store) Family(ctx context.Context, grantID string, limit int) ([]oauth.RefreshRecord, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT request, expires_at, used_at FROM idp_refresh_token WHERE grant_id = $1
		ORDER BY CASE WHEN used_at = 0 THEN 0 ELSE 1 END, used_at DESC LIMIT $2`, grantID, limit)
	if err != nil {
		return nil, fmt.Errorf("read family: %w", err)
	}
	defer rows.Close()
	var all []oauth.RefreshRecord
	for rows.Next() {
		r := oauth.RefreshRecord{GrantID: grantID}
		var body string
		var expires, used int64
		if err := rows.Scan(&body, &expires, &used); err != nil {
			return nil, fmt.Errorf("read family: %w", err)
		}
		r.ExpiresAt, r.UsedAt = sqldb.Time(expires), sqldb.Time(used)
		if err := json.Unmarshal([]byte(body), &r.Request); err != nil {
			return nil, fmt.Errorf("read family: %w", err)
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// LiveGrants counts the grants of a client that have not ended.
func (s *Store) LiveGrants(ctx context.Context, clientID string) (n int64, err error) {
	err = s.db.Read().QueryRowContext(ctx, "SELECT COUNT(*) FROM idp_grant WHERE client_id = $1 AND revoked_at = 0", clientID).Scan(&n)
	return n, err
}

// RevokeGrantsOf ends a bounded number of the grants of a client; the record is made of how many they were.
func (s *Store) RevokeGrantsOf(ctx context.Context, clientID string, limit int, at time.Time, record func(n int64) audit.Record) (n int64, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		result, err := tx.ExecContext(ctx, `UPDATE idp_grant SET revoked_at = $2 WHERE id IN
			(SELECT id FROM idp_grant WHERE client_id = $1 AND revoked_at = 0 LIMIT $3) AND revoked_at = 0`, clientID, sqldb.Micros(at), limit)
		if err != nil {
			return err
		}
		if n, err = result.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return auditdb.Append(ctx, tx, record(n))
	})
	return n, err
}

// SaveCheck stores the last test of a partner.
func (s *Store) SaveCheck(ctx context.Context, kind, id string, c registry.Check, record audit.Record) error {
	return s.audited(ctx, record, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO idp_partner_check (kind, id, at, outcome) VALUES ($1, $2, $3, $4)
			ON CONFLICT (kind, id) DO UPDATE SET at = $3, outcome = $4`, kind, id, sqldb.Micros(c.At), c.Outcome)
		return err
	})
}

// LastCheck reads the last test of a partner.
func (s *Store) LastCheck(ctx context.Context, kind, id string) (registry.Check, error) {
	var c registry.Check
	var at int64
	err := s.db.Read().QueryRowContext(ctx, "SELECT at, outcome FROM idp_partner_check WHERE kind = $1 AND id = $2", kind, id).Scan(&at, &c.Outcome)
	if errors.Is(err, sqldb.ErrNoRows) {
		return c, idp.ErrNotFound
	}
	c.At = sqldb.Time(at)
	return c, err
}
