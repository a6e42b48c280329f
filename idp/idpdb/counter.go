package idpdb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/counter"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

const terminalColumns = "id, name, reader_key, screen_hash, created_by, created_at, enrolled_at, revoked_at, department, area"

func scanTerminal(row interface{ Scan(...any) error }) (t counter.Terminal, err error) {
	var screen []byte
	var created, enrolled, revoked int64
	err = row.Scan(&t.ID, &t.Name, &t.ReaderKey, &screen, &t.CreatedBy, &created, &enrolled, &revoked, &t.Department, &t.Area)
	t.Screen, t.CreatedAt, t.EnrolledAt, t.RevokedAt = len(screen) > 0, sqldb.Time(created), sqldb.Time(enrolled), sqldb.Time(revoked)
	if errors.Is(err, sqldb.ErrNoRows) {
		return t, idp.ErrNotFound
	}
	return t, err
}

// PutTerminal registers a terminal.
func (s *Store) PutTerminal(ctx context.Context, t counter.Terminal, enrol []byte, until time.Time, record audit.Record) error {
	return s.apply(ctx, record, step(`INSERT INTO idp_counter_terminal (id, name, reader_key, enrol_hash, enrol_until, secret_hash, pair_hash, pair_until, screen_hash, created_by, created_at, enrolled_at, revoked_by, revoked_at, department, area)
		VALUES ($1, $2, $3, $4, $5, $6, $6, 0, $6, $7, $8, 0, '', 0, $9, $10)`, t.ID, t.Name, t.ReaderKey, enrol, sqldb.Micros(until), []byte{}, t.CreatedBy, sqldb.Micros(t.CreatedAt), t.Department, t.Area))
}

// joined uses a code of a terminal up and stores a secret in its place.
func (s *Store) joined(ctx context.Context, query string, record func(terminal string) audit.Record, args ...any) (t counter.Terminal, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		if t, err = scanTerminal(tx.QueryRowContext(ctx, query+" RETURNING "+terminalColumns, args...)); err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record(t.ID))
	})
	return t, err
}

// Enrol puts a terminal into service.
func (s *Store) Enrol(ctx context.Context, code, secret []byte, now time.Time, record func(terminal string) audit.Record) (counter.Terminal, error) {
	return s.joined(ctx, "UPDATE idp_counter_terminal SET secret_hash = $2, enrol_hash = $3, enrolled_at = $4 WHERE enrol_hash = $1 AND enrol_until > $4 AND enrolled_at = 0 AND revoked_at = 0",
		record, code, secret, []byte{}, sqldb.Micros(now))
}

// PairScreen joins a second screen.
func (s *Store) PairScreen(ctx context.Context, code, secret []byte, now time.Time, record func(terminal string) audit.Record) (counter.Terminal, error) {
	return s.joined(ctx, "UPDATE idp_counter_terminal SET screen_hash = $2, pair_hash = $3, pair_until = 0 WHERE pair_hash = $1 AND pair_until > $4 AND revoked_at = 0",
		record, code, secret, []byte{}, sqldb.Micros(now))
}

// OfferScreen stores the code of a second screen.
func (s *Store) OfferScreen(ctx context.Context, id string, code []byte, until time.Time) error {
	return s.db.Apply(ctx, nil, one(idp.ErrNotFound, "UPDATE idp_counter_terminal SET pair_hash = $2, pair_until = $3 WHERE id = $1 AND revoked_at = 0", id, code, sqldb.Micros(until)))
}

// Terminals lists terminals of areas, the newest first.
func (s *Store) Terminals(ctx context.Context, areas []string, after string, limit int) ([]counter.Terminal, error) {
	within, args := sqldb.Below("area", areas, after, limit)
	rows, err := s.db.Read().QueryContext(ctx, "SELECT "+terminalColumns+" FROM idp_counter_terminal WHERE "+within+` AND ($1 = ''
		OR created_at < (SELECT created_at FROM idp_counter_terminal WHERE id = $1) OR created_at = (SELECT created_at FROM idp_counter_terminal WHERE id = $1) AND id < $1)
		ORDER BY created_at DESC, id DESC LIMIT $2`, args...)
	if err != nil {
		return nil, fmt.Errorf("list terminals: %w", err)
	}
	defer rows.Close()
	var all []counter.Terminal
	for rows.Next() {
		t, err := scanTerminal(rows)
		if err != nil {
			return nil, fmt.Errorf("list terminals: %w", err)
		}
		all = append(all, t)
	}
	return all, rows.Err()
}

// MoveTerminals gives the terminals of a department another area.
func (s *Store) MoveTerminals(ctx context.Context, department, area string, record audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		result, err := tx.ExecContext(ctx, "UPDATE idp_counter_terminal SET area = $2 WHERE department = $1 AND department <> '' AND area <> $2", department, area)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
}

func (s *Store) terminal(ctx context.Context, column string, value any) (counter.Terminal, error) {
	return scanTerminal(s.db.Read().QueryRowContext(ctx, "SELECT "+terminalColumns+" FROM idp_counter_terminal WHERE "+column+" = $1", value))
}

// Terminal reads a terminal.
func (s *Store) Terminal(ctx context.Context, id string) (counter.Terminal, error) {
	return s.terminal(ctx, "id", id)
}

// TerminalBySecret finds the terminal of a cookie.
func (s *Store) TerminalBySecret(ctx context.Context, secret []byte) (counter.Terminal, error) {
	return s.terminal(ctx, "secret_hash", secret)
}

// TerminalByScreen finds the terminal of a second screen.
func (s *Store) TerminalByScreen(ctx context.Context, secret []byte) (counter.Terminal, error) {
	return s.terminal(ctx, "screen_hash", secret)
}

const endVisit = "UPDATE idp_counter_visit SET ended_at = $2, end_reason = $3, sealed = $4 WHERE terminal_id = $1 AND ended_at = 0"

// RevokeTerminal takes a terminal out of service.
func (s *Store) RevokeTerminal(ctx context.Context, id, by string, at time.Time, record audit.Record) error {
	return s.apply(ctx, record,
		one(idp.ErrNotFound, "UPDATE idp_counter_terminal SET revoked_at = $2, revoked_by = $3, secret_hash = $4, screen_hash = $4, enrol_hash = $4, pair_hash = $4 WHERE id = $1 AND revoked_at = 0", id, sqldb.Micros(at), by, []byte{}),
		step(endVisit, id, sqldb.Micros(at), counter.EndTerminal, []byte{}),
		step("DELETE FROM idp_counter_reading WHERE terminal_id = $1 AND taken_at = 0", id))
}

// putReading takes a message; each is taken once.
func putReading(ctx context.Context, tx sqldb.Tx, r counter.Reading, kind string, taken int64) error {
	fresh, err := sqldb.ExecOne(ctx, tx, `INSERT INTO idp_counter_reading (terminal_id, nonce, kind, digest, key_id, sealed, read_at, expires_at, taken_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (terminal_id, nonce) DO NOTHING`, r.Terminal, r.Nonce, kind, r.Digest, r.KeyID, r.Sealed, sqldb.Micros(r.ReadAt), sqldb.Micros(r.Expires), taken)
	if err == nil && !fresh {
		return counter.ErrNonce
	}
	return err
}

// forgetReadings empties readings that nobody took: their rows stay for as long as a message could come again.
func forgetReadings(ctx context.Context, tx sqldb.Tx, terminal string, at int64) error {
	_, err := tx.ExecContext(ctx, "UPDATE idp_counter_reading SET taken_at = $2, sealed = $3 WHERE terminal_id = $1 AND taken_at = 0", terminal, at, []byte{})
	return err
}

// PutReading takes a card that was read. It is an observation, not a change of anything, so that it has no audit event; the
// visit that takes it has.
func (s *Store) PutReading(ctx context.Context, r counter.Reading) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		if err := forgetReadings(ctx, tx, r.Terminal, sqldb.Micros(r.ReadAt)); err != nil {
			return err
		}
		return putReading(ctx, tx, r, counter.EventCard, 0)
	})
}

// PutRemoval takes the message that the card is gone.
func (s *Store) PutRemoval(ctx context.Context, r counter.Reading, record func(visit string) audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		at := sqldb.Micros(r.ReadAt)
		if err := putReading(ctx, tx, r, counter.EventRemoved, at); err != nil {
			return err
		}
		if err := forgetReadings(ctx, tx, r.Terminal, at); err != nil {
			return err
		}
		var visit string
		err := tx.QueryRowContext(ctx, endVisit+" AND entry = $5 RETURNING id", r.Terminal, at, counter.EndCard, []byte{}, counter.EntryReader).Scan(&visit)
		if errors.Is(err, sqldb.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record(visit))
	})
}

const visitColumns = `id, terminal_id, clerk, second_clerk, entry, called, account_id, digest, key_id, sealed, acts, asked_by, asked_at, agreed_at, agreement,
	opened_at, expires_at, ended_at, end_reason`

func scanVisit(row interface{ Scan(...any) error }) (v counter.Visit, err error) {
	var acts string
	var asked, agreed, opened, expires, ended int64
	err = row.Scan(&v.ID, &v.Terminal, &v.Clerk, &v.SecondClerk, &v.Entry, &v.Called, &v.Account, &v.Digest, &v.KeyID, &v.Sealed, &acts, &v.AskedBy, &asked, &agreed, &v.Agreement,
		&opened, &expires, &ended, &v.EndReason)
	v.Acts, v.AskedAt, v.AgreedAt, v.OpenedAt, v.ExpiresAt, v.EndedAt = strings.Fields(acts), sqldb.Time(asked), sqldb.Time(agreed), sqldb.Time(opened), sqldb.Time(expires), sqldb.Time(ended)
	if errors.Is(err, sqldb.ErrNoRows) {
		return v, idp.ErrNotFound
	}
	return v, err
}

// NewestReading is the card that lies on the reader of a terminal.
func (s *Store) NewestReading(ctx context.Context, terminal string, now time.Time) (counter.Reading, error) {
	r := counter.Reading{Terminal: terminal}
	err := s.db.Read().QueryRowContext(ctx, "SELECT nonce, digest, key_id, sealed FROM idp_counter_reading WHERE terminal_id = $1 AND taken_at = 0 AND expires_at > $2 ORDER BY read_at DESC LIMIT 1", terminal, sqldb.Micros(now)).
		Scan(&r.Nonce, &r.Digest, &r.KeyID, &r.Sealed)
	if errors.Is(err, sqldb.ErrNoRows) {
		return r, counter.ErrNoReading
	}
	return r, err
}

// OpenVisit ends the visit of the terminal and begins another.
func (s *Store) OpenVisit(ctx context.Context, v counter.Visit, reading []byte, now time.Time, record func(ended string) audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		at := sqldb.Micros(now)
		// The terminal's row lets one visit begin after the other, and none at a terminal that was revoked.
		if held, err := sqldb.ExecOne(ctx, tx, "UPDATE idp_counter_terminal SET revoked_at = 0 WHERE id = $1 AND revoked_at = 0 AND enrolled_at > 0", v.Terminal); err != nil || !held {
			return errors.Join(err, counter.ErrVisitOver)
		}
		if reading != nil {
			taken, err := sqldb.ExecOne(ctx, tx, "UPDATE idp_counter_reading SET taken_at = $3, sealed = $4 WHERE terminal_id = $1 AND nonce = $2 AND taken_at = 0 AND expires_at > $3", v.Terminal, reading, at, []byte{})
			if err != nil {
				return err
			}
			if !taken {
				return counter.ErrNoReading
			}
		}
		var ended string
		err := tx.QueryRowContext(ctx, endVisit+" RETURNING id", v.Terminal, at, counter.EndNext, []byte{}).Scan(&ended)
		if err != nil && !errors.Is(err, sqldb.ErrNoRows) {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO idp_counter_visit ("+visitColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', '', 0, 0, '', $11, $12, 0, '')`, v.ID, v.Terminal, v.Clerk, v.SecondClerk, v.Entry, v.Called, v.Account,
			v.Digest, v.KeyID, v.Sealed, sqldb.Micros(v.OpenedAt), sqldb.Micros(v.ExpiresAt)); err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record(ended))
	})
}

// VisitAt is the open visit of a terminal.
func (s *Store) VisitAt(ctx context.Context, terminal string, now time.Time) (counter.Visit, error) {
	return scanVisit(s.db.Read().QueryRowContext(ctx, "SELECT "+visitColumns+" FROM idp_counter_visit WHERE terminal_id = $1 AND ended_at = 0 AND expires_at > $2", terminal, sqldb.Micros(now)))
}

const openVisit = " WHERE id = $1 AND ended_at = 0 AND expires_at > $2"

// Plan sets what is asked of the citizen.
func (s *Store) Plan(ctx context.Context, v counter.Visit, now time.Time, record audit.Record) error {
	return s.apply(ctx, record, one(counter.ErrVisitOver, "UPDATE idp_counter_visit SET acts = $4, asked_by = $5, asked_at = $6, agreed_at = 0, agreement = '', key_id = $7, sealed = $8"+openVisit+" AND clerk = $3",
		v.ID, sqldb.Micros(now), v.Clerk, strings.Join(v.Acts, " "), v.AskedBy, sqldb.Micros(v.AskedAt), v.KeyID, v.Sealed))
}

// Agree notes the agreement to what was asked at a moment.
func (s *Store) Agree(ctx context.Context, visit string, askedAt time.Time, agreement string, now time.Time, record audit.Record) error {
	return s.apply(ctx, record, one(counter.ErrVisitOver, "UPDATE idp_counter_visit SET agreed_at = $2, agreement = $4"+openVisit+" AND asked_at = $3 AND agreed_at = 0 AND acts <> ''",
		visit, sqldb.Micros(now), sqldb.Micros(askedAt), agreement))
}

// Decline forgets what was asked.
func (s *Store) Decline(ctx context.Context, visit string, askedAt time.Time, now time.Time, record audit.Record) error {
	return s.apply(ctx, record, one(counter.ErrVisitOver, "UPDATE idp_counter_visit SET acts = '', asked_by = '', asked_at = 0"+openVisit+" AND asked_at = $3 AND agreed_at = 0",
		visit, sqldb.Micros(now), sqldb.Micros(askedAt)))
}

// EndVisit ends a visit; what it held of the document is forgotten.
func (s *Store) EndVisit(ctx context.Context, visit, reason string, now time.Time, record audit.Record) error {
	return s.apply(ctx, record, one(counter.ErrVisitOver, "UPDATE idp_counter_visit SET ended_at = $2, end_reason = $3, sealed = $4 WHERE id = $1 AND ended_at = 0", visit, sqldb.Micros(now), reason, []byte{}))
}

const actColumns = `id, visit_id, kind, target, terminal_id, clerk, second_clerk, entry, account_id, agreed_by, evidence, outcome, at,
	review, reviewer, review_reason, reviewed_at, attempt, tried_at, retried_by, failure`

// actRead is an act with the area of its terminal, as it is now.
const actRead = actColumns + ", COALESCE((SELECT area FROM idp_counter_terminal WHERE idp_counter_terminal.id = idp_counter_act.terminal_id), '')"

func scanAct(row interface{ Scan(...any) error }) (a counter.Act, err error) {
	var at, reviewed, tried int64
	err = row.Scan(&a.ID, &a.Visit, &a.Kind, &a.Target, &a.Terminal, &a.Clerk, &a.Second, &a.Entry, &a.Account, &a.AgreedBy, &a.Evidence, &a.Outcome, &at, &a.Review, &a.Reviewer, &a.ReviewReason, &reviewed, &a.Attempt, &tried, &a.RetriedBy, &a.Failure, &a.Area)
	a.At, a.ReviewedAt, a.TriedAt = sqldb.Time(at), sqldb.Time(reviewed), sqldb.Time(tried)
	if errors.Is(err, sqldb.ErrNoRows) {
		return a, idp.ErrNotFound
	}
	return a, err
}

// Do does an act. The row of the visit is taken first: its end and a change of the agreement wait, or are seen.
func (s *Store) Do(ctx context.Context, v counter.Visit, c counter.Change, now time.Time, record audit.Record) error {
	err := s.audited(ctx, record, func(tx sqldb.Tx) error {
		a := c.Act
		if err := takeVisit(ctx, tx, v, a, now); err != nil {
			return err
		}
		first, err := sqldb.ExecOne(ctx, tx, "INSERT INTO idp_counter_act ("+actColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, '', '', 0, $15, $16, '', '')
			ON CONFLICT (visit_id, kind, target) DO NOTHING`, a.ID, a.Visit, a.Kind, a.Target, a.Terminal, a.Clerk, a.Second, a.Entry, a.Account, a.AgreedBy, a.Evidence, a.Outcome, sqldb.Micros(a.At), counter.ReviewOpen, a.Attempt, sqldb.Micros(a.TriedAt))
		if err != nil {
			return err
		}
		if !first {
			return counter.ErrDone
		}
		return carryOut(ctx, tx, c, sqldb.Micros(now))
	})
	return err
}

// takeVisit finds the visit of an act open, the clerk's, and with the agreement that was read.
func takeVisit(ctx context.Context, tx sqldb.Tx, v counter.Visit, a counter.Act, now time.Time) error {
	held, err := sqldb.ExecOne(ctx, tx, "UPDATE idp_counter_visit SET account_id = $6"+openVisit+" AND clerk = $3 AND asked_at = $4 AND agreed_at = $5 AND agreed_at > 0 AND (account_id = $6 OR account_id = '')",
		v.ID, sqldb.Micros(now), v.Clerk, sqldb.Micros(v.AskedAt), sqldb.Micros(v.AgreedAt), a.Account)
	if err == nil && (!held || !v.Agreed(a.Kind)) {
		err = counter.ErrVisitOver
	}
	return err
}

// hold keeps what another attempt needs, in the place of what was kept before.
func hold(ctx context.Context, tx sqldb.Tx, h *counter.Held) error {
	if h == nil {
		return nil
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO idp_counter_held (act_id, account_id, key_id, sealed, agreed_at, until_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (act_id) DO UPDATE SET key_id = excluded.key_id, sealed = excluded.sealed, agreed_at = excluded.agreed_at, until_at = excluded.until_at`,
		h.Act, h.Account, h.KeyID, h.Sealed, sqldb.Micros(h.AgreedAt), sqldb.Micros(h.Until))
	return err
}

// Again begins the next attempt at an act. One conditional update decides who begins it.
func (s *Store) Again(ctx context.Context, v *counter.Visit, a counter.Act, held *counter.Held, by string, now time.Time, record audit.Record) error {
	return s.audited(ctx, record, func(tx sqldb.Tx) error {
		condition := " AND EXISTS (SELECT 1 FROM idp_counter_held WHERE act_id = $1 AND until_at > $7)"
		if v != nil {
			if err := takeVisit(ctx, tx, *v, a, now); err != nil {
				return err
			}
			condition = ""
		}
		begun, err := sqldb.ExecOne(ctx, tx, `UPDATE idp_counter_act SET outcome = $4, failure = '', attempt = attempt + 1, tried_at = $7, retried_by = CASE WHEN $6 = '' THEN retried_by ELSE $6 END, agreed_by = $8, evidence = $9,
			review = $10, reviewer = '', review_reason = '', reviewed_at = 0 WHERE id = $1 AND attempt = $2 AND outcome = $3 AND review = $5`+condition,
			a.ID, a.Attempt, a.Outcome, counter.OutcomeBegun, a.Review, by, sqldb.Micros(now), a.AgreedBy, a.Evidence, counter.ReviewOpen)
		if err != nil {
			return err
		}
		if !begun {
			return idp.ErrConflict
		}
		return hold(ctx, tx, held)
	})
}

// HeldAct is what is held for another attempt.
func (s *Store) HeldAct(ctx context.Context, act string) (counter.Held, error) {
	h := counter.Held{Act: act}
	var agreed, until int64
	err := s.db.Read().QueryRowContext(ctx, "SELECT account_id, key_id, sealed, agreed_at, until_at FROM idp_counter_held WHERE act_id = $1", act).Scan(&h.Account, &h.KeyID, &h.Sealed, &agreed, &until)
	h.AgreedAt, h.Until = sqldb.Time(agreed), sqldb.Time(until)
	if errors.Is(err, sqldb.ErrNoRows) {
		return h, idp.ErrNotFound
	}
	return h, err
}

// carryOut writes what an act changes.
func carryOut(ctx context.Context, tx sqldb.Tx, c counter.Change, now int64) error {
	if c.Account != nil {
		if err := insertAccount(ctx, tx, *c.Account); err != nil {
			return err
		}
	}
	if c.Proof != nil {
		if err := saveProof(ctx, tx, c.Act.Account, *c.Proof); err != nil {
			return err
		}
	}
	if c.Reset {
		for _, one := range []sqldb.Step{
			step("UPDATE idp_account SET password_hash = '', credentials_at = CASE WHEN credentials_at > $2 THEN credentials_at ELSE $2 END, updated_at = $2, version = version + 1 WHERE id = $1", c.Act.Account, now),
			step("DELETE FROM idp_credential WHERE account_id = $1", c.Act.Account),
			step("DELETE FROM idp_recovery_code WHERE account_id = $1", c.Act.Account),
			step("DELETE FROM idp_counter_pass WHERE account_id = $1", c.Act.Account),
			step("UPDATE idp_session SET ended_at = $2 WHERE account_id = $1 AND ended_at = 0", c.Act.Account, now),
			step("UPDATE idp_grant SET revoked_at = $2 WHERE revoked_at = 0 AND sid IN (SELECT id FROM idp_session WHERE account_id = $1)", c.Act.Account, now),
		} {
			if _, err := tx.ExecContext(ctx, one.Query, one.Args...); err != nil {
				return err
			}
		}
	}
	if err := hold(ctx, tx, c.Held); err != nil {
		return err
	}
	if p := c.Pass; p != nil {
		if _, err := tx.ExecContext(ctx, `INSERT INTO idp_counter_pass (account_id, id, hash, issued_at, expires_at, tries, used_at) VALUES ($1, $2, $3, $4, $5, 0, 0)
			ON CONFLICT (account_id) DO UPDATE SET id = excluded.id, hash = excluded.hash, issued_at = excluded.issued_at, expires_at = excluded.expires_at, tries = 0, used_at = 0`,
			p.Account, p.ID, p.Hash, sqldb.Micros(p.IssuedAt), sqldb.Micros(p.ExpiresAt)); err != nil {
			return err
		}
	}
	return nil
}

// SetOutcome says how an attempt ended. The act itself is on the audit record; what the other room did is on its own.
func (s *Store) SetOutcome(ctx context.Context, act string, attempt int, outcome, failure string, record audit.Record) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		noted, err := sqldb.ExecOne(ctx, tx, "UPDATE idp_counter_act SET outcome = $3, failure = $4 WHERE id = $1 AND attempt = $2 AND outcome = $5", act, attempt, outcome, failure, counter.OutcomeBegun)
		if err != nil || !noted {
			return err // there was a later attempt, which says how it ended
		}
		if outcome == counter.OutcomeDone {
			if _, err := tx.ExecContext(ctx, "DELETE FROM idp_counter_held WHERE act_id = $1", act); err != nil {
				return err
			}
		}
		if len(record.Events) == 0 {
			return nil
		}
		return auditdb.Append(ctx, tx, record)
	})
}

func (s *Store) acts(ctx context.Context, condition string, args ...any) ([]counter.Act, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT "+actRead+" FROM idp_counter_act WHERE "+condition, args...)
	if err != nil {
		return nil, fmt.Errorf("list acts: %w", err)
	}
	defer rows.Close()
	var all []counter.Act
	for rows.Next() {
		a, err := scanAct(rows)
		if err != nil {
			return nil, fmt.Errorf("list acts: %w", err)
		}
		all = append(all, a)
	}
	return all, rows.Err()
}

// Acts are those of a visit, in the order in which they were done.
func (s *Store) Acts(ctx context.Context, visit string) ([]counter.Act, error) {
	return s.acts(ctx, "visit_id = $1 ORDER BY at, id LIMIT 100", visit)
}

// Act reads one.
func (s *Store) Act(ctx context.Context, id string) (counter.Act, error) {
	return scanAct(s.db.Read().QueryRowContext(ctx, "SELECT "+actRead+" FROM idp_counter_act WHERE id = $1", id))
}

// ActQueue lists acts of a review state at terminals of areas, the oldest first.
func (s *Store) ActQueue(ctx context.Context, areas []string, review, after string, limit int) ([]counter.Act, error) {
	within, args := sqldb.Below("(SELECT area FROM idp_counter_terminal WHERE idp_counter_terminal.id = idp_counter_act.terminal_id)", areas, review, after, limit)
	return s.acts(ctx, within+` AND review = $1 AND ($2 = '' OR at > (SELECT at FROM idp_counter_act WHERE id = $2) OR at = (SELECT at FROM idp_counter_act WHERE id = $2) AND id > $2)
		ORDER BY at, id LIMIT $3`, args...)
}

// Review decides an act that stands as it was read.
func (s *Store) Review(ctx context.Context, a counter.Act, review, by, reason string, at time.Time, record audit.Record) error {
	return s.apply(ctx, record, one(idp.ErrConflict, "UPDATE idp_counter_act SET review = $3, reviewer = $4, review_reason = $5, reviewed_at = $6 WHERE id = $1 AND review = $2",
		a.ID, a.Review, review, by, reason, sqldb.Micros(at)))
}

// TryPass counts a try first, so that parallel tries can never exceed the limit, and then uses the pass up if it fits.
func (s *Store) TryPass(ctx context.Context, account string, hash []byte, tries int, now time.Time, record audit.Record) (ok bool, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		ok = false
		at := sqldb.Micros(now)
		counted, err := sqldb.ExecOne(ctx, tx, `UPDATE idp_counter_pass SET tries = tries + 1 WHERE account_id = $1 AND used_at = 0 AND expires_at > $2 AND tries < $3
			AND EXISTS (SELECT 1 FROM idp_account WHERE id = $1 AND state = 'active' AND merged_into = '')`, account, at, tries)
		if err != nil || !counted {
			return err
		}
		if ok, err = sqldb.ExecOne(ctx, tx, "UPDATE idp_counter_pass SET used_at = $3 WHERE account_id = $1 AND hash = $2 AND used_at = 0", account, hash, at); err != nil || !ok {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
	return ok, err
}
