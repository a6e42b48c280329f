package channel_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/outbound"
	"github.com/yinxin-gov/yinxin/keys/digest"
)

// gateway is an HTTP provider that keeps what it got and answers as the test wants.
type gateway struct {
	*httptest.Server
	request *http.Request
	body    string

	mutex  sync.Mutex
	answer http.HandlerFunc
}

// respond changes the answer.
func (g *gateway) respond(answer http.HandlerFunc) {
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.answer = answer
}

func newGateway(t *testing.T) *gateway {
	g := &gateway{answer: func(http.ResponseWriter, *http.Request) {}}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, _ := io.ReadAll(r.Body)
		g.mutex.Lock()
		g.request, g.body = r, string(content)
		answer := g.answer
		g.mutex.Unlock()
		answer(w, r)
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *gateway) provider(t *testing.T, text, secret string) *channel.HTTPProvider {
	t.Helper()
	var settings channel.HTTPSettings
	decoder := yaml.NewDecoder(strings.NewReader(strings.ReplaceAll(text, "URL", g.URL)))
	decoder.KnownFields(true)
	if err := decoder.Decode(&settings); err != nil {
		t.Fatal(err)
	}
	if secret != "" {
		settings.Secret = "/file"
	}
	s := channel.Settings{SMS: []channel.ProviderSettings{{Name: "g", HTTP: settings}}}
	s.SetDefaults()
	if faults := s.Check(); len(faults) > 0 {
		t.Fatal(faults)
	}
	return channel.NewHTTP(channel.HTTPConfig{Settings: settings, Secret: secret, Now: func() time.Time { return start }, Rand: ident.System(),
		Client: outbound.New(outbound.Config{Allowed: []string{strings.TrimPrefix(g.URL, "http://")}})})
}

func letter() channel.Letter {
	m := code("msg_1")
	return channel.Letter{Message: m, Text: channel.Text{Text: `【平台】"482913"\`, Parts: 1}, Filled: m.Params}
}

func TestHTTPJSONBodyIsFilledWithoutBreakingOut(t *testing.T) {
	g := newGateway(t)
	p := g.provider(t, `{url: URL/send, headers: {Authorization: "Bearer {secret}", X-Time: "{timestamp}"}, body: {to: "{to}", mobile: "{national}", text: "{text}", kind: 2, nested: {list: ["{code}", "{template}"]}, params: "{params_json}"}, templates: {code: SMS_1, code.en: SMS_2}}`, "s3cret")
	if _, err := p.Send(ctx, letter()); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(g.body), &got); err != nil {
		t.Fatalf("%s: %v", g.body, err)
	}
	if got["to"] != "+8613800138000" || got["mobile"] != "13800138000" || got["text"] != `【平台】"482913"\` || got["kind"] != 2.0 || got["params"] != `{"code":"482913","minutes":"10"}` {
		t.Errorf("%s", g.body)
	}
	if list := got["nested"].(map[string]any)["list"].([]any); list[0] != "482913" || list[1] != "SMS_1" {
		t.Errorf("%v", list)
	}
	if g.request.Header.Get("Authorization") != "Bearer s3cret" || g.request.Header.Get("X-Time") != "1795683600" || g.request.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%v", g.request.Header)
	}
	en := letter()
	en.Locale = "en"
	p.Send(ctx, en)
	if !strings.Contains(g.body, "SMS_2") {
		t.Errorf("%s", g.body)
	}
	other := letter()
	other.Template = "replay"
	if _, err := p.Send(ctx, other); !errors.Is(err, channel.ErrUnsent) || p.Carries()["replay"] || !p.Carries()["code"] {
		t.Errorf("%v", err)
	}
}

func TestHTTPFormAndQuery(t *testing.T) {
	g := newGateway(t)
	evil := letter()
	evil.Text.Text = "a&to=other#\r\n=测"
	if _, err := g.provider(t, `{url: URL, format: form, body: {to: "{to}", text: "{text}"}}`, "").Send(ctx, evil); err != nil {
		t.Fatal(err)
	}
	if form, err := url.ParseQuery(g.body); err != nil || len(form) != 2 || form.Get("text") != evil.Text.Text || form.Get("to") != evil.To || g.request.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		t.Errorf("%s %v", g.body, err)
	}
	if _, err := g.provider(t, `{url: "URL/x?a=b", method: GET, body: {to: "{to}", text: "{text}"}}`, "").Send(ctx, evil); err != nil {
		t.Fatal(err)
	}
	if q := g.request.URL.Query(); q.Get("a") != "b" || q.Get("to") != evil.To || q.Get("text") != evil.Text.Text || g.body != "" || g.request.Method != http.MethodGet {
		t.Errorf("%s", g.request.URL)
	}
}

func TestHTTPSignatures(t *testing.T) {
	g := newGateway(t)
	sha := func(over string) []byte {
		mac := hmac.New(sha256.New, []byte("key"))
		mac.Write([]byte(over))
		return mac.Sum(nil)
	}
	for name, test := range map[string]struct {
		settings string
		want     func() (got, want string)
	}{
		"of the body, in a header": {`{url: URL, headers: {X-Sign: "{signature}"}, body: {to: "{to}"}, signature: {algorithm: hmac-sha256}}`,
			func() (string, string) { return g.request.Header.Get("X-Sign"), hex.EncodeToString(sha(g.body)) }},
		"SM3, base64, over parts": {`{url: URL/p/q, headers: {X-Sign: "{signature}"}, body: {to: "{to}"}, signature: {algorithm: hmac-sm3, encoding: base64, over: "{method}\n{path}\n{timestamp}\n{body}"}}`,
			func() (string, string) {
				return g.request.Header.Get("X-Sign"), base64.StdEncoding.EncodeToString(digest.HMAC([]byte("key"), []byte("POST\n/p/q\n1795683600\n"+g.body)))
			}},
		"of the sorted members, in the body": {`{url: URL, format: form, body: {to: "{to}", appid: a1, sign: "{signature}"}, signature: {algorithm: hmac-sha256, over: "{sorted}"}}`,
			func() (string, string) {
				form, _ := url.ParseQuery(g.body)
				return form.Get("sign"), hex.EncodeToString(sha("appid=a1&to=+8613800138000"))
			}},
	} {
		if _, err := g.provider(t, test.settings, "key").Send(ctx, letter()); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got, want := test.want(); got != want || got == "" {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestHTTPAnswersAreJudged(t *testing.T) {
	g := newGateway(t)
	plain := g.provider(t, `{url: URL, body: {to: "{to}"}}`, "")
	field := g.provider(t, `{url: URL, body: {to: "{to}"}, success: {status: [200, 202], field: "result.0.code", values: ["0", OK], refused: ["1404"], reference: result.0.id}}`, "")
	for _, test := range []struct {
		name      string
		provider  *channel.HTTPProvider
		status    int
		body      string
		reference string
		class     error // nil: taken; errOpen: perhaps taken
	}{
		{"no field, 2xx", plain, 204, "", "", nil}, {"redirect", plain, 302, "", "", errOpen}, {"400", plain, 400, "", "", channel.ErrUnsent}, {"500", plain, 500, "", "", errOpen},
		{"number", field, 200, `{"result":[{"code":0,"id":"r7"}]}`, "r7", nil}, {"word", field, 202, `{"result":[{"code":"OK"}]}`, "", nil}, {"status that is none", field, 201, `{"result":[{"code":0}]}`, "", errOpen},
		{"refused", field, 200, `{"result":[{"code":"1404"}]}`, "", channel.ErrRefused}, {"refused with a status", field, 400, `{"result":[{"code":1404}]}`, "", channel.ErrRefused},
		{"another code", field, 200, `{"result":[{"code":"13800138000 blocked"}]}`, "", channel.ErrUnsent}, {"no field", field, 200, `{"result":[]}`, "", errOpen}, {"garbage", field, 200, `<html>`, "", errOpen}, {"an object", field, 200, `{"result":[{"code":{}}]}`, "", errOpen},
	} {
		g.respond(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(test.status); io.WriteString(w, test.body) })
		reference, err := test.provider.Send(ctx, letter())
		open := err != nil && !errors.Is(err, channel.ErrUnsent) && !errors.Is(err, channel.ErrRefused)
		if test.class == nil && (err != nil || reference != test.reference) || test.class == errOpen && !open || test.class != nil && test.class != errOpen && !errors.Is(err, test.class) {
			t.Errorf("%s: %q %v", test.name, reference, err)
		}
	}
	g.respond(func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) })
	if _, err := plain.Send(ctx, letter()); err == nil || errors.Is(err, channel.ErrUnsent) {
		t.Errorf("cut: %v", err)
	}
	g.respond(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	began := time.Now()
	if _, err := g.provider(t, `{url: URL, body: {to: "{to}"}, timeout: 50ms}`, "").Send(ctx, letter()); err == nil || time.Since(began) > 4*time.Second {
		t.Errorf("silent: %v", err)
	}
}

var errOpen = errors.New("perhaps taken")

// TestI11ProviderOnAnInnerAddressIsRefused: the rule for outbound calls holds for providers too.
func TestI11ProviderOnAnInnerAddressIsRefused(t *testing.T) {
	g := newGateway(t)
	p := channel.NewHTTP(channel.HTTPConfig{Settings: channel.HTTPSettings{URL: g.URL, Body: map[string]any{"to": "{to}"}}, Now: time.Now, Rand: ident.System(), Client: outbound.New(outbound.Config{})})
	if _, err := p.Send(ctx, letter()); !errors.Is(err, outbound.ErrRefused) || !errors.Is(err, channel.ErrUnsent) || g.request != nil {
		t.Errorf("%v", err)
	}
}

func TestSettingsFaultsComeTogether(t *testing.T) {
	const text = `
sms:
  - {name: Bad Name, http: {url: "ftp://x", method: PATCH, format: xml, timeout: 6s, body: {text: "{txt} {secret} {body}"}, headers: {Host: x, "a b": y}, signature: {algorithm: md5, encoding: z}, templates: {nothing: x}, success: {field: a, refused: [x]}}}
  - {name: a, smtp: {host: h, from: x}}
  - {name: a, http: {url: "https://x", body: {to: "{to}", s: "{signature}"}, secret_file: f, signature: {algorithm: hmac-sm3}}}
  - {name: b, cost: 5, daily_ceiling: 4, countries: [x]}
  - {name: c, http: {url: "https://x", format: form, body: {to: "{to}", deep: {x: y}}, signature: {algorithm: hmac-sha256}, success: {refused: [x]}}}
mail:
  - {name: m, smtp: {host: mail.example, tls: none, from: "x", user: u, port: 99999, from_name: "a\nb", hello: "a b"}}
  - {name: n, smtp: {host: mail.example, tls: ssl, from: "a@b.cn"}}
countries: ["86"]
per_address: 10
per_network: 5
`
	var s channel.Settings
	if err := yaml.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	s.SetDefaults()
	all := strings.Join(s.Check(), "\n")
	for _, want := range []string{
		"channels.countries: \"86\"", "per_network", "channels.sms: at most 4", "sms[0].name", "sms[0].http.url", "http.method", "http.format", "http.timeout", "{txt} is not known", "{secret} needs secret_file", "{body} cannot stand here",
		`"Host" cannot be set`, `"a b" cannot be set`, "signature.algorithm: must be", "signature.encoding", `"nothing" is no message`, "success: field and values", "sms[0].http.body: nobody is named", "sms[1]: smtp carries mail only",
		"sms[2].name", "sms[2].http.signature.over: {body} holds", "sms[3].daily_ceiling", "sms[3].countries", "sms[3]: needs either", "sms[4].http.body: deep", "sms[4].http.secret_file", "sms[4].http.signature: {signature}|sms[4].http.signature.over: {signature}", "success.refused",
		"mail[0].smtp.tls: mail leaves", "mail[0].smtp.port", "mail[0].smtp.from:", "mail[0].smtp.from_name", "mail[0].smtp.hello", "mail[0].smtp.user", `mail[1].smtp.tls: "ssl"`,
	} {
		found := false
		for alternative := range strings.SplitSeq(want, "|") {
			found = found || strings.Contains(all, alternative)
		}
		if !found {
			t.Errorf("no fault %q", want)
		}
	}
	if t.Failed() {
		t.Log(all)
	}
}
