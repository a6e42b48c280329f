package sealhttp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
)

// TestPageOfASealWhoseOrganisationNamedKeepers: who is named stands there masked, the others are told whom to ask and lose nothing that they
// typed, and whoever may stop the seal may do so, also while nobody can tell who is named.
func TestPageOfASealWhoseOrganisationNamedKeepers(t *testing.T) {
	s := newSite(t)
	seal := s.world.Active(t, sealtest.SampleApplication(1))
	path := "/seal/" + seal.ID
	if page := s.page(keeper, path, http.StatusOK); strings.Contains(page, "单位指定的保管人") || !strings.Contains(page, "stamp-submit") {
		t.Error("a naming is shown where there is none")
	}
	named := esign.Keeper{Actor: "account:keeper", Until: sealtest.Start.AddDate(1, 0, 0)}
	s.world.Keepers.Names(seal.OwnerCode, named)
	if page := s.page(keeper, path, http.StatusOK); !strings.Contains(page, "k*（至 2027-11-24）") || !strings.Contains(page, "stamp-submit") || strings.Contains(page, "seal-not-keeper") {
		t.Error("the keeper does not see the naming, or no form")
	}
	if page := s.page(every, path, http.StatusOK); !strings.Contains(page, "“"+seal.Owner+"”已自行指定印章保管人") || strings.Contains(page, "stamp-submit") || !strings.Contains(page, "seal-suspend") || !strings.Contains(page, "k*") {
		t.Error("another keeper of the area is not told whom to ask, or cannot stop the seal")
	}
	refused := s.upload(every, path+"/stamps", sealtest.Document(t, 1), url.Values{"stamp-key": {"one"}, "stamp-page": {"1"}, "stamp-x": {"100"}, "stamp-y": {"100"}, "stamp-purpose": {"公布办事指南"}}, http.StatusForbidden)
	if body := refused.Body.String(); !strings.Contains(body, "已自行指定印章保管人") || !strings.Contains(body, `value="公布办事指南"`) {
		t.Errorf("what was typed is lost: %s", body)
	}
	s.world.Keepers.Names(seal.OwnerCode)
	if page := s.page(keeper, path, http.StatusOK); !strings.Contains(page, "目前没有有效的保管人") || strings.Contains(page, "stamp-submit") {
		t.Error("nobody is left, and the page does not say so")
	}
	s.world.Steps.FailBefore = func(_ int, name string) bool { return name == "keepers naming" }
	if page := s.page(keeper, path, http.StatusOK); !strings.Contains(page, "暂时无法核对单位指定的保管人") || strings.Contains(page, "stamp-submit") || !strings.Contains(page, "seal-suspend") {
		t.Error("silence about keepers hides the seal")
	}
	s.json(keeper, http.MethodGet, "/api/v1/seals/"+seal.ID, nil, http.StatusServiceUnavailable)
	s.post(keeper, path+"/suspend", url.Values{"reason": {"查核"}}, http.StatusSeeOther)
}

// TestKeepersAtTheAPI: one seal tells whom its organisation named; a use by another one is refused with the code of that.
func TestKeepersAtTheAPI(t *testing.T) {
	s := newSite(t)
	seal := s.world.Active(t, sealtest.SampleApplication(1))
	if got := s.json(reviewer, http.MethodGet, "/api/v1/seals/"+seal.ID, nil, http.StatusOK); got["keepers_named_by"] != nil || got["keepers"] != nil {
		t.Errorf("%v", got)
	}
	s.world.Keepers.Names(seal.OwnerCode, esign.Keeper{Actor: "account:keeper", Until: sealtest.Start.AddDate(1, 0, 0)})
	got := s.json(reviewer, http.MethodGet, "/api/v1/seals/"+seal.ID, nil, http.StatusOK)
	keepers, _ := got["keepers"].([]any)
	if got["keepers_named_by"] != seal.Owner || len(keepers) != 1 || keepers[0].(map[string]any)["name"] != "k*" || keepers[0].(map[string]any)["until"] != "2027-11-24T01:30:00Z" {
		t.Errorf("%v", got)
	}
	order := map[string]any{"document": sealtest.Document(t, 1), "page": 1, "x_mm": 100, "y_mm": 100, "purpose": "公布办事指南"}
	if refused := s.json(every, http.MethodPost, "/api/v1/seals/"+seal.ID+"/stamps", order, http.StatusForbidden, "Idempotency-Key", "keepers-1"); refused["code"] != "YX-SEAL-465" {
		t.Errorf("%v", refused)
	}
	if sealed := s.json(keeper, http.MethodPost, "/api/v1/seals/"+seal.ID+"/stamps", order, http.StatusCreated, "Idempotency-Key", "keepers-1"); sealed["document"] == nil {
		t.Errorf("%v", sealed)
	}
}
