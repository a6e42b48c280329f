// Package problem renders faults for API callers as application/problem+json (RFC 9457). It is the only place that
// does; pages are rendered by package web and OAuth answers by idp/oauth, from the same faults.
//
// Nothing of the private cause is shown: it goes to the log together with the support code.
package problem

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// ContentType of every problem.
const ContentType = "application/problem+json"

// Document is the one problem shape of the platform.
type Document struct {
	Type        string       `json:"type" doc:"Reference page of the code" example:"about:blank"`
	Title       string       `json:"title" doc:"What happened, in the caller's language"`
	Status      int          `json:"status" doc:"HTTP status"`
	Code        string       `json:"code" doc:"Stable machine code" example:"YX-CORE-404"`
	Detail      string       `json:"detail,omitempty" doc:"What exactly is wrong, without personal data"`
	Hint        string       `json:"hint" doc:"What to do next"`
	RequestID   string       `json:"request_id" doc:"Request identifier"`
	SupportCode string       `json:"support_code" doc:"Eight characters that find the log line"`
	Retryable   bool         `json:"retryable" doc:"The same request may succeed later"`
	Errors      []FieldError `json:"errors,omitempty" doc:"Faults of single values"`

	retryAfter int
}

// FieldError is a fault of one input value.
type FieldError struct {
	Field   string `json:"field" doc:"Where the value stands"`
	Code    string `json:"code,omitempty" doc:"Machine code, where there is one"`
	Message string `json:"message" doc:"What is wrong with it"`
}

// Of makes the document of an error in the locale of the request.
func Of(ctx context.Context, err error) *Document {
	f := fault.From(err)
	meta, request := fault.MetaOf(f.Code), reqctx.From(ctx)
	d := &Document{
		Type: "about:blank", Title: fill(meta.Title.In(request.Locale), f.Params), Status: meta.Status, Code: string(f.Code),
		Hint: fill(meta.Hint.In(request.Locale), f.Params), RequestID: request.ID, SupportCode: request.SupportCode,
		Retryable: meta.Retryable, retryAfter: f.RetryAfter,
	}
	if d.retryAfter == 0 && (meta.Status == http.StatusServiceUnavailable || meta.Status == http.StatusTooManyRequests) {
		d.retryAfter = 5
	}
	for _, field := range f.Fields {
		d.Errors = append(d.Errors, FieldError{Field: field.Name, Code: string(field.Code), Message: fill(fault.MetaOf(field.Code).Title.In(request.Locale), field.Params)})
	}
	return d
}

func fill(text string, params map[string]string) string {
	if !strings.Contains(text, "{") {
		return text
	}
	for name, value := range params {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	return text
}

// Write answers a request with the document of err and logs what must not be shown.
func Write(w http.ResponseWriter, r *http.Request, err error) {
	d := Of(r.Context(), err)
	Log(r.Context(), err, d.Status)
	if d.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(d.retryAfter))
	}
	w.Header().Set("Content-Type", ContentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(d.Status)
	body, _ := json.Marshal(d) // plain strings and numbers cannot fail
	w.Write(append(body, '\n'))
}

// Log writes the private side of an error: server faults as errors, the caller's own as debug lines.
func Log(ctx context.Context, err error, status int) {
	level := slog.LevelDebug
	if status >= http.StatusInternalServerError {
		level = slog.LevelError
	}
	request := reqctx.From(ctx)
	slog.Default().Log(ctx, level, "request failed", "code", fault.CodeOf(err), "request_id", request.ID, "support_code", request.SupportCode, "error", err)
}

// Error makes the document an error for the API framework.
func (d *Document) Error() string { return d.Code }

// GetStatus is the HTTP status, for the API framework.
func (d *Document) GetStatus() int { return d.Status }

// GetHeaders are headers that go with the answer, for the API framework.
func (d *Document) GetHeaders() http.Header {
	h := http.Header{"Cache-Control": {"no-store"}}
	if d.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(d.retryAfter))
	}
	return h
}

// ContentType replaces the framework's choice.
func (d *Document) ContentType(string) string { return ContentType }

// FromFramework makes our document of an error that the API framework found or got from an operation. Its signature is
// that of huma.NewErrorWithContext, which internal/app sets to it.
func FromFramework(hctx huma.Context, status int, message string, errs ...error) huma.StatusError {
	ctx := context.Background()
	if hctx != nil {
		ctx = hctx.Context()
	}
	for _, err := range errs {
		if _, large := errors.AsType[*http.MaxBytesError](err); large { // the edge's bound, which is no fault of ours
			err = fault.Wrap(err, fault.TooLarge, "limit", "50 MB")
		}
		if _, ok := errors.AsType[*fault.Fault](err); ok || status >= http.StatusInternalServerError {
			d := Of(ctx, err)
			Log(ctx, err, d.Status)
			if hctx != nil { // the framework asks errors of operations for headers, and not what is made of them
				for name, values := range d.GetHeaders() {
					hctx.SetHeader(name, values[0])
				}
			}
			return d
		}
	}
	d := Of(ctx, fault.New(codeOf(status)))
	d.Status = status
	if status >= http.StatusInternalServerError { // the framework's own words may hold a cause (R4)
		Log(ctx, errors.New(message), status)
		return d
	}
	d.Detail = short(message)
	for _, err := range errs[:min(len(errs), maxFieldErrors)] {
		if detail, ok := errors.AsType[*huma.ErrorDetail](err); ok {
			d.Errors = append(d.Errors, FieldError{Field: short(detail.Location), Message: short(detail.Message)})
		}
	}
	return d
}

// Bounds of what the framework says about values: it repeats them, and they may be as long as the body.
const (
	maxFieldErrors = 20
	maxWords       = 200 // bytes
)

func short(text string) string {
	if len(text) <= maxWords {
		return text
	}
	return strings.ToValidUTF8(text[:maxWords], "") + "…"
}

func codeOf(status int) fault.Code {
	switch status {
	case http.StatusUnauthorized:
		return fault.Unauthenticated
	case http.StatusForbidden:
		return fault.Forbidden
	case http.StatusNotFound:
		return fault.NotFound
	case http.StatusConflict, http.StatusPreconditionFailed:
		return fault.Conflict
	case http.StatusRequestEntityTooLarge:
		return fault.TooLarge
	case http.StatusUnsupportedMediaType:
		return fault.UnsupportedMedia
	case http.StatusUnprocessableEntity:
		return fault.Invalid
	case http.StatusTooManyRequests:
		return fault.TooManyRequests
	case http.StatusServiceUnavailable:
		return fault.Unavailable
	}
	if status >= http.StatusInternalServerError {
		return fault.Internal
	}
	return fault.Malformed
}
