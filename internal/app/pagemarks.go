package app

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/yinxin-gov/yinxin/internal/pagemark"
	"github.com/yinxin-gov/yinxin/internal/problem"
	"github.com/yinxin-gov/yinxin/keys"
)

// newMarks makes the marks of pages under the key of lookup values, which all nodes share.
func (a *App) newMarks() *pagemark.Marks {
	return pagemark.New(func(ctx context.Context, parts ...[]byte) ([]byte, error) {
		mac, err := a.ring.MAC(ctx, keys.UsageLookup)
		if err != nil {
			return nil, fmt.Errorf("open key of page marks: %w", err)
		}
		return mac.Sum(ctx, parts...)
	})
}

// withMarks gives pages what seals and opens the marks of their lists.
func withMarks(next http.Handler, marks *pagemark.Marks) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(pagemark.With(r.Context(), marks)))
	})
}

// openMarks opens the mark of a call once it is known who calls, so that no operation meets one that is not ours (I-07).
func openMarks(next http.Handler, marks *pagemark.Marks) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r, err := marks.Replaced(r)
		if err != nil {
			problem.Write(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// memberNext is the member of a list's answer with the mark of the next page.
const memberNext = "next"

// sealMarks seals the place where a page ended before it leaves, in the answer of every operation that takes a mark.
func sealMarks(marks *pagemark.Marks) huma.Transformer {
	return func(ctx huma.Context, _ string, v any) (any, error) {
		if !takesMark(ctx.Operation()) {
			return v, nil
		}
		body := reflect.Indirect(reflect.ValueOf(v))
		if body.Kind() != reflect.Struct {
			return v, nil
		}
		sealed := reflect.New(body.Type())
		sealed.Elem().Set(body)
		for i := range body.NumField() {
			field := body.Type().Field(i)
			if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name == memberNext && field.Type.Kind() == reflect.String {
				address := ctx.URL()
				mark, err := marks.Seal(ctx.Context(), &address, body.Field(i).String())
				sealed.Elem().Field(i).SetString(mark)
				return sealed.Interface(), err
			}
		}
		return v, nil // a fault
	}
}

// takesMark reports whether an operation is a list in pages.
func takesMark(o *huma.Operation) bool {
	return slices.ContainsFunc(o.Parameters, func(p *huma.Param) bool { return p.In == "query" && p.Name == pagemark.Parameter })
}
