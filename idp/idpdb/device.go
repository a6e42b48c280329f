package idpdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// PutDevice stores a request of a device.
func (s *Store) PutDevice(ctx context.Context, d oauth.DeviceRecord, record audit.Record) error {
	body, err := json.Marshal(d.Request)
	if err != nil {
		return err
	}
	return s.apply(ctx, record, step(`INSERT INTO idp_device (hash, user_hash, client_id, request, state, grant_id, interval_ms, polled_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8)`, d.Hash, d.UserHash, d.Request.ClientID, string(body), string(d.State), d.GrantID, d.Interval.Milliseconds(), sqldb.Micros(d.ExpiresAt)))
}

// Device finds a request by the device's code.
func (s *Store) Device(ctx context.Context, hash []byte) (oauth.DeviceRecord, error) {
	return s.device(ctx, "hash = $1", hash)
}

// DeviceOfUser finds a request by the code that the person types.
func (s *Store) DeviceOfUser(ctx context.Context, userHash []byte) (oauth.DeviceRecord, error) {
	return s.device(ctx, "user_hash = $1", userHash)
}

func (s *Store) device(ctx context.Context, where string, key []byte) (oauth.DeviceRecord, error) {
	var d oauth.DeviceRecord
	var client, body, state string
	var interval, polled, expires int64
	err := s.db.Read().QueryRowContext(ctx, "SELECT hash, user_hash, client_id, request, state, grant_id, interval_ms, polled_at, expires_at FROM idp_device WHERE "+where, key).
		Scan(&d.Hash, &d.UserHash, &client, &body, &state, &d.GrantID, &interval, &polled, &expires)
	if errors.Is(err, sqldb.ErrNoRows) {
		return d, oauth.ErrNotFound
	}
	if err != nil {
		return d, fmt.Errorf("read device: %w", err)
	}
	d.State, d.Interval, d.PolledAt, d.ExpiresAt = oauth.DeviceState(state), time.Duration(interval)*time.Millisecond, sqldb.Time(polled), sqldb.Time(expires)
	if body != "" {
		if err := json.Unmarshal([]byte(body), &d.Request); err != nil {
			return d, fmt.Errorf("read device: %w", err)
		}
	}
	d.Request.ClientID = client
	return d, nil
}

// AnswerDevice stores a person's answer.
func (s *Store) AnswerDevice(ctx context.Context, userHash []byte, state oauth.DeviceState, request oauth.Request, at time.Time, record audit.Record) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	return s.apply(ctx, record, one(oauth.ErrConsumed, `UPDATE idp_device SET state = $2, request = $3,
		consent_at = COALESCE((SELECT began_at FROM idp_consent c WHERE c.account_id = $5 AND c.client_id = idp_device.client_id), 0)
		WHERE user_hash = $1 AND state = 'pending' AND expires_at > $4`,
		userHash, string(state), string(body), sqldb.Micros(at), request.Session.AccountID))
}

// PollDevice notes a question of the device. The conditional update decides whether it came too fast.
func (s *Store) PollDevice(ctx context.Context, hash []byte, at time.Time, more time.Duration) (tooFast bool, err error) {
	now := sqldb.Micros(at)
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		inTime, err := sqldb.ExecOne(ctx, tx, "UPDATE idp_device SET polled_at = $2 WHERE hash = $1 AND polled_at + interval_ms * 1000 <= $2", hash, now)
		if err != nil || inTime {
			tooFast = false
			return err
		}
		tooFast = true
		_, err = tx.ExecContext(ctx, "UPDATE idp_device SET polled_at = $2, interval_ms = interval_ms + $3 WHERE hash = $1 AND interval_ms < 60000", hash, now, more.Milliseconds())
		return err
	})
	return tooFast, err
}

// useDevice consumes an approved request and forgets what it held (F8).
func useDevice(hash []byte, grantID string, at int64) sqldb.Step {
	return one(oauth.ErrConsumed, "UPDATE idp_device SET state = 'used', request = '' WHERE hash = $1 AND grant_id = $2 AND state = 'approved' AND expires_at > $3", hash, grantID, at)
}
