package idpdb

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/oauth"
	"github.com/yinxin-gov/yinxin/idp/session"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// Clients reads all clients.
func (s *Store) Clients(ctx context.Context, limit int) (map[string]idp.StoredBody, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT client_id, "+clientColumns+" FROM idp_client ORDER BY client_id LIMIT $1", limit)
	if err != nil {
		return nil, fmt.Errorf("read clients: %w", err)
	}
	defer rows.Close()
	all := map[string]idp.StoredBody{}
	for rows.Next() {
		var id string
		body, err := scanClient(rows, &id)
		if err != nil {
			return nil, fmt.Errorf("read clients: %w", err)
		}
		all[id] = body
	}
	return all, rows.Err()
}

// ClientRevision changes with every change of any client.
func (s *Store) ClientRevision(ctx context.Context) (n int64, err error) {
	err = s.db.Read().QueryRowContext(ctx, "SELECT n FROM idp_revision WHERE name = 'client'").Scan(&n)
	if errors.Is(err, sqldb.ErrNoRows) {
		return 0, nil
	}
	return n, err
}

// PutSession stores a session.
func (s *Store) PutSession(ctx context.Context, hash []byte, v session.Session, record audit.Record) error {
	return s.apply(ctx, record, step(`INSERT INTO idp_session (id, hash, account_id, aal, methods, auth_time, created_at, last_seen, device, address, ended_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0)`, v.ID, hash, v.AccountID, v.AAL, strings.Join(v.Methods, " "),
		sqldb.Micros(v.AuthTime), sqldb.Micros(v.CreatedAt), sqldb.Micros(v.LastSeen), v.Device, v.Address))
}

// RenewSession gives a session a new secret and a new login.
func (s *Store) RenewSession(ctx context.Context, hash []byte, v session.Session, record audit.Record) error {
	return s.changeOne(ctx, record, `UPDATE idp_session SET hash = $2, aal = $3, methods = $4, auth_time = $5, created_at = $6, last_seen = $6, device = $7, address = $8
		WHERE id = $1 AND account_id = $9 AND ended_at = 0`, v.ID, hash, v.AAL, strings.Join(v.Methods, " "), sqldb.Micros(v.AuthTime), sqldb.Micros(v.CreatedAt), v.Device, v.Address, v.AccountID)
}

const sessionColumns = `id, account_id, aal, methods, auth_time, created_at, last_seen, ended_at, device, address,
	COALESCE((SELECT version FROM idp_account WHERE idp_account.id = idp_session.account_id), 0)`

func scanSession(row interface{ Scan(...any) error }) (session.Session, error) {
	var v session.Session
	var methods string
	var authTime, createdAt, lastSeen, endedAt int64
	err := row.Scan(&v.ID, &v.AccountID, &v.AAL, &methods, &authTime, &createdAt, &lastSeen, &endedAt, &v.Device, &v.Address, &v.AccountVersion)
	v.Methods, v.AuthTime, v.CreatedAt, v.LastSeen, v.EndedAt = strings.Fields(methods), sqldb.Time(authTime), sqldb.Time(createdAt), sqldb.Time(lastSeen), sqldb.Time(endedAt)
	return v, err
}

// scanSessions reads the answer of a list of sessions.
func scanSessions(rows *sql.Rows, err error) ([]session.Session, error) {
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	defer rows.Close()
	var all []session.Session
	for rows.Next() {
		v, err := scanSession(rows)
		if err != nil {
			return nil, fmt.Errorf("list sessions: %w", err)
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// Session finds a session that has not ended.
func (s *Store) Session(ctx context.Context, hash []byte) (session.Session, error) {
	v, err := scanSession(s.db.Read().QueryRowContext(ctx, "SELECT "+sessionColumns+" FROM idp_session WHERE hash = $1 AND ended_at = 0", hash))
	if errors.Is(err, sqldb.ErrNoRows) {
		return v, idp.ErrNotFound
	}
	return v, err
}

// SessionByID finds a session that has not ended.
func (s *Store) SessionByID(ctx context.Context, sid string) (session.Session, error) {
	v, err := scanSession(s.db.Read().QueryRowContext(ctx, "SELECT "+sessionColumns+" FROM idp_session WHERE id = $1 AND ended_at = 0", sid))
	if errors.Is(err, sqldb.ErrNoRows) {
		return v, idp.ErrNotFound
	}
	return v, err
}

// SessionsOf lists the live sessions of an account, the last used first.
func (s *Store) SessionsOf(ctx context.Context, accountID string, since time.Time) ([]session.Session, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT "+sessionColumns+" FROM idp_session WHERE account_id = $1 AND ended_at = 0 AND last_seen > $2 ORDER BY last_seen DESC LIMIT 50",
		accountID, sqldb.Micros(since))
	return scanSessions(rows, err)
}

// TouchSession writes down that a session was used.
func (s *Store) TouchSession(ctx context.Context, id string, at time.Time) error {
	return s.db.Apply(ctx, nil, step("UPDATE idp_session SET last_seen = $2 WHERE id = $1 AND last_seen < $2", id, sqldb.Micros(at)))
}

// AddParty notes a relying party of a session.
func (s *Store) AddParty(ctx context.Context, p session.Party) error {
	return s.db.Apply(ctx, nil, addParty(p))
}

func addParty(p session.Party) sqldb.Step {
	if p.MandateID != "" {
		return step(`INSERT INTO idp_mandate_party (mandate_id, sid, client_id, subject, at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (mandate_id, sid, client_id) DO UPDATE SET at = $5`, p.MandateID, p.SID, p.ClientID, p.Subject, sqldb.Micros(p.At))
	}
	return step(`INSERT INTO idp_party (sid, client_id, subject, at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (sid, client_id) DO UPDATE SET at = $4`, p.SID, p.ClientID, p.Subject, sqldb.Micros(p.At))
}

// Parties lists the relying parties of a session.
func (s *Store) Parties(ctx context.Context, sid string) ([]session.Party, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT client_id, subject, at, '' FROM idp_party WHERE sid = $1
		UNION ALL SELECT client_id, subject, at, mandate_id FROM idp_mandate_party WHERE sid = $1 ORDER BY 3 LIMIT 500`, sid)
	if err != nil {
		return nil, fmt.Errorf("list parties: %w", err)
	}
	defer rows.Close()
	var all []session.Party
	for rows.Next() {
		p := session.Party{SID: sid}
		var at int64
		if err := rows.Scan(&p.ClientID, &p.Subject, &at, &p.MandateID); err != nil {
			return nil, fmt.Errorf("list parties: %w", err)
		}
		p.At = sqldb.Time(at)
		all = append(all, p)
	}
	return all, rows.Err()
}

// EndSession ends a session and its grants.
func (s *Store) EndSession(ctx context.Context, sid string, at time.Time, record audit.Record) error {
	return s.apply(ctx, record,
		one(idp.ErrNotFound, "UPDATE idp_session SET ended_at = $2 WHERE id = $1 AND ended_at = 0", sid, sqldb.Micros(at)),
		step("UPDATE idp_grant SET revoked_at = $2 WHERE sid = $1 AND revoked_at = 0", sid, sqldb.Micros(at)))
}

// LeaveParty ends the grants and codes of a session at one client, which is no party of it any more; doing so again changes nothing.
func (s *Store) LeaveParty(ctx context.Context, sid, clientID string, at time.Time, record audit.Record) error {
	return s.apply(ctx, record,
		step("DELETE FROM idp_party WHERE sid = $1 AND client_id = $2", sid, clientID),
		step("DELETE FROM idp_mandate_party WHERE sid = $1 AND client_id = $2", sid, clientID),
		step("UPDATE idp_authorization_code SET used_at = $3 WHERE sid = $1 AND client_id = $2 AND used_at = 0", sid, clientID, sqldb.Micros(at)),
		step("UPDATE idp_grant SET revoked_at = $3 WHERE sid = $1 AND client_id = $2 AND revoked_at = 0", sid, clientID, sqldb.Micros(at)))
}

// SaveCode stores an authorization code.
func (s *Store) SaveCode(ctx context.Context, c oauth.CodeRecord, record audit.Record) error {
	body, err := json.Marshal(c.Request)
	if err != nil {
		return err
	}
	who := c.Request.Session
	party := session.Party{SID: who.SID, ClientID: c.Request.ClientID, Subject: who.Subject, At: c.IssuedAt}
	principal, consenter := "", who.AccountID
	if who.Mandate != nil {
		principal, party.MandateID, consenter = who.Mandate.Principal, who.Mandate.ID, who.Mandate.ID
	}
	return s.apply(ctx, record, addParty(party),
		step(`INSERT INTO idp_authorization_code (hash, request, account_id, client_id, sid, principal, mandate_id, expires_at, used_at, consent_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0,
			COALESCE((SELECT began_at FROM idp_consent WHERE account_id = $9 AND client_id = $4), 0))`,
			c.Hash, string(body), who.AccountID, c.Request.ClientID, who.SID, principal, party.MandateID, sqldb.Micros(c.ExpiresAt), consenter))
}

// Code reads an authorization code and how its account, session and consent stand.
func (s *Store) Code(ctx context.Context, hash []byte) (oauth.CodeRecord, error) {
	c := oauth.CodeRecord{Hash: hash}
	var body string
	var expires, used int64
	var client string
	var state, scopes, withheld, terms, principal, mandateID sql.NullString
	var credentials, version, consent, ended sql.NullInt64
	err := s.db.Read().QueryRowContext(ctx, `SELECT k.request, k.client_id, k.expires_at, k.used_at, a.state, a.credentials_at, a.version, s.ended_at, c.scopes, c.version, c.withheld, c.terms, k.principal, k.mandate_id
		FROM idp_authorization_code k LEFT JOIN idp_account a ON a.id = k.account_id
		LEFT JOIN idp_session s ON s.id = k.sid AND s.account_id = k.account_id
		LEFT JOIN idp_consent c ON c.account_id = CASE WHEN k.mandate_id = '' THEN k.account_id ELSE k.mandate_id END AND c.client_id = k.client_id AND k.consent_at IN (0, c.began_at)
		WHERE k.hash = $1`, hash).
		Scan(&body, &client, &expires, &used, &state, &credentials, &version, &ended, &scopes, &consent, &withheld, &terms, &principal, &mandateID)
	if errors.Is(err, sqldb.ErrNoRows) {
		return c, oauth.ErrNotFound
	}
	if err != nil {
		return c, fmt.Errorf("read code: %w", err)
	}
	c.ExpiresAt, c.UsedAt = sqldb.Time(expires), sqldb.Time(used)
	c.Standing = oauth.Standing{Account: idp.AccountState(state.String), CredentialsAt: sqldb.Time(credentials.Int64), Version: version.Int64, SessionEnded: !ended.Valid || ended.Int64 != 0,
		Consented: strings.Fields(scopes.String), ConsentVersion: consent.Int64, Withheld: strings.Fields(withheld.String), Terms: idp.RecipientTerms(terms.String)}
	if err := s.readMandate(ctx, &c.Standing, principal.String, mandateID.String); err != nil {
		return c, err
	}
	if err := json.Unmarshal([]byte(body), &c.Request); err != nil || client != "" {
		return c, err
	}
	// A node of the release before wrote the code: the statement above could not find its consent.
	agreed, err := s.ConsentInForce(ctx, c.Request.Session.AccountID, c.Request.ClientID)
	c.Standing.Consented, c.Standing.ConsentVersion, c.Standing.Withheld = agreed.Scopes, agreed.Version, agreed.Withheld
	c.Standing.Terms = idp.RecipientTerms(agreed.Terms.Text())
	return c, err
}

// Refresh reads a refresh token and how its grant stands.
func (s *Store) Refresh(ctx context.Context, hash []byte) (oauth.RefreshRecord, error) {
	r := oauth.RefreshRecord{Hash: hash}
	var body string
	var expires, used int64
	var stands standingRow
	err := s.db.Read().QueryRowContext(ctx, `SELECT t.grant_id, t.request, t.expires_at, t.used_at, t.successor, `+standingColumns+`
		FROM idp_refresh_token t LEFT JOIN idp_grant g ON g.id = t.grant_id `+standingJoins+` WHERE t.hash = $1`, hash).
		Scan(append([]any{&r.GrantID, &body, &expires, &used, &r.Successor}, stands.fields()...)...)
	if errors.Is(err, sqldb.ErrNoRows) {
		return r, oauth.ErrNotFound
	}
	if err != nil {
		return r, fmt.Errorf("read refresh token: %w", err)
	}
	r.ExpiresAt, r.UsedAt = sqldb.Time(expires), sqldb.Time(used)
	if r.Standing, err = s.standing(ctx, stands, r.GrantID); err != nil {
		return r, err
	}
	return r, json.Unmarshal([]byte(body), &r.Request)
}

// Redeem consumes a code or refresh token and stores what takes its place.
func (s *Store) Redeem(ctx context.Context, r oauth.Redemption, record audit.Record) error {
	at := sqldb.Micros(r.At)
	var steps []sqldb.Step
	switch {
	case len(r.DeviceHash) > 0:
		steps = append(steps, useDevice(r.DeviceHash, r.Grant.ID, at))
	case len(r.CodeHash) > 0:
		steps = append(steps, one(oauth.ErrConsumed, "UPDATE idp_authorization_code SET used_at = $2 WHERE hash = $1 AND used_at = 0 AND expires_at > $2", r.CodeHash, at))
	default:
		var successor []byte
		if r.NewRefresh != nil {
			successor = r.NewRefresh.Hash
		}
		steps = append(steps, one(oauth.ErrConsumed, `UPDATE idp_refresh_token SET used_at = $2, successor = $3 WHERE hash = $1 AND used_at = 0 AND expires_at > $2
			AND EXISTS (SELECT 1 FROM idp_grant WHERE id = idp_refresh_token.grant_id AND revoked_at = 0)`, r.RefreshHash, at, successor))
	}
	if len(r.RefreshHash) == 0 { // a refreshed grant is there already
		// The row is taken, so that an end of the session at the same moment waits for the grant and ends it, or is seen here.
		if r.Grant.SID != "" {
			steps = append(steps, one(oauth.ErrEnded, "UPDATE idp_session SET ended_at = 0 WHERE id = $1 AND account_id = $2 AND ended_at = 0", r.Grant.SID, r.Grant.AccountID))
		}
		if !r.Unasked {
			steps = append(steps, holdConsent(r))
		}
		if r.Grant.MandateID != "" {
			steps = append(steps, useMandate(r.Grant, at)...)
		}
		steps = append(steps, step(`INSERT INTO idp_grant (id, client_id, account_id, sid, principal, mandate_id, created_at, revoked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)
			ON CONFLICT (id) DO NOTHING`, r.Grant.ID, r.Grant.ClientID, r.Grant.AccountID, r.Grant.SID, r.Grant.Principal, r.Grant.MandateID, at))
	}
	for _, told := range r.Releases {
		steps = append(steps, addRelease(told))
	}
	if r.Opaque != nil {
		steps = append(steps, insertOpaque(*r.Opaque))
	}
	if r.NewRefresh != nil {
		body, err := json.Marshal(r.NewRefresh.Request)
		if err != nil {
			return err
		}
		steps = append(steps, step("INSERT INTO idp_refresh_token (hash, grant_id, request, expires_at, used_at) VALUES ($1, $2, $3, $4, 0)",
			r.NewRefresh.Hash, r.NewRefresh.GrantID, string(body), sqldb.Micros(r.NewRefresh.ExpiresAt)))
	}
	return s.apply(ctx, record, steps...)
}

// holdConsent takes the row of the consent that a new grant stands on, so that a withdrawal at the same moment waits for the
// grant and ends it, or is seen here; also when consent was given again since. What was allowed while acting is kept under the mandate.
func holdConsent(r oauth.Redemption) sqldb.Step {
	table, hash := "idp_authorization_code", r.CodeHash
	if len(r.DeviceHash) > 0 {
		table, hash = "idp_device", r.DeviceHash
	}
	return one(oauth.ErrEnded, `UPDATE idp_consent SET began_at = began_at WHERE account_id = $1 AND client_id = $2
		AND EXISTS (SELECT 1 FROM `+table+` k WHERE k.hash = $3 AND k.consent_at IN (0, idp_consent.began_at))`, cmp.Or(r.Grant.MandateID, r.Grant.AccountID), r.Grant.ClientID, hash)
}

// RevokeGrant ends a family. The events are stored in any case, the messages only when this ended it.
func (s *Store) RevokeGrant(ctx context.Context, id string, at time.Time, record audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		ended, err := sqldb.ExecOne(ctx, tx, "UPDATE idp_grant SET revoked_at = $2 WHERE id = $1 AND revoked_at = 0", id, sqldb.Micros(at))
		if err != nil {
			return err
		}
		kept := record
		if !ended {
			kept.Messages = nil
		}
		return auditdb.Append(ctx, tx, kept)
	})
}

// RevokeToken marks an access token.
func (s *Store) RevokeToken(ctx context.Context, jti string, until time.Time, record audit.Record) error {
	return s.apply(ctx, record, step("INSERT INTO idp_revoked_token (jti, until_at) VALUES ($1, $2) ON CONFLICT (jti) DO NOTHING", jti, sqldb.Micros(until)))
}

// PutFlow stores a login in progress.
func (s *Store) PutFlow(ctx context.Context, id string, browser, body []byte, created, expires time.Time) error {
	return s.db.Apply(ctx, nil, step("INSERT INTO idp_flow (id, browser, body, created_at, expires_at, finished_at) VALUES ($1, $2, $3, $4, $5, 0)",
		id, browser, string(body), sqldb.Micros(created), sqldb.Micros(expires)))
}

// Flow reads a login in progress that belongs to the browser.
func (s *Store) Flow(ctx context.Context, id string, browser []byte, now time.Time) ([]byte, time.Time, error) {
	var body string
	var created int64
	err := s.db.Read().QueryRowContext(ctx, "SELECT body, created_at FROM idp_flow WHERE id = $1 AND browser = $2 AND expires_at > $3 AND finished_at = 0",
		id, browser, sqldb.Micros(now)).Scan(&body, &created)
	if errors.Is(err, sqldb.ErrNoRows) {
		return nil, time.Time{}, idp.ErrNotFound
	}
	return []byte(body), sqldb.Time(created), err
}

// FinishFlow consumes a login in progress; idp.ErrNotFound when it was finished before.
func (s *Store) FinishFlow(ctx context.Context, id string, now time.Time) error {
	return s.db.Apply(ctx, nil, one(idp.ErrNotFound, "UPDATE idp_flow SET finished_at = $2 WHERE id = $1 AND finished_at = 0", id, sqldb.Micros(now)))
}

// ConsentsOf lists the clients that a person allowed something.
func (s *Store) ConsentsOf(ctx context.Context, accountID string) ([]idp.Consent, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT client_id, scopes, version, given_at FROM idp_consent WHERE account_id = $1 ORDER BY client_id LIMIT 200", accountID)
	if err != nil {
		return nil, fmt.Errorf("list consents: %w", err)
	}
	defer rows.Close()
	var all []idp.Consent
	for rows.Next() {
		c := idp.Consent{AccountID: accountID}
		var scopes string
		var given int64
		if err := rows.Scan(&c.ClientID, &scopes, &c.Version, &given); err != nil {
			return nil, fmt.Errorf("list consents: %w", err)
		}
		c.Scopes, c.GivenAt = strings.Fields(scopes), sqldb.Time(given)
		all = append(all, c)
	}
	return all, rows.Err()
}
