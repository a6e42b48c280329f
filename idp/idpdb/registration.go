package idpdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/openplatform"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// ApplyInitialAccess stores an initial access token if it differs from what is there.
func (s *Store) ApplyInitialAccess(ctx context.Context, t openplatform.InitialAccess, hash []byte, record audit.Record) error {
	body, err := json.Marshal(t)
	if err != nil {
		return err
	}
	var revoked int64
	if t.Revoked {
		revoked = 1
	}
	var old string
	var oldHash []byte
	err = s.db.Read().QueryRowContext(ctx, "SELECT body, hash FROM idp_initial_access WHERE name = $1", t.Name).Scan(&old, &oldHash)
	if err == nil && old == string(body) && string(oldHash) == string(hash) {
		return nil
	}
	if err != nil && !errors.Is(err, sqldb.ErrNoRows) {
		return err
	}
	return s.audited(ctx, record, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO idp_initial_access (name, hash, body, uses, used, expires_at, revoked_at) VALUES ($1, $2, $3, $4, 0, $5, $6)
			ON CONFLICT (name) DO UPDATE SET hash = $2, body = $3, uses = $4, expires_at = $5, revoked_at = $6`, t.Name, hash, string(body), t.Uses, sqldb.Micros(t.ExpiresAt), revoked)
		return err
	})
}

// InitialAccess finds an initial access token.
func (s *Store) InitialAccess(ctx context.Context, hash []byte) (openplatform.InitialAccess, error) {
	return s.initialAccess(ctx, "SELECT body FROM idp_initial_access WHERE hash = $1", hash)
}

// InitialAccessByName finds an initial access token by its name.
func (s *Store) InitialAccessByName(ctx context.Context, name string) (openplatform.InitialAccess, error) {
	return s.initialAccess(ctx, "SELECT body FROM idp_initial_access WHERE name = $1", name)
}

func (s *Store) initialAccess(ctx context.Context, query string, key any) (openplatform.InitialAccess, error) {
	var t openplatform.InitialAccess
	body, err := s.oneText(ctx, query, key)
	if err != nil {
		return t, err
	}
	return t, json.Unmarshal(body, &t)
}

func (s *Store) oneText(ctx context.Context, query string, key any) ([]byte, error) {
	var body string
	err := s.db.Read().QueryRowContext(ctx, query, key).Scan(&body)
	if errors.Is(err, sqldb.ErrNoRows) {
		return nil, openplatform.ErrNotFound
	}
	return []byte(body), err
}

const bumpClients = "INSERT INTO idp_revision (name, n) VALUES ('client', 1) ON CONFLICT (name) DO UPDATE SET n = idp_revision.n + 1"

// Register consumes one use of an initial access token and stores the client with its registration.
func (s *Store) Register(ctx context.Context, initialHash []byte, now time.Time, clientID string, body, secretMAC []byte, r openplatform.Registration, record audit.Record) error {
	return s.audited(ctx, record, func(tx sqldb.Tx) error {
		open, err := sqldb.ExecOne(ctx, tx, "UPDATE idp_initial_access SET used = used + 1 WHERE hash = $1 AND used < uses AND revoked_at = 0 AND expires_at > $2", initialHash, sqldb.Micros(now))
		if err != nil {
			return err
		}
		if !open {
			return openplatform.ErrSpent
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO idp_client (client_id, body, secret_mac) VALUES ($1, $2, $3)", clientID, string(body), secretMAC); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO idp_registration (client_id, token_mac, initial, pending, created_at, ended_at) VALUES ($1, $2, $3, '', $4, 0)",
			clientID, r.TokenMAC, r.Initial, sqldb.Micros(r.CreatedAt)); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, bumpClients)
		return err
	})
}

// Registration reads a registration that has not ended.
func (s *Store) Registration(ctx context.Context, clientID string) (openplatform.Registration, error) {
	r := openplatform.Registration{ClientID: clientID}
	var pending string
	var created int64
	err := s.db.Read().QueryRowContext(ctx, "SELECT token_mac, initial, pending, created_at FROM idp_registration WHERE client_id = $1 AND ended_at = 0", clientID).
		Scan(&r.TokenMAC, &r.Initial, &pending, &created)
	if errors.Is(err, sqldb.ErrNoRows) {
		return r, openplatform.ErrNotFound
	}
	if err != nil {
		return r, fmt.Errorf("read registration: %w", err)
	}
	r.Pending, r.CreatedAt = []byte(pending), sqldb.Time(created)
	return r, nil
}

// ChangeClient replaces a client that is still as it was read, with what waits; idp.ErrConflict otherwise.
func (s *Store) ChangeClient(ctx context.Context, c openplatform.Change, record audit.Record) error {
	end := sqldb.Micros(c.End)
	steps := []sqldb.Step{
		one(idp.ErrConflict, "UPDATE idp_client SET body = $3, retired_at = $4 WHERE client_id = $1 AND body = $2 AND retired_at = 0", c.ClientID, string(c.Was), string(c.Body), end),
		one(idp.ErrConflict, "UPDATE idp_registration SET pending = $2, ended_at = $3 WHERE client_id = $1 AND pending = $4 AND ended_at = 0", c.ClientID, string(c.Pending), end, string(c.WasPending)),
		step(bumpClients)}
	if c.Settlement == nil {
		return s.apply(ctx, record, steps...)
	}
	return s.settled(ctx, c.Settlement, record, func(tx sqldb.Tx) error {
		for _, each := range steps {
			changed, err := sqldb.ExecOne(ctx, tx, each.Query, each.Args...)
			if err == nil && !changed {
				err = each.Else
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// WaitingRegistrations lists applied clients and those with a change that waits. The state is a member of the stored client,
// which administrators alone write; a pattern finds it, and one that a key set imitates shows a client more.
func (s *Store) WaitingRegistrations(ctx context.Context, after string, limit int) ([]openplatform.WaitingRow, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT r.client_id, r.token_mac, r.initial, r.pending, r.created_at, c.body FROM idp_registration r JOIN idp_client c ON c.client_id = r.client_id
		WHERE r.ended_at = 0 AND r.client_id > $1 AND (r.pending <> '' OR c.body LIKE '%"approval_state":"applied"%') ORDER BY r.client_id LIMIT $2`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list registrations: %w", err)
	}
	defer rows.Close()
	var all []openplatform.WaitingRow
	for rows.Next() {
		var r openplatform.WaitingRow
		var pending, body string
		var created int64
		if err := rows.Scan(&r.ClientID, &r.TokenMAC, &r.Initial, &pending, &created, &body); err != nil {
			return nil, fmt.Errorf("list registrations: %w", err)
		}
		r.Pending, r.CreatedAt, r.Body = []byte(pending), sqldb.Time(created), []byte(body)
		all = append(all, r)
	}
	return all, rows.Err()
}

// ClientBody reads the stored form of one client.
func (s *Store) ClientBody(ctx context.Context, clientID string) ([]byte, error) {
	body, err := s.oneText(ctx, "SELECT body FROM idp_client WHERE client_id = $1", clientID)
	if errors.Is(err, openplatform.ErrNotFound) {
		return nil, idp.ErrNotFound
	}
	return body, err
}

// ApplyStatementIssuer stores a signer of software statements.
func (s *Store) ApplyStatementIssuer(ctx context.Context, name string, body []byte, record audit.Record) error {
	if old, err := s.StatementIssuer(ctx, name); err == nil && string(old) == string(body) {
		return nil
	} else if err != nil && !errors.Is(err, openplatform.ErrNotFound) {
		return err
	}
	return s.audited(ctx, record, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO idp_statement_issuer (name, body) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET body = $2", name, string(body))
		return err
	})
}

// StatementIssuer reads a signer of software statements.
func (s *Store) StatementIssuer(ctx context.Context, name string) ([]byte, error) {
	return s.oneText(ctx, "SELECT body FROM idp_statement_issuer WHERE name = $1", name)
}
