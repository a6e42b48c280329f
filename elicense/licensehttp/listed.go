package licensehttp

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/batchfile"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/internal/safecsv"
)

// Media types of lists.
const (
	mediaCSV       = "text/csv"
	mediaJSONLines = "application/x-ndjson"
)

// LicenseListAnswer is the answer about a row of a list: a verdict, or why there is none.
type LicenseListAnswer struct {
	Line      int    `json:"line"`
	Ref       string `json:"ref,omitempty" doc:"As in the row"`
	LicenseID string `json:"license_id"`
	Verdict   string `json:"verdict,omitempty" enum:"valid,invalid,indeterminate"`
	Code      string `json:"code,omitempty" doc:"V-code of the verdict, as in a report"`
	Status    string `json:"status,omitempty"`
	Message   string `json:"message,omitempty"`
	Problem   string `json:"problem,omitempty" doc:"Code of an error; the row was not judged"`
}

func registerLists(to huma.API, a *api) {
	op := operation("check-license-list", http.MethodPost, "/api/v1/license-lists", "Verify a list of licences by number and the last four characters of a holder's code")
	op.Description = "For applications of departments. Columns license_id, check and, where the caller likes, ref; a number stands once. The answer has the form of the list and is written while it is judged: one that does not end " +
		"with the count of its rows broke off, and what is missing is asked for again. A right row is on the holder's ledger. Wrong ones are counted: five a day for a number and five thousand in all."
	op.Tags = []string{"verification"}
	op.MaxBodyBytes, op.BodyReadTimeout, op.SkipValidateBody = batchfile.MaxOctets, batchTime, true
	text := &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString, Description: fmt.Sprintf("At most %d MiB and %d rows; CSV in UTF-8 or GB 18030", batchfile.MaxOctets>>20, batchfile.MaxListed)}}
	answer := &huma.MediaType{Schema: huma.SchemaFromType(to.OpenAPI().Components.Schemas, schemaTypeOf[LicenseListAnswer]())}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{mediaCSV: text, mediaJSONLines: text}}
	op.Responses = map[string]*huma.Response{"200": {Description: "A line for each row, with the members of a LicenseListAnswer, and one with the count of rows", Content: map[string]*huma.MediaType{mediaCSV: {Schema: &huma.Schema{Type: huma.TypeString}}, mediaJSONLines: answer}}}
	huma.Register(to, op, a.checkList)
}

func (a *api) checkList(ctx context.Context, in *struct {
	ContentType string `header:"Content-Type"`
	Encoding    string `query:"encoding" enum:"auto,utf-8,gb18030" default:"auto" doc:"Of CSV"`
	RawBody     []byte
}) (*huma.StreamResponse, error) {
	list, err := a.service.BeginList(ctx) // before anything is told of the file
	if err != nil {
		return nil, err
	}
	ends := true
	defer func() {
		if ends {
			list.End()
		}
	}()
	format, media, err := listFormat(in.ContentType)
	if err != nil {
		return nil, err
	}
	rows, err := elicense.ReadList(in.RawBody, format, batchfile.Encoding(in.Encoding))
	if err != nil {
		return nil, err
	}
	first := rows[:min(len(rows), elicense.ListedPage)]
	answers, err := list.Check(ctx, first) // what cannot be answered at all is an answer of its own, and no file
	if err != nil {
		return nil, err
	}
	ends = false
	return &huma.StreamResponse{Body: func(hctx huma.Context) {
		defer list.End()
		hctx.SetHeader("Content-Type", media+"; charset=utf-8")
		hctx.SetHeader("Cache-Control", "no-store")
		hctx.SetHeader("X-Content-Type-Options", "nosniff")
		_ = writeList(ctx, listWriter(format, hctx.BodyWriter()), list, rows, answers) // it lacks its last line
	}}, nil
}

func listFormat(contentType string) (batchfile.Format, string, error) {
	media, _, err := mime.ParseMediaType(contentType)
	switch {
	case err == nil && media == mediaCSV:
		return batchfile.CSV, media, nil
	case err == nil && media == mediaJSONLines:
		return batchfile.JSONLines, media, nil
	}
	return "", "", fault.New(fault.UnsupportedMedia)
}

// answerWriter writes the answers about a list.
type answerWriter interface {
	write(answers []LicenseListAnswer) error
	end(rows int) error
}

func listWriter(format batchfile.Format, w io.Writer) answerWriter {
	if format == batchfile.JSONLines {
		return jsonAnswers{json.NewEncoder(w)}
	}
	return &csvAnswers{out: w, table: safecsv.New(w)}
}

type jsonAnswers struct{ *json.Encoder }

func (j jsonAnswers) write(answers []LicenseListAnswer) error {
	for _, answer := range answers {
		if err := j.Encode(answer); err != nil {
			return err
		}
	}
	return nil
}

func (j jsonAnswers) end(rows int) error { return j.Encode(map[string]int{"rows": rows}) }

type csvAnswers struct {
	out   io.Writer
	table *safecsv.Writer
	begun bool
}

func (c *csvAnswers) write(answers []LicenseListAnswer) error {
	if !c.begun {
		c.begun = true
		if _, err := io.WriteString(c.out, "\ufeff"); err != nil { // spreadsheets take it for UTF-8 only then
			return err
		}
		_ = c.table.Write("line", "ref", "license_id", "verdict", "code", "status", "message", "problem")
	}
	for _, a := range answers {
		_ = c.table.Write(strconv.Itoa(a.Line), a.Ref, a.LicenseID, a.Verdict, a.Code, a.Status, a.Message, a.Problem)
	}
	return c.table.Flush()
}

func (c *csvAnswers) end(rows int) error {
	_ = c.table.Write("rows", strconv.Itoa(rows))
	return c.table.Flush()
}

// writeList writes the answers of the first page, judges the others and writes theirs.
func writeList(ctx context.Context, out answerWriter, list *elicense.List, rows []elicense.Listed, answers []elicense.ListedAnswer) error {
	for page := range slices.Chunk(rows, elicense.ListedPage) {
		if answers == nil {
			var err error
			if answers, err = list.Check(ctx, page); err != nil {
				return err
			}
		}
		if err := out.write(listAnswers(reqctx.From(ctx).Locale, page, answers)); err != nil {
			return err
		}
		answers = nil
	}
	return out.end(len(rows))
}

func listAnswers(locale string, rows []elicense.Listed, answers []elicense.ListedAnswer) []LicenseListAnswer {
	list := make([]LicenseListAnswer, len(rows))
	for i, row := range rows {
		answer := LicenseListAnswer{Line: row.Line, Ref: row.Ref, LicenseID: row.LicenseID}
		if err := answers[i].Err; err != nil {
			meta := fault.MetaOf(fault.CodeOf(err))
			answer.Problem, answer.Message = string(meta.Code), meta.Title.In(locale)
		} else {
			result := answers[i].Result
			answer.Verdict, answer.Code, answer.Message = string(result.Verdict), result.Code, result.Message["zh-CN"]
			if locale == "en" {
				answer.Message = result.Message["en"]
			}
			if result.License != nil {
				answer.Status = result.License.Status
			}
		}
		list[i] = answer
	}
	return list
}
