package licensehttp

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/batchfile"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/orderform"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/internal/safecsv"
)

const (
	maxBatchForm = batchfile.MaxOctets + 1<<20
	batchTime    = time.Minute // for a file to arrive
	resultsPage  = 1000
)

// LicenseBatchOrder is what goes with the file of a batch.
type LicenseBatchOrder struct {
	Kind      string            `json:"kind,omitempty" enum:"issue,import" doc:"issue when it is not given; import puts licences on record that were issued elsewhere"`
	TypeCode  string            `json:"license_type_code" maxLength:"21"`
	Authority string            `json:"issuing_authority_code" maxLength:"18"`
	Format    string            `json:"format,omitempty" enum:"csv,jsonl,zip" doc:"csv when it is not given; jsonl is a JSON object a line, its members texts or lists of texts; zip, of an import, holds OFD documents"`
	Encoding  string            `json:"encoding,omitempty" enum:"auto,utf-8,gb18030" doc:"auto when it is not given"`
	Mapping   map[string]string `json:"mapping,omitempty" doc:"Our name of a value (business_number, holder_name, a field of the type, …) to the column; proposed from the header when it is not given"`
}

// LicenseBatchRecord is a batch.
type LicenseBatchRecord struct {
	ID        string            `json:"id"`
	Kind      string            `json:"kind" enum:"issue,import" doc:"import puts licences on record that were issued elsewhere"`
	Revision  int64             `json:"revision" doc:"Grows with every change"`
	State     string            `json:"state" enum:"checked,in_review,returned,rejected,approved,running,paused,done,cancelled" doc:"checked: every row was tried and nothing is issued"`
	Name      string            `json:"name,omitempty" doc:"Name of the file"`
	TypeCode  string            `json:"license_type_code"`
	Authority string            `json:"issuing_authority_code"`
	Columns   []string          `json:"columns"`
	Mapping   map[string]string `json:"mapping"`
	Rows      int               `json:"rows"`
	Counts    map[string]int    `json:"counts,omitempty" doc:"Rows by state; in the answers about one batch"`
	Whole     bool              `json:"whole" doc:"All rows or none"`
	Entrant   string            `json:"entrant"`
	Reviewer  string            `json:"reviewer,omitempty"`
	Issuer    string            `json:"issuer,omitempty"`
	Note      string            `json:"note,omitempty" doc:"Why it was returned or rejected"`
	Problem   string            `json:"problem,omitempty" doc:"Code of what made it pause"`
	CreatedAt time.Time         `json:"created_at"`
	UpdatedAt time.Time         `json:"updated_at"`
}

// LicenseBatchRow is a row of a batch with its receipt.
type LicenseBatchRow struct {
	Line           int                 `json:"line" doc:"Line of the file where the row begins"`
	BusinessNumber string              `json:"business_number,omitempty"`
	Result         string              `json:"result" enum:"ready,issued,taken,later,refused,cancelled" doc:"ready: it can be issued or taken; taken: it is on record, of an import; later: it was tried and is tried again"`
	Flags          []string            `json:"flags,omitempty" doc:"What is not proven, or not as the standards ask, of a licence that was issued elsewhere: no_file, sealed_elsewhere, untrusted_issuer, legacy_identifier, other_issuer, values_incomplete, status_unknown"`
	Problems       []LicenseRowProblem `json:"problems,omitempty"`
	License        string              `json:"id,omitempty" doc:"The licence, or the record of one that was issued elsewhere"`
	LicenseID      string              `json:"license_id,omitempty" doc:"Its identifier (GB/T 36904)"`
	FileSM3        string              `json:"file_sm3,omitempty" doc:"SM3 of the sealed document"`
	IssuedAt       *time.Time          `json:"issued_at,omitempty" doc:"Of the licence; in an import when it was put on record"`
}

// LicenseRowProblem is one thing wrong with a row.
type LicenseRowProblem struct {
	Code    string `json:"code"`
	Field   string `json:"field,omitempty" doc:"Our name of the value"`
	Column  string `json:"column,omitempty" doc:"Column of the file"`
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

// LicenseBatchList is a page of batches.
type LicenseBatchList struct {
	Items []LicenseBatchRecord `json:"items"`
	Next  string               `json:"next,omitempty" doc:"Cursor of the next page, as after"`
}

// LicenseBatchRows is a page of rows.
type LicenseBatchRows struct {
	Items []LicenseBatchRow `json:"items"`
	Next  int               `json:"next,omitempty" doc:"Line after which the next page begins, as after"`
}

type batchOutput struct{ Body LicenseBatchRecord }

// LicenseBatchPath names a batch.
type LicenseBatchPath struct {
	ID string `path:"id" maxLength:"40"`
}

func registerLicenseBatches(to huma.API, a *api) {
	huma.Register(to, operation("get-imported-license", http.MethodGet, "/api/v1/imported-licenses/{id}", "Read a licence that was issued elsewhere and put on record here"), a.imported)
	huma.Register(to, operation("get-imported-license-file", http.MethodGet, "/api/v1/imported-licenses/{id}/file", "Download the document of a licence that was issued elsewhere, as it came"), a.importedFile)
	order := huma.SchemaFromType(to.OpenAPI().Components.Schemas, reflect.TypeFor[LicenseBatchOrder]())
	upload := operation("add-license-batch", http.MethodPost, "/api/v1/license-batches", "Upload a batch of applications and try every row")
	upload.Description = "Nothing is issued. Every row is judged as an application is, with the register; see list-license-batch-rows. The same key with the same content gives the batch that is there."
	upload.MaxBodyBytes, upload.BodyReadTimeout, upload.SkipValidateBody, upload.DefaultStatus = maxBatchForm, batchTime, true, http.StatusCreated
	upload.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{Type: huma.TypeObject, Required: []string{"order", "file"},
		Properties: map[string]*huma.Schema{
			"order": order,
			"file":  {Type: huma.TypeString, Format: "binary", Description: fmt.Sprintf("At most %d MiB and %d rows", batchfile.MaxOctets>>20, batchfile.MaxRows)},
		}}}}}
	huma.Register(to, upload, a.addBatch)
	huma.Register(to, operation("list-license-batches", http.MethodGet, "/api/v1/license-batches", "List batches of licences, newest first"), a.batches)
	huma.Register(to, operation("get-license-batch", http.MethodGet, "/api/v1/license-batches/{id}", "Read a batch of licences"), a.batch)
	huma.Register(to, operation("list-license-batch-rows", http.MethodGet, "/api/v1/license-batches/{id}/rows", "List the rows of a batch with what is wrong with them, or their receipts"), a.batchRows)
	results := operation("get-license-batch-results", http.MethodGet, "/api/v1/license-batches/{id}/results", "Download the rows of a batch as CSV")
	results.Responses = map[string]*huma.Response{"200": {Description: "All rows", Content: map[string]*huma.MediaType{"text/csv": {Schema: &huma.Schema{Type: huma.TypeString}}}}}
	huma.Register(to, results, a.batchResults)
	line := operation("get-license-batch-line", http.MethodGet, "/api/v1/license-batches/{id}/rows/{line}", "Read what stands in a line of the file of a batch, until the batch ends")
	huma.Register(to, line, a.batchLine)
	huma.Register(to, operation("map-license-batch", http.MethodPost, "/api/v1/license-batches/{id}/mapping", "Set the columns of a batch and try every row again; for who uploaded it"), a.mapBatch)
	huma.Register(to, operation("submit-license-batch", http.MethodPost, "/api/v1/license-batches/{id}/submission", "Hand a batch in for review; for who uploaded it"), a.submitBatch)
	huma.Register(to, operation("review-license-batch", http.MethodPost, "/api/v1/license-batches/{id}/review", "Approve, return or reject a batch; not for who uploaded it"), a.reviewBatch)
	for step, words := range map[elicense.BatchStep]string{elicense.BatchStart: "Start an approved batch, or go on after a pause", elicense.BatchPause: "Pause a batch after the row under way", elicense.BatchCancel: "Cancel what is left of a batch; what is issued stays"} {
		huma.Register(to, operation(string(step)+"-license-batch", http.MethodPost, "/api/v1/license-batches/{id}/"+string(step), words), func(ctx context.Context, in *LicenseBatchPath) (*batchOutput, error) {
			b, err := a.service.StepBatch(ctx, in.ID, step)
			return a.batchRecord(ctx, b, err)
		})
	}
}

// batchRecord is a batch with its counts.
func (a *api) batchRecord(ctx context.Context, b elicense.Batch, err error) (*batchOutput, error) {
	if err != nil {
		return nil, err
	}
	b, counts, err := a.service.FindBatch(ctx, b.ID)
	if err != nil {
		return nil, err
	}
	out := &batchOutput{recordOfBatch(b)}
	out.Body.Counts = map[string]int{}
	for _, state := range elicense.RowStates {
		out.Body.Counts[string(state)] = counts[state]
	}
	return out, nil
}

func recordOfBatch(b elicense.Batch) LicenseBatchRecord {
	return LicenseBatchRecord{ID: b.ID, Kind: string(b.Kind), Revision: b.Revision, State: string(b.State), Name: b.Name, TypeCode: b.TypeCode, Authority: b.AuthorityCode, Columns: b.Columns, Mapping: b.Mapping, Rows: b.Rows, Whole: b.Whole,
		Entrant: b.Entrant, Reviewer: b.Reviewer, Issuer: b.Issuer, Note: b.Note, Problem: string(b.Problem), CreatedAt: b.CreatedAt, UpdatedAt: b.UpdatedAt}
}

func (a *api) addBatch(ctx context.Context, in *struct {
	Key         string `header:"Idempotency-Key" required:"true" minLength:"8" maxLength:"128" doc:"The same key gives the same batch"`
	ContentType string `header:"Content-Type"`
	RawBody     []byte
}) (*batchOutput, error) {
	switch actor := reqctx.From(ctx).Actor; { // before anything is told of the file
	case actor.ID == "":
		return nil, fault.New(fault.Unauthenticated)
	case len(actor.Reach(elicense.RoleClerk)) == 0:
		return nil, fault.New(fault.Forbidden)
	}
	o, err := batchOrder(in.ContentType, in.RawBody)
	if err != nil {
		return nil, err
	}
	o.Key = in.Key
	b, _, err := a.service.AddBatch(ctx, o)
	return a.batchRecord(ctx, b, err)
}

// batchOrder reads the form of a batch.
func batchOrder(contentType string, body []byte) (o elicense.BatchOrder, err error) {
	var order LicenseBatchOrder
	file, err := orderform.Read(contentType, body, &order)
	if err != nil {
		return o, err
	}
	o.Name, o.Content = file.Name, file.Content
	o.TypeCode, o.AuthorityCode, o.Mapping = order.TypeCode, order.Authority, order.Mapping
	o.Kind, o.Format, o.Encoding = elicense.BatchKind(order.Kind), batchfile.Format(order.Format), batchfile.Encoding(order.Encoding)
	if o.Format == "" {
		o.Format = batchfile.CSV
	}
	return o, nil
}

func (a *api) batches(ctx context.Context, in *struct {
	State string `query:"state" maxLength:"20"`
	After string `query:"after" maxLength:"400" doc:"Cursor of the page before; it holds for the same caller, path and filter"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}) (*struct{ Body LicenseBatchList }, error) {
	page, next, err := a.service.ListBatches(ctx, elicense.BatchFilter{State: elicense.BatchState(in.State), After: in.After, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	out := &struct{ Body LicenseBatchList }{LicenseBatchList{Items: []LicenseBatchRecord{}, Next: next}}
	for _, b := range page {
		out.Body.Items = append(out.Body.Items, recordOfBatch(b))
	}
	return out, nil
}

func (a *api) batch(ctx context.Context, in *LicenseBatchPath) (*batchOutput, error) {
	return a.batchRecord(ctx, elicense.Batch{ID: in.ID}, nil)
}

func (a *api) batchRows(ctx context.Context, in *struct {
	LicenseBatchPath
	Result string `query:"result" enum:"ready,issued,taken,later,refused,cancelled"`
	After  int    `query:"after" minimum:"0" doc:"Line of the last row of the page before"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}) (*struct{ Body LicenseBatchRows }, error) {
	var states []elicense.RowState
	if in.Result != "" {
		states = append(states, elicense.RowState(in.Result))
	}
	rows, err := a.service.BatchRows(ctx, in.ID, states, in.After, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &struct{ Body LicenseBatchRows }{LicenseBatchRows{Items: []LicenseBatchRow{}}}
	for _, r := range rows {
		out.Body.Items = append(out.Body.Items, batchRow(reqctx.From(ctx).Locale, r))
	}
	if len(rows) == in.Limit {
		out.Body.Next = rows[len(rows)-1].Line
	}
	return out, nil
}

func batchRow(locale string, r elicense.BatchRow) LicenseBatchRow {
	out := LicenseBatchRow{Line: r.Line, BusinessNumber: r.BusinessNumber, Result: string(r.State), License: r.License, LicenseID: r.LicenseID, FileSM3: r.File}
	if !r.IssuedAt.IsZero() {
		out.IssuedAt = &r.IssuedAt
	}
	for _, flag := range r.Flags {
		out.Flags = append(out.Flags, string(flag))
	}
	for _, f := range r.Faults {
		meta := fault.MetaOf(f.Code)
		out.Problems = append(out.Problems, LicenseRowProblem{Code: string(f.Code), Field: f.Field, Column: f.Column, Message: meta.Title.In(locale), Hint: meta.Hint.In(locale)})
	}
	return out
}

// batchResults writes all rows, a line for each thing wrong with one. What it writes can be opened in a spreadsheet: no cell is a formula.
func (a *api) batchResults(ctx context.Context, in *LicenseBatchPath) (*huma.StreamResponse, error) {
	if _, _, err := a.service.FindBatch(ctx, in.ID); err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hctx huma.Context) {
		resultsHead(hctx.SetHeader, in.ID)
		_ = writeResults(ctx, a.service, hctx.BodyWriter(), in.ID, nil) // see there
	}}, nil
}

// resultsHead is the head of a file of results.
func resultsHead(set func(name, value string), name string) {
	set("Content-Type", "text/csv; charset=utf-8")
	set("Content-Disposition", attachment(name+".csv"))
	set("Cache-Control", "private, no-store")
	set("X-Content-Type-Options", "nosniff")
}

// writeResults writes the rows in the states, all of them when none is named. A caller that goes away, or a store that does while it is written, leaves a
// file without the last line, which counts the rows.
func writeResults(ctx context.Context, service *elicense.Service, w io.Writer, id string, states []elicense.RowState) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil { // spreadsheets take it for UTF-8 only then
		return err
	}
	table := safecsv.New(w)
	_ = table.Write("line", "business_number", "result", "code", "column", "message", "hint", "id", "license_id", "file_sm3", "issued_at", "flags")
	total := 0
	for after := 0; ; {
		rows, err := service.BatchRows(ctx, id, states, after, resultsPage)
		if err != nil {
			return err
		}
		for _, row := range rows {
			r, at := batchRow(reqctx.From(ctx).Locale, row), ""
			if r.IssuedAt != nil {
				at = r.IssuedAt.UTC().Format(time.RFC3339)
			}
			problems := r.Problems
			if len(problems) == 0 {
				problems = []LicenseRowProblem{{}}
			}
			for _, p := range problems {
				_ = table.Write(strconv.Itoa(r.Line), r.BusinessNumber, r.Result, p.Code, p.Column, p.Message, p.Hint, r.License, r.LicenseID, r.FileSM3, at, strings.Join(r.Flags, " "))
			}
			after = r.Line
		}
		if total += len(rows); len(rows) < resultsPage {
			break
		}
	}
	_ = table.Write("rows", strconv.Itoa(total))
	return table.Flush()
}

// LicenseBatchLine is what stands in a line.
type LicenseBatchLine struct {
	Cells []LicenseBatchCell `json:"cells"`
}

// LicenseBatchCell is a cell.
type LicenseBatchCell struct {
	Column string `json:"column"`
	Value  string `json:"value"`
}

func (a *api) batchLine(ctx context.Context, in *struct {
	LicenseBatchPath
	Line int `path:"line" minimum:"1"`
}) (*struct{ Body LicenseBatchLine }, error) {
	cells, err := a.service.BatchLine(ctx, in.ID, in.Line)
	if err != nil {
		return nil, err
	}
	out := &struct{ Body LicenseBatchLine }{LicenseBatchLine{Cells: []LicenseBatchCell{}}}
	for _, c := range cells {
		out.Body.Cells = append(out.Body.Cells, LicenseBatchCell(c))
	}
	return out, nil
}

func (a *api) mapBatch(ctx context.Context, in *struct {
	LicenseBatchPath
	Body struct {
		Mapping map[string]string `json:"mapping" doc:"Our name of a value to the column"`
	}
}) (*batchOutput, error) {
	b, err := a.service.MapBatch(ctx, in.ID, in.Body.Mapping)
	return a.batchRecord(ctx, b, err)
}

func (a *api) submitBatch(ctx context.Context, in *struct {
	LicenseBatchPath
	Body struct {
		Whole bool `json:"whole" doc:"All rows or none: it is refused while one row is, and pauses when one is refused while it is made. Otherwise rows that are refused are left out"`
	}
}) (*batchOutput, error) {
	b, err := a.service.SubmitBatch(ctx, in.ID, in.Body.Whole)
	return a.batchRecord(ctx, b, err)
}

func (a *api) reviewBatch(ctx context.Context, in *struct {
	LicenseBatchPath
	Body struct {
		Decision string `json:"decision" enum:"approve,return,reject"`
		Note     string `json:"note,omitempty" maxLength:"500" doc:"Required to return or reject"`
		Seen     int64  `json:"seen,omitempty" minimum:"1" doc:"The revision that was read; where it is another by now, nothing is decided (409)"`
	}
}) (*batchOutput, error) {
	b, err := a.service.ReviewBatch(ctx, in.ID, elicense.Decision(in.Body.Decision), in.Body.Note, in.Body.Seen)
	return a.batchRecord(ctx, b, err)
}
