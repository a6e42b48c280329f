package ses

import (
	"bytes"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// ToSign is what a new seal signature says beside its seal (TBS_Sign, GB/T 38540-2020 7.1.2). The time is written in UTC to the second.
type ToSign struct {
	Time         time.Time // signing time
	DataHash     []byte    // SM3 of the signed data, 32 octets
	PropertyInfo string    // for OFD the absolute path of Signature.xml in the package
	Extensions   []Extension
	Timestamp    TimestampFunc // optional
}

// SignatureInfo is all that a new seal signature says.
type SignatureInfo struct {
	Seal []byte // V4 or V5; goes in byte for byte
	ToSign
}

// NewSignature makes a seal signature (GB/T 38540-2020 7.2) in the structure of its seal. It refuses a signer whom the
// seal does not list, a time outside the seal's period and a seal whose own signature does not hold, and verifies the
// result before it leaves. Errors wrap ErrInput, ErrSelfCheck or the error of sign.
func NewSignature(info SignatureInfo, signerCert []byte, sign SignFunc) ([]byte, error) {
	stamper, err := NewStamper(info.Seal, signerCert, nil)
	if err != nil {
		return nil, err
	}
	signature, err := stamper.Sign(info.ToSign, sign)
	if err != nil {
		return nil, err
	}
	return signature, selfCheckSignature(signature)
}

// Stamper makes signatures with one seal and one signer: what is the same in all of them is read and checked once. It knows nothing of
// time: whether seal and certificates may be used at a moment is for its user to judge. It is safe for concurrent use.
type Stamper struct {
	seal        *Seal
	signer      *pki.Certificate
	certificate []byte // the member that holds the signer's
}

// NewStamper refuses, with an error that wraps ErrInput, a seal that is not written any more, whose own signature does not hold or that does
// not list the signer (GB/T 38540-2020 7.2 a). memo is of what was verified before and may be nil.
func NewStamper(seal, signerCert []byte, memo *pki.Memo) (*Stamper, error) {
	parsed, err := ParseSeal(bytes.Clone(seal))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInput, err)
	}
	if parsed.Structure != V4 && parsed.Structure != V5 {
		return nil, fmt.Errorf("%w: seal of structure %s is not written", ErrInput, parsed.Structure)
	}
	if !parsed.ListsSigner(signerCert) {
		return nil, fmt.Errorf("%w: seal does not list the signer's certificate", ErrInput)
	}
	maker, err := pki.ParseCertificate(parsed.MakerCert)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInput, err)
	}
	if _, err := parsed.CheckSignature(maker, memo); err != nil {
		return nil, fmt.Errorf("%w: seal: %w", ErrInput, err)
	}
	signer, err := pki.ParseCertificate(bytes.Clone(signerCert))
	if err != nil {
		return nil, fmt.Errorf("%w: cert: %w", ErrInput, err)
	}
	return &Stamper{seal: parsed, signer: signer, certificate: der.EncodeOctetString(signer.Raw)}, nil
}

// Signer is the certificate of whoever signs.
func (s *Stamper) Signer() *pki.Certificate { return s.signer }

// Of tells whether the stamper is of this seal and this signer.
func (s *Stamper) Of(seal, signerCert []byte) bool {
	return bytes.Equal(s.seal.Raw, seal) && bytes.Equal(s.signer.Raw, signerCert)
}

// Sign makes a signature; a time outside the seal's period is refused. What sign returns goes in as it is: the caller verifies the value
// before anybody gets the signature. Errors wrap ErrInput or the error of sign.
func (s *Stamper) Sign(what ToSign, sign SignFunc) ([]byte, error) {
	if len(what.DataHash) != 32 {
		return nil, fmt.Errorf("%w: dataHash of %d octets", ErrInput, len(what.DataHash))
	}
	if !s.seal.InPeriod(what.Time) {
		return nil, fmt.Errorf("%w: signing time is outside the seal's period", ErrInput)
	}
	encoder := &encoder{}
	toSign := [][]byte{
		der.EncodeInt(s.seal.Header.Version),
		s.seal.Raw,
		encoder.time("timeInfo", what.Time),
		der.EncodeBitString(what.DataHash),
		encoder.text("propertyInfo", der.TagIA5String, what.PropertyInfo),
	}
	if len(what.Extensions) > 0 {
		toSign = append(toSign, der.EncodeExplicit(0, encoder.extensions(what.Extensions)))
	}
	if encoder.err != nil {
		return nil, encoder.err
	}
	// The seal is most of a signature, so it is copied once: what is signed is a part of what is returned.
	const headerRoom, valueRoom = 8, 128
	size := headerRoom
	for _, member := range toSign {
		size += len(member)
	}
	out := der.AppendSequence(make([]byte, headerRoom, headerRoom+size+len(s.certificate)+len(oidSM2WithSM3)+valueRoom), toSign...)
	value, err := sign(out[headerRoom:len(out):len(out)])
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	out = append(append(append(out, s.certificate...), oidSM2WithSM3...), der.EncodeBitString(value)...)
	if what.Timestamp != nil {
		token, err := what.Timestamp(value)
		if err != nil {
			return nil, fmt.Errorf("time-stamp signature: %w", err)
		}
		out = append(out, der.EncodeExplicit(0, der.EncodeBitString(token))...)
	}
	header := der.Header(der.Universal, der.TagSequence, true, len(out)-headerRoom)
	copy(out[headerRoom-len(header):], header)
	return out[headerRoom-len(header):], nil
}
