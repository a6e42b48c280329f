package licensehttp

import (
	"cmp"
	"errors"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/batchfile"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

// BatchesPath is the list of batches of licences (批量签发).
const BatchesPath = "/license/batches"

// Names of the inputs of the forms of batches.
const (
	inputBatchKind      = "batch-kind"
	inputBatchKey       = "batch-key" // hidden: the same form sent twice is one batch
	inputBatchFile      = "batch-file"
	inputBatchType      = "batch-type"
	inputBatchAuthority = "batch-authority"
	inputBatchFormat    = "batch-format"
	inputBatchEncoding  = "batch-encoding"
	inputBatchRows      = "batch-which" // submitted: which rows are issued
	mappedPrefix        = "map-"        // and our name of the value
)

const (
	rowsWhole = "whole"
	rowsGood  = "good"
)

// batchPageSize is how many rows of a batch stand on its page.
const batchPageSize = 50

func batchURL(id string) string { return BatchesPath + "/items/" + url.PathEscape(id) }

func (p *Pages) batchPages() map[string]func(http.ResponseWriter, *http.Request) error {
	return map[string]func(http.ResponseWriter, *http.Request) error{
		"GET " + BatchesPath:                            p.batchList,
		"GET " + BatchesPath + "/new":                   p.batchForm,
		"POST " + BatchesPath:                           p.batchUpload,
		"GET " + BatchesPath + "/items/{id}":            p.batchDetail,
		"GET " + BatchesPath + "/items/{id}/results":    p.batchFile,
		"GET " + BatchesPath + "/items/{id}/rows/{row}": p.batchRow,
		"GET " + BatchesPath + "/items/{id}/mapping":    p.batchMapping,
		"POST " + BatchesPath + "/items/{id}/mapping":   p.batchMap,
		"POST " + BatchesPath + "/items/{id}/{action}":  p.batchAction,
	}
}

// batchWord is the state word of a batch, rowWord that of a row.
func batchWord(kind elicense.BatchKind, state elicense.BatchState) string {
	if kind == elicense.BatchImport && slices.Contains([]elicense.BatchState{elicense.BatchApproved, elicense.BatchRunning}, state) {
		return "import_" + string(state)
	}
	return "batch_" + string(state)
}

func rowWord(kind elicense.BatchKind, state elicense.RowState) string {
	if kind == elicense.BatchImport && slices.Contains([]elicense.RowState{elicense.RowReady, elicense.RowRefused}, state) {
		return "import_row_" + string(state)
	}
	return "batch_row_" + string(state)
}

// importKeys are the texts that an import has in the place of those of a batch that issues.
var importKeys = []string{"action.start", "action.resume", "effect.start", "effect.cancel", "effect.resume", "effect.pause", "effect.approve", "which", "which.good", "which.whole", "results.text"}

// kindKey is the key of a text of a batch, as its kind asks.
func kindKey(b elicense.Batch, key string) string {
	if b.Kind == elicense.BatchImport && slices.Contains(importKeys, key) {
		return "import." + key
	}
	return "batch." + key
}

// batchTypeName is the name of the type of a batch.
func (p *Pages) batchTypeName(b elicense.Batch, locale string) string {
	return typeName(p.Service, elicense.License{TypeCode: b.TypeCode, Template: b.Template}, locale)
}

func (p *Pages) batchList(w http.ResponseWriter, r *http.Request) error {
	locale, text := p.Renderer.Locale(r), func(key string) string { return p.Renderer.Text(r, key) }
	after, err := pagemark.After(r)
	if err != nil {
		return err
	}
	state := elicense.BatchState(r.URL.Query().Get("state"))
	if !slices.Contains(elicense.BatchStates, state) {
		state = ""
	}
	page, next, err := p.Service.ListBatches(r.Context(), elicense.BatchFilter{State: state, After: after, Limit: pageSize})
	if err != nil {
		return err
	}
	filter := web.FormField{Name: "state", Label: text("page.status"), Kind: web.InputSelect, Value: string(state), Options: []web.Option{{Label: text("page.all")}}}
	for _, one := range elicense.BatchStates {
		filter.Options = append(filter.Options, web.Option{Value: string(one), Label: p.Renderer.Word(r, "status.", batchWord(elicense.BatchIssue, one))})
	}
	body := web.AdminListPage{Intro: text("batch.list.lead"), None: text("batch.list.none"), NoneText: text("batch.list.none.text"), FilterURL: BatchesPath, Filter: []web.FormField{filter}, Table: web.Table{Caption: text("batch.list"),
		Columns: []web.Column{{Label: text("batch.name")}, {Label: text("type.name")}, {Label: text("license.field.authority")}, {Label: text("batch.rows"), Number: true}, {Label: text("batch.uploaded_at")}, {Label: text("batch.entrant")}}}}
	if len(reqctx.From(r.Context()).Actor.Reach(elicense.RoleClerk)) > 0 {
		body.NewURL, body.NewLabel = BatchesPath+"/new", text("batch.new")
	}
	for _, b := range page {
		body.Table.Rows = append(body.Table.Rows, web.Row{URL: batchURL(b.ID), Status: batchWord(b.Kind, b.State),
			Cells: []string{cmp.Or(b.Name, b.ID), p.batchTypeName(b, locale), b.AuthorityCode, strconv.Itoa(b.Rows), dateTime(b.CreatedAt), b.Entrant}})
	}
	body.Table.NextURL = pagemark.Onward(r, BatchesPath+"?"+url.Values{"state": {string(state)}}.Encode(), next)
	return p.Page(w, r, http.StatusOK, "admin-list", web.Page{Title: text("batch.list"), Body: body})
}

func (p *Pages) batchForm(w http.ResponseWriter, r *http.Request) error {
	if len(reqctx.From(r.Context()).Actor.Reach(elicense.RoleClerk)) == 0 {
		return forbidden(r)
	}
	return p.showBatchForm(w, r, url.Values{}, nil)
}

// showBatchForm shows the form of an upload with what was typed, where it was refused. The file has to be picked again, and is another upload then.
func (p *Pages) showBatchForm(w http.ResponseWriter, r *http.Request, typed url.Values, refusal error) error {
	locale, text := p.Renderer.Locale(r), func(key string) string { return p.Renderer.Text(r, key) }
	kinds := web.FormField{Name: inputBatchType, Label: text("type.name"), Kind: web.InputSelect, Value: bounded(typed.Get(inputBatchType)), Options: []web.Option{{Label: text("batch.type.choose")}}}
	for _, t := range p.Service.Types().Types() {
		if !p.Service.Types().Retired(t.Code) {
			kinds.Options = append(kinds.Options, web.Option{Value: t.Code, Label: t.Name.In(locale)})
		}
	}
	page, status := web.Page{Title: text("batch.new"), Self: BatchesPath + "/new"}, http.StatusOK
	if refusal != nil {
		code := fault.CodeOf(refusal)
		status = fault.MetaOf(code).Status
		page.Errors = p.Renderer.FieldErrors(r, refusal, map[string]string{"file": inputBatchFile})
		if page.Errors[0].Field == "" {
			page.Errors[0].Field = map[fault.Code]string{fault.LicenseAuthority: inputBatchAuthority, fault.LicenseTypeUnknown: inputBatchType, fault.TypeRetired: inputBatchType, fault.TooLarge: inputBatchFile}[code]
		}
	}
	page.Body = web.AdminFormPage{Back: web.Link{Label: text("batch.list"), URL: BatchesPath}, Name: text("batch.new"), Advisory: text("batch.new.lead"), Action: BatchesPath, Hidden: []web.Hidden{{Name: inputBatchKey, Value: ident.New(p.Rand, "page")}}, Submit: text("batch.upload"),
		Fields: []web.FormField{
			{Name: inputBatchKind, Label: text("batch.kind"), Hint: text("batch.kind.hint"), Kind: web.InputSelect, Value: bounded(typed.Get(inputBatchKind)), Options: []web.Option{{Value: string(elicense.BatchIssue), Label: text("batch.kind.issue")}, {Value: string(elicense.BatchImport), Label: text("batch.kind.import")}}},
			kinds,
			{Name: inputBatchAuthority, Label: text("license.field.authority"), Value: bounded(typed.Get(inputBatchAuthority)), Max: 18},
			{Name: inputBatchFile, Label: text("batch.file"), Hint: p.Renderer.Text(r, "batch.file.hint", "megabytes", strconv.Itoa(batchfile.MaxOctets>>20), "rows", strconv.Itoa(batchfile.MaxRows), "documents", strconv.Itoa(batchfile.MaxArchived)), Kind: web.InputFile, Options: []web.Option{{Value: ".csv"}, {Value: ".jsonl"}, {Value: ".json"}, {Value: "text/csv"}, {Value: ".zip"}}},
			{Name: inputBatchFormat, Label: text("batch.format"), Kind: web.InputSelect, Value: bounded(typed.Get(inputBatchFormat)), Options: []web.Option{{Label: text("batch.format.by_name")}, {Value: string(batchfile.CSV), Label: "CSV"}, {Value: string(batchfile.JSONLines), Label: text("batch.format.jsonl")}, {Value: string(batchfile.Archive), Label: text("batch.format.zip")}}},
			{Name: inputBatchEncoding, Label: text("batch.encoding"), Kind: web.InputSelect, Value: bounded(typed.Get(inputBatchEncoding)), Options: []web.Option{{Value: string(batchfile.Auto), Label: text("batch.encoding.auto")}, {Value: string(batchfile.UTF8), Label: "UTF-8"}, {Value: string(batchfile.GB18030), Label: "GB 18030"}}},
		}}
	return p.Page(w, r, status, "admin-form", page)
}

// batchUpload takes a file and leads to the page of the batch, on which its trial stands.
func (p *Pages) batchUpload(w http.ResponseWriter, r *http.Request) error {
	if len(reqctx.From(r.Context()).Actor.Reach(elicense.RoleClerk)) == 0 { // before anything large is read
		return forbidden(r)
	}
	o, err := readBatchForm(w, r)
	if err == nil {
		var b elicense.Batch
		if b, _, err = p.Service.AddBatch(r.Context(), o); err == nil {
			http.Redirect(w, r, batchURL(b.ID), http.StatusSeeOther)
			return nil
		}
	}
	if slices.Contains([]fault.Code{fault.Invalid, fault.TooLarge, fault.BatchFile, fault.BatchEncoding, fault.BatchKey, fault.LicenseAuthority, fault.LicenseTypeUnknown, fault.TypeRetired}, fault.CodeOf(err)) {
		return p.showBatchForm(w, r, r.PostForm, err)
	}
	return err
}

// parseUpload reads a form with a file. All of it stays in memory: nothing of a file is written to disk before it is encrypted.
func parseUpload(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxBatchForm)
	if err := r.ParseMultipartForm(maxBatchForm); err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return fault.Wrap(err, fault.TooLarge, "limit", strconv.Itoa(batchfile.MaxOctets>>20)+" MiB")
		}
		return fault.Wrap(err, fault.Malformed)
	}
	return nil
}

// readBatchForm reads the form of an upload.
func readBatchForm(w http.ResponseWriter, r *http.Request) (o elicense.BatchOrder, err error) {
	if err := parseUpload(w, r); err != nil {
		return o, err
	}
	form := r.PostForm
	o = elicense.BatchOrder{Key: form.Get(inputBatchKey), Kind: elicense.BatchKind(form.Get(inputBatchKind)), TypeCode: form.Get(inputBatchType), AuthorityCode: strings.TrimSpace(form.Get(inputBatchAuthority)), Format: batchfile.Format(form.Get(inputBatchFormat)), Encoding: batchfile.Encoding(form.Get(inputBatchEncoding))}
	for _, header := range r.MultipartForm.File[inputBatchFile] {
		file, err := header.Open()
		if err != nil {
			return o, fault.Wrap(err, fault.Malformed)
		}
		o.Name, o.Content = header.Filename, make([]byte, header.Size)
		_, err = io.ReadFull(file, o.Content)
		if err := errors.Join(err, file.Close()); err != nil {
			return o, fault.Wrap(err, fault.Malformed)
		}
	}
	if o.Format == "" {
		o.Format = formatByName(o.Name)
	}
	return o, nil
}

// formatByName is the format of a file whose name says so, and CSV of all others.
func formatByName(name string) batchfile.Format {
	if slices.Contains([]string{".jsonl", ".ndjson", ".json"}, strings.ToLower(path.Ext(name))) {
		return batchfile.JSONLines
	}
	if strings.EqualFold(path.Ext(name), ".zip") {
		return batchfile.Archive
	}
	return batchfile.CSV
}

func (p *Pages) batchDetail(w http.ResponseWriter, r *http.Request) error {
	return p.showBatch(w, r, "", nil)
}

// showBatch shows a batch with a page of its rows; tried is the action that was refused.
func (p *Pages) showBatch(w http.ResponseWriter, r *http.Request, tried string, refusal error) error {
	b, counts, err := p.Service.FindBatch(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	text := func(key string) string { return p.Renderer.Text(r, key) }
	rows, err := p.batchRowsSection(r, b, counts)
	if err != nil {
		return err
	}
	body := web.AdminDetailPage{Back: web.Link{Label: text("batch.list"), URL: BatchesPath}, Name: cmp.Or(b.Name, b.ID), Under: b.ID, Status: batchWord(b.Kind, b.State), Hidden: []web.Hidden{{Name: web.InputVersion, Value: strconv.FormatInt(b.Revision, 10)}}, Facts: p.batchFacts(r, b, counts)}
	page, status := web.Page{Title: text("batch.list"), Self: batchURL(b.ID)}, http.StatusOK
	actions := p.batchActionsFor(r, b)
	if refusal != nil {
		status = fault.MetaOf(fault.CodeOf(refusal)).Status
		page.Errors = p.Renderer.FieldErrors(r, refusal, map[string]string{"note": "batch-" + tried + "-reason"})
		if page.Errors[0].Field == "" {
			page.Errors[0].Field = inputBatchRows
		}
		reopened(actions, "batch-"+tried, r.PostForm.Get("reason"), page.Errors[0].Message)
	}
	if len(actions) > 0 {
		body.Sections = append(body.Sections, web.AdminSection{ID: "batch-next", Title: text("batch.next"), Actions: actions})
	}
	body.Sections = append(body.Sections, rows, p.mappingSection(r, b))
	page.Body = body
	return p.Page(w, r, status, "admin-detail", page)
}

func (p *Pages) batchFacts(r *http.Request, b elicense.Batch, counts map[elicense.RowState]int) []web.ShownField {
	locale, text := p.Renderer.Locale(r), func(key string) string { return p.Renderer.Text(r, key) }
	var told []string
	for _, state := range elicense.RowStates {
		if counts[state] > 0 {
			told = append(told, p.Renderer.Word(r, "status.", rowWord(b.Kind, state))+" "+strconv.Itoa(counts[state]))
		}
	}
	facts := []web.ShownField{{Label: text("batch.kind"), Value: text("batch.kind." + string(b.Kind))}, {Label: text("type.name"), Value: p.batchTypeName(b, locale)}, {Label: text("license.field.authority"), Value: b.AuthorityCode}, {Label: text("batch.rows"), Value: strconv.Itoa(b.Rows)}, {Label: text("batch.counts"), Value: strings.Join(told, " · ")}}
	add := func(key, value string) {
		if value != "" {
			facts = append(facts, web.ShownField{Label: text(key), Value: value})
		}
	}
	if b.State != elicense.BatchChecked && b.State != elicense.BatchReturned {
		add(kindKey(b, "which"), text(kindKey(b, "which."+whichRows(b.Whole))))
	}
	if b.Problem != "" {
		meta := fault.MetaOf(b.Problem)
		add("batch.problem", meta.Title.In(locale)+text("page.sentence_gap")+meta.Hint.In(locale)+" "+string(b.Problem))
	}
	add("batch.note", b.Note)
	add("batch.entrant", b.Entrant)
	add("batch.reviewer", b.Reviewer)
	add("batch.issuer", b.Issuer)
	add("batch.uploaded_at", dateTime(b.CreatedAt))
	add("batch.updated_at", dateTime(b.UpdatedAt))
	return facts
}

func whichRows(whole bool) string {
	if whole {
		return rowsWhole
	}
	return rowsGood
}

// rowFilter is the state of the rows that a page or file of a batch is asked for; none is all.
func rowFilter(r *http.Request) []elicense.RowState {
	state := elicense.RowState(r.URL.Query().Get("result"))
	if r.Method != http.MethodGet || !slices.Contains(elicense.RowStates, state) {
		return nil
	}
	return []elicense.RowState{state}
}

// batchRowsSection is a page of the rows in the state that is asked for: what is wrong with them, or their receipts.
func (p *Pages) batchRowsSection(r *http.Request, b elicense.Batch, counts map[elicense.RowState]int) (web.AdminSection, error) {
	text := func(key string) string { return p.Renderer.Text(r, key) }
	states := rowFilter(r)
	section := web.AdminSection{ID: "batch-rows", Title: text("batch.results"), Text: text(kindKey(b, "results.text")), Tabs: []web.NavLink{{Label: p.Renderer.Text(r, "batch.tab", "label", text("page.all"), "n", strconv.Itoa(b.Rows)), URL: batchURL(b.ID) + "#batch-rows", Current: states == nil}}}
	for _, state := range elicense.RowStates {
		if counts[state] > 0 || slices.Contains(states, state) {
			section.Tabs = append(section.Tabs, web.NavLink{Label: p.Renderer.Text(r, "batch.tab", "label", p.Renderer.Word(r, "status.", rowWord(b.Kind, state)), "n", strconv.Itoa(counts[state])), URL: batchURL(b.ID) + "?result=" + string(state) + "#batch-rows", Current: slices.Contains(states, state)})
		}
	}
	mark, err := pagemark.After(r)
	if err != nil {
		return section, err
	}
	after := 0
	if mark != "" {
		if after, err = strconv.Atoi(mark); err != nil {
			return section, fault.Wrap(err, fault.Malformed)
		}
	}
	rows, err := p.Service.BatchRows(r.Context(), b.ID, states, after, batchPageSize)
	if err != nil {
		return section, err
	}
	receipts := slices.Contains(states, elicense.RowIssued)
	t := web.Table{Caption: text("batch.results"), Columns: []web.Column{{Label: text("batch.line")}, {Label: text("license.field.business_number")}}}
	if b.Kind == elicense.BatchImport {
		t.Columns = []web.Column{{Label: text("batch.line")}, {Label: text("licence.id")}, {Label: text("batch.told.import"), Wide: true}}
	} else if receipts {
		t.Caption = text("batch.receipts")
		t.Columns = append(t.Columns, web.Column{Label: text("batch.issued_at")}, web.Column{Label: text("licence.id")}, web.Column{Label: text("verify.sm3")})
	} else {
		t.Columns = append(t.Columns, web.Column{Label: text("batch.told"), Wide: true})
	}
	for _, row := range rows {
		shown := web.Row{Status: rowWord(b.Kind, row.State), Cells: []string{strconv.Itoa(row.Line), orDash(row.BusinessNumber)}}
		if b.Kind == elicense.BatchImport {
			shown.Cells = []string{strconv.Itoa(row.Line), orDash(row.LicenseID), orDash(cmp.Or(p.rowFaults(r, b, row), p.flagWords(r, row.Flags)))}
		} else if receipts {
			shown.Cells = append(shown.Cells, dateTime(row.IssuedAt), row.LicenseID, row.File)
		} else {
			shown.Cells = append(shown.Cells, orDash(cmp.Or(p.rowFaults(r, b, row), row.LicenseID)))
		}
		switch {
		case row.State == elicense.RowTaken:
			shown.URL = importURL(row.License)
		case row.License != "":
			shown.URL = "/license/" + url.PathEscape(row.License)
		case !b.State.Ended():
			shown.URL = batchURL(b.ID) + "/rows/" + strconv.Itoa(row.Line)
		}
		t.Rows = append(t.Rows, shown)
	}
	if len(rows) == batchPageSize {
		filter := ""
		if states != nil {
			filter = "?result=" + string(states[0])
		}
		t.NextURL = pagemark.Onward(r, batchURL(b.ID)+filter+"#batch-rows", strconv.Itoa(rows[len(rows)-1].Line))
	}
	section.Table = &t
	files := batchURL(b.ID) + "/results"
	section.Links = []web.Link{{Label: text("batch.download.all"), URL: files}}
	if counts[elicense.RowRefused] > 0 {
		section.Links = append(section.Links, web.Link{Label: text("batch.download.faults"), URL: files + "?result=" + string(elicense.RowRefused)})
	}
	if counts[elicense.RowTaken] > 0 {
		section.Links = append(section.Links, web.Link{Label: text("import.download.receipts"), URL: files + "?result=" + string(elicense.RowTaken)})
	}
	if counts[elicense.RowIssued] > 0 {
		section.Links = append(section.Links, web.Link{Label: text("batch.download.receipts"), URL: files + "?result=" + string(elicense.RowIssued)})
	}
	return section, nil
}

// rowFaults tells what is wrong with a row: where, what, and the code.
func (p *Pages) rowFaults(r *http.Request, b elicense.Batch, row elicense.BatchRow) string {
	var all []string
	for _, one := range batchRow(p.Renderer.Locale(r), row).Problems {
		told := one.Message + " (" + one.Code + ")"
		if where := cmp.Or(one.Column, p.valueName(r, b, one.Field)); where != "" {
			told = p.Renderer.Text(r, "batch.fault", "where", where, "what", told)
		}
		all = append(all, told)
	}
	return strings.Join(all, p.Renderer.Text(r, "batch.faults_gap"))
}

// valueName is the name of a value of a batch for people.
func (p *Pages) valueName(r *http.Request, b elicense.Batch, key string) string {
	switch t := p.Service.TypeOf(elicense.License{TypeCode: b.TypeCode, Template: b.Template}); {
	case key == elicense.KeyBusiness:
		return p.Renderer.Text(r, "license.field.business_number")
	case t == nil:
		return key
	default:
		return t.Label(key, p.Renderer.Locale(r))
	}
}

// mappingSection tells which column gives which value.
func (p *Pages) mappingSection(r *http.Request, b elicense.Batch) web.AdminSection {
	text := func(key string) string { return p.Renderer.Text(r, key) }
	section := web.AdminSection{ID: "batch-mapping", Title: text("batch.mapping"), Text: text("batch.mapping.text")}
	if t := p.Service.TypeOf(elicense.License{TypeCode: b.TypeCode, Template: b.Template}); t != nil {
		fields, required := b.Kind.Fields(t)
		for _, key := range fields {
			column := b.Mapping[key]
			if column == "" && required[key] {
				column = text("batch.mapping.missing")
			}
			section.Facts = append(section.Facts, web.ShownField{Label: p.valueName(r, b, key), Value: orDash(column)})
		}
	}
	if mayMap(r, b) {
		section.Links = []web.Link{{Label: text("batch.mapping.change"), URL: batchURL(b.ID) + "/mapping"}}
	}
	return section
}

// mayMap tells that a batch is still in the hands of the actor, who uploaded it.
func mayMap(r *http.Request, b elicense.Batch) bool {
	actor := reqctx.From(r.Context()).Actor
	return b.Entrant == actor.ID && actor.Reaches(b.Area, elicense.RoleClerk) && slices.Contains([]elicense.BatchState{elicense.BatchChecked, elicense.BatchReturned}, b.State)
}

func (p *Pages) batchMapping(w http.ResponseWriter, r *http.Request) error {
	return p.showMapping(w, r, nil, nil)
}

// showMapping shows the form of the mapping; given is what was chosen, where it was refused.
func (p *Pages) showMapping(w http.ResponseWriter, r *http.Request, given map[string]string, refusal error) error {
	b, _, err := p.Service.FindBatch(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	t, ok := p.Service.Types().Find(b.TypeCode)
	switch {
	case !ok:
		return fault.New(fault.LicenseTypeUnknown)
	case b.Entrant != reqctx.From(r.Context()).Actor.ID:
		return fault.New(fault.Forbidden)
	case !mayMap(r, b):
		return fault.New(fault.BatchState)
	case given == nil:
		given = b.Mapping
	}
	text := func(key string) string { return p.Renderer.Text(r, key) }
	columns := []web.Option{{Label: text("batch.mapping.none")}}
	for i, column := range b.Columns {
		columns = append(columns, web.Option{Value: strconv.Itoa(i), Label: column})
	}
	body := web.AdminFormPage{Back: web.Link{Label: cmp.Or(b.Name, b.ID), URL: batchURL(b.ID)}, Name: text("batch.mapping"), Advisory: text("batch.mapping.lead"), Action: batchURL(b.ID) + "/mapping", Submit: text("batch.mapping.save")}
	page, status := web.Page{Title: text("batch.mapping"), Self: batchURL(b.ID) + "/mapping"}, http.StatusOK
	ids, names := map[string]string{}, map[string]string{}
	fields, required := b.Kind.Fields(t)
	for _, key := range fields {
		field := web.FormField{Name: mappedPrefix + key, Label: p.valueName(r, b, key), Kind: web.InputSelect, Options: columns, Optional: !required[key]}
		if i := slices.Index(b.Columns, given[key]); i >= 0 {
			field.Value = strconv.Itoa(i)
		}
		body.Fields = append(body.Fields, field)
		ids["mapping."+key], names[field.Name] = field.Name, field.Label
	}
	if refusal != nil {
		status = fault.MetaOf(fault.CodeOf(refusal)).Status
		page.Errors = p.Renderer.FieldErrors(r, refusal, ids)
		for i, one := range page.Errors { // the list of what is wrong stands apart from the inputs
			if names[one.Field] != "" {
				page.Errors[i].Message = p.Renderer.Text(r, "batch.fault", "where", names[one.Field], "what", one.Message)
			}
		}
	}
	page.Body = body
	return p.Page(w, r, status, "admin-form", page)
}

// batchMap sets the columns, which the form names by their places: names may hold what a form changes.
func (p *Pages) batchMap(w http.ResponseWriter, r *http.Request) error {
	typed, err := typedForm(w, r)
	if err != nil {
		return err
	}
	b, _, err := p.Service.FindBatch(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	mapping := map[string]string{}
	for name := range typed {
		key, ok := strings.CutPrefix(name, mappedPrefix)
		if !ok || typed.Get(name) == "" {
			continue
		}
		i, err := strconv.Atoi(typed.Get(name))
		if err != nil || i < 0 || i >= len(b.Columns) {
			return fault.Wrap(err, fault.Malformed)
		}
		mapping[key] = b.Columns[i]
	}
	_, err = p.Service.MapBatch(r.Context(), b.ID, mapping)
	if fault.CodeOf(err) == fault.Invalid {
		return p.showMapping(w, r, mapping, err)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, batchURL(b.ID)+"#batch-rows", http.StatusSeeOther)
	return nil
}

// batchStep is what the page of a batch offers to do.
type batchStep struct {
	name   string
	role   string
	danger bool
	reason bool
	own    bool // of who uploaded it; where it is not, of the others for a review
	from   []elicense.BatchState
	do     func(p *Pages, r *http.Request, id string) error
}

func reviewBatchAs(decision elicense.Decision) func(*Pages, *http.Request, string) error {
	return func(p *Pages, r *http.Request, id string) error {
		_, err := p.Service.ReviewBatch(r.Context(), id, decision, strings.TrimSpace(r.PostForm.Get("reason")), revision(r.PostForm))
		return err
	}
}

func stepBatch(step elicense.BatchStep) func(*Pages, *http.Request, string) error {
	return func(p *Pages, r *http.Request, id string) error {
		_, err := p.Service.StepBatch(r.Context(), id, step)
		return err
	}
}

var batchSteps = []batchStep{
	{"submit", elicense.RoleClerk, false, false, true, []elicense.BatchState{elicense.BatchChecked, elicense.BatchReturned}, func(p *Pages, r *http.Request, id string) error {
		_, err := p.Service.SubmitBatch(r.Context(), id, r.PostForm.Get(inputBatchRows) == rowsWhole)
		return err
	}},
	{"approve", elicense.RoleReviewer, false, false, false, []elicense.BatchState{elicense.BatchInReview}, reviewBatchAs(elicense.Approve)},
	{"return", elicense.RoleReviewer, false, true, false, []elicense.BatchState{elicense.BatchInReview}, reviewBatchAs(elicense.Return)},
	{"reject", elicense.RoleReviewer, true, true, false, []elicense.BatchState{elicense.BatchInReview}, reviewBatchAs(elicense.Reject)},
	{"start", elicense.RoleIssuer, false, false, false, []elicense.BatchState{elicense.BatchApproved}, stepBatch(elicense.BatchStart)},
	{"resume", elicense.RoleIssuer, false, false, false, []elicense.BatchState{elicense.BatchPaused}, stepBatch(elicense.BatchStart)},
	{"pause", elicense.RoleIssuer, false, false, false, []elicense.BatchState{elicense.BatchRunning}, stepBatch(elicense.BatchPause)},
	{"cancel", elicense.RoleIssuer, true, false, false, []elicense.BatchState{elicense.BatchApproved, elicense.BatchRunning, elicense.BatchPaused}, stepBatch(elicense.BatchCancel)},
}

// batchActionsFor are what the actor may do with a batch as it stands. Nobody reviews what they uploaded.
func (p *Pages) batchActionsFor(r *http.Request, b elicense.Batch) (list []web.StateAction) {
	actor := reqctx.From(r.Context()).Actor
	text := func(key string) string { return p.Renderer.Text(r, key) }
	for _, s := range batchSteps {
		mine := b.Entrant == actor.ID
		if !slices.Contains(s.from, b.State) || !actor.Reaches(b.Area, s.role) || s.own && !mine || s.role == elicense.RoleReviewer && mine {
			continue
		}
		action := web.StateAction{ID: "batch-" + s.name, Label: text(kindKey(b, "action."+s.name)), URL: batchURL(b.ID) + "/" + s.name, Effect: text(kindKey(b, "effect."+s.name)), Danger: s.danger, NoReason: !s.reason}
		if s.name == "submit" {
			action.Fields = []web.FormField{{Name: inputBatchRows, Label: text(kindKey(b, "which")), Kind: web.InputSelect, Value: bounded(cmp.Or(r.PostForm.Get(inputBatchRows), whichRows(b.Whole))), Options: []web.Option{{Value: rowsGood, Label: text(kindKey(b, "which.good"))}, {Value: rowsWhole, Label: text(kindKey(b, "which.whole"))}}}}
		}
		list = append(list, action)
	}
	return list
}

func (p *Pages) batchAction(w http.ResponseWriter, r *http.Request) error {
	if _, err := typedForm(w, r); err != nil {
		return err
	}
	for _, s := range batchSteps {
		if s.name != r.PathValue("action") {
			continue
		}
		err := s.do(p, r, r.PathValue("id"))
		if slices.Contains([]fault.Code{fault.Invalid, fault.BatchRows}, fault.CodeOf(err)) {
			return p.showBatch(w, r, s.name, err)
		}
		if err != nil {
			return err
		}
		http.Redirect(w, r, batchURL(r.PathValue("id")), http.StatusSeeOther)
		return nil
	}
	return fault.New(fault.NotFound)
}

// batchRow shows what stands in a line of the file, and what is wrong with it.
func (p *Pages) batchRow(w http.ResponseWriter, r *http.Request) error {
	line, err := strconv.Atoi(r.PathValue("row"))
	if err != nil || line < 1 {
		return fault.Wrap(err, fault.NotFound)
	}
	cells, err := p.Service.BatchLine(r.Context(), r.PathValue("id"), line)
	if err != nil {
		return err
	}
	b, _, err := p.Service.FindBatch(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	rows, err := p.Service.BatchRows(r.Context(), b.ID, nil, line-1, 1)
	if err != nil {
		return err
	}
	locale, text := p.Renderer.Locale(r), func(key string) string { return p.Renderer.Text(r, key) }
	content := web.AdminSection{ID: "batch-cells", Title: text("batch.cells"), Text: text("batch.cells.text")}
	for _, cell := range cells {
		content.Facts = append(content.Facts, web.ShownField{Label: cell.Column, Value: orDash(cell.Value)})
	}
	body := web.AdminDetailPage{Back: web.Link{Label: cmp.Or(b.Name, b.ID), URL: batchURL(b.ID) + "#batch-rows"}, Name: p.Renderer.Text(r, "batch.line.n", "n", strconv.Itoa(line))}
	for _, row := range rows {
		body.Status = rowWord(b.Kind, row.State)
		for _, one := range batchRow(locale, row).Problems {
			body.Facts = append(body.Facts, web.ShownField{Label: cmp.Or(one.Column, p.valueName(r, b, one.Field), text("batch.line")), Value: one.Message + text("page.sentence_gap") + one.Hint + " " + one.Code})
		}
	}
	body.Sections = []web.AdminSection{content}
	w.Header().Set("Cache-Control", "private, no-store")
	return p.Page(w, r, http.StatusOK, "admin-detail", web.Page{Title: text("batch.list"), Self: batchURL(b.ID), Body: body})
}

// batchFile sends the rows in the state that is asked for as CSV. That they were taken along is on record before they leave.
func (p *Pages) batchFile(w http.ResponseWriter, r *http.Request) error {
	b, counts, err := p.Service.FindBatch(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	states, rows, name := rowFilter(r), b.Rows, b.ID
	if states != nil {
		rows, name = counts[states[0]], b.ID+"-"+string(states[0])
	}
	if p.Exported != nil {
		if err := p.Exported(r.Context(), batchURL(b.ID), rows); err != nil {
			return err
		}
	}
	resultsHead(w.Header().Set, name)
	_ = writeResults(r.Context(), p.Service, w, b.ID, states) // see there
	return nil
}
