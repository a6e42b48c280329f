package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"text/template"
	"time"
)

// suiteHost is the name under which the suite calls itself. It is not a loopback name, because a FAPI 2.0 client may not
// register one; only the suite's own resolver (jdk.net.hosts.file) knows it. The provider reaches the suite as localhost.
const suiteHost = "suite.oidf.test"

// world is what templates may name. Its keys and certificates are made once for a work folder.
type world struct {
	Issuer     string
	Suite      string // base address of the suite in browsers
	SuiteLocal string // the same for the provider
	Plan       string // id of the plan: the suite's alias and the beginning of client ids
	Identifier string // of the person who signs in and consents
	Refuser    string // of the one who signs in and refuses
	Password   string
	Secret     string
	Secret2    string
	Client     clientKeys
	Client2    clientKeys
	With       map[string]string
	Tomorrow   string // RFC 3339
	folder     string
	port       int
}

// clientKeys are the keys of one client: a JWK set to sign with, its public half, and a certificate for mutual TLS.
type clientKeys struct {
	Private, Public  string // JWK sets
	Certificate, Key string // PEM
	CA               string // PEM
}

func newWorld(o options) (*world, error) {
	if err := os.MkdirAll(o.work, 0o700); err != nil {
		return nil, err
	}
	w := &world{folder: o.work, port: o.port}
	path := w.path("world.json")
	content, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(content, w)
	}
	w.Issuer, w.Suite, w.SuiteLocal = fmt.Sprintf("https://localhost:%d", o.port), "https://"+suiteHost+":8443", "https://localhost:8443"
	w.Identifier, w.Refuser = "13900139077", "13900139078"
	if err == nil {
		return w, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	w.Password, w.Secret, w.Secret2 = "Oidf-"+rand.Text(), rand.Text()+rand.Text(), rand.Text()+rand.Text() // an HS256 key needs 32 octets
	if err := w.makeKeys(); err != nil {
		return nil, err
	}
	if content, err = json.MarshalIndent(w, "", "  "); err != nil {
		return nil, err
	}
	return w, os.WriteFile(path, content, 0o600)
}

func (w *world) path(name string) string { return filepath.Join(w.folder, name) }

// makeKeys writes a root with the certificates of suite and provider, a root of clients, and makes the clients' keys.
func (w *world) makeKeys() error {
	root, rootKey, err := certificate(nil, nil, "Conformance run (throw-away root)")
	if err != nil {
		return err
	}
	clientRoot, clientRootKey, err := certificate(nil, nil, "Conformance clients (throw-away root)")
	if err != nil {
		return err
	}
	files := map[string][]byte{"ca.pem": encode("CERTIFICATE", root.Raw), "client-ca.pem": encode("CERTIFICATE", clientRoot.Raw), "passphrase": []byte(rand.Text() + "\n"),
		"hosts": []byte("127.0.0.1 localhost\n127.0.0.1 " + suiteHost + "\n")}
	for _, name := range []string{"suite", "provider"} {
		leaf, key, err := certificate(root, rootKey, name, "localhost", suiteHost)
		if err != nil {
			return err
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return err
		}
		files[name+".pem"], files[name+".key"] = append(encode("CERTIFICATE", leaf.Raw), encode("CERTIFICATE", root.Raw)...), encode("PRIVATE KEY", der)
	}
	for i, keys := range []*clientKeys{&w.Client, &w.Client2} {
		leaf, key, err := certificate(clientRoot, clientRootKey, fmt.Sprintf("conformance-client-%d", i+1))
		if err != nil {
			return err
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return err
		}
		keys.Certificate, keys.Key, keys.CA = string(encode("CERTIFICATE", leaf.Raw)), string(encode("PRIVATE KEY", der)), string(encode("CERTIFICATE", clientRoot.Raw))
	}
	if w.Client.Private, w.Client.Public, err = rsaKeySet("client-1"); err != nil { // modules that try RS256 need an RSA key
		return err
	}
	if w.Client2.Private, w.Client2.Public, err = ecKeySet("client-2"); err != nil {
		return err
	}
	for name, content := range files {
		if err := os.WriteFile(w.path(name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// certificate is a root when there is no parent, else a certificate for servers and clients.
func certificate(parent *x509.Certificate, parentKey *ecdsa.PrivateKey, name string, hosts ...string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, nil, err
	}
	now := time.Now()
	draft := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(0, 3, 0), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, DNSNames: hosts}
	if len(hosts) > 0 {
		draft.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	if parent == nil {
		draft.IsCA, draft.BasicConstraintsValid, draft.KeyUsage, draft.ExtKeyUsage = true, true, x509.KeyUsageCertSign, nil
		parent, parentKey = draft, key
	}
	der, err := x509.CreateCertificate(rand.Reader, draft, parent, &key.PublicKey, parentKey)
	if err != nil {
		return nil, nil, err
	}
	made, err := x509.ParseCertificate(der)
	return made, key, err
}

func b64(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

func keySets(public, secret map[string]string) (privateSet, publicSet string, err error) {
	set := func(key map[string]string) (string, error) {
		content, err := json.Marshal(map[string]any{"keys": []map[string]string{key}})
		return string(content), err
	}
	if publicSet, err = set(public); err != nil {
		return "", "", err
	}
	for name, value := range public {
		secret[name] = value
	}
	privateSet, err = set(secret)
	return privateSet, publicSet, err
}

func ecKeySet(id string) (privateSet, publicSet string, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	secret, err := key.Bytes()
	if err != nil {
		return "", "", err
	}
	point, err := key.PublicKey.Bytes() // 0x04, x, y
	if err != nil {
		return "", "", err
	}
	return keySets(map[string]string{"kty": "EC", "crv": "P-256", "kid": id, "use": "sig", "alg": "ES256", "x": b64(point[1:33]), "y": b64(point[33:])}, map[string]string{"d": b64(secret)})
}

func rsaKeySet(id string) (privateSet, publicSet string, err error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", "", err
	}
	key.Precompute()
	return keySets(map[string]string{"kty": "RSA", "kid": id, "use": "sig", "alg": "PS256", "n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes())},
		map[string]string{"d": b64(key.D.Bytes()), "p": b64(key.Primes[0].Bytes()), "q": b64(key.Primes[1].Bytes()), "dp": b64(key.Precomputed.Dp.Bytes()), "dq": b64(key.Precomputed.Dq.Bytes()),
			"qi": b64(key.Precomputed.Qinv.Bytes())})
}

// render fills a template of the home folder for a plan.
func (w *world) render(o options, name string, p plan) ([]byte, error) {
	t := template.New(name).Option("missingkey=error").Funcs(template.FuncMap{"json": func(v any) (string, error) {
		content, err := json.Marshal(v)
		return string(content), err
	}})
	t, err := t.ParseFiles(filepath.Join(o.home, "plans", name), filepath.Join(o.home, "plans", "browser.json"))
	if err != nil {
		return nil, err
	}
	filled := *w
	filled.Plan, filled.With, filled.Tomorrow = p.ID, p.With, time.Now().AddDate(0, 0, 1).UTC().Format(time.RFC3339)
	var out bytes.Buffer
	err = t.ExecuteTemplate(&out, name, filled)
	return out.Bytes(), err
}
