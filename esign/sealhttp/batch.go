package sealhttp

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/orderform"
	"github.com/yinxin-gov/yinxin/internal/problem"
	"github.com/yinxin-gov/yinxin/internal/safecsv"
)

// BatchOrder is what is the same for all documents of a batch.
type BatchOrder struct {
	Where
	Value   string `json:"value,omitempty" enum:"seal,cms,gbt35275" doc:"As for stamp-document"`
	Item    string `json:"item,omitempty" maxLength:"100" doc:"Service item"`
	Purpose string `json:"purpose,omitempty" maxLength:"200" doc:"Why the seal is used; required to seal"`
}

// BatchRecord is what became of one document of a batch.
type BatchRecord struct {
	Name        string             `json:"name" doc:"Name in the archive"`
	Result      string             `json:"result" enum:"sealed,sealable,refused,later" doc:"sealed; sealable (in a trial); refused; later: send the same batch with the same key again"`
	SourceSM3   string             `json:"source_sm3,omitempty" doc:"SM3 of the document before"`
	StampID     string             `json:"stamp_id,omitempty" doc:"The use of the seal"`
	ResultSM3   string             `json:"result_sm3,omitempty" doc:"SM3 of the document after"`
	Appearances []AppearanceRecord `json:"appearances,omitempty" doc:"In a trial: where the seal would be drawn"`
	Problem     *problem.Document  `json:"problem,omitempty" doc:"Why it was not sealed"`
}

// BatchReport lists the documents of a batch.
type BatchReport struct {
	Documents []BatchRecord `json:"documents" doc:"In the order of the archive"`
	Sealed    int           `json:"sealed" doc:"Documents that are sealed; in a trial, that can be"`
	Refused   int           `json:"refused" doc:"Documents that cannot be sealed as they are"`
	Later     int           `json:"later" doc:"Documents that were not reached: the same batch with the same key seals them"`
}

// Names of the reports in the archive that answers a batch.
const (
	batchJSON = "results.json"
	batchCSV  = "results.csv"
)

func registerBatches(api huma.API, service *esign.Service, operation func(id, method, path, summary string, status int) huma.Operation) {
	order := huma.SchemaFromType(api.OpenAPI().Components.Schemas, reflect.TypeFor[BatchOrder]())
	form := &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{Type: huma.TypeObject, Required: []string{"order", "file"},
		Properties: map[string]*huma.Schema{
			"order": order,
			"file":  {Type: huma.TypeString, Format: "binary", Description: "ZIP of OFD and PDF documents; at most 50 MB and 500 documents"},
		}}}}}
	batch := operation("stamp-batch", http.MethodPost, "/{id}/batches", "批量盖章 Seal the documents of an archive", http.StatusOK)
	batch.Description = "Each document is sealed under a record of its own; one that is refused stops no other. The answer is a ZIP of the sealed documents under their names, with " + batchJSON + " (BatchReport) and " +
		batchCSV + ". After a minute, or when keys or store are away, the rest stands there as later: the same batch with the same key goes on, and gives what is sealed already again."
	batch.MaxBodyBytes, batch.BodyReadTimeout, batch.SkipValidateBody, batch.RequestBody = maxUploadForm, uploadTime, true, form
	batch.Responses = map[string]*huma.Response{"200": {Description: "Sealed documents and reports", Content: map[string]*huma.MediaType{zipType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}}
	huma.Register(api, batch, func(ctx context.Context, in *struct {
		PathID
		Key         string `header:"Idempotency-Key" required:"true" minLength:"8" maxLength:"128" doc:"The same key goes on with the same batch"`
		ContentType string `header:"Content-Type"`
		RawBody     []byte
	}) (*huma.StreamResponse, error) {
		request, err := batchRequest(ctx, in.ID, in.ContentType, in.RawBody)
		if err != nil {
			return nil, err
		}
		request.Key = in.Key
		batch, err := service.OpenBatch(ctx, request)
		if err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(hctx huma.Context) {
			hctx.SetHeader("Content-Type", zipType)
			hctx.SetHeader("Cache-Control", "no-store")
			// A caller that goes away gets an archive without its directory, which nobody takes for whole; the same key goes on.
			_ = writeBatch(ctx, hctx.BodyWriter(), batch)
		}}, nil
	})
	trial := operation("preview-batch", http.MethodPost, "/{id}/batches/preview", "批量盖章试运行 Try a batch", http.StatusOK)
	trial.Description = "Every check that needs no key, for each document. Nothing is signed or kept."
	trial.MaxBodyBytes, trial.BodyReadTimeout, trial.SkipValidateBody, trial.RequestBody = maxUploadForm, uploadTime, true, form
	huma.Register(api, trial, func(ctx context.Context, in *struct {
		PathID
		ContentType string `header:"Content-Type"`
		RawBody     []byte
	}) (*struct{ Body BatchReport }, error) {
		request, err := batchRequest(ctx, in.ID, in.ContentType, in.RawBody)
		if err != nil {
			return nil, err
		}
		out := &struct{ Body BatchReport }{}
		out.Body.Documents = []BatchRecord{}
		batch, err := service.OpenBatch(ctx, request)
		if err == nil {
			err = batch.Preview(ctx, func(f esign.BatchFile) error {
				out.Body.add(ctx, f, "sealable")
				return nil
			})
		}
		if err != nil {
			return nil, err
		}
		return out, nil
	})
}

const zipType = "application/zip"

// batchRequest reads the form of a batch.
func batchRequest(ctx context.Context, seal, contentType string, body []byte) (esign.BatchRequest, error) {
	request := esign.BatchRequest{SealID: seal}
	if err := esign.MayStamp(ctx); err != nil { // before anything is told of the documents
		return request, err
	}
	var order BatchOrder
	file, err := orderform.Read(contentType, body, &order)
	if err != nil {
		return request, err
	}
	request.Archive = file.Content
	request.Item, request.Purpose, request.Value = order.Item, order.Purpose, valueNamed(order.Value)
	request.Places, err = order.places()
	return request, err
}

func (r *BatchReport) add(ctx context.Context, f esign.BatchFile, done string) {
	record := BatchRecord{Name: f.Name, SourceSM3: f.SourceSM3, Result: done, StampID: f.Stamp.ID, ResultSM3: f.Stamp.ResultSM3}
	switch {
	case f.Err == nil:
		r.Sealed++
		if len(f.Appearances) > 0 {
			record.Appearances = appearanceRecords(f.Appearances)
		}
	case fault.MetaOf(fault.CodeOf(f.Err)).Retryable:
		r.Later++
		record.Result, record.Problem = "later", problem.Of(ctx, f.Err)
	default:
		r.Refused++
		record.Result, record.Problem = "refused", problem.Of(ctx, f.Err)
	}
	r.Documents = append(r.Documents, record)
}

// writeBatch seals the documents of a batch into an archive.
func writeBatch(ctx context.Context, w io.Writer, batch *esign.Batch) error {
	archive, report := zip.NewWriter(w), BatchReport{}
	err := batch.Stamp(ctx, func(f esign.BatchFile) error {
		report.add(ctx, f, "sealed")
		if f.Err != nil {
			return nil
		}
		return addStored(archive, f.Name, f.Sealed)
	})
	if err != nil {
		return err
	}
	return finishBatch(archive, report)
}

// addStored adds a file as it is: OFD documents are compressed in themselves, and most of a PDF is.
func addStored(archive *zip.Writer, name string, content []byte) error {
	w, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
	if err == nil {
		_, err = w.Write(content)
	}
	return err
}

func finishBatch(archive *zip.Writer, report BatchReport) error {
	encoded, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	if err := addStored(archive, batchJSON, encoded); err != nil {
		return err
	}
	var lines bytes.Buffer
	lines.WriteString("\ufeff") // spreadsheets take it for UTF-8 only then
	table := safecsv.New(&lines)
	_ = table.Write("name", "result", "code", "message", "hint", "source_sm3", "result_sm3", "stamp_id")
	for _, d := range report.Documents {
		p := problem.Document{}
		if d.Problem != nil {
			p = *d.Problem
		}
		_ = table.Write(d.Name, d.Result, p.Code, p.Title, p.Hint, d.SourceSM3, d.ResultSM3, d.StampID)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if err := addStored(archive, batchCSV, lines.Bytes()); err != nil {
		return err
	}
	return archive.Close()
}
