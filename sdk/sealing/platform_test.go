package sealing_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/yinxin-gov/yinxin/esign"
	"github.com/yinxin-gov/yinxin/esign/sealhttp"
	"github.com/yinxin-gov/yinxin/esign/sealtest"
	"github.com/yinxin-gov/yinxin/internal/problem"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
	yinxin "github.com/yinxin-gov/yinxin/sdk"
	"github.com/yinxin-gov/yinxin/sdk/sealing"
)

// platform is the room of seals behind its real operations, and what stands between it and the client: tokens, and a network that fails when
// a test says so.
type platform struct {
	*sealtest.World
	t      *testing.T
	seal   esign.Seal
	server *httptest.Server

	mutex  sync.Mutex
	calls  []string        // method and path, in their order
	bodies []string        // beside them
	slept  []time.Duration // between tries
	tokens int
	ended  bool // tokens of before count no more
	// fault is asked before a call; true: it has answered itself.
	fault func(n int, w http.ResponseWriter, r *http.Request) bool
}

const secret = "a-secret-of-tests"

func newPlatform(t *testing.T) *platform {
	t.Helper()
	huma.NewErrorWithContext = problem.FromFramework
	p := &platform{t: t, World: sealtest.NewWorld(t, sealtest.NewTwin())}
	p.seal = p.Active(t, sealtest.SampleApplication(1))
	mux := http.NewServeMux()
	sealhttp.Register(humago.New(mux, huma.DefaultConfig("test", "1")), p.Service)
	p.server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.serve(mux, w, r) }))
	p.server.Config.ErrorLog = log.New(io.Discard, "", 0) // callers that go away in the middle are what tests are about
	p.server.Start()
	t.Cleanup(p.server.Close)
	p.server.Client().Transport.(*http.Transport).DisableKeepAlives = true // else it tries some calls again itself
	return p
}

func (p *platform) serve(room http.Handler, w http.ResponseWriter, r *http.Request) {
	body := new(strings.Builder)
	if r.Body != nil {
		content := http.MaxBytesReader(w, r.Body, 72<<20)
		buffer := make([]byte, 1<<16)
		for {
			n, err := content.Read(buffer)
			body.Write(buffer[:n])
			if err != nil {
				break
			}
		}
	}
	p.mutex.Lock()
	if r.URL.Path == "/token" {
		defer p.mutex.Unlock()
		id, given, _ := r.BasicAuth()
		if id != "dept" || given != secret || !strings.Contains(body.String(), "grant_type=client_credentials") {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		p.tokens++
		p.ended = false
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"access_token":"token-of-tests","token_type":"Bearer","expires_in":600}`))
		return
	}
	p.calls, p.bodies = append(p.calls, r.Method+" "+strings.ReplaceAll(r.URL.Path, p.seal.ID, "ID")), append(p.bodies, body.String())
	n, fault, ended := len(p.calls), p.fault, p.ended
	p.mutex.Unlock()
	if fault != nil && fault(n, w, r) {
		return
	}
	if ended || r.Header.Get("Authorization") != "Bearer token-of-tests" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	request := reqctx.Request{ID: "req-" + r.Method, Locale: "en", Actor: reqctx.Actor{ID: "client:dept", Roles: []string{esign.RoleKeeper}}}
	r = r.WithContext(reqctx.With(r.Context(), request))
	r.Body = http.NoBody
	if body.Len() > 0 {
		r.Body = readCloser{strings.NewReader(body.String())}
	}
	room.ServeHTTP(w, r)
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

func (p *platform) config() sealing.Config {
	return sealing.Config{Server: p.server.URL, ClientID: "dept", Secret: secret, HTTP: p.server.Client(), Now: p.Now, Sleep: func(_ context.Context, d time.Duration) error {
		p.mutex.Lock()
		defer p.mutex.Unlock()
		p.slept = append(p.slept, d)
		return nil
	}}
}

func (p *platform) client() *sealing.Client {
	p.t.Helper()
	c, err := sealing.New(p.config())
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// verifier judges as somebody elsewhere does, at the world's time.
func (p *platform) verifier() *yinxin.Verifier {
	p.t.Helper()
	v := yinxin.NewVerifier()
	v.SetTime(p.Now())
	for _, content := range p.TrustFiles(p.t) {
		if err := v.AddTrustBytes(content); err != nil {
			p.t.Fatal(err)
		}
	}
	return v
}

func (p *platform) order() sealing.Order {
	return sealing.Order{SealID: p.seal.ID, Places: []sealing.Place{sealing.At(1, 140, 220)}, Purpose: "公布办事指南", Item: "2026-1124-0001", Key: "key-of-tests-1"}
}

// seen gives the calls since a number of them.
func (p *platform) seen(since int) []string {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return append([]string(nil), p.calls[since:]...)
}

// faulty lets calls fail; nil ends that.
func (p *platform) faulty(f func(n int, w http.ResponseWriter, r *http.Request) bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.fault = f
}

// verifierOfNobody trusts nobody.
func (p *platform) verifierOfNobody() *yinxin.Verifier {
	v := yinxin.NewVerifier()
	v.SetTime(p.Now())
	return v
}
