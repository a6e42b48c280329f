package licensedb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// countUse counts a use on its line, unless a freeze stops it; one without a holder has none.
func countUse(ctx context.Context, tx sqldb.Tx, u elicense.Use) error {
	if u.HolderRef == "" {
		return nil
	}
	if u.Kind.Freezable() {
		if err := mayUse(ctx, tx, u.HolderRef, u.License); err != nil {
			return err
		}
	}
	return countLine(ctx, tx, u, "")
}

// countLine counts a use that may be; withheld is the grant until which is told the holder does not see the line, empty for a line that is seen.
func countLine(ctx context.Context, tx sqldb.Tx, u elicense.Use, withheld string) error {
	if u.HolderRef == "" {
		return nil
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO lic_use (holder_ref, id, license, license_id, type_code, kind, fields, receiver, seen, first_at, last_at, withheld, agent) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
		ON CONFLICT (holder_ref, id) DO UPDATE SET seen = lic_use.seen + $9, last_at = CASE WHEN lic_use.last_at < $11 THEN $11 ELSE lic_use.last_at END`,
		u.HolderRef, u.ID, u.License, u.LicenseID, u.TypeCode, string(u.Kind), strings.Join(u.Fields, " "), u.Receiver, u.Count, sqldb.Micros(u.First), sqldb.Micros(u.Last), withheld, u.Agent)
	return err
}

// NoteUse implements elicense.Uses. Lines are taken in one order by all callers.
func (s *Store) NoteUse(ctx context.Context, uses []elicense.Use, record audit.Record) error {
	uses = slices.SortedFunc(slices.Values(uses), func(a, b elicense.Use) int {
		return cmp.Or(strings.Compare(a.HolderRef, b.HolderRef), strings.Compare(a.ID, b.ID))
	})
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		for _, u := range uses {
			if err := countUse(ctx, tx, u); err != nil {
				return err
			}
		}
		return auditdb.Append(ctx, tx, record)
	})
}

const useColumns = "holder_ref, id, license, license_id, type_code, kind, fields, receiver, seen, first_at, last_at, agent"

func scanUse(row interface{ Scan(...any) error }) (elicense.Use, error) {
	var u elicense.Use
	var fields string
	var first, last int64
	err := row.Scan(&u.HolderRef, &u.ID, &u.License, &u.LicenseID, &u.TypeCode, &u.Kind, &fields, &u.Receiver, &u.Count, &first, &last, &u.Agent)
	u.Fields, u.First, u.Last = strings.Fields(fields), sqldb.Time(first), sqldb.Time(last)
	return u, err
}

// ListUses implements elicense.Uses.
func (s *Store) ListUses(ctx context.Context, q elicense.UseQuery) ([]elicense.Use, error) {
	behind := int64(math.MaxInt64)
	if !q.Behind.IsZero() {
		behind = sqldb.Micros(q.Behind)
	}
	rows, err := s.db.Read().QueryContext(ctx, "SELECT "+useColumns+` FROM lic_use WHERE holder_ref = $1 AND withheld = '' AND ($2 = '' OR receiver = $2) AND first_at >= $3 AND first_at < $4
		AND (first_at < $5 OR (first_at = $5 AND id > $6)) ORDER BY first_at DESC, id LIMIT $7`, q.HolderRef, q.Receiver, sqldb.Micros(q.Since), sqldb.Micros(q.Till), behind, q.BehindID, q.Limit)
	if err != nil {
		return nil, fmt.Errorf("licensedb: list uses: %w", err)
	}
	defer rows.Close()
	var list []elicense.Use
	for rows.Next() {
		u, err := scanUse(rows)
		if err != nil {
			return nil, fmt.Errorf("licensedb: list uses: %w", err)
		}
		list = append(list, u)
	}
	return list, rows.Err()
}

// FindUse implements elicense.Uses.
func (s *Store) FindUse(ctx context.Context, holderRef, id string) (elicense.Use, error) {
	u, err := scanUse(s.db.Read().QueryRowContext(ctx, "SELECT "+useColumns+" FROM lic_use WHERE holder_ref = $1 AND id = $2 AND withheld = ''", holderRef, id))
	if errors.Is(err, sqldb.ErrNoRows) {
		return u, elicense.ErrNotFound
	}
	return u, err
}

// UseReceivers implements elicense.Uses.
func (s *Store) UseReceivers(ctx context.Context, holderRef string, limit int) ([]string, error) {
	return s.texts(ctx, "SELECT DISTINCT receiver FROM lic_use WHERE holder_ref = $1 AND withheld = '' ORDER BY receiver LIMIT $2", holderRef, limit)
}

// texts reads one column of texts.
func (s *Store) texts(ctx context.Context, query string, arguments ...any) ([]string, error) {
	list, err := columnOf(ctx, s.db.Read(), query, arguments...)
	if err != nil {
		return nil, fmt.Errorf("licensedb: list texts: %w", err)
	}
	return list, nil
}

// DropUses implements elicense.Uses.
func (s *Store) DropUses(ctx context.Context, before time.Time, limit int) (n int, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		done, err := tx.ExecContext(ctx, "DELETE FROM lic_use WHERE (holder_ref, id) IN (SELECT holder_ref, id FROM lic_use WHERE last_at < $1 ORDER BY last_at LIMIT $2)", sqldb.Micros(before), limit)
		if err != nil {
			return err
		}
		gone, err := done.RowsAffected()
		n = int(gone)
		return err
	})
	return n, err
}
