package app_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/bridge/cas"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// proxyDouble is the callback of a service that proxies: it keeps the granting tickets by their PGTIOU.
type proxyDouble struct {
	*httptest.Server
	mutex   sync.Mutex
	granted map[string]string
	status  int
}

func newProxy(t *testing.T) *proxyDouble {
	d := &proxyDouble{granted: map[string]string{}, status: http.StatusOK}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.mutex.Lock()
		defer d.mutex.Unlock()
		if q := r.URL.Query(); r.Method == http.MethodGet && q.Has("pgtId") {
			d.granted[q.Get("pgtIou")] = q.Get("pgtId")
		}
		if d.status == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(d.status)
	}))
	t.Cleanup(d.Close)
	return d
}

func (d *proxyDouble) answers(status int) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.status = status
}

func (d *proxyDouble) pgt(iou string) string {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	return d.granted[iou]
}

func (d *proxyDouble) host() string { return strings.TrimPrefix(d.URL, "http://") }

func casProxy(t *testing.T, p *apptest.Platform, pgt, target string) cas.ProxyResponse {
	t.Helper()
	a := p.Get("/cas/proxy?"+url.Values{"pgt": {pgt}, "targetService": {target}}.Encode(), "")
	if a.Status != http.StatusOK || a.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("/proxy answered %d %s", a.Status, a.Text)
	}
	answer, err := cas.ReadProxyXML([]byte(a.Text))
	if err != nil {
		t.Fatalf("%v: %s", err, a.Text)
	}
	return answer
}

func wantProxyFailure(t *testing.T, answer cas.ProxyResponse, code string) {
	t.Helper()
	if answer.Failure == nil || answer.Failure.Code != code || answer.Ticket != "" {
		t.Errorf("answer is %+v, want %s", answer, code)
	}
}

// proxying is a hall that acts for people at the archive, which again acts for them at the vault.
type proxying struct {
	*apptest.Platform
	portal               *portalDouble
	callback             *proxyDouble
	hall, archive, vault string
	hallPGT, archivePGT  string // callbacks
	b                    *walk.Browser
}

func startProxying(t *testing.T, database string) *proxying {
	x := &proxying{portal: newPortal(t), callback: newProxy(t)}
	x.Platform = startFor(t, database, x.portal.host(), x.callback.host())
	x.hall, x.archive, x.vault = x.portal.URL+"/hall", x.portal.URL+"/archive", x.portal.URL+"/vault"
	x.hallPGT, x.archivePGT = x.callback.URL+"/hall?x=1", x.callback.URL+"/archive"
	apply(t, x.Platform, app.Manifest{CASServices: []cas.Service{
		{Registration: registration("hall", x.hall), ProxyURLs: []string{x.hallPGT}},
		{Registration: registration("archive", x.archive), ProxyURLs: []string{x.archivePGT}, AcceptsProxies: []string{"hall"}},
		{Registration: registration("vault", x.vault), AcceptsProxies: []string{"archive"}},
	}})
	x.Persona(mobile, "李四", 2)
	x.b = x.SignIn(mobile)
	return x
}

// grant signs in at the hall and gives the granting ticket.
func (x *proxying) grant(t *testing.T) (pgt, ticket string) {
	t.Helper()
	ticket = casTicket(t, x.Platform, x.b, x.hall, nil)
	answer := casValidate(t, x.Platform, validate3, x.hall, ticket, "pgtUrl", x.hallPGT)
	if pgt = x.callback.pgt(answer.PGTIOU); answer.User == "" || !strings.HasPrefix(answer.PGTIOU, "PGTIOU-") || !strings.HasPrefix(pgt, "PGT-") || len(answer.Proxies) != 0 {
		t.Fatalf("answer is %+v, granted %q", answer, pgt)
	}
	return pgt, ticket
}

const proxyValidate3 = "/cas/p3/proxyValidate"

func TestCASProxyTickets(t *testing.T) {
	for _, engine := range engines(t) {
		t.Run(engine.Name, func(t *testing.T) {
			x := startProxying(t, engine.OpenURL(t))
			pgt, _ := x.grant(t)
			wantProxyFailure(t, casProxy(t, x.Platform, pgt, x.archive), cas.UnauthorizedService) // the person never agreed to the archive
			own := casValidate(t, x.Platform, validate3, x.archive, casTicket(t, x.Platform, x.b, x.archive, nil))
			pt := casProxy(t, x.Platform, pgt, x.archive).Ticket
			if !strings.HasPrefix(pt, "PT-") || len(pt) < 32 || len(pt) > 64 {
				t.Fatalf("ticket is %q", pt)
			}
			wantFailure(t, casValidate(t, x.Platform, validate3, x.archive, pt), cas.InvalidTicketSpec) // only where a service knows of proxies
			answer := casValidate(t, x.Platform, proxyValidate3, x.archive, pt, "pgtUrl", x.archivePGT)
			if answer.User != own.User || !slices.Equal(answer.Proxies, []string{x.hallPGT}) || answer.Attributes["name"][0] != "李四" || answer.Attributes["isFromNewLogin"][0] != "false" {
				t.Fatalf("answer is %+v", answer)
			}
			t.Run("a proxy behind a proxy", func(t *testing.T) {
				casTicket(t, x.Platform, x.b, x.vault, nil) // agrees
				second := x.callback.pgt(answer.PGTIOU)
				a := casValidate(t, x.Platform, "/cas/proxyValidate", x.vault, casProxy(t, x.Platform, second, x.vault).Ticket)
				if a.User == "" || len(a.Attributes) != 0 || !slices.Equal(a.Proxies, []string{x.archivePGT, x.hallPGT}) {
					t.Errorf("answer is %+v", a)
				}
				wantProxyFailure(t, casProxy(t, x.Platform, pgt, x.vault), cas.UnauthorizedService) // the vault takes the archive, not the hall
			})
			t.Run("JSON", func(t *testing.T) {
				q := url.Values{"service": {x.archive}, "ticket": {casProxy(t, x.Platform, pgt, x.archive).Ticket}, "format": {"JSON"}}
				if a := x.Get(proxyValidate3+"?"+q.Encode(), ""); !strings.Contains(a.Text, `"proxies":["`+x.hallPGT+`"]`) {
					t.Errorf("%d %s", a.Status, a.Text)
				}
			})
			t.Run("service tickets too", func(t *testing.T) {
				if a := casValidate(t, x.Platform, proxyValidate3, x.hall, casTicket(t, x.Platform, x.b, x.hall, nil)); a.User == "" || len(a.Proxies) != 0 {
					t.Errorf("answer is %+v", a)
				}
			})
			t.Run("R7 once, bound, 60 seconds", func(t *testing.T) {
				pt := casProxy(t, x.Platform, pgt, x.archive).Ticket
				var group sync.WaitGroup
				successes := make(chan string, 20)
				for range 20 {
					group.Go(func() {
						if r := casValidate(t, x.Platform, proxyValidate3, x.archive, pt); r.Failure == nil {
							successes <- r.User
						}
					})
				}
				group.Wait()
				if len(successes) != 1 {
					t.Errorf("%d validations succeeded", len(successes))
				}
				pt = casProxy(t, x.Platform, pgt, x.archive).Ticket
				wantFailure(t, casValidate(t, x.Platform, proxyValidate3, x.vault, pt), cas.InvalidService)
				wantFailure(t, casValidate(t, x.Platform, proxyValidate3, x.archive, pt), cas.InvalidTicket)
				pt = casProxy(t, x.Platform, pgt, x.archive).Ticket
				wantFailure(t, casValidate(t, x.Platform, proxyValidate3, x.archive, pt, "renew", "true"), cas.InvalidTicketSpec)
				pt = casProxy(t, x.Platform, pgt, x.archive).Ticket
				x.Advance(61 * time.Second)
				wantFailure(t, casValidate(t, x.Platform, proxyValidate3, x.archive, pt), cas.InvalidTicket)
			})
			t.Run("O-59 one kind is no other", func(t *testing.T) {
				pt, st := casProxy(t, x.Platform, pgt, x.archive).Ticket, casTicket(t, x.Platform, x.b, x.archive, nil)
				for _, ticket := range []string{pgt, "PT-" + strings.TrimPrefix(st, "ST-"), "ST-" + strings.TrimPrefix(pt, "PT-"), "PT-" + strings.TrimPrefix(pgt, "PGT-")} {
					if r := casValidate(t, x.Platform, proxyValidate3, x.archive, ticket); r.Failure == nil {
						t.Errorf("%s is validated", ticket)
					}
				}
				for _, ticket := range []string{st, pt, "PGT-" + strings.TrimPrefix(st, "ST-"), "PGT-guess", "PGT-" + strings.Repeat("x", 300)} {
					wantProxyFailure(t, casProxy(t, x.Platform, ticket, x.archive), cas.InvalidTicket)
				}
				wantProxyFailure(t, casProxy(t, x.Platform, "", x.archive), cas.InvalidRequest)
				wantProxyFailure(t, casProxy(t, x.Platform, pgt, ""), cas.InvalidRequest)
				wantProxyFailure(t, casProxy(t, x.Platform, pgt, "https://evil.example/"), cas.UnauthorizedService)
			})
			t.Run("logout ends the granting ticket and reaches the services behind", func(t *testing.T) {
				pt := casProxy(t, x.Platform, pgt, x.archive).Ticket
				reached := casProxy(t, x.Platform, pgt, x.archive).Ticket
				if r := casValidate(t, x.Platform, proxyValidate3, x.archive, reached); r.Failure != nil {
					t.Fatalf("%+v", r)
				}
				if err := x.b.Open(context.Background(), x.URL+"/cas/logout"); err != nil {
					t.Fatal(err)
				}
				if err := x.b.Submit(context.Background(), map[string]string{"logout-confirm": "1"}); err != nil {
					t.Fatal(err)
				}
				wantProxyFailure(t, casProxy(t, x.Platform, pgt, x.archive), cas.InvalidTicket)
				wantFailure(t, casValidate(t, x.Platform, proxyValidate3, x.archive, pt), cas.InvalidTicket)
				for range 100 {
					x.portal.mutex.Lock()
					forms := append([]url.Values{}, x.portal.forms...)
					x.portal.mutex.Unlock()
					if slices.ContainsFunc(forms, func(f url.Values) bool { return strings.Contains(f.Get("logoutRequest"), reached) }) {
						return
					}
					time.Sleep(50 * time.Millisecond)
				}
				t.Error("the service behind the proxy was not told")
			})
			if strings.Contains(x.Log.String(), pgt) || strings.Contains(x.Log.String(), pt) {
				t.Error("O-60 a ticket is in the log")
			}
		})
	}
}

func TestCASProxiesAreRegistered(t *testing.T) {
	x := startProxying(t, database(t))
	t.Run("a service that is no proxy keeps its login", func(t *testing.T) {
		ticket := casTicket(t, x.Platform, x.b, x.vault, nil)
		wantFailure(t, casValidate(t, x.Platform, validate3, x.vault, ticket, "pgtUrl", x.hallPGT), cas.UnauthorizedProxy)
		if r := casValidate(t, x.Platform, validate3, x.vault, ticket); r.User == "" {
			t.Errorf("%+v", r)
		}
	})
	for name, address := range map[string]string{"another's": x.archivePGT, "shorter": x.callback.URL + "/hall", "longer": x.hallPGT + "&y", "elsewhere": "https://evil.example/", "private": "http://127.0.0.1:1/", "empty": ""} {
		t.Run("callback "+name, func(t *testing.T) {
			wantFailure(t, casValidate(t, x.Platform, validate3, x.hall, casTicket(t, x.Platform, x.b, x.hall, nil), "pgtUrl", address), cas.InvalidCallback)
		})
	}
	for _, status := range []int{http.StatusInternalServerError, http.StatusFound, http.StatusNoContent, http.StatusUnauthorized} {
		x.callback.answers(status)
		r := casValidate(t, x.Platform, validate3, x.hall, casTicket(t, x.Platform, x.b, x.hall, nil), "pgtUrl", x.hallPGT)
		if r.User == "" || r.PGTIOU != "" {
			t.Errorf("callback answers %d: %+v", status, r)
		}
		x.callback.mutex.Lock()
		for _, pgt := range x.callback.granted {
			if r := x.Get("/cas/proxy?"+url.Values{"pgt": {pgt}, "targetService": {x.archive}}.Encode(), ""); !strings.Contains(r.Text, cas.InvalidTicket) {
				t.Errorf("a ticket that the callback did not take works: %s", r.Text)
			}
		}
		x.callback.mutex.Unlock()
	}
	x.callback.answers(http.StatusOK)
	casTicket(t, x.Platform, x.b, x.archive, nil)
	t.Run("a replayed ticket takes its granting ticket along", func(t *testing.T) {
		pgt, ticket := x.grant(t)
		pt := casProxy(t, x.Platform, pgt, x.archive).Ticket
		wantFailure(t, casValidate(t, x.Platform, validate3, x.hall, ticket), cas.InvalidTicket)
		wantProxyFailure(t, casProxy(t, x.Platform, pgt, x.archive), cas.InvalidTicket)
		wantFailure(t, casValidate(t, x.Platform, proxyValidate3, x.archive, pt), cas.InvalidTicket)
	})
	t.Run("a registration that changed", func(t *testing.T) {
		pgt, _ := x.grant(t)
		apply(t, x.Platform, app.Manifest{CASServices: []cas.Service{{Registration: registration("hall", x.hall)}}})
		wantProxyFailure(t, casProxy(t, x.Platform, pgt, x.archive), cas.UnauthorizedService)
	})
	t.Run("eight hours", func(t *testing.T) {
		apply(t, x.Platform, app.Manifest{CASServices: []cas.Service{{Registration: registration("hall", x.hall), ProxyURLs: []string{x.hallPGT}}}})
		pgt, _ := x.grant(t)
		x.Advance(8*time.Hour + time.Minute)
		wantProxyFailure(t, casProxy(t, x.Platform, pgt, x.archive), cas.InvalidTicket)
	})
	for name, service := range map[string]cas.Service{
		"dangerous callback": {Registration: registration("bad", x.hall+"/bad"), ProxyURLs: []string{"javascript:1"}},
		"plain callback":     {Registration: registration("bad", x.hall+"/bad"), ProxyURLs: []string{"http://proxy.example.gov.cn/"}},
		"itself":             {Registration: registration("bad", x.hall+"/bad"), AcceptsProxies: []string{"bad"}},
	} {
		if err := x.App.Apply(context.Background(), app.Manifest{CASServices: []cas.Service{service}}); err == nil {
			t.Errorf("%s: was applied", name)
		}
	}
}

// The reference client of the CAS project asks for a proxy ticket and validates it, through the one proxy that it allows.
func TestApereoClientProxies(t *testing.T) {
	x := startProxying(t, database(t))
	pgt, _ := x.grant(t)
	casTicket(t, x.Platform, x.b, x.archive, nil) // agrees to the archive
	ask := func() string {
		out := testkit.CASPeer(t, "proxy", x.URL+"/cas", pgt, x.archive)
		ticket, ok := strings.CutPrefix(strings.TrimSpace(out), "ticket=PT-")
		if !ok {
			t.Fatalf("the client got %s", out)
		}
		return "PT-" + ticket
	}
	if out := testkit.CASPeer(t, "proxy-validate", x.URL+"/cas", x.archive, ask(), x.hallPGT); !strings.Contains(out, "user=") || !strings.Contains(out, "name=李四") {
		t.Errorf("the client read %s", out)
	}
	if out := testkit.CASPeer(t, "proxy-validate", x.URL+"/cas", x.archive, ask(), "https://another.example/"); strings.Contains(out, "user=") {
		t.Errorf("through a proxy that it does not allow: %s", out)
	}
}
