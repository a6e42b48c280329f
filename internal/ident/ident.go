// Package ident makes identifiers and secrets from an injected source of randomness.
//
// Every value has at least 128 random bits, so that identifiers shown outside are neither sequential nor guessable.
package ident

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"io"
)

var base32Lower = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// System is the operating system's source of randomness; the only mention of rand.Reader outside internal/app.
func System() io.Reader { return rand.Reader }

// New returns an identifier of 26 lower-case letters and digits (128 bits), with the prefix and an underscore in front
// when the prefix is not empty ("seal_…"). It panics when the source fails, since nothing safe can follow.
func New(random io.Reader, prefix string) string {
	id := base32Lower.EncodeToString(octets(random, 16))
	if prefix == "" {
		return id
	}
	return prefix + "_" + id
}

// Secret returns an unguessable text of n random octets in unpadded base64url; n is at least 16.
func Secret(random io.Reader, n int) string {
	return base64.RawURLEncoding.EncodeToString(octets(random, max(n, 16)))
}

// Digits returns n decimal digits, each uniformly distributed: one-time codes.
func Digits(random io.Reader, n int) string {
	out := make([]byte, 0, n)
	for len(out) < n {
		for _, b := range octets(random, n) {
			if b < 250 && len(out) < n {
				out = append(out, '0'+b%10)
			}
		}
	}
	return string(out)
}

func octets(random io.Reader, n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(random, b); err != nil {
		panic(fmt.Sprintf("ident: source of randomness failed: %v", err))
	}
	return b
}
