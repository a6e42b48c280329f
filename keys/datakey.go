package keys

import (
	"context"
	"fmt"
	"io"
)

// DataKey is a key for the data of one owner, wrapped by a key of the ring. Whoever deletes it, and its copies, makes all that
// it sealed unreadable for good, wherever copies of that lie (crypto-shredding).
type DataKey struct {
	ID      string // stands beside every field that it sealed
	KeyID   string // key of the ring that wrapped it
	Wrapped []byte
}

// IsZero reports whether there is no key.
func (k DataKey) IsZero() bool { return k.ID == "" }

const dataKeySize = 16 // SM4

// NewDataKey makes a data key that is bound to a place (its owner). The bare key does not leave this package.
func (r *Ring) NewDataKey(ctx context.Context, usage Usage, id, place string, random io.Reader) (DataKey, Cipher, error) {
	bare := make([]byte, dataKeySize)
	if _, err := io.ReadFull(random, bare); err != nil {
		return DataKey{}, nil, fmt.Errorf("keys: make data key: %w", err)
	}
	defer clear(bare)
	wrapper, err := r.Cipher(ctx, usage, "")
	if err != nil {
		return DataKey{}, nil, err
	}
	wrapped, err := wrapper.Seal(ctx, bare, []byte(dataKeyPlace(id, place)))
	if err != nil {
		return DataKey{}, nil, err
	}
	cipher, err := NewCipher(id, bare, random)
	return DataKey{ID: id, KeyID: wrapper.KeyID(), Wrapped: wrapped}, cipher, err
}

// OpenDataKey unwraps a data key; ErrUnwrap when it was made for another place.
func (r *Ring) OpenDataKey(ctx context.Context, usage Usage, k DataKey, place string, random io.Reader) (Cipher, error) {
	wrapper, err := r.Cipher(ctx, usage, k.KeyID)
	if err != nil {
		return nil, err
	}
	bare, err := wrapper.Open(ctx, k.Wrapped, []byte(dataKeyPlace(k.ID, place)))
	if err != nil {
		return nil, err
	}
	defer clear(bare)
	return NewCipher(k.ID, bare, random)
}

func dataKeyPlace(id, place string) string { return "data-key/" + id + "/" + place }
