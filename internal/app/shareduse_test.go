package app_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// TestSharedUseIsInTheInboxOfSecurityAdministrators, on record and counted; and the metrics tell what is stored of faces.
func TestSharedUseIsInTheInboxOfSecurityAdministrators(t *testing.T) {
	const person, security = "13800139241", "13800139242"
	p := apptest.Start(t, database(t))
	p.Persona(person, "张三", 1)
	p.Persona(security, "王芳", 3, idp.RoleSecurityAdmin)
	id := accountOf(t, p, person).ID
	payload, err := json.Marshal(proofing.SharedUse{What: proofing.SharedFace, Identities: 3, Days: 30, Case: "case_1", AccountID: id})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // messages come at least once
		if err := app.TellSharedUse(t.Context(), p.App, payload); err != nil {
			t.Fatal(err)
		}
	}
	answer := p.Get("/api/v1/inbox", adminToken(t, p, idp.RoleSecurityAdmin))
	items, _ := answer.Body["items"].([]any)
	if len(items) != 1 {
		t.Fatalf("%d %s", answer.Status, answer.Text)
	}
	item, _ := items[0].(map[string]any)
	if item["kind"] != proofing.KindSharedUse || item["object_id"] != id || item["role"] != idp.RoleSecurityAdmin {
		t.Errorf("%v", item)
	}
	b := p.SignInStaff(security)
	proposal, _ := item["id"].(string)
	openPage(t, p, b, "/admin/inbox/"+proposal)
	if !strings.Contains(b.Page.Text, "同一人脸") || !strings.Contains(b.Page.Text, id) || !b.Page.Has("proposal-approve") {
		t.Errorf("the page: %s", b.Page.Text)
	}
	// A machine raised it, so two look at it. The last settles it: on record with who did, once, and nothing of the account changes.
	before := accountOf(t, p, person)
	digest := b.Page.Hidden("digest")
	if page := submit(t, b, p.URL+"/admin/inbox/"+proposal, map[string]string{"proposal-approve": "1", "digest": strings.Repeat("0", 64), "reason": "已核对"}); page.Status != fault.MetaOf(fault.ProposalChanged).Status {
		t.Errorf("what nobody read: %d", page.Status)
	}
	if page := submit(t, b, p.URL+"/admin/inbox/"+proposal, map[string]string{"proposal-approve": "1", "reason": "已核对"}); page.Status != http.StatusOK || page.Has("proposal-approve") || len(audited(t, p, "proposal.executed")) != 0 {
		t.Errorf("the first of two: %d %s", page.Status, page.Text)
	}
	token := adminToken(t, p, idp.RoleSecurityAdmin)
	decide := func() apptest.Answer {
		return call(t, p, http.MethodPost, "/api/v1/inbox/"+proposal+"/decision", token, map[string]any{"approve": true, "reason": "已核对"}, "If-Match", `"`+digest+`"`)
	}
	if second := decide(); second.Status != http.StatusOK || second.String("state") != "executed" {
		t.Errorf("the second of two: %d %s", second.Status, second.Text)
	}
	decided := audited(t, p, "proposal.executed")
	if len(decided) != 1 || decided[0].Details["proposal"] != proposal || decided[0].Details["digest"] != digest || decided[0].Reason != "已核对" || decided[0].ObjectID != id {
		t.Errorf("%+v", decided)
	}
	if again := decide(); again.Status < 400 || again.Status >= 500 || len(audited(t, p, "proposal.executed")) != 1 {
		t.Errorf("decided twice: %d %s", again.Status, again.Text)
	}
	if after := accountOf(t, p, person); after.Version != before.Version || after.State != before.State {
		t.Errorf("the account changed: %+v", after)
	}
	all := metricsOf(t, p)
	for _, line := range []string{`yinxin_proofing_shared_total{what="face"} 1`, `yinxin_face_store_count{kind="result"} 0`, `yinxin_face_store_count{kind="handle"} 0`} {
		if !strings.Contains(all, line) {
			t.Errorf("the metrics do not have %s", line)
		}
	}
}
