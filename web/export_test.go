package web

import (
	"context"
	"encoding/csv"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/i18n"
)

// shelf is a console with a list of so many rows, ten on a page, and a page that is no list.
type shelf struct {
	site   Site
	rows   int
	seen   []string // addresses of the list as its handler saw them
	noted  []string
	refuse error // of the record
}

func newShelf(t *testing.T, rows int) *shelf {
	t.Helper()
	catalogue, err := i18n.New(i18n.Config{})
	if err != nil {
		t.Fatal(err)
	}
	pages, err := New(Config{Catalogue: catalogue})
	if err != nil {
		t.Fatal(err)
	}
	s := &shelf{rows: rows}
	s.site = Site{Renderer: pages, Exported: func(_ context.Context, list string, rows int) error {
		s.noted = append(s.noted, list+" "+strconv.Itoa(rows))
		return s.refuse
	}}
	return s
}

func (s *shelf) get(t *testing.T, address string) *httptest.ResponseRecorder {
	t.Helper()
	mux := http.NewServeMux()
	s.site.Handle(mux, map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /seal": func(w http.ResponseWriter, r *http.Request) error {
			s.seen = append(s.seen, r.URL.String())
			if r.URL.Query().Get("state") == "secret" {
				return fault.New(fault.Forbidden)
			}
			from, _ := strconv.Atoi(r.URL.Query().Get("after"))
			table := Table{Caption: "印章", Columns: []Column{{Label: "名称"}}}
			for n := from; n < min(from+10, s.rows); n++ {
				table.Rows = append(table.Rows, Row{URL: "/seal/" + strconv.Itoa(n), Cells: []string{"=章" + strconv.Itoa(n)}, Status: "active"})
			}
			if from+10 < s.rows {
				table.NextURL = "/seal?state=active&after=" + strconv.Itoa(from+10)
			}
			return s.site.Page(w, r, http.StatusOK, "seal", Page{Body: SealListPage{Table: table}})
		},
		"GET /seal/new": func(w http.ResponseWriter, r *http.Request) error {
			return s.site.Page(w, r, http.StatusOK, "staff-logout", Page{})
		},
	})
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, address, nil))
	return w
}

func TestAListIsTakenAlongAsAFileOfAllThatItsFilterFinds(t *testing.T) {
	s := newShelf(t, 25)
	if page := s.get(t, "/seal?state=active&after=10"); page.Code != http.StatusOK || !strings.Contains(page.Body.String(), `href="/seal?format=csv&amp;state=active"`) || len(s.noted) != 0 {
		t.Fatalf("the page offers no file of its filter, or noted one: %d %v", page.Code, s.noted)
	}
	s.seen = nil
	file := s.get(t, "/seal?state=active&format=csv&after=20")
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file.Body.String(), "\ufeff"))).ReadAll()
	if err != nil || file.Code != http.StatusOK || !strings.HasPrefix(file.Header().Get("Content-Type"), "text/csv") || file.Header().Get("Content-Disposition") != `attachment; filename="seal.csv"` || file.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("%v: %d %v", err, file.Code, file.Header())
	}
	if len(rows) != 26 || strings.Join(rows[0], "|") != "名称|状态|地址" || strings.Join(rows[25], "|") != "'=章24|启用中|/seal/24" {
		t.Errorf("%d rows: %q … %q", len(rows), rows[0], rows[len(rows)-1])
	}
	if strings.Join(s.seen, " ") != "/seal?state=active /seal?state=active&after=10 /seal?state=active&after=20" {
		t.Errorf("the handler saw %v", s.seen)
	}
	if len(s.noted) != 1 || s.noted[0] != "/seal 25" {
		t.Errorf("on record: %v", s.noted)
	}
}

func TestAFileOfAListIsBoundedNotedAndJudgedAsThePageIs(t *testing.T) {
	s := newShelf(t, exportRows)
	if file := s.get(t, "/seal?format=csv"); file.Code != http.StatusOK || strings.Count(file.Body.String(), "\n") != exportRows+1 {
		t.Errorf("as many rows as a file holds: %d", file.Code)
	}
	s = newShelf(t, exportRows+1)
	if file := s.get(t, "/seal?format=csv"); file.Code != http.StatusUnprocessableEntity || len(s.noted) != 0 || !strings.Contains(file.Body.String(), "YX-RGT-223") {
		t.Errorf("one row more: %d, on record %v", file.Code, s.noted)
	}
	s = newShelf(t, 3)
	if file := s.get(t, "/seal?state=secret&format=csv"); file.Code != http.StatusForbidden || len(s.noted) != 0 {
		t.Errorf("what the page refuses: %d", file.Code)
	}
	if file := s.get(t, "/seal/new?format=csv"); file.Code != http.StatusNotFound {
		t.Errorf("a page that is no list: %d", file.Code)
	}
	s.refuse = fault.Wrap(errors.New("the database is silent"), fault.Unavailable)
	if file := s.get(t, "/seal?format=csv"); file.Code != http.StatusServiceUnavailable || strings.Contains(file.Body.String(), "章2") {
		t.Errorf("a file left without its record: %d", file.Code)
	}
	s.site.Exported = nil
	if page := s.get(t, "/seal?format=csv"); page.Code != http.StatusOK || !strings.HasPrefix(page.Header().Get("Content-Type"), "text/html") || strings.Contains(page.Body.String(), "table-export") {
		t.Errorf("where lists are no files: %d %s", page.Code, page.Header().Get("Content-Type"))
	}
}
