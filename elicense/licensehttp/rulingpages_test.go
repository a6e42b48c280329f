package licensehttp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/elicense"
	"github.com/yinxin-gov/yinxin/elicense/licensetest"
)

// TestRulingsOnPages: two reviewers switch the rules of a type on, a refused application shows its conditions, another reviewer takes the appeal and grants
// it, and one switches the rules off.
func TestRulingsOnPages(t *testing.T) {
	w := licensetest.NewRuledWorld(t, licensetest.NewTwin())
	s := siteOf(t, w)
	second, third := caller{"staff:reviewer2", elicense.RoleReviewer}, caller{"staff:reviewer3", elicense.RoleReviewer}
	held := licensetest.SampleApplication("B0")
	held.ExpiringDate = "20261125"
	w.Issued(t, held)
	w.PublishRules(t, licensetest.FoodPermit, nil)
	if !strings.Contains(s.opened(clerk, "/license"), `href="/license/rulings"`) {
		t.Error("the list of licences leads to no decisions")
	}
	for _, path := range []string{"/license/rulings", "/license/rulings/appeals", "/license/rulings/rules"} {
		if page := s.opened(clerk, path); !strings.Contains(page, "没有") {
			t.Errorf("%s: not empty", path)
		}
		if rec := s.send(stranger, http.MethodGet, path, "", nil); rec.Code != http.StatusForbidden {
			t.Errorf("%s for a citizen: %d", path, rec.Code)
		}
	}
	at := "/license/rulings/rules/" + licensetest.AuthorityCode + "/" + licensetest.FoodPermit
	if rec := s.send(clerk, http.MethodGet, "/license/rulings/rules?authority="+licensetest.AuthorityCode+"&type="+licensetest.FoodPermit, "", nil); rec.Header().Get("Location") != at {
		t.Errorf("%d %s", rec.Code, rec.Header().Get("Location"))
	}
	has := func(as caller, path string, ids ...string) {
		t.Helper()
		page := s.opened(as, path)
		for _, id := range []string{"rules-on", "rules-confirm", "rules-off", "appeal-claim", "appeal-grant", "appeal-uphold"} {
			offered, want := strings.Contains(page, ` id="`+id+`"`), false
			for _, one := range ids {
				want = want || one == id
			}
			if offered != want {
				t.Errorf("%s for %s: %s offered %v", path, as.id, id, offered)
			}
		}
	}
	reason := url.Values{"reason": {"试运行结束"}}
	has(clerk, at)
	has(issuer, at)
	if page := s.opened(clerk, at); !strings.Contains(page, "法定代表人(负责人) · 营业执照 · 法定代表人") || !strings.Contains(page, "≥ 0 · ≤ 30") || !strings.Contains(page, "≤ 3 · 30 天内") {
		t.Error("the page does not say what the rules ask for")
	}
	has(reviewer, at, "rules-on")
	if page := s.post(reviewer, at+"/on", url.Values{}, http.StatusUnprocessableEntity); !strings.Contains(page.Body.String(), `id="rules-on-reason-error"`) {
		t.Error("what is missing is not said at the input")
	}
	s.post(reviewer, at+"/on", reason, http.StatusSeeOther)
	has(reviewer, at, "rules-off")
	has(second, at, "rules-off", "rules-confirm")
	s.post(reviewer, at+"/ok", url.Values{}, http.StatusForbidden)
	s.post(second, at+"/ok", url.Values{}, http.StatusSeeOther)
	has(issuer, at, "rules-off")
	if page := s.opened(clerk, "/license/rulings/rules"); !strings.Contains(page, "已启用") || !strings.Contains(page, at) {
		t.Error("the switch is not listed")
	}
	w.Advance(72 * time.Hour)
	a := licensetest.FoodApplication("B1")
	a.EffectiveDate = "20261127"
	l, _, err := w.Service.Apply(licensetest.Clerk, a)
	if err != nil || l.State != elicense.StateRejected {
		t.Fatalf("%s %v", l.State, err)
	}
	item := "/license/rulings/items/" + l.ID
	if page := s.opened(clerk, "/license/rulings?outcome=refuse"); !strings.Contains(page, item) || !strings.Contains(page, "申请人没有有效的营业执照") {
		t.Error("the refusal is not listed")
	}
	if page := s.opened(clerk, "/license/rulings?outcome=approve"); strings.Contains(page, item) {
		t.Error("it is listed among approvals")
	}
	page := s.opened(clerk, item)
	for _, words := range []string{"不予办理", "持有有效证照", "不成立", "摘要", "/license/" + l.ID} {
		if !strings.Contains(page, words) {
			t.Errorf("the decision does not say %q", words)
		}
	}
	if strings.Contains(page, "张启明") {
		t.Error("the decision shows a value")
	}
	if rec := s.send(person, http.MethodGet, item, "", nil); rec.Code != http.StatusNotFound {
		t.Errorf("the applicant opens the page of staff: %d", rec.Code)
	}
	if _, err := w.Service.Appeal(licensetest.Person, l.ID, "执照已换发<b>"); err != nil {
		t.Fatal(err)
	}
	if page := s.opened(third, "/license/rulings/appeals?state=open"); !strings.Contains(page, item) {
		t.Error("the appeal is not listed")
	}
	has(clerk, item)
	has(reviewer, item)
	if page := s.opened(reviewer, item); !strings.Contains(page, "须由其他审核人员处理") || !strings.Contains(page, "执照已换发&lt;b&gt;") {
		t.Error("who switched the rules on is not told why")
	}
	s.post(reviewer, item+"/claim", url.Values{}, http.StatusForbidden)
	has(third, item, "appeal-claim")
	s.post(third, item+"/claim", url.Values{}, http.StatusSeeOther)
	has(third, item, "appeal-grant", "appeal-uphold")
	s.post(third, item+"/uphold", url.Values{}, http.StatusUnprocessableEntity)
	s.post(third, item+"/grant", url.Values{"reason": {"已核对"}}, http.StatusSeeOther)
	has(third, item)
	if got, err := w.Service.Find(licensetest.Clerk, l.ID); err != nil || got.State != elicense.StateApproved {
		t.Errorf("%s %v", got.State, err)
	}
	s.post(issuer, at+"/off", url.Values{"reason": {"规则有误"}}, http.StatusSeeOther)
	if page := s.opened(clerk, at); !strings.Contains(page, "已停用") || !strings.Contains(page, "规则有误") {
		t.Error("the rules are on")
	}
}
