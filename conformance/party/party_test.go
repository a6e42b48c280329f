package party

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/keys/jose"
)

func registration(t testing.TB) (Registration, File) {
	t.Helper()
	made, err := NewRegistration(rand.Reader, time.Now(), "127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	f, err := ReadFile(made.With)
	if err != nil {
		t.Fatal(err)
	}
	return made, f
}

func TestNewRegistrationKeepsPrivateKeysInOneFile(t *testing.T) {
	made, f := registration(t)
	_, again := registration(t)
	ids := map[string]bool{}
	for i, c := range f.Clients {
		if ids[c.ClientID] {
			t.Errorf("%s is there twice", c.ClientID)
		}
		ids[c.ClientID] = true
		if c.ClientSecret != "" && (len(c.ClientSecret) < 32 || !strings.Contains(string(made.Manifest), c.ClientSecret) || c.ClientSecret == again.Clients[i].ClientSecret) {
			t.Errorf("secret of %s is short, not registered or not fresh", c.ClientID)
		}
		if (c.Method == "private_key_jwt") != (c.Key().Signer != nil) && !c.FAPI() || c.CertificateBound != (c.certificate != nil) && c.Method != "tls_client_auth" {
			t.Errorf("%s lacks what it authenticates with", c.ClientID)
		}
		for _, key := range c.JWKS.Keys {
			raw, err := json.Marshal(PrivateSet{[]Key{key}})
			if err != nil {
				t.Fatal(err)
			}
			var set struct{ Keys []map[string]any }
			if err := json.Unmarshal(raw, &set); err != nil || strings.Contains(string(made.Manifest), set.Keys[0]["d"].(string)) {
				t.Errorf("the manifest tells the key of %s", c.ClientID)
			}
		}
	}
	if strings.Contains(string(made.Manifest), "PRIVATE KEY") || f.InitialAccessToken == "" || f.People[0].Password == again.People[0].Password {
		t.Error("the manifest tells a key, or a secret is not fresh")
	}
}

func TestReadFile(t *testing.T) {
	const person = `personas: [{identifier: "1", password: p}]` + "\n"
	good := person + `
unknown: {a: 1}
clients:
  - client_id: a
    client_secret: s
    redirect_uris: ["https://a.example/cb"]
    more: 1
  - client_id: b
    jwks: '{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}]}'
`
	f, err := ReadFile([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := f.Clients[0], f.Clients[1]; a.Method != "client_secret_basic" || a.Scope != "openid profile" || b.Method != "private_key_jwt" || b.Key().Algorithm != jose.EdDSA {
		t.Errorf("%+v", f.Clients)
	}
	for name, text := range map[string]string{
		"no YAML":                     "{",
		"a list":                      "[]",
		"nobody":                      "clients: [{client_id: a}]",
		"no client":                   person,
		"a client without id":         person + "clients: [{client_secret: s}]",
		"a certificate without key":   person + "clients: [{client_id: a, certificate: x}]",
		"a certificate that is none":  person + "clients: [{client_id: a, certificate: x, certificate_key: y}]",
		"a public key":                person + `clients: [{client_id: a, jwks: {keys: [{kty: EC, crv: P-256, x: AA, y: AA}]}}]`,
		"a key of no length":          person + `clients: [{client_id: a, jwks: {keys: [{kty: EC, crv: P-256, x: AA, y: AA, d: AA}]}}]`,
		"a key that is no number":     person + `clients: [{client_id: a, jwks: {keys: [{kty: EC, crv: P-256, d: "*"}]}}]`,
		"an unknown kind of key":      person + `clients: [{client_id: a, jwks: {keys: [{kty: oct, d: AA}]}}]`,
		"RSA without primes":          person + `clients: [{client_id: a, jwks: {keys: [{kty: RSA, n: AA, e: AQAB, d: AA}]}}]`,
		"RSA that does not fit":       person + `clients: [{client_id: a, jwks: {keys: [{kty: RSA, n: AA, e: AQAB, d: AA, p: AA, q: AA}]}}]`,
		"Ed25519 of the wrong length": person + `clients: [{client_id: a, jwks: {keys: [{kty: OKP, crv: Ed25519, d: AA}]}}]`,
		"keys that are a list":        person + `clients: [{client_id: a, jwks: []}]`,
	} {
		if _, err := ReadFile([]byte(text)); !errors.Is(err, ErrFile) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzReadFile: whatever is read has usable keys, and is read again from what is written.
func FuzzReadFile(f *testing.F) {
	made, _ := registration(f)
	f.Add(made.With)
	f.Add([]byte("personas: [{identifier: a, password: b}]\nclients: [{client_id: a, client_secret: b}]"))
	f.Fuzz(func(t *testing.T, content []byte) {
		file, err := ReadFile(content)
		if err != nil {
			return
		}
		for _, c := range file.Clients {
			for _, key := range c.JWKS.Keys {
				if key.Signer == nil {
					t.Fatal("a key that cannot sign")
				}
			}
		}
		written, err := json.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ReadFile(written); err != nil {
			t.Fatalf("%v of %s", err, written)
		}
	})
}

func TestKeysSignWhatJoseVerifies(t *testing.T) {
	_, f := registration(t)
	p := &Party{Options: Options{Rand: rand.Reader}}
	seen := map[jose.Algorithm]bool{}
	for _, c := range f.Clients {
		for _, key := range c.JWKS.Keys {
			seen[key.Algorithm] = true
			token, err := p.sign(key, map[string]any{"alg": string(key.Algorithm), "kid": key.ID}, map[string]any{"exp": 1})
			if err != nil {
				t.Fatal(err)
			}
			raw, err := PrivateSet{[]Key{key}}.Public()
			if err != nil {
				t.Fatal(err)
			}
			set, err := jose.ParseKeySet(raw, false)
			if err != nil {
				t.Fatal(err)
			}
			policy := jose.Policy{Algorithms: []jose.Algorithm{key.Algorithm}, NoExpiry: true}
			if _, err := jose.Verify(token, set, policy); err != nil {
				t.Errorf("%s: %v", key.Algorithm, err)
			}
			if _, err := jose.Verify(Spoiled(token), set, policy); !errors.Is(err, jose.ErrSignature) {
				t.Errorf("%s, spoiled: %v", key.Algorithm, err)
			}
		}
	}
	if !seen[jose.ES256] || !seen[jose.PS256] {
		t.Errorf("keys of %v", seen)
	}
}

func page(status int) *Page { return &Page{Status: status, URL: &url.URL{Path: "/"}} }

// probe runs a rule against a server that answers with its metadata alone.
func probe(t *testing.T, act func(context.Context, *Trial)) []Case {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`{"issuer":"http://` + r.Host + `"}`))
	}))
	defer server.Close()
	p, err := Meet(t.Context(), Options{Issuer: server.URL, Patience: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	return p.Try(t.Context(), act)
}

// TestPasswordsStayAtTheServer: a login form that leads elsewhere is not sent.
func TestPasswordsStayAtTheServer(t *testing.T) {
	var mutex sync.Mutex
	got := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		mutex.Lock()
		defer mutex.Unlock()
		got++
	}))
	defer other.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/authorize" {
			w.Header().Set("Content-Type", "application/json")
			w.Write([]byte(`{"authorization_endpoint":"http://` + r.Host + `/authorize"}`))
			return
		}
		w.Header().Set("Content-Type", "text/html")
		w.Write([]byte(`<form method="post" action="` + other.URL + `"><input id="login-identifier" name="login-identifier"><input type="password" id="login-password" name="login-password"></form>`))
	}))
	defer server.Close()
	_, f := registration(t)
	p, err := Meet(t.Context(), Options{Issuer: server.URL, With: f})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var l Landing
	p.Try(t.Context(), func(ctx context.Context, t *Trial) { l = t.Authorize(ctx, t.NewBrowser(), t.Ask(f.Clients[0])) })
	mutex.Lock()
	defer mutex.Unlock()
	if got != 0 || l.Target == nil || l.Target.Host != strings.TrimPrefix(other.URL, "http://") {
		t.Errorf("%d requests, landed at %s", got, l.Said())
	}
}

func TestTrialsEndWithAVerdict(t *testing.T) {
	refusal := Answer{Status: 400, Body: map[string]any{"error": "invalid_grant"}}
	for name, test := range map[string]struct {
		act   func(context.Context, *Trial)
		want  []Verdict
		cases string
	}{
		"nothing is tried":          {func(context.Context, *Trial) {}, []Verdict{Failed}, "judges something"},
		"a crash":                   {func(context.Context, *Trial) { panic("x") }, []Verdict{Failed}, "the rule itself"},
		"a step that fails ends it": {func(_ context.Context, t *Trial) { t.Require("a", false, ""); t.Holds("b", true, "") }, []Verdict{Failed}, "a"},
		"a way that fails ends it": {func(_ context.Context, t *Trial) {
			t.Need("a", true, "")
			t.Need("b", false, "")
			t.Holds("c", true, "")
		}, []Verdict{Failed}, "b"},
		"a part ends alone":            {func(_ context.Context, t *Trial) { t.For("x", func(t *Trial) { t.Skip("no") }); t.Holds("b", true, "") }, []Verdict{Inapplicable, Passed}, "x: applies"},
		"what is recommended":          {func(_ context.Context, t *Trial) { t.Should("a", false, ""); t.Should("b", true, "") }, []Verdict{Inapplicable, Passed}, "a"},
		"no client":                    {func(_ context.Context, t *Trial) { t.Client(Ordinary, Scope("email")) }, []Verdict{Inapplicable}, "applies"},
		"nobody":                       {func(_ context.Context, t *Trial) { t.Person() }, []Verdict{Inapplicable}, "applies"},
		"nothing offered":              {func(_ context.Context, t *Trial) { t.Offers("scopes_supported", "email") }, []Verdict{Inapplicable}, "applies"},
		"no endpoint":                  {func(_ context.Context, t *Trial) { t.Has("registration_endpoint") }, []Verdict{Inapplicable}, "applies"},
		"no patience":                  {func(ctx context.Context, t *Trial) { t.Wait(ctx, time.Hour) }, []Verdict{Inapplicable}, "applies"},
		"no listener":                  {func(_ context.Context, t *Trial) { t.LogoutTokens() }, []Verdict{Inapplicable}, "applies"},
		"a refusal as asked":           {func(_ context.Context, t *Trial) { t.Refused("a", refusal, "invalid_grant") }, []Verdict{Passed}, "a"},
		"a refusal for any reason":     {func(_ context.Context, t *Trial) { t.Refused("a", refusal) }, []Verdict{Passed}, "a"},
		"a refusal for another reason": {func(_ context.Context, t *Trial) { t.Refused("a", refusal, "invalid_client") }, []Verdict{Failed}, "a"},
		"a refusal by a fault":         {func(_ context.Context, t *Trial) { t.Refused("a", Answer{Status: 500}) }, []Verdict{Failed}, "a"},
		"an acceptance":                {func(_ context.Context, t *Trial) { t.Refused("a", Answer{Status: 200}) }, []Verdict{Failed}, "a"},
		"a redirect is no refusal":     {func(_ context.Context, t *Trial) { t.Refused("a", Answer{Status: 302}) }, []Verdict{Failed}, "a"},
		"taken, and it was refused":    {func(_ context.Context, t *Trial) { t.Taken("a", refusal); t.Holds("b", true, "") }, []Verdict{Failed}, "a"},
		"a page of success":            {func(_ context.Context, t *Trial) { t.ShownOnPage("a", Landing{Page: page(200)}) }, []Verdict{Failed}, "a"},
		"nowhere":                      {func(_ context.Context, t *Trial) { t.NotAuthorized("a", Landing{}) }, []Verdict{Failed}, "a"},
		"a server that fails":          {func(_ context.Context, t *Trial) { t.NotAuthorized("a", Landing{Page: page(500)}) }, []Verdict{Failed}, "a"},
	} {
		t.Run(name, func(t *testing.T) {
			cases := probe(t, test.act)
			if len(cases) != len(test.want) || !strings.Contains(cases[0].Name, test.cases) {
				t.Fatalf("%+v", cases)
			}
			for i, c := range cases {
				if c.Verdict != test.want[i] {
					t.Errorf("%+v", c)
				}
				if c.Verdict == Inapplicable && c.Detail == "" {
					t.Error("it does not say why")
				}
			}
		})
	}
}
