package keysdb

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/ca"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// InsertCertificate stores a certificate; ca.ErrExists when its id or serial number is taken.
func (s *Store) InsertCertificate(ctx context.Context, r ca.Record, record audit.Record) error {
	err := s.db.Write(ctx, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO key_certificate
			(id, issuer_id, serial, label, key_id, not_after, der, revoked_at, revocation_reason) VALUES ($1, $2, $3, $4, $5, $6, $7, 0, 0)`,
			r.ID, r.IssuerID, r.Cert.SerialHex(), r.Label, r.KeyID, sqldb.Micros(r.Cert.NotAfter), r.Cert.Raw)
		if err != nil {
			return fmt.Errorf("store certificate: %w", err)
		}
		return auditdb.Append(ctx, tx, record)
	})
	if sqldb.IsUnique(err) {
		return ca.ErrExists
	}
	return err
}

const certificateColumns = "SELECT id, issuer_id, label, key_id, der, revoked_at, revocation_reason FROM key_certificate "

// CertificateByLabel finds the newest certificate with the label.
func (s *Store) CertificateByLabel(ctx context.Context, label string) (ca.Record, error) {
	return s.certificate(ctx, certificateColumns+"WHERE label = $1 ORDER BY not_after DESC, id LIMIT 1", label)
}

// CertificateBySerial finds a certificate of an issuer by its serial number in lower-case hex.
func (s *Store) CertificateBySerial(ctx context.Context, issuerID, serial string) (ca.Record, error) {
	return s.certificate(ctx, certificateColumns+"WHERE issuer_id = $1 AND serial = $2", issuerID, serial)
}

func (s *Store) certificate(ctx context.Context, query string, arguments ...any) (ca.Record, error) {
	var r ca.Record
	var der []byte
	var revokedAt, reason int64
	err := s.db.Read().QueryRowContext(ctx, query, arguments...).Scan(&r.ID, &r.IssuerID, &r.Label, &r.KeyID, &der, &revokedAt, &reason)
	if errors.Is(err, sqldb.ErrNoRows) {
		return r, keys.ErrNotFound
	}
	if err != nil {
		return r, fmt.Errorf("find certificate: %w", err)
	}
	if r.Cert, err = pki.ParseCertificate(der); err != nil {
		return r, fmt.Errorf("read stored certificate: %w", err)
	}
	if revokedAt != 0 {
		r.Revoked = &pki.CRLEntry{Serial: r.Cert.Serial, RevokedAt: sqldb.Time(revokedAt), Reason: pki.RevocationReason(reason)}
	}
	return r, nil
}

// RevokeCertificate marks a certificate; revoking it again keeps the first time.
func (s *Store) RevokeCertificate(ctx context.Context, id string, at time.Time, reason pki.RevocationReason, record audit.Record) error {
	return s.change(ctx, record, "UPDATE key_certificate SET revoked_at = $2, revocation_reason = $3 WHERE id = $1 AND revoked_at = 0", id, sqldb.Micros(at), int64(reason))
}

// RevokedBy lists what the issuer revoked.
func (s *Store) RevokedBy(ctx context.Context, issuerID string) ([]pki.CRLEntry, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT serial, revoked_at, revocation_reason FROM key_certificate
		WHERE issuer_id = $1 AND revoked_at > 0 ORDER BY revoked_at, serial`, issuerID)
	if err != nil {
		return nil, fmt.Errorf("list revocations: %w", err)
	}
	defer rows.Close()
	var all []pki.CRLEntry
	for rows.Next() {
		var serial string
		var at, reason int64
		if err := rows.Scan(&serial, &at, &reason); err != nil {
			return nil, fmt.Errorf("list revocations: %w", err)
		}
		number, ok := new(big.Int).SetString(serial, 16)
		if !ok {
			return nil, fmt.Errorf("list revocations: serial %q", serial)
		}
		all = append(all, pki.CRLEntry{Serial: number, RevokedAt: sqldb.Time(at), Reason: pki.RevocationReason(reason)})
	}
	return all, rows.Err()
}

// SaveCRL stores the next list of an issuer.
func (s *Store) SaveCRL(ctx context.Context, issuerID string, number int64, der []byte, nextUpdate time.Time) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		if _, err := tx.ExecContext(ctx, "INSERT INTO key_crl (issuer_id, number, der, next_update) VALUES ($1, 0, $2, 0) ON CONFLICT (issuer_id) DO NOTHING", issuerID, []byte{}); err != nil {
			return err
		}
		done, err := sqldb.ExecOne(ctx, tx, "UPDATE key_crl SET number = $2, der = $3, next_update = $4 WHERE issuer_id = $1 AND number = $2 - 1",
			issuerID, number, der, sqldb.Micros(nextUpdate))
		if err == nil && !done {
			return keys.ErrState
		}
		return err
	})
}

// CRL reads the stored list of an issuer.
func (s *Store) CRL(ctx context.Context, issuerID string) (number int64, der []byte, nextUpdate time.Time, err error) {
	var next int64
	err = s.db.Read().QueryRowContext(ctx, "SELECT number, der, next_update FROM key_crl WHERE issuer_id = $1", issuerID).Scan(&number, &der, &next)
	if errors.Is(err, sqldb.ErrNoRows) {
		return 0, nil, time.Time{}, nil
	}
	return number, der, sqldb.Time(next), err
}
