package licensedb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

const consentColumns = "grant_id, account, answer, asked_at, answered_at"

func scanConsent(row scanner) (elicense.Consent, error) {
	var c elicense.Consent
	var asked, answered int64
	err := row.Scan(&c.Grant, &c.Account, &c.Answer, &asked, &answered)
	if errors.Is(err, sqldb.ErrNoRows) {
		return elicense.Consent{}, elicense.ErrNotFound
	}
	c.AskedAt, c.AnsweredAt = sqldb.Time(asked), sqldb.Time(answered)
	return c, err
}

// FindConsent implements elicense.Consents.
func (s *Store) FindConsent(ctx context.Context, grant, account string) (elicense.Consent, error) {
	return scanConsent(s.db.Read().QueryRowContext(ctx, "SELECT "+consentColumns+" FROM lic_consent WHERE grant_id = $1 AND account = $2", grant, account))
}

// ListConsents implements elicense.Consents.
func (s *Store) ListConsents(ctx context.Context, account, after string, limit int) ([]elicense.Consent, string, error) {
	query, args := "SELECT "+consentColumns+" FROM lic_consent WHERE account = $1", []any{account, limit + 1}
	if after != "" {
		args = append(args, after)
		query += " AND (asked_at, grant_id) < (SELECT asked_at, grant_id FROM lic_consent WHERE account = $1 AND grant_id = $3)"
	}
	list, err := rows(ctx, s, scanConsent, query+" ORDER BY asked_at DESC, grant_id DESC LIMIT $2", args...)
	if err != nil {
		return nil, "", fmt.Errorf("licensedb: list consents: %w", err)
	}
	if len(list) <= limit {
		return list, "", nil
	}
	list = list[:limit]
	return list, list[limit-1].Grant, nil
}

// consentChanges are, by answer, the change of the grant and the answer that was there before. The time of a grant begins with the last consent.
var consentChanges = map[elicense.ConsentAnswer]struct{ grant, before string }{
	elicense.ConsentAgreed:    {"UPDATE lic_use_grant SET expires_at = CASE WHEN awaits = 1 THEN expires_at + ($2 - created_at) ELSE expires_at END, awaits = awaits - 1" + waiting, ""},
	elicense.ConsentRefused:   {"UPDATE lic_use_grant SET revoked_at = $2" + waiting, ""},
	elicense.ConsentWithdrawn: {"UPDATE lic_use_grant SET revoked_at = $2 WHERE id = $1 AND revoked_at = 0", "agreed"},
}

const waiting = " WHERE id = $1 AND awaits > 0 AND revoked_at = 0 AND decide_by > $2"

// errAnswered undoes the change of a grant whose consent was answered before.
var errAnswered = errors.New("licensedb: the consent was answered before")

// AnswerConsent implements elicense.Consents. The grant is changed first, so that answers to one come one after the other.
func (s *Store) AnswerConsent(ctx context.Context, grant, account string, answer elicense.ConsentAnswer, now time.Time, record func(elicense.Grant) audit.Record) (done bool, err error) {
	change, known := consentChanges[answer]
	if !known {
		return false, fmt.Errorf("licensedb: no answer %q", answer)
	}
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		done = false
		if changed, err := affected(tx.ExecContext(ctx, change.grant, grant, sqldb.Micros(now))); err != nil || changed == 0 {
			return err
		}
		changed, err := affected(tx.ExecContext(ctx, "UPDATE lic_consent SET answer = $3, answered_at = $4 WHERE grant_id = $1 AND account = $2 AND answer = $5", grant, account, string(answer), sqldb.Micros(now), change.before))
		if err != nil {
			return err
		}
		if changed == 0 {
			return errAnswered
		}
		g, err := scanGrant(tx.QueryRowContext(ctx, "SELECT "+grantColumns+" FROM lic_use_grant WHERE id = $1", grant))
		if err != nil {
			return err
		}
		done = true
		return auditdb.Append(ctx, tx, record(g))
	})
	if errors.Is(err, errAnswered) {
		return false, nil
	}
	return done && err == nil, err
}
