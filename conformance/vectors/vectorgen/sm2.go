package vectorgen

import (
	"crypto"
	"crypto/ecdsa"
	"encoding/binary"
	"fmt"
	"io"
	"math/big"

	"github.com/yinxin-gov/yinxin/keys/digest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// Parameters of sm2p256v1 (GB/T 32918.5-2017 section 2).
var (
	primeP = number("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF")
	curveA = number("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC")
	curveB = number("28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93")
	baseX  = number("32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7")
	baseY  = number("BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0")
	orderN = number("FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123")
)

func number(hexadecimal string) *big.Int {
	value, ok := new(big.Int).SetString(hexadecimal, 16)
	if !ok {
		panic("number " + hexadecimal)
	}
	return value
}

// point of the curve; x nil is the point at infinity. The arithmetic is the schoolbook one on purpose: it shares nothing
// with the library under test. It is slow and leaks timing, which test keys may.
type point struct{ x, y *big.Int }

func modulo(value *big.Int) *big.Int { return value.Mod(value, primeP) }

func (p point) add(q point) point {
	if p.x == nil {
		return q
	}
	if q.x == nil {
		return p
	}
	var slope *big.Int
	switch {
	case p.x.Cmp(q.x) != 0:
		slope = new(big.Int).Sub(q.y, p.y)
		slope.Mul(slope, new(big.Int).ModInverse(modulo(new(big.Int).Sub(q.x, p.x)), primeP))
	case p.y.Cmp(q.y) != 0 || p.y.Sign() == 0:
		return point{}
	default:
		slope = new(big.Int).Mul(p.x, p.x)
		slope.Mul(slope, big.NewInt(3)).Add(slope, curveA)
		slope.Mul(slope, new(big.Int).ModInverse(modulo(new(big.Int).Lsh(p.y, 1)), primeP))
	}
	modulo(slope)
	x := new(big.Int).Mul(slope, slope)
	modulo(x.Sub(x, p.x).Sub(x, q.x))
	y := new(big.Int).Sub(p.x, x)
	modulo(y.Mul(y, slope).Sub(y, p.y))
	return point{x, y}
}

func (p point) times(scalar *big.Int) point {
	var sum point
	for i := scalar.BitLen() - 1; i >= 0; i-- {
		sum = sum.add(sum)
		if scalar.Bit(i) == 1 {
			sum = sum.add(p)
		}
	}
	return sum
}

// encode is the uncompressed form 04‖x‖y.
func (p point) encode() []byte {
	octets := make([]byte, 65)
	octets[0] = 4
	p.x.FillBytes(octets[1:33])
	p.y.FillBytes(octets[33:])
	return octets
}

// testKey is a private key that anybody may know: it is derived from its label.
type testKey struct {
	d      *big.Int
	public point
}

func newKey(label string) testKey {
	d := new(big.Int).SetBytes(digest.Sum([]byte("yinxin conformance key " + label)))
	d.Mod(d, new(big.Int).Sub(orderN, big.NewInt(2))).Add(d, big.NewInt(1))
	return testKey{d, point{baseX, baseY}.times(d)}
}

// identityHash is ZA (GB/T 32918.2 5.5); octetLength counts the user ID in octets instead of bits, as one fault does.
func identityHash(public point, userID []byte, octetLength bool) []byte {
	bits := len(userID) * 8
	if octetLength {
		bits = len(userID)
	}
	input := binary.BigEndian.AppendUint16(nil, uint16(bits))
	input = append(input, userID...)
	for _, part := range []*big.Int{curveA, curveB, baseX, baseY, public.x, public.y} {
		input = append(input, part.FillBytes(make([]byte, 32))...)
	}
	return digest.Sum(input)
}

// messageHash is e of a message.
func (k testKey) messageHash(userID, message []byte) *big.Int {
	return new(big.Int).SetBytes(digest.Sum(append(identityHash(k.public, userID, false), message...)))
}

// signHash signs e (GB/T 32918.2 6.1) with a number derived from key and e, so that files come out the same each time.
func (k testKey) signHash(e *big.Int) (r, s *big.Int) {
	for counter := byte(0); ; counter++ {
		seed := append(append(k.d.Bytes(), e.Bytes()...), counter)
		number := new(big.Int).SetBytes(digest.Sum(seed))
		if number.Sign() == 0 || number.Cmp(orderN) >= 0 {
			continue
		}
		if r, s = k.signWith(e, number); r != nil {
			return r, s
		}
	}
}

// signWith signs e with the number k; nil when the number does not serve.
func (k testKey) signWith(e, number *big.Int) (r, s *big.Int) {
	kG := point{baseX, baseY}.times(number)
	r = new(big.Int).Add(e, kG.x)
	r.Mod(r, orderN)
	if r.Sign() == 0 || new(big.Int).Add(r, number).Cmp(orderN) == 0 {
		return nil, nil
	}
	inverse := new(big.Int).ModInverse(new(big.Int).Add(k.d, big.NewInt(1)), orderN)
	s = new(big.Int).Mul(r, k.d)
	s.Sub(number, s).Mul(s, inverse).Mod(s, orderN)
	if s.Sign() == 0 {
		return nil, nil
	}
	return r, s
}

// sign signs a message and returns DER.
func (k testKey) sign(userID, message []byte) []byte {
	return encodeSignature(k.signHash(k.messageHash(userID, message)))
}

func encodeSignature(r, s *big.Int) []byte {
	return der.EncodeSequence(der.EncodeInteger(r), der.EncodeInteger(s))
}

// signer makes a test key usable for certificates: a crypto.Signer that takes messages.
type signer struct{ key testKey }

// Public returns the key for the certificate library.
func (s signer) Public() crypto.PublicKey {
	public, err := pki.ParseSM2Key(s.key.public.encode())
	if err != nil {
		panic(fmt.Sprintf("test key: %v", err))
	}
	return public
}

func (s signer) publicKey() *ecdsa.PublicKey { return s.Public().(*ecdsa.PublicKey) }

// Sign signs the message under the default user ID.
func (s signer) Sign(_ io.Reader, message []byte, _ crypto.SignerOpts) ([]byte, error) {
	return s.key.sign([]byte(pki.DefaultUserID), message), nil
}

// stream gives the same "random" octets each time.
type stream struct {
	label   string
	counter uint32
}

// Read fills the buffer.
func (s *stream) Read(buffer []byte) (int, error) {
	for filled := 0; filled < len(buffer); s.counter++ {
		filled += copy(buffer[filled:], digest.Sum(binary.BigEndian.AppendUint32([]byte(s.label), s.counter)))
	}
	return len(buffer), nil
}
