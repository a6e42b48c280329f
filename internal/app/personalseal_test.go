package app_test

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/idp/staff"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// TestX15PersonalSealOfStaff: a keeper applies for the seal of somebody of the organisation, who confirms it and alone uses it; it stops when they
// leave, and is the seal of no authority.
func TestX15PersonalSealOfStaff(t *testing.T) {
	const official, other, name = "13800138071", "13800138072", "王小明"
	p := apptest.Start(t, database(t))
	p.Persona(official, name, 2, esign.RoleKeeper)
	p.Persona(other, "李四", 2, esign.RoleKeeper)
	works := func(department string) {
		t.Helper()
		err := p.App.Apply(t.Context(), app.Manifest{Areas: []staff.Area{{Code: "330000", Name: "浙江省"}}, Departments: []staff.Department{{ID: company, Name: "某局", Area: "330000"}},
			Staff: []app.Staff{{Login: official, Name: name, Department: department, Account: official, Roles: []string{esign.RoleKeeper}}}})
		if err != nil {
			t.Fatal(err)
		}
	}
	order := map[string]any{"seal_id": "33000000000071", "owner": "某局", "owner_code": company, "kind": "personal", "person": name, "person_login": official, "office": "局长", "basis": "某任字〔2026〕1号", "layout": "square", "filling": "seal"}
	keeper := adminToken(t, p, esign.RoleKeeper)
	if refused := call(t, p, http.MethodPost, "/api/v1/seals", keeper, order); refused.String("code") != string(fault.SealPerson) {
		t.Errorf("somebody who does not work there: %d %s", refused.Status, refused.Text)
	}
	works(company)
	wrong := map[string]any{}
	for k, v := range order {
		wrong[k] = v
	}
	wrong["person"] = "王大明"
	if refused := call(t, p, http.MethodPost, "/api/v1/seals", keeper, wrong); refused.String("code") != string(fault.SealPerson) {
		t.Errorf("another name: %d %s", refused.Status, refused.Text)
	}
	made := call(t, p, http.MethodPost, "/api/v1/seals", keeper, order)
	if made.Status != http.StatusCreated {
		t.Fatalf("%d %s", made.Status, made.Text)
	}
	path := "/api/v1/seals/" + made.String("id")
	own, others := staffToken(t, p, p.SignInStaff(official), esign.RoleKeeper), staffToken(t, p, p.SignInStaff(other), esign.RoleKeeper)
	reviewer, maker := adminToken(t, p, esign.RoleReviewer), adminToken(t, p, esign.RoleMaker)
	if home := p.SignInStaff(official); home.Open(t.Context(), p.URL+"/staff") != nil || !strings.Contains(home.Page.Text, "待您确认的个人名章") {
		t.Errorf("the person is not told: %s", home.Page.Text)
	}
	stamp := map[string]any{"document": base64.StdEncoding.EncodeToString(sealtest.Document(t, 1)), "page": 1, "x_mm": 100, "y_mm": 100, "purpose": "公布办事指南"}
	for _, step := range []struct {
		what, token, path string
		body              any
		want              fault.Code
	}{
		{"review before the person confirmed", reviewer, "/approval", nil, fault.SealUnconfirmed},
		{"confirm by another", others, "/confirmation", nil, fault.SealNotOwn},
		{"confirm by a client", keeper, "/confirmation", nil, fault.SealNotOwn},
		{"confirm", own, "/confirmation", nil, ""},
		{"review", reviewer, "/approval", nil, ""},
		{"make", maker, "/making", nil, ""},
		{"put into use by another", others, "/activation", nil, fault.SealNotOwn},
		{"put into use", own, "/activation", nil, ""},
		{"seal by another", others, "/stamps", stamp, fault.SealNotOwn},
		{"seal by a client", keeper, "/stamps", stamp, fault.SealNotOwn},
		{"seal", own, "/stamps", stamp, ""},
	} {
		answer := call(t, p, http.MethodPost, path+step.path, step.token, step.body, "Idempotency-Key", "personal-"+step.what)
		if got := fault.Code(answer.String("code")); got != step.want || step.want == "" && answer.Status/100 != 2 {
			t.Fatalf("%s: %d %s", step.what, answer.Status, answer.Text)
		}
	}
	err := p.App.Apply(t.Context(), app.Manifest{Authorities: []app.Issuer{{Code: company, Name: "某局", Seal: "33000000000071", Types: []string{"11100000MB03271699001"}}}})
	if err == nil || !strings.Contains(err.Error(), "seal of a person") {
		t.Errorf("the seal of an authority: %v", err)
	}
	works("") // they leave
	answer := call(t, p, http.MethodPost, path+"/stamps", own, stamp, "Idempotency-Key", "personal-left")
	if got := fault.Code(answer.String("code")); !slices.Contains([]fault.Code{fault.SealPersonLeft, fault.SealSuspended}, got) {
		t.Errorf("seal after they left: %d %s", answer.Status, answer.Text)
	}
	eventually(t, "the seal is stopped", func() bool {
		return call(t, p, http.MethodGet, path, reviewer, nil).String("state") == "suspended"
	})
	if back := call(t, p, http.MethodPost, path+"/resumption", reviewer, nil); back.String("code") != string(fault.SealPersonLeft) {
		t.Errorf("resumed: %d %s", back.Status, back.Text)
	}
}
