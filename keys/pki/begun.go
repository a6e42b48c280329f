package pki

import (
	"bytes"
	"crypto/ecdsa"
	"encoding"
	"sync"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
)

// Bounds of what Begun keeps.
const (
	begunLeast = 1 << 10   // octets in common that are worth keeping: with ZA a tenth of a signature
	begunMost  = 256 << 10 // octets of a message that are kept at most
)

// Begun computes e = SM3(ZA‖M) for messages of one key that begin alike, as all that is sealed with one seal does: the beginning
// that the last two had in common is hashed once, and its state is kept. The zero value is ready; it is safe for concurrent use.
type Begun struct {
	mutex sync.Mutex
	head  []byte // of the last messages
	state []byte // of SM3 after ZA and head; nil while only one message was seen
}

// Digest is SM2Digest under the default user ID. The key must be the same at each call.
func (b *Begun) Digest(public *ecdsa.PublicKey, message []byte) ([]byte, error) {
	if len(message) < begunLeast || len(message) > begunMost {
		return SM2Digest(public, nil, message)
	}
	b.mutex.Lock()
	head, state := b.head, b.state
	b.mutex.Unlock()
	if state != nil && bytes.HasPrefix(message, head) {
		h := sm3.New()
		if err := h.(encoding.BinaryUnmarshaler).UnmarshalBinary(state); err != nil {
			return nil, err
		}
		h.Write(message[len(head):])
		return h.Sum(nil), nil
	}
	if err := CheckSM2Key(public); err != nil {
		return nil, err
	}
	z, err := sm2.CalculateZA(public, nil)
	if err != nil {
		return nil, err
	}
	h := sm3.New()
	h.Write(z)
	alike := common(head, message)
	h.Write(message[:alike])
	state, head = nil, message
	if alike >= begunLeast {
		head = message[:alike]
		if state, err = h.(encoding.BinaryMarshaler).MarshalBinary(); err != nil {
			return nil, err
		}
	}
	head = bytes.Clone(head)
	b.mutex.Lock()
	b.head, b.state = head, state
	b.mutex.Unlock()
	h.Write(message[alike:])
	return h.Sum(nil), nil
}

// common is how many octets two messages begin with alike.
func common(a, b []byte) int {
	const block = 256
	n, most := 0, min(len(a), len(b))
	for n+block <= most && bytes.Equal(a[n:n+block], b[n:n+block]) {
		n += block
	}
	for n < most && a[n] == b[n] {
		n++
	}
	return n
}
