package keysdb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/trusted"
	"github.com/yinxin-gov/yinxin/keys/trustlist"
)

// Authorities implements trusted.Store.
func (s *Store) Authorities(ctx context.Context) ([]trustlist.Authority, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT a.sm3, a.name, a.der, e.begins_at, e.uses, e.reason FROM key_authority a
		JOIN key_authority_event e ON e.sm3 = a.sm3 ORDER BY a.sm3, e.number`)
	if err != nil {
		return nil, fmt.Errorf("read authorities: %w", err)
	}
	defer rows.Close()
	var all []trustlist.Authority
	last := ""
	for rows.Next() {
		var sum, name, uses, reason string
		var der []byte
		var begins int64
		if err := rows.Scan(&sum, &name, &der, &begins, &uses, &reason); err != nil {
			return nil, fmt.Errorf("read authorities: %w", err)
		}
		if sum != last {
			certificate, err := pki.ParseCertificate(der)
			if err != nil {
				return nil, fmt.Errorf("read stored authority: %w", err)
			}
			last = sum
			all = append(all, trustlist.Authority{Certificate: certificate, Name: name})
		}
		e := trustlist.Event{From: sqldb.Time(begins), Reason: trustlist.Reason(reason)}
		for _, use := range strings.Fields(uses) {
			e.Uses = append(e.Uses, trustlist.Use(use))
		}
		a := &all[len(all)-1]
		a.History = append(a.History, e)
	}
	return all, rows.Err()
}

// AddEvent implements trusted.Store.
func (s *Store) AddEvent(ctx context.Context, a trustlist.Authority, number int, e trustlist.Event, at time.Time, record audit.Record) error {
	words := make([]string, len(e.Uses))
	for i, use := range e.Uses {
		words[i] = string(use)
	}
	err := s.db.Write(ctx, func(tx sqldb.Tx) error {
		if number == 1 {
			if _, err := tx.ExecContext(ctx, "INSERT INTO key_authority (sm3, name, der) VALUES ($1, $2, $3)", a.Digest(), a.Name, a.Certificate.Raw); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO key_authority_event (sm3, number, begins_at, uses, reason, recorded_at) VALUES ($1, $2, $3, $4, $5, $6)",
			a.Digest(), number, sqldb.Micros(e.From), strings.Join(words, " "), string(e.Reason), sqldb.Micros(at))
		if err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
	if sqldb.IsUnique(err) {
		return trusted.ErrStale
	}
	return err
}

// TrustList implements trusted.Store.
func (s *Store) TrustList(ctx context.Context) (trusted.Published, error) {
	var p trusted.Published
	var number, issued, next int64
	err := s.db.Read().QueryRowContext(ctx, "SELECT number, content, issued_at, next_update FROM key_trust_list WHERE id = 1").Scan(&number, &p.Content, &issued, &next)
	if errors.Is(err, sqldb.ErrNoRows) {
		return trusted.Published{}, trusted.ErrNone
	}
	p.Number, p.IssuedAt, p.NextUpdate = uint64(number), sqldb.Time(issued), sqldb.Time(next)
	return p, err
}

// PublishTrustList implements trusted.Store: numbers only rise.
func (s *Store) PublishTrustList(ctx context.Context, p trusted.Published, record audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		newer, err := sqldb.ExecOne(ctx, tx, `INSERT INTO key_trust_list (id, number, content, issued_at, next_update) VALUES (1, $1, $2, $3, $4)
			ON CONFLICT (id) DO UPDATE SET number = excluded.number, content = excluded.content, issued_at = excluded.issued_at, next_update = excluded.next_update
			WHERE key_trust_list.number < excluded.number`, int64(p.Number), p.Content, sqldb.Micros(p.IssuedAt), sqldb.Micros(p.NextUpdate))
		if err != nil {
			return err
		}
		if !newer {
			return trusted.ErrStale
		}
		return auditdb.Append(ctx, tx, record)
	})
}

// SeeTrustList implements trusted.Store: the number that is kept only rises.
func (s *Store) SeeTrustList(ctx context.Context, uri string, number uint64) (highest uint64, err error) {
	var have int64
	err = s.db.Read().QueryRowContext(ctx, "SELECT number FROM key_trust_seen WHERE uri = $1", uri).Scan(&have)
	if err == nil && uint64(have) >= number {
		return uint64(have), nil // the usual case writes nothing
	}
	if err != nil && !errors.Is(err, sqldb.ErrNoRows) {
		return 0, err
	}
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO key_trust_seen (uri, number) VALUES ($1, $2)
			ON CONFLICT (uri) DO UPDATE SET number = excluded.number WHERE key_trust_seen.number < excluded.number`, uri, int64(number)); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, "SELECT number FROM key_trust_seen WHERE uri = $1", uri).Scan(&have)
	})
	return uint64(have), err
}
