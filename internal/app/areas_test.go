package app_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/counter"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// TestI01AreasSeeTheirOwn: who is staff of a county sees and changes what departments of its tree own, and finds nothing of another
// county: not in lists, not by identifier, not by an act. What belongs to no area is for those whose roles hold everywhere.
func TestI01AreasSeeTheirOwn(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		license, _ := issued(t, p) // before the tree knows its authority
		kind, _ := catalog.Find("11100000MB03271699001")
		authority := kind.Sample.First(catalog.KeyAuthorityCode)
		areas := []staff.Area{{Code: "330000", Name: "浙江省"}, {Code: "330100", Name: "杭州市"}, {Code: "330102", Name: "上城区"}, {Code: "330105", Name: "拱墅区"}, {Code: "330102001000", Name: "某街道"}}
		m := app.Manifest{Areas: areas, Departments: []staff.Department{{ID: authority, Name: "某登记中心", Area: "330102001000"}, {ID: company, Name: "拱墅某局", Area: "330105"}}}
		roles := []string{esign.RoleKeeper, esign.RoleReviewer, elicense.RoleClerk, elicense.RoleReviewer, elicense.RoleIssuer, idp.RoleSystemAdmin, counter.RoleClerk, counter.RoleSupervisor}
		until := p.Now().Add(300 * 24 * time.Hour)
		people := map[string]string{"13800138301": "330102", "13800138302": "330105", "13800138303": "330100"}
		for login, area := range people {
			p.Persona(login, "工作人员", 2, esign.RoleKeeper)
			one := app.Staff{Login: login, Roles: []string{}}
			for _, role := range roles {
				one.Rights = append(one.Rights, app.StaffRight{Role: role, Area: area, Until: until})
			}
			m.Staff = append(m.Staff, one)
		}
		if err := p.App.Apply(ctx, m); err != nil {
			t.Fatal(err)
		}
		m.Clients = []idp.Client{
			{ClientID: "client-a", ClientName: "甲区系统", Department: authority, GrantTypes: []string{"client_credentials"}, Scope: "archive"},
			{ClientID: "client-b", ClientName: "乙区系统", Department: company, GrantTypes: []string{"client_credentials"}, Scope: "archive"},
			{ClientID: "client-none", ClientName: "平台系统", Department: "某局", GrantTypes: []string{"client_credentials"}, Scope: "archive"},
		}
		if err := p.App.Apply(ctx, m); err != nil {
			t.Fatal(err)
		}
		a, b, city := p.SignInStaff("13800138301"), p.SignInStaff("13800138302"), p.SignInStaff("13800138303")
		post := func(who *walk.Browser, path string, form url.Values) int {
			t.Helper()
			request, err := http.NewRequest(http.MethodPost, p.URL+path, strings.NewReader(form.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			request.Header.Set("Sec-Fetch-Site", "same-origin")
			if err := who.Send(request); err != nil {
				t.Fatal(err)
			}
			return who.Page.Status
		}
		// Each county makes a seal and a terminal for its own department and for nobody else's.
		seal := func(owner, code string) url.Values {
			return url.Values{"seal-number": {code}, "seal-owner": {"某局"}, "seal-owner-code": {owner}, "seal-years": {"5"}}
		}
		terminal := func(department string) url.Values {
			return url.Values{"terminal-name": {"窗口 " + department}, "terminal-department": {department}, "reason": {"新窗口"}}
		}
		for name, row := range map[string]struct {
			who  *walk.Browser
			path string
			form url.Values
			want []int
		}{
			"seal":              {b, "/seal/new", seal(company, "37030000001801"), []int{http.StatusOK}},
			"seal of others":    {b, "/seal/new", seal(authority, "37030000001802"), []int{http.StatusForbidden}},
			"seal of nobody":    {b, "/seal/new", seal("", "37030000001803"), []int{http.StatusForbidden}},
			"terminal":          {a, "/counter/terminals", terminal(authority), []int{http.StatusOK}},
			"terminal of b":     {b, "/counter/terminals", terminal(company), []int{http.StatusOK}},
			"terminal abroad":   {b, "/counter/terminals", terminal(authority), []int{http.StatusForbidden}},
			"terminal nowhere":  {b, "/counter/terminals", terminal("nobody"), []int{http.StatusForbidden}},
			"platform terminal": {b, "/counter/terminals", terminal(""), []int{http.StatusForbidden}},
			"client abroad":     {b, "/admin/clients/new", url.Values{"client_id": {"mine"}, "client_name": {"x"}, "department": {authority}, "redirect_uris": {"https://x.gov.cn/cb"}, "max_ial": {"0"}, "reason": {"x"}}, []int{http.StatusForbidden}},
		} {
			if got := post(row.who, row.path, row.form); !slices.Contains(row.want, got) {
				t.Errorf("%s: %d, want %v: %s", name, got, row.want, row.who.Page.Text)
			}
		}
		link := func(who *walk.Browser, list, prefix string) (all []string) {
			t.Helper()
			openPage(t, p, who, list)
			for part := range strings.SplitSeq(who.Page.Source, `href="`+prefix) {
				if end := strings.IndexByte(part, '"'); end > 0 && !strings.ContainsAny(part[:end], "?/<> ") && !slices.Contains([]string{"new", "requests", "successions", "flags", "batches", "rulings", "statistics", "lists"}, part[:end]) && !slices.Contains(all, part[:end]) {
					all = append(all, part[:end])
				}
			}
			return all
		}
		for _, row := range []struct {
			what, list, prefix string
			of                 map[string]int // how many each sees
			acts               []string
		}{
			{"seals", "/seal", "/seal/", map[string]int{"a": 1, "b": 1, "city": 2}, []string{"suspend", "revoke"}},
			{"licences", "/license", "/license/", map[string]int{"a": 1, "b": 0, "city": 1}, []string{"suspend", "revoke", "issue"}},
			{"clients", "/admin/clients", "/admin/clients/", map[string]int{"a": 1, "b": 1, "city": 2}, []string{"suspend", "retire", "edit", "secret"}},
			{"terminals", "/counter/terminals", "/counter/terminals/", map[string]int{"a": 1, "b": 1, "city": 2}, []string{"revocation"}},
		} {
			seen := map[string][]string{"a": link(a, row.list, row.prefix), "b": link(b, row.list, row.prefix), "city": link(city, row.list, row.prefix)}
			for who, want := range row.of {
				if len(seen[who]) != want {
					t.Errorf("%s: %s sees %q, want %d", row.what, who, seen[who], want)
				}
			}
			for _, pair := range []struct {
				who    *walk.Browser
				others []string
				own    []string
			}{{b, seen["a"], seen["b"]}, {a, seen["b"], seen["a"]}} {
				for _, id := range pair.own {
					openPage(t, p, pair.who, row.prefix+id)
				}
				for _, id := range pair.others {
					if slices.Contains(pair.own, id) {
						t.Errorf("%s: both see %s", row.what, id)
					}
					if err := pair.who.Open(ctx, p.URL+row.prefix+id); err != nil || pair.who.Page.Status != http.StatusNotFound {
						t.Errorf("%s: %s of another area: %v %d", row.what, id, err, pair.who.Page.Status)
					}
					for _, act := range row.acts {
						if got := post(pair.who, row.prefix+id+"/"+act, url.Values{"reason": {"x；1 号"}, "max_ial": {"0"}, "overlap_hours": {"0"}}); got != http.StatusNotFound {
							t.Errorf("%s: %s of another area: %d %s", row.what, act, got, pair.who.Page.Text)
						}
					}
				}
			}
		}
		// The search of the consoles and files of lists show what the pages show.
		openPage(t, p, a, "/license")
		identifier := regexp.MustCompile(`1\.2\.156\.[0-9A-Z.]+`).FindString(a.Page.Text)
		for wanted, row := range map[string]struct {
			address   string
			sees, not *walk.Browser
		}{
			"甲区":             {"/admin/clients/client-a", a, b},
			"CLIENT-B":       {"/admin/clients/client-b", b, a},
			"37030000001801": {"/seal/" + link(b, "/seal", "/seal/")[0], b, a},
			identifier:       {"/license/" + license, a, b},
		} {
			find := "/staff/search?" + url.Values{"q": {wanted}}.Encode()
			if openPage(t, p, row.sees, find); !strings.Contains(row.sees.Page.Source, `href="`+row.address+`"`) {
				t.Errorf("%s is not found: %s", wanted, row.sees.Page.Text)
			}
			if openPage(t, p, row.not, find); strings.Contains(row.not.Page.Source, row.address) || !strings.Contains(row.not.Page.Text, "没有找到") {
				t.Errorf("%s of another area is found: %s", wanted, row.not.Page.Text)
			}
		}
		for list, own := range map[string]string{"/seal?state=": "37030000001801", "/admin/clients": "client-b"} {
			openPage(t, p, b, list)
			file, ok := b.Page.Link("table-export")
			if !ok {
				t.Fatalf("%s is no file", list)
			}
			if openPage(t, p, b, strings.TrimPrefix(file, p.URL)); !strings.Contains(b.Page.Source, own) || strings.Count(b.Page.Source, "\n") != 2 || !strings.HasPrefix(b.Page.Source, "\ufeff") {
				t.Errorf("%s: %q", file, b.Page.Source)
			}
		}
		if events := audited(t, p, "list.exported"); len(events) != 2 || events[0].Details["rows"] != "1" || events[0].ObjectID == "" {
			t.Errorf("%+v", events)
		}
		// What was changed in the own area tells by which right.
		if got := post(a, "/license/"+license+"/suspend", url.Values{"reason": {"法院决定；1 号"}}); got != http.StatusOK {
			t.Fatalf("%d %s", got, a.Page.Text)
		}
		if events := audited(t, p, "license.status.suspended"); len(events) != 1 || events[0].Details["by_role"] != elicense.RoleIssuer || !strings.HasSuffix(events[0].Details["by_area"], "330102000000/") {
			t.Errorf("%+v", events)
		}
		if events := audited(t, p, "seal.applied"); !slices.ContainsFunc(events, func(e audit.Event) bool {
			return e.Details["by_role"] == esign.RoleKeeper && strings.HasSuffix(e.Details["by_area"], "330105000000/")
		}) {
			t.Errorf("%+v", events)
		}
		// A department that moves takes along what it owns.
		m.Departments[0].Area = "330105"
		if err := p.App.Apply(ctx, app.Manifest{Departments: m.Departments}); err != nil {
			t.Fatal(err)
		}
		if err := a.Open(ctx, p.URL+"/license/"+license); err != nil || a.Page.Status != http.StatusNotFound {
			t.Errorf("the old county still reads it: %d", a.Page.Status)
		}
		for list, prefix := range map[string]string{"/seal": "/seal/", "/license": "/license/", "/counter/terminals": "/counter/terminals/", "/admin/clients": "/admin/clients/"} {
			if left, come := link(a, list, prefix), link(b, list, prefix); len(left) != 0 || len(come) == 0 {
				t.Errorf("%s: left %q, came %q", list, left, come)
			}
		}
	})
}
