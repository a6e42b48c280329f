package licensedb

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// AddRegion implements elicense.Regions: one that was removed comes back with a package at least as new.
func (s *Store) AddRegion(ctx context.Context, r elicense.Region, content []byte, record audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		done, err := sqldb.ExecOne(ctx, tx, `INSERT INTO lic_region (uri, fetch_url, root, divisions, publisher, number, content, issued_at, next_update, taken_at, asked_at, problem, added_at, removed_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '', $12, 0)
			ON CONFLICT (uri) DO UPDATE SET fetch_url = excluded.fetch_url, root = excluded.root, divisions = excluded.divisions, publisher = excluded.publisher, number = excluded.number, content = excluded.content,
			issued_at = excluded.issued_at, next_update = excluded.next_update, taken_at = excluded.taken_at, asked_at = excluded.asked_at, problem = '', added_at = excluded.added_at, removed_at = 0
			WHERE lic_region.removed_at > 0 AND lic_region.number <= excluded.number`,
			r.URI, r.Fetch, r.Root, strings.Join(r.Divisions, " "), r.Publisher, int64(r.Number), content, sqldb.Micros(r.IssuedAt), sqldb.Micros(r.NextUpdate), sqldb.Micros(r.TakenAt), sqldb.Micros(r.AskedAt), sqldb.Micros(r.AddedAt))
		if err != nil {
			return err
		}
		if !done {
			return elicense.ErrStale
		}
		return auditdb.Append(ctx, tx, record)
	})
}

// Regions implements elicense.Regions.
func (s *Store) Regions(ctx context.Context) ([]elicense.Region, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT uri, fetch_url, root, divisions, publisher, number, issued_at, next_update, taken_at, asked_at, problem, added_at FROM lic_region WHERE removed_at = 0 ORDER BY uri")
	if err != nil {
		return nil, fmt.Errorf("licensedb: list regions: %w", err)
	}
	defer rows.Close()
	var all []elicense.Region
	for rows.Next() {
		var r elicense.Region
		var divisions string
		var number, issued, next, taken, asked, added int64
		if err := rows.Scan(&r.URI, &r.Fetch, &r.Root, &divisions, &r.Publisher, &number, &issued, &next, &taken, &asked, &r.Problem, &added); err != nil {
			return nil, fmt.Errorf("licensedb: list regions: %w", err)
		}
		r.Divisions, r.Number = strings.Fields(divisions), uint64(number)
		r.IssuedAt, r.NextUpdate, r.TakenAt, r.AskedAt, r.AddedAt = sqldb.Time(issued), sqldb.Time(next), sqldb.Time(taken), sqldb.Time(asked), sqldb.Time(added)
		all = append(all, r)
	}
	return all, rows.Err()
}

// RegionContent implements elicense.Regions.
func (s *Store) RegionContent(ctx context.Context, uri string) (content []byte, err error) {
	if err = s.db.Read().QueryRowContext(ctx, "SELECT content FROM lic_region WHERE uri = $1 AND removed_at = 0", uri).Scan(&content); err != nil {
		return nil, notFound(err)
	}
	return content, nil
}

// RenewRegion implements elicense.Regions.
func (s *Store) RenewRegion(ctx context.Context, r elicense.Region, content []byte, record audit.Record) (bool, error) {
	return s.changeOne(ctx, record, nil, "UPDATE lic_region SET publisher = $2, number = $3, content = $4, issued_at = $5, next_update = $6, taken_at = $7, problem = '' WHERE uri = $1 AND number < $3 AND removed_at = 0",
		r.URI, r.Publisher, int64(r.Number), content, sqldb.Micros(r.IssuedAt), sqldb.Micros(r.NextUpdate), sqldb.Micros(r.TakenAt))
}

// AskRegion implements elicense.Regions. Turns are no business state and leave no audit event.
func (s *Store) AskRegion(ctx context.Context, uri string, before, now time.Time) (mine bool, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		mine, err = sqldb.ExecOne(ctx, tx, "UPDATE lic_region SET asked_at = $3 WHERE uri = $1 AND asked_at <= $2 AND removed_at = 0", uri, sqldb.Micros(before), sqldb.Micros(now))
		return err
	})
	return mine && err == nil, err
}

// FailRegion implements elicense.Regions.
func (s *Store) FailRegion(ctx context.Context, uri, problem string) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE lic_region SET problem = $2 WHERE uri = $1", uri, problem)
		return err
	})
}

// RemoveRegion implements elicense.Regions.
func (s *Store) RemoveRegion(ctx context.Context, uri string, now time.Time, record audit.Record) (bool, error) {
	return s.changeOne(ctx, record, nil, "UPDATE lic_region SET removed_at = $2 WHERE uri = $1 AND removed_at = 0", uri, sqldb.Micros(now))
}

// AuthoritiesIn implements elicense.Regions: the third to eighth digits of a code are its division (GB 32100-2015).
func (s *Store) AuthoritiesIn(ctx context.Context, division string) ([]string, error) {
	return s.texts(ctx, "SELECT code FROM lic_authority WHERE code LIKE $1 ORDER BY code", divisionPattern(division))
}
