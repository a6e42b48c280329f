package sealhttp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/sealtest"
)

// The filing of a seal at the API and on its page: entered once, with all that is wrong told at once and what was typed kept.
func TestFilingOfASeal(t *testing.T) {
	s := newSite(t)
	one, two := s.world.Active(t, sealtest.SampleApplication(1)), s.world.Active(t, sealtest.SampleApplication(2))
	filing := map[string]any{"number": "37-2026-000017", "authority": "示例市公安局", "filed_on": s.world.Now().Format("2006-01-02")}
	got := s.json(reviewer, http.MethodPost, "/api/v1/seals/"+one.ID+"/filing", filing, http.StatusOK)
	if f, _ := got["filing"].(map[string]any); got["state"] != "active" || f["number"] != filing["number"] || f["authority"] != filing["authority"] || f["filed_on"] != filing["filed_on"] {
		t.Errorf("%v", got)
	}
	s.json(reviewer, http.MethodPost, "/api/v1/seals/"+one.ID+"/filing", filing, http.StatusConflict)

	path := "/seal/" + two.ID
	if !strings.Contains(s.page(reviewer, path, http.StatusOK), `id="seal-file"`) || strings.Contains(s.page(keeper, path, http.StatusOK), `id="seal-file"`) || strings.Contains(s.page(reviewer, "/seal/"+one.ID, http.StatusOK), `id="seal-file"`) {
		t.Error("who is offered to enter a filing")
	}
	form := url.Values{"seal-file-number": {"37 2026"}, "seal-file-authority": {"示例市公安局"}, "seal-file-day-year": {"2999"}, "seal-file-day-month": {"1"}, "seal-file-day-day": {"2"}}
	body := s.post(reviewer, path+"/file", form, http.StatusUnprocessableEntity).Body.String()
	for _, want := range []string{`value="37 2026"`, `value="示例市公安局"`, `class="digits" value="2999"`, `href="#seal-file-number"`, `href="#seal-file-day"`, `open>`} {
		if !strings.Contains(body, want) {
			t.Errorf("the refused form lacks %s", want)
		}
	}
	form.Set("seal-file-number", "37-2026-000018")
	form.Set("seal-file-day-year", "2026")
	s.post(reviewer, path+"/file", form, http.StatusSeeOther)
	if body := s.page(keeper, path, http.StatusOK); !strings.Contains(body, "37-2026-000018，示例市公安局，2026-01-02") {
		t.Error("the page does not say that the seal is on file")
	}
}
