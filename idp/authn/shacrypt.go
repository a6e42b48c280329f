package authn

import (
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"strconv"
	"strings"
)

// SHA-crypt as glibc has it (Drepper, "Unix crypt using SHA-256 and SHA-512", version 0.6): $5$ and $6$, with an optional
// rounds=N$ and a salt of at most 16 characters.

const crypt64 = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// Orders in which the octets of a digest are written, three at a time.
var (
	order256 = [][]int{{0, 10, 20}, {21, 1, 11}, {12, 22, 2}, {3, 13, 23}, {24, 4, 14}, {15, 25, 5}, {6, 16, 26}, {27, 7, 17}, {18, 28, 8}, {9, 19, 29}, {-1, 31, 30}}
	order512 = [][]int{{0, 21, 42}, {22, 43, 1}, {44, 2, 23}, {3, 24, 45}, {25, 46, 4}, {47, 5, 26}, {6, 27, 48}, {28, 49, 7}, {50, 8, 29}, {9, 30, 51}, {31, 52, 10}, {53, 11, 32},
		{12, 33, 54}, {34, 55, 13}, {56, 14, 35}, {15, 36, 57}, {37, 58, 16}, {59, 17, 38}, {18, 39, 60}, {40, 61, 19}, {62, 20, 41}, {-1, -1, 63}}
)

func parseSHACrypt(text string) (foreign, error) {
	parts := strings.Split(text, "$")[1:]
	newHash, order, length := sha256.New, order256, 43
	if parts[0] == "6" {
		newHash, order, length = sha512.New, order512, 86
	}
	rounds := 5000
	if count, ok := strings.CutPrefix(parts[1], "rounds="); ok && len(parts) == 4 {
		n, err := strconv.Atoi(count)
		if err != nil {
			return nil, ErrHashForm
		}
		rounds, parts = n, append(parts[:1:1], parts[2:]...)
	}
	if len(parts) != 3 || len(parts[1]) > 16 || len(parts[2]) != length || strings.Trim(parts[2], crypt64) != "" {
		return nil, ErrHashForm
	}
	if rounds < minIterations || rounds > maxRounds {
		return nil, ErrHashCost
	}
	salt, want := []byte(parts[1]), []byte(parts[2])
	return func(password []byte) bool {
		return same(shaCrypt(newHash, order, password, salt, rounds), want)
	}, nil
}

// shaCrypt follows the steps of the text; their numbers stand behind the lines.
func shaCrypt(newHash func() hash.Hash, order [][]int, key, salt []byte, rounds int) []byte {
	sum := func(parts ...[]byte) []byte {
		h := newHash()
		for _, part := range parts {
			h.Write(part)
		}
		return h.Sum(nil)
	}
	stretch := func(block []byte, n int) []byte {
		out := make([]byte, 0, n+len(block))
		for len(out) < n {
			out = append(out, block...)
		}
		return out[:n]
	}
	b := sum(key, salt, key)                     // 4 to 8
	h := newHash()                               // 1
	h.Write(key)                                 // 2
	h.Write(salt)                                // 3
	h.Write(stretch(b, len(key)))                // 9, 10
	for bits := len(key); bits > 0; bits >>= 1 { // 11
		if bits&1 != 0 {
			h.Write(b)
		} else {
			h.Write(key)
		}
	}
	a := h.Sum(nil) // 12
	h = newHash()   // 13
	for range key { // 14
		h.Write(key)
	}
	p := stretch(h.Sum(nil), len(key)) // 15, 16
	h = newHash()                      // 17
	for range 16 + int(a[0]) {         // 18
		h.Write(salt)
	}
	s := stretch(h.Sum(nil), len(salt)) // 19, 20
	for round := range rounds {         // 21
		h := newHash()
		if round%2 != 0 {
			h.Write(p)
		} else {
			h.Write(a)
		}
		if round%3 != 0 {
			h.Write(s)
		}
		if round%7 != 0 {
			h.Write(p)
		}
		if round%2 != 0 {
			h.Write(a)
		} else {
			h.Write(p)
		}
		a = h.Sum(nil)
	}
	var out []byte
	for _, three := range order { // 22
		word, octets := 0, 0
		for _, i := range three {
			word <<= 8
			if i >= 0 {
				word |= int(a[i])
				octets++
			}
		}
		for range octets + 1 {
			out = append(out, crypt64[word&63])
			word >>= 6
		}
	}
	return out
}
