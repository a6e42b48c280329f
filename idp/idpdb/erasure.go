package idpdb

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/keys"
)

// dataKeyOf stores the key of a new account; none for one that has no personal fields.
func dataKeyOf(a idp.Account) []sqldb.Step {
	if a.DataKey.IsZero() {
		return nil
	}
	return []sqldb.Step{addDataKey(a.ID, a.DataKey)}
}

func addDataKey(accountID string, k keys.DataKey) sqldb.Step {
	return step("INSERT INTO idp_account_key (account_id, id, key_id, wrapped) VALUES ($1, $2, $3, $4)", accountID, k.ID, k.KeyID, k.Wrapped)
}

// openCases are the states of cases that still hold what was submitted, as a list of SQL.
var openCases = func() string {
	words := make([]string, len(proofing.Open))
	for i, state := range proofing.Open {
		words[i] = "'" + string(state) + "'"
	}
	return "(" + strings.Join(words, ", ") + ")"
}()

// sealedTable is where fields of a kind lie: a sealed row is one of those with something in it.
type sealedTable struct {
	kind       idp.FieldKind
	table, row string // row: the column that names a row of an account
	account    string // column of the account
	filter     string // of rows that hold something; empty: all
}

// sealedTables are all tables whose rows are sealed under the key of an account. Messages of disputes are found by their
// dispute.
var sealedTables = []sealedTable{
	{idp.FieldContact, "idp_contact", "lookup", "account_id", ""},
	{idp.FieldProof, "idp_proof", "id", "account_id", ""},
	{idp.FieldCredential, "idp_credential", "id", "account_id", ""},
	{idp.FieldCase, "idp_case", "id", "account_id", "state IN " + openCases},
	{idp.FieldProposal, "idp_proposal", "id", "object_id", "object_type = 'account' AND state = '" + foureyes.Open + "'"},
}

func (t sealedTable) where(condition string) string {
	if t.filter == "" {
		return condition
	}
	return condition + " AND " + t.filter
}

// Unmigrated lists accounts with fields that no data key sealed.
func (s *Store) Unmigrated(ctx context.Context, after, prefix string, limit int) ([]string, error) {
	older := "NOT EXISTS (SELECT 1 FROM idp_account_key k WHERE k.account_id = a.id)"
	for _, t := range sealedTables {
		older += " OR EXISTS (SELECT 1 FROM " + t.table + " f WHERE " + t.where("f."+t.account+" = a.id AND f.key_id NOT LIKE $3") + ")"
	}
	return texts(ctx, s.db.Read(), "SELECT a.id FROM idp_account a WHERE a.id > $1 AND a.state <> $2 AND a.merged_into = '' AND ("+older+") ORDER BY a.id LIMIT $4",
		after, idp.AccountErased, prefix+"%", limit)
}

// SealedFields reads every sealed field of an account, older proofs too.
func (s *Store) SealedFields(ctx context.Context, accountID string) ([]idp.SealedField, error) {
	var all []idp.SealedField
	var questions []sqldb.Question
	for _, t := range sealedTables {
		questions = append(questions, ask(func(rows sqldb.Rows) error {
			f := idp.SealedField{Kind: t.kind}
			if t.kind == idp.FieldContact {
				err := rows.Scan(&f.Row, &f.KeyID, &f.Sealed)
				all = append(all, f)
				return err
			}
			var id string
			err := rows.Scan(&id, &f.KeyID, &f.Sealed)
			f.Row = []byte(id)
			all = append(all, f)
			return err
		}, "SELECT "+t.row+", key_id, sealed FROM "+t.table+" WHERE "+t.where(t.account+" = $1")+" ORDER BY "+t.row, accountID))
	}
	if err := s.db.Ask(ctx, questions...); err != nil {
		return nil, fmt.Errorf("read sealed fields: %w", err)
	}
	return all, nil
}

// Reseal stores a data key and the fields under it.
func (s *Store) Reseal(ctx context.Context, accountID string, key *keys.DataKey, was, now []idp.SealedField, record audit.Record) error {
	var steps []sqldb.Step
	if key != nil {
		steps = append(steps, addDataKey(accountID, *key))
	}
	for i, f := range now {
		for _, t := range sealedTables {
			if t.kind != f.Kind {
				continue
			}
			var row any = string(f.Row)
			if f.Kind == idp.FieldContact {
				row = f.Row
			}
			steps = append(steps, one(idp.ErrConflict, "UPDATE "+t.table+" SET key_id = $4, sealed = $5 WHERE "+t.where(t.account+" = $1 AND "+t.row+" = $2 AND key_id = $3"), accountID, row, was[i].KeyID, f.KeyID, f.Sealed))
		}
	}
	steps = append(steps, one(idp.ErrConflict, "UPDATE idp_account SET version = version + 1 WHERE id = $1 AND state <> $2", accountID, idp.AccountErased))
	err := s.apply(ctx, record, steps...)
	if sqldb.IsUnique(err) {
		return idp.ErrConflict // another node gave it a key
	}
	return err
}

// Deletion reads the deletion of an account; the zero value when none was asked for.
func (s *Store) Deletion(ctx context.Context, accountID string) (idp.Deletion, error) {
	d, err := scanDeletion(s.db.Read().QueryRowContext(ctx, "SELECT "+deletionColumns+" FROM idp_deletion WHERE account_id = $1", accountID))
	if errors.Is(err, sqldb.ErrNoRows) {
		return idp.Deletion{}, nil
	}
	return d, err
}

const deletionColumns = "account_id, state, requested_at, due_at, notified_at, done_at, guardian"

func scanDeletion(row interface{ Scan(...any) error }) (idp.Deletion, error) {
	var d idp.Deletion
	var requested, due, notified, done int64
	err := row.Scan(&d.AccountID, &d.State, &requested, &due, &notified, &done, &d.Guardian)
	d.RequestedAt, d.DueAt, d.NotifiedAt, d.DoneAt = sqldb.Time(requested), sqldb.Time(due), sqldb.Time(notified), sqldb.Time(done)
	return d, err
}

// RequestDeletion begins the cool-off; idp.ErrConflict while one is running or when it is over.
func (s *Store) RequestDeletion(ctx context.Context, d idp.Deletion, record audit.Record) error {
	return s.apply(ctx, record, one(idp.ErrConflict, `INSERT INTO idp_deletion (account_id, state, requested_at, due_at, notified_at, done_at, guardian) VALUES ($1, $2, $3, $4, 0, 0, $6)
		ON CONFLICT (account_id) DO UPDATE SET state = $2, requested_at = $3, due_at = $4, notified_at = 0, guardian = $6 WHERE idp_deletion.state = $5`,
		d.AccountID, idp.DeletionWaiting, sqldb.Micros(d.RequestedAt), sqldb.Micros(d.DueAt), idp.DeletionUndone, d.Guardian))
}

// MoveDeletion changes a deletion that waits: undone, put off, or with its final notice; idp.ErrConflict when it does not wait.
func (s *Store) MoveDeletion(ctx context.Context, d idp.Deletion, record audit.Record) error {
	return s.apply(ctx, record, one(idp.ErrConflict, "UPDATE idp_deletion SET state = $2, due_at = $3, notified_at = $4, done_at = $5 WHERE account_id = $1 AND state = $6",
		d.AccountID, d.State, sqldb.Micros(d.DueAt), sqldb.Micros(d.NotifiedAt), sqldb.Micros(d.DoneAt), idp.DeletionWaiting))
}

// DueDeletions lists deletions that wait and whose final notice or end has come, the oldest first.
func (s *Store) DueDeletions(ctx context.Context, notice, end time.Time, limit int) ([]idp.Deletion, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT "+deletionColumns+` FROM idp_deletion
		WHERE state = $1 AND due_at <= $2 AND (notified_at = 0 OR due_at <= $3) ORDER BY due_at, account_id LIMIT $4`, idp.DeletionWaiting, sqldb.Micros(notice), sqldb.Micros(end), limit)
	if err != nil {
		return nil, fmt.Errorf("list deletions: %w", err)
	}
	defer rows.Close()
	var all []idp.Deletion
	for rows.Next() {
		d, err := scanDeletion(rows)
		if err != nil {
			return nil, fmt.Errorf("list deletions: %w", err)
		}
		all = append(all, d)
	}
	return all, rows.Err()
}

// OpenCases counts proofing cases of an account that are not closed; a second look at a pass is none of the person's.
func (s *Store) OpenCases(ctx context.Context, accountID string) (n int, err error) {
	err = s.db.Read().QueryRowContext(ctx, "SELECT COUNT(*) FROM idp_case WHERE account_id = $1 AND method <> $2 AND state IN "+openCases, accountID, proofing.Sample).Scan(&n)
	return n, err
}

// Erase leaves a tombstone of an account whose deletion is due and on which no hold lies, neither a legal one nor that of a
// register. The key goes first: what copies of the rows hold is unreadable without it. What stays is named in idp.KeptRecords.
func (s *Store) Erase(ctx context.Context, accountID string, at time.Time, record audit.Record) error {
	now := sqldb.Micros(at)
	sessions := "(SELECT id FROM idp_session WHERE account_id = $1)"
	steps := []sqldb.Step{
		// The account first, which whoever places a hold takes too: the next statement sees a hold of the same moment.
		one(idp.ErrConflict, `UPDATE idp_account SET state = $3, password_hash = '', locale = '', updated_at = $2, version = version + 1
			WHERE id = $1 AND state <> $3 AND merged_into = '' AND hold = ''`, accountID, now, idp.AccountErased),
		one(idp.ErrConflict, `UPDATE idp_deletion SET state = $3, done_at = $2 WHERE account_id = $1 AND state = $4 AND due_at <= $2 AND notified_at > 0
			AND NOT EXISTS (SELECT 1 FROM idp_hold WHERE account_id = $1 AND released_at = 0 AND until_at > $2)`, accountID, now, idp.DeletionDone, idp.DeletionWaiting),
		step("DELETE FROM idp_account_key WHERE account_id = $1", accountID),
		// Sessions before grants, as where an account is suspended.
		step("UPDATE idp_session SET ended_at = CASE WHEN ended_at = 0 THEN $2 ELSE ended_at END, device = '', address = '' WHERE account_id = $1", accountID, now),
		step("UPDATE idp_grant SET revoked_at = $2 WHERE account_id = $1 AND revoked_at = 0", accountID, now),
		step("DELETE FROM idp_refresh_token WHERE grant_id IN (SELECT id FROM idp_grant WHERE account_id = $1)", accountID),
		step("UPDATE idp_consent_record SET ended_at = $2 WHERE account_id = $1 AND ended_at = 0", accountID, now),
		step("DELETE FROM idp_party WHERE sid IN "+sessions, accountID),
		step("DELETE FROM idp_acting WHERE sid IN "+sessions, accountID),
		step("DELETE FROM idp_dispute_message WHERE dispute_id IN (SELECT id FROM idp_dispute WHERE account_id = $1)", accountID),
		step("DELETE FROM idp_relative WHERE other = $1", accountID),
		step("DELETE FROM idp_phone_request WHERE agent = $1 OR principal = $1", accountID),
		// Who proposed and approved something stays, what it said does not. Corrections of releases before lie apart.
		step("UPDATE idp_proposal SET sealed = $2, state = CASE WHEN state = $3 THEN $4 ELSE state END WHERE object_type = 'account' AND object_id = $1", accountID, []byte{}, foureyes.Open, foureyes.Expired),
		step("UPDATE idp_correction SET sealed = $2 WHERE account_id = $1", accountID, []byte{}),
		step("DELETE FROM idp_case_photo WHERE case_id IN (SELECT id FROM idp_case WHERE account_id = $1)", accountID),
		step("UPDATE idp_case_review SET reason = '' WHERE case_id IN (SELECT id FROM idp_case WHERE account_id = $1)", accountID),
		// The row of another system that the account came from stays taken, so that an import does not bring the person back.
		step("UPDATE idp_import_origin SET document = NULL, claimed = '' WHERE account_id = $1", accountID),
	}
	// One-time values and sessions of bridges name the account by its identifier only; they end by themselves and are purged.
	// Mandates that ended and their uses are the other side's records too, and name both by identifiers.
	for _, table := range []string{"idp_contact", "idp_identity", "idp_former_identity", "idp_former_subject", "idp_proof", "idp_case", "idp_consent", "idp_dispute", "idp_upstream_link", "idp_upstream_session",
		"idp_credential", "idp_recovery_code", "idp_known_device", "idp_qr", "idp_export", "idp_counter_pass", "idp_document", "idp_one_person", "idp_counter_held", "idp_guardian_consent", "idp_relative",
		"idp_proof_certificate", "idp_case_sample", "idp_message_fallback"} {
		steps = append(steps, step("DELETE FROM "+table+" WHERE account_id = $1", accountID))
	}
	return s.apply(ctx, record, steps...)
}

// PlaceHold stores a legal hold; idp.ErrNotFound when the account was erased or merged meanwhile, so that nobody is told of a hold on
// what is no more.
func (s *Store) PlaceHold(ctx context.Context, h idp.Hold, record audit.Record) error {
	return s.apply(ctx, record,
		one(idp.ErrNotFound, "UPDATE idp_account SET version = version + 1 WHERE id = $1 AND state <> $2 AND merged_into = ''", h.AccountID, idp.AccountErased),
		step("INSERT INTO idp_hold (id, account_id, reason, placed_by, placed_at, until_at, released_at) VALUES ($1, $2, $3, $4, $5, $6, 0)",
			h.ID, h.AccountID, h.Reason, h.PlacedBy, sqldb.Micros(h.PlacedAt), sqldb.Micros(h.Until)))
}

// ReleaseHold ends a hold before its time; idp.ErrNotFound when it ended or is not known.
func (s *Store) ReleaseHold(ctx context.Context, id string, at time.Time, record audit.Record) error {
	return s.changeOne(ctx, record, "UPDATE idp_hold SET released_at = $2 WHERE id = $1 AND released_at = 0", id, sqldb.Micros(at))
}

// Held reports whether a hold lies on an account, also that of a register.
func (s *Store) Held(ctx context.Context, accountID string, now time.Time) (held bool, err error) {
	err = s.db.Read().QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM idp_hold WHERE account_id = $1 AND released_at = 0 AND until_at > $2)
		OR EXISTS (SELECT 1 FROM idp_account WHERE id = $1 AND hold <> '')`, accountID, sqldb.Micros(now)).Scan(&held)
	return held, err
}

// Holds lists holds, the newest first; an empty account lists those of all.
func (s *Store) Holds(ctx context.Context, accountID string, behind time.Time, behindID string, limit int) ([]idp.Hold, error) {
	before := int64(math.MaxInt64)
	if !behind.IsZero() {
		before = sqldb.Micros(behind)
	}
	rows, err := s.db.Read().QueryContext(ctx, `SELECT id, account_id, reason, placed_by, placed_at, until_at, released_at FROM idp_hold
		WHERE ($1 = '' OR account_id = $1) AND (placed_at < $2 OR (placed_at = $2 AND id > $3)) ORDER BY placed_at DESC, id LIMIT $4`, accountID, before, behindID, limit)
	if err != nil {
		return nil, fmt.Errorf("list holds: %w", err)
	}
	defer rows.Close()
	var all []idp.Hold
	for rows.Next() {
		var h idp.Hold
		var placed, until, released int64
		if err := rows.Scan(&h.ID, &h.AccountID, &h.Reason, &h.PlacedBy, &placed, &until, &released); err != nil {
			return nil, fmt.Errorf("list holds: %w", err)
		}
		h.PlacedAt, h.Until, h.ReleasedAt = sqldb.Time(placed), sqldb.Time(until), sqldb.Time(released)
		all = append(all, h)
	}
	return all, rows.Err()
}

// StoredHold reads one hold; idp.ErrNotFound.
func (s *Store) StoredHold(ctx context.Context, id string) (idp.Hold, error) {
	var h idp.Hold
	var placed, until, released int64
	err := s.db.Read().QueryRowContext(ctx, "SELECT id, account_id, reason, placed_by, placed_at, until_at, released_at FROM idp_hold WHERE id = $1", id).
		Scan(&h.ID, &h.AccountID, &h.Reason, &h.PlacedBy, &placed, &until, &released)
	if errors.Is(err, sqldb.ErrNoRows) {
		return h, idp.ErrNotFound
	}
	h.PlacedAt, h.Until, h.ReleasedAt = sqldb.Time(placed), sqldb.Time(until), sqldb.Time(released)
	return h, err
}
