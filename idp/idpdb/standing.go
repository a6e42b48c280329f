package idpdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// Standing reads how a grant and its account stand and whether one of at most three access tokens was marked, in one
// statement: it is asked for every token that anybody presents.
func (s *Store) Standing(ctx context.Context, grantID string, jtis ...string) (oauth.Standing, error) {
	var ids [oauth.MaxActors + 1]string
	if copy(ids[:], jtis) < len(jtis) {
		return oauth.Standing{}, errors.New("read standing: too many tokens")
	}
	if grantID == "" { // a client's own token
		var marked bool
		err := s.db.Read().QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM idp_revoked_token WHERE jti IN ($1, $2, $3))", ids[0], ids[1], ids[2]).Scan(&marked)
		if err != nil {
			return oauth.Standing{}, fmt.Errorf("read standing: %w", err)
		}
		return oauth.Standing{TokenRevoked: marked}, nil
	}
	var stands standingRow
	var marked bool
	err := s.db.Read().QueryRowContext(ctx, `SELECT r.marked, `+standingColumns+`
		FROM (SELECT EXISTS (SELECT 1 FROM idp_revoked_token WHERE jti IN ($2, $3, $4)) AS marked) r LEFT JOIN idp_grant g ON g.id = $1 `+standingJoins,
		grantID, ids[0], ids[1], ids[2]).Scan(append([]any{&marked}, stands.fields()...)...)
	if err != nil {
		return oauth.Standing{}, fmt.Errorf("read standing: %w", err)
	}
	standing, err := s.standing(ctx, stands, grantID)
	standing.TokenRevoked = marked
	return standing, err
}

// The columns and joins that tell how a grant g stands.
const (
	standingColumns = "g.client_id, g.account_id, g.sid, g.created_at, g.revoked_at, g.principal, g.mandate_id, a.state, a.credentials_at, a.version, c.scopes, c.version, c.withheld, c.terms"
	// What was allowed while acting under a mandate is kept under the mandate.
	standingJoins = "LEFT JOIN idp_account a ON a.id = g.account_id " +
		"LEFT JOIN idp_consent c ON c.account_id = CASE WHEN g.mandate_id = '' THEN g.account_id ELSE g.mandate_id END AND c.client_id = g.client_id"
)

// standingRow takes those columns; all are null when there is no grant.
type standingRow struct {
	client, account, sid, state, scopes    sql.NullString
	created, revoked, credentials, version sql.NullInt64
	consent                                sql.NullInt64
	withheld, terms, principal, mandateID  sql.NullString
}

func (r *standingRow) fields() []any {
	return []any{&r.client, &r.account, &r.sid, &r.created, &r.revoked, &r.principal, &r.mandateID, &r.state, &r.credentials, &r.version, &r.scopes, &r.consent, &r.withheld, &r.terms}
}

// standing is what the row tells, with the mandate behind the grant if there is one.
func (s *Store) standing(ctx context.Context, r standingRow, grantID string) (oauth.Standing, error) {
	standing := oauth.Standing{Known: r.client.Valid, Account: idp.AccountState(r.state.String), CredentialsAt: sqldb.Time(r.credentials.Int64), Version: r.version.Int64, Consented: strings.Fields(r.scopes.String),
		ConsentVersion: r.consent.Int64, Withheld: strings.Fields(r.withheld.String), Terms: idp.RecipientTerms(r.terms.String),
		Grant: oauth.GrantRecord{ID: grantID, ClientID: r.client.String, AccountID: r.account.String, SID: r.sid.String, CreatedAt: sqldb.Time(r.created.Int64), RevokedAt: sqldb.Time(r.revoked.Int64),
			Principal: r.principal.String, MandateID: r.mandateID.String}}
	return standing, s.readMandate(ctx, &standing, r.principal.String, r.mandateID.String)
}

// backed is the condition that a mandate was not passed on, or from one that is in force and whose agent's account is active. What is passed
// on ends no later than that (Mandate.Within) and is not passed on again (mandate.MaxDepth), so times and one level more need no look.
func backed(table string) string {
	return "(" + table + ".parent = '' OR EXISTS (SELECT 1 FROM idp_mandate AS mm JOIN idp_account AS ma ON ma.id = mm.agent WHERE mm.principal = " + table + ".principal AND mm.id = " + table +
		".parent AND mm.state = 'active' AND ma.state = 'active'))"
}

// standingMandate are the columns of a mandate m.
var standingMandate = "m." + strings.NewReplacer(", ", ", m.", ",\n\t", ", m.").Replace(mandateColumns)

// standingSides joins the accounts of both sides of a mandate m.
const standingSides = "LEFT JOIN idp_account p ON p.id = m.principal LEFT JOIN idp_account ag ON ag.id = m.agent"

// readMandate adds how a mandate and its principal stand, in a statement of its own: hardly any token is one of somebody who
// acts for another, and all others would pay for the joins. It sees what ended between the two statements; a mandate that is
// not there leaves the standing without one, which holds for nothing.
func (s *Store) readMandate(ctx context.Context, standing *oauth.Standing, principal, mandateID string) error {
	if mandateID == "" {
		return nil
	}
	var state sql.NullString
	var version, recovered sql.NullInt64
	var row mandateRow
	err := s.db.Read().QueryRowContext(ctx, "SELECT p.state, p.version, ag.recovered_at, "+backed("m")+", "+standingMandate+" FROM idp_mandate m "+standingSides+" WHERE m.principal = $1 AND m.id = $2",
		principal, mandateID).Scan(append([]any{&state, &version, &recovered, &standing.Backed}, row.fields()...)...)
	if errors.Is(err, sqldb.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read standing of mandate: %w", err)
	}
	standing.Mandate, standing.Principal, standing.PrincipalVersion, standing.AgentRecovered = row.mandate(), idp.AccountState(state.String), version.Int64, sqldb.Time(recovered.Int64)
	return nil
}

// AccountStanding is Standing of an account and a session whose grant does not exist yet; an account that is not known has no
// state, a session that is not known has ended.
func (s *Store) AccountStanding(ctx context.Context, accountID, sid string) (oauth.Standing, error) {
	var state string
	var credentials int64
	var live bool
	err := s.db.Read().QueryRowContext(ctx, `SELECT state, credentials_at, EXISTS (SELECT 1 FROM idp_session WHERE id = $2 AND account_id = $1 AND ended_at = 0)
		FROM idp_account WHERE id = $1`, accountID, sid).Scan(&state, &credentials, &live)
	if errors.Is(err, sqldb.ErrNoRows) {
		return oauth.Standing{SessionEnded: true}, nil
	}
	if err != nil {
		return oauth.Standing{}, fmt.Errorf("read standing of account: %w", err)
	}
	return oauth.Standing{Account: idp.AccountState(state), CredentialsAt: sqldb.Time(credentials), SessionEnded: !live}, nil
}

// SaveOpaque stores an opaque access token.
func (s *Store) SaveOpaque(ctx context.Context, o oauth.OpaqueRecord, record audit.Record) error {
	return s.apply(ctx, record, insertOpaque(o))
}

func insertOpaque(o oauth.OpaqueRecord) sqldb.Step {
	return step("INSERT INTO idp_opaque_token (hash, client_id, claims, expires_at) VALUES ($1, $2, $3, $4)", o.Hash, o.ClientID, string(o.Claims), sqldb.Micros(o.ExpiresAt))
}

// Opaque reads an opaque access token.
func (s *Store) Opaque(ctx context.Context, hash []byte) (oauth.OpaqueRecord, error) {
	o := oauth.OpaqueRecord{Hash: hash}
	var claims string
	var expires int64
	err := s.db.Read().QueryRowContext(ctx, "SELECT client_id, claims, expires_at FROM idp_opaque_token WHERE hash = $1", hash).Scan(&o.ClientID, &claims, &expires)
	if errors.Is(err, sqldb.ErrNoRows) {
		return o, oauth.ErrNotFound
	}
	if err != nil {
		return o, fmt.Errorf("read opaque token: %w", err)
	}
	o.Claims, o.ExpiresAt = []byte(claims), sqldb.Time(expires)
	return o, nil
}
