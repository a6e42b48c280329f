package app_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/walk"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

func TestO52LogoutIsAPersonsOwn(t *testing.T) {
	p := apptest.Start(t, database(t))
	c := p.Client(idp.Client{ClientID: "leaver", PostLogoutRedirectURIs: []string{"https://leaver.example.gov.cn/out"}})
	p.Persona(mobile, "李四", 2)
	b := p.SignIn(mobile)
	token := p.Redeem(c, p.Code(b, c, nil).Get("code"), nil).String("id_token")
	send := func(method, address string, form url.Values, header map[string]string) apptest.Answer {
		request, err := http.NewRequest(method, p.URL+address, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		if form != nil {
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		b.Lend(request)
		for name, value := range header {
			request.Header.Set(name, value)
		}
		return p.Do(request)
	}
	alive := func(t *testing.T) {
		t.Helper()
		if err := b.Open(context.Background(), p.URL+"/me"); err != nil || b.Page.Has("login-password") {
			t.Fatal("the session has ended")
		}
	}
	q := url.Values{"id_token_hint": {token}, "post_logout_redirect_uri": {c.PostLogoutRedirectURIs[0]}, "state": {"bye"}}
	for _, destination := range []string{"image", "iframe", "script", "empty"} {
		a := send(http.MethodGet, "/logout?"+q.Encode(), nil, map[string]string{"Sec-Fetch-Dest": destination, "Sec-Fetch-Site": "cross-site"})
		if a.Status != http.StatusOK || !strings.Contains(a.Text, "logout-confirm") {
			t.Errorf("as %s: %d", destination, a.Status)
		}
		alive(t)
	}
	if a := send(http.MethodGet, "/logout", nil, nil); a.Status != http.StatusOK || !strings.Contains(a.Text, "logout-confirm") {
		t.Errorf("without hint: %d", a.Status)
	}
	for name, change := range map[string]url.Values{"not registered": {"post_logout_redirect_uri": {"https://evil.example/"}}, "longer": {"post_logout_redirect_uri": {c.PostLogoutRedirectURIs[0] + "/"}},
		"registered for sign-in only": {"post_logout_redirect_uri": {c.RedirectURIs[0]}}, "hint of another client": {"client_id": {"nobody"}}} {
		bad := url.Values{}
		for n, v := range q {
			bad[n] = v
		}
		for n, v := range change {
			bad[n] = v
		}
		wantPage(t, send(http.MethodGet, "/logout?"+bad.Encode(), nil, nil))
		if t.Failed() {
			t.Fatal(name)
		}
		alive(t)
	}
	t.Run("O-49 a confirmation from elsewhere", func(t *testing.T) {
		for name, header := range map[string]map[string]string{"site": {"Sec-Fetch-Site": "cross-site"}, "origin": {"Origin": "https://evil.example"}} {
			if a := send(http.MethodPost, "/logout", url.Values{"logout-confirm": {"1"}}, header); a.Status != http.StatusForbidden {
				t.Errorf("%s: %d", name, a.Status)
			}
			alive(t)
		}
	})
	t.Run("a portal may send its request by POST", func(t *testing.T) {
		a := send(http.MethodPost, "/logout", q, map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://leaver.example.gov.cn"})
		if a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), "/logout?") {
			t.Fatalf("%d %q", a.Status, a.Header.Get("Location"))
		}
		alive(t)
		a = send(http.MethodGet, a.Header.Get("Location"), nil, map[string]string{"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "cross-site"})
		if a.Header.Get("Location") != c.PostLogoutRedirectURIs[0]+"?state=bye" {
			t.Errorf("%d %q", a.Status, a.Header.Get("Location"))
		}
	})
}

// portal is a relying party that takes logout tokens.
type portal struct {
	*httptest.Server
	mutex  sync.Mutex
	tokens []string
}

func newTokenPortal(t *testing.T) *portal {
	o := &portal{}
	o.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mutex.Lock()
		defer o.mutex.Unlock()
		if r.Method == http.MethodPost {
			o.tokens = append(o.tokens, r.PostFormValue("logout_token"))
		}
	}))
	t.Cleanup(o.Close)
	return o
}

func (o *portal) told() []string {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return append([]string(nil), o.tokens...)
}

func TestLogoutReachesEveryPortal(t *testing.T) {
	for _, engine := range engines(t) {
		t.Run(engine.Name, func(t *testing.T) {
			var portals []*portal
			cfg := apptest.NewConfig(t, engine.OpenURL(t), t.TempDir())
			for range 3 {
				o := newTokenPortal(t)
				portals = append(portals, o)
				cfg.Outbound.Allowed = append(cfg.Outbound.Allowed, strings.TrimPrefix(o.URL, "http://"))
			}
			p := apptest.StartWith(t, cfg)
			p.Persona(mobile, "李四", 2)
			b, ctx := p.SignIn(mobile), context.Background()
			var clients []idp.Client
			var subjects, sids []any
			for i, o := range portals {
				c := p.Client(idp.Client{ClientID: []string{"a", "b", "c"}[i], ApplicationType: "native", IDTokenAlg: []string{"ES256", "RS256", "SGD_SM3_SM2"}[i], BackchannelLogoutURI: o.URL + "/out", RedirectURIs: []string{"http://127.0.0.1/cb"},
					PostLogoutRedirectURIs: []string{"https://a.example.gov.cn/out"},
					RequestSettings:        idp.RequestSettings{FrontchannelLogoutURI: "https://" + []string{"a", "b", "c"}[i] + ".example.gov.cn/front?x=1", FrontchannelSession: i > 0}})
				// Between the portals the person signs in anew; all of it is one session.
				change := url.Values{}
				if i == 1 {
					change = url.Values{"prompt": {"login"}}
				}
				claims := apptest.Claims(t, p.Redeem(c, signInFor(t, p, b, c, change), nil).String("id_token"))
				clients, subjects, sids = append(clients, c), append(subjects, claims["sub"]), append(sids, claims["sid"])
			}
			if sids[0] != sids[1] || sids[1] != sids[2] {
				t.Errorf("a further login tore the session apart: %v", sids)
			}
			hint := p.Redeem(clients[0], p.Code(b, clients[0], nil).Get("code"), nil).String("id_token")
			began := time.Now()
			if err := b.Open(ctx, p.URL+"/logout?"+url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {"https://a.example.gov.cn/out"}, "state": {"s"}}.Encode()); err != nil {
				t.Fatal(err)
			}
			policy := b.Page.Header.Get("Content-Security-Policy")
			frames, _, _ := strings.Cut(policy, ";")
			for _, name := range []string{"a", "b", "c"} {
				if !strings.Contains(frames+" ", " https://"+name+".example.gov.cn ") {
					t.Errorf("the policy lets no frame to %s: %s", name, policy)
				}
			}
			if !strings.HasPrefix(frames, "frame-src ") || strings.Count(frames, " ") != 3 || b.Page.Header.Get("Refresh") != "3; url=https://a.example.gov.cn/out?state=s" {
				t.Errorf("policy %q, onward %q", policy, b.Page.Header.Get("Refresh"))
			}
			sid, _ := sids[0].(string)
			for _, frame := range []string{`src="https://a.example.gov.cn/front?x=1"`, `src="https://b.example.gov.cn/front?iss=` + url.QueryEscape(p.URL) + `&amp;sid=` + sid + `&amp;x=1"`} {
				if !strings.Contains(b.Page.Source, frame) {
					t.Errorf("no frame %s in %s", frame, b.Page.Source)
				}
			}
			for i, o := range portals {
				for len(o.told()) == 0 && time.Since(began) < 10*5*time.Second {
					time.Sleep(20 * time.Millisecond)
				}
				if took := time.Since(began); len(o.told()) != 1 || took > 50*time.Second {
					t.Fatalf("X-09 portal %d has %d tokens after %s", i, len(o.told()), took)
				}
				verified, err := jose.Verify(o.told()[0], published(t, p, clients[i].IDTokenAlg), jose.Policy{Algorithms: []jose.Algorithm{jose.Algorithm(clients[i].IDTokenAlg)}, Type: "logout+jwt", Issuer: p.URL, Audience: clients[i].ClientID, Now: p.Now(), MaxLife: 2 * time.Minute})
				if err != nil {
					t.Fatal(err)
				}
				claims := apptest.Claims(t, o.told()[0])
				events, _ := claims["events"].(map[string]any)
				if verified.Claims.Subject != subjects[i] || claims["sid"] != sids[i] || claims["nonce"] != nil || verified.Claims.JTI == "" || events["http://schemas.openid.net/event/backchannel-logout"] == nil {
					t.Errorf("token %d is %v", i, claims)
				}
			}
		})
	}
}

// signInFor gives a code, signing in where that is asked.
func signInFor(t *testing.T, p *apptest.Platform, b *walk.Browser, c idp.Client, change url.Values) string {
	t.Helper()
	ctx := context.Background()
	target, err := b.OpenUntil(ctx, p.URL+"/authorize?"+apptest.AuthorizeQuery(c, change).Encode(), c.RedirectURIs[0])
	if err == nil && target == nil && b.Page.Has("login-password") {
		target, err = b.SubmitUntil(ctx, map[string]string{"login-identifier": mobile, "login-password": apptest.Password}, c.RedirectURIs[0])
	}
	if err == nil && target == nil && b.Page.Has("consent-allow") {
		target, err = b.SubmitUntil(ctx, map[string]string{"consent": "allow"}, c.RedirectURIs[0])
	}
	if err != nil || target == nil {
		t.Fatalf("%v on %s: %s", err, b.Page.URL, b.Page.Text)
	}
	return target.Query().Get("code")
}
