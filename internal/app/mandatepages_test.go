package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
)

// TestMandatePages: given, accepted, used and ended without scripts; the other side is told each time, and an old login gives
// nothing away.
func TestMandatePages(t *testing.T) {
	p := apptest.Start(t, database(t))
	ctx := context.Background()
	portal := p.Client(idp.Client{ClientID: "acting-portal", ClientName: "不动产登记", Scope: "openid profile", ActingFor: true})
	p.Persona(elder, "赵奶奶", 1)
	p.Persona(helper, "李四", 2)
	p.Persona(third, "王五", 2)
	principal, agent, stranger := p.SignIn(elder), p.SignIn(helper), p.SignIn(third)
	form := map[string]string{"mandate-name": "李四", "mandate-to": helper, "mandate-kind": "relative", "mandate-items": "pension", "right-view": "1", "mandate-days": "30", "mandate-class": "1"}
	with := func(changes ...string) map[string]string {
		all := map[string]string{}
		for k, v := range form {
			all[k] = v
		}
		for i := 0; i+1 < len(changes); i += 2 {
			all[changes[i]] = changes[i+1]
		}
		return all
	}
	for name, wrong := range map[string]map[string]string{"another name": with("mandate-name", "李五"), "nobody's number": with("mandate-to", "13800138049"), "oneself": with("mandate-name", "赵奶奶", "mandate-to", elder)} {
		if page := submit(t, principal, p.URL+"/me/mandates/new", wrong); page.Status != http.StatusUnprocessableEntity || !strings.Contains(page.Text, "未找到姓名与手机号或邮箱都相符的实名用户") {
			t.Errorf("%s: %d %s", name, page.Status, page.Text)
		}
	}
	page := submit(t, principal, p.URL+"/me/mandates/new", form)
	if page.Status != http.StatusOK || !strings.HasPrefix(page.URL.Path, "/me/mandates/mdt_") || !strings.Contains(page.Text, "待确认") {
		t.Fatalf("%d %s: %s", page.Status, page.URL, page.Text)
	}
	address := p.URL + page.URL.Path
	if text := messageTo(t, p, helper, "赵*奶授权李*代办“养老金”"); !strings.Contains(text, "赵*奶授权李*代办“养老金”") || strings.Contains(text, "http") {
		t.Errorf("the notice says %q", text)
	}
	if err := stranger.Open(ctx, address); err != nil || stranger.Page.Status != http.StatusNotFound {
		t.Errorf("a stranger sees %d, %v", stranger.Page.Status, err)
	}
	if err := agent.Open(ctx, p.URL+"/me/mandates"); err != nil || !strings.Contains(agent.Page.Text, "赵*奶") || strings.Contains(agent.Page.Text, "赵奶奶") {
		t.Errorf("the list says %s", agent.Page.Text)
	}
	if page := submit(t, agent, address, map[string]string{"mandate-answer": "accept"}); page.Status != http.StatusOK || !strings.Contains(page.Text, "有效") {
		t.Fatalf("accepting: %d %s", page.Status, page.Text)
	}
	tokens := p.Redeem(portal, p.Code(agent, portal, url.Values{"acting_for": {page.URL.Path[len("/me/mandates/"):]}}).Get("code"), nil)
	if err := principal.Open(ctx, address); err != nil || !strings.Contains(principal.Page.Text, "不动产登记") {
		t.Errorf("the principal does not see the use: %s", principal.Page.Text)
	}
	if !p.Active(portal, tokens.String("access_token")) {
		t.Error("the agent's token does not live")
	}
	if page := submit(t, principal, address, map[string]string{"mandate-withdraw": "1"}); page.Status != http.StatusOK || page.Has("mandate-apps") {
		t.Errorf("withdrawing: %d %s", page.Status, page.Text)
	}
	if p.Active(portal, tokens.String("access_token")) {
		t.Error("what was allowed under the mandate and withdrawn by the principal lives on")
	}
	if err := agent.Open(ctx, p.URL+"/me"); err != nil || !agent.Page.Has("acting-switch") || !agent.Page.Has("me-mandates") {
		t.Errorf("no way to switch on %s", agent.Page.Text)
	}
	// A helper of the village has one item and minutes, whatever number of days the form says.
	village := with("mandate-kind", "village_helper", "right-fill", "1")
	if page := submit(t, principal, p.URL+"/me/mandates/new", with("mandate-kind", "village_helper", "mandate-items", "")); page.Status != http.StatusUnprocessableEntity {
		t.Errorf("everything for the village: %d", page.Status)
	}
	page = submit(t, principal, p.URL+"/me/mandates/new", village)
	if submit(t, agent, p.URL+page.URL.Path, map[string]string{"mandate-answer": "accept"}); !strings.Contains(agent.Page.Text, "代办员") || !strings.Contains(agent.Page.Text, "有效") {
		t.Fatalf("the helper accepts: %d %s", agent.Page.Status, agent.Page.Text)
	}
	short, err := p.App.Mandates.Of(ctx, accountOf(t, p, helper).ID, page.URL.Path[len("/me/mandates/"):])
	if err != nil || short.NotAfter.After(p.Now().Add(30*time.Minute)) || !short.Live(p.Now()) || short.Live(p.Now().Add(30*time.Minute)) {
		t.Errorf("a helper's mandate: %+v, %v", short, err)
	}
	p.Advance(mandate.FreshLogin + time.Minute)
	if page := submit(t, principal, p.URL+"/me/mandates/new", form); page.Status != http.StatusUnauthorized {
		t.Errorf("an old login gives: %d", page.Status)
	}
	if page := submit(t, principal, address, map[string]string{"mandate-stop": "1"}); !strings.Contains(page.Text, "已撤销") {
		t.Errorf("ending with an old login: %d %s", page.Status, page.Text)
	}
	if text := messageTo(t, p, helper, "已撤销"); !strings.Contains(text, "已撤销") {
		t.Errorf("the notice says %q", text)
	}
}

// messageTo waits until a message to somebody holds a text, and gives it; or the newest one when none came. Messages about
// different things arrive in any order.
func messageTo(t *testing.T, p *apptest.Platform, to, wanted string) (newest string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		messages, _ := p.Get("/sandbox/inbox?to="+url.QueryEscape(to), "").Body["messages"].([]any)
		for i, one := range messages {
			message, _ := one.(map[string]any)
			text, _ := message["text"].(string)
			if strings.Contains(text, wanted) {
				return text
			}
			if i == 0 {
				newest = text
			}
		}
	}
	return newest
}

// TestMandatesOverTheAPI: what a page does is an operation too, for an application that may; one that may not, and one that
// acts for another, changes nothing.
func TestMandatesOverTheAPI(t *testing.T) {
	p := apptest.Start(t, database(t))
	trusted := p.Client(idp.Client{ClientID: "family-app", Scope: "openid profile mandates licenses", ActingFor: true})
	plain := p.Client(idp.Client{ClientID: "plain-portal", Scope: "openid profile"})
	p.Persona(elder, "赵奶奶", 1)
	p.Persona(helper, "李四", 2)
	principal, agent := p.SignIn(elder), p.SignIn(helper)
	self := url.Values{"acting_for": {"self"}}
	mine := p.Redeem(trusted, p.Code(principal, trusted, self).Get("code"), nil).String("access_token")
	theirs := p.Redeem(trusted, p.Code(agent, trusted, self).Get("code"), nil).String("access_token")
	other := p.Redeem(plain, p.Code(principal, plain, nil).Get("code"), nil).String("access_token")
	call := func(token, method, path string, body any) apptest.Answer {
		t.Helper()
		content, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		request, err := http.NewRequest(method, p.URL+"/api/v1/"+path, bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		return p.Do(request)
	}
	terms := map[string]any{"kind": "relative", "name": "李四", "identifier": helper, "items": []string{"pension"}, "rights": []string{"view", "present"}}
	if a := call("", http.MethodPost, "mandates", terms); a.Status != http.StatusUnauthorized {
		t.Errorf("nobody gives: %d %s", a.Status, a.Text)
	}
	if a := call(other, http.MethodPost, "mandates", terms); a.Status != http.StatusForbidden {
		t.Errorf("an application without the scope gives: %d %s", a.Status, a.Text)
	}
	made := call(mine, http.MethodPost, "mandates", terms)
	if made.Status != http.StatusOK || made.String("state") != "proposed" || made.String("agent_name") != "李*" || made.String("side") != "principal" {
		t.Fatalf("%d %s", made.Status, made.Text)
	}
	id := made.String("mandate_id")
	if a := call(mine, http.MethodPost, "mandates/"+id+"/acceptance", nil); a.Status != http.StatusForbidden {
		t.Errorf("the principal accepts: %d %s", a.Status, a.Text)
	}
	if a := call(theirs, http.MethodPost, "mandates/"+id+"/acceptance", nil); a.Status != http.StatusOK || a.String("state") != "active" {
		t.Fatalf("%d %s", a.Status, a.Text)
	}
	acting := p.Redeem(trusted, p.Code(agent, trusted, url.Values{"acting_for": {id}}).Get("code"), nil).String("access_token")
	if a := call(acting, http.MethodGet, "me/licenses", nil); a.Status != http.StatusOK {
		t.Errorf("the principal's licences: %d %s", a.Status, a.Text)
	}
	for _, path := range []string{"mandates", "mandates/" + id} {
		if a := call(acting, http.MethodGet, path, nil); a.Status != http.StatusForbidden {
			t.Errorf("%s for another: %d %s", path, a.Status, a.Text)
		}
	}
	if a := call(theirs, http.MethodGet, "mandates?side=agent", nil); a.Status != http.StatusOK || !strings.Contains(a.Text, id) || strings.Contains(a.Text, "赵奶奶") {
		t.Errorf("%d %s", a.Status, a.Text)
	}
	if a := call(mine, http.MethodGet, "mandates/"+id+"/uses", nil); a.Status != http.StatusOK || !strings.Contains(a.Text, "family-app") {
		t.Errorf("%d %s", a.Status, a.Text)
	}
	p.Advance(9 * time.Minute)
	if a := call(mine, http.MethodPost, "mandates/"+id+"/termination", nil); a.Status != http.StatusOK || a.String("state") != "revoked" {
		t.Errorf("%d %s", a.Status, a.Text)
	}
	if a := call(acting, http.MethodGet, "me/licenses", nil); a.Status != http.StatusUnauthorized {
		t.Errorf("after the end: %d %s", a.Status, a.Text)
	}
}

// TestViewIsARightOfItsOwn: an agent who may only submit neither sees the principal's data nor its licences.
func TestViewIsARightOfItsOwn(t *testing.T) {
	p := apptest.Start(t, database(t))
	portal := p.Client(idp.Client{ClientID: "acting-portal", Scope: "openid profile", ActingFor: true})
	p.Persona(elder, "赵奶奶", 1)
	p.Persona(helper, "李四", 2)
	m := give(t, p, accountOf(t, p, elder).ID, accountOf(t, p, helper).ID, mandate.Terms{Rights: []mandate.Right{mandate.Submit}})
	access := p.Redeem(portal, p.Code(p.SignIn(helper), portal, url.Values{"acting_for": {m.ID}}).Get("code"), nil).String("access_token")
	if a := p.Get("/userinfo", access); a.Status != http.StatusOK || a.Body["name"] != nil {
		t.Errorf("%d %s", a.Status, a.Text)
	}
	if a := p.Get("/api/v1/me/licenses", access); a.Status != http.StatusForbidden {
		t.Errorf("licences: %d %s", a.Status, a.Text)
	}
}

// TestEndOfAMandateSignsOutWhatWasDoneUnderIt: the systems hear of it by back channel, with the sid of that sign-in alone, and the
// session of the agent goes on.
func TestEndOfAMandateSignsOutWhatWasDoneUnderIt(t *testing.T) {
	told := make(chan map[string]any, 8)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		told <- apptest.Claims(t, r.PostFormValue("logout_token"))
	}))
	defer receiver.Close()
	cfg := apptest.NewConfig(t, database(t), t.TempDir())
	cfg.Outbound.Allowed = []string{strings.TrimPrefix(receiver.URL, "http://")}
	p := apptest.StartWith(t, cfg)
	portal := p.Client(idp.Client{ClientID: "acting-portal", Scope: "openid profile", ActingFor: true, ApplicationType: "native", RedirectURIs: []string{"http://127.0.0.1/cb"}, BackchannelLogoutURI: receiver.URL + "/out"})
	p.Persona(elder, "赵奶奶", 1)
	p.Persona(helper, "李四", 2)
	m := give(t, p, accountOf(t, p, elder).ID, accountOf(t, p, helper).ID, mandate.Terms{})
	b := p.SignIn(helper)
	own := apptest.Claims(t, p.Redeem(portal, p.Code(b, portal, url.Values{"acting_for": {"self"}}).Get("code"), nil).String("id_token"))
	issued := p.Redeem(portal, p.Code(b, portal, url.Values{"acting_for": {m.ID}}).Get("code"), nil)
	acting := apptest.Claims(t, issued.String("id_token"))
	if own["sid"] == acting["sid"] {
		t.Errorf("one sid for oneself and for another: %v", own["sid"])
	}
	if err := p.App.Mandates.Stop(context.Background(), m.Principal, m.ID, "wish"); err != nil {
		t.Fatal(err)
	}
	select {
	case token := <-told:
		if token["sid"] != acting["sid"] || token["sub"] != acting["sub"] {
			t.Errorf("told %v, want sid %v and sub %v", token, acting["sid"], acting["sub"])
		}
	case <-time.After(20 * time.Second):
		t.Fatal("nobody was told")
	}
	if err := b.Open(context.Background(), p.URL+"/me"); err != nil || b.Page.Has("login-password") {
		t.Error("the agent's session ended too")
	}
	// An ID token of such a sign-in is a hint of the session that it happened in.
	if err := b.Open(context.Background(), p.URL+"/logout?"+url.Values{"id_token_hint": {issued.String("id_token")}}.Encode()); err != nil {
		t.Fatal(err)
	}
	if err := b.Open(context.Background(), p.URL+"/me"); err != nil || !b.Page.Has("login-password") {
		t.Error("the hint did not end the session")
	}
}

// TestO37EndOfAMandateDuringRefreshes: whatever a refresh at the moment of the end still answers, nothing of it holds afterwards.
func TestO37EndOfAMandateDuringRefreshes(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		portal := p.Client(idp.Client{ClientID: "acting-portal", Scope: "openid profile", ActingFor: true})
		p.Persona(elder, "赵奶奶", 1)
		p.Persona(helper, "李四", 2)
		m := give(t, p, accountOf(t, p, elder).ID, accountOf(t, p, helper).ID, mandate.Terms{})
		b := p.SignIn(helper)
		const families = 4
		answers := make([]apptest.Answer, families)
		var group sync.WaitGroup
		for i := range families {
			answers[i] = p.Redeem(portal, p.Code(b, portal, url.Values{"acting_for": {m.ID}}).Get("code"), nil)
			if answers[i].Status != http.StatusOK {
				t.Fatalf("%d %s", answers[i].Status, answers[i].Text)
			}
		}
		for i := range families {
			group.Go(func() {
				for range 4 {
					next := p.Refresh(portal, answers[i].String("refresh_token"))
					if next.Status != http.StatusOK {
						return
					}
					answers[i] = next
				}
			})
		}
		group.Go(func() {
			if err := p.App.Mandates.Stop(context.Background(), m.Agent, m.ID, "wish"); err != nil {
				t.Error(err)
			}
		})
		group.Wait()
		for i, last := range answers {
			if p.Active(portal, last.String("access_token")) {
				t.Errorf("family %d: an access token outlives the mandate", i)
			}
			if a := p.Refresh(portal, last.String("refresh_token")); a.Status != http.StatusBadRequest {
				t.Errorf("family %d: a refresh token outlives the mandate: %d", i, a.Status)
			}
		}
	})
}
