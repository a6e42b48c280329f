package app_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/federation"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/internal/walk"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// zhang is a person of the register, as a trusted source tells it.
var zhang = map[string]any{"ial": 2, "name": "张三", "id_document_number": "11010519491231002X"}

func startFederation(t *testing.T, database string, h *hostileSource) *apptest.Platform {
	p := startFor(t, database, h.host())
	apply(t, p, app.Manifest{Upstreams: []federation.Source{h.source()}})
	return p
}

// The login page offers first what an application prefers, to its people alone, and nothing where there is no such source.
func TestPreferredSourceComesFirst(t *testing.T) {
	h := newHostile(t)
	p := startFederation(t, database(t), h)
	for name, c := range map[string]struct {
		preferred string
		first     bool
	}{"prefers": {"province", true}, "none": {"", false}, "another": {"elsewhere", false}} {
		client := p.Client(idp.Client{ClientID: name, RedirectURIs: []string{"https://" + name + ".gov.cn/cb"}, PreferredUpstream: c.preferred})
		b := walk.New(nil)
		open(t, b, p.URL+"/authorize?"+apptest.AuthorizeQuery(client, nil).Encode())
		first, password := strings.Index(b.Page.Source, `id="login-first"`), strings.Index(b.Page.Source, `id="login-password"`)
		if password < 0 || (first >= 0) != c.first || first > password || strings.Count(b.Page.Source, "/federation/province/start") != 1 {
			t.Errorf("%s: the preferred source at %d, the password at %d", name, first, password)
		}
	}
	err := p.App.Apply(t.Context(), app.Manifest{Clients: []idp.Client{{ClientID: "wrong", ClientName: "w", Scope: "openid", RedirectURIs: []string{"https://wrong.gov.cn/cb"}, PreferredUpstream: "a b"}}})
	if fault.CodeOf(err) != fault.ClientMetadata {
		t.Errorf("a name that is none: %v", err)
	}
}

func TestO61AnswersThatProveNothingGiveNoSession(t *testing.T) {
	h := newHostile(t)
	p := startFederation(t, database(t), h)
	good := func() { h.claims, h.change, h.sign = map[string]any{"sub": "person-1"}, nil, nil }
	good()
	b := walk.New(nil)
	h.login(t, p, b)
	if b.Page.URL.Path != "/me" {
		t.Fatalf("a good answer ends on %s: %s", b.Page.URL, b.Page.Text)
	}
	if h.asked.Get("code_challenge_method") != "S256" || h.asked.Get("response_type") != "code" || h.asked.Get("redirect_uri") != p.URL+"/federation/province/callback" || len(h.asked.Get("nonce")) < 22 {
		t.Errorf("the source was asked %v", h.asked)
	}
	verifier := sha256.Sum256([]byte(h.redeemed.Get("code_verifier")))
	if base64.RawURLEncoding.EncodeToString(verifier[:]) != h.asked.Get("code_challenge") {
		t.Error("the verifier does not belong to the challenge")
	}
	other := newKey(t)
	for name, change := range map[string]func(claims map[string]any){
		"no nonce":            func(c map[string]any) { delete(c, "nonce") },
		"another nonce":       func(c map[string]any) { c["nonce"] = "n" },
		"no aud":              func(c map[string]any) { delete(c, "aud") },
		"another aud":         func(c map[string]any) { c["aud"] = "other" },
		"several aud, no azp": func(c map[string]any) { c["aud"] = []string{"county", "other"} },
		"another azp":         func(c map[string]any) { c["azp"] = "other" },
		"no exp":              func(c map[string]any) { delete(c, "exp") },
		"expired":             func(c map[string]any) { c["exp"] = time.Now().Add(-time.Minute).Unix() },
		"no iat":              func(c map[string]any) { delete(c, "iat") },
		"old iat":             func(c map[string]any) { c["iat"] = time.Now().Add(-time.Hour).Unix() },
		"from the future":     func(c map[string]any) { c["iat"] = time.Now().Add(time.Hour).Unix() },
		"another iss":         func(c map[string]any) { c["iss"] = "https://evil.example" },
		"no iss":              func(c map[string]any) { delete(c, "iss") },
		"no sub":              func(c map[string]any) { delete(c, "sub") },
		"long sub":            func(c map[string]any) { c["sub"] = strings.Repeat("s", 256) },
		"at_hash of another":  func(c map[string]any) { c["at_hash"] = jose.HalfHash(jose.ES256, "other") },
		"a logout token":      func(c map[string]any) { c["events"] = map[string]any{} },
	} {
		t.Run(name, func(t *testing.T) {
			good()
			h.change = change
			b := walk.New(nil)
			h.login(t, p, b)
			wantErrorPage(t, b, http.StatusBadRequest, upstreamRefused)
			wantSignedOut(t, p, b)
		})
	}
	for name, sign := range map[string]func(claims map[string]any) string{
		"another key": func(c map[string]any) string { return signed(t, other, "JWT", c) },
		"J-01 none": func(c map[string]any) string {
			payload, _ := json.Marshal(c)
			return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString(payload) + "."
		},
		"type of an access token": func(c map[string]any) string { return signed(t, h.key, "at+jwt", c) },
		"type of a logout token":  func(c map[string]any) string { return signed(t, h.key, "logout+jwt", c) },
		"no token":                func(c map[string]any) string { return "" },
	} {
		t.Run(name, func(t *testing.T) {
			good()
			h.sign = sign
			b := walk.New(nil)
			h.login(t, p, b)
			wantErrorPage(t, b, http.StatusBadRequest, upstreamRefused)
			wantSignedOut(t, p, b)
		})
	}
	good()
	for name, changes := range map[string][]string{
		"O-21 no iss": {"iss", ""}, "O-21 another iss": {"iss", "https://evil.example"}, "no code": {"code", ""}, "error": {"error", "access_denied"}, "no state": {"state", ""}, "another state": {"state", "guess"},
	} {
		t.Run(name, func(t *testing.T) {
			b := walk.New(nil)
			h.comeBack(t, p, b, h.begin(t, p, b, "").Get("state"), changes...)
			wantErrorPage(t, b, http.StatusBadRequest, upstreamRefused)
			wantSignedOut(t, p, b)
		})
	}
	t.Run("intent used twice", func(t *testing.T) {
		b := walk.New(nil)
		state := h.begin(t, p, b, "").Get("state")
		h.comeBack(t, p, b, state)
		h.comeBack(t, p, b, state)
		wantErrorPage(t, b, http.StatusBadRequest, upstreamRefused)
	})
	t.Run("intent of another browser", func(t *testing.T) {
		victim := walk.New(nil)
		h.begin(t, p, victim, "")
		state := h.begin(t, p, walk.New(nil), "").Get("state") // the source answers the stranger's question, nonce and all
		h.comeBack(t, p, victim, state)
		wantErrorPage(t, victim, http.StatusBadRequest, upstreamRefused)
		wantSignedOut(t, p, victim)
	})
	t.Run("intent after ten minutes", func(t *testing.T) {
		b := walk.New(nil)
		state := h.begin(t, p, b, "").Get("state")
		p.Advance(federation.IntentLife + time.Second)
		h.comeBack(t, p, b, state)
		p.Advance(-federation.IntentLife - time.Second)
		wantErrorPage(t, b, http.StatusBadRequest, upstreamRefused)
	})
	t.Run("intent of another source", func(t *testing.T) {
		second := h.source()
		second.ID = "city"
		apply(t, p, app.Manifest{Upstreams: []federation.Source{second}})
		b := walk.New(nil)
		state := h.begin(t, p, b, "").Get("state")
		if err := b.Open(context.Background(), p.URL+"/federation/city/callback?"+url.Values{"code": {"c"}, "state": {state}, "iss": {h.URL}}.Encode()); err != nil {
			t.Fatal(err)
		}
		wantErrorPage(t, b, http.StatusBadRequest, upstreamRefused)
	})
	t.Run("the account was suspended", func(t *testing.T) {
		b := walk.New(nil)
		h.login(t, p, b)
		account := identified(t, p, b)
		if err := p.App.Accounts.SetState(context.Background(), account, idp.AccountSuspended, "test"); err != nil {
			t.Fatal(err)
		}
		b = walk.New(nil)
		h.login(t, p, b)
		wantErrorPage(t, b, http.StatusBadRequest, upstreamRefused)
		wantSignedOut(t, p, b)
	})
	t.Run("the source is silent", func(t *testing.T) {
		b := walk.New(nil)
		state := h.begin(t, p, b, "").Get("state")
		h.silent = true
		defer func() { h.silent = false }()
		h.comeBack(t, p, b, state)
		wantErrorPage(t, b, http.StatusServiceUnavailable, "YX-AUTH-303")
	})
	t.Run("disabled connector", func(t *testing.T) {
		b := walk.New(nil)
		state := h.begin(t, p, b, "").Get("state")
		off := h.source()
		off.Disabled = true
		apply(t, p, app.Manifest{Upstreams: []federation.Source{off}})
		h.comeBack(t, p, b, state)
		wantErrorPage(t, b, http.StatusBadRequest, upstreamUnknown)
		for _, path := range []string{"/federation/province/start", "/federation/nobody/start"} {
			if err := b.Open(context.Background(), p.URL+path); err != nil {
				t.Fatal(err)
			}
			wantErrorPage(t, b, http.StatusBadRequest, upstreamUnknown)
		}
		if err := b.Open(context.Background(), p.URL+"/login"); err != nil || strings.Contains(b.Page.Source, "/federation/province/") {
			t.Error("the button is still there")
		}
	})
}

// identified is the account behind a signed-in browser, found by what a client of the platform is told.
func identified(t *testing.T, p *apptest.Platform, b *walk.Browser) string {
	t.Helper()
	c := p.Client(idp.Client{ClientID: "who"})
	claims := apptest.Claims(t, p.Redeem(c, p.Code(b, c, nil).Get("code"), nil).String("id_token"))
	db := testkit.OpenDatabase(t, p.Config.Database.URL)
	var account string
	if err := db.Read().QueryRowContext(context.Background(), "SELECT account_id FROM idp_session WHERE id = $1", claims["sid"]).Scan(&account); err != nil {
		t.Fatal(err)
	}
	return account
}

func TestO62NoAccountIsJoinedByPhoneOrMail(t *testing.T) {
	h := newHostile(t)
	p := startFederation(t, database(t), h)
	p.Persona(mobile, "李四", 2)
	victim := identified(t, p, p.SignIn(mobile))
	h.claims = map[string]any{"phone_number": "+86" + mobile, "phone_number_verified": true, "email": "victim@example.cn", "email_verified": true, "ial": 2, "name": "李四"}
	b := walk.New(nil)
	h.login(t, p, b)
	mine := identified(t, p, b)
	if mine == victim || mine == "" {
		t.Fatal("the account of the phone's owner was taken over")
	}
	person, err := p.App.Accounts.Person(context.Background(), mine)
	if err != nil || person.IAL != 0 || person.Name != "" || person.Mobile != "" || person.Email != "" {
		t.Errorf("without a number the person is %+v, %v", person, err)
	}
}

func TestUpstreamLevelsFollowTheMap(t *testing.T) {
	for name, test := range map[string]struct {
		claims  map[string]any
		trusted bool
		ial     int
	}{
		"mapped":               {map[string]any{"ial": 2, "name": "张三", "id_document_number": "11010519491231002X"}, true, 2},
		"mapped word":          {map[string]any{"ial": "L3", "name": "张三", "id_document_number": "11010519491231002x"}, true, 3},
		"not in the map":       {map[string]any{"ial": 4, "name": "张三", "id_document_number": "11010519491231002X"}, true, 0},
		"no level":             {map[string]any{"name": "张三", "id_document_number": "11010519491231002X"}, true, 0},
		"no number":            {map[string]any{"ial": 2, "name": "张三"}, true, 0},
		"bad number":           {map[string]any{"ial": 2, "name": "张三", "id_document_number": "110105194912310021"}, true, 0},
		"no name":              {map[string]any{"ial": 2, "id_document_number": "11010519491231002X"}, true, 0},
		"source without trust": {map[string]any{"ial": 2, "name": "张三", "id_document_number": "11010519491231002X"}, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHostile(t)
			p := startFor(t, database(t), h.host())
			source := h.source()
			if !test.trusted {
				source.TrustedIdentity, source.Levels = false, nil
			}
			source.LevelDays = 30
			apply(t, p, app.Manifest{Upstreams: []federation.Source{source}})
			h.claims = test.claims
			b := walk.New(nil)
			h.login(t, p, b)
			account := identified(t, p, b)
			person, err := p.App.Accounts.Person(context.Background(), account)
			if err != nil || int(person.IAL) != test.ial {
				t.Fatalf("level is %d, want %d, %v", person.IAL, test.ial, err)
			}
			if test.ial > 0 {
				if person.Name != "张三" || person.IALSource != "province" || person.IALMethod != "upstream" {
					t.Errorf("person is %+v", person)
				}
				p.Advance(31 * 24 * time.Hour)
				if person, _ := p.App.Accounts.Person(context.Background(), account); person.IAL != 0 {
					t.Error("the level did not expire")
				}
			}
		})
	}
}

func TestOneLegalIdentityIsOneAccount(t *testing.T) {
	h := newHostile(t)
	p := startFederation(t, database(t), h)
	p.Persona("13800138000", "张三", 1) // the register's number of this persona
	ctx := context.Background()
	owner := accountOf(t, p, "13800138000").ID
	number, err := p.App.Accounts.Person(ctx, owner)
	if err != nil || number.IDNumber != zhang["id_document_number"] {
		t.Fatalf("the persona has the number %s, %v", number.IDNumber, err)
	}
	h.claims = zhang
	b := walk.New(nil)
	h.login(t, p, b)
	wantErrorPage(t, b, http.StatusConflict, linkNeeded)
	wantSignedOut(t, p, b)
	link := func(b *walk.Browser) {
		t.Helper()
		if err := b.Open(ctx, p.URL+"/federation"); err != nil {
			t.Fatal(err)
		}
		if err := b.Submit(ctx, map[string]string{"upstream-link": "1"}); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("A-14 an old login may not link", func(t *testing.T) {
		b := p.SignIn("13800138000")
		p.Advance(federation.LinkWindow + time.Second)
		link(b)
		wantErrorPage(t, b, http.StatusUnauthorized, "YX-AUTH-305")
		p.Advance(-federation.LinkWindow - time.Second)
	})
	t.Run("nobody links without a login", func(t *testing.T) {
		request, err := http.NewRequest(http.MethodPost, p.URL+"/federation/province/link", nil)
		if err != nil {
			t.Fatal(err)
		}
		if a := p.Do(request); a.Status != http.StatusUnauthorized || a.Header.Get("Location") != "" {
			t.Errorf("%d to %q", a.Status, a.Header.Get("Location"))
		}
		request.Header.Set("Sec-Fetch-Site", "cross-site")
		if a := p.Do(request); a.Status != http.StatusForbidden {
			t.Errorf("O-49: %d", a.Status)
		}
	})
	t.Run("another person came meanwhile", func(t *testing.T) {
		p.Persona(mobile, "李四", 2)
		b := p.SignIn("13800138000")
		link(b)
		state := h.asked.Get("state")
		if err := b.Open(ctx, p.URL+"/login"); err != nil {
			t.Fatal(err)
		}
		if err := b.Submit(ctx, map[string]string{"login-identifier": mobile, "login-password": apptest.Password}); err != nil {
			t.Fatal(err)
		}
		h.comeBack(t, p, b, state)
		wantErrorPage(t, b, http.StatusBadRequest, upstreamRefused)
	})
	t.Run("another person's identity is not linked", func(t *testing.T) {
		b := p.SignIn(mobile)
		link(b)
		h.comeBack(t, p, b, h.asked.Get("state"))
		wantErrorPage(t, b, http.StatusConflict, "YX-IDV-205")
	})
	b = p.SignIn("13800138000")
	link(b)
	h.comeBack(t, p, b, h.asked.Get("state"))
	if b.Page.URL.Path != "/federation" || !strings.Contains(b.Page.Source, "/federation/province/unlink") {
		t.Fatalf("the link ended on %s: %s", b.Page.URL, b.Page.Text)
	}
	person, err := p.App.Accounts.Person(ctx, owner)
	if err != nil || person.IAL != 2 {
		t.Errorf("the level is %d, %v", person.IAL, err)
	}
	fresh := walk.New(nil)
	h.login(t, p, fresh)
	if identified(t, p, fresh) != owner {
		t.Error("the linked person came into another account")
	}
	t.Run("a source that names somebody else is refused", func(t *testing.T) {
		h.claims = map[string]any{"ial": 2, "name": "李四", "id_document_number": "99990019800101001X"}
		b := walk.New(nil)
		h.login(t, p, b)
		if b.Page.Status != http.StatusConflict {
			t.Errorf("%d %s", b.Page.Status, b.Page.Text)
		}
		wantSignedOut(t, p, b)
		h.claims = zhang
	})
	t.Run("unlink", func(t *testing.T) {
		if err := b.Open(ctx, p.URL+"/federation"); err != nil {
			t.Fatal(err)
		}
		if err := b.Submit(ctx, map[string]string{"upstream-unlink": "1"}); err != nil || strings.Contains(b.Page.Source, "/federation/province/unlink") {
			t.Fatalf("%v %s", err, b.Page.Text)
		}
		again := walk.New(nil)
		h.login(t, p, again)
		wantErrorPage(t, again, http.StatusConflict, linkNeeded)
	})
	t.Run("the only way in stays", func(t *testing.T) {
		h.claims = map[string]any{"sub": "only"}
		b := walk.New(nil)
		h.login(t, p, b)
		if err := b.Open(ctx, p.URL+"/federation"); err != nil {
			t.Fatal(err)
		}
		if err := b.Submit(ctx, map[string]string{"upstream-unlink": "1"}); err != nil {
			t.Fatal(err)
		}
		wantErrorPage(t, b, http.StatusConflict, "YX-AUTH-306")
	})
}

func TestO53InboundLogoutTokens(t *testing.T) {
	h := newHostile(t)
	p := startFederation(t, database(t), h)
	h.claims = map[string]any{"sid": "s1"}
	b := walk.New(nil)
	h.login(t, p, b)
	post := func(token string) apptest.Answer {
		return p.Post("/federation/province/backchannel-logout", idp.Client{}, url.Values{"logout_token": {token}})
	}
	bad := map[string]string{
		"empty": "", "garbage": "x.y.z",
		"unsigned":        base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + strings.Split(h.logoutToken(t, "logout+jwt", h.key, nil), ".")[1] + ".",
		"another key":     h.logoutToken(t, "logout+jwt", h.other, nil),
		"wrong aud":       h.logoutToken(t, "logout+jwt", h.key, map[string]any{"aud": "other"}),
		"wrong iss":       h.logoutToken(t, "logout+jwt", h.key, map[string]any{"iss": "https://evil.example"}),
		"with nonce":      h.logoutToken(t, "logout+jwt", h.key, map[string]any{"nonce": "n"}),
		"no event":        h.logoutToken(t, "logout+jwt", h.key, map[string]any{"events": nil}),
		"another event":   h.logoutToken(t, "logout+jwt", h.key, map[string]any{"events": map[string]any{"x": 1}}),
		"no jti":          h.logoutToken(t, "logout+jwt", h.key, map[string]any{"jti": nil}),
		"no sub, no sid":  h.logoutToken(t, "logout+jwt", h.key, map[string]any{"sub": nil}),
		"no exp":          h.logoutToken(t, "logout+jwt", h.key, map[string]any{"exp": nil}),
		"expired":         h.logoutToken(t, "logout+jwt", h.key, map[string]any{"exp": time.Now().Add(-time.Minute).Unix()}),
		"old":             h.logoutToken(t, "logout+jwt", h.key, map[string]any{"iat": time.Now().Add(-time.Hour).Unix()}),
		"an access token": h.logoutToken(t, "at+jwt", h.key, nil),
		"an ID token":     signed(t, h.key, "JWT", map[string]any{"iss": h.URL, "aud": "county", "sub": "person-1", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(), "jti": "x", "nonce": "n"}),
	}
	for name, token := range bad {
		if a := post(token); a.Status != http.StatusBadRequest || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %s", name, a.Status, a.Text)
		}
	}
	if a := p.Post("/federation/nobody/backchannel-logout", idp.Client{}, url.Values{"logout_token": {h.logoutToken(t, "logout+jwt", h.key, nil)}}); a.Status != http.StatusBadRequest {
		t.Errorf("a source that is not known: %d", a.Status)
	}
	stillIn := func(b *walk.Browser) bool {
		t.Helper()
		if err := b.Open(context.Background(), p.URL+"/me"); err != nil {
			t.Fatal(err)
		}
		return !b.Page.Has("login-password")
	}
	wantOut := func(b *walk.Browser) {
		t.Helper()
		for range 1000 {
			if !stillIn(b) {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		t.Error("the session did not end")
	}
	post(h.logoutToken(t, "logout+jwt", h.key, map[string]any{"sub": "person-2"}))
	post(h.logoutToken(t, "logout+jwt", h.key, map[string]any{"sid": "s2"}))
	time.Sleep(time.Second)
	if !stillIn(b) {
		t.Fatal("a token that is of nobody here signed somebody out")
	}
	token := h.logoutToken(t, "logout+jwt", h.key, map[string]any{"sub": nil, "sid": "s1"})
	if a := post(token); a.Status != http.StatusOK {
		t.Fatalf("%d %s", a.Status, a.Text)
	}
	wantOut(b)
	h.login(t, p, b)
	if a := post(token); a.Status != http.StatusBadRequest {
		t.Errorf("replay: %d", a.Status)
	}
	time.Sleep(time.Second)
	if !stillIn(b) {
		t.Error("a replay signed the person out again")
	}
	if a := post(h.logoutToken(t, "JWT", h.key, nil)); a.Status != http.StatusOK { // by subject, in a type that others send
		t.Fatalf("%d %s", a.Status, a.Text)
	}
	wantOut(b)
}

// Another instance of the platform is the province: a person of the province signs in at the county, a portal of the
// county learns the level, and the province's logout reaches the portal.
func TestUpstreamIsAnotherInstanceOnBothDatabases(t *testing.T) {
	for _, engine := range engines(t) {
		t.Run(engine.Name, func(t *testing.T) {
			ctx := context.Background()
			var county *apptest.Platform
			relay := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // its port is known before the county's
				target, _ := url.Parse(county.URL)
				httputil.NewSingleHostReverseProxy(target).ServeHTTP(w, r)
			}))
			t.Cleanup(relay.Close)
			portal := newPortal(t)
			province := startFor(t, database(t), strings.TrimPrefix(relay.URL, "http://"))
			county = startFor(t, engine.OpenURL(t), strings.TrimPrefix(province.URL, "http://"), portal.host())
			registered := province.Client(idp.Client{ClientID: "county", ApplicationType: "native", RedirectURIs: []string{county.URL + "/federation/province/callback"}, Scope: "openid profile identity",
				BackchannelLogoutURI: relay.URL + "/federation/province/backchannel-logout", IDTokenAlg: "SGD_SM3_SM2"})
			apply(t, county, app.Manifest{Upstreams: []federation.Source{{ID: "province", Name: "省平台", Issuer: province.URL, ClientID: "county", Secret: registered.ClientSecret,
				Scope: registered.Scope, Algorithms: []string{"SGD_SM3_SM2"}, TrustedIdentity: true, Levels: map[string]int{"1": 1, "2": 1}}}})
			province.Persona("13800138000", "张三", 2)
			c := county.Client(idp.Client{ClientID: "portal", ApplicationType: "native", RedirectURIs: []string{portal.URL + "/cb"}, BackchannelLogoutURI: portal.URL + "/out"})
			b := walk.New(nil)
			if err := b.Open(ctx, county.URL+"/authorize?"+apptest.AuthorizeQuery(c, nil).Encode()); err != nil || !strings.Contains(b.Page.Text, "省平台") {
				t.Fatalf("no button: %v %s", err, b.Page.Text)
			}
			if err := b.Open(ctx, county.URL+"/federation/province/start?flow="+b.Page.URL.Query().Get("flow")); err != nil {
				t.Fatal(err)
			}
			if err := b.Submit(ctx, map[string]string{"login-identifier": "13800138000", "login-password": apptest.Password}); err != nil {
				t.Fatal(err)
			}
			if err := b.Submit(ctx, map[string]string{"consent": "allow"}); err != nil || b.Page.URL.Path != "/consent" || !strings.HasPrefix(b.Page.URL.String(), county.URL) {
				t.Fatalf("the province led to %s: %v %s", b.Page.URL, err, b.Page.Text)
			}
			target, err := b.SubmitUntil(ctx, map[string]string{"consent": "allow"}, c.RedirectURIs[0])
			if err != nil || target == nil {
				t.Fatalf("%v %s", err, b.Page.Text)
			}
			tokens := county.Redeem(c, target.Query().Get("code"), nil)
			claims := apptest.Claims(t, tokens.String("id_token"))
			if claims["ial"] != 1.0 || claims["name"] != "张三" || claims["acr"] != "urn:yinxin:aal:1" {
				t.Errorf("the portal learns %v", claims)
			}
			if err := b.Open(ctx, province.URL+"/logout"); err != nil {
				t.Fatal(err)
			}
			if err := b.Submit(ctx, map[string]string{"logout-confirm": "1"}); err != nil {
				t.Fatal(err)
			}
			told := apptest.Claims(t, portal.posted(t, 1)[0].Get("logout_token"))
			if told["sid"] != claims["sid"] || told["iss"] != county.URL {
				t.Errorf("the portal was told %v", told)
			}
			wantSignedOut(t, county, b)
			wantError(t, county.Refresh(c, tokens.String("refresh_token")), http.StatusBadRequest, "invalid_grant")
		})
	}
}

func TestUpstreamLoginIsAsOldAsItIsThere(t *testing.T) {
	h := newHostile(t)
	p := startFederation(t, database(t), h)
	c, ctx := p.Client(idp.Client{ClientID: "again"}), context.Background()
	b := walk.New(nil)
	flow := func(prompt string) string {
		t.Helper()
		if err := b.Open(ctx, p.URL+"/authorize?"+apptest.AuthorizeQuery(c, url.Values{"prompt": {prompt}}).Encode()); err != nil || !b.Page.Has("login-password") {
			t.Fatalf("no login page: %v %s", err, b.Page.Text)
		}
		return b.Page.URL.Query().Get("flow")
	}
	t.Run("the source is asked for a new login", func(t *testing.T) {
		asked := h.begin(t, p, b, flow("login"))
		if asked.Get("prompt") != "login" || asked.Get("max_age") != "0" {
			t.Errorf("the source was asked %v", asked)
		}
		h.claims = nil
		h.comeBack(t, p, b, asked.Get("state")) // without auth_time nothing is known
		wantErrorPage(t, b, http.StatusBadRequest, upstreamRefused)
	})
	t.Run("an old login does not do", func(t *testing.T) {
		asked := h.begin(t, p, b, flow("login"))
		h.claims = map[string]any{"auth_time": time.Now().Add(-time.Hour).Unix()}
		h.comeBack(t, p, b, asked.Get("state"))
		if !b.Page.Has("login-password") {
			t.Errorf("the flow went on to %s", b.Page.URL)
		}
	})
	t.Run("a new one does, with its strength", func(t *testing.T) {
		asked := h.begin(t, p, b, flow("login"))
		h.claims = map[string]any{"auth_time": time.Now().Add(5 * time.Second).Unix(), "acr": "strong"}
		h.comeBack(t, p, b, asked.Get("state"))
		target, err := b.SubmitUntil(ctx, map[string]string{"consent": "allow"}, c.RedirectURIs[0])
		if err != nil || target == nil {
			t.Fatalf("%v %s", err, b.Page.Text)
		}
		if claims := apptest.Claims(t, p.Redeem(c, target.Query().Get("code"), nil).String("id_token")); claims["acr"] != "urn:yinxin:aal:2" || fmt.Sprint(claims["amr"]) != "[fed]" {
			t.Errorf("claims are %v", claims)
		}
	})
	t.Run("security rule 8 A-20: the second factor of the account is asked for, and makes an old login no newer", func(t *testing.T) {
		key := addTOTP(t, p, b)
		asked := h.begin(t, p, b, flow("login"))
		h.claims = map[string]any{"auth_time": time.Now().Add(-time.Hour).Unix()}
		h.comeBack(t, p, b, asked.Get("state"))
		if b.Page.URL.Path != "/login/second" {
			t.Fatalf("went on to %s", b.Page.URL)
		}
		p.Advance(time.Minute)
		if err := b.Submit(ctx, map[string]string{"otp-code": totpAt(t, key, p.Now())}); err != nil || !b.Page.Has("login-password") {
			t.Errorf("the flow went on to %s: %v", b.Page.URL, err)
		}
	})
	t.Run("O-51 a flow of another browser", func(t *testing.T) {
		foreign := flow("login")
		stranger := walk.New(nil)
		if err := stranger.Open(ctx, p.URL+"/federation/province/start?flow="+foreign); err != nil {
			t.Fatal(err)
		}
		wantErrorPage(t, stranger, http.StatusBadRequest, "YX-AUTH-107")
	})
}

func TestUpstreamUserinfoIsOfTheSamePerson(t *testing.T) {
	h := newHostile(t)
	p := startFor(t, database(t), h.host())
	source := h.source()
	source.UserInfo = true
	apply(t, p, app.Manifest{Upstreams: []federation.Source{source}})
	h.userinfo = map[string]any{"sub": "person-2", "ial": 2, "name": "张三", "id_document_number": "11010519491231002X"}
	b := walk.New(nil)
	h.login(t, p, b)
	wantErrorPage(t, b, http.StatusBadRequest, upstreamRefused)
	h.userinfo["sub"] = "person-1"
	h.login(t, p, b)
	if person, err := p.App.Accounts.Person(context.Background(), identified(t, p, b)); err != nil || person.IAL != 2 || person.Name != "张三" {
		t.Errorf("person is %+v, %v", person, err)
	}
}

func TestMetadataOfAnotherIssuerIsRefused(t *testing.T) {
	evil := newHostile(t)
	for name, document := range map[string]map[string]any{
		"another issuer":       {"issuer": "https://evil.example", "authorization_endpoint": evil.URL, "token_endpoint": evil.URL, "jwks_uri": evil.URL},
		"script as an address": {"issuer": "@", "authorization_endpoint": "javascript:alert(1)", "token_endpoint": evil.URL, "jwks_uri": evil.URL},
		"no key set":           {"issuer": "@", "authorization_endpoint": evil.URL, "token_endpoint": evil.URL},
	} {
		t.Run(name, func(t *testing.T) {
			var server *httptest.Server
			server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if document["issuer"] == "@" {
					document["issuer"] = server.URL
				}
				json.NewEncoder(w).Encode(document)
			}))
			defer server.Close()
			p := startFor(t, database(t), strings.TrimPrefix(server.URL, "http://"))
			source := evil.source()
			source.Issuer = server.URL
			apply(t, p, app.Manifest{Upstreams: []federation.Source{source}})
			b := walk.New(nil)
			if err := b.Open(context.Background(), p.URL+"/federation/province/start"); err != nil {
				t.Fatal(err)
			}
			wantErrorPage(t, b, http.StatusBadRequest, upstreamRefused)
		})
	}
	t.Run("R9 an address that may not be reached", func(t *testing.T) {
		p := apptest.Start(t, database(t)) // nothing is allowed
		apply(t, p, app.Manifest{Upstreams: []federation.Source{evil.source()}})
		b := walk.New(nil)
		if err := b.Open(context.Background(), p.URL+"/federation/province/start"); err != nil {
			t.Fatal(err)
		}
		if b.Page.Status != http.StatusServiceUnavailable || !b.Page.Has("login-password") || !strings.Contains(b.Page.Text, "没有回应") {
			t.Errorf("page is %d %s", b.Page.Status, b.Page.Text)
		}
	})
}

// TestLinkingNamesTheOriginOfTheLoginPage: a source may log people in at another host than its issuer, and browsers hold a form to the
// addresses of the policy.
func TestLinkingNamesTheOriginOfTheLoginPage(t *testing.T) {
	h := newHostile(t)
	var elsewhere, issuer *httptest.Server
	elsewhere = httptest.NewServer(http.NotFoundHandler())
	defer elsewhere.Close()
	issuer = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{"issuer": issuer.URL, "authorization_endpoint": elsewhere.URL + "/login", "token_endpoint": issuer.URL, "jwks_uri": issuer.URL})
	}))
	defer issuer.Close()
	p := startFor(t, database(t), strings.TrimPrefix(issuer.URL, "http://"))
	source := h.source()
	source.Issuer = issuer.URL
	apply(t, p, app.Manifest{Upstreams: []federation.Source{source}})
	p.Persona(mobile, "李四", 2)
	b := p.SignIn(mobile)
	open(t, b, p.URL+"/federation")
	policy := b.Page.Header.Get("Content-Security-Policy")
	if !strings.HasSuffix(policy, "form-action 'self' "+elsewhere.URL) {
		t.Errorf("the policy is %s", policy)
	}
}
