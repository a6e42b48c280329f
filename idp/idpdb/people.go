// Package idpdb stores accounts, codes, proofing cases, clients, grants and sessions. SQL of the identity room lives
// here only.
package idpdb

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations of the identity room.
func Migrations() sqldb.MigrationSet {
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sqldb.MigrationSet{Room: "idp", Files: sub}
}

// Store implements the stores that the rooms of identity declare.
type Store struct {
	db *sqldb.DB
	*credentialTables
}

// New returns the store of a database.
func New(db *sqldb.DB) *Store {
	s := &Store{db: db}
	s.credentialTables = citizenCredentials(s)
	return s
}

// audited runs a change with its audit record.
func (s *Store) audited(ctx context.Context, record audit.Record, change func(tx sqldb.Tx) error) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		if err := change(tx); err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
}

// apply stores a change whose statements need no answer of each other, with its audit record.
func (s *Store) apply(ctx context.Context, record audit.Record, steps ...sqldb.Step) error {
	return auditdb.Apply(ctx, s.db, record, steps...)
}

// step is a statement of a change.
func step(query string, args ...any) sqldb.Step { return sqldb.Step{Query: query, Args: args} }

// one is a statement that must change exactly one row; otherwise is the error if it does not.
func one(otherwise error, query string, args ...any) sqldb.Step {
	return sqldb.Step{Query: query, Args: args, Else: otherwise}
}

// changeOne is a change that must hit exactly one row.
func (s *Store) changeOne(ctx context.Context, record audit.Record, statement string, args ...any) error {
	return s.apply(ctx, record, one(idp.ErrNotFound, statement, args...))
}

// Note stores an audit record that belongs to no other change.
func (s *Store) Note(ctx context.Context, record audit.Record) error { return s.apply(ctx, record) }

// CreateAccount stores an account with its first contact.
func (s *Store) CreateAccount(ctx context.Context, a idp.Account, record audit.Record) error {
	err := s.apply(ctx, record, accountSteps(a)...)
	if sqldb.IsUnique(err) {
		return idp.ErrTaken
	}
	return err
}

// accountSteps store an account with its contacts.
func accountSteps(a idp.Account) []sqldb.Step {
	steps := []sqldb.Step{step(`INSERT INTO idp_account (id, state, password_hash, credentials_at, roles, created_at, updated_at, locale)
		VALUES ($1, $2, $3, $4, '', $5, $6, $7)`,
		a.ID, a.State, a.PasswordHash, sqldb.Micros(a.CredentialsAt), sqldb.Micros(a.CreatedAt), sqldb.Micros(a.UpdatedAt), a.Locale)}
	for _, c := range a.Contacts {
		steps = append(steps, step("INSERT INTO idp_contact (lookup, account_id, kind, key_id, sealed) VALUES ($1, $2, $3, $4, $5)", c.Lookup, a.ID, c.Kind, c.KeyID, c.Sealed))
	}
	return append(steps, dataKeyOf(a)...)
}

// insertAccount stores an account inside a change; ErrTaken when a contact belongs to another one.
func insertAccount(ctx context.Context, tx sqldb.Tx, a idp.Account) error {
	for _, one := range accountSteps(a) {
		_, err := tx.ExecContext(ctx, one.Query, one.Args...)
		if sqldb.IsUnique(err) {
			return idp.ErrTaken
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Account reads an account with contacts and the newest proof of each level.
func (s *Store) Account(ctx context.Context, id string) (idp.Account, error) {
	a := idp.Account{ID: id}
	known := false
	err := s.db.Ask(ctx,
		ask(func(rows sqldb.Rows) error {
			var credentialsAt, recoveredAt, takenAt, createdAt, updatedAt int64
			known = true
			err := rows.Scan(&a.State, &a.PasswordHash, &credentialsAt, &recoveredAt, &takenAt, &createdAt, &updatedAt, &a.Version, &a.Locale)
			a.RecoveredAt, a.MobileTakenAt = sqldb.Time(recoveredAt), sqldb.Time(takenAt)
			a.CredentialsAt, a.CreatedAt, a.UpdatedAt = sqldb.Time(credentialsAt), sqldb.Time(createdAt), sqldb.Time(updatedAt)
			return err
		}, "SELECT state, password_hash, credentials_at, recovered_at, mobile_taken_at, created_at, updated_at, version, locale FROM idp_account WHERE id = $1", id),
		ask(func(rows sqldb.Rows) error {
			var c idp.Contact
			err := rows.Scan(&c.Kind, &c.Lookup, &c.KeyID, &c.Sealed)
			a.Contacts = append(a.Contacts, c)
			return err
		}, "SELECT kind, lookup, key_id, sealed FROM idp_contact WHERE account_id = $1 ORDER BY kind, added_at, lookup", id),
		// The newest evidence of each level, the highest level first; levels are few.
		ask(func(rows sqldb.Rows) error {
			var p idp.Proof
			var at, until int64
			err := rows.Scan(&p.ID, &p.IAL, &p.Method, &p.Source, &at, &until, &p.KeyID, &p.Sealed, &p.Evidence)
			p.At, p.Until = sqldb.Time(at), sqldb.Time(until)
			a.Proofs = append(a.Proofs, p)
			return err
		}, `SELECT id, ial, method, source, at, until_at, key_id, sealed, evidence FROM idp_proof AS p
			WHERE account_id = $1 AND NOT EXISTS (SELECT 1 FROM idp_proof AS n WHERE n.account_id = p.account_id AND n.ial = p.ial
				AND (n.withdrawn < p.withdrawn OR n.withdrawn = p.withdrawn AND (n.at > p.at OR (n.at = p.at AND n.id > p.id)))) ORDER BY ial DESC LIMIT 10`, id),
		ask(func(rows sqldb.Rows) error {
			return rows.Scan(&a.DataKey.ID, &a.DataKey.KeyID, &a.DataKey.Wrapped)
		}, "SELECT id, key_id, wrapped FROM idp_account_key WHERE account_id = $1", id))
	if err != nil {
		return a, fmt.Errorf("read account: %w", err)
	}
	if !known {
		return a, idp.ErrNotFound
	}
	return a, nil
}

// ask is a question whose rows are read one by one.
func ask(each func(sqldb.Rows) error, query string, args ...any) sqldb.Question {
	return sqldb.Question{Query: query, Args: args, Read: func(rows sqldb.Rows) error {
		for rows.Next() {
			if err := each(rows); err != nil {
				return err
			}
		}
		return nil // an end before the last row is told by whoever asks
	}}
}

// AccountByLookup finds the account of an identifier.
func (s *Store) AccountByLookup(ctx context.Context, lookup []byte) (idp.Account, error) {
	var id string
	err := s.db.Read().QueryRowContext(ctx, "SELECT account_id FROM idp_contact WHERE lookup = $1", lookup).Scan(&id)
	if errors.Is(err, sqldb.ErrNoRows) {
		return idp.Account{}, idp.ErrNotFound
	}
	if err != nil {
		return idp.Account{}, fmt.Errorf("find account: %w", err)
	}
	return s.Account(ctx, id)
}

// AccountByIdentity finds the account that holds a legal identity, by any of its documents.
func (s *Store) AccountByIdentity(ctx context.Context, lookup []byte) (id string, err error) {
	err = s.db.Read().QueryRowContext(ctx, "SELECT account_id FROM idp_identity WHERE lookup = $1 UNION ALL SELECT account_id FROM idp_document WHERE lookup = $1", lookup).Scan(&id)
	if errors.Is(err, sqldb.ErrNoRows) {
		return "", idp.ErrNotFound
	}
	return id, err
}

// SetPassword stores a hash. The time of the credentials never goes back, whatever the clock does: what an earlier change ended
// stays ended.
func (s *Store) SetPassword(ctx context.Context, id, hash string, at time.Time, record audit.Record) error {
	return s.changeOne(ctx, record, `UPDATE idp_account SET password_hash = $2, credentials_at = CASE WHEN credentials_at > $3 THEN credentials_at ELSE $3 END,
		updated_at = $3, version = version + 1 WHERE id = $1`, id, hash, sqldb.Micros(at))
}

// RecoverPassword stores a hash and when it was recovered.
func (s *Store) RecoverPassword(ctx context.Context, id, hash string, at time.Time, record audit.Record) error {
	return s.changeOne(ctx, record, `UPDATE idp_account SET password_hash = $2, credentials_at = CASE WHEN credentials_at > $3 THEN credentials_at ELSE $3 END,
		recovered_at = CASE WHEN recovered_at > $3 THEN recovered_at ELSE $3 END, updated_at = $3, version = version + 1 WHERE id = $1`, id, hash, sqldb.Micros(at))
}

// NoteRecovery stores when an account was recovered.
func (s *Store) NoteRecovery(ctx context.Context, id string, at time.Time, record audit.Record) error {
	return s.changeOne(ctx, record, `UPDATE idp_account SET recovered_at = CASE WHEN recovered_at > $2 THEN recovered_at ELSE $2 END, updated_at = $2, version = version + 1 WHERE id = $1`, id, sqldb.Micros(at))
}

// ChangeContact puts a contact into the place of another one, or adds the first of its kind.
func (s *Store) ChangeContact(ctx context.Context, id string, replaced []byte, c idp.Contact, at time.Time, record audit.Record) error {
	rests := 0
	if replaced != nil {
		rests = 1
	}
	// The row of the account first: two changes of one account pass one after the other.
	steps := []sqldb.Step{one(idp.ErrConflict, `UPDATE idp_account SET recovered_at = CASE WHEN $3 = 0 OR recovered_at > $2 THEN recovered_at ELSE $2 END, updated_at = $2, version = version + 1
		WHERE id = $1 AND state = $4 AND ($3 = 1 OR NOT EXISTS (SELECT 1 FROM idp_contact WHERE account_id = $1 AND kind = $5))`, id, sqldb.Micros(at), rests, idp.AccountActive, c.Kind)}
	if replaced != nil {
		steps = append(steps, one(idp.ErrConflict, "DELETE FROM idp_contact WHERE lookup = $1 AND account_id = $2", replaced, id))
	}
	steps = append(steps, step("INSERT INTO idp_contact (lookup, account_id, kind, key_id, sealed, added_at) VALUES ($1, $2, $3, $4, $5, $6)", c.Lookup, id, c.Kind, c.KeyID, c.Sealed, sqldb.Micros(at)))
	err := s.apply(ctx, record, steps...)
	if sqldb.IsUnique(err) {
		return idp.ErrTaken
	}
	return err
}

// ReplaceHash stores another hash of the same password.
func (s *Store) ReplaceHash(ctx context.Context, id, old, hash string, record audit.Record) error {
	return s.changeOne(ctx, record, "UPDATE idp_account SET password_hash = $3, version = version + 1 WHERE id = $1 AND password_hash = $2", id, old, hash)
}

// SetState suspends, closes or reopens; an account that is not active has no live session and no live grant.
func (s *Store) SetState(ctx context.Context, id string, state idp.AccountState, at time.Time, record audit.Record) error {
	steps := []sqldb.Step{one(idp.ErrNotFound, "UPDATE idp_account SET state = $2, updated_at = $3, version = version + 1 WHERE id = $1 AND merged_into = '' AND state <> $4 AND (state <> $5 OR $2 = $5) AND (hold = '' OR $2 <> 'active')",
		id, state, sqldb.Micros(at), idp.AccountErased, idp.AccountClosed)}
	if state != idp.AccountActive {
		steps = append(steps,
			// Sessions first: a redemption under way holds its session, and its grant is seen by the second statement.
			step("UPDATE idp_session SET ended_at = $2 WHERE account_id = $1 AND ended_at = 0", id, sqldb.Micros(at)),
			// Grants are found by their sessions, which are indexed and stay for as long as a grant does.
			step(`UPDATE idp_grant SET revoked_at = $2 WHERE revoked_at = 0
				AND sid IN (SELECT id FROM idp_session WHERE account_id = $1)`, id, sqldb.Micros(at)))
	}
	return s.apply(ctx, record, steps...)
}

// SaveProof binds the identity to the account, adds the evidence and closes the case, which forgets what was submitted.
func (s *Store) SaveProof(ctx context.Context, id string, p idp.Proof, record audit.Record) error {
	return s.audited(ctx, record, func(tx sqldb.Tx) error { return saveProof(ctx, tx, id, p) })
}

// saveProof is SaveProof inside a change; ErrBound also when the account holds another identity, or another account was
// faster.
func saveProof(ctx context.Context, tx sqldb.Tx, id string, p idp.Proof) error {
	err := writeProof(ctx, tx, id, p)
	if sqldb.IsUnique(err) {
		return idp.ErrBound
	}
	return err
}

func writeProof(ctx context.Context, tx sqldb.Tx, id string, p idp.Proof) error {
	if err := bindDocument(ctx, tx, id, p); err != nil {
		return err
	}
	if err := insertProof(ctx, tx, id, p); err != nil {
		return err
	}
	// A merge at the same moment has the row of the account, and no evidence comes to one that was merged.
	there, err := sqldb.ExecOne(ctx, tx, "UPDATE idp_account SET updated_at = $2, version = version + 1 WHERE id = $1 AND merged_into = ''", id, sqldb.Micros(p.At))
	if err == nil && !there {
		return idp.ErrNotFound
	}
	if err != nil || p.Case == "" {
		return err
	}
	closed, err := sqldb.ExecOne(ctx, tx, `UPDATE idp_case SET state = $3, updated_at = $4, sealed = $5
		WHERE id = $1 AND account_id = $2 AND state IN ($6, $7, $8, $9)`, p.Case, id, proofing.Granted, sqldb.Micros(p.At), []byte{}, proofing.SourceCheck, proofing.Waiting, proofing.Collecting, proofing.Passed)
	if err == nil && !closed {
		return idp.ErrNotFound
	}
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "DELETE FROM idp_case_photo WHERE case_id = $1", p.Case)
	return err
}

// PutCode stores a challenge; older ones of the same recipient and purpose are dead from now on.
func (s *Store) PutCode(ctx context.Context, c authn.Challenge, limits []authn.Limit, now time.Time, record audit.Record) error {
	return s.audited(ctx, record, func(tx sqldb.Tx) error {
		// The row of the recipient lets one sending at a time count and add, on PostgreSQL too.
		if _, err := tx.ExecContext(ctx, `INSERT INTO idp_throttle (scope, key, started_at, tries) VALUES ('code-sending', $1, $2, 1)
			ON CONFLICT (scope, key) DO UPDATE SET started_at = $2`, c.Lookup, sqldb.Micros(now)); err != nil {
			return err
		}
		for _, limit := range limits {
			var last int64 // of those that fill the limit, the one that leaves it first
			err := tx.QueryRowContext(ctx, "SELECT created_at FROM idp_code WHERE lookup = $1 AND created_at > $2 ORDER BY created_at DESC LIMIT 1 OFFSET $3", c.Lookup, sqldb.Micros(now.Add(-limit.Span)), limit.N-1).Scan(&last)
			if err == nil {
				return &authn.OftenError{Until: sqldb.Time(last).Add(limit.Span)}
			}
			if !errors.Is(err, sql.ErrNoRows) {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, "UPDATE idp_code SET used_at = $3 WHERE lookup = $1 AND purpose = $2 AND used_at = 0", c.Lookup, c.Purpose, sqldb.Micros(now)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO idp_code (id, lookup, purpose, browser, code_mac, created_at, expires_at, tries, used_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0)`, c.ID, c.Lookup, c.Purpose, c.Browser, c.CodeMAC, sqldb.Micros(now), sqldb.Micros(c.ExpiresAt))
		return err
	})
}

// TryCode counts a try first, so that parallel tries can never exceed the limit, and then consumes the code if it fits.
func (s *Store) TryCode(ctx context.Context, id string, lookup []byte, purpose authn.Purpose, browser, mac []byte, now time.Time) (authn.Outcome, error) {
	outcome := authn.Dead
	err := s.db.Write(ctx, func(tx sqldb.Tx) error {
		outcome = authn.Dead
		counted, err := sqldb.ExecOne(ctx, tx, `UPDATE idp_code SET tries = tries + 1 WHERE id = $1 AND lookup = $2 AND purpose = $3 AND browser = $4
			AND used_at = 0 AND expires_at > $5 AND tries < $6`, id, lookup, purpose, browser, sqldb.Micros(now), authn.CodeTries)
		if err != nil || !counted {
			return err
		}
		right, err := sqldb.ExecOne(ctx, tx, "UPDATE idp_code SET used_at = $3 WHERE id = $1 AND code_mac = $2 AND used_at = 0", id, mac, sqldb.Micros(now))
		if err == nil && right {
			outcome = authn.Right
		} else if err == nil {
			outcome = authn.Wrong
		}
		return err
	})
	return outcome, err
}

// Count adds one try to a counter.
func (s *Store) Count(ctx context.Context, scope string, key []byte, span time.Duration, now time.Time) (int, error) {
	var tries int
	err := s.db.Write(ctx, func(tx sqldb.Tx) (err error) {
		tries, err = countIn(ctx, tx)(scope, key, span, now)
		return err
	})
	return tries, err
}

// countIn adds tries to counters inside a change.
func countIn(ctx context.Context, tx sqldb.Tx) func(scope string, key []byte, span time.Duration, now time.Time) (int, error) {
	return func(scope string, key []byte, span time.Duration, now time.Time) (tries int, err error) {
		err = tx.QueryRowContext(ctx, `INSERT INTO idp_throttle (scope, key, started_at, tries) VALUES ($1, $2, $3, 1)
			ON CONFLICT (scope, key) DO UPDATE SET
				tries = CASE WHEN idp_throttle.started_at <= $4 THEN 1 ELSE idp_throttle.tries + 1 END,
				started_at = CASE WHEN idp_throttle.started_at <= $4 THEN $3 ELSE idp_throttle.started_at END
			RETURNING tries`, scope, key, sqldb.Micros(now), sqldb.Micros(now.Add(-span))).Scan(&tries)
		return tries, err
	}
}

// Counted reads a counter.
func (s *Store) Counted(ctx context.Context, scope string, key []byte, span time.Duration, now time.Time) (int, error) {
	var tries int
	err := s.db.Read().QueryRowContext(ctx, "SELECT tries FROM idp_throttle WHERE scope = $1 AND key = $2 AND started_at > $3", scope, key, sqldb.Micros(now.Add(-span))).Scan(&tries)
	if errors.Is(err, sqldb.ErrNoRows) {
		return 0, nil
	}
	return tries, err
}

// Uncount takes one try back.
func (s *Store) Uncount(ctx context.Context, scope string, key []byte) error {
	return s.db.Apply(ctx, nil, step("UPDATE idp_throttle SET tries = tries - 1 WHERE scope = $1 AND key = $2 AND tries > 0", scope, key))
}

// Clear forgets a counter.
func (s *Store) Clear(ctx context.Context, scope string, key []byte) error {
	return s.db.Apply(ctx, nil, step("DELETE FROM idp_throttle WHERE scope = $1 AND key = $2", scope, key))
}
