package sealhttp_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image/png"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealhttp"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/internal/i18n"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/problem"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/web"
)

// site is the room behind a stand-in of the edge: actor and language come from headers.
type site struct {
	t     *testing.T
	world *sealtest.World
	twin  *sealtest.Twin
	mux   http.Handler
}

func newSite(t *testing.T) *site {
	t.Helper()
	huma.NewErrorWithContext = problem.FromFramework
	twin := sealtest.NewTwin()
	w := sealtest.NewWorld(t, twin)
	mux := http.NewServeMux()
	sealhttp.Register(humago.New(mux, huma.DefaultConfig("test", "1")), w.Service)
	catalogue, err := i18n.New(i18n.Config{})
	if err != nil {
		t.Fatal(err)
	}
	renderer, err := web.New(web.Config{Catalogue: catalogue})
	if err != nil {
		t.Fatal(err)
	}
	pages := &sealhttp.Pages{Service: w.Service, Site: web.Site{Renderer: renderer, LoginURL: func(next string) string { return "/login?next=" + url.QueryEscape(next) }}, Rand: ident.System()}
	pages.Routes(mux)
	mux.Handle("GET /static/", renderer.Static())
	edge := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		request := reqctx.Request{ID: "req", SupportCode: "ABCD1234", Locale: "zh-CN", ClientIP: "192.0.2.1", Actor: reqctx.Actor{ID: r.Header.Get("X-Actor")}}
		if roles := r.Header.Get("X-Roles"); roles != "" {
			request.Actor.Roles = strings.Fields(roles)
		}
		if locale := r.Header.Get("Accept-Language"); locale != "" {
			request.Locale = locale
		}
		mux.ServeHTTP(rw, r.WithContext(reqctx.With(r.Context(), request)))
	})
	return &site{t, w, twin, edge}
}

type caller struct{ id, roles string }

var (
	nobody   = caller{}
	keeper   = caller{"staff:keeper", esign.RoleKeeper}
	reviewer = caller{"staff:reviewer", esign.RoleReviewer}
	maker    = caller{"staff:maker", esign.RoleMaker}
	every    = caller{"staff:every", esign.RoleKeeper + " " + esign.RoleReviewer + " " + esign.RoleMaker}
	person   = caller{"account:person", ""}
)

func (s *site) send(as caller, method, path string, headers map[string]string, body io.Reader) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, body)
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	r.Header.Set("X-Actor", as.id)
	r.Header.Set("X-Roles", as.roles)
	rec := httptest.NewRecorder()
	s.mux.ServeHTTP(rec, r)
	return rec
}

// json calls an operation; headers are name, value pairs.
func (s *site) json(as caller, method, path string, body any, want int, headers ...string) map[string]any {
	s.t.Helper()
	var reader io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		reader = bytes.NewReader(encoded)
	}
	all := map[string]string{"Content-Type": "application/json"}
	for i := 0; i+1 < len(headers); i += 2 {
		all[headers[i]] = headers[i+1]
	}
	rec := s.send(as, method, path, all, reader)
	if rec.Code != want {
		s.t.Fatalf("%s %s: %d, want %d: %s", method, path, rec.Code, want, rec.Body)
	}
	if rec.Header().Get("Cache-Control") != "no-store" {
		s.t.Errorf("I-23: %s %s: %v", method, path, rec.Header())
	}
	if want >= 400 && rec.Header().Get("Content-Type") != problem.ContentType {
		s.t.Errorf("%s %s: %s", method, path, rec.Header().Get("Content-Type"))
	}
	var out map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil {
		s.t.Fatalf("%s %s: %v: %s", method, path, err, rec.Body)
	}
	return out
}

func application(n int) map[string]any {
	a := sealtest.SampleApplication(n)
	return map[string]any{"seal_id": a.Code, "owner": a.Owner, "owner_code": a.OwnerCode, "line": a.Line}
}

func order(document []byte) map[string]any {
	return map[string]any{"document": base64.StdEncoding.EncodeToString(document), "page": 1, "x_mm": 140, "y_mm": 220, "purpose": "公布办事指南", "item": "2026-1124-0001", "sm3": digest.Hex(document)}
}

const key = "Idempotency-Key"

func TestLifeOverTheAPI(t *testing.T) {
	s := newSite(t)
	applied := s.json(keeper, http.MethodPost, "/api/v1/seals", application(1), http.StatusCreated)
	id := applied["id"].(string)
	path := "/api/v1/seals/" + id
	if applied["state"] != "applied" || applied["seal_id"] != "37030000000001" || applied["name"] != "示例市市场监督管理局行政审批专用章" || applied["owner_code"] != "11990000MB7QX0015W" {
		t.Errorf("%v", applied)
	}
	s.json(keeper, http.MethodGet, path+"/image", nil, http.StatusNotFound) // not drawn yet
	for _, step := range []struct {
		as          caller
		path, state string
		body        any
	}{
		{reviewer, "/approval", "approved", nil}, {maker, "/making", "made", nil}, {keeper, "/activation", "active", nil},
		{keeper, "/suspension", "suspended", map[string]any{"reason": "遗失"}}, {reviewer, "/resumption", "active", nil},
	} {
		got := s.json(step.as, http.MethodPost, path+step.path, step.body, http.StatusOK)
		if got["state"] != step.state || (step.state == "suspended") != (got["status_reason"] == "遗失") {
			t.Errorf("%s: %v", step.path, got)
		}
		if one := s.json(maker, http.MethodGet, path, nil, http.StatusOK); one["state"] != step.state {
			t.Errorf("read after %s: %v", step.path, one)
		}
	}
	rec := s.send(reviewer, http.MethodGet, path+"/image", nil, nil)
	if _, err := png.Decode(rec.Body); err != nil || rec.Header().Get("Content-Type") != "image/png" || rec.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("picture: %v %v", err, rec.Header())
	}
	document := sealtest.Document(t, 1)
	sealed := s.json(keeper, http.MethodPost, path+"/stamps", order(document), http.StatusCreated, key, "key-0001")
	content, err := base64.StdEncoding.DecodeString(sealed["document"].(string))
	if err != nil || s.world.Verify(t, content).Verdict != verify.Valid {
		t.Errorf("the sealed document does not verify: %v", err)
	}
	record := sealed["stamp"].(map[string]any)
	if record["state"] != "stored" || record["requester"] != "staff:keeper" || record["source_sm3"] != digest.Hex(document) || record["result_sm3"] != digest.Hex(content) || record["purpose"] != "公布办事指南" || record["page"] != 1.0 {
		t.Errorf("%v", record)
	}
	if uses := s.json(reviewer, http.MethodGet, path+"/stamps", nil, http.StatusOK); len(uses["stamps"].([]any)) != 1 || uses["next"] != nil {
		t.Errorf("%v", uses)
	}
	if revoked := s.json(reviewer, http.MethodPost, path+"/revocation", map[string]any{"reason": "机构撤并"}, http.StatusOK); revoked["state"] != "revoked" {
		t.Errorf("%v", revoked)
	}
	if p := s.json(keeper, http.MethodPost, path+"/stamps", order(document), http.StatusConflict, key, "key-0002"); p["code"] != "YX-SEAL-310" {
		t.Errorf("S-22: %v", p)
	}
	// What was sealed before is given again, also after the end of the seal.
	if again := s.json(keeper, http.MethodPost, path+"/stamps", order(document), http.StatusCreated, key, "key-0001"); again["document"] != sealed["document"] {
		t.Error("I-17: another result")
	}
}

func TestAnswersToTheWrongCaller(t *testing.T) {
	s := newSite(t)
	id := s.world.Active(t, sealtest.SampleApplication(1)).ID
	path, reason, stamps := "/api/v1/seals/"+id, map[string]any{"reason": "r"}, order(sealtest.Document(t, 1))
	for _, o := range []struct {
		method, path string
		body         any
		may          []caller
	}{
		{http.MethodPost, "/api/v1/seals", application(2), []caller{keeper, every}},
		{http.MethodGet, "/api/v1/seals", nil, []caller{keeper, reviewer, maker, every}},
		{http.MethodGet, path, nil, []caller{keeper, reviewer, maker, every}},
		{http.MethodGet, path + "/image", nil, []caller{keeper, reviewer, maker, every}},
		{http.MethodGet, path + "/stamps", nil, []caller{keeper, reviewer, maker, every}},
		{http.MethodPost, path + "/approval", nil, []caller{reviewer, every}},
		{http.MethodPost, path + "/making", nil, []caller{maker, every}},
		{http.MethodPost, path + "/activation", nil, []caller{keeper, every}},
		{http.MethodPost, path + "/resumption", nil, []caller{reviewer, every}},
		{http.MethodPost, path + "/stamps", stamps, []caller{keeper, every}},
		{http.MethodPost, path + "/stamps/preview", map[string]any{"document": stamps["document"], "page": 1, "x_mm": 140, "y_mm": 220}, []caller{keeper, every}},
		{http.MethodPost, path + "/suspension", reason, []caller{keeper, every}},
		{http.MethodPost, path + "/revocation", reason, []caller{reviewer, every}},
		{http.MethodPost, path + "/loss", reason, []caller{keeper, every}},
		{http.MethodPost, path + "/filing", map[string]any{"number": "37-1", "authority": "a", "filed_on": "2026-01-02"}, []caller{reviewer, every}},
	} {
		for _, as := range []caller{nobody, person, keeper, reviewer, maker, every} {
			var body io.Reader
			if o.body != nil {
				encoded, _ := json.Marshal(o.body)
				body = bytes.NewReader(encoded)
			}
			rec := s.send(as, o.method, o.path, map[string]string{"Content-Type": "application/json", key: "key-0001"}, body)
			allowed := false
			for _, may := range o.may {
				allowed = allowed || may == as
			}
			switch {
			case as == nobody && rec.Code != http.StatusUnauthorized, as != nobody && !allowed && rec.Code != http.StatusForbidden,
				allowed && (rec.Code == http.StatusUnauthorized || rec.Code == http.StatusForbidden):
				t.Errorf("%s %s as %q: %d %s", o.method, o.path, as.id, rec.Code, rec.Body)
			}
		}
	}
}

func TestRefusalsOfTheAPI(t *testing.T) {
	s := newSite(t)
	seal := s.world.Active(t, sealtest.SampleApplication(1))
	path, document := "/api/v1/seals/"+seal.ID, sealtest.Document(t, 1)
	with := func(base map[string]any, changes ...any) map[string]any {
		for i := 0; i+1 < len(changes); i += 2 {
			base[changes[i].(string)] = changes[i+1]
		}
		return base
	}
	without := func(base map[string]any, name string) map[string]any {
		delete(base, name)
		return base
	}
	for _, test := range []struct {
		name         string
		as           caller
		method, path string
		body         any
		status       int
		code         string
	}{
		{"no such seal", keeper, http.MethodGet, "/api/v1/seals/seal_none", nil, 404, "YX-CORE-404"},
		{"no such seal to stamp", keeper, http.MethodPost, "/api/v1/seals/seal_none/stamps", order(document), 404, "YX-CORE-404"},
		{"uses of no seal", keeper, http.MethodGet, "/api/v1/seals/seal_none/stamps", nil, 404, "YX-CORE-404"},
		{"code taken", keeper, http.MethodPost, "/api/v1/seals", application(1), 409, "YX-SEAL-304"},
		{"malformed code", keeper, http.MethodPost, "/api/v1/seals", with(application(2), "seal_id", "x"), 422, ""},
		{"no owner", keeper, http.MethodPost, "/api/v1/seals", without(application(2), "owner"), 422, ""},
		{"mistyped owner code", keeper, http.MethodPost, "/api/v1/seals", with(application(2), "owner_code", "11990000MB7QX0015X"), 422, "YX-SEAL-301"},
		{"too wide", keeper, http.MethodPost, "/api/v1/seals", with(application(2), "diameter_mm", 61), 422, "YX-SEAL-301"},
		{"cannot be drawn", keeper, http.MethodPost, "/api/v1/seals", with(application(2), "owner", "示例\U0002F9F4局"), 422, "YX-SEAL-301"},
		{"unknown member", keeper, http.MethodPost, "/api/v1/seals", with(application(2), "state", "active"), 422, ""},
		{"approved twice", reviewer, http.MethodPost, path + "/approval", nil, 409, "YX-SEAL-303"},
		{"made twice", maker, http.MethodPost, path + "/making", nil, 409, "YX-SEAL-303"},
		{"resumed while in use", reviewer, http.MethodPost, path + "/resumption", nil, 409, "YX-SEAL-303"},
		{"suspended without a reason", keeper, http.MethodPost, path + "/suspension", map[string]any{"reason": ""}, 422, ""},
		{"suspended for blanks", keeper, http.MethodPost, path + "/suspension", map[string]any{"reason": "  "}, 422, "YX-SEAL-305"},
		{"revoked for too long a reason", reviewer, http.MethodPost, path + "/revocation", map[string]any{"reason": strings.Repeat("因", 201)}, 422, ""},
		{"no Base64", keeper, http.MethodPost, path + "/stamps", with(order(document), "document", "%%"), 422, ""},
		{"D-31 no OFD", keeper, http.MethodPost, path + "/stamps", with(order(document), "document", "JVBERg==", "sm3", ""), 422, "YX-SEAL-311"},
		{"outside the page", keeper, http.MethodPost, path + "/stamps", with(order(document), "x_mm", 200), 422, "YX-SEAL-315"},
		{"negative page", keeper, http.MethodPost, path + "/stamps", with(order(document), "page", -1), 422, ""},
		{"no purpose", keeper, http.MethodPost, path + "/stamps", without(order(document), "purpose"), 422, ""},
		{"K-06 another document than approved", keeper, http.MethodPost, path + "/stamps", with(order(document), "sm3", strings.Repeat("0", 64)), 403, "YX-SEAL-317"},
		{"bad cursor of seals", keeper, http.MethodGet, "/api/v1/seals?after=x", nil, 400, "YX-CORE-400"},
		{"bad cursor of uses", keeper, http.MethodGet, path + "/stamps?after=x", nil, 400, "YX-CORE-400"},
		{"no seals on a page", keeper, http.MethodGet, "/api/v1/seals?limit=0", nil, 422, ""},
		{"too many seals on a page", keeper, http.MethodGet, "/api/v1/seals?limit=201", nil, 422, ""},
		{"too many uses on a page", keeper, http.MethodGet, path + "/stamps?limit=201", nil, 422, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s.t = t
			p := s.json(test.as, test.method, test.path, test.body, test.status, key, "key-0001")
			if code, _ := p["code"].(string); !strings.HasPrefix(code, "YX-") || test.code != "" && code != test.code {
				t.Errorf("%v", p)
			}
			if p["request_id"] != "req" || p["support_code"] != "ABCD1234" {
				t.Errorf("%v", p)
			}
		})
	}
	s.t = t
	if n := s.world.Keys.Asked(keys.UsageSealSigner); n != 0 || len(s.twin.AllStamps()) != 0 {
		t.Errorf("refused calls used a key %d times and left %d stamps", n, len(s.twin.AllStamps()))
	}
}

// TestPlacesOverTheAPI: the trial tells where the seal would be drawn, the stamp draws it there, and the record says what was asked for.
func TestPlacesOverTheAPI(t *testing.T) {
	s := newSite(t)
	path, document := "/api/v1/seals/"+s.world.Active(t, sealtest.SampleApplication(1)).ID+"/stamps", sealtest.Document(t, 3)
	asked := []any{
		map[string]any{"kind": "straddle", "edge": "right", "per_set": 3.0, "along_mm": 20.0, "margin_mm": 1.0},
		map[string]any{"kind": "keyword", "text": "第 2 页", "nth": 1.0, "x_mm": 10.0, "y_mm": -3.0},
		map[string]any{"kind": "pages", "pages": "1,3", "x_mm": 60.0, "y_mm": 70.0},
		map[string]any{"kind": "straddle", "edge": "left", "duplex": true, "pages": "1,3"},
	}
	body := order(document)
	delete(body, "page")
	delete(body, "x_mm")
	delete(body, "y_mm")
	body["places"] = asked
	trial := s.json(keeper, http.MethodPost, path+"/preview", map[string]any{"document": body["document"], "places": asked}, http.StatusOK)
	all := trial["appearances"].([]any)
	if len(all) != 8 {
		t.Fatalf("%d appearances: %v", len(all), all)
	}
	if first := all[0].(map[string]any); first["page"] != 1.0 || first["x_mm"] != 195.0 || first["y_mm"] != 20.0 || first["width_mm"] != 42.0 || first["height_mm"] != 42.0 || first["text"] != nil ||
		!reflect.DeepEqual(first["clip"], map[string]any{"x_mm": 0.0, "y_mm": 0.0, "width_mm": 14.0, "height_mm": 42.0}) {
		t.Errorf("the first slice: %v", first)
	}
	if over := all[3].(map[string]any); over["page"] != 2.0 || over["clip"] != nil || over["text"] == nil {
		t.Errorf("over the text: %v", over)
	}
	if uses := s.json(reviewer, http.MethodGet, path, nil, http.StatusOK); len(uses["stamps"].([]any)) != 0 {
		t.Errorf("the trial left %v", uses)
	}
	sealed := s.json(keeper, http.MethodPost, path, body, http.StatusCreated, key, "key-0001")
	if record := sealed["stamp"].(map[string]any); record["page"] != 0.0 || !reflect.DeepEqual(record["places"], asked) {
		t.Errorf("%v", record)
	}
	content, err := base64.StdEncoding.DecodeString(sealed["document"].(string))
	if err != nil {
		t.Fatal(err)
	}
	report := s.world.Verify(t, content)
	if report.Verdict != verify.Valid || len(report.Signatures[0].Placements) != len(all) {
		t.Fatalf("%s %+v", report.Code, report.Signatures[0].Placements)
	}
	for i, p := range report.Signatures[0].Placements {
		if a := all[i].(map[string]any); float64(p.Page) != a["page"] || math.Abs(p.XMM-a["x_mm"].(float64)) > 0.001 || math.Abs(p.YMM-a["y_mm"].(float64)) > 0.001 {
			t.Errorf("drawn at %+v, the trial said %v", p, a)
		}
	}
	both := order(document)
	both["places"] = asked
	neither := order(document)
	delete(neither, "page")
	for name, wrong := range map[string]map[string]any{"page and places": both, "neither": neither} {
		if p := s.json(keeper, http.MethodPost, path, wrong, http.StatusUnprocessableEntity, key, "key-0002"); !strings.Contains(fmt.Sprint(p["errors"]), "page") {
			t.Errorf("%s: %v", name, p)
		}
		delete(wrong, "purpose")
		s.json(keeper, http.MethodPost, path+"/preview", map[string]any{"document": wrong["document"], "places": wrong["places"], "page": wrong["page"]}, http.StatusUnprocessableEntity)
	}
	body["places"] = []any{map[string]any{"kind": "keyword", "text": "没有的文字"}}
	if p := s.json(keeper, http.MethodPost, path, body, http.StatusUnprocessableEntity, key, "key-0003"); p["code"] != "YX-SEAL-360" {
		t.Errorf("%v", p)
	}
}

func TestI17KeysOverTheAPI(t *testing.T) {
	s := newSite(t)
	path := "/api/v1/seals/" + s.world.Active(t, sealtest.SampleApplication(1)).ID + "/stamps"
	document := sealtest.Document(t, 1)
	s.json(keeper, http.MethodPost, path, order(document), http.StatusUnprocessableEntity)
	s.json(keeper, http.MethodPost, path, order(document), http.StatusUnprocessableEntity, key, "short")
	s.json(keeper, http.MethodPost, path, order(document), http.StatusUnprocessableEntity, key, strings.Repeat("k", 129))
	first := s.json(keeper, http.MethodPost, path, order(document), http.StatusCreated, key, "key-0001")
	s.world.Advance(time.Hour)
	second := s.json(keeper, http.MethodPost, path, order(document), http.StatusCreated, key, "key-0001")
	if a, b := fmt.Sprint(first), fmt.Sprint(second); a != b {
		t.Error("the same key gave another answer")
	}
	other := order(document)
	other["purpose"] = "别的事由"
	if p := s.json(keeper, http.MethodPost, path, other, http.StatusUnprocessableEntity, key, "key-0001"); p["code"] != "YX-SEAL-312" {
		t.Errorf("%v", p)
	}
	// While the key signs, the same key is told to wait.
	s.world.Keys.Answer = func(_ keys.Usage, _, signature []byte) []byte {
		s.world.Keys.Answer = nil
		encoded, _ := json.Marshal(order(document))
		rec := s.send(keeper, http.MethodPost, path, map[string]string{"Content-Type": "application/json", key: "key-0002"}, bytes.NewReader(encoded))
		if rec.Code != http.StatusConflict || rec.Header().Get("Retry-After") == "" || !strings.Contains(rec.Body.String(), "YX-SEAL-318") {
			t.Errorf("%d %v %s", rec.Code, rec.Header(), rec.Body)
		}
		return signature
	}
	s.json(keeper, http.MethodPost, path, order(document), http.StatusCreated, key, "key-0002")
	s.world.Keys.Down = func(keys.Usage) error { return keys.ErrUnavailable }
	if p := s.json(keeper, http.MethodPost, path, order(document), http.StatusServiceUnavailable, key, "key-0003"); p["retryable"] != true {
		t.Errorf("%v", p)
	}
	s.world.Keys.Down = nil
	s.json(keeper, http.MethodPost, path, order(document), http.StatusCreated, key, "key-0003")
}

func TestBodiesAreBounded(t *testing.T) {
	s := newSite(t)
	path := "/api/v1/seals/" + s.world.Active(t, sealtest.SampleApplication(1)).ID
	large := func(n int64) io.Reader {
		return io.MultiReader(strings.NewReader(`{"purpose":"`), io.LimitReader(endless{}, n), strings.NewReader(`"}`))
	}
	for _, test := range []struct {
		path string
		size int64
	}{{"/api/v1/seals", 2 << 20}, {path + "/suspension", 2 << 20}, {path + "/stamps", sealhttp.MaxDocument + 1}} {
		rec := s.send(keeper, http.MethodPost, test.path, map[string]string{"Content-Type": "application/json", key: "key-0001"}, large(test.size))
		if rec.Code != http.StatusRequestEntityTooLarge || rec.Header().Get("Content-Type") != problem.ContentType {
			t.Errorf("%s: %d %s", test.path, rec.Code, rec.Body)
		}
	}
	// A bound of the edge that is reached first is told the same way.
	r := httptest.NewRequest(http.MethodPost, path+"/stamps", large(2<<20))
	r.Header = http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": {"key-0001"}, "X-Actor": {keeper.id}, "X-Roles": {keeper.roles}}
	rec := httptest.NewRecorder()
	r.Body = http.MaxBytesReader(rec, r.Body, 1<<20)
	if s.mux.ServeHTTP(rec, r); rec.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

// endless is a stream of one letter.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

func TestListsArePaged(t *testing.T) {
	s := newSite(t)
	for _, n := range []int{3, 1, 2} {
		s.json(keeper, http.MethodPost, "/api/v1/seals", application(n), http.StatusCreated)
	}
	first := s.json(keeper, http.MethodGet, "/api/v1/seals?limit=2", nil, http.StatusOK)
	second := s.json(keeper, http.MethodGet, "/api/v1/seals?limit=2&after="+url.QueryEscape(first["next"].(string)), nil, http.StatusOK)
	if len(first["seals"].([]any)) != 2 || len(second["seals"].([]any)) != 1 || second["next"] != nil {
		t.Errorf("%v %v", first, second)
	}
	seal := s.world.Active(t, sealtest.SampleApplication(4))
	path := "/api/v1/seals/" + seal.ID + "/stamps"
	if none := s.json(keeper, http.MethodGet, path, nil, http.StatusOK); none["stamps"] == nil || len(none["stamps"].([]any)) != 0 {
		t.Errorf("%v", none)
	}
	for n := range 3 {
		s.json(keeper, http.MethodPost, path, order(sealtest.Document(t, 1)), http.StatusCreated, key, fmt.Sprint("key-000", n))
	}
	first = s.json(keeper, http.MethodGet, path+"?limit=2", nil, http.StatusOK)
	second = s.json(keeper, http.MethodGet, path+"?limit=2&after="+url.QueryEscape(first["next"].(string)), nil, http.StatusOK)
	if len(first["stamps"].([]any)) != 2 || len(second["stamps"].([]any)) != 1 || second["next"] != nil {
		t.Errorf("%v %v", first, second)
	}
}
