package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// Times of the servers (security rows F-15, F-19).
const (
	headerTime   = 10 * time.Second
	bodyTime     = 60 * time.Second
	answerTime   = 90 * time.Second
	idleTime     = 2 * time.Minute
	shutdownTime = 20 * time.Second
)

// server is one listener with its handler.
type server struct {
	name     string
	listener net.Listener
	http     *http.Server
}

func newServer(name string, listener net.Listener, handler http.Handler, tlsConfig *tls.Config, log *slog.Logger) *server {
	if tlsConfig != nil {
		listener = tls.NewListener(listener, tlsConfig)
	}
	return &server{name: name, listener: listener, http: &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTime, ReadTimeout: bodyTime, WriteTimeout: answerTime, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}}
}

// serveAll answers on every server until ctx ends, then lets requests in progress finish.
func serveAll(ctx context.Context, servers ...*server) error {
	failures := make(chan error, len(servers))
	var group sync.WaitGroup
	for _, s := range servers {
		group.Go(func() {
			if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
				failures <- fmt.Errorf("%s listener: %w", s.name, err)
			}
		})
	}
	var failure error
	select {
	case <-ctx.Done():
	case failure = <-failures:
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	for _, s := range servers {
		if err := s.http.Shutdown(stopping); err != nil {
			s.http.Close()
		}
	}
	group.Wait()
	return failure
}

// suitesTLS12 are those that RFC 9325 4.2 recommends for TLS 1.2, the only ones that FAPI 2.0 Security Profile 5.2.2 allows.
// Those of TLS 1.3 are not chosen.
var suitesTLS12 = []uint16{
	tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
}

// serverTLS loads the configured certificate; nil without one. The files are read again when they change, so that a
// certificate is renewed without a restart.
func serverTLS(files TLS) (*tls.Config, error) {
	if files.CertFile == "" {
		return nil, nil
	}
	loader := &certificateLoader{files: files}
	if _, err := loader.get(nil); err != nil {
		return nil, err
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, CipherSuites: suitesTLS12, GetCertificate: loader.get, NextProtos: []string{"h2", "http/1.1"}}
	roots, err := clientRoots(files.ClientCAFile)
	if err != nil {
		return nil, err
	}
	if roots != nil {
		// The names in the request let browsers without such a certificate pass in silence. The handshake proves that the
		// caller holds the key; client authentication judges chain and name, since a self-signed certificate may be
		// registered as well (RFC 8705 2.2).
		cfg.ClientCAs, cfg.ClientAuth = roots, tls.RequestClientCert
	}
	return cfg, nil
}

// clientRoots are the roots of client certificates; nil without a file.
func clientRoots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read client CA: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(content) {
		return nil, fmt.Errorf("read client CA: %s holds no certificate", file)
	}
	return roots, nil
}

type certificateLoader struct {
	files   TLS
	mutex   sync.Mutex
	changed time.Time
	pair    *tls.Certificate
}

func (l *certificateLoader) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	info, err := os.Stat(l.files.CertFile)
	if err == nil && l.pair != nil && info.ModTime().Equal(l.changed) {
		return l.pair, nil
	}
	if err == nil {
		var pair tls.Certificate
		if pair, err = tls.LoadX509KeyPair(l.files.CertFile, l.files.KeyFile); err == nil {
			l.pair, l.changed = &pair, info.ModTime()
			return l.pair, nil
		}
	}
	if l.pair != nil { // a half-written renewal must not stop the server
		return l.pair, nil
	}
	return nil, fmt.Errorf("load certificate: %w", err)
}

// outboundTLS trusts the system's roots and those of the file; nil without a file.
func outboundTLS(file string) (*tls.Config, error) {
	if file == "" {
		return nil, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read outbound roots: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(content) {
		return nil, fmt.Errorf("read outbound roots: %s holds no certificate", file)
	}
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, nil
}
