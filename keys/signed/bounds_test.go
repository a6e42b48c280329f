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

// TestObjectsThatAreNone: what stands around the body of an object.
func TestObjectsThatAreNone(t *testing.T) {
	w := ofdtest.New(t)
	service := w.Issue(t, pki.ProfileService, "服务", nil)
	good, err := signed.SignObject(signed.KindDelta, "body", [][]byte{service.Cert.Raw}, service.Sign)
	if err != nil {
		t.Fatal(err)
	}
	type envelope struct {
		_            struct{} `cbor:",toarray"`
		Kind         string
		Body         []byte
		Certificates [][]byte
		Signature    []byte
	}
	for name, c := range map[string]struct {
		change func(e *envelope)
		want   error
	}{
		"as it was":            {func(*envelope) {}, nil},
		"another kind":         {func(e *envelope) { e.Kind = string(signed.KindList) }, signed.ErrFormat},
		"no certificate":       {func(e *envelope) { e.Certificates = nil }, signed.ErrFormat},
		"five certificates":    {func(e *envelope) { e.Certificates = slices.Repeat(e.Certificates, 5) }, signed.ErrFormat},
		"four certificates":    {func(e *envelope) { e.Certificates = slices.Repeat(e.Certificates, 4) }, nil},
		"one that is none":     {func(e *envelope) { e.Certificates[0] = []byte{0x30, 0} }, signed.ErrFormat},
		"a shorter signature":  {func(e *envelope) { e.Signature = e.Signature[1:] }, signed.ErrSignature},
		"a longer signature":   {func(e *envelope) { e.Signature = append(e.Signature, 0) }, signed.ErrSignature},
		"a signature of zeros": {func(e *envelope) { e.Signature = make([]byte, 64) }, signed.ErrSignature},
		"another body":         {func(e *envelope) { e.Body = []byte{0x64, 'B', 'O', 'D', 'Y'} }, signed.ErrSignature},
	} {
		var e envelope
		if err := signed.Decode(good, &e); err != nil {
			t.Fatal(err)
		}
		c.change(&e)
		data, err := signed.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		var body string
		if _, err := signed.OpenObject(signed.KindDelta, data, &body); !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, chain := range map[string][][]byte{"no certificate": nil, "one that is none": {{0x30, 0}}} {
		if made, err := signed.SignObject(signed.KindDelta, "body", chain, service.Sign); err == nil || made != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, sign := range map[string]signed.SignFunc{
		"nobody signs":      func([]byte) ([]byte, error) { return nil, errors.New("away") },
		"no signature":      func([]byte) ([]byte, error) { return []byte{1}, nil },
		"of something else": func(m []byte) ([]byte, error) { return service.Sign(append(m, 0)) },
	} {
		if made, err := signed.SignObject(signed.KindDelta, "body", [][]byte{service.Cert.Raw}, sign); !errors.Is(err, signed.ErrMake) || made != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
