package app_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// sendPackage sends the files of a type as an archive.
func sendPackage(t *testing.T, p *apptest.Platform, token, query string, files map[string][]byte) apptest.Answer {
	t.Helper()
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	for name, content := range files {
		part, err := w.Create(name)
		if err == nil {
			_, err = part.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodPost, p.URL+"/api/v1/license-type-proposals"+query, &archive)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/zip")
	request.Header.Set("Authorization", "Bearer "+token)
	return p.Do(request)
}

// TestTypesOnPages: a program proposes a type, two people see what it is and changes, one of them confirms or refuses it, and it is retired.
func TestTypesOnPages(t *testing.T) {
	byTwo := true
	onEngines(t, func(t *testing.T, url string) {
		cfg := apptest.NewConfig(t, url, t.TempDir())
		cfg.Staff.TypesByTwo = &byTwo
		p := apptest.StartOn(t, cfg, app.Options{})
		program := adminToken(t, p, idp.RoleSecurityAdmin)
		p.Persona("13800138391", "经办员", 2, elicense.RoleClerk)
		clerk := p.SignInStaff("13800138391")
		security := admin(p, idp.RoleSecurityAdmin)
		own := staffToken(t, p, security, idp.RoleSecurityAdmin)

		broken := licensetest.Outside(t, `"kind": "text"`, `"kind": "texts"`)
		var checked struct {
			State  string
			Faults []struct {
				File, Code, Text string
				Line             int
			}
		}
		answer := sendPackage(t, p, program, "?dry_run=true", broken)
		if err := json.Unmarshal([]byte(answer.Text), &checked); err != nil || answer.Status != http.StatusOK || checked.State != "checked" || len(checked.Faults) == 0 || checked.Faults[0].Line == 0 {
			t.Fatalf("a broken package, tried: %d %s", answer.Status, answer.Text)
		}
		if a := sendPackage(t, p, program, "", broken); a.String("code") != string(fault.TypePackage) {
			t.Errorf("a broken package: %d %s", a.Status, a.Text)
		}
		if a := sendPackage(t, p, adminToken(t, p, idp.RoleAuditAdmin), "?dry_run=true", licensetest.Outside(t)); a.Status != http.StatusForbidden {
			t.Errorf("checked without the role: %d", a.Status)
		}
		if a := sendPackage(t, p, program, "?dry_run=true", licensetest.Outside(t)); a.Status != http.StatusOK || a.String("sample_verdict") != "V00" {
			t.Errorf("a good package, tried: %d %s", a.Status, a.Text)
		}
		if err := security.Open(t.Context(), p.URL+"/license/types?state=proposed"); err != nil || strings.Contains(security.Page.Text, licensetest.OutsideType) {
			t.Errorf("what was only tried waits: %v", err)
		}

		first := sendPackage(t, p, program, "", licensetest.Outside(t))
		if first.Status != http.StatusOK || first.String("state") != "proposed" {
			t.Fatalf("%d %s", first.Status, first.Text)
		}
		id, template := first.String("id"), first.String("template")
		if again := sendPackage(t, p, program, "", licensetest.Outside(t)); again.String("id") != id {
			t.Errorf("the same package again: %s", again.Text)
		}
		if a := call(t, p, http.MethodPost, "/api/v1/license-type-proposals/"+id+"/decision", program, map[string]any{"decision": "confirm", "template": template}); a.Status != http.StatusForbidden {
			t.Errorf("a program decides: %d %s", a.Status, a.Text)
		}

		openPage(t, p, clerk, "/license/types")
		if !strings.Contains(clerk.Page.Text, "11100000MB03271699001") || strings.Contains(clerk.Page.Source, "state=proposed") || strings.Contains(clerk.Page.Text, licensetest.OutsideType) {
			t.Errorf("the catalogue of a clerk: %s", clerk.Page.Text)
		}
		for _, path := range []string{"/license/types?state=proposed", "/license/types/proposals/" + id, "/license/types/proposals/" + id + "/sample"} {
			if err := clerk.Open(t.Context(), p.URL+path); err != nil || clerk.Page.Status != http.StatusForbidden {
				t.Errorf("a clerk at %s: %v %d", path, err, clerk.Page.Status)
			}
		}
		openPage(t, p, clerk, "/license/types/codes/11100000MB03271699001")
		if clerk.Page.Has("type-retire") || !strings.Contains(clerk.Page.Text, "只留首字") {
			t.Error("the page of a type for a clerk")
		}

		openPage(t, p, security, "/staff")
		if !strings.Contains(security.Page.Text, "待确认的证照类型") {
			t.Error("the home page does not tell of work that waits")
		}
		at := p.URL + "/license/types/proposals/" + id
		sample := must(http.NewRequest(http.MethodGet, at+"/sample", nil))
		security.Lend(sample)
		picture := p.Do(sample)
		if picture.Status != http.StatusOK || picture.Header.Get("Content-Type") != "image/png" || !strings.HasPrefix(picture.Text, "\x89PNG") {
			t.Errorf("the sample: %d %s", picture.Status, picture.Header.Get("Content-Type"))
		}
		if page := submit(t, security, at, map[string]string{"type-confirm": "1"}); page.Status != http.StatusOK || !strings.Contains(page.Text, "在用") || !page.Has("type-retire") {
			t.Fatalf("confirmed: %d %s", page.Status, page.Text)
		}
		if page := submit(t, security, p.URL+"/license/types/codes/"+licensetest.OutsideType, map[string]string{"type-retire": "1", "reason": ""}); page.Status != http.StatusUnprocessableEntity || !page.Has("type-retire-reason-error") {
			t.Errorf("retired without a reason: %d %s", page.Status, page.Text)
		}

		laxer := licensetest.Outside(t, `"version": 1,`, `"version": 2,`, `"masking": "hide"`, `"masking": "none"`)
		mine := sendPackage(t, p, own, "", laxer)
		if mine.Status != http.StatusOK {
			t.Fatalf("%d %s", mine.Status, mine.Text)
		}
		at = p.URL + "/license/types/proposals/" + mine.String("id")
		if err := security.Open(t.Context(), at); err != nil || security.Page.Has("type-confirm") || !security.Page.Has("type-refuse") || !strings.Contains(security.Page.Text, "放宽") || !strings.Contains(security.Page.Text, "字段“月保障金额” · 遮盖方式") {
			t.Errorf("the page of an own proposal: %v %s", err, security.Page.Text)
		}
		if a := call(t, p, http.MethodPost, "/api/v1/license-type-proposals/"+mine.String("id")+"/decision", own, map[string]any{"decision": "confirm", "template": mine.String("template")}); a.String("code") != string(fault.LicenseFourEyes) {
			t.Errorf("an own proposal is confirmed: %d %s", a.Status, a.Text)
		}
		if page := submit(t, security, at, map[string]string{"type-refuse": "1", "reason": " "}); page.Status != http.StatusUnprocessableEntity || !page.Has("type-refuse-reason-error") {
			t.Errorf("refused without a reason: %d %s", page.Status, page.Text)
		}
		if page := submit(t, security, at, map[string]string{"type-refuse": "1", "reason": "遮盖放宽没有依据"}); page.Status != http.StatusOK || strings.Contains(page.Text, licensetest.OutsideType) {
			t.Errorf("refused: %d %s", page.Status, page.Text)
		}
		openPage(t, p, security, "/license/types/proposals/"+mine.String("id"))
		if !strings.Contains(security.Page.Text, "遮盖放宽没有依据") || security.Page.Has("type-refuse") {
			t.Error("the page of a refused version")
		}

		if page := submit(t, security, p.URL+"/license/types/codes/"+licensetest.OutsideType, map[string]string{"type-retire": "1", "reason": "项目取消"}); page.Status != http.StatusOK || page.Has("type-retire") || !strings.Contains(page.Text, "已停用") {
			t.Errorf("retired: %d %s", page.Status, page.Text)
		}
		if err := clerk.Open(t.Context(), p.URL+"/license/types/codes/none"); err != nil || clerk.Page.Status != http.StatusNotFound {
			t.Errorf("a code that is none: %v %d", err, clerk.Page.Status)
		}
	})
}
