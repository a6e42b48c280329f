package channel_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/i18n"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/outbound"
)

// TestCallsReadACodeDigitByDigit: in every language, twice, with the sender first; a call costs one, goes where messages go, and nothing
// but a code is read aloud.
func TestCallsReadACodeDigitByDigit(t *testing.T) {
	caller, texter := &peer{}, &peer{}
	o := open(t, channel.Config{Platform: "一网通办", SMS: []channel.Entry{{Name: "sms", Provider: texter}}, Voice: []channel.Entry{{Name: "caller", Provider: caller, Cost: 3}}, Countries: channel.Countries{"+86"}})
	for locale, digits := range map[string]string{i18n.Chinese: "1，2，3，4，5，6", i18n.English: "1, 2, 3, 4, 5, 6", i18n.TraditionalChinese: "1，2，3，4，5，6"} {
		m := channel.Message{ID: "call-" + locale, Kind: channel.Voice, To: "+8613800138000", Template: channel.TemplateCode, Locale: locale, Params: map[string]string{"code": "123456", "minutes": "10"}}
		receipt, err := o.Send(ctx, m)
		if err != nil || receipt.Kind != channel.Voice || receipt.Parts != 1 || receipt.Provider != "caller" {
			t.Fatalf("%s: %+v, %v", locale, receipt, err)
		}
		said := caller.got[len(caller.got)-1]
		if strings.Count(said.Text.Text, digits) != 2 || strings.Contains(said.Text.Text, "123456") || said.Digits != digits || !strings.Contains(said.Text.Text, "一网通办") || strings.ContainsAny(said.Text.Text, "{}") {
			t.Errorf("%s: %q", locale, said.Text.Text)
		}
	}
	agree := channel.Message{ID: "counter", Kind: channel.Voice, To: "+8613800138000", Template: channel.TemplateCounterCode, Locale: i18n.Chinese, Params: map[string]string{"code": "123456", "minutes": "10"}}
	if text, err := o.Render(agree); err != nil || strings.Count(text.Text, "1，2，3，4，5，6") != 2 || !strings.Contains(text.Text, "窗口") {
		t.Errorf("at a counter: %q, %v", text.Text, err)
	}
	if len(texter.got) != 0 {
		t.Error("a call went out as a text message")
	}
	if o.ledger.days[channel.Day(start)+"caller"] != 9 {
		t.Errorf("cost %v", o.ledger.days)
	}
	if _, err := o.Send(ctx, channel.Message{ID: "abroad", Kind: channel.Voice, To: "+12125550100", Template: channel.TemplateCode}); !errors.Is(err, channel.ErrNotAllowed) || o.Reaches(channel.Voice, "+12125550100") {
		t.Errorf("a call abroad: %v", err)
	}
	if _, err := o.Send(ctx, channel.Message{ID: "notice", Kind: channel.Voice, To: "+8613800138000", Template: channel.TemplateRecovered}); err == nil {
		t.Error("a notice was read aloud")
	}
	listed := open(t, channel.Config{Voice: []channel.Entry{{Name: "caller", Provider: caller, Carries: map[string]bool{channel.TemplateCode: true}}}, Countries: channel.Everywhere})
	if !o.Carries(channel.Voice, channel.TemplateCounterCode) || listed.Carries(channel.Voice, channel.TemplateCounterCode) || !listed.Carries(channel.Voice, channel.TemplateCode) {
		t.Error("which texts a provider of calls has")
	}
	if silent := open(t, channel.Config{SMS: []channel.Entry{{Name: "sms", Provider: texter}}, Countries: channel.Everywhere}); silent.Reaches(channel.Voice, "+8613800138000") {
		t.Error("calls are offered without a provider")
	}
	if !o.Reports("caller") == o.Reports("nobody") {
		t.Error("reports of a provider of calls")
	}
}

// TestCallByHTTP: the sentence and the digits reach the provider as its body wants them; mail servers carry no calls.
func TestCallByHTTP(t *testing.T) {
	body := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		content, _ := io.ReadAll(r.Body)
		body = string(content)
	}))
	defer server.Close()
	settings := channel.ProviderSettings{Name: "caller", HTTP: channel.HTTPSettings{URL: server.URL, Format: "form", Body: map[string]any{"called": "{national}", "say": "{text}", "digits": "{digits}", "code": "{code}"}}}
	all := channel.Settings{Voice: []channel.ProviderSettings{settings}}
	all.SetDefaults()
	if faults := all.Check(); len(faults) != 0 {
		t.Fatal(faults)
	}
	provider := channel.NewHTTP(channel.HTTPConfig{Settings: all.Voice[0].HTTP, Client: outbound.New(outbound.Config{Allowed: []string{strings.TrimPrefix(server.URL, "http://")}}), Now: time.Now, Rand: ident.System()})
	o := open(t, channel.Config{Platform: "Hall", Voice: []channel.Entry{{Name: "caller", Provider: provider}}, Countries: channel.Everywhere})
	if _, err := o.Send(ctx, channel.Message{ID: "one", Kind: channel.Voice, To: "+8613800138000", Template: channel.TemplateCode, Locale: i18n.English, Params: map[string]string{"code": "907060", "minutes": "10"}}); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"called=13800138000", "digits=9%2C+0%2C+7%2C+0%2C+6%2C+0", "code=907060", "say=Hello%2C+this+is+Hall"} {
		if !strings.Contains(body, part) {
			t.Errorf("%s lacks %s", body, part)
		}
	}
	all.Voice[0] = channel.ProviderSettings{Name: "post", SMTP: channel.SMTPSettings{Host: "mail.example", Port: 587, TLS: "starttls", From: "a@example.cn"}}
	if faults := all.Check(); len(faults) != 1 || !strings.Contains(faults[0], "channels.voice[0]") {
		t.Errorf("%v", faults)
	}
}
