// Package signed is the envelope of what services of the platform declare: status lists, deltas, key bundles, trust lists and lists of seals.
// An object is deterministic CBOR, [kind, body, [certificate, …], SM2 signature], read strictly and judged by a chain to a trusted root
// (decision records 0010 and 0014).
//
// The package is a leaf: octets, certificates and a moment go in. What a body says is for the package of its kind.
package signed

import (
	"bytes"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/yinxin-gov/yinxin/keys/pki"
)

// Kind names what a signed object is. It is part of what is signed, so an object of one kind never passes as another.
type Kind string

// Kinds.
const (
	KindList        Kind = "YXSL1" // status list
	KindDelta       Kind = "YXSD1" // delta list of presentation codes
	KindTrust       Kind = "YXTB1" // trust bundle of presentation keys (package presentation)
	KindAuthorities Kind = "YXTL1" // trust list (package keys/trustlist)
	KindSeals       Kind = "YXSS1" // status list of seals (package esign/sealstatus)
	KindType        Kind = "YXTP1" // package of a licence type (package elicense/typepackage)
	KindEvidence    Kind = "YXEV1" // manifest of a package of evidence (package elicense/evidence)
	KindRegion      Kind = "YXRG1" // what others need to judge the licences of a platform (package elicense/region)
	KindCounter     Kind = "YXCB1" // what a counter needs to judge without a network (package elicense/counterbundle)
)

// Errors. Callers compare with errors.Is.
var (
	ErrFormat    = errors.New("signed: not a signed object of this kind")
	ErrSignature = errors.New("signed: signature does not verify")
	ErrUntrusted = errors.New("signed: signer is not trusted")
	ErrMake      = errors.New("signed: cannot be made")
)

// Bounds of what is read, and so of what is made.
const (
	MaxSize     = 8 << 20 // octets of an object
	MaxElements = 100_000 // members of an array
)

// SignFunc signs a message and returns ASN.1 DER {r,s}: the SignMessage of a key handle.
type SignFunc func(message []byte) ([]byte, error)

// Trust is what a signer is judged against.
type Trust struct {
	Roots         *pki.Pool
	Intermediates *pki.Pool
	CRLs          []*pki.CRL
	At            time.Time
}

// Signer is who signed an object, after Verify.
type Signer struct {
	Certificate *pki.Certificate
	Chain       []*pki.Certificate // root last
}

// Name is the name by which documents bind their status authority: the common name in the signer's certificate.
func (s Signer) Name() string { return s.Certificate.Subject.CommonName() }

// envelope is the outer form: [kind, body, [certificate, …], signature r‖s]. The first certificate is the signer's.
type envelope struct {
	_            struct{} `cbor:",toarray"`
	Kind         string
	Body         []byte
	Certificates [][]byte
	Signature    []byte
}

var (
	encoder = mustEncoder()
	decoder = mustDecoder()
)

func mustEncoder() cbor.EncMode {
	mode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		panic(err)
	}
	return mode
}

func mustDecoder() cbor.DecMode {
	mode, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField, UTF8: cbor.UTF8RejectInvalid, MaxNestedLevels: 6, MaxArrayElements: MaxElements, MaxMapPairs: 64,
	}.DecMode()
	if err != nil {
		panic(err)
	}
	return mode
}

// Encode writes a value in the one deterministic form (RFC 8949 4.2.1).
func Encode(value any) ([]byte, error) {
	out, err := encoder.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMake, err)
	}
	return out, nil
}

// Decode reads a value strictly: no duplicate keys, no unknown keys, no indefinite lengths, no tags, no trailing octets,
// and only the octets that Encode would write. Errors wrap ErrFormat.
func Decode(data []byte, into any) error {
	if len(data) > MaxSize {
		return fmt.Errorf("%w: too large", ErrFormat)
	}
	if err := decoder.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	again, err := encoder.Marshal(into)
	if err != nil || !bytes.Equal(again, data) {
		return fmt.Errorf("%w: not in the deterministic form", ErrFormat)
	}
	return nil
}

// toBeSigned binds the kind to the body.
func toBeSigned(kind Kind, body []byte) []byte {
	return append(append([]byte(kind), 0), body...)
}

// SignObject signs a body. chain is DER, the signer's certificate first; the result is verified with its key. Errors wrap
// ErrMake.
func SignObject(kind Kind, body any, chain [][]byte, sign SignFunc) ([]byte, error) {
	encoded, err := Encode(body)
	if err != nil {
		return nil, err
	}
	if len(chain) == 0 {
		return nil, fmt.Errorf("%w: no certificate", ErrMake)
	}
	certificate, err := pki.ParseCertificate(chain[0])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMake, err)
	}
	public, ok := certificate.SM2Key()
	if !ok {
		return nil, fmt.Errorf("%w: the signer's key is not SM2", ErrMake)
	}
	signature, err := sign(toBeSigned(kind, encoded))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMake, err)
	}
	raw, err := pki.SM2SignatureToRaw(signature)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMake, err)
	}
	if err := verifyRaw(public, kind, encoded, raw); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMake, err)
	}
	made, err := Encode(envelope{Kind: string(kind), Body: encoded, Certificates: chain, Signature: raw})
	if err == nil && len(made) > MaxSize {
		return nil, fmt.Errorf("%w: %d octets, which nobody reads", ErrMake, len(made))
	}
	return made, err
}

func verifyRaw(public *ecdsa.PublicKey, kind Kind, body, signature []byte) error {
	if len(signature) != 64 {
		return fmt.Errorf("%w: %d octets", ErrSignature, len(signature))
	}
	der, err := pki.SM2SignatureFromRaw(signature)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	if _, err := pki.VerifySM2(public, nil, toBeSigned(kind, body), der, pki.FormDER); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}

// Is tells whether the octets claim to be a signed object of the kind, without reading further.
func Is(kind Kind, data []byte) bool {
	prefix := append([]byte{0x84, 0x60 | byte(len(kind))}, kind...)
	return bytes.HasPrefix(data, prefix)
}

// OpenObject reads an object and verifies its signature with the key of the certificate inside. Whether that certificate
// is to be trusted is asked with Object.Judge.
func OpenObject(kind Kind, data []byte, body any) (*Object, error) {
	var outer envelope
	if err := Decode(data, &outer); err != nil {
		return nil, err
	}
	if outer.Kind != string(kind) {
		return nil, fmt.Errorf("%w: kind %.8q", ErrFormat, outer.Kind)
	}
	if len(outer.Certificates) == 0 || len(outer.Certificates) > 4 {
		return nil, fmt.Errorf("%w: %d certificates", ErrFormat, len(outer.Certificates))
	}
	o := &Object{}
	for _, raw := range outer.Certificates {
		certificate, err := pki.ParseCertificate(raw)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFormat, err)
		}
		o.certificates = append(o.certificates, certificate)
	}
	public, ok := o.certificates[0].SM2Key()
	if !ok {
		return nil, fmt.Errorf("%w: the signer's key is not SM2", ErrFormat)
	}
	if err := verifyRaw(public, kind, outer.Body, outer.Signature); err != nil {
		return nil, err
	}
	return o, Decode(outer.Body, body)
}

// Object holds the signer's side of an opened object.
type Object struct{ certificates []*pki.Certificate }

// SignerName is the common name in the signer's certificate; it says nothing before Judge.
func (o *Object) SignerName() string { return o.certificates[0].Subject.CommonName() }

// Judge asks whether the signer is trusted: a chain to a root, the period at trust.At, not revoked, and a certificate for
// a service. Certificates that may seal documents (nonRepudiation) must not speak about status, so that a seal holder
// cannot declare licences valid. Errors wrap ErrUntrusted.
func (o *Object) Judge(trust Trust) (Signer, error) {
	intermediates := pki.NewPool(trust.Intermediates.Certificates()...)
	for _, certificate := range o.certificates[1:] {
		intermediates.Add(certificate)
	}
	own := o.certificates[0]
	chain, err := pki.BuildChain(own, pki.ChainOptions{Roots: trust.Roots, Intermediates: intermediates, At: trust.At, Usage: pki.UsageDigitalSignature})
	if err != nil {
		return Signer{}, fmt.Errorf("%w: %w", ErrUntrusted, err)
	}
	if own.KeyUsage&pki.UsageNonRepudiation != 0 {
		return Signer{}, fmt.Errorf("%w: the certificate is for seals", ErrUntrusted)
	}
	for i := range len(chain) - 1 {
		if pki.CheckRevocation(chain[i], chain[i+1], trust.CRLs, trust.At).State == pki.RevocationRevoked {
			return Signer{}, fmt.Errorf("%w: certificate %s is revoked", ErrUntrusted, chain[i].SerialHex())
		}
	}
	return Signer{Certificate: own, Chain: chain}, nil
}
