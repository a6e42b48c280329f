package staffhttp

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/yinxin-gov/yinxin/web"
)

const (
	findPath = "/staff/search"
	maxFind  = 128 // characters; identifiers of licences are long
)

// Found is one thing that a member of staff may see.
type Found struct {
	What string // message staff.find.<what>
	Name string
	URL  string
}

// find is the search of all consoles: an application, a seal, a licence, or what a support code belongs to. Each room judges by its own rules
// what the member may see; what is not to be seen is not found.
func (s *Server) find(w http.ResponseWriter, r *http.Request) error {
	known, err := s.member(w, r)
	if known == nil {
		return err
	}
	text := func(key string) string { return s.Pages.Text(r, key) }
	wanted := strings.TrimSpace(r.URL.Query().Get("q"))
	long := utf8.RuneCountInString(wanted) > maxFind
	if long { // nothing has such a name
		wanted = string([]rune(wanted)[:maxFind])
	}
	body := web.AdminListPage{Intro: text("staff.find.lead"), FilterURL: findPath, FilterName: text("admin.find"),
		Filter: []web.FormField{{Name: "q", Label: text("staff.find.what"), Value: wanted, Max: maxFind}},
		Table:  web.Table{Caption: text("page.staff-search"), Plain: true, Columns: []web.Column{{Label: text("staff.find.name")}, {Label: text("staff.find.kind")}}}}
	if wanted != "" {
		var found []Found
		if s.Search != nil && !long {
			if found, err = s.Search(r, wanted); err != nil {
				return err
			}
		}
		for _, one := range found {
			body.Table.Rows = append(body.Table.Rows, web.Row{URL: one.URL, Cells: []string{one.Name, text("staff.find." + one.What)}})
		}
		body.None, body.NoneText = text("staff.find.none"), text("staff.find.none.text")
	}
	return s.show(w, r, http.StatusOK, "admin-list", web.Page{Title: text("page.staff-search"), Self: findPath + "?" + url.Values{"q": {wanted}}.Encode(), Body: body})
}
