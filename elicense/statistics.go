package elicense

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// Dimension is what figures are told apart by.
type Dimension string

// Dimensions. The first three are of licences and of verifications, the others of verifications alone.
const (
	ByType      Dimension = "type"
	ByAuthority Dimension = "authority"
	ByDivision  Dimension = "division" // six digits of the authority's code (GB 32100-2015), GB/T 2260

	ByChannel Dimension = "channel"
	ByCode    Dimension = "code"
	ByDay     Dimension = "day"
	ByMonth   Dimension = "month"
	ByYear    Dimension = "year"
)

// Dimensions of rows, and steps of time.
var (
	RowDimensions = []Dimension{ByType, ByAuthority, ByDivision}
	Steps         = []Dimension{ByDay, ByMonth, ByYear}
)

// FigureFilter bounds figures.
type FigureFilter struct {
	Areas                   []string // paths of areas, each with all below it
	TypeCode, AuthorityCode string
	Division                string // first digits
}

// LicenseCount is how many issued licences of one key have a status.
type LicenseCount struct {
	Key, Status string
	N           int64
	Past        int64    // whose last day is over
	Ending      [3]int64 // whose last day is within EndingDays
	Unread      int64    // whose last day was not read yet
}

// Figures counts the register and keeps counts of verifications.
type Figures interface {
	// CountLicenses counts issued licences by a dimension of licences and status; today and ends are days, YYYYMMDD.
	CountLicenses(ctx context.Context, f FigureFilter, by Dimension, today int64, ends [3]int64) ([]LicenseCount, error)
	// CountIssued counts by a dimension of licences those that were issued from the one moment on and before the other.
	CountIssued(ctx context.Context, f FigureFilter, by Dimension, from, till time.Time) (map[string]int64, error)
	// CountVerified counts by a dimension and verdict the verifications of days, both included, YYYYMMDD.
	CountVerified(ctx context.Context, f FigureFilter, by Dimension, from, till int64) (map[string]map[string]int64, error)
	// AddVerified adds counts in one write. They are no business state and leave no audit event.
	AddVerified(ctx context.Context, counts []VerifiedCount) error
	// DropVerified forgets the counts of days before the one given.
	DropVerified(ctx context.Context, before int64) error
	// UnreadEnds lists issued licences whose last day was not read yet, without holders.
	UnreadEnds(ctx context.Context, limit int) ([]License, error)
	// SetEnds sets the last day of a licence whose one was not read yet.
	SetEnds(ctx context.Context, id string, ends int64) error
}

// EndingDays are within how many days, today counted as none, licences that end are counted.
var EndingDays = [3]int{30, 60, 90}

// Fives is in what numbers verifications are told: rounded down to a multiple, and fewer than the first of them as that. So no figure and no difference of
// figures tells that one person's licence was verified.
const Fives = 5

// Bounds of a period.
const (
	maxPeriodDays = 800 // as long as counts are kept
	maxStepDays   = 92  // told by the day
)

// StatisticsQuery asks for figures of a period.
type StatisticsQuery struct {
	From, Till              string // days of Beijing, YYYY-MM-DD, both included; without both the last thirty
	Step                    Dimension
	By                      Dimension
	TypeCode, AuthorityCode string
	Division                string // 2, 4 or 6 digits
	After                   string // key of the last row of the page before
	Limit                   int    // rows; 0 has no bound
}

// Verified is how many verifications had a verdict, in Fives; -1 stands for fewer than the first of them.
type Verified struct{ Valid, Invalid, Indeterminate int64 }

// StatisticsRow are the figures of one type, authority or division. Those of verifications whose licence was not told have no key.
type StatisticsRow struct {
	Key       string
	Issued    int64            // in the period
	InForce   int64            // valid today
	Past      int64            // not ended by anybody, but their validity is over
	Status    map[string]int64 // all by status
	Ending    [3]int64         // in force, within EndingDays
	Verified  Verified
	Authority string // name of it, where rows are authorities that are known
}

// StatisticsLine are verifications by channel, V-code or step of time.
type StatisticsLine struct {
	Key string
	Verified
}

// Statistics are the answer: figures of the register as of today, and verifications of the period.
type Statistics struct {
	Query    StatisticsQuery
	Areas    []string // of which they are; one empty path is all
	At       time.Time
	Total    StatisticsRow // without verifications
	Unread   int64         // licences whose last day was not read yet, counted in force
	Rows     []StatisticsRow
	Next     string
	Channels []StatisticsLine
	Failures []StatisticsLine // ten most frequent codes of verifications that did not end valid
	Steps    []StatisticsLine
}

// readPeriod reads the days of a query; the moment behind the last is the end.
func (q StatisticsQuery) readPeriod() (from, end time.Time, err error) {
	var errs [2]error
	from, errs[0] = time.ParseInLocation(time.DateOnly, q.From, chinaTime)
	end, errs[1] = time.ParseInLocation(time.DateOnly, q.Till, chinaTime)
	end = end.AddDate(0, 0, 1)
	days := int(end.Sub(from) / (24 * time.Hour))
	if errs[0] != nil || errs[1] != nil || days < 1 || days > maxPeriodDays || q.Step == ByDay && days > maxStepDays {
		return from, end, fault.New(fault.StatisticsPeriod, "days", strconv.Itoa(maxPeriodDays), "daily", strconv.Itoa(maxStepDays))
	}
	return from, end, nil
}

func (q StatisticsQuery) check() error {
	f := fault.New(fault.Invalid)
	wrong := false
	for field, bad := range map[string]bool{
		"by": !slices.Contains(RowDimensions, q.By), "step": !slices.Contains(Steps, q.Step), "type": len(q.TypeCode) > 64, "authority": len(q.AuthorityCode) > 64,
		"division": q.Division != "" && (len(q.Division) > 6 || len(q.Division)%2 != 0 || strings.Trim(q.Division, "0123456789") != ""),
	} {
		if bad {
			f, wrong = f.WithField(field, fault.LicenseFieldForm), true
		}
	}
	if wrong {
		return f
	}
	return nil
}

// Statistics gives staff the figures of the departments that they reach (统计).
func (s *Service) Statistics(ctx context.Context, q StatisticsQuery) (Statistics, error) {
	actor, err := require(ctx, roles...)
	if err == nil {
		err = q.check()
	}
	if err != nil {
		return Statistics{}, err
	}
	now := s.now()
	if today := now.In(chinaTime); q.From == "" && q.Till == "" {
		q.From, q.Till = today.AddDate(0, 0, -29).Format(time.DateOnly), today.Format(time.DateOnly)
	}
	from, end, err := q.readPeriod()
	if err != nil {
		return Statistics{}, err
	}
	answer := Statistics{Query: q, Areas: actor.Reach(roles...), At: now}
	f := FigureFilter{Areas: answer.Areas, TypeCode: q.TypeCode, AuthorityCode: q.AuthorityCode, Division: q.Division}
	rows := map[string]*StatisticsRow{}
	row := func(key string) *StatisticsRow {
		if rows[key] == nil {
			rows[key] = &StatisticsRow{Key: key, Status: map[string]int64{}}
		}
		return rows[key]
	}
	var ends [3]int64
	for i, days := range EndingDays {
		ends[i] = dayNumber(now.In(chinaTime).AddDate(0, 0, days))
	}
	counts, err := s.cfg.Store.CountLicenses(ctx, f, q.By, dayNumber(now), ends)
	if err != nil {
		return Statistics{}, storeFault(err, "count licences")
	}
	answer.Total.Status = map[string]int64{}
	for _, c := range counts {
		for _, r := range []*StatisticsRow{row(c.Key), &answer.Total} {
			r.Status[c.Status] += c.N
			if c.Status == catalog.StatusValid {
				r.InForce, r.Past = r.InForce+c.N-c.Past, r.Past+c.Past
				for i, n := range c.Ending {
					r.Ending[i] += n
				}
			}
		}
		if c.Status == catalog.StatusValid {
			answer.Unread += c.Unread
		}
	}
	issued, err := s.cfg.Store.CountIssued(ctx, f, q.By, from, end)
	if err != nil {
		return Statistics{}, storeFault(err, "count issued licences")
	}
	for key, n := range issued {
		row(key).Issued = n
		answer.Total.Issued += n
	}
	verified := func(by Dimension) (map[string]map[string]int64, error) {
		found, err := s.cfg.Store.CountVerified(ctx, f, by, dayNumber(from), dayNumber(end.Add(-time.Second)))
		return found, storeFault(err, "count verifications")
	}
	byRow, err := verified(q.By)
	if err != nil {
		return Statistics{}, err
	}
	for key, n := range byRow {
		row(key).Verified = inFives(n)
	}
	keys := slices.Sorted(maps.Keys(rows))
	if q.After != "" {
		keys = slices.DeleteFunc(keys, func(key string) bool { return key <= q.After })
	}
	if q.Limit > 0 && len(keys) > q.Limit {
		keys = keys[:q.Limit]
		answer.Next = keys[q.Limit-1]
	}
	for _, key := range keys {
		r := rows[key]
		if q.By == ByAuthority && key != "" {
			if a, err := s.cfg.Store.FindAuthority(ctx, key); err == nil {
				r.Authority = a.Name
			}
		}
		answer.Rows = append(answer.Rows, *r)
	}
	channels, err := verified(ByChannel)
	if err != nil {
		return Statistics{}, err
	}
	for _, channel := range Channels {
		if n, there := channels[string(channel)]; there {
			answer.Channels = append(answer.Channels, StatisticsLine{string(channel), inFives(n)})
		}
	}
	codes, err := verified(ByCode)
	if err != nil {
		return Statistics{}, err
	}
	answer.Failures = failures(codes)
	steps, err := verified(q.Step)
	if err != nil {
		return Statistics{}, err
	}
	for _, key := range slices.Sorted(maps.Keys(steps)) {
		answer.Steps = append(answer.Steps, StatisticsLine{key, inFives(steps[key])})
	}
	return answer, nil
}

// failures are the ten most frequent codes of verifications that did not end valid.
func failures(codes map[string]map[string]int64) (lines []StatisticsLine) {
	bad := func(code string) int64 {
		return codes[code][string(verify.Invalid)] + codes[code][string(verify.Indeterminate)]
	}
	keys := slices.SortedFunc(maps.Keys(codes), func(a, b string) int { return cmp.Or(cmp.Compare(bad(b), bad(a)), cmp.Compare(a, b)) })
	for _, code := range keys {
		if len(lines) < 10 && bad(code) > 0 {
			lines = append(lines, StatisticsLine{code, inFives(map[string]int64{string(verify.Invalid): codes[code][string(verify.Invalid)], string(verify.Indeterminate): codes[code][string(verify.Indeterminate)]})})
		}
	}
	return lines
}

func inFives(n map[string]int64) Verified {
	told := func(v verify.Verdict) int64 {
		switch count := n[string(v)]; {
		case count == 0:
			return 0
		case count < Fives:
			return -1
		default:
			return count - count%Fives
		}
	}
	return Verified{told(verify.Valid), told(verify.Invalid), told(verify.Indeterminate)}
}

// ExportStatistics gives all rows of the figures, for a file; it is on record who took it.
func (s *Service) ExportStatistics(ctx context.Context, q StatisticsQuery) (Statistics, error) {
	q.After, q.Limit = "", 0
	answer, err := s.Statistics(ctx, q)
	if err != nil {
		return Statistics{}, err
	}
	e := s.event(ctx, "license.statistics.exported", string(q.By), answer.At, "from", answer.Query.From, "till", answer.Query.Till, "rows", strconv.Itoa(len(answer.Rows)), "areas", strings.Join(answer.Areas, " "))
	e.ObjectType = "statistics"
	return answer, storeFault(s.cfg.Store.Note(ctx, audit.With(e)), "note export")
}
