package translog

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestAskingAWitness(t *testing.T) {
	hash := bytes.Repeat([]byte{7}, HashSize)
	for _, ask := range []Ask{{0, nil, []byte("note\n")}, {5, nil, []byte("a\n\n— b\n")}, {5, [][]byte{hash, hash}, []byte("x")}, {1<<63 - 1, make63(hash), []byte("x")}} {
		body, err := ask.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseAsk(body)
		if err != nil || again.Old != ask.Old || len(again.Proof) != len(ask.Proof) || !bytes.Equal(again.Note, ask.Note) {
			t.Errorf("%+v: %+v %v", ask, again, err)
		}
	}
	for name, ask := range map[string]Ask{"no note": {Old: 1}, "64 hashes": {1, append(make63(hash), hash), []byte("x")}, "a short hash": {1, [][]byte{hash[1:]}, []byte("x")}, "a proof from nothing": {0, [][]byte{hash}, []byte("x")},
		"too large": {1, nil, make([]byte, MaxAsk)}, "a size beyond": {1 << 63, nil, []byte("x")}} {
		if _, err := ask.Encode(); !errors.Is(err, ErrMake) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, body := range []string{"", "old 1", "old 1\n", "old 1\nx\n\nn", "old +1\n\nn", "old 01\n\nn", "old -1\n\nn", "old 1 \n\nn", "new 1\n\nn", "old 1\r\n\nn", "old 1\n" + strings.Repeat("A", 42) + "B=\n\nn"} {
		if _, err := ParseAsk([]byte(body)); !errors.Is(err, ErrFormat) {
			t.Errorf("%q: %v", body, err)
		}
	}
	for text, want := range map[string]uint64{"0\n": 0, "12\n": 12, "9223372036854775807\n": 1<<63 - 1} {
		if size, err := ParseSize([]byte(text)); err != nil || size != want {
			t.Errorf("%q: %d %v", text, size, err)
		}
	}
	for _, text := range []string{"", "\n", "1", "01\n", "+1\n", "1\n\n", " 1\n", "9223372036854775808\n"} {
		if _, err := ParseSize([]byte(text)); !errors.Is(err, ErrFormat) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func make63(hash []byte) (list [][]byte) {
	for range maxProofLines {
		list = append(list, hash)
	}
	return list
}

func FuzzParseAsk(f *testing.F) {
	f.Add([]byte("old 0\n\nnote\n"))
	f.Add([]byte("old 5\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n\na\n\n— b\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		ask, err := ParseAsk(body)
		if err != nil {
			return
		}
		again, err := ask.Encode()
		if err != nil || !bytes.Equal(again, body) {
			t.Errorf("%q is read and written as %q: %v", body, again, err)
		}
	})
}
