package pki

import (
	"bytes"
	"crypto/ecdsa"
	"strconv"
	"sync"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
)

// Bounds of a memo: pairs, which hold certificates in memory; signatures that fit; keys whose messages it knows the beginning
// of, and contents whose digest it knows (256 KiB each at most).
const (
	memoPairs  = maxSignatureChecks
	memoProven = 4096
	memoKeys   = 32
	memoSums   = 16
	// memoCertificates bounds those that are kept as they were read, some 10 KiB each, of at most maxKept octets.
	memoCertificates, maxKept = 128, 4 << 10
)

// Memo remembers what signature checks found, so that judgements that share it pay once for the same arithmetic: a certificate
// under its issuer, a list under its issuer, a seal under its maker. It remembers nothing that time, trust or revocation could
// change. The zero value is ready, a nil one remembers nothing; it is safe for concurrent use and bounded. Certificates and lists
// are told apart by where they lie in memory and must not be changed.
type Memo struct {
	mutex  sync.Mutex
	pairs  recent[[2]any, error]
	proven recent[string, struct{}] // key, e and signature that fit
	begun  recent[string, *Begun]   // by key
	sums   recent[string, summed]   // by length and end
	certs  recent[string, *Certificate]
}

// summed is content with its digest.
type summed struct {
	content []byte
	sum     [32]byte
}

// Certificate is ParseCertificate of one that comes again and again, such as the signer's of a seal. Who meets it again gets the same one, so that what was
// found out about it is known too. The octets are copied: nothing of a document stays in memory.
func (m *Memo) Certificate(octets []byte) (*Certificate, error) {
	if m == nil || len(octets) > maxKept {
		return ParseCertificate(octets)
	}
	m.mutex.Lock()
	known, ok := m.certs.get(string(octets), memoCertificates)
	m.mutex.Unlock()
	if ok {
		return known, nil
	}
	certificate, err := ParseCertificate(bytes.Clone(octets))
	if err != nil {
		return nil, err
	}
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if known, ok := m.certs.get(string(octets), memoCertificates); ok { // somebody was faster
		return known, nil
	}
	m.certs.put(string(octets), certificate, memoCertificates)
	return certificate, nil
}

// check verifies once; fresh tells that it did so now.
func (m *Memo) check(signed, issuer any, verify func() error) (fresh bool, err error) {
	pair := [2]any{signed, issuer}
	m.mutex.Lock()
	err, ok := m.pairs.get(pair, memoPairs)
	m.mutex.Unlock()
	if ok {
		return false, err
	}
	err = verify()
	m.mutex.Lock()
	m.pairs.put(pair, err, memoPairs)
	m.mutex.Unlock()
	return true, err
}

// VerifySM2 is the function of the same name under the default user ID. Only signatures that hold are remembered.
func (m *Memo) VerifySM2(public *ecdsa.PublicKey, message, signature []byte, form SignatureForm) (Encoding, error) {
	if m == nil {
		return VerifySM2(public, nil, message, signature, form)
	}
	encoding, strict, err := normalizeSM2(signature, form)
	if err != nil {
		return encoding, err
	}
	point, err := EncodeSM2Key(public)
	if err != nil {
		return encoding, err
	}
	digest, err := m.beginnings(string(point)).Digest(public, message) // as SM2Digest, with the key encoded once
	if err != nil {
		return encoding, err
	}
	fact := string(point) + string(digest) + string(strict)
	m.mutex.Lock()
	_, known := m.proven.get(fact, memoProven)
	m.mutex.Unlock()
	if known {
		return encoding, nil
	}
	if !sm2.VerifyASN1(public, digest, strict) {
		return encoding, ErrSignatureValue
	}
	m.mutex.Lock()
	m.proven.put(fact, struct{}{}, memoProven)
	m.mutex.Unlock()
	return encoding, nil
}

// SM3 is the digest of content that comes again and again, such as the file of a seal; to compare octets is thirty times as fast as
// to hash them.
func (m *Memo) SM3(content []byte) [32]byte {
	const end = 64
	if m == nil || len(content) < begunLeast || len(content) > begunMost {
		return sm3.Sum(content)
	}
	key := strconv.Itoa(len(content)) + " " + string(content[len(content)-end:])
	m.mutex.Lock()
	known, _ := m.sums.get(key, memoSums)
	m.mutex.Unlock()
	if bytes.Equal(known.content, content) {
		return known.sum
	}
	sum := sm3.Sum(content)
	m.mutex.Lock()
	m.sums.put(key, summed{bytes.Clone(content), sum}, memoSums)
	m.mutex.Unlock()
	return sum
}

// SM2Digest is the function of the same name under the default user ID; what the last messages of a key began with alike is hashed once.
func (m *Memo) SM2Digest(public *ecdsa.PublicKey, message []byte) ([]byte, error) {
	if m == nil {
		return SM2Digest(public, nil, message)
	}
	point, err := EncodeSM2Key(public)
	if err != nil {
		return nil, err
	}
	return m.beginnings(string(point)).Digest(public, message)
}

func (m *Memo) beginnings(key string) *Begun {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	begun, ok := m.begun.get(key, memoKeys)
	if !ok {
		begun = &Begun{}
		m.begun.put(key, begun, memoKeys)
	}
	return begun
}

// recent is a table of two generations: when the young one is full it becomes the old one, and what is used moves to the young.
type recent[K comparable, V any] struct{ young, old map[K]V }

func (r *recent[K, V]) get(key K, most int) (V, bool) {
	value, ok := r.young[key]
	if ok {
		return value, true
	}
	if value, ok = r.old[key]; ok {
		r.put(key, value, most)
	}
	return value, ok
}

func (r *recent[K, V]) put(key K, value V, most int) {
	if len(r.young) >= most {
		r.young, r.old = nil, r.young
	}
	if r.young == nil {
		r.young = map[K]V{}
	}
	r.young[key] = value
}
