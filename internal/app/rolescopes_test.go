package app_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/openplatform"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// TestNobodyRegistersARole: a scope of a service client stands for a role of staff, so that who may register clients would be
// everything else too. Roles come by a file alone.
func TestNobodyRegistersARole(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx, system := context.Background(), adminToken(t, p, idp.RoleSystemAdmin)
		adminToken(t, p, idp.RoleSecurityAdmin) // its client lies there by a file
		definition := func(scope string) map[string]any {
			return map[string]any{"client_name": "机器", "grant_types": []string{"client_credentials"}, "scope": scope}
		}
		refused := func(what string, answer apptest.Answer) {
			t.Helper()
			if answer.Status != http.StatusUnprocessableEntity || !strings.Contains(answer.Text, string(fault.ClientMetadata)) {
				t.Errorf("%s: %d %s", what, answer.Status, answer.Text)
			}
		}
		if answer := call(t, p, http.MethodPost, "/api/v1/clients", system, map[string]any{"client_id": "plain", "definition": definition("archive"), "reason": "x"}); answer.Status != http.StatusCreated {
			t.Fatalf("%d %s", answer.Status, answer.Text)
		}
		plain := p.Get("/api/v1/clients/plain", system)
		initial := opening(p, idp.StateLive, 1)
		for _, role := range append([]string{"seal_keeper", "seal_reviewer", "seal_maker", "seal_approver", "license_clerk", "license_reviewer", "license_issuer", "license_user", "license_order"}, idp.AdminRoles...) {
			refused("registered with "+role, call(t, p, http.MethodPost, "/api/v1/clients", system, map[string]any{"client_id": "role", "definition": definition("archive " + role), "reason": "x"}))
			refused("given "+role, call(t, p, http.MethodPut, "/api/v1/clients/plain", system, map[string]any{"definition": definition(role), "reason": "x"}, "If-Match", plain.Header.Get("ETag")))
			with := initial
			with.Scope += " " + role
			if err := p.App.Apply(ctx, app.Manifest{InitialAccess: []openplatform.InitialAccess{with}}); fault.CodeOf(err) != fault.ClientMetadata {
				t.Errorf("an initial access token gives %s: %v", role, err)
			}
		}
		// One that has a role by a file is nobody's to take over, and may be stopped.
		const console = "/api/v1/clients/console-security-admin"
		read := p.Get(console, system)
		refused("changed", call(t, p, http.MethodPut, console, system, map[string]any{"definition": definition("archive"), "reason": "x"}, "If-Match", read.Header.Get("ETag")))
		refused("a new secret", call(t, p, http.MethodPost, console+"/secret", system, map[string]any{"reason": "x", "overlap_hours": 0}, "If-Match", read.Header.Get("ETag")))
		if answer := call(t, p, http.MethodPost, console+"/suspension", system, reasoned); answer.Status != http.StatusOK {
			t.Errorf("stopped: %d %s", answer.Status, answer.Text)
		}
		// A machine of the staff keeps its role over a change, and gets no other one.
		machine(p, "clerk", func(*idp.Client) {})
		clerk := p.Get("/api/v1/clients/clerk", system)
		refused("another role", call(t, p, http.MethodPut, "/api/v1/clients/clerk", system, map[string]any{"definition": definition("license_clerk license_issuer"), "reason": "x"}, "If-Match", clerk.Header.Get("ETag")))
		if answer := call(t, p, http.MethodPut, "/api/v1/clients/clerk", system, map[string]any{"definition": definition("license_clerk"), "reason": "x"}, "If-Match", clerk.Header.Get("ETag")); answer.Status != http.StatusOK {
			t.Errorf("the same role: %d %s", answer.Status, answer.Text)
		}
		// A token that was stored before the rule gives no role either.
		if err := p.App.Apply(ctx, app.Manifest{InitialAccess: []openplatform.InitialAccess{initial}}); err != nil {
			t.Fatal(err)
		}
		answer := registerWith(t, p, http.MethodPost, p.URL+"/connect/register", initial.Token, metadataOf(map[string]any{"scope": "openid seal_maker system_admin"}))
		if answer.Status != http.StatusCreated || answer.String("scope") != "openid" {
			t.Errorf("%d %s", answer.Status, answer.Text)
		}
	})
}
