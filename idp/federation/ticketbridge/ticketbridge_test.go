package ticketbridge

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/bridge/ticket"
	"github.com/yinxin-gov/yinxin/idp/federation"
	"github.com/yinxin-gov/yinxin/internal/outbound"
)

var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

const secret = "a-shared-secret-of-tests"

// platform answers with what a test says and keeps what it was asked.
type platform struct {
	status int
	body   string
	err    error
	asked  []url.Values
	to     []string
}

func (p *platform) Do(_ context.Context, _, address string, _ http.Header, body []byte) (*outbound.Answer, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	p.asked, p.to = append(p.asked, form), append(p.to, address)
	return &outbound.Answer{Status: p.status, Body: []byte(p.body)}, p.err
}

// source takes the person from the exchange itself.
func source(t *testing.T, change func(s *federation.Source)) federation.Source {
	t.Helper()
	s := federation.Source{ID: "city", Protocol: federation.ProtocolTicket, ClientID: "county", TrustedIdentity: true, LevelClaim: "data.user.level", NameClaim: "data.user.name", NumberClaim: "data.user.id_no", Ticket: &federation.TicketProtocol{
		LoginURL: "https://city.example.gov.cn/login?lang=zh", ExchangeURL: "https://city.example.gov.cn/exchange", LogoutURL: "https://city.example.gov.cn/logout", AppParameter: "appid",
		SuccessField: "code", SuccessValues: []string{"0", "200"}, SubjectField: "data.user.uid", SessionField: "data.sid", ACRField: "data.how", Signature: ticket.Recipe{Algorithm: ticket.HMACSM3}}}
	if change != nil {
		change(&s)
	}
	if err := s.Normalize(); err != nil {
		t.Fatal(err)
	}
	return s
}

const answer = `{"code":200,"msg":"ok","data":{"sid":"s1","how":"strong","user":{"uid":10001,"name":"张三","id_no":"11010519491231002X","level":3}}}`

var attempt = federation.Attempt{RedirectURI: "https://county.example.gov.cn/federation/city/callback", State: "st"}

func TestTicketIsExchanged(t *testing.T) {
	city := &platform{status: 200, body: answer}
	p := New(Config{Fetch: city, Now: func() time.Time { return now }, Rand: rand.Reader})
	s := source(t, func(s *federation.Source) { s.Ticket.SendAddress = true })
	address, asked, err := p.Begin(t.Context(), s, attempt)
	if err != nil || asked || address != "https://city.example.gov.cn/login?lang=zh&appid=county&goto=https%3A%2F%2Fcounty.example.gov.cn%2Ffederation%2Fcity%2Fcallback%3Fstate%3Dst" {
		t.Fatalf("%s, %v", address, err)
	}
	i, err := p.Finish(t.Context(), s, secret, attempt, url.Values{"ticket": {"T1"}})
	if err != nil || i.Subject != "10001" || i.SID != "s1" || i.ACR != "strong" || i.Level != "3" || i.Name != "张三" || i.Number != "11010519491231002X" || i.Evidence == "" || !i.AuthTime.IsZero() {
		t.Fatalf("%+v, %v", i, err)
	}
	form := city.asked[0]
	parameters := map[string]string{}
	for name := range form {
		parameters[name] = form.Get(name)
	}
	if err := s.Ticket.Signature.Verify(parameters, secret, now, "goto", "ticket", "appid", "goto"); err != nil || form.Get("ticket") != "T1" || form.Get("goto") != attempt.RedirectURI+"?state=st" {
		t.Errorf("it was asked %v: %v", form, err)
	}
	if p.Finish(t.Context(), s, secret, attempt, url.Values{"ticket": {"T2"}}); city.asked[0].Get("nonce") == city.asked[1].Get("nonce") {
		t.Error("a nonce comes twice")
	}
	if address, err := p.Leave(t.Context(), s, "", "https://county.example.gov.cn/back", "s&"); err != nil || address != "https://city.example.gov.cn/logout?appid=county&goto=https%3A%2F%2Fcounty.example.gov.cn%2Fback%3Fstate%3Ds%2526" {
		t.Errorf("%s, %v", address, err)
	}
}

func TestAnswersThatProveNothing(t *testing.T) {
	long := strings.Repeat("x", 256)
	for name, test := range map[string]struct {
		status int
		body   string
		err    error
		ticket string
		secret string
		want   error
	}{
		"silent":              {err: errors.New("timeout"), want: federation.ErrSilent},
		"broken":              {status: 502, body: answer, want: federation.ErrSilent},
		"refused":             {status: 401, body: answer, want: federation.ErrRefused},
		"redirect":            {status: 302, body: answer, want: federation.ErrRefused},
		"says no":             {body: strings.Replace(answer, "200", "500", 1), want: federation.ErrRefused},
		"says nothing":        {body: strings.Replace(answer, `"code":200,`, "", 1), want: federation.ErrRefused},
		"nobody":              {body: strings.Replace(answer, `"uid":10001,`, "", 1), want: federation.ErrRefused},
		"an object as person": {body: strings.Replace(answer, "10001", `{"a":1}`, 1), want: federation.ErrRefused},
		"a list as person":    {body: strings.Replace(answer, "10001", `["a"]`, 1), want: federation.ErrRefused},
		"null as person":      {body: strings.Replace(answer, "10001", `null`, 1), want: federation.ErrRefused},
		"two persons":         {body: strings.Replace(answer, `"uid":10001`, `"uid":1,"uid":10001`, 1), want: federation.ErrRefused},
		"two answers":         {body: answer + answer, want: federation.ErrRefused},
		"a list":              {body: "[" + answer + "]", want: federation.ErrRefused},
		"no JSON":             {body: "<html>", want: federation.ErrRefused},
		"deep":                {body: strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100), want: federation.ErrRefused},
		"long":                {body: strings.Replace(answer, "10001", `"`+long+`"`, 1), want: federation.ErrRefused},
		"no ticket":           {ticket: "-", want: federation.ErrRefused},
		"long ticket":         {ticket: strings.Repeat("x", 2000), want: federation.ErrRefused},
		"ticket with joiner":  {ticket: "a&ticket=b", want: federation.ErrRefused},
		"no secret":           {secret: "-", want: federation.ErrRefused},
	} {
		t.Run(name, func(t *testing.T) {
			city := &platform{status: 200, body: answer, err: test.err}
			if test.status != 0 {
				city.status = test.status
			}
			if test.body != "" {
				city.body = test.body
			}
			value, with := "T1", secret
			if test.ticket != "" {
				value = strings.TrimPrefix(test.ticket, "-")
			}
			if test.secret != "" {
				with = ""
			}
			p := New(Config{Fetch: city, Now: func() time.Time { return now }, Rand: rand.Reader})
			if i, err := p.Finish(t.Context(), source(t, nil), with, attempt, url.Values{"ticket": {value}}); !errors.Is(err, test.want) {
				t.Errorf("%+v, %v", i, err)
			}
		})
	}
	t.Run("a new login that cannot be asked for", func(t *testing.T) {
		fresh := attempt
		fresh.Fresh = true
		p := New(Config{Fetch: &platform{status: 200, body: answer}, Now: func() time.Time { return now }, Rand: rand.Reader})
		if _, err := p.Finish(t.Context(), source(t, nil), secret, fresh, url.Values{"ticket": {"T1"}}); !errors.Is(err, federation.ErrRefused) {
			t.Error(err)
		}
	})
}

func FuzzReadDocument(f *testing.F) {
	f.Add([]byte(answer))
	f.Add([]byte(`{"a":{"a":[1,{"b":null}]},"c":1e400}`))
	f.Add([]byte(`{"a":1,"a":2}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		document, err := ReadDocument(raw)
		if err != nil {
			return
		}
		if !json.Valid(raw) {
			t.Fatal("what is no JSON was taken")
		}
		for _, path := range []string{"data.user.uid", "a", "a.a", ""} {
			if value := lookup(document, path); len(value) > len(raw)*6 {
				t.Fatalf("%s is %d octets long", path, len(value))
			}
		}
		again, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ReadDocument(again); err != nil {
			t.Fatalf("what was taken cannot be read again: %v", err)
		}
	})
}
