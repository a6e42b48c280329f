package keystest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/yinxin-gov/yinxin/keys"
	"github.com/yinxin-gov/yinxin/keys/keystest"
	"github.com/yinxin-gov/yinxin/keys/wrapped"
)

// TestSecretOfAnotherLengthIsRefused: a wrapper that answers nonsense is found out before the secret is used.
func TestSecretOfAnotherLengthIsRefused(t *testing.T) {
	ctx := context.Background()
	twin := keystest.NewTwin(time.Now)
	for algorithm, usage := range map[keys.Algorithm]keys.Usage{keys.SM4: keys.UsageFieldCipher, keys.HMACSM3: keys.UsageLookup} {
		info, err := twin.Create(ctx, keys.Spec{Usage: usage, Algorithm: algorithm})
		if err != nil {
			t.Fatal(err)
		}
		twin.Store.Edit(info.ID, func(r *wrapped.Record) { r.Blob = r.Blob[:len(r.Blob)-1] })
		fresh := twin.Reopen(time.Now)
		if algorithm == keys.SM4 {
			_, err = fresh.Cipher(ctx, info.ID, usage)
		} else {
			_, err = fresh.MAC(ctx, info.ID, usage)
		}
		if !errors.Is(err, keys.ErrUnwrap) {
			t.Errorf("%s: %v", algorithm, err)
		}
	}
}

func TestTwinKeepsTheContract(t *testing.T) {
	twin := keystest.NewTwin(time.Now)
	keystest.Run(t, twin, func() keys.Provider { return twin.Reopen(time.Now) })
}
