package licensehttp_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/elicense/licensehttp"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
)

const listsPath = "/api/v1/license-lists"

func TestListOfLicencesAtTheAPI(t *testing.T) {
	s := newSite(t)
	l := s.world.Issued(t, licensetest.SampleApplication("B1"))
	table := s.send(department, http.MethodPost, listsPath, "text/csv; charset=utf-8", strings.NewReader("备注,证照标识,后四位\n=1+1,"+l.LicenseID+",003B\n,1.2.156.3005.2.none,003B\n,"+l.LicenseID+",003B\n"))
	want := "\ufeffline,ref,license_id,verdict,code,status,message,problem\n2,'=1+1," + l.LicenseID + ",valid,V00,valid,真实有效,\n3,,1.2.156.3005.2.none,indeterminate,V40,,查无此编号,\n4,," + l.LicenseID + ",,,,编号在文件中重复,YX-LIC-436\nrows,3\n"
	if got := table.Body.String(); table.Code != http.StatusOK || table.Header().Get("Content-Type") != "text/csv; charset=utf-8" || table.Header().Get("Cache-Control") != "no-store" || got != want {
		t.Errorf("%d %v\n%s\nnot\n%s", table.Code, table.Header(), got, want)
	}
	const rows = 1001 // three pages
	var list strings.Builder
	for i := range rows - 1 {
		fmt.Fprintf(&list, "{\"license_id\":\"1.2.156.3005.2.%d\",\"check\":\"0000\"}\n", i)
	}
	fmt.Fprintf(&list, "{\"ref\":\"last\",\"license_id\":%q,\"check\":\"003b\"}\n", l.LicenseID)
	answer := s.send(department, http.MethodPost, listsPath, "application/x-ndjson", strings.NewReader(list.String()))
	lines := strings.Split(strings.TrimSpace(answer.Body.String()), "\n")
	if answer.Code != http.StatusOK || len(lines) != rows+1 || lines[rows] != `{"rows":1001}` {
		t.Fatalf("%d, %d lines, the last is %s", answer.Code, len(lines), lines[len(lines)-1])
	}
	for i, code := range map[int]string{0: "V40", rows - 2: "V40", rows - 1: "V00"} {
		var a licensehttp.LicenseListAnswer
		if err := json.Unmarshal([]byte(lines[i]), &a); err != nil || a.Line != i+1 || a.Code != code || i == rows-1 && a.Ref != "last" {
			t.Errorf("%d: %s %v", i, lines[i], err)
		}
	}
	for name, c := range map[string]struct {
		as          caller
		media, file string
		status      int
	}{
		"an office without the role": {office, "text/csv", "x", http.StatusForbidden},
		"nobody":                     {nobody, "text/csv", "x", http.StatusUnauthorized},
		"another type":               {department, "application/json", "{}", http.StatusUnsupportedMediaType},
		"no type":                    {department, "", "license_id,check\n1,2\n", http.StatusUnsupportedMediaType},
		"no table":                   {department, "text/csv", "license_id,check\n", http.StatusUnprocessableEntity},
		"no columns":                 {department, "text/csv", "a,b\n1,2\n", http.StatusUnprocessableEntity},
		"text of another encoding":   {department, "text/csv", "license_id,check\n\xff\xff,2\n", http.StatusUnprocessableEntity},
	} {
		if rec := s.send(c.as, http.MethodPost, listsPath, c.media, strings.NewReader(c.file)); rec.Code != c.status {
			t.Errorf("%s: %d %s", name, rec.Code, rec.Body)
		}
	}
	if again := s.send(department, http.MethodPost, listsPath, "text/csv", strings.NewReader("license_id,check\n"+l.LicenseID+",003B\n")); again.Code != http.StatusOK {
		t.Errorf("a list that was refused ended: %d %s", again.Code, again.Body)
	}
}
