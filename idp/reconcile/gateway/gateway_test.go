package gateway_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/yinxin-gov/yinxin/idp/reconcile"
	"github.com/yinxin-gov/yinxin/idp/reconcile/gateway"
	"github.com/yinxin-gov/yinxin/idp/source/simulated"
	"github.com/yinxin-gov/yinxin/internal/outbound"
)

func ask(t *testing.T, handler http.Handler, token string, q reconcile.Question) (reconcile.Result, error) {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	r := gateway.New(gateway.Config{URL: server.URL, Token: token, Client: outbound.New(outbound.Config{Allowed: []string{strings.TrimPrefix(server.URL, "http://")}})})
	return r.Ask(context.Background(), q)
}

func TestSimulatedRegisterAnswers(t *testing.T) {
	for _, test := range []struct {
		name, number string
		want         reconcile.Result
	}{
		{"张三", "11010519491231002X", reconcile.Confirmed}, {"张四", "11010519491231002X", reconcile.Changed}, {"周已故", "999900195001010091", reconcile.Deceased}, {"张三", "110101199003070476", reconcile.Unknown},
		{"计数", "persona-abc-1", reconcile.Confirmed}, {simulated.NameBroken, "11010519491231002X", reconcile.NoAnswer},
	} {
		got, err := ask(t, gateway.Simulated("t"), "t", reconcile.Question{RequestID: "r", Name: test.name, IDType: "citizen_id", IDNumber: test.number})
		if got != test.want || (err == nil) == (test.want == reconcile.NoAnswer) {
			t.Errorf("%s %s: %s %v", test.name, test.number, got, err)
		}
	}
	if got, err := ask(t, gateway.Simulated("t"), "other", reconcile.Question{RequestID: "r"}); err == nil || got != reconcile.NoAnswer {
		t.Errorf("with another token: %s %v", got, err)
	}
}

func TestEverythingElseIsSilence(t *testing.T) {
	for name, test := range map[string]struct {
		status int
		body   string
	}{
		"another question": {200, `{"request_id":"x","result":"deceased"}`}, "no question": {200, `{"result":"deceased"}`}, "another status": {202, `{"request_id":"r","result":"deceased"}`}, "another word": {200, `{"request_id":"r","result":"dead"}`},
		"no word": {200, `{"request_id":"r"}`}, "no_answer": {200, `{"request_id":"r","result":"no_answer"}`}, "garbage": {200, `{"request_id":"r","result":"decea`}, "redirect": {302, `{"request_id":"r","result":"deceased"}`}, "a list": {200, `[{"request_id":"r","result":"deceased"}]`},
	} {
		handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(test.status); io.WriteString(w, test.body) })
		if got, err := ask(t, handler, "t", reconcile.Question{RequestID: "r"}); got != reconcile.NoAnswer || err == nil {
			t.Errorf("%s: %s %v", name, got, err)
		}
	}
}
