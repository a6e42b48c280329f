// Package presentation makes and judges the short-lived signed codes with which a holder shows a licence ("LZ1",
// license.md 11).
//
// A code is the text "LZ1:" and Base45 (RFC 9285) over deterministic CBOR (RFC 8949 4.2.1): a view token signed by the
// issuer, and a device part signed by the holder's key over "LZ1" ‖ SM3(view token) ‖ device part. A view token shows the
// fields of one view profile, lives at most 24 hours unless it names its status entry, and is used once, so that two
// verifiers cannot link what they saw. All signatures are SM2 with SM3 and the default user ID, r‖s in 64 octets.
//
// The package is a leaf: no I/O, no clock, no state. The replay cache and the status evidence are handed in. It knows
// nothing of licence types beyond their codes; names of fields are looked up in package catalog by the caller.
package presentation

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/emmansun/gmsm/sm2"
	"github.com/fxamacker/cbor/v2"

	"github.com/yinxin-gov/yinxin/elicense/statuslist"
	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
)

// Prefix of every code.
const Prefix = "LZ1:"

// Sizes and times of license.md 11.
const (
	Budget        = 397  // octets of CBOR for a code shown on a phone (QR version 15-M)
	MaxOctets     = 1100 // octets of CBOR that are read at all
	StepLength    = 15 * time.Second
	StepTolerance = 2
	ClockSkew     = 90 * time.Second
	ShortLife     = 24 * time.Hour // tokens that live longer name their status entry
	MaxLife       = 10 * 366 * 24 * time.Hour
)

// Errors.
var (
	ErrFormat = errors.New("presentation: not a presentation code")
	ErrMake   = errors.New("presentation: cannot be made")
)

// StatusEntry is the place of the licence in the status lists; only tokens that live longer than a day carry it.
type StatusEntry struct {
	_     struct{} `cbor:",toarray"`
	List  uint64   // number of the shard below the address that the key's entry in the bundle names
	Index uint32
}

// View is a view token.
type View struct {
	TypeCode  string
	PID       [16]byte // random; the name of this one showing
	IssuedAt  time.Time
	Life      time.Duration
	KeyID     [4]byte // see KeyID
	Status    *StatusEntry
	Fields    map[int]string   // numbers of the type's fields and predicates; several values of one field are joined by "、"
	HolderKey *ecdsa.PublicKey // nil for paper: proves content, not the person
	Paper     *PaperFacts      // of a paper copy; nil for all others
}

// Expires is the end of the token's life.
func (v View) Expires() time.Time { return v.IssuedAt.Add(v.Life) }

type viewBody struct {
	Version   uint           `cbor:"1,keyasint"`
	TypeCode  string         `cbor:"2,keyasint"`
	PID       []byte         `cbor:"3,keyasint"`
	IssuedAt  int64          `cbor:"4,keyasint"`
	Seconds   int64          `cbor:"5,keyasint"`
	KeyID     []byte         `cbor:"6,keyasint"`
	Status    *StatusEntry   `cbor:"7,keyasint,omitempty"`
	Fields    map[int]string `cbor:"8,keyasint"`
	HolderKey []byte         `cbor:"9,keyasint,omitempty"`
	// Of paper copies, whose version is 2.
	Identifier []byte `cbor:"10,keyasint,omitempty"`
	Text       []byte `cbor:"11,keyasint,omitempty"`
}

// Device is what the holder's side adds.
type Device struct {
	_         struct{} `cbor:",toarray"`
	Step      uint64   // floor(t / 15 s)
	Challenge []byte   // 8 octets of the verifier's request, or empty
}

// StepAt is the step of a moment.
func StepAt(at time.Time) uint64 { return uint64(max(at.Unix(), 0)) / uint64(StepLength/time.Second) }

// Token is a signed view token, ready to be shown.
type Token struct {
	View      []byte // deterministic CBOR
	Signature []byte // r‖s by the issuer
}

// Code is a decoded code.
type Code struct {
	View      View
	Token     Token
	Device    *Device // nil for paper
	DeviceRaw []byte
	HolderSig []byte
}

// KeyID is how a token names the issuer's key: the first 4 octets of SM3 over the uncompressed point.
func KeyID(public *ecdsa.PublicKey) ([4]byte, error) {
	point, err := pki.EncodeSM2Key(public)
	if err != nil {
		return [4]byte{}, err
	}
	return [4]byte(digest.Sum(point)[:4]), nil
}

// Mint makes and signs a view token. Values that would make the code larger than the budget are shortened and end in "…".
// Errors wrap ErrMake.
func Mint(view View, public *ecdsa.PublicKey, sign statuslist.SignFunc) (Token, error) {
	id, err := KeyID(public)
	if err != nil {
		return Token{}, fmt.Errorf("%w: %w", ErrMake, err)
	}
	view.KeyID = id
	encoded, err := encodeView(view)
	if err != nil {
		return Token{}, err
	}
	budget := Budget
	if view.IsPaper() {
		budget = PaperBudget
	}
	for codeSize(len(encoded), view.HolderKey != nil) > budget {
		if view.Fields = shorten(view.Fields); view.Fields == nil {
			return Token{}, fmt.Errorf("%w: too many fields for a code", ErrMake)
		}
		if encoded, err = encodeView(view); err != nil {
			return Token{}, err
		}
	}
	signature, err := signRaw(public, encoded, sign)
	if err != nil {
		return Token{}, err
	}
	return Token{View: encoded, Signature: signature}, nil
}

// codeSize is the largest size of a code around a view of n octets: array and version, view, signatures, device part with
// a challenge.
func codeSize(n int, holder bool) int {
	size := 2 + 3 + n + 66
	if holder {
		size += 2 + 16 + 66
	}
	return size
}

// shorten cuts two characters off the longest value; nil when nothing is left to cut.
func shorten(fields map[int]string) map[int]string {
	longest := 0
	for number, value := range fields {
		if longest == 0 || len(value) > len(fields[longest]) || len(value) == len(fields[longest]) && number < longest {
			longest = number
		}
	}
	runes := []rune(strings.TrimSuffix(fields[longest], "…"))
	if len(runes) <= 4 {
		return nil
	}
	out := make(map[int]string, len(fields))
	for number, value := range fields {
		out[number] = value
	}
	out[longest] = string(runes[:len(runes)-2]) + "…"
	return out
}

func encodeView(v View) ([]byte, error) {
	body := viewBody{
		Version: v.version(), TypeCode: v.TypeCode, PID: v.PID[:], IssuedAt: v.IssuedAt.Unix(), Seconds: int64(v.Life / time.Second),
		KeyID: v.KeyID[:], Status: v.Status, Fields: v.Fields,
	}
	if v.HolderKey != nil {
		point, err := pki.EncodeSM2Key(v.HolderKey)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrMake, err)
		}
		body.HolderKey = append([]byte{2 | point[64]&1}, point[1:33]...) // GB/T 32918.1 4.2.9, compressed
	}
	if v.IsPaper() {
		body.Identifier, body.Text = v.Paper.Identifier[:], v.Paper.Text[:]
	}
	if err := body.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMake, err)
	}
	encoded, err := statuslist.Encode(body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMake, err)
	}
	return encoded, nil
}

// check is what both sides ask of a view.
func (b viewBody) check() error {
	life := time.Duration(b.Seconds) * time.Second
	switch {
	case b.Version != viewVersion && b.Version != paperVersion:
		return fmt.Errorf("version %d", b.Version)
	case len(b.TypeCode) != 21:
		return errors.New("type code")
	case len(b.PID) != 16 || len(b.KeyID) != 4:
		return errors.New("length of an identifier")
	case b.IssuedAt <= 0 || b.IssuedAt > 1<<40 || b.Seconds <= 0 || b.Seconds > int64(MaxLife/time.Second):
		return errors.New("times")
	case b.Version == viewVersion && (life > ShortLife) != (b.Status != nil):
		return errors.New("a status entry goes with a life of more than a day, and only with it")
	case b.Version == viewVersion && len(b.Identifier)+len(b.Text) > 0:
		return errors.New("facts of a paper")
	case b.Version == paperVersion && (b.Status == nil || len(b.HolderKey) != 0 || len(b.Identifier) != 32 || len(b.Text) != 32 || life > MaxPaperLife || b.TypeCode == CardTypeCode):
		return errors.New("a paper has a status entry, the facts of a paper and no holder key")
	case b.Status != nil && b.Status.Index >= statuslist.Size:
		return errors.New("status index")
	case len(b.Fields) == 0 || len(b.Fields) > 40:
		return errors.New("number of fields")
	case len(b.HolderKey) != 0 && len(b.HolderKey) != 33:
		return errors.New("holder key")
	}
	for number, value := range b.Fields {
		if number < 1 || number > 255 || value == "" || !utf8.ValidString(value) {
			return errors.New("field")
		}
	}
	return nil
}

func decodeView(encoded []byte) (View, error) {
	var body viewBody
	if err := statuslist.Decode(encoded, &body); err != nil {
		return View{}, fmt.Errorf("%w: view: %w", ErrFormat, err)
	}
	if err := body.check(); err != nil {
		return View{}, fmt.Errorf("%w: view: %w", ErrFormat, err)
	}
	v := View{
		TypeCode: body.TypeCode, PID: [16]byte(body.PID), IssuedAt: time.Unix(body.IssuedAt, 0).UTC(), Life: time.Duration(body.Seconds) * time.Second,
		KeyID: [4]byte(body.KeyID), Status: body.Status, Fields: body.Fields,
	}
	if body.Version == paperVersion {
		v.Paper = &PaperFacts{Identifier: [32]byte(body.Identifier), Text: [32]byte(body.Text)}
	}
	if len(body.HolderKey) > 0 {
		x, y := elliptic.UnmarshalCompressed(sm2.P256(), body.HolderKey)
		if x == nil {
			return View{}, fmt.Errorf("%w: view: holder key is no point", ErrFormat)
		}
		point := make([]byte, 65)
		point[0] = 4
		x.FillBytes(point[1:33])
		y.FillBytes(point[33:])
		key, err := pki.ParseSM2Key(point)
		if err != nil {
			return View{}, fmt.Errorf("%w: view: %w", ErrFormat, err)
		}
		v.HolderKey = key
	}
	return v, nil
}

// Transcript is what the holder signs.
func Transcript(token Token, device []byte) []byte {
	return slices.Concat([]byte("LZ1"), digest.Sum(token.View), device)
}

// Show adds the device part to a token and returns the code. The holder's signature is verified with the key in the
// token. Errors wrap ErrMake.
func Show(token Token, device Device, sign statuslist.SignFunc) (string, error) {
	view, err := decodeView(token.View)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrMake, err)
	}
	if view.HolderKey == nil {
		return "", fmt.Errorf("%w: the token has no holder key", ErrMake)
	}
	if len(device.Challenge) != 0 && len(device.Challenge) != 8 {
		return "", fmt.Errorf("%w: a challenge has 8 octets", ErrMake)
	}
	if device.Challenge == nil {
		device.Challenge = []byte{}
	}
	encoded, err := statuslist.Encode(device)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrMake, err)
	}
	signature, err := signRaw(view.HolderKey, Transcript(token, encoded), sign)
	if err != nil {
		return "", err
	}
	return pack(viewVersion, token.View, token.Signature, encoded, signature)
}

// Paper returns the code of a token without a holder key, for print.
func Paper(token Token) (string, error) {
	view, err := decodeView(token.View)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrMake, err)
	}
	if view.HolderKey != nil {
		return "", fmt.Errorf("%w: the token is for a phone", ErrMake)
	}
	return pack(view.version(), token.View, token.Signature)
}

func pack(parts ...any) (string, error) {
	encoded, err := statuslist.Encode(parts)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrMake, err)
	}
	return Prefix + encodeBase45(encoded), nil
}

// IsCode tells whether a text claims to be a code.
func IsCode(text string) bool { return strings.HasPrefix(text, Prefix) }

// Decode reads a code strictly; it judges no signature. Errors wrap ErrFormat.
func Decode(text string) (*Code, error) {
	encoded, ok := strings.CutPrefix(text, Prefix)
	if !ok {
		return nil, fmt.Errorf("%w: does not begin with %s", ErrFormat, Prefix)
	}
	if len(encoded) > MaxOctets*3/2 {
		return nil, fmt.Errorf("%w: too long", ErrFormat)
	}
	data, err := decodeBase45(encoded)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	var parts []cbor.RawMessage
	if err := statuslist.Decode(data, &parts); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if len(parts) != 3 && len(parts) != 5 {
		return nil, fmt.Errorf("%w: %d parts", ErrFormat, len(parts))
	}
	octets := make([][]byte, len(parts))
	for i := 1; i < len(parts); i++ {
		if err := statuslist.Decode(parts[i], &octets[i]); err != nil || octets[i] == nil {
			return nil, fmt.Errorf("%w: part %d is no octet string", ErrFormat, i)
		}
	}
	c := &Code{Token: Token{View: octets[1], Signature: octets[2]}}
	if c.View, err = decodeView(octets[1]); err != nil {
		return nil, err
	}
	if !bytes.Equal(parts[0], []byte{byte(c.View.version())}) {
		return nil, fmt.Errorf("%w: version", ErrFormat)
	}
	if (c.View.HolderKey != nil) != (len(parts) == 5) {
		return nil, fmt.Errorf("%w: holder key and device part go together", ErrFormat)
	}
	if len(octets[2]) != 64 {
		return nil, fmt.Errorf("%w: issuer's signature", ErrFormat)
	}
	if len(parts) == 3 {
		return c, nil
	}
	if len(octets[4]) != 64 {
		return nil, fmt.Errorf("%w: holder's signature", ErrFormat)
	}
	c.Device, c.DeviceRaw, c.HolderSig = &Device{}, octets[3], octets[4]
	if err := statuslist.Decode(octets[3], c.Device); err != nil || c.Device.Challenge == nil || len(c.Device.Challenge) != 0 && len(c.Device.Challenge) != 8 {
		return nil, fmt.Errorf("%w: device part", ErrFormat)
	}
	return c, nil
}

func signRaw(public *ecdsa.PublicKey, message []byte, sign statuslist.SignFunc) ([]byte, error) {
	signature, err := sign(message)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMake, err)
	}
	if _, err := pki.VerifySM2(public, nil, message, signature, pki.FormDER); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMake, err)
	}
	raw, err := pki.SM2SignatureToRaw(signature)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMake, err)
	}
	return raw, nil
}

func verifyRaw(public *ecdsa.PublicKey, message, raw []byte) bool {
	signature, err := pki.SM2SignatureFromRaw(raw)
	if err != nil {
		return false
	}
	_, err = pki.VerifySM2(public, nil, message, signature, pki.FormDER)
	return err == nil
}
