package bankcard_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/proofing/bankcard"
	"github.com/yinxin-gov/yinxin/idp/proofing/elements"
	"github.com/yinxin-gov/yinxin/idp/proofing/sandbox"
	"github.com/yinxin-gov/yinxin/idp/source"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/outbound"
)

const token = "token-of-tests"

func start(t *testing.T, handler http.Handler, documents ...string) *bankcard.Source {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return bankcard.New(source.New(source.Config{Name: "gateway", URL: server.URL, Token: token, Now: time.Now, Steady: true,
		Client: outbound.New(outbound.Config{Allowed: []string{strings.TrimPrefix(server.URL, "http://")}})}), documents)
}

const card = "6222999900000000016"

var query = proofing.Query{RequestID: "case_1", Name: "张三", IDType: subject.CitizenID, IDNumber: "11010519491231002X", Mobile: "+8613800138000", Card: card}

func TestSandboxAnswersByPersonaAndCard(t *testing.T) {
	s := start(t, sandbox.Bank(token, time.Second))
	for name, test := range map[string]struct {
		change func(q *proofing.Query)
		want   proofing.Verdict // empty: silence
	}{
		"all fits":                    {func(*proofing.Query) {}, proofing.Match},
		"another's card":              {func(q *proofing.Query) { q.Card = "6222999900000000024" }, proofing.CardMismatch},
		"another's number":            {func(q *proofing.Query) { q.Mobile = "+8613800138001" }, proofing.MobileMismatch},
		"another's name":              {func(q *proofing.Query) { q.Name = "李四" }, proofing.Mismatch},
		"deceased":                    {func(q *proofing.Query) { q.Name, q.IDNumber = "周已故", "999900195001010091" }, proofing.Refused},
		"broken":                      {func(q *proofing.Query) { q.Card = sandbox.CardBroken }, ""},
		"garbage":                     {func(q *proofing.Query) { q.Card = sandbox.CardGarbage }, ""},
		"recall of what it never got": {func(q *proofing.Query) { q.RequestID, q.Card = "case_2", "" }, ""},
	} {
		q := query
		test.change(&q)
		got, err := s.Ask(context.Background(), q)
		if got.Verdict != test.want || (err == nil) != (test.want != "") || err != nil && !errors.Is(err, proofing.ErrSilent) || err == nil && len(got.Digest) != 64 {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
	for number, card := range sandbox.Cards {
		if parsed, err := proofing.ParseCard(card); err != nil || parsed != card {
			t.Errorf("card of %s: %v", number, err)
		}
	}
	q := query
	q.RequestID, q.Card = "case_3", sandbox.CardSlow
	if _, err := s.Ask(context.Background(), q); !errors.Is(err, proofing.ErrSilent) {
		t.Errorf("first: %v", err)
	}
	q.Card = ""
	if got, err := s.Ask(context.Background(), q); err != nil || got.Verdict != proofing.Match {
		t.Errorf("asked again: %+v %v", got, err)
	}
}

func TestRecallTellsNothingOfThePerson(t *testing.T) {
	var got map[string]any
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		json.NewDecoder(r.Body).Decode(&got)
		io.WriteString(w, `{"request_id":"case_1","result":"match"}`)
	}))
	q := query
	q.Card = ""
	if _, err := s.Ask(context.Background(), q); err != nil || len(got) != 2 || got["recall"] != true || got["request_id"] != "case_1" {
		t.Errorf("%v, %v", got, err)
	}
	if s.Name() != "gateway" || !s.Knows(subject.CitizenID) || s.Knows(subject.Passport) {
		t.Error("another source")
	}
}

func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{`{"request_id":"r","result":"match"}`, `{"request_id":"r","result":"card_mismatch"}`, `{"request_id":"r","result":"pending"}`, `[]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		a, err := source.Parse[elements.CardAnswer](body, "r")
		if err == nil && a.Usable() != nil || err != nil && a != (elements.CardAnswer{}) {
			t.Errorf("%+v %v", a, err)
		}
	})
}
