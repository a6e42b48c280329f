package idpdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/intake"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// StartJob implements intake.Store.
func (s *Store) StartJob(ctx context.Context, j intake.Job, record audit.Record) (intake.Job, error) {
	var id string
	err := s.db.Read().QueryRowContext(ctx, "SELECT id FROM idp_import_job WHERE source = $1 AND digest = $2", j.Source, j.Digest).Scan(&id)
	if err == nil {
		return s.Job(ctx, id)
	}
	if !errors.Is(err, sqldb.ErrNoRows) {
		return j, fmt.Errorf("find import: %w", err)
	}
	err = s.apply(ctx, record, step(`INSERT INTO idp_import_job (id, source, digest, state, rows_done, counts, started_at, finished_at)
		VALUES ($1, $2, $3, $4, 0, '{}', $5, 0)`, j.ID, j.Source, j.Digest, j.State, sqldb.Micros(j.StartedAt)))
	if sqldb.IsUnique(err) {
		return j, intake.ErrMoved
	}
	return j, err
}

// Job implements intake.Store.
func (s *Store) Job(ctx context.Context, id string) (intake.Job, error) {
	j := intake.Job{ID: id}
	var counts string
	var started, finished int64
	err := s.db.Read().QueryRowContext(ctx, "SELECT source, digest, state, rows_done, counts, started_at, finished_at FROM idp_import_job WHERE id = $1", id).
		Scan(&j.Source, &j.Digest, &j.State, &j.Rows, &counts, &started, &finished)
	if errors.Is(err, sqldb.ErrNoRows) {
		return j, idp.ErrNotFound
	}
	if err != nil {
		return j, fmt.Errorf("read import: %w", err)
	}
	j.StartedAt, j.FinishedAt = sqldb.Time(started), sqldb.Time(finished)
	return j, json.Unmarshal([]byte(counts), &j.Counts)
}

// FinishJob implements intake.Store.
func (s *Store) FinishJob(ctx context.Context, id string, at time.Time, record audit.Record) error {
	return s.changeOne(ctx, record, "UPDATE idp_import_job SET state = $2, finished_at = $3 WHERE id = $1", id, intake.Finished, sqldb.Micros(at))
}

// Take implements intake.Store. The row of the job lets one process at a time store a batch, and none twice.
func (s *Store) Take(ctx context.Context, job string, from, upTo int, rows []intake.Row, left []intake.Result, now time.Time) (results []intake.Result, err error) {
	for range 3 { // somebody who registers in the same moment with an identifier of the batch makes it start anew
		if results, err = s.take(ctx, job, from, upTo, rows, left); !sqldb.IsUnique(err) {
			break
		}
	}
	return results, err
}

func (s *Store) take(ctx context.Context, job string, from, upTo int, rows []intake.Row, left []intake.Result) (results []intake.Result, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		results = results[:0]
		var text string
		err := tx.QueryRowContext(ctx, "UPDATE idp_import_job SET rows_done = $3 WHERE id = $1 AND rows_done = $2 AND state = $4 RETURNING counts", job, from, upTo, intake.Running).Scan(&text)
		if errors.Is(err, sqldb.ErrNoRows) {
			return intake.ErrMoved
		}
		if err != nil {
			return err
		}
		counts := map[intake.Code]int{}
		if err := json.Unmarshal([]byte(text), &counts); err != nil {
			return err
		}
		var record audit.Record
		for _, row := range rows {
			result, err := takeRow(ctx, tx, job, row)
			if err != nil {
				return err
			}
			if result.Code == intake.Imported {
				record.Events = append(record.Events, row.Event)
			} else if err := leave(ctx, tx, job, result); err != nil {
				return err
			}
			counts[result.Code]++
			results = append(results, result)
		}
		for _, result := range left {
			counts[result.Code]++
			if err := leave(ctx, tx, job, result); err != nil {
				return err
			}
		}
		content, err := json.Marshal(counts)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE idp_import_job SET counts = $2 WHERE id = $1", job, string(content)); err != nil {
			return err
		}
		if len(record.Events) == 0 {
			return nil
		}
		return auditdb.Append(ctx, tx, record)
	})
	return results, err
}

func leave(ctx context.Context, tx sqldb.Tx, job string, r intake.Result) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO idp_import_left (job_id, row_number, code) VALUES ($1, $2, $3)", job, r.Row, r.Code)
	return err
}

// judgeRow tells what stands in a row's way.
func judgeRow(ctx context.Context, q sqldb.Queryer, job string, row intake.Row) (intake.Code, error) {
	exists := func(query string, args ...any) (found bool, err error) {
		err = q.QueryRowContext(ctx, "SELECT EXISTS ("+query+")", args...).Scan(&found)
		return found, err
	}
	if found, err := exists("SELECT 1 FROM idp_import_origin WHERE external_id = $1", row.ExternalID); err != nil || found {
		return intake.Already, err
	}
	for _, c := range row.Account.Contacts {
		var from string
		err := q.QueryRowContext(ctx, `SELECT COALESCE((SELECT job_id FROM idp_import_origin AS o WHERE o.account_id = c.account_id), '')
			FROM idp_contact AS c WHERE c.lookup = $1`, c.Lookup).Scan(&from)
		switch {
		case errors.Is(err, sqldb.ErrNoRows):
		case err != nil:
			return "", err
		case from == job && job != "":
			return intake.IdentifierRepeated, nil
		default:
			return intake.IdentifierTaken, nil
		}
	}
	if row.Document == nil {
		return "", nil
	}
	var from string
	err := q.QueryRowContext(ctx, "SELECT job_id FROM idp_import_origin WHERE document = $1", row.Document).Scan(&from)
	switch {
	case err == nil && from == job && job != "":
		return intake.IdentityRepeated, nil
	case err == nil:
		return intake.IdentityTaken, nil
	case !errors.Is(err, sqldb.ErrNoRows):
		return "", err
	}
	if found, err := exists("SELECT 1 FROM idp_identity WHERE lookup = $1 UNION ALL SELECT 1 FROM idp_document WHERE lookup = $1 UNION ALL SELECT 1 FROM idp_former_identity WHERE lookup = $1", row.Document); err != nil || found {
		return intake.IdentityTaken, err
	}
	return "", nil
}

func takeRow(ctx context.Context, tx sqldb.Tx, job string, row intake.Row) (intake.Result, error) {
	result := intake.Result{Row: row.Row}
	var err error
	if result.Code, err = judgeRow(ctx, tx, job, row); err != nil || result.Code != "" {
		return result, err
	}
	a := row.Account
	steps := []sqldb.Step{step(`INSERT INTO idp_account (id, state, password_hash, credentials_at, roles, created_at, updated_at) VALUES ($1, $2, $3, $4, '', $5, $5)`,
		a.ID, a.State, a.PasswordHash, sqldb.Micros(a.CredentialsAt), sqldb.Micros(a.CreatedAt))}
	steps = append(steps, dataKeyOf(a)...)
	for _, c := range a.Contacts {
		steps = append(steps, step("INSERT INTO idp_contact (lookup, account_id, kind, key_id, sealed) VALUES ($1, $2, $3, $4, $5)", c.Lookup, a.ID, c.Kind, c.KeyID, c.Sealed))
	}
	steps = append(steps, step(`INSERT INTO idp_import_origin (external_id, job_id, row_number, account_id, document, claimed, registered_at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		row.ExternalID, job, row.Row, a.ID, row.Document, row.Claimed, sqldb.Micros(row.Created)))
	if p := row.Proof; p != nil {
		result.Level = int(p.IAL)
		steps = append(steps, step("INSERT INTO idp_identity (lookup, account_id) VALUES ($1, $2)", p.Lookup, a.ID), alone(p.Lookup),
			step(`INSERT INTO idp_proof (account_id, id, ial, method, source, at, until_at, key_id, sealed, evidence) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
				a.ID, p.ID, int64(p.IAL), p.Method, p.Source, sqldb.Micros(p.At), sqldb.Micros(p.Until), p.KeyID, p.Sealed, p.Evidence))
	}
	for _, one := range steps {
		done, err := tx.ExecContext(ctx, one.Query, one.Args...)
		if err == nil && one.Else != nil {
			if n, counting := done.RowsAffected(); counting != nil || n != 1 {
				err = errors.Join(one.Else, counting)
			}
		}
		if err != nil {
			return result, err // a registration in the same moment: the batch is tried again
		}
	}
	result.Code, result.AccountID = intake.Imported, a.ID
	return result, nil
}

// Judge implements intake.Store.
func (s *Store) Judge(ctx context.Context, rows []intake.Row) ([]intake.Result, error) {
	var results []intake.Result
	for _, row := range rows {
		code, err := judgeRow(ctx, s.db.Read(), "", row)
		if err != nil {
			return nil, err
		}
		if code == "" {
			code = intake.Imported
		}
		results = append(results, intake.Result{Row: row.Row, Code: code, Level: levelOf(row)})
	}
	return results, nil
}

func levelOf(row intake.Row) int {
	if row.Proof == nil {
		return 0
	}
	return int(row.Proof.IAL)
}

// ImportRows lists the results of an import after a row, in the order of rows.
func (s *Store) ImportRows(ctx context.Context, job string, after, limit int) ([]intake.Result, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT row_number, 'imported' AS code, account_id FROM idp_import_origin WHERE job_id = $1 AND row_number > $2
		UNION ALL SELECT row_number, code, '' FROM idp_import_left WHERE job_id = $1 AND row_number > $2 ORDER BY 1 LIMIT $3`, job, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list import: %w", err)
	}
	defer rows.Close()
	all := []intake.Result{}
	for rows.Next() {
		var r intake.Result
		if err := rows.Scan(&r.Row, &r.Code, &r.AccountID); err != nil {
			return nil, fmt.Errorf("list import: %w", err)
		}
		all = append(all, r)
	}
	return all, rows.Err()
}
