package app_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
)

// raw sends a body as it is.
func raw(t *testing.T, p *apptest.Platform, method, path, token, body string, headers ...string) apptest.Answer {
	t.Helper()
	return request(t, p, method, path, body, append([]string{"Content-Type", "application/json", "Authorization", "Bearer " + token}, headers...)...)
}

// TestI03NothingIsAssignedThatTheOperationDoesNotTake: a member that the schema does not name is refused, in every operation that
// takes a body, at the top and inside.
func TestI03NothingIsAssignedThatTheOperationDoesNotTake(t *testing.T) {
	p := apptest.Start(t, database(t))
	document := apiDocumentOf(t, p)
	tokens := map[string]string{}
	for _, role := range append(append([]string{}, idp.AdminRoles...), idp.StaffRoles...) {
		tokens[role] = adminToken(t, p, role)
	}
	maps.Copy(tokens, staffTokens(t, p))
	p.Persona(mobile, "李四", 4)
	c := p.Client(idp.Client{ClientID: "person", Scope: "openid licenses mandates my_data"})
	tokens["person"] = p.Redeem(c, p.Code(p.SignIn(mobile), c, nil).Get("code"), nil).String("access_token")
	tried := 0
	for path, methods := range document.Paths {
		for method, o := range methods {
			address, body, headers := document.request(path, method)
			fields, ok := body.(map[string]any)
			if !ok || o.OperationID == "deliver-counter-reading" { // its signature is judged first, and idp/counter reads it strictly
				continue
			}
			if _, json := o.RequestBody.Content["application/json"]; !json { // forms: the rooms read the JSON in a part of one strictly
				continue
			}
			tried++
			for _, name := range []string{"role", "roles", "department_id", "verified", "owner", "status", "created_at", "version", "__proto__"} {
				if _, taken := fields[name]; taken || declares(document, path, method, name) {
					continue
				}
				assigned := map[string]any{name: "x"}
				for k, v := range fields {
					assigned[k] = v
				}
				refused := false
				for who, token := range tokens {
					answer := call(t, p, strings.ToUpper(method), address, token, assigned, headers...)
					switch answer.Status {
					case http.StatusForbidden, http.StatusUnauthorized:
					case http.StatusBadRequest, http.StatusUnprocessableEntity:
						refused = refused || strings.Contains(answer.Text, "."+name+`"`) || o.OperationID == "verify" || o.OperationID == "seal-verification-report" || o.OperationID == "pack-evidence" || o.OperationID == "report-forgery" // which names no member
					default:
						t.Errorf("%s %s takes %s of %s: %d %.200s", method, path, name, who, answer.Status, answer.Text)
					}
					if refused {
						break
					}
				}
				if !refused {
					t.Errorf("%s %s (%s): nobody was told of %s", method, path, o.OperationID, name)
				}
			}
		}
	}
	if tried < 40 {
		t.Errorf("%d operations with a body", tried)
	}
}

// declares reports whether the body of an operation has a member of this name.
func declares(d *apiDocument, path, method, name string) bool {
	for _, content := range d.Paths[path][method].RequestBody.Content {
		s := content.Schema
		if s.Ref != "" {
			s = d.Components.Schemas[s.Ref[strings.LastIndex(s.Ref, "/")+1:]]
		}
		_, ok := s.Properties[name]
		return ok || s.Properties == nil
	}
	return false
}

// TestI04JSONThatTwoReadersReadDifferently is refused, whatever it would have meant.
func TestI04JSONThatTwoReadersReadDifferently(t *testing.T) {
	p := apptest.Start(t, database(t))
	system := adminToken(t, p, idp.RoleSystemAdmin)
	define := func(body string) apptest.Answer {
		return raw(t, p, http.MethodPost, "/api/v1/counter-terminals", system, body)
	}
	const good = `{"name":"一号","reason":"x"}`
	if answer := define(good); answer.Status != http.StatusCreated {
		t.Fatalf("%d %s", answer.Status, answer.Text)
	}
	for name, body := range map[string]string{
		"a member twice":        `{"name":"一号","reason":"x","name":"二号"}`,
		"the same by an escape": `{"name":"一号","reason":"x","\u006eame":"二号"}`,
		"another case":          `{"Name":"一号","reason":"x"}`,
		"both cases":            `{"name":"一号","NAME":"二号","reason":"x"}`,
		"data behind":           good + `{}`,
		"text behind":           good + `x`,
		"a byte order mark":     "\ufeff" + good,
		"NaN":                   `{"name":NaN,"reason":"x"}`,
		"a comment":             `{/* */"name":"一号","reason":"x"}`,
		"a trailing comma":      `{"name":"一号","reason":"x",}`,
		"no UTF-8":              "{\"name\":\"\xff\",\"reason\":\"x\"}",
		"half a surrogate":      `{"name":"\ud800","reason":"x"}`,
		"NUL":                   `{"name":"a\u0000b","reason":"x"}`,
		"a list":                `[` + good + `]`,
		"null":                  `null`,
		"nothing":               ``,
		"UTF-16":                "\xff\xfe{\x00}\x00",
	} {
		answer := define(body)
		if answer.Status != http.StatusBadRequest && answer.Status != http.StatusUnprocessableEntity || answer.String("code") == "" {
			t.Errorf("%s: %d %s", name, answer.Status, answer.Text)
		}
	}
	for kind, want := range map[string]int{"text/plain": http.StatusUnsupportedMediaType, "application/x-www-form-urlencoded": http.StatusUnsupportedMediaType, "application/xml": http.StatusUnsupportedMediaType, "application/json; charset=utf-8": http.StatusCreated} {
		if answer := raw(t, p, http.MethodPost, "/api/v1/counter-terminals", system, good, "Content-Type", kind); answer.Status != want {
			t.Errorf("as %s: %d %s", kind, answer.Status, answer.Text)
		}
	}
}

// jsonBombs are documents whose cost is out of proportion to their size, or whose size is.
func jsonBombs() map[string]string {
	members := func(n int) string {
		var all strings.Builder
		for i := range n {
			fmt.Fprintf(&all, `"k%d":1,`, i)
		}
		return `{` + all.String() + `"reason":"x"}`
	}
	return map[string]string{
		"deep lists":     strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000),
		"deep objects":   strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000),
		"many members":   members(1_000_000),
		"members below":  members(80_000), // the bound of a body
		"long number":    `{"reason":` + strings.Repeat("9", 1_000_000) + `}`,
		"large exponent": `{"reason":1e999999999}`,
		"long text":      `{"reason":"` + strings.Repeat("x", 2<<20) + `"}`,
	}
}

// mostOfABomb is what one of them may allocate, client and server together (I-05).
const mostOfABomb = 8 << 20

// TestI05JSONBombs cost little: they are refused at the bound or by their form, within the memory of the row. The time of the row is
// BenchmarkJSONBombs: what else a machine does at the moment is no fault of ours.
func TestI05JSONBombs(t *testing.T) {
	p := apptest.Start(t, database(t))
	system, most := adminToken(t, p, idp.RoleSystemAdmin), uint64(mostOfABomb)
	if poolsForget {
		most += 4 << 20 // the buffer of a body, which a server keeps
	}
	for name, body := range jsonBombs() {
		// Other work of the process allocates meanwhile: the least of a few is nearest to the bomb's own.
		var answer apptest.Answer
		allocated := uint64(math.MaxUint64)
		for range 3 {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			answer = raw(t, p, http.MethodPost, "/api/v1/counter-terminals", system, body)
			runtime.ReadMemStats(&after)
			allocated = min(allocated, after.TotalAlloc-before.TotalAlloc)
		}
		if allocated > most {
			t.Errorf("%s: %d bytes allocate %d KiB", name, len(body), allocated>>10)
		}
		if answer.Status < 400 || answer.Status >= 500 {
			t.Errorf("%s: %d %.200s", name, answer.Status, answer.Text)
		}
		if len(answer.Text) > 4096 {
			t.Errorf("%s: an answer of %d bytes", name, len(answer.Text))
		}
	}
}

// TestI07CursorsAreNoQueries: what a list is asked for is data, and a cursor that we did not make is refused or leads nowhere.
func TestI07CursorsAreNoQueries(t *testing.T) {
	p := apptest.Start(t, database(t))
	document := apiDocumentOf(t, p)
	tokens := []string{adminToken(t, p, idp.RoleSystemAdmin), adminToken(t, p, idp.RoleSecurityAdmin), adminToken(t, p, "license_clerk"), adminToken(t, p, "seal_keeper"), adminToken(t, p, "counter_supervisor")}
	asked := 0
	for path, methods := range document.Paths {
		o, ok := methods["get"]
		if !ok {
			continue
		}
		for _, parameter := range o.Parameters {
			if parameter.In != "query" {
				continue
			}
			asked++
			for _, value := range []string{"'", "' OR '1'='1", "x'; DROP TABLE idp_account; --", "%", "_", "\x00", "\xff", "$1", "1 UNION SELECT password_hash FROM idp_account", strings.Repeat("x", 10_000), "{{.}}", "../../etc/passwd", "-1", "9999999999999999999999", "\u202e"} {
				address, _, _ := document.request(path, "get")
				u, err := url.Parse(address)
				if err != nil {
					t.Fatal(err)
				}
				q := u.Query()
				q.Set(parameter.Name, value)
				u.RawQuery = q.Encode()
				for _, token := range tokens {
					answer := p.Get(u.String(), token)
					if answer.Status >= http.StatusInternalServerError || strings.Contains(strings.ToLower(answer.Text), "sql") || strings.Contains(answer.Text, "syntax") {
						t.Errorf("%s?%s=%q: %d %.300s", path, parameter.Name, value, answer.Status, answer.Text)
					}
					if (value == "\x00" || value == "\xff") && answer.Status != http.StatusBadRequest { // whatever the database would make of it
						t.Errorf("%s?%s=%q: %d instead of 400", path, parameter.Name, value, answer.Status)
					}
				}
			}
		}
	}
	for _, path := range []string{"/api/v1/clients/%00", "/api/v1/licenses/x%00y", "/api/v1/clients/%ff"} { // nor in an address
		if answer := p.Get(path, tokens[0]); answer.Status != http.StatusBadRequest {
			t.Errorf("%s: %d instead of 400", path, answer.Status)
		}
	}
	if asked < 30 {
		t.Errorf("%d parameters of lists", asked)
	}
	if answer := p.Get("/api/v1/clients?limit=1", tokens[0]); answer.Status != http.StatusOK {
		t.Errorf("the tables are gone: %d", answer.Status)
	}
}

// TestI08PagesHaveABound in every list of the document.
func TestI08PagesHaveABound(t *testing.T) {
	p := apptest.Start(t, database(t))
	document := apiDocumentOf(t, p)
	tokens := map[string]string{}
	for _, role := range append(append([]string{}, idp.AdminRoles...), idp.StaffRoles...) {
		tokens[role] = adminToken(t, p, role)
	}
	maps.Copy(tokens, staffTokens(t, p))
	// One key, one before and one next for each algorithm; fifty refused requests are kept; an organisation names twenty keepers.
	short := map[string]bool{"list-token-keys": true, "list-refused-requests": true, "list-relatives": true, "list-seal-keepers": true}
	lists := 0
	for path, methods := range document.Paths {
		o, ok := methods["get"]
		if !ok {
			continue
		}
		bounded := false
		for _, parameter := range o.Parameters {
			bounded = bounded || parameter.In == "query" && parameter.Name == "limit"
		}
		if !bounded {
			if strings.HasPrefix(o.OperationID, "list-") && !short[o.OperationID] {
				t.Errorf("%s is not paged", o.OperationID)
			}
			continue
		}
		lists++
		for _, limit := range []string{"-1", "0", "1000000000", "1e3", "two", "9223372036854775808"} {
			address, _, _ := document.request(path, "get")
			u, _ := url.Parse(address)
			q := u.Query()
			q.Set("limit", limit)
			u.RawQuery = q.Encode()
			judged := false
			for _, token := range tokens {
				answer := p.Get(u.String(), token)
				if answer.Status == http.StatusForbidden {
					continue
				}
				judged = true
				if answer.Status != http.StatusUnprocessableEntity && answer.Status != http.StatusBadRequest {
					t.Errorf("%s with %s: %d %.200s", o.OperationID, limit, answer.Status, answer.Text)
				}
			}
			if !judged && !strings.HasPrefix(path, "/api/v1/me/") && !strings.HasPrefix(path, "/api/v1/mandates") {
				t.Errorf("%s: nobody may call it", o.OperationID)
			}
		}
	}
	if lists < 15 {
		t.Errorf("%d lists", lists)
	}
}

// TestI15DisguisedRoutesDecideTheSame: no spelling of a path and no header opens what the path itself does not.
func TestI15DisguisedRoutesDecideTheSame(t *testing.T) {
	p := apptest.Start(t, database(t))
	system, clerk := adminToken(t, p, idp.RoleSystemAdmin), adminToken(t, p, "license_clerk")
	if answer := p.Get("/api/v1/clients", clerk); answer.Status != http.StatusForbidden {
		t.Fatalf("%d", answer.Status)
	}
	send := func(line, token string, headers ...string) (status int, body string) {
		t.Helper()
		connection, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer connection.Close()
		connection.SetDeadline(time.Now().Add(20 * time.Second))
		fmt.Fprintf(connection, "%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", line, strings.TrimPrefix(p.URL, "http://"))
		if token != "" {
			fmt.Fprintf(connection, "Authorization: Bearer %s\r\n", token)
		}
		for _, header := range headers {
			fmt.Fprintf(connection, "%s\r\n", header)
		}
		fmt.Fprint(connection, "\r\n")
		answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
		if err != nil {
			return 0, ""
		}
		defer answer.Body.Close()
		content, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
		return answer.StatusCode, string(content)
	}
	for _, path := range []string{"//api/v1/clients", "/api//v1/clients", "/api/./v1/clients", "/api/v1/../v1/clients", "/api/v1/clients/", "/api/v1/clients/.", "/api/v1/clients/..", "/api/v1%2fclients", "/api%2fv1/clients", "/%61pi/v1/clients", "/api/v1/licenses/..%2fclients",
		"/api/v1/licenses/%2e%2e/clients", "/api/v1/clients;x=1", "/api/v1/clients%00", "/API/v1/clients", "/api/v1/Clients", "/api/v1/clients?x=/verify", "/static/../api/v1/clients", "/static/%2e%2e/api/v1/clients", "/verify/..;/api/v1/clients", "http://localhost/api/v1/clients", "*", "/api/v1/clients#", "\\api\\v1\\clients"} {
		for _, token := range []string{"", clerk} {
			for _, method := range []string{"GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "get"} {
				status, body := send(method+" "+path, token)
				if status >= 200 && status < 300 && !strings.HasPrefix(path, "/api/v1/clients?") && (method == "GET" || method == "HEAD") || status >= 500 && status != http.StatusNotImplemented || strings.Contains(body, `"client_id"`) {
					t.Errorf("%s %s: %d %.200s", method, path, status, body)
				}
			}
		}
	}
	// A method that a header names is not the method.
	for _, header := range []string{"X-HTTP-Method-Override: POST", "X-Method-Override: DELETE", "X-HTTP-Method: PUT", "X-Original-URL: /api/v1/license-types", "X-Rewrite-URL: /api/v1/license-types"} {
		if status, _ := send("GET /api/v1/clients", clerk, header); status != http.StatusForbidden {
			t.Errorf("%s: %d", header, status)
		}
		if status, body := send("GET /api/v1/clients", system, header); status != http.StatusOK || !strings.Contains(body, `"items"`) && !strings.Contains(body, `"clients"`) {
			t.Errorf("%s: %d %.200s", header, status, body)
		}
	}
	for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodPatch} {
		if answer := raw(t, p, method, "/api/v1/clients", system, "{}"); answer.Status != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d", method, answer.Status)
		}
	}
	if status, body := send("HEAD /api/v1/clients", system); status != http.StatusOK || body != "" {
		t.Errorf("HEAD: %d %q", status, body)
	}
}

// TestI16SmuggledRequests: framing that two servers read differently ends the connection, and what lies behind is never served.
func TestI16SmuggledRequests(t *testing.T) {
	p := apptest.Start(t, database(t))
	host := strings.TrimPrefix(p.URL, "http://")
	const behind = "GET /api/v1/license-types HTTP/1.1\r\nHost: x\r\n\r\n"
	for name, sent := range map[string]string{
		"both framings":        "POST /token HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"two lengths":          "POST /token HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n",
		"a list of lengths":    "POST /token HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: 0, 5\r\n\r\n",
		"a signed length":      "POST /token HTTP/1.1\r\nHost: " + host + "\r\nContent-Length: +0\r\n\r\n",
		"a folded line":        "POST /token HTTP/1.1\r\nHost: " + host + "\r\nTransfer-Encoding:\r\n chunked\r\nContent-Length: 0\r\n\r\n",
		"a blank before colon": "POST /token HTTP/1.1\r\nHost: " + host + "\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
		"another coding":       "POST /token HTTP/1.1\r\nHost: " + host + "\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
		"coded twice":          "POST /token HTTP/1.1\r\nHost: " + host + "\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
		"two hosts":            "GET / HTTP/1.1\r\nHost: " + host + "\r\nHost: evil.example\r\n\r\n",
		"no host":              "GET / HTTP/1.1\r\n\r\n",
		"NUL in a header":      "GET / HTTP/1.1\r\nHost: " + host + "\r\nX: a\x00b\r\n\r\n",
		"a bad chunk":          "POST /token HTTP/1.1\r\nHost: " + host + "\r\nTransfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
	} {
		connection, err := net.Dial("tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		connection.SetDeadline(time.Now().Add(20 * time.Second))
		io.WriteString(connection, sent+behind)
		all, _ := io.ReadAll(connection)
		connection.Close()
		if n := bytes.Count(all, []byte("HTTP/1.1 ")); n != 1 || bytes.Contains(all, []byte("HTTP/1.1 200")) || !bytes.HasPrefix(all, []byte("HTTP/1.1 4")) && !bytes.HasPrefix(all, []byte("HTTP/1.1 501")) {
			t.Errorf("%s: %d answers: %.300s", name, n, all)
		}
	}
}

// TestI10NoLineBreaksInHeadersAndNames: what a caller names goes into no header, file name or log line as it came.
func TestI10NoLineBreaksInHeadersAndNames(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "lines"})
	const broken = "x\r\nSet-Cookie: stolen=1\r\n\r\n<script>"
	inspect := func(what string, answer apptest.Answer) {
		t.Helper()
		for name, values := range answer.Header {
			for _, value := range values { // the server writes a blank for a line break: what it was made of is no less wrong
				if strings.ContainsAny(value, "\r\n") || strings.Contains(value, "stolen=1") {
					t.Errorf("%s: %s: %q", what, name, value)
				}
			}
		}
		if answer.Status >= http.StatusInternalServerError || strings.Contains(answer.Text, "<script>") {
			t.Errorf("%s: %d %.300s", what, answer.Status, answer.Text)
		}
	}
	for _, path := range []string{
		"/authorize?" + apptest.AuthorizeQuery(c, url.Values{"state": {broken}, "prompt": {"none"}}).Encode(),
		"/authorize?" + apptest.AuthorizeQuery(c, url.Values{"scope": {broken}}).Encode(),
		"/authorize?" + apptest.AuthorizeQuery(c, url.Values{"ui_locales": {broken}}).Encode(),
		"/login?" + url.Values{"flow": {broken}, "return": {broken}, "next": {"/me?" + broken}}.Encode(),
		"/logout?" + url.Values{"post_logout_redirect_uri": {broken}, "state": {broken}}.Encode(),
		"/preferences?" + url.Values{"return": {broken}, "locale": {broken}}.Encode(),
		"/cas/login?" + url.Values{"service": {broken}}.Encode(),
		"/verify?" + url.Values{"code": {broken}}.Encode(),
		"/api/v1/licenses/" + url.PathEscape(broken) + "/file",
		"/api/v1/licenses/" + url.PathEscape(broken) + "/photo",
		"/static/" + url.PathEscape(broken),
		"/" + url.PathEscape(broken),
		"/me/" + url.PathEscape(broken),
		"/qr/" + url.PathEscape(broken),
	} {
		inspect(path, request(t, p, http.MethodGet, path, ""))
		inspect("tampered "+path, request(t, p, http.MethodGet, path, "", "User-Agent", "x\tSet-Cookie: stolen=1", "X-Forwarded-For", "x, Set-Cookie: stolen=1", "Accept-Language", "x;stolen=1"))
	}
	system := adminToken(t, p, idp.RoleSystemAdmin)
	inspect("a member of JSON", raw(t, p, http.MethodPost, "/api/v1/clients", system, `{"client_id":"x\r\nSet-Cookie: stolen=1","definition":{},"reason":"x\r\ny"}`))
	inspect("a name of a member", raw(t, p, http.MethodPost, "/api/v1/clients", system, `{"x\r\nSet-Cookie: stolen=1":1}`))
	// A file whose name is sent as RFC 5987 has it, so that the line break arrives.
	for _, path := range []string{"/verify", "/api/v1/verifications"} {
		body := "--b\r\nContent-Disposition: form-data; name=\"file\"; filename*=utf-8''" + url.PathEscape(broken) + "\r\nContent-Type: application/ofd\r\n\r\nPK\x03\x04\r\n--b--\r\n"
		inspect("a file at "+path, request(t, p, http.MethodPost, path, body, "Content-Type", "multipart/form-data; boundary=b", "Origin", p.URL))
	}
	lines := 0
	for line := range strings.SplitSeq(strings.TrimSpace(p.Log.String()), "\n") {
		lines++
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil || record["msg"] == nil || strings.Contains(line, "stolen=1") || strings.Contains(line, "<script>") {
			t.Errorf("a line of the log: %v %.300s", err, line)
		}
	}
	if lines < 20 {
		t.Errorf("%d lines", lines)
	}
}

// TestI02OneObjectIsNamedOnce: what stands in the path is what is changed; a body that names another one is refused.
func TestI02OneObjectIsNamedOnce(t *testing.T) {
	p := apptest.Start(t, database(t))
	system := adminToken(t, p, idp.RoleSystemAdmin)
	for _, id := range []string{"first", "second"} {
		definition := map[string]any{"client_name": "一号", "grant_types": []string{"client_credentials"}, "scope": "archive"}
		if answer := call(t, p, http.MethodPost, "/api/v1/clients", system, map[string]any{"client_id": id, "definition": definition, "reason": "x"}); answer.Status != http.StatusCreated {
			t.Fatalf("%d %s", answer.Status, answer.Text)
		}
	}
	read := p.Get("/api/v1/clients/first", system)
	for name, test := range map[string]struct {
		path string
		body map[string]any
	}{
		"in the body":       {"/api/v1/clients/first", map[string]any{"client_id": "second", "definition": map[string]any{"client_name": "二号", "grant_types": []string{"client_credentials"}, "scope": "archive"}, "reason": "x"}},
		"in the definition": {"/api/v1/clients/first", map[string]any{"definition": map[string]any{"client_id": "second", "client_name": "二号", "grant_types": []string{"client_credentials"}, "scope": "archive"}, "reason": "x"}},
		"in the query":      {"/api/v1/clients/first?id=second&client_id=second", map[string]any{"definition": map[string]any{"client_name": "二号", "grant_types": []string{"client_credentials"}, "scope": "archive"}, "reason": "x"}},
	} {
		answer := call(t, p, http.MethodPut, test.path, system, test.body, "If-Match", read.Header.Get("ETag"))
		if answer.Status != http.StatusBadRequest && answer.Status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", name, answer.Status, answer.Text)
		}
	}
	for _, id := range []string{"first", "second"} {
		content, _ := json.Marshal(p.Get("/api/v1/clients/"+id, system).Body)
		if strings.Contains(string(content), "二号") {
			t.Errorf("%s was changed: %s", id, content)
		}
	}
}
