package idpdb

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// addRelease counts a release on its line.
func addRelease(r idp.Release) sqldb.Step {
	return step(`INSERT INTO idp_release (account_id, id, grant_id, client_id, name, department, channel, claims, purpose, consent, statutes, mandate, seen, first_at, last_at, items)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
		ON CONFLICT (account_id, id) DO UPDATE SET seen = idp_release.seen + $13, last_at = CASE WHEN idp_release.last_at < $15 THEN $15 ELSE idp_release.last_at END`,
		r.AccountID, r.ID, r.GrantID, r.ClientID, r.Name, r.Department, r.Channel, strings.Join(r.Claims, " "), r.Purpose, r.Basis.Consent, strings.Join(r.Basis.Statutes, "\n"), r.Basis.Mandate,
		r.Count, sqldb.Micros(r.First), sqldb.Micros(r.Last), strings.Join(r.Items, " "))
}

// SaveReleases adds counts to the ledger.
func (s *Store) SaveReleases(ctx context.Context, releases []idp.Release) error {
	var steps []sqldb.Step
	for _, r := range releases {
		steps = append(steps, addRelease(r))
	}
	return s.db.Apply(ctx, nil, steps...)
}

const releaseColumns = "id, grant_id, client_id, name, department, channel, claims, purpose, consent, statutes, mandate, seen, first_at, last_at, items"

func scanRelease(accountID string, row interface{ Scan(...any) error }) (idp.Release, error) {
	r := idp.Release{AccountID: accountID}
	var claims, statutes, items string
	var first, last int64
	err := row.Scan(&r.ID, &r.GrantID, &r.ClientID, &r.Name, &r.Department, &r.Channel, &claims, &r.Purpose, &r.Basis.Consent, &statutes, &r.Basis.Mandate, &r.Count, &first, &last, &items)
	r.Claims, r.Items = strings.Fields(claims), strings.Fields(items)
	r.First, r.Last = sqldb.Time(first), sqldb.Time(last)
	if statutes != "" {
		r.Basis.Statutes = strings.Split(statutes, "\n")
	}
	return r, err
}

// Releases lists lines of a person's ledger, the newest first.
func (s *Store) Releases(ctx context.Context, q idp.ReleaseQuery) ([]idp.Release, error) {
	till := int64(math.MaxInt64)
	if !q.Till.IsZero() {
		till = sqldb.Micros(q.Till)
	}
	rows, err := s.db.Read().QueryContext(ctx, "SELECT "+releaseColumns+` FROM idp_release WHERE account_id = $1 AND ($2 = '' OR client_id = $2) AND first_at >= $3 AND first_at < $4
		AND (first_at < $5 OR (first_at = $5 AND id > $6)) ORDER BY first_at DESC, id LIMIT $7`,
		q.AccountID, q.ClientID, sqldb.Micros(q.Since), till, place(q.Behind.First), q.Behind.ID, q.Limit)
	if err != nil {
		return nil, fmt.Errorf("list releases: %w", err)
	}
	defer rows.Close()
	var all []idp.Release
	for rows.Next() {
		r, err := scanRelease(q.AccountID, rows)
		if err != nil {
			return nil, fmt.Errorf("list releases: %w", err)
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// StoredRelease reads one line of a person's ledger.
func (s *Store) StoredRelease(ctx context.Context, accountID, id string) (idp.Release, error) {
	r, err := scanRelease(accountID, s.db.Read().QueryRowContext(ctx, "SELECT "+releaseColumns+" FROM idp_release WHERE account_id = $1 AND id = $2", accountID, id))
	if errors.Is(err, sqldb.ErrNoRows) {
		return r, idp.ErrNotFound
	}
	return r, err
}

// Receivers lists the clients in a person's ledger.
func (s *Store) Receivers(ctx context.Context, accountID string, limit int) ([]idp.Receiver, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT client_id, MAX(name) FROM idp_release WHERE account_id = $1 GROUP BY client_id ORDER BY 2, 1 LIMIT $2", accountID, limit)
	if err != nil {
		return nil, fmt.Errorf("list receivers: %w", err)
	}
	defer rows.Close()
	var all []idp.Receiver
	for rows.Next() {
		var r idp.Receiver
		if err := rows.Scan(&r.ClientID, &r.Name); err != nil {
			return nil, fmt.Errorf("list receivers: %w", err)
		}
		all = append(all, r)
	}
	return all, rows.Err()
}
