package licensedb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

const paperColumns = "id, pid_key, short_id, license, license_id, type_code, holder_ref, profile, issued_at, expires_at, withdrawn_at"

func scanPaper(row scanner) (p elicense.Paper, err error) {
	var short []byte
	var issued, expires, withdrawn int64
	if err := row.Scan(&p.ID, &p.PIDKey, &short, &p.License, &p.LicenseID, &p.TypeCode, &p.HolderRef, &p.Profile, &issued, &expires, &withdrawn); err != nil {
		return elicense.Paper{}, notFound(err)
	}
	p.IssuedAt, p.ExpiresAt, p.WithdrawnAt = sqldb.Time(issued), sqldb.Time(expires), sqldb.Time(withdrawn)
	p.ShortID, err = shortID(short)
	return p, err
}

func shortID(octets []byte) (id [8]byte, err error) {
	if len(octets) != len(id) {
		return id, errors.New("licensedb: damaged short id")
	}
	return [8]byte(octets), nil
}

func scanShortID(row scanner) ([8]byte, error) {
	var short []byte
	if err := row.Scan(&short); err != nil {
		return [8]byte{}, err
	}
	return shortID(short)
}

// AddPaper implements elicense.Papers. The use comes first: it takes the turn of the holder, so that papers printed at once are counted one after the other.
func (s *Store) AddPaper(ctx context.Context, p elicense.Paper, most int, use elicense.Use, record audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		if err := countUse(ctx, tx, use); err != nil {
			return err
		}
		var about int
		if err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM lic_paper WHERE license = $1 AND expires_at > $2", p.License, sqldb.Micros(p.IssuedAt)).Scan(&about); err != nil {
			return err
		}
		if about >= most {
			return elicense.ErrPapersMany
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO lic_paper ("+paperColumns+") VALUES ("+placeholders(11)+")",
			p.ID, p.PIDKey, p.ShortID[:], p.License, p.LicenseID, p.TypeCode, p.HolderRef, p.Profile, sqldb.Micros(p.IssuedAt), sqldb.Micros(p.ExpiresAt), sqldb.Micros(p.WithdrawnAt)); err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
}

// FindPaper implements elicense.Papers.
func (s *Store) FindPaper(ctx context.Context, pidKey string) (elicense.Paper, error) {
	return scanPaper(s.db.Read().QueryRowContext(ctx, "SELECT "+paperColumns+" FROM lic_paper WHERE pid_key = $1", pidKey))
}

// FindPaperOf implements elicense.Papers.
func (s *Store) FindPaperOf(ctx context.Context, holderRef, id string) (elicense.Paper, error) {
	return scanPaper(s.db.Read().QueryRowContext(ctx, "SELECT "+paperColumns+" FROM lic_paper WHERE holder_ref = $1 AND id = $2", holderRef, id))
}

// WithdrawPaper implements elicense.Papers.
func (s *Store) WithdrawPaper(ctx context.Context, id string, at time.Time, record audit.Record) (bool, error) {
	return s.changeOne(ctx, record, nil, "UPDATE lic_paper SET withdrawn_at = $2 WHERE id = $1 AND withdrawn_at = 0 AND expires_at > $2", id, sqldb.Micros(at))
}

// ListPapers implements elicense.Papers.
func (s *Store) ListPapers(ctx context.Context, holderRef, after string, limit int) ([]elicense.Paper, string, error) {
	var c conditions
	c.add("holder_ref = ?", holderRef)
	if err := c.behind("issued_at", "id", "<", after); err != nil {
		return nil, "", err
	}
	query, arguments := c.query("SELECT "+paperColumns+" FROM lic_paper", "issued_at DESC, id DESC", limit+1)
	list, err := rows(ctx, s, scanPaper, query, arguments...)
	if err != nil {
		return nil, "", fmt.Errorf("licensedb: list papers: %w", err)
	}
	if len(list) <= limit {
		return list, "", nil
	}
	return list[:limit], list[limit-1].Cursor(), nil
}

// WithdrawnShortIDs implements elicense.Papers.
func (s *Store) WithdrawnShortIDs(ctx context.Context, at time.Time) ([][8]byte, error) {
	list, err := rows(ctx, s, scanShortID, "SELECT short_id FROM lic_paper WHERE withdrawn_at > 0 AND expires_at > $1", sqldb.Micros(at))
	if err != nil {
		return nil, fmt.Errorf("licensedb: find withdrawn papers: %w", err)
	}
	return list, nil
}
