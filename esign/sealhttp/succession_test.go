package sealhttp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
)

var second = caller{"staff:second", esign.RoleReviewer}

func TestSuccessionsOverTheAPI(t *testing.T) {
	s := newSite(t)
	seal := s.world.Active(t, sealtest.SampleApplication(1))
	const all = "/api/v1/seal-successions"
	order := map[string]any{"owner": map[string]any{"name": seal.Owner, "code": seal.OwnerCode}, "kind": "merged", "heirs": []any{map[string]any{"name": "乙局"}}, "since": s.world.Now().Format("2006-01-02T15:04:05Z07:00"), "order": "示政发〔2026〕12号"}
	for who, want := range map[caller]int{nobody: http.StatusUnauthorized, person: http.StatusForbidden, reviewer: http.StatusForbidden} {
		s.json(who, http.MethodPost, all, order, want)
	}
	got := s.json(keeper, http.MethodPost, all, order, http.StatusCreated)
	if got["state"] != "proposed" || got["proposed_by"] != "staff:keeper" || got["seals_end"] != nil {
		t.Errorf("%v", got)
	}
	one := all + "/" + got["id"].(string)
	if list := s.json(reviewer, http.MethodGet, all+"?state=proposed&limit=1", nil, http.StatusOK); len(list["successions"].([]any)) != 1 || list["next"] != nil {
		t.Errorf("%v", list)
	}
	s.json(person, http.MethodGet, all, nil, http.StatusForbidden)
	s.json(person, http.MethodGet, one, nil, http.StatusForbidden)
	s.json(keeper, http.MethodPost, one+"/decision", map[string]any{"decision": "record"}, http.StatusForbidden)
	if got := s.json(reviewer, http.MethodPost, one+"/decision", map[string]any{"decision": "record"}, http.StatusOK); got["state"] != "recorded" || got["decided_by"] != "staff:reviewer" {
		t.Errorf("%v", got)
	}
	if got := s.json(keeper, http.MethodGet, one, nil, http.StatusOK); got["state"] != "recorded" || got["heirs"].([]any)[0].(map[string]any)["name"] != "乙局" {
		t.Errorf("%v", got)
	}
	s.json(reviewer, http.MethodPost, one+"/decision", map[string]any{"decision": "annul", "reason": "有误"}, http.StatusForbidden)
	if got := s.json(second, http.MethodPost, one+"/decision", map[string]any{"decision": "annul", "reason": "有误"}, http.StatusOK); got["state"] != "annulled" || got["reason"] != "有误" || got["recorded_by"] != "staff:reviewer" || got["recorded_at"] == nil || got["decided_by"] == "staff:reviewer" {
		t.Errorf("%v", got)
	}
}

func TestSuccessionsOfPages(t *testing.T) {
	s := newSite(t)
	seal := s.world.Active(t, sealtest.SampleApplication(1))
	const all = "/seal/successions"
	if body := s.page(keeper, "/seal", http.StatusOK); !strings.Contains(body, `href="/seal/successions"`) {
		t.Error("the list is not offered")
	}
	if body := s.page(keeper, "/seal/"+seal.ID, http.StatusOK); !strings.Contains(body, `href="/seal/successions/new?seal=`+seal.ID) {
		t.Error("the form is not offered")
	}
	if body := s.page(keeper, all+"/new?seal="+seal.ID, http.StatusOK); !strings.Contains(body, `value="`+seal.Owner+`"`) || !strings.Contains(body, `value="`+seal.OwnerCode+`"`) {
		t.Error("the organisation is not filled in")
	}
	s.page(reviewer, all+"/new", http.StatusForbidden)
	if body := s.page(reviewer, all, http.StatusOK); strings.Contains(body, "/seal/successions/new") || !strings.Contains(body, "还没有机构承继") {
		t.Error("the empty list of a reviewer")
	}
	form := url.Values{"succession-owner": {seal.Owner}, "succession-owner-code": {seal.OwnerCode}, "succession-kind": {"split"}, "succession-heirs": {"乙局，91350100M000100Y43\n\n 丙局 \n"},
		"succession-since-year": {"2026"}, "succession-since-month": {"2"}, "succession-since-day": {"30"}, "succession-order": {""}}
	rec := s.post(keeper, all+"/new", form, http.StatusUnprocessableEntity)
	if body := rec.Body.String(); !strings.Contains(body, "丙局") || !strings.Contains(body, `href="#succession-since`) || !strings.Contains(body, `href="#succession-order"`) {
		t.Errorf("what was typed, or what is wrong, is lost: %s", body)
	}
	for name, value := range map[string]string{"succession-since-month": "1", "succession-since-day": "2", "succession-order": "示政发〔2026〕12号"} {
		form.Set(name, value)
	}
	path := s.post(keeper, all+"/new", form, http.StatusSeeOther).Header().Get("Location")
	body := s.page(keeper, path, http.StatusOK)
	for _, word := range []string{seal.Owner, "分立", "乙局 91350100M000100Y43；丙局", "2026-01-02", "示政发〔2026〕12号", "succession-withdraw"} {
		if !strings.Contains(body, word) {
			t.Errorf("the page lacks %s", word)
		}
	}
	if strings.Contains(body, "succession-record") {
		t.Error("whoever proposed it may record it")
	}
	if body := s.post(reviewer, path+"/refuse", url.Values{"reason": {" "}}, http.StatusUnprocessableEntity).Body.String(); !strings.Contains(body, `id="succession-refuse-reason"`) {
		t.Error("the reason is not asked for again")
	}
	s.post(reviewer, path+"/sell", url.Values{}, http.StatusNotFound)
	s.post(reviewer, path+"/record", url.Values{}, http.StatusSeeOther)
	if body := s.page(reviewer, all+"?state=recorded", http.StatusOK); !strings.Contains(body, "乙局、丙局") || !strings.Contains(body, "已登记") {
		t.Error("the list lacks it")
	}
	if body := s.page(keeper, "/seal/"+seal.ID, http.StatusOK); !strings.Contains(body, "分立，现为 乙局、丙局") || !strings.Contains(body, "请换发承继机构的印章") {
		t.Error("the seal does not tell it")
	}
	if body := s.page(keeper, "/seal?state=succeeded", http.StatusOK); !strings.Contains(body, seal.Code) {
		t.Error("the seal does not wait")
	}
	s.post(second, path+"/annul", url.Values{"reason": {"文件有误"}}, http.StatusSeeOther)
	if body := s.page(reviewer, path, http.StatusOK); !strings.Contains(body, "已撤销") || !strings.Contains(body, "文件有误") || !strings.Contains(body, "登记人") || !strings.Contains(body, "staff:reviewer") {
		t.Error("the page does not tell that it was annulled, or who had recorded it")
	}
}
