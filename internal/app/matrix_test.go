package app_test

import (
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

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

// schema is what the samples need of a JSON schema of the document.
type schema struct {
	Ref        string            `json:"$ref"`
	Type       any               `json:"type"` // a word or a list of them
	Format     string            `json:"format"`
	Enum       []any             `json:"enum"`
	Examples   []any             `json:"examples"`
	Properties map[string]schema `json:"properties"`
	Required   []string          `json:"required"`
	Items      *schema           `json:"items"`
	MinLength  int               `json:"minLength"`
	MinItems   int               `json:"minItems"`
	Minimum    float64           `json:"minimum"`
}

type apiDocument struct {
	Paths map[string]map[string]struct {
		OperationID string                `json:"operationId"`
		Security    []map[string][]string `json:"security"`
		Parameters  []struct {
			Name, In string
			Required bool
			Schema   schema
		} `json:"parameters"`
		RequestBody *struct {
			Content map[string]struct{ Schema schema } `json:"content"`
		} `json:"requestBody"`
	} `json:"paths"`
	Components struct {
		Schemas map[string]schema `json:"schemas"`
	} `json:"components"`
}

// sample is a small value that the schema takes.
func (d *apiDocument) sample(s schema) any {
	if s.Ref != "" {
		return d.sample(d.Components.Schemas[s.Ref[strings.LastIndex(s.Ref, "/")+1:]])
	}
	if len(s.Examples) > 0 {
		return s.Examples[0]
	}
	if len(s.Enum) > 0 {
		return s.Enum[0]
	}
	kind, _ := s.Type.(string)
	if list, ok := s.Type.([]any); ok && len(list) > 0 {
		kind, _ = list[0].(string)
	}
	switch kind {
	case "object":
		value := map[string]any{}
		for _, name := range s.Required {
			if name != "$schema" {
				value[name] = d.sample(s.Properties[name])
			}
		}
		return value
	case "array":
		list := []any{}
		for range s.MinItems {
			list = append(list, d.sample(*s.Items))
		}
		return list
	case "integer", "number":
		return s.Minimum
	case "boolean":
		return false
	}
	switch s.Format {
	case "date-time":
		return "2030-01-01T00:00:00Z"
	case "date":
		return "2030-01-01"
	}
	return strings.Repeat("x", max(1, s.MinLength))
}

// request is what the document says about one operation, filled with samples; objects are called "none", which nothing is.
func (d *apiDocument) request(path, method string) (address string, body any, headers []string) {
	o, query := d.Paths[path][method], url.Values{}
	address = path
	for _, parameter := range o.Parameters {
		switch {
		case parameter.In == "path":
			value := "none"
			if parameter.Schema.Type == "integer" || len(parameter.Schema.Enum) > 0 {
				value = fmt.Sprint(d.sample(parameter.Schema))
			}
			address = strings.ReplaceAll(address, "{"+parameter.Name+"}", value)
		case parameter.In == "query" && parameter.Required:
			query.Set(parameter.Name, fmt.Sprint(d.sample(parameter.Schema)))
		case parameter.In == "header" && parameter.Required:
			headers = append(headers, parameter.Name, fmt.Sprint(d.sample(parameter.Schema)))
		}
	}
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	if o.RequestBody != nil {
		for _, content := range o.RequestBody.Content {
			body = d.sample(content.Schema)
		}
	}
	return address, body, headers
}

// apiDocumentOf reads the document that the platform answers.
func apiDocumentOf(t *testing.T, p *apptest.Platform) *apiDocument {
	t.Helper()
	document := new(apiDocument)
	if err := json.Unmarshal([]byte(p.Get("/api/openapi.json", "").Text), document); err != nil {
		t.Fatal(err)
	}
	return document
}

const accessHead = `# Who may call what

Made from the API document by calling each operation as everybody (` + "`UPDATE_GOLDEN=1 go test ./internal/app -run WhoMayCallWhat`" + `). A role is a scope of a service
client and what a member of staff put into a token of staff; with "staff:" only the member, since it needs a human, and with "client:" only the machine. A scope of
a person's token is marked so. Whoever is not named is refused with 401 or 403 before anything is told of the object. What the named may do with one object depends on it: its owner, area and state, and that nobody decides on the own.

| operation | route | who |
|---|---|---|
`

// groupsOfRoles are all roles that a human has; one person can have those of a group.
var groupsOfRoles = [][]string{{idp.RoleSystemAdmin}, {idp.RoleSecurityAdmin}, {idp.RoleAuditAdmin}, {"seal_keeper", "seal_reviewer", "seal_maker", "license_clerk", "license_reviewer"},
	{"license_issuer", "seal_approver", idp.RoleProofingReviewer, "counter_clerk", "counter_supervisor"}, {"license_user", "license_order"}}

// staffTokens are tokens of staff for each role that a human has, by "staff: role". Nobody holds all of them.
func staffTokens(t *testing.T, p *apptest.Platform) map[string]string {
	t.Helper()
	tokens := map[string]string{}
	for i, roles := range groupsOfRoles {
		login := fmt.Sprintf("1390013806%d", i)
		p.Persona(login, "", 0, roles...)
		b, _ := strongStaff(t, p, login)
		for _, role := range roles {
			tokens["staff: "+role] = staffToken(t, p, b, role)
		}
	}
	return tokens
}

// bothWays says of roles whether clients and staff have them here, or only one of the two.
func bothWays(let []string, members int) (all []string) {
	staff := func(who string) bool { return strings.HasPrefix(who, "staff: ") }
	if n := len(slices.DeleteFunc(slices.Clone(let), func(who string) bool { return !staff(who) })); n == members && !slices.ContainsFunc(let, idp.IsRole) {
		let = append(slices.DeleteFunc(slices.Clone(let), staff), "any member of staff")
	}
	for _, who := range let {
		role, staff := strings.CutPrefix(who, "staff: ")
		switch {
		case staff && slices.Contains(let, role):
		case !staff && idp.IsRole(who) && who != idp.RoleRegisterFeed && !slices.Contains(let, "staff: "+who):
			all = append(all, "client: "+who)
		default:
			all = append(all, who)
		}
	}
	return all
}

// TestI01WhoMayCallWhat calls every operation of the document as nobody, as each role, as a client without a role and with
// each scope of a person. The table is committed, so that a change of it is read by somebody. What the document says of tokens is what
// happens.
func TestI01WhoMayCallWhat(t *testing.T) {
	p := apptest.Start(t, database(t))
	document, everybody := apiDocumentOf(t, p), []string{"nobody"}
	tokens := map[string]string{"nobody": ""}
	for _, role := range append(slices.Clone(idp.AdminRoles), idp.StaffRoles...) {
		tokens[role] = adminToken(t, p, role)
		everybody = append(everybody, role)
	}
	members := 0
	for who, token := range staffTokens(t, p) {
		tokens[who] = token
		members++
	}
	for _, role := range append(slices.Clone(idp.AdminRoles), idp.StaffRoles...) {
		if tokens["staff: "+role] != "" {
			everybody = append(everybody, "staff: "+role)
		}
	}
	plain := p.Client(idp.Client{ClientID: "plain", GrantTypes: []string{"client_credentials"}, Scope: "archive"})
	tokens["any client"] = p.Post("/token", plain, url.Values{"grant_type": {"client_credentials"}}).String("access_token")
	everybody = append(everybody, "any client")
	p.Persona(mobile, "李四", 4)
	b := p.SignIn(mobile)
	for _, scope := range []string{"openid", idp.ScopeLicenses, idp.ScopeMandates, idp.ScopeMyData} {
		c := p.Client(idp.Client{ClientID: "person-" + strings.ReplaceAll(scope, "_", "-"), Scope: strings.TrimPrefix("openid "+scope, "openid openid ")})
		name := "person: " + scope
		tokens[name] = p.Redeem(c, p.Code(b, c, nil).Get("code"), nil).String("access_token")
		everybody = append(everybody, name)
	}
	var table strings.Builder
	table.WriteString(accessHead)
	for _, path := range slices.Sorted(maps.Keys(document.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(document.Paths[path])) {
			address, body, headers := document.request(path, method)
			route := strings.ToUpper(method) + " " + path
			var let []string
			for _, who := range everybody {
				answer := call(t, p, strings.ToUpper(method), address, tokens[who], body, headers...)
				switch code := answer.String("code"); {
				case answer.Status >= http.StatusInternalServerError:
					t.Errorf("%s as %s: %d %s", route, who, answer.Status, answer.Text)
				case answer.Status == http.StatusUnauthorized && who != "nobody" && code == string(fault.Unauthenticated) && tokens[who] != "":
					t.Errorf("%s takes %s for nobody: %s", route, who, answer.Text)
				case answer.Status == http.StatusUnauthorized, answer.Status == http.StatusForbidden && code != string(fault.LevelUnmet):
				default:
					let = append(let, who)
				}
			}
			if said := document.Paths[path][method].Security; len(let) > 0 {
				schemes := map[string]bool{}
				for _, who := range let {
					kind, _, named := strings.Cut(who, ": ")
					switch {
					case !named && who != "nobody":
						kind = "client"
					case who == "nobody":
						kind = ""
					}
					schemes[kind] = true
				}
				for _, kind := range []string{"client", "person", "staff"} {
					told := slices.ContainsFunc(said, func(one map[string][]string) bool { _, ok := one[kind]; return ok || len(one) == 0 })
					if told != schemes[kind] {
						t.Errorf("%s: the document says %v of %s, and it is %v", route, told, kind, schemes[kind])
					}
				}
			}
			switch {
			case len(let) == len(everybody):
				let = []string{"everybody"}
			case slices.Contains(let, "any client"): // with a role or without
				let = slices.DeleteFunc(let, func(who string) bool { return idp.IsRole(who) })
				let = bothWays(let, members)
			case len(let) == 0:
				let = []string{"see its description"}
			default:
				let = bothWays(let, members)
			}
			fmt.Fprintf(&table, "| %s | `%s` | %s |\n", document.Paths[path][method].OperationID, route, strings.Join(let, ", "))
		}
	}
	golden := filepath.Join(testkit.Root(), "docs", "reference", "access.md")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(golden, []byte(table.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	committed, err := os.ReadFile(golden)
	if err != nil || string(committed) != table.String() {
		t.Errorf("docs/reference/access.md is not how the platform decides (%v); read the difference after UPDATE_GOLDEN=1 go test ./internal/app -run WhoMayCallWhat:\n%s", err, table.String())
	}
}
