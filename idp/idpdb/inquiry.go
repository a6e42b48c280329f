package idpdb

import (
	"context"
	"errors"
	"time"

	"github.com/yinxin-gov/yinxin/idp/foureyes"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// noted runs steps with their record, or alone where nothing but the time of a look became another.
func (s *Store) noted(ctx context.Context, record audit.Record, steps ...sqldb.Step) error {
	if len(record.Events) == 0 {
		return s.db.Apply(ctx, nil, steps...)
	}
	return s.apply(ctx, record, steps...)
}

// Checked notes what the register said, which knows the organisation.
func (s *Store) Checked(ctx context.Context, id string, state mandate.RegisterState, at time.Time, record audit.Record) error {
	return s.noted(ctx, record, step("UPDATE idp_organisation SET register_state = $2, checked_at = $3, unknown_at = 0, unknown_looks = 0, kept_until = 0, kept_reason = '' WHERE id = $1", id, string(state), sqldb.Micros(at)),
		undefer(mandate.JobRecheck, id))
}

// Unknown notes that the register does not know an organisation.
func (s *Store) Unknown(ctx context.Context, id string, at time.Time, record audit.Record) error {
	return s.noted(ctx, record, step("UPDATE idp_organisation SET checked_at = $2, unknown_looks = unknown_looks + 1, unknown_at = CASE WHEN unknown_at = 0 THEN $2 ELSE unknown_at END WHERE id = $1", id, sqldb.Micros(at)),
		undefer(mandate.JobRecheck, id))
}

// OrganisationsInDoubt implements mandate.InquiryStore.
func (s *Store) OrganisationsInDoubt(ctx context.Context, q mandate.DoubtQuery) ([]mandate.Organisation, error) {
	if q.Doubt == mandate.DoubtEnded {
		return s.organisations(ctx, "SELECT "+organisationColumns+" FROM idp_organisation WHERE register_state <> 'registered' AND id > $1 ORDER BY id LIMIT $2", q.After, q.Limit)
	}
	kept := "kept_until <= $1"
	if q.Doubt == mandate.DoubtKept {
		kept = "kept_until > $1"
	}
	return s.organisations(ctx, "SELECT "+organisationColumns+" FROM idp_organisation WHERE register_state = 'registered' AND unknown_at > 0 AND "+kept+
		" AND (unknown_at > $2 OR (unknown_at = $2 AND id > $3)) ORDER BY unknown_at, id LIMIT $4", sqldb.Micros(q.At), sqldb.Micros(q.Behind), q.After, q.Limit)
}

// KeepOrganisation implements mandate.InquiryStore.
func (s *Store) KeepOrganisation(ctx context.Context, o mandate.Organisation, record audit.Record) error {
	return s.apply(ctx, record, one(mandate.ErrMoved, "UPDATE idp_organisation SET kept_until = $3, kept_reason = $4 WHERE id = $1 AND unknown_at = $2 AND register_state = 'registered'",
		o.ID, sqldb.Micros(o.UnknownAt), sqldb.Micros(o.KeptUntil), o.KeptReason))
}

// EndOrganisation implements mandate.OrganisationStore. The account is taken first, as by whatever gives a mandate, so that none comes
// in between; then the mandates, whose number decides, so that each that ends here is on record and each on record ends here.
func (s *Store) EndOrganisation(ctx context.Context, d mandate.Dissolution, record audit.Record) error {
	id, at := d.Organisation.ID, sqldb.Micros(d.At)
	return s.settled(ctx, d.Settlement, record, func(tx sqldb.Tx) error {
		for _, change := range []struct {
			rows int64
			step sqldb.Step
		}{
			{1, step("UPDATE idp_account SET state = CASE WHEN state = 'erased' THEN state ELSE 'closed' END, updated_at = $2, version = version + 1 WHERE id = $1 AND version = $3", id, at, d.Version)},
			{1, step("UPDATE idp_organisation SET register_state = $2, checked_at = $3, unknown_at = 0, unknown_looks = 0, kept_until = 0, kept_reason = '' WHERE id = $1 AND unknown_at = $4 AND register_state = $5",
				id, string(d.State), at, sqldb.Micros(d.Organisation.UnknownAt), string(d.Organisation.State))},
			{int64(len(d.Mandates)), step("UPDATE idp_mandate SET state = 'ended', ended_at = $2, ended_by = $3, reason = $4 WHERE principal = $1 AND state IN ('proposed', 'active')", id, at, d.By, string(d.State))},
			{anyRows, step("UPDATE idp_grant SET revoked_at = $2 WHERE revoked_at = 0 AND mandate_id <> '' AND mandate_id IN (SELECT id FROM idp_mandate WHERE principal = $1)", id, at)},
			{anyRows, undefer(mandate.JobRecheck, id)},
		} {
			done, err := tx.ExecContext(ctx, change.step.Query, change.step.Args...)
			if err != nil {
				return err
			}
			if n, err := done.RowsAffected(); err != nil || change.rows != anyRows && n != change.rows {
				return errors.Join(mandate.ErrMoved, err)
			}
		}
		return nil
	})
}

// anyRows is a change that may meet any number of rows.
const anyRows = -1

// RestoreOrganisation implements mandate.InquiryStore.
func (s *Store) RestoreOrganisation(ctx context.Context, o mandate.Organisation, at time.Time, settlement foureyes.Settlement, record audit.Record) error {
	return s.settled(ctx, &settlement, record, func(tx sqldb.Tx) error {
		for _, one := range []sqldb.Step{
			step("UPDATE idp_account SET state = 'active', updated_at = $2, version = version + 1 WHERE id = $1 AND state = 'closed' AND merged_into = ''", o.ID, sqldb.Micros(at)),
			step("UPDATE idp_organisation SET register_state = 'registered', checked_at = $3, frozen_at = 0 WHERE id = $1 AND register_state = $2 AND register_state <> 'registered'", o.ID, string(o.State), sqldb.Micros(at)),
		} {
			there, err := sqldb.ExecOne(ctx, tx, one.Query, one.Args...)
			if err == nil && !there {
				err = mandate.ErrMoved
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}
