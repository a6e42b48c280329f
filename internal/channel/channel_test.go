package channel_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/internal/channel"
	"github.com/yinxin-gov/yinxin/internal/i18n"
)

var (
	ctx   = context.Background()
	start = time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
)

func catalogue(t testing.TB) *i18n.Catalogue {
	t.Helper()
	c, err := i18n.New(i18n.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// peer is a provider that answers as the test wants and remembers what it got.
type peer struct {
	mutex sync.Mutex
	got   []channel.Letter
	err   error
}

func (p *peer) Send(_ context.Context, l channel.Letter) (string, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.got = append(p.got, l)
	return "ref", p.err
}

// ledger is an account in memory.
type ledger struct {
	mutex    sync.Mutex
	days     map[string]int64
	receipts map[string]channel.Receipt
	fail     error
}

func newLedger() *ledger {
	return &ledger{days: map[string]int64{}, receipts: map[string]channel.Receipt{}}
}

func (l *ledger) Reserve(_ context.Context, day, provider string, cost, ceiling int64) (bool, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.fail != nil {
		return false, l.fail
	}
	if ceiling > 0 && l.days[day+provider]+cost > ceiling {
		return false, nil
	}
	l.days[day+provider] += cost
	return true, nil
}

func (l *ledger) Release(_ context.Context, day, provider string, cost int64) error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.days[day+provider] -= cost
	return nil
}

func (l *ledger) PutReceipt(_ context.Context, r channel.Receipt) error {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.receipts[r.ID] = r
	return nil
}

func (l *ledger) Settled(_ context.Context, id string) (bool, error) {
	_, ok := l.receipts[id]
	return ok, nil
}

type office struct {
	*channel.Channels
	at      time.Time
	ledger  *ledger
	outcome map[string]int
}

func open(t testing.TB, cfg channel.Config) *office {
	t.Helper()
	o := &office{at: start, ledger: newLedger(), outcome: map[string]int{}}
	cfg.Catalogue, cfg.Now, cfg.Log, cfg.Ledger = catalogue(t), func() time.Time { return o.at }, slog.New(slog.DiscardHandler), o.ledger
	if cfg.Platform == "" {
		cfg.Platform, cfg.Hotline = "示例市一网通办", "12345"
	}
	if cfg.Countries == nil {
		cfg.Countries = channel.DefaultCountries
	}
	cfg.Observe = func(provider, outcome string, _ int64) { o.outcome[provider+" "+outcome]++ }
	o.Channels = channel.New(cfg)
	return o
}

func code(id string) channel.Message {
	return channel.Message{ID: id, Kind: channel.Mobile, To: "+8613800138000", Template: channel.TemplateCode, Locale: "zh-CN", Params: map[string]string{"code": "482913", "minutes": "10"}}
}

// worst are the longest values that a template may carry.
func worst(t channel.Template) map[string]string {
	params := map[string]string{}
	for _, p := range t.Params {
		params[p.Name] = strings.Repeat("测", p.Max*2)
	}
	params["code"], params["minutes"] = "12345678", "999"
	return params
}

var link = regexp.MustCompile(`(?i)https?:|www\.|://|\.(cn|com|org)\b`)

// TestTemplatesKeepTheCopyRules: experience.md 4: sender first, never a link, one part in Chinese and at most two in
// English, for the longest values; every placeholder is declared.
func TestTemplatesKeepTheCopyRules(t *testing.T) {
	c := catalogue(t)
	o := open(t, channel.Config{Platform: strings.Repeat("市", 40), Hotline: "4001234567"})
	for _, template := range channel.Templates() {
		known := map[string]bool{"platform": true, "hotline": true}
		for _, p := range template.Params {
			known[p.Name] = true
		}
		for _, locale := range i18n.Locales() {
			for _, part := range []string{"text", "subject", "mail"} {
				key := "message." + template.Name + "." + part
				if !c.Has(key) {
					t.Fatalf("%s is missing", key)
				}
				raw := c.Text(locale, key)
				for _, found := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(raw, -1) {
					if !known[found[1]] {
						t.Errorf("%s %s: {%s} is not declared", locale, key, found[1])
					}
				}
				if link.MatchString(raw) {
					t.Errorf("%s %s holds a link", locale, key)
				}
			}
			sms, err := o.Render(channel.Message{Kind: channel.Mobile, Template: template.Name, Locale: locale, Params: worst(template)})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(sms.Text, "【市市市") && !strings.HasPrefix(sms.Text, "[市市市") {
				t.Errorf("%s %s: the sender does not stand first: %s", locale, template.Name, sms.Text)
			}
			most := 1
			if locale == i18n.English && template.Name != channel.TemplateCode {
				most = 2
			}
			if sms.Parts > most {
				t.Errorf("%s %s: %d parts: %s", locale, template.Name, sms.Parts, sms.Text)
			}
			if strings.ContainsAny(sms.Text, "{}\n") {
				t.Errorf("%s %s: unfilled or broken: %q", locale, template.Name, sms.Text)
			}
			mail, err := o.Render(channel.Message{Kind: channel.Email, Template: template.Name, Locale: locale, Params: worst(template)})
			if err != nil || mail.Subject == "" || mail.Body == "" || strings.ContainsAny(mail.Subject+mail.Body, "{}") || strings.Contains(mail.Subject, "\n") {
				t.Errorf("%s %s: %+v %v", locale, template.Name, mail, err)
			}
		}
	}
	if _, err := o.Send(ctx, channel.Message{ID: "1", Kind: channel.Mobile, To: "+8613800138000", Template: "unknown"}); err == nil {
		t.Error("an unknown template was sent")
	}
}

func TestPartsCountUTF16Units(t *testing.T) {
	for _, test := range []struct {
		text string
		want int
	}{
		{"", 1}, {strings.Repeat("字", 70), 1}, {strings.Repeat("字", 71), 2}, {strings.Repeat("字", 134), 2}, {strings.Repeat("字", 135), 3},
		{strings.Repeat("a", 70), 1}, {strings.Repeat("𬭎", 35), 1}, {strings.Repeat("𬭎", 36), 2},
		{strings.Repeat("𬭎", 66), 2}, {strings.Repeat("𬭎", 67), 3}, // 33 pairs fill 66 of 67 units: no pair is split
	} {
		if got := channel.Parts(test.text); got != test.want {
			t.Errorf("%d characters: %d parts, want %d", len([]rune(test.text)), got, test.want)
		}
	}
}

// TestI09ValuesCannotChangeAMessage: no line, no direction mark, no sender of their own, no link, no second filling.
func TestI09ValuesCannotChangeAMessage(t *testing.T) {
	o := open(t, channel.Config{})
	for value, want := range map[string]string{
		"a\r\nBcc: x@y.cn": "“a Bcc: x@y.…”", "\u202eevil\u200b": "“evil”", "https://evil.cn": "“https evil.…”", "】【银行】": "“][银行]”", "{platform}": "“{platform}”", "\x00\x1b[31m": "“[31m”",
	} {
		text, err := o.Render(channel.Message{Kind: channel.Mobile, Template: channel.TemplateReplay, Locale: "zh-CN", Params: map[string]string{"app": value}})
		if err != nil || !strings.Contains(text.Text, want) {
			t.Errorf("%q: %s %v", value, text.Text, err)
		}
	}
}

func TestFirstProviderThatTakesItHasIt(t *testing.T) {
	one, two := &peer{err: errors.New("away")}, &peer{}
	o := open(t, channel.Config{SMS: []channel.Entry{{Name: "one", Provider: one, Cost: 45}, {Name: "two", Provider: two, Cost: 50}}})
	receipt, err := o.Send(ctx, code("m1"))
	if err != nil || receipt.Provider != "two" || receipt.State != channel.Sent || receipt.Reference != "ref" || receipt.Parts != 1 {
		t.Fatalf("%+v %v", receipt, err)
	}
	if len(two.got) != 1 || two.got[0].Text.Text != "【示例市一网通办】验证码 482913，10 分钟内有效。工作人员不会向您索要。" {
		t.Errorf("%+v", two.got)
	}
	// What may have been sent is paid for; the receipt keeps a second worker from sending again.
	if day := channel.Day(start); o.ledger.days[day+"one"] != 45 || o.ledger.days[day+"two"] != 50 {
		t.Errorf("%v", o.ledger.days)
	}
	if _, err := o.Send(ctx, code("m1")); err != nil || len(two.got) != 1 {
		t.Errorf("sent twice: %v", err)
	}
	if o.outcome["one failed"] != 1 || o.outcome["two sent"] != 1 {
		t.Errorf("%v", o.outcome)
	}
}

func TestWhatWasSurelyNotSentCostsNothing(t *testing.T) {
	one := &peer{err: fmt.Errorf("%w: status 400", channel.ErrUnsent)}
	o := open(t, channel.Config{SMS: []channel.Entry{{Name: "one", Provider: one, Cost: 45}}})
	if _, err := o.Send(ctx, code("m1")); err == nil || channel.Hopeless(err) {
		t.Errorf("%v", err)
	}
	if o.ledger.days[channel.Day(start)+"one"] != 0 {
		t.Errorf("%v", o.ledger.days)
	}
}

func TestRefusedRecipientIsTriedNowhereElse(t *testing.T) {
	one, two := &peer{err: channel.ErrRefused}, &peer{}
	o := open(t, channel.Config{SMS: []channel.Entry{{Name: "one", Provider: one}, {Name: "two", Provider: two}}})
	if _, err := o.Send(ctx, code("m1")); !channel.Hopeless(err) || len(two.got) != 0 || o.ledger.receipts["m1"].State != channel.Refused {
		t.Errorf("%v, %d to the second, %+v", err, len(two.got), o.ledger.receipts)
	}
}

func TestExpiredMessageIsNotSent(t *testing.T) {
	one := &peer{}
	o := open(t, channel.Config{SMS: []channel.Entry{{Name: "one", Provider: one}}})
	m := code("m1")
	m.Until = start
	if _, err := o.Send(ctx, m); !errors.Is(err, channel.ErrExpired) || !channel.Hopeless(err) || len(one.got) != 0 {
		t.Errorf("%v", err)
	}
	m.Until = start.Add(time.Microsecond)
	if _, err := o.Send(ctx, m); err != nil {
		t.Error(err)
	}
}

func TestA05ForeignNumbersNeedPolicy(t *testing.T) {
	policy := channel.Countries{"+86", "+1", "!+1876", "+852", "+185", "!+852", "+18761"}
	for number, want := range map[string]bool{"+8613800138000": true, "+12025550123": true, "+18765550123": false, "+18761550123": true, "+85291234567": false, "+8801700000000": false, "+4915112345678": false, "": false, "13800138000": false} {
		if got := policy.Allows(number); got != want {
			t.Errorf("%s: %v", number, got)
		}
	}
	one := &peer{}
	o := open(t, channel.Config{SMS: []channel.Entry{{Name: "one", Provider: one}}, Countries: policy})
	m := code("m1")
	m.To = "+18765550123"
	if _, err := o.Send(ctx, m); !errors.Is(err, channel.ErrNotAllowed) || !channel.Hopeless(err) || len(one.got) != 0 {
		t.Errorf("%v", err)
	}
	for _, bad := range []string{"86", "+", "!", "+0", "+86a", "", "++86", "+1234567890123456"} {
		if (channel.Countries{bad}).Check() == nil {
			t.Errorf("%q is taken for a prefix", bad)
		}
	}
}

func TestA05CeilingOfADayHoldsAndTheNextProviderGoesOn(t *testing.T) {
	one, two := &peer{}, &peer{}
	o := open(t, channel.Config{SMS: []channel.Entry{{Name: "one", Provider: one, Cost: 45, Ceiling: 100}, {Name: "two", Provider: two}}})
	for n := range 4 {
		if _, err := o.Send(ctx, code(fmt.Sprint(n))); err != nil {
			t.Fatal(err)
		}
	}
	if len(one.got) != 2 || len(two.got) != 2 || o.outcome["one ceiling"] != 2 {
		t.Errorf("%d and %d, %v", len(one.got), len(two.got), o.outcome)
	}
	o.at = time.Date(2026, 11, 26, 16, 0, 0, 0, time.UTC) // midnight in Beijing
	if _, err := o.Send(ctx, code("next day")); err != nil || len(one.got) != 3 {
		t.Errorf("%v", err)
	}
	alone := open(t, channel.Config{SMS: []channel.Entry{{Name: "one", Provider: &peer{}, Cost: 45, Ceiling: 10}}})
	if _, err := alone.Send(ctx, code("x")); !errors.Is(err, channel.ErrCeiling) || channel.Hopeless(err) {
		t.Errorf("%v", err)
	}
}

func TestR06NoAccountNoMessage(t *testing.T) {
	one := &peer{}
	o := open(t, channel.Config{SMS: []channel.Entry{{Name: "one", Provider: one}}})
	o.ledger.fail = errors.New("no database")
	if _, err := o.Send(ctx, code("m1")); err == nil || len(one.got) != 0 {
		t.Errorf("%v", err)
	}
}

func TestF09SilentProviderIsLeftAlone(t *testing.T) {
	one, two := &peer{err: errors.New("away")}, &peer{}
	o := open(t, channel.Config{SMS: []channel.Entry{{Name: "one", Provider: one}, {Name: "two", Provider: two}}})
	for n := range 10 {
		if _, err := o.Send(ctx, code(fmt.Sprint(n))); err != nil {
			t.Fatal(err)
		}
	}
	if len(one.got) != 3 || len(two.got) != 10 || o.outcome["one paused"] != 7 {
		t.Errorf("asked %d times, %v", len(one.got), o.outcome)
	}
	o.at = o.at.Add(20 * time.Second)
	one.err = nil
	if receipt, err := o.Send(ctx, code("probe")); err != nil || receipt.Provider != "one" {
		t.Errorf("%+v %v", receipt, err)
	}
	if receipt, err := o.Send(ctx, code("after")); err != nil || receipt.Provider != "one" {
		t.Errorf("%+v %v", receipt, err)
	}
}

func TestProviderGetsOnlyWhatItCarries(t *testing.T) {
	templated, abroad, all := &peer{}, &peer{}, &peer{}
	o := open(t, channel.Config{SMS: []channel.Entry{{Name: "templated", Provider: templated, Carries: map[string]bool{"replay": true}}, {Name: "abroad", Provider: abroad, Countries: channel.Countries{"+852"}}, {Name: "all", Provider: all}}})
	if _, err := o.Send(ctx, code("m1")); err != nil || len(templated.got) != 0 || len(abroad.got) != 0 || len(all.got) != 1 {
		t.Errorf("%v: %d %d %d", err, len(templated.got), len(abroad.got), len(all.got))
	}
	m := code("m2")
	m.To = "+85291234567"
	if _, err := o.Send(ctx, m); err != nil || len(abroad.got) != 1 {
		t.Errorf("%v", err)
	}
	none := open(t, channel.Config{})
	if _, err := none.Send(ctx, code("m3")); !errors.Is(err, channel.ErrNone) || none.Offers(channel.Mobile) || none.Reaches(channel.Mobile, "+8613800138000") {
		t.Errorf("%v", err)
	}
	if receipt, err := o.SendBy(ctx, "all", code("m4")); err != nil || receipt.Provider != "all" {
		t.Errorf("%+v %v", receipt, err)
	}
}

func TestSimulatorShowsHowProvidersFail(t *testing.T) {
	kept := map[string]bool{}
	s := &channel.Simulator{Keep: func(_ context.Context, l channel.Letter) error { kept[l.To] = true; return nil }}
	o := open(t, channel.Config{SMS: []channel.Entry{{Name: "s", Provider: s}}, Mail: []channel.Entry{{Name: "s", Provider: s}}})
	send := func(id, kind, to string) error {
		m := code(id)
		m.Kind, m.To = kind, to
		_, err := o.Send(ctx, m)
		return err
	}
	if err := send("1", channel.Mobile, "+8613800138000"); err != nil || !kept["+8613800138000"] {
		t.Error(err)
	}
	for id, to := range map[string]string{"2": "+8613800138404", "3": "refused@example.cn"} {
		kind := channel.Mobile
		if strings.Contains(to, "@") {
			kind = channel.Email
		}
		if err := send(id, kind, to); !errors.Is(err, channel.ErrRefused) || kept[to] {
			t.Errorf("%s: %v", to, err)
		}
	}
	if err := send("4", channel.Mobile, "+8613800138410"); err != nil || kept["+8613800138410"] {
		t.Errorf("lost: %v", err)
	}
	if err := send("5", channel.Mobile, "+8613800138500"); err == nil || channel.Hopeless(err) {
		t.Errorf("flaky: %v", err)
	}
	if err := send("5", channel.Mobile, "+8613800138500"); err != nil || !kept["+8613800138500"] {
		t.Errorf("flaky, again: %v", err)
	}
	bounded, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	m := code("6")
	m.To = "+8613800138408"
	if _, err := o.Send(bounded, m); !errors.Is(err, context.DeadlineExceeded) || kept[m.To] {
		t.Errorf("slow: %v", err)
	}
}
