package licensehttp_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/web"
)

func TestPapersAtTheAPI(t *testing.T) {
	s := newSite(t)
	l := s.world.Issued(t, licensetest.SampleApplication("B1"))
	path, mine := "/api/v1/licenses/"+l.ID+"/papers", "/api/v1/me/license-papers"
	verify := func(order map[string]any) map[string]any {
		t.Helper()
		return s.json(nobody, http.MethodPost, "/api/v1/verifications", order, http.StatusOK)["results"].([]any)[0].(map[string]any)
	}
	s.json(person, http.MethodPost, path, map[string]any{}, http.StatusOK)
	p := s.json(person, http.MethodPost, path, map[string]any{"view": "f", "days": 30}, http.StatusOK)
	var lines []string
	for _, line := range p["lines"].([]any) {
		lines = append(lines, line.(string))
	}
	good := verify(map[string]any{"code": p["code"], "page_text": strings.Join(lines, "\n")})
	if good["code"] != "V00" || !strings.Contains(good["reasons"].([]any)[0].(map[string]any)["message"].(string), "不证明持有人") {
		t.Errorf("%v", good)
	}
	says := ""
	for _, reason := range good["reasons"].([]any)[1:] {
		says += reason.(map[string]any)["message"].(string) + "\n"
	}
	for _, line := range lines[1 : len(lines)-5] { // the fields
		if !strings.Contains(says, line) {
			t.Errorf("%q is printed and not told: %s", line, says)
		}
	}
	if other := verify(map[string]any{"code": p["code"], "page_text": strings.Join(lines[1:], "\n")}); other["code"] != "V20" {
		t.Errorf("%v", other)
	}
	typed := func(text string) string {
		t.Helper()
		form := url.Values{"verify-code": {p["code"].(string)}, "verify-page-text": {text}}
		return s.send(nobody, http.MethodPost, "/verify", "application/x-www-form-urlencoded", strings.NewReader(form.Encode())).Body.String()
	}
	if body := typed("  " + strings.Join(lines, " \r\n\r\n") + "\r\n"); !strings.Contains(body, ">V00<") {
		t.Errorf("the text as a browser sends it: %s", body)
	}
	if body := typed(strings.Join(lines[1:], "\r\n")); !strings.Contains(body, ">V20<") {
		t.Errorf("another text: %s", body)
	}
	if body := typed(strings.Repeat("文", 16<<10)); !strings.Contains(body, `name="verify-page-text"`) || !strings.Contains(body, "LZ1:") {
		t.Error("a text that is too long loses what was typed")
	}
	s.json(nobody, http.MethodPost, "/api/v1/verifications", map[string]any{"license_id": l.LicenseID, "check": "003B", "page_text": "x"}, http.StatusBadRequest)
	if code, err := web.NewQR(p["code"].(string)); err != nil || len(code) > 17+4*25 {
		t.Errorf("%d modules, %v", len(code), err)
	}
	s.json(stranger, http.MethodPost, path, map[string]any{}, http.StatusNotFound)
	s.json(person, http.MethodPost, path, map[string]any{"days": 31}, http.StatusUnprocessableEntity)
	page := s.json(person, http.MethodGet, mine+"?limit=1", nil, http.StatusOK)
	if one := page["items"].([]any)[0].(map[string]any); one["id"] != p["id"] && page["next"] == nil || one["code"] != nil {
		t.Errorf("%v", page)
	}
	withdraw := mine + "/" + p["id"].(string) + "/withdrawal"
	s.json(stranger, http.MethodPost, withdraw, map[string]any{}, http.StatusNotFound)
	for range 2 {
		if r := s.send(person, http.MethodPost, withdraw, "application/json", nil); r.Code != http.StatusNoContent {
			t.Errorf("%d %s", r.Code, r.Body)
		}
	}
	if gone := verify(map[string]any{"code": p["code"]}); gone["code"] != "V41" || gone["reasons"].([]any)[0].(map[string]any)["code"] != "paper_withdrawn" {
		t.Errorf("%v", gone)
	}
}

func TestAHolderPrintsOnPages(t *testing.T) {
	s := newSite(t)
	l := s.world.Issued(t, licensetest.SampleApplication("B1"))
	path := "/me/licenses/" + l.ID + "/paper"
	has := func(body string, marks ...string) {
		t.Helper()
		for _, mark := range marks {
			if !strings.Contains(body, mark) {
				t.Errorf("%q is missing: %s", mark, body)
			}
		}
	}
	has(s.page(person, path, http.StatusOK), `id="paper-submit"`, `value="m"`, `value="365"`)
	has(s.page(person, "/me/license-papers", http.StatusOK), "没有打印过副本")
	printed := s.post(person, path, url.Values{"view": {"m"}, "days": {"90"}}, http.StatusOK)
	body := printed.Body.String()
	has(body, "证明内容，不证明持有人", `class="qr"`, "LZ1:", "张*")
	if printed.Header().Get("Cache-Control") != "no-store" {
		t.Error(printed.Header())
	}
	id := regexp.MustCompile(`lpap_\w+`).FindString(body)
	has(s.page(person, "/me/license-papers", http.StatusOK), "可核验", id, "/me/license-papers/"+id+"/withdrawal")
	s.post(stranger, "/me/license-papers/"+id+"/withdrawal", url.Values{}, http.StatusNotFound)
	s.post(person, "/me/license-papers/"+id+"/withdrawal", url.Values{}, http.StatusSeeOther)
	has(s.page(person, "/me/license-papers", http.StatusOK), "已收回")
	has(s.post(person, path, url.Values{"view": {"a"}, "days": {"soon"}}, http.StatusUnprocessableEntity).Body.String(), `id="paper-submit"`)
	s.post(stranger, path, url.Values{"view": {"m"}, "days": {"90"}}, http.StatusNotFound)
	s.post(person, "/me/license-freezes", url.Values{"license": {l.ID}}, http.StatusSeeOther)
	has(s.post(person, path, url.Values{"view": {"m"}, "days": {"90"}}, http.StatusConflict).Body.String(), "此证照目前不能用证", `id="paper-submit"`)
}
