package licensehttp_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensefile"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/esign/verify"
)

var (
	office     = caller{"client:" + licensetest.Portal, ""}
	department = caller{"client:" + licensetest.Portal, elicense.RoleUser}
)

func TestGrantsAtTheAPI(t *testing.T) {
	s := newSite(t)
	l := s.world.Issued(t, licensetest.SampleApplication("B1"))
	purposes := s.json(nobody, http.MethodGet, "/api/v1/license-purposes?limit=2", nil, http.StatusOK)
	if items := purposes["items"].([]any); len(items) != 2 || purposes["next"] != "02" {
		t.Errorf("%v", purposes)
	}
	if rest := s.json(nobody, http.MethodGet, "/api/v1/license-purposes?after=02", nil, http.StatusOK)["items"].([]any); len(rest) != len(elicense.Purposes())-2 {
		t.Errorf("%d behind the second", len(rest))
	}
	terms := map[string]any{"grantee": licensetest.Portal, "purpose_code": "04", "fields": []string{"license_number"}}
	grant := s.json(person, http.MethodPost, "/api/v1/licenses/"+l.ID+"/grants", terms, http.StatusOK)
	id := grant["id"].(string)
	if grant["state"] != "open" || grant["uses_left"] != 1.0 || grant["mode"] != "holder" {
		t.Errorf("%v", grant)
	}
	s.json(stranger, http.MethodPost, "/api/v1/licenses/"+l.ID+"/grants", terms, http.StatusNotFound)
	told := s.json(office, http.MethodPost, "/api/v1/license-grants/"+id+"/redemptions", map[string]any{"purpose_code": "04"}, http.StatusOK)
	if values := told["values"].(map[string]any); len(values) != 1 || values["license_number"] == nil || told["grant"].(map[string]any)["state"] != "used" {
		t.Errorf("%v", told)
	}
	if again := s.json(office, http.MethodPost, "/api/v1/license-grants/"+id+"/redemptions", map[string]any{"purpose_code": "04"}, http.StatusConflict); again["code"] != "YX-LIC-455" {
		t.Errorf("%v", again)
	}
	many := s.json(department, http.MethodPost, "/api/v1/license-grants", map[string]any{"license_ids": []string{"1.2.156.3005.2.none", l.LicenseID}, "item_code": "i", "case_number": "c", "purpose_code": "04", "kind": "copy"}, http.StatusOK)
	items := many["items"].([]any)
	if first := items[0].(map[string]any); first["code"] != "YX-CORE-404" || first["title"] == "" {
		t.Errorf("%v", first)
	}
	byFunction := items[1].(map[string]any)["grant"].(map[string]any)["id"].(string)
	made := s.json(office, http.MethodPost, "/api/v1/license-grants/"+byFunction+"/copies", map[string]any{"purpose_code": "04"}, http.StatusOK)
	file := s.send(office, http.MethodGet, made["file_url"].(string), "", nil)
	if file.Code != http.StatusOK || file.Header().Get("Cache-Control") != "private, no-store" || !strings.Contains(file.Header().Get("Content-Disposition"), ".OFD") {
		t.Fatalf("%d %v", file.Code, file.Header())
	}
	if r := licensefile.Verify("copy.ofd", file.Body.Bytes(), s.world.Options(t, s.world.List(t, l.List))); r.Verdict != verify.Valid {
		t.Errorf("%s %v", r.Code, r.Reasons)
	}
	for _, who := range []struct {
		as   caller
		path string
	}{{person, "/api/v1/me/license-grants"}, {office, "/api/v1/license-grants"}} {
		page := s.json(who.as, http.MethodGet, who.path+"?limit=1", nil, http.StatusOK)
		rest := s.json(who.as, http.MethodGet, who.path+"?limit=1&after="+page["next"].(string), nil, http.StatusOK)
		if len(page["items"].([]any)) != 1 || len(rest["items"].([]any)) != 1 || rest["next"] != nil {
			t.Errorf("%s: %v %v", who.path, page, rest)
		}
	}
	another := s.json(person, http.MethodPost, "/api/v1/licenses/"+l.ID+"/grants", terms, http.StatusOK)["id"].(string)
	if ended := s.json(person, http.MethodPost, "/api/v1/license-grants/"+another+"/revocation", nil, http.StatusOK); ended["state"] != "revoked" {
		t.Errorf("%v", ended)
	}
	s.json(office, http.MethodPost, "/api/v1/license-grants/"+another+"/redemptions", map[string]any{"purpose_code": "04"}, http.StatusGone)
	record := s.send(nobody, http.MethodGet, strings.TrimPrefix(made["record_url"].(string), licensetest.BaseURL), "", nil)
	if body := record.Body.String(); record.Code != http.StatusOK || !strings.Contains(body, "有效期内") || !strings.Contains(body, "住房公积金业务") || strings.Contains(body, "张启明") {
		t.Errorf("%d %s", record.Code, body)
	}
	if r := s.send(nobody, http.MethodGet, "/verify/copies/lcopy_none", "", nil); r.Code != http.StatusNotFound {
		t.Errorf("no such copy: %d", r.Code)
	}
}

func TestAHolderGivesAndEndsAGrantOnPages(t *testing.T) {
	s := newSite(t)
	l := s.world.Issued(t, licensetest.SampleApplication("B1"))
	path := "/me/licenses/" + l.ID + "/grant"
	post := func(address string, form url.Values) *httptest.ResponseRecorder {
		return s.send(person, http.MethodPost, address, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
	}
	if r := s.send(person, http.MethodGet, path, "", nil); r.Code != http.StatusOK || !strings.Contains(r.Body.String(), `name="grantee"`) || !strings.Contains(r.Body.String(), `value="license_number"`) {
		t.Fatalf("%d %s", r.Code, r.Body)
	}
	stale := httptest.NewRequest(http.MethodGet, path, nil)
	stale.Header.Set("X-Actor", person.id)
	stale.Header.Set("X-Stale", "1")
	old := httptest.NewRecorder()
	s.mux.ServeHTTP(old, stale)
	if body := old.Body.String(); !strings.Contains(body, `id="grant-signin"`) || strings.Contains(body, `name="grantee"`) {
		t.Errorf("an old login: %s", body)
	}
	form := url.Values{"grantee": {"unknown"}, "purpose_code": {"04"}, "kind": {"fields"}, "fields": {"license_number"}, "hours": {"24"}}
	if r := post(path, form); r.Code != http.StatusUnprocessableEntity || !strings.Contains(r.Body.String(), `value="unknown"`) || !strings.Contains(r.Body.String(), `id="field-license_number" name="fields" value="license_number" checked`) {
		t.Errorf("what was typed is kept: %d %s", r.Code, r.Body)
	}
	form.Set("grantee", licensetest.Portal)
	if r := post(path, form); r.Code != http.StatusOK || !strings.Contains(r.Body.String(), `name="receiver" value="示例市住房公积金管理中心"`) || !strings.Contains(r.Body.String(), `value="license_number" checked`) {
		t.Errorf("the office is not named before it is granted anything: %d %s", r.Code, r.Body)
	}
	form.Set("receiver", "示例市自然资源和规划局") // renamed since, or another one
	if r := post(path, form); r.Code != http.StatusOK || strings.Contains(r.Body.String(), "示例市自然资源和规划局") {
		t.Errorf("another name: %d", r.Code)
	}
	form.Set("receiver", "示例市住房公积金管理中心")
	form.Set("hours", "x")
	if r := post(path, form); r.Code != http.StatusUnprocessableEntity {
		t.Errorf("hours that are no number: %d", r.Code)
	}
	form.Set("hours", "24")
	r := post(path, form)
	if r.Code != http.StatusSeeOther || !strings.HasPrefix(r.Header().Get("Location"), "/me/license-grants#lgrant_") {
		t.Fatalf("%d %v", r.Code, r.Header())
	}
	list := s.send(person, http.MethodGet, "/me/license-grants", "", nil).Body.String()
	_, id, _ := strings.Cut(r.Header().Get("Location"), "#")
	if !strings.Contains(list, "示例市住房公积金管理中心") || !strings.Contains(list, "/me/license-grants/"+id+"/revocation") || !strings.Contains(list, "可使用") {
		t.Errorf("%s", list)
	}
	if r := post("/me/license-grants/"+id+"/revocation", url.Values{}); r.Code != http.StatusSeeOther {
		t.Errorf("%d", r.Code)
	}
	if list = s.send(person, http.MethodGet, "/me/license-grants", "", nil).Body.String(); strings.Contains(list, "/revocation") || !strings.Contains(list, "已撤回") {
		t.Errorf("%s", list)
	}
	form.Set("kind", "copy") // ticked fields mean nothing with it
	if r := post(path, form); r.Code != http.StatusSeeOther {
		t.Errorf("%d %s", r.Code, r.Body)
	}
	sent := "/me/license-grants/new?grantee=" + licensetest.Portal + "&purpose_code=04&license_type_code="
	choose := s.send(person, http.MethodGet, sent+l.TypeCode, "", nil).Body.String()
	if !strings.Contains(choose, "示例市住房公积金管理中心") || !strings.Contains(choose, path+"?grantee="+licensetest.Portal+"&amp;purpose_code=04") {
		t.Errorf("where an office sends a person: %s", choose)
	}
	if other := s.send(person, http.MethodGet, sent+"11100000MB03271699001", "", nil); other.Code != http.StatusOK || strings.Contains(other.Body.String(), path) {
		t.Errorf("of another type: %d %s", other.Code, other.Body)
	}
	if named := s.send(person, http.MethodGet, path+"?grantee="+licensetest.Portal+"&purpose_code=04", "", nil).Body.String(); !strings.Contains(named, `id="grant-receiver">示例市住房公积金管理中心`) || !strings.Contains(named, `<option value="04" selected`) {
		t.Errorf("%s", named)
	}
	if wallet := s.send(nobody, http.MethodGet, "/me/license-grants", "", nil); wallet.Code != http.StatusSeeOther {
		t.Errorf("nobody: %d", wallet.Code)
	}
}

func TestACoOwnerAnswersOnPagesAndByTheAPI(t *testing.T) {
	s := newSite(t)
	l := s.world.SharedTitle(t, "B1")
	other := caller{licensetest.CoOwner, ""}
	give := func() string {
		t.Helper()
		g := s.json(person, http.MethodPost, "/api/v1/licenses/"+l.ID+"/grants", map[string]any{"grantee": licensetest.Portal, "purpose_code": "04", "kind": "copy"}, http.StatusOK)
		if g["state"] != "awaiting_consent" || g["consents_awaited"] != float64(1) || g["decide_by"] == nil {
			t.Fatalf("%v", g)
		}
		return g["id"].(string)
	}
	first := give()
	if body := s.page(person, "/me/license-grants", http.StatusOK); !strings.Contains(body, "等待共有人同意") || !strings.Contains(body, "/me/license-grants/"+first+"/revocation") {
		t.Error("the giver does not see that it waits, or cannot take it back")
	}
	body := s.page(other, "/me/license-consents", http.StatusOK)
	for _, want := range []string{`action="/me/license-consents/` + first + `/answer"`, "王*", "示例市住房公积金管理中心", "住房公积金业务", `value="agreed"`, `value="refused"`, "24 小时"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not hold %s", want)
		}
	}
	if body := s.page(person, "/me/license-consents", http.StatusOK); strings.Contains(body, first) {
		t.Error("who gave it is asked")
	}
	post := func(as caller, grant, answer string) *httptest.ResponseRecorder {
		return s.send(as, http.MethodPost, "/me/license-consents/"+grant+"/answer", "application/x-www-form-urlencoded", strings.NewReader(url.Values{"answer": {answer}}.Encode()))
	}
	if r := post(stranger, first, "agreed"); r.Code != http.StatusNotFound {
		t.Errorf("a stranger: %d", r.Code)
	}
	if r := post(other, first, "x"); r.Code != http.StatusUnprocessableEntity {
		t.Errorf("no answer: %d", r.Code)
	}
	if r := post(other, first, "agreed"); r.Code != http.StatusSeeOther || r.Header().Get("Location") != "/me/license-consents#"+first {
		t.Errorf("%d %v", r.Code, r.Header())
	}
	if r := post(other, first, "refused"); r.Code != http.StatusConflict || !strings.Contains(r.Body.String(), `value="withdrawn"`) {
		t.Errorf("another answer: %d", r.Code)
	}
	second := give()
	page := s.json(other, http.MethodGet, "/api/v1/me/license-consents?limit=1", nil, http.StatusOK)
	if items := page["items"].([]any); len(items) != 1 || page["next"] == nil {
		t.Errorf("%v", page)
	}
	answered := s.json(other, http.MethodPost, "/api/v1/me/license-consents/"+second+"/answer", map[string]any{"answer": "agreed"}, http.StatusOK)
	if answered["answer"] != "agreed" || answered["grant"].(map[string]any)["state"] != "open" {
		t.Errorf("%v", answered)
	}
	if r := post(other, second, "withdrawn"); r.Code != http.StatusSeeOther {
		t.Errorf("withdraw: %d", r.Code)
	}
	for _, one := range s.json(person, http.MethodGet, "/api/v1/me/license-grants", nil, http.StatusOK)["items"].([]any) {
		g := one.(map[string]any)
		if want := map[string]string{first: "open", second: "revoked"}[g["id"].(string)]; g["state"] != want {
			t.Errorf("%v, want %s", g, want)
		}
	}
}
