package licensehttp_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense/licensetest"
)

const batchesPath = "/api/v1/license-batches"

func (s *site) sendBatch(as caller, key, order, file string) *httptest.ResponseRecorder {
	s.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if order != "" {
		_ = form.WriteField("order", order)
	}
	if file != "" {
		part, err := form.CreateFormFile("file", "批次.csv")
		if err != nil {
			s.t.Fatal(err)
		}
		_, _ = part.Write([]byte(file))
	}
	if err := form.Close(); err != nil {
		s.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, batchesPath, &body)
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Idempotency-Key", key)
	r.Header.Set("X-Actor", as.id)
	r.Header.Set("X-Roles", as.roles)
	rec := httptest.NewRecorder()
	s.mux.ServeHTTP(rec, r)
	return rec
}

const batchOrder = `{"license_type_code":"` + licensetest.BusinessLicense + `","issuing_authority_code":"` + licensetest.AuthorityCode + `"`

func orderOfSample(t *testing.T) string {
	mapping, err := json.Marshal(licensetest.SampleMapping())
	if err != nil {
		t.Fatal(err)
	}
	return batchOrder + `,"mapping":` + string(mapping) + `}`
}

func TestBatchOverTheAPI(t *testing.T) {
	s := newSite(t)
	file := licensetest.SampleFile("=cmd|' /C calc'!A0", "B2", "B2", "B4")
	rec := s.sendBatch(clerk, "key-00001", orderOfSample(t), file)
	if rec.Code != http.StatusCreated {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	var b map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &b); err != nil {
		t.Fatal(err)
	}
	at := batchesPath + "/" + b["id"].(string)
	if b["state"] != "checked" || b["name"] != "批次.csv" || b["rows"] != 4.0 || b["counts"].(map[string]any)["ready"] != 2.0 {
		t.Errorf("%v", b)
	}
	if rows := s.json(reviewer, http.MethodGet, at+"/rows?result=refused", nil, 200)["items"].([]any); len(rows) != 2 || rows[0].(map[string]any)["problems"].([]any)[0].(map[string]any)["code"] != "YX-LIC-436" {
		t.Errorf("%v", rows)
	}
	if cells := s.json(reviewer, http.MethodGet, at+"/rows/2", nil, 200)["cells"].([]any); cells[0].(map[string]any)["column"] != "业务编号" {
		t.Errorf("%v", cells)
	}
	s.json(clerk, http.MethodPost, at+"/mapping", map[string]any{"mapping": licensetest.SampleMapping()}, 200)
	s.json(clerk, http.MethodPost, at+"/submission", map[string]any{"whole": true}, 422)
	s.json(clerk, http.MethodPost, at+"/submission", map[string]any{"whole": false}, 200)
	s.json(clerk, http.MethodPost, at+"/review", map[string]any{"decision": "approve"}, 403)
	s.json(issuer, http.MethodPost, at+"/start", nil, 409)
	s.json(reviewer, http.MethodPost, at+"/review", map[string]any{"decision": "approve"}, 200)
	s.json(issuer, http.MethodPost, at+"/start", nil, 200)
	s.json(issuer, http.MethodPost, at+"/pause", nil, 200)
	s.json(issuer, http.MethodPost, at+"/start", nil, 200)
	if n, err := s.world.Service.RunBatches(context.Background()); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	done := s.json(issuer, http.MethodGet, at, nil, 200)
	if done["state"] != "done" || done["counts"].(map[string]any)["issued"] != 2.0 {
		t.Errorf("%v", done)
	}
	s.json(issuer, http.MethodPost, at+"/cancel", nil, 409)
	s.json(reviewer, http.MethodGet, at+"/rows/2", nil, 404)
	// Receipts, paged.
	var receipts []map[string]any
	for after := "0"; ; {
		page := s.json(clerk, http.MethodGet, at+"/rows?result=issued&limit=1&after="+after, nil, 200)
		for _, item := range page["items"].([]any) {
			receipts = append(receipts, item.(map[string]any))
		}
		next, more := page["next"].(float64)
		if !more {
			break
		}
		after = strings.TrimSuffix(string(mustJSON(t, next)), ".0")
	}
	if len(receipts) != 2 || receipts[0]["license_id"] == "" || len(receipts[1]["file_sm3"].(string)) != 64 || receipts[1]["issued_at"] == nil {
		t.Fatalf("%v", receipts)
	}
	s.json(clerk, http.MethodGet, "/api/v1/licenses/"+receipts[1]["id"].(string), nil, 200)
	if list := s.json(clerk, http.MethodGet, batchesPath+"?state=done", nil, 200)["items"].([]any); len(list) != 1 {
		t.Errorf("%v", list)
	}
}

func mustJSON(t *testing.T, value any) []byte {
	t.Helper()
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// TestI19ResultsOfABatchAreNoFormulas: what a department wrote into a column comes back as text.
func TestI19ResultsOfABatchAreNoFormulas(t *testing.T) {
	s := newSite(t)
	file := strings.Replace(licensetest.SampleFile("=1+1", "=1+1"), "住所", "=2+2", 1)
	order := strings.Replace(orderOfSample(t), `"住所"`, `"=2+2"`, 1)
	rec := s.sendBatch(clerk, "key-00001", order, file)
	var b map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &b); err != nil || rec.Code != http.StatusCreated {
		t.Fatal(rec.Body, err)
	}
	rec = s.send(clerk, http.MethodGet, batchesPath+"/"+b["id"].(string)+"/results", "", nil)
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(rec.Body.String(), "\ufeff"))).ReadAll()
	if err == nil {
		t.Fatal("the last line has other columns, so a reader must look at it")
	}
	if len(lines) != 0 {
		t.Fatal(lines)
	}
	in := csv.NewReader(strings.NewReader(strings.TrimPrefix(rec.Body.String(), "\ufeff")))
	in.FieldsPerRecord = -1
	if lines, err = in.ReadAll(); err != nil || len(lines) != 4 || lines[1][1] != "'=1+1" || lines[1][2] != "refused" || lines[3][0] != "rows" || lines[3][1] != "2" {
		t.Errorf("%v %v", lines, err)
	}
	if got := rec.Header().Get("Content-Disposition"); !strings.HasPrefix(got, "attachment") {
		t.Errorf("%s", got)
	}
}

func TestBatchFormsThatAreRefused(t *testing.T) {
	s := newSite(t)
	file := licensetest.SampleFile("B1")
	for name, test := range map[string]struct {
		as               caller
		key, order, file string
		want             int
	}{
		"nobody":         {nobody, "key-00001", batchOrder + "}", file, 401},
		"reviewer":       {reviewer, "key-00001", batchOrder + "}", file, 403},
		"no key":         {clerk, "", batchOrder + "}", file, 422},
		"no order":       {clerk, "key-00001", "", file, 400},
		"no file":        {clerk, "key-00001", batchOrder + "}", "", 400},
		"other members":  {clerk, "key-00001", batchOrder + `,"x":1}`, file, 400},
		"member twice":   {clerk, "key-00001", batchOrder + `,"format":"csv","format":"csv"}`, file, 400},
		"no such format": {clerk, "key-00001", batchOrder + `,"format":"xlsx"}`, file, 422},
		"no encoding":    {clerk, "key-00001", batchOrder + `,"encoding":"big5"}`, file, 422},
		"proposed":       {clerk, "key-00002", batchOrder + "}", file, 201},
		"other content":  {clerk, "key-00002", batchOrder + "}", licensetest.SampleFile("B2"), 409},
	} {
		if name == "other content" {
			s.sendBatch(clerk, "key-00002", batchOrder+"}", file)
		}
		if rec := s.sendBatch(test.as, test.key, test.order, test.file); rec.Code != test.want {
			t.Errorf("%s: %d, want %d: %s", name, rec.Code, test.want, rec.Body)
		}
	}
	if rec := s.send(clerk, http.MethodPost, batchesPath, "application/json", strings.NewReader("{}")); rec.Code != 415 && rec.Code != 422 {
		t.Errorf("JSON: %d", rec.Code)
	}
	if rec := s.send(nobody, http.MethodGet, batchesPath+"/lbt_x/results", "", nil); rec.Code != 401 {
		t.Errorf("results for nobody: %d", rec.Code)
	}
}
