package idpdb

import (
	"context"
	"errors"
	"fmt"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// Reserve implements channel.Ledger: one statement adds and checks, so that parallel sendings never pass the ceiling
// together.
func (s *Store) Reserve(ctx context.Context, day, provider string, cost, ceiling int64) (ok bool, err error) {
	if ceiling > 0 && cost > ceiling {
		return false, nil
	}
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		var sum int64
		err := tx.QueryRowContext(ctx, `INSERT INTO idp_message_day (day, provider, cost, messages) VALUES ($1, $2, $3, 1)
			ON CONFLICT (day, provider) DO UPDATE SET cost = idp_message_day.cost + $3, messages = idp_message_day.messages + 1
			WHERE $4 = 0 OR idp_message_day.cost + $3 <= $4 RETURNING cost`, day, provider, cost, ceiling).Scan(&sum)
		ok = err == nil
		if errors.Is(err, sqldb.ErrNoRows) {
			return nil
		}
		return err
	})
	return ok, err
}

// Release implements channel.Ledger.
func (s *Store) Release(ctx context.Context, day, provider string, cost int64) error {
	return s.db.Apply(ctx, nil, step("UPDATE idp_message_day SET cost = cost - $3, messages = messages - 1 WHERE day = $1 AND provider = $2", day, provider, cost))
}

// Spent is what a provider cost on a day, and for how many messages.
func (s *Store) Spent(ctx context.Context, day, provider string) (cost, messages int64, err error) {
	err = s.db.Read().QueryRowContext(ctx, "SELECT cost, messages FROM idp_message_day WHERE day = $1 AND provider = $2", day, provider).Scan(&cost, &messages)
	if errors.Is(err, sqldb.ErrNoRows) {
		return 0, 0, nil
	}
	return cost, messages, err
}

// PutReceipt implements channel.Ledger.
func (s *Store) PutReceipt(ctx context.Context, r channel.Receipt) error {
	return s.db.Apply(ctx, nil, step(`INSERT INTO idp_message_receipt (id, kind, template, provider, state, reference, parts, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING`, r.ID, r.Kind, r.Template, r.Provider, r.State, r.Reference, r.Parts, sqldb.Micros(r.At)))
}

// Settled implements channel.Ledger.
func (s *Store) Settled(ctx context.Context, id string) (bool, error) {
	var found bool
	err := s.db.Read().QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM idp_message_receipt WHERE id = $1)", id).Scan(&found)
	return found, err
}

// Receipt reads what became of a message; idp.ErrNotFound.
func (s *Store) Receipt(ctx context.Context, id string) (channel.Receipt, error) {
	r := channel.Receipt{ID: id}
	var at int64
	err := s.db.Read().QueryRowContext(ctx, "SELECT kind, template, provider, state, reference, parts, at FROM idp_message_receipt WHERE id = $1", id).
		Scan(&r.Kind, &r.Template, &r.Provider, &r.State, &r.Reference, &r.Parts, &at)
	if errors.Is(err, sqldb.ErrNoRows) {
		return r, idp.ErrNotFound
	}
	if err != nil {
		return r, fmt.Errorf("read receipt: %w", err)
	}
	r.At = sqldb.Time(at)
	return r, nil
}

// SetLocale implements idp.LocaleStore.
func (s *Store) SetLocale(ctx context.Context, accountID, locale string) error {
	return s.db.Apply(ctx, nil, step("UPDATE idp_account SET locale = $2, version = version + 1 WHERE id = $1", accountID, locale))
}
