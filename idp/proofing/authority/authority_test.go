package authority_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp/proofing"
	"github.com/yinxin-gov/yinxin/idp/proofing/authority"
	"github.com/yinxin-gov/yinxin/idp/proofing/sandbox"
	"github.com/yinxin-gov/yinxin/idp/source/simulated"
	"github.com/yinxin-gov/yinxin/internal/outbound"
)

var ctx = context.Background()

const token = "token-of-tests"

// register is an authority that does what the test says.
type register struct {
	server *httptest.Server
	mutex  sync.Mutex
	now    time.Time
	calls  int
	answer http.HandlerFunc
}

func start(t *testing.T, answer http.HandlerFunc) (*register, *authority.Source) {
	t.Helper()
	r := &register{now: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), answer: answer}
	ended := make(chan struct{})
	r.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.mutex.Lock()
		r.calls++
		answer := r.answer
		r.mutex.Unlock()
		answer(w, request.WithContext(contextUntil(request.Context(), ended)))
	}))
	t.Cleanup(func() { close(ended); r.server.Close() })
	return r, r.source(r.server.URL)
}

// contextUntil also ends with the test, so that a handler that hangs lets the server close.
func contextUntil(parent context.Context, ended <-chan struct{}) context.Context {
	ctx, cancel := context.WithCancel(parent)
	go func() {
		defer cancel()
		select {
		case <-ended:
		case <-parent.Done():
		}
	}()
	return ctx
}

func (r *register) source(address string) *authority.Source {
	client := outbound.New(outbound.Config{Allowed: []string{strings.TrimPrefix(r.server.URL, "http://")}})
	return authority.New(authority.Config{Name: "register", URL: address, Token: token, Client: client, Now: func() time.Time {
		r.mutex.Lock()
		defer r.mutex.Unlock()
		return r.now
	}})
}

func (r *register) becomes(answer http.HandlerFunc) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.answer = answer
}

func (r *register) advance(d time.Duration) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.now = r.now.Add(d)
}

func (r *register) called() int {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.calls
}

var query = proofing.Query{RequestID: "case_1", Name: "张三", IDType: "citizen_id", IDNumber: "11010519491231002X", Mobile: "+8613800138000"}

// says answers with a body in which {id} is the request's id.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			RequestID string `json:"request_id"`
		}
		json.NewDecoder(r.Body).Decode(&q)
		w.WriteHeader(status)
		io.WriteString(w, strings.ReplaceAll(body, "{id}", q.RequestID))
	}
}

func TestQuestionAndAnswer(t *testing.T) {
	r, source := start(t, nil)
	for _, verdict := range []proofing.Verdict{proofing.Match, proofing.Mismatch, proofing.MobileMismatch, proofing.Refused} {
		r.becomes(func(w http.ResponseWriter, request *http.Request) {
			var got map[string]string
			if err := json.NewDecoder(request.Body).Decode(&got); err != nil {
				t.Error(err)
			}
			if request.Method != http.MethodPost || request.Header.Get("Authorization") != "Bearer "+token || request.Header.Get("Content-Type") != "application/json" || request.URL.RawQuery != "" {
				t.Errorf("%s %s %v", request.Method, request.URL, request.Header)
			}
			if len(got) != 5 || got["request_id"] != query.RequestID || got["name"] != query.Name || got["id_type"] != query.IDType || got["id_number"] != query.IDNumber || got["mobile"] != query.Mobile {
				t.Errorf("asked %v", got)
			}
			json.NewEncoder(w).Encode(map[string]any{"request_id": got["request_id"], "result": verdict, "more": 1})
		})
		answer, err := source.Ask(ctx, query)
		if err != nil || answer.Verdict != verdict || len(answer.Digest) != 64 {
			t.Errorf("%+v %v", answer, err)
		}
	}
	if source.Name() != "register" {
		t.Error(source.Name())
	}
}

func TestDigestCoversQuestionAndAnswer(t *testing.T) {
	r, source := start(t, says(200, `{"request_id":"{id}","result":"match"}`))
	seen := map[string]string{}
	ask := func(what string, q proofing.Query) {
		answer, err := source.Ask(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := seen[answer.Digest]; ok {
			t.Errorf("%s and %s have one digest", what, other)
		}
		seen[answer.Digest] = what
	}
	ask("the question", query)
	changed := query
	changed.IDNumber = "99990019800101001X"
	ask("another number", changed)
	r.becomes(says(200, `{"request_id":"{id}","result":"mismatch"}`))
	ask("another answer", query)
}

// TestF09WhatIsNoAnswerIsSilence: garbage, half a body, another question's answer, failures – never a mismatch.
func TestF09WhatIsNoAnswerIsSilence(t *testing.T) {
	silent(t, map[string]http.HandlerFunc{
		"500":                 says(500, `{"request_id":"{id}","result":"match"}`),
		"404":                 says(404, ""),
		"401":                 says(401, `{"request_id":"{id}","result":"mismatch"}`),
		"201":                 says(201, `{"request_id":"{id}","result":"match"}`),
		"garbage":             says(200, "<html>proxy</html>"),
		"empty":               says(200, ""),
		"half JSON":           says(200, `{"request_id":"{id}","result":"mat`),
		"null":                says(200, "null"),
		"an array":            says(200, `[{"request_id":"{id}","result":"match"}]`),
		"unknown result":      says(200, `{"request_id":"{id}","result":"MATCH"}`),
		"no result":           says(200, `{"request_id":"{id}"}`),
		"two documents":       says(200, `{"request_id":"{id}","result":"match"}{"request_id":"{id}","result":"mismatch"}`),
		"larger than 256 KiB": says(200, `{"request_id":"{id}","result":"match","x":"`+strings.Repeat("x", outbound.MaxBody)+`"}`),
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
		},
		"connection is cut": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"half of what was stated": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, `{"request_id":"case_1","result":"match"}`)
		},
	})
}

// TestA23ForgedAnswersAreNone: an answer about another question, about none, or that is true in some other way than the protocol says, is
// no answer; a verdict comes only as the reply to our own call over the connection that it was asked on.
func TestA23ForgedAnswersAreNone(t *testing.T) {
	silent(t, map[string]http.HandlerFunc{
		"another question": says(200, `{"request_id":"case_2","result":"match"}`),
		"no question":      says(200, `{"result":"match"}`),
		"result true":      says(200, `{"request_id":"{id}","result":true}`),
		`result "true"`:    says(200, `{"request_id":"{id}","result":"true"}`),
		"no success":       says(403, `{"request_id":"{id}","result":"match"}`),
		"another success":  says(202, `{"request_id":"{id}","result":"match"}`),
	})
}

// silent wants each of the answers to be taken for silence that tells nothing of the person.
func silent(t *testing.T, answers map[string]http.HandlerFunc) {
	t.Helper()
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			_, source := start(t, answer)
			if got, err := source.Ask(ctx, query); !errors.Is(err, proofing.ErrSilent) || got.Verdict != "" {
				t.Errorf("%+v %v", got, err)
			} else if strings.Contains(err.Error(), query.IDNumber) || strings.Contains(err.Error(), query.Name) {
				t.Errorf("the error holds personal data: %v", err)
			}
		})
	}
}

func TestF09SilenceEndsWithTheCallersPatience(t *testing.T) {
	_, source := start(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	if _, err := source.Ask(short, query); !errors.Is(err, proofing.ErrSilent) {
		t.Errorf("%v", err)
	}
}

func TestF09HangingAndDrippingAuthorityIsGivenUpAfterFiveSeconds(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"hanging": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"dripping": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				io.WriteString(w, " ")
				w.(http.Flusher).Flush()
				time.Sleep(50 * time.Millisecond)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, source := start(t, answer)
			began := time.Now()
			if _, err := source.Ask(ctx, query); !errors.Is(err, proofing.ErrSilent) || time.Since(began) > 30*time.Second {
				t.Errorf("%v after %s", err, time.Since(began))
			}
		})
	}
}

func TestBreakerPausesCallsAfterThreeSilences(t *testing.T) {
	r, source := start(t, says(500, ""))
	for range 3 {
		source.Ask(ctx, query)
	}
	r.becomes(says(200, `{"request_id":"{id}","result":"match"}`))
	if _, err := source.Ask(ctx, query); !errors.Is(err, proofing.ErrSilent) || r.called() != 3 {
		t.Errorf("while calls are paused: %v, %d calls", err, r.called())
	}
	r.advance(21 * time.Second)
	if _, err := source.Ask(ctx, query); err != nil || r.called() != 4 {
		t.Errorf("after the pause: %v, %d calls", err, r.called())
	}
	// An answer of any kind ends the row of silences.
	for i, status := range []int{500, 500, 200, 500, 500, 200} {
		r.becomes(says(status, `{"request_id":"{id}","result":"mismatch"}`))
		if _, err := source.Ask(ctx, query); (err == nil) != (status == 200) {
			t.Errorf("call %d: %v", i, err)
		}
	}
	if r.called() != 10 {
		t.Errorf("%d calls", r.called())
	}
}

// TestSandboxSpeaksTheProtocol: the simulated authority through the same client as a real one.
func TestSandboxSpeaksTheProtocol(t *testing.T) {
	handler := sandbox.Handler(token, time.Hour)
	_, source := start(t, handler.ServeHTTP)
	if answer, err := source.Ask(ctx, query); err != nil || answer.Verdict != proofing.Match {
		t.Errorf("%+v %v", answer, err)
	}
	for name, want := range map[string]proofing.Verdict{"李四": proofing.Mismatch, simulated.NameBroken: "", simulated.NameGarbage: ""} {
		q := query
		q.Name = name
		if answer, err := source.Ask(ctx, q); answer.Verdict != want || (err == nil) != (want != "") {
			t.Errorf("%s: %+v %v", name, answer, err)
		}
	}
	slow := query
	slow.Name = simulated.NameSlow
	short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	if _, err := source.Ask(short, slow); !errors.Is(err, proofing.ErrSilent) {
		t.Errorf("slow: %v", err)
	}
}
