package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/internal/fault"
	"github.com/yinxin-gov/yinxin/internal/ident"
	"github.com/yinxin-gov/yinxin/internal/problem"
	"github.com/yinxin-gov/yinxin/internal/reqctx"
)

// Bounds of a request (security rule R11); uploads have their own, larger bound at their operation.
const (
	maxHeader     = 32 << 10
	maxUpload     = 50 << 20
	maxUploadForm = maxUpload + 1<<20 // the multipart frame around an upload of the largest size
)

// edge is what every request passes first: facts into the context, a bound on the body, a net under panics, one log line.
type edge struct {
	next    http.Handler
	rand    io.Reader
	now     func() time.Time
	log     *slog.Logger
	proxies []netip.Prefix
	locale  func(r *http.Request) string
	metrics *metrics
	routeOf func(r *http.Request) string
	quiet   func(route string) bool // routes that are logged when they fail only; may be nil
}

func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	started := e.now()
	request := reqctx.Request{
		ID: ident.New(e.rand, "req"), SupportCode: supportCode(e.rand), Locale: e.locale(r),
		ClientIP: e.clientIP(r), UserAgent: bounded(r.UserAgent(), 256),
	}
	ctx := reqctx.With(r.Context(), request)
	r = r.WithContext(ctx)
	if len(r.TransferEncoding) > 0 && r.ProtoMajor == 1 { // it may have had a length too: then nothing behind it is served (RFC 9112 6.1)
		w.Header().Set("Connection", "close")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxUploadForm)
	w.Header().Set("X-Request-Id", request.ID)
	recorder := &statusRecorder{ResponseWriter: w}
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			e.log.ErrorContext(ctx, "panic while serving", "request_id", request.ID, "support_code", request.SupportCode, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			if recorder.status == 0 {
				problem.Write(recorder, r, fault.New(fault.Internal))
			}
		}
		e.finish(ctx, r, recorder.status, e.now().Sub(started))
	}()
	e.next.ServeHTTP(recorder, r)
}

// finish writes the log line and the metrics. The route pattern is logged, never the path or query: those may hold
// identifiers.
func (e *edge) finish(ctx context.Context, r *http.Request, status int, took time.Duration) {
	if status == 0 {
		status = http.StatusOK
	}
	route := e.routeOf(r)
	e.metrics.request(route, r.Method, status, took)
	if status < http.StatusBadRequest && e.quiet != nil && e.quiet(route) {
		return
	}
	request := reqctx.From(ctx)
	e.log.InfoContext(ctx, "request", "request_id", request.ID, "support_code", request.SupportCode, "method", r.Method, "route", route, "status", status, "dur_ms", took.Milliseconds())
}

// clientIP walks X-Forwarded-For from the right over trusted proxies. A value that cannot be read ends the walk, so a
// forged header never hides the sender (A-32, I-18).
func (e *edge) clientIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	current, err := netip.ParseAddr(host)
	if err != nil {
		return "unknown"
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && e.isProxy(current); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		current = next
	}
	return current.Unmap().String()
}

func (e *edge) isProxy(address netip.Addr) bool {
	for _, network := range e.proxies {
		if network.Contains(address.Unmap()) {
			return true
		}
	}
	return false
}

// supportCode is eight characters that are easy to read aloud.
func supportCode(rand io.Reader) string {
	return strings.ToUpper(ident.New(rand, "")[:8])
}

func bounded(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}

// statusRecorder remembers the status for the log line.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (s *statusRecorder) WriteHeader(status int) {
	if s.status == 0 {
		s.status = status
	}
	s.ResponseWriter.WriteHeader(status)
}

func (s *statusRecorder) Write(b []byte) (int, error) {
	if s.status == 0 {
		s.status = http.StatusOK
	}
	return s.ResponseWriter.Write(b)
}

// Unwrap gives http.ResponseController the real writer.
func (s *statusRecorder) Unwrap() http.ResponseWriter { return s.ResponseWriter }
