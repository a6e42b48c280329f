package source_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/source"
	"github.com/yinxin-gov/yinxin/internal/outbound"
)

type answer struct {
	Result string `json:"result"`
}

func (a answer) Usable() error {
	if a.Result != "yes" && a.Result != "no" {
		return errors.New("result is none of the protocol")
	}
	return nil
}

type steps struct {
	status int
	body   string
	now    time.Time
	noted  []string
	paid   int64
	calls  int
}

func (s *steps) client(t *testing.T, steady bool) *source.Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.calls++
		if r.Header.Get("Authorization") != "Bearer secret" || r.URL.Path != "/base/part" {
			t.Errorf("%s %s", r.URL, r.Header)
		}
		w.WriteHeader(s.status)
		io.WriteString(w, s.body)
	}))
	t.Cleanup(server.Close)
	return source.New(source.Config{Name: "bank", URL: server.URL + "/base", Token: "secret", Cost: 3, Steady: steady, Now: func() time.Time { return s.now },
		Note:   func(name, outcome string, cost int64) { s.noted = append(s.noted, name+" "+outcome); s.paid += cost },
		Client: outbound.New(outbound.Config{Allowed: []string{strings.TrimPrefix(server.URL, "http://")}})})
}

func ask(c *source.Client) (answer, string, error) {
	return source.Ask[answer](context.Background(), c, "/part", "r1", map[string]string{"request_id": "r1", "number": "6222021234567890123"})
}

func TestAnswersAreCountedPaidAndDigested(t *testing.T) {
	s := &steps{status: 200, body: `{"request_id":"r1","result":"no"}`}
	c := s.client(t, false)
	a, sum, err := ask(c)
	if err != nil || a.Result != "no" || len(sum) != 64 || s.paid != 3 || !slices.Equal(s.noted, []string{"bank answered"}) || c.Name() != "bank" {
		t.Errorf("%+v %s %v, noted %v, paid %d", a, sum, err, s.noted, s.paid)
	}
}

func TestBreakerOpensAfterThreeSilencesAndClosesByTime(t *testing.T) {
	for _, steady := range []bool{false, true} {
		s := &steps{status: 500, now: time.Unix(1000, 0)}
		c := s.client(t, steady)
		for range 5 {
			if a, sum, err := ask(c); !errors.Is(err, source.ErrSilent) || a != (answer{}) || sum != "" {
				t.Errorf("%+v %q %v", a, sum, err)
			}
		}
		want := []string{"bank silent", "bank silent", "bank silent", "bank paused", "bank paused"}
		if steady {
			want = slices.Repeat([]string{"bank silent"}, 5)
		}
		if !slices.Equal(s.noted, want) || s.paid != 0 {
			t.Errorf("steady %v: %v, paid %d", steady, s.noted, s.paid)
		}
		s.now, s.status, s.body = s.now.Add(21*time.Second), 200, `{"request_id":"r1","result":"yes"}`
		if _, _, err := ask(c); err != nil {
			t.Errorf("after the pause: %v", err)
		}
	}
}

func TestWhatIsNoAnswerIsSilenceAndTellsNothing(t *testing.T) {
	for name, body := range map[string]string{"another question": `{"request_id":"r2","result":"yes"}`, "no question": `{"result":"yes"}`, "another word": `{"request_id":"r1","result":"6222021234567890123"}`,
		"another type": `{"request_id":"r1","result":1}`, "a list": `[]`, "two": `{"request_id":"r1","result":"yes"}{}`, "nothing": ``} {
		s := &steps{status: 200, body: body}
		if _, _, err := ask(s.client(t, false)); !errors.Is(err, source.ErrSilent) || strings.Contains(err.Error(), "6222") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"request_id":"r1","result":"yes"}`, `{"request_id":"r1","result":"maybe"}`, `{"request_id":"","result":"no"}`, `[]`, `{"request_id":"r1","request_id":"r2","result":"no"}`} {
		f.Add([]byte(seed), "r1")
	}
	f.Fuzz(func(t *testing.T, body []byte, id string) {
		a, err := source.Parse[answer](body, id)
		if err != nil && a != (answer{}) {
			t.Errorf("%+v beside %v", a, err)
		}
		if err == nil && (id == "" || a.Usable() != nil) {
			t.Errorf("%q %+v was taken", id, a)
		}
	})
}
