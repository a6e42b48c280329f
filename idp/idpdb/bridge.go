package idpdb

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/bridge/cas"
	"github.com/yinxin-gov/yinxin/idp/bridge/ticket"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/idp/registry"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// ApplyPartner stores a partner if it differs from what is there.
func (s *Store) ApplyPartner(ctx context.Context, e registry.Entry, record audit.Record) error {
	var body string
	var mac []byte
	err := s.db.Read().QueryRowContext(ctx, "SELECT body, secret_mac FROM idp_partner WHERE kind = $1 AND id = $2", e.Kind, e.ID).Scan(&body, &mac)
	known := err == nil
	if known && body == string(e.Body) && (e.SecretMAC == nil || bytes.Equal(mac, e.SecretMAC)) {
		return nil
	}
	if err != nil && !errors.Is(err, sqldb.ErrNoRows) {
		return err
	}
	change := step(`INSERT INTO idp_partner (kind, id, body, secret_mac, key_id, sealed) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (kind, id) DO UPDATE SET body = $3, secret_mac = $4, key_id = $5, sealed = $6`,
		e.Kind, e.ID, string(e.Body), notNull(e.SecretMAC), e.KeyID, notNull(e.Sealed))
	if known && e.SecretMAC == nil {
		change = step("UPDATE idp_partner SET body = $3 WHERE kind = $1 AND id = $2", e.Kind, e.ID, string(e.Body))
	}
	return s.apply(ctx, record, change, bumpPartners(e.Kind))
}

// ChangePartner stores an entry in the place of the one that was read; idp.ErrConflict when another one lies there.
func (s *Store) ChangePartner(ctx context.Context, was, e registry.Entry, settlement *foureyes.Settlement, record audit.Record) error {
	change := one(idp.ErrConflict, "INSERT INTO idp_partner (kind, id, body, secret_mac, key_id, sealed) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (kind, id) DO NOTHING",
		e.Kind, e.ID, string(e.Body), notNull(e.SecretMAC), e.KeyID, notNull(e.Sealed))
	switch {
	case was.ID != "" && e.SecretMAC == nil:
		change = one(idp.ErrConflict, "UPDATE idp_partner SET body = $3 WHERE kind = $1 AND id = $2 AND body = $4 AND secret_mac = $5", e.Kind, e.ID, string(e.Body), string(was.Body), notNull(was.SecretMAC))
	case was.ID != "":
		change = one(idp.ErrConflict, "UPDATE idp_partner SET body = $3, secret_mac = $4, key_id = $5, sealed = $6 WHERE kind = $1 AND id = $2 AND body = $7 AND secret_mac = $8",
			e.Kind, e.ID, string(e.Body), e.SecretMAC, e.KeyID, e.Sealed, string(was.Body), notNull(was.SecretMAC))
	}
	return s.settled(ctx, settlement, record, func(tx sqldb.Tx) error { return sqldb.Run(ctx, tx, change, bumpPartners(e.Kind)) })
}

func bumpPartners(kind string) sqldb.Step {
	return step("INSERT INTO idp_revision (name, n) VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET n = idp_revision.n + 1", "partner/"+kind)
}

// notNull: columns of secrets are empty, never NULL, where there is none.
func notNull(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// Partners reads the partners of a kind.
func (s *Store) Partners(ctx context.Context, kind string, limit int) ([]registry.Entry, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT id, body, secret_mac, key_id, sealed FROM idp_partner WHERE kind = $1 ORDER BY id LIMIT $2", kind, limit)
	if err != nil {
		return nil, fmt.Errorf("read partners: %w", err)
	}
	defer rows.Close()
	var all []registry.Entry
	for rows.Next() {
		e := registry.Entry{Kind: kind}
		var body string
		if err := rows.Scan(&e.ID, &body, &e.SecretMAC, &e.KeyID, &e.Sealed); err != nil {
			return nil, fmt.Errorf("read partners: %w", err)
		}
		e.Body = []byte(body)
		all = append(all, e)
	}
	return all, rows.Err()
}

// PartnerRevision changes with every change of any partner of the kind.
func (s *Store) PartnerRevision(ctx context.Context, kind string) (n int64, err error) {
	err = s.db.Read().QueryRowContext(ctx, "SELECT n FROM idp_revision WHERE name = $1", "partner/"+kind).Scan(&n)
	if errors.Is(err, sqldb.ErrNoRows) {
		return 0, nil
	}
	return n, err
}

// liveSession is the condition that the session behind a one-time value has not ended.
const liveSession = "EXISTS (SELECT 1 FROM idp_session WHERE id = $1 AND ended_at = 0)"

// PutTicket stores a CAS service ticket.
func (s *Store) PutTicket(ctx context.Context, hash []byte, g cas.Grant, expires time.Time, record audit.Record) error {
	return s.audited(ctx, record, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO idp_cas_ticket (hash, service_id, url, sid, account_id, fresh, expires_at, used_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 0)`, hash, g.ServiceID, g.URL, g.SID, g.AccountID, g.Fresh, sqldb.Micros(expires))
		return err
	})
}

// EndLogin takes back the login of a CAS ticket.
func (s *Store) EndLogin(ctx context.Context, hash []byte, record audit.Record) error {
	return s.changeOne(ctx, record, "DELETE FROM idp_cas_login WHERE hash = $1", hash)
}

// Logins lists where a session is signed in by CAS.
func (s *Store) Logins(ctx context.Context, sid string) ([]cas.Login, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT hash, service_id, url, key_id, sealed, at FROM idp_cas_login WHERE sid = $1 ORDER BY at LIMIT 500", sid)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []cas.Login
	for rows.Next() {
		l := cas.Login{SID: sid}
		var at int64
		if err := rows.Scan(&l.Hash, &l.ServiceID, &l.URL, &l.KeyID, &l.Sealed, &at); err != nil {
			return nil, err
		}
		l.At = sqldb.Time(at)
		all = append(all, l)
	}
	return all, rows.Err()
}

// PutBridgeTicket stores a ticket of a TicketBridge.
func (s *Store) PutBridgeTicket(ctx context.Context, hash []byte, g ticket.Grant, expires time.Time, record audit.Record) error {
	return s.audited(ctx, record, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO idp_bridge_ticket (hash, bridge_id, url, sid, account_id, expires_at, used_at) VALUES ($1, $2, $3, $4, $5, $6, 0)",
			hash, g.BridgeID, g.URL, g.SID, g.AccountID, sqldb.Micros(expires))
		return err
	})
}

// ExchangeTicket consumes a ticket of a TicketBridge and stores the token.
func (s *Store) ExchangeTicket(ctx context.Context, hash []byte, bridgeID, url string, at time.Time, token []byte, tokenExpires time.Time, record func(ticket.Outcome, ticket.Grant) audit.Record) (outcome ticket.Outcome, g ticket.Grant, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		outcome, g = ticket.Unknown, ticket.Grant{}
		done, err := sqldb.ExecOne(ctx, tx, "UPDATE idp_bridge_ticket SET used_at = $2 WHERE hash = $1 AND used_at = 0 AND expires_at > $2", hash, sqldb.Micros(at))
		if err != nil {
			return err
		}
		var used int64
		err = tx.QueryRowContext(ctx, "SELECT bridge_id, url, sid, account_id, used_at FROM idp_bridge_ticket WHERE hash = $1", hash).Scan(&g.BridgeID, &g.URL, &g.SID, &g.AccountID, &used)
		switch {
		case errors.Is(err, sqldb.ErrNoRows), err == nil && !done && used == 0:
			return nil
		case err != nil:
			return err
		case !done:
			outcome = ticket.Replayed
			return auditdb.Append(ctx, tx, record(outcome, g))
		case g.BridgeID != bridgeID || g.URL != url:
			outcome = ticket.Burnt
			return auditdb.Append(ctx, tx, record(outcome, g))
		}
		var live bool
		if err := tx.QueryRowContext(ctx, "SELECT "+liveSession, g.SID).Scan(&live); err != nil || !live {
			return err
		}
		outcome = ticket.Exchanged
		if _, err := tx.ExecContext(ctx, "INSERT INTO idp_bridge_token (hash, bridge_id, sid, account_id, expires_at) VALUES ($1, $2, $3, $4, $5)",
			token, g.BridgeID, g.SID, g.AccountID, sqldb.Micros(tokenExpires)); err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record(outcome, g))
	})
	return outcome, g, err
}

// BridgeToken finds a token that has not expired and whose session has not ended.
func (s *Store) BridgeToken(ctx context.Context, hash []byte, now time.Time) (ticket.Grant, error) {
	var g ticket.Grant
	err := s.db.Read().QueryRowContext(ctx, `SELECT bridge_id, sid, account_id FROM idp_bridge_token WHERE hash = $1 AND expires_at > $2
		AND EXISTS (SELECT 1 FROM idp_session WHERE id = idp_bridge_token.sid AND ended_at = 0)`, hash, sqldb.Micros(now)).Scan(&g.BridgeID, &g.SID, &g.AccountID)
	if errors.Is(err, sqldb.ErrNoRows) {
		return g, idp.ErrNotFound
	}
	return g, err
}

// UseNonce remembers a nonce of a partner.
func (s *Store) UseNonce(ctx context.Context, hash []byte, until time.Time) (fresh bool, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		fresh, err = sqldb.ExecOne(ctx, tx, "INSERT INTO idp_bridge_nonce (hash, expires_at) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING", hash, sqldb.Micros(until))
		return err
	})
	return fresh, err
}

// BridgesOf lists the bridges at which a session has exchanged a ticket.
func (s *Store) BridgesOf(ctx context.Context, sid string) ([]ticket.Grant, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT DISTINCT bridge_id, account_id FROM idp_bridge_token WHERE sid = $1 ORDER BY bridge_id LIMIT 500", sid)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []ticket.Grant
	for rows.Next() {
		g := ticket.Grant{SID: sid}
		if err := rows.Scan(&g.BridgeID, &g.AccountID); err != nil {
			return nil, err
		}
		all = append(all, g)
	}
	return all, rows.Err()
}
