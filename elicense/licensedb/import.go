package licensedb

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

const importColumns = `id, license_id, type_code, type_template, authority_code, area, holder_ref, data_key, data, digest, flags, file, code, batch, line,
	entrant, reviewer, issuer, created_at`

func scanImport(row scanner) (elicense.Import, error) {
	var i elicense.Import
	var flags string
	var created int64
	err := row.Scan(&i.ID, &i.LicenseID, &i.TypeCode, &i.Template, &i.AuthorityCode, &i.Area, &i.HolderRef, &i.DataKey, &i.Data, &i.Digest, &flags, &i.File, &i.Code, &i.Batch, &i.Line,
		&i.Entrant, &i.Reviewer, &i.Issuer, &created)
	if err != nil {
		return elicense.Import{}, notFound(err)
	}
	i.CreatedAt = sqldb.Time(created)
	return i, json.Unmarshal([]byte(flags), &i.Flags)
}

// AddImport implements elicense.Imports. The identifier is looked for in the register in the same write.
func (s *Store) AddImport(ctx context.Context, i elicense.Import, record audit.Record) (stored elicense.Import, created bool, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		created, err = sqldb.ExecOne(ctx, tx, "INSERT INTO lic_import ("+importColumns+") VALUES ("+placeholders(19)+") ON CONFLICT (license_id) DO NOTHING",
			i.ID, i.LicenseID, i.TypeCode, i.Template, i.AuthorityCode, i.Area, i.HolderRef, i.DataKey, i.Data, i.Digest, text(i.Flags), i.File, i.Code, i.Batch, i.Line,
			i.Entrant, i.Reviewer, i.Issuer, sqldb.Micros(i.CreatedAt))
		if err != nil {
			return err
		}
		if created {
			var ours int
			if err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM lic_license WHERE license_id IN ($1, $2) AND license_id <> ''", i.LicenseID, i.FirstVersion()).Scan(&ours); err != nil {
				return err
			}
			if ours > 0 {
				return elicense.ErrEntryTaken
			}
			if err := insertHolders(ctx, tx, elicense.License{ID: i.ID, HolderKeys: i.HolderKeys}); err != nil {
				return err
			}
			if err := auditdb.Append(ctx, tx, record); err != nil {
				return err
			}
		}
		stored, err = findImport(ctx, tx, "license_id", i.LicenseID)
		return err
	})
	if err != nil {
		return elicense.Import{}, false, err
	}
	return stored, created, nil
}

func findImport(ctx context.Context, q sqldb.Queryer, column, value string) (elicense.Import, error) {
	i, err := scanImport(q.QueryRowContext(ctx, "SELECT "+importColumns+" FROM lic_import WHERE "+column+" = $1", value))
	if err != nil {
		return elicense.Import{}, err
	}
	holders, err := withHolders(ctx, q, elicense.License{ID: i.ID}, nil)
	i.HolderKeys = holders.HolderKeys
	return i, err
}

// FindImport implements elicense.Imports.
func (s *Store) FindImport(ctx context.Context, id string) (elicense.Import, error) {
	return findImport(ctx, s.db.Read(), "id", id)
}

// FindIdentifiers implements elicense.Imports.
func (s *Store) FindIdentifiers(ctx context.Context, identifiers []string) (ours []string, imports []elicense.Import, err error) {
	if len(identifiers) == 0 {
		return nil, nil, nil
	}
	list, err := s.FindByLicenseIDs(ctx, identifiers)
	if err != nil {
		return nil, nil, err
	}
	for _, l := range list {
		ours = append(ours, l.LicenseID)
	}
	within, arguments := oneOf(identifiers)
	imports, err = s.imports(ctx, "WHERE license_id "+within, arguments...)
	return ours, imports, err
}

func (s *Store) imports(ctx context.Context, where string, arguments ...any) (list []elicense.Import, err error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT "+importColumns+" FROM lic_import "+where, arguments...)
	if err != nil {
		return nil, fmt.Errorf("licensedb: list imports: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		i, err := scanImport(rows)
		if err != nil {
			return nil, fmt.Errorf("licensedb: list imports: %w", err)
		}
		list = append(list, i)
	}
	return list, rows.Err()
}

// ListImports implements elicense.Imports.
func (s *Store) ListImports(ctx context.Context, holderRef, after string, limit int) (page []elicense.Import, next string, err error) {
	conditions, arguments := "WHERE holder_ref = $1 AND holder_ref <> ''", []any{holderRef, limit + 1}
	if after != "" {
		at, id, ok := strings.Cut(after, ".")
		micros, err := strconv.ParseInt(at, 10, 64)
		if !ok || err != nil {
			return nil, "", elicense.ErrNotFound
		}
		conditions += " AND (created_at < $3 OR created_at = $3 AND id < $4)"
		arguments = append(arguments, micros, id)
	}
	page, err = s.imports(ctx, conditions+" ORDER BY created_at DESC, id DESC LIMIT $2", arguments...)
	if err == nil && len(page) > limit {
		page = page[:limit]
		next = elicense.ImportCursor(page[limit-1])
	}
	return page, next, err
}

// importsFollow changes imports as the licences of a holder or of an authority are changed, and gives how many there were.
func importsFollow(ctx context.Context, tx sqldb.Tx, change string, arguments ...any) (int64, error) {
	result, err := tx.ExecContext(ctx, "UPDATE lic_import SET "+change, arguments...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
