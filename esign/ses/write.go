package ses

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// Errors of writing.
var (
	ErrInput     = errors.New("ses: input is refused")
	ErrSelfCheck = errors.New("ses: what was written does not verify")
)

// SignFunc signs a message with SM2 and SM3 under the default user ID and returns DER {r,s}.
type SignFunc func(message []byte) ([]byte, error)

// TimestampFunc returns a time-stamp token over a signature value (GB/T 20520).
type TimestampFunc func(signatureValue []byte) ([]byte, error)

// Limits of what is written.
const (
	maxTextLength  = 1024
	maxPictureSide = 1000 // millimetres
)

// SealInfo is what a new seal says. All times are written in UTC to the second.
type SealInfo struct {
	Structure     Structure // V4 when empty, or V5
	Vid           string    // vendor, ASCII
	ESID          string    // seal code, ASCII
	Type          int
	Name          string
	SignerCerts   [][]byte     // certificates of those who may sign, DER
	SignerDigests []CertDigest // instead of SignerCerts: certListType 2
	CreateDate    time.Time
	ValidStart    time.Time
	ValidEnd      time.Time
	Picture       Picture
	Extensions    []Extension
	Timestamp     TimestampFunc // V5 only, optional
}

// NewSeal makes a seal (GB/T 38540-2020 6.2): it builds eSealInfo in DER, has the maker sign it, assembles SESeal, reads
// the result back strictly and verifies it before it leaves. Errors wrap ErrInput, ErrSelfCheck or the error of sign.
func NewSeal(info SealInfo, makerCert []byte, sign SignFunc) ([]byte, error) {
	version, err := versionOf(info.Structure)
	if err != nil {
		return nil, err
	}
	if info.Timestamp != nil && version != 5 {
		return nil, fmt.Errorf("%w: only V5 seals carry a time stamp", ErrInput)
	}
	encoder := &encoder{}
	eSealInfo := encoder.sealInfo(info, version)
	certificate := encoder.certificate("cert", makerCert)
	if encoder.err != nil {
		return nil, encoder.err
	}
	value, err := sign(eSealInfo)
	if err != nil {
		return nil, fmt.Errorf("sign seal: %w", err)
	}
	members := [][]byte{eSealInfo, certificate, oidSM2WithSM3, der.EncodeBitString(value)}
	if info.Timestamp != nil {
		token, err := info.Timestamp(value)
		if err != nil {
			return nil, fmt.Errorf("time-stamp seal: %w", err)
		}
		members = append(members, der.EncodeExplicit(0, der.EncodeBitString(token)))
	}
	seal := der.EncodeSequence(members...)
	return seal, selfCheckSeal(seal)
}

func selfCheckSeal(input []byte) error {
	seal, err := ParseSealStrict(input)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSelfCheck, err)
	}
	maker, err := pki.ParseCertificate(seal.MakerCert)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSelfCheck, err)
	}
	encoding, err := seal.CheckSignature(maker, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSelfCheck, err)
	}
	if encoding != pki.EncodingDER {
		return fmt.Errorf("%w: signature is not DER", ErrSelfCheck)
	}
	return nil
}

func selfCheckSignature(input []byte) error {
	signature, err := parseSignature(input, &der.Reader{Strict: true}, &der.Reader{})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSelfCheck, err)
	}
	signer, err := pki.ParseCertificate(signature.SignerCert)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSelfCheck, err)
	}
	encoding, err := signature.CheckSignature(signer, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSelfCheck, err)
	}
	if encoding != pki.EncodingDER {
		return fmt.Errorf("%w: signature is not DER", ErrSelfCheck)
	}
	return nil
}

// oidSM2WithSM3 is the encoded 1.2.156.10197.1.501.
var oidSM2WithSM3 = []byte{0x06, 0x08, 0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75}

func versionOf(structure Structure) (int, error) {
	switch structure {
	case "", V4:
		return 4, nil
	case V5:
		return 5, nil
	}
	return 0, fmt.Errorf("%w: structure %s is not written", ErrInput, structure)
}

// encoder encodes members and keeps the first error.
type encoder struct{ err error }

func (e *encoder) refuse(member, format string, arguments ...any) []byte {
	if e.err == nil {
		e.err = fmt.Errorf("%w: %s: %s", ErrInput, member, fmt.Sprintf(format, arguments...))
	}
	return nil
}

// text encodes a string that is not empty and holds no control characters.
func (e *encoder) text(member string, tag int, text string) []byte {
	if text == "" || len(text) > maxTextLength {
		return e.refuse(member, "%d octets", len(text))
	}
	if strings.ContainsFunc(text, func(char rune) bool { return char < 0x20 || char == 0x7f }) {
		return e.refuse(member, "control character")
	}
	encoded, err := der.EncodeText(tag, text)
	if err != nil {
		return e.refuse(member, "%v", err)
	}
	return encoded
}

func (e *encoder) time(member string, moment time.Time) []byte {
	if moment.Year() < 1950 {
		return e.refuse(member, "time is missing")
	}
	encoded, err := der.EncodeGeneralizedTime(moment)
	if err != nil {
		return e.refuse(member, "%v", err)
	}
	return encoded
}

// certificate wraps a certificate in an OCTET STRING after reading it.
func (e *encoder) certificate(member string, input []byte) []byte {
	if _, err := pki.ParseCertificate(input); err != nil {
		return e.refuse(member, "%v", err)
	}
	return der.EncodeOctetString(input)
}

func (e *encoder) extensions(list []Extension) []byte {
	encoded := make([][]byte, 0, len(list))
	for _, extension := range list {
		oid, err := der.EncodeOID(extension.ID)
		if err != nil {
			return e.refuse("extnID", "%v", err)
		}
		fields := [][]byte{oid}
		if extension.Critical {
			fields = append(fields, der.EncodeBoolean(true))
		}
		encoded = append(encoded, der.EncodeSequence(append(fields, der.EncodeOctetString(extension.Value))...))
	}
	return der.EncodeSequence(encoded...)
}

// sealInfo encodes SES_SealInfo.
func (e *encoder) sealInfo(info SealInfo, version int) []byte {
	members := [][]byte{
		der.EncodeSequence(
			e.text("ID", der.TagIA5String, "ES"),
			der.EncodeInt(version),
			e.text("Vid", der.TagIA5String, info.Vid)),
		e.text("esID", der.TagIA5String, info.ESID),
		e.property(info),
		e.picture(info.Picture),
	}
	if len(info.Extensions) > 0 {
		members = append(members, e.extensions(info.Extensions))
	}
	return der.EncodeSequence(members...)
}

func (e *encoder) property(info SealInfo) []byte {
	if info.Type < 0 {
		return e.refuse("type", "%d", info.Type)
	}
	if !info.ValidEnd.After(info.ValidStart) {
		return e.refuse("validEnd", "not after validStart")
	}
	kind, list := e.certList(info)
	return der.EncodeSequence(
		der.EncodeInt(info.Type),
		e.text("name", der.TagUTF8String, info.Name),
		der.EncodeInt(kind),
		list,
		e.time("createDate", info.CreateDate),
		e.time("validStart", info.ValidStart),
		e.time("validEnd", info.ValidEnd))
}

func (e *encoder) certList(info SealInfo) (kind int, list []byte) {
	var items [][]byte
	switch {
	case len(info.SignerCerts) > 0 && len(info.SignerDigests) == 0:
		for _, certificate := range info.SignerCerts {
			items = append(items, e.certificate("certList", certificate))
		}
		return CertListCerts, der.EncodeSequence(items...)
	case len(info.SignerDigests) > 0 && len(info.SignerCerts) == 0:
		for _, digest := range info.SignerDigests {
			if len(digest.Value) != 32 {
				return 0, e.refuse("certDigestList", "digest of %d octets", len(digest.Value))
			}
			items = append(items, der.EncodeSequence(e.text("type", der.TagPrintableString, digest.Type), der.EncodeOctetString(digest.Value)))
		}
		return CertListDigests, der.EncodeSequence(items...)
	}
	return 0, e.refuse("certList", "want either certificates or digests")
}

func (e *encoder) picture(picture Picture) []byte {
	if len(picture.Data) == 0 {
		return e.refuse("picture", "no data")
	}
	for _, side := range []int{picture.WidthMM, picture.HeightMM} {
		if side <= 0 || side > maxPictureSide {
			return e.refuse("picture", "side of %d mm", side)
		}
	}
	return der.EncodeSequence(
		e.text("picture.type", der.TagIA5String, picture.Type),
		der.EncodeOctetString(picture.Data),
		der.EncodeInt(picture.WidthMM),
		der.EncodeInt(picture.HeightMM))
}
