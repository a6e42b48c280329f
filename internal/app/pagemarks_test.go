package app_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
)

// TestI07CursorsAreAuthenticated: a cursor opens the list, the filter and the caller that it was made for, and nothing else; one that
// nobody made is refused by every list.
func TestI07CursorsAreAuthenticated(t *testing.T) {
	p := apptest.Start(t, database(t))
	auditor, system := adminToken(t, p, idp.RoleAuditAdmin), adminToken(t, p, idp.RoleSystemAdmin)
	first := p.Get("/api/v1/clients?limit=1&state=live", auditor)
	mark := url.QueryEscape(first.String("next"))
	id := items(t, first)[0]["client_id"].(string)
	if mark == "" || mark == id {
		t.Fatalf("%s", first.Text)
	}
	if second := items(t, p.Get("/api/v1/clients?limit=2&state=live&after="+mark, auditor)); len(second) == 0 || second[0]["client_id"] == id {
		t.Errorf("%v", second)
	}
	for name, c := range map[string][2]string{
		"another filter": {"/api/v1/clients?after=" + mark, auditor},
		"another list":   {"/api/v1/scopes?state=live&after=" + mark, auditor},
		"another caller": {"/api/v1/clients?state=live&after=" + mark, system},
		"the bare place": {"/api/v1/clients?state=live&after=" + id, auditor},
	} {
		if answer := p.Get(c[0], c[1]); answer.Status != http.StatusBadRequest || answer.String("code") != "YX-CORE-400" {
			t.Errorf("%s: %d %s", name, answer.Status, answer.Text)
		}
	}

	var answers struct {
		Paths map[string]map[string]struct {
			Responses map[string]struct {
				Content map[string]struct {
					Schema struct {
						Ref        string                     `json:"$ref"`
						Properties map[string]json.RawMessage `json:"properties"`
					}
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(p.Get("/api/openapi.json", "").Text), &answers); err != nil {
		t.Fatal(err)
	}
	document, lists := apiDocumentOf(t, p), 0
	for path, methods := range document.Paths {
		for method, o := range methods {
			for _, parameter := range o.Parameters {
				if parameter.In != "query" || parameter.Name != "after" {
					continue
				}
				lists++
				answer := answers.Paths[path][method].Responses["200"].Content["application/json"].Schema
				properties := document.Components.Schemas[answer.Ref[strings.LastIndex(answer.Ref, "/")+1:]].Properties
				if _, ok := properties["next"]; !ok {
					t.Errorf("%s takes a cursor and gives none", o.OperationID)
				}
				address, _, _ := document.request(path, method)
				joint := "?"
				if strings.Contains(address, "?") {
					joint = "&"
				}
				for _, forged := range []string{"1", "acc_1", mark} {
					if answer := p.Get(address+joint+"after="+forged, auditor); answer.Status != http.StatusBadRequest && answer.Status != http.StatusForbidden {
						t.Errorf("%s takes a cursor that is not its own: %d %.200s", o.OperationID, answer.Status, answer.Text)
					}
				}
			}
		}
	}
	if lists < 25 {
		t.Errorf("%d lists in pages", lists)
	}
}

// TestI07PagesAreTurnedByTheirOwnMarksOnly, in another language too.
func TestI07PagesAreTurnedByTheirOwnMarksOnly(t *testing.T) {
	p := apptest.Start(t, database(t))
	for _, id := range []string{"one", "two", "three"} {
		for _, end := range "abcdefghijklmnopqr" {
			p.Client(idp.Client{ClientID: "system-" + id + "-" + string(end), GrantTypes: []string{"client_credentials"}, Scope: "archive"})
		}
	}
	auditor := admin(p, idp.RoleAuditAdmin)
	open := func(path string) (int, string) {
		t.Helper()
		if err := auditor.Open(t.Context(), p.URL+path); err != nil {
			t.Fatal(err)
		}
		return auditor.Page.Status, auditor.Page.Text
	}
	_, first := open("/admin/clients?q=system")
	found := regexp.MustCompile(`href="(/admin/clients\?[^"]*after=[^"]+)"`).FindStringSubmatch(auditor.Page.Source)
	if found == nil {
		t.Fatalf("no next page: %s", first)
	}
	next := strings.ReplaceAll(found[1], "&amp;", "&")
	for _, link := range []string{next, next + "&lang=en"} {
		if status, second := open(link); status != http.StatusOK || !strings.Contains(second, "system-") || strings.Contains(second, "system-one-a") {
			t.Errorf("%s: %d", link, status)
		}
	}
	_, mark, _ := strings.Cut(next, "after=")
	for _, link := range []string{"/admin/clients?after=" + mark, "/admin/clients?q=one&after=" + mark, "/admin/inbox?after=" + mark, "/admin/clients?q=system&after=system-one-a", "/admin/accounts?after=x",
		"/admin/organisations?after=x", "/admin/messages?after=x", "/admin/proofing?after=x", "/admin/disputes?after=x", "/admin/corrections?after=x", "/admin/staff?after=x", "/admin/rights?after=x", "/admin/areas?after=x",
		"/admin/departments?after=x", "/admin/holds?after=x", "/admin/registrations?after=x", "/admin/grants?client=x&after=x"} {
		if status, text := open(link); status != http.StatusBadRequest || !strings.Contains(text, "YX-CORE-400") {
			t.Errorf("%s: %d %.300s", link, status, text)
		}
	}
}
