package licensedb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

const cardColumns = "id, pid_key, holder_ref, list_number, list_index, bits, issued_by, issued_at, expires_at, ended_at, order_ref, attempt"

func scanCard(row interface{ Scan(...any) error }) (c elicense.Card, err error) {
	var list, index, bits, issued, expires, ended int64
	err = row.Scan(&c.ID, &c.PIDKey, &c.HolderRef, &list, &index, &bits, &c.IssuedBy, &issued, &expires, &ended, &c.Order, &c.Attempt)
	c.List, c.Index, c.Bits = uint64(list), uint32(index), statuslist.Status(bits)
	c.IssuedAt, c.ExpiresAt, c.EndedAt = sqldb.Time(issued), sqldb.Time(expires), sqldb.Time(ended)
	return c, notFound(err)
}

// endCards ends the live card of a holder inside a change.
func endCards(ctx context.Context, tx sqldb.Tx, holderRef string, until time.Time, status statuslist.Status, at time.Time) ([]elicense.Card, error) {
	c, err := scanCard(tx.QueryRowContext(ctx, "UPDATE lic_card SET bits = $2, ended_at = $3 WHERE holder_ref = $1 AND bits = 0 AND issued_at <= $4 RETURNING "+cardColumns, holderRef, int64(status), sqldb.Micros(at), sqldb.Micros(until)))
	if errors.Is(err, elicense.ErrNotFound) {
		return nil, nil
	}
	return []elicense.Card{c}, err
}

// PutCard implements elicense.CardStore.
func (s *Store) PutCard(ctx context.Context, c elicense.Card, old statuslist.Status, record func([]elicense.Card) audit.Record) error {
	var err error
	for range printsAtOnce { // another card of the holder that is printed at the same moment is the live one by now
		if err = s.putCard(ctx, c, old, record); !sqldb.IsUnique(err) {
			return err
		}
	}
	return elicense.ErrEntryTaken
}

// printsAtOnce is how many others may print a card of one holder meanwhile.
const printsAtOnce = 8

func (s *Store) putCard(ctx context.Context, c elicense.Card, old statuslist.Status, record func([]elicense.Card) audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		ended, err := endCards(ctx, tx, c.HolderRef, c.IssuedAt.Add(elicense.ClockAhead), old, c.IssuedAt)
		if err != nil {
			return err
		}
		if c.Order != "" { // asked after the end of the live card, whose row lets one attempt see the other
			var later int
			if err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM lic_card WHERE holder_ref = $1 AND order_ref = $2 AND attempt >= $3", c.HolderRef, c.Order, c.Attempt).Scan(&later); err != nil {
				return err
			}
			if later > 0 {
				return elicense.ErrOvertaken
			}
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO lic_card ("+cardColumns+") VALUES ("+placeholders(12)+")",
			c.ID, c.PIDKey, c.HolderRef, int64(c.List), int64(c.Index), int64(c.Bits), c.IssuedBy, sqldb.Micros(c.IssuedAt), sqldb.Micros(c.ExpiresAt), sqldb.Micros(c.EndedAt), c.Order, c.Attempt); err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record(ended))
	})
}

// EndCards implements elicense.CardStore.
func (s *Store) EndCards(ctx context.Context, holderRef string, until time.Time, status statuslist.Status, at time.Time, record func([]elicense.Card) audit.Record) (ended []elicense.Card, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		if ended, err = endCards(ctx, tx, holderRef, until, status, at); err != nil || len(ended) == 0 {
			return err
		}
		return auditdb.Append(ctx, tx, record(ended))
	})
	if err != nil {
		return nil, fmt.Errorf("licensedb: end card: %w", err)
	}
	return ended, nil
}

// UnbindCards implements elicense.CardStore. The entry of the status list stays: the paper may still be about.
func (s *Store) UnbindCards(ctx context.Context, holderRef string) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE lic_card SET holder_ref = '', order_ref = '' WHERE holder_ref = $1 AND bits > 0", holderRef)
		return err
	})
}

// FindCard implements elicense.CardStore.
func (s *Store) FindCard(ctx context.Context, pidKey string) (elicense.Card, error) {
	return scanCard(s.db.Read().QueryRowContext(ctx, "SELECT "+cardColumns+" FROM lic_card WHERE pid_key = $1", pidKey))
}

// LiveCard implements elicense.CardStore.
func (s *Store) LiveCard(ctx context.Context, holderRef string) (elicense.Card, error) {
	return scanCard(s.db.Read().QueryRowContext(ctx, "SELECT "+cardColumns+" FROM lic_card WHERE holder_ref = $1 AND bits = 0", holderRef))
}
