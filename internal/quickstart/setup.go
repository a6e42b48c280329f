package quickstart

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/ident"
)

// Options of a run.
type Options struct {
	Data, Listen, Config, Apply string
	HTTPS, Exit, JSON           bool
	Stdout, Stderr              io.Writer
}

// portalSpec is a sample portal that the run starts.
type portalSpec struct {
	id, name, department, service, algorithm string
	ial, deep                                int
	listener                                 net.Listener
	secret                                   string
}

// setup is what stands before anything is started.
type setup struct {
	options  Options
	cfg      app.Config
	file     string
	public   net.Listener
	manage   net.Listener
	portals  []*portalSpec
	scheme   string
	tls      *tls.Config // for clients, nil without HTTPS
	caFile   string
	memories memory
	further  app.Manifest // of --apply
}

// memory is kept in the data folder, so that a second run on the same folder goes on with the same citizen.
type memory struct {
	Identifier string `json:"identifier"`
	Password   string `json:"password"`
	Registered bool   `json:"registered"`
	Port       int    `json:"port"` // of the issuer, whose address stands in licences
}

const defaultListen = "127.0.0.1:8080"

func prepare(o Options) (*setup, error) {
	data, err := filepath.Abs(o.Data)
	if err != nil {
		return nil, err
	}
	o.Data = data
	s := &setup{options: o, scheme: "http"}
	if err := s.readFiles(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, err
	}
	if o.HTTPS {
		s.scheme = "https"
	}
	if err := s.remember(); err != nil {
		return nil, err
	}
	if err := s.listen(); err != nil {
		return nil, err
	}
	s.portals = []*portalSpec{
		{id: "portal-market", name: "市场监管", department: "示例市市场监督管理局", service: "企业登记", algorithm: "ES256", ial: 1, deep: 1},
		{id: "portal-realestate", name: "不动产", department: "示例市自然资源和规划局", service: "不动产登记", algorithm: "SGD_SM3_SM2", ial: 1, deep: 2},
	}
	for _, p := range s.portals {
		if p.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return nil, err
		}
		p.secret = s.secret()
	}
	if o.Config != "" {
		s.cfg.Outbound.Allowed = append(s.cfg.Outbound.Allowed, s.portalHosts()...)
		return s, nil
	}
	return s, s.configure()
}

// readFiles reads what the caller named, before anything is made.
func (s *setup) readFiles() (err error) {
	if s.options.Config != "" {
		s.file = s.options.Config
		if s.cfg, err = app.LoadConfig(s.options.Config, os.Environ()); err != nil {
			return err
		}
	}
	if s.options.Apply == "" {
		return nil
	}
	content, err := os.ReadFile(s.options.Apply)
	if err != nil {
		return err
	}
	s.further, err = app.ReadManifest(content)
	return err
}

func (s *setup) remember() error {
	path := filepath.Join(s.options.Data, "quickstart.json")
	content, err := os.ReadFile(path)
	if err == nil {
		return json.Unmarshal(content, &s.memories)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	s.memories = memory{Identifier: citizenMobile, Password: "Demo-" + ident.Secret(rand.Reader, 16)[:12]}
	return s.save()
}

func (s *setup) save() error {
	content, err := json.Marshal(s.memories)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.options.Data, "quickstart.json"), content, 0o600)
}

// listen opens the public and the management listener. A free port is the one of the run before where possible, so that
// the issuer stays the same. Without --listen a taken default port is replaced by a free one.
func (s *setup) listen() (err error) {
	if s.options.Config != "" {
		return nil // the configuration names them
	}
	address := s.options.Listen
	if address == "" {
		address = defaultListen
	}
	host, given, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	before := net.JoinHostPort(host, strconv.Itoa(s.memories.Port))
	if s.memories.Port != 0 && (s.options.Listen == "" || given == "0") {
		s.public, err = net.Listen("tcp", before)
	}
	if s.public == nil {
		s.public, err = net.Listen("tcp", address)
	}
	if err != nil && s.options.Listen == "" {
		s.public, err = net.Listen("tcp", net.JoinHostPort(host, "0"))
	}
	if err != nil {
		return err
	}
	s.memories.Port = port(s.public)
	if err := s.save(); err != nil {
		return err
	}
	s.manage, err = net.Listen("tcp", "127.0.0.1:0")
	return err
}

// secret is a fresh one for a client of this run.
func (s *setup) secret() string { return ident.Secret(rand.Reader, 24) }

func port(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

// portalHosts are the addresses that back-channel logout may reach although they are loopback.
func (s *setup) portalHosts() []string {
	var hosts []string
	for _, p := range s.portals {
		hosts = append(hosts, fmt.Sprintf("localhost:%d", port(p.listener)))
	}
	return hosts
}

func (s *setup) portalURL(p *portalSpec) string {
	return fmt.Sprintf("%s://localhost:%d", s.scheme, port(p.listener))
}

// examplePolicy of time stamps stands below the identifier that is for examples (ITU-T X.660 Annex B).
const examplePolicy = "2.999.1"

// configure writes yinxin.yaml, the passphrase and, with HTTPS, a root and a certificate.
func (s *setup) configure() error {
	data := s.options.Data
	host := "localhost"
	if given, _, err := net.SplitHostPort(s.options.Listen); err == nil && given != "" && given != "127.0.0.1" && given != "::1" && given != "0.0.0.0" {
		host = given
	}
	passphrase := filepath.Join(data, "passphrase")
	if _, err := os.Stat(passphrase); errors.Is(err, fs.ErrNotExist) {
		if err := os.WriteFile(passphrase, []byte(ident.Secret(rand.Reader, 32)+"\n"), 0o600); err != nil {
			return err
		}
	}
	values := map[string]any{
		"issuer":   fmt.Sprintf("%s://%s:%d", s.scheme, host, port(s.public)),
		"listen":   map[string]any{"public": s.public.Addr().String(), "management": s.manage.Addr().String()},
		"database": map[string]any{"url": "sqlite:" + filepath.Join(data, "yinxin.db")}, "blob": map[string]any{"dir": filepath.Join(data, "documents")},
		"keys": map[string]any{"provider": "file", "passphrase_file": passphrase}, "sandbox": true,
		"operator":    map[string]any{"name": "一网通办", "hotline": "12345", "seal": operatorSealCode},
		"time_stamps": map[string]any{"policy": examplePolicy, "clock": "unchecked"},
	}
	allowed := map[string]any{"allowed": s.portalHosts()}
	if s.options.HTTPS {
		cert, key, err := s.makeCertificate(host)
		if err != nil {
			return err
		}
		values["listen"].(map[string]any)["tls"] = map[string]any{"cert_file": cert, "key_file": key}
		allowed["ca_file"] = s.caFile
	}
	values["outbound"] = allowed
	content, err := yaml.Marshal(values)
	if err != nil {
		return err
	}
	content = append([]byte("# Written by yinxin quickstart: a demonstration.\n"), content...)
	s.file = filepath.Join(data, "yinxin.yaml")
	if err := os.WriteFile(s.file, content, 0o600); err != nil {
		return err
	}
	s.cfg, err = app.ParseConfig(content, nil)
	return err
}

// makeCertificate makes a TLS root and a server certificate for this host, good for a year.
func (s *setup) makeCertificate(host string) (certFile, keyFile string, err error) {
	folder := filepath.Join(s.options.Data, "tls")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", "", err
	}
	s.caFile, certFile, keyFile = filepath.Join(folder, "ca.pem"), filepath.Join(folder, "server.pem"), filepath.Join(folder, "server.key")
	rootKey, err1 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	key, err2 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err := errors.Join(err1, err2); err != nil {
		return "", "", err
	}
	now := time.Now()
	root := &x509.Certificate{SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: "Yinxin quickstart root (demonstration)"}, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	rootDER, err := x509.CreateCertificate(rand.Reader, root, root, &rootKey.PublicKey, rootKey)
	if err != nil {
		return "", "", err
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(now.UnixNano() + 1), Subject: pkix.Name{CommonName: host}, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, DNSNames: []string{host, "localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, root, &key.PublicKey, rootKey)
	if err != nil {
		return "", "", err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", "", err
	}
	encode := func(kind string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}) }
	for path, content := range map[string][]byte{s.caFile: encode("CERTIFICATE", rootDER), certFile: append(encode("CERTIFICATE", leafDER), encode("CERTIFICATE", rootDER)...), keyFile: encode("PRIVATE KEY", keyDER)} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return "", "", err
		}
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(encode("CERTIFICATE", rootDER))
	s.tls = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return certFile, keyFile, nil
}

// serverTLS is for the portals, which share the certificate.
func (s *setup) serverTLS() (*tls.Config, error) {
	if !s.options.HTTPS {
		return nil, nil
	}
	folder := filepath.Join(s.options.Data, "tls")
	pair, err := tls.LoadX509KeyPair(filepath.Join(folder, "server.pem"), filepath.Join(folder, "server.key"))
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, err
}

// managementURL is the base of health and metrics.
func (s *setup) managementURL() string {
	if s.manage != nil {
		return "http://" + s.manage.Addr().String()
	}
	return "http://" + strings.Replace(s.cfg.Listen.Management, "0.0.0.0", "127.0.0.1", 1)
}
