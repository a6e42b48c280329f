package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
	"time"

	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// OCSPRequest is a request (RFC 6960 4.1.1). A signature of the requester is passed over: the answers are public.
type OCSPRequest struct {
	Raw   []byte
	Asked []CertID
	Nonce []byte // nil when absent
	// Unhandled are critical extensions that are not understood: the request must be refused.
	Unhandled []string
}

// ParseOCSPRequest reads a request of at most MaxOCSPRequest octets about 1 to MaxOCSPAsked certificates. Errors wrap ErrOCSP.
func ParseOCSPRequest(input []byte) (*OCSPRequest, error) {
	if len(input) > MaxOCSPRequest {
		return nil, fmt.Errorf("%w: %w: %d octets", ErrOCSP, der.ErrLimit, len(input))
	}
	reader := &der.Reader{}
	value, err := reader.Parse(input)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOCSP, err)
	}
	request := &OCSPRequest{Raw: value.Raw}
	if err := request.parse(reader, value); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOCSP, err)
	}
	return request, nil
}

func (q *OCSPRequest) parse(reader *der.Reader, value der.Value) error {
	outer, err := reader.Members(value, "OCSPRequest", 1, 2)
	if err != nil {
		return err
	}
	if len(outer) == 2 && !outer[1].IsContext(0) {
		return fmt.Errorf("%w: optionalSignature", der.ErrType)
	}
	fields, err := reader.Sequence(outer[0])
	if err != nil {
		return err
	}
	if len(fields) > 0 && fields[0].IsContext(0) {
		inner, err := reader.Explicit(fields[0])
		if err != nil {
			return err
		}
		if version, err := reader.Int(inner); err != nil || version != 0 {
			return fmt.Errorf("%w: version", der.ErrSyntax)
		}
		fields = fields[1:]
	}
	if len(fields) > 0 && fields[0].IsContext(1) { // requestorName: nobody asks who asks
		fields = fields[1:]
	}
	if len(fields) < 1 || len(fields) > 2 {
		return fmt.Errorf("%w: TBSRequest", der.ErrSyntax)
	}
	items, err := reader.Sequence(fields[0])
	if err != nil {
		return err
	}
	if len(items) < 1 || len(items) > MaxOCSPAsked {
		return fmt.Errorf("%w: %d certificates asked about", der.ErrLimit, len(items))
	}
	for _, item := range items {
		if err := q.parseAsked(reader, item); err != nil {
			return err
		}
	}
	if len(fields) == 2 {
		if !fields[1].IsContext(2) {
			return fmt.Errorf("%w: requestExtensions", der.ErrType)
		}
		list, err := readExtensions(reader, fields[1])
		if err != nil {
			return err
		}
		var unhandled []string
		if q.Nonce, unhandled, err = useOCSPExtensions(reader, list); err != nil {
			return err
		}
		q.Unhandled = append(q.Unhandled, unhandled...)
	}
	return nil
}

func (q *OCSPRequest) parseAsked(reader *der.Reader, value der.Value) error {
	fields, err := reader.Members(value, "Request", 1, 2)
	if err != nil {
		return err
	}
	if len(fields) == 2 && !fields[1].IsContext(0) {
		return fmt.Errorf("%w: singleRequestExtensions", der.ErrType)
	}
	strict := &der.Reader{Strict: true} // it goes into the answer as it came
	named, err := strict.Parse(fields[0].Raw)
	if err != nil {
		return err
	}
	id, err := parseCertID(strict, named)
	if err != nil {
		return err
	}
	q.Asked = append(q.Asked, id)
	if len(fields) == 2 {
		list, err := readExtensions(reader, fields[1])
		if err != nil {
			return err
		}
		for _, extension := range list {
			if extension.Critical {
				q.Unhandled = append(q.Unhandled, extension.OID)
			}
		}
	}
	return nil
}

// Encode writes the request in DER.
func (q *OCSPRequest) Encode() ([]byte, error) {
	if len(q.Asked) < 1 || len(q.Asked) > MaxOCSPAsked || len(q.Nonce) > maxOCSPNonce {
		return nil, fmt.Errorf("%w: %d certificates, nonce of %d octets", ErrTemplate, len(q.Asked), len(q.Nonce))
	}
	var list [][]byte
	for _, id := range q.Asked {
		encoded, err := id.encode()
		if err != nil {
			return nil, err
		}
		list = append(list, der.EncodeSequence(encoded))
	}
	members := [][]byte{der.EncodeSequence(list...)}
	if q.Nonce != nil {
		extensions, err := nonceExtensions(q.Nonce)
		if err != nil {
			return nil, err
		}
		members = append(members, der.EncodeExplicit(2, extensions))
	}
	return der.EncodeSequence(der.EncodeSequence(members...)), nil
}

func nonceExtensions(nonce []byte) ([]byte, error) {
	oid, err := der.EncodeOID(oidOCSPNonce)
	if err != nil {
		return nil, err
	}
	return der.EncodeSequence(der.EncodeSequence(oid, der.EncodeOctetString(der.EncodeOctetString(nonce)))), nil
}

// OCSPTemplate asks for a response.
type OCSPTemplate struct {
	ProducedAt time.Time
	Singles    []OCSPSingle
	Nonce      []byte // of the request, nil when it had none
	// Include puts the responder's certificate into the response; an issuer that answers itself leaves it out.
	Include bool
}

// EncodeOCSPStatus writes a response that only says why there is none.
func EncodeOCSPStatus(status OCSPStatus) []byte {
	return der.EncodeSequence([]byte{der.TagEnumerated, 1, byte(status)})
}

// MakeOCSPResponse makes a response signed by the responder, which names itself by its name. sign signs a message: SM2 with SM3
// under the default user ID, or SHA-256 for P-256 and RSA. The result is read back and its signature verified before it is
// returned. Errors wrap ErrTemplate.
func MakeOCSPResponse(template OCSPTemplate, responder *Certificate, sign func(message []byte) ([]byte, error)) ([]byte, error) {
	algorithm, err := ocspAlgorithm(responder)
	if err != nil {
		return nil, err
	}
	data, err := template.encode(responder)
	if err != nil {
		return nil, err
	}
	value, err := sign(data)
	if err != nil {
		return nil, fmt.Errorf("sign OCSP response: %w", err)
	}
	basic := [][]byte{data, algorithm, der.EncodeBitString(value)}
	if template.Include {
		basic = append(basic, der.EncodeExplicit(0, der.EncodeSequence(responder.Raw)))
	}
	kind, err := der.EncodeOID(oidOCSPBasic)
	if err != nil {
		return nil, err
	}
	encoded := der.EncodeSequence([]byte{der.TagEnumerated, 1, byte(OCSPSuccessful)},
		der.EncodeExplicit(0, der.EncodeSequence(kind, der.EncodeOctetString(der.EncodeSequence(basic...)))))
	read, err := ParseOCSPResponse(encoded)
	if err != nil {
		return nil, err
	}
	if err := read.checkSignatureBy(responder); err != nil {
		return nil, fmt.Errorf("made OCSP response does not verify: %w", err)
	}
	if len(read.Deviations) > 0 {
		return nil, fmt.Errorf("%w: made OCSP response deviates: %v", ErrTemplate, read.Deviations)
	}
	return encoded, nil
}

func ocspAlgorithm(responder *Certificate) ([]byte, error) {
	name, parameters := "", []byte(nil)
	switch key := responder.PublicKey.(type) {
	case *ecdsa.PublicKey:
		if IsSM2(key) {
			name = OIDSM2WithSM3
		} else if key.Curve == elliptic.P256() {
			name = OIDECDSAWithSHA256
		}
	case *rsa.PublicKey:
		name, parameters = OIDSHA256WithRSA, der.EncodeNull()
	}
	if name == "" {
		return nil, fmt.Errorf("%w: a key of %s answers nothing", ErrTemplate, KeyName(responder.PublicKey))
	}
	oid, err := der.EncodeOID(name)
	if err != nil {
		return nil, err
	}
	return der.EncodeSequence(oid, parameters), nil
}

// encode writes ResponseData.
func (t OCSPTemplate) encode(responder *Certificate) ([]byte, error) {
	if len(t.Singles) < 1 || len(t.Singles) > maxOCSPSingles || len(t.Nonce) > maxOCSPNonce {
		return nil, fmt.Errorf("%w: %d answers, nonce of %d octets", ErrTemplate, len(t.Singles), len(t.Nonce))
	}
	produced, err := der.EncodeGeneralizedTime(t.ProducedAt)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	var list [][]byte
	for _, single := range t.Singles {
		encoded, err := single.encode()
		if err != nil {
			return nil, err
		}
		list = append(list, encoded)
	}
	members := [][]byte{der.EncodeExplicit(1, responder.Subject.Raw), produced, der.EncodeSequence(list...)}
	if t.Nonce != nil {
		extensions, err := nonceExtensions(t.Nonce)
		if err != nil {
			return nil, err
		}
		members = append(members, der.EncodeExplicit(1, extensions))
	}
	return der.EncodeSequence(members...), nil
}

func (s OCSPSingle) encode() ([]byte, error) {
	id, err := s.ID.encode()
	if err != nil {
		return nil, err
	}
	var status []byte
	switch s.State {
	case RevocationGood:
		status = der.EncodeImplicit(0, false)
	case RevocationUnknown:
		status = der.EncodeImplicit(2, false)
	case RevocationRevoked:
		at, err := der.EncodeGeneralizedTime(s.RevokedAt)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrTemplate, err)
		}
		fields := [][]byte{at}
		if s.Reason != RevokedUnspecified {
			fields = append(fields, der.EncodeExplicit(0, []byte{der.TagEnumerated, 1, byte(s.Reason)}))
		}
		status = der.EncodeImplicit(1, true, fields...)
	default:
		return nil, fmt.Errorf("%w: state %q", ErrTemplate, s.State)
	}
	this, err := der.EncodeGeneralizedTime(s.ThisUpdate)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTemplate, err)
	}
	members := [][]byte{id, status, this}
	if !s.NextUpdate.IsZero() {
		if !s.NextUpdate.After(s.ThisUpdate) {
			return nil, fmt.Errorf("%w: nextUpdate is not after thisUpdate", ErrTemplate)
		}
		next, err := der.EncodeGeneralizedTime(s.NextUpdate)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrTemplate, err)
		}
		members = append(members, der.EncodeExplicit(0, next))
	}
	return der.EncodeSequence(members...), nil
}
