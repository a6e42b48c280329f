package adminhttp

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/intake"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/web"
)

// MaxImport bounds the file of an import by the API; larger ones go by `yinxin admin import`.
const MaxImport = 8 << 20

// Imports carries out imports of accounts; internal/app implements it.
type Imports interface {
	// Try checks a file and stores nothing; the results are the rows that would be left out, as many as limit.
	Try(ctx context.Context, in ImportOrder, limit int) (intake.Job, []intake.Result, error)
	// Start begins an import and answers it; it goes on by itself. ErrBusy while another one runs on this node.
	Start(ctx context.Context, in ImportOrder) (intake.Job, error)
	Job(ctx context.Context, id string) (intake.Job, error)
	Rows(ctx context.Context, id string, after, limit int) ([]intake.Result, error)
}

// ErrBusy: another import runs.
var ErrBusy = errors.New("adminhttp: another import runs")

// ImportOrder is a file with what it is.
type ImportOrder struct {
	Source  string         `json:"source" pattern:"^[a-z0-9_-]{1,64}$" example:"old-portal" doc:"Name of the system that the accounts come from"`
	Format  string         `json:"format" enum:"csv,json" example:"csv" doc:"Format of the content"`
	Mapping intake.Mapping `json:"mapping,omitzero" required:"false" doc:"Which column holds what; our names when absent"`
	Content string         `json:"content" minLength:"1" example:"external_id,mobile\nu1,13900000001\n" doc:"The file"`
	Trust   string         `json:"trust_source,omitempty" doc:"Upstream source whose level map is believed"`
	Resume  bool           `json:"resume,omitempty" doc:"Go on with an import of the same file that was broken off"`
}

// ImportRecord is an import on the wire.
type ImportRecord struct {
	intake.Job
	DryRun bool        `json:"dry_run" doc:"Nothing was stored"`
	Left   []ImportRow `json:"left,omitempty" doc:"Of a dry run: the first 200 rows that would be left out"`
}

// ImportRow is what became of a row, on the wire.
type ImportRow struct {
	Row       int    `json:"row" doc:"Number of the row, from 1, without the header"`
	Code      string `json:"code" example:"identifier_taken" doc:"What became of it"`
	AccountID string `json:"account_id,omitempty" doc:"Account that it made"`
}

func importRows(results []intake.Result) []ImportRow {
	var rows []ImportRow
	for _, r := range results {
		rows = append(rows, ImportRow{r.Row, string(r.Code), r.AccountID})
	}
	return rows
}

const tagImports = "account-imports"

// importsPart takes over accounts of other systems. It has no pages.
func (s *Server) importsPart() part {
	return part{api: s.importsAPI, place: func(*http.Request) (web.AdminPlace, error) { return web.AdminPlace{}, nil }}
}

func (s *Server) importsAPI(api huma.API) {
	if s.Imports == nil {
		return
	}
	type accountImport struct {
		Body struct {
			Reason
			ImportOrder
			DryRun bool `json:"dry_run,omitempty" doc:"Check every row, store nothing"`
		}
	}
	start := operation(tagImports, "start-account-import", post, "account-imports", "导入其他系统的账号 Import accounts of another system: rows are checked, nothing is merged, no claimed level is taken over", http.StatusAccepted)
	start.MaxBodyBytes = 2 * MaxImport // JSON escapes make it larger
	huma.Register(api, start, func(ctx context.Context, in *accountImport) (*tagged[ImportRecord], error) {
		ctx, err := s.change(ctx, in.Body.Reason.Reason, idp.RoleSystemAdmin)
		if err != nil {
			return nil, err
		}
		if len(in.Body.Content) > MaxImport {
			return nil, fault.New(fault.TooLarge, "limit", "8 MiB")
		}
		record := ImportRecord{DryRun: in.Body.DryRun}
		if in.Body.DryRun {
			var left []intake.Result
			record.Job, left, err = s.Imports.Try(ctx, in.Body.ImportOrder, maxLeft)
			record.Left = importRows(left)
		} else {
			record.Job, err = s.Imports.Start(ctx, in.Body.ImportOrder)
		}
		return answer(record, importFault(err))
	})
	type one struct {
		ID string `path:"id" maxLength:"64" doc:"Identifier of the import"`
	}
	huma.Register(api, operation(tagImports, "get-account-import", get, "account-imports/{id}", "账号导入进度 How far an import came", http.StatusOK), func(ctx context.Context, in *one) (*tagged[ImportRecord], error) {
		job, err := s.importJob(ctx, in.ID)
		return answer(ImportRecord{Job: job}, err)
	})
	type page struct {
		ID string `path:"id" maxLength:"64" doc:"Identifier of the import"`
		Paging
	}
	huma.Register(api, operation(tagImports, "list-account-import-rows", get, "account-imports/{id}/rows", "账号导入逐行结果 What became of each row: numbers and codes, nothing of what stood in it", http.StatusOK), func(ctx context.Context, in *page) (*listing[ImportRow], error) {
		if _, err := s.importJob(ctx, in.ID); err != nil {
			return nil, err
		}
		after := 0
		if in.After != "" {
			var err error
			if after, err = strconv.Atoi(in.After); err != nil || after < 0 {
				return nil, fault.New(fault.Malformed)
			}
		}
		rows, err := s.Imports.Rows(ctx, in.ID, after, in.Limit)
		if err != nil {
			return nil, fault.Wrap(err, fault.Unavailable)
		}
		next := ""
		if len(rows) == in.Limit {
			next = strconv.Itoa(rows[len(rows)-1].Row)
		}
		return listed(importRows(rows), next), nil
	})
}

const maxLeft = 200

func (s *Server) importJob(ctx context.Context, id string) (intake.Job, error) {
	if err := reader(ctx); err != nil {
		return intake.Job{}, err
	}
	if !strings.HasPrefix(id, "imp_") {
		return intake.Job{}, fault.New(fault.NotFound)
	}
	job, err := s.Imports.Job(ctx, id)
	if errors.Is(err, idp.ErrNotFound) {
		return job, fault.New(fault.NotFound)
	}
	return job, err
}

// importFault tells what the caller can mend from what it cannot.
func importFault(err error) error {
	switch {
	case err == nil || fault.CodeOf(err) != fault.Internal:
		return err
	case errors.Is(err, intake.ErrBegun):
		return fault.Wrap(err, fault.ImportBegun)
	case errors.Is(err, ErrBusy), errors.Is(err, intake.ErrMoved):
		return fault.Wrap(err, fault.ImportBusy).After(10)
	case errors.Is(err, intake.ErrUnreadable):
		return fault.Wrap(err, fault.ImportUnreadable)
	}
	return err
}
