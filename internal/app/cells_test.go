package app_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/openplatform"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// TestM01AnotherCellsTokens: what one instance gave opens nothing at another one with the same clients and the same people.
func TestM01AnotherCellsTokens(t *testing.T) {
	a, b := apptest.Start(t, database(t)), apptest.Start(t, database(t))
	at := map[*apptest.Platform]idp.Client{}
	for _, p := range []*apptest.Platform{a, b} {
		at[p] = p.Client(idp.Client{ClientID: "portal", Scope: "openid profile licenses offline_access"})
		adminToken(t, p, idp.RoleSystemAdmin)
		p.Persona(mobile, "李四", 2)
	}
	signed := a.SignIn(mobile)
	code := a.Code(signed, at[a], nil).Get("code")
	if answer := b.Redeem(at[b], code, nil); answer.Status != http.StatusBadRequest || answer.String("error") != "invalid_grant" {
		t.Errorf("a code: %d %s", answer.Status, answer.Text)
	}
	tokens := a.Redeem(at[a], code, nil)
	access := tokens.String("access_token")
	if answer := a.Get("/userinfo", access); answer.Status != http.StatusOK {
		t.Fatalf("at home: %d %s", answer.Status, answer.Text)
	}
	for _, path := range []string{"/userinfo", "/api/v1/me/licenses"} {
		if answer := b.Get(path, access); answer.Status != http.StatusUnauthorized {
			t.Errorf("an access token at %s: %d %s", path, answer.Status, answer.Text)
		}
	}
	if b.Active(at[b], access) || b.Active(at[b], tokens.String("refresh_token")) {
		t.Error("introspection calls it active")
	}
	if answer := b.Refresh(at[b], tokens.String("refresh_token")); answer.Status != http.StatusBadRequest || answer.String("error") != "invalid_grant" {
		t.Errorf("a refresh token: %d %s", answer.Status, answer.Text)
	}
	if answer := b.Get("/api/v1/clients", adminToken(t, a, idp.RoleSystemAdmin)); answer.Status != http.StatusUnauthorized {
		t.Errorf("a token of an administrator: %d %s", answer.Status, answer.Text)
	}
	assertion := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:token-exchange"}, "subject_token": {access}, "subject_token_type": {"urn:ietf:params:oauth:token-type:access_token"}}
	if answer := b.Post("/token", at[b], assertion); answer.Status < 400 || answer.Status >= 500 {
		t.Errorf("an exchange: %d %s", answer.Status, answer.Text)
	}
	// The cookie, too: the same browser carried over, under the name that the other one reads.
	request, err := http.NewRequest(http.MethodGet, b.URL+"/me", nil)
	if err != nil {
		t.Fatal(err)
	}
	signed.Lend(request) // one host, two ports: the jar gives the cookies of both
	lent, port := request.Cookies(), b.URL[strings.LastIndex(b.URL, ":")+1:]
	if len(lent) == 0 {
		t.Fatal("the browser has no cookie")
	}
	for _, cookie := range lent {
		name, _, _ := strings.Cut(cookie.Name, "_")
		request.AddCookie(&http.Cookie{Name: name + "_" + port, Value: cookie.Value})
	}
	r, err := http.DefaultTransport.RoundTrip(request) // which follows nothing
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	if location := r.Header.Get("Location"); r.StatusCode < 300 || r.StatusCode >= 400 || !strings.HasPrefix(location, "/login") {
		t.Errorf("a cookie: %d to %q", r.StatusCode, location)
	}
	fresh := walk.New(nil)
	if err := fresh.Open(context.Background(), b.URL+"/me"); err != nil || fresh.Page.URL.Path != "/login" {
		t.Errorf("%v %s", err, fresh.Page.URL)
	}
}

// TestM04NothingKeptForOneDepartmentAnswersAnother: whatever is kept in memory between requests, each department sees its own
// subject and its own claims of a person, in any order and after any other's question.
func TestM04NothingKeptForOneDepartmentAnswersAnother(t *testing.T) {
	p := apptest.Start(t, database(t))
	people := map[string]string{mobile: "李四", "13800138022": "王五"}
	departments := map[string]string{"civil": "openid profile", "tax": "openid", "health": "openid phone"}
	type pair struct{ client, person string }
	tokens, subs := map[pair]string{}, map[pair]string{}
	var pairs []pair
	clients := map[string]idp.Client{}
	for name, scope := range departments {
		clients[name] = p.Client(idp.Client{ClientID: name, Scope: scope, Department: name})
	}
	seen := map[string]pair{}
	for person, name := range people {
		p.Persona(person, name, 2)
		b := p.SignIn(person)
		for client, c := range clients {
			at := pair{client, person}
			answer := p.Redeem(c, p.Code(b, c, nil).Get("code"), nil)
			tokens[at] = answer.String("access_token")
			subs[at], _ = apptest.Claims(t, answer.String("id_token"))["sub"].(string)
			if other, twice := seen[subs[at]]; twice || subs[at] == "" {
				t.Fatalf("%v and %v have the subject %q", at, other, subs[at])
			}
			seen[subs[at]] = at
			pairs = append(pairs, at)
		}
	}
	random := rand.New(rand.NewPCG(4, 4))
	for range 300 {
		at := pairs[random.IntN(len(pairs))]
		answer := p.Get("/userinfo", tokens[at])
		_, named := answer.Body["name"]
		_, phone := answer.Body["phone_number"]
		if answer.Status != http.StatusOK || answer.String("sub") != subs[at] || named != (at.client == "civil") || phone != (at.client == "health") {
			t.Fatalf("%v: %d %s", at, answer.Status, answer.Text)
		}
		if named && answer.String("name") != people[at.person] {
			t.Fatalf("%v got somebody else: %s", at, answer.Text)
		}
		if answer := p.Post("/introspect", clients[at.client], url.Values{"token": {tokens[at]}}); answer.Body["active"] != true || answer.String("sub") != subs[at] {
			t.Fatalf("%v: %s", at, answer.Text)
		}
	}
}

// TestM02IdentifiersAreNotGivenAgain: an identifier of a client that ended names nothing else, however it is asked for. Those of
// people are in TestX12DeletionWithCoolOff.
func TestM02IdentifiersAreNotGivenAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		c := p.Client(idp.Client{ClientID: "hall", ClientName: "办事大厅"})
		p.Persona(mobile, "李四", 2)
		tokens := p.Redeem(c, p.Code(p.SignIn(mobile), c, nil).Get("code"), nil)
		system := adminToken(t, p, idp.RoleSystemAdmin)
		if answer := call(t, p, http.MethodPost, "/api/v1/clients/hall/retirement", system, reasoned); answer.Status != http.StatusOK {
			t.Fatalf("%d %s", answer.Status, answer.Text)
		}
		definition := p.Get("/api/v1/clients/hall", system).Body["definition"]
		if answer := call(t, p, http.MethodPost, "/api/v1/clients", system, map[string]any{"client_id": "hall", "definition": definition, "reason": "新建"}); answer.Status != http.StatusConflict {
			t.Errorf("created again: %d %s", answer.Status, answer.Text)
		}
		opened := opening(p, "applied", 5)
		applied(t, p, app.Manifest{InitialAccess: []openplatform.InitialAccess{opened}})
		if answer := registerWith(t, p, http.MethodPost, p.URL+"/connect/register", opened.Token, metadataOf(map[string]any{"client_id": "hall"})); answer.Status == http.StatusCreated && answer.String("client_id") == "hall" {
			t.Errorf("registered under the identifier of another: %s", answer.Text)
		}
		if p.Active(p.Client(idp.Client{ClientID: "other"}), tokens.String("access_token")) {
			t.Error("a token of the client that ended is active")
		}
	})
}
