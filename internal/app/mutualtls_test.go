package app_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/idp"
	"github.com/yinxin-gov/yinxin/internal/app"
	"github.com/yinxin-gov/yinxin/internal/app/apptest"
	"github.com/yinxin-gov/yinxin/keys/jose"
)

// authority issues certificates of one test.
type authority struct {
	t           *testing.T
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial.Add(1)), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	a := &authority{t: t, key: key}
	a.certificate = a.make(template, template, key.Public(), key)
	return a
}

func (a *authority) make(template, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) *x509.Certificate {
	a.t.Helper()
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(raw)
	if err != nil {
		a.t.Fatal(err)
	}
	return certificate
}

// issue makes a certificate that ends after life.
func (a *authority) issue(subject pkix.Name, life time.Duration, usage x509.ExtKeyUsage, hosts ...string) tls.Certificate {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial.Add(1)), Subject: subject, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(life),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{usage}, DNSNames: hosts}
	leaf := a.make(template, a.certificate, key.Public(), a.key)
	return tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
}

// selfSigned makes a certificate of a client's own key.
func selfSigned(t *testing.T, life time.Duration) (tls.Certificate, clientKey) {
	t.Helper()
	key := newClientKey(t, jose.ES256)
	template := &x509.Certificate{SerialNumber: big.NewInt(serial.Add(1)), Subject: pkix.Name{CommonName: "self"}, NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(life)}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.key.Public(), key.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key.key}, key
}

// overTLS is a platform that asks for client certificates.
type overTLS struct {
	*apptest.Platform
	roots    *x509.CertPool
	rootsPEM []byte
}

func startTLS(t *testing.T, clients *authority) overTLS {
	t.Helper()
	return startTLSWith(t, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: clients.certificate.Raw}), func(*app.Config) {})
}

// startTLSWith takes certificates below the roots given as PEM and changes the configuration.
func startTLSWith(t *testing.T, clientRoots []byte, change func(*app.Config)) overTLS {
	t.Helper()
	folder := t.TempDir()
	servers := newAuthority(t, "servers")
	pair := servers.issue(pkix.Name{CommonName: "localhost"}, time.Hour, x509.ExtKeyUsageServerAuth, "localhost")
	private, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, content []byte) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: content}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cfg := apptest.NewConfig(t, database(t), folder)
	cfg.Listen.TLS.CertFile, cfg.Listen.TLS.KeyFile = write("server.pem", "CERTIFICATE", pair.Certificate[0]), write("server.key", "PRIVATE KEY", private)
	cfg.Listen.TLS.ClientCAFile = filepath.Join(folder, "clients.pem")
	if err := os.WriteFile(cfg.Listen.TLS.ClientCAFile, clientRoots, 0o600); err != nil {
		t.Fatal(err)
	}
	change(&cfg)
	roots := x509.NewCertPool()
	roots.AddCert(servers.certificate)
	return overTLS{apptest.StartWith(t, cfg), roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: servers.certificate.Raw})}
}

// ask posts a form over TLS with a certificate, if there is one.
func (o overTLS) ask(path string, certificate *tls.Certificate, header http.Header, form url.Values) apptest.Answer {
	request, err := http.NewRequest(http.MethodPost, o.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		panic(err)
	}
	for name, values := range header {
		request.Header[name] = values
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return o.DoWith(o.client(certificate), request)
}

func (o overTLS) client(certificate *tls.Certificate) *http.Client {
	settings := &tls.Config{RootCAs: o.roots, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		if certificate == nil {
			return &tls.Certificate{}, nil
		}
		return certificate, nil // also one that the server does not name
	}}
	return apptest.NewHTTPClient(settings)
}

func TestClientCertificates(t *testing.T) {
	clients := newAuthority(t, "clients")
	p := startTLS(t, clients)
	machine := func(c idp.Client) idp.Client {
		c.GrantTypes, c.Scope, c.RedirectURIs = []string{"client_credentials"}, "license_clerk", []string{}
		return p.Client(c)
	}
	subject := pkix.Name{Country: []string{"CN"}, Organization: []string{"Demo, Ltd"}, CommonName: "portal"}
	good := clients.issue(subject, time.Hour, x509.ExtKeyUsageClientAuth, "portal.gov.cn")
	machine(idp.Client{ClientID: "by-name", TokenEndpointAuthMethod: idp.AuthTLS, TokenSettings: idp.TokenSettings{TLSSubjectDN: `cn=portal, O=Demo\, Ltd,C=CN`}})
	machine(idp.Client{ClientID: "by-host", TokenEndpointAuthMethod: idp.AuthTLS, TokenSettings: idp.TokenSettings{TLSSanDNS: "portal.gov.cn"}})
	self, selfKey := selfSigned(t, time.Hour)
	late, lateKey := selfSigned(t, -time.Hour)
	machine(idp.Client{ClientID: "self", TokenEndpointAuthMethod: idp.AuthSelfSignedTLS, TokenSettings: idp.TokenSettings{JWKS: document(t, selfKey, lateKey)}})
	ask := func(id string, certificate *tls.Certificate) apptest.Answer {
		return p.ask("/token", certificate, nil, url.Values{"grant_type": {"client_credentials"}, "client_id": {id}})
	}
	for _, id := range []string{"by-name", "by-host"} {
		if a := ask(id, &good); a.Status != http.StatusOK {
			t.Errorf("%s: %d %s", id, a.Status, a.Text)
		}
	}
	if a := ask("self", &self); a.Status != http.StatusOK {
		t.Errorf("self: %d %s", a.Status, a.Text)
	}
	other := clients.issue(pkix.Name{Country: []string{"CN"}, Organization: []string{"Demo"}, CommonName: "portal"}, time.Hour, x509.ExtKeyUsageClientAuth, "*.gov.cn")
	expired := clients.issue(subject, -time.Hour, x509.ExtKeyUsageClientAuth)
	server := clients.issue(subject, time.Hour, x509.ExtKeyUsageServerAuth)
	forged := newAuthority(t, "clients").issue(subject, time.Hour, x509.ExtKeyUsageClientAuth, "portal.gov.cn")
	stranger, _ := selfSigned(t, time.Hour)
	for name, test := range map[string]struct {
		id          string
		certificate *tls.Certificate
	}{
		"no certificate":                   {"by-name", nil},
		"another name":                     {"by-name", &other},
		"a wildcard is no name":            {"by-host", &other},
		"expired":                          {"by-name", &expired},
		"a certificate of a server":        {"by-name", &server},
		"an authority that looks the same": {"by-name", &forged},
		"the same for a host":              {"by-host", &forged},
		"self-signed where a chain is due": {"by-name", &self},
		"no certificate of its own":        {"self", nil},
		"somebody else's own":              {"self", &stranger},
		"its own that has expired":         {"self", &late},
		"of the authority, not its own":    {"self", &good},
	} {
		t.Run(name, func(t *testing.T) {
			wantError(t, ask(test.id, test.certificate), http.StatusUnauthorized, "invalid_client")
		})
	}
	t.Run("O-33 a secret instead", func(t *testing.T) {
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"by-name"}, "client_secret": {"x"}}
		wantError(t, p.ask("/token", &good, nil, form), http.StatusUnauthorized, "invalid_client")
	})
	request, _ := http.NewRequest(http.MethodGet, p.URL+"/.well-known/openid-configuration", nil)
	if a := p.DoWith(p.client(nil), request); !strings.Contains(a.Text, `"tls_client_auth"`) {
		t.Errorf("discovery does not name the method: %s", a.Text)
	}
}

func TestTokensBoundToCertificates(t *testing.T) {
	clients := newAuthority(t, "clients")
	p := startTLS(t, clients)
	own := clients.issue(pkix.Name{CommonName: "own"}, time.Hour, x509.ExtKeyUsageClientAuth)
	other := clients.issue(pkix.Name{CommonName: "other"}, time.Hour, x509.ExtKeyUsageClientAuth)
	p.Client(idp.Client{ClientID: "machine", GrantTypes: []string{"client_credentials"}, Scope: "license_clerk", RedirectURIs: []string{}, TokenEndpointAuthMethod: idp.AuthTLS,
		TokenSettings: idp.TokenSettings{TLSSubjectDN: "CN=own", CertificateBound: true}})
	form := func() url.Values { return url.Values{"grant_type": {"client_credentials"}, "client_id": {"machine"}} }
	issued := p.ask("/token", &own, nil, form())
	access := issued.String("access_token")
	if issued.Status != http.StatusOK || issued.String("token_type") != "Bearer" {
		t.Fatalf("%d %s", issued.Status, issued.Text)
	}
	sum := sha256.Sum256(own.Certificate[0])
	want := base64.RawURLEncoding.EncodeToString(sum[:])
	if cnf, _ := apptest.Claims(t, access)["cnf"].(map[string]any); cnf["x5t#S256"] != want {
		t.Errorf("cnf is %v", cnf)
	}
	answer := p.ask("/introspect", &own, nil, url.Values{"client_id": {"machine"}, "token": {access}})
	if cnf, _ := answer.Body["cnf"].(map[string]any); cnf["x5t#S256"] != want {
		t.Errorf("introspection: %s", answer.Text)
	}
	for name, test := range map[string]struct {
		certificate *tls.Certificate
		status      int
	}{"its own": {&own, 200}, "O-64 none": {nil, 401}, "O-64 another": {&other, 401}} {
		request, _ := http.NewRequest(http.MethodGet, p.URL+"/api/v1/licenses", nil)
		request.Header.Set("Authorization", "Bearer "+access)
		if a := p.DoWith(p.client(test.certificate), request); a.Status != test.status {
			t.Errorf("certificate %s: %d %s", name, a.Status, a.Text)
		}
	}
	secret := p.Client(idp.Client{ClientID: "secret", GrantTypes: []string{"client_credentials"}, Scope: "license_clerk", RedirectURIs: []string{}, TokenSettings: idp.TokenSettings{CertificateBound: true}})
	header := http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte("secret:"+secret.ClientSecret))}}
	wantError(t, p.ask("/token", nil, header, url.Values{"grant_type": {"client_credentials"}}), http.StatusBadRequest, "invalid_request")
}

// asks reports whether a listener asks for a client certificate.
func (o overTLS) asks(t *testing.T, address string) bool {
	t.Helper()
	asked := false
	settings := &tls.Config{RootCAs: o.roots, ServerName: "localhost", GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		asked = true
		return &tls.Certificate{}, nil
	}}
	connection, err := tls.Dial("tcp", strings.TrimPrefix(address, "https://"), settings)
	if err != nil {
		t.Fatal(err)
	}
	connection.Close()
	return asked
}

// TestAliasesOfMutualTLS is RFC 8705 section 5: a listener of its own asks for certificates, the public one never does, and
// the metadata names it only when it is there.
func TestAliasesOfMutualTLS(t *testing.T) {
	clients := newAuthority(t, "clients")
	p := startTLSWith(t, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: clients.certificate.Raw}), func(cfg *app.Config) {
		// On a listener of its own.
		cfg.Listen.MTLS.Address, cfg.Listen.MTLS.ClientCAFile, cfg.Listen.TLS.ClientCAFile = "127.0.0.1:0", cfg.Listen.TLS.ClientCAFile, ""
	})
	own, other := clients.issue(pkix.Name{CommonName: "own"}, time.Hour, x509.ExtKeyUsageClientAuth), clients.issue(pkix.Name{CommonName: "other"}, time.Hour, x509.ExtKeyUsageClientAuth)
	discover := func(o overTLS) apptest.Answer {
		request, _ := http.NewRequest(http.MethodGet, o.URL+"/.well-known/openid-configuration", nil)
		return o.DoWith(o.client(nil), request)
	}
	metadata := discover(p)
	aliases, _ := metadata.Body["mtls_endpoint_aliases"].(map[string]any)
	address, _ := aliases["token_endpoint"].(string)
	base, ok := strings.CutSuffix(address, "/token")
	if !ok || !strings.HasPrefix(base, "https://localhost:") || base == p.URL || !strings.Contains(metadata.Text, `"tls_client_auth"`) || metadata.String("token_endpoint") != p.URL+"/token" {
		t.Fatalf("metadata: %s", metadata.Text)
	}
	for name, path := range map[string]string{"revocation_endpoint": "/revoke", "introspection_endpoint": "/introspect", "device_authorization_endpoint": "/device_authorization", "pushed_authorization_request_endpoint": "/par", "userinfo_endpoint": "/userinfo"} {
		if aliases[name] != base+path {
			t.Errorf("%s is %v", name, aliases[name])
		}
	}
	if p.asks(t, p.URL) {
		t.Error("the public listener asks browsers for certificates")
	}
	if !p.asks(t, base) {
		t.Error("nobody asks for certificates")
	}
	at := overTLS{Platform: p.Platform, roots: p.roots}
	ask := func(base, path string, certificate *tls.Certificate, form url.Values, headers ...string) apptest.Answer {
		request, err := http.NewRequest(http.MethodPost, base+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i+1 < len(headers); i += 2 {
			request.Header.Set(headers[i], headers[i+1])
		}
		return at.DoWith(at.client(certificate), request)
	}
	p.Client(idp.Client{ClientID: "machine", GrantTypes: []string{"client_credentials"}, Scope: "license_clerk", RedirectURIs: []string{}, TokenEndpointAuthMethod: idp.AuthTLS, TokenSettings: idp.TokenSettings{TLSSubjectDN: "CN=own", CertificateBound: true}})
	form := func() url.Values { return url.Values{"grant_type": {"client_credentials"}, "client_id": {"machine"}} }
	wantError(t, ask(p.URL, "/token", &own, form()), http.StatusUnauthorized, "invalid_client") // nobody asked for it there
	wantError(t, ask(base, "/token", nil, form()), http.StatusUnauthorized, "invalid_client")
	wantError(t, ask(base, "/token", &other, form()), http.StatusUnauthorized, "invalid_client")
	issued := ask(base, "/token", &own, form())
	if issued.Status != http.StatusOK {
		t.Fatalf("%d %s", issued.Status, issued.Text)
	}
	access := issued.String("access_token")
	if told := ask(base, "/introspect", &own, url.Values{"client_id": {"machine"}, "token": {access}}); told.Body["active"] != true {
		t.Errorf("introspection: %s", told.Text)
	}
	for name, test := range map[string]struct {
		base        string
		certificate *tls.Certificate
		status      int
	}{"its own": {base, &own, 200}, "O-64 none": {base, nil, 401}, "O-64 another": {base, &other, 401}, "O-64 on the public listener": {p.URL, &own, 401}} {
		request, _ := http.NewRequest(http.MethodGet, test.base+"/api/v1/licenses", nil)
		request.Header.Set("Authorization", "Bearer "+access)
		if a := at.DoWith(at.client(test.certificate), request); a.Status != test.status {
			t.Errorf("%s: %d %s", name, a.Status, a.Text)
		}
	}
	for _, path := range []string{"/login", "/me", "/authorize", "/", "/cas/login", "/.well-known/openid-configuration", "/connect/register"} {
		request, _ := http.NewRequest(http.MethodGet, base+path, nil)
		if a := at.DoWith(at.client(&own), request); a.Status != http.StatusNotFound || a.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s is there: %d", path, a.Status)
		}
	}
	t.Run("a proof of DPoP names the alias", func(t *testing.T) {
		p.Client(idp.Client{ClientID: "both", GrantTypes: []string{"client_credentials"}, Scope: "license_clerk", RedirectURIs: []string{}, TokenEndpointAuthMethod: idp.AuthTLS, TokenSettings: idp.TokenSettings{TLSSubjectDN: "CN=own", DPoPBound: true}})
		key := newClientKey(t, jose.ES256)
		both := url.Values{"grant_type": {"client_credentials"}, "client_id": {"both"}}
		if a := ask(base, "/token", &own, both, "DPoP", key.proof(t, p.Platform, "POST", "/token", "", map[string]any{"htu": base + "/token"})); a.Status != http.StatusOK || a.String("token_type") != "DPoP" {
			t.Errorf("%d %s", a.Status, a.Text)
		}
		wantError(t, ask(base, "/token", &own, both, "DPoP", key.proof(t, p.Platform, "POST", "/token", "", nil)), http.StatusBadRequest, "invalid_dpop_proof")
	})
	if one := discover(startTLS(t, clients)); one.Body["mtls_endpoint_aliases"] != nil || !strings.Contains(one.Text, `"tls_client_auth"`) {
		t.Errorf("with one listener: %s", one.Text)
	}
}
