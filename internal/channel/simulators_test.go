package channel_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/channelsim"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/outbound"
)

// simulatedSMS is the configuration of docs/integration/channels.md.
const simulatedSMS = `{url: URL/sms, headers: {X-Timestamp: "{timestamp}", X-Nonce: "{nonce}", X-Signature: "{signature}"},
	body: {template: "{template}", phone: "{national}", params: "{params_json}", id: "{id}"}, templates: {code: T_CODE, test: T_TEST},
	signature: {algorithm: hmac-sha256, over: "{timestamp}\n{nonce}\n{body}"}, timeout: 300ms,
	success: {field: code, values: [OK], refused: [NUMBER_INVALID], reference: message_id}}`

// TestSimulatedSMSProviderShowsEveryFault: what our adapter makes of each magic number, and whether the message was taken.
func TestSimulatedSMSProviderShowsEveryFault(t *testing.T) {
	sim := &channelsim.SMS{Log: &channelsim.Log{}, Secret: "s3cret", Templates: map[string][]string{"T_CODE": {"code", "minutes"}}, Late: 2 * time.Second, Now: func() time.Time { return start }}
	g := newGateway(t)
	g.Config.Handler = sim
	p := g.provider(t, simulatedSMS, "s3cret")
	const open = "open"
	judged := func(err error) string {
		switch {
		case err == nil:
			return ""
		case errors.Is(err, channel.ErrRefused):
			return "refused"
		case errors.Is(err, channel.ErrUnsent):
			return "unsent"
		}
		return open // perhaps it was taken: nothing is given back, and another provider is not tried blindly
	}
	for _, test := range []struct {
		number, want string
		took         int
		state        string
	}{
		{"13900139000", "", 1, channelsim.Delivered},
		{"13800138404", "refused", 0, ""},
		{"13800138408", open, 1, channelsim.Delivered},
		{"13800138410", "", 1, channelsim.Undelivered}, // taken and never seen: its report says so
		{"13800138429", "unsent", 0, ""},
		{"13800138500", open, 0, ""},
		{"13800138500", "", 1, channelsim.Delivered},
		{"13800138502", open, 1, channelsim.Delivered},
		{"13800138503", open, 0, ""},
	} {
		before := len(sim.Log.Messages())
		l := letter()
		l.To, l.ID = "+86"+test.number, "msg_"+test.number
		reference, err := p.Send(ctx, l)
		if got := judged(err); got != test.want || (reference != "") != (test.want == "") {
			t.Errorf("%s: %q %v, reference %q, want %q", test.number, got, err, reference, test.want)
		}
		took := sim.Log.Messages()[before:]
		if len(took) != test.took || test.took == 1 && (took[0].State != test.state || took[0].To != test.number || took[0].Template != "T_CODE" || took[0].Params["code"] == "") {
			t.Errorf("%s: it took %+v", test.number, took)
		}
	}
	if len(channelsim.Numbers()) != 7 {
		t.Errorf("a magic number without a row: %v", channelsim.Numbers())
	}
	// The same message again is one message.
	again := letter()
	again.To, again.ID = "+8613900139000", "msg_13900139000"
	before := len(sim.Log.Messages())
	if _, err := p.Send(ctx, again); err != nil || len(sim.Log.Messages()) != before {
		t.Errorf("%v, %d messages", err, len(sim.Log.Messages())-before)
	}
	for name, change := range map[string]func(text string) string{
		"another secret":      func(text string) string { return text },
		"an unknown template": func(text string) string { return strings.Replace(text, "T_CODE", "T_NONE", 1) },
		"a missing parameter": func(text string) string { return strings.Replace(text, `"{params_json}"`, `'{"code":"1"}'`, 1) },
		"signed over less":    func(text string) string { return strings.Replace(text, `\n{body}`, "", 1) },
		"no nonce":            func(text string) string { return strings.Replace(text, `X-Nonce: "{nonce}", `, "", 1) },
	} {
		secret := "s3cret"
		if name == "another secret" {
			secret = "other"
		}
		l := letter()
		l.To = "+8613900139001"
		before := len(sim.Log.Messages())
		if _, err := g.provider(t, change(simulatedSMS), secret).Send(ctx, l); judged(err) != "unsent" || len(sim.Log.Messages()) != before {
			t.Errorf("%s: %v", name, err)
		}
	}
	replay := func() int {
		request, err := http.NewRequest(http.MethodPost, g.URL+"/sms", strings.NewReader(g.body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header = http.Header{"X-Timestamp": {"1"}, "X-Nonce": {"n"}, "X-Signature": {"00"}}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	if status := replay(); status != http.StatusUnauthorized {
		t.Errorf("a forged request: %d", status)
	}
}

// TestSimulatedMailServerShowsEveryFault is the same for mail.
func TestSimulatedMailServerShowsEveryFault(t *testing.T) {
	certificate, key := selfSigned(t)
	pool := x509.NewCertPool()
	pool.AddCert(certificate)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	sim := &channelsim.SMTP{Log: &channelsim.Log{}, User: "mock", Password: "p@ss", Late: time.Second, Now: func() time.Time { return start },
		TLS: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{certificate.Raw}, PrivateKey: key}}}}
	ended := make(chan error, 1)
	go func() { ended <- sim.Serve(t.Context(), listener) }()
	port := listener.Addr().(*net.TCPAddr).Port
	provider := func(password, protection string) *channel.SMTPProvider {
		return channel.NewSMTP(channel.SMTPConfig{Password: password, TLS: &tls.Config{RootCAs: pool}, Now: func() time.Time { return start }, Rand: ident.System(),
			Settings: channel.SMTPSettings{Host: "localhost", Port: port, TLS: protection, From: "noreply@example.gov.cn", User: "mock"},
			Dialer:   outbound.New(outbound.Config{Allowed: []string{net.JoinHostPort("localhost", strings.TrimPrefix(listener.Addr().String(), "127.0.0.1:"))}})})
	}
	for _, test := range []struct {
		to    string
		want  error
		took  int
		state string
	}{
		{"zhang@example.cn", nil, 1, channelsim.Delivered},
		{"refused@example.cn", channel.ErrRefused, 0, ""},
		{"limited@example.cn", channel.ErrUnsent, 0, ""},
		{"garbage@example.cn", channel.ErrUnsent, 0, ""},
		{"broken@example.cn", channel.ErrUnsent, 0, ""},
		{"flaky@example.cn", channel.ErrUnsent, 0, ""},
		{"flaky@example.cn", nil, 1, channelsim.Delivered},
		{"undeliver@example.cn", nil, 1, channelsim.Undelivered},
	} {
		before := len(sim.Log.Messages())
		l := mailLetter()
		l.To = test.to
		if _, err := provider("p@ss", "starttls").Send(ctx, l); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.to, err, test.want)
		}
		took := sim.Log.Messages()[before:]
		if len(took) != test.took || test.took == 1 && (took[0].State != test.state || !took[0].TLS || took[0].Subject != "示例市一网通办：验证码") {
			t.Errorf("%s: it took %+v", test.to, took)
		}
	}
	if _, err := provider("wrong", "starttls").Send(ctx, mailLetter()); !errors.Is(err, channel.ErrUnsent) {
		t.Errorf("a wrong password: %v", err)
	}
	if _, err := provider("p@ss", "none").Send(ctx, mailLetter()); err != nil {
		t.Errorf("loopback without TLS: %v", err)
	}
	slow := mailLetter()
	slow.To = "slow@example.cn"
	before := len(sim.Log.Messages())
	began := time.Now()
	if _, err := provider("p@ss", "starttls").Send(ctx, slow); err != nil || time.Since(began) < time.Second || len(sim.Log.Messages()) != before+1 {
		t.Errorf("slow: %v after %s", err, time.Since(began))
	}
}

// TestSimulatedReportsAreRead: the simulator reports to the address that an order names, and the settings of the guide read it.
func TestSimulatedReportsAreRead(t *testing.T) {
	const secret = "a-secret-of-the-simulator"
	reader, err := channel.NewReceipts("simulator", channel.Mobile, channel.ReceiptSettings{Secret: "file", Algorithm: "hmac-sha256", Reference: "message_id", State: "status", Delivered: []string{channelsim.ReportDelivered}, Failed: []string{channelsim.ReportUndelivered}}, secret, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	reports := make(chan []channel.Report, 4)
	platform := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		all, err := reader.Read("", r.Header, body)
		if err != nil {
			t.Error(err)
		}
		reports <- all.Reports
	}))
	defer platform.Close()
	log := &channelsim.Log{}
	simulator := httptest.NewServer(&channelsim.SMS{Log: log, Secret: secret, Now: time.Now})
	defer simulator.Close()
	provider := channel.NewHTTP(channel.HTTPConfig{Secret: secret, Client: outbound.New(outbound.Config{Allowed: []string{strings.TrimPrefix(simulator.URL, "http://")}}), Now: time.Now, Rand: ident.System(), Settings: channel.HTTPSettings{URL: simulator.URL + "/sms",
		Headers:   map[string]string{"X-Timestamp": "{timestamp}", "X-Nonce": "{nonce}", "X-Signature": "{signature}"},
		Body:      map[string]any{"template": "T", "phone": "{national}", "params": "{params_json}", "id": "{id}", "callback": platform.URL},
		Signature: channel.Signature{Algorithm: "hmac-sha256", Over: "{timestamp}\n{nonce}\n{body}"}, Success: channel.Success{Field: "code", Values: []string{"OK"}, Reference: "message_id"}}})
	for number, want := range map[string]string{"+8613800138000": channel.Delivered, "+8613800138410": channel.Failed} {
		reference, err := provider.Send(t.Context(), channel.Letter{Message: channel.Message{ID: "out_" + number, Kind: channel.Mobile, To: number}, Filled: map[string]string{}})
		if err != nil {
			t.Fatal(err)
		}
		select {
		case all := <-reports:
			if len(all) != 1 || all[0].Reference != reference || all[0].State != want {
				t.Errorf("%s: %+v of %s", number, all, reference)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%s: nothing was reported", number)
		}
	}
}
