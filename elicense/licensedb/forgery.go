package licensedb

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/forgery"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// Forgeries implements forgery.Store.
type Forgeries struct{ db *sqldb.DB }

// NewForgeries returns the store of a database.
func NewForgeries(db *sqldb.DB) *Forgeries { return &Forgeries{db: db} }

const forgeryColumns = `id, version, open_key, state, decision, kind, object, identifier, department, area, sm3, told, own, file, reports, taken_by, decided_by, words,
	note_key, note, duplicate_of, created_at, last_at, decided_at, erase_at`

// openKey is the key under which a case takes in further reports: none once it is decided.
func openKey(c forgery.Case) string {
	if c.State == forgery.Decided {
		return ""
	}
	return c.Key
}

func scanForgery(row scanner) (c forgery.Case, err error) {
	var created, last, decided, erase int64
	err = row.Scan(&c.ID, &c.Version, &c.Key, &c.State, &c.Decision, &c.Kind, &c.Object, &c.Identifier, &c.Department, &c.Area, &c.SM3, &c.Told, &c.Own, &c.File, &c.Count, &c.TakenBy, &c.DecidedBy, &c.Words,
		&c.Note.Key, &c.Note.Octet, &c.DuplicateOf, &created, &last, &decided, &erase)
	c.CreatedAt, c.LastAt, c.DecidedAt, c.EraseAt = sqldb.Time(created), sqldb.Time(last), sqldb.Time(decided), sqldb.Time(erase)
	return c, forgeryNotFound(err)
}

func forgeryValues(c forgery.Case) []any {
	return []any{c.ID, c.Version, openKey(c), string(c.State), string(c.Decision), string(c.Kind), c.Object, c.Identifier, c.Department, c.Area, c.SM3, c.Told, c.Own, c.File, c.Count, c.TakenBy, c.DecidedBy, c.Words,
		c.Note.Key, octets(c.Note.Octet), c.DuplicateOf, sqldb.Micros(c.CreatedAt), sqldb.Micros(c.LastAt), sqldb.Micros(c.DecidedAt), sqldb.Micros(c.EraseAt)}
}

// octets are never NULL.
func octets(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

func forgeryNotFound(err error) error {
	if errors.Is(err, sqldb.ErrNoRows) {
		return forgery.ErrNotFound
	}
	return err
}

// receiveTries is how many others may open a case of the same key at the same moment.
const receiveTries = 8

// Receive implements forgery.Store. The open case is locked by its first change, so that reports of one moment are all counted.
func (s *Forgeries) Receive(ctx context.Context, key string, t forgery.Telling, apply func(open *forgery.Case) (forgery.Case, audit.Record, error)) (c forgery.Case, err error) {
	for range receiveTries {
		err = s.db.Write(ctx, func(tx sqldb.Tx) (err error) {
			c, err = receive(ctx, tx, key, t, apply)
			return err
		})
		if !sqldb.IsUnique(err) {
			break
		}
	}
	return c, err
}

func receive(ctx context.Context, tx sqldb.Tx, key string, t forgery.Telling, apply func(open *forgery.Case) (forgery.Case, audit.Record, error)) (c forgery.Case, err error) {
	open, err := scanForgery(tx.QueryRowContext(ctx, "UPDATE lic_forgery SET version = version + 1 WHERE open_key = $1 AND open_key <> '' RETURNING "+forgeryColumns, key))
	fresh := errors.Is(err, forgery.ErrNotFound)
	if err != nil && !fresh {
		return c, err
	}
	before := &open
	if fresh {
		before = nil
	}
	c, record, err := apply(before)
	if err != nil {
		return c, err
	}
	if fresh {
		if _, err := tx.ExecContext(ctx, "INSERT INTO lic_forgery ("+forgeryColumns+") VALUES ("+placeholders(25)+")", forgeryValues(c)...); err != nil {
			return c, err
		}
	} else if err := putForgery(ctx, tx, c, open.Version); err != nil {
		return c, err
	}
	if c.File != open.File {
		if taken, err := sqldb.ExecOne(ctx, tx, "UPDATE lic_forgery_file SET case_id = $2 WHERE id = $1 AND case_id = ''", c.File, c.ID); err != nil || !taken {
			return c, errors.Join(err, forgeryStale(taken))
		}
	}
	t.Case = c.ID
	if err := insertTelling(ctx, tx, t); err != nil {
		return c, err
	}
	return c, auditdb.Append(ctx, tx, record)
}

func forgeryStale(done bool) error {
	if done {
		return nil
	}
	return forgery.ErrStale
}

// putForgery stores a case whose version is still the one given.
func putForgery(ctx context.Context, tx sqldb.Tx, c forgery.Case, version int64) error {
	changed, err := sqldb.ExecOne(ctx, tx, `UPDATE lic_forgery SET version = version + 1, open_key = $3, state = $4, decision = $5, kind = $6, object = $7, identifier = $8, department = $9, area = $10,
		told = $11, own = $12, file = $13, reports = $14, taken_by = $15, decided_by = $16, words = $17, note_key = $18, note = $19, duplicate_of = $20, last_at = $21, decided_at = $22, erase_at = $23
		WHERE id = $1 AND version = $2`,
		c.ID, version, openKey(c), string(c.State), string(c.Decision), string(c.Kind), c.Object, c.Identifier, c.Department, c.Area,
		c.Told, c.Own, c.File, c.Count, c.TakenBy, c.DecidedBy, c.Words, c.Note.Key, octets(c.Note.Octet), c.DuplicateOf, sqldb.Micros(c.LastAt), sqldb.Micros(c.DecidedAt), sqldb.Micros(c.EraseAt))
	if err != nil {
		return err
	}
	return forgeryStale(changed)
}

const tellingColumns = "case_id, id, receipt, told, locale, said_key, said, contact_key, contact, reach, joined, made_at, told_at"

// insertTelling leaves the contact out where another telling of the case has it.
func insertTelling(ctx context.Context, tx sqldb.Tx, t forgery.Telling) error {
	if t.Reach != "" {
		var there int
		if err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM lic_forgery_telling WHERE case_id = $1 AND reach = $2", t.Case, t.Reach).Scan(&there); err != nil {
			return err
		}
		if there > 0 {
			t.Reach, t.Contact = "", forgery.Sealed{}
		}
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO lic_forgery_telling ("+tellingColumns+") VALUES ("+placeholders(13)+")",
		t.Case, t.ID, t.Receipt, t.Told, t.Locale, t.Said.Key, octets(t.Said.Octet), t.Contact.Key, octets(t.Contact.Octet), t.Reach, t.Joined, sqldb.Micros(t.At), sqldb.Micros(t.ToldAt))
	return err
}

func scanTelling(row scanner) (t forgery.Telling, err error) {
	var at, told int64
	err = row.Scan(&t.Case, &t.ID, &t.Receipt, &t.Told, &t.Locale, &t.Said.Key, &t.Said.Octet, &t.Contact.Key, &t.Contact.Octet, &t.Reach, &t.Joined, &at, &told)
	t.At, t.ToldAt = sqldb.Time(at), sqldb.Time(told)
	return t, forgeryNotFound(err)
}

// ByReceipt implements forgery.Store.
func (s *Forgeries) ByReceipt(ctx context.Context, receipt string) (c forgery.Case, t forgery.Telling, err error) {
	t, err = scanTelling(s.db.Read().QueryRowContext(ctx, "SELECT "+tellingColumns+" FROM lic_forgery_telling WHERE receipt = $1", receipt))
	if err == nil {
		c, err = s.Find(ctx, t.Case)
	}
	return c, t, err
}

// Find implements forgery.Store.
func (s *Forgeries) Find(ctx context.Context, id string) (forgery.Case, error) {
	return scanForgery(s.db.Read().QueryRowContext(ctx, "SELECT "+forgeryColumns+" FROM lic_forgery WHERE id = $1", id))
}

// Telling implements forgery.Store.
func (s *Forgeries) Telling(ctx context.Context, caseID, id string) (forgery.Telling, error) {
	return scanTelling(s.db.Read().QueryRowContext(ctx, "SELECT "+tellingColumns+" FROM lic_forgery_telling WHERE case_id = $1 AND id = $2", caseID, id))
}

// List implements forgery.Store.
func (s *Forgeries) List(ctx context.Context, f forgery.Filter) ([]forgery.Case, error) {
	var all, either []string
	var args []any
	arg := func(value any) string {
		args = append(args, value)
		return "$" + strconv.Itoa(len(args))
	}
	for _, scope := range f.Scopes {
		var kinds []string
		for _, kind := range scope.Kinds {
			kinds = append(kinds, arg(string(kind)))
		}
		var within string
		within, args = sqldb.Below("area", scope.Areas, args...)
		either = append(either, "(kind IN ("+strings.Join(kinds, ", ")+") AND "+within+")")
	}
	if len(either) == 0 {
		return nil, nil
	}
	all = append(all, "("+strings.Join(either, " OR ")+")")
	if f.State != "" {
		all = append(all, "state = "+arg(string(f.State)))
	}
	if f.Like != nil {
		all = append(all, fmt.Sprintf("id <> %s AND (sm3 <> '' AND sm3 = %s OR identifier <> '' AND identifier = %s)", arg(f.Like.ID), arg(f.Like.SM3), arg(f.Like.Identifier)))
	}
	if f.After != "" {
		at, id, err := forgery.ReadCursor(f.After)
		if err != nil {
			return nil, forgery.ErrNotFound
		}
		before := arg(at)
		all = append(all, fmt.Sprintf("(created_at < %s OR created_at = %s AND id < %s)", before, before, arg(id)))
	}
	return s.cases(ctx, "SELECT "+forgeryColumns+" FROM lic_forgery WHERE "+strings.Join(all, " AND ")+" ORDER BY created_at DESC, id DESC LIMIT "+arg(f.Limit), args...)
}

func (s *Forgeries) cases(ctx context.Context, query string, args ...any) (list []forgery.Case, err error) {
	rows, err := s.db.Read().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("licensedb: list cases of forgery: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		c, err := scanForgery(rows)
		if err != nil {
			return nil, fmt.Errorf("licensedb: list cases of forgery: %w", err)
		}
		list = append(list, c)
	}
	return list, rows.Err()
}

func (s *Forgeries) tellings(ctx context.Context, query string, args ...any) (list []forgery.Telling, err error) {
	rows, err := s.db.Read().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("licensedb: list reports of forgery: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		t, err := scanTelling(rows)
		if err != nil {
			return nil, fmt.Errorf("licensedb: list reports of forgery: %w", err)
		}
		list = append(list, t)
	}
	return list, rows.Err()
}

// Tellings implements forgery.Store.
func (s *Forgeries) Tellings(ctx context.Context, caseID, after string, limit int) ([]forgery.Telling, error) {
	query, args := "", []any{caseID, limit}
	if after != "" {
		at, id, err := forgery.ReadCursor(after)
		if err != nil {
			return nil, forgery.ErrNotFound
		}
		query, args = " AND (made_at < $3 OR made_at = $3 AND id < $4)", append(args, at, id)
	}
	return s.tellings(ctx, "SELECT "+tellingColumns+" FROM lic_forgery_telling WHERE case_id = $1"+query+" ORDER BY made_at DESC, id DESC LIMIT $2", args...)
}

// Untold implements forgery.Store.
func (s *Forgeries) Untold(ctx context.Context, caseID string, limit int) ([]forgery.Telling, error) {
	return s.tellings(ctx, "SELECT "+tellingColumns+" FROM lic_forgery_telling WHERE case_id = $1 AND contact_key <> '' AND told_at = 0 ORDER BY made_at, id LIMIT $2", caseID, limit)
}

// Due implements forgery.Store.
func (s *Forgeries) Due(ctx context.Context, now time.Time, limit int) ([]forgery.Case, error) {
	return s.cases(ctx, "SELECT "+forgeryColumns+" FROM lic_forgery WHERE erase_at > 0 AND erase_at <= $1 ORDER BY erase_at LIMIT $2", sqldb.Micros(now), limit)
}
