package simulated_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/source/simulated"
)

type question struct {
	Number string `json:"number"`
}

func ask(t *testing.T, method, token, body string) (int, string) {
	t.Helper()
	r := httptest.NewRequest(method, "/", strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	simulated.Handler(simulated.Source{What: "source", Token: "token", Slow: time.Millisecond}, func(q question, _ *http.Request) map[string]any {
		if q.Number == "none" {
			return nil
		}
		return map[string]any{"result": q.Number}
	}).ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		method, token, body string
		status              int
		result              string // of an answer that can be read
	}{
		"an ordinary question":  {"POST", "token", `{"request_id":"r1","name":"张三","number":"7"}`, 200, "7"},
		"a recall without name": {"POST", "token", `{"request_id":"r1","number":"7"}`, 200, "7"},
		"nothing to answer":     {"POST", "token", `{"request_id":"r1","name":"张三","number":"none"}`, 500, ""},
		"slow":                  {"POST", "token", `{"request_id":"r1","name":"` + simulated.NameSlow + `","number":"7"}`, 200, ""},
		"broken":                {"POST", "token", `{"request_id":"r1","name":"` + simulated.NameBroken + `","number":"7"}`, 500, ""},
		"garbage":               {"POST", "token", `{"request_id":"r1","name":"` + simulated.NameGarbage + `","number":"7"}`, 200, ""},
		"GET":                   {"GET", "token", `{"request_id":"r1"}`, 401, ""},
		"another token":         {"POST", "other", `{"request_id":"r1"}`, 401, ""},
		"no JSON":               {"POST", "token", `name=x`, 400, ""},
		"too long":              {"POST", "token", `{"number":"` + strings.Repeat("1", 65<<10) + `"}`, 400, ""},
	} {
		status, body := ask(t, c.method, c.token, c.body)
		var a struct {
			RequestID string `json:"request_id"`
			Result    string `json:"result"`
			Simulated bool   `json:"simulated"`
		}
		read := json.Unmarshal([]byte(body), &a) == nil
		if status != c.status || read != (c.result != "") || read && (a.RequestID != "r1" || a.Result != c.result || !a.Simulated) {
			t.Errorf("%s: %d %q", name, status, body)
		}
	}
}
