package idpdb

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// Merge makes one account of two. The rows of both accounts are taken first, in the order of their ids, so that two merges of
// the same accounts wait for each other, and so does evidence that is about to be stored for one of them.
func (s *Store) Merge(ctx context.Context, m idp.Merge, record audit.Record) error {
	at := sqldb.Micros(m.At)
	ids := []string{m.Survivor, m.Absorbed}
	slices.Sort(ids)
	return s.audited(ctx, record, func(tx sqldb.Tx) error {
		for _, id := range ids {
			query, args := "UPDATE idp_account SET updated_at = $2, version = version + 1 WHERE id = $1 AND state = 'active' AND merged_into = ''", []any{id, at}
			if id == m.Absorbed {
				query = `UPDATE idp_account SET state = 'closed', merged_into = $3, merged_at = $2, password_hash = '', updated_at = $2, version = version + 1,
					credentials_at = CASE WHEN credentials_at > $2 THEN credentials_at ELSE $2 END WHERE id = $1 AND state = 'active' AND merged_into = ''`
				args = append(args, m.Survivor)
			}
			if m.Both { // what was judged is what is there
				version := m.SurvivorVersion
				if id == m.Absorbed {
					version = m.AbsorbedVersion
				}
				query += fmt.Sprintf(" AND version = $%d", len(args)+1)
				args = append(args, version)
			}
			changed, err := sqldb.ExecOne(ctx, tx, query, args...)
			if err != nil {
				return err
			}
			if !changed {
				return idp.ErrConflict
			}
		}
		holders, err := holdersOf(ctx, tx, ids...)
		if err != nil {
			return err
		}
		if !slices.Contains(holders, m.Survivor) || slices.Contains(holders, m.Absorbed) != m.Both {
			return idp.ErrConflict
		}
		if m.Both {
			if err := moveDocuments(ctx, tx, m); err != nil {
				return err
			}
		}
		// Relatives were declared of the account that is no more; what stood on it ends by the message of the merge.
		if _, err := tx.ExecContext(ctx, "UPDATE idp_relative SET state = 'withdrawn', ended_at = $2 WHERE (account_id = $1 OR other = $1) AND state IN ('declared', 'confirmed')", m.Absorbed, at); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE idp_phone_request SET state = 'ended', ended_at = $2, reason = 'unfit' WHERE (agent = $1 OR principal = $1) AND state IN ('code', 'waiting')", m.Absorbed, at); err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, "DELETE FROM idp_contact WHERE account_id = $1", m.Absorbed)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil {
			return err
		} else if int(n) != len(m.Contacts) {
			return idp.ErrConflict // one came or went since they were read
		}
		for _, c := range m.Contacts {
			if _, err := tx.ExecContext(ctx, "INSERT INTO idp_contact (lookup, account_id, kind, key_id, sealed, added_at) VALUES ($1, $2, $3, $4, $5, $6)",
				c.Lookup, m.Survivor, c.Kind, c.KeyID, c.Sealed, at); err != nil {
				return err
			}
		}
		if err := moveMessages(ctx, tx, m); err != nil {
			return err
		}
		for _, f := range m.Subjects {
			if _, err := tx.ExecContext(ctx, "INSERT INTO idp_former_subject (subject, sector, account_id, at) VALUES ($1, $2, $3, $4)", f.Subject, f.Sector, m.Survivor, at); err != nil {
				return err
			}
		}
		for _, one := range []sqldb.Step{
			// A source of which the survivor has a link of its own loses that of the absorbed account.
			step(`UPDATE idp_upstream_link SET account_id = $1 WHERE account_id = $2
				AND upstream_id NOT IN (SELECT upstream_id FROM idp_upstream_link WHERE account_id = $1)`, m.Survivor, m.Absorbed),
			step("DELETE FROM idp_upstream_link WHERE account_id = $1", m.Absorbed),
			step("UPDATE idp_session SET ended_at = $2 WHERE account_id = $1 AND ended_at = 0", m.Absorbed, at),
			step("UPDATE idp_grant SET revoked_at = $2 WHERE account_id = $1 AND revoked_at = 0", m.Absorbed, at),
			step("DELETE FROM idp_consent WHERE account_id = $1", m.Absorbed),
			step("UPDATE idp_consent_record SET ended_at = $2 WHERE account_id = $1 AND ended_at = 0", m.Absorbed, at),
			// What was told of the one is told of the other; the identifier of a line names its account, so that none is there twice.
			step("UPDATE idp_release SET account_id = $1 WHERE account_id = $2", m.Survivor, m.Absorbed),
			step("UPDATE idp_dispute SET account_id = $1 WHERE account_id = $2", m.Survivor, m.Absorbed),
			step("UPDATE idp_hold SET account_id = $1 WHERE account_id = $2", m.Survivor, m.Absorbed),
			step("UPDATE idp_deletion SET state = $2 WHERE account_id = $1 AND state = $3", m.Absorbed, idp.DeletionUndone, idp.DeletionWaiting),
			step("DELETE FROM idp_export WHERE account_id = $1", m.Absorbed),
			step("DELETE FROM idp_proof_certificate WHERE account_id = $1", m.Absorbed),
			step("UPDATE idp_case_sample SET outcome = $2, decided_at = $3 WHERE account_id = $1 AND outcome = $4", m.Absorbed, proofing.SampleDropped, at, proofing.SampleWaiting),
			step("DELETE FROM idp_one_person WHERE account_id = $1", m.Absorbed),
			step("DELETE FROM idp_one_person WHERE account_id = $1 AND lookup IN (SELECT lookup FROM idp_document WHERE account_id = $1)", m.Survivor),
			step("DELETE FROM idp_account_key WHERE account_id = $1", m.Absorbed),
			step("DELETE FROM idp_credential WHERE account_id = $1", m.Absorbed),
			step("DELETE FROM idp_recovery_code WHERE account_id = $1", m.Absorbed),
			step("DELETE FROM idp_known_device WHERE account_id = $1", m.Absorbed),
			step("DELETE FROM idp_case_photo WHERE case_id IN (SELECT id FROM idp_case WHERE account_id = $1)", m.Absorbed),
			step("UPDATE idp_case SET state = $3, updated_at = $2, sealed = $4 WHERE account_id = $1 AND state NOT IN ($3, $5, $6)", m.Absorbed, at, proofing.Rejected, []byte{}, proofing.Granted, proofing.Withdrawn),
			// Whoever was absorbed before leads to the survivor at once.
			step("UPDATE idp_account SET merged_into = $1, version = version + 1 WHERE merged_into = $2", m.Survivor, m.Absorbed),
			step("UPDATE idp_former_subject SET account_id = $1 WHERE account_id = $2", m.Survivor, m.Absorbed),
			step("UPDATE idp_former_identity SET account_id = $1 WHERE account_id = $2", m.Survivor, m.Absorbed),
		} {
			if _, err := tx.ExecContext(ctx, one.Query, one.Args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// moveDocuments puts the documents of the absorbed account beside those of the survivor, with all evidence.
func moveDocuments(ctx context.Context, tx sqldb.Tx, m idp.Merge) error {
	var led []byte
	if err := tx.QueryRowContext(ctx, "DELETE FROM idp_identity WHERE account_id = $1 RETURNING lookup", m.Absorbed).Scan(&led); err != nil {
		return err
	}
	for _, one := range []sqldb.Step{
		step("UPDATE idp_document SET account_id = $1 WHERE account_id = $2", m.Survivor, m.Absorbed),
		step("INSERT INTO idp_document (lookup, account_id, added_at, retired_at) VALUES ($1, $2, $3, 0)", led, m.Survivor, sqldb.Micros(m.At)),
		step("DELETE FROM idp_proof WHERE account_id = $1", m.Absorbed),
		step("UPDATE idp_proof_certificate SET account_id = $1 WHERE account_id = $2", m.Survivor, m.Absorbed),
	} {
		if _, err := tx.ExecContext(ctx, one.Query, one.Args...); err != nil {
			return err
		}
	}
	for _, p := range m.Proofs {
		if err := insertProof(ctx, tx, m.Survivor, p); err != nil {
			return err
		}
	}
	return nil
}

func holdersOf(ctx context.Context, q sqldb.Queryer, ids ...string) ([]string, error) {
	if len(ids) != 2 {
		return nil, errors.New("idpdb: two accounts")
	}
	return texts(ctx, q, "SELECT account_id FROM idp_identity WHERE account_id IN ($1, $2) ORDER BY account_id", ids[0], ids[1])
}

// texts reads rows of one text.
func texts(ctx context.Context, q sqldb.Queryer, query string, args ...any) ([]string, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// Holders are those of two accounts that hold a legal identity.
func (s *Store) Holders(ctx context.Context, ids ...string) ([]string, error) {
	return holdersOf(ctx, s.db.Read(), ids...)
}

// MergedInto is where an absorbed account leads.
func (s *Store) MergedInto(ctx context.Context, id string) (into string, err error) {
	err = s.db.Read().QueryRowContext(ctx, "SELECT merged_into FROM idp_account WHERE id = $1 AND merged_into <> ''", id).Scan(&into)
	if errors.Is(err, sqldb.ErrNoRows) {
		return "", idp.ErrNotFound
	}
	return into, err
}

// maxParties bounds the departments that one account is known to.
const maxParties = 1000

// PartiesOf are the clients and portals that know an account.
func (s *Store) PartiesOf(ctx context.Context, accountID string) ([]string, error) {
	return texts(ctx, s.db.Read(), `SELECT client_id FROM idp_consent WHERE account_id = $1 UNION SELECT client_id FROM idp_grant WHERE account_id = $1
		UNION SELECT client_id FROM idp_release WHERE account_id = $1 UNION SELECT p.client_id FROM idp_party p JOIN idp_session v ON v.id = p.sid WHERE v.account_id = $1 ORDER BY client_id LIMIT $2`, accountID, maxParties)
}

// FormerSubjects are what a sector knew of accounts that became part of this one, the newest first.
func (s *Store) FormerSubjects(ctx context.Context, accountID, sector string, limit int) ([]string, error) {
	return texts(ctx, s.db.Read(), "SELECT subject FROM idp_former_subject WHERE account_id = $1 AND sector = $2 ORDER BY at DESC, subject LIMIT $3", accountID, sector, limit)
}

// FormerSubject finds what a sector knew of an account that was merged.
func (s *Store) FormerSubject(ctx context.Context, subject string) (idp.FormerSubject, error) {
	f := idp.FormerSubject{Subject: subject}
	var at int64
	err := s.db.Read().QueryRowContext(ctx, "SELECT sector, account_id, at FROM idp_former_subject WHERE subject = $1", subject).Scan(&f.Sector, &f.Account, &at)
	if errors.Is(err, sqldb.ErrNoRows) {
		return f, idp.ErrNotFound
	}
	f.At = sqldb.Time(at)
	return f, err
}
