package web

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/safecsv"
)

// Every list of staff can be taken along as a file: what the current filter finds, page after page, as it is shown (experience.md 2). The handler
// of the list runs once for each of its pages and judges the caller every time, so that a file holds nothing that the pages would not show.

const (
	exportParam  = "format"
	exportFormat = "csv"
	// exportRows bounds a file; whoever has more narrows the filter.
	exportRows = 5000
)

// lister is the body of a page that is a list.
type lister interface {
	list() Table
	withList(Table) any
}

func (p AdminListPage) list() Table          { return p.Table }
func (p AdminListPage) withList(t Table) any { p.Table = t; return p }

func (p IssuerListPage) list() Table          { return p.Table }
func (p IssuerListPage) withList(t Table) any { p.Table = t; return p }

func (p SealListPage) list() Table          { return p.Table }
func (p SealListPage) withList(t Table) any { p.Table = t; return p }

func (p SealUsesPage) list() Table          { return p.Table }
func (p SealUsesPage) withList(t Table) any { p.Table = t; return p }

// listed receives the list of a page instead of a writer.
type listed struct {
	table Table
	found bool
}

type listedKey struct{}

// taken takes the list of a page where a file is made of it; done is false where the page is to be shown.
func taken(r *http.Request, page Page) (done bool) {
	into, ok := r.Context().Value(listedKey{}).(*listed)
	if !ok {
		return false
	}
	if l, ok := page.Body.(lister); ok {
		into.table, into.found = l.list(), true
	}
	return true
}

// offer adds the address of the file to a list that has rows. A search by POST has none: what it looks for has no place in an address.
func offer(r *http.Request, page *Page) {
	l, ok := page.Body.(lister)
	if !ok || r.Method != http.MethodGet {
		return
	}
	table, query := l.list(), r.URL.Query()
	if len(table.Rows) == 0 {
		return
	}
	query.Del("after")
	query.Set(exportParam, exportFormat)
	table.ExportURL = r.URL.Path + "?" + query.Encode()
	page.Body = l.withList(table)
}

// wantsFile reports whether a request asks for a list as a file.
func wantsFile(r *http.Request) bool {
	return r.Method == http.MethodGet && r.URL.Query().Get(exportParam) == exportFormat
}

// export answers with the file of a list. That it was taken is on record before anything leaves. fault.NotFound for a page that is no list,
// fault.ListMany for more rows than a file holds.
func (s Site) export(w http.ResponseWriter, r *http.Request, handle func(http.ResponseWriter, *http.Request) error) error {
	query := r.URL.Query()
	query.Del(exportParam)
	query.Del("after")
	at := &url.URL{Path: r.URL.Path, RawQuery: query.Encode()}
	var whole Table
	for {
		into := &listed{}
		sub := r.Clone(context.WithValue(r.Context(), listedKey{}, into))
		sub.URL = at
		if err := handle(nothing{http.Header{}}, sub); err != nil {
			return err
		}
		if !into.found {
			return fault.New(fault.NotFound)
		}
		whole.Columns, whole.Plain = into.table.Columns, into.table.Plain
		whole.Rows = append(whole.Rows, into.table.Rows...)
		if len(whole.Rows) > exportRows {
			return fault.New(fault.ListMany, "limit", strconv.Itoa(exportRows))
		}
		if into.table.NextURL == "" {
			break
		}
		next, err := url.Parse(into.table.NextURL)
		if err != nil || next.Path != r.URL.Path {
			return fault.Wrap(err, fault.Internal)
		}
		at = next
	}
	if err := s.Exported(r.Context(), r.URL.Path, len(whole.Rows)); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="`+strings.Trim(strings.ReplaceAll(r.URL.Path, "/", "-"), "-")+`.csv"`)
	h.Set("Cache-Control", "no-store")
	return s.Renderer.writeList(w, r, whole)
}

// writeList writes a list as CSV, with the mark without which spreadsheets take it for another encoding.
func (v *Renderer) writeList(w http.ResponseWriter, r *http.Request, t Table) error {
	if _, err := w.Write([]byte("\ufeff")); err != nil {
		return nil // a caller that went away is no fault of ours
	}
	out := safecsv.New(w)
	var head []string
	for _, column := range t.Columns {
		head = append(head, column.Label)
	}
	if !t.Plain {
		head = append(head, v.Text(r, "page.status"))
	}
	_ = out.Write(append(head, v.Text(r, "table.address"))...)
	for _, row := range t.Rows {
		cells := append([]string{}, row.Cells...)
		if !t.Plain {
			cells = append(cells, v.Word(r, "status.", row.Status))
		}
		_ = out.Write(append(cells, row.URL)...)
	}
	_ = out.Flush()
	return nil
}

// nothing is where a page goes that is not shown.
type nothing struct{ header http.Header }

func (n nothing) Header() http.Header       { return n.header }
func (nothing) Write(b []byte) (int, error) { return len(b), nil }
func (nothing) WriteHeader(int)             {}
