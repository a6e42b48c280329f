package licensedb

import (
	"context"
	"fmt"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

const draftColumns = "id, revision, owner, code, files, created_at, updated_at"

func scanDraft(row scanner) (elicense.TypeDraft, error) {
	var d elicense.TypeDraft
	var created, updated int64
	err := row.Scan(&d.ID, &d.Revision, &d.Owner, &d.Code, &d.Files, &created, &updated)
	d.CreatedAt, d.UpdatedAt = sqldb.Time(created), sqldb.Time(updated)
	return d, err
}

// AddTypeDraft implements elicense.TypeDrafts.
func (s *Store) AddTypeDraft(ctx context.Context, d elicense.TypeDraft, most int, record audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		var have int
		if err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM lic_type_draft WHERE owner = $1", d.Owner).Scan(&have); err != nil {
			return fmt.Errorf("licensedb: count drafts of types: %w", err)
		}
		if have >= most {
			return elicense.ErrFull
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO lic_type_draft ("+draftColumns+") VALUES ("+placeholders(7)+")", d.ID, d.Revision, d.Owner, d.Code, d.Files, sqldb.Micros(d.CreatedAt), sqldb.Micros(d.UpdatedAt)); err != nil {
			return fmt.Errorf("licensedb: add draft of type: %w", err)
		}
		return auditdb.Append(ctx, tx, record)
	})
}

// ChangeTypeDraft implements elicense.TypeDrafts.
func (s *Store) ChangeTypeDraft(ctx context.Context, d elicense.TypeDraft, record audit.Record) error {
	return s.changeDraft(ctx, record, "UPDATE lic_type_draft SET revision = revision + 1, code = $3, files = $4, updated_at = $5 WHERE id = $1 AND revision = $2", d.ID, d.Revision, d.Code, d.Files, sqldb.Micros(d.UpdatedAt))
}

// DropTypeDraft implements elicense.TypeDrafts.
func (s *Store) DropTypeDraft(ctx context.Context, id string, revision int64, record audit.Record) error {
	return s.changeDraft(ctx, record, "DELETE FROM lic_type_draft WHERE id = $1 AND revision = $2", id, revision)
}

func (s *Store) changeDraft(ctx context.Context, record audit.Record, statement string, values ...any) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		changed, err := sqldb.ExecOne(ctx, tx, statement, values...)
		if err != nil {
			return fmt.Errorf("licensedb: change draft of type: %w", err)
		}
		if !changed {
			return elicense.ErrStale
		}
		return auditdb.Append(ctx, tx, record)
	})
}

// FindTypeDraft implements elicense.TypeDrafts.
func (s *Store) FindTypeDraft(ctx context.Context, id string) (elicense.TypeDraft, error) {
	d, err := scanDraft(s.db.Read().QueryRowContext(ctx, "SELECT "+draftColumns+" FROM lic_type_draft WHERE id = $1", id))
	if err != nil {
		return elicense.TypeDraft{}, notFound(err)
	}
	return d, nil
}

// TypeDraftsOf implements elicense.TypeDrafts.
func (s *Store) TypeDraftsOf(ctx context.Context, owner, after string, limit int) ([]elicense.TypeDraft, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT "+draftColumns+" FROM lic_type_draft WHERE owner = $1 AND id > $2 ORDER BY id LIMIT $3", owner, after, limit)
	if err != nil {
		return nil, fmt.Errorf("licensedb: list drafts of types: %w", err)
	}
	defer rows.Close()
	var list []elicense.TypeDraft
	for rows.Next() {
		d, err := scanDraft(rows)
		if err != nil {
			return nil, fmt.Errorf("licensedb: list drafts of types: %w", err)
		}
		list = append(list, d)
	}
	return list, rows.Err()
}
