package idpdb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// RequestExport stores a copy that waits in place of the one before; idp.ErrConflict while one waits, or when that one was
// requested after the moment. One that is past its end does not count.
func (s *Store) RequestExport(ctx context.Context, e idp.Export, notAfter time.Time, record audit.Record) error {
	return s.apply(ctx, record, one(idp.ErrConflict, `INSERT INTO idp_export (account_id, id, state, requested_at, ready_at, until_at, size, digest, key_id, sealed, document, sections) VALUES ($1, $2, $3, $4, 0, $5, 0, '', '', $6, $6, $8)
		ON CONFLICT (account_id) DO UPDATE SET id = $2, state = $3, requested_at = $4, ready_at = 0, until_at = $5, size = 0, digest = '', key_id = '', sealed = $6,
			document_size = 0, document_digest = '', document_key_id = '', document = $6, sections = $8, sections_done = 0
		WHERE idp_export.until_at <= $4 OR (idp_export.state <> $3 AND idp_export.requested_at <= $7)`,
		e.AccountID, e.ID, e.State, sqldb.Micros(e.RequestedAt), sqldb.Micros(e.Until), []byte{}, sqldb.Micros(notAfter), strings.Join(e.Sections, " ")))
}

// StoredExport reads the copy of an account; idp.ErrNotFound.
func (s *Store) StoredExport(ctx context.Context, accountID string) (idp.Export, error) {
	e := idp.Export{AccountID: accountID}
	var requested, ready, until int64
	var sections string
	err := s.db.Read().QueryRowContext(ctx, "SELECT id, state, requested_at, ready_at, until_at, size, digest, key_id, sealed, document_size, document_digest, document_key_id, document, sections, sections_done FROM idp_export WHERE account_id = $1", accountID).
		Scan(&e.ID, &e.State, &requested, &ready, &until, &e.Size, &e.Digest, &e.KeyID, &e.Sealed, &e.Document.Size, &e.Document.Digest, &e.Document.KeyID, &e.Document.Sealed, &sections, &e.Done)
	if errors.Is(err, sqldb.ErrNoRows) {
		return e, idp.ErrNotFound
	}
	if err != nil {
		return e, fmt.Errorf("read export: %w", err)
	}
	e.Sections = strings.Fields(sections)
	e.RequestedAt, e.ReadyAt, e.Until = sqldb.Time(requested), sqldb.Time(ready), sqldb.Time(until)
	return e, nil
}

// FinishExport stores what a copy that waits has become; idp.ErrConflict when it does not wait any more.
func (s *Store) FinishExport(ctx context.Context, e idp.Export, record audit.Record) error {
	return s.apply(ctx, record, one(idp.ErrConflict, `UPDATE idp_export SET state = $3, ready_at = $4, until_at = $5, size = $6, digest = $7, key_id = $8, sealed = $9,
			document_size = $11, document_digest = $12, document_key_id = $13, document = $14
		WHERE account_id = $1 AND id = $2 AND state = $10`,
		e.AccountID, e.ID, e.State, sqldb.Micros(e.ReadyAt), sqldb.Micros(e.Until), e.Size, e.Digest, e.KeyID, e.Sealed, idp.ExportWaiting,
		e.Document.Size, e.Document.Digest, e.Document.KeyID, append([]byte{}, e.Document.Sealed...)))
}

// NoteExport writes down how far a copy that waits has come. It is no record of anything: the change that finishes the copy is.
func (s *Store) NoteExport(ctx context.Context, e idp.Export) error {
	return s.db.Apply(ctx, nil, step("UPDATE idp_export SET sections_done = $3 WHERE account_id = $1 AND id = $2 AND state = $4", e.AccountID, e.ID, e.Done, idp.ExportWaiting))
}

// DropExport destroys a copy; idp.ErrNotFound when it is not there.
func (s *Store) DropExport(ctx context.Context, accountID, id string, record audit.Record) error {
	return s.changeOne(ctx, record, "DELETE FROM idp_export WHERE account_id = $1 AND id = $2", accountID, id)
}
