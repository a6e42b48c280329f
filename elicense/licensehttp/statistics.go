package licensehttp

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/internal/safecsv"
)

// VerifiedFigures are numbers of verifications by verdict, about: rounded down to fives, -1 for one to four.
type VerifiedFigures struct {
	Valid         int64 `json:"valid"`
	Invalid       int64 `json:"invalid"`
	Indeterminate int64 `json:"indeterminate"`
}

// LicenseFigures are the figures of one type, authority or division.
type LicenseFigures struct {
	Key      string           `json:"key" doc:"Code; empty for verifications whose licence was not told or is not of this register"`
	Name     string           `json:"name,omitempty" doc:"Of an authority"`
	Issued   int64            `json:"issued" doc:"In the period"`
	InForce  int64            `json:"in_force" doc:"Today"`
	Past     int64            `json:"past" doc:"Ended by nobody, but their validity is over"`
	Statuses map[string]int64 `json:"statuses" doc:"By status"`
	Ends30   int64            `json:"ends_30" doc:"In force, and their last day is within 30 days"`
	Ends60   int64            `json:"ends_60"`
	Ends90   int64            `json:"ends_90"`
	Verified VerifiedFigures  `json:"verified" doc:"In the period"`
}

// VerificationFigures are verifications by one channel, V-code or step of time.
type VerificationFigures struct {
	Key string `json:"key" doc:"Channel, V-code, or day, month or year as digits"`
	VerifiedFigures
}

// LicenseStatistics are figures without personal data: of the register as of the moment, and of verifications in the period. Numbers of verifications are told
// in fives; what is judged in a browser or by the command is not seen.
type LicenseStatistics struct {
	At       time.Time             `json:"at"`
	From     string                `json:"from"`
	Till     string                `json:"till"`
	Areas    []string              `json:"areas" doc:"Paths of areas that the figures are of; an empty one is all"`
	Total    LicenseFigures        `json:"total" doc:"Without verifications"`
	Unread   int64                 `json:"unread" doc:"Licences whose last day was not read yet; they count as in force"`
	Items    []LicenseFigures      `json:"items"`
	Next     string                `json:"next,omitempty" doc:"Cursor of the next page, as after"`
	Channels []VerificationFigures `json:"channels" doc:"page, api, number, code, list, exchange"`
	Failures []VerificationFigures `json:"failures" doc:"The ten most frequent V-codes of verifications that did not end valid"`
	Steps    []VerificationFigures `json:"steps"`
}

// StatisticsInput asks for figures.
type StatisticsInput struct {
	From      string `query:"from" maxLength:"10" doc:"Day of Beijing, YYYY-MM-DD; without it and till, the last thirty days"`
	Till      string `query:"till" maxLength:"10" doc:"Its last day; 800 days at most, 92 by the day"`
	Step      string `query:"step" enum:"day,month,year" default:"month"`
	By        string `query:"by" enum:"type,authority,division" default:"type"`
	TypeCode  string `query:"license_type_code" maxLength:"21"`
	Authority string `query:"issuing_authority_code" maxLength:"18"`
	Division  string `query:"division" maxLength:"6" doc:"First 2, 4 or 6 digits of the authority's division (GB/T 2260)"`
}

func (in StatisticsInput) query() elicense.StatisticsQuery {
	return elicense.StatisticsQuery{From: in.From, Till: in.Till, Step: elicense.Dimension(in.Step), By: elicense.Dimension(in.By), TypeCode: in.TypeCode, AuthorityCode: in.Authority, Division: in.Division}
}

func registerStatistics(to huma.API, a *api) {
	op := operation("get-license-statistics", http.MethodGet, "/api/v1/license-statistics", "Figures of the register and of verifications, without personal data")
	op.Description = "Of the departments that the caller reaches. Numbers of verifications are told in fives, rounded down, and -1 stands for one to four: no figure and no difference of figures tells of one person. What is judged in a browser or by the command is not seen here."
	huma.Register(to, op, func(ctx context.Context, in *struct {
		StatisticsInput
		After string `query:"after" maxLength:"400" doc:"Cursor of the page before; it holds for the same caller, path and filter"`
		Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	}) (*struct{ Body LicenseStatistics }, error) {
		q := in.query()
		q.After, q.Limit = in.After, in.Limit
		found, err := a.service.Statistics(ctx, q)
		if err != nil {
			return nil, err
		}
		return &struct{ Body LicenseStatistics }{statisticsOf(found)}, nil
	})
	file := operation("get-license-statistics-file", http.MethodGet, "/api/v1/license-statistics/file", "The same figures as CSV; that they were taken is on record")
	file.Responses = map[string]*huma.Response{"200": {Description: "Lines of the period and the scope, one for each row and figure, and the count of them", Content: map[string]*huma.MediaType{mediaCSV: {Schema: &huma.Schema{Type: huma.TypeString}}}}}
	huma.Register(to, file, func(ctx context.Context, in *StatisticsInput) (*huma.StreamResponse, error) {
		found, err := a.service.ExportStatistics(ctx, in.query())
		if err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(hctx huma.Context) {
			resultsHead(hctx.SetHeader, statisticsName(found))
			_ = writeStatistics(hctx.BodyWriter(), found) // it lacks its last line
		}}, nil
	})
}

func statisticsName(s elicense.Statistics) string {
	return "license-statistics-" + s.Query.From + "-" + s.Query.Till
}

func figuresOf(r elicense.StatisticsRow) LicenseFigures {
	return LicenseFigures{Key: r.Key, Name: r.Authority, Issued: r.Issued, InForce: r.InForce, Past: r.Past, Statuses: r.Status, Ends30: r.Ending[0], Ends60: r.Ending[1], Ends90: r.Ending[2], Verified: VerifiedFigures(r.Verified)}
}

func linesOf(lines []elicense.StatisticsLine) []VerificationFigures {
	list := []VerificationFigures{}
	for _, line := range lines {
		list = append(list, VerificationFigures{line.Key, VerifiedFigures(line.Verified)})
	}
	return list
}

func statisticsOf(s elicense.Statistics) LicenseStatistics {
	out := LicenseStatistics{At: s.At, From: s.Query.From, Till: s.Query.Till, Areas: s.Areas, Total: figuresOf(s.Total), Unread: s.Unread, Items: []LicenseFigures{}, Next: s.Next, Channels: linesOf(s.Channels), Failures: linesOf(s.Failures), Steps: linesOf(s.Steps)}
	for _, row := range s.Rows {
		out.Items = append(out.Items, figuresOf(row))
	}
	return out
}

// told is a number of verifications as pages and files show it.
func told(n int64) string {
	if n < 0 {
		return "<" + strconv.Itoa(elicense.Fives)
	}
	return strconv.FormatInt(n, 10)
}

// writeStatistics writes figures as CSV: what they are of, a line for each, and the count of lines.
func writeStatistics(w io.Writer, s elicense.Statistics) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil { // spreadsheets take it for UTF-8 only then
		return err
	}
	table := safecsv.New(w)
	areas := strings.Join(s.Areas, " ")
	if slices.Contains(s.Areas, "") {
		areas = "all"
	}
	for _, head := range [][]string{
		{"period", s.Query.From, s.Query.Till}, {"areas", areas}, {"filter", s.Query.TypeCode, s.Query.AuthorityCode, s.Query.Division}, {"at", s.At.In(chinaTime).Format(time.RFC3339)},
		{"verifications", "about", "in " + strconv.Itoa(elicense.Fives)},
	} {
		_ = table.Write(head...)
	}
	statuses := catalog.Default().Statuses()
	head := []string{"figures_by", "key", "name", "issued", "in_force", "past"}
	for _, status := range statuses {
		head = append(head, status.Code)
	}
	_ = table.Write(append(head, "ends_30", "ends_60", "ends_90", "verified_valid", "verified_invalid", "verified_indeterminate")...)
	number := func(n int64) string { return strconv.FormatInt(n, 10) }
	lines := 0
	for _, r := range s.Rows {
		cells := []string{string(s.Query.By), r.Key, r.Authority, number(r.Issued), number(r.InForce), number(r.Past)}
		for _, status := range statuses {
			cells = append(cells, number(r.Status[status.Code]))
		}
		_ = table.Write(append(cells, number(r.Ending[0]), number(r.Ending[1]), number(r.Ending[2]), told(r.Verified.Valid), told(r.Verified.Invalid), told(r.Verified.Indeterminate))...)
		lines++
	}
	empty := make([]string, 7+len(statuses)) // what verifications alone do not have
	for _, part := range []struct {
		by    elicense.Dimension
		lines []elicense.StatisticsLine
	}{{elicense.ByChannel, s.Channels}, {elicense.ByCode, s.Failures}, {s.Query.Step, s.Steps}} {
		for _, line := range part.lines {
			_ = table.Write(slices.Concat([]string{string(part.by), line.Key}, empty, []string{told(line.Valid), told(line.Invalid), told(line.Indeterminate)})...)
			lines++
		}
	}
	_ = table.Write("rows", strconv.Itoa(lines))
	return table.Flush()
}
