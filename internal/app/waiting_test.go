package app_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/openplatform"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
)

// TestStaffHomeTellsWhatWaits: each member sees the work of the own roles, in every room, and the way to it.
func TestStaffHomeTellsWhatWaits(t *testing.T) {
	p := apptest.Start(t, database(t))
	p.Persona(mobile, "李四", 2, "seal_reviewer", "license_reviewer", "counter_supervisor", idp.RoleProofingReviewer)
	p.Persona("13800138023", "王五", 2, "seal_keeper")
	security := admin(p, idp.RoleSecurityAdmin)
	reviewer, keeper := p.SignInStaff(mobile), p.SignInStaff("13800138023")
	if open(t, reviewer, p.URL+"/staff"); !reviewer.Page.Has("staff-inbox") || !strings.Contains(reviewer.Page.TextOf("staff-inbox"), "现在没有待办") {
		t.Fatalf("%s", reviewer.Page.Text)
	}
	token := adminToken(t, p, "seal_keeper")
	for _, code := range []string{"37030000009001", "37030000009002"} {
		if answer := call(t, p, http.MethodPost, "/api/v1/seals", token, map[string]any{"seal_id": code, "owner": "示例市民政局", "owner_code": "", "line": "专用章", "diameter_mm": 42.5, "years": 5}); answer.Status != http.StatusCreated {
			t.Fatalf("%d %s", answer.Status, answer.Text)
		}
	}
	open(t, reviewer, p.URL+"/staff")
	if inbox := reviewer.Page.TextOf("staff-inbox"); !strings.Contains(inbox, "待审核的印章申请 2") || strings.Contains(inbox, "待制作") {
		t.Errorf("%s", inbox)
	}
	if open(t, reviewer, p.URL+"/seal?state=applied"); strings.Count(reviewer.Page.Text, "待审核") < 2 {
		t.Errorf("%s", reviewer.Page.Text)
	}
	if open(t, keeper, p.URL+"/staff"); !strings.Contains(keeper.Page.TextOf("staff-inbox"), "现在没有待办") {
		t.Errorf("a keeper: %s", keeper.Page.Text)
	}
	opened := opening(p, "applied", 5)
	applied(t, p, app.Manifest{InitialAccess: []openplatform.InitialAccess{opened}})
	registerWith(t, p, http.MethodPost, p.URL+"/connect/register", opened.Token, metadataOf(nil))
	if open(t, security, p.URL+"/staff"); !strings.Contains(security.Page.TextOf("staff-inbox"), "待审批的应用 1") {
		t.Errorf("%s", security.Page.Text)
	}
}
