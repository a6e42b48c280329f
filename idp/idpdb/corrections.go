package idpdb

import (
	"context"
	"errors"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// caused runs a change with its cause and its audit record: an event that was taken before, or a proposal that is decided,
// changes nothing.
func (s *Store) caused(ctx context.Context, cause idp.Cause, record audit.Record, change func(tx sqldb.Tx) error) error {
	return s.settled(ctx, cause.Settlement, record, func(tx sqldb.Tx) error {
		if e := cause.Event; e != nil {
			fresh, err := sqldb.ExecOne(ctx, tx, "INSERT INTO idp_register_event (origin, id, digest, kind, outcome, at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
				e.Origin, e.ID, e.Digest, e.Kind, e.Outcome, sqldb.Micros(e.At))
			if err != nil {
				return err
			}
			if !fresh {
				return idp.ErrDuplicate
			}
		}
		return change(tx)
	})
}

// endLevels lets levels of an account end now, those that stand on a document or, when that is nil, all; the evidence stays. A
// proof that is not nil begins one.
func endLevels(ctx context.Context, tx sqldb.Tx, accountID string, document []byte, at time.Time, p *idp.Proof) error {
	there, err := sqldb.ExecOne(ctx, tx, "UPDATE idp_account SET updated_at = $2, version = version + 1 WHERE id = $1 AND merged_into = ''", accountID, sqldb.Micros(at))
	if err != nil {
		return err
	}
	if !there {
		return idp.ErrConflict
	}
	query, args := "UPDATE idp_proof SET until_at = $2 WHERE account_id = $1 AND (until_at = 0 OR until_at > $2)", []any{accountID, sqldb.Micros(at)}
	if document != nil {
		if err := nameEvidence(ctx, tx, accountID); err != nil {
			return err
		}
		query, args = query+" AND document = $3", append(args, document)
	}
	if _, err = tx.ExecContext(ctx, query, args...); err != nil || p == nil {
		return err
	}
	return insertProof(ctx, tx, accountID, *p)
}

// Rekey gives an account another identity.
func (s *Store) Rekey(ctx context.Context, r idp.Rekey, cause idp.Cause, record audit.Record) error {
	err := s.caused(ctx, cause, record, func(tx sqldb.Tx) error {
		if err := nameEvidence(ctx, tx, r.AccountID); err != nil { // before its number is another one
			return err
		}
		only := []byte(nil)
		if r.Beside {
			only = r.Old
		}
		if err := atVersion(ctx, tx, r.AccountID, r.Version); err != nil {
			return err
		}
		if err := endLevels(ctx, tx, r.AccountID, only, r.At, r.Proof); err != nil {
			return err
		}
		if r.Office != nil {
			if err := officeAnswered(ctx, tx, r); err != nil {
				return err
			}
		}
		if string(r.Old) == string(r.New) {
			return nil
		}
		return rebind(ctx, tx, r)
	})
	if sqldb.IsUnique(err) { // somebody proved the new number at the same moment
		return idp.ErrBound
	}
	return err
}

// atVersion takes the row of an account that is as it was judged; of two changes by one judgement the second is none.
func atVersion(ctx context.Context, tx sqldb.Tx, accountID string, version int64) error {
	held, err := sqldb.ExecOne(ctx, tx, "UPDATE idp_account SET version = version WHERE id = $1 AND version = $2", accountID, version)
	if err == nil && !held {
		err = idp.ErrConflict
	}
	return err
}

// officeAnswered notes what the register said of a corrected organisation: one that it does not know stands in doubt from now on under
// the new code, and one whose representative it does not confirm is asked about again at once.
func officeAnswered(ctx context.Context, tx sqldb.Tx, r idp.Rekey) error {
	at, doubt, looks, checked := sqldb.Micros(r.At), int64(0), int64(0), sqldb.Micros(r.At)
	switch {
	case !r.Office.Known:
		doubt, looks = at, 1
	case r.Office.Level == 0:
		checked = 0
	}
	there, err := sqldb.ExecOne(ctx, tx, `UPDATE idp_organisation SET checked_at = $2, unknown_at = $3, unknown_looks = $4, kept_until = 0, kept_reason = ''
		WHERE id = $1 AND register_state = 'registered'`, r.AccountID, checked, doubt, looks)
	if err == nil && !there {
		err = idp.ErrConflict
	}
	if err != nil {
		return err
	}
	again := undefer(mandate.JobRecheck, r.AccountID)
	_, err = tx.ExecContext(ctx, again.Query, again.Args...)
	return err
}

// rebind moves the binding of an account from its old number to the new one, which is nobody else's and never was.
func rebind(ctx context.Context, tx sqldb.Tx, r idp.Rekey) error {
	var holder string
	err := tx.QueryRowContext(ctx, "SELECT account_id FROM idp_former_identity WHERE lookup = $1", r.New).Scan(&holder)
	if err == nil && holder != r.AccountID {
		return idp.ErrBound
	}
	if err != nil && !errors.Is(err, sqldb.ErrNoRows) {
		return err
	}
	moved, err := sqldb.ExecOne(ctx, tx, "UPDATE idp_identity SET lookup = $3 WHERE lookup = $1 AND account_id = $2", r.Old, r.AccountID, r.New)
	if err == nil && !moved { // a document beside the one that leads now; the new number leads, as if it had been proved
		if moved, err = sqldb.ExecOne(ctx, tx, "DELETE FROM idp_document WHERE lookup = $1 AND account_id = $2", r.Old, r.AccountID); err == nil && moved {
			err = leadWith(ctx, tx, r.AccountID, r.New, r.At, time.Time{})
		}
	}
	if err != nil {
		return err
	}
	if !moved {
		return idp.ErrConflict
	}
	if err := nobodyElse(ctx, tx, r.New, r.AccountID); err != nil {
		return err
	}
	// The same human works under the corrected number; one that somebody else's account of staff holds is refused as bound.
	if _, err := tx.ExecContext(ctx, "UPDATE idp_staff SET human = $2, version = version + 1 WHERE human = $1", r.Old, r.New); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM idp_former_identity WHERE lookup = $1", r.New); err != nil { // changed back
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO idp_former_identity (lookup, account_id, ended_at, reason) VALUES ($1, $2, $3, $4)", r.Old, r.AccountID, sqldb.Micros(r.At), r.Reason)
	return err
}

// Hold suspends an account with its sessions and grants.
func (s *Store) Hold(ctx context.Context, accountID, hold string, at time.Time, cause idp.Cause, record audit.Record) error {
	return s.caused(ctx, cause, record, func(tx sqldb.Tx) error {
		held, err := sqldb.ExecOne(ctx, tx, `UPDATE idp_account SET hold = $2, hold_before = state, state = CASE WHEN state = 'active' THEN 'suspended' ELSE state END,
			updated_at = $3, version = version + 1 WHERE id = $1 AND hold = ''`, accountID, hold, sqldb.Micros(at))
		if err != nil {
			return err
		}
		if !held {
			return idp.ErrConflict
		}
		for _, one := range []sqldb.Step{
			step("UPDATE idp_session SET ended_at = $2 WHERE account_id = $1 AND ended_at = 0", accountID, sqldb.Micros(at)),
			step("UPDATE idp_grant SET revoked_at = $2 WHERE account_id = $1 AND revoked_at = 0", accountID, sqldb.Micros(at)),
		} {
			if _, err := tx.ExecContext(ctx, one.Query, one.Args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// Unhold gives an account back the state that it had.
func (s *Store) Unhold(ctx context.Context, accountID, hold string, at time.Time, cause idp.Cause, record audit.Record) error {
	return s.caused(ctx, cause, record, func(tx sqldb.Tx) error {
		freed, err := sqldb.ExecOne(ctx, tx, `UPDATE idp_account SET state = CASE WHEN hold_before = 'active' AND state = 'suspended' THEN 'active' ELSE state END, hold = '', hold_before = '',
			updated_at = $3, version = version + 1 WHERE id = $1 AND hold = $2`, accountID, hold, sqldb.Micros(at))
		if err == nil && !freed {
			return idp.ErrConflict
		}
		return err
	})
}

// EndLevels ends the levels of an account that stand on a document.
func (s *Store) EndLevels(ctx context.Context, accountID string, document []byte, at time.Time, cause idp.Cause, record audit.Record) error {
	return s.caused(ctx, cause, record, func(tx sqldb.Tx) error { return endLevels(ctx, tx, accountID, document, at, nil) })
}

// TakeContact takes a contact from an account. The row of the account first, as in ChangeContact.
func (s *Store) TakeContact(ctx context.Context, c idp.TakenContact, cause idp.Cause, record audit.Record) error {
	return s.caused(ctx, cause, record, func(tx sqldb.Tx) error {
		at := sqldb.Micros(c.At)
		if _, err := tx.ExecContext(ctx, "UPDATE idp_account SET mobile_taken_at = $2, updated_at = $2, version = version + 1 WHERE id = $1", c.AccountID, at); err != nil {
			return err
		}
		taken, err := sqldb.ExecOne(ctx, tx, `DELETE FROM idp_contact WHERE lookup = $1 AND account_id = $2 AND added_at < $3
			AND (added_at > 0 OR EXISTS (SELECT 1 FROM idp_account WHERE id = $2 AND created_at < $3))`, c.Lookup, c.AccountID, sqldb.Micros(c.Since))
		if err == nil && !taken {
			err = idp.ErrConflict
		}
		if err != nil {
			return err
		}
		for _, one := range []sqldb.Step{
			step("UPDATE idp_session SET ended_at = $2 WHERE account_id = $1 AND ended_at = 0", c.AccountID, at),
			step("UPDATE idp_grant SET revoked_at = $2 WHERE account_id = $1 AND revoked_at = 0", c.AccountID, at),
			step("UPDATE idp_proof SET until_at = $2 WHERE account_id = $1 AND method = $3 AND (until_at = 0 OR until_at > $2)", c.AccountID, at, c.Method),
		} {
			if _, err := tx.ExecContext(ctx, one.Query, one.Args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// ReleaseIdentity forgets that a number was an account's.
func (s *Store) ReleaseIdentity(ctx context.Context, accountID string, lookup []byte, cause idp.Cause, record audit.Record) error {
	return s.caused(ctx, cause, record, func(tx sqldb.Tx) error {
		known, err := sqldb.ExecOne(ctx, tx, "DELETE FROM idp_former_identity WHERE lookup = $1 AND account_id = $2", lookup, accountID)
		if err == nil && !known {
			return idp.ErrNotFound
		}
		return err
	})
}

// NoteEvent takes an event that changes nothing.
func (s *Store) NoteEvent(ctx context.Context, cause idp.Cause, record audit.Record) error {
	return s.caused(ctx, cause, record, func(sqldb.Tx) error { return nil })
}

// RegisterEvent finds an event that was taken.
func (s *Store) RegisterEvent(ctx context.Context, origin, id string) (idp.RegisterEventRow, error) {
	e := idp.RegisterEventRow{Origin: origin, ID: id}
	var at int64
	err := s.db.Read().QueryRowContext(ctx, "SELECT digest, kind, outcome, at FROM idp_register_event WHERE origin = $1 AND id = $2", origin, id).Scan(&e.Digest, &e.Kind, &e.Outcome, &at)
	if errors.Is(err, sqldb.ErrNoRows) {
		return e, idp.ErrNotFound
	}
	e.At = sqldb.Time(at)
	return e, err
}

// PutCorrection stores a proposal with the event that it comes from.
func (s *Store) PutCorrection(ctx context.Context, p foureyes.Proposal, cause idp.Cause, record audit.Record) error {
	return s.caused(ctx, cause, record, func(tx sqldb.Tx) error { return putProposal(ctx, tx, p) })
}
