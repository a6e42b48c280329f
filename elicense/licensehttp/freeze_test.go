package licensehttp_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense/licensetest"
)

func TestFreezesAtTheAPI(t *testing.T) {
	s := newSite(t)
	l := s.world.Issued(t, licensetest.SampleApplication("B1"))
	const path = "/api/v1/me/license-freezes"
	if f := s.json(person, http.MethodPost, path, map[string]any{"license": l.ID}, http.StatusOK); f["license_id"] != l.LicenseID || f["frozen_at"] == nil {
		t.Errorf("%v", f)
	}
	s.json(person, http.MethodPost, path, map[string]any{}, http.StatusOK)
	s.json(stranger, http.MethodPost, path, map[string]any{"license": l.ID}, http.StatusNotFound)
	page := s.json(person, http.MethodGet, path+"?limit=1", nil, http.StatusOK)
	rest := s.json(person, http.MethodGet, path+"?limit=1&after="+page["next"].(string), nil, http.StatusOK)
	if all := page["items"].([]any)[0].(map[string]any); all["license"] != nil || rest["items"].([]any)[0].(map[string]any)["license"] != l.ID || rest["next"] != nil {
		t.Errorf("%v %v", page, rest)
	}
	terms := map[string]any{"grantee": licensetest.Portal, "purpose_code": "04", "fields": []string{"license_number"}}
	if refused := s.json(person, http.MethodPost, "/api/v1/licenses/"+l.ID+"/grants", terms, http.StatusConflict); refused["code"] != "YX-LIC-467" {
		t.Errorf("%v", refused)
	}
	many := s.json(department, http.MethodPost, "/api/v1/license-grants", map[string]any{"license_ids": []string{l.LicenseID}, "item_code": "i", "case_number": "c", "purpose_code": "04", "kind": "copy"}, http.StatusOK)
	if first := many["items"].([]any)[0].(map[string]any); first["code"] != "YX-LIC-467" || first["title"] != "此证照目前不能用证" || first["grant"] != nil {
		t.Errorf("%v", first)
	}
	for _, body := range []string{`{}`, `{"license":"` + l.ID + `"}`} {
		if r := s.send(person, http.MethodPost, path+"/end", "application/json", strings.NewReader(body)); r.Code != http.StatusNoContent {
			t.Errorf("%d %s", r.Code, r.Body)
		}
	}
	s.json(person, http.MethodPost, "/api/v1/licenses/"+l.ID+"/grants", terms, http.StatusOK)
}

func TestAHolderFreezesOnPages(t *testing.T) {
	s := newSite(t)
	l := s.world.Issued(t, licensetest.SampleApplication("B1"))
	const path = "/me/license-freezes"
	one, all := url.Values{"license": {l.ID}}, url.Values{"license": {"all"}}
	has := func(body string, want bool, marks ...string) {
		t.Helper()
		for _, mark := range marks {
			if strings.Contains(body, mark) != want {
				t.Errorf("%q: %v wanted: %s", mark, want, body)
			}
		}
	}
	has(s.page(person, path, http.StatusOK), true, `id="freeze-all-submit"`, `name="license" value="`+l.ID+`"`, "可以使用")
	s.post(person, path, one, http.StatusSeeOther)
	has(s.page(person, path, http.StatusOK), true, `id="freeze-all-submit"`, "已冻结用证", path+"/end")
	s.post(person, path, all, http.StatusSeeOther)
	body := s.page(person, path, http.StatusOK)
	has(body, true, `id="unfreeze-all-submit"`, "自 ")
	has(body, false, `id="freeze-all-submit"`, "可以使用")
	stale := func(method string, form url.Values) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
		if method == http.MethodPost {
			r.URL.Path = path + "/end"
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		r.Header.Set("X-Actor", person.id)
		r.Header.Set("X-Stale", "1")
		rec := httptest.NewRecorder()
		s.mux.ServeHTTP(rec, r)
		return rec
	}
	has(stale(http.MethodGet, nil).Body.String(), false, `id="unfreeze-all-submit"`)
	if r := stale(http.MethodPost, all); r.Code != http.StatusForbidden || !strings.Contains(r.Body.String(), `id="freeze-signin"`) {
		t.Errorf("an old login: %d %s", r.Code, r.Body)
	}
	has(s.page(person, "/me/licenses/"+l.ID+"/present", http.StatusConflict), true, "YX-LIC-467")
	s.post(person, path+"/end", url.Values{}, http.StatusBadRequest) // ends nothing
	has(s.page(person, path, http.StatusOK), true, `id="unfreeze-all-submit"`)
	s.post(stranger, path, one, http.StatusNotFound)
	s.post(person, path+"/end", all, http.StatusSeeOther)
	s.post(person, path+"/end", one, http.StatusSeeOther)
	has(s.page(person, path, http.StatusOK), false, "已冻结用证")
	if r := s.send(nobody, http.MethodGet, path, "", nil); r.Code != http.StatusSeeOther {
		t.Errorf("nobody: %d", r.Code)
	}
}
