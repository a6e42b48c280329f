package party

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"time"

	"gopkg.in/yaml.v3"
)

// Registration is what `conformance --new-clients` writes.
type Registration struct {
	Manifest []byte // YAML for `yinxin admin apply -f`: people, clients with public keys
	With     []byte // JSON for --with: the same with what only clients know
	ClientCA []byte // PEM of the root of the clients' certificates, for listen.tls.client_ca_file
}

// host of redirect URIs: nothing answers there, and nothing needs to (RFC 2606).
const host = "https://conformance.example"

// registrationLife is how long the certificates and the initial access token of a registration live.
const registrationLife = 90 * 24 * time.Hour

// maker writes each client twice: as the server must know it, and as the runner must.
type maker struct {
	random   io.Reader
	now      time.Time
	root     *x509.Certificate
	rootKey  *ecdsa.PrivateKey
	file     File
	manifest []map[string]any
}

// NewRegistration makes people and clients for every rule, with fresh keys and secrets. backchannel is the address
// (host:port, on loopback) at which the runner takes logout tokens. A nil reader is rand.Reader, a zero time is now.
func NewRegistration(random io.Reader, now time.Time, backchannel string) (Registration, error) {
	if random == nil {
		random = rand.Reader
	}
	if now.IsZero() {
		now = time.Now()
	}
	if name, _, err := net.SplitHostPort(backchannel); err != nil || !isLoopback(name) {
		return Registration{}, fmt.Errorf("logout tokens arrive on loopback: %q is no such address and port", backchannel)
	}
	m := &maker{random: random, now: now}
	secret, err := m.text()
	if err != nil {
		return Registration{}, err
	}
	m.file.People = []Person{{Identifier: "13900139071", Password: "Conformance-" + secret, Name: "周符合", IAL: 2}}
	if m.file.InitialAccessToken, err = m.text(); err != nil {
		return Registration{}, err
	}
	if m.root, m.rootKey, err = m.certify("Conformance clients"); err != nil {
		return Registration{}, err
	}
	for _, step := range []func(*maker, string) error{(*maker).ordinary, (*maker).fapi} {
		if err := step(m, backchannel); err != nil {
			return Registration{}, err
		}
	}
	return m.write()
}

func (m *maker) text() (string, error) {
	raw := make([]byte, 24)
	_, err := io.ReadFull(m.random, raw)
	return encode(raw), err
}

// Members that both files hold are those of the runner's client; more are for the manifest only.
func (m *maker) add(c Client, more map[string]any) error {
	if len(c.RedirectURIs) == 0 {
		c.RedirectURIs = []string{host + "/" + c.ClientID + "/cb"}
	}
	c.GrantTypes = []string{"authorization_code", "refresh_token"}
	m.file.Clients = append(m.file.Clients, c)
	raw, err := json.Marshal(c)
	if err != nil {
		return err
	}
	known := map[string]any{}
	if err := json.Unmarshal(raw, &known); err != nil {
		return err
	}
	delete(known, "certificate")
	delete(known, "certificate_key")
	if len(c.JWKS.Keys) > 0 {
		public, err := c.JWKS.Public()
		if err != nil {
			return err
		}
		var set map[string]any
		if err := json.Unmarshal(public, &set); err != nil {
			return err
		}
		known["jwks"] = set
	}
	known["client_name"], known["department"], known["purpose"] = "符合性测试 "+c.ClientID, "示例市政务服务管理局", "协议符合性测试"
	for name, value := range more {
		known[name] = value
	}
	m.manifest = append(m.manifest, known)
	return nil
}

func (m *maker) ordinary(backchannel string) error {
	loose := false
	const scope = "openid profile email phone"
	withSecret := func(c Client, more map[string]any) error {
		secret, err := m.text()
		if err != nil {
			return err
		}
		c.ClientSecret, c.Scope, c.RequirePKCE = secret+secret, scope, &loose
		return m.add(c, more)
	}
	key, err := newECKey(m.random, "conformance-key-1")
	if err != nil {
		return err
	}
	out := func(id string) []string { return []string{host + "/" + id + "/out"} }
	for _, one := range []struct {
		client Client
		more   map[string]any
	}{
		{Client{ClientID: "conformance-basic", Method: "client_secret_basic", PostLogoutRedirectURIs: out("conformance-basic")}, nil},
		{Client{ClientID: "conformance-query", Method: "client_secret_basic", IDTokenAlg: "RS256", RedirectURIs: []string{host + "/conformance-query/cb", host + "/conformance-query/cb?dummy1=lorem&dummy2=ipsum"}}, nil},
		{Client{ClientID: "conformance-post", Method: "client_secret_post"}, nil},
		{Client{ClientID: "conformance-userinfo", Method: "client_secret_basic", IDTokenAlg: "RS256", UserinfoAlg: "RS256"}, nil},
		{Client{ClientID: "conformance-front", Method: "client_secret_basic", PostLogoutRedirectURIs: out("conformance-front"), FrontchannelLogoutURI: host + "/conformance-front/frontchannel", FrontchannelSession: true}, nil},
		{Client{ClientID: "conformance-back", Method: "client_secret_basic", PostLogoutRedirectURIs: out("conformance-back"), BackchannelLogoutURI: "http://" + backchannel + "/backchannel", BackchannelSession: true}, map[string]any{"application_type": "native"}},
	} {
		if err := withSecret(one.client, one.more); err != nil {
			return err
		}
	}
	return m.add(Client{ClientID: "conformance-key", Method: "private_key_jwt", MethodAlg: "ES256", RequestObjectAlg: "ES256", Scope: scope, RequirePKCE: &loose, JWKS: PrivateSet{[]Key{key}}}, nil)
}

func (m *maker) fapi(string) error {
	for i, one := range []struct {
		id, alg, profile string
		byName, bound    bool // authenticates by its certificate; its tokens are bound to it
		signs            bool
	}{
		{"fapi-key-dpop-1", "PS256", "fapi2", false, false, false},
		{"fapi-key-dpop-2", "ES256", "fapi2", false, false, false},
		{"fapi-key-mtls", "PS256", "fapi2", false, true, false},
		{"fapi-mtls-dpop", "ES256", "fapi2", true, false, false},
		{"fapi-mtls-mtls", "ES256", "fapi2", true, true, false},
		{"fapi-jar", "ES256", "fapi2", false, false, true},
		{"fapi-ms-1", "PS256", "fapi2_ms", false, false, true},
		{"fapi-ms-2", "ES256", "fapi2_ms", false, false, true},
	} {
		id := "conformance-" + one.id
		c := Client{ClientID: id, Method: "private_key_jwt", MethodAlg: one.alg, Scope: "openid profile phone", Profile: one.profile, DPoP: !one.bound, CertificateBound: one.bound, RequireSigned: one.signs}
		if i == 1 {
			c.RedirectURIs = []string{host + "/" + id + "/cb", host + "/" + id + "/cb?dummy1=lorem&dummy2=ipsum"}
		}
		newKey := newECKey
		if one.alg == "PS256" {
			newKey = newRSAKey
		}
		key, err := newKey(m.random, id)
		if err != nil {
			return err
		}
		c.JWKS = PrivateSet{[]Key{key}}
		if one.signs {
			c.RequestObjectAlg = one.alg
		}
		if one.profile == "fapi2_ms" {
			c.AuthorizationAlg, c.IntrospectionAlg = "PS256", "ES256"
		}
		if one.byName || one.bound {
			leaf, private, err := m.certify(id)
			if err != nil {
				return err
			}
			der, err := x509.MarshalPKCS8PrivateKey(private)
			if err != nil {
				return err
			}
			c.Certificate, c.CertificateKey = block("CERTIFICATE", leaf.Raw), block("PRIVATE KEY", der)
		}
		more := map[string]any{}
		if one.byName {
			c.Method, c.MethodAlg, more["tls_client_auth_subject_dn"] = "tls_client_auth", "", "CN="+id
		}
		if err := m.add(c, more); err != nil {
			return err
		}
	}
	return nil
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// certify makes the root first and certificates of clients after it.
func (m *maker) certify(name string) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	made, err := newECKey(m.random, "")
	if err != nil {
		return nil, nil, err
	}
	key := made.Signer.(*ecdsa.PrivateKey)
	serial := make([]byte, 15)
	if _, err := io.ReadFull(m.random, serial); err != nil {
		return nil, nil, err
	}
	draft := &x509.Certificate{SerialNumber: new(big.Int).SetBytes(serial), Subject: pkix.Name{CommonName: name}, NotBefore: m.now.Add(-time.Hour), NotAfter: m.now.Add(registrationLife), KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	parent, parentKey := m.root, m.rootKey
	if parent == nil {
		draft.IsCA, draft.BasicConstraintsValid, draft.KeyUsage, draft.ExtKeyUsage = true, true, x509.KeyUsageCertSign, nil
		parent, parentKey = draft, key
	}
	der, err := x509.CreateCertificate(m.random, draft, parent, key.Public(), parentKey)
	if err != nil {
		return nil, nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return certificate, key, err
}

func (m *maker) write() (Registration, error) {
	var manifest bytes.Buffer
	fmt.Fprintln(&manifest, "# For `yinxin admin apply -f`, made by `yinxin conformance --new-clients`. Personas belong to the sandbox only. Client\n# certificates need client-ca.pem as listen.tls.client_ca_file; without it leave out the clients of tls_client_auth and\n# of tls_client_certificate_bound_access_tokens.")
	encoder := yaml.NewEncoder(&manifest)
	encoder.SetIndent(2)
	err := encoder.Encode(map[string]any{"personas": m.file.People, "clients": m.manifest, "initial_access_tokens": []map[string]any{{
		"name": "conformance", "token": m.file.InitialAccessToken, "department": "示例市政务服务管理局", "purpose": "协议符合性测试", "scope": "openid profile email phone",
		"state": "live", "require_pkce": false, "uses": 1000, "expires_at": m.now.Add(registrationLife).UTC().Format(time.RFC3339)}}})
	if err != nil {
		return Registration{}, err
	}
	with, err := json.MarshalIndent(m.file, "", "  ")
	return Registration{Manifest: manifest.Bytes(), With: append(with, '\n'), ClientCA: []byte(block("CERTIFICATE", m.root.Raw))}, err
}
