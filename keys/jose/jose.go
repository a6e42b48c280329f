// Package jose is the one door to JSON Web Signature, Encryption and Key (RFC 7515 to RFC 7518): it signs and verifies
// compact tokens in ES256, RS256, PS256, EdDSA (Ed25519, RFC 8037) and SGD_SM3_SM2, encrypts and decrypts them in
// SGD_SM2_3 with SGD_SM4_GCM, and reads and writes key sets. It is a leaf: no I/O, no clock.
//
// It is stricter than the RFCs where leniency has hurt others: compact form only, sizes bounded, base64url without
// padding or stray bits, no duplicate members, no crit, b64 or zip, the algorithm always comes from the caller's policy
// and the key, never from the header alone, and headers that carry or point to keys are refused.
package jose

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Algorithm is a JWS "alg".
type Algorithm string

// Algorithms that this package signs and verifies.
const (
	ES256 Algorithm = "ES256"
	RS256 Algorithm = "RS256"
	PS256 Algorithm = "PS256"
	EdDSA Algorithm = "EdDSA" // with Ed25519 alone
)

// MaxToken is the longest token that is read, in octets (security rule R11).
const MaxToken = 16 << 10

// Errors; callers answer with the error of their protocol.
var (
	ErrMalformed = errors.New("jose: token is malformed")
	ErrAlgorithm = errors.New("jose: algorithm is not allowed")
	ErrKey       = errors.New("jose: no key verifies the token")
	ErrSignature = errors.New("jose: signature does not verify")
	ErrType      = errors.New("jose: token is of another type")
	ErrClaims    = errors.New("jose: claims are not acceptable")
	ErrExpired   = errors.New("jose: token has expired")
	ErrBadKey    = errors.New("jose: key is not acceptable")
)

// Signer signs with one key. SignMessage returns ASN.1 DER {r,s} for ES256 and SGD_SM3_SM2, PKCS #1 v1.5 for RS256 and
// PSS for PS256, 64 octets for EdDSA.
type Signer interface {
	KeyID() string
	SignMessage(ctx context.Context, message []byte) ([]byte, error)
}

// Header is the protected header that we write and read.
type Header struct {
	Algorithm Algorithm `json:"alg"`
	Type      string    `json:"typ,omitempty"`
	KeyID     string    `json:"kid,omitempty"`
}

// Sign makes a compact token of the payload, which must be a JSON object.
func Sign(ctx context.Context, signer Signer, algorithm Algorithm, typ string, payload []byte) (string, error) {
	return SignAs(ctx, signer, algorithm, SignatureRaw, typ, payload)
}

// SignAs is Sign with the encoding of SGD_SM3_SM2 signatures that a partner wants; other algorithms have one form.
func SignAs(ctx context.Context, signer Signer, algorithm Algorithm, encoding SignatureEncoding, typ string, payload []byte) (string, error) {
	if !slices.Contains([]Algorithm{ES256, RS256, PS256, EdDSA, SM2SM3}, algorithm) {
		return "", ErrAlgorithm
	}
	header, err := json.Marshal(Header{Algorithm: algorithm, Type: typ, KeyID: signer.KeyID()})
	if err != nil {
		return "", err
	}
	input := encode(header) + "." + encode(payload)
	signature, err := signer.SignMessage(ctx, []byte(input))
	if err != nil {
		return "", fmt.Errorf("jose: sign: %w", err)
	}
	if algorithm == ES256 || algorithm == SM2SM3 {
		raw, err := rawSignature(signature)
		if err != nil {
			return "", err
		}
		if algorithm == ES256 || encoding != SignatureDER {
			signature = raw
		}
	}
	return input + "." + encode(signature), nil
}

// Policy says what a token must be. Empty Issuer or Audience are not checked.
type Policy struct {
	Algorithms []Algorithm // allowed; never empty
	Type       string      // wanted typ; case-insensitive, "application/" may be left out; empty: none or JWT
	AlsoType   string      // another typ that is taken as well; empty: none
	Issuer     string
	Audience   string
	Now        time.Time
	Leeway     time.Duration // for exp, nbf and iat
	NoExpiry   bool          // exp may be absent or past: id_token_hint
	MaxLife    time.Duration // longest exp − now; 0: not bounded
	// SM2Encoding is the one form in which an SGD_SM3_SM2 signature is taken; raw when empty.
	SM2Encoding SignatureEncoding
}

// Claims are the registered claims that the policy looks at.
type Claims struct {
	Issuer    string
	Subject   string
	Audience  []string
	JTI       string
	Expires   time.Time
	NotBefore time.Time
	IssuedAt  time.Time
}

// Token is a verified token.
type Token struct {
	Header  Header
	Claims  Claims
	Payload []byte // the JSON object as it was signed
}

// Decode reads the payload into v.
func (t *Token) Decode(v any) error { return json.Unmarshal(t.Payload, v) }

// Verify checks a compact token against the keys and the policy.
func Verify(token string, keys KeySet, policy Policy) (*Token, error) {
	header, payload, err := verifySignature(token, keys, policy.Algorithms, policy.SM2Encoding)
	if err != nil {
		return nil, err
	}
	if !policy.takes(header.Type) {
		return nil, ErrType
	}
	claims, err := readClaims(payload)
	if err != nil {
		return nil, err
	}
	if err := claims.check(policy); err != nil {
		return nil, err
	}
	return &Token{Header: header, Claims: claims, Payload: payload}, nil
}

// verifySignature is JWS alone: what was signed may be anything.
func verifySignature(token string, keys KeySet, algorithms []Algorithm, encoding SignatureEncoding) (Header, []byte, error) {
	header, payload, signature, input, err := split(token)
	if err != nil {
		return Header{}, nil, err
	}
	if !slices.Contains(algorithms, header.Algorithm) {
		return Header{}, nil, ErrAlgorithm
	}
	if err := keys.verify(header, input, signature, encoding); err != nil {
		return Header{}, nil, err
	}
	return header, payload, nil
}

// PeekKeyID reads the key id of a token without verifying anything: only to decide whether keys must be fetched.
func PeekKeyID(token string) (string, error) {
	header, _, _, _, err := split(token)
	return header.KeyID, err
}

// PeekIssuer reads the unverified issuer and subject of a client assertion, to find out whose keys to take.
func PeekIssuer(token string) (issuer, subject string, err error) {
	_, payload, _, _, err := split(token)
	if err != nil {
		return "", "", err
	}
	claims, err := readClaims(payload)
	return claims.Issuer, claims.Subject, err
}

func split(token string) (header Header, payload, signature, input []byte, err error) {
	rawHeader, payload, signature, input, err := parts(token)
	if err != nil {
		return header, nil, nil, nil, err
	}
	members, err := object(rawHeader)
	if err != nil {
		return header, nil, nil, nil, err
	}
	header, err = readHeader(members)
	return header, payload, signature, input, err
}

// parts cuts a compact token without looking into any of its parts.
func parts(token string) (header, payload, signature, input []byte, err error) {
	if len(token) > MaxToken {
		return nil, nil, nil, nil, fmt.Errorf("%w: longer than %d octets", ErrMalformed, MaxToken)
	}
	if strings.Count(token, ".") != 2 {
		return nil, nil, nil, nil, fmt.Errorf("%w: not three parts", ErrMalformed)
	}
	last := strings.LastIndexByte(token, '.')
	first := strings.IndexByte(token, '.')
	header, err = decode(token[:first])
	if err == nil {
		payload, err = decode(token[first+1 : last])
	}
	if err == nil {
		signature, err = decode(token[last+1:])
	}
	if err != nil {
		return nil, nil, nil, nil, err
	}
	return header, payload, signature, []byte(token[:last]), nil
}

// strictBase64 refuses padding, line breaks and bits beyond the last octet.
var strictBase64 = base64.RawURLEncoding.Strict()

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func decode(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, fmt.Errorf("%w: line break in base64url", ErrMalformed)
	}
	octets, err := strictBase64.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("%w: not base64url", ErrMalformed)
	}
	return octets, nil
}

// forbidden header members: they bring keys of their own or change what was signed.
var forbidden = []string{"crit", "b64", "zip", "jku", "jwk", "x5u", "x5c", "enc"}

func readHeader(members map[string]json.RawMessage) (Header, error) {
	for _, name := range forbidden {
		if _, ok := members[name]; ok {
			return Header{}, fmt.Errorf("%w: header member %s", ErrMalformed, name)
		}
	}
	var header Header
	for name, into := range map[string]*string{"alg": (*string)(&header.Algorithm), "typ": &header.Type, "kid": &header.KeyID} {
		if value, ok := members[name]; ok {
			if err := json.Unmarshal(value, into); err != nil || len(value) > 512 {
				return Header{}, fmt.Errorf("%w: header member %s", ErrMalformed, name)
			}
		}
	}
	if header.Algorithm == "" {
		return Header{}, fmt.Errorf("%w: no alg", ErrMalformed)
	}
	return header, nil
}

func (p Policy) takes(typ string) bool {
	return sameType(typ, p.Type) || p.AlsoType != "" && sameType(typ, p.AlsoType)
}

func sameType(got, want string) bool {
	if want == "" {
		return got == "" || shortType(got) == "jwt"
	}
	return shortType(got) == shortType(want)
}

// shortType leaves out what RFC 7515 section 4.1.9 lets a writer leave out.
func shortType(typ string) string { return strings.TrimPrefix(strings.ToLower(typ), "application/") }

func readClaims(payload []byte) (Claims, error) {
	members, err := object(payload)
	if err != nil {
		return Claims{}, err
	}
	var c Claims
	for name, into := range map[string]*string{"iss": &c.Issuer, "sub": &c.Subject, "jti": &c.JTI} {
		if value, ok := members[name]; ok {
			if err := json.Unmarshal(value, into); err != nil {
				return Claims{}, fmt.Errorf("%w: %s is not a text", ErrClaims, name)
			}
		}
	}
	for name, into := range map[string]*time.Time{"exp": &c.Expires, "nbf": &c.NotBefore, "iat": &c.IssuedAt} {
		if value, ok := members[name]; ok {
			if *into, err = numericDate(value); err != nil {
				return Claims{}, fmt.Errorf("%w: %s is not a date", ErrClaims, name)
			}
		}
	}
	if value, ok := members["aud"]; ok {
		var one string
		if json.Unmarshal(value, &one) == nil {
			c.Audience = []string{one}
		} else if err := json.Unmarshal(value, &c.Audience); err != nil {
			return Claims{}, fmt.Errorf("%w: aud is not a text or a list of texts", ErrClaims)
		}
	}
	return c, nil
}

// numericDate is RFC 7519 section 2: seconds since the epoch. Dates before 1970 or past the year 9999 are refused.
func numericDate(value json.RawMessage) (time.Time, error) {
	var seconds float64
	if err := json.Unmarshal(value, &seconds); err != nil || seconds < 0 || seconds > 253402300799 {
		return time.Time{}, ErrClaims
	}
	return time.Unix(int64(seconds), 0).UTC(), nil
}

func (c Claims) check(p Policy) error {
	if !p.NoExpiry {
		switch {
		case c.Expires.IsZero():
			return fmt.Errorf("%w: no exp", ErrClaims)
		case !p.Now.Before(c.Expires.Add(p.Leeway)):
			return ErrExpired
		case p.MaxLife > 0 && c.Expires.Sub(p.Now) > p.MaxLife+p.Leeway:
			return fmt.Errorf("%w: exp is too far ahead", ErrClaims)
		}
	}
	if c.NotBefore.After(p.Now.Add(p.Leeway)) || c.IssuedAt.After(p.Now.Add(p.Leeway)) {
		return fmt.Errorf("%w: not valid yet", ErrClaims)
	}
	if p.Issuer != "" && subtle.ConstantTimeCompare([]byte(c.Issuer), []byte(p.Issuer)) != 1 {
		return fmt.Errorf("%w: another issuer", ErrClaims)
	}
	if p.Audience != "" && !slices.Contains(c.Audience, p.Audience) {
		return fmt.Errorf("%w: another audience", ErrClaims)
	}
	return nil
}
