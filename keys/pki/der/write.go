package der

import (
	"bytes"
	"fmt"
	"math/big"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Header returns identifier and length octets of a value with a universal or context tag below 31.
func Header(class, tag int, constructed bool, length int) []byte {
	identifier := byte(class<<6) | byte(tag)
	if constructed {
		identifier |= 0x20
	}
	header := []byte{identifier}
	if length < 0x80 {
		return append(header, byte(length))
	}
	octets := big.NewInt(int64(length)).Bytes()
	return append(append(header, 0x80|byte(len(octets))), octets...)
}

func encode(class, tag int, constructed bool, parts ...[]byte) []byte {
	return appendTo(nil, class, tag, constructed, parts)
}

func appendTo(out []byte, class, tag int, constructed bool, parts [][]byte) []byte {
	length := 0
	for _, part := range parts {
		length += len(part)
	}
	header := Header(class, tag, constructed, length)
	out = append(slices.Grow(out, len(header)+length), header...)
	for _, part := range parts {
		out = append(out, part...)
	}
	return out
}

// EncodeSequence joins encoded members into a SEQUENCE.
func EncodeSequence(members ...[]byte) []byte {
	return encode(Universal, TagSequence, true, members...)
}

// AppendSequence appends what EncodeSequence returns to out.
func AppendSequence(out []byte, members ...[]byte) []byte {
	return appendTo(out, Universal, TagSequence, true, members)
}

// EncodeSet joins encoded members into a SET, in the order given.
func EncodeSet(members ...[]byte) []byte { return encode(Universal, TagSet, true, members...) }

// EncodeExplicit wraps an encoded value in an explicit context tag.
func EncodeExplicit(tag int, value []byte) []byte { return encode(Context, tag, true, value) }

// EncodeImplicit encodes content octets under a context tag that replaces the value's own.
func EncodeImplicit(tag int, constructed bool, content ...[]byte) []byte {
	return encode(Context, tag, constructed, content...)
}

// EncodeSetOf joins encoded members into a SET OF, in the order of X.690 11.6.
func EncodeSetOf(members ...[]byte) []byte { return EncodeSet(SortSetOf(members)...) }

// SortSetOf returns the members in the order of X.690 11.6, for a SET OF under another tag.
func SortSetOf(members [][]byte) [][]byte {
	return slices.SortedFunc(slices.Values(members), bytes.Compare)
}

// EncodeNamedBits encodes a BIT STRING of a named list, bit 0 in the lowest bit of the argument (X.690 11.2.2).
func EncodeNamedBits(set uint32) []byte {
	if set == 0 {
		return encode(Universal, TagBitString, false, []byte{0})
	}
	highest := bits.Len32(set) - 1
	content := make([]byte, 2+highest/8)
	content[0] = byte(7 - highest%8)
	for bit := range highest + 1 {
		if set&(1<<bit) != 0 {
			content[1+bit/8] |= 0x80 >> (bit % 8)
		}
	}
	return encode(Universal, TagBitString, false, content)
}

// EncodeNull encodes NULL.
func EncodeNull() []byte { return []byte{TagNull, 0} }

// EncodeOctetString encodes an OCTET STRING.
func EncodeOctetString(octets []byte) []byte { return encode(Universal, TagOctetString, false, octets) }

// EncodeBitString encodes a BIT STRING of whole octets.
func EncodeBitString(octets []byte) []byte {
	return encode(Universal, TagBitString, false, []byte{0}, octets)
}

// EncodeBoolean encodes a BOOLEAN.
func EncodeBoolean(value bool) []byte {
	if value {
		return []byte{TagBoolean, 1, 0xff}
	}
	return []byte{TagBoolean, 1, 0}
}

// EncodeInteger encodes an INTEGER in the fewest octets.
func EncodeInteger(number *big.Int) []byte {
	if number.Sign() >= 0 {
		content := number.Bytes()
		if len(content) == 0 || content[0] >= 0x80 {
			content = append([]byte{0}, content...)
		}
		return encode(Universal, TagInteger, false, content)
	}
	// Two's complement over the fewest octets that keep the sign bit.
	size := (new(big.Int).Not(number).BitLen())/8 + 1
	content := new(big.Int).Add(number, new(big.Int).Lsh(big.NewInt(1), uint(8*size))).Bytes()
	return encode(Universal, TagInteger, false, content)
}

// EncodeInt encodes a small INTEGER.
func EncodeInt(number int) []byte { return EncodeInteger(big.NewInt(int64(number))) }

// EncodeOID encodes a dotted OBJECT IDENTIFIER.
func EncodeOID(dotted string) ([]byte, error) {
	parts := strings.Split(dotted, ".")
	arcs := make([]uint64, len(parts))
	for i, part := range parts {
		arc, err := strconv.ParseUint(part, 10, 56)
		if err != nil || part != strconv.FormatUint(arc, 10) {
			return nil, fmt.Errorf("%w: object identifier %q", ErrSyntax, dotted)
		}
		arcs[i] = arc
	}
	if len(arcs) < 2 || len(arcs) > maxOIDArcs || arcs[0] > 2 || arcs[0] < 2 && arcs[1] > 39 {
		return nil, fmt.Errorf("%w: object identifier %q", ErrSyntax, dotted)
	}
	content := appendArc(nil, arcs[0]*40+arcs[1])
	for _, arc := range arcs[2:] {
		content = appendArc(content, arc)
	}
	return encode(Universal, TagOID, false, content), nil
}

func appendArc(content []byte, arc uint64) []byte {
	groups := 1
	for rest := arc >> 7; rest > 0; rest >>= 7 {
		groups++
	}
	for i := groups - 1; i >= 0; i-- {
		octet := byte(arc>>(7*i)) & 0x7f
		if i > 0 {
			octet |= 0x80
		}
		content = append(content, octet)
	}
	return content
}

// EncodeText encodes a string type after checking its alphabet: TagUTF8String, TagIA5String or TagPrintableString.
func EncodeText(tag int, text string) ([]byte, error) {
	for i := range len(text) {
		if tag == TagIA5String && text[i] >= 0x80 || tag == TagPrintableString && !printable(text[i]) {
			return nil, fmt.Errorf("%w: %q does not fit string type %d", ErrType, text, tag)
		}
	}
	if !utf8.ValidString(text) {
		return nil, fmt.Errorf("%w: text is not UTF-8", ErrType)
	}
	return encode(Universal, tag, false, []byte(text)), nil
}

// EncodeFractionalTime encodes a moment in UTC to the microsecond, without trailing zeros (X.690 11.7.3).
func EncodeFractionalTime(moment time.Time) ([]byte, error) {
	moment = moment.UTC()
	if moment.Year() < 0 || moment.Year() > 9999 {
		return nil, fmt.Errorf("%w: year %d", ErrSyntax, moment.Year())
	}
	return encode(Universal, TagGeneralizedTime, false, []byte(moment.Format("20060102150405.999999Z"))), nil
}

// EncodeGeneralizedTime encodes a moment in UTC to the second, "YYYYMMDDHHMMSSZ" (X.690 11.7).
func EncodeGeneralizedTime(moment time.Time) ([]byte, error) {
	moment = moment.UTC()
	if moment.Year() < 0 || moment.Year() > 9999 {
		return nil, fmt.Errorf("%w: year %d", ErrSyntax, moment.Year())
	}
	return encode(Universal, TagGeneralizedTime, false, []byte(moment.Format("20060102150405Z"))), nil
}
