package app_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/openplatform"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

// judgedElsewhere are objects of departments of which this matrix makes none, with the test that asks about those of another department.
var judgedElsewhere = map[string]string{
	"counter-acts":          "TestSupervisorsSeeActsOfTheirArea",
	"disputes":              "TestDisputeAboutARelease",
	"license-batches":       "TestBatchesInAreas",
	"imported-licenses":     "TestImportsInAreas",
	"license-rule-switches": "TestRulesInAreas",
	"license-orders":        "TestI01OrdersOfAnotherAreaAreNotThere",
}

// ofTheActor are objects of the member of staff who asks, and not of a department.
var ofTheActor = []string{"inbox", "staff-tokens"}

// areaTokens are tokens of members of staff whose rights are bounded to an area, by role.
func areaTokens(t *testing.T, p *apptest.Platform, area string, number int) map[string]string {
	t.Helper()
	tokens, until := map[string]string{}, p.Now().Add(300*24*time.Hour)
	for i, roles := range groupsOfRoles {
		login := fmt.Sprintf("1390013%d8%02d", number, i)
		p.Persona(login, "工作人员", 2, roles[0])
		one := app.Staff{Login: login, Roles: []string{}}
		for _, role := range roles {
			one.Rights = append(one.Rights, app.StaffRight{Role: role, Area: area, Until: until})
		}
		if err := p.App.Apply(t.Context(), app.Manifest{Staff: []app.Staff{one}}); err != nil {
			t.Fatal(err)
		}
		b, _ := strongStaff(t, p, login)
		for _, role := range roles {
			tokens[role] = staffToken(t, p, b, role)
		}
	}
	return tokens
}

// TestI01RoutesRolesDepartments calls every operation of the document as each role that holds for the area of one department, and as each
// role that holds for the area of another: what the one has is nothing to the other, whatever the route. The table of who is let within the
// own area is committed.
func TestI01RoutesRolesDepartments(t *testing.T) {
	p := apptest.Start(t, database(t))
	license, _ := issued(t, p)
	kind, _ := catalog.Find("11100000MB03271699001")
	authority := kind.Sample.First(catalog.KeyAuthorityCode)
	err := p.App.Apply(t.Context(), app.Manifest{
		Areas:       []staff.Area{{Code: "330000", Name: "浙江省"}, {Code: "330100", Name: "杭州市"}, {Code: "330102", Name: "上城区"}, {Code: "330105", Name: "拱墅区"}},
		Departments: []staff.Department{{ID: authority, Name: "某登记中心", Area: "330102"}, {ID: company, Name: "拱墅某局", Area: "330105"}},
	})
	if err == nil {
		err = p.App.Apply(t.Context(), app.Manifest{Clients: []idp.Client{{ClientID: "client-a", ClientName: "甲区系统", Department: authority, GrantTypes: []string{"client_credentials"}, Scope: "archive"}}})
	}
	if err != nil {
		t.Fatal(err)
	}
	own, others := areaTokens(t, p, "330102", 1), areaTokens(t, p, "330105", 2)
	document := apiDocumentOf(t, p)

	made := func(role, path string, body any) string {
		t.Helper()
		answer := call(t, p, http.MethodPost, path, own[role], body)
		if answer.Status/100 != 2 {
			t.Fatalf("%s: %d %s", path, answer.Status, answer.Text)
		}
		return answer.String("id")
	}
	seal := made("seal_keeper", "/api/v1/seals", map[string]any{"seal_id": "37030000001899", "owner": "某局", "owner_code": authority})
	objects := map[string]string{
		"licenses": license, "clients": "client-a", "seals": seal,
		"counter-terminals": made(idp.RoleSystemAdmin, "/api/v1/counter-terminals", map[string]any{"name": "一号窗口", "department": authority, "reason": "新窗口"}),
		"seal-successions":  made("seal_keeper", "/api/v1/seal-successions", map[string]any{"owner": map[string]any{"name": "某局", "code": authority}, "kind": "merged", "heirs": []any{map[string]any{"name": "乙局"}}, "since": "2026-01-01T00:00:00Z", "order": "1 号"}),
	}
	objects["staff"] = made(idp.RoleSecurityAdmin, "/api/v1/staff", map[string]any{"login": "c-201", "name": "王芳", "department": authority, "number": "110101199003074311", "reason": "入职"})
	opened := opening(p, "applied", 5)
	opened.Department = authority
	applied(t, p, app.Manifest{InitialAccess: []openplatform.InitialAccess{opened}})
	objects["registrations"] = registerWith(t, p, http.MethodPost, p.URL+"/connect/register", opened.Token, metadataOf(nil)).String("client_id")
	var active struct{ Seals []struct{ ID string } }
	if err := json.Unmarshal([]byte(call(t, p, http.MethodGet, "/api/v1/seals?state=active", own["seal_keeper"], nil).Text), &active); err != nil || len(active.Seals) != 1 {
		t.Fatalf("%+v %v", active, err)
	}
	use := call(t, p, http.MethodPost, "/api/v1/seals/"+active.Seals[0].ID+"/use-requests", own["seal_keeper"], map[string]any{"sm3": strings.Repeat("0", 64), "page": 1, "x_mm": 100, "y_mm": 100, "purpose": "公布办事指南"}, "Idempotency-Key", "use-00001")
	objects["seal-use-requests"] = use.String("id")
	objects["seal-flags"] = flagged(t, p, active.Seals[0].ID, own["seal_keeper"])
	var rights struct{ Items []struct{ ID string } }
	if err := json.Unmarshal([]byte(call(t, p, http.MethodGet, "/api/v1/staff-rights?area=330102&limit=1", own[idp.RoleSecurityAdmin], nil).Text), &rights); err != nil || len(rights.Items) != 1 {
		t.Fatalf("%+v %v", rights, err)
	}
	objects["staff-rights"] = rights.Items[0].ID
	if a := call(t, p, http.MethodPost, "/api/v1/forgery-reports", "", map[string]any{"identifier": call(t, p, http.MethodGet, "/api/v1/licenses/"+license, own["license_reviewer"], nil).String("license_id")}); a.Status != http.StatusOK {
		t.Fatal(a.Text)
	}
	var reported struct{ Items []struct{ ID string } }
	if err := json.Unmarshal([]byte(call(t, p, http.MethodGet, "/api/v1/forgeries", own["license_reviewer"], nil).Text), &reported); err != nil || len(reported.Items) != 1 {
		t.Fatalf("%+v %v", reported, err)
	}
	objects["forgeries"] = reported.Items[0].ID
	for resource, id := range objects {
		if id == "" {
			t.Fatalf("no object of %s: %s", resource, use.Text)
		}
	}

	var table strings.Builder
	table.WriteString(departmentsHead)
	roles := slices.Sorted(maps.Keys(own))
	for _, path := range slices.Sorted(maps.Keys(document.Paths)) {
		resource := strings.Split(path, "/")[3]
		object, placed := objects[resource], strings.Contains(path, "{")
		for _, method := range slices.Sorted(maps.Keys(document.Paths[path])) {
			nothing, body, headers := document.request(path, method)
			address := nothing
			if object != "" {
				address = strings.Replace(nothing, "/none", "/"+object, 1)
			}
			route := strings.ToUpper(method) + " " + path
			var let []string
			for _, role := range roles {
				ask := func(token, address string) apptest.Answer {
					t.Helper()
					answer := call(t, p, strings.ToUpper(method), address, token, body, headers...)
					if answer.Status >= http.StatusInternalServerError {
						t.Errorf("%s as %s: %d %s", route, role, answer.Status, answer.Text)
					}
					return answer
				}
				if address != nothing { // before anybody changes it
					theirs, none := ask(others[role], address), ask(others[role], nothing)
					if theirs.Status != none.Status || theirs.String("code") != none.String("code") || theirs.Status < http.StatusBadRequest {
						t.Errorf("%s of another department as %s is %d %s, and one that is not there %d %s", route, role, theirs.Status, theirs.String("code"), none.Status, none.String("code"))
					}
				}
				mine := ask(own[role], address)
				if mine.Status != http.StatusUnauthorized && mine.Status != http.StatusForbidden && (mine.Status != http.StatusNotFound || address == nothing) {
					let = append(let, role)
				}
			}
			if len(let) > 0 && len(let) < len(roles) {
				fmt.Fprintf(&table, "| %s | `%s` | %s |\n", document.Paths[path][method].OperationID, route, strings.Join(let, ", "))
				if placed && object == "" && judgedElsewhere[resource] == "" && !slices.Contains(ofTheActor, resource) {
					t.Errorf("%s: staff of an area may call it; make an object of a department, or name the test that does", route)
				}
			}
		}
	}
	golden := filepath.Join(testkit.Root(), "docs", "reference", "access-departments.md")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(golden, []byte(table.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	committed, err := os.ReadFile(golden)
	if err != nil || string(committed) != table.String() {
		t.Errorf("docs/reference/access-departments.md is not how the platform decides (%v):\n%s", err, table.String())
	}
}

const departmentsHead = `# What staff of one area may call

Made from the API document by calling each operation as each role whose right holds for one area of the tree alone (` + "`UPDATE_GOLDEN=1 go test ./internal/app -run RoutesRolesDepartments`" + `).
Where an operation names an object of a department, staff of another department's area find nothing, in any role; the same test sees to that. An operation that is not here
needs a right that holds everywhere, or is for everybody, for persons or for machines (access.md).

| operation | route | roles |
|---|---|---|
`

// flagged has a seal used by two applications, of which the second one is flagged as somebody new; token reads it.
func flagged(t *testing.T, p *apptest.Platform, seal, token string) string {
	t.Helper()
	order := map[string]any{"document": base64.StdEncoding.EncodeToString(sealtest.Document(t, 1)), "page": 1, "x_mm": 100, "y_mm": 100, "purpose": "公布办事指南"}
	for n := range 2 {
		c := p.Client(idp.Client{ClientID: fmt.Sprint("sealing-", n), ClientName: "用印系统", GrantTypes: []string{"client_credentials"}, Scope: "seal_keeper"})
		granted := p.Post("/token", c, url.Values{"grant_type": {"client_credentials"}, "scope": {"seal_keeper"}})
		if a := call(t, p, http.MethodPost, "/api/v1/seals/"+seal+"/stamps", granted.String("access_token"), order, "Idempotency-Key", fmt.Sprint("flagged-", n)); a.Status != http.StatusCreated {
			t.Fatal(a.Text)
		}
	}
	var open struct{ Days []struct{ ID string } }
	if err := json.Unmarshal([]byte(call(t, p, http.MethodGet, "/api/v1/seal-flags?state=open", token, nil).Text), &open); err != nil || len(open.Days) != 1 {
		t.Fatalf("%+v %v", open, err)
	}
	return open.Days[0].ID
}
