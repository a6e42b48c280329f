package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/bridge"
	"github.com/yinxin-gov/yinxin/idp/bridge/cas"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// portalDouble is a portal behind a bridge: it keeps every form that was posted to it.
type portalDouble struct {
	*httptest.Server
	mutex sync.Mutex
	forms []url.Values
}

func newPortal(t *testing.T) *portalDouble {
	d := &portalDouble{}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.ParseForm()
		d.mutex.Lock()
		defer d.mutex.Unlock()
		if r.Method == http.MethodPost {
			d.forms = append(d.forms, r.PostForm)
		}
		io.WriteString(w, "portal")
	}))
	t.Cleanup(d.Close)
	return d
}

// posted waits for n forms and gives them.
func (d *portalDouble) posted(t *testing.T, n int) []url.Values {
	t.Helper()
	for range 100 {
		d.mutex.Lock()
		forms := append([]url.Values{}, d.forms...)
		d.mutex.Unlock()
		if len(forms) >= n {
			return forms
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("the portal got %d of %d forms", len(d.forms), n)
	return nil
}

func (d *portalDouble) host() string { return strings.TrimPrefix(d.URL, "http://") }

// startFor is a platform that may reach the portals.
func startFor(t *testing.T, database string, hosts ...string) *apptest.Platform {
	cfg := apptest.NewConfig(t, database, t.TempDir())
	cfg.Outbound.Allowed = hosts
	return apptest.StartWith(t, cfg)
}

func registration(id string, addresses ...string) bridge.Registration {
	return bridge.Registration{ID: id, Name: id, Department: "示例部门", URLs: addresses, ApplicationType: "native", Scope: "profile phone"}
}

func apply(t *testing.T, p *apptest.Platform, m app.Manifest) {
	t.Helper()
	if err := p.App.Apply(context.Background(), m); err != nil {
		t.Fatal(err)
	}
}

// casTicket walks through login and consent to a ticket.
func casTicket(t *testing.T, p *apptest.Platform, b *walk.Browser, service string, extra url.Values) string {
	t.Helper()
	q := url.Values{"service": {service}}
	for name, values := range extra {
		q[name] = values
	}
	target, err := b.OpenUntil(context.Background(), p.URL+"/cas/login?"+q.Encode(), service)
	if err == nil && target == nil && b.Page.Has("consent-allow") {
		target, err = b.SubmitUntil(context.Background(), map[string]string{"consent": "allow"}, service)
	}
	if err != nil || target == nil {
		t.Fatalf("no ticket: %v, %s: %s", err, b.Page.URL, b.Page.Text)
	}
	return target.Query().Get("ticket")
}

func casValidate(t *testing.T, p *apptest.Platform, path, service, ticket string, extra ...string) cas.Response {
	t.Helper()
	q := url.Values{"service": {service}, "ticket": {ticket}}
	for i := 0; i+1 < len(extra); i += 2 {
		q.Set(extra[i], extra[i+1])
	}
	a := p.Get(path+"?"+q.Encode(), "")
	if a.Status != http.StatusOK || a.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("validation answered %d %s", a.Status, a.Text)
	}
	answer, err := cas.ReadXML([]byte(a.Text))
	if err != nil {
		t.Fatalf("%v: %s", err, a.Text)
	}
	return answer
}

func wantFailure(t *testing.T, answer cas.Response, code string) {
	t.Helper()
	if answer.Failure == nil || answer.Failure.Code != code || answer.User != "" {
		t.Errorf("answer is %+v, want %s", answer, code)
	}
}

const validate3 = "/cas/p3/serviceValidate"

func TestCASSignsInAndOutOnBothDatabases(t *testing.T) {
	for _, engine := range engines(t) {
		t.Run(engine.Name, func(t *testing.T) {
			portal := newPortal(t)
			p := startFor(t, engine.OpenURL(t), portal.host())
			service := portal.URL + "/cas?next=%2Fa"
			apply(t, p, app.Manifest{CASServices: []cas.Service{{Registration: registration("old-hall", service)}}})
			p.Persona(mobile, "李四", 2)
			b := p.SignIn(mobile)
			ticket := casTicket(t, p, b, service, nil)
			if len(ticket) < 32 || !strings.HasPrefix(ticket, "ST-") || strings.ContainsFunc(ticket, func(r rune) bool {
				return !(r == '-' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z')
			}) {
				t.Errorf("ticket is %q", ticket)
			}
			answer := casValidate(t, p, validate3, service, ticket)
			a := answer.Attributes
			if answer.Failure != nil || answer.User == "" || strings.Contains(answer.User, "acc_") || a["name"][0] != "李四" || a["ial"][0] != "2" || a["phone_number"][0] != "+86"+mobile ||
				a["acr"][0] != "urn:yinxin:aal:1" || a["actor"][0] != answer.User || a["acting_for"][0] != "self" || a["email"] != nil || a["id_document_number"] != nil {
				t.Fatalf("answer is %+v", answer)
			}
			t.Run("CAS 2.0 form has no attributes", func(t *testing.T) {
				if plain := casValidate(t, p, "/cas/serviceValidate", service, casTicket(t, p, b, service, nil)); plain.User != answer.User || len(plain.Attributes) != 0 {
					t.Errorf("answer is %+v", plain)
				}
			})
			t.Run("JSON", func(t *testing.T) {
				q := url.Values{"service": {service}, "ticket": {casTicket(t, p, b, service, nil)}, "format": {"JSON"}}
				var body struct {
					ServiceResponse struct {
						AuthenticationSuccess struct {
							User       string         `json:"user"`
							Attributes map[string]any `json:"attributes"`
						} `json:"authenticationSuccess"`
					} `json:"serviceResponse"`
				}
				if err := json.Unmarshal([]byte(p.Get(validate3+"?"+q.Encode(), "").Text), &body); err != nil || body.ServiceResponse.AuthenticationSuccess.User != answer.User ||
					body.ServiceResponse.AuthenticationSuccess.Attributes["name"] != "李四" {
					t.Errorf("answer is %+v, %v", body, err)
				}
			})
			t.Run("50 validations of one ticket", func(t *testing.T) {
				ticket := casTicket(t, p, b, service, nil)
				var group sync.WaitGroup
				successes := make(chan string, 50)
				for range 50 {
					group.Go(func() {
						if r := casValidate(t, p, validate3, service, ticket); r.Failure == nil {
							successes <- r.User
						}
					})
				}
				group.Wait()
				if len(successes) != 1 {
					t.Errorf("%d validations succeeded", len(successes))
				}
				portal.posted(t, 1) // a replay ended the login of that ticket
			})
			t.Run("single logout", func(t *testing.T) {
				before := len(portal.posted(t, 1))
				if err := b.Open(context.Background(), p.URL+"/cas/logout?"+url.Values{"service": {service}}.Encode()); err != nil || !b.Page.Has("logout-confirm") || !strings.Contains(b.Page.Text, "old-hall") {
					t.Fatalf("O-52: %v %s", err, b.Page.Text)
				}
				if target, err := b.SubmitUntil(context.Background(), map[string]string{"logout-confirm": "1"}, service); err != nil || target == nil {
					t.Fatalf("logout led to %v, %v", b.Page.URL, err)
				}
				told := map[string]bool{}
				for _, form := range portal.posted(t, before+3) {
					l, err := cas.ReadLogoutRequest([]byte(form.Get("logoutRequest")))
					if err != nil {
						t.Fatal(err)
					}
					told[l.Ticket] = true
				}
				if !told[ticket] {
					t.Error("the portal was not told to end the login of the first ticket")
				}
				if err := b.Open(context.Background(), p.URL+"/me"); err != nil || !b.Page.Has("login-password") {
					t.Error("the session is still there")
				}
			})
			t.Run("R7 no ticket lies in the database or the log", func(t *testing.T) {
				if strings.Contains(p.Log.String(), ticket) {
					t.Error("the ticket is in the log")
				}
			})
		})
	}
}

func TestCASTicketsAreBoundAndUsedOnce(t *testing.T) {
	portal := newPortal(t)
	p := startFor(t, database(t), portal.host())
	service, other := portal.URL+"/one", portal.URL+"/two"
	apply(t, p, app.Manifest{CASServices: []cas.Service{{Registration: registration("one", service)}, {Registration: registration("two", other, portal.URL+"/two-too")}}})
	p.Persona(mobile, "李四", 2)
	b := p.SignIn(mobile)
	user := casValidate(t, p, validate3, service, casTicket(t, p, b, service, nil)).User
	if another := casValidate(t, p, validate3, other, casTicket(t, p, b, other, nil)).User; another == user || another == "" {
		t.Error("two services see the same user id")
	}
	t.Run("R7 replay ends the login at the service", func(t *testing.T) {
		ticket := casTicket(t, p, b, service, nil)
		if r := casValidate(t, p, validate3, service, ticket); r.User != user {
			t.Fatalf("%+v", r)
		}
		wantFailure(t, casValidate(t, p, validate3, service, ticket), cas.InvalidTicket)
		forms := portal.posted(t, 1)
		if l, err := cas.ReadLogoutRequest([]byte(forms[len(forms)-1].Get("logoutRequest"))); err != nil || l.Ticket != ticket {
			t.Errorf("the service was told %+v, %v", l, err)
		}
		wantFailure(t, casValidate(t, p, validate3, service, ticket), cas.InvalidTicket)
	})
	t.Run("another service burns it", func(t *testing.T) {
		ticket := casTicket(t, p, b, service, nil)
		wantFailure(t, casValidate(t, p, validate3, other, ticket), cas.InvalidService)
		wantFailure(t, casValidate(t, p, validate3, service, ticket), cas.InvalidTicket)
	})
	t.Run("another address of the same service burns it", func(t *testing.T) {
		ticket := casTicket(t, p, b, other, nil)
		wantFailure(t, casValidate(t, p, validate3, portal.URL+"/two-too", ticket), cas.InvalidService)
		wantFailure(t, casValidate(t, p, validate3, other, ticket), cas.InvalidTicket)
	})
	t.Run("60 seconds", func(t *testing.T) {
		ticket := casTicket(t, p, b, service, nil)
		p.Advance(61 * time.Second)
		wantFailure(t, casValidate(t, p, validate3, service, ticket), cas.InvalidTicket)
	})
	t.Run("form", func(t *testing.T) {
		wantFailure(t, casValidate(t, p, validate3, service, ""), cas.InvalidRequest)
		wantFailure(t, casValidate(t, p, validate3, "", "ST-x"), cas.InvalidRequest)
		wantFailure(t, casValidate(t, p, validate3, service, "PT-x"), cas.InvalidTicketSpec)
		wantFailure(t, casValidate(t, p, validate3, service, "ST-"+strings.Repeat("x", 300)), cas.InvalidTicketSpec)
		wantFailure(t, casValidate(t, p, validate3, service, "ST-guess"), cas.InvalidTicket)
		wantFailure(t, casValidate(t, p, validate3, service, "ST-guess", "pgtUrl", "https://x.gov.cn/"), cas.UnauthorizedProxy)
		if a := p.Get(validate3+"?ticket=ST-x&ticket=ST-y&service="+url.QueryEscape(service), ""); !strings.Contains(a.Text, cas.InvalidRequest) {
			t.Errorf("O-07: %s", a.Text)
		}
	})
	t.Run("the account was suspended", func(t *testing.T) {
		ticket := casTicket(t, p, b, service, nil)
		suspend(t, p, mobile)
		wantFailure(t, casValidate(t, p, validate3, service, ticket), cas.InvalidTicket)
	})
	t.Run("the session ended", func(t *testing.T) {
		p.Persona("13800138000", "张三", 1)
		b := p.SignIn("13800138000")
		ticket := casTicket(t, p, b, service, nil)
		signOut(t, p, b)
		wantFailure(t, casValidate(t, p, validate3, service, ticket), cas.InvalidTicket)
	})
	t.Run("the service was disabled", func(t *testing.T) {
		p.Persona("13800138022", "王五", 1)
		ticket := casTicket(t, p, p.SignIn("13800138022"), service, nil)
		off := registration("one", service)
		off.Disabled = true
		apply(t, p, app.Manifest{CASServices: []cas.Service{{Registration: off}}})
		wantFailure(t, casValidate(t, p, validate3, service, ticket), cas.InvalidService)
		wantPage(t, p.Get("/cas/login?service="+url.QueryEscape(service), ""))
	})
}

func signOut(t *testing.T, p *apptest.Platform, b *walk.Browser) {
	t.Helper()
	if err := b.Open(context.Background(), p.URL+"/logout"); err != nil {
		t.Fatal(err)
	}
	if err := b.Submit(context.Background(), map[string]string{"logout-confirm": "1"}); err != nil {
		t.Fatal(err)
	}
}

func TestCASServiceIsComparedExactly(t *testing.T) {
	p := apptest.Start(t, database(t))
	apply(t, p, app.Manifest{CASServices: []cas.Service{{Registration: bridge.Registration{ID: "exact", URLs: []string{"https://ok.gov.cn/cas/Path"}}}}})
	for name, address := range map[string]string{
		"O-01 userinfo": "https://ok.gov.cn@evil.example/cas/Path", "O-02 dots": "https://ok.gov.cn/cas/../cas/Path", "O-02 encoded": "https://ok.gov.cn/cas%2fPath",
		"O-04 case": "https://ok.gov.cn/cas/path", "O-04 slash": "https://ok.gov.cn/cas/Path/", "O-04 query": "https://ok.gov.cn/cas/Path?x=1",
		"O-04 fragment": "https://ok.gov.cn/cas/Path#x", "O-04 port": "https://ok.gov.cn:444/cas/Path", "O-55 no host": "//ok.gov.cn/cas/Path", "O-55 script": "javascript:alert(1)",
	} {
		t.Run(name, func(t *testing.T) {
			for _, path := range []string{"/cas/login", "/cas/logout"} {
				wantPage(t, p.Get(path+"?service="+url.QueryEscape(address), ""))
			}
		})
	}
	if a := p.Get("/cas/login?service="+url.QueryEscape("https://ok.gov.cn/cas/Path"), ""); a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), "/login?flow=cas_") {
		t.Errorf("the registered address is answered with %d to %q", a.Status, a.Header.Get("Location"))
	}
}

func TestCASRenewGatewayAndPost(t *testing.T) {
	portal := newPortal(t)
	p := startFor(t, database(t), portal.host())
	service, ctx := portal.URL+"/cas", context.Background()
	apply(t, p, app.Manifest{CASServices: []cas.Service{{Registration: registration("switches", service)}}})
	p.Persona(mobile, "李四", 2)
	t.Run("gateway without a session", func(t *testing.T) {
		target, err := walk.New(nil).OpenUntil(ctx, p.URL+"/cas/login?gateway=true&service="+url.QueryEscape(service), service)
		if err != nil || target == nil || target.String() != service {
			t.Errorf("gateway led to %v, %v", target, err)
		}
	})
	b := p.SignIn(mobile)
	old := casTicket(t, p, b, service, nil)
	p.Advance(2 * time.Second)
	wantFailure(t, casValidate(t, p, validate3, service, old, "renew", "true"), cas.InvalidTicketSpec)
	t.Run("gateway with a session", func(t *testing.T) {
		if casTicket(t, p, b, service, url.Values{"gateway": {"true"}}) == "" {
			t.Error("no ticket")
		}
	})
	t.Run("renew wins over gateway", func(t *testing.T) {
		if err := b.Open(ctx, p.URL+"/cas/login?gateway=true&renew=true&service="+url.QueryEscape(service)); err != nil || !b.Page.Has("login-password") {
			t.Fatalf("no login: %v %s", err, b.Page.URL)
		}
		target, err := b.SubmitUntil(ctx, map[string]string{"login-identifier": mobile, "login-password": apptest.Password}, service)
		if err != nil || target == nil {
			t.Fatalf("%v %s", err, b.Page.Text)
		}
		if r := casValidate(t, p, validate3, service, target.Query().Get("ticket"), "renew", "true"); r.User == "" || r.Attributes["isFromNewLogin"][0] != "true" {
			t.Errorf("%+v", r)
		}
	})
	t.Run("POST", func(t *testing.T) {
		if err := b.Open(ctx, p.URL+"/cas/login?method=POST&service="+url.QueryEscape(service)); err != nil || !b.Page.Has("handover-submit") {
			t.Fatalf("%v %s", err, b.Page.Text)
		}
		if policy := b.Page.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self' "+portal.URL) {
			t.Errorf("policy is %s", policy)
		}
		if b.Page.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Error("the page tells where it came from")
		}
		if err := b.Submit(ctx, map[string]string{"ticket": b.Page.Hidden("ticket")}); err != nil {
			t.Fatal(err)
		}
		if r := casValidate(t, p, validate3, service, portal.posted(t, 1)[0].Get("ticket")); r.User == "" {
			t.Errorf("%+v", r)
		}
	})
	t.Run("consent denied gives no ticket", func(t *testing.T) {
		p.Persona("13800138000", "张三", 1)
		b := p.SignIn("13800138000")
		if err := b.Open(ctx, p.URL+"/cas/login?service="+url.QueryEscape(service)); err != nil || !b.Page.Has("consent-deny") {
			t.Fatal(err)
		}
		if target, err := b.SubmitUntil(ctx, map[string]string{"consent": "deny"}, service); err != nil || target != nil || b.Page.URL.Path != "/me" {
			t.Errorf("denial led to %v %v", target, b.Page.URL)
		}
	})
	t.Run("O-51 a flow belongs to its browser", func(t *testing.T) {
		attacker := walk.New(nil)
		if err := attacker.Open(ctx, p.URL+"/cas/login?service="+url.QueryEscape(service)); err != nil {
			t.Fatal(err)
		}
		flow := attacker.Page.URL.Query().Get("flow")
		for _, path := range []string{"/bridge/resume", "/bridge/consent", "/login", "/authorize/resume"} {
			if err := b.Open(ctx, p.URL+path+"?flow="+flow); err != nil || !b.Page.Has("error-code") {
				t.Errorf("%s took the flow of another browser: %s", path, b.Page.Text)
			}
		}
	})
	t.Run("O-59 a flow of a bridge gives no code", func(t *testing.T) {
		p.Persona("13800138002", "王小明", 1)
		b := p.SignIn("13800138002")
		if err := b.Open(ctx, p.URL+"/cas/login?service="+url.QueryEscape(service)); err != nil || !b.Page.Has("consent-allow") {
			t.Fatal(err)
		}
		flow := b.Page.URL.Query().Get("flow")
		for _, path := range []string{"/authorize/resume", "/consent"} {
			if target, err := b.OpenUntil(ctx, p.URL+path+"?flow="+flow, service); err != nil || target != nil || !b.Page.Has("error-code") {
				t.Errorf("%s took it and led to %v", path, target)
			}
		}
	})
	t.Run("an OAuth flow is none of a bridge", func(t *testing.T) {
		if err := b.Open(ctx, p.URL+"/bridge/resume?flow=flow_0123"); err != nil || !b.Page.Has("error-code") {
			t.Error("the bridge took it")
		}
	})
}

func TestCASServiceMayNeedALevel(t *testing.T) {
	portal := newPortal(t)
	p := startFor(t, database(t), portal.host())
	service, ctx := portal.URL+"/cas", context.Background()
	deep := registration("deep", service)
	deep.IAL, deep.Scope, deep.UserID = 2, "profile phone", "phone_number"
	strong := registration("strong", portal.URL+"/strong")
	strong.AAL = 3
	apply(t, p, app.Manifest{CASServices: []cas.Service{{Registration: deep, Attributes: map[string]string{"name": "displayName"}}, {Registration: strong}}})
	p.Persona("13800138000", "", 0)
	b := p.SignIn("13800138000")
	if err := b.Open(ctx, p.URL+"/cas/login?service="+url.QueryEscape(service)); err != nil || !b.Page.Has("proofing-name") {
		t.Fatalf("no proofing page: %v %s", err, b.Page.Text)
	}
	if err := b.Submit(ctx, map[string]string{"proofing-name": "张三", "proofing-number": "11010519491231002x", "proofing-mobile": "13800138000"}); err != nil || !b.Page.Has("consent-allow") {
		t.Fatalf("%v %s", err, b.Page.Text)
	}
	target, err := b.SubmitUntil(ctx, map[string]string{"consent": "allow"}, service)
	if err != nil || target == nil {
		t.Fatalf("%v %s", err, b.Page.Text)
	}
	r := casValidate(t, p, validate3, service, target.Query().Get("ticket"))
	if r.User != "+8613800138000" || r.Attributes["displayName"][0] != "张三" || r.Attributes["ial"] != nil || r.Attributes["phone_number"] != nil {
		t.Errorf("%+v", r)
	}
	t.Run("a level out of reach gives no ticket", func(t *testing.T) {
		if err := b.Open(ctx, p.URL+"/cas/login?service="+url.QueryEscape(portal.URL+"/strong")); err != nil {
			t.Fatal(err)
		}
		if b.Page.Has("consent-allow") {
			if target, err := b.SubmitUntil(ctx, map[string]string{"consent": "allow"}, portal.URL); err != nil || target != nil {
				t.Fatalf("led to %v, %v", target, err)
			}
		}
		if !b.Page.Has("error-code") || b.Page.Status != http.StatusForbidden {
			t.Errorf("%d %s", b.Page.Status, b.Page.Text)
		}
	})
}

// The reference client of the CAS project validates our tickets and reads our logout message.
func TestApereoClientValidatesTickets(t *testing.T) {
	portal := newPortal(t)
	p := startFor(t, database(t), portal.host())
	service := portal.URL + "/cas?lang=zh"
	apply(t, p, app.Manifest{CASServices: []cas.Service{{Registration: registration("apereo", service)}}})
	p.Persona(mobile, "李四", 2)
	b := p.SignIn(mobile)
	ticket := casTicket(t, p, b, service, nil)
	for _, form := range []string{"xml", "json"} {
		out := testkit.CASPeer(t, "validate", form, p.URL+"/cas", service, casTicket(t, p, b, service, nil))
		for _, line := range []string{"user=", "name=李四", "ial=2", "phone_number=+86" + mobile, "acting_for=self"} {
			if !strings.Contains(out, line) {
				t.Errorf("%s: the client read %s", form, out)
			}
		}
	}
	if out := testkit.CASPeer(t, "validate", "xml", p.URL+"/cas", service, ticket); !strings.Contains(out, "user=") {
		t.Fatalf("the client read %s", out)
	}
	if out := testkit.CASPeer(t, "validate", "xml", p.URL+"/cas", service, ticket); !strings.Contains(out, "refused") || strings.Contains(out, "user=") {
		t.Errorf("replay: the client read %s", out)
	}
	forms := portal.posted(t, 1)
	if out := testkit.CASPeer(t, "logout", forms[0].Get("logoutRequest")); out != fmt.Sprintln("index="+ticket) {
		t.Errorf("logout: the client read %s", out)
	}
}

func suspend(t *testing.T, p *apptest.Platform, identifier string) {
	t.Helper()
	if err := p.App.Accounts.SetState(context.Background(), accountOf(t, p, identifier).ID, idp.AccountSuspended, "test"); err != nil {
		t.Fatal(err)
	}
}

func accountOf(t *testing.T, p *apptest.Platform, identifier string) idp.Account {
	t.Helper()
	parsed, err := subject.ParseIdentifier(identifier)
	if err != nil {
		t.Fatal(err)
	}
	account, err := p.App.Accounts.ByIdentifier(context.Background(), parsed)
	if err != nil {
		t.Fatal(err)
	}
	return account
}
