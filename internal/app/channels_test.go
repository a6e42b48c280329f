package app_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/testkit"
	"github.com/yinxin-gov/yinxin/internal/walk"
)

// carrier is a provider of SMS that keeps what it took.
type carrier struct {
	*httptest.Server
	mutex sync.Mutex
	taken []map[string]string
	fail  bool
}

func newCarrier(t *testing.T) *carrier {
	c := &carrier{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mutex.Lock()
		defer c.mutex.Unlock()
		content, _ := io.ReadAll(r.Body)
		var m map[string]string
		if c.fail || json.Unmarshal(content, &m) != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		c.taken = append(c.taken, m)
		io.WriteString(w, `{"code":0,"id":"serial-7"}`)
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *carrier) settings(name string) channel.ProviderSettings {
	return channel.ProviderSettings{Name: name, Cost: 45, HTTP: channel.HTTPSettings{URL: c.URL, Body: map[string]any{"to": "{to}", "text": "{text}", "template": "{template}"}, Success: channel.Success{Field: "code", Values: []string{"0"}, Reference: "id"}}}
}

func (c *carrier) host() string { return strings.TrimPrefix(c.URL, "http://") }

func (c *carrier) last(t *testing.T, n int) map[string]string {
	t.Helper()
	for range 200 {
		c.mutex.Lock()
		if len(c.taken) >= n {
			defer c.mutex.Unlock()
			return c.taken[n-1]
		}
		c.mutex.Unlock()
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("%d messages were awaited", n)
	return nil
}

func metricsOf(t *testing.T, p *apptest.Platform) string {
	t.Helper()
	answer, err := http.Get("http://" + p.Management + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func sourceOf(t *testing.T, p *apptest.Platform, path string) string {
	t.Helper()
	b := walk.New(nil)
	if err := b.Open(context.Background(), p.URL+path); err != nil {
		t.Fatal(err)
	}
	return b.Page.Source
}

var sixDigits = regexp.MustCompile(`\d{6}`)

func TestCodesGoOutThroughTheConfiguredProviders(t *testing.T) {
	away, carrier := newCarrier(t), newCarrier(t)
	away.fail = true
	cfg := apptest.NewConfig(t, database(t), t.TempDir())
	cfg.Channels = channel.Settings{SMS: []channel.ProviderSettings{away.settings("away"), carrier.settings("carrier")}, PerAddress: 2, PerNetwork: 3}
	cfg.Outbound.Allowed = []string{away.host(), carrier.host()}
	p := apptest.StartWith(t, cfg)
	browser := walk.New(nil)
	page := submit(t, browser, p.URL+"/register?lang=en", map[string]string{"register-identifier": "13900000001"})
	if page.Status != http.StatusOK {
		t.Fatalf("%d: %s", page.Status, page.Source)
	}
	message := carrier.last(t, 1)
	if message["to"] != "+8613900000001" || !strings.HasPrefix(message["text"], "[一网通办] Code ") || message["template"] != "code" {
		t.Fatalf("%v", message)
	}
	if err := browser.Submit(context.Background(), map[string]string{"otp-code": sixDigits.FindString(strings.TrimPrefix(message["text"], "[一网通办] Code "))}); err != nil || browser.Page.Status != http.StatusOK {
		t.Fatalf("%v %d", err, browser.Page.Status)
	}
	// The language of the account goes before that of the page.
	p.Advance(2 * time.Minute)
	submit(t, walk.New(nil), p.URL+"/login/code?lang=zh-Hant", map[string]string{"register-identifier": "13900000001"})
	if message := carrier.last(t, 2); !strings.HasPrefix(message["text"], "[一网通办] Code ") {
		t.Errorf("%v", message)
	}
	// the third code from this address is one too many; foreign numbers are none at all; mail goes to the inbox.
	if page := submit(t, walk.New(nil), p.URL+"/register", map[string]string{"register-identifier": "13900000002"}); page.Status != http.StatusTooManyRequests || !strings.Contains(page.Source, "您所在网络获取验证码过多") {
		t.Errorf("%d", page.Status)
	}
	if page := submit(t, walk.New(nil), p.URL+"/register", map[string]string{"register-identifier": "+447700900123"}); page.Status != http.StatusUnprocessableEntity || !strings.Contains(page.Source, "暂不向该国家或地区的号码发送短信") {
		t.Errorf("%d", page.Status)
	}
	metrics := metricsOf(t, p)
	for _, want := range []string{`yinxin_messages_total{outcome="sent",provider="carrier"} 2`, `yinxin_message_cost_total{provider="carrier"} 90`, `yinxin_messages_total{outcome="failed",provider="away"} 2`} {
		if !strings.Contains(metrics, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	if log := p.Log.String(); strings.Contains(log, "13900000001") {
		t.Error("the number stands in the log")
	}
}

func TestA22WithoutAChannelNobodyRegisters(t *testing.T) {
	cfg := apptest.NewConfig(t, database(t), t.TempDir())
	cfg.Sandbox = false
	p := apptest.StartWith(t, cfg)
	for _, path := range []string{"/", "/login"} {
		if page := sourceOf(t, p, path); strings.Contains(page, "/register") || strings.Contains(page, "/login/code") {
			t.Errorf("%s offers a code", path)
		}
	}
	for _, path := range []string{"/register", "/login/code"} {
		if answer := p.Get(path, ""); answer.Status != http.StatusNotFound || !strings.Contains(sourceOf(t, p, path), "本平台未开通验证码登录和注册") {
			t.Errorf("%s: %d", path, answer.Status)
		}
	}
	for _, path := range []string{"/register", "/register/check", "/login/code", "/login/code/check"} { // nor is it taken from who knows the form
		form := url.Values{"register-identifier": {"13900000009"}, "otp-code": {"123456"}, "challenge": {"x"}}
		request, _ := http.NewRequest(http.MethodPost, p.URL+path, strings.NewReader(form.Encode()))
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Origin", p.URL)
		if answer := p.Do(request); answer.Status != http.StatusNotFound && answer.Status != http.StatusMethodNotAllowed {
			t.Errorf("A-22 %s: %d", path, answer.Status)
		}
	}
	doctor := app.Doctor(context.Background(), cfg, time.Now())
	told := ""
	for _, f := range doctor.Findings {
		told += f.Name + ": " + f.Detail + "\n"
	}
	for _, want := range []string{"sms: no provider", "mail: no provider", "registration: nobody can register"} {
		if !strings.Contains(told, want) {
			t.Errorf("the doctor does not say %q:\n%s", want, told)
		}
	}
}

func TestOneKindAloneIsOfferedForItsAddresses(t *testing.T) {
	carrier := newCarrier(t)
	cfg := apptest.NewConfig(t, database(t), t.TempDir())
	cfg.Sandbox = false
	cfg.Channels.SMS = []channel.ProviderSettings{carrier.settings("carrier")}
	cfg.Outbound.Allowed = []string{carrier.host()}
	p := apptest.StartWith(t, cfg)
	if page := submit(t, walk.New(nil), p.URL+"/register", map[string]string{"register-identifier": "a@example.cn"}); page.Status != http.StatusUnprocessableEntity || !strings.Contains(page.Source, "本平台暂不能发送邮件") {
		t.Errorf("%d", page.Status)
	}
	submit(t, walk.New(nil), p.URL+"/register", map[string]string{"register-identifier": "13900000001"})
	carrier.last(t, 1)
}

// TestOldMessagesSettingGoesOn: a configuration of the release before sends as it did.
func TestOldMessagesSettingGoesOn(t *testing.T) {
	got := make(chan map[string]any, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var m map[string]any
		json.NewDecoder(r.Body).Decode(&m)
		m["authorization"] = r.Header.Get("Authorization")
		got <- m
	}))
	defer server.Close()
	folder := t.TempDir()
	token := filepath.Join(folder, "token")
	if err := os.WriteFile(token, []byte("t0ken\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := apptest.NewConfig(t, database(t), folder)
	cfg.Messages = app.Messages{URL: server.URL, TokenFile: token}
	cfg.Outbound.Allowed = []string{strings.TrimPrefix(server.URL, "http://")}
	p := apptest.StartWith(t, cfg)
	submit(t, walk.New(nil), p.URL+"/register", map[string]string{"register-identifier": "13900000001"})
	select {
	case m := <-got:
		params, _ := m["params"].(map[string]any)
		if m["to"] != "+8613900000001" || m["kind"] != "mobile" || m["template"] != "code" || m["authorization"] != "Bearer t0ken" || params["minutes"] != "10" || params["code"] == "" || !strings.Contains(m["text"].(string), params["code"].(string)) {
			t.Errorf("%v", m)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came")
	}
}

func TestDoctorSendsATestByEachProvider(t *testing.T) {
	good, bad := newCarrier(t), newCarrier(t)
	bad.fail = true
	cfg := apptest.NewConfig(t, "sqlite:"+filepath.Join(t.TempDir(), "none.db"), t.TempDir())
	cfg.Channels.SMS = []channel.ProviderSettings{bad.settings("bad"), good.settings("good")}
	cfg.Outbound.Allowed = []string{good.host(), bad.host()}
	d := app.SendTest(context.Background(), cfg, "13900000001", time.Now)
	if len(d.Findings) != 2 || d.Findings[0].State != "fail" || d.Findings[1].State != "ok" || !strings.Contains(d.Findings[1].Detail, "reference serial-7") || d.Healthy() {
		t.Errorf("%+v", d)
	}
	if m := good.last(t, 1); !strings.Contains(m["text"], "测试短信") {
		t.Errorf("%v", m)
	}
	for _, to := range []string{"a@example.cn", "nobody", "+447700900123"} {
		if app.SendTest(context.Background(), cfg, to, time.Now).Healthy() {
			t.Errorf("%s is reached", to)
		}
	}
}

// TestChannelsOfTheManualAreAccepted: the example of the manual is a configuration.
func TestChannelsOfTheManualAreAccepted(t *testing.T) {
	content, err := os.ReadFile(filepath.Join(testkit.Root(), "docs", "operations", "channels.md"))
	if err != nil {
		t.Fatal(err)
	}
	example := regexp.MustCompile("(?ms)^```yaml\n(channels:.*?)^```").FindSubmatch(content)
	if example == nil {
		t.Fatal("channels.md has no example")
	}
	base := "issuer: http://localhost:8080\nlisten: {public: \"127.0.0.1:8080\", management: \"127.0.0.1:9090\"}\ndatabase: {url: \"sqlite:/x\"}\nblob: {dir: /x}\nkeys: {passphrase_file: /x}\nsandbox: true\n"
	cfg, err := app.ParseConfig([]byte(base+string(example[1])), nil)
	if err != nil || len(cfg.Channels.SMS) != 2 || cfg.Channels.Mail[0].SMTP.Port != 587 {
		t.Fatalf("%+v %v", cfg.Channels, err)
	}
	for name, extra := range map[string]string{"both": "messages: {url: \"https://x.example\"}\nchannels: {sms: [{name: a, http: {url: \"https://x.example\", body: {to: \"{to}\"}}}]}\n", "policy": "reconcile: {policy: {confirmed: [suspend]}}\n", "soon": "reconcile: {every: 1m}\n"} {
		if _, err := app.ParseConfig([]byte(base+extra), nil); err == nil {
			t.Errorf("%s: was accepted", name)
		}
	}
	cfg, err = app.ParseConfig([]byte(base), []string{"YINXIN_CHANNELS_PER_ADDRESS=7", "YINXIN_CHANNELS_COUNTRIES=+86,+1", "YINXIN_RECONCILE_EVERY=720h"})
	if err != nil || cfg.Channels.PerAddress != 7 || !cfg.Channels.Countries.Allows("+12025550123") || cfg.Reconcile.Every != 720*time.Hour {
		t.Errorf("%+v %v", cfg.Channels, err)
	}
	for _, bad := range []string{"YINXIN_CHANNELS_SMS=x", "YINXIN_RECONCILE_POLICY=x", "YINXIN_CHANNELS_PER_ADDRESS=x", "YINXIN_RECONCILE_EVERY=x"} {
		if _, err := app.ParseConfig([]byte(base), []string{bad}); err == nil || !strings.Contains(err.Error(), "YINXIN_") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
