package jose

import (
	"bytes"
	"context"
	"math/big"
	"testing"

	"github.com/emmansun/gmsm/sm2"
)

// TestS29PointsThatAreNoKey: a C1 at infinity, off the curve or on another one gives the one error that every other failure gives, so that
// neither the text nor the kind of error tells a forger anything about the key (CVE-2026-32614).
func TestS29PointsThatAreNoKey(t *testing.T) {
	key := decrypter(t, "enc-1")
	params := sm2.P256().Params()
	wrapped := func(x, y *big.Int) []byte {
		out := bytes.Repeat([]byte{0x5a}, wrappedSize)
		out[0] = 4
		x.FillBytes(out[1:33])
		y.FillBytes(out[33:65])
		return out
	}
	one := big.NewInt(1)
	largest := new(big.Int).Sub(new(big.Int).Lsh(one, 256), one)
	for name, ciphertext := range map[string][]byte{
		"infinity as (0, 0)": wrapped(new(big.Int), new(big.Int)),
		"off the curve":      wrapped(params.Gx, new(big.Int).Add(params.Gy, one)),
		"base point of P-256": wrapped(number(t, "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"),
			number(t, "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")),
		"x is p":               wrapped(params.P, params.Gy),
		"x above p":            wrapped(largest, params.Gy),
		"y above p":            wrapped(params.Gx, largest),
		"on the curve, C3 bad": wrapped(params.Gx, params.Gy),
	} {
		t.Run(name, func(t *testing.T) {
			plain, err := key.DecryptSM2(context.Background(), ciphertext)
			if err != ErrDecrypt || plain != nil { // the very value: wrapping would tell more
				t.Errorf("%x, %v", plain, err)
			}
		})
	}
	infinity := bytes.Repeat([]byte{0x5a}, wrappedSize)
	infinity[0] = 0
	if _, err := key.DecryptSM2(context.Background(), infinity); err != ErrDecrypt {
		t.Errorf("infinity as one octet: %v", err)
	}
}

func number(t *testing.T, hexadecimal string) *big.Int {
	t.Helper()
	value, ok := new(big.Int).SetString(hexadecimal, 16)
	if !ok {
		t.Fatal(hexadecimal)
	}
	return value
}
