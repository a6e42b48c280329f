package pki

import (
	"bytes"
	"fmt"
)

// Pool is a set of certificates found by subject. The zero Pool is empty and usable; a nil Pool is empty too.
type Pool struct {
	certificates []*Certificate
	bySubject    map[string][]*Certificate
}

// NewPool returns a pool of the certificates.
func NewPool(certificates ...*Certificate) *Pool {
	pool := &Pool{}
	for _, certificate := range certificates {
		pool.Add(certificate)
	}
	return pool
}

// Add puts a certificate into the pool once.
func (p *Pool) Add(certificate *Certificate) {
	if p.Contains(certificate) {
		return
	}
	if p.bySubject == nil {
		p.bySubject = map[string][]*Certificate{}
	}
	subject := string(certificate.Subject.Raw)
	p.bySubject[subject] = append(p.bySubject[subject], certificate)
	p.certificates = append(p.certificates, certificate)
}

// AddFile puts all certificates of a PEM or DER file into the pool. Errors wrap ErrCertificate.
func (p *Pool) AddFile(input []byte) error {
	list, err := ParseCertificates(input)
	if err != nil {
		return fmt.Errorf("add to pool: %w", err)
	}
	for _, certificate := range list {
		p.Add(certificate)
	}
	return nil
}

// Contains compares by octets.
func (p *Pool) Contains(certificate *Certificate) bool {
	if p == nil {
		return false
	}
	for _, have := range p.bySubject[string(certificate.Subject.Raw)] {
		if have.Equal(certificate) {
			return true
		}
	}
	return false
}

// Certificates returns the members in the order added.
func (p *Pool) Certificates() []*Certificate {
	if p == nil {
		return nil
	}
	return append([]*Certificate(nil), p.certificates...)
}

// Len counts the members.
func (p *Pool) Len() int {
	if p == nil {
		return 0
	}
	return len(p.certificates)
}

// issuersOf returns the members that may have issued the certificate: same name, those whose key identifier agrees first,
// those whose key identifier contradicts last.
func (p *Pool) issuersOf(certificate *Certificate) []*Certificate {
	if p == nil {
		return nil
	}
	var agree, open, contradict []*Certificate
	for _, candidate := range p.bySubject[string(certificate.Issuer.Raw)] {
		switch {
		case len(certificate.AuthorityKeyID) == 0 || len(candidate.SubjectKeyID) == 0:
			open = append(open, candidate)
		case bytes.Equal(certificate.AuthorityKeyID, candidate.SubjectKeyID):
			agree = append(agree, candidate)
		default:
			contradict = append(contradict, candidate)
		}
	}
	return append(append(agree, open...), contradict...)
}
