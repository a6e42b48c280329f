package signed_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/yinxin-gov/yinxin/esign/ofd/ofdtest"
	"github.com/yinxin-gov/yinxin/keys/pki"
	"github.com/yinxin-gov/yinxin/keys/signed"
)

// TestWhatIsMadeCanBeRead: at the last size and number of members that are read, and one beyond.
func TestWhatIsMadeCanBeRead(t *testing.T) {
	w := ofdtest.New(t)
	service := w.Issue(t, pki.ProfileService, "服务", nil)
	chain := [][]byte{service.Cert.Raw}
	sized := func(n int) ([]byte, error) {
		return signed.SignObject(signed.KindDelta, make([]byte, n), chain, service.Sign)
	}
	small, err := sized(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	most := signed.MaxSize - (len(small) - 1<<20)
	largest, err := sized(most)
	if err != nil || len(largest) != signed.MaxSize {
		t.Fatalf("%d octets, %v", len(largest), err)
	}
	var body []byte
	if _, err := signed.OpenObject(signed.KindDelta, largest, &body); err != nil || len(body) != most {
		t.Errorf("%d octets: %v", len(largest), err)
	}
	if made, err := sized(most + 1); !errors.Is(err, signed.ErrMake) || made != nil {
		t.Errorf("one octet more: %v", err)
	}
	if err := signed.Decode(append(largest, 0), &body); !errors.Is(err, signed.ErrFormat) {
		t.Errorf("one octet more: %v", err)
	}
	for n, want := range map[int]error{signed.MaxElements: nil, signed.MaxElements + 1: signed.ErrFormat} {
		data, err := signed.Encode(slices.Repeat([]int{1}, n))
		if err != nil {
			t.Fatal(err)
		}
		var back []int
		if err := signed.Decode(data, &back); !errors.Is(err, want) || want == nil && len(back) != n {
			t.Errorf("%d members: %v", n, err)
		}
	}
}
