package sealdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/audit/auditdb"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// flagBit are the bits of flags in rows. One that was given away is never given to another flag.
var flagBit = map[esign.Flag]int64{esign.FlagNight: 1, esign.FlagVolume: 2, esign.FlagNewPerson: 4, esign.FlagNewDevice: 8, esign.FlagAfterRefusal: 16}

func flagBits(flags []esign.Flag) (bits int64) {
	for _, flag := range flags {
		bits |= flagBit[flag]
	}
	return bits
}

func flagsOf(bits int64) (flags []esign.Flag) {
	for _, flag := range esign.Flags {
		if bits&flagBit[flag] != 0 {
			flags = append(flags, flag)
		}
	}
	return flags
}

// watched judges a use and keeps what comes of it. The row of the seal is held by then, so that of several uses at once each sees those before.
func watched(ctx context.Context, tx sqldb.Tx, s esign.Stamp, w *esign.Watch) error {
	if w == nil {
		return nil
	}
	seen, err := habits(ctx, tx, s, w)
	if err != nil {
		return fmt.Errorf("look at the uses of a seal: %w", err)
	}
	found := w.Judge(seen)
	var have, day int64
	var volume string
	if err := tx.QueryRowContext(ctx, "SELECT flags, flag_day, volume FROM seal_stamp WHERE id = $1", s.ID).Scan(&have, &day, &volume); err != nil {
		return err
	}
	more := flagBits(found.Flags) &^ have
	if more == 0 {
		_, err := tx.ExecContext(ctx, "UPDATE seal_stamp SET used_by = $2 WHERE id = $1", s.ID, w.By)
		return err
	}
	if day == 0 {
		day = int64(w.Day)
	}
	if found.Volume != (esign.Volume{}) {
		text, err := json.Marshal(found.Volume)
		if err != nil {
			return err
		}
		volume = string(text)
	}
	if _, err := tx.ExecContext(ctx, "UPDATE seal_stamp SET used_by = $2, flags = $3, flag_day = $4, volume = $5 WHERE id = $1", s.ID, w.By, have|more, day, volume); err != nil {
		return err
	}
	var uses, looked int64
	err = tx.QueryRowContext(ctx, "SELECT uses, looked FROM seal_flag_day WHERE seal_id = $1 AND day = $2", s.SealID, day).Scan(&uses, &looked)
	if err != nil && !errors.Is(err, sqldb.ErrNoRows) {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO seal_flag_day (seal_id, day, uses, flags, flagged_at, looked, looked_by, note, looked_at) VALUES ($1, $2, 1, $3, $4, 0, '', '', 0)
		ON CONFLICT (seal_id, day) DO UPDATE SET uses = seal_flag_day.uses + 1, flags = seal_flag_day.flags | $3, flagged_at = $4`, s.SealID, day, more, sqldb.Micros(w.At))
	if err != nil {
		return err
	}
	return auditdb.Append(ctx, tx, w.Record(flagsOf(more), esign.Day(day), uses == looked))
}

// habits counts a use and says what it is one of. All reads are bounded: a month of hours, and one person's devices at one seal.
func habits(ctx context.Context, tx sqldb.Tx, s esign.Stamp, w *esign.Watch) (seen esign.Habits, err error) {
	first := int64(w.Day) - esign.UsualDays
	if w.Counts {
		_, err := tx.ExecContext(ctx, "INSERT INTO seal_tally (seal_id, day, hour, uses) VALUES ($1, $2, $3, 1) ON CONFLICT (seal_id, day, hour) DO UPDATE SET uses = seal_tally.uses + 1", s.SealID, int64(w.Day), w.Hour)
		if err != nil {
			return seen, err
		}
		var day, hour, busiestDay, busiestHour int64
		err = tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(CASE WHEN day = $3 THEN uses END), 0), COALESCE(MAX(CASE WHEN day = $3 THEN hourly END), 0), COALESCE(MAX(CASE WHEN day < $3 THEN uses END), 0), COALESCE(MAX(CASE WHEN day < $3 THEN busiest END), 0)
			FROM (SELECT day, CAST(SUM(uses) AS BIGINT) AS uses, MAX(uses) AS busiest, CAST(SUM(CASE WHEN hour = $4 THEN uses ELSE 0 END) AS BIGINT) AS hourly FROM seal_tally WHERE seal_id = $1 AND day >= $2 AND day <= $3 GROUP BY day) days`,
			s.SealID, first, int64(w.Day), w.Hour).Scan(&day, &hour, &busiestDay, &busiestHour)
		if err != nil {
			return seen, err
		}
		seen.Day, seen.Hour, seen.BusiestDay, seen.BusiestHour = int(day), int(hour), int(busiestDay), int(busiestHour)
		if hour == 1 {
			if _, err := tx.ExecContext(ctx, "DELETE FROM seal_tally WHERE seal_id = $1 AND day < $2", s.SealID, first); err != nil {
				return seen, err
			}
		}
	}
	since := sqldb.Micros(w.At.Add(-esign.FamiliarFor))
	var times, here, devices int64
	err = tx.QueryRowContext(ctx, `SELECT COUNT(*), COUNT(CASE WHEN device = $4 THEN 1 END), COUNT(CASE WHEN device <> '' THEN 1 END) FROM seal_user WHERE seal_id = $1 AND who = $2 AND last_at >= $3`,
		s.SealID, w.By, since, w.Device).Scan(&times, &here, &devices)
	if err != nil {
		return seen, err
	}
	seen.Known, seen.KnownDevice = times > 0, here > 0 || devices == 0
	if seen.Others, err = there(ctx, tx, "SELECT 1 FROM seal_user WHERE seal_id = $1 AND who <> $2 AND last_at >= $3 LIMIT 1", s.SealID, w.By, since); err != nil {
		return seen, err
	}
	if here == 0 {
		if _, err := tx.ExecContext(ctx, "DELETE FROM seal_user WHERE seal_id = $1 AND last_at < $2", s.SealID, since); err != nil {
			return seen, err
		}
	}
	_, err = tx.ExecContext(ctx, "INSERT INTO seal_user (seal_id, who, device, last_at) VALUES ($1, $2, $3, $4) ON CONFLICT (seal_id, who, device) DO UPDATE SET last_at = $4", s.SealID, w.By, w.Device, sqldb.Micros(w.At))
	if err != nil {
		return seen, err
	}
	seen.Refused, err = there(ctx, tx, "SELECT 1 FROM seal_use WHERE seal_id = $1 AND requester = $2 AND state = 'refused' AND decided_at > $3 LIMIT 1", s.SealID, s.Requester, sqldb.Micros(w.At.Add(-esign.RefusalFor)))
	return seen, err
}

// there tells whether a query finds a row.
func there(ctx context.Context, tx sqldb.Tx, query string, args ...any) (bool, error) {
	var one int64
	err := tx.QueryRowContext(ctx, query, args...).Scan(&one)
	if errors.Is(err, sqldb.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

func (st *Store) flagDays(ctx context.Context, tail string, args ...any) ([]esign.FlagDay, error) {
	rows, err := st.db.Read().QueryContext(ctx, "SELECT d.seal_id, d.day, d.uses, d.flags, d.flagged_at, d.looked, d.looked_by, d.note, d.looked_at, s.body, s.area FROM seal_flag_day d JOIN seal_seal s ON s.id = d.seal_id "+tail, args...)
	if err != nil {
		return nil, fmt.Errorf("list flagged days: %w", err)
	}
	defer rows.Close()
	var all []esign.FlagDay
	for rows.Next() {
		var d esign.FlagDay
		var bits, at, seen int64
		var text string
		if err := rows.Scan(&d.SealID, &d.Day, &d.Uses, &bits, &at, &d.Looked, &d.By, &d.Note, &seen, &text, &d.Area); err != nil {
			return nil, fmt.Errorf("list flagged days: %w", err)
		}
		var seal sealBody
		if err := json.Unmarshal([]byte(text), &seal); err != nil {
			return nil, fmt.Errorf("list flagged days: %w", err)
		}
		d.Flags, d.At, d.SealName = flagsOf(bits), sqldb.Time(at), seal.Name
		if seen != 0 {
			d.SeenAt = sqldb.Time(seen)
		}
		all = append(all, d)
	}
	return all, rows.Err()
}

// FlagDays implements esign.FlagStore.
func (st *Store) FlagDays(ctx context.Context, q esign.FlagQuery) ([]esign.FlagDay, error) {
	within, args := sqldb.Below("s.area", q.Areas, int64(q.Before), q.After, q.Limit)
	condition := map[esign.FlagState]string{esign.FlagsOpen: "d.looked < d.uses", esign.FlagsLooked: "d.looked >= d.uses"}[q.State]
	if condition == "" {
		condition = "1 = 1"
	}
	return st.flagDays(ctx, "WHERE "+condition+" AND ($1 = 0 OR d.day < $1 OR d.day = $1 AND d.seal_id > $2) AND "+within+" ORDER BY d.day DESC, d.seal_id LIMIT $3", args...)
}

// FlagDay implements esign.FlagStore.
func (st *Store) FlagDay(ctx context.Context, sealID string, day esign.Day) (esign.FlagDay, error) {
	return first(st.flagDays(ctx, "WHERE d.seal_id = $1 AND d.day = $2", sealID, int64(day)))
}

// FlaggedBy implements esign.FlagStore.
func (st *Store) FlaggedBy(ctx context.Context, sealID string, day esign.Day, after string, limit int) ([]string, error) {
	rows, err := st.db.Read().QueryContext(ctx, "SELECT DISTINCT used_by FROM seal_stamp WHERE seal_id = $1 AND flag_day = $2 AND flags <> 0 AND used_by > $3 ORDER BY used_by LIMIT $4", sealID, int64(day), after, limit)
	if err != nil {
		return nil, fmt.Errorf("list who used a seal: %w", err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			return nil, fmt.Errorf("list who used a seal: %w", err)
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// LookAtFlags implements esign.FlagStore.
func (st *Store) LookAtFlags(ctx context.Context, d esign.FlagDay, record audit.Record) error {
	return st.db.Write(ctx, func(tx sqldb.Tx) error {
		done, err := sqldb.ExecOne(ctx, tx, "UPDATE seal_flag_day SET looked = uses, looked_by = $4, note = $5, looked_at = $6 WHERE seal_id = $1 AND day = $2 AND uses = $3 AND looked < uses",
			d.SealID, int64(d.Day), d.Looked, d.By, d.Note, sqldb.Micros(d.SeenAt))
		if err == nil && !done {
			err = esign.ErrChanged
		}
		if err != nil {
			return err
		}
		return auditdb.Append(ctx, tx, record)
	})
}
