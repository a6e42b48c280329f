package idpdb

import (
	"context"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// Defer puts a row of a job off. Two processes that fail at the same moment count once.
func (s *Store) Defer(ctx context.Context, job, row string, now time.Time) error {
	at, first, longest := sqldb.Micros(now), idp.FirstPause.Microseconds(), idp.LongestPause.Microseconds()
	err := s.db.Apply(ctx, nil, step(`INSERT INTO idp_deferred (job, row_id, pause, retry_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (job, row_id) DO UPDATE SET pause = CASE WHEN idp_deferred.pause * 2 > $5 THEN $5 ELSE idp_deferred.pause * 2 END,
		retry_at = $6 + CASE WHEN idp_deferred.pause * 2 > $5 THEN $5 ELSE idp_deferred.pause * 2 END WHERE idp_deferred.retry_at <= $6`,
		job, row, first, at+first, longest, at))
	if err != nil {
		return fmt.Errorf("put %s off: %w", job, err)
	}
	return nil
}

// undefer forgets that a row of a job failed, in the change that did it; for rows that come again.
func undefer(job, row string) sqldb.Step {
	return step("DELETE FROM idp_deferred WHERE job = $1 AND row_id = $2", job, row)
}

// putOff joins a query to what failed of a job and orders it by the time since which each row is due. All are words of the code: id the
// column with the row's identifier, since the moment from which it is due, now the parameter with the present.
func putOff(job, id, since, now string) (join, where, order string) {
	return fmt.Sprintf(" LEFT JOIN idp_deferred AS d ON d.job = '%s' AND d.row_id = %s", job, id),
		fmt.Sprintf(" AND (d.retry_at IS NULL OR d.retry_at <= %s)", now),
		fmt.Sprintf(" ORDER BY COALESCE(d.retry_at, %s), %s", since, id)
}
