package idpdb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// SaveRefusals adds counts of refused requests of one client and drops the oldest beyond keep.
func (s *Store) SaveRefusals(ctx context.Context, clientID string, refused []idp.RefusedRequest, keep int) error {
	var steps []sqldb.Step
	for _, r := range refused {
		steps = append(steps, step(`INSERT INTO idp_refused_request (client_id, parameter, received, seen, first_at, last_at, support_code) VALUES ($1, $2, $3, $4, $5, $6, $7)
			ON CONFLICT (client_id, parameter, received) DO UPDATE SET seen = idp_refused_request.seen + $4, last_at = $6, support_code = $7`,
			clientID, r.Parameter, r.Received, r.Count, sqldb.Micros(r.First), sqldb.Micros(r.Last), r.SupportCode))
	}
	steps = append(steps, step(`DELETE FROM idp_refused_request WHERE client_id = $1 AND (parameter, received) IN
		(SELECT parameter, received FROM idp_refused_request WHERE client_id = $1 ORDER BY last_at DESC, parameter, received LIMIT 1000 OFFSET $2)`, clientID, keep))
	return s.db.Apply(ctx, nil, steps...)
}

// Refusals lists refused requests of a client, the newest first.
func (s *Store) Refusals(ctx context.Context, clientID string, since time.Time, limit int) ([]idp.RefusedRequest, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT parameter, received, seen, first_at, last_at, support_code FROM idp_refused_request
		WHERE client_id = $1 AND last_at > $2 ORDER BY last_at DESC, parameter, received LIMIT $3`, clientID, sqldb.Micros(since), limit)
	if err != nil {
		return nil, fmt.Errorf("list refused requests: %w", err)
	}
	defer rows.Close()
	var all []idp.RefusedRequest
	for rows.Next() {
		r := idp.RefusedRequest{ClientID: clientID}
		var first, last int64
		if err := rows.Scan(&r.Parameter, &r.Received, &r.Count, &first, &last, &r.SupportCode); err != nil {
			return nil, fmt.Errorf("list refused requests: %w", err)
		}
		r.First, r.Last = sqldb.Time(first), sqldb.Time(last)
		all = append(all, r)
	}
	return all, rows.Err()
}

// RefusedWith gives the client of a refused request by the support code of its last page.
func (s *Store) RefusedWith(ctx context.Context, supportCode string, since time.Time) (clientID string, err error) {
	err = s.db.Read().QueryRowContext(ctx, "SELECT client_id FROM idp_refused_request WHERE support_code = $1 AND last_at > $2 ORDER BY last_at DESC LIMIT 1", supportCode, sqldb.Micros(since)).Scan(&clientID)
	if errors.Is(err, sqldb.ErrNoRows) {
		return "", idp.ErrNotFound
	}
	return clientID, err
}
