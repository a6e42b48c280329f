// Package licensedb keeps the licence register in SQL. It implements elicense.Store and holds no rules of licences: what
// may change is decided by the function that Update is given.
package licensedb

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrations of the licence room.
func Migrations() sqldb.MigrationSet {
	sub, err := fs.Sub(files, "migrations")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sqldb.MigrationSet{Room: "elicense", Files: sub}
}

// Store implements elicense.Store.
type Store struct {
	db *sqldb.DB
	// Under puts a change on record with a mandate in its own transaction, or answers elicense.ErrMandateOver; nil knows no mandate.
	Under func(ctx context.Context, tx sqldb.Tx, b elicense.Behalf, doing elicense.Doing) error
}

// New returns the store of a database.
func New(db *sqldb.DB) *Store { return &Store{db: db} }

const columns = `id, revision, business_number, authority_code, request_digest, type_code, version, state, status, license_id, seal_id, holder_ref,
	data_key, data, list_number, list_index, bits, unsealed, file, entrant, reviewer, issuer, note, replaces, replaced_by,
	lease_until, created_at, updated_at, issued_at, status_at, status_until, area, log_secret, log_count, type_template, photo, photo_key, ends`

type scanner interface{ Scan(into ...any) error }

func scanLicense(row scanner) (elicense.License, error) {
	var l elicense.License
	var index, bits, lease, created, updated, issued, statusAt, statusUntil int64
	err := row.Scan(&l.ID, &l.Revision, &l.BusinessNumber, &l.AuthorityCode, &l.RequestDigest, &l.TypeCode, &l.Version, &l.State, &l.Status, &l.LicenseID, &l.SealID, &l.HolderRef,
		&l.DataKey, &l.Data, &l.List, &index, &bits, &l.Unsealed, &l.File, &l.Entrant, &l.Reviewer, &l.Issuer, &l.Note, &l.Replaces, &l.ReplacedBy,
		&lease, &created, &updated, &issued, &statusAt, &statusUntil, &l.Area, &l.LogSecret, &l.LogCount, &l.Template, &l.Photo, &l.PhotoKey, &l.Ends)
	if errors.Is(err, sqldb.ErrNoRows) {
		return elicense.License{}, elicense.ErrNotFound
	}
	l.Index, l.Bits = uint32(index), statuslist.Status(bits)
	l.LeaseUntil, l.CreatedAt, l.UpdatedAt, l.IssuedAt = sqldb.Time(lease), sqldb.Time(created), sqldb.Time(updated), sqldb.Time(issued)
	l.StatusAt, l.StatusUntil = sqldb.Time(statusAt), sqldb.Time(statusUntil)
	return l, err
}

// values of a licence in the order of columns.
func values(l elicense.License) []any {
	return []any{l.ID, l.Revision, l.BusinessNumber, l.AuthorityCode, l.RequestDigest, l.TypeCode, l.Version, l.State, l.Status, l.LicenseID, l.SealID, l.HolderRef,
		l.DataKey, l.Data, int64(l.List), int64(l.Index), int64(l.Bits), l.Unsealed, l.File, l.Entrant, l.Reviewer, l.Issuer, l.Note, l.Replaces, l.ReplacedBy,
		sqldb.Micros(l.LeaseUntil), sqldb.Micros(l.CreatedAt), sqldb.Micros(l.UpdatedAt), sqldb.Micros(l.IssuedAt), sqldb.Micros(l.StatusAt), sqldb.Micros(l.StatusUntil), l.Area, octets(l.LogSecret), l.LogCount, l.Template, l.Photo, l.PhotoKey, l.Ends}
}

// withHolders adds the holder keys of a licence.
func withHolders(ctx context.Context, q sqldb.Queryer, l elicense.License, err error) (elicense.License, error) {
	if err != nil {
		return elicense.License{}, err
	}
	rows, err := q.QueryContext(ctx, "SELECT holder_key FROM lic_holder WHERE license = $1 ORDER BY position", l.ID)
	if err != nil {
		return elicense.License{}, fmt.Errorf("licensedb: read holders: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var key string
		if err := rows.Scan(&key); err != nil {
			return elicense.License{}, fmt.Errorf("licensedb: read holders: %w", err)
		}
		l.HolderKeys = append(l.HolderKeys, key)
	}
	if err := rows.Err(); err != nil || len(l.HolderKeys) < 2 {
		return l, err
	}
	l.CoHolders, err = coHolders(ctx, q, l.ID)
	return l, err
}

// coHolders are the further accounts of a licence, in the order of their names.
func coHolders(ctx context.Context, q sqldb.Queryer, license string) ([]string, error) {
	list, err := columnOf(ctx, q, "SELECT account FROM lic_coholder WHERE license = $1 ORDER BY account", license)
	if err != nil {
		return nil, fmt.Errorf("licensedb: read co-holders: %w", err)
	}
	return list, nil
}

// columnOf reads one column of texts.
func columnOf(ctx context.Context, q sqldb.Queryer, query string, arguments ...any) ([]string, error) {
	rows, err := q.QueryContext(ctx, query, arguments...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		list = append(list, text)
	}
	return list, rows.Err()
}

func find(ctx context.Context, q sqldb.Queryer, id string) (elicense.License, error) {
	l, err := scanLicense(q.QueryRowContext(ctx, "SELECT "+columns+" FROM lic_license WHERE id = $1", id))
	return withHolders(ctx, q, l, err)
}

var insertLicense = "INSERT INTO lic_license (" + columns + ") VALUES (" + placeholders(38) + ") ON CONFLICT (authority_code, business_number) DO NOTHING"

func placeholders(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = "$" + strconv.Itoa(i+1)
	}
	return strings.Join(list, ", ")
}

// Create implements elicense.Licenses.
func (s *Store) Create(ctx context.Context, l elicense.License, record audit.Record) (stored elicense.License, created bool, err error) {
	l.Revision = 1
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		var err error
		if created, err = sqldb.ExecOne(ctx, tx, insertLicense, values(l)...); err != nil {
			return err
		}
		if !created {
			there, err := scanLicense(tx.QueryRowContext(ctx, "SELECT "+columns+" FROM lic_license WHERE authority_code = $1 AND business_number = $2", l.AuthorityCode, l.BusinessNumber))
			stored, err = withHolders(ctx, tx, there, err)
			return err
		}
		if err := insertHolders(ctx, tx, l); err != nil {
			return err
		}
		if err := auditdb.Append(ctx, tx, record); err != nil {
			return err
		}
		stored, err = find(ctx, tx, l.ID)
		return err
	})
	if err != nil {
		return elicense.License{}, false, fmt.Errorf("licensedb: create licence: %w", err)
	}
	return stored, created, nil
}

func insertHolders(ctx context.Context, tx sqldb.Tx, l elicense.License) error {
	for i, key := range l.HolderKeys {
		if _, err := tx.ExecContext(ctx, "INSERT INTO lic_holder (license, holder_key, position) VALUES ($1, $2, $3)", l.ID, key, i); err != nil {
			return err
		}
	}
	return nil
}

// Find implements elicense.Licenses.
func (s *Store) Find(ctx context.Context, id string) (elicense.License, error) {
	return find(ctx, s.db.Read(), id)
}

// FindByLicenseID implements elicense.Licenses.
func (s *Store) FindByLicenseID(ctx context.Context, licenseID string) (elicense.License, error) {
	if licenseID == "" {
		return elicense.License{}, elicense.ErrNotFound
	}
	q := s.db.Read()
	l, err := scanLicense(q.QueryRowContext(ctx, "SELECT "+columns+" FROM lic_license WHERE license_id = $1 AND license_id <> ''", licenseID))
	return withHolders(ctx, q, l, err)
}

// FindByLicenseIDs implements elicense.Licenses.
func (s *Store) FindByLicenseIDs(ctx context.Context, licenseIDs []string) ([]elicense.License, error) {
	if len(licenseIDs) == 0 {
		return nil, nil
	}
	within, arguments := oneOf(licenseIDs)
	return s.query(ctx, "SELECT "+columns+" FROM lic_license WHERE license_id <> '' AND license_id "+within, arguments...)
}

// FindHeld implements elicense.Licenses.
func (s *Store) FindHeld(ctx context.Context, holderKeys []string, typeCode string, limit int) ([]elicense.License, error) {
	if len(holderKeys) == 0 {
		return nil, nil
	}
	within, arguments := oneOf(holderKeys, typeCode, string(elicense.StateActive), limit)
	return s.query(ctx, "SELECT "+columns+" FROM lic_license WHERE type_code = $1 AND state = $2 AND id IN (SELECT license FROM lic_holder WHERE holder_key "+within+") ORDER BY issued_at DESC, id DESC LIMIT $3", arguments...)
}

// Renewals implements elicense.Licenses.
func (s *Store) Renewals(ctx context.Context, license string, limit int) ([]elicense.License, error) {
	return s.query(ctx, "SELECT "+columns+" FROM lic_license WHERE replaces = $1 AND replaces <> '' ORDER BY created_at, id LIMIT $2", license, limit)
}

// oneOf is the condition that a column is one of the texts, with its arguments behind those that are there.
func oneOf(texts []string, arguments ...any) (condition string, all []any) {
	marks := make([]string, len(texts))
	for i, text := range texts {
		arguments = append(arguments, text)
		marks[i] = "$" + strconv.Itoa(len(arguments))
	}
	return "IN (" + strings.Join(marks, ", ") + ")", arguments
}

// List implements elicense.Licenses.
func (s *Store) List(ctx context.Context, f elicense.Filter) (page []elicense.License, next string, err error) {
	var conditions []string
	var arguments []any
	add := func(condition string, values ...any) {
		for _, value := range values {
			arguments = append(arguments, value)
			condition = strings.Replace(condition, "?", "$"+strconv.Itoa(len(arguments)), 1)
		}
		conditions = append(conditions, condition)
	}
	for _, equal := range []struct{ column, value string }{{"state", f.State}, {"status", f.Status}, {"type_code", f.TypeCode}, {"authority_code", f.AuthorityCode}} {
		if equal.value != "" {
			add(equal.column+" = ?", equal.value)
		}
	}
	if f.HolderRef != "" { // two indexes, which OR would not use
		add("id IN (SELECT id FROM lic_license WHERE holder_ref = ? AND holder_ref <> '' UNION ALL SELECT license FROM lic_coholder WHERE account = ?)", f.HolderRef, f.HolderRef)
	}
	if f.Areas != nil {
		var within string
		within, arguments = sqldb.Below("area", f.Areas, arguments...)
		conditions = append(conditions, within)
	}
	if f.Division != "" {
		add("authority_code LIKE ?", divisionPattern(f.Division))
	}
	if !f.IssuedFrom.IsZero() || !f.IssuedTill.IsZero() {
		add("issued_at > 0 AND issued_at >= ? AND issued_at < ?", sqldb.Micros(f.IssuedFrom), sqldb.Micros(f.IssuedTill))
	}
	if f.EndsFrom > 0 || f.EndsTill > 0 {
		add("ends >= ? AND ends <= ?", f.EndsFrom, f.EndsTill)
	}
	if f.ValidOn > 0 {
		add("(ends <= 0 OR ends >= ?)", f.ValidOn)
	}
	if f.After != "" {
		at, id, ok := strings.Cut(f.After, ".")
		micros, err := strconv.ParseInt(at, 10, 64)
		if !ok || err != nil {
			return nil, "", elicense.ErrNotFound
		}
		add("(created_at < ? OR created_at = ? AND id < ?)", micros, micros, id)
	}
	query := "SELECT " + columns + " FROM lic_license"
	if len(conditions) > 0 {
		query += " WHERE " + strings.Join(conditions, " AND ")
	}
	arguments = append(arguments, f.Limit+1)
	page, err = s.query(ctx, query+" ORDER BY created_at DESC, id DESC LIMIT $"+strconv.Itoa(len(arguments)), arguments...)
	if err != nil {
		return nil, "", err
	}
	if len(page) > f.Limit {
		page = page[:f.Limit]
		next = elicense.Cursor(page[len(page)-1])
	}
	return page, next, nil
}

// MoveAuthority gives the licences of an authority another area. Their revision rises, so that a change that read them before runs
// again on what is there.
func (s *Store) MoveAuthority(ctx context.Context, code, area string, record audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		result, err := tx.ExecContext(ctx, "UPDATE lic_license SET area = $2, revision = revision + 1 WHERE authority_code = $1 AND area <> $2", code, area)
		if err != nil {
			return err
		}
		moved, err := result.RowsAffected()
		if err != nil {
			return err
		}
		imported, err := importsFollow(ctx, tx, "area = $2 WHERE authority_code = $1 AND area <> $2", code, area)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE lic_verified SET area = $2 WHERE authority_code = $1 AND area <> $2", code, area); err != nil {
			return err
		}
		if result, err = tx.ExecContext(ctx, "UPDATE lic_batch SET area = $2, revision = revision + 1 WHERE authority_code = $1 AND area <> $2", code, area); err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n+moved+imported == 0 {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
}

// query reads licences without their holder keys, which lists do not need.
func (s *Store) query(ctx context.Context, query string, arguments ...any) ([]elicense.License, error) {
	rows, err := s.db.Read().QueryContext(ctx, query, arguments...)
	if err != nil {
		return nil, fmt.Errorf("licensedb: list licences: %w", err)
	}
	defer rows.Close()
	var list []elicense.License
	for rows.Next() {
		l, err := scanLicense(rows)
		if err != nil {
			return nil, fmt.Errorf("licensedb: list licences: %w", err)
		}
		list = append(list, l)
	}
	return list, rows.Err()
}

// updateLicense sets everything but what a licence is found by, if it is still of the revision that was read.
const updateLicense = `UPDATE lic_license SET revision = revision + 1, request_digest = $3, version = $4, state = $5, status = $6, license_id = $7, seal_id = $8,
	holder_ref = $9, data_key = $10, data = $11, list_number = $12, list_index = $13, bits = $14, unsealed = $15, file = $16, entrant = $17, reviewer = $18,
	issuer = $19, note = $20, replaces = $21, replaced_by = $22, lease_until = $23, updated_at = $24, issued_at = $25, status_at = $26, status_until = $27,
	log_secret = $28, log_count = $29, type_template = $30, photo = $31, photo_key = $32, ends = $33
	WHERE id = $1 AND revision = $2`

// Update implements elicense.Licenses. A row that somebody else changed between reading and writing is read again, up to
// five times.
func (s *Store) Update(ctx context.Context, change func([]*elicense.License) (elicense.Change, error), ids ...string) (rows []elicense.License, err error) {
	for range 5 {
		rows, err = s.updateOnce(ctx, change, ids)
		if !errors.Is(err, elicense.ErrStale) {
			break
		}
	}
	if sqldb.IsUnique(err) {
		return nil, elicense.ErrEntryTaken
	}
	if err != nil {
		return nil, err
	}
	return rows, nil
}

func (s *Store) updateOnce(ctx context.Context, change func([]*elicense.License) (elicense.Change, error), ids []string) (rows []elicense.License, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		rows = nil
		var copies []*elicense.License
		for _, id := range ids {
			l, err := find(ctx, tx, id)
			if err != nil {
				return err
			}
			copies = append(copies, &l)
		}
		done, err := change(copies)
		if err != nil {
			return err
		}
		for _, l := range copies {
			if err := store(ctx, tx, *l); err != nil {
				return err
			}
			l.Revision++
			rows = append(rows, *l)
		}
		for i, e := range done.Events {
			if err := insertEvent(ctx, tx, e, i); err != nil {
				return err
			}
		}
		if err := enqueue(ctx, tx, elicense.LogMain, done.Log); err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, done.Record)
	})
	return rows, err
}

func store(ctx context.Context, tx sqldb.Tx, l elicense.License) error {
	changed, err := sqldb.ExecOne(ctx, tx, updateLicense, l.ID, l.Revision, l.RequestDigest, l.Version, l.State, l.Status, l.LicenseID, l.SealID,
		l.HolderRef, l.DataKey, l.Data, int64(l.List), int64(l.Index), int64(l.Bits), l.Unsealed, l.File, l.Entrant, l.Reviewer,
		l.Issuer, l.Note, l.Replaces, l.ReplacedBy, sqldb.Micros(l.LeaseUntil), sqldb.Micros(l.UpdatedAt), sqldb.Micros(l.IssuedAt), sqldb.Micros(l.StatusAt), sqldb.Micros(l.StatusUntil),
		octets(l.LogSecret), l.LogCount, l.Template, l.Photo, l.PhotoKey, l.Ends)
	if err != nil {
		return err
	}
	if !changed {
		return elicense.ErrStale
	}
	if l.State == elicense.StateMade {
		switch _, err := findImport(ctx, tx, "license_id", l.LicenseID); {
		case err == nil:
			return elicense.ErrEntryTaken
		case !errors.Is(err, elicense.ErrNotFound):
			return err
		}
	}
	before, err := withHolders(ctx, tx, elicense.License{ID: l.ID}, nil)
	if err != nil || slices.Equal(before.HolderKeys, l.HolderKeys) {
		return err
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM lic_holder WHERE license = $1", l.ID); err != nil {
		return err
	}
	return insertHolders(ctx, tx, l)
}

func insertEvent(ctx context.Context, tx sqldb.Tx, e elicense.StatusEvent, position int) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO lic_status_event
		(license, id, position, from_status, to_status, legal_basis, decision_number, actor, effective_at, until_at, recorded_at, log_number)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		e.License, e.ID, position, e.From, e.To, e.LegalBasis, e.DecisionNumber, e.Actor, sqldb.Micros(e.EffectiveAt), sqldb.Micros(e.Until), sqldb.Micros(e.RecordedAt), e.LogNumber)
	return err
}

// Unfinished implements elicense.Licenses.
func (s *Store) Unfinished(ctx context.Context, now time.Time, limit int) ([]elicense.License, error) {
	return s.query(ctx, "SELECT "+columns+" FROM lic_license WHERE lease_until > 0 AND lease_until <= $1 AND state IN ($2, $3, $4) ORDER BY lease_until LIMIT $5",
		sqldb.Micros(now), elicense.StateApproved, elicense.StateMade, elicense.StateSealed, limit)
}

// Due implements elicense.Licenses.
func (s *Store) Due(ctx context.Context, now time.Time, limit int) ([]elicense.License, error) {
	return s.query(ctx, "SELECT "+columns+" FROM lic_license WHERE status_until > 0 AND status_until <= $1 AND state = $2 ORDER BY status_until LIMIT $3",
		sqldb.Micros(now), elicense.StateActive, limit)
}

// Bind implements elicense.Licenses.
func (s *Store) Bind(ctx context.Context, holderKey, holderRef string, record audit.Record) (n int, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		joined, err := affected(tx.ExecContext(ctx, `INSERT INTO lic_coholder (license, account) SELECT l.id, $1 FROM lic_license l
			WHERE l.holder_ref <> '' AND l.holder_ref <> $1 AND l.id IN (SELECT license FROM lic_holder WHERE holder_key = $2) AND (SELECT COUNT(*) FROM lic_holder h WHERE h.license = l.id) > 1
			ON CONFLICT (license, account) DO NOTHING`, holderRef, holderKey))
		if err != nil {
			return err
		}
		changed, err := affected(tx.ExecContext(ctx, `UPDATE lic_license SET holder_ref = $1, revision = revision + 1
			WHERE holder_ref = '' AND id IN (SELECT license FROM lic_holder WHERE holder_key = $2)`, holderRef, holderKey))
		if err != nil {
			return err
		}
		if changed > 0 {
			if err := holdersOnce(ctx, tx, holderRef); err != nil {
				return err
			}
		}
		imported, err := importsFollow(ctx, tx, "holder_ref = $1 WHERE holder_ref = '' AND id IN (SELECT license FROM lic_holder WHERE holder_key = $2)", holderRef, holderKey)
		if n = int(joined + changed + imported); err != nil || n == 0 {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
	return n, err
}

// affected is how many rows a statement changed.
func affected(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// holdersOnce takes an account from the co-holders of licences that it holds in the first place.
func holdersOnce(ctx context.Context, tx sqldb.Tx, holderRef string) error {
	_, err := tx.ExecContext(ctx, "DELETE FROM lic_coholder WHERE account = $1 AND license IN (SELECT id FROM lic_license WHERE holder_ref = $1)", holderRef)
	return err
}

// followCoHolders gives what an account holds and is asked as a co-owner to another one; how many licences.
func followCoHolders(ctx context.Context, tx sqldb.Tx, from, to string) (int64, error) {
	if _, err := tx.ExecContext(ctx, "INSERT INTO lic_coholder (license, account) SELECT license, $2 FROM lic_coholder WHERE account = $1 ON CONFLICT (license, account) DO NOTHING", from, to); err != nil {
		return 0, err
	}
	n, err := affected(tx.ExecContext(ctx, "DELETE FROM lic_coholder WHERE account = $1", from))
	if err != nil || n == 0 {
		return n, err
	}
	if err := holdersOnce(ctx, tx, to); err != nil {
		return n, err
	}
	_, err = tx.ExecContext(ctx, "UPDATE lic_consent SET account = $2 WHERE account = $1 AND grant_id NOT IN (SELECT grant_id FROM lic_consent WHERE account = $2)", from, to)
	return n, err
}

// unbindCoHolder forgets an account as a co-owner: what it agreed to ends, and what waits for it comes to nothing with its time.
func unbindCoHolder(ctx context.Context, tx sqldb.Tx, holderRef string) (int64, error) {
	for _, statement := range []string{
		"UPDATE lic_use_grant SET revoked_at = created_at WHERE revoked_at = 0 AND id IN (SELECT grant_id FROM lic_consent WHERE account = $1 AND answer = 'agreed')",
		"DELETE FROM lic_consent WHERE account = $1 OR grant_id IN (SELECT id FROM lic_use_grant WHERE holder_ref = $1)",
	} {
		if _, err := tx.ExecContext(ctx, statement, holderRef); err != nil {
			return 0, err
		}
	}
	return affected(tx.ExecContext(ctx, "DELETE FROM lic_coholder WHERE account = $1", holderRef))
}

// Follow implements elicense.Licenses.
func (s *Store) Follow(ctx context.Context, from, to string, record audit.Record) (n int, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		result, err := tx.ExecContext(ctx, "UPDATE lic_license SET holder_ref = $2, revision = revision + 1 WHERE holder_ref = $1 AND holder_ref <> ''", from, to)
		if err != nil {
			return err
		}
		if from != "" {
			// One use of a licence that both held has a line on each ledger.
			if _, err := tx.ExecContext(ctx, "DELETE FROM lic_use WHERE holder_ref = $1 AND id IN (SELECT id FROM lic_use WHERE holder_ref = $2)", from, to); err != nil {
				return err
			}
			for _, table := range []string{"lic_use", "lic_use_grant", "lic_copy", "lic_paper"} {
				if _, err := tx.ExecContext(ctx, "UPDATE "+table+" SET holder_ref = $2 WHERE holder_ref = $1", from, to); err != nil {
					return err
				}
			}
			if err := followFreezes(ctx, tx, from, to); err != nil {
				return err
			}
		}
		changed, err := result.RowsAffected()
		if err != nil {
			return err
		}
		if from != "" {
			joined, err := followCoHolders(ctx, tx, from, to)
			if err != nil {
				return err
			}
			changed += joined
		}
		imported, err := importsFollow(ctx, tx, "holder_ref = $2 WHERE holder_ref = $1 AND holder_ref <> ''", from, to)
		if n = int(changed + imported); err != nil || n == 0 {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
	return n, err
}

// Unbind implements elicense.Licenses.
func (s *Store) Unbind(ctx context.Context, holderRef string, record audit.Record) (n int, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		result, err := tx.ExecContext(ctx, "UPDATE lic_license SET holder_ref = '', revision = revision + 1 WHERE holder_ref = $1 AND holder_ref <> ''", holderRef)
		if err != nil {
			return err
		}
		changed, err := result.RowsAffected()
		if err != nil {
			return err
		}
		imported, err := importsFollow(ctx, tx, "holder_ref = '' WHERE holder_ref = $1 AND holder_ref <> ''", holderRef)
		if err != nil {
			return err
		}
		n = int(changed + imported)
		if holderRef != "" {
			left, err := unbindCoHolder(ctx, tx, holderRef)
			if err != nil {
				return err
			}
			n += int(left)
		}
		for _, statement := range []string{"DELETE FROM lic_use WHERE holder_ref = $1 AND holder_ref <> ''", "DELETE FROM lic_use_grant WHERE holder_ref = $1 AND holder_ref <> ''", "DELETE FROM lic_freeze WHERE holder_ref = $1",
			"UPDATE lic_copy SET holder_ref = '' WHERE holder_ref = $1 AND holder_ref <> ''"} { // a copy is out, and its code must go on leading somewhere
			if _, err := tx.ExecContext(ctx, statement, holderRef); err != nil {
				return err
			}
		}
		// Papers are out as well: they are withdrawn, and nobody is left who would be told when.
		withdrawn, err := tx.ExecContext(ctx, "UPDATE lic_paper SET holder_ref = '', withdrawn_at = CASE WHEN withdrawn_at = 0 THEN issued_at ELSE withdrawn_at END WHERE holder_ref = $1 AND holder_ref <> ''", holderRef)
		if err != nil {
			return err
		}
		papers, err := withdrawn.RowsAffected()
		if err != nil {
			return err
		}
		dropped, err := tx.ExecContext(ctx, "DELETE FROM lic_presentation WHERE holder_ref = $1", holderRef)
		if err != nil {
			return err
		}
		if gone, err := dropped.RowsAffected(); err != nil || n == 0 && gone+papers == 0 {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
	return n, err
}

// Note implements elicense.Licenses.
func (s *Store) Note(ctx context.Context, record audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error { return auditdb.Append(ctx, tx, record) })
}

// Events implements elicense.Licenses.
func (s *Store) Events(ctx context.Context, id, after string, limit int) ([]elicense.StatusEvent, error) {
	query, args := "", []any{id, limit}
	if after != "" {
		query = " AND (recorded_at, position, id) < (SELECT recorded_at, position, id FROM lic_status_event WHERE license = $1 AND id = $3)"
		args = append(args, after)
	}
	rows, err := s.db.Read().QueryContext(ctx, `SELECT license, id, from_status, to_status, legal_basis, decision_number, actor, effective_at, until_at, recorded_at, log_number
		FROM lic_status_event WHERE license = $1`+query+` ORDER BY recorded_at DESC, position DESC, id DESC LIMIT $2`, args...)
	if err != nil {
		return nil, fmt.Errorf("licensedb: list events: %w", err)
	}
	defer rows.Close()
	var list []elicense.StatusEvent
	for rows.Next() {
		var e elicense.StatusEvent
		var effective, until, recorded int64
		if err := rows.Scan(&e.License, &e.ID, &e.From, &e.To, &e.LegalBasis, &e.DecisionNumber, &e.Actor, &effective, &until, &recorded, &e.LogNumber); err != nil {
			return nil, fmt.Errorf("licensedb: list events: %w", err)
		}
		e.EffectiveAt, e.Until, e.RecordedAt = sqldb.Time(effective), sqldb.Time(until), sqldb.Time(recorded)
		list = append(list, e)
	}
	return list, rows.Err()
}

// notFound turns "no rows" into the domain's word.
func notFound(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return elicense.ErrNotFound
	}
	return err
}

// Documents gives those of the addresses of documents that licences name.
func (st *Store) Documents(ctx context.Context, addresses []string) ([]string, error) {
	var args []any
	var marks []string
	for i, address := range addresses {
		args, marks = append(args, address), append(marks, fmt.Sprintf("$%d", i+1))
	}
	if len(args) == 0 {
		return nil, nil
	}
	these := "(" + strings.Join(marks, ", ") + ")"
	rows, err := st.db.Read().QueryContext(ctx, "SELECT unsealed FROM lic_license WHERE unsealed IN "+these+" UNION SELECT file FROM lic_license WHERE file IN "+these, args...)
	if err != nil {
		return nil, fmt.Errorf("licensedb: list documents: %w", err)
	}
	defer rows.Close()
	var found []string
	for rows.Next() {
		var address string
		if err := rows.Scan(&address); err != nil {
			return nil, fmt.Errorf("licensedb: list documents: %w", err)
		}
		found = append(found, address)
	}
	return found, rows.Err()
}
