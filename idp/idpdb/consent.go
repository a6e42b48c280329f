package idpdb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// ConsentInForce reads what a person allows a client now; the zero value for nothing.
func (s *Store) ConsentInForce(ctx context.Context, accountID, clientID string) (idp.Consent, error) {
	return consentInForce(ctx, s.db.Read(), accountID, clientID)
}

func consentInForce(ctx context.Context, q sqldb.Queryer, accountID, clientID string) (idp.Consent, error) {
	c := idp.Consent{AccountID: accountID, ClientID: clientID}
	var scopes, withheld, terms string
	var given int64
	err := q.QueryRowContext(ctx, "SELECT version, scopes, withheld, terms, given_at FROM idp_consent WHERE account_id = $1 AND client_id = $2", accountID, clientID).
		Scan(&c.Version, &scopes, &withheld, &terms, &given)
	if errors.Is(err, sqldb.ErrNoRows) {
		return idp.Consent{AccountID: accountID, ClientID: clientID}, nil
	}
	if err != nil {
		return c, fmt.Errorf("read consent: %w", err)
	}
	c.Scopes, c.Withheld, c.GivenAt = strings.Fields(scopes), strings.Fields(withheld), sqldb.Time(given)
	c.Terms, err = idp.ReadTerms(terms)
	return c, err
}

// errMoved: the consent changed between a look at it and the change.
var errMoved = errors.New("consent changed meanwhile")

// GiveConsent makes the next version of a consent. The row is changed as it was read, or read again.
func (s *Store) GiveConsent(ctx context.Context, accountID, clientID string, change func(idp.Consent) (idp.Consent, error), record audit.Record) (idp.Consent, error) {
	for range 5 {
		before, err := s.ConsentInForce(ctx, accountID, clientID)
		if err != nil {
			return before, err
		}
		after, err := change(before)
		if err != nil {
			return before, err
		}
		after, err = s.giveConsent(ctx, before, after, record)
		if !errors.Is(err, errMoved) {
			return after, err
		}
	}
	return idp.Consent{}, fmt.Errorf("%w: save consent: %w", sqldb.ErrUnavailable, errMoved)
}

func (s *Store) giveConsent(ctx context.Context, before, c idp.Consent, record audit.Record) (idp.Consent, error) {
	given := sqldb.Micros(c.GivenAt)
	scopes, withheld := strings.Join(c.Scopes, " "), strings.Join(c.Withheld, " ")
	err := s.audited(ctx, record, func(tx sqldb.Tx) error {
		if before.Version > 0 && slices.Equal(before.Scopes, c.Scopes) && slices.Equal(before.Withheld, c.Withheld) && before.Terms.Text() == c.Terms.Text() {
			c.Version = before.Version
			same, err := sqldb.ExecOne(ctx, tx, "UPDATE idp_consent SET given_at = $3 WHERE account_id = $1 AND client_id = $2 AND version = $4 AND scopes = $5",
				c.AccountID, c.ClientID, given, before.Version, scopes)
			if err == nil && !same {
				err = errMoved
			}
			return err
		}
		var last int64
		if err := tx.QueryRowContext(ctx, "SELECT COALESCE(MAX(version), 0) FROM idp_consent_record WHERE account_id = $1 AND client_id = $2", c.AccountID, c.ClientID).Scan(&last); err != nil {
			return err
		}
		c.Version = max(last, before.Version) + 1
		query, args := `INSERT INTO idp_consent (account_id, client_id, scopes, given_at, began_at, version, terms, withheld) VALUES ($1, $2, $3, $4, $4, $5, $6, $7)
			ON CONFLICT (account_id, client_id) DO NOTHING`, []any{c.AccountID, c.ClientID, scopes, given, c.Version, c.Terms.Text(), withheld}
		if before.Version > 0 {
			query = `UPDATE idp_consent SET scopes = $3, given_at = $4, version = $5, terms = $6, withheld = $7
				WHERE account_id = $1 AND client_id = $2 AND version = $8 AND scopes = $9`
			args = append(args, before.Version, strings.Join(before.Scopes, " "))
		}
		changed, err := sqldb.ExecOne(ctx, tx, query, args...)
		if err != nil {
			return err
		}
		if !changed {
			return errMoved
		}
		for _, one := range []sqldb.Step{
			endConsentRecord(c.AccountID, c.ClientID, given),
			step(`INSERT INTO idp_consent_record (account_id, client_id, version, scopes, withheld, shown, locale, given_at, ended_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)`,
				c.AccountID, c.ClientID, c.Version, scopes, withheld, string(c.Shown), c.Locale, given),
		} {
			if _, err := tx.ExecContext(ctx, one.Query, one.Args...); err != nil {
				return err
			}
		}
		return nil
	})
	return c, err
}

func endConsentRecord(accountID, clientID string, at int64) sqldb.Step {
	return step("UPDATE idp_consent_record SET ended_at = $3 WHERE account_id = $1 AND client_id = $2 AND ended_at = 0", accountID, clientID, at)
}

// ConsentVersions lists what a person agreed to in the past and now, the newest first; an empty client lists all clients.
func (s *Store) ConsentVersions(ctx context.Context, accountID, clientID string, limit int) ([]idp.Consent, error) {
	rows, err := s.db.Read().QueryContext(ctx, `SELECT client_id, version, scopes, withheld, shown, locale, given_at, ended_at FROM idp_consent_record
		WHERE account_id = $1 AND ($2 = '' OR client_id = $2) ORDER BY given_at DESC, client_id, version DESC LIMIT $3`, accountID, clientID, limit)
	if err != nil {
		return nil, fmt.Errorf("list versions of consent: %w", err)
	}
	defer rows.Close()
	var all []idp.Consent
	for rows.Next() {
		c := idp.Consent{AccountID: accountID}
		var scopes, withheld, shown string
		var given, ended int64
		if err := rows.Scan(&c.ClientID, &c.Version, &scopes, &withheld, &shown, &c.Locale, &given, &ended); err != nil {
			return nil, fmt.Errorf("list versions of consent: %w", err)
		}
		c.Scopes, c.Withheld, c.Shown, c.GivenAt, c.EndedAt = strings.Fields(scopes), strings.Fields(withheld), []byte(shown), sqldb.Time(given), sqldb.Time(ended)
		all = append(all, c)
	}
	return all, rows.Err()
}

// WithdrawConsent forgets what a person allowed a client and ends the grants that stood on it; a mandate instead of an account
// withdraws what was allowed under it.
func (s *Store) WithdrawConsent(ctx context.Context, accountID, clientID string, at time.Time, record audit.Record) error {
	return s.apply(ctx, record,
		endConsentRecord(accountID, clientID, sqldb.Micros(at)),
		step("DELETE FROM idp_consent WHERE account_id = $1 AND client_id = $2", accountID, clientID),
		step("UPDATE idp_grant SET revoked_at = $3 WHERE account_id = $1 AND client_id = $2 AND mandate_id = '' AND revoked_at = 0", accountID, clientID, sqldb.Micros(at)),
		step("UPDATE idp_grant SET revoked_at = $3 WHERE mandate_id = $1 AND mandate_id <> '' AND client_id = $2 AND revoked_at = 0", accountID, clientID, sqldb.Micros(at)))
}
