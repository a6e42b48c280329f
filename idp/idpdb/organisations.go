package idpdb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// draftSteps store an account that was drafted with its proof; the unique lookup decides who is first.
func draftSteps(a idp.Account, p idp.Proof) []sqldb.Step {
	return append(dataKeyOf(a),
		step(`INSERT INTO idp_account (id, state, password_hash, credentials_at, roles, created_at, updated_at) VALUES ($1, $2, '', 0, '', $3, $4)`,
			a.ID, a.State, sqldb.Micros(a.CreatedAt), sqldb.Micros(a.UpdatedAt)),
		step("INSERT INTO idp_identity (lookup, account_id) VALUES ($1, $2)", p.Lookup, a.ID), alone(p.Lookup),
		step(`INSERT INTO idp_proof (account_id, id, ial, method, source, at, until_at, key_id, sealed, evidence) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			a.ID, p.ID, int64(p.IAL), p.Method, p.Source, sqldb.Micros(p.At), sqldb.Micros(p.Until), p.KeyID, p.Sealed, p.Evidence))
}

// insertMandate stores a mandate that was decided elsewhere.
func insertMandate(m mandate.Mandate) sqldb.Step {
	return step(`INSERT INTO idp_mandate (`+mandateColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, 0, '', '', 0, 0)`,
		m.Principal, m.ID, m.Agent, m.Via, m.Parent, m.Depth, string(m.Kind), strings.Join(m.Items, " "), strings.Join(m.DetailTypes, " "), words(m.Rights), m.MaxClass, bit(m.Delegable), string(m.State), m.Evidence,
		sqldb.Micros(m.NotBefore), sqldb.Micros(m.NotAfter), sqldb.Micros(m.CreatedAt), sqldb.Micros(m.PrincipalAt), sqldb.Micros(m.AgentAt))
}

func bit(set bool) int64 {
	if set {
		return 1
	}
	return 0
}

// PutOrganisation stores an organisation with its account, its proof and the office of its legal representative.
func (s *Store) PutOrganisation(ctx context.Context, o mandate.Organisation, a idp.Account, p idp.Proof, m mandate.Mandate, record audit.Record) error {
	steps := append(draftSteps(a, p),
		step("INSERT INTO idp_organisation (id, representative, register_state, checked_at, frozen_at, created_at) VALUES ($1, $2, $3, $4, 0, $5)",
			o.ID, o.Representative, string(o.State), sqldb.Micros(o.CheckedAt), sqldb.Micros(o.CreatedAt)),
		insertMandate(m))
	err := s.apply(ctx, record, steps...)
	if sqldb.IsUnique(err) {
		return idp.ErrBound
	}
	return err
}

// SucceedOrganisation puts another legal representative in office.
func (s *Store) SucceedOrganisation(ctx context.Context, o mandate.Organisation, m mandate.Mandate, record audit.Record) error {
	at := sqldb.Micros(m.CreatedAt)
	return s.apply(ctx, record,
		one(mandate.ErrMoved, "UPDATE idp_organisation SET representative = $2, checked_at = $3 WHERE id = $1 AND register_state = 'registered'", o.ID, o.Representative, sqldb.Micros(o.CheckedAt)),
		step(`UPDATE idp_mandate SET state = 'ended', ended_at = $2, ended_by = 'system:register', reason = 'representative' WHERE principal = $1 AND kind = $3 AND state IN ('proposed', 'active')`,
			o.ID, at, string(mandate.LegalRepresentative)),
		step(`UPDATE idp_grant SET revoked_at = $2 WHERE revoked_at = 0 AND mandate_id <> '' AND mandate_id IN (SELECT id FROM idp_mandate WHERE principal = $1 AND kind = $3)`,
			o.ID, at, string(mandate.LegalRepresentative)),
		insertMandate(m))
}

const organisationColumns = "id, representative, register_state, checked_at, frozen_at, created_at, unknown_at, unknown_looks, kept_until, kept_reason"

func scanOrganisation(row interface{ Scan(...any) error }) (mandate.Organisation, error) {
	var o mandate.Organisation
	var checked, frozen, created, unknown, kept int64
	err := row.Scan(&o.ID, &o.Representative, &o.State, &checked, &frozen, &created, &unknown, &o.UnknownLooks, &kept, &o.KeptReason)
	o.UnknownAt, o.KeptUntil = sqldb.Time(unknown), sqldb.Time(kept)
	o.CheckedAt, o.FrozenAt, o.CreatedAt = sqldb.Time(checked), sqldb.Time(frozen), sqldb.Time(created)
	return o, err
}

// Organisation reads one.
func (s *Store) Organisation(ctx context.Context, id string) (mandate.Organisation, error) {
	o, err := scanOrganisation(s.db.Read().QueryRowContext(ctx, "SELECT "+organisationColumns+" FROM idp_organisation WHERE id = $1", id))
	if errors.Is(err, sqldb.ErrNoRows) {
		return o, idp.ErrNotFound
	}
	return o, err
}

// OrganisationsDue are registered ones that were not checked for a span, the longest first.
func (s *Store) OrganisationsDue(ctx context.Context, now time.Time, span time.Duration, limit int) ([]mandate.Organisation, error) {
	join, where, order := putOff(mandate.JobRecheck, "id", "checked_at + $2", "$3")
	return s.organisations(ctx, "SELECT "+organisationColumns+" FROM idp_organisation"+join+" WHERE register_state = 'registered' AND checked_at < $1"+where+order+" LIMIT $4",
		sqldb.Micros(now.Add(-span)), span.Microseconds(), sqldb.Micros(now), limit)
}

func (s *Store) organisations(ctx context.Context, query string, args ...any) ([]mandate.Organisation, error) {
	rows, err := s.db.Read().QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list organisations: %w", err)
	}
	defer rows.Close()
	var all []mandate.Organisation
	for rows.Next() {
		o, err := scanOrganisation(rows)
		if err != nil {
			return nil, fmt.Errorf("list organisations: %w", err)
		}
		all = append(all, o)
	}
	return all, rows.Err()
}

// FreezeOrganisation leaves the agents of an organisation looking on and filling in.
func (s *Store) FreezeOrganisation(ctx context.Context, id string, at time.Time, record audit.Record) error {
	now := sqldb.Micros(at)
	return s.apply(ctx, record,
		one(mandate.ErrMoved, "UPDATE idp_organisation SET frozen_at = $2 WHERE id = $1 AND frozen_at = 0", id, now),
		step("UPDATE idp_mandate SET frozen_at = $2 WHERE principal = $1 AND state IN ('proposed', 'active') AND kind <> $3", id, now, string(mandate.LegalRepresentative)),
		// Tokens that tell the rights from before must not be renewed.
		step("UPDATE idp_grant SET revoked_at = $2 WHERE revoked_at = 0 AND mandate_id <> '' AND mandate_id IN (SELECT id FROM idp_mandate WHERE principal = $1 AND frozen_at = $2)", id, now))
}

// ThawOrganisation gives back what was frozen.
func (s *Store) ThawOrganisation(ctx context.Context, id string, record audit.Record) error {
	return s.apply(ctx, record,
		one(mandate.ErrMoved, "UPDATE idp_organisation SET frozen_at = 0 WHERE id = $1 AND frozen_at <> 0", id),
		step("UPDATE idp_mandate SET frozen_at = 0 WHERE principal = $1 AND frozen_at <> 0", id))
}

// PutChild stores a child's account, where it has none yet, with the mandates of a guardian. The child's row is taken, so that
// two guardians are counted one after the other.
func (s *Store) PutChild(ctx context.Context, c mandate.NewChild, record audit.Record) error {
	var steps []sqldb.Step
	if c.Account != nil {
		steps = draftSteps(*c.Account, *c.Proof)
	}
	first := c.Mandates[0]
	steps = append(steps, one(mandate.ErrMoved, "UPDATE idp_account SET version = version + 1 WHERE id = $1 AND state = 'active'", first.Principal),
		one(mandate.ErrMoved, "UPDATE idp_account SET version = version + 1 WHERE id = $1 AND state = 'active'", first.Agent), one(mandate.ErrFull, `UPDATE idp_account SET version = version + 1 WHERE id = $1 AND state = 'active'
		AND (SELECT COUNT(*) FROM idp_mandate WHERE principal = $1 AND kind = $2 AND state = 'active' AND not_after > $3) < $4
		AND NOT EXISTS (SELECT 1 FROM idp_mandate WHERE principal = $1 AND kind = $2 AND agent = $5 AND state = 'active' AND not_after > $3)`,
			first.Principal, string(first.Kind), sqldb.Micros(first.CreatedAt), c.Bound, first.Agent))
	for _, m := range c.Mandates {
		steps = append(steps, insertMandate(m))
	}
	if g := c.Consent; g != nil {
		steps = append(steps,
			one(idp.ErrNotFound, "UPDATE idp_case SET state = $3, updated_at = $4, sealed = $5 WHERE id = $1 AND account_id = $2 AND state IN ($6, $7, $8)",
				g.Case, g.Guardian, proofing.Granted, sqldb.Micros(g.At), []byte{}, proofing.SourceCheck, proofing.Waiting, proofing.Passed),
			step("DELETE FROM idp_case_photo WHERE case_id = $1", g.Case),
			step("INSERT INTO idp_guardian_consent (account_id, case_id, guardian, relation, version, source, evidence, agreed_at, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
				g.Child, g.Case, g.Guardian, g.Relation, g.Version, g.Source, g.Evidence, sqldb.Micros(g.AgreedAt), sqldb.Micros(g.At)))
	}
	err := s.apply(ctx, record, steps...)
	if sqldb.IsUnique(err) {
		return idp.ErrBound
	}
	return err
}

// ConsentOf is the newest consent of a guardian for a child.
func (s *Store) ConsentOf(ctx context.Context, child, guardian string) (mandate.Consent, error) {
	c := mandate.Consent{Child: child, Guardian: guardian}
	var agreed, at int64
	err := s.db.Read().QueryRowContext(ctx, "SELECT case_id, relation, version, source, evidence, agreed_at, at FROM idp_guardian_consent WHERE account_id = $1 AND guardian = $2 AND method = '' ORDER BY at DESC, case_id LIMIT 1", child, guardian).
		Scan(&c.Case, &c.Relation, &c.Version, &c.Source, &c.Evidence, &agreed, &at)
	if errors.Is(err, sqldb.ErrNoRows) {
		return c, idp.ErrNotFound
	}
	c.AgreedAt, c.At = sqldb.Time(agreed), sqldb.Time(at)
	return c, err
}

// MandatesToWarn are live ones of a kind that end within a span and of whose end nobody was told.
func (s *Store) MandatesToWarn(ctx context.Context, kind mandate.Kind, now time.Time, ahead time.Duration, limit int) ([]mandate.Mandate, error) {
	join, where, order := putOff(mandate.JobWarn, "id", "not_after - $3", "$4")
	return scanMandates(s.db.Read().QueryContext(ctx, "SELECT "+mandateColumns+" FROM idp_mandate"+join+" WHERE state = 'active' AND not_after <= $1 AND kind = $2 AND warned_at = 0"+where+order+" LIMIT $5",
		sqldb.Micros(now.Add(ahead)), string(kind), ahead.Microseconds(), sqldb.Micros(now), limit))
}

// Warned notes that both sides were told.
func (s *Store) Warned(ctx context.Context, principal, id string, at time.Time, record audit.Record) error {
	return s.apply(ctx, record, one(mandate.ErrMoved, "UPDATE idp_mandate SET warned_at = $3 WHERE principal = $1 AND id = $2 AND warned_at = 0", principal, id, sqldb.Micros(at)))
}
