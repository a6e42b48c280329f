package sealhttp_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealhttp"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys"
)

func packed(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range []string{"=1+1.ofd", "甲.ofd", "乙.ofd"} {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(files[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// form sends the parts of a form, name and content after each other.
func (s *site) form(as caller, path string, parts ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for i := 0; i+1 < len(parts); i += 2 {
		w, err := form.CreateFormFile(parts[i], parts[i])
		if err == nil {
			_, err = io.WriteString(w, parts[i+1])
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		s.t.Fatal(err)
	}
	return s.send(as, http.MethodPost, path, map[string]string{"Content-Type": form.FormDataContentType(), key: "batch-0001", "Accept-Language": "en"}, &body)
}

func TestBatchOverTheAPI(t *testing.T) {
	s := newSite(t)
	path := "/api/v1/seals/" + s.world.Active(t, sealtest.SampleApplication(1)).ID + "/batches"
	archive := string(packed(t, map[string][]byte{"=1+1.ofd": sealtest.Document(t, 2), "甲.ofd": sealtest.Document(t, 3), "乙.ofd": []byte("%PDF-1.7")}))
	places := `"places":[{"kind":"straddle","edge":"right"}]`
	trial := s.form(keeper, path+"/preview", "order", `{`+places+`}`, "file", archive)
	var report sealhttp.BatchReport
	if err := json.Unmarshal(trial.Body.Bytes(), &report); err != nil || trial.Code != http.StatusOK {
		t.Fatalf("%d %s", trial.Code, trial.Body)
	}
	if report.Sealed != 2 || report.Refused != 1 || report.Later != 0 || len(report.Documents[1].Appearances) != 3 || report.Documents[1].Result != "sealable" || report.Documents[1].StampID != "" {
		t.Errorf("the trial says %+v", report)
	}
	if n := s.world.Keys.Asked(keys.UsageSealSigner); n != 0 {
		t.Errorf("the trial asked for keys %d times", n)
	}
	for range 2 { // the second one is given what the first one made
		rec := s.form(keeper, path, "order", `{"purpose":"公布办事指南",`+places+`}`, "file", archive)
		if rec.Code != http.StatusOK || rec.Header().Get("Content-Type") != "application/zip" || rec.Header().Get("Cache-Control") != "no-store" {
			t.Fatalf("%d %v %s", rec.Code, rec.Header(), rec.Body)
		}
		files := unpacked(t, rec.Body.Bytes())
		if len(files) != 4 {
			t.Errorf("%d files", len(files))
		}
		for _, name := range []string{"=1+1.ofd", "甲.ofd"} {
			if r := s.world.Verify(t, files[name]); r.Verdict != verify.Valid {
				t.Errorf("%s: %s %+v", name, r.Code, r.Reasons)
			}
		}
		report = sealhttp.BatchReport{}
		if err := json.Unmarshal(files["results.json"], &report); err != nil {
			t.Fatal(err)
		}
		refused := report.Documents[2]
		if report.Sealed != 2 || report.Refused != 1 || report.Documents[0].Result != "sealed" || refused.Result != "refused" || refused.Problem.Code != "YX-SEAL-311" || refused.Problem.Title != "The document cannot be sealed: pdf_structure" {
			t.Errorf("%+v %+v", report, refused.Problem)
		}
		lines, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(files["results.csv"], []byte("\ufeff")))).ReadAll()
		if err != nil || len(lines) != 4 || lines[1][0] != "'=1+1.ofd" || lines[3][2] != "YX-SEAL-311" {
			t.Errorf("I-19: %v %q", err, lines)
		}
	}
	if n := s.world.Keys.Signed(keys.UsageSealSigner); n != 2 || len(s.twin.AllStamps()) != 2 {
		t.Errorf("%d signatures, %d stamps", n, len(s.twin.AllStamps()))
	}
}

func unpacked(t *testing.T, archive []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

func TestBatchesThatAreRefusedOverTheAPI(t *testing.T) {
	s := newSite(t)
	seal := s.world.Active(t, sealtest.SampleApplication(1))
	path := "/api/v1/seals/" + seal.ID + "/batches"
	archive := string(packed(t, map[string][]byte{"甲.ofd": sealtest.Document(t, 2)}))
	good := `{"purpose":"公布办事指南","page":0}`
	for _, path := range []string{path, path + "/preview"} {
		for name, c := range map[string]struct {
			as     caller
			parts  []string
			status int
			code   string
		}{
			"nobody":              {nobody, []string{"order", good, "file", archive}, 401, ""},
			"a person":            {person, []string{"order", good, "file", archive}, 403, ""},
			"a reviewer":          {reviewer, []string{"order", good, "file", archive}, 403, ""},
			"no order":            {keeper, []string{"file", archive}, 400, "YX-CORE-400"},
			"no file":             {keeper, []string{"order", good}, 400, "YX-CORE-400"},
			"two orders":          {keeper, []string{"order", good, "order", good, "file", archive}, 400, "YX-CORE-400"},
			"two files":           {keeper, []string{"order", good, "file", archive, "file", archive}, 400, "YX-CORE-400"},
			"another part":        {keeper, []string{"order", good, "file", archive, "files", archive}, 400, "YX-CORE-400"},
			"an unknown member":   {keeper, []string{"order", `{"purpose":"x","page":0,"pages":1}`, "file", archive}, 400, "YX-CORE-400"},
			"a member twice":      {keeper, []string{"order", `{"purpose":"x","page":0,"page":1}`, "file", archive}, 400, "YX-CORE-400"},
			"no JSON":             {keeper, []string{"order", `page=0`, "file", archive}, 400, "YX-CORE-400"},
			"an order of 64 KiB":  {keeper, []string{"order", good + strings.Repeat(" ", 64<<10), "file", archive}, 400, "YX-CORE-400"},
			"no place":            {keeper, []string{"order", `{"purpose":"x"}`, "file", archive}, 422, "YX-CORE-422"},
			"no archive":          {keeper, []string{"order", good, "file", "PK"}, 422, "YX-SEAL-362"},
			"an archive too many": {keeper, []string{"order", good, "file", strings.Repeat(" ", esign.MaxBatch+1)}, 413, "YX-CORE-413"},
		} {
			rec := s.form(c.as, path, c.parts...)
			if rec.Code != c.status || !strings.Contains(rec.Body.String(), c.code) || rec.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s at %s: %d %s", name, path, rec.Code, rec.Body)
			}
		}
	}
	if rec := s.send(keeper, http.MethodPost, path, map[string]string{"Content-Type": "application/json", key: "batch-0001"}, strings.NewReader(good)); rec.Code != http.StatusUnsupportedMediaType {
		t.Errorf("JSON: %d %s", rec.Code, rec.Body)
	}
	if rec := s.form(keeper, path, "order", `{"page":0}`, "file", archive); rec.Code != 422 || !strings.Contains(rec.Body.String(), "purpose") {
		t.Errorf("no purpose: %d %s", rec.Code, rec.Body)
	}
	if n := s.world.Keys.Asked(keys.UsageSealSigner); n != 0 {
		t.Errorf("keys were asked %d times", n)
	}
}
