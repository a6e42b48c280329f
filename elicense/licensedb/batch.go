package licensedb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

const batchColumns = `id, kind, revision, idempotency_key, digest, authority_code, type_code, type_template, area, name, format, encoding, file_columns, mapping, row_count,
	whole, state, entrant, reviewer, issuer, note, problem, lease_until, created_at, updated_at`

func scanBatch(row scanner) (elicense.Batch, error) {
	var b elicense.Batch
	var columns, mapping string
	var whole, lease, created, updated int64
	err := row.Scan(&b.ID, &b.Kind, &b.Revision, &b.Key, &b.Digest, &b.AuthorityCode, &b.TypeCode, &b.Template, &b.Area, &b.Name, &b.Format, &b.Encoding, &columns, &mapping, &b.Rows,
		&whole, &b.State, &b.Entrant, &b.Reviewer, &b.Issuer, &b.Note, &b.Problem, &lease, &created, &updated)
	if err != nil {
		return elicense.Batch{}, notFound(err)
	}
	b.Whole, b.LeaseUntil, b.CreatedAt, b.UpdatedAt = whole == 1, sqldb.Time(lease), sqldb.Time(created), sqldb.Time(updated)
	return b, errors.Join(json.Unmarshal([]byte(columns), &b.Columns), json.Unmarshal([]byte(mapping), &b.Mapping))
}

func number(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

// text is a value as JSON; only texts and what holds them are given.
func text(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

// AddBatch implements elicense.Batches.
func (s *Store) AddBatch(ctx context.Context, b elicense.Batch, file elicense.BatchFile, rows []elicense.BatchRow, record audit.Record) (stored elicense.Batch, created bool, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) (err error) {
		created, err = sqldb.ExecOne(ctx, tx, "INSERT INTO lic_batch ("+batchColumns+") VALUES ("+placeholders(25)+") ON CONFLICT (entrant, idempotency_key) DO NOTHING",
			b.ID, b.Kind, 1, b.Key, b.Digest, b.AuthorityCode, b.TypeCode, b.Template, b.Area, b.Name, b.Format, b.Encoding, text(b.Columns), text(b.Mapping), b.Rows,
			number(b.Whole), b.State, b.Entrant, b.Reviewer, b.Issuer, b.Note, b.Problem, sqldb.Micros(b.LeaseUntil), sqldb.Micros(b.CreatedAt), sqldb.Micros(b.UpdatedAt))
		if err == nil && created {
			if _, err = tx.ExecContext(ctx, "INSERT INTO lic_batch_file (batch, data_key, data) VALUES ($1, $2, $3)", b.ID, file.Key, file.Data); err == nil {
				err = insertBatchRows(ctx, tx, b.ID, rows)
			}
			if err == nil {
				err = auditdb.Append(ctx, tx, record)
			}
		}
		if err == nil {
			stored, err = scanBatch(tx.QueryRowContext(ctx, "SELECT "+batchColumns+" FROM lic_batch WHERE entrant = $1 AND idempotency_key = $2", b.Entrant, b.Key))
		}
		return err
	})
	if err != nil {
		return elicense.Batch{}, false, fmt.Errorf("licensedb: add batch: %w", err)
	}
	return stored, created, nil
}

const rowColumns = "line, business_number, state, faults, attempts, license, license_id, file, issued_at, flags"

// insertBatchRows writes many rows a statement.
func insertBatchRows(ctx context.Context, tx sqldb.Tx, batch string, rows []elicense.BatchRow) error {
	const width, most = 11, 80
	for len(rows) > 0 {
		n := min(len(rows), most)
		var marks []string
		var arguments []any
		for i, r := range rows[:n] {
			one := make([]string, width)
			for c := range one {
				one[c] = "$" + strconv.Itoa(i*width+c+1)
			}
			marks = append(marks, "("+strings.Join(one, ", ")+")")
			arguments = append(arguments, batch, r.Line, r.BusinessNumber, r.State, text(r.Faults), r.Attempts, r.License, r.LicenseID, r.File, sqldb.Micros(r.IssuedAt), text(r.Flags))
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO lic_batch_row (batch, "+rowColumns+") VALUES "+strings.Join(marks, ", "), arguments...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// FindBatch implements elicense.Batches.
func (s *Store) FindBatch(ctx context.Context, id string) (elicense.Batch, error) {
	return findBatch(ctx, s.db.Read(), id)
}

func findBatch(ctx context.Context, q sqldb.Queryer, id string) (elicense.Batch, error) {
	return scanBatch(q.QueryRowContext(ctx, "SELECT "+batchColumns+" FROM lic_batch WHERE id = $1", id))
}

// FindBatchFile implements elicense.Batches.
func (s *Store) FindBatchFile(ctx context.Context, id string) (f elicense.BatchFile, err error) {
	err = s.db.Read().QueryRowContext(ctx, "SELECT data_key, data FROM lic_batch_file WHERE batch = $1", id).Scan(&f.Key, &f.Data)
	return f, notFound(err)
}

// ListBatches implements elicense.Batches.
func (s *Store) ListBatches(ctx context.Context, f elicense.BatchFilter) (page []elicense.Batch, next string, err error) {
	var c conditions
	if f.State != "" {
		c.add("state = ?", f.State)
	}
	c.inAreas(f.Areas)
	if err := c.behind("created_at", "id", "<", f.After); err != nil {
		return nil, "", err
	}
	query, arguments := c.query("SELECT "+batchColumns+" FROM lic_batch", "created_at DESC, id DESC", f.Limit+1)
	if page, err = rows(ctx, s, scanBatch, query, arguments...); err != nil {
		return nil, "", fmt.Errorf("licensedb: list batches: %w", err)
	}
	if len(page) > f.Limit {
		page = page[:f.Limit]
		next = elicense.BatchCursor(page[len(page)-1])
	}
	return page, next, err
}

// UpdateBatch implements elicense.Batches.
func (s *Store) UpdateBatch(ctx context.Context, id string, change func(b *elicense.Batch) (elicense.BatchChange, error)) (b elicense.Batch, err error) {
	for range 5 {
		err = s.db.Write(ctx, func(tx sqldb.Tx) (err error) {
			if b, err = findBatch(ctx, tx, id); err != nil {
				return err
			}
			done, err := change(&b)
			if err != nil {
				return err
			}
			changed, err := sqldb.ExecOne(ctx, tx, `UPDATE lic_batch SET revision = revision + 1, type_template = $3, mapping = $4, whole = $5, state = $6, entrant = $7, reviewer = $8, issuer = $9, note = $10,
				problem = $11, lease_until = $12, updated_at = $13 WHERE id = $1 AND revision = $2`, b.ID, b.Revision, b.Template, text(b.Mapping), number(b.Whole), b.State, b.Entrant, b.Reviewer, b.Issuer, b.Note,
				b.Problem, sqldb.Micros(b.LeaseUntil), sqldb.Micros(b.UpdatedAt))
			if err != nil {
				return err
			}
			if !changed {
				return elicense.ErrStale
			}
			b.Revision++
			if err := changeRows(ctx, tx, id, done); err != nil {
				return err
			}
			return auditdb.Append(ctx, tx, done.Record)
		})
		if !errors.Is(err, elicense.ErrStale) {
			break
		}
	}
	if err != nil {
		return elicense.Batch{}, err
	}
	return b, nil
}

func changeRows(ctx context.Context, tx sqldb.Tx, id string, change elicense.BatchChange) error {
	if change.Rows != nil {
		if _, err := tx.ExecContext(ctx, "DELETE FROM lic_batch_row WHERE batch = $1", id); err != nil {
			return err
		}
		if err := insertBatchRows(ctx, tx, id, change.Rows); err != nil {
			return err
		}
	}
	if !change.End {
		return nil
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM lic_batch_file WHERE batch = $1", id); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "UPDATE lic_batch_row SET state = $2 WHERE batch = $1 AND (state = $3 OR state = $4)", id, elicense.RowCancelled, elicense.RowReady, elicense.RowLater)
	return err
}

// BatchRows implements elicense.Batches.
func (s *Store) BatchRows(ctx context.Context, id string, states []elicense.RowState, after, limit int) (list []elicense.BatchRow, err error) {
	arguments, within := []any{id, after, limit}, ""
	if len(states) > 0 {
		var marks []string
		for _, state := range states {
			arguments = append(arguments, state)
			marks = append(marks, "$"+strconv.Itoa(len(arguments)))
		}
		within = " AND state IN (" + strings.Join(marks, ", ") + ")"
	}
	rows, err := s.db.Read().QueryContext(ctx, "SELECT "+rowColumns+" FROM lic_batch_row WHERE batch = $1 AND line > $2"+within+" ORDER BY line LIMIT $3", arguments...)
	if err != nil {
		return nil, fmt.Errorf("licensedb: list rows of batch: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var r elicense.BatchRow
		var faults, flags string
		var issued int64
		if err := rows.Scan(&r.Line, &r.BusinessNumber, &r.State, &faults, &r.Attempts, &r.License, &r.LicenseID, &r.File, &issued, &flags); err != nil {
			return nil, fmt.Errorf("licensedb: list rows of batch: %w", err)
		}
		if err := errors.Join(json.Unmarshal([]byte(faults), &r.Faults), json.Unmarshal([]byte(flags), &r.Flags)); err != nil {
			return nil, fmt.Errorf("licensedb: read faults and flags: %w", err)
		}
		r.IssuedAt = sqldb.Time(issued)
		list = append(list, r)
	}
	return list, rows.Err()
}

// BatchCounts implements elicense.Batches.
func (s *Store) BatchCounts(ctx context.Context, id string) (map[elicense.RowState]int, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT state, COUNT(*) FROM lic_batch_row WHERE batch = $1 GROUP BY state", id)
	if err != nil {
		return nil, fmt.Errorf("licensedb: count rows of batch: %w", err)
	}
	defer rows.Close()
	counts := map[elicense.RowState]int{}
	for rows.Next() {
		var state elicense.RowState
		var n int
		if err := rows.Scan(&state, &n); err != nil {
			return nil, fmt.Errorf("licensedb: count rows of batch: %w", err)
		}
		counts[state] = n
	}
	return counts, rows.Err()
}

// FinishRow implements elicense.Batches. The row of the batch is locked first, so that it ends either before or after this one.
func (s *Store) FinishRow(ctx context.Context, id string, r elicense.BatchRow, lease time.Time, record audit.Record) (state elicense.BatchState, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		found, err := sqldb.ExecOne(ctx, tx, "UPDATE lic_batch SET revision = revision + 1, lease_until = CASE WHEN state = $3 THEN $2 ELSE lease_until END WHERE id = $1", id, sqldb.Micros(lease), elicense.BatchRunning)
		if err != nil {
			return err
		}
		if !found {
			return elicense.ErrNotFound
		}
		if err := tx.QueryRowContext(ctx, "SELECT state FROM lic_batch WHERE id = $1", id).Scan(&state); err != nil {
			return err
		}
		// A row that was cancelled while it was made is issued all the same, and its receipt says so.
		changed, err := sqldb.ExecOne(ctx, tx, `UPDATE lic_batch_row SET state = $3, faults = $4, attempts = $5, license = $6, license_id = $7, file = $8, issued_at = $9, flags = $15
			WHERE batch = $1 AND line = $2 AND (state = $10 OR state = $11 OR state = $12 AND ($3 = $13 OR $3 = $14))`,
			id, r.Line, r.State, text(r.Faults), r.Attempts, r.License, r.LicenseID, r.File, sqldb.Micros(r.IssuedAt), elicense.RowReady, elicense.RowLater, elicense.RowCancelled, elicense.RowIssued, elicense.RowTaken, text(r.Flags))
		if err != nil {
			return err
		}
		if !changed {
			return elicense.ErrStale
		}
		return auditdb.Append(ctx, tx, record)
	})
	return state, err
}

// DueBatches implements elicense.Batches.
func (s *Store) DueBatches(ctx context.Context, now time.Time, limit int) ([]elicense.Batch, error) {
	return rows(ctx, s, scanBatch, "SELECT "+batchColumns+" FROM lic_batch WHERE state = 'running' AND lease_until <= $1 ORDER BY lease_until, id LIMIT $2", sqldb.Micros(now), limit)
}

// FindBusiness implements elicense.Batches.
func (s *Store) FindBusiness(ctx context.Context, authority string, numbers []string) ([]elicense.License, error) {
	if len(numbers) == 0 {
		return nil, nil
	}
	within, arguments := oneOf(numbers, authority)
	return s.query(ctx, "SELECT "+columns+" FROM lic_license WHERE authority_code = $1 AND business_number "+within, arguments...)
}
