package app_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

const (
	elder  = "13800138041"
	helper = "13800138042"
	third  = "13800138043"
)

// give makes a mandate that both sides confirmed.
func give(t *testing.T, p *apptest.Platform, principal, agent string, terms mandate.Terms) mandate.Mandate {
	t.Helper()
	ctx := context.Background()
	if terms.Kind == "" {
		terms.Kind = mandate.Relative
	}
	if terms.Items == nil {
		terms.Items = []string{"social-security"}
	}
	m, err := p.App.Mandates.Give(ctx, mandate.By{Account: principal, SignedInAt: p.Now()}, principal, agent, terms)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.App.Mandates.Accept(ctx, mandate.By{Account: agent, SignedInAt: p.Now()}, m.ID); err != nil {
		t.Fatal(err)
	}
	return m
}

// subjectOf is whom a department sees in a person who acts for itself.
func subjectOf(t *testing.T, p *apptest.Platform, b *walk.Browser, c idp.Client) string {
	t.Helper()
	sub, _ := apptest.Claims(t, p.Redeem(c, p.Code(b, c, url.Values{"acting_for": {"self"}}).Get("code"), nil).String("id_token"))["sub"].(string)
	if sub == "" {
		t.Fatal("no subject")
	}
	return sub
}

// TestX11SubIsThePrincipalAndActTheAgent: the direction of RFC 8693 4.1 in every place that tells it: sub is the pairwise
// identifier of the one who is acted for, act.sub that of the one who logged in.
func TestX11SubIsThePrincipalAndActTheAgent(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		portal := p.Client(idp.Client{ClientID: "acting-portal", Scope: "openid profile phone identity", ActingFor: true})
		p.Persona(elder, "赵奶奶", 1)
		p.Persona(helper, "李四", 2)
		principal, agent := p.SignIn(elder), p.SignIn(helper)
		principalSub, agentSub := subjectOf(t, p, principal, portal), subjectOf(t, p, agent, portal)
		m := give(t, p, accountOf(t, p, elder).ID, accountOf(t, p, helper).ID, mandate.Terms{Rights: []mandate.Right{mandate.View, mandate.Submit}})

		for name, actingFor := range map[string]string{"mandate": m.ID, "subject": principalSub} {
			issued := p.Redeem(portal, p.Code(agent, portal, url.Values{"acting_for": {actingFor}}).Get("code"), nil)
			if issued.Status != http.StatusOK {
				t.Fatalf("%s: %d %s", name, issued.Status, issued.Text)
			}
			access := issued.String("access_token")
			answers := map[string]map[string]any{"id_token": apptest.Claims(t, issued.String("id_token")), "access_token": apptest.Claims(t, access),
				"introspection": p.Post("/introspect", portal, url.Values{"token": {access}}).Body, "userinfo": p.Get("/userinfo", access).Body}
			for place, claims := range answers {
				act, _ := claims["act"].(map[string]any)
				if claims["sub"] != principalSub || act["sub"] != agentSub || claims["mandate_id"] != m.ID {
					t.Errorf("%s, %s: sub %v, act %v, mandate %v; want %s, %s, %s", name, place, claims["sub"], act, claims["mandate_id"], principalSub, agentSub, m.ID)
				}
				if act["ial"] != 2.0 {
					t.Errorf("%s: the level of the agent is told as %v", place, act["ial"])
				}
				if claims["ial"] != 1.0 {
					t.Errorf("%s: the level is %v, want the lower of both", place, claims["ial"])
				}
				if place == "userinfo" {
					continue
				}
				details, _ := claims["authorization_details"].([]any)
				if len(details) != 1 {
					t.Fatalf("%s: details %v", place, claims["authorization_details"])
				}
				extent, _ := details[0].(map[string]any)
				if extent["type"] != "mandate" || extent["identifier"] != m.ID || !slices.Equal(texts(extent["items"]), []string{"social-security"}) || !slices.Equal(texts(extent["actions"]), []string{"view", "submit"}) {
					t.Errorf("%s: the extent is %v", place, extent)
				}
			}
			if name, phone := answers["userinfo"]["name"], answers["userinfo"]["phone_number"]; name != "赵奶奶" || phone != nil || answers["userinfo"]["id_document_number"] != nil {
				t.Errorf("the principal's data beyond the class of the mandate: %v", answers["userinfo"])
			}
			again := p.Refresh(portal, issued.String("refresh_token"))
			if claims := apptest.Claims(t, again.String("access_token")); claims["sub"] != principalSub || claims["mandate_id"] != m.ID {
				t.Errorf("after a refresh: %v", claims)
			}
		}
		uses, _, err := p.App.Mandates.Uses(context.Background(), m, "", 10)
		if err != nil || len(uses) != 2 || uses[0].ClientID != portal.ClientID {
			t.Errorf("uses: %+v, %v", uses, err)
		}
	})
}

func texts(list any) (all []string) {
	entries, _ := list.([]any)
	for _, entry := range entries {
		text, _ := entry.(string)
		all = append(all, text)
	}
	return all
}

// TestMandateEndsAtOnce: whoever ends it, its tokens are refused everywhere from that moment on, and nobody else's are.
func TestMandateEndsAtOnce(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, p *apptest.Platform, m mandate.Mandate){
		"the principal": func(t *testing.T, p *apptest.Platform, m mandate.Mandate) {
			ended(t, p.App.Mandates.Stop(context.Background(), m.Principal, m.ID, "wish"))
		},
		"the agent": func(t *testing.T, p *apptest.Platform, m mandate.Mandate) {
			ended(t, p.App.Mandates.Stop(context.Background(), m.Agent, m.ID, "wish"))
		},
		"an event of the principal": func(t *testing.T, p *apptest.Platform, m mandate.Mandate) {
			ended(t, p.App.Mandates.EndAll(context.Background(), m.Principal, "deceased"))
		},
		"the principal's account": func(t *testing.T, p *apptest.Platform, m mandate.Mandate) {
			ended(t, p.App.Accounts.SetState(context.Background(), m.Principal, idp.AccountSuspended, "test"))
		},
		"time": func(_ *testing.T, p *apptest.Platform, _ mandate.Mandate) { p.Advance(9 * time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, p *apptest.Platform) {
				portal := p.Client(idp.Client{ClientID: "acting-portal", Scope: "openid profile", ActingFor: true})
				p.Persona(elder, "赵奶奶", 1)
				p.Persona(helper, "李四", 2)
				agent := p.SignIn(helper)
				m := give(t, p, accountOf(t, p, elder).ID, accountOf(t, p, helper).ID, mandate.Terms{Until: p.Now().Add(8 * time.Minute)})
				own := p.Redeem(portal, p.Code(agent, portal, url.Values{"acting_for": {"self"}}).Get("code"), nil)
				acting := p.Redeem(portal, p.Code(agent, portal, url.Values{"acting_for": {m.ID}}).Get("code"), nil)
				waiting := p.Code(agent, portal, url.Values{"acting_for": {m.ID}}).Get("code")
				if !p.Active(portal, acting.String("access_token")) {
					t.Fatal("the token of a live mandate is not active")
				}
				end(t, p, m)
				if p.Active(portal, acting.String("access_token")) {
					t.Error("introspection says active")
				}
				if a := p.Get("/userinfo", acting.String("access_token")); a.Status != http.StatusUnauthorized {
					t.Errorf("userinfo: %d", a.Status)
				}
				if a := p.Refresh(portal, acting.String("refresh_token")); a.Status != http.StatusBadRequest || a.String("error") != "invalid_grant" {
					t.Errorf("O-37 refresh: %d %s", a.Status, a.Text)
				}
				if a := p.Redeem(portal, waiting, nil); name != "time" && (a.Status != http.StatusBadRequest || a.String("error") != "invalid_grant") {
					t.Errorf("a code that waited: %d %s", a.Status, a.Text)
				}
				if !p.Active(portal, own.String("access_token")) {
					t.Error("what the agent does for itself ended too")
				}
				back, err := agent.OpenUntil(context.Background(), p.URL+"/authorize?"+apptest.AuthorizeQuery(portal, url.Values{"acting_for": {m.ID}, "prompt": {"none"}}).Encode(), portal.RedirectURIs[0])
				if err != nil || back == nil || back.Query().Get("error") != "access_denied" {
					t.Errorf("acting again: %v, %v", back, err)
				}
			})
		})
	}
}

// TestX10MandatesRestAfterARecovery: for a day after a recovery nothing is given and nothing accepted; what is there can
// be ended, and after the day all is as before. Seals are in the realm of staff, where nobody recovers an account alone.
func TestX10MandatesRestAfterARecovery(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx := t.Context()
		p.Persona(elder, "赵奶奶", 1)
		p.Persona(helper, "李四", 2)
		principal, agent := accountOf(t, p, elder).ID, accountOf(t, p, helper).ID
		before := give(t, p, principal, agent, mandate.Terms{})
		if err := p.App.Accounts.RecoverPassword(ctx, principal, accountOf(t, p, elder).PasswordHash); err != nil {
			t.Fatal(err)
		}
		p.Advance(time.Minute) // the login follows the new password
		_, err := p.App.Mandates.Give(ctx, by(p, principal), principal, agent, mandate.Terms{Kind: mandate.Relative, Items: []string{"pension"}})
		wantFault(t, "gives", err, fault.RecoveryRest)
		offered, err := p.App.Mandates.Give(ctx, by(p, agent), agent, principal, mandate.Terms{Kind: mandate.Relative, Items: []string{"pension"}})
		if err != nil {
			t.Fatal(err)
		}
		wantFault(t, "accepts", p.App.Mandates.Accept(ctx, by(p, principal), offered.ID), fault.RecoveryRest)
		if err := p.App.Mandates.Stop(ctx, principal, before.ID, ""); err != nil {
			t.Errorf("ends: %v", err)
		}
		p.Advance(idp.RecoveryRest)
		if err := p.App.Mandates.Accept(ctx, by(p, principal), offered.ID); err != nil {
			t.Errorf("the day after: %v", err)
		}
	})
}

// TestX10NobodyActsInTokensAfterARecovery: for a day after a recovery of who acts, tokens under the mandate are refused, no sign-in is under
// it and nobody is offered it; the person's own tokens hold, and after the day all is as before.
func TestX10NobodyActsInTokensAfterARecovery(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx := t.Context()
		portal := p.Client(idp.Client{ClientID: "acting-portal", Scope: "openid profile offline_access", ActingFor: true})
		p.Persona(elder, "赵奶奶", 1)
		p.Persona(helper, "李四", 2)
		agentID := accountOf(t, p, helper).ID
		m := give(t, p, accountOf(t, p, elder).ID, agentID, mandate.Terms{Until: p.Now().Add(48 * time.Hour)})
		agent := p.SignIn(helper)
		own := p.Redeem(portal, p.Code(agent, portal, url.Values{"acting_for": {"self"}}).Get("code"), nil)
		acting := p.Redeem(portal, p.Code(agent, portal, url.Values{"acting_for": {m.ID}}).Get("code"), nil)
		waiting := p.Code(agent, portal, url.Values{"acting_for": {m.ID}}).Get("code")
		open(t, agent, p.URL+"/acting")
		press(t, agent, map[string]string{"acting-choice": m.ID})
		ended(t, p.App.Accounts.LetIn(ctx, agentID))

		silent := func(extra url.Values) url.Values {
			t.Helper()
			extra.Set("prompt", "none")
			back, err := agent.OpenUntil(ctx, p.URL+"/authorize?"+apptest.AuthorizeQuery(portal, extra).Encode(), portal.RedirectURIs[0])
			if err != nil || back == nil {
				t.Fatalf("%v, %v", back, err)
			}
			return back.Query()
		}
		if p.Active(portal, acting.String("access_token")) {
			t.Error("a token under the mandate is active")
		}
		if a := p.Refresh(portal, acting.String("refresh_token")); a.Status != http.StatusBadRequest {
			t.Errorf("refresh: %d %s", a.Status, a.Text)
		}
		if a := p.Redeem(portal, waiting, nil); a.Status != http.StatusBadRequest {
			t.Errorf("a code that waited: %d %s", a.Status, a.Text)
		}
		if got := silent(url.Values{"acting_for": {m.ID}}).Get("error"); got != "access_denied" {
			t.Errorf("asked for: %q", got)
		}
		if claims := apptest.Claims(t, p.Redeem(portal, silent(url.Values{}).Get("code"), nil).String("id_token")); claims["act"] != nil || claims["mandate_id"] != nil {
			t.Errorf("what was chosen before goes on: %v", claims)
		}
		if open(t, agent, p.URL+"/acting"); strings.Contains(agent.Page.Text, "赵*奶") || !strings.Contains(agent.Page.Text, "24 小时") {
			t.Errorf("offered: %s", agent.Page.Text)
		}
		if press(t, agent, map[string]string{"acting-choice": m.ID}); agent.Page.Status != http.StatusForbidden {
			t.Errorf("chosen: %d %s", agent.Page.Status, agent.Page.Text)
		}
		if !p.Active(portal, own.String("access_token")) {
			t.Error("what the agent does for itself ended too")
		}
		p.Advance(idp.RecoveryRest)
		agent = p.SignIn(helper)
		if claims := apptest.Claims(t, p.Redeem(portal, p.Code(agent, portal, url.Values{"acting_for": {m.ID}}).Get("code"), nil).String("id_token")); claims["mandate_id"] != m.ID {
			t.Errorf("the day after: %v", claims)
		}
	})
}

func ended(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestActingChooser: whoever has a mandate is asked once for whom it goes on, silent requests never guess, a switch needs no
// login, and a client that does not know of acting never sees another person.
func TestActingChooser(t *testing.T) {
	p := apptest.Start(t, database(t))
	ctx := context.Background()
	portal := p.Client(idp.Client{ClientID: "acting-portal", Scope: "openid profile", ActingFor: true})
	plain := p.Client(idp.Client{ClientID: "plain-portal", Scope: "openid profile"})
	p.Persona(elder, "赵奶奶", 1)
	p.Persona(helper, "李四", 2)
	agent := p.SignIn(helper)
	m := give(t, p, accountOf(t, p, elder).ID, accountOf(t, p, helper).ID, mandate.Terms{})

	silent := func(c idp.Client) url.Values {
		t.Helper()
		back, err := agent.OpenUntil(ctx, p.URL+"/authorize?"+apptest.AuthorizeQuery(c, url.Values{"prompt": {"none"}}).Encode(), c.RedirectURIs[0])
		if err != nil || back == nil {
			t.Fatalf("%v, %v", back, err)
		}
		return back.Query()
	}
	if got := silent(portal).Get("error"); got != "account_selection_required" {
		t.Errorf("a silent request before the choice: %q", got)
	}
	if err := agent.Open(ctx, p.URL+"/authorize?"+apptest.AuthorizeQuery(portal, nil).Encode()); err != nil {
		t.Fatal(err)
	}
	if agent.Page.URL.Path != "/acting" || !strings.Contains(agent.Page.Text, "赵*奶") {
		t.Fatalf("no choice on %s: %s", agent.Page.URL, agent.Page.Text)
	}
	if err := agent.Submit(ctx, map[string]string{"acting-choice": m.ID}); err != nil {
		t.Fatal(err)
	}
	if agent.Page.URL.Path != "/consent" || !strings.Contains(agent.Page.TextOf("acting-identity"), "您正在代 赵*奶 办理") {
		t.Fatalf("X-03 consent on %s says %q", agent.Page.URL, agent.Page.TextOf("acting-identity"))
	}
	back, err := agent.SubmitUntil(ctx, map[string]string{"consent": "allow"}, portal.RedirectURIs[0])
	if err != nil || back == nil {
		t.Fatalf("%v %v", back, err)
	}
	first := apptest.Claims(t, p.Redeem(portal, back.Query().Get("code"), nil).String("id_token"))
	if first["mandate_id"] != m.ID {
		t.Errorf("claims %v", first)
	}
	second := apptest.Claims(t, p.Redeem(portal, silent(portal).Get("code"), nil).String("id_token"))
	if second["sub"] != first["sub"] || second["mandate_id"] != m.ID || second["auth_time"] != first["auth_time"] {
		t.Errorf("the choice was not kept: %v", second)
	}
	if claims := apptest.Claims(t, p.Redeem(plain, p.Code(agent, plain, nil).Get("code"), nil).String("id_token")); claims["act"] != nil || claims["mandate_id"] != nil {
		t.Errorf("a client that does not know of acting: %v", claims)
	}
	if got := p.Code(agent, plain, url.Values{"acting_for": {m.ID}}).Get("error"); got != "invalid_request" {
		t.Errorf("acting_for of a client that is not registered for it: %q", got)
	}
	// A switch is for the whole session and needs no login.
	if err := agent.Open(ctx, p.URL+"/acting"); err != nil {
		t.Fatal(err)
	}
	if err := agent.Submit(ctx, map[string]string{"acting-choice": "self"}); err != nil {
		t.Fatal(err)
	}
	if got := silent(portal).Get("error"); got != "consent_required" {
		t.Errorf("consent for another counts for oneself: %q", got)
	}
	switched := apptest.Claims(t, p.Redeem(portal, p.Code(agent, portal, nil).Get("code"), nil).String("id_token"))
	if switched["sub"] == first["sub"] || switched["act"] != nil || switched["auth_time"] != first["auth_time"] {
		t.Errorf("after the switch: %v", switched)
	}
}
