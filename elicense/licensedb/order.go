package licensedb

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

const orderColumns = "id, number, organ, legal_basis, client, case_number, license_ids, area, state, until_at, proposed_by, proposed_at, decided_by, decided_at, ended_by, ended_at, note, uses, told_at"

func scanOrder(row scanner) (elicense.Order, error) {
	var o elicense.Order
	var licenses string
	var until, proposed, decided, ended, told int64
	err := row.Scan(&o.ID, &o.Number, &o.Organ, &o.LegalBasis, &o.Client, &o.CaseNumber, &licenses, &o.Area, &o.State, &until, &o.ProposedBy, &proposed, &o.DecidedBy, &decided, &o.EndedBy, &ended, &o.Note, &o.Uses, &told)
	if err != nil {
		return elicense.Order{}, notFound(err)
	}
	o.LicenseIDs, o.Until, o.ProposedAt = strings.Fields(licenses), sqldb.Time(until), sqldb.Time(proposed)
	o.DecidedAt, o.EndedAt, o.ToldAt = sqldb.Time(decided), sqldb.Time(ended), sqldb.Time(told)
	return o, nil
}

// AddOrder implements elicense.Orders.
func (s *Store) AddOrder(ctx context.Context, o elicense.Order, record audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		if _, err := tx.ExecContext(ctx, "INSERT INTO lic_order ("+orderColumns+") VALUES ("+placeholders(19)+")",
			o.ID, o.Number, o.Organ, o.LegalBasis, o.Client, o.CaseNumber, strings.Join(o.LicenseIDs, " "), o.Area, string(o.State), sqldb.Micros(o.Until), o.ProposedBy, sqldb.Micros(o.ProposedAt),
			o.DecidedBy, sqldb.Micros(o.DecidedAt), o.EndedBy, sqldb.Micros(o.EndedAt), o.Note, o.Uses, sqldb.Micros(o.ToldAt)); err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
}

// FindOrder implements elicense.Orders.
func (s *Store) FindOrder(ctx context.Context, id string) (elicense.Order, error) {
	return scanOrder(s.db.Read().QueryRowContext(ctx, "SELECT "+orderColumns+" FROM lic_order WHERE id = $1", id))
}

// ListOrders implements elicense.Orders.
func (s *Store) ListOrders(ctx context.Context, f elicense.OrderFilter) (page []elicense.Order, next string, err error) {
	var c conditions
	if f.State != "" {
		c.add("state = ?", string(f.State))
	}
	c.inAreas(f.Areas)
	if err := c.behind("proposed_at", "id", "<", f.After); err != nil {
		return nil, "", err
	}
	query, arguments := c.query("SELECT "+orderColumns+" FROM lic_order", "proposed_at DESC, id DESC", f.Limit+1)
	if page, err = rows(ctx, s, scanOrder, query, arguments...); err != nil {
		return nil, "", fmt.Errorf("licensedb: list orders: %w", err)
	}
	if len(page) > f.Limit {
		page = page[:f.Limit]
		next = page[len(page)-1].Cursor()
	}
	return page, next, nil
}

// MoveOrder implements elicense.Orders.
func (s *Store) MoveOrder(ctx context.Context, o elicense.Order, from elicense.OrderState, record audit.Record) (bool, error) {
	return s.changeOne(ctx, record, nil, "UPDATE lic_order SET state = $3, decided_by = $4, decided_at = $5, ended_by = $6, ended_at = $7, note = $8 WHERE id = $1 AND state = $2",
		o.ID, string(from), string(o.State), o.DecidedBy, sqldb.Micros(o.DecidedAt), o.EndedBy, sqldb.Micros(o.EndedAt), o.Note)
}

// OrdersToTell implements elicense.Orders.
func (s *Store) OrdersToTell(ctx context.Context, now time.Time, limit int) ([]elicense.Order, error) {
	return rows(ctx, s, scanOrder, "SELECT "+orderColumns+" FROM lic_order WHERE told_at = 0 AND (state = $1 AND until_at <= $2 OR state = $3) ORDER BY until_at, id LIMIT $4", string(elicense.OrderInForce), sqldb.Micros(now), string(elicense.OrderEnded), limit)
}

// underOrder answers ErrNoOrder in the write of a grant or a use, unless the order is in force for it. It changes the row of the order first, so that uses
// and the end of the order come one after the other.
func underOrder(ctx context.Context, tx sqldb.Tx, g elicense.Grant, now time.Time) error {
	done, err := sqldb.ExecOne(ctx, tx, "UPDATE lic_order SET uses = uses + 1 WHERE id = $1 AND state = $2 AND until_at > $3", g.Order, string(elicense.OrderInForce), sqldb.Micros(now))
	if err != nil {
		return err
	}
	if done {
		var o elicense.Order
		o, err = scanOrder(tx.QueryRowContext(ctx, "SELECT "+orderColumns+" FROM lic_order WHERE id = $1", g.Order))
		done = err == nil && o.Permits(g.Grantee, g.CaseNumber, g.LicenseID, now)
	}
	if err == nil && !done {
		err = elicense.ErrNoOrder
	}
	return err
}

// WithheldGrants implements elicense.Orders.
func (s *Store) WithheldGrants(ctx context.Context, order string, limit int) ([]elicense.Grant, error) {
	return s.grants(ctx, "order_id = $1 AND withheld = 1 ORDER BY id LIMIT $2", order, limit)
}

// TellGrant implements elicense.Orders.
func (s *Store) TellGrant(ctx context.Context, id string, record audit.Record) (bool, error) {
	return s.changeOne(ctx, record, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE lic_use SET withheld = '' WHERE withheld = $1", id)
		return err
	}, "UPDATE lic_use_grant SET withheld = 0 WHERE id = $1 AND withheld = 1", id)
}

// OrderTold implements elicense.Orders.
func (s *Store) OrderTold(ctx context.Context, id string, at time.Time, record audit.Record) (bool, error) {
	return s.changeOne(ctx, record, nil, "UPDATE lic_order SET told_at = $2 WHERE id = $1 AND state = $3 AND told_at = 0 AND NOT EXISTS (SELECT 1 FROM lic_use_grant WHERE order_id = $1 AND withheld = 1)", id, sqldb.Micros(at), string(elicense.OrderEnded))
}
