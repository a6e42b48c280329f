package pki

import (
	"bytes"
	"crypto/sha1" // names issuers in CertID (RFC 6960 4.1.1), where nothing rests on its resistance to collisions
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"math/big"
	"time"

	"github.com/emmansun/gmsm/sm3"

	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// Errors of OCSP (RFC 6960, GB/T 19713).
var (
	ErrOCSP        = errors.New("pki: not an OCSP message")
	ErrOCSPAnswers = errors.New("pki: the OCSP response answers another request")
)

// Object identifiers of OCSP.
const (
	oidOCSPBasic   = "1.3.6.1.5.5.7.48.1.1"
	oidOCSPNonce   = "1.3.6.1.5.5.7.48.1.2"
	oidOCSPNoCheck = "1.3.6.1.5.5.7.48.1.5"
)

// Deviations of OCSP.
const (
	OCSPKeyIDSM3  Deviation = "ocsp_key_id_sm3"  // byKey is the SM3 of the key, where SHA-1 is defined
	OCSPNonceBare Deviation = "ocsp_nonce_bare"  // nonce without its inner OCTET STRING
	OCSPGoodOdd   Deviation = "ocsp_status_null" // good or unknown is no NULL
)

// Bounds of OCSP messages.
const (
	MaxOCSP         = 256 << 10 // octets of a response
	MaxOCSPRequest  = 16 << 10
	MaxOCSPAsked    = 16 // certificates of one request
	maxOCSPSingles  = 256
	maxOCSPCerts    = 16
	maxOCSPNonce    = 128 // RFC 9654 2.1
	ocspWithoutNext = time.Hour
)

// CertID names a certificate by its issuer and serial number (RFC 6960 4.1.1).
type CertID struct {
	Algorithm  AlgorithmIdentifier
	NameHash   []byte // of the issuer's name
	KeyHash    []byte // of the issuer's key, without tag, length and unused bits
	Serial     *big.Int
	rawContent []byte
}

// certIDHash digests by the algorithms that name issuers: SM3, SHA-1, and SHA-2.
func certIDHash(oid string, octets []byte) ([]byte, bool) {
	switch oid {
	case OIDSM3:
		sum := sm3.Sum(octets)
		return sum[:], true
	case OIDSHA1:
		sum := sha1.Sum(octets)
		return sum[:], true
	case OIDSHA256:
		sum := sha256.Sum256(octets)
		return sum[:], true
	case OIDSHA384:
		sum := sha512.Sum384(octets)
		return sum[:], true
	case OIDSHA512:
		sum := sha512.Sum512(octets)
		return sum[:], true
	}
	return nil, false
}

// keyOctets are those of subjectPublicKey.
func (c *Certificate) keyOctets() ([]byte, error) {
	reader := &der.Reader{}
	value, err := reader.Parse(c.RawKeyInfo)
	if err != nil {
		return nil, err
	}
	fields, err := reader.Members(value, "SubjectPublicKeyInfo", 2, 2)
	if err != nil {
		return nil, err
	}
	return reader.BitString(fields[1])
}

// NewCertID names a certificate of the issuer by a digest algorithm: OIDSM3, OIDSHA1 or one of SHA-2.
func NewCertID(oid string, serial *big.Int, issuer *Certificate) (CertID, error) {
	key, err := issuer.keyOctets()
	if err != nil {
		return CertID{}, err
	}
	name, ok := certIDHash(oid, issuer.Subject.Raw)
	if !ok {
		return CertID{}, fmt.Errorf("%w: digest %s", ErrAlgorithm, oid)
	}
	hash, _ := certIDHash(oid, key)
	return CertID{Algorithm: AlgorithmIdentifier{OID: oid}, NameHash: name, KeyHash: hash, Serial: serial}, nil
}

// IssuedBy tells whether the name is of a certificate of this issuer.
func (i CertID) IssuedBy(issuer *Certificate) bool {
	want, err := NewCertID(i.Algorithm.OID, i.Serial, issuer)
	return err == nil && i.Algorithm.absentOrNull() && bytes.Equal(i.NameHash, want.NameHash) && bytes.Equal(i.KeyHash, want.KeyHash)
}

// equal compares all members; absent and NULL parameters are the same.
func (i CertID) equal(other CertID) bool {
	return i.Algorithm.OID == other.Algorithm.OID && i.Algorithm.absentOrNull() && other.Algorithm.absentOrNull() &&
		bytes.Equal(i.NameHash, other.NameHash) && bytes.Equal(i.KeyHash, other.KeyHash) && i.Serial.Cmp(other.Serial) == 0
}

func (i CertID) encode() ([]byte, error) {
	if i.rawContent != nil { // as it was asked
		return i.rawContent, nil
	}
	oid, err := der.EncodeOID(i.Algorithm.OID)
	if err != nil {
		return nil, err
	}
	return der.EncodeSequence(der.EncodeSequence(oid, der.EncodeNull()), der.EncodeOctetString(i.NameHash), der.EncodeOctetString(i.KeyHash), der.EncodeInteger(i.Serial)), nil
}

func parseCertID(reader *der.Reader, value der.Value) (CertID, error) {
	id := CertID{rawContent: value.Raw}
	fields, err := reader.Members(value, "CertID", 4, 4)
	if err != nil {
		return id, err
	}
	if id.Algorithm, err = parseAlgorithm(reader, fields[0]); err != nil {
		return id, err
	}
	if id.NameHash, err = reader.OctetString(fields[1]); err != nil {
		return id, err
	}
	if id.KeyHash, err = reader.OctetString(fields[2]); err != nil {
		return id, err
	}
	if len(fields[3].Content) > 64 {
		return id, fmt.Errorf("%w: serial number", der.ErrLimit)
	}
	id.Serial, err = reader.Integer(fields[3])
	return id, err
}

// OCSPStatus is OCSPResponseStatus (RFC 6960 4.2.1).
type OCSPStatus int

// Statuses of a response as a whole.
const (
	OCSPSuccessful   OCSPStatus = 0
	OCSPMalformed    OCSPStatus = 1
	OCSPInternal     OCSPStatus = 2
	OCSPTryLater     OCSPStatus = 3
	OCSPSigRequired  OCSPStatus = 5
	OCSPUnauthorized OCSPStatus = 6
)

// OCSPSingle is what a response says of one certificate.
type OCSPSingle struct {
	ID         CertID
	State      RevocationState // unknown is the responder's own word: it does not know the certificate
	RevokedAt  time.Time
	Reason     RevocationReason
	ThisUpdate time.Time
	NextUpdate time.Time // zero when absent
	Unhandled  []string  // critical extensions: none is understood
}

// OCSPResponse is a response, read from the received octets. Whether it may be used is for CheckEvidence.
type OCSPResponse struct {
	Raw            []byte
	Status         OCSPStatus
	RawTBS         []byte
	ResponderName  []byte // DER Name; nil when the responder is named by its key
	ResponderKey   []byte
	ProducedAt     time.Time
	Singles        []OCSPSingle
	Nonce          []byte // nil when absent
	Unhandled      []string
	Algorithm      AlgorithmIdentifier
	SignatureValue []byte
	Certificates   []*Certificate
	Deviations     []Deviation
}

// ParseOCSPResponse reads a response in DER. One that is not successful holds a status and nothing else. Errors wrap ErrOCSP.
func ParseOCSPResponse(input []byte) (*OCSPResponse, error) {
	if len(input) > MaxOCSP {
		return nil, fmt.Errorf("%w: %w: %d octets", ErrOCSP, der.ErrLimit, len(input))
	}
	reader := &der.Reader{}
	value, err := reader.Parse(input)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOCSP, err)
	}
	response := &OCSPResponse{Raw: value.Raw}
	if err := response.parse(reader, value); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOCSP, err)
	}
	response.Deviations = reader.Deviations()
	return response, nil
}

func (r *OCSPResponse) parse(reader *der.Reader, value der.Value) error {
	fields, err := reader.Members(value, "OCSPResponse", 1, 2)
	if err != nil {
		return err
	}
	status, err := reader.Enumerated(fields[0])
	if err != nil {
		return fmt.Errorf("responseStatus: %w", err)
	}
	if status < 0 || status > 6 || status == 4 {
		return fmt.Errorf("%w: responseStatus", der.ErrSyntax)
	}
	if r.Status = OCSPStatus(status); (r.Status == OCSPSuccessful) != (len(fields) == 2) {
		return fmt.Errorf("%w: status %d with %d members", der.ErrSyntax, status, len(fields))
	}
	if r.Status != OCSPSuccessful {
		return nil
	}
	if !fields[1].IsContext(0) {
		return fmt.Errorf("%w: responseBytes", der.ErrType)
	}
	inner, err := reader.Explicit(fields[1])
	if err != nil {
		return err
	}
	members, err := reader.Members(inner, "responseBytes", 2, 2)
	if err != nil {
		return err
	}
	kind, err := reader.OID(members[0])
	if err != nil {
		return err
	}
	if kind != oidOCSPBasic {
		return fmt.Errorf("%w: response type %s", der.ErrType, kind)
	}
	octets, err := reader.OctetString(members[1])
	if err != nil {
		return err
	}
	basic, err := reader.Parse(octets)
	if err != nil {
		return err
	}
	return r.parseBasic(reader, basic)
}

func (r *OCSPResponse) parseBasic(reader *der.Reader, value der.Value) error {
	fields, err := reader.Members(value, "BasicOCSPResponse", 3, 4)
	if err != nil {
		return err
	}
	r.RawTBS = fields[0].Raw
	if r.Algorithm, err = parseAlgorithm(reader, fields[1]); err != nil {
		return err
	}
	if r.SignatureValue, err = reader.BitString(fields[2]); err != nil {
		return err
	}
	if len(fields) == 4 {
		if !fields[3].IsContext(0) {
			return fmt.Errorf("%w: certs", der.ErrType)
		}
		if err := r.parseCertificates(reader, fields[3]); err != nil {
			return err
		}
	}
	return r.parseData(reader, fields[0])
}

func (r *OCSPResponse) parseCertificates(reader *der.Reader, value der.Value) error {
	inner, err := reader.Explicit(value)
	if err != nil {
		return err
	}
	items, err := reader.Sequence(inner)
	if err != nil {
		return fmt.Errorf("certs: %w", err)
	}
	if len(items) > maxOCSPCerts {
		return fmt.Errorf("%w: %d certificates", der.ErrLimit, len(items))
	}
	for _, item := range items {
		certificate, err := ParseCertificate(item.Raw)
		if err != nil {
			return err
		}
		r.Certificates = append(r.Certificates, certificate)
	}
	return nil
}

// parseData reads ResponseData.
func (r *OCSPResponse) parseData(reader *der.Reader, value der.Value) error {
	fields, err := reader.Sequence(value)
	if err != nil {
		return err
	}
	if len(fields) > 0 && fields[0].IsContext(0) { // version, whose only value is the DEFAULT
		inner, err := reader.Explicit(fields[0])
		if err != nil {
			return err
		}
		version, err := reader.Int(inner)
		if err != nil {
			return fmt.Errorf("version: %w", err)
		}
		if version != 0 {
			return fmt.Errorf("%w: version %d", der.ErrSyntax, version+1)
		}
		if err := reader.Tolerate(der.DefaultEncoded); err != nil {
			return err
		}
		fields = fields[1:]
	}
	if len(fields) < 3 || len(fields) > 4 {
		return fmt.Errorf("%w: ResponseData", der.ErrSyntax)
	}
	if err := r.parseResponder(reader, fields[0]); err != nil {
		return err
	}
	if !fields[1].Is(der.TagGeneralizedTime) {
		return fmt.Errorf("%w: producedAt", der.ErrType)
	}
	if r.ProducedAt, err = reader.Time(fields[1]); err != nil {
		return err
	}
	items, err := reader.Sequence(fields[2])
	if err != nil {
		return err
	}
	if len(items) > maxOCSPSingles {
		return fmt.Errorf("%w: %d answers", der.ErrLimit, len(items))
	}
	for _, item := range items {
		single, err := parseSingle(reader, item)
		if err != nil {
			return err
		}
		r.Singles = append(r.Singles, single)
	}
	if len(fields) == 4 {
		if !fields[3].IsContext(1) {
			return fmt.Errorf("%w: responseExtensions", der.ErrType)
		}
		list, err := readExtensions(reader, fields[3])
		if err != nil {
			return err
		}
		r.Nonce, r.Unhandled, err = useOCSPExtensions(reader, list)
		return err
	}
	return nil
}

func (r *OCSPResponse) parseResponder(reader *der.Reader, value der.Value) error {
	inner, err := reader.Explicit(value)
	if err != nil {
		return err
	}
	switch {
	case value.IsContext(1) && inner.Is(der.TagSequence):
		r.ResponderName = inner.Raw
	case value.IsContext(2):
		if r.ResponderKey, err = reader.OctetString(inner); err != nil {
			return err
		}
		switch len(r.ResponderKey) {
		case sha1.Size:
		case sm3.Size:
			return reader.Tolerate(OCSPKeyIDSM3)
		default:
			return fmt.Errorf("%w: key of the responder", der.ErrSyntax)
		}
	default:
		return fmt.Errorf("%w: responderID", der.ErrType)
	}
	return nil
}

// useOCSPExtensions takes the nonce; another critical extension is not understood.
func useOCSPExtensions(reader *der.Reader, list []Extension) (nonce []byte, unhandled []string, err error) {
	for _, extension := range list {
		switch {
		case extension.OID == oidOCSPNonce:
			if nonce, err = parseNonce(reader, extension.Value); err != nil {
				return nil, nil, err
			}
		case extension.Critical:
			unhandled = append(unhandled, extension.OID)
		}
	}
	return nonce, unhandled, nil
}

// parseNonce reads a nonce (RFC 9654 2.1); old software leaves the inner OCTET STRING out.
func parseNonce(reader *der.Reader, octets []byte) ([]byte, error) {
	nonce := octets
	if value, err := (&der.Reader{Strict: true}).Parse(octets); err == nil && value.Is(der.TagOctetString) && !value.Constructed {
		nonce = value.Content
	} else if err := reader.Tolerate(OCSPNonceBare); err != nil {
		return nil, err
	}
	if len(nonce) == 0 || len(nonce) > maxOCSPNonce {
		return nil, fmt.Errorf("%w: nonce of %d octets", der.ErrLimit, len(nonce))
	}
	return nonce, nil
}

func parseSingle(reader *der.Reader, value der.Value) (OCSPSingle, error) {
	var single OCSPSingle
	fields, err := reader.Members(value, "SingleResponse", 3, 5)
	if err != nil {
		return single, err
	}
	if single.ID, err = parseCertID(reader, fields[0]); err != nil {
		return single, err
	}
	if err := single.parseStatus(reader, fields[1]); err != nil {
		return single, err
	}
	if !fields[2].Is(der.TagGeneralizedTime) {
		return single, fmt.Errorf("%w: thisUpdate", der.ErrType)
	}
	if single.ThisUpdate, err = reader.Time(fields[2]); err != nil {
		return single, err
	}
	fields = fields[3:]
	if len(fields) > 0 && fields[0].IsContext(0) {
		inner, err := reader.Explicit(fields[0])
		if err != nil {
			return single, err
		}
		if single.NextUpdate, err = reader.Time(inner); err != nil {
			return single, err
		}
		fields = fields[1:]
	}
	if len(fields) > 0 && fields[0].IsContext(1) {
		list, err := readExtensions(reader, fields[0])
		if err != nil {
			return single, err
		}
		for _, extension := range list {
			if extension.Critical {
				single.Unhandled = append(single.Unhandled, extension.OID)
			}
		}
		fields = fields[1:]
	}
	if len(fields) > 0 {
		return single, fmt.Errorf("%w: unknown member of SingleResponse", der.ErrSyntax)
	}
	return single, nil
}

// parseStatus reads CertStatus.
func (s *OCSPSingle) parseStatus(reader *der.Reader, value der.Value) error {
	switch {
	case value.IsContext(0), value.IsContext(2):
		if s.State = RevocationGood; value.IsContext(2) {
			s.State = RevocationUnknown
		}
		if value.Constructed || len(value.Content) > 0 {
			return reader.Tolerate(OCSPGoodOdd)
		}
		return nil
	case value.IsContext(1): // which holds values, or List refuses it
	default:
		return fmt.Errorf("%w: certStatus", der.ErrType)
	}
	s.State = RevocationRevoked
	fields, err := reader.List(value, "RevokedInfo", 2)
	if err != nil {
		return err
	}
	if len(fields) == 0 || !fields[0].Is(der.TagGeneralizedTime) {
		return fmt.Errorf("%w: RevokedInfo", der.ErrSyntax)
	}
	if s.RevokedAt, err = reader.Time(fields[0]); err != nil || len(fields) == 1 {
		return err
	}
	if !fields[1].IsContext(0) {
		return fmt.Errorf("%w: revocationReason", der.ErrType)
	}
	inner, err := reader.Explicit(fields[1])
	if err != nil {
		return err
	}
	reason, err := reader.Enumerated(inner)
	if err != nil {
		return fmt.Errorf("revocationReason: %w", err)
	}
	if reason < 0 || reason > 10 {
		return fmt.Errorf("%w: revocationReason", der.ErrSyntax)
	}
	s.Reason = RevocationReason(reason)
	return nil
}

// Answers tells whether the response is one to this request: successful, the request's nonce when it had one, and an answer
// for every certificate that was asked about. A responder that leaves the nonce out answers from a cache, which the caller
// that sent one did not want (security row S-16). Errors wrap ErrOCSPAnswers.
func (r *OCSPResponse) Answers(q *OCSPRequest) error {
	if r.Status != OCSPSuccessful {
		return fmt.Errorf("%w: status %d", ErrOCSPAnswers, r.Status)
	}
	if !bytes.Equal(q.Nonce, r.Nonce) {
		return fmt.Errorf("%w: nonce", ErrOCSPAnswers)
	}
	for _, asked := range q.Asked {
		found := false
		for _, single := range r.Singles {
			found = found || single.ID.equal(asked)
		}
		if !found {
			return fmt.Errorf("%w: serial %s", ErrOCSPAnswers, asked.Serial.Text(16))
		}
	}
	return nil
}
