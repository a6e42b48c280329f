package app_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
)

// reviewerOf is the token of a member of staff who reviews licences of an area.
func reviewerOf(t *testing.T, p *apptest.Platform, login, area string) string {
	t.Helper()
	p.Persona(login, "工作人员", 2, elicense.RoleReviewer)
	if err := p.App.Apply(t.Context(), app.Manifest{Staff: []app.Staff{{Login: login, Roles: []string{}, Rights: []app.StaffRight{{Role: elicense.RoleReviewer, Area: area, Until: p.Now().Add(300 * 24 * time.Hour)}}}}}); err != nil {
		t.Fatal(err)
	}
	b, _ := strongStaff(t, p, login)
	return staffToken(t, p, b, elicense.RoleReviewer)
}

// ownFields are the sample's values of a type's own fields, with some replaced.
func ownFields(code string, replaced map[string]string) map[string]string {
	kind, _ := catalog.Find(code)
	fields := map[string]string{}
	for _, f := range kind.Fields {
		if f.Own {
			fields[f.Key] = kind.Sample.First(f.Key)
		}
	}
	for key, value := range replaced {
		fields[key] = value
	}
	return fields
}

// TestRulesInAreas: two reviewers of the area switch the rules on and those of another area see nothing; an application of a department is decided and
// issued in one call; a person whose application was refused reads why, is told, appeals, and somebody else grants it.
func TestRulesInAreas(t *testing.T) {
	p := apptest.Start(t, "sqlite:"+t.TempDir()+"/yinxin.db")
	p.Persona(mobile, "", 0)
	b := p.SignIn(mobile)
	submit(t, b, p.URL+"/proofing?ial=2", map[string]string{"proofing-name": holderOfLicence.Name, "proofing-number": holderOfLicence.Number, "proofing-mobile": "13800138000"})
	issued(t, p)
	kind, _ := catalog.Find("11100000MB03271699001")
	authority := kind.Sample.First(catalog.KeyAuthorityCode)
	if err := p.App.Apply(context.Background(), app.Manifest{
		Areas:       []staff.Area{{Code: "330000", Name: "浙江省"}, {Code: "330100", Name: "杭州市"}, {Code: "330102", Name: "上城区"}, {Code: "330105", Name: "拱墅区"}},
		Departments: []staff.Department{{ID: authority, Name: "某登记中心", Area: "330102"}},
		Authorities: []app.Issuer{{Code: authority, Name: kind.Sample.First(catalog.KeyAuthority), Seal: "37030000001721", Types: []string{licensetest.BusinessLicense, licensetest.FoodPermit, licensetest.TaxProof}}},
	}); err != nil {
		t.Fatal(err)
	}
	first, second, third, elsewhere := reviewerOf(t, p, "13900138101", "330102"), reviewerOf(t, p, "13900138102", "330102"), reviewerOf(t, p, "13900138103", "330102"), reviewerOf(t, p, "13900138104", "330105")
	clerk, reviewer, issuer := adminToken(t, p, elicense.RoleClerk), adminToken(t, p, elicense.RoleReviewer), adminToken(t, p, elicense.RoleIssuer)
	switchOf := func(code string) string { return "/api/v1/license-rule-switches/" + authority + "/" + code }
	step := func(token, code, step, want string) {
		t.Helper()
		a := call(t, p, http.MethodPost, switchOf(code), token, map[string]any{"step": step, "reason": "试运行结束"})
		if want == "" && a.Status != http.StatusOK || a.String("code") != want {
			t.Errorf("%s: %d %s", step, a.Status, a.Text)
		}
	}
	step(elsewhere, licensetest.TaxProof, "propose", "YX-LIC-426")
	step(reviewer, licensetest.TaxProof, "propose", "YX-STF-663")
	if a := p.Get(switchOf(licensetest.TaxProof), elsewhere); a.String("code") != "YX-LIC-426" {
		t.Errorf("read from elsewhere: %d %s", a.Status, a.Text)
	}
	for _, code := range []string{licensetest.TaxProof, licensetest.FoodPermit} {
		step(first, code, "propose", "")
		step(first, code, "confirm", "YX-LIC-425")
		step(second, code, "confirm", "")
	}
	if a := p.Get(switchOf(licensetest.TaxProof), first); a.Body["on"] != true || !strings.Contains(a.Text, "100000") {
		t.Errorf("%d %s", a.Status, a.Text)
	}
	if a := p.Get("/api/v1/license-rule-switches", elsewhere); a.Status != http.StatusOK || strings.Contains(a.Text, authority) {
		t.Errorf("switches are listed elsewhere: %d %s", a.Status, a.Text)
	}
	today := catalog.Day(p.Now())
	apply := func(number, code, effective, expiring string, fields map[string]string, holder map[string]string, ref string) apptest.Answer {
		t.Helper()
		a := call(t, p, http.MethodPost, "/api/v1/licenses", clerk, map[string]any{"business_number": number, "license_type_code": code, "issuing_authority_code": authority, "license_number": "示例" + number,
			"holders": []any{holder}, "holder_ref": ref, "effective_date": effective, "expiring_date": expiring, "fields": fields})
		if a.Status/100 != 2 {
			t.Fatalf("%s: %d %s", number, a.Status, a.Text)
		}
		return a
	}
	// Two in a hundred are chosen for a person to look at.
	state := ""
	for n := 0; n < 4 && state != "active"; n++ {
		a := apply(fmt.Sprint("tax-", n), licensetest.TaxProof, "", "", ownFields(licensetest.TaxProof, map[string]string{"payment_date": today}), map[string]string{"name": holderOfLicence.Name, "code_type": "111", "code": holderOfLicence.Number}, "")
		state = a.String("state")
		r := p.Get("/api/v1/licenses/"+a.String("id")+"/ruling", clerk)
		if r.Status != http.StatusOK || !strings.Contains(r.Text, `"fact":"holder_level"`) || strings.Contains(r.Text, holderOfLicence.Number) {
			t.Errorf("%d %s", r.Status, r.Text)
		}
	}
	if state != "active" {
		t.Errorf("state %s", state)
	}
	// A business licence that is over refuses the permit.
	company := map[string]string{"name": "示例市启明科技有限公司", "code_type": "001", "code": "91990000MA7QX0003B"}
	held := call(t, p, http.MethodPost, "/api/v1/licenses", clerk, map[string]any{"business_number": "company", "license_type_code": licensetest.BusinessLicense, "issuing_authority_code": authority, "holders": []any{company},
		"effective_date": "20200101", "expiring_date": "20251231", "fields": ownFields(licensetest.BusinessLicense, nil)}).String("id")
	call(t, p, http.MethodPost, "/api/v1/licenses/"+held+"/review", reviewer, map[string]any{"decision": "approve"})
	if a := call(t, p, http.MethodPost, "/api/v1/licenses/"+held+"/issuance", issuer, nil); a.String("state") != "active" {
		t.Fatalf("%d %s", a.Status, a.Text)
	}
	person := p.Client(idp.Client{ClientID: "wallet", ClientName: "随身办", Scope: "openid licenses"})
	token := p.Redeem(person, p.Code(b, person, nil).Get("code"), nil).String("access_token")
	account, err := p.App.Accounts.ByIdentity(t.Context(), subject.CitizenID, holderOfLicence.Number)
	if err != nil {
		t.Fatal(err)
	}
	refused := apply("food", licensetest.FoodPermit, today, catalog.Day(p.Now().AddDate(4, 0, 0)), ownFields(licensetest.FoodPermit, map[string]string{"business_form": "食品销售经营者", "legal_representative": "张启明"}), company, "account:"+account)
	id := refused.String("id")
	if refused.String("state") != "rejected" {
		t.Fatalf("%s", refused.Text)
	}
	own := p.Get("/api/v1/licenses/"+id+"/ruling", token)
	if own.String("outcome") != "refuse" || !strings.Contains(own.Text, "申请人没有有效的营业执照") || own.String("appeal_until") == "" || strings.Contains(own.Text, "conditions") || strings.Contains(own.Text, "set_by") {
		t.Errorf("%d %s", own.Status, own.Text)
	}
	if inboxText(t, p, mobile, "食品经营许可证申请按规则未通过") == "" {
		t.Error("the applicant is not told")
	}
	if a := call(t, p, http.MethodPost, "/api/v1/licenses/"+id+"/appeal", token, map[string]any{"text": "执照已换发"}); a.Status != http.StatusOK || a.String("state") != "open" {
		t.Errorf("%d %s", a.Status, a.Text)
	}
	if a := p.Get("/api/v1/license-appeals?state=open", elsewhere); a.Status != http.StatusOK || strings.Contains(a.Text, id) {
		t.Errorf("an appeal of another area: %s", a.Text)
	}
	appeal := "/api/v1/licenses/" + id + "/appeal"
	for _, other := range []string{p.Get(appeal, elsewhere).String("code"), call(t, p, http.MethodPost, appeal+"/claim", elsewhere, nil).String("code")} {
		if other != "YX-CORE-404" {
			t.Errorf("from another area: %s", other)
		}
	}
	if a := call(t, p, http.MethodPost, appeal+"/claim", first, nil); a.String("code") != "YX-LIC-486" {
		t.Errorf("who switched the rules on: %d %s", a.Status, a.Text)
	}
	if a := p.Get(appeal, third); a.String("text") != "执照已换发" {
		t.Errorf("%d %s", a.Status, a.Text)
	}
	call(t, p, http.MethodPost, appeal+"/claim", third, nil)
	if a := call(t, p, http.MethodPost, appeal+"/decision", third, map[string]any{"decision": "grant", "reason": "已核对新执照"}); a.String("state") != "granted" {
		t.Errorf("%d %s", a.Status, a.Text)
	}
	if a := call(t, p, http.MethodPost, "/api/v1/licenses/"+id+"/issuance", issuer, nil); a.String("state") != "active" {
		t.Errorf("%d %s", a.Status, a.Text)
	}
	if inboxText(t, p, mobile, "食品经营许可证申诉已通过") == "" {
		t.Error("the applicant is not told of the outcome")
	}
	step(third, licensetest.TaxProof, "off", "")
	if a := apply("tax-off", licensetest.TaxProof, "", "", ownFields(licensetest.TaxProof, nil), map[string]string{"name": holderOfLicence.Name, "code_type": "111", "code": holderOfLicence.Number}, ""); a.String("state") != "in_review" {
		t.Errorf("decided although it is off: %s", a.Text)
	}
}
