package idpdb

import (
	"context"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// watchCertificate stores the certificate behind evidence, in the change that stores that.
func watchCertificate(ctx context.Context, tx sqldb.Tx, id string, p idp.Proof) error {
	if _, err := tx.ExecContext(ctx, "INSERT INTO idp_proof_certificate (account_id, proof_id, issuer, authority, serial, ends_at, state, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		id, p.ID, p.Certificate.Issuer, p.Certificate.Authority, p.Certificate.Serial, sqldb.Micros(p.Certificate.Ends), proofing.CertificateWatched, sqldb.Micros(p.At)); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO idp_certificate_authority (authority, issuer, asked_at, answered_at, silent_since, silence) VALUES ($1, $2, 0, 0, 0, '') ON CONFLICT (authority) DO NOTHING",
		p.Certificate.Authority, p.Certificate.Issuer)
	return err
}

const (
	watchedColumns = `SELECT c.account_id, c.proof_id, p.method, c.authority, c.serial, c.ends_at FROM idp_proof_certificate AS c
	JOIN idp_proof AS p ON p.account_id = c.account_id AND p.id = c.proof_id`
	isWatched = " WHERE c.state = '" + proofing.CertificateWatched + "'"
)

func (s *Store) watched(ctx context.Context, rest string, args ...any) (all []proofing.WatchedCertificate, err error) {
	err = s.db.Ask(ctx, ask(func(rows sqldb.Rows) error {
		var c proofing.WatchedCertificate
		var ends int64
		err := rows.Scan(&c.AccountID, &c.ProofID, &c.Method, &c.Authority, &c.Serial, &ends)
		c.Ends = sqldb.Time(ends)
		all = append(all, c)
		return err
	}, watchedColumns+rest, args...))
	if err != nil {
		return nil, fmt.Errorf("read certificates: %w", err)
	}
	return all, nil
}

// WatchedBy pages what an authority gave out, by serial and evidence.
func (s *Store) WatchedBy(ctx context.Context, authority string, after proofing.WatchedCertificate, limit int) ([]proofing.WatchedCertificate, error) {
	return s.watched(ctx, isWatched+" AND c.authority = $1 AND (c.serial > $2 OR c.serial = $2 AND c.proof_id > $3) ORDER BY c.serial, c.proof_id LIMIT $4", authority, after.Serial, after.ProofID, limit)
}

// WatchedUntil are those that ended by a time.
func (s *Store) WatchedUntil(ctx context.Context, at time.Time, limit int) ([]proofing.WatchedCertificate, error) {
	join, where, order := putOff(proofing.JobCertificateEnds, "c.proof_id", "c.ends_at", "$1")
	return s.watched(ctx, join+isWatched+" AND c.ends_at <= $1"+where+order+" LIMIT $2", sqldb.Micros(at), limit)
}

// Unwatched is evidence by certificates of which no certificate is kept.
func (s *Store) Unwatched(ctx context.Context, now time.Time, limit int) (all []proofing.WatchedCertificate, err error) {
	join, where, order := putOff(proofing.JobCertificateTerm, "p.id", "p.at", "$1")
	err = s.db.Ask(ctx, ask(func(rows sqldb.Rows) error {
		var c proofing.WatchedCertificate
		err := rows.Scan(&c.AccountID, &c.ProofID, &c.Method)
		all = append(all, c)
		return err
	}, `SELECT p.account_id, p.id, p.method FROM idp_proof AS p JOIN idp_account AS a ON a.id = p.account_id`+join+`
		WHERE p.method IN ('certificate', 'organisation_certificate') AND p.withdrawn = 0 AND (p.until_at = 0 OR p.until_at > $1) AND a.merged_into = ''
		AND NOT EXISTS (SELECT 1 FROM idp_proof_certificate AS c WHERE c.account_id = p.account_id AND c.proof_id = p.id)`+where+order+" LIMIT $2", sqldb.Micros(now), limit))
	if err != nil {
		return nil, fmt.Errorf("read evidence without certificates: %w", err)
	}
	return all, nil
}

// NoteUnwatched gives one its term. It stands with the certificates, so that whatever moves or erases these finds it.
func (s *Store) NoteUnwatched(ctx context.Context, c proofing.WatchedCertificate, at time.Time, record audit.Record) error {
	return s.apply(ctx, record, one(idp.ErrConflict, `INSERT INTO idp_proof_certificate (account_id, proof_id, issuer, authority, serial, ends_at, state, changed_at)
		VALUES ($1, $2, '', '', '', $3, $4, $5) ON CONFLICT (account_id, proof_id) DO NOTHING`, c.AccountID, c.ProofID, sqldb.Micros(c.Ends), proofing.CertificateUnwatched, sqldb.Micros(at)))
}

// UnwatchedUntil are those whose term was over at a moment.
func (s *Store) UnwatchedUntil(ctx context.Context, at time.Time, limit int) (all []proofing.WatchedCertificate, err error) {
	join, where, order := putOff(proofing.JobCertificateTermEnds, "c.proof_id", "c.ends_at", "$2")
	err = s.db.Ask(ctx, ask(func(rows sqldb.Rows) error {
		var c proofing.WatchedCertificate
		var ends, renewed int64
		err := rows.Scan(&c.AccountID, &c.ProofID, &c.Method, &ends, &renewed)
		c.Ends, c.Renewed = sqldb.Time(ends), renewed > 0
		all = append(all, c)
		return err
	}, `SELECT c.account_id, c.proof_id, p.method, c.ends_at,
		(SELECT COUNT(*) FROM idp_proof AS n WHERE n.account_id = p.account_id AND n.method = p.method AND n.at > p.at AND n.ial >= p.ial AND n.withdrawn = 0 AND (n.until_at = 0 OR n.until_at > $2))
		FROM idp_proof_certificate AS c JOIN idp_proof AS p ON p.account_id = c.account_id AND p.id = c.proof_id`+join+`
		WHERE c.state = $1 AND c.ends_at <= $2`+where+order+" LIMIT $3", proofing.CertificateUnwatched, sqldb.Micros(at), limit))
	if err != nil {
		return nil, fmt.Errorf("read terms of evidence: %w", err)
	}
	return all, nil
}

// UnwatchedFigures count what has a term, and what ended with it.
func (s *Store) UnwatchedFigures(ctx context.Context) (f proofing.UnwatchedFigures, err error) {
	var first, last int64
	err = s.db.Read().QueryRowContext(ctx, `SELECT COALESCE(SUM(CASE WHEN state = $1 THEN 1 ELSE 0 END), 0), COALESCE(SUM(CASE WHEN state <> $1 THEN 1 ELSE 0 END), 0),
		COALESCE(MIN(CASE WHEN state = $1 THEN ends_at END), 0), COALESCE(MAX(CASE WHEN state = $1 THEN ends_at END), 0) FROM idp_proof_certificate WHERE authority = ''`, proofing.CertificateUnwatched).
		Scan(&f.Running, &f.Ended, &first, &last)
	f.First, f.Last = sqldb.Time(first), sqldb.Time(last)
	return f, err
}

// EndCertificate closes a certificate and takes its evidence back. An account that was closed or merged meanwhile loses nothing
// more, and the certificate is closed all the same.
func (s *Store) EndCertificate(ctx context.Context, e proofing.EndedCertificate, record audit.Record) error {
	return s.audited(ctx, record, func(tx sqldb.Tx) error {
		closed, err := sqldb.ExecOne(ctx, tx, "UPDATE idp_proof_certificate SET state = $3, reason = $4, changed_at = $5 WHERE account_id = $1 AND proof_id = $2 AND state IN ($6, $7)",
			e.AccountID, e.ProofID, e.State, e.Reason, sqldb.Micros(e.At), proofing.CertificateWatched, proofing.CertificateUnwatched)
		if err == nil && !closed {
			err = idp.ErrNotFound
		}
		if err != nil || !e.Lower {
			return err
		}
		return withdrawProof(ctx, tx, e.AccountID, e.ProofID, e.At)
	})
}

// withdrawProof ends the level that one piece of evidence gave; another one of the same level takes its place.
func withdrawProof(ctx context.Context, tx sqldb.Tx, accountID, proofID string, at time.Time) error {
	if _, err := tx.ExecContext(ctx, "UPDATE idp_account SET updated_at = $2, version = version + 1 WHERE id = $1", accountID, sqldb.Micros(at)); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, "UPDATE idp_proof SET withdrawn = 1, until_at = CASE WHEN until_at = 0 OR until_at > $3 THEN $3 ELSE until_at END WHERE account_id = $1 AND id = $2",
		accountID, proofID, sqldb.Micros(at))
	return err
}

// Authorities page the authorities behind levels with what their lists said last, and count what they gave out.
func (s *Store) Authorities(ctx context.Context, after string, limit int) (all []proofing.AuthorityStanding, err error) {
	err = s.db.Ask(ctx, ask(func(rows sqldb.Rows) error {
		var a proofing.AuthorityStanding
		var asked, answered, silent int64
		err := rows.Scan(&a.Authority, &a.Issuer, &asked, &answered, &silent, &a.Silence, &a.Watched, &a.Revoked, &a.Expired, &a.Kept)
		a.AskedAt, a.AnsweredAt, a.SilentSince = sqldb.Time(asked), sqldb.Time(answered), sqldb.Time(silent)
		all = append(all, a)
		return err
	}, `SELECT a.authority, a.issuer, a.asked_at, a.answered_at, a.silent_since, a.silence, `+counted(proofing.CertificateWatched)+", "+counted(proofing.CertificateRevoked)+", "+
		counted(proofing.CertificateExpired)+", "+counted(proofing.CertificateKept)+" FROM idp_certificate_authority AS a WHERE a.authority > $1 ORDER BY a.authority LIMIT $2", after, limit))
	if err != nil {
		return nil, fmt.Errorf("read authorities: %w", err)
	}
	return all, nil
}

func counted(state string) string {
	return "(SELECT COUNT(*) FROM idp_proof_certificate AS c WHERE c.authority = a.authority AND c.state = '" + state + "')"
}

// NoteAuthority writes down what the lists of an authority said.
func (s *Store) NoteAuthority(ctx context.Context, a proofing.AuthorityStanding) error {
	note := step("UPDATE idp_certificate_authority SET asked_at = $2, answered_at = $2, silent_since = 0, silence = '' WHERE authority = $1", a.Authority, sqldb.Micros(a.AskedAt))
	if !a.SilentSince.IsZero() {
		note = step("UPDATE idp_certificate_authority SET asked_at = $2, silence = $3, silent_since = CASE WHEN silent_since = 0 THEN $2 ELSE silent_since END WHERE authority = $1",
			a.Authority, sqldb.Micros(a.SilentSince), a.Silence)
	}
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, note.Query, note.Args...)
		return err
	})
}
