// Package simca is an authority that gives out SM2 test certificates, in memory and for simulations only: it makes the keys of the
// holders itself, knows all of them, and says in every name that what it gives out is a test. A real authority never sees a key.
package simca

import (
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"sync"
	"time"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"

	"github.com/yinxin-gov/yinxin/keys/pki"
)

// Name of the authority, and Mark, which stands in every certificate.
const (
	Name = "印信模拟发证机构（测试）"
	Mark = "测试证书，不具法律效力"
)

// Bounds.
const (
	MaxCertificates = 10_000
	MaxLife         = 3 * 365 * 24 * time.Hour
	listLife        = 24 * time.Hour
)

// Errors.
var (
	ErrUnknown = errors.New("simca: no such certificate")
	ErrRevoked = errors.New("simca: it is revoked already")
	ErrFull    = errors.New("simca: too many certificates")
	ErrLife    = errors.New("simca: a certificate lives between a second and three years")
)

// Authority gives out certificates and revokes them.
type Authority struct {
	rand io.Reader
	now  func() time.Time
	root *pki.Certificate
	key  *sm2.PrivateKey

	mutex   sync.Mutex
	holders map[string]*sm2.PrivateKey // by serial
	revoked []pki.CRLEntry
	number  int64
}

// New makes an authority with a root of its own.
func New(rand io.Reader, now func() time.Time) (*Authority, error) {
	key, err := sm2.GenerateKey(rand)
	if err != nil {
		return nil, fmt.Errorf("simca: %w", err)
	}
	at := now().UTC().Truncate(time.Second)
	root, err := pki.MakeCertificate(rand, pki.CertificateTemplate{Profile: pki.ProfileRoot, Subject: pki.Subject{CommonName: Name, Organization: Mark}, NotBefore: at.Add(-24 * time.Hour), NotAfter: at.AddDate(10, 0, 0)}, nil, key)
	if err != nil {
		return nil, fmt.Errorf("simca: %w", err)
	}
	return &Authority{rand: rand, now: now, root: root, key: key, holders: map[string]*sm2.PrivateKey{}}, nil
}

// Root is its own certificate.
func (a *Authority) Root() *pki.Certificate { return a.root }

// Issued is a certificate with the key that was made for it.
type Issued struct {
	Certificate *pki.Certificate
	KeyPEM      []byte // PKCS #8
}

// Issue makes a key and a certificate for a subject, which lives from a minute ago.
func (a *Authority) Issue(subject pki.Subject, life time.Duration) (Issued, error) {
	if life < time.Second || life > MaxLife {
		return Issued{}, ErrLife
	}
	key, err := sm2.GenerateKey(a.rand)
	if err != nil {
		return Issued{}, fmt.Errorf("simca: %w", err)
	}
	at := a.now().UTC()
	c, err := pki.MakeCertificate(a.rand, pki.CertificateTemplate{Profile: pki.ProfileSealSigner, Subject: subject, PublicKey: &key.PublicKey, NotBefore: at.Add(-time.Minute), NotAfter: at.Add(life)}, a.root, a.key)
	if err != nil {
		return Issued{}, fmt.Errorf("simca: %w", err)
	}
	encoded, err := smx509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Issued{}, fmt.Errorf("simca: %w", err)
	}
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if len(a.holders) >= MaxCertificates {
		return Issued{}, ErrFull
	}
	a.holders[c.SerialHex()] = key
	return Issued{c, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})}, nil
}

// Sign signs as the holder of a certificate would: SM2 with SM3 and the default user ID (GB/T 32918.2), in DER.
func (a *Authority) Sign(serial string, message []byte) ([]byte, error) {
	a.mutex.Lock()
	key := a.holders[serial]
	a.mutex.Unlock()
	if key == nil {
		return nil, ErrUnknown
	}
	return key.Sign(a.rand, message, sm2.NewSM2SignerOption(true, nil))
}

// Revoke puts a certificate on the next list.
func (a *Authority) Revoke(serial string, reason pki.RevocationReason) error {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	number, ok := new(big.Int).SetString(serial, 16)
	if !ok || a.holders[serial] == nil {
		return ErrUnknown
	}
	for _, entry := range a.revoked {
		if entry.Serial.Cmp(number) == 0 {
			return ErrRevoked
		}
	}
	a.revoked = append(a.revoked, pki.CRLEntry{Serial: number, RevokedAt: a.now().UTC().Truncate(time.Second), Reason: reason})
	return nil
}

// List makes the next revocation list. One that is late has ended already, as that of an authority that does not renew it.
func (a *Authority) List(late bool) (*pki.CRL, error) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.number++
	from := a.now().UTC().Truncate(time.Second).Add(-time.Hour)
	until := from.Add(time.Hour + listLife)
	if late {
		until = from.Add(time.Minute)
	}
	list, err := pki.MakeCRL(a.rand, pki.CRLTemplate{Number: big.NewInt(a.number), ThisUpdate: from, NextUpdate: until, Entries: a.revoked}, a.root, a.key)
	if err != nil {
		return nil, fmt.Errorf("simca: %w", err)
	}
	return list, nil
}
