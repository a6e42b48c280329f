package authn_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/yinxin-gov/yinxin/idp/authn"
	"github.com/yinxin-gov/yinxin/internal/fault"
)

// maker makes authenticators of one model: their attestation keys are certified by its root.
type maker struct {
	t      *testing.T
	model  [16]byte
	root   *x509.Certificate
	signer *ecdsa.PrivateKey
}

func newMaker(t *testing.T, model byte) *maker {
	t.Helper()
	m := &maker{t: t}
	for i := range m.model {
		m.model[i] = model
	}
	m.signer = m.key()
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Root of tests"}, NotBefore: now.Add(-24 * time.Hour), NotAfter: now.AddDate(10, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	m.root = m.certify(template, template, m.signer)
	return m
}

func (m *maker) key() *ecdsa.PrivateKey {
	m.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		m.t.Fatal(err)
	}
	return key
}

func (m *maker) certify(template, parent *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	m.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), m.signer)
	if err != nil {
		m.t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		m.t.Fatal(err)
	}
	return certificate
}

// metadata is the local file (FIDO Metadata Service 3.1, payload of a BLOB) with this model.
func (m *maker) metadata(status string, protection []string) []byte {
	m.t.Helper()
	return m.metadataOf(status, protection, "basic_full")
}

func (m *maker) metadataOf(status string, protection []string, attestation string) []byte {
	m.t.Helper()
	id := m.model
	text := func() string {
		b := id[:]
		const hex = "0123456789abcdef"
		var s []byte
		for i, one := range b {
			if i == 4 || i == 6 || i == 8 || i == 10 {
				s = append(s, '-')
			}
			s = append(s, hex[one>>4], hex[one&15])
		}
		return string(s)
	}()
	content, err := json.Marshal(map[string]any{"legalHeader": "test", "no": 1, "nextUpdate": "2099-01-01", "entries": []any{map[string]any{
		"aaguid": text, "timeOfLastStatusChange": "2026-01-01", "statusReports": []any{map[string]any{"status": status, "effectiveDate": "2026-01-01"}},
		"metadataStatement": map[string]any{"legalHeader": "test", "aaguid": text, "description": "Key of tests", "authenticatorVersion": 1, "protocolFamily": "fido2", "schema": 3,
			"upv": []any{map[string]any{"major": 1, "minor": 0}}, "authenticationAlgorithms": []string{"secp256r1_ecdsa_sha256_raw"}, "publicKeyAlgAndEncodings": []string{"cose"}, "attestationTypes": []string{attestation},
			"userVerificationDetails": []any{[]any{map[string]any{"userVerificationMethod": "fingerprint_internal"}}}, "keyProtection": protection, "matcherProtection": []string{"on_chip"}, "attachmentHint": []string{"external"},
			"tcDisplay": []string{}, "attestationRootCertificates": []string{base64.StdEncoding.EncodeToString(m.root.Raw)}}}}})
	if err != nil {
		m.t.Fatal(err)
	}
	return content
}

// authenticatorData is what this model says of a new passkey (WebAuthn Level 3, 6.1).
func (m *maker) authenticatorData(k *softKey) []byte {
	m.t.Helper()
	point, err := k.key.PublicKey.ECDH()
	if err != nil {
		m.t.Fatal(err)
	}
	xy := point.Bytes()[1:]
	public, err := cbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: xy[:32], -3: xy[32:]})
	if err != nil {
		m.t.Fatal(err)
	}
	data := append(k.data(k.flags|flagData), m.model[:]...)
	return append(append(binary.BigEndian.AppendUint16(data, uint16(len(k.id))), k.id...), public...)
}

// create answers as an authenticator of this model does, with a packed attestation (WebAuthn Level 3, 8.2).
func (m *maker) create(k *softKey, o options) []byte {
	m.t.Helper()
	k.handle, _ = base64.RawURLEncoding.DecodeString(o.User.ID)
	data := m.authenticatorData(k)
	model, err := asn1.Marshal(m.model[:])
	if err != nil {
		m.t.Fatal(err)
	}
	attesting := m.key()
	now := time.Now()
	leaf := m.certify(&x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{Country: []string{"CN"}, Organization: []string{"Maker of tests"}, OrganizationalUnit: []string{"Authenticator Attestation"}, CommonName: "Batch 1"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0), BasicConstraintsValid: true, ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4}, Value: model}}}, m.root, attesting)
	client := k.client("webauthn.create", o.Challenge)
	hash := sha256.Sum256(client)
	sum := sha256.Sum256(append(slices.Clone(data), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, attesting, sum[:])
	if err != nil {
		m.t.Fatal(err)
	}
	object, err := cbor.Marshal(map[string]any{"fmt": "packed", "attStmt": map[string]any{"alg": -7, "sig": signature, "x5c": [][]byte{leaf.Raw}}, "authData": data})
	if err != nil {
		m.t.Fatal(err)
	}
	return k.answer(map[string]any{"clientDataJSON": b64(client), "attestationObject": b64(object)})
}

// createSelf answers with an attestation by the passkey itself, which any program can make (WebAuthn Level 3, 6.5.4).
func (m *maker) createSelf(k *softKey, o options) []byte {
	m.t.Helper()
	k.handle, _ = base64.RawURLEncoding.DecodeString(o.User.ID)
	data := m.authenticatorData(k)
	client := k.client("webauthn.create", o.Challenge)
	hash := sha256.Sum256(client)
	sum := sha256.Sum256(append(slices.Clone(data), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, k.key, sum[:])
	if err != nil {
		m.t.Fatal(err)
	}
	object, err := cbor.Marshal(map[string]any{"fmt": "packed", "attStmt": map[string]any{"alg": -7, "sig": signature}, "authData": data})
	if err != nil {
		m.t.Fatal(err)
	}
	return k.answer(map[string]any{"clientDataJSON": b64(client), "attestationObject": b64(object)})
}

// TestAttestedPasskeys: a model of the metadata file that attests itself signs in at level 2 as a key in hardware; every other
// one is refused at registration.
func TestAttestedPasskeys(t *testing.T) {
	listed, other := newMaker(t, 0xA1), newMaker(t, 0xB2)
	copied := newMaker(t, 0xA1) // says that it is the listed model, under a root of its own
	hardware := []string{"hardware", "secure_element"}
	type attest = func(k *softKey, o options) []byte
	for _, test := range []struct {
		name     string
		metadata []byte
		create   attest
		flags    byte
		word     string // empty: refused
	}{
		{"a listed model", listed.metadata("FIDO_CERTIFIED_L1", hardware), listed.create, 0, "hwk"},
		{"keys in software", listed.metadata("FIDO_CERTIFIED_L1", []string{"software"}), listed.create, 0, "swk"},
		{"a synced passkey", listed.metadata("FIDO_CERTIFIED_L1", hardware), listed.create, flagEligible | flagState, "swk"},
		{"attested by itself", listed.metadataOf("FIDO_CERTIFIED_L1", hardware, "basic_surrogate"), listed.createSelf, 0, "swk"},
		{"attested by itself where the maker attests", listed.metadata("FIDO_CERTIFIED_L1", hardware), listed.createSelf, 0, ""},
		{"a model that is not listed", listed.metadata("FIDO_CERTIFIED_L1", hardware), other.create, 0, ""},
		{"another root", listed.metadata("FIDO_CERTIFIED_L1", hardware), copied.create, 0, ""},
		{"revoked", listed.metadata("REVOKED", hardware), listed.create, 0, ""},
		{"attestation keys that leaked", listed.metadata("ATTESTATION_KEY_COMPROMISE", hardware), listed.create, 0, ""},
		{"no attestation", listed.metadata("FIDO_CERTIFIED_L1", hardware), func(k *softKey, o options) []byte { return k.create(t, o) }, 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := passkeys(t)
			var err error
			if w.keys, err = authn.NewPasskeys(authn.PasskeysConfig{Ways: w.Ways, Steps: w.Steps, Accounts: w.Accounts, Issuer: issuer, Name: "一网通办", Metadata: test.metadata}); err != nil {
				t.Fatal(err)
			}
			k := newSoftKey(t)
			k.flags |= test.flags
			given, step, err := w.keys.BeginRegistration(t.Context(), w.account.ID, browserOne, "138****8000")
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.keys.FinishRegistration(t.Context(), w.account.ID, browserOne, step, "钥匙", test.create(k, readOptions(t, given)))
			if test.word == "" {
				if fault.CodeOf(err) != fault.PasskeyRefused {
					t.Errorf("%v", err)
				}
				if has, err := w.keys.HasPasskey(t.Context(), w.account.ID); err != nil || has {
					t.Errorf("it was kept all the same: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			k.counter++
			login, err := w.login(t, k)
			if err != nil || login.AAL != 2 || !slices.Equal(login.Methods, []string{test.word, "user"}) {
				t.Errorf("%+v %v", login, err)
			}
		})
	}
}
