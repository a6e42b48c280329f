package channel_test

import (
	"context"
	"errors"
	"fmt"
	"io"
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

func answersOf(t testing.TB, kind string, change func(*channel.ReceiptSettings)) *channel.Receipts {
	t.Helper()
	s := channel.ReceiptSettings{Secret: "file", Answers: channel.AnswerSettings{ID: "n", Text: "text"}}
	if s.Answers.Reference = "call"; kind == channel.Mobile {
		s.Answers.Reference, s.Answers.From = "", "phone"
	}
	if change != nil {
		change(&s)
	}
	r, err := channel.NewReceipts("carrier", kind, s, receiptSecret, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestRepliesOfPeople: a key or a word is taken whole, whatever its width and case, with its own number and what it is about.
func TestRepliesOfPeople(t *testing.T) {
	both := func(s *channel.ReceiptSettings) {
		s.Reference, s.State, s.Delivered, s.Failed = "call", "status", []string{"OK"}, []string{"BAD"}
	}
	for name, row := range map[string]struct {
		kind, body string
		change     func(*channel.ReceiptSettings)
		want       string // replies and number of reports; empty: no form of ours
	}{
		"a key":            {channel.Voice, `{"n":"e1","call":"c1","text":"1"}`, nil, "[e1 c1  yes] 0"},
		"the other key":    {channel.Voice, `[{"n":1,"call":"c1","text":2}]`, nil, "[1 c1  no] 0"},
		"a third key":      {channel.Voice, `{"n":"e1","call":"c1","text":"12"}`, nil, "[e1 c1  ] 0"},
		"a word in a call": {channel.Voice, `{"n":"e1","call":"c1","text":"Y"}`, nil, "[e1 c1  ] 0"},
		"a word":           {channel.Mobile, `{"n":"e1","phone":"13800138000","text":" ｙ。"}`, nil, "[e1  13800138000 yes] 0"},
		"no":               {channel.Mobile, `{"n":"e1","phone":"13800138000","text":"n"}`, nil, "[e1  13800138000 no] 0"},
		"stop":             {channel.Mobile, `{"n":"e1","phone":"13800138000","text":"T"}`, nil, "[e1  13800138000 stop] 0"},
		"a sentence":       {channel.Mobile, `{"n":"e1","phone":"13800138000","text":"Y 但是"}`, nil, "[e1  13800138000 ] 0"},
		"own words":        {channel.Mobile, `{"n":"e1","phone":"13800138000","text":"同意"}`, func(s *channel.ReceiptSettings) { s.Answers.Yes = []string{"同意"} }, "[e1  13800138000 yes] 0"},
		"with a report":    {channel.Voice, `[{"call":"c1","status":"OK"},{"n":"e1","call":"c1","text":"1","status":"OK"}]`, both, "[e1 c1  yes] 2"},
		"no number":        {channel.Voice, `{"call":"c1","text":"1"}`, nil, ""},
		"an empty number":  {channel.Voice, `{"n":" ","call":"c1","text":"1"}`, nil, ""},
		"no call":          {channel.Voice, `{"n":"e1","phone":"13800138000","text":"1"}`, nil, ""},
		"no sender":        {channel.Mobile, `{"n":"e1","call":"c1","text":"Y"}`, nil, ""},
		"no text":          {channel.Mobile, `{"n":"e1","phone":"13800138000"}`, nil, ""},
		"a report alone":   {channel.Voice, `{"call":"c1","status":"OK"}`, nil, ""},
	} {
		told, err := answersOf(t, row.kind, row.change).Read(receiptSecret, http.Header{"Content-Type": {"application/json"}}, []byte(row.body))
		if row.want == "" {
			if !errors.Is(err, channel.ErrReportForm) || len(told.Replies) > 0 {
				t.Errorf("%s: %+v %v", name, told, err)
			}
			continue
		}
		got := []string{}
		for _, r := range told.Replies {
			if r.Provider != "carrier" || r.Kind != row.kind {
				t.Errorf("%s: %+v", name, r)
			}
			got = append(got, r.ID+" "+r.Reference+" "+r.From+" "+r.Word)
		}
		if all := fmt.Sprint(got, len(told.Reports)); err != nil || all != row.want {
			t.Errorf("%s: %q, want %q, %v", name, all, row.want, err)
		}
	}
	if _, err := answersOf(t, channel.Voice, nil).Read("another-secret-of", http.Header{}, []byte(`{"n":"e1","call":"c1","text":"1"}`)); !errors.Is(err, channel.ErrReportSecret) {
		t.Errorf("whoever calls: %v", err)
	}
}

// TestSettingsOfAnswers: what cannot be told apart, or counted once, does not start.
func TestSettingsOfAnswers(t *testing.T) {
	settings := func(answers channel.AnswerSettings) channel.Settings {
		p := channel.ProviderSettings{Name: "p", HTTP: channel.HTTPSettings{URL: "https://p.example.cn", Body: map[string]any{"to": "{to}"}, Success: channel.Success{Reference: "id"}, Receipts: channel.ReceiptSettings{Secret: "file", Algorithm: "hmac-sm3", Answers: answers}}}
		s := channel.Settings{Voice: []channel.ProviderSettings{p}}
		s.SetDefaults()
		return s
	}
	if faults := settings(channel.AnswerSettings{ID: "n", Text: "t", Reference: "c"}).Check(); len(faults) > 0 {
		t.Errorf("%v", faults)
	}
	for want, answers := range map[string]channel.AnswerSettings{
		".answers.id:":        {Text: "t", Reference: "c"},
		".answers.text:":      {ID: "n", Reference: "c"},
		".answers.reference:": {ID: "n", Text: "t", From: "f"},
		".answers.yes:":       {ID: "n", Text: "t", Reference: "c", Yes: []string{"1"}, No: []string{"１"}},
	} {
		if faults := strings.Join(settings(answers).Check(), "\n"); !strings.Contains(faults, want) {
			t.Errorf("%s is not among %s", want, faults)
		}
	}
	// Whoever reads an address in a log must not say yes for somebody.
	unsigned := settings(channel.AnswerSettings{ID: "n", Text: "t", Reference: "c"})
	unsigned.Voice[0].HTTP.Receipts.Algorithm = "path"
	if faults := strings.Join(unsigned.Check(), "\n"); !strings.Contains(faults, ".algorithm: answers have to be signed") {
		t.Errorf("answers without a signature start: %s", faults)
	}
}

// TestQuestionsGoToProvidersThatTellAnswers: others are passed over, whatever their order.
func TestQuestionsGoToProvidersThatTellAnswers(t *testing.T) {
	deaf, hears := &taker{}, &taker{}
	c := open(t, channel.Config{Voice: []channel.Entry{{Name: "deaf", Provider: deaf}, {Name: "hears", Provider: hears, Answers: true}}})
	m := channel.Message{ID: "1", Kind: channel.Voice, To: "+8613800138000", Template: channel.TemplateElderAsk, Locale: "zh-CN"}
	if r, err := c.Send(ctx, m); err != nil || r.Provider != "hears" {
		t.Errorf("%+v %v", r, err)
	}
	if m.ID, m.Template = "2", channel.TemplateElderCode; true {
		if r, err := c.Send(ctx, m); err != nil || r.Provider != "deaf" {
			t.Errorf("%+v %v", r, err)
		}
	}
	none := open(t, channel.Config{Voice: []channel.Entry{{Name: "deaf", Provider: deaf}}})
	if none.Carries(channel.Voice, channel.TemplateElderAsk) || !none.Carries(channel.Voice, channel.TemplateElderCode) {
		t.Error("a provider that hears nothing is asked")
	}
}

type taker struct{}

func (*taker) Send(context.Context, channel.Letter) (string, error) { return "r", nil }

// TestSimulatedProviderTellsAnswers: a magic number answers by itself, any other by POST /answers; the platform's reader takes both.
func TestSimulatedProviderTellsAnswers(t *testing.T) {
	const secret = "secret-of-simulator"
	reader, err := channel.NewReceipts("simulator", channel.Voice, channel.ReceiptSettings{Secret: "file", Algorithm: "hmac-sha256", Reference: "message_id", State: "status", Delivered: []string{channelsim.ReportDelivered}, Failed: []string{channelsim.ReportUndelivered},
		Answers: channel.AnswerSettings{ID: "answer_id", Text: "text", Reference: "message_id"}}, secret, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan channel.Reply, 4)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		told, err := reader.Read("", r.Header, body)
		if err != nil {
			t.Errorf("%v: %s", err, body)
		}
		for _, reply := range told.Replies {
			heard <- reply
		}
	}))
	defer hook.Close()
	log := &channelsim.Log{}
	simulator := &channelsim.SMS{Log: log, Secret: secret, Now: time.Now}
	server := httptest.NewServer(simulator)
	defer server.Close()
	provider := channel.NewHTTP(channel.HTTPConfig{Settings: channel.HTTPSettings{URL: server.URL + "/sms", Headers: map[string]string{"X-Timestamp": "{timestamp}", "X-Nonce": "{nonce}", "X-Signature": "{signature}"},
		Body: map[string]any{"template": "{template}", "phone": "{national}", "params": channel.ParamsValue, "id": "{id}", "callback": hook.URL, "ask": "call"}, Signature: channel.Signature{Algorithm: "hmac-sha256", Over: "{timestamp}\n{nonce}\n{body}"},
		Success: channel.Success{Field: "code", Values: []string{"OK"}, Reference: "message_id"}}, Secret: secret, Client: outbound.New(outbound.Config{Allowed: []string{strings.TrimPrefix(server.URL, "http://")}}), Now: time.Now, Rand: ident.System()})
	sends := func(id, to string) string {
		t.Helper()
		reference, err := provider.Send(ctx, channel.Letter{Message: channel.Message{ID: id, Kind: channel.Voice, To: to, Template: channel.TemplateElderAsk}, Filled: map[string]string{"who": "x"}})
		if err != nil {
			t.Fatal(err)
		}
		return reference
	}
	hears := func(reference, word string) {
		t.Helper()
		select {
		case r := <-heard:
			if r.Reference != reference || r.Word != word || r.ID == "" {
				t.Errorf("%+v", r)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("no answer")
		}
	}
	hears(sends("m1", "+8613800138201"), channel.ReplyYes)
	hears(sends("m2", "+8613800138202"), channel.ReplyNo)
	other := sends("m3", "+8613800138000")
	answer, err := http.Post(server.URL+"/answers", "application/json", strings.NewReader(`{"message_id":"`+other+`","text":"2"}`))
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%v %v", answer, err)
	}
	hears(other, channel.ReplyNo)
}
