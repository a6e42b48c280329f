package app_test

import (
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
)

// TestSharedUseIsInTheInboxOfSecurityAdministrators, on record and counted; and the metrics tell what is stored of faces.
func TestSharedUseIsInTheInboxOfSecurityAdministrators(t *testing.T) {
	const person, security = "13800139241", "13800139242"
	p := apptest.Start(t, database(t))
	p.Persona(person, "张三", 1)
	p.Persona(security, "王芳", 3, idp.RoleSecurityAdmin)
	id := accountOf(t, p, person).ID
	if err := app.RaiseSharedUse(t.Context(), p.App, proofing.SharedUse{What: proofing.SharedFace, Identities: 3, Days: 30, Case: "case_1", AccountID: id}); err != nil {
		t.Fatal(err)
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
	all := metricsOf(t, p)
	for _, line := range []string{`yinxin_proofing_shared_total{what="face"} 1`, `yinxin_face_store_count{kind="result"} 0`, `yinxin_face_store_count{kind="handle"} 0`} {
		if !strings.Contains(all, line) {
			t.Errorf("the metrics do not have %s", line)
		}
	}
}
