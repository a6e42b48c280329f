package licensehttp

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/strictjson"
)

// Bounds of uploads (security rule R11).
const (
	maxUpload     = 50 << 20
	maxUploadForm = maxUpload + 1<<20
	maxFiles      = 20
	maxVerifyForm = 256 << 10 // a form without a file: 16,384 characters of a page take nine octets each in it
	maxJSON       = 64 << 10
)

// VerificationOrder is the JSON form of a verification: a presentation code, or a licence number with the last four
// characters of a holder's code.
type VerificationOrder struct {
	Code      string `json:"code,omitempty" maxLength:"4096" doc:"Text of a presentation code, LZ1:…"`
	PageText  string `json:"page_text,omitempty" maxLength:"16384" doc:"With the code of a paper copy: the text of its page, line by line, to be compared"`
	Challenge string `json:"challenge,omitempty" maxLength:"16" doc:"With a code that answers a request (ask-for-license): its challenge. Another answer, or none, is invalid and not used up"`
	LicenseID string `json:"license_id,omitempty" maxLength:"200"`
	Check     string `json:"check,omitempty" maxLength:"16" doc:"Last four characters of the holder's code"`
}

type verificationInput struct {
	ContentType string `header:"Content-Type"`
	RawBody     []byte
}

type verificationOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         verify.Report
}

// verificationOperation is an operation that takes what is to be verified.
func verificationOperation(to huma.API, id, path, summary string) huma.Operation {
	op := operation(id, http.MethodPost, path, summary)
	op.MaxBodyBytes = maxUploadForm
	op.SkipValidateBody = true // either of two types; judge reads them strictly
	op.Tags = []string{"verification"}
	file := &huma.Schema{Type: huma.TypeObject, Required: []string{"file"}, Properties: map[string]*huma.Schema{"file": {Type: huma.TypeString, Format: "binary", Description: "OFD, seal, seal signature, or a text with one presentation code; at most 50 MB"}}}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"multipart/form-data": {Schema: file},
		"application/json":    {Schema: huma.SchemaFromType(to.OpenAPI().Components.Schemas, schemaTypeOf[VerificationOrder]())},
	}}
	return op
}

func registerVerifications(to huma.API, service *elicense.Service) {
	op := verificationOperation(to, "verify", "/api/v1/verifications", "Verify a file, a presentation code or a licence number; no login")
	huma.Register(to, op, func(ctx context.Context, in *verificationInput) (*verificationOutput, error) {
		results, err := judge(ctx, service, in.ContentType, in.RawBody)
		if err != nil {
			return nil, err
		}
		return &verificationOutput{CacheControl: "no-store", Body: verify.Report{Results: results}}, nil
	})
}

func judge(ctx context.Context, service *elicense.Service, contentType string, body []byte) ([]verify.Result, error) {
	media, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, fault.Wrap(err, fault.UnsupportedMedia)
	}
	switch media {
	case "multipart/form-data":
		results, _, err := judgeFiles(ctx, service, elicense.ChannelAPI, body, parameters["boundary"], "file")
		return results, err
	case "application/json":
		order, err := readOrder(body)
		if err != nil {
			return nil, err
		}
		result, err := judgeOrder(ctx, service, order)
		if err != nil {
			return nil, err
		}
		return []verify.Result{result}, nil
	}
	return nil, fault.New(fault.UnsupportedMedia)
}

func judgeFiles(ctx context.Context, service *elicense.Service, channel elicense.Channel, body []byte, boundary, field string) ([]verify.Result, []upload, error) {
	files, err := readFiles(body, boundary, field)
	if err != nil {
		return nil, nil, err
	}
	var results []verify.Result
	for _, f := range files {
		result, err := service.VerifyBy(ctx, channel, f.name, f.content)
		if err != nil {
			return nil, nil, err
		}
		results = append(results, result)
	}
	return results, files, nil
}

// judgeForm is judgeFiles for the page.
func judgeForm(ctx context.Context, service *elicense.Service, contentType string, body []byte, field string) ([]verify.Result, []upload, error) {
	_, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, nil, fault.Wrap(err, fault.UnsupportedMedia)
	}
	return judgeFiles(ctx, service, elicense.ChannelPage, body, parameters["boundary"], field)
}

func encodeReport(results ...verify.Result) ([]byte, error) {
	return json.MarshalIndent(verify.Report{Results: results}, "", "  ")
}

func judgeOrder(ctx context.Context, service *elicense.Service, order VerificationOrder) (verify.Result, error) {
	switch {
	case order.Code != "" && order.Challenge != "" && order.LicenseID == "" && order.Check == "" && order.PageText == "":
		challenge, err := base64.RawURLEncoding.Strict().DecodeString(order.Challenge)
		if err != nil {
			return verify.Result{}, fault.Wrap(err, fault.Invalid).WithField("challenge", fault.LicenseFieldForm)
		}
		return service.VerifyAnswer(ctx, order.Code, challenge)
	case order.Challenge != "":
		return verify.Result{}, fault.New(fault.Malformed)
	case order.Code != "" && order.LicenseID == "" && order.Check == "":
		return service.VerifyPaper(ctx, order.Code, order.PageText)
	case order.Code == "" && order.LicenseID != "" && order.PageText == "":
		return service.Lookup(ctx, order.LicenseID, order.Check)
	}
	return verify.Result{}, fault.New(fault.Malformed)
}

func readOrder(body []byte) (VerificationOrder, error) {
	var order VerificationOrder
	if len(body) > maxJSON {
		return order, fault.New(fault.TooLarge, "limit", "64 KiB")
	}
	return order, decodeStrictly(body, &order)
}

// decodeStrictly reads JSON of known names alone, for an operation that takes JSON beside files.
func decodeStrictly(body []byte, into any) error {
	if err := strictjson.CheckLower(body); err != nil {
		return fault.Wrap(err, fault.Malformed)
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fault.Wrap(err, fault.Malformed)
	}
	return nil
}

type upload struct {
	name    string
	content []byte
}

// readFiles takes the parts of a name out of a form. Nothing is written to disk.
func readFiles(body []byte, boundary, field string) ([]upload, error) {
	if boundary == "" {
		return nil, fault.New(fault.Malformed)
	}
	reader := multipart.NewReader(bytes.NewReader(body), boundary)
	var files []upload
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fault.Wrap(err, fault.Malformed)
		}
		content, err := io.ReadAll(io.LimitReader(part, maxUpload+1))
		if err != nil {
			return nil, fault.Wrap(err, fault.Malformed)
		}
		if len(content) > maxUpload {
			return nil, fault.New(fault.TooLarge, "limit", "50 MB")
		}
		if part.FormName() == field {
			files = append(files, upload{part.FileName(), content})
		}
	}
	if len(files) == 0 {
		return nil, fault.New(fault.Malformed)
	}
	if len(files) > maxFiles {
		return nil, fault.New(fault.TooLarge, "limit", "20")
	}
	return files, nil
}
