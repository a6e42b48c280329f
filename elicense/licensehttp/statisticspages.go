package licensehttp

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

// StatisticsPath is the page of figures (统计).
const StatisticsPath = "/license/statistics"

func (p *Pages) statisticsPages() map[string]func(http.ResponseWriter, *http.Request) error {
	return map[string]func(http.ResponseWriter, *http.Request) error{
		"GET " + StatisticsPath:           p.statistics,
		"GET " + StatisticsPath + "/file": p.statisticsFile,
	}
}

// drillNames are the parameters of the list of licences by which a figure leads to its licences.
var drillNames = []string{"type", "authority", "division", "issued_from", "issued_till", "ends_from", "ends_till", "valid_on"}

// drilled takes those that can be read.
func drilled(query url.Values) url.Values {
	narrowed := url.Values{}
	for _, name := range drillNames {
		value := query.Get(name)
		if value == "" || len(value) > 64 {
			continue
		}
		if !slices.Contains(drillNames[:3], name) {
			if _, err := time.Parse(time.DateOnly, value); err != nil {
				continue
			}
		}
		narrowed.Set(name, value)
	}
	return narrowed
}

// drillFilter is the filter of a list of issued licences; all of them without parameters.
func drillFilter(narrowed url.Values) (f elicense.Filter) {
	day := func(name string) (at time.Time, number int64) {
		at, err := time.ParseInLocation(time.DateOnly, narrowed.Get(name), chinaTime)
		if err != nil {
			return time.Time{}, 0
		}
		number, _ = strconv.ParseInt(at.Format("20060102"), 10, 64) // digits
		return at, number
	}
	if len(narrowed) == 0 {
		return f
	}
	f.State, f.TypeCode, f.AuthorityCode, f.Division = string(elicense.StateActive), narrowed.Get("type"), narrowed.Get("authority"), narrowed.Get("division")
	if from, number := day("issued_from"); number > 0 {
		f.IssuedFrom = from
		f.IssuedTill = from.AddDate(100, 0, 0)
	}
	if till, number := day("issued_till"); number > 0 {
		f.IssuedTill = till.AddDate(0, 0, 1)
	}
	_, f.ValidOn = day("valid_on")
	_, f.EndsFrom = day("ends_from")
	if _, f.EndsTill = day("ends_till"); f.EndsTill > 0 && f.EndsFrom == 0 {
		f.EndsFrom = 1 // those without an end have 0
	} else if f.EndsFrom > 0 && f.EndsTill == 0 {
		f.EndsTill = 99991231
	}
	return f
}

// drillWord is a value of such a parameter for people.
func (p *Pages) drillWord(name, value, locale string) string {
	if t, ok := p.Service.Types().Find(value); ok && name == "type" {
		return t.Name.In(locale)
	}
	return value
}

// statisticsQuery reads what is asked for, by the day and by type where nothing is said.
func statisticsQuery(r *http.Request) elicense.StatisticsQuery {
	given := func(name string) string { return strings.TrimSpace(bounded(r.URL.Query().Get(name))) }
	return elicense.StatisticsQuery{
		From: given("from"), Till: given("till"), Step: elicense.Dimension(cmp.Or(given("step"), string(elicense.ByDay))), By: elicense.Dimension(cmp.Or(given("by"), string(elicense.ByType))),
		TypeCode: given("type"), AuthorityCode: given("authority"), Division: given("division"),
	}
}

// statisticsParameters are those of a page of figures.
func statisticsParameters(q elicense.StatisticsQuery) url.Values {
	values := url.Values{}
	for name, value := range map[string]string{"from": q.From, "till": q.Till, "step": string(q.Step), "by": string(q.By), "type": q.TypeCode, "authority": q.AuthorityCode, "division": q.Division} {
		if value != "" {
			values.Set(name, value)
		}
	}
	return values
}

func (p *Pages) statisticsFile(w http.ResponseWriter, r *http.Request) error {
	found, err := p.Service.ExportStatistics(r.Context(), statisticsQuery(r))
	if err != nil {
		return err
	}
	resultsHead(w.Header().Set, statisticsName(found))
	_ = writeStatistics(w, found) // it lacks its last line
	return nil
}

func (p *Pages) statistics(w http.ResponseWriter, r *http.Request) error {
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	q := statisticsQuery(r)
	q.After, q.Limit = after, pageSize
	found, err := p.Service.Statistics(r.Context(), q)
	text := func(key string) string { return p.Renderer.Text(r, key) }
	page := web.Page{Title: text("statistics.title")}
	body := web.StatisticsPage{Back: web.Link{Label: text("page.issuer"), URL: "/license"}, Filter: p.statisticsFilter(r, q), FilterURL: StatisticsPath}
	w.Header().Set("Cache-Control", "private, no-store")
	if code := fault.CodeOf(err); code == fault.StatisticsPeriod || code == fault.Invalid {
		page.Errors, page.Body = p.Renderer.FieldErrors(r, err, nil), body
		if page.Errors[0].Field == "" {
			page.Errors[0].Field = "from"
		}
		return p.Page(w, r, fault.MetaOf(code).Status, "license-statistics", page)
	}
	if err != nil {
		return err
	}
	q = found.Query
	body.Filter = p.statisticsFilter(r, q) // with the period
	body.Scope = text("statistics.scope.all")
	if !slices.Contains(found.Areas, "") {
		body.Scope = p.Renderer.Text(r, "statistics.scope", "areas", strings.Join(found.Areas, ", "))
	}
	body.At, body.Unread = found.At, found.Unread
	body.ExportURL = StatisticsPath + "/file?" + statisticsParameters(q).Encode()
	body.Register, body.Verified = p.registerTables(r, found)
	body.Register.NextURL = pagemark.Onward(r, StatisticsPath+"?"+statisticsParameters(q).Encode()+"#register", found.Next)
	lines := func(id, column string, list []elicense.StatisticsLine, word func(key string) string) web.FigureTable {
		t := web.FigureTable{ID: id, Caption: text("statistics." + id), Columns: []string{column, text("verify.verdict.valid"), text("verify.verdict.invalid"), text("verify.verdict.indeterminate")}}
		for _, line := range list {
			t.Rows = append(t.Rows, []web.Link{{Label: word(line.Key)}, {Label: told(line.Valid)}, {Label: told(line.Invalid)}, {Label: told(line.Indeterminate)}})
		}
		return t
	}
	body.Steps = lines("steps", text("statistics.step."+string(q.Step)), found.Steps, stepWord)
	for _, line := range found.Steps {
		body.Chart.Add(stepWord(line.Key), max(line.Valid, 0), max(line.Invalid, 0)+max(line.Indeterminate, 0))
	}
	body.Channels = lines("channels", text("statistics.channel"), found.Channels, func(key string) string { return text("statistics.channel." + key) })
	body.Failures = lines("failures", text("statistics.code"), found.Failures, func(key string) string { return key + " " + text("verify.banner."+key) })
	page.Body = body
	return p.Page(w, r, http.StatusOK, "license-statistics", page)
}

// stepWord writes the digits of a day, month or year as people do.
func stepWord(key string) string {
	switch len(key) {
	case 8:
		return key[:4] + "-" + key[4:6] + "-" + key[6:]
	case 6:
		return key[:4] + "-" + key[4:]
	}
	return key
}

func (p *Pages) statisticsFilter(r *http.Request, q elicense.StatisticsQuery) []web.FormField {
	text := func(key string) string { return p.Renderer.Text(r, key) }
	choice := func(name string, value elicense.Dimension, all []elicense.Dimension) web.FormField {
		f := web.FormField{Name: name, Label: text("statistics." + name), Kind: web.InputSelect, Value: string(value)}
		for _, one := range all {
			f.Options = append(f.Options, web.Option{Value: string(one), Label: text("statistics." + name + "." + string(one))})
		}
		return f
	}
	types := web.FormField{Name: "type", Label: text("type.name"), Kind: web.InputSelect, Value: q.TypeCode, Options: []web.Option{{Label: text("page.all")}}}
	for _, t := range p.Service.Types().Types() {
		types.Options = append(types.Options, web.Option{Value: t.Code, Label: t.Name.In(reqctx.From(r.Context()).Locale)})
	}
	return []web.FormField{
		{Name: "from", Label: text("statistics.from"), Hint: text("statistics.day.hint"), Value: q.From, Max: 10}, {Name: "till", Label: text("statistics.till"), Hint: text("statistics.day.hint"), Value: q.Till, Max: 10},
		choice("step", q.Step, elicense.Steps), choice("by", q.By, elicense.RowDimensions), types,
		{Name: "authority", Label: text("license.field.authority"), Value: q.AuthorityCode, Max: 18, Optional: true}, {Name: "division", Label: text("statistics.division"), Hint: text("statistics.division.hint"), Value: q.Division, Max: 6, Optional: true},
	}
}

// registerTables show the register by rows, each figure with the way to its licences, and how often licences of these rows were verified.
func (p *Pages) registerTables(r *http.Request, found elicense.Statistics) (t, verified web.FigureTable) {
	text, q := func(key string) string { return p.Renderer.Text(r, key) }, found.Query
	statuses := catalog.Default().Statuses()
	by := text("statistics.by." + string(q.By))
	verified = web.FigureTable{ID: "verified", Caption: p.Renderer.Text(r, "statistics.verified", "by", by), Columns: []string{by, text("verify.verdict.valid"), text("verify.verdict.invalid"), text("verify.verdict.indeterminate")}}
	t = web.FigureTable{ID: "register", Caption: text("statistics.register"), Columns: []string{by, text("statistics.issued"), text("statistics.in_force"), text("statistics.past")}}
	for _, days := range elicense.EndingDays {
		t.Columns = append(t.Columns, p.Renderer.Text(r, "statistics.ends", "days", strconv.Itoa(days)))
	}
	for _, status := range statuses[1:] { // the first is valid, which is told as in force or past
		t.Columns = append(t.Columns, p.Renderer.Word(r, "status.", status.Code))
	}
	today := found.At.In(chinaTime)
	of := func(row elicense.StatisticsRow, name string, all bool) []web.Link {
		number := func(n int64, parameters ...string) web.Link {
			link := web.Link{Label: strconv.FormatInt(n, 10)}
			if n == 0 {
				return link
			}
			values := url.Values{}
			for i, value := range []string{q.TypeCode, q.AuthorityCode, q.Division} {
				if value != "" {
					values.Set(drillNames[i], value)
				}
			}
			if !all {
				values.Set(string(q.By), row.Key)
			}
			for i := 0; i+1 < len(parameters); i += 2 {
				values.Set(parameters[i], parameters[i+1])
			}
			link.URL = "/license?" + values.Encode()
			return link
		}
		valid := []string{"status", catalog.StatusValid}
		cells := []web.Link{{Label: name}, number(row.Issued, "issued_from", q.From, "issued_till", q.Till), number(row.InForce, append(valid, "valid_on", today.Format(time.DateOnly))...),
			number(row.Past, append(valid, "ends_till", today.AddDate(0, 0, -1).Format(time.DateOnly))...)}
		for i, days := range elicense.EndingDays {
			cells = append(cells, number(row.Ending[i], append(valid, "ends_from", today.Format(time.DateOnly), "ends_till", today.AddDate(0, 0, days).Format(time.DateOnly))...))
		}
		for _, status := range statuses[1:] {
			cells = append(cells, number(row.Status[status.Code], "status", status.Code))
		}
		return cells
	}
	if q.After == "" {
		t.Rows = append(t.Rows, of(found.Total, text("statistics.total"), true))
	}
	locale := p.Renderer.Locale(r)
	for _, row := range found.Rows {
		name := row.Key
		switch {
		case row.Key == "":
			name = text("statistics.untold")
		case q.By == elicense.ByType:
			name = p.drillWord("type", row.Key, locale)
		case row.Authority != "":
			name = row.Authority + " " + row.Key
		}
		t.Rows = append(t.Rows, of(row, name, false))
		if v := row.Verified; v != (elicense.Verified{}) {
			verified.Rows = append(verified.Rows, []web.Link{{Label: name}, {Label: told(v.Valid)}, {Label: told(v.Invalid)}, {Label: told(v.Indeterminate)}})
		}
	}
	return t, verified
}
