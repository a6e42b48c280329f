package sealhttp_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/sealhttp"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/esign/verify"
)

// TestPDFOnThePage: the form takes a PDF whatever its name is, shows the edge of the page with the seal, and gives a PDF back.
func TestPDFOnThePage(t *testing.T) {
	s := newSite(t)
	path := "/seal/" + s.world.Active(t, sealtest.SampleApplication(1)).ID
	form := stampForm("use_pdf")
	form.Set("stamp-preview", "1")
	body := s.upload(keeper, path+"/stamps", sealtest.PDF(2), form, http.StatusOK).Body.String()
	for _, want := range []string{`id="stamp-shown"`, `<rect x="140" y="220" width="42" height="42">`, "第 1 页，共 2 页", "这是 PDF 文件", `viewBox="0 0 210`} {
		if !strings.Contains(body, want) {
			t.Errorf("the preview lacks %s", want)
		}
	}
	if strings.Contains(s.upload(keeper, path+"/stamps", sealtest.Document(t, 2), form, http.StatusOK).Body.String(), "这是 PDF 文件") {
		t.Error("an OFD is taken for a PDF")
	}
	if len(s.twin.AllStamps()) != 0 {
		t.Error("a preview stamped")
	}
	form.Del("stamp-preview")
	result := s.upload(keeper, path+"/stamps", sealtest.PDF(2), form, http.StatusSeeOther).Header().Get("Location")
	if body := s.page(keeper, result, http.StatusOK); !strings.Contains(body, `id="verdict-code">V00<`) || !strings.Contains(body, ".pdf") {
		t.Errorf("%s", body)
	}
	rec := s.send(keeper, http.MethodGet, result+"/file", nil, nil)
	if rec.Header().Get("Content-Type") != "application/pdf" || !strings.HasSuffix(rec.Header().Get("Content-Disposition"), ".pdf") || rec.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%v", rec.Header())
	}
	if report := s.world.Verify(t, rec.Body.Bytes()); report.Verdict != verify.Valid || report.Format != "pdf" {
		t.Errorf("%s %v", report.Code, report.Reasons)
	}
	form.Set("stamp-key", "use_text")
	form.Set("stamp-kind", "keyword")
	form.Set("stamp-text", "Page")
	form.Set("stamp-dx", "0")
	form.Set("stamp-dy", "0")
	if body := s.upload(keeper, path+"/stamps", sealtest.PDF(1), form, http.StatusUnprocessableEntity).Body.String(); !strings.Contains(body, `href="#stamp-text"`) || !strings.Contains(body, "PDF 文件不能按文字查找盖章位置") {
		t.Error("nobody is told that no text is looked for in a PDF")
	}
}

// TestPDFOverTheAPI: the same operations, with the kind of value that was asked for.
func TestPDFOverTheAPI(t *testing.T) {
	s := newSite(t)
	path := "/api/v1/seals/" + s.world.Active(t, sealtest.SampleApplication(1)).ID + "/stamps"
	document := sealtest.PDF(3)
	body := map[string]any{"document": base64.StdEncoding.EncodeToString(document), "places": []any{map[string]any{"kind": "straddle", "edge": "right"}}, "purpose": "公布办事指南"}
	trial := s.json(keeper, http.MethodPost, path+"/preview", map[string]any{"document": body["document"], "places": body["places"], "value": "cms"}, http.StatusOK)
	if all := trial["appearances"].([]any); len(all) != 3 {
		t.Errorf("%v", all)
	}
	for value, kind := range map[string]string{"": "seal", "seal": "seal", "cms": "sign", "gbt35275": "sign"} {
		if body["value"] = value; value == "" {
			delete(body, "value")
		}
		answer := s.json(keeper, http.MethodPost, path, body, http.StatusCreated, key, "key-pdf-"+value)
		sealed, err := base64.StdEncoding.DecodeString(answer["document"].(string))
		if err != nil {
			t.Fatal(err)
		}
		if report := s.world.Verify(t, sealed); report.Verdict != verify.Valid || report.Signatures[0].Type != kind || len(report.Signatures[0].Placements) != 3 {
			t.Errorf("%q: %s %+v", value, report.Code, report.Signatures)
		}
		if got := answer["stamp"].(map[string]any)["value"]; value != "" && got != value || value == "" && got != "seal" {
			t.Errorf("%q is recorded as %v", value, got)
		}
	}
	body["value"] = "xades"
	s.json(keeper, http.MethodPost, path, body, http.StatusUnprocessableEntity, key, "key-pdf-x")
	ofd := map[string]any{"document": base64.StdEncoding.EncodeToString(sealtest.Document(t, 1)), "page": 0, "value": "cms", "purpose": "公布办事指南"}
	if refused := s.json(keeper, http.MethodPost, path, ofd, http.StatusUnprocessableEntity, key, "key-ofd-cms"); refused["code"] != "YX-SEAL-423" {
		t.Errorf("%v", refused)
	}
	delete(ofd, "purpose")
	if refused := s.json(keeper, http.MethodPost, path+"/preview", ofd, http.StatusUnprocessableEntity); refused["code"] != "YX-SEAL-423" {
		t.Errorf("the trial of it: %v", refused)
	}
}

// TestBatchOfBothFormats: an archive may hold both, and the answer has each under its name.
func TestBatchOfBothFormats(t *testing.T) {
	s := newSite(t)
	path := "/api/v1/seals/" + s.world.Active(t, sealtest.SampleApplication(1)).ID + "/batches"
	archive := string(packed(t, map[string][]byte{"=1+1.ofd": sealtest.Document(t, 2), "甲.ofd": sealtest.PDF(2), "乙.ofd": sealtest.PDF(1)})) // names say nothing
	rec := s.form(keeper, path, "order", `{"purpose":"公布办事指南","places":[{"kind":"pages","pages":"1","x_mm":100,"y_mm":100}]}`, "file", archive)
	files := unpacked(t, rec.Body.Bytes())
	for name, format := range map[string]string{"=1+1.ofd": "ofd", "甲.ofd": "pdf", "乙.ofd": "pdf"} {
		if r := s.world.Verify(t, files[name]); r.Verdict != verify.Valid || r.Format != format {
			t.Errorf("%s: %s %s %+v", name, r.Format, r.Code, r.Reasons)
		}
	}
	// A trial with a kind of value that OFD has not says so before anything is sealed.
	trial := s.form(keeper, path+"/preview", "order", `{"value":"cms","page":0}`, "file", archive)
	var report sealhttp.BatchReport
	if err := json.Unmarshal(trial.Body.Bytes(), &report); err != nil || report.Sealed != 2 || report.Refused != 1 {
		t.Errorf("%v %+v", err, report)
	}
}
