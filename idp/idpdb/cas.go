package idpdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/bridge/cas"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// ConsumeTicket consumes a CAS service ticket and notes the login.
func (s *Store) ConsumeTicket(ctx context.Context, hash []byte, url string, login cas.Login, record func(cas.Outcome, cas.Grant) audit.Record) (cas.Outcome, cas.Grant, error) {
	return s.consumeCAS(ctx, casTicket{
		use:  "UPDATE idp_cas_ticket SET used_at = $2 WHERE hash = $1 AND used_at = 0 AND expires_at > $2",
		read: "SELECT service_id, url, sid, account_id, fresh, '[]', used_at FROM idp_cas_ticket WHERE hash = $1",
	}, hash, url, login, record)
}

// ConsumeProxyTicket consumes a CAS proxy ticket and notes the login, if the login of the proxy stands.
func (s *Store) ConsumeProxyTicket(ctx context.Context, hash []byte, url string, login cas.Login, record func(cas.Outcome, cas.Grant) audit.Record) (cas.Outcome, cas.Grant, error) {
	return s.consumeCAS(ctx, casTicket{
		use: `UPDATE idp_cas_proxy_ticket SET used_at = $2 WHERE hash = $1 AND used_at = 0 AND expires_at > $2 AND EXISTS
			(SELECT 1 FROM idp_cas_granting g JOIN idp_cas_login l ON l.hash = g.login WHERE g.hash = idp_cas_proxy_ticket.granting)`,
		read: "SELECT service_id, url, sid, account_id, FALSE, proxies, used_at FROM idp_cas_proxy_ticket WHERE hash = $1",
	}, hash, url, login, record)
}

// casTicket is how tickets of a kind are used and read.
type casTicket struct{ use, read string }

func (s *Store) consumeCAS(ctx context.Context, kind casTicket, hash []byte, url string, login cas.Login, record func(cas.Outcome, cas.Grant) audit.Record) (outcome cas.Outcome, g cas.Grant, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		outcome, g = cas.Unknown, cas.Grant{}
		done, err := sqldb.ExecOne(ctx, tx, kind.use, hash, sqldb.Micros(login.At))
		if err != nil {
			return err
		}
		var used int64
		var proxies string
		err = tx.QueryRowContext(ctx, kind.read, hash).Scan(&g.ServiceID, &g.URL, &g.SID, &g.AccountID, &g.Fresh, &proxies, &used)
		switch {
		case errors.Is(err, sqldb.ErrNoRows):
			return nil
		case err != nil:
			return err
		case !done && used == 0: // it expired, or its proxy was signed out
			return nil
		case !done:
			outcome = cas.Replayed
			return nil
		case g.URL != url:
			outcome = cas.Burnt
			return auditdb.Append(ctx, tx, record(outcome, g))
		}
		if err := json.Unmarshal([]byte(proxies), &g.Proxies); err != nil {
			return fmt.Errorf("read proxies of a ticket: %w", err)
		}
		var live bool
		if err := tx.QueryRowContext(ctx, "SELECT "+liveSession, g.SID).Scan(&live); err != nil || !live {
			return err
		}
		outcome = cas.Consumed
		if _, err := tx.ExecContext(ctx, `INSERT INTO idp_cas_login (hash, sid, service_id, url, key_id, sealed, at) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
			hash, g.SID, g.ServiceID, g.URL, login.KeyID, login.Sealed, sqldb.Micros(login.At)); err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record(outcome, g))
	})
	return outcome, g, err
}

// PutGranting stores a proxy-granting ticket.
func (s *Store) PutGranting(ctx context.Context, hash []byte, g cas.Granting, expires time.Time, record audit.Record) error {
	proxies, err := json.Marshal(g.Proxies)
	if err != nil {
		return err
	}
	return s.audited(ctx, record, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO idp_cas_granting (hash, login, service_id, callback, sid, account_id, proxies, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
			hash, g.Login, g.ServiceID, g.Callback, g.SID, g.AccountID, string(proxies), sqldb.Micros(expires))
		return err
	})
}

// Granting finds a proxy-granting ticket that has not expired and whose login and session live.
func (s *Store) Granting(ctx context.Context, hash []byte, now time.Time) (cas.Granting, error) {
	var g cas.Granting
	var proxies string
	err := s.db.Read().QueryRowContext(ctx, `SELECT login, service_id, callback, sid, account_id, proxies FROM idp_cas_granting WHERE hash = $1 AND expires_at > $2
		AND EXISTS (SELECT 1 FROM idp_cas_login WHERE idp_cas_login.hash = idp_cas_granting.login)
		AND EXISTS (SELECT 1 FROM idp_session WHERE id = idp_cas_granting.sid AND ended_at = 0)`, hash, sqldb.Micros(now)).
		Scan(&g.Login, &g.ServiceID, &g.Callback, &g.SID, &g.AccountID, &proxies)
	if errors.Is(err, sqldb.ErrNoRows) {
		return g, idp.ErrNotFound
	}
	if err != nil {
		return g, err
	}
	return g, json.Unmarshal([]byte(proxies), &g.Proxies)
}

// PutProxyTicket stores a CAS proxy ticket.
func (s *Store) PutProxyTicket(ctx context.Context, hash, granting []byte, g cas.Grant, expires time.Time, record audit.Record) error {
	proxies, err := json.Marshal(g.Proxies)
	if err != nil {
		return err
	}
	return s.audited(ctx, record, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO idp_cas_proxy_ticket (hash, granting, service_id, url, sid, account_id, proxies, expires_at, used_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)",
			hash, granting, g.ServiceID, g.URL, g.SID, g.AccountID, string(proxies), sqldb.Micros(expires))
		return err
	})
}
