package licensehttp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/catalog"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
)

func contains(t *testing.T, body string, marks ...string) {
	t.Helper()
	for _, mark := range marks {
		if !strings.Contains(body, mark) {
			t.Errorf("%q is missing: %s", mark, body)
		}
	}
}

// A holder applies for a renewal, mends it, takes nothing over that was not asked, and gets the new version.
func TestAHolderRenewsOnPages(t *testing.T) {
	w := licensetest.NewRuledWorld(t, licensetest.NewTwin())
	s := siteOf(t, w)
	a := licensetest.FoodApplication("F1")
	a.ExpiringDate = catalog.Day(w.Now().AddDate(0, 0, 150))
	old := w.Issued(t, a)
	path := "/me/licenses/" + old.ID + "/renewal"
	if body := s.page(person, path, http.StatusOK); !strings.Contains(body, `id="renewal-closed"`) || strings.Contains(body, `id="renewal-submit"`) {
		t.Errorf("before the time: %s", body)
	}
	w.Advance(60 * 24 * time.Hour)
	contains(t, s.page(person, path, http.StatusOK), `name="renewal-premises" `, a.Fields["premises"], a.Fields["signatory"], `id="renewal-submit"`)
	s.page(stranger, path, http.StatusNotFound)
	form := url.Values{}
	for _, key := range []string{"legal_representative", "domicile", "business_form", "business_items"} {
		form.Set("renewal-"+key, a.Fields[key])
	}
	form.Set("renewal-domicile", "示例市中山路9号")
	form.Set("renewal-premises", "")
	contains(t, s.post(person, path, form, http.StatusUnprocessableEntity).Body.String(), "示例市中山路9号", `id="renewal-premises-error"`)
	form.Set("renewal-premises", "示例市新华区光明街8号")
	s.post(person, path, form, http.StatusSeeOther)
	list := s.page(person, "/me/license-applications", http.StatusOK)
	contains(t, list, "由您提交", "由受理单位提交", "待复核")
	page, _, err := w.Service.MyApplications(licensetest.As(licensetest.Holder), "", 0)
	if err != nil {
		t.Fatal(err)
	}
	id := ""
	for _, l := range page {
		if l.ByHolder() {
			id = l.ID
		}
	}
	at := "/me/license-applications/" + id
	contains(t, s.page(person, at, http.StatusOK), "示例市新华区光明街8号", `id="take-back"`)
	s.page(stranger, at, http.StatusNotFound)
	contains(t, s.page(reviewer, "/license", http.StatusOK), "食品经营许可证（持证人申请）")
	contains(t, s.page(reviewer, "/license/"+id, http.StatusOK), "与现行版本的不同", a.Fields["premises"], "示例市新华区光明街8号")
	s.post(reviewer, "/license/"+id+"/return", url.Values{"reason": {"请写明楼层"}}, http.StatusSeeOther)
	contains(t, s.page(person, at, http.StatusOK), "请写明楼层", `id="application-correct" href="`+path+`"`)
	contains(t, s.page(person, path, http.StatusOK), "示例市新华区光明街8号", "请写明楼层")
	s.post(person, path, form, http.StatusSeeOther)
	s.page(person, path, http.StatusSeeOther) // it is on its way: there is nothing to fill in
	s.post(reviewer, "/license/"+id+"/reject", url.Values{"reason": {"不符合条件"}}, http.StatusSeeOther)
	contains(t, s.page(person, at, http.StatusOK), "不符合条件", "行政复议")
	s.post(person, at+"/end", nil, http.StatusConflict)
	s.post(person, path, form, http.StatusSeeOther)
	next, err := w.Store.Renewals(t.Context(), old.ID, 10)
	if err != nil || len(next) != 2 {
		t.Fatalf("%d %v", len(next), err)
	}
	again := next[0].ID
	if again == id {
		again = next[1].ID
	}
	s.post(stranger, "/me/license-applications/"+again+"/end", nil, http.StatusNotFound)
	s.post(person, "/me/license-applications/"+again+"/end", nil, http.StatusSeeOther)
	contains(t, s.page(person, "/me/license-applications/"+again, http.StatusOK), "已撤回申请")
}

// A person reads why rules refused an application, appeals once, and reads the answer.
func TestAnApplicantAppealsOnPages(t *testing.T) {
	w := licensetest.NewRuledWorld(t, licensetest.NewTwin())
	s := siteOf(t, w)
	held := licensetest.SampleApplication("B1")
	held.ExpiringDate = "20261125"
	w.Issued(t, held)
	w.Rules(t, licensetest.FoodPermit, nil)
	w.Advance(72 * time.Hour) // the business licence is over, for which the rules refuse
	a := licensetest.FoodApplication("F1")
	a.EffectiveDate = "20261127"
	l, _, err := w.Service.Apply(licensetest.Clerk, a)
	if err != nil || l.State != elicense.StateRejected {
		t.Fatalf("%s %v", l.State, err)
	}
	ruling, err := w.Service.Ruling(licensetest.As(licensetest.Holder), l.ID)
	if err != nil {
		t.Fatal(err)
	}
	at := "/me/license-applications/" + l.ID
	page := s.page(person, at, http.StatusOK)
	contains(t, page, `id="appeal-submit"`, w.Service.ReasonWords(ruling.Ruling, ruling.Reasons[0])["zh-CN"])
	if strings.Contains(page, a.Fields["premises"]) {
		t.Error("what an office entered is shown")
	}
	long := strings.Repeat("长", elicense.MaxAppealRunes+1)
	contains(t, s.post(person, at, url.Values{"text": {long}}, http.StatusUnprocessableEntity).Body.String(), long)
	s.post(stranger, at, url.Values{"text": {"我是本人"}}, http.StatusNotFound)
	s.post(person, at, url.Values{"text": {"我是本人"}}, http.StatusSeeOther)
	if page = s.page(person, at, http.StatusOK); strings.Contains(page, `id="appeal-submit"`) {
		t.Error("a second appeal is offered")
	}
	contains(t, page, "待处理")
	contains(t, s.post(person, at, url.Values{"text": {"另一个理由"}}, http.StatusConflict).Body.String(), "已经申诉")
	if n, err := w.Service.WaitingAppeals(licensetest.Reviewer3, 100); err != nil || n != 1 {
		t.Errorf("%d wait: %v", n, err)
	}
	if _, err := w.Service.ClaimAppeal(licensetest.Reviewer3, l.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Service.DecideAppeal(licensetest.Reviewer3, l.ID, false, "材料不符"); err != nil {
		t.Fatal(err)
	}
	contains(t, s.page(person, at, http.StatusOK), "材料不符", "维持原决定")
	if n, err := w.Service.WaitingAppeals(licensetest.Reviewer3, 100); err != nil || n != 0 {
		t.Errorf("%d wait after the decision: %v", n, err)
	}
}
