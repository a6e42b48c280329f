package vectorgen

import (
	"encoding/binary"
	"math/big"
	"math/bits"

	"github.com/yinxin-gov/yinxin/keys/digest"
)

// SM4 (GB/T 32907) and its counter mode with authentication, written out as the standards define them, so that tokens are
// encrypted by something that shares nothing with the library under test. Slow, and it leaks timing.

// sbox is S(x) = A·I(A·x + C) + C over GF(2^8) modulo x^8+x^7+x^6+x^5+x^4+x^2+1, from which the table of GB/T 32907 6.2 a
// was made; A is circulant.
var sbox = func() (table [256]byte) {
	multiply := func(a, b int) int {
		product := 0
		for ; b > 0; b >>= 1 {
			if b&1 == 1 {
				product ^= a
			}
			if a <<= 1; a&0x100 != 0 {
				a ^= 0x1f5
			}
		}
		return product
	}
	affine := func(x byte) (y byte) {
		for bit := range 8 {
			y |= byte(bits.OnesCount8(x&bits.RotateLeft8(0xa7, bit))&1) << bit
		}
		return y ^ 0xd3
	}
	for x := range table {
		inverse := 1
		for range 254 {
			inverse = multiply(inverse, int(affine(byte(x))))
		}
		table[x] = affine(byte(inverse))
	}
	return table
}()

// substitute is τ.
func substitute(word uint32) uint32 {
	return uint32(sbox[word>>24])<<24 | uint32(sbox[word>>16&0xff])<<16 | uint32(sbox[word>>8&0xff])<<8 | uint32(sbox[word&0xff])
}

// sm4Encrypt encrypts one block (GB/T 32907 7.1).
func sm4Encrypt(key, block []byte) []byte {
	var k, x [4]uint32
	for i, fixed := range []uint32{0xa3b1bac6, 0x56aa3350, 0x677d9197, 0xb27022dc} {
		k[i] = binary.BigEndian.Uint32(key[4*i:]) ^ fixed
		x[i] = binary.BigEndian.Uint32(block[4*i:])
	}
	for round := range 32 {
		var constant uint32
		for octet := range 4 {
			constant = constant<<8 | uint32((4*round+octet)*7&0xff)
		}
		b := substitute(k[1] ^ k[2] ^ k[3] ^ constant)
		next := k[0] ^ b ^ bits.RotateLeft32(b, 13) ^ bits.RotateLeft32(b, 23)
		k = [4]uint32{k[1], k[2], k[3], next}
		b = substitute(x[1] ^ x[2] ^ x[3] ^ next)
		b ^= bits.RotateLeft32(b, 2) ^ bits.RotateLeft32(b, 10) ^ bits.RotateLeft32(b, 18) ^ bits.RotateLeft32(b, 24)
		x = [4]uint32{x[1], x[2], x[3], x[0] ^ b}
	}
	var out []byte
	for i := 3; i >= 0; i-- {
		out = binary.BigEndian.AppendUint32(out, x[i])
	}
	return out
}

// field128 multiplies in GF(2^128) as NIST SP 800-38D 6.3 numbers the bits: the first is the most significant.
func field128(x, y *big.Int) *big.Int {
	reduction := new(big.Int).Lsh(big.NewInt(0xe1), 120)
	product, v := new(big.Int), new(big.Int).Set(y)
	for bit := 127; bit >= 0; bit-- {
		if x.Bit(bit) == 1 {
			product.Xor(product, v)
		}
		odd := v.Bit(0) == 1
		if v.Rsh(v, 1); odd {
			v.Xor(v, reduction)
		}
	}
	return product
}

// sm4GCM encrypts under a nonce of 12 octets (NIST SP 800-38D 7.1 with SM4, RFC 8998).
func sm4GCM(key, nonce, associated, plaintext []byte) (ciphertext, tag []byte) {
	counter := func(number uint32) []byte {
		return sm4Encrypt(key, binary.BigEndian.AppendUint32(append([]byte(nil), nonce...), number))
	}
	for i, octet := range plaintext {
		ciphertext = append(ciphertext, octet^counter(uint32(2 + i/16))[i%16])
	}
	h, sum := new(big.Int).SetBytes(sm4Encrypt(key, make([]byte, 16))), new(big.Int)
	absorb := func(octets []byte) {
		for len(octets) > 0 {
			block := make([]byte, 16)
			octets = octets[copy(block, octets):]
			sum = field128(sum.Xor(sum, new(big.Int).SetBytes(block)), h)
		}
	}
	absorb(associated)
	absorb(ciphertext)
	absorb(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(len(associated))*8), uint64(len(ciphertext))*8))
	tag = sum.FillBytes(make([]byte, 16))
	for i, octet := range counter(1) {
		tag[i] ^= octet
	}
	return ciphertext, tag
}

// sealed is an SM2 ciphertext in parts.
type sealed struct {
	c1     point
	c2, c3 []byte
}

// raw is 04‖x‖y‖C3‖C2 (GB/T 32918.4 6.1).
func (s sealed) raw() []byte { return append(append(s.c1.encode(), s.c3...), s.c2...) }

// seal encrypts for a public key with a number derived from key and message.
func (p point) seal(message []byte) sealed {
	number := new(big.Int).SetBytes(digest.Sum(append(p.encode(), message...)))
	number.Mod(number, new(big.Int).Sub(orderN, big.NewInt(1))).Add(number, big.NewInt(1))
	return p.sealWith(number, message)
}

// sealWith is GB/T 32918.4 6.1 with the number k.
func (p point) sealWith(number *big.Int, message []byte) sealed {
	shared := p.times(number).encode()
	var stream []byte
	for counter := uint32(1); len(stream) < len(message); counter++ { // GB/T 32918.4 5.4.3
		stream = append(stream, digest.Sum(binary.BigEndian.AppendUint32(append([]byte(nil), shared[1:]...), counter))...)
	}
	c2 := make([]byte, len(message))
	for i, octet := range message {
		c2[i] = octet ^ stream[i]
	}
	hashed := append(append(append([]byte(nil), shared[1:33]...), message...), shared[33:]...)
	return sealed{point{baseX, baseY}.times(number), c2, digest.Sum(hashed)}
}
