package adminhttp

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// operation describes an operation of administration; its answers stay out of caches.
func operation(tag, id, method, path, summary string, status int) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: "/api/v1/" + path, Summary: summary, Tags: []string{tag}, DefaultStatus: status, Middlewares: huma.Middlewares{noStore}}
}

func noStore(ctx huma.Context, next func(huma.Context)) {
	ctx.SetHeader("Cache-Control", "no-store")
	next(ctx)
}

// Paging is exported, as all embedded inputs, because the framework passes over embedded types that are not.
type Paging struct {
	After string `query:"after" maxLength:"400" doc:"Cursor of the page before; it holds for the same caller, path and filter"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Entries on a page"`
}

// Reason goes with a change. It is embedded into a body, never one by itself: another room has a schema of this name.
type Reason struct {
	Reason string `json:"reason" minLength:"1" maxLength:"200" doc:"Why; goes into the audit record and holds no personal data"`
}

// listing is one page of a list.
type listing[T any] struct {
	Body struct {
		Items []T    `json:"items" doc:"Entries of this page"`
		Next  string `json:"next,omitempty" doc:"Cursor of the next page; absent on the last one"`
	}
}

func listed[T any](items []T, next string) *listing[T] {
	out := &listing[T]{}
	out.Body.Items, out.Body.Next = items, next
	if items == nil {
		out.Body.Items = []T{}
	}
	return out
}

// recorded is a page of a store as it stands on the wire.
func recorded[T, R any](page []T, next string, err error, record func(T) (R, error)) (*listing[R], error) {
	if err != nil {
		return nil, err
	}
	records := make([]R, len(page))
	for i, one := range page {
		if records[i], err = record(one); err != nil {
			return nil, err
		}
	}
	return listed(records, next), nil
}

// tagged is one entry with its version.
type tagged[T any] struct {
	ETag string `header:"ETag" doc:"Version of the entry, for If-Match"`
	Body T
}

func answer[T any](body T, err error) (*tagged[T], error) {
	if err != nil {
		return nil, err
	}
	return &tagged[T]{ETag: etag(body), Body: body}, nil
}

// etag is the version of what is shown: equal content, equal tag.
func etag(shown any) string {
	content, _ := json.Marshal(shown) // plain values cannot fail
	return `"` + digest.Hex(content)[:32] + `"`
}

// unchanged refuses a change of something that is no longer what the caller read (RFC 9110 13.1.1). The tag "*" says that
// any version will do.
func unchanged(ifMatch string, shown any) error {
	switch {
	case ifMatch == "":
		return fault.New(fault.AdminMatchNeeded)
	case ifMatch != "*" && subtle.ConstantTimeCompare([]byte(ifMatch), []byte(etag(shown))) == 0:
		return fault.New(fault.AdminChanged)
	}
	return nil
}

// Methods of operations, by what they do.
const (
	get  = http.MethodGet
	post = http.MethodPost
)
