package idpdb

import (
	"context"
	"crypto/hmac"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

const phoneColumns = `r.id, r.agent, r.principal, r.lookup, r.key_id, r.sealed, r.items, r.not_after, r.state, r.tries, r.code_until, r.channel, r.created_at, r.ask_at, r.asked_at, r.answer_until, r.ended_at, r.reason, r.mandate_id`

func scanPhone(row interface{ Scan(...any) error }) (r mandate.PhoneRequest, err error) {
	var items string
	var notAfter, codeUntil, created, ask, asked, answer, ended int64
	err = row.Scan(&r.ID, &r.Agent, &r.Principal, &r.Lookup, &r.KeyID, &r.Sealed, &items, &notAfter, &r.State, &r.Tries, &codeUntil, &r.Channel, &created, &ask, &asked, &answer, &ended, &r.Reason, &r.MandateID)
	if errors.Is(err, sqldb.ErrNoRows) {
		return r, idp.ErrNotFound
	}
	if err != nil {
		return r, fmt.Errorf("read request by telephone: %w", err)
	}
	r.Items = strings.Fields(items)
	for at, micros := range map[*time.Time]int64{&r.NotAfter: notAfter, &r.CodeUntil: codeUntil, &r.CreatedAt: created, &r.AskAt: ask, &r.AskedAt: asked, &r.AnswerUntil: answer, &r.EndedAt: ended} {
		*at = sqldb.Time(micros)
	}
	return r, nil
}

func scanPhones(rows *sql.Rows, err error) (all []mandate.PhoneRequest, _ error) {
	if err != nil {
		return nil, fmt.Errorf("list requests by telephone: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scanPhone(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// PutPhoneRequest stores a request. The helper's row is taken, so that two of its requests are counted one after the other; the unique index
// decides which of two requests about a number was first.
func (s *Store) PutPhoneRequest(ctx context.Context, r mandate.PhoneRequest, since time.Time, most int, record audit.Record) error {
	at := sqldb.Micros(r.CreatedAt)
	err := s.apply(ctx, record,
		one(mandate.ErrMoved, "UPDATE idp_account SET version = version + 1 WHERE id = $1 AND state = 'active'", r.Agent),
		one(mandate.ErrNo, "UPDATE idp_account SET version = version WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM idp_phone_request WHERE lookup = $2 AND agent = $1 AND state = 'refused' AND ended_at > $3)",
			r.Agent, r.Lookup, sqldb.Micros(since)),
		one(mandate.ErrFull, `UPDATE idp_account SET version = version WHERE id = $1 AND ($2 = 0 OR
			(SELECT COUNT(*) FROM idp_mandate WHERE agent = $1 AND kind = $3 AND not_after > $4 AND (state = 'active' OR state = 'proposed' AND created_at > $5))
			+ (SELECT COUNT(*) FROM idp_phone_request WHERE agent = $1 AND (state = 'code' AND code_until > $4 OR state = 'waiting')) < $2)`,
			r.Agent, most, string(mandate.ElderHelper), at, at-mandate.ProposalLife.Microseconds()),
		step(`INSERT INTO idp_phone_request (id, agent, principal, lookup, key_id, sealed, items, not_after, state, code_mac, tries, code_until, channel, message_id, created_at, ask_at, asked_at, answer_until, ended_at, reason, mandate_id)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, $12, '', $13, 0, 0, 0, 0, '', '')`, r.ID, r.Agent, r.Principal, r.Lookup, r.KeyID, r.Sealed, strings.Join(r.Items, " "), sqldb.Micros(r.NotAfter),
			string(r.State), r.CodeMAC, sqldb.Micros(r.CodeUntil), r.Channel, at))
	if sqldb.IsUnique(err) {
		return mandate.ErrBusy
	}
	return err
}

// PhoneRequest reads a request of a helper.
func (s *Store) PhoneRequest(ctx context.Context, agent, id string) (mandate.PhoneRequest, error) {
	return scanPhone(s.db.Read().QueryRowContext(ctx, "SELECT "+phoneColumns+" FROM idp_phone_request r WHERE r.id = $1 AND r.agent = $2", id, agent))
}

// OpenPhoneRequest reads the request about a number that is open, or whose end was not written down yet.
func (s *Store) OpenPhoneRequest(ctx context.Context, lookup []byte) (mandate.PhoneRequest, error) {
	return scanPhone(s.db.Read().QueryRowContext(ctx, "SELECT "+phoneColumns+" FROM idp_phone_request r WHERE r.lookup = $1 AND r.state IN ('code', 'waiting')", lookup))
}

// PhoneQuestionOf reads a request that the elder is asked about.
func (s *Store) PhoneQuestionOf(ctx context.Context, id string) (mandate.PhoneRequest, error) {
	return scanPhone(s.db.Read().QueryRowContext(ctx, "SELECT "+phoneColumns+" FROM idp_phone_request r WHERE r.id = $1 AND r.state = 'waiting' AND r.asked_at > 0", id))
}

// PhoneRequests lists the requests of a helper, the newest first.
func (s *Store) PhoneRequests(ctx context.Context, agent string, behind mandate.Mark, limit int) ([]mandate.PhoneRequest, error) {
	return scanPhones(s.db.Read().QueryContext(ctx, "SELECT "+phoneColumns+` FROM idp_phone_request r WHERE r.agent = $1 AND (r.created_at < $2 OR (r.created_at = $2 AND r.id > $3))
		ORDER BY r.created_at DESC, r.id LIMIT $4`, agent, place(behind.At), behind.ID, limit))
}

// TryPhoneCode counts a try before it compares, so that parallel tries are all counted.
func (s *Store) TryPhoneCode(ctx context.Context, r mandate.PhoneRequest, mac []byte, most int, now time.Time, record audit.Record) (right, dead bool, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		right, dead = false, false
		var wanted []byte
		err := tx.QueryRowContext(ctx, "UPDATE idp_phone_request SET tries = tries + 1 WHERE id = $1 AND agent = $2 AND state = 'code' AND tries < $3 AND code_until > $4 RETURNING code_mac",
			r.ID, r.Agent, most, sqldb.Micros(now)).Scan(&wanted)
		if errors.Is(err, sqldb.ErrNoRows) {
			dead = true
			return nil
		}
		if err != nil || !hmac.Equal(wanted, mac) {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE idp_phone_request SET state = 'waiting', ask_at = $2, answer_until = $3 WHERE id = $1", r.ID, sqldb.Micros(r.AskAt), sqldb.Micros(r.AnswerUntil)); err != nil {
			return err
		}
		right = true
		return auditdb.Append(ctx, tx, record)
	})
	return right && err == nil, dead, err
}

// phoneFit is the condition on an account of an elder ($1), whose number ($2) and account are as they are since a moment ($3).
const phoneFit = `id = $1 AND state = 'active' AND recovered_at <= $3 AND mobile_taken_at <= $3
	AND EXISTS (SELECT 1 FROM idp_contact c WHERE c.lookup = $2 AND c.account_id = $1 AND c.added_at <= $3)`

// PhoneFit reports whether an elder may be asked at a number.
func (s *Store) PhoneFit(ctx context.Context, principal string, lookup []byte, since time.Time) (fits bool, err error) {
	err = s.db.Read().QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM idp_account WHERE "+phoneFit+")", principal, lookup, sqldb.Micros(since)).Scan(&fits)
	return fits, err
}

// DuePhoneRequests are those whose elder is to be asked.
func (s *Store) DuePhoneRequests(ctx context.Context, now time.Time, limit int) ([]mandate.PhoneRequest, error) {
	join, where, order := putOff(mandate.JobPhoneAsk, "r.id", "r.ask_at", "$1")
	return scanPhones(s.db.Read().QueryContext(ctx, "SELECT "+phoneColumns+" FROM idp_phone_request r"+join+" WHERE r.state = 'waiting' AND r.asked_at = 0 AND r.ask_at <= $1"+where+order+" LIMIT $2", sqldb.Micros(now), limit))
}

// OverPhoneRequests are open ones whose time is over.
func (s *Store) OverPhoneRequests(ctx context.Context, now time.Time, limit int) ([]mandate.PhoneRequest, error) {
	join, where, order := putOff(mandate.JobPhoneEnd, "r.id", "r.created_at", "$1")
	return scanPhones(s.db.Read().QueryContext(ctx, "SELECT "+phoneColumns+" FROM idp_phone_request r"+join+` WHERE (r.state = 'code' AND r.code_until <= $1
		OR r.state = 'waiting' AND r.asked_at > 0 AND r.answer_until <= $1)`+where+order+" LIMIT $2", sqldb.Micros(now), limit))
}

// AskedPhone notes that the elder is asked.
func (s *Store) AskedPhone(ctx context.Context, id string, at, until time.Time, record audit.Record) error {
	return s.apply(ctx, record, one(mandate.ErrMoved, "UPDATE idp_phone_request SET asked_at = $2, answer_until = $3 WHERE id = $1 AND state = 'waiting' AND asked_at = 0", id, sqldb.Micros(at), sqldb.Micros(until)))
}

// PlacePhone notes the message that asks.
func (s *Store) PlacePhone(ctx context.Context, id, message string) error {
	return s.db.Apply(ctx, nil, one(mandate.ErrMoved, "UPDATE idp_phone_request SET message_id = $2 WHERE id = $1 AND state = 'waiting' AND message_id IN ('', $2)", id, message))
}

// settlePhone notes what an answer was about.
func settlePhone(a mandate.PhoneAnswer, request string) sqldb.Step {
	return step("UPDATE idp_message_answer SET request_id = $3 WHERE provider = $1 AND id = $2", a.Provider, a.ID, request)
}

// EndPhone ends an open request.
func (s *Store) EndPhone(ctx context.Context, id string, state mandate.PhoneState, reason string, at time.Time, by *mandate.PhoneAnswer, record audit.Record) error {
	steps := []sqldb.Step{one(mandate.ErrMoved, "UPDATE idp_phone_request SET state = $2, reason = $3, ended_at = $4 WHERE id = $1 AND state IN ('code', 'waiting')", id, string(state), reason, sqldb.Micros(at))}
	if by != nil {
		steps = append(steps, settlePhone(*by, id))
	}
	return s.apply(ctx, record, steps...)
}

// PutPhoneAnswer stores an answer once.
func (s *Store) PutPhoneAnswer(ctx context.Context, a mandate.PhoneAnswer) (first mandate.PhoneAnswer, settled bool, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO idp_message_answer (provider, id, channel, reference, lookup, word, at, request_id) VALUES ($1, $2, $3, $4, $5, $6, $7, '') ON CONFLICT (provider, id) DO NOTHING`,
			a.Provider, a.ID, a.Channel, a.Reference, append([]byte{}, a.Lookup...), string(a.Word), sqldb.Micros(a.At)); err != nil {
			return err
		}
		var request string
		first, request, err = scanAnswer(tx.QueryRowContext(ctx, "SELECT "+answerColumns+" FROM idp_message_answer a WHERE a.provider = $1 AND a.id = $2", a.Provider, a.ID))
		settled = request != ""
		return err
	})
	return first, settled, err
}

const answerColumns = "a.provider, a.id, a.channel, a.reference, a.lookup, a.word, a.at, a.request_id"

func scanAnswer(row interface{ Scan(...any) error }) (a mandate.PhoneAnswer, request string, err error) {
	var at int64
	err = row.Scan(&a.Provider, &a.ID, &a.Channel, &a.Reference, &a.Lookup, &a.Word, &at, &request)
	a.At = sqldb.Time(at)
	return a, request, err
}

// byCall joins an answer to the request whose message the provider knows by the same number.
const byCall = ` JOIN idp_message_receipt m ON m.provider = a.provider AND m.reference = a.reference AND m.reference <> '' JOIN idp_phone_request r ON r.message_id = m.id`

// UnsettledPhoneAnswers are answers to calls of which a request waits.
func (s *Store) UnsettledPhoneAnswers(ctx context.Context, since time.Time, limit int) (all []mandate.PhoneAnswer, err error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT "+answerColumns+" FROM idp_message_answer a"+byCall+` WHERE a.at >= $1 AND a.request_id = '' AND a.channel = $2 AND a.word <> ''
		AND r.state = 'waiting' AND r.asked_at <= a.at AND r.answer_until > a.at ORDER BY a.at, a.id LIMIT $3`, sqldb.Micros(since), channel.Voice, limit)
	if err != nil {
		return nil, fmt.Errorf("list answers: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		a, _, err := scanAnswer(rows)
		if err != nil {
			return nil, fmt.Errorf("list answers: %w", err)
		}
		all = append(all, a)
	}
	return all, rows.Err()
}

// PhoneAsked finds the request that an answer is about.
func (s *Store) PhoneAsked(ctx context.Context, a mandate.PhoneAnswer) (mandate.PhoneRequest, error) {
	if a.Channel == channel.Voice {
		return scanPhone(s.db.Read().QueryRowContext(ctx, "SELECT "+phoneColumns+" FROM idp_message_answer a"+byCall+" WHERE a.provider = $1 AND a.id = $2 AND r.asked_at > 0", a.Provider, a.ID))
	}
	return scanPhone(s.db.Read().QueryRowContext(ctx, "SELECT "+phoneColumns+" FROM idp_phone_request r WHERE r.lookup = $1 AND r.state = 'waiting' AND r.asked_at > 0", a.Lookup))
}

// ConfirmPhone stores the mandate that an answer gives. The request's row is taken first: of two answers one finds it waiting.
func (s *Store) ConfirmPhone(ctx context.Context, r mandate.PhoneRequest, m mandate.Mandate, b mandate.Bounds, a mandate.PhoneAnswer, since time.Time, record audit.Record) error {
	steps := []sqldb.Step{
		one(mandate.ErrMoved, "UPDATE idp_phone_request SET state = 'confirmed', ended_at = $2, mandate_id = $3 WHERE id = $1 AND state = 'waiting' AND asked_at > 0 AND asked_at <= $4 AND answer_until > $4",
			r.ID, sqldb.Micros(m.CreatedAt), m.ID, sqldb.Micros(a.At)),
		one(mandate.ErrUnfit, "UPDATE idp_account SET version = version + 1 WHERE "+phoneFit, r.Principal, r.Lookup, sqldb.Micros(since)),
		one(mandate.ErrUnfit, "UPDATE idp_account SET version = version + 1 WHERE id = $1 AND state = 'active' AND recovered_at <= $2", r.Agent, sqldb.Micros(since)),
		settlePhone(a, r.ID),
	}
	return s.apply(ctx, record, append(steps, putMandate(m, b)...)...)
}

// PhoneMandates are the mandates that requests by telephone made and that have not ended.
func (s *Store) PhoneMandates(ctx context.Context, principal string) ([]mandate.Mandate, error) {
	return scanMandates(s.db.Read().QueryContext(ctx, "SELECT "+mandateColumns+` FROM idp_mandate WHERE principal = $1 AND state = 'active'
		AND id IN (SELECT mandate_id FROM idp_phone_request WHERE principal = $1 AND state = 'confirmed') ORDER BY id LIMIT 100`, principal))
}

// PhoneHolder is the account that a number belongs to.
func (s *Store) PhoneHolder(ctx context.Context, lookup []byte) (account string, err error) {
	err = s.db.Read().QueryRowContext(ctx, "SELECT account_id FROM idp_contact WHERE lookup = $1", lookup).Scan(&account)
	if errors.Is(err, sqldb.ErrNoRows) {
		return "", idp.ErrNotFound
	}
	return account, err
}
