package tst

import (
	"fmt"
	"math/big"

	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// Request is TimeStampReq (RFC 3161 2.4.1).
type Request struct {
	Raw        []byte
	Imprint    Imprint
	Policy     string   // empty when any will do
	Nonce      *big.Int // nil when absent
	CertReq    bool     // the authority's certificate must stand in the token
	Extensions []pki.Extension
}

// ParseRequest reads a request, strict DER and at most MaxRequest octets. Errors wrap ErrRequest. Whether the digest
// algorithm is one that is accepted is the authority's to say.
func ParseRequest(input []byte) (*Request, error) {
	if len(input) > MaxRequest {
		return nil, fmt.Errorf("%w: %w: %d octets", ErrRequest, der.ErrLimit, len(input))
	}
	reader := &der.Reader{Strict: true}
	value, err := reader.Parse(input)
	if err != nil {
		return nil, formatError(ErrRequest, err)
	}
	request := &Request{Raw: value.Raw}
	if err := request.parse(reader, value); err != nil {
		return nil, formatError(ErrRequest, err)
	}
	return request, nil
}

func (q *Request) parse(reader *der.Reader, value der.Value) error {
	fields, err := reader.Members(value, "TimeStampReq", 2, 6)
	if err != nil {
		return err
	}
	if err := versionOne(reader, fields[0]); err != nil {
		return err
	}
	if q.Imprint, err = parseImprint(reader, fields[1]); err != nil {
		return err
	}
	fields = fields[2:]
	if len(fields) > 0 && fields[0].Is(der.TagOID) {
		if q.Policy, err = reader.OID(fields[0]); err != nil {
			return err
		}
		fields = fields[1:]
	}
	if len(fields) > 0 && fields[0].Is(der.TagInteger) {
		if q.Nonce, err = number(reader, fields[0]); err != nil {
			return err
		}
		fields = fields[1:]
	}
	if len(fields) > 0 && fields[0].Is(der.TagBoolean) {
		if q.CertReq, err = reader.Boolean(fields[0]); err != nil {
			return err
		}
		if !q.CertReq {
			if err := reader.Tolerate(der.DefaultEncoded); err != nil {
				return err
			}
		}
		fields = fields[1:]
	}
	if len(fields) > 0 && fields[0].IsContext(0) {
		if q.Extensions, err = parseExtensions(reader, fields[0]); err != nil {
			return err
		}
		fields = fields[1:]
	}
	if len(fields) > 0 {
		return fmt.Errorf("%w: unknown member of TimeStampReq", der.ErrSyntax)
	}
	return nil
}

// Encode writes the request in DER, without extensions.
func (q *Request) Encode() ([]byte, error) {
	imprint, err := q.Imprint.encode()
	if err != nil {
		return nil, err
	}
	members := [][]byte{der.EncodeInt(1), imprint}
	if q.Policy != "" {
		policy, err := der.EncodeOID(q.Policy)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrTemplate, err)
		}
		members = append(members, policy)
	}
	if q.Nonce != nil {
		members = append(members, der.EncodeInteger(q.Nonce))
	}
	if q.CertReq {
		members = append(members, der.EncodeBoolean(true))
	}
	return der.EncodeSequence(members...), nil
}
