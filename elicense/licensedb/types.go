package licensedb

import (
	"context"
	"fmt"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

const typeColumns = "id, code, version, state, template, effective_date, files, proposed_by, proposed_at, decided_by, decided_at, reason"

func scanType(row scanner) (elicense.TypeVersion, error) {
	var v elicense.TypeVersion
	var proposed, decided int64
	err := row.Scan(&v.ID, &v.Code, &v.Version, &v.State, &v.Template, &v.EffectiveDate, &v.Files, &v.ProposedBy, &proposed, &v.DecidedBy, &decided, &v.Reason)
	v.ProposedAt, v.DecidedAt = sqldb.Time(proposed), sqldb.Time(decided)
	return v, err
}

// AddType implements elicense.Types.
func (s *Store) AddType(ctx context.Context, v elicense.TypeVersion, inUse *elicense.TypeInUse, entries []elicense.LogEntry, record audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		added, err := sqldb.ExecOne(ctx, tx, "INSERT INTO lic_type ("+typeColumns+") VALUES ("+placeholders(12)+") ON CONFLICT DO NOTHING", v.ID, v.Code, v.Version, v.State, v.Template, v.EffectiveDate,
			v.Files, v.ProposedBy, sqldb.Micros(v.ProposedAt), v.DecidedBy, sqldb.Micros(v.DecidedAt), v.Reason)
		if err != nil {
			return fmt.Errorf("licensedb: add type: %w", err)
		}
		if !added {
			return elicense.ErrStale
		}
		return s.withType(ctx, tx, v, inUse, entries, record)
	})
}

// withType stores what goes with a version that comes into use.
func (s *Store) withType(ctx context.Context, tx sqldb.Tx, v elicense.TypeVersion, inUse *elicense.TypeInUse, entries []elicense.LogEntry, record audit.Record) error {
	if inUse != nil {
		// The row of the code is where two nodes meet: the second waits for the first and finds another version than it judged beside.
		next, err := sqldb.ExecOne(ctx, tx, "INSERT INTO lic_type_newest (code, version) SELECT $1, $2 WHERE $3 = 0 OR EXISTS (SELECT 1 FROM lic_type_newest WHERE code = $1) "+
			"ON CONFLICT (code) DO UPDATE SET version = excluded.version WHERE lic_type_newest.version = $3", v.Code, v.Version, inUse.After)
		if err != nil {
			return fmt.Errorf("licensedb: newest type: %w", err)
		}
		if !next {
			return elicense.ErrStale
		}
		if err := putPublished(ctx, tx, inUse.Package); err != nil {
			return err
		}
	}
	if err := enqueue(ctx, tx, elicense.LogMain, entries); err != nil {
		return err
	}
	return auditdb.Append(ctx, tx, record)
}

// DecideType implements elicense.Types.
func (s *Store) DecideType(ctx context.Context, v elicense.TypeVersion, inUse *elicense.TypeInUse, entries []elicense.LogEntry, record audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		changed, err := sqldb.ExecOne(ctx, tx, "UPDATE lic_type SET state = $2, decided_by = $3, decided_at = $4, reason = $5 WHERE id = $1 AND state = $6",
			v.ID, v.State, v.DecidedBy, sqldb.Micros(v.DecidedAt), v.Reason, elicense.TypeProposed)
		if err != nil {
			return fmt.Errorf("licensedb: decide on type: %w", err)
		}
		if !changed {
			return elicense.ErrStale
		}
		return s.withType(ctx, tx, v, inUse, entries, record)
	})
}

// FindType implements elicense.Types.
func (s *Store) FindType(ctx context.Context, id string) (elicense.TypeVersion, error) {
	v, err := scanType(s.db.Read().QueryRowContext(ctx, "SELECT "+typeColumns+" FROM lic_type WHERE id = $1", id))
	if err != nil {
		return elicense.TypeVersion{}, notFound(err)
	}
	return v, nil
}

// TypesIn implements elicense.Types.
func (s *Store) TypesIn(ctx context.Context, state elicense.TypeState, after string, limit int) ([]elicense.TypeVersion, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT "+typeColumns+" FROM lic_type WHERE state = $1 AND id > $2 ORDER BY id LIMIT $3", state, after, limit)
	if err != nil {
		return nil, fmt.Errorf("licensedb: list types: %w", err)
	}
	defer rows.Close()
	var list []elicense.TypeVersion
	for rows.Next() {
		v, err := scanType(rows)
		if err != nil {
			return nil, fmt.Errorf("licensedb: list types: %w", err)
		}
		list = append(list, v)
	}
	return list, rows.Err()
}

// RetireType implements elicense.Types.
func (s *Store) RetireType(ctx context.Context, r elicense.TypeRetirement, record audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		added, err := sqldb.ExecOne(ctx, tx, "INSERT INTO lic_type_retired (code, version, retired_by, retired_at, reason) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING", r.Code, r.Version, r.By, sqldb.Micros(r.At), r.Reason)
		if err != nil {
			return fmt.Errorf("licensedb: retire type: %w", err)
		}
		if !added {
			return elicense.ErrStale
		}
		return auditdb.Append(ctx, tx, record)
	})
}

// RetiredTypes implements elicense.Types.
func (s *Store) RetiredTypes(ctx context.Context) (map[string]int, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT code, MAX(version) FROM lic_type_retired GROUP BY code")
	if err != nil {
		return nil, fmt.Errorf("licensedb: list retired types: %w", err)
	}
	defer rows.Close()
	retired := map[string]int{}
	for rows.Next() {
		var code string
		var version int
		if err := rows.Scan(&code, &version); err != nil {
			return nil, fmt.Errorf("licensedb: list retired types: %w", err)
		}
		retired[code] = version
	}
	return retired, rows.Err()
}

// TypesRevision implements elicense.Types. Neither of the two counts ever falls.
func (s *Store) TypesRevision(ctx context.Context) (revision int64, err error) {
	err = s.db.Read().QueryRowContext(ctx, "SELECT (SELECT COUNT(*) FROM lic_type WHERE state = $1) + (SELECT COUNT(*) FROM lic_type_retired)", elicense.TypePublished).Scan(&revision)
	return revision, err
}
