package licensehttp_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensehttp"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/elicense/presentation"
	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/esign/render"
	"github.com/yinxin-gov/yinxin/esign/typeface"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/audit"
	"github.com/yinxin-gov/yinxin/internal/i18n"
	"github.com/yinxin-gov/yinxin/internal/problem"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/web"
)

// site is the room behind a stand-in of the edge: the actor comes from a header.
type site struct {
	t     *testing.T
	world *licensetest.World
	mux   http.Handler
}

func newSite(t *testing.T) *site {
	t.Helper()
	return siteOf(t, licensetest.NewWorld(t, licensetest.NewTwin()))
}

func siteOf(t *testing.T, w *licensetest.World) *site {
	t.Helper()
	huma.NewErrorWithContext = problem.FromFramework
	mux := http.NewServeMux()
	licensehttp.Register(humago.New(mux, huma.DefaultConfig("test", "1")), w.Service)
	licensehttp.Public(mux, w.Service)
	catalogue, err := i18n.New(i18n.Config{})
	if err != nil {
		t.Fatal(err)
	}
	renderer, err := web.New(web.Config{Catalogue: catalogue})
	if err != nil {
		t.Fatal(err)
	}
	pages := &licensehttp.Pages{Service: w.Service, Rand: rand.Reader, Faces: render.Faces{Sans: typeface.Sans()}, Site: web.Site{Renderer: renderer, LoginURL: func(next string) string { return "/login?next=" + url.QueryEscape(next) }}}
	pages.Acting = desk{}
	pages.Routes(mux)
	edge := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		request := reqctx.Request{ID: "req", SupportCode: "ABCD1234", Locale: "zh-CN", ClientIP: "192.0.2.1", Actor: reqctx.Actor{ID: r.Header.Get("X-Actor")}}
		if roles := r.Header.Get("X-Roles"); roles != "" {
			request.Actor.Roles = strings.Fields(roles)
			request.Actor.Rights = reqctx.Everywhere(request.Actor.Roles...)
		}
		if client, ok := strings.CutPrefix(request.Actor.ID, "client:"); ok {
			request.Actor.Client, request.Actor.Rights = client, reqctx.Everywhere(request.Actor.Roles...)
		} else if strings.HasPrefix(request.Actor.ID, "account:") && r.Header.Get("X-Stale") == "" {
			request.Actor.SignedInAt = w.Now()
		}
		mux.ServeHTTP(rw, r.WithContext(reqctx.With(r.Context(), request)))
	})
	return &site{t, w, edge}
}

type caller struct{ id, roles string }

var (
	nobody   = caller{}
	clerk    = caller{"staff:clerk", elicense.RoleClerk}
	reviewer = caller{"staff:reviewer", elicense.RoleReviewer}
	issuer   = caller{"staff:issuer", elicense.RoleIssuer}
	person   = caller{licensetest.Holder, ""}
	stranger = caller{"account:other", ""}
)

func (s *site) send(as caller, method, path, contentType string, body io.Reader) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, body)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	r.Header.Set("X-Actor", as.id)
	r.Header.Set("X-Roles", as.roles)
	rec := httptest.NewRecorder()
	s.mux.ServeHTTP(rec, r)
	return rec
}

func (s *site) json(as caller, method, path string, body any, want int) map[string]any {
	s.t.Helper()
	var reader io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		reader = bytes.NewReader(encoded)
	}
	rec := s.send(as, method, path, "application/json", reader)
	if rec.Code != want {
		s.t.Fatalf("%s %s: %d, want %d: %s", method, path, rec.Code, want, rec.Body)
	}
	var out map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil {
		s.t.Fatalf("%s %s: %v: %s", method, path, err, rec.Body)
	}
	return out
}

func (s *site) upload(name string, content []byte) *httptest.ResponseRecorder {
	s.t.Helper()
	return s.uploadTo("/api/v1/verifications", "file", name, content)
}

func (s *site) uploadTo(path, field, name string, content []byte) *httptest.ResponseRecorder {
	s.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile(field, name)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := part.Write(content); err != nil {
		s.t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		s.t.Fatal(err)
	}
	return s.send(nobody, http.MethodPost, path, form.FormDataContentType(), &body)
}

func report(t *testing.T, rec *httptest.ResponseRecorder) verify.Result {
	t.Helper()
	var r verify.Report
	if rec.Code != http.StatusOK {
		t.Fatalf("%d: %s", rec.Code, rec.Body)
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &r); err != nil || len(r.Results) != 1 {
		t.Fatalf("%v: %s", err, rec.Body)
	}
	return r.Results[0]
}

func application(number string) map[string]any {
	a := licensetest.SampleApplication(number)
	return map[string]any{
		"business_number": a.BusinessNumber, "license_type_code": a.TypeCode, "issuing_authority_code": a.AuthorityCode, "holder_ref": a.HolderRef, "effective_date": a.EffectiveDate,
		"holders": []map[string]any{{"name": a.Holders[0].Name, "code_type": a.Holders[0].CodeType, "code": a.Holders[0].Code}}, "fields": a.Fields,
	}
}

// issued takes a licence through the API to being in force.
func (s *site) issued(number string) string {
	s.t.Helper()
	id := s.json(clerk, http.MethodPost, "/api/v1/licenses", application(number), http.StatusCreated)["id"].(string)
	s.json(reviewer, http.MethodPost, "/api/v1/licenses/"+id+"/review", map[string]any{"decision": "approve"}, http.StatusOK)
	s.json(issuer, http.MethodPost, "/api/v1/licenses/"+id+"/issuance", nil, http.StatusOK)
	return id
}

func TestLifeOfALicenseOverTheAPI(t *testing.T) {
	s := newSite(t)
	types := s.json(nobody, http.MethodGet, "/api/v1/license-types", nil, http.StatusOK)["items"].([]any)
	if len(types) != len(catalog.Types()) {
		t.Fatalf("%d types", len(types))
	}
	rows := map[string]map[string]any{}
	for _, one := range types {
		if languages := fmt.Sprint(one.(map[string]any)["languages"]); languages != "[zh-CN en]" {
			t.Errorf("languages %s", languages)
		}
		rows[one.(map[string]any)["code"].(string)] = one.(map[string]any)["catalogue"].(map[string]any)
	}
	business, _ := catalog.Find("11100000MB0143028R001")
	if row := rows[business.Code]; row["kind"] != "01" || row["class"] != "1" || row["state"] != "published" || row["built_in"] != true || row["template"] != business.TemplateID() || row["package_url"] != nil {
		t.Errorf("%v", row)
	}
	id := s.issued("B1")
	again := s.json(clerk, http.MethodPost, "/api/v1/licenses", application("B1"), http.StatusOK)
	if again["id"] != id || again["state"] != "active" || again["status"] != "valid" {
		t.Errorf("%v", again)
	}
	other := application("B1")
	other["expiring_date"] = "20401231"
	if p := s.json(clerk, http.MethodPost, "/api/v1/licenses", other, http.StatusConflict); p["code"] != "YX-LIC-409" {
		t.Errorf("%v", p)
	}
	one := s.json(issuer, http.MethodGet, "/api/v1/licenses/"+id, nil, http.StatusOK)
	if one["values"].(map[string]any)["legal_representative"].([]any)[0] != "张启明" || one["business_number"] != "B1" {
		t.Errorf("%v", one)
	}
	mine := s.json(person, http.MethodGet, "/api/v1/me/licenses", nil, http.StatusOK)["items"].([]any)
	if len(mine) != 1 || mine[0].(map[string]any)["business_number"] != nil {
		t.Errorf("%v", mine)
	}
	file := s.send(person, http.MethodGet, "/api/v1/licenses/"+id+"/file", "", nil)
	if file.Code != http.StatusOK || file.Header().Get("Content-Type") != "application/ofd" || !strings.Contains(file.Header().Get("Content-Disposition"), one["license_id"].(string)+".OFD") || file.Header().Get("Cache-Control") != "private, no-store" {
		t.Fatalf("%d %v", file.Code, file.Header())
	}
	if err := s.world.Service.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	document := file.Body.Bytes()
	if result := report(t, s.upload("a.ofd", document)); result.Code != "V00" || result.License.LicenseID != one["license_id"] {
		t.Errorf("%+v", result)
	}
	shown := s.json(person, http.MethodPost, "/api/v1/licenses/"+id+"/presentations", map[string]any{}, http.StatusOK)
	code := shown["code"].(string)
	scanned := s.json(nobody, http.MethodPost, "/api/v1/verifications", map[string]any{"code": code}, http.StatusOK)
	if got := scanned["results"].([]any)[0].(map[string]any); got["verdict"] != "valid" || got["code"] != "V00" || got["format"] != "presentation" {
		t.Errorf("%v", got)
	}
	if p := s.json(nobody, http.MethodPost, "/api/v1/verifications", map[string]any{"code": code}, http.StatusConflict); p["code"] != "YX-VER-409" {
		t.Errorf("second scan: %v", p)
	}
	if p := s.json(person, http.MethodPost, "/api/v1/licenses/"+id+"/presentations", map[string]any{"presentation_id": shown["presentation_id"]}, http.StatusConflict); p["code"] != "YX-VER-409" {
		t.Errorf("shown after it was used: %v", p)
	}
	fresh := s.json(person, http.MethodPost, "/api/v1/licenses/"+id+"/presentations", map[string]any{"challenge": "MTIzNDU2Nzg"}, http.StatusOK)
	s.world.Advance(time.Minute)
	if p := s.json(nobody, http.MethodPost, "/api/v1/verifications", map[string]any{"code": fresh["code"]}, http.StatusGone); p["code"] != "YX-VER-410" {
		t.Errorf("old: %v", p)
	}
	looked := s.json(nobody, http.MethodPost, "/api/v1/verifications", map[string]any{"license_id": one["license_id"], "check": "003B"}, http.StatusOK)
	if got := looked["results"].([]any)[0].(map[string]any); got["code"] != "V00" {
		t.Errorf("%v", got)
	}
	order := map[string]any{"legal_basis": "行政许可法第七十条", "decision_number": "1号"}
	suspended := s.json(issuer, http.MethodPost, "/api/v1/licenses/"+id+"/suspension", order, http.StatusOK)
	resumed := s.json(issuer, http.MethodPost, "/api/v1/licenses/"+id+"/resumption", order, http.StatusOK)
	if suspended["status"] != "suspended" || resumed["status"] != "valid" {
		t.Errorf("%v %v", suspended["status"], resumed["status"])
	}
	order["status"] = "revoked"
	if revoked := s.json(issuer, http.MethodPost, "/api/v1/licenses/"+id+"/revocation", order, http.StatusOK); revoked["status"] != "revoked" {
		t.Errorf("%v", revoked)
	}
	if err := s.world.Service.PublishList(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if result := report(t, s.upload("a.ofd", document)); result.Code != "V10" || result.Verdict != verify.Invalid || result.License.Status != "revoked" {
		t.Errorf("%+v", result)
	}
	if events := s.json(reviewer, http.MethodGet, "/api/v1/licenses/"+id+"/events", nil, http.StatusOK)["items"].([]any); len(events) != 4 {
		t.Errorf("%d events", len(events))
	}
}

func TestListsArePaged(t *testing.T) {
	s := newSite(t)
	for _, number := range []string{"B1", "B2", "B3"} {
		s.json(clerk, http.MethodPost, "/api/v1/licenses", application(number), http.StatusCreated)
		s.world.Advance(time.Second)
	}
	first := s.json(clerk, http.MethodGet, "/api/v1/licenses?limit=2", nil, http.StatusOK)
	second := s.json(clerk, http.MethodGet, "/api/v1/licenses?limit=2&after="+url.QueryEscape(first["next"].(string)), nil, http.StatusOK)
	if len(first["items"].([]any)) != 2 || len(second["items"].([]any)) != 1 || second["next"] != nil {
		t.Errorf("%v %v", first, second)
	}
	if none := s.json(clerk, http.MethodGet, "/api/v1/licenses?state=active", nil, http.StatusOK); len(none["items"].([]any)) != 0 {
		t.Errorf("%v", none)
	}
	s.json(clerk, http.MethodGet, "/api/v1/licenses?limit=201", nil, http.StatusUnprocessableEntity)
}

func TestAnswersToTheWrongCaller(t *testing.T) {
	s := newSite(t)
	id := s.issued("B1")
	absent := s.json(stranger, http.MethodGet, "/api/v1/licenses/lic_none", nil, http.StatusNotFound)
	foreign := s.json(stranger, http.MethodGet, "/api/v1/licenses/"+id, nil, http.StatusNotFound)
	a, _ := json.Marshal(absent)
	b, _ := json.Marshal(foreign)
	if !bytes.Equal(a, b) {
		t.Errorf("another's licence and none answer differently: %s %s", a, b)
	}
	for _, test := range []struct {
		as           caller
		method, path string
		body         any
		status       int
	}{
		{nobody, http.MethodGet, "/api/v1/licenses", nil, 401},
		{nobody, http.MethodGet, "/api/v1/me/licenses", nil, 401},
		{nobody, http.MethodPost, "/api/v1/licenses", application("B9"), 401},
		{person, http.MethodPost, "/api/v1/licenses", application("B9"), 403},
		{person, http.MethodGet, "/api/v1/licenses", nil, 403},
		{person, http.MethodPost, "/api/v1/licenses/" + id + "/revocation", map[string]any{"legal_basis": "a", "decision_number": "b"}, 403},
		{reviewer, http.MethodPost, "/api/v1/licenses/" + id + "/issuance", nil, 403},
		{clerk, http.MethodPost, "/api/v1/licenses/" + id + "/review", map[string]any{"decision": "approve"}, 403},
		{stranger, http.MethodPost, "/api/v1/licenses/" + id + "/presentations", map[string]any{}, 404},
		{stranger, http.MethodGet, "/api/v1/licenses/" + id + "/file", nil, 404},
		{person, http.MethodPost, "/api/v1/licenses/" + id + "/presentations", map[string]any{"challenge": "%%%"}, 422},
		{clerk, http.MethodPost, "/api/v1/licenses", map[string]any{"unknown": 1}, 422},
		{clerk, http.MethodPost, "/api/v1/licenses/" + id + "/correction", application("B1"), 409},
		{issuer, http.MethodPost, "/api/v1/licenses/" + id + "/revocation", map[string]any{"legal_basis": "", "decision_number": "b"}, 422},
	} {
		answer := s.json(test.as, test.method, test.path, test.body, test.status)
		if code, ok := answer["code"].(string); !ok || !strings.HasPrefix(code, "YX-") {
			t.Errorf("%s %s: %v", test.method, test.path, answer)
		}
	}
}

func TestVerificationsThatAreNoReport(t *testing.T) {
	s := newSite(t)
	post := func(contentType, body string) *httptest.ResponseRecorder {
		return s.send(nobody, http.MethodPost, "/api/v1/verifications", contentType, strings.NewReader(body))
	}
	for _, test := range []struct {
		name, contentType, body string
		status                  int
	}{
		{"no type", "", "x", 415},
		{"other type", "text/plain", "x", 415},
		{"broken JSON", "application/json", "{", 400},
		{"unknown member", "application/json", `{"code":"LZ1:A","x":1}`, 400},
		{"two values", "application/json", `{"code":"LZ1:A"}{}`, 400},
		{"code and number", "application/json", `{"code":"LZ1:A","license_id":"1"}`, 400},
		{"nothing", "application/json", `{}`, 400},
		{"L-04 not a code", "application/json", `{"code":"LZ1:A"}`, 400},
		{"L-12 address of another host", "application/json", `{"code":"https://evil.example/v/1"}`, 400},
		{"L-04 oversized", "application/json", `{"code":"LZ1:` + strings.Repeat("A", 1<<20) + `"}`, 413},
		{"no boundary", "multipart/form-data", "x", 400},
		{"no file", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\ny\r\n--b--\r\n", 400},
		{"cut form", "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\ny", 400},
	} {
		if rec := post(test.contentType, test.body); rec.Code != test.status || rec.Header().Get("Content-Type") != problem.ContentType {
			t.Errorf("%s: %d %s", test.name, rec.Code, rec.Body)
		}
	}
	if result := report(t, s.upload("../../etc/x.ofd", []byte("PK\x03\x04 broken"))); result.Code != "V31" || result.Verdict != verify.Invalid || result.File != "x.ofd" {
		t.Errorf("%+v", result)
	}
	if result := report(t, s.upload("a.txt", []byte("hello"))); result.Verdict != verify.Indeterminate {
		t.Errorf("%+v", result)
	}
}

func TestPublicObjects(t *testing.T) {
	s := newSite(t)
	if rec := s.send(nobody, http.MethodGet, "/status/1", "", nil); rec.Code != http.StatusNotFound {
		t.Errorf("before the first: %d", rec.Code)
	}
	if err := s.world.Service.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	for path, kind := range map[string]statuslist.Kind{"/status/1": statuslist.KindList, "/status/delta": statuslist.KindDelta, "/trust/keys": statuslist.KindTrust} {
		rec := s.send(nobody, http.MethodGet, path, "", nil)
		if rec.Code != http.StatusOK || !statuslist.Is(kind, rec.Body.Bytes()) || rec.Header().Get("Cache-Control") != "public, max-age=5" {
			t.Errorf("%s: %d %v", path, rec.Code, rec.Header())
		}
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.Header.Set("If-None-Match", rec.Header().Get("ETag"))
		again := httptest.NewRecorder()
		s.mux.ServeHTTP(again, r)
		if again.Code != http.StatusNotModified || again.Body.Len() != 0 {
			t.Errorf("%s unchanged: %d", path, again.Code)
		}
	}
	signed := elicense.Published{Name: elicense.TypeObject("11980000MB7QX10264777", 2), Number: 1, Content: []byte("signed"), IssuedAt: s.world.Now(), NextUpdate: s.world.Now()}
	if err := s.world.Store.Publish(t.Context(), signed, nil, audit.With(audit.Event{Type: "test", At: s.world.Now(), Actor: "system:test"})); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"11980000MB7QX10264777/2": http.StatusOK, "11980000MB7QX10264777/02": http.StatusNotFound, "11980000MB7QX10264777/1": http.StatusNotFound, "11980000MB7QX10264777/0": http.StatusNotFound, "x/y": http.StatusNotFound} {
		if rec := s.send(nobody, http.MethodGet, "/trust/types/"+path, "", nil); rec.Code != want || want == http.StatusOK && rec.Body.String() != "signed" {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
	if rec := s.send(nobody, http.MethodGet, "/status/nothing", "", nil); rec.Code != http.StatusNotFound {
		t.Errorf("unknown: %d", rec.Code)
	}
}

func (s *site) page(as caller, path string, want int) string {
	s.t.Helper()
	rec := s.send(as, http.MethodGet, path, "", nil)
	if rec.Code != want {
		s.t.Fatalf("GET %s: %d, want %d: %s", path, rec.Code, want, rec.Body)
	}
	return rec.Body.String()
}

func (s *site) post(as caller, path string, form url.Values, want int) *httptest.ResponseRecorder {
	s.t.Helper()
	rec := s.send(as, http.MethodPost, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
	if rec.Code != want {
		s.t.Fatalf("POST %s: %d, want %d: %s", path, rec.Code, want, rec.Body)
	}
	return rec
}

func formOf(number string) url.Values {
	a := licensetest.SampleApplication(number)
	form := url.Values{
		"type": {a.TypeCode}, "business_number": {number}, "issuing_authority_code": {a.AuthorityCode}, "holder_name": {a.Holders[0].Name}, "holder_code_type": {"001"}, "holder_code": {a.Holders[0].Code},
		"effective_date-year": {"2026"}, "effective_date-month": {"11"}, "effective_date-day": {"24"}, "established_date-year": {"2026"}, "established_date-month": {"11"}, "established_date-day": {"2"},
	}
	for key, value := range a.Fields {
		if key != "established_date" {
			form.Set(key, value)
		}
	}
	return form
}

func TestIssuerPages(t *testing.T) {
	s := newSite(t)
	if rec := s.send(nobody, http.MethodGet, "/license", "", nil); rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/login?next=%2Flicense" {
		t.Errorf("%d %v", rec.Code, rec.Header())
	}
	s.page(person, "/license", http.StatusForbidden)
	s.page(reviewer, "/license/new?type="+licensetest.BusinessLicense, http.StatusForbidden)
	s.page(clerk, "/license/new?type=x", http.StatusNotFound)
	if body := s.page(clerk, "/license/new?type="+licensetest.BusinessLicense, http.StatusOK); !strings.Contains(body, `id="business_scope"`) || !strings.Contains(body, `id="established_date-year"`) {
		t.Error("fields of the type are missing")
	}
	bad := formOf("B1")
	bad.Set("holder_code", "91990000MA7QX00016")
	if body := s.post(clerk, "/license/new", bad, http.StatusUnprocessableEntity).Body.String(); !strings.Contains(body, "格式或校验码不正确") || !strings.Contains(body, "91990000MA7QX00016") {
		t.Error("the form does not say what is wrong, or lost what was typed")
	}
	made := s.post(clerk, "/license/new", formOf("B1"), http.StatusSeeOther).Header().Get("Location")
	if body := s.page(clerk, made, http.StatusOK); strings.Contains(body, "license-approve") {
		t.Error("the clerk is offered the review")
	}
	if body := s.page(reviewer, made, http.StatusOK); !strings.Contains(body, `id="license-approve"`) || !strings.Contains(body, `name="version" value="1"`) {
		t.Error("the reviewer is not offered the review of what is shown")
	}
	s.post(reviewer, made+"/approve", url.Values{"version": {"2"}}, http.StatusConflict)
	s.post(reviewer, made+"/approve", url.Values{"version": {"1"}}, http.StatusSeeOther)
	s.post(issuer, made+"/issue", nil, http.StatusSeeOther)
	body := s.page(issuer, made, http.StatusOK)
	for _, want := range []string{`id="license-id"`, `id="license-download"`, `id="license-revoke"`, "2026"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	s.post(issuer, made+"/revoke", url.Values{"reason": {"没有分号"}}, http.StatusUnprocessableEntity)
	s.post(issuer, made+"/suspend", url.Values{"reason": {"条例第三条；示〔2026〕1号"}}, http.StatusSeeOther)
	s.post(issuer, made+"/resume", url.Values{"reason": {"条例第三条;示〔2026〕2号"}}, http.StatusSeeOther)
	s.post(issuer, made+"/cancel", url.Values{"reason": {"条例第三条;示〔2026〕3号"}}, http.StatusSeeOther)
	if body := s.page(issuer, made, http.StatusOK); !strings.Contains(body, "示〔2026〕3号") || strings.Contains(body, `id="license-revoke"`) {
		t.Error("history or actions do not show the end")
	}
	s.post(issuer, made+"/explode", nil, http.StatusNotFound)
	if body := s.page(issuer, "/license", http.StatusOK); !strings.Contains(body, "B1") {
		t.Error("the list lacks the licence")
	}
	if body := s.page(issuer, "/license?q=1.2.3", http.StatusOK); strings.Contains(body, ">B1<") {
		t.Error("the search finds what it should not")
	}
}

func TestHolderPages(t *testing.T) {
	s := newSite(t)
	id := s.issued("B1")
	first := s.send(person, http.MethodGet, "/me/licenses/"+id+"/present", "", nil)
	if first.Code != http.StatusSeeOther {
		t.Fatal(first.Code)
	}
	shown := s.page(person, first.Header().Get("Location"), http.StatusOK)
	if !strings.Contains(shown, "LZ1:") || !strings.Contains(shown, "<svg") || !strings.Contains(shown, "张*") || strings.Contains(shown, "张启明") {
		t.Error("code, drawing or masked fields are missing")
	}
	s.page(stranger, "/me/licenses/"+id+"/present", http.StatusNotFound)
	if rec := s.send(person, http.MethodGet, "/me/licenses/"+id+"/file", "", nil); rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "application/ofd" {
		t.Error(rec.Code)
	}
	cards, err := licensehttp.Cards(licensetest.Person, s.world.Service)
	if err != nil || len(cards) != 1 || cards[0].PresentURL == "" || cards[0].Status != "valid" || cards[0].Holder == "" {
		t.Errorf("%+v %v", cards, err)
	}
}

func TestVerifyPages(t *testing.T) {
	s := newSite(t)
	id := s.issued("B1")
	if err := s.world.Service.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if body := s.page(nobody, "/verify?license_id=1.2.3", http.StatusOK); !strings.Contains(body, "1.2.3") {
		t.Error("the number of the QR code is not filled in")
	}
	_, document, err := s.world.Service.Document(licensetest.Person, id)
	if err != nil {
		t.Fatal(err)
	}
	code := func(body string) string {
		_, rest, found := strings.Cut(body, `id="verdict-code"`)
		if !found {
			t.Fatalf("no verdict: %s", body)
		}
		at := strings.IndexByte(rest, '>')
		return rest[at+1 : at+4]
	}
	rec := s.uploadTo("/verify", "verify-file", "a.ofd", document)
	if rec.Code != http.StatusOK || code(rec.Body.String()) != "V00" {
		t.Errorf("%d", rec.Code)
	}
	tampered := bytes.Replace(document, []byte("PK\x05\x06"), []byte("PK\x05\x07"), 1)
	if rec := s.uploadTo("/verify", "verify-file", "a.ofd", tampered); rec.Code != http.StatusOK || code(rec.Body.String()) != "V31" {
		t.Errorf("%d", rec.Code)
	}
	shown, err := s.world.Service.Present(licensetest.Person, id, elicense.PresentRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if rec := s.post(nobody, "/verify", url.Values{"verify-code": {shown.Code}}, http.StatusOK); code(rec.Body.String()) != "V00" {
		t.Error("code")
	}
	s.post(nobody, "/verify", url.Values{"verify-code": {shown.Code}}, http.StatusConflict)
	d, err := s.world.Service.Find(licensetest.Person, id)
	if err != nil {
		t.Fatal(err)
	}
	if rec := s.post(nobody, "/verify", url.Values{"verify-number": {d.LicenseID}, "verify-check": {"003B"}}, http.StatusOK); code(rec.Body.String()) != "V00" {
		t.Error("number")
	}
	s.post(nobody, "/verify", url.Values{}, http.StatusBadRequest)
	if presentation.IsCode(d.LicenseID) {
		t.Error("an identifier is no code")
	}
}
