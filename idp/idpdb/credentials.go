package idpdb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

const credentialColumns = "id, account_id, kind, name, lookup, key_id, sealed, counter, state, created_at, used_at"

func scanCredential(row interface{ Scan(...any) error }) (authn.Credential, error) {
	var c authn.Credential
	var created, used int64
	err := row.Scan(&c.ID, &c.AccountID, &c.Kind, &c.Name, &c.Lookup, &c.KeyID, &c.Sealed, &c.Counter, &c.State, &created, &used)
	c.CreatedAt, c.UsedAt = sqldb.Time(created), sqldb.Time(used)
	if errors.Is(err, sqldb.ErrNoRows) {
		return c, idp.ErrNotFound
	}
	return c, err
}

// credentialTables are where the credentials of one realm lie: those of citizens and those of staff never meet.
type credentialTables struct {
	store             *Store
	credential, owner string
	recovery          string // empty: no recovery codes
	ways              string // counts what leads into an account ($1) by credentials of a state ($2), leaving out a kind ($3)
}

func citizenCredentials(s *Store) *credentialTables {
	return &credentialTables{s, "idp_credential", "idp_account", "idp_recovery_code", `SELECT (SELECT COUNT(*) FROM idp_account WHERE id = $1 AND password_hash <> '')
		+ (SELECT COUNT(*) FROM idp_contact WHERE account_id = $1) + (SELECT COUNT(*) FROM idp_upstream_link WHERE account_id = $1)
		+ (SELECT COUNT(*) FROM idp_credential WHERE account_id = $1 AND state = $2 AND kind <> $3)`}
}

// StaffCredentials are those of the realm of staff. The last second factor of a member stays: another way back is a new enrolment.
func (s *Store) StaffCredentials() authn.CredentialStore {
	return &credentialTables{s, "idp_staff_credential", "idp_staff", "", `SELECT COUNT(*) FROM idp_staff_credential WHERE account_id = $1 AND state = $2 AND $3 <> ''`}
}

// lock lets one change of an account's credentials at a time count and decide, on PostgreSQL too.
func (s *credentialTables) lock(ctx context.Context, tx sqldb.Tx, accountID string) error {
	known, err := sqldb.ExecOne(ctx, tx, "UPDATE "+s.owner+" SET version = version + 1 WHERE id = $1", accountID)
	if err == nil && !known {
		return idp.ErrNotFound
	}
	return err
}

func (s *credentialTables) putRecoveryCodes(ctx context.Context, tx sqldb.Tx, accountID string, hashes [][]byte, at time.Time) error {
	if s.recovery == "" && len(hashes) > 0 {
		return errors.New("idpdb: this realm has no recovery codes")
	}
	for _, hash := range hashes {
		if _, err := tx.ExecContext(ctx, "INSERT INTO "+s.recovery+" (hash, account_id, created_at, used_at) VALUES ($1, $2, $3, 0)", hash, accountID, sqldb.Micros(at)); err != nil {
			return err
		}
	}
	return nil
}

// PutCredential stores a credential.
func (s *credentialTables) PutCredential(ctx context.Context, c authn.Credential, recovery [][]byte, record audit.Record) error {
	err := s.store.audited(ctx, record, func(tx sqldb.Tx) error {
		if err := s.lock(ctx, tx, c.AccountID); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+s.credential+" WHERE account_id = $1 AND kind = $2 AND state = $3", c.AccountID, c.Kind, authn.CredentialPending); err != nil {
			return err
		}
		var held int
		if err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+s.credential+" WHERE account_id = $1", c.AccountID).Scan(&held); err != nil {
			return err
		}
		if held >= authn.MaxCredentials {
			return authn.ErrTooMany
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO `+s.credential+` (id, account_id, kind, name, lookup, key_id, sealed, counter, state, created_at, used_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0)`, c.ID, c.AccountID, c.Kind, c.Name, c.Lookup, c.KeyID, c.Sealed, c.Counter, c.State, sqldb.Micros(c.CreatedAt)); err != nil {
			return err
		}
		return s.putRecoveryCodes(ctx, tx, c.AccountID, recovery, c.CreatedAt)
	})
	if sqldb.IsUnique(err) {
		return authn.ErrDuplicate
	}
	return err
}

// Credentials lists those of an account that are not pending.
func (s *credentialTables) Credentials(ctx context.Context, accountID string) ([]authn.Credential, error) {
	rows, err := s.store.db.Read().QueryContext(ctx, "SELECT "+credentialColumns+" FROM "+s.credential+" WHERE account_id = $1 AND state <> $2 ORDER BY created_at, id LIMIT $3",
		accountID, authn.CredentialPending, 2*authn.MaxCredentials)
	if err != nil {
		return nil, fmt.Errorf("list credentials: %w", err)
	}
	defer rows.Close()
	var all []authn.Credential
	for rows.Next() {
		c, err := scanCredential(rows)
		if err != nil {
			return nil, fmt.Errorf("list credentials: %w", err)
		}
		all = append(all, c)
	}
	return all, rows.Err()
}

// Credential reads one of an account.
func (s *credentialTables) Credential(ctx context.Context, accountID, id string) (authn.Credential, error) {
	return scanCredential(s.store.db.Read().QueryRowContext(ctx, "SELECT "+credentialColumns+" FROM "+s.credential+" WHERE id = $1 AND account_id = $2", id, accountID))
}

// CredentialByLookup finds one that is not pending.
func (s *credentialTables) CredentialByLookup(ctx context.Context, lookup []byte) (authn.Credential, error) {
	return scanCredential(s.store.db.Read().QueryRowContext(ctx, "SELECT "+credentialColumns+" FROM "+s.credential+" WHERE lookup = $1 AND state <> $2", lookup, authn.CredentialPending))
}

// ActivateCredential makes a pending credential active.
func (s *credentialTables) ActivateCredential(ctx context.Context, accountID, id string, counter int64, at time.Time, recovery [][]byte, record audit.Record) error {
	return s.store.audited(ctx, record, func(tx sqldb.Tx) error {
		if err := s.lock(ctx, tx, accountID); err != nil {
			return err
		}
		done, err := sqldb.ExecOne(ctx, tx, "UPDATE "+s.credential+" SET state = $3, counter = $4, created_at = $5 WHERE id = $1 AND account_id = $2 AND state = $6",
			id, accountID, authn.CredentialActive, counter, sqldb.Micros(at), authn.CredentialPending)
		if err != nil {
			return err
		}
		if !done {
			return idp.ErrNotFound
		}
		return s.putRecoveryCodes(ctx, tx, accountID, recovery, at)
	})
}

// UseCredential notes a use; one conditional update decides which of two uses with one counter holds.
func (s *credentialTables) UseCredential(ctx context.Context, id string, counter int64, at time.Time) error {
	return s.store.db.Apply(ctx, nil, one(idp.ErrNotFound, `UPDATE `+s.credential+` SET counter = $2, used_at = $3
		WHERE id = $1 AND state = $4 AND (counter < $2 OR (counter = 0 AND $2 = 0))`, id, counter, sqldb.Micros(at), authn.CredentialActive))
}

// FlagCredential refuses a credential for good.
func (s *credentialTables) FlagCredential(ctx context.Context, id string, record audit.Record) error {
	return s.store.changeOne(ctx, record, "UPDATE "+s.credential+" SET state = $2 WHERE id = $1 AND state = $3", id, authn.CredentialFlagged, authn.CredentialActive)
}

// RenameCredential gives a credential another name.
func (s *credentialTables) RenameCredential(ctx context.Context, accountID, id, name string, record audit.Record) error {
	return s.store.changeOne(ctx, record, "UPDATE "+s.credential+" SET name = $3 WHERE id = $1 AND account_id = $2 AND state <> $4", id, accountID, name, authn.CredentialPending)
}

// RemoveCredential deletes a credential unless nothing else leads into the account.
func (s *credentialTables) RemoveCredential(ctx context.Context, accountID, id string, record audit.Record) error {
	return s.store.audited(ctx, record, func(tx sqldb.Tx) error {
		if err := s.lock(ctx, tx, accountID); err != nil {
			return err
		}
		done, err := sqldb.ExecOne(ctx, tx, "DELETE FROM "+s.credential+" WHERE id = $1 AND account_id = $2 AND state <> $3", id, accountID, authn.CredentialPending)
		if err != nil {
			return err
		}
		if !done {
			return idp.ErrNotFound
		}
		// An authenticator is no way in by itself, and a flagged credential none at all.
		var ways, left int
		if err := tx.QueryRowContext(ctx, s.ways, accountID, authn.CredentialActive, authn.KindTOTP).Scan(&ways); err != nil {
			return err
		}
		if ways == 0 {
			return authn.ErrLastWay
		}
		if err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM "+s.credential+" WHERE account_id = $1 AND state = $2", accountID, authn.CredentialActive).Scan(&left); err != nil || left > 0 || s.recovery == "" {
			return err
		}
		_, err = tx.ExecContext(ctx, "DELETE FROM "+s.recovery+" WHERE account_id = $1", accountID)
		return err
	})
}

// ReplaceRecoveryCodes stores other codes in place of those of the account.
func (s *credentialTables) ReplaceRecoveryCodes(ctx context.Context, accountID string, hashes [][]byte, at time.Time, record audit.Record) error {
	return s.store.audited(ctx, record, func(tx sqldb.Tx) error {
		if err := s.lock(ctx, tx, accountID); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+s.recovery+" WHERE account_id = $1", accountID); err != nil {
			return err
		}
		return s.putRecoveryCodes(ctx, tx, accountID, hashes, at)
	})
}

// UseRecoveryCode uses a code once.
func (s *credentialTables) UseRecoveryCode(ctx context.Context, accountID string, hash []byte, at time.Time, record audit.Record) error {
	if s.recovery == "" {
		return idp.ErrNotFound
	}
	return s.store.changeOne(ctx, record, "UPDATE "+s.recovery+" SET used_at = $3 WHERE hash = $1 AND account_id = $2 AND used_at = 0", hash, accountID, sqldb.Micros(at))
}

// RecoveryCodes counts the codes that were not used yet.
func (s *credentialTables) RecoveryCodes(ctx context.Context, accountID string) (left int, err error) {
	if s.recovery == "" {
		return 0, nil
	}
	err = s.store.db.Read().QueryRowContext(ctx, "SELECT COUNT(*) FROM "+s.recovery+" WHERE account_id = $1 AND used_at = 0", accountID).Scan(&left)
	return left, err
}

const insertStep = "INSERT INTO idp_step (hash, kind, browser, key_id, sealed, expires_at, used_at) VALUES ($1, $2, $3, $4, $5, $6, 0)"

// PutStep stores a step.
func (s *Store) PutStep(ctx context.Context, v authn.StepRow) error {
	return s.db.Apply(ctx, nil, step(insertStep, v.Hash, v.Kind, v.Browser, v.KeyID, v.Sealed, sqldb.Micros(v.ExpiresAt)))
}

// Step reads a live step.
func (s *Store) Step(ctx context.Context, hash []byte, kind authn.StepKind, browser []byte, now time.Time) (authn.StepRow, error) {
	return scanStep(s.db.Read().QueryRowContext(ctx, `SELECT hash, kind, browser, key_id, sealed, expires_at FROM idp_step
		WHERE hash = $1 AND kind = $2 AND browser = $3 AND used_at = 0 AND expires_at > $4`, hash, kind, browser, sqldb.Micros(now)))
}

// TakeStep reads a live step and uses it up; one conditional update decides who gets it.
func (s *Store) TakeStep(ctx context.Context, hash []byte, kind authn.StepKind, browser []byte, now time.Time) (v authn.StepRow, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		v, err = scanStep(tx.QueryRowContext(ctx, `UPDATE idp_step SET used_at = $4 WHERE hash = $1 AND kind = $2 AND browser = $3 AND used_at = 0 AND expires_at > $4
			RETURNING hash, kind, browser, key_id, sealed, expires_at`, hash, kind, browser, sqldb.Micros(now)))
		return err
	})
	return v, err
}

func scanStep(row interface{ Scan(...any) error }) (authn.StepRow, error) {
	var v authn.StepRow
	var expires int64
	err := row.Scan(&v.Hash, &v.Kind, &v.Browser, &v.KeyID, &v.Sealed, &expires)
	v.ExpiresAt = sqldb.Time(expires)
	if errors.Is(err, sqldb.ErrNoRows) {
		return v, idp.ErrNotFound
	}
	return v, err
}
