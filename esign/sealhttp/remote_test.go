package sealhttp_test

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/prepare"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/esign/verify"
)

// digestOrder asks for a signature over what was prepared.
func digestOrder(pending prepare.Pending) map[string]any {
	return map[string]any{"digest": hex.EncodeToString(pending.Digest()), "property": pending.Property(), "page": 1, "x_mm": 140, "y_mm": 220, "purpose": "公布办事指南"}
}

func TestADigestIsSignedOverTheAPI(t *testing.T) {
	s := newSite(t)
	seal := s.world.Active(t, sealtest.SampleApplication(1))
	base := "/api/v1/seals/" + seal.ID
	if got := s.json(keeper, http.MethodGet, base+"/signature-material", nil, http.StatusForbidden); got["code"] != "YX-SEAL-470" {
		t.Errorf("%v", got)
	}
	s.world.PutRule(t, seal.ID, sealtest.RemoteRule)
	for _, as := range []caller{reviewer, maker, person} {
		s.json(as, http.MethodGet, base+"/signature-material", nil, http.StatusForbidden)
	}
	material := s.json(keeper, http.MethodGet, base+"/signature-material", nil, http.StatusOK)
	if material["seal"] != base64.StdEncoding.EncodeToString(seal.SES) || material["signer_certificate"] != base64.StdEncoding.EncodeToString(seal.SignerCert) || material["time_stamped"] != false {
		t.Errorf("%v", material)
	}
	_, pending := s.world.Remote(t, seal, sealtest.Document(t, 1))
	want, path := digestOrder(pending), base+"/signatures"
	for _, as := range []caller{reviewer, maker, person} {
		s.json(as, http.MethodPost, path, want, http.StatusForbidden, key, "key-00001")
	}
	s.json(nobody, http.MethodPost, path, want, http.StatusUnauthorized, key, "key-00001")
	answer := s.json(keeper, http.MethodPost, path, want, http.StatusCreated, key, "key-00001")
	value, err := base64.StdEncoding.DecodeString(answer["value"].(string))
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := pending.Complete(value)
	if err != nil || s.world.Verify(t, sealed).Verdict != verify.Valid {
		t.Errorf("%v", err)
	}
	stamp := answer["stamp"].(map[string]any)
	if stamp["remote"] != true || stamp["property"] != pending.Property() || stamp["source_sm3"] != want["digest"] || stamp["page"] != 1.0 {
		t.Errorf("%v", stamp)
	}
	if again := s.json(keeper, http.MethodPost, path, want, http.StatusCreated, key, "key-00001"); again["value"] != answer["value"] {
		t.Error("the same key gave another value")
	}
	want["purpose"] = "别的"
	s.json(keeper, http.MethodPost, path, want, http.StatusUnprocessableEntity, key, "key-00001")
	for field, wrong := range map[string]any{"digest": strings.Repeat("0", 62), "property": "see annex"} {
		other := digestOrder(pending)
		other[field] = wrong
		s.json(keeper, http.MethodPost, path, other, http.StatusUnprocessableEntity, key, "key-00002")
	}
	uses := s.json(keeper, http.MethodGet, base+"/stamps", nil, http.StatusOK)["stamps"].([]any)
	if len(uses) != 1 || uses[0].(map[string]any)["remote"] != true {
		t.Errorf("%v", uses)
	}
	if page := s.page(keeper, "/seal/"+seal.ID, http.StatusOK); !strings.Contains(page, "未见文件") {
		t.Error("the log of uses does not say that nobody saw the document")
	}
	if page := s.page(keeper, "/seal/"+seal.ID+"/stamps/key-00001", http.StatusOK); !strings.Contains(page, "V00") {
		t.Error("the page of the result does not judge the value over its digest")
	}
	file := s.send(keeper, http.MethodGet, "/seal/"+seal.ID+"/stamps/key-00001/file", nil, nil)
	if file.Header().Get("Content-Type") != "application/octet-stream" || !strings.Contains(file.Header().Get("Content-Disposition"), ".dat") || file.Body.String() != string(value) {
		t.Errorf("%v", file.Header())
	}
}

func TestThePermissionForDocumentsThatStayOnPages(t *testing.T) {
	s := newSite(t)
	seal := s.world.Active(t, sealtest.SampleApplication(1))
	if page := s.page(keeper, "/seal/"+seal.ID, http.StatusOK); !strings.Contains(page, "留在本地的文件") || strings.Contains(page, "允许：平台只见摘要") {
		t.Error("the page does not say that they are not sealed")
	}
	if form := s.page(keeper, "/seal/rules/"+seal.ID, http.StatusOK); !strings.Contains(form, `name="rule-remote"`) {
		t.Error("the form does not ask")
	}
	rule := url.Values{"version": {"0"}, "rule-when": {"always"}, "rule-approver": {"seal_approver"}, "rule-approvals": {"1"}, "rule-hours": {"many"}, "rule-uses": {"1"}, "rule-platform": {"false"}, "rule-remote": {"true"}}
	if rec := s.post(keeper, "/seal/rules/"+seal.ID+"/proposal", rule, http.StatusUnprocessableEntity); !strings.Contains(rec.Body.String(), `<option value="true" selected>允许：平台只见摘要`) {
		t.Error("what was chosen is lost")
	}
	rule.Set("rule-hours", "24")
	s.post(keeper, "/seal/rules/"+seal.ID+"/proposal", rule, http.StatusSeeOther)
	if page := s.page(reviewer, "/seal/"+seal.ID, http.StatusOK); !strings.Contains(page, "允许：平台只见摘要") {
		t.Error("the reviewer is not told what is proposed")
	}
	s.post(reviewer, "/seal/"+seal.ID+"/rule-approve", url.Values{"version": {"1"}}, http.StatusSeeOther)
	have, err := s.world.Service.RuleOf(sealtest.Keeper, seal.ID)
	if err != nil || !have.Rule.Remote {
		t.Fatalf("%+v %v", have, err)
	}

	_, pending := s.world.Remote(t, seal, sealtest.Document(t, 1))
	want := digestOrder(pending)
	asked := s.json(keeper, http.MethodPost, "/api/v1/seals/"+seal.ID+"/use-requests", map[string]any{"sm3": want["digest"], "remote": true, "page": 1, "x_mm": 140, "y_mm": 220, "purpose": want["purpose"]}, http.StatusCreated, key, "ask-00001")
	if asked["remote"] != true || asked["document_given"] != false {
		t.Errorf("%v", asked)
	}
	id := asked["id"].(string)
	if page := s.page(approver, "/seal/requests/"+id, http.StatusOK); !strings.Contains(page, "待签名的摘要") || !strings.Contains(page, "文件留在申请人处") {
		t.Error("the approver is not told that nobody sees the document")
	}
	s.post(approver, "/seal/requests/"+id+"/approve", url.Values{"digest": {asked["digest"].(string)}}, http.StatusSeeOther)
	if page := s.page(keeper, "/seal/requests/"+id, http.StatusOK); strings.Contains(page, `id="use-stamp"`) {
		t.Error("the page offers to seal a document that is elsewhere")
	}
	s.json(keeper, http.MethodPost, "/api/v1/seals/"+seal.ID+"/signatures", want, http.StatusCreated, key, "key-00001")
	if u, err := s.world.Service.FindUse(sealtest.Other, id); err != nil || u.State != esign.UseUsed {
		t.Errorf("%+v %v", u, err)
	}
}
