package carrier_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/proofing/carrier"
	"github.com/yinxin-gov/yinxin/idp/proofing/elements"
	"github.com/yinxin-gov/yinxin/idp/proofing/sandbox"
	"github.com/yinxin-gov/yinxin/idp/source"
	"github.com/yinxin-gov/yinxin/idp/source/simulated"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/outbound"
)

const token = "token-of-tests"

func start(t *testing.T, handler http.Handler, documents ...string) *carrier.Source {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return carrier.New(source.New(source.Config{Name: "gateway", URL: server.URL, Token: token, Now: time.Now, Steady: true,
		Client: outbound.New(outbound.Config{Allowed: []string{strings.TrimPrefix(server.URL, "http://")}})}), documents)
}

var query = proofing.Query{RequestID: "case_1", Name: "张三", IDType: subject.CitizenID, IDNumber: "11010519491231002X", Mobile: "+8613800138000"}

func TestSandboxAnswersByPersona(t *testing.T) {
	s := start(t, sandbox.Carrier(token, time.Second), subject.CitizenID, subject.Passport)
	for name, test := range map[string]struct {
		change func(q *proofing.Query)
		want   proofing.Verdict // empty: silence
	}{
		"all fits":         {func(*proofing.Query) {}, proofing.Match},
		"another's number": {func(q *proofing.Query) { q.Mobile = "+8613800138001" }, proofing.MobileMismatch},
		"another's name":   {func(q *proofing.Query) { q.Name = "李四" }, proofing.Mismatch},
		"frozen":           {func(q *proofing.Query) { q.Name, q.IDNumber = "吴冻结", "999900198404040109" }, proofing.Refused},
		"broken":           {func(q *proofing.Query) { q.Name = simulated.NameBroken }, ""},
		"garbage":          {func(q *proofing.Query) { q.Name = simulated.NameGarbage }, ""},
	} {
		q := query
		test.change(&q)
		got, err := s.Ask(context.Background(), q)
		if got.Verdict != test.want || (err == nil) != (test.want != "") || err != nil && !errors.Is(err, proofing.ErrSilent) || err == nil && len(got.Digest) != 64 {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
	if s.Name() != "gateway" || !s.Knows(subject.Passport) || s.Knows(subject.TaiwanPermit) {
		t.Error("another source")
	}
}

func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{`{"request_id":"r","result":"match"}`, `{"request_id":"r","result":"card_mismatch"}`, `{}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := source.Parse[elements.Answer](body, "r")
		if err == nil && (a.Usable() != nil || a.Result == proofing.CardMismatch) || err != nil && a != (elements.Answer{}) {
			t.Errorf("%+v %v", a, err)
		}
	})
}
