package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// process is a program that runs beside this one, with its output in a file of the work folder.
type process struct {
	command *exec.Cmd
	done    chan error
}

func start(w *world, name, program string, arguments ...string) (*process, error) {
	out, err := os.Create(w.path(name + ".log"))
	if err != nil {
		return nil, err
	}
	defer out.Close()
	p := &process{command: exec.Command(program, arguments...), done: make(chan error, 1)}
	p.command.Dir, p.command.Stdout, p.command.Stderr = w.folder, out, out
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt of the run lets it end in order
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() { p.done <- p.command.Wait() }()
	return p, nil
}

func (p *process) stop() {
	p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(20 * time.Second):
		p.command.Process.Kill()
	}
}

// suitePort is where the suite answers in plain HTTP; only the door before it is told to others.
const suitePort = "8180"

// suite is a running suite with a door for TLS before it.
type suite struct {
	base      string
	http      *http.Client
	door      *http.Server
	processes []*process
	chores    map[string]func(ctx context.Context) error // what a person does between the setting up of a module and its start
}

func (s *suite) stop() {
	if s.door != nil {
		s.door.Close()
	}
	for _, p := range slices.Backward(s.processes) {
		p.stop()
	}
}

// startSuite starts store, suite and door; store and suite may be those that an earlier run left.
func startSuite(ctx context.Context, o options, w *world) (*suite, error) {
	s := &suite{base: "http://127.0.0.1:" + suitePort, http: &http.Client{Timeout: 60 * time.Second}}
	if s.answers(ctx) != nil {
		if err := s.launch(ctx, o, w); err != nil {
			s.stop()
			return nil, err
		}
	}
	if err := s.openDoor(w); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *suite) launch(ctx context.Context, o options, w *world) error {
	if o.suite == "" {
		return errors.New("-suite is missing: the folder of a built checkout of the conformance suite; see conformance/oidf/README.md")
	}
	jar, err := filepath.Abs(filepath.Join(o.suite, "target", "fapi-test-suite.jar"))
	if err != nil {
		return err
	}
	if _, err := os.Stat(jar); err != nil {
		return fmt.Errorf("the suite is not built: %w", err)
	}
	home, err := filepath.Abs(filepath.Join(o.home, "store"))
	if err != nil {
		return err
	}
	build := exec.CommandContext(ctx, "mvn", "-q", "-B", "package")
	build.Dir = home
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the store: %w\n%s", err, out)
	}
	store, err := start(w, "store", o.java, "-Xmx1g", "-cp", filepath.Join(home, "target", "store-1.jar")+":"+filepath.Join(home, "target", "lib", "*"), "store.Store", "27017")
	if err != nil {
		return err
	}
	program, err := start(w, "suite", o.java, "-Xmx1500m", "-Djdk.tls.maxHandshakeMessageSize=65536", "-Djdk.net.hosts.file="+w.path("hosts"), "-jar", jar,
		"--spring.profiles.active=dev", "--server.address=127.0.0.1", "--server.port="+suitePort, "--fintechlabs.base_url="+w.Suite, "--fintechlabs.base_mtls_url="+w.Suite,
		"--openid.mongodb.targetFeatureCompatibilityVersion=", "--spring.web.resources.static-locations=classpath:/static/")
	if err != nil {
		store.stop()
		return err
	}
	s.processes = []*process{store, program}
	log.Print("waiting for the suite, which takes a minute or two")
	for range 300 {
		if err = s.answers(ctx); err == nil {
			if o.keep {
				s.processes = nil
			}
			return nil
		}
		if pause(ctx, 2*time.Second) != nil {
			break
		}
	}
	return fmt.Errorf("the suite does not answer; see %s: %w", w.path("suite.log"), err)
}

// openDoor answers TLS before the suite and tells it what was agreed upon, as the web server before it does elsewhere.
func (s *suite) openDoor(w *world) error {
	target, err := url.Parse(s.base)
	if err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(w.path("suite.pem"), w.path("suite.key"))
	if err != nil {
		return err
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:8443", &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12})
	if err != nil {
		return err
	}
	proxy := &httputil.ReverseProxy{ErrorLog: log.New(io.Discard, "", 0), Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host
		r.Out.Header.Set("X-Forwarded-Proto", "https")
		r.Out.Header.Set("X-Forwarded-Host", suiteHost)
		r.Out.Header.Set("X-Forwarded-Port", "8443")
		r.Out.Header.Set("X-Ssl-Cipher", tls.CipherSuiteName(r.In.TLS.CipherSuite))
		r.Out.Header.Set("X-Ssl-Protocol", strings.Replace(tls.VersionName(r.In.TLS.Version), "TLS 1.", "TLSv1.", 1))
	}}
	s.door = &http.Server{Handler: proxy, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	go s.door.Serve(listener)
	return nil
}

func (s *suite) answers(ctx context.Context) error {
	return s.call(ctx, http.MethodGet, "/api/plan/available", nil, nil, nil)
}

// call sends a request of the suite's API. in is a document, out is what the answer is read into.
func (s *suite) call(ctx context.Context, method, path string, query url.Values, in []byte, out any) error {
	address := s.base + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(in))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Forwarded-Proto", "https") // what comes without it is refused
	response, err := s.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s answered %d: %.300s", method, path, response.StatusCode, content)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(content, out)
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// startProvider starts the binary with a fresh database and the clients of the plans.
func startProvider(ctx context.Context, o options, w *world, s *suite, plans []plan) (*process, error) {
	for _, old := range []string{"provider", "provider.log"} {
		if err := os.RemoveAll(w.path(old)); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(w.path("provider"), 0o700); err != nil {
		return nil, err
	}
	binary, err := exec.LookPath(o.yinxin)
	if err != nil {
		return nil, err
	}
	if binary, err = filepath.Abs(binary); err != nil {
		return nil, err
	}
	config := map[string]any{
		"issuer": w.Issuer, "sandbox": true, "database": map[string]any{"url": "sqlite:" + w.path("provider/yinxin.db")}, "blob": map[string]any{"dir": w.path("provider/documents")},
		"keys": map[string]any{"provider": "file", "passphrase_file": w.path("passphrase")}, "operator": map[string]any{"name": "一网通办", "hotline": "12345"},
		"listen": map[string]any{"public": fmt.Sprintf("127.0.0.1:%d", w.port), "management": fmt.Sprintf("127.0.0.1:%d", w.port+1),
			"tls": map[string]any{"cert_file": w.path("provider.pem"), "key_file": w.path("provider.key"), "client_ca_file": w.path("client-ca.pem")}},
		"outbound": map[string]any{"allowed": []string{"localhost:8443", suiteHost + ":8443"}, "ca_file": w.path("ca.pem")},
	}
	content, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return nil, err
	}
	file := w.path("provider/yinxin.yaml") // YAML reads JSON
	if err := os.WriteFile(file, content, 0o600); err != nil {
		return nil, err
	}
	verb := func(ctx context.Context, arguments ...string) error {
		out, err := exec.CommandContext(ctx, binary, arguments...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("yinxin %s: %w\n%s", strings.Join(arguments, " "), err, out)
		}
		return nil
	}
	if err := verb(ctx, "migrate", "--config", file, "up"); err != nil {
		return nil, err
	}
	for _, p := range plans {
		manifest, err := w.render(o, p.Clients, p)
		if err != nil {
			return nil, err
		}
		path := w.path("provider/" + p.ID + "-" + p.Clients)
		if err := os.WriteFile(path, manifest, 0o600); err != nil {
			return nil, err
		}
		if err := verb(ctx, "admin", "--config", file, "-f", path, "apply"); err != nil {
			return nil, err
		}
	}
	s.chores = map[string]func(ctx context.Context) error{"oidcc-server-rotate-keys": func(ctx context.Context) error {
		if err := verb(ctx, "key", "--config", file, "--algorithm", "P-256", "--now", "rotate"); err != nil {
			return err
		}
		return pause(ctx, 10*time.Second) // until every node has heard of it
	}}
	p, err := start(w, "provider", binary, "serve", "--config", file)
	if err != nil {
		return nil, err
	}
	for range 100 {
		response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/readyz", w.port+1))
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return p, nil
			}
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			break
		}
	}
	p.stop()
	return nil, fmt.Errorf("the provider did not become ready; see %s", w.path("provider.log"))
}
