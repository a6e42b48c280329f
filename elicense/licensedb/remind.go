package licensedb

import (
	"context"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// DueReminders implements elicense.Reminders.
func (s *Store) DueReminders(ctx context.Context, now time.Time, limit int) ([]elicense.DueReminder, error) {
	rows, err := s.db.Read().QueryContext(ctx, "SELECT id, remind_at FROM lic_license WHERE state = 'active' AND remind_at >= 0 AND remind_at <= $1 ORDER BY remind_at, id LIMIT $2", sqldb.Micros(now), limit)
	if err != nil {
		return nil, fmt.Errorf("licensedb: list reminders: %w", err)
	}
	defer rows.Close()
	var list []elicense.DueReminder
	for rows.Next() {
		var r elicense.DueReminder
		var at int64
		if err := rows.Scan(&r.License, &at); err != nil {
			return nil, fmt.Errorf("licensedb: list reminders: %w", err)
		}
		r.At = sqldb.Time(at)
		list = append(list, r)
	}
	return list, rows.Err()
}

const moveReminder = "UPDATE lic_license SET remind_at = $3 WHERE id = $1 AND remind_at = $2"

func turnOf(next time.Time) int64 {
	if next.IsZero() {
		return -1
	}
	return sqldb.Micros(next)
}

// PlanReminder implements elicense.Reminders.
func (s *Store) PlanReminder(ctx context.Context, r elicense.DueReminder, next time.Time) (done bool, err error) {
	err = s.db.Write(ctx, func(tx sqldb.Tx) (err error) {
		done, err = sqldb.ExecOne(ctx, tx, moveReminder, r.License, sqldb.Micros(r.At), turnOf(next))
		return err
	})
	return done && err == nil, err
}

// Remind implements elicense.Reminders.
func (s *Store) Remind(ctx context.Context, r elicense.DueReminder, next time.Time, record audit.Record) (bool, error) {
	return s.changeOne(ctx, record, nil, moveReminder, r.License, sqldb.Micros(r.At), turnOf(next))
}
