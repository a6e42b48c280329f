package idpdb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

const staffTokenColumns = "t.id, t.holder, t.sid, t.name, t.roles, t.signed_in_at, t.created_at, t.expires_at, t.revoked_at"

func scanStaffToken(row interface{ Scan(...any) error }) (t staff.Token, err error) {
	var roles string
	var signedIn, created, expires, revoked int64
	err = row.Scan(&t.ID, &t.Holder, &t.SID, &t.Name, &roles, &signedIn, &created, &expires, &revoked)
	if errors.Is(err, sqldb.ErrNoRows) {
		return t, staff.ErrNotFound
	}
	t.Roles, t.SignedInAt, t.CreatedAt, t.ExpiresAt, t.RevokedAt = strings.Fields(roles), sqldb.Time(signedIn), sqldb.Time(created), sqldb.Time(expires), sqldb.Time(revoked)
	return t, err
}

// PutStaffToken stores a token of staff. The row of the holder is taken first, so that parallel calls count one after another on PostgreSQL too.
func (s *Store) PutStaffToken(ctx context.Context, hash []byte, t staff.Token, record audit.Record) error {
	return s.apply(ctx, record,
		one(staff.ErrConflict, "UPDATE idp_staff SET updated_at = updated_at WHERE id = $1 AND state = $2", t.Holder, staff.MemberActive),
		one(staff.ErrConflict, "UPDATE idp_session SET ended_at = 0 WHERE id = $1 AND account_id = $2 AND ended_at = 0", t.SID, t.Holder),
		one(staff.ErrTokens, `INSERT INTO idp_staff_token (id, hash, holder, sid, name, roles, signed_in_at, created_at, expires_at, revoked_at)
			SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, 0 WHERE (SELECT COUNT(*) FROM idp_staff_token AS t JOIN idp_session AS v ON v.id = t.sid
				WHERE t.holder = $3 AND t.expires_at > $8 AND t.revoked_at = 0 AND v.ended_at = 0) < $10`,
			t.ID, hash, t.Holder, t.SID, t.Name, strings.Join(t.Roles, " "), sqldb.Micros(t.SignedInAt), sqldb.Micros(t.CreatedAt), sqldb.Micros(t.ExpiresAt), staff.MaxTokens))
}

// StaffToken finds a token of staff that was not revoked.
func (s *Store) StaffToken(ctx context.Context, hash []byte) (staff.Token, error) {
	return scanStaffToken(s.db.Read().QueryRowContext(ctx, "SELECT "+staffTokenColumns+" FROM idp_staff_token AS t WHERE t.hash = $1 AND t.revoked_at = 0", hash))
}

// StaffTokens lists what works of a holder.
func (s *Store) StaffTokens(ctx context.Context, holder string, at time.Time) ([]staff.Token, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT "+staffTokenColumns+` FROM idp_staff_token AS t JOIN idp_session AS v ON v.id = t.sid
		WHERE t.holder = $1 AND t.expires_at > $2 AND t.revoked_at = 0 AND v.ended_at = 0 ORDER BY t.created_at DESC, t.id LIMIT $3`, holder, sqldb.Micros(at), staff.MaxTokens)
	if err != nil {
		return nil, fmt.Errorf("list tokens of staff: %w", err)
	}
	defer rows.Close()
	var all []staff.Token
	for rows.Next() {
		t, err := scanStaffToken(rows)
		if err != nil {
			return nil, fmt.Errorf("list tokens of staff: %w", err)
		}
		all = append(all, t)
	}
	return all, rows.Err()
}

// RevokeStaffToken ends a token of staff.
func (s *Store) RevokeStaffToken(ctx context.Context, holder, id string, at time.Time, record audit.Record) error {
	return s.apply(ctx, record, one(staff.ErrNotFound, "UPDATE idp_staff_token SET revoked_at = $3 WHERE id = $2 AND holder = $1 AND revoked_at = 0 AND expires_at > $3", holder, id, sqldb.Micros(at)))
}
