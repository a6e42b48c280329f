package app_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/openplatform"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// appliedClients applies clients of a file and tells what became of them.
func appliedClients(t *testing.T, p *apptest.Platform, yaml string) []idp.AppliedClient {
	t.Helper()
	m, err := app.ReadManifest([]byte("clients:\n" + yaml))
	if err != nil {
		t.Fatal(err)
	}
	all, err := p.App.Clients.ApplyEach(context.Background(), m.Clients)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

const hallForm = "- {client_id: hall, client_secret: secret-of-tests-0123, redirect_uris: [https://hall.example.gov.cn/cb], scope: openid profile%s}\n"

func hallEntry(more string) string { return fmt.Sprintf(hallForm, more) }

// TestAppliedClientsAreToldOf: created, changed with the names of what changed, unchanged. A member that a file leaves out has
// its default again.
func TestAppliedClientsAreToldOf(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		for _, step := range []struct {
			file, outcome string
			members       []string
		}{
			{hallEntry(""), idp.AppliedCreated, nil},
			{hallEntry(""), idp.AppliedUnchanged, nil},
			{hallEntry(", client_name: 办事大厅, max_ial: 2"), idp.AppliedChanged, []string{"client_name", "max_ial"}},
			{hallEntry(", client_name: 办事大厅, max_ial: 2, state: live"), idp.AppliedUnchanged, nil},
			{hallEntry(", client_name: 办事大厅"), idp.AppliedChanged, []string{"max_ial"}},
			{strings.ReplaceAll(hallEntry(", client_name: 办事大厅"), "0123", "4567"), idp.AppliedChanged, []string{"client_secret"}},
		} {
			before := len(audited(t, p, "client.applied"))
			got := appliedClients(t, p, step.file)
			if len(got) != 1 || got[0].ClientID != "hall" || got[0].Outcome != step.outcome || !slices.Equal(got[0].Members, step.members) || got[0].State != idp.StateLive {
				t.Fatalf("%s: %+v", step.file, got)
			}
			if n := len(audited(t, p, "client.applied")) - before; n == 1 == (step.outcome == idp.AppliedUnchanged) || n > 1 {
				t.Errorf("%s: %d audit events", step.file, n)
			}
		}
		for name, more := range map[string]string{"another state": ", state: sandbox", "both": ", state: live, disabled: true"} {
			m, err := app.ReadManifest([]byte("clients:\n" + hallEntry(more)))
			if err == nil {
				err = p.App.Apply(context.Background(), m)
			}
			if fault.CodeOf(err) != fault.ClientMetadata {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestAFilePutsNoClientIntoUse: what administrators decided stands until the file says otherwise in so many words.
func TestAFilePutsNoClientIntoUse(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		state := func() string {
			t.Helper()
			if err := p.App.Clients.Refresh(ctx); err != nil {
				t.Fatal(err)
			}
			c, _ := p.App.Clients.Any("hall")
			return c.State()
		}
		system := adminToken(t, p, idp.RoleSystemAdmin)
		move := func(step string) {
			t.Helper()
			if answer := call(t, p, http.MethodPost, "/api/v1/clients/hall/"+step, system, reasoned); answer.Status != http.StatusOK {
				t.Fatalf("%s: %s", step, answer.Text)
			}
		}
		appliedClients(t, p, hallEntry(""))
		move("suspension")
		if got := appliedClients(t, p, hallEntry("")); got[0].Outcome != idp.AppliedUnchanged || got[0].State != idp.StateSuspended || state() != idp.StateSuspended {
			t.Errorf("the same file after a suspension: %+v, %s", got, state())
		}
		if got := appliedClients(t, p, hallEntry(", max_ial: 2")); got[0].Outcome != idp.AppliedChanged || state() != idp.StateSuspended {
			t.Errorf("another file after a suspension: %+v, %s", got, state())
		}
		if got := appliedClients(t, p, hallEntry(", max_ial: 2, state: live")); !slices.Equal(got[0].Members, []string{"disabled"}) || state() != idp.StateLive {
			t.Errorf("live in so many words: %+v, %s", got, state())
		}
		if appliedClients(t, p, hallEntry(", disabled: true")); state() != idp.StateSuspended {
			t.Errorf("disabled by the file: %s", state())
		}
		appliedClients(t, p, hallEntry(", state: live"))

		// One that registered itself.
		initial := opening(p, idp.StateApplied, 1)
		applied(t, p, app.Manifest{InitialAccess: []openplatform.InitialAccess{initial}})
		registered := registerWith(t, p, http.MethodPost, p.URL+"/connect/register", initial.Token, metadataOf(nil)).String("client_id")
		file := func(more string) string {
			return fmt.Sprintf("- {client_id: %s, redirect_uris: [https://self.example.gov.cn/cb], client_name: 自助应用%s}\n", registered, more)
		}
		own := func() idp.StoredClient {
			t.Helper()
			if err := p.App.Clients.Refresh(ctx); err != nil {
				t.Fatal(err)
			}
			c, _ := p.App.Clients.Any(registered)
			return c
		}
		for _, decided := range []string{idp.StateApplied, idp.StateSandbox, idp.StateRefused, idp.StateSuspended} {
			if err := p.App.Registration.Decide(ctx, []openplatform.Decision{{ClientID: registered, State: decided}}); err != nil {
				t.Fatal(err)
			}
			if got := appliedClients(t, p, file(", purpose: "+decided)); got[0].State != decided || own().State() != decided || own().Purpose != decided {
				t.Errorf("%s: %+v, %s", decided, got, own().State())
			}
		}
		// It goes live, and stays one that registered itself: its own changes go on to wait for approval.
		if got := appliedClients(t, p, file(", state: live")); got[0].State != idp.StateLive || own().ApprovalState != idp.StateLive {
			t.Errorf("%+v, %q", got, own().ApprovalState)
		}
		if appliedClients(t, p, file("")); own().ApprovalState != idp.StateLive {
			t.Errorf("approved, then applied: %q", own().ApprovalState)
		}
	})
}
