package idpdb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// A number stands in idp_identity or in idp_document and is one account's. The unique index of the one cannot see the other, so
// whoever binds a number writes it to idp_identity first, where two of one moment wait for each other, and looks into
// idp_document afterwards; a number comes to idp_document only from idp_identity, in the same transaction.

// alone refuses a number that was just bound to a new account and stands beside those of another one, or was another one's before a
// correction.
func alone(lookup []byte) sqldb.Step {
	return one(idp.ErrBound, `UPDATE idp_identity SET lookup = lookup WHERE lookup = $1 AND NOT EXISTS (SELECT 1 FROM idp_document WHERE lookup = $1)
		AND NOT EXISTS (SELECT 1 FROM idp_former_identity WHERE lookup = $1)`, lookup)
}

// nobodyElse is alone inside a change.
func nobodyElse(ctx context.Context, tx sqldb.Tx, lookup []byte, accountID string) error {
	var holder string
	err := tx.QueryRowContext(ctx, "SELECT account_id FROM idp_document WHERE lookup = $1", lookup).Scan(&holder)
	switch {
	case errors.Is(err, sqldb.ErrNoRows):
		return nil
	case err == nil:
		return idp.ErrBound
	}
	return err
}

// holderOf is the account that holds a number; beside tells that another one of its documents leads. Empty: nobody.
func holderOf(ctx context.Context, q sqldb.Queryer, lookup []byte) (holder string, beside bool, err error) {
	err = q.QueryRowContext(ctx, "SELECT account_id, 1 = 0 FROM idp_identity WHERE lookup = $1 UNION ALL SELECT account_id, 1 = 1 FROM idp_document WHERE lookup = $1", lookup).Scan(&holder, &beside)
	if errors.Is(err, sqldb.ErrNoRows) {
		err = nil
	}
	return holder, beside, err
}

// bindDocument gives an account the number that evidence is about.
func bindDocument(ctx context.Context, tx sqldb.Tx, id string, p idp.Proof) error {
	holder, beside, err := holderOf(ctx, tx, p.Lookup)
	switch {
	case err != nil:
		return err
	case holder != "" && holder != id:
		return idp.ErrBound
	case holder == id && beside: // it was found to be this person's; proved anew, it is in use again
		_, err = tx.ExecContext(ctx, "UPDATE idp_document SET retired_at = 0 WHERE lookup = $1 AND account_id = $2", p.Lookup, id)
		return err
	case holder == id:
		return nil
	}
	if err := neverOthers(ctx, tx, p.Lookup, ""); err != nil {
		return err
	}
	if p.Beside {
		held, err := sqldb.ExecOne(ctx, tx, "UPDATE idp_account SET version = version WHERE id = $1 AND version = $2", id, p.Version)
		if err == nil && !held { // what it was judged against is another one by now
			err = idp.ErrBound
		}
		if err == nil {
			err = room(ctx, tx, id)
		}
		if err != nil {
			return err
		}
		return leadWith(ctx, tx, id, p.Lookup, p.At, time.Time{})
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO idp_identity (lookup, account_id) VALUES ($1, $2)", p.Lookup, id); err != nil {
		return err
	}
	return nobodyElse(ctx, tx, p.Lookup, id)
}

// neverOthers refuses a number that was an account's before a correction, but for that account.
func neverOthers(ctx context.Context, tx sqldb.Tx, lookup []byte, id string) error {
	var former string
	err := tx.QueryRowContext(ctx, "SELECT account_id FROM idp_former_identity WHERE lookup = $1", lookup).Scan(&former)
	switch {
	case errors.Is(err, sqldb.ErrNoRows) || err == nil && former == id:
		return nil
	case err == nil:
		return idp.ErrBound
	}
	return err
}

// room refuses an account that holds as many documents as it can.
func room(ctx context.Context, tx sqldb.Tx, id string) error {
	var n int
	err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM idp_document WHERE account_id = $1", id).Scan(&n)
	if err == nil && n+1 >= idp.MaxDocuments {
		return idp.ErrBound
	}
	return err
}

// nameEvidence writes down which document the evidence of an earlier release is about, while that is known.
func nameEvidence(ctx context.Context, tx sqldb.Tx, id string) error {
	_, err := tx.ExecContext(ctx, "UPDATE idp_proof SET document = (SELECT lookup FROM idp_identity WHERE account_id = $1) WHERE account_id = $1 AND document IS NULL", id)
	return err
}

// leadWith lets a number lead that stands in neither table, and puts the one that led beside it, retired or in use.
func leadWith(ctx context.Context, tx sqldb.Tx, id string, lookup []byte, at, retired time.Time) error {
	if err := nameEvidence(ctx, tx, id); err != nil {
		return err
	}
	var before []byte
	err := tx.QueryRowContext(ctx, "SELECT lookup FROM idp_identity WHERE account_id = $1", id).Scan(&before)
	if errors.Is(err, sqldb.ErrNoRows) {
		err = idp.ErrConflict
	}
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "UPDATE idp_identity SET lookup = $2 WHERE account_id = $1", id, lookup); err != nil {
		return err
	}
	if err := nobodyElse(ctx, tx, lookup, id); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO idp_document (lookup, account_id, added_at, retired_at) VALUES ($1, $2, $3, $4)", before, id, sqldb.Micros(at), sqldb.Micros(retired))
	return err
}

func insertProof(ctx context.Context, tx sqldb.Tx, id string, p idp.Proof) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO idp_proof (account_id, id, ial, method, source, at, until_at, key_id, sealed, evidence, document)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		id, p.ID, int64(p.IAL), p.Method, p.Source, sqldb.Micros(p.At), sqldb.Micros(p.Until), p.KeyID, p.Sealed, p.Evidence, p.Lookup)
	if err == nil && p.Certificate != nil {
		err = watchCertificate(ctx, tx, id, p)
	}
	if err == nil && p.Sample != nil {
		err = putSample(ctx, tx, id, p)
	}
	return err
}

// maxEvidence bounds the evidence of one account that is read at once.
const maxEvidence = 1000

// Documents are those of an account, the one that leads first, with all evidence about each, the newest first.
func (s *Store) Documents(ctx context.Context, accountID string) (all []idp.StoredDocument, proofs []idp.Proof, err error) {
	err = s.db.Ask(ctx,
		ask(func(rows sqldb.Rows) error {
			d := idp.StoredDocument{Leads: true}
			err := rows.Scan(&d.Lookup)
			all = append(all, d)
			return err
		}, "SELECT lookup FROM idp_identity WHERE account_id = $1", accountID),
		ask(func(rows sqldb.Rows) error {
			var d idp.StoredDocument
			var added, retired int64
			err := rows.Scan(&d.Lookup, &added, &retired)
			d.AddedAt, d.Retired = sqldb.Time(added), sqldb.Time(retired)
			all = append(all, d)
			return err
		}, "SELECT lookup, added_at, retired_at FROM idp_document WHERE account_id = $1 ORDER BY added_at, lookup", accountID),
		ask(func(rows sqldb.Rows) error {
			var p idp.Proof
			var at, until int64
			err := rows.Scan(&p.ID, &p.IAL, &p.Method, &p.Source, &at, &until, &p.KeyID, &p.Sealed, &p.Evidence, &p.Lookup)
			p.At, p.Until = sqldb.Time(at), sqldb.Time(until)
			proofs = append(proofs, p)
			return err
		}, "SELECT id, ial, method, source, at, until_at, key_id, sealed, evidence, document FROM idp_proof WHERE account_id = $1 ORDER BY at DESC, ial DESC, id DESC LIMIT $2", accountID, maxEvidence))
	if err != nil {
		return nil, nil, fmt.Errorf("read documents: %w", err)
	}
	for i := range proofs {
		p := &proofs[i]
		if p.Lookup == nil && len(all) > 0 && all[0].Leads {
			p.Lookup = all[0].Lookup
		}
		for k := range all {
			if string(all[k].Lookup) == string(p.Lookup) && all[k].Proof.ID == "" {
				all[k].Proof = *p
			}
		}
	}
	return all, proofs, nil
}

// RetireDocument takes a document out of use; the row of the account is taken first, so that the last two are not retired at once.
func (s *Store) RetireDocument(ctx context.Context, c idp.DocumentChange, record audit.Record) error {
	return s.audited(ctx, record, func(tx sqldb.Tx) error {
		if err := endLevels(ctx, tx, c.AccountID, c.Lookup, c.At, nil); err != nil {
			return err
		}
		holder, beside, err := holderOf(ctx, tx, c.Lookup)
		if err != nil {
			return err
		}
		if holder != c.AccountID {
			return idp.ErrConflict
		}
		if beside {
			done, err := sqldb.ExecOne(ctx, tx, "UPDATE idp_document SET retired_at = $3 WHERE lookup = $1 AND account_id = $2 AND retired_at = 0", c.Lookup, c.AccountID, sqldb.Micros(c.At))
			if err == nil && !done {
				err = idp.ErrConflict
			}
			return err
		}
		var next []byte
		var added int64
		err = tx.QueryRowContext(ctx, "SELECT lookup, added_at FROM idp_document WHERE account_id = $1 AND retired_at = 0 ORDER BY added_at DESC, lookup LIMIT 1", c.AccountID).Scan(&next, &added)
		if errors.Is(err, sqldb.ErrNoRows) {
			return idp.ErrConflict
		}
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM idp_document WHERE lookup = $1 AND account_id = $2", next, c.AccountID); err != nil {
			return err
		}
		return leadWith(ctx, tx, c.AccountID, next, sqldb.Time(added), c.At)
	})
}

// AddDocument puts a document beside those of an account, or notes that the holder of another account is the same person.
func (s *Store) AddDocument(ctx context.Context, c idp.DocumentChange, cause idp.Cause, record audit.Record) error {
	err := s.caused(ctx, cause, record, func(tx sqldb.Tx) error {
		there, err := sqldb.ExecOne(ctx, tx, "UPDATE idp_account SET updated_at = $2, version = version + 1 WHERE id = $1 AND merged_into = '' AND state <> $3", c.AccountID, sqldb.Micros(c.At), idp.AccountErased)
		if err == nil && !there {
			err = idp.ErrConflict
		}
		if err != nil {
			return err
		}
		holder, _, err := holderOf(ctx, tx, c.Lookup)
		switch {
		case err != nil:
			return err
		case holder == c.AccountID:
			return idp.ErrConflict
		case holder != "":
			_, err = tx.ExecContext(ctx, "INSERT INTO idp_one_person (account_id, lookup, decided_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", c.AccountID, c.Lookup, sqldb.Micros(c.At))
			return err
		}
		if err := neverOthers(ctx, tx, c.Lookup, c.AccountID); err != nil {
			return err
		}
		if err := room(ctx, tx, c.AccountID); err != nil {
			return err
		}
		// It leads for a moment, so that nobody else takes it meanwhile, and then the one that was proved leads again.
		var proved []byte
		err = tx.QueryRowContext(ctx, "SELECT lookup FROM idp_identity WHERE account_id = $1", c.AccountID).Scan(&proved)
		if errors.Is(err, sqldb.ErrNoRows) {
			err = idp.ErrConflict
		}
		if err == nil {
			err = leadWith(ctx, tx, c.AccountID, c.Lookup, c.At, time.Time{})
		}
		if err == nil {
			_, err = tx.ExecContext(ctx, "DELETE FROM idp_document WHERE lookup = $1 AND account_id = $2", proved, c.AccountID)
		}
		if err == nil {
			err = leadWith(ctx, tx, c.AccountID, proved, c.At, time.Time{})
		}
		if err != nil {
			return err
		}
		return insertProof(ctx, tx, c.AccountID, *c.Proof)
	})
	if sqldb.IsUnique(err) {
		return idp.ErrConflict // somebody proved it at the same moment
	}
	return err
}

// OnePerson reports whether two people found that two accounts are one person's.
func (s *Store) OnePerson(ctx context.Context, a, b string) (found bool, err error) {
	err = s.db.Read().QueryRowContext(ctx, onePerson, a, b).Scan(&found)
	return found, err
}

const onePerson = `SELECT EXISTS (SELECT 1 FROM idp_one_person f WHERE f.account_id IN ($1, $2) AND f.lookup IN
	(SELECT lookup FROM idp_identity WHERE account_id IN ($1, $2) AND account_id <> f.account_id UNION ALL SELECT lookup FROM idp_document WHERE account_id IN ($1, $2) AND account_id <> f.account_id))`
