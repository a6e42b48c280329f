package tst

import (
	"fmt"
	"strings"

	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// Status is PKIStatus (RFC 3161 2.4.2).
type Status int

// Statuses.
const (
	Granted                Status = 0
	GrantedWithMods        Status = 1
	Rejection              Status = 2
	Waiting                Status = 3
	RevocationWarning      Status = 4
	RevocationNotification Status = 5
)

// Failure is the set of bits of PKIFailureInfo, bit 0 lowest.
type Failure uint32

// Failures.
const (
	BadAlgorithm          Failure = 1 << 0
	BadRequest            Failure = 1 << 2
	BadDataFormat         Failure = 1 << 5
	TimeNotAvailable      Failure = 1 << 14
	UnacceptedPolicy      Failure = 1 << 15
	UnacceptedExtension   Failure = 1 << 16
	AddInfoNotAvailable   Failure = 1 << 17
	SystemFailure         Failure = 1 << 25
	maxStatusStrings              = 16
	maxStatusStringOctets         = 4 << 10
)

// failureNames are the names of RFC 3161, in the order of the bits.
var failureNames = []struct {
	bit  Failure
	name string
}{
	{BadAlgorithm, "badAlg"}, {BadRequest, "badRequest"}, {BadDataFormat, "badDataFormat"}, {TimeNotAvailable, "timeNotAvailable"},
	{UnacceptedPolicy, "unacceptedPolicy"}, {UnacceptedExtension, "unacceptedExtension"}, {AddInfoNotAvailable, "addInfoNotAvailable"},
	{SystemFailure, "systemFailure"},
}

// String lists the names of RFC 3161.
func (f Failure) String() string {
	var names []string
	for _, one := range failureNames {
		if f&one.bit != 0 {
			names = append(names, one.name)
			f &^= one.bit
		}
	}
	if f != 0 {
		names = append(names, fmt.Sprintf("%#x", uint32(f)))
	}
	return strings.Join(names, ",")
}

// Response is TimeStampResp (RFC 3161 2.4.2).
type Response struct {
	Raw     []byte
	Status  Status
	Text    []string
	Failure Failure
	Token   *Token // with Granted and GrantedWithMods only
}

// ParseResponse reads a response. A status that grants carries a token and no other does. Errors wrap ErrResponse, and
// ErrFormat when it is the token that cannot be read.
func ParseResponse(input []byte) (*Response, error) {
	if len(input) > MaxToken {
		return nil, fmt.Errorf("%w: %w: %d octets", ErrResponse, der.ErrLimit, len(input))
	}
	reader := &der.Reader{}
	value, err := reader.Parse(input)
	if err != nil {
		return nil, formatError(ErrResponse, err)
	}
	fields, err := reader.Members(value, "TimeStampResp", 1, 2)
	if err != nil {
		return nil, formatError(ErrResponse, err)
	}
	response := &Response{Raw: value.Raw}
	if err := response.parseStatus(reader, fields[0]); err != nil {
		return nil, formatError(ErrResponse, err)
	}
	if response.granted() != (len(fields) == 2) {
		return nil, fmt.Errorf("%w: status %d with %d members", ErrResponse, response.Status, len(fields))
	}
	if len(fields) == 2 {
		if response.Token, err = Parse(fields[1].Raw); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrResponse, err)
		}
	}
	return response, nil
}

func (r *Response) granted() bool { return r.Status == Granted || r.Status == GrantedWithMods }

func (r *Response) parseStatus(reader *der.Reader, value der.Value) error {
	fields, err := reader.Members(value, "PKIStatusInfo", 1, 3)
	if err != nil {
		return err
	}
	status, err := reader.Int(fields[0])
	if err != nil {
		return fmt.Errorf("status: %w", err)
	}
	if status < 0 || status > int(RevocationNotification) {
		return fmt.Errorf("%w: status", der.ErrSyntax)
	}
	r.Status, fields = Status(status), fields[1:]
	if len(fields) > 0 && fields[0].Is(der.TagSequence) {
		lines, err := reader.List(fields[0], "statusString", maxStatusStrings)
		if err != nil {
			return err
		}
		if len(fields[0].Content) > maxStatusStringOctets {
			return fmt.Errorf("%w: statusString", der.ErrLimit)
		}
		for _, line := range lines {
			text, err := reader.Text(line)
			if err != nil {
				return err
			}
			r.Text = append(r.Text, text)
		}
		fields = fields[1:]
	}
	if len(fields) > 0 && fields[0].Is(der.TagBitString) {
		bits, err := reader.NamedBits(fields[0])
		if err != nil {
			return err
		}
		r.Failure, fields = Failure(bits), fields[1:]
	}
	if len(fields) > 0 {
		return fmt.Errorf("%w: unknown member of PKIStatusInfo", der.ErrSyntax)
	}
	return nil
}

// Answers tells whether the response grants what the request asked for (RFC 3161 2.4.2): ErrRefused with the authority's
// reason when there is no token; ErrImprint, ErrNonce, ErrPolicy or ErrSignerUnknown when the token is another one's. Whether
// the token holds is for Judge.
func (r *Response) Answers(q *Request) error {
	if !r.granted() || r.Token == nil {
		return fmt.Errorf("%w: status %d %s %q", ErrRefused, r.Status, r.Failure, r.Text)
	}
	info := r.Token.Info
	switch {
	case !info.Imprint.Equal(q.Imprint):
		return ErrImprint
	case (q.Nonce == nil) != (info.Nonce == nil) || q.Nonce != nil && q.Nonce.Cmp(info.Nonce) != 0:
		return ErrNonce
	case q.Policy != "" && q.Policy != info.Policy:
		return fmt.Errorf("%w: %s", ErrPolicy, info.Policy)
	case q.CertReq && len(r.Token.Certificates) == 0:
		return ErrSignerUnknown
	case !q.CertReq && len(r.Token.Certificates) > 0: // RFC 3161 2.4.1
		return fmt.Errorf("%w: certificates that were not asked for", ErrResponse)
	}
	return nil
}

// EncodeGranted writes a response with a token.
func EncodeGranted(token []byte) []byte {
	return der.EncodeSequence(der.EncodeSequence(der.EncodeInt(int(Granted))), token)
}

// EncodeRejection writes a response without a token; the text is for people and stands in UTF-8.
func EncodeRejection(failure Failure, text string) ([]byte, error) {
	status := [][]byte{der.EncodeInt(int(Rejection))}
	if text != "" {
		line, err := der.EncodeText(der.TagUTF8String, text)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrTemplate, err)
		}
		status = append(status, der.EncodeSequence(line))
	}
	return der.EncodeSequence(der.EncodeSequence(append(status, der.EncodeNamedBits(uint32(failure)))...)), nil
}
