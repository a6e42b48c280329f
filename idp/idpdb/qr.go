package idpdb

import (
	"context"
	"errors"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

const qrColumns = "id, hash, code_hash, browser, portal, device, address, number, state, account_id, sid, expires_at"

func scanQR(row interface{ Scan(...any) error }) (authn.QRLogin, error) {
	var q authn.QRLogin
	var expires int64
	err := row.Scan(&q.ID, &q.Hash, &q.CodeHash, &q.Browser, &q.Portal, &q.Device, &q.Address, &q.Number, &q.State, &q.AccountID, &q.SID, &expires)
	q.ExpiresAt = sqldb.Time(expires)
	if errors.Is(err, sqldb.ErrNoRows) {
		return q, idp.ErrNotFound
	}
	return q, err
}

// PutQR stores a login that waits for a phone.
func (s *Store) PutQR(ctx context.Context, q authn.QRLogin) error {
	return s.db.Apply(ctx, nil, step(`INSERT INTO idp_qr (id, hash, code_hash, browser, portal, device, address, number, state, account_id, sid, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', '', $10)`, q.ID, q.Hash, q.CodeHash, q.Browser, q.Portal, q.Device, q.Address, q.Number, q.State, sqldb.Micros(q.ExpiresAt)))
}

// QR reads one of a browser.
func (s *Store) QR(ctx context.Context, id string, browser []byte, now time.Time) (authn.QRLogin, error) {
	return scanQR(s.db.Read().QueryRowContext(ctx, "SELECT "+qrColumns+" FROM idp_qr WHERE id = $1 AND browser = $2 AND expires_at > $3", id, browser, sqldb.Micros(now)))
}

// SeeQR lets the first session that comes look at one.
func (s *Store) SeeQR(ctx context.Context, hash []byte, accountID, sid string, now time.Time) (q authn.QRLogin, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		q, err = scanQR(tx.QueryRowContext(ctx, "UPDATE idp_qr SET state = $5, account_id = $2, sid = $3 WHERE (hash = $1 OR code_hash = $1) AND expires_at > $4 AND (state = $6 OR (state = $5 AND sid = $3)) RETURNING "+qrColumns,
			hash, accountID, sid, sqldb.Micros(now), authn.QRSeen, authn.QRShown))
		return err
	})
	return q, err
}

// SeenQR reads one that the session looked at.
func (s *Store) SeenQR(ctx context.Context, id, sid string, now time.Time) (authn.QRLogin, error) {
	return scanQR(s.db.Read().QueryRowContext(ctx, "SELECT "+qrColumns+" FROM idp_qr WHERE id = $1 AND sid = $2 AND state = $3 AND expires_at > $4", id, sid, authn.QRSeen, sqldb.Micros(now)))
}

// AnswerQR ends the question; one conditional update decides.
func (s *Store) AnswerQR(ctx context.Context, id, sid string, state authn.QRState, until, now time.Time, record audit.Record) error {
	return s.changeOne(ctx, record, "UPDATE idp_qr SET state = $3, expires_at = $4 WHERE id = $1 AND sid = $2 AND state = $5 AND expires_at > $6",
		id, sid, state, sqldb.Micros(until), authn.QRSeen, sqldb.Micros(now))
}

// TakeQR gives an approved one to its browser, once.
func (s *Store) TakeQR(ctx context.Context, id string, browser []byte, now time.Time) (q authn.QRLogin, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		q, err = scanQR(tx.QueryRowContext(ctx, "UPDATE idp_qr SET state = $4 WHERE id = $1 AND browser = $2 AND state = $5 AND expires_at > $3 RETURNING "+qrColumns,
			id, browser, sqldb.Micros(now), authn.QRTaken, authn.QRApproved))
		return err
	})
	return q, err
}
