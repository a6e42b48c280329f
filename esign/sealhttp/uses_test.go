package sealhttp_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/esign/verify"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

var approver = caller{"staff:approver", esign.RoleApprover}

// ruled gives a seal whose uses all need an approval.
func (s *site) ruled() (seal esign.Seal) {
	seal = s.world.Active(s.t, sealtest.SampleApplication(1))
	path := "/api/v1/seals/" + seal.ID + "/rule"
	rule := map[string]any{"when": "always", "approver": "seal_approver", "approvals": 1, "hours": 24, "uses": 1}
	if got := s.json(keeper, http.MethodGet, path, nil, http.StatusOK); got["version"] != 0.0 || got["rule"].(map[string]any)["when"] != "never" {
		s.t.Errorf("%v", got)
	}
	if got := s.json(keeper, http.MethodPost, path, map[string]any{"version": 0, "rule": rule}, http.StatusAccepted); got["waiting"] == nil {
		s.t.Errorf("%v", got)
	}
	s.json(keeper, http.MethodPost, path, map[string]any{"version": 0, "rule": rule}, http.StatusConflict)
	s.json(keeper, http.MethodPost, path+"/decision", map[string]any{"version": 1, "approve": true}, http.StatusForbidden)
	if got := s.json(reviewer, http.MethodPost, path+"/decision", map[string]any{"version": 1, "approve": true}, http.StatusOK); got["number"] != 1.0 || got["waiting"] != nil {
		s.t.Errorf("%v", got)
	}
	return seal
}

func TestApprovalOverTheAPI(t *testing.T) {
	s := newSite(t)
	seal := s.ruled()
	document := sealtest.Document(t, 1)
	stamps, asking, requests := "/api/v1/seals/"+seal.ID+"/stamps", "/api/v1/seals/"+seal.ID+"/use-requests", "/api/v1/seal-use-requests"
	want := order(document)
	if got := s.json(keeper, http.MethodPost, stamps, want, http.StatusForbidden, key, "key-00001"); got["code"] != "YX-SEAL-442" {
		t.Errorf("%v", got)
	}
	s.json(approver, http.MethodPost, asking, want, http.StatusForbidden, key, "ask-00001")
	asked := s.json(keeper, http.MethodPost, asking, want, http.StatusCreated, key, "ask-00001")
	if asked["state"] != "requested" || asked["document_given"] != true || asked["source_sm3"] != digest.Hex(document) || asked["requester"] != "staff:keeper" {
		t.Errorf("%v", asked)
	}
	one := requests + "/" + asked["id"].(string)
	list := s.json(approver, http.MethodGet, requests+"?state=requested&limit=1", nil, http.StatusOK)
	if all := list["requests"].([]any); len(all) != 1 || all[0].(map[string]any)["id"] != asked["id"] {
		t.Errorf("%v", list)
	}
	seen := s.json(approver, http.MethodGet, one+"/document", nil, http.StatusOK)
	if seen["document"] != base64.StdEncoding.EncodeToString(document) || len(seen["appearances"].([]any)) != 1 {
		t.Error("the approver sees another document")
	}
	s.json(maker, http.MethodGet, one+"/document", nil, http.StatusForbidden)
	s.json(person, http.MethodGet, one, nil, http.StatusForbidden)
	decision := map[string]any{"approve": true, "digest": asked["digest"]}
	s.json(keeper, http.MethodPost, one+"/decision", decision, http.StatusForbidden)
	if got := s.json(approver, http.MethodPost, one+"/decision", map[string]any{"approve": true, "digest": digest.Hex(nil)}, http.StatusConflict); got["code"] != "YX-SEAL-446" {
		t.Errorf("%v", got)
	}
	if got := s.json(approver, http.MethodPost, one+"/decision", decision, http.StatusOK); got["state"] != "approved" || len(got["approvals"].([]any)) != 1 {
		t.Errorf("%v", got)
	}
	want["approval"] = asked["id"]
	other := order(sealtest.Document(t, 2))
	other["approval"] = asked["id"]
	if got := s.json(keeper, http.MethodPost, stamps, other, http.StatusForbidden, key, "key-00001"); got["code"] != "YX-SEAL-317" {
		t.Errorf("K-06: %v", got)
	}
	sealed := s.json(keeper, http.MethodPost, stamps, want, http.StatusCreated, key, "key-00001")
	content, err := base64.StdEncoding.DecodeString(sealed["document"].(string))
	if err != nil || s.world.Verify(t, content).Verdict != verify.Valid || sealed["stamp"].(map[string]any)["approval"] != asked["id"] {
		t.Errorf("%v %v", sealed["stamp"], err)
	}
	if got := s.json(keeper, http.MethodPost, stamps, want, http.StatusConflict, key, "key-00002"); got["code"] != "YX-SEAL-443" {
		t.Errorf("%v", got)
	}
	uses := s.json(keeper, http.MethodGet, stamps, nil, http.StatusOK)["stamps"].([]any)
	if chain := uses[0].(map[string]any)["approvals"].([]any); len(uses) != 1 || chain[0].(map[string]any)["by"] != "staff:approver" {
		t.Errorf("%v", uses)
	}
	second := s.json(keeper, http.MethodPost, asking, map[string]any{"sm3": digest.Hex(document), "page": 1, "purpose": "公布"}, http.StatusCreated, key, "ask-00002")
	if got := s.json(keeper, http.MethodPost, requests+"/"+second["id"].(string)+"/withdrawal", map[string]any{"reason": "不再需要"}, http.StatusOK); got["state"] != "withdrawn" {
		t.Errorf("%v", got)
	}
	s.json(keeper, http.MethodGet, requests+"/use_none", nil, http.StatusNotFound)
}

func TestApprovalOnPages(t *testing.T) {
	s := newSite(t)
	seal := s.world.Active(t, sealtest.SampleApplication(1))
	page := s.page(keeper, "/seal/"+seal.ID, http.StatusOK)
	if strings.Contains(page, "stamp-request") || !strings.Contains(page, "/seal/rules/"+seal.ID) {
		t.Error("a seal without a rule")
	}
	if !strings.Contains(s.page(keeper, "/seal/rules/"+seal.ID, http.StatusOK), `name="version" value="0"`) {
		t.Error("the form names no version")
	}
	rule := url.Values{"version": {"0"}, "rule-when": {"always"}, "rule-approver": {"seal_approver"}, "rule-approvals": {"1"}, "rule-hours": {"many"}, "rule-uses": {"1"}, "rule-platform": {"false"}}
	if rec := s.post(keeper, "/seal/rules/"+seal.ID+"/proposal", rule, http.StatusUnprocessableEntity); !strings.Contains(rec.Body.String(), `href="#rule-hours"`) {
		t.Error("the wrong input is not named")
	}
	rule.Set("rule-hours", "24")
	s.post(keeper, "/seal/rules/"+seal.ID+"/proposal", rule, http.StatusSeeOther)
	if strings.Contains(s.page(keeper, "/seal/"+seal.ID, http.StatusOK), "rule-approve") || !strings.Contains(s.page(reviewer, "/seal/"+seal.ID, http.StatusOK), "/rule-approve") {
		t.Error("who may decide on a rule")
	}
	s.post(reviewer, "/seal/"+seal.ID+"/rule-refuse", url.Values{"version": {"1"}}, http.StatusUnprocessableEntity)
	s.post(reviewer, "/seal/"+seal.ID+"/rule-approve", url.Values{"version": {"1"}}, http.StatusSeeOther)
	page = s.page(keeper, "/seal/"+seal.ID, http.StatusOK)
	if !strings.Contains(page, `id="stamp-request"`) || strings.Contains(page, `id="stamp-submit"`) {
		t.Error("the form does not ask first")
	}
	document := sealtest.Document(t, 2)
	form := url.Values{"stamp-kind": {"pages"}, "stamp-page": {"2"}, "stamp-x": {"140"}, "stamp-y": {"220"}, "stamp-purpose": {"公布办事指南"}, "stamp-item": {"2026-1124-0001"}, "stamp-key": {"use-form-1"}, "stamp-request": {"1"}}
	s.upload(keeper, "/seal/"+seal.ID+"/stamps", []byte("nothing"), form, http.StatusUnprocessableEntity)
	where := s.upload(keeper, "/seal/"+seal.ID+"/stamps", document, form, http.StatusSeeOther).Header().Get("Location")
	if again := s.upload(keeper, "/seal/"+seal.ID+"/stamps", document, form, http.StatusSeeOther).Header().Get("Location"); again != where {
		t.Errorf("pressed twice: %s and %s", where, again)
	}
	if list := s.page(approver, "/seal/requests?state=requested", http.StatusOK); !strings.Contains(list, where) {
		t.Errorf("%s", list)
	}
	if page = s.page(keeper, where, http.StatusOK); strings.Contains(page, "use-approve") || !strings.Contains(page, "use-withdraw") || strings.Contains(page, "use-stamp") {
		t.Error("what the requester is offered")
	}
	page = s.page(approver, where, http.StatusOK)
	for _, shown := range []string{"公布办事指南", "2026-1124-0001", "办事指南.ofd", digest.Hex(document), "第 2 页", "staff:keeper", `id="use-shown"`, "use-approve", "use-refuse", where + "?page=1"} {
		if !strings.Contains(page, shown) {
			t.Errorf("the approver does not see %s", shown)
		}
	}
	if rec := s.send(approver, http.MethodGet, "/seal/request-files/"+strings.TrimPrefix(where, "/seal/requests/"), nil, nil); rec.Body.String() != string(document) {
		t.Error("another document")
	}
	s.page(approver, where+"?page=9", http.StatusNotFound)
	read := hiddenOf(t, page, "digest")
	if rec := s.post(approver, where+"/refuse", url.Values{"digest": {read}}, http.StatusUnprocessableEntity); !strings.Contains(rec.Body.String(), "use-refuse-reason-error") {
		t.Error("the reason is not asked for")
	}
	s.post(approver, where+"/approve", url.Values{"digest": {digest.Hex(nil)}}, http.StatusConflict)
	s.post(keeper, where+"/approve", url.Values{"digest": {read}}, http.StatusForbidden)
	s.post(approver, where+"/approve", url.Values{"digest": {read}}, http.StatusSeeOther)
	page = s.page(keeper, where, http.StatusOK)
	press := url.Values{"stamp-key": {hiddenOf(t, page, "stamp-key")}}
	result := s.upload(keeper, where+"/stamp", nil, press, http.StatusSeeOther).Header().Get("Location")
	if again := s.upload(keeper, where+"/stamp", nil, press, http.StatusSeeOther).Header().Get("Location"); again != result {
		t.Errorf("pressed twice: %s and %s", result, again)
	}
	if !strings.Contains(s.page(keeper, result, http.StatusOK), "V00") {
		t.Error("the sealed document does not verify")
	}
	if !strings.Contains(s.page(keeper, "/seal/"+seal.ID, http.StatusOK), "staff:approver 批准") {
		t.Error("the chain is not in the log of uses")
	}
	if page = s.page(approver, where, http.StatusOK); strings.Contains(page, "use-shown") || strings.Contains(page, "use-approve") {
		t.Error("what is decided still shows its document")
	}
	s.page(person, where, http.StatusForbidden)
	s.post(approver, where+"/none", url.Values{}, http.StatusNotFound)
}

// hiddenOf is the value of a hidden input.
func hiddenOf(t *testing.T, page, name string) string {
	t.Helper()
	_, rest, found := strings.Cut(page, `name="`+name+`" value="`)
	value, _, _ := strings.Cut(rest, `"`)
	if !found || value == "" {
		t.Fatalf("no input %s", name)
	}
	return value
}

func TestRemovedDocumentIsTold(t *testing.T) {
	s := newSite(t)
	seal := s.ruled()
	asked := s.json(keeper, http.MethodPost, "/api/v1/seals/"+seal.ID+"/use-requests", order(sealtest.Document(t, 1)), http.StatusCreated, key, "ask-00001")
	id := asked["id"].(string)
	s.json(keeper, http.MethodPost, "/api/v1/seal-use-requests/"+id+"/withdrawal", map[string]any{"reason": "不再需要"}, http.StatusOK)
	if got := s.json(keeper, http.MethodGet, "/api/v1/seal-use-requests/"+id, nil, http.StatusOK); got["document_removed_at"] != nil {
		t.Errorf("%v", got)
	}
	if strings.Contains(s.page(keeper, "/seal/requests/"+id, http.StatusOK), "use-removed") {
		t.Error("told too early")
	}
	s.world.Advance(esign.DocumentRetention)
	if n, err := s.world.Service.RemoveUseDocuments(t.Context()); n != 1 || err != nil {
		t.Error(n, err)
	}
	got := s.json(keeper, http.MethodGet, "/api/v1/seal-use-requests/"+id, nil, http.StatusOK)
	if at, err := time.Parse(time.RFC3339, got["document_removed_at"].(string)); err != nil || !at.Equal(s.world.Now()) || got["document_given"] != true {
		t.Errorf("%v", got)
	}
	if page := s.page(keeper, "/seal/requests/"+id, http.StatusOK); !strings.Contains(page, `id="use-removed"`) || !strings.Contains(page, asked["source_sm3"].(string)) {
		t.Error("the page does not tell")
	}
}
