package visit_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/proofing/face"
	"github.com/yinxin-gov/yinxin/idp/proofing/networkid"
	"github.com/yinxin-gov/yinxin/idp/proofing/sandbox"
	"github.com/yinxin-gov/yinxin/idp/proofing/visit"
	"github.com/yinxin-gov/yinxin/idp/source"
	"github.com/yinxin-gov/yinxin/idp/subject"
	"github.com/yinxin-gov/yinxin/internal/outbound"
)

const token = "token-of-tests"

var (
	ctx      = context.Background()
	known    = proofing.Query{RequestID: "case_1", Name: "张三", IDType: subject.CitizenID, IDNumber: "11010519491231002X"}
	nameless = proofing.Query{RequestID: "case_1", IDType: proofing.NetworkID}
)

// start serves a handler and returns a client of it with the address of its pages.
func start(t *testing.T, handler func(origin func() string) http.Handler) (*visit.Client, string) {
	t.Helper()
	var server *httptest.Server
	server = httptest.NewServer(handler(func() string { return server.URL }))
	t.Cleanup(server.Close)
	client, err := visit.New(source.New(source.Config{Name: "outside", URL: server.URL, Token: token, Now: time.Now, Steady: true,
		Client: outbound.New(outbound.Config{Allowed: []string{strings.TrimPrefix(server.URL, "http://")}})}), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return client, server.URL
}

func simulated(origin func() string) http.Handler {
	return sandbox.Visits(token, "模拟", time.Second, origin)
}

// chooses visits the page and presses a button.
func chooses(t *testing.T, address, result, key string) (location string) {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	page, err := client.Get(address)
	if err != nil || page.StatusCode != http.StatusOK {
		t.Fatalf("%v %v", page, err)
	}
	page.Body.Close()
	answer, err := client.PostForm(address, url.Values{"result": {result}, "key": {key}})
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.Header.Get("Location")
}

func TestVisitFromBeginToResult(t *testing.T) {
	for choice, want := range map[string]proofing.Verdict{"match": proofing.Match, "mismatch": proofing.Mismatch, "refused": proofing.Refused, "pending": proofing.Pending, "broken": ""} {
		client, origin := start(t, simulated)
		s := face.New(client, nil)
		started, err := s.Begin(ctx, known, "https://id.example/back")
		if err != nil || !strings.HasPrefix(started.URL, origin+"/") || started.Handle == "" || s.Origin() != origin {
			t.Fatalf("%+v %v", started, err)
		}
		q := known
		q.Handle = started.Handle
		if got, err := s.Ask(ctx, q); err != nil || got.Verdict != proofing.Pending {
			t.Errorf("before the visit: %+v %v", got, err)
		}
		if location := chooses(t, started.URL, choice, ""); location != "https://id.example/back" {
			t.Errorf("leads back to %q", location)
		}
		got, err := s.Ask(ctx, q)
		if got.Verdict != want || (err == nil) != (want != "") || err != nil && !errors.Is(err, proofing.ErrSilent) {
			t.Errorf("%s: %+v %v", choice, got, err)
		}
	}
}

func TestNetworkIdentityGivesAKeyInThePlaceOfAName(t *testing.T) {
	for name, test := range map[string]struct {
		q    proofing.Query
		key  string
		want string // key
		ok   bool
	}{"no name": {nameless, "net-1", "net-1", true}, "no key": {nameless, "", "", false}, "a name": {known, "net-1", "", true}} {
		client, _ := start(t, simulated)
		s := networkid.New(client)
		started, err := s.Begin(ctx, test.q, "https://id.example/back")
		if err != nil {
			t.Fatal(err)
		}
		chooses(t, started.URL, "match", test.key)
		test.q.Handle = started.Handle
		got, err := s.Ask(ctx, test.q)
		if (err == nil) != test.ok || got.Key != test.want || test.ok && got.Verdict != proofing.Match {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
}

func TestVisitsLeadNobodyElsewhere(t *testing.T) {
	for name, body := range map[string]string{
		"another host":     `{"request_id":"case_1","url":"https://elsewhere.example/visit","handle":"h"}`,
		"another port":     `{"request_id":"case_1","url":"%s1/visit","handle":"h"}`,
		"user in the host": `{"request_id":"case_1","url":"http://x@%s/visit","handle":"h"}`,
		"script":           `{"request_id":"case_1","url":"javascript:alert(1)","handle":"h"}`,
		"relative":         `{"request_id":"case_1","url":"/visit","handle":"h"}`,
		"no handle":        `{"request_id":"case_1","url":"%s/visit"}`,
		"blank in handle":  `{"request_id":"case_1","url":"%s/visit","handle":"a b"}`,
		"long handle":      `{"request_id":"case_1","url":"%s/visit","handle":"` + strings.Repeat("h", 257) + `"}`,
		"another question": `{"request_id":"case_2","url":"%s/visit","handle":"h"}`,
	} {
		client, _ := start(t, func(origin func() string) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				at := origin()
				if name == "user in the host" {
					at = strings.TrimPrefix(at, "http://")
				}
				if strings.Contains(body, "%s") {
					fmt.Fprintf(w, body, at)
				} else {
					io.WriteString(w, body)
				}
			})
		})
		if got, err := client.Begin(ctx, known, "https://id.example/back"); !errors.Is(err, proofing.ErrSilent) || got != (proofing.Started{}) {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
	for _, origin := range []string{"", "face.example", "https://face.example/", "ftp://face.example", "https://a@face.example"} {
		if _, err := visit.New(nil, origin); err == nil {
			t.Errorf("%q is no origin", origin)
		}
	}
}

func FuzzOpened(f *testing.F) {
	f.Add([]byte(`{"request_id":"r","url":"https://face.example/v","handle":"h"}`))
	f.Add([]byte(`{"request_id":"r","url":"javascript:x","handle":"h"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := source.Parse[visit.Opened](body, "r")
		if err != nil {
			return
		}
		if u, err := url.Parse(o.URL); err != nil || u.Host == "" || o.Handle == "" || len(o.Handle) > 256 {
			t.Errorf("%+v was taken", o)
		}
	})
}

func FuzzResult(f *testing.F) {
	f.Add([]byte(`{"request_id":"r","result":"match","key":"net-1"}`))
	f.Add([]byte(`{"request_id":"r","result":"mobile_mismatch"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := source.Parse[visit.Result](body, "r")
		if err == nil && (r.Usable() != nil || strings.ContainsAny(r.Key, " \n") || len(r.Key) > 256) || err != nil && r != (visit.Result{}) {
			t.Errorf("%+v %v", r, err)
		}
	})
}
