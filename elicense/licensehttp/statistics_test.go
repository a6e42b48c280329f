package licensehttp_test

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
)

// TestStatistics: what was issued and verified is counted, in fives and without a number, at the API, on the page and in the file.
func TestStatistics(t *testing.T) {
	s := newSite(t)
	l := s.world.Issued(t, licensetest.SampleApplication("B1"))
	for range 7 {
		s.send(nobody, http.MethodPost, "/api/v1/verifications", "application/json", strings.NewReader(`{"license_id":"`+l.LicenseID+`","check":"003B"}`))
	}
	s.upload("a.txt", []byte("no licence"))
	if err := s.world.Service.FlushVerified(context.Background()); err != nil {
		t.Fatal(err)
	}
	const day = "from=2026-11-24&till=2026-11-24&step=day"
	answer := s.json(clerk, http.MethodGet, "/api/v1/license-statistics?by=authority&"+day, nil, http.StatusOK)
	item := answer["items"].([]any)[1].(map[string]any) // the first are verifications of what is no licence
	verified := item["verified"].(map[string]any)
	if item["key"] != licensetest.AuthorityCode || item["name"] != licensetest.AuthorityName || item["issued"] != 1.0 || item["in_force"] != 1.0 || verified["valid"] != 5.0 || verified["invalid"] != 0.0 {
		t.Errorf("%v", item)
	}
	channels := answer["channels"].([]any)
	if number, file := channels[1].(map[string]any), channels[0].(map[string]any); len(channels) != 2 || number["key"] != "number" || number["valid"] != 5.0 || file["key"] != "api" || file["indeterminate"] != -1.0 {
		t.Errorf("%v", channels)
	}

	page := s.page(clerk, "/license/statistics?by=authority&"+day, http.StatusOK)
	for _, want := range []string{"示例市市场监督管理局", "&lt;5", "/license?authority=" + licensetest.AuthorityCode + "&amp;issued_from=2026-11-24&amp;issued_till=2026-11-24", "<rect", `<th scope="row">V31 `} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not hold %s", want)
		}
	}
	if strings.Contains(page, l.LicenseID) {
		t.Error("the page names a licence")
	}
	for query, want := range map[string]bool{
		"issued_from=2026-11-24&issued_till=2026-11-24": true, "issued_from=2026-11-25&issued_till=2026-11-26": false, "division=" + licensetest.AuthorityCode[2:8]: true, "division=44": false,
		"status=valid&valid_on=2026-11-24": true, "status=valid&ends_till=2026-11-23": false,
	} {
		if got := strings.Contains(s.page(clerk, "/license?"+query, http.StatusOK), l.LicenseID); got != want {
			t.Errorf("list by %s: %v", query, got)
		}
	}
	for query, want := range map[string]int{
		"": 1, "issued_from=2026-11-24&issued_till=2026-11-24": 1, "issued_from=2026-11-25": 0, "issued_till=2026-11-23": 0, "division=" + licensetest.AuthorityCode[2:8]: 1, "division=44": 0,
		"status=valid&valid_on=2026-11-24": 1, "ends_till=2026-11-23": 0, "issued_from=2026-11-24&state=in_review": 0, "issued_from=2026-11-24&license_type_code=" + licensetest.BusinessLicense: 1,
	} {
		if got := len(s.json(clerk, http.MethodGet, "/api/v1/licenses?"+query, nil, http.StatusOK)["items"].([]any)); got != want {
			t.Errorf("API, list by %s: %d", query, got)
		}
	}
	for _, query := range []string{"division=1", "division=x", "issued_from=20261124", "valid_on=2026-13-01"} {
		s.json(clerk, http.MethodGet, "/api/v1/licenses?"+query, nil, http.StatusUnprocessableEntity)
	}
	before := len(s.world.Store.(*licensetest.Twin).Records())
	file := s.send(clerk, http.MethodGet, "/license/statistics/file?by=type&"+day, "", nil)
	body := file.Body.String()
	records := s.world.Store.(*licensetest.Twin).Records()[before:]
	if !strings.HasPrefix(body, "\ufeffperiod,2026-11-24,2026-11-24\nareas,all\n") || !strings.Contains(body, "\ntype,"+licensetest.BusinessLicense+",,1,1,0,1,") || !strings.HasSuffix(body, "\nrows,6\n") || !strings.Contains(body, ",<5\n") {
		t.Errorf("%d %s", file.Code, body)
	}
	if len(records) != 1 || records[0].Events[0].Type != "license.statistics.exported" || records[0].Events[0].Details["from"] != "2026-11-24" {
		t.Errorf("%+v", records)
	}
	for path, status := range map[string]int{"from=2026-11-25&till=2026-11-24": 422, "from=2020-01-01&till=2026-11-24&step=month": 422, "from=2026-01-01&till=2026-11-24&step=day": 422, "from=2026-01-01&till=2026-11-24&step=month": 200, "from=x&till=y": 422, "division=123": 422, "": 200} {
		s.page(clerk, "/license/statistics?"+path, status)
	}
	for as, status := range map[caller]int{stranger: http.StatusForbidden, nobody: http.StatusUnauthorized} {
		if rec := s.send(as, http.MethodGet, "/api/v1/license-statistics", "", nil); rec.Code != status {
			t.Errorf("%s: %d", as.id, rec.Code)
		}
	}
}

// TestListsAtThePage: staff upload a list and get each row's verdict and their number as a file; nobody else does.
func TestListsAtThePage(t *testing.T) {
	s := newSite(t)
	l := s.world.Issued(t, licensetest.SampleApplication("B1"))
	send := func(as caller, content string) *httptest.ResponseRecorder {
		var form bytes.Buffer
		parts := multipart.NewWriter(&form)
		part, err := parts.CreateFormFile("list-file", "list.csv")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
		if err := parts.WriteField("list-encoding", "auto"); err != nil {
			t.Fatal(err)
		}
		if err := parts.Close(); err != nil {
			t.Fatal(err)
		}
		return s.send(as, http.MethodPost, "/license/lists", parts.FormDataContentType(), &form)
	}
	rec := send(issuer, "license_id,check\n"+l.LicenseID+",003B\n1.2.156.3005.2.none,0000\n"+l.LicenseID+",003B\n")
	if got := rec.Body.String(); rec.Code != http.StatusOK || !strings.Contains(got, l.LicenseID+",valid,V00") || !strings.HasSuffix(got, "valid,1\ninvalid,0\nindeterminate,1\nnot_judged,1\nrows,3\n") || !strings.HasPrefix(rec.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("%d %v %s", rec.Code, rec.Header(), got)
	}
	for range 2 { // one that was refused has ended
		if rec := send(issuer, "a,b\n1,2\n"); rec.Code != http.StatusUnprocessableEntity || !strings.Contains(rec.Body.String(), `id="list-file-error"`) {
			t.Errorf("no columns: %d %s", rec.Code, rec.Body)
		}
	}
	s.page(issuer, "/license/lists", http.StatusOK)
	for name, as := range map[string]caller{"a clerk": clerk, "a citizen": stranger, "an application": department} {
		if rec := send(as, "license_id,check\n1,2\n"); rec.Code != http.StatusForbidden {
			t.Errorf("%s: %d", name, rec.Code)
		}
	}
	if err := s.world.Service.FlushVerified(context.Background()); err != nil {
		t.Fatal(err)
	}
	found, err := s.world.Service.Statistics(licensetest.As("staff:c", elicense.RoleClerk), elicense.StatisticsQuery{By: elicense.ByType, Step: elicense.ByDay})
	if err != nil || len(found.Channels) != 1 || found.Channels[0].Key != "list" || found.Channels[0].Valid != -1 {
		t.Errorf("%+v %v", found.Channels, err)
	}
}
