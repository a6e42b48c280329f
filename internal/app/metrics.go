package app

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics of the process. Labels have bounded values only: route patterns, methods, statuses.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	messages *prometheus.CounterVec
	cost     *prometheus.CounterVec
	reports  *prometheus.CounterVec
	asked    *prometheus.CounterVec
	paid     *prometheus.CounterVec
	shared   *prometheus.CounterVec
	elders   *prometheus.CounterVec
}

func newMetrics(version string) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "yinxin_http_requests_total", Help: "Requests answered."}, []string{"route", "method", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "yinxin_http_request_duration_seconds", Help: "Time to answer.",
			Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5}}, []string{"route", "method"}),
	}
	m.messages = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "yinxin_messages_total", Help: "Messages to people by provider and outcome."}, []string{"provider", "outcome"})
	m.cost = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "yinxin_message_cost_total", Help: "Cost of messages that providers took, in the operator's unit."}, []string{"provider"})
	m.reports = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "yinxin_message_receipts_total", Help: "What providers reported of messages: delivered, failed, unknown."}, []string{"provider", "state"})
	m.asked = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "yinxin_source_questions_total", Help: "Questions to outside sources by source and outcome: answered, silent, paused."}, []string{"source", "outcome"})
	m.paid = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "yinxin_source_cost_total", Help: "Cost of questions that sources answered, in the operator's unit."}, []string{"source"})
	m.shared = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "yinxin_proofing_shared_total", Help: "Alerts of one telephone number or one face behind many identities: phone, face."}, []string{"what"})
	m.elders = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "yinxin_telephone_requests_total", Help: "Steps of requests that an elder confirms by telephone: asked, contact, elder_asked, confirmed, stopped, or why one ended: no, silence, code, withdrawn, unfit, full."}, []string{"step"})
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "yinxin_build_info", Help: "Always 1; the version is a label.", ConstLabels: prometheus.Labels{"version": version}})
	build.Set(1)
	m.registry.MustRegister(m.requests, m.duration, m.messages, m.cost, m.reports, m.asked, m.paid, m.shared, m.elders, build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) request(route, method string, status int, took time.Duration) {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
	default:
		method = "other"
	}
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
	m.duration.WithLabelValues(route, method).Observe(took.Seconds())
}

// message notes what a provider made of a message; providers and outcomes are few.
func (m *metrics) message(provider, outcome string, cost int64) {
	m.messages.WithLabelValues(provider, outcome).Inc()
	m.cost.WithLabelValues(provider).Add(float64(cost))
}

// source notes a question to an outside source; both words are of the configuration and the code.
func (m *metrics) source(source, outcome string, cost int64) {
	m.asked.WithLabelValues(source, outcome).Inc()
	m.paid.WithLabelValues(source).Add(float64(cost))
}

// faceEvery is the pause between counts of what is stored of faces: the count reads an index of all such evidence.
const faceEvery = 10 * time.Minute

// faces exposes how much is stored of faces; a count that fails shows what was counted last.
func (m *metrics) faces(now func() time.Time, count func(context.Context) (map[string]int64, error)) {
	m.registry.MustRegister(&faceStore{now: now, count: count, description: prometheus.NewDesc("yinxin_face_store_count",
		"What is stored of faces, which is results alone: evidence that a service compared one (result), and keyed hashes by which alerts count one (handle). No picture, template or score is ever stored.", []string{"kind"}, nil)})
}

// faceStore is the collector behind it.
type faceStore struct {
	now         func() time.Time
	count       func(context.Context) (map[string]int64, error)
	description *prometheus.Desc

	mutex  sync.Mutex
	at     time.Time
	counts map[string]int64
}

// Describe implements prometheus.Collector.
func (f *faceStore) Describe(all chan<- *prometheus.Desc) { all <- f.description }

// Collect implements prometheus.Collector.
func (f *faceStore) Collect(all chan<- prometheus.Metric) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if now := f.now(); f.counts == nil || now.Sub(f.at) >= faceEvery {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if counts, err := f.count(ctx); err == nil {
			f.counts, f.at = counts, now
		}
	}
	for kind, n := range f.counts {
		all <- prometheus.MustNewConstMetric(f.description, prometheus.GaugeValue, float64(n), kind)
	}
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
