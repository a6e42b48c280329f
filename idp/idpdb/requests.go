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

// PutPushedRequest stores a pushed authorization request.
func (s *Store) PutPushedRequest(ctx context.Context, r oauth.PushedRequest, record audit.Record) error {
	params, err := json.Marshal(r.Params)
	if err != nil {
		return err
	}
	return s.apply(ctx, record, step("INSERT INTO idp_pushed_request (hash, client_id, params, expires_at, used_at) VALUES ($1, $2, $3, $4, 0)",
		r.Hash, r.ClientID, string(params), sqldb.Micros(r.ExpiresAt)))
}

// PushedRequest reads a pushed authorization request.
func (s *Store) PushedRequest(ctx context.Context, hash []byte) (oauth.PushedRequest, error) {
	r := oauth.PushedRequest{Hash: hash}
	var params string
	var expires, used int64
	err := s.db.Read().QueryRowContext(ctx, "SELECT client_id, params, expires_at, used_at FROM idp_pushed_request WHERE hash = $1", hash).
		Scan(&r.ClientID, &params, &expires, &used)
	if errors.Is(err, sqldb.ErrNoRows) {
		return r, oauth.ErrNotFound
	}
	if err != nil {
		return r, fmt.Errorf("read pushed request: %w", err)
	}
	r.ExpiresAt, r.UsedAt = sqldb.Time(expires), sqldb.Time(used)
	return r, json.Unmarshal([]byte(params), &r.Params)
}

// UsePushedRequest consumes a pushed authorization request. Its end is not asked again: the login that it began may take
// longer than it may wait.
func (s *Store) UsePushedRequest(ctx context.Context, hash []byte, at time.Time) error {
	return s.db.Apply(ctx, nil, one(oauth.ErrConsumed, "UPDATE idp_pushed_request SET used_at = $2 WHERE hash = $1 AND used_at = 0", hash, sqldb.Micros(at)))
}

// SeeRequestObject notes the serial of a request object.
func (s *Store) SeeRequestObject(ctx context.Context, hash []byte, until time.Time) error {
	return s.db.Apply(ctx, nil, one(oauth.ErrConsumed, "INSERT INTO idp_request_object (hash, until_at) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING", hash, sqldb.Micros(until)))
}

// ApplyDetailType stores a kind of authorization_details if it differs from what is there.
func (s *Store) ApplyDetailType(ctx context.Context, name string, body []byte, record audit.Record) error {
	var old string
	err := s.db.Read().QueryRowContext(ctx, "SELECT body FROM idp_detail_type WHERE name = $1", name).Scan(&old)
	if err == nil && old == string(body) {
		return nil
	}
	if err != nil && !errors.Is(err, sqldb.ErrNoRows) {
		return err
	}
	return s.audited(ctx, record, func(tx sqldb.Tx) error {
		if _, err := tx.ExecContext(ctx, "INSERT INTO idp_detail_type (name, body) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET body = $2", name, string(body)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO idp_revision (name, n) VALUES ('detail_type', 1) ON CONFLICT (name) DO UPDATE SET n = idp_revision.n + 1")
		return err
	})
}

// DetailTypes reads the kinds of authorization_details.
func (s *Store) DetailTypes(ctx context.Context, limit int) (map[string][]byte, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT name, body FROM idp_detail_type ORDER BY name LIMIT $1", limit)
	if err != nil {
		return nil, fmt.Errorf("read authorization details types: %w", err)
	}
	defer rows.Close()
	all := map[string][]byte{}
	for rows.Next() {
		var name, body string
		if err := rows.Scan(&name, &body); err != nil {
			return nil, fmt.Errorf("read authorization details types: %w", err)
		}
		all[name] = []byte(body)
	}
	return all, rows.Err()
}

// DetailRevision changes with every change of a kind of authorization_details.
func (s *Store) DetailRevision(ctx context.Context) (n int64, err error) {
	err = s.db.Read().QueryRowContext(ctx, "SELECT n FROM idp_revision WHERE name = 'detail_type'").Scan(&n)
	if errors.Is(err, sqldb.ErrNoRows) {
		return 0, nil
	}
	return n, err
}
