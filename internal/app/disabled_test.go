package app_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/mandate"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

const recordsService = "https://api.gov.cn/records"

// refusalTime is how long a node may go on after somebody was disabled.
const refusalTime = 5 * time.Second

// withoutPerson are routes that no credential of a person or of staff opens, with why. Every other route is asked with the credentials of
// somebody who was disabled, or has a probe of its own; a new route that is neither fails the test.
var withoutPerson = map[string]string{
	"GET /.well-known/oauth-authorization-server": "the same for everybody", "GET /.well-known/openid-configuration": "the same for everybody",
	"GET /jwks": "the same for everybody", "GET /jwks/gm": "the same for everybody", "GET /api/openapi.json": "the same for everybody", "GET /static/": "the same for everybody", "GET /verify/worker.js": "the same for everybody", "GET /verify/offline.js": "the same for everybody",
	"GET /log/checkpoint": "the same for everybody", "GET /log/keys": "the same for everybody", "GET /log/tile/{path...}": "the same for everybody", "GET /log/roots/checkpoint": "the same for everybody", "GET /log/roots/keys": "the same for everybody", "GET /log/roots/tile/{path...}": "the same for everybody",
	"GET /status/{list}": "the same for everybody", "GET /trust/list": "the same for everybody", "GET /trust/keys": "the same for everybody", "GET /trust/region": "the same for everybody", "GET /trust/bundle": "the same for everybody", "GET /trust/types/{code}/{version}": "the same for everybody",
	"GET /status/seals": "the same for everybody", "GET /status/seals/{division}": "the same for everybody", "POST /verify": "the same for everybody", "POST /verify/report": "the same for everybody", "POST /verify/report/send": "the same for everybody", "POST /verify/report/status": "the same for everybody", "GET /verify/letters": "the same for everybody", "GET /verify/trust": "the same for everybody", "POST /preferences": "the choice of a browser",
	"POST /gbt36906/v1/{operation}": "takes a client's own token alone", "GET /gbt36906/v1/files/{file}": "an address that a client got, once",
	"GET /healthz": "of the management listener", "GET /readyz": "of the management listener", "GET /metrics": "of the management listener",
	"POST /login/passkey/options": "begins a login", "GET /login/question/audio": "of a login that has not begun", "POST /staff/login/passkey/options": "begins a login",
	"GET /sandbox/inbox": "of the sandbox alone", "GET /inbox": "of the sandbox alone", "POST /sandbox/inbox/answers": "of the sandbox alone", "POST /inbox/answer": "of the sandbox alone",
	"POST /par": "a client's own", "POST /device_authorization": "a client's own", "POST /revoke": "takes away alone",
	"POST /connect/register": "a client's own", "GET /connect/register/{client_id}": "a client's own",
	"POST /federation/{source}/backchannel-logout": "ends alone", "GET /logout": "ends alone", "POST /logout": "ends alone", "GET /cas/logout": "ends alone", "POST /cas/logout": "ends alone",
	"GET /staff/logout": "ends alone", "POST /staff/logout": "ends alone",
	"POST /hooks/messages/{provider}": "a provider of messages", "POST /hooks/messages/{provider}/{secret}": "a provider of messages",
}

var (
	variable  = regexp.MustCompile(`\{[^}]*\}`)
	staffPage = regexp.MustCompile(`^/(admin|staff|review|counter|seal|license)(/|$)`)
)

// probes are the routes at which something else than a cookie or a bearer token of the API stands for a person; each tells whether
// the node still takes what it got before.
type probes map[string]func(node *apptest.Platform) bool

// twoNodes are two nodes on one PostgreSQL, with everything that one person, its principal and a member of staff may hold.
type twoNodes struct {
	*proxying
	t     *testing.T
	other *apptest.Platform
	docs  *apiDocument
	began time.Time // of the time that the nodes have to hear of it
}

// on is a node by the address at which it listens.
func (n *twoNodes) both() map[string]*apptest.Platform {
	return map[string]*apptest.Platform{"the node": n.Platform, "the other node": n.other}
}

// ask sends a request to a node; the cookies are of the issuer, which both nodes are.
func (n *twoNodes) ask(node *apptest.Platform, method, path string, b *walk.Browser, token string) apptest.Answer {
	n.t.Helper()
	request, err := http.NewRequest(method, n.URL+path, nil)
	if err != nil {
		n.t.Fatal(err)
	}
	if b != nil {
		b.Lend(request)
	}
	request.URL.Host = node.Listen
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	request.Header.Set("Accept-Language", "zh-CN")
	return node.Do(request)
}

// seen is what tells one answer from another: a page of somebody is never that of nobody.
func seen(a apptest.Answer) string {
	location, _, _ := strings.Cut(a.Header.Get("Location"), "?")
	return fmt.Sprint(a.Status, " ", location, " ", strings.Contains(a.Text, "· 本人"), " ", strings.Contains(a.Text, `id="acting-identity"`) && strings.Contains(a.Text, "退出</a>"))
}

// pages asks every page with the cookies of somebody who was disabled: each answers as to nobody. before counts the pages that knew the
// person, so that the test is not blind.
func (n *twoNodes) pages(who string, b *walk.Browser, patterns []string, least int) (after func()) {
	n.t.Helper()
	var routes []string
	for _, pattern := range patterns {
		if _, ok := withoutPerson[pattern]; !ok {
			routes = append(routes, pattern)
		}
	}
	nobody := map[string]string{}
	known := 0
	for _, pattern := range routes {
		method, path, _ := strings.Cut(pattern, " ")
		path = variable.ReplaceAllString(path, "none")
		stranger := n.ask(n.other, method, path, nil, "")
		nobody[pattern] = seen(stranger)
		if stranger.Status < 300 && !strings.HasPrefix(stranger.Header.Get("Content-Type"), "text/html") || strings.Contains(stranger.Header.Get("Content-Type"), "json") {
			n.t.Errorf("%s is no page: give it a probe, or say in withoutPerson why nobody's credential opens it", pattern)
		}
		if method == http.MethodGet && seen(n.ask(n.other, method, path, b, "")) != nobody[pattern] {
			known++
		}
	}
	if known < least {
		n.t.Fatalf("%s: only %d pages know who asks, want %d: the test is blind", who, known, least)
	}
	return func() {
		n.t.Helper()
		for name, node := range n.both() {
			for _, pattern := range routes {
				method, path, _ := strings.Cut(pattern, " ")
				path = variable.ReplaceAllString(path, "none")
				if got, ok := n.inTime(nobody[pattern], func() string { return seen(n.ask(node, method, path, b, "")) }); !ok {
					n.t.Errorf("A-30 %s, %s, %s: answered %s, nobody gets %s", who, name, pattern, got, nobody[pattern])
				}
			}
		}
	}
}

// operations asks every operation of the API with a token whose person or client was disabled: each answers as to nobody.
func (n *twoNodes) operations(who, token string, least int) (after func()) {
	n.t.Helper()
	type asked struct {
		method, address string
		body            any
		headers         []string
	}
	all := map[string]asked{}
	nobody := map[string]string{}
	taken := func(node *apptest.Platform, route, token string) string {
		one := all[route]
		answer := call(n.t, node, one.method, one.address, token, one.body, one.headers...)
		return fmt.Sprint(answer.Status, " ", answer.String("code"))
	}
	known := 0
	for _, path := range slices.Sorted(maps.Keys(n.docs.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(n.docs.Paths[path])) {
			address, body, headers := n.docs.request(path, method)
			route := strings.ToUpper(method) + " " + path
			all[route] = asked{strings.ToUpper(method), address, body, headers}
			nobody[route] = taken(n.other, route, "")
			if method == "get" && taken(n.other, route, token) != nobody[route] {
				known++
			}
		}
	}
	if known < least {
		n.t.Fatalf("%s: only %d operations know the token, want %d: the test is blind", who, known, least)
	}
	return func() {
		n.t.Helper()
		unknown := fmt.Sprint(http.StatusUnauthorized, " ", fault.Unauthenticated)
		for name, node := range n.both() {
			for _, route := range slices.Sorted(maps.Keys(all)) {
				answer := func() string {
					if got := taken(node, route, token); got != unknown {
						return got
					}
					return nobody[route] // an operation for everybody refuses a token that is none
				}
				if got, ok := n.inTime(nobody[route], answer); !ok {
					n.t.Errorf("A-30 %s, %s, %s: answered %s, nobody gets %s", who, name, route, got, nobody[route])
				}
			}
		}
	}
}

// inTime asks until the answer is the one that is wanted, no longer than a node may take to hear of it.
func (n *twoNodes) inTime(want string, ask func() string) (got string, ok bool) {
	for {
		if got = ask(); got == want || time.Since(n.began) > refusalTime {
			return got, got == want
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// refused looks at everything from now on.
func (n *twoNodes) refused(who string, all probes, sweeps ...func()) {
	n.t.Helper()
	n.began = time.Now()
	for name, node := range n.both() {
		for _, route := range slices.Sorted(maps.Keys(all)) {
			for all[route](node) {
				if time.Since(n.began) > refusalTime {
					n.t.Errorf("A-30 %s, %s: %s is taken %s later", who, name, route, refusalTime)
					break
				}
				time.Sleep(50 * time.Millisecond)
			}
		}
	}
	for _, sweep := range sweeps {
		sweep()
	}
}

// tokens are the probes of the protocol for one person, with what it got at both nodes before.
func (n *twoNodes) tokens(c, gateway idp.Client, b *walk.Browser, actingFor string) probes {
	n.t.Helper()
	acting := url.Values{"acting_for": {actingFor}}
	issued := n.Redeem(c, n.Code(b, c, acting).Get("code"), nil)
	access := issued.String("access_token")
	waiting := map[string]string{n.Listen: n.Code(b, c, acting).Get("code"), n.other.Listen: n.Code(b, c, acting).Get("code")}
	if !n.Active(c, access) || n.other.Get("/userinfo", access).Status != http.StatusOK || exchange(n.other, gateway, access, "audience", recordsService).Status != http.StatusOK {
		n.t.Fatalf("the token is not taken before: %s", exchange(n.other, gateway, access, "audience", recordsService).Text)
	}
	post := func(node *apptest.Platform) apptest.Answer {
		return n.ask(node, http.MethodPost, "/userinfo", nil, access)
	}
	if post(n.other).Status != http.StatusOK {
		n.t.Fatalf("%d", post(n.other).Status)
	}
	return probes{
		"POST /introspect": func(node *apptest.Platform) bool { return node.Active(c, access) },
		"GET /userinfo": func(node *apptest.Platform) bool {
			return node.Get("/userinfo", access).Status != http.StatusUnauthorized
		},
		"POST /userinfo": func(node *apptest.Platform) bool { return post(node).Status != http.StatusUnauthorized },
		"POST /token": func(node *apptest.Platform) bool {
			return exchange(node, gateway, access, "audience", recordsService).Status == http.StatusOK || node.Redeem(c, waiting[node.Listen], nil).Status == http.StatusOK || node.Refresh(c, issued.String("refresh_token")).Status == http.StatusOK
		},
	}
}

// bridges are the probes of portals behind bridges.
func (n *twoNodes) bridges(o *oldPortal) probes {
	n.t.Helper()
	all := probes{}
	for _, path := range []string{"/cas/serviceValidate", "/cas/p3/serviceValidate", "/cas/proxyValidate", "/cas/p3/proxyValidate"} {
		waiting := map[string]string{n.Listen: casTicket(n.t, n.Platform, n.b, n.hall, nil), n.other.Listen: casTicket(n.t, n.Platform, n.b, n.hall, nil)}
		if casValidate(n.t, n.other, path, n.hall, casTicket(n.t, n.Platform, n.b, n.hall, nil)).User == "" {
			n.t.Fatalf("%s takes no ticket before", path)
		}
		all["GET "+path] = func(node *apptest.Platform) bool {
			return casValidate(n.t, node, path, n.hall, waiting[node.Listen]).User != ""
		}
	}
	casTicket(n.t, n.Platform, n.b, n.archive, nil) // agrees
	pgt, _ := n.grant(n.t)
	if casProxy(n.t, n.other, pgt, n.archive).Ticket == "" {
		n.t.Fatal("no proxy ticket before")
	}
	all["GET /cas/proxy"] = func(node *apptest.Platform) bool { return casProxy(n.t, node, pgt, n.archive).Ticket != "" }
	tickets := map[string]string{n.Listen: o.ticket(n.t, n.b), n.other.Listen: o.ticket(n.t, n.b)}
	token := o.exchange(n.t, o.ticket(n.t, n.b)).String("ssotoken")
	at := func(node *apptest.Platform) *oldPortal {
		there := *o
		there.p = node
		there.nonces = o.nonces + 1000
		o.nonces++
		return &there
	}
	if at(n.other).user(n.t, token).Status != http.StatusOK {
		n.t.Fatal("the bridge knows nobody before")
	}
	all["POST /ticket/{bridge}/{call}"] = func(node *apptest.Platform) bool {
		return at(node).exchange(n.t, tickets[node.Listen]).Status == http.StatusOK || at(node).user(n.t, token).Status == http.StatusOK
	}
	return all
}

// TestA30WhoIsDisabledIsRefusedByEveryEndpointOfTwoNodes: a revoked mandate, a suspended person, a suspended member of staff and a
// disabled client are refused by both nodes of one PostgreSQL at every operation of the document, every page of the sources and every
// endpoint of the protocols, within five seconds.
func TestA30WhoIsDisabledIsRefusedByEveryEndpointOfTwoNodes(t *testing.T) {
	ctx := context.Background()
	engine := testkit.Databases(t)[1]
	if engine.Name != "postgresql" {
		t.Fatal("the nodes share another engine")
	}
	n := &twoNodes{t: t, proxying: startProxying(t, engine.OpenURL(t))}
	o := newOldPortal(t, n.Platform, hall(n.portal))
	gateway := machine(n.Platform, "gateway", func(c *idp.Client) {
		c.GrantTypes, c.Scope, c.Resources, c.TokenExchangeAudience = append(c.GrantTypes, idp.GrantTokenExchange), "profile", []string{"https://api.gov.cn/gateway"}, []string{recordsService}
	})
	machine(n.Platform, "records", func(c *idp.Client) { c.Scope, c.Resources = "profile", []string{recordsService} })
	portal := n.Client(idp.Client{ClientID: "portal", Scope: "openid profile", ActingFor: true, Audience: []string{"https://api.gov.cn/gateway"}})
	trusted := n.Client(idp.Client{ClientID: "trusted", Scope: "openid profile mandates licenses my_data", ActingFor: true})
	n.Persona(elder, "赵奶奶", 1)
	n.Persona("13900130001", "管理员", 4, idp.RoleSecurityAdmin)
	staff := n.SignInStaff("13900130001")
	console := machine(n.Platform, "console", func(c *idp.Client) { c.Scope = idp.RoleSecurityAdmin })
	n.other = apptest.StartWith(t, n.Config)
	n.other.URL = "http://" + n.other.Listen
	n.docs = apiDocumentOf(t, n.Platform)

	citizens, consoles := routesOf(t, pagesOfPeople...), routesOf(t, append(slices.Clone(pagesOfPeople), "../../idp/adminhttp", "../../idp/staffhttp", "../../idp/counterhttp", "../../esign/sealhttp", "../../idp/federation")...)
	var ofPeople, ofStaff []string
	for _, pattern := range slices.Compact(slices.Sorted(slices.Values(append(citizens, consoles...)))) {
		method, path, ok := strings.Cut(pattern, " ")
		if strings.HasPrefix(path, "/{kind}") { // kinds of definitions in the console
			path = "/admin/cas-services" + strings.TrimPrefix(path, "/{kind}")
		}
		if !ok || path == "" {
			continue
		}
		if staffPage.MatchString(path) {
			ofStaff = append(ofStaff, method+" "+path)
		} else {
			ofPeople = append(ofPeople, pattern)
		}
	}

	m := give(t, n.Platform, accountOf(t, n.Platform, elder).ID, accountOf(t, n.Platform, mobile).ID, mandate.Terms{})
	actingToken := n.Redeem(trusted, n.Code(n.b, trusted, url.Values{"acting_for": {m.ID}}).Get("code"), nil).String("access_token")
	ownToken := n.Redeem(trusted, n.Code(n.b, trusted, url.Values{"acting_for": {"self"}}).Get("code"), nil).String("access_token")
	eventually(t, "the other node knows no client", func() bool { return n.other.Get("/userinfo", ownToken).Status == http.StatusOK })

	// The mandate first: what the agent does for itself goes on.
	acting := n.tokens(portal, gateway, n.b, m.ID)
	sweep := n.operations("under a mandate", actingToken, 1)
	ended(t, n.App.Mandates.Stop(ctx, m.Principal, m.ID, "wish"))
	n.refused("a revoked mandate", acting, sweep)
	if n.other.Get("/userinfo", ownToken).Status != http.StatusOK {
		t.Fatal("the agent's own token ended with the mandate")
	}

	own := n.tokens(portal, gateway, n.b, "self")
	maps.Copy(own, n.bridges(o))
	covered := slices.Collect(maps.Keys(own))
	sweeps := []func(){n.operations("a person", ownToken, 5), n.pages("a person", n.b, slices.DeleteFunc(ofPeople, func(pattern string) bool { return slices.Contains(covered, pattern) }), 25)}
	suspend(t, n.Platform, mobile)
	n.refused("a suspended person", own, sweeps...)

	sweeps = []func(){n.pages("staff", staff, ofStaff, 15)}
	member, err := n.App.Members.ByLogin(ctx, "13900130001")
	if err != nil {
		t.Fatal(err)
	}
	if a := adminCall(t, n.Platform, console, http.MethodPost, "/api/v1/staff/"+member.ID+"/suspension", `{"reason":"工单 1"}`); a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Text)
	}
	n.refused("a suspended member of staff", nil, sweeps...)

	consoleToken := clientToken(n.Platform, console).String("access_token")
	sweeps = []func(){n.operations("a client", consoleToken, 20)}
	console.Disabled = true
	n.Client(console)
	n.refused("a disabled client", probes{"POST /token": func(node *apptest.Platform) bool { return clientToken(node, console).Status == http.StatusOK }}, sweeps...)
}
