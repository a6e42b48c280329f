package idpdb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

const memberColumns = "id, login, state, human, name_key_id, name_sealed, department, path, roles, password_hash, credentials_at, made_by, enrol_hash, enrol_until, enrol_tries, created_at, updated_at, version"

func scanMember(row interface{ Scan(...any) error }) (m staff.Member, err error) {
	var roles string
	var credentials, until, created, updated int64
	err = row.Scan(&m.ID, &m.Login, &m.State, &m.Human, &m.NameKeyID, &m.NameSealed, &m.Department, &m.Path, &roles, &m.PasswordHash, &credentials, &m.MadeBy, &m.EnrolHash, &until, &m.EnrolTries, &created, &updated, &m.Version)
	if errors.Is(err, sqldb.ErrNoRows) {
		return m, staff.ErrNotFound
	}
	m.Roles, m.CredentialsAt, m.EnrolUntil, m.CreatedAt, m.UpdatedAt = strings.Fields(roles), sqldb.Time(credentials), sqldb.Time(until), sqldb.Time(created), sqldb.Time(updated)
	return m, err
}

// octets is never NULL.
func octets(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// known is NULL for what is not known, which is unique to nobody.
func known(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

// PutMember stores an account of staff.
func (s *Store) PutMember(ctx context.Context, m staff.Member, record audit.Record) error {
	return s.memberError(ctx, m, s.apply(ctx, record, step("INSERT INTO idp_staff ("+memberColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)",
		m.ID, m.Login, m.State, known(m.Human), m.NameKeyID, octets(m.NameSealed), m.Department, m.Path, strings.Join(m.Roles, " "), m.PasswordHash, sqldb.Micros(m.CredentialsAt), m.MadeBy, octets(m.EnrolHash),
		sqldb.Micros(m.EnrolUntil), m.EnrolTries, sqldb.Micros(m.CreatedAt), sqldb.Micros(m.UpdatedAt), m.Version)))
}

// memberError tells which of the two unique columns is another account's.
func (s *Store) memberError(ctx context.Context, m staff.Member, err error) error {
	if !sqldb.IsUnique(err) {
		return err
	}
	if other, err := s.MemberByLogin(ctx, m.Login); err == nil && other.ID != m.ID {
		return staff.ErrLogin
	}
	return staff.ErrHuman
}

func (s *Store) member(ctx context.Context, where string, arg any) (staff.Member, error) {
	return scanMember(s.db.Read().QueryRowContext(ctx, "SELECT "+memberColumns+" FROM idp_staff WHERE "+where+" = $1", arg))
}

// Member finds an account of staff.
func (s *Store) Member(ctx context.Context, id string) (staff.Member, error) {
	return s.member(ctx, "id", id)
}

// MemberByLogin finds it by its login name.
func (s *Store) MemberByLogin(ctx context.Context, login string) (staff.Member, error) {
	return s.member(ctx, "login", login)
}

// MemberByHuman finds it by the human behind it, whichever of this human's documents it is bound to.
func (s *Store) MemberByHuman(ctx context.Context, human []byte) (staff.Member, error) {
	m, err := s.member(ctx, "human", human)
	if !errors.Is(err, staff.ErrNotFound) {
		return m, err
	}
	rows, err := s.db.Read().QueryContext(ctx, `WITH holder (id) AS (`+holderQuery+`)
		SELECT i.lookup FROM idp_identity i JOIN holder h ON h.id = i.account_id UNION ALL SELECT d.lookup FROM idp_document d JOIN holder h ON h.id = d.account_id`, human)
	if err != nil {
		return m, err
	}
	defer rows.Close()
	var others [][]byte
	for rows.Next() {
		var lookup []byte
		if err := rows.Scan(&lookup); err != nil {
			return m, err
		}
		others = append(others, lookup)
	}
	if err := rows.Err(); err != nil {
		return m, err
	}
	for _, other := range others {
		if m, err = s.member(ctx, "human", other); !errors.Is(err, staff.ErrNotFound) {
			return m, err
		}
	}
	return m, staff.ErrNotFound
}

// Members lists accounts of staff.
func (s *Store) Members(ctx context.Context, q staff.MemberQuery) ([]staff.Member, error) {
	c := &conditions{}
	c.add("id > " + c.mark(q.After))
	c.add(c.below("path", q.Path))
	if q.State != "" {
		c.add("state = " + c.mark(q.State))
	}
	if q.Login != "" {
		c.add("login = " + c.mark(q.Login))
	}
	if q.Unsure {
		c.add("human IS NULL")
	}
	rows, err := s.db.Read().QueryContext(ctx, "SELECT "+memberColumns+" FROM idp_staff"+c.where()+" ORDER BY id LIMIT "+c.mark(q.Limit), c.args...)
	if err != nil {
		return nil, fmt.Errorf("list staff: %w", err)
	}
	defer rows.Close()
	var all []staff.Member
	for rows.Next() {
		m, err := scanMember(rows)
		if err != nil {
			return nil, fmt.Errorf("list staff: %w", err)
		}
		all = append(all, m)
	}
	return all, rows.Err()
}

// SaveMember changes an account of staff that stands as it was read. What is not active has no session, and what waits for its
// enrolment, or is closed, no credential and no link to a source.
func (s *Store) SaveMember(ctx context.Context, m staff.Member, record audit.Record) error {
	steps := []sqldb.Step{one(staff.ErrConflict, `UPDATE idp_staff SET login = $2, state = $3, human = $4, name_key_id = $5, name_sealed = $6, department = $7, path = $8, roles = $9, password_hash = $10, credentials_at = $11,
		made_by = $12, enrol_hash = $13, enrol_until = $14, enrol_tries = $15, updated_at = $16, version = version + 1 WHERE id = $1 AND version = $17`,
		m.ID, m.Login, m.State, known(m.Human), m.NameKeyID, octets(m.NameSealed), m.Department, m.Path, strings.Join(m.Roles, " "), m.PasswordHash, sqldb.Micros(m.CredentialsAt), m.MadeBy, octets(m.EnrolHash),
		sqldb.Micros(m.EnrolUntil), m.EnrolTries, sqldb.Micros(m.UpdatedAt), m.Version)}
	if m.State != staff.MemberActive {
		steps = append(steps, step("UPDATE idp_session SET ended_at = $2 WHERE account_id = $1 AND ended_at = 0", m.ID, sqldb.Micros(m.UpdatedAt)))
	}
	if m.State == staff.MemberNew || m.State == staff.MemberClosed {
		steps = append(steps, step("DELETE FROM idp_staff_credential WHERE account_id = $1", m.ID), step("DELETE FROM idp_staff_link WHERE account_id = $1", m.ID))
	}
	return s.memberError(ctx, m, s.apply(ctx, record, steps...))
}

// BindMember binds an account that is bound to nobody and stands as it was read.
func (s *Store) BindMember(ctx context.Context, m staff.Member, settlement *foureyes.Settlement, record audit.Record) error {
	return s.memberError(ctx, m, s.settled(ctx, settlement, record, func(tx sqldb.Tx) error {
		bound, err := sqldb.ExecOne(ctx, tx, `UPDATE idp_staff SET login = $2, human = $3, name_key_id = $4, name_sealed = $5, department = $6, path = $7, made_by = $8, enrol_hash = $9, updated_at = $10, version = version + 1
			WHERE id = $1 AND version = $11 AND human IS NULL`, m.ID, m.Login, m.Human, m.NameKeyID, octets(m.NameSealed), m.Department, m.Path, m.MadeBy, []byte{}, sqldb.Micros(m.UpdatedAt), m.Version)
		if err == nil && !bound {
			return staff.ErrConflict
		}
		return err
	}))
}

// TryEnrolment counts a try before anything is compared, so that parallel tries count as well.
func (s *Store) TryEnrolment(ctx context.Context, id string, now time.Time) (tried bool, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) (err error) {
		tried, err = sqldb.ExecOne(ctx, tx, "UPDATE idp_staff SET enrol_tries = enrol_tries + 1 WHERE id = $1 AND state = $2 AND enrol_until > $3 AND enrol_tries < $4", id, staff.MemberNew, sqldb.Micros(now), staff.EnrolTries)
		return err
	})
	return tried, err
}

// FinishEnrolment makes an account active, once for a code.
func (s *Store) FinishEnrolment(ctx context.Context, id string, code []byte, password string, at time.Time, record audit.Record) error {
	return s.apply(ctx, record, one(staff.ErrConflict, `UPDATE idp_staff SET state = $3, password_hash = $4, credentials_at = $5, updated_at = $5, enrol_hash = $6, version = version + 1
		WHERE id = $1 AND state = $7 AND enrol_hash = $2 AND enrol_until > $5 AND EXISTS (SELECT 1 FROM idp_staff_credential c WHERE c.account_id = idp_staff.id AND c.state = $8)`,
		id, code, staff.MemberActive, password, sqldb.Micros(at), []byte{}, staff.MemberNew, authn.CredentialActive))
}

// SetMemberPassword stores another password and ends what the one before opened.
func (s *Store) SetMemberPassword(ctx context.Context, id, hash string, at time.Time, record audit.Record) error {
	return s.apply(ctx, record,
		one(staff.ErrConflict, "UPDATE idp_staff SET password_hash = $2, credentials_at = $3, updated_at = $3, version = version + 1 WHERE id = $1 AND state = $4", id, hash, sqldb.Micros(at), staff.MemberActive),
		step("UPDATE idp_session SET ended_at = $2 WHERE account_id = $1 AND ended_at = 0", id, sqldb.Micros(at)))
}

// ReplaceMemberHash stores another hash of the same password.
func (s *Store) ReplaceMemberHash(ctx context.Context, id, old, hash string, record audit.Record) error {
	return s.apply(ctx, record, one(staff.ErrConflict, "UPDATE idp_staff SET password_hash = $3, version = version + 1 WHERE id = $1 AND password_hash = $2", id, old, hash))
}

// IdentityOf is the legal identity that an account of a citizen holds.
func (s *Store) IdentityOf(ctx context.Context, accountID string) (lookup []byte, err error) {
	err = s.db.Read().QueryRowContext(ctx, "SELECT lookup FROM idp_identity WHERE account_id = $1", accountID).Scan(&lookup)
	if errors.Is(err, sqldb.ErrNoRows) {
		return nil, idp.ErrNotFound
	}
	return lookup, err
}

const holderQuery = `SELECT account_id FROM idp_identity WHERE lookup = $1 UNION ALL SELECT account_id FROM idp_document WHERE lookup = $1
	UNION ALL SELECT account_id FROM idp_former_identity WHERE lookup = $1 LIMIT 1`

// HolderOf is the account of a citizen that holds a legal identity now, by any of its documents, or held it before a correction.
func (s *Store) HolderOf(ctx context.Context, identity []byte) (accountID string, err error) {
	err = s.db.Read().QueryRowContext(ctx, holderQuery, identity).Scan(&accountID)
	if errors.Is(err, sqldb.ErrNoRows) {
		return "", idp.ErrNotFound
	}
	return accountID, err
}
