package dertest

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/yinxin-gov/yinxin/keys/pki/der"
)

// TestEveryClassChangesOneThing: the tree is written back as it was read, every class is drawn, no draw gives the input back, and the
// same draws give the same octets.
func TestEveryClassChangesOneThing(t *testing.T) {
	inner := der.EncodeSequence(der.EncodeInt(300), der.EncodeBoolean(true), der.EncodeOctetString(bytes.Repeat([]byte{7}, 200)))
	input := der.EncodeSequence(der.EncodeOctetString(inner), der.EncodeBitString(inner), der.EncodeBitString([]byte{9, 9}), der.EncodeNull())
	tree, ok := parse(input, 0)
	if !ok || !bytes.Equal(encode(tree), input) || len(all(tree, nil)) != 13 {
		t.Fatalf("%d elements, %x is written as %x", len(all(tree, nil)), input, encode(tree))
	}
	drawn := map[string]int{}
	for number := range uint64(2000) {
		output, class := Mutate(rand.New(rand.NewPCG(number, 1)), bytes.Clone(input))
		again, _ := Mutate(rand.New(rand.NewPCG(number, 1)), bytes.Clone(input))
		if bytes.Equal(output, input) || !bytes.Equal(output, again) {
			t.Fatalf("%d %s: %x, then %x", number, class, output, again)
		}
		drawn[class]++
	}
	for _, class := range classes {
		if drawn[class.name] < 20 {
			t.Errorf("%s is drawn %d times", class.name, drawn[class.name])
		}
	}
	for _, cut := range [][]byte{{}, {0x30}, {0x30, 0x05, 0x01}, {0x30, 0x80, 0, 0}, {0x1f, 0x81, 0x01, 0}} {
		if output, class := Mutate(rand.New(rand.NewPCG(1, 1)), cut); class != "" || !bytes.Equal(output, cut) {
			t.Errorf("%x is taken apart: %s", cut, class)
		}
	}
}
