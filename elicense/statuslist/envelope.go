package statuslist

import "github.com/yinxin-gov/yinxin/keys/signed"

// The envelope is that of package signed; these are its names for callers of this package.
type (
	Kind     = signed.Kind
	SignFunc = signed.SignFunc
	Trust    = signed.Trust
	Signer   = signed.Signer
	Object   = signed.Object
)

// Kinds.
const (
	KindList  = signed.KindList
	KindDelta = signed.KindDelta
	KindTrust = signed.KindTrust
)

// Errors. Callers compare with errors.Is.
var (
	ErrFormat    = signed.ErrFormat
	ErrSignature = signed.ErrSignature
	ErrUntrusted = signed.ErrUntrusted
	ErrMake      = signed.ErrMake
)

// MaxSize bounds what is read.
const MaxSize = signed.MaxSize

// Encode writes a value in the one deterministic form (RFC 8949 4.2.1).
func Encode(value any) ([]byte, error) { return signed.Encode(value) }

// Decode reads a value strictly; see signed.Decode.
func Decode(data []byte, into any) error { return signed.Decode(data, into) }

// SignObject signs a body; see signed.SignObject.
func SignObject(kind Kind, body any, chain [][]byte, sign SignFunc) ([]byte, error) {
	return signed.SignObject(kind, body, chain, sign)
}

// OpenObject reads an object and verifies its signature; see signed.OpenObject.
func OpenObject(kind Kind, data []byte, body any) (*Object, error) {
	return signed.OpenObject(kind, data, body)
}

// Is tells whether the octets claim to be a signed object of the kind.
func Is(kind Kind, data []byte) bool { return signed.Is(kind, data) }
