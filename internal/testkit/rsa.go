package testkit

import (
	"crypto/rand"
	"crypto/rsa"
	"io"
	"sync"
)

// rsaKeys are made as they are asked for and then given out again: no test makes as many platforms at once.
var rsaKeys struct {
	mutex sync.Mutex
	made  [16]*rsa.PrivateKey
	next  int
}

// RSAKey gives one of a few RSA keys of 2048 bits in turn, since a search for primes takes as long as a hundred requests. Keys that
// follow each other differ.
func RSAKey(_ io.Reader, bits int) (*rsa.PrivateKey, error) {
	if bits != 2048 {
		return rsa.GenerateKey(rand.Reader, bits)
	}
	rsaKeys.mutex.Lock()
	defer rsaKeys.mutex.Unlock()
	i := rsaKeys.next % len(rsaKeys.made)
	rsaKeys.next++
	if rsaKeys.made[i] == nil {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			return nil, err
		}
		rsaKeys.made[i] = key
	}
	return rsaKeys.made[i], nil
}
