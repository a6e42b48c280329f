package keystest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/wrapped"
)

// RunTampering lets somebody with access to the database change stored keys: whatever is changed, the key is refused and
// nothing is signed. open gives a provider over the records that has nothing in memory.
func RunTampering(t *testing.T, records *Records, open func(t testing.TB) keys.Provider) {
	ctx := context.Background()
	create := func(t *testing.T, spec keys.Spec) wrapped.Record {
		t.Helper()
		info, err := open(t).Create(ctx, spec)
		if err != nil {
			t.Fatal(err)
		}
		r, err := records.Find(ctx, info.ID)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	use := func(t *testing.T, id string, spec keys.Spec) error {
		t.Helper()
		p := open(t)
		var err error
		switch spec.Algorithm {
		case keys.SM4:
			_, err = p.Cipher(ctx, id, spec.Usage)
		case keys.HMACSM3:
			_, err = p.MAC(ctx, id, spec.Usage)
		default:
			_, err = p.Signer(ctx, id, spec.Usage)
		}
		return err
	}
	for n, spec := range []keys.Spec{
		{Usage: keys.UsageToken, Algorithm: keys.SM2}, {Usage: keys.UsageToken, Algorithm: keys.P256}, {Usage: keys.UsageCheckpoint, Algorithm: keys.Ed25519}, {Usage: keys.UsageFieldCipher, Algorithm: keys.SM4}, {Usage: keys.UsageLookup, Algorithm: keys.HMACSM3},
	} {
		spec.Label = "tampering"
		r := create(t, spec)
		other := spec
		other.Label = "another"
		o := create(t, other)
		elsewhere := spec
		elsewhere.Usage = keys.UsageSealSigner
		e := create(t, elsewhere)
		edits := map[string]func(r *wrapped.Record){
			"empty":                      func(r *wrapped.Record) { r.Blob = nil },
			"cut at the end":             func(r *wrapped.Record) { r.Blob = r.Blob[:len(r.Blob)-1] },
			"cut to a nonce":             func(r *wrapped.Record) { r.Blob = r.Blob[:12] },
			"longer":                     func(r *wrapped.Record) { r.Blob = append(r.Blob, 'A') },
			"the blob of another key":    func(r *wrapped.Record) { r.Blob = o.Blob },
			"the whole of another key":   func(r *wrapped.Record) { r.Blob, r.Public = o.Blob, o.Public },
			"a blob of another purpose":  func(r *wrapped.Record) { r.Blob, r.Public = e.Blob, e.Public },
			"first octet":                func(r *wrapped.Record) { r.Blob[0] ^= 1 },
			"an octet in the middle":     func(r *wrapped.Record) { r.Blob[len(r.Blob)/2] ^= 1 },
			"an octet of the tag":        func(r *wrapped.Record) { r.Blob[len(r.Blob)-3] ^= 1 },
			"zeros":                      func(r *wrapped.Record) { r.Blob = bytes.Repeat([]byte{0}, len(r.Blob)) },
			"an unsealed key of a thief": func(r *wrapped.Record) { r.Blob = bytes.Repeat([]byte{7}, 32) },
		}
		if len(r.Public) > 0 {
			edits["the public half of another key"] = func(r *wrapped.Record) { r.Public = o.Public }
		}
		for name, edit := range edits {
			t.Run(fmt.Sprintf("K-02 %s: %s", spec.Algorithm, name), func(t *testing.T) {
				records.Edit(r.ID, edit)
				defer records.Edit(r.ID, func(was *wrapped.Record) { *was = r })
				if err := use(t, r.ID, spec); !errors.Is(err, keys.ErrUnwrap) {
					t.Errorf("got %v, want %v", err, keys.ErrUnwrap)
				}
			})
		}
		t.Run(fmt.Sprintf("K-05 %s: another purpose written into the record", spec.Algorithm), func(t *testing.T) {
			records.Edit(r.ID, func(was *wrapped.Record) { was.Spec.Usage = keys.UsageSealMaker })
			defer records.Edit(r.ID, func(was *wrapped.Record) { *was = r })
			moved := spec
			moved.Usage = keys.UsageSealMaker
			if err := use(t, r.ID, moved); !errors.Is(err, keys.ErrUnwrap) {
				t.Errorf("got %v, want %v", err, keys.ErrUnwrap)
			}
		})
		t.Run(fmt.Sprintf("%s: another algorithm written into the record", spec.Algorithm), func(t *testing.T) {
			swap := map[keys.Algorithm]keys.Algorithm{keys.SM2: keys.P256, keys.P256: keys.SM2, keys.Ed25519: keys.P256, keys.SM4: keys.HMACSM3, keys.HMACSM3: keys.SM4}
			moved := spec
			moved.Algorithm = swap[spec.Algorithm]
			records.Edit(r.ID, func(was *wrapped.Record) { was.Spec.Algorithm = moved.Algorithm })
			defer records.Edit(r.ID, func(was *wrapped.Record) { *was = r })
			if err := use(t, r.ID, moved); !errors.Is(err, keys.ErrUnwrap) {
				t.Errorf("got %v, want %v", err, keys.ErrUnwrap)
			}
		})
		if err := use(t, r.ID, spec); err != nil {
			t.Errorf("case %d: the untouched record: %v", n, err)
		}
	}
}
