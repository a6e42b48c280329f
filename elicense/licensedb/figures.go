package licensedb

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/internal/sqldb"
)

// groups are the expressions by which figures are grouped. What the register knows as the division of an authority are the third to eighth digits of its code
// (GB 32100-2015).
var groups = map[elicense.Dimension]string{
	elicense.ByType: "type_code", elicense.ByAuthority: "authority_code", elicense.ByDivision: "substr(authority_code, 3, 6)",
	elicense.ByChannel: "channel", elicense.ByCode: "code", elicense.ByDay: "CAST(day AS TEXT)", elicense.ByMonth: "CAST(day / 100 AS TEXT)", elicense.ByYear: "CAST(day / 10000 AS TEXT)",
}

// divisionPattern finds the codes of authorities of a division.
func divisionPattern(division string) string { return "__" + division + "%" }

// figures are conditions of figures within a filter, behind those that are there.
func (c *conditions) figures(f elicense.FigureFilter) {
	c.inAreas(f.Areas)
	if f.TypeCode != "" {
		c.add("type_code = ?", f.TypeCode)
	}
	if f.AuthorityCode != "" {
		c.add("authority_code = ?", f.AuthorityCode)
	}
	if f.Division != "" {
		c.add("authority_code LIKE ?", divisionPattern(f.Division))
	}
}

// CountLicenses implements elicense.Figures.
func (s *Store) CountLicenses(ctx context.Context, f elicense.FigureFilter, by elicense.Dimension, today int64, ends [3]int64) ([]elicense.LicenseCount, error) {
	c := conditions{texts: []string{"state = 'active'"}, arguments: []any{today, ends[0], ends[1], ends[2]}}
	c.figures(f)
	key := groups[by]
	return rows(ctx, s, func(row scanner) (one elicense.LicenseCount, err error) {
		err = row.Scan(&one.Key, &one.Status, &one.N, &one.Past, &one.Ending[0], &one.Ending[1], &one.Ending[2], &one.Unread)
		return one, err
	}, "SELECT "+key+", status, COUNT(*), SUM(CASE WHEN ends > 0 AND ends < $1 THEN 1 ELSE 0 END), SUM(CASE WHEN ends >= $1 AND ends <= $2 THEN 1 ELSE 0 END), SUM(CASE WHEN ends >= $1 AND ends <= $3 THEN 1 ELSE 0 END), "+
		"SUM(CASE WHEN ends >= $1 AND ends <= $4 THEN 1 ELSE 0 END), SUM(CASE WHEN ends < 0 THEN 1 ELSE 0 END) FROM lic_license WHERE "+strings.Join(c.texts, " AND ")+" GROUP BY "+key+", status", c.arguments...)
}

// counted is a count of two keys.
type counted struct {
	key, second string
	n           int64
}

func scanCounted(row scanner) (one counted, err error) {
	err = row.Scan(&one.key, &one.second, &one.n)
	return one, err
}

// CountIssued implements elicense.Figures.
func (s *Store) CountIssued(ctx context.Context, f elicense.FigureFilter, by elicense.Dimension, from, till time.Time) (map[string]int64, error) {
	var c conditions
	c.add("state = 'active' AND issued_at > 0 AND issued_at >= ? AND issued_at < ?", sqldb.Micros(from), sqldb.Micros(till))
	c.figures(f)
	found, err := rows(ctx, s, scanCounted, "SELECT "+groups[by]+", '', COUNT(*) FROM lic_license WHERE "+strings.Join(c.texts, " AND ")+" GROUP BY "+groups[by], c.arguments...)
	counts := map[string]int64{}
	for _, one := range found {
		counts[one.key] = one.n
	}
	return counts, err
}

// CountVerified implements elicense.Figures.
func (s *Store) CountVerified(ctx context.Context, f elicense.FigureFilter, by elicense.Dimension, from, till int64) (map[string]map[string]int64, error) {
	var c conditions
	c.add("day >= ? AND day <= ?", from, till)
	c.figures(f)
	found, err := rows(ctx, s, scanCounted, "SELECT "+groups[by]+", verdict, CAST(SUM(n) AS BIGINT) FROM lic_verified WHERE "+strings.Join(c.texts, " AND ")+" GROUP BY "+groups[by]+", verdict", c.arguments...)
	counts := map[string]map[string]int64{}
	for _, one := range found {
		if counts[one.key] == nil {
			counts[one.key] = map[string]int64{}
		}
		counts[one.key][one.second] = one.n
	}
	return counts, err
}

// AddVerified implements elicense.Figures. In the order of keys, so that two nodes do not wait for each other.
func (s *Store) AddVerified(ctx context.Context, counts []elicense.VerifiedCount) error {
	counts = slices.SortedFunc(slices.Values(counts), func(a, b elicense.VerifiedCount) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Verdict, b.Verdict), cmp.Compare(a.Code, b.Code), cmp.Compare(a.TypeCode, b.TypeCode), cmp.Compare(a.AuthorityCode, b.AuthorityCode))
	})
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		for _, one := range counts {
			if _, err := tx.ExecContext(ctx, `INSERT INTO lic_verified (day, channel, verdict, code, type_code, authority_code, area, n) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
				ON CONFLICT (day, channel, verdict, code, type_code, authority_code) DO UPDATE SET n = lic_verified.n + excluded.n`,
				one.Day, string(one.Channel), one.Verdict, one.Code, one.TypeCode, one.AuthorityCode, one.Area, one.N); err != nil {
				return err
			}
		}
		return nil
	})
}

// DropVerified implements elicense.Figures.
func (s *Store) DropVerified(ctx context.Context, before int64) error {
	var any bool
	if err := s.db.Read().QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM lic_verified WHERE day < $1)", before).Scan(&any); err != nil || !any {
		return err // an idle sweep does not disturb the writer
	}
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM lic_verified WHERE day < $1", before)
		return err
	})
}

// UnreadEnds implements elicense.Figures.
func (s *Store) UnreadEnds(ctx context.Context, limit int) ([]elicense.License, error) {
	return s.query(ctx, "SELECT "+columns+" FROM lic_license WHERE ends = -1 AND state = 'active' ORDER BY id LIMIT $1", limit)
}

// SetEnds implements elicense.Figures. The day was on the licence all the time, so that this is no change of it.
func (s *Store) SetEnds(ctx context.Context, id string, ends int64) error {
	return s.db.Write(ctx, func(tx sqldb.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE lic_license SET ends = $2 WHERE id = $1 AND ends = -1", id, ends)
		return err
	})
}
