package licensedb

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/presentation"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// PutAuthority implements elicense.Authorities.
func (s *Store) PutAuthority(ctx context.Context, a elicense.Authority, record audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO lic_authority (code, name, seal_id, type_codes) VALUES ($1, $2, $3, $4)
			ON CONFLICT (code) DO UPDATE SET name = excluded.name, seal_id = excluded.seal_id, type_codes = excluded.type_codes`,
			a.Code, a.Name, a.SealID, strings.Join(a.TypeCodes, " "))
		if err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
}

// FindAuthority implements elicense.Authorities.
func (s *Store) FindAuthority(ctx context.Context, code string) (elicense.Authority, error) {
	var a elicense.Authority
	var types string
	err := s.db.Read().QueryRowContext(ctx, "SELECT code, name, seal_id, type_codes FROM lic_authority WHERE code = $1", code).Scan(&a.Code, &a.Name, &a.SealID, &types)
	a.TypeCodes = strings.Fields(types)
	if err != nil {
		return elicense.Authority{}, notFound(err)
	}
	return a, nil
}

// Lists implements elicense.Publications.
func (s *Store) Lists(ctx context.Context) ([]uint64, error) {
	// Lists are opened in order, so the highest number tells them all without a walk over every licence.
	var highest int64
	err := s.db.Read().QueryRowContext(ctx, "SELECT COALESCE(MAX(list_number), 0) FROM lic_license WHERE list_number > 0").Scan(&highest)
	if err != nil {
		return nil, fmt.Errorf("licensedb: find lists: %w", err)
	}
	var lists []uint64
	for n := int64(1); n <= highest; n++ {
		lists = append(lists, uint64(n))
	}
	if err := s.db.Read().QueryRowContext(ctx, "SELECT COALESCE(MAX(list_number), 0) FROM lic_card").Scan(&highest); err != nil {
		return nil, fmt.Errorf("licensedb: find lists of cards: %w", err)
	}
	for n := int64(presentation.FirstCardList); n <= highest; n++ {
		lists = append(lists, uint64(n))
	}
	return lists, nil
}

// Entries implements elicense.Publications.
func (s *Store) Entries(ctx context.Context, list uint64) ([]elicense.Entry, error) {
	query := "SELECT list_index, bits FROM lic_license WHERE list_number = $1 AND bits > 0 ORDER BY list_index"
	if list >= presentation.FirstCardList {
		query = "SELECT list_index, bits FROM lic_card WHERE list_number = $1 AND bits > 0 ORDER BY list_index"
	}
	rows, err := s.db.Read().QueryContext(ctx, query, int64(list))
	if err != nil {
		return nil, fmt.Errorf("licensedb: read entries: %w", err)
	}
	defer rows.Close()
	var entries []elicense.Entry
	for rows.Next() {
		var index, bits int64
		if err := rows.Scan(&index, &bits); err != nil {
			return nil, fmt.Errorf("licensedb: read entries: %w", err)
		}
		entries = append(entries, elicense.Entry{Index: uint32(index), Status: statuslist.Status(bits)})
	}
	return entries, rows.Err()
}

// FindPublished implements elicense.Publications.
func (s *Store) FindPublished(ctx context.Context, name string) (elicense.Published, error) {
	var p elicense.Published
	var issued, next int64
	err := s.db.Read().QueryRowContext(ctx, "SELECT name, number, content, issued_at, next_update FROM lic_published WHERE name = $1", name).Scan(&p.Name, &p.Number, &p.Content, &issued, &next)
	if err != nil {
		return elicense.Published{}, notFound(err)
	}
	p.IssuedAt, p.NextUpdate = sqldb.Time(issued), sqldb.Time(next)
	return p, nil
}

// putPublished replaces an object by one with a higher number.
func putPublished(ctx context.Context, tx sqldb.Tx, p elicense.Published) error {
	newer, err := sqldb.ExecOne(ctx, tx, `INSERT INTO lic_published (name, number, content, issued_at, next_update) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (name) DO UPDATE SET number = excluded.number, content = excluded.content, issued_at = excluded.issued_at, next_update = excluded.next_update
		WHERE lic_published.number < excluded.number`, p.Name, int64(p.Number), p.Content, sqldb.Micros(p.IssuedAt), sqldb.Micros(p.NextUpdate))
	if err != nil {
		return err
	}
	if !newer {
		return elicense.ErrStale
	}
	return nil
}

// Publish implements elicense.Publications.
func (s *Store) Publish(ctx context.Context, p elicense.Published, entries []elicense.LogEntry, record audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		if err := putPublished(ctx, tx, p); err != nil {
			return err
		}
		if err := enqueue(ctx, tx, elicense.LogMain, entries); err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
}

// AddPresentation implements elicense.Presentations.
func (s *Store) AddPresentation(ctx context.Context, p elicense.Presentation, record audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		if err := mayUse(ctx, tx, p.HolderRef, p.License); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO lic_presentation
			(pid_key, id, short_id, license, holder_ref, profile, view_token, signature, holder_key, issued_at, expires_at, used_at, agent, asked)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
			p.PIDKey, p.ID, p.ShortID[:], p.License, p.HolderRef, p.Profile, p.View, p.Signature, p.HolderKey, sqldb.Micros(p.IssuedAt), sqldb.Micros(p.ExpiresAt), sqldb.Micros(p.UsedAt), p.Agent, hex.EncodeToString(p.Asked))
		if err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
}

const presentationColumns = "pid_key, id, short_id, license, holder_ref, profile, view_token, signature, holder_key, issued_at, expires_at, used_at, agent, asked"

func (s *Store) presentation(ctx context.Context, condition, value string) (elicense.Presentation, error) {
	var p elicense.Presentation
	var short []byte
	var asked string
	var issued, expires, used int64
	err := s.db.Read().QueryRowContext(ctx, "SELECT "+presentationColumns+" FROM lic_presentation WHERE "+condition, value).Scan(
		&p.PIDKey, &p.ID, &short, &p.License, &p.HolderRef, &p.Profile, &p.View, &p.Signature, &p.HolderKey, &issued, &expires, &used, &p.Agent, &asked)
	if err != nil {
		return elicense.Presentation{}, notFound(err)
	}
	if p.ShortID, err = shortID(short); err != nil {
		return elicense.Presentation{}, err
	}
	if p.Asked, err = hex.DecodeString(asked); err != nil {
		return elicense.Presentation{}, fmt.Errorf("licensedb: nonce of a request: %w", err)
	}
	p.IssuedAt, p.ExpiresAt, p.UsedAt = sqldb.Time(issued), sqldb.Time(expires), sqldb.Time(used)
	return p, nil
}

// FindPresentation implements elicense.Presentations.
func (s *Store) FindPresentation(ctx context.Context, id string) (elicense.Presentation, error) {
	return s.presentation(ctx, "id = $1", id)
}

// FindScanned implements elicense.Presentations.
func (s *Store) FindScanned(ctx context.Context, pidKey string) (elicense.Presentation, error) {
	return s.presentation(ctx, "pid_key = $1", pidKey)
}

// Consume implements elicense.Presentations: the row count decides, never an earlier read (security rule R7).
func (s *Store) Consume(ctx context.Context, pidKey string, now time.Time, use elicense.Use, record audit.Record) (first bool, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		var err error
		first, err = sqldb.ExecOne(ctx, tx, "UPDATE lic_presentation SET used_at = $1 WHERE pid_key = $2 AND used_at = 0", sqldb.Micros(now), pidKey)
		if err != nil || !first {
			return err
		}
		if err := countUse(ctx, tx, use); err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
	return first && err == nil, err
}

// ChangedShortIDs implements elicense.Presentations.
func (s *Store) ChangedShortIDs(ctx context.Context, since time.Time) ([][8]byte, error) {
	ids, err := rows(ctx, s, scanShortID, `SELECT p.short_id FROM lic_presentation p JOIN lic_license l ON l.id = p.license
		WHERE p.issued_at >= $1 AND (l.bits > 0 OR l.status_at > p.issued_at)`, sqldb.Micros(since))
	if err != nil {
		return nil, fmt.Errorf("licensedb: find changed tokens: %w", err)
	}
	return ids, nil
}

// DropExpired implements elicense.Presentations.
func (s *Store) DropExpired(ctx context.Context, before time.Time) (n int, err error) {
	var any bool
	if err := s.db.Read().QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM lic_presentation WHERE expires_at < $1) OR EXISTS (SELECT 1 FROM lic_paper WHERE expires_at < $1)", sqldb.Micros(before)).Scan(&any); err != nil || !any {
		return 0, err // an idle sweep does not disturb the writer
	}
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM lic_paper WHERE expires_at < $1", sqldb.Micros(before)); err != nil {
			return err
		}
		result, err := tx.ExecContext(ctx, "DELETE FROM lic_presentation WHERE expires_at < $1", sqldb.Micros(before))
		if err != nil {
			return err
		}
		dropped, err := result.RowsAffected()
		n = int(dropped)
		return err
	})
	return n, err
}

// Failures implements elicense.Attempts.
func (s *Store) Failures(ctx context.Context, subject string, now time.Time) (int, error) {
	var count int
	err := s.db.Read().QueryRowContext(ctx, "SELECT failures FROM lic_attempt WHERE subject = $1 AND ends_at > $2", subject, sqldb.Micros(now)).Scan(&count)
	if errors.Is(notFound(err), elicense.ErrNotFound) {
		return 0, nil
	}
	return count, err
}

// Fail implements elicense.Attempts. Counters are no business state and leave no audit event. Rows are taken in one order by all callers.
func (s *Store) Fail(ctx context.Context, subjects []string, by int, now time.Time, window time.Duration) ([]int, error) {
	if len(subjects) == 0 {
		return nil, nil
	}
	arguments, rows := []any{by, sqldb.Micros(now.Add(window)), sqldb.Micros(now)}, make([]string, 0, len(subjects))
	for _, subject := range slices.Sorted(slices.Values(subjects)) {
		arguments = append(arguments, subject)
		rows = append(rows, "($"+strconv.Itoa(len(arguments))+", $1, $2)")
	}
	have := make(map[string]int, len(subjects))
	err := s.db.Write(ctx, func(tx sqldb.Tx) error {
		clear(have)
		rows, err := tx.QueryContext(ctx, "INSERT INTO lic_attempt (subject, failures, ends_at) VALUES "+strings.Join(rows, ", ")+`
			ON CONFLICT (subject) DO UPDATE SET
			failures = CASE WHEN lic_attempt.ends_at > $3 THEN lic_attempt.failures + excluded.failures ELSE excluded.failures END,
			ends_at = CASE WHEN lic_attempt.ends_at > $3 THEN lic_attempt.ends_at ELSE excluded.ends_at END
			RETURNING subject, failures`, arguments...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var subject string
			var count int
			if err := rows.Scan(&subject, &count); err != nil {
				return err
			}
			have[subject] = count
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("licensedb: count failures: %w", err)
	}
	counts := make([]int, len(subjects))
	for i, subject := range subjects {
		counts[i] = have[subject]
	}
	return counts, nil
}

// Pardon implements elicense.Attempts.
func (s *Store) Pardon(ctx context.Context, subjects []string, now time.Time) error {
	if len(subjects) == 0 {
		return nil
	}
	within, arguments := oneOf(subjects, sqldb.Micros(now))
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE lic_attempt SET failures = failures - 1 WHERE ends_at > $1 AND failures > 0 AND subject "+within, arguments...)
		return err
	})
}
