package idpdb

import (
	"context"
	"errors"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/federation"
	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// staffLinks are the links of the realm of staff; intents, origins and logouts lie with those of citizens, since each belongs to one
// source and a source to one realm.
type staffLinks struct{ *Store }

// StaffLinks are the links of accounts of staff to upstream sources.
func (s *Store) StaffLinks() federation.StaffStore { return staffLinks{s} }

// LinkedAccount finds the account of staff that is linked to a subject of a source.
func (s staffLinks) LinkedAccount(ctx context.Context, sourceID string, lookup []byte) (id string, err error) {
	err = s.db.Read().QueryRowContext(ctx, "SELECT account_id FROM idp_staff_link WHERE upstream_id = $1 AND lookup = $2", sourceID, lookup).Scan(&id)
	if errors.Is(err, sqldb.ErrNoRows) {
		return "", idp.ErrNotFound
	}
	return id, err
}

// PutStaffLink links an account that is active at this moment, together with the settlement of the proposal that wants it.
func (s staffLinks) PutStaffLink(ctx context.Context, sourceID string, lookup []byte, id string, at time.Time, settlement *foureyes.Settlement, record audit.Record) error {
	return s.settled(ctx, settlement, record, func(tx sqldb.Tx) error {
		active, err := sqldb.ExecOne(ctx, tx, "UPDATE idp_staff SET version = version + 1 WHERE id = $1 AND state = $2", id, staff.MemberActive)
		if err != nil {
			return err
		}
		if !active {
			return idp.ErrNotFound
		}
		done, err := sqldb.ExecOne(ctx, tx, "INSERT INTO idp_staff_link (upstream_id, lookup, account_id, linked_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING", sourceID, lookup, id, sqldb.Micros(at))
		if err == nil && !done {
			return federation.ErrLinked
		}
		return err
	})
}

// Links lists the links of an account of staff.
func (s staffLinks) Links(ctx context.Context, id string) ([]federation.Link, error) {
	return s.links(ctx, "SELECT upstream_id, linked_at FROM idp_staff_link WHERE account_id = $1 ORDER BY upstream_id LIMIT 200", id)
}

// Unlink takes a link back.
func (s staffLinks) Unlink(ctx context.Context, id, sourceID string, record audit.Record) error {
	return s.changeOne(ctx, record, "DELETE FROM idp_staff_link WHERE account_id = $1 AND upstream_id = $2", id, sourceID)
}
