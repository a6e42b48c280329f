package idpdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// PutReport stores what a provider says became of a message. The first word that decides stays: the same report again, or another one
// later, changes nothing. A notice that did not arrive goes on to its other way in the same change.
func (s *Store) PutReport(ctx context.Context, r channel.Report) (changed bool, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) error {
		changed, err = sqldb.ExecOne(ctx, tx, `INSERT INTO idp_message_report (provider, reference, state, at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (provider, reference) DO UPDATE SET state = $3, at = $4 WHERE idp_message_report.state = $5 AND $3 <> $5`, r.Provider, r.Reference, r.State, sqldb.Micros(r.At), channel.Unknown)
		if err != nil || !changed || r.State == channel.Unknown {
			return err
		}
		return settleFallback(ctx, tx, r)
	})
	return changed, err
}

// settleFallback takes a notice that waits for the report: it goes to the outbox where the message failed.
func settleFallback(ctx context.Context, tx sqldb.Tx, r channel.Report) error {
	var f channel.Fallback
	err := tx.QueryRowContext(ctx, "SELECT id, account_id, key_id, sealed FROM idp_message_fallback WHERE provider = $1 AND reference = $2", r.Provider, r.Reference).Scan(&f.ID, &f.AccountID, &f.KeyID, &f.Sealed)
	if errors.Is(err, sqldb.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM idp_message_fallback WHERE id = $1", f.ID); err != nil || r.State != channel.Failed {
		return err
	}
	return sendFallback(ctx, tx, f, r.At)
}

func sendFallback(ctx context.Context, tx sqldb.Tx, f channel.Fallback, at time.Time) error {
	payload, err := json.Marshal(f)
	if err != nil {
		return err
	}
	e := idp.Event(ctx, at, "notice.by_mail_instead", "account", f.AccountID, map[string]string{"message": f.ID})
	e.Actor = "system:messages"
	return auditdb.Append(ctx, tx, audit.With(e).And(audit.Message{Topic: channel.TopicFallback, Key: f.ID, Payload: payload}))
}

// SendFallback lets a notice go on by its other way at once.
func (s *Store) SendFallback(ctx context.Context, f channel.Fallback, at time.Time) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error { return sendFallback(ctx, tx, f, at) })
}

// PutFallback keeps a notice until its report comes; where that was faster, the notice goes on at once or is not needed.
func (s *Store) PutFallback(ctx context.Context, f channel.Fallback) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO idp_message_fallback (id, provider, reference, account_id, key_id, sealed, until_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING`,
			f.ID, f.Provider, f.Reference, f.AccountID, f.KeyID, f.Sealed, sqldb.Micros(f.Until)); err != nil {
			return err
		}
		var state string
		var at int64
		err := tx.QueryRowContext(ctx, "SELECT state, at FROM idp_message_report WHERE provider = $1 AND reference = $2", f.Provider, f.Reference).Scan(&state, &at)
		if errors.Is(err, sqldb.ErrNoRows) || err == nil && state == channel.Unknown {
			return nil
		}
		if err != nil {
			return err
		}
		return settleFallback(ctx, tx, channel.Report{Provider: f.Provider, Reference: f.Reference, State: state, At: sqldb.Time(at)})
	})
}

// beijing is how far the days of figures are ahead of UTC, in microseconds.
const beijing, dayMicros = int64(8 * time.Hour / time.Microsecond), int64(24 * time.Hour / time.Microsecond)

// MessageFigures counts what became of messages since a moment, by provider and day, the newest day first. There are no more rows than
// days and providers.
func (s *Store) MessageFigures(ctx context.Context, since time.Time) ([]channel.Figures, error) {
	var all []channel.Figures
	err := s.db.Ask(ctx, ask(func(rows sqldb.Rows) error {
		var f channel.Figures
		var day int64
		err := rows.Scan(&day, &f.Provider, &f.Sent, &f.Refused, &f.Delivered, &f.Failed)
		f.Day = channel.DayOf(day)
		all = append(all, f)
		return err
	}, `SELECT day, provider, SUM(sent), SUM(refused), SUM(delivered), SUM(failed) FROM (
			SELECT (m.at + $2) / $3 AS day, m.provider AS provider, CASE WHEN m.state = $4 THEN 1 ELSE 0 END AS sent, CASE WHEN m.state = $5 THEN 1 ELSE 0 END AS refused,
				CASE WHEN p.state = $6 THEN 1 ELSE 0 END AS delivered, CASE WHEN p.state = $7 THEN 1 ELSE 0 END AS failed
			FROM idp_message_receipt AS m LEFT JOIN idp_message_report AS p ON p.provider = m.provider AND p.reference = m.reference AND m.reference <> '' WHERE m.at >= $1
		) AS f GROUP BY day, provider ORDER BY day DESC, provider`, sqldb.Micros(since), beijing, dayMicros, channel.Sent, channel.Refused, channel.Delivered, channel.Failed))
	if err != nil {
		return nil, fmt.Errorf("count messages: %w", err)
	}
	return all, nil
}
