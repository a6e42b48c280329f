package app_test

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/idp/openplatform"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/testkit"
)

// wordsFile is the file that docs/integration/scopes.md shows.
const wordsFile = `
claims:
  - id: real_name_masked
    title: {zh-CN: 姓名（部分）, en: Part of your name, zh-Hant: 姓名（部分）}
    source: name
    mask: partial
  - id: adult
    title: {zh-CN: 是否成年, en: Whether you are of age, zh-Hant: 是否成年}
    source: age_over_18
    basis: statutory
    citation: 未成年人保护法第五十八条
    ial: 2
scopes:
  - id: venue
    title: {zh-CN: 场馆入场, en: Entry to venues, zh-Hant: 場館入場}
    claims: [real_name_masked, adult]
    ial: 1
    registration: true
    approval_note: 数据局 2026-11 批准
  - id: venue.gate
    title: {zh-CN: 核对是否成年, en: Check of age, zh-Hant: 核對是否成年}
    claims: [adult]
    consent: false
  - id: transport.read
    title: {zh-CN: 查询您的出行记录, en: Read your journeys, zh-Hant: 查詢您的出行記錄}
    description: {zh-CN: 近 30 天的公交和地铁记录。, en: Buses and metro of the last 30 days., zh-Hant: 近 30 天的公車和地鐵記錄。}
`

func defineWords(t *testing.T, p *apptest.Platform) {
	t.Helper()
	m, err := app.ReadManifest([]byte(wordsFile))
	if err != nil {
		t.Fatal(err)
	}
	applied(t, p, m)
}

// TestTheManualShowsTheFileThatIsTested keeps the page and the tests together.
func TestTheManualShowsTheFileThatIsTested(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(testkit.Root(), "docs/integration/scopes.md"))
	if err != nil || !strings.Contains(string(page), "```yaml\n"+strings.TrimPrefix(wordsFile, "\n")+"```") {
		t.Errorf("the file on the page is another: %v", err)
	}
}

// TestScopesAndClaimsDefinedAtRunTime: an empty installation has what is built in; a defined word is offered, asked for in
// the language of the page with the person's own values, and told in tokens and userinfo.
func TestScopesAndClaimsDefinedAtRunTime(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		offered := func(member string) (all []string) {
			list, _ := p.Get("/.well-known/openid-configuration", "").Body[member].([]any)
			for _, one := range list {
				text, _ := one.(string)
				all = append(all, text)
			}
			return all
		}
		if got := offered("scopes_supported"); !slices.Equal(got, idp.BuiltinVocabulary().Scopes()) {
			t.Fatalf("an empty installation offers %v", got)
		}
		if got := offered("claims_supported"); !slices.Equal(got[len(got)-len(idp.BuiltinVocabulary().Claims()):], idp.BuiltinVocabulary().Claims()) {
			t.Fatalf("an empty installation offers %v", got)
		}
		defineWords(t, p)
		defineWords(t, p)
		if events := append(audited(t, p, "scope.applied"), audited(t, p, "claim.applied")...); len(events) != 5 {
			t.Errorf("the same again makes %d events", len(events))
		}
		if got := offered("scopes_supported"); !slices.Contains(got, "venue") || !slices.Contains(got, "transport.read") {
			t.Errorf("offered %v", got)
		}
		if got := offered("claims_supported"); !slices.Contains(got, "adult") {
			t.Errorf("offered %v", got)
		}
		p.Persona("13800138000", "张三", 2) // the sandbox knows the number
		b := p.SignIn("13800138000")
		c := p.Client(idp.Client{ClientID: "stadium", Scope: "openid venue transport.read"})

		for language, want := range map[string][]string{"en": {"Part of your name", "张*", "Whether you are of age", "Yes", "未成年人保护法第五十八条", "Read your journeys", "Buses and metro"}, "zh-CN": {"姓名（部分）", "依法提供", "查询您的出行记录"}} {
			q := apptest.AuthorizeQuery(c, url.Values{"ui_locales": {language}})
			if err := b.Open(ctx, p.URL+"/authorize?"+q.Encode()); err != nil || !b.Page.Has("consent-allow") {
				t.Fatalf("%v: %s", err, b.Page.Text)
			}
			for _, text := range want {
				if !strings.Contains(b.Page.Text, text) {
					t.Errorf("consent in %s lacks %q: %s", language, text, b.Page.Text)
				}
			}
			if strings.Contains(b.Page.Text, "张三") || b.Page.Has("claim-adult") {
				t.Errorf("whole values, or a box for what the law gives: %s", b.Page.Text)
			}
		}
		issued := p.Redeem(c, p.Code(b, c, nil).Get("code"), nil)
		for name, told := range map[string]map[string]any{"ID token": apptest.Claims(t, issued.String("id_token")), "userinfo": p.Get("/userinfo", issued.String("access_token")).Body} {
			if told["real_name_masked"] != "张*" || told["adult"] != true || told["name"] != nil || told["id_document_number"] != nil {
				t.Errorf("%s tells %v", name, told)
			}
		}
		if again := p.Refresh(c, issued.String("refresh_token")); again.Status != http.StatusOK {
			t.Errorf("refresh: %d %s", again.Status, again.Text)
		}
		if b.Open(ctx, p.URL+"/me?lang=zh-CN"); !strings.Contains(b.Page.Text, "场馆入场") || strings.Contains(b.Page.Text, "claim:") {
			t.Errorf("what was allowed: %s", b.Page.Text)
		}

		t.Run("a single claim", func(t *testing.T) {
			single := p.Redeem(c, p.Code(b, c, url.Values{"scope": {"openid"}, "claims": {`{"id_token":{"real_name_masked":null},"userinfo":{"name":null}}`}}).Get("code"), nil)
			if told := apptest.Claims(t, single.String("id_token")); told["real_name_masked"] != "张*" || told["adult"] != nil {
				t.Errorf("%v", told)
			}
			if told := p.Get("/userinfo", single.String("access_token")).Body; told["name"] != nil {
				t.Errorf("%v", told)
			}
		})
		t.Run("what the law gives is not asked for", func(t *testing.T) {
			gate := p.Client(idp.Client{ClientID: "gate", Scope: "openid venue.gate"})
			q := apptest.AuthorizeQuery(gate, url.Values{"scope": {"venue.gate"}, "prompt": {"none"}})
			target, err := b.OpenUntil(ctx, p.URL+"/authorize?"+q.Encode(), gate.RedirectURIs[0])
			if err != nil || target == nil || target.Query().Get("code") == "" {
				t.Fatalf("%v %v", target, err)
			}
			issued := p.Redeem(gate, target.Query().Get("code"), nil)
			if again := p.Refresh(gate, issued.String("refresh_token")); issued.Status != http.StatusOK || again.Status != http.StatusOK {
				t.Errorf("%s; refresh %s", issued.Text, again.Text)
			}
		})
		t.Run("the least level leads to the proof", func(t *testing.T) {
			p.Persona("13800138023", "", 0)
			low := p.SignIn("13800138023")
			if err := low.Open(ctx, p.URL+"/authorize?"+apptest.AuthorizeQuery(c, nil).Encode()); err != nil || !low.Page.Has("proofing-name") {
				t.Errorf("%v %s", err, low.Page.Text)
			}
		})
	})
}

// TestVocabularyInUseIsKept names the clients, in files and through the API.
func TestVocabularyInUseIsKept(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		ctx := context.Background()
		defineWords(t, p)
		p.Client(idp.Client{ClientID: "stadium", Scope: "openid venue"})
		p.Client(idp.Client{ClientID: "pool", Scope: "openid profile", AllowedClaims: []idp.AllowedClaim{{Claim: "adult", Purpose: "x"}}})
		p.Client(idp.Client{ClientID: "early", Scope: "openid later.word"})
		m, err := app.ReadManifest([]byte(wordsFile))
		if err != nil {
			t.Fatal(err)
		}
		title := m.Scopes[0].Title
		scope := func(change func(s *idp.Scope)) app.Manifest {
			s := m.Scopes[0]
			change(&s)
			return app.Manifest{Scopes: []idp.Scope{s}}
		}
		claim := func(change func(c *idp.Claim)) app.Manifest {
			c := m.Claims[0]
			change(&c)
			return app.Manifest{Claims: []idp.Claim{c}}
		}
		for name, test := range map[string]struct {
			m    app.Manifest
			code fault.Code
			who  string
		}{
			"removed":             {scope(func(s *idp.Scope) { s.Disabled = true }), fault.VocabularyInUse, "stadium"},
			"widened":             {scope(func(s *idp.Scope) { s.Claims = append(slices.Clone(s.Claims), "name") }), fault.VocabularyInUse, "stadium"},
			"unmasked":            {claim(func(c *idp.Claim) { c.Mask = "" }), fault.VocabularyInUse, "stadium"},
			"claim of a scope":    {claim(func(c *idp.Claim) { c.Disabled = true }), fault.ClientMetadata, ""},
			"nobody asked":        {scope(func(s *idp.Scope) { s.Consent = new(bool) }), fault.ClientMetadata, ""},
			"built in":            {app.Manifest{Scopes: []idp.Scope{{ID: "openid", Title: title, Disabled: true}}}, fault.ClientMetadata, ""},
			"built in, in use":    {app.Manifest{Scopes: []idp.Scope{{ID: "profile", Title: title, Disabled: true}}}, fault.VocabularyInUse, "pool"},
			"a role":              {app.Manifest{Scopes: []idp.Scope{{ID: "license_issuer", Title: title}}}, fault.ClientMetadata, ""},
			"of the protocol":     {app.Manifest{Claims: []idp.Claim{{ID: "sub", Title: title, Source: "name"}}}, fault.ClientMetadata, ""},
			"no such claim":       {app.Manifest{Scopes: []idp.Scope{{ID: "own", Title: title, Claims: []string{"salary"}}}}, fault.ClientMetadata, ""},
			"a word that is held": {app.Manifest{Scopes: []idp.Scope{{ID: "later.word", Title: title, Claims: []string{"name"}}}}, fault.VocabularyInUse, "early"},
			"a client's claim":    {app.Manifest{Clients: []idp.Client{{ClientID: "x", RedirectURIs: []string{"https://x.example.gov.cn/cb"}, AllowedClaims: []idp.AllowedClaim{{Claim: "salary", Purpose: "x"}}}}}, fault.ClientMetadata, ""},
			"a client's bound":    {app.Manifest{Scopes: []idp.Scope{{ID: "high", Title: title, IAL: 2}}, Clients: []idp.Client{{ClientID: "x", Scope: "openid high", MaxIAL: 1, RedirectURIs: []string{"https://x.example.gov.cn/cb"}}}}, fault.ClientMetadata, ""},
		} {
			err := p.App.Apply(ctx, test.m)
			if fault.CodeOf(err) != test.code || fault.From(err).Params["clients"] != test.who {
				t.Errorf("%s: %v", name, err)
			}
		}
		// What is only narrowed, or that nobody uses, changes.
		applied(t, p, scope(func(s *idp.Scope) { s.Claims, s.IAL = []string{"adult"}, 2 }))
		applied(t, p, app.Manifest{Scopes: []idp.Scope{{ID: "transport.read", Title: title, Disabled: true}}})

		token, auditor := adminToken(t, p, idp.RoleSystemAdmin), adminToken(t, p, idp.RoleAuditAdmin)
		refused := call(t, p, http.MethodPost, "/api/v1/scopes/venue/suspension", token, map[string]string{"reason": "停用"})
		if refused.Status != http.StatusConflict || refused.String("code") != "YX-ADM-108" || !strings.Contains(refused.Text, "stadium") {
			t.Errorf("%d %s", refused.Status, refused.Text)
		}
		if found := items(t, p.Get("/api/v1/scopes?limit=200", auditor)); len(found) != len(idp.BuiltinVocabulary().Scopes())+4 {
			t.Errorf("%d scopes", len(found))
		}
		claims := items(t, p.Get("/api/v1/claims?limit=5", auditor))
		page := p.Get("/api/v1/claims?limit=2", auditor)
		if found := items(t, p.Get("/api/v1/claims?limit=3&after="+page.String("next"), auditor)); len(found) != 3 || found[0]["id"] != claims[2]["id"] || claims[0]["id"] != items(t, page)[0]["id"] {
			t.Errorf("%v after %v", found, claims)
		}
		definition := map[string]any{"title": title, "claims": []string{"birthday"}}
		put := func(path, token string, definition any, headers ...string) apptest.Answer {
			return call(t, p, http.MethodPut, path, token, map[string]any{"definition": definition, "reason": "新业务"}, headers...)
		}
		if a := put("/api/v1/claims/birthday", auditor, map[string]any{"title": title, "source": "birthdate"}); a.Status != http.StatusForbidden {
			t.Errorf("the auditor defines: %d", a.Status)
		}
		if a := put("/api/v1/scopes/party", token, definition); a.Status != http.StatusUnprocessableEntity {
			t.Errorf("a claim that is not there: %d %s", a.Status, a.Text)
		}
		if a := put("/api/v1/claims/birthday", token, map[string]any{"title": title, "source": "birthdate"}); a.Status != http.StatusOK {
			t.Fatalf("%d %s", a.Status, a.Text)
		}
		created := put("/api/v1/scopes/party", token, definition)
		if created.Status != http.StatusOK || created.Header.Get("ETag") == "" {
			t.Fatalf("%d %s", created.Status, created.Text)
		}
		if a := put("/api/v1/scopes/party", token, definition); a.Status != http.StatusPreconditionRequired {
			t.Errorf("%d %s", a.Status, a.Text)
		}
		if a := put("/api/v1/scopes/party", token, definition, "If-Match", `"0"`); a.Status != http.StatusPreconditionFailed {
			t.Errorf("%d %s", a.Status, a.Text)
		}
		definition["ial"] = 1
		if a := put("/api/v1/scopes/party", token, definition, "If-Match", created.Header.Get("ETag")); a.Status != http.StatusOK || !strings.Contains(a.Text, `"ial":1`) {
			t.Errorf("%d %s", a.Status, a.Text)
		}
		if events := audited(t, p, "claim.applied"); events[len(events)-1].Reason == "" && events[0].Reason == "" {
			t.Errorf("no reason: %+v", events)
		}
	})
}

// TestVocabularyIsSeenByOtherNodes within the five seconds of admin apply.
func TestVocabularyIsSeenByOtherNodes(t *testing.T) {
	database := database(t)
	p := apptest.Start(t, database)
	other, err := app.New(context.Background(), p.Config, app.Options{Now: p.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	m, err := app.ReadManifest([]byte(wordsFile))
	if err != nil {
		t.Fatal(err)
	}
	before := p.Get("/.well-known/openid-configuration", "")
	if err := other.Apply(context.Background(), m); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(before.Text, "venue.gate") {
		t.Fatal("it was there before")
	}
	for range 1000 {
		if a := p.Get("/.well-known/openid-configuration", ""); strings.Contains(a.Text, `"venue.gate"`) && strings.Contains(a.Text, `"adult"`) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Error("the other node does not offer it")
}

// TestVocabularyOnPages: administrators see the built-in words, define others and are told who uses one.
func TestVocabularyOnPages(t *testing.T) {
	p := apptest.Start(t, database(t))
	defineWords(t, p)
	p.Client(idp.Client{ClientID: "stadium", Scope: "openid venue"})
	b, ctx := admin(p, idp.RoleSystemAdmin), context.Background()
	for path, want := range map[string]string{"/admin/vocabulary": "查看和出示您的证照", "/admin/vocabulary?kind=claim": "证件号码", "/admin/vocabulary/scope/venue": "场馆入场", "/admin/vocabulary/claim/adult": "未成年人保护法第五十八条"} {
		if err := b.Open(ctx, p.URL+path); err != nil || b.Page.Status != http.StatusOK || !strings.Contains(b.Page.Text, want) {
			t.Errorf("%s: %v %d %s", path, err, b.Page.Status, b.Page.Text)
		}
	}
	for _, path := range []string{"/admin/vocabulary?kind=cas", "/admin/peers?kind=scope"} {
		if err := b.Open(ctx, p.URL+path); err != nil || b.Page.Status != http.StatusNotFound {
			t.Errorf("%s: %v %d", path, err, b.Page.Status)
		}
	}
	definition := "title: {zh-CN: 水电, en: Utilities, zh-Hant: 水電}\nclaims: [name]\n"
	fields := map[string]string{"id": "license_issuer", "definition": definition, "reason": "新业务", "admin-submit": "1"}
	submit(t, b, p.URL+"/admin/vocabulary/scope/new", fields)
	if b.Page.Status != http.StatusUnprocessableEntity {
		t.Fatalf("a role: %d %s", b.Page.Status, b.Page.Text)
	}
	fields["id"] = "utilities"
	if err := b.Submit(ctx, fields); err != nil || b.Page.URL.Path != "/admin/vocabulary/scope/utilities" {
		t.Fatalf("%v %d %s %s", err, b.Page.Status, b.Page.URL, b.Page.Text)
	}
	if err := b.Open(ctx, p.URL+"/admin/vocabulary/scope/venue"); err != nil {
		t.Fatal(err)
	}
	if err := b.Submit(ctx, map[string]string{"peer-suspend": "1", "reason": "停用"}); err != nil || b.Page.Status != http.StatusConflict || !strings.Contains(b.Page.Text, "stadium") {
		t.Errorf("%v %d %s", err, b.Page.Status, b.Page.Text)
	}
}

// TestRegistrationKeepsToItsScopes: applications that register themselves get only scopes that are meant for them, also from a
// token that was made out before.
func TestRegistrationKeepsToItsScopes(t *testing.T) {
	onBoth(t, func(t *testing.T, p *apptest.Platform) {
		initial := opening(p, "live", 1)
		initial.Name, initial.Scope = "holder", "openid licenses"
		if err := p.App.Apply(context.Background(), app.Manifest{InitialAccess: []openplatform.InitialAccess{initial}}); fault.CodeOf(err) != fault.ClientMetadata {
			t.Errorf("licences open registration: %v", err)
		}
		town := idp.Scope{ID: "town", Title: map[string]string{"zh-CN": "乡镇", "en": "Town", "zh-Hant": "鄉鎮"}, Registration: true}
		initial = opening(p, "live", 2)
		initial.Scope = "openid town"
		applied(t, p, app.Manifest{Scopes: []idp.Scope{town}, InitialAccess: []openplatform.InitialAccess{initial}})
		for _, want := range []string{"openid town", "openid"} {
			a := registerWith(t, p, http.MethodPost, p.URL+"/connect/register", initial.Token, map[string]any{"client_name": "乡镇服务", "redirect_uris": []string{"https://town.example.gov.cn/cb"}, "scope": "openid town"})
			if a.Status != http.StatusCreated || a.String("scope") != want {
				t.Errorf("%d %s, want %q", a.Status, a.Text, want)
			}
			town.Registration = false
			applied(t, p, app.Manifest{Scopes: []idp.Scope{town}})
		}
	})
}
